use std::fmt;

use super::{Decision, RedirectPolicy, decide};
use crate::head::{Notes, RequestHead, Step, Trace, write_steps};

/// A policy's decision about a request, and the reasons for it: see [`explain`].
///
/// `Display` writes one step per line.
#[derive(Clone, Debug)]
pub struct Explanation {
    steps: Vec<Step>,
    decision: Decision,
}

impl Explanation {
    /// The steps that led to the decision, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The decision.
    pub const fn decision(&self) -> &Decision {
        &self.decision
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_steps(f, &self.steps)
    }
}

/// Asks `policy` about a request as a layer does, and explains the decision. Several redirections on
/// this server become one, as they do in a layer.
///
/// Use [`RedirectLayer::explain`](crate::RedirectLayer::explain) for a whole layer.
///
/// ```
/// use http::Request;
/// use tower_redirect::policy::explain;
/// use tower_redirect::{Decision, Maintenance, MaintenanceSwitch, RequestHead, Versioning};
///
/// let switch = MaintenanceSwitch::new();
/// let policies = (Maintenance::new(switch.clone()), Versioning::new("/api", "v2")?.retire("v1")?);
/// let request = Request::get("/api/v1/orders").header("host", "a.test").body(())?;
///
/// let explanation = explain(&policies, &RequestHead::from(&request));
/// assert!(matches!(explanation.decision(), Decision::Redirect(_)));
/// let lines: Vec<_> = explanation.steps().iter().map(ToString::to_string).collect();
/// assert_eq!(lines[..2], [
///     "maintenance: passed: no maintenance now",
///     "versions: redirected: version v1 has moved",
/// ]);
///
/// switch.on();
/// let explanation = explain(&policies, &RequestHead::from(&request));
/// assert!(matches!(explanation.decision(), Decision::Respond(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn explain<P: RedirectPolicy + ?Sized>(policy: &P, head: &RequestHead<'_>) -> Explanation {
    let (notes, trace) = (Notes::default(), Trace::explaining());
    let decision = decide(policy, &head.traced(&notes, &trace), false);
    Explanation { steps: trace.into_steps(), decision }
}
