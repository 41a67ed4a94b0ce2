//! Opening without trouble (RFC 9293 §3.5 figure 6), and what a two-way handshake leaves out.

use expect_test::expect;
use synlab_tests::ladder;

const IDLE: &str = r#"
    [client]
    script = ["connect"]
    [server]
    script = ["accept"]
"#;

#[test]
fn figure_6() {
    ladder(
        "three-way",
        IDLE,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  │                    LISTEN → SYN-RECEIVED │
              0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  │ SYN-SENT → ESTABLISHED                   │
              0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
              0.150  │               SYN-RECEIVED → ESTABLISHED │
                     ⋮                 599.85 s                 ⋮
            600.000  │ still ESTABLISHED      still ESTABLISHED │           end of the run
        "#]],
    );
}

/// Nobody says anything, so the server never learns whether its SYN-ACK came.
#[test]
fn two_way_has_no_third_message() {
    ladder(
        "two-way",
        IDLE,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  │                     LISTEN → ESTABLISHED │
              0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  │ SYN-SENT → ESTABLISHED                   │
                     ⋮                 599.9 s                  ⋮
            600.000  │ still ESTABLISHED      still ESTABLISHED │           end of the run
        "#]],
    );
}

/// Nothing stands between the third message and the request: the request is the third message.
#[test]
fn a_request_carries_the_third_message() {
    ladder(
        "three-way",
        "",
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  │                    LISTEN → SYN-RECEIVED │
              0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  │ SYN-SENT → ESTABLISHED                   │
              0.100  ├── ACK,DATA 1/1 100 B ───────────────────▶│    0.150
              0.150  │               SYN-RECEIVED → ESTABLISHED │
              0.150  │◀───────────────────── DATA 1/101 100 B ──┤    0.200
              0.200  │ ESTABLISHED → FIN-WAIT-1                 │           close
              0.200  ├── FIN,ACK 101/101 ──────────────────────▶│    0.250
              0.250  │                 ESTABLISHED → CLOSE-WAIT │
              0.250  │                    CLOSE-WAIT → LAST-ACK │           close
              0.250  │◀────────────────────── FIN,ACK 101/102 ──┤    0.300
              0.300  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              0.300  │ FIN-WAIT-2 → TIME-WAIT                   │
              0.300  ├── ACK 102/102 ──────────────────────────▶│    0.350
              0.350  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            240.300  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

/// The same seven segments: with a client that speaks at once the third message costs nothing.
#[test]
fn a_request_in_two_way() {
    ladder(
        "two-way",
        "",
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  │                     LISTEN → ESTABLISHED │
              0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  │ SYN-SENT → ESTABLISHED                   │
              0.100  ├── ACK,DATA 1/1 100 B ───────────────────▶│    0.150
              0.150  │◀───────────────────── DATA 1/101 100 B ──┤    0.200
              0.200  │ ESTABLISHED → FIN-WAIT-1                 │           close
              0.200  ├── FIN,ACK 101/101 ──────────────────────▶│    0.250
              0.250  │                 ESTABLISHED → CLOSE-WAIT │
              0.250  │                    CLOSE-WAIT → LAST-ACK │           close
              0.250  │◀────────────────────── FIN,ACK 101/102 ──┤    0.300
              0.300  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              0.300  │ FIN-WAIT-2 → TIME-WAIT                   │
              0.300  ├── ACK 102/102 ──────────────────────────▶│    0.350
              0.350  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            240.300  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

const SERVER_SPEAKS_FIRST: &str = r#"
    [client]
    script = ["connect", "receive 100 B", "close"]
    [server]
    script = ["accept", "send 100 B", "close on EOF"]
"#;

#[test]
fn the_server_speaks_first() {
    ladder(
        "three-way",
        SERVER_SPEAKS_FIRST,
        &expect![[r#"
           time  client                                server  arrives
          0.000  │ CLOSED → SYN-SENT                        │
          0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
          0.050  │                    LISTEN → SYN-RECEIVED │
          0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
          0.100  │ SYN-SENT → ESTABLISHED                   │
          0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
          0.150  │               SYN-RECEIVED → ESTABLISHED │
          0.150  │◀─────────────────────── DATA 1/1 100 B ──┤    0.200
          0.200  │ ESTABLISHED → FIN-WAIT-1                 │           close
          0.200  ├── FIN,ACK 1/101 ────────────────────────▶│    0.250
          0.250  │                 ESTABLISHED → CLOSE-WAIT │
          0.250  │                    CLOSE-WAIT → LAST-ACK │           close
          0.250  │◀──────────────────────── FIN,ACK 101/2 ──┤    0.300
          0.300  │ FIN-WAIT-1 → FIN-WAIT-2                  │
          0.300  │ FIN-WAIT-2 → TIME-WAIT                   │
          0.300  ├── ACK 2/102 ────────────────────────────▶│    0.350
          0.350  │                        LAST-ACK → CLOSED │
                 ⋮                 239.95 s                 ⋮
        240.300  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
    "#]],
    );
}

/// A two-way server speaks before its SYN-ACK has arrived: its data is there a round trip earlier.
#[test]
fn the_server_speaks_first_in_two_way() {
    ladder(
        "two-way",
        SERVER_SPEAKS_FIRST,
        &expect![[r#"
           time  client                                server  arrives
          0.000  │ CLOSED → SYN-SENT                        │
          0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
          0.050  │                     LISTEN → ESTABLISHED │
          0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
          0.050  │◀─────────────────────── DATA 1/1 100 B ──┤    0.100
          0.100  │ SYN-SENT → ESTABLISHED                   │
          0.100  │ ESTABLISHED → FIN-WAIT-1                 │           close
          0.100  ├── FIN,ACK 1/101 ────────────────────────▶│    0.150
          0.150  │                 ESTABLISHED → CLOSE-WAIT │
          0.150  │                    CLOSE-WAIT → LAST-ACK │           close
          0.150  │◀──────────────────────── FIN,ACK 101/2 ──┤    0.200
          0.200  │ FIN-WAIT-1 → FIN-WAIT-2                  │
          0.200  │ FIN-WAIT-2 → TIME-WAIT                   │
          0.200  ├── ACK 2/102 ────────────────────────────▶│    0.250
          0.250  │                        LAST-ACK → CLOSED │
                 ⋮                 239.95 s                 ⋮
        240.200  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
    "#]],
    );
}
