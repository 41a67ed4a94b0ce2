//! The two queues of a listening port, and deferred accepts.

use sim_time::Duration;

use crate::testing::{Bench, at, limits, settings};
use crate::{Limits, Queue, Settings, State, SynInTimeWait, UserError};

const NONE: [&str; 0] = [];

fn with(limits: Limits) -> Settings {
    Settings { limits, ..settings("three-way") }
}

#[test]
fn a_syn_beyond_the_backlog_is_dropped() {
    let mut bench = Bench::listening(with(limits().with(|it| it.backlog.syn_backlog = 1)));
    assert_eq!(bench.arrives_from(5001, "S 0"), ["SA 0/1"]);
    assert_eq!(bench.arrives_from(5002, "S 0"), NONE);
    assert_eq!(bench.overflows, [Queue::Syn]);
    // The first is given up after 63 s, and there is room again.
    bench.wait(at(63_000));
    assert_eq!(bench.arrives_from(5002, "S 0"), ["SA 0/1"]);
}

#[test]
fn a_completed_or_withdrawn_entry_makes_room() {
    let mut bench = Bench::listening(with(limits().with(|it| it.backlog.syn_backlog = 1)));
    bench.arrives_from(5001, "S 0");
    bench.arrives_from(5001, "A 1/1");
    assert_eq!(bench.arrives_from(5002, "S 0"), ["SA 0/1"]);
    bench.arrives_from(5002, "R 1");
    assert_eq!(bench.arrives_from(5003, "S 0"), ["SA 0/1"]);
    assert_eq!(bench.overflows, []);
}

/// Nobody accepts: one connection waits, a second has no room, and its SYN-ACK is sent again until it has.
#[test]
fn without_room_to_wait_the_last_acknowledgment_is_dropped() {
    let mut bench = Bench::listening(with(limits().with(|it| it.backlog.accept_backlog = 1)));
    bench.accepts = false;
    bench.arrives_from(5001, "S 0");
    bench.arrives_from(5002, "S 0");
    bench.arrives_from(5001, "A 1/1");
    assert_eq!(bench.arrives_from(5002, "A 1/1"), NONE);
    assert_eq!(bench.arrives_from(5003, "S 0"), NONE, "a SYN is dropped for its sake too");
    assert_eq!(bench.overflows, [Queue::Accept, Queue::Accept]);
    bench.accepts = true;
    assert_eq!(bench.wait(at(1000)), ["1.000 SA 0/1"]);
    bench.arrives_from(5002, "A 1/1");
    assert_eq!(bench.state, State::Established);
}

#[test]
fn or_it_is_answered_with_a_reset() {
    let limits = limits().with(|it| {
        it.backlog.accept_backlog = 1;
        it.backlog.abort_on_overflow = true;
    });
    let mut bench = Bench::listening(with(limits));
    bench.accepts = false;
    bench.arrives_from(5001, "S 0");
    bench.arrives_from(5002, "S 0");
    bench.arrives_from(5001, "A 1/1");
    assert_eq!(bench.arrives_from(5002, "A 1/1"), ["R 1"]);
    assert_eq!(bench.state, State::Closed);
    assert!(bench.wait(at(100_000)).is_empty());
}

/// A two-way handshake has no half-open entry: its SYN finds room in the accept queue or none.
#[test]
fn a_two_way_syn_needs_room_in_the_accept_queue() {
    let settings = Settings { limits: limits().with(|it| it.backlog.accept_backlog = 1), ..settings("two-way") };
    let mut bench = Bench::listening(settings);
    bench.accepts = false;
    assert_eq!(bench.arrives_from(5001, "S 0"), ["SA 0/1"]);
    assert_eq!(bench.arrives_from(5002, "S 0"), NONE);
    assert_eq!(bench.overflows, [Queue::Accept]);
}

/// Recorded in h13 (5 s): the bare acknowledgment is not enough; data is.
#[test]
fn a_deferred_accept_waits_for_data() {
    let settings = with(limits().with(|it| it.handshake_retries.defer_accept = Duration::from_secs(5)));
    let mut bench = Bench::in_state(settings.clone(), State::Listen);
    bench.arrives("S 0");
    assert_eq!(bench.arrives("A 1/1"), NONE);
    assert_eq!(bench.state, State::SynReceived);
    assert_eq!(bench.wait(at(2500)), NONE, "the client has answered, so it is not asked again");
    assert_eq!(bench.arrives("PA 1/1 10"), ["A 1/11"]);
    assert_eq!(bench.state, State::Established);

    // At the end of the time, in steps of the SYN-ACK timer, it is asked once more, and its answer is enough.
    let mut bench = Bench::in_state(settings, State::Listen);
    bench.arrives("S 0");
    bench.arrives("A 1/1");
    assert_eq!(bench.wait(at(10_000)), ["7.000 SA 0/1"]);
    bench.arrives("A 1/1");
    assert_eq!(bench.state, State::Established);
}

/// A client that has acknowledged has until then, however few SYN-ACKs a silent one gets.
#[test]
fn a_deferred_accept_outlasts_the_retries() {
    let settings = with(limits().with(|it| {
        it.handshake_retries.defer_accept = Duration::from_secs(5);
        it.handshake_retries.syn_ack_retries = 1;
    }));
    for (acknowledges, sent, over) in [(true, "7.000 SA 0/1", 15_000), (false, "1.000 SA 0/1", 3000)] {
        let mut bench = Bench::in_state(settings.clone(), State::Listen);
        bench.arrives("S 0");
        if acknowledges {
            bench.arrives("A 1/1");
        }
        assert_eq!(bench.wait(at(over - 1)), [sent]);
        assert_eq!(bench.state, State::SynReceived);
        bench.wait(at(over));
        assert_eq!(bench.state, State::Closed);
    }
}

/// Half of the room is for the young: of five old entries in a queue of eight, one is given up after two retries of
/// five, and the other four are not more than half.
#[test]
fn a_queue_more_than_half_full_gives_up_an_old_entry_sooner() {
    let pruning = limits().with(|it| {
        it.backlog.syn_backlog = 8;
        it.backlog.syn_backlog_pruning = true;
    });
    let mut bench = Bench::listening(with(pruning));
    let mut retried_by = |entries: u16| {
        let ports = 5001..5001 + entries;
        ports.for_each(|port| assert_eq!(bench.arrives_from(port, "S 0"), ["SA 0/1"]));
        let start = bench.now;
        [1000, 3000, 7000, 15_000, 31_000, 63_000].map(|after| bench.wait(start + Duration::from_millis(after)).len())
    };
    assert_eq!(retried_by(5), [5, 5, 4, 4, 4, 0]);
    assert_eq!(retried_by(4), [4, 4, 4, 4, 4, 0]);
    assert_eq!(retried_by(8), [8, 8, 4, 4, 4, 0]);
}

/// An entry whose retries were four has one less where the queue is at least twice as long as its young part.
#[test]
fn the_more_are_young_the_longer_the_old_may_stay() {
    let pruning = limits().with(|it| {
        it.backlog.syn_backlog = 8;
        it.backlog.syn_backlog_pruning = true;
        it.handshake_retries.syn_ack_retries = 4;
    });
    let retried = |old: u16, young: u16| {
        let mut bench = Bench::listening(with(pruning.clone()));
        (5001..5001 + old).for_each(|port| assert_eq!(bench.arrives_from(port, "S 0"), ["SA 0/1"]));
        bench.wait(at(14_500));
        (5101..5101 + young).for_each(|port| assert_eq!(bench.arrives_from(port, "S 0"), ["SA 0/1"]));
        bench.wait(at(15_000)).len()
    };
    assert_eq!(retried(2, 6), 2, "8 < 2·6");
    assert_eq!(retried(4, 4), 3, "8 = 2·4, then 7 < 2·4");
    assert_eq!(retried(4, 3), 2, "7 > 2·3, 6 = 2·3, then 5 < 2·3");
    assert_eq!(retried(4, 0), 4, "no more than half full");
}

#[test]
fn a_stranger_is_dropped_where_a_proven_host_is_not() {
    let reserved = limits().with(|it| {
        it.backlog.syn_backlog = 3;
        it.backlog.syn_backlog_for_strangers = 1;
    });
    let mut bench = Bench::listening(with(reserved.clone()));
    bench.arrives_from(5001, "S 0");
    assert_eq!(bench.arrives_from(5002, "S 0"), NONE);
    assert_eq!(bench.overflows, [Queue::Syn]);
    // The host opens and closes a connection in good order: from then on it may use all the room there is.
    bench.wait(at(50));
    bench.arrives_from(5001, "A 1/1");
    bench.arrives_from(5001, "FA 1/1");
    bench.shutdown();
    bench.arrives_from(5001, "A 2/2");
    for port in 5002..=5004 {
        assert_eq!(bench.arrives_from(port, "S 0"), ["SA 0/1"]);
    }
    assert_eq!(bench.arrives_from(5005, "S 0"), NONE);

    // Where cookies answer a full backlog, there is no need to reserve anything.
    let mut bench = Bench::listening(with(reserved.with(|it| it.backlog.cookies_on_overflow = true)));
    for port in 5001..=5003 {
        assert_eq!(bench.arrives_from(port, "S 0"), ["SA 0/1"]);
    }
    assert_eq!(bench.kinds().len(), 3);
}

/// A SYN that ends a TIME-WAIT takes no more room than that gave back, so the backlog does not count for it.
#[test]
fn what_follows_a_time_wait_is_let_in() {
    let mut settings = with(limits().with(|it| it.backlog.syn_backlog = 1));
    settings.teardown.syn_in_time_wait = SynInTimeWait::Sequence;
    let mut bench = Bench::in_state(settings, State::TimeWait);
    assert_eq!(bench.arrives_from(5001, "S 0"), ["SA 0/1"]);
    assert_eq!(bench.arrives_from(5002, "S 0"), NONE);
    let answer = bench.arrives("S 100");
    assert!(matches!(&answer[..], [one] if one.starts_with("SA ")), "{answer:?}");
}

/// `inet_csk_accept`: what was reset while it waited keeps its place until it is accepted, and has nothing to give then.
#[test]
fn a_connection_that_is_over_may_keep_its_place() {
    for keeps in [false, true] {
        let limits = limits().with(|it| {
            it.backlog.accept_backlog = 1;
            it.backlog.accept_queue_keeps_closed = keeps;
        });
        let mut bench = Bench::listening(with(limits));
        bench.accepts = false;
        bench.arrives_from(5001, "S 0");
        bench.arrives_from(5001, "A 1/1");
        bench.arrives_from(5001, "R 1");
        assert_eq!(bench.kinds().len(), usize::from(keeps), "its memory");
        assert_eq!(bench.arrives_from(5002, "S 0").is_empty(), keeps);
        if keeps {
            let over = bench.host.accept(80).expect("it waits");
            assert_eq!(bench.host.receive(over, 10, &mut Vec::new()), Err(UserError::NoConnection));
            assert_eq!(bench.host.close(bench.now, over, &mut Vec::new()), Ok(()));
            assert!(bench.host.held().is_empty());
            assert_eq!(bench.arrives_from(5002, "S 0"), ["SA 0/1"]);
        }
    }
}
