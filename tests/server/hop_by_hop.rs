//! Compares the one redirection of a layer with the chain of redirections that its policies would send
//! one by one: it leads to a URL of the chain, and caches store it only if they may store each of them.

use http::{Method, Request};
use proptest::option::weighted;
use proptest::prelude::*;
use tower_redirect::{
    CanonicalHost, Decision, HttpsOnly, RedirectLayer, RedirectPolicy, Redirection, RequestHead,
    Scheme, Transport, policy_fn,
};
use url::{Position, Url};

use crate::support::ask_now;

/// A rule for requests with these parts; a part that is `None` matches every request.
#[derive(Clone, Debug)]
struct Rule {
    is_secure: Option<bool>,
    host: Option<&'static str>,
    port: Option<u16>,
    path: Option<&'static str>,
    change: Change,
}

#[derive(Clone, Debug)]
struct Change {
    scheme: Option<Scheme>,
    host: Option<&'static str>,
    port: Option<u16>,
    path: Option<&'static str>,
    query: Option<&'static str>,
    status: u8,
}

fn host() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a.test", "b.test", "c.test"])
}

fn path() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["/x", "/y", "//z", "/w"])
}

fn port() -> impl Strategy<Value = u16> {
    prop::sample::select(vec![8080, 8443, 9000])
}

fn change() -> impl Strategy<Value = Change> {
    (
        weighted(0.3, prop::sample::select(vec![Scheme::Http, Scheme::Https])),
        weighted(0.4, host()),
        weighted(0.2, port()),
        weighted(0.5, path()),
        weighted(0.2, prop::sample::select(vec!["q=1", "q=2"])),
        0..5_u8,
    )
        .prop_map(|(scheme, host, port, path, query, status)| Change {
            scheme,
            host,
            port,
            path,
            query,
            status,
        })
}

fn rule() -> impl Strategy<Value = Rule> {
    (
        weighted(0.3, any::<bool>()),
        weighted(0.5, host()),
        weighted(0.2, port()),
        weighted(0.6, path()),
        change(),
    )
        .prop_map(|(is_secure, host, port, path, change)| Rule {
            is_secure,
            host,
            port,
            path,
            change,
        })
}

impl Change {
    fn redirection(&self) -> Redirection {
        let mut to = Redirection::new();
        if let Some(scheme) = self.scheme {
            to = to.scheme(scheme);
        }
        if let Some(host) = self.host {
            to = to.host(host).expect("valid");
        }
        if let Some(port) = self.port {
            to = to.port(port);
        }
        if let Some(path) = self.path {
            to = to.path(path);
        }
        if let Some(query) = self.query {
            to = to.query(query);
        }
        match self.status {
            0 | 1 => to.permanent(),
            2 => to.moved_permanently(),
            3 => to.found(),
            _ => to,
        }
    }
}

impl Rule {
    fn policy(self) -> Box<dyn RedirectPolicy> {
        Box::new(policy_fn(move |head: &RequestHead<'_>| {
            let authority = head.authority()?;
            let matches = self.is_secure.is_none_or(|is_secure| is_secure == head.is_secure())
                && self.host.is_none_or(|host| authority.is_host(host))
                && self.port.is_none_or(|port| authority.port() == Some(port))
                && self.path.is_none_or(|path| path == head.path());
            matches.then(|| self.change.redirection())
        }))
    }
}

fn get(url: &Url) -> Request<String> {
    let authority = &url[Position::BeforeHost..Position::AfterPort];
    let target = &url[Position::BeforePath..Position::AfterQuery];
    let request = Request::get(target).header("host", authority).body(String::new());
    let mut request = request.expect("valid");
    if url.scheme() == "https" {
        request.extensions_mut().insert(Transport::Secure);
    }
    request
}

/// The URLs that a client visits, up to the first one that repeats, each with a flag: whether all
/// redirections to it are permanent.
fn chain<P: RedirectPolicy + ?Sized>(policy: &P, start: &Url) -> Vec<(Url, bool)> {
    let (mut chain, mut url, mut is_permanent) = (Vec::new(), start.clone(), true);
    for _ in 0..12 {
        chain.push((url.clone(), is_permanent));
        let request = get(&url);
        let head = RequestHead::from(&request);
        let Decision::Redirect(to) = policy.decide(&head) else { break };
        let location = to.location_for(&head).expect("a host");
        url = url.join(location.to_str().expect("ascii")).expect("a url");
        is_permanent &= matches!(to.status_for(&Method::GET).as_u16(), 301 | 308);
        if chain.iter().any(|(seen, _)| *seen == url) {
            chain.push((url, is_permanent));
            break;
        }
    }
    chain
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_hop_leads_to_a_url_of_the_chain(
        rules in prop::collection::vec(rule(), 1..5),
        is_canonical in any::<bool>(),
        is_https_only in any::<bool>(),
        is_listed in any::<bool>(),
        is_separate in any::<bool>(),
        scheme in prop::sample::select(vec!["http", "https"]),
        host in host(),
        port in weighted(0.4, port()),
        path in path(),
    ) {
        let mut policies: Vec<Box<dyn RedirectPolicy>> = Vec::new();
        if is_https_only {
            policies.push(Box::new(HttpsOnly::new().permanent().port_map([(8080, 8443)])));
        }
        if is_canonical {
            let canonical = CanonicalHost::new("a.test").and_then(|host| host.aliases(["b.test"]));
            policies.push(Box::new(canonical.expect("valid").permanent()));
        }
        policies.extend(rules.iter().cloned().map(Rule::policy));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let start = Url::parse(&format!("{scheme}://{host}{port}{path}")).expect("a url");
        let chain = chain(&policies, &start);

        let layer = RedirectLayer::new(policies);
        let layer = if is_separate { layer.separate_https_redirect() } else { layer };
        let layer = if is_listed { layer.hosts(["a.test", "b.test", "c.test"]).expect("valid") } else { layer };
        let asked = ask_now(&layer, get(&start));
        let Some(location) = asked.location() else {
            // A request that no policy redirects is served, and a chain without an end is an error.
            let last = chain.last().expect("the start");
            let is_endless = chain.len() > 8 || chain.iter().filter(|url| url.0 == last.0).count() > 1;
            let expected = if chain.len() == 1 { asked.status == 200 } else { is_endless };
            prop_assert!(expected, "{:?} {:?}", asked.status, chain);
            return Ok(());
        };
        let to = start.join(location).expect("a url");
        prop_assert_ne!(&to, &start);
        let is_permanent = matches!(asked.status.as_u16(), 301 | 308);
        if !is_separate {
            let found = chain.iter().skip(1).find(|(url, _)| *url == to);
            prop_assert!(found.is_some(), "{} is not on {:?}", location, chain);
            prop_assert!(!is_permanent || found.is_some_and(|found| found.1), "{} {:?}", location, chain);
        }
        if is_permanent && !location.starts_with('/') {
            let is_set = |port| rules.iter().any(|rule| rule.change.port == Some(port));
            let is_mapped = |port| is_https_only && port == 8443;
            prop_assert!(to.port().is_none_or(|port| is_set(port) || is_mapped(port)), "{}", location);
            let host = to.host_str().expect("a host");
            let is_named = is_canonical && (host == "a.test" || is_separate && host == "b.test");
            let is_set = is_named || rules.iter().any(|rule| rule.change.host == Some(host));
            prop_assert!(is_listed || is_set, "{}", location);
        }
    }
}
