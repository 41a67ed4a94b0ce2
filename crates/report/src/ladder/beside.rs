//! Ladders of the same experiment side by side, one column for each variant.
//!
//! What happens at the same time stands in the same line. Lines in which all columns agree are left out but for a few, so
//! that what differs is seen.

use std::collections::BTreeSet;

use experiment::HostId;
use experiment::record::Attempt;
use sim_time::Instant;

use super::draw::{SILENCE, elided, field, heads, pad_left, pad_right, seconds};
use super::{Course, Ladder, Line, Row, Section};
use crate::paint::{Colour, Tone};

/// Columns between two lifelines, at least and at most.
const INNER: (usize, usize) = (30, 42);
/// Columns between two ladders.
const BETWEEN: usize = 3;
/// Lines of agreement that are shown at the beginning.
const OPENING: usize = 4;
/// Fewer lines of agreement than this are not worth leaving out.
const WORTH_LEAVING_OUT: usize = 3;

/// Draws ladders side by side under their names, as many in a block as `width` columns have room for, and at most `rows`
/// lines of each block. The ladder at `base` is the second of the first block, and again beside a ladder that would stand
/// alone in the last.
#[must_use]
pub fn side_by_side(ladders: &[(&str, &Ladder)], base: usize, width: usize, rows: usize, colour: Colour) -> String {
    let times = ladders.iter().flat_map(|(_, ladder)| &ladder.sections).flat_map(|section| &section.rows);
    let time = times.map(|row| row.at.to_string().len()).max().unwrap_or(0).max(4);
    let fitting = |inner: usize| (width + BETWEEN).saturating_sub(time + 2) / (inner + 2 + BETWEEN);
    let most = fitting(INNER.0).clamp(1, 2).max(fitting(INNER.1));
    let text: Vec<String> = blocks(ladders, base, most)
        .iter()
        .map(|block| {
            let room = width.saturating_sub(time + 2 + BETWEEN * (block.len() - 1)) / block.len();
            let inner = room.saturating_sub(2).clamp(INNER.0, INNER.1);
            Block { ladders: block, time, inner, colour }.draw(rows)
        })
        .collect();
    text.join("\n")
}

/// The ladders in groups of at most `most`.
fn blocks<'a>(ladders: &[(&'a str, &'a Ladder)], base: usize, most: usize) -> Vec<Vec<(&'a str, &'a Ladder)>> {
    let mut order: Vec<_> = ladders.to_vec();
    if base > 1 {
        let chosen = order.remove(base);
        order.insert(1, chosen);
    }
    let mut blocks: Vec<Vec<_>> = order.chunks(most).map(<[_]>::to_vec).collect();
    if let (true, Some([_])) = (blocks.len() > 1 && most > 1, blocks.last().map(Vec::as_slice)) {
        blocks.last_mut().expect("there are several").push(ladders[base]);
    }
    blocks
}

/// Ladders that stand side by side.
struct Block<'a> {
    ladders: &'a [(&'a str, &'a Ladder)],
    /// Columns of a time.
    time: usize,
    /// Columns between two lifelines.
    inner: usize,
    colour: Colour,
}

/// A line: what each ladder has in it.
#[derive(Clone)]
struct Slot<'a> {
    at: Instant,
    attempt: Option<Attempt>,
    rows: Vec<Option<&'a Row>>,
}

/// What is drawn of the slots.
enum Shown<'a, 'b> {
    Slot(&'b Slot<'a>),
    /// So many in which all ladders agree.
    Alike(usize),
}

impl<'a> Block<'a> {
    fn draw(&self, most_rows: usize) -> String {
        let mut text = self.names();
        for (left, right) in self.pairs() {
            self.section(left, right, most_rows, &mut text);
        }
        let cut = self.ladders.iter().map(|(_, ladder)| ladder).filter(|ladder| ladder.cut);
        if let Some(rows) = cut.map(|ladder| ladder.rows).min() {
            text.push_str(&format!("… only the first {rows} rows of a ladder are kept\n"));
        }
        text
    }

    /// The variants' names, each over its ladder.
    fn names(&self) -> String {
        let names = self.ladders.iter().map(|(name, _)| pad_right(name, self.inner + 2));
        let line = names.collect::<Vec<_>>().join(&" ".repeat(BETWEEN));
        format!("{}{}\n", " ".repeat(self.time + 2), line.trim_end())
    }

    /// The pairs of hosts that any of the ladders shows, in the order in which they come.
    fn pairs(&self) -> Vec<(HostId, Option<HostId>)> {
        let mut pairs = Vec::new();
        for section in self.ladders.iter().flat_map(|(_, ladder)| &ladder.sections) {
            if !pairs.contains(&(section.left, section.right)) {
                pairs.push((section.left, section.right));
            }
        }
        pairs
    }

    fn section(&self, left: HostId, right: Option<HostId>, most_rows: usize, text: &mut String) {
        let find = |ladder: &'a Ladder| -> Option<&'a Section> {
            ladder.sections.iter().find(|section| (section.left, section.right) == (left, right))
        };
        let sections: Vec<Option<&Section>> = self.ladders.iter().map(|(_, ladder)| find(ladder)).collect();
        let slots = aligned(&sections);
        let attempts = self.attempts(&sections, &slots);
        let margin = |time: &str, attempt: &str| {
            let attempt = if attempts > 0 { format!("{}  ", pad_right(attempt, attempts)) } else { String::new() };
            format!("{}  {attempt}", pad_left(time, self.time))
        };
        let hosts = &self.ladders[0].1.hosts;
        let head = heads(hosts.name(left), right.map_or("nobody", |host| hosts.name(host)), self.inner);
        let line = format!("{}{}", margin("time", ""), self.across(|_| head.clone()));
        text.push_str(&self.colour.paint(Tone::Quiet, line.trim_end()));
        text.push('\n');

        let across_all = |words: &str| {
            let line = format!("{}{}", margin("", ""), self.across(|_| elided(words, self.inner)));
            format!("{}\n", self.colour.paint(Tone::Quiet, &line))
        };
        let shown = shown(&slots);
        let mut last: Option<Instant> = None;
        for (place, item) in shown.iter().enumerate() {
            if place >= most_rows {
                text.push_str(&format!("… {} more rows are not shown\n", shown.len() - place));
                return;
            }
            match *item {
                Shown::Alike(count) => {
                    text.push_str(&across_all(&format!("{count} rows alike")));
                    last = None;
                }
                Shown::Slot(slot) => {
                    if let Some(silence) = last.map(|last| slot.at.since(last)).filter(|gap| *gap >= SILENCE) {
                        text.push_str(&across_all(&seconds(silence)));
                    }
                    last = Some(slot.at);
                    let attempt = slot.attempt.map_or(String::new(), |attempt| self.attempt_name(attempt, &slots));
                    let margin = margin(&slot.at.to_string(), &attempt);
                    let fields = self.across(|column| self.field(slot.rows[column]));
                    text.push_str(&format!("{}{fields}\n", self.colour.paint(Tone::Quiet, &margin)));
                }
            }
        }
    }

    /// A line made of one field for each ladder.
    fn across(&self, field: impl Fn(usize) -> String) -> String {
        (0..self.ladders.len()).map(field).collect::<Vec<_>>().join(&" ".repeat(BETWEEN))
    }

    fn attempt_name(&self, attempt: Attempt, slots: &[Slot<'_>]) -> String {
        let openers: BTreeSet<HostId> = slots.iter().filter_map(|slot| slot.attempt).map(|of| of.host).collect();
        self.ladders[0].1.attempt_name(attempt, openers.len() > 1)
    }

    /// Columns that tell attempts apart, where there are several.
    fn attempts(&self, sections: &[Option<&Section>], slots: &[Slot<'_>]) -> usize {
        if !sections.iter().flatten().any(|section| section.has_several_attempts()) {
            return 0;
        }
        let attempts: BTreeSet<Attempt> = slots.iter().filter_map(|slot| slot.attempt).collect();
        attempts.iter().map(|&attempt| self.attempt_name(attempt, slots).chars().count()).max().unwrap_or(0)
    }

    fn field(&self, row: Option<&Row>) -> String {
        let Some(row) = row else {
            return self.colour.paint(Tone::Quiet, &format!("│{}│", " ".repeat(self.inner)));
        };
        field(&self.brief(row), self.inner, self.colour)
    }

    /// What a row says, in so many columns: of its notes only the bad news, and the arrival if it is late.
    fn brief(&self, row: &Row) -> Line {
        let bad = row.notes.iter().filter(|(tone, _)| *tone == Tone::Bad).map(|(_, note)| note.as_str());
        let with = |text: &str, before: &str, room: usize| {
            let long = bad.clone().fold(text.to_owned(), |text, note| format!("{text}{before}{note}"));
            // Before the colon is what matters: `ghost from here on: nobody is there`.
            let short = text.split(": ").next().unwrap_or_default().to_owned();
            [long, text.to_owned(), short].into_iter().find(|text| text.chars().count() <= room).unwrap_or_else(|| {
                let kept: String = text.chars().take(room.saturating_sub(1)).collect();
                format!("{kept}…")
            })
        };
        let mut line = row.line.clone();
        if let (Line::Sent { course: Course::Late, label, .. }, Some(arrives)) = (&mut line, row.arrives) {
            *label = format!("{label} till {arrives}");
        }
        match &mut line {
            Line::State { text, .. } => *text = with(text, ", ", self.inner - 2),
            Line::Text { text, .. } => *text = with(text, ", ", self.inner - 2),
            Line::Sent { course: Course::Lost, .. } => {}
            Line::Sent { label, .. } | Line::Arrived { label, .. } => {
                *label = with(&label.clone(), " ", self.inner - 8);
            }
        }
        line
    }
}

/// The sections' rows, line by line.
fn aligned<'a>(sections: &[Option<&'a Section>]) -> Vec<Slot<'a>> {
    let times: BTreeSet<Instant> = sections.iter().flatten().flat_map(|of| &of.rows).map(|row| row.at).collect();
    let mut rest: Vec<&[Row]> = sections.iter().map(|of| of.map_or(&[][..], |of| &of.rows)).collect();
    let mut slots = Vec::new();
    for at in times {
        let mut together = Vec::new();
        for (column, rows) in rest.iter_mut().enumerate() {
            let (now, later) = rows.split_at(rows.iter().take_while(|row| row.at <= at).count());
            *rows = later;
            let empty = |row: &'a Row| Slot { at, attempt: row.attempt, rows: vec![None; sections.len()] };
            together =
                woven(together, column, &now.iter().collect::<Vec<_>>(), &[Row::says_what, Row::is_akin_to], &empty);
        }
        slots.append(&mut together);
    }
    slots
}

/// Adds a column's rows to slots of the same instant, in their order: each to the next slot that holds a row like it, by
/// the first of `likeness`, then by the next in what lies between; what has no like gets a slot of its own.
fn woven<'a>(
    mut slots: Vec<Slot<'a>>,
    column: usize,
    rows: &[&'a Row],
    likeness: &[fn(&Row, &Row) -> bool],
    empty: &impl Fn(&'a Row) -> Slot<'a>,
) -> Vec<Slot<'a>> {
    let put = |mut slot: Slot<'a>, row| {
        slot.rows[column] = Some(row);
        slot
    };
    let Some((is_like, looser)) = likeness.split_first() else {
        slots.extend(rows.iter().map(|&row| put(empty(row), row)));
        return slots;
    };
    let mut result = Vec::new();
    let mut waiting = 0;
    for (place, &row) in rows.iter().enumerate() {
        let Some(found) = slots.iter().position(|slot| slot.rows.iter().flatten().any(|other| is_like(row, other)))
        else {
            continue;
        };
        let after = slots.split_off(found + 1);
        let slot = slots.pop().expect("it was found");
        result.extend(woven(slots, column, &rows[waiting..place], looser, empty));
        result.push(put(slot, row));
        (slots, waiting) = (after, place + 1);
    }
    result.extend(woven(slots, column, &rows[waiting..], looser, empty));
    result
}

/// What to show: of a stretch in which all ladders agree, its beginning and its end.
fn shown<'a, 'b>(slots: &'b [Slot<'a>]) -> Vec<Shown<'a, 'b>> {
    let mut shown = Vec::new();
    for stretch in slots.chunk_by(|one, other| one.is_alike() == other.is_alike()) {
        let first = shown.is_empty();
        let kept = if first { OPENING } else { 1 };
        let whole = !stretch[0].is_alike() || stretch.len() < kept + 1 + WORTH_LEAVING_OUT;
        let (start, end) = if whole { (stretch.len(), stretch.len()) } else { (kept, stretch.len() - 1) };
        shown.extend(stretch[..start].iter().map(Shown::Slot));
        if end > start {
            shown.push(Shown::Alike(end - start));
        }
        shown.extend(stretch[end..].iter().map(Shown::Slot));
    }
    shown
}

impl Slot<'_> {
    /// Whether several ladders say the same.
    fn is_alike(&self) -> bool {
        let [Some(first), others @ ..] = self.rows.as_slice() else { return false };
        !others.is_empty() && others.iter().all(|other| other.is_some_and(|other| first.says_what(other)))
    }
}

impl Row {
    /// Whether another ladder's row says the same.
    fn says_what(&self, other: &Self) -> bool {
        (self.at, self.attempt, &self.line, &self.notes) == (other.at, other.attempt, &other.line, &other.notes)
    }

    /// Whether another ladder's row is about the same connection, on the same side and of the same kind.
    fn is_akin_to(&self, other: &Self) -> bool {
        let kind = |line: &Line| match *line {
            Line::Sent { side, .. } => (0, side),
            Line::Arrived { side, .. } => (1, side),
            Line::State { side, .. } => (2, side),
            Line::Text { side, .. } => (3, side),
        };
        (self.at, self.attempt) == (other.at, other.attempt) && kind(&self.line) == kind(&other.line)
    }
}
