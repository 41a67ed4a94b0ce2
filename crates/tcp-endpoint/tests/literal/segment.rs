//! A segment with the names of RFC 9293 §3.3.1, and sequence arithmetic (§3.4).

use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

use tcp_endpoint::{FastOpen, Flags, Options, Segment, SeqNum, Timestamps};

/// The host under test.
pub(crate) const HOST: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 80);

/// Its peer.
pub(crate) const PEER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 5000);

/// §3.4: `a < b`, modulo 2³².
pub(crate) const fn lt(a: u32, b: u32) -> bool {
    a.wrapping_sub(b).cast_signed() < 0
}

/// §3.4: `a =< b`, modulo 2³².
pub(crate) const fn le(a: u32, b: u32) -> bool {
    !lt(b, a)
}

/// The text that belongs at a sequence number: any two segments with the same octet agree about it.
pub(crate) fn text_at(seq: u32, octets: usize) -> Vec<u8> {
    (0..octets).zip(0_u32..).map(|(_, n)| octet_at(seq.wrapping_add(n))).collect()
}

fn octet_at(seq: u32) -> u8 {
    let mixed = seq.wrapping_mul(0x9E37_79B1);
    mixed.to_be_bytes()[0]
}

/// A segment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Seg {
    /// SEG.SEQ.
    pub(crate) seq: u32,
    /// SEG.ACK; 0 without ACK.
    pub(crate) ack: u32,
    /// The control bits.
    pub(crate) ctl: Flags,
    /// SEG.WND; 0 in a RST, where it says nothing.
    pub(crate) wnd: u32,
    /// SEG.TSval and SEG.TSecr.
    pub(crate) ts: Option<(u32, u32)>,
    /// The maximum segment size option.
    pub(crate) mss: Option<u16>,
    /// The fast open option.
    pub(crate) fast_open: Option<FastOpen>,
    /// The text.
    pub(crate) text: Vec<u8>,
}

impl Seg {
    /// A segment without options and text.
    pub(crate) const fn new(seq: u32, ack: u32, ctl: Flags) -> Self {
        Self { seq, ack, ctl, wnd: 0, ts: None, mss: None, fast_open: None, text: Vec::new() }
    }

    /// SEG.LEN.
    pub(crate) fn len(&self) -> u32 {
        self.text_len() + u32::from(self.ctl.syn()) + u32::from(self.ctl.fin())
    }

    /// Octets of text.
    pub(crate) fn text_len(&self) -> u32 {
        u32::try_from(self.text.len()).expect("a segment is short")
    }

    /// The sequence number of the first octet of text.
    pub(crate) fn text_seq(&self) -> u32 {
        self.seq.wrapping_add(u32::from(self.ctl.syn()))
    }

    /// The sequence number of the FIN, or that behind the text.
    pub(crate) fn fin_seq(&self) -> u32 {
        self.text_seq().wrapping_add(self.text_len())
    }

    /// The same as the endpoint has it, from the peer to the host.
    pub(crate) fn to_host(&self) -> Segment<Vec<u8>> {
        let timestamps = self.ts.map(|(value, echo)| Timestamps { value, echo });
        Segment {
            source: PEER,
            destination: HOST,
            seq: SeqNum::new(self.seq),
            ack: SeqNum::new(self.ack),
            flags: self.ctl,
            window: self.wnd,
            options: Options { timestamps, mss: self.mss, fast_open: self.fast_open, count: None },
            payload: self.text.clone(),
        }
    }

    /// What the endpoint has sent.
    pub(crate) fn of(segment: &Segment<Vec<u8>>) -> Self {
        assert_eq!((segment.source, segment.destination), (HOST, PEER));
        assert_eq!(segment.options.count, None);
        Self {
            seq: segment.seq.raw(),
            ack: if segment.flags.ack() { segment.ack.raw() } else { 0 },
            ctl: segment.flags,
            wnd: if segment.flags.rst() { 0 } else { segment.window },
            ts: segment.options.timestamps.map(|carried| (carried.value, carried.echo)),
            mss: segment.options.mss,
            fast_open: segment.options.fast_open,
            text: segment.payload.clone(),
        }
    }
}

/// As ladders have it: `SA 100:0/201 wnd 1000 ts 5/7`.
impl fmt::Display for Seg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}:{}", self.ctl, self.seq, self.text.len())?;
        if self.ctl.ack() {
            write!(f, "/{}", self.ack)?;
        }
        write!(f, " wnd {}", self.wnd)?;
        if let Some((value, echo)) = self.ts {
            write!(f, " ts {value}/{echo}")?;
        }
        if let Some(mss) = self.mss {
            write!(f, " mss {mss}")?;
        }
        match self.fast_open {
            Some(FastOpen::Request) => write!(f, " cookie?"),
            Some(FastOpen::Cookie(cookie)) => write!(f, " cookie {cookie:x}"),
            None => Ok(()),
        }
    }
}
