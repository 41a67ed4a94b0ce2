//! The applications: scripts, played step by step against the user calls of their host's TCP.

use std::net::SocketAddrV4;

use net_link::Delay;
use rand_chacha::rand_core::Rng;
use sim_core::{EventQueue, Key};
use sim_time::{Duration, Instant};
use tcp_endpoint::{Handle, Notice, UserError};

use super::attempts::Opener;
use super::population::MachineId;
use super::streak::{Culprit, Streak};
use super::truth::Life;
use super::{Origin, Pending, Reaction, World};
use crate::record::{Attempt, Call, Event, Fold, Memory, Outcome, Scarce};
use crate::{FirstOctets, HostId, Size, Span, Step};

/// The most octets that a send draws.
const LARGEST_SIZE: u64 = 1 << 40;

/// One run of a script.
pub(super) struct Round {
    pub(super) machine: MachineId,
    pub(super) script: u16,
    /// Its number among all rounds on the host.
    ordinal: u32,
    /// The step that is being played, or waited for.
    step: usize,
    connection: Option<Life>,
    /// Octets that the step in play has taken so far.
    taken: u64,
    /// Whose open it serves, if it is a server's with a connection.
    client: Option<(HostId, Opener)>,
    /// The session it is a round of, if it is a client's.
    pub(super) session: Option<Session>,
    /// The connection it serves, if it is a server's.
    pub(super) serves: Option<Life>,
    /// Whether a worker is busy with that.
    pub(super) busy: bool,
    /// The end of a wait, or of the patience with an open, or the beginning of the session's next round.
    pub(super) alarm: Option<Key>,
}

/// A client's rounds, one after the other.
pub(super) struct Session {
    /// Its number among those of its script.
    ordinal: u32,
    /// Rounds it has begun.
    rounds: u32,
    /// Rounds it may still begin.
    left: Option<u32>,
    /// Opens it has called for.
    opens: u32,
    /// Whether it has done more than wait.
    begun: bool,
    pub(super) streak: Streak,
}

impl Round {
    /// What a session begins with. Its first round is begun by [`World::begin`].
    pub(super) fn of_session(machine: MachineId, script: u16, session: u32, rounds: Option<u32>) -> Self {
        let streak = Streak::default();
        let session = Session { ordinal: session, rounds: 0, left: rounds, opens: 0, begun: false, streak };
        Self { session: Some(session), ..Self::new(machine, script) }
    }

    const fn new(machine: MachineId, script: u16) -> Self {
        Self {
            machine,
            script,
            ordinal: 0,
            step: 0,
            connection: None,
            taken: 0,
            client: None,
            session: None,
            serves: None,
            busy: false,
            alarm: None,
        }
    }

    /// Its session calls for another open: which one that is.
    fn opener(&mut self) -> Opener {
        let script = self.script;
        let next = self.session.as_mut().map(|session| {
            session.opens += 1;
            Opener { script, session: session.ordinal, nth: session.opens }
        });
        next.unwrap_or_default()
    }

    /// Whether it has done more than wait. Listening is more.
    pub(super) fn has_begun(&self) -> bool {
        self.session.as_ref().is_none_or(|session| session.begun)
    }
}

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
    /// A session begins its next round. Returns its machine.
    pub(super) fn begin<Q: EventQueue<Pending>>(&mut self, round: u32, queue: &mut Q) -> Option<MachineId> {
        let beginning = self.rounds.get_mut(round)?;
        beginning.alarm = None;
        let (machine, session) = (beginning.machine, beginning.session.as_mut()?);
        session.left = session.left.map(|left| left - 1);
        session.rounds += 1;
        session.streak.begin(queue.now());
        let ordinal = self.number_round(machine);
        if let Some(beginning) = self.rounds.get_mut(round) {
            beginning.ordinal = ordinal;
        }
        self.play(round, queue);
        Some(machine)
    }

    /// A server's round, of a worker that has yet to accept or for an accepted connection.
    pub(super) fn new_round(&mut self, machine: MachineId, script: u16, serves: Option<Life>) -> u32 {
        let ordinal = self.number_round(machine);
        let script_played = &self.host(self.host_of(machine)).scripts[usize::from(script)];
        let accepted = serves.and_then(|_| script_played.accepts_at());
        let step = accepted.map_or(0, |(place, _)| place + 1);
        let attempt = serves.and_then(|life| self.truth.get(life)).map(|known| known.attempt);
        let client = attempt.filter(|attempt| !attempt.is_forged());
        let client = client.map(|attempt| (attempt.host, self.attempts.opener(attempt)));
        self.rounds.insert(Round { ordinal, step, connection: serves, client, serves, ..Round::new(machine, script) })
    }

    /// The number of a round among all on its host.
    fn number_round(&mut self, machine: MachineId) -> u32 {
        let host = self.host_of(machine);
        let rounds = &mut self.hosts[usize::from(host.0)].rounds;
        *rounds += 1;
        *rounds - 1
    }

    /// Lets an application react to what its TCP told it.
    pub(super) fn react<Q: EventQueue<Pending>>(&mut self, reaction: &Reaction, queue: &mut Q) {
        let (life, notice) = match *reaction {
            Reaction::Idle { machine, script } => return self.begin_worker(machine, script, queue),
            Reaction::Notice { life, notice } => (life, notice),
        };
        if let Notice::Acceptable { port } = notice {
            self.occupy(life, Some(Scarce::AcceptQueue));
            self.accept(life.machine, port, queue);
            if let Some(known) = self.truth.get(life).filter(|known| known.takes == Some(Scarce::AcceptQueue)) {
                self.keep_waiting(life.machine, port, known.attempt, Scarce::Workers, queue.now());
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
        match (notice, self.current_step(round)) {
            (Notice::Connected, Some(Step::Connect { .. })) => self.next_step(round, queue),
            (Notice::Readable, Some(Step::Receive(_) | Step::ReceiveToEnd | Step::CloseAtEnd)) => {
                self.play(round, queue);
            }
            (Notice::Refused | Notice::Reset | Notice::TimedOut, _) => self.skip_rest(round, queue),
            (Notice::Connected | Notice::Readable | Notice::Acceptable { .. } | Notice::Unanswered, _) => {}
        }
    }

    /// An alarm rings: a wait is over, or an open took too long. Returns the machine.
    pub(super) fn wake<Q: EventQueue<Pending>>(&mut self, round: u32, queue: &mut Q) -> Option<MachineId> {
        let playing = self.rounds.get_mut(round)?;
        playing.alarm = None;
        let machine = playing.machine;
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

    fn current_step(&self, round: u32) -> Option<Step> {
        let round = self.rounds.get(round)?;
        self.host(self.host_of(round.machine)).scripts[usize::from(round.script)].steps.get(round.step).cloned()
    }

    /// How long the `work` takes that a round is at.
    pub(super) fn current_work(&self, round: u32) -> Option<Duration> {
        match self.current_step(round)? {
            Step::Work(length) => Some(self.draw(round, &length)),
            _ => None,
        }
    }

    /// How much it is this time, of what the step that a round is at states. What is drawn is named by the session, not by
    /// what it has come to: variants face the same clients, and one does not change what another draws.
    fn draw(&self, round: u32, amount: &Delay) -> Duration {
        if let Delay::Constant(always) = amount {
            return *always;
        }
        let Some(playing) = self.rounds.get(round) else { return Duration::ZERO };
        let (script, step) = (u64::from(playing.script), playing.step as u64);
        let own = &self.host(self.host_of(playing.machine)).draws;
        let mut draws = match (&playing.session, playing.client) {
            (Some(session), _) => own.at(&[0, script, u64::from(session.ordinal), u64::from(session.rounds), step]),
            (None, Some((client, opener))) => {
                let Opener { script: opened_by, session, nth } = opener;
                let open = [u64::from(opened_by), u64::from(session), u64::from(nth)];
                self.host(client).draws.at(&[1 + script, open[0], open[1], open[2], step])
            }
            // Nobody's: a worker's that has yet to accept, or one on what a forged segment opened.
            (None, None) => own.at(&[script, u64::from(playing.ordinal), step]),
        };
        amount.sample(draws.next_u64())
    }

    fn next_step<Q: EventQueue<Pending>>(&mut self, round: u32, queue: &mut Q) {
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.step += 1;
            playing.taken = 0;
            if let Some(alarm) = playing.alarm.take() {
                let _ = queue.cancel(alarm);
            }
            self.play(round, queue);
        }
    }

    /// Plays a round until it has to wait or is over.
    pub(super) fn play<Q: EventQueue<Pending>>(&mut self, round: u32, queue: &mut Q) {
        while let Some(step) = self.current_step(round) {
            if !matches!(step, Step::Wait(_) | Step::WaitUntil(_)) {
                self.note_begun(round);
            }
            match self.play_step(round, step, queue) {
                Played::Done => {
                    if let Some(playing) = self.rounds.get_mut(round) {
                        (playing.step, playing.taken) = (playing.step + 1, 0);
                    }
                }
                Played::Waits => return,
                Played::Accepts => {
                    if let Some(Round { machine, script, .. }) = self.rounds.remove(round) {
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
        self.end_round(round, queue);
    }

    fn note_begun(&mut self, round: u32) {
        if let Some(session) = self.rounds.get_mut(round).and_then(|playing| playing.session.as_mut()) {
            session.begun = true;
        }
    }

    /// A step has failed. If that is all that its script does, over and over at this instant, time will not move on.
    fn note_failure(&mut self, round: u32, now: Instant) {
        let Some(Round { machine, script, step, session: Some(session), .. }) = self.rounds.get_mut(round) else {
            return;
        };
        if session.left.is_none() && session.streak.fail(now) {
            let why = self.failed.and_then(Outcome::failure).unwrap_or_else(|| "it cannot be done".to_owned());
            let (rounds, script, step, machine) = (session.streak.rounds(), *script, *step, *machine);
            let host = self.host_of(machine);
            self.stuck = Some(Culprit { host, script, rounds, failure: Some((step + 1, why)) });
        }
    }

    fn play_step<Q: EventQueue<Pending>>(&mut self, round: u32, step: Step, queue: &mut Q) -> Played {
        match step {
            Step::Connect { to, port, from, with, within } => {
                self.connect(round, (to, port), (from, with), within, queue)
            }
            // A round that has a connection begins behind this step.
            Step::Accept { .. } => Played::Accepts,
            Step::Work(length) => {
                let length = self.draw(round, &length);
                self.work(round, length, queue)
            }
            Step::Send(Size(octets)) => {
                let octets = self.draw(round, &octets).as_nanos().clamp(1, LARGEST_SIZE);
                self.send(round, octets, queue)
            }
            Step::Receive(octets) => self.receive(round, octets, queue),
            Step::ReceiveToEnd => self.receive(round, u64::MAX, queue),
            Step::Wait(length) => {
                let length = self.draw(round, &length);
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
        let opened = self.open(machine, opener, (from, remote), with, now);
        self.record_call(round, Call::Connect, opened.map_or_else(Outcome::Failed, |_| Outcome::Done), now);
        let Ok(handle) = opened else { return Played::Failed };
        self.perform(machine, Origin::Call, queue);
        let Some(life) = self.life(machine, handle) else { return Played::Failed };
        self.take_in_hand(life, round, now);
        if let Some(known) = self.truth.get_mut(life) {
            known.sent += with.map_or(0, |first| u64::from(first.octets));
        }
        if let Some(first) = with {
            let host = self.host_of(machine);
            let attempt = Attempt { host, ordinal: self.host(host).attempts };
            self.attempts.end(attempt, host).octets += u64::from(first.octets);
            self.record_call(round, Call::Send(u64::from(first.octets)), Outcome::Done, now);
        }
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.connection = Some(life);
            playing.alarm = within.map(|patience| queue.arm(now + patience, Pending::Wake { round }));
        }
        Played::Waits
    }

    /// Active OPEN from the given port, or from an ephemeral one.
    fn open(
        &mut self,
        machine: MachineId,
        opener: Opener,
        sockets: (Option<u16>, SocketAddrV4),
        with: Option<FirstOctets>,
        now: Instant,
    ) -> Result<Handle, UserError> {
        let host = self.host_of(machine);
        let tag = Attempt { host, ordinal: self.host(host).attempts + 1 };
        let first = with.map_or((Span::default(), false), |FirstOctets { octets, all }| {
            (Span { attempt: tag, sender: host, offset: 0, length: octets }, all)
        });
        let opened = self.machines[machine.index()].tcp.open_with(now, sockets, first, tag, &mut self.effects)?;
        self.hosts[usize::from(host.0)].attempts += 1;
        self.attempts.opened(tag, opener);
        Ok(opened)
    }

    fn send<Q: EventQueue<Pending>>(&mut self, round: u32, octets: u64, queue: &mut Q) -> Played {
        let now = queue.now();
        let Some((life, handle)) = self.connection(round) else {
            return self.failed(round, Call::Send(octets), UserError::NoConnection, now);
        };
        let Some(attempt) = self.truth.get(life).map(|known| known.attempt) else { return Played::Failed };
        let offset = self.attempts.end(attempt, life.host).octets;
        let mut sent = 0;
        while sent < octets {
            let length = u32::try_from(octets - sent).unwrap_or(u32::MAX);
            let span = Span { attempt, sender: life.host, offset: offset + sent, length };
            if let Err(error) = self.machine(life.machine).tcp.send(handle, span) {
                return self.failed(round, Call::Send(octets), error, now);
            }
            sent += u64::from(length);
        }
        self.attempts.end(attempt, life.host).octets += sent;
        if let Some(known) = self.truth.get_mut(life) {
            known.sent += sent;
        }
        self.record_call(round, Call::Send(octets), Outcome::Done, now);
        Played::Done
    }

    /// Takes what has come, at most `octets` of it; waits until all of them have, or the end of data.
    fn receive<Q: EventQueue<Pending>>(&mut self, round: u32, octets: u64, queue: &mut Q) -> Played {
        let now = queue.now();
        let Some((life, handle)) = self.connection(round) else {
            return self.failed(round, Call::Receive(0), UserError::NoConnection, now);
        };
        loop {
            let Some(playing) = self.rounds.get(round) else { return Played::Failed };
            let left = octets - playing.taken;
            if left == 0 {
                return Played::Done;
            }
            let limit = u32::try_from(left).unwrap_or(u32::MAX);
            let (machine, received) = (&mut self.machines[life.machine.index()], &mut self.received);
            let found = match machine.tcp.receive(handle, limit, received) {
                Ok(found) => found,
                Err(error) => return self.failed(round, Call::Receive(0), error, now),
            };
            let outcome = if found.end_of_data { Outcome::EndOfData } else { Outcome::Done };
            if found.octets > 0 || found.end_of_data {
                self.record_call(round, Call::Receive(u64::from(found.octets)), outcome, now);
            }
            self.take_received(round, life, u64::from(found.octets), now);
            if found.end_of_data {
                return Played::Done;
            }
            if found.octets == 0 {
                return Played::Waits;
            }
        }
    }

    /// Books octets that an application has taken.
    fn take_received(&mut self, round: u32, life: Life, octets: u64, now: Instant) {
        let known = self.truth.get(life);
        let stale = |span: &Span| !known.is_some_and(|known| known.hears(life, span));
        let stale_octets = self.received.drain(..).filter(stale).map(|span| u64::from(span.length)).sum();
        if octets == 0 {
            return;
        }
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.taken += octets;
        }
        if let Some(known) = self.truth.get_mut(life) {
            known.intake.note_read(octets, stale_octets);
        }
        self.record(now, Event::Received { host: life.host, incarnation: life.number, octets, stale_octets });
    }

    /// SHUTDOWN, CLOSE or ABORT.
    fn user_call<Q: EventQueue<Pending>>(&mut self, round: u32, call: Call, queue: &mut Q) -> Played {
        let now = queue.now();
        let Some((life, handle)) = self.connection(round) else {
            return self.failed(round, call, UserError::NoConnection, now);
        };
        if matches!(call, Call::Close | Call::Abort) {
            self.give_back(round);
        }
        let (machine, effects) = (&mut self.machines[life.machine.index()], &mut self.effects);
        let result = match call {
            Call::Shutdown => machine.tcp.shutdown(now, handle, effects),
            Call::Abort => machine.tcp.abort(now, handle, effects),
            _ => machine.tcp.close(now, handle, effects),
        };
        self.record_call(round, call, result.map_or_else(Outcome::Failed, |()| Outcome::Done), now);
        if matches!(call, Call::Close | Call::Abort) {
            self.out_of_hand(life, now);
        }
        self.perform(life.machine, Origin::Call, queue);
        self.forget_if_settled(life, now);
        Played::Done
    }

    /// The connection of a round. It may be over: what is left in it can still be read.
    fn connection(&self, round: u32) -> Option<(Life, Handle)> {
        let life = self.rounds.get(round)?.connection?;
        Some((life, self.truth.get(life)?.handle))
    }

    /// A connection that its application's script left open has failed: the application closes it at last.
    fn let_go<Q: EventQueue<Pending>>(&mut self, life: Life, queue: &mut Q) {
        let Some(handle) = self.truth.get(life).map(|known| known.handle) else { return };
        let (machine, effects) = (&mut self.machines[life.machine.index()], &mut self.effects);
        // There is nothing left to close but the handle, which cannot fail.
        let _ = machine.tcp.close(queue.now(), handle, effects);
        self.out_of_hand(life, queue.now());
        self.perform(life.machine, Origin::Call, queue);
        self.forget_if_settled(life, queue.now());
    }

    /// A round has a socket for the connection.
    pub(super) fn take_in_hand(&mut self, life: Life, round: u32, now: Instant) {
        if let Some(known) = self.truth.get_mut(life) {
            (known.owner, known.in_hand) = (Some(round), true);
            self.take_memory(life, Memory::Socket, true, now);
        }
    }

    /// The application has closed its socket, or died.
    pub(super) fn out_of_hand(&mut self, life: Life, now: Instant) {
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
    fn give_back(&mut self, round: u32) {
        let connection = self.rounds.get_mut(round).and_then(|playing| playing.connection.take());
        if let Some(known) = connection.and_then(|life| self.truth.get_mut(life)) {
            known.owner = None;
        }
    }

    /// Ends a round and, if its session has another, arms that. A connection that was not closed stays open.
    fn end_round<Q: EventQueue<Pending>>(&mut self, round: u32, queue: &mut Q) {
        self.disengage(round, queue);
        self.give_back(round);
        let Some(ended) = self.rounds.get_mut(round) else { return };
        if let Some(alarm) = ended.alarm.take() {
            let _ = queue.cancel(alarm);
        }
        if ended.session.as_ref().is_some_and(|session| session.left != Some(0)) {
            (ended.step, ended.taken) = (0, 0);
            ended.alarm = Some(queue.arm(queue.now(), Pending::Begin { round }));
        } else {
            self.rounds.remove(round);
        }
    }

    pub(super) fn record_call(&mut self, round: u32, call: Call, outcome: Outcome, now: Instant) {
        if let Some(&Round { machine, ordinal, .. }) = self.rounds.get(round) {
            let event = Event::Call { host: self.host_of(machine), application: ordinal, call, outcome };
            if matches!(outcome, Outcome::Failed(_)) {
                self.failed = Some(outcome);
            }
            self.record(now, event);
        }
    }
}
