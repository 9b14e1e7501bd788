//! The messages of the compiler for the most common mistakes.
#![allow(missing_docs)]

use std::fs;
use std::path::Path;
use std::process::Command;

/// Compiles a program against this crate. Returns whether that succeeds, and the messages of the compiler.
fn compile(name: &str, program: &str) -> (bool, String) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(project.join("src")).expect("a directory");
    let manifest = format!(
        "[package]\nname = \"{name}\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\
         [dependencies]\nbytes = \"1\"\nhttp = \"1\"\ntower-service = \"0.3\"\n\
         tower-layer = \"0.3\"\ntower-redirect = {{ path = {root:?} }}\n[workspace]\n"
    );
    fs::write(project.join("Cargo.toml"), manifest).expect("written");
    fs::write(project.join("src/main.rs"), program).expect("written");
    fs::copy(root.join("Cargo.lock"), project.join("Cargo.lock")).expect("copied");
    let output = Command::new(env!("CARGO"))
        .args(["check", "--offline", "--quiet", "--color", "never", "--manifest-path"])
        .arg(project.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui-target"))
        .output()
        .expect("cargo");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// The words of a message, whatever the width at which the compiler broke its lines.
fn words(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c == '|' || c == '=');
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

#[test]
#[ignore = "starts cargo"]
fn a_bare_closure_is_pointed_to_policy_fn() {
    let program = |policy: &str| {
        format!(
            "use tower_redirect::{{Decision, RedirectLayer, RequestHead, policy_fn}};\n\
             fn main() {{ let _ = policy_fn::<fn(&RequestHead<'_>) -> Decision, _>;\n\
             let _ = RedirectLayer::new({policy}); }}\n"
        )
    };
    let closure = "|_: &RequestHead<'_>| Decision::Pass";
    let (compiles, said) = compile("ui-closure", &program(closure));
    let said = words(&said);
    assert!(!compiles);
    assert!(said.contains("is not a redirect policy"), "{said}");
    assert!(said.contains("use `policy_fn( head ..)` for a closure"), "{said}");
    let (compiles, said) = compile("ui-closure", &program(&format!("policy_fn({closure})")));
    assert!(compiles, "{said}");
}

#[test]
#[ignore = "starts cargo"]
fn a_policy_in_a_result_is_pointed_to_the_question_mark() {
    let program = |behind: &str| {
        format!(
            "use tower_redirect::{{ConfigError, RedirectLayer, Versioning}};\n\
             fn main() -> Result<(), ConfigError> {{\n\
             let _ = RedirectLayer::new(Versioning::new(\"/api\", \"v2\"){behind}); Ok(()) }}\n"
        )
    };
    let (compiles, said) = compile("ui-result", &program(""));
    let said = words(&said);
    assert!(!compiles);
    assert!(said.contains("that returns a `Result` is followed by `?`"), "{said}");
    let (compiles, said) = compile("ui-result", &program("?"));
    assert!(compiles, "{said}");
}

#[test]
#[ignore = "starts cargo"]
fn a_closure_that_does_not_return_a_decision_is_pointed_to_its_return_type() {
    let program = |returned: &str| {
        format!(
            "use tower_redirect::{{Redirection, RedirectLayer, policy_fn}};\n\
             fn main() {{ let _ = Redirection::new();\n\
             let _ = RedirectLayer::new(policy_fn(|_| {returned})); }}\n"
        )
    };
    let (compiles, said) = compile("ui-decision", &program("Redirection::to(\"/b\")"));
    let said = words(&said);
    assert!(!compiles);
    assert!(said.contains("is not a decision"), "{said}");
    assert!(said.contains("once before the closure"), "{said}");
    let (compiles, said) = compile("ui-decision", &program("Redirection::to(\"/b\").ok()"));
    assert!(compiles, "{said}");
}

#[test]
#[ignore = "starts cargo"]
fn a_bare_closure_is_pointed_to_follow_fn() {
    let program = |policy: &str| {
        format!(
            "use tower_redirect::{{Action, Attempt, FollowRedirectsLayer, follow_fn}};\n\
             fn main() {{ let _ = follow_fn::<fn(&Attempt<'_>) -> Action>;\n\
             let _ = FollowRedirectsLayer::new().policy({policy}); }}\n"
        )
    };
    let closure = "|_: &Attempt<'_>| Action::Follow";
    let (compiles, said) = compile("ui-follow-closure", &program(closure));
    let said = words(&said);
    assert!(!compiles);
    assert!(said.contains("is not a follow policy"), "{said}");
    assert!(said.contains("`follow_fn( attempt ..)` makes a policy of a closure"), "{said}");
    let (compiles, said) = compile("ui-follow-closure", &program(&format!("follow_fn({closure})")));
    assert!(compiles, "{said}");
}

#[test]
#[ignore = "starts cargo"]
fn a_body_that_cannot_be_sent_again_is_pointed_to_replay_body_layer() {
    let program = |layers: &str, body: &str| {
        format!(
            "use std::{{convert::Infallible, pin::Pin, task::{{Context, Poll}}}};\n\
             use http::{{Request, Response}};\n\
             use tower_layer::Layer;\n\
             use tower_redirect::{{FollowRedirectsLayer, ReplayBody, ReplayBodyLayer}};\n\
             use tower_service::Service;\n\
             #[derive(Clone)] struct Client;\n\
             impl<B> Service<Request<B>> for Client {{\n\
                 type Response = Response<String>; type Error = Infallible;\n\
                 type Future = std::future::Ready<Result<Response<String>, Infallible>>;\n\
                 fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {{ Poll::Ready(Ok(())) }}\n\
                 fn call(&mut self, _: Request<B>) -> Self::Future {{\n\
                     std::future::ready(Ok(Response::new(String::new())))\n\
                 }}\n\
             }}\n\
             fn follow<B>(mut s: impl Service<Request<B>>, b: B) {{ let _ = s.call(Request::new(b)); }}\n\
             fn main() {{\n\
                 let _ = (ReplayBodyLayer::new(1), None::<ReplayBody<String>>, None::<Pin<Box<u8>>>);\n\
                 let client = FollowRedirectsLayer::new().layer(Client);\n\
                 follow({layers}, {body});\n\
             }}\n"
        )
    };
    let boxed = "Box::pin(String::new())";
    let (compiles, said) = compile("ui-body", &program("client", boxed));
    let said = words(&said);
    assert!(!compiles);
    assert!(said.contains("cannot be sent again"), "{said}");
    assert!(said.contains("put `ReplayBodyLayer::new(limit)` outside"), "{said}");
    let layered = program("ReplayBodyLayer::new(1).layer(client)", boxed);
    let (compiles, said) = compile("ui-body", &layered);
    assert!(compiles, "{said}");
}
