//! Run with: `cargo run --example upload`
//!
//! An upload survives a 307: from memory, as a stream that is recorded, and as a file opened again.
//! With `--features hyper`, an upload also waits until the server asks for it.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Redirect;
use axum::routing::put;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt};
#[cfg(feature = "hyper")]
use tower_redirect::follow::expect::ExpectContinueLayer;
use tower_redirect::replay::ReplayFn;
use tower_redirect::{FollowRedirects, FollowRedirectsLayer, ReplayBodyLayer};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// A server that redirects uploads to its storage.
pub fn app() -> Router {
    Router::new()
        .route("/upload", put(async |_: Bytes| Redirect::temporary("/storage")))
        .route("/storage", put(|body: Bytes| async move { format!("{} bytes", body.len()) }))
        .layer(DefaultBodyLimit::disable())
}

/// Uploads from memory. `Full` is sent again as it is.
pub async fn from_memory(url: &str, bytes: Bytes) -> Outcome<String> {
    send(follow(), url, Full::new(bytes)).await
}

/// Uploads a stream, which is recorded while it is sent, up to 1 MiB.
pub async fn from_stream(url: &str, pieces: Vec<Bytes>) -> Outcome<String> {
    let frames = pieces.into_iter().map(|piece| Ok::<_, Infallible>(Frame::data(piece)));
    let stream = StreamBody::new(tokio_stream::iter(frames));
    send(ReplayBodyLayer::new(1024 * 1024).layer(follow()), url, stream).await
}

/// Uploads a file, which is opened again for each attempt.
pub async fn from_file(url: &str, path: PathBuf) -> Outcome<String> {
    send(follow(), url, ReplayFn::new(move || FileBody::open(&path))?).await
}

/// Uploads once the server asks for the body, so that a server that redirects without reading it gets none.
/// The `/upload` of [`app`] does read it (`Bytes`), and so asks for it.
#[cfg(feature = "hyper")]
pub async fn when_asked(url: &str, bytes: Bytes) -> Outcome<String> {
    let expect = ExpectContinueLayer::new(tokio::time::sleep).threshold(100_000);
    let client = expect.layer(Client::builder(TokioExecutor::new()).build_http());
    send(FollowRedirectsLayer::new().layer(client), url, Full::new(bytes)).await
}

fn follow<B: Body<Data: Send> + Send>() -> FollowRedirects<Client<HttpConnector, B>> {
    FollowRedirectsLayer::new().layer(Client::builder(TokioExecutor::new()).build_http())
}

async fn send<S, B, R>(client: S, url: &str, body: B) -> Outcome<String>
where
    S: Service<Request<B>, Response = Response<R>, Error: Error + 'static>,
    R: Body<Error: Error + 'static>,
{
    let response = client.oneshot(Request::put(url).body(body)?).await?;
    Ok(String::from_utf8(response.into_body().collect().await?.to_bytes().into())?)
}

/// The bytes of a file, in pieces of 64 KiB.
struct FileBody(tokio::fs::File);

impl FileBody {
    fn open(path: &PathBuf) -> io::Result<Self> {
        std::fs::File::open(path).map(|file| Self(file.into()))
    }
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let mut buffer = vec![0; 64 * 1024];
        let mut piece = ReadBuf::new(&mut buffer);
        ready!(Pin::new(&mut self.0).poll_read(cx, &mut piece))?;
        let read = piece.filled().len();
        buffer.truncate(read);
        Poll::Ready((read > 0).then(|| Ok(Frame::data(buffer.into()))))
    }
}

#[tokio::main]
#[allow(dead_code)]
async fn main() -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/upload", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app()).await });
    println!("from memory: {}", from_memory(&url, Bytes::from(vec![b'x'; 300_000])).await?);
    println!("as a stream: {}", from_stream(&url, vec![Bytes::from("tea"); 1000]).await?);
    #[cfg(feature = "hyper")]
    println!("when asked: {}", when_asked(&url, Bytes::from(vec![b'x'; 300_000])).await?);
    println!("as a file: {}", from_file(&url, "Cargo.lock".into()).await?);
    Ok(())
}
