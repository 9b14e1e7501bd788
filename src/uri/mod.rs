//! The parts of a URI that redirections compare: schemes, hosts, origins and paths (RFC 3986 §3,
//! RFC 9110 §4.2).

mod authority;
mod byte_set;
mod host;
mod host_pattern;
mod host_set;
mod hosts;
mod normal;
mod origin;
mod path;
mod scheme;
mod split;

pub use authority::Authority;
pub(crate) use byte_set::{ByteSet, PLAIN, PLAIN_WITH_QUERY};
pub(crate) use host::{Host, LONGEST_NAME};
pub(crate) use host_pattern::HostPattern;
pub(crate) use host_set::HostSet;
pub(crate) use hosts::Hosts;
pub(crate) use normal::{decode_escape, length_of_prefix, normalize};
pub(crate) use origin::Origin;
pub(crate) use path::{
    is_ambiguous, is_at_or_below, is_well_known, may_be_misread, without_trailing_slash,
};
pub use scheme::Scheme;
pub(crate) use split::{split_at_first, split_origin};
