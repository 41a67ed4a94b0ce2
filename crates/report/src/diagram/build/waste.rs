//! What connections hold for nobody, while a diagram comes of records.

use experiment::Transfer;
use experiment::record::{Blame, Incarnation, Worth};
use sim_time::Instant;

use super::Diagram;
use crate::diagram::{Event, LAST_CHANCE, Remark, Waste, useless};
use crate::words::cause_in_words;

/// What is held in an interval of waste.
#[derive(Clone, Copy, Debug)]
pub(super) struct Useless {
    blame: Blame,
    /// The interval's place in [`Life::waste`].
    pub(super) waste: usize,
    pub(super) octets: i128,
    /// When that last changed.
    since: Instant,
}

impl Useless {
    /// Notes that so many octets more are held from now on. What was held for no time counts as never held.
    pub(super) fn grow(&mut self, at: Instant, octets: i128, waste: &mut Waste) {
        if at > self.since {
            waste.octets = waste.octets.max(u64::try_from(self.octets).unwrap_or(0));
            self.since = at;
        }
        self.octets += octets;
        waste.held -= octets * i128::from(at.as_nanos());
    }
}

impl Diagram {
    /// Ends the interval of waste, if there is one, and begins another, if the connection is of no use from now on.
    pub(super) fn judged(&mut self, at: Instant, incarnation: Incarnation, worth: Worth) {
        let Some(connection) = self.connections.get_mut(&incarnation) else { return };
        let life = &mut self.lives[connection.life];
        let before = std::mem::replace(&mut connection.worth, worth);
        if before == worth {
            return;
        }
        if before != Worth::Useful
            && let Some(last) = life.waste.last_mut()
        {
            last.until = at;
        }
        if let Some(blame) = worth.blame() {
            let cause = self.packets.borrow().blamed(blame, &self.hosts);
            // What earlier intervals held has been given back, or is of this one now.
            connection.useless.retain(|useless| useless.octets != 0);
            connection.useless.push(Useless { blame, waste: life.waste.len(), octets: 0, since: at });
            life.waste.push(Waste { worth, from: at, until: at, cause, octets: 0, held: 0 });
        }
        if self.cut.is_some() {
            return;
        }
        let (host, place) = (life.host, Some(connection.life));
        let cause = |worth: Worth| worth.blame().map(|blame| cause_in_words(blame.cause));
        let is_same = useless(before) == useless(worth);
        let (text, detail) = match cause(worth) {
            None if !connection.open => return,
            None => ("useful again: someone is there", None),
            // Another packet of the same kind: the first loss of those is the one worth telling.
            same if is_same && same == cause(before) => return,
            Some(cause) if is_same => (LAST_CHANCE, Some(cause)),
            Some(cause) => (useless(worth), Some(cause)),
        };
        let (bad, detail) = (detail.is_some(), detail.map(|cause| format!("cause: {cause}")));
        self.event(at, Event::Judged(Remark { host, life: place, text: text.to_owned(), detail, bad }));
    }

    /// Memory of a connection changes its use.
    pub(super) fn held(&mut self, at: Instant, transfer: &Transfer) {
        let Some(connection) = self.connections.get_mut(&transfer.incarnation) else { return };
        let life = &mut self.lives[connection.life];
        let amount = i128::from(transfer.amount);
        for (worth, octets) in [(transfer.from, -amount), (transfer.to, amount)] {
            let Some(blame) = worth.and_then(Worth::blame) else { continue };
            // The verdict comes before what it changes: what is given back may be of the interval that has just ended.
            let is_meant = |of: &&mut Useless| of.blame == blame && of.octets + octets >= 0;
            let useless = if octets < 0 {
                connection.useless.iter_mut().find(is_meant)
            } else {
                connection.useless.iter_mut().rev().find(is_meant)
            };
            let Some(useless) = useless else { continue };
            useless.grow(at, octets, &mut life.waste[useless.waste]);
        }
    }
}
