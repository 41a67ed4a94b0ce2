//! Reports: what every one of them must be, and what a browser says of two.

mod browser;
mod windows;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use assert_cmd::cargo::cargo_bin_cmd;
use experiment::{cases, claims, studies};

/// Output of the command: standard output, standard error, exit status.
fn synlab(arguments: &[&str]) -> (String, String, Option<i32>) {
    let output = cargo_bin_cmd!("synlab").args(arguments).output().unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// A report on standard output.
fn report(arguments: &[&str]) -> String {
    let (html, err, code) = synlab(&[&["report", "--quiet"], arguments].concat());
    assert_eq!((err.as_str(), code), ("", Some(0)), "{arguments:?}");
    html
}

/// The values of an attribute, in order.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let begin = format!(" {attribute}=\"");
    html.split(begin.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// What holds of every report, whatever it is of.
fn check(name: &str, html: &str) {
    assert!(html.starts_with("<!DOCTYPE html>\n<html lang=\"en\">") && html.ends_with("</html>\n"), "{name}");
    let ids = values(html, "id");
    let once: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(once.len(), ids.len(), "{name}: no id comes twice");
    let links: Vec<&str> = values(html, "href").into_iter().filter_map(|link| link.strip_prefix('#')).collect();
    assert!(links.len() > 4 && links.iter().all(|link| once.contains(link)), "{name}: each link leads somewhere");
    let urls = html.match_indices("url(#").map(|(at, _)| html[at + 5..].split(')').next().unwrap());
    assert!(urls.clone().all(|id| once.contains(id)), "{name}: each reference, too");
    assert!(!html.contains("src=\"") && !html.contains("@import"), "{name}: it loads nothing");
    assert_eq!(html.matches("<h1>").count(), 1, "{name}");
    assert!(!html.contains("NaN") && !html.contains("=\"inf"), "{name}: every number is one");
    for tag in ["section", "table", "figure", "details", "svg", "div", "pre", "ul", "ol", "li", "tr"] {
        let (opened, closed) = (html.matches(&format!("<{tag}")).count(), html.matches(&format!("</{tag}>")).count());
        let only = html.matches(&format!("<{tag}>")).count() + html.matches(&format!("<{tag} ")).count();
        assert_eq!(only.min(opened), closed, "{name}: each <{tag}> is closed");
    }
    assert!(html.len() < 3_000_000, "{name}: {} octets", html.len());
}

#[test]
fn a_report_answers_the_question_and_says_how_to_repeat_it() {
    let html = report(&["stale-syn", "--handshake", "two-way", "--handshake", "three-way"]);
    check("stale-syn", &html);
    for part in [
        "<h1>What does one delayed, superseded SYN cost the server?</h1>",
        "expectations hold.",
        ">a ghost: nobody is there",
        "server: ESTABLISHED from 5 s until the run ends",
        "<h3>What was held for nobody, and why</h3>\n<ol class=\"stories\">\n<li><p class=\"poor\">server:80 ← client:49152 #1",
        "<code>receive 100\u{a0}B</code>",
        "<summary>two-way: client and server</summary>",
        ">rcv SYN ×2</text>",
        "38.7 MB·s of 38.7 MB·s for nobody (100.0 %)",
        "server:80 ← client:49152 #1",
        "<code>synlab report stale-syn --handshake two-way --handshake three-way -o stale-syn.html</code>",
        "<span class=k>horizon</span> = \"3h\"",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let run = synlab(&["run", "stale-syn", "--handshake", "two-way", "--no-ladder"]).0;
    let digest = run.rsplit(' ').next().unwrap().trim();
    assert!(html.contains(&format!("digest {digest}, ")), "{digest}");
    assert_eq!(html, report(&["stale-syn", "--handshake", "two-way", "--handshake", "three-way"]), "the same octets");
}

#[test]
fn what_does_not_hold_stands_first() {
    let broken = ["report", "stale-syn", "--set", "link.delay=60ms"];
    let (html, _, code) = synlab(&broken);
    assert_eq!(code, Some(1));
    let failed = html.find("Expectations that do not hold").expect("some do not");
    assert!(html.contains("✗ fails") && failed < html.find("id=\"diagrams\"").unwrap());
}

/// Every built-in case and claim, all of it, and the small plan of every study.
#[test]
fn every_experiment_has_a_report() {
    for case in [cases(), claims()].concat() {
        let experiment = experiment::Experiment::load(case.name, &[]).unwrap();
        if !experiment.has_sweep() {
            check(case.name, &report(&[case.name]));
        }
    }
    for study in studies() {
        check(study.name, &report(&[study.name, "--check"]));
    }
}

#[test]
fn a_report_of_a_sweep_has_lines_maps_points_and_differences() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let (page, rows) = (path("page.html"), path("all rows.csv"));
    let sweep = ["time-wait-length", "--check"];
    let out = report(&[&sweep[..], &["-o", &page, "--rows", &rows]].concat());
    assert_eq!(out, "");
    let html = fs::read_to_string(&page).unwrap();
    check("time-wait-length", &html);
    for part in [
        "id=\"lines\"",
        "id=\"heat\"",
        "id=\"points\"",
        "id=\"diagrams\"",
        "synlab compare time-wait-length --set ",
        "class=\"strip\"",
        "href=\"all%20rows.csv\"",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let plain = path("plain.csv");
    synlab(&[&["sweep"], &sweep[..], &["--quiet", "-o", &plain]].concat());
    assert_eq!(fs::read_to_string(&rows).unwrap(), fs::read_to_string(&plain).unwrap(), "the rows of the sweep");
    let threads = |number| report(&["setup-time-under-loss", "--check", "--threads", number]);
    let one = threads("1");
    assert_eq!(one, threads("3"), "threads decide nothing");
    assert!(one.contains("id=\"differences\"") && one.contains("setup.seconds.p99 over link.loss"));
}

#[test]
fn options_that_do_not_go_with_the_file_are_refused() {
    for (arguments, message) in [
        (&["stale-syn", "--rows", "x.csv"][..], "--rows: configs/cases/stale-syn.toml has no [sweep]"),
        (&["stale-syn", "--check"], "--check: configs/cases/stale-syn.toml has no [sweep]"),
        (
            &["setup-time-under-loss", "--handshake", "two-way"],
            "--handshake: the variants of a sweep are those of its file",
        ),
        (&["setup-time-under-loss", "-o", "one", "--rows", "one"], "--output and --rows both name one"),
    ] {
        let (out, err, code) = synlab(&[&["report"], arguments].concat());
        assert_eq!((out.as_str(), code), ("", Some(2)), "{arguments:?}");
        assert!(err.contains(message), "{err}");
    }
    assert!(!Path::new("x.csv").exists());
}
