use std::fmt;
use std::sync::Arc;

use super::answered::Answered;
use super::log;

type OnAnswer = dyn Fn(&Answered<'_>) + Send + Sync;

/// The hooks of a layer that are called with its answers.
#[derive(Clone, Default)]
pub(crate) struct AnswerHooks(Vec<Arc<OnAnswer>>);

impl AnswerHooks {
    pub(crate) fn push(&mut self, hook: impl Fn(&Answered<'_>) + Send + Sync + 'static) {
        self.0.push(Arc::new(hook));
    }

    /// Whether a hook or a `tracing` subscriber wants answers.
    pub(crate) fn want_answers(&self) -> bool {
        !self.0.is_empty() || log::wants_answers()
    }

    pub(crate) fn report(&self, answered: &Answered<'_>) {
        self.0.iter().for_each(|hook| hook(answered));
        log::answered(answered);
    }
}

impl fmt::Debug for AnswerHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AnswerHooks({})", self.0.len())
    }
}
