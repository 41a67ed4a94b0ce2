//! What becomes of runs that fail, of mistakes in the file, and of the small plan.

use std::fs;

use serde_json::Value;

use crate::{FILE, Study, objects};

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
