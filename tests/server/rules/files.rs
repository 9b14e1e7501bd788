//! Files in the formats of other services. Each table names the source of its rows.

use std::fmt::Write;

use tower_redirect::policy::Rules;

use super::table;

#[track_caller]
fn netlify(text: &str) -> Rules {
    Rules::from_netlify(text).unwrap_or_else(|errors| panic!("{errors}"))
}

#[track_caller]
fn cloudflare(text: &str) -> Rules {
    Rules::from_cloudflare_pages(text).unwrap_or_else(|errors| panic!("{errors}"))
}

/// <https://docs.netlify.com/routing/redirects/redirect-options/>
#[test]
fn netlify_options() {
    let rules = netlify(
        "# Redirects from what the browser requests to what we serve
         /home              /
         /blog/my-post.php  /blog/my-post # this is a comment
         /news              /blog
         /cuties            https://www.petsofnetlify.example
         /authors/c%C3%A9line   /authors/about-c%C3%A9line
         /my-redirect  /  302
         /see  /other  303!

         /news/:year/:month/:date/:slug  /blog/:year/:month/:date/:slug
         /store id=:id  /blog/:id  301
         /articles id=:id tag=:tag /posts/:tag/:id 301
         /articles id=:id /posts/:id 301
         /splat/*  /blog2/:splat
         /q        /p?own=1 302
         /go url=https://a.test/ /there 302
         http://blog.yoursite.example/*  https://www.yoursite.example/blog3/:splat  301!
         https://blog.yoursite.example/* https://www.yoursite.example/blog3/:splat  301!",
    );
    table(
        &rules,
        &[
            ("/home", "301 /"),
            ("POST /home", "308 /"),
            // Slashes at the end make no difference.
            ("/home/", "301 /"),
            ("/blog/my-post.php", "301 /blog/my-post"),
            ("/cuties", "301 https://www.petsofnetlify.example/"),
            ("/authors/c%c3%a9line", "301 /authors/about-c%C3%A9line"),
            ("/my-redirect", "302 /"),
            ("/go?url=https://a.test/", "302 /there?url=https://a.test/"),
            ("/see", "303 /other"),
            ("/news/2004/02/12/my-story", "301 /blog/2004/02/12/my-story"),
            ("/news/2004/02/12/my-story/", "301 /blog/2004/02/12/my-story"),
            ("/news/2004/02", ""),
            // Parameters are passed on.
            ("/store?id=my-blog-post", "301 /blog/my-blog-post?id=my-blog-post"),
            ("/store", ""),
            ("/articles?tag=x&id=1", "301 /posts/x/1?tag=x&id=1"),
            ("/articles?id=1", "301 /posts/1?id=1"),
            ("/splat/a/b", "301 /blog2/a/b"),
            ("/splat", "301 /blog2"),
            ("/q?x=1", "302 /p?own=1"),
            ("/home?utm_source=x", "301 /?utm_source=x"),
            ("http://blog.yoursite.example/x", "301 https://www.yoursite.example/blog3/x"),
            ("https://blog.yoursite.example/x", "301 https://www.yoursite.example/blog3/x"),
        ],
    );
}

#[test]
fn netlify_lines_that_are_not_redirections_are_refused() {
    for (line, expected) in [
        ("/a /b 200", "line 1, column 7: 200 rewrites the request"),
        ("/a /b 404", "line 1, column 7: 404 serves a page"),
        ("/ /anz 302 Country=au,nz", "line 1, column 12: country is not supported here"),
        ("/admin/* /b 301! Role=admin", "line 1, column 18: role is not supported here"),
        ("/ /zh 302 Language=zh", "line 1, column 11: language is not supported here"),
        ("/a", "line 1, column 3: a target is missing"),
        ("/a b", "line 1, column 4: neither a target"),
        ("/a javascript:alert(1)", "line 1, column 4: neither a target"),
        ("/a 301", "line 1, column 4: the target comes before the status"),
        ("/a /b 3o1", "line 1, column 7: the status is 301, 302, 303, 307 or 308"),
        ("/a x=1&y=2 /b", "line 1, column 4: neither a target"),
        ("/a /b 301 302", "line 1, column 11: nothing may follow the status"),
        ("a /b", "line 1, column 1: invalid path \"a\": a path starts with `/`"),
        ("/a/*/b /b", "line 1, column 1: `*` is allowed once, as the last segment"),
        ("/a/:1 /b", "line 1, column 1: the name of a placeholder begins with a letter"),
        ("/a/* /b/:other", "line 1, column 6: invalid url \"/b/:other\": a capture that `from`"),
        (
            "/a https://:sub.test/",
            "line 1, column 4: invalid url \"https://:sub.test/\": a capture never",
        ),
        // A wrong port is not reported as a mistake about captures.
        (
            "/a https://b.test:99999/",
            "line 1, column 4: invalid url \"https://b.test:99999/\": port above 65535",
        ),
    ] {
        let errors = Rules::from_netlify(line).expect_err(line).to_string();
        assert!(errors.starts_with(expected), "{line}: {errors}");
    }
}

/// <https://developers.cloudflare.com/pages/configuration/redirects/>
#[test]
fn cloudflare_pages() {
    let rules = cloudflare(
        "# comments begin a line
/home301 / 301
/home302 / 302
/querystrings /?query=string 301
/twitch https://twitch.tv
/trailing /trailing/ 301
/notrailing/ /nottrailing 301
/blog/* https://blog.my.domain/:splat
/page/ /page2/#fragment 301
/products/:code/:name /products?code=:code&name=:name
/twitch https://second.example/ 307
/movies/:title /media/:title 308
",
    );
    table(
        &rules,
        &[
            ("/home301", "301 /"),
            ("/home302", "302 /"),
            ("POST /home302", "307 /"),
            ("/querystrings", "301 /?query=string"),
            ("/querystrings?a=b", "301 /?query=string"),
            // The first of two lines with the same path applies.
            ("/twitch", "302 https://twitch.tv/"),
            ("/trailing", "301 /trailing/"),
            ("/trailing/", ""),
            ("/notrailing/", "301 /nottrailing"),
            ("/notrailing", ""),
            ("/blog/a/b", "302 https://blog.my.domain/a/b"),
            ("/blog/", "302 https://blog.my.domain/"),
            ("/blog", ""),
            ("/products/x-1/lamp", "302 /products?code=x-1&name=lamp"),
            ("/movies/x", "308 /media/x"),
            ("/movies/x/y", ""),
            ("/page/", "301 /page2/#fragment"),
            ("/page", ""),
            // The request's query is kept if the target has none.
            ("/home301?a=b", "301 /?a=b"),
        ],
    );
    assert_eq!(rules.warnings().len(), 1, "{:?}", rules.warnings());
    assert!(
        rules.warnings()[0].to_string().starts_with("line 11: matches the same requests as line 5")
    );
}

/// 2,000 static and 100 dynamic redirects, of at most 1,000 characters, are limits of that service.
#[test]
fn the_limits_of_cloudflare_pages_do_not_apply() {
    let mut text: String = (0..4_000)
        .map(|n| format!("/static/{n} /new/{n}\n/dynamic/{n}/* /new/{n}/:splat\n"))
        .collect();
    let long = format!("/{}", "x".repeat(2_000));
    writeln!(text, "{long} /short").expect("memory");
    table(&cloudflare(&text), &[("/dynamic/3999/x", "302 /new/3999/x"), (&long, "302 /short")]);
}

/// The parser of Cloudflare Pages skips these lines.
#[test]
fn lines_that_cloudflare_pages_skips_are_refused() {
    for (line, expected) in [
        ("/a", "line 1, column 3: a target is missing"),
        ("/a /b 301 x", "line 1, column 11: nothing may follow the status"),
        (
            "workers.example.com/* workers.example.com/blog/:splat 301",
            "line 1, column 1: a path is needed",
        ),
        ("/a b", "line 1, column 4: invalid url \"b\": a target starts with"),
        ("/a ftp://b/", "line 1, column 4: invalid url"),
        ("/a //b.test/", "line 1, column 4: invalid url"),
        ("/a /b 418", "line 1, column 7: the status is"),
        ("/a /b 200", "line 1, column 7: 200 rewrites"),
        ("/blog/* /blog/404.html 404", "line 1, column 24: 404 serves a page"),
        ("/shop id=:id /blog/:id 301", "line 1, column 7: invalid url \"id=:id\""),
        ("/ /us 302 Country=us", "line 1, column 11: nothing may follow"),
        ("/a?b /c", "line 1, column 1: this dialect does not compare queries"),
        ("/post-:id /posts", "line 1, column 1: a placeholder is a whole segment here"),
        ("/a/:x:y /b", "line 1, column 1: a placeholder is a whole segment here"),
        ("/a#b /c", "line 1, column 1: invalid path \"/a#b\": a fragment is never sent"),
    ] {
        let errors = Rules::from_cloudflare_pages(line).expect_err(line).to_string();
        assert!(errors.starts_with(expected), "{line}: {errors}");
    }
}

#[test]
fn the_two_dialects_read_the_same_file_differently() {
    let text = "/a /b\n/p/* /q/:splat\n/x/:id /y?id=:id 302\n";
    let (netlify, cloudflare) = (netlify(text), cloudflare(text));
    for (url, one, other) in [
        ("/a", "301 /b", "302 /b"),
        ("/a/", "301 /b", ""),
        ("/p", "301 /q", ""),
        ("/p/", "301 /q/", "302 /q/"),
        ("/p/x", "301 /q/x", "302 /q/x"),
        ("/x/7", "302 /y?id=7", "302 /y?id=7"),
        ("/x/7/", "302 /y?id=7", ""),
    ] {
        table(&netlify, &[(url, one)]);
        table(&cloudflare, &[(url, other)]);
    }
}

#[test]
fn csv() {
    let rules = Rules::from_csv(
        "\u{feff}from,to,status\r\n/a , /b ,308\r\n# a comment\r\n\r\n\"/c,d\",\"/say-\"\"x\"\"\"\r\n\
         http://old.test/*,https://new.test/*,301\r\n/gone,,410\r\n/item?id=:id,/items/:id,\r\n",
    );
    let rules = rules.unwrap_or_else(|errors| panic!("{errors}"));
    table(
        &rules,
        &[
            ("/a", "308 /b"),
            ("/c,d", "307 /say-%22x%22"),
            ("http://old.test/x", "301 https://new.test/x"),
            ("/gone", "410"),
            ("/item?id=7", "307 /items/7?id=7"),
        ],
    );
    let errors = Rules::from_csv(
        "/a,/b,200\n/a\n/a,\n/a,/b,301,x\n\"/a,/b\n\"/a\"x,/b\n/a,/b,410\n,/b\n/ä ö,/b\n/ok,/fine\n/ää,:x\n\"/a\"  x,/b\n",
    );
    let errors = errors.expect_err("refused");
    let places: Vec<_> = errors
        .iter()
        .map(|error| (error.line().unwrap_or(0), error.column().unwrap_or(0)))
        .collect();
    assert_eq!(
        places,
        [(1, 7), (2, 3), (3, 4), (4, 11), (5, 1), (6, 5), (7, 7), (8, 1), (9, 1), (11, 5), (12, 7)],
        "{errors}"
    );
}

/// Spreadsheets write empty fields, and people add comments.
#[test]
fn csv_with_empty_fields_and_comments() {
    let text = "from,to,status,note\n/a,/b,301,\n/c,/d,,\n/gone,,410,,\n  # a comment\n";
    let rules = Rules::from_csv(text).unwrap_or_else(|errors| panic!("{errors}"));
    table(&rules, &[("/a", "301 /b"), ("/c", "307 /d"), ("/gone", "410")]);
    let errors = Rules::from_csv("/a,/b,301,,x\n").expect_err("refused").to_string();
    assert!(errors.starts_with("line 1, column 12: three fields at most"), "{errors}");
}

/// A hundred thousand lines, of which fifty are wrong.
#[test]
fn all_mistakes_of_a_long_file_are_reported_at_once() {
    for dialect in ["netlify", "csv"] {
        let is_csv = dialect == "csv";
        let mut text = String::new();
        for n in 1..=100_000 {
            let separator = if is_csv { ',' } else { ' ' };
            if n % 2000 == 0 {
                writeln!(text, "/page/{n}{separator}ftp://b.test/{n}").expect("memory");
            } else {
                writeln!(text, "/page/{n}{separator}/new/{n}{separator}308").expect("memory");
            }
        }
        let built = match is_csv {
            true => Rules::from_csv(&text),
            false => Rules::from_netlify(&text),
        };
        let errors = built.expect_err("refused");
        let lines: Vec<_> = errors.iter().filter_map(|error| error.line()).collect();
        let expected: Vec<u32> = (1..=50).map(|n| n * 2000).collect();
        assert_eq!(lines, expected);
        assert!(errors.iter().all(|error| error.column() > Some(7)));
    }
}

#[test]
fn targets_may_have_fragments() {
    let netlify = Rules::from_netlify("/faq /help#faq 302\n/b/* /c/:splat#top\n");
    table(&netlify.expect("valid"), &[("/faq", "302 /help#faq"), ("/b/x", "301 /c/x#top")]);
    let pages = Rules::from_cloudflare_pages("/faq /help#faq\n");
    table(&pages.expect("valid"), &[("/faq", "302 /help#faq")]);
    let csv = Rules::from_csv("/faq,/help#faq,308\n");
    table(&csv.expect("valid"), &[("/faq", "308 /help#faq")]);
}
