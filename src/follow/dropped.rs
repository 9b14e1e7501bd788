use std::fmt;

use http::HeaderName;

/// The parts that a request lost in a redirection. See
/// [`Hop::dropped`](super::Hop::dropped).
///
/// ```
/// use http::header;
/// use tower_redirect::follow::Dropped;
///
/// assert_eq!(Dropped::Header(header::COOKIE).to_string(), "cookie");
/// assert_eq!(Dropped::Userinfo.to_string(), "userinfo");
/// assert_eq!(Dropped::Extensions(2).to_string(), "2 extensions");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dropped {
    /// A header: all of its values, or those that may not go on.
    Header(HeaderName),
    /// The user name and password in a URL (RFC 3986 §3.2.1): that of the first request, or that of
    /// `Location`.
    Userinfo,
    /// This many extensions of the request. [`http::Extensions`] does not name their types.
    Extensions(usize),
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(name) => f.write_str(name.as_str()),
            Self::Userinfo => f.write_str("userinfo"),
            Self::Extensions(1) => f.write_str("1 extension"),
            Self::Extensions(count) => write!(f, "{count} extensions"),
        }
    }
}
