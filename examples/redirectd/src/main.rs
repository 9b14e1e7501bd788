//! A server that redirects by a configuration file, and reloads the file when it changes.
//!
//! ```text
//! redirectd serve shop.toml --http 0.0.0.0:8080 --upstream http://127.0.0.1:3000
//! redirectd check shop.toml
//! redirectd explain shop.toml POST http://shop.example.com/api/v1/orders
//! ```
//!
//! `serve` logs to standard error. On SIGHUP it reads the file at once, and reports the mistakes of a refused
//! file again. On SIGTERM it ends once its requests are answered, or after 30 s.

mod explain;
mod file;
mod forward;
mod serve;
mod watch;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use http::{HeaderName, HeaderValue, Method, Uri};

pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Redirects by a configuration file, and reloads the file when it changes.
#[derive(Parser)]
enum Command {
    /// Serve, and reload the file when it changes.
    Serve(Serve),
    /// Print the mistakes in the file, each with its line, and exit with 1 if there is one.
    Check { file: PathBuf },
    /// Print how a request is answered, and why: a line for each policy.
    Explain {
        file: PathBuf,
        method: Method,
        /// Absolute: http://shop.example.com/path?query
        url: Uri,
        /// The address of the other end of the connection.
        #[arg(long)]
        peer: Option<IpAddr>,
        /// A header of the request, as often as needed: "X-Forwarded-Proto: https"
        #[arg(short = 'H', long = "header", value_parser = header)]
        headers: Vec<(HeaderName, HeaderValue)>,
    },
}

#[derive(clap::Args)]
pub struct Serve {
    file: PathBuf,
    /// The address for http.
    #[arg(long, default_value = "0.0.0.0:8080")]
    http: SocketAddr,
    /// The address for https. Needs --cert and --key.
    #[arg(long, requires_all = ["cert", "key"])]
    https: Option<SocketAddr>,
    /// The certificate chain, PEM.
    #[arg(long)]
    cert: Option<PathBuf>,
    /// The private key, PEM.
    #[arg(long)]
    key: Option<PathBuf>,
    /// The address of `/-/health` and `/metrics`.
    #[arg(long)]
    admin: Option<SocketAddr>,
    /// The server for requests that pass: http://127.0.0.1:3000. Without it they are answered 404.
    #[arg(long, value_parser = upstream)]
    upstream: Option<Uri>,
}

fn header(text: &str) -> Outcome<(HeaderName, HeaderValue)> {
    let (name, value) = text.split_once(':').ok_or("a header is written \"Name: value\"")?;
    Ok((name.parse()?, value.trim().parse()?))
}

fn upstream(text: &str) -> Outcome<Uri> {
    let uri: Uri = text.parse()?;
    match (uri.scheme_str(), uri.path_and_query().map(|target| target.as_str())) {
        (Some("http"), None | Some("/")) => Ok(uri),
        _ => Err("an http origin is needed: http://127.0.0.1:3000".into()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let outcome = match Command::parse() {
        Command::Serve(args) => serve::serve(args).await,
        Command::Check { file } => file::load_layer(&file).map(drop),
        Command::Explain { file, method, url, peer, headers } => {
            explain::explain(&file, method, url, peer, &headers)
        }
    };
    if let Err(error) = outcome {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
