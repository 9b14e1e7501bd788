//! Uploads over HTTP/2 by foreign clients, through our 307 and through that of nginx.
//!
//! Each client follows by itself. An upload has arrived if the target of the redirection answers with its
//! digest. On each route a client sends 40 uploads of each size, but of the largest only `WIRE_ROUNDS`, or 2
//! if that is not set.
//!
//! nginx, and our layer with `.drain_on`, answer before they have read the upload. An upload that fits the
//! window arrives there, too. For larger ones the counts are only printed: curl 7.88 may wait for its own
//! timeout, and undici, got and Java give up on a stream whose other half has ended.
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
use rustls::pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use tower_redirect::{RedirectLayer, RedirectPolicy, Redirection, policy_fn};

use crate::support::program::{self, Program, folder, free_port, self_signed};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const MIB: usize = 1024 * 1024;
const SIZES: [usize; 5] = [10, 1000, 60_000, MIB, 64 * MIB];

/// How many uploads of this size each client sends on a route, and how long it waits for each.
fn count(size: usize, required: bool) -> (usize, Duration) {
    let rounds = std::env::var("WIRE_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    let count = if size > MIB { rounds.unwrap_or(2) } else { 40 };
    // On two busy cores, Java takes a minute for 64 MiB.
    if required { (count, Duration::from_secs(180)) } else { (2, Duration::from_secs(10)) }
}

/// Whether the client sends all of an upload of this size before it sees the answer.
fn fits_the_window(size: usize) -> bool {
    size <= 60_000
}

fn hex(digest: impl AsRef<[u8]>) -> String {
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Answers with the version, the length and the digest of an upload.
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
    Ok(RedirectLayer::new(policy).drain_timer(tokio::time::sleep))
}

/// `/twice` redirects to `/once`, and `/once` to `/digest`. Each has its own layer, because one layer would
/// merge the two redirections. `/early` is answered before the upload is read.
fn app() -> Outcome<Router> {
    let app = Router::new().route("/digest", post(digest));
    let app = app.layer(redirect("/once", "/digest")?).layer(redirect("/twice", "/once")?);
    Ok(app.layer(redirect("/early", "/digest")?.drain_on(tokio::spawn)))
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
                // Clients may leave in any way, so that an error of the connection means nothing.
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
    nginx: u16,
    _program: Program,
}

impl Servers {
    async fn start(name: &str) -> Outcome<Self> {
        let folder = folder(&format!("uploads_by_{name}"))?;
        let certificate = self_signed(&folder)?;
        let key = PrivateKeyDer::from_pem_file(folder.join("key.pem"))?;
        let config = ServerConfig::builder().with_no_client_auth();
        let mut config = config.with_single_cert(vec![certificate], key)?;
        config.alpn_protocols = vec![b"h2".to_vec()];
        let tls = serve(app()?, Some(TlsAcceptor::from(Arc::new(config)))).await?;
        // The target has another port, because curl 7.88 cannot reuse a connection that begins with HTTP/2.
        let target = serve(app()?, None).await?;
        let elsewhere = redirect("/elsewhere", &format!("http://127.0.0.1:{target}/digest"))?;
        let clear = serve(app()?.layer(elsewhere), None).await?;

        let nginx = free_port().await?;
        let conf = include_str!("uploads_http2.conf")
            .replace("@PORT@", &nginx.to_string())
            .replace("@TARGET@", &format!("https://127.0.0.1:{tls}/digest"));
        fs::write(folder.join("nginx.conf"), conf)?;
        let program = Program::start(&mut program::nginx(&folder, "nginx.conf"), &[nginx]).await?;
        Ok(Self { folder, tls, clear, nginx, _program: program })
    }

    /// The routes, each with its name, its URL, and whether it is answered before the upload is read.
    fn routes(&self) -> [(&'static str, String, bool); 5] {
        let Self { tls, clear, nginx, .. } = self;
        [
            ("one redirection", format!("https://127.0.0.1:{tls}/once"), false),
            ("two redirections", format!("https://127.0.0.1:{tls}/twice"), false),
            ("one in clear", format!("http://127.0.0.1:{clear}/elsewhere"), false),
            ("answered early", format!("https://127.0.0.1:{tls}/early"), true),
            ("nginx's redirection", format!("https://127.0.0.1:{nginx}/"), true),
        ]
    }

    /// Writes a file of this size, and returns the answer of the target when the file has arrived, too.
    fn file(&self, size: usize) -> Outcome<(PathBuf, String)> {
        let block = Sha256::digest(size.to_le_bytes());
        let bytes: Vec<u8> = block.iter().copied().cycle().take(size).collect();
        let file = self.folder.join(format!("{size}.bin"));
        fs::write(&file, &bytes)?;
        Ok((file, format!("200 HTTP/2.0 {size} {}", hex(Sha256::digest(&bytes)))))
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Client {
    Curl,
    Undici,
    Got,
    Java,
}

impl Client {
    /// The program, without its arguments.
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

    /// Uploads one file `count` times, and returns what the client prints: a line for each upload,
    /// with the status and the body of the last response.
    async fn upload(
        self,
        url: &str,
        file: &Path,
        certificate: &Path,
        (count, patience): (usize, Duration),
    ) -> Outcome<Vec<String>> {
        let mut command = self.command()?;
        command.arg(url).arg(file).arg(certificate).arg(count.to_string());
        command.arg(patience.as_secs().to_string()).kill_on_drop(true);
        let limit = Duration::from_secs(60) + patience * u32::try_from(count)?;
        let output = tokio::time::timeout(limit, command.output()).await??;
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?.lines().map(str::to_owned).collect())
    }
}

/// Asserts that all uploads arrive that have to, and prints the counts for each route and size.
async fn every_upload_arrives(client: Client) -> Outcome {
    let servers = Servers::start(&format!("{client:?}").to_lowercase()).await?;
    let certificate = servers.folder.join("cert.pem");
    let mut complete = true;
    for (route, url, early) in servers.routes() {
        if url.starts_with("http:") && client != Client::Curl {
            // Over http, the other clients begin with HTTP/1.1.
            continue;
        }
        for size in SIZES {
            let (file, expected) = servers.file(size)?;
            let required = !early || fits_the_window(size);
            let (count, patience) = count(size, required);
            let lines = client.upload(&url, &file, &certificate, (count, patience)).await?;
            let arrived = lines.iter().filter(|line| **line == expected).count();
            let lost = lines.iter().find(|line| **line != expected).map_or("", |line| line);
            println!("{client:?}, {route}, {size} bytes: {arrived} of {count} {lost}");
            complete &= arrived == count || !required;
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
