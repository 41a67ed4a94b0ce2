//! When forged segments come: again and again, after an event, before or after the calls of their instant.

use experiment::record::Event;
use experiment::{Experiment, Queue, Scenario, simulate_with};

use crate::common::Run;

/// Two hosts, 50 ms apart; the server accepts and reads, the client is open from 0.1 s on and runs `script` then.
fn scenario(script: &str, inject: &str) -> Scenario {
    let text = format!(
        r#"
        horizon = "10s"
        [link]
        delay = "50ms"
        [server]
        script = ["accept", "receive EOF"]
        [client]
        script = ["connect", {script}]
        [[inject]]
        {inject}
        "#
    );
    let experiment = Experiment::parse("occasions.toml", &text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    experiment.scenario(&experiment.variants()[0]).unwrap()
}

fn run(script: &str, inject: &str) -> Run {
    Run::of(&scenario(script, inject))
}

/// When the segments of the injection came.
fn times(run: &Run) -> Vec<String> {
    let forged =
        run.records.iter().filter(|record| matches!(&record.event, Event::Sent(sent) if sent.injection == Some(0)));
    forged.map(|record| record.at.to_string()).collect()
}

/// An acknowledgment that disturbs nobody.
const ACK: &str = "from = \"client\"\nflags = \"A\"\nseq = 1\nack = 1\n";
/// A reset that ends the client's connection.
const RESET: &str = "from = \"server\"\nflags = \"R\"\nseq = 1\n";

#[test]
fn it_comes_as_often_as_it_is_to() {
    for (keys, expected) in [
        ("at = '1s'", vec!["1.000"]),
        ("at = '1s'\nevery = '2s'\ntimes = 3", vec!["1.000", "3.000", "5.000"]),
        ("at = '7s'\nevery = '2s'", vec!["7.000", "9.000"]),
        ("at = '1s'\nevery = '2s'\ntimes = 1", vec!["1.000"]),
    ] {
        assert_eq!(times(&run("\"wait until 20 s\"", &format!("{ACK}{keys}"))), expected, "{keys}");
    }
}

#[test]
fn it_follows_an_event() {
    let script = "\"send 100 B\", \"wait until 2 s\", \"send 100 B\", \"wait until 20 s\"";
    for (keys, expected) in [
        ("after = { host = 'client', enters = 'ESTABLISHED' }", vec!["0.100"]),
        ("after = { host = 'server', enters = 'ESTABLISHED' }\ndelay = '1s'", vec!["1.150"]),
        ("after = { host = 'client', calls = 'send' }\ndelay = '10ms'", vec!["0.110"]),
        ("after = { host = 'client', calls = 'send', nth = 2 }\ndelay = '10ms'", vec!["2.010"]),
        ("after = { host = 'client', sends = 'data', nth = '1..' }\ndelay = '1ms'", vec!["0.101", "2.001"]),
        ("after = { host = 'server', receives = ['data'], nth = [2] }", vec!["2.050"]),
        (
            "after = { host = 'client', sends = 'data', nth = [1, 2] }\nevery = '3s'\ntimes = 2",
            vec!["0.100", "2.000", "3.100", "5.000"],
        ),
        ("after = { host = 'server', enters = 'CLOSED' }", vec![]),
    ] {
        assert_eq!(times(&run(script, &format!("{ACK}{keys}"))), expected, "{keys}");
    }
}

/// What is forged is no event: an acknowledgment that the receiver's answer brings about again would never end.
#[test]
fn a_forged_segment_is_no_event() {
    let keys = "after = { host = 'client', sends = 'ACK', nth = '1..' }\ndelay = '1ms'";
    let script = "\"send 100 B\", \"wait until 20 s\"";
    assert!(times(&run(script, &format!("{ACK}{keys}"))).len() <= 1);
}

/// At 1 s the client closes, and a reset comes.
#[test]
fn it_comes_before_or_after_the_calls_of_its_instant() {
    let script = "\"wait until 1 s\", \"close\"";
    let fins = |keys: &str| {
        let run = run(script, &format!("{RESET}{keys}"));
        assert_eq!(times(&run), ["1.000"], "{keys}");
        let sent = run.records.iter().filter(|record| matches!(&record.event, Event::Sent(sent) if sent.flags.fin()));
        sent.count()
    };
    for (when, of_itself) in
        [("at = '1s'\n", 0), ("after = { host = 'client', enters = 'ESTABLISHED' }\ndelay = '900ms'\n", 1)]
    {
        assert_eq!(fins(when), of_itself, "{when}");
        assert_eq!(fins(&format!("{when}turn = 'before-calls'")), 0, "{when}");
        assert_eq!(fins(&format!("{when}turn = 'after-calls'")), 1, "{when}");
    }
}

/// Whoever takes another turn takes it whatever keeps the time.
#[test]
fn a_turn_does_not_depend_on_the_queue() {
    let script = "\"wait until 1 s\", \"close\"";
    let after = "after = { host = 'client', enters = 'ESTABLISHED' }\ndelay = '900ms'\n";
    for turn in ["", "turn = 'before-calls'", "turn = 'after-calls'"] {
        let scenario = scenario(script, &format!("{RESET}{after}{turn}\nevery = '1s'\ntimes = 3"));
        let digest = |queue| simulate_with(queue, &scenario, &mut ()).expect("time moves on").digest;
        assert_eq!(digest(Queue::Wheel), digest(Queue::Reference), "{turn}");
    }
}

/// At the start the server begins to listen, and a SYN comes.
#[test]
fn a_script_that_begins_makes_calls_too() {
    let keys = "from = 'client'\nports = [6000, 80]\nflags = 'S'\nseq-raw = 7\nat = '0s'\n";
    for (turn, half_open) in [("", 1.0), ("turn = 'before-calls'", 0.0), ("turn = 'after-calls'", 1.0)] {
        let run = run("\"close\"", &format!("{keys}{turn}"));
        run.check(&[("server.half-open.abandoned", half_open)]);
    }
}

/// Each SYN is refused on the way, on its own connection, whoever sends it: an event has sockets of its own.
#[test]
fn it_is_of_the_connection_of_its_event() {
    let text = |keys: &str| {
        format!(
            r#"
            horizon = "10s"
            [link]
            delay = "50ms"
            [server]
            script = ["accept", "close on EOF"]
            [client]
            script = ["connect", "close", "wait 1 s", "repeat 3 times"]
            [[inject]]
            {keys}
            delay = "10ms"
            from = "server"
            to = "client"
            flags = "RST-ACK"
            seq-raw = 0
            ack = 1
            "#
        )
    };
    for (keys, refused) in [
        ("after = { host = 'client', sends = 'SYN', nth = '1..' }", 3.0),
        ("after = { host = 'client', enters = 'SYN-SENT', nth = '1..' }", 3.0),
        ("after = { host = 'client', calls = 'connect', nth = '1..' }", 3.0),
        ("after = { host = 'client', calls = 'connect', nth = 2 }", 1.0),
        ("after = { host = 'client', sends = 'SYN', nth = '1..' }\nconnection = 1", 1.0),
    ] {
        let experiment =
            Experiment::parse("occasions.toml", &text(keys), &[]).unwrap_or_else(|errors| panic!("{errors}"));
        let run = Run::of(&experiment.scenario(&experiment.variants()[0]).unwrap());
        run.check(&[("client.attempts.refused", refused)]);
    }
}
