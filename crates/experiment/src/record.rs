//! The one stream of records a run produces. Ladder, metrics, trace and digest are folds over it.

use std::fmt;
use std::net::SocketAddrV4;
use std::num::NonZeroU64;

use net_link::Fate;
use sim_time::Instant;
use tcp_endpoint::{Acknowledged, EntryKind, Flags, FourTuple, Notice, Queue, Reason, SeqNum, State};

/// A host's place in [`crate::Scenario::hosts`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct HostId(pub u16);

/// One call to open by a client application: ground truth that no protocol code can read. One with ordinal 0 is no
/// attempt: it marks what goes back to a forged segment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct Attempt {
    /// The host that opened.
    pub host: HostId,
    /// Ordinal among the host's attempts, from 1; 0 if there is none.
    pub ordinal: u32,
}

impl Attempt {
    /// What marks a forged segment that bears the address of `host`, and whatever comes of it.
    #[must_use]
    pub const fn forged(host: HostId) -> Self {
        Self { host, ordinal: 0 }
    }

    /// Whether it is no attempt, but the mark of a forged segment.
    #[must_use]
    pub const fn is_forged(self) -> bool {
        self.ordinal == 0
    }
}

/// One life of a connection on one host. The endpoint's entries bear it as their tag.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Incarnation {
    /// Its number, in the order of birth over the whole run.
    pub number: u32,
    /// The place of its row, which is another's before and after its time. It says nothing of the run: it is neither in the
    /// digest nor in a trace. A fold may keep what it knows of the life in such a place, too: see [`crate::Column`].
    pub place: u32,
}

impl Incarnation {
    /// The life of that number, in the row at that place.
    #[must_use]
    pub const fn new(number: u32, place: u32) -> Self {
        Self { number, place }
    }
}

/// A segment, by its number in the order in which segments were sent over the whole run, from 0. It takes no more room where
/// there may be none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentId(NonZeroU64);

impl SegmentId {
    /// The segment of that number.
    ///
    /// # Panics
    ///
    /// If it is `u64::MAX`: nobody sends that many.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(NonZeroU64::new(number.wrapping_add(1)).expect("nobody sends that many"))
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0.get() - 1
    }
}

impl fmt::Debug for SegmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SegmentId").field(&self.number()).finish()
    }
}

/// One thing that happened, and when.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// When.
    pub at: Instant,
    /// What.
    pub event: Event,
}

/// What happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// A segment was offered to a link, which decided its whole fate.
    Sent(Sent),
    /// A copy of a segment arrived.
    Delivered {
        /// Which.
        segment: SegmentId,
        /// The host it came to.
        to: HostId,
        /// 0 for the first copy, n for duplicate n.
        copy: u32,
        /// Whether its sender no longer held the TCB that sent it, or had retransmitted it since. A reset says itself
        /// that there is no TCB: it is stale if its sender holds one by now, and another than the one that sent it.
        stale: bool,
    },
    /// A copy of a segment arrived at a host that did not listen to it. It counts as neither delivered nor lost.
    Unheard {
        /// Which.
        segment: SegmentId,
        /// The host it came to.
        to: HostId,
        /// 0 for the first copy, n for duplicate n.
        copy: u32,
        /// Why.
        because: Deaf,
    },
    /// A host crashed: all that its TCP and its applications knew is gone, and nothing was sent. What it held is released
    /// in the records that follow.
    Crashed {
        /// The host.
        host: HostId,
    },
    /// A host is up again after a crash.
    Rebooted {
        /// The host.
        host: HostId,
        /// The end of its quiet time (RFC 9293 §3.4.3).
        quiet_until: Instant,
    },
    /// The warm-up is over: what is measured is measured from here on, until the end.
    WarmedUp,
    /// A connection changed its state.
    State(StateChange),
    /// A connection's deadline was set.
    TimerSet {
        /// The host.
        host: HostId,
        /// The connection.
        incarnation: Incarnation,
        /// When it is to fire.
        deadline: Instant,
    },
    /// A connection's deadline came.
    TimerFired {
        /// The host.
        host: HostId,
        /// The connection.
        incarnation: Incarnation,
    },
    /// An application made a call.
    Call {
        /// The host.
        host: HostId,
        /// Ordinal of the script's run among the host's, from 0.
        application: u32,
        /// The call.
        call: Call,
        /// How it ended.
        outcome: Outcome,
    },
    /// The endpoint told an application something.
    Notice {
        /// The host.
        host: HostId,
        /// The connection.
        incarnation: Incarnation,
        /// What.
        notice: Notice,
    },
    /// Octets reached an application.
    Received {
        /// The host.
        host: HostId,
        /// The connection.
        incarnation: Incarnation,
        /// How many.
        octets: u64,
        /// How many of them an attempt other than the connection's own had sent.
        stale_octets: u64,
    },
    /// Octets that an application sent can no longer be received: the sending connection is gone and no segment brings
    /// them any more, or they had arrived and the receiving connection went before anyone read them.
    DataLost {
        /// The host whose application sent them.
        host: HostId,
        /// The connection.
        incarnation: Incarnation,
        /// How many.
        octets: u64,
    },
    /// A host took memory for a connection.
    Held {
        /// The host.
        host: HostId,
        /// The connection.
        incarnation: Incarnation,
        /// For what.
        memory: Memory,
        /// How many octets.
        octets: u64,
    },
    /// It gave that memory back.
    Released {
        /// The host.
        host: HostId,
        /// The connection.
        incarnation: Incarnation,
        /// For what.
        memory: Memory,
        /// How many octets.
        octets: u64,
    },
    /// A listening port had no room for a segment, which was dropped.
    Overflow {
        /// The host.
        host: HostId,
        /// The port.
        port: u16,
        /// What was full.
        queue: Queue,
    },
    /// A SYN was refused without an answer: its 4-tuple, or the whole host after a reboot, is held down.
    HeldDown {
        /// The host.
        host: HostId,
        /// The port.
        port: u16,
    },
    /// A server's application has accepted a connection.
    Accepted {
        /// The host.
        host: HostId,
        /// The connection.
        incarnation: Incarnation,
    },
    /// A client has to wait at a server: its segment was dropped for want of room or because of a hold-down, its entry was
    /// thrown out of a cache, or its connection needs a worker and none is free.
    Waits {
        /// The server.
        host: HostId,
        /// The client's attempt.
        attempt: Attempt,
        /// What it waits for.
        scarce: Scarce,
        /// What is to blame, if useless connections take room that the client could have; `None` if only useful ones do.
        blame: Option<Blame>,
    },
    /// Such a wait is over.
    WaitOver {
        /// The server.
        host: HostId,
        /// The client's attempt.
        attempt: Attempt,
        /// What was to blame for the wait.
        blame: Option<Blame>,
        /// Whether the client is served; otherwise its connection is over.
        served: bool,
    },
    /// A worker begins with a connection, or is done with it.
    Served {
        /// The host.
        host: HostId,
        /// The connection.
        incarnation: Incarnation,
        /// Whether it begins.
        begins: bool,
    },
    /// Ground truth judges what a passive connection is worth from now on.
    Judged {
        /// The host.
        host: HostId,
        /// The connection.
        incarnation: Incarnation,
        /// The verdict.
        worth: Worth,
    },
}

/// What a host takes memory for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Memory {
    /// An entry in a table of its TCP.
    Entry(EntryKind),
    /// A socket: what an application's hold of a connection takes beside the connection itself, from the call that opens
    /// or accepts it to the one that closes it.
    Socket,
}

/// What a client may wait for at a server. The first three there are only so many of.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Scarce {
    /// Places for half-open entries, in a backlog or a cache.
    SynBacklog,
    /// Places for connections that wait to be accepted.
    AcceptQueue,
    /// Workers.
    Workers,
    /// The end of a hold-down, of its socket pair or of a whole host that has rebooted.
    HoldDown,
}

/// Why a host hears nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Deaf {
    /// It has crashed and is not up again.
    Down,
    /// It keeps quiet after a reboot (RFC 9293 §3.4.3).
    Quiet,
}

/// A segment as it was sent.
#[derive(Clone, PartialEq, Debug)]
pub struct Sent {
    /// Its number.
    pub id: SegmentId,
    /// The host that sent it; `None` if it was forged and nobody has the address it bears.
    pub from: Option<HostId>,
    /// The host it goes to, if its address is anyone's.
    pub to: Option<HostId>,
    /// The sockets.
    pub source: SocketAddrV4,
    /// The sockets.
    pub destination: SocketAddrV4,
    /// SEG.SEQ.
    pub seq: SeqNum,
    /// SEG.ACK.
    pub ack: SeqNum,
    /// Control bits.
    pub flags: Flags,
    /// SEG.WND.
    pub window: u32,
    /// Octets of data.
    pub octets: u32,
    /// The attempt it goes back to.
    pub attempt: Attempt,
    /// The connection that sent it; `None` for an answer outside any connection, and for a forged segment.
    pub incarnation: Option<Incarnation>,
    /// The last connection of the same name at the other end, or the one that an answer outside any connection goes to.
    pub peer: Option<Incarnation>,
    /// 0 for an original, n for retransmission n.
    pub retransmission: u32,
    /// The furthest thing it acknowledges.
    pub acknowledges: Acknowledged,
    /// Whether it was put on the wire by no endpoint. Then `from` is the host whose address it bears, if one has it.
    pub forged: bool,
    /// What is to blame if it was sent on behalf of a ghost or an abandoned half-open entry, or of what would be one if a
    /// listener with cookies kept any, or in answer to a segment that was.
    pub wasted: Option<Blame>,
    /// The link's decision.
    pub fate: Fate,
}

/// A connection changed its state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StateChange {
    /// The host.
    pub host: HostId,
    /// The connection.
    pub incarnation: Incarnation,
    /// The attempt it goes back to.
    pub attempt: Attempt,
    /// Its name on the host.
    pub tuple: FourTuple,
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// Why.
    pub reason: Reason,
    /// Whether a peer's SYN opened it.
    pub passive: bool,
    /// The longest chain of segments, each sent after the one before it came, of which the last has come to it.
    pub trips: u32,
}

/// An application's call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// Active OPEN.
    Connect,
    /// A waiting connection is taken.
    Accept,
    /// SEND of that many octets.
    Send(u64),
    /// RECEIVE returned that many octets.
    Receive(u64),
    /// Half-close.
    Shutdown,
    /// Close.
    Close,
    /// Abort.
    Abort,
}

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was done and the peer's end of data was reached.
    EndOfData,
    /// It failed.
    Failed(tcp_endpoint::UserError),
}

impl Outcome {
    /// Why it failed, if it did.
    #[must_use]
    pub fn failure(self) -> Option<String> {
        match self {
            Self::Done | Self::EndOfData => None,
            Self::Failed(error) => Some(error.to_string()),
        }
    }
}

/// What a connection is worth, judged by what the other end really is (see the vocabulary in ARCHITECTURE.md).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Worth {
    /// Someone is, or will be, there.
    Useful,
    /// Passive, in SYN-RECEIVED, without a live peer.
    Abandoned(Blame),
    /// Passive, ESTABLISHED or later without a live peer, and no client was ever bound to it.
    Ghost(Blame),
    /// Of either side: the other end was bound to it and is gone, unheard.
    Bereft(Blame),
}

impl Worth {
    /// What is to blame, if it is of no use.
    #[must_use]
    pub const fn blame(self) -> Option<Blame> {
        match self {
            Self::Useful => None,
            Self::Abandoned(blame) | Self::Ghost(blame) | Self::Bereft(blame) => Some(blame),
        }
    }

    /// The same verdict, for which something else is to blame.
    #[must_use]
    pub(crate) const fn blamed_on(self, blame: Blame) -> Self {
        match self {
            Self::Useful => Self::Useful,
            Self::Abandoned(_) => Self::Abandoned(blame),
            Self::Ghost(_) => Self::Ghost(blame),
            Self::Bereft(_) => Self::Bereft(blame),
        }
    }
}

/// What is to blame for something held, or sent, for nobody.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Blame {
    /// What happened.
    pub cause: Cause,
    /// The packet it happened to; `None` where it was none, or none that is known: a crash, a call, an end of patience.
    pub packet: Option<SegmentId>,
}

/// What made a held resource useless.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Cause {
    /// A packet was lost.
    Lost,
    /// A packet was delayed.
    Delayed,
    /// A packet was duplicated.
    Duplicated,
    /// A packet was forged.
    Spoofed,
    /// A host crashed.
    Crash,
    /// An application gave up or aborted, or more asked than there was room for.
    Application,
}

/// A consumer of records. A run that needs several takes a tuple of them.
pub trait Fold {
    /// Takes one record; they come in the order in which things happened.
    fn record(&mut self, record: &Record);
}

/// Nobody listens: everything that would feed it is compiled away.
impl Fold for () {
    fn record(&mut self, _record: &Record) {}
}

/// One that may not be there.
impl<F: Fold> Fold for Option<F> {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        if let Some(fold) = self {
            fold.record(record);
        }
    }
}

impl<F: Fold + ?Sized> Fold for &mut F {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        (**self).record(record);
    }
}

impl<F: Fold + ?Sized> Fold for Box<F> {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        (**self).record(record);
    }
}

impl<A: Fold, B: Fold> Fold for (A, B) {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        self.0.record(record);
        self.1.record(record);
    }
}

impl<A: Fold, B: Fold, C: Fold> Fold for (A, B, C) {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        self.0.record(record);
        self.1.record(record);
        self.2.record(record);
    }
}

/// Keeps the whole stream.
impl Fold for Vec<Record> {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        self.push(record.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_there_may_be_no_segment_takes_no_room() {
        assert_eq!(size_of::<Option<SegmentId>>(), size_of::<SegmentId>());
        assert_eq!(SegmentId::new(0).number(), 0);
        assert_eq!(format!("{:?}", SegmentId::new(7)), "SegmentId(7)");
    }
}
