//! The one stream of records a run produces: what happened, because of what. Metrics, ladder, explanation, trace and digest are
//! folds over it.

mod fields;
mod samples;

use std::fmt;
use std::net::SocketAddrV4;
use std::num::NonZeroU32;

use net_link::Fate;
use sim_time::Instant;
use tcp_endpoint::{
    Acknowledged, EntryKind, Flags, FourTuple, Notice, Options, Purpose, Queue, Reason, SeqNum, State, Timer,
};

use crate::holdings::Transfer;
pub use samples::samples;

pub use fields::{
    Fields, Value, awaited_word, call_word, cause_word, loss_word, memory_word, purpose_word, queue_word, reason_word,
    timer_word,
};

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

/// The place of a record in its stream, from 0. It names the record, and what the record tells: a segment is named by the
/// record of its sending, a call by that of the call. It takes no more room where there may be none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordId(NonZeroU32);

impl RecordId {
    /// The record at that place.
    ///
    /// # Panics
    ///
    /// If it is `u32::MAX`: a run tells no more than 2³² − 1 records.
    #[must_use]
    pub const fn new(place: u32) -> Self {
        Self(NonZeroU32::new(place.wrapping_add(1)).expect("a run tells no more than 2³² - 1 records"))
    }

    /// Its place.
    #[must_use]
    pub const fn place(self) -> u32 {
        self.0.get() - 1
    }
}

impl fmt::Debug for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.place())
    }
}

/// The records without which a record would not exist, in the order of the stream: none of a root, otherwise up to three.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Because([Option<RecordId>; 3]);

impl Because {
    /// A root: nothing in the stream brought it about.
    pub const ROOT: Self = Self([None; 3]);

    /// One cause.
    #[must_use]
    pub const fn of(cause: RecordId) -> Self {
        Self([Some(cause), None, None])
    }

    /// With another cause. Where there are three already, the latest of the four is left out.
    #[must_use]
    pub const fn and(mut self, cause: RecordId) -> Self {
        let (mut next, mut place) = (cause, 0);
        while place < self.0.len() {
            match self.0[place] {
                None => {
                    self.0[place] = Some(next);
                    break;
                }
                Some(other) if other.place() == next.place() => break,
                Some(other) if other.place() > next.place() => {
                    self.0[place] = Some(next);
                    next = other;
                }
                Some(_) => {}
            }
            place += 1;
        }
        self
    }

    /// The causes as 32 bits each, one more than its place; 0 where there is none.
    #[must_use]
    pub fn bits(self) -> [u32; 3] {
        self.0.map(|id| id.map_or(0, |RecordId(number)| number.get()))
    }

    /// The first cause; none of a root.
    #[must_use]
    pub const fn first(self) -> Option<RecordId> {
        self.0[0]
    }

    /// The causes.
    pub fn iter(self) -> impl Iterator<Item = RecordId> {
        self.0.into_iter().flatten()
    }
}

impl FromIterator<RecordId> for Because {
    fn from_iter<I: IntoIterator<Item = RecordId>>(causes: I) -> Self {
        causes.into_iter().fold(Self::ROOT, Self::and)
    }
}

/// One thing that happened: when, because of what, and what it changed at once.
#[derive(Clone, PartialEq, Debug)]
pub struct Record {
    /// Its place in the stream.
    pub id: RecordId,
    /// When.
    pub at: Instant,
    /// The records without which it would not exist.
    pub because: Because,
    /// What.
    pub event: Event,
    /// What changed with it: memory, timers, workers, and what applications were told. A [`Fold`] is given these one by one.
    pub changes: Vec<Change>,
}

/// What changes with a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// The host.
    pub host: HostId,
    /// The connection.
    pub incarnation: Incarnation,
    /// What changes.
    pub what: What,
}

/// What changes for a connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum What {
    /// The host takes memory for it.
    Held {
        /// For what.
        memory: Memory,
        /// How many octets.
        octets: u64,
    },
    /// The host gives that memory back.
    Released {
        /// For what.
        memory: Memory,
        /// How many octets.
        octets: u64,
    },
    /// A timer of it is set, anew or for another time.
    Armed {
        /// Which. The host has one deadline for each entry, that of the timer that fires first.
        timer: Timer,
        /// When it is to fire.
        deadline: Instant,
    },
    /// A timer of it is stopped.
    Disarmed {
        /// Which.
        timer: Timer,
    },
    /// The endpoint tells its application something.
    Told {
        /// What.
        notice: Notice,
    },
    /// A worker begins with it, or is done with it.
    Served {
        /// Whether it begins.
        begins: bool,
    },
}

/// What happened.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// A server's script begins to listen: a root.
    Script {
        /// The host.
        host: HostId,
        /// The script's place among those of its host.
        script: u16,
    },
    /// A session arrives at a client's script: a root.
    Session {
        /// The host.
        host: HostId,
        /// The script's place among those of its host.
        script: u16,
        /// The session's ordinal among those of the script, from 0.
        session: u32,
    },
    /// An application's wait, work or patience is over.
    Woken {
        /// The host.
        host: HostId,
        /// Ordinal of the script's run among the host's, from 0.
        application: u32,
    },
    /// A segment was offered to a link, which decided its whole fate. One that was forged is a root.
    Sent(Sent),
    /// A copy of a segment arrived. The record of its sending is the cause.
    Delivered {
        /// The host it came to.
        to: HostId,
        /// The connection it came to, if there is one of its name.
        incarnation: Option<Incarnation>,
        /// 0 for the first copy, n for duplicate n.
        copy: u32,
        /// Whether its sender no longer held the TCB that sent it, or had retransmitted it since. A reset says itself
        /// that there is no TCB: it is stale if its sender holds one by now, and another than the one that sent it.
        stale: bool,
        /// Whether it was forged and the connection took it for its peer's: its state, RCV.NXT or SND.UNA is another by it.
        misleads: bool,
    },
    /// A copy of a segment arrived at a host that did not listen to it. It counts as neither delivered nor lost. The record of
    /// its sending is the cause.
    Unheard {
        /// The host it came to.
        to: HostId,
        /// 0 for the first copy, n for duplicate n.
        copy: u32,
        /// Why.
        deaf: Deaf,
    },
    /// A host crashed: all that its TCP and its applications knew is gone, and nothing was sent. What it held is released
    /// by the changes that follow.
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
    /// A timer of a connection fires. The record with which it was set is the cause.
    TimerFired {
        /// The host.
        host: HostId,
        /// The connection.
        incarnation: Incarnation,
        /// Which timer.
        timer: Timer,
    },
    /// An application made a call.
    Call {
        /// The host.
        host: HostId,
        /// Ordinal of the script's run among the host's, from 0.
        application: u32,
        /// The connection; none if the call found none, or made none.
        incarnation: Option<Incarnation>,
        /// The peer's socket; none if the call found no connection.
        remote: Option<SocketAddrV4>,
        /// The call.
        call: Call,
        /// How it ended.
        outcome: Outcome,
    },
    /// Octets that an application sent can no longer be received: the sending connection is gone and no segment brings
    /// them any more, or they had arrived and the receiving connection went, or its application closed, before anyone read
    /// them.
    DataLost {
        /// The host whose application sent them.
        host: HostId,
        /// The connection.
        incarnation: Incarnation,
        /// How many.
        octets: u64,
    },
    /// A listening port had no room for a segment: it was dropped, or the oldest entry of a cache makes room for it. The record
    /// with which the queue became full is a cause.
    Overflow {
        /// The host.
        host: HostId,
        /// The port.
        port: u16,
        /// What was full.
        queue: Queue,
        /// How many are in it.
        held: u32,
        /// Since when it was full: the newest in it came then.
        since: Instant,
    },
    /// A SYN was refused without an answer: its 4-tuple, or the whole host after a reboot, is held down.
    HeldDown {
        /// The host.
        host: HostId,
        /// The port.
        port: u16,
    },
    /// A client has to wait at a server: its segment was dropped for want of room or because of a hold-down, its entry was
    /// thrown out of a cache, or its connection needs a worker and none is free.
    Waits {
        /// The server.
        host: HostId,
        /// The port.
        port: u16,
        /// The client's attempt.
        attempt: Attempt,
        /// What it waits for.
        scarce: Scarce,
        /// The script for whose worker it waits, if it waits for a turn of those of one script.
        script: Option<u16>,
        /// How many there are of that; 0 of hold-downs, and of workers that the application has not or whose number has no
        /// limit.
        places: u32,
        /// Since when all of them are taken, if they are and there are any: the newest in them came then.
        since: Option<Instant>,
        /// What is to blame, if useless connections take room that the client could have; `None` if only useful ones do.
        blame: Option<Blame>,
        /// What was to blame until now, if the client waits already: it was refused anew, for other reasons.
        before: Option<Option<Blame>>,
    },
    /// Those who wait for a worker at a port wait because of another useless connection from now on, or of useful ones.
    InTheWay {
        /// The server.
        host: HostId,
        /// The port.
        port: u16,
        /// The script for whose worker they wait, if they wait for a turn of those of one script.
        script: Option<u16>,
        /// How many clients wait.
        clients: u32,
        /// What was to blame until now.
        before: Option<Blame>,
        /// What is to blame.
        blame: Option<Blame>,
    },
    /// Such a wait is over.
    WaitOver {
        /// The server.
        host: HostId,
        /// The client's attempt.
        attempt: Attempt,
        /// What was to blame last.
        blame: Option<Blame>,
        /// How it ended.
        end: WaitEnd,
    },
    /// Ground truth gives a connection another verdict.
    Judged {
        /// The host.
        host: HostId,
        /// The connection.
        incarnation: Incarnation,
        /// The verdict.
        worth: Worth,
    },
    /// The run ends, and a script's run is not over. What brought it to its step, or last moved it there, is the cause.
    Unfinished(Unfinished),
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

impl Event {
    /// How many clients more wait at a server from this event on, and because of what; fewer if the number is negative.
    pub fn waiting(&self) -> impl Iterator<Item = (HostId, Option<Blame>, i64)> + use<> {
        let shifts = match *self {
            Self::Waits { host, blame, before, .. } => {
                [before.map(|before| (host, before, -1)), Some((host, blame, 1))]
            }
            Self::InTheWay { host, clients, before, blame, .. } => {
                let clients = i64::from(clients);
                [Some((host, before, -clients)), Some((host, blame, clients))]
            }
            Self::WaitOver { host, blame, .. } => [Some((host, blame, -1)), None],
            _ => [None, None],
        };
        shifts.into_iter().flatten()
    }
}

/// How a client's wait at a server ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum WaitEnd {
    /// It has what it waited for.
    Served,
    /// Its connection was over before.
    TurnedAway,
    /// Its own host crashed.
    Crashed,
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
    /// What it says beyond the fixed header. It is neither in the digest nor in a trace.
    pub options: Options,
    /// Octets of data.
    pub octets: u32,
    /// How many octets its applications had sent on the attempt before these. It names them, and is neither in the digest
    /// nor in a trace: SEG.SEQ is. Meaningless without data.
    pub offset: u64,
    /// The attempt it goes back to.
    pub attempt: Attempt,
    /// The connection that sent it; `None` for an answer outside any connection, and for a forged segment.
    pub incarnation: Option<Incarnation>,
    /// The last connection of the same name at the other end, or the one that an answer outside any connection goes to.
    pub peer: Option<Incarnation>,
    /// Why it was sent; a forged one answers nothing.
    pub purpose: Option<Purpose>,
    /// How often the same sequence space was sent before: n for retransmission n.
    pub retransmission: u32,
    /// The furthest thing it acknowledges.
    pub acknowledges: Acknowledged,
    /// Whether it was put on the wire by no endpoint. Then `from` is the host whose address it bears, if one has it.
    pub forged: bool,
    /// The injection (its place in the file's list, from 0) that it is one of. It is not in the digest.
    pub injection: Option<u16>,
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
    /// Its initial send sequence number.
    pub iss: SeqNum,
    /// Its initial receive sequence number, once known.
    pub irs: Option<SeqNum>,
    /// The longest chain of segments, each sent after the one before it came, of which the last has come to it.
    pub trips: u32,
}

impl StateChange {
    /// Whether an application's open succeeds with it.
    #[must_use]
    pub const fn opens(&self) -> bool {
        !self.passive && matches!(self.from, State::SynSent | State::SynReceived) && self.to.synchronized()
    }
}

/// A script's run that is not over when the run ends. A server's that waits in `accept` is none: it listens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unfinished {
    /// The host.
    pub host: HostId,
    /// Ordinal of the script's run among the host's, from 0.
    pub application: u32,
    /// The script's place among those of its host.
    pub script: u16,
    /// The ordinal of the step that it waits in, from 1.
    pub step: u32,
    /// The connection that it plays on, if it has one.
    pub incarnation: Option<Incarnation>,
    /// The peer's socket, if it has a connection.
    pub remote: Option<SocketAddrV4>,
    /// What it waits for.
    pub awaits: Awaited,
    /// Octets that the step has received so far.
    pub octets: u64,
    /// When it came to the step, or last received octets there.
    pub since: Instant,
}

/// What a script's run waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Awaited {
    /// The opening of its connection.
    Opening,
    /// So many octets.
    Octets,
    /// The peer's end of data.
    EndOfData,
    /// A time: the end of a wait or of work.
    Time,
    /// A worker.
    Worker,
    /// The reboot of its host.
    Reboot,
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
    /// RECEIVE returned octets.
    Receive {
        /// How many.
        octets: u64,
        /// How many of them an attempt other than the connection's own had sent.
        stale: u64,
    },
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
    /// Passive, in SYN-RECEIVED, with nobody at the other end.
    Abandoned(Blame),
    /// Passive, ESTABLISHED or later, never bound to a client, with nobody at the other end.
    Ghost(Blame),
    /// Any other connection with nobody at the other end.
    Bereft(Blame),
}

impl Worth {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        fields::worth_word(self).0
    }

    /// What is to blame, if it is of no use.
    #[must_use]
    pub const fn blame(self) -> Option<Blame> {
        match self {
            Self::Useful => None,
            Self::Abandoned(blame) | Self::Ghost(blame) | Self::Bereft(blame) => Some(blame),
        }
    }

    /// Whether both are the same verdict, whatever is to blame.
    #[must_use]
    pub(crate) fn is_as(self, other: Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(&other)
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
    /// The record it goes back to: a segment, a crash, a call, an overflow, an eviction; `None` where none is known.
    pub record: Option<RecordId>,
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
    Forged,
    /// A host crashed.
    Crash,
    /// An application gave up, aborted, or does not close.
    Application,
    /// A queue, a cache, a table or a pool was full.
    Capacity,
    /// A box in the network. There is none yet.
    Middlebox,
    /// Nothing that is known.
    Unknown,
}

/// A consumer of records. A run that needs several takes a tuple of them.
pub trait Fold {
    /// Takes one record; they come in the order in which things happened. What changes with it follows.
    fn record(&mut self, record: &Record);

    /// Takes what changes with the last record.
    fn change(&mut self, at: Instant, change: &Change) {
        let _ = (at, change);
    }

    /// Takes what is held for whom from now on, if it is told so by [`crate::Holdings`].
    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        let _ = (at, transfer);
    }

    /// Takes a record that was kept, with all that changed.
    fn replay(&mut self, record: &Record) {
        self.record(record);
        for change in &record.changes {
            self.change(record.at, change);
        }
    }
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

    #[inline(always)]
    fn change(&mut self, at: Instant, change: &Change) {
        if let Some(fold) = self {
            fold.change(at, change);
        }
    }

    #[inline(always)]
    fn transfer(&mut self, at: Instant, transfer: &Transfer) {
        if let Some(fold) = self {
            fold.transfer(at, transfer);
        }
    }
}

macro_rules! pass_on {
    ($($pointer:ty),*) => {$(
        impl<F: Fold + ?Sized> Fold for $pointer {
            #[inline(always)]
            fn record(&mut self, record: &Record) {
                (**self).record(record);
            }

            #[inline(always)]
            fn change(&mut self, at: Instant, change: &Change) {
                (**self).change(at, change);
            }

            #[inline(always)]
            fn transfer(&mut self, at: Instant, transfer: &Transfer) {
                (**self).transfer(at, transfer);
            }
        }
    )*};
}

pass_on!(&mut F, Box<F>);

macro_rules! tuple {
    ($($fold:ident $place:tt),*) => {
        impl<$($fold: Fold),*> Fold for ($($fold,)*) {
            #[inline(always)]
            fn record(&mut self, record: &Record) {
                $(self.$place.record(record);)*
            }

            #[inline(always)]
            fn change(&mut self, at: Instant, change: &Change) {
                $(self.$place.change(at, change);)*
            }

            #[inline(always)]
            fn transfer(&mut self, at: Instant, transfer: &Transfer) {
                $(self.$place.transfer(at, transfer);)*
            }
        }
    };
}

tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);

/// Keeps the whole stream.
impl Fold for Vec<Record> {
    #[inline(always)]
    fn record(&mut self, record: &Record) {
        self.push(record.clone());
    }

    #[inline(always)]
    fn change(&mut self, _at: Instant, change: &Change) {
        if let Some(last) = self.last_mut() {
            last.changes.push(*change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_there_may_be_no_record_takes_no_room() {
        assert_eq!(size_of::<Option<RecordId>>(), size_of::<RecordId>());
        assert_eq!(size_of::<Because>(), 12);
        assert_eq!(RecordId::new(0).place(), 0);
        assert_eq!(format!("{:?}", RecordId::new(8)), "#8");
    }

    #[test]
    fn causes_stand_in_the_order_of_the_stream() {
        let [one, two, three, four] = [1, 2, 3, 4].map(RecordId::new);
        assert_eq!(Because::ROOT.first(), None);
        assert_eq!(Because::of(three).and(one).and(three), Because([Some(one), Some(three), None]));
        assert_eq!(
            [four, two, three, one].into_iter().collect::<Because>(),
            Because([Some(one), Some(two), Some(three)])
        );
    }
}
