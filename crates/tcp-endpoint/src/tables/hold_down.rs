//! Hold-down: the name of a closed connection is refused for a time, and all names after a reboot.

use sim_time::Duration;

use crate::testing::{Bench, at, settings};
use crate::{Effect, EntryKind, Handshake, Settings, State, Timer};

const NONE: [&str; 0] = [];

fn held_down(seconds: u64) -> Settings {
    let settings = settings("two-way-hold-down");
    Settings { handshake: Handshake { hold_down: Duration::from_secs(seconds), ..settings.handshake }, ..settings }
}

/// A listener whose connection was closed by its peer and itself at 1 s.
fn closed_at_1_s() -> Bench {
    let mut bench = Bench::listening(held_down(10));
    bench.arrives("S 0");
    bench.wait(at(1000));
    bench.arrives("FA 1/1");
    bench.close();
    bench.arrives("A 2/2");
    assert_eq!((bench.state, bench.kinds()), (State::Closed, vec![EntryKind::HoldDown]));
    bench
}

#[test]
fn a_syn_is_refused_up_to_the_last_instant() {
    for (millis, refused) in [(1000, true), (10_999, true), (11_000, true), (11_001, false)] {
        let mut bench = closed_at_1_s();
        // At the last instant the order of segment and deadline must not matter.
        bench.wait(at(millis));
        assert_eq!(bench.arrives("S 0") == NONE, refused, "at {millis} ms");
    }
}

/// The deadline is a nanosecond after the last instant, and a SYN may be served before it.
#[test]
fn a_syn_is_taken_a_nanosecond_after_the_last_instant() {
    for (nanos, refused) in [(0, true), (1, false)] {
        let mut bench = closed_at_1_s();
        bench.now = at(11_000) + Duration::from_nanos(nanos);
        assert_eq!(bench.arrives("S 0") == NONE, refused, "{nanos} ns after 11 s");
    }
}

/// A deadline that is served at the last instant still is set again.
#[test]
fn a_deadline_before_its_time_ends_nothing() {
    let mut bench = closed_at_1_s();
    let (entry, due) = bench.deadline().expect("it ends");
    let mut effects = Vec::new();
    bench.host.on_deadline(at(11_000), entry, &mut effects);
    assert_eq!(effects, [Effect::Arm { entry, tag: (), at: due, timer: Timer::HoldDown }]);
}

#[test]
fn other_names_are_free() {
    let mut bench = closed_at_1_s();
    assert_eq!(bench.arrives_from(5001, "S 0"), ["SA 0/1"]);
}

#[test]
fn what_is_no_syn_is_for_no_connection() {
    let mut bench = closed_at_1_s();
    assert_eq!(bench.arrives("A 2/2"), NONE, "silence is this handshake's answer");
    assert_eq!(bench.wait(at(20_000)), NONE);
    assert_eq!(bench.kinds(), []);
}

/// A cookie that comes back on a held-down name opens nothing either, whatever it would have opened.
#[test]
fn a_cookie_is_refused_too() {
    let cookies = settings("syn-cookies");
    let hold_down = Duration::from_secs(10);
    let mut bench = Bench::listening(Settings { handshake: Handshake { hold_down, ..cookies.handshake }, ..cookies });
    bench.arrives("S 0");
    bench.arrives("A 1/1");
    bench.abort();
    assert_eq!(bench.arrives("A 1/1"), ["R 1"]);
    assert_eq!(bench.kinds(), [EntryKind::HoldDown]);
    bench.wait(at(10_001));
    bench.arrives("A 1/1");
    assert_eq!(bench.state, State::Established);
}

#[test]
fn it_does_not_keep_the_host_itself_from_opening() {
    let mut bench = closed_at_1_s();
    assert_eq!(bench.open(), ["S 0"]);
    assert_eq!(bench.kinds(), [EntryKind::Connection]);
}

#[test]
fn after_a_reboot_every_name_is_held_down() {
    let mut bench = Bench::listening(Settings {
        limits: crate::testing::limits().with(|it| it.selection.quiet_time = Duration::ZERO),
        ..held_down(10)
    });
    bench.crash();
    bench.host.reboot(at(0));
    bench.host.listen(80).expect("nothing listens");
    bench.wait(at(10_000));
    assert_eq!(bench.arrives("S 0"), NONE);
    bench.wait(at(10_001));
    assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
}
