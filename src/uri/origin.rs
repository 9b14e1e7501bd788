use super::{Authority, Scheme};

/// An origin (RFC 6454 §4): scheme, host and port.
///
/// Two origins are equal if their schemes, hosts (without case, addresses by value) and ports are;
/// a port that is not written is the scheme's default one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    scheme: Scheme,
    authority: Authority<'a>,
}

impl<'a> Origin<'a> {
    pub(crate) const fn new(scheme: Scheme, authority: Authority<'a>) -> Self {
        Self { scheme, authority }
    }

    pub(crate) const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The host, in the case in which it was sent.
    pub(crate) const fn host(&self) -> &'a str {
        self.authority.host
    }

    pub(crate) fn port(&self) -> u16 {
        self.authority.effective_port(self.scheme)
    }

    /// The port, unless it is the scheme's default one, which is not written.
    pub(crate) fn written_port(&self) -> Option<u16> {
        Some(self.port()).filter(|port| *port != self.scheme.default_port())
    }

    /// The authority as `Host` carries it: without a default port.
    pub(crate) fn authority(&self) -> Authority<'a> {
        self.authority.at_port(self.written_port())
    }
}

impl PartialEq for Origin<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.scheme == other.scheme
            && self.port() == other.port()
            && self.authority.same_host(&other.authority)
    }
}

impl Eq for Origin<'_> {}

/// The origins of URLs that a client asks for. They keep a trailing dot, as `url` and browsers do:
/// `a.test.` gets no credentials that were meant for `a.test`.
#[cfg(feature = "follow")]
mod client {
    use std::net::Ipv4Addr;

    use http::Uri;
    use url::{Host, Url};

    use super::{Authority, Origin};
    use crate::uri::{ByteSet, Scheme};

    impl<'a> Origin<'a> {
        /// The origin of an http or https URL; `None` for other schemes.
        pub(crate) fn of_url(url: &'a Url) -> Option<Self> {
            let scheme = Scheme::from_lower_case(url.scheme())?;
            let v6 = match url.host()? {
                Host::Ipv6(address) => Some(address),
                Host::Domain(_) | Host::Ipv4(_) => None,
            };
            Some(Self::new(scheme, Authority { host: url.host_str()?, v6, port: url.port() }))
        }

        /// The origin of `uri` if the `url` crate is sure to write it in the same way: http or https, no
        /// userinfo, no port that is the default or begins with `0`, and as its host a plain IPv4 address, or
        /// a name in lower case without `--` whose last label does not begin with a digit. `None` for all
        /// others, which need the URL parser.
        pub(crate) fn plain(uri: &'a Uri) -> Option<Self> {
            let scheme = Scheme::from_lower_case(uri.scheme_str()?)?;
            let text = uri.authority()?.as_str();
            let colon = text.bytes().position(|byte| byte == b':').unwrap_or(text.len());
            let (host, rest) = text.split_at_checked(colon)?;
            let port = match rest.strip_prefix(':') {
                None => None,
                Some(digits) => Some(plain_port(digits).filter(|p| *p != scheme.default_port())?),
            };
            is_plain_host(host).then_some(Self::new(scheme, Authority { host, v6: None, port }))
        }

        /// Whether `other` is the https origin of this http one: the same host, both on the default port.
        pub(crate) fn upgrades_to(&self, other: &Self) -> bool {
            self.scheme == Scheme::Http
                && other.scheme == Scheme::Https
                && self.written_port().is_none()
                && other.written_port().is_none()
                && self.authority.same_host(&other.authority)
        }
    }

    /// Parses a port that `url` would write with the same digits.
    fn plain_port(digits: &str) -> Option<u16> {
        // `parse` accepts a sign, and leading zeros are dropped when a port is written.
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        digits.parse().ok().filter(|_| is_plain)
    }

    fn is_plain_host(host: &str) -> bool {
        // The first byte of the last label that is not empty.
        let mut label = None;
        let mut previous = b'.';
        for byte in host.bytes() {
            // Two dashes may be those of `xn--`, which `url` validates.
            if !HOST.contains(byte) || byte.is_ascii_uppercase() || byte == b'-' && previous == b'-'
            {
                return false;
            }
            if previous == b'.' && byte != b'.' {
                label = Some(byte);
            }
            previous = byte;
        }
        // If the last label begins with a digit, it may be a number, and the host an IPv4 address in another
        // spelling.
        label.is_some_and(|byte| !byte.is_ascii_digit() || host.parse::<Ipv4Addr>().is_ok())
    }

    static HOST: ByteSet = ByteSet::alphanumeric_and(b"-._");

    #[cfg(test)]
    mod tests {
        use http::Uri;
        use url::Url;

        use super::*;

        #[track_caller]
        fn url(text: &str) -> Url {
            Url::parse(text).expect(text)
        }

        #[test]
        fn plain_origins_are_those_of_url() {
            for (text, is_plain) in [
                ("http://a.test/x", true),
                ("https://a.test:8443/", true),
                ("http://a.test./", true),
                ("http://192.0.2.1:8080/", true),
                ("http://A.test/", false),
                ("http://a.test:80/", false),
                ("http://a.test:080/", false),
                ("http://a.test:0/", false),
                ("http://me@a.test/", false),
                ("http://xn--a/", false),
                ("http://0x7f.1/", false),
                ("http://[::1]/", false),
                ("ftp://a.test/", false),
            ] {
                let uri = Uri::from_static(text);
                let plain = Origin::plain(&uri);
                assert_eq!(plain.is_some(), is_plain, "{text}");
                if let Some(plain) = plain {
                    let url = url(text);
                    assert_eq!(Some(plain), Origin::of_url(&url), "{text}");
                }
            }
        }

        #[test]
        fn a_trailing_dot_makes_another_client_origin() {
            let (dot, bare) = (url("https://a.test./"), url("https://a.test/"));
            assert_ne!(Origin::of_url(&dot), Origin::of_url(&bare));
        }

        #[test]
        fn upgrades_are_between_default_ports() {
            for (old, new, upgrades) in [
                ("http://a.test", "https://a.test", true),
                ("http://A.test:80", "https://a.test:443", true),
                ("http://[::1]", "https://[0::1]", true),
                ("http://a.test:8080", "https://a.test:8080", false),
                ("http://a.test:443", "https://a.test", false),
                ("http://a.test", "https://b.test", false),
                ("https://a.test", "https://a.test", false),
                ("https://a.test", "http://a.test", false),
            ] {
                let (old_url, new_url) = (url(old), url(new));
                let origins = Origin::of_url(&old_url).zip(Origin::of_url(&new_url));
                assert_eq!(
                    origins.map(|(old, new)| old.upgrades_to(&new)),
                    Some(upgrades),
                    "{old}"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn origin(scheme: Scheme, authority: &str) -> Origin<'_> {
        Origin::new(scheme, Authority::parse(authority).expect(authority))
    }

    #[test]
    fn compared_with_the_default_port() {
        use Scheme::{Http, Https};
        for ((scheme, authority), (other_scheme, other), same) in [
            ((Http, "a.test"), (Http, "A.test.:80"), true),
            ((Https, "a.test:443"), (Https, "a.test"), true),
            ((Http, "[::1]"), (Http, "[0::1]:80"), true),
            ((Http, "a.test"), (Https, "a.test"), false),
            ((Http, "a.test:443"), (Https, "a.test"), false),
            ((Http, "a.test"), (Http, "a.test:443"), false),
            ((Http, "a.test"), (Http, "b.test"), false),
        ] {
            let (left, right) = (origin(scheme, authority), origin(other_scheme, other));
            assert_eq!(left == right, same, "{left:?} {right:?}");
        }
    }

    #[test]
    fn default_ports_are_not_written() {
        assert_eq!(origin(Scheme::Https, "a.test:443").authority().to_string(), "a.test");
        assert_eq!(origin(Scheme::Http, "a.test:443").authority().to_string(), "a.test:443");
    }
}
