//! What many runs say together, with intervals, and when there are enough.

use std::fs;

use expect_test::expect;
use serde_json::Value;

use crate::{FILE, RUNS, Study, column, objects};

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
        three-way   0.3         0s                   3               0.8 ± 1.2         36 ± 11
        same        0.3         0s                   3               0.8 ± 1.2         36 ± 11
        three-way   0.3         100ms                3               0.9 ± 1.2         36 ± 11
        same        0.3         100ms                3               0.9 ± 1.2         36 ± 11
        three-way   0.3         200ms                3               0.9 ± 1.2         36 ± 11
        same        0.3         200ms                3               0.9 ± 1.2         36 ± 11

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
                 (this is wrong), found max(segments.lost) = ";
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
