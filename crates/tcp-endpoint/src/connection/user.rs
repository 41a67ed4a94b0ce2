//! User calls (RFC 9293 §3.10.4, §3.10.5).

use super::Connection;
use crate::effect::Reason;
use crate::interface::{Owner, UserError};
use crate::payload::Payload;
use crate::state::State;
use crate::step::{After, Context};

impl<P: Payload, T: Copy> Connection<P, T> {
    /// CLOSE (§3.10.4): a FIN follows what was queued.
    pub(crate) fn shutdown(&mut self, ctx: &mut Context<'_, P, T>) -> Result<After, UserError> {
        if self.outgoing.closed() {
            return Err(UserError::Closing);
        }
        if !ctx.settings.limits.close.fin_joins_data {
            self.send_what_is_queued(ctx);
        }
        match self.state {
            State::Established => self.enter(State::FinWait1, Reason::Call, ctx),
            State::CloseWait if ctx.settings.limits.close.last_ack_at_close => {
                self.enter(State::LastAck, Reason::Call, ctx);
            }
            State::SynReceived if !self.outgoing.has_unsent() && !self.incoming.finished() => {
                self.enter(State::FinWait1, Reason::Call, ctx);
            }
            // SYN-RECEIVED with data queued, or with the peer's FIN: they wait for ESTABLISHED. CLOSE-WAIT: LAST-ACK begins when the FIN leaves.
            _ => {}
        }
        self.outgoing.queue_fin();
        Ok(After::Stay)
    }

    /// The application gives the handle back.
    pub(crate) fn close(&mut self, ctx: &mut Context<'_, P, T>) -> After {
        let unread = self.incoming.unread_octets() > 0;
        self.owner = Owner::Nobody;
        if unread && ctx.settings.limits.close.half_duplex_close {
            self.send_what_is_queued(ctx);
            self.send_reset(ctx);
            return After::Close(Reason::Call);
        }
        self.incoming.discard();
        match self.shutdown(ctx) {
            Ok(after) => after,
            Err(_) if self.is_orphan_in_fin_wait_2(ctx) => After::Orphan,
            Err(_) => After::Stay,
        }
    }

    /// ABORT (§3.10.5): what the window lets out of earlier calls has left by then, though it is the same instant.
    pub(crate) fn abort(&mut self, ctx: &mut Context<'_, P, T>) -> After {
        self.owner = Owner::Nobody;
        self.send_what_is_queued(ctx);
        let fin_left = matches!(self.state, State::Closing | State::LastAck) && self.outgoing.fin_left();
        if !fin_left {
            self.send_reset(ctx);
        }
        After::Close(Reason::Call)
    }
}
