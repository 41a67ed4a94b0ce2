//! Closing without trouble: what is left to send decides how many segments it takes.

use expect_test::expect;
use synlab_tests::ladder;

const CLOSE: &str = r#"
    [client]
    script = ["connect", "wait until 1 s", "close"]
    [server]
    script = ["accept", "close on EOF"]
"#;

/// The server closes the moment it hears the client's FIN, so its own rides on the acknowledgment.
#[test]
fn three_segments() {
    ladder(
        "three-way",
        CLOSE,
        &expect![[r#"
           time  client                                server  arrives
          0.000  │ CLOSED → SYN-SENT                        │
          0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
          0.050  │                    LISTEN → SYN-RECEIVED │
          0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
          0.100  │ SYN-SENT → ESTABLISHED                   │
          0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
          0.150  │               SYN-RECEIVED → ESTABLISHED │
          1.000  │ ESTABLISHED → FIN-WAIT-1                 │           close
          1.000  ├── FIN,ACK 1/1 ──────────────────────────▶│    1.050
          1.050  │                 ESTABLISHED → CLOSE-WAIT │
          1.050  │                    CLOSE-WAIT → LAST-ACK │           close
          1.050  │◀────────────────────────── FIN,ACK 1/2 ──┤    1.100
          1.100  │ FIN-WAIT-1 → FIN-WAIT-2                  │
          1.100  │ FIN-WAIT-2 → TIME-WAIT                   │
          1.100  ├── ACK 2/2 ──────────────────────────────▶│    1.150
          1.150  │                        LAST-ACK → CLOSED │
                 ⋮                 239.95 s                 ⋮
        241.100  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
    "#]],
    );
}

#[test]
fn three_segments_in_two_way() {
    ladder(
        "two-way",
        CLOSE,
        &expect![[r#"
           time  client                                server  arrives
          0.000  │ CLOSED → SYN-SENT                        │
          0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
          0.050  │                     LISTEN → ESTABLISHED │
          0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
          0.100  │ SYN-SENT → ESTABLISHED                   │
          1.000  │ ESTABLISHED → FIN-WAIT-1                 │           close
          1.000  ├── FIN,ACK 1/1 ──────────────────────────▶│    1.050
          1.050  │                 ESTABLISHED → CLOSE-WAIT │
          1.050  │                    CLOSE-WAIT → LAST-ACK │           close
          1.050  │◀────────────────────────── FIN,ACK 1/2 ──┤    1.100
          1.100  │ FIN-WAIT-1 → FIN-WAIT-2                  │
          1.100  │ FIN-WAIT-2 → TIME-WAIT                   │
          1.100  ├── ACK 2/2 ──────────────────────────────▶│    1.150
          1.150  │                        LAST-ACK → CLOSED │
                 ⋮                 239.95 s                 ⋮
        241.100  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
    "#]],
    );
}

/// RFC 9293 §3.6 figure 12: the server takes its time.
#[test]
fn four_segments() {
    let slow = r#"
        [client]
        script = ["connect", "wait until 1 s", "close"]
        [server]
        script = ["accept", "receive EOF", "wait 1 s", "close"]
    "#;
    ladder(
        "three-way",
        slow,
        &expect![[r#"
           time  client                                server  arrives
          0.000  │ CLOSED → SYN-SENT                        │
          0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
          0.050  │                    LISTEN → SYN-RECEIVED │
          0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
          0.100  │ SYN-SENT → ESTABLISHED                   │
          0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
          0.150  │               SYN-RECEIVED → ESTABLISHED │
          1.000  │ ESTABLISHED → FIN-WAIT-1                 │           close
          1.000  ├── FIN,ACK 1/1 ──────────────────────────▶│    1.050
          1.050  │                 ESTABLISHED → CLOSE-WAIT │
          1.050  │◀────────────────────────────── ACK 1/2 ──┤    1.100
          1.100  │ FIN-WAIT-1 → FIN-WAIT-2                  │
          2.050  │                    CLOSE-WAIT → LAST-ACK │           close
          2.050  │◀────────────────────────── FIN,ACK 1/2 ──┤    2.100
          2.100  │ FIN-WAIT-2 → TIME-WAIT                   │
          2.100  ├── ACK 2/2 ──────────────────────────────▶│    2.150
          2.150  │                        LAST-ACK → CLOSED │
                 ⋮                 239.95 s                 ⋮
        242.100  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
    "#]],
    );
}

/// An acknowledgment that leaves before the application is told makes four of three.
#[test]
fn four_segments_if_the_acknowledgment_cannot_wait() {
    let at_once = r#"
        [client]
        script = ["connect", "wait until 1 s", "close"]
        [server]
        ack-timing = "at-once"
        script = ["accept", "close on EOF"]
    "#;
    ladder(
        "three-way",
        at_once,
        &expect![[r#"
           time  client                                server  arrives
          0.000  │ CLOSED → SYN-SENT                        │
          0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
          0.050  │                    LISTEN → SYN-RECEIVED │
          0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
          0.100  │ SYN-SENT → ESTABLISHED                   │
          0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
          0.150  │               SYN-RECEIVED → ESTABLISHED │
          1.000  │ ESTABLISHED → FIN-WAIT-1                 │           close
          1.000  ├── FIN,ACK 1/1 ──────────────────────────▶│    1.050
          1.050  │                 ESTABLISHED → CLOSE-WAIT │
          1.050  │◀────────────────────────────── ACK 1/2 ──┤    1.100
          1.050  │                    CLOSE-WAIT → LAST-ACK │           close
          1.050  │◀────────────────────────── FIN,ACK 1/2 ──┤    1.100
          1.100  │ FIN-WAIT-1 → FIN-WAIT-2                  │
          1.100  │ FIN-WAIT-2 → TIME-WAIT                   │
          1.100  ├── ACK 2/2 ──────────────────────────────▶│    1.150
          1.150  │                        LAST-ACK → CLOSED │
                 ⋮                 239.95 s                 ⋮
        241.100  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
    "#]],
    );
}

/// RFC 9293 §3.6 figure 13: the FINs cross, both ends pass through CLOSING.
#[test]
fn simultaneous_close() {
    let both = r#"
        [client]
        script = ["connect", "wait until 1 s", "close"]
        [server]
        script = ["accept", "wait until 1 s", "close"]
    "#;
    ladder(
        "three-way",
        both,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  │                    LISTEN → SYN-RECEIVED │
              0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  │ SYN-SENT → ESTABLISHED                   │
              0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
              0.150  │               SYN-RECEIVED → ESTABLISHED │
              1.000  │ ESTABLISHED → FIN-WAIT-1                 │           close
              1.000  │                 ESTABLISHED → FIN-WAIT-1 │           close
              1.000  ├── FIN,ACK 1/1 ─────╲ ╱──── FIN,ACK 1/1 ──┤
                     │                     ╳                    │
              1.050  │◀───────────────────╱ ╲──────────────────▶│
              1.050  │                     FIN-WAIT-1 → CLOSING │
              1.050  │ FIN-WAIT-1 → CLOSING                     │
              1.050  ├── ACK 2/2 ─────────╲ ╱──────── ACK 2/2 ──┤
                     │                     ╳                    │
              1.100  │◀───────────────────╱ ╲──────────────────▶│
              1.100  │ CLOSING → TIME-WAIT  CLOSING → TIME-WAIT │
                     ⋮                  240 s                   ⋮
            241.100  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
            241.100  │                       TIME-WAIT → CLOSED │           TIME-WAIT is over
        "#]],
    );
}

/// In two-way a server that closes before it heard anything is acknowledged like any other.
#[test]
fn the_server_closes_first() {
    let server = r#"
        [client]
        script = ["connect", "close on EOF"]
        [server]
        script = ["accept", "close"]
    "#;
    ladder(
        "two-way",
        server,
        &expect![[r#"
           time  client                                server  arrives
          0.000  │ CLOSED → SYN-SENT                        │
          0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
          0.050  │                     LISTEN → ESTABLISHED │
          0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
          0.050  │                 ESTABLISHED → FIN-WAIT-1 │           close
          0.050  │◀────────────────────────── FIN,ACK 1/1 ──┤    0.100
          0.100  │ SYN-SENT → ESTABLISHED                   │
          0.100  │ ESTABLISHED → CLOSE-WAIT                 │
          0.100  │ CLOSE-WAIT → LAST-ACK                    │           close
          0.100  ├── FIN,ACK 1/2 ──────────────────────────▶│    0.150
          0.150  │                  FIN-WAIT-1 → FIN-WAIT-2 │
          0.150  │                   FIN-WAIT-2 → TIME-WAIT │
          0.150  │◀────────────────────────────── ACK 2/2 ──┤    0.200
          0.200  │ LAST-ACK → CLOSED                        │
                 ⋮                 239.95 s                 ⋮
        240.150  │                       TIME-WAIT → CLOSED │           TIME-WAIT is over
    "#]],
    );
}

/// CLOSING ends only when one's own FIN is acknowledged: here that acknowledgment is lost.
#[test]
fn simultaneous_close_with_a_lost_acknowledgment() {
    let lost = r#"
        [[link.fault]]
        on = { from = "client", flags = "ACK", acknowledges = "FIN", nth = 1 }
        drop = true
        [client]
        script = ["connect", "wait until 1 s", "close"]
        [server]
        script = ["accept", "wait until 1 s", "close"]
    "#;
    ladder(
        "three-way",
        lost,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  │                    LISTEN → SYN-RECEIVED │
              0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  │ SYN-SENT → ESTABLISHED                   │
              0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
              0.150  │               SYN-RECEIVED → ESTABLISHED │
              1.000  │ ESTABLISHED → FIN-WAIT-1                 │           close
              1.000  │                 ESTABLISHED → FIN-WAIT-1 │           close
              1.000  ├── FIN,ACK 1/1 ─────╲ ╱──── FIN,ACK 1/1 ──┤
                     │                     ╳                    │
              1.050  │◀───────────────────╱ ╲──────────────────▶│
              1.050  │                     FIN-WAIT-1 → CLOSING │
              1.050  │ FIN-WAIT-1 → CLOSING                     │
              1.050  │◀────────────────────────────── ACK 2/2 ──┤    1.100
              1.050  ├── ACK 2/2 ────────────────✗              │           dropped by fault 1
              1.100  │ CLOSING → TIME-WAIT                      │
              2.000  │◀────────────────────────── FIN,ACK 1/2 ──┤    2.050  retransmission 1
              2.050  ├── ACK 2/2 ──────────────────────────────▶│    2.100  duplicate ACK
              2.100  │                      CLOSING → TIME-WAIT │
                     ⋮                 239.95 s                 ⋮
            242.050  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
            242.100  │                       TIME-WAIT → CLOSED │           TIME-WAIT is over
        "#]],
    );
}

/// A lost FIN is sent again, and nothing else changes.
#[test]
fn a_fin_is_lost() {
    let lost = r#"
        [[link.fault]]
        on = { from = "client", flags = "FIN", nth = 1 }
        drop = true
    "#;
    ladder(
        "three-way",
        &format!("{lost}\n{CLOSE}"),
        &expect![[r#"
           time  client                                server  arrives
          0.000  │ CLOSED → SYN-SENT                        │
          0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
          0.050  │                    LISTEN → SYN-RECEIVED │
          0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
          0.100  │ SYN-SENT → ESTABLISHED                   │
          0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
          0.150  │               SYN-RECEIVED → ESTABLISHED │
          1.000  │ ESTABLISHED → FIN-WAIT-1                 │           close
          1.000  ├── FIN,ACK 1/1 ────────────✗              │           dropped by fault 1
          2.000  ├── FIN,ACK 1/1 ──────────────────────────▶│    2.050  retransmission 1
          2.050  │                 ESTABLISHED → CLOSE-WAIT │
          2.050  │                    CLOSE-WAIT → LAST-ACK │           close
          2.050  │◀────────────────────────── FIN,ACK 1/2 ──┤    2.100
          2.100  │ FIN-WAIT-1 → FIN-WAIT-2                  │
          2.100  │ FIN-WAIT-2 → TIME-WAIT                   │
          2.100  ├── ACK 2/2 ──────────────────────────────▶│    2.150
          2.150  │                        LAST-ACK → CLOSED │
                 ⋮                 239.95 s                 ⋮
        242.100  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
    "#]],
    );
}
