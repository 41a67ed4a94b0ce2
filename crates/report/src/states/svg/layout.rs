//! Where everything stands: as in figure 5 of RFC 9293, so that whoever knows the figure knows the picture.

use tcp_endpoint::State;
use transitions::Place;

use crate::diagram::svg::look::number;

/// Half the width and half the height of a box.
pub(super) const HALF: (f64, f64) = (100.0, 33.0);
/// From one row of boxes to the next.
const ROW: f64 = 124.0;
/// The middles of the columns.
const LEFT: f64 = 132.0;
const CENTRE: f64 = 515.0;
const RIGHT: f64 = 898.0;
/// The width of a picture.
pub(super) const WIDE: f64 = 1030.0;
/// How far the lines at a side of a box are apart: a line of text fits between them.
const APART: f64 = 22.0;
/// How round the corners of lines are.
const ROUND: f64 = 30.0;

/// A box: a place, and which of the two for CLOSED, which the figure has at its top and at its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Spot {
    pub(super) place: Place,
    pub(super) last: bool,
}

/// How a label stands to its line.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Label {
    /// The event above the line, the action below it, in the middle of here.
    Across { x: f64, y: f64 },
    /// The event above the action, which begin here.
    After { x: f64, y: f64 },
    /// The same, which end here.
    Before { x: f64, y: f64 },
}

/// A line from box to box.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Route {
    /// As a path.
    pub(super) path: String,
    pub(super) label: Label,
}

/// Which way a line leaves its first box, if it has a corner.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Turn {
    /// Across, then up or down.
    AcrossFirst,
    /// Up or down, then across.
    DownFirst,
}

/// The boxes of the picture, whose first row is in the middle of `top`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    top: f64,
}

impl Layout {
    pub(super) const fn new(top: f64) -> Self {
        Self { top }
    }

    /// The middle of a row.
    fn row(self, row: u8) -> f64 {
        self.top + f64::from(row) * ROW
    }

    /// Where the boxes end.
    pub(super) fn bottom(self, holds_down: bool) -> f64 {
        self.row(if holds_down { 7 } else { 6 }) + HALF.1
    }

    /// The middle of a box.
    pub(super) fn middle(self, spot: Spot) -> (f64, f64) {
        let Place::State(state) = spot.place else { return (RIGHT, self.row(7)) };
        let (x, row) = match state {
            State::Closed if spot.last => (RIGHT, 6),
            State::Closed => (CENTRE, 0),
            State::Listen => (CENTRE, 1),
            State::SynReceived => (LEFT, 2),
            State::SynSent => (RIGHT, 2),
            State::Established => (CENTRE, 3),
            State::FinWait1 => (LEFT, 4),
            State::CloseWait => (RIGHT, 4),
            State::FinWait2 => (LEFT, 5),
            State::Closing => (CENTRE, 5),
            State::LastAck => (RIGHT, 5),
            State::TimeWait => (CENTRE, 6),
        };
        (x, self.row(row))
    }

    /// The line between two places. All that the figure has, and what variants are known to add, have one of their own; anything else
    /// goes straight.
    pub(super) fn route(self, from: Place, to: Place) -> Route {
        use State::{
            CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynReceived, SynSent,
            TimeWait,
        };
        let (Place::State(one), Place::State(other)) = (from, to) else { return self.held_down(from) };
        let [zeroth, first, second, third, fourth, fifth, sixth] = [0, 1, 2, 3, 4, 5, 6].map(|row| self.row(row));
        let (half, up) = HALF;
        let beside = 8.0;
        let middle = |one: f64, other: f64| f64::midpoint(one, other) - 4.0;
        let down = |x: f64, from: f64, to: f64| {
            let sign = if to > from { 1.0 } else { -1.0 };
            straight((x, from + sign * up), (x, to - sign * up))
        };
        let corner = |from, to, turn, label| Route { path: bent(from, to, turn), label };
        match (one, other) {
            (Closed, Listen) => {
                let label = Label::Before { x: CENTRE - 40.0 - beside, y: middle(zeroth, first) };
                Route { path: down(CENTRE - 40.0, zeroth, first), label }
            }
            (Listen, Closed) => {
                let label = Label::After { x: CENTRE + 40.0 + beside, y: middle(zeroth, first) };
                Route { path: down(CENTRE + 40.0, first, zeroth), label }
            }
            (Closed, SynSent) => {
                let y = zeroth - 14.0;
                let label = Label::Across { x: middle(CENTRE + half, RIGHT + 50.0) + 4.0, y };
                corner((CENTRE + half, y), (RIGHT + 50.0, second - up), Turn::AcrossFirst, label)
            }
            (SynSent, Closed) => {
                let label = Label::Before { x: RIGHT - 50.0 - beside, y: middle(zeroth, first) };
                corner((RIGHT - 50.0, second - up), (CENTRE + half, zeroth + 18.0), Turn::DownFirst, label)
            }
            (Listen, SynReceived) => {
                let y = second - APART;
                let label = Label::Across { x: middle(LEFT + half, CENTRE - 70.0 - ROUND), y };
                corner((CENTRE - 70.0, first + up), (LEFT + half, y), Turn::DownFirst, label)
            }
            (Listen, SynSent) => {
                let y = second - APART;
                let label = Label::Across { x: middle(CENTRE + 70.0 + ROUND, RIGHT - half), y };
                corner((CENTRE + 70.0, first + up), (RIGHT - half, y), Turn::DownFirst, label)
            }
            (SynReceived, Listen) => {
                let label = Label::Across { x: middle(LEFT + ROUND, CENTRE - half), y: first };
                corner((LEFT, second - up), (CENTRE - half, first), Turn::DownFirst, label)
            }
            (SynSent, SynReceived) => {
                let path = straight((RIGHT - half, second), (LEFT + half, second));
                Route { path, label: Label::Across { x: CENTRE - 22.0, y: second } }
            }
            (SynReceived, Established) => {
                let y = second + APART;
                let label = Label::Across { x: middle(LEFT + half, CENTRE - 70.0 - ROUND), y };
                corner((LEFT + half, y), (CENTRE - 70.0, third - up), Turn::AcrossFirst, label)
            }
            (SynSent, Established) => {
                let y = second + APART;
                let label = Label::Across { x: middle(CENTRE + 70.0 + ROUND, RIGHT - half), y };
                corner((RIGHT - half, y), (CENTRE + 70.0, third - up), Turn::AcrossFirst, label)
            }
            (Listen, Established) => {
                let label = Label::Before { x: CENTRE + 30.0 - beside, y: first + up + 28.0 };
                Route { path: down(CENTRE + 30.0, first, third), label }
            }
            (Listen, Listen) => {
                let (x, above, below) = (CENTRE + half, first - 14.0, first + 14.0);
                let [x, far, above, below] = [x, x + 46.0, above, below].map(number);
                let path = format!("M{x} {above}C{far} {above} {far} {below} {x} {below}");
                Route { path, label: Label::After { x: CENTRE + half + 40.0, y: first } }
            }
            (SynReceived, FinWait1) => {
                let label = Label::After { x: LEFT + beside, y: third - 4.0 };
                Route { path: down(LEFT, second, fourth), label }
            }
            (Established, FinWait1) => {
                let y = fourth - APART;
                let label = Label::Across { x: middle(LEFT + half, CENTRE - 70.0 - ROUND), y };
                corner((CENTRE - 70.0, third + up), (LEFT + half, y), Turn::DownFirst, label)
            }
            (Established, CloseWait) => {
                let label = Label::Across { x: middle(CENTRE + 70.0 + ROUND, RIGHT - half), y: fourth };
                corner((CENTRE + 70.0, third + up), (RIGHT - half, fourth), Turn::DownFirst, label)
            }
            (FinWait1, Closing) => {
                let y = fourth + APART;
                let label = Label::Across { x: middle(LEFT + half, CENTRE - ROUND), y };
                corner((LEFT + half, y), (CENTRE, fifth - up), Turn::AcrossFirst, label)
            }
            (FinWait1, FinWait2) => {
                let label = Label::After { x: LEFT + beside, y: middle(fourth, fifth) };
                Route { path: down(LEFT, fourth, fifth), label }
            }
            (Closing, TimeWait) => {
                let label = Label::Before { x: CENTRE - beside, y: middle(fifth, sixth) };
                Route { path: down(CENTRE, fifth, sixth), label }
            }
            (FinWait2, TimeWait) => {
                let label = Label::Across { x: middle(LEFT + ROUND, CENTRE - half), y: sixth };
                corner((LEFT, fifth + up), (CENTRE - half, sixth), Turn::DownFirst, label)
            }
            (CloseWait, LastAck) => {
                let label = Label::Before { x: RIGHT - beside, y: middle(fourth, fifth) };
                Route { path: down(RIGHT, fourth, fifth), label }
            }
            (LastAck, Closed) => {
                let label = Label::Before { x: RIGHT - beside, y: middle(fifth, sixth) };
                Route { path: down(RIGHT, fifth, sixth), label }
            }
            (LastAck, TimeWait) => {
                // Between CLOSING and LAST-ACK, and in beside what leaves for CLOSED.
                let (x, end) = (CENTRE + half + 60.0, (CENTRE + half, sixth - APART));
                let corner = (x, f64::midpoint(fifth, sixth));
                let half_way = bent((RIGHT - half, fifth), corner, Turn::AcrossFirst);
                let path = format!("{half_way}{}", bent(corner, end, Turn::DownFirst).replacen('M', "L", 1));
                Route { path, label: Label::Across { x: middle(x + ROUND, RIGHT - half), y: fifth } }
            }
            (TimeWait, Closed) => {
                let path = straight((CENTRE + half, sixth), (RIGHT - half, sixth));
                Route { path, label: Label::Across { x: middle(CENTRE + half, RIGHT - half), y: sixth } }
            }
            _ => self.direct(from, to),
        }
    }

    /// Between the last CLOSED and what is held down.
    fn held_down(self, from: Place) -> Route {
        let (above, below) = (self.row(6) + HALF.1, self.row(7) - HALF.1);
        let y = f64::midpoint(above, below) - 4.0;
        if from == Place::HeldDown {
            let path = straight((RIGHT - 10.0, below), (RIGHT - 10.0, above));
            return Route { path, label: Label::After { x: RIGHT - 2.0, y: y + 4.0 } };
        }
        let path = straight((RIGHT - 70.0, above), (RIGHT - 70.0, below));
        Route { path, label: Label::Before { x: RIGHT - 78.0, y: y + 4.0 } }
    }

    /// What nobody has thought of.
    fn direct(self, from: Place, to: Place) -> Route {
        let ends = [from, to].map(|place| self.middle(Spot { place, last: false }));
        let (x, y) = (f64::midpoint(ends[0].0, ends[1].0), f64::midpoint(ends[0].1, ends[1].1));
        Route { path: straight(ends[0], ends[1]), label: Label::After { x, y } }
    }
}

fn straight(from: (f64, f64), to: (f64, f64)) -> String {
    format!("M{} {}L{} {}", number(from.0), number(from.1), number(to.0), number(to.1))
}

/// A line with one round corner.
fn bent(from: (f64, f64), to: (f64, f64), turn: Turn) -> String {
    let toward = |from: f64, to: f64| if to > from { ROUND } else { -ROUND };
    let (across, along) = (toward(from.0, to.0), toward(from.1, to.1));
    let (corner, before, after) = match turn {
        Turn::AcrossFirst => ((to.0, from.1), (to.0 - across, from.1), (to.0, from.1 + along)),
        Turn::DownFirst => ((from.0, to.1), (from.0, to.1 - along), (from.0 + across, to.1)),
    };
    let points = [before, corner, after, to].map(|(x, y)| format!("{} {}", number(x), number(y)));
    let [before, corner, after, to] = points;
    format!("M{} {}L{before}Q{corner} {after}L{to}", number(from.0), number(from.1))
}
