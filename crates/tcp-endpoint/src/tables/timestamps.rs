//! Timestamps (RFC 7323), and the timers that measure by them.

use sim_time::Duration;

use crate::testing::{Bench, at, limits, linux, settings};
use crate::{Limits, RtoFloor, Settings, State};

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
