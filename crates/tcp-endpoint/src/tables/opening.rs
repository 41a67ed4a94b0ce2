//! CLOSED, LISTEN, SYN-SENT and SYN-RECEIVED (RFC 9293 §3.10.7.1–4).

use crate::testing::{Bench, at, limits, settings, table};
use crate::{Commit, CrossingSyn, DuplicateSyn, EntryKind, HalfOpenCheck, Handshake, Notice, Settings, State};

#[test]
fn segment_arrives_in_closed() {
    table(
        &settings("three-way"),
        State::Closed,
        "S 0        | RA 0/1    | CLOSED
         S 0 10     | RA 0/11   | CLOSED
         A 1/7      | R 7       | CLOSED
         SA 0/1     | R 1       | CLOSED
         FA 1/7     | R 7       | CLOSED
         P 1 10     | RA 0/11   | CLOSED
         R 1        | -         | CLOSED
         RA 0/1     | -         | CLOSED",
    );
}

#[test]
fn silence_in_closed_still_refuses_a_syn() {
    table(
        &settings("three-way-silent"),
        State::Closed,
        "S 0        | RA 0/1    | CLOSED
         A 1/7      | -         | CLOSED
         SA 0/1     | -         | CLOSED
         P 1 10     | -         | CLOSED
         R 1        | -         | CLOSED",
    );
}

#[test]
fn segment_arrives_in_listen() {
    table(
        &settings("three-way"),
        State::Listen,
        "S 0        | SA 0/1    | SYN-RECEIVED
         A 1/7      | R 7       | LISTEN
         SA 0/1     | R 1       | LISTEN
         FA 1/7     | R 7       | LISTEN
         P 1 10     | -         | LISTEN
         F 1        | -         | LISTEN
         R 1        | -         | LISTEN
         RA 0/1     | -         | LISTEN",
    );
    table(
        &settings("three-way-silent"),
        State::Listen,
        "S 0        | SA 0/1    | SYN-RECEIVED
         A 1/7      | -         | LISTEN
         SA 0/1     | -         | LISTEN",
    );
}

#[test]
fn segment_arrives_in_syn_sent() {
    table(
        &settings("three-way"),
        State::SynSent,
        "SA 0/1     | A 1/1     | ESTABLISHED
         SA 0/0     | R 0       | SYN-SENT
         SA 0/2     | R 2       | SYN-SENT
         A 1/1      | -         | SYN-SENT
         A 1/0      | R 0       | SYN-SENT
         RA 0/1     | -         | CLOSED
         RA 0/2     | -         | SYN-SENT
         R 0        | -         | SYN-SENT
         S 0        | SA 0/1    | SYN-RECEIVED
         FA 1/1     | -         | SYN-SENT",
    );
    table(
        &settings("three-way-silent"),
        State::SynSent,
        "SA 0/1     | A 1/1     | ESTABLISHED
         SA 0/0     | -         | SYN-SENT
         SA 0/2     | -         | SYN-SENT
         RA 0/1     | -         | CLOSED",
    );
}

/// The rows hold whether a listener commits a small entry or a full connection.
#[test]
fn segment_arrives_in_syn_received() {
    let small = settings("three-way");
    let handshake = Handshake { commit: Commit::Connection, ..small.handshake };
    let full = Settings { handshake, ..small.clone() };
    for settings in [small, full] {
        table(
            &settings,
            State::SynReceived,
            "A 1/1      | -         | ESTABLISHED
             A 1/0      | R 0       | SYN-RECEIVED
             A 1/2      | R 2       | SYN-RECEIVED
             PA 1/1 10  | A 1/11    | ESTABLISHED
             FA 1/1     | A 1/2     | CLOSE-WAIT
             PA 1/0 10  | R 0       | SYN-RECEIVED
             S 0        | A 1/1     | SYN-RECEIVED
             SA 0/1     | A 1/1     | SYN-RECEIVED
             S 1        | -         | CLOSED
             S -100     | A 1/1     | SYN-RECEIVED
             S 70000    | A 1/1     | SYN-RECEIVED
             R 1        | -         | CLOSED
             RA 1/1     | -         | CLOSED
             R 2        | A 1/1     | SYN-RECEIVED
             R 0        | -         | SYN-RECEIVED
             R 70000    | -         | SYN-RECEIVED
             P 1 10     | -         | SYN-RECEIVED
             PA -9/1 5  | A 1/1     | SYN-RECEIVED",
        );
        let limits = limits().with(|it| it.checks.duplicate_syn = DuplicateSyn::SynAck);
        table(
            &Settings { limits, ..settings },
            State::SynReceived,
            "S 0        | SA 0/1    | SYN-RECEIVED
             S -100     | A 1/1     | SYN-RECEIVED
             A 1/1      | -         | ESTABLISHED",
        );
    }
}

/// RFC 9293 §3.5, figure 7, and the two readings of what follows.
#[test]
fn crossing_syns() {
    let figure = settings("three-way");
    let text = Settings { limits: limits().with(|it| it.checks.crossing_syn = CrossingSyn::Text), ..figure.clone() };
    for (settings, answer, state) in [(&figure, vec![], State::Established), (&text, vec!["A 1/1"], State::SynReceived)]
    {
        let mut bench = Bench::connecting(settings.clone());
        assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
        assert_eq!(bench.state, State::SynReceived);
        assert_eq!(bench.arrives("SA 0/1"), answer);
        assert_eq!(bench.state, state);
        assert_eq!(bench.arrives("A 1/1"), Vec::<String>::new());
        assert_eq!(bench.state, State::Established);
        assert_eq!(bench.notices, [Notice::Connected]);
    }
}

/// A host that has sent a SYN of its own takes no octets with its peer's: they are sent again once the connection is open.
#[test]
fn what_came_with_a_crossing_syn_is_sent_again() {
    for completed_by in ["SA 0/1", "A 1/1"] {
        let mut bench = Bench::closed(settings("t-tcp"));
        assert_eq!(bench.open_with_all(100), ["SF 0 100 cc=1"]);
        assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
        assert_eq!(bench.arrives(completed_by), ["FPA 1/1 100"], "{completed_by}");
        assert_eq!(bench.state, State::FinWait1);
        assert_eq!(bench.wait(at(1000)), ["1.000 FPA 1/1 100"], "with a timer behind it");
        bench.arrives("A 1/102");
        assert_eq!(bench.state, State::FinWait2);
    }
    let mut bench = Bench::closed(settings("delta-t"));
    assert_eq!(bench.open_with_all(100), ["SF 0 100"]);
    assert_eq!(bench.arrives("S 0"), ["SA 0/1", "FPA 1/1 100"]);
    assert_eq!(bench.state, State::FinWait1);
    assert_eq!(bench.wait(at(1000)), ["1.000 FPA 1/1 100"]);
    bench.arrives("A 1/102");
    assert_eq!(bench.state, State::FinWait2);
}

#[test]
fn what_a_crossing_syn_brings_is_taken_where_a_syn_may_bring_it() {
    for (handshake, answer) in [("t-tcp", "SA 0/6"), ("three-way", "SA 0/1")] {
        assert_eq!(Bench::connecting(settings(handshake)).arrives("S 0 5"), [answer], "{handshake}");
    }
}

/// What is sent while the SYN is on its way does not join it when it is sent again.
#[test]
fn a_repeated_syn_takes_no_more_octets() {
    let mut bench = Bench::connecting(settings("t-tcp"));
    bench.send(10);
    assert_eq!(bench.wait(at(1000)), ["1.000 S 0 cc=1"]);
}

/// With the peer's FIN, too, the connection is open and closed on both sides once our SYN is acknowledged, but ours is not.
#[test]
fn a_crossing_syn_may_bring_a_fin() {
    let mut bench = Bench::connecting(settings("t-tcp"));
    assert_eq!(bench.arrives("SF 0 5"), ["SA 0/7"]);
    bench.send(10);
    bench.close();
    assert_eq!(bench.arrives("A 7/1"), ["FPA 1/7 10"]);
    assert_eq!(bench.state, State::Closing);
    bench.arrives("A 7/12");
    assert_eq!(bench.state, State::TimeWait);
}

/// One that does take them acknowledges them with its own SYN, or after it.
#[test]
fn a_crossing_syn_may_be_acknowledged_with_all_it_brought() {
    for completed_by in ["SA 0/102", "A 1/102"] {
        let mut bench = Bench::closed(settings("t-tcp"));
        bench.open_with_all(100);
        bench.arrives("S 0");
        bench.arrives(completed_by);
        assert_eq!(bench.state, State::FinWait2, "{completed_by}");
        assert!(bench.wait(at(10_000)).is_empty());
    }
}

#[test]
fn a_refused_open_is_told_so() {
    let mut bench = Bench::connecting(settings("three-way"));
    bench.arrives("RA 0/1");
    assert_eq!(bench.notices, [Notice::Refused]);
}

/// A reset in SYN-RECEIVED after an active open refuses it; after a passive one the listener stays as it was.
#[test]
fn a_reset_in_syn_received_depends_on_who_opened() {
    let mut bench = Bench::connecting(settings("three-way"));
    bench.arrives("S 0");
    bench.arrives("R 1");
    assert_eq!((bench.state, &bench.notices[..]), (State::Closed, &[Notice::Refused][..]));

    let mut bench = Bench::in_state(settings("three-way"), State::SynReceived);
    bench.arrives("R 1");
    assert_eq!((bench.state, &bench.notices[..]), (State::Closed, &[][..]));
    assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
}

/// Linux ends a half-open entry on any reset in the window, and answers a SYN there with one.
#[test]
fn a_half_open_entry_may_be_ended_from_the_window() {
    let limits = limits().with(|it| it.checks.half_open_check = HalfOpenCheck::Window);
    table(
        &Settings { limits, ..settings("three-way") },
        State::SynReceived,
        "R 1        | -         | CLOSED
         R 5        | -         | CLOSED
         R 0        | -         | SYN-RECEIVED
         R 70000    | -         | SYN-RECEIVED
         S 5        | RA 0/6    | CLOSED
         S 0        | A 1/1     | SYN-RECEIVED",
    );
}

/// Recorded in r2.
#[test]
fn a_syn_with_a_fin_may_be_dropped() {
    table(&settings("three-way"), State::Listen, "SF 0 | SA 0/1 | SYN-RECEIVED");
    let limits = limits().with(|it| it.checks.drop_syn_fin = true);
    table(&Settings { limits: limits.clone(), ..settings("three-way") }, State::Listen, "SF 0 | - | LISTEN");
    table(&settings("three-way"), State::Closed, "SF 0 | RA 0/2 | CLOSED");
    let mut bench = Bench::listening(Settings { limits, ..settings("t-tcp") });
    assert_eq!(bench.arrives("SF 0 5"), ["SA 0/7"], "where a SYN may bring octets, it may bring all");
}

/// §3.10.7.3: "If there are other controls or text in the segment, then continue processing at the sixth step".
#[test]
fn text_and_fin_of_a_syn_ack_are_taken() {
    for (arrives, answer, state, read) in [
        ("SA 0/1 100", "A 1/101", State::Established, (100, false)),
        ("SFA 0/1 100", "A 1/102", State::CloseWait, (100, true)),
        ("SFA 0/1", "A 1/2", State::CloseWait, (0, true)),
    ] {
        let mut bench = Bench::connecting(settings("three-way"));
        assert_eq!(bench.arrives(arrives), [answer], "{arrives}");
        assert_eq!((bench.state, bench.receive()), (state, read), "{arrives}");
        assert!(bench.notices.contains(&Notice::Readable), "{arrives}");
        // Of a two-way handshake, too, whose client says nothing to a bare SYN-ACK.
        let mut bench = Bench::connecting(settings("two-way"));
        assert_eq!((bench.arrives(arrives), bench.state), (vec![answer.to_owned()], state), "{arrives}");
    }
    // Both FINs are there: the SYN-ACK brings the peer's, and acknowledges ours.
    let mut bench = Bench::closed(settings("t-tcp"));
    bench.open_with_all(100);
    assert_eq!(bench.arrives("SFA 0/102"), ["A 102/2"]);
    assert_eq!(bench.state, State::TimeWait);
    // The SYN-ACK that follows a crossing SYN completes the handshake, and its text counts as well.
    let mut bench = Bench::connecting(settings("three-way"));
    bench.arrives("S 0");
    assert_eq!(bench.arrives("SFA 0/1 100"), ["A 1/102"]);
    assert_eq!((bench.state, bench.receive()), (State::CloseWait, (100, true)));
}

/// RFC 7323 §3.2, in a small entry.
#[test]
fn a_half_open_entry_drops_what_lacks_timestamps() {
    let limits = limits().with(|it| it.timers.timestamps = true);
    let mut bench = Bench::listening(Settings { limits, ..settings("three-way") });
    bench.arrives("S 0 @50");
    assert_eq!((bench.arrives("A 1/1"), bench.kinds()), (vec![], vec![EntryKind::HalfOpen]));
    assert_eq!(bench.arrives("S 0"), ["A 1/1 @50"], "but for the SYN once more");
}
