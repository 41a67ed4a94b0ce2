//! What is left of a connection in TIME-WAIT: enough to answer its peer (RFC 9293 §3.10.7.4).

use sim_time::Instant;

use crate::connection::{After, Connection, Context, acceptable};
use crate::{
    Acknowledged, Effect, Flags, FourTuple, Handle, Payload, Reason, Segment, SeqNum, State, Status, Transition,
    Transmission,
};

/// An entry in TIME-WAIT.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct TimeWait<T> {
    pub(crate) tag: T,
    pub(crate) tuple: FourTuple,
    pub(crate) iss: SeqNum,
    pub(crate) irs: SeqNum,
    /// SND.NXT
    pub(crate) send_next: SeqNum,
    /// RCV.NXT
    pub(crate) receive_next: SeqNum,
    passive: bool,
    /// When 2MSL are over.
    pub(crate) until: Instant,
}

impl<T: Copy> TimeWait<T> {
    /// What is kept of a connection whose FINs are both acknowledged.
    pub(crate) fn of<P: Payload>(connection: &Connection<P, T>, until: Instant) -> Self {
        Self {
            tag: connection.tag,
            tuple: connection.tuple,
            iss: connection.send.iss,
            irs: connection.incoming.irs,
            send_next: connection.send.nxt,
            receive_next: connection.incoming.nxt,
            passive: connection.passive,
            until,
        }
    }

    /// SEGMENT ARRIVES in TIME-WAIT.
    pub(crate) fn on_segment<P: Payload>(&mut self, segment: &Segment<P, T>, ctx: &mut Context<'_, P, T>) -> After {
        let window = ctx.settings.limits.window;
        let acceptable = acceptable(self.receive_next, window, segment.seq, segment.len());
        if segment.flags.rst() {
            return self.take_reset(segment.seq, acceptable, ctx);
        }
        // "The only thing that can arrive in this state is a retransmission of the remote FIN. Acknowledge it, and
        // restart the 2 MSL timeout." It ends just before RCV.NXT, so the window test alone would miss it.
        if segment.flags.fin() && segment.seq + segment.len() == self.receive_next {
            self.until = ctx.now + ctx.settings.teardown.time_wait;
            self.send_ack(ctx);
        } else if !acceptable || segment.flags.syn() {
            self.send_ack(ctx);
        }
        After::Stay
    }

    /// An exact reset ends TIME-WAIT, unless RFC 1337's first fix is in force; another in the window is challenged.
    fn take_reset<P: Payload>(&self, seq: SeqNum, acceptable: bool, ctx: &mut Context<'_, P, T>) -> After {
        if !acceptable || !ctx.settings.teardown.reset_ends_time_wait {
            return After::Stay;
        }
        if seq == self.receive_next {
            return After::Close(Reason::Reset);
        }
        self.send_ack(ctx);
        After::Stay
    }

    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>`
    pub(crate) fn send_ack<P: Payload>(&self, ctx: &mut Context<'_, P, T>) {
        ctx.effects.push(Effect::Transmit(Transmission {
            segment: Segment {
                source: self.tuple.local,
                destination: self.tuple.remote,
                seq: self.send_next,
                ack: self.receive_next,
                flags: Flags::ACK,
                window: ctx.settings.limits.window,
                payload: P::default(),
                tag: self.tag,
            },
            sender: Some((ctx.entry, self.tag)),
            retransmission: 0,
            acknowledges: Acknowledged::Fin,
        }));
    }

    /// STATUS (RFC 9293 §3.10.6).
    pub(crate) fn status(&self) -> Status {
        Status {
            tuple: self.tuple,
            state: State::TimeWait,
            iss: self.iss,
            irs: Some(self.irs),
            send_unacknowledged: self.send_next,
            send_next: self.send_next,
            receive_next: Some(self.receive_next),
            unacknowledged_octets: 0,
            unread_octets: 0,
        }
    }

    /// A change of state from or to TIME-WAIT, for observers.
    pub(crate) const fn transition(&self, entry: Handle, from: State, to: State, reason: Reason) -> Transition<T> {
        Transition {
            entry,
            tag: self.tag,
            tuple: self.tuple,
            from,
            to,
            iss: self.iss,
            irs: Some(self.irs),
            passive: self.passive,
            reason,
        }
    }
}
