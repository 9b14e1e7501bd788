//! Each alert fires on the series that its fault produces, and no alert fires without a fault. Needs
//! `promtool` (Debian's package `prometheus`).

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use axum::Router;
use axum::body::Body;
use http::{Request, Response, header};
use http_body_util::BodyExt;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use observed::{app, layer};
use tower::{Layer, ServiceExt, service_fn};
use tower_redirect::policy::{Rule, Rules};
use tower_redirect::replay::ReplayBody;
use tower_redirect::server::live::Update;
use tower_redirect::{
    FollowRedirectsLayer, HttpsOnly, Live, RedirectLayer, Redirection, ReplayBodyLayer, Scheme,
    policy_fn,
};

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Series and values, as the exporter renders them.
type Series = BTreeMap<String, f64>;

/// The faults, each with its alert.
const FAULTS: [(Fault, Option<&str>); 8] = [
    (Fault::None, None),
    (Fault::Loop, Some("RedirectLoop")),
    (Fault::Storm, Some("RedirectStorm")),
    (Fault::Hosts, Some("HostsRefused")),
    (Fault::Rejected, Some("ConfigRejected")),
    (Fault::Stale, Some("ConfigStale")),
    (Fault::Disagree, Some("ConfigsDisagree")),
    (Fault::Uploads, Some("UploadsNotReplayable")),
];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    Loop,
    Storm,
    Hosts,
    Rejected,
    Stale,
    Disagree,
    Uploads,
}

fn rendered(metrics: &PrometheusHandle) -> Series {
    let text = metrics.render();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let values = lines.filter_map(|line| line.rsplit_once(' '));
    values.filter_map(|(series, value)| Some((series.to_owned(), value.parse().ok()?))).collect()
}

async fn ask(app: &Router, host: &str, path: &str) -> Outcome<u16> {
    let request = Request::get(path).header(header::HOST, host).body(Body::empty())?;
    Ok(app.clone().oneshot(request).await?.status().as_u16())
}

/// A server that redirects `/old` once it has read the upload.
async fn other_server(request: Request<ReplayBody<Body>>) -> Result<Response<Body>, Infallible> {
    let moved = request.uri().path() == "/old";
    let _ = request.into_body().collect().await;
    let response = Response::builder().status(if moved { 307 } else { 200 });
    Ok(response.header(header::LOCATION, "/new").body(Body::empty()).expect("valid"))
}

/// Sends, without waiting, the requests of one minute with this fault to a server and with a client. Returns
/// the series before and after them.
async fn minute(fault: Fault, metrics: &PrometheusHandle) -> Outcome<(Series, Series)> {
    let rules = Rules::new([Rule::new("/old")?.to("/new")?])?;
    let live = Live::named("shop", layer(rules).hosts(["shop.test"])?);
    let shop = app(&live, metrics.clone());
    let back = policy_fn(|head| head.is_secure().then(|| Redirection::new().scheme(Scheme::Http)));
    let cycle = RedirectLayer::new((HttpsOnly::new(), back)).layer(Router::new());
    let follower = FollowRedirectsLayer::new().layer(service_fn(other_server));
    let client = ReplayBodyLayer::new(10).layer(follower);
    let upload =
        |length: usize| Request::put("http://shop.test/old").body(Body::from(vec![0; length]));

    let before = rendered(metrics);
    for _ in 0..10 {
        assert_eq!(ask(&shop, "shop.test", "/old").await?, 307);
        assert_eq!(ask(&shop, "shop.test", "/new").await?, 200);
    }
    assert_eq!(client.clone().oneshot(upload(3)?).await?.status(), 200);
    match fault {
        Fault::None | Fault::Stale | Fault::Disagree => {}
        Fault::Loop => {
            let request = Request::get("/").header(header::HOST, "shop.test");
            let response = cycle.oneshot(request.body(Body::empty())?).await?;
            assert_eq!(response.status(), 500);
        }
        Fault::Storm => {
            // Somebody wrote `/*`.
            let bad = Rules::new([Rule::new("/*")?.to("https://www.shop.test/*")?])?;
            live.store(layer(bad).hosts(["shop.test"])?);
            for number in 0..1_000 {
                assert_eq!(ask(&shop, "shop.test", &format!("/page/{number}")).await?, 307);
            }
        }
        Fault::Hosts => {
            for _ in 0..120 {
                assert_eq!(ask(&shop, "www.shop.test", "/").await?, 421);
            }
        }
        Fault::Rejected => {
            let update = Err::<Update<_>, _>("rules[3].to: no such capture");
            live.follow(tokio_stream::iter([update]), |_| {}).await;
        }
        Fault::Uploads => {
            let error = client.oneshot(upload(100)?).await.err().ok_or("replayed")?;
            assert!(error.redirect().is_some_and(|error| error.is_not_replayable()));
        }
    }
    Ok((before, rendered(metrics)))
}

/// The series of a fault.
fn recorded(fault: Fault) -> Outcome<(Series, Series)> {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(minute(fault, &metrics))
    })
}

/// Writes a test for `promtool`: half an hour before the fault, then half an hour with it.
fn test_of(fault: Fault, expected: Option<&str>, series: &(Series, Series)) -> Outcome<String> {
    const HASH: &str = "tower_redirect_config_hash";
    const CONFIRMED: &str = "tower_redirect_config_last_confirmed_timestamp_seconds";
    let mut text = format!("  - name: {fault:?}\n    interval: 1m\n    input_series:\n");
    let mut add = |series: &str, values: String| {
        writeln!(text, "      - series: '{series}'\n        values: '{values}'")
    };
    let (before, after) = series;
    for (name, value) in after {
        let old = before.get(name).copied().unwrap_or(0.0);
        let step = value - old;
        if name.starts_with(HASH) {
            // The hashes of two nodes are added below.
        } else if name.starts_with(CONFIRMED) {
            // Confirmed each minute, or no longer after the first half hour.
            let goes_on = if fault == Fault::Stale { 0 } else { 60 };
            add(name, format!("0+60x30 1800+{goes_on}x30"))?;
        } else if name.contains("_total") || name.contains("_count") || name.contains("_sum") {
            let calm = if fault == Fault::None { step } else { 0.0 };
            let then = old + 30.0 * calm;
            add(name, format!("{old}+{calm}x30 {then}+{step}x30"))?;
        } else {
            add(name, format!("{old}+0x30 {value}+0x30"))?;
        }
    }
    for (instance, hash) in [("a", 7), ("b", if fault == Fault::Disagree { 8 } else { 7 })] {
        let labels = format!(r#"{{config="shop", instance="{instance}"}}"#);
        add(&format!("{HASH}{labels}"), format!("7+0x30 {hash}+0x30"))?;
    }
    text.push_str("    promql_expr_test:\n");
    for alert in FAULTS.iter().filter_map(|(_, alert)| *alert) {
        let firing = format!(r#"count(ALERTS{{alertname="{alert}", alertstate="firing"}})"#);
        writeln!(text, "      - expr: '{firing}'\n        eval_time: 50m\n        exp_samples:")?;
        if Some(alert) == expected {
            writeln!(text, "          - value: 1\n            labels: '{{}}'")?;
        }
    }
    Ok(text)
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn promtool(arguments: &[&str]) -> Outcome<String> {
    let output = Command::new("promtool").args(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(said.into_owned()) } else { Err(said.into()) }
}

#[test]
#[ignore = "needs promtool"]
fn each_alert_fires_on_its_fault_alone() -> Outcome {
    let alerts = file("alerts.yml");
    let alerts = alerts.to_str().ok_or("utf-8")?;
    promtool(&["check", "rules", alerts])?;
    let mut text = format!("rule_files: ['{alerts}']\nevaluation_interval: 1m\ntests:\n");
    for (fault, alert) in FAULTS {
        text += &test_of(fault, alert, &recorded(fault)?)?;
    }
    let tests = Path::new(env!("CARGO_TARGET_TMPDIR")).join("alerts.test.yml");
    fs::write(&tests, text)?;
    promtool(&["test", "rules", tests.to_str().ok_or("utf-8")?])?;
    Ok(())
}

#[test]
fn the_dashboard_and_the_alerts_use_only_metrics_that_the_layers_record() -> Outcome {
    let (_, counted) = recorded(Fault::None)?;
    let mut known: Vec<_> = counted.keys().filter_map(|name| name.split('{').next()).collect();
    // These have no value in this run.
    known.push("tower_redirect_diagnoses_total");
    let dashboard: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(file("dashboard.json"))?)?;
    let panels = dashboard["panels"].as_array().ok_or("panels")?;
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let mut asked: Vec<_> =
        targets.filter_map(|target| Some(target["expr"].as_str()?.to_owned())).collect();
    assert!(asked.len() >= 8, "{asked:?}");
    asked.push(fs::read_to_string(file("alerts.yml"))?);
    for text in asked {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        for name in words.filter(|word| word.starts_with("tower_redirect_")) {
            assert!(known.contains(&name), "{name} is not among {known:?}");
        }
    }
    Ok(())
}
