//! A full connection: SYN-SENT, a SYN-RECEIVED that committed a whole entry, and ESTABLISHED up to LAST-ACK.
//!
//! Each method takes one input and says in an [`After`] what the host must do with the entry; what the wire and the
//! application see leaves as effects. [`arrives`] and [`syn_sent`] follow the order of RFC 9293 §3.10.7.

mod acks;
mod arrives;
mod incoming;
mod outgoing;
mod output;
mod probe;
mod syn_sent;
mod timers;
mod user;

use std::net::Ipv4Addr;

use sim_time::Instant;

use acks::Acks;
pub(crate) use incoming::Incoming;
pub(crate) use outgoing::Outgoing;

use crate::asked::Asked;
use crate::effect::{Effect, Notice, Reason};
use crate::handle::Handle;
use crate::identity::{Identity, Incarnation};
use crate::interface::{Preferences, Status};
use crate::mss::{DEFAULT_MSS, peer_mss};
use crate::packed::Moment;
use crate::payload::Payload;
use crate::rto::Rto;
use crate::segment::{FastOpen, Options, Segment};
use crate::seq::SeqNum;
use crate::settings::Settings;
use crate::state::State;
use crate::step::{After, Context};
use crate::timestamps::TimestampClock;

/// Who holds the handle.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Owner {
    /// No one yet: a passive connection that was not accepted.
    Listener,
    /// An application.
    Application,
    /// No one any more: the application closed it. (Linux calls it an orphan.)
    Nobody,
}

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

/// A transmission control block.
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
    /// Whether the peer's numbers are known; before, `incoming` means nothing.
    pub(crate) synchronized: bool,
    pub(crate) rto: Rto,
    /// The timestamps, if both ends carry them.
    pub(crate) clock: Option<TimestampClock>,
    /// The most octets of data that the peer takes in one segment; before its SYN, as far as that is known.
    pub(crate) peer_mss: u16,
    /// What our SYN, or SYN-ACK, says of fast open.
    pub(crate) fast_open: Option<FastOpen>,
    /// The count that our SYN bears, or the peer's bore and that is yet to be believed.
    pub(crate) count: Option<u32>,
    /// What opened it, or will.
    pub(crate) opening: Opening,
    /// When retransmission began, while nothing new has been acknowledged since.
    retransmitting_since: Moment,
    /// How far the tail-loss probe has come.
    probe: Probe,
    /// When a challenge ACK was sent last.
    challenged_at: Moment,
    acks: Acks,
    /// Retransmissions since the peer last acknowledged anything new.
    pub(crate) retries: u32,
    pub(crate) deadlines: Deadlines,
    /// SYN-ACKs sent.
    pub(crate) syn_acks: u32,
    /// When the SYN was sent, while it can still be timed (Karn's rule).
    pub(crate) syn_sent_at: Moment,
    /// When the last segment came, from which keepalive counts.
    pub(crate) heard_at: Instant,
    /// Keepalive probes sent since then.
    pub(crate) probes: u32,
    /// Whether the peer is owed an acknowledgment.
    pub(crate) ack_due: bool,
    /// Whether [`crate::Host::flush`] has to look at it.
    pub(crate) ready: bool,
    /// The deadline the driver knows of.
    pub(crate) armed: Moment,
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

    pub(crate) fn earliest(&self) -> Moment {
        self.retransmit.min(self.delayed_ack).min(self.keepalive).min(self.user_timeout)
    }
}

impl<P: Payload, T: Copy> Connection<P, T> {
    /// An active open: the SYN is about to leave.
    pub(crate) fn opening(id: Identity<T>, iss: SeqNum, now: Instant, settings: &Settings) -> Self {
        Self {
            id,
            state: State::SynSent,
            passive: false,
            owner: Owner::Application,
            preferences: Preferences::default(),
            send: SendSpace::new(iss),
            outgoing: Outgoing::new(),
            incoming: Incoming::new(SeqNum::default()),
            synchronized: false,
            rto: Rto::new(&settings.limits),
            clock: None,
            peer_mss: DEFAULT_MSS,
            fast_open: None,
            count: None,
            opening: Opening::Handshake,
            retransmitting_since: now.into(),
            probe: Probe::None,
            challenged_at: Moment::NONE,
            acks: Acks::new(now),
            retries: 0,
            deadlines: Deadlines::NONE,
            syn_acks: 0,
            syn_sent_at: now.into(),
            heard_at: now,
            probes: 0,
            ack_due: false,
            ready: false,
            armed: Moment::NONE,
        }
    }

    /// A connection opened by a peer's SYN, about to leave LISTEN.
    pub(crate) fn answering(asked: &Asked<T>, opening: Opening, now: Instant, settings: &Settings) -> Self {
        Self {
            opening,
            state: State::Listen,
            passive: true,
            owner: Owner::Listener,
            incoming: Incoming::new(asked.irs),
            acks: Acks::begun(now, asked.irs + 1),
            synchronized: true,
            clock: asked.clock,
            peer_mss: asked.peer_mss,
            fast_open: asked.cookie.map(FastOpen::Cookie),
            count: asked.count,
            ..Self::opening(asked.id, asked.iss, now, settings)
        }
    }

    /// Whether it is not over, and kept only for its application to read.
    pub(crate) fn is_live(&self) -> bool {
        self.state != State::Closed
    }

    /// The next flush looks at it.
    pub(crate) fn touch(&mut self, entry: Handle, ready: &mut Vec<Handle>) {
        if !std::mem::replace(&mut self.ready, true) {
            ready.push(entry);
        }
    }

    /// Whether its peer has yet to show that it knows our initial sequence number, although it is open.
    fn is_unproven(&self) -> bool {
        self.state.synchronized() && self.send.una == self.send.iss
    }

    /// Initial receive sequence number, once known.
    pub(crate) fn irs(&self) -> Option<SeqNum> {
        self.synchronized.then_some(self.incoming.irs)
    }

    /// STATUS (RFC 9293 §3.10.6).
    pub(crate) fn status(&self, address: Ipv4Addr, receive_window: u32) -> Status {
        let send = (self.send.una, self.send.nxt);
        let receive = (self.synchronized.then_some(self.incoming.nxt), receive_window);
        Status {
            unacknowledged_octets: self.outgoing.unacknowledged_octets(),
            unread_octets: self.incoming.unread_octets(),
            probes: self.probes,
            ..self.incarnation().status(address, self.state, send, receive)
        }
    }

    pub(crate) fn incarnation(&self) -> Incarnation<T> {
        Incarnation { id: self.id, iss: self.send.iss, irs: self.irs(), passive: self.passive }
    }

    pub(crate) fn enter(&mut self, state: State, reason: Reason, ctx: &mut Context<'_, P, T>) {
        let from = std::mem::replace(&mut self.state, state);
        let transition = self.incarnation().transition((ctx.entry, ctx.address), (from, state), reason);
        ctx.effects.push(transition);
    }

    fn notify(&self, notice: Notice, ctx: &mut Context<'_, P, T>) {
        if self.owner == Owner::Application {
            ctx.effects.push(Effect::Notify { entry: ctx.entry, tag: self.id.tag, notice });
        }
    }

    /// Our SYN is acknowledged by `segment` (or, in a two-way handshake, needs no acknowledgment): the connection is open.
    ///
    /// A CLOSE that came early takes effect now (RFC 9293 §3.10.4, SYN-RECEIVED).
    pub(crate) fn establish(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        let limits = &ctx.settings.limits;
        if self.send.una.after(self.send.iss) {
            let timed_once = self.syn_sent_at.instant().map(|sent| ctx.now - sent);
            let timed = timed_once.or_else(|| self.echoed_round_trip(segment, ctx));
            match timed {
                Some(round_trip) => self.rto.measure(round_trip, (self.send.una, self.send.nxt), limits),
                None => self.rto.start_unmeasured(self.retries > 0, limits),
            }
        }
        self.syn_sent_at = Moment::NONE;
        self.retries = 0;
        self.retransmitting_since = Moment::NONE;
        self.deadlines.retransmit = Moment::NONE;
        self.heard(ctx);
        self.enter(State::Established, Reason::Segment, ctx);
        if self.outgoing.closed() {
            self.enter(State::FinWait1, Reason::Call, ctx);
        }
        // The FIN may have come with the SYN.
        match self.state {
            State::FinWait1 if self.incoming.finished() => self.enter(State::Closing, Reason::Segment, ctx),
            _ if self.incoming.finished() => self.begin_close_wait(ctx),
            _ => {}
        }
        if !self.passive {
            self.notify(Notice::Connected, ctx);
            if self.incoming.nxt != self.incoming.irs + 1 {
                self.notify(Notice::Readable, ctx); // text, or a FIN, came with the SYN
            }
        }
        if self.passive && self.owner == Owner::Listener && self.opening != Opening::Early {
            After::Acceptable
        } else {
            After::Stay
        }
    }

    /// The round trip that an acknowledgment's timestamp measures, whatever was sent how often (RFC 7323 §4.1).
    fn echoed_round_trip(&self, segment: &Segment<P>, ctx: &Context<'_, P, T>) -> Option<sim_time::Duration> {
        let echoed = segment.options.timestamps.filter(|_| segment.flags.ack())?;
        self.clock.as_ref().map(|clock| clock.round_trip(echoed, ctx.now))
    }

    /// Timestamps and segment size of the connection, now that the peer's SYN is here.
    fn agree_on_options(&mut self, syn: Options, now: Instant) {
        self.clock = self.clock.zip(syn.timestamps).map(|(clock, value)| clock.begun_by(value, now));
        self.peer_mss = peer_mss(syn);
    }
}
