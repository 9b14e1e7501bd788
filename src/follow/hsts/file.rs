//! Saves and loads a store, as a file in the format of curl's `--hsts` or with `serde`.

use std::error::Error;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::store::HstsStore;

const FORMAT: &str = "%Y%m%d %H:%M:%S";
const UNLIMITED: &str = "unlimited";

/// The error for a line of a `--hsts` file of curl that is not an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HstsFileError {
    line: usize,
}

impl HstsFileError {
    /// The number of the line, from 1.
    pub const fn line(&self) -> usize {
        self.line
    }
}

impl fmt::Display for HstsFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = r#"`host "YYYYMMDD HH:MM:SS"` or `host "unlimited"`"#;
        write!(f, "line {} is not {format}", self.line)
    }
}

impl Error for HstsFileError {}

impl HstsStore {
    /// Reads the text of a `--hsts` file of curl. Each line has a host, with a dot in front if its
    /// subdomains are included, and the time in UTC at which it expires. If a host occurs twice, the later
    /// line applies. Names that are not domains are skipped.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use tower_redirect::follow::hsts::HstsStore;
    ///
    /// let text = "# a comment\n.a.test \"unlimited\"\nb.test \"20200101 00:00:00\"\n";
    /// let store = HstsStore::from_curl(text)?;
    /// assert!(store.is_known("www.a.test", SystemTime::now()));
    /// assert!(!store.is_known("b.test", SystemTime::now()), "expired");
    /// assert_eq!(HstsStore::from_curl(&store.to_curl())?.to_curl(), store.to_curl());
    /// assert!(HstsStore::from_curl("a.test tomorrow").is_err());
    /// # Ok::<(), tower_redirect::follow::hsts::HstsFileError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error for the first line that is neither an entry, nor empty, nor a comment.
    pub fn from_curl(text: &str) -> Result<Self, HstsFileError> {
        let store = Self::new();
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let (host, expires) = parse_entry(text).ok_or(HstsFileError { line })?;
            let name = host.strip_prefix('.');
            store.add(name.unwrap_or(host), expires, name.is_some());
        }
        Ok(store)
    }

    /// Returns the learned hosts in the format of curl's `--hsts` file.
    pub fn to_curl(&self) -> String {
        let mut text = String::from("# Your HSTS cache.\n");
        for (name, entry) in self.entries() {
            let dot = if entry.include_subdomains { "." } else { "" };
            // The format has no times after the year 9999. Entries that expired before 1970 are dropped.
            let expires = match entry.expires {
                Some(time) if time < SystemTime::UNIX_EPOCH => continue,
                time => time.and_then(format_time).unwrap_or_else(|| UNLIMITED.to_owned()),
            };
            text.push_str(&format!("{dot}{name} \"{expires}\"\n"));
        }
        text
    }

    /// Reads a `--hsts` file of curl. If there is no such file, the store is empty.
    ///
    /// # Errors
    ///
    /// Returns the error of reading the file, or an error of kind
    /// [`InvalidData`](io::ErrorKind::InvalidData) if a line is not an entry.
    pub fn load(path: impl AsRef<Path>) -> io::Result<Self> {
        match fs::read_to_string(path) {
            Ok(text) => Self::from_curl(&text)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::new()),
            Err(error) => Err(error),
        }
    }

    /// Saves the learned hosts as a `--hsts` file of curl. A new file is written beside `path` and then
    /// renamed to it, so that the file at `path` is always complete, and an error leaves it unchanged.
    ///
    /// # Errors
    ///
    /// Returns the error of writing or renaming the file.
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        let path = path.as_ref();
        let (beside, mut file) = create_beside(path)?;
        let written = file.write_all(self.to_curl().as_bytes()).and_then(|()| file.sync_all());
        drop(file);
        let saved = written.and_then(|()| fs::rename(&beside, path));
        if saved.is_err() {
            let _ = fs::remove_file(&beside);
        }
        saved
    }
}

/// Creates a new file in the directory of `path`: no other call writes to it, and no link is followed.
fn create_beside(path: &Path) -> io::Result<(PathBuf, File)> {
    static SAVES: AtomicU64 = AtomicU64::new(0);
    loop {
        let number = SAVES.fetch_add(1, Ordering::Relaxed);
        // The new name does not contain that of `path`: it could become too long for the file system.
        let beside = path.with_file_name(format!(".hsts-{}-{number}", std::process::id()));
        match OpenOptions::new().write(true).create_new(true).open(&beside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            file => return Ok((beside, file?)),
        }
    }
}

/// Parses a line into its host and the time when it expires, which is `None` for `unlimited`.
fn parse_entry(line: &str) -> Option<(&str, Option<SystemTime>)> {
    let (host, rest) = line.split_once(char::is_whitespace)?;
    let time = rest.trim().strip_prefix('"')?.strip_suffix('"')?;
    if time == UNLIMITED {
        return Some((host, None));
    }
    let time = Offset::UTC.to_timestamp(DateTime::strptime(FORMAT, time).ok()?).ok()?;
    Some((host, Some(time.try_into().ok()?)))
}

/// Formats a time in UTC; `None` for a time after the year 9999.
fn format_time(time: SystemTime) -> Option<String> {
    let time = Offset::UTC.to_datetime(Timestamp::try_from(time).ok()?);
    Some(time.strftime(FORMAT).to_string())
}

/// Serializes the learned hosts as a list.
impl Serialize for HstsStore {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.entries().into_iter().map(|(host, entry)| {
            let expires = entry.expires.and_then(|time| Timestamp::try_from(time).ok());
            let expires = expires.map(Timestamp::as_second);
            Saved { host: host.into(), include_subdomains: entry.include_subdomains, expires }
        }))
    }
}

impl<'de> Deserialize<'de> for HstsStore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let store = Self::new();
        for Saved { host, include_subdomains, expires } in Vec::deserialize(deserializer)? {
            let time = expires.map(Timestamp::from_second).transpose().map_err(D::Error::custom)?;
            let expires = time.map(SystemTime::try_from).transpose().map_err(D::Error::custom)?;
            store.add(&host, expires, include_subdomains);
        }
        Ok(store)
    }
}

/// A learned host in serialized form. `expires` is in seconds since 1970; `None` if the host does not
/// expire.
#[derive(Serialize, Deserialize)]
struct Saved {
    host: String,
    #[serde(default)]
    include_subdomains: bool,
    #[serde(default)]
    expires: Option<i64>,
}

/// A list in the format of the browsers' preload list: `{"entries": [{"name": "a.test", "mode":
/// "force-https", "include_subdomains": true}]}`. Entries without this mode are ignored.
///
/// Pitfall: Chromium's own file has comments, which have to be removed before it is valid JSON.
///
/// ```
/// use std::time::SystemTime;
/// use tower_redirect::follow::hsts::{HstsStore, PreloadList};
///
/// let text = r#"{"entries": [{"name": "a.test", "mode": "force-https"}, {"name": "b.test"}]}"#;
/// let list: PreloadList = serde_json::from_str(text)?;
/// let store = HstsStore::new().with_preload_list(list.hosts());
/// assert!(store.is_known("a.test", SystemTime::now()));
/// assert!(!store.is_known("b.test", SystemTime::now()));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize)]
pub struct PreloadList {
    entries: Vec<Listed>,
}

#[derive(Clone, Debug, Deserialize)]
struct Listed {
    name: String,
    #[serde(default)]
    mode: Option<String>,
    #[serde(default)]
    include_subdomains: bool,
}

impl PreloadList {
    /// Returns the hosts of mode `force-https`, each with a flag: `true` includes its subdomains.
    pub fn hosts(&self) -> impl Iterator<Item = (&str, bool)> {
        let is_forced = |listed: &&Listed| listed.mode.as_deref() == Some("force-https");
        let listed = self.entries.iter().filter(is_forced);
        listed.map(|listed| (listed.name.as_str(), listed.include_subdomains))
    }
}
