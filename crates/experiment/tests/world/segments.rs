//! What is expected of segments, and what is said of those that came instead.

use experiment::{Experiment, simulate};

/// Two hosts, 50 ms apart. One request of 100 octets, one answer of 200; then the client opens again and gets a reset. At 5 s a reset
/// is forged in the server's name.
const FILE: &str = r#"
horizon = "10s"
[link]
delay = "50ms"
[client]
profile = "rfc9293"
script = ["connect from 5000", "send 100 B", "receive 200 B", "close", "wait until 2 s", "connect server:81 from 5001"]
[server]
profile = "rfc9293"
script = ["accept", "receive 100 B", "send 200 B", "close on EOF"]
[[inject]]
at = "5s"
from = "server"
flags = "R"
seq = 77
"#;

/// The verdict on a segment that is expected with these keys: whether it passed, what was expected, what was found.
fn verdict(keys: &str) -> (bool, String, String) {
    let text = format!("{FILE}[[expect-segment]]\n{keys}");
    let experiment = Experiment::parse("segments.toml", &text, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let variant = experiment.variants().remove(0);
    let mut search = experiment.segment_search(&variant).expect("one is expected");
    simulate(&experiment.scenario(&variant).unwrap(), &mut search).expect("time moves on");
    let [verdict] = &experiment.judge_segments(&variant, &search)[..] else { panic!("one is expected") };
    assert_eq!(verdict.line, 16, "where its table begins");
    (verdict.passed, verdict.that.clone(), verdict.actual.clone())
}

#[test]
fn a_segment_is_one_of_which_all_holds_that_is_given() {
    for (keys, that, found) in [
        ("from = 'client'\nflags = 'S'\nat = '0s'", "client sends SYN at 0.000 s", "SYN seq 0 at 0.000 s"),
        (
            "from = 'server'\nflags = 'SYN-ACK'\nseq = 0\nack = 1",
            "server sends SYN,ACK seq 0 ack 1",
            "SYN,ACK seq 0 ack 1 at 0.050 s",
        ),
        // The push bit need not be told.
        (
            "from = 'server'\nflags = 'A'\nlen = '200 B'\nat = '100ms'\ntolerance = '60ms'",
            "server sends ACK 200 B at 0.100 s \u{b1} 60ms",
            "PSH,ACK seq 1 ack 101 200 B at 0.150 s",
        ),
        (
            "from = 'client'\nconnection = 2\nto = 'server'",
            "client sends a segment to server of connection 2",
            "SYN seq 0 at 2.000 s",
        ),
        ("from = 'client'\nflags = 'R'\nnone = true", "client sends no RST", "none, nearest: SYN seq 0 at 0.000 s"),
        // What is forged is sent by no endpoint.
        (
            "from = 'server'\nat = '5s'\nnone = true",
            "server sends no segment at 5.000 s",
            "none, nearest: RST,ACK seq raw 0 ack 1 at 2.050 s",
        ),
    ] {
        assert_eq!(verdict(keys), (true, that.to_owned(), found.to_owned()), "{keys}");
    }
}

#[test]
fn what_came_instead_is_what_is_most_like_it() {
    for (keys, found) in [
        // Another number, another time, another length, another connection.
        ("from = 'server'\nflags = 'SA'\nack = 2", "none, nearest: SYN,ACK seq 0 ack 1 at 0.050 s"),
        (
            "from = 'server'\nflags = 'SA'\nat = '60ms'\ntolerance = '9ms'",
            "none, nearest: SYN,ACK seq 0 ack 1 at 0.050 s",
        ),
        ("from = 'server'\nseq = 1\nlen = '100 B'", "none, nearest: PSH,ACK seq 1 ack 101 200 B at 0.150 s"),
        ("from = 'client'\nto = 'server'\nflags = 'F'\nconnection = 2", "none, nearest: SYN seq 0 at 2.000 s"),
        ("from = 'server'\nflags = 'RA'\nseq-raw = 1", "none, nearest: RST,ACK seq raw 0 ack 1 at 2.050 s"),
        ("from = 'client'\nflags = 'S'\nnone = true", "SYN seq 0 at 0.000 s, and 1 more"),
    ] {
        let (passed, _, actual) = verdict(keys);
        assert_eq!((passed, actual.as_str()), (false, found), "{keys}");
    }
}

/// Whether a segment is expected of a variant is for its expectation to say.
#[test]
fn an_expectation_may_be_about_some_variants() {
    let text = format!(
        "handshake = [\"two-way\", \"three-way\"]\n{FILE}[[expect-segment]]\nhandshake = \"two-way\"\nfrom = \"client\"\n"
    );
    let experiment = Experiment::parse("segments.toml", &text, &[]).unwrap();
    let searches: Vec<bool> =
        experiment.variants().iter().map(|variant| experiment.segment_search(variant).is_some()).collect();
    assert_eq!(searches, [true, false]);
}
