//! curl against the servers of the tour. Run with `cargo test --test wire curl -- --ignored`.

use std::error::Error;
use std::path::Path;

use sha2::{Digest, Sha256};
use tokio::process::Command;

use crate::app;
use crate::servers::Servers;
use crate::tls::Identity;

/// Pseudorandom bytes, which differ in each run.
fn random(length: usize) -> Vec<u8> {
    let seed = std::process::id().to_le_bytes();
    let blocks = (0..length.div_ceil(32) as u64).flat_map(|block| {
        Sha256::new().chain_update(seed).chain_update(block.to_le_bytes()).finalize()
    });
    blocks.take(length).collect()
}

#[tokio::test]
#[ignore = "needs curl"]
async fn curl_uploads_a_mebibyte_to_https_and_v2() -> Result<(), Box<dyn Error>> {
    let servers = Servers::start(&Identity::self_signed()?).await?;
    let bytes = random(1024 * 1024);
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("curl-upload");
    std::fs::write(&file, &bytes)?;
    for expect in ["Expect:", "Expect: 100-continue"] {
        let output = Command::new("curl")
            .args([
                "-q",
                "--noproxy",
                "*",
                "-k",
                "-L",
                "-s",
                "-S",
                "-v",
                "--max-time",
                "60",
                "--http1.1",
            ])
            .args(["-H", expect, "-w", "\n%{http_code} %{num_redirects} %{method}"])
            .arg("--data-binary")
            .arg(format!("@{}", file.display()))
            .arg(format!("http://{}/api/v1/uploads", servers.http))
            .output()
            .await?;
        let (seen, log) =
            (String::from_utf8(output.stdout)?, String::from_utf8_lossy(&output.stderr));
        let receipt = app::receipt_text("POST", "https", "/api/v2/uploads", &bytes);
        assert_eq!(seen, format!("{receipt}\n\n201 1 POST"), "{log}");
        // POST all the way.
        let sent: Vec<_> = log
            .lines()
            .filter(|line| line.starts_with("> ") && line.ends_with("HTTP/1.1"))
            .collect();
        assert_eq!(sent, ["> POST /api/v1/uploads HTTP/1.1", "> POST /api/v2/uploads HTTP/1.1"]);
    }
    Ok(())
}
