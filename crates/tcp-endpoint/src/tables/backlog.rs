//! The two queues of a listening port, and deferred accepts.

use sim_time::Duration;

use crate::testing::{Bench, at, limits, settings};
use crate::{Limits, Queue, Settings, State};

const NONE: [&str; 0] = [];

fn with(limits: Limits) -> Settings {
    Settings { limits, ..settings("three-way") }
}

#[test]
fn a_syn_beyond_the_backlog_is_dropped() {
    let mut bench = Bench::listening(with(Limits { syn_backlog: 1, ..limits() }));
    assert_eq!(bench.arrives_from(5001, "S 0"), ["SA 0/1"]);
    assert_eq!(bench.arrives_from(5002, "S 0"), NONE);
    assert_eq!(bench.overflows, [Queue::Syn]);
    // The first is given up after 63 s, and there is room again.
    bench.wait(at(63_000));
    assert_eq!(bench.arrives_from(5002, "S 0"), ["SA 0/1"]);
}

#[test]
fn a_completed_or_withdrawn_entry_makes_room() {
    let mut bench = Bench::listening(with(Limits { syn_backlog: 1, ..limits() }));
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
    let mut bench = Bench::listening(with(Limits { accept_backlog: 1, ..limits() }));
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
    let limits = Limits { accept_backlog: 1, abort_on_overflow: true, ..limits() };
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
    let settings = Settings { limits: Limits { accept_backlog: 1, ..limits() }, ..settings("two-way") };
    let mut bench = Bench::listening(settings);
    bench.accepts = false;
    assert_eq!(bench.arrives_from(5001, "S 0"), ["SA 0/1"]);
    assert_eq!(bench.arrives_from(5002, "S 0"), NONE);
    assert_eq!(bench.overflows, [Queue::Accept]);
}

/// Recorded in h13 (5 s): the bare acknowledgment is not enough; data is.
#[test]
fn a_deferred_accept_waits_for_data() {
    let settings = with(Limits { defer_accept: Duration::from_secs(5), ..limits() });
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
