//! Other servers and frameworks, and the same said here, asked the same: `guide::migrating`. Run with
//! `-- --ignored`.

use std::error::Error;
use std::fs;
use std::process::Command;
use std::time::Duration;

use axum::Router;
use axum::routing::any;
use reqwest::{Client, Method, redirect};
use tokio::net::TcpListener;
use tower_redirect::policy::{Rule, Rules, TrailingSlash};
use tower_redirect::{Hsts, HttpsOnly, RedirectLayer, RedirectPolicy, Trust};
use url::Url;

use crate::support::program::{Program, folder, free_port, nginx};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A request: method, URL, and whether a proxy says that it came by https.
type Asked = (&'static str, &'static str, bool);

/// Status, absolute `Location`, and HSTS. 404 stands for 200: neither server has all pages.
async fn ask(port: u16, (method, url, secure): Asked) -> Outcome<String> {
    let url = Url::parse(url)?;
    let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).build()?;
    let target = format!("http://127.0.0.1:{port}{}", &url[url::Position::BeforePath..]);
    let mut request = client.request(Method::from_bytes(method.as_bytes())?, target);
    request = request.header("host", url.host_str().ok_or("a host")?);
    if secure {
        request = request.header("x-forwarded-proto", "https");
    }
    let response = request.send().await?;
    let mut seen = match response.status().as_u16() {
        404 => "200".to_owned(),
        status => status.to_string(),
    };
    if let Some(to) = response.headers().get("location") {
        seen += &format!(" {}", url.join(to.to_str()?)?);
    }
    if let Some(hsts) = response.headers().get("strict-transport-security") {
        seen += &format!(" {}", hsts.to_str()?);
    }
    Ok(seen)
}

/// A program with this configuration, on a port.
async fn start(name: &str, configuration: &str) -> Outcome<(Program, u16)> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (folder, port) = (folder(&format!("migrating/{name}"))?, free_port().await?);
    let configuration = configuration
        .replace("@PORT@", &port.to_string())
        .replace("@FOLDER@", &folder.to_string_lossy());
    fs::write(folder.join("conf"), configuration)?;
    let mut command = match name {
        "nginx" => nginx(&folder, "conf"),
        "apache" => {
            let mut apache = Command::new("apache2");
            apache.args(["-D", "FOREGROUND", "-f"]).arg(folder.join("conf"));
            apache
        }
        _ => {
            let mut python = Command::new("/usr/bin/python3");
            python.arg(folder.join("conf")).arg(port.to_string());
            python
        }
    };
    Ok((Program::start_in(&folder, &mut command, &[port]).await?, port))
}

/// The layer around an application that has every page.
async fn serve<P: RedirectPolicy + 'static>(layer: RedirectLayer<P>) -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let app = Router::new()
        .route("/", any(async || "home"))
        .route("/health", any(async || "well"))
        .route("/orders/", any(async || "orders"))
        .layer(layer.drain_timer(tokio::time::sleep));
    let app = app.into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(port)
}

/// Asks both. Each row: the request, what the other server says, and what is different here.
async fn compare(there: u16, here: u16, rows: &[(Asked, &str, Option<&str>)]) -> Outcome {
    for (asked, expected, different) in rows {
        assert_eq!(ask(there, *asked).await?, *expected, "there: {asked:?}");
        assert_eq!(ask(here, *asked).await?, different.unwrap_or(expected), "here: {asked:?}");
    }
    Ok(())
}

fn rule(from: &str, to: &str) -> Outcome<Rule> {
    Ok(Rule::new(from)?.to(to)?)
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn nginx_return_rewrite_and_map() -> Outcome {
    let (_running, there) = start("nginx", include_str!("migrating/nginx.conf")).await?;
    let rules = Rules::new([
        rule("/a/*rest", "/b/*rest")?.below_only().moved_permanently(),
        rule("/old-1", "/new-1")?.ignore_case().drop_query().moved_permanently(),
        Rule::regex("/re.*")?.to("/other")?.drop_query().moved_permanently(),
        rule("/old", "/new")?.drop_query().moved_permanently(),
        rule("/kept", "/new")?.found(),
        rule("/dir/*", "https://b.example/dir/*")?.below_only(),
        Rule::new("/gone")?.gone(),
        Rule::new("http://secure.test/*")?.to_scheme(tower_redirect::Scheme::Https).permanent(),
    ])?;
    let layer = RedirectLayer::new(rules).hosts(["shop.test", "secure.test"])?;
    let here = serve(layer).await?;
    let rows = [
        (("GET", "http://shop.test/a/x/y?q=1", false), "301 http://shop.test/b/x/y?q=1", None),
        (("GET", "http://shop.test/OLD-1?q=1", false), "301 http://shop.test/new-1", None),
        (("GET", "http://shop.test/report", false), "301 http://shop.test/other", None),
        (("GET", "http://shop.test/old?q=1", false), "301 http://shop.test/new", None),
        (("GET", "http://shop.test/kept?q=1", false), "302 http://shop.test/new?q=1", None),
        (("POST", "http://shop.test/dir/x?q=1", false), "307 https://b.example/dir/x?q=1", None),
        (("GET", "http://shop.test/dir", false), "200", None),
        (("GET", "http://shop.test/gone", false), "410", None),
        (("GET", "http://shop.test/other", false), "200", None),
        (("POST", "http://secure.test/x?q=1", false), "308 https://secure.test/x?q=1", None),
        // A POST stays a POST here.
        (
            ("POST", "http://shop.test/old", false),
            "301 http://shop.test/new",
            Some("308 http://shop.test/new"),
        ),
    ];
    compare(there, here, &rows).await
}

#[tokio::test]
#[ignore = "needs apache"]
async fn apache_redirect_and_rewrite_rule() -> Outcome {
    let (_running, there) = start("apache", include_str!("migrating/apache.conf")).await?;
    let rules = Rules::new([
        rule("/a/*rest", "/b/*rest")?,
        rule("/moved/*rest", "https://b.example/here/*rest")?.moved_permanently(),
        rule("/see/*rest", "/other/*rest")?.see_other(),
        Rule::new("/attic/*")?.gone(),
        Rule::regex(r"/gif/(?<name>.*)\.gif")?.to("/jpg/:name.jpg")?.moved_permanently(),
        Rule::regex("/item-(?<id>[0-9]+)")?.to("/items/:id")?,
    ])?;
    let layer = RedirectLayer::new(rules).hosts(["shop.test", "secure.test"])?;
    let here = serve(layer).await?;
    let rows = [
        (("POST", "http://shop.test/a/x?q=1", false), "307 http://shop.test/b/x?q=1", None),
        (("GET", "http://shop.test/a", false), "307 http://shop.test/b", None),
        (("GET", "http://shop.test/ab", false), "200", None),
        (("GET", "http://shop.test/moved/x", false), "301 https://b.example/here/x", None),
        (("POST", "http://shop.test/see/x", false), "303 http://shop.test/other/x", None),
        (("GET", "http://shop.test/attic/x", false), "410", None),
        (("POST", "http://shop.test/item-7?q=1", false), "307 http://shop.test/items/7?q=1", None),
        (("GET", "http://shop.test/item-x", false), "200", None),
        (("GET", "http://shop.test/gif/a.gif", false), "301 http://shop.test/jpg/a.jpg", None),
    ];
    compare(there, here, &rows).await
}

#[tokio::test]
#[ignore = "needs django"]
async fn django_security_middleware() -> Outcome {
    let (_running, there) = start("django", include_str!("migrating/shop.py")).await?;
    let https = HttpsOnly::new().moved_permanently().exempt("/health")?;
    let hsts = Hsts::new(Duration::from_secs(3600));
    let layer = RedirectLayer::new((https, hsts))
        .hosts(["shop.test"])?
        .trust(Trust::proxies(["127.0.0.1"])?.x_forwarded())
        .after_not_found(TrailingSlash::add());
    let here = serve(layer).await?;
    let rows = [
        (("GET", "http://shop.test/orders/?q=1", false), "301 https://shop.test/orders/?q=1", None),
        (("GET", "http://shop.test/health", false), "200", None),
        (("GET", "http://shop.test/", true), "200 max-age=3600", None),
        // 307 in place of 301: `.permanent()` is 308. A POST stays a POST here, and another host is 421 (RFC 9110 §15.5.20).
        (
            ("POST", "http://shop.test/orders/", false),
            "301 https://shop.test/orders/",
            Some("308 https://shop.test/orders/"),
        ),
        (
            ("GET", "http://shop.test/orders", true),
            "301 http://shop.test/orders/ max-age=3600",
            Some("307 http://shop.test/orders/ max-age=3600"),
        ),
        (("GET", "http://attacker.test/", false), "400", Some("421")),
    ];
    compare(there, here, &rows).await
}
