//! Sends requests, draws what happened, and compares it with what was expected.

use std::error::Error;
use std::fmt::Display;

use axum::body::Body;
use http::request::Builder;
use http::{Method, Request};

use crate::app;
use crate::client::{Client, Seen};
use crate::servers::Servers;

/// A step under way.
#[derive(Debug)]
pub struct Check<'a> {
    pub servers: &'a Servers,
    client: &'a Client,
    /// Whether everything so far was as expected.
    pub held: bool,
}

pub type Outcome = Result<(), Box<dyn Error>>;

impl<'a> Check<'a> {
    pub fn new(servers: &'a Servers, client: &'a Client) -> Self {
        Self { servers, client, held: true }
    }

    /// Sends a request and draws its chain.
    pub async fn send(&self, request: Request<Body>) -> Result<Seen, Box<dyn Error>> {
        let alone = format!("{} {}", request.method(), request.uri());
        let seen = self.send_quietly(request).await?;
        let chain = if seen.history.is_empty() { alone } else { seen.history.to_string() };
        println!("  {}", chain.replace('\n', "\n  "));
        Ok(seen)
    }

    /// Sends a request, and draws nothing.
    pub async fn send_quietly(&self, request: Request<Body>) -> Result<Seen, Box<dyn Error>> {
        self.client.send(request).await
    }

    /// Sends a GET that should end in an error, and returns the text of the error's source. If it ends in a
    /// response, returns the status and the text of that.
    pub async fn send_to_fail(&self, url: &str) -> Result<String, Box<dyn Error>> {
        println!("  GET {url}");
        Ok(match self.client.send(get(url).body(Body::empty())?).await {
            Ok(seen) => seen.answer(),
            // The error names the place, and its source the reason.
            Err(error) => error.source().map_or_else(|| error.to_string(), ToString::to_string),
        })
    }

    /// Compares, and prints the result.
    pub fn same(&mut self, what: &str, expected: impl Display, seen: impl Display) {
        let (expected, seen) = (expected.to_string(), seen.to_string());
        let holds = expected == seen;
        self.held &= holds;
        println!("    {} {what}", if holds { "ok  " } else { "FAIL" });
        println!("         expected {expected}\n         seen     {seen}");
    }
}

impl Seen {
    /// Status and text.
    pub fn answer(&self) -> String {
        format!("{} {}", self.status.as_u16(), self.text.trim_end())
    }

    /// The port that gave the final answer, or `as asked` without a redirection.
    pub fn port(&self) -> String {
        let port = self.history.final_uri().and_then(|uri| uri.port_u16());
        port.map_or("as asked".into(), |port| port.to_string())
    }
}

/// The answer of the application that took this body over https.
pub fn receipt(status: u16, method: &str, path: &str, body: &[u8]) -> String {
    format!("{status} {}", app::receipt_text(method, "https", path, body))
}

pub fn post(url: &str) -> Builder {
    Request::builder().method(Method::POST).uri(url)
}

pub fn get(url: &str) -> Builder {
    Request::builder().uri(url)
}
