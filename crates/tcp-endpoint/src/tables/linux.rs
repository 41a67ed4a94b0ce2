//! Where Linux goes other ways than RFC 9293, beyond what the tables of each state and timer show.

use sim_time::Duration;

use crate::testing::{Bench, at, linux, settings};
use crate::{Limits, Patience, Settings, State};

const NONE: [&str; 0] = [];

fn host() -> Settings {
    Settings { limits: linux(), ..settings("three-way") }
}

fn timestamped() -> Settings {
    Settings { limits: linux().with(|it| it.timers.timestamps = true), ..settings("three-way") }
}

/// `tcp_rcv_synsent_state_process`: what its reset has just cleared away is tried again two ticks later, once.
#[test]
fn a_bad_acknowledgment_in_syn_sent_brings_the_syn_again() {
    for bad in ["A 1/9", "SA 0/9", "RA 1/9"] {
        let mut bench = Bench::connecting(host());
        bench.wait(at(20));
        bench.arrives(bad);
        assert_eq!(bench.wait(at(500)), ["0.028 S 0"], "{bad}");
        bench.arrives(bad);
        assert!(bench.wait(at(1000)).is_empty(), "{bad}: not a second time");
    }
    let mut bench = Bench::connecting(settings("three-way"));
    bench.arrives("A 1/9");
    assert_eq!(bench.wait(at(1000)), ["1.000 S 0"], "RFC 9293 waits");
}

/// `tcp_reset_check`: the peer that sent a FIN may reset before it learns that the FIN has come.
#[test]
fn a_reset_from_before_the_fin_counts_once_the_fin_has_come() {
    for (state, counts) in [
        (State::Established, false),
        (State::FinWait1, false),
        (State::CloseWait, true),
        (State::Closing, true),
        (State::LastAck, true),
    ] {
        let next = if counts { 2 } else { 1 };
        let mut bench = Bench::in_state(host(), state);
        bench.arrives(&format!("R {}", next - 1));
        assert_eq!(bench.state == State::Closed, counts, "in {state}");
        let mut bench = Bench::in_state(settings("three-way"), state);
        bench.arrives(&format!("R {}", next - 1));
        assert_eq!(bench.state, state, "RFC 9293 takes the exact one only");
    }
}

/// `tcp_disordered_ack_check`: an old bare ACK is nothing to answer; old data and an old SYN are.
#[test]
fn an_old_acknowledgment_is_dropped_without_a_word() {
    for (arrives, answers) in [("A 0/1 @99", 0), ("PA 0/1 1 @99", 1), ("S 0 @99", 1)] {
        let mut bench = Bench::listening(timestamped());
        bench.arrives("S 0 @100");
        bench.arrives("A 1/1 @100");
        assert_eq!(bench.arrives(arrives).len(), answers, "{arrives}");
    }
}

/// `tcp_sequence`: in a simultaneous close whose ACKs are lost, the repeated FIN acknowledges ours, and that counts.
#[test]
fn an_old_fin_may_bring_a_new_acknowledgment() {
    let mut bench = Bench::in_state(host(), State::Closing);
    assert_eq!(bench.arrives("FA 1/2"), NONE);
    assert_eq!(bench.state, State::TimeWait);

    let mut bench = Bench::in_state(settings("three-way"), State::Closing);
    assert_eq!(bench.arrives("FA 1/2"), ["A 2/2"], "RFC 9293 looks no further than the sequence number");
    assert_eq!(bench.state, State::Closing);
}

#[test]
fn old_data_is_answered_and_its_acknowledgment_counts() {
    let mut bench = Bench::in_state(host(), State::Established);
    bench.arrives("PA 1/1 10");
    bench.send(20);
    assert_eq!(bench.arrives("PA 1/21 10"), ["A 21/11"]);
    assert!(bench.wait(at(10_000)).is_empty(), "nothing is left to acknowledge");
}

/// `tcp_check_req`: whatever lies where, an acknowledgment of something else is for no connection.
#[test]
fn a_half_open_entry_looks_at_the_acknowledgment_first() {
    for (arrives, answers) in [
        ("A 70000/9", vec!["R 9"]),
        ("A 1/9", vec!["R 9"]),
        ("PA 1/0 10", vec!["R 0"]),
        ("RA 1/9", vec![]),
        ("A 70000/1", vec!["A 1/1"]),
    ] {
        let mut bench = Bench::in_state(host(), State::SynReceived);
        assert_eq!(
            (bench.arrives(arrives), bench.state),
            (answers.iter().map(|&a| a.to_owned()).collect(), State::SynReceived),
            "{arrives}"
        );
    }
}

/// `tcp_send_fin`: data leaves at the SEND; a FIN joins only what is still queued.
#[test]
fn a_fin_follows_the_data_of_the_same_instant() {
    let mut bench = Bench::in_state(host(), State::Established);
    assert_eq!(bench.send_and_close(100), ["PA 1/1 100", "FA 101/1"]);
    let mut bench = Bench::in_state(settings("three-way"), State::Established);
    assert_eq!(bench.send_and_close(100), ["FPA 1/1 100"]);
    // The window of 10,000 octets holds the tail back, and the FIN with it.
    let mut bench = Bench::in_state(host(), State::Established);
    assert_eq!(bench.send_and_close(10_100).last().map(String::as_str), Some("A 7301/1 1460"));
    assert_eq!(bench.arrives("A 1/8761"), ["FPA 8761/1 1340"]);
}

/// `tcp_close_state`: LAST-ACK begins with the call, whatever waits to be sent first.
#[test]
fn last_ack_begins_at_close() {
    let mut bench = Bench::in_state(host(), State::CloseWait);
    bench.send(10_100);
    bench.shutdown();
    assert_eq!(bench.state, State::LastAck);
    assert_eq!(bench.abort(), ["RA 8761/2"], "its FIN has not left, so an abort is told");

    let mut bench = Bench::in_state(settings("three-way"), State::CloseWait);
    bench.send(10_100);
    bench.shutdown();
    assert_eq!(bench.state, State::CloseWait);
}

/// The option takes room in every segment (RFC 7323 appendix A).
#[test]
fn timestamps_take_twelve_octets_of_a_segment() {
    let mut bench = Bench::listening(timestamped());
    bench.arrives("S 0 @100");
    bench.arrives("A 1/1 @100");
    assert_eq!(bench.send(1500), ["A 1/1 1448 @100", "PA 1449/1 52 @100"]);
    assert!(bench.now == at(0) + Duration::ZERO);
}

/// `tcp_write_timeout`, `retransmits_timed_out`: a SYN is given up after `syn-retries` and the linear ones, or once as
/// much time has passed as `syn-retries` would take without linear ones.
#[test]
fn a_syn_is_given_up_by_time_as_well() {
    for (retries, resent, over) in
        [(1, vec![1, 2], 3), (2, vec![1, 2, 3, 4, 5], 7), (3, vec![1, 2, 3, 4, 5, 7, 11], 19)]
    {
        let limits = linux().with(|it| {
            it.handshake_retries.syn_retries = retries;
            it.handshake_retries.syn_linear_retries = 4;
        });
        let mut bench = Bench::connecting(Settings { limits, ..settings("three-way") });
        let times: Vec<String> = resent.iter().map(|at| format!("{at}.000 S 0")).collect();
        assert_eq!(bench.wait(at(over * 1000 - 1)), times, "{retries}");
        assert_eq!(bench.state, State::SynSent);
        bench.wait(at(over * 1000));
        assert_eq!(bench.state, State::Closed, "{retries}");
    }
}

/// `tcp_send_synack`, `tcp_validate_incoming`: the crossing SYN-ACK leaves the timer of the SYN alone, the SYN once more is
/// challenged, and R2 is the SYN's.
#[test]
fn after_crossing_syns_the_timer_is_the_syns() {
    let mut bench = Bench::connecting(host());
    bench.now = at(900);
    assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
    assert_eq!(bench.wait(at(1000)), ["1.000 SA 0/1"], "one second after the SYN");
    assert_eq!(bench.arrives("S 0"), ["A 1/1"]);
    let limits = linux().with(|it| {
        it.handshake_retries.syn_retries = 3;
        it.handshake_retries.syn_ack_retries = 1;
    });
    let mut bench = Bench::connecting(Settings { limits, ..settings("three-way") });
    bench.arrives("S 0");
    assert_eq!(bench.wait(at(100_000)), ["1.000 SA 0/1", "3.000 SA 0/1", "7.000 SA 0/1"]);
    assert_eq!(bench.state, State::Closed);
}

/// `retransmits_timed_out`: the host's user timeout takes the place of R2 for an orphan, too; and R2 counts from 200 ms,
/// whatever the floor of the timeout is.
#[test]
fn an_orphan_is_given_up_by_time() {
    let over = |limits: Limits| {
        let mut bench = Bench::in_state(Settings { limits, ..settings("three-way") }, State::Established);
        bench.close();
        let mut after = 0;
        while bench.state != State::Closed {
            after += 1;
            bench.wait(at(after * 1000));
        }
        after
    };
    for rto_min in [5, 200] {
        let over = over(linux().with(|it| it.timers.rto_min = Duration::from_millis(rto_min)));
        assert!((102..=206).contains(&over), "at the first timeout after 102.2 s, not at {over} s");
    }
    let patient = linux().with(|it| it.persistence.user_timeout = Patience::For(Duration::from_secs(200)));
    assert!((200..=201).contains(&over(patient.clone())), "{}", over(patient));
}

/// `tcp_retrans_try_collapse`: the timeout sends what two SENDs and the FIN carried in one segment.
#[test]
fn a_retransmission_takes_in_what_was_sent_behind_it() {
    let limits = linux().with(|it| it.timers.tail_loss_probe = false);
    let mut bench = Bench::in_state(Settings { limits, ..settings("three-way") }, State::Established);
    bench.wait(at(1000));
    assert_eq!(bench.send(100), ["PA 1/1 100"]);
    assert_eq!(bench.send_and_close(10), ["PA 101/1 10", "FA 111/1"]);
    assert_eq!(bench.wait(at(1250)), ["1.200 FPA 1/1 110"]);
}
