//! When Linux acknowledges (`ack-timing = "quick-then-delayed"`), as its recordings show it.

use sim_time::Duration;

use crate::testing::{Bench, at, linux, settings};
use crate::{Settings, State};

const NONE: [&str; 0] = [];

fn host() -> Settings {
    Settings { limits: linux(), ..settings("three-way") }
}

/// Recorded in n1: data early in a connection is acknowledged before the application answers.
#[test]
fn the_first_segments_are_acknowledged_at_once() {
    let mut bench = Bench::in_state(host(), State::Established);
    for segment in 0..20 {
        assert_eq!(bench.arrives(&format!("PA {}/1 10", 1 + 10 * segment)), [format!("A 1/{}", 11 + 10 * segment)]);
    }
}

/// Recorded in n8: once the application has answered, its answers carry the acknowledgments.
#[test]
fn an_application_that_answers_is_waited_for() {
    let mut bench = Bench::in_state(host(), State::Established);
    assert_eq!(bench.arrives("PA 1/1 10"), ["A 1/11"]);
    assert_eq!(bench.send(5), ["PA 1/11 5"]);
    assert_eq!(bench.arrives("PA 11/6 10"), NONE);
    assert_eq!(bench.wait(at(100)), ["0.040 A 6/21"]);
    // Waiting was in vain, so it is not done again until the application answers.
    assert_eq!(bench.arrives("PA 21/6 10"), ["A 6/31"]);
}

#[test]
fn two_segments_are_never_kept_waiting() {
    let mut bench = Bench::in_state(host(), State::Established);
    bench.arrives("PA 1/1 10");
    bench.send(5);
    assert_eq!(bench.arrives("PA 11/6 10"), NONE);
    assert_eq!(bench.arrives("PA 21/6 10"), ["A 6/31"]);
}

/// Recorded in n1 and n8: the acknowledgment of a FIN waits 40 ms for the application to close.
#[test]
fn the_acknowledgment_of_a_fin_waits_for_the_close() {
    let mut bench = Bench::in_state(host(), State::Established);
    bench.arrives("PA 1/1 10");
    assert_eq!(bench.arrives("FA 11/1"), NONE);
    assert_eq!(bench.wait(at(100)), ["0.040 A 1/12"]);

    let mut bench = Bench::in_state(host(), State::Established);
    bench.arrives("PA 1/1 10");
    bench.arrives("FA 11/1");
    bench.now = at(35);
    bench.receive();
    assert_eq!(bench.close(), ["FA 1/12"], "three segments are enough");
}

/// Recorded in n8 (none) and f4: where no data ever came, the wait is over with the next tick of the clock.
#[test]
fn without_data_a_fin_waits_for_a_tick_only() {
    let limits = linux().with(|it| it.timers.timer_tick = Duration::from_millis(4));
    let mut bench = Bench::in_state(Settings { limits, ..host() }, State::Established);
    assert_eq!(bench.arrives("FA 1/1"), NONE);
    assert_eq!(bench.wait(at(100)), ["0.002 A 1/2"]);
    assert_eq!(Bench::in_state(host(), State::Established).arrives("FA 1/1"), ["A 1/2"]);
}

/// Recorded in n3 and n6: an end that has closed waits for nothing.
#[test]
fn after_our_own_fin_a_fin_is_acknowledged_at_once() {
    assert_eq!(Bench::in_state(host(), State::FinWait1).arrives("FA 1/1"), ["A 2/2"]);
    assert_eq!(Bench::in_state(host(), State::FinWait2).arrives("FA 1/2"), ["A 2/2"]);
}

#[test]
fn what_came_before_or_out_of_order_is_answered_at_once() {
    let mut bench = Bench::in_state(host(), State::Established);
    bench.arrives("PA 1/1 10");
    bench.send(5);
    assert_eq!(bench.arrives("PA 21/6 10"), ["A 6/11"], "a gap");
    assert_eq!(bench.arrives("PA 1/6 10"), ["A 6/11"], "a repetition");
    assert_eq!(bench.arrives("PA 11/6 10"), ["A 6/31"], "quick again after it");
}

/// A probe of the peer's is answered, but nothing was lost.
#[test]
fn what_carries_nothing_is_no_repetition() {
    let mut bench = Bench::in_state(host(), State::Established);
    bench.arrives("PA 1/1 10");
    bench.send(5);
    assert_eq!(bench.arrives("A 0/6"), ["A 6/11"]);
    assert_eq!(bench.arrives("PA 11/6 10"), NONE);
}

/// What is acknowledged at once is so before the application closes at the same instant.
#[test]
fn at_once_is_before_the_application() {
    let limits = linux().with(|it| it.close.half_duplex_close = false);
    let mut bench = Bench::in_state(Settings { limits, ..host() }, State::Established);
    assert_eq!(bench.arrives_and_close("PA 1/1 10"), ["A 1/11", "FA 1/11"], "the first segments");

    let mut bench = Bench::in_state(host(), State::Established);
    bench.arrives("PA 1/1 10");
    bench.receive();
    bench.send(5);
    assert_eq!(bench.arrives_and_close("PA 21/6 10"), ["A 6/11", "FA 6/11"], "a gap");
}
