//! Reads tables in CSV and in the formats of other servers.

mod cloudflare_pages;
mod csv;
mod netlify;

use super::build::{Rules, RulesBuilder};
use super::error::{Position, Reason, RuleError, RuleErrors};
use super::rule::{Rule, Status};
use crate::config_error::ConfigError;

impl Rules {
    /// Reads a `_redirects` file as Netlify does: the [module](super) lists the differences. Netlify serves
    /// an existing file before it looks at a rule whose status has no `!`. For such rules, use
    /// [`RedirectLayer::after_not_found`](crate::RedirectLayer::after_not_found).
    ///
    /// # Errors
    ///
    /// Returns the first mistake of each line, with its line and column, and the errors of [`Rules::new`].
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::RequestHead;
    /// use tower_redirect::policy::Rules;
    ///
    /// let rules = Rules::from_netlify("/store id=:id /blog/:id 301 # moved\n/news/* /blog/:splat\n")?;
    /// for (path, line) in [("/store/?id=7", Some(1)), ("/news", Some(2)), ("/store", None)] {
    ///     let request = Request::get(path).body(())?;
    ///     let found = rules.find(&RequestHead::from(&request));
    ///     assert_eq!(found.and_then(|found| found.line()), line, "{path}");
    /// }
    /// let errors = Rules::from_netlify("/app/* /index.html 200\n").unwrap_err();
    /// assert!(errors.to_string().starts_with("line 1, column 20: "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_netlify(text: &str) -> Result<Self, RuleErrors> {
        RulesBuilder::new().build_netlify(text)
    }

    /// Reads a `_redirects` file as Cloudflare Pages does: the [module](super) lists the differences.
    ///
    /// # Errors
    ///
    /// Returns the first mistake of each line, with its line and column, and the errors of [`Rules::new`].
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::RequestHead;
    /// use tower_redirect::policy::Rules;
    ///
    /// let rules = Rules::from_cloudflare_pages("/blog/old /attic 308\n/blog/* /news/:splat\n")?;
    /// for (path, line) in [("/blog/old", Some(1)), ("/blog/new", Some(2)), ("/blog", None)] {
    ///     let request = Request::get(path).body(())?;
    ///     let found = rules.find(&RequestHead::from(&request));
    ///     assert_eq!(found.and_then(|found| found.line()), line, "{path}");
    /// }
    /// assert!(Rules::from_cloudflare_pages("/only-a-source\n").is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_cloudflare_pages(text: &str) -> Result<Self, RuleErrors> {
        RulesBuilder::new().build_cloudflare_pages(text)
    }

    /// Reads lines of `from,to[,status]`, with the syntax of [`Rule::new`] and [`Rule::to`]. The status is
    /// 307 unless one is given; a line with 410 has an empty `to`. Blank lines, lines that begin with `#`, a
    /// first line whose first field is `from`, and empty fields at the end of a line are ignored. A field
    /// with a comma is put in double quotes (RFC 4180).
    ///
    /// # Errors
    ///
    /// Returns the first mistake of each line, with its line and column, and the errors of [`Rules::new`].
    ///
    /// ```
    /// use http::Request;
    /// use tower_redirect::RequestHead;
    /// use tower_redirect::policy::Rules;
    ///
    /// let rules = Rules::from_csv("from,to,status\n/a,/b,308\n\"/a,b\",/c\n/gone,,410\n")?;
    /// for (path, line) in [("/a", Some(2)), ("/a,b", Some(3)), ("/gone", Some(4)), ("/b", None)] {
    ///     let request = Request::get(path).body(())?;
    ///     let found = rules.find(&RequestHead::from(&request));
    ///     assert_eq!(found.and_then(|found| found.line()), line, "{path}");
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_csv(text: &str) -> Result<Self, RuleErrors> {
        RulesBuilder::new().build_csv(text)
    }
}

impl RulesBuilder {
    /// Reads as [`Rules::from_netlify`] does, with these settings.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Rules::from_netlify`].
    pub fn build_netlify(self, text: &str) -> Result<Rules, RuleErrors> {
        self.build_lines(text, netlify::rule)
    }

    /// Reads as [`Rules::from_cloudflare_pages`] does, with these settings.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Rules::from_cloudflare_pages`].
    pub fn build_cloudflare_pages(self, text: &str) -> Result<Rules, RuleErrors> {
        self.build_lines(text, cloudflare_pages::rule)
    }

    /// Reads as [`Rules::from_csv`] does, with these settings.
    ///
    /// # Errors
    ///
    /// Returns the same errors as [`Rules::from_csv`].
    pub fn build_csv(self, text: &str) -> Result<Rules, RuleErrors> {
        self.build_lines(text, csv::rule)
    }

    /// Reads a file line by line, and builds its table. `parse` returns `None` for a line without a rule, such
    /// as a comment.
    fn build_lines(
        self,
        text: &str,
        parse: impl Fn(Line<'_>) -> Result<Option<Rule>, Mistake>,
    ) -> Result<Rules, RuleErrors> {
        let (mut rules, mut errors) = (Vec::new(), Vec::new());
        // A byte order mark is not part of the first path.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for (number, line) in (1..).zip(text.lines()) {
            match parse(Line { text: line, number }) {
                Ok(rule) => rules.extend(rule.map(|rule| rule.line(number))),
                Err(Mistake { at, reason }) => {
                    let column = line.get(..at).map_or(0, |before| before.chars().count() + 1);
                    let column = u32::try_from(column).unwrap_or(u32::MAX);
                    let at = Position { line: number, column, rule: 0 };
                    errors.push(RuleError { at, reason });
                }
            }
        }
        self.build_with(rules, errors)
    }
}

/// A line of a file, without its line ending.
#[derive(Clone, Copy)]
struct Line<'t> {
    text: &'t str,
    /// From 1.
    number: u32,
}

/// A mistake in a line, and its byte offset.
struct Mistake {
    at: usize,
    reason: Reason,
}

/// A word of a line, and its byte offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Word<'t> {
    text: &'t str,
    at: usize,
}

impl Word<'_> {
    fn refuse(self, why: impl Into<String>) -> Mistake {
        Mistake { at: self.at, reason: Reason::Text(why.into()) }
    }

    /// Returns a function that converts an error in this word to a mistake.
    fn mistake(self) -> impl Fn(ConfigError) -> Mistake {
        move |error| Mistake { at: self.at, reason: Reason::Config(error) }
    }
}

impl<'t> Line<'t> {
    /// The words of the line, separated by white space.
    fn words(self) -> impl Iterator<Item = Word<'t>> {
        let start = self.text.as_ptr() as usize;
        let words = self.text.split_ascii_whitespace();
        words.map(move |text| Word { text, at: text.as_ptr() as usize - start })
    }

    /// An empty word at the end of the line, for mistakes there.
    fn end(self) -> Word<'t> {
        Word { text: "", at: self.text.trim_end().len() }
    }
}

/// Parses the status of a redirection.
fn status(word: Word<'_>) -> Result<Status, Mistake> {
    Status::parse(word.text).ok_or_else(|| {
        word.refuse(match word.text {
            "200" => {
                "200 rewrites the request, which a redirection cannot: let the application route it"
            }
            "404" => "404 serves a page, which the application does: remove this line",
            _ => "the status is 301, 302, 303, 307 or 308",
        })
    })
}

/// Names a final `*` as both dialects of `_redirects` do: `splat`.
fn with_splat(from: Word<'_>) -> Result<String, Mistake> {
    match from.text.strip_suffix("/*") {
        Some(start) if !start.contains('*') => Ok(format!("{start}/*splat")),
        None if !from.text.contains('*') => Ok(from.text.to_owned()),
        _ => {
            Err(from
                .refuse("`*` is allowed once, as the last segment: for others, use `Rule::regex`"))
        }
    }
}
