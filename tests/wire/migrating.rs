//! Compares the redirections of other servers and frameworks with the same ones here: `guide::migrating`.
//! Run with `-- --ignored`.

use std::error::Error;
use std::fs;
use std::path::Path;
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

/// Asks a server, and returns the status, the absolute `Location`, and HSTS. A 404 is shown as 200, because
/// neither server has all pages.
async fn ask(port: u16, (method, url, secure): Asked) -> Outcome<String> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let url = Url::parse(url)?;
    let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).build()?;
    let target = format!("http://127.0.0.1:{port}{}", &url[url::Position::BeforePath..]);
    let mut request = client.request(Method::from_bytes(method.as_bytes())?, target);
    request = request.header("host", url.host_str().ok_or("a host")?);
    if method == "POST" {
        request = request.header("content-length", "0");
    }
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

/// Starts a program with this configuration, and returns its port, too.
async fn start(name: &str, configuration: &str) -> Outcome<(Program, u16)> {
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
        "django" => script("/usr/bin/python3", &folder, port),
        "rails" => script("ruby", &folder, port),
        other => return Err(format!("no program for {other}").into()),
    };
    Ok((Program::start_in(&folder, &mut command, &[port]).await?, port))
}

/// A program that reads `conf` in this folder, and listens on this port.
fn script(program: &str, folder: &Path, port: u16) -> Command {
    let mut command = Command::new(program);
    command.arg(folder.join("conf")).arg(port.to_string());
    command
}

/// Starts Node with this script, which reads `rules`. The script is put beside the packages that `.ci/run`
/// installs in `$CARGO_TARGET_TMPDIR/clients`.
async fn start_node(name: &str, source: &str, rules: &str) -> Outcome<(Program, u16)> {
    let (folder, port) = (folder(&format!("migrating/{name}"))?, free_port().await?);
    let script = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients").join(name);
    fs::write(&script, source)?;
    fs::write(folder.join("_redirects"), rules)?;
    let mut node = Command::new("node");
    node.arg(script).arg(port.to_string()).arg("_redirects");
    Ok((Program::start_in(&folder, &mut node, &[port]).await?, port))
}

/// Serves the layer around an application with three pages.
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

/// Asks both servers. Each row has the request, the answer of the other server, and the answer here if it differs.
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
        // Here a POST stays a POST, the slash is added by a 307 (`.permanent()`: 308), and the answer to another
        // host is 421 (RFC 9110 §15.5.20).
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

#[tokio::test]
#[ignore = "needs rails"]
async fn rails_force_ssl_and_routes() -> Outcome {
    let (_running, there) = start("rails", include_str!("migrating/shop.rb")).await?;
    let https = HttpsOnly::new().moved_permanently().exempt("/health")?;
    let hsts = Hsts::new(Duration::from_secs(3600));
    let rules = Rules::new([
        rule("/stories", "/articles")?.drop_query().moved_permanently(),
        rule("/stories/:name", "/articles/:name")?.drop_query().moved_permanently(),
        rule("/docs/*rest", "https://docs.test/v2/*rest")?.drop_query().found(),
        rule("/checkout", "/orders")?.drop_query(),
    ])?;
    let layer = RedirectLayer::new((https, hsts, rules))
        .hosts(["shop.test"])?
        .trust(Trust::proxies(["127.0.0.1"])?.x_forwarded());
    let here = serve(layer).await?;
    let rows = [
        (("GET", "http://shop.test/health", false), "200", None),
        (("GET", "http://shop.test/", false), "301 https://shop.test/", None),
        (("GET", "https://shop.test/", true), "200 max-age=3600", None),
        (("POST", "http://shop.test/orders?q=1", false), "308 https://shop.test/orders?q=1", None),
        (
            ("GET", "https://shop.test/stories/a?q=1", true),
            "301 https://shop.test/articles/a max-age=3600",
            None,
        ),
        (
            ("GET", "https://shop.test/docs/x/y", true),
            "302 https://docs.test/v2/x/y max-age=3600",
            None,
        ),
        (
            ("POST", "https://shop.test/checkout", true),
            "307 https://shop.test/orders max-age=3600",
            None,
        ),
        // Two redirections are one here.
        (
            ("GET", "http://shop.test/stories?q=1", false),
            "301 https://shop.test/stories?q=1",
            Some("301 https://shop.test/articles"),
        ),
        // `%2F` may be a slash or not, so that `:name` does not match such a segment here.
        (
            ("GET", "https://shop.test/stories/a%2Fb", true),
            "301 https://shop.test/articles/a/b max-age=3600",
            Some("200 max-age=3600"),
        ),
        (("GET", "http://attacker.test/", false), "403", Some("421")),
    ];
    compare(there, here, &rows).await
}

/// Like [`compare`], with a URL in place of each request.
async fn compare_gets(
    there: u16,
    here: u16,
    rows: &[(&'static str, &str, Option<&str>)],
) -> Outcome {
    let rows: Vec<_> =
        rows.iter().map(|(url, to, other)| (("GET", *url, false), *to, *other)).collect();
    compare(there, here, &rows).await
}

#[tokio::test]
#[ignore = "needs node and netlify-redirector"]
async fn netlify_redirects() -> Outcome {
    let rules = include_str!("migrating/_netlify");
    let source = include_str!("migrating/netlify.cjs");
    let (_running, there) = start_node("netlify.cjs", source, rules).await?;
    let here = serve(RedirectLayer::new(Rules::from_netlify(rules)?)).await?;
    let rows = [
        ("http://shop.test/home", "301 http://shop.test/", None),
        ("http://shop.test/home/?x=1", "301 http://shop.test/?x=1", None),
        ("http://shop.test/see", "303 http://shop.test/other", None),
        ("http://shop.test/found", "302 http://shop.test/to#here", None),
        ("http://shop.test/news/2020/x", "302 http://shop.test/archive/x/2020", None),
        ("http://shop.test/news/2020/x/", "302 http://shop.test/archive/x/2020", None),
        ("http://shop.test/news/2020/", "200", None),
        ("http://shop.test/news/2020/x/y", "200", None),
        ("http://shop.test/blog/", "301 http://shop.test/posts/", None),
        ("http://shop.test/blog/a/b/", "301 http://shop.test/posts/a/b/", None),
        ("http://shop.test/blog/a%2Fb;c", "301 http://shop.test/posts/a%2Fb;c", None),
        ("http://shop.test/blog//b.test", "301 http://shop.test/posts//b.test", None),
        ("http://shop.test/blog/%E2%82%AC", "301 http://shop.test/posts/%E2%82%AC", None),
        ("http://shop.test/store", "200", None),
        ("http://shop.test/store?id=7", "301 http://shop.test/shop/7?id=7", None),
        ("http://shop.test/store/?z=1&id=7", "301 http://shop.test/shop/7?z=1&id=7", None),
        ("http://shop.test/store?id=a/b", "301 http://shop.test/shop/a%2Fb?id=a/b", None),
        ("http://shop.test/both?tag=t&id=4", "301 http://shop.test/tagged/t/4?tag=t&id=4", None),
        ("http://shop.test/gen/7/a/b", "302 http://shop.test/g/a/b/7", None),
        ("http://shop.test/q/a?z=1", "301 https://b.example/a?k=1", None),
        ("http://shop.test/q", "301 https://b.example/?k=1", None),
        ("http://shop.test/case", "200", None),
        ("http://shop.test/CASE", "301 http://shop.test/lower", None),
        ("http://OLD.test/a?x=1", "301 https://www.example/a?x=1", None),
        ("http://old.test/", "301 https://www.example/", None),
        // An empty capture adds no slash and no empty segment here.
        (
            "http://shop.test/blog",
            "301 http://shop.test/posts/",
            Some("301 http://shop.test/posts"),
        ),
        ("http://shop.test/gen/7/", "302 http://shop.test/g//7", Some("302 http://shop.test/g/7")),
        ("http://shop.test/store?id=", "301 http://shop.test/shop/?id=", Some("200")),
        // In a path, a space is `%20`, and `+` is a plus sign (RFC 3986).
        (
            "http://shop.test/store?id=a%20b",
            "301 http://shop.test/shop/a+b?id=a%20b",
            Some("301 http://shop.test/shop/a%20b?id=a%20b"),
        ),
    ];
    compare_gets(there, here, &rows).await
}

#[tokio::test]
#[ignore = "needs node and @cloudflare/pages-shared"]
async fn cloudflare_pages_redirects() -> Outcome {
    let rules = include_str!("migrating/_pages");
    let source = include_str!("migrating/pages.mjs");
    let (_running, there) = start_node("pages.mjs", source, rules).await?;
    let here = serve(RedirectLayer::new(Rules::from_cloudflare_pages(rules)?)).await?;
    let rows = [
        ("http://shop.test/home", "302 http://shop.test/index", None),
        ("http://shop.test/home?x=1", "302 http://shop.test/index?x=1", None),
        ("http://shop.test/home/", "200", None),
        ("http://shop.test/query?a=b", "301 http://shop.test/?query=string", None),
        ("http://shop.test/trailing", "200", None),
        ("http://shop.test/trailing/", "302 http://shop.test/t", None),
        ("http://shop.test/news/2020/x", "301 http://shop.test/archive/x/2020", None),
        ("http://shop.test/news/2020/x/", "200", None),
        ("http://shop.test/blog", "200", None),
        ("http://shop.test/blog/", "308 http://shop.test/posts/", None),
        ("http://shop.test/blog/a/b?z=1", "308 http://shop.test/posts/a/b?z=1", None),
        ("http://shop.test/blog/old", "308 http://shop.test/posts/old", None),
        ("http://shop.test/blog/a%2Fb;c", "308 http://shop.test/posts/a%2Fb;c", None),
        ("http://shop.test/blog//b.test", "308 http://shop.test/posts//b.test", None),
        ("http://shop.test/blog/%E2%82%AC", "308 http://shop.test/posts/%E2%82%AC", None),
        ("http://shop.test/gen/7/a/b", "303 http://shop.test/g/a/b/7", None),
        ("http://shop.test/gen/7", "200", None),
        ("http://shop.test/q/a?z=1", "302 https://b.example/a?k=1", None),
        ("http://shop.test/q/", "302 https://b.example/?k=1", None),
        ("http://shop.test/f?x=1", "302 http://shop.test/to?x=1#here", None),
        ("http://shop.test/BLOG/x", "200", None),
        (
            "http://shop.test/products/x-1/lamp",
            "302 http://shop.test/products?code=x-1&name=lamp",
            None,
        ),
        // An empty capture adds no empty segment here.
        ("http://shop.test/gen/7/", "303 http://shop.test/g//7", Some("303 http://shop.test/g/7")),
        // A capture stays in its parameter here.
        (
            "http://shop.test/products/a&b/l=1",
            "302 http://shop.test/products?code=a&b&name=l=1",
            Some("302 http://shop.test/products?code=a%26b&name=l%3D1"),
        ),
    ];
    compare_gets(there, here, &rows).await
}

/// Builds and starts a Next.js application in `$CARGO_TARGET_TMPDIR/next`, where `.ci/run` installs `next`.
async fn start_next() -> Outcome<(Program, u16)> {
    let (folder, port) = (Path::new(env!("CARGO_TARGET_TMPDIR")).join("next"), free_port().await?);
    fs::write(folder.join("next.config.js"), include_str!("migrating/next.config.js"))?;
    fs::create_dir_all(folder.join("pages"))?;
    fs::write(folder.join("pages/index.js"), "export default () => \"home\";\n")?;
    let next = |arguments: &[&str]| {
        let mut next = Command::new(folder.join("node_modules/.bin/next"));
        next.args(arguments).env("NEXT_TELEMETRY_DISABLED", "1").current_dir(&folder);
        next
    };
    let built = next(&["build"]).output()?;
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let mut server = next(&["start", "-H", "127.0.0.1", "-p", &port.to_string()]);
    Ok((Program::start_in(&folder, &mut server, &[port]).await?, port))
}

#[tokio::test]
#[ignore = "needs node and next"]
async fn next_redirects() -> Outcome {
    let (_running, there) = start_next().await?;
    let rules = Rules::new([
        rule("/about", "/")?.ignore_case().permanent(),
        rule("/blog/:slug", "/news/:slug")?,
        rule("/docs/*path", "/guide/*path")?.permanent(),
        Rule::regex("/post/(?<id>[0-9]+)")?.to("/posts/:id")?,
        rule("/q", "/r?k=1")?.merge_query(),
        rule("/ext/*path", "https://b.example/*path")?.moved_permanently(),
        rule("/only?id=:id", "/item/:id")?,
        rule("http://old.test/*", "https://www.example/*")?.permanent(),
    ])?;
    let layer = RedirectLayer::new((TrailingSlash::remove().permanent(), rules));
    let here = serve(layer.hosts(["shop.test", "old.test"])?).await?;
    let rows = [
        ("http://shop.test/about?x=1", "308 http://shop.test/?x=1", None),
        ("http://shop.test/ABOUT", "308 http://shop.test/", None),
        ("http://shop.test/blog/a;b", "307 http://shop.test/news/a;b", None),
        ("http://shop.test/blog/a/b", "200", None),
        ("http://shop.test/docs", "308 http://shop.test/guide", None),
        ("http://shop.test/docs/a/b?x=1", "308 http://shop.test/guide/a/b?x=1", None),
        ("http://shop.test/docs/%E2%82%AC", "308 http://shop.test/guide/%E2%82%AC", None),
        ("http://shop.test/docs/a%2Fb", "308 http://shop.test/guide/a%2Fb", None),
        ("http://shop.test/post/7", "307 http://shop.test/posts/7", None),
        ("http://shop.test/post/x", "200", None),
        ("http://shop.test/ext/a?x=1", "301 https://b.example/a?x=1", None),
        ("http://shop.test/only?id=7&z=1", "307 http://shop.test/item/7?id=7&z=1", None),
        ("http://shop.test/only", "200", None),
        ("http://old.test/a/b?x=1", "308 https://www.example/a/b?x=1", None),
        ("http://shop.test/q?k=2&x=1", "307 http://shop.test/r?k=1&x=1", None),
        // Two redirections are one here.
        ("http://shop.test/about/", "308 http://shop.test/about", Some("308 http://shop.test/")),
        // A value of the query stays one segment here.
        (
            "http://shop.test/only?id=a/b",
            "307 http://shop.test/item/a/b?id=a%2Fb",
            Some("307 http://shop.test/item/a%2Fb?id=a/b"),
        ),
        // `%2F` may be a slash or not, so that `:name` does not match such a segment here.
        ("http://shop.test/blog/a%2Fb", "307 http://shop.test/news/a%2Fb", Some("200")),
    ];
    compare_gets(there, here, &rows).await
}
