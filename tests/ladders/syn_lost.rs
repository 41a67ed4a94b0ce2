//! Lost SYNs: one timeout each, doubling (RFC 6298 §5.5), whatever the handshake.

use expect_test::expect;
use synlab_tests::ladder;

const TWO_LOST: &str = r#"
    [[link.fault]]
    on = { from = "client", flags = "SYN", nth = [1, 2] }
    drop = true
"#;

#[test]
fn two_syns_lost() {
    ladder(
        "three-way",
        TWO_LOST,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ──────────────────✗              │           dropped by fault 1
              1.000  ├── SYN 0 ──────────────────✗              │           retransmission 1, dropped by fault 1
              3.000  ├── SYN 0 ────────────────────────────────▶│    3.050  retransmission 2
              3.050  │                    LISTEN → SYN-RECEIVED │
              3.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    3.100
              3.100  │ SYN-SENT → ESTABLISHED                   │
              3.100  ├── ACK,DATA 1/1 100 B ───────────────────▶│    3.150
              3.150  │               SYN-RECEIVED → ESTABLISHED │
              3.150  │◀───────────────────── DATA 1/101 100 B ──┤    3.200
              3.200  │ ESTABLISHED → FIN-WAIT-1                 │           close
              3.200  ├── FIN,ACK 101/101 ──────────────────────▶│    3.250
              3.250  │                 ESTABLISHED → CLOSE-WAIT │
              3.250  │                    CLOSE-WAIT → LAST-ACK │           close
              3.250  │◀────────────────────── FIN,ACK 101/102 ──┤    3.300
              3.300  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              3.300  │ FIN-WAIT-2 → TIME-WAIT                   │
              3.300  ├── ACK 102/102 ──────────────────────────▶│    3.350
              3.350  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            243.300  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

#[test]
fn two_syns_lost_in_two_way() {
    ladder(
        "two-way",
        TWO_LOST,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ──────────────────✗              │           dropped by fault 1
              1.000  ├── SYN 0 ──────────────────✗              │           retransmission 1, dropped by fault 1
              3.000  ├── SYN 0 ────────────────────────────────▶│    3.050  retransmission 2
              3.050  │                     LISTEN → ESTABLISHED │
              3.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    3.100
              3.100  │ SYN-SENT → ESTABLISHED                   │
              3.100  ├── ACK,DATA 1/1 100 B ───────────────────▶│    3.150
              3.150  │◀───────────────────── DATA 1/101 100 B ──┤    3.200
              3.200  │ ESTABLISHED → FIN-WAIT-1                 │           close
              3.200  ├── FIN,ACK 101/101 ──────────────────────▶│    3.250
              3.250  │                 ESTABLISHED → CLOSE-WAIT │
              3.250  │                    CLOSE-WAIT → LAST-ACK │           close
              3.250  │◀────────────────────── FIN,ACK 101/102 ──┤    3.300
              3.300  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              3.300  │ FIN-WAIT-2 → TIME-WAIT                   │
              3.300  ├── ACK 102/102 ──────────────────────────▶│    3.350
              3.350  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            243.300  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

/// Linux does not back off for the first four retransmissions.
#[test]
fn five_syns_lost_under_linux() {
    let linux = r#"
        [[link.fault]]
        on = { from = "client", flags = "SYN", nth = [1, 2, 3, 4, 5, 6] }
        drop = true
        [client]
        profile = "linux"
        script = ["connect"]
        [server]
        profile = "linux"
        script = ["accept"]
    "#;
    ladder(
        "three-way",
        linux,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ──────────────────✗              │           dropped by fault 1
              1.000  ├── SYN 0 ──────────────────✗              │           retransmission 1, dropped by fault 1
              2.000  ├── SYN 0 ──────────────────✗              │           retransmission 2, dropped by fault 1
              3.000  ├── SYN 0 ──────────────────✗              │           retransmission 3, dropped by fault 1
              4.000  ├── SYN 0 ──────────────────✗              │           retransmission 4, dropped by fault 1
              5.000  ├── SYN 0 ──────────────────✗              │           retransmission 5, dropped by fault 1
              7.000  ├── SYN 0 ────────────────────────────────▶│    7.050  retransmission 6
              7.050  │                    LISTEN → SYN-RECEIVED │
              7.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    7.100
              7.100  │ SYN-SENT → ESTABLISHED                   │
              7.100  ├── ACK 1/1 ──────────────────────────────▶│    7.150
              7.150  │               SYN-RECEIVED → ESTABLISHED │
                     ⋮                 592.85 s                 ⋮
            600.000  │ still ESTABLISHED      still ESTABLISHED │           end of the run
        "#]],
    );
}

/// RFC 6298 §5.7: a SYN was sent again, so data starts with a timeout of 3 s.
#[test]
fn the_request_is_lost_after_a_lost_syn() {
    let lost = r#"
        [[link.fault]]
        on = { from = "client", flags = "SYN", nth = 1 }
        drop = true
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
              0.000  ├── SYN 0 ──────────────────✗              │           dropped by fault 1
              1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
              1.050  │                    LISTEN → SYN-RECEIVED │
              1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100
              1.100  │ SYN-SENT → ESTABLISHED                   │
              1.100  ├── ACK,DATA 1/1 100 B ─────✗              │           dropped by fault 2
              2.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    2.100  retransmission 1
              2.100  ├── ACK 101/1 ────────────────────────────▶│    2.150  challenge ACK
              2.150  │               SYN-RECEIVED → ESTABLISHED │
              4.100  ├── ACK,DATA 1/1 100 B ───────────────────▶│    4.150  retransmission 1
              4.150  │◀───────────────────── DATA 1/101 100 B ──┤    4.200
              4.200  │ ESTABLISHED → FIN-WAIT-1                 │           close
              4.200  ├── FIN,ACK 101/101 ──────────────────────▶│    4.250
              4.250  │                 ESTABLISHED → CLOSE-WAIT │
              4.250  │                    CLOSE-WAIT → LAST-ACK │           close
              4.250  │◀────────────────────── FIN,ACK 101/102 ──┤    4.300
              4.300  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              4.300  │ FIN-WAIT-2 → TIME-WAIT                   │
              4.300  ├── ACK 102/102 ──────────────────────────▶│    4.350
              4.350  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            244.300  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}
