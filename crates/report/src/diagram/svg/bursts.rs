//! The arrows of a diagram, before anybody knows where they go: what goes the same way at the same time, and is the same, is one.

use std::collections::{BTreeMap, BTreeSet};

use experiment::record::Attempt;
use sim_time::Instant;

use super::look::Stroke;
use crate::amount::whole;
use crate::diagram::{Attempts, Diagram, Segment, silence};

/// A segment in the picture, with others that go the same way at the same time.
#[derive(Clone, Debug)]
pub(super) struct Burst<'a> {
    /// The first of them, and which of its copies.
    pub(super) segment: &'a Segment,
    pub(super) copy: usize,
    pub(super) stroke: Stroke,
    pub(super) ends: Ends,
    /// All of them, with the first.
    pub(super) segments: Vec<&'a Segment>,
    /// Whether all have the same name.
    alike: bool,
}

/// How an arrow ends.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Ends {
    /// At the other lifeline.
    There,
    /// There, but nobody listens.
    Unheard,
    /// On the way: it was lost.
    Lost,
    /// Nowhere: nobody has the address.
    Nowhere,
    /// On the way: it comes later than anything that is drawn.
    UnderWay,
}

/// The bursts of a diagram, in the order of their sending, and for each copy of each segment the place of its burst.
#[derive(Clone, Debug)]
pub(super) struct Bursts<'a> {
    pub(super) all: Vec<Burst<'a>>,
    pub(super) places: BTreeMap<(usize, usize), usize>,
}

impl<'a> Bursts<'a> {
    pub(super) fn of(diagram: &'a Diagram) -> Self {
        let (mut all, mut places): (Vec<Burst<'a>>, _) = (Vec::new(), BTreeMap::new());
        // What is sent at one instant is looked at together.
        let mut first = 0;
        for (number, segment) in diagram.segments.iter().enumerate().filter(|(_, segment)| segment.from != segment.to) {
            if all.last().is_some_and(|last| last.segment.at != segment.at) {
                first = all.len();
            }
            for copy in 0..segment.copies.len().max(1) {
                let burst = Burst::of(segment, copy, diagram.drawn_until());
                let place = all[first..].iter().rposition(|of| of.takes(&burst)).map(|place| first + place);
                let place = place.unwrap_or(all.len());
                match all.get_mut(place) {
                    Some(of) => of.add(segment),
                    None => all.push(burst),
                }
                places.insert((number, copy), place);
            }
        }
        Self { all, places }
    }
}

impl<'a> Burst<'a> {
    fn of(segment: &'a Segment, copy: usize, until: Instant) -> Self {
        let ends = match segment.copies.get(copy) {
            None if segment.lost.is_some() => Ends::Lost,
            None => Ends::Nowhere,
            Some(arrival) if arrival.at > until => Ends::UnderWay,
            Some(arrival) if arrival.deaf.is_some() => Ends::Unheard,
            Some(_) => Ends::There,
        };
        let stroke = match (segment.is_odd(copy), &segment.wasted) {
            (true, _) => Stroke::Late,
            (false, Some(_)) => Stroke::Wasted,
            (false, None) => Stroke::Plain,
        };
        Self { segment, copy, stroke, ends, segments: vec![segment], alike: true }
    }

    /// When it arrives, if it does.
    pub(super) fn arrives(&self) -> Option<Instant> {
        self.segment.copies.get(self.copy).map(|copy| copy.at)
    }

    /// Whether another one is to be seen in this one: it is the same of another connection, or the next of its own of that kind.
    fn takes(&self, other: &Self) -> bool {
        let way = |of: &Self| (of.segment.at, of.segment.from, of.segment.to, of.arrives(), of.stroke, of.ends);
        let (one, next) = (self.segment, other.segment);
        let is_same = self.alike && (&one.label, &one.remark, one.forged) == (&next.label, &next.remark, next.forged);
        let is_next = one.attempt == next.attempt && one.kind() == next.kind() && one.remark == next.remark;
        way(self) == way(other) && self.copy.min(1) == other.copy.min(1) && (is_same || is_next)
    }

    fn add(&mut self, segment: &'a Segment) {
        self.alike &= segment.label == self.segment.label;
        self.segments.push(segment);
    }

    /// How many others there are.
    pub(super) fn more(&self) -> usize {
        self.segments.len() - 1
    }

    /// Whose they are, if that is to be said.
    fn whose(&self, diagram: &Diagram, attempts: &Attempts) -> Option<String> {
        let Segment { from, to, .. } = self.segment;
        let own: Vec<Attempt> = self.segments.iter().map(|segment| segment.attempt).collect();
        attempts.names(&diagram.hosts, &own, &[*from, *to])
    }

    /// What stands at the arrow: all of it, and what has to do where there is no room.
    pub(super) fn names(&self, diagram: &Diagram, attempts: &Attempts) -> [String; 2] {
        let whose = self.whose(diagram, attempts);
        // The attempts tell how many there are, if each has one of them.
        let distinct: BTreeSet<Attempt> = self.segments.iter().map(|segment| segment.attempt).collect();
        let tell = whose.is_some() && self.alike && distinct.len() == self.segments.len();
        let several = self.more() > 0 && !tell;
        let whose = whose.map_or(String::new(), |whose| format!("{whose} "));
        let copy = if self.copy > 0 { "copy: " } else { "" };
        let more = match (several, self.alike) {
            (false, _) => String::new(),
            (true, true) => format!(" × {}", whole(self.segments.len() as u64)),
            (true, false) => format!(" and {} more", whole(self.more() as u64)),
        };
        let short = format!("{whose}{copy}{}{more}", self.segment.label);
        let remark = self.segment.remark.as_ref().map_or(String::new(), |remark| format!(" · {remark}"));
        let arrival = self.arrives().filter(|_| self.segment.is_odd(self.copy));
        let arrival = arrival.filter(|_| matches!(self.ends, Ends::There | Ends::Unheard));
        let way = arrival.map(|at| format!(" · {} on its way", silence(at.since(self.segment.at))));
        [format!("{short}{remark}{}", way.unwrap_or_default()), short]
    }
}
