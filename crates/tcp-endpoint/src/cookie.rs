//! Cookies: what a server hands to a client instead of remembering it. A SYN cookie is a sequence number (RFC 4987 §3.6
//! and appendix A), a fast open cookie an option (RFC 7413 §4.1.2); both are keyed hashes that age.

use std::hash::Hasher;
use std::net::Ipv4Addr;

use sim_time::{Duration, Instant};
use siphasher::sip::SipHasher24;

use crate::isn::Secret;
use crate::patience::Patience;
use crate::segment::{FastOpen, FourTuple, Segment};
use crate::seq::SeqNum;
use crate::settings::{Settings, SynData};

/// The segment sizes a SYN cookie can remember, in two bits: what a client can take at least (Linux's four).
const MSS_CLASSES: [u16; 4] = [536, 1300, 1440, 1460];

/// Bits of a SYN cookie below the time count.
const COUNT_SHIFT: u32 = 24;

/// The sequence number that answers a SYN: a hash that only this host can make, plus the client's number, plus the time
/// count in the upper eight bits, plus a hash over that count with the class of the client's segment size.
pub(crate) fn syn_cookie(
    secret: Secret,
    tuple: FourTuple,
    irs: SeqNum,
    mss: u16,
    (now, period): (Instant, Duration),
) -> SeqNum {
    let count = count(now, period);
    let class = MSS_CLASSES.iter().rposition(|&class| class <= mss).unwrap_or(0);
    let class = u32::try_from(class).expect("four classes");
    let low = tuple_hash(secret, tuple, count).wrapping_add(class) & ((1 << COUNT_SHIFT) - 1);
    irs + tuple_hash(secret, tuple, u64::MAX).wrapping_add(low_bits(count) << COUNT_SHIFT).wrapping_add(low)
}

/// The segment size that a cookie vouches for, if this host made it for that SYN, in this period or the last.
pub(crate) fn check_syn_cookie(
    secret: Secret,
    tuple: FourTuple,
    irs: SeqNum,
    cookie: SeqNum,
    (now, period): (Instant, Duration),
) -> Option<u16> {
    let rest = (cookie - irs).wrapping_sub(tuple_hash(secret, tuple, u64::MAX));
    let now_count = count(now, period);
    let age = low_bits(now_count).wrapping_sub(rest >> COUNT_SHIFT) & 0xff;
    let then = now_count.checked_sub(u64::from(age)).filter(|_| age < 2)?;
    let class = rest.wrapping_sub(tuple_hash(secret, tuple, then)) & ((1 << COUNT_SHIFT) - 1);
    MSS_CLASSES.get(class as usize).copied()
}

/// The fast open cookie of a client's address.
pub(crate) fn fast_open_cookie(secret: Secret, client: Ipv4Addr, now: Instant, key_lifetime: Patience) -> u64 {
    fast_open_hash(secret, client, key_number(now, key_lifetime))
}

/// Whether a fast open cookie was made for the address, by the present key or the one before.
fn check_fast_open_cookie(secret: Secret, client: Ipv4Addr, cookie: u64, now: Instant, key_lifetime: Patience) -> bool {
    let key = key_number(now, key_lifetime);
    cookie == fast_open_hash(secret, client, key)
        || key.checked_sub(1).is_some_and(|last| cookie == fast_open_hash(secret, client, last))
}

/// The fast open cookie that the answer to a SYN brings: this host's own for the sender, if the SYN has the option and shows no
/// good one (RFC 7413 §4.2.2).
pub(crate) fn granted_by<P>(secret: Secret, settings: &Settings, syn: &Segment<P>, now: Instant) -> Option<u64> {
    syn.options.fast_open?;
    let wanted = settings.handshake.syn_data == SynData::Cookie && !is_shown_by(secret, settings, syn, now);
    let lifetime = settings.limits.backlog.fast_open_key_lifetime;
    wanted.then(|| fast_open_cookie(secret, *syn.source.ip(), now, lifetime))
}

/// Whether a SYN shows a fast open cookie that this host gave its sender.
pub(crate) fn is_shown_by<P>(secret: Secret, settings: &Settings, syn: &Segment<P>, now: Instant) -> bool {
    let Some(FastOpen::Cookie(cookie)) = syn.options.fast_open else { return false };
    let lifetime = settings.limits.backlog.fast_open_key_lifetime;
    settings.handshake.syn_data == SynData::Cookie
        && check_fast_open_cookie(secret, *syn.source.ip(), cookie, now, lifetime)
}

fn count(now: Instant, period: Duration) -> u64 {
    now.as_nanos() / period.as_nanos()
}

fn key_number(now: Instant, lifetime: Patience) -> u64 {
    lifetime.limit().map_or(0, |lifetime| now.as_nanos() / lifetime.as_nanos())
}

fn tuple_hash(secret: Secret, tuple: FourTuple, salt: u64) -> u32 {
    let mut hasher = SipHasher24::new_with_key(&secret);
    hasher.write(b"syn cookie");
    for socket in [tuple.local, tuple.remote] {
        hasher.write_u32(u32::from(*socket.ip()).to_le());
        hasher.write_u16(socket.port().to_le());
    }
    hasher.write_u64(salt.to_le());
    low_bits(hasher.finish())
}

fn fast_open_hash(secret: Secret, client: Ipv4Addr, key: u64) -> u64 {
    let mut hasher = SipHasher24::new_with_key(&secret);
    hasher.write(b"fast open");
    hasher.write_u32(u32::from(client).to_le());
    hasher.write_u64(key.to_le());
    hasher.finish()
}

/// A hash, or a count that wraps, of which the low half is of use.
#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
const fn low_bits(word: u64) -> u32 {
    word as u32
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddrV4;

    use super::*;
    use crate::testing::at;

    const SECRET: Secret = [7; 16];
    const PERIOD: Duration = Duration::from_secs(64);
    const CLIENT: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

    fn tuple(port: u16) -> FourTuple {
        let server = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80);
        FourTuple { local: server, remote: SocketAddrV4::new(CLIENT, port) }
    }

    fn made_at(millis: u64, mss: u16) -> SeqNum {
        syn_cookie(SECRET, tuple(5000), SeqNum::new(77), mss, (at(millis), PERIOD))
    }

    fn checked_at(millis: u64, cookie: SeqNum) -> Option<u16> {
        check_syn_cookie(SECRET, tuple(5000), SeqNum::new(77), cookie, (at(millis), PERIOD))
    }

    #[test]
    fn a_syn_cookie_brings_back_the_class_of_the_segment_size() {
        for (mss, class) in [(88, 536), (536, 536), (1299, 536), (1300, 1300), (1459, 1440), (1460, 1460), (9000, 1460)]
        {
            assert_eq!(checked_at(5000, made_at(0, mss)), Some(class));
        }
    }

    #[test]
    fn a_syn_cookie_is_good_for_its_own_period_and_the_next() {
        // Eight bits of the number of the period are in it.
        for start in [0, 1, 2, 254, 255, 1000].map(|period| period * 64_000) {
            let cookie = made_at(start + 63_000, 1460);
            for (millis, good) in
                [(63_000, true), (64_000, true), (127_999, true), (128_000, false), (20_000_000, false)]
            {
                assert_eq!(checked_at(start + millis, cookie).is_some(), good, "{start} and {millis} ms");
            }
        }
        assert_eq!(checked_at(1000, made_at(64_000, 1460)), None, "and not before it was made");
    }

    #[test]
    fn a_syn_cookie_is_good_for_nobody_else() {
        let cookie = made_at(0, 1460);
        let check =
            |secret, port, irs| check_syn_cookie(secret, tuple(port), SeqNum::new(irs), cookie, (at(0), PERIOD));
        assert!(check(SECRET, 5000, 77).is_some());
        assert_eq!(check(SECRET, 5001, 77), None);
        assert_eq!(check(SECRET, 5000, 7700), None);
        assert_eq!(check([8; 16], 5000, 77), None);
    }

    #[test]
    fn a_fast_open_cookie_ages_with_its_key() {
        let lifetime = Patience::For(Duration::from_secs(10));
        let cookie = fast_open_cookie(SECRET, CLIENT, at(9000), lifetime);
        for (millis, good) in [(0, true), (19_999, true), (20_000, false)] {
            assert_eq!(check_fast_open_cookie(SECRET, CLIENT, cookie, at(millis), lifetime), good, "{millis} ms");
        }
        let other = Ipv4Addr::new(10, 0, 0, 9);
        assert!(!check_fast_open_cookie(SECRET, other, cookie, at(9000), lifetime));
        let for_ever = fast_open_cookie(SECRET, CLIENT, at(0), Patience::Forever);
        assert!(check_fast_open_cookie(SECRET, CLIENT, for_ever, at(u64::from(u32::MAX)), Patience::Forever));
    }
}
