//! Collects the reasons for the decisions of policies, for events and explanations.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;

use crate::event::OneLine;

/// The reasons that policies gave for their decisions about one request. Collected only if they are used.
#[derive(Default)]
pub(crate) struct Trace {
    /// The reason for the decision that is being made.
    reason: Cell<Option<Box<str>>>,
    /// The steps so far, if the decision is to be explained.
    steps: Option<RefCell<Vec<Step>>>,
}

/// One line of an explanation: a policy that was asked, or something else that the layer found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub(crate) name: Cow<'static, str>,
    pub(crate) rule: Option<Box<str>>,
    pub(crate) outcome: Outcome,
    pub(crate) reason: Option<Box<str>>,
}

/// The outcome of a [`Step`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The step is not a policy, but something else that the layer found.
    Finding,
    /// The policy passed.
    Passed,
    /// The policy redirected.
    Redirected,
    /// The policy answered with its own response.
    Responded,
}

impl Step {
    /// A step that is not a policy, but something else that the layer found.
    pub(crate) fn noted(name: &'static str, found: impl fmt::Display) -> Self {
        let reason = Some(found.to_string().into());
        Self { name: name.into(), rule: None, outcome: Outcome::Finding, reason }
    }

    /// The [name](crate::RedirectPolicy::name) of the policy; for other steps `peer`, `scheme`,
    /// `host`, `refused`, `one hop`, `after 404`, `revision`, `hsts`, `warning` or `answer`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The rule of a [table](crate::policy::Rules) that matched: its name, or else its pattern, with its line
    /// if it is known.
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// The outcome.
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The reason for the policy's decision, or what the layer found. `None` if the policy gave no reason.
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }
}

/// One line, such as `https: redirected: plain request, and its peer 203.0.113.9 is not a trusted proxy`.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", OneLine(&self.name))?;
        if let Some(rule) = &self.rule {
            write!(f, " {}", OneLine(rule))?;
        }
        match self.outcome {
            Outcome::Finding => {}
            Outcome::Passed => f.write_str(": passed")?,
            Outcome::Redirected => f.write_str(": redirected")?,
            Outcome::Responded => f.write_str(": responded")?,
        }
        match &self.reason {
            Some(reason) => write!(f, ": {}", OneLine(reason)),
            None => Ok(()),
        }
    }
}

/// Writes one step per line.
pub(crate) fn write_steps(f: &mut fmt::Formatter<'_>, steps: &[Step]) -> fmt::Result {
    let lines: Vec<_> = steps.iter().map(ToString::to_string).collect();
    f.write_str(&lines.join("\n"))
}

impl Trace {
    /// A trace that keeps the steps, so that the decision can be explained.
    pub(crate) fn explaining() -> Self {
        Self { reason: Cell::default(), steps: Some(RefCell::default()) }
    }

    pub(super) fn set_reason(&self, reason: impl fmt::Display) {
        self.reason.set(Some(reason.to_string().into()));
    }

    pub(crate) fn take_reason(&self) -> Option<Box<str>> {
        self.reason.take()
    }

    /// The number of steps so far.
    #[cold]
    #[inline(never)]
    pub(crate) fn len(&self) -> usize {
        self.steps.as_ref().map_or(0, |steps| steps.borrow().len())
    }

    /// Whether steps are kept, because the decision is to be explained.
    pub(crate) fn is_explaining(&self) -> bool {
        self.steps.is_some()
    }

    /// Adds a step, if the decision is explained.
    pub(crate) fn push(&self, step: impl FnOnce() -> Step) {
        if let Some(steps) = &self.steps {
            steps.borrow_mut().push(step());
        }
    }

    /// Gives the last step another name.
    pub(crate) fn rename_last(&self, name: Cow<'static, str>) {
        let mut steps = self.steps.as_ref().map(|steps| steps.borrow_mut());
        if let Some(step) = steps.as_mut().and_then(|steps| steps.last_mut()) {
            step.name = name;
        }
    }

    /// The steps.
    pub(crate) fn into_steps(self) -> Vec<Step> {
        self.steps.map(RefCell::into_inner).unwrap_or_default()
    }
}
