//! SEGMENT ARRIVES in TIME-WAIT (RFC 9293 §3.10.7.4), and what comes after it.

use sim_time::{Duration, Instant};

use super::Remains;
use crate::payload::Payload;
use crate::segment::Segment;
use crate::seq::SeqNum;
use crate::settings::{Limits, Settings, SynInTimeWait, Teardown, TimeWaitRestart};
use crate::step::Context;

/// How far beyond the last sequence number of the old incarnation the next one starts: more than any window without
/// scaling (RFC 9293 §3.6.1, MAY-2; the number is Linux's).
const BEYOND_THE_OLD: u32 = 65_537;

impl<T: Copy> Remains<T> {
    /// The peer's FIN has come in FIN-WAIT-2: TIME-WAIT begins.
    pub(crate) fn begin_time_wait(&mut self, now: Instant, length: Duration, limits: &Limits) {
        self.began = now.into();
        self.until = limits.timers.fires_at(now, length).into();
    }

    /// The initial sequence number of a connection that follows this one on the same 4-tuple.
    pub(crate) fn next_iss(&self) -> SeqNum {
        self.send_next + BEYOND_THE_OLD
    }

    /// After which instant this host may open the same 4-tuple again: some time into TIME-WAIT, where timestamps tell old
    /// segments from new ones.
    pub(crate) fn reusable_after(&self, age: Duration) -> Option<Instant> {
        self.clock.and(self.began.instant()).map(|began| began + age)
    }

    /// Whether a segment is a SYN that opens the connection's next incarnation (RFC 9293 §3.6.1, MAY-2; RFC 6191).
    pub(crate) fn is_succeeded_by<P: Payload>(&self, segment: &Segment<P>, settings: &Settings) -> bool {
        if self.began.is_none() || !segment.flags.syn() || segment.flags.ack() || segment.flags.rst() {
            return false;
        }
        let newer = self.clock.zip(segment.options.timestamps).map(|(clock, carried)| {
            if clock.is_new(carried) {
                Age::Newer
            } else if carried.value == clock.recent() {
                Age::Same
            } else {
                Age::Older
            }
        });
        let higher = segment.seq.at_or_after(self.receive_next);
        let stamped = settings.limits.timers.timestamps && segment.options.timestamps.is_some(); // as the next would be
        match (settings.teardown.syn_in_time_wait, newer) {
            (SynInTimeWait::None, _) | (SynInTimeWait::Timestamp | SynInTimeWait::Either, Some(Age::Older)) => false,
            (SynInTimeWait::Timestamp | SynInTimeWait::Either, Some(Age::Newer)) => true,
            (SynInTimeWait::Timestamp, None) if self.clock.is_none() && stamped => true,
            (SynInTimeWait::Either, _) => segment.seq.after(self.receive_next),
            (SynInTimeWait::Sequence | SynInTimeWait::Timestamp, _) => higher,
        }
    }

    pub(super) fn arrives_in_time_wait<P: Payload>(
        &mut self,
        segment: &Segment<P>,
        (old, acceptable): (bool, bool),
        ctx: &mut Context<'_, P, T>,
    ) {
        let repeated_fin = segment.flags.fin() && segment.seq + segment.len() == self.receive_next;
        let bare = segment.is_empty() && segment.seq == self.receive_next && !old;
        match ctx.settings.teardown.time_wait_restart {
            // "The only thing that can arrive in this state is a retransmission of the remote FIN. Acknowledge it, and
            // restart the 2 MSL timeout." It ends just before RCV.NXT, so the window test alone would miss it.
            TimeWaitRestart::Fin if repeated_fin && !old => {
                self.restart(ctx);
                self.answer(segment, ctx);
            }
            TimeWaitRestart::Fin if !acceptable => self.answer(segment, ctx),
            TimeWaitRestart::Fin if segment.flags.syn() => self.challenge(ctx),
            TimeWaitRestart::Fin => {}
            TimeWaitRestart::Any => {
                if old || segment.flags.ack() {
                    self.restart(ctx);
                }
                if bare {
                    self.note_timestamp(segment, ctx.now);
                } else {
                    self.answer(segment, ctx);
                }
            }
        }
    }

    /// RFC 1337's fixes: no reset ends TIME-WAIT, or none before some time has passed since it began, or began anew.
    pub(super) fn is_guarded<P>(&self, ctx: &Context<'_, P, T>) -> bool {
        let Teardown { reset_ends_time_wait, reset_guard, time_wait, .. } = ctx.settings.teardown;
        let age = time_wait.saturating_sub(self.until.get() - ctx.now);
        !reset_ends_time_wait || age < reset_guard
    }

    fn restart<P>(&mut self, ctx: &Context<'_, P, T>) {
        self.until = ctx.settings.limits.timers.fires_at(ctx.now, ctx.settings.teardown.time_wait).into();
    }

    /// RFC 6191 §2: a SYN that it does not accept leaves TIME-WAIT as it is, without an answer.
    pub(super) fn is_dropped_silently<P>(&self, segment: &Segment<P>, ctx: &Context<'_, P, T>) -> bool {
        let request = segment.flags.syn() && !segment.flags.ack();
        self.began.is_some() && request && ctx.settings.teardown.syn_in_time_wait == SynInTimeWait::Timestamp
    }
}

/// A timestamp against the last one seen.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Age {
    Newer,
    Same,
    Older,
}
