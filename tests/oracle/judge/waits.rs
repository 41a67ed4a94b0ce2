//! Clients that wait for a place or a worker, and who keeps them waiting.

use std::collections::BTreeMap;

use super::Court;
use super::lives::{Blame, Life};
use crate::trace::{Change, Record};

/// A client that waits.
pub(super) struct Wait {
    host: String,
    /// The port, as a socket ends with it.
    port: String,
    pub(super) scarce: String,
    /// The script for whose worker it waits, if for that alone.
    script: Option<u64>,
    /// How many there are of what it waits for.
    places: u64,
    /// Who keeps it waiting, if that is of no use; and the record that says so.
    pub(super) told: Option<Blame>,
    pub(super) record: u64,
    /// Who kept it waiting at that record: a loss of the same event may come after it.
    then: Option<Blame>,
}

/// A client that has waited for one of so many workers of a port, and had none since.
pub(super) struct InLine {
    pub(super) record: u64,
    /// The port, as a socket ends with it.
    pub(super) port: String,
    pub(super) workers: u64,
}

/// The cause that a record of a wait has, if any.
fn told(record: &Record) -> Option<Blame> {
    let cause = record.text("cause");
    (!cause.is_empty()).then(|| (cause.to_owned(), record.number("blames")))
}

/// The port of a record, as a socket ends with it.
fn port(record: &Record) -> String {
    format!(":{}", record.number("port").unwrap_or(0))
}

impl Court<'_> {
    /// A client begins to wait, or waits for something else.
    pub(super) fn waits(&mut self, record: &Record) {
        let mut wait = Wait {
            host: record.text("host").to_owned(),
            port: port(record),
            scarce: record.text("scarce").to_owned(),
            script: record.number("script"),
            places: record.number("places").unwrap_or(0),
            told: told(record),
            record: record.id,
            then: None,
        };
        wait.then = self.keeps(&wait);
        let in_line = |other: &Wait| {
            let [others, own] = [other, &wait].map(|wait| (&*wait.scarce, &wait.host, &wait.port, wait.script));
            others == own
        };
        if wait.scarce == "workers"
            && let Some(other) = self.waiting.values().find(|other| in_line(other) && other.told != wait.told)
        {
            let (id, before) = (record.id, other.record);
            self.differences.push(format!("wait in line: record {id} says another cause than {before}"));
        }
        if wait.scarce == "workers" && wait.places > 0 {
            let line = InLine { record: record.id, port: wait.port.clone(), workers: wait.places };
            self.in_line.insert((wait.host.clone(), record.attempt()), line);
        }
        let again = self.waiting.insert((wait.host.clone(), record.attempt()), wait).is_some();
        if again != record.is("again") {
            self.differences.push(format!("wait again: record {} says that it is {}", record.id, !again));
        }
    }

    /// Who waits for a worker at a port waits because of something else.
    pub(super) fn line_moves(&mut self, record: &Record) {
        let (host, port, told) = (record.text("host"), port(record), told(record));
        let line = self.waiting.values_mut();
        let script = record.number("script");
        let in_line = |wait: &&mut Wait| wait.scarce == "workers" && wait.host == host && wait.port == port;
        let line = line.filter(in_line).filter(|wait| wait.script == script);
        let clients = line.map(|wait| (wait.told, wait.record) = (told.clone(), record.id)).count();
        if record.number("clients") != Some(clients as u64) {
            self.differences.push(format!("line: record {} says another number of clients than {clients}", record.id));
        }
    }

    /// A segment is refused. Whose client waits already waits because of that from now on.
    pub(super) fn refuse(&mut self, record: &Record) {
        let scarce = match (&*record.kind, record.text("queue")) {
            ("held-down", _) => "hold-down",
            (_, "syn") => "syn-backlog",
            (_, "accept") => "accept-queue",
            _ => return,
        };
        let Some(segment) = self.because(record).and_then(|delivery| self.because(delivery)) else { return };
        let sender = segment.number("connection").and_then(|connection| self.lives.get(&connection));
        let opens = sender.is_some_and(|sender| sender.state == "SYN-SENT");
        let key = (record.text("host").to_owned(), segment.attempt());
        let waits = self.waiting.get(&key).is_some_and(|wait| wait.scarce == scarce || opens);
        if waits {
            self.refused.insert(key, scarce);
        }
    }

    pub(super) fn wait_over(&mut self, record: &Record) {
        let key = (record.text("host").to_owned(), record.attempt());
        if record.text("end") == "served" {
            self.in_line.remove(&key);
        }
        let Some(wait) = self.waiting.remove(&key) else { return };
        if wait.told != told(record) {
            self.differences
                .push(format!("end of a wait: record {} says another cause than {}", record.id, wait.record));
        }
    }

    /// Who is accepted, and whom a worker serves.
    pub(super) fn serve(&mut self, record: &Record) {
        if let ("call", "accept", Some(connection)) = (&*record.kind, record.text("call"), record.number("connection"))
        {
            self.accepted.insert(connection);
        }
        for change in &record.changes {
            if let Change::Served { connection, begins, .. } = change {
                match begins {
                    true => self.served.insert(*connection),
                    false => self.served.remove(connection),
                };
            }
        }
    }

    /// Compares who keeps clients waiting: of those in line for a worker now, of the others those that are refused in the
    /// event at hand. These wait because of that until they are refused anew.
    pub(super) fn check_waits(&mut self) {
        let mut lines = BTreeMap::new();
        for (key, wait) in &self.waiting {
            let is_client = |life: &Life| !life.passive && life.attempt == key.1;
            let mut clients =
                self.alive.iter().map(|connection| &self.lives[connection]).filter(|life| is_client(life));
            if !clients.any(|client| client.state != "TIME-WAIT") {
                self.differences.push(format!("wait of nobody: since record {}, for {}", wait.record, wait.scarce));
            }
            let is_new = wait.record >= self.event;
            let due = match &*wait.scarce {
                "workers" => {
                    lines.entry((&wait.host, &wait.port, wait.script)).or_insert_with(|| self.keeps(wait)).clone()
                }
                _ if is_new || self.refused.contains_key(key) => self.keeps(wait),
                _ => continue,
            };
            let Wait { scarce, told, record, then, .. } = wait;
            if let Some(due) = self.refused.get(key).filter(|due| **due != scarce) {
                self.differences.push(format!("wait for {scarce}: since record {record}, now it is for {due}"));
            }
            // A loss may come after it.
            let began = self.newcomer(wait).map(|newcomer| self.due(newcomer));
            let began = began.is_some_and(|began| told.as_ref().is_some_and(|told| began.allows(told)));
            let agrees = due == *told || (is_new && then.is_some() && then == told) || began;
            if is_new {
                self.counts.waits.0 += u64::from(*then == due || then.is_none());
                self.counts.waits.1 += 1;
            }
            if !agrees {
                self.differences.push(format!("wait for {scarce}: record {record} says {told:?}, due is {due:?}"));
            }
        }
        self.refused.clear();
    }

    /// The blame of the oldest useless connection that has what a client waits for; none if all are useful.
    fn keeps(&self, wait: &Wait) -> Option<Blame> {
        // Whose entry was thrown out waits because of who came instead.
        if let Some(newcomer) = self.newcomer(wait).filter(|_| wait.scarce == "syn-backlog") {
            return Some(self.lives[&newcomer].blame.clone());
        }
        // Who is not accepted only waits for a worker.
        let beyond = || (wait.scarce == "accept-queue").then(|| self.oldest(wait, "workers")).flatten();
        self.oldest(wait, &wait.scarce).or_else(beyond)
    }

    fn oldest(&self, wait: &Wait, scarce: &str) -> Option<Blame> {
        Some(self.lives[&self.holder(wait, scarce)?].blame.clone())
    }

    /// The useless connection that has what a client waits for since the event at hand.
    fn newcomer(&self, wait: &Wait) -> Option<u64> {
        self.holders(wait, &wait.scarce).find(|holder| self.lives[holder].made >= self.event)
    }

    /// The oldest useless connection that has what a client waits for.
    fn holder(&self, wait: &Wait, scarce: &str) -> Option<u64> {
        self.holders(wait, scarce).min_by_key(|connection| self.lives[connection].made)
    }

    /// The useless connections that have what a client waits for.
    fn holders<'b>(&'b self, wait: &'b Wait, scarce: &'b str) -> impl Iterator<Item = u64> + 'b {
        let has = move |connection: &u64| {
            let life = &self.lives[connection];
            let is_there = life.host == wait.host && life.local.ends_with(&wait.port) && life.passive;
            let has = match scarce {
                "syn-backlog" => life.state == "SYN-RECEIVED",
                "accept-queue" => life.state != "SYN-RECEIVED" && !self.accepted.contains(connection),
                "workers" => self.served.contains(connection) && wait.places > 0,
                // What a hold-down takes is of use.
                _ => false,
            };
            is_there && has && life.worth != "useful"
        };
        self.alive.iter().copied().filter(has)
    }
}
