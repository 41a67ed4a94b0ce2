//! The plan of a sweep: which runs there are, in which order, and what each of them is.

use std::ops::Range;

use rand_chacha::rand_core::Rng;
use sim_core::{Digest, DigestValue, Streams};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::experiment::Experiment;
use super::file::MAX_SEED;
use super::sweep::{SweepAxis, SweepValue, overlap};
use super::tree::{Node, Table, Value};
use super::variant::Variant;
use crate::{RECORD_FORMAT, metrics};

/// Most points that are tried to find one at which a value can be.
const MOST_TRIES: u64 = 1_000;
/// The version of what [`Plan::fingerprint`] is computed from.
const PLAN_FORMAT: u64 = 1;

/// Which plan of a `[sweep]` is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// All of it.
    Whole,
    /// The small one that checks it.
    Check,
}

/// Every run of a sweep, in order: point by point, the last axis varying fastest; at each point variant by variant; of
/// each variant all replications. It is computed where it is needed, so it takes no more memory for more runs.
///
/// The seed of a replication depends on the file's seed and the replication's number alone, so that all variants and all
/// points face the same randomness.
#[derive(Clone, Debug)]
pub struct Plan {
    experiment: Experiment,
    axes: Vec<SweepAxis>,
    /// How many values each axis takes by itself; a zipped plan has one entry for all axes.
    sizes: Vec<usize>,
    zip: bool,
    replications: u32,
    variants: Vec<Variant>,
    points: u64,
    metrics: Vec<String>,
}

/// One run of a [`Plan`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedRun {
    /// The number of its point, from 0.
    pub point: u64,
    /// The place of its variant in [`Experiment::variants`] of the experiment [`Plan::at`] its point.
    pub place: usize,
    /// Its variant.
    pub variant: Variant,
    /// The number of its replication, from 0.
    pub replication: u32,
    /// Its seed.
    pub seed: u64,
}

/// The seed of a replication: that of the file for the first, numbered 0; for another, the upper 53 bits of the first draw
/// at its number of the keyed stream (seed, "sweep", "replication").
#[must_use]
pub fn replication_seed(seed: u64, replication: u32) -> u64 {
    if replication == 0 {
        return seed;
    }
    let draws = Streams::new(seed).keyed("sweep", "replication");
    let seed = draws.at(&[u64::from(replication)]).next_u64() >> (u64::BITS - MAX_SEED.count_ones());
    debug_assert!(seed <= MAX_SEED);
    seed
}

impl Experiment {
    /// The plan of its `[sweep]`, every value of it tried.
    ///
    /// # Errors
    /// That there is no `[sweep]`; values that are wrong wherever they stand, with their place; a `--set` that would undo
    /// an axis. A point that only a combination of values makes wrong is no error here: [`Plan::at`] has it.
    pub fn plan(&self, extent: Extent) -> Result<Plan, Diagnostics> {
        let Some(base) = self.base() else {
            let error = Diagnostic::without_place(self.file(), "the experiment has no [sweep]");
            return Err(error.with_help("`synlab new` writes one in its comments").into());
        };
        let (sweep, sets) = (&base.sweep, &base.sets);
        let mut errors = Diagnostics::default();
        for axis in &sweep.axes {
            let undone = axis.values().iter().find_map(|value| overlap(&value.overlay, sets));
            let help = format!("`--set 'sweep.axis.{}.values=[…]'` chooses values", number(&sweep.axes, axis));
            if let Some(place) = undone {
                let message = format!("the sweep varies `{}`, and this would undo it", axis.key());
                errors.push(place.error(message).with_help(&help));
            } else if axis.key().trim() == "horizon" && self.until().is_some() {
                let message = "the sweep varies `horizon`, and `--until` would undo it";
                errors.push(axis.place().error(message).with_help(&help));
            }
        }
        let (axes, replications) = match extent {
            Extent::Whole => (sweep.axes.clone(), sweep.replications),
            Extent::Check => {
                let most = sweep.check.values as usize;
                (sweep.axes.iter().map(|axis| axis.thinned(most)).collect(), sweep.check.replications)
            }
        };
        let each = axes.iter().map(|axis| axis.values().len());
        let sizes: Vec<usize> = if sweep.zip { each.take(1).collect() } else { each.collect() };
        let points = sizes.iter().try_fold(1_u64, |points, &size| points.checked_mul(size as u64));
        let variants = one_for_each_chosen(self.variants(), &axes);
        let runs =
            points.and_then(|points| points.checked_mul(u64::from(replications))?.checked_mul(variants.len() as u64));
        let (Some(points), Some(_)) = (points, runs) else {
            let place = sweep.axes.first().map_or_else(|| base.file.place.clone(), |axis| axis.place().clone());
            errors.push(place.error("the plan has more runs than can be numbered"));
            return Err(errors);
        };
        let metrics = sweep.metrics.clone();
        let plan =
            Plan { experiment: self.clone(), axes, sizes, zip: sweep.zip, replications, variants, points, metrics };
        errors.keep(plan.try_values());
        errors.or(plan)
    }
}

fn number(axes: &[SweepAxis], axis: &SweepAxis) -> usize {
    axes.iter().position(|other| other == axis).unwrap_or(0) + 1
}

/// The variants with those that differ only in what an axis decides taken as one.
fn one_for_each_chosen(variants: Vec<Variant>, axes: &[SweepAxis]) -> Vec<Variant> {
    let varied = |key: &str| axes.iter().any(|axis| axis.key().trim() == key);
    let mut kept: Vec<Variant> = Vec::new();
    for variant in variants {
        let same = |other: &Variant| {
            (varied("handshake") || other.handshake == variant.handshake)
                && (varied("teardown") || other.teardown == variant.teardown)
        };
        if !kept.iter().any(same) {
            kept.push(variant);
        }
    }
    kept
}

impl Plan {
    /// The experiment that is swept, with its base values.
    #[must_use]
    pub const fn experiment(&self) -> &Experiment {
        &self.experiment
    }

    /// What is varied.
    #[must_use]
    pub fn axes(&self) -> &[SweepAxis] {
        &self.axes
    }

    /// The metrics that a summary shows.
    #[must_use]
    pub fn metrics(&self) -> &[String] {
        &self.metrics
    }

    /// How many points the axes span.
    #[must_use]
    pub const fn points(&self) -> u64 {
        self.points
    }

    /// How many variants are run at each point.
    #[must_use]
    pub const fn variants(&self) -> usize {
        self.variants.len()
    }

    /// How often each variant is run at each point.
    #[must_use]
    pub const fn replications(&self) -> u32 {
        self.replications
    }

    /// How many runs there are.
    #[must_use]
    pub const fn runs(&self) -> u64 {
        self.points * self.runs_at_a_point()
    }

    const fn runs_at_a_point(&self) -> u64 {
        self.variants.len() as u64 * self.replications as u64
    }

    /// The runs of the `part`-th of `of` contiguous blocks of whole points, counted from 1; all blocks together are all
    /// runs, in order.
    ///
    /// # Panics
    /// If there is no such part.
    #[must_use]
    pub fn block(&self, part: u32, of: u32) -> Range<u64> {
        assert!((1..=of).contains(&part), "part {part} of {of}");
        let begins = |part: u32| {
            let point = u128::from(self.points) * u128::from(part) / u128::from(of);
            u64::try_from(point).expect("not more than all points") * self.runs_at_a_point()
        };
        begins(part - 1)..begins(part)
    }

    /// The run of that number, from 0.
    ///
    /// # Panics
    /// If there is no such run.
    #[must_use]
    pub fn run(&self, number: u64) -> PlannedRun {
        assert!(number < self.runs(), "run {number} of {}", self.runs());
        let point = number / self.runs_at_a_point();
        let within = number % self.runs_at_a_point();
        let replications = u64::from(self.replications);
        let (place, replication) = (small(within / replications), small(within % replications));
        let mut variant = self.variants[place as usize].clone();
        for (axis, value) in self.axes.iter().zip(self.values(point)) {
            match (axis.key().trim(), value.name()) {
                ("handshake", Some(name)) => name.clone_into(&mut variant.handshake),
                ("teardown", Some(name)) => name.clone_into(&mut variant.teardown),
                _ => {}
            }
        }
        let seed = replication_seed(self.experiment.seed(), replication);
        PlannedRun { point, place: place as usize, variant, replication, seed }
    }

    /// The values of the axes at a point, in the order of the axes.
    #[must_use]
    pub fn values(&self, point: u64) -> Vec<&SweepValue> {
        let places = self.places(point);
        self.axes.iter().zip(places).map(|(axis, place)| &axis.values()[place]).collect()
    }

    /// The place of each axis' value at a point.
    fn places(&self, mut point: u64) -> Vec<usize> {
        if self.zip {
            return vec![usize::try_from(point).expect("points of zipped axes are values of each"); self.axes.len()];
        }
        let mut places = vec![0; self.axes.len()];
        for (place, &size) in places.iter_mut().zip(&self.sizes).rev() {
            *place = usize::try_from(point % size as u64).expect("less than the axis has values");
            point /= size as u64;
        }
        places
    }

    /// The point at which the axes' values have these places.
    fn point(&self, places: &[usize]) -> u64 {
        self.sizes.iter().zip(places).fold(0, |point, (&size, &place)| point * size as u64 + place as u64)
    }

    /// The experiment at a point: its file with the values of the axes laid over it. It has the file's seed; nothing is
    /// expected of it, and it has no sweep of its own.
    ///
    /// # Errors
    /// What the combination of values makes wrong.
    pub fn at(&self, point: u64) -> Result<Experiment, Diagnostics> {
        let mut over = Table::default();
        for value in self.values(point) {
            over.overlay(&value.overlay);
        }
        self.experiment.overlaid(&over)
    }

    /// Whether every value can be, at some point at least; of zipped axes every point must.
    fn try_values(&self) -> Result<(), Diagnostics> {
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
    fn points_with(&self, axis: usize, value: usize) -> impl Iterator<Item = u64> {
        let others = self.points / self.sizes[axis] as u64;
        (0..others.min(MOST_TRIES)).map(move |mut rest| {
            let mut places = vec![0; self.sizes.len()];
            places[axis] = value;
            for other in (0..self.sizes.len()).rev().filter(|&other| other != axis) {
                let size = self.sizes[other] as u64;
                places[other] = usize::try_from(rest % size).expect("less than the axis has values");
                rest /= size;
            }
            self.point(&places)
        })
    }

    /// A digest of all that decides what the runs are and what is written of them: rows of plans of the same fingerprint
    /// belong together. Comments, and what only explains or judges, do not change it.
    #[must_use]
    pub fn fingerprint(&self) -> DigestValue {
        let mut digest = Digest::new();
        digest.word(PLAN_FORMAT);
        digest.word(u64::from(RECORD_FORMAT));
        let experiment = &self.experiment;
        text(&mut digest, experiment.file());
        digest.word(experiment.seed());
        digest.word(experiment.until().map_or(u64::MAX, sim_time::Instant::as_nanos));
        if let Some(base) = experiment.base() {
            node(&mut digest, &base.file);
            table(&mut digest, &base.sets);
        }
        // What the file takes from profiles.
        for own in experiment.host_settings() {
            table(&mut digest, own);
        }
        // What it takes from CSV files.
        for time in experiment.listed_arrivals().flatten() {
            digest.word(time.as_nanos());
        }
        digest.word(u64::from(self.zip));
        digest.word(u64::from(self.replications));
        digest.word(self.axes.len() as u64);
        for axis in &self.axes {
            text(&mut digest, axis.key());
            digest.word(axis.values().len() as u64);
            axis.values().iter().for_each(|value| node(&mut digest, &value.node));
        }
        for metric in metrics::catalogue(&experiment.host_names()) {
            text(&mut digest, &metric.name);
        }
        digest.value()
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).expect("less than there are variants or replications")
}

fn text(digest: &mut Digest, text: &str) {
    digest.word(text.len() as u64);
    for part in text.as_bytes().chunks(8) {
        let mut octets = [0; 8];
        octets[..part.len()].copy_from_slice(part);
        digest.word(u64::from_le_bytes(octets));
    }
}

fn table(digest: &mut Digest, table: &Table) {
    digest.word(table.iter().len() as u64);
    for entry in table.iter() {
        text(digest, &entry.key);
        node(digest, &entry.node);
    }
}

fn node(digest: &mut Digest, of: &Node) {
    match &of.value {
        Value::String(string) => {
            digest.word(0);
            text(digest, string);
        }
        Value::Integer(number) => {
            digest.word(1);
            text(digest, &number.to_string());
        }
        Value::Float(number) => {
            digest.word(2);
            digest.word(number.to_bits());
        }
        Value::Boolean(truth) => {
            digest.word(3);
            digest.word(u64::from(*truth));
        }
        Value::Datetime => digest.word(4),
        Value::Array(items) => {
            digest.word(5);
            digest.word(items.len() as u64);
            items.iter().for_each(|item| node(digest, item));
        }
        Value::Table(below) => {
            digest.word(6);
            table(digest, below);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If these change, no sweep can be repeated.
    #[test]
    fn replications_have_the_same_seeds_for_ever() {
        let seeds = [(7, 0), (7, 1), (7, 2), (8, 1), (MAX_SEED, u32::MAX)].map(|(of, r)| replication_seed(of, r));
        assert_eq!(seeds, [7, 6_489_333_853_662_692, 953_543_333_202_008, 734_945_691_929_667, 5_284_439_344_565_410]);
    }

    fn plan(sweep: &str) -> Plan {
        let text = format!(
            "horizon = \"1s\"\nhandshake = [\"two-way\", \"three-way\"]\n[link]\ndelay = \"1ms\"\n[client]\n[server]\n{sweep}"
        );
        Experiment::parse("t", &text, &[]).and_then(|experiment| experiment.plan(Extent::Whole)).expect("a plan")
    }

    const TWO_AXES: &str = "[sweep]\nreplications = 4\n[[sweep.axis]]\nkey = \"link.loss\"\nvalues = [0, 0.1, 0.2]\n\
        [[sweep.axis]]\nkey = \"server.time-wait\"\nvalues = [\"1s\", \"2s\"]";

    #[test]
    fn blocks_are_whole_points_and_together_all_runs() {
        let plan = plan(TWO_AXES);
        assert_eq!((plan.points(), plan.variants(), plan.runs()), (6, 2, 48));
        for of in [1, 2, 5, 6, 7, 100] {
            let mut end = 0;
            for block in (1..=of).map(|part| plan.block(part, of)) {
                assert_eq!((block.start, block.start % 8), (end, 0));
                end = block.end;
            }
            assert_eq!(end, plan.runs());
        }
    }

    #[test]
    fn a_point_is_the_file_with_its_values() {
        let plan = plan(TWO_AXES);
        let run = plan.run(3 * 8 + 6);
        assert_eq!((run.point, run.place, run.replication), (3, 1, 2));
        assert_eq!(plan.values(3).iter().map(ToString::to_string).collect::<Vec<_>>(), ["0.1", "2s"]);
        let point = plan.at(3).expect("it can be");
        let scenario = point.scenario(&run.variant).expect("a variant of the file");
        assert_eq!(scenario.hosts[1].settings.teardown.time_wait.to_string(), "2s");
        assert_ne!(scenario.links, plan.at(0).expect("it can be").scenario(&run.variant).expect("likewise").links);
        assert!(!point.has_sweep());
    }

    #[test]
    fn whatever_decides_a_run_changes_the_fingerprint() {
        let of = |text: &str| plan(text).fingerprint();
        let base = of(TWO_AXES);
        assert_eq!(of(&format!("{TWO_AXES} # why")), base);
        assert_eq!(of(&TWO_AXES.replace("[sweep]", "[sweep]\nmetrics = [\"segments.sent\"]")), base);
        for (from, to) in
            [("= 4", "= 5"), ("0.2", "0.3"), ("link.loss", "link.duplicate"), ("[sweep]", "port = 81\n[sweep]")]
        {
            assert_ne!(of(&TWO_AXES.replace(from, to)), base, "{to}");
        }
    }
}
