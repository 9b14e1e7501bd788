//! Lists whose members cannot hold a comma (RFC 9110 §5.6.1). See [`quoted`](crate::quoted) for other lists.

use http::{HeaderMap, HeaderName};

/// Returns the members of one line of a list, without the whitespace around them. A member may be empty.
pub(crate) fn members(line: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// Returns whether one of the lines of a header lists `member`, compared without case.
pub(crate) fn has_member(headers: &HeaderMap, name: HeaderName, member: &str) -> bool {
    let is_member = |listed: &[u8]| listed.eq_ignore_ascii_case(member.as_bytes());
    headers.get_all(name).iter().any(|line| members(line.as_bytes()).any(is_member))
}
