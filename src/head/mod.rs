mod diagnose;
mod effective;
mod host;
mod notes;
mod parts;
mod request_head;
mod vary;

pub(crate) use host::Refusal;
pub use request_head::RequestHead;
