//! Trying the values of a plan before anything runs.

use super::Plan;
use crate::input::diagnostic::Diagnostics;

/// Most points that are tried to find one at which a value can be.
const MOST_TRIES: u64 = 1_000;

impl Plan {
    /// Whether every value can be, at some point at least; of zipped axes every point must.
    pub(super) fn try_values(&self) -> Result<(), Diagnostics> {
        let mut errors = Diagnostics::default();
        if self.zip || self.axes.is_empty() {
            for point in 0..self.points {
                errors.keep(self.at(point));
            }
            return errors.or(());
        }
        let mut works: Vec<Vec<bool>> = self.sizes.iter().map(|&size| vec![false; size]).collect();
        for (axis, &size) in self.sizes.iter().enumerate() {
            for value in 0..size {
                let mut first = None;
                for point in self.points_with(axis, value) {
                    if works[axis][value] {
                        break;
                    }
                    match self.at(point) {
                        Ok(_) => {
                            for (place, axis) in self.places(point).into_iter().zip(&mut works) {
                                axis[place] = true;
                            }
                        }
                        Err(wrong) => first = first.or(Some(wrong)),
                    }
                }
                if let (false, Some(wrong)) = (works[axis][value], first) {
                    errors.extend(wrong);
                }
            }
        }
        errors.or(())
    }

    /// The points at which an axis has a value, in order; the first many of them.
    pub(super) fn points_with(&self, axis: usize, value: usize) -> impl Iterator<Item = u64> {
        // A zipped plan has each value once.
        let zipped = self.zip.then_some(value as u64);
        let others = if self.zip { 0 } else { self.points / self.sizes[axis] as u64 };
        let each = (0..others.min(MOST_TRIES)).map(move |mut rest| {
            let mut places = vec![0; self.sizes.len()];
            places[axis] = value;
            for other in (0..self.sizes.len()).rev().filter(|&other| other != axis) {
                let size = self.sizes[other] as u64;
                places[other] = usize::try_from(rest % size).expect("less than the axis has values");
                rest /= size;
            }
            self.point(&places)
        });
        zipped.into_iter().chain(each)
    }
}
