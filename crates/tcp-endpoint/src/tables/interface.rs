//! What each user call answers in each state, errors in RFC 9293's words (§3.9.1, §3.10.1–§3.10.6).

use crate::testing::{Bench, at, limits, settings};
use crate::{EntryKind, FourTuple, Handle, Notice, Queue, Settings, State, UserError};

const NONE: [&str; 0] = [];

/// The states in which an application can hold a handle.
const HELD: [State; 9] = [
    State::SynSent,
    State::SynReceived,
    State::Established,
    State::FinWait1,
    State::FinWait2,
    State::CloseWait,
    State::Closing,
    State::LastAck,
    State::TimeWait,
];

/// A connection in the state, with its handle; SYN-RECEIVED after an active OPEN, which alone has one there.
fn held(state: State) -> (Bench, Handle) {
    let bench = if state == State::SynReceived {
        let mut bench = Bench::connecting(settings("three-way"));
        bench.arrives("S 0");
        bench
    } else {
        Bench::in_state(settings("three-way"), state)
    };
    assert_eq!(bench.state, state);
    let socket = bench.socket.expect("the application has it");
    (bench, socket)
}

fn words(outcome: Result<(), UserError>) -> String {
    outcome.map_or_else(|error| error.to_string(), |()| "ok".to_owned())
}

/// §3.10.1: whatever state it is in, a connection exists.
#[test]
fn open_in_every_state() {
    for state in HELD {
        let (mut bench, _) = held(state);
        assert_eq!(words(bench.try_open().map(|_| ())), "connection already exists", "{state}");
    }
    let mut bench = Bench::listening(settings("three-way"));
    assert_eq!(words(bench.try_open().map(|_| ())), "ok", "a listener names no connection");
}

/// §3.10.2.
#[test]
fn send_in_every_state() {
    for (state, answer) in HELD.into_iter().zip([
        "ok",
        "ok",
        "ok",
        "connection closing",
        "connection closing",
        "ok",
        "connection closing",
        "connection closing",
        "connection closing",
    ]) {
        let (mut bench, socket) = held(state);
        assert_eq!(words(bench.host.send(socket, vec![0; 10])), answer, "{state}");
    }
    let (mut bench, socket) = held(State::Established);
    bench.arrives("R 1");
    assert_eq!(words(bench.host.send(socket, vec![0; 10])), "connection does not exist", "CLOSED");
}

/// §3.10.2: before ESTABLISHED it is queued.
#[test]
fn a_send_in_syn_received_waits_for_established() {
    let (mut bench, _) = held(State::SynReceived);
    assert_eq!(bench.send(10), NONE);
    assert_eq!(bench.arrives("A 1/1"), ["PA 1/1 10"]);
}

/// §3.10.3: octets, and whether the peer's data has ended, which the RFC calls an error ("connection closing").
#[test]
fn receive_in_every_state() {
    for (state, answer) in HELD.into_iter().zip([
        Ok((0, false)),
        Ok((0, false)),
        Ok((0, false)),
        Ok((0, false)),
        Ok((0, false)),
        Ok((0, true)),
        Ok((0, true)),
        Ok((0, true)),
        Ok((0, true)),
    ]) {
        let (mut bench, socket) = held(state);
        let found = bench.host.receive(socket, 100, &mut Vec::new());
        assert_eq!(found.map(|found| (found.octets, found.end_of_data)), answer, "{state}");
    }
}

/// §3.10.3, CLOSE-WAIT: what is on hand first, then the end.
#[test]
fn receive_takes_what_is_on_hand_before_the_end() {
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    bench.arrives("PA 1/1 10");
    bench.arrives("FA 11/1");
    let socket = bench.socket.expect("accepted");
    let mut take = |limit| bench.host.receive(socket, limit, &mut Vec::new()).map(|it| (it.octets, it.end_of_data));
    assert_eq!(take(6), Ok((6, false)));
    assert_eq!(take(6), Ok((4, true)));
    assert_eq!(take(6), Ok((0, true)));
}

/// MUST-12: the application learns whether the peer has closed or aborted; a RECEIVE says the same.
#[test]
fn a_close_and_an_abort_are_told_apart() {
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    bench.arrives("FPA 1/1 10");
    assert_eq!(bench.notices.last(), Some(&Notice::Readable));
    assert_eq!(bench.receive(), (10, true));

    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    bench.arrives("PA 1/1 10");
    bench.arrives("R 11");
    assert_eq!((bench.state, bench.notices.last()), (State::Closed, Some(&Notice::Reset)));
    let socket = bench.socket.expect("accepted");
    assert_eq!(bench.host.receive(socket, 1, &mut Vec::new()), Err(UserError::NoConnection));
}

/// §3.10.7.4, second: "All segment queues should be flushed." Linux leaves what has arrived to the application.
#[test]
fn what_came_before_a_reset_can_be_read_where_a_reset_does_not_flush() {
    for (flushes, found) in [(true, Err(UserError::NoConnection)), (false, Ok((10, false)))] {
        let limits = limits().with(|it| it.close.reset_flushes = flushes);
        let mut bench = Bench::in_state(Settings { limits, ..settings("three-way") }, State::Established);
        bench.arrives("PA 1/1 10");
        bench.arrives("R 11");
        let socket = bench.socket.expect("accepted");
        let mut receive = || bench.host.receive(socket, 100, &mut Vec::new());
        assert_eq!(receive().map(|got| (got.octets, got.end_of_data)), found);
        assert_eq!(receive(), Err(UserError::NoConnection), "and nothing behind it");
    }
    // What is thrown away is not taken for the end of data.
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    bench.arrives("FPA 1/1 10");
    bench.arrives("R 12");
    let socket = bench.socket.expect("accepted");
    assert_eq!(bench.host.receive(socket, 100, &mut Vec::new()), Err(UserError::NoConnection));
}

/// §3.10.4: CLOSE, which `shutdown` is.
#[test]
fn close_in_every_state_has_an_answer() {
    for (state, answer) in HELD.into_iter().zip([
        "ok",
        "ok",
        "ok",
        "connection closing",
        "connection closing",
        "ok",
        "connection closing",
        "connection closing",
        "connection closing",
    ]) {
        let (mut bench, socket) = held(state);
        assert_eq!(words(bench.host.shutdown(at(0), socket, &mut Vec::new())), answer, "{state}");
    }
    let (mut bench, socket) = held(State::FinWait1);
    bench.arrives("R 1");
    assert_eq!(words(bench.host.shutdown(at(0), socket, &mut Vec::new())), "connection does not exist", "CLOSED");
}

/// §3.10.5, and `close`: they end what there is, and name nothing the second time.
#[test]
fn a_handle_that_was_given_back_names_nothing() {
    for state in HELD {
        for abort in [false, true] {
            let (mut bench, socket) = held(state);
            if abort {
                bench.abort()
            } else {
                bench.close()
            };
            let again = if abort {
                bench.host.abort(at(0), socket, &mut Vec::new())
            } else {
                bench.host.close(at(0), socket, &mut Vec::new())
            };
            // A connection that goes on closing is still there, for the network's sake.
            let goes_on = bench.host.status(socket).is_some();
            assert_eq!(words(again), if goes_on { "ok" } else { "connection does not exist" }, "{state}");
            assert!(!(abort && goes_on), "{state}");
        }
    }
}

/// §3.10.6.
#[test]
fn status_in_every_state() {
    for state in HELD {
        let (bench, socket) = held(state);
        let status = bench.host.status(socket).expect("it exists");
        assert_eq!(status.state, state);
        assert_eq!(status.iss, bench.iss, "{state}");
        assert_eq!(status.irs.is_some(), state != State::SynSent, "{state}");
        assert_eq!(
            status.send_next - status.iss,
            if matches!(state, State::SynSent | State::SynReceived | State::Established | State::CloseWait) {
                1
            } else {
                2
            },
            "{state}"
        );
    }
    let (mut bench, socket) = held(State::TimeWait);
    bench.wait(at(240_000));
    assert_eq!(bench.host.status(socket).map(|status| status.state), Some(State::Closed));
    bench.close();
    assert_eq!(bench.host.status(socket), None, "connection does not exist");
}

/// §3.10.6: what is on its way in either direction, and how often a silent peer was probed, to the end and beyond.
#[test]
fn status_counts_what_waits() {
    let counts = |bench: &Bench, socket| {
        let status = bench.host.status(socket).expect("it exists");
        (status.unacknowledged_octets, status.unread_octets, status.probes)
    };
    let (mut bench, socket) = held(State::SynSent);
    bench.send(7);
    assert_eq!(counts(&bench, socket), (7, 0, 0));

    let probing = limits().with(|it| {
        it.keepalive.keepalive = true;
        it.keepalive.keepalive_probes = 2;
    });
    let mut bench = Bench::in_state(Settings { limits: probing, ..settings("three-way") }, State::Established);
    let socket = bench.socket.expect("accepted");
    bench.arrives("PA 1/1 10");
    bench.send(5);
    assert_eq!(counts(&bench, socket), (5, 10, 0));
    bench.arrives("A 11/6");
    bench.wait(at(7_275_000));
    assert_eq!(counts(&bench, socket), (0, 10, 2));
    bench.wait(at(7_350_000));
    assert_eq!((bench.state, counts(&bench, socket)), (State::Closed, (0, 10, 2)));

    let (mut bench, _) = held(State::Established);
    bench.arrives("PA 1/1 10");
    bench.close();
    assert_eq!(bench.connection().map(|(_, status)| status.unread_octets), Some(0), "no one will read them");
}

/// A connection has one name, in whatever table it is.
#[test]
fn a_connection_is_found_by_its_name() {
    for state in [State::SynReceived, State::Established, State::TimeWait] {
        let bench = Bench::in_state(settings("three-way"), state);
        let (entry, status) = bench.connection().expect("it exists");
        assert_eq!((bench.host.tag(entry), bench.host.tag_of(status.tuple)), (Some(()), Some(())), "{state}");
        let other = FourTuple { local: status.tuple.remote, ..status.tuple };
        assert_eq!((bench.host.tag_of(other), bench.host.status_of(other)), (None, None), "{state}");
        assert_eq!(bench.host.status_of(status.tuple), Some(status), "{state}");
    }
}

#[test]
fn what_a_queue_holds() {
    let mut bench = Bench::in_state(settings("three-way"), State::TimeWait);
    bench.accepts = false;
    for port in [6000, 6001, 6002] {
        bench.arrives_from(port, "S 0");
    }
    bench.arrives_from(6000, "A 1/1");
    let queued = |port| [Queue::Syn, Queue::Accept, Queue::TimeWait].map(|queue| bench.host.queued(port, queue));
    assert_eq!((queued(80), queued(81)), ([2, 1, 1], [0, 0, 1]), "TIME-WAIT has one table for all ports");
}

/// MUST-41: a second passive OPEN is an error and leaves the first, and what came of it, as they were.
#[test]
fn a_passive_open_touches_no_other() {
    let mut bench = Bench::in_state(settings("three-way"), State::SynReceived);
    let before = bench.host.clone();
    assert_eq!(bench.host.listen(80), Err(UserError::AlreadyExists));
    assert!(bench.host == before);
    assert_eq!(bench.host.listen(81), Ok(()));
    assert_eq!(bench.arrives("A 1/1"), NONE);
    assert_eq!(bench.state, State::Established);
}

/// MUST-42: a port can be listened at while a connection on it is being opened.
#[test]
fn a_port_in_use_can_be_listened_at() {
    for state in [State::SynSent, State::SynReceived] {
        let (mut bench, _) = held(state);
        bench.host.listen(80).expect("no listener is there");
        assert_eq!(bench.arrives_from(6000, "S 0"), ["SA 0/1"], "{state}");
        assert_eq!(bench.kinds(), [EntryKind::Connection, EntryKind::HalfOpen], "{state}");
    }
}

/// §3.10.4, LISTEN: requests are refused from then on, and what nobody accepted is gone; what was accepted stays.
#[test]
fn closing_a_listener() {
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    bench.arrives_from(5001, "S 0");
    bench.accepts = false;
    bench.arrives_from(5002, "S 0");
    bench.arrives_from(5002, "A 1/1");
    assert_eq!(bench.unlisten(), ["R 1"], "the one that waited to be accepted");
    assert_eq!(bench.kinds(), [EntryKind::Connection]);
    assert_eq!(bench.arrives_from(5001, "A 1/1"), ["R 1"], "the half-open one");
    assert_eq!(bench.arrives_from(5003, "S 0"), ["RA 0/1"]);
    assert_eq!(bench.arrives("PA 1/1 10"), ["A 1/11"], "the accepted one");
    assert_eq!(bench.host.unlisten(at(0), 80, &mut Vec::new()), Err(UserError::NoConnection));
}

/// §3.10.8: the user timeout ends every state, and the application is told.
#[test]
fn the_user_timeout_is_an_end_like_an_abort() {
    let user_timeout = crate::Patience::For(sim_time::Duration::from_secs(5));
    let limits = limits().with(|it| it.persistence.user_timeout = user_timeout);
    let mut bench = Bench::in_state(Settings { limits, ..settings("three-way") }, State::Established);
    bench.send(10);
    bench.wait(at(5000));
    assert_eq!((bench.state, bench.notices.last()), (State::Closed, Some(&Notice::TimedOut)));
    let socket = bench.socket.expect("accepted");
    assert_eq!(words(bench.host.send(socket, vec![0])), "connection does not exist");
    assert_eq!(bench.host.receive(socket, 1, &mut Vec::new()), Err(UserError::NoConnection));
}
