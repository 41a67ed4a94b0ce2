//! A simulated host with the profile `linux` against recordings of Linux 6.18, segment by segment.
//!
//! `linux/recordings` holds what the kernel did, `linux/experiments` one experiment for each recording, and
//! `linux/STATUS.toml` how they compare. The test fails when a status is no longer true, whichever way it changed: an
//! improvement must be written down too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use experiment::{Experiment, simulate};
use report::diff::{Agreement, Comparison, Observation, compare};
use report::{Colour, Hosts, Trace};

fn directory(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("linux").join(name)
}

/// The names of the files with this extension, without it.
fn names(directory: &Path, extension: &str) -> BTreeSet<String> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let with_extension = paths.filter(|path| path.extension().is_some_and(|found| found == extension));
    with_extension.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

fn statuses() -> BTreeMap<String, String> {
    toml::from_str(&fs::read_to_string(directory("STATUS.toml")).unwrap()).unwrap()
}

fn compared(name: &str) -> Comparison {
    let file = directory("experiments").join(format!("{name}.toml"));
    let experiment = Experiment::load(file.to_str().unwrap(), &[]).unwrap_or_else(|errors| panic!("{errors}"));
    let scenario = experiment.scenario(&experiment.variants()[0]).unwrap();
    let mut trace = Trace::new(Hosts::of(&scenario), Vec::new());
    simulate(&scenario, &mut trace).unwrap();
    let simulated = String::from_utf8(trace.finish().unwrap()).unwrap();
    let recorded = fs::read_to_string(directory("recordings").join(format!("{name}.csv"))).unwrap();
    compare(&Observation::read(&simulated).unwrap(), &Observation::read(&recorded).unwrap())
}

/// The status that a comparison deserves, without the reason.
const fn word(agreement: &Agreement) -> &'static str {
    match agreement {
        Agreement::Agrees => "agrees",
        Agreement::UpToATie(_) => "agrees up to a tie",
        Agreement::Differs(_) => "differs",
    }
}

#[test]
fn every_recording_has_an_experiment_and_a_status() {
    let recordings = names(&directory("recordings"), "csv");
    assert!(recordings.len() > 60);
    assert_eq!(names(&directory("experiments"), "toml"), recordings);
    assert_eq!(statuses().into_keys().collect::<BTreeSet<_>>(), recordings);
}

#[test]
fn every_status_is_true() {
    let mut wrong = String::new();
    for (name, status) in statuses() {
        let comparison = compared(&name);
        let (listed, reason) = status.split_once(": ").unwrap_or((&status, ""));
        let found = word(comparison.agreement());
        assert_eq!(listed == "differs", !reason.is_empty(), "{name}: a difference has a reason, and nothing else has");
        if listed != found {
            let ladders = comparison.render("simulated", "recorded", Colour::Never);
            wrong.push_str(&format!("{name} is listed as `{listed}`:\n{ladders}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// A comparison that finds nothing wrong with anything would pass above.
#[test]
fn a_recording_agrees_with_itself_and_with_no_other_scenario() {
    let read = |name: &str| {
        let text = fs::read_to_string(directory("recordings").join(format!("{name}.csv"))).unwrap();
        Observation::read(&text).unwrap()
    };
    let recordings = names(&directory("recordings"), "csv");
    for name in &recordings {
        assert_eq!(compare(&read(name), &read(name)).agreement(), &Agreement::Agrees, "{name}");
    }
    let pairs = [
        ("n1_client_close", "n2_server_close"),
        ("h1_syn_lost_1", "h1_syn_lost_2"),
        ("c3_fin_lost_3", "c4_fin_lost_all"),
    ];
    for (one, other) in pairs {
        assert!(matches!(compare(&read(one), &read(other)).agreement(), Agreement::Differs(_)), "{one} and {other}");
    }
}
