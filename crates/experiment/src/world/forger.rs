//! When forged segments come: at a time or after an event, once or again and again, before or after the calls of their instant.

use std::net::SocketAddrV4;

use sim_core::{EventQueue, Key};
use sim_time::Instant;

use super::{Pending, World};
use crate::record::{Fold, Incarnation};
use crate::{Happening, HostId, Injection, Scenario, Turn, When};

/// What is to be forged.
#[derive(Clone, Debug)]
pub(super) struct Forger {
    pub(super) injections: Vec<Injection>,
    /// Whether one of them follows an event.
    pub(super) listens: bool,
    /// How often the event of each has happened.
    happened: Vec<u32>,
    /// Those whose event has just happened.
    due: Vec<Due>,
    /// The sockets of the events that happened; none of a call without a connection. The first is that of the shots that follow
    /// no event.
    events: Vec<Option<[SocketAddrV4; 2]>>,
    /// Those that are armed to come before the calls of their instant.
    first: Vec<(Instant, Key, Shot)>,
}

/// One coming of an injection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Shot {
    /// The place of the injection in the file's list.
    pub(super) injection: u16,
    /// Whether the calls of its instant have been let go first.
    pub(super) put_off: bool,
    /// Which of its comings it is, from 1.
    nth: u32,
    /// The place of the event that it follows.
    event: u32,
}

/// An injection whose event has just happened.
#[derive(Clone, Copy, Debug)]
struct Due {
    injection: u16,
    at: Instant,
    of: Of,
}

/// The connection of an event.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    /// These are its sockets.
    Sockets([SocketAddrV4; 2]),
    /// It is this one, if it is one.
    Life(Option<Incarnation>),
}

impl Forger {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let injections = scenario.injections.clone();
        let listens = injections.iter().any(|injection| matches!(injection.when, When::After(..)));
        Self {
            happened: vec![0; injections.len()],
            injections,
            listens,
            due: Vec::new(),
            events: vec![None],
            first: Vec::new(),
        }
    }

    /// Something happens on a host. Whoever says so asks first whether anyone [listens](Self::listens).
    #[cold]
    pub(super) fn happens(&mut self, now: Instant, (host, what): (HostId, Happening), of: Of) {
        for ((injection, happened), place) in self.injections.iter().zip(&mut self.happened).zip(0..) {
            let When::After(trigger, delay) = &injection.when else { continue };
            if trigger.host != host || !trigger.what.is_met_by(what) {
                continue;
            }
            *happened = happened.saturating_add(1);
            if trigger.nth.contains(*happened) {
                self.due.push(Due { injection: place, at: now + *delay, of });
            }
        }
    }

    /// Whether the event of one of them has just happened.
    pub(super) const fn has_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// Whether one of them is armed to come before the calls of its instant.
    pub(super) const fn has_first(&self) -> bool {
        !self.first.is_empty()
    }

    fn turn(&self, shot: Shot) -> Option<Turn> {
        self.injections[usize::from(shot.injection)].turn
    }

    fn arm<Q: EventQueue<Pending>>(&mut self, shot: Shot, at: Instant, queue: &mut Q) {
        let key = queue.arm(at, Pending::Inject { shot });
        if self.turn(shot) == Some(Turn::BeforeCalls) {
            self.first.push((at, key, shot));
        }
    }

    /// Arms those that come at a time of the run: either those that come before the calls of their instant, or the others.
    pub(super) fn arm_timed<Q: EventQueue<Pending>>(&mut self, before_calls: bool, queue: &mut Q) {
        for place in 0..u16::try_from(self.injections.len()).expect("they are counted when they are read") {
            let Injection { when, turn, .. } = &self.injections[usize::from(place)];
            if let When::At(at) = *when
                && before_calls == (*turn == Some(Turn::BeforeCalls))
            {
                self.arm(Shot { injection: place, put_off: false, nth: 1, event: 0 }, at, queue);
            }
        }
    }

    /// The sockets of the event that one follows, if they are known.
    pub(super) fn event_of(&self, shot: Shot) -> Option<[SocketAddrV4; 2]> {
        self.events[shot.event as usize]
    }

    /// The turn of one has come. Arms what follows; returns whether it is to be forged now.
    pub(super) fn fires<Q: EventQueue<Pending>>(&mut self, shot: Shot, queue: &mut Q) -> bool {
        let now = queue.now();
        if self.turn(shot) == Some(Turn::AfterCalls) && !shot.put_off {
            let _ = queue.arm(now, Pending::Inject { shot: Shot { put_off: true, ..shot } });
            return false;
        }
        if let Some(place) = self.first.iter().position(|(at, _, armed)| (*at, *armed) == (now, shot)) {
            let _ = self.first.remove(place);
        }
        let again = self.injections[usize::from(shot.injection)].again;
        if let Some(again) = again.filter(|again| again.times.is_none_or(|times| shot.nth < times)) {
            self.arm(Shot { put_off: false, nth: shot.nth.saturating_add(1), ..shot }, now + again.every, queue);
        }
        true
    }

    /// Those that come before the calls of this instant, taken out of the queue.
    fn take_first<Q: EventQueue<Pending>>(&self, queue: &mut Q) -> Vec<Pending> {
        let now = queue.now();
        self.first.iter().filter(|(at, ..)| *at == now).filter_map(|(_, key, _)| queue.cancel(*key)).collect()
    }
}

impl<F: Fold> World<F> {
    /// Arms the injections whose event has just happened.
    pub(super) fn arm_due<Q: EventQueue<Pending>>(&mut self, queue: &mut Q) {
        for Due { injection, at, of } in std::mem::take(&mut self.forger.due) {
            let sockets = match of {
                Of::Sockets(sockets) => Some(sockets),
                // A call that opens is told before there is a connection.
                Of::Life(life) => {
                    life.and_then(|life| self.truth.get(life)).map(|row| [row.tuple.local, row.tuple.remote])
                }
            };
            let event = u32::try_from(self.forger.events.len()).expect("fewer events than records");
            self.forger.events.push(sockets);
            self.forger.arm(Shot { injection, put_off: false, nth: 1, event }, at, queue);
        }
    }

    /// Lets what is forged for this instant come before an event with which a script begins or goes on. Returns whether that
    /// event is still to happen.
    #[cold]
    pub(super) fn let_forged_first<Q: EventQueue<Pending>>(&mut self, event: Pending, queue: &mut Q) -> bool {
        let round = match event {
            Pending::Begin { round } | Pending::Wake { round } => Some(round),
            Pending::Listen { .. } | Pending::Arrival { .. } => None,
            _ => return true,
        };
        let alarm = |world: &Self| round.and_then(|round| world.rounds.get(round)?.alarm);
        let before = alarm(self);
        for forged in self.forger.take_first(queue) {
            self.serve(forged, queue);
        }
        // What was forged may have ended the round.
        alarm(self) == before
    }
}
