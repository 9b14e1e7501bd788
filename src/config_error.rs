use std::error::Error;
use std::fmt;

/// An error for a configuration value that was refused when it was given.
///
/// [`kind`](Self::kind) is the kind of value, and [`value`](Self::value) the value itself. `Display`
/// prints both, and the reason.
///
/// ```
/// use tower_redirect::{ConfigErrorKind, Maintenance, MaintenanceSwitch};
///
/// let error = Maintenance::new(MaintenanceSwitch::new()).standby("standby.example").unwrap_err();
/// assert_eq!((error.kind(), error.value()), (ConfigErrorKind::Url, "standby.example"));
/// assert_eq!(
///     error.to_string(),
///     "invalid url \"standby.example\": an origin has a scheme and a host: `https://example.com`"
/// );
/// assert!(Maintenance::new(MaintenanceSwitch::new()).standby("https://standby.example").is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    kind: ConfigErrorKind,
    value: Box<str>,
    reason: &'static str,
}

/// The kind of value that a [`ConfigError`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConfigErrorKind {
    /// A host (RFC 3986 §3.2.2). Most settings refuse a port.
    Host,
    /// A URL that a redirection leads to, or an origin.
    Url,
    /// A path, pattern or regex that requests are compared with. Also the prefix of
    /// [`RedirectLayer::mounted_at`](crate::RedirectLayer::mounted_at), and a path or prefix that a
    /// [`RequestRedirect`](crate::policy::rules::RequestRedirect) puts in place of another.
    Path,
    /// An address, or a range of addresses, of trusted proxies.
    Proxy,
    /// An address, or a range of addresses, of the clients that a rule is for.
    Client,
    /// An address, a range of addresses or a NAT64 prefix that is given to a `TargetGuard`.
    Address,
    /// A bypass of [`Maintenance`](crate::Maintenance). The value is the range, or the name of the
    /// header or cookie, never the secret.
    Bypass,
    /// Dates of a maintenance window or of a version. The value names what the dates are for.
    Dates,
    /// The value of `Strict-Transport-Security` (RFC 6797 §6.1).
    Hsts,
    /// A header name (RFC 9110 §5.1), or a prefix of one.
    HeaderName,
    /// A version of an API, or the query parameter or media type that carries it.
    Version,
    /// A status code of a redirection.
    Status,
}

impl ConfigError {
    /// The kind of value that was refused.
    pub fn kind(&self) -> ConfigErrorKind {
        self.kind
    }

    /// The value that was refused, as it was given. For dates, a bypass and HSTS, [`ConfigErrorKind`] says
    /// what it is.
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// Defines for each kind a constructor, such as `ConfigError::url(value, reason)`, and the name that
/// `Display` prints.
macro_rules! constructors_and_names {
    ($($(#[$attribute:meta])* $constructor:ident: $kind:ident, $name:literal;)+) => {
        impl ConfigError {
            $($(#[$attribute])* pub(crate) fn $constructor(value: &str, reason: &'static str) -> Self {
                Self { kind: ConfigErrorKind::$kind, value: value.into(), reason }
            })+
        }

        impl ConfigErrorKind {
            const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => $name,)+
                }
            }
        }
    };
}

constructors_and_names! {
    host: Host, "host";
    url: Url, "url";
    path: Path, "path";
    proxy: Proxy, "proxy";
    client: Client, "client";
    #[cfg(feature = "follow")]
    address: Address, "address";
    bypass: Bypass, "bypass";
    dates: Dates, "dates of";
    hsts: Hsts, "strict-transport-security";
    header_name: HeaderName, "header name";
    version: Version, "version";
    status: Status, "status";
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, value, reason } = self;
        write!(f, "invalid {} {value:?}: {reason}", kind.name())
    }
}

impl Error for ConfigError {}
