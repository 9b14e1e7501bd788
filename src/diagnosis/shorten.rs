//! Limits the length of the text that a diagnosis copies from a request.

use super::Diagnosis;

/// The longest text in bytes, without the `…` that ends a shortened one.
const LONGEST: usize = 256;

impl Diagnosis {
    /// Returns the same diagnosis without queries, and with each text cut to 256 bytes.
    pub(crate) fn shortened(mut self) -> Self {
        match &mut self {
            Self::StandbyIsSelf { authority }
            | Self::PermanentWithoutHosts { authority }
            | Self::HostNotListed { authority, .. } => shorten(authority),
            Self::TargetMayBeSelf { authority, target } => {
                shorten(authority);
                shorten(target);
            }
            Self::HostReplaced { host, forwarded, .. } => {
                shorten(host);
                shorten(forwarded);
            }
            Self::Cycle { locations, .. } | Self::EndlessRedirections { locations, .. } => {
                for location in locations {
                    if let Some(query) = location.find('?') {
                        location.truncate(query);
                        location.push_str("?…");
                    }
                    shorten(location);
                }
            }
            _ => {}
        }
        self
    }
}

fn shorten(text: &mut String) {
    if text.len() > LONGEST {
        let end = (0..=LONGEST).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
    }
}
