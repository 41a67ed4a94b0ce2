//! Segments that are lost and would have ended what is useless: they take the blame.

use super::causes::Due;
use super::lives::Life;
use super::{Court, length};
use crate::trace::Record;

/// What a segment would have done that was lost.
pub(super) enum Would {
    End,
    Not,
    /// The trace does not say.
    Perhaps,
}

/// No window is greater.
pub(super) const WINDOW: u64 = 1 << 30;

impl Court<'_> {
    /// What is due after the losses of the event at hand before a record.
    pub(super) fn moved(&self, connection: u64, began: Due, until: u64) -> Due {
        let life = &self.lives[&connection];
        let mut due = began;
        if self.ends_soon(life, connection) {
            return due;
        }
        let lost = |record: &&Record| record.kind == "segment" && record.text("fate") == "lost" && record.id < until;
        for segment in self.of_event().filter(lost) {
            let blame = ("lost".to_owned(), Some(segment.id));
            match self.would(life, connection, segment) {
                Would::End => due = Due::Is(blame),
                Would::Not => {}
                Would::Perhaps => due = due.or(blame),
            }
        }
        due
    }

    /// Whether a reset that ends it is on its way.
    fn ends_soon(&self, life: &Life, connection: u64) -> bool {
        let coming = self.coming.keys().filter_map(|sent| self.record(*sent));
        let mut resets = coming.filter(|sent| {
            let comes = (sent.text("source"), sent.text("destination")) == (&*life.remote, &*life.local);
            comes && sent.id > life.made && sent.text("flags").contains('R') && !sent.is("forged")
        });
        resets.any(|reset| self.ahead(life, connection, reset) == Some(0))
    }

    fn would(&self, life: &Life, connection: u64, segment: &Record) -> Would {
        let (source, destination) = (segment.text("source"), segment.text("destination"));
        let is_reset = segment.text("flags").contains('R');
        if (source, destination) == (&*life.remote, &*life.local) && is_reset {
            return self.would_reset(life, connection, segment);
        }
        if (source, destination) != (&*life.local, &*life.remote)
            || segment.number("connection") != Some(connection)
            || is_reset
        {
            return Would::Not;
        }
        self.would_be_reset(life, segment)
    }

    /// Whether a reset would have been acceptable.
    pub(super) fn would_reset(&self, life: &Life, connection: u64, reset: &Record) -> Would {
        let Some(ahead) = self.ahead(life, connection, reset) else { return Would::Not };
        if ahead > 0 {
            // It is answered by a challenge, unless what is missing comes first.
            return if ahead < WINDOW { Would::Perhaps } else { Would::Not };
        }
        let of_partner = |sent: &&Record| life.partner.is_some() && sent.number("connection") == life.partner;
        let coming = self.coming.keys().filter_map(|sent| self.record(*sent)).filter(of_partner);
        let first: Vec<&Record> = coming.filter(|sent| !sent.text("flags").contains('R')).collect();
        // Octets and a FIN move the window, if they are new.
        let moves = |sent: &&Record| {
            let fin = u64::from(sent.text("flags").contains('F'));
            let ends = sent.number("len").unwrap_or(0) + fin;
            self.ahead(life, connection, sent).is_some_and(|ahead| ahead < WINDOW && ends > 0)
        };
        if first.is_empty() {
            Would::End
        } else if first.iter().any(moves) && reset.number("connection").is_none() {
            Would::Not
        } else {
            Would::Perhaps
        }
    }

    /// By how much the first number of a segment is ahead of what a connection expects.
    fn ahead(&self, life: &Life, connection: u64, segment: &Record) -> Option<u64> {
        let mut own =
            self.segments(&life.local, &life.remote).rev().filter(|sent| sent.number("connection") == Some(connection));
        let expects = own.find_map(|sent| sent.number("ack_raw")).or(Some(life.irs? + 1))?;
        // A FIN that it has taken may not be acknowledged yet.
        let fin = life.fin.filter(|fin| fin.wrapping_sub(expects) & 0xffff_ffff < WINDOW);
        let expects = fin.unwrap_or(expects);
        Some(segment.number("seq_raw")?.wrapping_sub(expects) & 0xffff_ffff)
    }

    /// Whether a segment brings a connection nothing beyond what it has, and begins before what it expects.
    pub(super) fn is_old(&self, connection: u64, segment: &Record) -> bool {
        let Some(ahead) = self.ahead(&self.lives[&connection], connection, segment) else { return false };
        let until = (ahead + length(segment).max(1)) & 0xffff_ffff;
        until == 0 || until >= 1 << 31
    }

    /// Whether a reset is of octets that a connection has already.
    pub(super) fn is_too_old(&self, connection: u64, reset: &Record) -> bool {
        let life = &self.lives[&connection];
        self.ahead(life, connection, reset).is_some_and(|ahead| ahead >= 1 << 31)
    }

    /// Whether a segment of it would have been answered by a reset.
    fn would_be_reset(&self, life: &Life, segment: &Record) -> Would {
        let host = segment.text("to");
        let deaf = self.deaf.get(host).is_some_and(|deaf| deaf.until.is_none_or(|until| until > segment.t));
        if host.is_empty() || deaf {
            return Would::Not;
        }
        let alive = self.opposite(life).iter().find(|other| self.alive.contains(other));
        let opens = alive.is_some_and(|other| self.lives[other].state == "SYN-SENT");
        if alive.is_some() && !opens {
            // It would be answered by an acknowledgment, and that by what?
            return Would::Perhaps;
        }
        match self.resets.get(&(host.to_owned(), opens)) {
            Some(true) => Would::End,
            Some(false) => Would::Not,
            None => Would::Perhaps,
        }
    }
}
