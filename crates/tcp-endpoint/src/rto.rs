//! The retransmission timeout (RFC 6298).

use sim_time::Duration;

use crate::Limits;

/// Smoothed round-trip time and the timeout computed from it. Integers only, so that it is the same everywhere.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Rto {
    smoothed: Option<Smoothed>,
    current: Duration,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Smoothed {
    srtt: Duration,
    rttvar: Duration,
}

impl Rto {
    /// Before any measurement (§2.1).
    pub(crate) const fn new(limits: &Limits) -> Self {
        Self { smoothed: None, current: limits.rto_initial }
    }

    /// The timeout a retransmission timer started now gets.
    pub(crate) const fn current(&self) -> Duration {
        self.current
    }

    /// A round-trip measurement of a segment that was sent once only (§2.2, §2.3, and Karn's rule in §3).
    pub(crate) fn measure(&mut self, round_trip: Duration, limits: &Limits) {
        let smoothed = match &self.smoothed {
            None => Smoothed { srtt: round_trip, rttvar: round_trip / 2 },
            Some(old) => {
                let error = if old.srtt > round_trip { old.srtt - round_trip } else { round_trip - old.srtt };
                Smoothed { rttvar: (old.rttvar * 3 + error) / 4, srtt: (old.srtt * 7 + round_trip) / 8 }
            }
        };
        self.current = (smoothed.srtt + smoothed.rttvar * 4).clamp(limits.rto_min, limits.rto_max);
        self.smoothed = Some(smoothed);
    }

    /// The timer expired (§5.5). It stays backed off until the next measurement.
    pub(crate) fn back_off(&mut self, limits: &Limits) {
        self.current = (self.current * 2).min(limits.rto_max);
    }

    /// Data starts after a SYN that had to be sent again (§5.7).
    pub(crate) fn restart_after_syn_loss(&mut self, limits: &Limits) {
        self.current = limits.rto_after_syn_loss;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::limits;

    fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn follows_the_formulas_of_rfc_6298() {
        let limits = Limits { rto_min: ms(1), ..limits() };
        let mut rto = Rto::new(&limits);
        assert_eq!(rto.current(), ms(1000));
        rto.measure(ms(100), &limits); // SRTT 100, RTTVAR 50
        assert_eq!(rto.current(), ms(300));
        rto.measure(ms(180), &limits); // RTTVAR 3/4·50 + 1/4·80 = 57.5, SRTT 7/8·100 + 1/8·180 = 110
        assert_eq!(rto.current(), ms(340));
    }

    #[test]
    fn keeps_to_its_bounds() {
        let limits = limits();
        let mut rto = Rto::new(&limits);
        rto.measure(ms(100), &limits);
        assert_eq!(rto.current(), limits.rto_min);
        for expected in [2, 4, 8, 16, 32, 60, 60] {
            rto.back_off(&limits);
            assert_eq!(rto.current(), Duration::from_secs(expected));
        }
        rto.measure(ms(100), &limits);
        assert_eq!(rto.current(), limits.rto_min);
    }
}
