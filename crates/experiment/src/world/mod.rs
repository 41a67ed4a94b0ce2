//! The world of one run: hosts, links and applications, driven by the event queue, told in records.
//!
//! Every event concerns one host. It is fed to that host's TCP; what the TCP wants done is done in order; then the
//! applications that were told something react, one after the other; and only when nobody has anything more to say
//! does the TCP emit what it held back. So at one instant it is: deliver, react, emit.

mod applications;
mod attempts;
mod crowd;
mod inject;
mod intake;
mod network;
mod outages;
mod slab;
mod streak;
mod transmit;
mod truth;
#[cfg(test)]
mod truth_tests;
mod workers;

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use rustc_hash::FxHashMap;
use sim_core::{EventQueue, Key, Model, Streams};
use sim_time::Instant;
use smallvec::SmallVec;
use tcp_endpoint::{
    Effect, Effects, EntryKind, Handle, Host, Notice, Payload, Queue, Reason, State, Transition, Unexpected,
};

use self::applications::{Round, Script};
use self::attempts::Attempts;
use self::crowd::{Crowd, Waiting};
use self::inject::Forger;
use self::network::{Network, Packet};
use self::slab::Slab;
pub(crate) use self::streak::Culprit;
use self::truth::{Birth, Judgement, Life, Loss, Settled, Truth};
use crate::record::{Attempt, Blame, Cause, Event, Fold, Memory, Outcome, Record, Scarce, SegmentId};
use crate::{EntrySizes, HostId, HostPlan, Scenario, Span};

/// Something that is going to happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pending {
    /// A script starts another round, or begins to listen.
    Start { host: HostId, script: u16 },
    /// A round goes on after a wait, or loses its patience.
    Wake { round: u32 },
    /// A copy of a segment arrives.
    Arrive { packet: u32, copy: u32 },
    /// A forged segment arrives.
    Inject { injection: u32 },
    /// An entry's deadline comes.
    Deadline { host: HostId, entry: Handle },
    /// A host crashes.
    Crash { host: HostId },
    /// A host that crashed is up again.
    Reboot { host: HostId },
}

/// A run in progress. `F` is told everything that happens.
pub(crate) struct World<F> {
    hosts: Vec<Machine>,
    network: Network,
    forger: Forger,
    truth: Truth,
    attempts: Attempts,
    rounds: Slab<Round>,
    /// Clients that wait for a place or a worker.
    waiting: Waiting,
    /// Applications that were told something at this event and have not reacted yet.
    reactions: VecDeque<Reaction>,
    /// The arrival that is being handled, if one is.
    arrival: Option<Arrival>,
    effects: Effects<Span, Attempt>,
    received: Vec<Span>,
    /// How the last call that failed ended.
    failed: Option<Outcome>,
    /// A script that will go on for ever at this instant.
    stuck: Option<Culprit>,
    fold: F,
}

/// One host: its TCP and everything the world keeps for it.
struct Machine {
    tcp: Host<Span, Attempt>,
    address: Ipv4Addr,
    sizes: EntrySizes,
    scripts: Vec<Script>,
    crowd: Crowd,
    entries: FxHashMap<Handle, Entry>,
    attempts: u32,
    rounds: u32,
    /// Whether it resets what it does not expect.
    resets: bool,
    /// Whether it has crashed and is not up again.
    down: bool,
    /// What applications were to do while it was down.
    overdue: Vec<Pending>,
}

/// What the world keeps for an entry of a host's tables.
#[derive(Clone, Copy)]
struct Entry {
    life: Life,
    deadline: Option<Key>,
}

/// What an application is to react to.
enum Reaction {
    /// Its TCP told it something.
    Notice { host: HostId, life: Life, notice: Notice },
    /// A worker is done with a connection.
    Idle { host: HostId, script: u16 },
}

/// What the world remembers of an arrival while it is handled.
#[derive(Clone, Copy)]
struct Arrival {
    id: SegmentId,
    sender: Option<Life>,
    wasted: Option<Blame>,
    forged: bool,
    duplicate: bool,
    orphaned: bool,
}

impl Arrival {
    /// What is to blame for what comes of it, if it is out of order itself: forged, wasted, a second copy, or sent by a
    /// host that crashed while it was on its way.
    fn blame(self) -> Option<Blame> {
        let own = |cause| Some(Blame { cause, packet: Some(self.id) });
        match self {
            Self { forged: true, .. } => own(Cause::Spoofed),
            Self { wasted: Some(blame), .. } => Some(blame),
            Self { orphaned: true, .. } => Some(Blame { cause: Cause::Crash, packet: None }),
            Self { duplicate: true, .. } => own(Cause::Duplicated),
            _ => None,
        }
    }

    /// What is to blame for it if it came where it should not have come: that it was late, if nothing else is wrong with it.
    fn to_blame(self) -> Blame {
        self.blame().unwrap_or(Blame { cause: Cause::Delayed, packet: Some(self.id) })
    }
}

/// What brought effects about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A segment or a deadline.
    Protocol,
    /// An application's call.
    Call,
    /// What was held back until the applications had reacted.
    Flush,
}

impl<F: Fold> World<F> {
    /// The world at time zero, with the scripts' starts armed in `queue`.
    pub(crate) fn new<Q: EventQueue<Pending>>(scenario: &Scenario, fold: F, queue: &mut Q) -> Self {
        let streams = Streams::new(scenario.seed);
        for (plan, host) in scenario.hosts.iter().zip(0..) {
            for (application, script) in plan.applications.iter().zip(0..) {
                let _ = queue.arm(application.start, Pending::Start { host: HostId(host), script });
            }
        }
        outages::arm(scenario, queue);
        for (injection, place) in scenario.injections.iter().zip(0..) {
            let _ = queue.arm(injection.at, Pending::Inject { injection: place });
        }
        Self {
            hosts: scenario.hosts.iter().map(|plan| Machine::new(plan, &streams)).collect(),
            network: Network::new(scenario, &streams),
            forger: Forger::new(scenario),
            truth: Truth::new(scenario.hosts.iter().map(|plan| plan.address)),
            attempts: Attempts::default(),
            rounds: Slab::new(),
            waiting: Waiting::default(),
            reactions: VecDeque::new(),
            arrival: None,
            effects: Vec::new(),
            received: Vec::new(),
            failed: None,
            stuck: None,
            fold,
        }
    }

    /// The script that keeps time from moving on beyond `at`, if it is a script's doing.
    pub(crate) fn culprit(&self, at: Instant) -> Option<Culprit> {
        let scripts = self.hosts.iter().zip(0..).flat_map(|(host, number)| {
            host.scripts.iter().zip(0..).filter_map(move |(script, place)| {
                let rounds = script.streak.many(at)?;
                Some(Culprit { host: HostId(number), script: place, rounds, failure: None })
            })
        });
        self.stuck.clone().or_else(|| scripts.max_by_key(|culprit| culprit.rounds))
    }

    fn machine(&mut self, host: HostId) -> &mut Machine {
        &mut self.hosts[usize::from(host.0)]
    }

    fn record(&mut self, at: Instant, event: Event) {
        self.fold.record(&Record { at, event });
    }

    /// Hands a copy of a segment to the host it came to; returns the host.
    fn arrive<Q: EventQueue<Pending>>(&mut self, place: u32, copy: u32, queue: &mut Q) -> Option<HostId> {
        let now = queue.now();
        let packet = self.network.packet(place)?;
        let (to, segment) = (packet.to, packet.segment.clone());
        if let Some(because) = self.hosts[usize::from(to.0)].is_deaf(now) {
            let (segment, sender) = (packet.id, packet.sender);
            self.record(now, Event::Unheard { segment, to, copy, because });
            self.unsaid(sender, Blame { cause: Cause::Crash, packet: None }, now);
            return Some(to);
        }
        let (octets, tuple) = (segment.payload, segment.receiver_tuple());
        let stale = self.is_stale(packet);
        self.arrival = Some(Arrival {
            id: packet.id,
            sender: packet.sender,
            wasted: packet.wasted,
            forged: packet.forged,
            duplicate: copy > 0,
            orphaned: packet.orphaned,
        });
        let delivered = Event::Delivered { segment: packet.id, to, copy, stale };
        self.record(now, delivered);
        let (machine, effects) = (&mut self.hosts[usize::from(to.0)], &mut self.effects);
        machine.tcp.on_segment(now, segment, effects);
        self.perform(to, Origin::Protocol, queue);
        if !octets.is_empty()
            && let Some(life) = self.truth.holder(tuple)
        {
            self.count_arrived(life, &octets);
        }
        Some(to)
    }

    /// Notes how many octets have arrived in order at an end, now that a segment with `octets` came.
    fn count_arrived(&mut self, life: Life, octets: &Span) {
        let Some(known) = self.truth.get_mut(life) else { return };
        if let Some(status) = self.hosts[usize::from(life.host.0)].tcp.status(known.handle) {
            let foreign = if known.hears(life, octets) { 0 } else { u64::from(octets.length) };
            if known.intake.note_arrived(status.unread_octets, foreign) {
                known.misled_by = known.misled_by.or_else(|| self.arrival.map(Arrival::to_blame));
            }
        }
    }

    /// Whether a segment that arrives is stale: its sender no longer holds the TCB that sent it, or has sent the same
    /// sequence space again since.
    ///
    /// A forged segment never had a sender. A reset, or an answer from outside any connection, says that its sender holds no TCB: it is stale if by now the
    /// sender does hold one, and another than the one that sent it.
    fn is_stale(&self, packet: &Packet) -> bool {
        let Packet { segment, sender, .. } = packet;
        match *sender {
            _ if packet.forged => false,
            Some(life) if !segment.flags.rst() => {
                !self.truth.holds(life)
                    || (!segment.is_empty() && self.truth.superseded(life, segment.seq, packet.retransmission))
            }
            _ => {
                let holder = self.truth.holder(segment.receiver_tuple().flipped());
                let holder = holder.filter(|life| self.truth.holds(*life));
                segment.flags.rst() && holder.is_some() && holder != *sender
            }
        }
    }

    /// Handles everything that is left to do at this event.
    fn settle<Q: EventQueue<Pending>>(&mut self, host: HostId, queue: &mut Q) {
        loop {
            while let Some(reaction) = self.reactions.pop_front() {
                self.react(&reaction, queue);
            }
            let (machine, effects) = (&mut self.hosts[usize::from(host.0)], &mut self.effects);
            machine.tcp.flush(queue.now(), effects);
            if self.effects.is_empty() {
                return;
            }
            self.perform(host, Origin::Flush, queue);
        }
    }

    /// Does what a host's TCP wants done, in order.
    fn perform<Q: EventQueue<Pending>>(&mut self, host: HostId, origin: Origin, queue: &mut Q) {
        if self.effects.is_empty() {
            return;
        }
        let now = queue.now();
        let mut effects = std::mem::take(&mut self.effects);
        let mut over: SmallVec<[Life; 2]> = SmallVec::new();
        for effect in effects.drain(..) {
            match effect {
                Effect::Transmit(transmission) => self.transmit(host, transmission, origin, queue),
                Effect::State(transition) => {
                    self.change_state(host, &transition, origin, now);
                    if transition.to == State::Closed {
                        over.extend(self.life(host, transition.entry));
                    }
                }
                Effect::Moved { from, to } => self.move_entry(host, from, to),
                Effect::Keep { of, entry } => self.keep(host, of, entry),
                Effect::HeldDown { port } => {
                    self.record(now, Event::HeldDown { host, port });
                    self.shut_out(host, port, Scarce::HoldDown, now);
                }
                Effect::Arm { entry, at } => self.arm(host, entry, at, queue),
                Effect::Disarm { entry } => self.disarm(host, entry, queue),
                Effect::Hold { entry } => self.hold(host, entry, true, now),
                Effect::Release { entry } => {
                    self.disarm(host, entry, queue);
                    self.hold(host, entry, false, now);
                    self.machine(host).entries.remove(&entry);
                }
                Effect::Overflow { port, queue: full } => {
                    self.record(now, Event::Overflow { host, port, queue: full });
                    let scarce = match full {
                        Queue::Syn => Scarce::SynBacklog,
                        Queue::Accept => Scarce::AcceptQueue,
                    };
                    self.shut_out(host, port, scarce, now);
                }
                Effect::Notify { entry, notice } => self.notify(host, entry, notice, now),
            }
        }
        for life in over {
            self.forget_if_settled(life, now);
        }
        self.effects = effects;
    }

    /// Follows a change of state; an entry that nothing was said of before begins a new incarnation.
    fn change_state(&mut self, host: HostId, transition: &Transition<Attempt>, origin: Origin, now: Instant) {
        let arrival = self.arrival.filter(|_| origin != Origin::Call);
        let (life, birth) = match self.life(host, transition.entry) {
            Some(life) => (life, None),
            None => {
                let birth = arrival.map_or(Birth::Call, |arrival| Birth::Segment(arrival.id));
                (self.give_birth(host, transition), Some(birth))
            }
        };
        let by = match transition.reason {
            Reason::Evicted => Some(self.thrown_out(life, now)),
            _ => arrival.and_then(Arrival::blame),
        };
        let Some(change) = self.truth.changed(life, transition, by) else { return };
        if let Some(arrival) = arrival.filter(|_| change.from == State::SynSent && change.to != State::Closed) {
            let over = arrival.sender.is_some_and(|sender| !self.truth.holds(sender));
            self.truth.answered(life, arrival.id, by.or(over.then(|| arrival.to_blame())));
        }
        self.record(now, Event::State(change));
        for judgement in self.truth.judge(life, birth, transition, by) {
            self.judged(judgement, now);
        }
        if change.to == State::Closed {
            if self.truth.get(life).is_some_and(|known| known.takes != Some(Scarce::AcceptQueue)) {
                self.occupy(life, None);
            }
            if !change.passive {
                self.end_wait(change.attempt, false, now);
            }
        }
    }

    /// What an end said does not come to the other.
    fn unsaid(&mut self, sender: Option<Life>, blame: Blame, now: Instant) {
        if let Some(judgement) = sender.and_then(|life| self.truth.unsaid(life, blame)) {
            self.judged(judgement, now);
        }
    }

    /// The verdict on a connection has changed.
    fn judged(&mut self, Judgement { life, worth }: Judgement, now: Instant) {
        self.crowd_judged(life);
        self.record(now, Event::Judged { host: life.host, incarnation: life.number, worth });
    }

    fn give_birth(&mut self, host: HostId, transition: &Transition<Attempt>) -> Life {
        self.attempts.hold(transition.tag);
        let lives = &mut self.attempts.end(transition.tag, host).lives;
        let nth = *lives;
        *lives += 1;
        let life = self.truth.born(host, transition, nth);
        self.machine(host).entries.insert(transition.entry, Entry { life, deadline: None });
        life
    }

    /// An incarnation goes on in another table. An application keeps the entry that it knows until it closes it.
    fn move_entry(&mut self, host: HostId, from: Handle, to: Handle) {
        let Some(life) = self.life(host, from) else { return };
        self.machine(host).entries.insert(to, Entry { life, deadline: None });
        if let Some(known) = self.truth.get_mut(life).filter(|_| to.kind == EntryKind::Connection) {
            known.handle = to;
        }
    }

    /// What a host goes on to remember is booked to the incarnation it remembers it by.
    fn keep(&mut self, host: HostId, of: Handle, entry: Handle) {
        if let Some(life) = self.life(host, of) {
            self.machine(host).entries.insert(entry, Entry { life, deadline: None });
        }
    }

    /// Forgets an incarnation that is over and has nothing on its way.
    fn forget_if_settled(&mut self, life: Life, now: Instant) {
        let Some(Settled { attempt, losses }) = self.truth.settle(life) else { return };
        self.attempts.release(attempt);
        for Loss { host, incarnation, octets } in losses {
            self.record(now, Event::DataLost { host, incarnation, octets });
        }
    }

    /// The incarnation that an entry embodies.
    fn life(&self, host: HostId, entry: Handle) -> Option<Life> {
        self.hosts[usize::from(host.0)].entries.get(&entry).map(|entry| entry.life)
    }

    fn hold(&mut self, host: HostId, entry: Handle, held: bool, now: Instant) {
        if let Some(life) = self.life(host, entry) {
            self.take_memory(life, Memory::Entry(entry.kind), held, now);
            match (entry.kind, held) {
                (EntryKind::HalfOpen, held) => self.occupy(life, held.then_some(Scarce::SynBacklog)),
                (EntryKind::Connection, false) => self.occupy(life, None),
                _ => {}
            }
        }
    }

    /// A host takes memory for a connection, or gives it back.
    fn take_memory(&mut self, life: Life, memory: Memory, held: bool, now: Instant) {
        let Life { host, number: incarnation, .. } = life;
        let octets = self.machine(host).sizes.octets(memory);
        self.record(
            now,
            if held {
                Event::Held { host, incarnation, memory, octets }
            } else {
                Event::Released { host, incarnation, memory, octets }
            },
        );
    }

    fn arm<Q: EventQueue<Pending>>(&mut self, host: HostId, handle: Handle, at: Instant, queue: &mut Q) {
        let Some(entry) = self.machine(host).entries.get_mut(&handle) else { return };
        if !entry.deadline.is_some_and(|key| queue.rearm(key, at)) {
            entry.deadline = Some(queue.arm(at, Pending::Deadline { host, entry: handle }));
        }
        let incarnation = entry.life.number;
        self.record(queue.now(), Event::TimerSet { host, incarnation, deadline: at });
    }

    fn disarm<Q: EventQueue<Pending>>(&mut self, host: HostId, handle: Handle, queue: &mut Q) {
        if let Some(key) = self.machine(host).entries.get_mut(&handle).and_then(|entry| entry.deadline.take()) {
            let _ = queue.cancel(key);
        }
    }

    fn deadline<Q: EventQueue<Pending>>(&mut self, host: HostId, handle: Handle, queue: &mut Q) {
        let now = queue.now();
        let Some(entry) = self.machine(host).entries.get_mut(&handle) else { return };
        entry.deadline = None;
        let incarnation = entry.life.number;
        self.record(now, Event::TimerFired { host, incarnation });
        let (machine, effects) = (&mut self.hosts[usize::from(host.0)], &mut self.effects);
        machine.tcp.on_deadline(now, handle, effects);
        self.perform(host, Origin::Protocol, queue);
    }

    fn notify(&mut self, host: HostId, entry: Handle, notice: Notice, now: Instant) {
        let Some(life) = self.life(host, entry) else { return };
        self.record(now, Event::Notice { host, incarnation: life.number, notice });
        self.reactions.push_back(Reaction::Notice { host, life, notice });
    }
}

impl Machine {
    fn new(plan: &HostPlan, streams: &Streams) -> Self {
        let mut secret = [0; 16];
        secret.copy_from_slice(&streams.key(&plan.name, "isn secret")[..16]);
        Self {
            tcp: Host::new(plan.address, plan.settings.clone(), secret),
            address: plan.address,
            sizes: plan.sizes,
            scripts: plan.applications.iter().map(Script::new).collect(),
            crowd: Crowd::default(),
            entries: FxHashMap::default(),
            attempts: 0,
            rounds: 0,
            resets: plan.settings.handshake.unexpected == Unexpected::Reset,
            down: false,
            overdue: Vec::new(),
        }
    }
}

impl<F: Fold> Model<Pending> for World<F> {
    fn is_stuck(&self) -> bool {
        self.stuck.is_some()
    }

    fn handle<Q: EventQueue<Pending>>(&mut self, event: Pending, queue: &mut Q) {
        let event = match event {
            Pending::Inject { injection } => match self.inject(injection, queue.now()) {
                Some(packet) => Pending::Arrive { packet, copy: 0 },
                None => return,
            },
            other => other,
        };
        let Some(event) = self.put_off(event) else { return };
        let host = match event {
            Pending::Inject { .. } => None,
            Pending::Start { host, script } => {
                self.start(host, script, queue);
                Some(host)
            }
            Pending::Wake { round } => self.wake(round, queue),
            Pending::Arrive { packet, copy } => self.arrive(packet, copy, queue),
            Pending::Deadline { host, entry } => {
                self.deadline(host, entry, queue);
                Some(host)
            }
            Pending::Crash { host } => {
                self.crash(host, queue);
                Some(host)
            }
            Pending::Reboot { host } => {
                self.reboot(host, queue);
                Some(host)
            }
        };
        if let Some(host) = host {
            self.settle(host, queue);
        }
        if let Pending::Arrive { packet, .. } = event {
            self.arrival = None;
            self.landed(packet, queue.now());
        }
    }
}
