//! The applications: scripts, played step by step. What a step calls is in [`super::calls`].

use std::rc::Rc;

use sim_core::EventQueue;
use sim_time::{Duration, Instant};
use tcp_endpoint::Notice;

use super::crowd::Place;
use super::population::MachineId;
use super::sessions::Round;
use super::{Origin, Pending, Reaction, World};
use crate::record::{Call, Event, Fold, Incarnation, Memory};
use crate::{Size, Step};

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
}
