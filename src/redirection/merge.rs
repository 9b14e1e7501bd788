//! Several redirections in a row, as one.

use std::borrow::Cow;

use http::Method;

use super::location;
use super::{Path, Redirection, Status};
use crate::head::RequestHead;
use crate::uri::{Authority, Scheme};

/// Where a request would come back.
#[derive(Debug)]
pub(crate) struct Moved<'r> {
    origin: Option<(Scheme, Authority<'r>)>,
    path: Cow<'r, str>,
    query: Option<Cow<'r, str>>,
}

impl<'r> Moved<'r> {
    /// `None` where there is no host to come back to.
    pub(crate) fn by(redirection: &'r Redirection, head: &'r RequestHead<'_>) -> Option<Self> {
        let (path, query) = location::encoded_path(redirection, head);
        let origin = if location::keeps_origin(redirection, head) {
            None
        } else {
            Some(location::authority(redirection, head)?)
        };
        Some(Self { origin, path, query })
    }

    /// The head of the request that would come.
    pub(crate) fn head(&'r self, head: &'r RequestHead<'_>) -> RequestHead<'r> {
        head.moved(self.origin, &self.path, self.query.as_deref())
    }
}

impl Redirection {
    /// Leads to a host that this server answers for, whoever named it.
    pub(crate) fn on_own_host(mut self) -> Self {
        self.own_host = true;
        self
    }

    /// What follows it comes back to this server as the same request.
    pub(crate) fn comes_back(&self, head: &RequestHead<'_>) -> bool {
        let keeps_method = match self.status_for(head.method()).as_u16() {
            307 | 308 => true,
            _ => matches!(*head.method(), Method::GET | Method::HEAD),
        };
        keeps_method
            && !self.allow_self
            && match &self.host {
                None => true,
                Some(_) if self.own_host => true,
                Some(host) => {
                    let host = host.authority(None);
                    head.authority().is_some_and(|asked| asked.same_host(&host))
                        || head.hosts_vouch_for(&host)
                }
            }
    }

    /// This, and then `next`, which was decided of `head`, the request as it would come back.
    pub(crate) fn then(&self, next: Self, head: &RequestHead<'_>) -> Self {
        let (path, query) = location::encoded_path(&next, head);
        let path = (self.path.is_some() || next.path.is_some()).then(|| Path::Whole(path.into()));
        let query = if self.query.is_some() || next.query.is_some() {
            Some(query.map(|query| query.into()))
        } else {
            None
        };
        let origin = if location::keeps_origin(&next, head) {
            None
        } else {
            location::authority(&next, head)
        };
        let kept = |status| matches!(status, Status::Permanent | Status::MovedPermanently);
        let status = match (self.status, next.status) {
            (first, second) if first == second => first,
            (first, second) if kept(first) && kept(second) => Status::Permanent,
            _ => Status::Temporary,
        };
        Self {
            status,
            rewriting_methods: self.rewriting_methods && next.rewriting_methods,
            allow_self: false,
            own_host: self.own_host || next.own_host,
            vouched: self.vouched || next.vouched,
            max_age: Some(self.permanent_for().min(next.permanent_for())),
            scheme: origin.map_or(self.scheme, |(scheme, _)| Some(scheme)),
            port: match origin {
                Some((scheme, authority)) => Some(authority.effective_port(scheme)),
                None => self.port,
            },
            host: next.host.or_else(|| self.host.clone()),
            path,
            query,
        }
    }

    /// http becomes https.
    pub(crate) fn upgrades(&self, head: &RequestHead<'_>) -> bool {
        self.scheme == Some(Scheme::Https) && !head.is_secure()
    }

    /// Only http -> https of this: same host, same path, the port that was meant.
    pub(crate) fn upgrade_alone(self, head: &RequestHead<'_>) -> Self {
        let port = location::authority(&self, head).map(|(scheme, a)| a.effective_port(scheme));
        let Self { status, max_age, vouched, .. } = self;
        Self { status, max_age, vouched, scheme: Some(Scheme::Https), port, ..Self::default() }
    }

    pub(crate) fn is_same_url(&self, head: &RequestHead<'_>) -> bool {
        location::is_same_url(self, head)
    }
}
