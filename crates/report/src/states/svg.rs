//! A state diagram as SVG, laid out as figure 5 of RFC 9293.
//!
//! The text depends on the diagram and its caption, and on nothing else.

mod layout;

use svg::node::Node;
use svg::node::element::Element;
use tcp_endpoint::State;
use transitions::{Place, Standing};

use self::layout::{HALF, Label, Layout, Spot, WIDE};
use super::model::{Line, StateDiagram, Step};
use crate::diagram::Caption;
use crate::diagram::svg::look::{
    self, Ids, LETTER, MONO_LETTER, STRONG_LETTER, element, lines_of, placed, state_class, text, width,
};
use crate::diagram::svg::{BODY, MARGIN, SMALL, TITLE};

/// The size of a state's name.
const NAME: f64 = 13.5;
/// From one line of small text to the next.
const LEADING: f64 = 12.5;

/// What this kind of picture has beside the colours of the others. A line that the host and the figure both have is whole, one that the
/// host adds is dashed, one that only the figure has is dotted; one that a run took is bold.
const LIGHT: &str = "
.st-box{fill:#f6f8f9;stroke:#6d7a83;stroke-width:1.2}.st{stroke:#6d7a83;stroke-width:1.3;fill:none}.st-added{stroke:#a86400;stroke-dasharray:7 4}.st-missing{stroke:#c23434;stroke-dasharray:1.5 4}
.st-taken{stroke:#1560bd;stroke-width:3.4}.st-tip{fill:#6d7a83}.st-tip-added{fill:#a86400}.st-tip-missing{fill:#c23434}
.st-tip-taken{fill:#1560bd}.run{fill:#1560bd}.st-visited{stroke:#1560bd;stroke-width:2.6}
.st-rule{stroke:#9aa7b0;stroke-width:0.8}.st-listen{fill:#c3ccd2}";
const DARK: &str = "
.st-box{fill:#1d2429;stroke:#93a1aa}.st{stroke:#93a1aa}.st-added{stroke:#ffb347}.st-missing{stroke:#ff7b7b}.st-taken{stroke:#66b0ff}.st-tip{fill:#93a1aa}
.st-tip-added{fill:#ffb347}.st-tip-missing{fill:#ff7b7b}.st-tip-taken{fill:#66b0ff}.run{fill:#66b0ff}
.st-visited{stroke:#66b0ff}.st-rule{stroke:#5f6b74}.st-listen{fill:#46535b}";

/// Draws the diagram under its caption.
#[must_use]
pub fn svg(diagram: &StateDiagram, caption: &Caption) -> String {
    drawn(diagram, caption, &Ids::new(caption))
}

/// The same for a page that gives the picture's ids a prefix of their own.
#[must_use]
pub fn svg_with_ids(diagram: &StateDiagram, caption: &Caption, prefix: &str) -> String {
    drawn(diagram, caption, &Ids::with_prefix(prefix))
}

fn drawn(diagram: &StateDiagram, caption: &Caption, ids: &Ids) -> String {
    let mut parts = Vec::new();
    let mut y = MARGIN + 12.0;
    for line in lines_of(&caption.title, WIDE - 2.0 * MARGIN, TITLE, STRONG_LETTER) {
        parts.push(text((MARGIN, y), TITLE, "words ink strong", "start", &line));
        y += 24.0;
    }
    y -= 2.0;
    for line in lines_of(&caption.subtitle, WIDE - 2.0 * MARGIN, BODY, LETTER) {
        parts.push(text((MARGIN, y), BODY, "words soft", "start", &line));
        y += 17.0;
    }
    let layout = Layout::new(y + 22.0 + HALF.1);
    let lines = diagram.lines();
    parts.extend(lines.iter().map(|line| path(line, &layout.route(line.from, line.to).path, ids)));
    for spot in spots(diagram) {
        parts.extend(a_box(diagram, spot, layout.middle(spot)));
    }
    for line in &lines {
        parts.extend(label(line, layout.route(line.from, line.to).label));
    }
    let mut bottom = layout.bottom(diagram.holds_down()) + 34.0;
    bottom = legend(diagram, &lines, ids, bottom, &mut parts) + 26.0;
    for note in diagram.notes() {
        for line in lines_of(&note, WIDE - 2.0 * MARGIN, SMALL, LETTER) {
            parts.push(text((MARGIN, bottom), SMALL, "words soft", "start", &line));
            bottom += 15.0;
        }
    }
    bottom += 6.0;
    for line in lines_of(&caption.command, WIDE - 2.0 * MARGIN, SMALL, MONO_LETTER) {
        parts.push(text((MARGIN, bottom), SMALL, "mono soft", "start", &line));
        bottom += 15.0;
    }
    let style = format!("{}{LIGHT}\n@media screen and (prefers-color-scheme:dark){{{DARK}\n}}\n", look::style());
    look::sheet((WIDE, bottom + 4.0), (caption, &in_words(diagram, caption)), (ids, &style, tips(ids)), parts)
}

/// The boxes: the states, CLOSED twice, and what is held down.
fn spots(diagram: &StateDiagram) -> Vec<Spot> {
    let mut spots: Vec<Spot> = State::ALL.into_iter().map(|state| Spot { place: state.into(), last: false }).collect();
    spots.push(Spot { place: State::Closed.into(), last: true });
    if diagram.holds_down() {
        spots.push(Spot { place: Place::HeldDown, last: false });
    }
    spots
}

fn tips(ids: &Ids) -> Element {
    let mut all = element("defs", &[]);
    for class in ["st-tip", "st-tip-added", "st-tip-missing"] {
        all.append(look::tip(ids, class, 8));
    }
    all.append(look::tip(ids, "st-tip-taken", 13));
    all
}

/// The classes of a line, and the name of its tip.
const fn classes(standing: Standing, taken: bool) -> (&'static str, &'static str) {
    match (standing, taken) {
        (Standing::Added, true) => ("st st-added st-taken", "st-tip-taken"),
        (_, true) => ("st st-taken", "st-tip-taken"),
        (Standing::Same | Standing::OtherAction, false) => ("st", "st-tip"),
        (Standing::Added, false) => ("st st-added", "st-tip-added"),
        (Standing::Missing, false) => ("st st-missing", "st-tip-missing"),
    }
}

/// A line, and what there is to know of it for whoever points at it.
fn path(line: &Line<'_>, path: &str, ids: &Ids) -> Element {
    let (class, tip) = classes(line.standing(), line.taken() > 0);
    let mark = ids.url(tip);
    let drawn = element("path", &[("d", path), ("class", class), ("marker-end", &mark)]);
    look::with_tooltip(drawn, &tooltip(line))
}

fn tooltip(line: &Line<'_>) -> Vec<String> {
    let mut lines = vec![format!("{} → {}", line.from, line.to)];
    for step in &line.steps {
        let (event, action) = step.label();
        let times = if step.taken > 0 { format!(" ×{}", step.taken) } else { String::new() };
        let standing = match step.arc.standing {
            Standing::Same => "as in figure 5 of RFC 9293",
            Standing::OtherAction => "figure 5 of RFC 9293 has another action",
            Standing::Added => "not in figure 5 of RFC 9293",
            Standing::Missing => "in figure 5 of RFC 9293, and not made",
        };
        let section = step.arc.section().map_or(String::new(), |section| format!(", {section}"));
        let action = if action.is_empty() { String::new() } else { format!(" / {action}") };
        lines.push(format!("{event}{action}{times}: {standing}{section}"));
        lines.extend(step.also());
    }
    lines
}

/// A state, what is kept there, and the ways out of it that are not drawn.
fn a_box(diagram: &StateDiagram, spot: Spot, (x, y): (f64, f64)) -> Vec<Element> {
    let (half, up) = HALF;
    let (left, top) = (x - half, y - up);
    let reached = diagram.is_reached(spot.place);
    let visited = match (reached, diagram.is_visited(spot.place)) {
        (false, _) => "st-box st-missing",
        (_, true) => "st-box st-visited",
        (_, false) => "st-box",
    };
    let frame = |wide: f64| [("x", left), ("y", top), ("width", wide), ("height", 2.0 * up), ("rx", 5.0)];
    let stripe = match spot.place {
        Place::State(State::Closed | State::Listen) | Place::HeldDown => "st-listen",
        Place::State(state) => state_class(state),
    };
    let mut parts = vec![
        placed("rect", &frame(2.0 * half), &[("class", visited)]),
        placed(
            "rect",
            &[("x", left + 4.0), ("y", top + 4.0), ("width", 6.0), ("height", 2.0 * up - 8.0), ("rx", 3.0)],
            &[("class", stripe)],
        ),
    ];
    let (kept, exits) = match spot.place {
        Place::State(_) if !reached => (Some("never reached".to_owned()), Vec::new()),
        Place::State(state) if !spot.last => (diagram.kept.get(&state).cloned(), diagram.exits(state)),
        Place::State(_) => (None, Vec::new()),
        Place::HeldDown => (Some("the name takes no SYN".to_owned()), Vec::new()),
    };
    let exits = exit_lines(&exits, 2.0 * half - 20.0);
    let rows = exits.len() + usize::from(kept.is_some());
    let rows = f64::from(u32::try_from(rows).unwrap_or(u32::MAX));
    let mut baseline = y + 4.5 - rows * LEADING / 2.0;
    parts.push(text((x + 3.0, baseline), NAME, "words ink strong", "middle", spot.place.name()));
    for (class, line) in kept.into_iter().map(|line| ("words soft", line)).chain(exits) {
        baseline += LEADING;
        parts.push(text((x + 3.0, baseline), 10.0, class, "middle", &line));
    }
    parts
}

/// `→ CLOSED: RST, ABORT`, in lines of a width, each with its class.
fn exit_lines(exits: &[(String, u64)], wide: f64) -> Vec<(&'static str, String)> {
    if exits.is_empty() {
        return Vec::new();
    }
    let told = exits.iter().map(|(exit, taken)| if *taken > 0 { format!("{exit} ×{taken}") } else { exit.clone() });
    let line = format!("→ CLOSED: {}", told.collect::<Vec<_>>().join(", "));
    let class = if exits.iter().any(|(_, taken)| *taken > 0) { "words run strong" } else { "words slow" };
    lines_of(&line, wide, 10.0, LETTER).into_iter().map(|line| (class, line)).collect()
}

/// The class of what is written at a line.
const fn ink(step: &Step) -> &'static str {
    match (step.arc.standing, step.taken > 0) {
        (_, true) => "words halo run strong",
        (Standing::Same, _) => "words halo ink",
        (Standing::OtherAction | Standing::Added, _) => "words halo slow",
        (Standing::Missing, _) => "words halo bad",
    }
}

/// What is written at a line: what happens, what is done then, how often; and what else leads the same way.
fn label(line: &Line<'_>, label: Label) -> Vec<Element> {
    let first = line.steps[0];
    let (event, action) = first.label();
    let times = |step: &Step| if step.taken > 0 { format!(" ×{}", step.taken) } else { String::new() };
    let event = format!("{event}{}", times(first));
    let more: Vec<(&str, String)> = line.steps[1..]
        .iter()
        .map(|step| {
            let (event, action) = step.label();
            let action = if action.is_empty() { String::new() } else { format!(" / {action}") };
            (ink(step), format!("{event}{action}{}", times(step)))
        })
        .collect();
    let below = Some((ink(first), action)).filter(|(_, action)| !action.is_empty());
    let also = first.also().map(|also| (ink(first), also));
    let below: Vec<(&str, String)> = below.into_iter().chain(also).chain(more).collect();
    match label {
        Label::Across { x, y } => {
            let mut parts = vec![text((x, y - 4.5), SMALL, ink(first), "middle", &event)];
            parts.extend(rows((x, y + 12.5), "middle", below));
            parts
        }
        Label::After { x, y } | Label::Before { x, y } => {
            let anchor = if matches!(label, Label::After { .. }) { "start" } else { "end" };
            let mut parts = vec![text((x, y), SMALL, ink(first), anchor, &event)];
            if let Some((_, action)) = below.first() {
                let wide = width(&event, SMALL, LETTER).max(width(action, SMALL, LETTER)).min(110.0);
                let (from, to) = if anchor == "start" { (x, x + wide) } else { (x - wide, x) };
                let y = y + 3.5;
                parts.push(placed("line", &[("x1", from), ("y1", y), ("x2", to), ("y2", y)], &[("class", "st-rule")]));
            }
            parts.extend(rows((x, y + 14.0), anchor, below));
            parts
        }
    }
}

fn rows((x, mut y): (f64, f64), anchor: &str, lines: Vec<(&str, String)>) -> Vec<Element> {
    let mut parts = Vec::new();
    for (class, line) in lines {
        parts.push(text((x, y), SMALL, class, anchor, &line));
        y += LEADING;
    }
    parts
}

/// What the lines mean, for those that are there; returns where it ends.
fn legend(diagram: &StateDiagram, lines: &[Line<'_>], ids: &Ids, top: f64, parts: &mut Vec<Element>) -> f64 {
    let (mut x, mut y) = (MARGIN, top);
    let mut entry = |sign: Option<(&str, &str)>, words: &str, ink: &str| {
        let sign_width = if sign.is_some() { 41.0 } else { 0.0 };
        let wide = sign_width + width(words, SMALL, LETTER);
        if x + wide > WIDE - MARGIN && x > MARGIN {
            (x, y) = (MARGIN, y + 19.0);
        }
        if let Some((class, tip)) = sign {
            let ends = [("x1", x), ("y1", y), ("x2", x + 34.0), ("y2", y)];
            parts.push(placed("line", &ends, &[("class", class), ("marker-end", &ids.url(tip))]));
        }
        parts.push(text((x + sign_width, y + 4.0), SMALL, ink, "start", words));
        x += wide + 22.0;
    };
    let has = |standing: Standing| lines.iter().any(|line| line.steps.iter().any(|step| step.arc.standing == standing));
    entry(Some(classes(Standing::Same, false)), "as in figure 5 of RFC 9293", "words soft");
    if has(Standing::OtherAction) {
        entry(None, "… not …: the figure does something else", "words slow");
    }
    if has(Standing::Added) {
        entry(Some(classes(Standing::Added, false)), "made, not in the figure", "words slow");
    }
    entry(None, "→ CLOSED: made too; the figure leaves it out (note 3)", "words slow");
    if has(Standing::Missing) {
        entry(Some(classes(Standing::Missing, false)), "in the figure, not made", "words bad");
    }
    if diagram.watched {
        entry(Some(classes(Standing::Same, true)), "taken by the run, × how often", "words run");
    }
    entry(None, "event over action; x: nothing", "words soft");
    y
}

/// The picture for those who do not see it.
fn in_words(diagram: &StateDiagram, caption: &Caption) -> String {
    let of = |standing: Standing| diagram.steps.iter().filter(move |step| step.arc.standing == standing);
    let names = |steps: Vec<&Step>| {
        let names = steps.into_iter().map(|step| {
            let times = if step.taken > 0 { format!(" ×{}", step.taken) } else { String::new() };
            let (event, _) = step.label();
            format!("{} to {} ({event}){times}", step.arc.from, step.arc.to)
        });
        names.collect::<Vec<_>>().join(", ")
    };
    let mut words = format!("{}. ", caption.subtitle);
    let as_drawn = of(Standing::Same).count();
    words += &format!("Of the 20 changes of state in figure 5 of RFC 9293 the host makes {as_drawn} as drawn. ");
    for (standing, said) in
        [(Standing::OtherAction, "It sends something else with"), (Standing::Missing, "It does not make")]
    {
        if of(standing).next().is_some() {
            words += &format!("{said}: {}. ", names(of(standing).collect()));
        }
    }
    let added: Vec<&Step> = diagram
        .lines()
        .into_iter()
        .flat_map(|line| line.steps)
        .filter(|step| step.arc.standing == Standing::Added)
        .collect();
    if !added.is_empty() {
        words += &format!("It adds: {}. ", names(added));
    }
    let taken: Vec<&Step> = diagram.steps.iter().filter(|step| step.taken > 0).collect();
    if diagram.watched {
        words += &format!("The run took: {}. ", names(taken));
    }
    words.trim_end().to_owned()
}
