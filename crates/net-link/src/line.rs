//! The bottleneck: a line of limited rate behind a drop-tail queue.

use std::collections::VecDeque;

use sim_time::Instant;

use crate::{BitRate, QueueLimit};

/// A line that sends one packet at a time, and the queue before it.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    rate: BitRate,
    limit: QueueLimit,
    /// When the line has sent everything accepted so far.
    free_at: Instant,
    /// Packets whose sending has not begun: when it does, and their octets.
    waiting: VecDeque<(Instant, u32)>,
    /// Sum of the waiting packets' octets.
    waiting_octets: u64,
}

impl Line {
    pub(crate) const fn new(rate: BitRate, limit: QueueLimit) -> Self {
        Self { rate, limit, free_at: Instant::ZERO, waiting: VecDeque::new(), waiting_octets: 0 }
    }

    /// When a packet offered at `now` has left the line; `None` if it has to wait and the queue has no room.
    pub(crate) fn accept(&mut self, now: Instant, octets: u32) -> Option<Instant> {
        while let Some(&(start, gone)) = self.waiting.front()
            && start <= now
        {
            self.waiting.pop_front();
            self.waiting_octets -= u64::from(gone);
        }
        let start = self.free_at.max(now);
        if start > now {
            let room = match self.limit {
                QueueLimit::Octets(most) => self.waiting_octets + u64::from(octets) <= most,
                QueueLimit::Packets(most) => (self.waiting.len() as u64) < most,
            };
            if !room {
                return None;
            }
            self.waiting.push_back((start, octets));
            self.waiting_octets += u64::from(octets);
        }
        self.free_at = start + self.rate.transmission_time(octets);
        Some(self.free_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One octet takes one nanosecond.
    fn departures(limit: &str, offers: &[(u64, u32)]) -> Vec<Option<u64>> {
        let mut line = Line::new("8 Gbit/s".parse().unwrap(), limit.parse().unwrap());
        let accept = |&(now, octets): &(u64, u32)| line.accept(Instant::from_nanos(now), octets).map(Instant::as_nanos);
        offers.iter().map(accept).collect()
    }

    #[test]
    fn packets_leave_one_after_the_other() {
        assert_eq!(
            departures("10 packets", &[(0, 100), (0, 50), (120, 10), (500, 7)]),
            [Some(100), Some(150), Some(160), Some(507)]
        );
    }

    #[test]
    fn a_full_queue_loses_the_newcomer() {
        let burst = [(0, 100), (0, 100), (0, 100), (0, 100)];
        assert_eq!(departures("2 packets", &burst), [Some(100), Some(200), Some(300), None], "one is being sent");
        assert_eq!(departures("0 packets", &burst), [Some(100), None, None, None]);
        assert_eq!(departures("199 B", &burst), [Some(100), Some(200), None, None]);
        assert_eq!(departures("200 B", &burst), [Some(100), Some(200), Some(300), None]);
    }

    #[test]
    fn room_is_made_when_a_packet_begins_to_be_sent() {
        assert_eq!(departures("1 packet", &[(0, 100), (0, 100), (99, 100)]), [Some(100), Some(200), None]);
        assert_eq!(departures("1 packet", &[(0, 100), (0, 100), (100, 100)]), [Some(100), Some(200), Some(300)]);
        assert_eq!(
            departures("100 B", &[(0, 100), (0, 90), (50, 11), (50, 10)]),
            [Some(100), Some(190), None, Some(200)]
        );
        assert_eq!(departures("100 B", &[(0, 100), (0, 100), (100, 100)]), [Some(100), Some(200), Some(300)]);
        assert_eq!(departures("0 packets", &[(0, 100), (100, 100)]), [Some(100), Some(200)]);
    }
}
