//! The retransmission timeout (RFC 6298).

use sim_time::Duration;

use crate::seq::SeqNum;
use crate::settings::{RtoFloor, RtoUnmeasured, Timers};

/// Smoothed round-trip time and the timeout computed from it. Integers only, so that it is the same everywhere.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Rto {
    current: Duration,
    srtt: Duration,
    rttvar: Duration,
    /// What [`RtoFloor::Variance`] needs beyond that.
    floored: Option<Floored>,
    /// Whether anything was measured; before, SRTT and RTTVAR mean nothing.
    measured: bool,
    /// Whether it has expired since the last measurement.
    backed_off: bool,
}

/// Linux's way with the variance: it follows the greatest deviation of a round trip at once and forgets it slowly,
/// once for each window of data.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Floored {
    /// The smoothed deviation, times four.
    deviation: Duration,
    /// The greatest of the present window, times four, and no less than `rto-min`.
    greatest: Duration,
    /// Four times the variance: what is added to SRTT.
    margin: Duration,
    /// Where the present window ends.
    window_end: SeqNum,
}

impl Rto {
    /// Before any measurement (§2.1).
    pub(crate) const fn new(timers: &Timers) -> Self {
        Self {
            current: timers.rto_initial,
            srtt: Duration::ZERO,
            rttvar: Duration::ZERO,
            floored: None,
            measured: false,
            backed_off: false,
        }
    }

    /// The timeout a retransmission timer started now gets.
    pub(crate) const fn current(&self) -> Duration {
        self.current
    }

    /// SRTT, once anything was measured.
    pub(crate) fn smoothed(&self) -> Option<Duration> {
        self.measured.then_some(self.srtt)
    }

    /// Whether the timeout comes from a measurement: none has doubled it since.
    pub(crate) const fn is_measured(&self) -> bool {
        self.measured && !self.backed_off
    }

    /// A round-trip measurement (§2.2, §2.3), of a segment that was sent once only (Karn's rule, §3) or by timestamps.
    /// The acknowledgment has moved SND.UNA to `una`, and SND.NXT is `nxt`.
    pub(crate) fn measure(&mut self, round_trip: Duration, (una, nxt): (SeqNum, SeqNum), timers: &Timers) {
        if self.measured {
            self.follow(round_trip, una, nxt, timers);
        } else {
            self.begin(round_trip, nxt, timers);
        }
        self.restore(timers);
    }

    /// The timeout that follows from what was measured, if anything was, whatever has doubled it since.
    pub(crate) fn restore(&mut self, timers: &Timers) {
        if !self.measured {
            return;
        }
        let current = match &self.floored {
            None => (self.srtt + (self.rttvar * 4).max(granularity(timers))).clamp(timers.rto_min, timers.rto_max),
            Some(floored) => (self.srtt + floored.margin).min(timers.rto_max),
        };
        self.current = timers.in_ticks(current);
        self.backed_off = false;
    }

    /// The first measurement (§2.2).
    fn begin(&mut self, round_trip: Duration, nxt: SeqNum, timers: &Timers) {
        (self.measured, self.srtt, self.rttvar) = (true, round_trip, round_trip / 2);
        if timers.rto_floor == RtoFloor::Variance {
            let deviation = round_trip * 2;
            let margin = deviation.max(timers.rto_min);
            self.floored = Some(Floored { deviation, greatest: margin, margin, window_end: nxt });
        }
    }

    /// Every other (§2.3).
    fn follow(&mut self, round_trip: Duration, una: SeqNum, nxt: SeqNum, timers: &Timers) {
        let shorter = self.srtt > round_trip;
        let error = if shorter { self.srtt - round_trip } else { round_trip - self.srtt };
        if let Some(floored) = &mut self.floored {
            floored.deviate(error, shorter);
            floored.bound(una, nxt, timers);
        }
        self.rttvar = (self.rttvar * 3 + error) / 4;
        self.srtt = (self.srtt * 7 + round_trip) / 8;
    }

    /// The timer expired (§5.5). It stays backed off until the next measurement.
    pub(crate) fn back_off(&mut self, timers: &Timers) {
        self.current = (self.current * 2).min(timers.rto_max);
        self.backed_off = true;
    }

    /// Data starts, and the handshake has measured nothing. After a SYN that timed out a shorter timeout is raised (§5.7), and
    /// a longer one stays (§5.5), unless it is chosen anew in any case.
    pub(crate) fn start_unmeasured(&mut self, timed_out: bool, timers: &Timers) {
        match timers.rto_unmeasured {
            RtoUnmeasured::AtLeast if timed_out => self.current = self.current.max(timers.rto_after_syn_loss),
            RtoUnmeasured::AtLeast => {}
            RtoUnmeasured::Exactly => self.current = timers.rto_after_syn_loss,
        }
    }

    /// How long the end of a flight of `segments` waits before it is sent once more (RFC 8985 §7.2): two round trips,
    /// and for a lone segment the time its acknowledgment may be delayed; never beyond the timeout.
    pub(crate) fn probe_timeout(&self, segments: usize, timers: &Timers) -> Duration {
        let delayed = if segments == 1 { timers.rto_min } else { Duration::ZERO };
        let timeout = self.smoothed().map_or(timers.rto_initial, |srtt| srtt * 2 + delayed);
        timeout.min(self.current)
    }
}

/// G (§2, §4): a timer that ticks can fire no earlier than with the next tick, one that does not with the next nanosecond.
fn granularity(timers: &Timers) -> Duration {
    timers.timer_tick.max(Duration::from_nanos(1))
}

impl Floored {
    /// Takes in the error of a measurement. One that is shorter than expected counts an eighth: a path that gets better
    /// is no reason to wait longer.
    fn deviate(&mut self, error: Duration, shorter: bool) {
        let old = self.deviation / 4;
        self.deviation = if error > old {
            let excess = error - old;
            self.deviation + if shorter { excess / 8 } else { excess }
        } else {
            self.deviation - (old - error)
        };
    }

    fn bound(&mut self, una: SeqNum, nxt: SeqNum, timers: &Timers) {
        self.greatest = self.greatest.max(self.deviation);
        self.margin = self.margin.max(self.greatest);
        if una.after(self.window_end) {
            if self.greatest < self.margin {
                self.margin = self.margin - (self.margin - self.greatest) / 4;
            }
            self.window_end = nxt;
            self.greatest = timers.rto_min;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::limits;

    const HERE: (SeqNum, SeqNum) = (SeqNum::new(1), SeqNum::new(1));

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn follows_the_formulas_of_rfc_6298() {
        let timers = Timers { rto_min: ms(1), ..limits().timers };
        let mut rto = Rto::new(&timers);
        assert_eq!(rto.current(), ms(1000));
        rto.measure(ms(100), HERE, &timers); // SRTT 100, RTTVAR 50
        assert_eq!(rto.current(), ms(300));
        rto.measure(ms(180), HERE, &timers); // RTTVAR 3/4·50 + 1/4·80 = 57.5, SRTT 7/8·100 + 1/8·180 = 110
        assert_eq!(rto.current(), ms(340));
    }

    /// §2.3: SRTT is updated after RTTVAR, which uses the old one.
    #[test]
    fn the_variance_is_updated_before_the_mean() {
        let timers = Timers { rto_min: ms(1), ..limits().timers };
        let mut rto = Rto::new(&timers);
        rto.measure(ms(800), HERE, &timers);
        rto.measure(ms(0), HERE, &timers); // RTTVAR 3/4·400 + 1/4·800 = 500, and not 3/4·400 + 1/4·700
        assert_eq!((rto.smoothed(), rto.current()), (Some(ms(700)), ms(2700)));
    }

    /// §2.3, §4: a round trip that never varies leaves no variance, and the timeout is longer than it all the same.
    #[test]
    fn a_timeout_is_longer_than_the_round_trip() {
        for (tick, margin) in [(0, 1), (10_000_000, 10_000_000)] {
            let timers = Timers { timer_tick: Duration::from_nanos(tick), ..limits().timers };
            let mut rto = Rto::new(&timers);
            for _ in 0..200 {
                rto.measure(ms(1500), HERE, &timers);
            }
            assert_eq!(rto.current(), ms(1500) + Duration::from_nanos(margin), "ticks of {tick} ns");
        }
    }

    /// §2.1: nothing is measured yet, and the timeout backs off all the same.
    #[test]
    fn an_unmeasured_timeout_backs_off() {
        let timers = limits().timers;
        let mut rto = Rto::new(&timers);
        assert_eq!((rto.current(), rto.smoothed()), (Duration::from_secs(1), None));
        rto.back_off(&timers);
        assert_eq!((rto.current(), rto.smoothed()), (Duration::from_secs(2), None));
    }

    #[test]
    fn keeps_to_its_bounds() {
        let timers = limits().timers;
        let mut rto = Rto::new(&timers);
        rto.measure(ms(100), HERE, &timers);
        assert_eq!(rto.current(), timers.rto_min);
        for expected in [2, 4, 8, 16, 32, 60, 60] {
            rto.back_off(&timers);
            assert_eq!(rto.current(), Duration::from_secs(expected));
        }
        rto.measure(ms(100), HERE, &timers);
        assert_eq!(rto.current(), timers.rto_min);
    }

    /// Recorded: 20 ms and a little more of round trip give timeouts of 220 ms and a little more.
    #[test]
    fn a_floor_under_the_variance_keeps_the_round_trip_on_top() {
        let timers = Timers { rto_min: ms(200), rto_floor: RtoFloor::Variance, ..limits().timers };
        let mut rto = Rto::new(&timers);
        for _ in 0..10 {
            rto.measure(ms(21), HERE, &timers);
            assert_eq!(rto.current(), ms(221));
        }
    }

    /// Linux, `tcp_rtt_estimator()`: the greatest deviation counts at once, and loses a quarter of what is above the present
    /// one with each window, not with each round trip. One that is shorter than expected counts an eighth.
    #[test]
    fn the_margin_follows_the_greatest_deviation_of_a_window() {
        let timers = Timers { rto_min: ms(200), rto_floor: RtoFloor::Variance, ..limits().timers };
        let mut rto = Rto::new(&timers);
        let window = |una, nxt| (SeqNum::new(una), SeqNum::new(nxt));
        for (round_trip, window, expected) in [
            (100, window(1, 1), 300), // SRTT 100, deviation and margin 200
            (180, window(1, 1), 340), // 80 is 30 more than 200/4: both are 230; SRTT 110
            (20, window(1, 1), 332),  // 90 is 32.5 more than 230/4, of which an eighth counts: 234; SRTT 98.8
            (100, window(1, 1), 332), // the deviation is 177, and the margin stays
            (100, window(2, 3), 333), // the window is over, and its margin was this one
            (100, window(4, 5), 324), // no more than rto-min in this one: of 34 a quarter goes
        ] {
            rto.measure(ms(round_trip), window, &timers);
            assert_eq!(rto.current().as_nanos() / 1_000_000, expected, "{round_trip} ms");
        }
    }

    /// Recorded (h13): a SYN-ACK acknowledged after 2.53 s, then one answer within 11 ms, and the probe of the FIN that
    /// follows is due after 4.63 s.
    #[test]
    fn one_long_round_trip_is_forgotten_slowly() {
        let timers = Timers { rto_min: ms(200), rto_floor: RtoFloor::Variance, ..limits().timers };
        let mut rto = Rto::new(&timers);
        rto.measure(ms(2531), HERE, &timers);
        rto.measure(ms(11), HERE, &timers);
        let probe = rto.probe_timeout(1, &timers);
        assert!(ms(4620) < probe && probe < ms(4640), "{probe}");
    }
}
