//! Forged segments: where they come from, what they count by, and who pays for what comes of them.

use experiment::Experiment;
use experiment::record::{Event, Sent};
use sim_time::Instant;
use tcp_endpoint::{FastOpen, Options, Timestamps};

use crate::common::Run;

/// Two hosts, 50 ms apart; the server accepts, and what the client does is in `rest`, with the forgeries.
fn run(rest: &str) -> Run {
    let text = format!(
        "horizon = \"10s\"\n[link]\ndelay = \"50ms\"\n[server]\nscript = [\"accept\", \"receive EOF\"]\n[client]\n{rest}"
    );
    let experiment = Experiment::parse("forged.toml", &text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    Run::of(&experiment.scenario(&experiment.variants()[0]).unwrap())
}

/// The forged segments of a run, in their order.
fn forged(run: &Run) -> Vec<&Sent> {
    let sent = run.records.iter().filter_map(|record| match &record.event {
        Event::Sent(sent) => Some(sent),
        _ => None,
    });
    sent.filter(|sent| sent.forged).collect()
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

#[test]
fn a_forged_syn_says_what_it_is_given_to_say() {
    let run = run(r#"
        [[inject]]
        at = "1s"
        from = "client"
        ports = [6000, 80]
        flags = "SYN"
        seq-raw = 4000000000
        window = 200000
        mss = 536
        timestamps = 77
        fast-open = 12345
        [[inject]]
        at = "2s"
        from = "client"
        ports = [6001, 80]
        flags = "SYN"
        seq-raw = 4000000000
        fast-open = "request"
    "#);
    let [first, second] = forged(&run)[..] else { panic!("{}", run.text()) };
    let stamped = Options::stamped(Some(Timestamps { value: 77, echo: 0 }));
    assert_eq!(first.window, 200_000);
    assert_eq!(first.options, Options { mss: Some(536), fast_open: Some(FastOpen::Cookie(12345)), ..stamped });
    assert_eq!(second.window, 65_535);
    assert_eq!(second.options, Options { fast_open: Some(FastOpen::Request), ..Options::default() });
}

/// An ACK with the window 0 stops the sender.
#[test]
fn a_forged_window_is_believed() {
    let run = run(r#"
        script = ["connect", "wait until 2s", "send 100 B"]
        [[inject]]
        at = "1s"
        from = "server"
        flags = "A"
        seq = 1
        ack = 1
        window = 0
    "#);
    let data = run.records.iter().filter(|record| matches!(&record.event, Event::Sent(sent) if sent.octets > 0));
    assert!(data.map(|record| record.at).all(|at| at > Instant::from_nanos(2_000_000_000)), "{}", run.text());
}

#[test]
fn timestamps_are_repeated_replaced_or_left_out() {
    let run = run(r#"
        timestamps = true
        script = ["connect", "wait until 500ms", "send 100 B"]
        [host.third]
        [[inject]]
        at = "1s"
        from = "client"
        to = "server"
        flags = "A"
        seq = 101
        ack = 1
        [[inject]]
        at = "2s"
        from = "client"
        to = "server"
        flags = "A"
        seq = 101
        ack = 1
        timestamps = 5
        [[inject]]
        at = "3s"
        from = "client"
        to = "server"
        flags = "A"
        seq = 101
        ack = 1
        timestamps = "none"
    "#);
    let stamps: Vec<_> = forged(&run).iter().map(|sent| sent.options.timestamps).collect();
    assert_eq!(stamps.len(), 3, "{}", run.text());
    let repeated = stamps[0];
    assert_eq!(stamps[1], repeated.map(|repeated| Timestamps { value: 5, ..repeated }));
    assert_eq!(stamps[2], None);
}

/// Whoever has seen the cookie on the wire may use it in the name of its owner.
#[test]
fn a_cookie_that_was_seen_opens_a_connection() {
    let text = |at: &str| {
        format!(
            r#"
            handshake = ["fast-open"]
            horizon = "10s"
            [link]
            delay = "50ms"
            [server]
            script = ["accept", "receive EOF"]
            [client]
            script = ["wait 100 ms", "connect", "close"]
            [[inject]]
            at = "{at}"
            from = "client"
            ports = [6000, 80]
            flags = "SYN"
            seq-raw = 4000000000
            data = "10 B"
            fast-open = "seen"
            "#
        )
    };
    let run = |at: &str| {
        let experiment = Experiment::parse("forged.toml", &text(at), &[]).unwrap_or_else(|errors| panic!("{errors}"));
        Run::of(&experiment.scenario(&experiment.variants()[0]).unwrap())
    };
    assert!(forged(&run("50ms")).is_empty(), "there is none to show");
    let run = run("2s");
    assert_eq!(forged(&run).len(), 1, "{}", run.text());
    run.check(&[("data.delivered.bytes", 10.0)]);
}
