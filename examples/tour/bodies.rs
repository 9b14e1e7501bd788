//! Steps 1 to 3: redirections of requests with bodies.

use axum::body::Body;
use bytes::Bytes;
use http::header;

use crate::check::{Check, Outcome, post, receipt};
use crate::client::Stream;

/// Posts a JSON order, which is redirected from http to https and from v1 to v2.
pub async fn order(check: &mut Check<'_>) -> Outcome {
    let order = r#"{"article":"tea","pieces":3}"#;
    let url = format!("http://{}/api/v1/orders", check.servers.http);
    let request = post(&url).header(header::CONTENT_TYPE, "application/json");
    let seen = check.send(request.body(order.into())?).await?;
    let expected = receipt(201, "POST", "/api/v2/orders", order.as_bytes());
    check.same("the order arrives whole, at v2 and over https", expected, seen.answer());
    Ok(())
}

/// Posts a stream of 1 MiB in the same way.
pub async fn stream(check: &mut Check<'_>) -> Outcome {
    let bytes: Bytes = (0..1024 * 1024_u32).map(|i| (i % 251) as u8).collect();
    let expected = receipt(201, "POST", "/api/v2/uploads", &bytes);
    let url = format!("http://{}/api/v1/uploads", check.servers.http);
    let seen = check.send(post(&url).body(Body::new(Stream(bytes)))?).await?;
    check.same("each streamed byte arrives", expected, seen.answer());
    Ok(())
}

/// Posts a form that is redirected with 302, 303, 307 and 308.
pub async fn methods(check: &mut Check<'_>) -> Outcome {
    let form = b"name=tea&pieces=3".as_slice();
    for (status, expected) in [
        (302, receipt(200, "GET", "/form/done", b"")),
        (303, receipt(200, "GET", "/form/done", b"")),
        (307, receipt(201, "POST", "/form/done", form)),
        (308, receipt(201, "POST", "/form/done", form)),
    ] {
        let request = post(&format!("https://{}/form/{status}", check.servers.https))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let seen = check.send(request.body(form.into())?).await?;
        check.same(&format!("a form after a {status}"), expected, seen.answer());
    }
    Ok(())
}
