//! Who serves a server's connections: workers, as many as the plan has.

use std::collections::VecDeque;

use sim_core::EventQueue;
use sim_time::{Duration, Instant};

use super::applications::Played;
use super::crowd::{Line, Place};
use super::population::{MachineId, Script};
use super::{Pending, Reaction, World};
use crate::record::{Because, Call, Event, Fold, Incarnation, Outcome, RecordId, WaitEnd, What};
use crate::{Application, Workers};

/// The workers of a server's script on one machine.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    workers: Workers,
    /// How often the script may still run.
    rounds_left: Option<u32>,
    /// Whether it listens, or did when its machine crashed.
    listens: bool,
    /// Whether connections are accepted yet, by however many workers there are.
    open: bool,
    /// Workers that have nothing to do, and those that serve a connection.
    idle: u32,
    serving: u32,
    /// Rounds that wait for a worker, the first to come first.
    queue: VecDeque<u32>,
}

impl Pool {
    pub(super) const fn new(application: &Application) -> Self {
        let Application { workers, rounds, .. } = *application;
        Self { workers, rounds_left: rounds, listens: false, open: false, idle: 0, serving: 0, queue: VecDeque::new() }
    }

    /// Whether it listens, or did when its machine crashed.
    pub(super) const fn listens(&self) -> bool {
        self.listens
    }

    /// Nobody works yet.
    fn listen(&mut self) {
        (self.listens, self.open, self.idle, self.serving) = (true, false, 0, 0);
        self.queue.clear();
    }

    fn accepts(&self) -> bool {
        self.rounds_left != Some(0) && self.has_room()
    }

    const fn has_room(&self) -> bool {
        match self.workers {
            Workers::Blocking(_) => self.idle > 0,
            Workers::Unlimited | Workers::Asynchronous(_) => self.open,
        }
    }

    /// How many begin the script, each for itself.
    const fn begin(&mut self) -> u32 {
        match self.workers {
            Workers::Unlimited => 1,
            Workers::Blocking(workers) => workers,
            Workers::Asynchronous(workers) => {
                self.idle = workers;
                1
            }
        }
    }

    /// One of them has come to where the script accepts.
    const fn ready(&mut self) {
        match self.workers {
            Workers::Blocking(_) => self.idle += 1,
            Workers::Unlimited | Workers::Asynchronous(_) => self.open = true,
        }
    }
}

impl<F: Fold> World<F> {
    fn pool(&mut self, machine: MachineId, script: u16) -> &mut Pool {
        &mut self.machine(machine).pools[usize::from(script)]
    }

    pub(super) fn script(&self, machine: MachineId, script: u16) -> &Script {
        &self.host(self.host_of(machine)).scripts[usize::from(script)]
    }

    /// A server's script listens, and its workers begin.
    pub(super) fn listen<Q: EventQueue<Pending>>(
        &mut self,
        machine: MachineId,
        script: u16,
        because: Because,
        queue: &mut Q,
    ) {
        let Some(port) = self.script(machine, script).listens_at() else { return };
        let begun = Event::Script { host: self.host_of(machine), script };
        let id = self.record(queue.now(), because, begun);
        if because == Because::ROOT {
            self.trigger = id;
        }
        // Two scripts may share a port: the first that has rounds left takes the next connection.
        let _ = self.machine(machine).tcp.listen(port);
        let pool = self.pool(machine, script);
        pool.listen();
        for _ in 0..pool.begin() {
            self.begin_worker(machine, script, queue);
        }
    }

    /// A worker does what its script has before it accepts.
    pub(super) fn begin_worker<Q: EventQueue<Pending>>(&mut self, machine: MachineId, script: u16, queue: &mut Q) {
        if self.script(machine, script).accepts_first() {
            self.ready(machine, script, queue);
        } else {
            let round = self.new_round(machine, script, None);
            if let Some(begun) = self.rounds.get_mut(round) {
                begun.moved(queue.now());
            }
            self.play(round, queue);
        }
    }

    /// A worker has come to where its script accepts.
    pub(super) fn ready<Q: EventQueue<Pending>>(&mut self, machine: MachineId, script: u16, queue: &mut Q) {
        self.pool(machine, script).ready();
        if let Some(port) = self.script(machine, script).listens_at() {
            self.accept(machine, port, Some(self.last()), queue);
        }
    }

    /// How many workers a script has; 0 if their number has no limit.
    pub(super) fn workers_of(&self, machine: MachineId, script: u16) -> u32 {
        match self.machines[machine.index()].pools[usize::from(script)].workers {
            Workers::Unlimited => 0,
            Workers::Blocking(workers) | Workers::Asynchronous(workers) => workers,
        }
    }

    /// The scripts that accept connections of a port, have not accepted all that they will, and need a worker for each; and
    /// how many workers they have.
    pub(super) fn blocking_at(&self, machine: MachineId, port: u16) -> impl Iterator<Item = (u16, u32)> {
        let scripts = self.host(self.host_of(machine)).scripts.iter().zip(&self.machines[machine.index()].pools);
        let of_port = (0..).zip(scripts).filter(move |(_, (script, _))| script.listens_at() == Some(port));
        of_port.filter_map(|(place, (_, pool))| match pool.workers {
            Workers::Blocking(workers) if pool.rounds_left != Some(0) => Some((place, workers)),
            _ => None,
        })
    }

    /// Whether there are workers for a line, and all of them serve connections.
    pub(super) fn are_busy(&self, machine: MachineId, line: Line) -> bool {
        let pools = &self.machines[machine.index()].pools;
        match line {
            Line::ToBeAccepted(port) => {
                let mut workers = self.blocking_at(machine, port).peekable();
                workers.peek().is_some()
                    && workers.all(|(script, workers)| pools[usize::from(script)].serving == workers)
            }
            Line::ForWork { script, .. } => pools[usize::from(script)].idle == 0,
        }
    }

    /// The first of a machine's scripts that takes the next connection at a port now.
    pub(super) fn accepting(&self, machine: MachineId, port: u16) -> Option<u16> {
        let scripts = self.host(self.host_of(machine)).scripts.iter().zip(&self.machines[machine.index()].pools);
        let mut scripts = (0..).zip(scripts);
        let found = scripts.find(|(_, (script, pool))| script.listens_at() == Some(port) && pool.accepts());
        found.map(|(place, _)| place)
    }

    /// Starts rounds of servers' scripts for the connections that wait at a port, as long as there are both. `freed` is the
    /// record that made a worker ready, if one was waited for.
    pub(super) fn accept<Q: EventQueue<Pending>>(
        &mut self,
        machine: MachineId,
        port: u16,
        freed: Option<RecordId>,
        queue: &mut Q,
    ) {
        loop {
            let Some(script) = self.accepting(machine, port) else { return };
            let Some(handle) = self.machine(machine).tcp.accept(port) else { return };
            let left = &mut self.pool(machine, script).rounds_left;
            *left = left.map(|left| left - 1);
            if *left == Some(0) {
                self.note_lines(machine, script);
            }
            let Some(life) = self.machines[machine.index()].tcp.tag(handle) else { return };
            self.take_up(life, (machine, script), freed, queue);
        }
    }

    fn take_up<Q: EventQueue<Pending>>(
        &mut self,
        life: Incarnation,
        (machine, script): (MachineId, u16),
        freed: Option<RecordId>,
        queue: &mut Q,
    ) {
        let now = queue.now();
        let round = self.new_round(machine, script, Some(life));
        let acceptable_by = self.truth.rows.get(life).and_then(|row| row.acceptable_by);
        if let (Some(acceptable_by), Some(begun)) = (acceptable_by, self.rounds.get_mut(round)) {
            (begun.last, begun.woken_by) = (acceptable_by, freed);
        }
        self.record_call(round, Call::Accept, Outcome::Done, now);
        self.occupy(life, None);
        self.take_in_hand(life, round, now);
        if let Some(row) = self.truth.rows.get_mut(life) {
            row.served = true;
        }
        if let Some(attempt) = self.truth.get(life).map(|known| known.attempt) {
            self.end_wait(attempt, WaitEnd::Served, now);
        }
        match self.pool(machine, script).workers {
            Workers::Asynchronous(_) => {}
            Workers::Blocking(_) => {
                self.pool(machine, script).idle -= 1;
                self.engage(round, now);
            }
            Workers::Unlimited => self.engage(round, now),
        }
        if self.truth.holds(life) {
            self.play(round, queue);
        } else {
            self.skip_rest(round, queue); // it is over already, as its application learns at once
        }
    }

    /// A worker begins with a round's connection.
    fn engage(&mut self, round: u32, now: Instant) {
        let Some(playing) = self.rounds.get_mut(round) else { return };
        let (Some(life), machine, script) = (playing.serves, playing.machine, playing.script) else { return };
        playing.busy = true;
        self.pool(machine, script).serving += 1;
        self.change(now, life, What::Served { begins: true });
        self.occupy(life, Some((Place::Workers(script), self.last(), now)));
        if let Some(attempt) = self.truth.get(life).map(|known| known.attempt) {
            self.end_wait(attempt, WaitEnd::Served, now);
        }
    }

    /// `work`: the round's worker is busy for so long; where workers go by turns, the round has to get one first.
    pub(super) fn work<Q: EventQueue<Pending>>(&mut self, round: u32, length: Duration, queue: &mut Q) -> Played {
        let now = queue.now();
        let Some(playing) = self.rounds.get(round) else { return Played::Failed };
        let (machine, script, serves) = (playing.machine, playing.script, playing.serves);
        let pool = self.pool(machine, script);
        if !matches!(pool.workers, Workers::Asynchronous(_)) || serves.is_none() {
            return self.wait_until(round, now + length, queue);
        }
        if pool.idle > 0 {
            pool.idle -= 1;
            self.engage(round, now);
            return self.wait_until(round, now + length, queue);
        }
        pool.queue.push_back(round);
        if let Some(life) = serves {
            self.line_up(life, Some(script), now);
        }
        Played::Waits
    }

    /// Whether the workers of a round's script serve all connections by turns.
    pub(super) fn goes_by_turns(&mut self, round: u32) -> bool {
        let Some((machine, script)) = self.rounds.get(round).map(|playing| (playing.machine, playing.script)) else {
            return false;
        };
        matches!(self.pool(machine, script).workers, Workers::Asynchronous(_))
    }

    /// The worker of a round, if it has one, is done with it. One that goes by turns takes up the round that has waited
    /// longest; one that does not begins its script again once all else is done at this instant.
    pub(super) fn disengage<Q: EventQueue<Pending>>(&mut self, round: u32, queue: &mut Q) {
        let Some(playing) = self.rounds.get_mut(round) else { return };
        let (machine, script) = (playing.machine, playing.script);
        let pool = &mut self.machines[machine.index()].pools[usize::from(script)];
        if !std::mem::take(&mut playing.busy) {
            pool.queue.retain(|waiting| *waiting != round);
            return;
        }
        let workers = pool.workers;
        self.record_done(round, queue.now());
        match workers {
            Workers::Unlimited => {}
            Workers::Blocking(_) => self.reactions.push_back(Reaction::Idle { machine, script }),
            Workers::Asynchronous(_) => self.next_work(machine, script, queue),
        }
    }

    fn next_work<Q: EventQueue<Pending>>(&mut self, machine: MachineId, script: u16, queue: &mut Q) {
        let Some(next) = self.pool(machine, script).queue.pop_front() else {
            self.pool(machine, script).idle += 1;
            return;
        };
        let now = queue.now();
        let Some(length) = self.current_work(next) else { return };
        let freed_by = self.last();
        if let Some(waiting) = self.rounds.get_mut(next) {
            waiting.woken_by = Some(freed_by);
            waiting.moved(now);
        }
        self.engage(next, now);
        let _ = self.wait_until(next, now + length, queue);
    }

    /// A connection is no longer served by a worker.
    pub(super) fn record_done(&mut self, round: u32, now: Instant) {
        let Some(playing) = self.rounds.get(round) else { return };
        let (machine, script, serves) = (playing.machine, playing.script, playing.serves);
        if let Some(life) = serves {
            self.pool(machine, script).serving -= 1;
            self.change(now, life, What::Served { begins: false });
            self.occupy(life, None);
        }
    }
}
