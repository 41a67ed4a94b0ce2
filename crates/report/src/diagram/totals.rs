//! What a run comes to, for pictures that cannot show all of it.

use std::collections::BTreeMap;

use experiment::record::{Event, Record};
use experiment::{Held, HostId, Resource, Transfer};
use sim_time::Instant;
use tcp_endpoint::State;

use super::Diagram;
use crate::amount::{scaled, whole};
use crate::hosts::Hosts;
use crate::packets::Packets;
use crate::paint::Tone;

/// So many causes of waste are listed.
const CAUSES: usize = 3;

/// Counts over a run, from the end of its warm-up on.
#[derive(Clone, Debug, Default)]
pub struct Totals {
    /// Segments that were sent.
    pub segments: u64,
    /// Of these, how many no endpoint sent.
    pub forged: u64,
    /// Of these, how many were lost.
    pub lost: u64,
    /// Of these, how many were sent again.
    pub retransmitted: u64,
    /// Of these, how many were sent for a connection with nobody at its other end.
    pub wasted: u64,
    /// Active opens.
    pub opens: u64,
    /// Active opens that succeeded.
    pub opened: u64,
    /// Memory that was held for nobody, by host and by cause.
    useless: BTreeMap<(HostId, String), Integral>,
}

/// Octets over time: they are added when they are taken, times their time, and so subtracted when they are given back.
#[derive(Clone, Copy, Debug, Default)]
struct Integral {
    octets: i128,
    sum: i128,
}

impl Integral {
    fn grow(&mut self, at: Instant, octets: i128) {
        self.octets += octets;
        self.sum -= octets * i128::from(at.as_nanos());
    }

    fn at(&self, end: Instant) -> i128 {
        self.sum + self.octets * i128::from(end.as_nanos())
    }
}

impl Totals {
    pub(super) fn record(&mut self, record: &Record) {
        match &record.event {
            Event::WarmedUp => self.begin_anew(record.at),
            Event::Sent(sent) => {
                self.segments += 1;
                self.forged += u64::from(sent.forged);
                self.lost += u64::from(sent.fate.lost.is_some());
                self.retransmitted += u64::from(sent.retransmission > 0);
                self.wasted += u64::from(sent.wasted.is_some());
            }
            Event::State(change) => {
                self.opens += u64::from(change.to == State::SynSent && change.from == State::Closed);
                self.opened += u64::from(change.opens());
            }
            _ => {}
        }
    }

    /// What is held on is held from now on.
    fn begin_anew(&mut self, at: Instant) {
        let mut useless = std::mem::take(&mut self.useless);
        for integral in useless.values_mut() {
            let octets = integral.octets;
            *integral = Integral::default();
            integral.grow(at, octets);
        }
        *self = Self { useless, ..Self::default() };
    }

    pub(super) fn transfer(&mut self, at: Instant, transfer: &Transfer, packets: &Packets, hosts: &Hosts) {
        if !matches!(transfer.held, Held::Of(Resource::Memory(_))) {
            return;
        }
        let amount = i128::from(transfer.amount);
        for (worth, octets) in [(transfer.from, -amount), (transfer.to, amount)] {
            if let Some(blame) = worth.and_then(experiment::record::Worth::blame) {
                let key = (transfer.host, packets.group(blame, hosts));
                self.useless.entry(key).or_default().grow(at, octets);
            }
        }
    }

    /// Octets × nanoseconds that were held for nobody until `end`.
    #[must_use]
    pub fn useless(&self, end: Instant) -> i128 {
        self.useless.values().map(|integral| integral.at(end)).sum()
    }

    /// What was held for nobody until `end`, the most first: the host, the cause, octets × nanoseconds.
    #[must_use]
    pub fn causes(&self, end: Instant) -> Vec<(HostId, &str, i128)> {
        let held = self.useless.iter().map(|((host, cause), of)| (*host, cause.as_str(), of.at(end)));
        let mut held: Vec<_> = held.filter(|(.., held)| *held > 0).collect();
        held.sort_by_key(|(host, cause, held)| (-held, *host, *cause));
        held
    }

    /// What was counted, in words: `12 segments, 1 lost`.
    pub(super) fn in_words(&self) -> Vec<String> {
        let mut counts = vec![counted(self.segments, "segment", "segments")];
        let parts =
            [(self.forged, "forged"), (self.lost, "lost"), (self.retransmitted, "sent again"), (self.wasted, "wasted")];
        counts.extend(
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, how)| format!("{} {how}", whole(*count))),
        );
        let mut lines = vec![counts.join(", ")];
        if self.opens > 0 {
            let how = match (self.opens, self.opened) {
                (1, 1) => "it succeeds".to_owned(),
                (1, 0) => "it does not succeed".to_owned(),
                (opens, opened) if opens == opened => "all succeed".to_owned(),
                (_, opened) => format!("{} succeed", whole(opened)),
            };
            lines.push(format!("{}, {how}", counted(self.opens, "open", "opens")));
        }
        lines
    }
}

impl Diagram {
    /// What a run comes to: short where everything is drawn, with the causes of waste where there is much. What it held for nobody
    /// is its heading.
    pub(super) fn summary(&self) -> Vec<(String, Tone)> {
        let mut lines = vec![(self.totals.in_words().join("; "), Tone::Quiet)];
        let useless = self.totals.useless(self.end);
        if useless <= 0 {
            lines.push(("nothing held for nobody".to_owned(), Tone::Quiet));
            return lines;
        }
        lines.push((format!("held for nobody: {}", octet_seconds(useless)), Tone::Heading));
        if self.totals.opens > 1 || self.cut.is_some() {
            let causes = self.totals.causes(self.end);
            for (host, cause, held) in causes.iter().take(CAUSES) {
                lines.push((format!("{} at {}: {cause}", octet_seconds(*held), self.hosts.name(*host)), Tone::Bad));
            }
            if causes.len() > CAUSES {
                lines.push((format!("and {} more causes", causes.len() - CAUSES), Tone::Bad));
            }
        }
        lines
    }
}

/// Octets × nanoseconds in words: `38.7 MB·s`.
#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(super) fn octet_seconds(held: i128) -> String {
    scaled(held as f64 / 1e9, "B·s")
}

/// `1 open`, `1,200 opens`.
fn counted(count: u64, one: &str, several: &str) -> String {
    format!("{} {}", whole(count), if count == 1 { one } else { several })
}
