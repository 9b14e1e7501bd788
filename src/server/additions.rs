use http::HeaderMap;

use super::answer::forbid_storing;
use crate::policy::Annotation;
use crate::response::append_headers;

/// What the inner service's response gets.
pub(super) struct Additions {
    /// Appended, whatever the response has: those of
    /// [`Decision::PassWithHeaders`](crate::Decision::PassWithHeaders). Most passes have none, and no
    /// map is made for them.
    pub(super) headers: Option<HeaderMap>,
    /// Added where the response does not have them.
    pub(super) annotation: Option<Annotation>,
    pub(super) no_store: bool,
}

impl Additions {
    /// What an answer of the layer gets, too: not what a policy said of a request that is served.
    pub(super) fn without_headers(self) -> Self {
        Self { headers: None, ..self }
    }

    pub(super) fn add_to(self, response: &mut HeaderMap) {
        if let Some(headers) = self.headers {
            append_headers(response, headers);
        }
        if let Some(annotation) = self.annotation {
            annotation.add_to(response);
        }
        // Last, so that no header that was added allows it again.
        if self.no_store {
            forbid_storing(response);
        }
    }
}
