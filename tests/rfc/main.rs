//! Whole runs that the endpoint once answered otherwise than the RFCs, or Linux: each file beside this one says what is right,
//! in its expectations; what only the wire can say is looked for here.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::cargo::cargo_bin_cmd;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/rfc")
}

#[test]
fn each_file_is_as_it_expects() {
    let files = fs::read_dir(folder()).expect("the folder is there").map(|entry| entry.expect("it can be read").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|of| of == "toml")).collect();
    files.sort();
    cargo_bin_cmd!("synlab").arg("verify").args(files).assert().success();
}

/// A time of the ladder of a file, and a segment that leaves then, as its line has them.
#[test]
fn each_segment_is_as_the_rfc_has_it() {
    for (name, time, segment) in [
        ("send-then-abort", "0.030", " DATA 1/101 500 B "),
        ("send-then-abort", "0.030", " RST,ACK 501/101 "),
        ("send-then-close-unread", "0.030", " RST,ACK 501/101 "),
        ("closing-ack-delayed", "1.010", " ACK 2/2 "),
        ("fin-ahead-blocks-fin", "1.050", " FIN,ACK 1/2 "),
        ("fin-ahead-stale", "6.050", " FIN,ACK 1/102 "),
        ("fo-crossing", "4.050", " SYN,ACK 0/101 "),
        ("fo-mss", "1.100", " SYN 0 536 B "),
        ("lone-fin-beyond-window", "1.200", " FIN,ACK 101/1 "),
        ("paws-old-duplicate", "2.000", " ACK 1/301 "),
        ("rto-above-three-seconds", "30.100", " DATA 1/1 100 B "),
        ("synack-fin", "0.100", " FIN,ACK 1/102 "),
        ("ts-recent-before-window", "1.5875", " DATA 101/1 100 B "),
    ] {
        let mut synlab = cargo_bin_cmd!("synlab");
        let output = synlab.arg("run").arg(folder().join(name).with_extension("toml")).output();
        let ladder = String::from_utf8(output.expect("the command can be started").stdout).expect("text");
        let told = |line: &str| line.trim_start().starts_with(time) && line.contains(segment);
        assert!(ladder.lines().any(told), "{name}: {time} {segment}\n{ladder}");
    }
}
