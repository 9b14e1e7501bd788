//! Steps 5 to 7: dropped credentials, refused redirections, and a URL to remember.

use http::header;

use crate::check::{Check, Outcome, post};

/// Follows a hop to another origin.
pub async fn credentials(check: &mut Check<'_>) -> Outcome {
    let request = post(&format!("https://{}/cross", check.servers.https))
        .header(header::AUTHORIZATION, "Bearer secret")
        .header(header::COOKIE, "session=secret")
        .header("x-request-id", "7");
    let seen = check.send(request.body("payload".into())?).await?;
    let dropped = seen.history.hops().iter().flat_map(|hop| hop.dropped());
    let dropped: Vec<_> = dropped.map(ToString::to_string).collect();
    check.same("these stay behind", "authorization cookie", dropped.join(" "));
    let arrived = seen.text.split_whitespace();
    let ours = ["authorization", "cookie", "x-request-id"];
    let arrived: Vec<_> = arrived.filter(|name| ours.contains(name)).collect();
    check.same("this arrives", "x-request-id", arrived.join(" "));
    Ok(())
}

/// Asks for a loop, and for a redirection from https to http.
pub async fn refusals(check: &mut Check<'_>) -> Outcome {
    let (here, there) = (check.servers.https, check.servers.http);
    let seen = check.send_to_fail(&format!("https://{here}/loop/a")).await?;
    let expected = format!(
        "stopped after 10 redirections (`.limit(n)`) at https://{here}/loop/a; repeating: https://{here}/loop/a, \
         https://{here}/loop/b"
    );
    check.same("a loop ends in an error that names it", expected, seen);
    let seen = check.send_to_fail(&format!("https://{here}/downgrade")).await?;
    let expected = format!(
        "refused to leave https (`.allow_https_to_http()`): 302 from https://{here}/downgrade to http://{there}/"
    );
    check.same("https is not left", expected, seen);
    Ok(())
}

/// Follows a 308, whose URL a client may remember.
pub async fn permanent(check: &mut Check<'_>) -> Outcome {
    let url = format!("http://{}/echo", check.servers.permanent);
    let seen = check.send(post(&url).body("tea".into())?).await?;
    let statuses = seen.history.hops().iter().map(|hop| hop.status().as_str().to_owned());
    check.same("the redirect is permanent", "308", statuses.collect::<Vec<_>>().join(" "));
    let remember = seen.history.permanent_uri().map(ToString::to_string);
    let expected = format!("https://{}/echo", check.servers.https);
    check.same("the client should remember", expected, remember.unwrap_or("nothing".into()));
    Ok(())
}
