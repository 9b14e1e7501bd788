//! `tests/cases.txt` maps what went wrong elsewhere to tests that exist.
#![allow(missing_docs)]

use std::fs;
use std::path::Path;

/// The rows of the record about clients, by the names that they go by there.
const CLIENTS: [&str; 86] = [
    "CVE-2018-1000007",
    "CVE-2022-27774",
    "CVE-2022-27776",
    "CVE-2022-31091",
    "CVE-2022-31033",
    "CVE-2022-31043",
    "CVE-2018-18074",
    "CVE-2022-0536",
    "reqwest #2985",
    "HttpClient5 #848",
    "GHSA-4qqq-9vqf-3h3f",
    "CVE-2018-20060",
    "CVE-2018-25091",
    "CVE-2026-48595",
    "aiohttp #13180",
    "CVE-2023-43804",
    "CVE-2022-0155",
    "CVE-2022-31151",
    "CVE-2023-45143",
    "CVE-2022-31042",
    "CVE-2022-0577",
    "CVE-2022-21712",
    "CVE-2022-23607",
    "CVE-2022-0235",
    "CVE-2022-0430 / -24737",
    "CVE-2024-28849",
    "CVE-2024-24758, -30260",
    "CVE-2024-37891",
    "CVE-2025-4673",
    "CVE-2014-1830, CVE-2023-32681",
    "CVE-2026-6253",
    "libsoup 98c1285d",
    "libsoup 3e5c2641",
    "CVE-2024-45336",
    "variant",
    "CVE-2023-45289",
    "CVE-2021-41125",
    "GHSA-cw9j-q3vf-hrrv",
    "CVE-2022-31090",
    "CVE-2018-8292",
    "CVE-2025-21620",
    "CVE-2021-27023",
    "CVE-2026-47070",
    "CVE-2026-54171",
    "undici #4917, go #79793, imroc/req #489, resty #1128",
    "CVE-2026-54603",
    "faraday-follow_redirects #96",
    "CVE-2026-54605",
    "CVE-2023-45803",
    "Scrapy 2.14.2",
    "go #70180",
    "CVE-2024-11053, 2025-0167, 2026-3783, 2026-6429, CVE-2014-1829",
    "CVE-2025-14524",
    "CVE-2026-11856",
    "CVE-2026-6276",
    "CVE-2026-9546",
    "CVE-2020-8169",
    "CVE-2009-0037",
    "CVE-2026-53727",
    "GHSA-23j4-mw76-5v7h",
    "CVE-2022-33987",
    "CVE-2017-1000100, CVE-2006-1061",
    "CVE-2020-28168",
    "GHSA-jm3v-qxmh-hxwv",
    "CVE-2023-28155",
    "CVE-2022-29153",
    "CVE-2020-8559",
    "CVE-2024-50342",
    "CVE-2026-48736",
    "CVE-2026-47076",
    "CVE-2023-26159",
    "CVE-2026-48998",
    "CVE-2021-33503",
    "CVE-2015-2296, CVE-2015-1820",
    "CVE-2020-15168",
    "urllib3 2.5.0 (CVE-2025-50181 ~)",
    "GHSA-38jv-5279-wg99 (CVE-2026-21441 ~)",
    "GHSA-qccp-gfcp-xxvc",
    "undici #5728",
    "dusty #164",
    "CVE-2024-24791",
    "CVE-2022-30115, -42916, -43551",
    "CVE-2024-9681",
    "CVE-2023-23914/15, -46219",
    "CVE-2019-10751",
    "linkerd2 #15649",
];

/// The rows about servers; 13 and 29 were never given.
fn rows() -> impl Iterator<Item = u32> {
    (1..=50).filter(|row| ![13, 29].contains(row))
}

#[test]
fn every_row_names_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut clients, mut servers, mut not_here) = (Vec::new(), Vec::new(), 0);
    for line in include_str!("cases.txt").lines().filter(|line| !line.starts_with('#')) {
        let (row, case) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        match row.parse::<u32>() {
            Ok(row) => servers.push(row),
            Err(_) => clients.push(row),
        }
        if let Some(reason) = case.strip_prefix("n/a: ") {
            not_here += usize::from(row.parse::<u32>().is_err());
            assert!(!reason.trim().is_empty(), "{line}");
            continue;
        }
        let (file, test) = case.split_once("::").unwrap_or_else(|| panic!("{line}"));
        let file =
            if file.starts_with("src/") { file.to_owned() } else { format!("tests/{file}.rs") };
        let text = fs::read_to_string(root.join(&file)).unwrap_or_else(|e| panic!("{line}: {e}"));
        assert!(text.contains(&format!("fn {test}(")), "{line}: no such test");
        let (_, attributes) = text[..text.find(&format!("fn {test}(")).unwrap_or(0)]
            .rsplit_once("\n\n")
            .unwrap_or_default();
        assert!(attributes.contains("test]") && !attributes.contains("ignore"), "{line}: no test");
    }
    assert_eq!(servers, rows().collect::<Vec<_>>());
    assert_eq!(clients, CLIENTS);
    assert!(not_here <= 20, "{not_here} rows about clients are not shown");
}
