//! Sequence and acknowledgment numbers as a reader wants them: counted from the initial sequence number.

use std::net::SocketAddrV4;

use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use tcp_endpoint::{Flags, SeqNum};

use crate::record::Sent;

/// How far beyond what is known of an incarnation's sequence space a number may lie and still be counted from there.
const REACH: u32 = 1 << 20;

/// Makes the numbers of a stream of segments relative: to the nearest initial sequence number seen so far on the same
/// 4-tuple and in the direction in which the number counts.
///
/// "Nearest" is the closest one at or before the number, looking back over the sequence space that was used since and
/// 2²⁰ beyond; failing that, one at most 2²⁰ after it, which gives a negative number. The digits of a number that is
/// near none would say nothing, so there is none.
#[derive(Clone, Debug, Default)]
pub struct RelativeNumbers {
    directions: FxHashMap<(SocketAddrV4, SocketAddrV4), SmallVec<[Numbering; 2]>>,
    /// Whether an initial number within reach of a known one is counted from that, and begins no count of its own.
    go_on: bool,
}

/// The relative numbers of one segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Relative {
    /// SEG.SEQ, unless it is near no initial sequence number of its direction.
    pub seq: Option<i64>,
    /// SEG.ACK, unless the segment has none or it is near no initial sequence number of the other direction.
    pub ack: Option<i64>,
}

/// One initial sequence number of a direction.
#[derive(Clone, Copy, Debug)]
struct Numbering {
    initial: SeqNum,
    /// Octets of sequence space seen in use after it.
    used: u32,
}

impl RelativeNumbers {
    /// Nothing seen yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing seen yet. An initial number that lies within 2²⁰ of an earlier one is counted from that one, as in the
    /// recordings of Linux, which show by it how the kernel chooses the number of a connection that follows a TIME-WAIT.
    #[must_use]
    pub fn as_recorded() -> Self {
        Self { go_on: true, ..Self::default() }
    }

    /// Takes the next segment of the run and returns its relative numbers.
    pub fn next(&mut self, segment: &Sent) -> Relative {
        let Sent { source, destination, flags, seq, ack, octets, .. } = *segment;
        self.next_of((source, destination), flags, (seq, ack), octets)
    }

    /// As [`RelativeNumbers::next`], for a segment of which no more is known: its sockets, the sender's first; its flags; SEG.SEQ
    /// and SEG.ACK; its octets of data.
    pub fn next_of(
        &mut self,
        (source, destination): (SocketAddrV4, SocketAddrV4),
        flags: Flags,
        (seq, ack): (SeqNum, SeqNum),
        octets: u32,
    ) -> Relative {
        if flags.syn() && !(self.go_on && self.count(source, destination, seq, 0).is_some()) {
            self.note_initial(source, destination, seq);
        }
        let end = octets + u32::from(flags.syn()) + u32::from(flags.fin());
        let seq = self.count(source, destination, seq, end);
        let ack = flags.ack().then(|| self.count(destination, source, ack, 0)).flatten();
        Relative { seq, ack }
    }

    fn note_initial(&mut self, source: SocketAddrV4, destination: SocketAddrV4, initial: SeqNum) {
        let known = self.directions.entry((source, destination)).or_default();
        if known.iter().all(|numbering| numbering.initial != initial) {
            known.push(Numbering { initial, used: 0 });
        }
    }

    /// Counts `number` from the nearest initial sequence number and notes that `octets` from it on are in use.
    fn count(&mut self, source: SocketAddrV4, destination: SocketAddrV4, number: SeqNum, octets: u32) -> Option<i64> {
        let known = self.directions.get_mut(&(source, destination))?;
        let before = known
            .iter_mut()
            .filter(|numbering| number - numbering.initial <= numbering.used.saturating_add(REACH))
            .min_by_key(|numbering| number - numbering.initial);
        if let Some(numbering) = before {
            let distance = number - numbering.initial;
            numbering.used = numbering.used.max(distance.saturating_add(octets));
            return Some(i64::from(distance));
        }
        known
            .iter()
            .map(|numbering| numbering.initial - number)
            .filter(|ahead| *ahead <= REACH)
            .min()
            .map(|a| -i64::from(a))
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use net_link::Fate;
    use tcp_endpoint::{Acknowledged, Options};

    use super::*;
    use crate::record::{Attempt, HostId};

    fn client() -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 49152)
    }

    fn server() -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80)
    }

    fn sent(from_client: bool, flags: Flags, seq: u32, ack: u32, octets: u32) -> Sent {
        let (source, destination) = if from_client { (client(), server()) } else { (server(), client()) };
        Sent {
            from: Some(HostId(u16::from(!from_client))),
            to: Some(HostId(u16::from(from_client))),
            source,
            destination,
            seq: SeqNum::new(seq),
            ack: SeqNum::new(ack),
            flags,
            window: 65_535,
            options: Options::default(),
            octets,
            offset: 0,
            attempt: Attempt { host: HostId(0), ordinal: 1 },
            incarnation: None,
            peer: None,
            purpose: None,
            retransmission: 0,
            acknowledges: Acknowledged::Nothing,
            forged: false,
            injection: None,
            wasted: None,
            fate: Fate { deliveries: smallvec::smallvec![], lost: None, fault: None },
        }
    }

    fn relative(seq: i64, ack: impl Into<Option<i64>>) -> Relative {
        Relative { seq: Some(seq), ack: ack.into() }
    }

    #[test]
    fn counts_from_each_directions_own_syn() {
        let mut numbers = RelativeNumbers::new();
        assert_eq!(numbers.next(&sent(true, Flags::SYN, 1000, 0, 0)), relative(0, None));
        assert_eq!(numbers.next(&sent(false, Flags::SYN_ACK, u32::MAX, 1001, 0)), relative(0, 1));
        assert_eq!(numbers.next(&sent(true, Flags::ACK, 1001, 0, 100)), relative(1, 1));
        assert_eq!(numbers.next(&sent(false, Flags::ACK, 0, 1101, 0)), relative(1, 101));
    }

    #[test]
    fn an_old_number_counts_from_the_old_incarnation() {
        let mut numbers = RelativeNumbers::new();
        numbers.next(&sent(true, Flags::SYN, 1000, 0, 0));
        numbers.next(&sent(false, Flags::SYN_ACK, 10_000_000, 1001, 0));
        assert_eq!(numbers.next(&sent(false, Flags::SYN_ACK, 10_987_500, 1001, 0)), relative(0, 1));
        assert_eq!(numbers.next(&sent(true, Flags::ACK, 1102, 10_000_102, 0)), relative(102, 102));
        assert_eq!(numbers.next(&sent(false, Flags::RST, 10_000_102, 0, 0)), relative(102, None));
    }

    #[test]
    fn as_recorded_a_near_successor_counts_on_and_a_far_one_anew() {
        let mut numbers = RelativeNumbers::as_recorded();
        numbers.next(&sent(false, Flags::SYN_ACK, 1000, 1, 0));
        assert_eq!(numbers.next(&sent(false, Flags::SYN_ACK, 66_639, 1, 0)).seq, Some(65_639));
        assert_eq!(numbers.next(&sent(false, Flags::SYN_ACK, 3_000_000, 1, 0)).seq, Some(0));
    }

    #[test]
    fn a_reset_before_any_syn_of_its_direction_has_no_sequence_number() {
        let mut numbers = RelativeNumbers::new();
        numbers.next(&sent(true, Flags::SYN, 3_893_355_924, 0, 0));
        let refusal = numbers.next(&sent(false, Flags::RST.with(Flags::ACK), 0, 3_893_355_925, 0));
        assert_eq!(refusal, Relative { seq: None, ack: Some(1) });
    }

    #[test]
    fn a_long_transfer_stays_counted_from_its_start() {
        let mut numbers = RelativeNumbers::new();
        numbers.next(&sent(true, Flags::SYN, 0, 0, 0));
        let step = 1_000_000;
        for k in 0..10 {
            let seq = 1 + k * step;
            assert_eq!(numbers.next(&sent(true, Flags::ACK, seq, 0, step)).seq, Some(i64::from(seq)));
        }
        assert_eq!(numbers.next(&sent(true, Flags::ACK, 500_000_000, 0, 1)).seq, None);
    }

    #[test]
    fn a_number_just_before_the_only_syn_is_negative() {
        let mut numbers = RelativeNumbers::new();
        numbers.next(&sent(true, Flags::SYN, 5_000_000, 0, 0));
        assert_eq!(numbers.next(&sent(true, Flags::RST, 4_999_990, 0, 0)).seq, Some(-10));
    }
}
