//! Like ones told together: what is told of groups comes to what is told one by one.

use std::collections::BTreeMap;

use super::text::{self, Reader, Sections, half_digit};

/// What is said of a connection of which nobody is the peer.
const FORGED: &str = "A forged segment opened the connection.";

/// How many there are of one kind, and their amounts in all, each with what rounding may make of it.
#[derive(Default, Debug)]
struct Sum {
    count: u64,
    amounts: [(f64, f64); 3],
}

/// What one paragraph tells: of what kind, of how many, and how much in all.
type Told = (String, u64, [f64; 3]);

/// Reads one paragraph.
type Reads = fn(&str) -> Option<Told>;

pub(super) fn differences(all: &Sections, grouped: &Sections) -> Vec<String> {
    let readers: [(&str, Reads); 5] =
        [(text::WASTE, waste), (text::WAITS, wait), (text::OPENS, open), (text::ENDS, end), (text::SCRIPTS, script)];
    let mut differences = Vec::new();
    for (title, read) in readers {
        let mut sums: BTreeMap<String, [Sum; 2]> = BTreeMap::new();
        for (which, sections) in [all, grouped].into_iter().enumerate() {
            for paragraph in sections.get(title).into_iter().flatten() {
                match read(paragraph) {
                    Some((kind, count, amounts)) => sums.entry(kind).or_default()[which].add(count, amounts),
                    None => differences.push(format!("group unread: {paragraph}")),
                }
            }
        }
        let differ = sums.iter().filter(|(_, [all, grouped])| !grouped.comes_to(all));
        differences.extend(differ.map(|(kind, [all, grouped])| {
            format!("group of {title}: {kind}: grouped {grouped:?}, one by one {all:?}")
        }));
    }
    differences
}

impl Sum {
    fn add(&mut self, count: u64, amounts: [f64; 3]) {
        self.count += count;
        for ((sum, rounding), amount) in self.amounts.iter_mut().zip(amounts) {
            *sum += amount;
            *rounding += half_digit(amount);
        }
    }

    fn comes_to(&self, other: &Self) -> bool {
        let mut amounts = self.amounts.iter().zip(other.amounts);
        self.count == other.count && amounts.all(|(own, other)| (own.0 - other.0).abs() <= own.1 + other.1)
    }
}

/// Of a host: what was held, workers, and segments.
fn waste(paragraph: &str) -> Option<Told> {
    let mut text = Reader(paragraph);
    let Some(heading) = text.before(", because of ") else {
        let cost = super::waste::heading(paragraph)?.amounts;
        return Some((paragraph.split(':').next()?.to_owned(), 1, [cost[0], cost[1], cost[2]]));
    };
    let (kinds, place) = heading.rsplit_once(" at ")?;
    let counts = kinds.split(" × ").map(|part| part.rsplit(' ').next().unwrap_or(part));
    let count = counts.filter_map(|count| count.replace(',', "").parse::<u64>().ok()).sum();
    let host = place.split(':').next()?.to_owned();
    // The name of a cause may have a colon in it.
    let cost = text.0.match_indices(": ").find_map(|(place, mark)| Reader(&text.0[place + mark.len()..]).cost())?;
    Some((host, count, cost))
}

/// At a server, for what: how long in all, and how many were turned away.
fn wait(paragraph: &str) -> Option<Told> {
    let turned_away = "turned away";
    let kind = |told: &str| {
        let (place, what) = told.split_once(" for ")?;
        Some(format!("{place}: {}", super::waits::scarce(what)?))
    };
    if let Some((count, rest)) = paragraph.split_once(" waits ").filter(|(count, _)| !count.contains(' ')) {
        let mut text = Reader(rest);
        let kind = kind(text.before(": ")?)?;
        let waited = text.amount("client·s")?;
        text.take(" in all")?;
        let (before, _) = text.0.split_once(" turned away")?;
        let away = before.rsplit(' ').nth(2)?;
        let away = if away == "No" { 0 } else { Reader(away).count()? };
        return Some((kind, Reader(count).count()?, [waited, away as f64, 0.0]));
    }
    let mut text = Reader(paragraph);
    text.before(" waited ")?;
    let kind = kind(text.before(", from ")?)?;
    text.before(" s: ")?;
    let waited = text.amount("client·s")?;
    Some((kind, 1, [waited, f64::from(u8::from(text.0.contains(turned_away))), 0.0]))
}

/// From where to where, and how it went.
fn open(paragraph: &str) -> Option<Told> {
    const KINDS: [(&str, &str); 8] = [
        (" failed at once", "the call to open failed"),
        (" were refused", "refused"),
        (" timed out", "timed out"),
        (" were cut off", "cut off"),
        (" were given up by the application", "given up by the application"),
        (" were never open at ", "never"),
        (" were not yet open at ", "never"),
        (" were slow", "open at "),
    ];
    if let Some((count, rest)) = paragraph.split_once(" opens from ") {
        let (kind, place) = KINDS.iter().find_map(|(words, kind)| Some((*kind, rest.find(words)?)))?;
        return Some((format!("from {}: {kind}", &rest[..place]), Reader(count).count()?, [0.0; 3]));
    }
    let (name, how) = paragraph.split_once(": ")?;
    let is_never = how.contains(" s, and never at ") || how.contains(" s, and not yet at ");
    let (_, kind) = KINDS.iter().find(|(_, kind)| how.starts_with(kind))?;
    Some((format!("{}: {}", direction(name)?, if is_never { "never" } else { kind }), 1, [0.0; 3]))
}

/// From where to where, and how it ended; octets lost in all.
fn end(paragraph: &str) -> Option<Told> {
    const KINDS: [(&str, &str); 10] = [
        (" delivered data that the peer had not sent", "given"),
        (" delivered data a second time", "again"),
        (" left TIME-WAIT early for a SYN", "early"),
        (" lost data of ", "lost"),
        (" were reset", "reset"),
        (" were open when ", "cut short"),
        (" gave up in ", "gave up"),
        (" waited in FIN-WAIT-2 for a FIN", "over"),
        (" still wait in ", "closing"),
        (" were slow", "slow"),
    ];
    if let Some((count, rest)) = paragraph.split_once(" calls of ").filter(|(count, _)| !count.contains(' ')) {
        let (host, _) = rest.split_once(" to send failed")?;
        return Some((format!("{host}: not sent"), Reader(count).count()?, [0.0; 3]));
    }
    let grouped = paragraph.split_once(" connections ").or_else(|| paragraph.split_once(" closes "));
    if let Some((count, rest)) = grouped.filter(|(count, _)| !count.contains(' ')) {
        let (kind, place) = KINDS.iter().find_map(|(words, kind)| Some((*kind, rest.find(words)?)))?;
        let (_, lost) = if kind == "lost" { rest.split_once("; ")? } else { ("", "0 B") };
        return Some((
            format!("{}: {kind}", &rest[..place]),
            Reader(count).count()?,
            [0.0, Reader(lost).amount("B")?, 0.0],
        ));
    }
    let (name, how) = paragraph.split_once(": ")?;
    if how.starts_with("the call to send ") {
        return Some((format!("{}: not sent", name.split([':', ' ']).next()?), 1, [0.0; 3]));
    }
    let ways = [
        ("its application was given ", "given"),
        ("its application received ", "again"),
        ("TIME-WAIT ended early at ", "early"),
        ("reset at ", "reset"),
        ("cut short at ", "cut short"),
        ("gave up at ", "gave up"),
        ("over at ", "over"),
        ("its FIN waits for ", "closing"),
        ("FIN acknowledged at ", "slow"),
    ];
    let kind = ways.iter().find(|(words, _)| how.starts_with(words)).map_or("lost", |(_, kind)| kind);
    let lost = if kind == "lost" { Reader(how).amount("B")? } else { 0.0 };
    let direction = match name.split_once(" ← ") {
        Some((own, _)) if how.contains(FORGED) => format!("at {own} that forged segments opened"),
        _ => direction(name)?,
    };
    Some((format!("{direction}: {kind}"), 1, [0.0, lost, 0.0]))
}

/// Of a host, in a step.
fn script(paragraph: &str) -> Option<Told> {
    if let Some((count, rest)) = paragraph.split_once(" scripts of ") {
        let (host, rest) = rest.split_once(" wait in ")?;
        return Some((format!("{host} in {}", rest.split(['`']).next()?), Reader(count).count()?, [0.0; 3]));
    }
    let (name, how) = paragraph.split_once(": waits since ")?;
    let (_, step) = how.split_once(" s in ")?;
    Some((format!("{} in {}", name.split([':', ' ']).next()?, step.split('`').next()?), 1, [0.0; 3]))
}

/// The name of one connection, as that of several is told: without the port of who opened it.
fn direction(name: &str) -> Option<String> {
    if let Some((own, peer)) = name.split_once(" → ") {
        return Some(format!("from {} to {peer}", own.split(':').next()?));
    }
    let (own, peer) = name.split_once(" ← ")?;
    Some(format!("at {own} from {}", peer.split(':').next()?))
}
