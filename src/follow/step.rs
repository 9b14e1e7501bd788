//! What comes after a response: decided here, without I/O.

use http::{Extensions, HeaderMap, Method, StatusCode, header};

use super::error::{RedirectError, RedirectErrorKind};
use super::exchange::Exchange;
use super::headers::{self, Change};
use super::history::RedirectHop;
use super::location::{self, Base, Target};
use super::method::MethodRewrite;
use crate::replay::NotReplayable;
use crate::trust::Scheme;

/// What a layer was told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) limit: usize,
    pub(super) rewrite: MethodRewrite,
    pub(super) downgrade_allowed: bool,
    pub(super) origin_form_scheme: Option<Scheme>,
}

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
    if !exchange.followable {
        return Err(fail(exchange, Kind::NotFollowable, status));
    }
    let target = base(rules, exchange).resolve(location.as_bytes());
    let target =
        target.map_err(|kind| fail(exchange, kind, status).with_location(Some(location)))?;
    let refused = if exchange.history.len() >= rules.limit {
        Some(Kind::TooManyRedirects)
    } else if target.downgrade && !rules.downgrade_allowed {
        Some(Kind::InsecureDowngrade)
    } else {
        None
    };
    if let Some(kind) = refused {
        return Err(fail(exchange, kind, status).with_next_uri(target.uri));
    }
    follow(rules, exchange, status, target);
    Ok(Next::Follow)
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

fn follow(rules: &Rules, exchange: &mut Exchange, status: StatusCode, target: Target) {
    let rewrite = rules.rewrite.apply(status, &exchange.method, exchange.has_content);
    let dropped = headers::prune(
        &mut exchange.fields,
        Change {
            content_dropped: rewrite.to_get || exchange.has_content && !rewrite.keeps_content,
            see_other: status == StatusCode::SEE_OTHER,
            authority: target.cross_authority,
            origin: target.cross_origin,
        },
    );
    if target.cross_origin {
        exchange.extensions = Extensions::new();
    }
    let next_method = if rewrite.to_get { Method::GET } else { exchange.method.clone() };
    let method = std::mem::replace(&mut exchange.method, next_method.clone());
    let uri = std::mem::replace(&mut exchange.uri, target.uri.clone());
    exchange.has_content = rewrite.keeps_content;
    exchange.history.push(RedirectHop {
        status,
        uri,
        next_uri: target.uri,
        method,
        next_method,
        dropped,
        cross_origin: target.cross_origin,
        downgrade: target.downgrade,
    });
}

/// The chain ends here, and the error says why.
fn fail(exchange: &mut Exchange, kind: RedirectErrorKind, status: StatusCode) -> RedirectError {
    let history = std::mem::take(&mut exchange.history);
    RedirectError::new(kind, status, exchange.uri.clone(), history)
}

/// The request that the last step made cannot be sent: its body is gone.
pub(super) fn not_replayable(exchange: &mut Exchange, why: NotReplayable) -> RedirectError {
    let kind = RedirectErrorKind::NotReplayable(why);
    match exchange.history.pop() {
        Some(hop) => {
            exchange.uri = hop.uri;
            fail(exchange, kind, hop.status).with_next_uri(hop.next_uri)
        }
        None => fail(exchange, kind, StatusCode::TEMPORARY_REDIRECT),
    }
}
