//! How the runs of a group spread: quantiles, and a picture of them that fits a cell.

/// Quantiles of the runs of one variant at one point.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Spread {
    pub(super) least: f64,
    /// 5 % are at most this.
    low: f64,
    /// A quarter.
    first: f64,
    median: f64,
    third: f64,
    /// 95 %.
    high: f64,
    pub(super) most: f64,
}

impl Spread {
    /// Of these values; nothing of none.
    pub(super) fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_unstable_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        // The nearest rank, as it is meant everywhere here.
        let rank = |percent: usize| values[(values.len() * percent).div_ceil(100).clamp(1, last + 1) - 1];
        let [low, first, median, third, high] = [5, 25, 50, 75, 95].map(rank);
        Some(Self { least: values[0], low, first, median, third, high, most: values[last] })
    }

    fn is_point(&self) -> bool {
        self.least == self.most
    }
}

/// The scale that all spreads of a measure share.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Scale {
    least: f64,
    most: f64,
    pub(super) logarithmic: bool,
}

/// The size of a picture, and the room at each side.
const WIDE: f64 = 140.0;
const SIDE: f64 = 4.0;

impl Scale {
    /// That of these values: of ratios, if all are above zero and the largest is thirty times the least.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let extent = values.fold(None, |extent: Option<(f64, f64)>, value| {
            Some(extent.map_or((value, value), |(least, most)| (least.min(value), most.max(value))))
        });
        let (least, most) = extent?;
        let logarithmic = least > 0.0 && most / least > 30.0;
        let least = if logarithmic { least } else { least.min(0.0) };
        Some(Self { least, most, logarithmic })
    }

    /// Where a value is between the least and the most, as a part of 1.
    pub(super) fn part(&self, value: f64) -> f64 {
        let of = |value: f64| if self.logarithmic { libm::log10(value.max(f64::MIN_POSITIVE)) } else { value };
        let (least, most) = (of(self.least), of(self.most));
        if most > least { ((of(value) - least) / (most - least)).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// A line from 5 % to 95 % of the runs, a box around the middle half, a mark at the median. `show` writes a value.
    pub(super) fn strip(&self, spread: &Spread, show: impl Fn(f64) -> String) -> String {
        if spread.is_point() {
            return String::new();
        }
        let at = |value: f64| format!("{:.1}", SIDE + (WIDE - 2.0 * SIDE) * self.part(value));
        let Spread { low, first, median, third, high, .. } = *spread;
        let breadth = (WIDE - 2.0 * SIDE) * (self.part(third) - self.part(first));
        let parts = [(5, low), (25, first), (50, median), (75, third), (95, high)];
        let words = parts.map(|(percent, value)| format!("{percent} %: {}", show(value))).join(", ");
        format!(
            "<svg class=\"strip\" viewBox=\"0 0 140 14\" role=\"img\"><title>{words}</title><path d=\"M{} 7H{}\"/>\
             <rect x=\"{}\" y=\"2.5\" width=\"{:.1}\" height=\"9\"/><path class=\"m\" d=\"M{} 1V13\"/></svg>",
            at(low),
            at(high),
            at(first),
            breadth.max(1.0),
            at(median)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_of_the_nearest_rank() {
        let spread = Spread::of((1..=100).rev().map(f64::from).collect()).unwrap();
        let Spread { least, low, first, median, third, high, most } = spread;
        assert_eq!([least, low, first, median, third, high, most], [1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 100.0]);
        assert_eq!(Spread::of(vec![]), None);
        assert!(Spread::of(vec![3.0]).unwrap().is_point());
    }

    #[test]
    fn a_wide_range_above_zero_is_one_of_ratios() {
        let narrow = Scale::of([1.0, 20.0].into_iter()).unwrap();
        assert_eq!((narrow.part(0.0), narrow.part(10.0), narrow.part(20.0)), (0.0, 0.5, 1.0));
        let wide = Scale::of([1.0, 10_000.0].into_iter()).unwrap();
        assert_eq!((wide.part(1.0), wide.part(100.0), wide.part(10_000.0)), (0.0, 0.5, 1.0));
        assert_eq!(Scale::of([0.0, 0.0].into_iter()).unwrap().part(0.0), 0.5);
    }
}
