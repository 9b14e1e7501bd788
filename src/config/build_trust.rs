//! Sets which peers a layer trusts, from a configuration.

use super::configured::Configured;
use super::invalid::Problems;
use super::sections::{ForwardedFields, TransportConfig, TrustConfig};
use super::set::{set, set_if};
use crate::server::RedirectLayer;
use crate::trust::{Transport, Trust, TrustedProxies};

pub(super) fn set_trust(
    section: &TrustConfig,
    layer: RedirectLayer<Configured>,
    problems: &mut Problems,
) -> RedirectLayer<Configured> {
    let transport = section.transport.map(|transport| match transport {
        TransportConfig::Secure => Transport::Secure,
        TransportConfig::Plain => Transport::Plain,
    });
    let layer = set(layer, transport, RedirectLayer::transport);
    if section.proxies.is_empty() && !section.unix_sockets {
        let needs_proxies = [
            ("hop_limit", section.hop_limit.is_some()),
            ("scheme_field", section.scheme_field.is_some()),
            ("scheme_on", section.scheme_on.is_some()),
            ("fields", section.fields != ForwardedFields::default()),
        ];
        for (key, _) in needs_proxies.into_iter().filter(|(_, is_given)| *is_given) {
            let problem = "no effect without `trust.proxies` or `trust.unix_sockets`";
            problems.add(format_args!("trust.{key}"), problem);
        }
        return layer;
    }
    // Without `trust.proxies`, only the proxies on Unix sockets are trusted.
    let unix = Trust::unix_sockets();
    let proxies = problems
        .list("trust.proxies", unix, &section.proxies, |_, proxies| Trust::proxies(proxies));
    let proxies = set_if(proxies, section.unix_sockets, TrustedProxies::unix_sockets);
    let proxies = set(proxies, section.hop_limit, TrustedProxies::hop_limit);
    let trust = match section.fields {
        ForwardedFields::XForwarded => proxies.x_forwarded(),
        ForwardedFields::Forwarded => proxies.forwarded(),
    };
    let name = section.scheme_field.as_deref();
    let trust = problems.set("trust.scheme_field", trust, name, Trust::scheme_field);
    let name = section.scheme_on.as_deref();
    layer.trust(problems.set("trust.scheme_on", trust, name, Trust::scheme_on))
}
