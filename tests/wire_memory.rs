//! Measures the peak memory of a process that uploads a gigabyte, as Linux counts it:
//! `cargo test --all-features --test wire_memory -- --ignored`
#![allow(missing_docs)]

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Command;
use std::task::{Context, Poll};
use std::thread;

use bytes::Bytes;
use http::Request;
use http_body::{Body, Frame, SizeHint};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use sha2::{Digest, Sha256};
use tower::{Layer, ServiceExt};
#[cfg(feature = "hyper")]
use tower_redirect::follow::expect::ExpectContinueLayer;
use tower_redirect::replay::{NotReplayable, ReplayBody, ReplayFn};
use tower_redirect::{FollowRedirectsLayer, follow::RedirectErrorKind};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

const MIB: u64 = 1024 * 1024;
const WHOLE: u64 = 1024 * MIB;

/// The bytes of a file, in pieces of 64 KiB. Reading blocks, as this process does nothing else.
struct Pieces {
    file: File,
    left: u64,
}

impl Pieces {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let left = file.metadata()?.len();
        Ok(Self { file, left })
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let mut piece = vec![0; self.left.min(64 * 1024) as usize];
        if piece.is_empty() {
            return Poll::Ready(None);
        }
        self.left -= piece.len() as u64;
        let read = self.file.read_exact(&mut piece);
        Poll::Ready(Some(read.map(|()| Frame::data(Bytes::from(piece)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// Hides the length, so that the body turns out to be over the limit only while it is read.
struct Unannounced(Pieces);

impl Body for Unannounced {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Pin::new(&mut self.0).poll_frame(cx)
    }
}

/// The most that this process ever held, in KiB.
fn peak() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Sends one upload, in a process that the tests below start.
#[test]
#[ignore = "a process for the tests below"]
fn child() -> Outcome {
    let Ok(url) = env::var("UPLOAD_URL") else { return Ok(()) };
    let file = PathBuf::from(env::var("UPLOAD_FILE")?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let said = runtime.block_on(async {
        let client = || Client::builder(TokioExecutor::new());
        let post = Request::post(url);
        let how = env::var("UPLOAD_HOW")?;
        #[cfg(feature = "hyper")]
        if how == "when asked" {
            let body = ReplayFn::new(move || Pieces::open(&file))?;
            let expect = ExpectContinueLayer::new(tokio::time::sleep);
            let client = FollowRedirectsLayer::new().layer(expect.layer(client().build_http()));
            let response = client.oneshot(post.body(body)?).await?;
            return Ok(response.status().as_u16().to_string());
        }
        Ok::<_, Box<dyn Error>>(if how == "made anew" {
            let body = ReplayFn::new(move || Pieces::open(&file))?;
            let follower = FollowRedirectsLayer::new().layer(client().build_http());
            let response = follower.oneshot(post.body(body)?).await?;
            response.status().as_u16().to_string()
        } else {
            let body = ReplayBody::new(Unannounced(Pieces::open(&file)?), MIB);
            let follower = FollowRedirectsLayer::new().layer(client().build_http());
            let outcome = follower.oneshot(post.body(body)?).await;
            let error = outcome.err().ok_or("followed")?;
            let kind = error.redirect().ok_or_else(|| error.to_string())?.kind();
            assert_eq!(
                kind,
                RedirectErrorKind::NotReplayable(NotReplayable::TooLarge { limit: MIB })
            );
            "too large".to_owned()
        })
    })?;
    println!("said: {said}, peak: {}", peak()?);
    Ok(())
}

/// A server that reads two requests to their last bytes, and answers 307 to the first and 200 to the second.
/// Returns the digest of each body.
fn serve(listener: TcpListener) -> io::Result<Vec<String>> {
    let mut digests = Vec::new();
    for connection in listener.incoming() {
        let mut connection = connection?;
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            if connection.read(&mut byte)? == 0 {
                return Ok(digests);
            }
            head.extend_from_slice(&byte);
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let digest = match length {
            Some(length) => digest(&mut (&connection).take(length.parse().expect("a number")))?,
            None => digest(&mut Chunks { connection: &connection, left: 0, over: false })?,
        };
        digests.push(digest);
        let answer = match digests.len() {
            1 => "HTTP/1.1 307 Temporary Redirect\r\nlocation: /again\r\n",
            _ => "HTTP/1.1 200 OK\r\n",
        };
        connection.write_all(answer.as_bytes())?;
        connection.write_all(b"content-length: 0\r\nconnection: close\r\n\r\n")?;
        if digests.len() == 2 {
            break;
        }
    }
    Ok(digests)
}

/// A server that redirects the first two requests before their bodies, sends a 100 for the third and reads it.
/// Returns the number of bytes of each body, and the digest of the last one.
#[cfg(feature = "hyper")]
fn serve_when_asked(listener: &TcpListener) -> io::Result<(Vec<u64>, String)> {
    let (mut bytes, mut digest) = (Vec::new(), String::new());
    for connection in listener.incoming() {
        let mut connection = connection?;
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            connection.read_exact(&mut byte)?;
            head.extend_from_slice(&byte);
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        if bytes.len() < 2 {
            let answer = "HTTP/1.1 307 Temporary Redirect\r\nlocation: /again\r\ncontent-length: 0\r\n\
                          connection: close\r\n\r\n";
            connection.write_all(answer.as_bytes())?;
            connection.shutdown(std::net::Shutdown::Write)?;
            bytes.push(io::copy(&mut connection, &mut io::sink()).unwrap_or(0));
            continue;
        }
        if head.contains("expect: 100-continue") {
            connection.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        digest = match head.contains("content-length: ") {
            true => self::digest(&mut (&connection).take(WHOLE))?,
            false => self::digest(&mut Chunks { connection: &connection, left: 0, over: false })?,
        };
        bytes.push(WHOLE);
        connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
        break;
    }
    Ok((bytes, digest))
}

/// The content of a chunked body (RFC 9112 §7.1).
struct Chunks<'a> {
    connection: &'a TcpStream,
    left: usize,
    over: bool,
}

impl Read for Chunks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 && !self.over {
            let (mut line, mut byte) = (String::new(), [0]);
            while !line.ends_with("\r\n") {
                self.connection.read_exact(&mut byte)?;
                line.push(byte[0] as char);
            }
            // The end of the chunk before, or the size of the next.
            if let Ok(size) = usize::from_str_radix(line.trim(), 16) {
                (self.left, self.over) = (size, size == 0);
            }
        }
        let room = buffer.len().min(self.left);
        let read = self.connection.read(&mut buffer[..room])?;
        self.left -= read;
        Ok(read)
    }
}

fn digest(from: &mut impl Read) -> io::Result<String> {
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; 64 * 1024]);
    loop {
        match from.read(&mut buffer)? {
            0 => return Ok(format!("{:x}", digest.finalize())),
            read => digest.update(&buffer[..read]),
        }
    }
}

/// A sparse file of a gigabyte, in which no two MiB are alike. It is removed at the end.
struct Gigabyte(PathBuf);

impl Gigabyte {
    fn new(name: &str) -> io::Result<Self> {
        let this = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
        let mut file = File::create(&this.0)?;
        file.set_len(WHOLE)?;
        for index in 0..WHOLE / MIB {
            file.seek(SeekFrom::Start(index * MIB))?;
            file.write_all(&(index + 1).to_be_bytes())?;
        }
        Ok(this)
    }
}

impl Drop for Gigabyte {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Uploads a gigabyte from another process. Returns the digest of the file, the digests of the bodies that arrived,
/// the outcome that the process printed, and its peak in KiB.
fn upload(how: &str) -> Outcome<(String, Vec<String>, String, u64)> {
    let file = Gigabyte::new(&format!("gigabyte-{}", how.replace(' ', "-")))?;
    let whole = digest(&mut File::open(&file.0)?)?;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}/", listener.local_addr()?);
    let address = listener.local_addr()?;
    let server = thread::spawn(move || serve(listener));
    let output = Command::new(env::current_exe()?)
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("UPLOAD_URL", url)
        .env("UPLOAD_FILE", &file.0)
        .env("UPLOAD_HOW", how)
        .output()?;
    // If no second request came, the server still waits for one.
    drop(TcpStream::connect(address));
    let digests = server.join().map_err(|_| "the server panicked")??;
    let text = String::from_utf8(output.stdout)?;
    let said = text.lines().find_map(|line| line.split_once("said: ")).map(|(_, said)| said);
    let (said, peak) = said.and_then(|s| s.split_once(", peak: ")).ok_or(text.clone())?;
    Ok((whole, digests, said.to_owned(), peak.parse()?))
}

#[test]
#[ignore = "takes some seconds"]
fn a_file_is_opened_again_and_nothing_of_it_kept() -> Outcome {
    let (whole, digests, said, peak) = upload("made anew")?;
    assert_eq!(said, "200");
    assert_eq!(digests, [whole.clone(), whole]);
    println!("peak: {peak} KiB");
    assert!(peak <= 12 * 1024, "{peak} KiB");
    Ok(())
}

#[test]
#[ignore = "takes some seconds"]
fn nothing_of_an_upload_over_the_limit_is_kept() -> Outcome {
    let (whole, digests, said, peak) = upload("recorded")?;
    assert_eq!(said, "too large");
    assert_eq!(digests, [whole], "sent once, whole, and no second time");
    println!("peak: {peak} KiB");
    assert!(peak < 16 * 1024, "{peak} KiB");
    Ok(())
}

/// The upload is redirected twice. curl, which waits in the same way, is measured, too.
#[cfg(feature = "hyper")]
#[test]
#[ignore = "takes some seconds, and needs curl"]
fn a_redirection_costs_not_a_byte_of_an_upload_that_waits() -> Outcome {
    let file = Gigabyte::new("gigabyte-when-asked")?;
    let whole = digest(&mut File::open(&file.0)?)?;
    for client in ["curl", "here"] {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}/", listener.local_addr()?);
        let server = thread::spawn(move || serve_when_asked(&listener));
        let mut command = match client {
            "curl" => {
                let mut curl = Command::new("curl");
                // curl's default wait of 1 s could end on a busy machine.
                curl.args(["-sSL", "--expect100-timeout", "60", "-T"]).arg(&file.0).arg(&url);
                curl
            }
            _ => {
                let mut child = Command::new(env::current_exe()?);
                child.args(["--exact", "child", "--ignored", "--nocapture"]);
                child.env("UPLOAD_URL", &url).env("UPLOAD_FILE", &file.0);
                child.env("UPLOAD_HOW", "when asked");
                child
            }
        };
        let (mut child, mut peak) = (command.stdout(std::process::Stdio::piped()).spawn()?, 0);
        while child.try_wait()?.is_none() {
            let status = format!("/proc/{}/status", child.id());
            let status = fs::read_to_string(status).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let now = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
            peak = peak.max(now.unwrap_or(0_u64));
            thread::yield_now();
        }
        assert!(child.wait()?.success(), "{client}");
        let (bytes, digest) = server.join().map_err(|_| "the server panicked")??;
        println!("{client}: {bytes:?} bytes, peak: {peak} KiB");
        assert_eq!((bytes.as_slice(), &digest), (&[0, 0, WHOLE][..], &whole), "{client}");
        assert!(peak <= 24 * 1024, "{client}: {peak} KiB");
    }
    Ok(())
}
