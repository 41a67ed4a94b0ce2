//! Tables of a page.

use askama::Template;
use experiment::Variant;

use super::rendered;
use crate::amount::{amount, ratio, scaled};
use crate::tables::{Line, base};

/// A table that can be sorted by its columns.
#[derive(Template)]
#[template(path = "table.html")]
pub(super) struct Table {
    /// What it shows, for those who come to it by ear.
    pub(super) caption: String,
    /// The columns' heads, and whether a column has numbers.
    pub(super) heads: Vec<(String, bool)>,
    pub(super) rows: Vec<Row>,
}

/// A row: words over what follows, or cells.
pub(super) enum Row {
    /// Words on the rows that follow; only in a table that is not sorted.
    Heading(String),
    /// A cell for each column.
    Cells(Vec<Cell>),
}

/// A cell.
#[derive(Clone, Default)]
pub(super) struct Cell {
    pub(super) text: String,
    /// HTML behind the text.
    pub(super) html: String,
    /// What it is sorted by, if that is not its text.
    pub(super) value: Option<f64>,
    /// How it looks.
    pub(super) class: &'static str,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Sorted by a number.
    pub(super) fn by(self, value: Option<f64>) -> Self {
        Self { value, ..self }
    }

    pub(super) fn class(self, class: &'static str) -> Self {
        Self { class, ..self }
    }
}

impl Table {
    pub(super) fn new(caption: impl Into<String>, heads: Vec<(String, bool)>) -> Self {
        Self { caption: caption.into(), heads, rows: Vec::new() }
    }

    /// Whether sorting it makes sense.
    fn is_sortable(&self) -> bool {
        self.rows.len() > 1 && self.rows.iter().all(|row| matches!(row, Row::Cells(_)))
    }

    /// Nothing if it has no row.
    pub(super) fn html(&self) -> String {
        if self.rows.is_empty() { String::new() } else { rendered(self) }
    }

    /// A table of lines with a column for each variant, and ratios to the base.
    pub(super) fn of_lines(caption: &str, what: &str, variants: &[&Variant], lines: &[Line]) -> Self {
        let base = base(variants);
        let has_units = lines.iter().any(|line| matches!(line, Line::Values { exact: true, .. }));
        let mut heads = vec![(what.to_owned(), false)];
        heads.extend(has_units.then(|| ("unit".to_owned(), false)));
        heads.extend(variants.iter().map(|variant| (variant.label(), true)));
        let mut table = Self::new(caption, heads);
        for line in lines {
            table.rows.push(match line {
                Line::Heading(words) => Row::Heading(words.clone()),
                Line::Values { name, unit, values, exact } => {
                    let mut cells = vec![Cell::new(name.trim())];
                    // Where cells have their units, another column need not.
                    cells.extend(has_units.then(|| Cell::new(if *exact { unit } else { "" })));
                    cells.extend(values.iter().enumerate().map(|(place, value)| {
                        let is_exact = *exact || unit.is_empty();
                        let text = if is_exact { amount(*value) } else { scaled(value.unwrap_or(0.0), unit) };
                        let ratio = ratio(*value, values[base]).filter(|_| place != base);
                        let html = ratio.map_or(String::new(), |ratio| format!(" <small>{ratio}</small>"));
                        Cell { text, html, value: *value, class: "" }
                    }));
                    Row::Cells(cells)
                }
            });
        }
        table
    }
}
