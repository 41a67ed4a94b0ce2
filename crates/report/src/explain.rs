//! Why something was held for nobody, in words: from what was held back to the packet that made it useless.
//!
//! [`Explanation`] is a fold that keeps what happened between two sockets for as long as it may matter: until both ends
//! are gone and nothing is on its way between them, and beyond that only where something was held for nobody. What it
//! tells is read off these records ([`log`]), each sentence from some of them ([`story`]). Beside that it notes which clients
//! had to wait for it ([`waits`]).

mod log;
mod story;
#[cfg(test)]
mod tests;
mod waits;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::SocketAddrV4;

use experiment::record::{Change, Event, Fold, Incarnation, Record, RecordId, What};
use sim_time::Instant;
use tcp_endpoint::Purpose;

use crate::amount::amount;
use crate::hosts::Hosts;
use crate::ladder::label;
use crate::packets::Packets;
use crate::paint::{Colour, Tone};
use crate::wrap::{block, wrapped};
use log::Log;
use story::Story;
use waits::Waits;

/// Columns of the text.
const WIDTH: usize = 100;

/// Collects a run, to tell why something was held for nobody.
#[derive(Clone, Debug)]
pub struct Explanation {
    hosts: Hosts,
    packets: Packets,
    most: usize,
    /// Between which sockets something is on its way, or held.
    exchanges: BTreeMap<Pair, Exchange>,
    /// The segments on their way, each with the number of its copies.
    segments: BTreeMap<RecordId, (Pair, usize)>,
    lives: BTreeMap<Incarnation, Pair>,
    now: Instant,
    /// When measuring began.
    from: Instant,
    /// Pairs of which the last may have gone at this instant.
    fading: Vec<Pair>,
    stories: Vec<Story>,
    /// What the stories that were dropped come to.
    untold: Untold,
    waits: Waits,
}

/// Two sockets, the lower one first.
type Pair = (SocketAddrV4, SocketAddrV4);

/// What happens between two sockets.
#[derive(Clone, Debug, Default)]
struct Exchange {
    log: Log,
    /// Copies on their way.
    in_flight: usize,
    /// Entries that are held.
    held: usize,
}

/// Stories that are not told.
#[derive(Clone, Copy, Debug, Default)]
struct Untold {
    count: usize,
    octet_nanos: u128,
    segments: u64,
}

impl Explanation {
    /// Nothing to tell yet of a run between these hosts; of what there will be, at most the worst `most` are told.
    #[must_use]
    pub fn new(hosts: Hosts, most: usize) -> Self {
        Self {
            hosts,
            packets: Packets::default(),
            most,
            exchanges: BTreeMap::new(),
            segments: BTreeMap::new(),
            lives: BTreeMap::new(),
            now: Instant::ZERO,
            from: Instant::ZERO,
            fading: Vec::new(),
            stories: Vec::new(),
            untold: Untold::default(),
            waits: Waits::default(),
        }
    }

    /// The stories of a run that ends at `end`, the worst first, in lines of at most 100 columns.
    #[must_use]
    pub fn render(mut self, end: Instant, colour: Colour) -> String {
        for (_, exchange) in std::mem::take(&mut self.exchanges) {
            self.tell(&exchange, end);
        }
        self.drop_the_least();
        let Self { stories, untold, waits, packets, hosts, most, .. } = self;
        let (waits, more_waits) = waits.stories(most, &hosts, &packets, end);
        let held: Vec<Vec<&str>> = stories.iter().map(|story| story.paragraphs().collect()).collect();
        let waits: Vec<Vec<&str>> = waits.iter().map(|story| story.iter().map(String::as_str).collect()).collect();
        let more =
            (untold.count > 0).then(|| format!("{} more, {}", untold.count, cost(untold.octet_nanos, untold.segments)));
        let held = numbered("What was held for nobody, and why", &held, more, colour);
        let waits = numbered("Who had to wait, and why", &waits, more_waits, colour);
        match (held.is_empty(), waits.is_empty()) {
            (true, true) => "Nothing was wasted.\n".to_owned(),
            (true, false) => format!("Nothing was wasted.\n\n{waits}"),
            (false, true) => held,
            (false, false) => format!("{held}\n{waits}"),
        }
    }

    /// Adds what there is to tell of an exchange.
    fn tell(&mut self, exchange: &Exchange, end: Instant) {
        self.stories.extend(story::stories(&exchange.log, &self.hosts, &self.packets, (self.from, end)));
        // Sorting now and then keeps few stories without sorting for each.
        if self.stories.len() >= self.most.saturating_mul(2).saturating_add(100) {
            self.drop_the_least();
        }
    }

    fn drop_the_least(&mut self) {
        self.stories.sort_by_key(|story| (Reverse((story.octet_nanos, story.segments)), story.since));
        for story in self.stories.drain(self.most.min(self.stories.len())..) {
            self.untold.count += 1;
            self.untold.octet_nanos += story.octet_nanos;
            self.untold.segments += story.segments;
        }
    }

    /// Tells of what is over. An instant must be over for that: what ends a connection may still be answered at it.
    fn settle(&mut self) {
        for pair in std::mem::take(&mut self.fading) {
            let over = |exchange: &Exchange| exchange.in_flight == 0 && exchange.held == 0;
            if self.exchanges.get(&pair).is_some_and(over)
                && let Some(exchange) = self.exchanges.remove(&pair)
            {
                for incarnation in exchange.log.incarnations() {
                    self.lives.remove(&incarnation);
                }
                self.tell(&exchange, self.now);
            }
        }
    }

    /// The sockets that a record is about, if it matters here.
    fn pair_of(&mut self, record: &Record) -> Option<Pair> {
        let pair = |one: SocketAddrV4, other: SocketAddrV4| (one.min(other), one.max(other));
        match &record.event {
            Event::Sent(sent) => {
                let pair = pair(sent.source, sent.destination);
                if !sent.fate.deliveries.is_empty() {
                    self.segments.insert(record.id, (pair, sent.fate.deliveries.len()));
                }
                Some(pair)
            }
            Event::State(change) => {
                let pair = pair(change.tuple.local, change.tuple.remote);
                self.lives.insert(change.incarnation, pair);
                Some(pair)
            }
            Event::Delivered { .. } | Event::Unheard { .. } => {
                let segment = record.because.first()?;
                let (pair, copies) = self.segments.get_mut(&segment)?;
                let pair = *pair;
                *copies -= 1;
                if *copies == 0 {
                    self.segments.remove(&segment);
                }
                Some(pair)
            }
            Event::TimerFired { incarnation, .. } | Event::Judged { incarnation, .. } => {
                self.lives.get(incarnation).copied()
            }
            _ => None,
        }
    }
}

impl Fold for Explanation {
    fn record(&mut self, record: &Record) {
        if record.at > self.now {
            self.settle();
            self.now = record.at;
        }
        self.waits.note(record, self.most);
        if record.event == Event::WarmedUp {
            // What was over by then is not measured.
            (self.from, self.untold) = (record.at, Untold::default());
            self.stories.clear();
        }
        let Some(pair) = self.pair_of(record) else { return };
        let exchange = self.exchanges.entry(pair).or_default();
        match &record.event {
            Event::Sent(sent) => {
                exchange.in_flight += sent.fate.deliveries.len();
                let keepalive = if sent.purpose == Some(Purpose::KeepaliveProbe) { "keepalive " } else { "" };
                let numbers = self.packets.note(record.at, record.id, sent);
                exchange.log.name(record.id, format!("{keepalive}{}", label(sent, numbers)));
            }
            Event::Delivered { .. } | Event::Unheard { .. } => exchange.in_flight -= 1,
            _ => {}
        }
        if exchange.in_flight == 0 && exchange.held == 0 {
            self.fading.push(pair);
        }
        exchange.log.push(record);
    }

    fn change(&mut self, at: Instant, change: &Change) {
        let taken = match change.what {
            What::Held { .. } => true,
            What::Released { .. } => false,
            _ => return,
        };
        let Some(pair) = self.lives.get(&change.incarnation).copied() else { return };
        let exchange = self.exchanges.entry(pair).or_default();
        exchange.held = if taken { exchange.held + 1 } else { exchange.held - 1 };
        if exchange.in_flight == 0 && exchange.held == 0 {
            self.fading.push(pair);
        }
        exchange.log.push_change(at, *change);
    }
}

/// Stories under a heading, each with its own as its first paragraph; nothing if there are none.
fn numbered(heading: &str, stories: &[Vec<&str>], more: Option<String>, colour: Colour) -> String {
    if stories.is_empty() && more.is_none() {
        return String::new();
    }
    let mut text = format!("{}\n", colour.paint(Tone::Heading, heading));
    for (story, number) in stories.iter().zip(1..) {
        let number = format!("{number}. ");
        let indent = number.chars().count();
        for (place, paragraph) in story.iter().enumerate() {
            let lines = wrapped(paragraph, WIDTH - indent);
            let (first, tone) = if place == 0 { (number.as_str(), Tone::Bad) } else { ("", Tone::Plain) };
            let lines: Vec<String> = lines.iter().map(|line| colour.paint(tone, line)).collect();
            text.push_str(&block(&format!("{first:indent$}"), indent, &lines));
        }
    }
    text.extend(more.map(|more| format!("… and {more}\n")));
    text
}

/// What was wasted, in words.
fn cost(octet_nanos: u128, segments: u64) -> String {
    let held = || format!("{} B·s", amount(Some(octet_nanos as f64 / 1e9)));
    let sent = format!("{segments} segment{}", if segments == 1 { "" } else { "s" });
    match (octet_nanos, segments) {
        (_, 0) => held(),
        (0, _) => sent,
        _ => format!("{} and {sent}", held()),
    }
}
