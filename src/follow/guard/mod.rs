//! Restricts the targets that a client may be led to: for servers that fetch URLs given by others.
//!
//! 1. [`TargetGuard`] is given to [`FollowRedirectsLayer::guard`](crate::FollowRedirectsLayer::guard).
//!    It is asked about the URL of a call and about the target of each redirection, after an
//!    [HSTS upgrade](super::hsts) and after the policy.
//! 2. A URL whose host is an address is refused if [`deny`](TargetGuard::deny) lists the address, or if the
//!    address is not globally reachable and [`allow`](TargetGuard::allow) does not list it. An address is
//!    not globally reachable if IANA's registries of special-purpose addresses list it as such (private,
//!    loopback, link-local, shared, documentation and others), if it is multicast or reserved, or if it is
//!    IPv6 outside of 2000::/3. The host is parsed as `url` parses it, so every spelling is recognized
//!    (`http://0x7f.1/`, `http://2130706433/`). A host that `url` cannot parse is refused. An IPv4 address
//!    that passes is handed on as four decimal numbers, because clients read other spellings differently.
//! 3. If an IPv6 address embeds an IPv4 address (v4-mapped, NAT64, 6to4, Teredo), the IPv4 address is
//!    checked instead. The prefixes of NAT64 are the well-known one (RFC 6052) and those given to
//!    [`nat64_prefix`](TargetGuard::nat64_prefix). [`deny`](TargetGuard::deny) applies to both addresses.
//!    An ISATAP address (RFC 5214) and the IPv4 address in it both have to be globally reachable, unless
//!    [`allow`](TargetGuard::allow) lists the ISATAP address. `allow` and `deny` do not look at the IPv4
//!    address in it.
//! 4. `localhost` and names below it are refused (RFC 6761 §6.3), and so are names with an empty label
//!    (`a..test`) and any scheme but http and https. A request in origin-form (`/path`) is refused, because
//!    its URL does not name its host.
//! 5. The error is the same for every reason,
//!    [`TargetRefused`](super::RedirectErrorKind::TargetRefused): it does not reveal which addresses exist.
//!
//! Pitfall: a *name* that rule 4 does not refuse passes, whatever it resolves to, and may resolve to
//! another address the next time. Use a resolver that asks [`TargetGuard::allows_address`] about each
//! address, and connect only to addresses that the guard allows, as `examples/guarded_fetch.rs`
//! does. A client behind a proxy does not resolve names, so the proxy has to check them.
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
pub(in crate::follow) use target_guard::with_plain_address;
