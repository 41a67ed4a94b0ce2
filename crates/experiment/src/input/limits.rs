//! The groups of a host's [`Limits`], whose keys a file names without their groups.

use tcp_endpoint::{
    Acknowledgment, Backlog, Checks, Close, HandshakeRetries, Keepalive, Limits, Persistence, SegmentSizes, Selection,
    Timers,
};

use super::de::{fields_of, read_table};
use super::diagnostic::{Diagnostics, Place};
use super::tree::Table;

/// The keys of all groups, in the order of their types.
pub(super) fn keys() -> Vec<&'static str> {
    [
        fields_of::<Selection>(),
        fields_of::<Checks>(),
        fields_of::<Acknowledgment>(),
        fields_of::<Timers>(),
        fields_of::<HandshakeRetries>(),
        fields_of::<Backlog>(),
        fields_of::<Persistence>(),
        fields_of::<Keepalive>(),
        fields_of::<SegmentSizes>(),
        fields_of::<Close>(),
    ]
    .concat()
}

/// Reads every group from its part of a table; `profile` is where a missing key belongs.
pub(super) fn read(part: impl Fn(&'static [&'static str]) -> Table, profile: &Place) -> Result<Limits, Diagnostics> {
    let mut errors = Diagnostics::default();
    macro_rules! group {
        ($group:ty) => {
            errors.keep(read_table(part(fields_of::<$group>()), profile))
        };
    }
    let selection = group!(Selection);
    let checks = group!(Checks);
    let acknowledgment = group!(Acknowledgment);
    let timers = group!(Timers);
    let handshake_retries = group!(HandshakeRetries);
    let backlog = group!(Backlog);
    let persistence = group!(Persistence);
    let keepalive = group!(Keepalive);
    let sizes = group!(SegmentSizes);
    let close = group!(Close);
    let limits = || {
        Some(Limits {
            selection: selection?,
            checks: checks?,
            acknowledgment: acknowledgment?,
            timers: timers?,
            handshake_retries: handshake_retries?,
            backlog: backlog?,
            persistence: persistence?,
            keepalive: keepalive?,
            sizes: sizes?,
            close: close?,
        })
    };
    limits().ok_or(errors)
}
