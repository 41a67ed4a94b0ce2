//! A full connection: a SYN-RECEIVED that committed a whole entry, and ESTABLISHED up to LAST-ACK.
//!
//! Each method takes one input and says in an [`After`] what the host must do with the entry; what the wire and the
//! application see leaves as effects. [`syn_sent`], [`opens`] and [`arrives`] follow the order of RFC 9293 §3.10.7.

mod acks;
mod arrives;
mod incoming;
mod opens;
mod outgoing;
mod output;
mod persist;
mod probe;
mod retries;
mod schedule;
mod syn_sent;
mod timers;
mod user;

use std::net::Ipv4Addr;

use sim_time::Instant;

use acks::Acks;
pub(crate) use incoming::Incoming;
use outgoing::Outgoing;
pub(crate) use schedule::Schedule;
pub(crate) use syn_sent::SynSent;

use crate::asked::Asked;
use crate::effect::{Notice, Reason, Timer};
use crate::identity::{Identity, Incarnation};
use crate::interface::{Owner, Preferences, Status};
use crate::mss::DEFAULT_MSS;
use crate::packed::Moment;
use crate::payload::Payload;
use crate::rto::Rto;
use crate::segment::Segment;
use crate::seq::SeqNum;
use crate::settings::{SegmentSizes, Settings};
use crate::state::State;
use crate::step::Context;
use crate::timestamps::TimestampClock;

/// What opens a connection, for its application.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Opening {
    /// The whole handshake.
    Handshake,
    /// A SYN with a good cookie: the application has what came with it, and may answer (RFC 7413 §4.2.2).
    Early,
    /// The SYN alone, on which the connection is ESTABLISHED. No timer stands behind its answer.
    OnSyn,
}

/// The transmission control block of a connection that has its peer's SYN (RFC 9293 §3.3.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Connection<P, T> {
    pub(crate) id: Identity<T>,
    pub(crate) state: State,
    /// Whether a peer's SYN opened it.
    pub(crate) passive: bool,
    pub(crate) owner: Owner,
    /// What the application has chosen for it.
    pub(crate) preferences: Preferences,
    pub(crate) send: SendSpace,
    pub(crate) outgoing: Outgoing<P>,
    pub(crate) incoming: Incoming<P>,
    pub(crate) rto: Rto,
    /// The timestamps, if both ends carry them.
    pub(crate) clock: Option<TimestampClock>,
    /// The most octets of data that the peer takes in one segment.
    pub(crate) peer_mss: u16,
    /// The fast open cookie that our SYN-ACK brings.
    cookie: Option<u64>,
    /// Whether our SYN asked for a fast open cookie, or showed one.
    pub(crate) offered_fast_open: bool,
    /// The connection count that the peer's SYN bore, and that is yet to be believed.
    pub(crate) count: Option<u32>,
    /// What opened it, or will.
    pub(crate) opening: Opening,
    /// When retransmission began, or a window that holds everything back was met or probed, while nothing new has been
    /// acknowledged or sent since.
    trying_since: Moment,
    /// How far the tail-loss probe has come.
    probe: Probe,
    /// When a challenge ACK was sent last.
    challenged_at: Moment,
    acks: Acks,
    /// Retransmissions since the peer last acknowledged anything new, or window probes since it last answered.
    pub(crate) retries: u32,
    pub(crate) deadlines: Deadlines,
    /// SYN-ACKs sent.
    pub(crate) syn_acks: u32,
    /// When our SYN, or SYN-ACK, was sent, while it can still be timed (Karn's rule).
    pub(crate) syn_sent_at: Moment,
    /// When the last segment came, from which keepalive counts.
    pub(crate) heard_at: Instant,
    /// Keepalive probes sent since then.
    pub(crate) probes: u32,
    /// Whether the peer is owed an acknowledgment.
    pub(crate) ack_due: bool,
    pub(crate) schedule: Schedule,
}

/// How far the probe of the present flight has come. There is one for each flight.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Probe {
    /// None is due.
    None,
    /// The retransmission timer's deadline is the probe's.
    Scheduled,
    /// It was sent, and nothing new has been acknowledged since.
    Sent,
}

/// The send sequence variables of RFC 9293 §3.3.1.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct SendSpace {
    pub(crate) iss: SeqNum,
    /// SND.UNA: oldest unacknowledged.
    pub(crate) una: SeqNum,
    /// SND.NXT: next to be sent.
    pub(crate) nxt: SeqNum,
    /// SND.WND in octets.
    pub(crate) wnd: u32,
    /// MAX.SND.WND: the largest it ever was (RFC 5961 §5.2).
    pub(crate) largest_window: u32,
    /// SND.WL1: sequence number of the segment behind the last window update.
    pub(crate) wl1: SeqNum,
    /// SND.WL2: acknowledgment number of the segment behind the last window update.
    pub(crate) wl2: SeqNum,
}

impl SendSpace {
    /// Our SYN is sent, nothing is acknowledged.
    pub(crate) fn new(iss: SeqNum) -> Self {
        Self { iss, una: iss, nxt: iss + 1, wnd: 0, largest_window: 0, wl1: SeqNum::default(), wl2: SeqNum::default() }
    }

    /// SND.WND ← SEG.WND, SND.WL1 ← SEG.SEQ, SND.WL2 ← SEG.ACK.
    pub(crate) fn set_window<P>(&mut self, segment: &Segment<P>) {
        self.wnd = segment.window;
        self.largest_window = self.largest_window.max(segment.window);
        self.wl1 = segment.seq;
        self.wl2 = segment.ack;
    }

    /// How many sequence numbers beyond SND.NXT the peer's window has room for: none where it was taken back.
    fn room(&self) -> u32 {
        self.wnd.saturating_sub(self.nxt - self.una)
    }

    /// The least octets of new data that are worth a segment which ends amid a SEND (RFC 9293 §3.8.6.2.1): a full one, or
    /// half of the largest window.
    fn least_worth(&self, mss: u32) -> u32 {
        mss.min(self.largest_window / 2)
    }

    /// Whether an acknowledgment covers something new: SND.UNA < SEG.ACK =< SND.NXT.
    pub(crate) const fn acceptable(&self, ack: SeqNum) -> bool {
        self.una.before(ack) && ack.at_or_before(self.nxt)
    }
}

/// The deadlines of a connection; the driver is told of the earliest only.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Deadlines {
    pub(crate) retransmit: Moment,
    pub(crate) delayed_ack: Moment,
    pub(crate) keepalive: Moment,
    pub(crate) user_timeout: Moment,
}

impl Deadlines {
    pub(crate) const NONE: Self = Self {
        retransmit: Moment::NONE,
        delayed_ack: Moment::NONE,
        keepalive: Moment::NONE,
        user_timeout: Moment::NONE,
    };

    /// The earliest, and the first timer that is served then. What is sent again may be a probe.
    pub(crate) fn earliest(&self, resends: Timer) -> (Moment, Timer) {
        let at = self.retransmit.min(self.delayed_ack).min(self.keepalive).min(self.user_timeout);
        let timer = match () {
            () if self.user_timeout == at => Timer::UserTimeout,
            () if self.delayed_ack == at => Timer::DelayedAck,
            () if self.retransmit == at => resends,
            () => Timer::Keepalive,
        };
        (at, timer)
    }
}

impl<P: Payload, T: Copy> Connection<P, T> {
    /// What every connection begins as: its SYN was sent at `sent_at`.
    fn begun(id: Identity<T>, (iss, irs): (SeqNum, SeqNum), window: u32, rto: Rto, sent_at: Instant) -> Self {
        Self {
            id,
            state: State::Listen,
            passive: false,
            owner: Owner::Listener,
            preferences: Preferences::default(),
            send: SendSpace::new(iss),
            outgoing: Outgoing::new(),
            incoming: Incoming::new(irs, window),
            rto,
            clock: None,
            peer_mss: DEFAULT_MSS,
            cookie: None,
            offered_fast_open: false,
            count: None,
            opening: Opening::Handshake,
            trying_since: sent_at.into(),
            probe: Probe::None,
            challenged_at: Moment::NONE,
            acks: Acks::begun(sent_at, irs + 1),
            retries: 0,
            deadlines: Deadlines::NONE,
            syn_acks: 0,
            syn_sent_at: sent_at.into(),
            heard_at: sent_at,
            probes: 0,
            ack_due: false,
            schedule: Schedule::NONE,
        }
    }

    /// A connection opened by a peer's SYN, about to leave LISTEN.
    pub(crate) fn answering(asked: &Asked<T>, opening: Opening, now: Instant, settings: &Settings) -> Self {
        let SegmentSizes { window, .. } = settings.limits.sizes;
        Self {
            passive: true,
            clock: asked.clock,
            peer_mss: asked.peer_mss,
            cookie: asked.cookie,
            count: asked.count,
            opening,
            ..Self::begun(asked.id, (asked.iss, asked.irs), window, Rto::new(&settings.limits.timers), now)
        }
    }

    /// Whether its peer has yet to show that it knows our initial sequence number, although it is open.
    fn is_unproven(&self) -> bool {
        self.state.synchronized() && self.send.una == self.send.iss
    }

    /// Whether fast open has opened it, and its handshake is not over.
    pub(crate) fn is_early(&self) -> bool {
        self.opening == Opening::Early && self.send.una == self.send.iss
    }

    /// STATUS (RFC 9293 §3.10.6).
    pub(crate) fn status(&self, address: Ipv4Addr) -> Status {
        let send = (self.send.una, self.send.nxt);
        let receive = (Some(self.incoming.nxt), self.incoming.window());
        Status {
            unacknowledged_octets: self.outgoing.unacknowledged_octets(),
            unread_octets: self.incoming.unread_octets().into(),
            probes: self.probes,
            ..self.incarnation().status(address, self.state, send, receive)
        }
    }

    pub(crate) const fn incarnation(&self) -> Incarnation<T> {
        Incarnation { id: self.id, iss: self.send.iss, irs: Some(self.incoming.irs), passive: self.passive }
    }

    pub(crate) fn enter(&mut self, state: State, reason: Reason, ctx: &mut Context<'_, P, T>) {
        let from = std::mem::replace(&mut self.state, state);
        let transition = self.incarnation().transition((ctx.entry, ctx.address), (from, state), reason);
        ctx.effects.push(transition);
    }

    /// Tells how many octets have come since there were `before`.
    pub(crate) fn tell_taken(&self, before: u32, ctx: &mut Context<'_, P, T>) {
        let octets = self.incoming.received().wrapping_sub(before);
        if octets > 0 {
            ctx.took(self.id, octets, self.owner != Owner::Nobody);
        }
    }

    fn notify(&self, notice: Notice, ctx: &mut Context<'_, P, T>) {
        if self.owner == Owner::Application {
            ctx.notify(self.id, notice);
        }
    }
}
