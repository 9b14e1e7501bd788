//! Explains the answers of a layer, using the code that gives them.

use std::fmt;
use std::sync::mpsc;

use bytes::Bytes;
use http::{Request, Response, header};

use super::layer::RedirectLayer;
use super::service::{Responder, decide_not_inlined, head};
use super::settings::Settings;
use crate::event::DiagnosisHook;
use crate::head::{Notes, RequestHead, Step, Trace, write_steps};
use crate::method::is_get_or_head;
use crate::policy::RedirectPolicy;

/// The answer of a layer to a request, and the reasons: see [`RedirectLayer::explain`].
///
/// `Display` writes one step per line.
#[derive(Debug)]
pub struct Explanation {
    pub(super) steps: Vec<Step>,
    response: Option<Response<Bytes>>,
}

impl Explanation {
    /// The policies that were asked, and what else the layer found, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The answer of the layer; `None` if the inner service gets the request.
    pub fn response(&self) -> Option<&Response<Bytes>> {
        self.response.as_ref()
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_steps(f, &self.steps)
    }
}

impl<P: RedirectPolicy, D> RedirectLayer<P, D> {
    /// Explains the answer to a request. The decision is made by the code that answers requests, but
    /// nothing is reported or counted.
    ///
    /// Pitfall: the explanation contains the `Location` of a redirection, with the request's query.
    ///
    /// ```
    /// use std::net::SocketAddr;
    ///
    /// use http::Request;
    /// use tower_redirect::trust::Peer;
    /// use tower_redirect::{HttpsOnly, RedirectLayer, Trust};
    ///
    /// let trust = Trust::proxies(["10.0.0.0/8"])?.x_forwarded();
    /// let layer = RedirectLayer::new(HttpsOnly::new()).trust(trust).hosts(["shop.test"])?;
    /// let request = Request::get("/cart").header("host", "shop.test");
    ///
    /// let mut stranger = request.body(())?;
    /// stranger.extensions_mut().insert(Peer::Ip([203, 0, 113, 9].into()));
    /// assert_eq!(
    ///     layer.explain(&stranger).to_string(),
    ///     "peer: 203.0.113.9 is not a trusted proxy, so its forwarded headers are not read\n\
    ///      scheme: http\n\
    ///      host: shop.test is listed\n\
    ///      https: redirected: plain request, and its peer 203.0.113.9 is not a trusted proxy\n\
    ///      answer: 307, Location: https://shop.test/cart"
    /// );
    ///
    /// let mut proxied = stranger;
    /// proxied.extensions_mut().insert(Peer::Ip([10, 0, 0, 1].into()));
    /// proxied.headers_mut().insert("x-forwarded-proto", "https".parse()?);
    /// let explanation = layer.explain(&proxied);
    /// assert!(explanation.response().is_none());
    /// assert!(explanation.to_string().contains("https: passed: the request came over https"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn explain<B>(&self, request: &Request<B>) -> Explanation {
        let settings = &*self.settings;
        let mut steps = request_steps(request, settings);
        let responder = explain_with(&*self.policy, request, settings, &mut steps);
        steps.push(answer_step(&responder, settings));
        if let Responder::Layer(response) = responder {
            let response = (!settings.report_only).then_some(response);
            return Explanation { steps, response };
        }
        let after = settings.after_not_found.as_ref().filter(|_| is_get_or_head(request.method()));
        if let Some(after) = after {
            let condition = "the policies below are asked only if the inner service answers 404";
            steps.push(Step::noted("after 404", condition));
            let responder = explain_with(after.policy(), request, settings, &mut steps);
            if let Responder::Layer(_) = responder {
                steps.push(answer_step(&responder, settings));
            }
        }
        Explanation { steps, response: None }
    }
}

/// Asks `policy` in the same way as for an answer, and adds the steps of the decision to `steps`.
fn explain_with<P: RedirectPolicy + ?Sized, B>(
    policy: &P,
    request: &Request<B>,
    settings: &Settings,
    steps: &mut Vec<Step>,
) -> Responder {
    let (sender, warnings) = mpsc::channel();
    let hook = DiagnosisHook::unlogged(move |diagnosis| {
        // Never fails, because the receiver outlives the hook.
        let _ = sender.send(Step::noted("warning", diagnosis));
    });
    let (notes, trace) = (Notes::default(), Trace::explaining());
    let head = head(request, settings, Some(&hook), &notes, Some(&trace));
    let responder = decide_not_inlined(&head, policy, settings, Some(&hook), &|_, _, _, _| {});
    if let Some(refusal) = head.refusal() {
        trace.push(|| Step::noted("refused", refusal.reason.trim_end()));
    }
    drop(head);
    steps.extend(trace.into_steps());
    steps.extend(warnings.try_iter());
    responder
}

/// The steps that show the peer, the scheme and the host, as the layer sees them.
fn request_steps<B>(request: &Request<B>, settings: &Settings) -> Vec<Step> {
    let notes = Notes::default();
    let head = head(request, settings, None, &notes, None);
    let mut steps = vec![Step::noted("peer", describe_peer(&head))];
    steps.push(Step::noted("scheme", head.scheme().as_str()));
    if let Some(authority) = head.authority() {
        let default = settings.hosts.default_host();
        let why_accepted = if default.is_some_and(|default| default.same_host(&authority)) {
            "is the default host"
        } else if settings.hosts.has_list() {
            "is listed"
        } else {
            "is accepted, because no hosts are listed"
        };
        steps.push(Step::noted("host", format_args!("{authority} {why_accepted}")));
    }
    steps
}

fn describe_peer(head: &RequestHead<'_>) -> String {
    let trust = head.trust();
    if let Some(scheme) = trust.fixed_scheme() {
        return format!(
            "does not determine the scheme, since the layer's transport is fixed: {}",
            scheme.as_str()
        );
    }
    match head.peer() {
        None if trust.has_proxies() => {
            "its address is unknown, so it is not a trusted proxy".into()
        }
        None => "its address is unknown, and no proxies are trusted".into(),
        Some(peer) if !trust.has_proxies() => format!("{peer}; no proxies are trusted"),
        Some(peer) if head.has_trusted_peer() => format!("{peer} is a trusted proxy"),
        Some(peer) => {
            format!("{peer} is not a trusted proxy, so its forwarded headers are not read")
        }
    }
}

fn answer_step(responder: &Responder, settings: &Settings) -> Step {
    const INNER: &str = "that of the inner service";
    let mut text = INNER.to_owned();
    let names: Vec<_> = match responder {
        Responder::Layer(response) => {
            text = match settings.report_only {
                true => format!("{INNER}, since the layer only reports; otherwise "),
                false => String::new(),
            };
            text += response.status().as_str();
            if let Some(location) = response.headers().get(header::LOCATION) {
                text += &format!(", Location: {}", String::from_utf8_lossy(location.as_bytes()));
            }
            response.headers().keys().map(|name| name.as_str()).filter(is_added).collect()
        }
        Responder::InnerWithAdditions(additions) if !settings.report_only => {
            additions.header_names()
        }
        _ => Vec::new(),
    };
    if !names.is_empty() {
        text += &format!(", with {}", names.join(", "));
    }
    Step::noted("answer", text)
}

/// Whether an answer of the layer has this header only if a policy added it.
fn is_added(name: &&str) -> bool {
    !matches!(*name, "location" | "content-length" | "content-type" | "cache-control" | "vary")
}
