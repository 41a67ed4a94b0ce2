//! Heat maps: a measure over two axes of a sweep, as a table whose cells are coloured and say what they are.

use askama::Template;

use super::rendered;

/// A map.
#[derive(Template)]
#[template(path = "heat.html")]
pub(super) struct Heat<'a> {
    /// Of what it is: the variant, and the values of other axes.
    pub(super) title: String,
    /// The axis downwards, and the one to the right.
    pub(super) down: &'a str,
    pub(super) across: &'a str,
    pub(super) columns: &'a [String],
    /// For each value downwards a cell for each one to the right.
    pub(super) rows: Vec<(String, Vec<Option<Warm>>)>,
}

/// How much there is.
pub(super) struct Warm {
    /// In percent of the strongest colour.
    pub(super) percent: String,
    pub(super) words: String,
}

impl Heat<'_> {
    pub(super) fn html(&self) -> String {
        rendered(self)
    }
}
