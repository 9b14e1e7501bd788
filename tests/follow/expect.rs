//! Options of an inner `ExpectContinueLayer`.

use std::future::pending;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::Full;
use tower::{ServiceBuilder, ServiceExt};
use tower_redirect::follow::expect::{ExpectBody, ExpectContinueLayer, ExpectOptions};
use tower_redirect::{FollowRedirectsLayer, RedirectHistory};

use crate::support::chain;

#[tokio::test]
async fn expect_options_hold_on_every_hop() {
    for (options, waits) in [(ExpectOptions::new(), true), (ExpectOptions::new().off(), false)] {
        let script = chain![307 "/b", 307 "http://b.test/"];
        let client = ServiceBuilder::new()
            .layer(FollowRedirectsLayer::new())
            .layer(ExpectContinueLayer::new(|_| pending()).threshold(0))
            .map_request(|request: Request<ExpectBody<Full<Bytes>>>| {
                request.map(|_| Full::<Bytes>::default())
            })
            .service(script.clone());
        let request = Request::put("http://a.test/").extension(options).body(Full::from("tea"));
        let response = client.oneshot(request.expect("valid")).await.expect("followed");
        let sent: Vec<_> =
            script.seen().iter().map(|seen| seen.headers.contains_key(header::EXPECT)).collect();
        assert_eq!(sent, [waits; 3]);
        let history = RedirectHistory::of(&response).expect("redirected");
        assert!(history.hops().iter().all(|hop| hop.dropped().is_empty()), "{history}");
    }
}
