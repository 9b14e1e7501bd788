//! The decisions of callers about following: policies, and options of a request or of the layer.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_redirect::follow::{
    Action, Attempt, FollowOptions, FollowPolicy, RedirectContext, RedirectErrorKind, RedirectMode,
    SameOriginOnly, follow_fn,
};
use tower_redirect::{FollowError, FollowRedirectsLayer, MethodRewrite, RedirectHistory};

use crate::support::{self, Answer, Mark, Script, chain};

type Result<T> = std::result::Result<T, FollowError<std::convert::Infallible>>;

async fn follow<P: FollowPolicy>(
    layer: FollowRedirectsLayer<P>,
    script: &Script,
    request: Request<Full<Bytes>>,
) -> Result<Answer> {
    layer.layer(script.clone()).oneshot(request).await
}

fn get(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).expect("valid")
}

fn post(uri: &str) -> Request<Full<Bytes>> {
    Request::post(uri).body(Full::from("tea")).expect("valid")
}

fn with(options: FollowOptions) -> Request<Full<Bytes>> {
    let mut request = post("http://a.test/");
    request.extensions_mut().insert(options);
    request
}

fn kind(outcome: Result<Answer>) -> RedirectErrorKind {
    outcome.expect_err("not followed").redirect().expect("of ours").kind()
}

/// An example of the guide, for forms with a password.
#[tokio::test]
async fn a_body_can_be_kept_from_other_origins() {
    let layer = || {
        FollowRedirectsLayer::new().policy(SameOriginOnly.when(|attempt| attempt.resends_body()))
    };
    for location in ["http://b.test/", "https://a.test/", "http://a.test:8080/"] {
        let outcome = follow(layer(), &chain![307 location], post("http://a.test/")).await;
        assert_eq!(kind(outcome), RedirectErrorKind::Rejected, "{location}");
        for (status, request) in [(303, post("http://a.test/")), (307, get("http://a.test/"))] {
            let script = Script::new([support::redirection(status, location)]);
            follow(layer(), &script, request).await.expect("without a body");
            assert_eq!((script.seen().len(), script.seen()[1].body.len()), (2, 0), "{location}");
        }
    }
    let script = chain![307 "/form"];
    follow(layer(), &script, post("http://a.test/")).await.expect("the same origin");
    assert_eq!(script.seen()[1].body, "tea");
}

#[tokio::test]
async fn a_policy_sees_each_hop_and_decides() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let policy = follow_fn(move |attempt: &Attempt<'_>| {
        let line = format!(
            "{} {} {} -> {} {}, {} before, crosses {}, resends {}, {:?}",
            attempt.status().as_u16(),
            attempt.method(),
            attempt.uri(),
            attempt.next_method(),
            attempt.next_uri().expect("resolved"),
            attempt.history().len(),
            attempt.is_cross_origin(),
            attempt.resends_body(),
            attempt.headers().get("location"),
        );
        noted.lock().expect("not poisoned").push(line);
        let path = attempt.next_uri().map(|uri| uri.path());
        if path == Some("/stop") { Action::Stop } else { Action::Follow }
    });
    let script = chain![307 "http://b.test/x?a=b", 303 "/y", 302 "/stop"];
    let answer =
        follow(FollowRedirectsLayer::new().policy(policy), &script, post("http://a.test/"));
    let answer = answer.await.expect("stopped");
    assert_eq!(answer.status(), StatusCode::FOUND);
    assert_eq!(RedirectHistory::of(&answer).map(RedirectHistory::len), Some(2));
    assert_eq!(script.seen().len(), 3);
    assert_eq!(
        *seen.lock().expect("not poisoned"),
        [
            "307 POST http://a.test/ -> POST http://b.test/x?a=b, 0 before, crosses true, resends true, Some(\"http://b.test/x?a=b\")",
            "303 POST http://b.test/x?a=b -> GET http://b.test/y, 1 before, crosses false, resends false, Some(\"/y\")",
            "302 GET http://b.test/y -> GET http://b.test/stop, 2 before, crosses false, resends false, Some(\"/stop\")",
        ]
    );
}

#[tokio::test]
async fn the_safety_checks_come_after_the_policy() {
    let layer = FollowRedirectsLayer::new().policy(follow_fn(|_| Action::Follow));
    let outcome =
        follow(layer.clone(), &chain![302 "http://a.test/"], get("https://a.test/")).await;
    assert_eq!(kind(outcome), RedirectErrorKind::InsecureDowngrade);
    let outcome = follow(layer.clone().limit(0), &chain![302 "/b"], get("http://a.test/")).await;
    assert_eq!(kind(outcome), RedirectErrorKind::TooManyRedirects);
    let mut secret = get("http://a.test/");
    secret.headers_mut().insert("authorization", HeaderValue::from_static("secret"));
    let script = chain![302 "http://b.test/"];
    follow(layer, &script, secret).await.expect("followed");
    assert!(!script.seen()[1].headers.contains_key("authorization"));

    let rejects = FollowRedirectsLayer::new().policy(follow_fn(|_| Action::Reject));
    let outcome = follow(rejects, &chain![302 "http://a.test/"], get("https://a.test/?t=1")).await;
    let error = outcome.expect_err("rejected");
    let error = error.redirect().expect("of ours");
    assert!(error.is_rejected());
    let text = "302 from https://a.test/?t=… is not to be followed to http://a.test/";
    assert_eq!(error.to_string(), text);
}

#[tokio::test]
async fn policies_are_combined_and_shared() {
    let boxed: Box<dyn FollowPolicy> = Box::new(SameOriginOnly);
    let once = follow_fn(|attempt: &Attempt<'_>| match attempt.history().len() {
        0 => Action::Follow,
        _ => Action::Stop,
    });
    let policy = (boxed, Arc::new(once));
    let layer = FollowRedirectsLayer::new().policy(policy);
    let script = chain![302 "/b", 302 "/c"];
    let answer = follow(layer.clone(), &script, get("http://a.test/")).await.expect("stopped");
    assert_eq!((answer.status().as_u16(), script.seen().len()), (302, 2));
    let outcome = follow(layer, &chain![302 "http://a.test:81/"], get("http://a.test/")).await;
    assert_eq!(kind(outcome), RedirectErrorKind::Rejected);
}

#[tokio::test]
async fn the_options_of_a_request_override_those_of_the_layer() {
    // The options are removed before the request is sent.
    let checked = |script: &Script| {
        let script = script.clone();
        service_fn(move |request: Request<Full<Bytes>>| {
            assert!(request.extensions().get::<FollowOptions>().is_none());
            script.clone().call(request)
        })
    };
    let layer = FollowRedirectsLayer::new();
    let ask = async |script: &Script, layer: FollowRedirectsLayer, options| {
        layer.layer(checked(script)).oneshot(with(options)).await
    };
    let script = chain![307 "/b", 307 "/c"];
    let answer =
        ask(&script, layer.clone(), FollowOptions::do_not_follow()).await.expect("as it is");
    assert_eq!((answer.status().as_u16(), script.seen().len()), (307, 1));
    assert!(RedirectHistory::of(&answer).is_none());

    let outcome =
        ask(&chain![307 "/b"], layer.clone(), FollowOptions::new().mode(RedirectMode::Error)).await;
    assert_eq!(kind(outcome), RedirectErrorKind::Rejected);
    let outcome =
        ask(&chain![200 "/b"], layer.clone(), FollowOptions::new().mode(RedirectMode::Error)).await;
    assert_eq!(outcome.expect("no redirection").status(), StatusCode::OK);

    let outcome =
        ask(&chain![307 "/b", 307 "/c"], layer.clone(), FollowOptions::new().limit(1)).await;
    assert_eq!(kind(outcome), RedirectErrorKind::TooManyRedirects);
    let outcome =
        ask(&chain![307 "/b"], layer.clone().limit(0), FollowOptions::new().limit(1)).await;
    assert_eq!(outcome.expect("followed").status(), StatusCode::OK);

    let manual = layer.clone().mode(RedirectMode::Manual);
    let outcome = ask(&chain![307 "/b"], manual.clone(), FollowOptions::new()).await;
    assert_eq!(outcome.expect("as it is").status().as_u16(), 307);
    let outcome =
        ask(&chain![307 "/b"], manual, FollowOptions::new().mode(RedirectMode::Follow)).await;
    assert_eq!(outcome.expect("followed").status(), StatusCode::OK);
}

#[tokio::test]
async fn fragments_are_inherited_and_reported() {
    let fragment = async |first: Option<&str>, script: Script| {
        let options = FollowOptions::new();
        let options = first.map_or(options.clone(), |first| options.fragment(first));
        let answer =
            follow(FollowRedirectsLayer::new(), &script, with(options)).await.expect("followed");
        let history = RedirectHistory::of(&answer).expect("redirected");
        assert!(!format!("{history} {history:?}").contains("frag"), "it may be a token");
        history.fragment().map(str::to_owned)
    };
    assert_eq!(fragment(None, chain![307 "/b"]).await, None);
    assert_eq!(fragment(Some("frag"), chain![307 "/b"]).await.as_deref(), Some("frag"));
    assert_eq!(
        fragment(Some("frag"), chain![307 "/b#frag2", 307 "/c"]).await.as_deref(),
        Some("frag2")
    );
    assert_eq!(
        fragment(None, chain![307 "/b#frag 2", 307 "http://b.test"]).await.as_deref(),
        Some("frag%202")
    );
    assert_eq!(fragment(Some("frag"), chain![307 "/b#"]).await.as_deref(), Some(""));
    assert!(!format!("{:?}", FollowOptions::new().fragment("frag")).contains("\"frag\""));
}

fn secrets(uri: &str) -> Request<Full<Bytes>> {
    let mut request = get(uri);
    for name in ["authorization", "x-api-key", "x-amz-token", "x-other"] {
        request.headers_mut().insert(name, HeaderValue::from_static("secret"));
    }
    request.extensions_mut().insert(Mark);
    request.extensions_mut().insert(7_u32);
    request
}

/// The names of the headers on the last request, and whether it had the extension.
async fn carried(layer: FollowRedirectsLayer, from: &str, script: Script) -> (Vec<String>, bool) {
    follow(layer, &script, secrets(from)).await.expect("followed");
    let last = script.seen().pop().expect("asked");
    (last.headers.keys().map(ToString::to_string).collect(), last.marked)
}

#[tokio::test]
async fn more_fields_can_be_credentials() {
    let layer = FollowRedirectsLayer::new()
        .sensitive_headers([HeaderName::from_static("x-api-key")])
        .sensitive_prefix("X-Amz-")
        .expect("valid");
    let (kept, marked) =
        carried(layer.clone(), "http://a.test/", chain![302 "http://b.test/"]).await;
    assert_eq!((kept, marked), (vec!["x-other".to_owned()], false));
    let (kept, marked) = carried(layer, "http://a.test/", chain![302 "/b"]).await;
    assert_eq!((kept.len(), marked), (4, true));
    for prefix in ["", "x amz", "x:"] {
        let error = FollowRedirectsLayer::new().sensitive_prefix(prefix).expect_err(prefix);
        assert_eq!(
            error.to_string(),
            format!("invalid header name {prefix:?}: empty, or not the beginning of a header name")
        );
    }
}

#[tokio::test]
async fn origins_can_trust_each_other() {
    let origins = ["http://a.test", "http://b.test:8080", "https://a.test", "http://[::1]:80"];
    let layer = FollowRedirectsLayer::new().trust_origins(origins).expect("valid");
    for (from, location, trusted) in [
        ("http://a.test/", "http://B.test:8080/", true),
        ("http://a.test:80/", "https://a.test/", true),
        ("http://a.test/", "http://[0:0::1]/", true),
        ("http://a.test/", "http://b.test/", false),
        ("http://a.test/", "http://a.test:81/", false),
        ("http://c.test/", "http://a.test/", false),
    ] {
        let script = Script::new([support::redirection(302, location)]);
        let (kept, marked) = carried(layer.clone(), from, script).await;
        let case = format!("{from} {location}");
        assert_eq!(
            (kept.contains(&"authorization".to_owned()), marked),
            (trusted, trusted),
            "{case}"
        );
    }
    for origin in [
        "https://*",
        "https://*.",
        "https://*.127.0.0.1",
        "https://a.*.test",
        "https://*a.test",
        "https://*.*.a.test",
        "https://*.a.test/x",
        "https://*.u@a.test",
        "https://*.a.test.",
        "*.a.test",
    ] {
        let error = FollowRedirectsLayer::new().trust_origins([origin]).expect_err(origin);
        assert_eq!(error.value(), origin);
    }
    // From https to http, credentials are dropped even between trusted origins.
    let downgrade = layer.clone().allow_https_to_http();
    let (kept, _) = carried(downgrade, "https://a.test/", chain![302 "http://a.test/"]).await;
    assert!(!kept.contains(&"authorization".to_owned()));
    // After a hop to an origin that is not trusted, they do not come back.
    let script = chain![302 "http://c.test/", 302 "http://a.test/"];
    let (kept, _) = carried(layer, "http://a.test/", script).await;
    assert!(!kept.contains(&"authorization".to_owned()));
    let mut request = secrets("http://a.test/");
    let options = FollowOptions::new().trust_origins(["http://a.test", "http://d.test"]);
    request.extensions_mut().insert(options.expect("valid"));
    let script = chain![302 "http://d.test/"];
    follow(FollowRedirectsLayer::new(), &script, request).await.expect("followed");
    assert!(script.seen()[1].headers.contains_key("authorization"));
    for origin in
        ["", "a.test", "http://a.test/x", "http://u@a.test", "ftp://a.test", "http://a.test?"]
    {
        assert!(FollowRedirectsLayer::new().trust_origins([origin]).is_err(), "{origin}");
    }
}

#[tokio::test]
async fn all_hosts_below_a_domain_can_be_trusted() {
    let origins = ["https://*.a.test", "https://a.test", "http://*.b.test:8080"];
    let layer = FollowRedirectsLayer::new().trust_origins(origins).expect("valid");
    for (from, location, trusted) in [
        ("https://x.a.test/", "https://a.test/", true),
        ("https://a.test/", "https://y.x.A.test:443/", true),
        ("https://x.a.test/", "https://y.a.test/", true),
        ("http://x.b.test:8080/", "https://x.a.test/", true),
        ("https://x.a.test/", "https://xa.test/", false),
        ("https://x.a.test/", "https://x.a.test.evil.test/", false),
        ("https://x.a.test/", "https://x.a.test./", false),
        ("https://x.a.test/", "https://x.a.test:8443/", false),
        ("http://x.a.test/", "https://x.a.test/", false),
        ("https://a.test/", "http://x.b.test/", false),
        ("http://x.b.test:8080/", "http://b.test:8080/", false),
    ] {
        let script = Script::new([support::redirection(302, location)]);
        let layer = layer.clone().allow_https_to_http();
        let (kept, marked) = carried(layer, from, script).await;
        let kept = kept.contains(&"authorization".to_owned());
        assert_eq!((kept, marked), (trusted, trusted), "{from} {location}");
    }
}

#[tokio::test]
async fn a_predicate_can_decide_which_origins_are_trusted() {
    let same_host = |old: &http::Uri, new: &http::Uri| old.host() == new.host();
    let layer = FollowRedirectsLayer::new().trust_origins_when(same_host).allow_https_to_http();
    for (from, location, trusted) in [
        ("http://a.test/", "http://a.test:81/", true),
        ("http://a.test/", "https://a.test:8443/", true),
        ("http://a.test/", "http://b.test/", false),
        ("https://a.test/", "http://a.test/", false),
    ] {
        let script = Script::new([support::redirection(302, location)]);
        let (kept, marked) = carried(layer.clone(), from, script).await;
        let kept = kept.contains(&"authorization".to_owned());
        assert_eq!((kept, marked), (trusted, trusted), "{from} {location}");
    }
}

#[tokio::test]
async fn an_upgrade_of_one_host_can_keep_credentials() {
    let layer = || FollowRedirectsLayer::new().keep_credentials_on_https_upgrade();
    for (from, location, kept) in [
        ("http://a.test/", "https://a.test/b", true),
        ("http://A.test:80/", "https://a.test:443/b", true),
        ("http://a.test/", "https://b.test/b", false),
        ("http://a.test:8080/", "https://a.test:8443/b", false),
        ("http://a.test:8080/", "https://a.test/b", false),
        ("http://a.test/", "https://a.test:8443/b", false),
        ("http://a.test/", "http://a.test:81/b", false),
    ] {
        let script = Script::new([support::redirection(302, location)]);
        let seen = carried(layer(), from, script).await.0.contains(&"authorization".to_owned());
        assert_eq!(seen, kept, "{from} {location}");
        let script = Script::new([support::redirection(302, location)]);
        let seen = carried(FollowRedirectsLayer::new(), from, script).await.0;
        assert!(!seen.contains(&"authorization".to_owned()), "not by default: {from} {location}");
    }
}

#[tokio::test]
async fn an_extension_of_a_kept_type_crosses_origins() {
    let numbers = Arc::new(Mutex::new(Vec::new()));
    let noted = numbers.clone();
    let script = chain![302 "/b", 302 "http://b.test/", 302 "http://a.test/"];
    let inner = service_fn({
        let script = script.clone();
        move |request: Request<Full<Bytes>>| {
            let extensions = request.extensions();
            let seen = (extensions.get::<u32>().copied(), extensions.get::<Mark>().is_some());
            noted.lock().expect("not poisoned").push(seen);
            script.clone().call(request)
        }
    });
    let client = FollowRedirectsLayer::new().keep_extension::<u32>().layer(inner);
    client.oneshot(secrets("http://a.test/")).await.expect("followed");
    let seven = Some(7);
    assert_eq!(
        *numbers.lock().expect("not poisoned"),
        [(seven, true), (seven, true), (seven, false), (seven, false)]
    );
}

#[tokio::test]
async fn an_inner_layer_sees_the_context_of_each_hop() {
    let contexts = Arc::new(Mutex::new(Vec::new()));
    let noted = contexts.clone();
    let script = chain![302 "/b", 302 "http://b.test/?t=secret", 302 "http://a.test/"];
    let inner = service_fn({
        let script = script.clone();
        move |mut request: Request<Full<Bytes>>| {
            let context = RedirectContext::of(request.extensions()).cloned();
            noted.lock().expect("not poisoned").push(
                context
                    .as_ref()
                    .map(|c| (c.hop(), c.first_uri().to_string(), c.has_left_trusted_origins())),
            );
            if !context.is_some_and(|context| context.has_left_trusted_origins()) {
                let secret = HeaderValue::from_static("secret");
                request.headers_mut().insert("authorization", secret);
            }
            script.clone().call(request)
        }
    });
    let client = FollowRedirectsLayer::new().layer(inner);
    client.oneshot(get("http://a.test/?q")).await.expect("followed");
    let first = || "http://a.test/?q".to_owned();
    assert_eq!(
        *contexts.lock().expect("not poisoned"),
        [None, Some((1, first(), false)), Some((2, first(), true)), Some((3, first(), true))]
    );
    let signed: Vec<_> =
        script.seen().iter().map(|seen| seen.headers.contains_key("authorization")).collect();
    assert_eq!(signed, [true, true, false, false]);
}

#[tokio::test]
async fn each_preset_rewrites_methods_in_its_way() {
    let rewritten = |status, preset, keeps: &[u16]| {
        let statuses = keeps.iter().map(|s| StatusCode::from_u16(*s).expect("a status"));
        let layer = FollowRedirectsLayer::new().method_rewrite(preset).keep_method_on(statuses);
        async move {
            let mut outcomes = Vec::new();
            for method in ["GET", "HEAD", "POST", "PUT", "DELETE"] {
                let script = Script::new([support::redirection(status, "/b")]);
                let request = Request::builder().method(method).uri("http://a.test/");
                let request = request.header("content-type", "a/b").body(Full::from("tea"));
                follow(layer.clone(), &script, request.expect("valid")).await.expect("followed");
                let seen = script.seen().pop().expect("asked");
                let kept = seen.headers.contains_key("content-type");
                assert_eq!(kept, !seen.body.is_empty(), "{status} {method}");
                outcomes.push(format!("{}{}", seen.method, if kept { "+" } else { "" }));
            }
            outcomes.join(" ")
        }
    };
    let (to_get, fetch) = (MethodRewrite::AllToGet, MethodRewrite::Fetch);
    for status in [301, 302, 303] {
        assert_eq!(rewritten(status, to_get, &[]).await, "GET HEAD GET GET GET", "{status}");
    }
    for status in [307, 308] {
        assert_eq!(
            rewritten(status, to_get, &[]).await,
            "GET+ HEAD+ POST+ PUT+ DELETE+",
            "{status}"
        );
    }
    assert_eq!(rewritten(303, fetch, &[]).await, "GET+ HEAD+ GET GET GET");
    assert_eq!(rewritten(302, MethodRewrite::Cautious, &[]).await, "GET+ HEAD+ GET GET GET");
    // WebDAV.
    assert_eq!(
        rewritten(302, MethodRewrite::Cautious, &[301, 302]).await,
        "GET+ HEAD+ POST+ PUT+ DELETE+"
    );
    assert_eq!(rewritten(303, MethodRewrite::Cautious, &[301, 302]).await, "GET HEAD GET GET GET");
}

#[tokio::test]
async fn loops_can_end_early() {
    let layer = || FollowRedirectsLayer::new().error_on_loop();
    let outcome =
        follow(layer(), &chain![302 "/b", 302 "/a", 302 "/b"], get("http://a.test/a")).await;
    let error = outcome.expect_err("a loop");
    let error = error.redirect().expect("of ours");
    assert!(error.is_loop());
    assert_eq!(error.to_string(), "302 from http://a.test/b leads back to http://a.test/a");
    assert_eq!(error.history().len(), 1);
    // Post, then get: the same URL is another request.
    let script = chain![303 "/a"];
    follow(layer(), &script, post("http://a.test/a")).await.expect("another method");
    // Login elsewhere and back: without credentials it is another request.
    let script = chain![302 "http://b.test/login", 302 "http://a.test/a"];
    follow(layer(), &script, secrets("http://a.test/a")).await.expect("fewer fields");
    let outcome = follow(layer(), &chain![307 "/a"], post("http://a.test/a")).await;
    assert_eq!(kind(outcome), RedirectErrorKind::Loop);
    // Without `error_on_loop` only the limit ends a loop, and the error names the URLs that repeat.
    let script = Script::new((0..11).map(|_| support::redirection(302, "/a")));
    let error = follow(FollowRedirectsLayer::new(), &script, get("http://a.test/a")).await;
    let text = error.expect_err("too many").redirect().expect("of ours").to_string();
    assert_eq!(
        text,
        "stopped after 10 redirections (`.limit(n)`) at http://a.test/a; repeating: http://a.test/a"
    );
}

#[tokio::test]
async fn upgrades_and_connect_are_not_followed_whatever_the_policy_decides() {
    let layer = FollowRedirectsLayer::new().policy(follow_fn(|_| Action::Follow));
    let mut upgrade = get("http://a.test/");
    upgrade.headers_mut().insert("upgrade", HeaderValue::from_static("websocket"));
    let outcome = follow(layer.clone(), &chain![307 "/b"], upgrade).await;
    assert_eq!(kind(outcome), RedirectErrorKind::NotFollowable);
    let mut connect = get("a.test:443");
    *connect.method_mut() = Method::CONNECT;
    assert!(follow(layer, &chain![307 "http://b.test/"], connect).await.is_err());
}
