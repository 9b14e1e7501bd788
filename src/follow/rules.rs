//! What a layer was told.

use http::{Extensions, StatusCode};

use super::headers::Sensitive;
use super::method::MethodRewrite;
use super::options::RedirectMode;
use super::origins::Origins;
use crate::uri::Scheme;

#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) mode: RedirectMode,
    pub(super) limit: usize,
    pub(super) rewrite: MethodRewrite,
    /// Statuses that keep method and content, whatever `rewrite` says.
    pub(super) method_kept: Vec<StatusCode>,
    pub(super) downgrade_allowed: bool,
    pub(super) upgrade_trusted: bool,
    pub(super) error_on_loop: bool,
    pub(super) origin_form_scheme: Option<Scheme>,
    pub(super) trusted: Origins,
    pub(super) sensitive: Sensitive,
    /// The types of extensions that go on to another origin.
    pub(super) carried: Vec<Carry>,
    pub(super) response_drain_limit: u64,
}

/// Moves the value of one type.
pub(super) type Carry = fn(&mut Extensions, &mut Extensions);

pub(super) fn carry<T>(from: &mut Extensions, to: &mut Extensions)
where
    T: Clone + Send + Sync + 'static,
{
    if let Some(value) = from.remove::<T>() {
        to.insert(value);
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            mode: RedirectMode::Follow,
            limit: 10,
            rewrite: MethodRewrite::Cautious,
            method_kept: Vec::new(),
            downgrade_allowed: false,
            upgrade_trusted: false,
            error_on_loop: false,
            origin_form_scheme: None,
            trusted: Origins::default(),
            sensitive: Sensitive::default(),
            carried: Vec::new(),
            response_drain_limit: 64 * 1024,
        }
    }
}
