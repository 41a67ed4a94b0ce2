//! The runs of a sweep as rows, for programs: JSON lines or CSV, a row for each run or for each of its metrics.
//!
//! A row begins with what the run is: the plan's fingerprint, the file, the variant, the seed, the replication and the
//! value of every axis. What it came to follows: the digest, the error, the metrics. Since the beginning is known before
//! anything runs, it tells whether a row that exists is the one that the plan has at its place.

use experiment::{Plan, PlannedRun, Summary, catalogue};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use crate::json::Value;

/// How rows are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values, the names of the columns first.
    Csv,
}

/// What the summary of a sweep needs of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// Whether it ended with an error.
    pub failed: bool,
    /// The metrics that the plan's summary shows, in its order.
    pub values: Vec<Option<f64>>,
}

impl Outcome {
    /// What the summary of `plan` needs of a run that came to this.
    #[must_use]
    pub fn of<E>(plan: &Plan, result: &Result<Summary, E>) -> Self {
        let value = |name: &String| result.as_ref().ok()?.metrics.get(name)?;
        Self { failed: result.is_err(), values: plan.metrics().iter().map(value).collect() }
    }
}

/// Writes the rows of one plan, and reads them again.
#[derive(Clone, Debug)]
pub struct Rows<'a> {
    plan: &'a Plan,
    format: Format,
    /// Whether each metric has a row of its own.
    long: bool,
    fingerprint: String,
    metrics: Vec<String>,
}

/// The columns in front of those of the axes.
const BEFORE_AXES: [&str; 6] = ["plan", "file", "handshake", "teardown", "seed", "replication"];

impl<'a> Rows<'a> {
    /// Rows of `plan`; `long` has a row for each metric of each run.
    #[must_use]
    pub fn new(plan: &'a Plan, format: Format, long: bool) -> Self {
        let metrics = catalogue(&plan.experiment().host_names()).into_iter().map(|metric| metric.name).collect();
        Self { plan, format, long, fingerprint: plan.fingerprint().to_string(), metrics }
    }

    /// How many lines there are of each run.
    #[must_use]
    pub fn lines(&self) -> usize {
        if self.long { self.metrics.len() } else { 1 }
    }

    /// What stands above all rows: the names of the columns; nothing in JSON lines.
    #[must_use]
    pub fn header(&self) -> String {
        match self.format {
            Format::Jsonl => String::new(),
            Format::Csv => {
                let axes = self.axes(0).map(|(key, _)| key.to_owned());
                let metrics: Vec<String> =
                    if self.long { vec!["metric".into(), "value".into()] } else { self.metrics.clone() };
                let names = BEFORE_AXES.map(str::to_owned).into_iter().chain(axes);
                let names = names.chain(["digest", "error"].map(str::to_owned)).chain(metrics);
                csv_line(names) + "\n"
            }
        }
    }

    /// What each line of a run begins with, whatever the run comes to.
    #[must_use]
    pub fn beginning(&self, run: &PlannedRun) -> String {
        match self.format {
            Format::Jsonl => {
                let mut text = line_of(&Identity { rows: self, run });
                text.truncate(text.len() - 1);
                text + ","
            }
            Format::Csv => {
                let axes = self.axes(run.point).map(|(_, value)| value.to_string());
                let fixed = [
                    self.fingerprint.clone(),
                    self.plan.experiment().file().to_owned(),
                    run.variant.handshake.clone(),
                    run.variant.teardown.clone(),
                    run.seed.to_string(),
                    run.replication.to_string(),
                ];
                csv_line(fixed.into_iter().chain(axes)) + ","
            }
        }
    }

    /// What tells a row of this plan from a row of another: the beginning of every line.
    #[must_use]
    pub fn mark(&self) -> String {
        match self.format {
            Format::Jsonl => format!("{{\"plan\":\"{}\",", self.fingerprint),
            Format::Csv => format!("{},", self.fingerprint),
        }
    }

    /// The lines of a run that came to `result`.
    #[must_use]
    pub fn write(&self, run: &PlannedRun, result: Result<&Summary, &str>) -> String {
        let beginning = self.beginning(run);
        let value = |name: &str| result.ok().and_then(|summary| summary.metrics.get(name)?);
        let digest = result.ok().map(|summary| summary.digest.to_string());
        let error = result.err();
        let mut text = String::new();
        if !self.long {
            let values = self.metrics.iter().map(|name| (name.as_str(), value(name)));
            text += &beginning;
            text += &self.end(digest.as_deref(), error, Values::Wide(values.collect()));
            text.push('\n');
            return text;
        }
        for name in &self.metrics {
            text += &beginning;
            text += &self.end(digest.as_deref(), error, Values::Long(name, value(name)));
            text.push('\n');
        }
        text
    }

    /// What the summary needs of a run, from its lines; nothing if they are not what [`Rows::write`] wrote.
    #[must_use]
    pub fn read(&self, run: &PlannedRun, text: &str) -> Option<Outcome> {
        let beginning = self.beginning(run);
        let wanted = self.plan.metrics();
        let mut outcome = Outcome { failed: false, values: vec![None; wanted.len()] };
        for line in text.lines() {
            let end = line.strip_prefix(&beginning)?;
            let (error, values) = self.read_end(end)?;
            outcome.failed |= error;
            for (name, value) in values {
                if let Some(place) = wanted.iter().position(|wanted| *wanted == name) {
                    outcome.values[place] = value;
                }
            }
        }
        Some(outcome)
    }

    /// The axes with their values at a point, save those that have columns anyway.
    fn axes(&self, point: u64) -> impl Iterator<Item = (&str, &experiment::SweepValue)> {
        let values = self.plan.values(point);
        let axes = self.plan.axes().iter().map(experiment::SweepAxis::key).zip(values);
        axes.filter(|(key, _)| !BEFORE_AXES.contains(&key.trim()))
    }

    fn end(&self, digest: Option<&str>, error: Option<&str>, values: Values<'_>) -> String {
        match self.format {
            Format::Jsonl => line_of(&End { digest, error, values: &values })[1..].to_owned(),
            Format::Csv => {
                let number = |value: Option<f64>| value.map(|value| line_of(&Value(value))).unwrap_or_default();
                let fixed = [digest, error].map(|text| text.unwrap_or_default().to_owned());
                let values: Vec<String> = match values {
                    Values::Wide(values) => values.into_iter().map(|(_, value)| number(value)).collect(),
                    Values::Long(name, value) => vec![name.to_owned(), number(value)],
                };
                csv_line(fixed.into_iter().chain(values))
            }
        }
    }

    /// Whether a row tells of an error, and its metrics.
    fn read_end(&self, end: &str) -> Option<(bool, Measured)> {
        match self.format {
            Format::Jsonl => {
                let object: serde_json::Map<String, serde_json::Value> =
                    serde_json::from_str(&format!("{{{end}")).ok()?;
                let values = if self.long {
                    vec![(object.get("metric")?.as_str()?.to_owned(), object.get("value")?.as_f64())]
                } else {
                    let value = |name: &String| Some((name.clone(), object.get(name)?.as_f64()));
                    self.plan.metrics().iter().map(value).collect::<Option<_>>()?
                };
                Some((!object.get("error")?.is_null(), values))
            }
            Format::Csv => {
                let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(end.as_bytes());
                let record = reader.records().next()?.ok()?;
                let number = |text: &str| text.parse::<f64>().ok();
                let values = if self.long {
                    vec![(record.get(2)?.to_owned(), number(record.get(3)?))]
                } else if record.len() == self.metrics.len() + 2 {
                    self.metrics
                        .iter()
                        .zip(record.iter().skip(2))
                        .map(|(name, text)| (name.clone(), number(text)))
                        .collect()
                } else {
                    return None;
                };
                Some((!record.get(1)?.is_empty(), values))
            }
        }
    }
}

/// Some metrics by name.
type Measured = Vec<(String, Option<f64>)>;

struct Identity<'a> {
    rows: &'a Rows<'a>,
    run: &'a PlannedRun,
}

impl Serialize for Identity<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { rows, run } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("plan", &rows.fingerprint)?;
        map.serialize_entry("file", rows.plan.experiment().file())?;
        map.serialize_entry("handshake", &run.variant.handshake)?;
        map.serialize_entry("teardown", &run.variant.teardown)?;
        map.serialize_entry("seed", &run.seed)?;
        map.serialize_entry("replication", &run.replication)?;
        for (key, value) in rows.axes(run.point) {
            map.serialize_entry(key, &value.json())?;
        }
        map.end()
    }
}

enum Values<'a> {
    Wide(Vec<(&'a str, Option<f64>)>),
    Long(&'a str, Option<f64>),
}

struct End<'a> {
    digest: Option<&'a str>,
    error: Option<&'a str>,
    values: &'a Values<'a>,
}

impl Serialize for End<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("digest", &self.digest)?;
        map.serialize_entry("error", &self.error)?;
        match self.values {
            Values::Wide(values) => {
                for (name, value) in values {
                    map.serialize_entry(name, &value.map(Value))?;
                }
            }
            Values::Long(name, value) => {
                map.serialize_entry("metric", name)?;
                map.serialize_entry("value", &value.map(Value))?;
            }
        }
        map.end()
    }
}

fn line_of(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("keys are strings and numbers are finite")
}

/// A line of cells without its end. A cell with a line break in it is written as JSON, so that a row is a line.
fn csv_line(cells: impl IntoIterator<Item = String>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let cells = cells.into_iter().map(|cell| if cell.contains(['\n', '\r']) { line_of(&cell) } else { cell });
    writer.write_record(cells).expect("memory takes what it is given");
    let octets = writer.into_inner().expect("memory takes what it is given");
    let mut text = String::from_utf8(octets).expect("cells are text");
    text.truncate(text.trim_end_matches('\n').len());
    text
}
