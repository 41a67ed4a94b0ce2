//! From time to height: to scale, but for silence, which is cut out, and for moments too close to be told apart.

use std::collections::BTreeSet;

use sim_time::{Duration, Instant};

use crate::diagram::{Diagram, Event};

/// The height of an ordinary journey.
const JOURNEY: f64 = 42.0;
/// Between two moments there is at most this much to scale; more is a silence.
const MOST: f64 = 2.4 * JOURNEY;
/// The height of a silence that is cut out.
const SILENCE: f64 = 46.0;
/// Between two moments there is at least this much.
const LEAST: f64 = 15.0;
/// The least of it, where there are very many moments.
const LEAST_OF_MANY: f64 = 7.0;
/// So many moments are very many.
const MANY: usize = 100;
/// How far a lost segment gets, as a part of an ordinary journey.
const LOST: (u64, u64) = (3, 5);

/// Where each moment is, downwards from 0.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    /// The moments, in order, each with its height.
    moments: Vec<(Instant, f64)>,
    /// How much room each of them has before time goes on.
    rooms: Vec<f64>,
    /// The silences that are cut out: where each begins and ends, and how long it is.
    pub(super) silences: Vec<(f64, f64, Duration)>,
    /// How long an ordinary segment is on its way.
    journey: Duration,
}

impl Scale {
    /// The scale of diagrams that stand side by side.
    pub(super) fn of(diagrams: &[&Diagram]) -> Self {
        Self::with_room(diagrams, |_| 0.0)
    }

    /// The same, but some moments take room, in which time stands still.
    pub(super) fn with_room(diagrams: &[&Diagram], room: impl Fn(Instant) -> f64) -> Self {
        let journey = ordinary_journey(diagrams);
        let mut scale = Self { moments: Vec::new(), rooms: Vec::new(), silences: Vec::new(), journey };
        let mut moments: BTreeSet<Instant> = diagrams.iter().map(|diagram| diagram.from).collect();
        for diagram in diagrams {
            let drawn = |at: &Instant| (diagram.from..=diagram.drawn_until()).contains(at);
            moments.extend(scale.moments_of(diagram).filter(drawn));
        }
        let moments: Vec<Instant> = moments.into_iter().collect();
        let least = if moments.len() > MANY { LEAST_OF_MANY } else { LEAST };
        let mut height = 0.0;
        for (place, &at) in moments.iter().enumerate() {
            scale.moments.push((at, height));
            scale.rooms.push(room(at));
            height += room(at);
            let Some(&next) = moments.get(place + 1) else { break };
            let length = next.since(at);
            let to_scale = nanos(length) * JOURNEY / nanos(journey);
            if to_scale > MOST {
                scale.silences.push((height, height + SILENCE, length));
                height += SILENCE;
            } else {
                height += to_scale.max(least);
            }
        }
        scale
    }

    /// The moments at which something is to be seen.
    fn moments_of<'a>(&'a self, diagram: &'a Diagram) -> impl Iterator<Item = Instant> + 'a {
        let events = diagram.events.iter().filter(|(_, event)| is_seen(event)).map(|(at, _)| *at);
        let lost = diagram.segments.iter().filter(|segment| segment.copies.is_empty());
        let lost = lost.map(|segment| self.lost_at(segment.at));
        let stretches = diagram.lives.iter().flat_map(|life| {
            let states = life.states.iter().flat_map(|state| [state.from, state.until]);
            states.chain(life.waste.iter().flat_map(|waste| [waste.from, waste.until]))
        });
        let cut = diagram.cut.into_iter();
        events.chain(lost).chain(stretches).chain(cut)
    }

    /// When a lost segment that was sent then is drawn to end.
    pub(super) fn lost_at(&self, sent: Instant) -> Instant {
        sent + Duration::from_nanos(self.journey.as_nanos() / LOST.1 * LOST.0)
    }

    /// The height of a time. What is after the last moment is at the end.
    pub(super) fn height(&self, at: Instant) -> f64 {
        let place = self.moments.partition_point(|(moment, _)| *moment < at);
        let Some(&(next, below)) = self.moments.get(place) else { return self.end() };
        if next == at || place == 0 {
            return below;
        }
        let (before, above) = self.moments[place - 1];
        let above = above + self.rooms[place - 1];
        above + (below - above) * nanos(at.since(before)) / nanos(next.since(before))
    }

    /// The height at which the last moment is over.
    pub(super) fn end(&self) -> f64 {
        self.moments.last().zip(self.rooms.last()).map_or(0.0, |((_, height), room)| height + room)
    }

    /// The moments with their heights.
    pub(super) fn moments(&self) -> &[(Instant, f64)] {
        &self.moments
    }
}

/// Whether an event has a place in a picture: a call is told by what comes of it.
const fn is_seen(event: &Event) -> bool {
    match event {
        Event::Sent(_) | Event::Arrived(..) | Event::Changed(_) | Event::Judged(_) | Event::Outage { .. } => true,
        Event::Called(remark) => remark.bad,
        Event::Unheard(_) | Event::Told(_) | Event::Measured => true,
    }
}

/// How long a segment is on its way: the median.
fn ordinary_journey(diagrams: &[&Diagram]) -> Duration {
    let segments = diagrams.iter().flat_map(|diagram| &diagram.segments);
    let mut journeys: Vec<Duration> = segments
        .filter_map(|segment| Some(segment.copies.first()?.at.since(segment.at)))
        .filter(|journey| !journey.is_zero())
        .collect();
    journeys.sort_unstable();
    journeys.get(journeys.len() / 2).copied().unwrap_or(Duration::from_millis(50))
}

#[allow(clippy::cast_precision_loss, reason = "a height is drawn to a tenth of a pixel")]
fn nanos(length: Duration) -> f64 {
    length.as_nanos() as f64
}
