//! What is told of scripts that still wait when the run ends.

use expect_test::expect;

use super::attempt_tests::tells;

/// The server waits for one octet more than comes, and the client for the answer.
const EACH_FOR_THE_OTHER: &str = r#"
    [client]
    script = ["connect", "send 100 B", "receive 100 B", "close"]
    [server]
    script = ["accept", "receive 101 B", "send 100 B", "close on EOF"]
"#;

#[test]
fn each_waits_for_the_other() {
    tells(
        false,
        EACH_FOR_THE_OTHER,
        &expect![[r#"
            Nothing was held for nobody.

            Scripts that still wait at the end of the run
            1. client:49152 → server:80 #1: waits since 0.100 s in step 3, `receive 100 B`: nothing has come
               server waits, too, since 0.150 s in step 2, `receive 101 B`: 100 B have come.
               Nothing is on its way between them.
        "#]],
    );
}

#[test]
fn many_are_told_together() {
    let many = EACH_FOR_THE_OTHER.replacen("[client]", "[client]\narrivals = { every = \"2 s\", most = 20 }", 1);
    tells(
        false,
        &many,
        &expect![[r#"
            Nothing was held for nobody.

            Scripts that still wait at the end of the run
            1. 20 scripts of client wait in step 3, `receive 100 B`, while server waits in step 2, `receive
               101 B`
               The first since 0.100 s, the last since 38.100 s; for 3,580 s on average.
               The longest: client:49152 → server:80 #1: waits since 0.100 s in step 3, `receive 100 B`: nothing
               has come.
               server waits, too, since 0.150 s in step 2, `receive 101 B`: 100 B have come.
               Nothing is on its way between them.
        "#]],
    );
}

#[test]
fn an_open_waits_for_what_is_lost() {
    tells(
        false,
        r#"
            [client]
            start = "3590 s"
            script = ["connect", "close"]
            [server]
            script = ["accept", "close on EOF"]
            [[link.fault]]
            on = { from = "server" }
            drop = true
        "#,
        &expect![[r#"
            Nothing was held for nobody.

            Scripts that still wait at the end of the run
            1. client:49152 → server:80 #1: waits since 3590.000 s in step 1, `connect`: the connection is not
               open
               SYNs: 4 sent, 4 arrived. SYN-ACKs: 4 sent, 4 lost.
               Nothing is on its way between them; the next timer of the two, client's retransmission timer,
               fires at 3605.000 s.
        "#]],
    );
}

#[test]
fn the_other_end_may_be_gone() {
    tells(
        false,
        r#"
            [client]
            script = ["connect", "wait 100 s", "close"]
            [[client.crash]]
            at = "2 s"
            for = "1 s"
            [server]
            script = ["accept", "receive EOF", "close"]
        "#,
        &expect![[r#"
            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:49152 → server:80 #1: cut short at 2.000 s, in ESTABLISHED: client crashed
               server's end was in ESTABLISHED then.

            Scripts that still wait at the end of the run
            1. server:80 ← client:49152 #1: waits since 0.150 s in step 2, `receive EOF`: the peer has not
               closed
               client's end was over at 2.000 s, in ESTABLISHED: a crash.
               Nothing is on its way between them.
        "#]],
    );
}

#[test]
fn workers_are_waited_for() {
    tells(
        false,
        r#"
            [client]
            arrivals = { every = "1 s", most = 3 }
            script = ["connect", "close on EOF"]
            [server]
            workers = 1
            serving = "asynchronous"
            script = ["accept", "work 4000 s", "close"]
        "#,
        &expect![[r#"
            Nothing was held for nobody.

            Scripts that still wait at the end of the run
            1. 3 scripts of client wait in step 2, `close on EOF`, while server waits in step 2, `work 4000 s`
               The first since 0.100 s, the last since 2.100 s; for 3,600 s on average.
               The longest: client:49152 → server:80 #1: waits since 0.100 s in step 2, `close on EOF`: the peer
               has not closed.
               server waits, too, since 0.150 s in step 2, `work 4000 s`.
               Nothing is on its way between them.
            2. 2 scripts of server wait in step 2, `work 4000 s` for a worker
               The first since 1.150 s, the last since 2.150 s; for 3,600 s on average.
               The longest: server:80 ← client:49153 #2: waits since 1.150 s in step 2, `work 4000 s`: no worker
               is free.

            Scripts that only wait for a time to pass: 1 of server.
        "#]],
    );
}

#[test]
fn a_connection_that_was_forged_has_its_name() {
    tells(
        true,
        r#"
            handshake = ["two-way"]
            [client]
            [server]
            script = ["accept", "receive 50 B", "close"]
            [[inject]]
            at = "1 s"
            from = "client"
            to = "server"
            ports = [6000, 80]
            flags = "SYN"
            seq-raw = 1
        "#,
        &expect![[r#"
            Scripts that still wait at the end of the run
            1. server:80 ← client:6000: waits since 1.000 s in step 2, `receive 50 B`: nothing has come
               A forged segment opened the connection.
        "#]],
    );
}

#[test]
fn two_opens_that_crossed_are_told_in_one_place() {
    tells(
        true,
        r#"
            handshake = ["two-way"]
            [client]
            script = ["connect server:5001 from 5000", "receive 50 B", "close"]
            [server]
            script = ["connect client:5000 from 5001", "close on EOF"]
        "#,
        &expect![[r#"
            Nothing was held for nobody.

            Scripts that still wait at the end of the run
            1. client:5000 → server:5001 #1: waits since 0.050 s in step 2, `receive 50 B`: nothing has come
               server waits, too, since 0.050 s in step 2, `close on EOF`: the peer has not closed.
               Nothing is on its way between them.
        "#]],
    );
}
