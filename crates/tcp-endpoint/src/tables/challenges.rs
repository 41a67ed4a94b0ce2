//! RFC 5961: challenge ACKs, the check on acknowledgments, and the limit on their rate.

use sim_time::Duration;

use crate::testing::{Bench, at, limits, linux, settings, table};
use crate::{AckCheck, ChallengeLimit, HalfOpenCheck, Limits, Settings, State};

const NONE: [&str; 0] = [];

fn with(limits: Limits) -> Settings {
    Settings { limits, ..settings("three-way") }
}

/// §5.2: SND.UNA - MAX.SND.WND =< SEG.ACK =< SND.NXT, where the window never reaches back before our SYN. Recorded in
/// a1.
#[test]
fn an_acknowledgment_older_than_any_window_is_challenged() {
    for (ack_check, answer) in [(AckCheck::Unsent, NONE.to_vec()), (AckCheck::Window, vec!["A 11/1"])] {
        let mut bench = Bench::in_state(with(limits().with(|it| it.checks.ack_check = ack_check)), State::Established);
        bench.send(10);
        bench.arrives("A 1/11");
        assert_eq!(bench.arrives("A 1/1"), NONE, "within the window of 10 000, but for our SYN");
        assert_eq!(bench.arrives("A 1/-5"), answer, "{ack_check:?}");
        assert_eq!(bench.arrives("A 1/-200000"), answer, "{ack_check:?}");
        assert_eq!(bench.arrives("A 1/1011"), ["A 11/1"], "of what was never sent");
    }
}

/// The data that comes with such an acknowledgment is not taken.
#[test]
fn data_with_a_bad_acknowledgment_is_dropped() {
    table(
        &with(limits().with(|it| it.checks.ack_check = AckCheck::Window)),
        State::Established,
        "PA 1/-5 10   | A 1/1     | ESTABLISHED
         FA 1/-5      | A 1/1     | ESTABLISHED
         PA 1/9 10    | A 1/1     | ESTABLISHED
         PA 1/1 10    | A 1/11    | ESTABLISHED",
    );
}

/// §7: ten in five seconds, whatever the connection.
#[test]
fn a_hosts_challenges_are_limited() {
    let limits = limits().with(|it| it.checks.challenge_limit = ChallengeLimit::Host);
    let mut bench = Bench::in_state(with(limits), State::Established);
    for _ in 0..10 {
        assert_eq!(bench.arrives("R 5"), ["A 1/1"]);
    }
    assert_eq!(bench.arrives("R 5"), NONE);
    assert_eq!(bench.arrives("S 5"), NONE);
    assert_eq!(bench.arrives("A 70000/1"), ["A 1/1"], "what is merely unacceptable is no challenge");
    bench.now = at(5000);
    assert_eq!(bench.arrives("S 5"), ["A 1/1"]);
}

/// Linux: one in 500 ms for each connection, and with them all that could keep two ends answering each other.
#[test]
fn a_connections_answers_are_limited() {
    for state in [State::SynReceived, State::Established, State::FinWait1, State::LastAck] {
        let limits = linux().with(|it| it.checks.half_open_check = HalfOpenCheck::Exact);
        let mut bench = Bench::in_state(with(limits), state);
        bench.now = at(1000);
        assert_eq!(bench.arrives("A 70000/1").len(), 1, "{state}");
        assert_eq!(bench.arrives("A 70000/1"), NONE, "{state}");
        assert_eq!(bench.arrives("S -100"), NONE, "{state}");
        assert_eq!(bench.arrives("R 5"), NONE, "{state}");
        assert_eq!(bench.arrives("PA -9/1 5").len(), 1, "{state}: a repetition of data needs its answer");
        bench.now += Duration::from_millis(500);
        assert_eq!(bench.arrives("S -100").len(), 1, "{state}");
    }
}

/// Recorded in h4 and h5: SYN-ACKs that answer a repeated SYN count, too.
#[test]
fn a_repeated_syn_is_answered_twice_a_second() {
    let mut bench = Bench::in_state(with(linux()), State::SynReceived);
    assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
    assert_eq!(bench.arrives("S 0"), NONE);
    bench.now = at(500);
    assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
}
