//! SEGMENT ARRIVES (RFC 9293 §3.10.7): finding the entry, and what CLOSED and LISTEN do.

use sim_time::Instant;

use super::Host;
use super::listener::Requester;
use crate::asked::Asked;
use crate::connection::{Connection, Opening};
use crate::cookie;
use crate::draft::{Draft, reset_outside_connection};
use crate::effect::{Acknowledged, Effect, Effects, Purpose, Queue, Reason};
use crate::half_open::{HalfOpen, Request};
use crate::handle::{EntryKind, Handle};
use crate::identity::Identity;
use crate::mss::peer_mss;
use crate::packed::Moment;
use crate::payload::Payload;
use crate::segment::{Flags, Options, Segment, names_one_host};
use crate::seq::SeqNum;
use crate::settings::{Commit, Proof, Remembers, Settings, SynData, Unexpected};
use crate::state::State;
use crate::step::After;
use crate::tcb::Tcb;
use crate::timestamps::TimestampClock;

impl<P: Payload, T: Copy> Host<P, T> {
    /// SEGMENT ARRIVES (RFC 9293 §3.10.7). If it makes an entry, that bears `tag`.
    pub fn on_segment(&mut self, now: Instant, segment: &Segment<P>, tag: T, effects: &mut Effects<P, T>) {
        if *segment.destination.ip() != self.common.address || !names_one_host(*segment.source.ip()) {
            return; // RFC 9293 §3.9.2.3: it is not for this host alone, or could not be answered
        }
        if self.is_quiet(now) {
            return; // it cannot know whether the segment belongs to a life before the reboot
        }
        let Some(entry) = self.entry_of(segment.receiver_tuple().into()) else {
            return self.arrives_without_connection(now, segment, tag, effects);
        };
        match entry.kind() {
            EntryKind::HalfOpen => self.arrives_at_half_open(now, entry, segment, effects),
            EntryKind::Connection if segment.flags.contains(Flags::SYN_ACK) => {
                let opening = self.connections.get(entry).is_some_and(|open| !open.state().synchronized());
                self.with_tcb(now, entry, effects, |tcb, ctx| tcb.on_segment(segment, ctx));
                if opening {
                    self.take_fast_open(now, entry, segment, effects);
                }
            }
            EntryKind::Connection => self.with_tcb(now, entry, effects, |tcb, ctx| tcb.on_segment(segment, ctx)),
            EntryKind::TimeWait => self.arrives_at_remains(now, (entry, tag), segment, effects),
            EntryKind::HoldDown if is_request(segment) && self.is_held_down(now, entry) => {
                effects.push(Effect::HeldDown { port: segment.destination.port() });
            }
            EntryKind::HoldDown if is_request(segment) => {
                // Its deadline is due at this very instant, and the segment is served first.
                self.end_hold_down(entry, effects);
                self.arrives_without_connection(now, segment, tag, effects);
            }
            EntryKind::HoldDown | EntryKind::Peer => self.arrives_without_connection(now, segment, tag, effects),
        }
    }

    fn arrives_without_connection(&mut self, now: Instant, segment: &Segment<P>, tag: T, effects: &mut Effects<P, T>) {
        let port = segment.destination.port();
        if self.listeners.at(port).is_some() {
            self.arrives_in_listen(now, segment, tag, effects);
        } else {
            self.arrives_in_closed(segment, effects);
        }
    }

    /// CLOSED (§3.10.7.1). The refusal of a SYN is no answer to something unexpected: it is always sent.
    fn arrives_in_closed(&self, segment: &Segment<P>, effects: &mut Effects<P, T>) {
        let request = segment.flags.syn() && !segment.flags.ack();
        if !segment.flags.rst() && (request || self.resets_the_unexpected()) {
            effects.push(reset_outside_connection(segment));
        }
    }

    /// LISTEN (§3.10.7.2).
    fn arrives_in_listen(&mut self, now: Instant, segment: &Segment<P>, tag: T, effects: &mut Effects<P, T>) {
        // First, check for a RST; second, check for an ACK; third, check for a SYN.
        if segment.flags.rst() {
            return;
        }
        if segment.flags.ack() {
            if !self.takes_cookie(now, segment, tag, effects) && self.resets_the_unexpected() {
                effects.push(reset_outside_connection(segment));
            }
            return;
        }
        let refused = segment.flags.fin() && self.common.settings.limits.checks.drop_syn_fin && !self.takes_syn_data();
        if !segment.flags.syn() || refused {
            return;
        }
        if self.refuse_until.is_some_and(|until| now <= until) {
            return effects.push(Effect::HeldDown { port: segment.destination.port() });
        }
        self.answer_request(now, (None, tag), segment, effects);
    }

    fn takes_syn_data(&self) -> bool {
        self.common.settings.handshake.syn_data != SynData::Never
    }

    fn resets_the_unexpected(&self) -> bool {
        self.common.settings.handshake.unexpected == Unexpected::Reset
    }

    /// A connection request, if there is room: what is committed, and what must come back, is the handshake's choice.
    /// One that follows a TIME-WAIT goes on from the sequence number `successor`.
    fn answer_request(
        &mut self,
        now: Instant,
        (successor, tag): (Option<SeqNum>, T),
        syn: &Segment<P>,
        effects: &mut Effects<P, T>,
    ) {
        let Settings { handshake, limits, .. } = &self.common.settings;
        let port = syn.destination.port();
        let Some(listener) = self.listeners.at(port) else { return };
        let from = successor.map_or_else(|| self.requester(*syn.source.ip()), |_| Requester::Successor);
        let full = listener.full(handshake.commit, from, &limits.backlog);
        if handshake.commit == Commit::Nothing && full.is_none()
            || full == Some(Queue::Syn) && limits.backlog.cookies_on_overflow
        {
            return self.answer_with_cookie(now, syn, effects);
        }
        if let Some(queue) = full {
            return effects.push(Effect::Overflow { port, queue });
        }
        let iss = successor.unwrap_or_else(|| {
            self.common.isn.choose(&self.common.settings.limits.selection, now, syn.receiver_tuple())
        });
        let early = syn.options.fast_open.is_none() || self.has_room_for_early(now, port);
        let asked = Asked { cookie: self.cookie_for(now, syn).filter(|_| early), ..self.asked(now, (iss, tag), syn) };
        let Settings { handshake, .. } = &self.common.settings;
        let believed = self.believes(&asked);
        match (handshake.proof, handshake.commit) {
            _ if believed => self.make_connection(now, &asked, syn, Opening::OnSyn, effects),
            (Proof::None, _) => self.make_connection(now, &asked, syn, Opening::OnSyn, effects),
            _ if early && cookie::is_shown_by(self.common.isn.secret(), &self.common.settings, syn, now) => {
                self.make_connection(now, &asked, syn, Opening::Early, effects);
            }
            (Proof::Ack, Commit::Connection) => self.make_connection(now, &asked, syn, Opening::Handshake, effects),
            (Proof::Ack, _) => self.make_half_open(now, &asked, effects),
        }
    }

    /// What a SYN asks for, and the numbers of its answer.
    fn asked(&self, now: Instant, (iss, tag): (SeqNum, T), syn: &Segment<P>) -> Asked<T> {
        Asked {
            id: Identity { tag, ends: syn.receiver_tuple().into() },
            iss,
            irs: syn.seq,
            clock: self.agreed_clock(syn, now),
            peer_mss: peer_mss(syn.options),
            cookie: None,
            count: syn.options.count.filter(|_| self.common.settings.handshake.remembers == Remembers::Count),
        }
    }

    /// The fast open cookie that the answer to a SYN brings.
    fn cookie_for(&self, now: Instant, syn: &Segment<P>) -> Option<u64> {
        cookie::granted_by(self.common.isn.secret(), &self.common.settings, syn, now)
    }

    /// Whether fast open may open another connection at that port before its handshake is over (RFC 7413 §4.2).
    fn has_room_for_early(&mut self, now: Instant, port: u16) -> bool {
        let most = self.common.settings.limits.backlog.fast_open_backlog;
        self.listeners.at_mut(port).is_some_and(|listener| listener.early.has_room(now, most))
    }

    /// Timestamps are carried if the SYN offers them and this host has them (RFC 7323 §3.2).
    fn agreed_clock(&self, syn: &Segment<P>, now: Instant) -> Option<TimestampClock> {
        let offered = syn.options.timestamps.filter(|_| self.common.settings.limits.timers.timestamps)?;
        let offset = self.common.isn.timestamp_offset(syn.receiver_tuple());
        Some(TimestampClock::new(offset).begun_by(offered, now))
    }

    fn make_half_open(&mut self, now: Instant, asked: &Asked<T>, effects: &mut Effects<P, T>) {
        let port = asked.id.ends.local_port();
        if self.common.settings.handshake.commit == Commit::Cache {
            self.make_room_in_cache(now, port, effects);
        }
        let entry = self.half_open.insert(HalfOpen::new(asked, now));
        self.note_half_open(port, entry);
        self.enter(asked.id.ends, entry);
        let tag = asked.id.tag;
        self.with_half_open(now, entry, effects, |half_open, ctx| {
            let states = (State::Listen, State::SynReceived);
            let transition = half_open.incarnation().transition((entry, ctx.address), states, Reason::Segment);
            ctx.effects.push(transition);
            ctx.effects.push(Effect::Hold { entry, tag });
            half_open.send_syn_ack(ctx);
            Request::Pending
        });
    }

    /// The oldest entries of a full cache go without a word to their peers.
    fn make_room_in_cache(&mut self, now: Instant, port: u16, effects: &mut Effects<P, T>) {
        let most = self.common.settings.limits.backlog.cache_entries;
        while let Some(listener) = self.listeners.at_mut(port)
            && listener.half_open >= most
            && let Some(oldest) = listener.requests.pop_front()
        {
            // Some have gone by themselves since they came.
            if self.half_open.get(oldest).is_some() {
                effects.push(Effect::Overflow { port, queue: Queue::Cache });
                self.end_half_open(now, oldest, Reason::Evicted, effects);
            }
        }
    }

    /// A full entry from the start.
    fn make_connection(
        &mut self,
        now: Instant,
        asked: &Asked<T>,
        syn: &Segment<P>,
        opening: Opening,
        effects: &mut Effects<P, T>,
    ) {
        let connection = Connection::answering(asked, opening, now, &self.common.settings);
        let (entry, tag) = (self.connections.insert(Tcb::Open(connection)), asked.id.tag);
        self.enter(asked.id.ends, entry);
        if opening == Opening::Early
            && let Some(listener) = self.listeners.at_mut(asked.id.ends.local_port())
        {
            listener.early.begin();
        }
        self.with_connection(now, entry, effects, |connection, ctx| {
            connection.send.set_window(syn);
            let kept = ctx.settings.handshake.syn_data == SynData::AfterHandshake || opening == Opening::Early;
            if kept {
                connection.incoming.take_with_syn(syn.payload.clone(), syn.flags.fin(), true);
            }
            let after = match opening {
                Opening::Handshake => {
                    connection.enter(State::SynReceived, Reason::Segment, ctx);
                    After::Stay
                }
                Opening::Early => {
                    connection.enter(State::SynReceived, Reason::Segment, ctx);
                    After::Acceptable
                }
                Opening::OnSyn => {
                    if !ctx.settings.handshake.data_check {
                        // The SYN counts as acknowledged when it is sent, and nothing is measured from it.
                        connection.send.una = connection.send.nxt;
                    }
                    connection.syn_sent_at = Moment::NONE;
                    connection.establish(syn, ctx)
                }
            };
            ctx.effects.push(Effect::Hold { entry, tag });
            connection.tell_taken(0, ctx);
            connection.send_syn_ack(ctx);
            after
        });
    }

    /// `<SEQ=cookie><ACK=RCV.NXT><CTL=SYN,ACK>`, and nothing is kept.
    fn answer_with_cookie(&self, now: Instant, syn: &Segment<P>, effects: &mut Effects<P, T>) {
        let (limits, tuple) = (&self.common.settings.limits, syn.receiver_tuple());
        let time = (now, limits.backlog.cookie_period);
        let timestamps = self.agreed_clock(syn, now).map(|clock| clock.stamp(now));
        let draft = Draft {
            flags: Flags::SYN_ACK,
            seq: cookie::syn_cookie(self.common.isn.secret(), tuple, syn.seq, peer_mss(syn.options), time),
            acknowledged: (syn.seq + 1, Acknowledged::Syn),
            options: Options { mss: Some(limits.sizes.mss_option()), ..Options::stamped(timestamps) },
            payload: P::default(),
            purpose: Purpose::New,
            retransmission: 0,
        };
        effects.push(draft.leaves(tuple, limits.sizes.window, None));
    }

    /// If the segment acknowledges a cookie of this listener, the connection that it stands for is there at once.
    /// Returns whether it does.
    fn takes_cookie(&mut self, now: Instant, segment: &Segment<P>, tag: T, effects: &mut Effects<P, T>) -> bool {
        let Settings { handshake, limits, .. } = &self.common.settings;
        let gives_cookies = handshake.commit == Commit::Nothing || limits.backlog.cookies_on_overflow;
        let held_down = self.entry_of(segment.receiver_tuple().into()).is_some();
        if !gives_cookies || segment.flags.syn() || held_down {
            return false;
        }
        let (tuple, irs, iss) = (segment.receiver_tuple(), segment.seq - 1_u32, segment.ack - 1_u32);
        let time = (now, limits.backlog.cookie_period);
        let Some(peer_mss) = cookie::check_syn_cookie(self.common.isn.secret(), tuple, irs, iss, time) else {
            return false;
        };
        let port = tuple.local.port();
        if self.accept_queue_is_full(port) {
            effects.push(Effect::Overflow { port, queue: Queue::Accept });
            return true;
        }
        let clock = self.agreed_clock(segment, now);
        let id = Identity { tag, ends: tuple.into() };
        let asked = Asked { id, iss, irs, clock, peer_mss, cookie: None, count: None };
        let mut connection = Connection::answering(&asked, Opening::Handshake, now, &self.common.settings);
        connection.syn_acks = 1;
        connection.syn_sent_at = Moment::NONE; // it is not known when
        let entry = self.connections.insert(Tcb::Open(connection));
        self.enter(id.ends, entry);
        self.with_connection(now, entry, effects, |connection, ctx| {
            connection.send.una = segment.ack;
            connection.send.set_window(segment);
            let after = connection.establish(segment, ctx);
            ctx.effects.push(Effect::Hold { entry, tag });
            after
        });
        self.with_connection(now, entry, effects, |connection, ctx| connection.on_segment(segment, ctx));
        true
    }

    fn arrives_at_half_open(&mut self, now: Instant, entry: Handle, segment: &Segment<P>, effects: &mut Effects<P, T>) {
        let request = self.with_half_open(now, entry, effects, |half_open, ctx| half_open.on_segment(segment, ctx));
        if request != Request::Complete {
            return;
        }
        let port = segment.destination.port();
        if self.accept_queue_is_full(port) {
            effects.push(Effect::Overflow { port, queue: Queue::Accept });
            if self.common.settings.limits.backlog.abort_on_overflow {
                effects.push(reset_outside_connection(segment));
                self.end_half_open(now, entry, Reason::Overflow, effects);
            }
            return;
        }
        self.complete(now, entry, segment, effects);
    }

    /// The handshake is complete: a connection takes the half-open entry's place and looks at the segment itself.
    fn complete(&mut self, now: Instant, entry: Handle, segment: &Segment<P>, effects: &mut Effects<P, T>) {
        let Some(half_open) = self.half_open.remove(entry) else { return };
        self.forget_half_open(half_open.id.ends.local_port(), half_open.is_young());
        let connection = half_open.complete(&self.common.isn, &self.common.settings);
        let connection = self.connections.insert(Tcb::Open(connection));
        let tag = half_open.id.tag;
        self.replace(half_open.id.ends, entry, connection);
        effects.push(Effect::Moved { from: entry, to: connection, tag });
        effects.push(Effect::Release { entry, tag });
        effects.push(Effect::Hold { entry: connection, tag });
        self.with_connection(now, connection, effects, |connection, ctx| connection.on_segment(segment, ctx));
    }

    fn arrives_at_remains(
        &mut self,
        now: Instant,
        (entry, tag): (Handle, T),
        segment: &Segment<P>,
        effects: &mut Effects<P, T>,
    ) {
        let Some(remains) = self.remains.get_mut(entry) else { return };
        let successor = remains.is_succeeded_by(segment, &self.common.settings);
        let port = segment.destination.port();
        if successor && self.listeners.at(port).is_some() {
            let iss = remains.next_iss();
            self.end_remains(now, entry, Reason::Segment, effects);
            return self.answer_request(now, (Some(iss), tag), segment, effects);
        }
        let until = remains.until;
        let after = remains.on_segment(segment, &mut self.common.step(now, entry, effects));
        match after {
            After::Close(reason) => self.end_remains(now, entry, reason, effects),
            After::TimeWait => self.fin_wait_2_to_time_wait(now, entry, effects),
            _ if remains.until != until => {
                effects.push(remains.arm(entry));
            }
            _ => {}
        }
    }
}

/// Whether a segment is a SYN that opens something.
fn is_request<P>(segment: &Segment<P>) -> bool {
    segment.flags.syn() && !segment.flags.ack() && !segment.flags.rst()
}
