use http::{HeaderName, HeaderValue, Method};

use super::condition::{Condition, Expected};
use super::normal::{form_decoded, parameters};
use super::pattern::{Segment, is_name};
use super::rule::Rule;
use super::target::Source;
use crate::config_error::ConfigError;
use crate::ranges::{NOT_A_RANGE, Ranges, parse_range};
use crate::uri::{HostPattern, Scheme};

/// The conditions of a rule besides its path. All must hold.
impl Rule {
    /// Applies only to this host, or, with `*.example.com`, to all hosts below `example.com`. Ports are not
    /// compared. Replaces the host that was set before, also by the URL given to [`Rule::new`].
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Host`](crate::ConfigErrorKind::Host) if `host` is neither a host nor such a
    /// pattern, or if it has a port.
    pub fn on_host(mut self, host: &str) -> Result<Self, ConfigError> {
        self.host = Some(HostPattern::parse(host)?);
        Ok(self)
    }

    /// Applies only to this scheme.
    pub fn on_scheme(mut self, scheme: Scheme) -> Self {
        self.conditions.push(Condition::Scheme(scheme));
        self
    }

    /// Applies only to these methods. A table with a rule for no method is refused.
    pub fn on_methods(mut self, methods: impl IntoIterator<Item = Method>) -> Self {
        self.conditions.push(Condition::Methods(methods.into_iter().collect()));
        self
    }

    /// Applies only to requests in which this header has this value. If it was sent several times, one of its
    /// values has to be this one.
    pub fn on_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.conditions.push(Condition::Header(name, Expected::Value(value)));
        self
    }

    /// Applies only to requests that have this header.
    pub fn on_header_present(mut self, name: HeaderName) -> Self {
        self.conditions.push(Condition::Header(name, Expected::Present));
        self
    }

    /// Applies only to requests that lack this header.
    pub fn on_header_absent(mut self, name: HeaderName) -> Self {
        self.conditions.push(Condition::Header(name, Expected::Absent));
        self
    }

    /// Applies only if the first query parameter of this name has this value. Name and value are decoded
    /// in the request, and given here in decoded form. There may be other parameters.
    pub fn on_query(mut self, name: &str, value: &str) -> Self {
        let value = Expected::Value(value.as_bytes().into());
        self.conditions.push(Condition::Query(name.as_bytes().into(), value));
        self
    }

    /// Applies only if the query has a parameter of this name.
    pub fn on_query_present(mut self, name: &str) -> Self {
        self.conditions.push(Condition::Query(name.as_bytes().into(), Expected::Present));
        self
    }

    /// Applies only if the query has no parameter of this name.
    pub fn on_query_absent(mut self, name: &str) -> Self {
        self.conditions.push(Condition::Query(name.as_bytes().into(), Expected::Absent));
        self
    }

    /// Applies only to clients in these ranges (`10.0.0.0/8`), as [`RequestHead::client_ip`] finds them.
    /// An untrusted peer that forwards for others is in no range, as for
    /// [`Maintenance::bypass_clients`](crate::Maintenance::bypass_clients). Caches must not store a response
    /// that depends on the client. If this condition is checked, whether it holds or not, the response has
    /// `no-store`, even a 308 or 410 and a response of the inner service.
    ///
    /// [`RequestHead::client_ip`]: crate::RequestHead::client_ip
    ///
    /// # Errors
    ///
    /// Returns an error of kind [`Client`](crate::ConfigErrorKind::Client) if an entry is neither an address
    /// nor a range, or if there is no entry.
    pub fn on_clients<I>(mut self, ranges: I) -> Result<Self, ConfigError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let text: Box<[String]> = ranges.into_iter().map(|r| r.as_ref().to_owned()).collect();
        let refuse = |range: &str| ConfigError::client(range, NOT_A_RANGE);
        let first = text.first().ok_or_else(|| refuse(""))?;
        let example = parse_range(first).ok_or_else(|| refuse(first))?.addr();
        let ranges = Ranges::parse(text.iter()).map_err(|range| refuse(&range))?;
        self.conditions.push(Condition::Clients { ranges, example, text });
        Ok(self)
    }

    /// Adds the condition `key`, `key=value` or `key=:name`.
    pub(super) fn query_condition(&mut self, from: &str, part: &str) -> Result<(), ConfigError> {
        if part.is_empty() {
            let reason = "an empty parameter; for an optional segment write two rules";
            return Err(ConfigError::path(from, reason));
        }
        let (key, value) = parameters(part).next().unwrap_or_default();
        let key: Box<[u8]> = form_decoded(key).into();
        let condition = match value.strip_prefix(':') {
            Some(name) if is_name(name) => {
                if self.source_of(name).is_some() {
                    return Err(ConfigError::path(from, "two captures have the same name"));
                }
                self.conditions.push(Condition::Captured { parameter: key, name: name.into() });
                return Ok(());
            }
            _ if part.contains('=') => Expected::Value(form_decoded(value).into()),
            _ => Expected::Present,
        };
        self.conditions.push(Condition::Query(key, condition));
        Ok(())
    }

    /// Returns the source of the capture `name`. An empty name finds the source of `*name`, whatever its
    /// name.
    pub(super) fn source_of(&self, name: &str) -> Option<Source> {
        let mut rest = None;
        for (at, segment) in self.from.segments().enumerate() {
            let at = u16::try_from(at).ok()?;
            match segment {
                Segment::Name(known) if known == name => return Some(Source::Segment(at)),
                Segment::Rest(known) if known == name => return Some(Source::Rest(at)),
                Segment::Rest(_) => rest = Some(Source::Rest(at)),
                _ => {}
            }
        }
        if name.is_empty() {
            return rest;
        }
        if let Some((_, source)) = self.regex_captures.iter().find(|(known, _)| **known == *name) {
            return Some(*source);
        }
        let at = self.conditions.iter().position(|condition| {
            matches!(condition, Condition::Captured { name: known, .. } if **known == *name)
        })?;
        u16::try_from(at).ok().map(Source::Query)
    }
}
