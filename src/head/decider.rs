use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// The policy that decided about a request, and the rule if the policy has rules.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decider {
    pub(crate) policy: Cow<'static, str>,
    /// The rule's name, or else its pattern, with its line if that is known.
    pub(crate) rule: Option<Box<str>>,
    pub(crate) reason: Option<Box<str>>,
    /// The name that the rule's answers are counted under.
    pub(crate) counted: Option<Arc<str>>,
    /// Whether the rule's answers are kept out of events.
    pub(crate) is_quiet: bool,
}

/// Writes `policy`, or `policy: rule`.
impl fmt::Display for Decider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Some(rule) => write!(f, "{}: {rule}", self.policy),
            None => f.write_str(&self.policy),
        }
    }
}
