//! SYN-SENT (RFC 9293 §3.3.2): our SYN has left, and nothing is known of the peer.

use std::net::Ipv4Addr;
use std::ops::ControlFlow::{self, Break, Continue};

use sim_time::Instant;

use super::outgoing::{Cut, Outgoing};
use super::retries::{R1, has_tried_for, is_out_of_syn_retries};
use super::schedule::Schedule;
use crate::draft::Draft;
use crate::effect::{Acknowledged, Notice, Purpose, Reason, Timer};
use crate::identity::{Identity, Incarnation};
use crate::interface::{Owner, Preferences, Status, UserError};
use crate::mss::{DEFAULT_MSS, segment_size};
use crate::packed::Moment;
use crate::payload::Payload;
use crate::rto::Rto;
use crate::segment::{FastOpen, Flags, Options, Segment};
use crate::seq::SeqNum;
use crate::settings::{Limits, SynData, Unexpected};
use crate::state::State;
use crate::step::{After, Context};
use crate::timestamps::TimestampClock;

/// What our segments acknowledge.
const NOTHING: (SeqNum, Acknowledged) = (SeqNum::new(0), Acknowledged::Nothing);

/// An active open whose peer has not been heard.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct SynSent<P, T> {
    pub(crate) id: Identity<T>,
    pub(crate) owner: Owner,
    /// What the application has chosen for it.
    pub(crate) preferences: Preferences,
    pub(crate) iss: SeqNum,
    /// SND.NXT: beyond the SYN, and what it carries.
    pub(crate) nxt: SeqNum,
    pub(crate) outgoing: Outgoing<P>,
    pub(super) rto: Rto,
    /// The timestamps that the SYN offers.
    pub(crate) clock: Option<TimestampClock>,
    /// The most octets of data that the peer takes in one segment, as far as that is known.
    pub(crate) peer_mss: u16,
    /// What the SYN says of fast open when it is sent first.
    pub(crate) fast_open: Option<FastOpen>,
    /// The connection count that the SYN bears.
    pub(crate) count: Option<u32>,
    /// When the SYN was sent first.
    pub(super) sent_at: Instant,
    /// Retransmissions of the SYN.
    pub(super) retries: u32,
    pub(super) retransmit_at: Moment,
    /// The user timeout.
    pub(super) give_up_at: Moment,
    pub(crate) schedule: Schedule,
}

impl<P: Payload, T: Copy> SynSent<P, T> {
    /// The SYN is about to leave.
    pub(crate) fn new(id: Identity<T>, iss: SeqNum, now: Instant, limits: &Limits) -> Self {
        Self {
            id,
            owner: Owner::Application,
            preferences: Preferences::default(),
            iss,
            nxt: iss + 1,
            outgoing: Outgoing::new(),
            rto: Rto::new(&limits.timers),
            clock: None,
            peer_mss: DEFAULT_MSS,
            fast_open: None,
            count: None,
            sent_at: now,
            retries: 0,
            retransmit_at: Moment::NONE,
            give_up_at: Moment::NONE,
            schedule: Schedule::NONE,
        }
    }

    /// SEGMENT ARRIVES in SYN-SENT (§3.10.7.3), up to its fourth check: it goes on if the segment brings the peer's SYN.
    pub(crate) fn on_segment(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> ControlFlow<After> {
        // First, check the ACK bit.
        let acceptable = self.iss.before(segment.ack) && segment.ack.at_or_before(self.nxt);
        if segment.flags.ack() && !acceptable {
            if let (0, Some(wait)) = (self.retries, ctx.settings.limits.checks.syn_resend_on_bad_ack.limit()) {
                self.retransmit_at = ctx.settings.limits.timers.fires_at(ctx.now, wait).into();
            }
            if !segment.flags.rst() && ctx.settings.handshake.unexpected == Unexpected::Reset {
                self.send_reset_for(segment.ack, ctx);
            }
            return Break(After::Stay);
        }
        // Second, check the RST bit: without an acknowledgment anyone could have sent it.
        if segment.flags.rst() {
            if segment.flags.ack() {
                self.notify(Notice::Refused, ctx);
                return Break(After::Close(Reason::Reset));
            }
            return Break(After::Stay);
        }
        // Third, security: not implemented. Fourth, check the SYN bit.
        if segment.flags.syn() { Continue(()) } else { Break(After::Stay) }
    }

    /// Serves every deadline that has come.
    pub(crate) fn on_deadline(&mut self, ctx: &mut Context<'_, P, T>) -> After {
        self.schedule.fired();
        let limits = &ctx.settings.limits;
        let (timed_out, due) = (self.give_up_at.is_due(ctx.now), self.retransmit_at.is_due(ctx.now));
        if timed_out || due && self.is_out_of_retries(ctx) {
            self.notify(Notice::TimedOut, ctx);
            return After::Close(Reason::GaveUp);
        }
        if due {
            if self.retries >= limits.handshake_retries.syn_linear_retries {
                self.rto.back_off(&limits.timers);
            }
            self.retries += 1;
            if self.retries == R1 && self.preferences.reports {
                self.notify(Notice::Unanswered, ctx);
            }
            self.send_syn(ctx);
        }
        After::Stay
    }

    /// Whether R2 is reached (RFC 9293 §3.8.3).
    fn is_out_of_retries(&self, ctx: &Context<'_, P, T>) -> bool {
        let limits = &ctx.settings.limits;
        let late = || {
            let tried = (self.retries > 0).then(|| ctx.now - self.sent_at);
            has_tried_for(tried, (limits.handshake_retries.syn_retries, limits.timers.rto_initial), limits)
        };
        is_out_of_syn_retries(
            self.retries,
            limits.handshake_retries.syn_linear_retries,
            &self.preferences,
            limits,
            late,
        )
    }

    /// CLOSE (RFC 9293 §3.10.4).
    pub(crate) fn shutdown(&self) -> Result<After, UserError> {
        if self.outgoing.closed() { Err(UserError::Closing) } else { Ok(After::Close(Reason::Call)) }
    }

    /// The application gives the handle back: what it has sent and closed already goes on without it.
    pub(crate) fn close(&mut self) -> After {
        self.owner = Owner::Nobody;
        self.shutdown().unwrap_or(After::Stay)
    }

    /// The driver is told of the earliest deadline. The SYN counts from its first sending in any case.
    pub(crate) fn flush(&mut self, ctx: &mut Context<'_, P, T>) {
        let limits = &ctx.settings.limits;
        let counts = self.retries > 0 || !limits.persistence.user_timeout_from_retransmission;
        let timeout = self.preferences.user_timeout(limits).filter(|_| counts);
        self.give_up_at = timeout.map(|timeout| limits.timers.fires_at(self.sent_at, timeout).max(ctx.now)).into();
        let at = self.retransmit_at.min(self.give_up_at);
        let timer = if at == self.give_up_at { Timer::UserTimeout } else { Timer::Retransmission };
        self.schedule.settle((at, timer), self.id.tag, ctx);
    }

    /// `<SEQ=ISS><CTL=SYN>`, with the first of the data if the handshake takes it there.
    pub(crate) fn send_syn(&mut self, ctx: &mut Context<'_, P, T>) {
        let limits = &ctx.settings.limits;
        // A cookie, or its data, may be what keeps the answer away: the SYN goes without when it goes again (RFC 7413 §4.2.1).
        let fast_open = self.fast_open.filter(|_| self.retries == 0);
        let carries_data = match ctx.settings.handshake.syn_data {
            SynData::Never => false,
            SynData::AfterHandshake => true,
            SynData::Cookie => matches!(fast_open, Some(FastOpen::Cookie(_))),
        };
        let (payload, fin) = if carries_data { self.data_of_syn(ctx) } else { (P::default(), false) };
        let flags = if fin { Flags::SYN.with(Flags::FIN) } else { Flags::SYN };
        let options =
            Options { mss: Some(limits.sizes.mss_option()), fast_open, count: self.count, ..self.stamped(ctx) };
        let retransmission = self.retries;
        let purpose = Purpose::of_syn(retransmission);
        ctx.transmit(
            self.id,
            Draft { flags, seq: self.iss, acknowledged: NOTHING, options, payload, purpose, retransmission },
        );
        self.retransmit_at = limits.timers.fires_at(ctx.now, self.rto.current()).into();
    }

    /// The data that the SYN carries, or carried when it was sent first, and whether the FIN is with it: no more than the
    /// peer has said it takes at once, or 536 octets (RFC 7413 §4.1.3, RFC 9293 MUST-15, MUST-16).
    fn data_of_syn(&mut self, ctx: &Context<'_, P, T>) -> (P, bool) {
        if !self.outgoing.in_flight() && self.retries == 0 {
            let mss = segment_size(&ctx.settings.limits.sizes, self.peer_mss, self.clock.is_some());
            if let Some(piece) = self.outgoing.next_new(self.nxt, Cut { mss, room: u32::MAX, least: 0 }, ctx.now) {
                self.nxt += piece.data.len() + u32::from(piece.fin);
            }
        }
        let Some(piece) = self.outgoing.first_in_flight() else { return (P::default(), false) };
        piece.sent += 1;
        (piece.data.clone(), piece.fin)
    }

    /// `<SEQ=SEG.ACK><CTL=RST>`: the answer to an acknowledgment of what was never sent.
    fn send_reset_for(&self, ack: SeqNum, ctx: &mut Context<'_, P, T>) {
        let draft = Draft {
            flags: Flags::RST,
            seq: ack,
            acknowledged: NOTHING,
            options: self.stamped(ctx),
            payload: P::default(),
            purpose: Purpose::ResetOfUnacceptable,
            retransmission: 0,
        };
        ctx.transmit(self.id, draft);
    }

    /// The timestamps that a segment carries; there is nothing to echo.
    fn stamped(&self, ctx: &Context<'_, P, T>) -> Options {
        Options::stamped(self.clock.map(|clock| clock.stamp(ctx.now)))
    }

    fn notify(&self, notice: Notice, ctx: &mut Context<'_, P, T>) {
        if self.owner == Owner::Application {
            ctx.notify(self.id, notice);
        }
    }

    /// STATUS (RFC 9293 §3.10.6).
    pub(crate) fn status(&self, address: Ipv4Addr, receive_window: u32) -> Status {
        Status {
            unacknowledged_octets: self.outgoing.unacknowledged_octets(),
            ..self.incarnation().status(address, State::SynSent, (self.iss, self.nxt), (None, receive_window))
        }
    }

    pub(crate) const fn incarnation(&self) -> Incarnation<T> {
        Incarnation { id: self.id, iss: self.iss, irs: None, passive: false }
    }
}
