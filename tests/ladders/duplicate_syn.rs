//! A SYN that comes twice: at once, or when all is over.

use expect_test::expect;
use synlab_tests::ladder;

const DUPLICATED: &str = r#"
    [[link.fault]]
    on = { from = "client", flags = "SYN", nth = 1 }
    duplicate-after = "10ms"
    [client]
    script = ["connect", "wait until 1 s", "close"]
    [server]
    script = ["accept", "close on EOF"]
"#;

/// An old SYN in SYN-RECEIVED is out of the window: an acknowledgment answers it (RFC 9293 §3.10.7.4).
#[test]
fn a_copy_meets_syn_received() {
    ladder(
        "three-way",
        DUPLICATED,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050  duplicated by fault 1, again at
                     │                                          │           0.060
              0.050  │                    LISTEN → SYN-RECEIVED │
              0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.060  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, duplicate 1
              0.060  │                    ╱────────── ACK 1/1 ──┤           challenge ACK
              0.100  │ SYN-SENT → ESTABLISHED                   │
              0.100  ├── ACK 1/1 ─────────╲ ╱                   │
                     │                     ╳                    │
              0.110  │◀───────────────────╱ ╲                   │
              0.150  │                    ╲────────────────────▶│
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

/// A two-way server that has heard nothing since takes it for a client that missed the SYN-ACK.
#[test]
fn a_copy_meets_a_two_way_server() {
    ladder(
        "two-way",
        DUPLICATED,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050  duplicated by fault 1, again at
                     │                                          │           0.060
              0.050  │                     LISTEN → ESTABLISHED │
              0.050  │              ┄┄─────────── SYN,ACK 0/1 ──┤    0.100
              0.060  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, duplicate 1
              0.060  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.110  retransmission 1
              0.100  │◀┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ SYN,ACK 0/1 ┄┄ │           sent 0.050, stale
              0.100  │ SYN-SENT → ESTABLISHED                   │
              0.110  ├── ACK 1/1 ──────────────────────────────▶│    0.160  challenge ACK
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

/// The SYN of one connection and its request both come a second time when all is over. The ghost that the SYN leaves has
/// just the number the request begins with, so the server's application is given the same octets twice. Three-way keeps
/// the request out: the server waits for an acknowledgment of a number of its own that no old segment carries.
const OVER_AGAIN: &str = r#"
    [[link.fault]]
    on = { from = "client", flags = ["SYN", "data"] }
    duplicate-after = "3s"
    [client]
    time-wait = "1s"
    script = ["connect", "send 100 B", "receive 100 B", "close"]
"#;

#[test]
fn two_way_delivers_a_request_twice() {
    ladder(
        "two-way",
        OVER_AGAIN,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050  duplicated by fault 1, again at
                     │                                          │           3.050
              0.050  │                     LISTEN → ESTABLISHED │
              0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  │ SYN-SENT → ESTABLISHED                   │
              0.100  ├── ACK,DATA 1/1 100 B ───────────────────▶│    0.150  duplicated by fault 1, again at
                     │                                          │           3.150
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
              1.300  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
              3.050  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, duplicate 1, stale
              3.050  │                     LISTEN → ESTABLISHED │
              3.050  │                 a ghost: nobody is there │           cause: a duplicated segment
              3.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    3.100  wasted
              3.150  │ ┄┄ ACK,DATA 1/1 100 B ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.100, duplicate 1, stale
              3.150  │◀───────────────────── DATA 1/101 100 B ──┤    3.200  wasted
              4.150  │◀───────────────────── DATA 1/101 100 B ──┤    4.200  retransmission 1, wasted
              6.150  │◀───────────────────── DATA 1/101 100 B ──┤    6.200  retransmission 2, wasted
             10.150  │◀───────────────────── DATA 1/101 100 B ──┤   10.200  retransmission 3, wasted
                     ⋮                   8 s                    ⋮
             18.150  │◀───────────────────── DATA 1/101 100 B ──┤   18.200  retransmission 4, wasted
                     ⋮                   16 s                   ⋮
             34.150  │◀───────────────────── DATA 1/101 100 B ──┤   34.200  retransmission 5, wasted
                     ⋮                   32 s                   ⋮
             66.150  │◀───────────────────── DATA 1/101 100 B ──┤   66.200  retransmission 6, wasted
                     ⋮                   60 s                   ⋮
            126.150  │                     ESTABLISHED → CLOSED │           gave up, told: timed out, 100 B sent
                     │                                          │           are lost, wasted 3,584 B × 123.1 s
        "#]],
    );
}

#[test]
fn three_way_delivers_it_once() {
    ladder(
        "three-way",
        OVER_AGAIN,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050  duplicated by fault 1, again at 3.050
            0.050  │                    LISTEN → SYN-RECEIVED │
            0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
            0.100  │ SYN-SENT → ESTABLISHED                   │
            0.100  ├── ACK,DATA 1/1 100 B ───────────────────▶│    0.150  duplicated by fault 1, again at 3.150
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
            1.300  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
            3.050  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, duplicate 1, stale
            3.050  │                    LISTEN → SYN-RECEIVED │
            3.050  │               abandoned: nobody is there │           cause: a duplicated segment
            3.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    3.100  wasted
            3.100  ├── RST 1 ────────────────────────────────▶│    3.150  wasted
            3.150  │ ┄┄ ACK,DATA 1/1 100 B ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.100, duplicate 1, stale
            3.150  │◀──────────────────────────────── RST 1 ──┤    3.200  wasted
            3.150  │                    SYN-RECEIVED → CLOSED │           reset, wasted 320 B × 0.1 s
        "#]],
    );
}

/// Two lives of a 4-tuple that meet: the client's second connection is open, the server's end of it is gone unheard, and a
/// copy of the first connection's SYN makes the server half-open again. Each end finds the other's numbers outside its
/// window and says so (RFC 9293 §3.10.7.4), once each round trip, until the half-open entry is given up. RFC 5961 §7 would
/// limit the rate.
#[test]
fn two_lives_of_a_4_tuple_argue() {
    let lives = r#"
        [[link.fault]]
        on = { from = "client", flags = "SYN", attempt = 1 }
        copies = ["50 ms", "3 s"]
        [[link.fault]]
        on = { from = "server", flags = "RST", attempt = 2 }
        drop = true
        [client]
        scripts = [
            ["connect from 5000", "receive EOF", "close"],
            ["wait until 2 s", "connect from 5000"],
        ]
        [server]
        syn-ack-retries = 0
        script = ["accept", "wait 500 ms", "abort"]
    "#;
    ladder(
        "three-way",
        lives,
        &expect![[r#"
               time      client                                server  arrives
              0.000  #1  │ CLOSED → SYN-SENT                        │
              0.000  #1  ├── SYN 0 ────────────────────────────────▶│    0.050  duplicated by fault 1, again at
                         │                                          │           3.000
              0.050  #1  │                    LISTEN → SYN-RECEIVED │
              0.050  #1  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  #1  │ SYN-SENT → ESTABLISHED                   │
              0.100  #1  ├── ACK 1/1 ──────────────────────────────▶│    0.150
              0.150  #1  │               SYN-RECEIVED → ESTABLISHED │
              0.650  #1  │◀──────────────────────────────── RST 1 ──┤    0.700
              0.650  #1  │                     ESTABLISHED → CLOSED │           abort
              0.650  #1  │ bereft: its peer is gone                 │           cause: the application
              0.700  #1  │ ESTABLISHED → CLOSED                     │           reset, told: reset, wasted
                         │                                          │           3,584 B × 0.05 s
              2.000  #2  │ CLOSED → SYN-SENT                        │
              2.000  #2  ├── SYN 0 ────────────────────────────────▶│    2.050
              2.050  #2  │                    LISTEN → SYN-RECEIVED │
              2.050  #2  │◀────────────────────────── SYN,ACK 0/1 ──┤    2.100
              2.100  #2  │ SYN-SENT → ESTABLISHED                   │
              2.100  #2  ├── ACK 1/1 ──────────────────────────────▶│    2.150
              2.150  #2  │               SYN-RECEIVED → ESTABLISHED │
              2.650  #2  │              ✗────────────────── RST 1 ──┤           dropped by fault 2
              2.650  #2  │                     ESTABLISHED → CLOSED │           abort
              2.650  #2  │ bereft: its peer is gone                 │           cause: a lost segment
              3.000  #1  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, duplicate 1, stale
              3.000  #1  │                    LISTEN → SYN-RECEIVED │
              3.000  #1  │               abandoned: nobody is there │           cause: a duplicated segment
              3.000  #1  │◀────────────────────────── SYN,ACK 0/1 ──┤    3.050  wasted
              3.050  #2  ├── ACK 1/1 ──────────────────────────────▶│    3.100  challenge ACK, wasted
              3.100  #1  │◀────────────────────────────── ACK 1/1 ──┤    3.150  duplicate ACK, wasted
              3.150  #2  ├── ACK 1/1 ──────────────────────────────▶│    3.200  duplicate ACK, wasted
              3.200  #1  │◀────────────────────────────── ACK 1/1 ──┤    3.250  duplicate ACK, wasted
              3.250  #2  ├── ACK 1/1 ──────────────────────────────▶│    3.300  duplicate ACK, wasted
              3.300  #1  │◀────────────────────────────── ACK 1/1 ──┤    3.350  duplicate ACK, wasted
              3.350  #2  ├── ACK 1/1 ──────────────────────────────▶│    3.400  duplicate ACK, wasted
              3.400  #1  │◀────────────────────────────── ACK 1/1 ──┤    3.450  duplicate ACK, wasted
              3.450  #2  ├── ACK 1/1 ──────────────────────────────▶│    3.500  duplicate ACK, wasted
              3.500  #1  │◀────────────────────────────── ACK 1/1 ──┤    3.550  duplicate ACK, wasted
              3.550  #2  ├── ACK 1/1 ──────────────────────────────▶│    3.600  duplicate ACK, wasted
              3.600  #1  │◀────────────────────────────── ACK 1/1 ──┤    3.650  duplicate ACK, wasted
              3.650  #2  ├── ACK 1/1 ──────────────────────────────▶│    3.700  duplicate ACK, wasted
              3.700  #1  │◀────────────────────────────── ACK 1/1 ──┤    3.750  duplicate ACK, wasted
              3.750  #2  ├── ACK 1/1 ──────────────────────────────▶│    3.800  duplicate ACK, wasted
              3.800  #1  │◀────────────────────────────── ACK 1/1 ──┤    3.850  duplicate ACK, wasted
              3.850  #2  ├── ACK 1/1 ──────────────────────────────▶│    3.900  duplicate ACK, wasted
              3.900  #1  │◀────────────────────────────── ACK 1/1 ──┤    3.950  duplicate ACK, wasted
              3.950  #2  ├── ACK 1/1 ──────────────────────────────▶│    4.000  duplicate ACK, wasted
              4.000  #1  │                    SYN-RECEIVED → CLOSED │           gave up, wasted 320 B × 1 s
              4.000  #2  │              ✗────────────────── RST 1 ──┤           wasted, dropped by fault 2
                         ⋮                  596 s                   ⋮
            600.000  #2  │ still ESTABLISHED                        │           end of the run, wasted 3,584 B ×
                         │                                          │           596 s
        "#]],
    );
}
