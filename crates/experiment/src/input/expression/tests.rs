//! What expressions mean, and what is said of broken ones.

use super::*;

struct Known(Vec<String>);

impl Words for Known {
    fn reference(&self, prefix: &str) -> Result<Reference, (String, String)> {
        match prefix.split_once('/') {
            Some((handshake, teardown)) => Ok(Reference::Both(handshake.to_owned(), teardown.to_owned())),
            None if prefix == "two-way" => Ok(Reference::Handshake(prefix.to_owned())),
            None => Err((format!("unknown variant `{prefix}`"), String::new())),
        }
    }

    fn metrics(&self) -> &[String] {
        &self.0
    }
}

fn read(text: &str) -> Result<Expression, Fault> {
    parse(text, &Known(["a", "b", "a-b", "none", "x.y-z"].map(str::to_owned).to_vec()))
}

/// `a` is 6, `b` 2, `a-b` 100, `x.y-z` 0.3; another variant's are ten times that; `none` is empty.
fn judge(text: &str) -> (bool, String) {
    let expression = read(text).unwrap_or_else(|fault| panic!("{text}: {fault:?}"));
    expression.judge(&|reference, name| {
        let value = match name {
            "a" => 6.0,
            "b" => 2.0,
            "a-b" => 100.0,
            "x.y-z" => 0.3,
            _ => return None,
        };
        Some(if reference.is_some() { value * 10.0 } else { value })
    })
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
        ("b == 2 B", true),
        ("b * 5000 == 10 kB", true),
        ("1 KiB == 1024", true),
        ("1e3 == 1 kB", true),
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
        ("1 / 0 == 2 / 0", true),
        ("b- 1 == 1", true),
        ("0 / 0 == 0 / 0", false),
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
