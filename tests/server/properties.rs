//! Generated requests: nothing passes in clear, no `Location` leads astray, no clean request is
//! diagnosed. `PROPTEST_CASES` says how many.

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
fn nothing_in_clear_passes() {
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
    // A rule as users write them: a captured piece goes into another place.
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
    let good = (method(), path(), host(), 0..layers.len());
    run(good, 0.3, |(method, path, host, layer)| {
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
        // Where a host is no host, no browser asked.
        let base = url::Url::parse(&base);
        let base = base.unwrap_or_else(|_| "http://a.test/".parse().expect("a url"));
        let to = base.join(location).map_err(|e| TestCaseError::fail(e.to_string()))?;
        let to_host = to.host_str().unwrap_or_default().trim_end_matches('.');
        // A reference stays on the host that was asked for, whichever that was.
        let stays = location.starts_with('/') && to.host_str() == base.host_str();
        prop_assert!(stays || ours.contains(&to_host), "{} leads to {}", location, to);
        let plain = |b: u8| b.is_ascii_graphic() && !b"\\<>\"{}|^`".contains(&b);
        prop_assert!(location.bytes().all(plain), "{}", location);
        let note = String::from_utf8_lossy(&asked.body).into_owned();
        prop_assert!(!note.contains("javascript:") && note.matches('<').count() <= 7, "{}", note);
        Ok(true)
    });
}

#[test]
fn no_clean_request_is_diagnosed() {
    let told = Arc::new(AtomicUsize::new(0));
    let noted = told.clone();
    let layer =
        RedirectLayer::new(HttpsOnly::new()).trust(proxies()).on_diagnosis(move |diagnosis| {
            println!("{diagnosis}");
            noted.fetch_add(1, Ordering::SeqCst);
        });
    // A visitor in clear, one over TLS, one by way of the proxy.
    run((method(), path(), host(), 0..4_usize), 0.3, |(method, path, host, way)| {
        let fields = match way {
            2 => vec![("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "https")],
            3 => vec![("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "http")],
            _ => vec![],
        };
        // A browser that came in clear sends no `Sec-Fetch-*`.
        let is_clear = way == 0 || way == 3;
        let browser = if is_clear { vec![] } else { vec![("sec-fetch-mode", "navigate")] };
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
fn the_long_way_round_a_path_costs_no_more_than_its_length() {
    // 100 KB are more than `http::Uri` takes; 60 KB of escapes are not.
    let path = format!("/{}", "%2e/\\".repeat(12_000));
    let uri: Uri = path.parse().expect("short enough");
    let mut request = support::request("GET", "/", &[]);
    *request.uri_mut() = uri;
    let layer = RedirectLayer::new(HttpsOnly::new().exempt("/health").expect("valid"));
    let asked = ask_now(&layer, request);
    let location = asked.location().expect("moved");
    assert_eq!(location.len(), "https://a.test".len() + path.len() + 2 * 12_000);
}
