//! `synlab compare`: every variant on the same randomness, side by side.

use experiment::{Summary, Variant, Verdict};
use report::{Colour, Listed, RunResult, json, tables, verdicts};

use crate::Ending;
use crate::cli::{Compare, CompareFormat};
use crate::complaint::Complaint;
use crate::execute::{Runs, load};
use crate::output;

pub(crate) fn compare(arguments: &Compare) -> Result<Ending, Complaint> {
    let experiment = load(&arguments.source)?;
    let mut runs = Runs::of(&experiment);
    let mut done: Vec<(Variant, Summary, Vec<Verdict>)> = Vec::new();
    for variant in experiment.variants() {
        let summary = runs.summary(&variant)?.clone();
        let verdicts = runs.judge(&variant)?.into_iter().map(|(_, verdict)| verdict).collect();
        done.push((variant, summary, verdicts));
    }
    let results: Vec<RunResult<'_>> = done
        .iter()
        .map(|(variant, summary, verdicts)| RunResult { experiment: &experiment, variant, summary, verdicts })
        .collect();
    let file = arguments.output.as_deref();
    let text = match arguments.format {
        CompareFormat::Text => text(arguments, &results, output::colour(file)),
        CompareFormat::Json => json::runs(&results),
    };
    output::write(file, &text)?;
    Ok(Ending::of(done.iter().flat_map(|(_, _, verdicts)| verdicts)))
}

fn text(arguments: &Compare, results: &[RunResult<'_>], colour: Colour) -> String {
    let Some(first) = results.first() else { return String::new() };
    let experiment = first.experiment;
    let question = experiment.question().map_or(String::new(), |question| format!(": {question}"));
    let variants: Vec<&Variant> = results.iter().map(|result| result.variant).collect();
    let head = format!(
        "{}{question}\nseed {}, until {} s, the same network for every variant; × is times {}\n",
        experiment.name(),
        experiment.seed(),
        experiment.horizon(),
        variants[tables::base(&variants)].label()
    );
    let runs: Vec<(&Variant, &Summary)> = results.iter().map(|result| (result.variant, result.summary)).collect();
    let listed = if arguments.all { Listed::All } else { Listed::Telling };
    let mut parts = vec![head, tables::comparison(&runs, &experiment.host_names(), listed)];
    for result in results.iter().filter(|result| !result.verdicts.is_empty()) {
        parts.push(format!("{}\n{}", result.variant.label(), verdicts(result.verdicts, colour)));
    }
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}
