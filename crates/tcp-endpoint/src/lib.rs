//! A TCP host as a state machine without I/O.
//!
//! Segments, calls and deadlines go in as arguments of [`Host`]'s methods, [`Effect`]s come out. The host sees no clock
//! (time is an argument), no queue, no network and no random generator (what looks random is a keyed hash of a secret
//! it is given), so the same code is simulated, searched and tested by tables.
//!
//! It implements connection management as RFC 9293 and its neighbours have it ([`requirements`] lists what is met, and
//! where), and the deviations that [`Settings`] name. Data is carried to make opening and closing real: reliable, in
//! order, within windows that open and close, and nothing more.

mod asked;
mod challenge;
mod connection;
mod cookie;
mod draft;
mod effect;
mod ends;
mod fifo;
mod half_open;
mod handle;
mod hold_down;
mod host;
mod identity;
mod interface;
mod isn;
mod mss;
mod packed;
mod patience;
mod payload;
mod peer;
mod port_range;
mod port_search;
mod ports;
pub mod presets;
mod remains;
pub mod requirements;
mod rto;
mod segment;
mod seq;
mod settings;
mod state;
mod step;
mod table;
#[cfg(test)]
mod tables;
mod taken;
mod tcb;
#[cfg(test)]
mod testing;
mod tick;
mod timestamps;

pub use effect::{Acknowledged, Effect, Effects, Notice, Purpose, Queue, Reason, Timer, Transition, Transmission};
pub use handle::{EntryKind, Handle};
pub use host::Host;
pub use interface::{Preferences, Received, Status, UserError};
pub use isn::Secret;
pub use patience::Patience;
pub use payload::Payload;
pub use port_range::PortRange;
pub use segment::{FastOpen, Flags, FourTuple, Options, Segment, Timestamps};
pub use seq::SeqNum;
pub use settings::{
    AbortReset, AckCheck, AckTiming, Acknowledgment, Backlog, ChallengeLimit, Checks, Close, Commit, CrossingSyn,
    DuplicateSyn, FinAcknowledgment, GiveUp, HalfOpenCheck, Handshake, HandshakeRetries, Isn, Keepalive,
    KeepaliveHeard, Limits, Persistence, PortSelection, Proof, Remembers, RtoFloor, RtoUnmeasured, SegmentSizes,
    Selection, SequenceCheck, Settings, SynData, SynInTimeWait, Teardown, TimeWaitOwner, TimeWaitRestart, Timers,
    TimestampCheck, Unexpected, WindowProbe,
};
pub use state::State;
