//! `arrivals`: when something happens again and again, from words to [`Arrivals`].

use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Deserialize;
use sim_time::{Duration, Instant};

use super::diagnostic::{Diagnostic, Diagnostics, Place, Source, suggest};
use super::tree::Node;
use crate::{Arrivals, OnOff, Process, Rate};

/// When something happens again and again. One key, besides `most` and `until`, says how the times follow one another,
/// counted from the start.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Arrivals")]
pub(super) struct Table {
    /// So many at the start: a closed loop, if each goes on for ever.
    at_once: Option<u32>,
    /// At these times.
    at: Option<Vec<Duration>>,
    /// One at the start, and one each so often.
    every: Option<Duration>,
    /// At this rate on average, each independent of all others.
    poisson: Option<Rate>,
    /// In bursts.
    on_off: Option<Bursts>,
    /// At the times in a column of a CSV file.
    replay: Option<Replay>,
    /// No more than so many.
    most: Option<u64>,
    /// None after this time of the run.
    until: Option<Duration>,
}

/// Poisson at one rate in phases that are on, the first from the start, and at another in phases that are off; how long
/// each lasts is exponential.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Bursts {
    /// Mean length of a phase that is on.
    on: Duration,
    /// Mean length of a phase that is off.
    off: Duration,
    /// The rate while it is on.
    rate: Rate,
    /// The rate while it is off. Default: none at all.
    rate_off: Option<Rate>,
}

/// A column of a CSV file whose first row names the columns.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Replay {
    /// The file, relative to this one.
    csv: String,
    /// The column. Its fields are seconds, such as 1.25, or durations, such as 50ms; none is smaller than the one before.
    column: String,
}

/// Reads one table, which stands at `node`. Paths are relative to `directory`.
pub(super) fn read(table: &Table, node: &Node, directory: &Path) -> Result<Arrivals, Diagnostics> {
    let place = |key: &str| node.as_table().and_then(|table| table.get(key)).map_or(&node.place, |node| &node.place);
    let mut processes: Vec<(&str, Result<Process, Diagnostics>)> = Vec::new();
    if let Some(count) = table.at_once {
        let none = || place("at-once").error("then nothing would ever happen").into();
        processes.push(("at-once", if count == 0 { Err(none()) } else { Ok(Process::AtOnce(count)) }));
    }
    if let Some(times) = &table.at {
        processes.push(("at", in_order(times, place("at")).map_err(Into::into)));
    }
    if let Some(interval) = table.every {
        let zero = || place("every").error("expected a time between two, found none").into();
        processes.push(("every", if interval.is_zero() { Err(zero()) } else { Ok(Process::Every(interval)) }));
    }
    if let Some(rate) = table.poisson {
        processes.push(("poisson", Ok(Process::Poisson(rate))));
    }
    if let Some(bursts) = table.on_off {
        processes.push(("on-off", bursts.process(place("on-off")).map_err(Into::into)));
    }
    if let Some(replay) = &table.replay {
        processes.push(("replay", replay.process(place("replay"), directory)));
    }
    let until = table.until.map(|until| Instant::ZERO + until);
    match processes.len() {
        0 => Err(node.place.error("when? one key of `at-once`, `at`, `every`, `poisson`, `on-off`, `replay`").into()),
        1 => {
            let process = processes.remove(0).1?;
            Ok(Arrivals { process, most: table.most, until })
        }
        _ => {
            let [first, second] = [processes[0].0, processes[1].0];
            Err(place(second).error(format!("`{first}` says already when: one key of them")).into())
        }
    }
}

fn in_order(times: &[Duration], place: &Place) -> Result<Process, Diagnostic> {
    match times.windows(2).find(|pair| pair[1] < pair[0]) {
        Some(pair) => Err(place.error(format!("{} comes after {}: the times stand in their order", pair[1], pair[0]))),
        None if times.is_empty() => Err(place.error("then nothing would ever happen")),
        None => Ok(Process::At(times.into())),
    }
}

impl Bursts {
    fn process(self, place: &Place) -> Result<Process, Diagnostic> {
        let Self { on, off, rate, rate_off } = self;
        if on.is_zero() || off.is_zero() {
            return Err(place.error("a phase lasts longer than no time"));
        }
        Ok(Process::OnOff(OnOff { on, off, rate, rate_off }))
    }
}

impl Replay {
    fn process(&self, place: &Place, directory: &Path) -> Result<Process, Diagnostics> {
        let path = directory.join(&self.csv);
        let text = std::fs::read_to_string(&path)
            .map_err(|error| place.error(format!("cannot read {}: {error}", path.display())))?;
        let source = Source::new(path.display().to_string(), text);
        let mut reader =
            csv::ReaderBuilder::new().trim(csv::Trim::All).comment(Some(b'#')).from_reader(source.text.as_bytes());
        let columns = reader.headers().map_err(|error| unreadable(&source, &error))?.clone();
        let Some(column) = columns.iter().position(|column| column == self.column) else {
            let error = place.error(format!("{} has no column `{}`", path.display(), self.column));
            return Err(error.with_help(suggest(&self.column, columns.iter())).into());
        };
        let mut times: Vec<Duration> = Vec::new();
        for row in reader.records() {
            let row = row.map_err(|error| unreadable(&source, &error))?;
            let field = row.get(column).unwrap_or_default();
            let here = line(&source, row.position().map_or(0, csv::Position::byte));
            let time = time(field).map_err(|message| here.error(message))?;
            if let Some(before) = times.last().filter(|before| time < **before) {
                return Err(here.error(format!("{time} comes after {before}: the times stand in their order")).into());
            }
            times.push(time);
        }
        if times.is_empty() {
            return Err(place.error(format!("{} has no row", path.display())).into());
        }
        Ok(Process::At(Arc::from(times)))
    }
}

/// Seconds, or a duration.
fn time(field: &str) -> Result<Duration, String> {
    let seconds = field.ends_with(|c: char| c.is_ascii_digit());
    let text = if seconds { format!("{field} s") } else { field.to_owned() };
    text.parse().map_err(|error| format!("expected seconds, or a duration such as 50ms, found `{field}`: {error}"))
}

/// The line of a text that begins at or holds an octet.
fn line(source: &Arc<Source>, at: u64) -> Place {
    let text = &source.text;
    let at = usize::try_from(at).unwrap_or(usize::MAX).min(text.len());
    // A record's position may be that of the line breaks or comments before it.
    let start = text[at..].find(|c: char| !c.is_whitespace()).map_or(text.len(), |skipped| at + skipped);
    let end = text[start..].find('\n').map_or(text.len(), |length| start + length);
    Place::new(source, start..end)
}

fn unreadable(source: &Arc<Source>, error: &csv::Error) -> Diagnostic {
    let message = match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("the first row has {expected_len} columns, and this one {len}")
        }
        _ => error.to_string(),
    };
    line(source, error.position().map_or(0, csv::Position::byte)).error(message)
}
