use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str;

use super::{ByteSet, Scheme};

/// A host and an optional port, validated (RFC 9110 §4.2, RFC 3986 §3.2.2).
///
/// Authorities are compared without case and without one trailing dot. They are written in lower case,
/// without the dot and without an empty port.
#[derive(Clone, Copy)]
pub struct Authority<'a> {
    pub(super) host: &'a str,
    pub(super) v6: Option<Ipv6Addr>,
    pub(super) port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// The host in the case in which it was sent, without a trailing dot. An IPv6 address keeps its
    /// brackets. Compare hosts with [`is_host`](Self::is_host), which ignores case.
    pub const fn host(&self) -> &'a str {
        self.host
    }

    /// Whether the host is `name`. Names are compared without case, addresses by value, and ports not at all.
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::RequestHead;
    ///
    /// let request = Request::get("/").header("host", "OLD.test.:80").body(())?;
    /// let asked = |name| RequestHead::from(&request).authority().is_some_and(|a| a.is_host(name));
    /// assert!(asked("old.test"));
    /// assert!(!asked("new.test"));
    /// # Ok::<(), http::Error>(())
    /// ```
    pub fn is_host(&self, name: &str) -> bool {
        Authority::parse(name).is_ok_and(|other| self.same_host(&other))
    }

    /// The port, if one was written. [`RequestHead::authority`](crate::RequestHead::authority) leaves out the
    /// default port of the other scheme: 80 of an https request, 443 of an http request.
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// Parses `host [ ":" port ]` strictly: no userinfo, path, space, percent-encoding or control
    /// byte. `Err` holds the reason.
    ///
    /// RFC 3986 allows percent-encoding in a registered name. It is refused here, because clients decode
    /// it into a host that differs from the one that was compared.
    pub(crate) fn parse(text: &'a str) -> Result<Self, &'static str> {
        if text.starts_with('[') {
            let (address, rest) = text.split_once(']').ok_or("unbalanced bracket in host")?;
            let v6 = address.get(1..).and_then(|a| a.parse().ok()).ok_or("bad address in host")?;
            let host = text.get(..=address.len()).unwrap_or(text);
            return Ok(Self { host, v6: Some(v6), port: port(rest.as_bytes())? });
        }
        // Most hosts have no port, and need only one pass.
        let (name, port) = if is_name(text) {
            (text, None)
        } else {
            let colon = text.find(':').unwrap_or(text.len());
            let (name, rest) = text.split_at_checked(colon).unwrap_or((text, ""));
            check_name(name)?;
            (name, port(rest.as_bytes())?)
        };
        let host = name.strip_suffix('.').unwrap_or(name);
        if host.is_empty() {
            return Err("empty host");
        }
        Ok(Self { host, v6: None, port })
    }

    /// Parses the value of a header, or a part of it.
    pub(crate) fn parse_bytes(bytes: &'a [u8]) -> Result<Self, &'static str> {
        Self::parse(str::from_utf8(bytes).map_err(|_| "host is not ASCII")?)
    }

    /// Whether the host is loopback, by name or address.
    pub(crate) fn is_local(&self) -> bool {
        // Split as bytes: to search a `str` backwards costs 150 instructions more.
        let mut labels = self.host.as_bytes().rsplit(|byte| *byte == b'.');
        labels.next().is_some_and(|last| last.eq_ignore_ascii_case(b"localhost"))
            || self.address().is_some_and(|address| address.to_canonical().is_loopback())
    }

    /// The IP address, if the host is one.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        // An IPv4 address ends with a digit, and most names do not.
        let v4 = || self.host.ends_with(|last: char| last.is_ascii_digit()).then_some(self.host);
        self.v6.map(IpAddr::from).or_else(|| v4()?.parse().ok())
    }

    /// The same host with another port.
    pub(crate) const fn at_port(self, port: Option<u16>) -> Self {
        Self { port, ..self }
    }

    /// The written port, or else the default port of `scheme`.
    pub(crate) fn effective_port(&self, scheme: Scheme) -> u16 {
        self.port.unwrap_or(scheme.default_port())
    }

    /// Whether the hosts are equal. Names are compared without case, addresses by value.
    pub(crate) fn same_host(&self, other: &Authority<'_>) -> bool {
        match (self.v6, other.v6) {
            // Hosts are mostly written in the same case, and `==` compares them in fewer steps.
            (None, None) => self.host == other.host || self.host.eq_ignore_ascii_case(other.host),
            (a, b) => a == b,
        }
    }
}

/// Two authorities are equal if their hosts (without case, addresses by value) and their written
/// ports are.
impl PartialEq for Authority<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.same_host(other) && self.port == other.port
    }
}

impl Eq for Authority<'_> {}

impl fmt::Display for Authority<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.host.chars() {
            fmt::Write::write_char(f, c.to_ascii_lowercase())?;
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Authority<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

/// Parses `[ ":" [ port ] ]`, with a port of at most 65535.
fn port(rest: &[u8]) -> Result<Option<u16>, &'static str> {
    match rest {
        [] | [b':'] => Ok(None),
        [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            let digits = str::from_utf8(digits).map_err(|_| "port is not a number")?;
            digits.parse().map(Some).map_err(|_| "port above 65535")
        }
        [b':', rest @ ..] if rest.contains(&b'@') => Err("a host only, without user and password"),
        [b':', ..] => Err("port is not a number"),
        _ => Err("text after the host's bracket"),
    }
}

/// Whether a text is a registered name without an empty label, apart from one at its end. The loop has no
/// branch for each byte, which saves 150 instructions for a short name.
fn is_name(text: &str) -> bool {
    let (mut faults, mut previous) = (0, DOT);
    for byte in text.bytes() {
        let class = NAME_CLASSES.get(usize::from(byte)).copied().unwrap_or(INVALID);
        // A dot at the start ends an empty label, as does a dot after another one.
        faults |= class & (INVALID | previous);
        previous = class;
    }
    faults == 0
}

/// The classes of bytes for [`is_name`], each a bit. A byte without a bit is part of a label.
const INVALID: u8 = 1;
const DOT: u8 = 2;

#[allow(clippy::indexing_slicing)] // Every byte is an index of the table.
static NAME_CLASSES: [u8; 256] = {
    let mut classes = REG_NAME.map_to(0, INVALID);
    classes[b'.' as usize] = DOT;
    classes
};

fn check_name(text: &str) -> Result<(), &'static str> {
    if is_name(text) {
        Ok(())
    } else if REG_NAME.contains_all(text) {
        Err("empty label in host")
    } else {
        Err("host holds a character that no host has")
    }
}

/// The bytes of a registered name: `unreserved / sub-delims` (RFC 3986 §3.2.2, §2.2, §2.3).
const REG_NAME: ByteSet = ByteSet::alphanumeric_and(b"-._~!$&'()*+,;=");

#[cfg(test)]
mod tests {
    use super::super::Host;
    use super::*;

    #[test]
    fn hosts_and_ports_are_parsed() {
        for (text, host, port) in [
            ("a.test", "a.test", None),
            ("A.Test", "a.test", None),
            ("a.test.", "a.test", None),
            ("a.test:", "a.test", None),
            ("a.test.:80", "a.test", Some(80)),
            ("a.test:00080", "a.test", Some(80)),
            ("127.0.0.1:65535", "127.0.0.1", Some(65535)),
            ("[::1]", "[::1]", None),
            ("[::1]:", "[::1]", None),
            ("[2001:DB8::1]:8443", "[2001:db8::1]", Some(8443)),
            ("under_score.test", "under_score.test", None),
        ] {
            let authority = Authority::parse(text).expect(text);
            assert_eq!(Host::from(&authority).as_str(), host, "{text}");
            assert_eq!(authority.port(), port, "{text}");
        }
    }

    #[test]
    fn other_text_is_refused() {
        for text in [
            "",
            ".",
            "..",
            ":80",
            "a..test",
            ".a.test",
            "a.test..",
            "a b",
            " a",
            "a ",
            "a@b",
            "a/b",
            "a?b",
            "a#b",
            "a\\b",
            "a%2eb",
            "a\tb",
            "a\u{0}b",
            "ä.test",
            "h:99999",
            "h:65536",
            "h:-1",
            "h:+1",
            "h:8o",
            "h:80:80",
            "[::1",
            "::1",
            "[::1]x",
            "[::1]:x",
            "[]",
            "[fe80::1%25eth0]",
            "[v1.a]",
            "a]",
            "<a>",
            "a|b",
        ] {
            assert!(Authority::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn compared_without_case_and_by_address() {
        let parse = |text: &'static str| Authority::parse(text).expect(text);
        assert_eq!(parse("A.test."), parse("a.TEST"));
        assert_eq!(parse("[::1]:80"), parse("[0:0:0:0:0:0:0:1]:80"));
        assert_ne!(parse("a.test:80"), parse("a.test"));
        assert_ne!(parse("[::1]"), parse("a.test"));
    }

    #[test]
    fn configured_hosts_have_no_port() {
        assert!(Host::parse("a.test").is_ok());
        assert!(Host::parse("[::1]").is_ok());
        for text in ["a.test:80", "a.test:", "[::1]:80", "a b", ""] {
            let error = Host::parse(text).expect_err(text);
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
    }
}
