//! Every level of a run: how much each host holds of what, in how many connections it is in which state, and what of that is for
//! nobody.

use experiment::record::{Event, Fold, Incarnation, Memory, Record, StateChange, Worth};
use experiment::{Column, Held, HostId, Resource, Transfer};
use sim_time::Instant;
use tcp_endpoint::{EntryKind, State};

/// Something of which a host has more or less as time goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Level {
    /// Connections in a state.
    State(State),
    /// A part of a resource.
    Held(Resource),
}

/// What there is of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Amount {
    /// All of it.
    pub(crate) held: u64,
    /// The part of it that is held for nobody, or by which useless connections keep clients waiting.
    pub(crate) wasted: u64,
}

/// Resources, in the order in which they are listed.
const RESOURCES: [Resource; 11] = [
    Resource::Memory(Memory::Entry(EntryKind::HalfOpen)),
    Resource::Memory(Memory::Entry(EntryKind::Connection)),
    Resource::Memory(Memory::Entry(EntryKind::TimeWait)),
    Resource::Memory(Memory::Entry(EntryKind::HoldDown)),
    Resource::Memory(Memory::Entry(EntryKind::Peer)),
    Resource::Memory(Memory::Socket),
    Resource::Ports,
    Resource::SynBacklog,
    Resource::AcceptQueue,
    Resource::Workers,
    Resource::Clients,
];

impl Level {
    /// How many there are.
    pub(crate) const COUNT: usize = State::ALL.len() + RESOURCES.len();

    /// The level at a place.
    pub(crate) fn at(place: usize) -> Self {
        let state = State::ALL.get(place).copied().map(Self::State);
        state.unwrap_or_else(|| Self::Held(RESOURCES[place - State::ALL.len()]))
    }

    /// Its place, in the order in which levels are listed.
    pub(crate) const fn place(self) -> usize {
        let place = match self {
            Self::State(state) => return state as usize,
            Self::Held(Resource::Memory(Memory::Entry(EntryKind::HalfOpen))) => 0,
            Self::Held(Resource::Memory(Memory::Entry(EntryKind::Connection))) => 1,
            Self::Held(Resource::Memory(Memory::Entry(EntryKind::TimeWait))) => 2,
            Self::Held(Resource::Memory(Memory::Entry(EntryKind::HoldDown))) => 3,
            Self::Held(Resource::Memory(Memory::Entry(EntryKind::Peer))) => 4,
            Self::Held(Resource::Memory(Memory::Socket)) => 5,
            Self::Held(Resource::Ports) => 6,
            Self::Held(Resource::SynBacklog) => 7,
            Self::Held(Resource::AcceptQueue) => 8,
            Self::Held(Resource::Workers) => 9,
            Self::Held(Resource::Clients) => 10,
        };
        State::ALL.len() + place
    }

    /// Its name: that of the state, or of the resource.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::State(state) => state.name(),
            Self::Held(resource) => resource.name(),
        }
    }

    /// What it is counted in.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::State(_) => "connection",
            Self::Held(resource) => resource.unit().trim_end_matches("·s"),
        }
    }
}

impl Amount {
    /// The same after a change.
    pub(crate) fn shifted(self, held: i64, wasted: i64) -> Self {
        let add =
            |amount: u64, delta| amount.checked_add_signed(delta).expect("nothing is given back that was not taken");
        Self { held: add(self.held, held), wasted: add(self.wasted, wasted) }
    }
}

/// Whoever wants to know how levels change.
pub(crate) trait Gauge {
    /// From `at` on there is so much more of a level on a host, of which so much is for nobody. Less, if it is negative.
    fn shift(&mut self, at: Instant, host: HostId, level: Level, held: i64, wasted: i64);
}

/// Tells a gauge how the levels of a run change.
#[derive(Clone, Debug)]
pub(crate) struct Levels<G> {
    pub(crate) gauge: G,
    lives: Column<Life>,
}

/// What must be known of a connection that is not CLOSED.
#[derive(Clone, Copy, Debug)]
struct Life {
    state: State,
    useless: bool,
}

impl<G: Gauge> Levels<G> {
    pub(crate) const fn told_to(gauge: G) -> Self {
        Self { gauge, lives: Column::new() }
    }

    fn state(&mut self, at: Instant, change: &StateChange) {
        let StateChange { host, incarnation, from, to, .. } = *change;
        let life = self.lives.get_or_insert_with(incarnation, || Life { state: from, useless: false });
        life.state = to;
        let useless = i64::from(life.useless);
        if to == State::Closed {
            self.lives.remove(incarnation);
        }
        for (state, one) in [(from, -1), (to, 1)] {
            // CLOSED is no entry and LISTEN no connection.
            if !matches!(state, State::Closed | State::Listen) {
                self.gauge.shift(at, host, Level::State(state), one, one * useless);
            }
        }
    }

    /// A connection is of use from now on, or of no use any more.
    fn judged(&mut self, at: Instant, host: HostId, incarnation: Incarnation, useless: bool) {
        let Some(life) = self.lives.get_mut(incarnation) else { return };
        let change = i64::from(useless) - i64::from(life.useless);
        life.useless = useless;
        let level = Level::State(life.state);
        if change != 0 {
            self.gauge.shift(at, host, level, 0, change);
        }
    }
}

impl<G: Gauge> Fold for Levels<G> {
    fn record(&mut self, record: &Record) {
        for (host, blame, clients) in record.event.waiting() {
            let wasted = if blame.is_some() { clients } else { 0 };
            self.gauge.shift(record.at, host, Level::Held(Resource::Clients), clients, wasted);
        }
        if let Event::State(change) = &record.event {
            self.state(record.at, change);
        }
    }

    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        let Transfer { host, incarnation, held, amount, from, to, .. } = *transfer;
        let is_useless = |worth: Option<Worth>| worth.is_some_and(|worth| worth.blame().is_some());
        match (held, from, to) {
            (Held::Life, Some(_), Some(_)) => self.judged(at, host, incarnation, is_useless(to)),
            // A life that begins or ends is told by its state.
            (Held::Life, ..) => {}
            (Held::Of(resource), ..) => {
                let change = i64::from(is_useless(to)) - i64::from(is_useless(from));
                let wasted = change * amount.cast_signed();
                self.gauge.shift(at, host, Level::Held(resource), transfer.growth(), wasted);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_level_has_a_place_of_its_own() {
        for place in 0..Level::COUNT {
            assert_eq!(Level::at(place).place(), place);
        }
        assert_eq!(Level::Held(Resource::Workers).unit(), "worker");
    }
}
