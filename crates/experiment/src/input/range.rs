//! Ranges of a sweep: values at equal distances or at equal ratios.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{self, Deserializer, Visitor};
use sim_time::Duration;

use super::diagnostic::Diagnostic;
use super::tree::{Node, Value};
use crate::Rate;

/// Most values that a range may have.
const MOST_STEPS: u32 = 10_000;

/// Numbers, durations or rates. Whole ends give whole numbers; write `1.0` for fractions.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SweepRange")]
pub(super) struct Range {
    /// The first value.
    from: End,
    /// The last value.
    to: End,
    /// How many values there are, both ends included: 2 or more.
    steps: Steps,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
struct Steps(u32);

impl TryFrom<u32> for Steps {
    type Error = String;

    fn try_from(steps: u32) -> Result<Self, String> {
        match steps {
            2..=MOST_STEPS => Ok(Self(steps)),
            _ => Err(format!("a range has 2 to {MOST_STEPS} steps, both ends included")),
        }
    }
}

impl JsonSchema for Steps {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SweepSteps".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 2, "maximum": MOST_STEPS })
    }
}

/// One end of a range.
#[derive(Clone, Copy, PartialEq, Debug)]
enum End {
    Whole(i64),
    Fraction(f64),
    Time(Duration),
    Rate(Rate),
}

impl<'de> Deserialize<'de> for End {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrDuration;

        impl Visitor<'_> for NumberOrDuration {
            type Value = End;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, a duration such as \"50ms\", or a rate such as \"20 / s\"")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<End, E> {
                Ok(End::Whole(number))
            }

            fn visit_f64<E: de::Error>(self, number: f64) -> Result<End, E> {
                if number.is_finite() { Ok(End::Fraction(number)) } else { Err(E::custom("a range has two ends")) }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<End, E> {
                match text.contains('/') {
                    true => text.parse().map(End::Rate).map_err(E::custom),
                    false => text.parse().map(End::Time).map_err(E::custom),
                }
            }
        }

        deserializer.deserialize_any(NumberOrDuration)
    }
}

impl JsonSchema for End {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SweepEnd".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let (duration, rate) = (generator.subschema_for::<Duration>(), generator.subschema_for::<Rate>());
        schemars::json_schema!({ "anyOf": [{ "type": "number" }, duration, rate] })
    }
}

impl End {
    const fn kind(self) -> &'static str {
        match self {
            Self::Whole(_) | Self::Fraction(_) => "a number",
            Self::Time(_) => "a duration",
            Self::Rate(_) => "a rate",
        }
    }
}

/// The values of a range, which all stand where the range does.
pub(super) fn computed(range: &Node, values: Result<Vec<Value>, String>) -> Result<Vec<Node>, Diagnostic> {
    let values = values.map_err(|message| range.place.error(message))?;
    let nodes: Vec<Node> = values.into_iter().map(|value| Node { value, place: range.place.clone() }).collect();
    if (1..nodes.len()).any(|place| nodes[place].value == nodes[place - 1].value) {
        let help = "fewer steps, or ends as fractions: 1.0";
        return Err(range.place.error("two values of the range are the same").with_help(help));
    }
    Ok(nodes)
}

pub(super) fn linear(Range { from, to, steps }: Range) -> Result<Vec<Value>, String> {
    let last = i128::from(steps.0 - 1);
    let between = |from: i128, to: i128, step: i128| {
        // Half a nanosecond up.
        from + (2 * (to - from) * step + last).div_euclid(2 * last)
    };
    match (from, to) {
        (End::Rate(from), End::Rate(to)) => rates(from, to, steps, linear),
        (End::Time(from), End::Time(to)) => {
            let (from, to) = (i128::from(from.as_nanos()), i128::from(to.as_nanos()));
            Ok((0..=last).map(|step| time(between(from, to, step))).collect())
        }
        (End::Whole(from), End::Whole(to)) => {
            let (from, to) = (i128::from(from), i128::from(to));
            if (to - from) % last != 0 {
                return Err(format!("no {} whole numbers go from {from} to {to} at equal distances", steps.0));
            }
            Ok((0..=last).map(|step| Value::Integer(between(from, to, step))).collect())
        }
        _ => {
            let (first, end) = fractions(from, to)?;
            let parts = f64::from(steps.0 - 1);
            let at = |step: u32| rounded(first + (end - first) * (f64::from(step) / parts));
            Ok(with_ends((0..steps.0).map(at), first, end, steps.0))
        }
    }
}

pub(super) fn logarithmic(Range { from, to, steps }: Range) -> Result<Vec<Value>, String> {
    let at = |from: f64, to: f64, step: u32| from * libm::pow(to / from, f64::from(step) / f64::from(steps.0 - 1));
    let positive = |from: f64, to: f64| {
        if from > 0.0 && to > 0.0 { Ok(()) } else { Err("the ends of a logarithmic range are above zero".to_owned()) }
    };
    #[expect(clippy::cast_possible_truncation, reason = "between two ends that fit")]
    let whole = |from: i128, to: i128| {
        positive(from as f64, to as f64)?;
        let inner = |step| libm::round(at(from as f64, to as f64, step)) as i128;
        let steps = (0..steps.0).map(|step| match step {
            0 => from,
            step if step == steps.0 - 1 => to,
            step => inner(step),
        });
        Ok::<_, String>(steps.collect::<Vec<i128>>())
    };
    match (from, to) {
        (End::Rate(from), End::Rate(to)) => rates(from, to, steps, logarithmic),
        (End::Time(from), End::Time(to)) => {
            Ok(whole(from.as_nanos().into(), to.as_nanos().into())?.into_iter().map(time).collect())
        }
        (End::Whole(from), End::Whole(to)) => {
            Ok(whole(from.into(), to.into())?.into_iter().map(Value::Integer).collect())
        }
        _ => {
            let (first, end) = fractions(from, to)?;
            positive(first, end)?;
            Ok(with_ends((0..steps.0).map(|step| rounded(at(first, end, step))), first, end, steps.0))
        }
    }
}

fn fractions(from: End, to: End) -> Result<(f64, f64), String> {
    let number = |end| match end {
        End::Whole(number) => Some(number as f64),
        End::Fraction(number) => Some(number),
        End::Time(_) | End::Rate(_) => None,
    };
    number(from)
        .zip(number(to))
        .ok_or_else(|| format!("one end of the range is {}, the other {}", from.kind(), to.kind()))
}

/// Rates for the same unit of time, whose numbers are those of a range.
fn rates(
    from: Rate,
    to: Rate,
    steps: Steps,
    range: fn(Range) -> Result<Vec<Value>, String>,
) -> Result<Vec<Value>, String> {
    if from.unit() != to.unit() {
        return Err(format!("one end of the range is a rate per {}, the other per {}", from.unit(), to.unit()));
    }
    let numbers = range(Range { from: End::Fraction(from.times()), to: End::Fraction(to.times()), steps })?;
    let rate = |number| match number {
        Value::Float(times) => Value::String(format!("{times} / {}", from.unit())),
        other => other,
    };
    Ok(numbers.into_iter().map(rate).collect())
}

/// The values with the ends as they were stated.
fn with_ends(values: impl Iterator<Item = f64>, from: f64, to: f64, steps: u32) -> Vec<Value> {
    let end = |(step, value)| match step {
        0 => from,
        step if step == steps - 1 => to,
        _ => value,
    };
    (0..).zip(values).map(end).map(Value::Float).collect()
}

/// To twelve digits: 0.01, not 0.010000000000000002.
fn rounded(value: f64) -> f64 {
    format!("{value:.11e}").parse().expect("a number that was just written")
}

fn time(nanos: i128) -> Value {
    let nanos = u64::try_from(nanos).expect("between two durations");
    Value::String(Duration::from_nanos(nanos).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::diagnostic::{Place, Source};
    use crate::input::sweep_axis::SweepValue;
    use crate::input::tree::Table;

    fn range(from: End, to: End, steps: u32) -> Range {
        Range { from, to, steps: Steps(steps) }
    }

    fn shown(values: Result<Vec<Value>, String>) -> String {
        let place = Place::new(&Source::new("t", ""), 0..0);
        let show =
            |value| SweepValue { node: Node { value, place: place.clone() }, overlay: Table::default() }.to_string();
        values.map_or_else(|error| error, |values| values.into_iter().map(show).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn ranges_have_round_values() {
        use End::{Fraction, Time, Whole};
        let ms = |ms| Time(Duration::from_millis(ms));
        let rate = |rate: &str| End::Rate(rate.parse().unwrap());
        for (range, values) in [
            (range(Whole(1), Whole(10), 4), "1 4 7 10"),
            (range(Whole(10), Whole(0), 3), "10 5 0"),
            (range(Fraction(0.0), Fraction(0.3), 4), "0.0 0.1 0.2 0.3"),
            (range(Whole(0), Fraction(1.0), 3), "0.0 0.5 1.0"),
            (range(ms(0), ms(1), 4), "0s 333.333us 666.667us 1ms"),
            (range(ms(10), ms(50), 5), "10ms 20ms 30ms 40ms 50ms"),
            (range(Whole(0), Whole(1), 3), "no 3 whole numbers go from 0 to 1 at equal distances"),
            (range(Whole(0), ms(1), 3), "one end of the range is a number, the other a duration"),
            (range(rate("1 / s"), rate("2 / s"), 3), "1 / s 1.5 / s 2 / s"),
            (range(rate("1 / s"), rate("2 / min"), 3), "one end of the range is a rate per s, the other per min"),
            (range(rate("1 / s"), ms(1), 3), "one end of the range is a rate, the other a duration"),
        ] {
            assert_eq!(shown(linear(range)), values);
        }
        for (range, values) in [
            (range(Whole(1), Whole(1024), 6), "1 4 16 64 256 1024"),
            (range(Whole(10), Whole(1000), 5), "10 32 100 316 1000"),
            (range(Fraction(0.001), Fraction(0.1), 3), "0.001 0.01 0.1"),
            (range(ms(1), ms(1000), 4), "1ms 10ms 100ms 1s"),
            (range(rate("1 / s"), rate("100 / s"), 3), "1 / s 10 / s 100 / s"),
            (range(Fraction(0.0), Fraction(0.1), 3), "the ends of a logarithmic range are above zero"),
        ] {
            assert_eq!(shown(logarithmic(range)), values);
        }
    }
}
