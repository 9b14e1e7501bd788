//! Lists whose members cannot hold a comma (RFC 9110 §5.6.1). See [`quoted`](crate::quoted) for other lists.

/// Returns the members of one line of a list, without the whitespace around them. A member may be empty.
pub(crate) fn members(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}
