//! A state diagram as a table.

use transitions::Standing;

use super::model::{StateDiagram, Step, action};
use crate::wrap::{block, wrapped};

/// Events that a line tells of; there may be more that do the same.
const EVENTS: usize = 3;

/// Columns that what is told has at least.
const LEAST: usize = 30;

/// A line for each step, the figure's first: how it stands to figure 5, how often a run took it, what brings it about, and what the
/// host sends then.
#[must_use]
pub fn table(diagram: &StateDiagram, width: usize) -> String {
    let name = |step: &Step| format!("{} → {}", step.arc.from, step.arc.to);
    let widest = diagram.steps.iter().map(|step| name(step).chars().count()).max().unwrap_or(0);
    let many = |step: &Step| if step.taken == 0 { String::new() } else { format!("×{}", step.taken) };
    let digits = diagram.steps.iter().map(|step| many(step).chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for step in &diagram.steps {
        let mark = match step.arc.standing {
            Standing::Same => '=',
            Standing::OtherAction => '≠',
            Standing::Added => '+',
            Standing::Missing => '-',
        };
        let front = format!("{mark} {:widest$}  {:>digits$}  ", name(step), many(step));
        let indent = front.chars().count();
        let lines = wrapped(&told(step), width.saturating_sub(indent).max(LEAST));
        text.push_str(&block(&front, indent, &lines));
    }
    text.push('\n');
    let signs =
        ["= as figure 5 of RFC 9293 has it", "≠ sends something else", "+ not in the figure", "- only in the figure"];
    let signs_wide: usize = signs.iter().map(|sign| sign.chars().count() + 2).sum::<usize>() - 2;
    text.push_str(&signs.join(if signs_wide <= width { "  " } else { "\n" }));
    text.push('\n');
    text
}

/// `rcv FIN / snd ACK; …`
fn told(step: &Step) -> String {
    let arc = &step.arc;
    let figure = arc.figure.filter(|_| arc.standing != Standing::Same);
    let figured = figure.map(|figure| {
        let action = if figure.action.is_empty() { "x" } else { figure.action };
        format!("the figure: {} / {action}", figure.event)
    });
    let causes = arc.plain_causes();
    let told = causes.iter().take(EVENTS).map(|cause| {
        let full = if cause.crowded { " (no room)" } else { "" };
        format!("{}{full} / {}", cause.event.words(), action(cause))
    });
    let more = (causes.len() > EVENTS).then(|| "…".to_owned());
    let section = arc.section().map(|section| format!("({section})"));
    told.chain(more).chain(figured).chain(section).collect::<Vec<_>>().join("; ").replace("; (", " (")
}
