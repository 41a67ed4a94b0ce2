//! The user calls of a script's steps (RFC 9293 §3.9.1): what they do, and what is told of them.

use std::net::SocketAddrV4;

use sim_core::EventQueue;
use sim_time::{Duration, Instant};
use tcp_endpoint::{Handle, UserError};

use super::applications::Played;
use super::forger::Of;
use super::population::MachineId;
use super::{Machine, Origin, Pending, World};
use crate::record::{Attempt, Call, Event, Fold, Incarnation, Outcome};
use crate::{FirstOctets, Happening, HostId, Span};

impl<F: Fold> World<F> {
    pub(super) fn connect<Q: EventQueue<Pending>>(
        &mut self,
        round: u32,
        (to, port): (HostId, u16),
        (from, with): (Option<u16>, Option<FirstOctets>),
        within: Option<Duration>,
        queue: &mut Q,
    ) -> Played {
        let now = queue.now();
        let Some(playing) = self.rounds.get_mut(round) else { return Played::Failed };
        let machine = playing.machine;
        let opener = playing.opener();
        let Some(server) = self.host(to).machines().next() else { return Played::Failed };
        let remote = SocketAddrV4::new(self.machines[server.index()].address, port);
        let opened = self.open(machine, (from, remote), with, now);
        let outcome = opened.map_or_else(Outcome::Failed, |_| Outcome::Done);
        self.record_call_to(round, (opened.ok(), Some(remote)), Call::Connect, outcome, now);
        let Ok(life) = opened else { return Played::Failed };
        (self.opener, self.opening) = (opener, Some(round));
        self.perform(machine, Origin::Call, queue);
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.connection = Some(life);
        }
        // Who sends all that it has with the open has closed with it, too.
        if let Some(row) = self.truth.get_mut(life).filter(|_| with.is_some_and(|first| first.all)) {
            row.closed_by = Some(self.call);
        }
        if let Some(first) = with {
            self.record_call(round, Call::Send(u64::from(first.octets)), Outcome::Done, now);
            self.count_sent(life, first.octets.into());
        }
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.alarm = within.map(|patience| queue.arm(now + patience, Pending::Wake { round }));
        }
        Played::Waits
    }

    /// Active OPEN from the given port, or from an ephemeral one. Returns the life that begins with it.
    fn open(
        &mut self,
        machine: MachineId,
        sockets: (Option<u16>, SocketAddrV4),
        with: Option<FirstOctets>,
        now: Instant,
    ) -> Result<Incarnation, UserError> {
        let (host, life) = (self.host_of(machine), self.truth.rows.next());
        let attempt = Attempt { host, ordinal: self.host(host).attempts + 1 };
        let first = with.map_or((Span::default(), false), |FirstOctets { octets, all }| {
            (Span { attempt, sender: host, offset: 0, length: octets }, all)
        });
        let _ = self.machines[machine.index()].tcp.open_with(now, sockets, first, life, &mut self.effects)?;
        self.hosts[usize::from(host.0)].attempts += 1;
        Ok(life)
    }

    pub(super) fn send<Q: EventQueue<Pending>>(&mut self, round: u32, octets: u64, queue: &mut Q) -> Played {
        let now = queue.now();
        let Some((life, machine, handle)) = self.connection(round) else {
            return self.failed(round, Call::Send(octets), UserError::NoConnection, now);
        };
        let (host, attempt) = (self.host_of(machine), self.truth.get(life).map(|known| (known.attempt, known.opener)));
        let Some((attempt, opener)) = attempt else { return Played::Failed };
        let offset = self.counts(attempt, opener).end(attempt, host).octets;
        let mut sent = 0;
        while sent < octets {
            let length = u32::try_from(octets - sent).unwrap_or(u32::MAX);
            let span = Span { attempt, sender: host, offset: offset + sent, length };
            if let Err(error) = self.machine(machine).tcp.send(handle, span) {
                return self.failed(round, Call::Send(octets), error, now);
            }
            sent += u64::from(length);
        }
        self.record_call(round, Call::Send(octets), Outcome::Done, now);
        self.count_sent(life, sent);
        Played::Done
    }

    /// An application has sent octets, by the last call.
    fn count_sent(&mut self, life: Incarnation, octets: u64) {
        let Some(known) = self.truth.get(life) else { return };
        let (attempt, opener, host) = (known.attempt, known.opener, known.host);
        let counted = &mut self.counts(attempt, opener).end(attempt, host).octets;
        *counted += octets;
        let (until, call) = (*counted, self.call);
        if let Some(known) = self.truth.get_mut(life) {
            known.sent += octets;
            known.note_call(until, call);
        }
    }

    /// Takes what has come, at most `octets` of it; waits until all of them have, or the end of data.
    pub(super) fn receive<Q: EventQueue<Pending>>(&mut self, round: u32, octets: u64, queue: &mut Q) -> Played {
        let now = queue.now();
        let Some((life, machine, handle)) = self.connection(round) else {
            return self.failed(round, Call::Receive { octets: 0, stale: 0 }, UserError::NoConnection, now);
        };
        loop {
            let Some(playing) = self.rounds.get(round) else { return Played::Failed };
            let left = octets - playing.taken;
            if left == 0 {
                return Played::Done;
            }
            let limit = u32::try_from(left).unwrap_or(u32::MAX);
            let (receiver, received) = (&mut self.machines[machine.index()], &mut self.received);
            let found = match receiver.tcp.receive(handle, limit, received) {
                Ok(found) => found,
                Err(error) => return self.failed(round, Call::Receive { octets: 0, stale: 0 }, error, now),
            };
            let outcome = if found.end_of_data { Outcome::EndOfData } else { Outcome::Done };
            let (octets, stale) = self.take_received(round, life, u64::from(found.octets));
            if found.octets > 0 || found.end_of_data {
                self.record_call(round, Call::Receive { octets, stale }, outcome, now);
            }
            if found.end_of_data {
                return Played::Done;
            }
            if found.octets == 0 {
                return Played::Waits;
            }
        }
    }

    /// Books octets that an application has taken; returns them, and how many of them another attempt had sent.
    fn take_received(&mut self, round: u32, life: Incarnation, octets: u64) -> (u64, u64) {
        let known = self.truth.get(life);
        let stale = |span: &Span| !known.is_some_and(|known| known.hears(span));
        let stale = self.received.drain(..).filter(stale).map(|span| u64::from(span.length)).sum();
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.taken += octets;
        }
        if let Some(known) = self.truth.get_mut(life) {
            known.intake.note_read(octets, stale);
        }
        (octets, stale)
    }

    /// SHUTDOWN, CLOSE or ABORT.
    pub(super) fn user_call<Q: EventQueue<Pending>>(&mut self, round: u32, call: Call, queue: &mut Q) -> Played {
        let now = queue.now();
        let Some((life, machine, handle)) = self.connection(round) else {
            return self.failed(round, call, UserError::NoConnection, now);
        };
        let (Machine { tcp, .. }, effects) = (&mut self.machines[machine.index()], &mut self.effects);
        let result = match call {
            Call::Shutdown => tcp.shutdown(now, handle, effects),
            Call::Abort => tcp.abort(now, handle, effects),
            _ => tcp.close(now, handle, effects),
        };
        self.record_call(round, call, result.map_or_else(Outcome::Failed, |()| Outcome::Done), now);
        if let Some(row) = self.truth.get_mut(life).filter(|_| result.is_ok()) {
            row.closed_by.get_or_insert(self.call);
            row.let_go_by = row.let_go_by.or((call != Call::Shutdown).then_some(self.call));
        }
        if call == Call::Close && self.truth.holds(life) {
            self.lose_unread(life, self.call, now);
        }
        if matches!(call, Call::Close | Call::Abort) {
            self.give_back(round);
            self.out_of_hand(life, now);
        }
        self.perform(machine, Origin::Call, queue);
        self.forget_if_settled(life, now);
        Played::Done
    }

    /// The connection of a round. It may be over: what is left in it can still be read.
    pub(super) fn connection(&self, round: u32) -> Option<(Incarnation, MachineId, Handle)> {
        let life = self.rounds.get(round)?.connection?;
        let known = self.truth.get(life)?;
        Some((life, known.machine, known.handle))
    }

    fn failed(&mut self, round: u32, call: Call, error: UserError, now: Instant) -> Played {
        self.record_call(round, call, Outcome::Failed(error), now);
        if error == UserError::Closing { Played::Done } else { Played::Failed }
    }

    /// A call on the connection of a round.
    pub(super) fn record_call(&mut self, round: u32, call: Call, outcome: Outcome, now: Instant) {
        let life = self.rounds.get(round).and_then(|playing| playing.connection);
        let remote = life.and_then(|life| Some(self.truth.get(life)?.tuple.remote));
        self.record_call_to(round, (life, remote), call, outcome, now);
    }

    fn record_call_to(
        &mut self,
        round: u32,
        (incarnation, remote): (Option<Incarnation>, Option<SocketAddrV4>),
        call: Call,
        outcome: Outcome,
        now: Instant,
    ) {
        let Some(playing) = self.rounds.get_mut(round) else { return };
        let (because, machine, application) = (playing.because(), playing.machine, playing.ordinal);
        let host = self.host_of(machine);
        if matches!(outcome, Outcome::Failed(_)) {
            self.failed = Some(outcome);
        }
        self.call = self.record(now, because, Event::Call { host, application, incarnation, remote, call, outcome });
        if self.forger.listens {
            self.forger.happens(now, (host, Happening::Calls(call.into())), Of::Life(incarnation));
        }
        if let Some(playing) = self.rounds.get_mut(round) {
            playing.last = self.call;
            playing.moved(now);
        }
    }
}
