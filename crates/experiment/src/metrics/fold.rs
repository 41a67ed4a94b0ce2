//! The fold that measures.

use sim_time::Instant;
use tcp_endpoint::{Flags, Queue, Reason, State};

use super::totals::{HostTotals, RunTotals, Waits};
use super::{Metrics, catalogue};
use crate::HostId;
use crate::column::Column;
use crate::holdings::{Held, Resource, Transfer};
use crate::record::{Blame, Call, Event, Fold, Incarnation, Outcome, Record, Sent, StateChange, WaitEnd, Worth};

/// Computes the metrics of a run from its records, and from what [`crate::Holdings`] tells. What it remembers is in proportion
/// to what is alive; how long opens took is exact up to 4096 different times, and has three digits beyond.
#[derive(Clone, Debug)]
pub struct MetricsFold {
    hosts: Vec<(String, HostTotals)>,
    run: RunTotals,
    lives: Column<Life>,
    /// When measuring began.
    since: Instant,
}

/// What must be remembered of a connection until it is CLOSED.
#[derive(Clone, Copy, Debug)]
struct Life {
    since: Instant,
    /// Whether it was counted as abandoned, as a ghost and as bereft.
    counted: [bool; 3],
    is_ghost: bool,
    /// When either end sent the first FIN between it and the other end.
    closing: Option<Instant>,
}

impl Life {
    const fn begun(at: Instant) -> Self {
        Self { since: at, counted: [false; 3], is_ghost: false, closing: None }
    }
}

impl MetricsFold {
    /// Nothing measured yet on these hosts, in the order of their [`HostId`]s.
    #[must_use]
    pub fn new<S: Into<String>>(hosts: impl IntoIterator<Item = S>) -> Self {
        Self {
            hosts: hosts.into_iter().map(|name| (name.into(), HostTotals::default())).collect(),
            run: RunTotals::default(),
            lives: Column::default(),
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
        self.lives.get_or_insert_with(incarnation, || Life::begun(at))
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
        if sent.wasted.is_none() {
            self.count_closing(at, sent);
        }
    }

    /// A connection is closed by what either end sends from its first FIN on, until neither end holds it.
    fn count_closing(&mut self, at: Instant, sent: &Sent) {
        let ends = [sent.incarnation, sent.peer].map(|end| end.filter(|&end| self.lives.get(end).is_some()));
        let mut closing = ends.iter().flatten().find_map(|&end| self.lives.get(end)?.closing);
        if closing.is_none() && sent.flags.fin() && ends != [None, None] {
            closing = Some(at);
            self.run.closes += 1;
        }
        for end in ends.into_iter().flatten() {
            if let Some(life) = self.lives.get_mut(end) {
                life.closing = closing;
            }
        }
        self.run.close_segments += u64::from(closing.is_some_and(|since| since >= self.since));
    }

    fn delivered(&mut self, stale: bool) {
        self.run.delivered += 1;
        self.run.stale += u64::from(stale);
    }

    fn state(&mut self, at: Instant, change: &StateChange) {
        self.state_levels(at, change);
        self.life(change.incarnation, at);
        if !change.passive {
            self.opened(at, change);
        }
        if change.to == State::Closed {
            self.closed(change);
        }
    }

    fn closed(&mut self, change: &StateChange) {
        let StateChange { incarnation, from, reason, .. } = *change;
        let was_ghost = self.lives.remove(incarnation).is_some_and(|life| life.is_ghost);
        let reset = reason == Reason::Reset && from.synchronized() && from != State::TimeWait;
        self.run.close_resets += u64::from(reset && !was_ghost);
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

    /// Follows what becomes of an active open.
    fn opened(&mut self, at: Instant, change: &StateChange) {
        let StateChange { from, to, reason, trips, .. } = *change;
        let was_opening = matches!(from, State::SynSent | State::SynReceived);
        if to == State::SynSent && !is_held(from) {
            self.life(change.incarnation, at).since = at;
            self.host(change.host).opened += 1;
        } else if change.opens() {
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

    /// Counts each connection once for each kind of verdict.
    fn judged(&mut self, at: Instant, host: HostId, incarnation: Incarnation, worth: Worth) {
        let life = self.life(incarnation, at);
        life.is_ghost = matches!(worth, Worth::Ghost(_));
        let first = match worth {
            Worth::Useful => false,
            Worth::Abandoned(_) => !std::mem::replace(&mut life.counted[0], true),
            Worth::Ghost(_) => !std::mem::replace(&mut life.counted[1], true),
            Worth::Bereft(_) => !std::mem::replace(&mut life.counted[2], true),
        };
        if let Some(useless) = self.host(host).useless(worth) {
            useless.entries += u64::from(first);
        }
    }

    /// Books connections and memory that are held for nobody to the account of its verdict.
    fn account(&mut self, at: Instant, host: HostId, held: Held, worth: Worth, amount: i64) {
        let Some(blame) = worth.blame() else { return };
        if held != Held::Life {
            self.run.waste(blame.cause).change(at, amount);
            self.host(host).wasted_memory.change(at, amount);
        }
        if let Some(useless) = self.host(host).useless(worth) {
            let level = if held == Held::Life { &mut useless.now } else { &mut useless.bytes };
            level.change(at, amount);
        }
    }

    /// More clients wait, or fewer.
    fn shift_waits(&mut self, record: &Record) {
        for (host, blame, clients) in record.event.waiting() {
            for waits in self.waits(host, blame) {
                waits.now.change(record.at, clients);
            }
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
            Event::Delivered { stale, .. } => self.delivered(stale),
            Event::Unheard { to, .. } => {
                self.host(to).unheard += 1;
                self.run.unheard += 1;
            }
            Event::Crashed { host } => {
                let host = self.host(host);
                host.crashes += 1;
                host.down.change(at, 1);
            }
            Event::Rebooted { host, .. } => self.host(host).down.change(at, -1),
            Event::State(ref change) => self.state(at, change),
            Event::Judged { host, incarnation, worth } => self.judged(at, host, incarnation, worth),
            Event::Call { call: Call::Receive { octets, stale }, .. } => {
                self.run.data_delivered += octets;
                self.run.data_stale += stale;
            }
            Event::DataLost { octets, .. } => self.run.data_lost += octets,
            Event::Call { host, call: Call::Connect, outcome: Outcome::Failed(error), .. } => {
                *self.host(host).failed_open(error) += 1;
            }
            Event::Overflow { host, queue: Queue::Syn, .. } => self.host(host).syn_dropped += 1,
            Event::Overflow { host, queue: Queue::Accept, .. } => self.host(host).accept_dropped += 1,
            Event::HeldDown { host, .. } => self.host(host).held_down += 1,
            Event::Waits { host, blame, before, .. } => {
                for waits in self.waits(host, blame).iter_mut().filter(|_| before.is_none()) {
                    waits.begun += 1;
                }
                self.shift_waits(record);
            }
            Event::InTheWay { .. } => self.shift_waits(record),
            Event::WaitOver { host, blame, end, .. } => {
                for waits in self.waits(host, blame) {
                    waits.turned_away += u64::from(end == WaitEnd::TurnedAway);
                }
                self.shift_waits(record);
            }
            Event::Overflow { queue: Queue::Cache | Queue::TimeWait, .. }
            | Event::Script { .. }
            | Event::Session { .. }
            | Event::Woken { .. }
            | Event::Call { .. }
            | Event::TimerFired { .. }
            | Event::Unfinished(_) => {}
        }
    }

    #[inline(always)]
    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        let Transfer { host, held, amount, from, to, .. } = *transfer;
        match held {
            Held::Of(Resource::Memory(_)) => self.host(host).memory.change(at, transfer.growth()),
            Held::Of(Resource::Workers) => return self.host(host).busy_workers.change(at, transfer.growth()),
            Held::Of(_) => return,
            Held::Life => {}
        }
        let amount = amount.cast_signed();
        for (worth, delta) in [(from, -amount), (to, amount)] {
            if let Some(worth) = worth {
                self.account(at, host, held, worth, delta);
            }
        }
    }
}
