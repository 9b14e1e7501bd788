use std::fmt;

use http::HeaderName;

/// A header, the userinfo or the extensions that the next request was sent without: see
/// [`Hop::dropped`](super::Hop::dropped). A body that is not sent again is not listed: see
/// [`Followed::resends_body`](super::Followed::resends_body).
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
    /// A header. None of its values is sent, except that `TE: trailers` and `Connection: TE` may be.
    Header(HeaderName),
    /// The user name and password in the URL of the first request, in `Location`, or in the URL that a policy
    /// chose (RFC 3986 §3.2.1).
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
