//! The text of an explanation, read: its sections, their paragraphs, and the times and amounts in them.

use std::collections::BTreeMap;

/// The titles of the sections, without what they all end in.
pub(super) const WASTE: &str = "What was held for nobody";
pub(super) const WAITS: &str = "Who had to wait";
pub(super) const OPENS: &str = "Opens that failed or were slow";
pub(super) const ENDS: &str = "Connections that were cut short, lost or mixed up data, or closed slowly";
pub(super) const SCRIPTS: &str = "Scripts that still wait at the end of the run";

/// How many scripts of each host only sleep.
pub(super) const IDLE: &str = "Scripts that only wait for a time to pass: ";

const TITLES: [&str; 5] = [WASTE, WAITS, OPENS, ENDS, SCRIPTS];

/// The paragraphs of each section, each as one line, without its number and without those of machines and attempts.
pub(super) type Sections = BTreeMap<&'static str, Vec<String>>;

pub(super) fn sections(text: &str) -> Sections {
    let mut sections = Sections::new();
    let mut section = None;
    for line in text.lines() {
        if let Some(title) = TITLES.into_iter().find(|title| line.starts_with(title)) {
            section = Some(sections.entry(title).or_default());
        } else if let Some(counts) = line.strip_prefix(IDLE) {
            let paragraphs = sections.entry(IDLE).or_default();
            paragraphs.push(counts.to_owned());
            section = Some(paragraphs);
        } else if line.is_empty() {
            section = None;
        } else if let Some(paragraphs) = &mut section {
            let line = without_ordinals(&without_machines(line)).replace(" (ghost)", "");
            match (line.strip_prefix(' '), paragraphs.last_mut()) {
                (Some(rest), Some(last)) => *last += &format!(" {}", rest.trim_start()),
                _ => paragraphs.push(line.split_once(". ").map_or(&*line, |(_, rest)| rest).to_owned()),
            }
        }
    }
    sections
}

/// Takes the number of its machine away from each host: `client(2):49152` is of `client:49152`.
fn without_machines(line: &str) -> String {
    let mut parts = line.split('(');
    let mut without = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let number = part.split_once(')').filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
        match number {
            Some((_, rest)) if without.ends_with(|last: char| last.is_alphanumeric()) => without += rest,
            _ => without = without + "(" + part,
        }
    }
    without
}

/// Takes the ordinal of its attempt away from each connection: `client:49152 → server:80 #1`.
fn without_ordinals(line: &str) -> String {
    let mut parts = line.split(" #");
    let first = parts.next().unwrap_or("").to_owned();
    parts.fold(first, |line, part| line + part.trim_start_matches(|next: char| next.is_ascii_digit()))
}

/// What is left to read of a paragraph.
pub(super) struct Reader<'a>(pub(super) &'a str);

impl<'a> Reader<'a> {
    /// What stands before a mark; the rest is behind it.
    pub(super) fn before(&mut self, mark: &str) -> Option<&'a str> {
        let (before, rest) = self.0.split_once(mark)?;
        self.0 = rest;
        Some(before)
    }

    /// Takes what comes next, if it is this.
    pub(super) fn take(&mut self, this: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(this)?;
        Some(())
    }

    /// A time in seconds, in nanoseconds.
    pub(super) fn time(&mut self) -> Option<u128> {
        let digits = self.digits(".");
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let part = if part.len() > 9 { return None } else { format!("{part:0<9}") };
        Some(whole.parse::<u128>().ok()? * 1_000_000_000 + part.parse::<u128>().ok()?)
    }

    /// A count, perhaps with commas between thousands.
    pub(super) fn count(&mut self) -> Option<u64> {
        self.digits(",").replace(',', "").parse().ok()
    }

    /// A number of three digits.
    pub(super) fn number(&mut self) -> Option<f64> {
        self.digits(",.").replace(',', "").parse().ok()
    }

    /// A number, and the unit behind it, with its multiple resolved.
    pub(super) fn amount(&mut self, unit: &str) -> Option<f64> {
        let start = self.0;
        let number = self.number()?;
        let multiples = [(1.0, " "), (1e3, " k"), (1e6, " M"), (1e9, " G"), (1e12, " T")];
        let found = multiples.iter().find(|(_, prefix)| self.0.starts_with(&format!("{prefix}{unit}")));
        let Some((multiple, prefix)) = found else {
            self.0 = start;
            return None;
        };
        self.0 = &self.0[prefix.len() + unit.len()..];
        Some(number * multiple)
    }

    /// Byte·seconds and segments, as far as they are there.
    pub(super) fn cost(&mut self) -> Option<[f64; 3]> {
        let bytes = self.amount("B·s");
        let is_more = |text: &mut Self| text.take(", ").or_else(|| text.take(" and ")).is_some();
        if bytes.is_some() && !is_more(self) {
            return Some([bytes?, 0.0, 0.0]);
        }
        let workers = self.amount("worker·s");
        if workers.is_some() && !is_more(self) {
            return Some([bytes.unwrap_or(0.0), workers?, 0.0]);
        }
        let segments = self.count()?;
        self.take(" wasted segment")?;
        let _plural = self.take("s");
        Some([bytes.unwrap_or(0.0), workers.unwrap_or(0.0), segments as f64])
    }

    /// The digits that come next, and the marks between them; a mark at the end is of the sentence.
    fn digits(&mut self, marks: &str) -> &'a str {
        let is_of_number = |next: char| next.is_ascii_digit() || marks.contains(next);
        let end = self.0.find(|next| !is_of_number(next)).unwrap_or(self.0.len());
        let digits = self.0[..end].trim_end_matches(['.', ',']);
        self.0 = &self.0[digits.len()..];
        digits
    }
}

/// Whether a text of three digits tells an exact value.
pub(super) fn near(told: f64, exact: f64) -> bool {
    (told - exact).abs() <= half_digit(exact)
}

/// What a value of three digits may be off by; and the last bits of a binary fraction.
pub(super) fn half_digit(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { 10_f64.powf(value.abs().log10().floor() - 2.0) * 0.500_001 }
}
