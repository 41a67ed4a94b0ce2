//! Captures say what the records say, and other people's programs can read them.

mod read;
mod tshark;

use std::collections::HashMap;
use std::io::{self, Write};

use expect_test::expect;
use experiment::record::{Deaf, Event, Record, RecordId, Sent};
use experiment::{Experiment, HostId, cases, simulate};
use report::{Capture, Hosts, View};
use synlab_tests::{parse, scenario};
use tcp_endpoint::{FastOpen, Flags};

use self::read::{Packet, capture, captures, packets};

/// What is lost, late, twice there, forged, wasted.
const EVERYTHING: &str = r#"
seed = 1
horizon = "1 min"
handshake = ["three-way"]

[link]
delay = "50ms"

[[link.fault]]
on = { from = "client", flags = "SYN", nth = 1 }
drop = true

[[link.fault]]
on = { from = "server", flags = "SYN-ACK", nth = 1 }
duplicate-after = "10ms"

[client]
script = ["connect", "send 100 B", "receive 100 B", "close"]

[server]
script = ["accept", "receive 100 B", "send 100 B", "close on EOF"]

[[inject]]
at = "5s"
from = "client"
ports = [6000, 80]
flags = "SYN"
seq-raw = 7
"#;

/// Cases that send tens of thousands of packets: of these a tenth is enough.
const LONG: [&str; 8] = [
    "closed-loop",
    "crash-at-random",
    "endless-abandoned-syn",
    "endless-challenge",
    "endless-half-open",
    "endless-random-isn",
    "syn-flood",
    "time-wait-occupancy",
];

fn load(case: &str) -> Experiment {
    let experiment = Experiment::load(case, &[]).unwrap_or_else(|errors| panic!("{errors}"));
    if !LONG.contains(&case) {
        return experiment;
    }
    let (warm, end) = (experiment.warm_up(), experiment.horizon());
    experiment.with_horizon(warm + (end - warm) / 10)
}

/// What should be in a file of everything: each packet with the host, whether it leaves, and the segment.
fn expected(records: &[Record]) -> Vec<(u64, HostId, bool, RecordId, Sent, bool)> {
    let mut sent: HashMap<RecordId, Sent> = HashMap::new();
    let mut all = Vec::new();
    for record in records {
        let at = record.at.as_nanos();
        match &record.event {
            Event::Sent(segment) => {
                sent.insert(record.id, segment.clone());
                if let Some(from) = segment.from.filter(|_| !segment.forged) {
                    all.push((at, from, true, record.id, segment.clone(), true));
                }
            }
            Event::Delivered { to, .. } | Event::Unheard { to, .. } => {
                let of = record.because.first().expect("it was sent");
                let up = !matches!(record.event, Event::Unheard { deaf: Deaf::Down, .. });
                all.push((at, *to, false, of, sent[&of].clone(), up));
            }
            _ => {}
        }
    }
    all
}

/// The header's bits of flags.
fn bits(flags: Flags) -> u8 {
    let all = [Flags::FIN, Flags::SYN, Flags::RST, Flags::PSH, Flags::ACK];
    all.iter().enumerate().filter(|(_, flag)| flags.contains(**flag)).map(|(bit, _)| 1 << bit).sum()
}

fn same(packet: &Packet, (at, id, sent): (u64, RecordId, &Sent), what: &str) {
    assert_eq!(packet.at, at, "{what}");
    assert_eq!(u32::from(packet.identification), id.place() & 0xffff, "{what}");
    assert_eq!((packet.source, packet.destination), (sent.source, sent.destination), "{what}");
    assert_eq!((packet.seq, packet.flags), (sent.seq.raw(), bits(sent.flags)), "{what}");
    assert_eq!(packet.ack, if sent.flags.ack() { sent.ack.raw() } else { 0 }, "{what}");
    assert_eq!(packet.data.len(), sent.octets as usize, "{what}");
    let mut options = Vec::new();
    options.extend(sent.options.mss.map(|mss| (2, mss.to_be_bytes().to_vec())));
    options.extend(sent.options.timestamps.map(|stamps| {
        let echo = if sent.flags.ack() { stamps.echo } else { 0 };
        (8, [stamps.value.to_be_bytes(), echo.to_be_bytes()].concat())
    }));
    options.extend(sent.options.fast_open.map(|fast_open| match fast_open {
        FastOpen::Request => (34, Vec::new()),
        FastOpen::Cookie(cookie) => (34, cookie.to_be_bytes().to_vec()),
    }));
    options
        .extend(sent.options.count.map(|count| (if sent.flags.ack() { 13 } else { 11 }, count.to_be_bytes().to_vec())));
    let without_scale: Vec<_> = packet.options.iter().filter(|(kind, _)| *kind != 3).cloned().collect();
    assert_eq!(without_scale, options, "{what}");
    if packet.options == options {
        assert_eq!(u32::from(packet.window), sent.window, "{what}");
    }
}

/// Each packet of each built-in case is in the file, at its time, at its interface, with its fields; and the file of a host
/// has those of them that the host saw.
#[test]
fn every_packet_of_every_case_is_what_the_records_say() {
    let mut all = 0;
    for case in cases() {
        let experiment = load(case.name);
        for variant in experiment.variants() {
            let name = format!("{} {}", case.name, variant.label());
            let hosts = experiment.host_names();
            let all_hosts = (0..u16::try_from(hosts.len()).expect("a few")).map(HostId);
            let views: Vec<View> = [View::Everywhere].into_iter().chain(all_hosts.clone().map(View::At)).collect();
            let (records, files) = captures(&experiment, &variant, &views);
            let expected = expected(&records);
            let captured = packets(&files[0]);
            assert_eq!(captured.len(), expected.len(), "{name}");
            for (place, (packet, (at, host, leaves, id, sent, _))) in captured.iter().zip(&expected).enumerate() {
                let what = format!("{name}, packet {place}");
                let interface = format!("{}-{}", hosts[usize::from(host.0)], if *leaves { "out" } else { "in" });
                assert_eq!((&packet.interface, packet.direction), (&interface, 1 + u32::from(*leaves)), "{what}");
                same(packet, (*at, *id, sent), &what);
            }
            all += captured.len();
            for ((name, host), file) in hosts.iter().zip(all_hosts).zip(&files[1..]) {
                let captured = packets(file);
                let own = expected.iter().filter(|(_, at, _, _, _, up)| *at == host && *up);
                assert_eq!(captured.len(), own.clone().count(), "{name}");
                for (packet, (at, _, leaves, id, sent, _)) in captured.iter().zip(own) {
                    assert_eq!((packet.interface.as_str(), packet.direction), (*name, 1 + u32::from(*leaves)));
                    same(packet, (*at, *id, sent), name);
                    for word in ["fate", "lost", "wasted", "stale", "forged", "copy"] {
                        assert!(!packet.comment.contains(word), "{name} cannot know: {}", packet.comment);
                    }
                }
            }
        }
    }
    assert!(all > 1_000, "{all}");
}

fn lines(text: &str, view: View) -> String {
    let experiment = parse("capture.toml", text);
    let variant = &experiment.variants()[0];
    packets(&capture(&experiment, variant, view)).iter().map(Packet::line).collect()
}

#[test]
fn a_capture_of_everything() {
    expect![[r#"
        0.000000000 client-out 10.0.0.1:49152 > 10.0.0.2:80: [S] seq 1122188339 win 65535 len 0 <2 05b4>
              | record 3, because of 1
              | purpose: new
              | fate: lost (fault), by fault 1 of the file
              | client:49152: CLOSED → SYN-SENT (call)
        1.000000000 client-out 10.0.0.1:49152 > 10.0.0.2:80: [S] seq 1122188339 win 65535 len 0 <2 05b4>
              | record 6, because of 5
              | purpose: retransmission, number 1
              | fate: arrives at 1.050 s
        1.050000000 server-in  10.0.0.1:49152 > 10.0.0.2:80: [S] seq 1122188339 win 65535 len 0 <2 05b4>
              | record 7
              | sent at 1.000 s, record 6
              | server:80: LISTEN → SYN-RECEIVED (segment)
        1.050000000 server-out 10.0.0.2:80 > 10.0.0.1:49152: [S.] seq 238610611 ack 1122188340 win 65535 len 0 <2 05b4>
              | record 9, because of 7
              | purpose: new
              | fate: duplicated, arrives at 1.100 s and 1.110 s, by fault 2 of the file
        1.100000000 client-in  10.0.0.2:80 > 10.0.0.1:49152: [S.] seq 238610611 ack 1122188340 win 65535 len 0 <2 05b4>
              | record 10
              | sent at 1.050 s, record 9
              | client:49152: SYN-SENT → ESTABLISHED (segment)
        1.100000000 client-out 10.0.0.1:49152 > 10.0.0.2:80: [P.] seq 1122188340 ack 238610612 win 65535 len 100
              | record 13, because of 12
              | purpose: new
              | fate: arrives at 1.150 s
        1.110000000 client-in  10.0.0.2:80 > 10.0.0.1:49152: [S.] seq 238610611 ack 1122188340 win 65535 len 0 <2 05b4>
              | record 14
              | sent at 1.050 s, record 9
              | a duplicate that the network made: copy 2 of 2
        1.110000000 client-out 10.0.0.1:49152 > 10.0.0.2:80: [.] seq 1122188440 ack 238610612 win 65535 len 0
              | record 15, because of 14
              | purpose: challenge-ack
              | fate: arrives at 1.160 s
        1.150000000 server-in  10.0.0.1:49152 > 10.0.0.2:80: [P.] seq 1122188340 ack 238610612 win 65535 len 100
              | record 16
              | sent at 1.100 s, record 13
              | server:80: SYN-RECEIVED → ESTABLISHED (segment)
        1.150000000 server-out 10.0.0.2:80 > 10.0.0.1:49152: [P.] seq 238610612 ack 1122188440 win 65535 len 100
              | record 21, because of 20
              | purpose: new
              | fate: arrives at 1.200 s
        1.160000000 server-in  10.0.0.1:49152 > 10.0.0.2:80: [.] seq 1122188440 ack 238610612 win 65535 len 0
              | record 22
              | sent at 1.110 s, record 15
        1.200000000 client-in  10.0.0.2:80 > 10.0.0.1:49152: [P.] seq 238610612 ack 1122188440 win 65535 len 100
              | record 23
              | sent at 1.150 s, record 21
        1.200000000 client-out 10.0.0.1:49152 > 10.0.0.2:80: [F.] seq 1122188440 ack 238610712 win 65535 len 0
              | record 27, because of 25
              | purpose: new
              | fate: arrives at 1.250 s
              | client:49152: ESTABLISHED → FIN-WAIT-1 (call)
        1.250000000 server-in  10.0.0.1:49152 > 10.0.0.2:80: [F.] seq 1122188440 ack 238610712 win 65535 len 0
              | record 28
              | sent at 1.200 s, record 27
              | server:80: ESTABLISHED → CLOSE-WAIT (segment)
        1.250000000 server-out 10.0.0.2:80 > 10.0.0.1:49152: [F.] seq 238610712 ack 1122188441 win 65535 len 0
              | record 33, because of 31
              | purpose: new
              | fate: arrives at 1.300 s
              | server:80: CLOSE-WAIT → LAST-ACK (call)
        1.300000000 client-in  10.0.0.2:80 > 10.0.0.1:49152: [F.] seq 238610712 ack 1122188441 win 65535 len 0
              | record 34
              | sent at 1.250 s, record 33
              | client:49152: FIN-WAIT-1 → FIN-WAIT-2 (segment)
              | client:49152: FIN-WAIT-2 → TIME-WAIT (segment)
        1.300000000 client-out 10.0.0.1:49152 > 10.0.0.2:80: [.] seq 1122188441 ack 238610713 win 65535 len 0
              | record 37, because of 34
              | purpose: acknowledgment
              | fate: arrives at 1.350 s
        1.350000000 server-in  10.0.0.1:49152 > 10.0.0.2:80: [.] seq 1122188441 ack 238610713 win 65535 len 0
              | record 38
              | sent at 1.300 s, record 37
              | server:80: LAST-ACK → CLOSED (segment)
        5.000000000 server-in  10.0.0.1:6000 > 10.0.0.2:80: [S] seq 7 win 65535 len 0
              | record 41
              | forged, record 40: no host sent it
              | server:80: LISTEN → SYN-RECEIVED (segment)
        5.000000000 server-out 10.0.0.2:80 > 10.0.0.1:6000: [S.] seq 3516265161 ack 8 win 65535 len 0 <2 05b4>
              | record 44, because of 41
              | purpose: new
              | fate: arrives at 5.050 s
              | wasted; cause: forged, record 40
        5.050000000 client-in  10.0.0.2:80 > 10.0.0.1:6000: [S.] seq 3516265161 ack 8 win 65535 len 0 <2 05b4>
              | record 45
              | sent at 5.000 s, record 44
              | wasted; cause: forged, record 40
        5.050000000 client-out 10.0.0.1:6000 > 10.0.0.2:80: [R] seq 8 win 0 len 0
              | record 46, because of 45
              | purpose: reset-of-no-connection
              | fate: arrives at 5.100 s
              | wasted; cause: forged, record 40
        5.100000000 server-in  10.0.0.1:6000 > 10.0.0.2:80: [R] seq 8 win 0 len 0
              | record 47
              | sent at 5.050 s, record 46
              | wasted; cause: forged, record 40
              | server:80: SYN-RECEIVED → CLOSED (reset)
    "#]]
    .assert_eq(&lines(EVERYTHING, View::Everywhere));
}

/// No more than the client's own tcpdump would have: its first SYN, which is lost, and both copies of the SYN-ACK.
#[test]
fn a_capture_at_one_host() {
    expect![[r#"
        0.000000000 client     10.0.0.1:49152 > 10.0.0.2:80: [S] seq 1122188339 win 65535 len 0 <2 05b4>
              | record 3, because of 1
              | purpose: new
              | client:49152: CLOSED → SYN-SENT (call)
        1.000000000 client     10.0.0.1:49152 > 10.0.0.2:80: [S] seq 1122188339 win 65535 len 0 <2 05b4>
              | record 6, because of 5
              | purpose: retransmission, number 1
        1.100000000 client     10.0.0.2:80 > 10.0.0.1:49152: [S.] seq 238610611 ack 1122188340 win 65535 len 0 <2 05b4>
              | record 10
              | client:49152: SYN-SENT → ESTABLISHED (segment)
        1.100000000 client     10.0.0.1:49152 > 10.0.0.2:80: [P.] seq 1122188340 ack 238610612 win 65535 len 100
              | record 13, because of 12
              | purpose: new
        1.110000000 client     10.0.0.2:80 > 10.0.0.1:49152: [S.] seq 238610611 ack 1122188340 win 65535 len 0 <2 05b4>
              | record 14
        1.110000000 client     10.0.0.1:49152 > 10.0.0.2:80: [.] seq 1122188440 ack 238610612 win 65535 len 0
              | record 15, because of 14
              | purpose: challenge-ack
        1.200000000 client     10.0.0.2:80 > 10.0.0.1:49152: [P.] seq 238610612 ack 1122188440 win 65535 len 100
              | record 23
        1.200000000 client     10.0.0.1:49152 > 10.0.0.2:80: [F.] seq 1122188440 ack 238610712 win 65535 len 0
              | record 27, because of 25
              | purpose: new
              | client:49152: ESTABLISHED → FIN-WAIT-1 (call)
        1.300000000 client     10.0.0.2:80 > 10.0.0.1:49152: [F.] seq 238610712 ack 1122188441 win 65535 len 0
              | record 34
              | client:49152: FIN-WAIT-1 → FIN-WAIT-2 (segment)
              | client:49152: FIN-WAIT-2 → TIME-WAIT (segment)
        1.300000000 client     10.0.0.1:49152 > 10.0.0.2:80: [.] seq 1122188441 ack 238610713 win 65535 len 0
              | record 37, because of 34
              | purpose: acknowledgment
        5.050000000 client     10.0.0.2:80 > 10.0.0.1:6000: [S.] seq 3516265161 ack 8 win 65535 len 0 <2 05b4>
              | record 45
        5.050000000 client     10.0.0.1:6000 > 10.0.0.2:80: [R] seq 8 win 0 len 0
              | record 46, because of 45
              | purpose: reset-of-no-connection
    "#]]
    .assert_eq(&lines(EVERYTHING, View::At(HostId(0))));
}

/// A host that is down captures nothing; one that keeps quiet after a reboot does.
#[test]
fn a_host_that_is_down_sees_nothing() {
    let crash = EVERYTHING
        .replace("[server]\n", "[[server.crash]]\nat = '1.01s'\nfor = '2.02s'\n\n[server]\nquiet-time = '4s'\n");
    let everywhere = lines(&crash, View::Everywhere);
    assert!(everywhere.contains("not heard: the host is down"), "{everywhere}");
    assert!(everywhere.contains("not heard: the host keeps quiet after a reboot"), "{everywhere}");
    let server = lines(&crash, View::At(HostId(1)));
    assert!(!server.contains("down") && server.contains("not heard: the host keeps quiet"), "{server}");
}

/// Octets that are sent again are the same, wherever a segment begins; together they are the stream.
#[test]
fn data_says_which_octets_they_are() {
    let text =
        EVERYTHING.replace("send 100 B\", \"receive 100 B\", \"close\"", "send 1000 B\", \"receive 100 B\", \"close\"");
    let text = text.replace("receive 100 B\", \"send 100 B", "receive 1000 B\", \"send 100 B");
    let text = text.replace("[client]\n", "[client]\nmss = 90\n");
    let experiment = parse("data.toml", &text);
    let packets = packets(&capture(&experiment, &experiment.variants()[0], View::At(HostId(0))));
    let sent: Vec<&Packet> = packets.iter().filter(|packet| packet.direction == 2 && !packet.data.is_empty()).collect();
    let mut stream: Vec<u8> = Vec::new();
    for packet in sent {
        let from = (packet.seq - packets[0].seq - 1) as usize;
        stream.resize(stream.len().max(from + packet.data.len()), 0);
        stream[from..from + packet.data.len()].copy_from_slice(&packet.data);
    }
    let stream = String::from_utf8(stream).unwrap();
    assert_eq!(stream.len(), 1000);
    for (line, text) in stream.lines().enumerate() {
        let begins = format!("octet {} of client, attempt 1 of client", line * 64);
        assert!(text.starts_with(&begins), "{text}");
    }
}

/// What no header can say without scaling is scaled, in both directions.
#[test]
fn large_windows_are_scaled() {
    let text = EVERYTHING.replace("[client]\n", "[client]\nwindow = 1000000\n");
    let experiment = parse("windows.toml", &text);
    let packets = packets(&capture(&experiment, &experiment.variants()[0], View::At(HostId(0))));
    let scale = |packet: &Packet| packet.options.iter().find(|(kind, _)| *kind == 3).map(|(_, scale)| scale[0]);
    let (mut syns, mut others) = (0, 0);
    for packet in packets {
        let client = packet.direction == 2;
        if packet.flags & 2 != 0 {
            assert_eq!(
                (scale(&packet), packet.window),
                (Some(if client { 4 } else { 0 }), 65_535),
                "{}",
                packet.line()
            );
            syns += 1;
        } else {
            assert_eq!(scale(&packet), None);
            let window = if client { 62_500 } else { 65_535 };
            assert_eq!(packet.window, if packet.flags & 4 != 0 { 0 } else { window }, "{}", packet.line());
            others += 1;
        }
    }
    assert!(syns > 3 && others > 3, "{syns}, {others}");
}

/// The longest segment that an experiment can have fits into one packet.
#[test]
fn the_longest_segment_fits() {
    let text = EVERYTHING.replace("seq-raw = 7", "seq-raw = 7\ndata = '65495 B'");
    let experiment = parse("long.toml", &text);
    let packets = packets(&capture(&experiment, &experiment.variants()[0], View::Everywhere));
    assert_eq!(packets.iter().map(|packet| packet.data.len()).max(), Some(65_495));
}

/// An error is told at the end, and nothing is written after it.
#[test]
fn an_error_is_told_at_the_end() {
    #[derive(Debug)]
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(octets.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(octets.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let experiment = parse("full.toml", EVERYTHING);
    let variant = &experiment.variants()[0];
    let scenario = scenario(&experiment, variant);
    for room in [0, 100, 500, 1_500] {
        let mut capture = Capture::new(Hosts::of(&scenario), View::Everywhere, &experiment, variant, Full(room));
        simulate(&scenario, &mut capture).unwrap();
        assert_eq!(capture.finish().unwrap_err().kind(), io::ErrorKind::StorageFull, "room for {room}");
    }
}
