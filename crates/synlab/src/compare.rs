//! `synlab compare`: every variant on the same randomness, side by side.

use experiment::{Axis, Experiment, Summary, Variant, Verdict};
use report::diagram::{Diagram, Look, ladders, svg};
use report::{Balance, Colour, Hosts, LedgerBook, Listed, RunResult, effects, json, ledgers, lines, tables, verdicts};

use crate::Ending;
use crate::cli::{Compare, CompareFormat};
use crate::complaint::Complaint;
use crate::execute::{Runs, load, measured};
use crate::output;
use crate::picture::{self, Frame};
use crate::window;

/// A variant, and the axes along which its decisions are changed.
type Crossed = (Variant, Vec<Axis>);

/// What stands above the effects of the axes.
const EFFECTS: &str = "what each decision does by itself to the first combination, and what several do together (\u{d7}) beyond that:\n\
                       the terms of a combination add up to its value.";
/// Variants that are drawn, unless they are chosen by name.
const DRAWN: usize = 4;

pub(crate) fn compare(arguments: &Compare) -> Result<Ending, Complaint> {
    if let Some(file) = &arguments.svg {
        picture::check_file("--svg", file, arguments.output.as_deref())?;
    }
    let experiment = load(&arguments.source)?;
    let (experiment, crossed) = match cross(arguments, &experiment)? {
        None => (experiment, None),
        Some((base, axes)) => (experiment.crossed(&base, &axes)?, Some((base, axes))),
    };
    let variants = if crossed.is_none() {
        choose(&arguments.handshake, &arguments.teardown, &experiment)?
    } else {
        experiment.variants()
    };
    let frame = Frame::open(arguments.svg.as_deref())?;
    let mut runs = Runs::of(&experiment, arguments.source.engine);
    let mut drawn_as_text = Vec::new();
    let mut diagrams = Vec::new();
    let mut ledgers = Vec::new();
    let mut explanations = Vec::new();
    let drawn = drawn(!(arguments.handshake.is_empty() && arguments.teardown.is_empty()), &variants);
    let with_ladder = !arguments.no_ladder && arguments.format == CompareFormat::Text;
    let explained = arguments.explain && arguments.format == CompareFormat::Text;
    let colour = output::colour(arguments.output.as_deref());
    for variant in &variants {
        let hosts = Hosts::of(&experiment.scenario(variant)?);
        let is_drawn = drawn.contains(&variant);
        let mut ledger = LedgerBook::new(hosts);
        let mut ladder = (with_ladder && is_drawn).then(|| picture::ladder(&ledger, arguments.rows));
        let mut diagram = (arguments.svg.is_some() && is_drawn).then(|| picture::diagram(&ledger));
        let mut explanation = explained.then(|| ledger.explanation(arguments.all));
        runs.watch(variant, &mut ((&mut ladder, &mut diagram, &mut ledger), &mut explanation))?;
        ledgers.push(ledger.balance(experiment.horizon()));
        let end = experiment.horizon();
        explanations.push(explanation.map_or(String::new(), |explanation| explanation.render(end, colour)));
        if let Some(mut ladder) = ladder {
            ladder.finish(experiment.horizon());
            drawn_as_text.push((variant.label(), ladder));
        }
        if let Some(mut diagram) = diagram {
            diagram.finish(experiment.horizon());
            diagrams.push((variant.clone(), diagram));
        }
    }
    window::draw(&mut runs, &experiment, &mut diagrams)?;
    let diagrams: Vec<(String, Diagram)> =
        diagrams.into_iter().map(|(variant, diagram)| (variant.label(), diagram)).collect();
    if let Some(frame) = frame {
        frame.fill(&draw(arguments, &experiment, &diagrams, variants.len() - diagrams.len()))?;
    }
    runs.note_unmatched("");
    let mut done: Vec<(Variant, Summary, Balance, Vec<Verdict>)> = Vec::new();
    for (variant, ledger) in variants.into_iter().zip(ledgers) {
        let summary = runs.summary(&variant)?.clone();
        let verdicts = runs.judge(&variant)?;
        done.push((variant, summary, ledger, verdicts));
    }
    let results: Vec<RunResult<'_>> = done
        .iter()
        .map(|(variant, summary, ledger, verdicts)| RunResult {
            experiment: &experiment,
            variant,
            summary,
            ledger,
            verdicts,
        })
        .collect();
    let file = arguments.output.as_deref();
    let text = match arguments.format {
        CompareFormat::Text => output::in_ascii(
            arguments.ascii,
            text(arguments, crossed.as_ref(), &results, &drawn_as_text, &explanations, colour),
        ),
        CompareFormat::Json => match &crossed {
            Some((_, axes)) => json::crossed(&results, axes),
            None => json::runs(&results),
        },
    };
    output::write(file, &text)?;
    Ok(Ending::of(results.iter().flat_map(|result| result.verdicts)))
}

/// The axes of the arguments, if there are any, and the variant whose decisions they change.
fn cross(arguments: &Compare, experiment: &Experiment) -> Result<Option<Crossed>, Complaint> {
    let axes: Vec<Axis> = arguments.axis.iter().map(|axis| Axis::parse(axis)).collect::<Result<_, _>>()?;
    if axes.is_empty() {
        return Ok(None);
    }
    let first = |chosen: &[String]| chosen.first().cloned();
    let (handshake, teardown) = (first(&arguments.handshake), first(&arguments.teardown));
    let base = experiment.variant(handshake.as_deref(), teardown.as_deref())?;
    Ok(Some((base, Axis::in_order(axes))))
}

/// The variants to run: every handshake with every teardown, those of the arguments or else those of the file.
pub(crate) fn choose(
    handshakes: &[String],
    teardowns: &[String],
    experiment: &Experiment,
) -> Result<Vec<Variant>, Complaint> {
    let listed = experiment.variants();
    let names = |chosen: &[String], listed: Vec<String>| {
        let mut names = Vec::new();
        for name in if chosen.is_empty() { listed } else { chosen.to_vec() } {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    };
    let handshakes = names(handshakes, listed.iter().map(|variant| variant.handshake.clone()).collect());
    let teardowns = names(teardowns, listed.iter().map(|variant| variant.teardown.clone()).collect());
    let mut variants = Vec::new();
    for handshake in &handshakes {
        for teardown in &teardowns {
            variants.push(experiment.variant(Some(handshake), Some(teardown))?);
        }
    }
    Ok(variants)
}

/// The variants that are drawn, as ladders or in a picture: all that were asked for by name, or else the first few and the base.
pub(crate) fn drawn(by_name: bool, variants: &[Variant]) -> Vec<&Variant> {
    let all: Vec<&Variant> = variants.iter().collect();
    if by_name || all.len() <= DRAWN {
        return all;
    }
    let base = tables::base(&all);
    let others = (0..all.len()).filter(|&place| place != base).take(DRAWN - 1);
    let mut places: Vec<usize> = others.chain([base]).collect();
    places.sort_unstable();
    places.into_iter().map(|place| all[place]).collect()
}

fn text(
    arguments: &Compare,
    crossed: Option<&Crossed>,
    results: &[RunResult<'_>],
    drawn: &[(String, Diagram)],
    explanations: &[String],
    colour: Colour,
) -> String {
    let Some(first) = results.first() else { return String::new() };
    let experiment = first.experiment;
    let width = output::width(arguments.output.as_deref());
    let question = experiment.question().map_or(String::new(), |question| format!(": {question}"));
    let variants: Vec<&Variant> = results.iter().map(|result| result.variant).collect();
    let base = tables::base(&variants);
    let of = format!(
        "seed {}, {}, the same network for every variant; × is times {}",
        experiment.seed(),
        measured(experiment),
        variants[base].label()
    );
    let columns = width.unwrap_or(usize::MAX);
    let head = lines(&format!("{}{question}", experiment.name()), columns) + &lines(&of, columns);
    let runs: Vec<(&Variant, &Summary)> = results.iter().map(|result| (result.variant, result.summary)).collect();
    let books: Vec<(&Variant, &Balance)> = results.iter().map(|result| (result.variant, result.ledger)).collect();
    let listed = if arguments.all { Listed::All } else { Listed::Telling };
    let left_out = if drawn.is_empty() { 0 } else { results.len() - drawn.len() };
    let more = format!("… {left_out} more variants are not drawn; choose with --handshake and --teardown\n");
    let mut parts = vec![
        head,
        drawing(arguments, drawn, &variants[base].label(), colour),
        if left_out > 0 { more } else { String::new() },
        tables::comparison(&runs, &experiment.host_names(), listed, columns),
        ledgers(&books, listed, columns),
    ];
    if let Some((base, axes)) = crossed {
        let summaries: Vec<&Summary> = results.iter().map(|result| result.summary).collect();
        let table = effects(axes, &summaries, &experiment.host_names(), listed, columns);
        parts.push(format!("On {}: {EFFECTS}\n\n{table}", base.label()));
    }
    for (result, explanation) in results.iter().zip(explanations) {
        let verdicts = verdicts(result.verdicts, colour);
        let found: Vec<&str> = [explanation.as_str(), &verdicts].into_iter().filter(|part| !part.is_empty()).collect();
        if !found.is_empty() {
            parts.push(format!("{}\n{}", result.variant.label(), found.join("\n")));
        }
    }
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The picture of the variants side by side.
fn draw(arguments: &Compare, experiment: &Experiment, diagrams: &[(String, Diagram)], left_out: usize) -> String {
    let chosen = |option, names: &'_ [String]| names.iter().map(|name| (option, name.clone())).collect::<Vec<_>>();
    let options = [
        chosen("--handshake", &arguments.handshake),
        chosen("--teardown", &arguments.teardown),
        chosen("--axis", &arguments.axis),
    ];
    let options = options.concat();
    let options: Vec<(&str, &str)> = options.iter().map(|(option, name)| (*option, name.as_str())).collect();
    let mut caption = picture::caption("compare", &arguments.source, &options, experiment, None);
    if left_out > 0 {
        caption.subtitle += &format!("; {left_out} more variants are not drawn");
    }
    svg(&named(diagrams), &caption)
}

fn named(diagrams: &[(String, Diagram)]) -> Vec<(&str, &Diagram)> {
    diagrams.iter().map(|(name, diagram)| (name.as_str(), diagram)).collect()
}

fn drawing(arguments: &Compare, drawn: &[(String, Diagram)], base: &str, colour: Colour) -> String {
    let width = output::width(arguments.output.as_deref()).unwrap_or(output::WIDTH);
    let base = drawn.iter().position(|(name, _)| name == base).unwrap_or(0);
    ladders(&named(drawn), base, Look { width, rows: arguments.rows, colour })
}
