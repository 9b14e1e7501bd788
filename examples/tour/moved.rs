//! Step 8: a file of rules, replaced while it is served.

use std::error::Error;
use std::path::{Path, PathBuf};

use tower_redirect::policy::Rules;
use tower_redirect::{Live, RedirectLayer};

use crate::app::receipt_text;
use crate::check::{Check, Outcome, post};

/// Reads the file and serves it, unless it is wrong.
fn load(live: &Live<Rules>, file: &Path) -> Result<(), Box<dyn Error>> {
    let rules = Rules::from_csv(&std::fs::read_to_string(file)?)?;
    live.store(RedirectLayer::new(rules).drain_timer(tokio::time::sleep));
    Ok(())
}

/// A file that is removed at the end of the step.
struct File(PathBuf);

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

pub async fn rules(check: &mut Check<'_>) -> Outcome {
    let file = File(std::env::temp_dir().join(format!("tour-{}.csv", std::process::id())));
    let live = check.servers.live.clone();
    let url = format!("http://{}/old", check.servers.moved);
    let arrived = |path| format!("201 {}", receipt_text("POST", "http", path, b"tea"));

    std::fs::write(&file.0, "from,to,status\n/old,/api/v1/orders\n/api/v1/*,/api/v2/*\n")?;
    load(&live, &file.0)?;
    let seen = check.send(post(&url).body("tea".into())?).await?;
    check.same("two rules are one redirection", 1, seen.history.hops().len());
    check.same("the page has moved", arrived("/api/v2/orders"), seen.answer());

    // The file is replaced between requests: each is answered by one file or the other.
    let mut by_neither = 0;
    for n in 0..40 {
        if n == 20 {
            std::fs::write(&file.0, "from,to,status\n/old,/api/v2/uploads,308\n")?;
            load(&live, &file.0)?;
        }
        let seen = check.send_quietly(post(&url).body("tea".into())?).await?.answer();
        let is_of_a_file = [arrived("/api/v2/orders"), arrived("/api/v2/uploads")].contains(&seen);
        by_neither += usize::from(!is_of_a_file);
    }
    check.same("requests that neither file answered", 0, by_neither);

    std::fs::write(&file.0, "from,to,status\n/old,/api/v2/orders\n/new,/old,999\n")?;
    let error = load(&live, &file.0).err().map_or("accepted".to_owned(), |error| error.to_string());
    check.same("a broken file is refused", "line 3", error.split(',').next().unwrap_or(""));
    let seen = check.send(post(&url).body("tea".into())?).await?;
    check.same("and changes nothing", arrived("/api/v2/uploads"), seen.answer());
    Ok(())
}
