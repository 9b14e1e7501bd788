//! Targets that a client may be led to: for servers that fetch URLs which others gave them.
//!
//! 1. [`TargetGuard`] is given to [`FollowRedirectsLayer::guard`](crate::FollowRedirectsLayer::guard).
//!    It is asked about the URL of a call and about the target of each redirection, after an
//!    [HSTS upgrade](super::hsts) and after the policy.
//! 2. A URL whose host is an address is refused if IANA's registries of special-purpose addresses do
//!    not call it globally reachable: private, loopback, link-local, shared, documentation,
//!    multicast and others. Spellings do not matter: the host is parsed as `url` parses it
//!    (`http://0x7f.1/`, `http://2130706433/`). A host that `url` cannot parse is refused.
//! 3. An IPv6 address that holds an IPv4 address is judged by that one: v4-mapped, NAT64 (RFC 6052,
//!    and a [prefix of one's own](TargetGuard::nat64)), 6to4 and Teredo.
//! 4. `localhost` and names below it are refused (RFC 6761 §6.3), and so is any scheme but http and
//!    https.
//! 5. The error is the same for every reason,
//!    [`TargetRefused`](super::RedirectErrorKind::TargetRefused): it does not reveal which addresses exist.
//!
//! Pitfall: a *name* passes, whatever it resolves to. Resolve by a resolver that asks
//! [`TargetGuard::allows_address`] about each address, and connect to the address that was asked about,
//! as `examples/guarded_fetch` does: a name may have another address the next time. A client that
//! goes through a proxy does not resolve: there the proxy has to be guarded.
//!
//! ```
//! use tower_redirect::follow::guard::TargetGuard;
//!
//! let guard = TargetGuard::new().ports([80, 443]).allow(["10.1.2.0/24"])?;
//! for (uri, allowed) in [
//!     ("http://a.test/", true),
//!     ("https://93.184.216.34/", true),
//!     ("http://10.1.2.3/", true),
//!     ("http://10.1.3.3/", false),
//!     ("http://127.1/", false),
//!     ("http://[::ffff:7f00:1]/", false),
//!     ("http://localhost/", false),
//!     ("http://a.test:22/", false),
//! ] {
//!     assert_eq!(guard.allows(&uri.parse()?), allowed, "{uri}");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod target_guard;

pub use target_guard::TargetGuard;
