//! The first policy that decides wins.

use std::fmt;
use std::mem;
use std::sync::Arc;

use http::HeaderMap;

use super::{Decision, RedirectPolicy, ask};
use crate::head::RequestHead;

/// What the policies asked so far have said.
#[derive(Default)]
struct Tally(Option<HeaderMap>);

impl Tally {
    /// Takes one policy's word; `Some` ends the asking.
    #[inline]
    fn count(&mut self, word: Decision) -> Option<Decision> {
        match word {
            Decision::Pass => {
                // Nothing is in it that would have to be dropped.
                mem::forget(word);
                None
            }
            Decision::PassWithHeaders(fields) => {
                match &mut self.0 {
                    Some(all) => append(all, fields),
                    none => *none = Some(fields),
                }
                None
            }
            decided => Some(decided),
        }
    }

    fn result(self) -> Decision {
        self.0.map_or(Decision::Pass, Decision::PassWithHeaders)
    }
}

/// Adds fields, replacing none.
pub(crate) fn append(to: &mut HeaderMap, fields: HeaderMap) {
    let mut last = None;
    for (name, value) in fields {
        // `IntoIter` names a repeated field once.
        last = name.or(last);
        if let Some(name) = &last {
            to.append(name, value);
        }
    }
}

impl<P: RedirectPolicy> RedirectPolicy for [P] {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        let mut tally = Tally::default();
        for policy in self {
            if let Some(decided) = tally.count(ask(policy, head)) {
                return decided;
            }
        }
        tally.result()
    }
}

impl<P: RedirectPolicy, const N: usize> RedirectPolicy for [P; N] {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        self.as_slice().decide(head)
    }
}

impl<P: RedirectPolicy> RedirectPolicy for Vec<P> {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        self.as_slice().decide(head)
    }
}

impl<P: RedirectPolicy> RedirectPolicy for Option<P> {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        self.as_ref().map_or(Decision::Pass, |policy| policy.decide(head))
    }

    fn name(&self) -> &'static str {
        self.as_ref().map_or("None", RedirectPolicy::name)
    }
}

macro_rules! pointers {
    ($($pointer:ty),+) => {$(
        impl<P: RedirectPolicy + ?Sized> RedirectPolicy for $pointer {
            fn decide(&self, head: &RequestHead<'_>) -> Decision {
                (**self).decide(head)
            }

            fn name(&self) -> &'static str {
                (**self).name()
            }
        }
    )+};
}

pointers!(&P, Box<P>, Arc<P>);

macro_rules! tuples {
    ($(($($policy:ident),+))+) => {$(
        impl<$($policy: RedirectPolicy),+> RedirectPolicy for ($($policy,)+) {
            fn decide(&self, head: &RequestHead<'_>) -> Decision {
                #[allow(non_snake_case)]
                let ($($policy,)+) = self;
                let mut tally = Tally::default();
                $(
                    if let Some(decided) = tally.count(ask($policy, head)) {
                        return decided;
                    }
                )+
                tally.result()
            }
        }
    )+};
}

tuples! {
    (A)
    (A, B)
    (A, B, C)
    (A, B, C, D)
    (A, B, C, D, E)
    (A, B, C, D, E, F)
    (A, B, C, D, E, F, G)
    (A, B, C, D, E, F, G, H)
}

/// A policy that is asked only where a condition holds: see [`RedirectPolicy::when`] and
/// [`RedirectPolicy::unless`].
#[derive(Clone)]
#[must_use]
pub struct When<P, F> {
    policy: P,
    condition: F,
    expected: bool,
}

impl<P, F> When<P, F> {
    pub(super) fn new(policy: P, condition: F, expected: bool) -> Self {
        Self { policy, condition, expected }
    }
}

impl<P, F> RedirectPolicy for When<P, F>
where
    P: RedirectPolicy,
    F: Fn(&RequestHead<'_>) -> bool + Send + Sync,
{
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        if (self.condition)(head) == self.expected {
            self.policy.decide(head)
        } else {
            Decision::Pass
        }
    }
    fn name(&self) -> &'static str {
        self.policy.name()
    }
}

impl<P: fmt::Debug, F> fmt::Debug for When<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("When").field("policy", &self.policy).finish_non_exhaustive()
    }
}
