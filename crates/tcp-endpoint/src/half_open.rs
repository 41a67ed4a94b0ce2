//! A passive connection request: SYN-RECEIVED in as few octets as it takes (RFC 9293 §3.10.7.2, §3.10.7.4).

use sim_time::{Duration, Instant};

use crate::connection::{Connection, Context, acceptable};
use crate::{
    Acknowledged, DuplicateSyn, Effect, Flags, FourTuple, Handle, Payload, Reason, Segment, SeqNum, Settings, State,
    Status, Transition, Transmission,
};

/// An entry in SYN-RECEIVED, made by a SYN at a listener.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct HalfOpen<T> {
    pub(crate) tag: T,
    pub(crate) tuple: FourTuple,
    pub(crate) iss: SeqNum,
    pub(crate) irs: SeqNum,
    /// When the SYN-ACK was sent first, for the round-trip measurement.
    sent_at: Instant,
    /// The present retransmission timeout.
    timeout: Duration,
    /// When the SYN-ACK is sent again; `None` if the handshake has no timer for it.
    pub(crate) retransmit_at: Option<Instant>,
    /// Retransmissions by the timer.
    retries: u32,
    /// SYN-ACKs sent, those that answered a repeated SYN included.
    sent: u32,
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
    pub(crate) const fn new(
        tag: T,
        tuple: FourTuple,
        (iss, irs): (SeqNum, SeqNum),
        now: Instant,
        settings: &Settings,
    ) -> Self {
        let timeout = settings.limits.rto_initial;
        Self { tag, tuple, iss, irs, sent_at: now, timeout, retransmit_at: None, retries: 0, sent: 0 }
    }

    /// SEGMENT ARRIVES in SYN-RECEIVED after a passive OPEN.
    pub(crate) fn on_segment<P: Payload>(&mut self, segment: &Segment<P, T>, ctx: &mut Context<'_, P, T>) -> Request {
        let (flags, next) = (segment.flags, self.irs + 1);
        if !acceptable(next, ctx.settings.limits.window, segment.seq, segment.len()) {
            let repeated = flags.syn() && !flags.ack() && segment.seq == self.irs;
            if repeated && ctx.settings.limits.duplicate_syn == DuplicateSyn::SynAck {
                self.send_syn_ack(ctx);
            } else if !flags.rst() {
                self.send(Flags::ACK, self.iss + 1, 0, ctx);
            }
            return Request::Pending;
        }
        if flags.rst() {
            if segment.seq == next {
                return Request::Withdrawn(Reason::Reset);
            }
            self.send(Flags::ACK, self.iss + 1, 0, ctx); // RFC 5961 §3.2
            return Request::Pending;
        }
        if flags.syn() {
            return Request::Withdrawn(Reason::Segment);
        }
        if !flags.ack() {
            return Request::Pending;
        }
        if segment.ack != self.iss + 1 {
            self.send(Flags::RST, segment.ack, 0, ctx);
            return Request::Pending;
        }
        Request::Complete
    }

    /// The connection that takes the entry's place.
    pub(crate) fn complete<P: Payload>(&self, settings: &Settings) -> Connection<P, T> {
        let mut connection = Connection::answering(self.tag, self.tuple, (self.iss, self.irs), self.sent_at, settings);
        connection.state = State::SynReceived;
        connection.retries = self.retries;
        connection.syn_acks = self.sent;
        if self.sent > 1 {
            connection.syn_sent_at = None; // Karn's rule
        }
        connection
    }

    /// The retransmission timer went off.
    pub(crate) fn on_deadline<P: Payload>(&mut self, ctx: &mut Context<'_, P, T>) -> Request {
        let limits = &ctx.settings.limits;
        match self.retransmit_at {
            Some(at) if at <= ctx.now => {}
            Some(at) => {
                ctx.effects.push(Effect::Arm { entry: ctx.entry, at });
                return Request::Pending;
            }
            None => return Request::Pending,
        }
        if self.retries >= limits.syn_ack_retries {
            return Request::Withdrawn(Reason::GaveUp);
        }
        self.retries += 1;
        self.timeout = (self.timeout * 2).min(limits.rto_max);
        self.send_syn_ack(ctx);
        Request::Pending
    }

    /// `<SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK>`, and the timer behind it.
    pub(crate) fn send_syn_ack<P: Payload>(&mut self, ctx: &mut Context<'_, P, T>) {
        self.send(Flags::SYN_ACK, self.iss, self.sent, ctx);
        self.sent += 1;
        self.retransmit_at = ctx.settings.handshake.syn_ack_timer.then(|| ctx.now + self.timeout);
    }

    fn send<P: Payload>(&self, flags: Flags, seq: SeqNum, retransmission: u32, ctx: &mut Context<'_, P, T>) {
        ctx.effects.push(Effect::Transmit(Transmission {
            segment: Segment {
                source: self.tuple.local,
                destination: self.tuple.remote,
                seq,
                ack: if flags.ack() { self.irs + 1 } else { SeqNum::default() },
                flags,
                window: if flags.rst() { 0 } else { ctx.settings.limits.window },
                payload: P::default(),
                tag: self.tag,
            },
            sender: Some((ctx.entry, self.tag)),
            retransmission,
            acknowledges: if flags.ack() { Acknowledged::Syn } else { Acknowledged::Nothing },
        }));
    }

    /// STATUS (RFC 9293 §3.10.6).
    pub(crate) fn status(&self) -> Status {
        Status {
            tuple: self.tuple,
            state: State::SynReceived,
            iss: self.iss,
            irs: Some(self.irs),
            send_unacknowledged: self.iss,
            send_next: self.iss + 1,
            receive_next: Some(self.irs + 1),
            unacknowledged_octets: 0,
            unread_octets: 0,
        }
    }

    /// A change of state to or from SYN-RECEIVED, for observers.
    pub(crate) const fn transition(&self, entry: Handle, from: State, to: State, reason: Reason) -> Transition<T> {
        Transition {
            entry,
            tag: self.tag,
            tuple: self.tuple,
            from,
            to,
            iss: self.iss,
            irs: Some(self.irs),
            passive: true,
            reason,
        }
    }
}
