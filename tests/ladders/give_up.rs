//! Ends that retransmit in vain until they give up (RFC 9293 §3.8.3).

use expect_test::expect;
use synlab_tests::ladder;

/// 0, 1, 3, 7, 15, 31, 63 s; the timeout is at most 60 s, so the last leaves at 123 s and the open fails at 183 s.
#[test]
fn every_syn_is_lost() {
    let lost = r#"
        [[link.fault]]
        on = { from = "client", flags = "SYN" }
        drop = true
    "#;
    ladder(
        "three-way",
        lost,
        &expect![[r#"
           time  client                                server  arrives
          0.000  │ CLOSED → SYN-SENT                        │
          0.000  ├── SYN 0 ──────────────────✗              │           dropped by fault 1
          1.000  ├── SYN 0 ──────────────────✗              │           retransmission 1, dropped by fault 1
          3.000  ├── SYN 0 ──────────────────✗              │           retransmission 2, dropped by fault 1
          7.000  ├── SYN 0 ──────────────────✗              │           retransmission 3, dropped by fault 1
                 ⋮                   8 s                    ⋮
         15.000  ├── SYN 0 ──────────────────✗              │           retransmission 4, dropped by fault 1
                 ⋮                   16 s                   ⋮
         31.000  ├── SYN 0 ──────────────────✗              │           retransmission 5, dropped by fault 1
                 ⋮                   32 s                   ⋮
         63.000  ├── SYN 0 ──────────────────✗              │           retransmission 6, dropped by fault 1
                 ⋮                   60 s                   ⋮
        123.000  ├── SYN 0 ──────────────────✗              │           retransmission 7, dropped by fault 1
                 ⋮                   60 s                   ⋮
        183.000  │ SYN-SENT → CLOSED                        │           gave up, told: timed out
    "#]],
    );
}

const NO_SYN_ACK: &str = r#"
    [[link.fault]]
    on = { from = "server", flags = "SYN-ACK" }
    drop = true
    [client]
    syn-retries = 2
    script = ["connect"]
    [server]
    syn-ack-retries = 2
    script = ["accept", "close on EOF"]
"#;

#[test]
fn every_syn_ack_is_lost() {
    ladder(
        "three-way",
        NO_SYN_ACK,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  │                    LISTEN → SYN-RECEIVED │
            0.050  │              ✗──────────── SYN,ACK 0/1 ──┤           dropped by fault 1
            1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
            1.050  │              ✗──────────── SYN,ACK 0/1 ──┤           retransmission 1, dropped by fault 1
            1.050  │◀────────────────────────────── ACK 1/1 ──┤    1.100  challenge ACK
            3.000  ├── SYN 0 ────────────────────────────────▶│    3.050  retransmission 2
            3.050  │              ✗──────────── SYN,ACK 0/1 ──┤           retransmission 2, dropped by fault 1
            3.050  │◀────────────────────────────── ACK 1/1 ──┤    3.100  challenge ACK
            7.000  │ SYN-SENT → CLOSED                        │           gave up, told: timed out
            7.000  │               abandoned: nobody is there │           cause: a lost segment
            7.050  │                    SYN-RECEIVED → CLOSED │           gave up, wasted 320 B × 0.05 s
        "#]],
    );
}

/// The two-way server has no timer to give up by: the connection that nobody knows of is there for ever.
#[test]
fn every_syn_ack_is_lost_in_two_way() {
    ladder(
        "two-way",
        NO_SYN_ACK,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  │                     LISTEN → ESTABLISHED │
              0.050  │              ✗──────────── SYN,ACK 0/1 ──┤           dropped by fault 1
              1.000  ├── SYN 0 ────────────────────────────────▶│    1.050  retransmission 1
              1.050  │              ✗──────────── SYN,ACK 0/1 ──┤           retransmission 1, dropped by fault 1
              3.000  ├── SYN 0 ────────────────────────────────▶│    3.050  retransmission 2
              3.050  │              ✗──────────── SYN,ACK 0/1 ──┤           retransmission 2, dropped by fault 1
              7.000  │ SYN-SENT → CLOSED                        │           gave up, told: timed out
              7.000  │                 a ghost: nobody is there │           cause: a lost segment
                     ⋮                  593 s                   ⋮
            600.000  │                        still ESTABLISHED │           end of the run, wasted 3,584 B ×
                     │                                          │           593 s
        "#]],
    );
}

const NO_FIN: &str = r#"
    [[link.fault]]
    on = { from = "client", flags = "FIN" }
    drop = true
    [client]
    orphan-retries = 3
    script = ["connect", "wait until 1 s", "close"]
    [server]
    script = ["accept", "close on EOF"]
"#;

/// The client gives up in FIN-WAIT-1; the server has heard of nothing and is bereft.
#[test]
fn every_fin_is_lost() {
    ladder(
        "three-way",
        NO_FIN,
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
              2.000  ├── FIN,ACK 1/1 ────────────✗              │           retransmission 1, dropped by fault 1
              4.000  ├── FIN,ACK 1/1 ────────────✗              │           retransmission 2, dropped by fault 1
              8.000  ├── FIN,ACK 1/1 ────────────✗              │           retransmission 3, dropped by fault 1
                     ⋮                   8 s                    ⋮
             16.000  │ FIN-WAIT-1 → CLOSED                      │           gave up
             16.000  │                 bereft: its peer is gone │           cause: a lost segment
                     ⋮                  584 s                   ⋮
            600.000  │                        still ESTABLISHED │           end of the run, wasted 3,584 B ×
                     │                                          │           584 s
        "#]],
    );
}

/// The FINs are heard, the answers are not.
#[test]
fn every_answer_to_a_fin_is_lost() {
    let lost = r#"
        [[link.fault]]
        on = { from = "server", after = "900ms" }
        drop = true
        [client]
        orphan-retries = 3
        script = ["connect", "wait until 1 s", "close"]
        [server]
        orphan-retries = 3
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
             1.000  │ ESTABLISHED → FIN-WAIT-1                 │           close
             1.000  ├── FIN,ACK 1/1 ──────────────────────────▶│    1.050
             1.050  │                 ESTABLISHED → CLOSE-WAIT │
             1.050  │                    CLOSE-WAIT → LAST-ACK │           close
             1.050  │              ✗──────────── FIN,ACK 1/2 ──┤           dropped by fault 1
             2.000  ├── FIN,ACK 1/1 ──────────────────────────▶│    2.050  retransmission 1
             2.050  │              ✗──────────── FIN,ACK 1/2 ──┤           retransmission 1, dropped by fault 1
             2.050  │              ✗──────────────── ACK 2/2 ──┤           duplicate ACK, dropped by fault 1
             4.000  ├── FIN,ACK 1/1 ──────────────────────────▶│    4.050  retransmission 2
             4.050  │              ✗──────────── FIN,ACK 1/2 ──┤           retransmission 2, dropped by fault 1
             4.050  │              ✗──────────────── ACK 2/2 ──┤           duplicate ACK, dropped by fault 1
             8.000  ├── FIN,ACK 1/1 ──────────────────────────▶│    8.050  retransmission 3
             8.050  │              ✗──────────── FIN,ACK 1/2 ──┤           retransmission 3, dropped by fault 1
             8.050  │              ✗──────────────── ACK 2/2 ──┤           duplicate ACK, dropped by fault 1
                    ⋮                  7.95 s                  ⋮
            16.000  │ FIN-WAIT-1 → CLOSED                      │           gave up
            16.000  │                 bereft: its peer is gone │           cause: a lost segment
            16.050  │                        LAST-ACK → CLOSED │           gave up, wasted 2,368 B × 0.05 s
        "#]],
    );
}

/// Probes find out what silence hides: three unanswered ones, and the connection is given up.
#[test]
fn keepalive_gives_up() {
    let probes = r#"
        [[link.fault]]
        on = { from = "client", after = "500ms" }
        drop = true
        [client]
        script = ["connect", "wait until 1 s", "abort"]
        [server]
        keepalive = true
        keepalive-idle = "100s"
        keepalive-interval = "10s"
        keepalive-probes = 3
        script = ["accept", "close on EOF"]
    "#;
    ladder(
        "three-way",
        probes,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  │                    LISTEN → SYN-RECEIVED │
              0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  │ SYN-SENT → ESTABLISHED                   │
              0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
              0.150  │               SYN-RECEIVED → ESTABLISHED │
              1.000  ├── RST 1 ──────────────────✗              │           dropped by fault 1
              1.000  │ ESTABLISHED → CLOSED                     │           abort
              1.000  │                 bereft: its peer is gone │           cause: a lost segment
                     ⋮                 99.15 s                  ⋮
            100.150  │◀────────────────────────────── ACK 0/1 ──┤  100.200  keepalive
            100.200  ├── RST 1 ──────────────────✗              │           dropped by fault 1
                     ⋮                  9.95 s                  ⋮
            110.150  │◀────────────────────────────── ACK 0/1 ──┤  110.200  keepalive
            110.200  ├── RST 1 ──────────────────✗              │           dropped by fault 1
                     ⋮                  9.95 s                  ⋮
            120.150  │◀────────────────────────────── ACK 0/1 ──┤  120.200  keepalive
            120.200  ├── RST 1 ──────────────────✗              │           dropped by fault 1
                     ⋮                  9.95 s                  ⋮
            130.150  │                     ESTABLISHED → CLOSED │           gave up, told: timed out, wasted
                     │                                          │           3,584 B × 9.95 s
        "#]],
    );
}
