//! Run with: `cargo run --example tour` (`-- --break order` makes that step fail, `-- --serve` keeps the
//! servers up; `--features live` adds a file of rules)
//!
//! Starts http and https servers behind `RedirectLayer`, drives a client with
//! `FollowRedirectsLayer` through them, and compares what came back with what was expected.

mod app;
mod bodies;
mod breaks;
mod check;
mod client;
mod detours;
mod guards;
#[cfg(feature = "live")]
mod moved;
mod policy;
mod servers;
#[allow(dead_code)] // The other examples and the tests use all of it.
mod tls;

use std::env;
use std::error::Error;
use std::process::ExitCode;

use check::Check;
use client::Client;
use servers::Servers;
use tls::Identity;

const STEPS: &[&str] = &[
    "order",
    "stream",
    "methods",
    "maintenance",
    "credentials",
    "refusals",
    "permanent",
    #[cfg(feature = "live")]
    "rules",
];

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let identity = Identity::self_signed()?;
    match args.as_slice() {
        [] => tour(Servers::start(&identity).await?, &identity).await,
        ["--break", step] if STEPS.contains(step) => {
            let in_front = |app| breaks::break_step(app, step);
            tour(Servers::start_with(&identity, in_front).await?, &identity).await
        }
        ["--serve"] => serve(Servers::start(&identity).await?).await,
        _ => {
            eprintln!("usage: tour [--serve | --break <step>]; steps: {}", STEPS.join(" "));
            Ok(ExitCode::from(2))
        }
    }
}

/// Takes all steps, and returns 0 only if every step held.
async fn tour(servers: Servers, identity: &Identity) -> Result<ExitCode, Box<dyn Error>> {
    let client = Client::new(identity)?;
    let mut failed = Vec::new();
    for (number, name) in (1..).zip(STEPS.iter().copied()) {
        println!("\n({number}) {name}");
        let mut check = Check::new(&servers, &client);
        step(name, &mut check).await?;
        if !check.held {
            failed.push(name);
        }
    }
    if failed.is_empty() {
        println!("\nevery step held");
        return Ok(ExitCode::SUCCESS);
    }
    println!("\nfailed: {}", failed.join(" "));
    Ok(ExitCode::FAILURE)
}

async fn step(name: &str, check: &mut Check<'_>) -> check::Outcome {
    match name {
        "order" => bodies::order(check).await,
        "stream" => bodies::stream(check).await,
        "methods" => bodies::methods(check).await,
        "maintenance" => detours::maintenance(check).await,
        "credentials" => guards::credentials(check).await,
        "refusals" => guards::refusals(check).await,
        "permanent" => guards::permanent(check).await,
        #[cfg(feature = "live")]
        "rules" => moved::rules(check).await,
        other => Err(format!("there is no step {other:?}").into()),
    }
}

/// Keeps the servers up until Ctrl-C.
async fn serve(servers: Servers) -> Result<ExitCode, Box<dyn Error>> {
    let (http, https) = (servers.http, servers.https);
    println!("http {http}, https {https}; try");
    println!("  curl -k -L -d '{{\"pieces\":3}}' http://{http}/api/v1/orders");
    println!("  head -c 1048576 /dev/urandom > /tmp/upload; sha256sum /tmp/upload");
    println!("  curl -k -L --data-binary @/tmp/upload http://{http}/api/v1/uploads");
    println!("  curl -k -i -d x=1 http://{}/form/done   # 308", servers.permanent);
    println!("  curl -k -L -d x=1 https://{https}/form/303");
    println!("Ctrl-C ends it");
    tokio::signal::ctrl_c().await?;
    Ok(ExitCode::SUCCESS)
}
