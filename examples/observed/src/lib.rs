//! A server whose redirections are counted, and layers that give a client a span for each attempt.

mod call;
pub mod spans;

use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::PrometheusHandle;
use tower_redirect::policy::Rules;
use tower_redirect::{Live, RedirectLayer};

/// The layer of a table of rules.
pub fn layer(rules: Rules) -> RedirectLayer<Rules> {
    RedirectLayer::new(rules).drain_timer(tokio::time::sleep)
}

/// The application, and beside it the metrics, which are not redirected.
pub fn app(live: &Live<Rules>, metrics: PrometheusHandle) -> Router {
    let shop = Router::new().fallback(get(async || "the shop")).layer(live.clone());
    Router::new().route("/metrics", get(async move || metrics.render())).fallback_service(shop)
}
