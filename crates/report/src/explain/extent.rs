//! When many things began.

use sim_time::Instant;

use crate::amount::{milliseconds, rounded, whole};

/// Fewer of something have neither a rate nor a spread worth telling.
pub(super) const FEW: u64 = 10;

/// When many things began, and how many of them before measuring did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Extent {
    before: u64,
    count: u64,
    first: Instant,
    last: Instant,
}

impl Extent {
    /// One more began, in a run that is measured from `from` on.
    pub(super) fn add(&mut self, at: Instant, from: Instant) {
        if at < from {
            self.before += 1;
            return;
        }
        self.first = if self.count == 0 { at } else { self.first.min(at) };
        self.last = self.last.max(at);
        self.count += 1;
    }

    /// `3 of them began before measuring. The first of the others began at 1.000 s, the last at 9.000 s, 12 a second.`
    pub(super) fn in_words(&self, began: &str) -> String {
        let Self { before, count, first, last } = *self;
        let rate = rate(count, first, last);
        let [from, to] = [first, last].map(milliseconds);
        let (all, of) = if before > 0 { ("The others", " of the others") } else { ("All", "") };
        let since = match count {
            0 => return format!("All {began} before measuring."),
            1 if before > 0 => format!("The other {began} at {from} s."),
            _ if first == last => format!("{all} {began} at {from} s."),
            _ => format!("The first{of} {began} at {from} s, the last at {to} s{rate}."),
        };
        match before {
            0 => since,
            _ => format!("{} of them {began} before measuring. {since}", whole(before)),
        }
    }
}

/// How often something happened, with a comma before; nothing of few.
pub(super) fn rate(count: u64, first: Instant, last: Instant) -> String {
    let time = last.since(first).as_secs_f64();
    if count < FEW || time == 0.0 { String::new() } else { format!(", {} a second", rounded(count as f64 / time)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_began_before_is_counted_apart() {
        let second = |second: u64| Instant::from_nanos(second * 1_000_000_000);
        let words = |times: &[u64]| {
            let mut extent = Extent::default();
            times.iter().for_each(|time| extent.add(second(*time), second(10)));
            extent.in_words("began")
        };
        assert_eq!(words(&[12, 12]), "All began at 12.000 s.");
        assert_eq!(
            words(&[3, 15, 11]),
            "1 of them began before measuring. The first of the others began at 11.000 s, the last at 15.000 s."
        );
        assert_eq!(words(&[3, 12]), "1 of them began before measuring. The other began at 12.000 s.");
        assert_eq!(words(&[3, 4]), "All began before measuring.");
        let many: Vec<u64> = (10..31).collect();
        assert_eq!(words(&many), "The first began at 10.000 s, the last at 30.000 s, 1.05 a second.");
    }
}
