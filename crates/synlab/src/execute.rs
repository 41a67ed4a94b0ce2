//! Running variants and judging them.

use std::collections::{BTreeMap, BTreeSet};

use experiment::record::{Event, Fold, Record, Sent};
use experiment::{
    Diagnostic, Experiment, HostId, Queue, ScriptedFault, SegmentSearch, Summary, Variant, Verdict, simulate_with,
};
use sim_time::Instant;

use crate::cli::{Engine, Source};
use crate::complaint::Complaint;
use crate::output;

/// Reads the experiment and changes what the arguments change.
pub(crate) fn load(source: &Source) -> Result<Experiment, Complaint> {
    let mut experiment = Experiment::load(&source.file, &source.set)?;
    if let Some(seed) = source.seed {
        experiment = experiment.with_seed(seed);
    }
    if let Some(until) = source.until {
        let until = Instant::ZERO + until;
        if until <= experiment.warm_up() {
            let message =
                format!("--until {until} s: the run would end before it is warm, at {} s", experiment.warm_up());
            return Err(Complaint::Other(message));
        }
        experiment = experiment.with_horizon(until);
    }
    Ok(experiment)
}

/// The time that is measured: `until 10 s`, or `measured from 2 s until 10 s`.
pub(crate) fn measured(experiment: &Experiment) -> String {
    let until = format!("until {} s", experiment.horizon());
    match experiment.warm_up() {
        Instant::ZERO => until,
        from => format!("measured from {from} s {until}"),
    }
}

/// Which faults have decided over a segment, and which injections have forged one.
#[derive(Default)]
pub(crate) struct Matched {
    faults: BTreeSet<(HostId, HostId, u16)>,
    injections: BTreeSet<u16>,
}

impl Fold for Matched {
    fn record(&mut self, record: &Record) {
        let Event::Sent(Sent { from, to, fate, injection, .. }) = &record.event else { return };
        if let (Some(from), Some(to), Some(place)) = (from, to, fate.fault) {
            self.faults.insert((*from, *to, place));
        }
        self.injections.extend(*injection);
    }
}

impl Matched {
    /// The faults of the experiment that have decided over no segment, and the injections that have forged none, in words:
    /// whoever wrote them meant some.
    fn others(&self, experiment: &Experiment) -> Vec<String> {
        let line = |place: &Diagnostic| {
            let line = place.line_column().map_or(0, |(line, _)| line);
            let file = if place.source.name == experiment.file() { "" } else { &format!("{}, ", place.source.name) };
            format!("{file}line {line}")
        };
        let is_idle = |fault: &&ScriptedFault| !self.faults.iter().any(|&(from, to, place)| fault.is(from, to, place));
        let faults = experiment.faults().iter().filter(is_idle);
        let faults = faults
            .map(|fault| format!("fault {} ({}) matched no segment", fault.number(), line(&fault.diagnostic(""))));
        let injections = experiment.injections().iter().zip(0..).filter(|(_, place)| !self.injections.contains(place));
        let injections = injections.map(|(injection, place)| {
            let (line, why) = (line(&injection.diagnostic("")), injection.idle(experiment.horizon()));
            format!("inject {} ({line}) forged no segment: {why}", u32::from(place) + 1)
        });
        faults.chain(injections).collect()
    }
}

/// What a run came to.
struct Played {
    summary: Summary,
    /// What was found of the segments that are expected of it, or not.
    segments: Option<SegmentSearch>,
}

/// The runs of one experiment, each variant at most once.
pub(crate) struct Runs<'a> {
    experiment: &'a Experiment,
    queue: Queue,
    done: BTreeMap<Variant, Played>,
    /// If there is anything to match.
    matched: Option<Matched>,
}

impl<'a> Runs<'a> {
    pub(crate) fn of(experiment: &'a Experiment, engine: Engine) -> Self {
        let scripted = !experiment.faults().is_empty() || !experiment.injections().is_empty();
        let matched = scripted.then(Matched::default);
        Self { experiment, queue: engine.queue(), done: BTreeMap::new(), matched }
    }

    /// What watches which faults and injections meet something, for runs that are played elsewhere.
    pub(crate) const fn matched(&mut self) -> &mut Option<Matched> {
        &mut self.matched
    }

    /// Says which faults and injections have met nothing in the runs so far, each behind `prefix`.
    pub(crate) fn note_unmatched(&self, prefix: &str) {
        for note in self.matched.iter().flat_map(|matched| matched.others(self.experiment)) {
            output::note(&format!("{prefix}{note}"));
        }
    }

    /// Runs a variant while `fold` watches.
    pub(crate) fn watch<F: Fold>(&mut self, variant: &Variant, fold: &mut F) -> Result<&Summary, Complaint> {
        let scenario = self.experiment.scenario(variant)?;
        let mut segments = self.experiment.segment_search(variant);
        let folds = &mut (fold, &mut self.matched, &mut segments);
        let summary = simulate_with(self.queue, &scenario, folds).map_err(|endless| {
            Complaint::Other(format!("{}: {}: {endless}", self.experiment.file(), variant.label()))
        })?;
        self.done.insert(variant.clone(), Played { summary, segments });
        Ok(&self.done[variant].summary)
    }

    /// What a variant came to; it is run if it was not.
    pub(crate) fn summary(&mut self, variant: &Variant) -> Result<&Summary, Complaint> {
        if self.done.contains_key(variant) {
            return Ok(&self.done[variant].summary);
        }
        self.watch(variant, &mut ())
    }

    /// The expectations that are about a variant, judged: those of metrics, then those of segments. Whatever other variants
    /// they refer to is run as well.
    pub(crate) fn judge(&mut self, variant: &Variant) -> Result<Vec<Verdict>, Complaint> {
        self.summary(variant)?;
        let mut verdicts = Vec::new();
        for expectation in self.experiment.expectations() {
            if !expectation.applies_to(variant) {
                continue;
            }
            for needed in expectation.needs(variant) {
                self.summary(&needed)?;
            }
            verdicts.push(expectation.judge(variant, &|of, name| self.metric(of, name)));
        }
        if let Some(segments) = &self.done[variant].segments {
            verdicts.extend(self.experiment.judge_segments(variant, segments));
        }
        Ok(verdicts)
    }

    /// The segments that are expected of a variant that was run, or not: what is said of each, and when it is decided.
    pub(crate) fn segments(&self, variant: &Variant) -> Vec<(Verdict, Option<Instant>)> {
        let Some(found) = self.done.get(variant).and_then(|played| played.segments.as_ref()) else { return Vec::new() };
        let verdicts = self.experiment.judge_segments(variant, found);
        verdicts.into_iter().zip(self.experiment.segment_instants(variant, found)).collect()
    }

    /// A metric of a variant that was run; `None` if it is an empty statistic.
    pub(crate) fn metric(&self, of: &Variant, name: &str) -> Option<f64> {
        self.done.get(of).and_then(|played| played.summary.metrics.get(name))?
    }

    /// What the runs show of the experiment's claim, if it makes one; it is about the first variant.
    pub(crate) fn evidence(&mut self) -> Result<Option<String>, Complaint> {
        let Some(claim) = self.experiment.claim() else { return Ok(None) };
        let first = self.experiment.variant(None, None)?;
        for needed in std::iter::once(first.clone()).chain(claim.needs(&first)) {
            self.summary(&needed)?;
        }
        Ok(Some(claim.evidence(&first, &|of, name| self.metric(of, name))))
    }
}
