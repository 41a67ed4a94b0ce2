//! One of the runs of a sweep, drawn.

use super::Section;
use crate::diagram::Diagram;
use crate::page::run::beside;

/// A run that is drawn, and the same of another variant.
#[derive(Debug)]
pub struct OneRun {
    /// Why it is this one: `the largest setup.seconds.mean`.
    pub why: String,
    /// Which it is: the values of the axes, the replication, the seed.
    pub which: String,
    /// The command that draws it again.
    pub command: String,
    /// The diagrams by the variants' names, first that of the variant that the run is of.
    pub diagrams: Vec<(String, Diagram)>,
}

pub(super) fn one_run(one: Option<&OneRun>) -> Section {
    let section = |lead: String, html| Section::new("diagrams", "One of the runs", lead, html);
    let Some(OneRun { why, which, command, diagrams }) = one else { return section(String::new(), String::new()) };
    let beside_it = if diagrams.len() > 1 { ", and beside it the same run of another variant" } else { "" };
    let lead = format!(
        "{which}: the run with {why}{beside_it}. Time runs down; silence is cut out. Point at \
         an arrow or a bar, or tap it, to be told its cause."
    );
    let diagrams: Vec<(String, &Diagram)> = diagrams.iter().map(|(name, diagram)| (name.clone(), diagram)).collect();
    section(lead, beside(&diagrams, command))
}
