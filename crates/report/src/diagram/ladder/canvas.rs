//! One line of a ladder: its columns, from the first lifeline to the last.

use super::piece::{Course, Note, Piece};
use super::rows::Row;
use super::tracks::Way;
use crate::paint::{Colour, Tone};

/// A line, column by column.
pub(super) struct Canvas {
    cells: Vec<(char, Tone)>,
    inner: usize,
}

impl Canvas {
    /// Lifelines that are `inner` columns apart, and the segments on their way between them.
    pub(super) fn new(lifelines: usize, inner: usize, tracks: &[Vec<Way>]) -> Self {
        let cells = vec![(' ', Tone::Plain); super::width_of(lifelines, inner)];
        let mut canvas = Self { cells, inner };
        for place in 0..lifelines {
            canvas.put(canvas.lifeline(place), "│", Tone::Quiet);
        }
        for (gap, ways) in tracks.iter().enumerate() {
            for (slot, way) in ways.iter().enumerate() {
                canvas.put(canvas.slot(gap, slot), if *way == Way::Right { "╲" } else { "╱" }, Tone::Plain);
            }
        }
        canvas
    }

    /// Those of each pair change places.
    pub(super) fn cross(&mut self, swaps: &[(usize, usize)]) {
        for &(gap, first) in swaps {
            self.put(self.slot(gap, first), " ╳ ", Tone::Plain);
        }
    }

    /// Draws a row, with as many of these notes as have room. Gives back words that have none.
    pub(super) fn row(&mut self, row: &Row, notes: &[Note]) -> Option<Note> {
        let mut left = None;
        for piece in &row.pieces {
            match piece {
                Piece::Words { beside, tone, text } => {
                    let fitting = fitting(text, notes, ", ", self.inner - 2);
                    if fitting.chars().count() < text.chars().count() {
                        left = Some((*tone, text.clone()));
                    }
                    self.words(*beside, *tone, &fitting);
                }
                Piece::Sent { from, to, label, course } => {
                    let label = match (course, row.arrives) {
                        (Course::Late, Some(at)) if !notes.is_empty() => format!("{label} till {at}"),
                        _ => label.clone(),
                    };
                    let room = match course {
                        // Beside another one it has half of the row.
                        Course::Crossing { slot, .. } if row.pieces.len() > 1 => {
                            let reach = self.lifeline(*from).abs_diff(self.slot(*from.min(to), *slot));
                            reach.saturating_sub(6).max(label.chars().count())
                        }
                        // Beyond the next lifeline there are strokes alone.
                        Course::Through | Course::Unheard if from.abs_diff(*to) > 1 => self.inner - 4,
                        Course::Through | Course::Unheard => self.inner - 6,
                        Course::Late | Course::Lost | Course::Crossing { .. } => self.inner - 8,
                    };
                    self.sent(*from, *to, &fitting(&label, notes, " ", room), *course);
                }
                Piece::Arrived { from, to, label } => {
                    let label = fitting(label, notes, " ", self.inner - 7);
                    let reach = self.lifeline(*from).abs_diff(self.lifeline(*to)) - 1;
                    self.arrow(*from, *to, &dashed(&label, reach, *from < *to));
                }
                Piece::Lands { from, to, slot, .. } => self.lands(*from, *to, *slot),
            }
        }
        left
    }

    /// Colours it.
    pub(super) fn paint(&self, colour: Colour) -> String {
        let runs = self.cells.chunk_by(|(_, one), (_, other)| one == other);
        runs.map(|run| colour.paint(run[0].1, &run.iter().map(|(letter, _)| *letter).collect::<String>())).collect()
    }

    const fn lifeline(&self, place: usize) -> usize {
        place * (self.inner + 1)
    }

    /// Where a segment on its way is.
    const fn slot(&self, gap: usize, slot: usize) -> usize {
        self.lifeline(gap) + self.inner / 2 + 2 * slot
    }

    /// Puts text there. A stroke goes across a lifeline.
    fn put(&mut self, column: usize, text: &str, tone: Tone) {
        for (cell, letter) in self.cells.iter_mut().skip(column).zip(text.chars()) {
            let letter = if cell.0 == '│' && matches!(letter, '─' | '┄') { '┼' } else { letter };
            *cell = (letter, tone);
        }
    }

    /// Words beside a lifeline: to the right of the first, to the left of any other.
    fn words(&mut self, beside: usize, tone: Tone, text: &str) {
        let length = text.chars().count();
        let column = if beside == 0 { 2 } else { self.lifeline(beside).saturating_sub(1 + length) };
        self.put(column - 1, " ", Tone::Plain);
        self.put(column, text, tone);
        self.put(column + length, " ", Tone::Plain);
    }

    fn sent(&mut self, from: usize, to: usize, label: &str, course: Course) {
        let near = self.lifeline(from);
        let rightwards = from < to;
        let whole = near.abs_diff(self.lifeline(to)) - 1;
        let (end, reach) = match course {
            Course::Through => (if rightwards { "▶" } else { "◀" }, whole),
            Course::Unheard => ("✗", whole),
            // Two thirds of the way, unless the label needs more.
            Course::Late => ("┄┄", self.inner * 2 / 3),
            Course::Lost => ("✗", self.inner * 2 / 3),
            Course::Crossing { slot, .. } => {
                (if rightwards { "╲" } else { "╱" }, near.abs_diff(self.slot(from.min(to), slot)))
            }
        };
        let least = if matches!(course, Course::Lost | Course::Late) { 2 } else { 1 };
        let taken = label.chars().count() + 4 + end.chars().count();
        let rest = "─".repeat(reach.saturating_sub(taken).max(least));
        self.put(near, if rightwards { "├" } else { "┤" }, Tone::Plain);
        if rightwards {
            self.arrow(from, to, &format!("── {label} {rest}{end}"));
        } else {
            self.arrow(from, to, &format!("{end}{rest} {label} ──"));
        }
        let length = taken + rest.chars().count();
        if end == "✗" {
            let column = if rightwards { near + length } else { near.saturating_sub(length) };
            self.put(column, end, Tone::Bad);
        }
    }

    /// Puts the strokes of an arrow next to the lifeline it comes from.
    fn arrow(&mut self, from: usize, to: usize, strokes: &str) {
        let near = self.lifeline(from);
        let column = if from < to { near + 1 } else { near.saturating_sub(strokes.chars().count()) };
        self.put(column, strokes, Tone::Plain);
    }

    fn lands(&mut self, from: usize, to: usize, slot: usize) {
        let (middle, far) = (self.slot(from.min(to), slot), self.lifeline(to));
        if from < to {
            let rest = "─".repeat(far.saturating_sub(middle + 2));
            self.put(middle, &format!("╲{rest}▶"), Tone::Plain);
        } else {
            let rest = "─".repeat(middle.saturating_sub(far + 2));
            self.put(far + 1, &format!("◀{rest}╱"), Tone::Plain);
        }
    }
}

/// The strokes of a segment that left in another row.
fn dashed(label: &str, reach: usize, rightwards: bool) -> String {
    let rest = "┄".repeat(reach.saturating_sub(label.chars().count() + 6));
    if rightwards { format!(" ┄┄ {label} {rest}▶") } else { format!("◀{rest} {label} ┄┄ ") }
}

/// Text with as many notes behind it as have room: first go the ordinary ones, then the last. Of text that is too long itself, what
/// is before the colon, or what comes of it, or as much as has room.
fn fitting(text: &str, notes: &[Note], between: &str, room: usize) -> String {
    let told = |notes: &[&Note]| notes.iter().fold(text.to_owned(), |text, (_, note)| format!("{text}{between}{note}"));
    let telling: Vec<&Note> = notes.iter().filter(|(tone, _)| matches!(tone, Tone::Notable | Tone::Bad)).collect();
    let bad: Vec<&Note> = telling.iter().copied().filter(|(tone, _)| *tone == Tone::Bad).collect();
    let forms = std::iter::once(told(&telling)).chain((0..=bad.len()).rev().map(|count| told(&bad[..count])));
    let is_label = text.contains('/');
    let short = [text.split(": ").next(), text.rsplit(" → ").next(), text.split(' ').next().filter(|_| is_label)];
    let short = short.into_iter().flatten().map(|text| text.replace("still ", ""));
    forms.chain(short).find(|form| form.chars().count() <= room).unwrap_or_else(|| {
        let kept: String = text.chars().take(room.saturating_sub(1)).collect();
        format!("{kept}…")
    })
}

/// Lifelines between which something was left out.
pub(super) fn elided(words: &str, lifelines: usize, inner: usize) -> String {
    let first = format!("⋮{words:^inner$}⋮");
    let other = format!("{:inner$}⋮", "");
    first + &other.repeat(lifelines - 2)
}

/// The names of hosts over their lifelines.
pub(super) fn heads(names: &[&str], inner: usize) -> String {
    let wide = super::width_of(names.len(), inner);
    let room = inner / 2 + if names.len() > 2 { 0 } else { 1 };
    let mut canvas = Canvas { cells: vec![(' ', Tone::Plain); wide], inner };
    for (place, name) in names.iter().enumerate() {
        let fits = names.len() == 2 && names.iter().map(|name| name.chars().count()).sum::<usize>() <= inner;
        let name = if fits { (*name).to_owned() } else { fitting(name, &[], "", room) };
        let length = name.chars().count();
        let lifeline = canvas.lifeline(place);
        let column = match place {
            0 => 0,
            last if last + 1 == names.len() => wide.saturating_sub(length),
            _ => lifeline.saturating_sub(length / 2),
        };
        canvas.put(column, &name, Tone::Plain);
    }
    canvas.paint(Colour::Never)
}
