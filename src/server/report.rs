//! Reports answers to the hooks of a layer, `tracing` and `metrics`.

use std::borrow::Cow;

use bytes::Bytes;
use http::{Response, StatusCode, header};

use super::settings::Settings;
use crate::event::{AnswerCounter, AnswerKind, Answered};
use crate::head::{RequestHead, Trace};

/// Reports an answer of the layer to hooks, `tracing` and `metrics`, and to outer layers if the answer is to
/// carry an [`Answered`]. Must be called after the answer is built, so that headers that are read here are
/// not added to its `Vary`.
#[inline]
pub(super) fn answered(
    head: &RequestHead<'_>,
    kind: AnswerKind,
    response: &mut Response<Bytes>,
    settings: &Settings,
) {
    let kind = if settings.report_only { AnswerKind::ReportOnly } else { kind };
    if AnswerCounter::ENABLED {
        count(head, kind, response.status(), settings);
    }
    if head.trace().is_some() && settings.wants_answers() {
        report(head, kind, response, settings);
    }
}

#[cold]
fn report(
    head: &RequestHead<'_>,
    kind: AnswerKind,
    response: &mut Response<Bytes>,
    settings: &Settings,
) {
    let status = response.status();
    let by = head.take_decider().unwrap_or_default();
    let reason = head.trace().and_then(Trace::take_reason).or(by.reason);
    let location = response.headers().get(header::LOCATION).filter(|_| status.is_redirection());
    // A report must not change the answer: reading the host here must not refuse the request.
    let observed = head.observed();
    let authority = observed.authority();
    let answered = Answered {
        kind,
        status,
        policy: Some(by.policy).filter(|policy| !policy.is_empty()),
        rule: by.rule.map(|rule| String::from(rule).into()),
        reason: reason.map(|reason| String::from(reason).into()),
        method: Cow::Borrowed(head.method()),
        scheme: observed.scheme(),
        host: authority.map(|authority| authority.host().into()),
        port: authority.and_then(|authority| authority.port()),
        path: head.path().into(),
        target_origin: location.and_then(|to| origin_of(to.to_str().ok()?)),
        client_ip: settings.report_client_ip.then(|| observed.client_ip()).flatten(),
        is_quiet: by.is_quiet,
    };
    if !answered.is_quiet {
        settings.on_answer.report(&answered);
    }
    if settings.insert_answered && !settings.report_only {
        response.extensions_mut().insert(answered.into_owned());
    }
}

fn count(head: &RequestHead<'_>, kind: AnswerKind, status: StatusCode, settings: &Settings) {
    // Refusals are counted without a policy. Their series start at zero, so that even the first refusal
    // shows as an increase.
    head.with_decider(|by| {
        let by = by.filter(|_| kind != AnswerKind::Refuse);
        let policy = by.map_or("", |by| by.counted.as_deref().unwrap_or(&by.policy));
        settings.counter.count(policy, kind, status);
    });
}

/// Returns the scheme and authority of a `Location`, without userinfo. `None` for a relative reference, even
/// if its path or query holds `://`.
fn origin_of(location: &str) -> Option<String> {
    let (scheme, rest) = location.split_once("://")?;
    if scheme.contains(['/', '?', '#']) {
        return None;
    }
    // Browsers read `\` as `/`.
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    // The `Location` of a policy's own response may hold credentials.
    let host_and_port = authority.rsplit('@').next()?;
    Some(format!("{scheme}://{host_and_port}"))
}
