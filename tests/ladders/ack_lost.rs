//! Lost acknowledgments: the SYN-ACK, the third message, the last acknowledgment of a close.

use expect_test::expect;
use synlab_tests::ladder;

const SYN_ACK_LOST: &str = r#"
    [[link.fault]]
    on = { from = "server", flags = "SYN-ACK", nth = 1 }
    drop = true
"#;

/// Both timers are 1 s, so the client's SYN comes back at the instant at which the server's timer fires. The timer sends
/// the SYN-ACK; the SYN, an old one in SYN-RECEIVED, gets a plain acknowledgment (RFC 9293 §3.10.7.4).
#[test]
fn the_servers_timer_repairs_a_lost_syn_ack() {
    ladder(
        "three-way",
        SYN_ACK_LOST,
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
              1.100  ├── ACK,DATA 1/1 100 B ───────────────────▶│    1.150
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

/// There is no such timer in two-way: the client's SYN asks for the SYN-ACK again.
#[test]
fn the_clients_timer_repairs_it_in_two_way() {
    ladder(
        "two-way",
        SYN_ACK_LOST,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  │                     LISTEN → ESTABLISHED │
              0.050  │              ✗──────────── SYN,ACK 0/1 ──┤           dropped by fault 1
              1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
              1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100  retransmission 1
              1.100  │ SYN-SENT → ESTABLISHED                   │
              1.100  ├── ACK,DATA 1/1 100 B ───────────────────▶│    1.150
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

/// Linux answers the SYN with a SYN-ACK too. The first of the two to come is ACKed as the handshake, the second as old.
#[test]
fn linux_answers_the_syn_with_the_syn_ack() {
    let linux = r#"
        [client]
        profile = "linux"
        script = ["connect", "wait 1s", "close"]
        [server]
        profile = "linux"
        script = ["accept", "close on EOF"]
    "#;
    ladder(
        "three-way",
        &format!("{SYN_ACK_LOST}\n{linux}"),
        &expect![[r#"
              time  client                                server  arrives
             0.000  │ CLOSED → SYN-SENT                        │
             0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
             0.050  │                    LISTEN → SYN-RECEIVED │
             0.050  │              ✗──────────── SYN,ACK 0/1 ──┤           dropped by fault 1
             1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
             1.050  │              ┄┄─────────── SYN,ACK 0/1 ──┤    1.100  retransmission 1
             1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100  retransmission 2
             1.100  │◀┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ SYN,ACK 0/1 ┄┄ │           sent 1.050, stale
             1.100  │ SYN-SENT → ESTABLISHED                   │
             1.100  ├── ACK 1/1 ──────────────────────────────▶│    1.150
             1.100  ├── ACK 1/1 ──────────────────────────────▶│    1.150  challenge ACK
             1.150  │               SYN-RECEIVED → ESTABLISHED │
             2.100  │ ESTABLISHED → FIN-WAIT-1                 │           close
             2.100  ├── FIN,ACK 1/1 ──────────────────────────▶│    2.150
             2.150  │                 ESTABLISHED → CLOSE-WAIT │
             2.150  │                    CLOSE-WAIT → LAST-ACK │           close
             2.150  │◀────────────────────────── FIN,ACK 1/2 ──┤    2.200
             2.200  │ FIN-WAIT-1 → FIN-WAIT-2                  │
             2.200  │ FIN-WAIT-2 → TIME-WAIT                   │
             2.200  ├── ACK 2/2 ──────────────────────────────▶│    2.250
             2.250  │                        LAST-ACK → CLOSED │
                    ⋮                 59.95 s                  ⋮
            62.200  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

const THIRD_MESSAGE_LOST: &str = r#"
    [[link.fault]]
    on = { from = "client", flags = "ACK", acknowledges = "SYN", nth = 1 }
    drop = true
"#;

/// The client is open, the server is not, and says so a second later.
#[test]
fn the_third_message_is_lost_and_the_client_is_silent() {
    let silent = r#"
        [client]
        script = ["connect", "wait until 5 s", "close"]
        [server]
        script = ["accept", "close on EOF"]
    "#;
    ladder(
        "three-way",
        &format!("{THIRD_MESSAGE_LOST}\n{silent}"),
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  │                    LISTEN → SYN-RECEIVED │
              0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  │ SYN-SENT → ESTABLISHED                   │
              0.100  ├── ACK 1/1 ────────────────✗              │           dropped by fault 1
              1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100  retransmission 1
              1.100  ├── ACK 1/1 ──────────────────────────────▶│    1.150  challenge ACK
              1.150  │               SYN-RECEIVED → ESTABLISHED │
              5.000  │ ESTABLISHED → FIN-WAIT-1                 │           close
              5.000  ├── FIN,ACK 1/1 ──────────────────────────▶│    5.050
              5.050  │                 ESTABLISHED → CLOSE-WAIT │
              5.050  │                    CLOSE-WAIT → LAST-ACK │           close
              5.050  │◀────────────────────────── FIN,ACK 1/2 ──┤    5.100
              5.100  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              5.100  │ FIN-WAIT-2 → TIME-WAIT                   │
              5.100  ├── ACK 2/2 ──────────────────────────────▶│    5.150
              5.150  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            245.100  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

/// Every segment carries the acknowledgment, so the request completes the handshake.
#[test]
fn the_third_message_is_lost_and_the_client_speaks() {
    let speaks = r#"
        [client]
        script = ["connect", "wait 100 ms", "send 100 B", "receive 100 B", "close"]
    "#;
    ladder(
        "three-way",
        &format!("{THIRD_MESSAGE_LOST}\n{speaks}"),
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  │                    LISTEN → SYN-RECEIVED │
              0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  │ SYN-SENT → ESTABLISHED                   │
              0.100  ├── ACK 1/1 ────────────────✗              │           dropped by fault 1
              0.200  ├── DATA 1/1 100 B ───────────────────────▶│    0.250
              0.250  │               SYN-RECEIVED → ESTABLISHED │
              0.250  │◀───────────────────── DATA 1/101 100 B ──┤    0.300
              0.300  │ ESTABLISHED → FIN-WAIT-1                 │           close
              0.300  ├── FIN,ACK 101/101 ──────────────────────▶│    0.350
              0.350  │                 ESTABLISHED → CLOSE-WAIT │
              0.350  │                    CLOSE-WAIT → LAST-ACK │           close
              0.350  │◀────────────────────── FIN,ACK 101/102 ──┤    0.400
              0.400  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              0.400  │ FIN-WAIT-2 → TIME-WAIT                   │
              0.400  ├── ACK 102/102 ──────────────────────────▶│    0.450
              0.450  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            240.400  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

/// And so does a FIN: SYN-RECEIVED, ESTABLISHED and CLOSE-WAIT in one instant.
#[test]
fn the_third_message_is_lost_and_the_client_closes() {
    let closes = r#"
        [client]
        script = ["connect", "wait 100 ms", "close"]
        [server]
        script = ["accept", "close on EOF"]
    "#;
    ladder(
        "three-way",
        &format!("{THIRD_MESSAGE_LOST}\n{closes}"),
        &expect![[r#"
           time  client                                server  arrives
          0.000  │ CLOSED → SYN-SENT                        │
          0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
          0.050  │                    LISTEN → SYN-RECEIVED │
          0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
          0.100  │ SYN-SENT → ESTABLISHED                   │
          0.100  ├── ACK 1/1 ────────────────✗              │           dropped by fault 1
          0.200  │ ESTABLISHED → FIN-WAIT-1                 │           close
          0.200  ├── FIN,ACK 1/1 ──────────────────────────▶│    0.250
          0.250  │               SYN-RECEIVED → ESTABLISHED │
          0.250  │                 ESTABLISHED → CLOSE-WAIT │
          0.250  │                    CLOSE-WAIT → LAST-ACK │           close
          0.250  │◀────────────────────────── FIN,ACK 1/2 ──┤    0.300
          0.300  │ FIN-WAIT-1 → FIN-WAIT-2                  │
          0.300  │ FIN-WAIT-2 → TIME-WAIT                   │
          0.300  ├── ACK 2/2 ──────────────────────────────▶│    0.350
          0.350  │                        LAST-ACK → CLOSED │
                 ⋮                 239.95 s                 ⋮
        240.300  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
    "#]],
    );
}

const LAST_ACK_LOST: &str = r#"
    [[link.fault]]
    on = { from = "client", flags = "ACK", acknowledges = "FIN", nth = 1 }
    drop = true
"#;

/// The server's FIN comes again, is acknowledged again, and TIME-WAIT starts anew.
#[test]
fn time_wait_answers_the_fin_that_comes_again() {
    ladder(
        "three-way",
        LAST_ACK_LOST,
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
              0.300  ├── ACK 102/102 ────────────✗              │           dropped by fault 1
              1.250  │◀────────────────────── FIN,ACK 101/102 ──┤    1.300  retransmission 1
              1.300  ├── ACK 102/102 ──────────────────────────▶│    1.350  duplicate ACK
              1.350  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            241.300  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

#[test]
fn without_time_wait_the_fin_meets_a_reset() {
    ladder(
        "three-way/no-time-wait",
        LAST_ACK_LOST,
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
            0.300  ├── ACK 102/102 ────────────✗              │           dropped by fault 1
            0.300  │ FIN-WAIT-2 → CLOSED                      │
            0.300  │                 bereft: its peer is gone │           cause: a lost segment
            1.250  │◀────────────────────── FIN,ACK 101/102 ──┤    1.300  retransmission 1
            1.300  ├── RST 102 ──────────────────────────────▶│    1.350
            1.350  │                        LAST-ACK → CLOSED │           reset, wasted 2,368 B × 1.05 s
        "#]],
    );
}

/// A host that resets nobody leaves the server to its timer.
#[test]
fn without_time_wait_and_without_resets_the_server_gives_up() {
    ladder(
        "three-way-silent/no-time-wait",
        LAST_ACK_LOST,
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
              0.300  ├── ACK 102/102 ────────────✗              │           dropped by fault 1
              0.300  │ FIN-WAIT-2 → CLOSED                      │
              0.300  │                 bereft: its peer is gone │           cause: a lost segment
              1.250  │◀────────────────────── FIN,ACK 101/102 ──┤    1.300  retransmission 1
              3.250  │◀────────────────────── FIN,ACK 101/102 ──┤    3.300  retransmission 2
              7.250  │◀────────────────────── FIN,ACK 101/102 ──┤    7.300  retransmission 3
                     ⋮                   8 s                    ⋮
             15.250  │◀────────────────────── FIN,ACK 101/102 ──┤   15.300  retransmission 4
                     ⋮                   16 s                   ⋮
             31.250  │◀────────────────────── FIN,ACK 101/102 ──┤   31.300  retransmission 5
                     ⋮                   32 s                   ⋮
             63.250  │◀────────────────────── FIN,ACK 101/102 ──┤   63.300  retransmission 6
                     ⋮                   60 s                   ⋮
            123.250  │                        LAST-ACK → CLOSED │           gave up, wasted 2,368 B × 122.95 s
        "#]],
    );
}
