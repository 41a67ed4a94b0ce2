//! `synlab sweep`: its rows, what they say together, and what is said of mistakes.

mod mistakes;
mod rows;
mod statistics;

use std::fs;

use assert_cmd::cargo::cargo_bin_cmd;
use serde_json::Value;
use tempfile::TempDir;

const FILE: &str = r#"question = "What does loss cost?"
seed = 5
horizon = "1min"
handshake = ["three-way", { name = "same", base = "three-way" }]

[link]
delay = "50ms"

[[link.fault]]
on = { from = "client", flags = "SYN", nth = 1 }
delay = "100ms"

[client]
script = ["connect", "send 100 B", "close", "wait 1s", "repeat 4 times"]

[server]
script = ["accept", "close on EOF"]
[[server.crash]]
at = "40s"
for = "1s"
[[server.crash]]
at = "50s"

[sweep]
replications = 3

[[sweep.axis]]
key = "link.loss"
values = [0, 0.3]

[[sweep.axis]]
key = "link.fault.1.delay"
range = { from = "0s", to = "200ms", steps = 3 }
"#;
const RUNS: usize = 2 * 3 * 2 * 3;

/// A directory with the experiment in it, changed.
struct Study {
    directory: TempDir,
}

impl Study {
    fn new() -> Self {
        Self::changed("", "")
    }

    fn changed(from: &str, to: &str) -> Self {
        assert!(FILE.contains(from), "{from}");
        let study = Self { directory: tempfile::tempdir().unwrap() };
        fs::write(study.path("test.toml"), FILE.replacen(from, to, 1)).unwrap();
        study
    }

    fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    /// Output of `synlab sweep test.toml`: standard output, standard error, exit status. It runs in the directory.
    fn sweep(&self, arguments: &[&str]) -> (String, String, Option<i32>) {
        self.synlab(&[&["sweep", "test.toml"], arguments].concat())
    }

    fn synlab(&self, arguments: &[&str]) -> (String, String, Option<i32>) {
        let output = cargo_bin_cmd!("synlab").current_dir(self.directory.path()).args(arguments).output().unwrap();
        let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
        (text(output.stdout), text(output.stderr), output.status.code())
    }

    /// The rows, of a sweep in which nothing fails.
    fn rows(&self, arguments: &[&str]) -> String {
        let (out, err, code) = self.sweep(arguments);
        assert_eq!((err.as_str(), code), ("", Some(0)), "{arguments:?}");
        out
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }
}

fn objects(rows: &str) -> Vec<Value> {
    rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A column of the rows as text.
fn column(rows: &[Value], name: &str) -> Vec<String> {
    rows.iter().map(|row| row[name].to_string().replace('"', "")).collect()
}
