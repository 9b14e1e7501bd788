//! Requests made from a rule, which the rule should answer.

use std::fmt;

use http::{HeaderValue, Method, Request};
use percent_encoding::{NON_ALPHANUMERIC, percent_encode};

use crate::head::RequestHead;
use crate::policy::rules::condition::{Condition, Expected};
use crate::policy::rules::pattern::{Segment, segments};
use crate::policy::rules::table::{Stored, Table, flag};
use crate::trust::Peer;
use crate::uri::{Authority, HostPattern, Origin, Scheme};

/// A word that occurs in no pattern, and in no path or query of a target.
#[derive(Clone, Debug)]
pub(super) struct Token(String);

impl Token {
    pub(super) fn for_table(table: &Table) -> Self {
        let mut words = (0..).map(|number| format!("x{number}x"));
        // A text cannot contain all of these words, so one is found.
        Self(words.find(|word| !table.whole_text().contains(word)).unwrap_or_default())
    }

    pub(super) fn is_in(&self, text: &str) -> bool {
        text.contains(&self.0)
    }
}

/// A request made from a rule, to check the table with: the parts that rules look at.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    /// Method, headers and peer.
    pub(super) request: Request<()>,
    pub(super) scheme: Scheme,
    /// With the port, unless it is the default port of the scheme.
    pub(super) host: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
}

impl Witness {
    /// Calls `look` with the head of this request.
    pub(super) fn with_head<R>(&self, look: impl FnOnce(&RequestHead<'_>) -> R) -> Option<R> {
        let base = RequestHead::from(&self.request);
        let authority = Authority::parse(&self.host).ok()?;
        let origin = Some(Origin::new(self.scheme, authority));
        Some(look(&base.moved(origin, &self.path, self.query.as_deref())))
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, scheme, host, path, query } = self;
        write!(f, "{} {scheme}://{host}{path}", request.method())?;
        query.as_ref().map_or(Ok(()), |query| write!(f, "?{query}"))
    }
}

/// Makes the requests that a rule is checked with: one for each method that it lists, or one GET if it lists
/// none. If its pattern ends in `*`, there are three for each method: the `*` matches zero, one and forty
/// segments. A regex has none.
pub(super) fn witnesses(table: &Table, rule: &Stored, token: &Token) -> Vec<Witness> {
    let host = match table.extra(rule).and_then(|extra| extra.host.as_ref()) {
        Some(HostPattern::Exact(host)) => host.as_str().to_owned(),
        Some(HostPattern::Suffix(suffix)) => format!("{}{suffix}", token.0),
        None => format!("{}.invalid", token.0),
    };
    let mut template = Witness {
        request: Request::new(()),
        scheme: Scheme::Http,
        host,
        path: String::new(),
        query: None,
    };
    let mut methods = vec![Method::GET];
    let mut query = Vec::new();
    for condition in table.conditions(rule) {
        match condition {
            Condition::Scheme(scheme) => template.scheme = *scheme,
            Condition::Methods(listed) => methods = listed.to_vec(),
            Condition::Header(name, expected) => {
                let value = match expected {
                    Expected::Absent => continue,
                    Expected::Present => HeaderValue::from_static("1"),
                    Expected::Value(value) => value.clone(),
                };
                template.request.headers_mut().append(name.clone(), value);
            }
            Condition::Query(name, Expected::Value(value)) => query.push(parameter(name, value)),
            Condition::Query(_, Expected::Absent) => {}
            Condition::Query(name, Expected::Present)
            | Condition::Captured { parameter: name, .. } => {
                query.push(parameter(name, token.0.as_bytes()));
            }
            Condition::Clients { example, .. } => {
                template.request.extensions_mut().insert(Peer::Ip(*example));
            }
        }
    }
    template.query = (!query.is_empty()).then(|| query.join("&"));
    let mut witnesses = Vec::new();
    for path in paths(table, rule, token) {
        for method in &methods {
            let mut witness = Witness { path: path.clone(), ..template.clone() };
            *witness.request.method_mut() = method.clone();
            witnesses.push(witness);
        }
    }
    witnesses
}

fn parameter(name: &[u8], value: &[u8]) -> String {
    let encoded = |text| percent_encode(text, NON_ALPHANUMERIC);
    format!("{}={}", encoded(name), encoded(value))
}

fn paths(table: &Table, rule: &Stored, token: &Token) -> Vec<String> {
    let from = table.from(rule);
    if rule.has(flag::REGEX) {
        // It is not known which paths a regex matches.
        return Vec::new();
    }
    if rule.has(flag::EXACT) {
        return vec![from.to_owned()];
    }
    let mut path = String::new();
    let (mut names, mut has_rest) = (0, false);
    for segment in segments(from) {
        match segment {
            Segment::Literal(literal) => path += &format!("/{literal}"),
            // Each name gets a different segment, so that a target that swaps two of them leads to another
            // URL.
            Segment::Name(_) if names > 0 => path += &format!("/{}{names}", token.0),
            Segment::Name(_) => path += &format!("/{}", token.0),
            Segment::Rest(_) => has_rest = true,
        }
        names += u32::from(matches!(segment, Segment::Name(_)));
    }
    if !has_rest {
        return vec![path];
    }
    let below = |count: usize| path.clone() + &format!("/{}", token.0).repeat(count);
    let slash = if path.is_empty() || rule.has(flag::BELOW_ONLY) { "/" } else { "" };
    vec![format!("{path}{slash}"), below(1), below(40)]
}
