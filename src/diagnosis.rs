use std::fmt;

/// Something that an operator should know: a configuration that did not do what it says.
///
/// Given to the hook of [`RedirectLayer::on_diagnosis`](crate::RedirectLayer::on_diagnosis). Its
/// `Display` names the cause and what would mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Diagnosis {
    /// The standby of a [`Maintenance`](crate::Maintenance) is the origin that is in maintenance:
    /// answered 503, since a redirection would lead back here.
    StandbyIsSelf {
        /// Host and port that were asked for.
        authority: String,
    },
    /// A permanent redirection would have carried a host that the client chose, which caches then
    /// keep: sent as a temporary one.
    PermanentWithoutHosts {
        /// Host and port that were asked for.
        authority: String,
    },
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StandbyIsSelf { authority } => write!(
                f,
                "the standby is {authority} itself, which is in maintenance; answered 503; give \
                 `Maintenance::standby` another origin"
            ),
            Self::PermanentWithoutHosts { authority } => write!(
                f,
                "a permanent redirection to {authority}, a host that the client chose, was sent \
                 as a temporary one; name your hosts with `RedirectLayer::hosts`"
            ),
        }
    }
}
