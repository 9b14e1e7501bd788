//! nginx, Apache, Caddy, Go's `net/http` and Node.js redirect an upload, and every byte arrives.
//!
//! Each answers 307 and 308 without reading the upload (`/early`); Go and Node, which run programs of
//! ours, also once they have read it (`/read`). Go and Node serve `/digest` themselves; the others forward
//! it to [`application`]. hyper is included because it closes a connection with unread input at once. Run
//! with `cargo test -- --ignored`; `WIRE_ROUNDS` is the number of times that each upload is sent.

use std::convert::Infallible;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
#[cfg(feature = "hyper")]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::response::Redirect;
use axum::routing::{get, post};
use bytes::Bytes;
use http::{Request, Response, StatusCode, Version};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use sha2::{Digest, Sha256};
#[cfg(feature = "hyper")]
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
#[cfg(feature = "hyper")]
use tokio::net::TcpStream;
use tower::{Layer, Service, ServiceExt};
#[cfg(feature = "hyper")]
use tower_redirect::follow::expect::ExpectContinueLayer;
use tower_redirect::{
    FollowError, FollowRedirectsLayer, RedirectHistory, ReplayBodyLayer, ReplayFn,
};

use crate::support::Frames;
use crate::support::program::{Program, folder, free_port, nginx, self_signed};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;
type Hyper<B> = Client<HttpsConnector<HttpConnector>, B>;
type UploadError = FollowError<legacy::Error>;

const SMALL: usize = 1024;
const MEDIUM: usize = 1024 * 1024;
const LARGE: usize = 64 * 1024 * 1024;

/// The longest upload, in which no two blocks are alike.
static CONTENT: LazyLock<Bytes> = LazyLock::new(|| {
    let blocks = (0..LARGE as u64 / 32).flat_map(|block| {
        let word = block.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes();
        std::iter::repeat_n(word, 4).flatten()
    });
    blocks.collect()
});

fn digest(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// How often each upload is sent.
fn rounds() -> Outcome<usize> {
    Ok(std::env::var("WIRE_ROUNDS").map_or(Ok(2), |count| count.parse())?)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Protocol {
    Http1,
    Http1Tls,
    Http2,
    Http2Tls,
}

const PROTOCOLS: [Protocol; 4] =
    [Protocol::Http1, Protocol::Http1Tls, Protocol::Http2, Protocol::Http2Tls];

impl Protocol {
    fn scheme(self) -> &'static str {
        match self {
            Self::Http1 | Self::Http2 => "http",
            Self::Http1Tls | Self::Http2Tls => "https",
        }
    }

    fn version(self) -> Version {
        match self {
            Self::Http1 | Self::Http1Tls => Version::HTTP_11,
            Self::Http2 | Self::Http2Tls => Version::HTTP_2,
        }
    }
}

/// How an upload can be sent again.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// As it is; its length is known.
    Full,
    /// Recorded by `ReplayBodyLayer`; its length is not known.
    Recorded,
    /// Made anew by `ReplayFn`; its length is not known.
    Made,
}

const KINDS: [Kind; 3] = [Kind::Full, Kind::Recorded, Kind::Made];

fn stream(content: &Bytes) -> Frames {
    let piece = 16 * 1024;
    let starts = (0..content.len()).step_by(piece);
    Frames::new(starts.map(|start| content.slice(start..content.len().min(start + piece))))
}

/// A foreign server.
struct Server {
    _program: Option<Program>,
    /// In the order of [`PROTOCOLS`].
    ports: [u16; 4],
    tls: ClientConfig,
    protocols: &'static [Protocol],
    /// Paths that redirect.
    redirects: &'static [&'static str],
    /// Paths whose uploads are read to their end, so that even the longest has to arrive.
    reads: &'static [&'static str],
    /// The number of bytes that have to arrive on all other paths. A longer upload may be an error, if the server
    /// closes the connection before the client has seen the redirection.
    unread: usize,
    /// Whether the server sends a 100 for every upload, even for one that it redirects.
    #[cfg_attr(not(feature = "hyper"), allow(dead_code))]
    always_asks: bool,
}

/// Forwards connections to a port, and counts the bytes from the client on each.
#[cfg(feature = "hyper")]
struct Relay {
    port: u16,
    sent: Arc<Mutex<Vec<Arc<AtomicUsize>>>>,
}

#[cfg(feature = "hyper")]
impl Relay {
    async fn start(to: u16) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (port, sent) = (listener.local_addr()?.port(), Arc::<Mutex<Vec<_>>>::default());
        let connections = sent.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let count = Arc::new(AtomicUsize::new(0));
                connections.lock().expect("not poisoned").push(count.clone());
                tokio::spawn(pass_on(client, to, count));
            }
        });
        Ok(Self { port, sent })
    }

    /// The number of bytes from the client on each connection.
    fn sent(&self) -> Vec<usize> {
        let sent = self.sent.lock().expect("not poisoned");
        sent.iter().map(|count| count.load(Ordering::SeqCst)).collect()
    }
}

#[cfg(feature = "hyper")]
async fn pass_on(client: TcpStream, to: u16, count: Arc<AtomicUsize>) -> std::io::Result<()> {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) =
        TcpStream::connect(("127.0.0.1", to)).await?.into_split();
    let up = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let length = from_client.read(&mut buffer).await?;
            if length == 0 {
                return to_server.shutdown().await;
            }
            count.fetch_add(length, Ordering::SeqCst);
            to_server.write_all(&buffer[..length]).await?;
        }
    };
    let down = async {
        tokio::io::copy(&mut from_server, &mut to_client).await?;
        to_client.shutdown().await
    };
    tokio::try_join!(up, down).map(|_| ())
}

/// The folder, the ports and the certificate of a server that is not started yet.
struct Setup {
    folder: PathBuf,
    ports: [u16; 4],
    tls: ClientConfig,
}

impl Setup {
    async fn new(name: &str) -> Outcome<Self> {
        let folder = folder(&format!("servers-{name}"))?;
        let mut roots = RootCertStore::empty();
        roots.add(self_signed(&folder)?)?;
        let tls = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let mut ports = Vec::new();
        while ports.len() < PROTOCOLS.len() {
            let port = free_port().await?;
            if !ports.contains(&port) {
                ports.push(port);
            }
        }
        Ok(Self { folder, ports: ports.try_into().expect("four"), tls })
    }

    /// Writes the configuration, with its placeholders replaced.
    fn configure(&self, file: &str, template: &str, application: u16) -> Outcome<PathBuf> {
        let [http1, http1_tls, http2, http2_tls] = self.ports.map(|port| port.to_string());
        let text = template
            .replace("@HTTP1@", &http1)
            .replace("@HTTP1_TLS@", &http1_tls)
            .replace("@HTTP2@", &http2)
            .replace("@HTTP2_TLS@", &http2_tls)
            .replace("@APP@", &application.to_string())
            .replace("@FOLDER@", &self.folder.display().to_string());
        let path = self.folder.join(file);
        fs::write(&path, text)?;
        Ok(path)
    }

    async fn start(self, command: &mut Command, protocols: &'static [Protocol]) -> Outcome<Server> {
        let listening = protocols.iter().map(|protocol| self.ports[*protocol as usize]);
        let listening: Vec<u16> = listening.collect();
        let program = Program::start(command.current_dir(&self.folder), &listening).await?;
        Ok(Server {
            _program: Some(program),
            ports: self.ports,
            tls: self.tls,
            protocols,
            redirects: EARLY,
            reads: &[],
            unread: MEDIUM,
            always_asks: false,
        })
    }
}

/// An application that answers with the digest of an upload, lists the digests of all that came whole, and
/// redirects uploads without reading them.
async fn application() -> Outcome<u16> {
    let seen = Arc::new(Mutex::new(Vec::<String>::new()));
    let listed = seen.clone();
    let take = post(async move |body: AxumBody| {
        let mut hash = Sha256::new();
        let mut body = body;
        while let Some(frame) = body.frame().await {
            match frame.map(http_body::Frame::into_data) {
                Ok(Ok(data)) => hash.update(data),
                Ok(Err(_)) => {}
                Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()),
            }
        }
        let text = format!("{:x}", hash.finalize());
        seen.lock().expect("not poisoned").push(text.clone());
        (StatusCode::OK, text)
    });
    let list = get(async move || listed.lock().expect("not poisoned").join("\n"));
    let app = Router::new()
        .route("/digest", take)
        .route("/seen", list)
        .route("/early/307", post(async || Redirect::temporary("/digest")))
        .route("/early/308", post(async || Redirect::permanent("/digest")));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(port)
}

impl Server {
    fn url(&self, protocol: Protocol, path: &str) -> String {
        let port = self.ports[protocol as usize];
        format!("{}://127.0.0.1:{port}{path}", protocol.scheme())
    }

    fn client<B>(&self, protocol: Protocol) -> Hyper<B>
    where
        B: Body<Data: Send> + Send,
    {
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(self.tls.clone()).https_or_http();
        let mut client = Client::builder(TokioExecutor::new());
        if protocol.version() == Version::HTTP_2 {
            client.http2_only(true).build(connector.enable_http2().build())
        } else {
            client.build(connector.enable_http1().build())
        }
    }

    /// Sends the same upload `rounds` times with one client, so that connections are reused, and returns the
    /// outcome of each.
    async fn uploads(
        &self,
        (protocol, path, kind): (Protocol, &str, Kind),
        content: &Bytes,
        rounds: usize,
    ) -> Outcome<Vec<Result<String, UploadError>>> {
        let url = self.url(protocol, path);
        let layer = FollowRedirectsLayer::new();
        let mut answers = Vec::new();
        let (full, recorded, made) = (
            layer.layer(self.client(protocol)),
            ReplayBodyLayer::new(LARGE as u64).layer(layer.layer(self.client(protocol))),
            layer.layer(self.client(protocol)),
        );
        for _ in 0..rounds {
            let response = match kind {
                Kind::Full => send(full.clone(), &url, Full::new(content.clone())).await?,
                Kind::Recorded => send(recorded.clone(), &url, stream(content)).await?,
                Kind::Made => {
                    let content = content.clone();
                    let body = ReplayFn::new(move || Ok::<_, Infallible>(stream(&content)))?;
                    send(made.clone(), &url, body).await?
                }
            };
            answers.push(match response {
                Ok(response) => {
                    assert_eq!(response.version(), protocol.version());
                    let hops = RedirectHistory::of(&response).map_or(0, RedirectHistory::len);
                    let status = response.status().as_u16();
                    let text = response.into_body().collect().await?.to_bytes();
                    Ok(format!("{hops} hops, {status}: {}", String::from_utf8_lossy(&text)))
                }
                Err(error) => Err(error),
            });
        }
        Ok(answers)
    }

    /// Sends an upload that waits for a 100, `rounds` times with one client.
    #[cfg(feature = "hyper")]
    async fn uploads_when_asked(
        &self,
        (protocol, path, kind): (Protocol, &str, Kind),
        content: &Bytes,
        rounds: usize,
    ) -> Outcome<Vec<Result<String, UploadError>>> {
        let relay = Relay::start(self.ports[protocol as usize]).await?;
        let url = format!("{}://127.0.0.1:{}{path}", protocol.scheme(), relay.port);
        let follow = FollowRedirectsLayer::new();
        // The wait is long because a server may send its 100 late.
        let expect = ExpectContinueLayer::new(tokio::time::sleep).wait(Duration::from_secs(30));
        let (full, recorded, made) = (
            follow.layer(expect.layer(self.client(protocol))),
            ReplayBodyLayer::new(LARGE as u64)
                .layer(follow.layer(expect.layer(self.client(protocol)))),
            follow.layer(expect.layer(self.client(protocol))),
        );
        let mut answers = Vec::new();
        for _ in 0..rounds {
            answers.push(match kind {
                Kind::Full => answer(full.clone(), &url, Full::new(content.clone())).await?,
                Kind::Recorded => answer(recorded.clone(), &url, stream(content)).await?,
                Kind::Made => {
                    let content = content.clone();
                    let body = ReplayFn::new(move || Ok::<_, Infallible>(stream(&content)))?;
                    answer(made.clone(), &url, body).await?
                }
            });
        }
        // Each connection carries the whole upload, or only heads.
        let sent = relay.sent();
        let is_whole_or_none = |sent: &usize| *sent < 64 * 1024 || *sent >= content.len();
        assert!(self.always_asks || sent.iter().all(is_whole_or_none), "{sent:?}");
        println!("{protocol:?} {kind:?}: bytes by connection {sent:?}");
        Ok(answers)
    }

    /// The digests of all uploads that `/digest` took for whole.
    async fn seen(&self) -> Outcome<Vec<String>> {
        let request =
            Request::get(self.url(Protocol::Http1, "/seen")).body(Full::<Bytes>::default());
        let response = self.client(Protocol::Http1).request(request?).await?;
        let text = response.into_body().collect().await?.to_bytes();
        Ok(String::from_utf8(text.to_vec())?.lines().map(str::to_owned).collect())
    }
}

/// Sends an upload. The outer error is a hang, as nothing takes a minute here.
async fn send<S, B>(
    client: S,
    url: &str,
    body: B,
) -> Outcome<Result<Response<Incoming>, UploadError>>
where
    S: Service<Request<B>, Response = Response<Incoming>, Error = UploadError>,
{
    let call = client.oneshot(Request::post(url).body(body)?);
    Ok(tokio::time::timeout(Duration::from_secs(60), call).await?)
}

/// Sends an upload, and returns the hops, the status and the digest.
#[cfg(feature = "hyper")]
async fn answer<S, B, R>(client: S, url: &str, body: B) -> Outcome<Result<String, UploadError>>
where
    S: Service<Request<B>, Response = Response<R>, Error = UploadError>,
    R: Body<Data: Send, Error: Error + 'static>,
{
    let call = client.oneshot(Request::post(url).body(body)?);
    let response = match tokio::time::timeout(Duration::from_secs(60), call).await? {
        Ok(response) => response,
        Err(error) => return Ok(Err(error)),
    };
    let hops = RedirectHistory::of(&response).map_or(0, RedirectHistory::len);
    let status = response.status().as_u16();
    let text = response.into_body().collect().await?.to_bytes();
    Ok(Ok(format!("{hops} hops, {status}: {}", String::from_utf8_lossy(&text))))
}

/// Asserts that 64 MiB that wait for a 100 arrive each time, whether the server reads uploads that it redirects
/// or not.
#[cfg(feature = "hyper")]
async fn every_byte_arrives_when_asked_for(server: &Server) -> Outcome {
    let rounds = rounds()?;
    let path = server.redirects[0];
    let expected = format!("1 hops, 200: {}", digest(&CONTENT));
    let over_tls = server.protocols.contains(&Protocol::Http1Tls);
    let tls = over_tls.then_some((Protocol::Http1Tls, path, Kind::Full));
    let clear = KINDS.map(|kind| (Protocol::Http1, path, kind));
    for row in clear.into_iter().chain(tls) {
        let arrived = |answers: &[Result<String, UploadError>]| {
            answers.iter().filter(|answer| answer.as_ref().is_ok_and(|a| *a == expected)).count()
        };
        let with = server.uploads_when_asked(row, &CONTENT, rounds).await?;
        let without = server.uploads(row, &CONTENT, rounds).await;
        let without = without.map_or(0, |answers| arrived(&answers));
        println!("{row:?}: {} of {rounds}, {without} unasked", arrived(&with));
        assert_eq!(arrived(&with), rounds, "{row:?}: {with:?}");
    }
    Ok(())
}

/// Whether the connection failed, which a caller can tell from the types of the error's sources.
fn is_connection_error(error: &UploadError) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut of_hyper = false;
    while let Some(error) = cause {
        of_hyper |= error.is::<hyper::Error>();
        cause = error.source();
    }
    of_hyper && error.redirect().is_none()
}

/// Asserts that 1 KiB and 1 MiB arrive by each protocol, and 64 MiB over HTTP/1.1; a long upload that the server
/// does not read may be an error instead.
async fn every_byte_arrives(server: Server) -> Outcome {
    #[cfg(feature = "hyper")]
    every_byte_arrives_when_asked_for(&server).await?;
    let rounds = rounds()?;
    let (mut wrong, mut arrived) = (Vec::new(), 0);
    let mut check = async |row: (Protocol, &str, Kind), length: usize| {
        let content = CONTENT.slice(..length);
        let expected = format!("1 hops, 200: {}", digest(&content));
        let may_fail = length > server.unread && !server.reads.contains(&row.1);
        let answers = match server.uploads(row, &content, rounds).await {
            Ok(answers) => answers,
            Err(error) => return wrong.push(format!("{row:?} {length}: {error}")),
        };
        for answer in answers {
            match answer {
                Ok(answer) if answer == expected => arrived += 1,
                Err(error) if may_fail && is_connection_error(&error) => {}
                other => wrong.push(format!("{row:?} {length}: {other:?}")),
            }
        }
    };
    for path in server.redirects {
        for kind in KINDS {
            for protocol in server.protocols {
                check((*protocol, path, kind), SMALL).await;
                check((*protocol, path, kind), MEDIUM).await;
            }
            check((Protocol::Http1, path, kind), LARGE).await;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Even after an error, no part of a body was taken for the whole.
    let seen = server.seen().await?;
    assert!(seen.len() >= arrived, "{} bodies came, {arrived} were answered", seen.len());
    let whole = [SMALL, MEDIUM, LARGE].map(|length| digest(&CONTENT[..length]));
    for digest in seen {
        assert!(whole.contains(&digest), "a body of another digest: {digest}");
    }
    Ok(())
}

const EARLY: &[&str] = &["/early/307", "/early/308"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nginx"]
async fn by_nginx() -> Outcome {
    let setup = Setup::new("nginx").await?;
    setup.configure(
        "nginx.conf",
        include_str!("foreign_servers/nginx.conf"),
        application().await?,
    )?;
    let mut command = nginx(&setup.folder, "nginx.conf");
    // nginx sends a 100 for uploads that it discards, too.
    let server = Server { always_asks: true, ..setup.start(&mut command, &PROTOCOLS).await? };
    every_byte_arrives(server).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs apache2"]
async fn by_apache() -> Outcome {
    let setup = Setup::new("apache").await?;
    let template = include_str!("foreign_servers/apache.conf");
    let file = setup.configure("apache.conf", template, application().await?)?;
    let mut command = Command::new("apache2");
    command.arg("-f").arg(file).arg("-DFOREGROUND");
    every_byte_arrives(setup.start(&mut command, &PROTOCOLS).await?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs caddy"]
async fn by_caddy() -> Outcome {
    let setup = Setup::new("caddy").await?;
    setup.configure(
        "Caddyfile",
        include_str!("foreign_servers/Caddyfile"),
        application().await?,
    )?;
    let mut command = Command::new("caddy");
    command.arg("run").env("XDG_DATA_HOME", &setup.folder).env("XDG_CONFIG_HOME", &setup.folder);
    every_byte_arrives(setup.start(&mut command, &PROTOCOLS).await?).await
}

/// Over HTTP/1.1, a long upload fails if the connection is reset before the 307 is read. That has to be an error
/// of the connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "sends gigabytes"]
async fn by_hyper() -> Outcome {
    let Setup { tls, .. } = Setup::new("hyper").await?;
    let ports = [application().await?; 4];
    let protocols = &[Protocol::Http1, Protocol::Http2];
    let (redirects, unread) = (EARLY, SMALL);
    let server = Server {
        _program: None,
        ports,
        tls,
        protocols,
        redirects,
        reads: &[],
        unread,
        always_asks: false,
    };
    every_byte_arrives(server).await
}

const EARLY_AND_READ: &[&str] = &["/early/307", "/early/308", "/read/307", "/read/308"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs go"]
async fn by_go() -> Outcome {
    let setup = Setup::new("go").await?;
    let program = setup.folder.join("server");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/foreign_servers/server.go");
    let built = Command::new("go")
        .args(["build", "-o"])
        .args([&program, &source])
        .env("GO111MODULE", "off")
        .env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"))
        .status()?;
    assert!(built.success(), "server.go does not build");
    let [http1, http1_tls, _, http2_tls] = setup.ports.map(|port| port.to_string());
    let mut command = Command::new(program);
    command.args([http1, http1_tls, http2_tls]);
    // Go's standard library has no HTTP/2 without TLS.
    let protocols = &[Protocol::Http1, Protocol::Http1Tls, Protocol::Http2Tls];
    let server = setup.start(&mut command, protocols).await?;
    let reads = &["/read/307", "/read/308"];
    every_byte_arrives(Server { redirects: EARLY_AND_READ, reads, ..server }).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs node"]
async fn by_node() -> Outcome {
    let setup = Setup::new("node").await?;
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/foreign_servers/server.js");
    let mut command = Command::new("node");
    command.arg(source).args(setup.ports.map(|port| port.to_string()));
    let server = setup.start(&mut command, &PROTOCOLS).await?;
    // `http.createServer` sends 100 before it calls the program.
    let server = Server { always_asks: true, ..server };
    every_byte_arrives(Server { redirects: EARLY_AND_READ, reads: EARLY_AND_READ, ..server }).await
}
