use http::{HeaderName, header};

use super::forwarded::{X_FORWARDED_FOR, X_FORWARDED_HOST, X_FORWARDED_PORT, X_FORWARDED_PROTO};
use super::scheme_source::SchemeSource;
use super::trust::Trust;

/// A set of fields of trusted proxies, kept as bits, so that noting a field does not allocate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FieldSet(u8);

impl FieldSet {
    pub(super) const NONE: Self = Self(0);
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
        let scheme = || match &trust.scheme_source {
            SchemeSource::Family => X_FORWARDED_PROTO.clone(),
            SchemeSource::Named(name) | SchemeSource::Switch(name) => name.clone(),
        };
        let names = [
            self.contains(Self::FOR).then(|| X_FORWARDED_FOR.clone()),
            self.contains(Self::SCHEME).then(scheme),
            self.contains(Self::HOST).then(|| X_FORWARDED_HOST.clone()),
            self.contains(Self::PORT).then(|| X_FORWARDED_PORT.clone()),
            self.contains(Self::FORWARDED).then_some(header::FORWARDED),
        ];
        names.into_iter().flatten()
    }
}
