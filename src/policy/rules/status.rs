/// The status that a rule answers with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Status {
    #[default]
    Temporary,
    Permanent,
    MovedPermanently,
    Found,
    SeeOther,
    Gone,
}

impl Status {
    /// Parses the code of a redirection. Returns `None` for any other text.
    pub(super) fn parse(code: &str) -> Option<Self> {
        Some(match code {
            "301" => Self::MovedPermanently,
            "302" => Self::Found,
            "303" => Self::SeeOther,
            "307" => Self::Temporary,
            "308" => Self::Permanent,
            _ => return None,
        })
    }
}
