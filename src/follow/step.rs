//! What comes after a response: decided here, without I/O.

use http::{HeaderMap, Method, StatusCode, header};

use super::error::{RedirectError, RedirectErrorKind};
use super::exchange::Exchange;
use super::headers::{self, Change};
use super::history::Hop;
use super::location::{self, Base, Target};
use super::method::Rewrite;
use super::options::RedirectMode;
use super::origins::is_upgrade;
use super::policy::sealed::Decides;
use super::policy::{Action, Attempt};
use super::rules::Rules;
use crate::replay::NotReplayable;

/// What comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// The response is the caller's.
    Done,
    /// The exchange holds the next request.
    Follow,
}

/// Judges a response. Where it is followed, `exchange` becomes the next request.
pub(super) fn step(
    rules: &Rules,
    policy: &impl Decides,
    exchange: &mut Exchange,
    status: StatusCode,
    fields: &HeaderMap,
) -> Result<Next, RedirectError> {
    use RedirectErrorKind as Kind;
    if !is_redirection(status) {
        return Ok(Next::Done);
    }
    let location = match location::read(fields) {
        Ok(None) => return Ok(Next::Done),
        Ok(Some(location)) => location,
        Err(kind) => return Err(fail(exchange, kind, status)),
    };
    let target = base(rules, exchange).resolve(location.as_bytes());
    let target =
        target.map_err(|kind| fail(exchange, kind, status).with_location(Some(location)))?;
    let rewrite = rewrite(rules, exchange, status);
    let hop = Attempt {
        status,
        method: &exchange.method,
        next_method: if rewrite.to_get { &Method::GET } else { &exchange.method },
        uri: &exchange.uri,
        next_uri: &target.uri,
        headers: fields,
        history: &exchange.history,
        cross_origin: target.cross_origin,
        resends_body: rewrite.keeps_content,
    };
    let action = match exchange.options.mode.unwrap_or(rules.mode) {
        RedirectMode::Error => Action::Reject,
        _ => policy.action(&hop),
    };
    let refused = match action {
        Action::Stop => return Ok(Next::Done),
        Action::Reject => Some(Kind::Rejected),
        Action::Follow => check(rules, exchange, &target),
    };
    if let Some(kind) = refused {
        return Err(fail(exchange, kind, status).with_next_uri(target.uri));
    }
    if rules.error_on_loop {
        exchange.sent.push(exchange.key());
    }
    follow(rules, exchange, status, target, rewrite);
    if rules.error_on_loop && exchange.sent.contains(&exchange.key()) {
        return Err(fail_last(exchange, Kind::Loop));
    }
    Ok(Next::Follow)
}

/// What no policy can allow.
fn check(rules: &Rules, exchange: &Exchange, target: &Target) -> Option<RedirectErrorKind> {
    if !exchange.followable {
        Some(RedirectErrorKind::NotFollowable)
    } else if exchange.history.len() >= exchange.options.limit.unwrap_or(rules.limit) {
        Some(RedirectErrorKind::TooManyRedirects)
    } else if target.downgrade && !rules.downgrade_allowed {
        Some(RedirectErrorKind::InsecureDowngrade)
    } else {
        None
    }
}

fn rewrite(rules: &Rules, exchange: &Exchange, status: StatusCode) -> Rewrite {
    if rules.method_kept.contains(&status) {
        return Rewrite { to_get: false, keeps_content: exchange.has_content };
    }
    rules.rewrite.apply(status, &exchange.method, exchange.has_content)
}

/// RFC 9110 §15.4, those that name one target.
fn is_redirection(status: StatusCode) -> bool {
    use StatusCode as S;
    matches!(
        status,
        S::MOVED_PERMANENTLY
            | S::FOUND
            | S::SEE_OTHER
            | S::TEMPORARY_REDIRECT
            | S::PERMANENT_REDIRECT
    )
}

fn base<'a>(rules: &Rules, exchange: &'a Exchange) -> Base<'a> {
    Base {
        uri: &exchange.uri,
        host: exchange.fields.get(&header::HOST),
        scheme: rules.origin_form_scheme,
    }
}

fn follow(
    rules: &Rules,
    exchange: &mut Exchange,
    status: StatusCode,
    target: Target,
    rewrite: Rewrite,
) {
    let crosses = crosses(rules, exchange, &target);
    let change = Change {
        content_dropped: rewrite.to_get || exchange.has_content && !rewrite.keeps_content,
        see_other: status == StatusCode::SEE_OTHER,
        authority: target.cross_authority,
        credentials: crosses,
    };
    let dropped = headers::prune(&mut exchange.fields, change, &rules.sensitive);
    if crosses {
        exchange.crossed = true;
        let mut left = std::mem::take(&mut exchange.extensions);
        rules.carried.iter().for_each(|carry| carry(&mut left, &mut exchange.extensions));
    }
    if let Some(fragment) = target.fragment {
        exchange.options.fragment = Some(fragment);
    }
    let next_method = if rewrite.to_get { Method::GET } else { exchange.method.clone() };
    let method = std::mem::replace(&mut exchange.method, next_method.clone());
    let uri = std::mem::replace(&mut exchange.uri, target.uri.clone());
    exchange.has_content = rewrite.keeps_content;
    exchange.history.push(Hop {
        status,
        uri,
        next_uri: target.uri,
        method,
        next_method,
        dropped,
        cross_origin: target.cross_origin,
        downgrade: target.downgrade,
        fragment: exchange.options.fragment.clone(),
    });
}

/// Whether what is meant for this origin stays behind.
fn crosses(rules: &Rules, exchange: &Exchange, target: &Target) -> bool {
    if !target.cross_origin || target.downgrade {
        return target.cross_origin;
    }
    let (old, new) = (&exchange.uri, &target.uri);
    let trusted =
        rules.trusted.lists_both(old, new) || exchange.options.trusted.lists_both(old, new);
    !(trusted || rules.upgrade_trusted && is_upgrade(old, new))
}

/// The chain ends here, and the error says why.
fn fail(exchange: &mut Exchange, kind: RedirectErrorKind, status: StatusCode) -> RedirectError {
    let history = std::mem::take(&mut exchange.history);
    RedirectError::new(kind, status, exchange.uri.clone(), history)
}

/// The request that the last step made cannot be sent: its body is gone.
pub(super) fn not_replayable(exchange: &mut Exchange, why: NotReplayable) -> RedirectError {
    fail_last(exchange, RedirectErrorKind::NotReplayable(why))
}

/// The last step is not taken after all.
fn fail_last(exchange: &mut Exchange, kind: RedirectErrorKind) -> RedirectError {
    match exchange.history.pop() {
        Some(hop) => {
            exchange.uri = hop.uri;
            fail(exchange, kind, hop.status).with_next_uri(hop.next_uri)
        }
        None => fail(exchange, kind, StatusCode::TEMPORARY_REDIRECT),
    }
}
