//! The runs of a sweep as rows, for programs: JSON lines or CSV, a row for each run or for each of its metrics.
//!
//! A row begins with what the run is: the plan's fingerprint, the file, the variant, the seed, the replication and the
//! value of every axis. What it came to follows: the digest, the error, how long each open took if a measure is about all
//! opens (in long form on a run's first row only), the metrics. Since the beginning is known before
//! anything runs, it tells whether a row that exists is the one that the plan has at its place.

use experiment::{Latencies, Measure, Metrics, Plan, PlannedRun, RunOutcome, Summary, catalogue};
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

/// The column with how long each open took: what it has is in [`Latencies`].
const OPENS: &str = "setup.seconds";
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
                let opens = self.plan.has_opens().then_some(OPENS);
                let names = names.chain(["digest", "error"].into_iter().chain(opens).map(str::to_owned)).chain(metrics);
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
        // They come in the order of the columns.
        let values = result.ok().map_or(&[][..], |summary| summary.metrics.values());
        let values = values.iter().copied().chain(std::iter::repeat(None));
        let named = self.metrics.iter().map(String::as_str).zip(values);
        let digest = result.ok().map(|summary| summary.digest.to_string());
        let opens = result.ok().map(|summary| summary.metrics.setups().to_string());
        let end = |opens: Option<&str>, values: Values<'_>| {
            let opens = self.plan.has_opens().then_some(opens);
            self.end(&End { digest: digest.as_deref(), error: result.err(), opens, values })
        };
        if !self.long {
            return beginning + &end(opens.as_deref(), Values::Wide(named.collect())) + "\n";
        }
        let mut text = String::new();
        for (place, (name, value)) in named.enumerate() {
            text += &beginning;
            text += &end(opens.as_deref().filter(|_| place == 0), Values::Long(name, value));
            text.push('\n');
        }
        text
    }

    /// What statistics need of a run, from its lines; nothing if they are not what [`Rows::write`] wrote.
    #[must_use]
    pub fn read(&self, run: &PlannedRun, text: &str) -> Option<RunOutcome> {
        let beginning = self.beginning(run);
        let mut failed = false;
        let mut opens = Latencies::default();
        let mut values = Vec::with_capacity(self.metrics.len());
        for line in text.lines() {
            let row = self.read_end(line.strip_prefix(&beginning)?)?;
            failed |= row.failed;
            row.opens.iter().for_each(|more| opens.merge(more));
            values.extend(row.values);
        }
        let is_whole = values.iter().map(|(name, _)| name).eq(&self.metrics);
        let metrics = values.into_iter().collect::<Metrics>().with_setups(opens);
        is_whole.then(|| Measure::outcome(self.plan.measures(), Some(&metrics).filter(|_| !failed)))
    }

    /// The axes with their values at a point, save those that have columns anyway.
    fn axes(&self, point: u64) -> impl Iterator<Item = (&str, &experiment::SweepValue)> {
        let values = self.plan.values(point);
        let axes = self.plan.axes().iter().map(experiment::SweepAxis::key).zip(values);
        axes.filter(|(key, _)| !BEFORE_AXES.contains(&key.trim()))
    }

    fn end(&self, end: &End<'_>) -> String {
        match self.format {
            Format::Jsonl => line_of(end)[1..].to_owned(),
            Format::Csv => {
                let fixed = [Some(end.digest), Some(end.error), end.opens];
                let fixed = fixed.into_iter().flatten().map(|text| text.unwrap_or_default().to_owned());
                let (name, values) = match &end.values {
                    Values::Wide(values) => (None, values.as_slice()),
                    Values::Long(name, value) => (Some((*name).to_owned()), &[(*name, *value)][..]),
                };
                let line = csv_line(fixed.chain(name));
                // Numbers need no quotes, and are many.
                let mut octets = line.into_bytes();
                for (_, value) in values {
                    octets.push(b',');
                    if let Some(value) = value {
                        serde_json::to_writer(&mut octets, &Value(*value)).expect("numbers are finite");
                    }
                }
                String::from_utf8(octets).expect("numbers are text")
            }
        }
    }

    /// What stands in a row behind its beginning.
    fn read_end(&self, end: &str) -> Option<Row> {
        match self.format {
            Format::Jsonl => self.read_json(end),
            Format::Csv => self.read_csv(end),
        }
    }

    fn read_json(&self, end: &str) -> Option<Row> {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&format!("{{{end}")).ok()?;
        let values = if self.long {
            vec![(object.get("metric")?.as_str()?.to_owned(), object.get("value")?.as_f64())]
        } else {
            let value = |name: &String| Some((name.clone(), object.get(name)?.as_f64()));
            self.metrics.iter().map(value).collect::<Option<_>>()?
        };
        let opens = match self.plan.has_opens().then(|| object.get(OPENS)) {
            None | Some(Some(serde_json::Value::Null)) => None,
            Some(opens) => Some(opens?.as_str()?.parse().ok()?),
        };
        Some(Row { failed: !object.get("error")?.is_null(), opens, values })
    }

    fn read_csv(&self, end: &str) -> Option<Row> {
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(end.as_bytes());
        let record = reader.records().next()?.ok()?;
        let number = |text: &str| text.parse::<f64>().ok();
        let fixed = 2 + usize::from(self.plan.has_opens());
        let values = if self.long {
            vec![(record.get(fixed)?.to_owned(), number(record.get(fixed + 1)?))]
        } else if record.len() == self.metrics.len() + fixed {
            let values = record.iter().skip(fixed).map(number);
            self.metrics.iter().cloned().zip(values).collect()
        } else {
            return None;
        };
        let opens = if self.plan.has_opens() { Some(record.get(2)?.parse().ok()?) } else { None };
        Some(Row { failed: !record.get(1)?.is_empty(), opens, values })
    }
}

/// What a row says of its run.
struct Row {
    failed: bool,
    opens: Option<Latencies>,
    /// Some metrics by name.
    values: Vec<(String, Option<f64>)>,
}

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
    /// What the column for it has, if there is one.
    opens: Option<Option<&'a str>>,
    values: Values<'a>,
}

impl Serialize for End<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("digest", &self.digest)?;
        map.serialize_entry("error", &self.error)?;
        if let Some(opens) = self.opens {
            map.serialize_entry(OPENS, &opens)?;
        }
        match &self.values {
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
    // Each line has a writer of its own, which need not hold more than some of it.
    let mut writer = csv::WriterBuilder::new().buffer_capacity(256).from_writer(Vec::new());
    let cells = cells.into_iter().map(|cell| if cell.contains(['\n', '\r']) { line_of(&cell) } else { cell });
    writer.write_record(cells).expect("memory takes what it is given");
    let octets = writer.into_inner().expect("memory takes what it is given");
    let mut text = String::from_utf8(octets).expect("cells are text");
    text.truncate(text.trim_end_matches('\n').len());
    text
}
