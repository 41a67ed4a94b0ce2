//! A TCP host as a state machine without I/O.
//!
//! Segments, calls and deadlines go in as arguments of [`Host`]'s methods, [`Effect`]s come out. The host sees no clock
//! (time is an argument), no queue, no network and no random generator (what looks random is a keyed hash of a secret
//! it is given), so the same code is simulated, searched and tested by tables.
//!
//! It implements connection management as RFC 9293 has it, and the deviations that [`Settings`] name. Data is carried to
//! make opening and closing real: reliable, in order, within a fixed window, and nothing more.

mod challenge;
mod connection;
mod effect;
mod half_open;
mod host;
mod isn;
mod payload;
mod ports;
pub mod presets;
mod rto;
mod segment;
mod seq;
mod settings;
mod state;
mod table;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod testing;
mod tick;
mod time_wait;
mod timestamps;

pub use effect::{Acknowledged, Effect, EntryKind, Handle, Notice, Queue, Reason, Transition, Transmission};
pub use host::{Effects, Host, Received, Secret, Status, UserError};
pub use payload::Payload;
pub use segment::{Flags, FourTuple, Segment, Timestamps};
pub use seq::SeqNum;
pub use settings::{
    AbortReset, AckCheck, AckTiming, ChallengeLimit, Commit, CrossingSyn, DuplicateSyn, GiveUp, HalfOpenCheck,
    Handshake, Isn, Limits, Patience, PortRange, PortSelection, Proof, RtoFloor, Settings, SynInTimeWait, Teardown,
    TimeWaitRestart, Unexpected,
};
pub use state::State;
