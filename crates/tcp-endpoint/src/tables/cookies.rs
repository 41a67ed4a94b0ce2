//! SYN cookies: a listener that keeps nothing, and one that does so when it has no room.

use sim_time::Duration;

use crate::testing::{Bench, at, limits, settings, table};
use crate::{EntryKind, Queue, Settings, State};

const NONE: [&str; 0] = [];

#[test]
fn a_syn_leaves_nothing_behind() {
    let mut bench = Bench::listening(settings("syn-cookies"));
    assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
    assert_eq!((bench.state, bench.kinds()), (State::Listen, vec![]));
    assert_eq!(bench.wait(at(100_000)), NONE, "and no timer stands behind the SYN-ACK");
}

#[test]
fn the_acknowledgment_of_the_cookie_brings_the_connection() {
    let mut bench = Bench::listening(settings("syn-cookies"));
    bench.arrives("S 0");
    assert_eq!(bench.arrives("A 1/1"), NONE);
    assert_eq!((bench.state, bench.kinds()), (State::Established, vec![EntryKind::Connection]));
    assert_eq!(bench.send(10), ["PA 1/1 10"]);
}

/// The acknowledgment was lost: the data behind it acknowledges the cookie as well (recorded in t13).
#[test]
fn data_brings_it_too_and_is_taken() {
    let mut bench = Bench::listening(settings("syn-cookies"));
    bench.arrives("S 0");
    assert_eq!(bench.arrives("PA 1/1 10"), ["A 1/11"]);
    assert_eq!((bench.state, bench.receive()), (State::Established, (10, false)));
}

#[test]
fn a_segment_that_acknowledges_no_cookie_is_for_no_connection() {
    table(&settings("syn-cookies"), State::Listen, "A 1/1 | R 1 | LISTEN\nPA 1/5 10 | R 5 | LISTEN\nR 1 | - | LISTEN");
    let mut bench = Bench::listening(settings("syn-cookies"));
    bench.arrives("S 0");
    assert_eq!(bench.arrives("SA 1/1"), ["R 1"], "nor does a SYN-ACK, whatever it says");
    assert_eq!(bench.arrives("A 1/2"), ["R 2"], "not this cookie");
    assert_eq!(bench.arrives("A 7001/1"), ["R 1"], "not of this SYN");
    assert_eq!(bench.state, State::Listen);
}

#[test]
fn a_cookie_ages() {
    for (millis, good) in [(0, true), (127_000, true), (128_000, false)] {
        let mut bench = Bench::listening(settings("syn-cookies"));
        bench.arrives("S 0");
        bench.wait(at(millis));
        bench.arrives("A 1/1");
        assert_eq!(bench.state == State::Established, good, "after {millis} ms");
    }
}

/// A stale ACK of a cookie that is still good opens the connection once more: what the server does not keep, it cannot
/// know to be over.
#[test]
fn a_duplicate_of_the_last_message_opens_it_again() {
    let mut bench = Bench::listening(settings("syn-cookies"));
    bench.arrives("S 0");
    bench.arrives("A 1/1");
    bench.abort();
    assert_eq!(bench.state, State::Closed);
    bench.arrives("A 1/1");
    assert_eq!(bench.state, State::Established);
}

/// What a cookie vouches for is the difference of two numbers (RFC 4987 appendix A; `secure_tcp_syn_cookie` adds the
/// client's): where both ends have sent as much, the last acknowledgment of their FINs opens the connection once more.
#[test]
fn so_does_the_acknowledgment_of_a_fin() {
    let mut bench = Bench::listening(settings("syn-cookies"));
    bench.arrives("S 0");
    bench.arrives("A 1/1");
    bench.arrives("FA 1/1");
    bench.shutdown();
    for state in [State::Closed, State::Established] {
        bench.arrives("A 2/2");
        assert_eq!(bench.state, state);
    }
}

/// The last three of these differences stand for other segment sizes. So a server that has crashed may be drawn into the
/// middle of a connection, and not know it.
#[test]
fn and_what_follows_a_few_octets() {
    for (seq, good) in [(1, true), (2, true), (3, true), (4, true), (5, false)] {
        let mut bench = Bench::listening(settings("syn-cookies"));
        bench.arrives("S 0");
        bench.arrives(&format!("A {seq}/1"));
        assert_eq!(bench.state == State::Established, good, "{seq}");
    }
}

#[test]
fn the_accept_queue_must_have_room() {
    let mut bench = Bench::listening(Settings {
        limits: limits().with(|it| it.backlog.accept_backlog = 1),
        ..settings("syn-cookies")
    });
    bench.accepts = false;
    for port in [5001, 5002] {
        bench.arrives_from(port, "S 0");
    }
    bench.arrives_from(5001, "A 1/1");
    assert_eq!(bench.arrives_from(5002, "A 1/1"), NONE);
    assert_eq!(bench.overflows, [Queue::Accept]);
}

/// Linux by default: entries as long as there is room, cookies beyond.
#[test]
fn cookies_help_when_the_backlog_is_full() {
    let limits = limits().with(|it| {
        it.backlog.syn_backlog = 1;
        it.backlog.cookies_on_overflow = true;
    });
    let mut bench = Bench::listening(Settings { limits, ..settings("three-way") });
    assert_eq!(bench.arrives_from(5001, "S 0"), ["SA 0/1"]);
    assert_eq!(bench.arrives_from(5002, "S 0"), ["SA 0/1"]);
    assert_eq!(bench.kinds(), [EntryKind::HalfOpen], "for the first only");
    bench.arrives_from(5002, "A 1/1");
    assert_eq!(bench.kinds(), [EntryKind::HalfOpen, EntryKind::Connection]);
    assert_eq!(bench.overflows, []);
}

/// The segment size of the client comes back as one of four classes, the largest that is no larger.
#[test]
fn options_are_cut() {
    let mut bench =
        Bench::listening(Settings { limits: limits().with(|it| it.sizes.mss = 4000), ..settings("syn-cookies") });
    bench.arrives("S 0");
    bench.arrives("A 1/1");
    assert_eq!(bench.send(2000), ["A 1/1 1460", "PA 1461/1 540"]);
    assert!(bench.wait(at(1)).is_empty());
    assert!(bench.now < at(0) + Duration::from_secs(1));
}
