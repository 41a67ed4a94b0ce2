//! Two active opens that cross (RFC 9293 §3.5 figure 7).

use expect_test::expect;
use synlab_tests::ladder;

const CROSSING: &str = r#"
    [client]
    script = ["connect server:5001 from 5000", "wait until 1 s", "close"]
    [server]
    script = ["connect client:5000 from 5001", "close on EOF"]
"#;

#[test]
fn figure_7() {
    ladder(
        "three-way",
        CROSSING,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT      CLOSED → SYN-SENT │
              0.000  ├── SYN 0 ───────────╲ ╱────────── SYN 0 ──┤
                     │                     ╳                    │
              0.050  │◀───────────────────╱ ╲──────────────────▶│
              0.050  │                  SYN-SENT → SYN-RECEIVED │
              0.050  │ SYN-SENT → SYN-RECEIVED                  │
              0.050  ├── SYN,ACK 0/1 ─────╲ ╱──── SYN,ACK 0/1 ──┤
                     │                     ╳                    │
              0.100  │◀───────────────────╱ ╲──────────────────▶│
              0.100  │ SYN-RECEIVED → ESTABLISHED               │
              0.100  │               SYN-RECEIVED → ESTABLISHED │
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

/// The text of §3.10.7.4 takes the SYN-ACK's SYN for an old one and acknowledges it.
#[test]
fn by_the_letter_of_the_text() {
    let text = r#"
        [client]
        crossing-syn = "text"
        script = ["connect server:5001 from 5000", "wait until 1 s", "close"]
        [server]
        crossing-syn = "text"
        script = ["connect client:5000 from 5001", "close on EOF"]
    "#;
    ladder(
        "three-way",
        text,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT      CLOSED → SYN-SENT │
              0.000  ├── SYN 0 ───────────╲ ╱────────── SYN 0 ──┤
                     │                     ╳                    │
              0.050  │◀───────────────────╱ ╲──────────────────▶│
              0.050  │                  SYN-SENT → SYN-RECEIVED │
              0.050  │ SYN-SENT → SYN-RECEIVED                  │
              0.050  ├── SYN,ACK 0/1 ─────╲ ╱──── SYN,ACK 0/1 ──┤
                     │                     ╳                    │
              0.100  │◀───────────────────╱ ╲──────────────────▶│
              0.100  ├── ACK 1/1 ─────────╲ ╱──────── ACK 1/1 ──┤           challenge ACK
                     │                     ╳                    │
              0.150  │◀───────────────────╱ ╲──────────────────▶│
              0.150  │               SYN-RECEIVED → ESTABLISHED │
              0.150  │ SYN-RECEIVED → ESTABLISHED               │
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

/// No proof is asked for, so each end is open on the other's SYN, and the SYN-ACKs that cross are old to both.
#[test]
fn crossing_in_two_way() {
    ladder(
        "two-way",
        CROSSING,
        &expect![[r#"
               time  client                                server  arrives
              0.000  │ CLOSED → SYN-SENT      CLOSED → SYN-SENT │
              0.000  ├── SYN 0 ───────────╲ ╱────────── SYN 0 ──┤
                     │                     ╳                    │
              0.050  │◀───────────────────╱ ╲──────────────────▶│
              0.050  │                   SYN-SENT → ESTABLISHED │
              0.050  │ SYN-SENT → ESTABLISHED                   │
              0.050  ├── SYN,ACK 0/1 ─────╲ ╱──── SYN,ACK 0/1 ──┤
                     │                     ╳                    │
              0.100  │◀───────────────────╱ ╲──────────────────▶│
              0.100  ├── ACK 1/1 ─────────╲ ╱──────── ACK 1/1 ──┤           challenge ACK
                     │                     ╳                    │
              0.150  │◀───────────────────╱ ╲──────────────────▶│
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

/// One of the SYNs is lost: what is left is an ordinary three-way handshake, with an active opener in place of a
/// listener.
#[test]
fn one_syn_is_lost() {
    let lost = r#"
        [[link.fault]]
        on = { from = "server", flags = "SYN", nth = 1 }
        drop = true
    "#;
    ladder(
        "three-way",
        &format!("{lost}\n{CROSSING}"),
        &expect![[r#"
           time  client                                server  arrives
          0.000  │ CLOSED → SYN-SENT                        │
          0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
          0.000  │                        CLOSED → SYN-SENT │
          0.000  │              ✗────────────────── SYN 0 ──┤           dropped by fault 1
          0.050  │                  SYN-SENT → SYN-RECEIVED │
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
