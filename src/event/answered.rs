use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use http::{Method, Response, StatusCode};

use super::escaped::Escaped;
use crate::uri::Scheme;

/// An answer that a layer gave in place of the inner service: by which policy, to which request, and
/// why. If the layer [only reports](crate::RedirectLayer::report_only), this is the answer that it would
/// have given.
///
/// The hook of [`RedirectLayer::on_answer`](crate::RedirectLayer::on_answer) is called with it. Feature
/// `tracing` makes it an event: `debug` for redirections, `info` for all others.
/// [`RedirectLayer::insert_answered`](crate::RedirectLayer::insert_answered) puts it into the extensions of
/// the response, unless the layer only reports. Answers of [quiet](crate::policy::Rule::quiet) rules
/// reach neither the hook nor `tracing`.
///
/// It holds no credential and no value of a query. From headers it has only the host, the scheme and,
/// if [asked for](crate::RedirectLayer::report_client_ip), the client's address. Host and path are as
/// the client sent them: they may be long, and hold any byte that a URL may hold. `Display` escapes and
/// shortens them.
///
/// ```
/// use http::{Request, Response};
/// use http_body_util::Empty;
/// use tower::{Layer, ServiceExt, service_fn};
/// use tower_redirect::server::{AnswerKind, Answered};
/// use tower_redirect::{HttpsOnly, RedirectLayer};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let inner = service_fn(async |_: Request<Empty<bytes::Bytes>>| {
///     Ok::<_, std::convert::Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
/// });
/// let layer = RedirectLayer::new(HttpsOnly::new().exempt("/health")?).insert_answered();
/// let get = |path| Request::get(path).header("host", "shop.test").body(Empty::new());
///
/// let response = layer.layer(inner).oneshot(get("/orders?token=x")?).await?;
/// let answered = Answered::of(&response).ok_or("not by the layer")?;
/// assert_eq!((answered.kind(), answered.policy()), (AnswerKind::Redirect, Some("https")));
/// assert_eq!((answered.path(), answered.target_origin()), ("/orders", Some("https://shop.test")));
/// assert_eq!(
///     answered.reason(),
///     Some("plain request without `Transport::Secure`, and no proxies are trusted")
/// );
///
/// let response = layer.layer(inner).oneshot(get("/health")?).await?;
/// assert!(Answered::of(&response).is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Answered<'a> {
    pub(crate) kind: AnswerKind,
    pub(crate) status: StatusCode,
    pub(crate) policy: Option<Cow<'static, str>>,
    pub(crate) rule: Option<Cow<'a, str>>,
    pub(crate) reason: Option<Cow<'a, str>>,
    pub(crate) method: Cow<'a, Method>,
    pub(crate) scheme: Scheme,
    pub(crate) host: Option<Cow<'a, str>>,
    pub(crate) port: Option<u16>,
    pub(crate) path: Cow<'a, str>,
    pub(crate) target_origin: Option<String>,
    pub(crate) client_ip: Option<IpAddr>,
    pub(crate) is_quiet: bool,
}

/// The kind of an answer: see [`Answered::kind`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnswerKind {
    /// A policy redirected.
    Redirect,
    /// The layer refused the request: 400 or 421 for its host, scheme or forwarded headers, 500
    /// for redirections without an end.
    Refuse,
    /// A policy answered with a response of its own, such as 503 during maintenance.
    Respond,
    /// The layer only [reports](crate::RedirectLayer::report_only). It would have given an answer with
    /// this status; instead the response of the inner service was returned.
    ReportOnly,
}

impl AnswerKind {
    /// `redirect`, `refuse`, `respond` or `report-only`, as in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redirect => "redirect",
            Self::Refuse => "refuse",
            Self::Respond => "respond",
            Self::ReportOnly => "report-only",
        }
    }
}

impl Answered<'static> {
    /// Returns the event that a layer with [`insert_answered`](crate::RedirectLayer::insert_answered) has
    /// put into the extensions of its answer. `None` for any other response.
    pub fn of<B>(response: &Response<B>) -> Option<&Self> {
        response.extensions().get()
    }
}

impl<'a> Answered<'a> {
    /// Whether a policy redirected or responded, or the layer refused the request or only reports.
    pub fn kind(&self) -> AnswerKind {
        self.kind
    }

    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The [name](crate::RedirectPolicy::name) of the policy that decided. `None` if the layer refused
    /// the request, and would have done so whatever the policies decided. If several redirections were
    /// joined into one, this is the policy of the first.
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// The rule that decided, if the policy is a [table](crate::policy::Rules): the name of the rule, or
    /// else its pattern, with its line if it has one. `None` for other policies.
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }

    /// The reason for the decision, in words. See
    /// [`RequestHead::because`](crate::RequestHead::because).
    pub fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// The method of the request.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The scheme that the user agent used; http if that is not known.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The requested host, with upper and lower case as sent. If the request has none, this is the
    /// [default host](crate::RedirectLayer::default_host). `None` if the host was refused, or if there is
    /// neither.
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The requested port. `None` if the request names none, if its host was refused, or if the port is the
    /// default of the other scheme (80 for https, 443 for http).
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The path of the request, as it was sent.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Scheme, host and port of a redirection's `Location`, as in `https://shop.test:8443`. `None` for a
    /// relative `Location`, and for other answers.
    pub fn target_origin(&self) -> Option<&str> {
        self.target_origin.as_deref()
    }

    /// The address of the client. `None` if it is not known, or
    /// [`report_client_ip`](crate::RedirectLayer::report_client_ip) is not set.
    pub fn client_ip(&self) -> Option<IpAddr> {
        self.client_ip
    }

    /// Clones the borrowed parts, so that the event can be kept or sent to another thread.
    pub fn into_owned(self) -> Answered<'static> {
        fn owned(text: Option<Cow<'_, str>>) -> Option<Cow<'static, str>> {
            text.map(|text| text.into_owned().into())
        }
        Answered {
            kind: self.kind,
            status: self.status,
            policy: self.policy,
            rule: owned(self.rule),
            reason: owned(self.reason),
            method: Cow::Owned(self.method.into_owned()),
            scheme: self.scheme,
            host: owned(self.host),
            port: self.port,
            path: self.path.into_owned().into(),
            target_origin: self.target_origin,
            client_ip: self.client_ip,
            is_quiet: self.is_quiet,
        }
    }
}

/// One line: `307 POST http://shop.test/orders -> https://shop.test, by https: plain request, ..`.
/// Each text from the request is escaped, and shortened to 256 bytes.
impl fmt::Display for Answered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == AnswerKind::ReportOnly {
            f.write_str("would be ")?;
        }
        write!(f, "{} {} ", self.status.as_u16(), Escaped(&self.method))?;
        if let Some(host) = &self.host {
            write!(f, "{}://{}", self.scheme.as_str(), Escaped(host))?;
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "{}", Escaped(&self.path))?;
        if let Some(origin) = &self.target_origin {
            write!(f, " -> {}", Escaped(origin))?;
        }
        if let Some(policy) = &self.policy {
            write!(f, ", by {policy}")?;
        }
        if let Some(rule) = &self.rule {
            write!(f, " {}", Escaped(rule))?;
        }
        match &self.reason {
            Some(reason) => write!(f, ": {}", Escaped(reason)),
            None => Ok(()),
        }
    }
}
