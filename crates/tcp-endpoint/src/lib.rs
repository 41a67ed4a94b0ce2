//! A TCP host as a state machine without I/O: segments, calls and deadlines go in, [`Effect`]s come out.

mod effect;
mod host;
mod payload;
pub mod presets;
mod segment;
mod seq;
mod settings;
mod state;

pub use effect::{Acknowledged, Effect, EntryKind, Handle, Notice, Reason, Transition, Transmission};
pub use host::{Effects, Host, Received, Secret, Status, UserError};
pub use payload::Payload;
pub use segment::{Flags, FourTuple, Segment};
pub use seq::SeqNum;
pub use settings::{
    AckTiming, Commit, CrossingSyn, DuplicateSyn, Handshake, Isn, Limits, Proof, Settings, Teardown, Unexpected,
};
pub use state::State;
