//! One record of each kind, for those who want to know what a stream can hold.

use std::net::{Ipv4Addr, SocketAddrV4};

use net_link::Fate;
use sim_time::Instant;
use smallvec::smallvec;
use tcp_endpoint::{
    Acknowledged, EntryKind, Flags, FourTuple, Notice, Options, Purpose, Queue, Reason, SeqNum, State, Timer, UserError,
};

use super::{
    Attempt, Awaited, Because, Blame, Call, Cause, Change, Deaf, Event, HostId, Incarnation, Memory, Outcome, Record,
    RecordId, Scarce, Sent, StateChange, Unfinished, WaitEnd, What, Worth,
};

/// One record of each kind, with one change of each kind among them. They tell no story.
#[must_use]
pub fn samples() -> Vec<Record> {
    let (host, incarnation, port) = (HostId(1), Incarnation::new(3, 0), 80);
    let attempt = Attempt { host: HostId(0), ordinal: 1 };
    let blame = Some(Blame { cause: Cause::Delayed, record: Some(RecordId::new(2)) });
    let at = Instant::from_nanos(5_000_000_000);
    let socket = |host, port| SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, host), port);
    let (client, server) = (socket(1, 49_152), socket(2, port));
    let sent = Sent {
        from: Some(HostId(0)),
        to: Some(host),
        source: client,
        destination: server,
        seq: SeqNum::new(1000),
        ack: SeqNum::new(2000),
        flags: Flags::ACK.with(Flags::PSH),
        window: 65_535,
        options: Options::default(),
        octets: 100,
        offset: 0,
        attempt,
        incarnation: Some(Incarnation::new(2, 1)),
        peer: Some(incarnation),
        purpose: Some(Purpose::New),
        retransmission: 0,
        acknowledges: Acknowledged::Syn,
        forged: false,
        injection: None,
        wasted: None,
        fate: Fate { deliveries: smallvec![at], lost: None, fault: Some(0) },
    };
    let state = StateChange {
        host,
        incarnation,
        attempt,
        tuple: FourTuple { local: server, remote: client },
        from: State::Listen,
        to: State::SynReceived,
        reason: Reason::Segment,
        passive: true,
        iss: SeqNum::new(1999),
        irs: Some(SeqNum::new(999)),
        trips: 1,
    };
    let (application, remote) = (0, Some(client));
    let unfinished = Unfinished {
        host,
        application,
        script: 0,
        step: 2,
        incarnation: Some(incarnation),
        remote,
        awaits: Awaited::Octets,
        octets: 100,
        since: at,
    };
    let outcome = Outcome::Failed(UserError::AlreadyExists);
    let memory = Memory::Entry(EntryKind::HalfOpen);
    let events = [
        Event::Script { host, script: 0 },
        Event::Session { host, script: 0, session: 0 },
        Event::Woken { host, application },
        Event::Sent(sent),
        Event::Delivered { to: host, incarnation: Some(incarnation), copy: 0, stale: true, misleads: false },
        Event::Unheard { to: host, copy: 0, deaf: Deaf::Down },
        Event::Crashed { host },
        Event::Rebooted { host, quiet_until: at },
        Event::WarmedUp,
        Event::State(state),
        Event::TimerFired { host, incarnation, timer: Timer::Retransmission },
        Event::Call { host, application, incarnation: Some(incarnation), remote, call: Call::Connect, outcome },
        Event::DataLost { host, incarnation, octets: 100 },
        Event::Overflow { host, port, queue: Queue::Syn, held: 8, since: at },
        Event::HeldDown { host, port },
        Event::Waits {
            host,
            port,
            attempt,
            scarce: Scarce::SynBacklog,
            script: None,
            places: 8,
            since: Some(at),
            blame,
            before: None,
        },
        Event::InTheWay { host, port, script: None, clients: 2, before: None, blame },
        Event::WaitOver { host, attempt, blame, end: WaitEnd::Served },
        Event::Judged { host, incarnation, worth: Worth::Useful },
        Event::Unfinished(unfinished),
    ];
    let changes = [
        What::Held { memory, octets: 96 },
        What::Released { memory, octets: 96 },
        What::Armed { timer: Timer::Retransmission, deadline: at },
        What::Disarmed { timer: Timer::Retransmission },
        What::Told { notice: Notice::Readable },
        What::Served { begins: true },
    ];
    let changes: Vec<Change> = changes.into_iter().map(|what| Change { host, incarnation, what }).collect();
    let record = |(event, place)| Record {
        id: RecordId::new(place),
        at,
        because: place.checked_sub(1).map(RecordId::new).into_iter().collect::<Because>(),
        changes: if matches!(event, Event::State(_)) { changes.clone() } else { Vec::new() },
        event,
    };
    events.into_iter().zip(0..).map(record).collect()
}
