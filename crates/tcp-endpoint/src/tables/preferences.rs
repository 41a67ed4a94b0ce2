//! What an application chooses for one connection, and keepalive's rules (RFC 9293 §3.8.3–4).

use sim_time::Duration;

use crate::testing::{Bench, at, limits, settings};
use crate::{Limits, Notice, Patience, Preferences, Settings, State, UserError};

fn with(limits: Limits) -> Settings {
    Settings { limits, ..settings("three-way") }
}

/// MUST-24.
#[test]
fn keepalive_can_be_turned_on_and_off() {
    for (host, chosen, probed) in [(false, Some(true), true), (true, Some(false), false), (true, None, true)] {
        let mut bench = Bench::in_state(with(limits().with(|it| it.keepalive.keepalive = host)), State::Established);
        bench.prefer(Preferences { keepalive: chosen, ..Preferences::default() });
        assert_eq!(bench.wait(at(7_200_000)).len(), usize::from(probed), "{host} {chosen:?}");
    }
    let mut bench = Bench::in_state(with(limits().with(|it| it.keepalive.keepalive = true)), State::Established);
    bench.wait(at(7_200_000));
    bench.prefer(Preferences { keepalive: Some(false), ..Preferences::default() });
    assert!(bench.wait(at(100_000_000)).is_empty());
    assert_eq!(bench.state, State::Established);
}

/// MUST-26: while something is on the way there is no probe, however long; data and acknowledgments start the time anew,
/// wherever they lie; an old SYN does not.
#[test]
fn keepalive_waits_for_silence_with_nothing_on_the_way() {
    let impatient = limits().with(|it| {
        it.keepalive.keepalive = true;
        it.keepalive.keepalive_idle = Duration::from_secs(5);
    });
    let mut bench = Bench::in_state(with(impatient.clone()), State::Established);
    bench.send(10);
    let sent = bench.wait(at(20_000));
    assert!(sent.iter().all(|segment| segment.ends_with("PA 1/1 10")), "{sent:?}");
    bench.arrives("A 1/11");
    assert_eq!(bench.wait(at(25_000)), ["25.000 A 10/1"]);

    for (segment, probed) in [("PA 1/1 10", 9000), ("A 1/1", 9000), ("A 70000/1", 9000), ("S 0", 5000)] {
        let mut bench = Bench::in_state(with(impatient.clone()), State::Established);
        bench.now = at(4000);
        bench.arrives(segment);
        assert!(bench.wait(at(probed - 1)).is_empty(), "{segment}");
        assert_eq!(bench.wait(at(probed)).len(), 1, "{segment}");
    }
}

/// MUST-27; and SHLD-12, MAY-6: a probe carries no octet.
#[test]
fn the_interval_of_keepalive_is_a_setting() {
    for idle in [10, 7200] {
        let limits = limits().with(|it| {
            it.keepalive.keepalive = true;
            it.keepalive.keepalive_idle = Duration::from_secs(idle);
        });
        let mut bench = Bench::in_state(with(limits), State::Established);
        assert_eq!(bench.wait(at(idle * 1000)), [format!("{idle}.000 A 0/1")]);
    }
}

/// MUST-29: probes or their answers may be lost; one answer is enough.
#[test]
fn a_probe_without_answer_ends_nothing() {
    let mut bench = Bench::in_state(with(limits().with(|it| it.keepalive.keepalive = true)), State::Established);
    assert_eq!(bench.wait(at(7_800_000)).len(), 9);
    bench.arrives("A 1/1");
    assert_eq!(bench.wait(at(15_000_000)), ["15000.000 A 0/1"]);
    assert_eq!(bench.state, State::Established);
}

/// MUST-21: R2 as a time, shorter or longer than the host's, or without end.
#[test]
fn r2_can_be_chosen() {
    let forever = Some(Patience::Forever);
    for (chosen, over) in [(None, 123), (Some(Patience::For(Duration::from_secs(10))), 10), (forever, u64::MAX)] {
        let mut bench = Bench::in_state(settings("three-way"), State::Established);
        bench.prefer(Preferences { user_timeout: chosen, ..Preferences::default() });
        bench.send(10);
        if over < u64::MAX {
            bench.wait(at(over * 1000 - 1));
            assert_eq!(bench.state, State::Established, "{chosen:?}");
            bench.wait(at(over * 1000));
            assert_eq!((bench.state, bench.notices.last()), (State::Closed, Some(&Notice::TimedOut)), "{chosen:?}");
        } else {
            assert!(bench.wait(at(10_000_000)).len() > 100);
            assert_eq!(bench.state, State::Established);
        }
    }
}

/// SHLD-9, SHLD-10, MUST-47: told after three retransmissions, of data, a FIN or a SYN. SHLD-20: or not.
#[test]
fn trouble_is_reported_to_whoever_asks() {
    for reports in [true, false] {
        for state in [State::SynSent, State::Established] {
            let mut bench = Bench::in_state(settings("three-way"), state);
            bench.prefer(Preferences { reports, ..Preferences::default() });
            if state == State::Established {
                bench.send(10);
            }
            bench.notices.clear();
            bench.wait(at(6999));
            assert_eq!(bench.notices, [], "{state}: two retransmissions");
            bench.wait(at(60_000));
            assert_eq!(bench.notices, vec![Notice::Unanswered; usize::from(reports)], "{state}: once, before R2");
            assert_eq!(bench.state, state);
        }
    }
}

#[test]
fn only_a_connection_has_preferences() {
    let mut bench = Bench::in_state(settings("three-way"), State::TimeWait);
    let socket = bench.socket.expect("accepted");
    assert_eq!(bench.host.prefer(socket, Preferences::default()), Err(UserError::Closing));
    bench.close();
    assert_eq!(bench.host.prefer(socket, Preferences::default()), Err(UserError::NoConnection));
}
