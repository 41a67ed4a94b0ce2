//! How long a packet is on its way, as a file states it.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use sim_time::Duration;

use crate::parse::{no_second_choice, positive_duration, positive_number};
use crate::sampler::Sampler;

/// How long a packet is on its way: always the same, or drawn for each packet and copy.
///
/// In a file it is a duration, or a table with one key that names the distribution.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", remote = "Self")]
pub enum Delay {
    /// Always the same.
    Constant(Duration),
    /// Anything between two bounds is as likely.
    Uniform(Uniform),
    /// A bell around a mean.
    Normal(Normal),
    /// Exponential, as time spent in a queue often is.
    Exponential(Exponential),
    /// The logarithm is normal: a long tail, and never zero.
    LogNormal(LogNormal),
    /// A power law: a very long tail.
    Pareto(Pareto),
    /// Measured values.
    Empirical(Empirical),
}

impl Delay {
    /// The delay that a uniform draw of 64 bits stands for: a quantile, so that a longer draw never means a shorter delay.
    #[must_use]
    pub fn sample(&self, draw: u64) -> Duration {
        Sampler::new(self).sample(draw)
    }
}

impl From<Duration> for Delay {
    fn from(delay: Duration) -> Self {
        Self::Constant(delay)
    }
}

impl Default for Delay {
    fn default() -> Self {
        Self::Constant(Duration::ZERO)
    }
}

/// Anything between two bounds is as likely.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, try_from = "UniformTable")]
#[schemars(!try_from)]
pub struct Uniform {
    /// The shortest delay.
    pub min: Duration,
    /// The longest delay; it can occur.
    pub max: Duration,
}

/// [`Uniform`] before its bounds are compared.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct UniformTable {
    min: Duration,
    max: Duration,
}

impl TryFrom<UniformTable> for Uniform {
    type Error = String;

    fn try_from(UniformTable { min, max }: UniformTable) -> Result<Self, String> {
        if min > max {
            return Err(format!("expected `min` ({min}) to be no longer than `max` ({max})"));
        }
        Ok(Self { min, max })
    }
}

/// A bell around a mean, without the part below zero: the rest keeps its shape, so that the mean of what is left is longer
/// than `mean` if `std-dev` is not small against it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Normal {
    /// Mean before the part below zero is cut off.
    pub mean: Duration,
    /// Standard deviation before the part below zero is cut off.
    #[serde(deserialize_with = "positive_duration")]
    pub std_dev: Duration,
}

/// Exponential, on top of a fixed part.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Exponential {
    /// Mean of the random part.
    #[serde(deserialize_with = "positive_duration")]
    pub mean: Duration,
    /// The fixed part.
    #[serde(default)]
    pub min: Duration,
}

/// The logarithm of the delay is normal.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LogNormal {
    /// Half of all delays are shorter.
    #[serde(deserialize_with = "positive_duration")]
    pub median: Duration,
    /// Standard deviation of the natural logarithm.
    #[serde(deserialize_with = "positive_number")]
    pub sigma: f64,
}

/// A power law: a delay is longer than x · `min` with probability x to the power −`shape`.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Pareto {
    /// The shortest delay.
    #[serde(deserialize_with = "positive_duration")]
    pub min: Duration,
    /// The exponent; the mean is finite only above 1, the variance only above 2.
    #[serde(deserialize_with = "positive_number")]
    pub shape: f64,
}

/// One of a list of values.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, try_from = "EmpiricalTable")]
#[schemars(!try_from)]
pub struct Empirical {
    /// The values, at least one.
    pub values: Vec<Duration>,
    /// How likely each is against the others; without it all are as likely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weights: Option<Vec<f64>>,
}

/// [`Empirical`] before its lists are compared.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct EmpiricalTable {
    values: Vec<Duration>,
    weights: Option<Vec<f64>>,
}

impl TryFrom<EmpiricalTable> for Empirical {
    type Error = String;

    fn try_from(EmpiricalTable { values, weights }: EmpiricalTable) -> Result<Self, String> {
        if values.is_empty() {
            return Err("expected at least one value in `values`".to_owned());
        }
        if let Some(weights) = &weights {
            if weights.len() != values.len() {
                return Err(format!("expected a weight for each value: {} for {}", weights.len(), values.len()));
            }
            let total: f64 = weights.iter().sum();
            if weights.iter().any(|&weight| weight < 0.0) || !(total > 0.0 && total.is_finite()) {
                return Err("expected `weights` of at least 0, not all of them 0".to_owned());
            }
        }
        Ok(Self { values, weights })
    }
}

impl Serialize for Delay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Constant(delay) => delay.serialize(serializer),
            // What `remote` derives: the table with one key.
            distribution => Self::serialize(distribution, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Delay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;

        impl<'de> Visitor<'de> for TextOrTable {
            type Value = Delay;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a duration such as \"50ms\", or a table with the name of a distribution")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Delay, E> {
                text.parse().map(Delay::Constant).map_err(E::custom)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Delay, A::Error> {
                let delay = Delay::deserialize(MapAccessDeserializer::new(&mut table))?;
                no_second_choice(table).map(|()| delay)
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}

impl JsonSchema for Delay {
    fn schema_name() -> Cow<'static, str> {
        "Delay".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A duration, or a table with one key that names a distribution to draw each delay from.",
            "anyOf": [
                generator.subschema_for::<Duration>(),
                {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": false,
                    "properties": {
                        "constant": generator.subschema_for::<Duration>(),
                        "uniform": generator.subschema_for::<Uniform>(),
                        "normal": generator.subschema_for::<Normal>(),
                        "exponential": generator.subschema_for::<Exponential>(),
                        "log-normal": generator.subschema_for::<LogNormal>(),
                        "pareto": generator.subschema_for::<Pareto>(),
                        "empirical": generator.subschema_for::<Empirical>(),
                    }
                }
            ]
        })
    }
}
