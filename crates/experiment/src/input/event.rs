//! The events of a run that something can follow: a state, a call, a segment.

use net_link::{Kinds, Numbers};
use schemars::JsonSchema;
use serde::Deserialize;
use tcp_endpoint::State;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::segment;
use super::tree::Node;
use crate::{CallName, Happening, Trigger};

/// An event on a host. One key, besides `host` and `nth`, says what happens.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "Event")]
pub(super) struct Table {
    /// The host where it happens.
    host: String,
    /// A connection enters this state, such as "TIME-WAIT".
    enters: Option<StateName>,
    /// An application makes this call, whatever comes of it.
    calls: Option<CallName>,
    /// It sends a segment of this kind, or of one of several.
    sends: Option<Kinds>,
    /// A segment of this kind, or of one of several, comes to it.
    receives: Option<Kinds>,
    /// Which of these events, counted from 1. Default: 1.
    nth: Option<Numbers<1>>,
}

/// A state that a connection can enter.
#[derive(Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
enum StateName {
    Closed,
    SynSent,
    SynReceived,
    Established,
    #[serde(rename = "FIN-WAIT-1")]
    FinWait1,
    #[serde(rename = "FIN-WAIT-2")]
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

impl From<StateName> for State {
    fn from(name: StateName) -> Self {
        match name {
            StateName::Closed => Self::Closed,
            StateName::SynSent => Self::SynSent,
            StateName::SynReceived => Self::SynReceived,
            StateName::Established => Self::Established,
            StateName::FinWait1 => Self::FinWait1,
            StateName::FinWait2 => Self::FinWait2,
            StateName::CloseWait => Self::CloseWait,
            StateName::Closing => Self::Closing,
            StateName::LastAck => Self::LastAck,
            StateName::TimeWait => Self::TimeWait,
        }
    }
}

/// Reads one table, which stands at `node`.
pub(super) fn read(table: &Table, node: &Node, hosts: &[&str]) -> Result<Trigger, Diagnostics> {
    let mut errors = Diagnostics::default();
    let host = errors.keep(segment::host(node, "host", &table.host, hosts));
    let what = errors.keep(happening(table, node));
    let (Some(host), Some(what)) = (host, what) else { return Err(errors) };
    errors.or(Trigger { host, what, nth: table.nth.clone().unwrap_or(Numbers::List(vec![1])) })
}

/// The one thing that happens.
fn happening(table: &Table, node: &Node) -> Result<Happening, Diagnostic> {
    let given: Vec<(&str, Happening)> = [
        table.enters.map(|state| ("enters", Happening::Enters(state.into()))),
        table.calls.map(|call| ("calls", Happening::Calls(call))),
        table.sends.map(|kinds| ("sends", Happening::Sends(kinds))),
        table.receives.map(|kinds| ("receives", Happening::Receives(kinds))),
    ]
    .into_iter()
    .flatten()
    .collect();
    match given[..] {
        [(_, what)] => Ok(what),
        [] => Err(node.place.error("which event? one key of `enters`, `calls`, `sends`, `receives`")),
        [(first, _), (second, _), ..] => {
            Err(segment::place(node, second).error(format!("`{first}` says already what happens: one key of them")))
        }
    }
}
