//! What is told of opens and closes that did not go as they should.

use expect_test::{Expect, expect};
use experiment::{Experiment, cases, claims, simulate};

use super::tests::{explained, without_legend};
use super::*;

/// Explains an experiment of its own, whose hosts are 50 ms apart, but for what was held for nobody and who had to wait.
#[track_caller]
pub(super) fn tells(all: bool, text: &str, expected: &Expect) {
    let text = format!("seed = 1\nhorizon = \"1 h\"\n{text}\n[link]\ndelay = \"50ms\"\n");
    let experiment = Experiment::parse("own.toml", &text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let scenario = experiment.scenario(&experiment.variants()[0]).unwrap();
    let mut explanation = Explanation::new(Hosts::of(&scenario), all);
    simulate(&scenario, &mut explanation).unwrap();
    let told = without_legend(&explanation.render(scenario.horizon, Colour::Never));
    assert!(told.lines().all(|line| line.chars().count() <= WIDTH), "{told}");
    let of_others = ["What was held for nobody", "Who had to wait", "Nothing was wasted"];
    let parts = told.split("\n\n").filter(|part| !of_others.iter().any(|other| part.starts_with(other)));
    expected.assert_eq(&format!("{}\n", parts.collect::<Vec<_>>().join("\n\n").trim_end()));
}

/// A client's script, and a server that answers 100 octets with 100.
fn with_server(client: &str, more: &str) -> String {
    let server = r#"script = ["accept", "receive 100 B", "send 100 B", "close on EOF"]"#;
    format!("[client]\nscript = {client}\n[server]\n{server}\n{more}")
}

const REQUEST: &str = r#"["connect", "send 100 B", "receive 100 B", "close"]"#;

#[test]
fn what_goes_as_it_should_is_a_line() {
    tells(
        false,
        &with_server(REQUEST, ""),
        &expect![[r#"
            Nothing was held for nobody.

            Every open and every close went as it should.
        "#]],
    );
}

#[test]
fn a_closed_port_refuses() {
    tells(
        false,
        &with_server(r#"["connect server:81", "send 100 B", "close"]"#, ""),
        &expect![[r#"
            Nothing was held for nobody.

            Opens that failed or were slow, and why
            1. client:49152 → server:81 #1: refused at 0.100 s, after 0.1 s
               By RST,ACK 0/1 of server, sent 0.050, arrived 0.100.
               It answers SYN 0 of client #1, sent 0.000, arrived 0.050: nobody listens at server:81.
        "#]],
    );
}

#[test]
fn opens_that_time_out_are_told_together() {
    let dead = "[[link.fault]]\non = { from = \"client\", flags = \"SYN\" }\ndrop = true\n";
    let clients = "[client]\narrivals = { every = \"2 s\", most = 3 }";
    let text = with_server(REQUEST, dead).replacen("[client]", clients, 1);
    tells(
        false,
        &text,
        &expect![[r#"
            Nothing was held for nobody.

            Opens that failed or were slow, and why
            1. 3 opens from client to server:80 timed out: SYNs lost
               From 183.000 s to 187.000 s; each after 183 s on average.
               SYNs: 24 sent, 24 lost. SYN-ACKs: none sent.
               For example: client:49152 → server:80 #1: timed out at 183.000 s, after 183 s.
               The first without effect: SYN 0 of client #1, sent 0.000, lost (fault 1).
        "#]],
    );
    tells(
        true,
        &text,
        &expect![[r#"
            Nothing was held for nobody.

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: timed out at 183.000 s, after 183 s
               SYNs: 8 sent, 8 lost. SYN-ACKs: none sent.
               The first without effect: SYN 0 of client #1, sent 0.000, lost (fault 1).
            2. client:49153 → server:80 #2: timed out at 185.000 s, after 183 s
               SYNs: 8 sent, 8 lost. SYN-ACKs: none sent.
               The first without effect: SYN 0 of client #2, sent 2.000, lost (fault 1).
            3. client:49154 → server:80 #3: timed out at 187.000 s, after 183 s
               SYNs: 8 sent, 8 lost. SYN-ACKs: none sent.
               The first without effect: SYN 0 of client #3, sent 4.000, lost (fault 1).
        "#]],
    );
}

#[test]
fn an_application_gives_up() {
    tells(
        false,
        &with_server(r#"["connect within 3 s", "close"]"#, "[[server.crash]]\nat = \"0 s\"\nfor = \"100 s\""),
        &expect![[r#"
            Nothing was held for nobody.

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: given up by the application at 3.000 s, after 3 s
               SYNs: 2 sent, 2 at a host that was down or kept quiet. SYN-ACKs: none sent.
               The first without effect: SYN 0 of client #1, sent 0.000, arrived 0.050.
        "#]],
    );
}

#[test]
fn calls_that_fail_at_once() {
    let text = with_server(REQUEST, "").replacen(
        "script = [\"connect\", \"send 100 B\", \"receive 100 B\", \"close\"]",
        r#"scripts = [["connect from 5000", "wait 10 s", "close"], ["wait 1 s", "connect from 5000", "close"]]"#,
        1,
    );
    tells(
        false,
        &text,
        &expect![[r#"
            Nothing was held for nobody.

            Opens that failed or were slow, and why
            1. client → server:80: the call to open failed at 1.000 s: connection already exists
               client had connections: 1 in ESTABLISHED.

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:5000 #1: 100 B of server lost at 10.200 s
               They had arrived, and nobody had read them: client's application had closed at 10.100 s.
        "#]],
    );
}

#[test]
fn a_lost_syn_ack_makes_an_open_slow() {
    tells(
        false,
        &with_server(REQUEST, "[[link.fault]]\non = { flags = \"SYN-ACK\", nth = 1 }\ndrop = true\n"),
        &expect![[r#"
            Nothing was held for nobody.

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 2 arrived. SYN-ACKs: 2 sent, 1 lost, 1 arrived.
               The first without effect: SYN,ACK 0/1 of server, sent 0.050, lost (fault 1).
        "#]],
    );
}

/// The acknowledgment is lost, and so is the request; the server's timer is the first to act.
#[test]
fn a_lost_acknowledgment_makes_the_server_late() {
    tells(
        false,
        &with_server(
            REQUEST,
            "[[link.fault]]\non = { from = \"client\", acknowledges = \"SYN\", nth = [1, 2] }\ndrop = true\n",
        ),
        &expect![[r#"
            Nothing was held for nobody.

            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at server:80 at 1.150 s, after 1.15 s instead of 0.15 s
               SYNs: 1 sent, 1 arrived. SYN-ACKs: 2 sent, 2 arrived. ACKs, also with data: 3 sent, 2 lost, 1
               arrived.
               The first without effect: DATA 1/1 100 B of client #1, sent 0.100, lost (fault 1).
        "#]],
    );
}

#[test]
fn a_delayed_syn_makes_an_open_slow() {
    tells(
        false,
        &with_server(REQUEST, "[[link.fault]]\non = { flags = \"SYN\", nth = 1 }\ndelay = \"2.5 s\"\n"),
        &expect![[r#"
            Opens that failed or were slow, and why
            1. client:49152 → server:80 #1: open at 1.100 s, after 1.1 s instead of 0.1 s
               SYNs: 2 sent, 1 still under way, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
               Still under way then: SYN 0 of client #1, sent 0.000, arrived 2.500 (fault 1).

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:49152 → server:80 #1: reset at 2.650 s, in TIME-WAIT
               By RST 102 of server, sent 2.600, arrived 2.650.
               It answers ACK 102/102 of client #1, sent 2.550, arrived 2.600: server:80 ← client:49152 #1, in
               SYN-RECEIVED, does not accept that.
        "#]],
    );
}

#[test]
fn an_aborted_connection_loses_data_and_is_reset() {
    tells(
        false,
        &with_server(REQUEST, "").replacen("\"send 100 B\", \"close on EOF\"", "\"send 100 kB\", \"abort\"", 1),
        &expect![[r#"
            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:49152 #1: 64140 B of server lost at 0.200 s
               They had arrived, and nobody had read them: client's application had closed at 0.200 s.
            2. server:80 ← client:49152 #1: 35760 B of server lost at 0.200 s
               server's end was over at 0.150 s, in ESTABLISHED: aborted by its application.
               No application got them.
            3. client:49152 → server:80 #1: reset at 0.200 s, in FIN-WAIT-1
               By RST 64241 of server, sent 0.150, arrived 0.200.
               Why: server's application aborted.
        "#]],
    );
}

#[test]
fn a_forged_reset_is_told_as_that() {
    let reset = r#"
        [[inject]]
        at = "0.2 s"
        from = "server"
        to = "client"
        connection = 1
        flags = "RST"
        seq = 1
    "#;
    tells(
        false,
        &with_server(r#"["connect", "wait 1 s", "send 100 B", "receive 100 B", "close"]"#, reset),
        &expect![[r#"
            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:49152 → server:80 #1: reset at 0.200 s, in ESTABLISHED
               By RST 1 as if from server:80, came at 0.200.
               Why: the reset was forged.

            Scripts that still wait at the end of the run
            1. server:80 ← client:49152 #1: waits since 0.150 s in step 2, `receive 100 B`: nothing has come
               client's end was over at 0.200 s, in ESTABLISHED: reset, the reset was forged.
               Nothing is on its way between them.
        "#]],
    );
}

#[test]
fn a_connection_gives_up_on_a_dead_line() {
    let dead = "[[link.fault]]\non = { from = \"client\", after = \"0.5 s\" }\ndrop = true\n";
    let late = REQUEST.replacen("\"send", "\"wait 1 s\", \"send", 1);
    tells(
        false,
        &with_server(&late, dead),
        &expect![[r#"
            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:49152 → server:80 #1: 100 B of client lost at 124.100 s
               client's end was over at 124.100 s, in ESTABLISHED: it gave up.
               No application got them.
            2. client:49152 → server:80 #1: gave up at 124.100 s, in ESTABLISHED
               Segments since the last that came: 8 sent, 7 lost, 1 arrived.
               The first without effect: DATA 1/1 100 B of client #1, sent 1.100, lost (fault 1).
               server's end was in ESTABLISHED then.

            Scripts that still wait at the end of the run
            1. server:80 ← client:49152 #1: waits since 0.150 s in step 2, `receive 100 B`: nothing has come
               client's end was over at 124.100 s, in ESTABLISHED: it gave up.
               Nothing is on its way between them.
        "#]],
    );
}

#[test]
fn a_lost_fin_makes_a_close_slow() {
    tells(
        false,
        &with_server(REQUEST, "[[link.fault]]\non = { from = \"client\", flags = \"FIN\", nth = 1 }\ndrop = true\n"),
        &expect![[r#"
            Nothing was held for nobody.

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. client:49152 → server:80 #1: FIN acknowledged at 1.300 s, after 1.1 s instead of 0.1 s
               FINs: 2 sent, 1 lost, 1 arrived. Their ACKs: 1 sent, 1 arrived.
               The first without effect: FIN,ACK 101/101 of client #1, sent 0.200, lost (fault 1).
        "#]],
    );
}

/// What came meanwhile did not acknowledge the FIN, since that never came.
#[test]
fn a_fin_that_is_always_lost_is_why_its_sender_gives_up() {
    tells(
        false,
        r#"
        [client]
        script = ["connect", "send 100 B", "wait 1 s", "close"]
        [server]
        script = ["accept", "receive 100 B", "wait 2 s", "send 100 B", "wait 1 h"]
        [[link.fault]]
        on = { from = "client", flags = "FIN" }
        drop = true
        "#,
        &expect![[r#"
            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:49152 #1: 100 B of server lost at 2.200 s
               They had arrived, and nobody had read them: client's application had closed at 1.100 s.
            2. client:49152 → server:80 #1: gave up at 124.100 s, in FIN-WAIT-1
               FINs: 7 sent, 7 lost. Segments since the last that came: 6 sent, 5 lost, 1 arrived.
               The first without effect: FIN,ACK 101/1 of client #1, sent 1.100, lost (fault 1).
               server's end was in ESTABLISHED then.

            Scripts that only wait for a time to pass: 1 of server.
        "#]],
    );
}

/// The row of a connection may be another's before it is known that its octets are lost.
#[test]
fn octets_are_lost_after_the_row_of_their_sender_is_anothers() {
    let experiment = Experiment::load("quiet-time", &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let variants = experiment.variants();
    let told: Vec<String> = variants.iter().map(|variant| explained(&experiment, variant, true)).collect();
    let lost = "server:80 ← client:5000 #2: 10 B of server lost at 8.000 s";
    assert!(told.iter().any(|told| told.contains(lost)), "{told:?}");
}

/// What is over is forgotten, whatever happens: memory follows what is alive.
#[test]
fn attempts_that_are_over_are_forgotten() {
    for built_in in [cases(), claims()].concat() {
        let experiment = Experiment::load(built_in.name, &[]).unwrap_or_else(|errors| panic!("{errors}"));
        for variant in experiment.variants() {
            let scenario = experiment.scenario(&variant).unwrap();
            let mut explanation = Explanation::new(Hosts::of(&scenario), true);
            simulate(&scenario, &mut explanation).unwrap();
            let Explanation { attempts, packets, hosts, .. } = &mut explanation;
            attempts.settle(true, Names { packets: &packets.borrow(), hosts });
            assert!(attempts.has_only_what_is_alive(), "{} {}", built_in.name, variant.label());
        }
    }
}

#[test]
fn opens_that_cross_are_open_at_both_ends() {
    // A SYN proves enough there. The server's octets are lost with the client's end, after its own is over.
    tells(
        true,
        r#"
            handshake = ["two-way"]
            [client]
            time-wait = "2 s"
            script = ["connect server:5001 from 5000", "receive 50 B", "send 200 B", "close"]
            [server]
            script = ["connect client:5000 from 5001", "send 100 B", "close on EOF"]
        "#,
        &expect![[r#"
            Nothing was held for nobody.

            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:5001 → client:5000 #1: 50 B of server lost at 0.100 s
               They had arrived, and nobody had read them: client's application had closed at 0.100 s.
        "#]],
    );
}

#[test]
fn what_was_sent_to_nobody_is_lost() {
    tells(
        true,
        r#"
            handshake = ["two-way"]
            [client]
            [server]
            script = ["accept", "send 50 B", "close"]
            [[inject]]
            at = "1 s"
            from = "client"
            to = "server"
            ports = [6000, 80]
            flags = "SYN"
            seq-raw = 1
        "#,
        &expect![[r#"
            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:6000: 50 B of server lost at 124.000 s
               server's end was over at 124.000 s, in FIN-WAIT-1: it gave up.
               No application got them.
               A forged segment opened the connection.
        "#]],
    );
}

/// Two of one instant.
#[test]
fn what_was_sent_to_nobody_is_lost_with_each_connection() {
    tells(
        true,
        r#"
            handshake = ["two-way"]
            [client]
            [server]
            script = ["accept", "send 50 B", "close"]
            [[server.crash]]
            at = "2 s"
            [[inject]]
            at = "1 s"
            from = "client"
            to = "server"
            ports = [6000, 80]
            flags = "SYN"
            seq-raw = 1
            [[inject]]
            at = "1 s"
            from = "client"
            to = "server"
            ports = [6001, 80]
            flags = "SYN"
            seq-raw = 1
        "#,
        &expect![[r#"
            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:6000: 50 B of server lost at 2.000 s
               server's end was over at 2.000 s, in FIN-WAIT-1: a crash.
               No application got them.
               A forged segment opened the connection.
            2. server:80 ← client:6001: 50 B of server lost at 2.000 s
               server's end was over at 2.000 s, in FIN-WAIT-1: a crash.
               No application got them.
               A forged segment opened the connection.
        "#]],
    );
}

/// Its SYN, sent again, opens another at the server, in the instant in which the client is open.
#[test]
fn an_open_is_not_slow_because_another_came_in_its_place() {
    tells(
        true,
        r#"
            handshake = [{ name = "early", base = "three-way", proof = "none" }]
            [client]
            script = ["connect", "close on EOF"]
            [server]
            quiet-time = "0 s"
            script = ["accept", "close on EOF"]
            [[server.crash]]
            at = "500 ms"
            for = "50 ms"
            [[link.fault]]
            on = { from = "server", flags = "SYN-ACK", nth = 1 }
            delay = "1 s"
        "#,
        &expect![[r#"
            Connections that were cut short, lost or mixed up data, or closed slowly, and why
            1. server:80 ← client:49152 #1: cut short at 0.500 s, in ESTABLISHED: server crashed
               client's end was in SYN-SENT then.

            Scripts that still wait at the end of the run
            1. client:49152 → server:80 #1: waits since 1.050 s in step 2, `close on EOF`: the peer has not
               closed
               server waits, too, since 1.050 s in step 2, `close on EOF`: the peer has not closed.
               Nothing is on its way between them.
        "#]],
    );
}

/// A clock that hardly moves gives both connections one initial sequence number.
#[test]
fn a_reset_of_another_connection_is_told_as_that() {
    let script = r#"["connect from 6000", "abort", "connect from 6000", "wait 1 s", "close"]"#;
    let again =
        "[[link.fault]]\non = { from = \"client\", flags = \"RST\", nth = 1 }\ncopies = [\"50 ms\", \"300 ms\"]";
    let client = "[client]\nisn = \"clock\"\nisn-tick = \"1 h\"";
    tells(
        false,
        &with_server(script, again).replacen("[client]", client, 1),
        &expect![[r#"
        Opens that failed or were slow, and why
        1. client:6000 → server:80 #1: open at client at 0.100 s, and never at server:80
           SYNs: 1 sent, 1 arrived. SYN-ACKs: 1 sent, 1 arrived.
           server's end was over at 0.150 s, in SYN-RECEIVED: reset, client's application aborted.

        Connections that were cut short, lost or mixed up data, or closed slowly, and why
        1. client:6000 → server:80 #2: reset at 1.300 s, in FIN-WAIT-1
           By RST 1 of server, sent 1.250, arrived 1.300.
           It answers FIN,ACK 1/1 of client #2, sent 1.200, arrived 1.250: server had no connection for it
           any more: reset at 0.400 s.
        2. server:80 ← client:6000 #2: reset at 0.400 s, in ESTABLISHED
           By RST 1 of client #1, sent 0.100, arrived 0.150 and 0.400 (fault 1).
           It is of another connection, client #1.
           Why: client's application aborted.
    "#]],
    );
}

#[test]
fn a_close_that_still_waits_is_told() {
    let lost = "[[link.fault]]\non = { from = \"client\", flags = \"ACK\", acknowledges = \"FIN\" }\ndrop = true\n";
    let text = with_server(REQUEST, lost).replace("[client]", "[client]\ntime-wait = \"2 h\"");
    let text = text.replace("[server]", "[server]\norphan-retries = 200");
    tells(
        false,
        &text,
        &expect![[r#"
        Nothing was held for nobody.

        Connections that were cut short, lost or mixed up data, or closed slowly, and why
        1. server:80 ← client:49152 #1: its FIN waits for an acknowledgment since 0.250 s, in LAST-ACK
           FINs: 65 sent, 65 arrived. Their ACKs: 65 sent, 65 lost.
           The first without effect: ACK 102/102 of client #1, sent 0.300, lost (fault 1).
           client's end was in TIME-WAIT then.
    "#]],
    );
}
