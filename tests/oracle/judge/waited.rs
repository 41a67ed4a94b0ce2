//! What an end waited for until it gave up.

use super::causes::Due;
use super::lives::Blame;
use super::{Court, occupies};
use crate::trace::Record;

impl Court<'_> {
    /// What kept a segment from having an effect, and the record in which it did.
    pub(super) fn met(&self, segment: &Record) -> Option<(u64, Blame)> {
        if segment.text("fate") == "lost" {
            return Some((segment.id, ("lost".to_owned(), Some(segment.id))));
        }
        let meets = |came: &Record| {
            if came.kind == "unheard" {
                let crash = self.deaf.get(came.text("to"))?.crash;
                return Some((came.id, ("crash".to_owned(), Some(crash))));
            }
            // What throws another's entry out of a full cache has its own place there.
            let evicts = |record: &Record| self.answers(record.id).any(|end| end.text("reason") == "evicted");
            let dropped = |record: &&Record| record.kind == "overflow" && !evicts(record);
            let overflow = self.answers(came.id).find(dropped)?;
            Some((overflow.id, ("capacity".to_owned(), Some(overflow.id))))
        };
        self.answers(segment.id).filter_map(meets).last()
    }

    /// What an end waited for in vain: the last that was lost, or that found a full queue or a host that was down; else what
    /// still is on its way.
    pub(super) fn waited_for(&self, waits: u64, other: u64, end: &Record) -> Option<Due> {
        let life = &self.lives[&waits];
        let since = self.waits_since(waits, other, end);
        // An acknowledgment is not waited for, unless a full queue drops it.
        let asks = |sent: &&Record| {
            let dropped = || self.met(sent).is_some_and(|(_, (cause, _))| cause == "capacity");
            let asks = occupies(sent) || sent.text("purpose").ends_with("probe");
            sent.number("connection") == Some(waits) && (asks || dropped())
        };
        let answers = |sent: &&Record| {
            let sender = sent.number("connection");
            !sent.is("forged") && (sender == Some(other) || sender.is_none())
        };
        let asked = self.segments(&life.local, &life.remote).filter(asks);
        let answered = self.segments(&life.remote, &life.local).filter(answers);
        let both: Vec<&Record> = asked.chain(answered).filter(|sent| sent.id >= since && sent.id < end.id).collect();
        let met = both.iter().filter_map(|sent| self.met(sent)).map(|(_, blame)| blame);
        let coming = both.iter().filter(|sent| self.coming.contains_key(&sent.id));
        let late = coming.map(|sent| ("delayed".to_owned(), Some(sent.id)));
        Due::one_of(met.chain(late).collect())
    }

    /// The record since when an end waits: of its making while it opens, of the first segment that is not acknowledged, or of
    /// what it heard last.
    pub(super) fn waits_since(&self, waits: u64, other: u64, end: &Record) -> u64 {
        let life = &self.lives[&waits];
        if matches!(end.text("from"), "SYN-SENT" | "SYN-RECEIVED") && end.number("connection") == Some(waits) {
            return life.made;
        }
        let heard = self.heard(waits, other, end).map(|(_, came)| came.id).max();
        self.first_open(waits, other, end).unwrap_or(heard.unwrap_or(life.made))
    }

    /// The first segment of an end that was not acknowledged when it went.
    pub(super) fn first_open(&self, waits: u64, other: u64, end: &Record) -> Option<u64> {
        let life = &self.lives[&waits];
        let offset = |number: u64| number.wrapping_sub(life.iss.unwrap_or(0)) & 0xffff_ffff;
        let heard = self.heard(waits, other, end);
        let heard = heard.filter_map(|(sent, _)| Some(offset(sent.number("ack_raw")?))).max().unwrap_or(0);
        // What a cookie acknowledges is the SYN.
        let acknowledged = heard.max(u64::from(!matches!(end.text("from"), "SYN-SENT" | "SYN-RECEIVED")));
        let is_open = |sent: &&Record| {
            let flags = sent.text("flags");
            let len = sent.number("len").unwrap_or(0) + u64::from(flags.contains('S')) + u64::from(flags.contains('F'));
            let ends = offset(sent.number("seq_raw").unwrap_or(0)) + len;
            sent.number("connection") == Some(waits) && occupies(sent) && ends > acknowledged
        };
        self.segments(&life.local, &life.remote).find(is_open).map(|open| open.id)
    }

    /// The segments of another that came to an end before it went, and how.
    fn heard(&self, waits: u64, other: u64, end: &Record) -> impl Iterator<Item = (&Record, &Record)> {
        let life = &self.lives[&waits];
        let end = end.id;
        let came = move |sent| {
            let came = self.answers(sent).filter(|came| came.kind == "delivered" && came.id < end);
            came.last()
        };
        let sent = self.segments(&life.remote, &life.local);
        let of_it = sent.filter(move |sent| sent.number("connection") == Some(other));
        of_it.filter_map(move |sent| Some((sent, came(sent.id)?)))
    }
}
