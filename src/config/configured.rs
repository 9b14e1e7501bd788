use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::head::RequestHead;
use crate::policy::{Annotation, Decision, RedirectPolicy};

/// The policies of a [configuration](super), in their order.
///
/// ```
/// use tower_redirect::RedirectLayer;
/// use tower_redirect::config::{Config, Configured, Switches};
///
/// let config: Config = toml::from_str("[https]")?;
/// let layer: RedirectLayer<Configured> = config.build(&Switches::new())?;
/// assert!(format!("{layer:?}").contains("Configured"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Configured(Arc<Vec<Box<dyn RedirectPolicy>>>);

impl Configured {
    pub(super) fn new(policies: Vec<Box<dyn RedirectPolicy>>) -> Self {
        Self(Arc::new(policies))
    }

    /// The policies, in the order in which they are asked.
    pub fn iter(&self) -> impl Iterator<Item = &dyn RedirectPolicy> {
        self.0.iter().map(|policy| &**policy)
    }
}

pub(super) fn boxed(policy: impl RedirectPolicy + 'static) -> Box<dyn RedirectPolicy> {
    Box::new(policy)
}

impl RedirectPolicy for Configured {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        self.0.decide(head)
    }

    fn annotate(&self, head: &RequestHead<'_>) -> Option<Annotation> {
        self.0.annotate(head)
    }

    fn name(&self) -> Cow<'static, str> {
        self.0.name()
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        self.0.names()
    }
}

impl fmt::Debug for Configured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(RedirectPolicy::name)).finish()
    }
}
