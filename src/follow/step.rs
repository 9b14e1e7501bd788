//! Decides what to do after a response, without I/O.

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::dropped::Dropped;
use super::history::Hop;
use super::location::{Base, Target};
use super::method::Rewrite;
use super::options::{OnLimit, RedirectMode};
use super::origins::{TrustFn, is_https_upgrade};
use super::policy::sealed::LayerPolicy;
use super::policy::{Action, Attempt, next_of};
use super::redirect_error::{RedirectError, RedirectErrorKind};
use super::saved_request::SavedRequest;
use super::settings::Settings;
use super::strip_headers::{Changes, strip_headers};
use super::userinfo;
use crate::replay::NotReplayable;

/// The next step after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextStep {
    /// Return the response to the caller.
    Return,
    /// Send the next request.
    Follow,
}

/// Decides whether the response to `request` is followed. On [`NextStep::Follow`], `request` has become the
/// next request.
pub(super) fn step(
    settings: &Settings,
    policy: &impl LayerPolicy,
    request: &mut SavedRequest,
    status: StatusCode,
    headers: &HeaderMap,
    can_resend_body: impl FnOnce() -> bool,
) -> Result<NextStep, RedirectError> {
    use RedirectErrorKind as Kind;
    if !is_followable_status(status) {
        return Ok(NextStep::Return);
    }
    let mode = request.options.mode.unwrap_or(settings.mode);
    let mut locations = headers.get_all(header::LOCATION).iter();
    let Some(location) = locations.next() else {
        return match mode {
            RedirectMode::Error => Err(fail(request, Kind::Rejected, status)),
            _ => Ok(NextStep::Return),
        };
    };
    let base = base(settings, request);
    // The same value twice names one target.
    let target = if locations.any(|other| other != location) {
        Err(Kind::AmbiguousLocation)
    } else {
        base.resolve(location.as_bytes())
    };
    let (next_uri, cross_origin) = next_of(&target);
    let rewrite = rewrite(settings, request, status);
    let attempt = Attempt {
        base,
        status,
        method: &request.method,
        next_method: if rewrite.to_get { &Method::GET } else { &request.method },
        uri: &request.uri,
        next_uri,
        location,
        headers,
        history: &request.history,
        cross_origin,
        resends_body: rewrite.keeps_content,
        // After a remembered redirection that dropped the content, the body is still saved. It is not sent,
        // so it need not be replayable.
        can_resend_body: !request.has_content || can_resend_body(),
    };
    let action = match mode {
        RedirectMode::Error => Action::Reject,
        _ => policy.action(&attempt),
    };
    let returned = match action {
        Action::Stop => true,
        Action::Reject => false,
        // `OnLimit::Return` applies even if `Location` does not resolve.
        Action::Follow | Action::FollowTo(_) => {
            settings.on_limit == OnLimit::Return
                && request.is_followable()
                && is_limit_reached(settings, request)
        }
    };
    if returned {
        return Ok(NextStep::Return);
    }
    let (target, replaced) = match &action {
        Action::FollowTo(uri) => (base.resolve_chosen(uri, target.ok()), Some(location.clone())),
        _ => (target, None),
    };
    // A `Location` that does not resolve is reported even if the policy rejects the redirection: it
    // is the more useful error. A relative reference never resolves against the authority of a CONNECT.
    let target = target.map_err(|kind| {
        let kind = if request.is_followable() { kind } else { Kind::NotFollowable };
        let error = fail(request, kind, status).with_location(location);
        match &action {
            Action::FollowTo(chosen) => error.with_next_uri(chosen.clone()),
            _ => error,
        }
    })?;
    let refused = match action {
        Action::Reject => Some(Kind::Rejected),
        _ => check(settings, request, &target),
    };
    if let Some(kind) = refused {
        return Err(fail(request, kind, status).with_next_uri(target.uri));
    }
    if settings.error_on_loop {
        let key = request.key();
        request.sent.get_or_insert_default().insert(key);
    }
    advance(settings, request, status, target, rewrite, replaced);
    // Compared after `advance`, which removes headers: they are part of the key.
    if request.sent.as_ref().is_some_and(|sent| sent.contains(&request.key())) {
        return Err(fail_unsent(request, Kind::Loop));
    }
    Ok(NextStep::Follow)
}

/// Makes the checks that no policy can skip. Returns the reason if one fails.
fn check(
    settings: &Settings,
    request: &SavedRequest,
    target: &Target,
) -> Option<RedirectErrorKind> {
    if settings.refuses(&target.uri) {
        Some(RedirectErrorKind::TargetRefused)
    } else if !request.is_followable() {
        Some(RedirectErrorKind::NotFollowable)
    } else if is_limit_reached(settings, request) {
        Some(RedirectErrorKind::TooManyRedirects)
    } else if target.downgrade
        && !settings.allow_https_to_http
        && !request.options.allow_https_to_http
    {
        Some(RedirectErrorKind::InsecureDowngrade)
    } else {
        None
    }
}

fn is_limit_reached(settings: &Settings, request: &SavedRequest) -> bool {
    request.history.len() >= request.options.limit.unwrap_or(settings.limit)
}

fn rewrite(settings: &Settings, request: &SavedRequest, status: StatusCode) -> Rewrite {
    if settings.keep_method_on.contains(&status) {
        return Rewrite { to_get: false, keeps_content: request.has_content };
    }
    let method_rewrite = request.options.method_rewrite.unwrap_or(settings.method_rewrite);
    method_rewrite.apply(status, &request.method, request.has_content)
}

/// Whether a response with this status can be followed: 301, 302, 303, 307 and 308 (RFC 9110 §15.4). The
/// other 3xx statuses do not name a single target.
pub(super) fn is_followable_status(status: StatusCode) -> bool {
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

fn base<'a>(settings: &'a Settings, request: &'a SavedRequest) -> Base<'a> {
    Base {
        uri: &request.uri,
        host: request.uri.authority().map_or_else(|| request.headers.get(&header::HOST), |_| None),
        scheme: settings.origin_form_scheme,
        hsts: settings.hsts.as_ref(),
        plain_origin: request.plain_origin,
    }
}

/// Turns `request` into the next request, and appends the hop to its history.
fn advance(
    settings: &Settings,
    request: &mut SavedRequest,
    status: StatusCode,
    target: Target,
    rewrite: Rewrite,
    replaced_location: Option<HeaderValue>,
) {
    let drops_credentials = drops_credentials(settings, request, &target);
    let changes = Changes {
        first_hop: request.history.is_empty(),
        to_get: rewrite.to_get,
        drops_content: rewrite.to_get || request.has_content && !rewrite.keeps_content,
        cross_origin: target.cross_origin,
        drops_credentials,
    };
    let added = request.options.sensitive.as_deref();
    let is_credential = |name: &HeaderName| settings.is_credential(name, added);
    let dropped = strip_headers(&mut request.headers, changes, is_credential);
    let mut dropped: Vec<_> = dropped.into_iter().map(Dropped::Header).collect();
    if target.userinfo || !request.plain_origin && userinfo::of(&request.uri).is_some() {
        dropped.push(Dropped::Userinfo);
    }
    if drops_credentials {
        request.left_trusted_origins = true;
        let mut old = std::mem::take(&mut request.extensions);
        for move_extension in &settings.kept_extensions {
            move_extension(&mut old, &mut request.extensions);
        }
        if !old.is_empty() {
            dropped.push(Dropped::Extensions(old.len()));
        }
    }
    // A `Location` without a fragment inherits the last one (RFC 9110 §10.2.2).
    if let Some(fragment) = target.fragment {
        request.options.fragment = Some(fragment);
    }
    let next_method = if rewrite.to_get { Method::GET } else { request.method.clone() };
    let method = std::mem::replace(&mut request.method, next_method.clone());
    let uri = std::mem::replace(&mut request.uri, target.uri.clone());
    request.plain_origin = target.plain_origin;
    request.has_content = rewrite.keeps_content;
    request.history.push(Hop {
        status,
        uri,
        next_uri: target.uri,
        method,
        next_method,
        dropped,
        cross_origin: target.cross_origin,
        downgrade: target.downgrade,
        fragment: request.options.fragment.clone(),
        replaced_location,
        was_upgraded: target.was_upgraded,
        was_remembered: false,
    });
}

/// Whether credentials and extensions are dropped: the target has another origin, which neither the layer
/// nor the request trusts with them. A downgrade from https to http always drops them.
fn drops_credentials(settings: &Settings, request: &SavedRequest, target: &Target) -> bool {
    if !target.cross_origin || target.downgrade {
        return target.cross_origin;
    }
    let (old, new) = (&request.uri, &target.uri);
    let trusted = settings.trusted_origins.lists_both(old, new)
        || request.options.trusted_origins.lists_both(old, new)
        || settings.trust_when.as_ref().is_some_and(|TrustFn(trusts)| trusts(old, new));
    !(trusted || settings.keep_credentials_on_https_upgrade && is_https_upgrade(old, new))
}

/// Makes the error that ends the chain. Moves the history out of `request`.
fn fail(request: &mut SavedRequest, kind: RedirectErrorKind, status: StatusCode) -> RedirectError {
    let history = std::mem::take(&mut request.history);
    RedirectError::new(kind, Some(status), request.uri.clone(), history)
}

/// Makes the error for a next request whose body cannot be sent again.
pub(super) fn not_replayable(request: &mut SavedRequest, why: NotReplayable) -> RedirectError {
    fail_unsent(request, RedirectErrorKind::NotReplayable(why))
}

/// Makes the error for a next request that is not sent. The hop to it is removed from the history, and its
/// URL becomes the next URL of the error.
fn fail_unsent(request: &mut SavedRequest, kind: RedirectErrorKind) -> RedirectError {
    match request.history.pop() {
        Some(hop) => {
            request.uri = hop.uri;
            fail(request, kind, hop.status).with_next_uri(hop.next_uri)
        }
        // Unreachable: `advance` has appended the hop.
        None => fail(request, kind, StatusCode::TEMPORARY_REDIRECT),
    }
}
