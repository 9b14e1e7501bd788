use std::fmt;
use std::sync::Arc;

use super::finished::{End, Finished};
use super::followed::Followed;
use super::{count, log};
use crate::follow::history::RedirectHistory;
use crate::follow::redirect_error::RedirectError;

type OnHop = dyn Fn(&Followed<'_>) + Send + Sync;
type OnFinish = dyn Fn(&Finished<'_>) + Send + Sync;

/// The hooks of a follower that are called with its events.
#[derive(Clone, Default)]
pub(crate) struct EventHooks {
    on_hop: Vec<Arc<OnHop>>,
    on_finish: Vec<Arc<OnFinish>>,
}

impl EventHooks {
    pub(crate) fn push_on_hop(&mut self, hook: impl Fn(&Followed<'_>) + Send + Sync + 'static) {
        self.on_hop.push(Arc::new(hook));
    }

    pub(crate) fn push_on_finish(&mut self, hook: impl Fn(&Finished<'_>) + Send + Sync + 'static) {
        self.on_finish.push(Arc::new(hook));
    }

    /// Reports the last hop of a history. `body` is the least length of the body that is sent again; `None`
    /// if no body is sent again.
    pub(crate) fn followed(&self, history: &RedirectHistory, body: Option<u64>) {
        count::followed(body.unwrap_or(0));
        let Some(hop) = history.hops().last() else { return };
        if self.on_hop.is_empty() && !log::wants_hops() {
            return;
        }
        let (resends_body, replayed_bytes) = (body.is_some(), body.unwrap_or(0));
        let followed = Followed { number: history.len(), hop, resends_body, replayed_bytes };
        self.on_hop.iter().for_each(|hook| hook(&followed));
        log::followed(&followed);
    }

    /// Reports the end of a call that followed a redirection, or that ended with a `RedirectError`.
    pub(crate) fn finished(&self, history: &RedirectHistory, end: End) {
        let finished = Finished { history, end };
        count::finished(&finished);
        self.on_finish.iter().for_each(|hook| hook(&finished));
        log::finished(&finished);
    }

    /// Reports the end of a call that ended with `error`.
    pub(crate) fn failed(&self, error: &RedirectError) {
        self.finished(error.history(), End::Failed(error.kind().name()));
    }
}

impl fmt::Debug for EventHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventHooks({})", self.on_hop.len() + self.on_finish.len())
    }
}
