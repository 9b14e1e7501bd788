//! The targets that a guard allows and refuses.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderValue, Request, Uri, header};
use http_body_util::Full;
use tower::limit::ConcurrencyLimitLayer;
use tower::{Service, ServiceBuilder, ServiceExt};
use tower_redirect::follow::guard::TargetGuard;
use tower_redirect::follow::hsts::HstsStore;
use tower_redirect::{Action, FollowRedirectsLayer, follow_fn};

use crate::support::{Script, chain};

fn allows(guard: &TargetGuard, text: &str) -> bool {
    text.parse::<Uri>().is_ok_and(|uri| guard.allows(&uri))
}

/// Ranges of IANA's IPv4 and IPv6 special-purpose address registries, each with its first and its last address,
/// and whether they are globally reachable.
#[test]
fn only_globally_reachable_addresses_are_allowed() {
    let guard = TargetGuard::new();
    for (first, last, global) in [
        ("0.0.0.0", "0.255.255.255", false),
        ("1.0.0.0", "9.255.255.255", true),
        ("10.0.0.0", "10.255.255.255", false),
        ("100.63.255.255", "11.0.0.0", true),
        ("100.64.0.0", "100.127.255.255", false),
        ("100.128.0.0", "126.255.255.255", true),
        ("127.0.0.0", "127.255.255.255", false),
        ("169.254.0.0", "169.254.255.255", false),
        ("172.15.255.255", "172.32.0.0", true),
        ("172.16.0.0", "172.31.255.255", false),
        ("192.0.0.0", "192.0.0.8", false),
        ("192.0.0.9", "192.0.0.10", true),
        ("192.0.0.11", "192.0.0.255", false),
        ("192.0.2.0", "192.0.2.255", false),
        ("192.31.196.0", "192.31.196.255", true),
        ("192.52.193.0", "192.52.193.255", true),
        ("192.88.99.0", "192.88.99.255", false),
        ("192.168.0.0", "192.168.255.255", false),
        ("192.175.48.0", "192.175.48.255", true),
        ("198.17.255.255", "198.20.0.0", true),
        ("198.18.0.0", "198.19.255.255", false),
        ("198.51.100.0", "198.51.100.255", false),
        ("203.0.113.0", "203.0.113.255", false),
        ("223.255.255.255", "8.8.8.8", true),
        ("224.0.0.0", "239.255.255.255", false),
        ("240.0.0.0", "255.255.255.255", false),
        ("::", "::1", false),
        ("::2", "::fffe:ffff:ffff", false),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", false),
        ("100::", "100::ffff:ffff:ffff:ffff", false),
        ("100:0:0:1::", "100:0:0:1:ffff:ffff:ffff:ffff", false),
        ("2001:1::1", "2001:1::3", true),
        ("2001:1::4", "2001:2::ffff:ffff", false),
        ("2001:3::", "2001:3:ffff:ffff::", true),
        ("2001:4:112::", "2001:4:112:ffff::", true),
        ("2001:10::", "2001:1f:ffff::", false),
        ("2001:20::", "2001:2f:ffff::", true),
        ("2001:30::", "2001:3f:ffff::", true),
        ("2001:40::", "2001:1ff:ffff::", false),
        ("2001:200::", "2001:db7:ffff::", true),
        ("2001:db8::", "2001:db8:ffff::", false),
        ("2620:4f:8000::", "2620:4f:8000:ffff::", true),
        ("2a00::1", "2606:4700::1111", true),
        ("3ffe:ffff::", "3fff:1000::", true),
        ("3fff::", "3fff:fff:ffff::", false),
        ("5f00::", "5f00:ffff::", false),
        ("4000::", "1fff::", false),
        ("fc00::", "fdff:ffff::", false),
        ("fe80::", "febf:ffff::", false),
        ("fec0::", "feff:ffff::", false),
        ("ff00::", "ffff::", false),
    ] {
        for text in [first, last] {
            let address: IpAddr = text.parse().expect(text);
            assert_eq!(guard.allows_address(address), global, "{text}");
        }
    }
}

#[test]
fn an_embedded_ipv4_address_is_the_one_that_is_checked() {
    let guard = TargetGuard::new().nat64_prefix("2001:db8:64::/96").expect("valid");
    for (text, allowed) in [
        ("::ffff:127.0.0.1", false),
        ("::ffff:8.8.8.8", true),
        ("64:ff9b::10.0.0.1", false),
        ("64:ff9b::8.8.8.8", true),
        ("2001:db8:64::192.168.0.1", false),
        ("2001:db8:64::8.8.8.8", true),
        ("2001:db8:64:0:0:1:808:808", false),
        ("2002:7f00:1::1", false),
        ("2002:808:808::1", true),
        ("2002:a00:1::", false),
        // ISATAP.
        ("2606:4700::5efe:a00:1", false),
        ("2606:4700::200:5efe:127.0.0.1", false),
        ("2606:4700::200:5efe:808:808", true),
        ("2001:db8::5efe:808:808", false),
        // Teredo holds the client's address inverted.
        ("2001:0:808:808::80ff:fffe", false),
        ("2001:0:808:808::f7f7:f7f7", true),
        ("::8.8.8.8", false),
    ] {
        assert_eq!(guard.allows_address(text.parse().expect(text)), allowed, "{text}");
    }
    for prefix in ["2001:db8::/63", "2001:db8::1/96", "2001:db8::/104", "10.0.0.0/96", "x", ""] {
        assert!(TargetGuard::new().nat64_prefix(prefix).is_err(), "{prefix}");
    }
}

/// The examples of RFC 6052 §2.4, where 192.0.2.33 is the address inside.
#[test]
fn nat64_prefixes_of_all_lengths_are_understood() {
    for (prefix, inside, another) in [
        ("2001:db8::/32", "2001:db8:c000:221::", "2001:db8:c000:222::"),
        ("2001:db8:100::/40", "2001:db8:1c0:2:21::", "2001:db8:1c0:2:22::"),
        ("2001:db8:122::/48", "2001:db8:122:c000:2:2100::", "2001:db8:122:c000:2:2200::"),
        ("2001:db8:122:300::/56", "2001:db8:122:3c0:0:221::", "2001:db8:122:3c0:0:222::"),
        ("2001:db8:122:344::/64", "2001:db8:122:344:c0:2:2100::", "2001:db8:122:344:c0:2:2200::"),
        ("2001:db8:122:344::/96", "2001:db8:122:344::192.0.2.33", "2001:db8:122:344::192.0.2.34"),
    ] {
        let guard =
            TargetGuard::new().nat64_prefix(prefix).and_then(|guard| guard.allow(["192.0.2.33"]));
        let guard = guard.expect("valid");
        assert!(guard.allows_address(inside.parse().expect(inside)), "{inside}");
        assert!(!guard.allows_address(another.parse().expect(another)), "{another}");
        let guard = TargetGuard::new().nat64_prefix(prefix).expect("valid");
        assert!(!guard.allows_address(inside.parse().expect(inside)), "{inside}: not reachable");
    }
}

#[test]
fn an_address_is_refused_in_every_spelling() {
    let guard = TargetGuard::new();
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "0177.1",
        "017700000001",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "%31%32%37.0.0.1",
        "%6c%6fcalhost",
        "localhost",
        "LOCALHOST.",
        "x.localhost",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "[fe80::1]",
        "[fe80::1%25eth0]",
        "169.254.169.254",
        "0xA9FEA9FE",
        "[::ffff:a9fe:a9fe]",
        "10.1",
        "user@127.0.0.1",
        "8.8.8.8@127.0.0.1",
    ] {
        for url in [format!("http://{host}/"), format!("https://{host}:8443/x")] {
            assert!(!allows(&guard, &url), "{url}");
        }
    }
    for host in
        ["8.8.8.8", "134744072", "0x08080808", "[2606:4700::1111]", "a.test", "localhost.test"]
    {
        assert!(allows(&guard, &format!("http://{host}/")), "{host}");
    }
    for url in
        ["/", "ftp://8.8.8.8/", "a.test:443", "*", "http://999999999999/", "http://1.2.3.256/"]
    {
        assert!(!allows(&guard, url), "{url}");
    }
}

#[test]
fn ranges_ports_and_schemes_can_be_allowed_and_denied() {
    let guard = TargetGuard::new().ports([80, 443]).https_only();
    let guard = guard.allow(["10.1.0.0/16", "fd00::/8"]).expect("valid");
    let guard = guard.deny(["10.1.2.0/24", "8.8.8.8"]).expect("valid");
    for (url, allowed) in [
        ("https://10.1.1.1/", true),
        ("https://10.1.2.1/", false),
        ("https://10.2.1.1/", false),
        ("https://[fd00::1]/", true),
        ("https://[::ffff:10.1.1.1]/", true),
        ("https://[64:ff9b::10.1.2.1]/", false),
        ("https://8.8.8.8/", false),
        ("https://8.8.4.4/", true),
        ("http://8.8.4.4/", false),
        ("https://8.8.4.4:80/", true),
        ("https://8.8.4.4:8443/", false),
    ] {
        assert_eq!(allows(&guard, url), allowed, "{url}");
    }
    for range in ["0.0.0.0/0", "::/0", "x", "10.0.0.0/33"] {
        assert!(TargetGuard::new().allow([range]).is_err(), "{range}");
    }
}

fn get(url: &str) -> Request<Full<Bytes>> {
    Request::get(url).body(Full::default()).expect("valid")
}

#[tokio::test]
async fn neither_the_url_of_a_call_nor_a_hop_leads_to_a_refused_target() {
    let layer = FollowRedirectsLayer::new().guard(TargetGuard::new()).allow_https_to_http();
    for inside in ["http://127.0.0.1/", "http://[::1]:8080/x", "http://localhost/"] {
        let script = Script::new([]);
        let error = script.follow_by(&layer, get(inside)).await.expect_err(inside);
        let refused = error.redirect().expect("refused");
        assert!(refused.is_target_refused() && refused.status().is_none());
        assert_eq!(refused.to_string(), "the target is not allowed");
        assert!(script.seen().is_empty());

        for status in [301, 302, 303, 307, 308] {
            let script = Script::new([crate::support::redirection(status, inside)]);
            let error = script.follow_by(&layer, get("https://a.test/")).await.expect_err(inside);
            let refused = error.redirect().expect("refused");
            assert!(refused.is_target_refused());
            assert_eq!(refused.to_string(), "the target is not allowed");
            assert_eq!(script.seen().len(), 1);
        }
    }
    let script = chain![302 "https://b.test/", 302 "http://0x7f.1/"];
    assert!(script.follow_by(&layer, get("https://a.test/")).await.is_err());
    assert_eq!(script.seen().len(), 2);
}

/// The caller keeps its client for later, and others share the permit meanwhile.
#[tokio::test]
async fn a_call_that_is_refused_keeps_no_permit() {
    let script = Script::new([]);
    let client = ServiceBuilder::new()
        .layer(FollowRedirectsLayer::new().guard(TargetGuard::new()))
        .layer(ConcurrencyLimitLayer::new(1))
        .service(script.clone());
    let (mut kept, other) = (client.clone(), client);
    let ready = ServiceExt::<Request<Full<Bytes>>>::ready(&mut kept).await.expect("ready");
    ready.call(get("http://127.0.0.1/")).await.expect_err("refused");
    let mut other = tokio_test::task::spawn(other.oneshot(get("http://a.test/")));
    tokio_test::assert_ready_ok!(other.poll());
    drop(kept);
    assert_eq!(script.seen().len(), 1);
}

/// Clients that read the first number of `010.0.0.1` as decimal would connect to 10.0.0.1.
#[tokio::test]
async fn an_address_is_sent_in_the_form_that_was_checked() {
    let layer = FollowRedirectsLayer::new().guard(TargetGuard::new());
    for (url, sent) in [
        ("http://010.0.0.1/x?y", "http://8.0.0.1/x?y"),
        ("http://me@010.1:8080/", "http://me@8.0.0.1:8080/"),
        ("https://8.8.8.8./", "https://8.8.8.8/"),
        ("http://134744072", "http://8.8.8.8/"),
        ("http://8.8.8.8:81/", "http://8.8.8.8:81/"),
        ("http://A.test/", "http://A.test/"),
    ] {
        let script = chain![302 "https://010.0.0.1/"];
        script.follow_by(&layer, get(url)).await.expect(url);
        let seen: Vec<_> = script.seen().iter().map(|seen| seen.uri.to_string()).collect();
        assert_eq!(seen, [sent, "https://8.0.0.1/"], "{url}");
    }
    // A `Host` in the other spelling is dropped.
    let mut request = get("http://010.0.0.1/");
    request.headers_mut().insert(header::HOST, HeaderValue::from_static("010.0.0.1"));
    let script = Script::new([]);
    script.follow_by(&layer, request).await.expect("public");
    assert!(script.seen().iter().all(|seen| !seen.headers.contains_key(header::HOST)));
}

#[tokio::test]
async fn a_policy_and_an_upgrade_do_not_bypass_the_guard() {
    let chosen = follow_fn(|_| Action::FollowTo(Uri::from_static("http://10.0.0.1/")));
    let layer = FollowRedirectsLayer::new().policy(chosen).guard(TargetGuard::new());
    let script = chain![302 "https://b.test/"];
    let call =
        tower::ServiceExt::oneshot(tower::Layer::layer(&layer, script), get("http://a.test/"));
    assert!(call.await.is_err_and(|e| e.redirect().is_some_and(|e| e.is_target_refused())));

    // The guard checks the URL that is sent.
    let store = HstsStore::new().with_preload_list([("a.test", false)]);
    let layer = FollowRedirectsLayer::new().hsts(store).guard(TargetGuard::new().https_only());
    let script = Script::new([]);
    script.follow_by(&layer, get("http://a.test/")).await.expect("upgraded");
    assert!(script.follow_by(&layer, get("http://b.test/")).await.is_err());
    assert_eq!(script.seen().len(), 1);
}

#[test]
fn an_allowed_ipv6_range_does_not_allow_the_ipv4_addresses_embedded_in_it() {
    let guard = TargetGuard::new().nat64_prefix("fd00:64::/96").expect("a prefix");
    let guard = guard.allow(["fd00::/8", "2002::/16"]).expect("ranges");
    for (url, is_allowed) in [
        ("http://[fd00:1::1]/", true),
        ("http://[fd00:64::808:808]/", true),
        ("http://[fd00:64::a9fe:a9fe]/", false),
        ("http://[fd00:64::7f00:1]/", false),
        ("http://[2002:7f00:1::]/", false),
        ("http://[2002:808:808::]/", true),
    ] {
        assert_eq!(allows(&guard, url), is_allowed, "{url}");
    }
    for all in ["::ffff:0:0/96", "::/64", "0.0.0.0/0", "::/0"] {
        let error = TargetGuard::new().allow([all]).expect_err(all).to_string();
        assert!(error.ends_with("to allow every address, use no guard"), "{error}");
    }
}

#[test]
fn names_and_uris_that_clients_read_in_different_ways_are_refused() {
    let guard = TargetGuard::new();
    for url in ["http://localhost../", "http://127.0.0.1../", "http://a..test/", "https:a.test"] {
        assert!(!allows(&guard, url), "{url}");
    }
    assert!(allows(&guard, "http://a.test./"));
}

#[test]
fn a_whole_family_can_be_refused() {
    let guard = TargetGuard::new().deny(["::/0"]).expect("valid");
    for (text, allowed) in [("2606:4700::1111", false), ("1.1.1.1", true)] {
        assert_eq!(guard.allows_address(text.parse().expect(text)), allowed, "{text}");
    }
    assert!(TargetGuard::new().allow(["::/0"]).is_err());
}
