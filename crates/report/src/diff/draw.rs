//! Two ladders side by side.

use sim_time::Instant;

use super::align::label;
use super::lives::Life;
use super::{Agreement, Comparison, Mark, Pair, Seen};
use crate::paint::{Colour, Tone};

/// Columns between two lifelines.
const INNER: usize = 28;

pub(super) fn side_by_side(comparison: &Comparison, ours: &str, theirs: &str, colour: Colour) -> String {
    let sheet = Sheet::new(comparison, colour);
    let mut text = String::new();
    sheet.header(ours, theirs, &mut text);
    for row in &comparison.rows {
        sheet.row(row, &mut text);
    }
    if !comparison.lives.is_empty() {
        text.push('\n');
        for row in &comparison.lives {
            sheet.life(row, &mut text);
        }
    }
    let tone = match comparison.agreement {
        Agreement::Agrees => Tone::Good,
        Agreement::UpToATie(_) => Tone::Notable,
        Agreement::Differs(_) => Tone::Bad,
    };
    text.push('\n');
    text.push_str(&colour.paint(tone, &comparison.agreement.to_string()));
    text.push('\n');
    text
}

struct Sheet<'a> {
    comparison: &'a Comparison,
    colour: Colour,
    /// Columns of a time, of ours and theirs.
    times: [usize; 2],
}

impl<'a> Sheet<'a> {
    fn new(comparison: &'a Comparison, colour: Colour) -> Self {
        let widest = |side: fn(&Pair<Seen>) -> Option<&Seen>| {
            comparison.rows.iter().filter_map(side).map(|seen| seen.at.to_string().len()).max().unwrap_or(0).max(5)
        };
        let times = [widest(|row| row.ours.as_ref()), widest(|row| row.theirs.as_ref())];
        Self { comparison, colour, times }
    }

    fn header(&self, ours: &str, theirs: &str, text: &mut String) {
        let width = self.times[0] + INNER + 4;
        let ours = shortened(ours, width);
        let line = format!("{ours:<width$}   {theirs}");
        text.push_str(&self.colour.paint(Tone::Quiet, line.trim_end()));
        text.push('\n');
    }

    fn row(&self, row: &Pair<Seen>, text: &mut String) {
        let (mark, tone) = match row.mark {
            Mark::Same | Mark::Unmatched => (" ", Tone::Plain),
            Mark::Tie => ("~", Tone::Notable),
            Mark::Injected => ("+", Tone::Quiet),
            Mark::Different => ("≠", Tone::Bad),
        };
        let ours = self.side(row.ours.as_ref(), self.times[0]);
        let theirs = self.side(row.theirs.as_ref(), self.times[1]);
        let line = format!("{ours} {mark} {theirs}");
        text.push_str(&self.colour.paint(tone, line.trim_end()));
        text.push('\n');
    }

    fn side(&self, seen: Option<&Seen>, time: usize) -> String {
        let Some(seen) = seen else { return " ".repeat(time + INNER + 4) };
        let label = label(seen);
        let rest = "─".repeat(INNER.saturating_sub(label.chars().count() + 5).max(1));
        let rightward = self.comparison.first_host.as_ref() == Some(&seen.from.host);
        let arrow = match (rightward, seen.delivered.is_some()) {
            (true, true) => format!("├── {label} {rest}▶│"),
            (true, false) => format!("├── {label} {rest}✗│"),
            (false, true) => format!("│◀{rest} {label} ──┤"),
            (false, false) => format!("│✗{rest} {label} ──┤"),
        };
        format!("{:>time$}  {arrow}", seen.at.to_string())
    }

    fn life(&self, row: &Pair<Life>, text: &mut String) {
        let width = self.times[0] + INNER + 4;
        let words = |life: Option<&Life>| life.map_or(String::new(), stay);
        let (mark, tone) = if row.mark == Mark::Different { ("≠", Tone::Bad) } else { (" ", Tone::State) };
        let line = format!("{:<width$} {mark} {}", words(row.ours.as_ref()), words(row.theirs.as_ref()));
        text.push_str(&self.colour.paint(tone, line.trim_end()));
        text.push('\n');
    }
}

/// `client:5000 SYN-SENT 0.000–0.020`
fn stay(life: &Life) -> String {
    let until = life.until.map_or(String::new(), |until: Instant| until.to_string());
    format!("{}:{} {} {}–{until}", life.end.host, life.end.port, life.state, life.from)
}

fn shortened(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        text.to_owned()
    } else {
        format!("…{}", text.chars().skip(length - width + 1).collect::<String>())
    }
}
