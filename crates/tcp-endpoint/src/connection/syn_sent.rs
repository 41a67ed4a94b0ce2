//! SEGMENT ARRIVES in SYN-SENT (RFC 9293 §3.10.7.3).

use super::{Connection, Incoming};
use crate::cookie;
use crate::effect::{Notice, Reason};
use crate::packed::Moment;
use crate::payload::Payload;
use crate::segment::{FastOpen, Segment};
use crate::settings::{Proof, SynData, Unexpected};
use crate::state::State;
use crate::step::{After, Context};

impl<P: Payload, T: Copy> Connection<P, T> {
    pub(super) fn arrives_in_syn_sent(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        // First, check the ACK bit.
        if segment.flags.ack() && !self.send.acceptable(segment.ack) {
            if let (0, Some(wait)) = (self.retries, ctx.settings.limits.syn_resend_on_bad_ack.limit()) {
                self.deadlines.retransmit = ctx.settings.limits.fires_at(ctx.now, wait).into();
            }
            if !segment.flags.rst() && ctx.settings.handshake.unexpected == Unexpected::Reset {
                self.send_reset_for(segment.ack, ctx);
            }
            return After::Stay;
        }
        // Second, check the RST bit: without an acknowledgment anyone could have sent it.
        if segment.flags.rst() {
            if segment.flags.ack() {
                self.notify(Notice::Refused, ctx);
                return After::Close(Reason::Reset);
            }
            return After::Stay;
        }
        // Third, security: not implemented. Fourth, check the SYN bit.
        if segment.flags.syn() { self.take_syn(segment, ctx) } else { After::Stay }
    }

    fn take_syn(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        let three_way = ctx.settings.handshake.proof == Proof::Ack;
        self.incoming = Incoming::new(segment.seq);
        self.acks.last = self.incoming.nxt;
        self.synchronized = true;
        self.agree_on_options(segment.options, ctx.now);
        self.heard_at = ctx.now;
        if segment.flags.ack() {
            // Two-way has no third message: the first data, FIN or acknowledgment of data serves.
            let more = self.take_text_of_syn(segment, ctx);
            self.ack_due = three_way || more;
            return self.establish_by_acknowledgment(segment, ctx);
        }
        // Both ends opened at once (§3.5, figure 7).
        self.send.set_window(segment);
        if ctx.settings.handshake.syn_data == SynData::AfterHandshake {
            self.take_text_of_syn(segment, ctx);
        }
        // Our SYN has said what we know of the peer; the SYN-ACK answers what the peer's SYN says.
        let granted = cookie::granted_by(ctx.isn.secret(), ctx.settings, segment, ctx.now);
        self.fast_open = granted.map(FastOpen::Cookie);
        if three_way {
            self.enter(State::SynReceived, Reason::Segment, ctx);
            self.send_syn_ack(ctx);
            return After::Stay;
        }
        self.send.una = self.send.iss + 1;
        self.syn_sent_at = Moment::NONE; // nothing was acknowledged, so nothing is measured
        let after = self.establish(segment, ctx);
        self.send_syn_ack(ctx);
        self.follow_up_the_syn(ctx);
        after
    }

    /// The text and the FIN that a SYN brings: with a SYN-ACK the connection is open, so that they are processed as in any
    /// other segment (§3.10.7.3, "continue processing at the sixth step"). Returns whether there was anything new.
    pub(super) fn take_text_of_syn(&mut self, segment: &Segment<P>, ctx: &Context<'_, P, T>) -> bool {
        let (before, limits) = (self.incoming.nxt, &ctx.settings.limits);
        self.incoming.take_with_syn(segment.payload.clone(), segment.flags.fin(), limits.window);
        if self.incoming.nxt == before {
            return false;
        }
        if !segment.payload.is_empty() {
            self.acks.data_came(ctx.now, self.rto.current(), limits);
        }
        if self.incoming.finished() {
            self.acks.fin_came();
        }
        true
    }

    /// Our SYN is acknowledged, and with it what it brought along, or none of that: the connection is open.
    pub(super) fn establish_by_acknowledgment(&mut self, segment: &Segment<P>, ctx: &mut Context<'_, P, T>) -> After {
        self.send.una = segment.ack;
        self.send.set_window(segment);
        let _ = self.outgoing.acknowledge(segment.ack);
        let after = self.establish(segment, ctx);
        self.follow_up_the_syn(ctx);
        match self.state {
            State::FinWait1 if self.outgoing.fin_acknowledged() => self.enter(State::FinWait2, Reason::Segment, ctx),
            // The peer's FIN may have come with its SYN, and ours have left before this.
            State::Closing if self.outgoing.fin_acknowledged() => return After::TimeWait,
            _ => {}
        }
        if self.is_orphan_in_fin_wait_2(ctx) { After::Orphan } else { after }
    }

    /// What came with our SYN and was not acknowledged with it was not taken: it is sent again at once (RFC 7413 §4.2.1).
    /// What followed a SYN-ACK early has a timer behind it.
    fn follow_up_the_syn(&mut self, ctx: &mut Context<'_, P, T>) {
        if !self.outgoing.in_flight() {
            return;
        }
        if !self.passive {
            self.outgoing.presume_lost();
            self.send_one_lost(ctx);
        }
        self.time_flight(false, ctx);
    }
}
