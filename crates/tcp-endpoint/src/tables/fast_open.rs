//! TCP Fast Open (RFC 7413), from either end.

use sim_time::Duration;

use crate::testing::{Bench, at, limits, linux, settings};
use crate::{DuplicateSyn, EntryKind, FastOpen, Notice, Patience, Queue, Settings, State};

const NONE: [&str; 0] = [];

/// A listener that has given its peer a cookie.
fn with_cookie() -> Bench {
    let mut bench = Bench::listening(settings("fast-open"));
    assert_eq!(bench.arrives_from(4999, "S 0 fo"), ["SA 0/1 fo=c"]);
    bench.arrives_from(4999, "R 1");
    bench
}

#[test]
fn a_request_is_answered_with_a_cookie_and_opens_as_ever() {
    let mut bench = Bench::listening(settings("fast-open"));
    assert_eq!(bench.arrives("S 0 100 fo"), ["SA 0/1 fo=c"], "the data that came with it is ignored");
    assert_eq!((bench.state, bench.kinds()), (State::SynReceived, vec![EntryKind::HalfOpen]));
    bench.arrives("A 1/1");
    assert_eq!((bench.state, bench.receive()), (State::Established, (0, false)));
}

/// Recorded in o1: the server reads, and answers, before the third message.
#[test]
fn a_good_cookie_delivers_the_data_at_once() {
    let mut bench = with_cookie();
    assert_eq!(bench.arrives("S 0 100 fo=c"), ["SA 0/101"]);
    assert_eq!((bench.state, bench.kinds()), (State::SynReceived, vec![EntryKind::Connection]));
    assert_eq!(bench.receive(), (100, false));
    assert_eq!(bench.send(10), ["PA 1/101 10"]);
    assert_eq!(bench.arrives("A 101/11"), NONE);
    assert_eq!(bench.state, State::Established);
    assert_eq!(bench.wait(at(10_000)), NONE, "the answer was acknowledged, too");
}

/// All of the answer may have left before the third message, which then acknowledges the FIN, too.
#[test]
fn the_third_message_may_acknowledge_a_fin() {
    let mut bench = with_cookie();
    bench.arrives("S 0 100 fo=c");
    bench.host.send(bench.socket.expect("accepted"), vec![0; 10]).expect("it is open");
    assert_eq!(bench.shutdown(), ["FPA 1/101 10"]);
    assert_eq!(bench.arrives("A 101/12"), NONE);
    assert_eq!(bench.state, State::FinWait2);
    assert_eq!(bench.arrives("FA 101/12"), ["A 12/102"]);
    assert_eq!(bench.state, State::TimeWait);
}

/// The FIN came with the SYN, so both ends have closed.
#[test]
fn the_third_message_may_end_a_connection() {
    for octets in [0, 10] {
        let mut bench = with_cookie();
        bench.arrives("SF 0 100 fo=c");
        bench.send(octets);
        bench.shutdown();
        bench.arrives(&format!("A 102/{}", octets + 2));
        assert_eq!(bench.state, State::TimeWait, "{octets} octets");
    }
}

#[test]
fn what_was_sent_early_and_not_acknowledged_is_sent_again() {
    let mut bench = with_cookie();
    bench.arrives("S 0 100 fo=c");
    bench.send(10);
    assert_eq!(bench.arrives("A 101/1"), NONE);
    assert_eq!(bench.wait(at(5000)), ["1.000 PA 1/101 10", "3.000 PA 1/101 10"]);
}

#[test]
fn an_early_connection_is_offered_once() {
    let mut bench = with_cookie();
    bench.accepts = false;
    bench.arrives("S 0 100 fo=c");
    bench.arrives("A 101/1");
    let offered = bench.notices.iter().filter(|notice| matches!(notice, Notice::Acceptable { .. })).count();
    assert_eq!((offered, bench.state), (1, State::Established));
}

#[test]
fn the_syn_ack_is_timed_and_a_repeated_syn_without_data_gets_it_again() {
    let mut bench = with_cookie();
    bench.arrives("S 0 100 fo=c");
    assert_eq!(bench.wait(at(1000)), ["1.000 SA 0/101"]);
    assert_eq!(bench.arrives("S 0"), ["A 1/101"], "as RFC 9293 answers a repeated SYN");
}

#[test]
fn a_wrong_or_aged_cookie_is_worth_a_new_one() {
    let mut bench = with_cookie();
    assert_eq!(bench.arrives("S 0 100 fo=x"), ["SA 0/1 fo=c"]);
    assert_eq!(bench.kinds(), [EntryKind::HalfOpen]);

    let lifetime = Patience::For(Duration::from_secs(10));
    let limits = limits().with(|it| it.backlog.fast_open_key_lifetime = lifetime);
    for (seconds, answer) in [(19, "SA 0/101"), (20, "SA 0/1 fo=c")] {
        let mut bench = Bench::listening(Settings { limits: limits.clone(), ..settings("fast-open") });
        bench.arrives_from(4999, "S 0 fo");
        bench.arrives_from(4999, "R 1");
        bench.wait(at(seconds * 1000));
        assert_eq!(bench.arrives("S 0 100 fo=c"), [answer]);
    }
}

#[test]
fn the_client_asks_keeps_and_shows_the_cookie() {
    let mut bench = Bench::closed(settings("fast-open"));
    assert_eq!(bench.open_with(100), ["S 0 fo"], "without a cookie no data");
    assert_eq!(bench.arrives("SA 0/1 fo=x"), ["PA 1/1 100"]);
    assert!(bench.kinds().contains(&EntryKind::Peer));
    bench.abort();
    assert_eq!(bench.open_with(100), ["S 0 100 fo=c"]);
    assert_eq!(bench.arrives("SA 0/101"), ["A 101/1"]);
    assert_eq!(bench.wait(at(10_000)), NONE);
}

/// §4.1.1: the option is a SYN's, and what a SYN without ACK shows is a cookie of this host's.
#[test]
fn only_a_syn_ack_brings_a_cookie() {
    for arrives in ["PA 1/1 10 fo=x", "SA 0/1 fo=x", "S 1 fo=x"] {
        let mut bench = Bench::closed(settings("fast-open"));
        bench.open_with(100);
        bench.arrives("SA 0/1");
        bench.arrives(arrives);
        assert!(!bench.kinds().contains(&EntryKind::Peer), "{arrives}");
    }
    for (unacceptable, taken) in [("SA 0/9 fo=x", false), ("S 0 fo=x", false), ("SA 0/1 fo=x", true)] {
        let mut bench = Bench::closed(settings("fast-open"));
        bench.open_with(100);
        bench.arrives(unacceptable);
        assert_eq!(bench.kinds().contains(&EntryKind::Peer), taken, "{unacceptable}");
    }
}

/// §4.2.2: the answer to a crossing SYN brings a cookie of its sender's own, if that is asked for or shows another.
#[test]
fn a_crossing_syn_is_answered_with_a_cookie_of_ones_own() {
    let mut bench = Bench::closed(settings("fast-open"));
    assert_eq!(bench.open_with(100), ["S 0 fo"]);
    assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
    for (shown, answer) in [("S 0 fo", "SA 0/1 fo=c"), ("S 0 fo=x", "SA 0/1 fo=c"), ("S 0", "SA 0/1")] {
        let mut bench = Bench::closed(settings("fast-open"));
        bench.open();
        bench.arrives("SA 0/1 fo=x");
        bench.abort();
        assert_eq!(bench.open_with(100), ["S 0 100 fo=c"], "the peer's");
        assert_eq!(bench.arrives(shown), [answer], "{shown}");
        let cookie = bench.left.last().and_then(|(sent, _)| sent.segment.options.fast_open);
        assert_ne!(cookie, Some(FastOpen::Cookie(0)), "the peer's own");
    }
}

/// §4.1.3: the segment size is kept with the cookie; who has none takes 536 octets (RFC 9293 MUST-15, MUST-16).
#[test]
fn a_syn_carries_no_more_than_the_peer_takes() {
    for (mss, octets) in [(Some(300), 300), (Some(1400), 1400), (None, 536)] {
        let mut bench = Bench::closed(settings("fast-open"));
        bench.open();
        let mut answer = bench.segment("SA 0/1 fo=x");
        answer.options.mss = mss;
        bench.takes(answer);
        bench.abort();
        assert_eq!(bench.open_with(1400), [format!("S 0 {octets} fo=c")]);
    }
    for handshake in ["delta-t", "t-tcp"] {
        let opened = Bench::closed(settings(handshake)).open_with_all(1400);
        assert!(opened[0].starts_with("S 0 536"), "{opened:?}");
    }
}

#[test]
fn what_the_server_did_not_take_is_sent_again_at_once() {
    let mut bench = Bench::closed(settings("fast-open"));
    bench.open();
    bench.arrives("SA 0/1 fo=x");
    bench.abort();
    bench.open_with(100);
    assert_eq!(bench.arrives("SA 0/1"), ["PA 1/1 100"]);
    assert_eq!(bench.wait(at(1000)), ["1.000 PA 1/1 100"], "with a timer behind it");
}

/// Recorded in o2: the cookie or the data may be what keeps the answer away.
#[test]
fn a_repeated_syn_carries_neither_cookie_nor_data() {
    let mut bench = Bench::closed(settings("fast-open"));
    bench.open();
    bench.arrives("SA 0/1 fo=x");
    bench.abort();
    bench.open_with(100);
    assert_eq!(bench.wait(at(1000)), ["1.000 S 0"]);
    assert_eq!(bench.arrives("SA 0/1"), ["PA 1/1 100"]);
}

#[test]
fn a_client_with_nothing_to_send_shows_no_cookie() {
    let mut bench = Bench::closed(settings("fast-open"));
    assert_eq!(bench.open(), ["S 0 fo"], "it asks, for the next time");
    bench.arrives("SA 0/1 fo=x");
    bench.abort();
    assert_eq!(bench.open(), ["S 0"]);
}

/// A client that has its peer's cookie, and no connection.
fn with_the_peers_cookie() -> Bench {
    let mut bench = Bench::closed(settings("fast-open"));
    bench.open();
    bench.arrives("SA 0/1 fo=x");
    bench.abort();
    bench
}

/// §4.2: a listener without fast open ignores the option, whatever it says, and the data.
#[test]
fn where_it_is_off_the_option_is_ignored() {
    for syn in ["S 0 fo", "S 0 100 fo", "S 0 100 fo=x"] {
        let mut bench = Bench::listening(settings("three-way"));
        assert_eq!(bench.arrives(syn), ["SA 0/1"], "{syn}");
        assert_eq!((bench.state, bench.kinds()), (State::SynReceived, vec![EntryKind::HalfOpen]), "{syn}");
    }
    assert_eq!(Bench::closed(settings("three-way")).open_with(100), ["S 0"], "and no client asks");
}

/// §4.2.2: no option, no data; and no cookie for who has not asked.
#[test]
fn data_without_a_cookie_waits_for_the_handshake() {
    let mut bench = with_cookie();
    assert_eq!(bench.arrives("S 0 100"), ["SA 0/1"]);
    assert_eq!(bench.kinds(), [EntryKind::HalfOpen]);
    assert_eq!(bench.arrives("PA 1/1 100"), ["A 1/101"]);
    assert_eq!(bench.receive(), (100, false));
}

/// §4.1.2: a cookie is of one address, whatever the port; from another it is worth a new one.
#[test]
fn a_cookie_is_its_clients_alone() {
    for (last, answer) in [(2, "SA 0/101"), (3, "SA 0/1 fo=c")] {
        let mut bench = with_cookie();
        let mut segment = bench.segment("S 0 100 fo=c");
        segment.source.set_ip([10, 0, 0, last].into());
        assert_eq!(bench.takes(segment), [answer], "from 10.0.0.{last}");
    }
}

/// §4.1.3, §4.2.1: the newest cookie is kept, and no other.
#[test]
fn a_newer_cookie_takes_the_place_of_the_older() {
    let mut bench = with_the_peers_cookie();
    bench.open_with(100);
    let mut answer = bench.segment("SA 0/1 fo=x");
    answer.options.fast_open = Some(FastOpen::Cookie(7));
    bench.takes(answer);
    bench.abort();
    assert_eq!(bench.open_with(100), ["S 0 100 fo=c"]);
    let shown = bench.left.last().and_then(|(sent, _)| sent.segment.options.fast_open);
    assert_eq!(shown, Some(FastOpen::Cookie(7)));
}

/// §4.2.1: a request that is not answered in time is made no more.
#[test]
fn a_repeated_syn_asks_for_no_cookie() {
    let mut bench = Bench::closed(settings("fast-open"));
    assert_eq!(bench.open_with(100), ["S 0 fo"]);
    assert_eq!(bench.wait(at(1000)), ["1.000 S 0"]);
}

/// §4.2.1, §4.2.2: nor does a SYN-ACK that is sent again bring one: the option may be what keeps it away.
#[test]
fn a_repeated_syn_ack_brings_no_cookie() {
    let duplicates = limits().with(|it| it.checks.duplicate_syn = DuplicateSyn::SynAck);
    let mut bench = Bench::listening(Settings { limits: duplicates, ..settings("fast-open") });
    assert_eq!(bench.arrives("S 0 fo"), ["SA 0/1 fo=c"]);
    assert_eq!(bench.wait(at(1000)), ["1.000 SA 0/1"]);
    assert_eq!(bench.arrives("S 0 fo"), ["SA 0/1"]);
    let mut bench = Bench::closed(settings("fast-open"));
    bench.open();
    assert_eq!(bench.arrives("S 0 fo"), ["SA 0/1 fo=c"], "to a crossing SYN");
    assert_eq!(bench.wait(at(1000)), ["1.000 SA 0/1"]);
}

/// §4.2.2: of what came with the SYN, the server may have taken a part.
#[test]
fn what_the_server_took_in_part_is_sent_from_there() {
    let mut bench = with_the_peers_cookie();
    bench.open_with(100);
    assert_eq!(bench.arrives("SA 0/41"), ["PA 41/1 60"]);
    assert_eq!(bench.arrives("A 1/101"), NONE);
}

/// §4.2.2: without room for the connection there is no fast open either; the SYN is dropped.
#[test]
fn without_room_a_good_cookie_opens_nothing() {
    let limits = limits().with(|it| it.backlog.accept_backlog = 1);
    let mut bench = Bench::listening(Settings { limits, ..settings("fast-open") });
    bench.accepts = false;
    bench.arrives_from(4999, "S 0 fo");
    bench.arrives_from(4999, "A 1/1");
    assert_eq!(bench.arrives("S 0 100 fo=c"), NONE);
    assert_eq!((bench.kinds(), &bench.overflows[..]), (vec![EntryKind::Connection], &[Queue::Accept][..]));
}

/// §4.2.2: a connection that fast open has opened early can be reset before the handshake is over, and its data stays read.
#[test]
fn an_early_connection_can_be_refused() {
    let mut bench = with_cookie();
    bench.arrives("S 0 100 fo=c");
    assert_eq!(bench.receive(), (100, false));
    assert_eq!(bench.arrives("R 101"), NONE);
    assert_eq!((bench.state, bench.notices.last()), (State::Closed, Some(&Notice::Reset)));
}

/// §4.2.2: a segment size is kept with the cookie that is known, whether or not the SYN-ACK brings another; and of no one else.
#[test]
fn a_segment_size_is_kept_without_a_new_cookie() {
    for (known, octets, opened) in [(true, 300, "S 0 300 fo=c"), (false, 300, "S 0 fo")] {
        let mut bench = if known { with_the_peers_cookie() } else { Bench::closed(settings("fast-open")) };
        bench.open();
        let mut answer = bench.segment("SA 0/1");
        answer.options.mss = Some(octets);
        bench.takes(answer);
        bench.abort();
        assert_eq!(bench.kinds().contains(&EntryKind::Peer), known);
        assert_eq!(bench.open_with(1400), [opened]);
    }
}

/// RFC 8985 §7.2: what is sent before the handshake is over is not probed: the SYN-ACK's timer comes first.
#[test]
fn an_early_answer_is_not_probed() {
    let probing = linux().with(|it| it.timers.tail_loss_probe = true);
    let mut bench = Bench::listening(Settings { limits: probing, ..settings("fast-open") });
    bench.arrives_from(4999, "S 0 fo");
    bench.arrives_from(4999, "R 1");
    bench.arrives("S 0 100 fo=c");
    bench.send(10);
    assert_eq!(bench.wait(at(1000)), ["1.000 SA 0/101"]);
}
