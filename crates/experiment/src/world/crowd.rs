//! Who takes whose room: the useless connections that take what a server is short of, and the clients they keep waiting.
//! And what is full, since when.

use rustc_hash::FxHashMap;
use sim_time::Instant;
use tcp_endpoint::{Queue, State};

use super::World;
use super::population::MachineId;
use super::rows::Row;
use super::truth::UNKNOWN;
use crate::HostId;
use crate::numbered::Numbered;
use crate::record::{Attempt, Blame, Event, Fold, Incarnation, RecordId, Scarce};

/// The useless connections on a machine that take something scarce, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd {
    /// By what it is, and by the number of the incarnation.
    useless: [Numbered<Incarnation>; 4],
    /// By port. What is full is so since the newest came.
    newest: Vec<(u16, Newest)>,
    /// What is full already when the next newest comes: an entry of a cache has made room for it.
    full: Option<(u16, Scarce)>,
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
}

/// The clients that wait, each with the server that keeps it and what is to blame.
pub(super) type Waiting = FxHashMap<Attempt, (HostId, Option<Blame>)>;

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
            self.end_wait(attempt, true, takes.2);
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
        let Some(machine) = self.truth.get(life).map(|known| known.machine) else { return };
        let crowd = &mut self.machine(machine).crowd.useless[scarce as usize];
        if useless {
            crowd.get_or_insert_with(life.number.into(), || life);
        } else {
            crowd.remove(life.number.into());
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

    /// The client behind an attempt begins to wait, unless it waits already.
    pub(super) fn keep_waiting(
        &mut self,
        machine: MachineId,
        port: u16,
        attempt: Attempt,
        scarce: Scarce,
        now: Instant,
    ) {
        if !attempt.is_forged() && !self.waiting.contains_key(&attempt) {
            let blame = self.in_the_way(machine, port, scarce);
            self.begin_wait((machine, port), attempt, scarce, blame, now);
        }
    }

    fn begin_wait(
        &mut self,
        (machine, port): (MachineId, u16),
        attempt: Attempt,
        scarce: Scarce,
        blame: Option<Blame>,
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
        self.waiting.insert(attempt, (host, blame));
        self.record(now, because, Event::Waits { host, port, attempt, scarce, places, blame });
    }

    /// If the client behind an attempt waits, it need not any longer.
    pub(super) fn end_wait(&mut self, attempt: Attempt, served: bool, now: Instant) {
        if let Some((host, blame)) = self.waiting.remove(&attempt) {
            self.follow(now, Event::WaitOver { host, attempt, blame, served });
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
            self.keep_waiting(machine, port, attempt, scarce, now);
        }
    }

    /// A full cache throws out an entry for the request that is arriving. If the entry was of use, its client has to ask
    /// again. To blame for that wait is the oldest useless entry in the cache, or else the newcomer, if nobody waits for an
    /// answer to it.
    pub(super) fn thrown_out(&mut self, life: Incarnation, now: Instant) {
        let useful = |known: &&Row| known.worth.blame().is_none();
        let Some(known) = self.truth.get(life).filter(useful) else { return };
        let (attempt, machine, port) = (known.attempt, known.machine, known.tuple.local.port());
        let evictor = self.in_the_way(machine, port, Scarce::SynBacklog).or_else(|| {
            let newcomer = self.arrival?;
            let asks = newcomer.sender.and_then(|sender| self.truth.get(sender));
            let asks = asks.is_some_and(|client| client.state == State::SynSent);
            (!asks).then(|| newcomer.out_of_order().unwrap_or(UNKNOWN))
        });
        if !self.waiting.contains_key(&attempt) {
            self.begin_wait((machine, port), attempt, Scarce::SynBacklog, evictor, now);
        }
    }
}
