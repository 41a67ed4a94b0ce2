//! The data path, as far as opening and closing need it.

use expect_test::expect;
use synlab_tests::ladder;

/// The retransmission timer sends it again (RFC 6298 §5.4).
#[test]
fn data_is_lost() {
    let lost = r#"
        [[link.fault]]
        on = { from = "client", flags = "data", nth = 1 }
        drop = true
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
              0.100  ├── ACK,DATA 1/1 100 B ─────✗              │           dropped by fault 1
              1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100  retransmission 1
              1.100  ├── ACK,DATA 1/1 100 B ───────────────────▶│    1.150  retransmission 1
              1.100  ├── ACK 101/1 ────────────────────────────▶│    1.150  challenge ACK
              1.150  │               SYN-RECEIVED → ESTABLISHED │
              1.150  │◀───────────────────── DATA 1/101 100 B ──┤    1.200
              1.200  │ ESTABLISHED → FIN-WAIT-1                 │           close
              1.200  ├── FIN,ACK 101/101 ──────────────────────▶│    1.250
              1.250  │                 ESTABLISHED → CLOSE-WAIT │
              1.250  │                    CLOSE-WAIT → LAST-ACK │           close
              1.250  │◀────────────────────── FIN,ACK 101/102 ──┤    1.300
              1.300  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              1.300  │ FIN-WAIT-2 → TIME-WAIT                   │
              1.300  ├── ACK 102/102 ──────────────────────────▶│    1.350
              1.350  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            241.300  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

/// What comes early waits for what comes late, and each arrival out of order is acknowledged at once.
#[test]
fn data_overtakes_data() {
    let late = r#"
        [[link.fault]]
        on = { from = "client", flags = "data", nth = 1 }
        extra-delay = "20ms"
        [client]
        script = ["connect", "wait until 1 s", "send 4000 B", "close"]
        [server]
        script = ["accept", "close on EOF"]
    "#;
    ladder(
        "three-way",
        late,
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
              1.000  ├── DATA 1/1 1460 B ───────┄┄              │    1.070  delayed by fault 1
              1.000  ├── DATA 1461/1 1460 B ───────────────────▶│    1.050
              1.000  ├── FIN,ACK 2921/1 1080 B ────────────────▶│    1.050
              1.050  │◀────────────────────────────── ACK 1/1 ──┤    1.100  duplicate ACK
              1.050  │◀────────────────────────────── ACK 1/1 ──┤    1.100  duplicate ACK
              1.070  │ ┄┄ DATA 1/1 1460 B ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 1.000, late
              1.070  │                 ESTABLISHED → CLOSE-WAIT │
              1.070  │                    CLOSE-WAIT → LAST-ACK │           close
              1.070  │◀─────────────────────── FIN,ACK 1/4002 ──┤    1.120
              1.120  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              1.120  │ FIN-WAIT-2 → TIME-WAIT                   │
              1.120  ├── ACK 4002/2 ───────────────────────────▶│    1.170
              1.170  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            241.120  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

/// The FIN comes before data that was lost: it counts only when everything before it is there.
#[test]
fn a_fin_overtakes_lost_data() {
    let lost = r#"
        [[link.fault]]
        on = { from = "client", flags = "data", nth = 1 }
        drop = true
        [client]
        script = ["connect", "wait until 1 s", "send 100 B", "wait 10 ms", "close"]
        [server]
        script = ["accept", "close on EOF"]
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
              1.000  ├── DATA 1/1 100 B ─────────✗              │           dropped by fault 1
              1.010  │ ESTABLISHED → FIN-WAIT-1                 │           close
              1.010  ├── FIN,ACK 101/1 ────────────────────────▶│    1.060
              1.060  │◀────────────────────────────── ACK 1/1 ──┤    1.110  duplicate ACK
              2.000  ├── DATA 1/1 100 B ───────────────────────▶│    2.050  retransmission 1
              2.050  │                 ESTABLISHED → CLOSE-WAIT │
              2.050  │                    CLOSE-WAIT → LAST-ACK │           close
              2.050  │◀──────────────────────── FIN,ACK 1/102 ──┤    2.100
              2.100  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              2.100  │ FIN-WAIT-2 → TIME-WAIT                   │
              2.100  ├── ACK 102/2 ────────────────────────────▶│    2.150
              2.150  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            242.100  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

/// The client has shut its direction; the server takes its time and sends on (RFC 9293 §3.6.1).
const HALF_CLOSE: &str = r#"
    [client]
    script = ["connect", "send 100 B", "shutdown", "receive EOF", "close"]
    [server]
    script = ["accept", "receive EOF", "wait 1 s", "send 2000 B", "close"]
"#;

#[test]
fn half_close() {
    ladder(
        "three-way",
        HALF_CLOSE,
        &expect![[r#"
           time  client                                server  arrives
          0.000  │ CLOSED → SYN-SENT                        │
          0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
          0.050  │                    LISTEN → SYN-RECEIVED │
          0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
          0.100  │ SYN-SENT → ESTABLISHED                   │
          0.100  │ ESTABLISHED → FIN-WAIT-1                 │           shutdown
          0.100  ├── FIN,ACK 1/1 100 B ────────────────────▶│    0.150
          0.150  │               SYN-RECEIVED → ESTABLISHED │
          0.150  │                 ESTABLISHED → CLOSE-WAIT │
          0.150  │◀──────────────────────────── ACK 1/102 ──┤    0.200
          0.200  │ FIN-WAIT-1 → FIN-WAIT-2                  │
          1.150  │◀──────────────────── DATA 1/102 1460 B ──┤    1.200
          1.150  │                    CLOSE-WAIT → LAST-ACK │           close
          1.150  │◀─────────────── FIN,ACK 1461/102 540 B ──┤    1.200
          1.200  ├── ACK 102/1461 ─────────────────────────▶│    1.250
          1.200  │ FIN-WAIT-2 → TIME-WAIT                   │
          1.200  ├── ACK 102/2002 ─────────────────────────▶│    1.250
          1.250  │                        LAST-ACK → CLOSED │
                 ⋮                 239.95 s                 ⋮
        241.200  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
    "#]],
    );
}

/// Where `close` gives up receiving too, the server's late data meets a reset (RFC 9293 MAY-1).
#[test]
fn data_after_a_half_duplex_close() {
    let late = r#"
        [client]
        half-duplex-close = true
        script = ["connect", "send 100 B", "close"]
        [server]
        script = ["accept", "receive EOF", "wait 1 s", "send 100 B", "close"]
    "#;
    ladder(
        "three-way",
        late,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  │                    LISTEN → SYN-RECEIVED │
            0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
            0.100  │ SYN-SENT → ESTABLISHED                   │
            0.100  │ ESTABLISHED → FIN-WAIT-1                 │           close
            0.100  ├── FIN,ACK 1/1 100 B ────────────────────▶│    0.150
            0.150  │               SYN-RECEIVED → ESTABLISHED │
            0.150  │                 ESTABLISHED → CLOSE-WAIT │
            0.150  │◀──────────────────────────── ACK 1/102 ──┤    0.200
            0.200  │ FIN-WAIT-1 → FIN-WAIT-2                  │
            1.150  │                    CLOSE-WAIT → LAST-ACK │           close
            1.150  │◀────────────────── FIN,ACK 1/102 100 B ──┤    1.200
            1.200  ├── RST 102 ──────────────────────────────▶│    1.250
            1.200  │ FIN-WAIT-2 → CLOSED                      │           octets after the CLOSE: reset
            1.200  │                 bereft: its peer is gone │           cause: the application
            1.250  │                        LAST-ACK → CLOSED │           reset, 100 B sent are lost, wasted
                   │                                          │           2,368 B × 0.05 s
        "#]],
    );
}

/// As in configs/cases/stale-data.toml: the first transmission of old data comes when the port is in use again. The
/// initial sequence numbers are constant, so that they fit, and the server's first connection is gone, so that it is let in.
const STALE: &str = r#"
    [[link.fault]]
    on = { from = "client", flags = "data", nth = 1 }
    delay = "5s"
    [client]
    isn = "constant"
    scripts = [
        ["connect from 5000", "send 100 B", "wait until 3 s", "close"],
        ["wait until 4 s", "connect from 5000", "send 200 B", "wait until 6 s", "close"],
    ]
    [server]
    script = ["accept", "close on EOF"]
"#;

/// The second connection has sent more than the old data reaches: what is old lies before the window, and is dropped.
#[test]
fn stale_data_is_before_the_window() {
    ladder(
        "three-way/no-time-wait",
        STALE,
        &expect![[r#"
             time      client                                server  arrives
            0.000  #1  │ CLOSED → SYN-SENT                        │
            0.000  #1  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  #1  │                    LISTEN → SYN-RECEIVED │
            0.050  #1  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
            0.100  #1  │ SYN-SENT → ESTABLISHED                   │
            0.100  #1  ├── ACK,DATA 1/1 100 B ────┄┄              │    5.100  delayed by fault 1
            1.050  #1  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100  retransmission 1
            1.100  #1  ├── ACK,DATA 1/1 100 B ───────────────────▶│    1.150  retransmission 1
            1.100  #1  ├── ACK 101/1 ────────────────────────────▶│    1.150  challenge ACK
            1.150  #1  │               SYN-RECEIVED → ESTABLISHED │
            1.150  #1  │◀──────────────────────────── ACK 1/101 ──┤    1.200
            3.000  #1  │ ESTABLISHED → FIN-WAIT-1                 │           close
            3.000  #1  ├── FIN,ACK 101/1 ────────────────────────▶│    3.050
            3.050  #1  │                 ESTABLISHED → CLOSE-WAIT │
            3.050  #1  │                    CLOSE-WAIT → LAST-ACK │           close
            3.050  #1  │◀──────────────────────── FIN,ACK 1/102 ──┤    3.100
            3.100  #1  │ FIN-WAIT-1 → FIN-WAIT-2                  │
            3.100  #1  ├── ACK 102/2 ─────────────┄┄              │    3.150
            3.100  #1  │ FIN-WAIT-2 → CLOSED                      │
            3.100  #1  │                 bereft: its peer is gone │           cause: no known accident
            3.150  #1  │ ┄┄ ACK 102/2 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 3.100, stale
            3.150  #1  │                        LAST-ACK → CLOSED │           wasted 2,368 B × 0.05 s
            4.000  #2  │ CLOSED → SYN-SENT                        │
            4.000  #2  ├── SYN 0 ────────────────────────────────▶│    4.050
            4.050  #2  │                    LISTEN → SYN-RECEIVED │
            4.050  #2  │◀────────────────────────── SYN,ACK 0/1 ──┤    4.100
            4.100  #2  │ SYN-SENT → ESTABLISHED                   │
            4.100  #2  ├── ACK,DATA 1/1 200 B ───────────────────▶│    4.150
            4.150  #2  │               SYN-RECEIVED → ESTABLISHED │
            4.150  #2  │◀──────────────────────────── ACK 1/201 ──┤    4.200
            5.100  #1  │ ┄┄ ACK,DATA 1/1 100 B ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.100, stale
            5.100  #2  │◀──────────────────────────── ACK 1/201 ──┤    5.150  duplicate ACK
            6.000  #2  │ ESTABLISHED → FIN-WAIT-1                 │           close
            6.000  #2  ├── FIN,ACK 201/1 ────────────────────────▶│    6.050
            6.050  #2  │                 ESTABLISHED → CLOSE-WAIT │
            6.050  #2  │                    CLOSE-WAIT → LAST-ACK │           close
            6.050  #2  │◀──────────────────────── FIN,ACK 1/202 ──┤    6.100
            6.100  #2  │ FIN-WAIT-1 → FIN-WAIT-2                  │
            6.100  #2  ├── ACK 202/2 ─────────────┄┄              │    6.150
            6.100  #2  │ FIN-WAIT-2 → CLOSED                      │
            6.100  #2  │                 bereft: its peer is gone │           cause: no known accident
            6.150  #2  │ ┄┄ ACK 202/2 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 6.100, stale
            6.150  #2  │                        LAST-ACK → CLOSED │           wasted 2,368 B × 0.05 s
        "#]],
    );
}

/// The second connection has sent nothing yet, so the old data is just what the server waits for. The server then
/// acknowledges what its client never sent, the client answers that, and so on until somebody resets (RFC 1337, hazard 2).
#[test]
fn stale_data_falls_into_the_window() {
    let silent = STALE.replace("\"send 200 B\", \"wait until 6 s\", \"close\"", "\"wait until 5.3 s\", \"abort\"");
    ladder(
        "three-way/no-time-wait",
        &silent,
        &expect![[r#"
             time      client                                server  arrives
            0.000  #1  │ CLOSED → SYN-SENT                        │
            0.000  #1  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  #1  │                    LISTEN → SYN-RECEIVED │
            0.050  #1  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
            0.100  #1  │ SYN-SENT → ESTABLISHED                   │
            0.100  #1  ├── ACK,DATA 1/1 100 B ────┄┄              │    5.100  delayed by fault 1
            1.050  #1  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100  retransmission 1
            1.100  #1  ├── ACK,DATA 1/1 100 B ───────────────────▶│    1.150  retransmission 1
            1.100  #1  ├── ACK 101/1 ────────────────────────────▶│    1.150  challenge ACK
            1.150  #1  │               SYN-RECEIVED → ESTABLISHED │
            1.150  #1  │◀──────────────────────────── ACK 1/101 ──┤    1.200
            3.000  #1  │ ESTABLISHED → FIN-WAIT-1                 │           close
            3.000  #1  ├── FIN,ACK 101/1 ────────────────────────▶│    3.050
            3.050  #1  │                 ESTABLISHED → CLOSE-WAIT │
            3.050  #1  │                    CLOSE-WAIT → LAST-ACK │           close
            3.050  #1  │◀──────────────────────── FIN,ACK 1/102 ──┤    3.100
            3.100  #1  │ FIN-WAIT-1 → FIN-WAIT-2                  │
            3.100  #1  ├── ACK 102/2 ─────────────┄┄              │    3.150
            3.100  #1  │ FIN-WAIT-2 → CLOSED                      │
            3.100  #1  │                 bereft: its peer is gone │           cause: no known accident
            3.150  #1  │ ┄┄ ACK 102/2 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 3.100, stale
            3.150  #1  │                        LAST-ACK → CLOSED │           wasted 2,368 B × 0.05 s
            4.000  #2  │ CLOSED → SYN-SENT                        │
            4.000  #2  ├── SYN 0 ────────────────────────────────▶│    4.050
            4.050  #2  │                    LISTEN → SYN-RECEIVED │
            4.050  #2  │◀────────────────────────── SYN,ACK 0/1 ──┤    4.100
            4.100  #2  │ SYN-SENT → ESTABLISHED                   │
            4.100  #2  ├── ACK 1/1 ──────────────────────────────▶│    4.150
            4.150  #2  │               SYN-RECEIVED → ESTABLISHED │
            5.100  #1  │ ┄┄ ACK,DATA 1/1 100 B ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.100, stale
            5.100  #2  │  application given 100 B not of its peer │
            5.100  #2  │◀──────────────────────────── ACK 1/101 ──┤    5.150
            5.150  #2  ├── ACK 1/1 ──────────────────────────────▶│    5.200  challenge ACK
            5.200  #2  │◀──────────────────────────── ACK 1/101 ──┤    5.250  duplicate ACK
            5.250  #2  ├── ACK 1/1 ───────────────┄┄              │    5.300  challenge ACK
            5.300  #2  ├── RST 1 ───────────╲                     │
            5.300  #2  │ ESTABLISHED → CLOSED                     │           abort
            5.300  #2  │                 bereft: its peer is gone │           cause: the application
            5.300  #2  │ ┄┄ ACK 1/1 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 5.250, stale
            5.300  #2  │                    ╲ ╱────── ACK 1/101 ──┤           duplicate ACK
                       │                     ╳                    │
            5.350  #2  │◀───────────────────╱ ╲──────────────────▶│
            5.350  #2  ├── RST 101 ──────────────────────────────▶│    5.400
            5.400  #2  │                     ESTABLISHED → CLOSED │           reset, told: reset, wasted 3,584 B
                       │                                          │           × 0.1 s
        "#]],
    );
}
