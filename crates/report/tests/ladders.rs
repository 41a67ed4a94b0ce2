//! Ladders of real runs.

use expect_test::{Expect, expect};
use experiment::{Experiment, simulate};
use report::{Colour, Hosts, Ladder, side_by_side};

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
             1.050  │◀────────────────────────────── ACK 1/1 ──┤    1.100  challenge ACK
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

/// The ladders of an experiment's variants, with their names.
fn ladders(text: &str) -> Vec<(String, Ladder)> {
    let experiment = Experiment::parse("ladder.toml", text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let ladder = |variant: &experiment::Variant| {
        let scenario = experiment.scenario(variant).unwrap();
        let mut ladder = Ladder::new(Hosts::of(&scenario));
        simulate(&scenario, &mut ladder).unwrap();
        ladder.finish(scenario.horizon);
        (variant.label(), ladder)
    };
    experiment.variants().iter().map(ladder).collect()
}

fn beside(ladders: &[(String, Ladder)], base: usize, width: usize, rows: usize) -> String {
    let named: Vec<(&str, &Ladder)> = ladders.iter().map(|(name, ladder)| (name.as_str(), ladder)).collect();
    side_by_side(&named, base, width, rows, Colour::Never)
}

const SERVER_CLOSES: &str = r#"
    horizon = "10s"
    handshake = ["two-way", "three-way-silent", "three-way"]
    [link]
    delay = "50ms"
    [[link.fault]]
    on = { from = "client", flags = "SYN", nth = 1 }
    copies = ["50ms", "6s"]
    [client]
    time-wait = "1s"
    script = ["connect", "receive EOF", "close"]
    [server]
    time-wait = "1s"
    script = ["accept", "send 100 B", "close"]
"#;

#[test]
fn variants_stand_side_by_side() {
    expect![[r#"
                two-way                                        three-way
          time  client                                server   client                                server
         0.000  │ CLOSED → SYN-SENT                        │   │ CLOSED → SYN-SENT                        │
         0.000  ├── SYN 0 till 0.050 ──────┄┄              │   ├── SYN 0 till 0.050 ──────┄┄              │
         0.050  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│   │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│
         0.050  │                     LISTEN → ESTABLISHED │   │                    LISTEN → SYN-RECEIVED │
         0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤   │◀────────────────────────── SYN,ACK 0/1 ──┤
         0.050  │                 ESTABLISHED → FIN-WAIT-1 │   │                                          │
         0.050  │◀──────────────────── FIN,ACK 1/1 100 B ──┤   │                                          │
         0.100  │ SYN-SENT → ESTABLISHED                   │   │ SYN-SENT → ESTABLISHED                   │
         0.100  │ ESTABLISHED → CLOSE-WAIT                 │   │                                          │
         0.100  │ CLOSE-WAIT → LAST-ACK                    │   │                                          │
         0.100  ├── FIN,ACK 1/102 ────────────────────────▶│   ├── ACK 1/1 ──────────────────────────────▶│
         0.150  │                  FIN-WAIT-1 → FIN-WAIT-2 │   │               SYN-RECEIVED → ESTABLISHED │
         0.150  │                   FIN-WAIT-2 → TIME-WAIT │   │                 ESTABLISHED → FIN-WAIT-1 │
         0.150  │◀──────────────────────────── ACK 102/2 ──┤   │◀──────────────────── FIN,ACK 1/1 100 B ──┤
         0.200  │ LAST-ACK → CLOSED                        │   │ ESTABLISHED → CLOSE-WAIT                 │
         0.200  │                                          │   │ CLOSE-WAIT → LAST-ACK                    │
         0.200  │                                          │   ├── FIN,ACK 1/102 ────────────────────────▶│
         0.250  │                                          │   │                  FIN-WAIT-1 → FIN-WAIT-2 │
         0.250  │                                          │   │                   FIN-WAIT-2 → TIME-WAIT │
         0.250  │                                          │   │◀──────────────────────────── ACK 102/2 ──┤
         0.300  │                                          │   │ LAST-ACK → CLOSED                        │
         1.150  │                       TIME-WAIT → CLOSED │   │                                          │
         1.250  │                                          │   │                       TIME-WAIT → CLOSED │
         6.000  │ ┄┄ SYN 0 stale ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│   │ ┄┄ SYN 0 stale ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│
         6.000  │                     LISTEN → ESTABLISHED │   │                    LISTEN → SYN-RECEIVED │
         6.000  │      ghost from here on: nobody is there │   │  abandoned from here on: nobody is there │
         6.000  │◀─────────────────── SYN,ACK 0/1 wasted ──┤   │◀─────────────────── SYN,ACK 0/1 wasted ──┤
         6.000  │                 ESTABLISHED → FIN-WAIT-1 │   │                                          │
         6.000  │◀───────────── FIN,ACK 1/1 100 B wasted ──┤   │                                          │
         6.050  │                                          │   ├── RST 1 wasted ─────────────────────────▶│
         6.100  │                                          │   │             SYN-RECEIVED → CLOSED, reset │
         7.000  │◀───────────── FIN,ACK 1/1 100 B wasted ──┤   │                                          │
         9.000  │◀───────────── FIN,ACK 1/1 100 B wasted ──┤   │                                          │
        10.000  │                         still FIN-WAIT-1 │   │                                          │

                three-way-silent                               three-way
          time  client                                server   client                                server
         0.000  │ CLOSED → SYN-SENT                        │   │ CLOSED → SYN-SENT                        │
         0.000  ├── SYN 0 till 0.050 ──────┄┄              │   ├── SYN 0 till 0.050 ──────┄┄              │
         0.050  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│   │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│
         0.050  │                    LISTEN → SYN-RECEIVED │   │                    LISTEN → SYN-RECEIVED │
                ⋮              17 rows alike               ⋮   ⋮              17 rows alike               ⋮
         6.000  │◀─────────────────── SYN,ACK 0/1 wasted ──┤   │◀─────────────────── SYN,ACK 0/1 wasted ──┤
         6.050  │                                          │   ├── RST 1 wasted ─────────────────────────▶│
         6.100  │                                          │   │             SYN-RECEIVED → CLOSED, reset │
         7.000  │◀─────────────────── SYN,ACK 0/1 wasted ──┤   │                                          │
         9.000  │◀─────────────────── SYN,ACK 0/1 wasted ──┤   │                                          │
        10.000  │                       still SYN-RECEIVED │   │                                          │
    "#]]
    .assert_eq(&beside(&ladders(SERVER_CLOSES), 2, 100, 100));
}

#[test]
fn side_by_side_has_as_many_columns_as_there_is_room_for() {
    let ladders = ladders(SERVER_CLOSES);
    for (width, blocks) in [(40, 3), (60, 3), (80, 2), (100, 2), (139, 2), (150, 1)] {
        let drawn = beside(&ladders, 2, width, 100);
        assert_eq!(drawn.matches("time").count(), blocks, "{width}: {drawn}");
        let widest = drawn.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width.max(42), "{widest} of {width}: {drawn}");
    }
    let narrow = beside(&ladders, 2, 80, 100);
    assert!(narrow.contains(" ghost from here on │"), "{narrow}");
    let drawn = beside(&ladders, 2, 100, 3);
    assert_eq!(drawn.matches(" more rows are not shown\n").count(), 2, "{drawn}");
}

#[test]
fn attempts_stay_apart_side_by_side() {
    let text = r#"
    horizon = "5s"
    handshake = ["two-way", "three-way"]
    [link]
    delay = "50ms"
    [client]
    script = ["connect", "close", "repeat 2 times"]
    [server]
    script = ["accept", "close on EOF"]
    "#;
    expect![[r#"
               two-way                                        three-way
         time      client                                server   client                                server
        0.000  #1  │ CLOSED → SYN-SENT                        │   │ CLOSED → SYN-SENT                        │
        0.000  #1  ├── SYN 0 ────────────────────────────────▶│   ├── SYN 0 ────────────────────────────────▶│
        0.050  #1  │                     LISTEN → ESTABLISHED │   │                    LISTEN → SYN-RECEIVED │
        0.050  #1  │◀────────────────────────── SYN,ACK 0/1 ──┤   │◀────────────────────────── SYN,ACK 0/1 ──┤
                   ⋮               4 rows alike               ⋮   ⋮               4 rows alike               ⋮
        0.100  #2  ├── SYN 0 ────────────────────────────────▶│   ├── SYN 0 ────────────────────────────────▶│
        0.150  #1  │                                          │   │               SYN-RECEIVED → ESTABLISHED │
        0.150  #1  │                 ESTABLISHED → CLOSE-WAIT │   │                 ESTABLISHED → CLOSE-WAIT │
        0.150  #1  │                    CLOSE-WAIT → LAST-ACK │   │                    CLOSE-WAIT → LAST-ACK │
        0.150  #1  │◀────────────────────────── FIN,ACK 1/2 ──┤   │◀────────────────────────── FIN,ACK 1/2 ──┤
        0.150  #2  │                     LISTEN → ESTABLISHED │   │                    LISTEN → SYN-RECEIVED │
        0.150  #2  │◀────────────────────────── SYN,ACK 0/1 ──┤   │◀────────────────────────── SYN,ACK 0/1 ──┤
                   ⋮               6 rows alike               ⋮   ⋮               6 rows alike               ⋮
        0.250  #1  │                        LAST-ACK → CLOSED │   │                        LAST-ACK → CLOSED │
        0.250  #2  │                                          │   │               SYN-RECEIVED → ESTABLISHED │
        0.250  #2  │                 ESTABLISHED → CLOSE-WAIT │   │                 ESTABLISHED → CLOSE-WAIT │
                   ⋮               6 rows alike               ⋮   ⋮               6 rows alike               ⋮
        5.000      │ 2 still TIME-WAIT                        │   │ 2 still TIME-WAIT                        │
    "#]]
    .assert_eq(&beside(&ladders(text), 1, 100, 100));
}

#[test]
fn an_arrow_that_has_not_arrived_ends_short() {
    let text = r#"
    horizon = "2s"
    [link]
    delay = "50ms"
    [[link.fault]]
    on = { from = "client", flags = "SYN", nth = 1 }
    delay = "5s"
    [client]
    script = ["connect", "close"]
    [server]
    script = ["accept", "close on EOF"]
    "#;
    let [(_, ladder)] = <[_; 1]>::try_from(ladders(text)).unwrap();
    let drawn = ladder.render(Colour::Never);
    // The run is over before the SYN of time 0 is there; the one of 1 s takes its ordinary time.
    let syns: Vec<&str> = drawn.lines().filter(|line| line.contains("├── SYN 0 ─")).collect();
    assert!(syns[0].contains("─┄┄   ") && syns[0].contains("│    5.000  delayed by fault 1"), "{drawn}");
    assert!(syns[1].contains("─▶│    1.050"), "{drawn}");
    assert!(beside(&ladders(text), 0, 100, 100).contains("├── SYN 0 till 5.000 ─"), "so does the other drawing");
}
