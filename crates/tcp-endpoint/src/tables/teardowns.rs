//! The teardowns that have names, where they differ from RFC 9293's.

use sim_time::Duration;

use crate::testing::{Bench, at, limits, settings};
use crate::{AckTiming, FinAcknowledgment, Settings, State, Teardown, TimeWaitOwner};

const NONE: [&str; 0] = [];

fn with(change: impl FnOnce(Teardown) -> Teardown) -> Settings {
    let settings = settings("three-way");
    Settings { teardown: change(settings.teardown.clone()), ..settings }
}

fn fin_acknowledgment(how: FinAcknowledgment) -> Settings {
    with(|teardown| Teardown { fin_acknowledgment: how, ..teardown })
}

#[test]
fn the_acknowledgment_of_a_fin_may_wait_for_the_close() {
    let mut bench = Bench::in_state(fin_acknowledgment(FinAcknowledgment::Joined), State::Established);
    assert_eq!(bench.arrives("FA 1/1"), NONE);
    bench.wait(at(199));
    assert_eq!(bench.close(), ["FA 1/2"]);

    let mut bench = Bench::in_state(fin_acknowledgment(FinAcknowledgment::Joined), State::Established);
    bench.arrives("FA 1/1");
    assert_eq!(bench.wait(at(1000)), ["0.200 A 1/2"], "it waits for so long and no longer");
}

#[test]
fn or_leave_before_it() {
    let mut bench = Bench::in_state(fin_acknowledgment(FinAcknowledgment::Apart), State::Established);
    assert_eq!(bench.arrives_and_close("FA 1/1"), ["A 1/2", "FA 1/2"]);
    let mut bench = Bench::in_state(fin_acknowledgment(FinAcknowledgment::Free), State::Established);
    assert_eq!(bench.arrives_and_close("FA 1/1"), ["FA 1/2"]);
}

/// In CLOSING, too, where no FIN in return is left to wait for.
#[test]
fn a_fin_that_crosses_ours_is_acknowledged_at_once() {
    let acknowledged = |fin_acknowledgment| {
        let delayed = limits().with(|it| it.acknowledgment.ack_timing = AckTiming::Delayed);
        let settings = with(|teardown| Teardown { fin_acknowledgment, ..teardown });
        let mut bench = Bench::in_state(Settings { limits: delayed, ..settings }, State::FinWait1);
        let sent = bench.arrives("FA 1/1");
        assert_eq!(bench.state, State::Closing);
        sent
    };
    assert_eq!(acknowledged(FinAcknowledgment::Apart), ["A 2/2"]);
    assert_eq!(acknowledged(FinAcknowledgment::Free), [""; 0]);
}

/// That of data leaves when `ack-timing` says, and that of a FIN which waits for the close does not.
#[test]
fn data_is_acknowledged_as_ever() {
    use AckTiming::{AfterApplication, AtOnce};
    use FinAcknowledgment::{Apart, Joined};
    for (how, ack_timing, arrives, sent) in [
        (Joined, AtOnce, "PA 1/1 10", &["A 1/11", "FA 1/11"][..]),
        (Joined, AtOnce, "FA 1/1", &["FA 1/2"]),
        (Joined, AfterApplication, "PA 1/1 10", &["FA 1/11"]),
        (Apart, AfterApplication, "PA 1/1 10", &["FA 1/11"]),
    ] {
        let limits = limits().with(|it| it.acknowledgment.ack_timing = ack_timing);
        let mut bench = Bench::in_state(Settings { limits, ..fin_acknowledgment(how) }, State::Established);
        assert_eq!(bench.arrives_and_close(arrives), sent, "{how:?}, {ack_timing:?}");
    }
}

/// What the window had let out is still delivered; the rest never leaves.
#[test]
fn a_forced_close_loses_what_was_not_sent() {
    let mut bench = Bench::in_state(with(|teardown| Teardown { half_close: false, ..teardown }), State::Established);
    bench.window = 8760;
    bench.arrives("A 1/1");
    bench.send(10_100);
    assert_eq!(bench.arrives("FA 1/1"), ["A 8761/2"], "the FIN waits for the window");
    assert!(!bench.may_send());
    assert_eq!(bench.wait(at(1000)).first().map(String::as_str), Some("1.000 A 1/2 1460"));
    assert_eq!(bench.arrives("A 2/8761"), ["FA 8761/2"]);
    assert_eq!(bench.state, State::LastAck);
    bench.arrives("A 2/8762");
    assert_eq!(bench.state, State::Closed);
}

/// The FIN may come with the SYN, or with the segment that completes the handshake.
#[test]
fn a_forced_close_waits_for_the_handshake_only() {
    for (handshake, arrives, closes) in [
        ("delta-t", &["SF 0 100"][..], "FA 1/102"),
        ("t-tcp", &["SF 0 100", "A 102/1"], "FA 1/102"),
        ("three-way", &["S 0", "FA 1/1"], "FA 1/2"),
    ] {
        let forced = with(|teardown| Teardown { half_close: false, ..teardown });
        let mut bench = Bench::listening(Settings { handshake: settings(handshake).handshake, ..forced });
        let sent: Vec<_> = arrives.iter().flat_map(|segment| bench.arrives(segment)).collect();
        assert_eq!((sent.last().map(String::as_str), bench.state), (Some(closes), State::LastAck), "{handshake}");
    }
}

/// The peer, which closed first, is told that it need not wait; the opener waits in its place.
#[test]
fn the_opener_may_keep_time_wait() {
    let mut bench = Bench::connecting(with(|teardown| Teardown { time_wait_owner: TimeWaitOwner::Opener, ..teardown }));
    bench.arrives("SA 0/1");
    bench.arrives("FA 1/1");
    bench.close();
    assert_eq!(bench.arrives("A 2/2"), ["R 2"]);
    assert_eq!(bench.state, State::TimeWait);
    bench.wait(at(0) + Duration::from_secs(240));
    assert_eq!(bench.state, State::Closed);

    // A server does not, and neither does an opener whose peer has not closed first.
    let mut bench = Bench::in_state(
        with(|teardown| Teardown { time_wait_owner: TimeWaitOwner::Opener, ..teardown }),
        State::LastAck,
    );
    assert_eq!(bench.arrives("A 2/2"), NONE);
    assert_eq!(bench.state, State::Closed);
}
