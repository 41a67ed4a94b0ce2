//! Where the words beside arrows and lifelines go, so that none covers another.

/// A point.
pub(super) type Point = (f64, f64);

/// Points along a label, at which it is held against others.
const SAMPLES: u32 = 9;
/// Two labels are this far apart at least.
const APART: f64 = 11.5;
/// Places along an arrow that a label may have, the best first.
const PLACES: [f64; 15] = [0.5, 0.42, 0.58, 0.34, 0.66, 0.28, 0.72, 0.22, 0.78, 0.18, 0.82, 0.14, 0.86, 0.1, 0.9];
/// Places along a steep arrow: its head tells most.
const STEEP_PLACES: [f64; 9] = [0.84, 0.76, 0.68, 0.9, 0.6, 0.5, 0.4, 0.3, 0.2];
/// An arrow that is steeper has a level label.
const STEEP: f64 = 0.8;

/// An arrow between two points.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrow {
    pub(super) from: Point,
    pub(super) to: Point,
}

/// Where a label goes: the middle of its baseline, and the direction it is written in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) at: Point,
    pub(super) direction: Point,
}

/// The labels that have a place so far, as points along them.
#[derive(Debug, Default)]
pub(super) struct Labels {
    taken: Vec<Vec<Point>>,
    /// Lifelines, from their left edge to the right: no name stands across one.
    pub(super) lifelines: Vec<(f64, f64)>,
}

impl Arrow {
    /// Whether it is too steep for words along it.
    pub(super) fn is_steep(self) -> bool {
        (self.to.1 - self.from.1).abs() > STEEP * (self.to.0 - self.from.0).abs()
    }
}

impl Labels {
    /// Keeps level words of that width clear, whose baseline has its middle there.
    pub(super) fn take(&mut self, at: Point, width: f64) {
        self.taken.push(along(at, (1.0, 0.0), width));
    }

    /// A place for a label of that width at the arrow of that number; `None` if there is no room for it.
    pub(super) fn place(&mut self, arrows: &[Arrow], arrow: usize, width: f64) -> Option<Place> {
        let Arrow { from, to } = arrows[arrow];
        let (across, down) = (to.0 - from.0, to.1 - from.1);
        let length = (across * across + down * down).sqrt();
        let steep = arrows[arrow].is_steep();
        let level = steep || length == 0.0;
        let direction = match (level, across < 0.0) {
            (true, _) => (1.0, 0.0),
            (false, false) => (across / length, down / length),
            (false, true) => (-across / length, -down / length),
        };
        let places: &[f64] = if steep { &STEEP_PLACES } else { &PLACES };
        let mut best: Option<(usize, Place, Vec<Point>)> = None;
        for &part in places {
            let room = if level { across.abs() } else { length };
            if !level && (width / 2.0 > part * room + 4.0 || width / 2.0 > (1.0 - part) * room + 4.0) {
                continue;
            }
            let on_line = (from.0 + across * part, from.1 + down * part);
            // A sloped label stands on its line, a level one beside it, where the arrow comes from or else where it goes to.
            let at = if level {
                let off = width / 2.0 + 7.0;
                let behind = on_line.0 - off * across.signum();
                let ahead = on_line.0 + off * across.signum();
                let (least, most) = (from.0.min(to.0), from.0.max(to.0));
                let is_between = |x: &f64| x - width / 2.0 >= least && x + width / 2.0 <= most;
                let Some(x) = [behind, ahead].into_iter().find(is_between) else { continue };
                (x, on_line.1 + 4.0)
            } else {
                (on_line.0 + direction.1 * 4.0, on_line.1 - direction.0 * 4.0)
            };
            let points = along(at, direction, width);
            let (left, right) = (points[0].0, points[points.len() - 1].0);
            let (left, right) = (left.min(right), left.max(right));
            let is_across = self.lifelines.iter().any(|(from, to)| left < *to && *from < right);
            if is_across || self.taken.iter().any(|taken| collide(taken, &points)) {
                continue;
            }
            let ends = (points[0], points[points.len() - 1]);
            let crossed = arrows.iter().enumerate();
            let crossed =
                crossed.filter(|(place, other)| *place != arrow && cross(ends, (other.from, other.to))).count();
            if best.as_ref().is_none_or(|(least, ..)| crossed < *least) {
                best = Some((crossed, Place { at, direction }, points));
            }
        }
        let (_, place, points) = best?;
        self.taken.push(points);
        Some(place)
    }
}

/// Points along a label, a little above its baseline.
fn along(at: Point, direction: Point, width: f64) -> Vec<Point> {
    let middle = (at.0 + direction.1 * 4.0, at.1 - direction.0 * 4.0);
    let step = width / f64::from(SAMPLES - 1);
    let points = (0..SAMPLES).map(|sample| {
        let off = step * f64::from(sample) - width / 2.0;
        (middle.0 + direction.0 * off, middle.1 + direction.1 * off)
    });
    points.collect()
}

/// Whether two labels come too close.
fn collide(one: &[Point], other: &[Point]) -> bool {
    let close = |a: &Point, b: &Point| {
        // Words are wider than they are high: what stands side by side needs less room.
        let (across, down) = (a.0 - b.0, a.1 - b.1);
        across * across + down * down < APART * APART
    };
    one.iter().any(|a| other.iter().any(|b| close(a, b)))
}

/// Whether two lines cross.
fn cross(one: (Point, Point), other: (Point, Point)) -> bool {
    let side = |line: (Point, Point), point: Point| {
        let ((ax, ay), (bx, by)) = line;
        (bx - ax) * (point.1 - ay) - (by - ay) * (point.0 - ax)
    };
    side(one, other.0) * side(one, other.1) < 0.0 && side(other, one.0) * side(other, one.1) < 0.0
}

/// The heights of lines of text one below the other, each as near as can be to where it belongs, and no nearer than `apart` to
/// the one above; `None` for one that would end further than `most` below its place.
pub(super) fn stacked(wanted: &[(f64, f64)], gap: f64, most: f64) -> Vec<Option<f64>> {
    let mut free = f64::NEG_INFINITY;
    let heights = wanted.iter().map(|&(at, height)| {
        let top = at.max(free);
        if top - at > most {
            return None;
        }
        free = top + height + gap;
        Some(top)
    });
    heights.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_crossing_arrows_do_not_cover_each_other() {
        let arrows = [Arrow { from: (0.0, 0.0), to: (300.0, 40.0) }, Arrow { from: (300.0, 0.0), to: (0.0, 40.0) }];
        let mut labels = Labels::default();
        let one = labels.place(&arrows, 0, 80.0).unwrap();
        let other = labels.place(&arrows, 1, 80.0).unwrap();
        assert!((one.at.0 - other.at.0).abs() > 60.0, "{one:?} {other:?}");
    }

    #[test]
    fn a_label_without_room_has_no_place() {
        let arrows = [Arrow { from: (0.0, 0.0), to: (300.0, 4.0) }; 12];
        let mut labels = Labels::default();
        let placed = (0..12).filter(|&arrow| labels.place(&arrows, arrow, 80.0).is_some()).count();
        assert!((1..12).contains(&placed), "{placed}");
        assert!(labels.place(&arrows[..1], 0, 400.0).is_none());
    }

    #[test]
    fn lines_of_text_move_down_for_those_above() {
        let wanted = [(0.0, 12.0), (3.0, 12.0), (100.0, 24.0), (101.0, 12.0), (102.0, 12.0)];
        let heights = stacked(&wanted, 1.0, 30.0);
        assert_eq!(heights, [Some(0.0), Some(13.0), Some(100.0), Some(125.0), None]);
    }
}
