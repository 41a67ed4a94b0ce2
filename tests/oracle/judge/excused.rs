//! Causes that the run has and the specification has not, known and not yet mended.
//!
//! This is the only place where a difference is passed over. Each kind has to go with what mends it.

use super::Court;
use super::causes::Due;
use super::lives::{Blame, Life};
use super::waits::Wait;

impl Court<'_> {
    /// Whether a difference is one of those that are known.
    pub(super) fn is_excused(&self, connection: u64, began: &Due, due: &Due) -> bool {
        let told = &self.lives[&connection].blame;
        let is_new = !self.useless.contains_key(&connection);
        let opened_in_vain = is_new && self.lives[&connection].by_cookie;
        let lost = (opened_in_vain || began.allows(told)) && self.lost_in_vain(connection, due);
        // The reset of an earlier connection of that name is to blame for an end that a cookie opened.
        let of_earlier = is_new && self.lives[&connection].by_cookie && told.0 == "delayed";
        lost || of_earlier || (is_new && self.asked_in_vain(connection, told)) || self.is_no_loss(told)
    }

    /// What was lost and has the blame would have changed nothing: a reset that is out of the window, as it answers a SYN.
    fn is_no_loss(&self, told: &Blame) -> bool {
        let lost = told.1.and_then(|lost| self.record(lost)).filter(|_| told.0 == "lost");
        lost.is_some_and(|lost| lost.text("flags") == "RA" && lost.number("seq_raw") == Some(0))
    }

    /// An end gave up after probes, and what is said to be missing is from before it began to wait, or not the first that was
    /// on its way; or its TIME-WAIT was over, and it was the other that waited.
    fn asked_in_vain(&self, connection: u64, told: &Blame) -> bool {
        let Some(gone) = self.gone(&self.lives[&connection]) else { return false };
        let Some(end) = self.lives[&gone].ended.and_then(|ended| self.record(ended)) else { return false };
        let (waits, other) = match (end.text("reason"), end.text("from")) {
            ("gave-up", _) => (gone, connection),
            ("expired", "TIME-WAIT") => (connection, gone),
            _ => return false,
        };
        told.1.is_some() && (waits == connection || self.first_open(waits, other, end).is_none())
    }

    /// A reset that answers another connection of that name is lost. It would have ended this one, and does not take the
    /// blame.
    fn lost_in_vain(&self, connection: u64, due: &Due) -> bool {
        let Due::Is((cause, Some(lost))) = due else { return false };
        let lost = self.record(*lost).filter(|lost| cause == "lost" && lost.id >= self.event);
        let of = lost.and_then(|lost| lost.number("connection").or(lost.number("other_end")));
        of.is_some_and(|other| other != connection)
    }

    /// A newcomer throws another's entry out of a cache, and is useless for no cause that is known: it is said to be useful.
    /// Or a connection that is CLOSED, and useful by that, is still in the accept queue: it is said to be useless.
    pub(super) fn is_excused_wait(&self, wait: &Wait, due: Option<&Blame>) -> bool {
        let evicts = |id: &u64| self.record(*id).is_some_and(|record| record.text("reason") == "evicted");
        let evicted = self.record(wait.record).is_some_and(|waits| waits.also.iter().any(evicts));
        let is_closed = |(connection, life): (&u64, &Life)| {
            life.ended.is_some()
                && life.passive
                && !self.accepted.contains(connection)
                && wait.told.as_ref() == Some(&life.blame)
        };
        match &wait.told {
            None => evicted && due.is_some_and(|(cause, _)| cause == "unknown"),
            Some(_) => wait.scarce == "accept-queue" && self.lives.iter().any(is_closed),
        }
    }
}
