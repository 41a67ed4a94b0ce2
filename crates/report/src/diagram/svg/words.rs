//! The words beside a lifeline: what happens to its connections, and what they cost while they are held for nobody.

use experiment::HostId;
use experiment::record::Attempt;
use sim_time::Instant;

use super::labels::stacked;
use super::scale::Scale;
use super::turns::Turns;
use crate::diagram::{Attempts, Change, Diagram, Event, LAST_CHANCE, Waste, outage, silence, useless};
use crate::words::cause_in_words;

/// The height of a line of words.
pub(super) const LINE: f64 = 13.5;
/// Words are this far below their place at most; what would be further is left to the tooltips.
const FURTHEST: f64 = 64.0;

/// Lines of words beside a lifeline.
#[derive(Debug)]
pub(super) struct Words {
    /// Their height; none if there is no room.
    pub(super) top: Option<f64>,
    pub(super) lines: Vec<(String, &'static str)>,
}

impl Words {
    pub(super) fn height(&self) -> f64 {
        f64::from(u32::try_from(self.lines.len()).unwrap_or(0)) * LINE
    }
}

/// What is told of some connections at a height.
struct Told {
    height: f64,
    attempts: Vec<Attempt>,
    lines: Vec<(String, &'static str)>,
}

/// What is told beside a host's lifeline so far.
struct Teller<'a> {
    diagram: &'a Diagram,
    attempts: &'a Attempts,
    host: HostId,
    scale: &'a Scale,
    turns: &'a Turns,
    told: Vec<Told>,
}

/// The words beside a host's lifeline, each with its height.
pub(super) fn words(
    diagram: &Diagram,
    attempts: &Attempts,
    host: HostId,
    (scale, turns): (&Scale, &Turns),
) -> Vec<Words> {
    let mut teller = Teller { diagram, attempts, host, scale, turns, told: Vec::new() };
    teller.happenings();
    teller.wastes();
    teller.words()
}

impl Teller<'_> {
    /// Tells lines; or if the same are told of another connection, that they are of this one, too.
    fn say(&mut self, at: Instant, life: Option<usize>, lines: Vec<(String, &'static str)>) {
        let height = self.scale.height(at) + life.map_or(0.0, |life| self.turns.life(life, at));
        let attempt = life.map(|life| self.diagram.lives[life].attempt);
        let is_same = |told: &&mut Told| told.height.total_cmp(&height).is_eq() && told.lines == lines;
        match self.told.iter_mut().rev().find(is_same).filter(|told| !told.attempts.is_empty()) {
            Some(told) => told.attempts.extend(attempt),
            None => self.told.push(Told { height, attempts: attempt.into_iter().collect(), lines }),
        }
    }

    /// What happens to the host and its connections.
    fn happenings(&mut self) {
        let host = self.host;
        let own = self.diagram.events.iter().filter(|(_, event)| match event {
            Event::Changed(change) => change.host == host,
            Event::Called(remark) => remark.host == host && remark.bad,
            Event::Judged(remark) => remark.host == host && !remark.bad,
            Event::Unheard(remark) | Event::Told(remark) => remark.host == host,
            Event::Outage { host: of, .. } => *of == host,
            Event::Sent(_) | Event::Arrived(..) | Event::Measured => false,
        });
        let mut events = own.peekable();
        while let Some((at, event)) = events.next() {
            let (life, text, class) = match event {
                Event::Changed(change) => {
                    let mut text = change_in_words(change);
                    let mut last = change;
                    // One after the other at one instant are one line.
                    while let Some((_, Event::Changed(next))) = events.next_if(
                        |(then, event)| matches!(event, Event::Changed(next) if then == at && next.life == last.life),
                    ) {
                        text = format!("{text} → {}", change_in_words(next));
                        last = next;
                    }
                    (Some(change.life), text, if last.bad { "words bad" } else { "words soft" })
                }
                Event::Called(remark) => (remark.life, remark.text.clone(), "words bad"),
                Event::Judged(remark) => (remark.life, remark.text.clone(), "words ink"),
                Event::Unheard(remark) | Event::Told(remark) => {
                    (remark.life, remark.text.clone(), if remark.bad { "words bad" } else { "words soft" })
                }
                Event::Outage { up, .. } => {
                    (None, outage(*up).1.to_owned(), if *up { "words ink" } else { "words bad" })
                }
                Event::Sent(_) | Event::Arrived(..) | Event::Measured => continue,
            };
            self.say(*at, life, vec![(text, class)]);
        }
    }

    /// What is held for nobody: at first in full; then, if it is of the same kind, only that it is so.
    fn wastes(&mut self) {
        let (diagram, cut) = (self.diagram, self.diagram.drawn_until());
        let mut all: Vec<(usize, &Waste, bool)> = Vec::new();
        for (place, life) in diagram.lives.iter().enumerate().filter(|(_, life)| life.host == self.host) {
            let mut before: Option<&Waste> = None;
            let wastes = life.waste.iter().filter(|waste| waste.until > waste.from);
            for waste in wastes.filter(|waste| waste.from >= diagram.from && waste.from <= cut) {
                let is_same = before
                    .is_some_and(|before| before.until == waste.from && useless(before.worth) == useless(waste.worth));
                all.push((place, waste, is_same));
                before = Some(waste);
            }
        }
        all.sort_by_key(|(_, waste, _)| waste.from);
        let mut known: Vec<(&'static str, &'static str)> = Vec::new();
        let mut first: Option<Instant> = None;
        for (place, waste, is_same) in all {
            let kind = (if is_same { LAST_CHANCE } else { useless(waste.worth) }, cause(waste));
            // What begins at one instant is told in the same words.
            if first != Some(waste.from) && known.contains(&kind) {
                self.again(place, waste, kind.0);
                continue;
            }
            if !known.contains(&kind) {
                first = Some(waste.from);
                known.push(kind);
            }
            self.say(waste.from, Some(place), self.in_full(waste, kind));
        }
    }

    /// The same once more of another connection: behind the state that it enters, if it enters one.
    fn again(&mut self, place: usize, waste: &Waste, what: &'static str) {
        let what = what.split(':').next().unwrap_or(what);
        let height = self.scale.height(waste.from) + self.turns.life(place, waste.from);
        let attempt = self.diagram.lives[place].attempt;
        let is_entry = |told: &&mut Told| {
            told.height.total_cmp(&height).is_eq() && told.attempts == [attempt] && told.lines.len() == 1
        };
        match self.told.iter_mut().find(is_entry) {
            Some(told) => {
                told.lines[0].0 += &format!(", {what}, too");
                told.lines[0].1 = "words bad";
            }
            None => self.say(waste.from, Some(place), vec![(format!("{what}, too"), "words bad")]),
        }
    }

    /// What an interval of waste is, how long it lasts, what it costs, and why.
    fn in_full(&self, waste: &Waste, (what, cause): (&str, &str)) -> Vec<(String, &'static str)> {
        let how_long = if waste.until == self.diagram.end {
            "until the run ends".to_owned()
        } else {
            format!("for {}", silence(waste.until.since(waste.from)))
        };
        vec![
            (format!("{what},"), "words bad"),
            (format!("{how_long}: {}", waste.cost()), "words bad strong"),
            (format!("cause: {cause}"), "words bad"),
        ]
    }

    /// All of it, from above.
    fn words(mut self) -> Vec<Words> {
        // What happens comes before what it costs.
        self.told.sort_by(|one, other| {
            one.height.total_cmp(&other.height).then((one.lines.len() > 1).cmp(&(other.lines.len() > 1)))
        });
        let wanted = |told: &Told| (told.height, f64::from(u32::try_from(told.lines.len()).unwrap_or(0)) * LINE);
        let tops = stacked(&self.told.iter().map(wanted).collect::<Vec<_>>(), 0.0, FURTHEST);
        let names = |attempts: &[Attempt]| self.attempts.names(&self.diagram.hosts, attempts, &[Some(self.host)]);
        let worded = |(mut told, top): (Told, Option<f64>)| {
            if let Some(names) = names(&told.attempts) {
                told.lines[0].0.insert_str(0, &format!("{names} "));
            }
            if told.attempts.len() > 1
                && let Some(cost) = told.lines.get_mut(1)
            {
                cost.0.push_str(" each");
            }
            Words { top, lines: told.lines }
        };
        let told = std::mem::take(&mut self.told);
        told.into_iter().zip(tops).map(worded).collect()
    }
}

fn cause(waste: &Waste) -> &'static str {
    waste.worth.blame().map_or("", |blame| cause_in_words(blame.cause))
}

/// `ESTABLISHED`, or with what is not seen otherwise `FIN-WAIT-1 (close)`.
fn change_in_words(change: &Change) -> String {
    match &change.why {
        Some(why) if !why.ends_with("is over") => format!("{} ({why})", change.to),
        _ => change.to.to_string(),
    }
}
