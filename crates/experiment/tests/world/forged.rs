//! Forged segments: where they come from, what they count by, and who pays for what comes of them.

use crate::common::Run;
use experiment::Experiment;

/// Two hosts, 50 ms apart; the server accepts, and what the client does is in `rest`, with the forgeries.
fn run(rest: &str) -> Run {
    let text = format!(
        "horizon = \"10s\"\n[link]\ndelay = \"50ms\"\n[server]\nscript = [\"accept\", \"receive EOF\"]\n[client]\n{rest}"
    );
    let experiment = Experiment::parse("forged.toml", &text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    Run::of(&experiment.scenario(&experiment.variants()[0]).unwrap())
}

#[test]
fn what_a_forged_syn_makes_is_forged_waste() {
    // The client itself, whose address was borrowed, puts an end to it: SYN-ACK and RST, one round trip.
    let run = run(r#"
        [[inject]]
        at = "1s"
        from = "client"
        ports = [6000, 80]
        flags = "SYN"
        seq-raw = 4000000000
    "#);
    run.check(&[
        ("server.half-open.abandoned", 1.0),
        ("server.half-open.abandoned-seconds", 0.1),
        ("waste.forged.byte-seconds", 32.0),
        ("client.segments.sent", 1.0),
        ("segments.sent", 3.0),
        ("segments.stale", 0.0),
    ]);
}

#[test]
fn a_forger_who_watches_the_wire_completes_a_handshake() {
    // Before the client can say that it knows of nothing; a reset for the SYN-ACK is a reset for what is open by then.
    let run = run(r#"
        [[inject]]
        at = "1s"
        from = "client"
        ports = [6000, 80]
        flags = "S"
        seq-raw = 4000000000
        [[inject]]
        at = "1.01s"
        from = "client"
        ports = [6000, 80]
        flags = "A"
        seq = 1
        ack = 1
    "#);
    run.check(&[("server.half-open.seconds", 0.01), ("server.ghost.connections", 1.0), ("server.ghost.seconds", 0.09)]);
}

#[test]
fn numbers_count_from_the_last_initial_numbers_on_the_sockets() {
    // The second connection between the two, whose numbers have nothing to do with the first one's.
    let run = run(r#"
        scripts = [["connect", "send 100 B"], ["wait until 1s", "connect", "send 100 B"]]
        [[inject]]
        at = "2s"
        from = "client"
        connection = 2
        flags = "RST"
        seq = 101
        [[inject]]
        at = "3s"
        from = "server"
        connection = 1
        flags = "RA"
        seq = 1
        ack = 101
    "#);
    // Open at 0.1 s and 0.15 s, 1.1 s and 1.15 s.
    run.check(&[
        ("server.state.ESTABLISHED.seconds", (10.0 - 0.15) + (2.0 - 1.15)),
        ("client.state.ESTABLISHED.seconds", (3.0 - 0.1) + (10.0 - 1.1)),
    ]);
}

#[test]
fn a_forged_syn_on_the_sockets_of_a_connection_does_not_disturb_its_numbers() {
    let run = run(r#"
        script = ["connect", "send 100 B"]
        [[inject]]
        at = "1s"
        from = "client"
        flags = "SYN"
        seq = 500000
        [[inject]]
        at = "2s"
        from = "client"
        flags = "RST"
        seq = 101
    "#);
    run.check(&[("server.state.ESTABLISHED.seconds", 2.0 - 0.15)]);
}

#[test]
fn without_the_connection_there_is_nothing_to_forge() {
    let run = run(r#"
        [[inject]]
        at = "1s"
        from = "client"
        flags = "RST"
        seq = 1
    "#);
    run.check(&[("segments.sent", 0.0)]);
}

#[test]
fn forged_data_reaches_the_application_as_another_s() {
    let run = run(r#"
        script = ["connect", "send 100 B"]
        [[inject]]
        at = "1s"
        from = "client"
        flags = "PA"
        seq = 101
        ack = 1
        data = "50 B"
    "#);
    run.check(&[("data.delivered.bytes", 150.0), ("data.stale-delivered.bytes", 50.0)]);
}
