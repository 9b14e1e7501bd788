//! A 307 that comes while the upload is still under way, over HTTP/1.1 and HTTP/2.

use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tower::{Layer, ServiceExt};
use tower_redirect::replay::{NotReplayable, ReplayBody};
use tower_redirect::{FollowRedirectsLayer, ReplayBodyLayer, follow::RedirectErrorKind};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const FRAME: usize = 64 * 1024;
const WHOLE: u64 = 64 * 1024 * 1024;

/// A stream of `left` bytes, in which each frame differs from the next. Its length is not announced.
struct Stream {
    left: u64,
}

impl Stream {
    fn piece(&mut self) -> Option<Bytes> {
        let length = self.left.min(FRAME as u64);
        let byte = (self.left / FRAME as u64 % 251) as u8;
        self.left -= length;
        (length > 0).then(|| Bytes::from(vec![byte; length as usize]))
    }

    fn digest(mut self) -> String {
        let mut digest = Sha256::new();
        while let Some(frame) = self.piece() {
            digest.update(frame);
        }
        format!("{:x}", digest.finalize())
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.piece().map(|data| Ok(Frame::data(data))))
    }
}

/// Counts the bytes that an attempt sends.
struct Counted {
    inner: ReplayBody<Stream>,
    bytes: Arc<AtomicU64>,
}

impl Body for Counted {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let length = frame.data_ref().map_or(0, Bytes::len);
            self.bytes.fetch_add(length as u64, Ordering::SeqCst);
        }
        polled.map(|frame| frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// `/early` answers 307 to `/late` after a MiB; `/late` answers with the digest.
async fn answer(
    request: Request<Incoming>,
    late: Arc<AtomicUsize>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let early = request.uri().path() == "/early";
    let mut body = request.into_body();
    let (mut read, mut digest) = (0, Sha256::new());
    if !early {
        late.fetch_add(1, Ordering::SeqCst);
    }
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            read += data.len();
            digest.update(data);
        }
        if early && read >= 1024 * 1024 {
            let mut response = Response::new(Full::default());
            *response.status_mut() = http::StatusCode::TEMPORARY_REDIRECT;
            let location = http::HeaderValue::from_static("/late");
            response.headers_mut().insert("location", location);
            return Ok(response);
        }
    }
    Ok(Response::new(Full::from(format!("{:x}", digest.finalize()))))
}

/// Starts the server. Returns its port and the number of requests to `/late`.
async fn serve() -> Outcome<(u16, Arc<AtomicUsize>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let late = Arc::new(AtomicUsize::new(0));
    let counted = late.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let counted = counted.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| answer(request, counted.clone()));
                let server = auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Ok((port, late))
}

#[derive(Default)]
struct Upload {
    /// The bytes that the attempt had sent when its answer was read.
    at_answer: u64,
    /// The bytes that it has sent by now.
    bytes: Arc<AtomicU64>,
}

struct Sent {
    outcome: Result<String, RedirectErrorKind>,
    uploads: Vec<Upload>,
    late: usize,
}

async fn send(version: Version, limit: u64) -> Outcome<Sent> {
    let (port, late) = serve().await?;
    let http2 = version == Version::HTTP_2;
    let client = Client::builder(TokioExecutor::new()).http2_only(http2).build_http();
    let uploads = Arc::new(Mutex::new(Vec::new()));
    let noted = uploads.clone();
    let counting = tower::service_fn(move |request: Request<ReplayBody<Stream>>| {
        let (client, noted) = (client.clone(), noted.clone());
        async move {
            let bytes = Arc::new(AtomicU64::new(0));
            let counted = bytes.clone();
            let request = request.map(|inner| Counted { inner, bytes: counted });
            let response = client.request(request).await;
            let at_answer = bytes.load(Ordering::SeqCst);
            noted.lock().expect("not poisoned").push(Upload { at_answer, bytes });
            response
        }
    });
    let layers = (ReplayBodyLayer::new(limit), FollowRedirectsLayer::new());
    let client = layers.0.layer(layers.1.layer(counting));
    let request = Request::post(format!("http://127.0.0.1:{port}/early"));
    let outcome = match client.oneshot(request.body(Stream { left: WHOLE })?).await {
        Ok(response) => {
            assert_eq!(response.version(), version);
            let body = response.into_body().collect().await?.to_bytes();
            Ok(String::from_utf8(body.to_vec())?)
        }
        Err(error) => Err(error.redirect().ok_or_else(|| error.to_string())?.kind()),
    };
    let uploads = std::mem::take(&mut *uploads.lock().expect("not poisoned"));
    Ok(Sent { outcome, uploads, late: late.load(Ordering::SeqCst) })
}

#[tokio::test]
async fn the_old_upload_stops_and_the_new_one_is_whole() -> Outcome {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let Sent { outcome, uploads, late } = send(version, 2 * WHOLE).await?;
        assert_eq!(outcome, Ok(Stream { left: WHOLE }.digest()), "{version:?}");
        assert_eq!((uploads.len(), late), (2, 1), "{version:?}");
        let old = &uploads[0];
        let after = old.bytes.load(Ordering::SeqCst) - old.at_answer;
        assert!(after <= 4 * FRAME as u64, "{version:?}: {after} bytes after the 307");
        assert!(old.at_answer < WHOLE, "{version:?}: early");
    }
    Ok(())
}

#[tokio::test]
async fn an_upload_over_the_limit_is_not_sent_again() -> Outcome {
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let limit = 512 * 1024;
        let Sent { outcome, uploads, late } = send(version, limit).await?;
        let too_large = RedirectErrorKind::NotReplayable(NotReplayable::TooLarge { limit });
        assert_eq!(outcome, Err(too_large), "{version:?}");
        assert_eq!((uploads.len(), late), (1, 0), "{version:?}");
        let old = &uploads[0];
        let after = old.bytes.load(Ordering::SeqCst) - old.at_answer;
        assert!(after <= 4 * FRAME as u64, "{version:?}: {after} bytes after the 307");
    }
    Ok(())
}
