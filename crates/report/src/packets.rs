//! The packets of a run by number, so that one that is to blame can be named.

use std::borrow::Cow;
use std::collections::BTreeMap;

use experiment::record::{Blame, Cause, RecordId, Sent};
use experiment::{Relative, RelativeNumbers};
use sim_time::Instant;

use crate::hosts::Hosts;
use crate::ladder::{cause_in_words, label};

/// So many packets are known; a run that sends more has its later ones without a name.
const MOST: usize = 100_000;

/// The packets sent so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Packets {
    numbers: RelativeNumbers,
    known: BTreeMap<RecordId, Packet>,
}

/// A packet as it was sent.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Packet {
    /// The record of its sending.
    pub(crate) id: RecordId,
    pub(crate) at: Instant,
    pub(crate) sent: Sent,
    pub(crate) numbers: Relative,
}

impl Packets {
    /// Takes the next packet of the run; returns its relative numbers.
    pub(crate) fn note(&mut self, at: Instant, id: RecordId, sent: &Sent) -> Relative {
        let numbers = self.numbers.next(sent);
        if !self.is_full() {
            self.known.insert(id, Packet { id, at, sent: sent.clone(), numbers });
        }
        numbers
    }

    /// Whether later packets have no name any more.
    pub(crate) fn is_full(&self) -> bool {
        self.known.len() >= MOST
    }

    /// What is to blame, and the packet that it goes back to.
    pub(crate) fn blamed(&self, blame: Blame, hosts: &Hosts) -> String {
        let cause = cause_in_words(blame.cause);
        match (blame.packet.and_then(|packet| self.known.get(&packet)), blame.cause) {
            (Some(packet), _) => format!("{cause}: {}", packet.in_words(hosts)),
            (None, Cause::Lost) => "no packet that is known (the ledger has it under lost segments)".to_owned(),
            (None, _) => cause.to_owned(),
        }
    }

    /// Forgets all packets but some.
    pub(crate) fn keep(mut self, kept: impl IntoIterator<Item = RecordId>) -> BTreeMap<RecordId, Packet> {
        kept.into_iter().filter_map(|id| Some((id, self.known.remove(&id)?))).collect()
    }
}

impl Packet {
    /// See [`in_words`].
    pub(crate) fn in_words(&self, hosts: &Hosts) -> String {
        in_words(&label(&self.sent, self.numbers), self.at, &self.sent, hosts)
    }
}

/// Whose address a packet bears: a host's name, or the address itself if nobody has it.
pub(crate) fn sender<'a>(sent: &Sent, hosts: &'a Hosts) -> Cow<'a, str> {
    sent.from.map_or_else(|| sent.source.ip().to_string().into(), |from| hosts.name(from).into())
}

/// What a packet is, who sent it, when, and what became of it: `SYN 0 of client, sent 0.000, arrived 5.000`.
fn in_words(label: &str, at: Instant, sent: &Sent, hosts: &Hosts) -> String {
    let arrived: Vec<String> = sent.fate.deliveries.iter().map(ToString::to_string).collect();
    let fate = if arrived.is_empty() { "lost".to_owned() } else { format!("arrived {}", arrived.join(" and ")) };
    format!("{label} of {}, sent {at}, {fate}", sender(sent, hosts))
}
