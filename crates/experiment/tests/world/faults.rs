//! Faults that are meant for segments by where they belong: their connection, their numbers.

use crate::common::Run;
use experiment::Experiment;
use experiment::record::Event;

/// The segments of a run that met a fault, as `at flags seq octets: what became of them`; the numbers count from that of the
/// first segment of its direction.
fn met(text: &str) -> Vec<String> {
    let experiment = Experiment::parse("faults.toml", text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let run = Run::of(&experiment.scenario(&experiment.variants()[0]).unwrap());
    let sent = run.records.iter().filter_map(|record| match &record.event {
        Event::Sent(sent) if sent.fate.fault.is_some() => Some((record.at, sent)),
        _ => None,
    });
    let arrives = |at: &[sim_time::Instant]| at.iter().map(|at| format!(" arrives {at}")).collect::<String>();
    sent.map(|(at, sent)| {
        let fate = if sent.fate.lost.is_some() { " lost".to_owned() } else { arrives(&sent.fate.deliveries) };
        format!("{at} {}:{} {} {} B{fate}", sent.source.ip(), sent.source.port(), sent.flags, sent.octets)
    })
    .collect()
}

/// One request of 200 octets in two segments, and an answer.
fn request(fault: &str) -> String {
    format!(
        r#"
        horizon = "10s"
        [link]
        delay = "50ms"
        [[link.fault]]
        {fault}
        [client]
        script = ["connect from 5000", "send 100 B", "send 100 B", "receive 100 B", "close"]
        [server]
        script = ["accept", "receive 200 B", "send 100 B", "close on EOF"]
        "#
    )
}

#[test]
fn a_segment_is_chosen_by_its_numbers_as_a_ladder_shows_them() {
    for (on, expected) in [
        (
            "{ seq = 101, flags = 'data' }",
            vec!["0.100 10.0.0.1:5000 PA 100 B lost", "1.200 10.0.0.1:5000 PA 100 B lost"],
        ),
        ("{ seq = 101, retransmission = 0, flags = 'data' }", vec!["0.100 10.0.0.1:5000 PA 100 B lost"]),
        ("{ from = 'server', ack = 101 }", vec!["0.150 10.0.0.2:80 A 0 B lost"]),
        ("{ seq = 0, ack = 1 }", vec!["0.050 10.0.0.2:80 SA 0 B lost", "1.050 10.0.0.2:80 SA 0 B lost"]),
    ] {
        let found = met(&request(&format!("on = {on}\ndrop = true")));
        assert_eq!(found[..expected.len().min(found.len())], expected[..], "{on}: {found:?}");
    }
}

#[test]
fn connections_are_counted_between_their_two_hosts() {
    let text = r#"
        horizon = "10s"
        [link]
        delay = "50ms"
        [[link.fault]]
        on = { flags = "SYN", connection = 2 }
        deliver-at = "5s"
        [client]
        script = ["connect server from 5000", "close", "wait 1 s", "connect server from 5001", "close"]
        [host.other]
        address = "10.0.0.3"
        script = ["wait 500 ms", "connect server from 6000", "close"]
        [server]
        script = ["accept", "close on EOF"]
    "#;
    let found = met(text);
    assert!(!found.is_empty() && found.iter().all(|line| line.contains("10.0.0.1:5001 S ")), "{found:?}");
    assert!(found[0].ends_with(" arrives 5.000"), "{found:?}");
}

/// A fault has no way to take a segment back: what leaves after its time arrives as it leaves.
#[test]
fn a_time_of_delivery_may_be_over() {
    let found = met(&request("on = { flags = 'FIN' }\ndeliver-at = '100ms'"));
    let (at, arrives) = (found[0].split(' ').next().unwrap(), found[0].rsplit(' ').next().unwrap());
    assert_eq!(at, arrives, "{found:?}");
}
