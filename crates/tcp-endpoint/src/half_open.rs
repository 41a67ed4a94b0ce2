//! A passive connection request: SYN-RECEIVED in as few octets as it takes (RFC 9293 §3.10.7.2, §3.10.7.4).

use std::net::Ipv4Addr;

use sim_time::{Duration, Instant};

use crate::asked::Asked;
use crate::connection::{Connection, Opening};
use crate::cookie;
use crate::draft::{Draft, reset_outside_connection};
use crate::effect::{Acknowledged, Effect, Purpose, Reason, Timer};
use crate::identity::{Identity, Incarnation};
use crate::interface::Status;
use crate::isn::IsnSource;
use crate::packed::{Extras, Moment, Packed};
use crate::payload::Payload;
use crate::segment::{FastOpen, Flags, Options, Segment};
use crate::seq::{SeqNum, acceptable};
use crate::settings::{ChallengeLimit, DuplicateSyn, HalfOpenCheck, Limits, Settings};
use crate::state::State;
use crate::step::Context;
use crate::timestamps::{Stamp, TimestampClock};

/// An entry in SYN-RECEIVED, made by a SYN at a listener. There may be very many, so it is packed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct HalfOpen<T> {
    pub(crate) id: Identity<T>,
    pub(crate) iss: SeqNum,
    irs: SeqNum,
    clock: Option<TimestampClock>,
    peer_mss: u16,
    extras: Extras,
    /// Whether our SYN was acknowledged while the listener waits for data.
    acknowledged: bool,
    /// Retransmissions by the timer, as far as they can be counted: to the largest limit there is.
    retries: u16,
    /// SYN-ACKs sent, those that answered a repeated SYN included, as far as they can be counted.
    sent: u16,
    /// When the SYN-ACK was sent first, for the round-trip measurement.
    sent_at: Packed,
    challenged_at: Moment,
    /// When the SYN-ACK is sent again; none if the handshake has no timer for it.
    pub(crate) retransmit_at: Moment,
}

/// What the host does with the entry after a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Request {
    /// It waits on.
    Pending,
    /// Our SYN is acknowledged: a connection takes its place and looks at the rest of the segment.
    Complete,
    /// It is gone, and the listener is as it was.
    Withdrawn(Reason),
}

impl<T: Copy> HalfOpen<T> {
    pub(crate) fn new(asked: &Asked<T>, now: Instant) -> Self {
        Self {
            id: asked.id,
            iss: asked.iss,
            irs: asked.irs,
            clock: asked.clock,
            peer_mss: asked.peer_mss,
            extras: Extras::new(asked.count, asked.cookie.is_some()),
            acknowledged: false,
            retries: 0,
            sent: 0,
            sent_at: now.into(),
            challenged_at: Moment::NONE,
            retransmit_at: Moment::NONE,
        }
    }

    /// SEGMENT ARRIVES in SYN-RECEIVED after a passive OPEN.
    pub(crate) fn on_segment<P: Payload>(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> Request {
        let (flags, next) = (segment.flags, self.irs + 1);
        let stamp = Stamp::of(segment, self.clock.as_ref(), &ctx.settings.limits, ctx.now);
        let old = stamp == Stamp::Old;
        let again = flags.syn() && !flags.ack() && segment.seq == self.irs;
        let foreign = flags.ack() && segment.ack != self.iss + 1;
        if foreign && !again && ctx.settings.limits.checks.half_open_check == HalfOpenCheck::Window {
            if !flags.rst() {
                ctx.effects.push(reset_outside_connection(segment));
            }
            return Request::Pending;
        }
        if stamp == Stamp::Missing && !again {
            return Request::Pending;
        }
        if old || again || !acceptable(next, ctx.settings.limits.sizes.window, segment.seq, segment.len()) {
            self.answer_unacceptable(segment, old, ctx);
            return Request::Pending;
        }
        TimestampClock::note(&mut self.clock, segment, next, ctx.now);
        if flags.rst() {
            if segment.seq == next || ctx.settings.limits.checks.half_open_check == HalfOpenCheck::Window {
                return Request::Withdrawn(Reason::Reset);
            }
            // RFC 5961 §3.2: one with data may begin before the window, and is dropped
            if segment.seq.within(next, ctx.settings.limits.sizes.window) {
                self.challenge(ctx);
            }
            return Request::Pending;
        }
        if flags.syn() {
            if ctx.settings.limits.checks.half_open_check == HalfOpenCheck::Window {
                ctx.effects.push(reset_outside_connection(segment));
            }
            return Request::Withdrawn(Reason::Segment);
        }
        if !flags.ack() {
            return Request::Pending;
        }
        if segment.ack != self.iss + 1 {
            self.send(Flags::RST, segment.ack, (Purpose::ResetOfUnacceptable, 0), ctx);
            return Request::Pending;
        }
        if segment.is_empty() && u32::from(self.retries) < deferred_retries(&ctx.settings.limits) {
            self.acknowledged = true;
            return Request::Pending;
        }
        Request::Complete
    }

    /// The SYN once more is answered by the SYN-ACK or an ACK, anything else by an ACK. Where challenge ACKs are limited
    /// for each connection, so are these.
    fn answer_unacceptable<P: Payload>(&mut self, segment: &Segment<P>, old: bool, ctx: &mut Context<'_, P, T>) {
        let (flags, limits) = (segment.flags, &ctx.settings.limits);
        let repeated = flags.syn() && !flags.ack() && segment.seq == self.irs && !old;
        let loops = segment.is_empty() || flags.syn();
        let limited = limits.checks.challenge_limit == ChallengeLimit::Connection && loops;
        if flags.rst() || (limited && !ctx.challenges.permit(&mut self.challenged_at, ctx.now, &limits.checks)) {
            return;
        }
        if repeated && limits.checks.duplicate_syn == DuplicateSyn::SynAck {
            self.send_syn_ack(ctx);
        } else {
            // The SYN-ACK has acknowledged all that there is.
            self.send_ack(Purpose::of_answer(flags, Purpose::DuplicateAck), ctx);
        }
    }

    fn challenge<P: Payload>(&mut self, ctx: &mut Context<'_, P, T>) {
        if ctx.challenges.permit(&mut self.challenged_at, ctx.now, &ctx.settings.limits.checks) {
            self.send_ack(Purpose::ChallengeAck, ctx);
        }
    }

    /// The connection that takes the entry's place.
    pub(crate) fn complete<P: Payload>(&self, isn: &IsnSource, settings: &Settings) -> Connection<P, T> {
        let asked = Asked {
            id: self.id,
            iss: self.iss,
            irs: self.irs,
            clock: self.clock,
            peer_mss: self.peer_mss,
            cookie: self.cookie(isn, &settings.limits),
            count: self.extras.count(),
        };
        let mut connection = Connection::answering(&asked, Opening::Handshake, self.sent_at.get(), settings);
        connection.state = State::SynReceived;
        connection.retries = self.retries.into();
        if !self.acknowledged {
            (0..self.retries).for_each(|_| connection.rto.back_off(&settings.limits.timers)); // RFC 6298 §5.5
        }
        connection.syn_acks = self.sent.into();
        if self.sent > 1 {
            connection.syn_sent_at = Moment::NONE; // Karn's rule
        }
        connection
    }

    /// The fast open cookie that the SYN-ACK brings: that of the time at which the SYN came.
    fn cookie(&self, isn: &IsnSource, limits: &Limits) -> Option<u64> {
        let (client, asked_at, lifetime) =
            (self.id.ends.remote_address(), self.sent_at.get(), limits.backlog.fast_open_key_lifetime);
        let cookie = || cookie::fast_open_cookie(isn.secret(), client, asked_at, lifetime);
        self.extras.cookie().then(cookie)
    }

    /// Whether the retransmission timer has not gone off yet.
    pub(crate) const fn is_young(&self) -> bool {
        self.retries == 0
    }

    /// The retransmission timer went off; the SYN-ACK may be sent again `most` times in all.
    pub(crate) fn on_deadline<P: Payload>(&mut self, most: u32, ctx: &mut Context<'_, P, T>) -> Request {
        let limits = &ctx.settings.limits;
        match self.retransmit_at.instant() {
            Some(at) if at <= ctx.now => {}
            Some(at) => {
                ctx.effects.push(Effect::Arm { entry: ctx.entry, tag: self.id.tag, at, timer: Timer::Retransmission });
                return Request::Pending;
            }
            None => return Request::Pending,
        }
        let (deferred, retries) = (deferred_retries(limits), u32::from(self.retries));
        let waits_for_data = self.acknowledged && retries < deferred;
        if retries >= most && !waits_for_data {
            return Request::Withdrawn(Reason::GaveUp);
        }
        // A client that has acknowledged is asked once more at the end only, as a last chance.
        let silent = self.acknowledged && retries + 1 < deferred;
        self.retries = self.retries.saturating_add(1);
        if silent {
            self.start_timer(ctx);
        } else {
            self.send_syn_ack(ctx);
        }
        Request::Pending
    }

    /// `<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>`, and the timer behind it.
    pub(crate) fn send_syn_ack<P: Payload>(&mut self, ctx: &mut Context<'_, P, T>) {
        let retransmission = self.sent.into();
        self.send(Flags::SYN_ACK, self.iss, (Purpose::of_syn(retransmission), retransmission), ctx);
        self.sent = self.sent.saturating_add(1);
        self.start_timer(ctx);
    }

    /// The timeout doubles with each time the timer went off (RFC 6298 §5.5).
    fn start_timer<P: Payload>(&mut self, ctx: &Context<'_, P, T>) {
        let limits = &ctx.settings.limits;
        let timeout =
            (0..self.retries).fold(limits.timers.rto_initial, |timeout, _| (timeout * 2).min(limits.timers.rto_max));
        let timed = ctx.settings.handshake.syn_ack_timer;
        self.retransmit_at = timed.then(|| limits.timers.fires_at(ctx.now, timeout)).into();
    }

    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`
    fn send_ack<P: Payload>(&self, purpose: Purpose, ctx: &mut Context<'_, P, T>) {
        self.send(Flags::ACK, self.iss + 1, (purpose, 0), ctx);
    }

    fn send<P: Payload>(
        &self,
        flags: Flags,
        seq: SeqNum,
        (purpose, retransmission): (Purpose, u32),
        ctx: &mut Context<'_, P, T>,
    ) {
        let draft = Draft {
            flags,
            seq,
            acknowledged: (self.irs + 1, Acknowledged::Syn),
            options: self.options(flags, ctx),
            payload: P::default(),
            purpose,
            retransmission,
        };
        ctx.transmit(self.id, draft);
    }

    fn options<P: Payload>(&self, flags: Flags, ctx: &Context<'_, P, T>) -> Options {
        let options = Options::stamped(self.clock.map(|clock| clock.stamp(ctx.now)));
        if !flags.syn() {
            return options;
        }
        Options {
            mss: Some(ctx.settings.limits.sizes.mss_option()),
            // The option may be what keeps a SYN-ACK away (RFC 7413 §4.2.2).
            fast_open: self.cookie(ctx.isn, &ctx.settings.limits).filter(|_| self.sent == 0).map(FastOpen::Cookie),
            ..options
        }
    }

    /// STATUS (RFC 9293 §3.10.6).
    pub(crate) fn status(&self, address: Ipv4Addr, receive_window: u32) -> Status {
        let (send, receive) = ((self.iss, self.iss + 1), (Some(self.irs + 1), receive_window));
        self.incarnation().status(address, State::SynReceived, send, receive)
    }

    pub(crate) const fn incarnation(&self) -> Incarnation<T> {
        Incarnation { id: self.id, iss: self.iss, irs: Some(self.irs), passive: true }
    }
}

/// How often the SYN-ACK timer goes off within `defer-accept`.
fn deferred_retries(limits: &Limits) -> u32 {
    let (mut timeout, mut period, mut retries) = (limits.timers.rto_initial, Duration::ZERO, 0);
    while period < limits.handshake_retries.defer_accept {
        period += timeout;
        timeout = (timeout * 2).min(limits.timers.rto_max);
        retries += 1;
    }
    retries
}
