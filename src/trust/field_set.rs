use http::HeaderName;

use super::forwarded::{FORWARDED, X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PORT};
use super::trust::Trust;

/// A set of fields of trusted proxies, kept as bits, so that noting a field does not allocate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet(u8);

impl FieldSet {
    pub(super) const FOR: Self = Self(1);
    pub(super) const SCHEME: Self = Self(2);
    pub(super) const HOST: Self = Self(4);
    pub(super) const PORT: Self = Self(8);
    pub(super) const FORWARDED: Self = Self(16);

    #[must_use]
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn contains(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// The names of these fields. The name of the scheme's field depends on `trust`.
    pub(crate) fn names(self, trust: &Trust) -> impl Iterator<Item = HeaderName> {
        let names = [
            (Self::FOR, &X_FORWARDED_FOR),
            (Self::SCHEME, trust.scheme_field_name()),
            (Self::HOST, &X_FORWARDED_HOST),
            (Self::PORT, &X_FORWARDED_PORT),
            (Self::FORWARDED, &FORWARDED),
        ];
        let listed = names.into_iter().filter(move |(field, _)| self.contains(*field));
        listed.map(|(_, name)| name.clone())
    }
}
