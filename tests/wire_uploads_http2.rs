#![allow(missing_docs)]

#[path = "wire/uploads_http2.rs"]
mod uploads_http2;
