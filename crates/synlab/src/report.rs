//! `synlab report`: one page (HTML) about an experiment.

mod study;

use experiment::{Experiment, Summary, Variant, Verdict};
use report::diagram::Diagram;
use report::page::{Changes, Occupancy, Origin, Reported, run_page};
use report::{Balance, Hosts, LedgerBook, Listed, RunResult, Told};

use crate::Ending;
use crate::cli::Report;
use crate::compare::{choose, drawn};
use crate::complaint::Complaint;
use crate::execute::{Runs, load};
use crate::output;
use crate::picture;
use crate::window;

pub(crate) fn report(arguments: &Report) -> Result<Ending, Complaint> {
    let experiment = load(&arguments.source)?;
    let (html, ending) = if experiment.has_sweep() {
        refuse(arguments.handshake.first().map(|_| "--handshake"), "the variants of a sweep are those of its file")?;
        refuse(arguments.teardown.first().map(|_| "--teardown"), "the variants of a sweep are those of its file")?;
        refuse(arguments.all.then_some("--all"), "the report of a sweep lists what its `metrics` name")?;
        study::page(arguments, &experiment)?
    } else {
        let no_sweep = format!("{} has no [sweep]", experiment.file());
        refuse(arguments.rows.as_ref().map(|_| "--rows"), &no_sweep)?;
        refuse(arguments.check.then_some("--check"), &no_sweep)?;
        refuse(arguments.threads.map(|_| "--threads"), &no_sweep)?;
        page(arguments, &experiment)?
    };
    output::write(arguments.output.as_deref(), &html)?;
    Ok(ending)
}

/// Refuses an option that does not go with the experiment.
fn refuse(option: Option<&str>, why: &str) -> Result<(), Complaint> {
    option.map_or(Ok(()), |option| Err(Complaint::Other(format!("{option}: {why}"))))
}

/// What was seen of a variant's run.
struct Seen {
    variant: Variant,
    summary: Summary,
    ledger: Balance,
    changes: Option<Changes>,
    occupancy: Occupancy,
    explanation: Told,
    verdicts: Vec<Verdict>,
}

/// The page about the runs of an experiment's variants.
fn page(arguments: &Report, experiment: &Experiment) -> Result<(String, Ending), Complaint> {
    let variants = choose(&arguments.handshake, &arguments.teardown, experiment)?;
    let drawn = drawn(!(arguments.handshake.is_empty() && arguments.teardown.is_empty()), &variants);
    let mut runs = Runs::of(experiment, arguments.source.engine);
    let mut all = Vec::new();
    let mut diagrams = Vec::new();
    for variant in &variants {
        let (seen, diagram) = watch(arguments, &mut runs, (experiment, variant), drawn.contains(&variant))?;
        all.push(seen);
        diagrams.extend(diagram.map(|diagram| (variant.clone(), diagram)));
    }
    window::draw(&mut runs, experiment, &mut diagrams)?;
    if !arguments.quiet {
        runs.note_unmatched("");
    }
    let evidence = runs.evidence()?;
    let names = |option, names: &'_ [String]| names.iter().map(|name| (option, name.clone())).collect::<Vec<_>>();
    let mut options = [names("--handshake", &arguments.handshake), names("--teardown", &arguments.teardown)].concat();
    options.push(("-o", format!("{}.html", experiment.name())));
    let options: Vec<(&str, &str)> = options.iter().map(|(option, name)| (*option, name.as_str())).collect();
    let caption = picture::caption("report", &arguments.source, &options, experiment, None);
    let command = if arguments.all { format!("{} --all", caption.command) } else { caption.command };
    let reported: Vec<Reported<'_>> = all.iter().map(|seen| seen.reported(experiment, &diagrams)).collect();
    let listed = if arguments.all { Listed::All } else { Listed::Telling };
    let origin = Origin { experiment, command: &command };
    let html = run_page(origin, &caption.subtitle, evidence.as_deref(), &reported, listed);
    Ok((html, Ending::of(all.iter().flat_map(|seen| &seen.verdicts))))
}

/// Runs a variant, and looks at all that a report shows of it.
fn watch(
    arguments: &Report,
    runs: &mut Runs<'_>,
    (experiment, variant): (&Experiment, &Variant),
    is_drawn: bool,
) -> Result<(Seen, Option<Diagram>), Complaint> {
    let scenario = experiment.scenario(variant)?;
    let hosts = Hosts::of(&scenario);
    let end = experiment.horizon();
    let mut occupancy = Occupancy::new(&hosts, end);
    let mut ledger = LedgerBook::new(hosts.clone());
    let mut diagram = is_drawn.then(|| picture::diagram(&ledger));
    let mut changes = is_drawn.then(|| {
        let options = [("--handshake", variant.handshake.as_str()), ("--teardown", &variant.teardown)];
        let caption = picture::caption("states", &arguments.source, &options, experiment, Some(variant));
        Changes::new(&scenario, caption)
    });
    let mut explanation = ledger.explanation(arguments.all);
    let folds = &mut ((&mut ledger, &mut diagram), (&mut explanation, &mut occupancy), &mut changes);
    let summary = runs.watch(variant, folds)?.clone();
    occupancy.finish();
    if let Some(diagram) = &mut diagram {
        diagram.finish(end);
    }
    let seen = Seen {
        variant: variant.clone(),
        summary,
        ledger: ledger.balance(end),
        changes,
        occupancy,
        explanation: explanation.told(end),
        verdicts: runs.judge(variant)?,
    };
    Ok((seen, diagram))
}

impl Seen {
    fn reported<'a>(&'a self, experiment: &'a Experiment, diagrams: &'a [(Variant, Diagram)]) -> Reported<'a> {
        let Self { variant, summary, ledger, verdicts, .. } = self;
        Reported {
            result: RunResult { experiment, variant, summary, ledger, verdicts },
            diagram: diagrams.iter().find(|(of, _)| of == variant).map(|(_, diagram)| diagram),
            changes: self.changes.as_ref(),
            occupancy: &self.occupancy,
            explanation: &self.explanation,
        }
    }
}
