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
/// Places for a label that finds no room.
const EVERYWHERE: [f64; 17] =
    [0.5, 0.45, 0.55, 0.4, 0.6, 0.35, 0.65, 0.3, 0.7, 0.25, 0.75, 0.2, 0.8, 0.15, 0.85, 0.1, 0.9];
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

    /// A place at the arrow of that number for the first of labels of these widths that finds room, and which one it is. If none does,
    /// the last stands where it covers least.
    pub(super) fn place(&mut self, arrows: &[Arrow], arrow: usize, widths: &[f64]) -> (Place, usize) {
        let places = if arrows[arrow].is_steep() { &STEEP_PLACES[..] } else { &PLACES };
        let above = widths.iter().enumerate().find_map(|(form, &width)| {
            let all = arrows[arrow].candidates(width, places, Side::Above);
            let free = all.into_iter().filter(|(_, points)| self.covered(points) == 0);
            let crossing = |(_, points): &(Place, Vec<Point>)| crossing(points, arrows, arrow);
            let (place, points) = free.min_by_key(crossing)?;
            Some((place, points, form))
        });
        let (place, points, form) = above.unwrap_or_else(|| {
            let form = widths.len() - 1;
            let all = [Side::Above, Side::Below].map(|side| arrows[arrow].candidates(widths[form], &EVERYWHERE, side));
            let all = all.into_iter().flatten();
            let cost = |(_, points): &(Place, Vec<Point>)| (self.covered(points), crossing(points, arrows, arrow));
            let (place, points) =
                all.min_by_key(cost).unwrap_or_else(|| arrows[arrow].at(widths[form], 0.5, Side::Above));
            (place, points, form)
        });
        self.taken.push(points);
        (place, form)
    }

    /// How much a label would cover, at least of what must not be covered.
    fn covered(&self, points: &[Point]) -> usize {
        let (one, other) = (points[0].0, points[points.len() - 1].0);
        let (left, right) = (one.min(other), one.max(other));
        let across = self.lifelines.iter().filter(|(from, to)| left < *to && *from < right).count();
        across * 2 + self.taken.iter().filter(|taken| collide(taken, points)).count()
    }
}

/// How many other arrows a label would cross.
fn crossing(points: &[Point], arrows: &[Arrow], arrow: usize) -> usize {
    let ends = (points[0], points[points.len() - 1]);
    let others = arrows.iter().enumerate().filter(|(place, _)| *place != arrow);
    others.filter(|(_, other)| cross(ends, (other.from, other.to))).count()
}

/// On which side of its arrow a label stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Side {
    Above,
    Below,
}

impl Arrow {
    /// The places that a label of that width may have at these parts of the arrow.
    fn candidates(self, width: f64, parts: &[f64], side: Side) -> Vec<(Place, Vec<Point>)> {
        let (across, down) = (self.to.0 - self.from.0, self.to.1 - self.from.1);
        let length = (across * across + down * down).sqrt();
        let (least, most) = (self.from.0.min(self.to.0), self.from.0.max(self.to.0));
        let fits = |part: f64, place: &Place| {
            if self.is_steep() {
                place.at.0 - width / 2.0 >= least && place.at.0 + width / 2.0 <= most
            } else {
                width / 2.0 <= part * length + 4.0 && width / 2.0 <= (1.0 - part) * length + 4.0
            }
        };
        let all = parts.iter().flat_map(|&part| {
            // A level label stands beside its arrow: where that comes from, or else where it goes to.
            let ways = if self.is_steep() { vec![Side::Above, Side::Below] } else { vec![side] };
            ways.into_iter().map(move |side| (part, self.at(width, part, side)))
        });
        all.filter(|(part, (place, _))| fits(*part, place)).map(|(_, found)| found).collect()
    }

    /// A label there: a sloped one on its line, a level one beside it.
    fn at(self, width: f64, part: f64, side: Side) -> (Place, Vec<Point>) {
        let (across, down) = (self.to.0 - self.from.0, self.to.1 - self.from.1);
        let length = (across * across + down * down).sqrt();
        let on_line = (self.from.0 + across * part, self.from.1 + down * part);
        let (at, direction) = if self.is_steep() || length == 0.0 {
            let off = (width / 2.0 + 7.0) * across.signum();
            let off = if side == Side::Above { -off } else { off };
            ((on_line.0 + off, on_line.1 + 4.0), (1.0, 0.0))
        } else {
            let direction = (across / length * across.signum(), down / length * across.signum());
            let off = if side == Side::Above { 4.0 } else { -11.0 };
            ((on_line.0 + direction.1 * off, on_line.1 - direction.0 * off), direction)
        };
        (Place { at, direction }, along(at, direction, width))
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
        let (one, _) = labels.place(&arrows, 0, &[80.0]);
        let (other, _) = labels.place(&arrows, 1, &[80.0]);
        assert!((one.at.0 - other.at.0).abs() > 60.0, "{one:?} {other:?}");
    }

    #[test]
    fn a_label_without_room_is_short_and_stands_all_the_same() {
        let arrows = [Arrow { from: (0.0, 0.0), to: (300.0, 4.0) }; 12];
        let mut labels = Labels::default();
        let forms: Vec<usize> = (0..12).map(|arrow| labels.place(&arrows, arrow, &[80.0, 40.0]).1).collect();
        assert_eq!((forms[0], forms[11]), (0, 1), "{forms:?}");
        assert_eq!(labels.taken.len(), 12);
        assert_eq!(labels.place(&arrows[..1], 0, &[400.0, 200.0]).1, 1);
    }

    #[test]
    fn lines_of_text_move_down_for_those_above() {
        let wanted = [(0.0, 12.0), (3.0, 12.0), (100.0, 24.0), (101.0, 12.0), (102.0, 12.0)];
        let heights = stacked(&wanted, 1.0, 30.0);
        assert_eq!(heights, [Some(0.0), Some(13.0), Some(100.0), Some(125.0), None]);
    }
}
