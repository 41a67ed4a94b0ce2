//! Resets: a port nobody listens at, and aborts that are heard, overtaken or lost.

use expect_test::expect;
use synlab_tests::ladder;

const REFUSED: &str = r#"
    [client]
    script = ["connect server:81"]
"#;

#[test]
fn a_closed_port_refuses() {
    ladder(
        "three-way",
        REFUSED,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  │◀────────────────────────── RST,ACK 0/1 ──┤    0.100
            0.100  │ SYN-SENT → CLOSED                        │           reset, told: refused
        "#]],
    );
}

/// Silence never covers the refusal of a SYN.
#[test]
fn a_closed_port_of_a_silent_host_refuses() {
    ladder(
        "three-way-silent",
        REFUSED,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  │◀────────────────────────── RST,ACK 0/1 ──┤    0.100
            0.100  │ SYN-SENT → CLOSED                        │           reset, told: refused
        "#]],
    );
}

const ABORT: &str = r#"
    [client]
    script = ["connect", "wait until 1 s", "abort"]
    [server]
    script = ["accept", "close on EOF"]
"#;

#[test]
fn an_abort_is_heard() {
    ladder(
        "three-way",
        ABORT,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  │                    LISTEN → SYN-RECEIVED │
            0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
            0.100  │ SYN-SENT → ESTABLISHED                   │
            0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
            0.150  │               SYN-RECEIVED → ESTABLISHED │
            1.000  ├── RST 1 ────────────────────────────────▶│    1.050
            1.000  │ ESTABLISHED → CLOSED                     │           abort
            1.000  │                 bereft: its peer is gone │           cause: the application
            1.050  │                     ESTABLISHED → CLOSED │           reset, told: reset, wasted 3,584 B ×
                   │                                          │           0.05 s
        "#]],
    );
}

/// The aborted end forgets at once; if nobody hears it, the other end is bereft for ever.
#[test]
fn an_abort_is_not_heard() {
    let lost = r#"
        [[link.fault]]
        on = { from = "client", flags = "RST" }
        drop = true
    "#;
    ladder(
        "three-way",
        &format!("{lost}\n{ABORT}"),
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
                     ⋮                  599 s                   ⋮
            600.000  │                        still ESTABLISHED │           end of the run, wasted 3,584 B ×
                     │                                          │           599 s
        "#]],
    );
}

/// Data that is on its way comes before the reset. What the server has acknowledged but its application has not read is
/// lost, and the acknowledgment itself meets a host that has forgotten everything.
#[test]
fn an_abort_follows_data_in_flight() {
    let in_flight = r#"
        [client]
        script = ["connect", "wait until 1 s", "send 1000 B", "wait 10 ms", "abort"]
        [server]
        script = ["accept", "receive 100 B", "wait until 2 s", "send 100 B", "close"]
    "#;
    ladder(
        "three-way",
        in_flight,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  │                    LISTEN → SYN-RECEIVED │
            0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
            0.100  │ SYN-SENT → ESTABLISHED                   │
            0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
            0.150  │               SYN-RECEIVED → ESTABLISHED │
            1.000  ├── DATA 1/1 1000 B ───────┄┄              │    1.050
            1.010  ├── RST 1001 ─────────────────────────────▶│    1.060
            1.010  │ ESTABLISHED → CLOSED                     │           abort
            1.010  │                 bereft: its peer is gone │           cause: the application
            1.050  │ ┄┄ DATA 1/1 1000 B ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 1.000, stale
            1.050  │              ┄┄──────────── ACK 1/1001 ──┤    1.100
            1.060  │                     ESTABLISHED → CLOSED │           reset, told: reset, wasted 3,584 B ×
                   │                                          │           0.05 s
            1.060  │ 900 B sent are lost                      │
            1.100  │◀┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄ ACK 1/1001 ┄┄ │           sent 1.050, stale
            1.100  ├── RST 1001 ─────────────────────────────▶│    1.150
        "#]],
    );
}

/// The server aborts with the client's data on its way: a reset answers it a second time.
#[test]
fn data_meets_a_host_that_aborted() {
    let crossing = r#"
        [client]
        script = ["connect", "wait until 1 s", "send 1000 B", "receive EOF", "close"]
        [server]
        script = ["accept", "wait until 1.02 s", "abort"]
    "#;
    ladder(
        "three-way",
        crossing,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  │                    LISTEN → SYN-RECEIVED │
            0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
            0.100  │ SYN-SENT → ESTABLISHED                   │
            0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
            0.150  │               SYN-RECEIVED → ESTABLISHED │
            1.000  ├── DATA 1/1 1000 B ─╲                     │
            1.020  │                    ╲ ╱────────── RST 1 ──┤
            1.020  │                     ESTABLISHED → CLOSED │           abort
            1.020  │ bereft: its peer is gone                 │           cause: the application
                   │                     ╳                    │
            1.050  │                    ╱ ╲──────────────────▶│
            1.050  │◀──────────────────────────────── RST 1 ──┤    1.100
            1.070  │◀───────────────────╱                     │
            1.070  │ ESTABLISHED → CLOSED                     │           reset, told: reset, 1000 B sent are
                   │                                          │           lost, wasted 3,584 B × 0.05 s
        "#]],
    );
}

const IMPATIENT: &str = r#"
    [client]
    script = ["connect within 70 ms"]
    [server]
    script = ["accept", "close on EOF"]
"#;

/// In SYN-SENT an abort sends nothing (RFC 9293 §3.10.5): the SYN-ACK meets a closed port.
#[test]
fn a_client_gives_up_while_the_syn_ack_is_on_its_way() {
    ladder(
        "three-way",
        IMPATIENT,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  │                    LISTEN → SYN-RECEIVED │
            0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
            0.070  │ SYN-SENT → CLOSED                        │           abort
            0.070  │               abandoned: nobody is there │           cause: the application
            0.100  ├── RST 1 ────────────────────────────────▶│    0.150
            0.150  │                    SYN-RECEIVED → CLOSED │           reset, wasted 320 B × 0.08 s
        "#]],
    );
}

#[test]
fn a_two_way_client_gives_up_while_the_syn_ack_is_on_its_way() {
    ladder(
        "two-way",
        IMPATIENT,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT                        │
              0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
              0.050  │                     LISTEN → ESTABLISHED │
              0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
              0.070  │ SYN-SENT → CLOSED                        │           abort
              0.070  │                 a ghost: nobody is there │           cause: the application
                     ⋮                 599.93 s                 ⋮
            600.000  │                        still ESTABLISHED │           end of the run, wasted 3,584 B ×
                     │                                          │           599.93 s
        "#]],
    );
}
