//! When fast open is done without: a client whose attempt has failed (RFC 7413 §4.1.3.1, §4.2.1), and a listener with too many
//! connections that are open early (§4.2, §5.1).

use std::net::SocketAddrV4;

use sim_time::Duration;

use crate::testing::{Bench, at, limits, settings};
use crate::{Effect, EntryKind, Queue, Settings, State};

const NONE: [&str; 0] = [];

/// A client that does without fast open for ten seconds after a failure, and gives up at its second SYN.
fn client() -> Bench {
    let limits = limits().with(|it| {
        it.handshake_retries.fast_open_pause = Duration::from_secs(10);
        it.handshake_retries.syn_retries = 1;
    });
    Bench::closed(Settings { limits, ..settings("fast-open") })
}

/// The same, with a cookie of its peer.
fn client_with_cookie() -> Bench {
    let mut bench = client();
    bench.open();
    bench.arrives("SA 0/1 fo=x");
    bench.abort();
    bench
}

/// What a SYN with 100 octets is, once the connection before is gone.
fn next_open(bench: &mut Bench) -> Vec<String> {
    if bench.socket.is_some() {
        bench.abort();
    }
    bench.open_with(100)
}

/// §4.1.3.1: the server acknowledges the SYN alone, and gives no other cookie.
#[test]
fn data_that_is_not_acknowledged_is_a_failure() {
    for (answer, failed) in [
        ("SA 0/1", true),
        ("SA 0/1 fo=x", false), // the cookie was too old, and here is the next
        ("SA 0/101", false),    // all was taken
        ("SA 0/41", false),     // a part
    ] {
        let mut bench = client_with_cookie();
        assert_eq!(bench.open_with(100), ["S 0 100 fo=c"]);
        bench.arrives(answer);
        let next = if failed { "S 0" } else { "S 0 100 fo=c" };
        assert_eq!(next_open(&mut bench), [next], "{answer}");
    }
}

/// §4.1.3.1: no answer at all, "most importantly".
#[test]
fn no_answer_is_a_failure() {
    let mut bench = client_with_cookie();
    bench.open_with(100);
    assert_eq!(bench.wait(at(5000)), ["1.000 S 0"]);
    assert_eq!(bench.state, State::Closed);
    assert_eq!(next_open(&mut bench), ["S 0"]);
}

/// A SYN that was answered after it was sent again, and a call or a refusal, are told apart.
#[test]
fn what_else_ends_an_open_is_none() {
    let mut bench = client_with_cookie();
    bench.open_with(100);
    bench.arrives("RA 0/101");
    assert_eq!(next_open(&mut bench), ["S 0 100 fo=c"], "a refusal answers");
    assert_eq!(next_open(&mut bench), ["S 0 100 fo=c"], "a call says nothing of the server");
    bench.wait(at(1000));
    bench.arrives("SA 0/101");
    assert_eq!(next_open(&mut bench), ["S 0 100 fo=c"], "the first SYN has come through");
    bench.wait(at(2000));
    bench.arrives("SA 0/1");
    assert_eq!(next_open(&mut bench), ["S 0"], "or perhaps it has not");
}

/// §4.2.1: a request that brings no cookie is not made again for some time.
#[test]
fn a_request_that_brings_no_cookie_is_a_failure() {
    for answer in [Some("SA 0/1"), None] {
        let mut bench = client();
        assert_eq!(bench.open_with(100), ["S 0 fo"]);
        match answer {
            Some(answer) => drop(bench.arrives(answer)),
            None => drop(bench.wait(at(3000))),
        }
        assert!(bench.kinds().contains(&EntryKind::Peer), "it is remembered");
        assert_eq!(next_open(&mut bench), ["S 0"], "{answer:?}");
    }
}

/// It is for a time, to the nanosecond, and what is known of the server stays.
#[test]
fn a_failure_is_forgotten_in_time() {
    let mut bench = client_with_cookie();
    bench.open_with(100);
    bench.arrives("SA 0/1");
    bench.now = at(9999) + Duration::from_nanos(999_999);
    assert_eq!(next_open(&mut bench), ["S 0"]);
    bench.now = at(10_000);
    assert_eq!(next_open(&mut bench), ["S 0 100 fo=c"]);
    bench.arrives("SA 0/1");
    assert_eq!(next_open(&mut bench), ["S 0"], "it can fail again");
    bench.arrives("SA 0/1 fo=x");
    assert_eq!(next_open(&mut bench), ["S 0"], "and a cookie that nobody asked for does not end that");
}

/// §4.1.3.1: a cookie is good for all ports of a server, a failure is of one.
#[test]
fn a_failure_is_of_a_port() {
    let mut bench = client_with_cookie();
    bench.open_with(100);
    bench.arrives("SA 0/1");
    let opened_to = |bench: &mut Bench, port| {
        let (now, effects) = (bench.now, &mut Vec::new());
        let server = SocketAddrV4::new([10, 0, 0, 2].into(), port);
        bench.host.open_with(now, (None, server), (vec![0; 100], false), (), effects).expect("a port is free");
        effects.iter().any(|effect| match effect {
            Effect::Transmit(sent) => sent.segment.options.fast_open.is_some(),
            _ => false,
        })
    };
    assert!(!opened_to(&mut bench, 5000));
    assert!(opened_to(&mut bench, 5001));
}

/// The SYN-ACK of a peer whose SYN has crossed ours answers it, too.
#[test]
fn a_crossing_syn_does_not_hide_a_failure() {
    for (answer, next) in [("SA 0/1", "S 0"), ("SA 0/101", "S 0 100 fo=c"), ("SA 0/1 fo=x", "S 0 100 fo=c")] {
        let mut bench = client_with_cookie();
        bench.open_with(100);
        assert_eq!(bench.arrives("S 0"), ["SA 0/1"]);
        bench.arrives(answer);
        assert_eq!(next_open(&mut bench), [next], "{answer}");
    }
}

/// Without the setting nothing is remembered.
#[test]
fn no_pause_is_no_memory() {
    let mut bench = Bench::closed(settings("fast-open"));
    for _ in 0..2 {
        assert_eq!(next_open(&mut bench), ["S 0 fo"]);
        bench.arrives("SA 0/1");
        assert_eq!(bench.kinds(), [EntryKind::Connection]);
    }
}

/// A listener that may have two connections open early, has given its peer a cookie, and keeps those that are reset for five
/// seconds.
fn server() -> Bench {
    let limits = limits().with(|it| {
        it.backlog.fast_open_backlog = 2;
        it.backlog.fast_open_reset_hold = Duration::from_secs(5);
    });
    let mut bench = Bench::listening(Settings { limits, ..settings("fast-open") });
    bench.arrives_from(4999, "S 0 fo");
    bench.arrives_from(4999, "R 1");
    bench
}

/// What ends a connection.
type End = fn(&mut Bench);

/// Whether a good cookie from that port opens nothing early. What it opens is open in good order then.
fn is_full(bench: &mut Bench, port: u16) -> bool {
    let answer = bench.arrives_from(port, "S 0 100 fo=c");
    bench.host.audit_listeners();
    bench.arrives_from(port, if answer == ["SA 0/1"] { "R 1" } else { "A 101/1" });
    assert!(answer == ["SA 0/1"] || answer == ["SA 0/101"], "{answer:?}");
    answer == ["SA 0/1"]
}

/// §4.2: beyond the limit a SYN is taken as if the listener had no fast open, and gets no cookie; what is open early stays.
#[test]
fn beyond_the_limit_fast_open_is_off() {
    let mut bench = server();
    assert_eq!(bench.arrives_from(6000, "S 0 100 fo=c"), ["SA 0/101"]);
    assert_eq!(bench.arrives_from(6001, "S 0 100 fo=c"), ["SA 0/101"]);
    for syn in ["S 0 100 fo=c", "S 0 100 fo=x", "S 0 fo", "S 0"] {
        assert_eq!(bench.arrives_from(6002, syn), ["SA 0/1"], "{syn}");
        assert_eq!(bench.kinds().last(), Some(&EntryKind::HalfOpen));
        bench.arrives_from(6002, "R 1");
    }
    assert_eq!(bench.arrives_from(6000, "A 101/1"), NONE);
    assert!(!is_full(&mut bench, 6002), "the handshake of one is over");
    assert_eq!(bench.overflows, [] as [Queue; 0], "nothing was dropped for want of room");
}

/// The end of the handshake makes room, whatever state it brings, and so does the end of the connection.
#[test]
fn what_is_open_early_counts_until_its_handshake_is_over() {
    let most = limits().with(|it| it.backlog.fast_open_backlog = 1);
    let early = || {
        let mut bench = Bench::listening(Settings { limits: most.clone(), ..settings("fast-open") });
        bench.arrives_from(4999, "S 0 fo");
        bench.arrives_from(4999, "R 1");
        bench.arrives("S 0 100 fo=c");
        bench
    };
    let mut bench = early();
    assert!(is_full(&mut bench, 6000));
    bench.shutdown();
    assert_eq!(bench.state, State::FinWait1);
    assert!(is_full(&mut bench, 6000), "the answer may have left, and our FIN with it: that proves nothing");
    bench.arrives("A 101/2");
    assert!(!is_full(&mut bench, 6000));
    let ends: [(&str, End); 4] = [
        ("ABORT", |bench| drop(bench.abort())),
        ("a reset", |bench| drop(bench.arrives("R 101"))),
        ("a SYN in the window", |bench| drop(bench.arrives("S 150"))),
        ("R2", |bench| drop(bench.wait(at(64_000)))),
    ];
    for (end, happens) in ends {
        let mut bench = early();
        happens(&mut bench);
        assert_eq!(bench.state, State::Closed, "{end}");
        assert!(!is_full(&mut bench, 6000), "{end}");
    }
    for fin in ["SF 0 100 fo=c", "S 0 100 fo=c"] {
        let mut bench = early();
        bench.arrives("A 101/1");
        bench.abort();
        bench.arrives(fin);
        assert!(is_full(&mut bench, 6000), "{fin}");
    }
}

/// Both ends have closed before the third message comes: TIME-WAIT takes the connection's place.
#[test]
fn a_connection_that_ends_with_its_handshake_makes_room() {
    let most = limits().with(|it| it.backlog.fast_open_backlog = 1);
    let mut bench = Bench::listening(Settings { limits: most, ..settings("fast-open") });
    bench.arrives_from(4999, "S 0 fo");
    bench.arrives_from(4999, "R 1");
    bench.arrives("SF 0 100 fo=c");
    bench.send(10);
    bench.shutdown();
    bench.arrives("A 102/12");
    assert_eq!(bench.state, State::TimeWait);
    assert!(!is_full(&mut bench, 6000));
}

/// §5.1: who is asked by a forged SYN answers with a reset. That makes no room at once.
#[test]
fn a_reset_makes_room_in_time() {
    let mut bench = server();
    bench.arrives_from(6000, "S 0 100 fo=c");
    bench.arrives_from(6000, "R 101");
    bench.now = at(1000);
    bench.arrives_from(6001, "S 0 100 fo=c");
    bench.arrives_from(6001, "R 101");
    for (millis, full) in [(1000_u16, true), (4999, true), (5000, false), (5999, false)] {
        bench.now = at(millis.into());
        assert_eq!(is_full(&mut bench, 1000 + millis), full, "{millis} ms");
    }
}

/// A listener that is closed and opened anew counts what is still there of the first.
#[test]
fn a_new_listener_counts_what_is_still_open_early() {
    let mut bench = server();
    bench.arrives_from(6000, "S 0 100 fo=c");
    bench.arrives_from(6001, "S 0 100 fo=c");
    bench.listen_anew();
    assert!(is_full(&mut bench, 6002));
    bench.arrives_from(6000, "A 101/1");
    assert!(!is_full(&mut bench, 6002));
}
