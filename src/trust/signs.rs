//! Headers that hint at the scheme, whoever sent them. Here they are read only for diagnoses, and not
//! believed.

use http::HeaderMap;

/// A field in which proxies state that the user agent used https.
#[derive(Clone, Copy)]
struct Sign {
    name: &'static str,
    says_https: fn(&[u8]) -> bool,
}

/// The most common fields come first.
const SIGNS: [Sign; 8] = [
    Sign { name: "x-forwarded-proto", says_https: names_https },
    Sign { name: "forwarded", says_https: forwards_https },
    Sign { name: "cloudfront-forwarded-proto", says_https: names_https },
    Sign { name: "x-forwarded-scheme", says_https: names_https },
    Sign { name: "x-scheme", says_https: names_https },
    Sign { name: "x-url-scheme", says_https: names_https },
    Sign { name: "x-forwarded-ssl", says_https: is_on },
    Sign { name: "front-end-https", says_https: is_on },
];

/// Returns the name of the first of [`SIGNS`] that states https. The field `skipped`, from which the scheme
/// was read already, is left out.
pub(crate) fn https_field(headers: &HeaderMap, skipped: Option<&str>) -> Option<&'static str> {
    let says_https = |sign: &&Sign| {
        let mut values = headers.get_all(sign.name).iter();
        values.any(|value| (sign.says_https)(value.as_bytes()))
    };
    let is_skipped = |sign: &&Sign| skipped.is_some_and(|name| name == sign.name);
    SIGNS.iter().filter(|sign| !is_skipped(sign)).find(says_https).map(|sign| sign.name)
}

/// Whether the request has headers that browsers send only over https or to loopback (Fetch Metadata §2).
pub(crate) fn has_fetch_metadata(headers: &HeaderMap) -> bool {
    headers.keys().any(|name| name.as_str().starts_with("sec-fetch-"))
}

fn names_https(value: &[u8]) -> bool {
    contains(value, b"https")
}

fn forwards_https(value: &[u8]) -> bool {
    contains(value, b"proto=https") || contains(value, b"proto=\"https\"")
}

fn is_on(value: &[u8]) -> bool {
    value.eq_ignore_ascii_case(b"on")
}

fn contains(value: &[u8], text: &[u8]) -> bool {
    value.windows(text.len()).any(|window| window.eq_ignore_ascii_case(text))
}
