//! Ladders of hand-made records.

use std::net::{Ipv4Addr, SocketAddrV4};

use expect_test::{Expect, expect};
use experiment::HostId;
use experiment::record::{
    Attempt, Because, Blame, Call, Cause, Change, Event, Fold, Incarnation, Outcome, Record, RecordId, Sent,
    StateChange, What, Worth,
};
use net_link::{Fate, Loss};
use sim_time::{Duration, Instant};
use tcp_endpoint::State::{CloseWait, Closed, Established, FinWait1, Listen, SynReceived, SynSent, TimeWait};
use tcp_endpoint::{Acknowledged, Flags, FourTuple, Notice, Options, Reason, SeqNum, State};

use super::{Look, ladder};
use crate::diagram::Diagram;
use crate::paint::Colour;

/// A life, in a place of its own.
const fn incarnation(number: u32) -> Incarnation {
    Incarnation::new(number, number)
}

const LOOK: Look = Look { width: 100, rows: 100, colour: Colour::Never };
const CLIENT: HostId = HostId(0);
const SERVER: HostId = HostId(1);
const FIN_ACK: Flags = Flags::FIN.with(Flags::ACK);

/// Writes records as a run would; each host's initial sequence number is 1000 times its place, plus 1000.
struct Script {
    diagram: Diagram,
    next: u32,
    attempt: u32,
}

/// What a link does to the next segment.
enum Does {
    Pass,
    Delay(u64),
    Twice(u64, u64),
    Drop(Loss, Option<u16>),
}

fn address(host: HostId) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, 1 + u8::try_from(host.0).unwrap())
}

fn socket(host: HostId, attempt: u32) -> SocketAddrV4 {
    let client = 40_000 + u16::try_from(attempt).unwrap();
    SocketAddrV4::new(address(host), if host == SERVER { 80 } else { client })
}

fn ms(millis: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(millis)
}

impl Script {
    fn new() -> Self {
        let hosts = ["client", "server"].iter().zip([CLIENT, SERVER]);
        let diagram = Diagram::new(hosts.map(|(name, host)| ((*name).to_owned(), address(host))).collect());
        Self { diagram, next: 0, attempt: 1 }
    }

    fn event(&mut self, at: u64, event: Event) -> RecordId {
        self.event_because(at, Because::ROOT, event)
    }

    fn event_because(&mut self, at: u64, because: Because, event: Event) -> RecordId {
        let id = RecordId::new(self.next);
        self.next += 1;
        self.diagram.record(&Record { id, at: ms(at), because, event, changes: Vec::new() });
        id
    }

    fn told(&mut self, at: u64, host: HostId, incarnation: Incarnation, notice: Notice) {
        self.diagram.change(ms(at), &Change { host, incarnation, what: What::Told { notice } });
    }

    fn state(&mut self, at: u64, host: HostId, from: State, to: State, reason: Reason) {
        self.state_because(at, Because::ROOT, host, (from, to), reason);
    }

    fn state_because(&mut self, at: u64, because: Because, host: HostId, (from, to): (State, State), reason: Reason) {
        let other = if host == CLIENT { SERVER } else { CLIENT };
        let tuple = FourTuple { local: socket(host, self.attempt), remote: socket(other, self.attempt) };
        let change = StateChange {
            host,
            incarnation: incarnation(u32::from(host.0) + 2 * self.attempt),
            attempt: Attempt { host: CLIENT, ordinal: self.attempt },
            tuple,
            from,
            to,
            reason,
            passive: host == SERVER,
            iss: SeqNum::new(0),
            irs: None,
            trips: 0,
        };
        self.event_because(at, because, Event::State(change));
    }

    /// Sends a segment; `numbers` are relative SEG.SEQ and SEG.ACK.
    fn send(&self, at: u64, from: HostId, flags: Flags, numbers: (u32, u32), octets: u32, does: Does) -> Sent {
        let to = if from == CLIENT { SERVER } else { CLIENT };
        let initial = |host: HostId| SeqNum::new(1000 * (u32::from(host.0) + 1));
        let at_link = |transit: u64| ms(at + transit);
        let fate = match does {
            Does::Pass => fate(&[at_link(50)], None, None),
            Does::Delay(until) => fate(&[ms(until)], None, Some(0)),
            Does::Twice(first, second) => fate(&[ms(first), ms(second)], None, None),
            Does::Drop(loss, fault) => fate(&[], Some(loss), fault),
        };
        Sent {
            from: Some(from),
            to: Some(to),
            source: socket(from, self.attempt),
            destination: socket(to, self.attempt),
            seq: initial(from) + numbers.0,
            ack: initial(to) + numbers.1,
            flags,
            window: 65_535,
            options: Options::default(),
            octets,
            offset: 0,
            attempt: Attempt { host: CLIENT, ordinal: self.attempt },
            incarnation: Some(incarnation(u32::from(from.0) + 2 * self.attempt)),
            peer: None,
            purpose: None,
            retransmission: 0,
            acknowledges: Acknowledged::Nothing,
            forged: false,
            injection: None,
            wasted: None,
            fate,
        }
    }

    fn sent(&mut self, at: u64, sent: &Sent) -> RecordId {
        self.event(at, Event::Sent(sent.clone()))
    }

    fn passes(&mut self, at: u64, from: HostId, flags: Flags, numbers: (u32, u32), octets: u32) {
        let sent = self.send(at, from, flags, numbers, octets, Does::Pass);
        let id = self.sent(at, &sent);
        self.arrives(at + 50, id, 0, false);
    }

    fn arrives(&mut self, at: u64, sent: RecordId, copy: u32, stale: bool) {
        self.event_because(
            at,
            Because::of(sent),
            Event::Delivered { to: SERVER, incarnation: None, copy, stale, misleads: false },
        );
    }

    fn opens(&mut self) {
        self.state(0, CLIENT, Closed, SynSent, Reason::Call);
        self.passes(0, CLIENT, Flags::SYN, (0, 0), 0);
        self.state(50, SERVER, Listen, SynReceived, Reason::Segment);
        self.passes(50, SERVER, Flags::SYN_ACK, (0, 1), 0);
        self.state(100, CLIENT, SynSent, Established, Reason::Segment);
        self.passes(100, CLIENT, Flags::ACK, (1, 1), 0);
        self.state(150, SERVER, SynReceived, Established, Reason::Segment);
    }

    fn shows(mut self, end: u64, expected: &Expect) {
        self.diagram.finish(ms(end));
        let text = ladder(&self.diagram, LOOK);
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
        expected.assert_eq(&text);
    }
}

fn fate(deliveries: &[Instant], lost: Option<Loss>, fault: Option<u16>) -> Fate {
    Fate { deliveries: deliveries.iter().copied().collect(), lost, fault }
}

#[test]
fn an_open_without_trouble() {
    let mut script = Script::new();
    script.opens();
    script.passes(150, CLIENT, Flags::PSH.with(Flags::ACK), (1, 1), 100);
    script.passes(200, SERVER, Flags::ACK, (1, 101), 0);
    let (call, outcome) = (Call::Close, Outcome::Done);
    let (incarnation, remote) = (Some(incarnation(2)), Some(socket(SERVER, 1)));
    let close = script.event(250, Event::Call { host: CLIENT, application: 0, incarnation, remote, call, outcome });
    script.state_because(250, Because::of(close), CLIENT, (Established, FinWait1), Reason::Call);
    script.passes(250, CLIENT, FIN_ACK, (101, 1), 0);
    script.state(300, SERVER, Established, CloseWait, Reason::Segment);
    script.shows(
        400,
        &expect![[r#"
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  │                    LISTEN → SYN-RECEIVED │
            0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
            0.100  │ SYN-SENT → ESTABLISHED                   │
            0.100  ├── ACK 1/1 ──────────────────────────────▶│    0.150
            0.150  │               SYN-RECEIVED → ESTABLISHED │
            0.150  ├── DATA 1/1 100 B ───────────────────────▶│    0.200
            0.200  │◀──────────────────────────── ACK 1/101 ──┤    0.250
            0.250  │ ESTABLISHED → FIN-WAIT-1                 │           close
            0.250  ├── FIN,ACK 101/1 ────────────────────────▶│    0.300
            0.300  │                 ESTABLISHED → CLOSE-WAIT │
            0.400  │ still FIN-WAIT-1        still CLOSE-WAIT │           end of the run
        "#]],
    );
}

#[test]
fn what_goes_wrong_is_said_where_it_happens() {
    let mut script = Script::new();
    script.state(0, CLIENT, Closed, SynSent, Reason::Call);
    let late = script.send(0, CLIENT, Flags::SYN, (0, 0), 0, Does::Delay(5_000));
    let late = script.sent(0, &late);
    let mut again = script.send(1_000, CLIENT, Flags::SYN, (0, 0), 0, Does::Drop(Loss::Chance, None));
    again.retransmission = 1;
    script.sent(1_000, &again);
    let mut third = script.send(3_000, CLIENT, Flags::SYN, (0, 0), 0, Does::Twice(3_050, 3_100));
    third.retransmission = 2;
    let third = script.sent(3_000, &third);
    script.arrives(3_050, third, 0, false);
    script.state(3_050, SERVER, Listen, SynReceived, Reason::Segment);
    let answer = script.send(3_050, SERVER, Flags::SYN_ACK, (0, 1), 0, Does::Drop(Loss::Fault, Some(1)));
    script.sent(3_050, &answer);
    script.arrives(3_100, third, 1, false);
    script.state(4_000, CLIENT, SynSent, Closed, Reason::GaveUp);
    script.told(4_000, CLIENT, incarnation(2), Notice::TimedOut);
    let worth = Worth::Abandoned(Blame { cause: Cause::Lost, record: None });
    script.event(4_000, Event::Judged { host: SERVER, incarnation: incarnation(3), worth });
    script.arrives(5_000, late, 0, true);
    let mut wasted = script.send(60_000, SERVER, Flags::SYN_ACK, (0, 1), 0, Does::Drop(Loss::QueueFull, None));
    wasted.retransmission = 1;
    wasted.wasted = Some(Blame { cause: Cause::Lost, record: None });
    script.sent(60_000, &wasted);
    script.shows(
        10_800_000,
        &expect![[r#"
                 time  client                                server  arrives
                0.000  │ CLOSED → SYN-SENT                        │
                0.000  ├── SYN 0 ─────────────────┄┄              │    5.000  delayed by fault 1
                1.000  ├── SYN 0 ──────────────────✗              │           retransmission 1, lost by chance
                3.000  ├── SYN 0 ────────────────────────────────▶│    3.050  retransmission 2, duplicated,
                       │                                          │           again at 3.100
                3.050  │                    LISTEN → SYN-RECEIVED │
                3.050  │              ✗──────────── SYN,ACK 0/1 ──┤           dropped by fault 2
                3.100  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 3.000, duplicate 1
                4.000  │ SYN-SENT → CLOSED                        │           gave up, told: timed out
                4.000  │               abandoned: nobody is there │           cause: a lost segment
                5.000  │ ┄┄ SYN 0 ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄▶│           sent 0.000, stale
                       ⋮                   55 s                   ⋮
               60.000  │              ✗──────────── SYN,ACK 0/1 ──┤           retransmission 1, wasted, dropped:
                       │                                          │           queue full
                       ⋮                 10,740 s                 ⋮
            10800.000  │                       still SYN-RECEIVED │           end of the run
        "#]],
    );
}

#[test]
fn two_connections_are_told_apart() {
    let mut script = Script::new();
    script.opens();
    script.attempt = 2;
    script.state(200, CLIENT, Closed, SynSent, Reason::Call);
    script.passes(200, CLIENT, Flags::SYN, (0, 0), 0);
    script.passes(250, SERVER, Flags::RST.with(Flags::ACK), (0, 1), 0);
    script.state(300, CLIENT, SynSent, Closed, Reason::Reset);
    script.attempt = 1;
    script.state(300, CLIENT, Established, TimeWait, Reason::Segment);
    script.shows(
        300,
        &expect![[r#"
             time      client                                server  arrives
            0.000  #1  │ CLOSED → SYN-SENT                        │
            0.000  #1  ├── SYN 0 ────────────────────────────────▶│    0.050
            0.050  #1  │                    LISTEN → SYN-RECEIVED │
            0.050  #1  │◀────────────────────────── SYN,ACK 0/1 ──┤    0.100
            0.100  #1  │ SYN-SENT → ESTABLISHED                   │
            0.100  #1  ├── ACK 1/1 ──────────────────────────────▶│    0.150
            0.150  #1  │               SYN-RECEIVED → ESTABLISHED │
            0.200  #2  │ CLOSED → SYN-SENT                        │
            0.200  #2  ├── SYN 0 ────────────────────────────────▶│    0.250
            0.250  #2  │◀────────────────────────── RST,ACK ?/1 ──┤    0.300
            0.300  #2  │ SYN-SENT → CLOSED                        │           reset
            0.300  #1  │ ESTABLISHED → TIME-WAIT                  │
            0.300  #1  │ still TIME-WAIT        still ESTABLISHED │           end of the run
        "#]],
    );
}

#[test]
fn a_keepalive_and_its_answer() {
    let mut script = Script::new();
    script.opens();
    script.passes(7_200_150, SERVER, Flags::ACK, (0, 1), 0);
    script.passes(7_200_200, CLIENT, Flags::ACK, (1, 1), 0);
    script.shows(
        7_300_000,
        &expect![[r#"
                time  client                                server   arrives
               0.000  │ CLOSED → SYN-SENT                        │
               0.000  ├── SYN 0 ────────────────────────────────▶│     0.050
               0.050  │                    LISTEN → SYN-RECEIVED │
               0.050  │◀────────────────────────── SYN,ACK 0/1 ──┤     0.100
               0.100  │ SYN-SENT → ESTABLISHED                   │
               0.100  ├── ACK 1/1 ──────────────────────────────▶│     0.150
               0.150  │               SYN-RECEIVED → ESTABLISHED │
                      ⋮                 7,200 s                  ⋮
            7200.150  │◀────────────────────────────── ACK 0/1 ──┤  7200.200
            7200.200  ├── ACK 1/1 ──────────────────────────────▶│  7200.250
                      ⋮                  99.8 s                  ⋮
            7300.000  │ still ESTABLISHED      still ESTABLISHED │            end of the run
        "#]],
    );
}

#[test]
fn a_forged_syn_comes_from_nobody_and_the_answer_goes_there() {
    let mut script = Script::new();
    let nobody = SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 9), 40_001);
    let mut forged = script.send(0, CLIENT, Flags::SYN, (0, 0), 0, Does::Pass);
    (forged.from, forged.source, forged.forged) = (None, nobody, true);
    let forged = script.sent(0, &forged);
    script.arrives(50, forged, 0, false);
    let mut answer = script.send(50, SERVER, Flags::SYN_ACK, (0, 1), 0, Does::Drop(Loss::NoRoute, None));
    answer.destination = nobody;
    answer.to = None;
    script.sent(50, &answer);
    script.shows(
        50,
        &expect![[r#"
             time  server                                nobody  arrives
            0.000  │◀──────────────────────────────── SYN 0 ──┤    0.050  forged
            0.050  ├── SYN,ACK 0/1 ────────────✗              │           nobody has the address
        "#]],
    );
}

#[test]
fn only_so_many_rows_are_kept() {
    let mut script = Script::new();
    script.diagram = script.diagram.with_at_most(2);
    script.opens();
    script.shows(
        300,
        &expect![[r#"
            3 segments; 1 open, it succeeds
            nothing held for nobody
             time  client                                server  arrives
            0.000  │ CLOSED → SYN-SENT                        │
            0.000  ├── SYN 0 ────────────────────────────────▶│    0.050
            … only the beginning is drawn, 1 of 3 segments, until 0.050 s
        "#]],
    );
}

#[test]
fn colours_come_only_when_asked() {
    let mut script = Script::new();
    script.opens();
    assert!(!ladder(&script.diagram, LOOK).contains('\u{1b}'));
    let coloured = ladder(&script.diagram, Look { colour: Colour::Always, ..LOOK });
    assert!(coloured.contains("\u{1b}[36mCLOSED → SYN-SENT"));
}
