//! What the peer sends: put in order, kept until the application takes it.

use crate::fifo::Fifo;
use crate::payload::Payload;
use crate::seq::SeqNum;
use crate::settings::SegmentSizes;

/// The receive sequence variables and the data behind them.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Incoming<P> {
    pub(crate) irs: SeqNum,
    /// RCV.NXT: next expected.
    pub(crate) nxt: SeqNum,
    /// RCV.NXT + RCV.WND: where the window ends that was offered last. It is never taken back (SHLD-14).
    edge: SeqNum,
    /// What it was once the peer's SYN was taken, with the data in it.
    opened_to: SeqNum,
    /// In order, not yet taken by the application.
    unread: Fifo<P>,
    /// RCV.USER: octets in it.
    unread_octets: u32,
    /// Ahead of RCV.NXT: disjoint, by sequence number.
    ahead: Vec<(SeqNum, P)>,
    /// Sequence numbers of the FINs that came ahead of their turn: the peer has one, and what is forged or of an old
    /// incarnation must not keep it out.
    fins: Vec<SeqNum>,
    /// Whether everything up to the peer's FIN has come.
    finished: bool,
}

impl<P: Payload> Incoming<P> {
    /// Nothing has come but the peer's SYN; behind it `window` octets are offered.
    pub(crate) fn new(irs: SeqNum, window: u32) -> Self {
        let nxt = irs + 1;
        Self {
            irs,
            nxt,
            edge: nxt + window,
            opened_to: nxt,
            unread: Fifo::new(),
            unread_octets: 0,
            ahead: Vec::new(),
            fins: Vec::new(),
            finished: false,
        }
    }

    /// RCV.WND: how many octets the peer has been offered beyond RCV.NXT.
    pub(crate) fn window(&self) -> u32 {
        self.edge - self.nxt
    }

    /// The window that a segment offers which leaves now (§3.8.6.2.2): its right edge moves by a step that is worth it, or as
    /// far as it can be at all.
    pub(crate) fn offer(&mut self, sizes: &SegmentSizes) -> u32 {
        self.edge = self.next_edge(sizes);
        self.window()
    }

    /// Whether the window is all but closed, and need not be: the peer may be waiting to hear that.
    pub(crate) fn can_reopen(&self, sizes: &SegmentSizes) -> bool {
        self.window() < sizes.least_step() && !self.finished && self.next_edge(sizes) != self.edge
    }

    /// Where the window would end that were offered now.
    fn next_edge(&self, sizes: &SegmentSizes) -> SeqNum {
        if self.unread_octets == 0 {
            return self.nxt + sizes.window; // the rule below, for what is so as a rule
        }
        let widest = sizes.window.min(sizes.buffer().saturating_sub(self.unread_octets));
        let edge = self.nxt + widest;
        let is_step = widest == sizes.window || edge - self.edge >= sizes.least_step();
        if edge.after(self.edge) && is_step { edge } else { self.edge }
    }

    /// Takes the data and the FIN that came with the peer's SYN, as [`Incoming::take`] does.
    pub(crate) fn take_with_syn(&mut self, data: P, fin: bool, keep: bool) {
        let _ = self.take(self.irs + 1, data, fin, keep);
        self.opened_to = self.nxt;
    }

    /// Takes the part of a segment that is new and in the window, data and FIN alike; `keep` is false where no application
    /// is left to read it. Returns whether the application has something new to look at.
    ///
    /// What is in order is taken before anything that waits behind a gap (RFC 9293 §3.10.7.4, seventh and eighth), so that
    /// nothing can have come earlier that keeps it out.
    pub(crate) fn take(&mut self, mut seq: SeqNum, mut data: P, fin: bool, keep: bool) -> bool {
        if self.finished {
            return false;
        }
        let (before, end, window) = (self.nxt, seq + data.len(), self.window());
        let fin = fin && end.within(self.nxt, window);
        if seq.before(self.nxt) {
            let old = (self.nxt - seq).min(data.len());
            let _ = data.split_to(old);
            seq = self.nxt;
        }
        let room = window - (seq - self.nxt).min(window);
        if data.len() > room {
            data = data.split_to(room);
        }
        if seq == self.nxt {
            self.take_in_order(data, keep);
            if fin {
                self.finish();
            } else {
                self.advance(keep);
            }
        } else {
            self.hold_ahead(seq, data);
            if fin && !self.fins.contains(&end) {
                self.fins.push(end);
            }
        }
        self.nxt != before
    }

    /// Moves RCV.NXT over the octets that come next.
    fn take_in_order(&mut self, data: P, keep: bool) {
        self.nxt += data.len();
        if keep && !data.is_empty() {
            self.append(data);
        }
    }

    /// Sorts data in among what is ahead; what is there already stays as it is.
    fn hold_ahead(&mut self, mut seq: SeqNum, mut data: P) {
        let mut place = 0;
        while !data.is_empty() {
            let Some((start, held)) = self.ahead.get(place) else {
                self.ahead.push((seq, data));
                return;
            };
            let (start, end) = (*start, *start + held.len());
            if seq.before(start) {
                let gap = (start - seq).min(data.len());
                self.ahead.insert(place, (seq, data.split_to(gap)));
                seq += gap;
                place += 1;
            }
            if seq.before(end) && !data.is_empty() {
                let covered = (end - seq).min(data.len());
                let _ = data.split_to(covered);
                seq += covered;
            }
            place += 1;
        }
    }

    /// Moves RCV.NXT over everything that is in order now, a FIN included.
    fn advance(&mut self, keep: bool) {
        while !self.fins.contains(&self.nxt)
            && let Some((start, _)) = self.ahead.first()
            && start.at_or_before(self.nxt)
        {
            let (start, mut data) = self.ahead.remove(0);
            let old = (self.nxt - start).min(data.len());
            let _ = data.split_to(old);
            self.take_in_order(data, keep);
        }
        if self.fins.contains(&self.nxt) {
            self.finish();
        }
        // A FIN that data has run over belonged to something else.
        self.fins.retain(|fin| fin.after(self.nxt));
    }

    /// Moves RCV.NXT over the peer's FIN: nothing comes behind it.
    fn finish(&mut self) {
        self.nxt += 1;
        self.finished = true;
        (self.ahead, self.fins) = (Vec::new(), Vec::new());
    }

    fn append(&mut self, data: P) {
        self.unread_octets += data.len();
        match self.unread.back_mut() {
            None => self.unread.push_back(data),
            Some(last) => {
                if let Err(data) = last.append(data) {
                    self.unread.push_back(data);
                }
            }
        }
    }

    /// Whether everything up to the peer's FIN has come.
    pub(crate) const fn finished(&self) -> bool {
        self.finished
    }

    /// Whether nothing has come but the peer's SYN, and what came with it.
    pub(crate) fn untouched(&self) -> bool {
        self.nxt == self.opened_to && self.ahead.is_empty()
    }

    /// Whether something ahead of RCV.NXT came, and what lies between did not.
    pub(crate) const fn has_gap(&self) -> bool {
        !self.ahead.is_empty() || !self.fins.is_empty()
    }

    /// Octets of the peer that have come in order, modulo 2³².
    pub(crate) fn received(&self) -> u32 {
        self.nxt - self.irs - 1 - u32::from(self.finished)
    }

    /// Octets that wait for the application.
    pub(crate) const fn unread_octets(&self) -> u32 {
        self.unread_octets
    }

    /// Hands over at most `limit` octets.
    pub(crate) fn read(&mut self, limit: u32, into: &mut Vec<P>) -> u32 {
        let mut left = limit;
        while left > 0 {
            let Some(first) = self.unread.front_mut() else { break };
            if first.len() > left {
                into.push(first.split_to(left));
                left = 0;
            } else if let Some(data) = self.unread.pop_front() {
                left -= data.len();
                into.push(data);
            }
        }
        self.unread_octets -= limit - left;
        limit - left
    }

    /// A reset throws away what was not read: nobody may take what comes next for the end of the peer's data.
    pub(crate) fn flush(&mut self) {
        self.finished &= self.unread_octets == 0;
        self.discard();
    }

    /// Forgets what no one will read.
    pub(crate) fn discard(&mut self) {
        (self.unread, self.unread_octets) = (Fifo::new(), 0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const IRS: SeqNum = SeqNum::new(u32::MAX - 3);

    fn read_all(incoming: &mut Incoming<Vec<u8>>) -> Vec<u8> {
        let mut pieces = Vec::new();
        incoming.read(u32::MAX, &mut pieces);
        pieces.concat()
    }

    fn sizes(window: u32, receive_buffer: u32) -> SegmentSizes {
        SegmentSizes { window, receive_buffer, mss: 10 }
    }

    /// SHLD-14, MUST-39: the window is whole as long as there is room for it; then its edge moves by a segment or half the
    /// window, and never back.
    #[test]
    fn a_window_closes_and_opens_by_whole_segments() {
        let sizes = sizes(40, 60);
        let mut incoming = Incoming::new(IRS, 40);
        let come = |incoming: &mut Incoming<Vec<u8>>, octets| {
            incoming.take(incoming.nxt, vec![0; octets], false, true);
            incoming.offer(&sizes)
        };
        assert_eq!([come(&mut incoming, 15), come(&mut incoming, 5)], [40, 40], "there is room for all of it");
        assert_eq!([come(&mut incoming, 9), come(&mut incoming, 30), come(&mut incoming, 5)], [31, 1, 0]);
        let read = |incoming: &mut Incoming<Vec<u8>>, octets| {
            incoming.read(octets, &mut Vec::new());
            (incoming.can_reopen(&sizes), incoming.offer(&sizes))
        };
        assert_eq!(read(&mut incoming, 5), (false, 0), "a silly window");
        assert_eq!(read(&mut incoming, 5), (true, 10), "a whole segment");
    }

    #[test]
    fn the_fin_counts_once_everything_before_it_came() {
        let mut incoming = Incoming::new(IRS, 100);
        assert!(!incoming.take(IRS + 4, b"def".to_vec(), true, true));
        assert_eq!((incoming.finished(), incoming.received()), (false, 0));
        assert!(incoming.take(IRS + 1, b"abc".to_vec(), false, true));
        assert_eq!((incoming.finished(), incoming.received()), (true, 6));
        assert_eq!(incoming.nxt, IRS + 8);
        assert_eq!(read_all(&mut incoming), b"abcdef");
    }

    #[test]
    fn data_runs_over_a_fin_that_does_not_belong() {
        let mut incoming = Incoming::new(IRS, 100);
        incoming.take(IRS + 3, Vec::new(), true, true);
        incoming.take(IRS + 1, b"abcdef".to_vec(), false, true);
        assert!(!incoming.finished());
        incoming.take(IRS + 7, b"g".to_vec(), true, true);
        assert!(incoming.finished());
        assert_eq!(read_all(&mut incoming), b"abcdefg");
    }

    #[test]
    fn nothing_beyond_the_window_is_taken() {
        let mut incoming = Incoming::new(IRS, 4);
        incoming.take(IRS + 1, b"abcdef".to_vec(), true, true);
        assert_eq!(read_all(&mut incoming), b"abcd");
        assert_eq!(incoming.offer(&sizes(4, 4)), 4);
        assert!(incoming.take(IRS + 5, b"efghi".to_vec(), true, true));
        incoming.offer(&sizes(4, 8));
        incoming.take(IRS + 9, b"i".to_vec(), false, true);
        incoming.take(IRS + 12, b"lmn".to_vec(), false, true);
        assert_eq!(incoming.ahead, [(IRS + 12, b"l".to_vec())]);
        assert_eq!(
            (read_all(&mut incoming), incoming.finished()),
            (b"efghi".to_vec(), false),
            "the FIN was beyond it, too"
        );
    }

    /// Neither twice nor with a gap that has been filled, and what came first stays.
    #[test]
    fn what_is_ahead_is_held_once() {
        let mut incoming = Incoming::<Vec<u8>>::new(IRS, 100);
        for (seq, text) in [(5, "bbb"), (10, "dd"), (4, "xxxxxxxxx")] {
            incoming.take(IRS + seq, text.into(), false, true);
        }
        let held: Vec<_> = incoming.ahead.iter().map(|(seq, data)| (*seq - IRS, &data[..])).collect();
        assert_eq!(held, [(4, &b"x"[..]), (5, b"bbb"), (8, b"xx"), (10, b"dd"), (12, b"x")]);
    }

    #[test]
    fn what_no_one_reads_is_counted_and_not_kept() {
        let mut incoming = Incoming::new(IRS, 100);
        assert!(incoming.take(IRS + 1, b"abc".to_vec(), false, false));
        assert_eq!((incoming.received(), incoming.unread_octets()), (3, 0));
    }

    #[test]
    fn what_was_read_to_its_end_is_gone() {
        let mut incoming = Incoming::new(IRS, 100);
        incoming.take(IRS + 1, b"abc".to_vec(), false, true);
        let mut pieces = Vec::new();
        assert_eq!([3, 9].map(|limit| incoming.read(limit, &mut pieces)), [3, 0]);
        assert_eq!(pieces, [b"abc"]);
    }

    /// Whatever is held for later, data or FIN, what is in order is taken, with the octets that it says.
    #[test]
    fn nothing_ahead_keeps_out_what_is_in_order() {
        for (seq, held, fin) in [(9, "", true), (5, "", true), (3, "xxxx", false), (3, "xxxx", true), (5, "xx", true)] {
            let mut incoming = Incoming::new(IRS, 100);
            incoming.take(IRS + seq, held.into(), fin, true);
            assert!(incoming.take(IRS + 1, b"abcd".to_vec(), true, true));
            assert_eq!((read_all(&mut incoming), incoming.nxt), (b"abcd".to_vec(), IRS + 6), "{seq} {held} {fin}");
            assert!(incoming.finished());
        }
    }

    #[test]
    fn of_the_fins_ahead_the_first_in_turn_counts() {
        for fins in [[3, 7], [7, 3]] {
            let mut incoming = Incoming::new(IRS, 100);
            for fin in fins {
                incoming.take(IRS + fin, Vec::new(), true, true);
            }
            incoming.take(IRS + 1, b"abcdef".to_vec(), false, true);
            assert!(incoming.finished(), "the other was run over");
        }
    }

    proptest! {
        /// However a stream is cut, repeated and shuffled, it comes out as it went in.
        #[test]
        fn puts_any_shuffle_in_order(
            cuts in prop::collection::vec((0_u8..40, 1_u8..20), 1..40),
            limit in 1_u32..10,
        ) {
            let stream: Vec<u8> = (0..60).collect();
            let mut incoming = Incoming::new(IRS, 100);
            let whole = (0..60).step_by(7).map(|start| (start, 7)).collect::<Vec<_>>();
            for (start, len) in cuts.into_iter().chain(whole) {
                let (start, end) = (usize::from(start), usize::from(start + len).min(60));
                let seq = IRS + 1 + u32::try_from(start).unwrap();
                incoming.take(seq, stream[start..end].to_vec(), end == 60, true);
            }
            let mut pieces = Vec::new();
            while incoming.read(limit, &mut pieces) > 0 {}
            prop_assert_eq!(pieces.concat(), stream);
            prop_assert!(incoming.finished());
            prop_assert!(incoming.ahead.is_empty());
        }
    }
}
