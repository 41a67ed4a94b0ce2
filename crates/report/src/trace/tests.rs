//! What a trace's lines look like.

use std::net::{Ipv4Addr, SocketAddrV4};

use experiment::record::{Because, Event, RecordId, samples};
use net_link::Loss;

use super::*;

fn socket(host: u8, port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, host), port)
}

fn hosts() -> Hosts {
    [("client", 1), ("server", 2)].map(|(name, host)| (name.to_owned(), *socket(host, 0).ip())).into_iter().collect()
}

fn lines(records: &[Record]) -> Vec<String> {
    let mut trace = Trace::new(hosts(), Vec::new());
    records.iter().for_each(|record| trace.replay(record));
    let text = String::from_utf8(trace.finish().unwrap()).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// A crash of a host, as a record that needs nothing else.
fn crash(nanos: u64, host: u16) -> Record {
    let (at, event) = (Instant::from_nanos(nanos), Event::Crashed { host: HostId(host) });
    Record { id: RecordId::new(0), at, because: Because::ROOT, event, changes: Vec::new() }
}

/// One line of each kind.
#[test]
fn each_record_is_a_line_of_json() {
    let lines = lines(&samples());
    for line in &lines {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["kind"].is_string(), "{line}");
    }
    expect_test::expect_file!["lines.jsonl"].assert_eq(&(lines.join("\n") + "\n"));
}

/// Each line has the fields that the schema says its kind has, and no others.
#[test]
fn the_schema_knows_every_line() {
    let schema = trace_schema();
    let kinds = schema["oneOf"].as_array().unwrap();
    for line in lines(&samples()) {
        let line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&line).unwrap();
        let kind = kinds.iter().find(|kind| kind["properties"]["kind"]["const"] == line["kind"]).expect("its kind");
        let known = kind["properties"].as_object().unwrap();
        assert!(line.keys().all(|field| known.contains_key(field)), "{line:?}");
        let required = kind["required"].as_array().unwrap();
        assert!(required.iter().all(|field| line.contains_key(field.as_str().unwrap())), "{line:?}");
        assert!(known.values().all(|field| field["const"].is_string() || field["description"].is_string()));
    }
}

#[test]
fn a_segment_tells_its_whole_fate() {
    let sample = samples().into_iter().find(|record| matches!(record.event, Event::Sent(_))).expect("there is one");
    let fated = |times: &[u64]| {
        let Event::Sent(mut sent) = sample.event.clone() else { unreachable!("it is one") };
        sent.fate.deliveries = times.iter().map(|&nanos| Instant::from_nanos(nanos)).collect();
        sent.fate.lost = times.is_empty().then_some(Loss::Chance);
        lines(&[Record { event: Event::Sent(sent), ..sample.clone() }]).remove(0)
    };
    assert!(fated(&[]).ends_with(r#""fate":"lost","loss":"chance","fault":1,"delivered_at":[]}"#));
    assert!(
        fated(&[50_000_001]).ends_with(r#""fate":"delivered","loss":null,"fault":1,"delivered_at":[0.050000001]}"#)
    );
    assert!(
        fated(&[50_000_000, 80_000_000])
            .ends_with(r#""fate":"duplicated","loss":null,"fault":1,"delivered_at":[0.050,0.080]}"#)
    );
}

#[test]
fn each_line_says_its_time_exactly() {
    let times = [(0, 0), (0, 1), (1_000_000, 0), (1_000_000, 1), (12_345_678_901_000_000_001, 0)];
    let lines = lines(&times.map(|(nanos, host)| crash(nanos, host)));
    let times: Vec<&str> = lines.iter().map(|line| line.split(',').nth(2).unwrap()).collect();
    assert_eq!(times, ["\"t\":0.000", "\"t\":0.000", "\"t\":0.001", "\"t\":0.001", "\"t\":12345678901.000000001"]);
}

/// A host may have any name.
#[test]
fn what_is_odd_in_a_name_is_escaped() {
    let odd: Hosts = [("a \"quoted\"\n".to_owned(), *socket(1, 0).ip())].into_iter().collect();
    let mut trace = Trace::new(odd, Vec::new());
    trace.record(&crash(0, 0));
    let line = String::from_utf8(trace.finish().unwrap()).unwrap();
    let fields = r#"{"id":0,"kind":"crashed","t":0.000,"because":null,"host":"a \"quoted\"\n"}"#;
    assert_eq!(line, format!("{fields}\n"));
}

#[test]
fn a_failed_write_is_reported_at_the_end() {
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut trace = Trace::new(hosts(), Full);
    for _ in 0..2 {
        trace.record(&crash(0, 0));
    }
    assert_eq!(trace.finish().err().map(|error| error.kind()), Some(io::ErrorKind::StorageFull));
}
