//! Clients that wait for a place or a worker, and who keeps them waiting.

use super::Court;
use super::lives::Blame;
use crate::trace::{Change, Record};

/// A client that waits.
pub(super) struct Wait {
    host: String,
    /// The port, as a socket ends with it.
    port: String,
    pub(super) scarce: String,
    /// Who keeps it waiting, if that is of no use; and the record that says so.
    pub(super) told: Option<Blame>,
    pub(super) record: u64,
    /// Who kept it waiting at that record: a loss of the same event may come after it.
    then: Option<Blame>,
}

/// The cause that a record of a wait has, if any.
fn told(record: &Record) -> Option<Blame> {
    let cause = record.text("cause");
    (!cause.is_empty()).then(|| (cause.to_owned(), record.number("blames")))
}

impl Court<'_> {
    /// A client begins to wait, or waits for something else.
    pub(super) fn waits(&mut self, record: &Record) {
        let mut wait = Wait {
            host: record.text("host").to_owned(),
            port: format!(":{}", record.number("port").unwrap_or(0)),
            scarce: record.text("scarce").to_owned(),
            told: told(record),
            record: record.id,
            then: None,
        };
        wait.then = self.keeps(&wait);
        self.waiting.insert((wait.host.clone(), record.attempt()), wait);
    }

    pub(super) fn wait_over(&mut self, record: &Record) {
        let Some(wait) = self.waiting.remove(&(record.text("host").to_owned(), record.attempt())) else { return };
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

    /// Compares who keeps those clients waiting that begin to wait in the event at hand, or wait for something else from now
    /// on. That stays so while they wait.
    pub(super) fn check_waits(&mut self) {
        for wait in self.waiting.values().filter(|wait| wait.record >= self.event) {
            let due = self.keeps(wait);
            self.counts.waits.0 += u64::from(wait.then == due || wait.then.is_none());
            self.counts.waits.1 += 1;
            // A loss may come after it.
            let began = self.newcomer(wait).map(|newcomer| self.due(newcomer));
            let began = began.is_some_and(|began| wait.told.as_ref().is_some_and(|told| began.allows(told)));
            let agrees = due == wait.told || (wait.then.is_some() && wait.then == wait.told) || began;
            if !agrees {
                let Wait { scarce, told, record, .. } = wait;
                self.differences.push(format!("wait for {scarce}: record {record} says {told:?}, due is {due:?}"));
            }
        }
    }

    /// The blame of the oldest useless connection that has what a client waits for; none if all are useful.
    fn keeps(&self, wait: &Wait) -> Option<Blame> {
        // Who is not accepted only waits for a worker.
        let beyond = || (wait.scarce == "accept-queue").then(|| self.oldest(wait, "workers")).flatten();
        self.oldest(wait, &wait.scarce).or_else(beyond)
    }

    fn oldest(&self, wait: &Wait, scarce: &str) -> Option<Blame> {
        Some(self.lives[&self.holder(wait, scarce)?].blame.clone())
    }

    /// The useless connection that keeps a client waiting, if it is of the event at hand.
    fn newcomer(&self, wait: &Wait) -> Option<u64> {
        self.holder(wait, &wait.scarce).filter(|holder| self.lives[holder].made >= self.event)
    }

    /// The oldest useless connection that has what a client waits for.
    fn holder(&self, wait: &Wait, scarce: &str) -> Option<u64> {
        let has = |connection: &&u64| {
            let life = &self.lives[*connection];
            let is_there = life.host == wait.host && life.local.ends_with(&wait.port) && life.passive;
            let has = match scarce {
                "syn-backlog" => life.state == "SYN-RECEIVED",
                "accept-queue" => life.state != "SYN-RECEIVED" && !self.accepted.contains(*connection),
                "workers" => self.served.contains(*connection),
                // What a hold-down takes is of use.
                _ => false,
            };
            is_there && has && life.worth != "useful"
        };
        self.alive.iter().filter(has).min_by_key(|connection| self.lives[*connection].made).copied()
    }
}
