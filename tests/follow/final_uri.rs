//! The URL of the last request, whether redirections were followed or not.

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::Full;
use tower_redirect::follow::{FinalUri, FollowOptions, OnLimit};
use tower_redirect::{FollowRedirectsLayer, RedirectHistory};

use crate::support::{Script, chain};

fn get(options: FollowOptions) -> Request<Full<Bytes>> {
    let mut request = Request::get("http://a.test/?q=secret").body(Full::default());
    let extensions = request.as_mut().map(Request::extensions_mut).expect("valid");
    extensions.insert(options);
    request.expect("valid")
}

#[tokio::test]
async fn the_final_uri_is_that_of_the_request_if_nothing_was_followed() {
    let asked = Uri::from_static("http://a.test/?q=secret");
    for (script, last) in [
        (chain![], "http://a.test/?q=secret"),
        (chain![307 "/b"], "http://a.test/b"),
        (chain![307 "/b", 302 "http://b.test/"], "http://b.test/"),
    ] {
        let response = script.follow(get(FollowOptions::new())).await.expect("followed");
        assert_eq!(RedirectHistory::final_uri_or(&response, &asked), last);
        assert!(FinalUri::of(&response).is_none(), "only if the layer is told so");
    }
}

#[tokio::test]
async fn a_layer_with_final_uri_adds_it_to_every_response() {
    let layer = FollowRedirectsLayer::new().final_uri().on_limit(OnLimit::Return);
    let row = |script: Script, options: FollowOptions, status: u16, last: &'static str| {
        (script, options, status, last)
    };
    let (new, asked) = (FollowOptions::new, "http://a.test/?q=secret");
    for (script, options, status, last) in [
        row(chain![], new(), 200, asked),
        row(chain![307 "/b", 302 "http://b.test/"], new(), 200, "http://b.test/"),
        row(chain![307 "/b", 302 "http://b.test/"], new().limit(1), 302, "http://a.test/b"),
        row(chain![307 "/b"], FollowOptions::do_not_follow(), 307, asked),
    ] {
        let response = script.follow_by(&layer, get(options)).await.expect("followed");
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(FinalUri::of(&response).expect("always"), last);
        assert!(!format!("{:?}", response.extensions().get::<FinalUri>()).contains("secret"));
    }
}
