//! The octets of a segment: an IPv4 packet, as it would be on the wire.

use std::io::Write;

use etherparse::{IpNumber, Ipv4Header, TcpHeader};
use experiment::record::{RecordId, Sent};
use tcp_endpoint::{FastOpen, Options};

use crate::hosts::Hosts;

/// Hops that are left to a packet. No link takes one away.
const TIME_TO_LIVE: u8 = 64;
/// The most that a window says without scaling, and a total length in all.
const WORD: u32 = 65_535;
/// A line of data has so many octets.
const LINE: u64 = 64;

/// Window scaling (RFC 7323 §2). The endpoint knows windows as they are; what is on the wire follows from the largest
/// one of each host. No SYN has the option unless a host of the run needs it: then each has.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Scales(Option<Vec<u8>>);

impl Scales {
    pub(super) fn of(windows: &[u32]) -> Self {
        let needed = windows.iter().any(|window| *window > WORD);
        Self(needed.then(|| windows.iter().map(|window| shift(*window)).collect()))
    }

    /// The scale that the sender's SYN announces, if it has the option. A sender that is nobody needs none.
    fn announced(&self, sent: &Sent) -> Option<u8> {
        let scales = self.0.as_ref()?;
        Some(sent.from.and_then(|from| scales.get(usize::from(from.0))).copied().unwrap_or(0))
    }

    /// What the field of the header says. That of a SYN is never scaled; what does not fit is cut.
    fn field(&self, sent: &Sent) -> u16 {
        let shift = if sent.flags.syn() { 0 } else { self.announced(sent).unwrap_or(0) };
        u16::try_from(sent.window >> shift).unwrap_or(u16::MAX)
    }
}

/// The smallest shift with which a window fits its field.
fn shift(window: u32) -> u8 {
    (0..14).find(|shift| window >> shift <= WORD).unwrap_or(14)
}

/// The packet of a segment. Its identification is the low half of the record's place: what a host sends again is another
/// packet, and a copy that the network makes is the same.
pub(super) fn packet(id: RecordId, sent: &Sent, scales: &Scales, hosts: &Hosts) -> Vec<u8> {
    let mut tcp = TcpHeader::new(sent.source.port(), sent.destination.port(), sent.seq.raw(), scales.field(sent));
    tcp.syn = sent.flags.syn();
    tcp.fin = sent.flags.fin();
    tcp.rst = sent.flags.rst();
    tcp.psh = sent.flags.psh();
    tcp.ack = sent.flags.ack();
    if tcp.ack {
        tcp.acknowledgment_number = sent.ack.raw();
    }
    let scale = scales.announced(sent).filter(|_| tcp.syn);
    tcp.set_options_raw(&options(sent, scale)).expect("all options together take 40 octets");

    let room = WORD as usize - Ipv4Header::MIN_LEN - tcp.header_len();
    let data = data(sent, hosts, room);
    let length = u16::try_from(tcp.header_len() + data.len()).expect("no more than there is room for");
    let ends = [sent.source, sent.destination].map(|socket| socket.ip().octets());
    let mut ip = Ipv4Header::new(length, TIME_TO_LIVE, IpNumber::TCP, ends[0], ends[1]).expect("it fits");
    ip.identification = low_half(id.place());
    ip.dont_fragment = true;
    ip.header_checksum = ip.calc_header_checksum();
    tcp.checksum = tcp.calc_checksum_ipv4(&ip, &data).expect("it fits");

    let mut octets = Vec::with_capacity(Ipv4Header::MIN_LEN + usize::from(length));
    octets.extend_from_slice(&ip.to_bytes());
    octets.extend_from_slice(&tcp.to_bytes());
    octets.extend_from_slice(&data);
    octets
}

#[expect(clippy::cast_possible_truncation, reason = "that is what it is for")]
const fn low_half(word: u32) -> u16 {
    word as u16
}

/// The options, in an order in which they fit: at most 4 + 4 + 12 + 12 + 8 octets.
fn options(sent: &Sent, scale: Option<u8>) -> Vec<u8> {
    const NO_OPERATION: u8 = 1;
    let Options { timestamps, mss, fast_open, count } = sent.options;
    let mut octets = Vec::with_capacity(40);
    if let Some(mss) = mss {
        octets.extend([2, 4]);
        octets.extend(mss.to_be_bytes());
    }
    if let Some(scale) = scale {
        octets.extend([NO_OPERATION, 3, 3, scale]);
    }
    if let Some(stamps) = timestamps {
        octets.extend([NO_OPERATION, NO_OPERATION, 8, 10]);
        octets.extend(stamps.value.to_be_bytes());
        // RFC 7323 §3.2: zero where it is not valid.
        let echo = if sent.flags.ack() { stamps.echo } else { 0 };
        octets.extend(echo.to_be_bytes());
    }
    match fast_open {
        Some(FastOpen::Request) => octets.extend([NO_OPERATION, NO_OPERATION, 34, 2]),
        Some(FastOpen::Cookie(cookie)) => {
            octets.extend([NO_OPERATION, NO_OPERATION, 34, 10]);
            octets.extend(cookie.to_be_bytes());
        }
        None => {}
    }
    if let Some(count) = count {
        // CC of a SYN, CC.ECHO of what answers it (RFC 1644 §3.1).
        let kind = if sent.flags.ack() { 13 } else { 11 };
        octets.extend([NO_OPERATION, NO_OPERATION, kind, 6]);
        octets.extend(count.to_be_bytes());
    }
    octets
}

/// The data: at most `room` octets. Octets that are sent again are the same.
fn data(sent: &Sent, hosts: &Hosts, room: usize) -> Vec<u8> {
    let wanted = usize::try_from(sent.octets).unwrap_or(usize::MAX).min(room);
    let mut octets = Vec::with_capacity(wanted + 2 * LINE as usize);
    let (mut line, skipped) = (sent.offset - sent.offset % LINE, (sent.offset % LINE) as usize);
    while octets.len() < wanted + skipped {
        octets.extend(self::line(sent, hosts, line));
        line += LINE;
    }
    octets.drain(..skipped);
    octets.truncate(wanted);
    octets
}

/// The octets of a stream from a multiple of 64 on: text that says which they are, and whose.
fn line(sent: &Sent, hosts: &Hosts, from: u64) -> [u8; LINE as usize] {
    let mut line = [b'.'; LINE as usize];
    let mut room = &mut line[..];
    // What has no room is left out.
    let _ = if sent.forged {
        write!(room, "octet {from}, forged ")
    } else {
        let sender = sent.from.map_or("nobody", |from| hosts.name(from));
        let attempt = sent.attempt;
        write!(room, "octet {from} of {sender}, attempt {} of {} ", attempt.ordinal, hosts.name(attempt.host))
    };
    line[LINE as usize - 1] = b'\n';
    line
}
