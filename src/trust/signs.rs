//! Headers that hint at the scheme, whoever sent them. Here they are read only for diagnoses, and not
//! believed.

use http::{HeaderMap, HeaderName};

/// Returns whether the value of a field states that the user agent used https.
type SaysHttps = fn(&[u8]) -> bool;

/// The fields in which proxies state the scheme. The most common fields come first.
static SIGNS: [(&str, SaysHttps); 8] = [
    ("x-forwarded-proto", names_https),
    ("forwarded", forwards_https),
    ("cloudfront-forwarded-proto", names_https),
    ("x-forwarded-scheme", names_https),
    ("x-scheme", names_https),
    ("x-url-scheme", names_https),
    ("x-forwarded-ssl", is_on),
    ("front-end-https", is_on),
];

/// Returns the name of the first of [`SIGNS`] that states https. The field `skipped`, from which the scheme
/// was read already, is left out.
pub(crate) fn https_field(
    headers: &HeaderMap,
    skipped: Option<&HeaderName>,
) -> Option<&'static str> {
    let sign = SIGNS.iter().find(|(name, says_https)| {
        let mut values = headers.get_all(*name).iter();
        skipped.is_none_or(|skipped| skipped != name)
            && values.any(|value| says_https(value.as_bytes()))
    });
    sign.map(|(name, _)| *name)
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
