//! Who is compared with whom, in what.

use crate::program::{Kind, Program, rust_version};

/// A workload that both do.
pub(crate) struct Contest<'a> {
    /// The peer, with its version.
    pub(crate) peer: String,
    pub(crate) workload: String,
    pub(crate) unit: Unit,
    /// Of the workload as the peer does it.
    pub(crate) differs: &'static str,
    theirs: (&'a Program, Vec<String>),
    ours: (&'a Program, Vec<String>),
}

/// What the time is given for one of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Unit {
    Connection,
    Event,
}

/// Medians of nanoseconds for one connection or event, and of how many times ours goes into theirs in a round.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Score {
    pub(crate) theirs: f64,
    pub(crate) ours: f64,
    pub(crate) ratio: f64,
}

impl Contest<'_> {
    /// Ours, theirs, ours, theirs, ….
    pub(crate) fn run(&self, rounds: u32) -> Result<Score, String> {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..rounds {
            ours.push(self.ours.0.run(&self.ours.1)?.nanos_each());
            theirs.push(self.theirs.0.run(&self.theirs.1)?.nanos_each());
        }
        let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| theirs / ours).collect();
        Ok(Score { ratio: median(ratios), theirs: median(theirs), ours: median(ours) })
    }
}

/// Of an even number, the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { f64::midpoint(values[middle - 1], values[middle]) }
}

/// All of them. `ours` is this project and its Rust peers in one program, `there` are the others that there are.
pub(crate) fn contests<'a>(ours: &'a Program, there: &'a [Program], quick: bool) -> Vec<Contest<'a>> {
    let other = |kind| there.iter().find(|program| program.kind == kind);
    let mut contests = Vec::new();
    for connections in if quick { &[1_000][..] } else { &[1_000, 10_000] } {
        for loss in ["0.0", "0.05"] {
            let lives = Lives { ours, connections: *connections, loss };
            if let Some(ns3) = other(Kind::Ns3) {
                contests.extend(NS3.iter().map(|way| lives.ns3(ns3, way)));
            }
            contests.push(lives.rust("smoltcp", "1 ms ticks, TIME-WAIT 10 s, no metrics"));
            if loss == "0.0" {
                contests.push(lives.rust("turmoil", "1 ms ticks, no TIME-WAIT, no metrics"));
            }
        }
    }
    for pending in [1_000, 100_000] {
        let hold = Hold { ours, events: if quick { 30_000 } else { 300_000 }, pending };
        contests.extend(other(Kind::Simpy).map(|simpy| hold.simpy(simpy)));
        contests.push(hold.rust("nexosim", "an event is a message to a model"));
        contests.push(hold.rust("synlab-reference", "synlab's own reference queue, of the priority-queue crate"));
    }
    contests
}

/// A way to run ns-3: its name, its options, what differs.
type Way = (&'static str, &'static [&'static str], &'static str);

const NS3: [Way; 2] = [
    ("as it comes", &[], "one client machine, no metrics"),
    (
        "at its best",
        &["--time-wait=0.02", "--plain", "--machines=10", "--scheduler=ns3::PriorityQueueScheduler"],
        "TIME-WAIT 20 ms, ten client machines, all that is optional off",
    ),
];

/// Whole lives of connections.
struct Lives<'a> {
    ours: &'a Program,
    connections: u64,
    loss: &'static str,
}

impl<'a> Lives<'a> {
    fn ns3(&self, ns3: &'a Program, (name, options, differs): &Way) -> Contest<'a> {
        let mut arguments = vec![format!("--connections={}", self.connections), format!("--loss={}", self.loss)];
        arguments.extend(options.iter().map(|&option| option.to_owned()));
        self.against(format!("ns-3 {} {name}", ns3.version), (ns3, arguments), differs)
    }

    fn rust(&self, name: &str, differs: &'static str) -> Contest<'a> {
        self.against(format!("{name} {}", rust_version(name)), (self.ours, self.arguments(name)), differs)
    }

    fn against(&self, peer: String, theirs: (&'a Program, Vec<String>), differs: &'static str) -> Contest<'a> {
        let loss = if self.loss == "0.0" { "no loss" } else { "5 % loss" };
        let workload = format!("{} lives, {loss}", self.connections);
        let ours = (self.ours, self.arguments("synlab"));
        Contest { peer, workload, unit: Unit::Connection, differs, theirs, ours }
    }

    fn arguments(&self, simulator: &str) -> Vec<String> {
        vec![simulator.to_owned(), "lives".to_owned(), self.connections.to_string(), format!("--loss={}", self.loss)]
    }
}

/// The hold model.
struct Hold<'a> {
    ours: &'a Program,
    events: u64,
    pending: u32,
}

impl<'a> Hold<'a> {
    fn simpy(&self, simpy: &'a Program) -> Contest<'a> {
        let arguments = vec![self.events.to_string(), self.pending.to_string()];
        self.against(format!("simpy {}", simpy.version), (simpy, arguments), "a process for each pending event")
    }

    fn rust(&self, name: &str, differs: &'static str) -> Contest<'a> {
        let peer = format!("{name} {}", rust_version(name)).trim_end().to_owned();
        self.against(peer, (self.ours, self.arguments(name)), differs)
    }

    fn against(&self, peer: String, theirs: (&'a Program, Vec<String>), differs: &'static str) -> Contest<'a> {
        let workload = format!("hold, {} pending", self.pending);
        Contest { peer, workload, unit: Unit::Event, differs, theirs, ours: (self.ours, self.arguments("synlab")) }
    }

    fn arguments(&self, simulator: &str) -> Vec<String> {
        let pending = format!("--pending={}", self.pending);
        vec![simulator.to_owned(), "hold".to_owned(), self.events.to_string(), pending]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
    }

    #[test]
    fn the_versions_of_peers_are_known() {
        for name in ["nexosim", "smoltcp", "turmoil"] {
            assert!(!rust_version(name).is_empty(), "{name}");
        }
    }
}
