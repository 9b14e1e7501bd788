//! Tables of rules of three kinds, the same as a `HashMap` and for matchit, and requests for them.

use std::collections::HashMap;

use http::Request;
use tower_redirect::policy::{Rule, Rules};

use crate::Outcome;

/// The number of different requests that stay in the caches of a processor.
pub const HOT: usize = 1_024;

/// Maps consecutive numbers to ones without a visible order.
pub fn scattered(number: usize) -> usize {
    number.wrapping_mul(2_654_435_761) % 1_000_003
}

/// A kind of table: the paths of its rules, where they lead, and requests for them.
#[derive(Clone, Copy)]
pub enum Kind {
    Exact,
    Prefix,
    Pattern,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Prefix => "prefix",
            Self::Pattern => "pattern",
        }
    }

    pub fn from(self, number: usize) -> String {
        let (group, page) = (number % 997, scattered(number));
        match self {
            Self::Exact => format!("/shop/{group}/item-{page}-{number}"),
            Self::Prefix => format!("/shop/{group}/item-{page}-{number}/*rest"),
            Self::Pattern => format!("/shop/{group}/item-{page}-{number}/:color/:size"),
        }
    }

    /// The path of `from`, in the syntax of matchit.
    pub fn route(self, number: usize) -> String {
        let from = self.from(number);
        from.replace("*rest", "{*rest}").replace(":color", "{color}").replace(":size", "{size}")
    }

    pub fn to(self, number: usize) -> String {
        match self {
            Self::Exact => format!("/products/{number}/{}", scattered(number)),
            Self::Prefix => format!("/products/{number}/*rest"),
            Self::Pattern => format!("/products/{number}/:size/:color"),
        }
    }

    pub fn asked(self, number: usize) -> String {
        let from = self.from(number);
        from.replace("*rest", "a/b").replace(":color", "red").replace(":size", "xl")
    }
}

pub fn requests(kind: Kind, rules: usize, count: usize) -> Outcome<Vec<Request<()>>> {
    let number = |at: usize| scattered(at * 7 + 1) % rules;
    let request = |at| Ok(Request::get(kind.asked(number(at))).body(())?);
    (0..count).map(request).collect()
}

pub fn table(kind: Kind, count: usize) -> Outcome<Rules> {
    let rule = |number| Rule::new(&kind.from(number))?.to(&kind.to(number));
    let rules = (0..count).map(rule).collect::<Result<Vec<_>, _>>()?;
    Ok(Rules::new(rules)?)
}

/// The paths that are asked for, and where they lead.
pub fn map(kind: Kind, count: usize) -> HashMap<String, String> {
    (0..count).map(|number| (kind.asked(number), kind.to(number))).collect()
}

pub fn router(kind: Kind, count: usize) -> Outcome<matchit::Router<String>> {
    let mut router = matchit::Router::new();
    for number in 0..count {
        router.insert(kind.route(number), kind.to(number))?;
    }
    Ok(router)
}
