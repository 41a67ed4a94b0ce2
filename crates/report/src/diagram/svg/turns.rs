//! What happens at one instant at one lifeline stands one below the other: no two arrows are one line, and what comes of an arrival
//! is not above it.

use std::collections::BTreeMap;

use experiment::HostId;
use sim_time::Instant;

use super::bursts::{Bursts, Ends};
use crate::diagram::{Diagram, Event};

/// From one turn of an instant to the next.
const TURN: f64 = 13.0;

/// The turns of a diagram: how far below its instant each thing stands.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    /// The lifelines, from left to right.
    hosts: Vec<Option<HostId>>,
    /// Of each burst: where its arrow begins, and where it ends.
    arrows: Vec<(u32, u32)>,
    /// Of what happens to a connection, by its place.
    lives: BTreeMap<(usize, Instant), u32>,
    /// The last turn of each instant that has several.
    last: BTreeMap<Instant, u32>,
}

/// The turns that are taken at one instant.
#[derive(Default)]
struct Taken {
    /// At a host's left or right side, the last arrow that begins, with its segment.
    begun: BTreeMap<(Option<HostId>, bool), (u32, usize)>,
    ended: BTreeMap<(Option<HostId>, bool), u32>,
    /// What came to a host last.
    came: BTreeMap<Option<HostId>, u32>,
    /// What happened at a host last.
    last: BTreeMap<Option<HostId>, u32>,
}

impl Turns {
    pub(super) fn of(diagram: &Diagram, bursts: &Bursts<'_>) -> Self {
        let mut turns = Self { hosts: diagram.lifelines(), arrows: vec![(0, 0); bursts.all.len()], ..Self::default() };
        let mut seen = vec![(false, false); bursts.all.len()];
        let mut now = Instant::ZERO;
        let mut taken = Taken::default();
        for (at, event) in &diagram.events {
            if *at > now {
                (now, taken) = (*at, Taken::default());
            }
            match event {
                Event::Sent(segment) => {
                    let copies = bursts.places.range((*segment, 0)..(*segment + 1, 0));
                    for &place in copies.map(|(_, place)| place) {
                        if !std::mem::replace(&mut seen[place].0, true) {
                            turns.begin(*at, (*segment, place), bursts, &mut taken);
                        }
                    }
                }
                Event::Arrived(segment, copy) => {
                    let Some(&place) = bursts.places.get(&(*segment, *copy)) else { continue };
                    if !std::mem::replace(&mut seen[place].1, true) {
                        turns.end(*at, place, bursts, &mut taken);
                    }
                }
                Event::Changed(change) => turns.live(*at, change.life, change.host, &taken),
                Event::Judged(remark) | Event::Told(remark) | Event::Called(remark) | Event::Unheard(remark) => {
                    if let Some(life) = remark.life {
                        turns.live(*at, life, remark.host, &taken);
                    }
                }
                Event::Outage { .. } | Event::Measured => {}
            }
        }
        turns
    }

    fn begin(&mut self, at: Instant, (segment, place): (usize, usize), bursts: &Bursts<'_>, taken: &mut Taken) {
        let burst = &bursts.all[place];
        let from = burst.segment.from;
        let side = (from, self.is_right(from, burst.segment.to));
        let floor = taken.came.get(&from).copied().unwrap_or(0);
        let turn = match taken.begun.get(&side) {
            // Copies part on their way.
            Some(&(turn, of)) if of == segment => turn,
            Some(&(turn, _)) => floor.max(turn + 1),
            None => floor,
        };
        taken.begun.insert(side, (turn, segment));
        taken.last.insert(from, turn);
        self.arrows[place].0 = turn;
        if matches!(burst.ends, Ends::Lost | Ends::Nowhere | Ends::UnderWay) {
            self.arrows[place].1 = turn;
        }
        self.reach(at, turn);
    }

    fn end(&mut self, at: Instant, place: usize, bursts: &Bursts<'_>, taken: &mut Taken) {
        let (from, to) = (bursts.all[place].segment.from, bursts.all[place].segment.to);
        let side = (to, self.is_right(to, from));
        let turn = taken.ended.get(&side).map_or(0, |turn| turn + 1);
        taken.ended.insert(side, turn);
        taken.came.insert(to, turn);
        taken.last.insert(to, turn);
        self.arrows[place].1 = turn;
        self.reach(at, turn);
    }

    fn live(&mut self, at: Instant, life: usize, host: HostId, taken: &Taken) {
        let turn = taken.last.get(&Some(host)).copied().unwrap_or(0);
        if turn > 0 {
            self.lives.insert((life, at), turn);
        }
    }

    /// Whether a host is to the right of another.
    fn is_right(&self, of: Option<HostId>, other: Option<HostId>) -> bool {
        let place = |host: Option<HostId>| self.hosts.iter().position(|of| *of == host);
        place(other) > place(of)
    }

    fn reach(&mut self, at: Instant, turn: u32) {
        if turn > 0 {
            let last = self.last.entry(at).or_default();
            *last = turn.max(*last);
        }
    }

    /// The room that an instant needs.
    pub(super) fn room(&self, at: Instant) -> f64 {
        height(self.last.get(&at).copied().unwrap_or(0))
    }

    /// How far below their instants an arrow begins and ends.
    pub(super) fn arrow(&self, burst: usize) -> (f64, f64) {
        let (begins, ends) = self.arrows[burst];
        (height(begins), height(ends))
    }

    /// How far below its instant something stands that happens to a connection.
    pub(super) fn life(&self, life: usize, at: Instant) -> f64 {
        height(self.lives.get(&(life, at)).copied().unwrap_or(0))
    }
}

fn height(turn: u32) -> f64 {
    f64::from(turn) * TURN
}
