//! The world of one run: hosts, links and applications, driven by the event queue, told in records.
//!
//! Every event concerns one host. It is fed to that host's TCP; what the TCP wants done is done in order; then the
//! applications that were told something react, one after the other; and only when nobody has anything more to say
//! does the TCP emit what it held back. So at one instant it is: deliver, react, emit.

mod applications;
mod arrivals;
mod calls;
mod crowd;
mod flood;
mod forger;
mod inject;
mod intake;
#[cfg(test)]
mod memory_tests;
mod network;
mod outages;
mod population;
mod rows;
mod sessions;
mod streak;
mod transmit;
mod truth;
#[cfg(test)]
mod truth_tests;
mod unfinished;
mod waits;
mod wire;
mod workers;

use std::collections::VecDeque;
use std::net::Ipv4Addr;

use sim_core::{EventQueue, Model, Streams};
use sim_time::Instant;
use tcp_endpoint::{
    Effect, Effects, EntryKind, FourTuple, Handle, Host, Notice, Queue, Reason, State, Timer, Transition,
};

use self::crowd::{Crowd, Line, Place};
use self::flood::Flooding;
use self::forger::{Forger, Of, Shot};
use self::network::{Lineage, Network, Packet};
use self::population::{MachineId, Population};
use self::rows::{Counts, Deadline, Descent, Opener};
use self::sessions::Round;
pub(crate) use self::streak::Culprit;
use self::transmit::Heard;
use self::truth::{Loss, Source, Truth};
use self::waits::{Lines, Waiting};
use self::wire::Wire;
use self::workers::Pool;
use crate::record::{
    Attempt, Because, Blame, Cause, Change, Event, Fold, Incarnation, Memory, Outcome, Record, RecordId, Scarce,
    WaitEnd, What,
};
use crate::slab::Slab;
use crate::{Happening, HostId, HostPlan, Scenario, Span, scenario};

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
    Inject { shot: Shot },
    /// A flood's next segment arrives.
    Flood { flood: u16 },
    /// An entry's deadline comes; it is there for the life of that row.
    Deadline { row: u32, entry: Handle },
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
    wire: Wire,
    forger: Forger,
    floods: Vec<Flooding>,
    truth: Truth,
    /// What is counted for what was forged in the name of each host, by [`HostId`].
    forged: Vec<Counts>,
    /// Which open of which session the attempt is that is about to begin.
    opener: Opener,
    rounds: Slab<Round>,
    /// Clients that wait for a place or a worker.
    waiting: Waiting,
    /// Applications that were told something at this event and have not reacted yet.
    reactions: VecDeque<Reaction>,
    /// The arrival that is being handled, if one is.
    arrival: Option<Arrival>,
    /// Records so far.
    records: u32,
    /// The record with which the present event began.
    trigger: RecordId,
    /// The last call that was recorded.
    call: RecordId,
    /// The round whose open is being performed: its life is for it.
    opening: Option<u32>,
    effects: Effects<Span, Incarnation>,
    /// The record that there is no room for what should remain of the connection that ends next.
    no_remains: Option<RecordId>,
    /// Incarnations that have to be judged again when the event is over.
    asked: Vec<Incarnation>,
    /// Lines for workers whose wait has to be judged again then, each with the record that changed who has the workers.
    moved_lines: Vec<(MachineId, Line, RecordId)>,
    /// Incarnations that ended by the effects that are being performed.
    over: Vec<Incarnation>,
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
    tcp: Host<Span, Incarnation>,
    address: Ipv4Addr,
    /// Who serves the connections of each script of its host that accepts.
    pools: Vec<Pool>,
    crowd: Crowd,
    lines: Lines,
    /// Whether it has crashed and is not up again.
    down: bool,
    /// How often it has crashed, or is about to, at random.
    failures: u32,
    /// What applications were to do while it was down.
    overdue: Vec<Pending>,
    /// The record of its last crash.
    crashed_by: Option<RecordId>,
}

/// What an application is to react to.
enum Reaction {
    /// Its TCP told it something, with that record.
    Notice { life: Incarnation, notice: Notice, because: RecordId },
    /// A worker is done with a connection.
    Idle { machine: MachineId, script: u16 },
}

/// What the world remembers of an arrival while it is handled.
#[derive(Clone, Copy)]
struct Arrival {
    id: RecordId,
    sender: Option<Incarnation>,
    lineage: Lineage,
    trips: u32,
    wasted: Option<Blame>,
    /// What it brings.
    octets: Span,
    forged: bool,
    duplicate: bool,
    /// The crash with which its sender lost its TCB, if it did.
    orphaned_by: Option<RecordId>,
    /// Whether something came before it that superseded it.
    late: bool,
}

impl Arrival {
    /// What is to blame for what comes of it, if it is out of order itself: forged, wasted, a second copy, or sent by a
    /// host that crashed while it was on its way.
    fn blame(self) -> Option<Blame> {
        let own = |cause| Some(Blame { cause, record: Some(self.id) });
        match self {
            Self { forged: true, .. } => own(Cause::Forged),
            Self { wasted: Some(blame), .. } if blame.cause != Cause::Unknown => Some(blame),
            Self { orphaned_by: Some(crash), .. } => Some(Blame { cause: Cause::Crash, record: Some(crash) }),
            Self { duplicate: true, .. } => own(Cause::Duplicated),
            _ => None,
        }
    }

    /// The same, or that it came after what superseded it.
    fn out_of_order(self) -> Option<Blame> {
        let late = || self.late.then_some(Blame { cause: Cause::Delayed, record: Some(self.id) });
        self.blame().or_else(late)
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
            wire: Wire::new(scenario),
            forger: Forger::new(scenario),
            floods: Flooding::all(scenario, &streams),
            truth: Truth::new(machines.iter().map(|machine| machine.address)),
            hosts,
            machines,
            forged: vec![Counts::default(); scenario.hosts.len()],
            opener: Opener::default(),
            rounds: Slab::new(),
            waiting: Waiting::default(),
            reactions: VecDeque::new(),
            arrival: None,
            records: 0,
            trigger: RecordId::new(0),
            call: RecordId::new(0),
            opening: None,
            effects: Vec::new(),
            no_remains: None,
            asked: Vec::new(),
            moved_lines: Vec::new(),
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
        world.forger.arm_timed(true, queue);
        world.arm_scripts(scenario, queue);
        world.arm_outages(scenario, queue);
        world.forger.arm_timed(false, queue);
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

    /// Tells what happened; returns the record's name.
    #[inline(always)]
    fn record(&mut self, at: Instant, because: Because, event: Event) -> RecordId {
        let id = RecordId::new(self.records);
        self.records += 1;
        self.fold.record(&Record { id, at, because, event, changes: Vec::new() });
        id
    }

    /// Tells what an event begins with; returns the record's name.
    #[inline(always)]
    fn begin_with(&mut self, at: Instant, because: Because, event: Event) -> RecordId {
        self.trigger = self.record(at, because, event);
        self.trigger
    }

    /// Tells what happened because of the last record.
    #[inline(always)]
    fn follow(&mut self, at: Instant, event: Event) -> RecordId {
        self.record(at, Because::of(self.last()), event)
    }

    /// Tells what changed with the last record.
    #[inline(always)]
    fn change(&mut self, at: Instant, incarnation: Incarnation, what: What) {
        if let Some(row) = self.truth.rows.get(incarnation) {
            self.fold.change(at, &Change { host: row.host, incarnation, what });
        }
    }

    /// The last record.
    const fn last(&self) -> RecordId {
        RecordId::new(self.records - 1)
    }

    /// The record that effects of an origin go back to.
    const fn cause(&self, origin: Origin) -> RecordId {
        match origin {
            Origin::Call => self.call,
            Origin::Protocol | Origin::Flush => self.trigger,
        }
    }

    /// Hands a copy of a segment to the machine it came to; returns the machine.
    fn arrive<Q: EventQueue<Pending>>(&mut self, place: u32, copy: u32, queue: &mut Q) -> Option<MachineId> {
        let now = queue.now();
        let packet = self.network.packet(place)?;
        let machine = packet.to;
        let to = self.host_of(machine);
        if let Some(deaf) = self.machines[machine.index()].is_deaf(now) {
            let (segment, sender) = (packet.id, packet.sender);
            self.begin_with(now, Because::of(segment), Event::Unheard { to, copy, deaf });
            if let Some(sender) = sender {
                self.note_arrival(sender, segment);
            }
            let crash = self.machines[machine.index()].crashed_by;
            self.unsaid(sender, Blame { cause: Cause::Crash, record: crash });
            return Some(machine);
        }
        let (octets, tuple) = (packet.segment.payload, packet.segment.receiver_tuple());
        let (stale, segment, sender) = (self.is_stale(packet), packet.id, packet.sender);
        let overtaken = sender.is_some_and(|sender| self.note_arrival(sender, segment));
        let packet = self.network.packet(place)?;
        self.arrival = Some(Arrival {
            id: packet.id,
            sender: packet.sender,
            lineage: packet.lineage,
            trips: packet.trips,
            wasted: packet.wasted,
            octets,
            forged: packet.forged,
            duplicate: copy > 0,
            orphaned_by: packet.orphaned_by,
            late: stale || overtaken,
        });
        let (segment, sender, trips) = (packet.id, packet.sender, packet.trips);
        let incarnation = self.receiver(machine, sender, tuple).filter(|life| self.truth.holds(*life));
        let is_followed = |row: &&rows::Row| packet.forged || row.misses();
        let followed = incarnation.and_then(|life| self.truth.get(life)).filter(is_followed);
        let before = followed.and_then(|_| self.machines[machine.index()].tcp.status_of(tuple));
        if let Some(receiver) = incarnation.and_then(|life| self.truth.get_mut(life)) {
            receiver.trips = receiver.trips.max(trips);
        }
        let next = self.truth.rows.next();
        let packet = self.network.packet(place)?;
        let tcp = &mut self.machines[machine.index()].tcp;
        tcp.on_segment(now, &packet.segment, next, &mut self.effects);
        let after = before.map(|before| tcp.status_of(tuple).unwrap_or(before));
        let heard = before.zip(after);
        let misleads = packet.forged && heard.is_some_and(|(before, after)| after.took_more_than(&before));
        self.begin_with(now, Because::of(segment), Event::Delivered { to, incarnation, copy, stale, misleads });
        let packet = self.network.packet(place)?;
        if self.forger.listens {
            let kinds = network::kinds(packet.segment.flags, octets.length > 0);
            let sockets = [packet.segment.source, packet.segment.destination];
            self.forger.happens(now, (to, Happening::Receives(kinds)), Of::Sockets(sockets));
        }
        if let (Some((before, after)), Some(row)) = (heard, incarnation.and_then(|life| self.truth.get_mut(life))) {
            row.has_heard(Heard::of((&before, &after), &packet.segment, row.lost_until));
            let forged = misleads.then_some(Blame { cause: Cause::Forged, record: Some(segment) });
            row.misled_by = row.misled_by.or(forged);
        }
        self.perform(machine, Origin::Protocol, queue);
        Some(machine)
    }

    /// A segment that a connection sent arrives; returns whether one that it sent later has arrived before.
    fn note_arrival(&mut self, sender: Incarnation, segment: RecordId) -> bool {
        let Some(row) = self.truth.get_mut(sender) else { return false };
        let before = row.arrived;
        row.arrived = before.max(Some(segment));
        before > Some(segment)
    }

    /// The connection of a name on a machine.
    fn holder(&self, machine: MachineId, tuple: FourTuple) -> Option<Incarnation> {
        self.machines[machine.index()].tcp.tag_of(tuple)
    }

    /// The connection that a segment comes to which `sender` sent, if an incarnation did.
    fn receiver(&self, machine: MachineId, sender: Option<Incarnation>, tuple: FourTuple) -> Option<Incarnation> {
        let other = sender.and_then(|sender| self.truth.other_end(self.truth.get(sender)?));
        match other {
            Some(other) if self.truth.holds(other) => Some(other),
            _ => self.holder(machine, tuple).or(other),
        }
    }

    /// Notes that octets have come in order to an end, with the segment that arrives. If its application has closed, nobody
    /// will read them.
    fn count_arrived(&mut self, life: Incarnation, (octets, kept): (u32, bool), now: Instant) {
        let Some(arrival) = self.arrival else { return };
        if let Some(sender) = arrival.sender {
            self.truth.took(life, sender);
        }
        let Some(known) = self.truth.get_mut(life) else { return };
        let foreign = if known.hears(&arrival.octets) { 0 } else { arrival.octets.length };
        if known.intake.note_arrived(octets.into(), foreign.into()) {
            known.misled_by = known.misled_by.or_else(|| arrival.out_of_order());
        }
        if !kept {
            self.lose_unread(life, self.trigger, now);
        }
    }

    /// Nobody will read what has come to an end in order.
    fn lose_unread(&mut self, life: Incarnation, cause: RecordId, now: Instant) {
        if let Some(Loss { host, incarnation, octets }) = self.truth.drop_unread(life) {
            self.record(now, Because::of(cause), Event::DataLost { host, incarnation, octets });
        }
    }

    /// Whether a segment that arrives is stale: its sender no longer holds the TCB that sent it, or has sent the same
    /// sequence space again since.
    ///
    /// A forged segment never had a sender. A reset, or an answer from outside any connection, says that its sender holds no
    /// TCB: it is stale if by now the sender does hold one, and another than the one that sent it.
    fn is_stale(&self, packet: &Packet) -> bool {
        let Packet { segment, sender, .. } = packet;
        match *sender {
            _ if packet.forged => false,
            Some(life) if !segment.flags.rst() => {
                !self.truth.holds(life)
                    || (!segment.is_empty() && self.truth.superseded(life, segment.seq, packet.retransmission))
            }
            _ => {
                let from = self.network.machine_at(*segment.source.ip());
                let holder = || self.holder(from?, segment.receiver_tuple().flipped());
                segment.flags.rst() && holder().is_some_and(|holder| Some(holder) != *sender)
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
                Effect::Moved { to, tag, .. } => self.move_entry(tag, to),
                Effect::Keep { .. } => {}
                Effect::HeldDown { port } => {
                    self.record(now, Because::of(self.trigger), Event::HeldDown { host, port });
                    self.shut_out(machine, port, Scarce::HoldDown, now);
                }
                Effect::Arm { entry, tag, at, timer } => self.arm(tag, entry, (at, timer), queue),
                Effect::Disarm { entry, tag } => self.disarm(tag, entry, queue),
                Effect::Hold { entry, tag } => self.hold(tag, entry, now),
                Effect::Release { entry, tag } => {
                    self.disarm(tag, entry, queue);
                    self.let_go_of(tag, entry, now);
                }
                Effect::Overflow { port, queue } => self.overflow(machine, port, queue, now),
                Effect::Took { tag, octets, kept, .. } => self.count_arrived(tag, (octets, kept), now),
                Effect::Notify { tag, notice, .. } => self.notify(tag, notice, now),
            }
        }
        effects.clear();
        for life in over.drain(..) {
            self.forget_if_settled(life, now);
        }
        (self.effects, self.over) = (effects, over);
    }

    /// A listening port had no room for the segment that is arriving, or a host none for what remains of a connection. A full
    /// cache makes room, and stays full.
    fn overflow(&mut self, machine: MachineId, port: u16, queue: Queue, now: Instant) {
        let (host, held) = (self.host_of(machine), self.machines[machine.index()].tcp.queued(port, queue));
        let place = match queue {
            Queue::Syn | Queue::Cache => Place::SynBacklog(port),
            Queue::Accept => Place::AcceptQueue(port),
            Queue::TimeWait => Place::Remains,
        };
        let filled = self.machines[machine.index()].crowd.filled(place);
        // A queue without a place is full from the beginning.
        let (because, since) = match filled {
            Some((by, at)) => (Because::of(self.trigger).and(by), at),
            None => (Because::of(self.trigger), Instant::ZERO),
        };
        let overflow = self.record(now, because, Event::Overflow { host, port, queue, held, since });
        match queue {
            Queue::Cache => self.machine(machine).crowd.stays_full(place),
            Queue::TimeWait => self.no_remains = Some(overflow),
            Queue::Syn | Queue::Accept => {
                let scarce = if queue == Queue::Syn { Scarce::SynBacklog } else { Scarce::AcceptQueue };
                self.note_dropped(overflow);
                self.shut_out(machine, port, scarce, now);
            }
        }
    }

    /// Follows a change of state; an entry that nothing was said of before begins a new incarnation. Returns the incarnation.
    fn change_state(
        &mut self,
        machine: MachineId,
        transition: &Transition<Incarnation>,
        origin: Origin,
        now: Instant,
    ) -> Incarnation {
        let arrival = self.arrival.filter(|_| origin != Origin::Call);
        let life = transition.tag;
        let born = self.truth.rows.get(life).is_none();
        if born {
            self.give_birth(machine, transition);
        }
        // Its end comes of what arrived, and of the want of room for what should remain.
        let full = self.no_remains.take_if(|_| transition.to == State::Closed);
        let full_by = full.map(|overflow| Blame { cause: Cause::Capacity, record: Some(overflow) });
        let by = full_by.or_else(|| arrival.and_then(Arrival::out_of_order));
        let because = self.because_of(life, transition.reason, origin);
        let because = full.map_or(because, |overflow| because.and(overflow));
        let asked = self.truth.rows.get(life).and_then(|row| row.closed_by);
        let source = Source {
            record: RecordId::new(self.records),
            cause: because.first().unwrap_or(self.trigger),
            called: origin == Origin::Call || asked.is_some(),
            sender: arrival.and_then(|arrival| arrival.sender),
            by,
        };
        let Some(change) = self.truth.changed(life, transition, source) else { return life };
        if let Some(arrival) = arrival.filter(|_| change.from == State::SynSent && change.to != State::Closed) {
            let cookie = arrival.sender.is_none() && !arrival.forged;
            self.truth.answered(life, arrival.id, cookie, by);
        }
        let heard_fin = change.to == State::CloseWait;
        if let (true, Some(arrival), Some(known)) = (heard_fin, arrival, self.truth.get_mut(life)) {
            known.fin = Some(arrival.id);
        }
        let changed_by = self.record(now, because, Event::State(change));
        if self.forger.listens {
            let sockets = [change.tuple.local, change.tuple.remote];
            self.forger.happens(now, (change.host, Happening::Enters(change.to)), Of::Sockets(sockets));
        }
        if transition.reason == Reason::Evicted {
            self.thrown_out(life, now);
        }
        if let Some(row) = self.truth.get_mut(life) {
            row.changed_by = Some(changed_by);
        }
        if born
            && origin == Origin::Call
            && let Some(round) = self.opening.take()
        {
            self.take_in_hand(life, round, now);
        }
        self.ask_both(life);
        if change.to == State::Closed {
            self.occupant_closed(life);
        }
        if matches!(change.to, State::Closed | State::TimeWait) {
            let crashed = transition.reason == Reason::Crash;
            let end = if crashed { WaitEnd::Crashed } else { WaitEnd::TurnedAway };
            self.end_wait_of(&change, end, now);
        }
        life
    }

    /// The causes of a change of state. What a call asked for may have had to wait.
    fn because_of(&self, life: Incarnation, reason: Reason, origin: Origin) -> Because {
        let cause = self.cause(origin);
        let asked = || self.truth.rows.get(life).and_then(|row| row.closed_by);
        let let_go = || self.truth.rows.get(life).and_then(|row| row.let_go_by);
        match reason {
            Reason::Call if origin != Origin::Call => match asked() {
                Some(call) if call > cause => Because::of(call),
                Some(call) => Because::of(call).and(cause),
                None => Because::of(cause),
            },
            Reason::Unread => let_go().map_or(Because::of(cause), |call| Because::of(call).and(cause)),
            Reason::Evicted => Because::of(self.last()), // the full cache
            _ => Because::of(cause),
        }
    }

    /// What an end said does not come to the other.
    fn unsaid(&mut self, sender: Option<Incarnation>, blame: Blame) {
        if let Some(life) = sender {
            self.truth.unsaid(life, blame);
            self.ask(life);
        }
    }

    /// The segment that is arriving found a full queue.
    fn note_dropped(&mut self, overflow: RecordId) {
        let sender = self.arrival.and_then(|arrival| arrival.sender);
        if let Some(known) = sender.and_then(|sender| self.truth.get_mut(sender)) {
            known.dropped = Some(overflow);
        }
        self.unsaid(sender, Blame { cause: Cause::Capacity, record: Some(overflow) });
    }

    /// A connection has to be judged again when the event is over, because of the last record.
    fn ask(&mut self, life: Incarnation) {
        let last = self.last();
        if let Some(row) = self.truth.get_mut(life)
            && row.asked_by.replace(last).is_none()
        {
            self.asked.push(life);
        }
    }

    /// Both ends of a connection have to be judged again.
    fn ask_both(&mut self, life: Incarnation) {
        self.ask(life);
        let Some(row) = self.truth.get(life) else { return };
        let (partner, other) = (row.partner, row.other);
        if let Some(partner) = partner {
            self.ask(partner);
        }
        if let Some(other) = other.filter(|other| Some(*other) != partner) {
            self.ask(other);
        }
    }

    /// Judges what the event may have changed.
    fn judge_asked(&mut self, now: Instant) {
        let mut asked = std::mem::take(&mut self.asked);
        for life in asked.drain(..) {
            self.judge(life, now);
        }
        self.asked = asked;
        self.tell_lines(now);
        debug_assert!(self.verdicts_hold(), "a verdict was not asked again");
    }

    /// Judges a connection, if it has to be.
    fn judge(&mut self, life: Incarnation, now: Instant) {
        let Some(asked_by) = self.truth.get_mut(life).and_then(|row| row.asked_by.take()) else { return };
        let Some(row) = self.truth.get(life).filter(|row| row.is_held()) else { return };
        let mut worth = self.truth.worth(row);
        if worth == row.worth {
            return;
        }
        // What would have ended it was lost in this event.
        if row.worth.blame().is_none()
            && worth.blame().is_some()
            && let Some(lost) = row.prolonged_by.filter(|lost| *lost >= self.trigger)
        {
            worth = worth.blamed_on(Blame { cause: Cause::Lost, record: Some(lost) });
        }
        // The application cannot close what it has no worker for: who does not close has got the peer's FIN.
        let own_fault = row.fin.map(|fin| Blame { cause: Cause::Application, record: Some(fin) });
        if let Some((line, waits)) = row.in_line
            && own_fault.is_some()
            && worth.blame() == own_fault
            && row.state == State::CloseWait
            && self.are_busy(row.machine, line)
        {
            worth = worth.blamed_on(Blame { cause: Cause::Capacity, record: Some(waits) });
        }
        if let Some(row) = self.truth.get_mut(life) {
            row.worth = worth;
        }
        self.tell_verdict(life, Because::of(asked_by), now);
    }

    /// Tells of a verdict that has changed.
    fn tell_verdict(&mut self, life: Incarnation, because: Because, now: Instant) {
        if let Some(row) = self.truth.get(life) {
            let (host, worth) = (row.host, row.worth);
            self.record(now, because, Event::Judged { host, incarnation: life, worth });
            self.crowd_judged(life);
        }
    }

    /// Whether each verdict is what it would be if it were asked now. Only a few are asked: this is a check.
    fn verdicts_hold(&self) -> bool {
        let held = self.truth.rows.iter().take(64).filter(|(_, row)| row.is_held());
        let mut same = held.map(|(_, row)| self.truth.worth(row).is_as(row.worth));
        same.all(|same| same)
    }

    fn give_birth(&mut self, machine: MachineId, transition: &Transition<Incarnation>) {
        let (host, born_at) = (self.host_of(machine), RecordId::new(self.records));
        let descent = match self.arrival.filter(|_| transition.passive) {
            Some(arrival) => {
                let Lineage { attempt, opener } = arrival.lineage;
                let counts = self.counts(attempt, opener);
                counts.holders += 1;
                let lives = &mut counts.end(attempt, host).lives;
                let nth = std::mem::replace(lives, *lives + 1);
                let sender = arrival.sender.filter(|sender| self.truth.get(*sender).is_some());
                let other = sender.filter(|sender| self.truth.holds(*sender));
                let other = other.or_else(|| self.holder_of_other_end(transition.tuple)).or(sender);
                let (born_of, made_by) = (Some(arrival.id), arrival.out_of_order());
                Descent { attempt, opener, nth, other, trips: arrival.trips, born_at, born_of, made_by }
            }
            None => {
                let attempt = Attempt { host, ordinal: self.host(host).attempts };
                let other = self.holder_of_other_end(transition.tuple);
                Descent { attempt, opener: None, nth: 0, other, trips: 0, born_at, born_of: None, made_by: None }
            }
        };
        let life = self.truth.born((host, machine), transition, descent);
        if let Some(row) = self.truth.get_mut(life).filter(|row| row.is_active()) {
            let opened_by = std::mem::take(&mut self.opener);
            row.counts.opened_by = opened_by;
            row.counts.end(row.attempt, host).lives = 1;
        }
    }

    /// The connection of the same name at the other end.
    fn holder_of_other_end(&self, tuple: FourTuple) -> Option<Incarnation> {
        self.holder(self.network.machine_at(*tuple.remote.ip())?, tuple.flipped())
    }

    /// What is counted for an attempt, which that life opened, or for what was forged.
    fn counts(&mut self, attempt: Attempt, opener: Option<Incarnation>) -> &mut Counts {
        match opener.and_then(|opener| self.truth.rows.get_mut(opener)) {
            Some(row) => &mut row.counts,
            None => &mut self.forged[usize::from(attempt.host.0)],
        }
    }

    /// A segment, or a life, that went back to something is gone.
    fn release(&mut self, Lineage { attempt, opener }: Lineage) {
        let counts = self.counts(attempt, opener);
        counts.holders -= 1;
        match opener {
            Some(opener) => self.truth.rows.free_if_done(opener),
            None if counts.holders == 0 => *counts = Counts::default(),
            None => {}
        }
    }

    /// An incarnation goes on in another table. An application keeps the entry that it knows until it closes it.
    fn move_entry(&mut self, life: Incarnation, to: Handle) {
        if let Some(known) = self.truth.get_mut(life).filter(|_| to.kind() == EntryKind::Connection) {
            known.handle = to;
        }
    }

    /// Forgets an incarnation that is over and has nothing on its way.
    fn forget_if_settled(&mut self, life: Incarnation, now: Instant) {
        let known = self.truth.get(life);
        let Some((attempt, opener, ended)) = known.map(|known| (known.attempt, known.opener, known.ended)) else {
            return;
        };
        let Some(losses) = self.truth.settle(life) else { return };
        if opener != Some(life) {
            self.release(Lineage { attempt, opener });
        }
        for Loss { host, incarnation, octets } in losses.into_iter().flatten() {
            let because = ended.map_or(Because::ROOT, |end| Because::of(end.record));
            self.record(now, because, Event::DataLost { host, incarnation, octets });
        }
    }

    /// An entry was put into its table.
    fn hold(&mut self, life: Incarnation, entry: Handle, now: Instant) {
        let Some(row) = self.truth.rows.get_mut(life) else { return };
        row.entries += 1;
        let port = row.tuple.local.port();
        self.take_memory(life, Memory::Entry(entry.kind()), true, now);
        if let (EntryKind::TimeWait, Some(machine)) = (entry.kind(), self.truth.get(life).map(|row| row.machine)) {
            let newest = (self.last(), now);
            self.machine(machine).crowd.note_newest(Place::Remains, newest);
        }
        if entry.kind() == EntryKind::HalfOpen {
            self.occupy(life, Some((Place::SynBacklog(port), self.last(), now)));
        }
    }

    /// An entry was taken out of its table.
    fn let_go_of(&mut self, life: Incarnation, entry: Handle, now: Instant) {
        self.take_memory(life, Memory::Entry(entry.kind()), false, now);
        if matches!(entry.kind(), EntryKind::HalfOpen | EntryKind::Connection) {
            self.occupy(life, None);
        }
        if let Some(row) = self.truth.rows.get_mut(life) {
            row.entries -= 1;
            self.truth.rows.free_if_done(life);
        }
    }

    /// A host takes memory for a connection, or gives it back.
    fn take_memory(&mut self, life: Incarnation, memory: Memory, held: bool, now: Instant) {
        let Some(row) = self.truth.rows.get(life) else { return };
        let octets = self.host(row.host).sizes.octets(memory);
        self.change(now, life, if held { What::Held { memory, octets } } else { What::Released { memory, octets } });
    }

    fn arm<Q: EventQueue<Pending>>(
        &mut self,
        life: Incarnation,
        entry: Handle,
        (at, timer): (Instant, Timer),
        queue: &mut Q,
    ) {
        let armed_by = self.last();
        let Some(row) = self.truth.rows.get_mut(life) else { return };
        let armed = row.take_deadline(entry).filter(|deadline| queue.rearm(deadline.key, at));
        let key =
            armed.map_or_else(|| queue.arm(at, Pending::Deadline { row: life.place, entry }), |deadline| deadline.key);
        row.deadlines.push(Deadline { entry, key, armed_by, timer });
        self.change(queue.now(), life, What::Armed { timer, deadline: at });
    }

    fn disarm<Q: EventQueue<Pending>>(&mut self, life: Incarnation, entry: Handle, queue: &mut Q) {
        if let Some(deadline) = self.truth.rows.get_mut(life).and_then(|row| row.take_deadline(entry)) {
            let _ = queue.cancel(deadline.key);
            self.change(queue.now(), life, What::Disarmed { timer: deadline.timer });
        }
    }

    /// The deadline of an entry comes. Returns its machine.
    fn deadline<Q: EventQueue<Pending>>(&mut self, row: u32, entry: Handle, queue: &mut Q) -> Option<MachineId> {
        let now = queue.now();
        let (life, row) = self.truth.rows.at_mut(row)?;
        let Deadline { armed_by, timer, .. } = row.take_deadline(entry)?;
        let (host, machine) = (row.host, row.machine);
        self.begin_with(now, Because::of(armed_by), Event::TimerFired { host, incarnation: life, timer });
        self.machines[machine.index()].tcp.on_deadline(now, entry, &mut self.effects);
        self.perform(machine, Origin::Protocol, queue);
        Some(machine)
    }

    fn notify(&mut self, life: Incarnation, notice: Notice, now: Instant) {
        self.change(now, life, What::Told { notice });
        // What it tells of is its last change of state, or else what came.
        let changed_by = self.truth.rows.get(life).and_then(|row| row.changed_by);
        let because = changed_by.map_or(self.trigger, |changed_by| changed_by.max(self.trigger));
        if let (Notice::Acceptable { .. }, Some(row)) = (notice, self.truth.rows.get_mut(life)) {
            row.acceptable_by = Some(because);
        }
        self.reactions.push_back(Reaction::Notice { life, notice, because });
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
                lines: Lines::default(),
                down: false,
                failures: 0,
                overdue: Vec::new(),
                crashed_by: None,
            }
        })
    }
}

impl<F: Fold> Model<Pending> for World<F> {
    fn is_stuck(&self) -> bool {
        self.stuck.is_some()
    }

    fn handle<Q: EventQueue<Pending>>(&mut self, event: Pending, queue: &mut Q) {
        if !self.forger.has_first() || self.let_forged_first(event, queue) {
            self.serve(event, queue);
        }
    }
}

impl<F: Fold> World<F> {
    /// Serves an event.
    fn serve<Q: EventQueue<Pending>>(&mut self, event: Pending, queue: &mut Q) {
        let event = match event {
            Pending::WarmedUp => {
                self.begin_with(queue.now(), Because::ROOT, Event::WarmedUp);
                return;
            }
            Pending::Inject { shot } => self.inject(shot, queue).map(Pending::arrival_of),
            Pending::Flood { flood } => self.flood(flood, queue).map(Pending::arrival_of),
            Pending::Arrival { host, script } => Some(Pending::Begin { round: self.new_session(host, script, queue) }),
            other => Some(other),
        };
        let Some(event) = event.and_then(|event| self.put_off(event)) else { return };
        let machine = match event {
            Pending::WarmedUp | Pending::Inject { .. } | Pending::Flood { .. } | Pending::Arrival { .. } => None,
            Pending::Listen { machine, script } => {
                self.listen(machine, script, Because::ROOT, queue);
                Some(machine)
            }
            Pending::Begin { round } => self.begin(round, queue),
            Pending::Wake { round } => self.wake(round, queue),
            Pending::Arrive { packet, copy } => self.arrive(packet, copy, queue),
            Pending::Deadline { row, entry } => self.deadline(row, entry, queue),
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
        self.judge_asked(queue.now());
        if self.forger.has_due() {
            self.arm_due(queue);
        }
    }
}
