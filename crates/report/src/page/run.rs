//! The report of an experiment's runs, one for each variant.

use askama::Template;
use experiment::{Summary, Variant};

use super::answer::{Claimed, Judged, answer, glance};
use super::bars::bars;
use super::changes::{Changes, changes};
use super::explanation::explanation;
use super::occupancy::Occupancy;
use super::occupancy_plots::plots;
use super::origin::Origin;
use super::plot::class;
use super::table::Table;
use super::{Section, page, picture, pictures, rendered};
use crate::diagram::{Caption, Diagram, svg_beside, timelines};
use crate::explain::Told;
use crate::ledger::{Balance, beside_lines};
use crate::result::RunResult;
use crate::tables::{Line, Listed, base, comparison_lines};

/// A variant's run, and what was seen of it.
#[derive(Debug)]
pub struct Reported<'a> {
    /// What it came to.
    pub result: RunResult<'a>,
    /// The diagram, if it is drawn.
    pub diagram: Option<&'a Diagram>,
    /// The changes of state that the run took, if they are drawn.
    pub changes: Option<&'a Changes>,
    /// How much hosts held over time.
    pub occupancy: &'a Occupancy,
    /// What went wrong, and why.
    pub explanation: &'a Told,
}

/// The report of these runs, all of one experiment. `subtitle` says of what they are, `evidence` what they show of the
/// experiment's claim, if it makes one.
#[must_use]
pub fn run_page(
    origin: Origin<'_>,
    subtitle: &str,
    evidence: Option<&str>,
    runs: &[Reported<'_>],
    listed: Listed,
) -> String {
    let results: Vec<(&Variant, &Summary)> = runs.iter().map(|run| (run.result.variant, run.result.summary)).collect();
    let hosts = origin.experiment.host_names();
    let judged: Vec<Judged<'_>> = runs.iter().flat_map(judged).collect();
    let claim = origin.experiment.claim().zip(evidence).map(|(claim, evidence)| Claimed {
        sentence: claim.sentence().to_owned(),
        finding: claim.finding().words(),
        evidence: evidence.to_owned(),
    });
    let mut sections = vec![
        Section::new("answer", "Answer", "", answer(claim.as_ref(), "variant", &judged, glance(&results, &hosts))),
        diagrams(origin, runs),
        states(origin, subtitle, runs),
        changes(&taken(runs)),
        ledger(runs, listed),
        plots(runs),
        explanations(runs),
        metrics(&results, &hosts, listed),
    ];
    sections.extend(origin.sections(&facts(origin, runs)));
    page(origin.title(), subtitle, sections)
}

fn judged<'a>(run: &Reported<'a>) -> Vec<Judged<'a>> {
    run.result.verdicts.iter().map(|verdict| Judged { of: run.result.variant.label(), verdict }).collect()
}

/// The diagrams that are drawn, by their variants' names, and how many variants are not drawn.
pub(super) fn drawn<'a>(runs: &[Reported<'a>]) -> (Vec<(String, &'a Diagram)>, usize) {
    let drawn: Vec<_> = runs.iter().filter_map(|run| Some((run.result.variant.label(), run.diagram?))).collect();
    let others = runs.len() - drawn.len();
    (drawn, others)
}

fn diagrams(origin: Origin<'_>, runs: &[Reported<'_>]) -> Section {
    let (diagrams, others) = drawn(runs);
    let lead = "Time runs down; silence is cut out. Point at an arrow or a bar, or tap it, to be told its cause.";
    let lead = match others {
        0 => lead.to_owned(),
        others => format!("{lead} {others} more variants are not drawn; choose with --handshake and --teardown."),
    };
    Section::new("diagrams", "What happened", lead, beside(&diagrams, origin.command))
}

/// Diagrams with their names, and the command that draws them again. Two stand beside each other on most screens, on one axis of
/// time: that of all would be long for each. So would that of two, where only parts are drawn, of which one lasts longer.
pub(super) fn beside(diagrams: &[(String, &Diagram)], command: &str) -> String {
    let of = |pair: &[(String, &Diagram)]| {
        let both: Vec<&Diagram> = pair.iter().map(|(_, diagram)| *diagram).collect();
        let is_whole = both.iter().all(|diagram| diagram.cut.is_none());
        let of = |(name, diagram): &(String, &Diagram)| {
            let together = if is_whole { both.clone() } else { vec![*diagram] };
            let caption = Caption { title: name.clone(), subtitle: String::new(), command: command.to_owned() };
            picture(&format!("Diagram of {name}"), &svg_beside(diagram, &together, &caption))
        };
        pictures(&pair.iter().map(of).collect::<String>())
    };
    diagrams.chunks(2).map(of).collect()
}

fn states(origin: Origin<'_>, subtitle: &str, runs: &[Reported<'_>]) -> Section {
    let (diagrams, _) = drawn(runs);
    let named: Vec<(&str, &Diagram)> = diagrams.iter().map(|(name, diagram)| (name.as_str(), *diagram)).collect();
    let caption = Caption {
        title: "States of connections".to_owned(),
        subtitle: subtitle.to_owned(),
        command: origin.command.to_owned(),
    };
    let is_empty = diagrams.iter().all(|(_, diagram)| diagram.lives.is_empty());
    let html = if is_empty {
        String::new()
    } else {
        pictures(&picture("States of connections", &timelines(&named, &caption)))
    };
    let lead =
        "A bar for each connection of each host, on the axis of the diagrams; hatched while it is held for nobody.";
    Section::new("states", "States over time", lead, html)
}

fn taken<'a>(runs: &[Reported<'a>]) -> Vec<(String, &'a Changes)> {
    runs.iter().filter_map(|run| Some((run.result.variant.label(), run.changes?))).collect()
}

fn ledger(runs: &[Reported<'_>], listed: Listed) -> Section {
    let balances: Vec<(String, &Balance)> =
        runs.iter().map(|run| (run.result.variant.label(), run.result.ledger)).collect();
    let books: Vec<&Balance> = runs.iter().map(|run| run.result.ledger).collect();
    let variants: Vec<&Variant> = runs.iter().map(|run| run.result.variant).collect();
    let table = Table::of_lines("The ledger", "held", &variants, &beside_lines(&books, listed)).html();
    let details =
        if table.is_empty() { table } else { folded("In numbers, and because of which packet", &table, false) };
    let lead = "How much hosts held for how long, for someone or for nobody, and what is to blame. Bars of one thing are to one scale.";
    Section::new("ledger", "What was held, and for whom", lead, bars(&balances) + &details)
}

fn explanations(runs: &[Reported<'_>]) -> Section {
    let told = runs.iter().filter(|run| !run.explanation.parts.is_empty());
    let told = told.map(|run| folded(&run.result.variant.label(), &explanation(run.explanation), true));
    Section::new(
        "explanation",
        "Why",
        "What was held for nobody, and what went wrong: the worst first.",
        told.collect(),
    )
}

fn metrics(results: &[(&Variant, &Summary)], hosts: &[&str], listed: Listed) -> Section {
    let variants: Vec<&Variant> = results.iter().map(|(variant, _)| *variant).collect();
    let summaries: Vec<&Summary> = results.iter().map(|(_, summary)| *summary).collect();
    let table = |caption: &str, lines: Vec<Line>| Table::of_lines(caption, "metric", &variants, &lines).html();
    // A run that is compared with no other differs in nothing.
    let differing = if results.len() > 1 { comparison_lines(&summaries, hosts, listed) } else { Vec::new() };
    let all: Vec<_> = comparison_lines(&summaries, hosts, Listed::All);
    let telling: Vec<_> = all.into_iter().filter(|line| listed == Listed::All || line.tells()).collect();
    let head = match differing.is_empty() {
        true => table("Metrics", telling),
        false => {
            table("Metrics in which variants differ", differing)
                + &folded("All that is not zero", &table("All metrics", telling), false)
        }
    };
    let lead = if results.len() > 1 {
        format!("In which variants differ; × is times {}.", variants[base(&variants)].label())
    } else {
        String::new()
    };
    Section::new("metrics", "Metrics", lead, head)
}

fn facts(origin: Origin<'_>, runs: &[Reported<'_>]) -> Vec<(String, String)> {
    let mut facts = vec![("seed".to_owned(), origin.experiment.seed().to_string())];
    facts.extend(runs.iter().map(|run| {
        let summary = run.result.summary;
        let told = format!("digest {}, {} events, the last at {} s", summary.digest, summary.events, summary.ended_at);
        (run.result.variant.label(), told)
    }));
    facts
}

/// A part that can be opened and closed.
pub(super) fn folded(summary: &str, html: &str, open: bool) -> String {
    rendered(&Folded { summary, html, open })
}

/// A picture under its title.
pub(super) fn figure(title: &str, html: &str) -> String {
    rendered(&Figure { title, html })
}

/// What the colours and dashes of lines mean.
pub(super) fn legend(names: &[String]) -> String {
    let names: Vec<(String, &String)> = names.iter().enumerate().map(|(place, name)| (class(place), name)).collect();
    rendered(&Legend { names })
}

#[derive(Template)]
#[template(
    source = "<details{% if open %} open{% endif %}><summary>{{ summary }}</summary>\n{{ html|safe }}</details>\n",
    ext = "html"
)]
struct Folded<'a> {
    summary: &'a str,
    html: &'a str,
    open: bool,
}

#[derive(Template)]
#[template(source = "<figure><figcaption>{{ title }}</figcaption>{{ html|safe }}</figure>\n", ext = "html")]
struct Figure<'a> {
    title: &'a str,
    html: &'a str,
}

#[derive(Template)]
#[template(
    source = r#"<ul class="legend" aria-label="Lines">{% for (class, name) in names %}<li><svg class="sign" viewBox="0 0 34 10" aria-hidden="true"><path class="{{ class }}" d="M1 5H33"/></svg>{{ name }}</li>{% endfor %}</ul>"#,
    ext = "html"
)]
struct Legend<'a> {
    names: Vec<(String, &'a String)>,
}
