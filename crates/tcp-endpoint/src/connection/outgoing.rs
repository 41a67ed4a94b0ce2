//! What the application sends: queued, cut into segments, kept until it is acknowledged.

use sim_time::Instant;

use crate::fifo::Fifo;
use crate::interface::UserError;
use crate::payload::Payload;
use crate::segment::Flags;
use crate::seq::SeqNum;

/// The send queue and the retransmission queue (RFC 9293 §3.10.7.4, "retransmission queue").
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Outgoing<P> {
    /// One entry for each SEND, or what is left of it.
    unsent: Fifo<P>,
    /// Segments on the way, oldest first; they are sent again as they are.
    flight: Fifo<Piece<P>>,
    fin: Fin,
}

/// How far our own close has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Fin {
    Open,
    Queued,
    Sent,
}

/// A segment's worth of data, a FIN, or both.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Piece<P> {
    pub(crate) seq: SeqNum,
    pub(crate) data: P,
    push: bool,
    pub(crate) fin: bool,
    /// Times it was sent.
    pub(crate) sent: u32,
    /// When it was sent first.
    sent_at: Instant,
    /// Whether a timeout has passed over it since it was sent last.
    pub(crate) lost: bool,
}

/// How the next new segment is cut, in octets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cut {
    /// What a segment carries at most.
    pub(super) mss: u32,
    /// What the peer's window has room for.
    pub(super) room: u32,
    /// What a segment that does not end its SEND carries at least.
    pub(super) least: u32,
}

impl<P: Payload> Piece<P> {
    /// The control bits it goes out with.
    pub(super) const fn flags(&self) -> Flags {
        let flags = if self.push { Flags::ACK.with(Flags::PSH) } else { Flags::ACK };
        if self.fin { flags.with(Flags::FIN) } else { flags }
    }

    fn end(&self) -> SeqNum {
        self.seq + self.data.len() + u32::from(self.fin)
    }
}

impl<P: Payload> Outgoing<P> {
    pub(crate) const fn new() -> Self {
        Self { unsent: Fifo::new(), flight: Fifo::new(), fin: Fin::Open }
    }

    /// What was queued and sent, to be kept elsewhere.
    pub(super) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new())
    }

    /// SEND (RFC 9293 §3.10.2).
    pub(crate) fn send(&mut self, data: P) -> Result<(), UserError> {
        if self.closed() {
            return Err(UserError::Closing);
        }
        self.queue(data);
        Ok(())
    }

    pub(crate) fn queue(&mut self, data: P) {
        if !data.is_empty() {
            self.unsent.push_back(data);
        }
    }

    /// A FIN follows what was queued.
    pub(crate) fn queue_fin(&mut self) {
        if self.fin == Fin::Open {
            self.fin = Fin::Queued;
        }
    }

    /// A FIN follows what was sent, and what was queued never leaves.
    pub(crate) fn close_at_once(&mut self) {
        self.unsent.clear();
        self.queue_fin();
    }

    /// Whether the sending direction is closed, as far as the application is concerned.
    pub(crate) fn closed(&self) -> bool {
        self.fin != Fin::Open
    }

    /// Whether our FIN was sent.
    pub(crate) fn fin_left(&self) -> bool {
        self.fin == Fin::Sent
    }

    /// Whether our FIN was sent and acknowledged.
    pub(crate) fn fin_acknowledged(&self) -> bool {
        self.fin == Fin::Sent && !self.in_flight()
    }

    /// Whether data waits to be sent for the first time.
    pub(crate) fn has_unsent(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Whether anything waits to be sent for the first time: data, or the FIN.
    pub(crate) fn has_new(&self) -> bool {
        self.fin == Fin::Queued || self.has_unsent()
    }

    /// Whether anything sent is unacknowledged.
    pub(crate) fn in_flight(&self) -> bool {
        !self.flight.is_empty()
    }

    /// Octets of data that were queued and are not acknowledged.
    pub(crate) fn unacknowledged_octets(&self) -> u64 {
        let flight = self.flight.iter().map(|piece| &piece.data);
        self.unsent.iter().chain(flight).map(|data| u64::from(data.len())).sum()
    }

    /// The oldest segment on the way that a timeout has passed over.
    pub(crate) fn next_lost(&mut self) -> Option<&mut Piece<P>> {
        self.flight.iter_mut().find(|piece| piece.lost)
    }

    /// Joins what was sent behind the segment that is to be sent next again to it, up to `room` octets in all.
    pub(crate) fn merge_lost(&mut self, room: u32) {
        let Some(first) = self.flight.iter().position(|piece| piece.lost) else { return };
        while let Some(next) = self.flight.get(first + 1)
            && self.flight.get(first).is_some_and(|merged| merged.data.len() + next.data.len() <= room)
        {
            let Some(Piece { data, push, fin, .. }) = self.flight.remove(first + 1) else { return };
            let Some(merged) = self.flight.get_mut(first) else { return };
            if merged.data.append(data).is_err() {
                unreachable!("octets of one connection, one behind the other");
            }
            (merged.push, merged.fin) = (merged.push | push, merged.fin | fin);
        }
    }

    /// The oldest segment on the way.
    pub(crate) fn first_in_flight(&mut self) -> Option<&mut Piece<P>> {
        self.flight.front_mut()
    }

    /// The newest segment on the way.
    pub(crate) fn last_in_flight(&mut self) -> Option<&mut Piece<P>> {
        self.flight.back_mut()
    }

    /// How many segments are on the way.
    pub(crate) fn segments_in_flight(&self) -> usize {
        self.flight.len()
    }

    /// When the oldest segment on the way was sent first.
    pub(crate) fn oldest_sent_at(&self) -> Option<Instant> {
        self.flight.front().map(|piece| piece.sent_at)
    }

    /// A timeout: everything on the way is to be sent again, in order (go-back-N).
    pub(crate) fn presume_lost(&mut self) {
        for piece in self.flight.iter_mut() {
            piece.lost = true;
        }
    }

    /// Cuts the next segment: at most `mss` octets of data, the FIN with the last of them, and no more of both than the
    /// peer's window has room for: a FIN takes a sequence number, too (RFC 9293 §3.4). One that does not end its SEND has
    /// `least` octets or is not worth it.
    pub(crate) fn next_new(
        &mut self,
        seq: SeqNum,
        Cut { mss, room, least }: Cut,
        now: Instant,
    ) -> Option<&mut Piece<P>> {
        if room == 0 {
            return None;
        }
        let (data, push) = self.cut(mss.min(room), least)?;
        let fin = self.fin == Fin::Queued && self.unsent.is_empty() && data.len() < room;
        if fin {
            self.fin = Fin::Sent;
        }
        self.flight.push_back(Piece { seq, data, push, fin, sent: 0, sent_at: now, lost: false });
        self.flight.back_mut()
    }

    /// Data for one segment, and whether it ends where a SEND ended; a lone FIN carries none. A segment never joins two
    /// SENDs, as with Nagle's algorithm off.
    fn cut(&mut self, most: u32, least: u32) -> Option<(P, bool)> {
        match self.unsent.front_mut() {
            None => (self.fin == Fin::Queued).then(|| (P::default(), false)),
            Some(first) if first.len() > most => (most >= least).then(|| (first.split_to(most), false)),
            Some(_) => self.unsent.pop_front().map(|data| (data, true)),
        }
    }

    /// Forgets what `ack` covers. Returns the time at which the newest segment it covers was sent, unless one of the
    /// segments was sent more than once (Karn's rule, RFC 6298 §3).
    pub(crate) fn acknowledge(&mut self, ack: SeqNum) -> Option<Instant> {
        let mut timed = None;
        let mut ambiguous = false;
        while let Some(first) = self.flight.front_mut() {
            if first.end().after(ack) {
                if first.seq.before(ack) {
                    let covered = ack - first.seq;
                    let _ = first.data.split_to(covered);
                    first.seq = ack;
                }
                break;
            }
            ambiguous |= first.sent > 1;
            timed = Some(first.sent_at);
            self.flight.pop_front();
        }
        timed.filter(|_| !ambiguous)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    const START: SeqNum = SeqNum::new(u32::MAX - 5);

    fn sent(outgoing: &mut Outgoing<Vec<u8>>, seq: SeqNum, room: u32, now: u64) -> Option<(usize, bool, bool)> {
        let piece = outgoing.next_new(seq, Cut { mss: 10, room, least: 8 }, at(now))?;
        piece.sent += 1;
        Some((piece.data.len(), piece.push, piece.fin))
    }

    #[test]
    fn cuts_sends_and_lets_the_fin_ride_on_the_last() {
        let mut outgoing = Outgoing::new();
        outgoing.queue(vec![0; 15]);
        outgoing.queue(vec![0; 5]);
        outgoing.queue_fin();
        assert_eq!(sent(&mut outgoing, START, 21, 0), Some((10, false, false)));
        assert_eq!(sent(&mut outgoing, START + 10, 0, 0), None, "the window is full");
        assert_eq!(sent(&mut outgoing, START + 10, 11, 0), Some((5, true, false)));
        assert_eq!(sent(&mut outgoing, START + 15, 6, 0), Some((5, true, true)));
        assert_eq!(sent(&mut outgoing, START + 21, 10, 0), None);
        assert!(!outgoing.fin_acknowledged());
        outgoing.acknowledge(START + 21);
        assert!(outgoing.fin_acknowledged());
    }

    #[test]
    fn what_is_lost_takes_in_what_was_sent_behind_it() {
        let mut outgoing = Outgoing::new();
        for _ in 0..3 {
            outgoing.queue(vec![0; 10]);
        }
        outgoing.queue_fin();
        for n in 0..3_u32 {
            sent(&mut outgoing, START + 10 * n, 1000, 0);
        }
        outgoing.presume_lost();
        outgoing.merge_lost(25);
        let piece = outgoing.next_lost().expect("all are");
        assert_eq!((piece.data.len(), piece.fin), (20, false), "the third has no room");
        outgoing.merge_lost(30);
        let piece = outgoing.next_lost().expect("all are");
        assert_eq!((piece.data.len(), piece.fin, piece.push), (30, true, true));
        piece.sent += 1;
        assert_eq!(outgoing.segments_in_flight(), 1);
        assert_eq!(outgoing.acknowledge(START + 31), None, "it was not sent as it is");
    }

    #[test]
    fn a_fin_needs_room_as_an_octet_does() {
        let mut outgoing = Outgoing::new();
        outgoing.queue(vec![0; 10]);
        outgoing.queue_fin();
        assert_eq!(sent(&mut outgoing, START, 10, 0), Some((10, true, false)), "the window is full");
        assert_eq!(sent(&mut outgoing, START + 10, 0, 0), None);
        assert_eq!(sent(&mut outgoing, START + 10, 1, 0), Some((0, false, true)));
    }

    #[test]
    fn times_what_was_sent_once() {
        let mut outgoing = Outgoing::new();
        for n in 0..3_u32 {
            outgoing.queue(vec![0; 10]);
            sent(&mut outgoing, START + 10 * n, 1000, u64::from(n));
        }
        assert_eq!(outgoing.acknowledge(START + 5), None);
        assert_eq!(outgoing.unacknowledged_octets(), 25);
        assert_eq!(outgoing.acknowledge(START + 20), Some(at(1)));
        outgoing.presume_lost();
        outgoing.next_lost().expect("one is left").sent += 1;
        assert_eq!(outgoing.acknowledge(START + 30), None);
        assert!(!outgoing.in_flight());
    }
}
