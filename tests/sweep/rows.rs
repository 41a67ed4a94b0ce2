//! What rows are, and that nothing but the plan decides them.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::{FILE, RUNS, Study, column, objects};

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
    let linux = include_str!("../../configs/profiles/linux.toml");
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
