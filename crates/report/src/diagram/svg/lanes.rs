//! Where the connections of a host are drawn: each in a lane of its own; or if there are too many at a time, in a lane while
//! something happens to it, and then together with others like it in one bar that says how many there are.

use std::collections::BTreeMap;

use experiment::HostId;
use sim_time::Instant;
use tcp_endpoint::State;

use crate::diagram::{Diagram, Life};

/// So many connections of a host are drawn beside each other.
const MOST: usize = 6;

/// The lanes of a diagram.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// Of each connection by its place: its lane, and until when it has it; or none.
    own: Vec<Option<(usize, Instant)>>,
    piles: Vec<Pile>,
    /// How many lanes a host has.
    count: BTreeMap<HostId, usize>,
}

/// Connections in one bar: those of a host in one state, held for someone or for nobody.
#[derive(Clone, Debug)]
pub(super) struct Pile {
    pub(super) host: HostId,
    pub(super) state: State,
    pub(super) wasted: bool,
    /// How many come, or with a minus sign go, when.
    changes: BTreeMap<Instant, i64>,
}

/// A part of a connection's life.
#[derive(Clone, Copy, Debug)]
struct Part {
    state: State,
    wasted: bool,
    from: Instant,
    until: Instant,
}

/// Where a connection is drawn at a time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Column {
    /// In a lane.
    Lane(usize),
    /// In a pile, by its place among those of its host.
    Pile(usize),
}

impl Lanes {
    pub(super) fn of(diagram: &Diagram) -> Self {
        let mut lanes = Self { own: vec![None; diagram.lives.len()], ..Self::default() };
        let last = activity(diagram);
        for host in diagram.lifelines().into_iter().flatten() {
            let own = diagram.lives.iter().enumerate().filter(|(_, life)| life.host == host);
            let own: Vec<(usize, &Life)> = own.filter(|(_, life)| span(diagram, life).is_some()).collect();
            let is_crowded = peak(diagram, &own) > MOST;
            lanes.share(diagram, host, &own, |place, until| if is_crowded { last[place] } else { until });
        }
        lanes
    }

    /// Gives each connection the first lane that is free until it needs it no more, and then a place in a pile.
    fn share(
        &mut self,
        diagram: &Diagram,
        host: HostId,
        all: &[(usize, &Life)],
        leaves: impl Fn(usize, Instant) -> Instant,
    ) {
        let mut taken: Vec<Option<Instant>> = Vec::new();
        for &(place, life) in all {
            let Some((from, until)) = span(diagram, life) else { continue };
            let leaves = leaves(place, until).min(until);
            let is_free = |lane: &Option<Instant>| lane.is_none_or(|until| until <= from);
            let lane = taken.iter().position(is_free).unwrap_or(taken.len());
            if leaves > from && lane < MOST {
                taken.resize(taken.len().max(lane + 1), None);
                taken[lane] = Some(leaves);
                self.own[place] = Some((lane, leaves));
                self.pile(host, &parts(life, (leaves, until)));
            } else {
                self.pile(host, &parts(life, (from, until)));
            }
        }
        self.count.insert(host, taken.len());
    }

    fn pile(&mut self, host: HostId, parts: &[Part]) {
        for part in parts {
            let is_it = |pile: &Pile| (pile.host, pile.state, pile.wasted) == (host, part.state, part.wasted);
            let place = self.piles.iter().position(is_it).unwrap_or_else(|| {
                let changes = BTreeMap::new();
                self.piles.push(Pile { host, state: part.state, wasted: part.wasted, changes });
                self.piles.len() - 1
            });
            let changes = &mut self.piles[place].changes;
            *changes.entry(part.from).or_default() += 1;
            *changes.entry(part.until).or_default() -= 1;
        }
    }

    /// How many lanes and piles a host has.
    pub(super) fn columns(&self, host: HostId) -> (usize, usize) {
        (self.count.get(&host).copied().unwrap_or(0), self.piles(host).count())
    }

    pub(super) fn piles(&self, host: HostId) -> impl Iterator<Item = &Pile> {
        self.piles.iter().filter(move |pile| pile.host == host)
    }

    /// The lane of a connection, and until when it has it.
    pub(super) fn own(&self, place: usize) -> Option<(usize, Instant)> {
        self.own[place]
    }

    /// Where a connection is drawn at a time at which it is there.
    pub(super) fn column(&self, diagram: &Diagram, place: usize, at: Instant) -> Option<Column> {
        let life = diagram.lives.get(place)?;
        if let Some((lane, until)) = self.own[place]
            && at <= until
        {
            return Some(Column::Lane(lane));
        }
        let part = parts(life, span(diagram, life)?).into_iter().rev().find(|part| part.from <= at)?;
        let is_it = |pile: &Pile| (pile.state, pile.wasted) == (part.state, part.wasted);
        self.piles(life.host).position(is_it).map(Column::Pile)
    }
}

impl Pile {
    /// How many there are, from when until when.
    pub(super) fn counts(&self) -> Vec<(Instant, Instant, i64)> {
        let mut count = 0;
        let changes: Vec<(Instant, i64)> = self.changes.iter().map(|(at, change)| (*at, *change)).collect();
        let spans = changes.windows(2).map(|pair| {
            count += pair[0].1;
            (pair[0].0, pair[1].0, count)
        });
        let mut spans: Vec<(Instant, Instant, i64)> = spans.filter(|(.., count)| *count > 0).collect();
        // One comes as another goes.
        spans.dedup_by(|next, last| {
            let is_same = (last.1, last.2) == (next.0, next.2);
            if is_same {
                last.1 = next.1;
            }
            is_same
        });
        spans
    }
}

/// When a connection is to be seen, if it is.
fn span(diagram: &Diagram, life: &Life) -> Option<(Instant, Instant)> {
    let (from, until) = (diagram.from, diagram.drawn_until());
    let seen = |stretch: &&crate::diagram::Stretch| stretch.is_drawn(until) && stretch.until > from;
    let first = life.states.iter().find(seen)?;
    let last = life.states.iter().rfind(seen)?;
    Some((first.from.max(from), last.until.min(until)))
}

/// The parts of a life between two instants.
fn parts(life: &Life, (from, until): (Instant, Instant)) -> Vec<Part> {
    let wastes = || life.waste.iter().filter(|waste| waste.until > waste.from);
    let mut cuts: Vec<Instant> = life.states.iter().flat_map(|state| [state.from, state.until]).collect();
    cuts.extend(wastes().flat_map(|waste| [waste.from, waste.until]));
    cuts.extend([from, until]);
    cuts.retain(|at| (from..=until).contains(at));
    cuts.sort_unstable();
    cuts.dedup();
    let parts = cuts.windows(2).filter_map(|pair| {
        let (from, until) = (pair[0], pair[1]);
        let state = life.states.iter().find(|state| state.from <= from && until <= state.until)?.state;
        let wasted = wastes().any(|waste| waste.from <= from && until <= waste.until);
        Some(Part { state, wasted, from, until })
    });
    parts.collect()
}

/// The most connections that are to be seen at a time.
fn peak(diagram: &Diagram, all: &[(usize, &Life)]) -> usize {
    let spans = all.iter().filter_map(|(_, life)| span(diagram, life));
    let mut ends: Vec<(Instant, i64)> = spans.flat_map(|(from, until)| [(from, 1), (until, -1)]).collect();
    ends.sort_unstable();
    let mut now = 0;
    let counts = ends.into_iter().map(|(_, change)| {
        now += change;
        now
    });
    usize::try_from(counts.max().unwrap_or(0)).unwrap_or(0)
}

/// When something happens to each connection for the last time that is more than its end by itself.
fn activity(diagram: &Diagram) -> Vec<Instant> {
    let until = diagram.drawn_until();
    let states = diagram.lives.iter().map(|life| {
        let changes = life.states.iter().map(|state| state.from).filter(|at| *at <= until);
        changes.max().unwrap_or(Instant::ZERO)
    });
    let mut last: Vec<Instant> = states.collect();
    let mut note = |place: Option<usize>, at: Instant| {
        if let Some(last) = place.and_then(|place| last.get_mut(place)) {
            *last = at.max(*last);
        }
    };
    for segment in &diagram.segments {
        note(diagram.sender(segment), segment.at);
        for copy in &segment.copies {
            note(diagram.receiver(segment, copy.at.min(until)), copy.at.min(until));
            // What is still on its way where the picture ends was not sent in vain.
            if copy.at > until {
                note(diagram.sender(segment), until);
            }
        }
    }
    last
}
