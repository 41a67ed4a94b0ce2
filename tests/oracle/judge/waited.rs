//! What an end waited for until it gave up.

use super::lives::Blame;
use super::moves::WINDOW;
use super::{Court, begins, length, occupies};
use crate::trace::{Change, Record};

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
            let dropped = |record: &&Record| is_dropped(record);
            let overflow = self.answers(came.id).find(dropped)?;
            Some((overflow.id, ("capacity".to_owned(), Some(overflow.id))))
        };
        self.answers(segment.id).filter_map(meets).last()
    }

    /// What an end waited for in vain: the last that was lost, or that found a full queue; else the last that still is on its
    /// way.
    pub(super) fn waited_for(&self, waits: u64, other: u64, end: &Record) -> Option<Blame> {
        let life = &self.lives[&waits];
        let since = self.waits_since(waits, other, end);
        let is_opening = matches!(end.text("from"), "SYN-SENT" | "SYN-RECEIVED");
        let open = self.open(waits, other, end);
        // An acknowledgment is not waited for, unless a full queue drops it.
        let asks = |sent: &&Record| {
            let dropped = || self.met(sent).is_some_and(|(_, (cause, _))| cause == "capacity");
            // What was acknowledged since is waited for no more.
            let is_open = is_opening || open.contains(&sent.id);
            let asks = (occupies(sent) && is_open) || sent.text("purpose").ends_with("probe");
            sent.number("connection") == Some(waits) && (asks || dropped())
        };
        let answers = |sent: &&Record| !sent.is("forged") && self.is_awaited(waits, other, end, sent);
        let asked = self.segments(&life.local, &life.remote).filter(asks);
        let answered = self.segments(&life.remote, &life.local).filter(answers);
        let both: Vec<&Record> = asked.chain(answered).filter(|sent| sent.id >= since && sent.id < end.id).collect();
        // What found a host that was down was asked again since.
        let met = both.iter().filter_map(|sent| self.met(sent)).filter(|(_, (cause, _))| cause != "crash");
        // What comes to nothing after the answer that opens it was sent, and is on its way, is no matter.
        let opens = |sent: &&&Record| sent.number("connection") == Some(other) && sent.text("flags").contains('S');
        let coming = |sent: &&&Record| self.coming.contains_key(&sent.id);
        let answer = both.iter().filter(opens).filter(coming).map(|sent| sent.id).min();
        let answer = answer.filter(|_| end.text("from") == "SYN-SENT");
        let met = met.max_by_key(|(at, _)| *at).filter(|(at, _)| answer.is_none_or(|answer| *at < answer));
        let is_coming = |sent: &&&Record| self.coming.contains_key(&sent.id);
        let is_old =
            |sent: &Record| !is_opening && sent.number("connection") == Some(other) && self.is_old(waits, sent);
        let coming = || both.iter().filter(is_coming).filter(|sent| !is_old(sent)).map(|sent| sent.id).max();
        let late = || Some(("delayed".to_owned(), Some(coming()?)));
        met.map(|(_, blame)| blame).or_else(late)
    }

    /// Whether a segment would have told an end something that it waited for: a SYN while it opens; an acknowledgment of what
    /// was outstanding; an answer to its probes; what comes next; a reset.
    fn is_awaited(&self, waits: u64, other: u64, end: &Record, sent: &Record) -> bool {
        let life = &self.lives[&waits];
        let (flags, sender) = (sent.text("flags"), sent.number("connection"));
        let (seq, ack) = (sent.number("seq_raw").unwrap_or(0), sent.number("ack_raw"));
        let offset = |number: u64| number.wrapping_sub(life.iss.unwrap_or(0)) & 0xffff_ffff;
        if end.text("from") == "SYN-SENT" && end.number("connection") == Some(waits) {
            // Whoever accepts its SYN, with what came with that or without, would have opened it.
            let own = self.segments(&life.local, &life.remote).filter(|own| own.number("connection") == Some(waits));
            let sent = own.filter_map(|own| own.number("len")).max().unwrap_or(0);
            return flags.contains('R')
                || (flags.contains('S') && ack.is_none_or(|ack| (1..=1 + sent).contains(&offset(ack))));
        }
        if sender.is_some_and(|sender| sender != other) || sent.text("purpose") == "keepalive-probe" {
            return false;
        }
        let before: Vec<_> = self.heard(waits, other, end).filter(|(_, came)| came.id < sent.id).collect();
        let acknowledged =
            before.iter().filter_map(|(heard, _)| heard.number("ack_raw")).map(offset).max().unwrap_or(0);
        let acknowledged = acknowledged.max(u64::from(end.text("from") != "SYN-RECEIVED"));
        let heard = before.iter().map(|(_, came)| came.id).max().unwrap_or(0);
        let own = self.segments(&life.local, &life.remote).filter(|own| own.number("connection") == Some(waits));
        let own: Vec<&Record> = own.filter(|own| own.id < sent.id).collect();
        let probes = own.iter().any(|own| own.id > heard && own.text("purpose") == "keepalive-probe");
        let next = own.iter().rev().find_map(|own| own.number("ack_raw")).or(Some(life.irs.unwrap_or(0) + 1));
        let Some(next) = next else { return false };
        let brings = next.wrapping_sub(seq) & 0xffff_ffff < length(sent);
        let is_acceptable = brings || seq.wrapping_sub(next) & 0xffff_ffff < WINDOW;
        let acknowledges = ack.is_some_and(|ack| probes || offset(ack) > acknowledged);
        if ack.is_some_and(|ack| !self.was_sent(waits, ack, sent.id)) {
            return false;
        }
        brings || is_acceptable && (acknowledges || flags.contains('R'))
    }

    /// The record since when an end waits: of its making while it opens, of the first segment that is not acknowledged, or of
    /// what it heard last.
    pub(super) fn waits_since(&self, waits: u64, other: u64, end: &Record) -> u64 {
        let life = &self.lives[&waits];
        // An end that opens waits for a SYN, and then for an acknowledgment.
        if matches!(end.text("from"), "SYN-SENT" | "SYN-RECEIVED") && end.number("connection") == Some(waits) {
            return if end.text("from") == "SYN-SENT" { life.made } else { life.opened };
        }
        let heard = self.heard(waits, other, end).map(|(_, came)| came.id).max();
        self.open(waits, other, end).first().copied().unwrap_or(heard.unwrap_or(life.made))
    }

    /// The segments of an end that were not acknowledged when it went.
    fn open(&self, waits: u64, other: u64, end: &Record) -> Vec<u64> {
        let life = &self.lives[&waits];
        let offset = |number: u64| number.wrapping_sub(life.iss.unwrap_or(0)) & 0xffff_ffff;
        let heard = self.heard(waits, other, end);
        let heard = heard.filter_map(|(sent, _)| Some(offset(sent.number("ack_raw")?))).max().unwrap_or(0);
        // The SYN of an end is acknowledged, unless it is opening, or its peer's SYN alone has opened it.
        let made = self.record(life.made).and_then(|made| self.because(self.delivery(made)?));
        let opened_by_syn = made.is_some_and(|made| made.text("flags").contains('S'));
        let is_open = !matches!(end.text("from"), "SYN-SENT" | "SYN-RECEIVED") && !opened_by_syn;
        let acknowledged = heard.max(u64::from(is_open));
        let is_open = |sent: &&Record| {
            let ends = offset(sent.number("seq_raw").unwrap_or(0)) + length(sent);
            sent.number("connection") == Some(waits) && occupies(sent) && ends > acknowledged
        };
        self.segments(&life.local, &life.remote).filter(is_open).map(|open| open.id).collect()
    }

    /// The segments of another that came to an end before it went, and how.
    fn heard(&self, waits: u64, other: u64, end: &Record) -> impl Iterator<Item = (&Record, &Record)> {
        let life = &self.lives[&waits];
        let end = end.id;
        let sent = self.segments(&life.remote, &life.local);
        let of_it = sent.filter(move |sent| sent.number("connection") == Some(other));
        let came = move |came: &&Record| came.kind == "delivered" && came.id < end;
        let heard = of_it.flat_map(move |sent| self.answers(sent.id).filter(came).map(move |came| (sent, came)));
        heard.filter(move |(sent, came)| self.is_accepted(waits, sent, came) || self.restarts(waits, came))
    }

    /// Whether an end has sent all that a number acknowledges, before a record.
    fn was_sent(&self, waits: u64, ack: u64, before: u64) -> bool {
        let life = &self.lives[&waits];
        let offset = |number: u64| number.wrapping_sub(life.iss.unwrap_or(0)) & 0xffff_ffff;
        let own = self.segments(&life.local, &life.remote).filter(|own| own.number("connection") == Some(waits));
        let own = own.filter(|own| own.id < before && occupies(own));
        let ends = own.filter_map(|own| Some(offset(own.number("seq_raw")?) + length(own)));
        // Its SYN may have been a cookie's, which no connection sent.
        offset(ack) <= ends.max().unwrap_or(1).max(1)
    }

    /// Whether a segment that came set a timer of an end anew: a host may take any for a sign of life.
    fn restarts(&self, waits: u64, came: &Record) -> bool {
        let Ok(first) = usize::try_from(came.id) else { return false };
        let event = self.records[first..].iter().take_while(|record| record.id == came.id || !begins(record));
        let is_set = |change: &Change| matches!(change, Change::TimerSet { connection, .. } if *connection == waits);
        event.flat_map(|record| &record.changes).any(is_set)
    }

    /// Whether a segment that came was acceptable. What is not is a SYN that is sent again, or a keepalive probe; or it is
    /// dropped for want of room, or answered by an acknowledgment that says so.
    fn is_accepted(&self, waits: u64, sent: &Record, came: &Record) -> bool {
        let refuses = |answer: &Record| {
            let numbers = (answer.number("ack_raw"), sent.number("seq_raw"));
            let is_old = matches!(numbers, (Some(ack), Some(seq)) if ack.wrapping_sub(seq) & 0xffff_ffff < 1 << 31);
            match answer.text("purpose") {
                "challenge-ack" => true,
                "duplicate-ack" => is_old,
                _ => false,
            }
        };
        let refused = self.answers(came.id).any(|answer| refuses(answer) || is_dropped(answer));
        let opens = self.answers(came.id).any(|change| change.kind == "state");
        let is_old = sent.text("flags").contains('S') && !opens;
        let acknowledges_more = sent.number("ack_raw").is_some_and(|ack| !self.was_sent(waits, ack, came.id));
        !is_old && sent.text("purpose") != "keepalive-probe" && !refused && !acknowledges_more
    }
}

/// Whether it says that a segment found no room. What throws another's entry out of a full cache has its own place there.
fn is_dropped(record: &Record) -> bool {
    record.kind == "overflow" && record.text("queue") != "cache"
}
