//! The world of one run: hosts, links and applications, driven by the event queue, told in records.
//!
//! Every event concerns one host. It is fed to that host's TCP; what the TCP wants done is done in order; then the
//! applications that were told something react, one after the other; and only when nobody has anything more to say
//! does the TCP emit what it held back. So at one instant it is: deliver, react, emit.

mod applications;
mod arrivals;
mod attempts;
mod crowd;
mod entries;
mod flood;
mod inject;
mod intake;
#[cfg(test)]
mod memory_tests;
mod network;
mod outages;
mod population;
mod sessions;
mod streak;
mod transmit;
mod truth;
#[cfg(test)]
mod truth_tests;
mod workers;

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use sim_core::{EventQueue, Model, Streams};
use sim_time::Instant;
use tcp_endpoint::{Effect, Effects, EntryKind, Handle, Host, Notice, Payload, Queue, Reason, State, Transition};

use self::attempts::Attempts;
use self::crowd::{Crowd, Waiting};
use self::entries::Entries;
use self::flood::Flooding;
use self::inject::Forger;
use self::network::{Network, Packet};
use self::population::{MachineId, Population};
use self::sessions::Round;
pub(crate) use self::streak::Culprit;
use self::truth::{Birth, Judgement, Life, Loss, Settled, Truth};
use self::workers::Pool;
use crate::record::{Attempt, Blame, Cause, Event, Fold, Memory, Outcome, Record, Scarce, SegmentId};
use crate::slab::Slab;
use crate::{HostId, HostPlan, Scenario, Span, scenario};

/// Something that is going to happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Pending {
    /// A server's script begins to listen.
    Listen { machine: MachineId, script: u16 },
    /// A session of a client's script begins.
    Arrival { host: HostId, script: u16 },
    /// A session begins its next round.
    Begin { round: u32 },
    /// A round goes on after a wait, or loses its patience.
    Wake { round: u32 },
    /// A copy of a segment arrives.
    Arrive { packet: u32, copy: u32 },
    /// The warm-up is over.
    WarmedUp,
    /// A forged segment arrives.
    Inject { injection: u32 },
    /// A flood's next segment arrives.
    Flood { flood: u16 },
    /// An entry's deadline comes.
    Deadline { machine: MachineId, entry: Handle },
    /// A machine crashes.
    Crash { machine: MachineId },
    /// A machine that crashed is up again.
    Reboot { machine: MachineId },
}

impl Pending {
    /// The arrival of a segment of which there is one copy.
    const fn arrival_of(packet: u32) -> Self {
        Self::Arrive { packet, copy: 0 }
    }
}

/// A run in progress. `F` is told everything that happens.
pub(crate) struct World<F> {
    /// By [`HostId`].
    hosts: Vec<Population>,
    /// By [`MachineId`].
    machines: Vec<Machine>,
    network: Network,
    forger: Forger,
    floods: Vec<Flooding>,
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
    /// Incarnations that ended by the effects that are being performed.
    over: Vec<Life>,
    received: Vec<Span>,
    /// How the last call that failed ended.
    failed: Option<Outcome>,
    /// A script that will go on for ever at this instant.
    stuck: Option<Culprit>,
    fold: F,
}

/// One machine of a host: its TCP and everything the world keeps for it.
struct Machine {
    host: HostId,
    tcp: Host<Span, Attempt>,
    address: Ipv4Addr,
    /// Who serves the connections of each script of its host that accepts.
    pools: Vec<Pool>,
    crowd: Crowd,
    entries: Entries,
    /// Whether it has crashed and is not up again.
    down: bool,
    /// How often it has crashed, or is about to, at random.
    failures: u32,
    /// What applications were to do while it was down.
    overdue: Vec<Pending>,
}

/// What an application is to react to.
enum Reaction {
    /// Its TCP told it something.
    Notice { life: Life, notice: Notice },
    /// A worker is done with a connection.
    Idle { machine: MachineId, script: u16 },
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
        let hosts = population::all(scenario, &streams);
        let machines: Vec<Machine> =
            scenario.hosts.iter().zip(0..).flat_map(|(plan, id)| Machine::all(plan, HostId(id), &streams)).collect();
        let mut world = Self {
            network: Network::new(scenario, &streams),
            forger: Forger::new(scenario),
            floods: Flooding::all(scenario, &streams),
            truth: Truth::new(machines.iter().map(|machine| machine.address)),
            hosts,
            machines,
            attempts: Attempts::default(),
            rounds: Slab::new(),
            waiting: Waiting::default(),
            reactions: VecDeque::new(),
            arrival: None,
            effects: Vec::new(),
            over: Vec::new(),
            received: Vec::new(),
            failed: None,
            stuck: None,
            fold,
        };
        if scenario.warm_up > Instant::ZERO {
            // Armed before anything else, so that what happens at that instant is measured.
            let _ = queue.arm(scenario.warm_up, Pending::WarmedUp);
        }
        world.arm_scripts(scenario, queue);
        world.arm_outages(scenario, queue);
        for (injection, place) in scenario.injections.iter().zip(0..) {
            let _ = queue.arm(injection.at, Pending::Inject { injection: place });
        }
        world.arm_floods(queue);
        world
    }

    /// The script that keeps time from moving on beyond `at`, if it is a script's doing.
    pub(crate) fn culprit(&self, at: Instant) -> Option<Culprit> {
        let sessions = self.rounds.iter().filter_map(|(_, round)| {
            let rounds = round.session.as_ref()?.streak.many(at)?;
            Some(Culprit { host: self.host_of(round.machine), script: round.script, rounds, failure: None })
        });
        self.stuck.clone().or_else(|| sessions.max_by_key(|culprit| culprit.rounds))
    }

    fn machine(&mut self, machine: MachineId) -> &mut Machine {
        &mut self.machines[machine.index()]
    }

    /// The host whose name a machine bears.
    fn host_of(&self, machine: MachineId) -> HostId {
        self.machines[machine.index()].host
    }

    fn host(&self, host: HostId) -> &Population {
        &self.hosts[usize::from(host.0)]
    }

    #[inline(always)]
    fn record(&mut self, at: Instant, event: Event) {
        self.fold.record(&Record { at, event });
    }

    /// Hands a copy of a segment to the machine it came to; returns the machine.
    fn arrive<Q: EventQueue<Pending>>(&mut self, place: u32, copy: u32, queue: &mut Q) -> Option<MachineId> {
        let now = queue.now();
        let packet = self.network.packet(place)?;
        let machine = packet.to;
        let to = self.host_of(machine);
        if let Some(because) = self.machines[machine.index()].is_deaf(now) {
            let (segment, sender) = (packet.id, packet.sender);
            self.record(now, Event::Unheard { segment, to, copy, because });
            self.unsaid(sender, Blame { cause: Cause::Crash, packet: None }, now);
            return Some(machine);
        }
        let (octets, tuple) = (packet.segment.payload, packet.segment.receiver_tuple());
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
        let packet = self.network.packet(place)?;
        self.machines[machine.index()].tcp.on_segment(now, &packet.segment, &mut self.effects);
        self.perform(machine, Origin::Protocol, queue);
        if !octets.is_empty()
            && let Some(life) = self.arrival.and_then(|arrival| self.truth.receiver(arrival.sender, tuple))
        {
            self.count_arrived(life, &octets);
        }
        Some(machine)
    }

    /// Notes how many octets have arrived in order at an end, now that a segment with `octets` came.
    fn count_arrived(&mut self, life: Life, octets: &Span) {
        let Some(known) = self.truth.get_mut(life) else { return };
        if let Some(status) = self.machines[life.machine.index()].tcp.status(known.handle) {
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
    fn settle<Q: EventQueue<Pending>>(&mut self, machine: MachineId, queue: &mut Q) {
        loop {
            while let Some(reaction) = self.reactions.pop_front() {
                self.react(&reaction, queue);
            }
            self.machines[machine.index()].tcp.flush(queue.now(), &mut self.effects);
            if self.effects.is_empty() {
                return;
            }
            self.perform(machine, Origin::Flush, queue);
        }
    }

    /// Does what a machine's TCP wants done, in order.
    fn perform<Q: EventQueue<Pending>>(&mut self, machine: MachineId, origin: Origin, queue: &mut Q) {
        if self.effects.is_empty() {
            return;
        }
        let (host, now) = (self.host_of(machine), queue.now());
        let mut effects = std::mem::take(&mut self.effects);
        let mut over = std::mem::take(&mut self.over);
        for effect in &effects {
            match *effect {
                Effect::Transmit(ref transmission) => self.transmit(machine, transmission, origin, queue),
                Effect::State(ref transition) => {
                    let life = self.change_state(machine, transition, origin, now);
                    if transition.to == State::Closed {
                        over.push(life);
                    }
                }
                Effect::Moved { from, to } => self.move_entry(machine, from, to),
                Effect::Keep { of, entry } => self.keep(machine, of, entry),
                Effect::HeldDown { port } => {
                    self.record(now, Event::HeldDown { host, port });
                    self.shut_out(machine, port, Scarce::HoldDown, now);
                }
                Effect::Arm { entry, at } => self.arm(machine, entry, at, queue),
                Effect::Disarm { entry } => self.disarm(machine, entry, queue),
                Effect::Hold { entry } => self.hold(machine, entry, true, now),
                Effect::Release { entry } => {
                    self.disarm(machine, entry, queue);
                    self.hold(machine, entry, false, now);
                    self.machine(machine).entries.remove(entry);
                }
                Effect::Overflow { port, queue: full } => {
                    self.record(now, Event::Overflow { host, port, queue: full });
                    let scarce = match full {
                        Queue::Syn => Scarce::SynBacklog,
                        Queue::Accept => Scarce::AcceptQueue,
                    };
                    self.shut_out(machine, port, scarce, now);
                }
                Effect::Notify { entry, notice } => self.notify(machine, entry, notice, now),
            }
        }
        effects.clear();
        for life in over.drain(..) {
            self.forget_if_settled(life, now);
        }
        (self.effects, self.over) = (effects, over);
    }

    /// Follows a change of state; an entry that nothing was said of before begins a new incarnation. Returns the incarnation.
    fn change_state(
        &mut self,
        machine: MachineId,
        transition: &Transition<Attempt>,
        origin: Origin,
        now: Instant,
    ) -> Life {
        let arrival = self.arrival.filter(|_| origin != Origin::Call);
        let (life, birth) = match self.life(machine, transition.entry) {
            Some(life) => (life, None),
            None => {
                let birth = arrival.map_or(Birth::Call, |arrival| Birth::Segment(arrival.id));
                (self.give_birth(machine, transition), Some(birth))
            }
        };
        let by = match transition.reason {
            Reason::Evicted => Some(self.thrown_out(life, now)),
            _ => arrival.and_then(Arrival::blame),
        };
        let Some(change) = self.truth.changed(life, transition, by) else { return life };
        if let Some(arrival) = arrival.filter(|_| change.from == State::SynSent && change.to != State::Closed) {
            let over = arrival.sender.is_some_and(|sender| !self.truth.holds(sender));
            self.truth.answered(life, arrival.id, by.or(over.then(|| arrival.to_blame())));
        }
        self.record(now, Event::State(change));
        for judgement in self.truth.judge(life, birth, transition, by).into_iter().flatten() {
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
        life
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

    fn give_birth(&mut self, machine: MachineId, transition: &Transition<Attempt>) -> Life {
        let host = self.host_of(machine);
        let counts = self.attempts.of(transition.tag);
        counts.hold();
        let lives = &mut counts.end(transition.tag, host).lives;
        let nth = *lives;
        *lives += 1;
        let life = self.truth.born((host, machine), transition, nth);
        self.machine(machine).entries.insert(transition.entry, life);
        life
    }

    /// An incarnation goes on in another table. An application keeps the entry that it knows until it closes it.
    fn move_entry(&mut self, machine: MachineId, from: Handle, to: Handle) {
        let Some(life) = self.life(machine, from) else { return };
        self.machine(machine).entries.insert(to, life);
        if let Some(known) = self.truth.get_mut(life).filter(|_| to.kind() == EntryKind::Connection) {
            known.handle = to;
        }
    }

    /// What a host goes on to remember is booked to the incarnation it remembers it by.
    fn keep(&mut self, machine: MachineId, of: Handle, entry: Handle) {
        if let Some(life) = self.life(machine, of) {
            self.machine(machine).entries.insert(entry, life);
        }
    }

    /// Forgets an incarnation that is over and has nothing on its way.
    fn forget_if_settled(&mut self, life: Life, now: Instant) {
        let Some(Settled { attempt, losses }) = self.truth.settle(life) else { return };
        self.attempts.release(attempt);
        for Loss { host, incarnation, octets } in losses.into_iter().flatten() {
            self.record(now, Event::DataLost { host, incarnation, octets });
        }
    }

    /// The incarnation that an entry embodies.
    fn life(&self, machine: MachineId, entry: Handle) -> Option<Life> {
        self.machines[machine.index()].entries.get(entry).map(|entry| entry.life)
    }

    fn hold(&mut self, machine: MachineId, entry: Handle, held: bool, now: Instant) {
        if let Some(life) = self.life(machine, entry) {
            self.take_memory(life, Memory::Entry(entry.kind()), held, now);
            match (entry.kind(), held) {
                (EntryKind::HalfOpen, held) => self.occupy(life, held.then_some(Scarce::SynBacklog)),
                (EntryKind::Connection, false) => self.occupy(life, None),
                _ => {}
            }
        }
    }

    /// A host takes memory for a connection, or gives it back.
    fn take_memory(&mut self, life: Life, memory: Memory, held: bool, now: Instant) {
        let Life { host, number: incarnation, .. } = life;
        let octets = self.host(host).sizes.octets(memory);
        self.record(
            now,
            if held {
                Event::Held { host, incarnation, memory, octets }
            } else {
                Event::Released { host, incarnation, memory, octets }
            },
        );
    }

    fn arm<Q: EventQueue<Pending>>(&mut self, machine: MachineId, handle: Handle, at: Instant, queue: &mut Q) {
        let Some(entry) = self.machine(machine).entries.get_mut(handle) else { return };
        if !entry.deadline.is_some_and(|key| queue.rearm(key, at)) {
            entry.deadline = Some(queue.arm(at, Pending::Deadline { machine, entry: handle }));
        }
        let Life { host, number: incarnation, .. } = entry.life;
        self.record(queue.now(), Event::TimerSet { host, incarnation, deadline: at });
    }

    fn disarm<Q: EventQueue<Pending>>(&mut self, machine: MachineId, handle: Handle, queue: &mut Q) {
        if let Some(key) = self.machine(machine).entries.get_mut(handle).and_then(|entry| entry.deadline.take()) {
            let _ = queue.cancel(key);
        }
    }

    fn deadline<Q: EventQueue<Pending>>(&mut self, machine: MachineId, handle: Handle, queue: &mut Q) {
        let now = queue.now();
        let Some(entry) = self.machine(machine).entries.get_mut(handle) else { return };
        entry.deadline = None;
        let Life { host, number: incarnation, .. } = entry.life;
        self.record(now, Event::TimerFired { host, incarnation });
        self.machines[machine.index()].tcp.on_deadline(now, handle, &mut self.effects);
        self.perform(machine, Origin::Protocol, queue);
    }

    fn notify(&mut self, machine: MachineId, entry: Handle, notice: Notice, now: Instant) {
        let Some(life) = self.life(machine, entry) else { return };
        self.record(now, Event::Notice { host: life.host, incarnation: life.number, notice });
        self.reactions.push_back(Reaction::Notice { life, notice });
    }
}

impl Machine {
    /// The machines of a host.
    fn all<'a>(plan: &'a HostPlan, host: HostId, streams: &'a Streams) -> impl Iterator<Item = Self> + 'a {
        plan.addresses.iter().enumerate().map(move |(place, address)| {
            let mut secret = [0; 16];
            secret.copy_from_slice(&streams.key(&scenario::machine_name(&plan.name, place), "isn secret")[..16]);
            Self {
                host,
                tcp: Host::new(*address, plan.settings.clone(), secret),
                address: *address,
                pools: plan.applications.iter().map(Pool::new).collect(),
                crowd: Crowd::default(),
                entries: Entries::default(),
                down: false,
                failures: 0,
                overdue: Vec::new(),
            }
        })
    }
}

impl<F: Fold> Model<Pending> for World<F> {
    fn is_stuck(&self) -> bool {
        self.stuck.is_some()
    }

    fn handle<Q: EventQueue<Pending>>(&mut self, event: Pending, queue: &mut Q) {
        let event = match event {
            Pending::WarmedUp => return self.record(queue.now(), Event::WarmedUp),
            Pending::Inject { injection } => self.inject(injection, queue.now()).map(Pending::arrival_of),
            Pending::Flood { flood } => self.flood(flood, queue).map(Pending::arrival_of),
            Pending::Arrival { host, script } => Some(Pending::Begin { round: self.new_session(host, script, queue) }),
            other => Some(other),
        };
        let Some(event) = event.and_then(|event| self.put_off(event)) else { return };
        let machine = match event {
            Pending::WarmedUp | Pending::Inject { .. } | Pending::Flood { .. } | Pending::Arrival { .. } => None,
            Pending::Listen { machine, script } => {
                self.listen(machine, script, queue);
                Some(machine)
            }
            Pending::Begin { round } => self.begin(round, queue),
            Pending::Wake { round } => self.wake(round, queue),
            Pending::Arrive { packet, copy } => self.arrive(packet, copy, queue),
            Pending::Deadline { machine, entry } => {
                self.deadline(machine, entry, queue);
                Some(machine)
            }
            Pending::Crash { machine } => {
                self.crash(machine, queue);
                Some(machine)
            }
            Pending::Reboot { machine } => {
                self.reboot(machine, queue);
                Some(machine)
            }
        };
        if let Some(machine) = machine {
            self.settle(machine, queue);
        }
        if let Pending::Arrive { packet, .. } = event {
            self.arrival = None;
            self.landed(packet, queue.now());
        }
    }
}
