/// A set of bytes, as a table with an entry for each byte: hosts and paths are checked byte by byte.
pub(crate) struct ByteSet([bool; 256]);

impl ByteSet {
    /// Creates a set of the ASCII letters and digits, and `others`.
    #[allow(clippy::indexing_slicing)] // Every byte is an index of the table.
    pub(crate) const fn alphanumeric_and(others: &[u8]) -> Self {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < table.len() {
            table[byte] = (byte as u8).is_ascii_alphanumeric();
            byte += 1;
        }
        let mut rest = others;
        while let [byte, tail @ ..] = rest {
            table[*byte as usize] = true;
            rest = tail;
        }
        Self(table)
    }

    /// The set with one more byte.
    #[allow(clippy::indexing_slicing)] // Every byte is an index of the table.
    const fn and(&self, byte: u8) -> Self {
        let mut table = self.0;
        table[byte as usize] = true;
        Self(table)
    }

    /// The set as a table that holds `inside` for each byte of the set, and `outside` for all others.
    #[allow(clippy::indexing_slicing)] // The index is less than the length.
    pub(super) const fn map_to(&self, inside: u8, outside: u8) -> [u8; 256] {
        let mut table = [outside; 256];
        let mut byte = 0;
        while byte < table.len() {
            if self.0[byte] {
                table[byte] = inside;
            }
            byte += 1;
        }
        table
    }

    #[inline]
    pub(crate) fn contains(&self, byte: u8) -> bool {
        self.0.get(usize::from(byte)).is_some_and(|is_in| *is_in)
    }

    pub(crate) fn contains_all(&self, text: &str) -> bool {
        text.bytes().fold(true, |all, byte| all & self.contains(byte))
    }
}

/// Bytes that need percent-encoding neither in a path nor in a query, `%` and `[]` included. Nearly every
/// path consists of these alone, and is then copied whole.
pub(crate) static PLAIN: ByteSet = ByteSet::alphanumeric_and(b"!$%&'()*+,-./:;=@[]_~");

/// [`PLAIN`], and the `?` between path and query. A query may contain more of them; a path has none.
pub(crate) static PLAIN_WITH_QUERY: ByteSet = PLAIN.and(b'?');
