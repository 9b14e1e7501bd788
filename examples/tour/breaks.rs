//! `--break <step>`: a wrong redirect in front of the servers, so that this step fails.

use axum::Router;
use tower_redirect::{ConfigError, RedirectLayer, Redirection, policy_fn};

/// Redirects the path of a step wrongly, before the server's own policies see the request.
pub fn break_step(app: Router, step: &str) -> Result<Router, ConfigError> {
    let (path, wrong) = match step {
        // A 302, which many frameworks send: the order becomes a GET.
        "order" => ("/api/v1/orders", found("/api/v2/orders")?),
        "stream" => ("/api/v1/uploads", Redirection::to("/api/v2/uploads")?.see_other()),
        // A 303 instead of a 307: the form is not sent again.
        "methods" => ("/form/307", Redirection::to("/form/done")?.see_other()),
        // Programs are sent to the page that is meant for people.
        "maintenance" => ("/", found("/maintenance.html")?),
        // The same origin instead of another one, so that the credentials are sent along.
        "credentials" => ("/cross", Redirection::to("/echo")?),
        // The loop ends.
        "refusals" => ("/loop/b", found("/form/done")?),
        // The first redirection is a 307, which no client may remember.
        "permanent" => ("/echo", Redirection::to("/form/done")?),
        // A 303: the order becomes a GET.
        "rules" => ("/old", Redirection::to("/api/v2/orders")?.see_other()),
        _ => return Ok(app),
    };
    let policy = policy_fn(move |head| (head.path() == path).then(|| wrong.clone()));
    Ok(app.layer(RedirectLayer::new(policy).drain_timer(tokio::time::sleep)))
}

fn found(to: &str) -> Result<Redirection, ConfigError> {
    Ok(Redirection::to(to)?.found().rewriting_methods())
}
