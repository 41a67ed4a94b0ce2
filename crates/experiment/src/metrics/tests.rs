//! The metrics of short streams of records written by hand.

use std::net::{Ipv4Addr, SocketAddrV4};

use net_link::{Fate, Loss};
use sim_time::Instant;
use tcp_endpoint::{Acknowledged, EntryKind, Flags, FourTuple, Options, Reason, SeqNum, State, UserError};

use super::{Metrics, MetricsFold, catalogue};
use crate::record::{
    Attempt, Because, Blame, Call, Cause, Change, Event, Fold, Incarnation, Memory, Outcome, Record, RecordId, Sent,
    StateChange, What, Worth,
};
use crate::{Holdings, HostId};

const CLIENT: HostId = HostId(0);
const SERVER: HostId = HostId(1);

const fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

fn tuple(host: HostId, port: u16) -> FourTuple {
    let client = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), port);
    let server = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80);
    let of_client = FourTuple { local: client, remote: server };
    if host == CLIENT { of_client } else { of_client.flipped() }
}

/// A life, in a place of its own.
const fn incarnation(number: u32) -> Incarnation {
    Incarnation::new(number, number)
}

/// Writes records and measures them.
struct Stream {
    holdings: Holdings<MetricsFold>,
    records: u32,
}

impl Stream {
    fn new() -> Self {
        Self { holdings: Holdings::told_to(MetricsFold::new(["client", "server"])), records: 0 }
    }

    fn put(&mut self, millis: u64, event: Event) -> RecordId {
        self.put_because(millis, Because::ROOT, event)
    }

    fn put_because(&mut self, millis: u64, because: Because, event: Event) -> RecordId {
        let id = RecordId::new(self.records);
        self.records += 1;
        self.holdings.record(&Record { id, at: at(millis), because, event, changes: Vec::new() });
        id
    }

    /// The client's connections have even numbers, the server's odd ones; two ends of one have neighbouring numbers.
    fn state(&mut self, millis: u64, number: u32, (from, to): (State, State), reason: Reason) {
        let host = if number.is_multiple_of(2) { CLIENT } else { SERVER };
        let change = StateChange {
            host,
            incarnation: incarnation(number),
            attempt: Attempt { host: CLIENT, ordinal: number / 2 + 1 },
            tuple: tuple(host, u16::try_from(49152 + number / 2).unwrap()),
            from,
            to,
            reason,
            passive: host == SERVER,
            iss: SeqNum::new(0),
            irs: None,
            trips: 2,
        };
        self.put(millis, Event::State(change));
    }

    fn held(&mut self, millis: u64, number: u32, held: bool, octets: u64) {
        let (host, incarnation, memory) = (SERVER, incarnation(number), Memory::Entry(EntryKind::Connection));
        let what = if held { What::Held { memory, octets } } else { What::Released { memory, octets } };
        self.holdings.change(at(millis), &Change { host, incarnation, what });
    }

    fn judged(&mut self, millis: u64, number: u32, worth: Worth) {
        self.put(millis, Event::Judged { host: SERVER, incarnation: incarnation(number), worth });
    }

    /// A segment on the first connection that arrives at these times.
    fn sent(&mut self, millis: u64, from: HostId, flags: Flags, wasted: bool, arrivals: &[u64]) -> RecordId {
        let FourTuple { local, remote } = tuple(from, 49152);
        let own = u32::from(from == SERVER);
        let sent = Sent {
            from: Some(from),
            to: Some(if from == CLIENT { SERVER } else { CLIENT }),
            source: local,
            destination: remote,
            seq: SeqNum::new(1),
            ack: SeqNum::new(1),
            flags,
            window: 65_535,
            options: Options::default(),
            octets: 0,
            offset: 0,
            attempt: Attempt { host: CLIENT, ordinal: 1 },
            incarnation: Some(incarnation(own)),
            peer: Some(incarnation(1 - own)),
            purpose: None,
            retransmission: 0,
            acknowledges: Acknowledged::Nothing,
            forged: false,
            injection: None,
            wasted: wasted.then_some(Blame { cause: Cause::Delayed, record: None }),
            fate: Fate {
                deliveries: arrivals.iter().map(|millis| at(*millis)).collect(),
                lost: arrivals.is_empty().then_some(Loss::Chance),
                fault: None,
            },
        };
        self.put(millis, Event::Sent(sent))
    }

    fn arrives(&mut self, millis: u64, segment: RecordId, to: HostId, stale: bool) {
        self.put_because(
            millis,
            Because::of(segment),
            Event::Delivered { to, incarnation: None, copy: 0, stale, misleads: false },
        );
    }

    /// A segment that takes 50 ms.
    fn exchange(&mut self, millis: u64, from: HostId, flags: Flags) {
        let segment = self.sent(millis, from, flags, false, &[millis + 50]);
        self.arrives(millis + 50, segment, if from == CLIENT { SERVER } else { CLIENT }, false);
    }

    fn finish(self, millis: u64) -> Metrics {
        self.holdings.into_fold().finish(at(millis))
    }
}

#[track_caller]
fn check(metrics: &Metrics, expected: &[(&str, f64)]) {
    for (name, value) in expected {
        assert_eq!(metrics.get(name), Some(Some(*value)), "{name}");
    }
}

#[test]
fn the_catalogue_lists_what_is_measured() {
    let metrics = Stream::new().finish(1000);
    let catalogue = catalogue(&["client", "server"]);
    let listed: Vec<&str> = catalogue.iter().map(|info| info.name.as_str()).collect();
    let measured: Vec<&str> = metrics.iter().map(|(name, _)| name).collect();
    assert_eq!(listed, measured);
    let mut unique = listed.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), listed.len());
    for name in ["server.state.LAST-ACK.seconds", "client.time-wait.ended-early", "waste.crash.byte-seconds"] {
        assert_eq!(metrics.get(name), Some(Some(0.0)), "{name}");
    }
    assert_eq!(metrics.get("server.state.LISTEN.seconds"), None);
}

#[test]
fn a_statistic_of_nothing_is_null() {
    let metrics = Stream::new().finish(1000);
    for name in ["setup.seconds.mean", "setup.seconds.p999", "setup.round-trips", "close.segments"] {
        assert_eq!(metrics.get(name), Some(None), "{name}");
    }
}

#[test]
fn an_open_and_a_close() {
    use State::{CloseWait, Closed, Established, FinWait1, FinWait2, LastAck, Listen, SynReceived, SynSent, TimeWait};
    let mut run = Stream::new();
    run.state(0, 0, (Closed, SynSent), Reason::Call);
    run.exchange(0, CLIENT, Flags::SYN);
    run.state(50, 1, (Listen, SynReceived), Reason::Segment);
    run.exchange(50, SERVER, Flags::SYN_ACK);
    run.state(100, 0, (SynSent, Established), Reason::Segment);
    run.exchange(100, CLIENT, Flags::ACK);
    run.state(150, 1, (SynReceived, Established), Reason::Segment);
    run.state(200, 0, (Established, FinWait1), Reason::Call);
    run.exchange(200, CLIENT, Flags::FIN.with(Flags::ACK));
    run.state(250, 1, (Established, CloseWait), Reason::Segment);
    run.exchange(250, SERVER, Flags::ACK);
    run.state(300, 0, (FinWait1, FinWait2), Reason::Segment);
    run.state(350, 1, (CloseWait, LastAck), Reason::Call);
    run.exchange(350, SERVER, Flags::FIN.with(Flags::ACK));
    run.state(400, 0, (FinWait2, TimeWait), Reason::Segment);
    run.exchange(400, CLIENT, Flags::ACK);
    run.state(450, 1, (LastAck, Closed), Reason::Segment);
    run.state(1400, 0, (TimeWait, Closed), Reason::Expired);
    let metrics = run.finish(2000);
    check(
        &metrics,
        &[
            ("client.attempts.opened", 1.0),
            ("client.attempts.established", 1.0),
            ("client.state.SYN-SENT.seconds", 0.1),
            ("client.state.TIME-WAIT.seconds", 1.0),
            ("client.time-wait.seconds", 1.0),
            ("client.time-wait.entries", 1.0),
            ("client.time-wait.ended-early", 0.0),
            ("server.half-open.entries", 1.0),
            ("server.half-open.seconds", 0.1),
            ("server.half-open.peak", 1.0),
            ("server.syn-acks.sent", 1.0),
            ("setup.seconds.p50", 0.1),
            ("setup.seconds.max", 0.1),
            ("setup.round-trips", 1.0),
            ("close.segments", 4.0),
            ("close.reset", 0.0),
            ("segments.sent", 7.0),
            ("segments.delivered", 7.0),
        ],
    );
}

#[test]
fn a_ghost_costs_until_the_horizon() {
    let mut run = Stream::new();
    run.state(5000, 1, (State::Listen, State::Established), Reason::Segment);
    run.held(5000, 1, true, 2048);
    run.judged(5000, 1, Worth::Ghost(Blame { cause: Cause::Delayed, record: None }));
    let metrics = run.finish(15_000);
    check(
        &metrics,
        &[
            ("server.ghost.connections", 1.0),
            ("server.ghost.seconds", 10.0),
            ("server.ghost.byte-seconds", 20_480.0),
            ("server.memory.byte-seconds", 20_480.0),
            ("server.memory.wasted-byte-seconds", 20_480.0),
            ("server.memory.peak-bytes", 2048.0),
            ("waste.delayed.byte-seconds", 20_480.0),
            ("waste.lost.byte-seconds", 0.0),
            ("waste.byte-seconds", 20_480.0),
            ("client.ghost.connections", 0.0),
        ],
    );
}

/// An abandoned half-open entry that becomes a ghost when it moves to the table of connections.
#[test]
fn an_entry_keeps_its_account_when_it_moves() {
    let mut run = Stream::new();
    run.state(0, 1, (State::Listen, State::SynReceived), Reason::Segment);
    run.held(0, 1, true, 100);
    run.judged(1000, 1, Worth::Abandoned(Blame { cause: Cause::Application, record: None }));
    run.held(3000, 1, false, 100);
    run.held(3000, 1, true, 1000);
    run.state(3000, 1, (State::SynReceived, State::Established), Reason::Segment);
    run.judged(3000, 1, Worth::Ghost(Blame { cause: Cause::Application, record: None }));
    run.state(4000, 1, (State::Established, State::Closed), Reason::Reset);
    run.held(4000, 1, false, 1000);
    let metrics = run.finish(10_000);
    check(
        &metrics,
        &[
            ("server.half-open.abandoned", 1.0),
            ("server.half-open.abandoned-seconds", 2.0),
            ("server.half-open.seconds", 3.0),
            ("server.ghost.connections", 1.0),
            ("server.ghost.seconds", 1.0),
            ("server.memory.byte-seconds", 1300.0),
            ("server.memory.wasted-byte-seconds", 1200.0),
            ("server.memory.peak-bytes", 1000.0),
            ("waste.application.byte-seconds", 1200.0),
            ("close.reset", 0.0),
        ],
    );
}

#[test]
fn failed_opens_are_told_apart() {
    let opening = (State::Closed, State::SynSent);
    let failed = (State::SynSent, State::Closed);
    let mut run = Stream::new();
    for number in [0, 2, 4] {
        run.state(u64::from(number), number, opening, Reason::Call);
    }
    for (number, reason) in [(0, Reason::Reset), (2, Reason::GaveUp), (4, Reason::Call)] {
        run.state(500 + u64::from(number), number, failed, reason);
    }
    run.put(
        600,
        Event::Call {
            host: CLIENT,
            application: 3,
            incarnation: None,
            remote: None,
            call: Call::Connect,
            outcome: Outcome::Failed(UserError::AlreadyExists),
        },
    );
    for (at, error) in [(700, UserError::NoPort), (800, UserError::Quiet), (900, UserError::Quiet)] {
        let outcome = Outcome::Failed(error);
        run.put(
            at,
            Event::Call { host: CLIENT, application: 4, incarnation: None, remote: None, call: Call::Connect, outcome },
        );
    }
    let metrics = run.finish(1000);
    check(
        &metrics,
        &[
            ("client.attempts.opened", 3.0),
            ("client.attempts.established", 0.0),
            ("client.attempts.refused", 1.0),
            ("client.attempts.timed-out", 1.0),
            ("client.attempts.reset", 0.0),
            ("client.attempts.port-in-use", 1.0),
            ("client.ports.exhausted", 1.0),
            ("client.attempts.kept-quiet", 2.0),
            ("client.state.SYN-SENT.seconds", 1.5),
            ("client.state.SYN-SENT.peak", 3.0),
        ],
    );
}

#[test]
fn segments_are_counted_by_their_fate() {
    let mut run = Stream::new();
    run.sent(0, CLIENT, Flags::SYN, false, &[]);
    let doubled = run.sent(1, CLIENT, Flags::SYN, true, &[10, 20]);
    run.arrives(10, doubled, SERVER, false);
    run.arrives(20, doubled, SERVER, true);
    run.sent(30, CLIENT, Flags::RST, false, &[5000]);
    let metrics = run.finish(100);
    check(
        &metrics,
        &[
            ("segments.sent", 3.0),
            ("segments.lost", 1.0),
            ("segments.duplicated", 1.0),
            ("segments.delivered", 2.0),
            ("segments.stale", 1.0),
            ("segments.wasted", 1.0),
            ("client.segments.sent", 3.0),
            ("client.resets.sent", 1.0),
        ],
    );
}

#[test]
fn quantiles_are_nearest_ranks() {
    let mut run = Stream::new();
    for k in 1..=10 {
        run.state(0, 2 * k, (State::Closed, State::SynSent), Reason::Call);
    }
    for k in 1..=10 {
        run.state(u64::from(k) * 100, 2 * k, (State::SynSent, State::Established), Reason::Segment);
    }
    let metrics = run.finish(2000);
    check(
        &metrics,
        &[
            ("setup.seconds.mean", 0.55),
            ("setup.seconds.p50", 0.5),
            ("setup.seconds.p90", 0.9),
            ("setup.seconds.p99", 1.0),
            ("setup.seconds.max", 1.0),
        ],
    );
}

/// What is found without the catalogue stands where that has it.
#[test]
fn every_name_has_its_place() {
    let hosts = ["client", "cli", "client-2"];
    let metrics = MetricsFold::new(hosts).finish(Instant::ZERO);
    let owned = hosts.map(str::to_owned);
    let names: Vec<String> = catalogue(&hosts).into_iter().map(|metric| metric.name).collect();
    for (place, name) in names.iter().enumerate() {
        assert_eq!(catalogue::place(&owned, name), Some(place), "{name}");
    }
    for unknown in ["", "client", "client.", "server.ghost.seconds", "client.state.LISTEN.peak", "client.state.CLOSED"]
    {
        assert_eq!((metrics.get(unknown), catalogue::place(&owned, unknown)), (None, None), "{unknown}");
    }
    assert!(metrics.iter().map(|(name, _)| name).eq(&names));
    assert!(metrics.iter().all(|(name, value)| metrics.get(name) == Some(value)));
}
