//! Generated requests: no plain request passes, no `Location` leads astray, and no request of a correct
//! setup is diagnosed. `PROPTEST_CASES` sets their number.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::{Uri, Version};
use proptest::prelude::*;
use tower_redirect::trust::Peer;
use tower_redirect::{
    CanonicalHost, HttpsOnly, Maintenance, MaintenanceSwitch, RedirectLayer, RedirectPolicy,
    Redirection, RequestHead, Transport, Trust, Versioning, policy_fn,
};

use crate::generated::{Sent, host, method, path, proxies, sent};
use crate::support::property::run;
use crate::support::{self, ask_now};

#[test]
fn no_plain_request_passes() {
    let layers = [
        RedirectLayer::new(HttpsOnly::new()),
        RedirectLayer::new(HttpsOnly::new()).hosts(["a.test", "*.b.test"]).expect("valid"),
        RedirectLayer::new(HttpsOnly::new()).trust(proxies()),
        RedirectLayer::new(HttpsOnly::new())
            .trust(Trust::proxies(["10.0.0.0/8"]).expect("valid").forwarded()),
    ];
    run((sent(), 0..layers.len()), 0.3, |(sent, layer)| {
        let Some(mut request) = sent.request() else { return Ok(false) };
        request.extensions_mut().insert(Peer::Ip([127, 0, 0, 1].into()));
        let path = request.uri().path().to_owned();
        let exempt = matches!(sent.method, "GET" | "HEAD")
            && path.starts_with("/.well-known/acme-challenge")
            && !["//", "..", "%2", "%5", "\\"].iter().any(|odd| path.to_lowercase().contains(odd));
        let valid = RequestHead::from(&request).authority().is_some();
        let asked = ask_now(&layers[layer], request);
        if !exempt {
            prop_assert_eq!(asked.calls, 0, "{:?}", asked);
            let status = asked.status.as_u16();
            prop_assert!(matches!(status, 307 | 400 | 403 | 421), "{}", status);
            prop_assert_eq!(status == 307, asked.location().is_some());
        }
        Ok(valid)
    });
}

#[test]
fn no_location_leads_astray() {
    let www =
        CanonicalHost::new("www.a.test").and_then(|www| www.aliases(["old.test"])).expect("valid");
    let versions =
        |prefix| Versioning::new(prefix, "v2").and_then(|v| v.retire("v1")).expect("valid");
    let switch = MaintenanceSwitch::new();
    switch.on();
    let standby = Maintenance::new(switch.clone()).standby("https://standby.test").expect("valid");
    // A rule as users write it: the rest of the path becomes the new path.
    let echo = policy_fn(|head: &RequestHead<'_>| {
        let rest = head.path().strip_prefix("/api")?;
        Some(Redirection::new().path(rest))
    });
    let policies: Vec<Arc<dyn RedirectPolicy>> = vec![
        Arc::new(HttpsOnly::new()),
        Arc::new((HttpsOnly::new().port(8443), www.clone(), versions("/api"))),
        Arc::new(versions("/")),
        Arc::new((versions("/api"), echo)),
        Arc::new((www, standby)),
        Arc::new(Maintenance::new(switch).page("/page").expect("valid")),
    ];
    let layers: Vec<_> = policies
        .into_iter()
        .map(|policy| {
            let layer = RedirectLayer::new(policy).html_body();
            layer.hosts(["a.test", "*.a.test", "*.b.test", "old.test"]).expect("valid")
        })
        .collect();
    let ours = ["a.test", "www.a.test", "x.b.test", "old.test", "standby.test"];
    let requests = (method(), path(), host(), 0..layers.len());
    run(requests, 0.3, |(method, path, host, layer)| {
        let sent = Sent {
            method,
            target: path,
            version: Version::HTTP_11,
            hosts: vec![host],
            fields: vec![("sec-fetch-mode", "navigate")],
        };
        let Some(request) = sent.request() else { return Ok(false) };
        let asked = ask_now(&layers[layer], request);
        let Some(location) = asked.location() else { return Ok(false) };
        let base = format!("http://{}{}", sent.hosts[0], sent.target);
        // No browser sends a malformed host, so any base will do.
        let base = url::Url::parse(&base);
        let base = base.unwrap_or_else(|_| "http://a.test/".parse().expect("a url"));
        let to = base.join(location).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let to_host = to.host_str().unwrap_or_default().trim_end_matches('.');
        // A relative `Location` stays on the host of the request, whichever it is.
        let stays = location.starts_with('/') && to.host_str() == base.host_str();
        prop_assert!(stays || ours.contains(&to_host), "{} leads to {}", location, to);
        let plain = |b: u8| b.is_ascii_graphic() && !b"\\<>\"{}|^`".contains(&b);
        prop_assert!(location.bytes().all(plain), "{}", location);
        let html = String::from_utf8_lossy(&asked.body).into_owned();
        prop_assert!(!html.contains("javascript:") && html.matches('<').count() <= 7, "{}", html);
        Ok(true)
    });
}

#[test]
fn no_request_of_a_correct_setup_is_diagnosed() {
    let told = Arc::new(AtomicUsize::new(0));
    let noted = told.clone();
    let layer =
        RedirectLayer::new(HttpsOnly::new()).trust(proxies()).on_diagnosis(move |diagnosis| {
            println!("{diagnosis}");
            noted.fetch_add(1, Ordering::SeqCst);
        });
    // A visitor over http, one over TLS, and two through the proxy: over https and over http.
    run((method(), path(), host(), 0..4_usize), 0.3, |(method, path, host, way)| {
        let fields = match way {
            2 => vec![("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "https")],
            3 => vec![("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "http")],
            _ => vec![],
        };
        // A browser sends no `Sec-Fetch-*` over plain http.
        let is_plain = way == 0 || way == 3;
        let browser = if is_plain { vec![] } else { vec![("sec-fetch-mode", "navigate")] };
        let fields = [fields, browser].concat();
        let sent =
            Sent { method, target: path, version: Version::HTTP_11, hosts: vec![host], fields };
        let Some(mut request) = sent.request() else { return Ok(false) };
        let peer = if way >= 2 { [10, 0, 0, 1] } else { [1, 1, 1, 1] };
        request.extensions_mut().insert(Peer::Ip(peer.into()));
        if way == 1 {
            request.extensions_mut().insert(Transport::Secure);
        }
        let asked = ask_now(&layer, request);
        prop_assert_eq!(told.load(Ordering::SeqCst), 0);
        Ok(asked.status != 400)
    });
}

#[test]
fn a_long_path_grows_only_by_the_encoding_of_its_backslashes() {
    // 60 KB of escapes; `http::Uri` takes at most 64 KB.
    let path = format!("/{}", "%2e/\\".repeat(12_000));
    let uri: Uri = path.parse().expect("short enough");
    let mut request = support::request("GET", "/", &[]);
    *request.uri_mut() = uri;
    let layer = RedirectLayer::new(HttpsOnly::new().exempt("/health").expect("valid"));
    let asked = ask_now(&layer, request);
    let location = asked.location().expect("moved");
    assert_eq!(location.len(), "https://a.test".len() + path.len() + 2 * 12_000);
}
