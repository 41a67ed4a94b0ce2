//! Retransmission, giving up, keepalive: what happens when the peer says nothing (RFC 6298, RFC 9293 §3.8.3–4).

use sim_time::Duration;

use crate::testing::{Bench, at, limits, linux, settings};
use crate::{Commit, DuplicateSyn, Effect, Handshake, KeepaliveHeard, Limits, Notice, Settings, State, Timer};

fn with(limits: Limits) -> Settings {
    Settings { limits, ..settings("three-way") }
}

#[test]
fn a_syn_backs_off_and_gives_up_after_three_minutes() {
    let mut bench = Bench::connecting(settings("three-way"));
    let sent = bench.wait(at(182_999));
    assert_eq!(sent, ["1.000 S 0", "3.000 S 0", "7.000 S 0", "15.000 S 0", "31.000 S 0", "63.000 S 0", "123.000 S 0"]);
    assert_eq!(bench.state, State::SynSent);
    bench.wait(at(183_000));
    assert_eq!((bench.state, &bench.notices[..]), (State::Closed, &[Notice::TimedOut][..]));
}

/// Linux 6.5 and later: `tcp_syn_linear_timeouts = 4`, `tcp_syn_retries = 6`.
#[test]
fn a_syn_may_be_repeated_linearly_first() {
    let linux = limits().with(|it| {
        it.handshake_retries.syn_linear_retries = 4;
        it.handshake_retries.syn_retries = 6;
        it.timers.rto_max = Duration::from_secs(120);
    });
    let mut bench = Bench::connecting(with(linux));
    let times: Vec<_> = bench.wait(at(130_999)).iter().map(|sent| sent.split('.').next().unwrap().to_owned()).collect();
    assert_eq!(times, ["1", "2", "3", "4", "5", "7", "11", "19", "35", "67"]);
    assert_eq!(bench.state, State::SynSent);
    bench.wait(at(131_000));
    assert_eq!(bench.state, State::Closed);
}

#[test]
fn a_syn_ack_backs_off_and_gives_up_after_63_seconds() {
    let mut bench = Bench::in_state(settings("three-way"), State::SynReceived);
    let sent = bench.wait(at(62_999));
    assert_eq!(sent, ["1.000 SA 0/1", "3.000 SA 0/1", "7.000 SA 0/1", "15.000 SA 0/1", "31.000 SA 0/1"]);
    assert_eq!(bench.state, State::SynReceived);
    bench.wait(at(63_000));
    assert_eq!(bench.state, State::Closed);
}

#[test]
fn a_repeated_syn_puts_the_timer_off_without_backing_off() {
    let mut bench =
        Bench::in_state(with(limits().with(|it| it.checks.duplicate_syn = DuplicateSyn::SynAck)), State::SynReceived);
    bench.wait(at(900));
    assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
    assert_eq!(bench.wait(at(4000)), ["1.900 SA 0/1", "3.900 SA 0/1"]);
}

#[test]
fn a_fin_backs_off_and_gives_up() {
    let mut bench = Bench::in_state(settings("three-way"), State::FinWait1);
    let sent = bench.wait(at(1_000_000));
    assert_eq!(
        sent,
        ["1.000 FA 1/1", "3.000 FA 1/1", "7.000 FA 1/1", "15.000 FA 1/1", "31.000 FA 1/1", "63.000 FA 1/1"]
    );
    assert_eq!((bench.state, bench.notices.last()), (State::Closed, Some(&Notice::TimedOut)));
}

/// After a timeout everything on the way is presumed lost: one segment goes out as a probe, the rest when it is heard.
#[test]
fn go_back_n() {
    let mut bench = Bench::in_state(with(limits().with(|it| it.sizes.mss = 10)), State::Established);
    assert_eq!(bench.send(30), ["A 1/1 10", "A 11/1 10", "PA 21/1 10"]);
    assert_eq!(bench.wait(at(1500)), ["1.000 A 1/1 10"]);
    assert_eq!(bench.arrives("A 1/11"), ["A 11/1 10", "PA 21/1 10"]);
    assert_eq!(bench.arrives("A 1/31"), Vec::<String>::new());
    assert!(bench.wait(at(100_000)).is_empty());
}

/// RFC 6298 §5.7.
#[test]
fn data_starts_with_three_seconds_after_a_lost_syn() {
    let mut bench = Bench::connecting(settings("three-way"));
    bench.wait(at(1000));
    bench.arrives("SA 0/1");
    bench.send(10);
    assert_eq!(bench.wait(at(9_999)), ["4.000 PA 1/1 10"]);
}

/// Karn's rule: the answer to a segment that was sent twice measures nothing; the backed-off timeout stays.
#[test]
fn what_was_sent_twice_is_not_measured() {
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    bench.send(10);
    bench.wait(at(1100));
    bench.arrives("A 1/11");
    bench.send(10);
    assert_eq!(bench.wait(at(5000)), ["3.100 PA 11/1 10"]);
}

#[test]
fn keepalive_probes_nine_times_and_then_gives_up() {
    let mut bench = Bench::in_state(with(limits().with(|it| it.keepalive.keepalive = true)), State::Established);
    let sent = bench.wait(at(7_874_999));
    let expected: Vec<_> = (0..9).map(|probe| format!("{}.000 A 0/1", 7200 + 75 * probe)).collect();
    assert_eq!(sent, expected);
    assert_eq!(bench.state, State::Established);
    assert!(bench.wait(at(7_875_000)).is_empty());
    assert_eq!((bench.state, bench.notices.last()), (State::Closed, Some(&Notice::TimedOut)));
}

#[test]
fn an_answered_probe_starts_the_silence_anew() {
    let mut bench = Bench::in_state(with(limits().with(|it| it.keepalive.keepalive = true)), State::Established);
    bench.wait(at(7_200_000));
    bench.arrives("A 1/1");
    assert_eq!(bench.wait(at(14_400_000)), ["14400.000 A 0/1"]);
    assert_eq!(bench.arrives("R 1"), Vec::<String>::new());
    assert_eq!(bench.state, State::Closed);
}

#[test]
fn keepalive_is_off_unless_asked_for() {
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    assert!(bench.wait(at(100_000_000)).is_empty());
    assert_eq!(bench.state, State::Established);
}

/// `syn-ack-timer = false` holds for a full entry as it does for a small one, and after a repeated SYN too.
#[test]
fn without_a_timer_no_syn_ack_is_sent_unasked() {
    for commit in [Commit::HalfOpen, Commit::Connection] {
        let three_way = with(limits().with(|it| it.checks.duplicate_syn = DuplicateSyn::SynAck));
        let handshake = Handshake { commit, syn_ack_timer: false, ..three_way.handshake };
        let mut bench = Bench::in_state(Settings { handshake, ..three_way }, State::SynReceived);
        assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
        assert!(bench.wait(at(1_000_000)).is_empty());
    }
}

/// Karn's rule for the SYN-ACK: which of the two was acknowledged is not known.
#[test]
fn a_syn_ack_that_was_sent_twice_is_not_measured() {
    for commit in [Commit::HalfOpen, Commit::Connection] {
        let three_way = with(limits().with(|it| {
            it.checks.duplicate_syn = DuplicateSyn::SynAck;
            it.timers.rto_min = Duration::from_millis(1);
        }));
        let handshake = Handshake { commit, ..three_way.handshake };
        let mut bench = Bench::in_state(Settings { handshake, ..three_way }, State::SynReceived);
        bench.arrives("S 0");
        bench.wait(at(10));
        bench.arrives("A 1/1");
        bench.send(10);
        assert_eq!(bench.wait(at(1500)), ["1.010 PA 1/1 10"]);
    }
}

/// A connection that is over is kept for its application to read; no deadline wakes it.
#[test]
fn a_deadline_that_comes_too_late_does_no_harm() {
    let mut bench = Bench::in_state(settings("three-way"), State::FinWait1);
    let socket = bench.socket.expect("accepted");
    bench.arrives("RA 1/2");
    assert_eq!(bench.state, State::Closed);
    let mut effects = Vec::new();
    bench.host.on_deadline(at(10_000), socket, &mut effects);
    bench.host.flush(at(10_000), &mut effects);
    assert_eq!(effects, []);
}

/// One that comes too early is asked for again.
#[test]
fn a_deadline_that_comes_too_early_is_set_anew() {
    let timers = [
        (State::SynReceived, Timer::Retransmission),
        (State::FinWait1, Timer::Retransmission),
        (State::TimeWait, Timer::TimeWait),
    ];
    for (state, timer) in timers {
        let mut bench = Bench::in_state(settings("three-way"), state);
        let mut effects = Vec::new();
        let (entry, deadline) = bench.deadline().expect("one is set");
        bench.host.on_deadline(at(1), entry, &mut effects);
        bench.host.flush(at(1), &mut effects);
        assert_eq!(effects, [Effect::Arm { entry, tag: (), at: deadline, timer }], "{state}");
    }
}

/// RFC 6298 §5.7 raises a timeout below 3 s once a SYN timed out; a longer one stays as backed off as it is (§5.5). So it is at
/// either end, whatever the listener had committed.
#[test]
fn a_lost_syn_makes_no_timeout_shorter() {
    for (rto_initial, losses, after) in [(1, 1, 3), (1, 2, 4), (1, 3, 8), (5, 1, 10)] {
        let limits = limits().with(|it| it.timers.rto_initial = Duration::from_secs(rto_initial));
        for commit in [None, Some(Commit::HalfOpen), Some(Commit::Connection)] {
            let mut settings = Settings { limits: limits.clone(), ..settings("three-way") };
            settings.handshake.commit = commit.unwrap_or(settings.handshake.commit);
            let start = if commit.is_some() { State::SynReceived } else { State::SynSent };
            let mut bench = if commit.is_some() { Bench::listening(settings) } else { Bench::connecting(settings) };
            if commit.is_some() {
                bench.arrives("S 0");
            }
            assert_eq!(bench.state, start);
            let lost = Duration::from_secs(rto_initial * ((1 << losses) - 1));
            assert_eq!(bench.wait(at(0) + lost).len(), losses);
            bench.arrives(if commit.is_some() { "A 1/1" } else { "SA 0/1" });
            bench.send(10);
            let again = at(0) + lost + Duration::from_secs(after);
            assert_eq!(bench.wait(again), [format!("{again} PA 1/1 10")], "{losses} losses, {commit:?}");
        }
    }
}

/// Linux sets the timeout to 3 s wherever the handshake gave no round trip: after one SYN lost or many, after a SYN-ACK that a
/// repeated SYN has asked for, and after a cookie. One that was measured it leaves alone.
#[test]
fn linux_starts_data_with_three_seconds_if_nothing_was_measured() {
    let limits = linux().with(|it| {
        it.timers.tail_loss_probe = false;
        it.handshake_retries.syn_linear_retries = 4;
    });
    for (lost, losses) in [(1000, 1), (2000, 2), (19_000, 8)] {
        let mut bench = Bench::connecting(with(limits.clone()));
        assert_eq!(bench.wait(at(lost)).len(), losses);
        bench.arrives("SA 0/1");
        bench.send(10);
        let again = at(lost + 3000);
        assert_eq!(bench.wait(again), [format!("{again} PA 1/1 10")], "{losses} losses");
    }
    for (arrives, again) in [(&["S 0"][..], 200), (&["S 0", "S 0"], 3000)] {
        let mut bench = Bench::listening(with(limits.clone()));
        arrives.iter().chain(&["A 1/1"]).for_each(|segment| drop(bench.arrives(segment)));
        bench.send(10);
        assert_eq!(bench.wait(at(again)), [format!("{} PA 1/1 10", at(again))], "{arrives:?}");
    }
    let mut bench = Bench::listening(Settings { limits, ..settings("syn-cookies") });
    bench.arrives("S 0");
    bench.arrives("A 1/1");
    bench.send(10);
    assert_eq!(bench.wait(at(3000)), ["3.000 PA 1/1 10"]);
}

/// MUST-26: any data or acknowledgment that comes puts the probe off, a probe of the peer's included. Linux asks that it be
/// acceptable, which a probe is not.
#[test]
fn a_probe_of_the_peers_is_heard() {
    for (keepalive_heard, first) in [(KeepaliveHeard::Any, "20.000"), (KeepaliveHeard::Acceptable, "15.000")] {
        for arrives in ["A 0/1", "PA -9/1 10", "P -9 10", "A 70000/1", "P -9", "S 0", "R 0"] {
            let idle = Duration::from_secs(15);
            let limits = limits().with(|it| {
                it.keepalive.keepalive = true;
                it.keepalive.keepalive_idle = idle;
                it.keepalive.keepalive_heard = keepalive_heard;
            });
            let mut bench = Bench::in_state(with(limits), State::Established);
            bench.wait(at(5000));
            bench.arrives(arrives);
            let first = if matches!(arrives, "P -9" | "S 0" | "R 0") { "15.000" } else { first };
            assert_eq!(bench.wait(at(20_000)), [format!("{first} A 0/1")], "{keepalive_heard:?}, {arrives}");
        }
    }
}

/// RFC 6298 §5.1 to §5.4: what is sent behind it does not move the timer, a new acknowledgment starts it anew, the last one
/// stops it, and the oldest segment alone is sent when it expires.
#[test]
fn the_timer_is_that_of_the_oldest_segment() {
    let established = || Bench::in_state(settings("three-way"), State::Established);
    let mut bench = established();
    bench.send(10);
    bench.wait(at(500));
    bench.send(10);
    assert_eq!(bench.wait(at(1999)), ["1.000 PA 1/1 10"]);

    let mut bench = established();
    bench.send(10);
    bench.send(10);
    bench.wait(at(600));
    bench.arrives("A 1/11");
    assert_eq!(bench.wait(at(1599)), Vec::<String>::new());
    assert_eq!(bench.wait(at(1600)), ["1.600 PA 11/1 10"]);
    bench.arrives("A 1/21");
    assert_eq!(bench.wait(at(100_000)), Vec::<String>::new());
}

/// RFC 6298 §5.3: an acknowledgment that tells nothing new leaves the timer as it is.
#[test]
fn an_old_acknowledgment_does_not_start_the_timer_anew() {
    for old in ["A 1/1", "PA 1/1 10", "A 1/-5", "A 70000/1"] {
        let mut bench = Bench::in_state(settings("three-way"), State::Established);
        bench.send(10);
        bench.wait(at(600));
        bench.arrives(old);
        let next = if old.starts_with('P') { 11 } else { 1 };
        assert_eq!(bench.wait(at(1500)), [format!("1.000 PA 1/{next} 10")], "{old}");
    }
}

/// A driver is not bothered with a deadline that stays.
#[test]
fn what_moves_no_deadline_sets_none() {
    let mut bench = Bench::in_state(settings("three-way"), State::SynReceived);
    let mut effects = Vec::new();
    bench.take_effects("A 70000/1", &mut effects);
    assert!(matches!(&effects[..], [Effect::Transmit(_)]), "{effects:?}");

    let mut bench = Bench::in_state(settings("three-way"), State::TimeWait);
    bench.wait(at(1000));
    for (arrives, restarts) in [("A 70000/2", false), ("FA 1/2", true)] {
        let mut effects = Vec::new();
        bench.take_effects(arrives, &mut effects);
        let armed = effects.iter().any(|effect| matches!(effect, Effect::Arm { at: due, .. } if *due == at(241_000)));
        assert_eq!((effects.len(), armed), (1 + usize::from(restarts), restarts), "{arrives}");
    }
}

/// RFC 6298 §3, Karn's rule: a SYN-ACK measures the round trip, whatever the listener commits, if it was sent once.
#[test]
fn a_syn_ack_that_was_sent_once_is_measured() {
    for commit in [Commit::HalfOpen, Commit::Connection] {
        for (repeats, due) in [(0, "0.400"), (1, "1.100")] {
            let limits = limits().with(|it| {
                it.timers.rto_min = Duration::from_millis(1);
                it.checks.duplicate_syn = DuplicateSyn::SynAck;
            });
            let handshake = Handshake { commit, ..settings("three-way").handshake };
            let mut bench = Bench::listening(Settings { handshake, ..with(limits) });
            bench.arrives("S 0");
            (0..repeats).for_each(|_| assert_eq!(bench.arrives("S 0"), ["SA 0/1"]));
            bench.wait(at(100));
            bench.arrives("A 1/1");
            bench.send(10);
            assert_eq!(bench.wait(at(1100)).first(), Some(&format!("{due} PA 1/1 10")), "{commit:?}");
        }
    }
}

/// R2 of a SYN-ACK is its own, and not that of a SYN, in a full connection, too.
#[test]
fn a_full_connection_gives_its_syn_ack_up_after_63_seconds() {
    let handshake = Handshake { commit: Commit::Connection, ..settings("three-way").handshake };
    let mut bench = Bench::in_state(Settings { handshake, ..settings("three-way") }, State::SynReceived);
    assert_eq!(bench.wait(at(62_999)).len(), 5);
    assert_eq!(bench.state, State::SynReceived);
    bench.wait(at(63_000));
    assert_eq!(bench.state, State::Closed);
}

/// RFC 9293 MUST-23: R2 of a SYN is three minutes at least. A CLOSE in SYN-RECEIVED leaves it unacknowledged, and so as long.
#[test]
fn a_close_does_not_shorten_the_patience_with_a_syn() {
    let mut bench = Bench::connecting(settings("three-way"));
    assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
    bench.shutdown();
    assert_eq!(bench.state, State::FinWait1);
    let times = ["1.000", "3.000", "7.000", "15.000", "31.000", "63.000", "123.000"];
    assert_eq!(bench.wait(at(182_999)), times.map(|time| format!("{time} SA 0/1")));
    assert_eq!(bench.state, State::FinWait1);
    bench.wait(at(183_000));
    assert_eq!((bench.state, bench.notices.last()), (State::Closed, Some(&Notice::TimedOut)));
}

/// The same of a listener's SYN-ACK, which has a number of its own.
#[test]
fn a_close_does_not_change_the_patience_with_a_syn_ack() {
    for retries in [1, 8] {
        let limits = limits().with(|it| it.handshake_retries.syn_ack_retries = retries);
        let mut bench = Bench::listening(Settings { limits, ..settings("fast-open") });
        bench.arrives_from(4999, "S 0 fo");
        bench.arrives_from(4999, "R 1");
        bench.arrives("S 0 100 fo=c");
        bench.shutdown();
        assert_eq!(bench.state, State::FinWait1);
        let sent = bench.wait(at(1_000_000));
        assert_eq!(sent.len(), usize::from(retries), "{sent:?}");
    }
}

/// Linux goes by the state: FIN-WAIT-1 has the patience of data (`tcp_write_timeout`), by time.
#[test]
fn linux_has_the_patience_of_data_once_it_has_closed() {
    let mut bench = Bench::connecting(with(linux()));
    bench.arrives("S 0");
    bench.shutdown();
    let sent = bench.wait(at(3_600_000));
    assert!(sent.len() > 11, "seven for a SYN: {sent:?}");
    assert_eq!(bench.state, State::Closed);
}

/// Data that goes ahead of any acknowledgment, where a SYN is enough, has the patience of data.
#[test]
fn what_follows_a_syn_that_is_enough_is_data() {
    let few = limits().with(|it| it.handshake_retries.syn_ack_retries = 1);
    let mut bench = Bench::listening(Settings { limits: few, ..settings("two-way-checked") });
    bench.arrives("S 0");
    bench.send(10);
    assert_eq!(bench.wait(at(1_000_000)).len(), 6);
    assert_eq!(bench.state, State::Closed);
}
