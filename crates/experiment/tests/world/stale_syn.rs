//! Baseline B of the project's claims: a SYN that is delayed by five seconds, superseded by its retransmission, arrives
//! after the connection it asked for is long over. What it costs depends on the handshake and on what the client still
//! holds; the numbers are exact.

use crate::common::{Run, baseline, delay_first_syn};
use experiment::Scenario;
use experiment::record::Event;
use sim_time::{Duration, Instant};
use tcp_endpoint::State;

/// Baseline B under a handshake.
fn stale_syn(handshake: &str) -> Scenario {
    baseline(handshake)
}

/// The client is still in TIME-WAIT on that 4-tuple when the stale SYN arrives.
fn client_in_time_wait(handshake: &str) -> Scenario {
    let mut scenario = baseline(handshake);
    for host in &mut scenario.hosts {
        host.settings.teardown.time_wait = Duration::from_secs(240);
    }
    scenario
}

fn with_keepalive(mut scenario: Scenario) -> Scenario {
    scenario.hosts[1].settings.limits.keepalive.keepalive = true;
    scenario
}

/// The first exchange has the timeline that the claims state.
#[test]
fn the_connection_itself_is_served_by_the_second_syn() {
    let run = Run::of(&stale_syn("three-way"));
    let changes: Vec<(u64, u16, State)> = run
        .records
        .iter()
        .filter(|record| record.at < Instant::from_nanos(4_000_000_000))
        .filter_map(|record| match &record.event {
            Event::State(change) => Some((record.at.as_nanos() / 1_000_000, change.host.0, change.to)),
            _ => None,
        })
        .collect();
    use State::{CloseWait, Closed, Established, FinWait1, FinWait2, LastAck, SynReceived, SynSent, TimeWait};
    assert_eq!(
        changes,
        [
            (0, 0, SynSent),
            (1050, 1, SynReceived),
            (1100, 0, Established),
            (1150, 1, Established),
            (1300, 0, FinWait1),
            (1350, 1, CloseWait),
            (1350, 1, LastAck),
            (1400, 0, FinWait2),
            (1400, 0, TimeWait),
            (1450, 1, Closed),
            (2400, 0, Closed),
        ]
    );
    run.check(&[
        ("client.attempts.opened", 1.0),
        ("client.attempts.established", 1.0),
        ("setup.seconds.max", 1.1),
        ("setup.round-trips", 1.0),
        ("close.segments", 3.0),
        ("close.reset", 0.0),
        ("data.delivered.bytes", 200.0),
        ("data.lost.bytes", 0.0),
        ("data.stale-delivered.bytes", 0.0),
        ("segments.stale", 1.0),
    ]);
}

#[test]
fn e1_two_way_leaves_a_ghost_for_ever() {
    let run = Run::of(&stale_syn("two-way"));
    run.check(&[
        ("server.ghost.connections", 1.0),
        ("server.ghost.seconds", 10_795.0),
        ("server.half-open.entries", 0.0),
        ("server.memory.wasted-byte-seconds", 10_795.0 * 2560.0),
        ("waste.delayed.byte-seconds", 10_795.0 * 2560.0),
        ("segments.wasted", 1.0),
        ("segments.stale", 1.0),
    ]);
}

#[test]
fn e1_with_keepalive_the_ghost_lasts_7875_seconds() {
    let run = Run::of(&with_keepalive(stale_syn("two-way")));
    run.check(&[("server.ghost.seconds", 7875.0), ("segments.wasted", 10.0)]);
    assert_eq!(run.summary.ended_at, Instant::from_nanos(7_880_000_000_000));
}

#[test]
fn e2_a_reset_ends_the_ghost_in_a_round_trip() {
    let run = Run::of(&stale_syn("two-way-rst"));
    run.check(&[
        ("server.ghost.connections", 1.0),
        ("server.ghost.seconds", 0.1),
        ("segments.wasted", 2.0),
        ("close.reset", 0.0),
    ]);
}

#[test]
fn e3_three_way_with_a_silent_client_gives_up_after_63_seconds() {
    let run = Run::of(&stale_syn("three-way-silent"));
    run.check(&[
        ("server.ghost.connections", 0.0),
        ("server.half-open.abandoned", 1.0),
        ("server.half-open.abandoned-seconds", 63.0),
        ("server.syn-acks.sent", 7.0),
        ("segments.wasted", 6.0),
        ("waste.delayed.byte-seconds", 63.0 * 256.0),
    ]);
    assert_eq!(run.wasted_at_millis(), [5000, 6000, 8000, 12_000, 20_000, 36_000]);
}

#[test]
fn e4_three_way_with_a_reset_takes_a_round_trip() {
    let run = Run::of(&stale_syn("three-way"));
    run.check(&[
        ("server.half-open.entries", 2.0),
        ("server.half-open.abandoned", 1.0),
        ("server.half-open.abandoned-seconds", 0.1),
        ("segments.wasted", 2.0),
    ]);
}

#[test]
fn e5_the_exchange_kills_the_clients_time_wait() {
    let run = Run::of(&client_in_time_wait("three-way"));
    run.check(&[
        ("server.half-open.abandoned-seconds", 1.1),
        ("client.time-wait.ended-early", 1.0),
        ("client.state.TIME-WAIT.seconds", 3.75),
        ("segments.wasted", 5.0),
        ("close.segments", 3.0),
        ("close.reset", 0.0),
    ]);
}

#[test]
fn e5_two_way_is_a_ghost_without_any_loss() {
    for handshake in ["two-way", "two-way-rst"] {
        let run = Run::of(&client_in_time_wait(handshake));
        run.check(&[("server.ghost.connections", 1.0), ("server.ghost.seconds", 10_795.0)]);
    }
    let run = Run::of(&with_keepalive(client_in_time_wait("two-way")));
    run.check(&[("server.ghost.seconds", 7875.1)]);
    let run = Run::of(&with_keepalive(client_in_time_wait("two-way-rst")));
    run.check(&[("server.ghost.seconds", 7200.2)]);
}

#[test]
fn e5_silence_does_not_save_the_time_wait() {
    let run = Run::of(&client_in_time_wait("three-way-silent"));
    run.check(&[
        ("server.half-open.abandoned-seconds", 63.0),
        ("client.time-wait.ended-early", 1.0),
        ("segments.wasted", 8.0),
    ]);
}

#[test]
fn e6_the_cure_multiplies_the_half_open_time() {
    let mut scenario = client_in_time_wait("three-way");
    for host in &mut scenario.hosts {
        host.settings.teardown.reset_ends_time_wait = false;
    }
    Run::of(&scenario).check(&[
        ("server.half-open.abandoned-seconds", 63.0),
        ("client.time-wait.ended-early", 0.0),
        ("segments.wasted", 18.0),
    ]);
}

/// Claim 3: a server that still holds the connection answers with an ACK and makes no state.
#[test]
fn a_stale_syn_during_the_connection_makes_no_state() {
    let mut scenario = stale_syn("three-way");
    delay_first_syn(&mut scenario, Duration::from_millis(1200));
    Run::of(&scenario).check(&[
        ("server.half-open.entries", 1.0),
        ("server.half-open.abandoned", 0.0),
        ("segments.wasted", 0.0),
        ("segments.stale", 1.0),
    ]);
}
