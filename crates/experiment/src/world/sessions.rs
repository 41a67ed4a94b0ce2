//! Sessions and the rounds they play: one after the other, as their script repeats, until it is over or their machine
//! crashes.

use net_link::Delay;
use rand_chacha::rand_core::Rng;
use sim_core::{EventQueue, Key};
use sim_time::{Duration, Instant};

use super::population::MachineId;
use super::rows::Opener;
use super::streak::{Culprit, Streak};
use super::{Pending, World};
use crate::HostId;
use crate::record::{Because, Fold, Incarnation, Outcome, RecordId};

/// One run of a script.
pub(super) struct Round {
    pub(super) machine: MachineId,
    pub(super) script: u16,
    /// Its number among all rounds on the host.
    pub(super) ordinal: u32,
    /// The last record that moved it.
    pub(super) last: RecordId,
    /// The record that lets it go on, if it waited for something.
    pub(super) woken_by: Option<RecordId>,
    /// The step that is being played, or waited for.
    pub(super) step: usize,
    /// When it came to that, or last took octets there; and the record that woke it then, if it has called nothing since.
    pub(super) since: Instant,
    brought_by: Option<RecordId>,
    pub(super) connection: Option<Incarnation>,
    /// Whether that was reset, which its script is yet to find out.
    pub(super) reset: bool,
    /// Octets that the step in play has taken so far.
    pub(super) taken: u64,
    /// Whose open it serves, if it is a server's with a connection.
    client: Option<(HostId, Opener)>,
    /// The session it is a round of, if it is a client's.
    pub(super) session: Option<Session>,
    /// The connection it serves, if it is a server's.
    pub(super) serves: Option<Incarnation>,
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
    pub(super) fn of_session(
        machine: MachineId,
        script: u16,
        (session, rounds): (u32, Option<u32>),
        last: RecordId,
    ) -> Self {
        let streak = Streak::default();
        let session = Session { ordinal: session, rounds: 0, left: rounds, opens: 0, begun: false, streak };
        Self { session: Some(session), ..Self::new(machine, script, last) }
    }

    const fn new(machine: MachineId, script: u16, last: RecordId) -> Self {
        Self {
            machine,
            script,
            ordinal: 0,
            last,
            woken_by: None,
            reset: false,
            step: 0,
            since: Instant::ZERO,
            brought_by: None,
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
    pub(super) fn opener(&mut self) -> Opener {
        let script = self.script;
        let next = self.session.as_mut().map(|session| {
            session.opens += 1;
            Opener { script, session: session.ordinal, nth: session.opens }
        });
        next.unwrap_or_default()
    }

    /// The causes of what it does next.
    pub(super) fn because(&mut self) -> Because {
        self.woken_by.take().into_iter().fold(Because::of(self.last), Because::and)
    }

    /// It comes to a step, or takes octets.
    pub(super) const fn moved(&mut self, now: Instant) {
        (self.since, self.brought_by) = (now, self.woken_by);
    }

    /// The causes of its waiting where it does.
    pub(super) fn brought_by(&self) -> Because {
        self.brought_by.into_iter().fold(Because::of(self.last), Because::and)
    }

    /// Whether it is a round: a session may have to wait for its first.
    pub(super) fn is_under_way(&self) -> bool {
        self.session.as_ref().is_none_or(|session| session.rounds > 0)
    }

    /// Whether it has done more than wait. Listening is more.
    pub(super) fn has_begun(&self) -> bool {
        self.session.as_ref().is_none_or(|session| session.begun)
    }
}

impl<F: Fold> World<F> {
    /// A session begins its next round. Returns its machine.
    pub(super) fn begin<Q: EventQueue<Pending>>(&mut self, round: u32, queue: &mut Q) -> Option<MachineId> {
        let beginning = self.rounds.get_mut(round)?;
        beginning.alarm = None;
        let last = beginning.last;
        let (machine, session) = (beginning.machine, beginning.session.as_mut()?);
        session.left = session.left.map(|left| left - 1);
        session.rounds += 1;
        session.streak.begin(queue.now());
        self.trigger = last;
        let ordinal = self.number_round(machine);
        if let Some(beginning) = self.rounds.get_mut(round) {
            beginning.ordinal = ordinal;
            beginning.moved(queue.now());
        }
        self.play(round, queue);
        Some(machine)
    }

    /// A server's round, of a worker that has yet to accept or for an accepted connection.
    pub(super) fn new_round(&mut self, machine: MachineId, script: u16, serves: Option<Incarnation>) -> u32 {
        let ordinal = self.number_round(machine);
        let script_played = &self.host(self.host_of(machine)).scripts[usize::from(script)];
        let accepted = serves.and_then(|_| script_played.accepts_at());
        let step = accepted.map_or(0, |(place, _)| place + 1);
        let opener =
            serves.and_then(|life| self.truth.get(life)?.opener).and_then(|opener| self.truth.rows.get(opener));
        let client = opener.map(|opener| (opener.host, opener.counts.opened_by));
        let begun = Round::new(machine, script, self.last());
        self.rounds.insert(Round { ordinal, step, connection: serves, client, serves, ..begun })
    }

    /// The number of a round among all on its host.
    fn number_round(&mut self, machine: MachineId) -> u32 {
        let host = self.host_of(machine);
        let rounds = &mut self.hosts[usize::from(host.0)].rounds;
        *rounds += 1;
        *rounds - 1
    }

    /// How much it is this time, of what the step that a round is at states. What is drawn is named by the session, not by
    /// what it has come to: variants face the same clients, and one does not change what another draws.
    pub(super) fn draw(&self, round: u32, amount: &Delay) -> Duration {
        if let Delay::Constant(always) = amount {
            return *always;
        }
        let Some(playing) = self.rounds.get(round) else { return Duration::ZERO };
        let (script, step) = (u64::from(playing.script), playing.step as u64);
        let own = &self.host(self.host_of(playing.machine)).draws;
        let draw = match (&playing.session, playing.client) {
            (Some(session), _) => {
                own.at(&[0, script, u64::from(session.ordinal), u64::from(session.rounds), step]).next_u64()
            }
            (None, Some((client, opener))) => {
                let Opener { script: opened_by, session, nth } = opener;
                let open = [u64::from(opened_by), u64::from(session), u64::from(nth)];
                self.host(client).draws.at(&[1 + script, open[0], open[1], open[2], step]).next_u64()
            }
            // Nobody's: a worker's that has yet to accept, or one on what a forged segment opened.
            (None, None) => own.at(&[script, u64::from(playing.ordinal), step]).next_u64(),
        };
        amount.sample(draw)
    }

    pub(super) fn note_begun(&mut self, round: u32) {
        if let Some(session) = self.rounds.get_mut(round).and_then(|playing| playing.session.as_mut()) {
            session.begun = true;
        }
    }

    /// A step has failed. If that is all that its script does, over and over at this instant, time will not move on.
    pub(super) fn note_failure(&mut self, round: u32, now: Instant) {
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

    /// Ends a round and, if its session has another, arms that. A connection that was not closed stays open.
    pub(super) fn end_round<Q: EventQueue<Pending>>(&mut self, round: u32, queue: &mut Q) {
        self.disengage(round, queue);
        self.give_back(round);
        let Some(ended) = self.rounds.get_mut(round) else { return };
        if let Some(alarm) = ended.alarm.take() {
            let _ = queue.cancel(alarm);
        }
        if ended.session.as_ref().is_some_and(|session| session.left != Some(0)) {
            (ended.step, ended.taken, ended.reset) = (0, 0, false);
            ended.alarm = Some(queue.arm(queue.now(), Pending::Begin { round }));
        } else {
            self.remove_round(round);
        }
    }

    /// A round is over, whatever is left of the connection that it served.
    pub(super) fn remove_round(&mut self, round: u32) -> Option<Round> {
        let removed = self.rounds.remove(round)?;
        if let Some(life) = removed.serves
            && let Some(row) = self.truth.rows.get_mut(life)
        {
            row.served = false;
            self.truth.rows.free_if_done(life);
        }
        Some(removed)
    }
}
