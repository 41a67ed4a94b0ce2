//! Who takes whose room: the useless connections that take what a server is short of, and what is full since when.

use sim_time::Instant;

use super::World;
use super::population::MachineId;
use crate::numbered::Numbered;
use crate::record::{Blame, Fold, Incarnation, RecordId, Scarce, WaitEnd};

/// Where a host has only so much room: two queues of a port, the workers of a script, and its table of what remains.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Place {
    SynBacklog(u16),
    AcceptQueue(u16),
    Workers(u16),
    /// What remains of the connections of a machine. Nobody waits for room there.
    Remains,
}

impl Place {
    /// The queue of a port for which there is too little room, if it is that.
    pub(super) const fn of(scarce: Scarce, port: u16) -> Option<Self> {
        match scarce {
            Scarce::SynBacklog => Some(Self::SynBacklog(port)),
            Scarce::AcceptQueue => Some(Self::AcceptQueue(port)),
            Scarce::Workers | Scarce::HoldDown => None,
        }
    }
}

/// What is waited for in line: to be accepted at a port by whatever worker, or a turn of those of a script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Line {
    ToBeAccepted(u16),
    ForWork { port: u16, script: u16 },
}

impl Line {
    pub(super) const fn port(self) -> u16 {
        match self {
            Self::ToBeAccepted(port) | Self::ForWork { port, .. } => port,
        }
    }

    /// The script whose workers it is for, if it is for those alone.
    pub(super) const fn script(self) -> Option<u16> {
        match self {
            Self::ToBeAccepted(_) => None,
            Self::ForWork { script, .. } => Some(script),
        }
    }
}

/// The rooms of a machine that anyone has come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Crowd {
    rooms: Vec<(Place, Room)>,
}

#[derive(Clone, Debug, Default)]
struct Room {
    /// The useless connections in it, by the number of the incarnation: the oldest first.
    useless: Numbered<Incarnation>,
    /// With which record, and when, the newest came. What is full is so since then.
    newest: Option<(RecordId, Instant)>,
    /// Whether it is full already when the next comes: an entry of a cache has made room for it.
    stays_full: bool,
}

impl Crowd {
    fn room(&mut self, place: Place) -> &mut Room {
        let found = self.rooms.iter().position(|(of, _)| *of == place).unwrap_or_else(|| {
            self.rooms.push((place, Room::default()));
            self.rooms.len() - 1
        });
        &mut self.rooms[found].1
    }

    fn get(&self, place: Place) -> Option<&Room> {
        self.rooms.iter().find(|(of, _)| *of == place).map(|(_, room)| room)
    }

    /// With which record, and when, the newest came to a room.
    pub(super) fn filled(&self, place: Place) -> Option<(RecordId, Instant)> {
        self.get(place)?.newest
    }

    /// Somebody comes to a room, with that record and at that time.
    pub(super) fn note_newest(&mut self, place: Place, newest: (RecordId, Instant)) {
        let room = self.room(place);
        if !std::mem::take(&mut room.stays_full) {
            room.newest = Some(newest);
        }
    }

    /// The next that comes to a room takes the place of another.
    pub(super) fn stays_full(&mut self, place: Place) {
        self.room(place).stays_full = true;
    }

    /// The oldest useless connection in a room.
    fn oldest_useless(&self, place: Place) -> Option<Incarnation> {
        self.get(place)?.useless.values().next().copied()
    }
}

impl<F: Fold> World<F> {
    /// A connection takes what is scarce in place of what it took before, with that record and at that time.
    pub(super) fn occupy(&mut self, life: Incarnation, takes: Option<(Place, RecordId, Instant)>) {
        let Some(known) = self.truth.get_mut(life) else { return };
        let place = takes.map(|(place, ..)| place);
        let before = std::mem::replace(&mut known.takes, place);
        if let Some(Place::Workers(_)) = place {
            known.in_line = None;
        }
        let (machine, is_useless, attempt) = (known.machine, known.worth.blame().is_some(), known.attempt);
        if let Some((place, by, at)) = takes {
            self.machine(machine).crowd.note_newest(place, (by, at));
            // It has what it waited for.
            self.end_wait(attempt, WaitEnd::Served, at);
        }
        if is_useless {
            self.crowd(life, before, false);
            self.crowd(life, place, true);
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
            Some(place @ Some(Place::AcceptQueue(_))) => self.crowd(life, place, false),
            Some(_) => self.occupy(life, None),
            None => {}
        }
    }

    fn crowd(&mut self, life: Incarnation, place: Option<Place>, useless: bool) {
        let (Some(place), Some(machine)) = (place, self.truth.get(life).map(|known| known.machine)) else { return };
        let room = self.machine(machine).crowd.room(place);
        if useless {
            room.useless.get_or_insert_with(life.number.into(), || life);
        } else {
            room.useless.remove(life.number.into());
        }
        if let Place::Workers(script) = place {
            self.note_lines(machine, script);
        }
    }

    /// What is to blame for the want of room: the oldest useless connection that has some. If there is none, the useful ones
    /// may be there for want of what comes next, if that is used up: a place to be accepted from, or a worker.
    pub(super) fn in_the_way(&self, id: MachineId, place: Place) -> Option<Blame> {
        let machine = &self.machines[id.index()];
        let useless = || self.truth.get(machine.crowd.oldest_useless(place)?)?.worth.blame();
        match place {
            Place::SynBacklog(port) => useless().or_else(|| {
                machine.tcp.accept_queue_is_full(port).then(|| self.in_the_way(id, Place::AcceptQueue(port)))?
            }),
            Place::AcceptQueue(port) => useless().or_else(|| self.ahead_in(id, Line::ToBeAccepted(port))),
            Place::Workers(_) => useless(),
            Place::Remains => None,
        }
    }

    /// What is to blame for a line: of the useless connections that have the workers it is for, the oldest. Nothing is if one
    /// of these workers is free.
    pub(super) fn ahead_in(&self, id: MachineId, line: Line) -> Option<Blame> {
        let crowd = &self.machines[id.index()].crowd;
        let oldest = match line {
            Line::ToBeAccepted(port) if self.accepting(id, port).is_some() => None,
            Line::ToBeAccepted(port) => {
                let workers = self.blocking_at(id, port).map(|(script, _)| Place::Workers(script));
                workers.filter_map(|place| crowd.oldest_useless(place)).min_by_key(|life| life.number)
            }
            Line::ForWork { script, .. } => crowd.oldest_useless(Place::Workers(script)),
        };
        self.truth.get(oldest?)?.worth.blame()
    }
}
