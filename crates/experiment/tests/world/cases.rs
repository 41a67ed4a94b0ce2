//! The classic cases, which are built in, with their own expectations.

use experiment::{Experiment, Metrics, Variant, Verdict, cases, simulate};

/// The metrics of every variant of an experiment, and whether the segments were sent that are expected of it.
fn measure(experiment: &Experiment) -> Vec<(Variant, Metrics, Vec<Verdict>)> {
    let measured = experiment.variants().into_iter().map(|variant| {
        let scenario = experiment.scenario(&variant).unwrap_or_else(|errors| panic!("{errors}"));
        let mut search = experiment.segment_search(&variant);
        let summary = simulate(&scenario, &mut search).unwrap_or_else(|error| panic!("{}: {error}", experiment.name()));
        let segments = search.map_or(Vec::new(), |search| experiment.judge_segments(&variant, &search));
        (variant, summary.metrics, segments)
    });
    measured.collect()
}

#[test]
fn every_expectation_of_the_classic_cases_holds() {
    let mut broken = Vec::new();
    for case in cases() {
        let experiment = Experiment::load(case.name, &[]).unwrap_or_else(|errors| panic!("{errors}"));
        let measured = measure(&experiment);
        let metric = |variant: &Variant, name: &str| {
            measured.iter().find(|(known, ..)| known == variant).and_then(|(_, metrics, _)| metrics.get(name)).flatten()
        };
        for (variant, _, segments) in &measured {
            for expectation in experiment.expectations().iter().filter(|it| it.applies_to(variant)) {
                let verdict = expectation.judge(variant, &metric);
                if !verdict.passed {
                    broken.push(format!("{} {}: {}: {:?}", case.name, variant.label(), expectation.that(), verdict));
                }
            }
            let missed = segments.iter().filter(|verdict| !verdict.passed);
            broken.extend(missed.map(|verdict| format!("{} {}: {verdict:?}", case.name, variant.label())));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
