//! Sets what a layer reports and to which hooks, and the hash of its configuration.

use super::layer::RedirectLayer;
use crate::diagnosis::Diagnosis;
use crate::event::{Answered, DiagnosisHook};

impl<P, D> RedirectLayer<P, D> {
    /// Calls `hook` with each answer that this layer gives in place of the inner service, or, with
    /// [`report_only`](Self::report_only), would have given. Answers of [quiet](crate::policy::Rule::quiet)
    /// rules are left out. Several hooks are called in the order given.
    ///
    /// A hook runs on the thread that serves the request, so it should only log or count.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    ///
    /// use http::{Request, Response};
    /// use http_body_util::Empty;
    /// use tower::{Layer, ServiceExt, service_fn};
    /// use tower_redirect::{RedirectLayer, Versioning};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let inner = service_fn(async |_: Request<Empty<bytes::Bytes>>| {
    ///     Ok::<_, std::convert::Infallible>(Response::new(Empty::<bytes::Bytes>::new()))
    /// });
    /// let lines = Arc::new(Mutex::new(Vec::new()));
    /// let log = lines.clone();
    /// let layer = RedirectLayer::new(Versioning::new("/api", "v2")?.retire("v1")?)
    ///     .on_answer(move |answered| log.lock().unwrap().push(answered.to_string()));
    /// for path in ["/api/v1/orders", "/api/v2/orders"] {
    ///     let request = Request::get(path).header("host", "a.test").body(Empty::new())?;
    ///     layer.layer(inner).oneshot(request).await?;
    /// }
    /// let line = "307 GET http://a.test/api/v1/orders, by versions: version v1 has moved";
    /// assert_eq!(*lines.lock().unwrap(), [line]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn on_answer(self, hook: impl Fn(&Answered<'_>) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.on_answer.push(hook))
    }

    /// Inserts an [`Answered`] into the extensions of each answer of this layer, for outer layers. See
    /// [`Answered::of`].
    pub fn insert_answered(self) -> Self {
        self.set(|settings| settings.insert_answered = true)
    }

    /// Puts the client's address into events: see [`Answered::client_ip`]. Without this call no event
    /// holds the address, because it is personal data in many countries. A diagnosis may name
    /// the peer with or without this call.
    pub fn report_client_ip(self) -> Self {
        self.set(|settings| settings.report_client_ip = true)
    }

    /// Sends every request to the inner service and leaves the response unchanged, to try a policy on the
    /// requests of a running server. Events report what the answer would have been, as
    /// [`AnswerKind::ReportOnly`].
    ///
    /// [`AnswerKind::ReportOnly`]: crate::server::AnswerKind::ReportOnly
    pub fn report_only(self) -> Self {
        self.set(|settings| settings.report_only = true)
    }

    /// Calls `hook` with each [`Diagnosis`], at most once for each cause and peer in a period of an hour,
    /// which begins with its first diagnosis. A second hook replaces the first.
    ///
    /// A hook runs on the thread that serves the request, so it should only log or count.
    pub fn on_diagnosis(self, hook: impl Fn(&Diagnosis) + Send + Sync + 'static) -> Self {
        self.set(|settings| settings.on_diagnosis = DiagnosisHook::new(hook))
    }

    /// Sets the hash by which a fleet is checked: nodes that serve the same configuration have the same hash.
    /// `Live` reports it in its status and metrics. `Config::build` sets it.
    ///
    /// ```
    /// use tower_redirect::{HttpsOnly, RedirectLayer};
    ///
    /// let layer = RedirectLayer::new(HttpsOnly::new());
    /// assert_eq!(layer.config_hash(), None);
    /// assert_eq!(layer.with_config_hash(7).config_hash(), Some(7));
    /// ```
    pub fn with_config_hash(self, hash: u64) -> Self {
        self.set(|settings| settings.config_hash = Some(hash))
    }

    /// Returns the hash of the configuration that the layer was built from, if it has one.
    pub fn config_hash(&self) -> Option<u64> {
        self.settings.config_hash
    }
}
