//! A SYN that comes long after the connection that its retransmission opened: when all is closed, while the connection is
//! open, and while the client is in TIME-WAIT.

use expect_test::expect;
use synlab_tests::ladder;

/// As in configs/cases/stale-syn.toml, without data.
const STALE: &str = r#"
    [[link.fault]]
    on = { from = "client", flags = "SYN", nth = 1 }
    delay = "5s"
    [client]
    time-wait = "1s"
    script = ["connect", "wait until 1.3 s", "close"]
    [server]
    syn-ack-retries = 5
    script = ["accept", "close on EOF"]
"#;

#[test]
fn a_stale_syn_in_two_way_leaves_a_ghost() {
    ladder(
        "two-way",
        STALE,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ─────────────────┄┄              │    5.000  delayed by fault 1
              1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
              1.050  │                     LISTEN → ESTABLISHED │
              1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100
              1.100  │ SYN-SENT → ESTABLISHED                   │
              1.300  │ ESTABLISHED → FIN-WAIT-1                 │           close
              1.300  ├── FIN,ACK 1/1 ──────────────────────────▶│    1.350
              1.350  │                 ESTABLISHED → CLOSE-WAIT │
              1.350  │                    CLOSE-WAIT → LAST-ACK │           close
              1.350  │◀────────────────────────── FIN,ACK 1/2 ──┤    1.400
              1.400  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              1.400  │ FIN-WAIT-2 → TIME-WAIT                   │
              1.400  ├── ACK 2/2 ──────────────────────────────▶│    1.450
              1.450  │                        LAST-ACK → CLOSED │
              2.400  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
              5.000  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, stale
              5.000  │                     LISTEN → ESTABLISHED │
              5.000  │                 a ghost: nobody is there │           cause: a delayed segment
              5.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    5.050  wasted
                     ⋮                  595 s                   ⋮
            600.000  │                        still ESTABLISHED │           end of the run, wasted 3,584 B ×
                     │                                          │           595 s
        "#]],
    );
}

#[test]
fn a_reset_ends_the_ghost() {
    ladder(
        "two-way-rst",
        STALE,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ─────────────────┄┄              │    5.000  delayed by fault 1
            1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
            1.050  │                     LISTEN → ESTABLISHED │
            1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100
            1.100  │ SYN-SENT → ESTABLISHED                   │
            1.300  │ ESTABLISHED → FIN-WAIT-1                 │           close
            1.300  ├── FIN,ACK 1/1 ──────────────────────────▶│    1.350
            1.350  │                 ESTABLISHED → CLOSE-WAIT │
            1.350  │                    CLOSE-WAIT → LAST-ACK │           close
            1.350  │◀────────────────────────── FIN,ACK 1/2 ──┤    1.400
            1.400  │ FIN-WAIT-1 → FIN-WAIT-2                  │
            1.400  │ FIN-WAIT-2 → TIME-WAIT                   │
            1.400  ├── ACK 2/2 ──────────────────────────────▶│    1.450
            1.450  │                        LAST-ACK → CLOSED │
            2.400  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
            5.000  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, stale
            5.000  │                     LISTEN → ESTABLISHED │
            5.000  │                 a ghost: nobody is there │           cause: a delayed segment
            5.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    5.050  wasted
            5.050  ├── RST 1 ────────────────────────────────▶│    5.100  wasted
            5.100  │                     ESTABLISHED → CLOSED │           reset, told: reset, wasted 3,584 B ×
                   │                                          │           0.1 s
        "#]],
    );
}

#[test]
fn a_reset_ends_the_half_open_entry() {
    ladder(
        "three-way",
        STALE,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ─────────────────┄┄              │    5.000  delayed by fault 1
            1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
            1.050  │                    LISTEN → SYN-RECEIVED │
            1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100
            1.100  │ SYN-SENT → ESTABLISHED                   │
            1.100  ├── ACK 1/1 ──────────────────────────────▶│    1.150
            1.150  │               SYN-RECEIVED → ESTABLISHED │
            1.300  │ ESTABLISHED → FIN-WAIT-1                 │           close
            1.300  ├── FIN,ACK 1/1 ──────────────────────────▶│    1.350
            1.350  │                 ESTABLISHED → CLOSE-WAIT │
            1.350  │                    CLOSE-WAIT → LAST-ACK │           close
            1.350  │◀────────────────────────── FIN,ACK 1/2 ──┤    1.400
            1.400  │ FIN-WAIT-1 → FIN-WAIT-2                  │
            1.400  │ FIN-WAIT-2 → TIME-WAIT                   │
            1.400  ├── ACK 2/2 ──────────────────────────────▶│    1.450
            1.450  │                        LAST-ACK → CLOSED │
            2.400  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
            5.000  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, stale
            5.000  │                    LISTEN → SYN-RECEIVED │
            5.000  │               abandoned: nobody is there │           cause: a delayed segment
            5.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    5.050  wasted
            5.050  ├── RST 1 ────────────────────────────────▶│    5.100  wasted
            5.100  │                    SYN-RECEIVED → CLOSED │           reset, wasted 320 B × 0.1 s
        "#]],
    );
}

/// Three messages without the reset: 63 s of half-open entry.
#[test]
fn silence_leaves_the_half_open_entry_to_its_timer() {
    ladder(
        "three-way-silent",
        STALE,
        &expect![[r#"
              time  client                                server  arrives
             0.000  │ CLOSED → SYN-SENT                        │
             0.000  ├── SYN 0 ─────────────────┄┄              │    5.000  delayed by fault 1
             1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
             1.050  │                    LISTEN → SYN-RECEIVED │
             1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100
             1.100  │ SYN-SENT → ESTABLISHED                   │
             1.100  ├── ACK 1/1 ──────────────────────────────▶│    1.150
             1.150  │               SYN-RECEIVED → ESTABLISHED │
             1.300  │ ESTABLISHED → FIN-WAIT-1                 │           close
             1.300  ├── FIN,ACK 1/1 ──────────────────────────▶│    1.350
             1.350  │                 ESTABLISHED → CLOSE-WAIT │
             1.350  │                    CLOSE-WAIT → LAST-ACK │           close
             1.350  │◀────────────────────────── FIN,ACK 1/2 ──┤    1.400
             1.400  │ FIN-WAIT-1 → FIN-WAIT-2                  │
             1.400  │ FIN-WAIT-2 → TIME-WAIT                   │
             1.400  ├── ACK 2/2 ──────────────────────────────▶│    1.450
             1.450  │                        LAST-ACK → CLOSED │
             2.400  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
             5.000  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, stale
             5.000  │                    LISTEN → SYN-RECEIVED │
             5.000  │               abandoned: nobody is there │           cause: a delayed segment
             5.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    5.050  wasted
             6.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    6.050  retransmission 1, wasted
             8.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    8.050  retransmission 2, wasted
            12.000  │◀────────────────────────── SYN,ACK 0/1 ──┤   12.050  retransmission 3, wasted
                    ⋮                   8 s                    ⋮
            20.000  │◀────────────────────────── SYN,ACK 0/1 ──┤   20.050  retransmission 4, wasted
                    ⋮                   16 s                   ⋮
            36.000  │◀────────────────────────── SYN,ACK 0/1 ──┤   36.050  retransmission 5, wasted
                    ⋮                   32 s                   ⋮
            68.000  │                    SYN-RECEIVED → CLOSED │           gave up, wasted 320 B × 63 s
        "#]],
    );
}

/// The server holds the 4-tuple, so the SYN makes no second entry; a challenge ACK answers it (RFC 5961 §4).
const ESTABLISHED: &str = r#"
    [[link.fault]]
    on = { from = "client", flags = "SYN", nth = 1 }
    delay = "1.3s"
    [client]
    script = ["connect", "send 100 B", "receive 100 B", "wait until 3 s", "close"]
"#;

#[test]
fn a_stale_syn_meets_its_own_connection() {
    ladder(
        "three-way",
        ESTABLISHED,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ─────────────────┄┄              │    1.300  delayed by fault 1
              1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
              1.050  │                    LISTEN → SYN-RECEIVED │
              1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100
              1.100  │ SYN-SENT → ESTABLISHED                   │
              1.100  ├── ACK,DATA 1/1 100 B ───────────────────▶│    1.150
              1.150  │               SYN-RECEIVED → ESTABLISHED │
              1.150  │◀───────────────────── DATA 1/101 100 B ──┤    1.200
              1.200  ├── ACK 101/101 ──────────────────────────▶│    1.250
              1.300  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, stale
              1.300  │◀────────────────────────── ACK 101/101 ──┤    1.350  challenge ACK
              3.000  │ ESTABLISHED → FIN-WAIT-1                 │           close
              3.000  ├── FIN,ACK 101/101 ──────────────────────▶│    3.050
              3.050  │                 ESTABLISHED → CLOSE-WAIT │
              3.050  │                    CLOSE-WAIT → LAST-ACK │           close
              3.050  │◀────────────────────── FIN,ACK 101/102 ──┤    3.100
              3.100  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              3.100  │ FIN-WAIT-2 → TIME-WAIT                   │
              3.100  ├── ACK 102/102 ──────────────────────────▶│    3.150
              3.150  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            243.100  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

#[test]
fn a_stale_syn_meets_its_own_connection_in_two_way() {
    ladder(
        "two-way",
        ESTABLISHED,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ─────────────────┄┄              │    1.300  delayed by fault 1
              1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
              1.050  │                     LISTEN → ESTABLISHED │
              1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100
              1.100  │ SYN-SENT → ESTABLISHED                   │
              1.100  ├── ACK,DATA 1/1 100 B ───────────────────▶│    1.150
              1.150  │◀───────────────────── DATA 1/101 100 B ──┤    1.200
              1.200  ├── ACK 101/101 ──────────────────────────▶│    1.250
              1.300  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, stale
              1.300  │◀────────────────────────── ACK 101/101 ──┤    1.350  challenge ACK
              3.000  │ ESTABLISHED → FIN-WAIT-1                 │           close
              3.000  ├── FIN,ACK 101/101 ──────────────────────▶│    3.050
              3.050  │                 ESTABLISHED → CLOSE-WAIT │
              3.050  │                    CLOSE-WAIT → LAST-ACK │           close
              3.050  │◀────────────────────── FIN,ACK 101/102 ──┤    3.100
              3.100  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              3.100  │ FIN-WAIT-2 → TIME-WAIT                   │
              3.100  ├── ACK 102/102 ──────────────────────────▶│    3.150
              3.150  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            243.100  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

/// The client is in TIME-WAIT when the stale SYN wakes the server.
const TIME_WAIT: &str = r#"
    [[link.fault]]
    on = { from = "client", flags = "SYN", nth = 1 }
    delay = "5s"
    [client]
    script = ["connect", "wait until 1.3 s", "close"]
    [server]
    syn-ack-retries = 2
    script = ["accept", "close on EOF"]
"#;

/// SYN-ACK, ACK, RST: the reset of SYN-RECEIVED has exactly the number TIME-WAIT expects.
#[test]
fn a_stale_syn_assassinates_time_wait() {
    ladder(
        "three-way",
        TIME_WAIT,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ─────────────────┄┄              │    5.000  delayed by fault 1
            1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
            1.050  │                    LISTEN → SYN-RECEIVED │
            1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100
            1.100  │ SYN-SENT → ESTABLISHED                   │
            1.100  ├── ACK 1/1 ──────────────────────────────▶│    1.150
            1.150  │               SYN-RECEIVED → ESTABLISHED │
            1.300  │ ESTABLISHED → FIN-WAIT-1                 │           close
            1.300  ├── FIN,ACK 1/1 ──────────────────────────▶│    1.350
            1.350  │                 ESTABLISHED → CLOSE-WAIT │
            1.350  │                    CLOSE-WAIT → LAST-ACK │           close
            1.350  │◀────────────────────────── FIN,ACK 1/2 ──┤    1.400
            1.400  │ FIN-WAIT-1 → FIN-WAIT-2                  │
            1.400  │ FIN-WAIT-2 → TIME-WAIT                   │
            1.400  ├── ACK 2/2 ──────────────────────────────▶│    1.450
            1.450  │                        LAST-ACK → CLOSED │
            5.000  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, stale
            5.000  │                    LISTEN → SYN-RECEIVED │
            5.000  │               abandoned: nobody is there │           cause: a delayed segment
            5.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    5.050  wasted
            5.050  ├── ACK 2/2 ──────────────────────────────▶│    5.100  challenge ACK, wasted
            5.100  │◀──────────────────────────────── RST 2 ──┤    5.150  wasted
            5.150  │ TIME-WAIT → CLOSED                       │           reset
            6.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    6.050  retransmission 1, wasted
            6.050  ├── RST 1 ────────────────────────────────▶│    6.100  wasted
            6.100  │                    SYN-RECEIVED → CLOSED │           reset, wasted 320 B × 1.1 s
        "#]],
    );
}

/// Silence is for hosts without a connection; this reset is SYN-RECEIVED's.
#[test]
fn silence_does_not_save_time_wait() {
    ladder(
        "three-way-silent",
        TIME_WAIT,
        &expect![[r#"
              time  client                                server  arrives
             0.000  │ CLOSED → SYN-SENT                        │
             0.000  ├── SYN 0 ─────────────────┄┄              │    5.000  delayed by fault 1
             1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
             1.050  │                    LISTEN → SYN-RECEIVED │
             1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100
             1.100  │ SYN-SENT → ESTABLISHED                   │
             1.100  ├── ACK 1/1 ──────────────────────────────▶│    1.150
             1.150  │               SYN-RECEIVED → ESTABLISHED │
             1.300  │ ESTABLISHED → FIN-WAIT-1                 │           close
             1.300  ├── FIN,ACK 1/1 ──────────────────────────▶│    1.350
             1.350  │                 ESTABLISHED → CLOSE-WAIT │
             1.350  │                    CLOSE-WAIT → LAST-ACK │           close
             1.350  │◀────────────────────────── FIN,ACK 1/2 ──┤    1.400
             1.400  │ FIN-WAIT-1 → FIN-WAIT-2                  │
             1.400  │ FIN-WAIT-2 → TIME-WAIT                   │
             1.400  ├── ACK 2/2 ──────────────────────────────▶│    1.450
             1.450  │                        LAST-ACK → CLOSED │
             5.000  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, stale
             5.000  │                    LISTEN → SYN-RECEIVED │
             5.000  │               abandoned: nobody is there │           cause: a delayed segment
             5.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    5.050  wasted
             5.050  ├── ACK 2/2 ──────────────────────────────▶│    5.100  challenge ACK, wasted
             5.100  │◀──────────────────────────────── RST 2 ──┤    5.150  wasted
             5.150  │ TIME-WAIT → CLOSED                       │           reset
             6.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    6.050  retransmission 1, wasted
             8.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    8.050  retransmission 2, wasted
            12.000  │                    SYN-RECEIVED → CLOSED │           gave up, wasted 320 B × 7 s
        "#]],
    );
}

/// TIME-WAIT survives, and keeps the server's half-open entry alive until its retries run out.
#[test]
fn rfc_1337_saves_time_wait_and_costs_the_server() {
    ladder(
        "three-way/rfc1337",
        TIME_WAIT,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ─────────────────┄┄              │    5.000  delayed by fault 1
              1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
              1.050  │                    LISTEN → SYN-RECEIVED │
              1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100
              1.100  │ SYN-SENT → ESTABLISHED                   │
              1.100  ├── ACK 1/1 ──────────────────────────────▶│    1.150
              1.150  │               SYN-RECEIVED → ESTABLISHED │
              1.300  │ ESTABLISHED → FIN-WAIT-1                 │           close
              1.300  ├── FIN,ACK 1/1 ──────────────────────────▶│    1.350
              1.350  │                 ESTABLISHED → CLOSE-WAIT │
              1.350  │                    CLOSE-WAIT → LAST-ACK │           close
              1.350  │◀────────────────────────── FIN,ACK 1/2 ──┤    1.400
              1.400  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              1.400  │ FIN-WAIT-2 → TIME-WAIT                   │
              1.400  ├── ACK 2/2 ──────────────────────────────▶│    1.450
              1.450  │                        LAST-ACK → CLOSED │
              5.000  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, stale
              5.000  │                    LISTEN → SYN-RECEIVED │
              5.000  │               abandoned: nobody is there │           cause: a delayed segment
              5.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    5.050  wasted
              5.050  ├── ACK 2/2 ──────────────────────────────▶│    5.100  challenge ACK, wasted
              5.100  │◀──────────────────────────────── RST 2 ──┤    5.150  wasted
              6.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    6.050  retransmission 1, wasted
              6.050  ├── ACK 2/2 ──────────────────────────────▶│    6.100  challenge ACK, wasted
              6.100  │◀──────────────────────────────── RST 2 ──┤    6.150  wasted
              8.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    8.050  retransmission 2, wasted
              8.050  ├── ACK 2/2 ──────────────────────────────▶│    8.100  challenge ACK, wasted
              8.100  │◀──────────────────────────────── RST 2 ──┤    8.150  wasted
             12.000  │                    SYN-RECEIVED → CLOSED │           gave up, wasted 320 B × 7 s
                     ⋮                 229.4 s                  ⋮
            241.400  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

/// The acknowledgment of the old connection is an old one to the ghost, and nobody resets anything.
#[test]
fn time_wait_shields_a_ghost_from_the_reset() {
    ladder(
        "two-way-rst",
        TIME_WAIT,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ─────────────────┄┄              │    5.000  delayed by fault 1
              1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
              1.050  │                     LISTEN → ESTABLISHED │
              1.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    1.100
              1.100  │ SYN-SENT → ESTABLISHED                   │
              1.300  │ ESTABLISHED → FIN-WAIT-1                 │           close
              1.300  ├── FIN,ACK 1/1 ──────────────────────────▶│    1.350
              1.350  │                 ESTABLISHED → CLOSE-WAIT │
              1.350  │                    CLOSE-WAIT → LAST-ACK │           close
              1.350  │◀────────────────────────── FIN,ACK 1/2 ──┤    1.400
              1.400  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              1.400  │ FIN-WAIT-2 → TIME-WAIT                   │
              1.400  ├── ACK 2/2 ──────────────────────────────▶│    1.450
              1.450  │                        LAST-ACK → CLOSED │
              5.000  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, stale
              5.000  │                     LISTEN → ESTABLISHED │
              5.000  │                 a ghost: nobody is there │           cause: a delayed segment
              5.000  │◀────────────────────────── SYN,ACK 0/1 ──┤    5.050  wasted
              5.050  ├── ACK 2/2 ──────────────────────────────▶│    5.100  challenge ACK, wasted
                     ⋮                 236.35 s                 ⋮
            241.400  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
                     ⋮                 358.6 s                  ⋮
            600.000  │                        still ESTABLISHED │           end of the run, wasted 3,584 B ×
                     │                                          │           595 s
        "#]],
    );
}
