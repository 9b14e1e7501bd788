//! Policies, which decide about a redirection before the safety checks.

mod attempt;
mod builtin;
mod combine;
mod follow_policy;
mod func;

pub use attempt::Attempt;
pub(super) use attempt::next_of;
pub use builtin::{FollowAll, SameOriginOnly, SameOriginOrHttpsUpgrade};
pub use combine::When;
pub(super) use follow_policy::sealed;
pub use follow_policy::{Action, FollowPolicy, LayerPolicy};
pub use func::{FollowFn, follow_fn};
