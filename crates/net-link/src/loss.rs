//! Loss by chance: of each packet alone, or of all packets in bad times.

use std::borrow::Cow;
use std::fmt;

use rand_core::Rng;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use sim_time::{Duration, Instant};

use crate::Probability;
use crate::parse::{no_second_choice, positive_duration};
use crate::probability::{ProbabilityVisitor, unit};
use crate::sampler::exponential;

/// How packets are lost by chance.
///
/// In a file it is a probability, or a table with one key that names the model.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", remote = "Self")]
pub enum LossModel {
    /// Each packet with the same probability, whatever happens to others.
    Bernoulli(Probability),
    /// In bursts.
    GilbertElliott(GilbertElliott),
}

impl Default for LossModel {
    fn default() -> Self {
        Self::Bernoulli(Probability::ZERO)
    }
}

/// Bursts of loss: the channel is in a good or a bad state, each for an exponential time (Gilbert 1960, Elliott 1963, with
/// time in place of the number of packets).
///
/// The state depends on time alone, not on what is sent: one packet more does not change the weather for the next.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct GilbertElliott {
    /// Mean length of a good time.
    #[serde(deserialize_with = "positive_duration")]
    pub mean_good: Duration,
    /// Mean length of a bad time.
    #[serde(deserialize_with = "positive_duration")]
    pub mean_bad: Duration,
    /// Probability that a packet that leaves the line in a good time is lost.
    #[serde(default)]
    pub loss_good: Probability,
    /// Probability that a packet that leaves the line in a bad time is lost.
    #[serde(default = "always")]
    pub loss_bad: Probability,
}

const fn always() -> Probability {
    Probability::ONE
}

/// A [`LossModel`] at work.
#[derive(Clone, Debug)]
pub(crate) enum LossProcess<C> {
    Bernoulli(Probability),
    Channel(Channel<C>),
}

impl<C: Rng> LossProcess<C> {
    pub(crate) fn new(model: &LossModel, generator: C) -> Self {
        match model {
            LossModel::Bernoulli(probability) => Self::Bernoulli(*probability),
            LossModel::GilbertElliott(model) => Self::Channel(Channel::new(*model, generator)),
        }
    }

    /// Whether a packet's fate takes a draw of its own.
    pub(crate) fn is_uncertain(&self) -> bool {
        match self {
            Self::Bernoulli(probability) => probability.is_uncertain(),
            Self::Channel(channel) => channel.model.loss_good.is_uncertain() || channel.model.loss_bad.is_uncertain(),
        }
    }

    /// Whether a packet that leaves the line at `now` is lost. Calls come in the order of time.
    pub(crate) fn loses(&mut self, now: Instant, draw: u64) -> bool {
        match self {
            Self::Bernoulli(probability) => probability.happens(draw),
            Self::Channel(channel) => channel.loss_at(now).happens(draw),
        }
    }
}

/// The two-state channel, worked out as far as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Channel<C> {
    model: GilbertElliott,
    good: bool,
    /// When the state changes next.
    until: Instant,
    generator: C,
}

impl<C: Rng> Channel<C> {
    /// The channel at time zero, in either state with the probability it has in the long run.
    fn new(model: GilbertElliott, mut generator: C) -> Self {
        let (good, bad) = (model.mean_good.as_nanos() as f64, model.mean_bad.as_nanos() as f64);
        let good = unit(generator.next_u64()) < good / (good + bad);
        let mut channel = Self { model, good, until: Instant::ZERO, generator };
        channel.until = Instant::ZERO + channel.sojourn();
        channel
    }

    /// How long the state just entered lasts.
    fn sojourn(&mut self) -> Duration {
        let mean = if self.good { self.model.mean_good } else { self.model.mean_bad };
        exponential(mean.as_nanos() as f64, self.generator.next_u64())
    }

    /// The probability of loss at `now`.
    fn loss_at(&mut self, now: Instant) -> Probability {
        // A state that lasts until the end of time has no successor.
        while self.until <= now && self.until < Instant::MAX {
            self.good = !self.good;
            let lasts = self.sojourn();
            self.until += lasts;
        }
        if self.good { self.model.loss_good } else { self.model.loss_bad }
    }
}

impl Serialize for LossModel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bernoulli(probability) => probability.serialize(serializer),
            // What `remote` derives: the table with one key.
            model @ Self::GilbertElliott(_) => Self::serialize(model, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for LossModel {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrTable;

        impl<'de> Visitor<'de> for NumberOrTable {
            type Value = LossModel;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a probability from 0 to 1, or a table with the name of a loss model")
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<LossModel, E> {
                ProbabilityVisitor.visit_f64(value).map(LossModel::Bernoulli)
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<LossModel, E> {
                ProbabilityVisitor.visit_i64(value).map(LossModel::Bernoulli)
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<LossModel, E> {
                ProbabilityVisitor.visit_u64(value).map(LossModel::Bernoulli)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<LossModel, A::Error> {
                let model = LossModel::deserialize(MapAccessDeserializer::new(&mut table))?;
                no_second_choice(table).map(|()| model)
            }
        }

        deserializer.deserialize_any(NumberOrTable)
    }
}

impl JsonSchema for LossModel {
    fn schema_name() -> Cow<'static, str> {
        "LossModel".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The probability that a packet is lost, or a table with one key that names a loss model.",
            "anyOf": [
                generator.subschema_for::<Probability>(),
                {
                    "type": "object",
                    "minProperties": 1,
                    "maxProperties": 1,
                    "additionalProperties": false,
                    "properties": {
                        "bernoulli": generator.subschema_for::<Probability>(),
                        "gilbert-elliott": generator.subschema_for::<GilbertElliott>(),
                    }
                }
            ]
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    use super::*;

    const MODEL: GilbertElliott = GilbertElliott {
        mean_good: Duration::from_millis(900),
        mean_bad: Duration::from_millis(100),
        loss_good: Probability::ZERO,
        loss_bad: Probability::ONE,
    };

    fn channel(seed: u64) -> Channel<ChaCha8Rng> {
        Channel::new(MODEL, ChaCha8Rng::seed_from_u64(seed))
    }

    fn is_bad_at(channel: &mut Channel<ChaCha8Rng>, nanos: u64) -> bool {
        channel.loss_at(Instant::from_nanos(nanos)) == Probability::ONE
    }

    /// If these change, every recorded digest of a run with bursts of loss is void.
    #[test]
    fn changes_of_weather_are_the_same_for_ever() {
        let mut channel = channel(1);
        let mut changes = Vec::new();
        for _ in 0..4 {
            changes.push((channel.until.as_nanos(), channel.good));
            let _ = channel.loss_at(channel.until);
        }
        assert_eq!(changes, [(75_418_894, true), (166_191_689, false), (389_027_919, true), (422_392_226, false)]);
    }

    #[test]
    fn bad_times_are_as_frequent_and_as_long_as_asked_for() {
        let mut channel = channel(5);
        let (mut bad_nanos, mut spells, seconds) = (0, 0_u32, 10_000);
        let mut from = Instant::ZERO;
        while from < Instant::from_nanos(seconds * 1_000_000_000) {
            if !channel.good {
                bad_nanos += channel.until.since(from).as_nanos();
                spells += 1;
            }
            from = channel.until;
            let _ = channel.loss_at(from);
        }
        // 10,000 spells of a mean of 0.1 s: one standard error is 1 %.
        let mean = bad_nanos as f64 / f64::from(spells) / 1e9;
        assert!((mean - 0.1).abs() < 0.003, "{mean}");
        assert!((f64::from(spells) - seconds as f64).abs() < 300.0, "{spells}");
    }

    #[test]
    fn time_zero_is_like_any_other() {
        let bad = (0..10_000).filter(|&seed| is_bad_at(&mut channel(seed), 0)).count();
        assert!((910..=1_090).contains(&bad), "{bad} of 10,000 begin in a bad time, 1,000 ± 30 expected");
    }

    #[test]
    fn the_end_of_time_is_reached() {
        let mut channel = Channel::new(
            GilbertElliott { mean_good: Duration::MAX, mean_bad: Duration::MAX, ..MODEL },
            ChaCha8Rng::seed_from_u64(1),
        );
        let _ = channel.loss_at(Instant::MAX);
        assert!(channel.until == Instant::MAX);
    }

    proptest! {
        /// The state at a time is the same whether or not anyone asked before.
        #[test]
        fn the_weather_depends_on_time_alone(seed: u64, mut times in prop::collection::vec(0_u64..20_000_000_000, 1..50)) {
            times.sort_unstable();
            let mut asked = channel(seed);
            for time in times {
                prop_assert_eq!(is_bad_at(&mut asked, time), is_bad_at(&mut channel(seed), time));
            }
        }
    }
}
