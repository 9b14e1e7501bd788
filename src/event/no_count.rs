//! Without feature `metrics` nothing is counted.

use std::borrow::Cow;

use http::StatusCode;

use super::answered::AnswerKind;
use crate::diagnosis::Diagnosis;

#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerCounter(());

impl AnswerCounter {
    /// Whether answers are counted.
    pub(crate) const ENABLED: bool = false;

    pub(crate) fn start(&self, _: impl Fn() -> Vec<Cow<'static, str>>) {}

    pub(crate) const fn count(&self, _: &str, _: AnswerKind, _: StatusCode) {}
}

pub(super) const fn diagnosed(_: &Diagnosis) {}
