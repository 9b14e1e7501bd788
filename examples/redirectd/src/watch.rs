//! The file as a stream of layers.
//!
//! The directory is watched, and the file is looked at each second besides: a watcher misses the
//! symbolic link that a ConfigMap swaps. A text counts once two readings, 100 ms apart, are equal, since
//! a file that is being overwritten is often sound at the point where it ends.

use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tower_redirect::config::{Config, Switches};
use tower_redirect::server::live::Update;

use crate::file::{self, Layer};
use crate::{Failure, Outcome};

const LOOK: Duration = Duration::from_secs(1);
const SETTLE: Duration = Duration::from_millis(100);

/// What is served, and what the file said last.
pub struct Source {
    path: PathBuf,
    switches: Switches,
    config: Config,
    text: String,
    /// A text that was refused: it is told once.
    refused: Option<String>,
    revision: u64,
}

impl Source {
    /// Reads the file for the first time.
    pub fn open(path: &Path) -> Outcome<(Self, Layer)> {
        let (path, text, switches) = (path.to_owned(), file::text(path)?, Switches::new());
        let config = file::parse(&path, &text)?;
        let layer = file::build(&path, &text, &config, &switches)?;
        Ok((Self { path, switches, config, text, refused: None, revision: 0 }, layer))
    }

    /// Sends what the file becomes, until nobody takes it.
    pub async fn watch(mut self, updates: mpsc::Sender<Outcome<Update<Layer>>>) -> Outcome {
        let (changed, mut changes) = mpsc::channel(1);
        let _watcher = watcher(&self.path, changed);
        let mut hangups = signal(SignalKind::hangup())?;
        loop {
            tokio::select! {
                _ = timeout(LOOK, changes.recv()) => {}
                _ = hangups.recv() => eprintln!("reload: asked for by a signal"),
            }
            let Some(update) = self.look().await else { continue };
            if updates.send(update).await.is_err() {
                return Ok(());
            }
        }
    }

    /// `None` where the same text was refused before, or where the file is changing.
    async fn look(&mut self) -> Option<Outcome<Update<Layer>>> {
        let text = match self.settled().await? {
            Ok(text) => text,
            Err(error) => return self.refuse(String::new(), error),
        };
        if text == self.text {
            self.refused = None;
            return Some(Ok(Update::Same));
        }
        match self.build(&text) {
            Ok((config, value)) => {
                self.revision += 1;
                (self.config, self.text, self.refused) = (config, text, None);
                Some(Ok(Update::New { revision: self.revision, value }))
            }
            Err(error) => self.refuse(text, error),
        }
    }

    fn build(&self, text: &str) -> Outcome<(Config, Layer)> {
        let config = file::parse(&self.path, text)?;
        if config.shrinks(&self.config) {
            let lost = self.config.rules.len() - config.rules.len();
            return Err(format!("{lost} rules are lost, without `allow_shrink = true`").into());
        }
        let layer = file::build(&self.path, text, &config, &self.switches)?;
        Ok((config, layer))
    }

    fn refuse(&mut self, text: String, error: Failure) -> Option<Outcome<Update<Layer>>> {
        let is_known = self.refused.as_ref() == Some(&text);
        self.refused = Some(text);
        (!is_known).then_some(Err(error))
    }

    /// The text, if two readings are equal.
    async fn settled(&self) -> Option<Outcome<String>> {
        let first = file::text(&self.path);
        sleep(SETTLE).await;
        match (first, file::text(&self.path)) {
            (Ok(first), Ok(second)) => (first == second).then_some(Ok(second)),
            (Err(_), Err(error)) => Some(Err(error)),
            _ => None,
        }
    }
}

/// Tells of changes in the directory; without a watcher, the file is looked at each second.
fn watcher(path: &Path, changed: mpsc::Sender<()>) -> Option<RecommendedWatcher> {
    let directory = path.parent().filter(|path| !path.as_os_str().is_empty());
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        // Reading the file is no change of it.
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = changed.try_send(());
        }
    })
    .ok()?;
    watcher.watch(directory.unwrap_or(Path::new(".")), RecursiveMode::NonRecursive).ok()?;
    Some(watcher)
}
