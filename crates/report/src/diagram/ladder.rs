//! A diagram as a ladder, in the columns of a terminal: time runs down, a line for each thing that happens.
//!
//! A segment has its line where it is sent, with the time of its arrival at the right. It has a second line where it arrives only if
//! that tells more: if it crosses others, comes late, or once more. Ladders of the same experiment stand side by side, with what
//! happens at the same time in the same line.

mod align;
mod canvas;
mod piece;
mod rows;
#[cfg(test)]
mod tests;
mod tracks;

use experiment::HostId;
use sim_time::{Duration, Instant};

use self::align::{Shown, Slot};
use self::canvas::Canvas;
use self::piece::Note;
use self::rows::Row;
use self::tracks::Way;
use super::{Attempts, Diagram, name, silence};
use crate::amount::whole;
use crate::paint::{Colour, Tone};
use crate::wrap::{block, units_joined, wrapped};

/// Columns between two lifelines, at most; at least if there are two, or more of them; and at least if notes stand at the right.
const INNER: usize = 42;
const LEAST: [usize; 2] = [26, 14];
const LEAST_BESIDE_NOTES: usize = 28;
/// Columns of notes, at least, and as many as they had rather have.
const NOTES: [usize; 2] = [16, 20];
/// Columns between two ladders.
const BETWEEN: usize = 3;
/// A silence that is worth a line.
const SILENCE: Duration = Duration::from_secs(5);
/// With more opens than these, a summary comes first.
const FEW: u64 = 3;

/// The signs of a ladder.
const SIGNS: [(&str, &str); 7] = [
    ("SYN 0, ACK 1/101", "sequence number / acknowledgment number, counted from the initial one; then octets of data"),
    ("├── … ─▶│", "sent in this row; `arrives` says when it comes to the other side"),
    ("├── … ─╲  ╲──▶│", "crosses others on its way; it arrives in a later row"),
    ("├── … ─✗", "lost on its way; if ✗ stands at the other side, it came there, but nobody listened"),
    ("├── … ─┄┄", "still on its way; it comes late, in a row of its own: │ ┄┄ … ┄▶│"),
    ("⋮ 10,795 s ⋮", "nothing happens for so long"),
    ("#1", "the attempt to open that a row goes back to, where there are several"),
];
/// Columns of a sign.
const SIGN: usize = 19;

/// How to read a ladder, in lines of so many columns.
#[must_use]
pub fn legend(width: usize) -> String {
    let lines = SIGNS.iter().map(|(sign, words)| {
        block(&format!("{sign:<SIGN$}"), SIGN, &wrapped(words, width.saturating_sub(SIGN).max(SIGN)))
    });
    lines.collect()
}

/// What a ladder may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Look {
    /// Columns.
    pub width: usize,
    /// Lines.
    pub rows: usize,
    /// Whether it has colours.
    pub colour: Colour,
}

/// Draws a diagram as a ladder. Where there is room, notes stand at its right.
#[must_use]
pub fn ladder(diagram: &Diagram, look: Look) -> String {
    if diagram.events.is_empty() {
        return String::new();
    }
    Sheet::new(&[("", diagram)], true, look).draw()
}

/// Draws diagrams of the same experiment as ladders side by side under their names, as many in a block as there is room for. The
/// one at `base` is the second of the first block, and again beside one that would stand alone in the last.
#[must_use]
pub fn ladders(diagrams: &[(&str, &Diagram)], base: usize, look: Look) -> String {
    let (time, lifelines) = (columns_of_times(diagrams), lifelines(diagrams).len());
    let fitting =
        |inner: usize| (look.width + BETWEEN).saturating_sub(time + 2) / (width_of(lifelines, inner) + BETWEEN);
    let most = fitting(least(lifelines)).clamp(1, 2).max(fitting(INNER));
    let blocks = align::blocks(diagrams, base, most);
    blocks.iter().map(|block| Sheet::new(block, false, look).draw()).collect::<Vec<_>>().join("\n")
}

/// Ladders that stand side by side, or one alone.
struct Sheet<'a> {
    diagrams: Vec<(&'a str, &'a Diagram)>,
    lifelines: Vec<Option<HostId>>,
    attempts: Attempts,
    /// Columns of a time, and of an attempt's name; 0 if attempts have none.
    time: usize,
    attempt: usize,
    /// Columns between two lifelines.
    inner: usize,
    /// Columns of the times of arrival and of the notes, if there is room.
    beside: Option<(usize, usize)>,
    look: Look,
}

impl<'a> Sheet<'a> {
    fn new(diagrams: &[(&'a str, &'a Diagram)], with_notes: bool, look: Look) -> Self {
        let lifelines = lifelines(diagrams);
        let attempts = diagrams.iter().fold(Attempts::default(), |all, (_, diagram)| all.and(diagram.attempts()));
        let time = columns_of_times(diagrams);
        let names = diagrams.iter().flat_map(|(_, diagram)| {
            let named = diagram.lives.iter().filter_map(|life| attempts.name(&diagram.hosts, life.attempt));
            named.map(|name| name.chars().count())
        });
        let attempt = names.max().unwrap_or(0);
        let mut sheet =
            Self { diagrams: diagrams.to_vec(), lifelines, attempts, time, attempt, inner: 0, beside: None, look };
        let gaps = sheet.lifelines.len() - 1;
        let least = least(sheet.lifelines.len());
        let inner = |room: usize| (room.saturating_sub(1) / gaps).saturating_sub(1);
        let room = look.width.saturating_sub(sheet.margin());
        if with_notes {
            let arrives = sheet.columns_of_arrivals();
            let room = |notes: usize| room.saturating_sub(4 + arrives + notes);
            let least = least.max(LEAST_BESIDE_NOTES);
            if inner(room(NOTES[0])) >= least {
                sheet.inner = inner(room(NOTES[1])).clamp(least, INNER);
                let notes = room(0).saturating_sub(width_of(gaps + 1, sheet.inner));
                sheet.beside = Some((arrives, notes));
                return sheet;
            }
        }
        let each = room.saturating_sub(BETWEEN * (diagrams.len() - 1)) / diagrams.len();
        sheet.inner = inner(each).clamp(least, INNER);
        sheet
    }

    /// Columns left of the lifelines.
    fn margin(&self) -> usize {
        self.time + 2 + if self.attempt > 0 { self.attempt + 2 } else { 0 }
    }

    fn columns_of_arrivals(&self) -> usize {
        let segments = self.diagrams.iter().flat_map(|(_, diagram)| &diagram.segments);
        let arrivals = segments.filter_map(|segment| segment.copies.first());
        arrivals.map(|copy| copy.at.to_string().len()).max().unwrap_or(0).max("arrives".len())
    }

    fn width(&self) -> usize {
        width_of(self.lifelines.len(), self.inner)
    }

    fn draw(&self) -> String {
        let mut text = self.heading();
        let rows: Vec<Vec<Row>> =
            self.diagrams.iter().map(|(_, diagram)| rows::rows(diagram, &self.lifelines, self.inner)).collect();
        let slots = align::aligned(&rows);
        let shown = align::shown(&slots);
        let mut flying: Vec<&[Vec<Way>]> = vec![&[]; rows.len()];
        let mut last: Option<Instant> = None;
        for (place, item) in shown.iter().enumerate() {
            if place >= self.look.rows {
                text.push_str(&format!("… {} more rows are not shown\n", whole((shown.len() - place) as u64)));
                break;
            }
            match *item {
                Shown::Alike(slots) => {
                    text.push_str(&self.elided(&format!("{} rows alike", slots.len())));
                    last = None;
                    for slot in slots {
                        slot.note_flying(&mut flying);
                    }
                }
                Shown::Slot(slot) => {
                    if let Some(gap) = last.map(|last| slot.at.since(last)).filter(|gap| *gap >= SILENCE) {
                        text.push_str(&self.elided(&silence(gap)));
                    }
                    last = Some(slot.at);
                    self.slot(slot, &mut flying, &mut text);
                }
            }
        }
        self.cut(&mut text);
        text
    }

    /// What each run comes to, if it has very much to tell, under its name; and the hosts' names.
    fn heading(&self) -> String {
        let mut text = String::new();
        let is_alone = self.diagrams.len() == 1 && self.diagrams[0].0.is_empty();
        let wide = if is_alone { self.look.width } else { self.width() };
        let columns: Vec<Vec<(String, Tone)>> = self
            .diagrams
            .iter()
            .map(|(name, diagram)| {
                let name = Some((*name, Tone::Plain)).filter(|_| !is_alone);
                let is_long = diagram.totals.opens > FEW || diagram.cut.is_some();
                let summary = if is_long { diagram.summary() } else { Vec::new() };
                let lines = summary.iter().map(|(line, tone)| (line.as_str(), *tone));
                let lines = name.into_iter().chain(lines);
                lines.flat_map(|(line, tone)| wrapped(line, wide).into_iter().map(move |line| (line, tone))).collect()
            })
            .collect();
        for place in 0..columns.iter().map(Vec::len).max().unwrap_or(0) {
            let line = self.across(|column| match columns[column].get(place) {
                Some((line, tone)) => {
                    let padding = " ".repeat(wide.saturating_sub(line.chars().count()));
                    self.look.colour.paint(*tone, line) + &padding
                }
                None => " ".repeat(wide),
            });
            let margin = if is_alone { 0 } else { self.margin() };
            text.push_str(format!("{}{line}", " ".repeat(margin)).trim_end());
            text.push('\n');
        }
        let heads = self.across(|column| {
            let hosts = &self.diagrams[column].1.hosts;
            canvas::heads(&self.lifelines.iter().map(|host| name(hosts, *host)).collect::<Vec<_>>(), self.inner)
        });
        let arrives = self.beside.map_or(String::new(), |(arrives, _)| format!("  {:>arrives$}", "arrives"));
        let line = format!("{}{heads}{arrives}", self.left("time", ""));
        text.push_str(&self.look.colour.paint(Tone::Quiet, line.trim_end()));
        text.push('\n');
        text
    }

    /// What stands left of the lifelines.
    fn left(&self, time: &str, attempt: &str) -> String {
        let attempt = if self.attempt > 0 { format!("{attempt:<0$}  ", self.attempt) } else { String::new() };
        format!("{time:>0$}  {attempt}", self.time)
    }

    /// A line made of one field for each ladder.
    fn across(&self, field: impl FnMut(usize) -> String) -> String {
        (0..self.diagrams.len()).map(field).collect::<Vec<_>>().join(&" ".repeat(BETWEEN))
    }

    /// A line for what is left out.
    fn elided(&self, words: &str) -> String {
        let field = canvas::elided(words, self.lifelines.len(), self.inner);
        let line = format!("{}{}", self.left("", ""), self.across(|_| field.clone()));
        format!("{}\n", self.look.colour.paint(Tone::Quiet, &line))
    }

    fn slot<'b>(&self, slot: &Slot<'b>, flying: &mut [&'b [Vec<Way>]], text: &mut String) {
        let colour = self.look.colour;
        let blank = |tracks: &[Vec<Way>]| Canvas::new(self.lifelines.len(), self.inner, tracks);
        let crossings = slot.rows.iter().flatten().map(|row| row.crossings.len()).max().unwrap_or(0);
        for place in 0..crossings {
            let fields = self.across(|column| {
                let crossing = slot.rows[column].and_then(|row| row.crossings.get(place));
                crossing
                    .map_or_else(
                        || blank(flying[column]),
                        |crossing| {
                            let mut canvas = blank(&crossing.tracks);
                            canvas.cross(&crossing.swaps);
                            canvas
                        },
                    )
                    .paint(colour)
            });
            text.push_str(&format!("{}{fields}\n", self.left("", "")));
        }
        let attempt = slot.attempt.and_then(|of| self.attempts.name(&self.diagrams[0].1.hosts, of)).unwrap_or_default();
        let mut notes: Vec<Note> = Vec::new();
        let fields = self.across(|column| {
            let Some(row) = slot.rows[column] else { return blank(flying[column]).paint(colour) };
            let mut canvas = blank(&row.tracks);
            if self.beside.is_some() {
                notes.extend(canvas.row(row, &[]));
                notes.extend(row.notes.iter().cloned());
            } else {
                canvas.row(row, &row.notes);
            }
            canvas.paint(colour)
        });
        slot.note_flying(flying);
        let start = text.len();
        text.push_str(&colour.paint(Tone::Quiet, &self.left(&slot.at.to_string(), &attempt)));
        text.push_str(&fields);
        if let Some((arrives, columns)) = self.beside {
            let at = slot.rows[0].and_then(|row| row.arrives).map_or(String::new(), |at| at.to_string());
            text.push_str(&colour.paint(Tone::Quiet, &format!("  {at:>arrives$}")));
            let mut lines = noted(&notes, columns, colour).into_iter();
            text.push_str(&lines.next().map_or(String::new(), |line| format!("  {line}")));
            text.truncate(start + text[start..].trim_end().len());
            for line in lines {
                let field = self.across(|column| blank(flying[column]).paint(colour));
                text.push_str(&format!("\n{}{field}  {}  {line}", self.left("", ""), " ".repeat(arrives)));
            }
        }
        text.push('\n');
    }

    /// Says what is not kept of the runs.
    fn cut(&self, text: &mut String) {
        for (name, diagram) in &self.diagrams {
            let Some(left_out) = diagram.left_out(|at| at.to_string()) else { continue };
            let name = if name.is_empty() { String::new() } else { format!("{name}: ") };
            let line = format!("… {name}{left_out}");
            text.push_str(&block("", 2, &wrapped(&line, self.look.width.saturating_sub(2))));
        }
    }
}

/// The hosts that any of the diagrams tells of; one alone has nobody at its other side.
fn lifelines(diagrams: &[(&str, &Diagram)]) -> Vec<Option<HostId>> {
    let mut all: Vec<Option<HostId>> = Vec::new();
    for host in diagrams.iter().flat_map(|(_, diagram)| diagram.lifelines()) {
        if !all.contains(&host) {
            all.push(host);
        }
    }
    if all.len() < 2 {
        all.push(None);
    }
    all.sort_by_key(Option::is_none);
    all
}

/// Columns of lifelines, and of what is between them.
const fn width_of(lifelines: usize, inner: usize) -> usize {
    (lifelines - 1) * (inner + 1) + 1
}

/// Columns between two of so many lifelines, at least.
const fn least(lifelines: usize) -> usize {
    LEAST[if lifelines > 2 { 1 } else { 0 }]
}

fn columns_of_times(diagrams: &[(&str, &Diagram)]) -> usize {
    let times = diagrams.iter().flat_map(|(_, diagram)| {
        let end = Some(diagram.end).filter(|_| diagram.lives.iter().any(|life| life.open_at_end));
        diagram.events.iter().map(|(at, _)| *at).chain(end)
    });
    times.map(|at| at.to_string().len()).max().unwrap_or(0).max("time".len())
}

/// Notes as lines of at most `width` columns, a comma between two of them.
fn noted(notes: &[Note], width: usize, colour: Colour) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = width;
    for (place, (tone, note)) in notes.iter().enumerate() {
        let comma = if place + 1 < notes.len() { "," } else { "" };
        for word in units_joined(&format!("{note}{comma}")) {
            let length = word.chars().count();
            let word = colour.paint(*tone, &word);
            match lines.last_mut() {
                Some(line) if used + 1 + length <= width => {
                    line.push(' ');
                    line.push_str(&word);
                    used += 1 + length;
                }
                _ => {
                    lines.push(word);
                    used = length;
                }
            }
        }
    }
    lines
}
