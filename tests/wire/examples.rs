//! The applications and the clients of the examples, over TCP and TLS.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::net::TcpListener;
use tower::{Service, ServiceExt};
use tower_redirect::{MaintenanceSwitch, MaintenanceWindow, RedirectHistory, ReplayBody};

use crate::client::{self, Stream};
use crate::tls::{Identity, TlsListener};
use crate::{https_only, maintenance_page};

#[path = "../../examples/api_retirement.rs"]
#[allow(dead_code)]
mod api_retirement;
#[path = "../../examples/api_versions.rs"]
#[allow(dead_code)]
mod api_versions;
#[path = "../../examples/download.rs"]
#[allow(dead_code)]
mod download;
#[path = "../../examples/follow_hyper.rs"]
#[allow(dead_code)]
mod follow_hyper;
#[path = "../../examples/follow_reqwest/main.rs"]
#[allow(dead_code)]
mod follow_reqwest;
#[path = "../../examples/guarded_fetch.rs"]
#[allow(dead_code)]
mod guarded_fetch;
#[cfg(feature = "config")]
#[path = "../../examples/hsts_client.rs"]
#[allow(dead_code)]
mod hsts_client;
#[path = "../../examples/maintenance_file.rs"]
#[allow(dead_code)]
mod maintenance_file;
#[path = "../../examples/maintenance_switch.rs"]
#[allow(dead_code)]
mod maintenance_switch;
#[path = "../../examples/timeouts.rs"]
#[allow(dead_code)]
mod timeouts;
#[path = "../../examples/upload.rs"]
#[allow(dead_code)]
mod upload;

type Outcome = Result<(), Box<dyn Error>>;

async fn bind() -> std::io::Result<(TcpListener, u16)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

fn serve(listener: TcpListener, app: Router) {
    tokio::spawn(async move { axum::serve(listener, app).await });
}

/// Posts a body in one piece and as a stream, which must have the same outcome.
async fn post<S, R>(client: S, url: &str, body: &'static str) -> Result<String, Box<dyn Error>>
where
    S: Service<Request<Body>, Response = Response<R>, Error: Error + 'static> + Clone,
    R: http_body::Body<Data: Send, Error: Error + 'static>,
{
    let mut answers = Vec::new();
    for body in [Body::from(body), Body::new(Stream(body.into()))] {
        let response = client.clone().oneshot(Request::post(url).body(body)?).await?;
        let status = response.status().as_u16();
        let hops = RedirectHistory::of(&response).map_or(0, RedirectHistory::len);
        let text = response.into_body().collect().await?.to_bytes();
        answers.push(format!("{hops} hops, {status}: {}", String::from_utf8_lossy(&text).trim()));
    }
    assert_eq!(answers[0], answers[1]);
    Ok(answers.remove(0))
}

/// The builder of the example, without the proxy of the environment.
fn reqwest_builder() -> reqwest::ClientBuilder {
    follow_reqwest::choose_cryptography();
    follow_reqwest::builder().no_proxy()
}

/// The client of the example, as a service of `http` requests and responses.
fn following(
    client: reqwest::Client,
) -> impl Service<Request<Body>, Response = Response<reqwest::Body>, Error: Error + 'static> + Clone
{
    follow_reqwest::following(client)
        .map_request(|request: Request<Body>| {
            // `reqwest::Body` has to be `Sync`, which axum's is not.
            let request = request.map(|body| reqwest::Body::wrap(ReplayBody::new(body, 0)));
            reqwest::Request::try_from(request).expect("a valid URL")
        })
        .map_response(Response::from)
}

#[tokio::test]
async fn orders_over_http_are_taken_over_https() -> Outcome {
    let (http, http_port) = bind().await?;
    let (https, https_port) = bind().await?;
    let identity = Identity::self_signed()?;
    let app = https_only::app(https_port)?;
    serve(http, app.clone());
    let listener = TlsListener::new(https, &identity)?;
    let secure = https_only::secure(app);
    tokio::spawn(async move { axum::serve(listener, secure).await });

    let hyper = client::Client::new(&identity)?;
    for (scheme, port, hops) in [("http", http_port, 1), ("https", https_port, 0)] {
        let url = format!("{scheme}://127.0.0.1:{port}/orders");
        let root = reqwest::Certificate::from_der(identity.certificate())?;
        let reqwest = reqwest_builder().tls_certs_only([root]).build()?;
        let answer = post(following(reqwest), &url, "tea").await?;
        assert_eq!(answer, format!("{hops} hops, 200: took 3 bytes, secure: true"));

        for body in [Body::from("tea"), Body::new(Stream("tea".into()))] {
            let seen = hyper.send(Request::post(&url).body(body)?).await?;
            assert_eq!((seen.status, seen.history.len()), (StatusCode::OK, hops));
            assert_eq!(seen.text, "took 3 bytes, secure: true\n");
        }
        let health = format!("{scheme}://127.0.0.1:{port}/health");
        let seen = hyper.send(Request::get(health).body(Body::empty())?).await?;
        assert_eq!((seen.history.len(), seen.text.as_str()), (0, "fine\n"));
    }
    Ok(())
}

#[tokio::test]
async fn the_standby_takes_orders_while_the_switch_is_on() -> Outcome {
    let (main, main_port) = bind().await?;
    let (standby, standby_port) = bind().await?;
    let (admin, admin_port) = bind().await?;
    let switch = MaintenanceSwitch::new();
    let origin = format!("http://127.0.0.1:{standby_port}");
    serve(main, maintenance_switch::app("main", switch.clone(), &origin)?);
    serve(standby, maintenance_switch::orders("standby"));
    serve(admin, maintenance_switch::admin(switch));

    let url = format!("http://127.0.0.1:{main_port}/orders");
    let reqwest = following(reqwest_builder().build()?);
    for (flip, expected) in [
        ("off", "0 hops, 200: main took: tea"),
        ("on", "1 hops, 200: standby took: tea"),
        ("off", "0 hops, 200: main took: tea"),
    ] {
        let flip = format!("http://127.0.0.1:{admin_port}/{flip}");
        post(reqwest.clone(), &flip, "").await?;
        assert_eq!(post(reqwest.clone(), &url, "tea").await?, expected);
        assert_eq!(post(follow_hyper::client(), &url, "tea").await?, expected);
    }
    Ok(())
}

#[tokio::test]
async fn orders_for_the_retired_or_no_version_arrive_at_the_current_one() -> Outcome {
    let (listener, port) = bind().await?;
    serve(listener, api_versions::app()?);
    for (path, hops) in [("/api/v1/orders", 1), ("/api/orders", 1), ("/api/v2/orders", 0)] {
        let url = format!("http://127.0.0.1:{port}{path}");
        let expected = format!("{hops} hops, 200: v2 took: tea");
        assert_eq!(post(follow_hyper::client(), &url, "tea").await?, expected);
        let reqwest = following(reqwest_builder().build()?);
        assert_eq!(post(reqwest, &url, "tea").await?, expected);
    }
    Ok(())
}

/// Status, `Location`, `Retry-After` and body.
async fn get(url: &str, navigates: bool) -> Result<(u16, String, String, String), Box<dyn Error>> {
    let client = reqwest_builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let accept = if navigates { "text/html" } else { "*/*" };
    let response = client.get(url).header("accept", accept).send().await?;
    let field = |name: &str| {
        let value = response.headers().get(name).map(|value| value.to_str());
        value.transpose().map(|value| value.unwrap_or_default().to_owned())
    };
    let (location, retry_after) = (field("location")?, field("retry-after")?);
    Ok((response.status().as_u16(), location, retry_after, response.text().await?))
}

#[tokio::test]
async fn a_file_switches_maintenance_of_a_running_server() -> Outcome {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("maintenance_file");
    let _ = fs::remove_file(&file);
    let switch = MaintenanceSwitch::new();
    let (listener, port) = bind().await?;
    serve(listener, maintenance_file::app(switch.clone()));
    tokio::spawn(maintenance_file::watch_file(file.clone(), switch));
    let url = format!("http://127.0.0.1:{port}/");
    let until = async |status: u16| {
        let ask = async {
            loop {
                let answer = get(&url, false).await?;
                if answer.0 == status {
                    return Ok::<_, Box<dyn Error>>(answer);
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), ask).await?
    };
    for _ in 0..2 {
        assert_eq!(until(200).await?.3, "at work\n");
        fs::write(&file, "")?;
        assert_eq!(until(503).await?.2, "");
        fs::remove_file(&file)?;
    }
    until(200).await?;
    fs::write(&file, "600\n")?;
    let retry_after: u64 = until(503).await?.2.parse()?;
    assert!((1..=600).contains(&retry_after), "{retry_after}");
    fs::remove_file(&file)?;
    Ok(())
}

#[tokio::test]
async fn the_page_says_when_maintenance_ends() -> Outcome {
    let switch = MaintenanceSwitch::new();
    let (listener, port) = bind().await?;
    serve(listener, maintenance_page::app(switch.clone())?);
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    assert_eq!(get(&url("/"), true).await?.0, 200);
    let end = SystemTime::now() + Duration::from_secs(90);
    switch.set(MaintenanceWindow::until(end));
    let (status, location, retry_after, _) = get(&url("/"), true).await?;
    assert_eq!((status, &*location, &*retry_after), (307, "/closed", ""));
    let (status, _, _, page) = get(&url("/closed"), true).await?;
    assert_eq!(status, 503);
    assert!(page.contains(&httpdate::fmt_http_date(end)), "{page}");
    let (status, location, retry_after, _) = get(&url("/"), false).await?;
    assert_eq!((status, &*location), (503, ""));
    assert!((1..=90).contains(&retry_after.parse::<u64>()?), "{retry_after}");
    assert_eq!(get(&url("/style.css"), true).await?.0, 200);
    Ok(())
}

#[tokio::test]
async fn versions_are_retired_by_date() -> Outcome {
    let (listener, port) = bind().await?;
    serve(listener, api_retirement::app(SystemTime::now())?);
    let client = reqwest_builder().redirect(reqwest::redirect::Policy::none()).build()?;
    for (version, status, location, body) in [
        ("v5", 200, None, "v5 took: tea\n"),
        ("v4", 200, None, "v4 took: tea\n"),
        ("v3", 307, Some("/api/v5/orders"), ""),
        ("v2", 308, Some("/api/v5/orders"), ""),
        ("v1", 410, None, "this version was retired\n"),
    ] {
        let url = format!("http://127.0.0.1:{port}/api/{version}/orders");
        let response = client.post(url).body("tea").send().await?;
        let seen = response.headers().get("location").map(|l| l.to_str()).transpose()?;
        assert_eq!((response.status().as_u16(), seen), (status, location), "{version}");
        let link = response.headers().get("link").map(|l| l.to_str()).transpose()?;
        let successor = "</api/v5/orders>; rel=\"successor-version\"";
        assert_eq!(link, matches!(version, "v4" | "v1").then_some(successor), "{version}");
        assert_eq!(response.headers().contains_key("deprecation"), version == "v4");
        assert_eq!(response.text().await?, body);
    }
    let follows = reqwest_builder().redirect(reqwest::redirect::Policy::default()).build()?;
    let moved = follows.post(format!("http://127.0.0.1:{port}/api/v2/orders"));
    assert_eq!(moved.body("tea").send().await?.text().await?, "v5 took: tea\n");
    Ok(())
}

#[tokio::test]
async fn a_download_has_a_history_and_a_login_page_is_an_error() -> Outcome {
    let (listener, port) = bind().await?;
    serve(listener, download::app());
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let download::Download { bytes, history } = download::download(&url("/v1/file")).await?;
    let history = history.ok_or("not redirected")?;
    assert_eq!((bytes, history.len()), (100_000, 2));
    let uri = |uri: Option<&http::Uri>| uri.map(ToString::to_string);
    assert_eq!(uri(history.final_uri()), Some(url("/mirror/file")));
    assert_eq!(uri(history.permanent_uri()), Some(url("/v2/file")));
    let error = download::download(&url("/private")).await.err().ok_or("followed")?;
    assert!(timeouts::chain(&*error).contains("not to be followed"), "{error}");
    Ok(())
}

#[tokio::test]
async fn the_error_of_a_timeout_names_the_hop() -> Outcome {
    let (listener, port) = bind().await?;
    serve(listener, timeouts::app());
    let url = format!("http://127.0.0.1:{port}/report");
    let (short, long) = (Duration::from_millis(200), Duration::from_secs(60));
    let error = timeouts::fetch(&url, short, long).await.err().ok_or("answered")?;
    let slow = format!("request to http://127.0.0.1:{port}/v2/slow (hop 2) failed");
    assert_eq!(timeouts::chain(&*error), format!("{slow}: request timed out"));
    assert!(error.source().is_some_and(|error| error.is::<tower::timeout::error::Elapsed>()));
    let error = timeouts::fetch(&url, long, short).await.err().ok_or("answered")?;
    assert!(error.is::<tower::timeout::error::Elapsed>(), "{error}");
    Ok(())
}

#[tokio::test]
async fn uploads_survive_from_memory_stream_and_file() -> Outcome {
    let (listener, port) = bind().await?;
    serve(listener, upload::app());
    let url = format!("http://127.0.0.1:{port}/upload");
    let bytes = bytes::Bytes::from(vec![b'x'; 300_000]);
    assert_eq!(upload::from_memory(&url, bytes.clone()).await?, "300000 bytes");
    #[cfg(feature = "hyper")]
    assert_eq!(upload::when_asked(&url, bytes.clone()).await?, "300000 bytes");
    assert_eq!(upload::from_stream(&url, vec![bytes.slice(..1000); 50]).await?, "50000 bytes");
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("upload");
    fs::write(&file, vec![b'x'; 3_000_000])?;
    assert_eq!(upload::from_file(&url, file.clone()).await?, "3000000 bytes");
    fs::remove_file(&file)?;
    assert!(upload::from_file(&url, file).await.is_err());
    // A stream that is too long to be kept is an error before it is sent again.
    let error = upload::from_stream(&url, vec![bytes; 10]).await.err().ok_or("sent again")?;
    assert!(timeouts::chain(&*error).contains("larger than the limit of 1 MiB"), "{error}");
    Ok(())
}

/// Resolves the names of the test. `rebind.test` is public only the first time.
#[derive(Clone, Default)]
struct Names(std::sync::Arc<std::sync::atomic::AtomicUsize>);

impl Service<hyper_util::client::legacy::connect::dns::Name> for Names {
    type Response = std::vec::IntoIter<std::net::SocketAddr>;
    type Error = std::io::Error;
    type Future = std::future::Ready<std::io::Result<Self::Response>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<std::io::Result<()>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: hyper_util::client::legacy::connect::dns::Name) -> Self::Future {
        let (public, inside) = ([127, 0, 0, 2], [127, 0, 0, 1]);
        let times = self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let addresses = match name.as_str() {
            "public.test" => vec![public],
            "both.test" => vec![inside, public],
            "rebind.test" if times == 0 => vec![public],
            _ => vec![inside],
        };
        let addresses: Vec<_> = addresses.into_iter().map(|ip| (ip, 0).into()).collect();
        std::future::ready(Ok(addresses.into_iter()))
    }
}

#[tokio::test]
async fn a_guarded_fetch_does_not_reach_its_own_network() -> Outcome {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::extract::RawQuery;
    use axum::response::Redirect;
    use axum::routing::get;
    use tower_redirect::follow::guard::TargetGuard;

    // The same port inside and outside, so that only addresses tell them apart.
    let inside = TcpListener::bind("127.0.0.1:0").await?;
    let port = inside.local_addr()?.port();
    let outside = TcpListener::bind(("127.0.0.2", port)).await?;
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let secret = move || {
        count.fetch_add(1, Ordering::SeqCst);
        async { "secret" }
    };
    serve(inside, Router::new().fallback(secret));
    let to = get(async |RawQuery(to): RawQuery| Redirect::temporary(&to.unwrap_or_default()));
    serve(outside, Router::new().route("/", get("public")).route("/to", to));

    // 127.0.0.2 stands for a public address.
    let guard = || TargetGuard::new().allow(["127.0.0.2"]);
    for url in ["http://public.test:{}/", "http://both.test:{}/", "http://rebind.test:{}/"] {
        let url = url.replace("{}", &port.to_string());
        let page = guarded_fetch::fetch(&url, Names::default(), guard()?).await;
        assert_eq!(page.map_err(|error| error.to_string())?, "public", "{url}");
    }
    for inside in [
        "http://127.0.0.1:{}/",
        "http://2130706433:{}/",
        "http://[::ffff:7f00:1]:{}/",
        "http://inside.test:{}/",
        "http://localhost:{}/",
        // This name was public when the hop before resolved it.
        "http://rebind.test:{}/",
        "//inside.test:{}/",
    ] {
        let inside = inside.replace("{}", &port.to_string());
        let first = if inside.contains("rebind") { "rebind" } else { "public" };
        let url = format!("http://{first}.test:{port}/to?{inside}");
        let page = guarded_fetch::fetch(&url, Names::default(), guard()?).await;
        // A connection that is kept alive goes to the address that was checked.
        assert!(
            page.as_ref().is_err() || page.as_ref().is_ok_and(|page| page == "public"),
            "{url}"
        );
        assert!(inside.contains("rebind") || page.is_err(), "{url}: {page:?}");
        if !inside.starts_with("//") {
            let page = guarded_fetch::fetch(&inside, Names(Arc::new(1.into())), guard()?).await;
            assert!(page.is_err(), "{inside}: {page:?}");
        }
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    Ok(())
}

#[cfg(feature = "config")]
#[tokio::test]
async fn after_one_https_answer_no_request_is_sent_over_http() -> Outcome {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
    use rustls::{RootCertStore, ServerConfig};
    use tokio_rustls::TlsAcceptor;
    use tower_redirect::follow::hsts::HstsStore;

    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone())?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    // An upgrade keeps an explicit port, so that http and https share one. The first byte tells them apart.
    let (listener, port) = bind().await?;
    let in_clear = Arc::new(AtomicUsize::new(0));
    let count = in_clear.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, count) = (acceptor.clone(), count.clone());
            tokio::spawn(async move {
                let mut first = [0];
                stream.peek(&mut first).await.expect("a byte");
                let answer = hyper::service::service_fn(async |_| {
                    let response = Response::builder();
                    let response = response.header("strict-transport-security", "max-age=31536000");
                    response.body(http_body_util::Full::new(bytes::Bytes::from("done")))
                });
                let builder = hyper::server::conn::http1::Builder::new();
                if first == [0x16] {
                    let io = hyper_util::rt::TokioIo::new(acceptor.accept(stream).await?);
                    let _ = builder.serve_connection(io, answer).await;
                } else {
                    count.fetch_add(1, Ordering::SeqCst);
                    let io = hyper_util::rt::TokioIo::new(stream);
                    let _ = builder.serve_connection(io, answer).await;
                }
                Ok::<_, std::io::Error>(())
            });
        }
    });
    let store = HstsStore::new();
    let get = async |scheme: &str| {
        let url = format!("{scheme}://localhost:{port}/");
        hsts_client::get(&url, store.clone(), roots.clone()).await.map(|response| response.status())
    };
    assert_eq!((get("http").await?, in_clear.load(Ordering::SeqCst)), (StatusCode::OK, 1));
    assert!(store.is_empty(), "nothing is learned over http");
    get("https").await?;
    for _ in 0..3 {
        get("http").await?;
    }
    assert_eq!(in_clear.load(Ordering::SeqCst), 1);
    Ok(())
}
