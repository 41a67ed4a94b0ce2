//! Letting everything happen in every situation, to a fixed point.

use std::collections::{BTreeSet, HashSet, VecDeque};

use tcp_endpoint::{EntryKind, Reason, Settings, State};

use crate::event::Event;
use crate::life::{Change, Life, Outcome};
use crate::place::Place;
use crate::situation::Situation;

/// A change of state that a host makes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Transition {
    /// Before.
    pub from: Place,
    /// After. Where a passive connection ends in SYN-RECEIVED and its listener is there, it is LISTEN (RFC 9293 §3.10.7.4): the
    /// host tells of the connection alone, which is CLOSED.
    pub to: Place,
    /// Which of the changes that the event brings about, from 0.
    pub nth: usize,
    /// What happens.
    pub event: Event,
    /// What the host sends to its peer because of it, in order: `SYN,ACK`.
    pub sent: Vec<&'static str>,
    /// Whether that is an acknowledgment that a timer holds back.
    pub later: bool,
    /// Why, as the host says; nothing of what is no change of a connection: a listener comes or goes, a SYN is answered of which
    /// nothing is kept, a name is held down.
    pub reason: Option<Reason>,
    /// Whether it takes a queue or a table that is full.
    pub crowded: bool,
}

/// All changes of state that a host makes with some settings.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Transitions {
    /// In the order in which they were found: what happens in the plainest situation comes first.
    pub all: Vec<Transition>,
    /// What the host keeps of a connection in each state, and whether a peer's SYN opened it.
    pub entries: BTreeSet<(State, EntryKind, bool)>,
    /// Situations that were looked at.
    pub situations: usize,
}

impl Transitions {
    /// Those of a host with these settings: every event in every situation, breadth first from a host that does nothing.
    ///
    /// Queues are explored twice: as they are, where nobody else is there; and with so little room that another host may fill them.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        let mut explorer = Explorer::default();
        explorer.explore(settings, false);
        explorer.explore(&narrow(settings), true);
        explorer.transitions
    }
}

/// What is known so far.
#[derive(Default)]
struct Explorer {
    transitions: Transitions,
    known: HashSet<Transition>,
}

impl Explorer {
    fn explore(&mut self, settings: &Settings, narrow: bool) {
        let start = Life::new(settings);
        let mut seen = HashSet::from([Situation::of(&start)]);
        let mut next = VecDeque::from([start]);
        while let Some(life) = next.pop_front() {
            self.transitions.situations += 1;
            for event in Event::ALL {
                let crowds = matches!(event, Event::SynOfAnother | Event::OpenOfAnother);
                if crowds && !narrow {
                    continue;
                }
                let Some((after, outcome)) = life.after(event) else { continue };
                self.note(&life, event, &outcome, &after, narrow);
                if event != Event::Crash && seen.insert(Situation::of(&after)) {
                    next.push_back(after);
                }
            }
        }
    }

    fn note(&mut self, before: &Life, event: Event, outcome: &Outcome, after: &Life, narrow: bool) {
        let Outcome { changes, sent, .. } = outcome;
        let later = !changes.is_empty() && sent.is_empty() && after.acknowledges_later();
        let sent = if later { &vec!["ACK"] } else { sent };
        let mut add = |nth, (from, to): (Place, Place), reason| {
            self.add(Transition { from, to, nth, event, sent: sent.clone(), later, reason, crowded: narrow });
        };
        for (nth, change) in changes.iter().enumerate() {
            let Change { from, to, passive, reason } = *change;
            let to = end_of((from, to), passive, after.listening);
            add(nth, (from.into(), to.into()), Some(reason));
        }
        let (closed, listen) = (Place::State(State::Closed), Place::State(State::Listen));
        match event {
            Event::PassiveOpen => add(0, (closed, listen), None),
            Event::CloseListener => add(0, (listen, closed), None),
            Event::Crash if before.listening => add(changes.len(), (listen, closed), Some(Reason::Crash)),
            // Of a SYN that is answered nothing is kept.
            _ if changes.is_empty() && sent == &["SYN,ACK"] && before.status().is_none() => {
                add(0, (listen, listen), None);
            }
            _ => {}
        }
        if outcome.held_down {
            add(changes.len(), (closed, Place::HeldDown), None);
        }
        if outcome.let_up {
            add(0, (Place::HeldDown, closed), None);
        }
        if let (Some(status), Some(kind)) = (after.status(), after.kind()) {
            self.transitions.entries.insert((status.state, kind, after.done.passive));
        }
    }

    /// What happens without a crowd, too, needs none.
    fn add(&mut self, transition: Transition) {
        let known = |crowded| self.known.contains(&Transition { crowded, ..transition.clone() });
        if !known(false) && !known(transition.crowded) {
            self.known.insert(transition.clone());
            self.transitions.all.push(transition);
        }
    }
}

/// Where a connection ends up that goes from one state to another. A passive one that ends in SYN-RECEIVED leaves its listener in
/// LISTEN, if it has one: RFC 9293 §3.10.7.4 says that it returns there.
#[must_use]
pub fn end_of((from, to): (State, State), passive: bool, listening: bool) -> State {
    let returns = from == State::SynReceived && to == State::Closed && passive && listening;
    if returns { State::Listen } else { to }
}

/// The same settings with queues that another host can fill, and no table of TIME-WAITs. Where half-open entries are no cache, there is
/// room for one beside the host's own, which may then find no room to be accepted.
fn narrow(settings: &Settings) -> Settings {
    let mut narrow = settings.clone();
    narrow.limits.backlog.syn_backlog = 2;
    narrow.limits.backlog.cache_entries = 1;
    narrow.limits.backlog.accept_backlog = 1;
    narrow.teardown.time_wait_max = 0;
    narrow
}
