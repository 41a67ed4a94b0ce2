//! Forged SYNs in the plural, and crashes at random.

use std::net::Ipv4Addr;

use experiment::record::{Cause, Event, Record, RecordId};
use experiment::{Arrivals, Failures, Flood, HostId, Process, Rate, Scenario, Step};
use net_link::{Delay, Exponential};
use sim_time::Instant;

use crate::common::{CLIENT, Run, SERVER, accept, at, connect, ms, pair};

fn flood(from: Option<HostId>, process: Process) -> Flood {
    let arrivals = Arrivals { process, most: None, until: None };
    Flood { start: Instant::ZERO, arrivals, from, to: SERVER, port: 80 }
}

/// A server that is flooded for so long; the client does nothing.
fn flooded(handshake: &str, flood: Flood, horizon_ms: u64) -> Scenario {
    let mut scenario = pair(handshake, vec![], vec![accept(), Step::CloseAtEnd]);
    scenario.hosts[0].applications.clear();
    scenario.floods = vec![flood];
    scenario.horizon = at(horizon_ms);
    scenario
}

/// The segments that were blamed for useless connections, and with what cause.
fn blamed(run: &Run) -> Vec<(Cause, RecordId)> {
    let blame = |event: &Event| match event {
        Event::Judged { worth, .. } => worth.blame().and_then(|blame| Some((blame.cause, blame.record?))),
        _ => None,
    };
    run.records.iter().filter_map(|record| blame(&record.event)).collect()
}

/// From addresses that nobody has, one SYN a second: each holds an entry for the 63 s of its SYN-ACKs.
#[test]
fn a_silent_flood_holds_entries_until_the_retries_run_out() {
    let run = Run::of(&flooded("three-way", flood(None, Process::Every(ms(1000))), 200_500));
    run.check(&[
        ("server.half-open.entries", 201.0),
        ("server.half-open.abandoned", 201.0),
        ("server.half-open.peak", 63.0),
        // Those of the last 63 s are still there: 62.5 + 61.5 + … + 0.5.
        ("server.half-open.seconds", 138.0 * 63.0 + 63.0 * 63.0 / 2.0),
        ("client.segments.sent", 0.0),
    ]);
    let value = |name: &str| run.summary.metrics.get(name).flatten().unwrap();
    assert_eq!(value("waste.forged.byte-seconds"), value("server.memory.byte-seconds"));
    let blamed = blamed(&run);
    assert_eq!(blamed.len(), 201);
    for (cause, packet) in blamed {
        assert_eq!(cause, Cause::Forged);
        let is_it = |record: &Record| record.id == packet && matches!(&record.event, Event::Sent(sent) if sent.forged);
        assert!(run.records.iter().any(is_it), "{packet:?}");
    }
}

/// From a host's own addresses: its machines reset what they did not ask for, a round trip later.
#[test]
fn a_flood_from_addresses_that_answer_holds_entries_for_a_round_trip() {
    let mut scenario = flooded("three-way", flood(Some(CLIENT), Process::Every(ms(1000))), 99_500);
    scenario.hosts[0].addresses = (1..=5).map(|last| Ipv4Addr::new(10, 0, 1, last)).collect();
    let run = Run::of(&scenario);
    run.check(&[
        ("server.half-open.entries", 100.0),
        ("server.half-open.seconds", 10.0),
        ("client.resets.sent", 100.0),
    ]);
    let mut sources: Vec<Ipv4Addr> = run
        .records
        .iter()
        .filter_map(|record| match &record.event {
            Event::Sent(sent) if sent.forged => Some(*sent.source.ip()),
            _ => None,
        })
        .collect();
    sources.sort_unstable();
    sources.dedup();
    assert_eq!(sources, scenario.hosts[0].addresses, "each of them is borne by some");
}

/// A forged SYN costs a two-way server a connection for good, and one with cookies nothing.
#[test]
fn what_a_forged_syn_costs_is_the_handshakes_affair() {
    let of = |handshake| Run::of(&flooded(handshake, flood(None, Process::Every(ms(1000))), 99_500));
    of("two-way").check(&[("server.ghost.connections", 100.0), ("server.ghost.seconds", 5000.0)]);
    of("syn-cookies").check(&[("server.memory.peak-bytes", 0.0), ("server.syn-acks.sent", 100.0)]);
}

/// The flood is the same for every variant, and changes nothing for the sessions but what the server makes of it.
#[test]
fn a_flood_is_the_same_for_every_variant_and_disturbs_no_draws() {
    let forged = |handshake| {
        let run = Run::of(&flooded(handshake, flood(None, Process::Poisson(Rate::per_second(5.0))), 60_000));
        let syn = |event: &Event| match event {
            Event::Sent(sent) if sent.forged => Some((sent.source, sent.seq)),
            _ => None,
        };
        run.records.iter().filter_map(|record| Some((record.at, syn(&record.event)?))).collect::<Vec<_>>()
    };
    let three_way = forged("three-way");
    assert!((200..400).contains(&three_way.len()), "{}", three_way.len());
    assert_eq!(forged("syn-cookies"), three_way);
    let opens = |flooded: bool| {
        let client = vec![connect(), Step::Send(100.into()), Step::Close];
        let mut scenario = pair("three-way", client, vec![accept(), Step::CloseAtEnd]);
        let process = Process::Poisson(Rate::per_second(5.0));
        scenario.hosts[0].applications[0].arrivals = Arrivals { process, most: None, until: None };
        scenario.horizon = at(60_000);
        scenario.floods.extend(flooded.then(|| flood(None, Process::Every(ms(700)))));
        let records = Run::of(&scenario).records;
        let own = |event: &Event| matches!(event, Event::Sent(sent) if !sent.attempt.is_forged());
        records.into_iter().filter(|record| own(&record.event)).map(|record| record.at).collect::<Vec<_>>()
    };
    assert_eq!(opens(true), opens(false));
}

/// Up for 10 s and down for 2 s on average: 1 / 12 crashes a second, and down for 1 / 6 of the time. (Of n cycles the
/// standard deviation of the mean is 10.2 s / √n, with n = 1667 for two machines: 0.25 s of 12 s.)
#[test]
fn machines_crash_and_reboot_at_their_rates() {
    let mean = |millis| Delay::Exponential(Exponential { mean: ms(millis), min: ms(0) });
    let mut scenario = pair("three-way", vec![], vec![accept(), Step::Close]);
    scenario.hosts[0].applications.clear();
    scenario.hosts[0].addresses = vec![[10, 0, 1, 1].into(), [10, 0, 1, 2].into()];
    scenario.hosts[0].failures = Some(Failures { after: mean(10_000), lasts: mean(2000) });
    scenario.horizon = at(10_000_000);
    let run = Run::of(&scenario);
    let value = |name: &str| run.summary.metrics.get(name).flatten().unwrap();
    let crashes = value("client.crashes");
    assert!((crashes - 20_000.0 / 12.0).abs() < 4.0 * 20_000.0 / 144.0 * 0.25, "{crashes}");
    let down = value("client.down.seconds") / 20_000.0;
    assert!((down - 1.0 / 6.0).abs() < 4.0 * 0.006, "{down}");
    let crashed_at = |of: fn(&Event) -> bool| {
        run.records.iter().filter(|record| of(&record.event)).map(|record| record.at).collect::<Vec<_>>()
    };
    let mut at_once = crashed_at(|event| matches!(event, Event::Crashed { .. }));
    at_once.dedup();
    assert_eq!(at_once.len() as f64, crashes, "each crashes for itself");
}
