//! Asks a policy about a request that the inner service answered with 404.

use std::fmt;
use std::sync::Arc;

use http::{HeaderValue, Request};

use super::service::{Responder, decide};
use super::settings::Settings;
use crate::method::is_get_or_head;
use crate::policy::RedirectPolicy;

/// The policy of [`RedirectLayer::after_not_found`](crate::RedirectLayer::after_not_found).
#[derive(Clone)]
pub(super) struct AfterNotFound(Arc<dyn RedirectPolicy>);

impl AfterNotFound {
    pub(super) fn new(policy: impl RedirectPolicy + 'static) -> Self {
        Self(Arc::new(policy))
    }

    pub(super) fn policy(&self) -> &dyn RedirectPolicy {
        &*self.0
    }
}

impl fmt::Debug for AfterNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AfterNotFound(..)")
    }
}

/// A copy of a request's head, for the policy that is asked after a 404.
pub(super) struct SavedHead {
    request: Request<()>,
    policy: AfterNotFound,
    settings: Arc<Settings>,
    /// The headers that the decision to pass depended on.
    pub(super) vary: Option<HeaderValue>,
}

impl SavedHead {
    /// Copies the head of a GET or HEAD request, if the layer has a policy to ask after a 404.
    pub(super) fn of<B>(
        request: &Request<B>,
        settings: &Arc<Settings>,
        vary: Option<HeaderValue>,
    ) -> Option<Box<Self>> {
        let policy = settings.after_not_found.as_ref()?;
        if !is_get_or_head(request.method()) {
            return None;
        }
        let mut copy = Request::new(());
        *copy.method_mut() = request.method().clone();
        *copy.uri_mut() = request.uri().clone();
        *copy.version_mut() = request.version();
        *copy.headers_mut() = request.headers().clone();
        *copy.extensions_mut() = request.extensions().clone();
        let (policy, settings) = (policy.clone(), settings.clone());
        Some(Box::new(Self { request: copy, policy, settings, vary }))
    }

    /// Asks the policy who answers in place of a 404. `Responder::Inner` if the layer only reports.
    pub(super) fn decide(&self) -> Responder {
        decide(self.policy.policy(), &self.request, &self.settings)
    }
}
