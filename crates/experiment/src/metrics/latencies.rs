//! How long many things took.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use hdrhistogram::Histogram;

/// So many different times are kept as they are.
const MOST_EXACT: usize = 4096;
/// Digits that are kept of more than these.
const DIGITS: u8 = 3;

/// How long many things took, in nanoseconds, in bounded room: exact as long as there are at most 4096 different times,
/// and to three digits beyond that, in an HDR histogram (whose crate asks the platform for no more than the whole logarithm of
/// its number of buckets). Count, sum and longest are always exact. It does not matter in which
/// order times come, or in which parts.
///
/// Its text has each time in seconds and how often it is there, as in `0.1:97 1.1:3`.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Latencies {
    exact: BTreeMap<u64, u64>,
    /// Holds everything, once there are too many different times.
    rough: Option<Box<Histogram<u64>>>,
    count: u64,
    sum: u128,
    longest: u64,
}

impl Latencies {
    /// Adds a time.
    pub fn add(&mut self, nanos: u64) {
        self.add_often(nanos, 1);
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|(nanos, times)| self.add_often(nanos, times));
    }

    fn add_often(&mut self, nanos: u64, times: u64) {
        self.count += times;
        self.sum += u128::from(nanos) * u128::from(times);
        self.longest = self.longest.max(nanos);
        if let Some(rough) = &mut self.rough {
            record(rough, nanos, times);
            return;
        }
        *self.exact.entry(nanos).or_default() += times;
        if self.exact.len() > MOST_EXACT {
            let mut rough = Histogram::new(DIGITS).expect("a histogram may have three digits");
            for (nanos, times) in std::mem::take(&mut self.exact) {
                record(&mut rough, nanos, times);
            }
            self.rough = Some(Box::new(rough));
        }
    }

    /// How many there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Their mean in nanoseconds; nothing of none.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / self.count as f64)
    }

    /// The different times in nanoseconds, the shortest first, and how often each is there.
    pub fn iter(&self) -> impl Iterator<Item = (u64, u64)> {
        let rough = self.rough.iter().flat_map(|rough| {
            rough.iter_recorded().map(|step| {
                let middle = rough.median_equivalent(step.value_iterated_to());
                (middle.min(self.longest), step.count_at_value())
            })
        });
        self.exact.iter().map(|(&nanos, &times)| (nanos, times)).chain(rough)
    }

    /// The time of a rank, from 1, in nanoseconds; the longest is exact.
    #[must_use]
    pub fn of_rank(&self, rank: u64) -> Option<u64> {
        if rank == self.count && rank > 0 {
            return Some(self.longest);
        }
        let mut before = 0;
        let mut found = self.iter().skip_while(|(_, times)| {
            before += times;
            before < rank
        });
        found.next().map(|(nanos, _)| nanos).filter(|_| rank > 0)
    }
}

fn record(histogram: &mut Histogram<u64>, nanos: u64, times: u64) {
    histogram.record_n(nanos, times).expect("the histogram grows as it must");
}

impl fmt::Display for Latencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (nanos, times)) in self.iter().enumerate() {
            let space = if place == 0 { "" } else { " " };
            let seconds = format!("{}.{:09}", nanos / 1_000_000_000, nanos % 1_000_000_000);
            write!(f, "{space}{}:{times}", seconds.trim_end_matches('0').trim_end_matches('.'))?;
        }
        Ok(())
    }
}

/// That a text is not one of [`Latencies`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoLatencies;

impl FromStr for Latencies {
    type Err = NoLatencies;

    fn from_str(text: &str) -> Result<Self, NoLatencies> {
        let mut latencies = Self::default();
        for part in text.split_ascii_whitespace() {
            let (seconds, times) = part.split_once(':').ok_or(NoLatencies)?;
            let (whole, decimals) = seconds.split_once('.').unwrap_or((seconds, ""));
            let nanos = format!("{whole}{decimals:0<9}");
            if whole.is_empty() || decimals.len() > 9 || !nanos.bytes().all(|digit| digit.is_ascii_digit()) {
                return Err(NoLatencies);
            }
            let (Ok(nanos), Ok(times)) = (nanos.parse(), times.parse()) else { return Err(NoLatencies) };
            latencies.add_often(nanos, times);
        }
        Ok(latencies)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(times: impl IntoIterator<Item = u64>) -> Latencies {
        let mut latencies = Latencies::default();
        times.into_iter().for_each(|nanos| latencies.add(nanos));
        latencies
    }

    /// Different times from 100 ms to 2 s.
    fn many() -> Vec<u64> {
        (1..=100_000_u64).map(|place| 100_000_000 + place * 19_000 + place % 7).collect()
    }

    #[test]
    fn few_different_times_are_exact_however_often_they_come() {
        let latencies = of((0..100_000).map(|place| if place % 100 == 0 { 1_100_000_000 } else { 100_000_000 }));
        assert_eq!(latencies.to_string(), "0.1:99000 1.1:1000");
        let of_rank = |rank| latencies.of_rank(rank);
        assert_eq!([of_rank(0), of_rank(1), of_rank(99_000)], [None, Some(100_000_000), Some(100_000_000)]);
        assert_eq!(
            [of_rank(99_001), of_rank(100_000), of_rank(100_001)],
            [Some(1_100_000_000), Some(1_100_000_000), None]
        );
        assert_eq!(latencies.mean(), Some(110_000_000.0));
    }

    #[test]
    fn many_different_times_keep_three_digits_in_bounded_room() {
        let times = many();
        let latencies = of(times.iter().copied());
        assert!(latencies.iter().count() < 10_000, "{}", latencies.iter().count());
        for rank in [1, 1_000, 50_000, 99_000, 99_900] {
            let (is, was) = (latencies.of_rank(rank).unwrap() as f64, times[rank as usize - 1] as f64);
            assert!((is / was - 1.0).abs() < 0.001, "{rank}: {is} {was}");
        }
        assert_eq!(latencies.of_rank(100_000), times.last().copied(), "the longest is exact");
        assert_eq!(latencies.mean(), Some(times.iter().sum::<u64>() as f64 / 100_000.0), "and so is the mean");
    }

    #[test]
    fn neither_order_nor_parts_matter() {
        let times = many();
        let whole = of(times.iter().copied());
        let pairs = |latencies: &Latencies| latencies.iter().collect::<Vec<_>>();
        assert_eq!(pairs(&of(times.iter().rev().copied())), pairs(&whole));
        let mut merged = of(times[..3_000].iter().copied());
        merged.merge(&of(times[3_000..].iter().copied()));
        // A part is rounded before it is merged; its longest is not, and may be in a bucket of the whole.
        let counts = |latencies: &Latencies| latencies.iter().map(|(_, times)| times).collect::<Vec<_>>();
        assert_eq!(counts(&merged), counts(&whole));
    }

    #[test]
    fn what_is_no_text_of_it_is_refused() {
        for text in ["0.1", "x:1", "0.1:x", "0.1234567891:1", "-1:1", ":1"] {
            assert_eq!(text.parse::<Latencies>(), Err(NoLatencies), "{text}");
        }
        assert_eq!("".parse(), Ok(Latencies::default()));
    }

    proptest! {
        #[test]
        fn the_text_says_it_all(times in prop::collection::vec(0..u64::MAX / 2, 0..50)) {
            let latencies = of(times);
            prop_assert_eq!(latencies.to_string().parse(), Ok(latencies));
        }
    }
}
