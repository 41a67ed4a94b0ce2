//! Verdicts, causes and explanations of small inputs that readers once got wrong: each file beside this one says what is
//! right, in its expectations; what only the text can say is looked for here.

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::cargo::cargo_bin_cmd;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/truth")
}

/// The text that `synlab run` prints of a file.
fn run(name: &str, arguments: &[&str]) -> String {
    let mut synlab = cargo_bin_cmd!("synlab");
    let output = synlab.arg("run").arg(folder().join(name).with_extension("toml")).args(arguments).output();
    let output = output.expect("the command can be started");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

/// The lines that contain some words.
fn lines_with<'a>(text: &'a str, words: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.contains(words)).collect()
}

#[test]
fn each_file_is_as_it_expects() {
    let files = fs::read_dir(folder()).expect("the folder is there").map(|entry| entry.expect("it can be read").path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|of| of == "toml")).collect();
    files.sort();
    assert!(files.len() > 10, "{files:?}");
    cargo_bin_cmd!("synlab").arg("verify").args(files).assert().success();
}

#[test]
fn octets_that_come_after_a_close_had_arrived() {
    let text = run("octets-after-a-close", &["--no-ladder", "--explain", "--all"]);
    let told = "They had arrived, and nobody had read them: server's application had closed at 0.150 s.";
    assert!(text.contains("120 B of client lost") && text.contains(told), "{text}");
}

#[test]
fn a_forged_segment_that_was_taken_is_told() {
    let fin = run("forged-fin", &["--no-ladder", "--explain", "--all"]);
    let told = "To blame: a forged segment: FIN,ACK 101/101 as if from client:49152, came at 2.000.";
    let taken = "server had taken FIN,ACK 101/101 as if from client:49152, came at 2.000, for its peer's.";
    let words = fin.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains(told) && words.contains(taken), "{fin}");
    let data = run("forged-data", &["--no-ladder", "--explain", "--all"]);
    let words = data.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("given 100 B that its peer had not sent") && !words.contains("another connection"),
        "{data}"
    );
}

#[test]
fn who_does_not_read_on_is_told_by_the_reset() {
    let text = run("data-after-close", &["--no-ladder", "--explain", "--all"]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        words.contains("server had reset it (on FIN,ACK 1/1 100 B: its application had closed before that)"),
        "{text}"
    );
    assert!(words.contains("To blame: the close of server's application"), "{text}");
}

#[test]
fn each_entry_is_charged_with_its_own_segments() {
    let text = run("explain-wrong-sender", &["--no-ladder", "--explain", "--all"]);
    assert_eq!(lines_with(&text, "B·s and 6 wasted segments").len(), 2, "{text}");
}

#[test]
fn a_reset_of_a_call_answers_nothing() {
    let text = run("explain-invented-answer", &["--explain", "--all"]);
    let invented = "At 2.000 s it reached server";
    assert!(text.contains("server's application aborted it at 2.000 s.") && !text.contains(invented), "{text}");
    let trace = run("explain-invented-answer", &["--format", "jsonl"]);
    let reset = lines_with(&trace, r#""flags":"R""#).into_iter().find(|line| line.contains(r#""from":"server""#));
    assert!(reset.is_some_and(|reset| reset.contains(r#""purpose":"reset-of-call""#)), "{reset:?}");
}

/// All hosts stand in one picture. The call fails at the client's lifeline, and no segment leaves by it.
#[test]
fn a_call_that_fails_is_told_where_it_was_made() {
    let text = run("failed-call-in-wrong-ladder", &[]);
    let row = text.lines().position(|line| line.trim_start().starts_with("1.000 ")).expect("the call is told");
    let rows: Vec<&str> = text.lines().skip(row).take(3).collect();
    let words = rows.join(" ").replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.starts_with("1.000 connect connect: connection already exists"), "{text}");
    assert!(!rows.iter().any(|row| row.contains("SYN")), "{text}");
}

#[test]
fn a_keepalive_probe_is_one_whatever_others_send() {
    let ladder = run("keepalive-note-lost", &[]);
    let probes = lines_with(&ladder, "  keepalive");
    let all_of_them = ["10.", "15.", "20.", "25.", "30.", "35."];
    let told = |second: &&str| probes.iter().any(|line| line.trim_start().starts_with(*second));
    assert!(all_of_them.iter().filter(|second| told(second)).count() >= 3, "{ladder}");
    let trace = run("keepalive-note-lost", &["--format", "jsonl"]);
    let sent = lines_with(&trace, r#""purpose":"keepalive-probe""#);
    assert_eq!(sent.len(), probes.len(), "each probe is told as one");
}

/// Twenty thousand SYNs in one paragraph.
#[test]
fn a_flood_is_told_in_a_few_lines() {
    let text = run("flood-text", &["--handshake", "two-way", "--no-ladder", "--explain"]);
    let group = "1. 19,999 × a ghost connection at server:80, because of a forged segment: SYN to server:80";
    assert!(text.contains(group), "{text}");
    assert!(text.lines().count() < 100, "{} lines", text.lines().count());
}

#[test]
fn who_still_waits_is_told() {
    let text = run("who-waits", &["--no-ladder", "--explain"]);
    let (_, waits) = text.split_once("\nScripts that still wait at the end of the run\n").expect("they are told");
    let server = "server waits, too, since 0.150 s in step 2, `receive 101 B`: 100 B have come.";
    let client = "client:49152 → server:80 #1: waits since 0.100 s in step 3, `receive 100 B`: nothing has come";
    assert!(waits.contains(server) && waits.contains(client), "{text}");
    assert_eq!(lines_with(waits, "Nothing is on its way between them.").len(), 1, "{text}");
    let why = run("who-waits", &["--why", "60 s"]);
    let told = "server: its script still waits in step 2, `receive 101 B`, for octets: 100 have come";
    assert!(lines_with(&why, told).len() == 1 && why.contains("its application calls receive 100 B"), "{why}");
}

#[test]
fn a_full_table_is_told_with_its_load() {
    let text = run("time-wait-table-full", &["--no-ladder", "--explain"]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("To blame: the full TIME-WAIT table of client (1 in it, full since "), "{text}");
}

#[test]
fn workers_that_are_all_busy_have_the_blame() {
    let text = run("too-few-workers-for-a-close", &["--no-ladder", "--explain"]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("To blame: the busy worker of server:80 (busy since 0.150 s) at 0.170 s."), "{text}");
}

/// What keeps a client waiting may change, and what it waits for.
#[test]
fn a_wait_is_charged_to_what_is_in_the_way() {
    let told = |name: &str| run(name, &["--no-ladder", "--explain", "--all"]);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = words(&told("wait-in-line"));
    let shares = "To blame for 97.8 client·s: the crash of dead at 0.500 s. For 2 client·s only useful connections were in its \
                  way.";
    assert!(text.contains(shares) && text.contains("Then a crash ended the wait."), "{text}");
    let text = words(&told("wait-refused-anew"));
    let shares = "To blame for 1 client·s: a forged segment: SYN 0 as if from third:6000, came at 0.500. For 18.4 client·s only \
                  useful connections were in its way.";
    assert!(text.contains(shares), "{text}");
    let text = words(&told("wait-for-another-queue"));
    let refused = "Then it was refused for want of something else.";
    let [queue, backlog] = ["accept queue", "SYN backlog"].map(|place| format!("place in the {place}"));
    assert!(text.contains(&queue) && text.contains(&backlog) && text.contains(refused), "{text}");
}

#[test]
fn overload_is_told_as_that() {
    let text = run("too-few-workers", &["--no-ladder", "--explain"]);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for told in [
        "waits at server:80 for a place in the accept queue",
        "There are 128 places in the accept queue;",
        "waits at server:80 for a worker",
        "There are 4 workers;",
        "At least one client waited all the time from",
        "No client was turned away.",
    ] {
        assert!(words.contains(told), "{told}\n{text}");
    }
    // 100 a second, each for some 60 ms, at 4 workers.
    let (_, load) = words.split_once("4 workers;").and_then(|(_, rest)| rest.split_once("a load of ")).unwrap();
    let load: f64 = load.split_once(" %").unwrap().0.parse().unwrap();
    assert!((145.0..160.0).contains(&load), "{load}\n{text}");
    let text = run("overload-blames-delay", &["--no-ladder", "--explain", "--until", "20 s"]);
    assert!(
        text.contains("because of the full accept queue of server:80") && !text.contains("a delayed segment"),
        "{text}"
    );
}
