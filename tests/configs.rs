//! Every file in `configs/`: it reads as a case should, and what it expects holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use experiment::{
    BuiltIn, Course, Estimate, Experiment, Extent, Follows, Measure, Summary, Variant, Verdict, case, cases, claims,
    profile, profiles, simulate, studies,
};
use sim_time::Duration;
use synlab_tests::{parse, scenario};
use tcp_endpoint::{GiveUp, Isn};

/// The TOML files of a directory of `configs/`, sorted, with their texts.
fn files(directory: &str) -> Vec<(PathBuf, String)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs").join(directory);
    let entries = fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("a directory can be read").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    assert!(!paths.is_empty(), "{} has no TOML file", directory.display());
    let text = |path: &PathBuf| fs::read_to_string(path).expect("a file of the repository can be read");
    paths.into_iter().map(|path| (path.clone(), text(&path))).collect()
}

fn stem(path: &Path) -> &str {
    path.file_stem().and_then(|stem| stem.to_str()).expect("names are Unicode")
}

/// Question, seed, handshakes, and expectations at the end: an experiment reads like the question it asks.
fn read_as_one(path: &Path, text: &str) -> Experiment {
    let name = stem(path);
    let begins = |start: &str| text.lines().any(|line| line.starts_with(start));
    assert!(text.starts_with("# "), "{name} opens with a comment");
    assert!(begins("seed = "), "{name} states its seed");
    assert!(begins("handshake = [\""), "{name} lists its handshakes");
    let tables: Vec<&str> = text.lines().filter(|line| line.starts_with('[')).collect();
    let first = tables.iter().position(|table| *table == "[[expect]]");
    let expects = first.map(|first| &tables[first..]).unwrap_or_default();
    let metrics = expects.iter().filter(|table| **table == "[[expect]]").count();
    let segments = expects.iter().rev().take_while(|table| **table == "[[expect-segment]]").count();
    assert!(
        metrics > 0 && metrics + segments == expects.len(),
        "{name} ends with [[expect]]s, then [[expect-segment]]s"
    );

    let experiment =
        Experiment::load(path.to_str().expect("paths are Unicode"), &[]).unwrap_or_else(|errors| panic!("{errors}"));
    assert!(experiment.question().is_some_and(|question| question.ends_with('?')), "{name} states its question");
    assert_eq!(experiment.expectations().len(), metrics, "{name}");
    assert_eq!(experiment.segment_expectations().len(), segments, "{name}");
    let hosts = experiment.host_names();
    assert!(hosts == ["client", "server"] || hosts.len() > 2 && hosts.contains(&"server"), "{name}: {hosts:?}");
    experiment
}

/// A case has its question on top.
#[test]
fn every_case_has_the_form_of_one() {
    for (path, text) in files("cases") {
        let name = stem(&path);
        assert!(text.lines().next().is_some_and(|line| line.ends_with('?')) || text.contains("?\n#"), "{name} asks");
        assert!(read_as_one(&path, &text).claim().is_none(), "{name} is no claim");
    }
}

/// A claim has its number in its name, and on top the claim itself and, in the same word as the key, what is true of it.
#[test]
fn every_claim_has_the_form_of_one() {
    let files = files("claims");
    for (number, (path, text)) in (1..).zip(&files) {
        let name = stem(path);
        assert!(name.starts_with(&format!("{number:02}-")), "{name} is number {number}");
        let experiment = read_as_one(path, text);
        let claim = experiment.claim().unwrap_or_else(|| panic!("{name} makes no claim"));
        let comment: Vec<&str> = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim).collect();
        let said = comment.iter().take_while(|line| !line.is_empty()).copied().collect::<Vec<_>>().join(" ");
        assert_eq!(said, format!("“{}”", claim.sentence()), "{name}");
        let verdict = comment.iter().skip_while(|line| !line.is_empty()).nth(1).map(|line| line.to_lowercase());
        assert!(verdict.is_some_and(|line| line.starts_with(claim.finding().words())), "{name} states its verdict");
    }
    assert_eq!(files.len(), 20);
}

/// A study has its question on top, says what its summary shows and what was found, and its small plan shows it.
#[test]
fn every_study_has_the_form_of_one_and_shows_what_it_says() {
    for (path, text) in files("studies") {
        let name = stem(&path);
        assert!(text.lines().next().is_some_and(|line| line.ends_with('?')) || text.contains("?\n#"), "{name} asks");
        for words in ["\n[sweep]\n", "\nmetrics = [", "\ncheck = {"] {
            assert!(text.contains(words), "{name} states {words}");
        }
        let experiment = read_as_one(&path, &text);
        assert!(experiment.claim().is_none(), "{name} is no claim");
        let whole = experiment.plan(Extent::Whole).unwrap_or_else(|errors| panic!("{errors}"));
        let plan = experiment.plan(Extent::Check).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(plan.runs() < whole.runs() && plan.runs() <= 50, "{name}: {} runs check it", plan.runs());
        let (mut course, mut judged) = (Course::new(&plan), 0);
        for number in 0..plan.runs() {
            let run = plan.run(number);
            let point = plan.at(run.point).unwrap_or_else(|errors| panic!("{errors}"));
            let scenario = scenario(&point.with_seed(run.seed), &run.variant);
            let played = simulate(&scenario, &mut ()).unwrap_or_else(|endless| panic!("{name}: {run:?}: {endless}"));
            let outcome = Measure::outcome(plan.measures(), Some(&played.metrics));
            let Follows::Point(result) = course.add(number, &outcome) else { continue };
            for (_, variant, verdict) in plan.judge(&result) {
                assert!(verdict.passed, "{name}, {}: {} but {}", variant.label(), verdict.that, verdict.actual);
                judged += 1;
            }
            let mut nothing = result;
            nothing.groups.iter_mut().for_each(|group| group.estimates.fill(Estimate::default()));
            for (_, _, verdict) in plan.judge(&nothing) {
                assert!(!verdict.passed, "{name}: `{}` holds of nothing at all", verdict.that);
            }
        }
        assert!(judged > 0, "{name} states what was found");
    }
}

/// What is compiled in: cases, claims and studies.
fn built_in() -> Vec<BuiltIn> {
    [cases(), claims(), studies()].concat()
}

#[test]
fn every_case_claim_and_study_is_built_in() {
    let files = [files("cases"), files("claims"), files("studies")].concat();
    for (path, text) in &files {
        let case = case(stem(path)).unwrap_or_else(|| panic!("{} is not built in", path.display()));
        assert_eq!(case.text, text, "{}", path.display());
    }
    assert_eq!(built_in().len(), files.len(), "and nothing else is");
}

#[test]
fn every_expectation_holds() {
    let mut failures = Vec::new();
    for case in built_in() {
        let experiment = parse(&case.path, case.text);
        let mut runs = BTreeMap::new();
        for variant in experiment.variants() {
            play(&experiment, &variant, &mut runs);
            let mut verdicts = Vec::new();
            let about = experiment.expectations().iter().filter(|expectation| expectation.applies_to(&variant));
            for expectation in about {
                for needed in expectation.needs(&variant) {
                    play(&experiment, &needed, &mut runs);
                }
                verdicts.push(expectation.judge(&variant, &|variant, metric| {
                    runs[variant].0.metrics.get(metric).unwrap_or_else(|| panic!("{}: no {metric}", case.name))
                }));
            }
            verdicts.extend(runs[&variant].1.clone());
            for verdict in verdicts.iter().filter(|verdict| !verdict.passed) {
                let (case, variant) = (case.name, variant.label());
                failures.push(format!("{case}, {variant}: {} but {}", verdict.that, verdict.actual));
            }
        }
    }
    assert!(failures.is_empty(), "replay with `cargo run -- run CASE --handshake NAME`:\n{}", failures.join("\n"));
}

/// What each variant came to, and whether the segments were sent that are expected of it.
type Runs = BTreeMap<Variant, (Summary, Vec<Verdict>)>;

fn play(experiment: &Experiment, variant: &Variant, runs: &mut Runs) {
    if !runs.contains_key(variant) {
        let mut search = experiment.segment_search(variant);
        let summary = simulate(&scenario(experiment, variant), &mut search).expect("time moves on");
        let segments = search.map_or(Vec::new(), |search| experiment.judge_segments(variant, &search));
        runs.insert(variant.clone(), (summary, segments));
    }
}

/// An expectation that nothing could break would be no expectation: each case has some that tell its variants, or its
/// own numbers, from others.
#[test]
fn every_expectation_can_fail() {
    for case in built_in() {
        let experiment = parse(&case.path, case.text);
        for expectation in experiment.expectations() {
            let variants = experiment.variants();
            let variant = variants.iter().find(|variant| expectation.applies_to(variant));
            let variant = variant.unwrap_or_else(|| panic!("{}: `{}` is about nothing", case.name, expectation.that()));
            let verdict = expectation.judge(variant, &|_, _| None);
            assert!(!verdict.passed, "{}: `{}` holds of nothing at all", case.name, expectation.that());
        }
    }
}

/// The RFC leaves its numbers to whoever configures a host: profile `rfc9293` does, within the bounds it sets.
#[test]
fn profile_rfc9293_keeps_to_the_numbers_of_the_rfc() {
    let experiment = parse(
        "profile.toml",
        r#"
        horizon = "10 min"
        handshake = ["three-way"]
        link.delay = "50ms"
        client = { profile = "rfc9293", script = ["connect", "close"] }
        server = { profile = "rfc9293", script = ["accept", "close on EOF"] }
        "#,
    );
    let variants = experiment.variants();
    let settings = &scenario(&experiment, &variants[0]).hosts[0].settings;
    let (teardown, limits) = (&settings.teardown, &settings.limits);
    let seconds = Duration::from_secs;
    let until_given_up = |retries| {
        let timeouts = (0..=retries).scan(limits.timers.rto_initial, |timeout, _| {
            let this = *timeout;
            *timeout = (this * 2).min(limits.timers.rto_max);
            Some(this)
        });
        timeouts.fold(Duration::ZERO, |sum, timeout| sum + timeout)
    };
    assert_eq!(teardown.time_wait, seconds(2 * 120), "MUST-13: 2 MSL, of two minutes (§3.4.2)");
    assert_eq!((limits.selection.isn, limits.selection.isn_tick), (Isn::Clock, Duration::from_micros(4)), "MUST-8");
    assert_eq!(limits.persistence.give_up, GiveUp::Retries);
    assert!(until_given_up(limits.persistence.data_retries) >= seconds(100), "SHLD-11");
    assert!(until_given_up(limits.persistence.orphan_retries) >= seconds(100), "SHLD-11");
    assert!(until_given_up(limits.handshake_retries.syn_retries) >= seconds(180), "MUST-23");
    assert!(until_given_up(limits.handshake_retries.syn_ack_retries.into()) >= seconds(180), "MUST-23");
    assert!(!limits.keepalive.keepalive, "MUST-25");
    assert!(limits.keepalive.keepalive_idle >= seconds(2 * 3600), "MUST-28");
    assert!(limits.keepalive.keepalive_probes > 1, "MUST-29");
    assert!(!limits.persistence.orphan_probes_end, "MUST-37");
    assert!(limits.close.reset_flushes, "§3.10.7.4");
    assert!(limits.acknowledgment.delayed_ack < Duration::from_millis(500), "MUST-40");
    assert_eq!(limits.selection.quiet_time, seconds(120), "§3.4.3: one MSL");
    assert!(limits.handshake_retries.fast_open_pause > Duration::ZERO, "RFC 7413 §4.1.3.1");
    assert!(limits.backlog.fast_open_backlog < u32::MAX, "RFC 7413 §4.2");
}

#[test]
fn every_profile_makes_a_host() {
    let files = files("profiles");
    for (path, text) in &files {
        let name = stem(path);
        let built_in = profile(name).unwrap_or_else(|| panic!("{name} is not built in"));
        assert_eq!(built_in.text, text);
        assert!(built_in.summary().is_some_and(|summary| !summary.is_empty()), "{name} says what it is");
        let experiment = parse(
            "profile.toml",
            &format!(
                r#"
                horizon = "10 min"
                handshake = ["two-way", "three-way"]
                link.delay = "50ms"
                client = {{ profile = "{name}", script = ["connect", "send 100 B", "receive 100 B", "close"] }}
                server = {{ profile = "{name}", script = ["accept", "receive 100 B", "send 100 B", "close on EOF"] }}
                "#
            ),
        );
        for variant in experiment.variants() {
            let summary = simulate(&scenario(&experiment, &variant), &mut ()).expect("time moves on");
            let metric = |name| synlab_tests::metric(&summary, name);
            assert_eq!(metric("data.delivered.bytes"), 200.0, "{name}, {}", variant.label());
            assert_eq!(metric("client.time-wait.entries"), 1.0, "{name}, {}", variant.label());
        }
    }
    assert_eq!(profiles().len(), files.len(), "and no other profile is built in");
}

/// The workloads of the benchmarks are experiments, too: what they expect holds at any size.
#[test]
fn what_a_workload_expects_holds() {
    let workload = |name: &str, changes: &[&str]| {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../benches/workloads").join(name);
        let changes: Vec<String> = changes.iter().map(|&change| change.to_owned()).collect();
        let experiment = Experiment::load(file.to_str().expect("paths are Unicode"), &changes);
        let experiment = experiment.unwrap_or_else(|errors| panic!("{errors}"));
        let variant = &experiment.variants()[0];
        let played =
            simulate(&experiment.scenario(variant).expect("it was checked"), &mut ()).expect("links have delays");
        assert!(!experiment.expectations().is_empty(), "{name} expects something");
        for expectation in experiment.expectations() {
            let verdict = expectation.judge(variant, &|_: &Variant, metric: &str| played.metrics.get(metric).flatten());
            assert!(verdict.passed, "{name} {changes:?}: {verdict:?}");
        }
        played.metrics
    };
    workload("flood.toml", &["flood.1.arrivals.most=2000"]);
    workload("resets-lost.toml", &["server.keepalive-probes=50"]);
    workload("lives.toml", &["client.arrivals.most=2000", "link.loss=0.05"]);
    let lossless = workload("lives.toml", &["client.arrivals.most=2000"]);
    assert_eq!(lossless.get("client.time-wait.seconds"), Some(Some(2000.0 * 240.0)), "2MSL each");
    assert_eq!(lossless.get("setup.seconds.mean"), Some(Some(0.02)), "a round trip each");
    assert_eq!(lossless.get("segments.sent"), Some(Some(2000.0 * 7.0)), "no segment more than it takes");
}
