//! `synlab sweep`: what its rows are, and that nothing but the plan decides them.

use std::collections::BTreeSet;
use std::fs;

use assert_cmd::cargo::cargo_bin_cmd;
use expect_test::expect;
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

#[test]
fn a_row_says_what_was_run_and_what_it_came_to() {
    let study = Study::new();
    let rows = objects(&study.rows(&[]));
    assert_eq!(rows.len(), RUNS);
    let row = &rows[1];
    assert_eq!(row["plan"].as_str().map(str::len), Some(32));
    assert_eq!(
        (&row["file"], &row["handshake"], &row["teardown"]),
        (&"test.toml".into(), &"three-way".into(), &"rfc9293".into())
    );
    assert_eq!(
        (&row["replication"], &row["link.loss"], &row["link.fault.1.delay"]),
        (&1.into(), &0.into(), &"0s".into())
    );
    assert_eq!((&row["error"], row["digest"].as_str().map(str::len)), (&Value::Null, Some(32)));
    assert_eq!((&row["client.attempts.opened"], &row["server.crashes"]), (&4.into(), &2.into()));
    // A row can be run by itself.
    let row = rows.last().unwrap();
    let (seed, loss, delay) = (row["seed"].to_string(), "link.loss=0.3", "link.fault.1.delay=200ms");
    let run =
        ["run", "test.toml", "--handshake", "same", "--set", loss, "--set", delay, "--seed", &seed, "--format", "json"];
    let run: Value = serde_json::from_str(&study.synlab(&run).0).unwrap();
    assert_eq!((&run["digest"], &run["metrics"]["segments.sent"]), (&row["digest"], &row["segments.sent"]));
}

#[test]
fn points_come_with_the_last_axis_fastest_then_variants_then_replications() {
    let rows = objects(&Study::new().rows(&[]));
    assert_eq!(column(&rows, "replication")[..7], ["0", "1", "2", "0", "1", "2", "0"]);
    assert_eq!(
        column(&rows, "handshake")[..7],
        ["three-way", "three-way", "three-way", "same", "same", "same", "three-way"]
    );
    let each = |name| column(&rows.iter().step_by(6).cloned().collect::<Vec<_>>(), name);
    assert_eq!(each("link.loss"), ["0", "0", "0", "0.3", "0.3", "0.3"]);
    assert_eq!(each("link.fault.1.delay"), ["0s", "100ms", "200ms", "0s", "100ms", "200ms"]);

    let zipped = Study::changed("[sweep]\n", "[sweep]\nzip = true\n");
    let zipped =
        objects(&zipped.rows(&["--set", "sweep.axis.1.values=[0, 0.1, 0.3]", "--set", "sweep.replications=1"]));
    assert_eq!(column(&zipped, "link.loss"), ["0", "0", "0.1", "0.1", "0.3", "0.3"]);
    assert_eq!(column(&zipped, "link.fault.1.delay"), ["0s", "0s", "100ms", "100ms", "200ms", "200ms"]);
}

#[test]
fn handshakes_can_be_an_axis() {
    let study = Study::changed(
        "key = \"link.loss\"\nvalues = [0, 0.3]",
        "key = \"handshake\"\nvalues = [\"two-way\", { name = \"mine\", base = \"three-way\", syn-ack-timer = false }]",
    );
    let rows = objects(&study.rows(&["--set", "sweep.replications=1"]));
    assert_eq!(column(&rows, "handshake"), ["two-way", "two-way", "two-way", "mine", "mine", "mine"]);
    assert_eq!(rows[0].as_object().unwrap().len(), objects(&Study::new().rows(&[]))[0].as_object().unwrap().len() - 1);
}

/// Common random numbers: what does not differ between two variants, or two points, is the same to the last record.
#[test]
fn all_variants_and_points_share_their_randomness() {
    let rows = objects(&Study::new().rows(&[]));
    for pair in rows.chunks(6) {
        assert_eq!(column(&pair[..3], "digest"), column(&pair[3..], "digest"));
        assert_eq!(column(pair, "seed"), column(&rows[..6], "seed"));
    }
    let seeds = column(&rows[..3], "seed");
    assert_eq!(seeds[0], "5", "the first replication has the file's seed");
    assert_eq!(seeds.iter().collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(column(&rows[18..], "digest").iter().collect::<BTreeSet<_>>().len(), 9, "with loss every seed tells");
    let other = objects(&Study::new().rows(&["--seed", "6"]));
    assert_eq!(other[0]["seed"], 6);
    assert!(column(&other[1..3], "seed").iter().all(|seed| !seeds.contains(seed)));
}

#[test]
fn neither_threads_nor_the_queue_decide_anything() {
    let study = Study::new();
    for format in [&["--format", "jsonl"][..], &["--format", "csv"], &["--format", "csv", "--long"]] {
        let rows = |more: &[&str]| study.rows(&[format, more].concat());
        let one = rows(&["--threads", "1"]);
        for threads in ["2", "8"] {
            assert_eq!(rows(&["--threads", threads]), one, "{threads} threads, {format:?}");
        }
        assert_eq!(rows(&["--queue", "reference"]), one);
    }
}

#[test]
fn shards_one_after_the_other_are_the_whole() {
    let study = Study::new();
    for format in [&["--format", "jsonl"][..], &["--format", "csv"], &["--format", "jsonl", "--long"]] {
        for shards in [1, 3, 7] {
            let shard = |part: i32| study.rows(&[format, &["--shard", &format!("{part}/{shards}")]].concat());
            assert_eq!((1..=shards).map(shard).collect::<String>(), study.rows(format), "{shards} shards, {format:?}");
        }
    }
    let rows = objects(&study.rows(&["--shard", "2/4"]));
    assert_eq!(rows.len() % 6, 0, "a point stays whole");
}

#[test]
fn a_sweep_that_was_cut_off_goes_on_as_if_it_had_not_been() {
    let study = Study::new();
    for (name, format) in
        [("a.jsonl", &[][..]), ("b.csv", &[]), ("c.jsonl", &["--long"]), ("d.csv", &["--shard", "2/2"])]
    {
        let write = |more: &[&str]| {
            let (out, err, code) = study.sweep(&[&["-o", name], format, more].concat());
            assert_eq!(code, Some(0), "{err}");
            (out, err)
        };
        let (summary, _) = write(&[]);
        let whole = study.read(name);
        let half = whole.len() / 2;
        let line = half + whole[half..].find('\n').unwrap() + 1;
        for cut in [3, half, line, whole.len() - 1, whole.len()] {
            fs::write(study.path(name), &whole[..cut]).unwrap();
            let (again, note) = write(&["--resume"]);
            assert_eq!((study.read(name) == whole, &again), (true, &summary), "{name} cut at {cut}");
            let kept = whole[..cut].lines().count();
            assert!(
                kept < 3 || note.starts_with(&format!("{name}: ")) && note.ends_with(" runs are there already\n"),
                "{note}"
            );
        }
        fs::remove_file(study.path(name)).unwrap();
        write(&["--resume"]);
        assert!(study.read(name) == whole, "{name} from nothing");
    }
}

#[test]
fn only_rows_of_the_same_plan_are_gone_on_with() {
    let study = Study::new();
    study.sweep(&["-o", "rows.jsonl"]);
    let rows = study.read("rows.jsonl");
    let another = "the rows are of another plan: its file, --set, --seed or --until, the format or the version differ";
    for (arguments, why) in [
        (&["--seed", "6"][..], another),
        (&["--until", "30s"], another),
        (&["--set", "link.delay=51ms"], another),
        (&["--format", "csv"], another),
        (&["--check"], another),
        (&["--shard", "2/2"], "the row is of this plan, but another belongs here: another shard?"),
    ] {
        let (out, err, code) = study.sweep(&[&["-o", "rows.jsonl", "--resume"], arguments].concat());
        let message =
            format!("error: cannot resume rows.jsonl: line 1: {why}; without --resume the file is overwritten\n");
        assert_eq!((out.as_str(), err.as_str(), code), ("", message.as_str(), Some(2)), "{arguments:?}");
        assert_eq!(study.read("rows.jsonl"), rows);
    }
    let resume = || study.sweep(&["-o", "rows.jsonl", "--resume", "--quiet"]);
    for (there, why) in [
        ("notes".to_owned(), ": line 1: this is no row of a sweep; without --resume the file is overwritten\n"),
        (format!("{rows}{rows}"), ":37: there is more than the rows of the plan\n"),
        (rows.replacen("\"segments.sent\"", "\"segments.went\"", 1), ":1: the row is damaged\n"),
    ] {
        fs::write(study.path("rows.jsonl"), &there).unwrap();
        let (_, err, code) = resume();
        assert!(err.ends_with(why) && code == Some(2), "{err}");
        assert_eq!(study.read("rows.jsonl"), there);
    }
    fs::write(study.path("rows.jsonl"), "old").unwrap();
    assert_eq!(study.sweep(&["-o", "rows.jsonl", "--quiet"]), (String::new(), String::new(), Some(0)));
    assert_eq!(study.read("rows.jsonl"), rows, "without --resume it is overwritten");
    // What only explains does not make it another plan.
    fs::write(study.path("test.toml"), format!("# A comment.\n{}", FILE.replace("What does", "What would"))).unwrap();
    assert_eq!(resume(), (String::new(), String::new(), Some(0)));
}

/// Whoever ends a sweep keeps what is done, in whole rows, wherever they go.
#[cfg(unix)]
#[test]
fn a_sweep_that_is_interrupted_leaves_whole_rows() {
    for to_file in [true, false] {
        let study = Study::new();
        let mut synlab = std::process::Command::new(assert_cmd::cargo::cargo_bin!("synlab"));
        synlab.current_dir(study.directory.path());
        synlab.args(["sweep", "test.toml", "--quiet", "--set", "sweep.replications=20000"]);
        if to_file {
            synlab.args(["-o", "rows.jsonl"]);
        } else {
            synlab.stdout(fs::File::create(study.path("rows.jsonl")).unwrap());
        }
        let mut child = synlab.spawn().unwrap();
        let size = || fs::metadata(study.path("rows.jsonl")).map_or(0, |metadata| metadata.len());
        while size() < 100_000 {
            assert_eq!(child.try_wait().unwrap(), None, "it runs until it is told to end");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let rows = study.read("rows.jsonl");
        assert!(rows.ends_with("}\n"));
        let is_in_order = |(place, row): (usize, &Value)| row["replication"] == place / 40 * 20 + place % 20;
        assert!(objects(&rows).iter().enumerate().all(is_in_order));
    }
}

/// A profile is what its file says, also if only an axis names it.
#[test]
fn a_changed_profile_makes_another_plan() {
    let axis = "key = \"link.loss\"\nvalues = [0, 0.3]";
    let study = Study::changed(axis, "key = \"server.profile\"\nvalues = [\"linux\", \"own.toml\"]");
    let linux = include_str!("../configs/profiles/linux.toml");
    fs::write(study.path("own.toml"), linux).unwrap();
    let resume = || study.sweep(&["-o", "rows.jsonl", "--resume", "--quiet", "--check"]);
    assert_eq!((resume().2, resume().2), (Some(0), Some(0)));
    assert!(linux.contains("\ntime-wait = \"60s\""));
    fs::write(study.path("own.toml"), linux.replace("\ntime-wait = \"60s\"", "\ntime-wait = \"61s\"")).unwrap();
    let (_, err, code) = resume();
    assert!(err.contains("the rows are of another plan") && code == Some(2), "{err}");
}

#[test]
fn csv_has_a_column_for_each_key_of_a_line_of_json() {
    let study = Study::new();
    let objects = objects(&study.rows(&[]));
    let csv = study.rows(&["--format", "csv"]);
    let names: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    assert_eq!(
        names.iter().copied().collect::<BTreeSet<_>>(),
        objects[0].as_object().unwrap().keys().map(String::as_str).collect()
    );
    assert!(csv.lines().next().unwrap().starts_with(
        "plan,file,handshake,teardown,seed,replication,link.loss,link.fault.1.delay,digest,error,client."
    ));
    for (line, object) in csv.lines().skip(1).zip(&objects) {
        for (name, cell) in names.iter().zip(line.split(',')) {
            let value = &object[*name];
            let text = value.as_str().map_or_else(|| value.to_string().replace("null", ""), str::to_owned);
            assert!(*name == "plan" || text == cell, "{name}: {text} {cell}");
        }
    }
}

#[test]
fn long_rows_have_one_metric_each() {
    let study = Study::new();
    let wide = objects(&study.rows(&["--check"]));
    let long = objects(&study.rows(&["--check", "--long"]));
    let metrics = wide[0].as_object().unwrap().len() - 10;
    assert_eq!(long.len(), wide.len() * metrics);
    for row in &long[..metrics] {
        assert_eq!(row["value"], wide[0][row["metric"].as_str().unwrap()]);
        assert_eq!(row["digest"], wide[0]["digest"]);
    }
}

#[test]
fn a_summary_has_means_with_their_intervals_and_what_variants_differ_by() {
    let study = Study::changed("[sweep]\n", "[sweep]\nmetrics = [\"setup.seconds.mean\", \"segments.sent\"]\n");
    let (out, err, code) = study.sweep(&["-o", "rows.csv"]);
    assert_eq!((err.as_str(), code), ("", Some(0)));
    expect![[r#"
        test: What does loss cost?
        36 runs: 2 variants × 6 points, 3 replications, intervals of 95 % confidence; seed 5, the same network for every variant and point

        variant     link.loss   link.fault.1.delay   runs   setup.seconds.mean   segments.sent
        ────────────────────────────────────────────────────────────────────────────────────────
        three-way   0           0s                   3           always 0.0875       always 20
        same        0           0s                   3           always 0.0875       always 20
        three-way   0           100ms                3           always 0.1125       always 20
        same        0           100ms                3           always 0.1125       always 20
        three-way   0           200ms                3           always 0.1375       always 20
        same        0           200ms                3           always 0.1375       always 20
        three-way   0.3         0s                   3               0.8 ± 1.2      35.3 ± 8.0
        same        0.3         0s                   3               0.8 ± 1.2      35.3 ± 8.0
        three-way   0.3         100ms                3               0.9 ± 1.2      35.3 ± 8.0
        same        0.3         100ms                3               0.9 ± 1.2      35.3 ± 8.0
        three-way   0.3         200ms                3               0.9 ± 1.2      35.3 ± 8.0
        same        0.3         200ms                3               0.9 ± 1.2      35.3 ± 8.0

        Differences from three-way, replication by replication. ×: how many times as wide the interval would be
        if each variant had a randomness of its own. unsupported: the interval covers zero.

        variant   link.loss   link.fault.1.delay   setup.seconds.mean   segments.sent
        ───────────────────────────────────────────────────────────────────────────────
        same      0           0s                             the same        the same
        same      0           100ms                          the same        the same
        same      0           200ms                          the same        the same
        same      0.3         0s                             the same        the same
        same      0.3         100ms                          the same        the same
        same      0.3         200ms                          the same        the same
    "#]]
    .assert_eq(&out);
    let (out, _, _) = study.sweep(&["-o", "rows.csv", "--rows", "1"]);
    assert!(out.ends_with("\n… 11 more lines are left out\n"), "{out}");
    assert_eq!(study.sweep(&["-o", "rows.csv", "--quiet"]).0, "");
    assert!(study.sweep(&["-o", "-"]).0.starts_with("{\"plan\":"));
}

/// One run of a sweep may fail; the others are none the worse for it.
#[test]
fn a_run_that_fails_is_a_row_with_its_error() {
    let study = endless();
    let (out, err, code) = study.sweep(&[]);
    assert_eq!(code, Some(1));
    let rows = objects(&out);
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["client.script"][1], "repeat");
    assert!(rows[0]["error"].as_str().unwrap().starts_with("time does not move on from "), "{out}");
    assert_eq!((&rows[0]["digest"], &rows[0]["segments.sent"]), (&Value::Null, &Value::Null));
    assert!(rows[1]["error"].is_null() && rows[1]["segments.sent"].is_number());
    let first = "client.script = [\"connect server:81\",\"repeat\"], three-way, replication 0 (seed 5): time does not";
    assert!(err.starts_with(&format!("1 of 2 runs failed; the first of this time is {first}")), "{err}");
    let (summary, _, code) = study.sweep(&["-o", "rows.csv"]);
    assert!(summary.contains("   runs   errors   ") && code == Some(1), "{summary}");
    let (again, err, code) = study.sweep(&["-o", "rows.csv", "--resume"]);
    assert_eq!((again, code), (summary, Some(1)), "what failed before counts");
    assert_eq!(err, "rows.csv: 2 of 2 runs are there already\n1 of 2 runs failed\n");
}

/// A sweep of two runs of which the first never ends.
fn endless() -> Study {
    let axes = &FILE[FILE.find("replications").unwrap()..];
    let study = Study::changed(
        axes,
        "[[sweep.axis]]\nkey = \"client.script\"\nvalues = [[\"connect server:81\", \"repeat\"], [\"connect\", \"close\"]]",
    );
    let text = study.read("test.toml").replace("\"50ms\"", "\"0s\"");
    fs::write(study.path("test.toml"), text.replace(", { name = \"same\", base = \"three-way\" }", "")).unwrap();
    study
}

#[test]
fn a_combination_that_cannot_be_is_a_row_with_its_error() {
    let axes = "key = \"server.crash.1.for\"\nvalues = [\"1s\", \"20s\"]\n[[sweep.axis]]\nkey = \"server.crash.2.at\"\nvalues = [\"50s\", \"2min\"]";
    let study = Study::changed("key = \"link.loss\"\nvalues = [0, 0.3]", axes);
    let (out, err, code) = study.sweep(&["--set", "sweep.replications=1", "--format", "csv"]);
    assert_eq!(code, Some(1), "{err}");
    let failed: Vec<&str> =
        out.lines().skip(1).filter(|line| line.contains(",,\"test.toml:") || line.contains(",,test.toml:")).collect();
    assert_eq!((failed.len(), out.lines().count()), (6, 25), "{out}");
    assert!(failed.iter().all(|line| line.contains(",20s,50s,")), "{failed:?}");
    assert!(
        err.starts_with(
            "6 of 24 runs failed; the first of this time is server.crash.1.for = 20s, server.crash.2.at = 50s, "
        ),
        "{err}"
    );
}

#[test]
fn a_mistake_is_named_with_its_place() {
    let axis = "values = [0, 0.3]";
    for (from, to, message) in [
        ("replications = 3", "replications = 0", "25:16: error: expected 1 or more, found 0: nothing would run"),
        ("replications = 3", "replication = 3", "25:1: error: unknown key `replication`"),
        (
            "replications = 3",
            "zip = true",
            "32:7: error: zipped axes have as many values each: `link.loss` has 2, `link.fault.1.delay` has 3",
        ),
        ("replications = 3", "metrics = [\"segments.snet\"]", "25:13: error: unknown metric `segments.snet`"),
        ("replications = 3", "metrics = [\"setup.seconds\"]", "25:13: error: unknown metric `setup.seconds`"),
        ("replications = 3", "metrics = [\"p9(segments.sent)\"]", "25:13: error: unknown function `p9`"),
        (
            "replications = 3",
            "metrics = [\"mean(same:segments.sent)\"]",
            "25:13: error: a measure is of the runs of one variant",
        ),
        ("replications = 3", "metrics = [\"mean(segments.sent) + 1\"]", "25:33: error: expected the end, found `+`"),
        (
            "replications = 3",
            "metrics = [\"segments.sent > \"]",
            "25:29: error: expected a metric or a number, found the end",
        ),
        (
            "replications = 3",
            "metrics = [\"segments.sent\", \"segments.sent\"]",
            "25:29: error: `segments.sent` is listed twice",
        ),
        (
            "replications = 3",
            "replications = { until = \"2\" }",
            "25:26: error: expected a part of the whole, such as \"2 %\" or 0.02: above 0 and below 1, found the string \"2\"",
        ),
        ("replications = 3", "replications = { until = 0.02, at_most = 9 }", "25:32: error: unknown key `at_most`"),
        ("replications = 3", "replications = { at-most = 9 }", "25:16: error: missing key `until`"),
        (
            "replications = 3",
            "replications = { until = 0.02, at-least = 30, at-most = 20 }",
            "25:43: error: at least 30 replications, and at most 20",
        ),
        (
            "replications = 3",
            "replications = { until = 0.02, of = [\"segments.lost\"] }",
            "25:38: error: `metrics` does not list `segments.lost`",
        ),
        (
            "replications = 3",
            "confidence = 95",
            "25:14: error: expected a part of the whole, such as \"2 %\" or 0.02: above 0 and below 1, found the number 95",
        ),
        (
            "replications = 3",
            "expect = [{ that = \"segments.sent > 0\", at = { \"link.los\" = 0 } }]",
            "25:48: error: the sweep has no axis `link.los`",
        ),
        (
            "replications = 3",
            "expect = [{ that = \"segments.sent > 0\", at = { link.loss = 0.2 } }]",
            "25:60: error: `link.loss` never has this value, so this is never checked",
        ),
        (
            "replications = 3",
            "expect = [{ that = \"share(segments.sent) > 0\" }]",
            "25:40: error: expected a comparison: `==`, `!=`, `<`, `<=`, `>` or `>=`, found `)`",
        ),
        ("replications = 3", "metrics = []", "25:11: error: the list of metrics is empty"),
        ("replications = 3", "check = { value = 2 }", "25:11: error: unknown key `value`"),
        ("\"link.loss\"", "\"link.los\"", "28:13: error: unknown key `los`"),
        ("\"link.loss\"", "\"lnk.loss\"", "28:8: error: unknown key `lnk`"),
        (
            "\"link.loss\"",
            "\"link..loss\"",
            "28:13: error: not a key: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`",
        ),
        ("\"link.loss\"", "\"link.fault.2.delay\"", "28:19: error: `fault` has no entry 2: it has 1, counted from 1"),
        (
            "\"link.loss\"",
            "\"link.fault.1.delay\"",
            "32:7: error: `link.fault.1.delay` is varied by another axis already",
        ),
        ("\"link.loss\"", "\"seed\"", "28:7: error: a sweep cannot vary `seed`"),
        ("\"link.loss\"", "\"handshake.1\"", "28:7: error: the names of the handshakes stay the same over a sweep"),
        (axis, "values = []", "29:10: error: the list of values is empty"),
        (axis, "values = 3", "29:10: error: expected a list, found the number 3"),
        (axis, "values = [0, 0]", "29:14: error: the value is listed twice"),
        (axis, "values = [0, 2]", "29:14: error: expected a probability from 0 to 1, found the number 2"),
        (axis, "values = [0, \"x\"]", "29:14: error: "),
        (axis, "", "28:7: error: an axis needs one of `values`, `range` and `log-range`"),
        (
            axis,
            "values = [0]\nrange = { from = 0, to = 1, steps = 2 }",
            "30:1: error: an axis has one of `values`, `range` and `log-range`: here is `values` already",
        ),
        (
            axis,
            "range = { from = 0, to = 1, steps = 1 }",
            "29:37: error: a range has 2 to 10000 steps, both ends included",
        ),
        (
            axis,
            "range = { from = 0, to = 1, steps = 3 }",
            "29:9: error: no 3 whole numbers go from 0 to 1 at equal distances",
        ),
        (
            axis,
            "range = { from = 0, to = \"1s\", steps = 3 }",
            "29:9: error: one end of the range is a number, the other a duration",
        ),
        (
            axis,
            "range = { from = true, to = 1, steps = 3 }",
            "29:18: error: expected a number, a duration such as \"50ms\", or a rate such as \"20 / s\", found true",
        ),
        (
            axis,
            "log-range = { from = 0.0, to = 1.0, steps = 3 }",
            "29:13: error: the ends of a logarithmic range are above zero",
        ),
    ] {
        let study = Study::changed(from, to);
        let (out, err, code) = study.sweep(&["-o", "rows.jsonl"]);
        assert_eq!((out.as_str(), code), ("", Some(2)), "{to}: {err}");
        assert!(err.starts_with(&format!("test.toml:{message}")), "{to}: {err}");
        assert!(!fs::exists(study.path("rows.jsonl")).unwrap(), "{to}: nothing is begun");
    }
    let study = Study::new();
    for (arguments, message) in [
        (
            &["--set", "link.loss=0.1"][..],
            "--set link.loss:1:6: error: the sweep varies `link.loss`, and this would undo it",
        ),
        (&["--resume"], "error: the following required arguments were not provided:"),
        (
            &["--shard", "0/3"],
            "error: invalid value '0/3' for '--shard <I/N>': expected I/N, as in 1/4: the first of four parts",
        ),
        (&["--shard", "4/3"], "error: invalid value '4/3'"),
        (&["--threads", "0"], "error: invalid value '0'"),
    ] {
        let (_, err, code) = study.sweep(arguments);
        assert!(err.starts_with(message) && code == Some(2), "{arguments:?}: {err}");
    }
    let (_, err, code) = study.synlab(&["sweep", "stale-syn"]);
    assert!(
        err.starts_with("configs/cases/stale-syn.toml: error: the experiment has no [sweep]\n") && code == Some(2),
        "{err}"
    );
}

/// Other commands take the values of the file, and know what is wrong with the sweep.
#[test]
fn verify_runs_the_small_plan() {
    let study = Study::new();
    let (out, err, code) = study.synlab(&["verify", "test.toml"]);
    assert_eq!((err.as_str(), code), ("", Some(0)));
    assert_eq!(
        out,
        "ok     test.toml: nothing expected, 2 variants, 8 runs of its sweep\n1 experiment: 1 hold, 0 do not\n"
    );
    assert_eq!(study.synlab(&["run", "test.toml", "--quiet"]).2, Some(0));
    assert_eq!(study.synlab(&["verify", "setup-time-under-loss"]).2, Some(0));
    let (out, _, code) = endless().synlab(&["verify", "test.toml"]);
    assert_eq!(code, Some(1));
    let failure = "client.script = [\"connect server:81\",\"repeat\"], three-way, replication 0 (seed 5): time does";
    assert!(out.contains(failure), "{out}");
    assert!(
        out.starts_with("FAIL   test.toml: nothing expected, 1 variant, 1 of 2 runs of its sweep failed\n"),
        "{out}"
    );
}

/// As `FILE`, until its precision is enough: a point without loss needs no more than the fewest.
fn until_precise() -> Study {
    let text = FILE
        .replace("replications = 3", "replications = { until = \"5 %\", at-most = 90, of = [\"segments.sent\"] }")
        .replace(
            "[sweep]\n",
            "[sweep]\nmetrics = [\"segments.sent\", \"segments.wasted > 0\", \"p90(setup.seconds)\"]\n",
        )
        .replace(", { name = \"same\", base = \"three-way\" }", ", \"two-way\"")
        .replace("steps = 3", "steps = 2");
    let study = Study::new();
    fs::write(study.path("test.toml"), text).unwrap();
    study
}

#[test]
fn a_sweep_stops_when_it_is_precise_enough() {
    let study = until_precise();
    let rows = objects(&study.rows(&[]));
    let runs = |loss: f64, variant: &str| {
        let of_group = |row: &&Value| {
            row["link.loss"].as_f64() == Some(loss) && row["handshake"] == variant && row["link.fault.1.delay"] == "0s"
        };
        rows.iter().filter(of_group).collect::<Vec<_>>()
    };
    assert_eq!(runs(0.0, "two-way").len(), 20, "what never varies takes the fewest");
    let (two, three) = (runs(0.3, "two-way"), runs(0.3, "three-way"));
    assert_eq!(two.len(), three.len(), "variants are compared in pairs");
    assert!(two.len() % 20 == 0 && two.len() > 20 && two.len() < 90, "{}", two.len());
    // It is precise then and was not one batch before, as one variant at least shows.
    let precision = |rows: &[&Value]| {
        let mut sample = experiment::Sample::default();
        rows.iter().for_each(|row| sample.add(row["segments.sent"].as_f64().unwrap()));
        let estimate = sample.estimate(0.95);
        estimate.half_width().unwrap() / estimate.value.unwrap()
    };
    let before = two.len() - 20;
    assert!(precision(&two) <= 0.05 && precision(&three) <= 0.05);
    assert!(precision(&two[..before]) > 0.05 || precision(&three[..before]) > 0.05);
    // Batch by batch, in each variant by variant.
    let order = column(&rows[..60], "replication");
    assert_eq!((order[0].as_str(), order[19].as_str(), order[20].as_str(), order[40].as_str()), ("0", "19", "0", "0"));
    let (summary, _, _) = study.sweep(&["-o", "rows.csv"]);
    assert!(summary.contains(", replications until ±5 %, at most 90, intervals of 95 % confidence;"), "{summary}");
    let never = Study::changed("replications = 3", "replications = { until = 0.01, at-most = 30 }");
    assert_eq!(objects(&never.rows(&[])).len(), RUNS / 3 * 30, "nothing is wasted: of zero there is no part");
}

#[test]
fn where_a_sweep_stops_does_not_depend_on_how_it_is_run() {
    let study = until_precise();
    for format in [&["--format", "jsonl"][..], &["--format", "csv"], &["--format", "csv", "--long"]] {
        let rows = |more: &[&str]| study.rows(&[format, more].concat());
        let one = rows(&["--threads", "1"]);
        for threads in ["2", "8"] {
            assert!(rows(&["--threads", threads]) == one, "{threads} threads, {format:?}");
        }
        let shard = |part: i32| rows(&["--shard", &format!("{part}/3")]);
        assert!((1..=3).map(shard).collect::<String>() == one, "3 shards, {format:?}");
        fs::write(study.path("rows"), &one).unwrap();
        let whole = study.sweep(&[&["-o", "rows", "--resume"], format].concat());
        assert_eq!((study.read("rows") == one, whole.2), (true, Some(0)), "{}", whole.1);
        for part in [1, 5, 8] {
            // In the middle of a line, wherever that is.
            fs::write(study.path("rows"), &one[..one.len() * part / 9 + 1]).unwrap();
            let (summary, _, code) = study.sweep(&[&["-o", "rows", "--resume", "--threads", "2"], format].concat());
            assert!(study.read("rows") == one && code == Some(0), "cut at {part}/9, {format:?}");
            assert_eq!(summary, whole.0, "the rows that were there count as those of this time");
        }
    }
}

/// A sweep with a group in which everything is known beforehand.
#[test]
fn what_is_expected_of_groups_is_judged() {
    let expected = r#"
[[sweep.expect]]
that = "setup.seconds.mean == 0.0875 s"
at = { "link.loss" = 0.0, link.fault.1.delay = "0s" }
[[sweep.expect]]
that = "share(segments.lost > 0) == same:share(segments.lost > 0) and p90(setup.seconds) >= 50 ms"
handshake = "three-way"
[[sweep.expect]]
that = "max(segments.lost) == 0"
because = "this is wrong"
"#;
    let study = Study::new();
    fs::write(study.path("test.toml"), format!("{FILE}{expected}")).unwrap();
    let (out, err, code) = study.sweep(&["-o", "rows.csv"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(out.ends_with("\n20 expectations of the sweep: 6 do not hold\n"), "{out}");
    let first = "line 42, link.loss = 0.3, link.fault.1.delay = 0s, three-way: expected max(segments.lost) == 0 \
                 (this is wrong), measured max(segments.lost) = ";
    assert!(err.starts_with(first) && err.ends_with("\n6 of 20 expectations do not hold\n"), "{err}");
    assert_eq!(err.lines().count(), 7);
    let (out, _, code) = study.synlab(&["verify", "test.toml"]);
    assert_eq!(code, Some(1));
    // Two values of each axis, two variants.
    assert!(out.starts_with("FAIL   test.toml: 4 of 14 expectations, 2 variants, 8 runs of its sweep\n"), "{out}");
}

#[test]
fn the_summary_is_there_for_programs_too() {
    let study = until_precise();
    let (out, err, code) = study.sweep(&["-o", "rows.csv", "--summary", "jsonl"]);
    assert_eq!((err.as_str(), code), ("", Some(0)));
    let lines = objects(&out);
    assert_eq!(lines.len(), 4 * 2 * 3, "a line for each measure of each variant at each point");
    let rows = objects(&study.rows(&[]));
    let of_group = |row: &&Value| row["link.loss"] == 0.3 && row["link.fault.1.delay"] == "200ms";
    let sent = |variant: &str| {
        let of_variant = rows.iter().filter(of_group).filter(|row| row["handshake"] == variant);
        of_variant.map(|row| row["segments.sent"].as_f64().unwrap()).collect::<Vec<_>>()
    };
    let estimate = |values: &mut dyn Iterator<Item = f64>| {
        let mut sample = experiment::Sample::default();
        values.for_each(|value| sample.add(value));
        sample.estimate(0.95)
    };
    let line = lines.iter().filter(of_group).find(|line| line["handshake"] == "two-way").unwrap();
    let (two, three) = (sent("two-way"), sent("three-way"));
    let own = estimate(&mut two.iter().copied());
    assert_eq!((line["measure"].as_str(), line["runs"].as_u64()), (Some("segments.sent"), Some(two.len() as u64)));
    assert_eq!((line["estimate"]["value"].as_f64(), line["estimate"]["high"].as_f64()), (own.value, own.high));
    let pairs = estimate(&mut two.iter().zip(&three).map(|(two, three)| two - three));
    let difference = &line["difference"];
    assert_eq!((&difference["base"], difference["estimate"]["low"].as_f64()), (&"three-way".into(), pairs.low));
    let unpaired = difference["unpaired_half_width"].as_f64().unwrap();
    assert!(unpaired > pairs.half_width().unwrap(), "pairs tell more: {line}");
    assert!(lines[0]["difference"].is_null() && lines[2]["estimate"]["high"].is_number(), "{}", lines[2]);
}

/// What is said of all opens of all runs can be said again from the rows.
#[test]
fn rows_have_every_open_if_a_measure_is_about_them() {
    let study = until_precise();
    let row = &objects(&study.rows(&["--check"]))[0];
    let opens: Vec<(f64, u64)> = row["setup.seconds"]
        .as_str()
        .unwrap()
        .split(' ')
        .map(|part| part.split_once(':').unwrap())
        .map(|(seconds, times)| (seconds.parse().unwrap(), times.parse().unwrap()))
        .collect();
    assert_eq!(opens, [(0.05, 1), (0.1, 3)], "the first SYN takes no time here");
    let long = objects(&study.rows(&["--check", "--long"]));
    assert_eq!((&long[0]["setup.seconds"], &long[1]["setup.seconds"]), (&row["setup.seconds"], &Value::Null));
    assert!(objects(&Study::new().rows(&["--check"]))[0]["setup.seconds"].is_null(), "only then");
}
