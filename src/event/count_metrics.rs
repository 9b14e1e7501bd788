//! Counts answers and diagnoses with the `metrics` facade. `guide::observability` lists the names.

use std::borrow::Cow;
use std::ptr;
use std::sync::{Arc, OnceLock};

use http::StatusCode;
use metrics::{Key, Label, Level, Metadata, with_recorder};

use super::answered::AnswerKind;
use crate::diagnosis::Diagnosis;

const ANSWERS: &str = "tower_redirect_answers_total";
const DIAGNOSES: &str = "tower_redirect_diagnoses_total";

static METADATA: Metadata<'static> =
    Metadata::new("tower_redirect", Level::INFO, Some(module_path!()));

/// The value of the label `policy` for answers that no policy gave.
const NO_POLICY: &str = "none";

/// Counts the answers of a layer.
///
/// The keys of the first 32 series are kept. Each is made when the layer makes a service, or when the first
/// answer of its series is counted. Each later answer of these series costs a lookup, and allocates nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct AnswerCounter(Arc<[OnceLock<Series>; 32]>);

#[derive(Debug)]
struct Series {
    policy: Cow<'static, str>,
    kind: AnswerKind,
    status: StatusCode,
    key: Key,
}

impl Series {
    fn new(policy: Cow<'static, str>, kind: AnswerKind, status: StatusCode) -> Self {
        let policy_label = if policy.is_empty() { NO_POLICY.into() } else { policy.clone() };
        let labels = vec![
            Label::new("policy", policy_label),
            Label::new("kind", kind.as_str()),
            Label::new("code", status.as_str().to_owned()),
        ];
        Self { policy, kind, status, key: Key::from_parts(ANSWERS, labels) }
    }

    fn is_for(&self, policy: &str, kind: AnswerKind, status: StatusCode) -> bool {
        // Most names are static, so that equal names mostly have the same address. Comparing it first saves
        // 30 instructions.
        let is_same_name = || ptr::eq(&*self.policy, policy) || *self.policy == *policy;
        self.status == status && self.kind == kind && is_same_name()
    }

    fn add(&self, answers: u64) {
        with_recorder(|recorder| {
            recorder.register_counter(&self.key, &METADATA).increment(answers);
        });
    }
}

impl AnswerCounter {
    /// Whether answers are counted.
    pub(crate) const ENABLED: bool = true;

    /// Registers, with a count of zero, the series that are known in advance: a 307 of each policy, and the
    /// refusals.
    pub(crate) fn start(&self, policies: impl Fn() -> Vec<Cow<'static, str>>) {
        with_recorder(|recorder| {
            let answers =
                "Answers of a redirect layer, given in place of the application or only reported.";
            recorder.describe_counter(ANSWERS.into(), None, answers.into());
            let diagnoses = "Signs that the configuration does not do what the operator wants.";
            recorder.describe_counter(DIAGNOSES.into(), None, diagnoses.into());
        });
        for policy in policies() {
            self.add(0, policy, AnswerKind::Redirect, StatusCode::TEMPORARY_REDIRECT);
        }
        for status in [400, 421, 500].into_iter().flat_map(StatusCode::from_u16) {
            self.add(0, Cow::default(), AnswerKind::Refuse, status);
        }
    }

    /// Counts an answer. `policy` is empty if no policy gave it.
    #[inline]
    pub(crate) fn count(&self, policy: &str, kind: AnswerKind, status: StatusCode) {
        let mut kept = self.0.iter().map_while(OnceLock::get);
        match kept.find(|series| series.is_for(policy, kind, status)) {
            Some(series) => series.add(1),
            None => self.add(1, policy.to_owned().into(), kind, status),
        }
    }

    /// Counts answers, and keeps the key of their series while there are free slots.
    #[cold]
    fn add(&self, answers: u64, policy: Cow<'static, str>, kind: AnswerKind, status: StatusCode) {
        for slot in self.0.iter() {
            let series = slot.get_or_init(|| Series::new(policy.clone(), kind, status));
            if series.is_for(&policy, kind, status) {
                return series.add(answers);
            }
        }
        // There is no slot for this series, so its key is made for each answer.
        Series::new(policy, kind, status).add(answers);
    }
}

pub(super) fn diagnosed(diagnosis: &Diagnosis) {
    let labels = vec![Label::new("diagnosis", diagnosis.name())];
    let key = Key::from_parts(DIAGNOSES, labels);
    with_recorder(|recorder| recorder.register_counter(&key, &METADATA).increment(1));
}
