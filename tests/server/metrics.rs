//! Feature `metrics`: answers and diagnoses are counted, without any setting.

use metrics_util::MetricKind;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tower_layer::Layer;
use tower_redirect::policy::{Rule, Rules};
use tower_redirect::{
    HttpsOnly, RedirectLayer, RedirectPolicy, Redirection, RequestHead, Scheme, policy_fn,
};

use crate::support::{Inner, ask_now, request};

/// The counters that `work` leaves: name, labels and value, in order.
fn counted(work: impl FnOnce()) -> Vec<(String, u64)> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    metrics::with_local_recorder(&recorder, work);
    let mut counted = Vec::new();
    for (key, _, _, value) in snapshotter.snapshot().into_vec() {
        let (MetricKind::Counter, DebugValue::Counter(value)) = (key.kind(), value) else {
            continue;
        };
        let key = key.key();
        let labels = key.labels().map(|label| format!("{}={}", label.key(), label.value()));
        let labels: Vec<_> = labels.collect();
        counted.push((format!("{}{{{}}}", key.name(), labels.join(",")), value));
    }
    counted.sort();
    counted
}

fn value(counted: &[(String, u64)], series: &str) -> Option<u64> {
    counted.iter().find(|(name, _)| name == series).map(|(_, value)| *value)
}

#[test]
fn known_series_start_at_zero() {
    let rule = Rule::new("/a").and_then(|rule| rule.to("/b")).expect("valid").counted("c");
    let rules = Rules::new([rule]).expect("valid");
    let policies = (HttpsOnly::new(), rules.named("table"), [policy_fn(|_| None).named("moved")]);
    let layer = RedirectLayer::new(policies).after_not_found(policy_fn(|_| None).named("late"));
    let counted = counted(|| drop(layer.layer(Inner::default())));
    let names: Vec<_> = counted.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    assert_eq!(
        names,
        [
            ("tower_redirect_answers_total{policy=https,kind=redirect,code=307}", 0),
            ("tower_redirect_answers_total{policy=late,kind=redirect,code=307}", 0),
            ("tower_redirect_answers_total{policy=moved,kind=redirect,code=307}", 0),
            ("tower_redirect_answers_total{policy=none,kind=refuse,code=400}", 0),
            ("tower_redirect_answers_total{policy=none,kind=refuse,code=421}", 0),
            ("tower_redirect_answers_total{policy=none,kind=refuse,code=500}", 0),
            ("tower_redirect_answers_total{policy=rules/c,kind=redirect,code=307}", 0),
            ("tower_redirect_answers_total{policy=table,kind=redirect,code=307}", 0),
        ]
    );
}

/// Prometheus' `increase()` misses the first count of a series that begins with 1.
#[test]
fn refusals_are_counted_in_series_that_start_at_zero() {
    let to = |path: &'static str| {
        policy_fn(move |_: &RequestHead<'_>| Some(Redirection::new().path(path)))
    };
    let cycle = (to("/a").when(|head| head.path() == "/b"), to("/b"));
    let to_a_host = policy_fn(|_| Some(Redirection::new().scheme(Scheme::Https)));
    let counted = counted(|| {
        ask_now(&RedirectLayer::new(cycle), request("GET", "/a", &[]));
        let mut hostless = request("GET", "/", &[]);
        hostless.headers_mut().clear();
        *hostless.version_mut() = http::Version::HTTP_10;
        ask_now(&RedirectLayer::new(to_a_host), hostless);
    });
    for (code, times) in [(500, 1), (400, 1), (421, 0)] {
        let series = format!("tower_redirect_answers_total{{policy=none,kind=refuse,code={code}}}");
        assert_eq!(value(&counted, &series), Some(times), "{counted:?}");
    }
    assert_eq!(counted.iter().filter(|(_, value)| *value > 0).count(), 2, "{counted:?}");
}

#[test]
fn requests_do_not_add_series() {
    let rule = |number: usize| {
        let rule = Rule::new(&format!("/a{number}")).and_then(|rule| rule.to("/new"));
        let rule = rule.expect("valid").line(u32::try_from(number).expect("few"));
        if number == 7 { rule.counted("seven") } else { rule }
    };
    let rules = Rules::new((1..=100_000).map(rule)).expect("valid");
    let layer = RedirectLayer::new((rules, HttpsOnly::new().permanent()));
    let layer = layer.hosts(["a.test", "*.a.test"]).expect("valid");
    let counted = counted(|| {
        for number in 1..=10_000 {
            let path = format!("/a{number}?q={number}");
            let (agent, host) = (format!("agent {number}"), format!("x{number}.a.test"));
            let method = format!("M{number}");
            ask_now(&layer, request(&method, &path, &[("host", &host), ("user-agent", &agent)]));
            let path = format!("/other{number}");
            ask_now(&layer, request("GET", &path, &[("host", &host)]));
            ask_now(&layer, request("GET", &path, &[("host", &format!("b{number}.test"))]));
        }
    });
    let answers =
        |labels: &str| value(&counted, &format!("tower_redirect_answers_total{{{labels}}}"));
    assert_eq!(answers("policy=rules,kind=redirect,code=307"), Some(9_999));
    assert_eq!(answers("policy=rules/seven,kind=redirect,code=307"), Some(1));
    assert_eq!(answers("policy=https,kind=redirect,code=308"), Some(10_000));
    assert_eq!(answers("policy=none,kind=refuse,code=421"), Some(10_000));
    assert_eq!(counted.iter().filter(|(_, value)| *value > 0).count(), 4, "{counted:?}");
}

#[test]
fn diagnoses_are_counted_as_they_are_reported() {
    let layer = RedirectLayer::new(HttpsOnly::new()).on_diagnosis(|_| {});
    let counted = counted(|| {
        for _ in 0..3 {
            ask_now(&layer, request("GET", "/", &[("x-forwarded-proto", "https")]));
        }
    });
    let series = "tower_redirect_diagnoses_total{diagnosis=untrusted_proxy}";
    assert_eq!(value(&counted, series), Some(1));
}
