//! The tail-loss probe (RFC 8985 §7), as far as it moves a first retransmission.

use super::{Connection, Probe};
use crate::effect::Purpose;
use crate::payload::Payload;
use crate::step::Context;

impl<P: Payload, T: Copy> Connection<P, T> {
    /// Starts the timer behind a flight that has grown or shrunk: the probe's, or the retransmission timeout's. What
    /// grows without a probe keeps the timer it has (RFC 6298 §5.1).
    pub(super) fn time_flight(&mut self, grown: bool, ctx: &Context<'_, P, T>) {
        let limits = &ctx.settings.limits;
        let probed = limits.timers.tail_loss_probe && self.retries == 0 && self.probe != Probe::Sent;
        if probed && self.state.synchronized() {
            let timeout = self.rto.probe_timeout(self.outgoing.segments_in_flight(), &limits.timers);
            let oldest = self.outgoing.oldest_sent_at().filter(|_| grown).unwrap_or(ctx.now);
            let left = self.rto.current().saturating_sub(ctx.now - oldest);
            self.deadlines.retransmit = limits.timers.fires_at(ctx.now, timeout.min(left)).into();
            self.probe = Probe::Scheduled;
        } else if !grown || self.deadlines.retransmit.is_none() {
            self.start_retransmission_timer(ctx);
        }
    }

    /// The probe is due: the end of the flight goes out again, and the timeout proper begins (§7.3).
    pub(super) fn send_tail_loss_probe(&mut self, ctx: &mut Context<'_, P, T>) {
        self.probe = Probe::Sent;
        if let Some(piece) = self.outgoing.last_in_flight() {
            piece.sent += 1;
            let (seq, data, retransmission) = (piece.seq, piece.data.clone(), piece.sent - 1);
            let flags = piece.flags();
            self.transmit(seq, flags, data, (Purpose::TailLossProbe, retransmission), ctx);
        }
        self.start_retransmission_timer(ctx);
    }
}
