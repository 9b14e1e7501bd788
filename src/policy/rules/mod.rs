//! Many rules as one policy: moved pages, old hosts, gone paths, by the hundred thousand.
//!
//! For one or two moved URLs, [`policy_fn`](crate::policy_fn) with a
//! [`Redirection`](crate::Redirection) stays the shorter way. A [`Rules`] table is made of [`Rule`]s,
//! or read from a file: [`Rules::from_netlify`], [`Rules::from_cloudflare_pages`],
//! [`Rules::from_csv`].
//!
//! 1. **The first rule that matches wins**, in the order given. Conditions are looked at in that
//!    order, and only those of rules whose host and path match. A table that names a host in any
//!    rule looks at every request's host, once. A rule that leads to the very URL asked for is passed
//!    over, unless [`Rule::allow_self`]. CORS preflights, `OPTIONS *` and CONNECT pass.
//! 2. **Paths are compared in normal form** (RFC 3986 §6.2.2): escapes of unreserved bytes decoded,
//!    others in upper case, what a path may not hold encoded.
//!    - `/a` is exact, and another path than `/a/`: see [`Rule::either_slash`].
//!    - `/a/*` takes `/a`, `/a/` and all below: not `/ab`.
//!    - `:name` takes one segment that is not empty; `*name`, at the end, all that follows.
//!    - A path with another empty segment, a dot segment, `%2e`, `%2f`, `%5c` or `\` is read in
//!      different ways by different servers: exact rules take it, and a last `*name` that is copied to
//!      the end of the target, since nothing is read there.
//! 3. **A capture stays in its place.** A name is a letter, then letters, digits and `_`.
//!    - A piece of the path goes into a path as it was sent, and into a query with `& = + ;` encoded.
//!    - A query's value (`/shop?id=:id`) goes into a path as one segment, with `/ ? # %` encoded; an
//!      empty one, `.` and `..` do not match.
//!    - None goes into scheme, host or port, or begins an authority.
//!    - Where `*name` is empty, a target that ends in it ends in a slash exactly if the request does.
//!    - A literal colon in a target is `%3A`.
//! 4. **The query is kept**; a query of the target's own replaces it. [`Rule::merge_query`] adds the
//!    request's parameters of other names, [`Rule::drop_query`] takes the request's away. A condition
//!    on a parameter looks at the first of its name, decoded; others may be there.
//! 5. **307 unless a status is named**: [`Rule::permanent`] (308), [`Rule::found`] (302),
//!    [`Rule::moved_permanently`] (301), [`Rule::see_other`] (303), [`Rule::gone`] (410). 301 and 302
//!    answer GET and HEAD; other methods get 308 and 307. [`Rule::until`] ends a rule by itself, and
//!    what caches keep with it.
//! 6. **What is built is sound.** The table is asked about requests made of its own rules: a circle, a
//!    target that grows with each redirection, and more than eight redirections in a row are errors
//!    that show the request and every line on the way. [`Rules::warnings`] tells duplicates, rules
//!    that an earlier one covers, dates gone by, and chains, with the target to write instead. What
//!    depends on several conditions at once is left to the request: a circle is answered 500 there.
//! 7. **An exact path costs one look-up**, a prefix or pattern one step a segment, two where both a
//!    literal and a `:name` go on. Rules of one path that ask for values of one parameter are found by
//!    the value; others of one path are tried in order. A table in which one request could come to
//!    more than 64 places is refused.
//!
//! Pitfalls: a `301` or `308` outlives its rule in caches, for a day unless [`Rule::max_age`] says
//! otherwise. A rule without a host is for every host that the server answers for. A target on
//! another host is followed by the checks only if a rule names that host.
//!
//! ```
//! use http::Request;
//! use tower_redirect::policy::{Rule, Rules};
//! use tower_redirect::{Decision, RedirectPolicy, RequestHead};
//!
//! let rules = Rules::new([
//!     Rule::new("/about-us")?.to("/about")?.permanent(),
//!     Rule::new("/blog/:year/*rest")?.to("/archive/:year/*rest")?,
//!     Rule::new("/*")?.on_host("old.example.com")?.to("https://www.example.com/*")?,
//! ])?;
//! assert!(rules.warnings().is_empty());
//!
//! for (host, path, location) in [
//!     ("www.example.com", "/about-us", Some("/about")),
//!     ("www.example.com", "/blog/2020/may?page=2", Some("/archive/2020/may?page=2")),
//!     ("old.example.com", "/x", Some("https://www.example.com/x")),
//!     ("www.example.com", "/x", None),
//! ] {
//!     let request = Request::get(path).header("host", host).body(())?;
//!     let head = RequestHead::from(&request);
//!     let seen = match rules.decide(&head) {
//!         Decision::Redirect(to) => to.location_for(&head),
//!         _ => None,
//!     };
//!     assert_eq!(seen.as_ref().map(|seen| seen.as_bytes()), location.map(str::as_bytes));
//! }
//!
//! let circle = [Rule::new("/a/*")?.to("/b/*")?, Rule::new("/b/*")?.to("/a/*")?];
//! assert!(Rules::new(circle).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Files of others
//!
//! | | Netlify | Cloudflare Pages | CSV |
//! |---|---|---|---|
//! | status unless given | 301 | 302 | 307 |
//! | order | as written | exact paths, then the others | as written |
//! | slash at the end | does not matter | matters | matters |
//! | `/a/*` takes `/a` | yes | no | yes |
//! | name of what follows `*` | `:splat` | `:splat` | `*name`, `*` |
//! | conditions on the query | `/a id=:id /b` | none | `/a?id=:id,/b` |
//! | rules for a host | `http://old.example.com/*` | none | `http://old.example.com/*` |
//! | comments | `#`, at the end of a line, too | lines that begin with `#` | lines that begin with `#` |
//! | limits of the original | not kept | not kept | |
//!
//! A 301 answers GET and HEAD, and a POST gets 308 in its place; a 302 likewise 307. What the
//! original would skip is an error here, and so is what a redirection cannot say: 200 rewrites, 404
//! pages, countries, languages, roles and cookies, captures in a host, `*` or a placeholder in the
//! middle of a segment. Netlify's conditions on a query ask that no other parameter be there; here it
//! may. Netlify serves files before rules without `!`; here rules go first, unless they are asked only
//! after a 404.

mod build;
mod check;
mod condition;
mod error;
mod find;
mod gateway;
mod hosts;
mod index;
mod index_build;
mod lists;
mod normal;
mod packed;
mod pattern;
mod read;
#[cfg_attr(not(feature = "regex"), path = "no_regex.rs")]
mod regex;
mod rule;
mod rule_conditions;
mod slots;
mod table;
mod target;
mod write;

pub use build::{FoundRule, Rules, RulesBuilder};
pub use error::{RuleError, RuleErrors, RuleWarning};
pub use gateway::{RequestRedirect, RouteMatch};
pub use rule::Rule;
