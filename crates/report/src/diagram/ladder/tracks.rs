//! Segments that cross: which they are, and where each is on its way from one lifeline to the other.

use std::collections::BTreeSet;

use experiment::HostId;
use sim_time::Instant;

use super::piece::{Course, Piece};
use super::rows::Row;
use crate::diagram::{Diagram, Event};

/// So many segments that cross are drawn on their way at a time. One more is drawn as if it crossed none.
const MOST: usize = 3;

/// Where a segment goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    Right,
    Left,
}

/// A line in which segments cross.
#[derive(Clone, Debug)]
pub(super) struct Crossing {
    /// For each gap, the segments on their way before it.
    pub(super) tracks: Vec<Vec<Way>>,
    /// The gaps, and in each of them the first of two neighbours that change places.
    pub(super) swaps: Vec<(usize, usize)>,
}

/// What crosses.
#[derive(Clone, Debug, Default)]
pub(super) struct Crossings {
    /// The places of the segments.
    pub(super) segments: BTreeSet<usize>,
    /// When they are sent, and when they arrive.
    pub(super) instants: BTreeSet<Instant>,
}

/// A segment on its way.
#[derive(Clone, Copy, Debug)]
struct Flight {
    segment: usize,
    gap: usize,
    way: Way,
    arrives: Instant,
}

impl Way {
    const fn of(from: usize, to: usize) -> Self {
        if from < to { Self::Right } else { Self::Left }
    }
}

/// The segments that pass others which go the other way: each is sent before the other arrives. A late one crosses none: its arrow
/// ends short of the lifeline anyway.
pub(super) fn crossings(diagram: &Diagram, place: &dyn Fn(Option<HostId>) -> usize) -> Crossings {
    let mut found = Crossings::default();
    let mut flying: Vec<Flight> = Vec::new();
    for (at, event) in &diagram.events {
        let Event::Sent(segment) = *event else { continue };
        let sent = &diagram.segments[segment];
        let (from, to) = (place(sent.from), place(sent.to));
        let Some(copy) = sent.copies.first().filter(|copy| from != to && copy.at <= diagram.drawn_until()) else {
            continue;
        };
        if sent.is_odd(0) {
            continue;
        }
        flying.retain(|flight| flight.arrives > *at);
        if flying.len() >= MOST {
            continue;
        }
        let new = Flight { segment, gap: from.min(to), way: Way::of(from, to), arrives: copy.at };
        let against = |flight: &&Flight| flight.gap == new.gap && flight.way != new.way && new.arrives > *at;
        for other in flying.iter().filter(against) {
            for one in [other, &new] {
                found.segments.insert(one.segment);
                found.instants.extend([diagram.segments[one.segment].at, one.arrives]);
            }
        }
        flying.push(new);
    }
    found
}

/// Gives each segment that crosses others its place among those that are on their way, and each row the lines before it in which
/// they change places: who arrives at the right is the rightmost by then.
pub(super) fn lay(rows: &mut [Row], lifelines: usize) {
    let mut flying: Vec<Vec<(usize, Way)>> = vec![Vec::new(); lifelines.saturating_sub(1)];
    let ways = |flying: &[Vec<(usize, Way)>]| -> Vec<Vec<Way>> {
        flying.iter().map(|gap| gap.iter().map(|(_, way)| *way).collect()).collect()
    };
    for row in rows {
        let landing: Vec<(usize, Way, usize)> = row.pieces.iter().filter_map(Piece::landing).collect();
        loop {
            let mut swaps = Vec::new();
            for (gap, tracks) in flying.iter().enumerate() {
                let wants = |segment: usize| match landing.iter().find(|(_, _, of)| *of == segment) {
                    Some((_, Way::Left, _)) => 0,
                    Some((_, Way::Right, _)) => 2,
                    None => 1,
                };
                let mut place = 0;
                while place + 1 < tracks.len() {
                    if wants(tracks[place].0) > wants(tracks[place + 1].0) {
                        swaps.push((gap, place));
                        place += 1;
                    }
                    place += 1;
                }
            }
            if swaps.is_empty() {
                break;
            }
            row.crossings.push(Crossing { tracks: ways(&flying), swaps: swaps.clone() });
            for (gap, place) in swaps {
                flying[gap].swap(place, place + 1);
            }
        }
        for (gap, way, segment) in row.pieces.iter().filter_map(Piece::leaving) {
            match way {
                Way::Right => flying[gap].insert(0, (segment, way)),
                Way::Left => flying[gap].push((segment, way)),
            }
        }
        for piece in &mut row.pieces {
            if let Piece::Lands { slot, segment, .. } | Piece::Sent { course: Course::Crossing { slot, segment }, .. } =
                piece
            {
                let places = flying.iter().filter_map(|gap| gap.iter().position(|(of, _)| of == segment));
                *slot = { places }.next().unwrap_or(0);
            }
        }
        row.tracks = ways(&flying);
        for (gap, _, segment) in landing {
            flying[gap].retain(|(of, _)| *of != segment);
        }
        row.after = ways(&flying);
    }
}

impl Piece {
    /// The gap, the way and the segment that arrives with it.
    fn landing(&self) -> Option<(usize, Way, usize)> {
        match *self {
            Self::Lands { from, to, segment, .. } => Some((from.min(to), Way::of(from, to), segment)),
            _ => None,
        }
    }

    /// The gap, the way and the segment that leaves with it to cross others.
    fn leaving(&self) -> Option<(usize, Way, usize)> {
        match *self {
            Self::Sent { from, to, course: Course::Crossing { segment, .. }, .. } => {
                Some((from.min(to), Way::of(from, to), segment))
            }
            _ => None,
        }
    }
}
