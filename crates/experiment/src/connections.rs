//! The connections between hosts as whoever watches the wire knows them: by their sockets, from their first SYN on.

use std::collections::BTreeMap;
use std::net::SocketAddrV4;

use rustc_hash::FxHashMap;
use tcp_endpoint::{Flags, SeqNum, Timestamps};

use crate::HostId;

/// All connections so far, those of each two hosts counted in the order of their first SYNs.
///
/// A SYN opens another connection on the sockets of an old one if it comes from the old one's opener and has another number. A
/// forged SYN makes a connection only where there is none to disturb.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connections {
    /// In the order of their first SYNs.
    known: Vec<Connection>,
    /// The place of the last one between two sockets, the lower one first.
    last: FxHashMap<[SocketAddrV4; 2], usize>,
    /// How many there are between two hosts, the lower one first.
    counts: BTreeMap<[HostId; 2], u32>,
}

/// One connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Connection {
    /// Its sockets, that of its first SYN first.
    sockets: [SocketAddrV4; 2],
    /// The hosts of these; none where nobody has the address.
    hosts: [Option<HostId>; 2],
    /// Its ordinal among those between its hosts, from 1; 0 if one of them is none.
    ordinal: u32,
    /// What each end sent last on these sockets: an initial sequence number, and timestamps.
    initial: [Option<SeqNum>; 2],
    timestamps: [Option<Timestamps>; 2],
}

/// What is seen of a segment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    /// Its sockets, the sender's first.
    pub(crate) sockets: [SocketAddrV4; 2],
    /// The hosts of these, if they are anyone's.
    pub(crate) hosts: [Option<HostId>; 2],
    /// Its control bits.
    pub(crate) flags: Flags,
    /// SEG.SEQ.
    pub(crate) seq: SeqNum,
    /// Its timestamps.
    pub(crate) timestamps: Option<Timestamps>,
    /// Whether no endpoint sent it.
    pub(crate) forged: bool,
}

impl Connections {
    /// Takes note of the next segment; returns the ordinal of its connection, 0 if it belongs to none that is counted.
    pub(crate) fn see(&mut self, seen: &Seen) -> u32 {
        if seen.flags.syn() {
            self.see_syn(seen);
        }
        let Some(connection) = self.last_mut(seen.sockets) else { return 0 };
        if let (false, Some(place)) = (seen.forged, connection.place(seen.sockets)) {
            connection.timestamps[place] = seen.timestamps.or(connection.timestamps[place]);
        }
        connection.ordinal
    }

    fn see_syn(&mut self, seen: &Seen) {
        let Some(known) = self.last_mut(seen.sockets) else { return self.open(seen, None) };
        let place = known.place(seen.sockets).unwrap_or_default();
        if seen.forged {
            return;
        }
        let opens = place == 0 && !seen.flags.ack() && known.initial[0] != Some(seen.seq);
        if opens {
            let before = *known;
            self.open(seen, Some(before));
        } else {
            known.initial[place] = Some(seen.seq);
        }
    }

    /// Another connection begins, `before` was the last one on its sockets.
    fn open(&mut self, seen: &Seen, before: Option<Connection>) {
        let Seen { sockets, hosts, seq, .. } = *seen;
        let ordinal = match hosts {
            [Some(from), Some(to)] => {
                let count = self.counts.entry(in_order([from, to])).or_default();
                *count += 1;
                *count
            }
            _ => 0,
        };
        let initial = [Some(seq), before.and_then(|before| before.initial[1])];
        let timestamps = before.map_or([None; 2], |before| before.timestamps);
        self.last.insert(in_order(sockets), self.known.len());
        self.known.push(Connection { sockets, hosts, ordinal, initial, timestamps });
    }

    /// The sockets of the connection of that ordinal between two hosts, those of the first host first.
    pub(crate) fn sockets(&self, ordinal: u32, [from, to]: [HostId; 2]) -> Option<[SocketAddrV4; 2]> {
        self.known.iter().filter(|known| known.ordinal == ordinal).find_map(|known| {
            let [first, second] = known.sockets;
            match known.hosts {
                [Some(opener), Some(other)] if (opener, other) == (from, to) => Some([first, second]),
                [Some(opener), Some(other)] if (opener, other) == (to, from) => Some([second, first]),
                _ => None,
            }
        })
    }

    /// The last initial sequence number sent from the first of two sockets to the second.
    pub(crate) fn initial(&self, sockets: [SocketAddrV4; 2]) -> Option<SeqNum> {
        let known = self.last(sockets)?;
        known.initial[known.place(sockets)?]
    }

    /// The timestamps that the last segment from the first of two sockets to the second carried.
    pub(crate) fn timestamps(&self, sockets: [SocketAddrV4; 2]) -> Option<Timestamps> {
        let known = self.last(sockets)?;
        known.timestamps[known.place(sockets)?]
    }

    /// The last connection between two sockets, in either direction.
    fn last(&self, sockets: [SocketAddrV4; 2]) -> Option<&Connection> {
        self.known.get(*self.last.get(&in_order(sockets))?)
    }

    fn last_mut(&mut self, sockets: [SocketAddrV4; 2]) -> Option<&mut Connection> {
        self.known.get_mut(*self.last.get(&in_order(sockets))?)
    }
}

impl Connection {
    /// Which of its ends sends from the first of two sockets to the second.
    fn place(&self, sockets: [SocketAddrV4; 2]) -> Option<usize> {
        let [first, second] = self.sockets;
        [[first, second], [second, first]].iter().position(|own| *own == sockets)
    }
}

/// The lower one of two first.
fn in_order<T: Ord + Copy>([one, other]: [T; 2]) -> [T; 2] {
    if other < one { [other, one] } else { [one, other] }
}
