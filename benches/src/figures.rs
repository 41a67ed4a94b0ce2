//! What one program says of one workload it has done, as a line that another program can read.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::usage;

/// `count=10000 cpu-ns=31415926 peak-bytes=27182818`, in any order and with whatever else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Figures {
    /// Connections, or events.
    pub count: u64,
    /// Processor time of the run itself, without what comes before.
    pub cpu: Duration,
    /// The most memory the program had, in bytes, where the system tells.
    pub peak: Option<u64>,
}

impl Figures {
    /// Does the work and measures it.
    pub fn of(count: u64, work: impl FnOnce()) -> Self {
        let begun = usage::cpu_time();
        work();
        Self { count, cpu: usage::cpu_time() - begun, peak: usage::peak_memory() }
    }

    /// Nanoseconds for one of them.
    #[must_use]
    pub fn nanos_each(&self) -> f64 {
        self.cpu.as_nanos() as f64 / self.count as f64
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "count={} cpu-ns={}", self.count, self.cpu.as_nanos())?;
        self.peak.map_or(Ok(()), |peak| write!(f, " peak-bytes={peak}"))
    }
}

/// A line without `count` and `cpu-ns`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoFigures;

impl FromStr for Figures {
    type Err = NoFigures;

    fn from_str(line: &str) -> Result<Self, NoFigures> {
        let number = |key: &str| {
            let mut pairs = line.split_whitespace().filter_map(|pair| pair.split_once('='));
            pairs.find(|(name, _)| *name == key)?.1.parse().ok()
        };
        let cpu = Duration::from_nanos(number("cpu-ns").ok_or(NoFigures)?);
        let count = number("count").filter(|count| *count > 0).ok_or(NoFigures)?;
        Ok(Self { count, cpu, peak: number("peak-bytes") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_as_it_was_written() {
        let figures = Figures { count: 1_000, cpu: Duration::from_nanos(1_234_567), peak: Some(4_096) };
        assert_eq!(figures.to_string().parse(), Ok(figures));
        assert_eq!(format!("errors=2 {figures} closed=9").parse(), Ok(figures));
        let figures = Figures { peak: None, ..figures };
        assert_eq!(figures.to_string().parse(), Ok(figures));
    }

    #[test]
    fn a_line_without_figures_is_none() {
        for line in ["", "count=3", "cpu-ns=3", "count=0 cpu-ns=3", "count=many cpu-ns=3"] {
            assert_eq!(line.parse::<Figures>(), Err(NoFigures), "{line}");
        }
    }

    #[test]
    fn work_is_measured_for_each() {
        let figures = Figures { count: 4, cpu: Duration::from_nanos(10), peak: None };
        assert!((figures.nanos_each() - 2.5).abs() < 1e-9);
    }
}
