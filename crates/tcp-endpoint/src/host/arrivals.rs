//! SEGMENT ARRIVES (RFC 9293 §3.10.7): finding the entry, and what CLOSED and LISTEN do.

use sim_time::Instant;

use super::{BEYOND_THE_OLD, Effects, Host};
use crate::connection::{After, Connection, Context};
use crate::half_open::{HalfOpen, Request};
use crate::timestamps::TimestampClock;
use crate::{
    Acknowledged, Commit, Effect, EntryKind, Flags, FourTuple, Handle, Payload, Proof, Queue, Reason, Segment, SeqNum,
    State, Transmission, Unexpected,
};

impl<P: Payload, T: Copy> Host<P, T> {
    /// SEGMENT ARRIVES (RFC 9293 §3.10.7).
    pub fn on_segment(&mut self, now: Instant, segment: Segment<P, T>, effects: &mut Effects<P, T>) {
        if self.is_quiet(now) {
            return; // it cannot know whether the segment belongs to a life before the reboot
        }
        let Some(&entry) = self.index.get(&segment.receiver_tuple()) else {
            return self.arrives_without_connection(now, &segment, effects);
        };
        match entry.kind {
            EntryKind::HalfOpen => self.arrives_at_half_open(now, entry, segment, effects),
            EntryKind::Connection => {
                self.with_connection(now, entry, effects, |connection, ctx| connection.on_segment(segment, ctx));
            }
            EntryKind::TimeWait => self.arrives_in_time_wait(now, entry, &segment, effects),
        }
    }

    fn arrives_without_connection(&mut self, now: Instant, segment: &Segment<P, T>, effects: &mut Effects<P, T>) {
        let port = segment.destination.port();
        if self.listeners.iter().any(|listener| listener.port == port) {
            self.arrives_in_listen(now, segment, effects);
        } else {
            self.arrives_in_closed(segment, effects);
        }
    }

    /// CLOSED (§3.10.7.1). The refusal of a SYN is no answer to something unexpected: it is always sent.
    fn arrives_in_closed(&self, segment: &Segment<P, T>, effects: &mut Effects<P, T>) {
        let request = segment.flags.syn() && !segment.flags.ack();
        if !segment.flags.rst() && (request || self.resets_the_unexpected()) {
            effects.push(reset_outside_connection(segment));
        }
    }

    /// LISTEN (§3.10.7.2).
    fn arrives_in_listen(&mut self, now: Instant, segment: &Segment<P, T>, effects: &mut Effects<P, T>) {
        // First, check for a RST; second, check for an ACK; third, check for a SYN.
        if segment.flags.rst() {
            return;
        }
        if segment.flags.ack() {
            if self.resets_the_unexpected() {
                effects.push(reset_outside_connection(segment));
            }
            return;
        }
        let refused = segment.flags.fin() && self.settings.limits.drop_syn_fin;
        if segment.flags.syn() && !refused {
            self.take_request(now, segment, effects);
        }
    }

    fn resets_the_unexpected(&self) -> bool {
        self.settings.handshake.unexpected == Unexpected::Reset
    }

    /// A connection request: what is committed, and what must come back, is the handshake's choice.
    fn take_request(&mut self, now: Instant, segment: &Segment<P, T>, effects: &mut Effects<P, T>) {
        let tuple = segment.receiver_tuple();
        let iss = self.isn.choose(&self.settings.limits, now, tuple);
        self.answer_request(now, (iss, segment.seq), segment, effects);
    }

    /// Commits to a connection request, if there is room.
    fn answer_request(
        &mut self,
        now: Instant,
        numbers: (SeqNum, SeqNum),
        segment: &Segment<P, T>,
        effects: &mut Effects<P, T>,
    ) {
        let (tuple, limits) = (segment.receiver_tuple(), &self.settings.limits);
        let port = tuple.local.port();
        let Some(listener) = self.listeners.iter().find(|listener| listener.port == port) else { return };
        if let Some(queue) = listener.full(limits) {
            return effects.push(Effect::Overflow { port, queue });
        }
        let clock = self.agreed_clock(segment, now);
        match (self.settings.handshake.proof, self.settings.handshake.commit) {
            (Proof::Ack, Commit::HalfOpen) => self.make_half_open(now, tuple, numbers, (segment.tag, clock), effects),
            (proof, _) => self.make_connection(now, numbers, (segment, clock), proof, effects),
        }
    }

    /// Timestamps are carried if the SYN offers them and this host has them (RFC 7323 §3.2).
    fn agreed_clock(&self, syn: &Segment<P, T>, now: Instant) -> Option<TimestampClock> {
        let offered = syn.timestamps.filter(|_| self.settings.limits.timestamps)?;
        let offset = self.isn.timestamp_offset(syn.receiver_tuple());
        Some(TimestampClock::new(offset).begun_by(offered, now))
    }

    fn make_half_open(
        &mut self,
        now: Instant,
        tuple: FourTuple,
        numbers: (SeqNum, SeqNum),
        (tag, clock): (T, Option<TimestampClock>),
        effects: &mut Effects<P, T>,
    ) {
        let half_open = HalfOpen::new(tag, tuple, numbers, clock, now);
        let entry = self.half_open.insert(half_open);
        self.count_half_open(tuple.local.port(), 1);
        self.index.insert(tuple, entry);
        self.with_half_open(now, entry, effects, |half_open, ctx| {
            let transition = half_open.transition(entry, State::Listen, State::SynReceived, Reason::Segment);
            ctx.effects.push(Effect::State(transition));
            ctx.effects.push(Effect::Hold { entry });
            half_open.send_syn_ack(ctx);
            Request::Pending
        });
    }

    /// A full entry from the start: in SYN-RECEIVED, or ESTABLISHED if nothing needs to come back.
    fn make_connection(
        &mut self,
        now: Instant,
        numbers: (SeqNum, SeqNum),
        (segment, clock): (&Segment<P, T>, Option<TimestampClock>),
        proof: Proof,
        effects: &mut Effects<P, T>,
    ) {
        let tuple = segment.receiver_tuple();
        let mut connection = Connection::answering(segment.tag, tuple, numbers, now, &self.settings);
        connection.clock = clock;
        let entry = self.connections.insert(connection);
        self.index.insert(tuple, entry);
        self.with_connection(now, entry, effects, |connection, ctx| {
            connection.send.set_window(segment);
            let after = match proof {
                Proof::Ack => {
                    connection.enter(State::SynReceived, Reason::Segment, ctx);
                    After::Stay
                }
                Proof::None => {
                    // The SYN counts as acknowledged when it is sent, and nothing is measured from it.
                    connection.send.una = connection.send.nxt;
                    connection.syn_sent_at = None;
                    connection.establish(segment, ctx)
                }
            };
            ctx.effects.push(Effect::Hold { entry });
            connection.send_syn_ack(ctx);
            after
        });
    }

    fn arrives_at_half_open(
        &mut self,
        now: Instant,
        entry: Handle,
        segment: Segment<P, T>,
        effects: &mut Effects<P, T>,
    ) {
        let request = self.with_half_open(now, entry, effects, |half_open, ctx| half_open.on_segment(&segment, ctx));
        if request != Request::Complete {
            return;
        }
        let port = segment.destination.port();
        if self.listeners.iter().any(|listener| listener.port == port && listener.has_full_queue(&self.settings.limits))
        {
            effects.push(Effect::Overflow { port, queue: Queue::Accept });
            if self.settings.limits.abort_on_overflow {
                effects.push(reset_outside_connection(&segment));
                self.end_half_open(entry, Reason::Call, effects);
            }
            return;
        }
        self.complete(now, entry, segment, effects);
    }

    /// The handshake is complete: a connection takes the half-open entry's place and looks at the segment itself.
    fn complete(&mut self, now: Instant, entry: Handle, segment: Segment<P, T>, effects: &mut Effects<P, T>) {
        let Some(half_open) = self.half_open.remove(entry) else { return };
        self.count_half_open(half_open.tuple.local.port(), -1);
        let connection = self.connections.insert(half_open.complete(&self.settings));
        self.index.insert(half_open.tuple, connection);
        effects.push(Effect::Moved { from: entry, to: connection });
        effects.push(Effect::Release { entry });
        effects.push(Effect::Hold { entry: connection });
        self.with_connection(now, connection, effects, |connection, ctx| connection.on_segment(segment, ctx));
    }

    fn arrives_in_time_wait(
        &mut self,
        now: Instant,
        entry: Handle,
        segment: &Segment<P, T>,
        effects: &mut Effects<P, T>,
    ) {
        let Some(time_wait) = self.time_waits.get_mut(entry) else { return };
        let successor = time_wait.is_succeeded_by(segment, self.settings.teardown.syn_in_time_wait);
        let port = segment.destination.port();
        if successor && self.listeners.iter().any(|listener| listener.port == port) {
            let iss = time_wait.send_next + BEYOND_THE_OLD;
            self.end_time_wait(entry, Reason::Segment, effects);
            return self.answer_request(now, (iss, segment.seq), segment, effects);
        }
        let until = time_wait.until;
        let Self { settings, challenges, .. } = self;
        let after = time_wait.on_segment(segment, &mut Context { now, settings, entry, challenges, effects });
        match after {
            After::Close(reason) => self.end_time_wait(entry, reason, effects),
            After::TimeWait => self.fin_wait_2_to_time_wait(now, entry, effects),
            _ if time_wait.until != until => effects.push(Effect::Arm { entry, at: time_wait.until }),
            _ => {}
        }
    }
}

/// The reset that answers a segment for no connection (RFC 9293 §3.10.7.1). It inherits the segment's tag.
pub(crate) fn reset_outside_connection<P: Payload, T: Copy>(segment: &Segment<P, T>) -> Effect<P, T> {
    let (seq, ack, flags) = if segment.flags.ack() {
        (segment.ack, SeqNum::default(), Flags::RST)
    } else {
        (SeqNum::new(0), segment.seq + segment.len(), Flags::RST.with(Flags::ACK))
    };
    Effect::Transmit(Transmission {
        segment: Segment {
            source: segment.destination,
            destination: segment.source,
            seq,
            ack,
            flags,
            window: 0,
            timestamps: None,
            payload: P::default(),
            tag: segment.tag,
        },
        sender: None,
        retransmission: 0,
        acknowledges: Acknowledged::Nothing,
    })
}
