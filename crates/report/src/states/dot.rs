//! A state diagram in the text that Graphviz draws.

use std::fmt::Write;

use tcp_endpoint::State;
use transitions::{Place, Standing};

use super::model::{Line, StateDiagram};
use crate::diagram::Caption;

/// The rows of figure 5 of RFC 9293.
const ROWS: [&[State]; 3] = [
    &[State::SynReceived, State::SynSent],
    &[State::FinWait1, State::CloseWait],
    &[State::FinWait2, State::Closing, State::LastAck],
];

/// Writes the diagram as a digraph: a node for each state, with its ways out to CLOSED that the figure leaves out, and an edge for
/// each line. CLOSED is there twice, as in the figure.
#[must_use]
pub fn dot(diagram: &StateDiagram, caption: &Caption) -> String {
    let mut text = String::new();
    let mut line = |words: &str| writeln!(text, "{words}").expect("a string takes it");
    line(&format!("// {}", caption.command));
    line("digraph states {");
    line(&format!("  label={};", quoted(&[&caption.title, &caption.subtitle])));
    line("  labelloc=t; rankdir=TB; nodesep=0.9; ranksep=0.6;");
    line("  node [shape=box, style=rounded, fontname=\"sans-serif\", fontsize=11];");
    line("  edge [fontname=\"sans-serif\", fontsize=9, color=\"#6d7a83\"];");
    for state in State::ALL {
        line(&node(diagram, state.into(), state.name()));
    }
    line(&node(diagram, State::Closed.into(), LAST));
    if diagram.holds_down() {
        line(&node(diagram, Place::HeldDown, Place::HeldDown.name()));
    }
    for row in ROWS {
        let names: Vec<String> = row.iter().map(|state| quoted(&[state.name()])).collect();
        line(&format!("  {{ rank=same; {}; }}", names.join("; ")));
    }
    line(&format!("  {{ rank=same; {}; {}; }}", quoted(&[State::TimeWait.name()]), quoted(&[LAST])));
    for edge in diagram.lines() {
        line(&drawn(&edge));
    }
    let bold = diagram.watched.then_some("bold: the run took it, so many times (×)");
    let legend = ["whole: as in figure 5 of RFC 9293", "dashed: not in the figure", "dotted: only in the figure"];
    let legend: Vec<&str> = bold.into_iter().chain(legend).collect();
    line(&format!("  {{ rank=sink; legend [label={}, shape=plaintext]; }}", quoted(&legend)));
    line("}");
    text
}

/// The name of the node at the end of the figure.
const LAST: &str = "CLOSED at the end";

fn node(diagram: &StateDiagram, place: Place, id: &str) -> String {
    let mut words = vec![place.name().to_owned()];
    if let Place::State(state) = place
        && id != LAST
    {
        words.extend(diagram.kept.get(&state).cloned());
        let exits = diagram.exits(state);
        let told = exits.into_iter().map(|(exit, taken)| if taken > 0 { format!("{exit} ×{taken}") } else { exit });
        let told = told.collect::<Vec<_>>().join(", ");
        words.extend((!told.is_empty()).then(|| format!("→ CLOSED: {told}")));
    }
    let visited = match (diagram.is_reached(place), diagram.is_visited(place)) {
        (false, _) => ", style=\"rounded,dotted\", color=\"#c23434\"",
        (_, true) => ", color=\"#1560bd\", penwidth=2.5",
        (_, false) => "",
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    format!("  {} [label={}{visited}];", quoted(&[id]), quoted(&words))
}

fn drawn(line: &Line<'_>) -> String {
    let ends = matches!(line.from, Place::State(State::LastAck | State::TimeWait) | Place::HeldDown);
    let end = |place: Place, last: bool| if last && place == State::Closed.into() { LAST } else { place.name() };
    let (from, to) = (end(line.from, line.to == Place::HeldDown), end(line.to, ends));
    let words: Vec<String> = line
        .steps
        .iter()
        .flat_map(|step| {
            let (event, action) = step.label();
            let action = if action.is_empty() { String::new() } else { format!(" / {action}") };
            let times = if step.taken > 0 { format!(" ×{}", step.taken) } else { String::new() };
            std::iter::once(format!("{event}{action}{times}")).chain(step.also())
        })
        .collect();
    let style = match (line.standing(), line.taken() > 0) {
        (Standing::Added, true) => ", style=dashed, color=\"#1560bd\", penwidth=3",
        (_, true) => ", color=\"#1560bd\", penwidth=3",
        (Standing::Added, false) => ", style=dashed, color=\"#a86400\", fontcolor=\"#a86400\"",
        (Standing::Missing, false) => ", style=dotted, color=\"#c23434\", fontcolor=\"#c23434\"",
        (Standing::OtherAction, false) => ", fontcolor=\"#a86400\"",
        (Standing::Same, false) => "",
    };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    format!("  {} -> {} [label={}{style}];", quoted(&[from]), quoted(&[to]), quoted(&words))
}

/// Lines of words as Graphviz takes them.
fn quoted(lines: &[&str]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| line.replace('\\', "\\\\").replace('"', "\\\"")).collect();
    format!("\"{}\"", lines.join("\\n"))
}
