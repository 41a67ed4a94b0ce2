//! What is told of cases that a reader once could not tell from the explanation alone.

use expect_test::{Expect, expect};
use experiment::Experiment;

use super::tests::explained;

/// Explains a variant of a case.
#[track_caller]
fn tells(case: &str, handshake: Option<&str>, teardown: Option<&str>, expected: &Expect) {
    let experiment = Experiment::load(case, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let variant = experiment.variant(handshake, teardown).unwrap();
    expected.assert_eq(&explained(&experiment, &variant, false));
}

#[test]
fn a_call_to_send_fails() {
    tells(
        "forced-close",
        None,
        Some("forced-close"),
        &expect![[r#"
        Nothing was held for nobody.

        Connections that were cut short, lost or mixed up data, or closed slowly, and why
        1. server:80 ← client:49152 #1: the call to send 10000 B failed at 1.150 s: connection does not
           exist
           server's end was over at 0.250 s, in LAST-ACK: closed.
    "#]],
    );
}

#[test]
fn a_request_is_received_twice() {
    tells(
        "stale-request",
        Some("two-way"),
        None,
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:49152 #1, a ghost connection with its socket, held for nobody from 5.000 s to
               128.200 s: 442 kB·s, 123 worker·s and 10 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and opened it. A SYN is
               enough for server: it was ESTABLISHED at once. By then client had sent it again at 1.000 s,
               become ESTABLISHED at 1.100 s and come to TIME-WAIT at 4.300 s.
               server sent SYN,ACK 0/1 at 5.000 s. At 5.050 s it reached client, which was in TIME-WAIT and
               answered with ACK 102/102. That changed nothing at server.
               server sent DATA 1/101 100 B at 5.200 s. At 5.250 s it reached client, which was in TIME-WAIT and
               answered with ACK 102/102. That changed nothing at server.
               server sent DATA 1/101 100 B 6 times, from 6.200 s to 68.200 s. Each reached client, which had no
               connection for it and sent no reset (unexpected = "silence").
               server gave up at 128.200 s, in ESTABLISHED.
               To blame: a delayed segment: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:49152 #1 (ghost): its application received 100 B a second time at 5.200 s
               They came with DATA 1/1 100 B of client #1, sent 1.100, arrived 5.200 (fault 2).
               An earlier connection of the same open had received them already.
            2. server:80 ← client:49152 #1 (ghost): 100 B of server lost at 128.200 s
               server's end was over at 128.200 s, in ESTABLISHED: it gave up.
               No application got them.
               server's end was of no use: nobody misses them.
        "#]],
    );
}

#[test]
fn an_old_syn_ends_time_wait() {
    tells(
        "reuse-false-accept",
        None,
        Some("timestamp-reuse"),
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:5000 #2, a half-open entry, held for nobody from 8.000 s to 8.100 s: 32 B·s
               and 2 wasted segments
               SYN 0 of client, sent at 3.000 s, came at 8.000 s, delayed by fault 1, and opened it. By then
               client had aborted at 3.500 s (by a call of its application).
               server sent SYN,ACK 0/1 at 8.000 s. At 8.050 s it reached client, which had no connection for it
               and answered with RST 1. That came at 8.100 s and ended it.
               To blame: a delayed segment: SYN 0 of client #2, sent 3.000, arrived 8.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:5000 → server:80 #2: given up by the application at 3.500 s, after 0.5 s
               SYNs: 1 sent, 1 still under way. SYN-ACKs: none sent.
               Still under way then: SYN 0 of client #2, sent 3.000, arrived 8.000 (fault 1).

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:5000 #1: TIME-WAIT ended early at 8.000 s, after 7.75 s of 240 s
               SYN 0 of client #2, sent 3.000, arrived 8.000 (fault 1), which is old, took its place.
        "#]],
    );
}

#[test]
fn time_wait_refuses_a_syn() {
    tells(
        "reuse-false-reject",
        None,
        Some("by-sequence"),
        &expect![[r#"
            Nothing was held for nobody.

            Opens that failed or were slow, and why
            1. client:5000 → server:80 #2: timed out at 188.000 s, after 183 s
               SYNs: 8 sent, 8 at another connection. SYN-ACKs: none sent.
               The first without effect: SYN 0 of client #2, sent 5.000, arrived 5.050. The other connection was
               server:80 ← client:5000 #1, in TIME-WAIT until 240.250 s.
        "#]],
    );
}

#[test]
fn time_wait_is_taken_over() {
    tells(
        "opener-time-wait",
        None,
        Some("opener-time-wait"),
        &expect![[r#"
        Nothing was held for nobody.

        Connections that were cut short, lost or mixed up data, or closed slowly, and why
        1. server:80 ← client:49152 #1: reset at 0.350 s, in TIME-WAIT
           By RST 102 of client #1, sent 0.300, arrived 0.350.
           It answers ACK 102/102 of server, sent 0.250, arrived 0.300: client took TIME-WAIT over.
    "#]],
    );
}

#[test]
fn a_half_open_entry_is_evicted() {
    tells(
        "syn-cache-eviction",
        Some("syn-cache"),
        None,
        &expect![[r#"
            What was held for nobody, and why
            1. client:5000 → server:80 #1, a connection with its socket, held for nobody from 0.100 s to
               0.200 s: 358 B·s
               client opened it at 0.000 s.
               SYN,ACK 0/1 of server, sent at 0.050 s, came at 0.100 s and brought it to ESTABLISHED.
               From 0.100 s on nobody was at its other end: server had evicted its half-open entry at 0.100 s
               (its cache was full).
               RST 1 of server, sent at 0.150 s, came at 0.200 s and ended it.
               To blame: the full SYN cache of server:80 (4 in it, full since 0.090 s) at 0.100 s.
            2. 4 × a half-open entry at server:80, because of a forged segment: SYN to server:80: 64 B·s and 8
               wasted segments
               The first began at 0.070 s, the last at 0.100 s. Each cost 16 B·s on average, together 15.2 % of
               what was held for nobody. The port had 4 half-open entries at most at once, and 0.00075 on
               average; its SYN cache has room for 4 and was full for 0.0133 % of the time.
               For example: server:80 ← client:6001, a half-open entry, held for nobody from 0.070 s to 0.170 s:
               16 B·s and 2 wasted segments.
               A forged SYN 0, sent at 0.070 s, opened it: client did not send it.
               server sent SYN,ACK 0/1 at 0.070 s. At 0.120 s it reached client, which had no connection for it
               and answered with RST 1. That came at 0.170 s and ended it.
               To blame: a forged segment: SYN 0 as if from client:6001, came at 0.070.

            Who had to wait, and why
            1. client:5000 → server:80 #1 waited at server:80 for a new place in the SYN cache (of 4), from
               0.100 s to 0.200 s: 0.1 client·s
               Its half-open entry had been evicted. To blame: a forged segment: SYN 0 as if from client:6004,
               came at 0.100. Then its connection was over: it was turned away.

            Opens that failed or were slow, and why
            1. client:5000 → server:80 #1: open at client at 0.100 s, and never at server:80
               SYNs: 1 sent, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               server's end was over at 0.100 s, in SYN-RECEIVED: evicted from a full cache (SYN 0 as if from
               client:6004, came at 0.100, took its place).

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:5000 → server:80 #1: 100 B of client lost at 0.200 s
               client's end was over at 0.200 s, in ESTABLISHED: reset, server had no connection for it any
               more: evicted from a full cache.
               No application got them.
            2. client:5000 → server:80 #1: reset at 0.200 s, in ESTABLISHED
               By RST 1 of server, sent 0.150, arrived 0.200.
               It answers DATA 1/1 100 B of client #1, sent 0.100, arrived 0.150: server had no connection for
               it any more: evicted from a full cache at 0.100 s.
        "#]],
    );
}

#[test]
fn all_ports_are_in_time_wait() {
    tells(
        "ports-exhausted",
        None,
        Some("rfc9293"),
        &expect![[r#"
        Nothing was held for nobody.

        Opens that failed or were slow, and why
        1. 5 opens from client to server:80 failed at once: insufficient resources: no port
           At 12.000 s.
           For example: client → server:80: the call to open failed at 12.000 s: insufficient resources: no
           port.
           client had connections: 10 in TIME-WAIT.
    "#]],
    );
}

#[test]
fn the_last_acknowledgment_is_on_its_way() {
    tells(
        "ports-exhausted",
        None,
        Some("no-time-wait"),
        &expect![[r#"
            What was held for nobody, and why
            1. 15 × a connection at server:80, because of the last ACK on its way (client keeps no TIME-WAIT):
               1.78 kB·s
               The first began at 0.300 s, the last at 17.100 s, 0.893 a second. Each cost 118 B·s on average,
               together 100.0 % of what was held for nobody.
               For example: server:80 ← client:50000 #1, a connection, held for nobody from 0.300 s to 0.350 s:
               118 B·s.
               SYN 0 of client, sent at 0.000 s, came at 0.050 s and opened it.
               From 0.300 s on nobody was at its other end: client had closed (on FIN,ACK 101/102).
               ACK 102/102 of client, sent at 0.300 s, came at 0.350 s and ended it.
               To blame: the last ACK on its way (client keeps no TIME-WAIT): ACK 102/102 of client #1, sent
               0.300, arrived 0.350.
        "#]],
    );
}

#[test]
fn the_answer_to_a_cookie_is_lost() {
    tells(
        "syn-cookies-lost-ack",
        Some("syn-cookies"),
        None,
        &expect![[r#"
        What was held for nobody, and why
        1. client:49152 → server:80 #1, a connection with its socket, held for nobody from 0.100 s to the
           end of the run, 10800.000 s: 38.7 MB·s
           client opened it at 0.000 s.
           SYN,ACK 0/1 of server, sent at 0.050 s, came at 0.100 s and brought it to ESTABLISHED.
           From 0.100 s on nobody was at its other end. server keeps nothing before the ACK comes (SYN
           cookies). ACK 1/1 was lost (dropped by fault 1).
           Nothing more was sent for it: it was still ESTABLISHED when the run ended.
           To blame: a lost segment: ACK 1/1 of client #1, sent 0.100, lost (fault 1).

        Opens that failed or were slow, and why
        1. client:49152 → server:80 #1: open at client at 0.100 s, and never at server:80
           SYNs: 1 sent, 1 arrived. SYN-ACKs: 1 sent, 1 arrived. ACKs, also with data: 1 sent, 1 lost.
           The first without effect: ACK 1/1 of client #1, sent 0.100, lost (fault 1).

        Scripts that still wait at the end of the run
        1. client:49152 → server:80 #1: waits since 0.100 s in step 2, `receive 100 B`: nothing has come
           server has never had a connection for it.
           Nothing is on its way between them.
    "#]],
    );
}

#[test]
fn many_answers_are_alike() {
    tells(
        "abort-unread",
        None,
        None,
        &expect![[r#"
            What was held for nobody, and why
            1. client:49152 → server:80 #1, a connection with its socket, held for nobody from 0.150 s to
               0.200 s: 179 B·s
               client opened it at 0.000 s.
               From 0.150 s on nobody was at its other end: server had aborted (by a call of its application).
               It said so with RST 64241.
               client answered DATA with ACK 44 times, at 0.200 s (ACK 101/1461 to ACK 101/64241). Each reached
               server, which had no connection for it and answered with RST. Each of these changed nothing at
               client.
               RST 64241 of server, sent at 0.150 s, came at 0.200 s and ended it.
               To blame: the abort of server's application at 0.150 s.

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:49152 #1: 64240 B of server lost at 0.200 s
               client's end was over at 0.200 s, in ESTABLISHED: reset, server's application aborted.
               They had arrived, and nobody had read them.
            2. server:80 ← client:49152 #1: 35760 B of server lost at 0.200 s
               server's end was over at 0.150 s, in ESTABLISHED: aborted by its application.
               No application got them.
            3. client:49152 → server:80 #1: reset at 0.200 s, in ESTABLISHED
               By RST 64241 of server, sent 0.150, arrived 0.200.
               Why: server's application aborted.
        "#]],
    );
}

#[test]
fn many_lost_resets_are_alike() {
    tells(
        "stale-syn-resets-lost",
        Some("two-way-rst-keepalive"),
        None,
        &expect![[r#"
        What was held for nobody, and why
        1. server:80 ← client:49152 #1, a ghost connection with its socket, held for nobody from 5.000 s to
           7880.000 s: 28.2 MB·s, 7,880 worker·s and 20 wasted segments
           SYN 0 of client, sent at 0.000 s, came at 5.000 s, delayed by fault 1, and opened it. A SYN is
           enough for server: it was ESTABLISHED at once. By then client had sent it again at 1.000 s,
           become ESTABLISHED at 1.100 s and closed at 2.400 s (TIME-WAIT ran out).
           server sent SYN,ACK 0/1 at 5.000 s. At 5.050 s it reached client, which had no connection for it
           and answered with RST 1. That was lost (dropped by fault 2): if it had arrived, that would have
           been the end.
           server sent keepalive ACK 0/1 9 times, from 7205.000 s to 7805.000 s. Each reached client, which
           had no connection for it and answered with RST 1. Each of these was lost (dropped by fault 2): if
           it had arrived, that would have been the end.
           server gave up at 7880.000 s, in ESTABLISHED.
           To blame for 28.2 MB·s, 7,870 worker·s and 18 wasted segments: 10 × a lost segment: RST of client
           to server:80, from 5.050 s to 7805.050 s.
           To blame for 179 B·s, 0.05 worker·s and 2 wasted segments: a delayed segment: SYN 0 of client #1,
           sent 0.000, arrived 5.000 (fault 1).

        Opens that failed or were slow, and why
        1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
           SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
           Still under way then: SYN 0 of client #1, sent 0.000, arrived 5.000 (fault 1).
    "#]],
    );
}

#[test]
fn segments_meet_a_newer_connection() {
    tells(
        "quiet-time",
        Some("no-quiet-time"),
        None,
        &expect![[r#"
            What was held for nobody, and why
            1. server:80 ← client:5000 #1, a half-open entry, held for nobody from 1.000 s to 3.150 s: 688 B·s
               and 3 wasted segments
               SYN 0 of client, sent at 0.000 s, came at 0.050 s and opened it.
               From 1.000 s on nobody was at its other end: client had crashed.
               server sent SYN,ACK 0/1 again at 1.050 s. At 1.100 s it reached client, which was down.
               server sent SYN,ACK 0/1 again at 3.050 s. At 3.100 s it reached client, which had no connection
               for it and answered with RST 1. That came at 3.150 s and ended it.
               To blame: the crash of client at 1.000 s.

            Opens that failed or were slow, and why
            1. client:5000 → server:80 #1: open at client at 0.100 s, and never at server:80
               SYNs: 1 sent, 1 arrived. SYN-ACKs: 3 sent, 1 at a host that was down or kept quiet, 2 arrived.
               ACKs, also with data: 1 sent, 1 at another connection.
               The first without effect: DATA 1/1 100 B of client #1, sent 0.100, arrived 5.100 (fault 1). The
               other connection was server:80 ← client:5000 #2, in ESTABLISHED.
               server's end was over at 3.150 s, in SYN-RECEIVED: reset, client had no connection for it any
               more: a crash.

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:5000 #2: its application was given 100 B that its peer had not sent, at
               6.150 s
               They came with DATA 1/1 100 B of client #1, sent 0.100, arrived 5.100 (fault 1): its numbers fit
               this connection, too.
            2. 2 connections at server:80 from client lost data of server, unread: client's application had
               closed
               From 9.200 s to 127.200 s; 20 B in all.
               For example: server:80 ← client:5000 #2: 10 B of server lost at 9.200 s.
               They had arrived, and nobody had read them: client's application had closed at 8.000 s.
            3. client:5000 → server:80 #1: 100 B of client lost at 5.100 s
               client's end was over at 1.000 s, in ESTABLISHED: a crash.
               No application got them.
            4. client:5000 → server:80 #2: 100 B of client lost at 249.300 s
               client's end was over at 249.300 s: TIME-WAIT ran out.
               No application got them.
            5. client:5000 → server:80 #1: cut short at 1.000 s, in ESTABLISHED: client crashed
               server's end was in SYN-RECEIVED then.
        "#]],
    );
}

#[test]
fn a_syn_ack_of_the_opener_is_not_answered() {
    tells(
        "simultaneous-open-old-syn",
        Some("three-way-silent"),
        None,
        &expect![[r#"
            What was held for nobody, and why
            1. client:5000 → server:80 #1, a connection with its socket, held for nobody from 5.000 s to
               188.000 s: 656 kB·s
               client opened it at 4.900 s.
               SYN 0 of server, sent at 0.000 s, came at 5.000 s and brought it to SYN-RECEIVED.
               From 5.000 s on nobody was at its other end: server had aborted at 0.500 s (by a call of its
               application).
               client sent SYN,ACK 0/1 7 times, from 6.000 s to 128.000 s. Each reached server, which had no
               connection for it and sent no reset (unexpected = "silence").
               client gave up at 188.000 s, in SYN-RECEIVED.
               To blame: a delayed segment: SYN 0 of server #1, sent 0.000, arrived 5.000 (fault 1).

            Opens that failed or were slow, and why
            1. client:5000 → server:80 #1: timed out at 188.000 s, after 183 s
               SYNs: 1 sent, 1 lost. Its own SYN-ACKs: 8 sent, 8 arrived.
               The first without effect: SYN 0 of client #1, sent 4.900, lost (fault 2).
            2. server:80 → client:5000 #1: given up by the application at 0.500 s, after 0.5 s
               SYNs: 1 sent, 1 still under way. SYN-ACKs: none sent.
               Still under way then: SYN 0 of server #1, sent 0.000, arrived 5.000 (fault 1).
        "#]],
    );
}
