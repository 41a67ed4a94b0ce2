//! Why each segment is sent: one row for each occasion, one table for each purpose that an endpoint has.

use sim_time::Duration;

use crate::testing::{Bench, at, freebsd, limits, linux, settings};
use crate::{
    AckCheck, AckTiming, Acknowledged, DuplicateSyn, HalfOpenCheck, Limits, Patience, Purpose, Settings, State,
    Teardown, TimeWaitOwner,
};

fn with(limits: Limits) -> Settings {
    Settings { limits, ..settings("three-way") }
}

/// What one step brings about: a call, a wait until so many milliseconds, or a segment that comes.
fn take(bench: &mut Bench, step: &str) -> Vec<String> {
    let number = |text: &str| text.parse::<u32>().expect("a number");
    match step.split_once(' ') {
        Some(("send", octets)) => bench.send(number(octets) as usize),
        Some(("open", octets)) => bench.open_with(number(octets) as usize),
        Some(("wait", millis)) => bench.wait(at(number(millis).into())),
        Some(_) => bench.arrives(step),
        None => match step {
            "open" => bench.open(),
            "shutdown" => bench.shutdown(),
            "close" => bench.close(),
            "abort" => bench.abort(),
            "unlisten" => bench.unlisten(),
            _ => panic!("no call {step}"),
        },
    }
}

/// Checks a table `steps | segments that the last of them brings about, with their purposes`, each row from a connection
/// that is newly in `state`.
#[track_caller]
fn table(settings: &Settings, state: State, rows: &str) {
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let (steps, expected) = row.split_once('|').expect("two columns");
        let mut bench = Bench::in_state(settings.clone(), state);
        let mut sent = Vec::new();
        for step in steps.split(';') {
            bench.left.clear();
            sent = take(&mut bench, step.trim());
        }
        let purposes = bench.left.iter().map(|(transmission, _)| transmission.purpose);
        let found: Vec<_> = sent.iter().zip(purposes).map(|(sent, purpose)| format!("{sent} {purpose:?}")).collect();
        assert_eq!(found.join("; "), expected.trim(), "{steps} in {state}");
    }
}

#[test]
fn what_leaves_first_is_new() {
    let three_way = settings("three-way");
    table(&three_way, State::Closed, "open     | S 0 New");
    table(&three_way, State::Listen, "S 0      | SA 0/1 New");
    table(&three_way, State::SynSent, "S 0     | SA 0/1 New");
    table(
        &three_way,
        State::Established,
        "send 10       | PA 1/1 10 New
         shutdown      | FA 1/1 New
         send 2000     | A 1/1 1460 New; PA 1461/1 540 New",
    );
    table(&settings("delta-t"), State::Closed, "open 10 | S 0 10 New");
    // Nothing is kept of the first.
    table(&settings("syn-cookies"), State::Listen, "S 0; S 0 | SA 0/1 New");
}

#[test]
fn what_leaves_again_is_a_retransmission() {
    let three_way = settings("three-way");
    table(&three_way, State::SynSent, "wait 1000           | 1.000 S 0 Retransmission");
    table(&three_way, State::SynSent, "S 0; wait 1000      | 1.000 SA 0/1 Retransmission");
    table(&three_way, State::SynReceived, "wait 1000       | 1.000 SA 0/1 Retransmission");
    table(&three_way, State::FinWait1, "wait 1000          | 1.000 FA 1/1 Retransmission");
    table(&three_way, State::Established, "send 9; wait 1000 | 1.000 PA 1/1 9 Retransmission");
    table(
        &with(limits().with(|it| it.sizes.mss = 10)),
        State::Established,
        "send 30; wait 1000; A 1/11 | A 11/1 10 Retransmission; PA 21/1 10 Retransmission",
    );
    // A repeated SYN asks for it.
    let syn_ack = with(limits().with(|it| it.checks.duplicate_syn = DuplicateSyn::SynAck));
    table(&syn_ack, State::SynReceived, "S 0 | SA 0/1 Retransmission");
    table(&settings("two-way"), State::Listen, "S 0; S 0 | SA 0/1 Retransmission");
    // What came with the SYN, and was not taken.
    table(&settings("delta-t"), State::Closed, "open 10; SA 0/1 | PA 1/1 10 Retransmission");
}

#[test]
fn an_acknowledgment_tells_something_new() {
    let three_way = settings("three-way");
    // The third message of the handshake.
    table(&three_way, State::SynSent, "SA 0/1 | A 1/1 Acknowledgment");
    table(
        &three_way,
        State::Established,
        "PA 1/1 10              | A 1/11 Acknowledgment
         FA 1/1                 | A 1/2 Acknowledgment
         PA 11/1 10; PA 1/1 10  | A 1/21 Acknowledgment",
    );
    table(&three_way, State::FinWait1, "FA 1/1 | A 2/2 Acknowledgment");
    table(&three_way, State::FinWait2, "FA 1/2 | A 2/2 Acknowledgment");
    table(
        &with(limits().with(|it| it.acknowledgment.ack_timing = AckTiming::Delayed)),
        State::Established,
        "PA 1/1 10; wait 200    | 0.200 A 1/11 Acknowledgment
         PA 1/1 10; PA 1/1 10   | A 1/11 Acknowledgment",
    );
}

/// RFC 5681 §3.2; and what is not acceptable is acknowledged (RFC 9293 §3.10.7.4), a keepalive probe (§3.8.4) as well.
#[test]
fn a_duplicate_ack_tells_nothing_new() {
    let three_way = settings("three-way");
    table(
        &three_way,
        State::Established,
        "PA 1/1 10; PA 1/1 10   | A 1/11 DuplicateAck
         PA 11/1 10             | A 1/1 DuplicateAck
         FA 11/1                | A 1/1 DuplicateAck
         PA 70000/1 10          | A 1/1 DuplicateAck
         A 0/1                  | A 1/1 DuplicateAck
         A 70000/1              | A 1/1 DuplicateAck",
    );
    table(
        &three_way,
        State::SynReceived,
        "PA 70000/1 10  | A 1/1 DuplicateAck
         A 70000/1      | A 1/1 DuplicateAck",
    );
    // A crossing SYN is acknowledged twice (Linux).
    table(&with(linux()), State::SynSent, "S 0; SA 0/1    | A 1/1 DuplicateAck");
    table(&three_way, State::CloseWait, "FA 1/1           | A 1/2 DuplicateAck");
    table(
        &three_way,
        State::TimeWait,
        "FA 1/2         | A 2/2 DuplicateAck
         A 70000/2      | A 2/2 DuplicateAck",
    );
    // PAWS (RFC 7323 §5.3).
    let stamped = with(limits().with(|it| it.timers.timestamps = true));
    table(&stamped, State::Listen, "S 0 @1000; A 1/1 @1000; A 1/1 @999     | A 1/1 @1000 DuplicateAck");
    table(&stamped, State::Listen, "S 0 @1000; A 1/1 @1000; PA 1/1 9 @999  | A 1/1 @1000 DuplicateAck");
}

/// The small entry of a FIN-WAIT-2 without an application.
#[test]
fn an_orphan_knows_new_from_old() {
    let teardown =
        Teardown { fin_wait_2_timeout: Patience::For(Duration::from_secs(60)), ..settings("three-way").teardown };
    table(
        &Settings { teardown: teardown.clone(), ..settings("three-way") },
        State::FinWait2,
        "close; PA 1/2 10              | A 2/11 Acknowledgment
         close; FA 1/2                 | A 2/2 Acknowledgment
         close; PA 11/2 10             | A 2/1 DuplicateAck
         close; PA 1/2 10; PA 1/2 10   | A 2/11 DuplicateAck
         close; A 70000/2              | A 2/1 DuplicateAck
         close; S 5                    | A 2/1 ChallengeAck",
    );
    // What is owed as it becomes small.
    let orphan = Settings { teardown: teardown.clone(), ..settings("three-way") };
    table(&orphan, State::Established, "close; PA 1/2 10      | A 2/11 Acknowledgment");
    table(&orphan, State::Established, "close; PA 11/2 10     | A 2/1 DuplicateAck");
    table(
        &Settings { limits: linux(), teardown, ..settings("three-way") },
        State::FinWait2,
        "close; PA 1/2 10  | R 2 ResetOfUnread
         close; S 5        | RA 0/6 ResetOfNoConnection",
    );
}

/// RFC 5961 §3.2, §4.2, §5.2.
#[test]
fn what_is_suspicious_is_challenged() {
    let three_way = settings("three-way");
    table(
        &three_way,
        State::Established,
        "R 5           | A 1/1 ChallengeAck
         S 5           | A 1/1 ChallengeAck
         S 0           | A 1/1 ChallengeAck
         SA 0/1        | A 1/1 ChallengeAck
         A 1/5         | A 1/1 ChallengeAck
         PA 1/5 10     | A 1/1 ChallengeAck",
    );
    table(
        &with(linux().with(|it| it.checks.ack_check = AckCheck::Window)),
        State::Established,
        "A 1/-200000   | A 1/1 ChallengeAck
         S 5           | A 1/1 ChallengeAck",
    );
    table(
        &three_way,
        State::SynReceived,
        "S 0           | A 1/1 ChallengeAck
         R 5           | A 1/1 ChallengeAck",
    );
    table(
        &three_way,
        State::TimeWait,
        "S 5           | A 2/2 ChallengeAck
         R 5           | A 2/2 ChallengeAck",
    );
    // The third message was lost.
    table(&three_way, State::SynSent, "SA 0/1; SA 0/1 | A 1/1 ChallengeAck");
}

#[test]
fn probes_are_neither_new_nor_acknowledgments() {
    table(
        &with(limits().with(|it| it.keepalive.keepalive = true)),
        State::Established,
        "wait 7200000                | 7200.000 A 0/1 KeepaliveProbe
         wait 7200000; wait 7275000  | 7275.000 A 0/1 KeepaliveProbe",
    );
    let probed = with(limits().with(|it| it.timers.tail_loss_probe = true));
    table(
        &probed,
        State::Established,
        "send 9; wait 1000             | 1.000 PA 1/1 9 TailLossProbe
         send 9; wait 1000; wait 2000  | 2.000 PA 1/1 9 Retransmission",
    );
}

/// A keepalive probe takes no sequence space, so it repeats none; a tail-loss probe does.
#[test]
fn a_keepalive_probe_is_no_retransmission() {
    let retransmissions =
        |bench: &Bench| -> Vec<_> { bench.left.iter().map(|(sent, _)| sent.retransmission).collect() };
    let mut bench = Bench::in_state(with(limits().with(|it| it.keepalive.keepalive = true)), State::Established);
    bench.left.clear();
    bench.wait(at(7_500_000));
    assert_eq!(retransmissions(&bench), [0; 5]);
    let mut bench = Bench::in_state(with(limits().with(|it| it.timers.tail_loss_probe = true)), State::Established);
    bench.left.clear();
    bench.send(10);
    bench.wait(at(2000));
    assert_eq!(retransmissions(&bench), [0, 1, 2]);
}

/// RFC 9293 §3.10.5, §3.6.1, §3.8.3.
#[test]
fn a_reset_of_a_call() {
    let three_way = settings("three-way");
    for state in [State::Established, State::FinWait1, State::FinWait2, State::CloseWait] {
        let seq = if matches!(state, State::FinWait1 | State::FinWait2) { 2 } else { 1 };
        table(&three_way, state, &format!("abort | R {seq} ResetOfCall"));
    }
    let unread = with(limits().with(|it| it.close.half_duplex_close = true));
    table(&unread, State::Established, "PA 1/1 10; close | R 1 ResetOfCall");
    let impatient = limits().with(|it| {
        it.keepalive.keepalive = true;
        it.keepalive.keepalive_probes = 1;
        it.keepalive.keepalive_reset = true;
    });
    table(&with(impatient), State::Established, "wait 7200000; wait 7275000 | 7275.000 R 1 ResetOfCall");
    // A client that takes TIME-WAIT over.
    let teardown = Teardown { time_wait_owner: TimeWaitOwner::Opener, ..settings("three-way").teardown };
    let opener = Settings { teardown, ..settings("three-way") };
    table(&opener, State::SynSent, "SA 0/1; FA 1/1; shutdown; A 2/2 | R 2 ResetOfCall");
}

/// CLOSE in LISTEN aborts what no application has accepted.
#[test]
fn a_listener_that_closes_resets() {
    let mut bench = Bench::listening(settings("three-way"));
    bench.accepts = false;
    bench.arrives("S 0");
    bench.arrives("A 1/1");
    bench.left.clear();
    assert_eq!(bench.unlisten(), ["R 1"]);
    assert_eq!(bench.left[0].0.purpose, Purpose::ResetOfCall);
}

/// RFC 9293 §3.10.7.1, §3.10.7.2.
#[test]
fn a_reset_of_no_connection() {
    let three_way = settings("three-way");
    table(
        &three_way,
        State::Closed,
        "S 0     | RA 0/1 ResetOfNoConnection
         A 1/1   | R 1 ResetOfNoConnection
         FA 1/1  | R 1 ResetOfNoConnection",
    );
    table(&three_way, State::Listen, "A 1/1  | R 1 ResetOfNoConnection");
    // Linux's half-open entries answer as LISTEN does.
    let window = with(limits().with(|it| it.checks.half_open_check = HalfOpenCheck::Window));
    table(&window, State::SynReceived, "A 1/9 | R 9 ResetOfNoConnection");
    table(&window, State::SynReceived, "S 5   | RA 0/6 ResetOfNoConnection");
    // So does a listener without room.
    let mut bench = Bench::listening(with(freebsd().with(|it| it.backlog.accept_backlog = 0)));
    bench.arrives("S 0");
    bench.left.clear();
    assert_eq!(bench.arrives("A 1/1"), ["R 1"]);
    assert_eq!(bench.left[0].0.purpose, Purpose::ResetOfNoConnection);
}

/// RFC 9293 §3.5.2, §3.6.1, §3.10.7.3, §3.10.7.4.
#[test]
fn a_reset_of_what_is_unacceptable() {
    let three_way = settings("three-way");
    table(&three_way, State::SynSent, "SA 0/9          | R 9 ResetOfUnacceptable");
    table(&three_way, State::SynSent, "S 0; A 1/9      | R 9 ResetOfUnacceptable");
    table(&three_way, State::SynReceived, "A 1/9       | R 9 ResetOfUnacceptable");
    let checked = settings("two-way-checked");
    table(&checked, State::Listen, "S 0; PA 1/9 10     | R 9 ResetOfUnacceptable");
    let forced = with(limits().with(|it| it.close.half_duplex_close = true));
    table(&forced, State::Established, "close; PA 1/1 9 | R 1 ResetOfUnread");
}

/// The furthest thing that a segment acknowledges, in the order in which a connection comes to it.
#[test]
fn what_a_segment_acknowledges() {
    let furthest = |bench: &Bench| bench.left.last().map(|(transmission, _)| transmission.acknowledges);
    let mut bench = Bench::connecting(settings("three-way"));
    assert_eq!(furthest(&bench), Some(Acknowledged::Nothing));
    for (arrives, acknowledged) in
        [("SA 0/1", Acknowledged::Syn), ("PA 1/1 10", Acknowledged::Data), ("FA 11/1", Acknowledged::Fin)]
    {
        bench.arrives(arrives);
        assert_eq!(furthest(&bench), Some(acknowledged), "{arrives}");
    }
    // A FIN-WAIT-2 without its application.
    let teardown =
        Teardown { fin_wait_2_timeout: Patience::For(Duration::from_secs(60)), ..settings("three-way").teardown };
    let mut bench = Bench::in_state(Settings { teardown, ..settings("three-way") }, State::FinWait2);
    bench.close();
    for (arrives, acknowledged) in
        [("A 0/2", Acknowledged::Syn), ("PA 1/2 10", Acknowledged::Data), ("FA 11/2", Acknowledged::Fin)]
    {
        bench.arrives(arrives);
        assert_eq!(furthest(&bench), Some(acknowledged), "{arrives}");
    }
}

/// What went with the SYN counts as sent once when it is sent again.
#[test]
fn octets_of_a_syn_are_counted() {
    let mut bench = Bench::closed(settings("t-tcp"));
    bench.open_with(10);
    assert_eq!(bench.arrives("SA 0/1"), ["PA 1/1 10"]);
    assert_eq!(bench.left.last().map(|(transmission, _)| transmission.retransmission), Some(1));
}
