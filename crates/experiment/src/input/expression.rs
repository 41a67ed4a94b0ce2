//! The language of expectations: comparisons of sums of metrics.
//!
//! ```text
//! expression = comparison { "and" comparison }
//! comparison = sum ( "==" | "!=" | "<" | "<=" | ">" | ">=" ) sum     a == b ± c: the two differ by at most c
//! sum        = product { ( "+" | "-" ) product }
//! product    = factor { ( "*" | "/" ) factor }
//! factor     = "-" factor | "(" sum ")" | number | duration | size | "null" | [ variant ":" ] metric
//! ```
//!
//! A duration (`0.1 s`, `"100 ms"`) counts in seconds, a size (`10 kB`) in octets. `-` inside a word belongs to the
//! word, so a minus between two metrics has spaces. Values that differ by less than 1e-9 of the larger are equal, for
//! every comparison. Every comparison names a metric. Units must fit: seconds go with seconds and octets with octets, and a
//! bare number goes with anything. What is not finite (a division by zero) compares with nothing, not even by `!=`, and so
//! does a tolerance below zero. `x == null` asks whether a statistic is empty; an empty one compares with no number, not even
//! by `!=`.
//!
//! `two-way:server.ghost.seconds` reads the metric of another variant: that handshake with the same teardown, or
//! that teardown with the same handshake, or both as in `two-way/rfc1337:…`.
//!
//! Where many runs are spoken of, a metric stands for its mean over them, and there are functions, each of one variant's
//! runs: `mean(sum)`, `share(expression)` for the share of runs in which it holds, `p90(sum)` and the like for quantiles, up
//! to `max(sum)`. `p90(setup.seconds)` is over all opens of all runs.

mod of_runs;
mod parser;
mod quantity;
#[cfg(test)]
mod tests;

pub(super) use of_runs::{parse_measure, parse_of_runs};
pub(super) use parser::{Fault, Words, parse, parse_quantity};
use quantity::Unit;

/// Two values that differ by less than this, relative to the larger, are equal: metrics are sums of floats.
const EQUAL: f64 = 1e-9;

/// Another variant, relative to the one an expectation is judged for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Reference {
    Handshake(String),
    Teardown(String),
    Both(String, String),
}

/// Comparisons that must all hold.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Expression(Vec<Comparison>);

#[derive(Clone, PartialEq, Debug)]
struct Comparison {
    left: Side,
    operator: Operator,
    right: Side,
    tolerance: Option<Side>,
}

/// One side of a comparison, with its text for the report.
#[derive(Clone, PartialEq, Debug)]
struct Side {
    term: Term,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
}

#[derive(Clone, PartialEq, Debug)]
enum Term {
    Number(f64, Option<Unit>),
    Null,
    Metric(Option<Reference>, String, Unit),
    Negative(Box<Self>),
    Binary(Box<Self>, char, Box<Self>),
}

/// How the value of a metric is found: by the variant, if it is another one, and the name.
pub(super) type Lookup<'a> = &'a dyn Fn(Option<&Reference>, &str) -> Option<f64>;

/// A sum of metrics.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Quantity {
    term: Term,
    unit: Unit,
}

impl Quantity {
    /// The value; nothing if it is not finite.
    pub(super) fn value(&self, lookup: Lookup<'_>) -> Option<f64> {
        self.term.value(lookup).filter(|value| value.is_finite())
    }

    /// The value with its unit, to the nanosecond or as far as a float is certain; a dash for an empty statistic.
    pub(super) fn show(&self, lookup: Lookup<'_>) -> String {
        let Some(value) = self.value(lookup) else { return "–".to_owned() };
        let whole_digits = format!("{:.0}", value.abs()).len();
        let text = format!("{value:.*}", 15_usize.saturating_sub(whole_digits).min(9));
        let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        let text = if text == "-0" { "0" } else { text };
        match self.unit.symbol() {
            "" => text.to_owned(),
            unit => format!("{text} {unit}"),
        }
    }

    /// The other variants it reads.
    pub(super) fn references(&self) -> Vec<&Reference> {
        let mut found = Vec::new();
        self.term.references(&mut found);
        found
    }
}

impl Expression {
    /// Whether it holds, and the values of both sides of each comparison.
    pub(super) fn judge(&self, lookup: Lookup<'_>) -> (bool, String) {
        let mut passed = true;
        let mut shown: Vec<String> = Vec::new();
        for comparison in &self.0 {
            passed &= comparison.holds(lookup);
            for side in comparison.sides() {
                let value = match side.term.value(lookup) {
                    None => "null".to_owned(),
                    Some(value) if value.is_finite() => value.to_string(),
                    Some(_) => "not finite".to_owned(),
                };
                let line = format!("{} = {value}", side.text);
                if side.term.is_measured() && !shown.contains(&line) {
                    shown.push(line);
                }
            }
        }
        (passed, shown.join(", "))
    }

    /// The other variants it reads.
    pub(super) fn references(&self) -> Vec<&Reference> {
        let mut found = Vec::new();
        for comparison in &self.0 {
            for side in comparison.sides() {
                side.term.references(&mut found);
            }
        }
        found
    }
}

impl Comparison {
    fn sides(&self) -> impl Iterator<Item = &Side> {
        [&self.left, &self.right].into_iter().chain(&self.tolerance)
    }

    fn holds(&self, lookup: Lookup<'_>) -> bool {
        let (left, right) = (self.left.term.value(lookup), self.right.term.value(lookup));
        if self.left.term == Term::Null || self.right.term == Term::Null {
            return (left == right) == (self.operator == Operator::Equal);
        }
        // An empty statistic compares with no number.
        let (Some(left), Some(right)) = (left, right) else { return false };
        if !left.is_finite() || !right.is_finite() {
            return false;
        }
        let slack = EQUAL * left.abs().max(right.abs());
        let tolerance = match &self.tolerance {
            Some(side) => match side.term.value(lookup) {
                Some(tolerance) if tolerance.is_finite() && tolerance >= 0.0 => tolerance + slack,
                _ => return false,
            },
            None => slack,
        };
        let equal = (left - right).abs() <= tolerance;
        match self.operator {
            Operator::Equal => equal,
            Operator::Unequal => !equal,
            Operator::Less => left < right && !equal,
            Operator::AtMost => left < right || equal,
            Operator::Greater => left > right && !equal,
            Operator::AtLeast => left > right || equal,
        }
    }
}

impl Term {
    fn value(&self, lookup: Lookup<'_>) -> Option<f64> {
        match self {
            Self::Number(number, _) => Some(*number),
            Self::Null => None,
            Self::Metric(reference, name, _) => lookup(reference.as_ref(), name),
            Self::Negative(term) => term.value(lookup).map(|value| -value),
            Self::Binary(left, operator, right) => {
                let (left, right) = (left.value(lookup)?, right.value(lookup)?);
                Some(match operator {
                    '+' => left + right,
                    '-' => left - right,
                    '*' => left * right,
                    _ => left / right,
                })
            }
        }
    }

    /// Whether a metric is in it.
    fn is_measured(&self) -> bool {
        match self {
            Self::Number(..) | Self::Null => false,
            Self::Metric(..) => true,
            Self::Negative(term) => term.is_measured(),
            Self::Binary(left, _, right) => left.is_measured() || right.is_measured(),
        }
    }

    fn references<'a>(&'a self, found: &mut Vec<&'a Reference>) {
        match self {
            Self::Number(..) | Self::Null => {}
            Self::Metric(reference, ..) => found.extend(reference),
            Self::Negative(term) => term.references(found),
            Self::Binary(left, _, right) => {
                left.references(found);
                right.references(found);
            }
        }
    }
}
