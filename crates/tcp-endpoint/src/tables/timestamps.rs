//! Timestamps (RFC 7323), and the timers that measure by them.

use sim_time::Duration;

use crate::testing::{Bench, at, limits, linux, settings};
use crate::{AckTiming, Limits, RtoFloor, SequenceCheck, Settings, State};

const NONE: [&str; 0] = [];

fn with(limits: Limits) -> Settings {
    Settings { limits, ..settings("three-way") }
}

fn stamped() -> Limits {
    limits().with(|it| it.timers.timestamps = true)
}

/// §3.2: both ends must offer them.
#[test]
fn they_are_carried_if_both_syns_have_them() {
    let mut bench = Bench::listening(with(stamped()));
    assert_eq!(bench.arrives("S 0 @50"), ["SA 0/1 @50"]);
    bench.arrives("A 1/1 @60");
    assert_eq!(bench.arrives("PA 1/1 10 @70"), ["A 1/11 @70"]);

    assert_eq!(Bench::listening(with(stamped())).arrives("S 0"), ["SA 0/1"]);
    assert_eq!(Bench::listening(with(limits())).arrives("S 0 @50"), ["SA 0/1"]);
    assert_eq!(Bench::connecting(with(stamped())).arrives("SA 0/1 @50"), ["A 1/1 @50"]);
    assert_eq!(Bench::connecting(with(stamped())).arrives("SA 0/1"), ["A 1/1"]);
}

/// §4.3: the echo is of the segment that was next, not of the latest.
#[test]
fn the_oldest_unacknowledged_is_echoed() {
    let mut bench = Bench::listening(with(stamped()));
    bench.arrives("S 0 @50");
    bench.arrives("A 1/1 @60");
    assert_eq!(bench.arrives("PA 11/1 10 @71"), ["A 1/1 @60"]);
    assert_eq!(bench.arrives("PA 1/1 10 @72"), ["A 1/21 @72"]);
}

/// §5.3 R1: what is older than the last is acknowledged and dropped, whatever its sequence number.
#[test]
fn what_is_older_is_dropped() {
    let mut bench = Bench::listening(with(stamped()));
    bench.arrives("S 0 @50");
    bench.arrives("A 1/1 @60");
    assert_eq!(bench.arrives("PA 1/1 10 @59"), ["A 1/1 @60"]);
    assert_eq!(bench.arrives("FA 1/1 @59"), ["A 1/1 @60"]);
    assert_eq!(bench.state, State::Established);
    bench.arrives("R 1 @59");
    assert_eq!(bench.state, State::Closed, "resets are exempt (§5.2)");
}

/// §5.3: R2 comes before R3, so that what is not acceptable leaves TS.Recent as it is, and does not make old what is on its
/// way still.
#[test]
fn what_is_not_acceptable_is_not_echoed() {
    for unacceptable in ["A 70000/1 @99", "PA -9/1 5 @99", "S -70000 @99", "PA -9/1 10 @99"] {
        let mut bench = Bench::listening(with(stamped()));
        bench.arrives("S 0 @50");
        bench.arrives("A 1/1 @60");
        assert_eq!(bench.arrives(unacceptable), ["A 1/1 @60"], "{unacceptable}");
        assert_eq!(bench.arrives("PA 1/1 10 @70"), ["A 1/11 @70"], "{unacceptable}");
    }
    let mut bench = Bench::listening(with(stamped()));
    bench.arrives("S 0 @50");
    bench.arrives("A 70000/1 @99");
    assert_eq!(bench.arrives("A 1/1 @60"), NONE);
    assert_eq!(bench.state, State::Established, "of a half-open entry, too");
}

/// Linux asks that the acknowledgment be acceptable as well, and lets the end of what it acknowledged last in.
#[test]
fn an_old_acknowledgment_may_not_be_echoed() {
    let of_linux = linux().with(|it| it.timers.timestamps = true);
    for (limits, echo) in [(stamped(), 70), (of_linux, 60)] {
        let mut bench = Bench::listening(with(limits));
        bench.arrives("S 0 @50");
        bench.arrives("A 1/1 @60");
        bench.send(10);
        bench.arrives("A 1/11 @60");
        assert_eq!(bench.arrives("PA 1/6 10 @70"), [format!("A 11/11 @{echo}")]);
    }
}

/// §3.2: what lacks them is dropped without a word, unless it is a reset; Linux takes it.
#[test]
fn what_lacks_them_is_dropped() {
    let agreed = |limits, state: State| {
        let mut bench = Bench::listening(with(limits));
        bench.arrives("S 0 @50");
        if state != State::SynReceived {
            bench.arrives("A 1/1 @60");
        }
        if state == State::TimeWait {
            bench.shutdown();
            bench.arrives("FA 1/2 @70");
        }
        assert_eq!(bench.state, state);
        bench
    };
    for (state, arrives) in [
        (State::SynReceived, "A 1/1"),
        (State::Established, "PA 1/1 10"),
        (State::Established, "A 70000/1"),
        (State::Established, "FA 1/1"),
        (State::TimeWait, "FA 1/2"),
    ] {
        let mut bench = agreed(stamped(), state);
        assert_eq!((bench.arrives(arrives), bench.state), (vec![], state), "{arrives}");
        bench.arrives(if state == State::TimeWait { "R 2" } else { "R 1" });
        assert_eq!(bench.state, State::Closed, "{arrives}");
    }
    let mut bench = agreed(linux().with(|it| it.timers.timestamps = true), State::Established);
    assert_eq!(bench.arrives("PA 1/1 10"), ["A 1/11 @60"]);
}

#[test]
fn a_half_open_entry_drops_it_too() {
    let mut bench = Bench::listening(with(stamped()));
    bench.arrives("S 0 @50");
    assert_eq!(bench.arrives("A 1/1 @49"), ["A 1/1 @50"]);
    assert_eq!(bench.state, State::SynReceived);
}

/// §4.1: the echo tells which transmission is acknowledged, so that Karn's rule is not needed. Recorded in h4 and h6.
#[test]
fn a_retransmission_is_measured() {
    let floor = limits().with(|it| {
        it.timers.rto_min = Duration::from_millis(200);
        it.timers.rto_floor = RtoFloor::Variance;
    });
    for (timestamps, again_at) in [(true, "1.330 PA 1/1 10 @50"), (false, "4.100 PA 1/1 10")] {
        let mut bench = Bench::connecting(with(floor.clone().with(|it| it.timers.timestamps = timestamps)));
        bench.wait(at(1000));
        bench.now = at(1100);
        // The peer echoes the second SYN: the round trip is 10 ms, where the first would have given 1.1 s.
        bench.arrives(if timestamps { "SA 0/1 @50/1090" } else { "SA 0/1" });
        bench.send(10);
        let sent = bench.wait(at(4500));
        let expected = if timestamps { "1.310 PA 1/1 10 @50" } else { again_at };
        assert_eq!(sent[0], expected);
    }
}

/// RFC 8985 §7: the end of a flight goes out again after two round trips and `rto-min`, or the timeout if that is
/// sooner; the timeout proper begins then. Recorded in c3 (and with no probe in c3b), h14.
#[test]
fn the_tail_is_probed_before_the_timeout() {
    let probing = linux().with(|it| it.timers.tail_loss_probe = true);
    let established = |limits| {
        let mut bench = Bench::in_state(with(limits), State::SynReceived);
        bench.now = at(20);
        bench.arrives("A 1/1");
        bench
    };
    let mut bench = established(probing.clone());
    assert_eq!(bench.shutdown(), ["FA 1/1"]);
    assert_eq!(bench.wait(at(1500)), ["0.240 FA 1/1", "0.460 FA 1/1", "0.900 FA 1/1"]);
    let mut bench = established(probing.clone().with(|it| it.timers.tail_loss_probe = false));
    bench.shutdown();
    assert_eq!(bench.wait(at(1500)), ["0.240 FA 1/1", "0.680 FA 1/1"]);

    // Of several segments it is the last, and two round trips are enough.
    let mut bench = established(probing.with(|it| it.sizes.mss = 10));
    bench.send(30);
    assert_eq!(bench.wait(at(100)), ["0.060 PA 21/1 10"]);
    assert_eq!(bench.wait(at(300)), ["0.280 A 1/1 10"]);
    assert_eq!(bench.arrives("A 1/31"), NONE);
}

/// RFC 8985 §7.2: without a round trip the probe is due after a second, and never after the timeout.
#[test]
fn an_unmeasured_flight_is_probed_after_a_second() {
    for (after_loss, until, sent) in
        [(3000, 4000, ["1.000 PA 1/1 10", "4.000 PA 1/1 10"]), (500, 1000, ["0.500 PA 1/1 10", "1.000 PA 1/1 10"])]
    {
        let limits = linux().with(|it| {
            it.timers.tail_loss_probe = true;
            it.timers.rto_after_syn_loss = Duration::from_millis(after_loss);
        });
        let mut bench = Bench::listening(Settings { limits, ..settings("syn-cookies") });
        bench.arrives("S 0");
        bench.arrives("A 1/1");
        bench.send(10);
        assert_eq!(bench.wait(at(until)), sent);
    }
}

/// RFC 8985 §7.2: after a timeout nothing is probed until something new is acknowledged.
#[test]
fn a_timeout_is_not_probed() {
    let mut bench = Bench::in_state(with(linux().with(|it| it.timers.tail_loss_probe = true)), State::SynReceived);
    bench.now = at(20);
    bench.arrives("A 1/1");
    bench.send(10);
    assert_eq!(bench.wait(at(500)), ["0.240 PA 1/1 10", "0.460 PA 1/1 10"], "a probe, then the timeout");
    bench.send(10);
    assert_eq!(bench.wait(at(800)), NONE, "the timeout has doubled, and no probe goes ahead of it");
}

/// RFC 8985 §7.2: neither is a SYN, nor a SYN-ACK, nor what is acknowledged.
#[test]
fn a_handshake_is_not_probed() {
    let probing = || with(linux().with(|it| it.timers.tail_loss_probe = true));
    let mut bench = Bench::connecting(probing());
    assert_eq!(bench.wait(at(1500)), ["1.000 S 0"]);
    let mut bench = Bench::in_state(probing(), State::SynReceived);
    assert_eq!(bench.wait(at(1500)), ["1.000 SA 0/1"]);
    bench.arrives("A 1/1");
    bench.send(10);
    bench.arrives("A 1/11");
    assert_eq!(bench.wait(at(100_000)), NONE);
}

/// RFC 8985 §7.2: new data and a new acknowledgment each put the probe off; an old acknowledgment does not.
#[test]
fn what_is_new_puts_the_probe_off() {
    for (arrives, due) in [("A 1/11", "0.3275 PA 11/1 10"), ("A 1/1", "0.120 PA 11/1 10")] {
        let mut bench = Bench::in_state(with(linux().with(|it| it.timers.tail_loss_probe = true)), State::SynReceived);
        bench.now = at(20);
        bench.arrives("A 1/1");
        bench.send(10);
        bench.wait(at(80));
        bench.send(10);
        bench.wait(at(100));
        bench.arrives(arrives);
        assert_eq!(bench.wait(at(400))[0], due, "{arrives}");
    }
}

/// A probe that was answered is not sent again for the same flight, and the next flight has its own.
#[test]
fn there_is_one_probe_for_each_flight() {
    let mut bench = Bench::in_state(with(linux().with(|it| it.timers.tail_loss_probe = true)), State::SynReceived);
    bench.now = at(20);
    bench.arrives("A 1/1");
    bench.send(10);
    assert_eq!(bench.wait(at(300)), ["0.240 PA 1/1 10"]);
    bench.arrives("A 1/11");
    bench.send(10);
    assert_eq!(bench.wait(at(521)), ["0.520 PA 11/1 10"]);
}

fn agreed(limits: Limits) -> Bench {
    let mut bench = Bench::listening(with(limits));
    bench.arrives("S 0 @50");
    bench.arrives("A 1/1 @60");
    bench
}

/// §3.2: whatever leaves once both SYNs had them, a reset of the application included.
#[test]
fn every_segment_carries_them() {
    let keepalive = stamped().with(|it| it.keepalive.keepalive = true);
    let mut bench = agreed(keepalive);
    assert_eq!(bench.arrives("R 5 @60"), ["A 1/1 @60"], "a challenge");
    assert_eq!(bench.arrives("A 70000/1 @60"), ["A 1/1 @60"], "what is not acceptable");
    assert_eq!(bench.wait(at(7_200_000)), ["7200.000 A 0/1 @60"], "a probe");
    assert_eq!(bench.send(10), ["PA 1/1 10 @60"]);
    assert_eq!(bench.wait(at(7_201_000)), ["7201.000 PA 1/1 10 @60"], "a retransmission");
    bench.arrives("A 1/11 @60");
    assert_eq!(bench.shutdown(), ["FA 11/1 @60"]);
    assert_eq!(bench.arrives("FA 1/12 @70"), ["A 12/2 @70"]);
    assert_eq!(bench.arrives("FA 1/12 @80"), ["A 12/2 @70"], "in TIME-WAIT");
    assert_eq!(agreed(stamped()).abort(), ["R 1 @60"]);
}

/// §3.2: on a connection whose ends did not agree they mean nothing, whatever they say.
#[test]
fn they_are_ignored_where_they_were_not_agreed_on() {
    for (limits, syn) in [(stamped(), "S 0"), (limits(), "S 0 @50")] {
        let mut bench = Bench::listening(with(limits));
        bench.arrives(syn);
        bench.arrives("A 1/1 @60");
        assert_eq!(bench.arrives("PA 1/1 10 @40"), ["A 1/11"], "{syn}");
        assert_eq!(bench.arrives("PA 11/1 10"), ["A 1/21"], "{syn}");
    }
    let mut bench = Bench::connecting(with(limits()));
    assert_eq!(bench.arrives("SA 0/1 @50"), ["A 1/1"]);
    assert_eq!(bench.arrives("PA 1/1 10 @40"), ["A 1/11"]);
}

/// §3.2: a SYN answers nothing, so its echo is zero, and the echo of one that crosses it is not looked at.
#[test]
fn a_syn_has_nothing_to_echo() {
    let limits = stamped().with(|it| it.timers.rto_min = Duration::from_millis(1));
    let mut bench = Bench::closed(Settings { limits, ..settings("two-way") });
    assert_eq!(bench.open(), ["S 0 @0"]);
    bench.now = at(10);
    bench.arrives("S 0 @50/0");
    bench.send(10);
    assert_eq!(bench.wait(at(1500))[0], "1.010 PA 1/1 10 @50", "the initial timeout");
}

/// §4.1, the RTTM rule: only what acknowledges something new is measured.
#[test]
fn what_acknowledges_nothing_new_measures_nothing() {
    let limits = stamped().with(|it| it.timers.rto_min = Duration::from_millis(1));
    let mut bench = agreed(limits);
    bench.wait(at(500));
    bench.arrives("PA 1/1 10 @61/0"); // 500 ms late, as its sender had nothing to say before
    bench.send(10);
    assert_eq!(bench.wait(at(510))[0], "0.501 PA 1/11 10 @61", "the SYN-ACK was acknowledged at once");
}

/// §4.3 (A): an acknowledgment that was delayed echoes the first of the segments that it is for.
#[test]
fn a_delayed_acknowledgment_echoes_the_earliest() {
    let mut bench = agreed(stamped().with(|it| it.acknowledgment.ack_timing = AckTiming::Delayed));
    assert_eq!(bench.arrives("PA 1/1 10 @70"), NONE);
    assert_eq!(bench.arrives("PA 11/1 10 @71"), ["A 1/21 @70"]);
    assert_eq!(bench.arrives("PA 21/1 10 @72"), NONE);
    assert_eq!(bench.wait(at(200)), ["0.200 A 1/31 @72"]);
}

/// §4.3 (2): what is as new as the last is taken, and what begins beyond the last acknowledgment is not.
#[test]
fn which_timestamp_is_recent() {
    for (arrives, echo) in
        [("PA 1/1 10 @60", 60), ("PA -9/1 20 @70", 70), ("A 1/1 @70", 70), ("PA 2/1 10 @70", 60), ("A 2/1 @70", 60)]
    {
        let mut bench = agreed(stamped());
        bench.arrives(arrives);
        bench.arrives("A 70000/1 @99"); // asks what is echoed now
        let echoed = bench.left.last().and_then(|(sent, _)| sent.segment.options.timestamps);
        assert_eq!(echoed.map(|stamps| stamps.echo), Some(echo), "{arrives}");
    }
}

/// §5.2: a reset is judged by its number alone, and what it says is not taken either.
#[test]
fn a_reset_brings_no_timestamp() {
    let mut bench = agreed(stamped());
    assert_eq!(bench.arrives("R 5 @99"), ["A 1/1 @60"]);
    assert_eq!(bench.arrives("PA 1/1 10 @70"), ["A 1/11 @70"]);
    // Where it lies does not matter: at the last acknowledgment, which waits, and is let in by the loose check alone.
    let mut bench = agreed(stamped().with(|it| {
        it.acknowledgment.ack_timing = AckTiming::Delayed;
        it.checks.sequence_check = SequenceCheck::LastAck;
    }));
    bench.arrives("PA 1/1 10 @70");
    assert_eq!(bench.arrives("R 1 @99"), ["A 1/11 @70"]);
}

/// §5.3 R1: what is old is neither taken nor does it acknowledge, open or close anything.
#[test]
fn what_is_old_changes_nothing() {
    let mut bench = agreed(stamped());
    bench.send(10);
    bench.arrives("A 1/11 @59");
    assert_eq!(bench.wait(at(1500)), ["1.000 PA 1/1 10 @60"], "it was not acknowledged");
    for old in ["PA 1/1 10 @59", "FA 1/1 @59", "S 5 @59"] {
        let mut bench = agreed(stamped());
        assert_eq!(bench.arrives(old), ["A 1/1 @60"], "{old}");
        assert_eq!((bench.state, bench.receive()), (State::Established, (0, false)), "{old}");
    }
}

/// §5.3 R1: a FIN of before the last segment is dropped, although TIME-WAIT awaits the FIN's retransmission.
#[test]
fn what_is_old_does_not_restart_time_wait() {
    for (fin, ends) in [("FA 1/2 @69", 60_000), ("FA 1/2 @70", 61_000)] {
        let mut settings = with(stamped());
        settings.teardown.time_wait = Duration::from_secs(60);
        let mut bench = Bench::listening(settings);
        bench.arrives("S 0 @50");
        bench.arrives("A 1/1 @60");
        bench.shutdown();
        bench.arrives("FA 1/2 @70");
        bench.now = at(1000);
        assert_eq!(bench.arrives(fin), ["A 2/2 @70"], "{fin}");
        bench.wait(at(ends - 1));
        assert_eq!(bench.state, State::TimeWait, "{fin}");
        bench.wait(at(ends));
        assert_eq!(bench.state, State::Closed, "{fin}");
    }
}

/// §5.3, the example behind R5: what waits behind a gap is not judged again when the gap is filled.
#[test]
fn what_was_queued_is_not_judged_again() {
    let mut bench = agreed(stamped());
    bench.arrives("PA 11/1 10 @70");
    assert_eq!(bench.arrives("PA 1/1 10 @80"), ["A 1/21 @80"]);
    assert_eq!(bench.receive(), (20, false));
    assert_eq!(bench.arrives("PA 21/1 10 @70"), ["A 1/21 @80"], "what comes later is");
}

/// §5.5: after 24 days TS.Recent judges nothing, and the segment's own takes its place.
#[test]
fn an_outdated_timestamp_is_replaced() {
    const DAY: u64 = 24 * 3600 * 1000;
    for (days, answer) in [(23, "A 1/1 @60"), (25, "A 1/11 @59")] {
        let mut bench = agreed(stamped());
        bench.wait(at(days * DAY));
        assert_eq!(bench.arrives("PA 1/1 10 @59"), [answer], "after {days} days");
    }
}
