//! How a diagram comes of records.

mod cut;
mod segments;
mod waste;
mod window;

use std::collections::{BTreeMap, BTreeSet};

use experiment::record::{
    self, Attempt, Because, Call, Fold, Incarnation, Outcome, Record, RecordId, Scarce, StateChange, What, Worth,
};
use experiment::{Held, HostId, Resource, Transfer};
use sim_time::Instant;
use tcp_endpoint::{Queue, Reason, State};

use self::waste::Useless;
pub use self::window::Lead;
use self::window::{Slowest, Worst};
use super::{Change, Event, Life, Remark, Segment, Stretch, Totals};
use crate::hosts::Hosts;
use crate::packets::SharedPackets;
use crate::why::Teller;
use crate::words::{call_name, notice};

/// Collects a run for a picture.
#[derive(Clone, Debug)]
pub struct Diagram {
    pub(super) hosts: Hosts,
    /// The segments, in the order of their sending.
    pub segments: Vec<Segment>,
    /// The connections, in the order of their birth.
    pub lives: Vec<Life>,
    /// What happens, in the order of time.
    pub events: Vec<(Instant, Event)>,
    /// What the whole run comes to.
    pub totals: Totals,
    /// The instant before which nothing is kept but the totals and who is there.
    pub from: Instant,
    /// What is kept, if it does not begin with the run.
    pub(super) shown: String,
    /// The instant from which on nothing is kept but the totals, if there was too much.
    pub cut: Option<Instant>,
    /// When the warm-up is over; the beginning of the run if there is none.
    pub warm: Instant,
    /// The end of the run.
    pub end: Instant,
    /// How many segments were sent, in the warm-up, too.
    pub(super) sent: u64,
    /// The connections of [`Diagram::lives`].
    owners: Vec<Incarnation>,
    /// Whether all is kept.
    begun: bool,
    worst: Worst,
    slowest: Slowest,
    most: usize,
    /// How many segments there are, of which none was sent together with another.
    bursts: usize,
    packets: SharedPackets,
    teller: Teller,
    /// What has happened, in words.
    words: BTreeMap<RecordId, (Instant, String)>,
    /// The calls that may change a state.
    calls: BTreeMap<RecordId, Call>,
    /// Where segments are of which copies are to come.
    travelling: BTreeMap<RecordId, usize>,
    /// The third messages of handshakes, and the timers that were set with them.
    thirds: BTreeSet<RecordId>,
    /// Where the last segment came.
    came: Option<Attempt>,
    connections: BTreeMap<Incarnation, Connection>,
}

/// What is known of a connection beside its [`Life`].
#[derive(Clone, Debug)]
struct Connection {
    life: usize,
    passive: bool,
    /// Whether it has acknowledged the peer's SYN.
    acknowledged: bool,
    /// Of its segments that have arrived, the one that was sent last.
    arrived: Option<RecordId>,
    worth: Worth,
    open: bool,
    /// What its host holds for it because of what, in which interval of waste.
    useless: Vec<Useless>,
}

impl Diagram {
    /// A diagram of these hosts. Beside a ledger of the same run, [`LedgerBook::diagram`] needs less memory.
    ///
    /// [`LedgerBook::diagram`]: crate::LedgerBook::diagram
    #[must_use]
    pub fn new(hosts: Hosts) -> Self {
        Self::sharing(hosts, SharedPackets::default())
    }

    /// A diagram that names packets which others know, too.
    pub(crate) fn sharing(hosts: Hosts, packets: SharedPackets) -> Self {
        Self {
            teller: Teller::new(hosts.clone()),
            hosts,
            segments: Vec::new(),
            lives: Vec::new(),
            events: Vec::new(),
            totals: Totals::default(),
            from: Instant::ZERO,
            shown: String::new(),
            cut: None,
            warm: Instant::ZERO,
            sent: 0,
            owners: Vec::new(),
            begun: false,
            worst: Worst::default(),
            slowest: Slowest::default(),
            end: Instant::ZERO,
            most: usize::MAX,
            bursts: 0,
            packets,
            words: BTreeMap::new(),
            calls: BTreeMap::new(),
            travelling: BTreeMap::new(),
            thirds: BTreeSet::new(),
            came: None,
            connections: BTreeMap::new(),
        }
    }

    /// The same, but where more than `most` segments are sent, only the first three fifths of that are kept: what cannot be told
    /// whole is told by its beginning. What is sent at once counts once, if it is not ten times too much. The totals are of the
    /// whole run.
    #[must_use]
    pub const fn with_at_most(mut self, most: usize) -> Self {
        self.most = most;
        self
    }

    /// The same, but what is sent before an instant is not kept. `shown` says what that leaves: `the worst`.
    #[must_use]
    pub fn beginning(mut self, from: Instant, shown: String) -> Self {
        (self.from, self.shown) = (from, shown);
        self
    }

    /// A diagram that has seen nothing yet, of the same hosts, with as many segments at most, but beginning at an instant.
    #[must_use]
    pub fn again(&self, from: Instant, shown: String) -> Self {
        Self::new(self.hosts.clone()).with_at_most(self.most).beginning(from, shown)
    }

    /// Where a diagram should begin that shows the worst, the connection for which most was held for nobody while the run was measured,
    /// if there is one. This one has ended.
    #[must_use]
    pub fn worst(&self) -> Option<Instant> {
        self.worst.lead(self.end)
    }

    /// Where a diagram should begin that shows the slowest open of those that began while the run was measured, if there is one. This one
    /// has ended.
    #[must_use]
    pub fn slowest(&self) -> Option<Instant> {
        self.slowest.lead(self.end)
    }

    /// The run ends.
    pub fn finish(&mut self, end: Instant) {
        self.end = end;
        for connection in self.connections.values_mut() {
            let life = &mut self.lives[connection.life];
            for useless in &mut connection.useless {
                useless.grow(end, -useless.octets, &mut life.waste[useless.waste]);
            }
            if !connection.open {
                continue;
            }
            life.open_at_end = true;
            if let Some(last) = life.states.last_mut() {
                last.until = end;
            }
            if let (true, Some(last)) = (connection.worth != Worth::Useful, life.waste.last_mut()) {
                last.until = end;
            }
        }
        // What was born after the cut is not drawn.
        if let Some(cut) = self.cut {
            let later = self.lives.iter().position(|life| life.states.first().is_some_and(|first| first.from >= cut));
            self.lives.truncate(later.unwrap_or(self.lives.len()));
        }
        // What only explains a record was needed while there were more to come.
        (self.words, self.calls, self.packets) = (BTreeMap::new(), BTreeMap::new(), SharedPackets::default());
    }

    /// The end of what is drawn.
    #[must_use]
    pub fn drawn_until(&self) -> Instant {
        self.cut.unwrap_or(self.end)
    }

    fn event(&mut self, at: Instant, event: Event) {
        if at >= self.from {
            self.events.push((at, event));
        }
    }

    fn remark(&mut self, at: Instant, host: HostId, life: Option<usize>, text: impl Into<String>, bad: bool) {
        self.event(at, Event::Told(Remark { host, life, text: text.into(), detail: None, bad }));
    }

    /// The place of a connection among the [`Diagram::lives`].
    pub(super) fn life(&self, incarnation: Incarnation) -> Option<usize> {
        Some(self.connections.get(&incarnation)?.life)
    }

    /// The place of the last connection of a host that goes back to an attempt.
    fn life_of(&self, host: HostId, attempt: Attempt) -> Option<usize> {
        self.lives.iter().rposition(|life| (life.host, life.attempt) == (host, attempt))
    }

    fn state(&mut self, at: Instant, because: Because, change: &StateChange) {
        let StateChange { host, incarnation, attempt, from, to, reason, passive, .. } = *change;
        if self.cut.is_some() && !self.connections.contains_key(&incarnation) {
            return;
        }
        let mut why = because.iter().find_map(|cause| self.calls.get(&cause)).map(|call| call_name(*call).to_owned());
        let mut bad = false;
        if reason != Reason::Call {
            (why, bad) = reason_in_words(reason, from);
        }
        if let Some(connection) = self.connections.get_mut(&incarnation) {
            let life = &mut self.lives[connection.life];
            if let Some(last) = life.states.last_mut() {
                last.until = at;
            }
            if to == State::Closed {
                connection.open = false;
            } else {
                life.states.push(Stretch { state: to, from: at, until: at });
            }
        } else {
            let states =
                if to == State::Closed { Vec::new() } else { vec![Stretch { state: to, from: at, until: at }] };
            let open = to != State::Closed;
            let connection = Connection {
                life: self.lives.len(),
                passive,
                acknowledged: false,
                arrived: None,
                worth: Worth::Useful,
                open,
                useless: Vec::new(),
            };
            self.connections.insert(incarnation, connection);
            self.owners.push(incarnation);
            self.lives.push(Life { host, attempt, states, open_at_end: false, waste: Vec::new() });
        }
        if to == State::Closed {
            self.judged(at, incarnation, Worth::Useful);
        }
        if to == State::Closed && at < self.from {
            self.forget(incarnation);
        } else if self.cut.is_none() {
            let life = self.connections[&incarnation].life;
            self.event(at, Event::Changed(Change { host, life, from, to, why, bad }));
        }
    }

    fn called(&mut self, record: &Record, host: HostId, of: Option<Incarnation>, call: Call, outcome: Outcome) {
        let life = of.and_then(|of| self.life(of));
        let octets = match call {
            Call::Receive { octets: 0, .. } => " (end of data)".to_owned(),
            Call::Send(octets) | Call::Receive { octets, .. } => format!(" {octets} B"),
            _ => String::new(),
        };
        let error = outcome.failure();
        let failed = error.as_ref().map_or(String::new(), |error| format!(": {error}"));
        let text = format!("{}{octets}{failed}", call_name(call));
        self.event(record.at, Event::Called(Remark { host, life, text, detail: None, bad: error.is_some() }));
        if matches!(call, Call::Shutdown | Call::Close | Call::Abort) {
            self.calls.insert(record.id, call);
        }
        if let Call::Receive { stale: stale @ 1.., .. } = call {
            self.remark(record.at, host, life, format!("application given {stale} B not of its peer"), true);
        }
    }

    /// The segment that has just come to the host was dropped, or its connection has to wait.
    fn refused(&mut self, at: Instant, host: HostId, text: &str, bad: bool) {
        let life = self.came.and_then(|attempt| self.life_of(host, attempt));
        self.remark(at, host, life, text, bad);
    }
}

impl Fold for Diagram {
    fn record(&mut self, record: &Record) {
        self.totals.record(record);
        let at = record.at;
        let is_early = at < self.from;
        if !(is_early || self.begun) {
            self.begin();
        }
        match &record.event {
            record::Event::Sent(sent) => {
                self.worst.sent(at);
                self.sent += 1;
                if is_early {
                    let _ = self.is_third(record, sent);
                } else {
                    self.count(at, sent);
                }
            }
            record::Event::State(change) => self.slowest.state(at, change, &self.worst.sends),
            record::Event::WarmedUp => {
                self.warm = at;
                self.worst.begin_anew(at);
                self.slowest.begin_anew();
            }
            _ => {}
        }
        let numbers = self.packets.borrow_mut().note(record);
        // What began before the cut may end after it.
        match &record.event {
            record::Event::State(change) => self.state(at, record.because, change),
            record::Event::Judged { incarnation, worth, .. } => self.judged(at, *incarnation, *worth),
            _ => {}
        }
        if self.cut.is_some() || is_early {
            return;
        }
        self.bound(at);
        let words = self.teller.words(&record.event);
        self.words.insert(record.id, (at, words));
        match &record.event {
            record::Event::Sent(sent) => {
                if let Some(numbers) = numbers {
                    self.sent(record, sent, numbers);
                }
            }
            record::Event::Delivered { copy, stale, .. } => self.arrived(at, record.because, *copy, *stale, None),
            record::Event::Unheard { copy, deaf, .. } => self.arrived(at, record.because, *copy, false, Some(*deaf)),
            record::Event::WarmedUp => self.event(at, Event::Measured),
            record::Event::TimerFired { .. } if self.comes_of_third(record) => {
                self.thirds.insert(record.id);
            }
            record::Event::Crashed { host } => {
                self.event(at, Event::Outage { host: *host, up: false, quiet_until: None });
            }
            record::Event::Rebooted { host, quiet_until } => {
                let quiet_until = Some(*quiet_until).filter(|until| *until > at);
                self.event(at, Event::Outage { host: *host, up: true, quiet_until });
            }
            record::Event::Call { host, incarnation, call, outcome, .. } => {
                self.called(record, *host, *incarnation, *call, *outcome);
            }
            record::Event::DataLost { host, incarnation, octets } => {
                let life = self.life(*incarnation);
                self.remark(at, *host, life, format!("{octets} B sent are lost"), true);
            }
            record::Event::Overflow { host, queue: Queue::Syn, .. } => {
                self.refused(at, *host, "no room in the SYN backlog", true);
            }
            record::Event::Overflow { host, queue: Queue::Accept, .. } => {
                self.refused(at, *host, "no room in the accept queue", true);
            }
            record::Event::HeldDown { host, .. } => self.refused(at, *host, "refused: held down", true),
            record::Event::Waits { host, scarce: Scarce::Workers, .. } => {
                self.refused(at, *host, "waits to be accepted", false);
            }
            _ => {}
        }
    }

    fn change(&mut self, at: Instant, change: &record::Change) {
        if let What::Told { notice: told } = change.what
            && self.cut.is_none()
            && let Some(text) = notice(told)
        {
            let life = self.life(change.incarnation);
            self.remark(at, change.host, life, text, true);
        }
    }

    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        self.totals.transfer(at, transfer, &self.packets.borrow(), &self.hosts);
        if matches!(transfer.held, Held::Of(Resource::Memory(_))) {
            self.worst.transfer(at, transfer);
            self.held(at, transfer);
        }
    }
}

/// Why a state changed, where the segments do not show it; and whether something went wrong.
fn reason_in_words(reason: Reason, from: State) -> (Option<String>, bool) {
    let words = match reason {
        Reason::Call | Reason::Segment => return (None, false),
        Reason::Reset => "reset",
        Reason::GaveUp => "gave up",
        Reason::Expired => return (Some(format!("{from} is over")), false),
        Reason::Crash => "the host crashed",
        Reason::Evicted => "evicted: the cache is full",
        Reason::Overflow => "refused: the accept queue is full",
        Reason::Unread => "octets after the CLOSE: reset",
    };
    (Some(words.to_owned()), true)
}
