//! A ladder's layout: time, lifelines with what passes between them, time of arrival, notes.

use std::collections::BTreeSet;

use experiment::HostId;
use experiment::record::Attempt;
use sim_time::{Duration, Instant};

use super::{Course, Ladder, Line, Row, Section, Side};
use crate::paint::{Colour, Tone};

/// Columns a line may take.
const WIDTH: usize = 100;
/// Columns between the two lifelines.
const INNER: usize = 42;
/// A silence that is worth a line.
pub(super) const SILENCE: Duration = Duration::from_secs(5);

pub(super) fn ladder(ladder: &Ladder, colour: Colour) -> String {
    let mut text = String::new();
    for (place, section) in ladder.sections.iter().enumerate() {
        if place > 0 {
            text.push('\n');
        }
        Sheet::new(ladder, section, colour).draw(&mut text);
    }
    if ladder.cut {
        text.push_str(&format!("… only the first {} rows are shown\n", ladder.rows));
    }
    text
}

/// The columns of one section.
struct Sheet<'a> {
    ladder: &'a Ladder,
    section: &'a Section,
    colour: Colour,
    time: usize,
    arrives: usize,
    attempt: Option<AttemptColumn>,
}

/// The column that tells attempts apart, where there are several.
struct AttemptColumn {
    width: usize,
    with_host: bool,
}

impl<'a> Sheet<'a> {
    fn new(ladder: &'a Ladder, section: &'a Section, colour: Colour) -> Self {
        let widest = |times: &mut dyn Iterator<Item = Instant>, least: usize| {
            times.map(|at| at.to_string().len()).max().unwrap_or(0).max(least)
        };
        let time = widest(&mut section.rows.iter().map(|row| row.at), 4);
        let arrives = widest(&mut section.rows.iter().filter_map(|row| row.arrives), 7);
        let mut sheet = Self { ladder, section, colour, time, arrives, attempt: None };
        sheet.attempt = sheet.attempt_column();
        sheet
    }

    fn attempt_column(&self) -> Option<AttemptColumn> {
        if !self.section.has_several_attempts() {
            return None;
        }
        let attempts: BTreeSet<Attempt> = self.section.rows.iter().filter_map(|row| row.attempt).collect();
        let openers: BTreeSet<HostId> = attempts.iter().map(|attempt| attempt.host).collect();
        let with_host = openers.len() > 1;
        let width = attempts.iter().map(|&attempt| self.attempt_name(attempt, with_host).chars().count()).max()?;
        Some(AttemptColumn { width, with_host })
    }

    fn attempt_name(&self, attempt: Attempt, with_host: bool) -> String {
        self.ladder.attempt_name(attempt, with_host)
    }

    fn draw(&self, text: &mut String) {
        self.header(text);
        let mut last = None;
        for row in &self.section.rows {
            if let Some(silence) = last.map(|last| row.at.since(last)).filter(|&silence| silence >= SILENCE) {
                self.gap(silence, text);
            }
            self.row(row, text);
            last = Some(row.at);
        }
    }

    fn header(&self, text: &mut String) {
        let left = self.ladder.hosts.name(self.section.left);
        let right = self.section.right.map_or("nobody", |host| self.ladder.hosts.name(host));
        let field = heads(left, right, INNER);
        let attempt = self.attempt.as_ref().map_or(String::new(), |column| " ".repeat(column.width + 2));
        let line = format!("{}  {attempt}{field}  {}", pad_left("time", self.time), pad_left("arrives", self.arrives));
        text.push_str(&self.colour.paint(Tone::Quiet, line.trim_end()));
        text.push('\n');
    }

    fn gap(&self, silence: Duration, text: &mut String) {
        let line = format!("{}{}", " ".repeat(self.margin()), elided(&seconds(silence), INNER));
        text.push_str(&self.colour.paint(Tone::Quiet, &line));
        text.push('\n');
    }

    /// Columns left of the lifelines.
    fn margin(&self) -> usize {
        self.time + 2 + self.attempt.as_ref().map_or(0, |column| column.width + 2)
    }

    fn row(&self, row: &Row, text: &mut String) {
        let quiet = |words: &str| self.colour.paint(Tone::Quiet, words);
        let start = text.len();
        text.push_str(&quiet(&pad_left(&row.at.to_string(), self.time)));
        text.push_str("  ");
        if let Some(column) = &self.attempt {
            let name = row.attempt.map_or(String::new(), |attempt| self.attempt_name(attempt, column.with_host));
            text.push_str(&quiet(&pad_right(&name, column.width)));
            text.push_str("  ");
        }
        text.push_str(&field(&row.line, INNER, self.colour));
        text.push_str("  ");
        let arrives = row.arrives.map_or(String::new(), |at| at.to_string());
        text.push_str(&quiet(&pad_left(&arrives, self.arrives)));
        let before_notes = self.margin() + INNER + 2 + 2 + self.arrives + 2;
        let mut lines = wrapped(&row.notes, WIDTH.saturating_sub(before_notes).max(16), self.colour).into_iter();
        if let Some(first) = lines.next() {
            text.push_str("  ");
            text.push_str(&first);
        }
        text.truncate(start + text[start..].trim_end().len());
        text.push('\n');
        for line in lines {
            let lifelines = format!("{}│{}│", " ".repeat(self.margin()), " ".repeat(INNER));
            text.push_str(&quiet(&lifelines));
            text.push_str(&" ".repeat(before_notes - self.margin() - INNER - 2));
            text.push_str(&line);
            text.push('\n');
        }
    }
}

/// What is drawn from one lifeline to the other, `inner` columns apart.
pub(super) fn field(line: &Line, inner: usize, colour: Colour) -> String {
    match line {
        Line::State { side, text, .. } => words(*side, Tone::State, text, inner, colour),
        Line::Text { side, tone, text } => words(*side, *tone, text, inner, colour),
        Line::Sent { side, label, course: Course::Through } => {
            let rest = rule('─', inner.saturating_sub(label.chars().count() + 5));
            match side {
                Side::Left => format!("├── {label} {rest}▶│"),
                Side::Right => format!("│◀{rest} {label} ──┤"),
            }
        }
        Line::Sent { side, label, course: course @ (Course::Late | Course::Lost) } => {
            let end = if *course == Course::Lost { "✗" } else { "┄┄" };
            // Two thirds of the way, unless the label needs more.
            let taken = label.chars().count() + 4 + end.chars().count();
            let rest = rule('─', (inner * 2 / 3).saturating_sub(taken).max(2));
            let space = " ".repeat(inner.saturating_sub(taken + rest.chars().count()));
            let end = if *course == Course::Lost { colour.paint(Tone::Bad, end) } else { end.to_owned() };
            match side {
                Side::Left => format!("├── {label} {rest}{end}{space}│"),
                Side::Right => format!("│{space}{end}{rest} {label} ──┤"),
            }
        }
        Line::Arrived { side, label } => {
            let rest = rule('┄', inner.saturating_sub(label.chars().count() + 6));
            match side {
                Side::Left => format!("│ ┄┄ {label} {rest}▶│"),
                Side::Right => format!("│◀{rest} {label} ┄┄ │"),
            }
        }
    }
}

/// Lifelines between which something was left out.
pub(super) fn elided(words: &str, inner: usize) -> String {
    let before = inner.saturating_sub(words.chars().count()) / 2;
    format!("⋮{}{}⋮", " ".repeat(before), pad_right(words, inner - before))
}

/// A silence in seconds: `10795 s`, `0.05 s`.
pub(super) fn seconds(silence: Duration) -> String {
    let exact = Instant::from_nanos(silence.as_nanos()).to_string();
    format!("{} s", exact.trim_end_matches('0').trim_end_matches('.'))
}

/// The names of two hosts over their lifelines.
pub(super) fn heads(left: &str, right: &str, inner: usize) -> String {
    if left.chars().count() + right.chars().count() > inner {
        return format!("{left}  {right}");
    }
    format!("{left}{}", pad_left(right, (inner + 2).saturating_sub(left.chars().count())))
}

/// Words beside the lifeline of one side.
fn words(side: Side, tone: Tone, text: &str, inner: usize, colour: Colour) -> String {
    let bar = colour.paint(Tone::Quiet, "│");
    let space = " ".repeat((inner - 1).saturating_sub(text.chars().count()));
    let text = colour.paint(tone, text);
    match side {
        Side::Left => format!("{bar} {text}{space}{bar}"),
        Side::Right => format!("{bar}{space}{text} {bar}"),
    }
}

/// Notes as lines of at most `width` columns, a comma between two of them.
fn wrapped(notes: &[(Tone, String)], width: usize, colour: Colour) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut used = width;
    for (place, (tone, note)) in notes.iter().enumerate() {
        let comma = if place + 1 < notes.len() { "," } else { "" };
        for word in format!("{note}{comma}").split(' ') {
            let length = word.chars().count();
            let word = colour.paint(*tone, word);
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

fn rule(stroke: char, length: usize) -> String {
    std::iter::repeat_n(stroke, length).collect()
}

pub(super) fn pad_left(text: &str, width: usize) -> String {
    format!("{text:>width$}")
}

pub(super) fn pad_right(text: &str, width: usize) -> String {
    format!("{text:<width$}")
}
