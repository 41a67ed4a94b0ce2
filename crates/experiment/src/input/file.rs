//! What an experiment file may say, apart from the settings of hosts and links, whose types are their crates' own.

use std::fmt;
use std::net::Ipv4Addr;

use net_link::Delay;
use schemars::JsonSchema;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize};
use sim_time::Duration;

use super::claim::Finding;
use super::inject::Inject;
use super::{arrivals, expect_segment, flood, sweep};

/// The largest seed: every integer up to it is exact in JSON and in a double.
pub const MAX_SEED: u64 = (1 << 53) - 1;

/// The keys that stand above all tables, and the expectations.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Top {
    /// The question the experiment asks, in one sentence.
    pub(super) question: Option<String>,
    /// Something that is said, in one sentence, which the experiment puts to the test. Needs `verdict` and `evidence`.
    pub(super) claim: Option<String>,
    /// What is true of the claim.
    pub(super) verdict: Option<Finding>,
    /// What the runs show of the claim, in one line. A metric in braces, such as `{server.ghost.seconds}`, stands for
    /// what the first variant measures, and `{two-way:server.ghost.seconds}` for what another does.
    pub(super) evidence: Option<String>,
    /// Seed of every random stream: 0 to 2^53 - 1. Default: 1.
    pub(super) seed: Option<Seed>,
    /// The end of the run. Every integral (ghost seconds, byte seconds) runs to it.
    pub(super) horizon: Horizon,
    /// Many runs of this experiment: what is varied, and how often each is repeated. `synlab sweep` runs them; other
    /// commands take the values of the file.
    pub(super) sweep: Option<sweep::Section>,
    /// How long the run warms up: nothing is measured before that time. What is counted is what happens from then on; an
    /// integral is over the time from then on; a peak is the largest from then on; a time is one of what began from then
    /// on. Default: "0s".
    pub(super) warm_up: Option<Duration>,
    /// Segments that no endpoint sends.
    pub(super) inject: Option<Vec<Inject>>,
    /// Such segments in the plural: SYNs from addresses that nobody has, or from a host's.
    pub(super) flood: Option<Vec<flood::Table>>,
    /// What must hold at the end of the run.
    pub(super) expect: Option<Vec<Expect>>,
    /// Segments that must be sent in the course of the run, or must not.
    pub(super) expect_segment: Option<Vec<expect_segment::Table>>,
}

/// A seed.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "i64")]
pub(super) struct Seed(pub(super) u64);

impl TryFrom<i64> for Seed {
    type Error = String;

    fn try_from(number: i64) -> Result<Self, String> {
        match u64::try_from(number) {
            Ok(seed) if seed <= MAX_SEED => Ok(Self(seed)),
            _ => Err(format!("a seed is a whole number from 0 to {MAX_SEED}")),
        }
    }
}

impl JsonSchema for Seed {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Seed".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 0, "maximum": MAX_SEED, "default": 1 })
    }
}

/// A time span that is not empty.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "Duration")]
pub(super) struct Horizon(pub(super) Duration);

impl TryFrom<Duration> for Horizon {
    type Error = &'static str;

    fn try_from(duration: Duration) -> Result<Self, &'static str> {
        if duration.is_zero() { Err("a run needs a horizon above zero") } else { Ok(Self(duration)) }
    }
}

impl JsonSchema for Horizon {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Horizon".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Duration::json_schema(generator)
    }
}

/// The keys of a host that are not settings of its TCP.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Host {
    /// A built-in profile's name, or the path of one, relative to this file. Default: "rfc9293".
    pub(super) profile: Option<String>,
    /// The steps of the application that runs here, such as "connect", "send 100 B", "close".
    pub(super) script: Option<Vec<String>>,
    /// Several applications, each a list of steps.
    pub(super) scripts: Option<Vec<Vec<String>>>,
    /// How many machines bear this name: alike, each with an address, ports and state of its own. Default: 1.
    pub(super) machines: Option<MachineCount>,
    /// When the applications start. Default: "0s".
    pub(super) start: Option<Duration>,
    /// When sessions of a client's script begin, counted from `start`; each runs the script for itself. They are dealt
    /// over the machines in turn. Default: one on each machine, at the start.
    pub(super) arrivals: Option<arrivals::Table>,
    /// How many workers serve the connections of each server's script. Default: as many as there are connections.
    pub(super) workers: Option<WorkerCount>,
    /// What a worker does for a connection. Default: "blocking".
    pub(super) serving: Option<Serving>,
    /// The port that `accept` listens at and `connect` goes to. Default: 80.
    pub(super) port: Option<Port>,
    /// The host's address, from which on those of its machines follow one another. Default: 10.0.0.1 for `client`,
    /// 10.0.0.2 for `server`, and one in 10.0.0.0/8 that depends on nothing but the name for any other host or machine.
    pub(super) address: Option<Ipv4Addr>,
    /// When it crashes: all that its TCP and its applications know is gone, and nothing is sent.
    pub(super) crash: Option<Vec<Crash>>,
    /// That each of its machines crashes again and again, instead of `crash`.
    pub(super) crash_at_random: Option<RandomCrash>,
}

/// How many machines bear a name.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct MachineCount(pub(super) u32);

/// The most machines that a host may be.
const MOST_MACHINES: u32 = 1_000_000;

impl TryFrom<u32> for MachineCount {
    type Error = String;

    fn try_from(machines: u32) -> Result<Self, String> {
        match machines {
            1..=MOST_MACHINES => Ok(Self(machines)),
            _ => Err(format!("a host is 1 to {MOST_MACHINES} machines")),
        }
    }
}

impl JsonSchema for MachineCount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MachineCount".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": MOST_MACHINES, "default": 1 })
    }
}

/// How many workers there are.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u32")]
pub(super) struct WorkerCount(pub(super) u32);

impl TryFrom<u32> for WorkerCount {
    type Error = &'static str;

    fn try_from(workers: u32) -> Result<Self, &'static str> {
        if workers == 0 { Err("without a worker nobody is ever served") } else { Ok(Self(workers)) }
    }
}

impl JsonSchema for WorkerCount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "WorkerCount".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": u32::MAX })
    }
}

/// What a worker does for a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Serving {
    /// It serves one connection from accept to the end of the script.
    Blocking,
    /// It serves all by turns: it is busy with one only for its `work`.
    Asynchronous,
}

/// A crash. While the host is down it hears nothing. At the reboot its servers listen again and its quiet time begins; a
/// client's script that was running has come to its end, but one that had only waited so far goes on.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Crash {
    /// When.
    pub(super) at: Duration,
    /// How long the host is down. Default: for the rest of the run.
    #[serde(rename = "for")]
    pub(super) lasts: Option<Duration>,
}

/// Crashes at random: times of being up and of being down follow one another, each drawn anew. What becomes of a machine
/// that crashes is as under `crash`.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RandomCrash {
    /// How long it is up: from the start, or from a reboot.
    pub(super) after: Delay,
    /// How long it is down.
    #[serde(rename = "for")]
    pub(super) lasts: Delay,
}

/// A port that can be listened at.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "u16")]
pub(super) struct Port(pub(super) u16);

impl TryFrom<u16> for Port {
    type Error = &'static str;

    fn try_from(port: u16) -> Result<Self, &'static str> {
        if port == 0 { Err("port 0 names no port") } else { Ok(Self(port)) }
    }
}

impl JsonSchema for Port {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Port".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "integer", "minimum": 1, "maximum": 65535, "default": 80 })
    }
}

/// What an entry of each kind costs.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Sizes {
    /// Octets a half-open entry takes.
    pub(super) half_open_octets: u64,
    /// Octets a full connection takes.
    pub(super) connection_octets: u64,
    /// Octets an entry in TIME-WAIT takes.
    pub(super) time_wait_octets: u64,
    /// Octets an entry of a SYN cache takes, under `commit = "cache"`.
    pub(super) cache_octets: u64,
    /// Octets it takes to hold down a closed connection's 4-tuple.
    pub(super) hold_down_octets: u64,
    /// Octets it takes to remember another host: a fast open cookie, or a connection count.
    pub(super) peer_octets: u64,
    /// Octets an application's socket takes beside the connection, from OPEN or accept to CLOSE.
    pub(super) socket_octets: u64,
}

/// An expectation.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Expect {
    /// A comparison of metrics, such as "server.ghost.connections == 1".
    pub(super) that: String,
    /// The handshakes it is about. Default: all.
    pub(super) handshake: Option<Names>,
    /// The teardowns it is about. Default: all.
    pub(super) teardown: Option<Names>,
    /// Why it must hold.
    pub(super) because: Option<String>,
}

/// A name or a list of names.
pub(super) struct Names(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or a list of names")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Names, E> {
                Ok(Names(vec![name.to_owned()]))
            }

            fn visit_seq<A: de::SeqAccess<'de>>(self, mut items: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = items.next_element()? {
                    names.push(name);
                }
                Ok(Names(names))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

impl JsonSchema for Names {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Names".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [{ "type": "string" }, { "type": "array", "items": { "type": "string" } }]
        })
    }
}
