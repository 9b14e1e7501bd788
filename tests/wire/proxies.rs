//! Proxies that terminate TLS, and a cache, in front of the server, with the configurations that the guide
//! names: `tests/wire/proxies/`. Run with `-- --ignored`.

use std::error::Error;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::http::HeaderValue;
use axum::routing::any;
use reqwest::Response;
use reqwest::redirect::Policy;
use tokio::net::TcpListener;
use tower_redirect::{
    ConfigError, Decision, HttpsOnly, RedirectLayer, RedirectPolicy, Trust, policy_fn,
};

use crate::support::program::{Program, folder, free_port, nginx};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;
type Notes = Arc<Mutex<Vec<String>>>;

fn notes(notes: &Notes) -> Vec<String> {
    notes.lock().expect("not poisoned").clone()
}

/// A proxy with one of its configurations.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Nginx,
    NginxForwarded,
    Haproxy,
    HaproxyForwarded,
    Caddy,
    Apache,
}

impl Kind {
    fn configuration(self) -> &'static str {
        match self {
            Self::Nginx => include_str!("proxies/nginx.conf"),
            Self::NginxForwarded => include_str!("proxies/nginx-forwarded.conf"),
            Self::Haproxy => include_str!("proxies/haproxy.cfg"),
            Self::HaproxyForwarded => include_str!("proxies/haproxy-forwarded.cfg"),
            Self::Caddy => include_str!("proxies/Caddyfile"),
            Self::Apache => include_str!("proxies/apache.conf"),
        }
    }

    /// The program with its arguments, for a configuration in `folder/conf`.
    fn command(self, folder: &Path) -> Command {
        let conf = folder.join("conf");
        match self {
            Self::Nginx | Self::NginxForwarded => nginx(folder, "conf"),
            Self::Haproxy | Self::HaproxyForwarded => {
                let mut haproxy = Command::new("haproxy");
                haproxy.args(["-db", "-f"]).arg(conf);
                haproxy
            }
            Self::Caddy => {
                let mut caddy = Command::new("caddy");
                caddy.args(["run", "--adapter", "caddyfile", "--config"]).arg(conf);
                caddy.env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder);
                caddy
            }
            Self::Apache => {
                let mut apache = Command::new("apache2");
                apache.args(["-D", "FOREGROUND", "-f"]).arg(conf);
                apache
            }
        }
    }

    fn is_forwarded(self) -> bool {
        matches!(self, Self::NginxForwarded | Self::HaproxyForwarded)
    }

    /// Whether a client's own `X-Forwarded-Host` reaches a server that reads the `X-Forwarded` fields.
    fn passes_x_forwarded_host(self) -> bool {
        matches!(self, Self::Nginx | Self::Haproxy)
    }

    /// The trust that the guide names for this proxy.
    fn trust(self) -> Result<Trust, ConfigError> {
        Ok(if self.is_forwarded() {
            Trust::proxies(["127.0.0.1"])?.forwarded()
        } else {
            Trust::proxies(["127.0.0.1"])?.x_forwarded()
        })
    }

    /// The trust as a diagnosis prints it.
    fn cure(self) -> &'static str {
        let (forwarded, x_forwarded) = (
            r#"Trust::proxies(["127.0.0.1"])?.forwarded()"#,
            r#"Trust::proxies(["127.0.0.1"])?.x_forwarded()"#,
        );
        if self.is_forwarded() { forwarded } else { x_forwarded }
    }
}

/// A proxy in front of `app`, listening for http and https.
struct Proxy {
    _program: Program,
    http: u16,
    https: u16,
    certificate: reqwest::Certificate,
}

impl Proxy {
    async fn start(kind: Kind, name: &str, app: u16) -> Outcome<Self> {
        let folder = folder(&format!("proxies/{kind:?}-{name}"))?;
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
        let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        fs::write(folder.join("cert.pem"), &cert)?;
        fs::write(folder.join("key.pem"), &key)?;
        fs::write(folder.join("both.pem"), cert + &key)?;
        let (http, https) = (free_port().await?, free_port().await?);
        let configuration = kind
            .configuration()
            .replace("@HTTPS@", &https.to_string())
            .replace("@HTTP@", &http.to_string())
            .replace("@APP@", &app.to_string())
            .replace("@FOLDER@", &folder.to_string_lossy());
        fs::write(folder.join("conf"), configuration)?;
        let program = Program::start_in(&folder, &mut kind.command(&folder), &[https]).await?;
        let certificate = reqwest::Certificate::from_der(made.cert.der())?;
        Ok(Self { _program: program, http, https, certificate })
    }

    /// A client at 127.0.0.2, so that client and proxy can be told apart.
    fn client(&self, redirects: Policy) -> reqwest::Result<reqwest::Client> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::builder()
            .no_proxy()
            .redirect(redirects)
            .local_address(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)))
            .tls_certs_only([self.certificate.clone()])
            .build()
    }

    fn url(&self, scheme: &str) -> String {
        let port = if scheme == "https" { self.https } else { self.http };
        format!("{scheme}://127.0.0.1:{port}/orders?id=7")
    }
}

/// A cache in front of `app`.
async fn varnish(name: &str, key: &str, vary: &str, app: u16) -> Outcome<(Program, u16)> {
    let folder = folder(&format!("proxies/Varnish-{name}"))?;
    let port = free_port().await?;
    let configuration = include_str!("proxies/varnish.vcl")
        .replace("@APP@", &app.to_string())
        .replace("@KEY@", key)
        .replace("@VARY@", vary);
    fs::write(folder.join("conf"), configuration)?;
    let mut command = Command::new("varnishd");
    command.args(["-F", "-j", "none", "-s", "malloc,16m", "-n"]).arg(folder.join("work"));
    command.args(["-a", &format!("127.0.0.1:{port}"), "-f"]).arg(folder.join("conf"));
    Ok((Program::start_in(&folder, &mut command, &[port]).await?, port))
}

/// Notes the scheme, the host and the client of each request, and passes it.
fn witness(notes: &Notes) -> impl RedirectPolicy + 'static {
    let notes = notes.clone();
    policy_fn(move |head| {
        let host = head.authority().map(|host| host.to_string());
        let line = format!("{} {} {:?}", head.scheme(), host.unwrap_or_default(), head.client_ip());
        notes.lock().expect("not poisoned").push(line);
        Decision::Pass
    })
}

/// An application whose answer may be kept for an hour.
fn app<P: RedirectPolicy + 'static>(layer: RedirectLayer<P>) -> Router {
    let inner = || async { ([("cache-control", "max-age=3600")], "inner") };
    Router::new().route("/{*path}", any(inner)).layer(layer)
}

fn serve<P: RedirectPolicy + 'static>(listener: TcpListener, layer: RedirectLayer<P>) {
    let app = app(layer).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, app).await });
}

/// Adds a hook that keeps the diagnoses in a list.
fn noting<P: RedirectPolicy>(layer: RedirectLayer<P>) -> (RedirectLayer<P>, Notes) {
    let told = Notes::default();
    let kept = told.clone();
    let hook = move |diagnosis: &tower_redirect::Diagnosis| {
        kept.lock().expect("not poisoned").push(diagnosis.to_string());
    };
    (layer.on_diagnosis(hook), told)
}

/// Uses the guide's line for this proxy, and a client that forges every field. There is no loop, and scheme,
/// host and client are right.
async fn trusted_and_forged(kind: Kind) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let proxy = Proxy::start(kind, "trusted", listener.local_addr()?.port()).await?;
    let facts = Notes::default();
    let policy = (witness(&facts), HttpsOnly::new().port_map([(proxy.http, proxy.https)]));
    let (layer, diagnoses) = noting(RedirectLayer::new(policy).trust(kind.trust()?));
    serve(listener, layer);

    let client = proxy.client(Policy::limited(5))?;
    let request = client
        .post(proxy.url("http"))
        .header("x-forwarded-for", "6.6.6.6")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "evil.example")
        .header("x-forwarded-port", "444")
        .header("x_forwarded_proto", "https")
        .header("forwarded", "for=6.6.6.6;proto=https;host=evil.example");
    let response = request.body("tea").send().await?;
    assert_eq!(response.status(), 200);
    assert_eq!(response.url().as_str(), proxy.url("https"));
    assert_eq!(response.text().await?, "inner");
    let fact = |scheme, port| format!("{scheme} 127.0.0.1:{port} Some(127.0.0.2)");
    // The policy sees the request, then the target of its redirection, and then the request for that target.
    let (plain, secure) = (fact("http", proxy.http), fact("https", proxy.https));
    assert_eq!(notes(&facts), [plain, secure.clone(), secure]);
    // A forwarded host that is not trusted appears only in a diagnosis.
    let diagnoses = notes(&diagnoses);
    match kind.passes_x_forwarded_host() {
        true => {
            assert_eq!(diagnoses.len(), 1, "{diagnoses:?}");
            assert!(diagnoses[0].contains("forwards \"evil.example\""), "{diagnoses:?}");
        }
        false => assert_eq!(diagnoses, [""; 0]),
    }
    Ok(())
}

/// If the server does not pass the peer's address to the layer, the diagnosis says so.
#[tokio::test]
#[ignore = "needs nginx"]
async fn no_proxy_is_trusted_without_the_address_of_the_peer() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let proxy = Proxy::start(Kind::Nginx, "unknown", listener.local_addr()?.port()).await?;
    let trust = Kind::Nginx.trust()?;
    let (layer, diagnoses) = noting(RedirectLayer::new(HttpsOnly::new()).trust(trust));
    tokio::spawn(async move { axum::serve(listener, app(layer)).await });
    let client = proxy.client(Policy::none())?;
    assert_eq!(client.get(proxy.url("https")).send().await?.status(), 307);
    let told = notes(&diagnoses);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("into_make_service_with_connect_info::<SocketAddr>()"), "{told:?}");
    Ok(())
}

/// Without the guide's line each request is redirected to itself, and one diagnosis prints the line.
async fn untrusted(kind: Kind) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let proxy = Proxy::start(kind, "untrusted", listener.local_addr()?.port()).await?;
    let (layer, diagnoses) = noting(RedirectLayer::new(HttpsOnly::new()));
    serve(listener, layer);
    let client = proxy.client(Policy::none())?;
    for _ in 0..3 {
        let response = client.get(proxy.url("https")).send().await?;
        assert_eq!(response.status(), 307);
        assert_eq!(
            location(&response),
            proxy.url("https").replace(&format!(":{}", proxy.https), "")
        );
    }
    let told = notes(&diagnoses);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("127.0.0.1, which is not trusted"), "{told:?}");
    assert!(told[0].contains(kind.cure()), "{told:?}");
    Ok(())
}

fn location(response: &Response) -> &str {
    response.headers().get("location").map_or("", |value| value.to_str().expect("ascii"))
}

macro_rules! in_front {
    ($($name:ident: $kind:ident, $reason:literal;)*) => {$(
        mod $name {
            use super::{Kind, Outcome};

            #[tokio::test]
            #[ignore = $reason]
            async fn trusted_there_is_no_loop_and_forged_fields_are_harmless() -> Outcome {
                super::trusted_and_forged(Kind::$kind).await
            }

            #[tokio::test]
            #[ignore = $reason]
            async fn untrusted_the_diagnosis_names_the_call() -> Outcome {
                super::untrusted(Kind::$kind).await
            }
        }
    )*};
}

in_front! {
    nginx: Nginx, "needs nginx";
    nginx_forwarded: NginxForwarded, "needs nginx";
    haproxy: Haproxy, "needs haproxy";
    haproxy_forwarded: HaproxyForwarded, "needs haproxy";
    caddy: Caddy, "needs caddy";
    apache: Apache, "needs apache2";
}

/// haproxy, varnish, and the server behind both.
struct Cached {
    proxy: Proxy,
    client: reqwest::Client,
    _varnish: Program,
}

const SCHEME_IN_KEY: &str = "hash_data(req.http.X-Forwarded-Proto);";
const VARY_IGNORED: &str = "unset beresp.http.Vary;";

impl Cached {
    async fn start(name: &str, key: &str, vary: &str) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let app = listener.local_addr()?.port();
        let (varnish, port) = varnish(name, key, vary, app).await?;
        let proxy = Proxy::start(Kind::Haproxy, &format!("varnish-{name}"), port).await?;
        let https = HttpsOnly::new().port_map([(proxy.http, proxy.https)]).permanent();
        let layer = RedirectLayer::new(https).hosts(["127.0.0.1"])?.trust(Kind::Haproxy.trust()?);
        serve(listener, layer);
        let client = proxy.client(Policy::none())?;
        Ok(Self { proxy, client, _varnish: varnish })
    }

    /// Asks for a URL with a `Host` that is the same for both schemes, as on ports 80 and 443. Returns the status,
    /// and whether the cache answered.
    async fn ask(&self, scheme: &str) -> Outcome<(u16, bool)> {
        let host = HeaderValue::from_str(&format!("127.0.0.1:{}", self.proxy.http))?;
        let response = self.client.get(self.proxy.url(scheme)).header("host", host).send().await?;
        let hit = response.headers().get("x-cache").is_some_and(|value| value == "hit");
        Ok((response.status().as_u16(), hit))
    }
}

#[tokio::test]
#[ignore = "needs varnish and haproxy"]
async fn a_cache_key_without_the_scheme_mixes_both() -> Outcome {
    // A redirection that was kept for http is the answer to https: a loop for everybody.
    let cached = Cached::start("danger", "", VARY_IGNORED).await?;
    assert_eq!(cached.ask("http").await?, (308, false));
    assert_eq!(cached.ask("https").await?, (308, true));
    // A page that was kept for https is sent over http.
    let cached = Cached::start("danger-page", "", "").await?;
    assert_eq!(cached.ask("https").await?, (200, false));
    assert_eq!(cached.ask("http").await?, (200, true));
    Ok(())
}

#[tokio::test]
#[ignore = "needs varnish and haproxy"]
async fn a_cache_key_with_the_scheme_keeps_both_apart() -> Outcome {
    for first in ["http", "https"] {
        let cached = Cached::start(&format!("key-{first}"), SCHEME_IN_KEY, VARY_IGNORED).await?;
        cached.ask(first).await?;
        let (http, https) = (cached.ask("http").await?, cached.ask("https").await?);
        assert_eq!((http.0, https.0), (308, 200), "{first} first");
        // Both are kept, and stay right.
        assert_eq!(cached.ask("http").await?, (308, true));
        assert_eq!(cached.ask("https").await?, (200, true));
    }
    Ok(())
}

#[tokio::test]
#[ignore = "needs varnish and haproxy"]
async fn a_cache_that_obeys_vary_never_takes_a_redirection_for_a_page() -> Outcome {
    let cached = Cached::start("vary", "", "").await?;
    assert_eq!(cached.ask("http").await?, (308, false));
    assert_eq!(cached.ask("https").await?, (200, false));
    Ok(())
}
