//! Ladders of real runs.

use expect_test::{Expect, expect};
use experiment::{Experiment, simulate};
use report::{Colour, Hosts, Ladder};

/// Runs an experiment's first variant and compares its ladder.
fn draws(text: &str, expected: &Expect) {
    let experiment = Experiment::parse("ladder.toml", text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let scenario = experiment.scenario(&experiment.variants()[0]).unwrap();
    let mut ladder = Ladder::new(Hosts::of(&scenario));
    simulate(&scenario, &mut ladder).unwrap();
    ladder.finish(scenario.horizon);
    let drawn = ladder.render(Colour::Never);
    for line in drawn.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    expected.assert_eq(&drawn);
}

#[test]
fn a_lost_syn_ack_is_repaired() {
    draws(
        r#"
        horizon = "10s"
        [link]
        delay = "50ms"
        [[link.fault]]
        on = { from = "server", flags = "SYN-ACK", nth = 1 }
        drop = true
        [client]
        profile = "rfc9293"
        script = ["connect", "send 100 B", "close"]
        [server]
        profile = "rfc9293"
        script = ["accept", "receive EOF", "close"]
        "#,
        &expect![[r#"
              time  client                                server  arrives
             0.000  │ CLOSED → SYN-SENT                        │
             0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
             0.050  │                    LISTEN → SYN-RECEIVED │
             0.050  │              ✗──────────── SYN,ACK 0/1 ──┤           dropped by fault 1
             1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
             1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100  retransmission 1
             1.050  │◀────────────────────────────── ACK 1/1 ──┤    1.100
             1.100  │ SYN-SENT → ESTABLISHED                   │
             1.100  │ ESTABLISHED → FIN-WAIT-1                 │           close
             1.100  ├── FIN,ACK 1/1 100 B ────────────────────▶│    1.150
             1.150  │               SYN-RECEIVED → ESTABLISHED │
             1.150  │                 ESTABLISHED → CLOSE-WAIT │
             1.150  │                    CLOSE-WAIT → LAST-ACK │           close
             1.150  │◀──────────────────────── FIN,ACK 1/102 ──┤    1.200
             1.200  │ FIN-WAIT-1 → FIN-WAIT-2                  │
             1.200  │ FIN-WAIT-2 → TIME-WAIT                   │
             1.200  ├── ACK 102/2 ────────────────────────────▶│    1.250
             1.250  │                        LAST-ACK → CLOSED │
                    ⋮                  8.75 s                  ⋮
            10.000  │ still TIME-WAIT                          │           end of the run
        "#]],
    );
}

#[test]
fn a_refusal_and_an_attempt_that_nobody_answers() {
    draws(
        r#"
        horizon = "20s"
        [link]
        delay = "50ms"
        [client]
        profile = "rfc9293"
        script = ["connect server:81"]
        [server]
        profile = "rfc9293"
        script = ["accept", "close on EOF"]
        [host.patient]
        profile = "rfc9293"
        script = ["connect server within 2 s"]
        [[link.fault]]
        on = { from = "patient" }
        drop = true
        "#,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  │◀────────────────────────── RST,ACK 0/1 ──┤    0.100
            0.100  │ SYN-SENT → CLOSED                        │           reset, told: refused

             time  patient                               server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ──────────────────✗              │           dropped by fault 1
            1.000  ├── SYN 0 ──────────────────✗              │           retransmission 1, dropped by fault 1
            2.000  │ SYN-SENT → CLOSED                        │           abort
        "#]],
    );
}
