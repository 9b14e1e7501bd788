//! Step 4: maintenance.

use axum::body::Body;

use crate::check::{Check, Outcome, get, post, receipt};

/// The standby serves `/api`; on other paths people see a page, and programs get a 503.
pub async fn maintenance(check: &mut Check<'_>) -> Outcome {
    let https = format!("https://{}", check.servers.https);
    let (orders, home, form) =
        (format!("{https}/api/v2/orders"), format!("{https}/"), format!("{https}/form/done"));
    let arrived = receipt(201, "POST", "/api/v2/orders", b"tea");
    check.servers.switch.on();

    let seen = check.send(post(&orders).body("tea".into())?).await?;
    check.same("the order is taken", &arrived, seen.answer());
    check.same("by the standby", check.servers.standby.port(), seen.port());
    let seen = check.send(get(&orders).body(Body::empty())?).await?;
    check.same("orders are listed", "200 []", seen.answer());
    check.same("by the standby", check.servers.standby.port(), seen.port());

    let navigation = get(&home).header("sec-fetch-mode", "navigate");
    let seen = check.send(navigation.body(Body::empty())?).await?;
    check.same("a person sees the page", "200 <h1>back soon</h1>", seen.answer());
    let seen = check.send(get(&home).body(Body::empty())?).await?;
    check.same("a program is told", "503 down for maintenance", seen.answer());
    let seen = check.send(post(&form).body("tea".into())?).await?;
    check.same("a form is not lost in a page", "503 down for maintenance", seen.answer());

    check.servers.switch.off();
    let seen = check.send(post(&orders).body("tea".into())?).await?;
    check.same("normal again", &arrived, seen.answer());
    check.same("at home", "as asked", seen.port());
    Ok(())
}
