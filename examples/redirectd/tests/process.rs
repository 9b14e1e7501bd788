//! The program as its users run it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::{Client, Response, StatusCode, redirect};

const PROGRAM: &str = env!("CARGO_BIN_EXE_redirectd");

/// The directory of one test, which is removed when the test ends.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("writable");
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).output().expect("the program runs")
}

/// A running server, and where it listens.
struct Server {
    child: Child,
    http: String,
    others: Vec<String>,
}

impl Server {
    fn start(file: &Path, args: &[&str], listeners: usize) -> Self {
        let mut child = Command::new(PROGRAM)
            .arg("serve")
            .arg(file)
            .args(["--http", "127.0.0.1:0"])
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let mut addresses: Vec<(String, String)> = Vec::new();
        for line in lines.take(listeners) {
            let line = line.expect("utf-8");
            let (name, address) = line.split_once(' ').expect("a name and an address");
            addresses.push((name.to_owned(), address.to_owned()));
        }
        let http = addresses.iter().position(|(name, _)| name == "http").expect("listens");
        let http = addresses.remove(http).1;
        let others = addresses.into_iter().map(|(_, address)| address).collect();
        Self { child, http, others }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().expect("kill runs").success());
    }

    /// Ends the server by SIGTERM, and returns its standard error.
    fn end(mut self) -> String {
        self.signal("-TERM");
        assert!(self.child.wait().expect("ends").success());
        let mut said = String::new();
        let error = self.child.stderr.as_mut().expect("piped");
        error.read_to_string(&mut said).expect("utf-8");
        said
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

fn client() -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().redirect(redirect::Policy::none());
    client.tls_danger_accept_invalid_certs(true).build().expect("a client")
}

fn location(response: &Response) -> &str {
    response.headers().get("location").map_or("", |to| to.to_str().expect("ascii"))
}

/// Asks until the answer is the expected one, for at most 20 s.
async fn wait_for(client: &Client, url: &str, expected: impl Fn(&str) -> bool) -> String {
    let mut seen = String::new();
    for _ in 0..400 {
        let response = client.get(url).send().await.expect("answered");
        seen = format!("{} {}", response.status().as_u16(), location(&response));
        seen += &response.text().await.expect("a text");
        if expected(&seen) {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{url} still says {seen}");
}

/// A file whose rules all lead to `/name/..`, long enough that it is written in pieces.
fn rules(name: &str) -> String {
    let rule = |n: usize| {
        format!("[[rules]]\nfrom = \"/page/{n}\"\nto = \"/{name}/{n}\"\n# {}\n", ".".repeat(40))
    };
    (0..200).map(rule).collect()
}

#[test]
fn check_reports_every_mistake_with_its_line() {
    let directory = Directory::new("check");
    let text = "hosts = [\"a.test\"]\n\n[https]\nstatus = 200\n\n[[rules]]\nfrom = \"a\"\n\n\
                [[rules]]\nfrom = \"/b\"\nto = \"//c\"\n";
    let wrong = directory.file("wrong.toml", text);
    let output = run(&["check", wrong.to_str().expect("utf-8")]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).expect("utf-8");
    let starts = [
        "wrong.toml:4: https.status: ",
        "wrong.toml:7: rules[0].from: ",
        "wrong.toml:11: rules[1].to: ",
    ];
    assert_eq!(said.lines().count(), starts.len(), "{said}");
    for (line, start) in said.lines().zip(starts) {
        assert!(line.contains(start), "{line}");
    }

    let unknown = directory.file("unknown.toml", "hosts = [\"a.test\"]\n[https]\nports = 443\n");
    let output = run(&["check", unknown.to_str().expect("utf-8")]);
    let said = String::from_utf8(output.stderr).expect("utf-8");
    assert!(said.contains("unknown.toml:3: unknown field `ports`"), "{said}");

    let sound = directory.file("sound.toml", "hosts = [\"a.test\"]\n[https]\n");
    assert!(run(&["check", sound.to_str().expect("utf-8")]).status.success());
    assert_eq!(run(&["check", "missing.toml"]).status.code(), Some(1));

    let rule = "[[rules]]\nfrom = \"/a\"\nto = \"/b\"\n";
    let doubtful = directory.file("doubtful.toml", &rule.repeat(2));
    let output = run(&["check", doubtful.to_str().expect("utf-8")]);
    let said = String::from_utf8(output.stderr).expect("utf-8");
    assert!(
        output.status.success()
            && said.contains("warning: rules: rule 2: matches the same requests as rule 1"),
        "{said}"
    );
}

#[test]
fn explain_says_what_each_policy_decides_and_why() {
    let directory = Directory::new("explain");
    let text = "hosts = [\"shop.example.com\"]\n[https]\n[maintenance]\n[[versions]]\nprefix = \"/api\"\n\
                current = \"v2\"\nretired = { v1 = {} }\n";
    let file = directory.file("shop.toml", text);
    let url = "http://shop.example.com/api/v1/orders";
    let output = run(&["explain", file.to_str().expect("utf-8"), "POST", url]);
    assert_eq!(
        String::from_utf8(output.stdout).expect("utf-8"),
        "peer: its address is unknown, and no proxies are trusted\n\
         scheme: http\n\
         host: shop.example.com is listed\n\
         https: redirected: plain request without `Transport::Secure`, and no proxies are trusted\n\
         one hop: asked again about /api/v1/orders over https\n\
         https: passed: the request came over https\n\
         maintenance: passed: no maintenance now\n\
         versions: redirected: version v1 has moved\n\
         one hop: asked again about /api/v2/orders over https\n\
         https: passed: the request came over https\n\
         maintenance: passed: no maintenance now\n\
         versions: passed: the path names the current version, or one that was not declared\n\
         answer: 307, Location: https://shop.example.com/api/v2/orders\n\
         \n\
         curl -i -X POST 'http://shop.example.com/api/v1/orders'\n"
    );
}

#[test]
fn explain_prints_a_command_for_a_shell() {
    let directory = Directory::new("curl");
    let file = directory.file("shop.toml", "[https]\n");
    for (method, url, expected) in [
        ("GET", "http://a.test/it's", r"curl -i -X GET 'http://a.test/it'\''s'"),
        ("HEAD", "http://a.test/x", "curl -I 'http://a.test/x'"),
        ("GET", "http://me:key@a.test/", "curl -i -X GET 'http://me:key@a.test/'"),
        ("GET", "http://a.test/a/../b", "curl -i -X GET --path-as-is 'http://a.test/a/../b'"),
        ("HEAD", "http://a.test/[1-3]?{a,b}", "curl -I -g 'http://a.test/[1-3]?{a,b}'"),
    ] {
        let output = run(&["explain", file.to_str().expect("utf-8"), method, url]);
        let said = String::from_utf8(output.stdout).expect("utf-8");
        assert_eq!(said.lines().last(), Some(expected), "{said}");
        assert!(said.contains("answer: 307, Location: https://a.test/"), "{said}");
    }
}

/// Rules match headers, and proxies describe the client in them.
#[test]
fn explain_takes_headers() {
    let directory = Directory::new("headers");
    let text = "[https]\n[trust]\nproxies = [\"10.0.0.0/8\"]\n[[rules]]\nfrom = \"/a\"\n\
                to = \"/b\"\nheaders = { x-beta = \"it's\" }\n";
    let file = directory.file("shop.toml", text);
    let file = file.to_str().expect("utf-8");
    let proxied = ["--peer", "10.0.0.1", "-H", "X-Forwarded-Proto: https"];
    let asked = ["explain", file, "GET", "http://a.test/a", "--header", "X-Beta: it's"];
    let output = run(&[&asked[..], &proxied].concat());
    let said = String::from_utf8(output.stdout).expect("utf-8");
    assert!(said.contains("https: passed") && said.contains("answer: 307, Location: /b"), "{said}");
    let curl =
        r"curl -i -X GET -H 'x-beta: it'\''s' -H 'x-forwarded-proto: https' 'http://a.test/a'";
    assert_eq!(said.lines().last(), Some(curl), "{said}");
    let output = run(&["explain", file, "GET", "http://127.0.0.1/a", "-H", "Host: b.test"]);
    let said = String::from_utf8(output.stdout).expect("utf-8");
    assert!(said.contains("answer: 307, Location: https://b.test/a"), "{said}");
    let output = run(&[&asked[..], &["-H", "no colon"]].concat());
    let said = String::from_utf8(output.stderr).expect("utf-8");
    assert!(!output.status.success() && said.contains("a header is written"), "{said}");
}

/// Clients leave userinfo out of `Host`.
#[test]
fn explain_takes_an_http_url_with_a_user() {
    let directory = Directory::new("user");
    let file = directory.file("shop.toml", "[[rules]]\nfrom = \"/a\"\nto = \"/b\"\n");
    let file = file.to_str().expect("utf-8");
    let output = run(&["explain", file, "GET", "http://u:p@a.test/a"]);
    let said = String::from_utf8(output.stdout).expect("utf-8");
    assert!(said.contains("answer: 307, Location: /b"), "{said}");
    let output = run(&["explain", file, "GET", "ftp://a.test/a"]);
    let said = String::from_utf8(output.stderr).expect("utf-8");
    assert!(!output.status.success() && said.contains("an absolute http or https url"), "{said}");
}

/// With the first three, the server would answer 400 or 502 to everything that passes. The path of the last
/// would be ignored.
#[test]
fn an_upstream_that_cannot_be_asked_is_refused_at_start() {
    let directory = Directory::new("upstream");
    let file = directory.file("shop.toml", "");
    for upstream in ["127.0.0.1:3000", "localhost:3000", "https://a.test", "http://a.test/base"] {
        let file = file.to_str().expect("utf-8");
        // The port is in use, so that a server that accepts the upstream ends as well.
        let used = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = used.local_addr().expect("bound").to_string();
        let output = run(&["serve", file, "--http", &address, "--upstream", upstream]);
        let said = String::from_utf8(output.stderr).expect("utf-8");
        assert!(said.contains("an http origin is needed"), "{upstream}: {said}");
    }
}

#[tokio::test]
async fn requests_over_http_are_redirected_and_those_over_https_forwarded() {
    let directory = Directory::new("serve");
    let certified = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("made");
    let cert = directory.file("cert.pem", &certified.cert.pem());
    let key = directory.file("key.pem", &certified.signing_key.serialize_pem());
    let upstream =
        directory.file("upstream.toml", "[[rules]]\nfrom = \"/x\"\nto = \"/from-upstream\"\n");
    let upstream = Server::start(&upstream, &[], 1);
    let file = directory.file("shop.toml", "[https]\n");
    let to = format!("http://{}", upstream.http);
    let (cert, key) = (cert.to_str().expect("utf-8"), key.to_str().expect("utf-8"));
    let tls = ["--https", "127.0.0.1:0", "--cert", cert, "--key", key, "--upstream", &to];
    let server = Server::start(&file, &tls, 2);
    let client = client();

    let plain =
        client.post(format!("http://{}/pay?a=b", server.http)).send().await.expect("answered");
    let host = server.http.split(':').next().expect("a host");
    assert_eq!(plain.status(), StatusCode::TEMPORARY_REDIRECT);
    assert_eq!(location(&plain), format!("https://{host}/pay?a=b"));
    for (path, status, to) in [("/x", 307, "/from-upstream"), ("/y", 404, "")] {
        let url = format!("https://{}{path}", server.others[0]);
        let secure = client.get(url).send().await.expect("answered");
        assert_eq!((secure.status().as_u16(), location(&secure)), (status, to), "{path}");
    }
    assert_eq!((server.end(), upstream.end()), (String::new(), String::new()));
}

/// Otherwise a client could remove the `Host` that was checked, and headers that a second `Connection` line
/// names would reach the upstream.
#[test]
fn headers_that_connection_names_are_not_forwarded_except_host() {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    let directory = Directory::new("hop");
    let upstream = TcpListener::bind("127.0.0.1:0").expect("a port");
    let to = format!("http://{}", upstream.local_addr().expect("bound"));
    let file = directory.file("shop.toml", "hosts = [\"a.test\"]\n");
    let server = Server::start(&file, &["--upstream", &to], 1);
    let mut client = TcpStream::connect(&server.http).expect("listening");
    let asked = "GET / HTTP/1.1\r\nHost: a.test\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\n\
                 X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nForwarded: for=1.2.3.4\r\n\
                 Via: 1.0 before\r\n\
                 Proxy-Connection: keep-alive\r\nCookie: a=1\r\nCookie: b=2; c=3\r\n\
                 Connection: keep-alive, X-One, X-Forwarded-For\r\nConnection: host, x-two, \u{e4}\r\n\r\n";
    client.write_all(asked.as_bytes()).expect("open");
    let (mut stream, _) = upstream.accept().expect("asked");
    let mut head = [0; 4096];
    let length = stream.read(&mut head).expect("a head");
    let head = String::from_utf8_lossy(&head[..length]).to_ascii_lowercase();
    assert!(head.contains("host: a.test\r\n") && head.contains("x-three"), "{head}");
    assert!(!head.contains("x-one") && !head.contains("x-two"), "{head}");
    assert!(!head.contains("connection"), "{head}");
    // The client is not trusted, so its claims about itself are replaced.
    for line in [
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-proto: http",
        "via: 1.0 before\r\nvia: 1.1 redirectd",
    ] {
        assert!(head.contains(&format!("\n{line}\r\n")), "{line}: {head}");
    }
    assert!(head.contains("x-forwarded-host: a.test\r\n") && !head.contains("1.2.3.4"), "{head}");
    // HTTP/2 may have a line for each cookie, HTTP/1.1 may not (RFC 9113 §8.2.3).
    assert!(head.contains("cookie: a=1; b=2; c=3\r\n"), "{head}");

    let said = "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-One\r\nKeep-Alive: timeout=5\r\n\
                X-One: 1\r\nX-Two: 2\r\nContent-Length: 0\r\n\r\n";
    stream.write_all(said.as_bytes()).expect("open");
    let mut head = [0; 4096];
    let length = client.read(&mut head).expect("a head");
    let head = String::from_utf8_lossy(&head[..length]).to_ascii_lowercase();
    assert!(head.contains("x-two: 2\r\n"), "{head}");
    assert!(!head.contains("x-one") && !head.contains("keep-alive"), "{head}");
}

/// The length in an answer to HEAD is that of a GET, or is left out (RFC 9110 §8.6).
#[test]
fn an_answer_to_head_has_the_length_that_the_upstream_announces() {
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};
    let directory = Directory::new("head");
    let upstream = TcpListener::bind("127.0.0.1:0").expect("a port");
    let to = format!("http://{}", upstream.local_addr().expect("bound"));
    let file = directory.file("shop.toml", "");
    let server = Server::start(&file, &["--upstream", &to], 1);
    for (said, expected) in [("", None), ("Content-Length: 7\r\n", Some("content-length: 7"))] {
        let mut client = TcpStream::connect(&server.http).expect("listening");
        client.write_all(b"HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n").expect("open");
        let (mut stream, _) = upstream.accept().expect("asked");
        let mut head = [0; 4096];
        assert!(stream.read(&mut head).expect("a head") > 0);
        let answer = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{said}\r\n");
        stream.write_all(answer.as_bytes()).expect("open");
        let length = client.read(&mut head).expect("a head");
        let head = String::from_utf8_lossy(&head[..length]).to_ascii_lowercase();
        let found = head.lines().find(|line| line.starts_with("content-length"));
        assert_eq!(found, expected, "{head}");
    }
}

#[test]
fn the_error_names_an_address_that_is_in_use() {
    let directory = Directory::new("in-use");
    let file = directory.file("shop.toml", "");
    let used = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = used.local_addr().expect("bound").to_string();
    let output = run(&["serve", file.to_str().expect("utf-8"), "--http", &address]);
    let said = String::from_utf8(output.stderr).expect("utf-8");
    assert!(said.starts_with(&format!("http {address}: ")), "{said}");
}

#[tokio::test]
async fn no_request_fails_while_the_file_changes_in_every_way() {
    const REQUESTS: usize = 10_000;
    const AT_ONCE: usize = 200;
    let directory = Directory::new("changes");
    // The directories of a mounted ConfigMap: the file links into `..data`, itself a link that is swapped.
    for name in ["one", "two"] {
        fs::create_dir(directory.0.join(name)).expect("a directory");
        fs::write(directory.0.join(name).join("shop.toml"), rules(name)).expect("writable");
    }
    let file = directory.file("shop.toml", &rules("one"));
    let server = Arc::new(Server::start(&file, &["--admin", "127.0.0.1:0"], 2));
    let client = client();
    let asked = Arc::new(AtomicUsize::new(0));

    let asking: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (client, asked, http) = (client.clone(), asked.clone(), server.http.clone());
            tokio::spawn(async move {
                let mut seen = [0_usize; 2];
                loop {
                    let n = asked.fetch_add(1, Ordering::Relaxed);
                    if n >= REQUESTS {
                        return seen;
                    }
                    let page = n % 200;
                    let response = client.get(format!("http://{http}/page/{page}")).send().await;
                    let response = response.expect("answered");
                    let to = ["one", "two"].map(|name| format!("/{name}/{page}"));
                    let of = to.iter().position(|to| to == location(&response));
                    seen[of.unwrap_or_else(|| panic!("{response:?}"))] += 1;
                }
            })
        })
        .collect();

    let changing = tokio::task::spawn_blocking({
        let (directory, file, server) = (directory.0.clone(), file.clone(), server.clone());
        move || {
            use std::io::Write;
            let link = |name: &str| {
                let next = directory.join("..next");
                std::os::unix::fs::symlink(name, &next).expect("a link");
                fs::rename(&next, directory.join("..data")).expect("swapped");
            };
            for n in 0..100_usize {
                let name = ["two", "one"][n % 2];
                match n % 4 {
                    // Overwritten in place, in pieces.
                    0 => {
                        let mut out = fs::File::create(&file).expect("writable");
                        for piece in rules(name).as_bytes().chunks(4096) {
                            out.write_all(piece).expect("written");
                            out.sync_data().expect("synced");
                        }
                    }
                    // Renamed over.
                    1 => {
                        let next = directory.join("next.toml");
                        fs::write(&next, rules(name)).expect("written");
                        fs::rename(&next, &file).expect("renamed");
                    }
                    // A link that is swapped.
                    2 => {
                        link(name);
                        let _ = fs::remove_file(&file);
                        std::os::unix::fs::symlink("..data/shop.toml", &file).expect("a link");
                    }
                    // Deleted, and back.
                    _ => {
                        fs::remove_file(&file).expect("deleted");
                        fs::write(&file, rules(name)).expect("written");
                    }
                }
                if n % 10 == 0 {
                    server.signal("-HUP");
                }
            }
        }
    });
    changing.await.expect("changed");
    let mut seen = [0, 0];
    for asking in asking {
        let [one, two] = asking.await.expect("no request failed");
        seen = [seen[0] + one, seen[1] + two];
    }
    assert_eq!(seen[0] + seen[1], REQUESTS);

    // The last content of the file is the one that is served in the end.
    fs::remove_file(&file).expect("deleted");
    fs::write(&file, rules("two")).expect("written");
    let page = format!("http://{}/page/7", server.http);
    wait_for(&client, &page, |seen| seen == "307 /two/7").await;

    // A broken file changes nothing. Its mistake is reported with its line, here and in the log.
    fs::write(&file, rules("one") + "[https]\nstatus = 200\n").expect("written");
    let health = format!("http://{}/-/health", server.others[0]);
    let said = wait_for(&client, &health, |said| said.contains("https.status")).await;
    assert!(said.contains("revision: ") && said.contains(" s ago"), "{said}");
    wait_for(&client, &page, |seen| seen == "307 /two/7").await;

    // A truncated file changes nothing, either.
    fs::write(&file, &rules("one")[..1000]).expect("written");
    wait_for(&client, &health, |said| said.contains("allow_shrink") || said.contains("shop.toml:"))
        .await;
    fs::write(&file, "allow_shrink = true\n[[rules]]\nfrom = \"/page/7\"\nto = \"/few\"\n")
        .expect("written");
    wait_for(&client, &page, |seen| seen == "307 /few").await;
    let said = wait_for(&client, &health, |said| said.contains("rejected: none")).await;
    let hash = said.lines().find_map(|line| line.strip_prefix("hash: ")).expect("a hash");
    let hash = format!("tower_redirect_config_hash{{config=\"shop.toml\"}} {hash}");
    let metrics = client.get(health.replace("health", "x").replace("/-/x", "/metrics"));
    let metrics = metrics.send().await.expect("answered").text().await.expect("text");
    for series in [
        &hash,
        "tower_redirect_config_last_reload_successful{config=\"shop.toml\"} 1",
        "tower_redirect_answers_total{policy=\"rules\",kind=\"redirect\",code=\"307\"}",
    ] {
        assert!(metrics.contains(series), "{series} in {metrics}");
    }

    let server = Arc::into_inner(server).expect("not shared any more");
    let said = server.end();
    assert!(said.contains("shop.toml:802: https.status: a redirection is"), "{said}");
}

/// A full disk leaves an empty file, which is a valid configuration.
#[tokio::test]
async fn an_emptied_file_does_not_turn_https_off() {
    let directory = Directory::new("emptied");
    let file = directory.file("shop.toml", "[https]\n");
    let server = Server::start(&file, &["--admin", "127.0.0.1:0"], 2);
    let client = client();
    let health = format!("http://{}/-/health", server.others[0]);
    // An empty file, and one that is truncated before `[https]`.
    for text in ["", "[[rules]]\nfrom = \"/a\"\nto = \"/b\"\n"] {
        fs::write(&file, "[https]\n").expect("writable");
        wait_for(&client, &health, |said| said.contains("rejected: none")).await;
        fs::write(&file, text).expect("writable");
        wait_for(&client, &health, |said| said.contains("more than half of the rules are lost"))
            .await;
        let answered = client.post(format!("http://{}/pay", server.http)).send().await;
        assert_eq!(answered.expect("answered").status(), StatusCode::TEMPORARY_REDIRECT);
    }
    fs::write(&file, "allow_shrink = true\n").expect("writable");
    wait_for(&client, &health, |said| said.contains("rejected: none")).await;
    let answered = client.post(format!("http://{}/pay", server.http)).send().await;
    assert_eq!(answered.expect("answered").status(), StatusCode::NOT_FOUND);
}
