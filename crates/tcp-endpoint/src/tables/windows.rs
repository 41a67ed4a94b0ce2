//! Windows that close: what is offered, what waits, who asks, how long that is done (RFC 9293 §3.8.6, §3.10.7.4).

use sim_time::Duration;

use crate::testing::{Bench, at, freebsd, limits, linux, settings};
use crate::{Limits, Notice, Patience, Preferences, Purpose, Settings, State, WindowProbe};

const NONE: [&str; 0] = [];

fn with(limits: Limits) -> Settings {
    Settings { limits, ..settings("three-way") }
}

/// A host whose peer has closed its window; 10 octets, the peer's all but last, are acknowledged.
fn held_back(limits: Limits) -> Bench {
    let mut bench = Bench::in_state(with(limits), State::Established);
    bench.send(10);
    bench.window = 0;
    bench.arrives("A 1/11");
    assert_eq!(bench.send(100), NONE);
    bench
}

/// The moments and segments up to `until` milliseconds, each answered at once as a closed window answers.
fn answered(bench: &mut Bench, until: u64, answer: &str) -> Vec<String> {
    let mut all = Vec::new();
    while let Some((_, deadline)) = bench.deadline().filter(|(_, deadline)| *deadline <= at(until)) {
        all.extend(bench.wait(deadline));
        if bench.state == State::Closed {
            break;
        }
        assert_eq!(bench.arrives(answer), NONE);
    }
    all
}

// What is offered

/// SHLD-14, MUST-39, MAY-8: what is unread closes the window, by whole segments; reading opens it.
#[test]
fn what_is_not_read_closes_the_window() {
    let sizes = |it: &mut Limits| (it.sizes.window, it.sizes.receive_buffer, it.sizes.mss) = (40, 0, 10);
    let mut bench = Bench::in_state(with(limits().with(sizes)), State::Established);
    let mut windows = Vec::new();
    for seq in [1, 11, 21, 31] {
        assert_eq!(bench.arrives(&format!("PA {seq}/1 10")), [format!("A 1/{}", seq + 10)]);
        windows.push(bench.left.last().expect("an answer").0.segment.window);
    }
    assert_eq!(windows, [30, 20, 10, 0]);
    assert_eq!(bench.arrives("PA 41/1 10"), ["A 1/41"], "it is not taken");
    assert_eq!(bench.arrives("FA 41/1"), ["A 1/41"], "a FIN takes an octet's place");
    assert_eq!(bench.state, State::Established);
    assert_eq!(bench.receive_some(9), NONE, "a silly window");
    assert_eq!(bench.receive_some(1), ["A 1/41"]);
    let update = &bench.left.last().expect("an update").0;
    assert_eq!((update.segment.window, update.purpose), (10, Purpose::WindowUpdate));
    assert_eq!(bench.receive_some(10), NONE, "a window of one segment keeps nobody waiting");
    assert_eq!(bench.arrives("FA 41/1"), ["A 1/42"]);
    assert_eq!(bench.receive_some(20), NONE, "nothing comes behind a FIN");
}

/// What an application reads at once leaves the window as it is, and so does what a larger buffer has room for.
#[test]
fn a_window_is_whole_as_long_as_there_is_room() {
    let sizes = |it: &mut Limits| (it.sizes.window, it.sizes.receive_buffer) = (1000, 1500);
    let mut bench = Bench::in_state(with(limits().with(sizes)), State::Established);
    for (seq, octets, window) in [(1, 500, 1000), (501, 10, 990), (511, 500, 490), (1011, 490, 0)] {
        bench.arrives(&format!("PA {seq}/1 {octets}"));
        assert_eq!(bench.left.last().expect("an answer").0.segment.window, window, "{seq}");
    }
}

/// §3.10.7.4: "special allowance should be made to accept valid ACKs, URGs, and RSTs"; MUST-66.
#[test]
fn what_begins_at_a_closed_window_is_heard() {
    let closed = || {
        let sizes = |it: &mut Limits| (it.sizes.window, it.sizes.receive_buffer, it.sizes.mss) = (10, 0, 10);
        let mut bench = Bench::in_state(with(limits().with(sizes)), State::Established);
        bench.arrives("PA 1/1 10");
        bench.send(5);
        bench
    };
    let mut bench = closed();
    assert_eq!(bench.arrives("A 11/6 1"), ["A 6/11"], "its octet is not taken");
    assert!(bench.wait(at(100_000)).is_empty(), "its acknowledgment is");
    for (reset, state) in [("R 11", State::Closed), ("R 11 5", State::Closed), ("R 12", State::Established)] {
        let mut bench = closed();
        assert_eq!((bench.arrives(reset), bench.state), (Vec::new(), state), "{reset}");
    }
    let mut bench = closed();
    assert_eq!(bench.arrives("S 11"), ["A 6/11"]);
}

// What waits

/// MUST-38: a segment is full, or ends what was sent, or takes half of the largest window there was.
#[test]
fn nothing_leaves_for_a_silly_window() {
    let cases = [(1000, 999, None), (1000, 1000, Some(1000)), (6000, 4999, None), (6000, 5000, Some(5000))];
    for (mss, window, leaves) in cases {
        // The largest window was 10 000.
        let mut bench = Bench::in_state(with(limits().with(|it| it.sizes.mss = mss)), State::Established);
        bench.send(10);
        bench.window = window;
        bench.arrives("A 1/11");
        let leaves = leaves.map(|octets| format!("A 11/1 {octets}"));
        assert_eq!(bench.send(20_000), Vec::from_iter(leaves), "{mss} {window}");
    }
    let mut bench = Bench::in_state(with(limits()), State::Established);
    bench.send(10);
    bench.window = 100;
    bench.arrives("A 1/11");
    assert_eq!(bench.send(100), ["PA 11/1 100"], "all of it");
}

/// The override timeout of §3.8.6.2.1: what there is room for leaves after all.
#[test]
fn a_silly_window_is_used_in_the_end() {
    for limits in [limits(), linux()] {
        let mut bench = Bench::in_state(with(limits), State::Established);
        bench.send(10);
        bench.window = 100;
        bench.arrives("A 1/11");
        assert_eq!(bench.send(1000), NONE);
        let (_, timeout) = bench.deadline().expect("a timer runs");
        assert_eq!(bench.wait(timeout), [format!("{timeout} A 11/1 100")]);
        bench.window = 5000;
        assert_eq!(bench.arrives("A 1/111"), ["PA 111/1 900"]);
    }
}

// Who asks

/// MUST-36, MUST-37, SHLD-29, SHLD-30: an octet after a timeout, then again, each time after twice as long, for as long as it
/// is answered.
#[test]
fn an_octet_asks_for_the_window() {
    let mut bench = held_back(limits());
    let asked = answered(&mut bench, 200_000, "A 1/11");
    let asks = |second| format!("{second}.000 A 11/1 1");
    assert_eq!(asked, [1, 3, 7, 15, 31, 63, 123, 183].map(asks));
    let purposes: Vec<_> = bench.left.iter().rev().map(|(left, _)| (left.purpose, left.retransmission)).collect();
    assert_eq!(purposes[asked.len() - 1], (Purpose::WindowProbe, 0));
    assert_eq!(purposes[0], (Purpose::Retransmission, 7));
    answered(&mut bench, 30_000_000, "A 1/11");
    assert_eq!(bench.state, State::Established);
    bench.window = 1000;
    assert_eq!(bench.arrives("A 1/11"), ["A 11/1 1", "PA 12/1 99"], "the octet was lost, now it leaves with the rest");
}

#[test]
fn an_octet_that_is_taken_goes_no_more() {
    let mut bench = held_back(limits());
    assert_eq!(bench.wait(at(1000)), ["1.000 A 11/1 1"]);
    bench.arrives("A 1/12");
    assert_eq!(bench.wait(at(2000)), ["2.000 A 12/1 1"], "the window is closed still");
    bench.window = 1000;
    assert_eq!(bench.arrives("A 1/13"), ["PA 13/1 98"]);
}

/// `tcp_write_wakeup`, `tcp_ack_probe`: no octet, and the timeout is as before once the window is open.
#[test]
fn linux_asks_with_nothing() {
    let mut bench = held_back(linux());
    assert_eq!(
        answered(&mut bench, 7000, "A 1/11"),
        ["0.200 A 10/1", "0.600 A 10/1", "1.400 A 10/1", "3.000 A 10/1", "6.200 A 10/1"]
    );
    assert!(bench.left.iter().rev().take(5).all(|(left, _)| left.purpose == Purpose::WindowProbe));
    bench.wait(at(7000));
    bench.window = 1000;
    assert_eq!(bench.arrives("A 1/11"), ["PA 11/1 100"]);
    assert_eq!(bench.wait(at(7500)), ["7.200 PA 11/1 100"]);
}

/// `tcp_setpersist`: no sooner than `persmin` after the last, which only the timer of a closed window knows.
#[test]
fn freebsd_asks_every_five_seconds_at_first() {
    let mut bench = Bench::in_state(with(freebsd()), State::Established);
    bench.send(10);
    bench.arrives("A 1/11");
    bench.send(10);
    assert_eq!(bench.wait(at(200)), ["0.200 PA 11/1 10"]);
    let mut bench = held_back(freebsd());
    let asked = answered(&mut bench, 45_000, "A 1/11");
    let times = ["5.000", "10.000", "15.000", "20.000", "25.000", "31.400", "44.200"];
    assert_eq!(asked, times.map(|time| format!("{time} A 11/1 1")));
    bench.window = 1000;
    assert_eq!(bench.arrives("A 1/11"), ["A 11/1 1", "PA 12/1 99"]);
}

/// A FIN takes an octet's place in the window, and in a probe.
#[test]
fn a_fin_asks_for_the_window() {
    for (probe, asks) in [(WindowProbe::Octet, "1.000 FA 11/1"), (WindowProbe::Bare, "1.000 A 10/1")] {
        let mut bench =
            Bench::in_state(with(limits().with(|it| it.persistence.window_probe = probe)), State::Established);
        bench.send(10);
        bench.window = 0;
        bench.arrives("A 1/11");
        assert_eq!(bench.close(), NONE);
        assert_eq!(bench.wait(at(1000)), [asks]);
        bench.window = 1;
        assert_eq!(bench.arrives("A 1/11"), ["FA 11/1"]);
        bench.arrives("A 1/12");
        assert_eq!(bench.state, State::FinWait2);
    }
}

/// MUST-35, SHLD-17: so is what was sent before the peer took its window back.
#[test]
fn a_window_that_is_taken_back_is_asked_for() {
    for limits in [limits(), linux()] {
        let mut bench = Bench::in_state(with(limits), State::Established);
        bench.send(100);
        bench.window = 0;
        bench.arrives("A 1/1");
        let asked = answered(&mut bench, 3_000_000, "A 1/1");
        assert!(asked.len() > 20 && asked.iter().all(|sent| sent.ends_with("PA 1/1 100")), "{asked:?}");
        assert_eq!(bench.state, State::Established);
    }
}

/// What has no number of its own keeps to the peer's side of a closed window, or it would not be acceptable there.
#[test]
fn nothing_bare_lies_behind_a_closed_window() {
    let mut bench = held_back(limits());
    bench.wait(at(1000));
    assert_eq!(bench.arrives("PA 1/11 10"), ["A 11/11"]);
    assert_eq!(bench.abort(), ["R 11"]);
}

// How long

/// MUST-20: R2 counts what is not answered.
#[test]
fn probes_that_nobody_answers_end_a_connection() {
    let mut bench = held_back(limits());
    assert_eq!(bench.wait(at(1_000_000)).len(), 7, "the octet, and six retransmissions");
    assert_eq!((bench.state, bench.notices.last()), (State::Closed, Some(&Notice::TimedOut)));
    let mut bench = held_back(linux());
    assert_eq!(bench.wait(at(10_000_000)).len(), 15, "tcp_retries2");
    assert_eq!((bench.state, bench.notices.last()), (State::Closed, Some(&Notice::TimedOut)));
}

/// SHLD-9, SHLD-10: R1 is told of.
#[test]
fn probes_without_answer_are_reported() {
    let mut bench = held_back(linux());
    bench.prefer(Preferences { reports: true, ..Preferences::default() });
    bench.wait(at(1400));
    assert_eq!(bench.notices.iter().filter(|notice| **notice == Notice::Unanswered).count(), 1);
}

/// `tcp_probe_timer`: a connection that is closed has its probes answered in vain; RFC 9293 makes no difference (MUST-37).
#[test]
fn an_orphan_is_given_up_although_its_probes_are_answered() {
    let mut bench = held_back(linux());
    bench.close();
    let asked = answered(&mut bench, 10_000_000, "A 1/11");
    assert_eq!(asked.last().map(String::as_str), Some("204.600 A 10/1"));
    assert_eq!((bench.state, bench.now), (State::Closed, at(324_600)));
    let mut bench = held_back(limits());
    bench.close();
    answered(&mut bench, 10_000_000, "A 1/11");
    assert_eq!(bench.state, State::FinWait1);
}

/// §3.9.1, §3.10.8: the user timeout ends it, however the peer answers. It counts from when the data had to wait, or from the
/// first probe (Linux: 3 s of `TCP_USER_TIMEOUT` end after 3.2 s).
#[test]
fn a_user_timeout_ends_it() {
    let three = Patience::For(Duration::from_secs(3));
    for (limits, end) in [(limits(), 3000), (linux(), 3200)] {
        let mut bench = held_back(limits.with(|it| it.persistence.user_timeout = three));
        answered(&mut bench, 100_000, "A 1/11");
        assert_eq!((bench.state, bench.now), (State::Closed, at(end)));
        assert_eq!(bench.notices.last(), Some(&Notice::TimedOut));
    }
}

/// Keepalive has nothing to ask while the window is asked for.
#[test]
fn keepalive_leaves_it_to_the_probes() {
    let mut bench = held_back(limits().with(|it| {
        it.keepalive.keepalive = true;
        it.keepalive.keepalive_idle = Duration::from_secs(2);
    }));
    assert_eq!(bench.wait(at(5000)), ["1.000 A 11/1 1", "3.000 A 11/1 1"]);
}
