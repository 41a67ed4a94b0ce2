//! Crashes and reboots (RFC 9293 §3.5.1), and several servers on one host.

use expect_test::expect;
use synlab_tests::ladder;

/// Figure 10: the end that is left speaks, and learns from a reset that it is alone.
#[test]
fn the_end_that_is_left_speaks() {
    ladder(
        "three-way",
        r#"
        [client]
        quiet-time = "0s"
        crash = [{ at = "2s", for = "1s" }]
        script = ["connect", "receive 100 B", "close"]
        [server]
        script = ["accept", "wait until 4 s", "send 100 B", "close on EOF"]
        "#,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  │                    LISTEN → SYN-RECEIVED │
            0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
            0.100  │ SYN-SENT → ESTABLISHED                   │
            0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
            0.150  │               SYN-RECEIVED → ESTABLISHED │
            2.000  │ the host crashes                         │
            2.000  │ ESTABLISHED → CLOSED                     │           the host crashed
            2.000  │                 bereft: its peer is gone │           cause: a crash
            3.000  │ the host is up again                     │
            4.000  │◀─────────────────────── DATA 1/1 100 B ──┤    4.050
            4.050  ├── RST 1 ────────────────────────────────▶│    4.100
            4.100  │                     ESTABLISHED → CLOSED │           reset, told: reset, 100 B sent are
                   │                                          │           lost, wasted 3,584 B × 2.1 s
        "#]],
    );
}

/// Figure 9: the end that crashed opens again, from the same port.
#[test]
fn the_end_that_crashed_opens_again() {
    ladder(
        "three-way",
        r#"
        [client]
        quiet-time = "0s"
        crash = [{ at = "2s", for = "1s" }]
        scripts = [
            ["connect from 5000", "receive EOF", "close"],
            ["wait until 4 s", "connect from 5000", "close"],
        ]
        [server]
        script = ["accept", "close on EOF"]
        "#,
        &expect![[r#"
               time      client                                server  arrives
              0.000  #1  │ CLOSED → SYN-SENT                        │
              0.000  #1  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  #1  │                    LISTEN → SYN-RECEIVED │
              0.050  #1  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  #1  │ SYN-SENT → ESTABLISHED                   │
              0.100  #1  ├── ACK 1/1 ──────────────────────────────▶│    0.150
              0.150  #1  │               SYN-RECEIVED → ESTABLISHED │
              2.000      │ the host crashes                         │
              2.000  #1  │ ESTABLISHED → CLOSED                     │           the host crashed
              2.000  #1  │                 bereft: its peer is gone │           cause: a crash
              3.000      │ the host is up again                     │
              4.000  #2  │ CLOSED → SYN-SENT                        │
              4.000  #2  ├── SYN 0 ────────────────────────────────▶│    4.050
              4.050  #1  │◀────────────────────────────── ACK 1/1 ──┤    4.100  challenge ACK
              4.100  #2  ├── RST 1 ────────────────────────────────▶│    4.150
              4.150  #1  │                     ESTABLISHED → CLOSED │           reset, told: reset, wasted
                         │                                          │           3,584 B × 2.15 s
              5.000  #2  ├── SYN 0 ────────────────────────────────▶│    5.050  retransmission 1
              5.050  #2  │                    LISTEN → SYN-RECEIVED │
              5.050  #2  │◀────────────────────────── SYN,ACK 0/1 ──┤    5.100
              5.100  #2  │ SYN-SENT → ESTABLISHED                   │
              5.100  #2  │ ESTABLISHED → FIN-WAIT-1                 │           close
              5.100  #2  ├── FIN,ACK 1/1 ──────────────────────────▶│    5.150
              5.150  #2  │               SYN-RECEIVED → ESTABLISHED │
              5.150  #2  │                 ESTABLISHED → CLOSE-WAIT │
              5.150  #2  │                    CLOSE-WAIT → LAST-ACK │           close
              5.150  #2  │◀────────────────────────── FIN,ACK 1/2 ──┤    5.200
              5.200  #2  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              5.200  #2  │ FIN-WAIT-2 → TIME-WAIT                   │
              5.200  #2  ├── ACK 2/2 ──────────────────────────────▶│    5.250
              5.250  #2  │                        LAST-ACK → CLOSED │
                         ⋮                 239.95 s                 ⋮
            245.200  #2  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}

/// What comes while the host is down, and in its quiet time, is not heard.
#[test]
fn nobody_listens_until_the_quiet_time_is_over() {
    ladder(
        "three-way",
        r#"
        [client]
        script = ["wait 0.5 s", "connect within 6 s"]
        [server]
        quiet-time = "3s"
        crash = [{ at = "0.2s", for = "1.5s" }]
        script = ["accept", "close on EOF"]
        "#,
        &expect![[r#"
             time  client                                server  arrives
            0.200  │                         the host crashes │
            0.500  │ CLOSED → SYN-SENT                        │
            0.500  ├── SYN 0 ────────────────────────────────✗│    0.550  unheard: the host is down
            1.500  ├── SYN 0 ────────────────────────────────✗│    1.550  retransmission 1, unheard: the host is
                   │                                          │           down
            1.700  │                     the host is up again │           keeps quiet until 4.700
            3.500  ├── SYN 0 ────────────────────────────────✗│    3.550  retransmission 2, unheard: quiet time
            6.500  │ SYN-SENT → CLOSED                        │           abort
        "#]],
    );
}

#[test]
fn each_port_has_its_own_server() {
    ladder(
        "three-way",
        r#"
        [client]
        scripts = [["connect server:80", "receive EOF", "close"], ["connect server:81", "receive EOF", "close"]]
        [server]
        scripts = [["accept at 80", "send 10 B", "close"], ["accept at 81", "send 20 B", "close"]]
        "#,
        &expect![[r#"
               time      client                                server  arrives
              0.000  #1  │ CLOSED → SYN-SENT                        │
              0.000  #1  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.000  #2  │ CLOSED → SYN-SENT                        │
              0.000  #2  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  #1  │                    LISTEN → SYN-RECEIVED │
              0.050  #1  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.050  #2  │                    LISTEN → SYN-RECEIVED │
              0.050  #2  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  #1  │ SYN-SENT → ESTABLISHED                   │
              0.100  #1  ├── ACK 1/1 ──────────────────────────────▶│    0.150
              0.100  #2  │ SYN-SENT → ESTABLISHED                   │
              0.100  #2  ├── ACK 1/1 ──────────────────────────────▶│    0.150
              0.150  #1  │               SYN-RECEIVED → ESTABLISHED │
              0.150  #1  │                 ESTABLISHED → FIN-WAIT-1 │           close
              0.150  #1  │◀───────────────────── FIN,ACK 1/1 10 B ──┤    0.200
              0.150  #2  │               SYN-RECEIVED → ESTABLISHED │
              0.150  #2  │                 ESTABLISHED → FIN-WAIT-1 │           close
              0.150  #2  │◀───────────────────── FIN,ACK 1/1 20 B ──┤    0.200
              0.200  #1  │ ESTABLISHED → CLOSE-WAIT                 │
              0.200  #1  │ CLOSE-WAIT → LAST-ACK                    │           close
              0.200  #1  ├── FIN,ACK 1/12 ─────────────────────────▶│    0.250
              0.200  #2  │ ESTABLISHED → CLOSE-WAIT                 │
              0.200  #2  │ CLOSE-WAIT → LAST-ACK                    │           close
              0.200  #2  ├── FIN,ACK 1/22 ─────────────────────────▶│    0.250
              0.250  #1  │                  FIN-WAIT-1 → FIN-WAIT-2 │
              0.250  #1  │                   FIN-WAIT-2 → TIME-WAIT │
              0.250  #1  │◀───────────────────────────── ACK 12/2 ──┤    0.300
              0.250  #2  │                  FIN-WAIT-1 → FIN-WAIT-2 │
              0.250  #2  │                   FIN-WAIT-2 → TIME-WAIT │
              0.250  #2  │◀───────────────────────────── ACK 22/2 ──┤    0.300
              0.300  #1  │ LAST-ACK → CLOSED                        │
              0.300  #2  │ LAST-ACK → CLOSED                        │
                         ⋮                 239.95 s                 ⋮
            240.250  #1  │                       TIME-WAIT → CLOSED │           TIME-WAIT is over
            240.250  #2  │                       TIME-WAIT → CLOSED │           TIME-WAIT is over
        "#]],
    );
}

/// Two clients from the only ephemeral port: the second is told that there is none, and sends nothing.
#[test]
fn an_application_is_told_that_no_port_is_free() {
    ladder(
        "three-way",
        r#"
        [client]
        ephemeral-ports = "5000-5000"
        scripts = [["connect", "close"], ["wait 20 ms", "connect", "close"]]
        [server]
        script = ["accept", "close on EOF"]
        "#,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.020  │ connect: insufficient resources: no port │
              0.050  │                    LISTEN → SYN-RECEIVED │
              0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.100  │ SYN-SENT → ESTABLISHED                   │
              0.100  │ ESTABLISHED → FIN-WAIT-1                 │           close
              0.100  ├── FIN,ACK 1/1 ──────────────────────────▶│    0.150
              0.150  │               SYN-RECEIVED → ESTABLISHED │
              0.150  │                 ESTABLISHED → CLOSE-WAIT │
              0.150  │                    CLOSE-WAIT → LAST-ACK │           close
              0.150  │◀────────────────────────── FIN,ACK 1/2 ──┤    0.200
              0.200  │ FIN-WAIT-1 → FIN-WAIT-2                  │
              0.200  │ FIN-WAIT-2 → TIME-WAIT                   │
              0.200  ├── ACK 2/2 ──────────────────────────────▶│    0.250
              0.250  │                        LAST-ACK → CLOSED │
                     ⋮                 239.95 s                 ⋮
            240.200  │ TIME-WAIT → CLOSED                       │           TIME-WAIT is over
        "#]],
    );
}
