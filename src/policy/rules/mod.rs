//! A table of rules as one policy: moved pages, old hosts and gone paths, up to hundreds of thousands.
//!
//! For one or two moved URLs, [`policy_fn`](crate::policy_fn) with a
//! [`Redirection`](crate::Redirection) is shorter. A [`Rules`] table is made of [`Rule`]s, or read
//! from a file: [`Rules::from_netlify`], [`Rules::from_cloudflare_pages`], [`Rules::from_csv`].
//!
//! 1. **The first rule that matches wins**, in the order given. Conditions are checked in that
//!    order, and only those of rules whose host and path match. If any rule of a table names a
//!    host, the table reads the host of every request, once. A rule whose redirection would make the
//!    client repeat the same request is passed over, unless [`Rule::allow_self`] is set. CORS
//!    preflights, `OPTIONS *` and CONNECT pass.
//! 2. **Paths are compared in normal form** (RFC 3986 §6.2.2): escapes of unreserved bytes are
//!    decoded, all other escapes are in upper case, and bytes that a path may not hold are
//!    percent-encoded.
//!    - `/a` matches only that path, and not `/a/`: see [`Rule::either_slash`].
//!    - `/a/*` matches `/a`, `/a/` and all paths below it, but not `/ab`.
//!    - `:name` matches one segment that is not empty. `*name`, which can only be the last segment,
//!      matches the rest of the path.
//!    - Servers differ in how they read a path with `\`, `%2e`, `%2f`, `%5c`, a dot segment, or an
//!      empty segment other than the last. A regex never matches such a path. Of the other rules, only two
//!      kinds do: those with neither captures nor `*`, and those that keep the path or copy a last `*` or
//!      `*name` unchanged to the end of the target's path.
//! 3. **A capture cannot change the structure of the target.** The name of a capture is a letter,
//!    followed by letters, digits and `_`.
//!    - A part of the path is written to a path as it was sent, and to a query with `& = + ;`
//!      encoded. A group of a regex is written in normal form.
//!    - A value of the query (`/shop?id=:id`) is written to a path as one segment, with `/ ? # % \`
//!      encoded. A value that is empty, `.` or `..` does not match.
//!    - No capture is written to the scheme, host or port, and none can begin an authority.
//!    - If `*` or `*name` is empty, a target path that ends in `/*` or `/*name` ends in a slash if and
//!      only if the request path does. The path `/` keeps its slash.
//!    - A literal colon before a letter in the path or query of a target is written `%3A`.
//! 4. **The query is kept**, unless the target has a query, which replaces it.
//!    [`Rule::merge_query`] adds the request's parameters of other names to the query of the target.
//!    [`Rule::drop_query`] removes the request's query. A condition on a parameter compares the
//!    first parameter of that name, decoded; the request may have other parameters.
//! 5. **The status is 307 unless another is set**: [`Rule::permanent`] (308), [`Rule::found`]
//!    (302), [`Rule::moved_permanently`] (301), [`Rule::see_other`] (303), [`Rule::gone`] (410).
//!    301 and 302 are sent for GET and HEAD; other methods get 308 and 307 in their place, unless
//!    [`Rule::rewriting_methods`] is set. [`Rule::until`] ends a rule at a date, and caches are told
//!    not to keep its answers beyond that date.
//! 6. **A table is checked when it is built**, with requests that are made from its rules.
//!    Loops, targets that grow with each redirection, and more than eight redirections in a row
//!    are errors, which show the request and the lines of at most 16 rules that cause the error.
//!    [`Rules::warnings`] lists possible mistakes, such as duplicates, rules that an earlier rule covers,
//!    rules that have ended, and chains. The warning of a chain proposes a target for its first rule, if
//!    that target does not depend on the request. A chain is checked at the date at which its first rule
//!    starts, without rules that start later. A loop of regexes, or one that depends on the conditions of
//!    several rules at once, may be found only when a request runs into it; the answer is then a 500.
//! 7. **Rules are looked up, not tried one by one.** One look-up finds an exact path. Patterns (with
//!    `:name` or `*`) are looked up by the literal segments that they begin with: one look-up for each
//!    different number of these segments, and again for the segments that follow a `:name`. Rules of one
//!    path that compare the same parameter are found by the value; other rules of one path are tried in
//!    order. A table is refused if one request could visit more than 64 places in it, by an upper bound. A
//!    place is an exact path, a pattern, or a parameter that rules of one path compare.
//!
//! Pitfalls: after a rule is removed, caches keep its `301`, `308` or `410` for a day, unless
//! [`Rule::max_age`] or [`Rule::until`] sets another time. A rule without a host applies to every host
//! that the server answers for. The checks follow a target on another host only if a rule names that host.
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
//! let cycle = [Rule::new("/a/*")?.to("/b/*")?, Rule::new("/b/*")?.to("/a/*")?];
//! assert!(Rules::new(cycle).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # File formats
//!
//! | | Netlify | Cloudflare Pages | CSV |
//! |---|---|---|---|
//! | default status | 301 | 302 | 307 |
//! | slash at the end | ignored | compared | compared |
//! | `/a/*` matches `/a` | yes | no | yes |
//! | what a target writes for the rest that `*` matches | `:splat` | `:splat` | `*name`, `*` |
//! | conditions on the query | `/a id=:id /b` | none | `/a?id=:id,/b` |
//! | rules for a host | `http://old.example.com/*` | none | `http://old.example.com/*` |
//! | comments | `#`, also at the end of a line | lines that begin with `#` | lines that begin with `#` |
//! | limits of the original | not enforced | not enforced | |
//!
//! A 301 or 302 in a file is sent for GET and HEAD; a POST gets 308 or 307 in its place. A line that
//! the original would skip is an error here, and so is a line that a redirection cannot express: 200
//! rewrites, 404 pages, countries, languages, roles and cookies, captures in a host, a `*` that is not
//! the whole last segment, and a placeholder with other text in its segment (in a Netlify file, a `:`
//! after other text begins no placeholder). A Netlify rule with conditions on the query does not match
//! if there are other parameters; here it does. Netlify serves an existing file before it looks at
//! rules without `!`; here rules are tried first, unless the layer tries them
//! [only after a 404](crate::RedirectLayer::after_not_found).

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
mod status;
mod table;
mod target;
mod write;

pub use build::{FoundRule, Rules, RulesBuilder};
pub use error::{RuleError, RuleErrors, RuleWarning};
pub use gateway::{RequestRedirect, RouteMatch};
pub use rule::Rule;
