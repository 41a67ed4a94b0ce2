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
        "PA 1/0 10    | A 1/1     | ESTABLISHED
         PA 1/-5 10   | A 1/1     | ESTABLISHED
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

/// §3.2, §4.2: whoever has no such connection answers the challenge with a reset at the number it told, and that counts.
#[test]
fn the_answer_to_a_challenge_resets() {
    for forged in ["R 5", "S 5", "S 70000", "SA 5/1", "S 0"] {
        let mut bench = Bench::in_state(settings("three-way"), State::Established);
        assert_eq!(bench.arrives(forged), ["A 1/1"], "{forged}");
        assert_eq!(bench.state, State::Established, "{forged}");
        bench.arrives("R 1");
        assert_eq!(bench.state, State::Closed, "{forged}");
    }
}

/// §3.2, §4.2: what is challenged goes no further: neither its data nor its FIN nor its acknowledgment counts.
#[test]
fn what_is_challenged_is_dropped() {
    for forged in ["S 1 10", "SA 5/11", "SF 1", "R 5 10", "RA 5/11"] {
        let mut bench = Bench::in_state(settings("three-way"), State::Established);
        bench.send(10);
        assert_eq!(bench.arrives(forged), ["A 11/1"], "{forged}");
        assert_eq!((bench.state, bench.receive()), (State::Established, (0, false)), "{forged}");
        assert_eq!(bench.wait(at(1000)), ["1.000 PA 1/1 10"], "{forged}: nothing is acknowledged");
    }
}

/// §5.2: the window that reaches back is the largest that the peer ever offered, not the present one.
#[test]
fn the_largest_window_reaches_back() {
    let limits = limits().with(|it| it.checks.ack_check = AckCheck::Window);
    let mut bench = Bench::in_state(with(limits), State::Established);
    bench.send(10_000);
    bench.arrives("A 1/10001");
    bench.send(10_000);
    bench.window = 100;
    bench.arrives("A 1/20001");
    assert_eq!(bench.arrives("A 1/10001"), NONE, "10,000 octets ago");
    assert_eq!(bench.arrives("A 1/10000"), ["A 20001/1"]);
}

/// §7: number and time are settings, and a new interval has room again.
#[test]
fn the_limit_is_a_setting() {
    let limits = limits().with(|it| {
        it.checks.challenge_limit = ChallengeLimit::Host;
        it.checks.challenge_count = 2;
        it.checks.challenge_interval = Duration::from_secs(1);
    });
    let mut bench = Bench::in_state(with(limits), State::Established);
    let answers = |bench: &mut Bench| (0..5).filter(|_| !bench.arrives("R 5").is_empty()).count();
    assert_eq!(answers(&mut bench), 2);
    bench.now = at(999);
    assert_eq!(answers(&mut bench), 0);
    bench.now = at(1000);
    assert_eq!(answers(&mut bench), 2);
}

/// RFC 1337 §2.3, hazard H2: two ends that disagree on what was sent would answer each other for ever; the limit ends that.
#[test]
fn an_endless_exchange_of_acknowledgments_ends() {
    for (challenge_limit, most) in [(ChallengeLimit::Host, 10), (ChallengeLimit::Connection, 1)] {
        let limits = limits().with(|it| it.checks.challenge_limit = challenge_limit);
        let mut bench = Bench::in_state(with(limits), State::Established);
        let answers = (0..20).filter(|_| !bench.arrives("A 1/9").is_empty()).count();
        assert_eq!(answers, most, "{challenge_limit:?}");
    }
}
