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
    /// The value downwards, and for each one to the right how much there is, in percent of the scale and in words.
    pub(super) rows: Vec<(String, Vec<Option<(String, String)>>)>,
}

impl Heat<'_> {
    pub(super) fn html(&self) -> String {
        rendered(self)
    }
}
