//! The same file, seed and variant give the same records: run after run, in any thread, in any build.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use expect_test::expect_file;
use experiment::record::{Event, Record, Sent};
use experiment::{BuiltIn, Queue, Scenario, cases, claims, simulate, simulate_with, studies};
use sim_time::Duration;
use synlab_tests::{parse, scenario};

/// Every built-in case under each of its variants, with a name for messages.
fn all_cases() -> Vec<(String, Scenario)> {
    variants_of(&cases())
}

fn variants_of(files: &[BuiltIn]) -> Vec<(String, Scenario)> {
    let mut scenarios = Vec::new();
    for case in files {
        let experiment = parse(&case.path, case.text);
        for variant in experiment.variants() {
            scenarios.push((format!("{} {}", case.name, variant.label()), scenario(&experiment, &variant)));
        }
    }
    scenarios
}

/// Twenty connections, one after the other, over a link that loses, delays, reorders and duplicates.
const RANDOM: &str = r#"
    seed = 42
    horizon = "1 h"
    handshake = ["two-way", "three-way"]

    [link]
    delay = { log-normal = { median = "50ms", sigma = 0.5 } }
    loss = 0.1
    duplicate = 0.05

    [client]
    script = ["connect", "send 5 kB", "receive 5 kB", "close", "repeat 20 times"]

    [server]
    script = ["accept", "receive 5 kB", "send 5 kB", "close on EOF"]
"#;

/// [`RANDOM`] under each of its variants.
fn random() -> Vec<(String, Scenario)> {
    let experiment = parse("random.toml", RANDOM);
    let name = |variant: &experiment::Variant| format!("random {}", variant.label());
    experiment.variants().iter().map(|variant| (name(variant), scenario(&experiment, variant))).collect()
}

fn records(scenario: &Scenario) -> Vec<Record> {
    let mut records = Vec::new();
    simulate(scenario, &mut records).expect("time moves on");
    records
}

fn digest(scenario: &Scenario) -> u128 {
    simulate(scenario, &mut ()).expect("time moves on").digest.0
}

/// Fails at the first record that differs.
fn check_same(name: &str, first: &[Record], second: &[Record]) {
    let differs = first.iter().zip(second).position(|(one, other)| one != other);
    if let Some(place) = differs {
        panic!("{name}: record {place} differs\n  {:?}\n  {:?}", first[place], second[place]);
    }
    assert_eq!(first.len(), second.len(), "{name}: one run goes on after the other's last record");
}

#[test]
fn ten_runs_are_the_same() {
    for (name, scenario) in all_cases().into_iter().chain(random()) {
        let (first, value) = (records(&scenario), digest(&scenario));
        for _ in 1..10 {
            check_same(&name, &first, &records(&scenario));
            assert_eq!(digest(&scenario), value, "{name}: the records are the same, the digests are not");
        }
    }
}

/// The text of an experiment is all there is to it: reading it again changes nothing.
#[test]
fn reading_again_changes_nothing() {
    for ((name, first), (_, second)) in all_cases().into_iter().zip(all_cases()) {
        assert_eq!(first, second, "{name}");
    }
}

/// What these are on one machine and in one build, they are on every other: nothing of the platform's arithmetic decides
/// an event. A new value means a new record format, or another network. `UPDATE_EXPECT=1 cargo test -p synlab-tests --test
/// determinism` writes the table anew.
#[test]
fn digests_are_what_they_were() {
    let table: String = all_cases()
        .into_iter()
        .chain(random())
        .map(|(name, scenario)| {
            let summary = simulate(&scenario, &mut ()).expect("time moves on");
            format!("{:032x}  {:>5}  {name}\n", summary.digest.0, summary.events)
        })
        .collect();
    expect_file!["digests.txt"].assert_eq(&table);
}

/// The timing wheel and the reference on the `priority-queue` crate serve the same events in the same order, whatever file in
/// `configs/` is played.
#[test]
fn the_queue_changes_nothing() {
    let all = [cases(), claims(), studies()].concat();
    for (name, scenario) in variants_of(&all).into_iter().chain(random()) {
        let run = |queue| simulate_with(queue, &scenario, &mut ()).expect("time moves on");
        assert_eq!(run(Queue::Wheel), run(Queue::Reference), "{name}");
    }
}

#[test]
fn a_seed_tells() {
    for (name, scenario) in random() {
        assert_ne!(digest(&scenario), digest(&Scenario { seed: 43, ..scenario.clone() }), "{name}");
    }
}

#[test]
fn threads_change_nothing() {
    let scenarios: Vec<_> = all_cases().into_iter().chain(random()).collect();
    let alone: Vec<u128> = scenarios.iter().map(|(_, scenario)| digest(scenario)).collect();
    let all = || scenarios.iter().map(|(_, scenario)| digest(scenario)).collect::<Vec<_>>();
    let backwards = || scenarios.iter().rev().map(|(_, scenario)| digest(scenario)).collect::<Vec<_>>();
    std::thread::scope(|scope| {
        let forth: Vec<_> = (0..2).map(|_| scope.spawn(all)).collect();
        let back: Vec<_> = (0..2).map(|_| scope.spawn(backwards)).collect();
        for thread in forth {
            assert_eq!(thread.join().expect("the thread ends"), alone);
        }
        for thread in back {
            let mut digests = thread.join().expect("the thread ends");
            digests.reverse();
            assert_eq!(digests, alone);
        }
    });
}

const FIRST_PAIR: &str = r#"
    [host.alice]
    address = "10.0.0.1"
    script = ["connect bob", "send 5 kB", "receive 5 kB", "close", "repeat 20 times"]

    [host.bob]
    address = "10.0.0.2"
    script = ["accept", "receive 5 kB", "send 5 kB", "close on EOF"]

"#;

const SECOND_PAIR: &str = r#"
    [host.carol]
    address = "10.0.0.3"
    script = ["connect dave", "send 1 kB", "close", "repeat 50 times"]

    [host.dave]
    address = "10.0.0.4"
    script = ["accept", "close on EOF"]

"#;

/// A link between two hosts of that name.
fn link(pair: &str) -> String {
    format!(
        "[link.{pair}]\ndelay = {{ log-normal = {{ median = '50ms', sigma = 0.5 }} }}\nloss = 0.1\nduplicate = 0.05\n\n"
    )
}

/// What the first pair sent: all of a segment but the numbers that count over the whole run.
fn segments_of_the_first_pair(tables: &str) -> Vec<(u64, Sent)> {
    let experiment = parse("pairs.toml", &format!("seed = 3\nhorizon = '1 h'\nhandshake = ['three-way']\n{tables}"));
    let records = records(&scenario(&experiment, &experiment.variants()[0]));
    let own = [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2)];
    let segment = |record: Record| match record.event {
        Event::Sent(sent) if own.contains(sent.source.ip()) => {
            let mut attempt = sent.attempt;
            attempt.host = experiment::HostId::default();
            let (incarnation, peer, from, to) = (None, None, None, None);
            Some((record.at.as_nanos(), Sent { incarnation, peer, from, to, attempt, ..sent }))
        }
        _ => None,
    };
    records.into_iter().filter_map(segment).collect()
}

/// Two hosts more, before or after the others in the file, with a link of their own.
#[test]
fn an_unrelated_pair_changes_nothing() {
    let alone = segments_of_the_first_pair(&format!("{FIRST_PAIR}{}", link("alice-bob")));
    assert!(alone.len() > 200 && alone.iter().any(|(_, sent)| sent.fate.deliveries.is_empty()));
    let links = format!("{}{}", link("alice-bob"), link("carol-dave"));
    for tables in [format!("{FIRST_PAIR}{SECOND_PAIR}{links}"), format!("{SECOND_PAIR}{FIRST_PAIR}{links}")] {
        let together = segments_of_the_first_pair(&tables);
        for (place, (one, other)) in alone.iter().zip(&together).enumerate() {
            assert_eq!(one, other, "segment {place} of the pair");
        }
        assert_eq!(alone.len(), together.len());
    }
}

/// How long each copy of a client's SYN is on its way, by attempt and transmission.
fn syn_fates(scenario: &Scenario) -> BTreeMap<(u32, u32), Vec<Duration>> {
    let fate = |record: Record| match record.event {
        Event::Sent(sent) if sent.flags.syn() && !sent.flags.ack() => {
            let transits = sent.fate.deliveries.iter().map(|arrival| arrival.since(record.at)).collect();
            Some(((sent.attempt.ordinal, sent.retransmission), transits))
        }
        _ => None,
    };
    records(scenario).into_iter().filter_map(fate).collect()
}

/// Common random numbers: a packet's fate depends on what it is, not on how many were sent before it. So two variants
/// face the same network, although one sends more segments.
#[test]
fn variants_face_the_same_network() {
    let text = RANDOM.replace("loss = 0.1", "loss = 0.3").replace(
        "\"send 5 kB\", \"receive 5 kB\", \"close\", \"repeat 20 times\"",
        "\"send 100 B\", \"close\", \"repeat 200 times\"",
    );
    let experiment = parse("random.toml", &text);
    let [two_way, three_way] = &experiment.variants()[..] else { panic!("two variants are listed") };
    let two_way = syn_fates(&scenario(&experiment, two_way));
    let three_way = syn_fates(&scenario(&experiment, three_way));
    let common: Vec<_> = two_way.keys().filter(|transmission| three_way.contains_key(transmission)).collect();
    for transmission in &common {
        assert_eq!(two_way[transmission], three_way[transmission], "attempt and retransmission {transmission:?}");
    }
    let again = common.iter().filter(|(_, retransmission)| *retransmission > 0).count();
    let lost = common.iter().filter(|transmission| two_way[transmission].is_empty()).count();
    assert!(common.len() >= 250 && again >= 50 && lost >= 50, "{} common, {again} again, {lost} lost", common.len());
}
