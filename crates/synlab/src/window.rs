//! Which part of a run is drawn that is too long to be drawn whole.

use experiment::record::{Change, Fold, Record};
use experiment::{Expectation, Experiment, Metrics, MetricsFold, Transfer, Variant, Verdict};
use report::diagram::{Diagram, Lead};
use sim_time::Instant;

use crate::complaint::Complaint;
use crate::execute::Runs;

/// So often metrics are read while a run is played, at least, if it is long enough; at most it is twice as often.
const LOOKS: usize = 32;

/// What a picture shows of a run that is too long, if nothing fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shows {
    /// The connection for which most is held for nobody.
    Worst,
    /// The open that takes longest.
    SlowestOpen,
}

/// Where a picture begins, and what it shows.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Window {
    from: Instant,
    shown: String,
    /// How much is to be seen in it: octets × nanoseconds that are held for nobody; more than any if it shows a failure.
    weight: i128,
}

/// Draws runs that are too long to be drawn whole again, all of them from one instant on. There is one rule for all pictures: what leads
/// to the first expectation that does not hold; or otherwise to the connection for which most is held for nobody, of the run in which
/// most is; or otherwise the beginning. Nothing is drawn of a warm-up then. The variants were run.
pub(crate) fn draw(
    runs: &mut Runs<'_>,
    experiment: &Experiment,
    diagrams: &mut [(Variant, Diagram)],
) -> Result<(), Complaint> {
    draw_what_shows(Shows::Worst, runs, experiment, diagrams)
}

/// The same, but what is drawn where nothing fails is said.
pub(crate) fn draw_what_shows(
    shows: Shows,
    runs: &mut Runs<'_>,
    experiment: &Experiment,
    diagrams: &mut [(Variant, Diagram)],
) -> Result<(), Complaint> {
    let mut chosen: Option<(usize, Window)> = None;
    for (place, (variant, diagram)) in diagrams.iter().enumerate() {
        let Some(window) = window(shows, runs, (experiment, variant), diagram)? else { continue };
        if chosen.as_ref().is_none_or(|(_, most)| window.weight > most.weight) {
            chosen = Some((place, window));
        }
    }
    let Some((chosen, window)) = chosen.filter(|(_, window)| window.from > Instant::ZERO) else { return Ok(()) };
    for (place, (variant, diagram)) in diagrams.iter_mut().enumerate().filter(|(_, (_, of))| of.cut.is_some()) {
        let shown = if place == chosen { window.shown.clone() } else { "the same time".to_owned() };
        *diagram = diagram.again(window.from, shown);
        runs.watch(variant, diagram)?;
        diagram.finish(experiment.horizon());
    }
    Ok(())
}

/// The part of a run that is worth most, if it is too long to be drawn whole.
fn window(
    shows: Shows,
    runs: &mut Runs<'_>,
    (experiment, variant): (&Experiment, &Variant),
    diagram: &Diagram,
) -> Result<Option<Window>, Complaint> {
    let Some(cut) = diagram.cut else { return Ok(None) };
    let warm = diagram.warm;
    // What is seen in the picture of the beginning needs no other, unless that has the warm-up in it.
    let from = |lead: Instant| if lead < cut { warm } else { lead };
    if let Some((that, at)) = failure(runs, (experiment, variant))? {
        let mut lead = Lead::to(at);
        runs.watch(variant, &mut lead)?;
        let from = if at < cut { warm } else { lead.begins().max(warm) };
        return Ok(Some(Window { from, shown: format!("what makes `{that}` fail"), weight: i128::MAX }));
    }
    if let (Shows::SlowestOpen, Some(lead)) = (shows, diagram.slowest()) {
        // That of the first variant is the one that the picture is about.
        return Ok(Some(Window { from: from(lead), shown: "the part with the slowest open".to_owned(), weight: 0 }));
    }
    let weight = diagram.totals.useless(diagram.end);
    Ok(Some(match diagram.worst() {
        Some(lead) if weight > 0 => {
            Window { from: from(lead), shown: "the part in which most is held for nobody".to_owned(), weight }
        }
        _ => Window { from: warm, shown: "the beginning of what is measured".to_owned(), weight: 0 },
    }))
}

/// The first expectation that does not hold of a variant that was run, and the instant from which on it does not; or if it never
/// did, the instant from which on its numbers are what they are at the end.
fn failure(
    runs: &mut Runs<'_>,
    (experiment, variant): (&Experiment, &Variant),
) -> Result<Option<(String, Instant)>, Complaint> {
    for expectation in experiment.expectations().iter().filter(|expectation| expectation.applies_to(variant)) {
        let metrics = runs.summary(variant)?.metrics.clone();
        let verdict = judge(runs, (expectation, variant), &metrics);
        if !verdict.passed {
            // If its numbers are the same from the first record on, no part of the run tells more of it than another.
            if let Some(at) = turn(runs, (expectation, variant), (experiment, &verdict))? {
                return Ok(Some((expectation.that().to_owned(), at)));
            }
        }
    }
    let failed = runs.segments(variant).into_iter().find(|(verdict, _)| !verdict.passed);
    Ok(failed.and_then(|(verdict, at)| Some((verdict.that, at?))))
}

/// What an expectation says of metrics of a variant, beside those of others at the end of their runs.
fn judge(runs: &Runs<'_>, (expectation, variant): (&Expectation, &Variant), metrics: &Metrics) -> Verdict {
    expectation.judge(variant, &|of, name| match of == variant {
        true => metrics.get(name).flatten(),
        false => runs.metric(of, name),
    })
}

/// The instant at which an expectation turns to what is found at the end of the run, if it has ever been otherwise.
fn turn(
    runs: &mut Runs<'_>,
    (expectation, variant): (&Expectation, &Variant),
    (experiment, end): (&Experiment, &Verdict),
) -> Result<Option<Instant>, Complaint> {
    let (mut first, mut last) = (0, u64::MAX);
    let mut held = None;
    // Each time the run is played, fewer records are left between which it may be.
    loop {
        let mut looks = Looks::between(experiment, (first, last));
        runs.watch(variant, &mut looks)?;
        let verdicts: Vec<Verdict> =
            looks.taken.iter().map(|look| judge(runs, (expectation, variant), &look.metrics)).collect();
        let held = *held.get_or_insert_with(|| verdicts.iter().any(|verdict| verdict.passed));
        let is_other = |verdict: &Verdict| if held { verdict.passed } else { verdict.actual != end.actual };
        let place = verdicts.iter().rposition(is_other);
        let after = place.map_or(0, |place| place + 1);
        match place {
            Some(place) => first = looks.taken[place].number,
            None if last == u64::MAX => return Ok(None),
            // It turns right behind the first.
            None => {}
        }
        let next = looks.taken.get(after);
        last = next.map_or(looks.seen, |look| look.number);
        if last <= first + 1 {
            return Ok(Some(next.map_or(looks.now, |look| look.at)));
        }
    }
}

/// Metrics at some records of a run.
struct Looks {
    metrics: MetricsFold,
    /// After which records, by their numbers from 1.
    between: (u64, u64),
    step: u64,
    seen: u64,
    now: Instant,
    taken: Vec<Look>,
}

struct Look {
    number: u64,
    at: Instant,
    metrics: Metrics,
}

impl Looks {
    /// Behind the first of these records, up to the last; of the whole run before anything happens, too.
    fn between(experiment: &Experiment, (first, last): (u64, u64)) -> Self {
        let metrics = MetricsFold::new(experiment.host_names());
        let (step, taken) = if last == u64::MAX {
            let before = metrics.clone().finish(Instant::ZERO);
            (1, vec![Look { number: 0, at: Instant::ZERO, metrics: before }])
        } else {
            (((last - first) / LOOKS as u64).max(1), Vec::new())
        };
        Self { metrics, between: (first, last), step, seen: 0, now: Instant::ZERO, taken }
    }
}

impl Fold for Looks {
    fn record(&mut self, record: &Record) {
        self.metrics.record(record);
        self.seen += 1;
        self.now = record.at;
        let (first, last) = self.between;
        let is_due = self.seen > first && self.seen <= last && (self.seen - first).is_multiple_of(self.step);
        if !(is_due || self.seen == last) {
            return;
        }
        let metrics = self.metrics.clone().finish(record.at);
        self.taken.push(Look { number: self.seen, at: record.at, metrics });
        // Nobody knows how long the run is.
        if last == u64::MAX && self.taken.len() == 2 * LOOKS {
            self.step *= 2;
            let step = self.step;
            self.taken.retain(|look| look.number.is_multiple_of(step));
        }
    }

    fn change(&mut self, at: Instant, change: &Change) {
        self.metrics.change(at, change);
    }

    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        self.metrics.transfer(at, transfer);
    }
}
