//! What stands in a row of a ladder.

use crate::paint::Tone;

/// So many columns stand between two pieces of a row.
pub(super) const APART: usize = 2;

/// What is told of a row at its right, or behind its words.
pub(super) type Note = (Tone, String);

/// What stands beside a lifeline, or goes from one to another. Lifelines are numbered from the left.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Piece {
    /// A segment leaves.
    Sent { from: usize, to: usize, label: String, course: Course },
    /// A copy of a segment arrives that has left in another row.
    Arrived { from: usize, to: usize, label: String },
    /// A segment that has crossed others arrives. `slot` is its place among those that are on their way.
    Lands { from: usize, to: usize, slot: usize, segment: usize },
    /// Words beside a lifeline.
    Words { beside: usize, tone: Tone, text: String },
}

/// How far the arrow of a segment gets in its own row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Course {
    /// To the other lifeline.
    Through,
    /// There, where nobody listens.
    Unheard,
    /// Not there: its arrival has a row of its own, or comes after the end of the run.
    Late,
    /// Into the middle, where it crosses others. It has a place among those that are on their way.
    Crossing { slot: usize, segment: usize },
    /// Nowhere.
    Lost,
}

impl Piece {
    /// The lifeline of the host that does it.
    pub(super) fn lifeline(&self) -> usize {
        match *self {
            Self::Sent { from: at, .. } | Self::Arrived { to: at, .. } | Self::Lands { to: at, .. } => at,
            Self::Words { beside, .. } => beside,
        }
    }

    /// The columns it takes, from the first to the one after the last, where lifelines are `inner` columns apart.
    pub(super) fn columns(&self, inner: usize) -> (usize, usize) {
        let lifeline = |place: usize| place * (inner + 1);
        let middle = |from: usize, to: usize| lifeline(from.min(to)) + inner / 2;
        match self {
            Self::Words { beside: 0, text, .. } => (0, 2 + text.chars().count()),
            Self::Words { beside, text, .. } => {
                let lifeline = lifeline(*beside);
                (lifeline.saturating_sub(1 + text.chars().count()), lifeline + 1)
            }
            Self::Sent { from, to, label, course: Course::Crossing { .. } } => {
                let (near, most) = (lifeline(*from), label.chars().count() + 6);
                if from < to {
                    (near, middle(*from, *to).max(near + most))
                } else {
                    ((middle(*from, *to) + APART).min((near + 1).saturating_sub(most)), near + 1)
                }
            }
            Self::Lands { from, to, .. } if from < to => (middle(*from, *to) + APART, lifeline(*to) + 1),
            Self::Lands { from, to, .. } => (lifeline(*to), middle(*from, *to)),
            Self::Sent { from, to, .. } | Self::Arrived { from, to, .. } => {
                (lifeline(*from.min(to)), lifeline(*from.max(to)) + 1)
            }
        }
    }

    pub(super) fn says_what(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Lands { from, to, .. }, Self::Lands { from: of, to: at, .. }) => (from, to) == (of, at),
            (
                Self::Sent { from, to, label, course: Course::Crossing { .. } },
                Self::Sent { from: of, to: at, label: other, course: Course::Crossing { .. } },
            ) => (from, to, label) == (of, at, other),
            _ => self == other,
        }
    }

    pub(super) fn into_note(self) -> Option<Note> {
        match self {
            Self::Words { tone, text, .. } => Some((tone, text)),
            _ => None,
        }
    }
}
