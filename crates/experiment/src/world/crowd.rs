//! Who takes whose room: the useless connections that take what a server is short of, and the clients they keep waiting.
//! And what is full, since when.

use rustc_hash::FxHashMap;
use sim_time::Instant;
use tcp_endpoint::{Queue, State};

use super::World;
use super::population::MachineId;
use super::rows::Row;
use super::truth::UNKNOWN;
use crate::numbered::Numbered;
use crate::record::{Attempt, Because, Blame, Event, Fold, Incarnation, RecordId, Scarce, StateChange, WaitEnd};

/// The useless connections on a machine that take something scarce, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd {
    /// By what it is, and by the number of the incarnation.
    useless: [Numbered<Incarnation>; 4],
    /// By port. What is full is so since the newest came.
    newest: Vec<(u16, Newest)>,
    /// What is full already when the next newest comes: an entry of a cache has made room for it.
    full: Option<(u16, Scarce)>,
    /// By port: the clients that wait for a worker.
    lines: Vec<(u16, Line)>,
}

/// Clients that wait for a worker, how many they are and what keeps them waiting now, if that is of no use.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    clients: u32,
    blame: Option<Blame>,
}

/// With which record, and when, the newest came to each kind of place.
type Newest = [Option<(RecordId, Instant)>; 4];

impl Crowd {
    /// With which record, and when, the newest came to such a place of a port.
    pub(super) fn filled(&self, port: u16, scarce: Scarce) -> Option<(RecordId, Instant)> {
        self.newest.iter().find(|(of, _)| *of == port)?.1[scarce as usize]
    }

    /// The next that comes to such a place of a port takes that of another.
    pub(super) const fn stays_full(&mut self, port: u16, scarce: Scarce) {
        self.full = Some((port, scarce));
    }

    fn note_newest(&mut self, port: u16, (scarce, by, at): (Scarce, RecordId, Instant)) {
        if self.full.take_if(|full| *full == (port, scarce)).is_some() {
            return;
        }
        let place = self.newest.iter().position(|(of, _)| *of == port).unwrap_or_else(|| {
            self.newest.push((port, [None; 4]));
            self.newest.len() - 1
        });
        self.newest[place].1[scarce as usize] = Some((by, at));
    }

    /// The clients that wait for a worker at a port.
    fn line(&mut self, port: u16) -> &mut Line {
        let place = self.lines.iter().position(|(of, _)| *of == port).unwrap_or_else(|| {
            self.lines.push((port, Line::default()));
            self.lines.len() - 1
        });
        &mut self.lines[place].1
    }
}

/// The clients that wait.
pub(super) type Waiting = FxHashMap<Attempt, Wait>;

/// A client that waits at a port. Who needs a worker is in line for one, and is kept waiting by what is in the way at the
/// time. Who was refused has to ask again, and is kept waiting by what was in the way then.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    InLine { machine: MachineId, port: u16, connection: Incarnation },
    Refused { machine: MachineId, scarce: Scarce, blame: Option<Blame> },
}

impl<F: Fold> World<F> {
    /// A connection takes what is scarce in place of what it took before, with that record and at that time.
    pub(super) fn occupy(&mut self, life: Incarnation, takes: Option<(Scarce, RecordId, Instant)>) {
        let Some(known) = self.truth.get_mut(life) else { return };
        let scarce = takes.map(|(scarce, ..)| scarce);
        let before = std::mem::replace(&mut known.takes, scarce);
        let (machine, port, is_useless) = (known.machine, known.tuple.local.port(), known.worth.blame().is_some());
        let attempt = known.attempt;
        if let Some(takes) = takes {
            self.machine(machine).crowd.note_newest(port, takes);
            // It has what it waited for.
            self.end_wait(attempt, WaitEnd::Served, takes.2);
        }
        if is_useless {
            self.crowd(life, before, false);
            self.crowd(life, scarce, true);
        }
    }

    /// The verdict on a connection has changed.
    pub(super) fn crowd_judged(&mut self, life: Incarnation) {
        if let Some(known) = self.truth.get(life) {
            self.crowd(life, known.takes, known.worth.blame().is_some());
        }
    }

    /// A connection is CLOSED, and useful by that. If it can still be accepted, it keeps its place.
    pub(super) fn occupant_closed(&mut self, life: Incarnation) {
        match self.truth.get(life).map(|known| known.takes) {
            Some(Some(Scarce::AcceptQueue)) => self.crowd(life, Some(Scarce::AcceptQueue), false),
            Some(_) => self.occupy(life, None),
            None => {}
        }
    }

    fn crowd(&mut self, life: Incarnation, scarce: Option<Scarce>, useless: bool) {
        let Some(scarce) = scarce else { return };
        let Some((machine, port)) = self.truth.get(life).map(|known| (known.machine, known.tuple.local.port())) else {
            return;
        };
        let because = self.last();
        let crowd = &mut self.machine(machine).crowd;
        let places = &mut crowd.useless[scarce as usize];
        if useless {
            places.get_or_insert_with(life.number.into(), || life);
        } else {
            places.remove(life.number.into());
        }
        if scarce == Scarce::Workers && crowd.line(port).clients > 0 {
            self.lines.push((machine, port, because));
        }
    }

    /// What is to blame for a want at a port: the oldest of the useless connections that take what is wanted. If there is
    /// none, the useful ones may be there for want of what comes next, if that is used up: a place to be accepted from, or a
    /// worker.
    fn in_the_way(&self, id: MachineId, port: u16, scarce: Scarce) -> Option<Blame> {
        let machine = &self.machines[id.index()];
        let useless = |scarce: Scarce| {
            machine.crowd.useless[scarce as usize].values().find_map(|life| {
                let known = self.truth.get(*life).filter(|known| known.tuple.local.port() == port)?;
                known.worth.blame()
            })
        };
        match scarce {
            Scarce::SynBacklog => useless(scarce).or_else(|| {
                machine.tcp.accept_queue_is_full(port).then(|| self.in_the_way(id, port, Scarce::AcceptQueue))?
            }),
            Scarce::AcceptQueue => useless(scarce).or_else(|| {
                let accepts = self.accepting(id, port).is_some();
                (!accepts).then(|| self.in_the_way(id, port, Scarce::Workers))?
            }),
            Scarce::Workers => useless(scarce),
            Scarce::HoldDown => None,
        }
    }

    /// Tells what keeps those waiting who are in line for a worker, where that is another now.
    pub(super) fn tell_lines(&mut self, now: Instant) {
        let mut lines = std::mem::take(&mut self.lines);
        for (machine, port, because) in lines.drain(..) {
            self.tell_line((machine, port), because, now);
        }
        self.lines = lines;
    }

    /// What keeps those waiting who are in line for a worker at a port. It is told if it is another than before.
    fn tell_line(&mut self, (id, port): (MachineId, u16), because: RecordId, now: Instant) -> Option<Blame> {
        let blame = self.in_the_way(id, port, Scarce::Workers);
        let host = self.host_of(id);
        let Line { clients, blame: known } = self.machine(id).crowd.line(port);
        let (clients, before) = (*clients, std::mem::replace(known, blame));
        if clients > 0 && blame != before {
            self.record(now, Because::of(because), Event::InTheWay { host, port, clients, before, blame });
        }
        blame
    }

    /// A server's connection has to wait for a worker, and the client behind it.
    pub(super) fn line_up(&mut self, connection: Incarnation, now: Instant) {
        let Some(known) = self.truth.get(connection) else { return };
        let (machine, port, attempt) = (known.machine, known.tuple.local.port(), known.attempt);
        if attempt.is_forged() || matches!(self.waiting.get(&attempt), Some(Wait::InLine { .. })) {
            return;
        }
        let blame = self.tell_line((machine, port), self.last(), now);
        self.machine(machine).crowd.line(port).clients += 1;
        let in_line = Wait::InLine { machine, port, connection };
        self.wait((machine, port), attempt, (Scarce::Workers, blame), in_line, now);
    }

    /// The client behind an attempt was refused for want of something. It may have been before: then it waits for what it
    /// was refused now.
    fn refuse(
        &mut self,
        at: (MachineId, u16),
        attempt: Attempt,
        (scarce, blame): (Scarce, Option<Blame>),
        now: Instant,
    ) {
        let is_new = match self.waiting.get(&attempt) {
            None => true,
            Some(Wait::InLine { .. }) => false,
            Some(Wait::Refused { scarce: before, blame: was, .. }) => (*before, *was) != (scarce, blame),
        };
        if is_new && !attempt.is_forged() {
            self.wait(at, attempt, (scarce, blame), Wait::Refused { machine: at.0, scarce, blame }, now);
        }
    }

    fn wait(
        &mut self,
        (machine, port): (MachineId, u16),
        attempt: Attempt,
        (scarce, blame): (Scarce, Option<Blame>),
        wait: Wait,
        now: Instant,
    ) {
        let (host, tcp) = (self.host_of(machine), &self.machines[machine.index()].tcp);
        let places = match scarce {
            Scarce::SynBacklog => tcp.queued(port, Queue::Syn),
            Scarce::AcceptQueue => tcp.queued(port, Queue::Accept),
            Scarce::Workers => self.workers_at(machine, port),
            Scarce::HoldDown => 0,
        };
        let filled = self.machines[machine.index()].crowd.filled(port, scarce);
        let because = filled.into_iter().map(|(by, _)| by).chain([self.last()]).collect();
        let before = match self.waiting.insert(attempt, wait) {
            Some(Wait::Refused { blame, .. }) => Some(blame),
            Some(Wait::InLine { .. }) | None => None,
        };
        self.record(now, because, Event::Waits { host, port, attempt, scarce, places, blame, before });
    }

    /// If the client behind an attempt waits, it need not any longer.
    pub(super) fn end_wait(&mut self, attempt: Attempt, end: WaitEnd, now: Instant) {
        let (machine, blame) = match self.waiting.remove(&attempt) {
            Some(Wait::Refused { machine, blame, .. }) => (machine, blame),
            Some(Wait::InLine { machine, port, .. }) => {
                let line = self.machine(machine).crowd.line(port);
                line.clients -= 1;
                (machine, line.blame)
            }
            None => return,
        };
        let host = self.host_of(machine);
        self.follow(now, Event::WaitOver { host, attempt, blame, end });
    }

    /// A connection is over, and so are the wait of the client that opened it and the wait in line for its sake.
    pub(super) fn end_wait_of(&mut self, closed: &StateChange, end: WaitEnd, now: Instant) {
        let wait = self.waiting.get(&closed.attempt);
        let in_line = matches!(wait, Some(Wait::InLine { connection, .. }) if *connection == closed.incarnation);
        if in_line || !closed.passive {
            self.end_wait(closed.attempt, end, now);
        }
    }

    /// Nobody waits at a machine that has crashed.
    pub(super) fn end_waits(&mut self, machine: MachineId, now: Instant) {
        let there = |wait: &Wait| match *wait {
            Wait::InLine { machine: at, .. } | Wait::Refused { machine: at, .. } => at == machine,
        };
        let waiting = self.waiting.iter().filter(|(_, wait)| there(wait)).map(|(attempt, _)| *attempt);
        let mut waiting: Vec<Attempt> = waiting.collect();
        waiting.sort_unstable();
        for attempt in waiting {
            self.end_wait(attempt, WaitEnd::Crashed, now);
        }
    }

    /// The segment that is arriving was dropped. Its sender has to wait, if it is a client that would have been let in: one
    /// that opens, or whose handshake would be complete.
    pub(super) fn shut_out(&mut self, machine: MachineId, port: u16, scarce: Scarce, now: Instant) {
        let Some(sender) = self.arrival.and_then(|arrival| arrival.sender) else { return };
        let Some(client) = self.truth.get(sender).filter(|client| client.is_active()) else { return };
        let (attempt, opens) = (client.attempt, client.state == State::SynSent);
        let partner = client.partner.and_then(|partner| self.truth.get(partner));
        let waited_for = partner.map_or(client.cookie, |server| server.state == State::SynReceived);
        let completes = scarce == Scarce::AcceptQueue && waited_for;
        if self.truth.holds(sender) && (opens || completes) {
            let blame = self.in_the_way(machine, port, scarce);
            self.refuse((machine, port), attempt, (scarce, blame), now);
        }
    }

    /// A full cache throws out an entry for the request that is arriving. If the entry was of use, its client has to ask
    /// again. To blame for that wait is the newcomer, if nobody waits for an answer to it, or else the oldest useless entry
    /// in the cache.
    pub(super) fn thrown_out(&mut self, life: Incarnation, now: Instant) {
        let useful = |known: &&Row| known.worth.blame().is_none();
        let Some(known) = self.truth.get(life).filter(useful) else { return };
        let (attempt, machine, port) = (known.attempt, known.machine, known.tuple.local.port());
        let newcomer = self.arrival.and_then(|newcomer| {
            let asks = newcomer.sender.and_then(|sender| self.truth.get(sender));
            let asks = asks.is_some_and(|client| client.state == State::SynSent);
            (!asks).then(|| newcomer.out_of_order().unwrap_or(UNKNOWN))
        });
        let evictor = newcomer.or_else(|| self.in_the_way(machine, port, Scarce::SynBacklog));
        self.refuse((machine, port), attempt, (Scarce::SynBacklog, evictor), now);
    }
}
