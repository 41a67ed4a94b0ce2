//! SEGMENT ARRIVES in SYN-RECEIVED and the synchronized states (RFC 9293 §3.10.7.4), check by check in its order.

use std::ops::ControlFlow::{self, Break, Continue};

use super::{After, Connection, Context, Owner};
use crate::{AckTiming, CrossingSyn, DuplicateSyn, Notice, Payload, Proof, Reason, Segment, State};

/// A check settles the segment, or passes it on with what it has brought about so far.
type Check<Passed = ()> = ControlFlow<After, Passed>;

impl<P: Payload, T: Copy> Connection<P, T> {
    /// SEGMENT ARRIVES.
    pub(crate) fn on_segment(&mut self, segment: Segment<P, T>, ctx: &mut Context<'_, P, T>) -> After {
        let after = match self.state {
            State::SynSent => self.arrives_in_syn_sent(&segment, ctx),
            _ => match self.arrives(segment, ctx) {
                Break(after) | Continue(after) => after,
            },
        };
        if self.ack_due && ctx.settings.limits.ack_timing == AckTiming::AtOnce && after != After::TimeWait {
            self.send_ack(ctx);
        }
        after
    }

    fn arrives(&mut self, segment: Segment<P, T>, ctx: &mut Context<'_, P, T>) -> Check<After> {
        if !segment.flags.rst() {
            self.heard(ctx);
        }
        self.check_sequence(&segment, ctx)?;
        self.check_reset(&segment, ctx)?;
        self.check_syn(&segment, ctx)?;
        let after_ack = self.check_ack(&segment, ctx)?;
        match self.take_text_and_fin(segment, ctx) {
            After::Stay => Continue(after_ack),
            after => Break(after),
        }
    }

    /// First, check the sequence number.
    fn check_sequence(&mut self, segment: &Segment<P, T>, ctx: &mut Context<'_, P, T>) -> Check {
        if self.incoming.acceptable(segment.seq, segment.len(), ctx.settings.limits.window) {
            return Continue(());
        }
        if segment.flags.rst() {
            return Break(After::Stay);
        }
        if segment.flags.syn() && segment.seq == self.incoming.irs {
            return Break(self.take_peers_syn_again(segment, ctx));
        }
        self.send_ack(ctx);
        Break(After::Stay)
    }

    /// The SYN this connection began with has come once more: a retransmission, a duplicate, or the SYN-ACK that
    /// follows a crossing SYN.
    fn take_peers_syn_again(&mut self, segment: &Segment<P, T>, ctx: &mut Context<'_, P, T>) -> After {
        let (limits, bare) = (&ctx.settings.limits, !segment.flags.ack());
        let two_way = ctx.settings.handshake.proof == Proof::None;
        match self.state {
            State::SynReceived if bare && limits.duplicate_syn == DuplicateSyn::SynAck => self.send_syn_ack(ctx),
            State::SynReceived
                if !bare
                    && !self.passive
                    && limits.crossing_syn == CrossingSyn::Figure
                    && self.send.acceptable(segment.ack) =>
            {
                self.send.una = segment.ack;
                self.send.set_window(segment);
                return self.establish(Reason::Segment, ctx);
            }
            // There is no timer behind a two-way SYN-ACK: the client's own retransmission asks for it again, even if the
            // server has spoken or closed since.
            _ if bare && two_way && self.passive && self.incoming.untouched() => self.send_syn_ack(ctx),
            _ => self.send_ack(ctx),
        }
        After::Stay
    }

    /// Second, check the RST bit. Only the exact sequence number resets (RFC 5961 §3.2); any other in the window is
    /// answered with a challenge ACK.
    fn check_reset(&mut self, segment: &Segment<P, T>, ctx: &mut Context<'_, P, T>) -> Check {
        if !segment.flags.rst() {
            return Continue(());
        }
        if segment.seq != self.incoming.nxt {
            self.send_ack(ctx);
            return Break(After::Stay);
        }
        let opening = self.state == State::SynReceived;
        self.notify(if opening { Notice::Refused } else { Notice::Reset }, ctx);
        Break(After::Close(Reason::Reset))
    }

    /// Third, security: not implemented. Fourth, check the SYN bit: a challenge ACK (RFC 5961 §4.2), except that a
    /// passive SYN-RECEIVED goes back to LISTEN.
    fn check_syn(&mut self, segment: &Segment<P, T>, ctx: &mut Context<'_, P, T>) -> Check {
        if !segment.flags.syn() {
            return Continue(());
        }
        if self.state == State::SynReceived && self.passive {
            return Break(After::Close(Reason::Segment));
        }
        self.send_ack(ctx);
        Break(After::Stay)
    }

    /// Fifth, check the ACK field.
    fn check_ack(&mut self, segment: &Segment<P, T>, ctx: &mut Context<'_, P, T>) -> Check<After> {
        if !segment.flags.ack() {
            return Break(After::Stay);
        }
        if self.state == State::SynReceived {
            if !self.send.acceptable(segment.ack) {
                self.send_reset_for(segment.ack, ctx);
                return Break(After::Stay);
            }
            self.send.una = segment.ack;
            self.send.set_window(segment);
            return Continue(self.establish(Reason::Segment, ctx));
        }
        if segment.ack.after(self.send.nxt) {
            self.send_ack(ctx);
            return Break(After::Stay);
        }
        if self.send.una.before(segment.ack) {
            self.take_acknowledgment(segment, ctx);
        }
        if self.send.una == segment.ack {
            self.update_window(segment);
        }
        match self.state {
            State::FinWait1 if self.outgoing.fin_acknowledged() => self.enter(State::FinWait2, Reason::Segment, ctx),
            State::Closing if self.outgoing.fin_acknowledged() => return Break(After::TimeWait),
            State::LastAck if self.outgoing.fin_acknowledged() => return Break(After::Close(Reason::Segment)),
            _ => {}
        }
        Continue(After::Stay)
    }

    fn take_acknowledgment(&mut self, segment: &Segment<P, T>, ctx: &mut Context<'_, P, T>) {
        self.send.una = segment.ack;
        if let Some(sent_at) = self.outgoing.acknowledge(segment.ack) {
            self.rto.measure(ctx.now - sent_at, &ctx.settings.limits);
        }
        self.retries = 0;
        self.deadlines.retransmit = None; // RFC 6298 §5.2
        if self.outgoing.in_flight() {
            self.start_retransmission_timer(ctx); // RFC 6298 §5.3
        }
    }

    /// SND.WND ← SEG.WND, unless an older segment brought it.
    fn update_window(&mut self, segment: &Segment<P, T>) {
        let send = &mut self.send;
        if send.wl1.before(segment.seq) || (send.wl1 == segment.seq && send.wl2.at_or_before(segment.ack)) {
            send.set_window(segment);
        }
    }

    /// Sixth, urgent: not implemented. Seventh, the segment text; eighth, the FIN bit.
    fn take_text_and_fin(&mut self, segment: Segment<P, T>, ctx: &mut Context<'_, P, T>) -> After {
        if segment.is_empty() || !matches!(self.state, State::Established | State::FinWait1 | State::FinWait2) {
            return After::Stay;
        }
        let end = segment.seq + segment.payload.len();
        let orphan = self.owner == Owner::Nobody;
        if orphan && ctx.settings.limits.half_duplex_close && end.after(self.incoming.nxt) {
            // No one is left to read it, and the sender must not believe otherwise (SHLD-3).
            self.send_reset(ctx);
            return After::Close(Reason::Segment);
        }
        self.ack_due = true;
        let window = ctx.settings.limits.window;
        if self.incoming.take(segment.seq, segment.payload, segment.flags.fin(), window, !orphan) {
            self.notify(Notice::Readable, ctx);
        }
        if !self.incoming.finished() {
            return After::Stay;
        }
        match self.state {
            State::Established => self.enter(State::CloseWait, Reason::Segment, ctx),
            State::FinWait1 => self.enter(State::Closing, Reason::Segment, ctx),
            _ => return After::TimeWait,
        }
        After::Stay
    }
}
