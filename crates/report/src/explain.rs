//! What went wrong in a run, and why, in words: what was held for nobody, who had to wait, which opens and closes failed or
//! were slow, and who still waits.
//!
//! [`Explanation`] is a fold that keeps what happened between two sockets for as long as it may matter: until both ends
//! are gone and nothing is on its way between them ([`exchange`]). Then it tells what was held for nobody, each sentence from
//! some of the records ([`story`]), and of many of a kind only the worst in words. Beside that it notes which clients
//! had to wait ([`waits`]), and how much of that there is ([`places`]); what became of each attempt to open ([`attempts`]), of
//! which it tells what did not go as it should ([`opens`], [`closes`]); and which scripts still wait at the end of the run
//! ([`unfinished`]).

#[cfg(test)]
mod attempt_tests;
mod attempts;
#[cfg(test)]
mod case_tests;
mod closes;
mod costs;
mod course;
mod exchange;
mod extent;
mod findings;
mod in_the_way;
mod known;
mod names;
mod opens;
mod places;
mod story;
#[cfg(test)]
mod tests;
mod told;
mod unfinished;
#[cfg(test)]
mod unfinished_tests;
mod waits;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::SocketAddrV4;
use std::rc::Rc;

use experiment::Transfer;
use experiment::record::{Change, Event, Fold, Record, RecordId};
use rustc_hash::FxHashMap;
use sim_time::Instant;

use crate::amount::{scaled, whole};
use crate::hosts::Hosts;
use crate::packets::{Packets, SharedPackets};
use crate::paint::Colour;
use crate::words::Name;
use crate::wrap::listed;
use attempts::Attempts;
use costs::Amount;
use exchange::{Exchange, Exchanges};
use extent::Extent;
use names::Names;
use story::{Story, Text};
#[cfg(test)]
use told::{LEGEND, WASTED, WIDTH};
pub use told::{Part, Told};
use unfinished::Waiting;
use waits::Waits;

/// Collects a run, to tell why something was held for nobody.
#[derive(Clone, Debug)]
pub struct Explanation {
    hosts: Hosts,
    packets: SharedPackets,
    all: bool,
    /// Between which sockets something is on its way, or held.
    exchanges: Exchanges,
    /// The segments on their way, each with the number of its copies.
    segments: FxHashMap<RecordId, (Pair, usize)>,
    /// The last arrival.
    arrival: Option<(RecordId, Pair)>,
    now: Instant,
    /// When measuring began.
    from: Instant,
    /// Pairs of which the last may have gone at this instant.
    fading: Vec<Pair>,
    /// The worst of them one by one, if all are wanted.
    stories: Vec<(Story, Text)>,
    /// All of them by their kinds.
    groups: BTreeMap<String, Group>,
    waits: Waits,
    attempts: Attempts,
    unfinished: Waiting,
}

/// Two sockets, the lower one first.
type Pair = (SocketAddrV4, SocketAddrV4);

fn pair(one: SocketAddrV4, other: SocketAddrV4) -> Pair {
    (one.min(other), one.max(other))
}

/// Stories of one kind: what they come to.
#[derive(Clone, Debug, Default)]
struct Group {
    held: BTreeMap<String, Alike>,
    /// What each kind of thing is to blame for.
    blames: BTreeMap<String, Amount>,
}

/// Those of them that held the same.
#[derive(Clone, Debug)]
struct Alike {
    count: u64,
    cost: Amount,
    extent: Extent,
    worst: (Story, Text),
}

impl Explanation {
    /// Nothing to tell yet of a run between these hosts. What there will be is told one by one if `all` is wanted, and
    /// otherwise by its kinds.
    #[must_use]
    pub fn new(hosts: Hosts, all: bool) -> Self {
        Self::sharing(hosts, SharedPackets::default(), all)
    }

    /// The same, beside another that takes note of the packets.
    pub(crate) fn sharing(hosts: Hosts, packets: SharedPackets, all: bool) -> Self {
        let waits = Waits::new(hosts.half_open());
        Self {
            hosts,
            packets,
            all,
            exchanges: Exchanges::default(),
            segments: FxHashMap::default(),
            arrival: None,
            now: Instant::ZERO,
            from: Instant::ZERO,
            fading: Vec::new(),
            stories: Vec::new(),
            groups: BTreeMap::new(),
            waits,
            attempts: Attempts::default(),
            unfinished: Waiting::default(),
        }
    }

    /// The stories of a run that ends at `end`, the worst first, in lines of at most 100 columns.
    #[must_use]
    pub fn render(self, end: Instant, colour: Colour) -> String {
        self.told(end).text(colour)
    }

    /// The stories of a run that ends at `end`, the worst first.
    #[must_use]
    pub fn told(mut self, end: Instant) -> Told {
        let packets = Rc::clone(&self.packets);
        let packets = &packets.borrow();
        let names = Names { packets, hosts: &self.hosts };
        let unfinished = std::mem::take(&mut self.unfinished);
        let idle = unfinished.idle(names);
        let unfinished = unfinished.paragraphs(&self.attempts, &self.exchanges, self.all, names);
        self.tell_rest(packets, end);
        self.stories.sort_by_key(|(story, _)| (Reverse(story.cost), story.since));
        let Self { stories, groups, waits, hosts, all, mut attempts, .. } = self;
        let names = Names { packets, hosts: &hosts };
        attempts.finish(end, all, names);
        let held: Vec<Vec<String>> = match all {
            true => stories.iter().map(|(_, text)| text.paragraphs().map(str::to_owned).collect()).collect(),
            false => told(groups, &waits, end),
        };
        let waits = waits.stories(all, &hosts, packets, end);
        let Attempts { count, opens, closes, .. } = attempts;
        let (opens, closes) = (opens.paragraphs(), closes.paragraphs());
        let is_wasteless = held.is_empty();
        let went_well = [&held, &opens, &closes, &unfinished].iter().all(|stories| stories.is_empty()) && count > 0;
        let part = |heading, stories| Part::Stories { heading, stories };
        let mut told = Told::new(all);
        told.add(part("What was held for nobody, and why", held));
        if is_wasteless {
            told.add(Part::Remark(vec!["Nothing was held for nobody.".to_owned()]));
        }
        told.add(part("Who had to wait, and why", waits));
        told.add(part("Opens that failed or were slow, and why", opens));
        told.add(part("Connections that were cut short, lost or mixed up data, or closed slowly, and why", closes));
        told.add(part("Scripts that still wait at the end of the run", unfinished));
        if went_well {
            told.add(Part::Remark(vec!["Every open and every close went as it should.".to_owned()]));
        }
        told.add(Part::Remark(vec![idle]));
        told.add_legend();
        told
    }

    /// Tells of what is not over at the end of the run.
    fn tell_rest(&mut self, packets: &Packets, end: Instant) {
        let mut exchanges: Vec<(Pair, Box<Exchange>)> = self.exchanges.drain().collect();
        exchanges.sort_unstable_by_key(|(pair, _)| *pair);
        for (_, mut exchange) in exchanges {
            exchange.advance(end);
            self.tell(&exchange, packets, end);
        }
    }

    /// Adds what there is to tell of an exchange.
    fn tell(&mut self, exchange: &Exchange, packets: &Packets, end: Instant) {
        for teller in story::tellers(exchange, &self.hosts, packets) {
            let (story, text) = (teller.story(), || teller.text((self.from, end), self.all));
            if self.all {
                self.stories.push((story, text()));
                continue;
            }
            match self.groups.get_mut(&story.group) {
                Some(group) => group.add(story, text, self.from),
                None => {
                    self.groups.entry(story.group.clone()).or_default().add(story, text, self.from);
                }
            }
        }
    }

    /// Tells of what is over. An instant must be over for that: what ends a connection may still be answered at it.
    fn settle(&mut self, packets: &Packets) {
        for pair in std::mem::take(&mut self.fading) {
            if self.exchanges.get(&pair).is_some_and(|exchange| exchange.is_over())
                && let Some(exchange) = self.exchanges.remove(&pair)
            {
                for incarnation in exchange.incarnations() {
                    self.attempts.lives.remove(&incarnation);
                }
                self.tell(&exchange, packets, self.now);
            }
        }
    }

    /// The sockets that a record is about, if it matters here.
    fn pair_of(&mut self, record: &Record) -> Option<Pair> {
        match &record.event {
            Event::Sent(sent) => {
                let pair = pair(sent.source, sent.destination);
                if !sent.fate.deliveries.is_empty() {
                    self.segments.insert(record.id, (pair, sent.fate.deliveries.len()));
                }
                Some(pair)
            }
            Event::State(change) => Some(pair(change.tuple.local, change.tuple.remote)),
            Event::Delivered { .. } | Event::Unheard { .. } => {
                let segment = record.because.first()?;
                let (pair, copies) = self.segments.get_mut(&segment)?;
                let pair = *pair;
                *copies -= 1;
                if *copies == 0 {
                    self.segments.remove(&segment);
                }
                self.arrival = Some((record.id, pair));
                Some(pair)
            }
            // It finds no place.
            Event::Overflow { .. } => {
                let (arrival, pair) = self.arrival?;
                record.because.iter().any(|cause| cause == arrival).then_some(pair)
            }
            Event::TimerFired { incarnation, .. } | Event::Judged { incarnation, .. } => {
                self.attempts.lives.get(incarnation).map(|life| life.pair)
            }
            _ => None,
        }
    }
}

impl Fold for Explanation {
    fn record(&mut self, record: &Record) {
        let packets = Rc::clone(&self.packets);
        let numbers = packets.borrow_mut().note(record);
        let packets = &packets.borrow();
        if record.at > self.now {
            self.attempts.settle(self.all, Names { packets, hosts: &self.hosts });
            self.settle(packets);
            self.now = record.at;
        }
        let opener = match record.event {
            Event::Waits { attempt, .. } => self.attempts.opener(attempt),
            _ => None,
        };
        self.waits.note(record, opener, self.all);
        self.attempts.note(record, &self.exchanges, self.all, Names { packets, hosts: &self.hosts });
        self.unfinished.note(record);
        if record.event == Event::WarmedUp {
            // What was over by then is not measured.
            self.from = record.at;
            self.stories.clear();
            self.groups.clear();
            self.exchanges.values_mut().for_each(|exchange| exchange.begin_anew(record.at));
        }
        let Some(pair) = self.pair_of(record) else { return };
        let name = match &record.event {
            Event::Sent(sent) => numbers.map(|numbers| Name::of(sent, numbers)),
            _ => None,
        };
        let exchange = self.exchanges.entry(pair).or_default();
        exchange.note(record, name);
        if exchange.is_over() {
            self.fading.push(pair);
        }
    }

    fn change(&mut self, at: Instant, change: &Change) {
        self.attempts.change(at, change);
    }

    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        let life = self.attempts.lives.get(&transfer.incarnation);
        self.waits.transfer(at, transfer, life.map(|life| life.attempt));
        let Some(pair) = life.map(|life| life.pair) else { return };
        let Some(exchange) = self.exchanges.get_mut(&pair) else { return };
        exchange.transfer(at, transfer);
        if exchange.is_over() {
            self.fading.push(pair);
        }
    }
}

impl Group {
    /// Adds a story, which is put in words if it is the worst.
    fn add(&mut self, story: Story, text: impl Fn() -> Text, from: Instant) {
        for (blame, cost) in &story.blames {
            match self.blames.get_mut(blame) {
                Some(sum) => *sum += *cost,
                None => {
                    self.blames.insert(blame.clone(), *cost);
                }
            }
        }
        match self.held.get_mut(&story.held) {
            Some(alike) => alike.add(story, text, from),
            None => {
                self.held.insert(story.held.clone(), Alike::of((story, text()), from));
            }
        }
    }

    fn cost(&self) -> Amount {
        self.held.values().fold(Amount::default(), |sum, alike| sum + alike.cost)
    }

    /// What they come to, and when the worst began.
    fn rank(&self) -> (Reverse<Amount>, Option<Instant>) {
        let worst =
            self.held.values().map(|alike| &alike.worst.0).max_by_key(|story| (story.cost, Reverse(story.since)));
        (Reverse(self.cost()), worst.map(|story| story.since))
    }

    /// How many, of what, and what they come to; then how often, and the worst, of each. One alone is told as it is.
    fn paragraphs(self, all_octet_nanos: u128, waits: &Waits, end: Instant) -> Vec<String> {
        let cost = self.cost();
        let mut held: Vec<Alike> = self.held.into_values().collect();
        held.sort_by_key(|alike| Reverse(alike.cost));
        let Some((worst, text)) = held.first().map(|alike| &alike.worst) else { return Vec::new() };
        if held.iter().map(|alike| alike.count).sum::<u64>() == 1 {
            return text.paragraphs().map(str::to_owned).collect();
        }
        let each: Vec<String> =
            held.iter().map(|alike| format!("{} × {}", whole(alike.count), alike.worst.0.held)).collect();
        let mut paragraphs = vec![format!("{} {}: {cost}", listed(&each), worst.group)];
        paragraphs.extend(shares(self.blames));
        let several = held.len() > 1;
        // A few of one cause are told as they came.
        if held.iter().all(|alike| alike.count == 1) {
            held.sort_by_key(|alike| alike.worst.0.since);
        }
        paragraphs.extend(held.into_iter().flat_map(|alike| alike.paragraphs(several, all_octet_nanos, waits, end)));
        paragraphs
    }
}

impl Alike {
    fn of(worst: (Story, Text), from: Instant) -> Self {
        let mut extent = Extent::default();
        extent.add(worst.0.since, from);
        Self { count: 1, cost: worst.0.cost, extent, worst }
    }

    fn add(&mut self, story: Story, text: impl Fn() -> Text, from: Instant) {
        self.count += 1;
        self.cost += story.cost;
        self.extent.add(story.since, from);
        if story.cost > self.worst.0.cost {
            self.worst = (story, text());
        }
    }

    /// When they began and what they come to, one of `several` kinds or the only one; and the worst of them.
    fn paragraphs(self, several: bool, all_octet_nanos: u128, waits: &Waits, end: Instant) -> Vec<String> {
        let Self { count, cost, extent, worst: (story, Text { heading, sentences }) } = self;
        let worst_weight = story.cost.octet_nanos;
        let Story { held, half_open_at, .. } = story;
        if count == 1 {
            return [format!("{heading}.")].into_iter().chain(sentences).collect();
        }
        let kind = if several { format!("{} × {held}. ", whole(count)) } else { String::new() };
        let mut words = format!("{kind}{}", extent.in_words("began"));
        if cost.octet_nanos > 0 {
            let mean = scaled(cost.octet_nanos as f64 / 1e9 / count as f64, "B·s");
            let share = 100.0 * cost.octet_nanos as f64 / all_octet_nanos as f64;
            let sum = format!(" Each cost {mean} on average, together {share:.1} % of what was held for nobody.");
            words.push_str(&sum);
        }
        let half_open = half_open_at.and_then(|at| waits.half_open(at, end));
        words.extend(half_open.map(|half_open| format!(" {half_open}")));
        let which = worst_or_example(u128::from(count) * worst_weight == cost.octet_nanos);
        [words, format!("{which}: {heading}.")].into_iter().chain(sentences).collect()
    }
}

/// What stands before one of many: none is the worst where all are alike.
const fn worst_or_example(alike: bool) -> &'static str {
    if alike { "For example" } else { "The worst of them" }
}

/// For how much each kind of thing is to blame, if there are several, the worst first.
fn shares(blames: BTreeMap<String, Amount>) -> Vec<String> {
    if blames.len() < 2 {
        return Vec::new();
    }
    let mut blames: Vec<(String, Amount)> = blames.into_iter().collect();
    blames.sort_by_key(|(_, cost)| Reverse(*cost));
    blames.iter().map(|(blame, cost)| format!("To blame for {cost} of it: {blame}.")).collect()
}

/// The groups, the worst first.
fn told(groups: BTreeMap<String, Group>, waits: &Waits, end: Instant) -> Vec<Vec<String>> {
    let mut groups: Vec<Group> = groups.into_values().collect();
    groups.sort_by_cached_key(Group::rank);
    let all_octet_nanos = groups.iter().map(|group| group.cost().octet_nanos).sum();
    groups.into_iter().map(|group| group.paragraphs(all_octet_nanos, waits, end)).collect()
}
