//! Hostile requests, byte by byte over TCP: none of them reaches the inner service in clear.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::{Extension, Router};
use http::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::{Layer, service_fn};
use tower_redirect::trust::Peer;
use tower_redirect::{HttpsOnly, RedirectLayer, Transport, Trust};

use crate::tls::{Identity, TlsListener};

/// Requests, each with the status of its answer, and the `Location` if there is one.
const ROWS: &[(&[u8], &str)] = &[
    (b"GET / HTTP/1.1\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost: a@b\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost: a.test@evil.example\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost: [::1\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost: a b\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost: h:99999\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost: h:80:80\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost:\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost: :80\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost: evil.example/x?\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost: evil.example#.a.test\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost: \xc3\xa4.test\r\n", "400"),
    (b"GET / HTTP/1.1\r\nHost: %61.test\r\n", "400"),
    (b"GET / HTTP/1.0\r\n", "400"),
    (b"GET /p HTTP/1.0\r\nHost: a.test\r\n", "307 https://a.test/p"),
    (b"GET /p?q HTTP/1.1\r\nHost: a.test:\r\n", "307 https://a.test/p?q"),
    (b"GET /p HTTP/1.1\r\nHost: A.TEST.\r\n", "307 https://a.test/p"),
    (b"GET /p HTTP/1.1\r\nHost: [::1]:8080\r\n", "307 https://[::1]/p"),
    (b"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n", "403"),
    (b"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n", "403"),
    (b"CONNECT h:443 HTTP/1.1\r\n", "403"),
    (b"GET //evil.example/x HTTP/1.1\r\nHost: h\r\n", "307 https://h//evil.example/x"),
    (b"GET /\\evil.example HTTP/1.1\r\nHost: h\r\n", "307 https://h/%5Cevil.example"),
    (
        b"GET /%0d%0aSet-Cookie:x HTTP/1.1\r\nHost: h\r\n",
        "307 https://h/%0d%0aSet-Cookie:x",
    ),
    (b"GET https://h/ HTTP/1.1\r\nHost: h\r\n", "421"),
    (b"GET http://evil.example/p HTTP/1.1\r\nHost: h\r\n", "400"),
    (b"GET http://h/p HTTP/1.1\r\nHost: h\r\n", "307 https://h/p"),
    (b"GET /p HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\n", "307 https://h/p"),
    (b"GET /p HTTP/1.1\r\nHost: h\r\nX_Forwarded_Proto: https\r\n", "307 https://h/p"),
    (
        b"GET /p HTTP/1.1\r\nHost: h\r\nX_Forwarded_Proto: https\r\nX-Forwarded-Proto: https\r\n",
        "307 https://h/p",
    ),
    (
        b"GET /p HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\n",
        "307 https://h/p",
    ),
    (
        b"GET /p HTTP/1.1\r\nHost: h\r\nX-Forwarded-Host: evil.example\r\nX-Forwarded-Port: 1\r\n",
        "307 https://h/p",
    ),
    (
        b"GET /p HTTP/1.1\r\nHost: h\r\nX-Forwarded-Prefix: //evil.example\r\n",
        "307 https://h/p",
    ),
    (b"GET /p HTTP/1.1\r\nHost: h\r\nForwarded: proto=https\r\n", "307 https://h/p"),
    (
        b"GET /p HTTP/1.1\r\nHost: h\r\nForwarded: for=\"127.0.0.1;proto=https\"\r\n",
        "307 https://h/p",
    ),
    (
        b"GET /p HTTP/1.1\r\nHost: h\r\nForwarded: for=10.0.0.1;proto=https, for=1.1.1.1;proto=https\r\n",
        "307 https://h/p",
    ),
    (
        b"OPTIONS /p HTTP/1.1\r\nHost: h\r\nOrigin: http://b\r\nAccess-Control-Request-Method: PUT\r\n",
        "403",
    ),
    (
        b"GET /.well-known/acme-challenge/../../secret HTTP/1.1\r\nHost: h\r\n",
        "307 https://h/.well-known/acme-challenge/../../secret",
    ),
    (
        b"GET /.well-known/acme-challenge/%2e%2e/x HTTP/1.1\r\nHost: h\r\n",
        "307 https://h/.well-known/acme-challenge/%2e%2e/x",
    ),
    (
        b"GET /.well-known/acme-challenge//x HTTP/1.1\r\nHost: h\r\n",
        "307 https://h/.well-known/acme-challenge//x",
    ),
    (
        b"GET /.well-known/acme-challenge/..%2fx HTTP/1.1\r\nHost: h\r\n",
        "307 https://h/.well-known/acme-challenge/..%2fx",
    ),
    (
        b"GET /.well-known/acme-challenge/\\..\\x HTTP/1.1\r\nHost: h\r\n",
        "307 https://h/.well-known/acme-challenge/%5C..%5Cx",
    ),
    (
        b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n",
        "307 https://h/",
    ),
    (
        b"POST /.well-known/acme-challenge/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n",
        "307 https://h/.well-known/acme-challenge/x",
    ),
];

/// Sends a request head (and three bytes of body, if it announces them), and summarizes the answer.
async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, head: &[u8]) -> String {
    let mut request = head.to_vec();
    request.extend_from_slice(b"Connection: close\r\n\r\n");
    if head.ends_with(b"Content-Length: 3\r\n") {
        request.extend_from_slice(b"tea");
    }
    stream.write_all(&request).await.expect("sent");
    let mut answer = Vec::new();
    // The answer is whole even if the server closes without a `close_notify` of TLS.
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8_lossy(&answer);
    let (head, _) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap_or("no answer");
    let fields: Vec<(String, &str)> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect();
    let field = |name| fields.iter().find(|(n, _)| n == name).map(|(_, value)| *value);
    assert!(field("set-cookie").is_none(), "{head}");
    assert!(status == "200" || field("cache-control") == Some("no-store"), "{head}");
    match field("location") {
        Some(location) => format!("{status} {location}"),
        None => status.to_owned(),
    }
}

async fn bind() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    (listener, address)
}

/// The layer trusts the proxies in 10.0.0.0/8.
fn layer() -> RedirectLayer<HttpsOnly> {
    let trust = Trust::proxies(["10.0.0.0/8"]).expect("valid").x_forwarded();
    RedirectLayer::new(HttpsOnly::new()).trust(trust)
}

fn axum_app(calls: &Arc<AtomicUsize>, peer: [u8; 4]) -> Router {
    let calls = calls.clone();
    Router::new()
        .fallback(move || async move { format!("call {}", calls.fetch_add(1, Ordering::SeqCst)) })
        .layer(layer())
        .layer(Extension(Peer::Ip(peer.into())))
}

const STRANGER: [u8; 4] = [127, 0, 0, 1];

/// Serves by hyper without a router: the layer is around a function.
async fn serve_hyper(listener: TcpListener, calls: Arc<AtomicUsize>) {
    let inner = service_fn(move |_: Request<hyper::body::Incoming>| {
        calls.fetch_add(1, Ordering::SeqCst);
        async { Ok::<_, Infallible>(Response::new(Body::from("inner"))) }
    });
    let service = Extension(Peer::Ip(STRANGER.into())).layer(layer().layer(inner));
    while let Ok((stream, _)) = listener.accept().await {
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let server = auto::Builder::new(TokioExecutor::new());
            let _ = server.serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

#[tokio::test]
async fn nothing_in_clear_reaches_the_inner_service() {
    let calls = Arc::new(AtomicUsize::new(0));
    let (axum, axum_address) = bind().await;
    let (hyper, hyper_address) = bind().await;
    let app = axum_app(&calls, STRANGER);
    tokio::spawn(async move { axum::serve(axum, app).await });
    tokio::spawn(serve_hyper(hyper, calls.clone()));
    for (server, address) in [("axum", axum_address), ("hyper", hyper_address)] {
        for &(head, expected) in ROWS {
            let stream = TcpStream::connect(address).await.expect("connected");
            let seen = exchange(stream, head).await;
            assert_eq!(seen, expected, "{server}: {}", String::from_utf8_lossy(head));
        }
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_exempt_path_reaches_the_inner_service() {
    let calls = Arc::new(AtomicUsize::new(0));
    let (axum, address) = bind().await;
    let app = axum_app(&calls, STRANGER);
    tokio::spawn(async move { axum::serve(axum, app).await });
    let head = b"GET /.well-known/acme-challenge/token HTTP/1.1\r\nHost: a b\r\n";
    let stream = TcpStream::connect(address).await.expect("connected");
    assert_eq!(exchange(stream, head).await, "200");
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

async fn tls_connect(
    address: SocketAddr,
    identity: &Identity,
) -> tokio_rustls::client::TlsStream<TcpStream> {
    let config = Arc::new(identity.client_config().expect("a configuration"));
    let connector = tokio_rustls::TlsConnector::from(config);
    let stream = TcpStream::connect(address).await.expect("connected");
    let name = ServerName::try_from("localhost").expect("a name");
    connector.connect(name, stream).await.expect("a handshake")
}

async fn tls_server(identity: &Identity, calls: &Arc<AtomicUsize>, peer: [u8; 4]) -> SocketAddr {
    let (tcp, address) = bind().await;
    let listener = TlsListener::new(tcp, identity).expect("a listener");
    let app = axum_app(calls, peer).layer(Extension(Transport::Secure));
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

#[tokio::test]
async fn over_tls_each_request_reaches_the_inner_service_once() {
    let calls = Arc::new(AtomicUsize::new(0));
    let identity = Identity::self_signed().expect("a certificate");
    let address = tls_server(&identity, &calls, STRANGER).await;
    // The policy does not need the host of a secure request, so that none is refused.
    for (number, (head, _)) in (1..).zip(ROWS) {
        let stream = tls_connect(address, &identity).await;
        let seen = exchange(stream, head).await;
        assert_eq!(seen, "200", "{}", String::from_utf8_lossy(head));
        assert_eq!(calls.load(Ordering::SeqCst), number);
    }
}

#[tokio::test]
async fn tls_from_a_proxy_does_not_make_the_clients_request_secure() {
    let calls = Arc::new(AtomicUsize::new(0));
    let identity = Identity::self_signed().expect("a certificate");
    let address = tls_server(&identity, &calls, [10, 0, 0, 1]).await;
    for (field, expected) in [
        ("X-Forwarded-Proto: http\r\n", "307 https://h/"),
        ("", "307 https://h/"),
        ("X-Forwarded-Proto: https\r\n", "200"),
        // Values are counted from the right, so that those that a client added on the left change nothing.
        ("X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https, http\r\n", "307 https://h/"),
        ("X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: http, https\r\n", "200"),
        // Fewer values than trusted proxies.
        (
            "X-Forwarded-For: 1.1.1.1, 10.0.0.3, 10.0.0.2\r\nX-Forwarded-Proto: https, https\r\n",
            "400",
        ),
    ] {
        let stream = tls_connect(address, &identity).await;
        let head = format!("GET / HTTP/1.1\r\nHost: h\r\n{field}");
        assert_eq!(exchange(stream, head.as_bytes()).await, expected, "{field}");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 2);
}

/// Sends one request with these fields in raw frames (RFC 9113 §4), and summarizes the answer.
async fn exchange_http2(mut stream: TcpStream, fields: &[(&str, &str)]) -> String {
    let mut encoder = loona_hpack::Encoder::new();
    let block = encoder.encode(fields.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())));
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    bytes.extend_from_slice(&[0, 0, 0, 4, 0, 0, 0, 0, 0]);
    let length = u8::try_from(block.len()).expect("short");
    // HEADERS, END_STREAM and END_HEADERS, stream 1.
    bytes.extend_from_slice(&[0, 0, length, 1, 5, 0, 0, 0, 1]);
    bytes.extend_from_slice(&block);
    stream.write_all(&bytes).await.expect("sent");
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return "closed".to_owned();
        }
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).expect("short")];
        stream.read_exact(&mut payload).await.expect("a whole frame");
        match head[3] {
            1 => {
                let fields = loona_hpack::Decoder::new().decode(&payload).expect("fields");
                let field = |name: &str| {
                    let found = fields.iter().find(|(n, _)| n == name.as_bytes());
                    found.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
                };
                assert!(field("connection").is_none() && field("keep-alive").is_none());
                let status = field(":status").expect("a status");
                return match field("location") {
                    Some(location) => format!("{status} {location}"),
                    None => status,
                };
            }
            3 | 7 => return "reset".to_owned(),
            _ => {}
        }
    }
}

#[tokio::test]
async fn nothing_over_http2_in_clear_reaches_the_inner_service() {
    let calls = Arc::new(AtomicUsize::new(0));
    let (axum, address) = bind().await;
    let app = axum_app(&calls, STRANGER);
    tokio::spawn(async move { axum::serve(axum, app).await });
    let get = (":method", "GET");
    for (fields, expected) in [
        (&[get, (":scheme", "http"), (":path", "/p"), (":authority", "h")][..], "307 https://h/p"),
        (&[get, (":scheme", "https"), (":path", "/p"), (":authority", "h")], "421"),
        (
            &[
                get,
                (":scheme", "http"),
                (":path", "/p"),
                (":authority", "h"),
                ("host", "evil.example"),
            ],
            "400",
        ),
        (
            &[get, (":scheme", "http"), (":path", "/p"), (":authority", "H:80"), ("host", "h")],
            "307 https://h/p",
        ),
        (&[get, (":scheme", "http"), (":path", "/p"), ("host", "h")], "307 https://h/p"),
        (&[get, (":scheme", "http"), (":path", "/p")], "400"),
        (&[get, (":scheme", "http"), (":path", "/p"), (":authority", "a@b")], "400"),
        (
            &[get, (":scheme", "http"), (":path", "//evil.example"), (":authority", "h")],
            "307 https://h//evil.example",
        ),
        (
            &[(":method", "OPTIONS"), (":scheme", "http"), (":path", "*"), (":authority", "h")],
            "403",
        ),
        (&[(":method", "CONNECT"), (":authority", "h:443")], "403"),
        (
            &[
                get,
                (":scheme", "http"),
                (":path", "/p"),
                (":authority", "h"),
                ("x-forwarded-proto", "https"),
            ],
            "307 https://h/p",
        ),
    ] {
        let stream = TcpStream::connect(address).await.expect("connected");
        assert_eq!(exchange_http2(stream, fields).await, expected, "{fields:?}");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}
