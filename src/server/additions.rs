use http::{HeaderMap, HeaderName, Response, StatusCode, header};

use super::after_not_found::SavedHead;
use super::answer::{annotate, append_vary, forbid_storing, is_targeted};
use super::body::ResponseBody;
use super::service::Responder;
use crate::list::members;
use crate::policy::Annotation;
use crate::response::append_headers;

/// Changes to the inner service's response.
#[derive(Default)]
pub(super) struct Additions {
    /// The headers of [`Decision::PassWithHeaders`](crate::Decision::PassWithHeaders), appended even if
    /// the response has them. `None` for most requests, so that no map is created.
    pub(super) headers: Option<HeaderMap>,
    /// The headers that are added if the response does not have them.
    pub(super) annotation: Option<Annotation>,
    pub(super) no_store: bool,
    /// The head for the policy that is asked if the inner service answers 404.
    pub(super) saved: Option<Box<SavedHead>>,
}

impl Additions {
    /// Returns the inner service's response with the additions, or an answer of the layer in place of a
    /// 404.
    pub(super) fn apply<B>(mut self, mut response: Response<B>) -> Response<ResponseBody<B>> {
        let saved = self.saved.take().filter(|_| response.status() == StatusCode::NOT_FOUND);
        match saved.map(|saved| (saved.decide(), saved.vary)) {
            Some((Responder::Layer(mut answer), vary)) => {
                // `headers` are left out: a policy gave them for the response of the inner service.
                if let Some(annotation) = &self.annotation {
                    annotate(&mut answer, annotation);
                }
                if self.no_store || is_private(response.headers()) {
                    forbid_storing(answer.headers_mut());
                }
                // The answer also depends on everything that the decision to pass and the 404 depended on.
                let of_404 = response.headers().get_all(header::VARY).iter().cloned();
                append_vary(answer.headers_mut(), || of_404.chain(vary));
                answer.map(ResponseBody::answer)
            }
            passed => {
                // The policy that was asked after the 404 annotates only its own answers.
                if let Some((Responder::InnerWithAdditions(Self { headers, no_store, .. }), _)) =
                    passed
                {
                    append_headers(response.headers_mut(), headers.unwrap_or_default());
                    self.no_store |= no_store;
                }
                self.add_to(response.headers_mut());
                response.map(ResponseBody::inner)
            }
        }
    }

    /// The names of the headers that are added, for an explanation. `no-store` is shown with its header.
    pub(super) fn header_names(&self) -> Vec<&str> {
        let headers = self.headers.iter().flat_map(|headers| headers.keys());
        let annotation = self.annotation.iter().flat_map(|annotation| annotation.names());
        let mut names: Vec<_> = headers.chain(annotation).map(|name| name.as_str()).collect();
        if self.no_store {
            names.push("cache-control: no-store");
        }
        names
    }

    fn add_to(self, response: &mut HeaderMap) {
        if let Some(headers) = self.headers {
            append_headers(response, headers);
        }
        if let Some(annotation) = self.annotation {
            annotation.add_to(response);
        }
        // This comes last, so that no added header allows caches to store the response.
        if self.no_store {
            forbid_storing(response);
        }
    }
}

/// Whether a response forbids storing in shared caches (RFC 9111 §5.2.2, RFC 9213), or in nginx alone, which
/// `X-Accel-Expires: 0` does. An answer in its place must not be stored either.
fn is_private(headers: &HeaderMap) -> bool {
    let forbids = |name: &HeaderName, directive: &[u8]| {
        let directive =
            directive.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii();
        directive.eq_ignore_ascii_case(b"no-store")
            || directive.eq_ignore_ascii_case(b"private")
            || directive == b"0" && name == "x-accel-expires"
    };
    headers.iter().any(|(name, value)| {
        (*name == header::CACHE_CONTROL || is_targeted(name))
            && members(value.as_bytes()).any(|directive| forbids(name, directive))
    })
}
