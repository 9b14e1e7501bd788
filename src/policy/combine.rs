//! Combinations of policies: slices, arrays, `Vec`, `Option`, pointers and tuples. The first policy that
//! does not pass decides. All of them annotate.

use std::borrow::Cow;
use std::sync::Arc;

use http::HeaderMap;

use super::annotation::merge;
use super::{Annotation, Decision, RedirectPolicy, ask};
use crate::head::RequestHead;
use crate::response::append_headers;

/// The name of tuples and lists. An answer does not get this name, but that of the policy in the list that
/// decided.
const LIST: &str = "list";

/// The headers of the policies that passed so far.
#[derive(Default)]
struct PassedHeaders(Option<HeaderMap>);

impl PassedHeaders {
    /// Keeps the headers of a pass, and returns any other decision, which ends the evaluation.
    #[inline]
    fn keep(&mut self, decision: Decision) -> Option<Decision> {
        // Named variants: a catch-all arm costs a pass of three policies 50 instructions.
        match decision {
            Decision::Pass => None,
            Decision::PassWithHeaders(headers) => {
                match &mut self.0 {
                    Some(kept) => append_headers(kept, headers),
                    none => *none = Some(headers),
                }
                None
            }
            Decision::Redirect(to) => Some(Decision::Redirect(to)),
            Decision::Respond(response) => Some(Decision::Respond(response)),
        }
    }

    fn into_decision(self) -> Decision {
        self.0.map_or(Decision::Pass, Decision::PassWithHeaders)
    }
}

impl<P: RedirectPolicy> RedirectPolicy for [P] {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        let mut headers = PassedHeaders::default();
        for policy in self {
            if let Some(decided) = headers.keep(ask(policy, head)) {
                return decided;
            }
        }
        headers.into_decision()
    }

    #[inline]
    fn annotate(&self, head: &RequestHead<'_>) -> Option<Annotation> {
        self.iter().fold(None, |found, policy| merge(found, policy.annotate(head)))
    }

    fn name(&self) -> Cow<'static, str> {
        LIST.into()
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        self.iter().flat_map(RedirectPolicy::names).collect()
    }
}

impl<P: RedirectPolicy> RedirectPolicy for Option<P> {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        self.as_ref().map_or(Decision::Pass, |policy| policy.decide(head))
    }

    #[inline]
    fn annotate(&self, head: &RequestHead<'_>) -> Option<Annotation> {
        self.as_ref().and_then(|policy| policy.annotate(head))
    }

    fn name(&self) -> Cow<'static, str> {
        self.as_ref().map_or("none".into(), RedirectPolicy::name)
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        self.iter().flat_map(RedirectPolicy::names).collect()
    }

    #[inline]
    fn redirects_once(&self) -> bool {
        self.as_ref().is_none_or(RedirectPolicy::redirects_once)
    }
}

/// Implements the trait for a type by calling the methods of another type. A reference to the first type
/// coerces to a reference to the second.
macro_rules! delegate {
    ($([$($generics:tt)+] $policy:ty => $inner:ty;)+) => {$(
        impl<$($generics)+> RedirectPolicy for $policy {
            fn decide(&self, head: &RequestHead<'_>) -> Decision {
                <$inner>::decide(self, head)
            }

            #[inline]
            fn annotate(&self, head: &RequestHead<'_>) -> Option<Annotation> {
                <$inner>::annotate(self, head)
            }

            fn name(&self) -> Cow<'static, str> {
                <$inner>::name(self)
            }

            fn names(&self) -> Vec<Cow<'static, str>> {
                <$inner>::names(self)
            }

            #[inline]
            fn redirects_once(&self) -> bool {
                <$inner>::redirects_once(self)
            }
        }
    )+};
}

delegate! {
    [P: RedirectPolicy, const N: usize] [P; N] => [P];
    [P: RedirectPolicy] Vec<P> => [P];
    [P: RedirectPolicy + ?Sized] &P => P;
    [P: RedirectPolicy + ?Sized] Box<P> => P;
    [P: RedirectPolicy + ?Sized] Arc<P> => P;
}

macro_rules! tuples {
    ($(($($policy:ident),+))+) => {$(
        #[allow(non_snake_case)]
        impl<$($policy: RedirectPolicy),+> RedirectPolicy for ($($policy,)+) {
            fn decide(&self, head: &RequestHead<'_>) -> Decision {
                let ($($policy,)+) = self;
                let mut headers = PassedHeaders::default();
                $(
                    if let Some(decided) = headers.keep(ask($policy, head)) {
                        return decided;
                    }
                )+
                headers.into_decision()
            }

            #[inline]
            fn annotate(&self, head: &RequestHead<'_>) -> Option<Annotation> {
                let ($($policy,)+) = self;
                let mut found = None;
                $(found = merge(found, $policy.annotate(head));)+
                found
            }

            fn name(&self) -> Cow<'static, str> {
                LIST.into()
            }

            fn names(&self) -> Vec<Cow<'static, str>> {
                let ($($policy,)+) = self;
                [$($policy.names()),+].concat()
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
