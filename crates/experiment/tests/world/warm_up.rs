//! The warm-up: what happens before it is over is not measured.

use experiment::record::{Event, Record};
use experiment::{Arrivals, Process, Scenario, Step};
use net_link::{Kinds, ScriptedFate};

use crate::common::{Run, accept, at, connect, fault, ms, pair};

/// A session each second that opens, sends 100 B and closes; TIME-WAIT lasts for 2.5 s.
fn sessions(warm_up_ms: u64) -> Scenario {
    let client = vec![connect(), Step::Send(100.into()), Step::Close];
    let mut scenario = pair("three-way", client, vec![accept(), Step::CloseAtEnd]);
    let process = Process::Every(ms(1000));
    scenario.hosts[0].applications[0].arrivals = Arrivals { process, most: None, until: None };
    scenario.hosts[0].settings.teardown.time_wait = ms(2500);
    scenario.horizon = at(20_500);
    scenario.warm_up = at(warm_up_ms);
    scenario
}

#[test]
fn what_is_measured_is_what_happens_after_it() {
    let run = Run::of(&sessions(10_000));
    run.check(&[
        // What happens at the instant at which it is over is measured: the open at 10 s is one.
        ("client.attempts.opened", 11.0),
        ("client.attempts.established", 11.0),
        ("setup.seconds.mean", 0.1),
        ("data.delivered.bytes", 1100.0),
        // One begins each second, 0.2 s after its open, and stays for 2.5 s: there are 2 or 3 by turns. Those of 8 s and 9 s
        // are there when it is over, for another 0.7 s and 1.7 s; those of 18 s, 19 s and 20 s are when the run is.
        ("client.time-wait.entries", 11.0),
        ("client.time-wait.peak", 3.0),
        ("client.time-wait.seconds", 26.3),
    ]);
}

/// Nothing but the measuring depends on it.
#[test]
fn what_happens_does_not_depend_on_it() {
    let without = Run::of(&sessions(0)).records;
    let mut with = Run::of(&sessions(10_000)).records;
    let warm: Vec<_> = with.iter().filter(|record| record.event == Event::WarmedUp).map(|record| record.at).collect();
    assert_eq!(warm, [at(10_000)]);
    with.retain(|record| record.event != Event::WarmedUp);
    let told = |record: Record| (record.at, record.event, record.changes);
    assert!(with.into_iter().map(told).eq(without.into_iter().map(told)));
}

/// An entry that is there when it ends counts for as long as it is there from then on, and is none that began. A setup
/// that began before is no setup.
#[test]
fn what_began_before_is_held_but_did_not_begin() {
    let mut scenario = sessions(500);
    scenario.hosts[0].applications[0].arrivals = Arrivals::at_once(1);
    // The first SYN is lost: the client opens at 0 and is ESTABLISHED at 1.1 s.
    scenario.links[0].config.fault = vec![fault(Kinds::SYN, ScriptedFate::Drop)];
    let run = Run::of(&scenario);
    run.check(&[
        ("client.attempts.opened", 0.0),
        ("client.attempts.established", 1.0),
        ("client.state.SYN-SENT.seconds", 0.6),
        ("client.state.SYN-SENT.peak", 1.0),
        ("segments.lost", 0.0),
        ("segments.retransmitted", 1.0),
    ]);
    assert_eq!(run.summary.metrics.get("setup.seconds.mean"), Some(None));
}

#[test]
fn a_run_that_was_over_before_measures_what_is_left_of_it() {
    let mut scenario = sessions(10_000);
    scenario.hosts[0].applications[0].arrivals = Arrivals::at_once(1);
    Run::of(&scenario).check(&[
        ("client.attempts.opened", 0.0),
        ("segments.sent", 0.0),
        ("client.memory.peak-bytes", 0.0),
        ("client.memory.byte-seconds", 0.0),
    ]);
}
