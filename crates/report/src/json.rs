//! Results as JSON, for programs.

use experiment::{Metrics, Verdict};
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::result::RunResult;
use crate::seconds::Seconds;

/// One run as one object, indented, with a newline at its end.
///
/// # Panics
/// Never: every value has a JSON form.
#[must_use]
pub fn run(result: &RunResult<'_>) -> String {
    pretty(&Object::new(result))
}

/// Several runs as a flat list of the objects [`run`] gives.
///
/// # Panics
/// Never: every value has a JSON form.
#[must_use]
pub fn runs(results: &[RunResult<'_>]) -> String {
    pretty(&results.iter().map(Object::new).collect::<Vec<_>>())
}

fn pretty(value: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(value).expect("keys are strings and numbers are finite");
    text.push('\n');
    text
}

#[derive(Serialize)]
struct Object<'a> {
    experiment: &'a str,
    file: &'a str,
    handshake: &'a str,
    teardown: &'a str,
    seed: u64,
    digest: String,
    ended_at: Seconds,
    events: u64,
    metrics: Values<'a>,
    expectations: Vec<Expectation<'a>>,
}

#[derive(Serialize)]
struct Expectation<'a> {
    that: &'a str,
    passed: bool,
    actual: &'a str,
}

impl<'a> Object<'a> {
    fn new(result: &RunResult<'a>) -> Self {
        let RunResult { experiment, variant, summary, verdicts } = *result;
        Self {
            experiment: experiment.name(),
            file: experiment.file(),
            handshake: &variant.handshake,
            teardown: &variant.teardown,
            seed: experiment.seed(),
            digest: summary.digest.to_string(),
            ended_at: Seconds(summary.ended_at),
            events: summary.events,
            metrics: Values(&summary.metrics),
            expectations: verdicts.iter().map(Expectation::new).collect(),
        }
    }
}

impl<'a> Expectation<'a> {
    fn new(verdict: &'a Verdict) -> Self {
        Self { that: &verdict.that, passed: verdict.passed, actual: &verdict.actual }
    }
}

/// Metrics in their own order; a whole number is written without a fraction.
struct Values<'a>(&'a Metrics);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0.iter() {
            map.serialize_entry(name, &value.map(Value))?;
        }
        map.end()
    }
}

struct Value(f64);

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// Up to here every whole number has its own float.
        const EXACT: f64 = 9_007_199_254_740_992.0;
        if self.0.fract() == 0.0 && self.0.abs() <= EXACT {
            #[expect(clippy::cast_possible_truncation, reason = "whole and within ±2⁵³")]
            serializer.serialize_i64(self.0 as i64)
        } else {
            serializer.serialize_f64(self.0)
        }
    }
}
