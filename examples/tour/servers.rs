//! The servers of the tour: one application over http and https, its standby, another origin, and
//! an http server whose redirect is permanent.

use std::error::Error;
use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
#[cfg(feature = "live")]
use tower_redirect::policy::Rules;
use tower_redirect::{
    ConfigError, HttpsOnly, MaintenanceSwitch, RedirectLayer, Transport, Versioning,
};

use crate::app::{Links, app};
use crate::policy::{Ports, policy};
use crate::tls::{Identity, TlsListener};

/// Where the servers are, and the switch that puts the main one into maintenance.
#[derive(Debug)]
pub struct Servers {
    pub http: SocketAddr,
    pub https: SocketAddr,
    pub standby: SocketAddr,
    pub other: SocketAddr,
    pub permanent: SocketAddr,
    pub switch: MaintenanceSwitch,
    /// The server that redirects by a file of rules.
    #[cfg(feature = "live")]
    pub moved: SocketAddr,
    #[cfg(feature = "live")]
    pub live: tower_redirect::Live<Rules>,
}

impl Servers {
    /// Starts the servers on free ports of the loopback interface.
    pub async fn start(identity: &Identity) -> Result<Self, Box<dyn Error>> {
        Self::start_with(identity, Ok).await
    }

    /// Starts the servers, with `in_front` applied to all but the standby and the other origin.
    pub async fn start_with(
        identity: &Identity,
        in_front: impl Fn(Router) -> Result<Router, ConfigError>,
    ) -> Result<Self, Box<dyn Error>> {
        let [http, https, standby, other, permanent] =
            [bind().await?, bind().await?, bind().await?, bind().await?, bind().await?];
        #[cfg(feature = "live")]
        let moved_pages = bind().await?;
        #[cfg(feature = "live")]
        let live = tower_redirect::Live::new(RedirectLayer::new(Rules::new([])?));
        let servers = Self {
            http: http.local_addr()?,
            https: https.local_addr()?,
            standby: standby.local_addr()?,
            other: other.local_addr()?,
            permanent: permanent.local_addr()?,
            switch: MaintenanceSwitch::new(),
            #[cfg(feature = "live")]
            moved: moved_pages.local_addr()?,
            #[cfg(feature = "live")]
            live: live.clone(),
        };
        let ports = Ports { https: servers.https.port(), standby: servers.standby.port() };
        let links = Links {
            cross: format!("https://{}/echo", servers.other),
            downgrade: format!("http://{}/", servers.http),
        };

        let redirects =
            RedirectLayer::new(policy(ports, &servers.switch)?).drain_timer(tokio::time::sleep);
        let main = in_front(app(links.clone()).layer(redirects))?;
        let versions = Versioning::new("/api", "v2")?.retire("v1")?;
        let standby_app =
            app(links.clone()).layer(RedirectLayer::new(versions).drain_timer(tokio::time::sleep));
        let https_only = HttpsOnly::new().port(ports.https).permanent();
        let permanent_redirects = RedirectLayer::new(https_only)
            .drain_timer(tokio::time::sleep)
            .hosts(["127.0.0.1", "localhost"])?;
        let permanent_app = in_front(app(links.clone()).layer(permanent_redirects))?;

        serve(http, main.clone());
        serve_tls(TlsListener::new(https, identity)?, main);
        serve_tls(TlsListener::new(standby, identity)?, standby_app);
        serve_tls(TlsListener::new(other, identity)?, app(links.clone()));
        serve(permanent, permanent_app);
        #[cfg(feature = "live")]
        serve(moved_pages, in_front(app(links.clone()).layer(live))?);
        Ok(servers)
    }
}

async fn bind() -> std::io::Result<TcpListener> {
    TcpListener::bind("127.0.0.1:0").await
}

fn serve(listener: TcpListener, app: Router) {
    tokio::spawn(async move { axum::serve(listener, app).await });
}

/// Only TLS reaches this listener, so all its requests are secure.
fn serve_tls(listener: TlsListener, app: Router) {
    let app = app.layer(Transport::Secure);
    tokio::spawn(async move { axum::serve(listener, app).await });
}
