//! What holds whatever the network does and whatever the applications ask for.
//!
//! Each property plays random experiments: links that lose, duplicate, delay and reorder, small scripts on both hosts, any
//! handshake and teardown. The experiments are the same in every run of the tests; `PROPTEST_CASES` and
//! `PROPTEST_RNG_SEED` ask for more, or for others.

mod generate;
mod watch;

use std::collections::BTreeMap;

use experiment::record::{Call, Change, Event, Fold, Outcome, Record, Worth};
use experiment::{Summary, simulate};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use sim_time::Instant;
use synlab_tests::{Replay, metric, parse, scenario};
use tcp_endpoint::{Reason, State};

use generate::{Lab, lab};
use watch::{Book, Handshakes, Life, lives};

/// Few enough for a test suite.
fn config(cases: u32) -> Config {
    let seed = std::env::var("PROPTEST_RNG_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(9293);
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(cases);
    Config {
        cases,
        max_global_rejects: 20 * cases,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        ..Config::default()
    }
}

/// More records than any of these experiments gives, even one in which two ends acknowledge each other's acknowledgments
/// up to the horizon.
const MOST_RECORDS: usize = 1_000_000;

/// Keeps every record, as long as there are not too many.
#[derive(Default)]
struct Bounded(Vec<Record>);

impl Fold for Bounded {
    fn record(&mut self, record: &Record) {
        assert!(self.0.len() < MOST_RECORDS, "{MOST_RECORDS} records until {}", record.at);
        self.0.record(record);
    }

    fn change(&mut self, at: Instant, change: &Change) {
        self.0.change(at, change);
    }
}

/// A run, and how to play it again if what follows panics.
struct Played {
    records: Vec<Record>,
    summary: Summary,
    _replay: Replay,
}

impl Played {
    fn of(lab: &Lab) -> Self {
        let text = lab.text();
        let experiment = parse("property.toml", &text);
        let variant = experiment.variants().remove(0);
        let _replay = Replay::new(text, &variant, experiment.seed());
        let mut records = Bounded::default();
        let summary = simulate(&scenario(&experiment, &variant), &mut records).expect("time moves on");
        Self { records: records.0, summary, _replay }
    }

    fn metric(&self, name: &str) -> f64 {
        metric(&self.summary, name)
    }
}

proptest! {
    #![proptest_config(config(1000))]

    /// Nothing panics, and the run ends by itself or at the horizon, with no more records than its few packets can cause.
    #[test]
    fn every_run_ends(lab in lab()) {
        let run = Played::of(&lab);
        assert!(run.records.is_sorted_by_key(|record| record.at), "time moves on");
    }

    /// What is held is useful or wasted, and whatever is wasted has a cause; a packet arrives, is lost or is on its way.
    #[test]
    fn the_books_balance(lab in lab()) {
        let run = Played::of(&lab);
        let book = Book::of(&run.records, lab.horizon());
        let close = |name: &str, expected: f64| {
            let measured = run.metric(name);
            assert!((measured - expected).abs() <= 1e-9 * expected.max(1.0), "{name} is {measured}, counted {expected}");
        };
        let mut wasted = 0.0;
        for (host, held) in ["client", "server"].iter().zip(book.hosts) {
            close(&format!("{host}.memory.byte-seconds"), held.useful + held.wasted);
            close(&format!("{host}.memory.wasted-byte-seconds"), held.wasted);
            close(&format!("{host}.memory.useful-byte-seconds"), held.useful);
            wasted += held.wasted;
        }
        close("waste.byte-seconds", wasted);
        let causes = ["lost", "delayed", "duplicated", "forged", "crash", "application", "capacity", "unknown"];
        let sum = causes.map(|cause| run.metric(&format!("waste.{cause}.byte-seconds"))).iter().sum();
        close("waste.byte-seconds", sum);
        assert_eq!(
            run.metric("segments.sent") + run.metric("segments.duplicated"),
            run.metric("segments.delivered") + run.metric("segments.lost") + book.in_flight as f64,
            "segments"
        );
    }

    /// An application is given what the other sent: not more, nothing of another connection, and all of it if both read to
    /// the end and no connection was broken off.
    #[test]
    fn octets_arrive_once(lab in lab()) {
        let run = Played::of(&lab);
        let lives = lives(&run.records);
        let [from_client, from_server] = sent(&run);
        let [at_client, at_server] = received(&run);
        if lab.asks_for_proof() {
            assert_eq!(run.metric("data.stale-delivered.bytes"), 0.0);
            assert!(at_server <= from_client, "the server got {at_server} B of {from_client}");
            assert!(at_client <= from_server, "the client got {at_client} B of {from_server}");
        }
        if lab.everything_is_read && lives.values().all(Life::ended_well) && run.metric("client.attempts.opened") > 0.0 {
            assert_eq!([at_server, at_client], [from_client, from_server]);
        }
    }

    /// With both ends willing to close and time enough, no connection is left but those the vocabulary has a word for,
    /// and never both ends of one.
    #[test]
    fn nothing_is_left_but_what_has_a_name(lab in lab()) {
        prop_assume!(lab.is_named());
        let run = Played::of(&lab);
        let lives = lives(&run.records);
        for (number, life) in lives.iter().filter(|(_, life)| life.state != State::Closed) {
            let other = lives.values().rfind(|other| other.tuple == life.tuple.flipped());
            let alone = other.is_none_or(|other| other.state == State::Closed);
            assert!(alone, "{number:?}: both ends are left, one in {}", life.state);
            if life.passive {
                assert!(
                    matches!(life.worth, Worth::Ghost(_) | Worth::Bereft(_)),
                    "{number:?} is left in {} and has no name",
                    life.state
                );
            } else {
                let unheard = other.is_some_and(|other| other.reason != Reason::Segment);
                assert!(unheard, "{number:?} is left in {}, though its other end closed in good order", life.state);
            }
        }
    }

    /// A server that asks for an acknowledgment of its own number is never open for nobody.
    #[test]
    fn proof_keeps_ghosts_out(lab in lab()) {
        prop_assume!(lab.asks_for_proof());
        let run = Played::of(&lab);
        assert_eq!(run.metric("server.ghost.connections"), 0.0);
        assert_eq!(run.metric("server.ghost.seconds"), 0.0);
    }

    /// And both ends that are open agree on where they started.
    #[test]
    fn open_ends_agree_on_their_numbers(lab in lab()) {
        prop_assume!(lab.asks_for_proof());
        let run = Played::of(&lab);
        let mut handshakes = Handshakes::default();
        for record in &run.records {
            if let Some(complaint) = handshakes.watch(record) {
                panic!("{complaint}");
            }
        }
    }
}

/// Octets the client's and the server's applications sent.
fn sent(run: &Played) -> [u64; 2] {
    sums(run, |event| match event {
        Event::Call { host, call: Call::Send(octets), outcome: Outcome::Done, .. } => Some((host.0, *octets)),
        _ => None,
    })
}

/// Octets the client's and the server's applications were given.
fn received(run: &Played) -> [u64; 2] {
    sums(run, |event| match event {
        Event::Call { host, call: Call::Receive { octets, .. }, .. } => Some((host.0, *octets)),
        _ => None,
    })
}

fn sums(run: &Played, octets: impl Fn(&Event) -> Option<(u16, u64)>) -> [u64; 2] {
    let mut sums = BTreeMap::from([(0, 0), (1, 0)]);
    for (host, octets) in run.records.iter().filter_map(|record| octets(&record.event)) {
        *sums.entry(host).or_default() += octets;
    }
    [sums[&0], sums[&1]]
}
