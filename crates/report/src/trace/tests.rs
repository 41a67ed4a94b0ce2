//! What a trace's lines look like.

use std::net::{Ipv4Addr, SocketAddrV4};

use experiment::record::SegmentId;
use net_link::Fate;
use tcp_endpoint::{Acknowledged, Flags, SeqNum, State};

use super::*;

/// A life, in a place of its own.
const fn incarnation(number: u32) -> Incarnation {
    Incarnation::new(number, number)
}

fn socket(host: u8, port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, host), port)
}

fn hosts() -> Hosts {
    [("client", 1), ("server", 2)].map(|(name, host)| (name.to_owned(), *socket(host, 0).ip())).into_iter().collect()
}

fn syn(deliveries: &[u64]) -> Sent {
    Sent {
        id: SegmentId::new(7),
        from: Some(HostId(0)),
        to: Some(HostId(1)),
        source: socket(1, 40_001),
        destination: socket(2, 80),
        seq: SeqNum::new(4_000_000_000),
        ack: SeqNum::new(0),
        flags: Flags::SYN,
        window: 65_535,
        octets: 0,
        attempt: Attempt { host: HostId(0), ordinal: 1 },
        incarnation: Some(incarnation(0)),
        peer: None,
        retransmission: 0,
        acknowledges: Acknowledged::Nothing,
        forged: false,
        wasted: None,
        fate: Fate {
            deliveries: deliveries.iter().map(|&nanos| sim_time::Instant::from_nanos(nanos)).collect(),
            lost: deliveries.is_empty().then_some(Loss::Chance),
            fault: None,
        },
    }
}

fn lines(events: Vec<Event>) -> Vec<String> {
    let mut trace = Trace::new(hosts(), Vec::new());
    for event in events {
        // One nanosecond past a time that a binary float cannot tell from its neighbours.
        trace.record(&Record { at: sim_time::Instant::from_nanos(12_345_678_901_000_000_001), event });
    }
    let text = String::from_utf8(trace.finish().unwrap()).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_segment_is_one_line_with_its_whole_fate() {
    let events = [&[][..], &[50_000_001], &[50_000_000, 80_000_000]].map(|times| Event::Sent(syn(times)));
    let lines = lines(events.into());
    assert!(lines[0].starts_with(
        r#"{"t":12345678901.000000001,"kind":"segment","from":"client","to":"server","sport":40001,"dport":80,"#
    ));
    assert!(lines[0].contains(
        r#""flags":"S","seq":0,"ack":null,"seq_raw":4000000000,"ack_raw":null,"len":0,"fate":"lost","delivered_at":[],"#
    ));
    assert!(lines[1].contains(r#""fate":"delivered","delivered_at":[0.050000001],"#));
    assert!(lines[2].contains(r#""fate":"duplicated","delivered_at":[0.050,0.080],"#));
}

/// Every kind of line, and whatever may be absent from one once there and once not.
#[test]
fn every_line_is_json_with_a_kind() {
    let (host, incarnation, memory, octets) = (HostId(1), incarnation(3), Memory::Entry(EntryKind::HalfOpen), 96);
    let (segment, attempt) = (SegmentId::new(7), Attempt { host: HostId(0), ordinal: 1 });
    let blame = experiment::record::Blame { cause: Cause::Delayed, packet: Some(segment) };
    let change = StateChange {
        host,
        incarnation,
        attempt,
        tuple: FourTuple { local: socket(2, 80), remote: socket(1, 40_001) },
        from: State::Listen,
        to: State::SynReceived,
        reason: Reason::Segment,
        passive: true,
        trips: 0,
    };
    let nobody = FourTuple { remote: socket(9, 40_001), ..change.tuple };
    let answer = Sent {
        from: None,
        to: None,
        source: socket(9, 80),
        seq: SeqNum::new(5),
        ack: SeqNum::new(3_999_999_999),
        flags: Flags::SYN_ACK,
        incarnation: None,
        retransmission: 2,
        forged: true,
        wasted: Some(blame),
        fate: Fate { fault: Some(0), lost: Some(Loss::Fault), deliveries: [].into_iter().collect() },
        ..syn(&[])
    };
    let failed = Outcome::Failed(tcp_endpoint::UserError::NoPort);
    let at = sim_time::Instant::from_nanos;
    let lines = lines(vec![
        Event::Sent(syn(&[50_000_000, 80_000_000])),
        Event::Sent(answer),
        Event::Delivered { segment, to: host, copy: 0, stale: false },
        Event::Unheard { segment, to: host, copy: 1, because: Deaf::Down },
        Event::Crashed { host },
        Event::Rebooted { host, quiet_until: at(1) },
        Event::WarmedUp,
        Event::State(change),
        Event::State(StateChange { tuple: nobody, passive: false, ..change }),
        Event::TimerSet { host, incarnation, deadline: at(2_000_000_000) },
        Event::TimerFired { host, incarnation },
        Event::Call { host, application: 0, call: Call::Send(100), outcome: Outcome::Done },
        Event::Call { host, application: 0, call: Call::Connect, outcome: failed },
        Event::Notice { host, incarnation, notice: Notice::TimedOut },
        Event::Received { host, incarnation, octets, stale_octets: 1 },
        Event::DataLost { host, incarnation, octets },
        Event::Held { host, incarnation, memory, octets },
        Event::Released { host, incarnation, memory: Memory::Socket, octets: u64::MAX },
        Event::Overflow { host, port: 80, queue: Queue::Syn },
        Event::HeldDown { host, port: 80 },
        Event::Accepted { host, incarnation },
        Event::Waits { host, attempt, scarce: Scarce::SynBacklog, blame: Some(blame) },
        Event::WaitOver { host, attempt, blame: None, served: true },
        Event::Served { host, incarnation, begins: true },
        Event::Judged { host, incarnation, worth: Worth::Useful },
        Event::Judged { host, incarnation, worth: Worth::Ghost(blame) },
    ]);
    for line in &lines {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(value["kind"].is_string(), "{line}");
    }
    expect_test::expect_file!["lines.jsonl"].assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn each_line_says_its_time() {
    let mut trace = Trace::new(hosts(), Vec::new());
    for (nanos, host) in [(0, 0), (0, 1), (1_000_000, 0), (1_000_000, 1), (1_000_000_000, 0)] {
        trace
            .record(&Record { at: sim_time::Instant::from_nanos(nanos), event: Event::Crashed { host: HostId(host) } });
    }
    let text = String::from_utf8(trace.finish().unwrap()).unwrap();
    let times: Vec<&str> = text.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert_eq!(times, ["{\"t\":0.000", "{\"t\":0.000", "{\"t\":0.001", "{\"t\":0.001", "{\"t\":1.000"]);
}

/// A host may have any name.
#[test]
fn what_is_odd_in_a_name_is_escaped() {
    let odd: Hosts = [("a \"quoted\"\n".to_owned(), *socket(1, 0).ip())].into_iter().collect();
    let mut trace = Trace::new(odd, Vec::new());
    trace.record(&Record { at: sim_time::Instant::ZERO, event: Event::Crashed { host: HostId(0) } });
    let line = String::from_utf8(trace.finish().unwrap()).unwrap();
    assert_eq!(line, "{\"t\":0.000,\"kind\":\"crashed\",\"host\":\"a \\\"quoted\\\"\\n\"}\n");
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
    trace.record(&Record { at: sim_time::Instant::ZERO, event: Event::Sent(syn(&[])) });
    assert_eq!(trace.finish().err().map(|error| error.kind()), Some(io::ErrorKind::StorageFull));
}
