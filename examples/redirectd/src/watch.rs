//! The file as a stream of layers.
//!
//! The file is read four times a second. Polling notices every kind of change on every file system, whereas
//! watchers miss the symbolic link that a ConfigMap swaps. A text is used once two readings are equal,
//! because the first part of a file that is being overwritten is often valid.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::sleep;
use tower_redirect::config::{Config, Switches};
use tower_redirect::server::live::Update;

use crate::{Outcome, file, file::Layer};

/// The configuration that is served, and the last reading of the file.
pub struct Source {
    path: PathBuf,
    switches: Switches,
    config: Config,
    served: String,
    /// The last reading.
    read: Result<String, String>,
    /// Whether the last reading has been built or refused.
    is_done: bool,
    revision: u64,
}

impl Source {
    /// Reads the file for the first time.
    pub fn open(path: &Path) -> Outcome<(Self, Layer)> {
        let (path, switches, served) = (path.to_owned(), Switches::new(), file::text(path)?);
        let config = file::parse(&path, &served)?;
        let layer = file::build(&path, &served, &config, &switches)?;
        let read = Ok(served.clone());
        Ok((Self { path, switches, config, served, read, is_done: true, revision: 0 }, layer))
    }

    /// Sends each new layer, each error, and `Update::Same` for each reading of the text that is served,
    /// until the receiver is dropped.
    pub async fn watch(mut self, updates: mpsc::Sender<Outcome<Update<Layer>>>) -> Outcome {
        let mut hangups = signal(SignalKind::hangup())?;
        loop {
            tokio::select! {
                () = sleep(Duration::from_millis(250)) => {}
                _ = hangups.recv() => self.is_done = false, // A mistake is reported again.
            }
            let Some(update) = self.look() else { continue };
            if updates.send(update).await.is_err() {
                return Ok(());
            }
        }
    }

    /// Reads the file. Returns `None` if this reading differs from the last one, and if its error was
    /// reported before.
    fn look(&mut self) -> Option<Outcome<Update<Layer>>> {
        let read = file::text(&self.path);
        if read != self.read {
            (self.read, self.is_done) = (read, false);
            return None;
        }
        if read.as_ref() == Ok(&self.served) {
            return Some(Ok(Update::Same));
        }
        if std::mem::replace(&mut self.is_done, true) {
            return None;
        }
        Some(read.map_err(Into::into).and_then(|text| self.build(text)))
    }

    fn build(&mut self, text: String) -> Outcome<Update<Layer>> {
        let config = file::parse(&self.path, &text)?;
        if config.shrinks(&self.config) {
            let lost = "everything, `[https]` or more than half of the rules are lost";
            return Err(format!("{lost}; if that is intended, set `allow_shrink = true`").into());
        }
        let layer = file::build(&self.path, &text, &config, &self.switches)?;
        (self.config, self.served, self.revision) = (config, text, self.revision + 1);
        Ok(Update::New { revision: self.revision, layer })
    }
}
