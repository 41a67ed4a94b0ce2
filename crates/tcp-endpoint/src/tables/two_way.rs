//! The two-way handshake: the server is ESTABLISHED on the SYN, and its SYN-ACK is neither timed nor acknowledged.

use sim_time::Duration;

use crate::testing::{Bench, at, limits, settings, table};
use crate::{Notice, Settings, State};

#[test]
fn a_syn_establishes_the_server() {
    for handshake in ["two-way", "two-way-rst"] {
        table(&settings(handshake), State::Listen, "S 0 | SA 0/1 | ESTABLISHED");
        let mut bench = Bench::listening(settings(handshake));
        bench.arrives("S 0");
        assert_eq!(bench.notices, [Notice::Acceptable { port: 80 }]);
        assert!(bench.wait(at(100_000_000)).is_empty(), "no timer stands behind the SYN-ACK");
        assert_eq!(bench.state, State::Established);
    }
}

/// `in_state` plays the bare ACK of a three-way client too, which is harmless here; these rows start from the SYN alone.
#[test]
fn segment_arrives_at_a_server_that_has_heard_only_the_syn() {
    for (arrives, answers, after) in [
        ("S 0", vec!["SA 0/1"], State::Established),
        ("S 1", vec!["A 1/1"], State::Established),
        ("S 9999", vec!["A 1/1"], State::Established),
        ("S -100", vec!["A 1/1"], State::Established),
        ("A 1/1", vec![], State::Established),
        ("A 1/-500", vec![], State::Established),
        ("PA 1/1 10", vec!["A 1/11"], State::Established),
        ("PA 1/-500 10", vec!["A 1/11"], State::Established),
        ("PA 1/9 10", vec!["A 1/1"], State::Established),
        ("FA 1/1", vec!["A 1/2"], State::CloseWait),
        ("R 1", vec![], State::Closed),
        ("R 5", vec!["A 1/1"], State::Established),
    ] {
        let mut bench = Bench::listening(settings("two-way"));
        bench.arrives("S 0");
        assert_eq!((bench.arrives(arrives), bench.state), (answers.iter().map(|&a| a.to_owned()).collect(), after));
    }
}

#[test]
fn once_anything_came_the_same_syn_is_challenged() {
    let mut bench = Bench::listening(settings("two-way"));
    bench.arrives("S 0");
    bench.arrives("PA 1/1 10");
    assert_eq!(bench.arrives("S 0"), ["A 1/11"]);
}

#[test]
fn the_client_sends_no_third_message() {
    let mut bench = Bench::connecting(settings("two-way"));
    assert_eq!(bench.arrives("SA 0/1"), Vec::<String>::new());
    assert_eq!((bench.state, &bench.notices[..]), (State::Established, &[Notice::Connected][..]));
    assert_eq!(bench.arrives("SA 0/1"), ["A 1/1"], "a second SYN-ACK is a duplicate, and is told so");
    assert_eq!(bench.send(10), ["PA 1/1 10"]);
}

#[test]
fn an_unexpected_syn_ack_meets_silence_or_a_reset() {
    for (handshake, answer) in [("two-way", "-"), ("two-way-rst", "R 9")] {
        for state in [State::Closed, State::Listen] {
            table(&settings(handshake), state, &format!("SA 0/9 | {answer} | {state}"));
        }
        let answer = if answer == "-" { vec![] } else { vec!["R 9"] };
        assert_eq!(Bench::connecting(settings(handshake)).arrives("SA 0/9"), answer);
    }
}

#[test]
fn crossing_syns_establish_both() {
    let mut bench = Bench::connecting(settings("two-way"));
    assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
    assert_eq!(bench.state, State::Established);
    assert_eq!(bench.notices, [Notice::Connected]);
    let (_, status) = bench.connection().expect("it is open");
    assert_eq!(status.send_unacknowledged, status.send_next, "no acknowledgment of the SYN is waited for");
}

/// The SYN-ACK was lost, and the server has sent data or closed since: the repeated SYN still gets it.
#[test]
fn a_lost_syn_ack_is_sent_again_whatever_the_server_has_done_since() {
    let mut bench = Bench::listening(settings("two-way"));
    bench.arrives("S 0");
    bench.send(10);
    bench.close();
    assert_eq!(bench.state, State::FinWait1);
    assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
}

#[test]
fn crossing_syns_measure_nothing() {
    let limits = limits().with(|it| it.timers.rto_min = Duration::from_millis(1));
    let mut bench = Bench::connecting(Settings { limits, ..settings("two-way") });
    bench.now = at(1);
    bench.arrives("S 0");
    bench.send(10);
    assert_eq!(bench.wait(at(1500)), ["1.001 PA 1/1 10"], "the initial timeout, not one of a measured millisecond");
}

/// `two-way-checked`: open on the SYN, and deaf until its own number is acknowledged.
#[test]
fn a_checked_server_takes_no_octets_without_an_acknowledgment_of_its_number() {
    for (arrives, answers, after) in [
        ("S 0", vec!["SA 0/1"], State::Established),
        ("A 1/-500", vec![], State::Established),
        ("PA 1/1 10", vec!["A 1/11"], State::Established),
        ("PA 1/-500 10", vec!["R -500"], State::Established),
        ("PA 1/9 10", vec!["R 9"], State::Established),
        ("FA 1/-500", vec!["R -500"], State::Established),
        ("FA 1/1", vec!["A 1/2"], State::CloseWait),
    ] {
        let mut bench = Bench::listening(settings("two-way-checked"));
        bench.arrives("S 0");
        assert_eq!(bench.state, State::Established);
        assert_eq!((bench.arrives(arrives), bench.state), (answers.iter().map(|&a| a.to_owned()).collect(), after));
    }
    let mut bench = Bench::listening(settings("two-way-checked"));
    bench.arrives("S 0");
    bench.arrives("A 1/1");
    assert_eq!(bench.arrives("PA 1/-500 10"), ["A 1/11"], "once proven, an old acknowledgment is ignored as ever");
}

/// `delta-t`: the first segment carries data, and is all there is to opening.
#[test]
fn data_with_the_syn_is_delivered_at_once_where_nothing_needs_to_come_back() {
    let mut bench = Bench::listening(settings("delta-t"));
    assert_eq!(bench.arrives("S 0 100"), ["SA 0/101"]);
    assert_eq!((bench.state, bench.receive()), (State::Established, (100, false)));
    assert_eq!(bench.arrives("S 0 100"), ["SA 0/101"], "its answer was lost: it comes again");
    assert_eq!(bench.receive(), (0, false));
    let mut bench = Bench::closed(settings("delta-t"));
    assert_eq!(bench.open_with(100), ["S 0 100"]);
    assert_eq!(bench.arrives("SA 0/101"), Vec::<String>::new());
    assert_eq!(bench.state, State::Established);
}
