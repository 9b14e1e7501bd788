//! Cookies of a jar inside the follower.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_redirect::FollowRedirectsLayer;

use crate::support::{Answer, Script, redirection};

/// A jar that holds one cookie for each host.
type Jar = Arc<Mutex<HashMap<String, HeaderValue>>>;

async fn with_cookies(
    jar: Jar,
    script: Script,
    mut request: Request<Full<Bytes>>,
) -> Result<Answer, Infallible> {
    let host = request.uri().host().expect("a host").to_owned();
    if let Some(cookie) = jar.lock().expect("not poisoned").get(&host) {
        request.headers_mut().append(header::COOKIE, cookie.clone());
    }
    let response = script.oneshot(request).await?;
    if let Some(cookie) = response.headers().get(header::SET_COOKIE) {
        jar.lock().expect("not poisoned").insert(host, cookie.clone());
    }
    Ok(response)
}

fn setting(cookie: &'static str, location: &str) -> Answer {
    let mut answer = redirection(302, location);
    answer.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_static(cookie));
    answer
}

fn cookies(headers: &HeaderMap) -> Vec<&str> {
    let values = headers.get_all(header::COOKIE).iter();
    values.map(|value| value.to_str().expect("ASCII")).collect()
}

#[tokio::test]
async fn a_cookie_that_a_redirection_sets_is_sent_on_later_hops_to_its_host_alone() {
    let script = Script::new([
        setting("a=1", "/login"),
        setting("a=2", "http://b.test/"),
        setting("b=1", "http://a.test/done"),
    ]);
    let (jar, inner) = (Jar::default(), script.clone());
    let server = service_fn(move |request| with_cookies(jar.clone(), inner.clone(), request));
    let request = Request::get("http://a.test/").header("cookie", "callers").body(Full::default());
    let client = FollowRedirectsLayer::new().layer(server);
    client.oneshot(request.expect("valid")).await.expect("followed");
    let seen = script.seen();
    let sent: Vec<_> = seen.iter().map(|seen| cookies(&seen.headers)).collect();
    assert_eq!(sent, [vec!["callers"], vec!["callers", "a=1"], vec![], vec!["a=2"]]);
}
