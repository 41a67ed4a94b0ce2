//! The plan of a sweep: which runs there are, in which order, and what each of them is.

mod fingerprint;
mod tries;

use std::ops::Range;

use rand_chacha::rand_core::Rng;
use sim_core::Streams;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::expect::Verdict;
use super::experiment::Experiment;
use super::file::MAX_SEED;
use super::measure::Measure;
use super::replications::BATCH;
use super::sweep::{Precision, Sweep};
use super::sweep_axis::{SweepAxis, SweepValue, overlap};
use super::sweep_expect::SweepExpectation;
use super::tree::Table;
use super::variant::Variant;
use crate::statistics::PointResult;

/// Which plan of a `[sweep]` is meant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Extent {
    /// All of it.
    Whole,
    /// The small one that checks it.
    Check,
}

/// Every run of a sweep, in order: point by point, the last axis varying fastest; at each point batch by batch of 20
/// replications; of each batch variant by variant, and of each variant its replications. It is computed where it is needed, so
/// it takes no more memory for more runs.
///
/// A plan with a [`Precision`] has the most runs there can be: those of the batches that a point does not need are left out,
/// and nothing takes their numbers.
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
    precision: Option<Precision>,
    variants: Vec<Variant>,
    points: u64,
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
        let (axes, replications, precision) = match extent {
            Extent::Whole => (sweep.axes.clone(), sweep.replications, sweep.precision.clone()),
            Extent::Check => {
                let most = sweep.check.values as usize;
                (sweep.axes.iter().map(|axis| axis.thinned(most)).collect(), sweep.check.replications, None)
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
        let experiment = self.clone();
        let plan = Plan { experiment, axes, sizes, zip: sweep.zip, replications, precision, variants, points };
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

    /// Whether the axes go along with each other, value by value, instead of each with each.
    #[must_use]
    pub const fn is_zipped(&self) -> bool {
        self.zip
    }

    /// What the file says of the sweep.
    fn sweep(&self) -> &Sweep {
        &self.experiment.base().expect("an experiment without a sweep has no plan").sweep
    }

    /// What is measured of the runs of a group: first what a summary shows, then what else is expected of.
    #[must_use]
    pub fn measures(&self) -> &[Measure] {
        &self.sweep().measures
    }

    /// What of it a summary shows.
    #[must_use]
    pub fn shown(&self) -> &[Measure] {
        let sweep = self.sweep();
        &sweep.measures[..sweep.shown]
    }

    /// How sure intervals are.
    #[must_use]
    pub fn confidence(&self) -> f64 {
        self.sweep().confidence
    }

    /// When there are enough replications; nothing if their number is fixed.
    #[must_use]
    pub const fn precision(&self) -> Option<&Precision> {
        self.precision.as_ref()
    }

    /// What must hold at a point, judged for each variant it is about.
    #[must_use]
    pub fn judge(&self, result: &PointResult) -> Vec<(&SweepExpectation, Variant, Verdict)> {
        let values = self.values(result.point);
        let measures = self.measures();
        let measured = |variant: &Variant, text: &str| {
            let group = result.groups.iter().find(|group| group.variant == *variant)?;
            let place = measures.iter().position(|measure| measure.text() == text)?;
            group.estimates[place].value
        };
        let about = self.sweep().expectations.iter().filter(|expectation| expectation.is_about(&self.axes, &values));
        about
            .flat_map(|expectation| {
                let judged = expectation.expectation();
                let groups = result.groups.iter().filter(|group| judged.applies_to(&group.variant));
                groups.map(move |group| (expectation, group.variant.clone(), judged.judge(&group.variant, &measured)))
            })
            .collect()
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

    /// How often each variant is run at each point, or how often at most.
    #[must_use]
    pub const fn replications(&self) -> u32 {
        self.replications
    }

    /// How many runs there are, or may be.
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
        let (first, size, within) = self.batch_of(number);
        let (place, replication) = (small(within / u64::from(size)), first + small(within % u64::from(size)));
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

    /// The batch that a run belongs to: its first replication, how many replications it has, and the place of the run in it.
    fn batch_of(&self, number: u64) -> (u32, u32, u64) {
        let within = number % self.runs_at_a_point();
        let runs_of_a_batch = self.variants.len() as u64 * u64::from(BATCH);
        let first = small(within / runs_of_a_batch) * BATCH;
        (first, BATCH.min(self.replications - first), within % runs_of_a_batch)
    }

    /// The place of a replication in its batch.
    pub(crate) const fn place_in_batch(&self, replication: u32) -> usize {
        (replication % BATCH) as usize
    }

    /// Whether a run is the last of its batch.
    pub(crate) fn ends_batch(&self, number: u64) -> bool {
        let (_, size, place) = self.batch_of(number);
        place + 1 == u64::from(size) * self.variants.len() as u64
    }

    /// The batch of the same point that comes after the run that ends one, if there may be one.
    pub(crate) fn batch_after(&self, number: u64) -> Option<Range<u64>> {
        let next = number + 1;
        let is_same_point = !next.is_multiple_of(self.runs_at_a_point());
        is_same_point.then(|| {
            let (_, size, _) = self.batch_of(next);
            next..next + u64::from(size) * self.variants.len() as u64
        })
    }

    /// The run that comes after another, if it is not known that there are more of its point: the batches of a point that a
    /// rule may ask for are left out.
    #[must_use]
    pub fn following(&self, number: u64) -> u64 {
        match &self.precision {
            Some(precision) if self.ends_batch(number) && self.run(number).replication + 1 >= precision.at_least => {
                (number / self.runs_at_a_point() + 1) * self.runs_at_a_point()
            }
            _ => number + 1,
        }
    }

    /// How many runs there are of a block of whole points, not counting those that a rule may ask for.
    #[must_use]
    pub fn least_runs(&self, block: &Range<u64>) -> u64 {
        let points = (block.end - block.start) / self.runs_at_a_point();
        let least = self.precision.as_ref().map_or(self.replications, |precision| {
            precision.at_least.div_ceil(BATCH).saturating_mul(BATCH).min(self.replications)
        });
        points * self.variants.len() as u64 * u64::from(least)
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
}

fn small(number: u64) -> u32 {
    u32::try_from(number).expect("less than there are variants or replications")
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
    fn a_rule_leaves_out_what_it_may_ask_for() {
        let rule = "replications = { until = \"10 %\", at-least = 30, at-most = 50 }";
        let plan = plan(&TWO_AXES.replace("replications = 4", rule));
        assert_eq!((plan.runs(), plan.least_runs(&(0..200))), (6 * 2 * 50, 2 * 2 * 40));
        let run = |number| {
            let PlannedRun { point, place, replication, .. } = plan.run(number);
            (point, place, replication)
        };
        assert_eq!([0, 19, 20, 40].map(run), [(0, 0, 0), (0, 0, 19), (0, 1, 0), (0, 0, 20)]);
        assert_eq!([80, 89, 90, 99, 100].map(run), [(0, 0, 40), (0, 0, 49), (0, 1, 40), (0, 1, 49), (1, 0, 0)]);
        assert_eq!([0, 39, 78].map(|number| plan.following(number)), [1, 40, 79], "no rule asks before there are 30");
        assert_eq!([79, 98, 99].map(|number| plan.following(number)), [100, 99, 100]);
        assert_eq!([79, 99].map(|number| plan.batch_after(number)), [Some(80..100), None]);
        let ends: Vec<u64> = (0..100).filter(|number| plan.ends_batch(*number)).collect();
        assert_eq!(ends, [39, 79, 99]);
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
        assert_eq!(of(&TWO_AXES.replace("[sweep]", "[sweep]\nconfidence = \"99 %\"")), base);
        for (from, to) in [
            ("= 4", "= 5"),
            ("= 4", "= { until = 0.1, at-most = 4, at-least = 1 }"),
            ("0.2", "0.3"),
            ("link.loss", "link.duplicate"),
            ("[sweep]", "port = 81\n[sweep]"),
            ("[sweep]", "[sweep]\nmetrics = [\"p90(setup.seconds)\"]"),
        ] {
            assert_ne!(of(&TWO_AXES.replace(from, to)), base, "{to}");
        }
    }
}
