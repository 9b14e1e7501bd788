//! Run with: `cargo run --example upload`
//!
//! An upload survives a 307: from memory, as a stream that is recorded, and as a file opened again.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Redirect;
use axum::routing::put;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpListener;
use tower::{Layer, Service, ServiceExt};
use tower_redirect::replay::ReplayFn;
use tower_redirect::{FollowRedirectsLayer, Replay, ReplayBodyLayer};

/// A server that takes uploads elsewhere than where they are sent.
pub fn app() -> Router {
    Router::new()
        .route("/upload", put(async |_: Bytes| Redirect::temporary("/storage")))
        .route("/storage", put(|body: Bytes| async move { format!("{} bytes", body.len()) }))
        .layer(DefaultBodyLimit::disable())
}

/// `Full` is sent again as it is.
pub async fn from_memory(url: &str, bytes: Bytes) -> Result<String, Box<dyn Error>> {
    send(follow(), url, Full::new(bytes)).await
}

/// As a stream: recorded while it is sent, up to a MiB.
pub async fn from_stream(url: &str, pieces: Vec<Bytes>) -> Result<String, Box<dyn Error>> {
    let frames = pieces.into_iter().map(|piece| Ok::<_, Infallible>(Frame::data(piece)));
    let stream = StreamBody::new(tokio_stream::iter(frames));
    send(ReplayBodyLayer::new(1024 * 1024).layer(follow()), url, stream).await
}

/// As a file: opened again for each attempt.
pub async fn from_file(url: &str, path: PathBuf) -> Result<String, Box<dyn Error>> {
    send(follow(), url, ReplayFn::new(move || FileBody::open(&path))?).await
}

type Hyper<B> = Client<hyper_util::client::legacy::connect::HttpConnector, B>;

fn follow<B>() -> tower_redirect::FollowRedirects<Hyper<B>>
where
    B: Body<Data: Send> + Replay + Send,
{
    FollowRedirectsLayer::new().layer(Client::builder(TokioExecutor::new()).build_http())
}

async fn send<S, B, R>(client: S, url: &str, body: B) -> Result<String, Box<dyn Error>>
where
    S: Service<Request<B>, Response = Response<R>, Error: Error + 'static>,
    R: Body<Error: Error + 'static>,
{
    let response = client.oneshot(Request::put(url).body(body)?).await?;
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The bytes of a file, in pieces of 64 KiB, their number announced.
struct FileBody {
    file: tokio::fs::File,
    left: u64,
}

impl FileBody {
    fn open(path: &PathBuf) -> io::Result<Self> {
        let file = std::fs::File::open(path)?;
        let left = file.metadata()?.len();
        Ok(Self { file: file.into(), left })
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
        if let Err(error) = std::task::ready!(Pin::new(&mut self.file).poll_read(cx, &mut piece)) {
            return Poll::Ready(Some(Err(error)));
        }
        let read = piece.filled().len();
        self.left = self.left.saturating_sub(read as u64);
        buffer.truncate(read);
        Poll::Ready((read > 0).then(|| Ok(Frame::data(buffer.into()))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[tokio::main]
#[allow(dead_code)]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/upload", listener.local_addr()?);
    tokio::spawn(async move { axum::serve(listener, app()).await });
    println!("from memory: {}", from_memory(&url, Bytes::from(vec![b'x'; 300_000])).await?);
    println!("as a stream: {}", from_stream(&url, vec![Bytes::from("tea"); 1000]).await?);
    println!("as a file: {}", from_file(&url, "Cargo.lock".into()).await?);
    Ok(())
}
