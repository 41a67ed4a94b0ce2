//! User calls (RFC 9293 §3.10.1–§3.10.6).

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use crate::testing::{Bench, Call, at, limits, settings};
use crate::{Host, Isn, Notice, Settings, State, Teardown, UserError};

const NONE: [&str; 0] = [];

#[test]
fn close_in_every_state() {
    for (state, answers, after) in [
        (State::SynSent, vec![], State::Closed),
        (State::Established, vec!["FA 1/1"], State::FinWait1),
        (State::CloseWait, vec!["FA 1/2"], State::LastAck),
        (State::FinWait1, vec![], State::FinWait1),
        (State::FinWait2, vec![], State::FinWait2),
        (State::Closing, vec![], State::Closing),
        (State::LastAck, vec![], State::LastAck),
    ] {
        let mut bench = Bench::in_state(settings("three-way"), state);
        assert_eq!(bench.close(), answers, "{state}");
        assert_eq!(bench.state, after, "{state}");
    }
}

#[test]
fn abort_in_every_state() {
    for (state, answers) in [
        (State::SynSent, vec![]),
        (State::Established, vec!["R 1"]),
        (State::FinWait1, vec!["R 2"]),
        (State::FinWait2, vec!["R 2"]),
        (State::CloseWait, vec!["R 1"]),
        (State::Closing, vec![]),
        (State::LastAck, vec![]),
        (State::TimeWait, vec![]),
    ] {
        let mut bench = Bench::in_state(settings("three-way"), state);
        assert_eq!(bench.abort(), answers, "{state}");
        assert_eq!(bench.state, State::Closed, "{state}");
        assert!(bench.wait(at(1_000_000)).is_empty(), "{state}: nothing is left to happen");
    }
    let mut bench = Bench::connecting(settings("three-way"));
    bench.arrives("S 0");
    assert_eq!((bench.abort(), bench.state), (vec!["R 1".to_owned()], State::Closed), "SYN-RECEIVED");
}

/// Linux and FreeBSD part the socket from its TIME-WAIT: an ABORT then only gives the handle back.
#[test]
fn an_abort_may_leave_time_wait_alone() {
    let rfc9293 = settings("three-way");
    let teardown = Teardown { abort_ends_time_wait: false, ..rfc9293.teardown.clone() };
    let mut bench = Bench::in_state(Settings { teardown, ..rfc9293 }, State::TimeWait);
    assert_eq!((bench.abort(), bench.state), (vec![], State::TimeWait));
    assert_eq!(bench.arrives("FA 1/2"), ["A 2/2"]);
}

/// §3.10.4: in SYN-RECEIVED the FIN leaves at once, or follows the data that waits for ESTABLISHED.
#[test]
fn a_close_in_syn_received() {
    let mut bench = Bench::connecting(settings("three-way"));
    bench.arrives("S 0");
    assert_eq!(bench.close(), ["FA 1/1"]);
    assert_eq!(bench.state, State::FinWait1);
    assert_eq!(bench.arrives("SA 0/1"), ["A 2/1"]);
    assert_eq!(bench.arrives("A 1/2"), NONE);
    assert_eq!(bench.state, State::FinWait2);

    let mut bench = Bench::connecting(settings("three-way"));
    bench.arrives("S 0");
    bench.send(10);
    assert_eq!(bench.close(), NONE);
    assert_eq!(bench.state, State::SynReceived);
    assert_eq!(bench.arrives("A 1/1"), ["FPA 1/1 10"]);
    assert_eq!(bench.state, State::FinWait1);
}

/// The SYN-ACK is still the first that has to arrive: it heads the retransmission queue, and the FIN follows it.
#[test]
fn after_a_close_in_syn_received_the_syn_ack_is_sent_again() {
    let mut bench = Bench::connecting(settings("three-way"));
    bench.arrives("S 0");
    bench.close();
    assert_eq!(bench.wait(at(3500)), ["1.000 SA 0/1", "3.000 SA 0/1"]);
    assert_eq!(bench.arrives("A 1/1"), ["FA 1/1"]);
    assert_eq!(bench.arrives("A 1/2"), NONE);
    assert_eq!(bench.state, State::FinWait2);

    let mut bench = Bench::connecting(settings("three-way"));
    bench.arrives("S 0");
    bench.wait(at(1500));
    assert_eq!(bench.close(), NONE, "a timeout has passed: one segment asks for an answer, the rest waits");
    assert_eq!(bench.wait(at(3500)), ["3.000 SA 0/1"]);
    assert_eq!(bench.arrives("FA 1/1"), ["FA 1/2"]);
    assert_eq!(bench.arrives("A 2/2"), NONE);
    assert_eq!(bench.state, State::TimeWait);
}

#[test]
fn data_queued_in_syn_sent_leaves_with_the_third_message() {
    let mut bench = Bench::connecting(settings("three-way"));
    assert_eq!(bench.send(10), NONE);
    assert_eq!(bench.arrives("SA 0/1"), ["PA 1/1 10"]);
}

#[test]
fn data_is_cut_at_the_segment_size_and_held_by_the_window() {
    let settings = Settings { limits: limits().with(|it| it.sizes.mss = 4000), ..settings("three-way") };
    let mut bench = Bench::in_state(settings, State::Established); // the peer's window is 10 000
    assert_eq!(bench.send(12_000), ["A 1/1 4000", "A 4001/1 4000"], "2000 are no full segment");
    assert_eq!(bench.close(), NONE);
    assert_eq!(bench.arrives("A 1/8001"), ["FPA 8001/1 4000"]);
    assert_eq!(bench.state, State::FinWait1);
}

#[test]
fn the_fin_rides_on_the_acknowledgment_when_nothing_is_left_to_send() {
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    // The bench's application reacts before the flush only if it is told to: close first, then the peer's FIN.
    assert_eq!(bench.close(), ["FA 1/1"]);
    assert_eq!(bench.arrives("FA 1/2"), ["A 2/2"]);
    assert_eq!(bench.state, State::TimeWait);
}

#[test]
fn receive_hands_over_octets_and_then_the_end() {
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    bench.arrives("PA 1/1 10");
    assert_eq!(bench.receive(), (10, false));
    assert_eq!(bench.receive(), (0, false));
    bench.arrives("FPA 11/1 5");
    assert_eq!(bench.receive(), (5, true));
    assert_eq!(bench.notices.iter().filter(|notice| **notice == Notice::Readable).count(), 2);
}

/// TIME-WAIT takes the connection's place in the tables; what the application has not read yet is still there.
#[test]
fn what_was_received_can_be_read_after_the_connection_is_over() {
    let mut bench = Bench::in_state(settings("three-way"), State::FinWait2);
    bench.arrives("FPA 1/2 10");
    assert_eq!(bench.state, State::TimeWait);
    assert_eq!(bench.receive(), (10, true));
    let socket = bench.socket.expect("accepted");
    assert_eq!(bench.host.send(socket, vec![0]), Err(UserError::Closing));
    bench.close();
    assert_eq!(bench.host.status(socket), None);
}

/// What an application still holds of a connection that was reset has no part in the next one's TIME-WAIT, even if both
/// began with the same numbers.
#[test]
fn a_time_wait_is_that_of_one_connection() {
    let settings = Settings { limits: limits().with(|it| it.selection.isn = Isn::Constant), ..settings("three-way") };
    let mut bench = Bench::in_state(settings, State::Established);
    let reset = bench.socket.expect("accepted");
    for segment in ["R 1", "S 0", "A 1/1"] {
        bench.arrives(segment);
    }
    let next = bench.socket.expect("accepted");
    bench.shutdown();
    bench.arrives("FA 1/2");
    let states = [reset, next].map(|socket| bench.host.status(socket).map(|status| status.state));
    assert_eq!(states, [Some(State::Closed), Some(State::TimeWait)]);
    assert_eq!(bench.host.send(reset, vec![0]), Err(UserError::NoConnection));
    bench.socket = Some(reset);
    bench.abort();
    assert_eq!(bench.state, State::TimeWait);
    bench.socket = Some(next);
    bench.abort();
    assert_eq!(bench.state, State::Closed);
    assert_eq!(bench.kinds(), []);
}

#[test]
fn errors_of_the_calls() {
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    assert_eq!(bench.host.listen(80), Err(UserError::AlreadyExists));
    let socket = bench.socket.expect("accepted");
    bench.shutdown();
    assert_eq!(bench.host.send(socket, vec![0]), Err(UserError::Closing));
    assert_eq!(bench.host.shutdown(at(0), socket, &mut Vec::new()), Err(UserError::Closing));
    bench.abort();
    assert_eq!(bench.host.close(at(0), socket, &mut Vec::new()), Err(UserError::NoConnection));
    assert_eq!(bench.host.receive(socket, 1, &mut Vec::new()), Err(UserError::NoConnection));
}

#[test]
fn a_four_tuple_is_opened_once() {
    let mut bench = Bench::connecting(settings("three-way"));
    let remote = bench.host.status(bench.socket.expect("opened")).expect("there").tuple.remote;
    let again = bench.host.open(at(0), 80, remote, (), &mut Vec::new());
    assert_eq!(again, Err(UserError::AlreadyExists));
}

#[test]
fn closing_with_unread_data_resets_where_close_is_half_duplex() {
    for (half_duplex_close, answer) in [(false, "FA 1/11"), (true, "R 1")] {
        let settings = Settings {
            limits: limits().with(|it| it.close.half_duplex_close = half_duplex_close),
            ..settings("three-way")
        };
        let mut bench = Bench::in_state(settings, State::Established);
        bench.arrives("PA 1/1 10");
        assert_eq!(bench.close(), [answer]);
    }
}

/// What the window lets out leaves at SEND (§3.10.2): an ABORT of the same instant is behind it, and its reset has the number
/// that is next then (§3.10.5). What has to wait for the window is lost.
#[test]
fn a_reset_of_a_call_follows_what_was_sent() {
    let states = [(State::Established, ["PA 1/1 10", "R 11"]), (State::CloseWait, ["PA 1/2 10", "R 11"])];
    for (state, answers) in states {
        let mut bench = Bench::in_state(settings("three-way"), state);
        assert_eq!(bench.send_and(10, Host::abort), answers, "{state}");
        assert!(bench.wait(at(1_000_000)).is_empty(), "{state}: nothing is left to happen");
    }
    let limits = limits().with(|it| {
        it.sizes.mss = 5000;
        it.close.half_duplex_close = true;
    });
    let settings = Settings { limits, ..settings("three-way") };
    let mut bench = Bench::in_state(settings.clone(), State::Established); // the peer's window is 10 000
    assert_eq!(bench.send_and(15_000, Host::abort), ["A 1/1 5000", "A 5001/1 5000", "R 10001"]);
    let mut bench = Bench::in_state(settings, State::Established);
    bench.arrives("PA 1/1 5");
    let sent = bench.send_and(15_000, Host::close);
    assert_eq!(sent, ["A 1/6 5000", "A 5001/6 5000", "R 10001"], "5 octets are unread");
}

/// A FIN leaves at CLOSE (§3.10.4), so that an ABORT of the same instant finds it gone: no reset in LAST-ACK.
#[test]
fn an_abort_follows_the_fin() {
    let shut_and_abort: Call = |host, now, socket, effects| {
        host.shutdown(now, socket, effects)?;
        host.abort(now, socket, effects)
    };
    for (state, answers) in [(State::Established, vec!["FPA 1/1 10", "R 12"]), (State::CloseWait, vec!["FPA 1/2 10"])] {
        let mut bench = Bench::in_state(settings("three-way"), state);
        assert_eq!(bench.send_and(10, shut_and_abort), answers, "{state}");
        assert_eq!(bench.state, State::Closed, "{state}");
    }
}

/// Where nothing may leave, the reset is alone: before the handshake is over, and after a timeout that is not answered.
#[test]
fn an_abort_lets_out_only_what_may_leave() {
    let mut bench = Bench::connecting(settings("three-way"));
    bench.arrives("S 0");
    assert_eq!(bench.send_and(10, Host::abort), ["R 1"]);
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    bench.send(10);
    bench.wait(at(1000));
    assert_eq!(bench.send_and(10, Host::abort), ["R 11"]);
}

/// Two hosts that hold the same connections are the same, whatever their tables went through.
#[test]
fn hosts_are_compared_by_what_they_hold() {
    let hash = |bench: &Bench| {
        let mut hasher = DefaultHasher::new();
        bench.host.hash(&mut hasher);
        hasher.finish()
    };
    let direct = Bench::in_state(settings("three-way"), State::SynReceived);
    let mut with_history = Bench::listening(settings("three-way"));
    with_history.arrives("S 0");
    assert!(direct.host == with_history.host && hash(&direct) == hash(&with_history));
    with_history.arrives("R 1");
    assert!(direct.host != with_history.host);
    with_history.arrives("S 0");
    assert!(direct.host == with_history.host && hash(&direct) == hash(&with_history));
    let copy = with_history.host.clone();
    assert!(copy == with_history.host);
}

/// CLOSE in CLOSE-WAIT: LAST-ACK begins when the FIN leaves, not while data waits for the window (RFC 9293 §3.10.4).
#[test]
fn last_ack_begins_with_the_fin() {
    let settings = Settings { limits: limits().with(|it| it.sizes.mss = 10_000), ..settings("three-way") };
    let mut bench = Bench::in_state(settings, State::CloseWait); // the peer's window is 10 000
    assert_eq!(bench.send(15_000), ["A 1/2 10000"]);
    assert_eq!(bench.close(), NONE);
    assert_eq!(bench.state, State::CloseWait);
    assert_eq!(bench.arrives("A 2/10001"), ["FPA 10001/2 5000"]);
    assert_eq!(bench.state, State::LastAck);
}
