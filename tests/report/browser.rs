//! What Chromium and axe say of reports. Where a part of what this needs is missing, the test says so, and checks nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::report;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/report");
/// A browser may fail to start, or be slow, for reasons of its own.
const TRIES: usize = 3;
/// The exit status of the script where there is no browser.
const NO_BROWSER: i32 = 3;

fn not_tested(why: &str) {
    eprintln!(
        "\n*** NOT TESTED: reports in a browser: {why}; install Node.js 20 and chromium, run `npm ci` in tests/report, and test again ***\n"
    );
}

/// The report of a case and that of a study.
#[test]
fn a_browser_finds_nothing_wrong() {
    if !Path::new(FOLDER).join("node_modules/playwright-core").exists() {
        return not_tested("tests/report/node_modules is not there");
    }
    let directory = tempfile::tempdir().unwrap();
    let pages = ["stale-syn.html", "study.html"].map(|name| directory.path().join(name));
    fs::write(&pages[0], report(&["stale-syn"])).unwrap();
    fs::write(&pages[1], report(&["time-wait-length", "--check"])).unwrap();
    let mut last = String::new();
    for _ in 0..TRIES {
        let mut command = Command::new("node");
        let output = match command.arg(format!("{FOLDER}/check.mjs")).args(&pages).output() {
            Ok(output) => output,
            Err(error) => return not_tested(&format!("node cannot be run ({error})")),
        };
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
        match output.status.code() {
            Some(0) => return,
            Some(NO_BROWSER) => return not_tested(text(&output.stderr).trim()),
            _ => last = text(&output.stdout) + &text(&output.stderr),
        }
    }
    panic!("{last}");
}
