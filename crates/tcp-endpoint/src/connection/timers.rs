//! Deadlines: retransmission (RFC 6298 §5), delayed acknowledgment, keepalive (RFC 9293 §3.8.4).

use super::{After, Connection, Context};
use crate::{Notice, Payload, Reason, State};

impl<P: Payload, T: Copy> Connection<P, T> {
    /// Serves every deadline that has come.
    pub(crate) fn on_deadline(&mut self, ctx: &mut Context<'_, P, T>) -> After {
        let due = |deadline: Option<sim_time::Instant>| deadline.is_some_and(|at| at <= ctx.now);
        let (retransmit, delayed_ack) = (due(self.deadlines.retransmit), due(self.deadlines.delayed_ack));
        let keepalive = due(self.deadlines.keepalive);
        if delayed_ack {
            self.send_ack(ctx);
        }
        if retransmit && let after @ After::Close(_) = self.on_retransmission_timeout(ctx) {
            return after;
        }
        if keepalive { self.on_keepalive(ctx) } else { After::Stay }
    }

    fn on_retransmission_timeout(&mut self, ctx: &mut Context<'_, P, T>) -> After {
        let limits = &ctx.settings.limits;
        let (retries_max, linear) = match self.state {
            State::SynSent => (limits.syn_retries + limits.syn_linear_retries, limits.syn_linear_retries),
            State::SynReceived => (limits.syn_ack_retries, 0),
            _ => (limits.data_retries, 0),
        };
        if self.retries >= retries_max {
            self.notify(Notice::TimedOut, ctx);
            return After::Close(Reason::GaveUp);
        }
        if self.retries >= linear {
            self.rto.back_off(limits);
        }
        self.retries += 1;
        self.syn_sent_at = None; // Karn's rule
        match self.state {
            State::SynSent => self.send_syn(ctx),
            State::SynReceived => self.send_syn_ack(ctx),
            _ => {
                self.outgoing.presume_lost();
                self.send_one_lost(ctx);
                self.start_retransmission_timer(ctx);
            }
        }
        After::Stay
    }

    fn on_keepalive(&mut self, ctx: &mut Context<'_, P, T>) -> After {
        if self.probes >= ctx.settings.limits.keepalive_probes {
            self.notify(Notice::TimedOut, ctx);
            return After::Close(Reason::GaveUp);
        }
        self.send_probe(ctx);
        After::Stay
    }
}
