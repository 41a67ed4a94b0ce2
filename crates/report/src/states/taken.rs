//! The changes of state that a run takes.

use std::collections::{BTreeMap, BTreeSet};

use experiment::HostId;
use experiment::record::{Change, Event, Fold, Memory, Record, Sent, What};
use sim_time::Instant;
use tcp_endpoint::{EntryKind, Flags, Reason, State};
use transitions::{Place, end_of};

/// From where, to where, and why: what names an arc of [`transitions::compare`].
pub(super) type Name = (Place, Place, Option<Reason>);

/// Counts the changes of state on some hosts of a run, as [`transitions::Transitions`] tells of them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Taken {
    /// The hosts.
    hosts: BTreeSet<HostId>,
    /// How many scripts of each host listen.
    listening: BTreeMap<HostId, u64>,
    counts: BTreeMap<Name, u64>,
}

impl Taken {
    /// Of these hosts.
    #[must_use]
    pub fn on(hosts: impl IntoIterator<Item = HostId>) -> Self {
        Self { hosts: hosts.into_iter().collect(), ..Self::default() }
    }

    /// How often each change was made.
    pub(super) const fn counts(&self) -> &BTreeMap<Name, u64> {
        &self.counts
    }

    fn count(&mut self, host: HostId, (from, to): (Place, Place), reason: Option<Reason>, times: u64) {
        if times > 0 && self.hosts.contains(&host) {
            *self.counts.entry((from, to, reason)).or_default() += times;
        }
    }

    /// A SYN was answered of which the host keeps nothing.
    fn answered(&mut self, sent: &Sent) {
        let stateless = sent.incarnation.is_none() && !sent.forged && sent.flags.contains(Flags::SYN_ACK);
        if let Some(host) = sent.from.filter(|_| stateless) {
            self.count(host, (State::Listen.into(), State::Listen.into()), None, 1);
        }
    }
}

impl Fold for Taken {
    fn record(&mut self, record: &Record) {
        let (closed, listen) = (State::Closed.into(), State::Listen.into());
        match &record.event {
            Event::State(change) => {
                // A listener goes when its host crashes, and not otherwise.
                let listening = change.reason != Reason::Crash;
                let to = end_of((change.from, change.to), change.passive, listening);
                self.count(change.host, (change.from.into(), to.into()), Some(change.reason), 1);
            }
            Event::Script { host, .. } => {
                *self.listening.entry(*host).or_default() += 1;
                self.count(*host, (closed, listen), None, 1);
            }
            Event::Crashed { host } => {
                let gone = self.listening.remove(host).unwrap_or_default();
                self.count(*host, (listen, closed), Some(Reason::Crash), gone);
            }
            Event::Sent(sent) => self.answered(sent),
            _ => {}
        }
    }

    fn change(&mut self, _at: Instant, change: &Change) {
        let is_name = |memory: &Memory| *memory == Memory::Entry(EntryKind::HoldDown);
        let (closed, held_down) = (State::Closed.into(), Place::HeldDown);
        match &change.what {
            What::Held { memory, .. } if is_name(memory) => self.count(change.host, (closed, held_down), None, 1),
            What::Released { memory, .. } if is_name(memory) => self.count(change.host, (held_down, closed), None, 1),
            _ => {}
        }
    }
}
