//! Uploads over HTTP/2 by other people's clients, through our 307 and through nginx's.
//!
//! Each client follows by itself. An upload has arrived when the target of the redirection answers
//! with its digest. `UPLOADS_OF_64_MIB` is how many of the largest each client sends on each route,
//! 2 unless set; of the others it sends 40.
//!
//! nginx answers at once and reads on no further than its window: uploads that fit arrive there,
//! too. Of larger ones the counts are printed for comparison. Clients that follow lose nearly all
//! (curl 7.88 waits for its own timeout), although most have seen the 307.
//!
//! The clients are curl, Java's `HttpClient`, and undici and got in `$CARGO_TARGET_TMPDIR/clients`,
//! where `.ci/run` installs them.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::routing::post;
use http_body_util::BodyExt;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use sha2::{Digest, Sha256};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio_rustls::TlsAcceptor;
use tower_redirect::{RedirectLayer, RedirectPolicy, Redirection, policy_fn};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const MIB: usize = 1024 * 1024;
const SIZES: [usize; 5] = [10, 1000, 60_000, MIB, 64 * MIB];

/// How many uploads of this size each client sends on a route of ours.
fn count(size: usize) -> usize {
    let large = std::env::var("UPLOADS_OF_64_MIB").ok().and_then(|count| count.parse().ok());
    if size > MIB { large.unwrap_or(2) } else { 40 }
}

/// Whether an upload of this size fits the window that nginx grants.
fn fits_nginx(size: usize) -> bool {
    size <= 60_000
}

fn hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Answers with the version, the length and the digest of what it was sent.
async fn digest(request: Request) -> String {
    let version = request.version();
    let mut body = request.into_body();
    let (mut hash, mut length) = (Sha256::new(), 0);
    while let Some(Ok(frame)) = body.frame().await {
        if let Some(data) = frame.data_ref() {
            hash.update(data);
            length += data.len();
        }
    }
    format!("{version:?} {length} {}", hex(hash.finalize()))
}

fn redirect(from: &'static str, to: &str) -> Outcome<RedirectLayer<impl RedirectPolicy + use<>>> {
    let to = Redirection::to(to)?;
    let policy = policy_fn(move |head| (head.path() == from).then(|| to.clone()));
    Ok(RedirectLayer::new(policy))
}

/// `/twice` redirects to `/once`, and that to `/digest`. Each has a layer of its own, since one
/// layer would make one redirection of the two. `/at-once` is answered before it is read.
fn app() -> Outcome<Router> {
    let app = Router::new().route("/digest", post(digest));
    let app = app.layer(redirect("/once", "/digest")?).layer(redirect("/twice", "/once")?);
    Ok(app.layer(redirect("/at-once", "/digest")?.drain_on(tokio::spawn)))
}

/// Serves HTTP/2, over TLS if there is an acceptor. Returns the port.
async fn serve(app: Router, tls: Option<TlsAcceptor>) -> Outcome<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (service, tls) = (TowerToHyperService::new(app.clone()), tls.clone());
            tokio::spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new()).http2_only();
                // Clients leave without a farewell: how a connection ends says nothing.
                let _ = match tls {
                    None => server.serve_connection(TokioIo::new(stream), service).await,
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => server.serve_connection(TokioIo::new(stream), service).await,
                        Err(_) => Ok(()),
                    },
                };
            });
        }
    });
    Ok(port)
}

/// The servers that redirect, and the folder with their certificate and the files to upload.
struct Servers {
    folder: PathBuf,
    tls: u16,
    clear: u16,
    nginx_port: u16,
    nginx: Child,
}

impl Drop for Servers {
    fn drop(&mut self) {
        // SIGTERM, so that nginx takes its workers along.
        if let Some(id) = self.nginx.id() {
            let _ = std::process::Command::new("kill").arg(id.to_string()).status();
        }
    }
}

impl Servers {
    async fn start(name: &str) -> Outcome<Self> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("uploads_{name}"));
        fs::create_dir_all(&folder)?;
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        fs::write(folder.join("cert.pem"), made.cert.pem())?;
        fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der())?;
        let config = ServerConfig::builder().with_no_client_auth();
        let mut config = config.with_single_cert(vec![made.cert.der().clone()], key)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        let tls = serve(app()?, Some(TlsAcceptor::from(Arc::new(config)))).await?;
        let clear = serve(app()?, None).await?;

        let nginx_port = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.port();
        let conf = include_str!("uploads_http2.conf")
            .replace("@PORT@", &nginx_port.to_string())
            .replace("@TARGET@", &format!("https://localhost:{tls}/digest"));
        fs::write(folder.join("nginx.conf"), conf)?;
        let mut nginx = Command::new("nginx");
        nginx.arg("-p").arg(&folder).args(["-c", "nginx.conf", "-g", "daemon off;"]);
        let servers = Self { folder, tls, clear, nginx_port, nginx: nginx.spawn()? };
        // Ready once it accepts; 5 s are plenty.
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", nginx_port)).await.is_ok() {
                return Ok(servers);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err("nginx does not accept".into())
    }

    /// The routes by name: URL, and what becomes of an upload there.
    fn routes(&self) -> [(&'static str, String); 5] {
        let Self { tls, clear, nginx_port, .. } = self;
        [
            ("one redirection", format!("https://localhost:{tls}/once")),
            ("two redirections", format!("https://localhost:{tls}/twice")),
            ("answered at once", format!("https://localhost:{tls}/at-once")),
            ("two in clear", format!("http://localhost:{clear}/twice")),
            ("nginx's redirection", format!("https://localhost:{nginx_port}/")),
        ]
    }

    /// A file of this size, and what the target answers when it has arrived.
    fn file(&self, size: usize) -> Outcome<(PathBuf, String)> {
        let block = Sha256::digest(size.to_le_bytes());
        let bytes: Vec<u8> = block.iter().copied().cycle().take(size).collect();
        let file = self.folder.join(format!("{size}.bin"));
        fs::write(&file, &bytes)?;
        Ok((file, format!("200 HTTP/2.0 {size} {}", hex(Sha256::digest(&bytes)))))
    }
}

/// A client that uploads a file some times, and prints a line for each upload: status and body of
/// the last response.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Client {
    Curl,
    Undici,
    Got,
    Java,
}

impl Client {
    /// The program, without URL, file, certificate and count.
    fn command(self) -> Outcome<Command> {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/clients");
        let script = match self {
            Self::Curl => {
                let mut curl = Command::new("bash");
                curl.arg(sources.join("curl.sh"));
                return Ok(curl);
            }
            Self::Java => {
                let mut java = Command::new("java");
                java.arg(sources.join("Upload.java"));
                return Ok(java);
            }
            Self::Undici => "undici.mjs",
            Self::Got => "got.mjs",
        };
        // node looks for packages beside the script.
        let installed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clients");
        fs::copy(sources.join(script), installed.join(script))?;
        let mut node = Command::new("node");
        node.arg("--no-warnings").arg(installed.join(script));
        Ok(node)
    }

    async fn upload(
        self,
        url: &str,
        file: &Path,
        certificate: &Path,
        count: usize,
    ) -> Outcome<Vec<String>> {
        let mut command = self.command()?;
        command.arg(url).arg(file).arg(certificate).arg(count.to_string()).kill_on_drop(true);
        let limit = Duration::from_secs(60 + 60 * count as u64);
        let output = tokio::time::timeout(limit, command.output()).await??;
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
    }
}

/// Every upload arrives, on each route and of each size; the counts are printed.
async fn every_upload_arrives(client: Client) -> Outcome {
    let servers = Servers::start(&format!("{client:?}").to_lowercase()).await?;
    let certificate = servers.folder.join("cert.pem");
    let mut complete = true;
    for (route, url) in servers.routes() {
        if url.starts_with("http:") && client != Client::Curl {
            // The others begin with HTTP/1.1 there.
            continue;
        }
        for size in SIZES {
            let (file, expected) = servers.file(size)?;
            let nginx = route.starts_with("nginx");
            let count = if nginx && !fits_nginx(size) { 2 } else { count(size) };
            let lines = client.upload(&url, &file, &certificate, count).await?;
            let arrived = lines.iter().filter(|line| **line == expected).count();
            let lost = lines.iter().find(|line| **line != expected).map_or("", |line| line);
            println!("{client:?}, {route}, {size} bytes: {arrived} of {count} {lost}");
            complete &= arrived == count || nginx && !fits_nginx(size);
        }
    }
    assert!(complete, "uploads were lost: see above");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nginx and curl"]
async fn by_curl() -> Outcome {
    every_upload_arrives(Client::Curl).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nginx, node and undici"]
async fn by_undici() -> Outcome {
    every_upload_arrives(Client::Undici).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nginx, node and got"]
async fn by_got() -> Outcome {
    every_upload_arrives(Client::Got).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs nginx and java"]
async fn by_java() -> Outcome {
    every_upload_arrives(Client::Java).await
}
