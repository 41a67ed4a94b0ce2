//! Results as JSON, for programs.
//!
//! A run is one object: `experiment`, `file`, `handshake`, `teardown`, `seed`, `digest`, `ended_at`, `events`, `metrics` (name →
//! number or `null`), `ledger`, and `expectations` (a list of `that`, `passed`, `actual`, and the `line` of the file where it
//! stands).
//!
//! The `ledger` has `resources`, a list of `host`, `resource`, `unit`, `useful`, `wasted` and `causes`; `segments`, the same of
//! the segments that were sent; and `turned_away`, the same of the clients that waited in vain. The `causes` are a list of
//! `cause` (the word that a trace has for it), `packet` (`null` where it was none) and `amount`; the amounts add up to
//! `wasted` exactly, as decimal fractions: a float may round them. A `packet` is described as in a trace, where `id` finds it,
//! and in `words`.
//!
//! Where the runs are all combinations of some axes' levels, each object has two things more: `levels` (axis → level), and
//! `effects` (metric → number or `null`): the metric's value for the first combination, and for every other one what its
//! levels do together beyond what they do in any smaller company, so that these terms add up to the combination's value.

mod ledger;

use experiment::{Axis, Summary, Verdict};
use serde::{Serialize, Serializer};
use sim_time::Instant;

use self::ledger::LedgerObject;
use crate::effects::combinations;
use crate::result::RunResult;
use crate::seconds::Seconds;

/// One run as one object, indented, with a newline at its end.
#[must_use]
pub fn run(result: &RunResult<'_>) -> String {
    pretty(&Object::new(result))
}

/// Several runs as a flat list of the objects [`run`] gives.
#[must_use]
pub fn runs(results: &[RunResult<'_>]) -> String {
    pretty(&results.iter().map(Object::new).collect::<Vec<_>>())
}

/// The runs of all combinations of the axes' levels, the last axis varying fastest, as a flat list.
///
/// # Panics
/// If there is not one run for each combination.
#[must_use]
pub fn crossed(results: &[RunResult<'_>], axes: &[Axis]) -> String {
    let summaries: Vec<&Summary> = results.iter().map(|result| result.summary).collect();
    let combinations = combinations(axes, &summaries);
    let objects = results.iter().zip(&combinations).map(|(result, combination)| CrossedObject {
        run: Object::new(result),
        levels: Pairs(combination.levels(axes).collect()),
        effects: numbers(result.summary.metrics.iter().map(|(name, _)| name).zip(combination.terms.iter().copied())),
    });
    pretty(&objects.collect::<Vec<_>>())
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
    /// When measuring began: what happened before is the warm-up.
    #[serde(skip_serializing_if = "Option::is_none")]
    measured_from: Option<Seconds>,
    digest: String,
    ended_at: Seconds,
    events: u64,
    metrics: Pairs<'a, Option<Value>>,
    ledger: LedgerObject<'a>,
    expectations: Vec<Expectation<'a>>,
}

#[derive(Serialize)]
struct CrossedObject<'a> {
    #[serde(flatten)]
    run: Object<'a>,
    levels: Pairs<'a, &'a str>,
    effects: Pairs<'a, Option<Value>>,
}

#[derive(Serialize)]
struct Expectation<'a> {
    that: &'a str,
    passed: bool,
    actual: &'a str,
    line: usize,
}

impl<'a> Object<'a> {
    fn new(result: &RunResult<'a>) -> Self {
        let RunResult { experiment, variant, summary, ledger, verdicts } = *result;
        Self {
            experiment: experiment.name(),
            file: experiment.file(),
            handshake: &variant.handshake,
            teardown: &variant.teardown,
            seed: experiment.seed(),
            measured_from: Some(experiment.warm_up()).filter(|from| *from > Instant::ZERO).map(Seconds),
            digest: summary.digest.to_string(),
            ended_at: Seconds(summary.ended_at),
            events: summary.events,
            metrics: numbers(summary.metrics.iter()),
            ledger: LedgerObject::new(ledger),
            expectations: verdicts.iter().map(Expectation::new).collect(),
        }
    }
}

impl<'a> Expectation<'a> {
    fn new(verdict: &'a Verdict) -> Self {
        Self { that: &verdict.that, passed: verdict.passed, actual: &verdict.actual, line: verdict.line }
    }
}

/// An object of names and what they have, in their own order.
struct Pairs<'a, T>(Vec<(&'a str, T)>);

impl<T: Serialize> Serialize for Pairs<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

fn numbers<'a>(values: impl Iterator<Item = (&'a str, Option<f64>)>) -> Pairs<'a, Option<Value>> {
    Pairs(values.map(|(name, value)| (name, value.map(Value))).collect())
}

/// A number as JSON; a whole one without a fraction.
pub(crate) struct Value(pub(crate) f64);

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

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use experiment::{Experiment, Summary, Variant, simulate};
    use sim_time::Instant;

    use super::*;
    use crate::{Balance, Hosts, LedgerBook};

    const FILE: &str = r#"
        question = "?"
        seed = 7
        horizon = "1s"
        [link]
        delay = "50ms"
        [client]
        profile = "rfc9293"
        script = ["connect", "close"]
        [server]
        profile = "rfc9293"
        script = ["accept", "close on EOF"]
    "#;

    #[test]
    fn combinations_of_axes_have_their_levels_and_effects() {
        let experiment = Experiment::parse("own.toml", FILE, &[]).unwrap();
        let axes = ["reset=on,off", "time-wait=100ms,500ms"].map(|axis| Axis::parse(axis).unwrap());
        let base = experiment.variants().remove(0);
        let crossed = experiment.crossed(&base, &axes).unwrap();
        let runs: Vec<(Variant, Summary, Balance)> = crossed
            .variants()
            .into_iter()
            .map(|variant| {
                let scenario = crossed.scenario(&variant).unwrap();
                let mut book = LedgerBook::new(Hosts::of(&scenario));
                let summary = simulate(&scenario, &mut book).unwrap();
                (variant, summary, book.balance(scenario.horizon))
            })
            .collect();
        let results: Vec<RunResult<'_>> = runs
            .iter()
            .map(|(variant, summary, ledger)| RunResult {
                experiment: &crossed,
                variant,
                summary,
                ledger,
                verdicts: &[],
            })
            .collect();
        let objects: serde_json::Value = serde_json::from_str(&super::crossed(&results, &axes)).unwrap();
        let objects = objects.as_array().unwrap();
        let levels: Vec<&serde_json::Value> = objects.iter().map(|object| &object["levels"]).collect();
        assert_eq!(levels[1], &serde_json::json!({ "reset": "on", "time-wait": "500ms" }));
        assert_eq!(levels[2], &serde_json::json!({ "reset": "off", "time-wait": "100ms" }));
        for object in objects {
            let names = |part: &str| object[part].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
            assert_eq!(names("metrics"), names("effects"));
        }
        let effects = objects.iter().map(|object| object["effects"]["client.time-wait.seconds"].as_f64());
        assert_eq!(effects.collect::<Vec<_>>(), [0.1, 0.4, 0.0, 0.0].map(Some));
    }

    #[test]
    fn an_object_says_what_was_run_and_what_it_came_to() {
        let experiment = Experiment::parse("dir/name.toml", FILE, &[]).unwrap();
        let variant = Variant { handshake: "two-way".to_owned(), teardown: "rfc9293".to_owned() };
        let values = [("a", Some(3.0)), ("b", Some(0.1)), ("c", None), ("d", Some(1e300))];
        let summary = Summary {
            digest: sim_core::Digest::new().value(),
            ended_at: Instant::from_nanos(12_345_678_901_000_000_001),
            events: 15,
            metrics: values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        };
        let verdicts =
            [Verdict { that: "a == 3".to_owned(), passed: true, actual: "a = 3".to_owned(), because: None, line: 9 }];
        let nothing = LedgerBook::new(Hosts::of(&experiment.scenario(&variant).unwrap())).balance(summary.ended_at);
        let result = RunResult {
            experiment: &experiment,
            variant: &variant,
            summary: &summary,
            ledger: &nothing,
            verdicts: &verdicts,
        };
        expect![[r#"
            {
              "experiment": "name",
              "file": "dir/name.toml",
              "handshake": "two-way",
              "teardown": "rfc9293",
              "seed": 7,
              "digest": "99aa06d3014798d86001c324468d497f",
              "ended_at": 12345678901.000000001,
              "events": 15,
              "metrics": {
                "a": 3,
                "b": 0.1,
                "c": null,
                "d": 1e+300
              },
              "ledger": {
                "resources": [],
                "segments": {
                  "useful": 0,
                  "wasted": 0,
                  "causes": []
                },
                "turned_away": {
                  "useful": 0,
                  "wasted": 0,
                  "causes": []
                }
              },
              "expectations": [
                {
                  "that": "a == 3",
                  "passed": true,
                  "actual": "a = 3",
                  "line": 9
                }
              ]
            }
        "#]]
        .assert_eq(&run(&result));
        assert!(runs(&[result, result]).starts_with("[\n  {\n    \"experiment\": \"name\","));
        assert_eq!(runs(&[]), "[]\n");
    }
}
