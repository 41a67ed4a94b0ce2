//! A diagram as text for Mermaid, which many wikis and code forges draw: `sequenceDiagram`.
//!
//! Mermaid knows an order and no times, and its arrows are level: a segment stands where it is sent, with its times in words. One
//! that is overtaken, or comes once more, stands a second time where it arrives.

use std::fmt::Write;

use experiment::HostId;
use sim_time::{Duration, Instant};

use super::{Caption, Diagram, Event, MEASURED, Remark, name, outage};

/// A silence that is worth a line.
const SILENCE: Duration = Duration::from_secs(5);

/// The diagram as Mermaid's text.
#[must_use]
pub fn mermaid(diagram: &Diagram, caption: &Caption) -> String {
    let mut text = String::new();
    for line in [&caption.subtitle, &caption.command] {
        let _ = writeln!(text, "%% {}", line.split_whitespace().collect::<Vec<_>>().join(" "));
    }
    let _ = writeln!(text, "sequenceDiagram\n    title {}", escaped(&caption.title));
    let hosts = diagram.lifelines();
    for &host in &hosts {
        let _ = writeln!(text, "    participant {} as {}", id(host), escaped(name(&diagram.hosts, host)));
    }
    let ends = match (hosts.first(), hosts.last()) {
        (Some(first), Some(last)) if first != last => format!("{},{}", id(*first), id(*last)),
        (Some(only), _) => id(*only),
        _ => return text,
    };
    let mut last: Option<Instant> = None;
    for (at, event) in &diagram.events {
        let line = match event {
            Event::Measured => Some(format!("Note over {ends}: {at} s {MEASURED}")),
            _ => line(diagram, *at, event),
        };
        let Some(line) = line else { continue };
        if let Some(silence) = last.map(|last| at.since(last)).filter(|silence| *silence >= SILENCE) {
            let _ = writeln!(text, "    Note over {ends}: nothing for {}", super::silence(silence));
        }
        last = Some(*at);
        let _ = writeln!(text, "    {line}");
    }
    let left = at_end(diagram);
    if let Some(last) = last.filter(|last| !left.is_empty() && diagram.end.since(*last) >= SILENCE) {
        let _ = writeln!(text, "    Note over {ends}: nothing for {}", super::silence(diagram.end.since(last)));
    }
    for (host, words) in left {
        let _ = writeln!(text, "    Note over {}: {}", id(Some(host)), escaped(&words));
    }
    if let Some(left_out) = diagram.left_out(|at| at.to_string()) {
        let _ = writeln!(text, "    Note over {ends}: {}", escaped(&left_out));
    }
    text
}

/// What is there when the run ends, or where the drawing does.
fn at_end(diagram: &Diagram) -> Vec<(HostId, String)> {
    if diagram.cut.is_some() {
        return Vec::new();
    }
    let open = diagram.lives.iter().filter(|life| life.open_at_end);
    let lines = open.filter_map(|life| Some((life.host, life.states.last()?, life.waste.last())));
    let words = lines.map(|(host, state, waste)| {
        let useless = waste.filter(|waste| waste.until == diagram.end && waste.until > waste.from);
        let cost = useless.map_or(String::new(), |waste| format!(", held for nobody: {}", waste.cost()));
        (host, format!("{} s still {}{cost}", diagram.end, state.state))
    });
    words.collect()
}

/// A line of the diagram; `None` for what is not worth one.
fn line(diagram: &Diagram, at: Instant, event: &Event) -> Option<String> {
    let note = |host: HostId, words: &str| Some(format!("Note over {}: {at} s {}", id(Some(host)), escaped(words)));
    match event {
        Event::Sent(place) => {
            let segment = &diagram.segments[*place];
            let on_time = !segment.is_odd(0);
            let (arrow, times) = match segment.copies.first() {
                None if segment.lost.is_none() => ("-x", String::new()),
                None => ("-x", ", lost".to_owned()),
                Some(copy) if on_time => (if copy.deaf.is_some() { "-x" } else { "->>" }, format!(" → {}", copy.at)),
                Some(copy) => ("--)", format!(", on its way until {}", copy.at)),
            };
            let remark = segment.remark.as_ref().map_or(String::new(), |remark| format!(", {remark}"));
            let fate = segment.fate.as_ref().map_or(String::new(), |fate| format!(", {fate}"));
            let wasted = if segment.wasted.is_some() { ", for nobody" } else { "" };
            let words = format!("{}{remark}{fate}{wasted} ({at}{times})", segment.label);
            Some(format!("{}{arrow}{}: {}", id(segment.from), id(segment.to), escaped(&words)))
        }
        Event::Arrived(place, copy) => {
            let segment = &diagram.segments[*place];
            let deaf = segment.copies.get(*copy)?.deaf;
            if !segment.is_odd(*copy) {
                return None;
            }
            let stale = if segment.copies[*copy].stale { ", stale" } else { "" };
            let arrow = if deaf.is_some() { "--x" } else { "-->>" };
            let words = format!("{} (sent {}, comes {at}{stale})", segment.label, segment.at);
            Some(format!("{}{arrow}{}: {}", id(segment.from), id(segment.to), escaped(&words)))
        }
        Event::Changed(change) => {
            let why = change.why.as_ref().map_or(String::new(), |why| format!(" ({why})"));
            note(change.host, &format!("{} → {}{why}", change.from, change.to))
        }
        Event::Called(Remark { bad: false, .. }) | Event::Measured => None,
        Event::Called(remark) | Event::Judged(remark) | Event::Unheard(remark) | Event::Told(remark) => {
            note(remark.host, &remark.in_full())
        }
        Event::Outage { host, up, .. } => note(*host, outage(*up).1),
    }
}

/// The identifier of a lifeline.
fn id(host: Option<HostId>) -> String {
    host.map_or_else(|| "nobody".to_owned(), |host| format!("h{}", host.0))
}

/// Text in which nothing has a meaning to Mermaid.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '#' => escaped.push_str("#35;"),
            ';' => escaped.push_str("#59;"),
            '<' => escaped.push_str("#lt;"),
            '>' => escaped.push_str("#gt;"),
            control if control.is_control() => escaped.push(' '),
            other => escaped.push(other),
        }
    }
    escaped
}
