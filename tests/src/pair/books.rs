//! What one host's effects say it holds, held against what it does hold.

use std::collections::{BTreeMap, BTreeSet};

use sim_time::Instant;
use tcp_endpoint::{
    Commit, Effect, EntryKind, FourTuple, Handle, Handshake, Host, Patience, Payload, Proof, Reason, Remembers, SeqNum,
    Settings, State, TimeWaitOwner, Transition,
};

/// The entry that an effect is about, and its tag. A change of state may be the first that is heard of one.
fn tagged<P, T: Copy>(effect: &Effect<P, T>) -> Option<(Handle, T)> {
    match *effect {
        Effect::Transmit(ref transmission) => transmission.sender,
        Effect::Moved { from: entry, tag, .. }
        | Effect::Keep { of: entry, tag, .. }
        | Effect::Hold { entry, tag }
        | Effect::Release { entry, tag }
        | Effect::Arm { entry, tag, .. }
        | Effect::Disarm { entry, tag }
        | Effect::Took { entry, tag, .. }
        | Effect::Notify { entry, tag, .. } => Some((entry, tag)),
        Effect::State(_) | Effect::Overflow { .. } | Effect::HeldDown { .. } => None,
    }
}

/// One life of a connection on one host: the tag of its entries.
pub(super) type Incarnation = usize;

/// What the effects have said of an entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) incarnation: Incarnation,
    pub(super) tuple: FourTuple,
    pub(super) state: State,
    pub(super) iss: SeqNum,
    pub(super) irs: Option<SeqNum>,
    passive: bool,
    /// The deadline that is set.
    pub(super) armed: Option<Instant>,
}

impl Entry {
    /// Whether it is a connection, and not what an application still reads of one.
    pub(super) fn is_live(&self) -> bool {
        self.state != State::Closed
    }

    /// Whether two entries are the two ends of one connection.
    pub(super) fn is_other_end_of(&self, other: &Self) -> bool {
        self.tuple == other.tuple.flipped() && self.irs == Some(other.iss) && other.irs == Some(self.iss)
    }
}

/// The books of one host.
pub(super) struct Books {
    pub(super) settings: Settings,
    /// What was put into a table and not taken out.
    pub(super) held: BTreeMap<Handle, Entry>,
    /// What was named and is about to be put into a table.
    named: BTreeMap<Handle, Entry>,
    /// The handles that applications have.
    pub(super) applications: BTreeSet<Handle>,
    /// Passive connections no application has yet.
    unaccepted: BTreeSet<Handle>,
}

impl Books {
    pub(super) fn new(settings: Settings) -> Self {
        let (held, named) = (BTreeMap::new(), BTreeMap::new());
        Self { settings, held, named, applications: BTreeSet::new(), unaccepted: BTreeSet::new() }
    }

    /// The entry of that name, held or about to be.
    pub(super) fn entry(&self, handle: Handle) -> Option<&Entry> {
        self.held.get(&handle).or_else(|| self.named.get(&handle))
    }

    /// The connection of that name.
    pub(super) fn connection(&self, tuple: FourTuple) -> Option<&Entry> {
        let held = self.held.iter().filter(|(handle, _)| !is_memory(**handle));
        held.map(|(_, entry)| entry).find(|entry| entry.tuple == tuple && entry.is_live())
    }

    /// An application has the handle.
    pub(super) fn accept(&mut self, handle: Handle) {
        assert!(self.unaccepted.remove(&handle), "{handle:?} was accepted twice");
        assert!(self.applications.insert(handle));
    }

    /// Enters an effect. `next` is the number of the next incarnation.
    pub(super) fn enter<P: Payload>(&mut self, now: Instant, effect: &Effect<P, Incarnation>, next: &mut Incarnation) {
        if let Some((entry, tag)) = tagged(effect) {
            let named = self.entry(entry).unwrap_or_else(|| panic!("{entry:?} has no name"));
            assert_eq!(named.incarnation, tag, "{entry:?} bears the tag of its connection");
        }
        match effect {
            Effect::State(transition) => self.change(transition, next),
            Effect::Moved { from, to, .. } => self.rename(*from, *to),
            Effect::Hold { entry, .. } => {
                let named = self.named.remove(entry).unwrap_or_else(|| panic!("{entry:?} has no name"));
                assert!(self.held.insert(*entry, named).is_none(), "{entry:?} is held twice");
                if named.passive && entry.kind() == EntryKind::Connection {
                    self.unaccepted.insert(*entry);
                }
            }
            Effect::Release { entry, .. } => {
                let gone = self.held.remove(entry).unwrap_or_else(|| panic!("{entry:?} is released and not held"));
                assert!(!gone.is_live() || is_memory(*entry), "{entry:?} is released alive");
                self.applications.remove(entry);
                self.unaccepted.remove(entry);
            }
            Effect::Arm { entry, at, .. } => {
                assert!(*at >= now, "{entry:?} asks to be called at {at}, at {now}");
                self.armed(*entry, Some(*at));
            }
            Effect::Disarm { entry, .. } => self.armed(*entry, None),
            Effect::Transmit(transmission) => {
                if let Some((sender, _)) = transmission.sender {
                    let entry = self.entry(sender).unwrap_or_else(|| panic!("{sender:?} sends and is not held"));
                    assert_eq!(transmission.segment.receiver_tuple().flipped(), entry.tuple);
                }
            }
            Effect::Took { entry, .. } | Effect::Notify { entry, .. } => {
                assert!(self.held.contains_key(entry), "{entry:?} tells and is not held");
            }
            Effect::Keep { of, entry, .. } => {
                let of = *self.entry(*of).unwrap_or_else(|| panic!("{of:?} is remembered and is not held"));
                self.named.insert(*entry, Entry { armed: None, ..of });
            }
            Effect::Overflow { .. } | Effect::HeldDown { .. } => {}
        }
    }

    fn armed(&mut self, handle: Handle, at: Option<Instant>) {
        let entry = self.held.get_mut(&handle).unwrap_or_else(|| panic!("{handle:?} has a deadline and is not held"));
        assert!(at.is_none() || entry.is_live() || is_memory(handle), "{handle:?} is over and sets a deadline");
        entry.armed = at;
    }

    /// A change of state: along the diagram, and from the state that was announced before.
    fn change(&mut self, transition: &Transition<Incarnation>, next: &mut Incarnation) {
        let Transition { entry: handle, tag, tuple, from, to, iss, irs, passive, reason } = *transition;
        assert!(is_an_edge(from, to, reason, &self.settings), "{from} → {to} because of {reason:?}");
        if matches!(from, State::Closed | State::Listen) {
            let entry = Entry { incarnation: *next, tuple, state: to, iss, irs, passive, armed: None };
            assert_eq!(tag, *next, "{tuple:?} bears the tag of what made it");
            *next += 1;
            assert!(self.entry(handle).is_none() && self.connection(tuple).is_none(), "{tuple:?} was there");
            self.named.insert(handle, entry);
            return;
        }
        let entry = match self.held.get_mut(&handle) {
            Some(entry) => entry,
            None => self.named.get_mut(&handle).unwrap_or_else(|| panic!("{handle:?} changes and is not held")),
        };
        let known = (entry.state, entry.tuple, entry.iss, entry.passive, entry.incarnation);
        assert_eq!(known, (from, tuple, iss, passive, tag));
        assert!(entry.irs.is_none() || entry.irs == irs);
        (entry.state, entry.irs) = (to, irs);
        if to == State::Closed {
            entry.armed = None;
        }
    }

    /// A connection goes on under another handle.
    fn rename(&mut self, from: Handle, to: Handle) {
        let old = self.held.get_mut(&from).unwrap_or_else(|| panic!("{from:?} moves and is not held"));
        assert!(old.is_live(), "{from:?} moves and is over");
        let new = Entry { armed: None, ..*old };
        old.state = State::Closed;
        self.named.insert(to, new);
    }

    /// After a call and a flush, the host holds what it has said it holds, and each entry lies in the table that its state
    /// asks for.
    pub(super) fn balance<T: Copy>(&self, host: &Host<Vec<u8>, T>, forged: bool) {
        assert!(self.named.is_empty(), "{:?} are named and not held", self.named);
        assert_eq!(host.held(), self.held.keys().copied().collect::<Vec<_>>());
        let mut tuples = BTreeSet::new();
        for (handle, entry) in self.held.iter().filter(|(handle, _)| !is_memory(**handle)) {
            let status = host.status(*handle).expect("it is held");
            // Where a small entry has taken its place, an application's handle tells of that.
            let moved = !entry.is_live() && matches!(status.state, State::TimeWait | State::FinWait2);
            assert!(status.state == entry.state || moved, "{handle:?}: {} instead of {}", status.state, entry.state);
            assert_eq!((status.tuple, status.iss, status.irs), (entry.tuple, entry.iss, entry.irs), "{handle:?}");
            assert_eq!(handle.kind(), self.kind(*handle, entry), "of {} of {}", entry.state, status.state);
            if entry.is_live() {
                assert!(tuples.insert(entry.tuple), "{:?} is there twice", entry.tuple);
                assert!(entry.armed.is_some() || !self.needs_a_deadline(*handle, entry, forged), "{}", entry.state);
            } else {
                let waits = self.settings.limits.backlog.accept_queue_keeps_closed && self.unaccepted.contains(handle);
                let kept = waits || self.applications.contains(handle);
                assert!(kept && entry.armed.is_none(), "{handle:?} is kept for no one");
            }
        }
    }

    /// The table that an entry belongs in.
    fn kind(&self, handle: Handle, entry: &Entry) -> EntryKind {
        let Settings { handshake, teardown, .. } = &self.settings;
        let small = handle.kind() == EntryKind::HalfOpen
            && handshake.proof == Proof::Ack
            && matches!(handshake.commit, Commit::HalfOpen | Commit::Cache);
        let orphan = !self.applications.contains(&handle) && !self.unaccepted.contains(&handle);
        match entry.state {
            State::TimeWait => EntryKind::TimeWait,
            State::FinWait2 if orphan && teardown.fin_wait_2_timeout != Patience::Forever => EntryKind::TimeWait,
            State::SynReceived if entry.passive && small => EntryKind::HalfOpen,
            _ => EntryKind::Connection,
        }
    }

    /// Whether only a deadline can end the entry if its peer is gone.
    fn needs_a_deadline(&self, handle: Handle, entry: &Entry, forged: bool) -> bool {
        match entry.state {
            State::SynSent | State::TimeWait => true,
            State::SynReceived => self.settings.handshake.syn_ack_timer || !entry.passive,
            // A forged segment may have closed the window that our FIN waits for.
            State::FinWait1 | State::Closing | State::LastAck => !forged,
            _ => handle.kind() == EntryKind::TimeWait,
        }
    }
}

/// Whether an entry is what a host remembers beyond its connections.
pub(super) fn is_memory(handle: Handle) -> bool {
    matches!(handle.kind(), EntryKind::HoldDown | EntryKind::Peer)
}

/// Whether a state follows another in RFC 9293's figure 5, or ends as its text and the settings have it.
fn is_an_edge(from: State, to: State, reason: Reason, settings: &Settings) -> bool {
    use State::{
        CloseWait, Closed, Closing, Established, FinWait1, FinWait2, LastAck, Listen, SynReceived, SynSent, TimeWait,
    };
    let Handshake { proof, commit, remembers, .. } = settings.handshake;
    let on_one_segment = proof == Proof::None || remembers == Remembers::Count || commit == Commit::Nothing;
    let on_one_segment = on_one_segment || settings.limits.backlog.cookies_on_overflow;
    let refuses_data = settings.limits.close.half_duplex_close;
    match (from, to, reason) {
        (Closed, SynSent, Reason::Call) | (Listen, SynReceived, Reason::Segment) => true,
        (Listen, Established, Reason::Segment) => on_one_segment,
        (SynSent, SynReceived | Established, Reason::Segment) | (SynReceived, Established, Reason::Segment) => true,
        (Established | SynReceived, FinWait1, Reason::Call) | (Established, CloseWait, Reason::Segment) => true,
        (FinWait1, FinWait2 | Closing, Reason::Segment) | (CloseWait, LastAck, Reason::Call) => true,
        (FinWait2 | Closing, TimeWait, Reason::Segment) | (LastAck, Closed, Reason::Segment) => true,
        // Without room or a length for it, TIME-WAIT is passed over.
        (FinWait2 | Closing, Closed, Reason::Segment) => true,
        (SynReceived | FinWait1 | FinWait2, Closed, Reason::Unread) => refuses_data,
        // A SYN that sends a passive opener back to LISTEN, or ends TIME-WAIT.
        (SynReceived | TimeWait, Closed, Reason::Segment) => true,
        (FinWait2 | TimeWait, Closed, Reason::Expired) => true,
        // A cache has given up its oldest entry; the opener keeps TIME-WAIT for a peer that closed first.
        (SynReceived, Closed, Reason::Evicted) => commit == Commit::Cache,
        (SynReceived, Closed, Reason::Overflow) => settings.limits.backlog.abort_on_overflow,
        (LastAck, TimeWait, Reason::Segment) => settings.teardown.time_wait_owner == TimeWaitOwner::Opener,
        (TimeWait, Closed, Reason::GaveUp) | (Closed | Listen, Closed, _) => false,
        (_, Closed, Reason::Call | Reason::Reset | Reason::GaveUp | Reason::Crash) => true,
        _ => false,
    }
}
