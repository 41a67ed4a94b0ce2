//! SEGMENT ARRIVES in FIN-WAIT-2 once its application has closed (RFC 9293 §3.10.7.4).

use super::Remains;
use crate::draft::reset_outside_connection;
use crate::effect::{Acknowledged, Purpose, Reason};
use crate::payload::Payload;
use crate::segment::{Flags, Segment};
use crate::settings::HalfOpenCheck;
use crate::step::{After, Context};

impl<T: Copy> Remains<T> {
    /// Data is refused (RFC 9293 SHLD-3), the FIN brings TIME-WAIT.
    pub(super) fn arrives_in_fin_wait_2<P: Payload>(
        &mut self,
        segment: &Segment<P>,
        acceptable: bool,
        ctx: &mut Context<'_, P, T>,
    ) -> After {
        if !acceptable {
            self.answer(segment, ctx);
            return After::Stay;
        }
        if segment.flags.syn() && ctx.settings.limits.checks.half_open_check == HalfOpenCheck::Window {
            ctx.effects.push(reset_outside_connection(segment));
            return After::Close(Reason::Segment);
        }
        if segment.flags.syn() {
            self.challenge(ctx);
            return After::Stay;
        }
        let (end, edge) = (segment.seq + segment.len(), self.receive_next + ctx.settings.limits.sizes.window);
        if !segment.flags.ack() || segment.is_empty() || !end.after(self.receive_next) {
            return After::Stay;
        }
        let carries_news = (end - u32::from(segment.flags.fin())).after(self.receive_next);
        if carries_news && ctx.settings.limits.close.half_duplex_close {
            self.send(Flags::RST, segment.ack, Purpose::ResetOfUnread, ctx);
            return After::Close(Reason::Unread);
        }
        if carries_news && segment.seq.after(self.receive_next) {
            self.send_ack(Purpose::DuplicateAck, ctx); // it is ahead of a gap
            return After::Stay;
        }
        let whole = end.at_or_before(edge);
        let finished = whole && segment.flags.fin();
        if finished {
            self.note_timestamp(segment, ctx.now);
        }
        self.receive_next = if whole { end } else { edge };
        // TIME-WAIT begins behind the acknowledgment.
        let acknowledged = if finished { Acknowledged::Fin } else { self.acknowledges() };
        self.send_acknowledging(acknowledged, (Flags::ACK, self.send_next), Purpose::Acknowledgment, ctx);
        if finished { After::TimeWait } else { After::Stay }
    }

    /// Any reset in the window ends the connection; another is challenged.
    pub(super) fn take_any_reset<P: Payload>(&mut self, acceptable: bool, ctx: &mut Context<'_, P, T>) -> After {
        if acceptable {
            return After::Close(Reason::Reset);
        }
        self.challenge(ctx);
        After::Stay
    }
}
