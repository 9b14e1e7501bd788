use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str;

/// A node of a forwarded field (RFC 7239 §6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Address(IpAddr),
    /// `unknown`, or an obfuscated identifier.
    Hidden,
    /// A peer on a Unix socket, as nginx writes it.
    Unix,
}

/// Parses `unknown`, an obfuscated identifier, `unix:`, or `address [ ":" port ]`, where an IPv6 address
/// needs brackets only if it has a port.
pub(super) fn parse(text: &[u8]) -> Option<Node> {
    let text = str::from_utf8(text).ok()?;
    if text.eq_ignore_ascii_case("unknown") || is_obfuscated(text) {
        return Some(Node::Hidden);
    }
    if text == "unix:" {
        return Some(Node::Unix);
    }
    let socket = || text.parse().map(|socket: SocketAddr| socket.ip());
    if let Ok(address) = text.parse::<IpAddr>().or_else(|_| socket()) {
        return Some(Node::Address(address));
    }
    // The remaining forms are `[::1]`, and an address with an obfuscated port.
    let (node, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            (address.parse::<Ipv6Addr>().ok().map(IpAddr::from)?, port)
        }
        None => {
            let (address, _) = text.split_once(':')?;
            (address.parse().ok()?, text.get(address.len()..)?)
        }
    };
    let plausible = port.is_empty() || port.strip_prefix(':').is_some_and(is_obfuscated);
    plausible.then_some(Node::Address(node))
}

/// Whether the text is an obfuscated identifier: `"_" 1*( ALPHA / DIGIT / "." / "_" / "-" )`
/// (RFC 7239 §6.3).
fn is_obfuscated(text: &str) -> bool {
    let letter = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    text.strip_prefix('_').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_identifiers_are_parsed() {
        for (text, address) in [
            ("192.0.2.1", Some("192.0.2.1")),
            ("192.0.2.1:4711", Some("192.0.2.1")),
            ("192.0.2.1:_port", Some("192.0.2.1")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:4711", Some("2001:db8::1")),
            ("[2001:db8::1]:_p", Some("2001:db8::1")),
            ("unknown", None),
            ("Unknown", None),
            ("_hidden", None),
            ("_SEVKISEK-1.x", None),
        ] {
            let node = parse(text.as_bytes()).expect(text);
            let expected = address.map_or(Node::Hidden, |a| Node::Address(a.parse().expect(a)));
            assert_eq!(node, expected, "{text}");
        }
        assert_eq!(parse(b"unix:"), Some(Node::Unix));
        for text in [
            "",
            "_",
            "unix",
            "unix:/run/app",
            "a.test",
            "1.2.3",
            "1.2.3.4.5",
            "1.2.3.4:",
            "1.2.3.4:99999",
            "[::1",
            "::1]",
            "[::1]x",
            "[1.2.3.4]",
            "_a b",
            "unknown:80x",
            "\"1.2.3.4\"",
            "fe80::1%eth0",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text:?}");
        }
    }
}
