//! References beyond those of RFC 3986, by class, each resolved against several bases and compared with the
//! target by `url` alone.

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use tower::{Layer, ServiceExt};
use tower_redirect::follow::{FollowOptions, RedirectErrorKind};
use tower_redirect::{FollowRedirectsLayer, RedirectHistory};
use url::Url;

use crate::support::{Script, redirection};

const BASES: [&str; 6] = [
    "http://a.test/b/c/d;p?q",
    "https://a.test:8443/x/",
    "http://[::1]:8080/",
    "http://user:pw@a.test/b",
    "http://192.0.2.1",
    "https://xn--bcher-kva.example/%7Ea/b?x#y",
];

/// The references of each class.
const REFERENCES: [(&str, &[&[u8]]); 12] = [
    (
        "spaces and tabs",
        &[
            b"/a b",
            b"/a%20b",
            b"/a\tb",
            b"/\t/b.test",
            b"\t/a",
            b"/a\t",
            b"/a?b c",
            b"/a?b\tc",
            b"g h",
            b"/ ",
            b"? ",
            b"/a b?c d#e f",
            b"http://b.test /",
            b"ht\ttp://b.test/",
            b"http:/\t/b.test/",
            b"//b\t.test/",
            b"//b.test/\t",
            b"/%09/b",
            b"+",
            b"/+",
        ],
    ),
    (
        "backslashes",
        &[
            b"\\",
            b"\\\\",
            b"\\\\b.test",
            b"/\\b.test",
            b"\\/b.test",
            b"/a\\b",
            b"a\\b",
            b"/a?b\\c",
            b"http:\\\\b.test\\x",
            b"http:/\\b.test",
            b"http:\\b.test",
            b"/..\\..\\x",
            b"\\..\\x",
            b"/a\\..\\b",
            b"/%5Cb.test",
            b"\\a?\\b",
            b"http://b.test\\@c.test/",
        ],
    ),
    (
        "slashes",
        &[
            b"//b.test",
            b"//b.test/x",
            b"///b.test",
            b"////b.test/x",
            b"/a//b",
            b"a//b",
            b".//b.test",
            b"/.//b.test",
            b"/..//b.test/x",
            b"//b.test//",
            b"http:b.test",
            b"http:/b.test",
            b"http:///b.test",
            b"https:b",
            b"https:/b",
            b"http:?x",
            b"http:#x",
            b"http:",
            b"//",
            b"///",
            b"https://",
            b"http://",
        ],
    ),
    (
        "dots",
        &[
            b".",
            b"./",
            b"..",
            b"../",
            b"...",
            b".../",
            b"/.",
            b"/./",
            b"/..",
            b"/../",
            b"/a/..",
            b"/a/.",
            b"/a/./b",
            b"/a/../b",
            b"/a/../../../b",
            b"/%2e",
            b"/%2E/x",
            b"/%2e%2e/x",
            b"/.%2e/x",
            b"/%2e./x",
            b"/a/%2e%2e",
            b"./../.",
            b"../../../../x",
            b"/...",
            b"/..a",
            b"/a..",
            b"/.a/.b",
            b"?..",
            b"/x?../y",
            b"/x#../y",
            b"..;a",
            b"/..;a/b",
            b"./a:b",
        ],
    ),
    (
        "empty and short",
        &[
            b"", b"?", b"#", b"?#", b"#?", b"?x", b"#x", b"?x#y", b"&", b";", b"=", b"a", b"/",
            b"/?", b"/#", b"@", b"/@", b":", b"/:", b"a:", b"1:2",
        ],
    ),
    (
        "utf-8",
        &[
            "/ä".as_bytes(),
            "/日本".as_bytes(),
            "?ä".as_bytes(),
            "/a?ß#ö".as_bytes(),
            "ä/../ö".as_bytes(),
            "//bücher.example/".as_bytes(),
            "http://bücher.example/ä?ö".as_bytes(),
            "//日本語。example/".as_bytes(),
            "/\u{200b}".as_bytes(),
            "/\u{202e}x".as_bytes(),
            "/\u{feff}".as_bytes(),
            "/\u{1f600}".as_bytes(),
            "//faß.example/".as_bytes(),
            "//ＥＸＡＭＰＬＥ.test/".as_bytes(),
            "/é".as_bytes(),
            "/e\u{301}".as_bytes(),
            "／／b.test".as_bytes(),
            "//a。test/".as_bytes(),
        ],
    ),
    (
        "latin-1 and broken utf-8",
        &[
            b"/\xe4",
            b"/a\xff",
            b"?\xe4=\xf6",
            b"/\xc3",
            b"/\xc3\x28",
            b"/\xe2\x82",
            b"/\xf0\x9f\x98",
            b"/\xed\xa0\x80",
            b"/\xc0\xaf",
            b"\xe4/x",
            b"//b\xe4.test/",
            b"http://\xff.test/",
            b"/x#\xe4",
            b"/\xfe\xff",
            b"/%e4\xe4",
        ],
    ),
    (
        "userinfo",
        &[
            b"http://u@b.test/",
            b"http://u:p@b.test/x",
            b"//u:p@b.test/",
            b"http://@b.test/",
            b"http://:@b.test/",
            b"http://:p@b.test/",
            b"http://u:@b.test/",
            b"http://a.test@b.test/",
            b"http://a.test:80@b.test/",
            b"http://a.test%40b.test/",
            b"http://u:p:q@b.test/",
            b"http://u@p@b.test/",
            b"http://a.test#@b.test/",
            b"http://a.test?@b.test/",
            b"http://a.test/@b.test",
            b"http://u;x@b.test/",
            b"https://u:p@a.test:8443/",
        ],
    ),
    (
        "schemes",
        &[
            b"HTTP://b.test/",
            b"hTTps://B.TEST/",
            b"ftp://b.test/",
            b"file:///etc/passwd",
            b"file:/etc/passwd",
            b"file://b.test/x",
            b"data:text/plain,x",
            b"javascript:alert(1)",
            b"mailto:a@b.test",
            b"ws://b.test/",
            b"wss://b.test/",
            b"unix:/var/run/x.sock",
            b"about:blank",
            b"blob:http://b.test/x",
            b"gopher://b.test/",
            b"tftp://b.test/x",
            b"imap://u@b.test/",
            b"view-source:http://b.test/",
            b"x-y+z.1://b.test/",
            b"1http://b.test/",
            b"http+unix://b/x",
            b"urn:a:b",
            b"tel:1",
            b"httpx://b.test/",
            b"://b.test/",
            b"h",
            b"http",
            b"http/x",
        ],
    ),
    (
        "addresses",
        &[
            b"http://[::1]/",
            b"http://[::1]:80/",
            b"http://[::1]:8080/x",
            b"http://[::ffff:1.2.3.4]/",
            b"http://[2001:DB8::1]/",
            b"http://[::1%25eth0]/",
            b"http://[::1%eth0]/",
            b"http://[::1/",
            b"http://::1/",
            b"http://[]/",
            b"http://[v1.a]/",
            b"http://[::g]/",
            b"http://[1:2:3:4:5:6:7:8:9]/",
            b"http://127.1/",
            b"http://0x7f.1/",
            b"http://0177.0.0.1/",
            b"http://2130706433/",
            b"http://1.2.3.4.5/",
            b"http://256.1.1.1/",
            b"http://1.2.3.4./",
            b"http://0/",
            b"http://%31%32%37.0.0.1/",
            b"//[::1]",
            b"http://127.0.0.1.b.test/",
            b"http://1.b/",
            b"http://b.1/",
        ],
    ),
    (
        "hosts",
        &[
            b"http://B.TEST/",
            b"http://b.test./",
            b"http://b..test/",
            b"http://.b.test/",
            b"http://xn--bcher-kva.example/",
            b"http://xn--a/",
            b"http://xn--/",
            b"http://b_c.test/",
            b"http://-b.test/",
            b"http://b%2etest/",
            b"http://b%00.test/",
            b"http://b%20c.test/",
            b"http://b^c.test/",
            b"http://b|c.test/",
            b"http://b<c>.test/",
            b"http://b.test%2f@c.test/",
            b"http://b'c.test/",
            b"http://b,c.test/",
            b"http://*/",
            b"http://%/",
            b"http://b.test%/",
            b"http://b!c.test/",
        ],
    ),
    (
        "ports",
        &[
            b"http://b.test:80/",
            b"http://b.test:443/",
            b"https://b.test:443/",
            b"https://b.test:80/",
            b"http://b.test:/",
            b"http://b.test:0/",
            b"http://b.test:65535/",
            b"http://b.test:65536/",
            b"http://b.test:00080/",
            b"http://b.test:8o/",
            b"http://b.test:-1/",
            b"http://b.test:+1/",
            b"http://b.test:80:80/",
            b"http://b.test: 80/",
            b"http://b.test:080/x",
            b"//:80/",
            b"//b.test:81",
            b"http://b.test:%38%30/",
            b"http://:80/",
            b"https://a.test:8443/",
            b"https://a.test:08443/",
        ],
    ),
];

/// The reference as text for `url`. If it is not UTF-8, its bytes beyond ASCII are percent-encoded.
fn text(reference: &[u8]) -> String {
    match std::str::from_utf8(reference) {
        Ok(text) => text.to_owned(),
        Err(_) => reference
            .iter()
            .map(|byte| match byte {
                0..0x80 => char::from(*byte).to_string(),
                _ => format!("%{byte:02X}"),
            })
            .collect(),
    }
}

/// The next URL and the fragment by `url` alone.
fn oracle(base: &str, reference: &[u8]) -> Result<(String, Option<String>), RedirectErrorKind> {
    let base = Url::parse(base).expect("a base");
    // Browsers accept any number of slashes before a host; `url` does so only after a scheme.
    let text = text(reference);
    let host = text.trim_start_matches(['/', '\\']);
    let slashes = text.len() - host.len();
    let text = if slashes > 2 { format!("//{host}") } else { text };
    let mut url = base.join(&text).map_err(|_| RedirectErrorKind::InvalidLocation)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(RedirectErrorKind::UnsupportedScheme);
    }
    let fragment = url.fragment().map(str::to_owned);
    url.set_fragment(None);
    url.set_username("").and_then(|()| url.set_password(None)).expect("it has a host");
    Ok((url.into(), fragment))
}

async fn seen(base: &str, reference: &[u8]) -> Result<(String, Option<String>), RedirectErrorKind> {
    let script = Script::new([redirection(302, reference)]);
    let layer = FollowRedirectsLayer::new().allow_https_to_http();
    let mut request = Request::get(base).body(Full::<Bytes>::default()).expect("valid");
    request.extensions_mut().insert(FollowOptions::new().fragment("first"));
    match layer.layer(script.clone()).oneshot(request).await {
        Ok(response) => {
            let history = RedirectHistory::of(&response).expect("redirected");
            let fragment = history.fragment().map(str::to_owned);
            Ok((script.seen()[1].uri.to_string(), fragment))
        }
        Err(error) => {
            assert_eq!(script.seen().len(), 1, "nothing is sent");
            Err(error.redirect().expect("of ours").kind())
        }
    }
}

#[tokio::test]
async fn each_reference_leads_where_url_says() {
    let (mut count, mut refused) = (0, 0);
    for (class, references) in REFERENCES {
        for reference in references {
            count += 1;
            for base in BASES {
                let expected = oracle(base, reference);
                refused += usize::from(expected.is_err());
                // A `Location` without a fragment inherits the first.
                let expected = expected
                    .map(|(url, fragment)| (url, Some(fragment.unwrap_or("first".to_owned()))));
                let case = format!("{class}: {:?} from {base}", String::from_utf8_lossy(reference));
                assert_eq!(seen(base, reference).await, expected, "{case}");
            }
        }
    }
    assert!(count >= 200, "only {count}");
    assert!(refused > 100 && refused < count * BASES.len() / 2, "{refused} of {count}");
}
