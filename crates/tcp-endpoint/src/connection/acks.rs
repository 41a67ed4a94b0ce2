//! When a bare acknowledgment leaves under [`AckTiming::QuickThenDelayed`](crate::AckTiming::QuickThenDelayed), which
//! is Linux's way: at once while a peer may be in slow start, later in the hope of an answer to ride on.

use sim_time::{Duration, Instant};

use crate::effect::Purpose;
use crate::seq::SeqNum;
use crate::settings::Limits;

/// Acknowledgments sent at once before any is delayed, at most.
const QUICK_MAX: u32 = 16;

/// The segment size assumed of a peer when the quick acknowledgments of a window are counted.
const ASSUMED_MSS: u32 = 536;

/// The longest that an acknowledgment is delayed, whatever the round trip (Linux `TCP_DELACK_MAX`).
const DELAY_MAX: Duration = Duration::from_millis(200);

/// What is remembered of the peer's segments and of our acknowledgments.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Acks {
    /// The acknowledgment number sent last (Last.ACK.sent of RFC 7323 §4.3).
    pub(super) last: SeqNum,
    /// Whether any was sent.
    begun: bool,
    /// How many more are sent at once.
    quick: u32,
    /// How long one is delayed; nothing until data has come.
    delay: Duration,
    /// Whether the application answers what it reads, so that waiting pays.
    interactive: bool,
    /// When data came last.
    data_at: Instant,
    /// Segments with data since an acknowledgment was sent last.
    unacknowledged: u32,
}

impl Acks {
    /// Nothing was acknowledged before: `last` is what follows the peer's SYN.
    pub(super) fn new(now: Instant, last: SeqNum) -> Self {
        Self {
            last,
            begun: false,
            quick: 0,
            delay: Duration::ZERO,
            interactive: false,
            data_at: now,
            unacknowledged: 0,
        }
    }

    /// A SYN-ACK acknowledges the peer's SYN: it has left, or leaves before anything else.
    pub(super) fn begun(now: Instant, last: SeqNum) -> Self {
        Self { begun: true, ..Self::new(now, last) }
    }

    /// What a bare acknowledgment is that leaves now.
    pub(super) fn purpose(&self, acknowledged: SeqNum) -> Purpose {
        if self.begun && self.last == acknowledged { Purpose::DuplicateAck } else { Purpose::Acknowledgment }
    }

    /// Data came in order. After a pause longer than the timeout the peer starts slowly again, and so do we.
    pub(super) fn data_came(&mut self, now: Instant, timeout: Duration, limits: &Limits) {
        let pause = now - self.data_at;
        let shortest = limits.acknowledgment.delayed_ack;
        if self.delay.is_zero() {
            self.be_quick(limits);
            self.delay = shortest;
        } else if pause <= shortest / 2 {
            self.delay = self.delay / 2 + shortest / 2;
        } else if pause < self.delay {
            self.delay = (self.delay / 2 + pause).min(timeout);
        } else if pause > timeout {
            self.be_quick(limits);
        }
        self.data_at = now;
        self.unacknowledged += 1;
    }

    /// The peer's FIN came: the application will close, too, and its FIN can carry the acknowledgment.
    pub(super) const fn fin_came(&mut self) {
        self.interactive = true;
    }

    /// Something came that had come before: an acknowledgment must have been lost.
    pub(super) fn duplicate_came(&mut self, limits: &Limits) {
        self.be_quick(limits);
        self.interactive = false;
        self.delay = limits.acknowledgment.delayed_ack;
    }

    /// The application sent data. Soon after data came, it is an answer.
    pub(super) fn data_left(&mut self, now: Instant) {
        self.interactive |= now - self.data_at < self.delay;
    }

    /// A segment with an acknowledgment left; `owed` says whether the peer was waiting for one.
    pub(super) fn left(&mut self, acknowledged: SeqNum, owed: bool, limits: &Limits) {
        self.last = acknowledged;
        self.begun = true;
        self.unacknowledged = 0;
        if owed && self.quick > 0 {
            self.quick -= 1;
            if self.quick == 0 {
                self.delay = limits.acknowledgment.delayed_ack;
            }
        }
    }

    /// An acknowledgment was delayed in vain.
    pub(super) fn waited_in_vain(&mut self, timeout: Duration, limits: &Limits) {
        self.delay = if self.interactive { limits.acknowledgment.delayed_ack } else { (self.delay * 2).min(timeout) };
        self.interactive = false;
    }

    /// Whether one leaves before the application can react.
    pub(super) const fn at_once(&self) -> bool {
        self.quick > 0 && !self.interactive
    }

    /// How long it waits for the application to send something: nothing if that is not to be expected, or if the
    /// application has had two segments to answer. If no data ever came the wait is over with the clock's next tick,
    /// which is half a tick away as a rule.
    pub(super) fn patience(&self, smoothed: Option<Duration>, limits: &Limits) -> Duration {
        if !self.interactive || self.unacknowledged > 1 {
            return Duration::ZERO;
        }
        if self.delay.is_zero() {
            return limits.timers.timer_tick / 2;
        }
        let round_trip = smoothed.map_or(DELAY_MAX, |srtt| srtt.max(limits.acknowledgment.delayed_ack));
        self.delay.min(DELAY_MAX.max(limits.acknowledgment.delayed_ack)).min(round_trip)
    }

    fn be_quick(&mut self, limits: &Limits) {
        self.quick = self.quick.max((limits.sizes.window / (2 * ASSUMED_MSS)).clamp(2, QUICK_MAX));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{at, linux};

    const TIMEOUT: Duration = Duration::from_millis(100);

    /// An acknowledgment is delayed by 40 ms at least, and eight segments fill the window.
    fn limits() -> Limits {
        linux().with(|it| it.sizes.window = 16 * ASSUMED_MSS)
    }

    /// Data has come at 0 ms, and acknowledgments were delayed in vain so often since, each time twice as long.
    fn delayed(times: u32) -> Acks {
        let mut acks = Acks::new(at(0), SeqNum::new(1));
        acks.data_came(at(0), TIMEOUT, &limits());
        (0..times).for_each(|_| acks.waited_in_vain(TIMEOUT, &limits()));
        acks
    }

    fn be_answered(acks: &mut Acks) {
        acks.left(SeqNum::new(1), true, &limits());
    }

    /// Linux, `tcp_event_data_recv()`.
    #[test]
    fn the_delay_follows_the_pauses_between_data() {
        for (pause, delay) in [(0, 60), (20, 60), (21, 61), (59, 99), (61, 100), (79, 100), (80, 80), (200, 80)] {
            let mut acks = delayed(1);
            acks.data_came(at(pause), TIMEOUT, &limits());
            assert_eq!(acks.delay, Duration::from_millis(delay), "after {pause} ms");
        }
        assert_eq!([0, 1, 2].map(|times| delayed(times).delay), [40, 80, 100].map(Duration::from_millis));
    }

    #[test]
    fn half_a_window_of_segments_is_acknowledged_at_once() {
        let mut acks = delayed(0);
        for left in (0..8).rev() {
            assert!(acks.at_once());
            acks.delay = TIMEOUT;
            be_answered(&mut acks);
            assert_eq!((acks.at_once(), acks.delay == TIMEOUT), (left > 0, left > 0), "then the delay begins anew");
        }
        // And again once the peer starts slowly again, after a pause longer than the timeout.
        acks.data_came(at(100), TIMEOUT, &limits());
        assert!(!acks.at_once());
        acks.data_came(at(201), TIMEOUT, &limits());
        assert!(acks.at_once());
    }

    #[test]
    fn what_nobody_waits_for_counts_for_nothing() {
        let mut acks = delayed(0);
        (0..20).for_each(|_| acks.left(SeqNum::new(1), false, &limits()));
        assert!(acks.at_once());
    }
}
