//! The classic cases, which are built in, with their own expectations.

use experiment::{Experiment, Metrics, Variant, cases, simulate};

/// The metrics of every variant of an experiment.
fn measure(experiment: &Experiment) -> Vec<(Variant, Metrics)> {
    let measured = experiment.variants().into_iter().map(|variant| {
        let scenario = experiment.scenario(&variant).unwrap_or_else(|errors| panic!("{errors}"));
        let summary = simulate(&scenario, &mut ()).unwrap_or_else(|error| panic!("{}: {error}", experiment.name()));
        (variant, summary.metrics)
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
            measured.iter().find(|(known, _)| known == variant).and_then(|(_, metrics)| metrics.get(name)).flatten()
        };
        for (variant, _) in &measured {
            for expectation in experiment.expectations().iter().filter(|it| it.applies_to(variant)) {
                let verdict = expectation.judge(variant, &metric);
                if !verdict.passed {
                    broken.push(format!("{} {}: {}: {:?}", case.name, variant.label(), expectation.that(), verdict));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
