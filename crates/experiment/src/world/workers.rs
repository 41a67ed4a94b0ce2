//! Who serves a server's connections: workers, as many as the plan has.

use std::collections::VecDeque;

use sim_core::EventQueue;
use sim_time::{Duration, Instant};

use super::applications::Played;
use super::truth::Life;
use super::{Pending, Reaction, World};
use crate::record::{Call, Event, Fold, Outcome, Scarce};
use crate::{HostId, Workers};

/// The workers of a server's script.
#[derive(Clone, Debug)]
pub(super) struct Pool {
    workers: Workers,
    /// Whether connections are accepted yet, by however many workers there are.
    open: bool,
    /// Workers that have nothing to do.
    idle: u32,
    /// Rounds that wait for a worker, the first to come first.
    queue: VecDeque<u32>,
}

impl Pool {
    pub(super) const fn new(workers: Workers) -> Self {
        Self { workers, open: false, idle: 0, queue: VecDeque::new() }
    }

    pub(super) const fn accepts(&self) -> bool {
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
    fn pool(&mut self, host: HostId, script: u16) -> &mut Pool {
        &mut self.machine(host).scripts[usize::from(script)].pool
    }

    /// A server's script listens, and its workers begin.
    pub(super) fn listen<Q: EventQueue<Pending>>(&mut self, host: HostId, script: u16, port: u16, queue: &mut Q) {
        let machine = self.machine(host);
        machine.scripts[usize::from(script)].begun = true;
        // Two scripts may share a port: the first that has rounds left takes the next connection.
        let _ = machine.tcp.listen(port);
        let pool = self.pool(host, script);
        *pool = Pool::new(pool.workers);
        for _ in 0..self.pool(host, script).begin() {
            self.begin_worker(host, script, queue);
        }
    }

    /// A worker does what its script has before it accepts.
    pub(super) fn begin_worker<Q: EventQueue<Pending>>(&mut self, host: HostId, script: u16, queue: &mut Q) {
        if self.machine(host).scripts[usize::from(script)].accepts_first() {
            self.ready(host, script, queue);
        } else {
            let round = self.new_round(host, script, None);
            self.play(round, queue);
        }
    }

    /// A worker has come to where its script accepts.
    pub(super) fn ready<Q: EventQueue<Pending>>(&mut self, host: HostId, script: u16, queue: &mut Q) {
        self.pool(host, script).ready();
        if let Some(port) = self.machine(host).scripts[usize::from(script)].listens_at() {
            self.accept(host, port, queue);
        }
    }

    /// Starts rounds of servers' scripts for the connections that wait at a port, as long as there are both.
    pub(super) fn accept<Q: EventQueue<Pending>>(&mut self, host: HostId, port: u16, queue: &mut Q) {
        loop {
            let machine = self.machine(host);
            let mut ready = (0..).zip(&machine.scripts).filter(|(_, script)| script.accepts_now(port));
            let Some((script, _)) = ready.next() else { return };
            let Some(handle) = machine.tcp.accept(port) else { return };
            machine.scripts[usize::from(script)].take_round();
            let Some(life) = self.life(host, handle) else { return };
            self.take_up(life, script, queue);
        }
    }

    fn take_up<Q: EventQueue<Pending>>(&mut self, life: Life, script: u16, queue: &mut Q) {
        let (host, now) = (life.host, queue.now());
        let round = self.new_round(host, script, Some(life));
        self.occupy(life, None);
        self.take_in_hand(life, round, now);
        self.record(now, Event::Accepted { host, incarnation: life.number });
        if let Some(attempt) = self.truth.get(life).map(|known| known.attempt) {
            self.end_wait(attempt, true, now);
        }
        match self.pool(host, script).workers {
            Workers::Asynchronous(_) => {}
            Workers::Blocking(_) => {
                self.pool(host, script).idle -= 1;
                self.engage(round, now);
            }
            Workers::Unlimited => self.engage(round, now),
        }
        self.record_call(round, Call::Accept, Outcome::Done, now);
        if self.truth.holds(life) {
            self.play(round, queue);
        } else {
            self.skip_rest(round, queue); // it is over already, as its application learns at once
        }
    }

    /// A worker begins with a round's connection.
    fn engage(&mut self, round: u32, now: Instant) {
        let Some(playing) = self.rounds.get_mut(round) else { return };
        let (Some(life), host) = (playing.serves, playing.host) else { return };
        playing.busy = true;
        self.occupy(life, Some(Scarce::Workers));
        if let Some(attempt) = self.truth.get(life).map(|known| known.attempt) {
            self.end_wait(attempt, true, now);
        }
        self.record(now, Event::Served { host, incarnation: life.number, begins: true });
    }

    /// `work`: the round's worker is busy for so long; where workers go by turns, the round has to get one first.
    pub(super) fn work<Q: EventQueue<Pending>>(&mut self, round: u32, length: Duration, queue: &mut Q) -> Played {
        let now = queue.now();
        let Some(playing) = self.rounds.get(round) else { return Played::Failed };
        let (host, script, serves) = (playing.host, playing.script, playing.serves);
        let pool = self.pool(host, script);
        if !matches!(pool.workers, Workers::Asynchronous(_)) || serves.is_none() {
            return self.wait_until(round, now + length, queue);
        }
        if pool.idle > 0 {
            pool.idle -= 1;
            self.engage(round, now);
            return self.wait_until(round, now + length, queue);
        }
        pool.queue.push_back(round);
        let known = serves.and_then(|life| self.truth.get(life)).map(|known| (known.attempt, known.tuple.local.port()));
        if let Some((attempt, port)) = known {
            self.keep_waiting(host, port, attempt, Scarce::Workers, now);
        }
        Played::Waits
    }

    /// Whether the workers of a round's script serve all connections by turns.
    pub(super) fn goes_by_turns(&mut self, round: u32) -> bool {
        let Some((host, script)) = self.rounds.get(round).map(|playing| (playing.host, playing.script)) else {
            return false;
        };
        matches!(self.pool(host, script).workers, Workers::Asynchronous(_))
    }

    /// The worker of a round, if it has one, is done with it. One that goes by turns takes up the round that has waited
    /// longest; one that does not begins its script again once all else is done at this instant.
    pub(super) fn disengage<Q: EventQueue<Pending>>(&mut self, round: u32, queue: &mut Q) {
        let Some(playing) = self.rounds.get_mut(round) else { return };
        let (host, script) = (playing.host, playing.script);
        let pool = &mut self.hosts[usize::from(host.0)].scripts[usize::from(script)].pool;
        if !std::mem::take(&mut playing.busy) {
            pool.queue.retain(|waiting| *waiting != round);
            return;
        }
        let workers = pool.workers;
        self.record_done(round, queue.now());
        match workers {
            Workers::Unlimited => {}
            Workers::Blocking(_) => self.reactions.push_back(Reaction::Idle { host, script }),
            Workers::Asynchronous(_) => self.next_work(host, script, queue),
        }
    }

    fn next_work<Q: EventQueue<Pending>>(&mut self, host: HostId, script: u16, queue: &mut Q) {
        let Some(next) = self.pool(host, script).queue.pop_front() else {
            self.pool(host, script).idle += 1;
            return;
        };
        let now = queue.now();
        let Some(length) = self.current_work(next) else { return };
        self.engage(next, now);
        let _ = self.wait_until(next, now + length, queue);
    }

    /// A connection is no longer served by a worker.
    pub(super) fn record_done(&mut self, round: u32, now: Instant) {
        let Some(playing) = self.rounds.get(round) else { return };
        if let (Some(life), host) = (playing.serves, playing.host) {
            self.occupy(life, None);
            self.record(now, Event::Served { host, incarnation: life.number, begins: false });
        }
    }
}
