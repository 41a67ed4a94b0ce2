//! Ladders of real runs.

use expect_test::{Expect, expect};
use experiment::{Experiment, simulate};
use report::diagram::{Diagram, Look, ladder, ladders};
use report::{Colour, Hosts};

const fn look(width: usize, rows: usize) -> Look {
    Look { width, rows, colour: Colour::Never }
}

/// Runs an experiment's first variant and compares its ladder.
fn draws(text: &str, expected: &Expect) {
    let experiment = Experiment::parse("ladder.toml", text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let scenario = experiment.scenario(&experiment.variants()[0]).unwrap();
    let mut diagram = Diagram::new(Hosts::of(&scenario));
    simulate(&scenario, &mut diagram).unwrap();
    diagram.finish(scenario.horizon);
    let drawn = ladder(&diagram, look(100, usize::MAX));
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
             time  client                     server                     patient  arrives
            0.000  │ CLOSED → SYN-SENT           │                             │
            0.000  ├── SYN 0 ───────────────────▶│                             │    0.050
            0.000  │                             │           CLOSED → SYN-SENT │
            0.000  │                             │          ✗───────── SYN 0 ──┤           dropped by fault 1
            0.050  │◀───────────── RST,ACK 0/1 ──┤                             │    0.100
            0.100  │ SYN-SENT → CLOSED           │                             │           reset, told: refused
            1.000  │                             │          ✗───────── SYN 0 ──┤           retransmission 1,
                   │                             │                             │           dropped by fault 1
            2.000  │                             │           SYN-SENT → CLOSED │           abort
        "#]],
    );
}

/// The diagrams of an experiment's variants, with their names.
fn diagrams(text: &str) -> Vec<(String, Diagram)> {
    let experiment = Experiment::parse("ladder.toml", text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let diagram = |variant: &experiment::Variant| {
        let scenario = experiment.scenario(variant).unwrap();
        let mut diagram = Diagram::new(Hosts::of(&scenario));
        simulate(&scenario, &mut diagram).unwrap();
        diagram.finish(scenario.horizon);
        (variant.label(), diagram)
    };
    experiment.variants().iter().map(diagram).collect()
}

fn beside(diagrams: &[(String, Diagram)], base: usize, width: usize, rows: usize) -> String {
    let named: Vec<(&str, &Diagram)> = diagrams.iter().map(|(name, diagram)| (name.as_str(), diagram)).collect();
    ladders(&named, base, look(width, rows))
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
         0.000  ├── SYN 0 ────────────────────────────────▶│   ├── SYN 0 ────────────────────────────────▶│
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
         6.000  │ ┄┄ SYN 0 duplicate 1 stale ┄┄┄┄┄┄┄┄┄┄┄┄┄▶│   │ ┄┄ SYN 0 duplicate 1 stale ┄┄┄┄┄┄┄┄┄┄┄┄┄▶│
         6.000  │                     LISTEN → ESTABLISHED │   │                    LISTEN → SYN-RECEIVED │
         6.000  │                 a ghost: nobody is there │   │               abandoned: nobody is there │
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
         0.000  ├── SYN 0 ────────────────────────────────▶│   ├── SYN 0 ────────────────────────────────▶│
         0.050  │                    LISTEN → SYN-RECEIVED │   │                    LISTEN → SYN-RECEIVED │
         0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤   │◀────────────────────────── SYN,ACK 0/1 ──┤
                ⋮              16 rows alike               ⋮   ⋮              16 rows alike               ⋮
         6.000  │◀─────────────────── SYN,ACK 0/1 wasted ──┤   │◀─────────────────── SYN,ACK 0/1 wasted ──┤
         6.050  │                                          │   ├── RST 1 wasted ─────────────────────────▶│
         6.100  │                                          │   │             SYN-RECEIVED → CLOSED, reset │
         7.000  │◀── SYN,ACK 0/1 retransmission 1 wasted ──┤   │                                          │
         9.000  │◀── SYN,ACK 0/1 retransmission 2 wasted ──┤   │                                          │
        10.000  │                       still SYN-RECEIVED │   │                                          │
    "#]]
    .assert_eq(&beside(&diagrams(SERVER_CLOSES), 2, 100, 100));
}

#[test]
fn side_by_side_has_as_many_columns_as_there_is_room_for() {
    let variants = diagrams(SERVER_CLOSES);
    for (width, blocks) in [(40, 3), (60, 3), (80, 2), (100, 2), (139, 2), (150, 1)] {
        let drawn = beside(&variants, 2, width, 100);
        assert_eq!(drawn.matches("time").count(), blocks, "{width}: {drawn}");
        let widest = drawn.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= width.max(42), "{widest} of {width}: {drawn}");
    }
    let narrow = beside(&variants, 2, 80, 100);
    assert!(narrow.contains(" a ghost: nobody is there │"), "{narrow}");
    let drawn = beside(&variants, 2, 100, 3);
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
                   two-way                                       three-way
         time      client                               server   client                               server
        0.000  #1  │ CLOSED → SYN-SENT                       │   │ CLOSED → SYN-SENT                       │
        0.000  #1  ├── SYN 0 ───────────────────────────────▶│   ├── SYN 0 ───────────────────────────────▶│
        0.050  #1  │                    LISTEN → ESTABLISHED │   │                   LISTEN → SYN-RECEIVED │
        0.050  #1  │◀───────────────────────── SYN,ACK 0/1 ──┤   │◀───────────────────────── SYN,ACK 0/1 ──┤
                   ⋮              4 rows alike               ⋮   ⋮              4 rows alike               ⋮
        0.100  #2  ├── SYN 0 ───────────────────────────────▶│   ├── SYN 0 ───────────────────────────────▶│
        0.150  #1  │                                         │   │              SYN-RECEIVED → ESTABLISHED │
        0.150  #1  │                ESTABLISHED → CLOSE-WAIT │   │                ESTABLISHED → CLOSE-WAIT │
        0.150  #1  │                   CLOSE-WAIT → LAST-ACK │   │                   CLOSE-WAIT → LAST-ACK │
        0.150  #1  │◀───────────────────────── FIN,ACK 1/2 ──┤   │◀───────────────────────── FIN,ACK 1/2 ──┤
        0.150  #2  │                    LISTEN → ESTABLISHED │   │                   LISTEN → SYN-RECEIVED │
        0.150  #2  │◀───────────────────────── SYN,ACK 0/1 ──┤   │◀───────────────────────── SYN,ACK 0/1 ──┤
                   ⋮              6 rows alike               ⋮   ⋮              6 rows alike               ⋮
        0.250  #1  │                       LAST-ACK → CLOSED │   │                       LAST-ACK → CLOSED │
        0.250  #2  │                                         │   │              SYN-RECEIVED → ESTABLISHED │
        0.250  #2  │                ESTABLISHED → CLOSE-WAIT │   │                ESTABLISHED → CLOSE-WAIT │
                   ⋮              6 rows alike               ⋮   ⋮              6 rows alike               ⋮
        5.000      │ 2 still TIME-WAIT                       │   │ 2 still TIME-WAIT                       │
    "#]]
    .assert_eq(&beside(&diagrams(text), 1, 100, 100));
}

/// One direction is slower: three segments go down while one comes up, and meets them one by one.
#[test]
fn segments_that_pass_each_other_cross() {
    draws(
        r#"
        horizon = "1s"
        handshake = ["two-way"]
        [link.client-to-server]
        delay = "50ms"
        [link.server-to-client]
        delay = "20ms"
        [client]
        script = ["connect", "send 100 B", "wait 10 ms", "send 100 B", "wait 10 ms", "send 100 B"]
        [server]
        script = ["accept", "wait 30 ms", "send 10 B"]
        "#,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  │                     LISTEN → ESTABLISHED │
            0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.070
            0.070  │ SYN-SENT → ESTABLISHED                   │
            0.070  ├── ACK,DATA 1/1 100 B ─╲                  │
            0.080  │                    ╲ ╱── DATA 1/1 10 B ──┤
            0.080  ├── DATA 101/1 100 B ─╲╲ ╱                 │
            0.090  ├── DATA 201/1 100 B ─────────────────────▶│    0.140
                   │                    ╲  ╳                  │
                   │                     ╳  ╲                 │
            0.100  │◀───────────────────╱ ╲ ╲                 │
            0.100  ├── ACK 301/11 ──────╲ ╲ ╲                 │
            0.120  │                    ╲ ╲ ╲────────────────▶│
            0.120  │                    ╲ ╲ ╱─── ACK 11/101 ──┤
                   │                    ╲  ╳                  │
            0.130  │                    ╲ ╱ ╲────────────────▶│
            0.130  │                    ╲ ╱ ╱─── ACK 11/201 ──┤
                   │                     ╳  ╱                 │
            0.140  │◀───────────────────╱ ╲ ╱                 │
            0.140  │                    ╲ ╱ ╱─── ACK 11/301 ──┤
                   │                     ╳  ╱                 │
                   │                    ╱  ╳                  │
            0.150  │◀───────────────────╱ ╱ ╲────────────────▶│
            0.160  │◀───────────────────╱                     │
            1.000  │ still ESTABLISHED      still ESTABLISHED │           end of the run
        "#]],
    );
}

/// Whoever has few attempts is shown them, whoever has many is told first what they come to.
#[test]
fn many_attempts_are_told_first() {
    draws(
        r#"
        horizon = "5s"
        [link]
        delay = "50ms"
        [client]
        script = ["connect", "abort", "repeat 4 times"]
        [server]
        script = ["accept"]
        "#,
        &expect![[r#"
            12 segments; 4 opens, all succeed
            held for nobody: 64 B·s
            64 B·s at server: an abort of client's application
             time      client                                server  arrives
            0.000  #1  │ CLOSED → SYN-SENT                        │
            0.000  #1  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  #1  │                    LISTEN → SYN-RECEIVED │
            0.050  #1  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
            0.100  #1  │ SYN-SENT → ESTABLISHED                   │
            0.100  #1  ├── RST 1 ────────────────────────────────▶│    0.150
            0.100  #1  │ ESTABLISHED → CLOSED                     │           abort
            0.100  #1  │               abandoned: nobody is there │           cause: the application
            0.100  #2  │ CLOSED → SYN-SENT                        │
            0.100  #2  ├── SYN 0 ────────────────────────────────▶│    0.150
            0.150  #1  │                    SYN-RECEIVED → CLOSED │           reset, wasted 320 B × 0.05 s
            0.150  #2  │                    LISTEN → SYN-RECEIVED │
            0.150  #2  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.200
            0.200  #2  │ SYN-SENT → ESTABLISHED                   │
            0.200  #2  ├── RST 1 ────────────────────────────────▶│    0.250
            0.200  #2  │ ESTABLISHED → CLOSED                     │           abort
            0.200  #2  │               abandoned: nobody is there │           cause: the application
            0.200  #3  │ CLOSED → SYN-SENT                        │
            0.200  #3  ├── SYN 0 ────────────────────────────────▶│    0.250
            0.250  #2  │                    SYN-RECEIVED → CLOSED │           reset, wasted 320 B × 0.05 s
            0.250  #3  │                    LISTEN → SYN-RECEIVED │
            0.250  #3  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.300
            0.300  #3  │ SYN-SENT → ESTABLISHED                   │
            0.300  #3  ├── RST 1 ────────────────────────────────▶│    0.350
            0.300  #3  │ ESTABLISHED → CLOSED                     │           abort
            0.300  #3  │               abandoned: nobody is there │           cause: the application
            0.300  #4  │ CLOSED → SYN-SENT                        │
            0.300  #4  ├── SYN 0 ────────────────────────────────▶│    0.350
            0.350  #3  │                    SYN-RECEIVED → CLOSED │           reset, wasted 320 B × 0.05 s
            0.350  #4  │                    LISTEN → SYN-RECEIVED │
            0.350  #4  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.400
            0.400  #4  │ SYN-SENT → ESTABLISHED                   │
            0.400  #4  ├── RST 1 ────────────────────────────────▶│    0.450
            0.400  #4  │ ESTABLISHED → CLOSED                     │           abort
            0.400  #4  │               abandoned: nobody is there │           cause: the application
            0.450  #4  │                    SYN-RECEIVED → CLOSED │           reset, wasted 320 B × 0.05 s
        "#]],
    );
}

const THREE_HOSTS: &str = r#"
    horizon = "5s"
    handshake = ["two-way", "three-way"]
    [link]
    delay = "50ms"
    [client]
    script = ["connect"]
    [server]
    script = ["accept"]
    [host.other]
    script = ["connect server", "send 100 B"]
"#;

/// What does not fit is said in fewer words.
#[test]
fn three_hosts_stand_in_one_picture() {
    expect![[r#"
               two-way                               three-way
         time  client        server          other   client        server          other
        0.000  │ SYN-SENT       │                │   │ SYN-SENT       │                │
        0.000  ├── SYN 0 ──────▶│                │   ├── SYN 0 ──────▶│                │
        0.000  │                │       SYN-SENT │   │                │       SYN-SENT │
        0.000  │                │◀────── SYN 0 ──┤   │                │◀────── SYN 0 ──┤
        0.050  │    ESTABLISHED │                │   │   SYN-RECEIVED │                │
        0.050  │◀──── SYN,ACK ──┤                │   │◀──── SYN,ACK ──┤                │
        0.050  │    ESTABLISHED │                │   │   SYN-RECEIVED │                │
        0.050  │                ├── SYN,ACK ────▶│   │                ├── SYN,ACK ────▶│
        0.100  │ ESTABLISHED    │                │   │ ESTABLISHED    │                │
        0.100  │                │                │   ├── ACK 1/1 ────▶│                │
        0.100  │                │    ESTABLISHED │   │                │    ESTABLISHED │
        0.100  │                │◀─── ACK,DATA ──┤   │                │◀─── ACK,DATA ──┤
        0.150  │                │                │   │    ESTABLISHED │                │
        0.150  │                │                │   │    ESTABLISHED │                │
        0.150  │                ├── ACK 1/101 ──▶│   │                ├── ACK 1/101 ──▶│
        5.000  │ ESTABLISHED    │                │   │ ESTABLISHED    │                │
        5.000  │  2 ESTABLISHED │                │   │  2 ESTABLISHED │                │
        5.000  │                │    ESTABLISHED │   │                │    ESTABLISHED │
    "#]]
    .assert_eq(&beside(&diagrams(THREE_HOSTS), 1, 80, 100));
}

/// Where a terminal has no room for notes, the worst of them stand in the rows.
#[test]
fn a_narrow_terminal_has_no_notes() {
    let [(_, diagram), ..] = <[_; 3]>::try_from(diagrams(SERVER_CLOSES)).unwrap();
    for (width, arrives) in [(60, false), (80, true), (200, true)] {
        let drawn = ladder(&diagram, look(width, 100));
        assert_eq!(drawn.contains("  arrives\n"), arrives, "{drawn}");
        assert!(drawn.lines().all(|line| line.chars().count() <= width), "{drawn}");
        assert_eq!(drawn.contains("┄┄ SYN 0 duplicate 1 stale ┄"), !arrives, "{drawn}");
    }
}

/// The same columns, in letters that every terminal has.
#[test]
fn ascii_keeps_the_columns() {
    let variants = diagrams(SERVER_CLOSES);
    let drawn = beside(&variants, 2, 80, 100);
    let plain = report::ascii(&drawn);
    assert!(plain.is_ascii(), "{plain}");
    let columns = |text: &str| text.lines().map(|line| line.chars().count()).collect::<Vec<_>>();
    assert_eq!(columns(&drawn), columns(&plain));
    assert!(
        plain.contains("|-- SYN 0 ---") && plain.contains("--->|") && plain.contains("CLOSED > SYN-SENT"),
        "{plain}"
    );
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
    let [(_, diagram)] = <[_; 1]>::try_from(diagrams(text)).unwrap();
    let drawn = ladder(&diagram, look(100, 100));
    // The run is over before the SYN of time 0 is there; the one of 1 s takes its ordinary time.
    let syns: Vec<&str> = drawn.lines().filter(|line| line.contains("├── SYN 0 ─")).collect();
    assert!(syns[0].contains("─┄┄   ") && syns[0].contains("│    5.000  delayed by fault 1"), "{drawn}");
    assert!(syns[1].contains("─▶│    1.050"), "{drawn}");
    assert!(beside(&diagrams(text), 0, 100, 100).contains("├── SYN 0 till 5.000 ─"), "so does the other drawing");
}
