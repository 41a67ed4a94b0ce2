//! Random experiments that make sense. Those with crossing opens, cookies, full queues, several hosts and forged segments
//! are in `tests/oracle/worlds.rs`.

use std::fmt;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use sim_time::{Duration, Instant};

/// One experiment: two hosts, a bad network, and scripts that cannot wait for each other for ever.
#[derive(Clone, Debug)]
pub(crate) struct Lab {
    seed: u64,
    handshake: Handshake,
    teardown: &'static str,
    link: String,
    profile: &'static str,
    ack_timing: &'static str,
    time_wait: &'static str,
    duplicate: f64,
    client: Vec<String>,
    server: Vec<String>,
    /// Whether both applications read up to the other's end of data, and neither aborts.
    pub(crate) everything_is_read: bool,
}

/// A preset, or a design that nobody has named.
#[derive(Clone, Debug)]
enum Handshake {
    Preset(&'static str),
    Design { commit: &'static str, proof: &'static str, unexpected: &'static str, syn_ack_timer: bool },
}

impl fmt::Display for Handshake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Preset(name) => write!(f, "\"{name}\""),
            Self::Design { commit, proof, unexpected, syn_ack_timer } => write!(
                f,
                "{{ name = \"design\", base = \"three-way\", commit = \"{commit}\", proof = \"{proof}\", \
                 unexpected = \"{unexpected}\", syn-ack-timer = {syn_ack_timer} }}"
            ),
        }
    }
}

/// Long enough for every timer there is to run out; keepalive is off.
const HORIZON_HOURS: u64 = 2;

impl Lab {
    /// The file that describes it.
    pub(crate) fn text(&self) -> String {
        let Self { seed, handshake, teardown, link, duplicate, profile, ack_timing, time_wait, .. } = self;
        let host = format!("profile = \"{profile}\"\nack-timing = \"{ack_timing}\"\ntime-wait = \"{time_wait}\"");
        let [client, server] = [&self.client, &self.server].map(|steps| format!("{host}\nscript = {steps:?}"));
        format!(
            "seed = {seed}\nhandshake = [{handshake}]\nteardown = [\"{teardown}\"]\nhorizon = \"{HORIZON_HOURS} h\"\n\n\
             [link]\nduplicate = {duplicate}\n{link}\n[client]\n{client}\n\n[server]\n{server}\n"
        )
    }

    /// Its end.
    pub(crate) fn horizon(&self) -> Instant {
        Instant::ZERO + Duration::from_secs(HORIZON_HOURS * 3600)
    }

    /// Whether a server is open only when its own number was acknowledged.
    pub(crate) fn asks_for_proof(&self) -> bool {
        match self.handshake {
            Handshake::Preset(name) => name.starts_with("three-way"),
            Handshake::Design { proof, .. } => proof == "ack",
        }
    }

    /// Whether the handshake is one that has a name: others may wait for ever for what nobody sends again.
    pub(crate) fn is_named(&self) -> bool {
        matches!(self.handshake, Handshake::Preset(_))
    }
}

/// Any experiment.
///
/// Where a port is used again, the network duplicates nothing: two lives of a 4-tuple that meet acknowledge each other's
/// acknowledgments, and each copy would begin one more such exchange.
pub(crate) fn lab() -> impl Strategy<Value = Lab> {
    let variant = (handshake(), select(&["rfc9293", "no-time-wait", "rfc1337"][..]));
    let host = (
        select(&["rfc9293", "linux"][..]),
        select(&["after-application", "at-once", "delayed"][..]),
        select(&["1s", "60s", "240s"][..]),
    );
    let network = (1..=1_000_000_u64, link(), select(&[0.0, 0.1, 0.5][..]));
    (network, variant, host, scripts()).prop_map(|((seed, link, duplicate), variant, host, scripts)| {
        let (client, server, everything_is_read) = scripts;
        let same_port = client.iter().any(|step| step.contains("from 5000")) && !client.contains(&ONCE.to_owned());
        let duplicate = if same_port { 0.0 } else { duplicate };
        Lab {
            seed,
            handshake: variant.0,
            teardown: variant.1,
            link,
            profile: host.0,
            ack_timing: host.1,
            time_wait: host.2,
            duplicate,
            client,
            server,
            everything_is_read,
        }
    })
}

/// Any handshake, one with a name more often.
fn handshake() -> impl Strategy<Value = Handshake> {
    let preset = select(&["two-way", "two-way-rst", "three-way", "three-way-silent"][..]);
    let of = |values: &'static [&'static str]| select(values);
    let design = (of(&["connection", "half-open"]), of(&["none", "ack"]), of(&["reset", "silence"]), any::<bool>());
    prop_oneof![
        4 => preset.prop_map(Handshake::Preset),
        1 => design.prop_map(|(commit, proof, unexpected, syn_ack_timer)| {
            Handshake::Design { commit, proof, unexpected, syn_ack_timer }
        }),
    ]
}

/// The keys of a `[link]`.
fn link() -> impl Strategy<Value = String> {
    let delay = select(
        &[
            "\"50ms\"",
            "{ uniform = { min = \"1ms\", max = \"300ms\" } }",
            "{ uniform = { min = \"10ms\", max = \"3s\" } }",
            "{ exponential = { mean = \"200ms\", min = \"10ms\" } }",
            "{ log-normal = { median = \"50ms\", sigma = 1.5 } }",
            "{ pareto = { min = \"20ms\", shape = 0.8 } }",
            "{ empirical = { values = [\"50ms\", \"5s\"], weights = [9, 1] } }",
        ][..],
    );
    let loss = prop_oneof![
        Just("0".to_owned()),
        (0..=400_u32).prop_map(|mille| format!("{}", f64::from(mille) / 1000.0)),
        Just("{ gilbert-elliott = { mean-good = \"5s\", mean-bad = \"1s\" } }".to_owned()),
    ];
    let order = prop_oneof![4 => Just("any"), 1 => Just("fifo")];
    let lifetime = prop_oneof![2 => Just("1 min"), 1 => Just("4 s")];
    let rate = prop_oneof![4 => Just(""), 1 => Just("rate = \"1 Mbit/s\"\nqueue = \"5 packets\"\n")];
    (delay, loss, order, lifetime, rate).prop_map(|(delay, loss, order, lifetime, rate)| {
        format!("delay = {delay}\nloss = {loss}\norder = \"{order}\"\nlifetime = \"{lifetime}\"\n{rate}")
    })
}

/// The client's script, the server's, and whether both read everything.
///
/// One end leads: it never waits for the other before it has closed its own direction. The other may wait for the end of
/// data. So both close in the end, unless the network, a timer or an abort says otherwise.
fn scripts() -> impl Strategy<Value = (Vec<String>, Vec<String>, bool)> {
    let leader = (vec(sending(), 0..4), select(LEADERS_ENDS));
    let follower = (vec(sending(), 0..4), select(FOLLOWERS_ENDS));
    let opening = (any::<bool>(), any::<bool>(), 1..=2_u32, option::weighted(0.2, Just(" within 2 s")));
    (leader, follower, opening).prop_map(|((leads, leaders_end), (follows, followers_end), opening)| {
        let (client_leads, same_port, rounds, patience) = opening;
        let join = |steps: Vec<String>, (end, _): (&str, bool)| {
            steps.into_iter().chain(end.split(", ").map(str::to_owned)).collect::<Vec<_>>()
        };
        let everything_is_read = leaders_end.1 && followers_end.1;
        let (leader, follower) = (join(leads, leaders_end), join(follows, followers_end));
        let (mut client, mut server) = if client_leads { (leader, follower) } else { (follower, leader) };
        let port = if same_port { " from 5000" } else { "" };
        client.insert(0, format!("connect{port}{}", patience.unwrap_or_default()));
        client.push("wait 1500 ms".to_owned());
        client.push(if rounds == 1 { ONCE.to_owned() } else { format!("repeat {rounds} times") });
        server.insert(0, "accept".to_owned());
        (client, server, everything_is_read)
    })
}

/// The last step of a client that opens one connection.
const ONCE: &str = "repeat 1 time";

/// A step of the sort that never waits for the other end.
fn sending() -> impl Strategy<Value = String> {
    prop_oneof![
        (1..=5000_u32).prop_map(|octets| format!("send {octets} B")),
        (1..=2000_u32).prop_map(|millis| format!("wait {millis} ms")),
    ]
}

/// How a leader may end, and whether it then has read everything.
const LEADERS_ENDS: &[(&str, bool)] = &[
    ("close", false),
    ("abort", false),
    ("shutdown, receive EOF, close", true),
    ("shutdown, wait 1 s, close", false),
    ("shutdown, close on EOF", true),
];

/// How a follower may end, and whether it then has read everything.
const FOLLOWERS_ENDS: &[(&str, bool)] = &[
    ("close", false),
    ("abort", false),
    ("close on EOF", true),
    ("receive EOF, send 700 B, close", true),
    ("receive 300 B, close", false),
    ("shutdown, receive EOF, close", true),
];
