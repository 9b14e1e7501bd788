//! stub

mod drain;
mod error;
mod exchange;
mod fields;
mod future;
mod headers;
mod history;
mod kept;
mod layer;
mod location;
mod method;
mod service;
mod step;

pub use error::{FollowError, RedirectError, RedirectErrorKind};
pub use future::ResponseFuture;
pub use history::{RedirectHistory, RedirectHop};
pub use layer::FollowRedirectsLayer;
pub use method::MethodRewrite;
pub use service::FollowRedirects;
