//! The clients that a server keeps waiting, and what is to blame for that.

use rustc_hash::FxHashMap;
use sim_time::Instant;
use tcp_endpoint::{Queue, State};

use super::crowd::{Line, Place};
use super::population::MachineId;
use super::truth::UNKNOWN;
use super::{Machine, World};
use crate::record::{Attempt, Because, Blame, Event, Fold, Incarnation, RecordId, Scarce, StateChange, WaitEnd};

/// The clients that wait.
pub(super) type Waiting = FxHashMap<Attempt, Wait>;

/// A client that waits. Who needs a worker is in line for one, and is kept waiting by what is in the way at the time. Who was
/// refused has to ask again, and is kept waiting by what was in the way then.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wait {
    InLine {
        machine: MachineId,
        line: Line,
        /// The server's end of its connection.
        end: Incarnation,
    },
    Refused {
        machine: MachineId,
        scarce: Scarce,
        blame: Option<Blame>,
        /// The server's end of its connection, if it has one.
        end: Option<Incarnation>,
    },
}

/// How many wait in the lines of a machine, and what keeps them waiting now, if that is of no use.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    lines: Vec<(Line, u32, Option<Blame>)>,
}

impl Lines {
    fn of(&mut self, line: Line) -> (&mut u32, &mut Option<Blame>) {
        let place = self.lines.iter().position(|(of, ..)| *of == line).unwrap_or_else(|| {
            self.lines.push((line, 0, None));
            self.lines.len() - 1
        });
        let (_, clients, blame) = &mut self.lines[place];
        (clients, blame)
    }
}

impl<F: Fold> World<F> {
    /// Who has the workers of a script has changed: what is in the way of those in line may be another.
    pub(super) fn note_lines(&mut self, id: MachineId, script: u16) {
        let port = self.script(id, script).listens_at();
        let because = self.last();
        let lines = self.machines[id.index()].lines.lines.iter();
        let moved = lines.filter(|(line, clients, _)| *clients > 0 && Some(line.port()) == port);
        self.moved_lines.extend(moved.map(|(line, ..)| (id, *line, because)));
    }

    /// Tells what keeps those waiting who are in line for a worker, where that is another now.
    pub(super) fn tell_lines(&mut self, now: Instant) {
        let mut moved = std::mem::take(&mut self.moved_lines);
        for (machine, line, because) in moved.drain(..) {
            self.tell_line(machine, line, because, now);
        }
        self.moved_lines = moved;
    }

    /// What keeps those waiting who are in a line. It is told if it is another than before.
    fn tell_line(&mut self, id: MachineId, line: Line, because: RecordId, now: Instant) -> Option<Blame> {
        let (host, blame) = (self.host_of(id), self.ahead_in(id, line));
        let (clients, known) = self.machine(id).lines.of(line);
        let (clients, before) = (*clients, std::mem::replace(known, blame));
        if clients > 0 && blame != before {
            let (port, script) = (line.port(), line.script());
            self.record(now, Because::of(because), Event::InTheWay { host, port, script, clients, before, blame });
        }
        blame
    }

    /// A server's connection has to wait for a worker, and the client behind it, if there is one.
    pub(super) fn line_up(&mut self, end: Incarnation, script: Option<u16>, now: Instant) {
        let Some(known) = self.truth.get(end) else { return };
        let (machine, port, attempt) = (known.machine, known.tuple.local.port(), known.attempt);
        let is_of_use = known.is_held() && self.truth.worth(known).blame().is_none();
        if !is_of_use || attempt.is_forged() || matches!(self.waiting.get(&attempt), Some(Wait::InLine { .. })) {
            return;
        }
        let line = script.map_or(Line::ToBeAccepted(port), |script| Line::ForWork { port, script });
        let blame = self.tell_line(machine, line, self.last(), now);
        *self.machine(machine).lines.of(line).0 += 1;
        let places = match script {
            Some(script) => self.workers_of(machine, script),
            None => self.blocking_at(machine, port).map(|(_, workers)| workers).sum(),
        };
        let filled = self.newest_at_work(machine, line);
        let taken = (places, filled.map(|(_, at)| at).filter(|_| self.are_busy(machine, line)));
        let filled = filled.map(|(by, _)| by);
        self.wait(attempt, Wait::InLine { machine, line, end }, (port, taken, blame), filled, now);
        let waits = self.last();
        if let Some(row) = self.truth.get_mut(end) {
            row.in_line = Some((line, waits));
        }
    }

    /// With which record, and when, the newest connection came to the workers that a line is for.
    fn newest_at_work(&self, id: MachineId, line: Line) -> Option<(RecordId, Instant)> {
        let crowd = &self.machines[id.index()].crowd;
        let newest = |script| crowd.filled(Place::Workers(script));
        match line {
            Line::ToBeAccepted(port) => self.blocking_at(id, port).filter_map(|(script, _)| newest(script)).max(),
            Line::ForWork { script, .. } => newest(script),
        }
    }

    /// The client behind an attempt was refused for want of something. It may have been before: then it waits for what it
    /// was refused now.
    fn refuse(&mut self, attempt: Attempt, wait: Wait, port: u16, now: Instant) {
        let Wait::Refused { machine, scarce, blame, .. } = wait else { return };
        let is_new = match self.waiting.get(&attempt) {
            None => true,
            Some(Wait::InLine { .. }) => false,
            Some(Wait::Refused { scarce: before, blame: was, .. }) => (*before, *was) != (scarce, blame),
        };
        if is_new && !attempt.is_forged() {
            let Machine { tcp, crowd, .. } = &self.machines[machine.index()];
            let places = match scarce {
                Scarce::SynBacklog => tcp.queued(port, Queue::Syn),
                Scarce::AcceptQueue => tcp.queued(port, Queue::Accept),
                Scarce::Workers | Scarce::HoldDown => 0,
            };
            let (filled, since) = Place::of(scarce, port).and_then(|place| crowd.filled(place)).unzip();
            self.wait(attempt, wait, (port, (places, since.filter(|_| places > 0)), blame), filled, now);
        }
    }

    fn wait(
        &mut self,
        attempt: Attempt,
        wait: Wait,
        (port, (places, since), blame): (u16, (u32, Option<Instant>), Option<Blame>),
        filled: Option<RecordId>,
        now: Instant,
    ) {
        let (machine, scarce, script) = match wait {
            Wait::InLine { machine, line, .. } => (machine, Scarce::Workers, line.script()),
            Wait::Refused { machine, scarce, .. } => (machine, scarce, None),
        };
        let (host, because) = (self.host_of(machine), filled.into_iter().chain([self.last()]).collect());
        let before = match self.waiting.insert(attempt, wait) {
            Some(Wait::Refused { blame, .. }) => Some(blame),
            Some(Wait::InLine { .. }) | None => None,
        };
        let waits = Event::Waits { host, port, attempt, scarce, script, places, since, blame, before };
        self.record(now, because, waits);
    }

    /// If the client behind an attempt waits, it need not any longer.
    pub(super) fn end_wait(&mut self, attempt: Attempt, end: WaitEnd, now: Instant) {
        let (machine, blame) = match self.waiting.remove(&attempt) {
            Some(Wait::Refused { machine, blame, .. }) => (machine, blame),
            Some(Wait::InLine { machine, line, .. }) => {
                let (clients, blame) = self.machine(machine).lines.of(line);
                *clients -= 1;
                (machine, *blame)
            }
            None => return,
        };
        let host = self.host_of(machine);
        self.follow(now, Event::WaitOver { host, attempt, blame, end });
    }

    /// A connection is over, or as good as that, and so is the wait of the client that opened it, or whose connection it was at the server.
    pub(super) fn end_wait_of(&mut self, closed: &StateChange, end: WaitEnd, now: Instant) {
        let waits_for = match self.waiting.get(&closed.attempt) {
            Some(Wait::InLine { end, .. }) => Some(*end),
            Some(Wait::Refused { end, .. }) => *end,
            None => return,
        };
        if !closed.passive || waits_for == Some(closed.incarnation) {
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
        let partner = client.partner.and_then(|partner| Some((partner, self.truth.get(partner)?)));
        let waited_for = partner.map_or(client.cookie, |(_, server)| server.state == State::SynReceived);
        let completes = scarce == Scarce::AcceptQueue && waited_for && client.state != State::TimeWait;
        if self.truth.holds(sender) && (opens || completes) {
            let end = partner.map(|(partner, _)| partner).filter(|_| !opens);
            let blame = Place::of(scarce, port).and_then(|place| self.in_the_way(machine, place));
            self.refuse(attempt, Wait::Refused { machine, scarce, blame, end }, port, now);
        }
    }

    /// A full cache throws out an entry for the request that is arriving. If the entry was of use, its client has to ask
    /// again. To blame for that wait is the newcomer, if nobody waits for an answer to it, or else the oldest useless entry
    /// in the cache.
    pub(super) fn thrown_out(&mut self, life: Incarnation, now: Instant) {
        let Some(known) = self.truth.get(life).filter(|known| known.worth.blame().is_none()) else { return };
        let (attempt, machine, port) = (known.attempt, known.machine, known.tuple.local.port());
        let newcomer = self.arrival.and_then(|newcomer| {
            let asks = newcomer.sender.and_then(|sender| self.truth.get(sender));
            let asks = asks.is_some_and(|client| client.state == State::SynSent);
            (!asks).then(|| newcomer.out_of_order().unwrap_or(UNKNOWN))
        });
        let blame = newcomer.or_else(|| self.in_the_way(machine, Place::SynBacklog(port)));
        let wait = Wait::Refused { machine, scarce: Scarce::SynBacklog, blame, end: None };
        self.refuse(attempt, wait, port, now);
    }
}
