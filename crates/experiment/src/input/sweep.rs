//! The `[sweep]` section: which keys are varied, over which values, and how often each run is repeated.

use schemars::JsonSchema;
use serde::Deserialize;

use super::diagnostic::{Diagnostic, Diagnostics, suggest};
use super::expect::Context;
use super::expression::Fault;
use super::measure::Measure;
use super::replications::{Count, Part, Replications, Rule};
use super::sweep_axis::{AxisSection, SweepAxis, overlap};
use super::sweep_expect::{self, SweepExpectation};
use super::tree::{Node, Table};

/// How sure intervals are if the sweep does not say.
const DEFAULT_CONFIDENCE: f64 = 0.95;

/// A plan of many runs: every variant at every point that the axes span, several times each.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Sweep")]
pub(super) struct Section {
    /// How often each variant is run at each point, each time with another seed; the first has the file's. Default: 1.
    replications: Option<Replications>,
    /// How sure the intervals of the summary are. Default: "95 %".
    confidence: Option<Part>,
    /// Whether the axes are varied together, value by value, instead of each with each. Default: false.
    zip: Option<bool>,
    /// What is varied; the last axis varies fastest.
    axis: Option<Vec<AxisSection>>,
    /// What the summary shows, with intervals: the mean of a metric or of a sum of metrics; the share of runs in which a
    /// comparison holds ("server.ghost.connections > 0"); a quantile over runs ("p90(server.ghost.seconds)") or over all
    /// opens of all runs ("p99(setup.seconds)").
    metrics: Option<Vec<String>>,
    /// What must hold of the runs of each variant at each point.
    expect: Option<Vec<sweep_expect::Section>>,
    /// The smaller plan that `synlab verify` and `synlab sweep --check` run.
    check: Option<CheckSection>,
}

/// What the smaller plan leaves of the whole one.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SweepCheck")]
struct CheckSection {
    /// How often each variant is run at each point. Default: 1.
    replications: Option<Count>,
    /// Most values of each axis, from the first to the last (of the points, if the axes are zipped). Default: 2.
    values: Option<Count>,
}

/// Everything a `[sweep]` says.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Sweep {
    pub(super) axes: Vec<SweepAxis>,
    pub(super) zip: bool,
    /// How often, or how often at most.
    pub(super) replications: u32,
    pub(super) precision: Option<Precision>,
    pub(super) confidence: f64,
    /// What the summary shows, and after that what else is expected of.
    pub(super) measures: Vec<Measure>,
    /// How many of them the summary shows.
    pub(super) shown: usize,
    pub(super) expectations: Vec<SweepExpectation>,
    pub(super) check: Check,
}

/// When there are enough replications.
#[derive(Clone, PartialEq, Debug)]
pub struct Precision {
    /// The part of the value that half its interval may be.
    pub until: f64,
    /// Fewest replications.
    pub at_least: u32,
    /// The places of the measures that are judged.
    pub measures: Vec<usize>,
}

/// How much of a plan is left to check it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Check {
    pub(super) replications: u32,
    pub(super) values: u32,
}

/// What to show of a sweep that does not say: how long opening took, and what it took on the wire.
const DEFAULT_METRICS: [&str; 3] = ["setup.seconds.mean", "segments.sent", "segments.wasted"];

impl Sweep {
    /// Checks the section, of which `node` is the tree. `normal` moves a key's tree to where it belongs.
    pub(super) fn read(
        section: &Section,
        node: &Node,
        context: &Context,
        normal: impl Fn(Table) -> Result<Table, Diagnostics>,
    ) -> Result<Self, Diagnostics> {
        let mut errors = Diagnostics::default();
        let table = node.table()?;
        let zip = section.zip.unwrap_or(false);
        let axes = read_axes(section, table, zip, normal, &mut errors);
        let mut measures = read_measures(section, table, context, &mut errors);
        let shown = measures.len();
        let precision = match &section.replications {
            Some(Replications::Rule(rule)) => {
                let node = table.get("replications").expect("it was read");
                errors.keep(read_rule(rule, node, &measures))
            }
            _ => None,
        };
        let nodes = table.get("expect").and_then(Node::as_array).unwrap_or_default();
        let mut expectations = Vec::new();
        for (section, node) in section.expect.iter().flatten().zip(nodes) {
            let Some((expectation, read)) = errors.keep(SweepExpectation::read(section, node, &axes, context)) else {
                continue;
            };
            expectations.push(expectation);
            for measure in read {
                if !measures.iter().any(|other| other.text() == measure.text()) {
                    measures.push(measure);
                }
            }
        }
        let check = section.check.unwrap_or_default();
        errors.or(Self {
            axes,
            zip,
            replications: match &section.replications {
                None => 1,
                Some(Replications::Fixed(count)) => count.0,
                Some(Replications::Rule(rule)) => rule.at_most(),
            },
            precision,
            confidence: section.confidence.map_or(DEFAULT_CONFIDENCE, |part| part.0),
            measures,
            shown,
            expectations,
            check: Check {
                replications: check.replications.map_or(1, |count| count.0),
                values: check.values.map_or(2, |count| count.0),
            },
        })
    }
}

fn read_axes(
    section: &Section,
    table: &Table,
    zip: bool,
    normal: impl Fn(Table) -> Result<Table, Diagnostics>,
    errors: &mut Diagnostics,
) -> Vec<SweepAxis> {
    let sections = section.axis.as_deref().unwrap_or_default();
    let nodes = table.get("axis").and_then(Node::as_array).unwrap_or_default();
    let mut axes: Vec<SweepAxis> = Vec::new();
    for (section, node) in sections.iter().zip(nodes) {
        let Some(axis) = errors.keep(SweepAxis::read(section, node, &normal)) else { continue };
        let one = |axis: &SweepAxis| axis.values()[0].overlay.clone();
        if axes.iter().any(|other| overlap(&one(&axis), &one(other)).is_some()) {
            errors.push(axis.place().error(format!("`{}` is varied by another axis already", axis.key())));
        }
        axes.push(axis);
    }
    if let Some(place) = table.entry("axis").filter(|_| sections.is_empty()).map(|entry| &entry.key_place) {
        errors.push(place.error("the list of axes is empty"));
    }
    if let Some((first, others)) = axes.split_first().filter(|_| zip) {
        let many = first.values().len();
        for other in others.iter().filter(|other| other.values().len() != many) {
            let (key, other_key, others) = (first.key(), other.key(), other.values().len());
            let message =
                format!("zipped axes have as many values each: `{key}` has {many}, `{other_key}` has {others}");
            errors.push(other.place().error(message));
        }
    }
    axes
}

/// What the summary shows.
fn read_measures(section: &Section, table: &Table, context: &Context, errors: &mut Diagnostics) -> Vec<Measure> {
    let Some(texts) = &section.metrics else {
        let read = |text: &&str| Measure::read(text, context);
        return DEFAULT_METRICS.iter().map(read).collect::<Result<_, _>>().expect("metrics of every run");
    };
    let list = table.get("metrics").expect("it was read");
    if texts.is_empty() {
        errors.push(list.place.error("the list of metrics is empty"));
    }
    let mut measures: Vec<Measure> = Vec::new();
    for (text, node) in texts.iter().zip(list.as_array().unwrap_or_default()) {
        let read = Measure::read(text, context).map_err(|Fault { range, message, help }| Diagnostic {
            help,
            ..node.place.inside(text, range).error(message)
        });
        let Some(measure) = errors.keep(read) else { continue };
        if measures.iter().any(|other| other.text() == measure.text()) {
            errors.push(node.place.error(format!("`{}` is listed twice", measure.text())));
            continue;
        }
        measures.push(measure);
    }
    measures
}

/// When there are enough replications; `node` is where the rule stands.
fn read_rule(rule: &Rule, node: &Node, measures: &[Measure]) -> Result<Precision, Diagnostics> {
    let mut errors = Diagnostics::default();
    let table = node.table()?;
    let (at_least, at_most) = (rule.at_least(), rule.at_most());
    if at_least > at_most {
        let place = ["at-least", "at-most"].iter().find_map(|key| table.get(key)).unwrap_or(node);
        errors.push(place.place.error(format!("at least {at_least} replications, and at most {at_most}")));
    }
    let names = table.get("of").and_then(Node::as_array).unwrap_or_default();
    let mut judged = Vec::new();
    for (text, node) in rule.of.iter().flatten().zip(names) {
        match measures.iter().position(|measure| measure.text() == text.trim()) {
            Some(place) => judged.push(place),
            None => {
                let help = suggest(text, measures.iter().map(Measure::text));
                errors.push(node.place.error(format!("`metrics` does not list `{text}`")).with_help(help));
            }
        }
    }
    if rule.of.as_ref().is_some_and(Vec::is_empty) {
        errors.push(node.place.error("`of` is empty: nothing would be judged"));
    }
    let all = || (0..measures.len()).collect();
    errors.or(Precision { until: rule.until.0, at_least, measures: if rule.of.is_some() { judged } else { all() } })
}
