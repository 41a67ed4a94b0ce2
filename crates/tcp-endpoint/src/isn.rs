//! Initial sequence numbers (RFC 9293 §3.4.1, RFC 6528).

use std::hash::Hasher;

use sim_time::Instant;
use siphasher::sip::SipHasher24;

use crate::segment::FourTuple;
use crate::seq::SeqNum;
use crate::settings::{Isn, Selection};

/// What [`Isn::Constant`] gives: any value but zero, which would hide that relative and raw numbers differ.
const CONSTANT: SeqNum = SeqNum::new(1_000_000);

/// What goes into every keyed hash of a host, so that two hosts differ and a run repeats.
pub type Secret = [u8; 16];

/// Chooses initial sequence numbers for one host.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct IsnSource {
    secret: Secret,
    /// How many [`Isn::Random`] numbers were chosen before: what makes them differ from one open to the next.
    chosen: u64,
}

impl IsnSource {
    pub(crate) const fn new(secret: Secret) -> Self {
        Self { secret, chosen: 0 }
    }

    /// What this host's keyed hashes are made with.
    pub(crate) const fn secret(&self) -> Secret {
        self.secret
    }

    /// ISN = M + F(4-tuple, secret), where M is the clock and F a keyed hash (RFC 6528 §3).
    pub(crate) fn choose(&mut self, selection: &Selection, now: Instant, tuple: FourTuple) -> SeqNum {
        match selection.isn {
            Isn::Constant => CONSTANT,
            Isn::Clock => self.keyed(tuple, 0) + low_bits(now.as_nanos() / selection.isn_tick.as_nanos()),
            Isn::Random => {
                self.chosen += 1;
                self.keyed(tuple, self.chosen)
            }
        }
    }

    /// Where the timestamp clock towards a peer starts (RFC 7323 §7.1): the same for every connection between the two
    /// addresses, so that one incarnation's timestamps can be compared with the next one's (RFC 6191).
    pub(crate) fn timestamp_offset(&self, tuple: FourTuple) -> u32 {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        hasher.write(b"timestamps");
        for socket in [tuple.local, tuple.remote] {
            hasher.write_u32(u32::from(*socket.ip()).to_le());
        }
        low_bits(hasher.finish())
    }

    fn keyed(&self, tuple: FourTuple, salt: u64) -> SeqNum {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        for socket in [tuple.local, tuple.remote] {
            hasher.write_u32(u32::from(*socket.ip()).to_le());
            hasher.write_u16(socket.port().to_le());
        }
        hasher.write_u64(salt.to_le());
        SeqNum::new(low_bits(hasher.finish()))
    }
}

/// The sequence space is a circle of 2³²: only the low half of a word is of use.
#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
const fn low_bits(word: u64) -> u32 {
    word as u32
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddrV4};

    use sim_time::Duration;

    use super::*;
    use crate::testing;

    fn tuple(port: u16) -> FourTuple {
        let socket = |last, port| SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, last), port);
        FourTuple { local: socket(1, port), remote: socket(2, 80) }
    }

    fn selection(isn: Isn) -> Selection {
        Selection { isn, ..testing::limits().selection }
    }

    #[test]
    fn the_clock_counts_its_ticks() {
        for (tick_nanos, ticks) in [(4_000, 250_000), (64, 15_625_000)] {
            let selection = Selection { isn_tick: Duration::from_nanos(tick_nanos), ..selection(Isn::Clock) };
            let mut source = IsnSource::new([7; 16]);
            let first = source.choose(&selection, Instant::ZERO, tuple(5000));
            let later = source.choose(&selection, Instant::ZERO + Duration::from_secs(1), tuple(5000));
            assert_eq!(later - first, ticks);
        }
    }

    #[test]
    fn another_tuple_or_secret_starts_elsewhere() {
        let selection = selection(Isn::Clock);
        let isn = |secret, port| IsnSource::new([secret; 16]).choose(&selection, Instant::ZERO, tuple(port));
        assert_ne!(isn(7, 5000), isn(7, 5001));
        assert_ne!(isn(7, 5000), isn(8, 5000));
    }

    /// RFC 6528 §3: each part of the connection's name has its share in F.
    #[test]
    fn every_part_of_the_tuple_counts() {
        let selection = selection(Isn::Clock);
        let socket = |last, port| SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, last), port);
        let names = [
            (socket(1, 5000), socket(2, 80)),
            (socket(3, 5000), socket(2, 80)),
            (socket(1, 5001), socket(2, 80)),
            (socket(1, 5000), socket(3, 80)),
            (socket(1, 5000), socket(2, 81)),
            (socket(2, 80), socket(1, 5000)),
        ];
        let mut source = IsnSource::new([7; 16]);
        let mut isns =
            names.map(|(local, remote)| source.choose(&selection, Instant::ZERO, FourTuple { local, remote }).raw());
        isns.sort_unstable();
        assert!(isns.windows(2).all(|pair| pair[0] != pair[1]), "{isns:?}");
    }

    /// RFC 6528 §3: the same name at another time is as far on as the clock, whatever was opened in between.
    #[test]
    fn other_opens_do_not_move_the_numbers() {
        let selection = selection(Isn::Clock);
        let later = Instant::ZERO + Duration::from_micros(40);
        let mut source = IsnSource::new([7; 16]);
        let first = source.choose(&selection, Instant::ZERO, tuple(5000));
        for port in 6000..6100 {
            source.choose(&selection, Instant::ZERO, tuple(port));
        }
        assert_eq!(source.choose(&selection, later, tuple(5000)) - first, 10);
    }

    /// RFC 7323 §7.1, RFC 6191 §3: an offset of its own for each pair of hosts, the same for all of their connections, so that the
    /// clock goes on from one incarnation to the next.
    #[test]
    fn timestamps_start_elsewhere_for_each_pair_of_hosts() {
        let source = IsnSource::new([7; 16]);
        let offset = source.timestamp_offset(tuple(5000));
        assert_eq!(source.timestamp_offset(tuple(5001)), offset);
        let other = FourTuple { remote: SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 3), 80), ..tuple(5000) };
        assert_ne!(source.timestamp_offset(other), offset);
        assert_ne!(IsnSource::new([8; 16]).timestamp_offset(tuple(5000)), offset);
    }

    #[test]
    fn random_differs_each_time_and_constant_never() {
        let mut source = IsnSource::new([7; 16]);
        let mut choose = |how| source.choose(&selection(how), Instant::ZERO, tuple(5000));
        assert_ne!(choose(Isn::Random), choose(Isn::Random));
        assert_eq!(choose(Isn::Constant), choose(Isn::Constant));
    }

    /// The numbers are part of every record stream: they may not change from machine to machine or release to release.
    #[test]
    fn the_hash_is_the_same_everywhere() {
        let isn = IsnSource::new([7; 16]).choose(&selection(Isn::Clock), Instant::ZERO, tuple(5000));
        assert_eq!(isn.raw(), 855_531_327);
    }
}
