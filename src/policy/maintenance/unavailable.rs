//! The 503 response: its body, and the time after which to try again.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};

use super::Maintenance;
use crate::head::RequestHead;
use crate::media_type::weight;
use crate::response::{seconds_rounded_up, text_response};

type Respond = dyn Fn(&RequestHead<'_>) -> Response<Bytes> + Send + Sync;

/// The bodies that a 503 may have.
#[derive(Clone, Default)]
pub(super) struct Unavailability {
    html: Option<Bytes>,
    problem_json: bool,
    respond: Option<Arc<Respond>>,
}

/// Problem details (RFC 9457). The type `about:blank` adds nothing to the meaning of the status (§4.2.1).
const PROBLEM: &str = "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\
                       \"detail\":\"down for maintenance\"}";

impl Unavailability {
    /// Returns the 503. `Retry-After` is added if `wait` is known and the response has none.
    pub(super) fn response(
        &self,
        head: &RequestHead<'_>,
        wait: Option<Duration>,
    ) -> Response<Bytes> {
        let mut response = match &self.respond {
            Some(respond) => respond(head),
            None => self.negotiated(head),
        };
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        if let Some(wait) = wait {
            let seconds = HeaderValue::from(seconds_rounded_up(wait).max(1));
            response.headers_mut().entry(header::RETRY_AFTER).or_insert(seconds);
        }
        response
    }

    /// Chooses the body by `Accept` (RFC 9110 §12.5.1). JSON has to be listed by its name: the `*/*` of a
    /// browser does not ask for it. Of two equal weights, that of JSON wins, because browsers do not list
    /// JSON.
    fn negotiated(&self, head: &RequestHead<'_>) -> Response<Bytes> {
        let accept: Vec<_> = head.header_all(header::ACCEPT).collect();
        let json = weight(&["application/problem+json", "application/json"], &accept).unwrap_or(0);
        // Without `Accept`, every media type is accepted.
        let html = match accept.is_empty() {
            true => 1000,
            false => weight(&["text/html", "text/*", "*/*"], &accept).unwrap_or(0),
        };
        match &self.html {
            Some(page) if html > 0 && !(self.problem_json && json >= html) => {
                response_of_type("text/html; charset=utf-8", page.clone())
            }
            _ if self.problem_json && json > 0 => {
                response_of_type("application/problem+json", Bytes::from_static(PROBLEM.as_bytes()))
            }
            _ => text_response(StatusCode::SERVICE_UNAVAILABLE, "down for maintenance\n"),
        }
    }
}

/// Returns a response with this body and its media type.
pub(super) fn response_of_type(media_type: &'static str, body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    response
}

impl<T> Maintenance<T> {
    /// Sets an HTML page as the body of 503 responses, in UTF-8.
    ///
    /// It is shown under the URL that was asked for, so that people can reload it and search engines
    /// keep the URL: prefer this to [`page`](Maintenance::page), unless the page has to come from
    /// elsewhere. Clients whose `Accept` allows no HTML get a line of text, or JSON if
    /// [`problem_json`](Self::problem_json) is set and `Accept` lists JSON.
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::{Decision, Maintenance, MaintenanceSwitch, RedirectPolicy, RequestHead};
    ///
    /// let switch = MaintenanceSwitch::new();
    /// switch.on();
    /// let policy = Maintenance::new(switch).html("<h1>Back at nine</h1>").problem_json();
    /// for (accept, media_type) in [
    ///     ("text/html", "text/html; charset=utf-8"),
    ///     ("application/json", "application/problem+json"),
    ///     ("image/png", "text/plain; charset=utf-8"),
    /// ] {
    ///     let request = Request::get("/").header("accept", accept).body(())?;
    ///     let Decision::Respond(response) = policy.decide(&RequestHead::from(&request)) else {
    ///         return Err("passed".into());
    ///     };
    ///     assert_eq!((response.status().as_u16(), &response.headers()["content-type"]),
    ///         (503, &http::HeaderValue::from_static(media_type)));
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn html(mut self, page: impl Into<Bytes>) -> Self {
        self.unavailability.html = Some(page.into());
        self
    }

    /// Sets problem details (RFC 9457) as the body of 503 responses to clients whose `Accept` lists JSON by
    /// name, and does not prefer the page of [`html`](Self::html).
    pub fn problem_json(mut self) -> Self {
        self.unavailability.problem_json = true;
        self
    }

    /// Builds 503 responses with a function, in place of [`html`](Self::html) and
    /// [`problem_json`](Self::problem_json).
    ///
    /// The function returns the body and the headers. The status is 503 whatever the function sets.
    /// If the window has an end, or [`retry_after`](Self::retry_after) is set, `Retry-After` is added to a
    /// response that lacks it.
    pub fn respond_with(
        mut self,
        respond: impl Fn(&RequestHead<'_>) -> Response<Bytes> + Send + Sync + 'static,
    ) -> Self {
        self.unavailability.respond = Some(Arc::new(respond));
        self
    }
}

impl fmt::Debug for Unavailability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unavailability")
            .field("html", &self.html.as_ref().map(Bytes::len))
            .field("problem_json", &self.problem_json)
            .field("respond", &self.respond.is_some())
            .finish()
    }
}
