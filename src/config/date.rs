use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::{self, DateTime};
use jiff::tz::TimeZone;
use serde::de::{Error, MapAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in a [configuration](super), written as RFC 3339 with `Z` or an offset, or as a day,
/// which means midnight in UTC.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use tower_redirect::config::Date;
///
/// #[derive(serde::Deserialize)]
/// struct Text {
///     date: Date,
/// }
///
/// let day = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
/// for text in ["\"1970-01-02\"", "1970-01-02", "1970-01-02T01:00:00+01:00", "\"1970-01-02T00:00:00Z\""] {
///     let read: Text = toml::from_str(&format!("date = {text}"))?;
///     assert_eq!(SystemTime::from(read.date), day, "{text}");
/// }
/// for refused in ["1970-01-02T00:00:00", "\"tomorrow\"", "01:00:00"] {
///     assert!(toml::from_str::<Text>(&format!("date = {refused}")).is_err(), "{refused}");
/// }
/// # Ok::<(), toml::de::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    timestamp: Timestamp,
    instant: SystemTime,
}

const NO_DATE: &str = "not a date; write `2026-12-01T22:00:00Z` or `2026-12-01`";

impl Date {
    fn parse(text: &str) -> Result<Self, &'static str> {
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Self::new(timestamp);
        }
        // Text that is longer than `2026-12-01` is a time without an offset, or not a date at all.
        if text.len() > "2026-12-01".len() {
            let is_local = text.parse::<DateTime>().is_ok();
            let no_offset = "a time without an offset; write `2026-12-01T22:00:00Z`";
            return Err(if is_local { no_offset } else { NO_DATE });
        }
        let day: civil::Date = text.parse().map_err(|_| NO_DATE)?;
        Self::new(TimeZone::UTC.to_timestamp(day.at(0, 0, 0, 0)).map_err(|_| NO_DATE)?)
    }

    fn new(timestamp: Timestamp) -> Result<Self, &'static str> {
        let instant = SystemTime::try_from(timestamp)
            .map_err(|_| "too early for the clock of this system")?;
        Ok(Self { timestamp, instant })
    }
}

impl From<Date> for SystemTime {
    fn from(date: Date) -> Self {
        date.instant
    }
}

/// Writes RFC 3339 in UTC.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp.fmt(f)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(DateVisitor)
    }
}

struct DateVisitor;

impl<'de> Visitor<'de> for DateVisitor {
    type Value = Date;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date: `2026-12-01T22:00:00Z` or `2026-12-01`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Date, E> {
        Date::parse(text).map_err(|reason| E::custom(format_args!("{text:?} is {reason}")))
    }

    /// Reads a TOML date, which `toml` passes as a map with the key `$__toml_private_datetime` and the date
    /// as text. Any key that begins with `$` is accepted: TOML keys with `$` need quotes, so no table has one
    /// by mistake.
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Date, A::Error> {
        match map.next_entry::<String, String>()? {
            Some((key, text)) if key.starts_with('$') => self.visit_str(&text),
            _ => Err(A::Error::invalid_type(Unexpected::Map, &self)),
        }
    }
}
