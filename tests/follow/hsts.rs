//! Hosts to which requests are sent over https only (RFC 6797 §8).

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Uri, header};
use http_body_util::Full;
use tower_redirect::follow::hsts::HstsStore;
use tower_redirect::follow::{FinalUri, RedirectMode};
use tower_redirect::{FollowRedirectsLayer, RedirectHistory};

use crate::support::{Script, chain, redirection};

const STS: header::HeaderName = header::STRICT_TRANSPORT_SECURITY;

fn uri(text: &str) -> Uri {
    text.parse().expect("a uri")
}

/// Learns these fields from a response of the host over https.
fn learned(host: &str, fields: &[&str]) -> HstsStore {
    let store = HstsStore::new();
    learn(&store, &format!("https://{host}/"), fields, SystemTime::now());
    store
}

fn learn(store: &HstsStore, url: &str, fields: &[&str], now: SystemTime) {
    let mut headers = HeaderMap::new();
    for field in fields {
        headers.append(STS, HeaderValue::from_str(field).expect("a value"));
    }
    store.learn(&uri(url), &headers, now);
}

const YEAR: &str = "max-age=31536000";
const YEAR_BELOW: &str = "max-age=31536000; includeSubDomains";

#[test]
fn urls_are_upgraded_as_the_standard_says() {
    let store = learned("a.test", &[YEAR]);
    learn(&store, "https://b.test:8443/", &[YEAR_BELOW], SystemTime::now());
    learn(&store, "https://xn--bcher-kva.test/", &[YEAR], SystemTime::now());
    for (asked, upgraded) in [
        ("http://a.test", Some("https://a.test/")),
        ("http://a.test/x?y", Some("https://a.test/x?y")),
        ("http://A.Test/", Some("https://A.Test/")),
        ("http://a.test./", Some("https://a.test./")),
        ("http://a.test:80/", Some("https://a.test/")),
        ("http://a.test:8080/", Some("https://a.test:8080/")),
        ("http://a.test:443/", Some("https://a.test:443/")),
        ("http://u:p@a.test:80/", Some("https://u:p@a.test/")),
        ("https://a.test/", None),
        ("http://www.a.test/", None),
        ("http://aa.test/", None),
        ("http://test/", None),
        ("http://b.test/", Some("https://b.test/")),
        ("http://x.y.b.test/", Some("https://x.y.b.test/")),
        ("http://xb.test/", None),
        ("http://xn--bcher-kva.test/", Some("https://xn--bcher-kva.test/")),
        ("ftp://a.test/", None),
        ("/a.test", None),
    ] {
        let seen = store.upgrade(&uri(asked), SystemTime::now()).map(|uri| uri.to_string());
        assert_eq!(seen.as_deref(), upgraded, "{asked}");
    }
    // Other dots of IDNA (UTS 46), as `url` reads them in a `Location`.
    assert!(store.is_known("a。test", SystemTime::now()));
    assert!(store.is_known("BÜCHER.test", SystemTime::now()));
}

#[test]
fn only_a_valid_first_field_over_https_is_learned() {
    let now = SystemTime::now();
    for (url, fields, known) in [
        ("https://a.test/", &[YEAR][..], true),
        ("http://a.test/", &[YEAR], false),
        ("https://a.test./", &[YEAR], true),
        ("https://A.TEST:8443/", &[YEAR], true),
        ("https://a.test/", &["max-age=x", YEAR], false),
        ("https://a.test/", &[YEAR, "max-age=0"], true),
        ("https://a.test/", &["includeSubDomains"], false),
        ("https://a.test/", &["max-age=0"], false),
        ("https://a.test/", &[], false),
    ] {
        let store = HstsStore::new();
        learn(&store, url, fields, now);
        assert_eq!(store.is_known("a.test", now), known, "{url} {fields:?}");
    }
    for address in ["https://192.0.2.1/", "https://[2001:db8::1]/", "https://3221225985/"] {
        let store = HstsStore::new();
        learn(&store, address, &[YEAR], now);
        assert!(store.is_empty(), "{address}");
        assert!(!store.is_known("192.0.2.1", now));
    }
}

#[test]
fn entries_expire_and_a_subdomain_changes_nothing_above() {
    let (now, second) = (SystemTime::now(), Duration::from_secs(1));
    let store = HstsStore::new();
    learn(&store, "https://a.test/", &["max-age=10; includeSubDomains"], now);
    assert!(store.is_known("x.a.test", now + 9 * second));
    assert!(!store.is_known("x.a.test", now + 10 * second));
    // CVE-2024-9681: a subdomain's expiry overwrote its parent's.
    learn(&store, "https://x.a.test/", &["max-age=1"], now);
    assert!(store.is_known("a.test", now + 5 * second));
    learn(&store, "https://x.a.test/", &["max-age=0"], now);
    assert!(store.is_known("a.test", now) && store.is_known("x.a.test", now));
    // The host's own entry without subdomains does not end its parent's.
    learn(&store, "https://a.test/", &["max-age=0"], now);
    assert!(!store.is_known("a.test", now) && store.is_empty());
}

#[test]
fn a_preload_list_stays_and_the_store_is_bounded() {
    let store = HstsStore::new().with_preload_list([("first.test", true), ("192.0.2.1", true)]);
    let now = SystemTime::now();
    learn(&store, "https://first.test/", &["max-age=0"], now);
    assert!(store.is_known("x.first.test", now) && !store.is_known("192.0.2.1", now));
    learn(&store, "https://old.test/", &["max-age=1"], now);
    let later = now + Duration::from_secs(5);
    let threads: Vec<_> = (0..2)
        .map(|thread| {
            let store = store.clone();
            std::thread::spawn(move || {
                for number in 0..10_000 {
                    learn(&store, &format!("https://h{thread}-{number}.test/"), &[YEAR], later);
                    assert!(store.is_known("h0-0.test", later) || thread > 0 || number == 0);
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
    assert!(store.len() <= 10_000, "{}", store.len());
    assert!(store.is_known("first.test", later) && !store.is_known("old.test", later));
    // This host was in use all the time, so others made room.
    assert!(store.is_known("h0-0.test", later));
}

fn get(url: &str) -> Request<Full<Bytes>> {
    Request::get(url).header("authorization", "s3cret").body(Full::default()).expect("valid")
}

#[tokio::test]
async fn after_one_https_answer_nothing_goes_out_in_clear() {
    let store = HstsStore::new();
    let layer = FollowRedirectsLayer::new().hsts(store.clone()).final_uri();
    let script = Script::new([]);
    let mut secure = redirection(200, "/");
    secure.headers_mut().insert(STS, HeaderValue::from_static(YEAR));
    script.push(secure);
    script.follow_by(&layer, get("https://a.test/")).await.expect("answered");
    assert!(store.is_known("a.test", SystemTime::now()));

    let mut request = get("http://a.test:80/x");
    request.headers_mut().insert("host", HeaderValue::from_static("a.test:80"));
    let response = script.follow_by(&layer, request).await.expect("answered");
    let seen = script.seen();
    assert_eq!(seen[1].uri, "https://a.test/x");
    // Nothing went out in clear, so nothing was lost.
    assert_eq!(seen[1].headers["authorization"], "s3cret");
    assert!(!seen[1].headers.contains_key("host"));
    let history = RedirectHistory::of(&response).expect("upgraded");
    assert_eq!(history.upgraded_from(), Some(&uri("http://a.test:80/x")));
    assert_eq!((history.len(), history.final_uri()), (0, Some(&uri("https://a.test/x"))));
    assert_eq!(history.to_string(), "https://a.test/x (https by HSTS)");
    assert_eq!(FinalUri::of(&response), Some(&uri("https://a.test/x")));
}

#[tokio::test]
async fn a_downgrade_to_a_known_host_is_upgraded_and_not_refused() {
    let store = learned("a.test", &[YEAR]);
    let layer = FollowRedirectsLayer::new().hsts(store);
    let script = chain![302 "http://a.test/x", 302 "http://a.test:80/y"];
    let response = script.follow_by(&layer, get("https://a.test/")).await.expect("followed");
    let seen: Vec<_> = script.seen().iter().map(|seen| seen.uri.to_string()).collect();
    assert_eq!(seen, ["https://a.test/", "https://a.test/x", "https://a.test/y"]);
    // One origin all the way.
    assert!(script.seen().iter().all(|seen| seen.headers["authorization"] == "s3cret"));
    let history = RedirectHistory::of(&response).expect("followed");
    assert!(history.hops().iter().all(|hop| hop.was_upgraded() && !hop.is_cross_origin()));
    assert!(history.upgraded_from().is_none());
    assert!(history.to_string().contains("(https by HSTS)"), "{history}");

    let script = chain![302 "http://b.test/x"];
    let error = script.follow_by(&layer, get("https://a.test/")).await.expect_err("refused");
    assert!(error.redirect().is_some_and(|error| error.is_insecure_downgrade()));
}

#[tokio::test]
async fn a_server_adds_no_entry_over_http_and_only_its_own_over_https() {
    let store = HstsStore::new();
    let layer = FollowRedirectsLayer::new().hsts(store.clone()).allow_https_to_http();
    let hop = |location, field: &'static str| {
        let mut answer = redirection(302, location);
        answer.headers_mut().insert(STS, HeaderValue::from_static(field));
        answer
    };
    // The first field comes over http, the second over https from another host.
    let script = Script::new([hop("https://evil.test/", YEAR_BELOW), hop("http://a.test/", YEAR)]);
    script.follow_by(&layer, get("http://a.test/")).await.expect("followed");
    let now = SystemTime::now();
    assert!(!store.is_known("a.test", now) && store.is_known("evil.test", now));
    assert!(!store.is_known("test", now) && store.len() == 1);
}

#[cfg(feature = "config")]
mod saved {
    use std::fs;
    use std::process::Command;

    use super::*;

    fn folder(name: &str) -> std::path::PathBuf {
        let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("made");
        folder
    }

    #[test]
    fn concurrent_saves_leave_a_whole_file() {
        let folder = folder("hsts-at-once");
        let file = folder.join("hsts.txt");
        let store = HstsStore::new();
        for number in 0..200 {
            learn(&store, &format!("https://h{number}.test/"), &[YEAR], SystemTime::now());
        }
        store.save(&file).expect("saved");
        let saves = [(); 3].map(|()| {
            let (store, file) = (store.clone(), file.clone());
            std::thread::spawn(move || (0..50).try_for_each(|_| store.save(&file)))
        });
        for _ in 0..200 {
            assert_eq!(HstsStore::load(&file).expect("loaded").len(), 200);
        }
        for save in saves {
            save.join().expect("ends").expect("saved");
        }
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1);
    }

    #[test]
    fn an_entry_of_the_distant_past_is_not_saved_as_unlimited() {
        let json = r#"[{"host":"a.test","expires":-70000000000,"include_subdomains":false}]"#;
        let store: HstsStore = serde_json::from_str(json).expect("read");
        assert!(!store.to_curl().contains("a.test"), "{}", store.to_curl());
    }

    #[test]
    fn a_store_is_the_same_after_it_was_saved_and_loaded() {
        let folder = folder("hsts");
        let store = learned("a.test", &[YEAR_BELOW]);
        learn(&store, "https://b.test/", &[YEAR], SystemTime::now());
        let file = folder.join("hsts.txt");
        assert!(HstsStore::load(&file).expect("no file").is_empty());
        store.save(&file).expect("saved");
        let loaded = HstsStore::load(&file).expect("loaded");
        assert_eq!(loaded.to_curl(), store.to_curl());
        assert!(loaded.is_known("x.a.test", SystemTime::now()));
        assert!(!loaded.is_known("x.b.test", SystemTime::now()));

        let json = serde_json::to_string(&store).expect("written");
        let again: HstsStore = serde_json::from_str(&json).expect("read");
        assert_eq!(again.to_curl(), store.to_curl());

        // The longest file name can be saved. A longer one and a missing folder are errors, which leave no
        // file behind.
        let long = folder.join("x".repeat(255));
        store.save(&long).expect("saved");
        assert!(store.save(folder.join("x".repeat(300))).is_err());
        assert!(store.save(folder.join("none/file")).is_err());
        fs::write(&file, "kept").expect("written");
        let mut names: Vec<_> = fs::read_dir(&folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("utf-8"))
            .collect();
        names.sort();
        assert_eq!(names, ["hsts.txt".to_owned(), "x".repeat(255)]);
    }

    #[test]
    fn files_of_curl_are_read_and_written() {
        let text = "# Your HSTS cache. https://curl.se/docs/hsts.html\n\n\
                    .a.test \"20991231 23:59:59\"\nb.test \"unlimited\"\nold.test \"20000101 00:00:00\"\n";
        let store = HstsStore::from_curl(text).expect("valid");
        let now = SystemTime::now();
        assert!(store.is_known("x.a.test", now) && store.is_known("b.test", now));
        assert!(!store.is_known("x.b.test", now) && !store.is_known("old.test", now));
        let written = store.to_curl();
        for line in [".a.test \"20991231 23:59:59\"", "b.test \"unlimited\""] {
            assert!(written.lines().any(|written| written == line), "{written}");
        }
        for (text, line) in [
            ("a.test", 1),
            ("\n#\na.test 20991231", 3),
            ("a.test \"20991331 00:00:00\"", 1),
            ("a.test \"soon\"", 1),
        ] {
            assert_eq!(HstsStore::from_curl(text).expect_err(text).line(), line);
        }
    }

    #[test]
    #[ignore = "needs curl"]
    fn curl_reads_a_saved_file_and_the_store_reads_that_of_curl() {
        let file = folder("hsts-curl").join("hsts.txt");
        learned("localhost.test", &[YEAR_BELOW]).save(&file).expect("saved");
        // curl uses https instead of http, cannot connect, and writes its file again.
        let output = Command::new("curl")
            .args(["-sv", "--hsts"])
            .arg(&file)
            .args(["--resolve", "www.localhost.test:443:127.0.0.1", "http://www.localhost.test/"])
            .output()
            .expect("curl");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("Switched from HTTP to HTTPS due to HSTS"), "{said}");
        let store = HstsStore::load(&file).expect("curl's own file");
        assert!(store.is_known("x.localhost.test", SystemTime::now()));
    }
}

#[test]
fn one_domain_does_not_drive_out_the_others() {
    let store = learned("bank.test", &[YEAR]);
    for number in 0..20_000 {
        learn(&store, &format!("https://h{number}.evil.test/"), &[YEAR], SystemTime::now());
    }
    assert!(store.is_known("bank.test", SystemTime::now()) && store.len() <= 10_000);
    assert!(store.is_known("h19999.evil.test", SystemTime::now()));
    assert!(!store.is_known("h0.evil.test", SystemTime::now()));
}

#[test]
fn fields_and_hosts_that_are_too_long_are_ignored() {
    let directives = |count: usize| -> String {
        let extra: Vec<_> = (1..count).map(|number| format!("x{number}")).collect();
        format!("{YEAR}; {}", extra.join(";"))
    };
    for (count, is_valid) in [(32, true), (33, false), (100_000, false)] {
        let store = learned("a.test", &[&directives(count)]);
        assert_eq!(store.is_known("a.test", SystemTime::now()), is_valid, "{count}");
    }
    let store = learned("test", &[YEAR_BELOW]);
    for (labels, is_known) in [(120, true), (32_000, false)] {
        let host = format!("{}test", "a.".repeat(labels));
        assert_eq!(store.is_known(&host, SystemTime::now()), is_known, "{labels}");
    }
}

#[test]
fn names_with_empty_labels_are_not_learned_and_odd_ones_are_looked_up() {
    for host in [".test", "a..test", "a.test.."] {
        let store = HstsStore::new();
        learn(&store, &format!("https://{host}/"), &[YEAR], SystemTime::now());
        assert!(store.is_empty(), "{host}");
    }
    let store = learned("a.test", &[YEAR_BELOW]);
    for host in ["xn--a.a.test", "x.a.test..", "x.a.test."] {
        assert!(store.is_known(host, SystemTime::now()), "{host}");
    }
}

#[tokio::test]
async fn a_client_that_follows_nothing_learns_and_is_upgraded() {
    let store = HstsStore::new();
    let layer = FollowRedirectsLayer::new().hsts(store.clone()).mode(RedirectMode::Manual);
    let mut answer = http::Response::new(Full::from(""));
    answer.headers_mut().insert(STS, HeaderValue::from_static(YEAR));
    let script = Script::new([answer]);
    for (asked, upgraded) in [("https://a.test/", false), ("http://a.test/", true)] {
        let request = Request::get(asked).body(Full::<Bytes>::default()).expect("valid");
        let response = script.follow_by(&layer, request).await.expect("answered");
        let history = RedirectHistory::of(&response);
        let from = history.and_then(RedirectHistory::upgraded_from);
        assert_eq!(from.is_some(), upgraded, "{asked}");
    }
    assert!(script.seen().iter().all(|seen| seen.uri == "https://a.test/"));
}
