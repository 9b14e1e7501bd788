//! A subscriber of `tracing` that keeps events.

use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps the events of the crate as text: level, target, and each field.
#[derive(Clone)]
pub struct Events {
    /// `None` for no events.
    level: Option<Level>,
    kept: Arc<Mutex<Vec<String>>>,
}

impl Events {
    fn take(&self) -> Vec<String> {
        self.kept.lock().expect("not poisoned").drain(..).collect()
    }

    /// Runs `work`, and returns its events.
    pub fn of(level: Level, work: impl FnOnce()) -> Vec<String> {
        // Other tests reach the same callsites at the same time. Without a global subscriber, `tracing` would
        // cache for all threads that nobody is interested in them.
        let _ = tracing::subscriber::set_global_default(Self { level: None, kept: Arc::default() });
        let events = Self { level: Some(level), kept: Arc::default() };
        tracing::subscriber::with_default(events.clone(), work);
        events.take()
    }
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!(" {}={value:?}", field.name()));
    }
}

impl Subscriber for Events {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "tower_redirect"
            && self.level.is_some_and(|level| *metadata.level() <= level)
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        let mut text = Text(format!("{} {}", metadata.level(), metadata.target()));
        event.record(&mut text);
        self.kept.lock().expect("not poisoned").push(text.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
