//! The conditions of a rule besides its path, host and dates.

use std::net::IpAddr;

use http::{HeaderName, HeaderValue, Method};

use super::normal::{form_decoded, parameter};
use crate::head::RequestHead;
use crate::policy::clients::comes_from;
use crate::ranges::Ranges;
use crate::uri::Scheme;

/// A condition of a rule. All conditions of a rule must hold.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Scheme(Scheme),
    Methods(Box<[Method]>),
    Header(HeaderName, Expected<HeaderValue>),
    /// A parameter. Its name and value are decoded.
    Query(Box<[u8]>, Expected<Box<[u8]>>),
    /// A parameter whose value can be a path segment. The value is captured as `name`.
    Captured {
        parameter: Box<[u8]>,
        name: Box<str>,
    },
    Clients {
        ranges: Ranges,
        /// An address in the first range.
        example: IpAddr,
        /// The ranges as they were given, to compare conditions.
        text: Box<[String]>,
    },
}

/// The expected value of a header or a parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Expected<T> {
    Present,
    Absent,
    Value(T),
}

impl<T: PartialEq> Expected<T> {
    /// Whether this holds for every request for which `other` holds.
    fn follows_from(&self, other: &Self) -> bool {
        self == other || matches!((self, other), (Self::Present, Self::Value(_)))
    }
}

impl Condition {
    pub(super) fn holds(&self, head: &RequestHead<'_>) -> bool {
        match self {
            Self::Scheme(scheme) => head.scheme() == *scheme,
            Self::Methods(methods) => methods.contains(head.method()),
            Self::Header(name, expected) => {
                let mut values = head.header_all(name.clone());
                match expected {
                    Expected::Present => values.next().is_some(),
                    Expected::Absent => values.next().is_none(),
                    Expected::Value(expected) => values.any(|value| value == expected),
                }
            }
            Self::Query(name, expected) => {
                let value = head.query().and_then(|query| parameter(query, name));
                match (expected, value) {
                    (Expected::Present, Some(_)) | (Expected::Absent, None) => true,
                    (Expected::Value(expected), Some(value)) => *form_decoded(value) == **expected,
                    _ => false,
                }
            }
            Self::Captured { parameter: key, .. } => {
                let value = head.query().and_then(|query| parameter(query, key));
                value.is_some_and(|value| !matches!(&*form_decoded(value), b"" | b"." | b".."))
            }
            Self::Clients { ranges, .. } => {
                // A cache compares requests, but not the clients that sent them.
                head.forbid_storing();
                comes_from(ranges, head)
            }
        }
    }

    /// Whether this is known to hold for every request for which `other` holds. Ranges of clients are only
    /// compared as text.
    pub(super) fn follows_from(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scheme(one), Self::Scheme(other)) => one == other,
            (Self::Methods(ours), Self::Methods(theirs)) => {
                theirs.iter().all(|method| ours.contains(method))
            }
            (Self::Header(name, ours), Self::Header(other, theirs)) => {
                name == other && ours.follows_from(theirs)
            }
            (Self::Query(name, ours), Self::Query(other, theirs)) => {
                name == other && ours.follows_from(theirs)
            }
            (Self::Query(name, Expected::Present), Self::Captured { parameter, .. }) => {
                name == parameter
            }
            (Self::Captured { parameter, .. }, Self::Captured { parameter: other, .. }) => {
                parameter == other
            }
            (Self::Captured { parameter, .. }, Self::Query(other, Expected::Value(value))) => {
                parameter == other && !matches!(&**value, b"" | b"." | b"..")
            }
            (Self::Clients { text, .. }, Self::Clients { text: other, .. }) => text == other,
            _ => false,
        }
    }

    /// The parameter that must have a certain value, and that value, both decoded.
    pub(super) fn equal_parameter(&self) -> Option<(&[u8], &[u8])> {
        match self {
            Self::Query(name, Expected::Value(value)) => Some((name, value)),
            _ => None,
        }
    }
}
