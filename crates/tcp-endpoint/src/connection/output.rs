//! Segments that leave: data and FINs as the window allows, acknowledgments, resets, retransmissions.

use sim_time::Duration;

use super::outgoing::Cut;
use super::{Connection, Opening};
use crate::draft::Draft;
use crate::effect::{Acknowledged, Purpose, Reason};
use crate::mss::segment_size;
use crate::packed::Moment;
use crate::payload::Payload;
use crate::segment::{FastOpen, Flags, Options};
use crate::seq::SeqNum;
use crate::settings::{AbortReset, AckTiming, CrossingSyn, FinAcknowledgment};
use crate::state::State;
use crate::step::Context;

impl<P: Payload, T: Copy> Connection<P, T> {
    /// Emits what is ready once the application has reacted: data and FINs, and a bare acknowledgment if the peer is
    /// owed one that nothing carried. Its deadlines are set here, once for all that happened to it.
    pub(crate) fn flush(&mut self, ctx: &mut Context<'_, P, T>) {
        self.send_what_is_queued(ctx);
        if self.ack_due {
            self.acknowledge_soon(ctx);
        }
        if self.incoming.can_reopen(&ctx.settings.limits.sizes) && self.state.synchronized() {
            let purpose = if self.owes_ack() { self.purpose_of_ack() } else { Purpose::WindowUpdate };
            self.send_unasked_ack(purpose, ctx);
        }
        self.schedule_window_probe(ctx);
        self.schedule_keepalive(ctx);
        self.schedule_user_timeout(ctx);
        self.schedule.settle(self.deadlines.earliest(self.retransmission_timer()), self.id.tag, ctx);
    }

    /// After a timeout one segment asks whether anyone is there; the rest follows when an answer comes.
    pub(super) fn send_what_is_queued(&mut self, ctx: &mut Context<'_, P, T>) {
        if self.retries == 0 && (self.state.synchronized() || self.opening == Opening::Early) {
            while self.send.wnd > 0 && self.outgoing.in_flight() && self.send_one_lost(ctx) {}
            self.send_new(ctx);
        }
    }

    /// Sends again the oldest segment that a timeout has passed over; `false` if there is none.
    pub(super) fn send_one_lost(&mut self, ctx: &mut Context<'_, P, T>) -> bool {
        if ctx.settings.limits.persistence.retransmission_merges {
            let room = self.effective_mss(ctx);
            self.outgoing.merge_lost(room);
        }
        let Some(piece) = self.outgoing.next_lost() else { return false };
        piece.lost = false;
        piece.sent += 1;
        let (seq, data, retransmission) = (piece.seq, piece.data.clone(), piece.sent - 1);
        let flags = piece.flags();
        self.transmit(seq, flags, data, (Purpose::Retransmission, retransmission), ctx);
        true
    }

    /// Sends what was not sent before: data, then the FIN, within the window (RFC 9293 §3.10.2, §3.10.4).
    fn send_new(&mut self, ctx: &mut Context<'_, P, T>) {
        while self.outgoing.has_new() {
            let mss = self.effective_mss(ctx);
            let cut = Cut { mss, room: self.send.room(), least: self.send.least_worth(mss) };
            if !self.send_next(cut, Purpose::New, ctx) {
                break;
            }
            self.time_flight(true, ctx);
        }
    }

    /// Sends the next segment of what was not sent before; `false` if it cannot be cut like that.
    pub(super) fn send_next(&mut self, cut: Cut, purpose: Purpose, ctx: &mut Context<'_, P, T>) -> bool {
        let follows = self.outgoing.in_flight();
        let Some(piece) = self.outgoing.next_new(self.send.nxt, cut, ctx.now) else { return false };
        piece.sent += 1;
        let (data, flags) = (piece.data.clone(), piece.flags());
        let seq = self.send.nxt;
        self.send.nxt += data.len() + u32::from(flags.fin());
        if flags.fin() && self.state == State::CloseWait {
            self.enter(State::LastAck, Reason::Call, ctx);
        }
        if !follows && self.is_proven() && purpose == Purpose::New {
            self.deadlines.retransmit = Moment::NONE; // it was a window probe's
            self.trying_since = Moment::NONE;
        }
        self.transmit(seq, flags, data, (purpose, 0), ctx);
        true
    }

    /// The most octets of data in one segment (RFC 9293 §3.7.1).
    pub(super) fn effective_mss(&self, ctx: &Context<'_, P, T>) -> u32 {
        segment_size(&ctx.settings.limits.sizes, self.peer_mss, self.clock.is_some())
    }

    /// Acknowledges at once, if the peer is owed it.
    pub(crate) fn pay_ack(&mut self, ctx: &mut Context<'_, P, T>) {
        if self.owes_ack() {
            self.send_ack(ctx);
        }
    }

    /// Whether the peer is owed an acknowledgment, delayed or not.
    pub(crate) fn owes_ack(&self) -> bool {
        self.ack_due || self.deadlines.delayed_ack.is_some()
    }

    /// Whether an acknowledgment leaves before the application can react.
    pub(super) fn acknowledges_at_once(&self, ctx: &Context<'_, P, T>) -> bool {
        match ctx.settings.teardown.fin_acknowledgment {
            FinAcknowledgment::Joined if self.state == State::CloseWait => return false,
            FinAcknowledgment::Apart if self.incoming.finished() => return true,
            FinAcknowledgment::Free | FinAcknowledgment::Joined | FinAcknowledgment::Apart => {}
        }
        match ctx.settings.limits.acknowledgment.ack_timing {
            AckTiming::AtOnce => true,
            AckTiming::AfterApplication | AckTiming::Delayed => false,
            AckTiming::QuickThenDelayed => {
                let settled = matches!(self.state, State::Established | State::CloseWait | State::FinWait2);
                self.is_urgent() || !settled || self.acks.at_once()
            }
        }
    }

    /// An acknowledgment that completes the handshake never waits, nor one that tells of a gap (RFC 9293 §3.8.6.3).
    fn is_urgent(&self) -> bool {
        self.incoming.untouched() || self.incoming.has_gap()
    }

    /// A delayed acknowledgment waits for one segment only (RFC 9293 §3.8.6.3).
    fn acknowledge_soon(&mut self, ctx: &mut Context<'_, P, T>) {
        let limits = &ctx.settings.limits;
        let joined = ctx.settings.teardown.fin_acknowledgment == FinAcknowledgment::Joined;
        let delay = match limits.acknowledgment.ack_timing {
            _ if self.state == State::CloseWait && joined => limits.acknowledgment.delayed_ack,
            _ if self.is_urgent() => Duration::ZERO,
            AckTiming::Delayed if self.deadlines.delayed_ack.is_none() => limits.acknowledgment.delayed_ack,
            AckTiming::QuickThenDelayed => self.acks.patience(self.rto.smoothed(), limits),
            AckTiming::Delayed | AckTiming::AfterApplication | AckTiming::AtOnce => Duration::ZERO,
        };
        if delay.is_zero() {
            self.send_ack(ctx);
        } else {
            let at = ctx.now + delay;
            self.deadlines.delayed_ack = self.deadlines.delayed_ack.min(at.into());
            self.ack_due = false; // the deadline remembers it
        }
    }

    /// A challenge ACK within the limit on their rate (RFC 5961 §7).
    pub(super) fn challenge(&mut self, ctx: &mut Context<'_, P, T>) {
        if self.may_challenge(ctx) {
            self.send_unasked_ack(Purpose::ChallengeAck, ctx);
        }
    }

    /// Whether the limit on the rate of challenge ACKs leaves room for one, which then counts.
    pub(super) fn may_challenge(&mut self, ctx: &mut Context<'_, P, T>) -> bool {
        ctx.challenges.permit(&mut self.challenged_at, ctx.now, &ctx.settings.limits.checks)
    }

    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`, for what no data or FIN asked for.
    pub(super) fn send_unasked_ack(&mut self, purpose: Purpose, ctx: &mut Context<'_, P, T>) {
        self.transmit_bare(self.acceptable_seq(), Flags::ACK, purpose, ctx);
    }

    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`, for the peer's SYN-ACK, data or FIN.
    pub(super) fn send_ack(&mut self, ctx: &mut Context<'_, P, T>) {
        self.transmit_bare(self.acceptable_seq(), Flags::ACK, self.purpose_of_ack(), ctx);
    }

    /// Whether an acknowledgment that leaves now tells the peer something new.
    pub(crate) fn purpose_of_ack(&self) -> Purpose {
        self.acks.purpose(self.incoming.nxt)
    }

    /// `<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>`
    ///
    /// While its acknowledgment is awaited, a timer stands behind it if the handshake has one. Where it answers a crossing
    /// SYN, that of our own SYN may stay ([`CrossingSyn::Acknowledged`], Linux).
    pub(crate) fn send_syn_ack(&mut self, ctx: &mut Context<'_, P, T>) {
        let retransmission = self.syn_acks;
        self.syn_acks += 1;
        if retransmission > 0 {
            self.syn_sent_at = Moment::NONE; // Karn's rule
        }
        let why = (Purpose::of_syn(retransmission), retransmission);
        self.transmit(self.send.iss, Flags::SYN_ACK, P::default(), why, ctx);
        let stays = !self.passive
            && ctx.settings.limits.checks.crossing_syn == CrossingSyn::Acknowledged
            && self.deadlines.retransmit.instant().is_some_and(|at| at > ctx.now);
        if self.state == State::SynReceived && (ctx.settings.handshake.syn_ack_timer || !self.passive) && !stays {
            self.start_retransmission_timer(ctx);
        }
    }

    /// The reset of an ABORT, or of what ends a connection as that does: `<SEQ=SND.NXT><CTL=RST>`, or with an
    /// acknowledgment.
    pub(super) fn send_reset(&mut self, ctx: &mut Context<'_, P, T>) {
        let flags = match ctx.settings.limits.close.abort_reset {
            AbortReset::Rst => Flags::RST,
            AbortReset::RstAck => Flags::RST.with(Flags::ACK),
        };
        self.transmit_bare(self.acceptable_seq(), flags, Purpose::ResetOfCall, ctx);
    }

    /// `<SEQ=SEG.ACK><CTL=RST>`: the answer to an acknowledgment of what was never sent.
    pub(super) fn send_reset_for(&mut self, ack: SeqNum, ctx: &mut Context<'_, P, T>) {
        self.transmit_bare(ack, Flags::RST, Purpose::ResetOfUnacceptable, ctx);
    }

    /// The same, for octets that no one will read.
    pub(super) fn send_reset_of_unread(&mut self, ack: SeqNum, ctx: &mut Context<'_, P, T>) {
        self.transmit_bare(ack, Flags::RST, Purpose::ResetOfUnread, ctx);
    }

    pub(crate) fn start_retransmission_timer(&mut self, ctx: &Context<'_, P, T>) {
        let (timeout, limits) = (self.rto.current(), &ctx.settings.limits);
        let least = limits.persistence.window_probe_min;
        let wait = if timeout < least && self.is_held_back() { least } else { timeout };
        self.deadlines.retransmit = limits.timers.fires_at(ctx.now, wait).into();
    }

    /// The furthest thing RCV.NXT covers.
    fn acknowledges(&self) -> Acknowledged {
        if self.incoming.finished() {
            Acknowledged::Fin
        } else if self.incoming.nxt == self.incoming.irs + 1 {
            Acknowledged::Syn
        } else {
            Acknowledged::Data
        }
    }

    /// A segment without sequence space: an ACK or a reset.
    pub(super) fn transmit_bare(&mut self, seq: SeqNum, flags: Flags, purpose: Purpose, ctx: &mut Context<'_, P, T>) {
        self.transmit(seq, flags, P::default(), (purpose, 0), ctx);
    }

    /// A segment leaves, with its purpose and how often its sequence space left before.
    pub(super) fn transmit(
        &mut self,
        seq: SeqNum,
        flags: Flags,
        data: P,
        (purpose, retransmission): (Purpose, u32),
        ctx: &mut Context<'_, P, T>,
    ) {
        if flags.ack() {
            // Whatever carries RCV.NXT pays the debt.
            let owed = self.owes_ack();
            self.acks.left(self.incoming.nxt, owed, &ctx.settings.limits);
            self.ack_due = false;
            self.deadlines.delayed_ack = Moment::NONE;
        }
        if !data.is_empty() {
            self.acks.data_left(ctx.now);
        }
        let acknowledged = (self.incoming.nxt, self.acknowledges());
        let options = self.options(flags, ctx);
        let draft = Draft { flags, seq, acknowledged, options, payload: data, purpose, retransmission };
        let window = if flags.ack() { self.incoming.offer(&ctx.settings.limits.sizes) } else { 0 };
        ctx.transmit_offering(self.id, window, draft);
    }

    /// Timestamps if the peer's SYN had them, too (RFC 7323 §3.2); the other options are a SYN-ACK's alone, and a cookie that of
    /// the first: it may be what keeps a SYN-ACK away (RFC 7413 §4.2.2).
    fn options(&self, flags: Flags, ctx: &Context<'_, P, T>) -> Options {
        let stamped = Options::stamped(self.clock.map(|clock| clock.stamp(ctx.now)));
        if !flags.syn() {
            return stamped;
        }
        Options {
            mss: Some(ctx.settings.limits.sizes.mss_option()),
            fast_open: self.cookie.filter(|_| self.syn_acks <= 1).map(FastOpen::Cookie),
            ..stamped
        }
    }

    /// Keepalive counts from the last segment that came (RFC 9293 §3.8.4).
    pub(super) fn heard(&mut self, ctx: &Context<'_, P, T>) {
        self.heard_at = ctx.now;
        self.probes = 0;
    }

    /// Sets the keepalive deadline to what the present state asks for: none while something is on the way or waits for the
    /// window, whose retransmission, or probe, finds out as well.
    pub(crate) fn schedule_keepalive(&mut self, ctx: &Context<'_, P, T>) {
        let limits = &ctx.settings.limits;
        let wanted = self.preferences.keepalive.unwrap_or(limits.keepalive.keepalive);
        let probed = matches!(self.state, State::Established | State::CloseWait | State::FinWait2);
        let idle = !self.outgoing.in_flight() && !self.outgoing.has_new();
        self.deadlines.keepalive = if wanted && probed && idle {
            let silence =
                limits.keepalive.keepalive_idle + limits.keepalive.keepalive_interval * u64::from(self.probes);
            limits.timers.fires_at(self.heard_at, silence).into()
        } else {
            Moment::NONE
        };
    }

    /// One probe: a sequence number the peer has acknowledged long ago, which it must answer.
    pub(super) fn send_probe(&mut self, ctx: &mut Context<'_, P, T>) {
        self.probes += 1;
        self.transmit_bare(self.send.nxt - 1_u32, Flags::ACK, Purpose::KeepaliveProbe, ctx);
    }
}
