//! How often each variant is run at each point of a sweep.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, MapAccess, Unexpected, Visitor};

/// Replications are run, and judged, so many at a time. It decides the order of rows and where a sweep may stop, so it is the
/// same for all.
pub(super) const BATCH: u32 = 20;
/// Most replications of a stopping rule that does not say.
const AT_MOST: u32 = 1000;

/// A whole number of runs, 1 or more.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct Count(pub(super) u32);

impl TryFrom<u32> for Count {
    type Error = &'static str;

    fn try_from(count: u32) -> Result<Self, &'static str> {
        if count == 0 { Err("expected 1 or more, found 0: nothing would run") } else { Ok(Self(count)) }
    }
}

impl JsonSchema for Count {
    fn schema_name() -> Cow<'static, str> {
        "SweepCount".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": u32::MAX })
    }
}

/// A part of a whole: more than none and less than all, as a number or in percent.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Part(pub(super) f64);

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrPercent;

        impl Visitor<'_> for NumberOrPercent {
            type Value = Part;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a part of the whole, such as \"2 %\" or 0.02: above 0 and below 1")
            }

            fn visit_f64<E: de::Error>(self, part: f64) -> Result<Part, E> {
                if part > 0.0 && part < 1.0 {
                    return Ok(Part(part));
                }
                Err(E::invalid_value(Unexpected::Float(part), &self))
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Part, E> {
                Err(E::invalid_value(Unexpected::Signed(number), &self))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Part, E> {
                let percent = text.strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
                match percent.map(|percent| percent / 100.0).filter(|part| *part > 0.0 && *part < 1.0) {
                    Some(part) => Ok(Part(part)),
                    None => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }

        deserializer.deserialize_any(NumberOrPercent)
    }
}

impl JsonSchema for Part {
    fn schema_name() -> Cow<'static, str> {
        "SweepPart".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "anyOf": [
                { "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 },
                { "type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? *%$" }
            ]
        })
    }
}

/// A number, or a rule that says when there are enough.
pub(super) enum Replications {
    Fixed(Count),
    Rule(Rule),
}

/// Replications until every measure is known precisely enough, the same number for all variants of a point. It is judged
/// after every 20: half the interval of each must be at most a part of the value. Of a value of zero there is no part, so it
/// takes as many as are allowed.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "SweepRule")]
pub(super) struct Rule {
    /// The part of the value, such as "2 %".
    pub(super) until: Part,
    /// Fewest replications. Default: 20.
    pub(super) at_least: Option<Count>,
    /// Most replications. Default: 1000.
    at_most: Option<Count>,
    /// Those of the sweep's metrics that are judged. Default: all.
    pub(super) of: Option<Vec<String>>,
}

impl Rule {
    pub(super) fn at_most(&self) -> u32 {
        self.at_most.map_or(AT_MOST, |count| count.0)
    }

    pub(super) fn at_least(&self) -> u32 {
        self.at_least.map_or(BATCH, |count| count.0)
    }
}

impl<'de> Deserialize<'de> for Replications {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrTable;

        impl<'de> Visitor<'de> for NumberOrTable {
            type Value = Replications;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number, or a rule such as { until = \"2 %\", at-most = 1000 }")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Replications, E> {
                let count = u32::try_from(number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))?;
                Count::try_from(count).map(Replications::Fixed).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Replications, A::Error> {
                Rule::deserialize(MapAccessDeserializer::new(table)).map(Replications::Rule)
            }
        }

        deserializer.deserialize_any(NumberOrTable)
    }
}

impl JsonSchema for Replications {
    fn schema_name() -> Cow<'static, str> {
        "SweepReplications".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (count, rule) = (generator.subschema_for::<Count>(), generator.subschema_for::<Rule>());
        json_schema!({ "anyOf": [count, rule] })
    }
}
