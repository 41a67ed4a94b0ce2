//! Who is at the other end of a connection, and the verdict that follows from it.

use super::Court;
use crate::trace::Record;

/// A cause, and the record it goes back to.
pub(super) type Blame = (String, Option<u64>);

/// What a connection is, and what is said of it.
#[derive(Clone)]
pub(super) struct Life {
    pub(super) host: String,
    pub(super) local: String,
    pub(super) remote: String,
    pub(super) iss: Option<u64>,
    pub(super) irs: Option<u64>,
    /// What comes after the FIN that it took.
    pub(super) fin: Option<u64>,
    pub(super) passive: bool,
    /// The attempt that it goes back to.
    pub(super) attempt: String,
    pub(super) state: String,
    /// The other end, if there ever was one.
    pub(super) partner: Option<u64>,
    /// The first forged segment that it took for its peer's.
    pub(super) misled: Option<u64>,
    /// Whether a SYN cookie opened it.
    pub(super) by_cookie: bool,
    /// The record of its making.
    pub(super) made: u64,
    /// The record with which it knew whom it opens to.
    pub(super) opened: u64,
    /// The record of its end.
    pub(super) ended: Option<u64>,
    /// The verdict in force.
    pub(super) worth: String,
    /// The cause in force, and its record.
    pub(super) blame: Blame,
    /// Whether a difference was told that still is there.
    pub(super) differs: bool,
}

/// What is at the other end.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Class {
    Bound,
    Unaware,
    Coming,
    None,
}

impl Court<'_> {
    pub(super) fn state(&mut self, record: &Record) {
        let Some(connection) = record.number("connection") else { return };
        let (from, to) = (record.text("from"), record.text("to"));
        let fin = self.fin(record);
        let life = self.lives.entry(connection).or_insert_with(|| Life {
            host: record.text("host").to_owned(),
            local: record.text("local").to_owned(),
            remote: record.text("remote").to_owned(),
            iss: None,
            irs: None,
            fin: None,
            passive: false,
            attempt: record.attempt(),
            state: String::new(),
            partner: None,
            misled: None,
            by_cookie: false,
            made: record.id,
            opened: record.id,
            ended: None,
            worth: "useful".to_owned(),
            blame: (String::new(), None),
            differs: false,
        });
        if life.made == record.id {
            let name = (life.local.clone(), life.remote.clone());
            self.names.entry(name).or_default().push(connection);
        }
        to.clone_into(&mut life.state);
        life.fin = life.fin.or(fin);
        if life.irs.is_none() {
            life.opened = record.id;
        }
        (life.iss, life.irs, life.passive) = (record.number("iss"), record.number("irs"), record.is("passive"));
        if to == "CLOSED" {
            life.ended = Some(record.id);
            self.alive.remove(&connection);
            return;
        }
        self.alive.insert(connection);
        if from == "SYN-SENT" {
            let by_cookie = self.opened_by_cookie(record);
            if let Some(life) = self.lives.get_mut(&connection) {
                life.by_cookie = by_cookie;
            }
        }
        let opens = from == "SYN-SENT";
        self.bind(connection, opens, self.sender(record));
    }

    /// What comes after the FIN of which a change of state comes.
    fn fin(&self, change: &Record) -> Option<u64> {
        let takes = matches!(change.text("to"), "CLOSE-WAIT" | "CLOSING" | "TIME-WAIT");
        let segment = self.because(self.delivery(change).filter(|_| takes)?)?;
        let fin = segment.text("flags").contains('F').then_some(1)?;
        Some(segment.number("seq_raw")? + segment.number("len").unwrap_or(0) + fin)
    }

    /// The connection whose segment a change of state comes of.
    fn sender(&self, change: &Record) -> Option<u64> {
        let delivered = self.because(change).filter(|because| because.kind == "delivered")?;
        self.because(delivered)?.number("connection")
    }

    /// Whether a change of state comes of a SYN-ACK that no connection sent.
    pub(super) fn opened_by_cookie(&self, change: &Record) -> bool {
        let segment = self.because(change).and_then(|delivered| self.because(delivered));
        segment.is_some_and(|segment| {
            let flags = segment.text("flags");
            let syn_ack = flags.contains('S') && flags.contains('A');
            syn_ack && segment.number("connection").is_none() && !segment.is("forged")
        })
    }

    /// Connections at the other end of the name of another.
    pub(super) fn opposite(&self, life: &Life) -> &[u64] {
        self.names.get(&(life.remote.clone(), life.local.clone())).map_or(&[], Vec::as_slice)
    }

    /// Looks for the partner of a connection that has none. Entries of one instant have one ISS: who is over already is the
    /// partner only if it sent what opens this one.
    fn bind(&mut self, connection: u64, opens: bool, sender: Option<u64>) {
        let Some(own) = self.lives.get(&connection) else { return };
        if own.partner.is_some() || own.irs.is_none() {
            return;
        }
        let fits = |other: &&u64| {
            let other = &self.lives[*other];
            other.partner.is_none() && other.iss == own.irs && other.irs == own.iss
        };
        let fitting: Vec<u64> = self.opposite(own).iter().filter(fits).copied().collect();
        if let Some(other) = fitting.iter().copied().find(|other| self.alive.contains(other)) {
            for (one, of) in [(connection, other), (other, connection)] {
                self.lives.entry(one).and_modify(|life| life.partner = Some(of));
            }
        } else if let Some(other) = sender.filter(|sender| opens && fitting.contains(sender)) {
            self.lives.entry(connection).and_modify(|life| life.partner = Some(other));
        }
    }

    pub(super) fn class(&self, connection: u64) -> Class {
        let own = &self.lives[&connection];
        if let Some(partner) = own.partner {
            return if self.alive.contains(&partner) { Class::Bound } else { Class::None };
        }
        let is_unaware = |other: &u64| {
            let other = &self.lives[other];
            other.state == "SYN-SENT" && other.iss.is_some() && other.iss == own.irs
        };
        if self.opposite(own).iter().any(is_unaware) {
            return Class::Unaware;
        }
        let opens = |id: &u64| {
            self.record(*id).is_some_and(|segment| {
                let flags = segment.text("flags");
                let acknowledges = flags.contains('A') && !flags.contains(['S', 'R']);
                acknowledges && segment.number("connection") == Some(connection)
            })
        };
        if own.by_cookie && self.coming.keys().any(opens) { Class::Coming } else { Class::None }
    }

    /// The verdict by the table.
    pub(super) fn worth(&self, connection: u64) -> (&'static str, Class) {
        let class = self.class(connection);
        let own = &self.lives[&connection];
        let worth = match (&*own.state, class) {
            ("SYN-SENT" | "TIME-WAIT", _) | (_, Class::Bound | Class::Unaware | Class::Coming) => "useful",
            ("SYN-RECEIVED", Class::None) if own.passive => "abandoned",
            (state, Class::None) if state != "SYN-RECEIVED" && own.passive && own.partner.is_none() => "ghost",
            (_, Class::None) => "bereft",
        };
        (worth, class)
    }
}
