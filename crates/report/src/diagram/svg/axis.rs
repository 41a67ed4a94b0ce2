//! The axis of time that diagrams share, for other pictures beside them.

use sim_time::Instant;

use super::Diagram;
use super::look::seconds;
use super::scale::Scale;

/// Where moments are: to scale, but for silence, which is cut out.
pub(crate) struct TimeAxis(Scale);

impl TimeAxis {
    /// The axis of diagrams that show all of their runs; none if one of them does not, or if they show nothing.
    pub(crate) fn of(diagrams: &[&Diagram]) -> Option<Self> {
        let is_whole = |diagram: &&Diagram| diagram.from == Instant::ZERO && diagram.cut.is_none();
        let scale = Scale::of(diagrams);
        (diagrams.iter().all(is_whole) && scale.end() > 0.0).then_some(Self(scale))
    }

    /// Where a moment is, from 0 to 1.
    pub(crate) fn place(&self, at: Instant) -> f64 {
        self.0.height(at) / self.0.end()
    }

    /// Where silences are that are cut out, from 0 to 1.
    pub(crate) fn silences(&self) -> impl Iterator<Item = (f64, f64)> {
        self.0.silences.iter().map(|(from, to, _)| (from / self.0.end(), to / self.0.end()))
    }

    /// Moments, no two of them closer than `apart`, and what they are called; the last one is the end.
    pub(crate) fn marks(&self, apart: f64) -> Vec<(f64, String)> {
        let all = self.0.moments().iter().map(|&(at, _)| (self.place(at), format!("{} s", seconds(at))));
        let mut marks: Vec<(f64, String)> = Vec::new();
        for (place, label) in all {
            let is_last = place >= 1.0;
            if is_last {
                marks.retain(|(before, _)| 1.0 - before >= apart);
            }
            if is_last || marks.last().is_none_or(|(before, _)| place - before >= apart) {
                marks.push((place, label));
            }
        }
        marks
    }
}
