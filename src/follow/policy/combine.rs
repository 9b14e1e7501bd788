//! Combines several policies into one: the first that does not follow wins.

use std::fmt;
use std::sync::Arc;

use http::Uri;

use super::{Action, Attempt, FollowPolicy};

/// The result of the policies asked so far, all of which follow: the URL of the last
/// [`Action::FollowTo`], if there was one.
#[derive(Default)]
struct Asked(Option<Uri>);

impl Asked {
    /// Asks one more policy. Returns its action if it does not follow.
    fn ask(&mut self, policy: &impl FollowPolicy, attempt: &Attempt<'_>) -> Option<Action> {
        let action = match &self.0 {
            None => policy.decide(attempt),
            Some(uri) => attempt.leading_to(uri, |attempt| policy.decide(attempt)),
        };
        match action {
            Action::Follow => None,
            Action::FollowTo(uri) => {
                self.0 = Some(uri);
                None
            }
            stop_or_reject => Some(stop_or_reject),
        }
    }

    fn follow(self) -> Action {
        self.0.map_or(Action::Follow, Action::FollowTo)
    }
}

impl<P: FollowPolicy> FollowPolicy for [P] {
    fn decide(&self, attempt: &Attempt<'_>) -> Action {
        let mut asked = Asked::default();
        let stop_or_reject = self.iter().find_map(|policy| asked.ask(policy, attempt));
        stop_or_reject.unwrap_or_else(|| asked.follow())
    }
}

/// Implements the trait for types that have `as_slice`. An array type is followed by its length parameter.
macro_rules! as_slices {
    ($($list:ty $(, $length:ident)?;)+) => {$(
        impl<P: FollowPolicy $(, const $length: usize)?> FollowPolicy for $list {
            fn decide(&self, attempt: &Attempt<'_>) -> Action {
                self.as_slice().decide(attempt)
            }
        }
    )+};
}

as_slices!([P; N], N; Vec<P>; Option<P>;);

macro_rules! pointers {
    ($($pointer:ty),+) => {$(
        impl<P: FollowPolicy + ?Sized> FollowPolicy for $pointer {
            fn decide(&self, attempt: &Attempt<'_>) -> Action {
                (**self).decide(attempt)
            }
        }
    )+};
}

pointers!(&P, Box<P>, Arc<P>);

macro_rules! tuples {
    ($(($($policy:ident),+))+) => {$(
        impl<$($policy: FollowPolicy),+> FollowPolicy for ($($policy,)+) {
            fn decide(&self, attempt: &Attempt<'_>) -> Action {
                #[allow(non_snake_case)]
                let ($($policy,)+) = self;
                let mut asked = Asked::default();
                $(
                    if let Some(stop_or_reject) = asked.ask($policy, attempt) {
                        return stop_or_reject;
                    }
                )+
                asked.follow()
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

/// A policy that is asked only if a condition holds ([`FollowPolicy::when`]) or does not hold
/// ([`FollowPolicy::unless`]).
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

impl<P, F> FollowPolicy for When<P, F>
where
    P: FollowPolicy,
    F: Fn(&Attempt<'_>) -> bool + Send + Sync,
{
    fn decide(&self, attempt: &Attempt<'_>) -> Action {
        if (self.condition)(attempt) == self.expected {
            self.policy.decide(attempt)
        } else {
            Action::Follow
        }
    }
}

impl<P: fmt::Debug, F> fmt::Debug for When<P, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("When").field("policy", &self.policy).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

    use super::super::{SameOriginOnly, follow_fn};
    use super::*;
    use crate::follow::history::RedirectHistory;
    use crate::follow::location::Base;

    #[track_caller]
    fn decides(policy: impl FollowPolicy, expected: Action) {
        let uri = Uri::from_static("http://a.test/");
        let attempt = Attempt {
            base: Base { uri: &uri, host: None, scheme: None, hsts: None, plain_origin: false },
            status: StatusCode::FOUND,
            method: &Method::GET,
            next_method: &Method::GET,
            uri: &uri,
            next_uri: Some(&uri),
            location: &HeaderValue::from_static("/"),
            headers: &HeaderMap::new(),
            history: &RedirectHistory::default(),
            cross_origin: true,
            resends_body: false,
            can_resend_body: true,
        };
        assert_eq!(policy.decide(&attempt), expected);
    }

    #[test]
    fn the_first_that_does_not_follow_wins() {
        let [follow, stop, reject] = &[Action::Follow, Action::Stop, Action::Reject]
            .map(|action| follow_fn(move |_: &Attempt<'_>| action.clone()));
        decides((follow, stop, reject), Action::Stop);
        decides((follow, follow, follow, follow, follow, follow, reject, stop), Action::Reject);
        decides([follow, reject, stop], Action::Reject);
        decides(vec![follow, follow], Action::Follow);
        decides(follow.and(reject).and(stop), Action::Reject);
        decides(&[stop, reject][..], Action::Stop);
        decides(vec![Box::new(SameOriginOnly) as Box<dyn FollowPolicy>], Action::Reject);
        decides(Arc::new(stop), Action::Stop);
    }

    #[test]
    fn a_list_without_policies_follows() {
        decides(None::<SameOriginOnly>, Action::Follow);
        decides(Some(SameOriginOnly), Action::Reject);
        decides([SameOriginOnly; 0], Action::Follow);
        decides(Vec::<SameOriginOnly>::new(), Action::Follow);
    }

    #[test]
    fn when_and_unless() {
        let is_get = |attempt: &Attempt<'_>| *attempt.method() == Method::GET;
        decides(SameOriginOnly.when(is_get), Action::Reject);
        decides(SameOriginOnly.unless(is_get), Action::Follow);
        let stop = follow_fn(|_: &Attempt<'_>| Action::Stop);
        decides(stop.when(|attempt| attempt.resends_body()), Action::Follow);
        decides(stop.unless(|attempt| attempt.resends_body()), Action::Stop);
    }
}
