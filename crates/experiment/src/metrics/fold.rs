//! The fold that measures.

use sim_time::Instant;
use tcp_endpoint::{Flags, Queue, Reason, State};

use super::exchanges::Exchanges;
use super::totals::{HostTotals, RunTotals, Waits};
use super::{Metrics, catalogue};
use crate::HostId;
use crate::numbered::Numbered;
use crate::pair::{Side, SocketPair};
use crate::record::{Blame, Call, Event, Fold, Incarnation, Outcome, Record, SegmentId, Sent, StateChange, Worth};

/// Computes the metrics of a run from its records. What it remembers is in proportion to what is alive; how long opens took
/// is exact up to 4096 different times, and has three digits beyond.
#[derive(Clone, Debug)]
pub struct MetricsFold {
    hosts: Vec<(String, HostTotals)>,
    run: RunTotals,
    /// By the number of the incarnation.
    lives: Numbered<Life>,
    exchanges: Exchanges,
    /// By the number of the segment.
    openers: Numbered<Opener>,
    /// When measuring began.
    since: Instant,
}

/// What must be remembered of a connection while it is held.
#[derive(Clone, Copy, Debug)]
struct Life {
    since: Instant,
    bytes: u64,
    worth: Worth,
    /// Whether it was counted as abandoned, as a ghost and as bereft.
    counted: [bool; 3],
    over: bool,
    /// The place of its pair of sockets, as long as it is not over.
    exchange: Option<u32>,
}

/// A segment on its way that may complete a handshake.
#[derive(Clone, Copy, Debug)]
struct Opener {
    pair: SocketPair,
    /// The place of the pair when it was sent.
    exchange: u32,
    /// The place of the socket it goes to in the pair.
    to: Side,
    trips: u32,
    copies: u32,
}

impl Life {
    const fn begun(at: Instant) -> Self {
        Self { since: at, bytes: 0, worth: Worth::Useful, counted: [false; 3], over: false, exchange: None }
    }
}

impl MetricsFold {
    /// Nothing measured yet on these hosts, in the order of their [`HostId`]s.
    #[must_use]
    pub fn new<S: Into<String>>(hosts: impl IntoIterator<Item = S>) -> Self {
        Self {
            hosts: hosts.into_iter().map(|name| (name.into(), HostTotals::default())).collect(),
            run: RunTotals::default(),
            lives: Numbered::default(),
            exchanges: Exchanges::new(),
            openers: Numbered::default(),
            since: Instant::ZERO,
        }
    }

    /// The metrics, every integral run to `at`, which no record may be later than.
    #[must_use]
    pub fn finish(mut self, at: Instant) -> Metrics {
        for (_, totals) in &mut self.hosts {
            totals.advance(at);
        }
        self.run.finish(at);
        catalogue::read(&self.hosts, &self.run)
    }

    fn host(&mut self, host: HostId) -> &mut HostTotals {
        &mut self.hosts[usize::from(host.0)].1
    }

    fn life(&mut self, incarnation: Incarnation, at: Instant) -> &mut Life {
        self.lives.get_or_insert_with(incarnation.0.into(), || Life::begun(at))
    }

    /// The warm-up is over.
    fn begin_anew(&mut self, at: Instant) {
        self.since = at;
        for (_, totals) in &mut self.hosts {
            totals.begin_anew(at);
        }
        self.run.begin_anew(at);
    }

    fn sent(&mut self, at: Instant, sent: &Sent) {
        let copies = sent.fate.deliveries.len() as u64;
        self.run.sent += 1;
        self.run.lost += u64::from(copies == 0);
        self.run.duplicated += copies.saturating_sub(1);
        self.run.retransmitted += u64::from(sent.retransmission > 0);
        self.run.wasted += u64::from(sent.wasted.is_some());
        let Some(from) = sent.from.filter(|_| !sent.forged) else {
            // It was on the wire, but no host's doing.
            return;
        };
        let host = self.host(from);
        host.segments_sent += 1;
        host.syn_acks_sent += u64::from(sent.flags.contains(Flags::SYN_ACK));
        host.resets_sent += u64::from(sent.flags.rst());
        let (pair, from) = SocketPair::of(sent.source, sent.destination);
        let known = sent.incarnation.and_then(|incarnation| self.lives.get(incarnation.0.into())?.exchange);
        let Some(place) = self.exchanges.place(pair, known) else { return };
        if let Some(exchange) = self.exchanges.get_mut(place) {
            if sent.wasted.is_none() {
                if sent.flags.fin() && exchange.closing.is_none() {
                    exchange.closing = Some(at);
                    self.run.closes += 1;
                }
                let measured = exchange.closing.is_some_and(|since| since >= self.since);
                self.run.close_segments += u64::from(measured);
            }
            if exchange.opening > 0 && copies > 0 {
                let trips = exchange.trips[from] + 1;
                let copies = sent.fate.deliveries.len() as u32;
                let opener = Opener { pair, exchange: place, to: 1 - from, trips, copies };
                self.openers.get_or_insert_with(sent.id.number(), || opener);
            }
        }
    }

    fn delivered(&mut self, segment: SegmentId, stale: bool) {
        self.run.delivered += 1;
        self.run.stale += u64::from(stale);
        let Some(Opener { pair, exchange, to, trips, .. }) = self.landed(segment) else { return };
        let place = self.exchanges.place(pair, Some(exchange));
        if let Some(exchange) = place.and_then(|place| self.exchanges.get_mut(place)) {
            exchange.trips[to] = exchange.trips[to].max(trips);
        }
    }

    /// Counts a copy of a segment that may complete a handshake as gone from the network.
    fn landed(&mut self, segment: SegmentId) -> Option<Opener> {
        let opener = self.openers.get_mut(segment.number())?;
        opener.copies -= 1;
        let landed = *opener;
        if landed.copies == 0 {
            self.openers.remove(segment.number());
        }
        Some(landed)
    }

    fn state(&mut self, at: Instant, change: &StateChange) {
        self.state_levels(at, change);
        let trips = self.exchange(at, change);
        if !change.passive {
            self.opened(at, change, trips);
        }
        if change.to == State::Closed {
            self.closed(at, change);
        }
    }

    fn closed(&mut self, at: Instant, change: &StateChange) {
        let StateChange { host, incarnation, from, reason, .. } = *change;
        let life = self.life(incarnation, at);
        life.over = true;
        let (worth, holds_nothing) = (life.worth, life.bytes == 0);
        let reset = reason == Reason::Reset && from.synchronized() && from != State::TimeWait;
        self.run.close_resets += u64::from(reset && !matches!(worth, Worth::Ghost(_)));
        if worth.blame().is_some() {
            self.judged(at, host, incarnation, Worth::Useful);
        }
        if holds_nothing {
            self.lives.remove(incarnation.0.into());
        }
    }

    fn state_levels(&mut self, at: Instant, change: &StateChange) {
        let StateChange { from, to, passive, .. } = *change;
        let host = self.host(change.host);
        if is_held(from) {
            host.state(from).change(at, -1);
        }
        if is_held(to) {
            host.state(to).change(at, 1);
        }
        if passive && from == State::SynReceived {
            host.half_open.change(at, -1);
        }
        if passive && to == State::SynReceived {
            host.half_open_entries += 1;
            host.half_open.change(at, 1);
        }
        host.time_wait_entries += u64::from(to == State::TimeWait);
        host.time_wait_ended_early += u64::from(from == State::TimeWait && change.reason != Reason::Expired);
    }

    /// Follows what becomes of an active open, behind which there is a chain of so many one-way trips.
    fn opened(&mut self, at: Instant, change: &StateChange, trips: u32) {
        let StateChange { from, to, reason, .. } = *change;
        let was_opening = matches!(from, State::SynSent | State::SynReceived);
        if to == State::SynSent && !is_held(from) {
            self.life(change.incarnation, at).since = at;
            self.host(change.host).opened += 1;
        } else if was_opening && to.synchronized() {
            let since = self.life(change.incarnation, at).since;
            self.host(change.host).established += 1;
            if since >= self.since {
                self.run.setups.add(at.since(since).as_nanos());
                self.run.setup_trips += u64::from(trips);
            }
        } else if to == State::Closed {
            let host = self.host(change.host);
            match reason {
                Reason::Reset if was_opening => host.refused += 1,
                Reason::Reset if from != State::TimeWait => host.reset += 1,
                Reason::GaveUp if was_opening => host.timed_out += 1,
                _ => {}
            }
        }
    }

    /// Follows how many ends hold a connection between two sockets, and how many of them are still opening: no change from
    /// one state of an open connection to another matters. Returns the longest chain of one-way trips that has come to the
    /// end that changed, if it was not open.
    fn exchange(&mut self, at: Instant, change: &StateChange) -> u32 {
        let is_opening = |state| matches!(state, State::SynSent | State::SynReceived);
        if change.from.synchronized() && change.to.synchronized() {
            return 0;
        }
        let (pair, own) = SocketPair::of_tuple(change.tuple);
        let exchanges = &mut self.exchanges;
        let life = self.lives.get_or_insert_with(change.incarnation.0.into(), || Life::begun(at));
        let place = *life.exchange.get_or_insert_with(|| exchanges.enter(pair));
        let Some(exchange) = exchanges.get_mut(place) else { return 0 };
        if change.to == State::SynSent {
            (exchange.trips, exchange.closing) = ([0; 2], None);
        }
        exchange.held += u32::from(!is_held(change.from));
        exchange.opening += u32::from(is_opening(change.to));
        exchange.opening -= u32::from(is_opening(change.from));
        let trips = exchange.trips[own];
        if change.to == State::Closed {
            exchange.held -= 1;
            if exchange.held == 0 {
                exchanges.leave(place);
            }
        }
        trips
    }

    fn held(&mut self, at: Instant, host: HostId, incarnation: Incarnation, octets: i64) {
        let life = self.life(incarnation, at);
        life.bytes = life.bytes.checked_add_signed(octets).expect("an entry is released once");
        let (worth, forgotten) = (life.worth, life.over && life.bytes == 0);
        self.host(host).memory.change(at, octets);
        self.account(at, host, worth, 0, octets);
        if forgotten {
            self.lives.remove(incarnation.0.into());
        }
    }

    fn judged(&mut self, at: Instant, host: HostId, incarnation: Incarnation, worth: Worth) {
        let life = self.life(incarnation, at);
        let (before, bytes) = (life.worth, life.bytes.cast_signed());
        life.worth = worth;
        let first = match worth {
            Worth::Useful => false,
            Worth::Abandoned(_) => !std::mem::replace(&mut life.counted[0], true),
            Worth::Ghost(_) => !std::mem::replace(&mut life.counted[1], true),
            Worth::Bereft(_) => !std::mem::replace(&mut life.counted[2], true),
        };
        self.account(at, host, before, -1, -bytes);
        self.account(at, host, worth, 1, bytes);
        if let Some(useless) = self.host(host).useless(worth) {
            useless.entries += u64::from(first);
        }
    }

    /// Books entries and bytes to the account of their verdict.
    fn account(&mut self, at: Instant, host: HostId, worth: Worth, entries: i64, bytes: i64) {
        let Some(blame) = worth.blame() else { return };
        self.run.waste(blame.cause).change(at, bytes);
        let host = self.host(host);
        host.wasted_memory.change(at, bytes);
        if let Some(useless) = host.useless(worth) {
            useless.now.change(at, entries);
            useless.bytes.change(at, bytes);
        }
    }

    /// The accounts that a client's wait is booked to.
    fn waits(&mut self, host: HostId, blame: Option<Blame>) -> &mut [Waits] {
        &mut self.host(host).waits[..1 + usize::from(blame.is_some())]
    }
}

/// Whether a host holds an entry for a connection in this state.
const fn is_held(state: State) -> bool {
    !matches!(state, State::Closed | State::Listen)
}

impl Fold for MetricsFold {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        let at = record.at;
        match record.event {
            Event::WarmedUp => self.begin_anew(at),
            Event::Sent(ref sent) => self.sent(at, sent),
            Event::Delivered { segment, stale, .. } => self.delivered(segment, stale),
            Event::Unheard { segment, to, .. } => {
                self.host(to).unheard += 1;
                self.run.unheard += 1;
                let _ = self.landed(segment);
            }
            Event::Crashed { host } => {
                let host = self.host(host);
                host.crashes += 1;
                host.down.change(at, 1);
            }
            Event::Rebooted { host, .. } => self.host(host).down.change(at, -1),
            Event::State(ref change) => self.state(at, change),
            Event::Held { host, incarnation, octets, .. } => self.held(at, host, incarnation, octets.cast_signed()),
            Event::Released { host, incarnation, octets, .. } => {
                self.held(at, host, incarnation, -octets.cast_signed());
            }
            Event::Judged { host, incarnation, worth } => self.judged(at, host, incarnation, worth),
            Event::Received { octets, stale_octets, .. } => {
                self.run.data_delivered += octets;
                self.run.data_stale += stale_octets;
            }
            Event::DataLost { octets, .. } => self.run.data_lost += octets,
            Event::Call { host, call: Call::Connect, outcome: Outcome::Failed(error), .. } => {
                *self.host(host).failed_open(error) += 1;
            }
            Event::Overflow { host, queue: Queue::Syn, .. } => self.host(host).syn_dropped += 1,
            Event::Overflow { host, queue: Queue::Accept, .. } => self.host(host).accept_dropped += 1,
            Event::HeldDown { host, .. } => self.host(host).held_down += 1,
            Event::Served { host, begins, .. } => {
                self.host(host).busy_workers.change(at, if begins { 1 } else { -1 });
            }
            Event::Waits { host, blame, .. } => {
                for waits in self.waits(host, blame) {
                    waits.begun += 1;
                    waits.now.change(at, 1);
                }
            }
            Event::WaitOver { host, blame, served, .. } => {
                for waits in self.waits(host, blame) {
                    waits.turned_away += u64::from(!served);
                    waits.now.change(at, -1);
                }
            }
            Event::Accepted { .. }
            | Event::Call { .. }
            | Event::Notice { .. }
            | Event::TimerSet { .. }
            | Event::TimerFired { .. } => {}
        }
    }
}
