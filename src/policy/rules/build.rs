use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{Response, StatusCode, header};

use super::check::{check, slow_table_error};
use super::condition::Condition;
use super::error::{Position, RuleError, RuleErrors, RuleWarning};
use super::find::{Match, Now};
use super::lists::MAX_PLACES;
use super::rule::{Rule, Status};
use super::table::{Stored, Table, flag};
use crate::head::{Decider, RequestHead};
use crate::policy::clock::Clock;
use crate::policy::{Decision, RedirectPolicy};
use crate::response::{max_age, text_response};

/// A table of [`Rule`]s as one policy: the first that matches wins. See the [module](super).
///
/// Cloning shares the table.
///
/// ```
/// use http::Request;
/// use tower_redirect::policy::{Rule, Rules};
/// use tower_redirect::{Decision, RedirectPolicy, RequestHead};
///
/// let rules = Rules::new([
///     Rule::new("/old")?.to("/new")?,
///     Rule::new("/docs/*")?.to("https://docs.example.com/*")?,
/// ])?;
/// let old = Request::post("/old?a=b").body(())?;
/// assert!(matches!(rules.decide(&RequestHead::from(&old)), Decision::Redirect(_)));
/// let new = Request::post("/new").body(())?;
/// assert!(matches!(rules.decide(&RequestHead::from(&new)), Decision::Pass));
///
/// let cycle = [Rule::new("/a")?.to("/b")?, Rule::new("/b")?.to("/a")?];
/// assert!(Rules::new(cycle).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct Rules {
    table: Arc<Table>,
    warnings: Arc<[RuleWarning]>,
    clock: Clock,
}

impl Rules {
    /// Builds a table, and checks it: see the [module](super).
    ///
    /// # Errors
    ///
    /// Returns the mistakes in the table: rules without a target or with settings that contradict each other,
    /// loops, targets that grow, chains of more than eight redirections, and rules that together would make
    /// the table slow or too large.
    pub fn new(rules: impl IntoIterator<Item = Rule>) -> Result<Self, RuleErrors> {
        RulesBuilder::new().build(rules)
    }

    /// Creates settings for a table.
    pub fn builder() -> RulesBuilder {
        RulesBuilder::new()
    }

    /// Returns possible mistakes in the table: duplicates, rules that an earlier rule covers, rules that
    /// have ended, have no effect or look like a regex, regexes with a percent-encoded byte in lower case
    /// (`%c3`), and chains.
    pub fn warnings(&self) -> &[RuleWarning] {
        &self.warnings
    }

    /// Returns the number of rules.
    pub fn len(&self) -> usize {
        self.table.rules.len()
    }

    /// Returns whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.table.rules.is_empty()
    }

    /// Returns the rule that answers a request.
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::RequestHead;
    /// use tower_redirect::policy::{Rule, Rules};
    ///
    /// let rules = Rules::new([Rule::new("/a/:id")?.to("/b/:id")?.line(7)])?;
    /// let request = Request::get("/a/1").body(())?;
    /// let found = rules.find(&RequestHead::from(&request)).ok_or("no rule")?;
    /// assert_eq!((found.name(), found.line()), ("/a/:id", Some(7)));
    /// let request = Request::get("/a").body(())?;
    /// assert!(rules.find(&RequestHead::from(&request)).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn find(&self, head: &RequestHead<'_>) -> Option<FoundRule<'_>> {
        let found = self.table.find(head, &Now::of(&self.clock))?;
        Some(FoundRule::of(&self.table, &found))
    }
}

/// A rule of a table, returned by [`Rules::find`].
#[derive(Clone, Copy)]
pub struct FoundRule<'r> {
    table: &'r Table,
    rule: &'r Stored,
    number: u32,
}

impl<'r> FoundRule<'r> {
    fn of(table: &'r Table, found: &Match<'r>) -> Self {
        Self { table, rule: found.rule, number: found.number }
    }

    /// Returns the position of the rule in the table, from 0.
    pub fn index(&self) -> usize {
        self.number as usize
    }

    /// Returns the name of the rule, which is its pattern unless another is set: see [`Rule::named`].
    pub fn name(&self) -> &'r str {
        let name = self.table.extra(self.rule).and_then(|extra| extra.name.as_deref());
        name.unwrap_or_else(|| self.table.from(self.rule))
    }

    /// Returns the line of the rule in its file, from 1, if it is known.
    pub fn line(&self) -> Option<u32> {
        Some(self.rule.line).filter(|line| *line > 0)
    }

    /// The name, or else the pattern with its line: after an edit of the file, a line alone could mean
    /// another rule.
    fn label(&self) -> String {
        let given = || self.table.extra(self.rule)?.name.as_deref();
        match (given(), self.line()) {
            (None, Some(line)) => format!("{} (line {line})", self.name()),
            _ => self.name().to_owned(),
        }
    }

    /// The name that the rule's answers are counted under: see [`Rule::counted`].
    fn counted(&self) -> Option<&'r Arc<str>> {
        self.table.extra(self.rule)?.counted.as_ref()
    }

    fn decider(&self) -> Decider {
        Decider {
            policy: NAME.into(),
            rule: Some(self.label().into()),
            counted: self.counted().cloned(),
            is_quiet: self.is_quiet(),
            ..Decider::default()
        }
    }

    /// Returns whether the answers of the rule are kept out of events.
    pub fn is_quiet(&self) -> bool {
        self.rule.has(flag::QUIET)
    }
}

impl fmt::Debug for FoundRule<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FoundRule").field("name", &self.name()).field("line", &self.line()).finish()
    }
}

impl RedirectPolicy for Rules {
    fn decide(&self, head: &RequestHead<'_>) -> Decision {
        let now = Now::of(&self.clock);
        let Some(found) = self.table.find(head, &now) else {
            head.because("no rule matches");
            return Decision::Pass;
        };
        let rule = FoundRule::of(&self.table, &found);
        head.note_rule(|| rule.decider(), rule.counted().is_some());
        head.because("the first rule that matches");
        if found.is_gone() {
            return Decision::Respond(gone(self.table.kept_for(found.rule, &now)));
        }
        Decision::Redirect(self.table.redirection(found, &now))
    }

    fn name(&self) -> Cow<'static, str> {
        NAME.into()
    }

    fn names(&self) -> Vec<Cow<'static, str>> {
        let counted = self.table.counted().map(|name| Cow::Owned(name.to_owned()));
        [self.name()].into_iter().chain(counted).collect()
    }
}

/// The name of the policy in events and explanations.
const NAME: &str = "rules";

fn gone(kept_for: Duration) -> Response<Bytes> {
    let mut response = text_response(StatusCode::GONE, "this is gone\n");
    response.headers_mut().insert(header::CACHE_CONTROL, max_age(kept_for));
    response
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// Settings of a [`Rules`] table, before it is built.
///
/// ```
/// use http::Request;
/// use tower_redirect::RequestHead;
/// use tower_redirect::policy::{Rule, Rules};
///
/// let rules = Rules::builder().ignore_case().build([Rule::new("/Old")?.to("/new")?])?;
/// for (path, is_found) in [("/old", true), ("/OLD", true), ("/older", false)] {
///     let request = Request::get(path).body(())?;
///     assert_eq!(rules.find(&RequestHead::from(&request)).is_some(), is_found, "{path}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct RulesBuilder {
    ignore_case: bool,
    clock: Clock,
}

impl RulesBuilder {
    /// Creates the default settings: the case of paths matters.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ignores the case of ASCII letters in the paths of all rules.
    pub fn ignore_case(mut self) -> Self {
        self.ignore_case = true;
        self
    }

    /// Replaces the system's clock, for tests.
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// Builds the table, and checks it.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Rules::new`].
    pub fn build(self, rules: impl IntoIterator<Item = Rule>) -> Result<Rules, RuleErrors> {
        self.build_with(rules, Vec::new())
    }

    /// Builds the table. `errors` are the mistakes that were found while its file was read.
    pub(super) fn build_with(
        self,
        rules: impl IntoIterator<Item = Rule>,
        mut errors: Vec<RuleError>,
    ) -> Result<Rules, RuleErrors> {
        let mut table = Table::default();
        let mut bases = HashMap::new();
        for (number, mut rule) in (1..).zip(rules) {
            let at = Position { line: rule.line, column: 0, rule: number };
            rule.ignore_case |= self.ignore_case;
            if let Some(message) = contradiction(&rule) {
                errors.push(RuleError::new(at, message));
            }
            if let Err(message) = table.push(rule, &mut bases) {
                errors.push(RuleError::new(at, message));
                break;
            }
        }
        drop(bases);
        if let Err(message) = table.index_regexes() {
            errors.push(RuleError::new(Position::default(), message));
        }
        let weights = table.build_index();
        let weight = |host: u32| weights.get(host as usize).copied().unwrap_or(0);
        let most = weight(0).saturating_add(table.hosts.greatest_weight(weight));
        let warnings = if most as usize > MAX_PLACES {
            // The other checks send requests to the table, which would be slow, too.
            errors.push(slow_table_error(&table, most));
            Vec::new()
        } else {
            check(&table, &self.clock, &mut errors)
        };
        RuleErrors::check(errors)?;
        Ok(Rules { table: Arc::new(table), warnings: warnings.into(), clock: self.clock })
    }
}

/// Returns the mistake of a rule that has no target, contradicts itself, or never matches.
fn contradiction(rule: &Rule) -> Option<&'static str> {
    if rule.status == Status::Gone && !rule.target.is_nothing() {
        return Some(
            "a rule with status 410 (`gone()`) has no target: remove the target or the status",
        );
    }
    if rule.status != Status::Gone && rule.target.is_nothing() && !rule.allow_self {
        return Some("a rule needs a target, or status 410 (`gone()`)");
    }
    let is_kept =
        matches!(rule.status, Status::Permanent | Status::MovedPermanently | Status::Gone);
    if rule.max_age.is_some() && !is_kept {
        return Some("caches keep only 301, 308 and 410: `max_age` has no effect with this status");
    }
    let never_holds =
        |condition: &Condition| matches!(condition, Condition::Methods(list) if list.is_empty());
    if rule.conditions.iter().any(never_holds) {
        return Some("a rule for no method never matches: leave the condition out");
    }
    if rule.starts.zip(rule.ends).is_some_and(|(starts, ends)| ends <= starts) {
        return Some("a rule has to end after it begins");
    }
    None
}
