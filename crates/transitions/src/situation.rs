//! When two lives are in the same situation, so that one of them need not be looked at.

use tcp_endpoint::{EntryKind, State};

use crate::life::{Done, Life};

/// What decides what can happen next. Numbers count from the initial sequence numbers; times, and how often a timer expired, are
/// left out.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Situation {
    state: Option<State>,
    kind: Option<EntryKind>,
    listening: bool,
    /// Whether the application holds something, and whether that goes on.
    held: Option<bool>,
    /// Connections that wait to be accepted: none, or some.
    waiting: u32,
    /// SND.UNA, SND.NXT and RCV.NXT.
    numbers: Option<(u32, u32, Option<u32>)>,
    /// Octets that are not acknowledged, and not read.
    octets: Option<(u64, u64)>,
    /// What is remembered: of the peer, of a name that is held down.
    remembers: (bool, bool),
    timed: bool,
    done: Done,
    peer: (bool, bool),
    crowded: bool,
}

impl Situation {
    pub(crate) fn of(life: &Life) -> Self {
        let status = life.status();
        let status = status.as_ref();
        Self {
            state: status.map(|status| status.state),
            kind: life.kind(),
            listening: life.listening,
            held: life.handle.map(|_| life.holds_live()),
            waiting: life.host.queued(crate::peer::HERE.port(), tcp_endpoint::Queue::Accept).min(1),
            numbers: status.map(|status| {
                let received = status.receive_next.zip(status.irs).map(|(next, irs)| next - irs);
                (status.send_unacknowledged - status.iss, status.send_next - status.iss, received)
            }),
            octets: status.map(|status| (status.unacknowledged_octets, status.unread_octets)),
            remembers: (life.has(EntryKind::Peer), life.has(EntryKind::HoldDown)),
            timed: life.is_timed(),
            done: life.done,
            peer: life.peer.knows(),
            crowded: life.crowded,
        }
    }
}
