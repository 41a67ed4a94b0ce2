//! The answer: whether what was expected came true, and the few numbers that matter most.

use askama::Template;
use experiment::{Summary, Variant, Verdict, catalogue};

use super::rendered;
use super::table::{Cell, Row, Table};
use crate::amount::{shown_unit, whole};
use crate::tables::{Line, base};

/// What is told of each variant at a glance.
const GLANCE: [(&str, &str); 6] = [
    ("setup.seconds.mean", "time to open, mean"),
    ("setup.round-trips", "round trips to open, mean"),
    ("segments.sent", "segments sent"),
    ("segments.wasted", "wasted segments"),
    ("waste.byte-seconds", "memory held for nobody"),
    ("data.lost.bytes", "data lost"),
];

/// A claim that was put to the test.
pub(super) struct Claimed {
    pub(super) sentence: String,
    pub(super) finding: &'static str,
    pub(super) evidence: String,
}

/// An expectation that was judged: of which variant or point, and how.
pub(super) struct Judged<'a> {
    pub(super) of: String,
    pub(super) verdict: &'a Verdict,
}

#[derive(Template)]
#[template(path = "answer.html")]
struct Answer<'a> {
    claim: Option<&'a Claimed>,
    holds: bool,
    verdict: String,
    failed: String,
    glance: String,
    all: String,
}

/// The answer as HTML. Those that do not hold stand first; those that do can be opened.
pub(super) fn answer(claim: Option<&Claimed>, of: &str, judged: &[Judged<'_>], glance: String) -> String {
    let failed: Vec<&Judged<'_>> = judged.iter().filter(|judged| !judged.verdict.passed).collect();
    let verdict = match (judged.len(), failed.len()) {
        (0, _) => "Nothing is expected of these runs.".to_owned(),
        (1, 0) => "The one expectation holds.".to_owned(),
        (all, 0) => format!("All {} expectations hold.", whole(all as u64)),
        (all, failed) => format!("{} of {} expectations do not hold.", whole(failed as u64), whole(all as u64)),
    };
    let all: Vec<&Judged<'_>> = judged.iter().collect();
    rendered(&Answer {
        claim,
        holds: failed.is_empty(),
        verdict,
        failed: table("Expectations that do not hold", of, &failed),
        glance,
        all: table("Expectations", of, &all),
    })
}

/// So many expectations have a row.
const MOST: usize = 500;

fn table(caption: &str, of: &str, judged: &[&Judged<'_>]) -> String {
    let heads = ["verdict", "expected", of, "found", "because"];
    let mut table = Table::new(caption, heads.map(|head| (head.to_owned(), false)).into());
    if judged.iter().all(|judged| judged.verdict.because.is_none()) {
        table.heads.pop();
    }
    for Judged { of, verdict } in judged.iter().take(MOST) {
        let (mark, class) = if verdict.passed { ("✓ holds", "good") } else { ("✗ fails", "poor") };
        let mut cells = vec![
            Cell::new(mark).class(class),
            Cell::new(format!("{} (line {})", verdict.that, verdict.line)).class("code"),
            Cell::new(of.as_str()).class("name"),
            Cell::new(verdict.actual.as_str()).class("code"),
            Cell::new(verdict.because.clone().unwrap_or_default()),
        ];
        cells.truncate(table.heads.len());
        table.rows.push(Row::Cells(cells));
    }
    table.html()
}

/// The few numbers that matter most, of each variant.
pub(super) fn glance(runs: &[(&Variant, &Summary)], hosts: &[&str]) -> String {
    let variants: Vec<&Variant> = runs.iter().map(|(variant, _)| *variant).collect();
    let known = catalogue(hosts);
    let lines = GLANCE.into_iter().filter_map(|(name, words)| {
        let info = known.iter().find(|info| info.name == name)?;
        let values: Vec<Option<f64>> = runs.iter().map(|(_, summary)| summary.metrics.get(name).flatten()).collect();
        let tells = values.iter().any(|value| value.is_some_and(|value| value != 0.0));
        let (name, unit) = (words.to_owned(), shown_unit(info.unit));
        tells.then(|| Line::Values { name, unit, values, exact: !unit.contains('·') })
    });
    let lines: Vec<Line> = lines.collect();
    let what = if variants.len() > 1 {
        format!("× is times {}", variants[base(&variants)].label())
    } else {
        "at a glance".to_owned()
    };
    Table::of_lines("The variants at a glance", &what, &variants, &lines).html()
}
