//! Feature `tracing`: diagnoses are events, without a call.

use std::fmt;
use std::sync::{Arc, Mutex};

use crate::support::{ask_now, request};
use tower_redirect::trust::Peer;
use tower_redirect::{HttpsOnly, RedirectLayer};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps events as text.
#[derive(Clone, Default)]
struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    fn take(&self) -> Vec<String> {
        self.0.lock().expect("not poisoned").drain(..).collect()
    }
}

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!(" {}={value:?}", field.name()));
    }
}

impl Subscriber for Events {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "tower_redirect" && *metadata.level() <= Level::WARN
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
        self.0.lock().expect("not poisoned").push(text.0);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[test]
fn each_diagnosis_is_a_warning() {
    let layer = RedirectLayer::new(HttpsOnly::new());
    let events = Events::default();
    let ask = |last: u8| {
        let mut request = request("GET", "/", &[("x-forwarded-proto", "https")]);
        request.extensions_mut().insert(Peer::Ip([10, 0, 0, last].into()));
        assert_eq!(ask_now(&layer, request).status, 307);
    };
    // Nobody listens, so that nothing is looked for, and nothing counts as told.
    ask(1);
    tracing::subscriber::with_default(events.clone(), || {
        ask(1);
        ask(1);
        ask(2);
    });
    let events = events.take();
    let [first, second] = events.as_slice() else { panic!("{events:?}") };
    assert!(first.starts_with("WARN tower_redirect"), "{first}");
    assert!(first.contains(r#"diagnosis="untrusted_proxy""#), "{first}");
    assert!(first.contains(r#".trust(Trust::proxies(["10.0.0.1"])?.x_forwarded())"#), "{first}");
    assert!(second.contains("10.0.0.2"), "{second}");
}

#[test]
fn a_hook_hears_the_same() {
    let told = Arc::new(Mutex::new(0));
    let counted = told.clone();
    let layer = RedirectLayer::new(HttpsOnly::new())
        .on_diagnosis(move |_| *counted.lock().expect("not poisoned") += 1);
    let events = Events::default();
    tracing::subscriber::with_default(events.clone(), || {
        ask_now(&layer, request("GET", "/", &[("x-forwarded-proto", "https")]));
    });
    assert_eq!(*told.lock().expect("not poisoned"), 1);
    assert_eq!(events.take().len(), 1);
}
