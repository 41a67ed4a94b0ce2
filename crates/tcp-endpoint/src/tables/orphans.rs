//! Connections whose application is gone, and connections whose peer is: who is waited for, for how long.

use sim_time::Duration;

use crate::testing::{Bench, at, limits, linux, settings, table};
use crate::{EntryKind, GiveUp, Limits, Notice, Patience, Settings, State, Teardown};

const NONE: [&str; 0] = [];

fn host(limits: Limits) -> Settings {
    let settings = settings("three-way");
    let fin_wait_2_timeout = Patience::For(Duration::from_secs(60));
    Settings { limits, teardown: Teardown { fin_wait_2_timeout, ..settings.teardown.clone() }, ..settings }
}

/// Recorded in f1: a closed FIN-WAIT-2 lasts 60 s, and what comes after that finds nobody.
#[test]
fn a_closed_fin_wait_2_ends() {
    let mut bench = Bench::in_state(host(linux()), State::FinWait1);
    bench.close();
    bench.arrives("A 1/2");
    assert_eq!(bench.state, State::FinWait2);
    bench.wait(at(59_999));
    assert_eq!(bench.state, State::FinWait2);
    assert_eq!(bench.wait(at(60_000)), NONE);
    assert_eq!(bench.state, State::Closed);
    assert_eq!(bench.arrives("FA 1/2"), ["R 2"]);
}

/// However short it is to be, the peer's FIN has time for its retransmissions (Linux: seven halves of the timeout).
#[test]
fn a_closed_fin_wait_2_lasts_some_timeouts() {
    let settings = host(limits()); // the timeout is a second
    let fin_wait_2_timeout = Patience::For(Duration::from_secs(3));
    let teardown = Teardown { fin_wait_2_timeout, ..settings.teardown.clone() };
    let mut bench = Bench::in_state(Settings { teardown, ..settings }, State::FinWait2);
    bench.close();
    bench.wait(at(3499));
    assert_eq!(bench.state, State::FinWait2);
    bench.wait(at(3500));
    assert_eq!(bench.state, State::Closed);
}

/// The SYN took everything along, the application has gone, and one segment acknowledges it all.
#[test]
fn a_fin_wait_2_closed_before_it_is_reached_ends_too() {
    let settings = Settings { handshake: settings("t-tcp").handshake, ..host(limits()) };
    let mut bench = Bench::closed(settings);
    assert_eq!(bench.open_with_all(100), ["SF 0 100 cc=1"]);
    assert_eq!(bench.close(), NONE);
    assert_eq!(bench.arrives("SA 0/102"), ["A 102/1"]);
    assert_eq!((bench.state, bench.kinds()), (State::FinWait2, vec![EntryKind::TimeWait]));
    bench.wait(at(60_000));
    assert_eq!(bench.state, State::Closed);
}

/// Recorded in f4: as long as the application holds it, it stays.
#[test]
fn a_fin_wait_2_in_use_does_not() {
    let mut bench = Bench::in_state(host(linux()), State::FinWait2);
    bench.wait(at(1_000_000));
    assert_eq!(bench.state, State::FinWait2);
    bench.close();
    bench.wait(at(1_060_000));
    assert_eq!(bench.state, State::Closed);
}

/// RFC 9293 keeps no one's data, but counts it; what is beyond the window is yet to come, octets and FIN alike.
#[test]
fn segment_arrives_in_a_fin_wait_2_that_only_counts() {
    for (arrives, answers, after) in [
        ("FPA 1/2 9", "A 2/11", State::TimeWait),
        ("FPA 1/2 10", "A 2/11", State::FinWait2),
        ("PA 1/2 100", "A 2/11", State::FinWait2),
        ("FA 5/2", "A 2/1", State::FinWait2),
        ("FA 10/2", "A 2/1", State::FinWait2),
    ] {
        let mut bench = Bench::in_state(host(limits().with(|it| it.sizes.window = 10)), State::FinWait2);
        bench.close();
        assert_eq!(bench.arrives(arrives), [answers], "{arrives}");
        assert_eq!(bench.state, after, "{arrives}");
    }
}

/// It is a small entry, which Linux lets a reset or a SYN anywhere in the window end, as it does half-open ones.
#[test]
fn segment_arrives_in_a_closed_fin_wait_2() {
    for (arrives, answers, after) in [
        ("A 1/2", vec![], State::FinWait2),
        ("FA 1/2", vec!["A 2/2"], State::TimeWait),
        ("PA 1/2 10", vec!["R 2"], State::Closed),
        ("FPA 1/2 10", vec!["R 2"], State::Closed),
        ("A 70000/2", vec!["A 2/1"], State::FinWait2),
        ("S 0", vec!["A 2/1"], State::FinWait2),
        ("S 1", vec!["RA 0/2"], State::Closed),
        ("R 1", vec![], State::Closed),
        ("R 9000", vec![], State::Closed),
        ("R 0", vec!["A 2/1"], State::FinWait2),
    ] {
        let mut bench = Bench::in_state(host(linux()), State::FinWait2);
        bench.close();
        assert_eq!(bench.kinds(), [EntryKind::TimeWait]);
        assert_eq!(bench.arrives(arrives), answers, "{arrives}");
        assert_eq!(bench.state, after, "{arrives}");
    }
    let mut bench = Bench::in_state(host(linux()), State::FinWait2);
    bench.close();
    bench.arrives("FA 1/2");
    bench.wait(at(239_999));
    assert_eq!(bench.state, State::TimeWait);
    bench.wait(at(240_000));
    assert_eq!(bench.state, State::Closed);
}

#[test]
fn where_nothing_limits_it_it_stays_a_connection() {
    let mut bench = Bench::in_state(settings("three-way"), State::FinWait2);
    bench.close();
    assert_eq!(bench.kinds(), [EntryKind::Connection]);
    assert!(bench.wait(at(10_000_000)).is_empty());
    assert_eq!(bench.state, State::FinWait2);
    assert_eq!(bench.arrives("PA 1/2 10"), ["A 2/11"]);
}

/// `orphan-retries` counts once the application is gone, `data-retries` before.
#[test]
fn an_orphan_is_given_up_sooner() {
    let limits = limits().with(|it| {
        it.persistence.data_retries = 5;
        it.persistence.orphan_retries = 2;
    });
    for (close, times) in [(false, 5), (true, 2)] {
        let mut bench = Bench::in_state(host(limits.clone()), State::FinWait1);
        if close {
            bench.close();
        }
        assert_eq!(bench.wait(at(1_000_000)).len(), times);
        assert_eq!(bench.state, State::Closed);
    }
}

/// Eight retries by time are 102.2 s from the first retransmission on, however few they are: recorded in c2 and c4.
#[test]
fn time_can_count_instead_of_retries() {
    for (give_up, times, over) in
        [(GiveUp::Time, 6, 300 + 127 * 900), (GiveUp::Retries, 8, 300 + 63 * 900 + 3 * 57_600)]
    {
        let limits = linux().with(|it| {
            it.persistence.give_up = give_up;
            it.timers.rto_max = Duration::from_millis(57_600);
        });
        let mut bench = Bench::in_state(host(limits), State::SynReceived);
        bench.now = at(300); // an SRTT of 0.3 s and an RTTVAR of 0.15 s: the timeouts are 0.9, 1.8, 3.6 s …
        bench.arrives("A 1/1");
        bench.close();
        let sent = bench.wait(at(over - 1));
        assert_eq!((sent.len(), bench.state), (times, State::FinWait1), "{give_up:?}: {sent:?}");
        bench.wait(at(over));
        assert_eq!(bench.state, State::Closed, "{give_up:?}");
    }
}

/// RFC 5482: counted from the first sending. Linux counts from the first retransmission (recorded in a4).
#[test]
fn the_user_timeout_ends_what_is_not_acknowledged() {
    let user_timeout = Patience::For(Duration::from_secs(3));
    for (from_retransmission, over) in [(false, 3000), (true, 4000)] {
        let limits = limits().with(|it| {
            it.persistence.user_timeout = user_timeout;
            it.persistence.user_timeout_from_retransmission = from_retransmission;
        });
        let mut bench = Bench::in_state(host(limits), State::Established);
        bench.send(10);
        bench.wait(at(over - 1));
        assert_eq!(bench.state, State::Established);
        assert_eq!(bench.wait(at(over)), NONE, "and nobody is told");
        assert_eq!((bench.state, bench.notices.last()), (State::Closed, Some(&Notice::TimedOut)));
    }
}

#[test]
fn the_user_timeout_does_not_touch_what_is_acknowledged_or_idle() {
    let user_timeout = Patience::For(Duration::from_secs(3));
    let mut bench =
        Bench::in_state(host(limits().with(|it| it.persistence.user_timeout = user_timeout)), State::Established);
    bench.send(10);
    bench.now = at(2900);
    bench.arrives("A 1/11");
    assert!(bench.wait(at(1_000_000)).is_empty());
    assert_eq!(bench.state, State::Established);
}

/// Recorded in a5: a SYN counts from its first sending.
#[test]
fn the_user_timeout_holds_for_a_syn() {
    let user_timeout = Patience::For(Duration::from_secs(3));
    for limits in [
        limits().with(|it| it.persistence.user_timeout = user_timeout),
        linux().with(|it| {
            it.persistence.user_timeout = user_timeout;
            it.handshake_retries.syn_linear_retries = 4;
        }),
    ] {
        let mut bench = Bench::connecting(host(limits));
        bench.wait(at(2999));
        assert_eq!(bench.state, State::SynSent);
        bench.wait(at(3000));
        assert_eq!((bench.state, bench.notices.last()), (State::Closed, Some(&Notice::TimedOut)));
    }
}

/// Linux does not look at the time before the first retransmission.
#[test]
fn the_user_timeout_of_a_handshake_may_wait_for_a_retransmission() {
    for (from_retransmission, over) in [(false, 500), (true, 1000)] {
        for state in [State::SynSent, State::SynReceived] {
            let limits = limits().with(|it| {
                it.persistence.user_timeout = Patience::For(Duration::from_millis(500));
                it.persistence.user_timeout_from_retransmission = from_retransmission;
            });
            let mut bench = Bench::connecting(host(limits));
            if state == State::SynReceived {
                bench.arrives("S 0");
            }
            bench.wait(at(over - 1));
            assert_eq!(bench.state, state);
            bench.wait(at(over));
            assert_eq!(bench.state, State::Closed, "{state}");
        }
    }
}

/// RFC 5482 §4.2: it takes the place of the number of probes, but one is sent in any case.
#[test]
fn the_user_timeout_limits_keepalive() {
    for (timeout, probes, over) in [(12, &["10.000 A 0/1", "11.000 A 0/1"][..], 12_000), (5, &["10.000 A 0/1"], 11_000)]
    {
        let limits = limits().with(|it| {
            it.persistence.user_timeout = Patience::For(Duration::from_secs(timeout));
            it.keepalive.keepalive = true;
            it.keepalive.keepalive_idle = Duration::from_secs(10);
            it.keepalive.keepalive_interval = Duration::from_secs(1);
        });
        let mut bench = Bench::in_state(host(limits), State::Established);
        assert_eq!(bench.wait(at(over - 1)), probes);
        assert_eq!(bench.state, State::Established);
        assert_eq!(bench.wait(at(over)), NONE);
        assert_eq!(bench.state, State::Closed);
    }
}

/// Recorded in a3.
#[test]
fn keepalive_may_end_with_a_reset() {
    let limits = linux().with(|it| {
        it.keepalive.keepalive = true;
        it.keepalive.keepalive_probes = 1;
    });
    let mut bench = Bench::in_state(host(limits), State::Established);
    assert_eq!(bench.wait(at(10_000_000)), ["7200.000 A 0/1", "7275.000 RA 1/1"]);
    assert_eq!(bench.state, State::Closed);
}

/// Recorded in n10, n11 and c7.
#[test]
fn an_abort_may_acknowledge() {
    for (state, answer) in [(State::Established, "RA 1/1"), (State::CloseWait, "RA 1/2"), (State::FinWait2, "RA 2/1")] {
        assert_eq!(Bench::in_state(host(linux()), state).abort(), [answer], "{state}");
    }
    let mut bench = Bench::in_state(host(linux()), State::Established);
    bench.arrives("PA 1/1 10");
    assert_eq!(bench.close(), ["RA 1/11"], "unread data is lost, and the peer must know (RFC 9293 SHLD-3)");
}

/// Recorded in n4.
#[test]
fn a_crossing_syn_ack_may_be_acknowledged() {
    let mut bench = Bench::connecting(host(linux()));
    assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
    assert_eq!(bench.arrives("SA 0/1"), ["A 1/1"]);
    assert_eq!(bench.state, State::Established);
    table(&host(linux()), State::Established, "SA 0/1 | A 1/1 | ESTABLISHED");
}

/// RFC 7323 §5.3 R3 holds in a small entry, too. Linux takes the timestamp of the FIN alone.
#[test]
fn a_closed_fin_wait_2_echoes_what_is_acceptable() {
    for (limits, echo) in [(limits(), 70), (linux(), 60)] {
        let mut bench = Bench::listening(host(limits.with(|it| it.timers.timestamps = true)));
        bench.arrives("S 0 @50");
        bench.arrives("A 1/1 @60");
        bench.close();
        bench.arrives("A 1/2 @60");
        assert_eq!(bench.arrives("A 1/2 @70"), NONE);
        assert_eq!(bench.arrives("A 0/2 @70"), [format!("A 2/1 @{echo}")]);
        assert_eq!(bench.arrives("FA 1/2 @80"), ["A 2/2 @80"]);
    }
}
