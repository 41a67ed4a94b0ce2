//! The applications: scripts, played step by step against the user calls of their host's TCP.

use std::net::SocketAddrV4;
use std::rc::Rc;

use sim_core::EventQueue;
use sim_time::{Duration, Instant};
use tcp_endpoint::{Handle, Notice, UserError};

use super::crowd::Place;
use super::forger::Of;
use super::population::MachineId;
use super::sessions::Round;
use super::{Machine, Origin, Pending, Reaction, World};
use crate::record::{Attempt, Call, Event, Fold, Incarnation, Memory, Outcome};
use crate::{FirstOctets, Happening, HostId, Size, Span, Step};

/// The most octets that a send draws.
const LARGEST_SIZE: u64 = 1 << 40;

/// How a step went.
pub(super) enum Played {
    /// It is done; the next one is due.
    Done,
    /// It waits for a notice or an alarm.
    Waits,
    /// A worker has come to where it accepts.
    Accepts,
    /// It failed; the rest of the round is skipped.
    Failed,
}

impl<F: Fold> World<F> {
    /// Lets an application react to what its TCP told it.
    pub(super) fn react<Q: EventQueue<Pending>>(&mut self, reaction: &Reaction, queue: &mut Q) {
        let (life, notice, because) = match *reaction {
            Reaction::Idle { machine, script } => return self.begin_worker(machine, script, queue),
            Reaction::Notice { life, notice, because } => (life, notice, because),
        };
        if let Notice::Acceptable { port } = notice {
            self.occupy(life, Some((Place::AcceptQueue(port), because, queue.now())));
            let Some(machine) = self.truth.get(life).map(|known| known.machine) else { return };
            self.accept(machine, port, None, queue);
            if self.truth.get(life).is_some_and(|known| known.takes == Some(Place::AcceptQueue(port))) {
                self.line_up(life, None, queue.now());
            }
            return;
        }
        let Some(known) = self.truth.get(life) else { return };
        let Some(round) = known.owner else {
            if known.in_hand && matches!(notice, Notice::Refused | Notice::Reset | Notice::TimedOut) {
                self.let_go(life, queue);
            }
            return;
        };
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.woken_by = Some(because);
        }
        match (notice, self.current_step(round)) {
            (Notice::Connected, Some(Step::Connect { .. })) => self.next_step(round, queue),
            (Notice::Readable, Some(Step::Receive(_) | Step::ReceiveToEnd | Step::CloseAtEnd)) => {
                self.play(round, queue);
            }
            (Notice::Reset, _) if self.has_unread(round) => self.note_reset(round),
            (Notice::Refused | Notice::Reset | Notice::TimedOut, _) => self.skip_rest(round, queue),
            (Notice::Connected | Notice::Readable | Notice::Acceptable { .. } | Notice::Unanswered, _) => {}
        }
    }

    /// An alarm rings: a wait is over, or an open took too long. Returns the machine.
    pub(super) fn wake<Q: EventQueue<Pending>>(&mut self, round: u32, queue: &mut Q) -> Option<MachineId> {
        let playing = self.rounds.get_mut(round)?;
        playing.alarm = None;
        let (machine, application, because) = (playing.machine, playing.ordinal, playing.because());
        let woken = Event::Woken { host: self.host_of(machine), application };
        let last = self.begin_with(queue.now(), because, woken);
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.last = last;
            playing.moved(queue.now());
        }
        match self.current_step(round) {
            Some(Step::Connect { .. }) => {
                self.user_call(round, Call::Abort, queue);
                self.skip_rest(round, queue);
            }
            Some(Step::Work(_)) => {
                if self.goes_by_turns(round) {
                    self.disengage(round, queue);
                }
                self.next_step(round, queue);
            }
            _ => self.next_step(round, queue),
        }
        Some(machine)
    }

    /// Whether there is something to read on the connection of a round.
    fn has_unread(&self, round: u32) -> bool {
        let status =
            self.connection(round).and_then(|(_, machine, handle)| self.machines[machine.index()].tcp.status(handle));
        status.is_some_and(|status| status.unread_octets > 0)
    }

    /// The connection of a round was reset, and what came before can still be read: the next call finds out, or the one behind
    /// that.
    fn note_reset(&mut self, round: u32) {
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.reset = true;
        }
    }

    /// The step that a round is at.
    pub(super) fn current_step(&self, round: u32) -> Option<&Step> {
        let round = self.rounds.get(round)?;
        self.script(round.machine, round.script).steps.get(round.step)
    }

    /// How long the `work` takes that a round is at.
    pub(super) fn current_work(&self, round: u32) -> Option<Duration> {
        match self.current_step(round)? {
            Step::Work(length) => Some(self.draw(round, length)),
            _ => None,
        }
    }

    fn next_step<Q: EventQueue<Pending>>(&mut self, round: u32, queue: &mut Q) {
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.step += 1;
            playing.taken = 0;
            playing.moved(queue.now());
            if let Some(alarm) = playing.alarm.take() {
                let _ = queue.cancel(alarm);
            }
            self.play(round, queue);
        }
    }

    /// Plays a round until it has to wait or is over.
    pub(super) fn play<Q: EventQueue<Pending>>(&mut self, round: u32, queue: &mut Q) {
        let Some(playing) = self.rounds.get(round) else { return };
        let steps = Rc::clone(&self.script(playing.machine, playing.script).steps);
        while let Some(step) = self.rounds.get(round).and_then(|playing| steps.get(playing.step)) {
            if !matches!(step, Step::Wait(_) | Step::WaitUntil(_)) {
                self.note_begun(round);
            }
            match self.play_step(round, step, queue) {
                Played::Done => {
                    if let Some(playing) = self.rounds.get_mut(round) {
                        (playing.step, playing.taken) = (playing.step + 1, 0);
                        playing.moved(queue.now());
                    }
                }
                Played::Waits => return,
                Played::Accepts => {
                    if let Some(Round { machine, script, .. }) = self.remove_round(round) {
                        self.ready(machine, script, queue);
                    }
                    return;
                }
                Played::Failed => {
                    self.note_failure(round, queue.now());
                    break;
                }
            }
        }
        if self.rounds.get(round).is_some_and(|playing| playing.reset) {
            self.skip_rest(round, queue);
        } else {
            self.end_round(round, queue);
        }
    }

    fn play_step<Q: EventQueue<Pending>>(&mut self, round: u32, step: &Step, queue: &mut Q) -> Played {
        match *step {
            Step::Connect { to, port, from, with, within } => {
                self.connect(round, (to, port), (from, with), within, queue)
            }
            // A round that has a connection begins behind this step.
            Step::Accept { .. } => Played::Accepts,
            Step::Work(ref length) => {
                let length = self.draw(round, length);
                self.work(round, length, queue)
            }
            Step::Send(Size(ref octets)) => {
                let octets = self.draw(round, octets).as_nanos().clamp(1, LARGEST_SIZE);
                self.send(round, octets, queue)
            }
            Step::Receive(octets) => self.receive(round, octets, queue),
            Step::ReceiveToEnd => self.receive(round, u64::MAX, queue),
            Step::Wait(ref length) => {
                let length = self.draw(round, length);
                self.wait_until(round, queue.now() + length, queue)
            }
            Step::WaitUntil(at) if at <= queue.now() => Played::Done,
            Step::WaitUntil(at) => self.wait_until(round, at, queue),
            Step::Shutdown => self.user_call(round, Call::Shutdown, queue),
            Step::Close => self.user_call(round, Call::Close, queue),
            Step::CloseAtEnd => match self.receive(round, u64::MAX, queue) {
                Played::Done => self.user_call(round, Call::Close, queue),
                other => other,
            },
            Step::Abort => self.user_call(round, Call::Abort, queue),
        }
    }

    pub(super) fn wait_until<Q: EventQueue<Pending>>(&mut self, round: u32, at: Instant, queue: &mut Q) -> Played {
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.alarm = Some(queue.arm(at, Pending::Wake { round }));
        }
        Played::Waits
    }

    fn connect<Q: EventQueue<Pending>>(
        &mut self,
        round: u32,
        (to, port): (HostId, u16),
        (from, with): (Option<u16>, Option<FirstOctets>),
        within: Option<Duration>,
        queue: &mut Q,
    ) -> Played {
        let now = queue.now();
        let Some(playing) = self.rounds.get_mut(round) else { return Played::Failed };
        let machine = playing.machine;
        let opener = playing.opener();
        let Some(server) = self.host(to).machines().next() else { return Played::Failed };
        let remote = SocketAddrV4::new(self.machines[server.index()].address, port);
        let opened = self.open(machine, (from, remote), with, now);
        let outcome = opened.map_or_else(Outcome::Failed, |_| Outcome::Done);
        self.record_call_to(round, (opened.ok(), Some(remote)), Call::Connect, outcome, now);
        let Ok(life) = opened else { return Played::Failed };
        (self.opener, self.opening) = (opener, Some(round));
        self.perform(machine, Origin::Call, queue);
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.connection = Some(life);
        }
        // Who sends all that it has with the open has closed with it, too.
        if let Some(row) = self.truth.get_mut(life).filter(|_| with.is_some_and(|first| first.all)) {
            row.closed_by = Some(self.call);
        }
        if let Some(first) = with {
            self.record_call(round, Call::Send(u64::from(first.octets)), Outcome::Done, now);
            self.count_sent(life, first.octets.into());
        }
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.alarm = within.map(|patience| queue.arm(now + patience, Pending::Wake { round }));
        }
        Played::Waits
    }

    /// Active OPEN from the given port, or from an ephemeral one. Returns the life that begins with it.
    fn open(
        &mut self,
        machine: MachineId,
        sockets: (Option<u16>, SocketAddrV4),
        with: Option<FirstOctets>,
        now: Instant,
    ) -> Result<Incarnation, UserError> {
        let (host, life) = (self.host_of(machine), self.truth.rows.next());
        let attempt = Attempt { host, ordinal: self.host(host).attempts + 1 };
        let first = with.map_or((Span::default(), false), |FirstOctets { octets, all }| {
            (Span { attempt, sender: host, offset: 0, length: octets }, all)
        });
        let _ = self.machines[machine.index()].tcp.open_with(now, sockets, first, life, &mut self.effects)?;
        self.hosts[usize::from(host.0)].attempts += 1;
        Ok(life)
    }

    fn send<Q: EventQueue<Pending>>(&mut self, round: u32, octets: u64, queue: &mut Q) -> Played {
        let now = queue.now();
        let Some((life, machine, handle)) = self.connection(round) else {
            return self.failed(round, Call::Send(octets), UserError::NoConnection, now);
        };
        let (host, attempt) = (self.host_of(machine), self.truth.get(life).map(|known| (known.attempt, known.opener)));
        let Some((attempt, opener)) = attempt else { return Played::Failed };
        let offset = self.counts(attempt, opener).end(attempt, host).octets;
        let mut sent = 0;
        while sent < octets {
            let length = u32::try_from(octets - sent).unwrap_or(u32::MAX);
            let span = Span { attempt, sender: host, offset: offset + sent, length };
            if let Err(error) = self.machine(machine).tcp.send(handle, span) {
                return self.failed(round, Call::Send(octets), error, now);
            }
            sent += u64::from(length);
        }
        self.record_call(round, Call::Send(octets), Outcome::Done, now);
        self.count_sent(life, sent);
        Played::Done
    }

    /// An application has sent octets, by the last call.
    fn count_sent(&mut self, life: Incarnation, octets: u64) {
        let Some(known) = self.truth.get(life) else { return };
        let (attempt, opener, host) = (known.attempt, known.opener, known.host);
        let counted = &mut self.counts(attempt, opener).end(attempt, host).octets;
        *counted += octets;
        let (until, call) = (*counted, self.call);
        if let Some(known) = self.truth.get_mut(life) {
            known.sent += octets;
            known.note_call(until, call);
        }
    }

    /// Takes what has come, at most `octets` of it; waits until all of them have, or the end of data.
    fn receive<Q: EventQueue<Pending>>(&mut self, round: u32, octets: u64, queue: &mut Q) -> Played {
        let now = queue.now();
        let Some((life, machine, handle)) = self.connection(round) else {
            return self.failed(round, Call::Receive { octets: 0, stale: 0 }, UserError::NoConnection, now);
        };
        loop {
            let Some(playing) = self.rounds.get(round) else { return Played::Failed };
            let left = octets - playing.taken;
            if left == 0 {
                return Played::Done;
            }
            let limit = u32::try_from(left).unwrap_or(u32::MAX);
            let (receiver, received) = (&mut self.machines[machine.index()], &mut self.received);
            let found = match receiver.tcp.receive(handle, limit, received) {
                Ok(found) => found,
                Err(error) => return self.failed(round, Call::Receive { octets: 0, stale: 0 }, error, now),
            };
            let outcome = if found.end_of_data { Outcome::EndOfData } else { Outcome::Done };
            let (octets, stale) = self.take_received(round, life, u64::from(found.octets));
            if found.octets > 0 || found.end_of_data {
                self.record_call(round, Call::Receive { octets, stale }, outcome, now);
            }
            if found.end_of_data {
                return Played::Done;
            }
            if found.octets == 0 {
                return Played::Waits;
            }
        }
    }

    /// Books octets that an application has taken; returns them, and how many of them another attempt had sent.
    fn take_received(&mut self, round: u32, life: Incarnation, octets: u64) -> (u64, u64) {
        let known = self.truth.get(life);
        let stale = |span: &Span| !known.is_some_and(|known| known.hears(span));
        let stale = self.received.drain(..).filter(stale).map(|span| u64::from(span.length)).sum();
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.taken += octets;
        }
        if let Some(known) = self.truth.get_mut(life) {
            known.intake.note_read(octets, stale);
        }
        (octets, stale)
    }

    /// SHUTDOWN, CLOSE or ABORT.
    fn user_call<Q: EventQueue<Pending>>(&mut self, round: u32, call: Call, queue: &mut Q) -> Played {
        let now = queue.now();
        let Some((life, machine, handle)) = self.connection(round) else {
            return self.failed(round, call, UserError::NoConnection, now);
        };
        let (Machine { tcp, .. }, effects) = (&mut self.machines[machine.index()], &mut self.effects);
        let result = match call {
            Call::Shutdown => tcp.shutdown(now, handle, effects),
            Call::Abort => tcp.abort(now, handle, effects),
            _ => tcp.close(now, handle, effects),
        };
        self.record_call(round, call, result.map_or_else(Outcome::Failed, |()| Outcome::Done), now);
        if let Some(row) = self.truth.get_mut(life).filter(|_| result.is_ok()) {
            row.closed_by.get_or_insert(self.call);
            row.let_go_by = row.let_go_by.or((call != Call::Shutdown).then_some(self.call));
        }
        if call == Call::Close && self.truth.holds(life) {
            self.lose_unread(life, self.call, now);
        }
        if matches!(call, Call::Close | Call::Abort) {
            self.give_back(round);
            self.out_of_hand(life, now);
        }
        self.perform(machine, Origin::Call, queue);
        self.forget_if_settled(life, now);
        Played::Done
    }

    /// The connection of a round. It may be over: what is left in it can still be read.
    fn connection(&self, round: u32) -> Option<(Incarnation, MachineId, Handle)> {
        let life = self.rounds.get(round)?.connection?;
        let known = self.truth.get(life)?;
        Some((life, known.machine, known.handle))
    }

    /// A connection that its application's script left open has failed: the application closes it at last.
    fn let_go<Q: EventQueue<Pending>>(&mut self, life: Incarnation, queue: &mut Q) {
        let Some((machine, handle)) = self.truth.get(life).map(|known| (known.machine, known.handle)) else { return };
        // There is nothing left to close but the handle, which cannot fail.
        let _ = self.machines[machine.index()].tcp.close(queue.now(), handle, &mut self.effects);
        self.out_of_hand(life, queue.now());
        self.perform(machine, Origin::Protocol, queue);
        self.forget_if_settled(life, queue.now());
    }

    /// A round has a socket for the connection.
    pub(super) fn take_in_hand(&mut self, life: Incarnation, round: u32, now: Instant) {
        if let Some(known) = self.truth.get_mut(life) {
            (known.owner, known.in_hand) = (Some(round), true);
            self.take_memory(life, Memory::Socket, true, now);
        }
    }

    /// The application has closed its socket, or died.
    pub(super) fn out_of_hand(&mut self, life: Incarnation, now: Instant) {
        if let Some(known) = self.truth.get_mut(life)
            && std::mem::take(&mut known.in_hand)
        {
            self.take_memory(life, Memory::Socket, false, now);
        }
    }

    fn failed(&mut self, round: u32, call: Call, error: UserError, now: Instant) -> Played {
        self.record_call(round, call, Outcome::Failed(error), now);
        if error == UserError::Closing { Played::Done } else { Played::Failed }
    }

    /// The connection failed: the round gives it back, if it is still there, and is over.
    pub(super) fn skip_rest<Q: EventQueue<Pending>>(&mut self, round: u32, queue: &mut Q) {
        if self.connection(round).is_some() {
            self.user_call(round, Call::Close, queue);
        }
        self.end_round(round, queue);
    }

    /// The round no longer plays on its connection.
    pub(super) fn give_back(&mut self, round: u32) {
        let connection = self.rounds.get_mut(round).and_then(|playing| playing.connection.take());
        if let Some(known) = connection.and_then(|life| self.truth.get_mut(life)) {
            known.owner = None;
        }
    }

    /// A call on the connection of a round.
    pub(super) fn record_call(&mut self, round: u32, call: Call, outcome: Outcome, now: Instant) {
        let life = self.rounds.get(round).and_then(|playing| playing.connection);
        let remote = life.and_then(|life| Some(self.truth.get(life)?.tuple.remote));
        self.record_call_to(round, (life, remote), call, outcome, now);
    }

    fn record_call_to(
        &mut self,
        round: u32,
        (incarnation, remote): (Option<Incarnation>, Option<SocketAddrV4>),
        call: Call,
        outcome: Outcome,
        now: Instant,
    ) {
        let Some(playing) = self.rounds.get_mut(round) else { return };
        let (because, machine, application) = (playing.because(), playing.machine, playing.ordinal);
        let host = self.host_of(machine);
        if matches!(outcome, Outcome::Failed(_)) {
            self.failed = Some(outcome);
        }
        self.call = self.record(now, because, Event::Call { host, application, incarnation, remote, call, outcome });
        if self.forger.listens {
            self.forger.happens(now, (host, Happening::Calls(call.into())), Of::Life(incarnation));
        }
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.last = self.call;
            playing.moved(now);
        }
    }
}
