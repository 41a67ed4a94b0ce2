//! What expressions mean, and what is said of broken ones.

use super::*;
use crate::input::measure::{Measure, MeasureKind};
use crate::{MetricInfo, Shown};

struct Known(Vec<MetricInfo>);

impl Words for Known {
    fn reference(&self, prefix: &str) -> Result<Reference, (String, String)> {
        match prefix.split_once('/') {
            Some((handshake, teardown)) => Ok(Reference::Both(handshake.to_owned(), teardown.to_owned())),
            None if prefix == "two-way" => Ok(Reference::Handshake(prefix.to_owned())),
            None => Err((format!("unknown variant `{prefix}`"), String::new())),
        }
    }

    fn metrics(&self) -> &[MetricInfo] {
        &self.0
    }
}

fn known() -> Known {
    let units = [
        ("a", "segments"),
        ("b", "entries"),
        ("a-b", "segments"),
        ("none", "segments"),
        ("x.y-z", "s"),
        ("o", "B"),
        ("os", "B·s"),
    ];
    Known(
        units
            .map(|(name, unit)| MetricInfo { name: name.to_owned(), unit, meaning: "", shown: Shown::Telling })
            .to_vec(),
    )
}

fn read(text: &str) -> Result<Expression, Fault> {
    parse(text, &known())
}

/// `a` is 6, `b` 2, `a-b` 100, `x.y-z` 0.3 s, `o` 2 B, `os` 600 B·s; `none` is empty.
fn value(name: &str) -> Option<f64> {
    Some(match name {
        "a" => 6.0,
        "b" => 2.0,
        "a-b" => 100.0,
        "x.y-z" => 0.3,
        "o" => 2.0,
        "os" => 600.0,
        _ => return None,
    })
}

/// Another variant's values are ten times as large.
fn judge(text: &str) -> (bool, String) {
    let expression = read(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
    expression.judge(&|reference, name| value(name).map(|value| if reference.is_some() { value * 10.0 } else { value }))
}

#[test]
fn holds_or_not() {
    for (text, holds) in [
        ("a == 6", true),
        ("a != 6", false),
        ("a == 6.1", false),
        ("a < 6", false),
        ("a <= 6", true),
        ("a > b", true),
        ("a >= 7", false),
        ("a-b == 100", true),
        ("a - b == 4", true),
        ("a + b * 3 == 12", true),
        ("(a + b) * 3 == 24", true),
        ("a / b / 3 == 1", true),
        ("a - b - 1 == 3", true),
        ("-a == -6", true),
        ("a == --6", true),
        ("a - -b == 8", true),
        ("0.1 + 0.2 == x.y-z", true),
        ("x.y-z < 0.1 + 0.2", false),
        ("x.y-z <= 0.1 + 0.2", true),
        ("x.y-z == 300 ms", true),
        ("x.y-z == \"0.3 s\"", true),
        ("x.y-z == '300000us'", true),
        ("x.y-z == 300000 µs", true),
        ("o == 2 B", true),
        ("o * 5000 == 10 kB", true),
        ("o == 2", true),
        ("o + 1 KiB == 1026", true),
        ("o < 1 kB + 1 B", true),
        ("x.y-z == 3 h - 10799.7 s", true),
        ("x.y-z * 2000 == os", true),
        ("os / o == 300 s", true),
        ("a * o == 12 B", true),
        ("a * 3 B == 18 B", true),
        ("x.y-z / 100 ms == 3", true),
        ("b * 5000 == 10 kB", true),
        ("a == 5.5 ± 0.5", true),
        ("a == 5.5 +- 0.4", false),
        ("a == b ± 2 * b", true),
        ("two-way:a == 60", true),
        ("two-way:a / b == 30", true),
        ("a/b == 3", true),
        ("x/y:a == 60", true),
        ("a / x/y:a == 0.1", true),
        ("none == null", true),
        ("none != null", false),
        ("a == null", false),
        ("a != null", true),
        ("none == 0", false),
        ("none != 0", false),
        ("none == none", false),
        ("none + 1 == null", true),
        ("a == 6 ± none", false),
        ("a == 6 and b == 2", true),
        ("a == 6 and b == 3", false),
        ("a / 0 == 1", false),
        ("a / 0 != 1", false),
        ("a / 0 > 1", false),
        ("a / 0 == a / 0", false),
        ("a == 6 ± (b - a)", false),
        ("a == 6 ± a / 0", false),
        ("b- 1 == 1", true),
    ] {
        assert_eq!(judge(text).0, holds, "{text}");
    }
}

#[test]
fn shows_what_was_measured() {
    for (text, actual) in [
        ("a == 6", "a = 6"),
        ("1 s < two-way:x.y-z", "two-way:x.y-z = 3"),
        ("a + b > none", "a + b = 8, none = null"),
        ("a > 1 and a < 9 and b == 2", "a = 6, b = 2"),
        ("(a / b) == 3", "(a / b) = 3"),
        ("a / 0 == 1", "a / 0 = not finite"),
        ("a == 6 ± b - a", "a = 6, b - a = -4"),
    ] {
        assert_eq!(judge(text).1, actual, "{text}");
    }
}

#[test]
fn faults_have_a_place() {
    for (text, range, message) in [
        ("", 0..0, "expected a metric or a number, found the end"),
        ("a", 1..1, "expected a comparison: `==`, `!=`, `<`, `<=`, `>` or `>=`, found the end"),
        ("a = 6", 2..3, "expected a comparison: `==`, `!=`, `<`, `<=`, `>` or `>=`, found `=`"),
        ("a == ", 5..5, "expected a metric or a number, found the end"),
        ("a == c", 5..6, "unknown metric `c`"),
        ("(a == 6", 3..4, "expected `)`, found `=`"),
        ("a == 6 b", 5..8, "unknown unit `b`: expected a duration's (s, ms, …) or a size's (B, kB, …)"),
        ("a == 1.2.3", 5..10, "`1.2.3` is not a number"),
        ("a == 1.2.3 s", 5..12, "a duration starts with a number, as in \"50ms\""),
        ("a == \"5\"", 6..7, "unknown unit ``: expected a duration's (s, ms, …) or a size's (B, kB, …)"),
        ("a == \"5 s", 5..6, "expected the closing quote of a duration or a size, found `\"`"),
        ("a < 6 ± 1", 2..8, "`±` goes with `==` only"),
        ("a == 6 ± -1", 10..12, "a tolerance cannot be negative"),
        ("a == 1e400", 5..10, "`1e400` is too large"),
        ("a == 6 and 0 / 0 == 0", 11..21, "this names no metric, so it says nothing of the run"),
        ("o == 200 s", 0..10, "the units do not fit: octets and seconds"),
        ("a == 1 s", 0..8, "the units do not fit: a number of things and seconds"),
        ("os == 1 s + o", 0..13, "the units do not fit: seconds and octets"),
        ("x.y-z == 1 s ± 1 B", 0..19, "the units do not fit: seconds and octets"),
        ("a < null", 2..8, "`null` is no number: compare it with `==` or `!=`"),
        ("four:a == 1", 0..4, "unknown variant `four`"),
        ("two-way:c == 1", 8..9, "unknown metric `c`"),
        ("a == 6 , b == 2", 7..8, "expected an operator, `and` or the end, found `,`"),
    ] {
        let fault = read(text).unwrap_err();
        assert_eq!((fault.range, fault.message.as_str()), (range, message), "{text}");
    }
    let deep = "(".repeat(100_000);
    assert!(read(&deep).unwrap_err().message.starts_with("nested too deeply"));
}

#[test]
fn a_measure_has_a_value_in_every_run() {
    use MeasureKind::{Mean, Opens, Quantile, Share};
    for (text, kind, expected) in [
        ("a", Mean, Some(6.0)),
        (" a + b * 2 ", Mean, Some(10.0)),
        ("mean(a / (b - 2))", Mean, None),
        ("none", Mean, None),
        ("a > 5 and b == 2", Share, Some(1.0)),
        ("share(x.y-z > 1 s)", Share, Some(0.0)),
        ("none > 1", Share, Some(0.0)),
        ("p50(a)", Quantile(0.5), Some(6.0)),
        ("p999( a - b )", Quantile(0.999), Some(4.0)),
        ("max(a)", Quantile(1.0), Some(6.0)),
        ("p99(setup.seconds)", Opens(0.99), None),
    ] {
        let measure = parse_measure(text, &known()).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
        assert_eq!((measure.kind(), measure.value(&value)), (kind, expected), "{text}");
        assert_eq!(measure.text(), text.trim());
    }
}

#[test]
fn a_broken_measure_has_a_place() {
    for (text, at, message) in [
        ("two-way:a", 0..9, "a measure is of the runs of one variant"),
        ("share(two-way:a > 1)", 0..20, "a measure is of the runs of one variant"),
        ("p9(a)", 0..2, "unknown function `p9`"),
        ("p00(a)", 0..3, "unknown function `p00`"),
        ("mean(a", 6..6, "expected `)`, found the end"),
        ("mean(a) + 1", 8..9, "expected the end, found `+`"),
        ("share(a)", 7..8, "expected a comparison: `==`, `!=`, `<`, `<=`, `>` or `>=`, found `)`"),
        ("mean(5)", 5..6, "this names no metric, so it says nothing of the run"),
        ("mean(o + x.y-z)", 5..14, "the units do not fit: octets and seconds"),
        (
            "a + max(b)",
            4..7,
            "this is of many runs, and here is one: it belongs in [[sweep.expect]] or `sweep.metrics`",
        ),
        ("setup.seconds", 0..13, "unknown metric `setup.seconds`"),
    ] {
        let fault = parse_measure(text, &known()).expect_err(text);
        assert_eq!((fault.range, fault.message.as_str()), (at, message), "{text}");
    }
}

#[test]
fn of_many_runs_a_metric_is_its_mean() {
    let text = "a < two-way:p90(b) and mean(a) == a and share(a > 1) == 1 and max(x.y-z) < 1 s";
    let (expression, measures) = parse_of_runs(text, &known()).expect("it is right");
    let texts: Vec<&str> = measures.iter().map(Measure::text).collect();
    assert_eq!(texts, ["a", "p90(b)", "mean(a)", "a", "share(a > 1)", "max(x.y-z)"]);
    let found = |reference: Option<&Reference>, name: &str| {
        let value = match name {
            "a" | "mean(a)" => 6.0,
            "p90(b)" => 2.0,
            "share(a > 1)" => 1.0,
            _ => 0.3,
        };
        Some(if reference.is_some() { value * 10.0 } else { value })
    };
    assert!(expression.judge(&found).0);
    let fault = parse_of_runs("a < mean(two-way:b)", &known()).expect_err("the variant is inside");
    assert_eq!(fault.help.as_deref(), Some("write the variant in front: VARIANT:mean(…)"));
    assert!(parse_of_runs("max(x.y-z) < 1 B", &known()).is_err(), "units are those of what is inside");
}
