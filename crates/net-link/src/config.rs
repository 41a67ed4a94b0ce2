//! The settings of a link.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_time::Duration;

use crate::{BitRate, Delay, Fault, LossModel, Probability, QueueLimit, Script};

/// The settings of one direction, as a TOML file states them. Without any, packets arrive at once and none is lost.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LinkConfig {
    /// How long a packet is on its way once it has left the line: a duration, or a distribution to draw it from.
    pub delay: Delay,
    /// The probability that a packet is lost, or a model of loss in bursts.
    pub loss: LossModel,
    /// The probability that a packet arrives twice; the copy has a delay of its own.
    pub duplicate: Probability,
    /// Whether packets may overtake each other.
    pub order: Order,
    /// How fast the line takes bits; without it, infinitely fast.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<BitRate>,
    /// How much may wait for the line, the packet being sent not counted; more is lost. Needs `rate`; 1000 packets if not
    /// given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueLimit>,
    /// The maximum packet lifetime: a packet that would be in the network for longer, waiting included, is lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<Duration>,
    /// Scripted fates for chosen packets; the first that matches decides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fault: Vec<Fault>,
}

impl LinkConfig {
    /// What may wait if `rate` is given and `queue` is not.
    pub const DEFAULT_QUEUE: QueueLimit = QueueLimit::Packets(1_000);

    /// Checks what no single value can show.
    ///
    /// # Errors
    /// [`Contradiction`] if keys do not go together.
    pub fn check(&self) -> Result<(), Contradiction> {
        if self.queue.is_some() && self.rate.is_none() {
            return Err(Contradiction { key: "queue", problem: "nothing waits on a line without `rate`" });
        }
        if self.fault.len() > Script::MOST_FAULTS {
            return Err(Contradiction { key: "fault", problem: "a link has at most 65536 faults" });
        }
        Ok(())
    }
}

/// Keys of a link that do not go together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Contradiction {
    /// The key to point at.
    pub key: &'static str,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.key, self.problem)
    }
}

impl std::error::Error for Contradiction {}

/// Whether packets may overtake each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// They may: each arrives when its own delay has passed.
    #[default]
    Any,
    /// A packet arrives no earlier than those sent before it; it waits for them.
    Fifo,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Acknowledges, Criteria, Empirical, Exponential, GilbertElliott, Kinds, LogNormal, Normal, Numbers, Pareto,
        ScriptedFate, Uniform,
    };

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn parse(text: &str) -> LinkConfig {
        toml::from_str(text).unwrap_or_else(|error| panic!("{text}\n{error}"))
    }

    #[test]
    fn reads_every_delay() {
        let values = vec![ms(1), ms(2)];
        for (text, delay) in [
            ("'50ms'", Delay::Constant(ms(50))),
            ("{ constant = '50ms' }", Delay::Constant(ms(50))),
            ("{ uniform = { min = '1ms', max = '2ms' } }", Delay::Uniform(Uniform { min: ms(1), max: ms(2) })),
            ("{ normal = { mean = '5ms', std-dev = '1ms' } }", Delay::Normal(Normal { mean: ms(5), std_dev: ms(1) })),
            (
                "{ exponential = { mean = '5ms' } }",
                Delay::Exponential(Exponential { mean: ms(5), min: Duration::ZERO }),
            ),
            (
                "{ exponential = { mean = '5ms', min = '9ms' } }",
                Delay::Exponential(Exponential { mean: ms(5), min: ms(9) }),
            ),
            (
                "{ log-normal = { median = '5ms', sigma = 0.5 } }",
                Delay::LogNormal(LogNormal { median: ms(5), sigma: 0.5 }),
            ),
            ("{ pareto = { min = '5ms', shape = 2 } }", Delay::Pareto(Pareto { min: ms(5), shape: 2.0 })),
            (
                "{ empirical = { values = ['1ms', '2ms'] } }",
                Delay::Empirical(Empirical { values: values.clone(), weights: None }),
            ),
            (
                "{ empirical = { values = ['1ms', '2ms'], weights = [1, 0.5] } }",
                Delay::Empirical(Empirical { values, weights: Some(vec![1.0, 0.5]) }),
            ),
        ] {
            let config = parse(&format!("delay = {text}"));
            assert_eq!(config, LinkConfig { delay, ..LinkConfig::default() }, "{text}");
            assert_eq!(parse(&toml::to_string(&config).unwrap()), config, "{text}");
        }
    }

    #[test]
    fn reads_every_loss_model() {
        let bursts = |loss_good, loss_bad| {
            LossModel::GilbertElliott(GilbertElliott {
                mean_good: ms(900),
                mean_bad: ms(100),
                loss_good: Probability::new(loss_good).unwrap(),
                loss_bad: Probability::new(loss_bad).unwrap(),
            })
        };
        for (text, loss) in [
            ("0.25", LossModel::Bernoulli(Probability::new(0.25).unwrap())),
            ("1", LossModel::Bernoulli(Probability::ONE)),
            ("{ bernoulli = 0 }", LossModel::Bernoulli(Probability::ZERO)),
            ("{ gilbert-elliott = { mean-good = '900ms', mean-bad = '100ms' } }", bursts(0.0, 1.0)),
            (
                "{ gilbert-elliott = { mean-good = '900ms', mean-bad = '100ms', loss-good = 0.1, loss-bad = 0.5 } }",
                bursts(0.1, 0.5),
            ),
        ] {
            let config = parse(&format!("loss = {text}"));
            assert_eq!(config, LinkConfig { loss, ..LinkConfig::default() }, "{text}");
            assert_eq!(parse(&toml::to_string(&config).unwrap()), config, "{text}");
        }
    }

    #[test]
    fn reads_a_whole_link() {
        let config = parse(
            r#"
            duplicate = 0.01
            order = "fifo"
            rate = "10 Mbit/s"
            queue = "64 kB"
            lifetime = "2min"

            [[fault]]
            on = { from = "client", flags = "SYN", nth = 1 }
            delay = "5s"

            [[fault]]
            on = { flags = ["SYN-ACK", "data"], acknowledges = "FIN", nth = "3..", retransmission = 0, attempt = [1, 3] }
            copies = ["50ms", "5s"]

            [[fault]]
            on = { after = "1s", before = "2s" }
            drop = true

            [[fault]]
            extra-delay = "1s"

            [[fault]]
            duplicate-after = "5s"

            [[fault]]
            on = { connection = "2..", seq = 0, ack = [1, 101] }
            deliver-at = "7s"
            "#,
        );
        let first = Criteria {
            from: Some("client".to_owned()),
            flags: Some(Kinds::SYN),
            nth: Some(Numbers::List(vec![1])),
            ..Criteria::default()
        };
        let second = Criteria {
            flags: Some(Kinds::SYN_ACK.with(Kinds::DATA)),
            acknowledges: Some(Acknowledges::Fin),
            nth: Some(Numbers::From(3)),
            retransmission: Some(Numbers::List(vec![0])),
            attempt: Some(Numbers::List(vec![1, 3])),
            ..Criteria::default()
        };
        let third = Criteria { after: Some(ms(1_000)), before: Some(ms(2_000)), ..Criteria::default() };
        let last = Criteria {
            connection: Some(Numbers::From(2)),
            seq: Some(Numbers::List(vec![0])),
            ack: Some(Numbers::List(vec![1, 101])),
            ..Criteria::default()
        };
        let all = Criteria::default;
        let fault = vec![
            Fault { on: first, fate: ScriptedFate::Delay(ms(5_000)) },
            Fault { on: second, fate: ScriptedFate::Copies(vec![ms(50), ms(5_000)]) },
            Fault { on: third, fate: ScriptedFate::Drop },
            Fault { on: all(), fate: ScriptedFate::ExtraDelay(ms(1_000)) },
            Fault { on: all(), fate: ScriptedFate::DuplicateAfter(ms(5_000)) },
            Fault { on: last, fate: ScriptedFate::DeliverAt(ms(7_000)) },
        ];
        let expected = LinkConfig {
            duplicate: Probability::new(0.01).unwrap(),
            order: Order::Fifo,
            rate: Some("10 Mbit/s".parse().unwrap()),
            queue: Some(QueueLimit::Octets(64_000)),
            lifetime: Some(Duration::from_secs(120)),
            fault,
            ..LinkConfig::default()
        };
        assert_eq!(config, expected);
        assert_eq!(config.check(), Ok(()));
        assert_eq!(parse(&toml::to_string(&config).unwrap()), config);
        let json = serde_json::to_string(&config).unwrap();
        assert_eq!(serde_json::from_str::<LinkConfig>(&json).unwrap(), config, "{json}");
        assert_eq!(parse(""), LinkConfig::default());
    }

    /// Each error points at the smallest value that is wrong, and says what was expected.
    #[test]
    fn errors_point_at_what_is_wrong() {
        for (text, place, message) in [
            ("speed = 1", "speed", "unknown field `speed`, expected one of `delay`, `loss`"),
            ("delay = 50", "50", "expected a duration such as \"50ms\", or a table with the name of a distribution"),
            ("delay = '50'", "'50'", "a duration needs a unit"),
            ("delay = { norml = {} }", "norml", "unknown variant `norml`, expected one of `constant`, `uniform`"),
            ("delay = {}", "{}", "expected"),
            (
                "delay = { constant = '1s', pareto = { min = '1s', shape = 1 } }",
                "{ constant = '1s', pareto = { min = '1s', shape = 1 } }",
                "expected a table with one key",
            ),
            ("delay = { uniform = { min = '2s', max = '1s' } }", "{ min = '2s', max = '1s' }", "no longer than `max`"),
            ("delay = { uniform = { min = '2s' } }", "{ min = '2s' }", "missing field `max`"),
            ("delay = { exponential = { mean = '0s' } }", "'0s'", "expected a duration longer than zero"),
            ("delay = { log-normal = { median = '1s', sigma = -1 } }", "-1", "expected a number above zero"),
            ("delay = { empirical = { values = [] } }", "{ values = [] }", "at least one value"),
            (
                "delay = { empirical = { values = ['1s'], weights = [1, 2] } }",
                "{ values = ['1s'], weights = [1, 2] }",
                "a weight for each value: 2 for 1",
            ),
            (
                "delay = { empirical = { values = ['1s'], weights = [0] } }",
                "{ values = ['1s'], weights = [0] }",
                "not all of them 0",
            ),
            ("loss = 1.5", "1.5", "expected a probability from 0 to 1"),
            ("loss = 2", "2", "expected a probability from 0 to 1"),
            ("loss = '1%'", "'1%'", "expected a probability from 0 to 1, or a table with the name of a loss model"),
            (
                "loss = { gilbert-elliott = { mean-good = '1s', mean-bad = '0s' } }",
                "'0s'",
                "expected a duration longer than zero",
            ),
            ("duplicate = -0.1", "-0.1", "expected a probability from 0 to 1"),
            ("order = 'lifo'", "'lifo'", "unknown variant `lifo`, expected `any` or `fifo`"),
            ("rate = '10 mbit/s'", "'10 mbit/s'", "unknown unit `mbit/s`"),
            ("queue = '10 boxes'", "'10 boxes'", "unknown unit `boxes`: expected packets, B"),
            (
                "fault = [{ on = { flags = 'syn' }, drop = true }]",
                "'syn'",
                "unknown variant `syn`, expected one of `SYN`",
            ),
            ("fault = [{ on = { flags = ['SYN', 'X'] }, drop = true }]", "'X'", "unknown variant `X`"),
            ("fault = [{ on = { flags = [] }, drop = true }]", "[]", "an empty list of kinds"),
            ("fault = [{ on = { nth = 0 }, drop = true }]", "0", "expected a whole number from 1, a list of them"),
            ("fault = [{ on = { nth = '3' }, drop = true }]", "'3'", "a text such as \"3..\""),
            ("fault = [{ on = { nth = [] }, drop = true }]", "[]", "a list of them"),
            ("fault = [{ on = { nht = 1 }, drop = true }]", "nht", "unknown field `nht`"),
            ("fault = [{ on = {} }]", "{ on = {} }", "exactly one of `drop`, `delay`, `extra-delay`"),
            ("[[fault]]\ndrop = true\n\n[[ fault ]]\non = {}\n", "[[ fault ]]", "exactly one of"),
            ("fault = [{ drop = true, delay = '1s' }]", "{ drop = true, delay = '1s' }", "found `drop` and `delay`"),
            ("fault = [{ drop = false }]", "{ drop = false }", "`drop` can only be `true`"),
            ("fault = [{ copies = [] }]", "{ copies = [] }", "at least one transit time"),
            (
                "fault = [{ on = { after = '2s', before = '2s' }, drop = true }]",
                "{ on = { after = '2s', before = '2s' }, drop = true }",
                "no time is both",
            ),
        ] {
            let error = toml::from_str::<LinkConfig>(text).expect_err(text);
            let found = error.span().map(|span| &text[span]);
            assert_eq!(found, Some(place), "{text}\n{error}");
            assert!(error.message().contains(message), "{text}\n{error}");
        }
    }

    #[test]
    fn keys_that_do_not_go_together_are_reported() {
        let contradiction = parse("queue = '10 packets'").check().unwrap_err();
        assert_eq!(contradiction.to_string(), "`queue`: nothing waits on a line without `rate`");
        let fault = Fault { on: Criteria::default(), fate: ScriptedFate::Drop };
        let faults = |number| LinkConfig { fault: vec![fault.clone(); number], ..LinkConfig::default() }.check();
        assert_eq!(faults(65_536), Ok(()));
        assert_eq!(faults(65_537).unwrap_err().key, "fault");
    }

    /// Editors complete from the schema, so that every key must be in it, with a description.
    #[test]
    fn the_schema_describes_every_key() {
        let schema = serde_json::to_value(schemars::schema_for!(LinkConfig)).unwrap();
        let definitions = schema["$defs"].as_object().unwrap();
        for (owner, keys) in [
            (&schema, vec!["delay", "loss", "duplicate", "order", "rate", "queue", "lifetime", "fault"]),
            (
                &definitions["Fault"],
                vec!["on", "drop", "delay", "extra-delay", "copies", "duplicate-after", "deliver-at"],
            ),
            (
                &definitions["Criteria"],
                vec![
                    "from",
                    "flags",
                    "acknowledges",
                    "nth",
                    "retransmission",
                    "attempt",
                    "connection",
                    "seq",
                    "ack",
                    "after",
                    "before",
                ],
            ),
            (&definitions["Uniform"], vec!["min", "max"]),
            (&definitions["Empirical"], vec!["values", "weights"]),
            (&definitions["GilbertElliott"], vec!["mean-good", "mean-bad", "loss-good", "loss-bad"]),
        ] {
            let properties = owner["properties"].as_object().unwrap();
            assert_eq!(properties.len(), keys.len(), "{properties:?}");
            for key in keys {
                assert!(properties[key]["description"].is_string(), "{key}: {}", properties[key]);
            }
            assert_eq!(owner["additionalProperties"], serde_json::json!(false));
        }
    }
}
