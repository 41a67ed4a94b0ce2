//! The `[[inject]]` tables: forged segments, from words to [`Injection`]s.

use schemars::JsonSchema;
use serde::Deserialize;
use sim_time::{Duration, Instant};
use tcp_endpoint::Flags;

use super::diagnostic::{Diagnostic, Diagnostics, Place};
use super::forged::{FastOpen, Timestamps};
use super::host::LARGEST_WINDOW;
use super::tree::Node;
use super::{event, segment};
use crate::{Again, HostId, Injection, Position, Sockets, Stamp, Turn, When};

/// A segment that no endpoint sends: someone forges it. It goes to the receiver directly, past the link and its faults.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct Inject {
    /// When it arrives: a time of the run.
    at: Option<Duration>,
    /// The event that it follows, instead of `at`.
    after: Option<event::Table>,
    /// How long after that event it arrives. Default: "0s".
    delay: Option<Duration>,
    /// Whether it comes before or after the calls that applications make at its instant. Default: after the scripts that begin
    /// then, before those that go on.
    turn: Option<Turn>,
    /// That it comes again, and how long after one another.
    every: Option<Duration>,
    /// How often it comes in all, with `every`. Default: to the end of the run.
    times: Option<u32>,
    /// The host whose address it bears.
    from: String,
    /// The host it comes to. Default: the only other one.
    to: Option<String>,
    /// Which connection between the two it pretends to belong to, in the order of their first SYNs. Default: with `after` that
    /// of the event, otherwise 1.
    connection: Option<u32>,
    /// Its source and destination port, instead of a connection's.
    ports: Option<[u16; 2]>,
    /// The flags: letters of S, F, R, P, A, such as "RA", or words, such as "SYN-ACK"; "" for none.
    flags: String,
    /// The sequence number, counted from the initial one that the sender used last on these sockets.
    seq: Option<i64>,
    /// The acknowledgment number, counted from the initial sequence number that the receiver used last.
    ack: Option<i64>,
    /// The sequence number as on the wire.
    seq_raw: Option<u32>,
    /// The acknowledgment number as on the wire.
    ack_raw: Option<u32>,
    /// How much data it carries, such as "100 B". Default: none.
    data: Option<String>,
    /// Its window in octets, already scaled. Default: 65535.
    window: Option<u32>,
    /// The octets of its MSS option, which only a segment with SYN has. Default: no such option.
    mss: Option<u16>,
    /// Its TSval, or "none" for no timestamps. Default: those of the last segment on its sockets in its direction. Its TSecr
    /// is in any case that of this last segment.
    timestamps: Option<Timestamps>,
    /// Its fast open option, which only a segment with SYN has: "request"; "seen" for the last cookie on the wire between its
    /// client and its server; or a cookie of eight octets as a number. Default: no such option.
    fast_open: Option<FastOpen>,
}

/// Reads one table; `hosts` are the names of all.
pub(super) fn read(inject: &Inject, node: &Node, hosts: &[&str]) -> Result<Injection, Diagnostics> {
    let keys = Keys { inject, node };
    let mut errors = Diagnostics::default();
    let when = errors.keep(keys.when(hosts));
    let again = errors.keep(keys.again());
    let ends = errors.keep(keys.ends(hosts));
    let sockets = errors.keep(keys.sockets());
    let flags = errors.keep(segment::flags(&inject.flags).map_err(|message| keys.place("flags").error(message)));
    let seq = errors.keep(keys.seq());
    let ack = errors.keep(keys.ack(flags));
    errors.keep(keys.options(flags));
    let octets =
        errors.keep(segment::data(inject.data.as_deref()).map_err(|message| keys.place("data").error(message)));
    let (Some(when), Some(again), Some((from, to)), Some(sockets)) = (when, again, ends, sockets) else {
        return Err(errors);
    };
    let (Some(flags), Some(seq), Some(ack), Some(octets)) = (flags, seq, ack, octets) else { return Err(errors) };
    errors.or(Injection {
        when,
        turn: inject.turn,
        again,
        from,
        to,
        sockets,
        flags,
        seq,
        ack,
        window: inject.window.unwrap_or(Injection::WINDOW),
        mss: inject.mss,
        stamp: inject.timestamps.map_or(Stamp::Repeated, |timestamps| timestamps.0),
        fast_open: inject.fast_open.map(|option| option.0),
        octets,
    })
}

/// One table, and where its keys are.
struct Keys<'a> {
    inject: &'a Inject,
    node: &'a Node,
}

impl Keys<'_> {
    fn place(&self, key: &str) -> &Place {
        segment::place(self.node, key)
    }

    fn when(&self, hosts: &[&str]) -> Result<When, Diagnostics> {
        let Inject { at, after, delay, .. } = self.inject;
        match (at, after) {
            (Some(_), Some(_)) => Err(self.place("after").error("`at` says already when").into()),
            (None, None) => Err(self.node.place.error("missing key `at`").with_help("or `after`, an event").into()),
            (Some(_), None) if delay.is_some() => {
                Err(self.place("delay").error("a delay counts from an event: give `after` instead of `at`").into())
            }
            (Some(at), None) => Ok(When::At(Instant::ZERO + *at)),
            (None, Some(after)) => {
                let node = self.node.as_table().and_then(|table| table.get("after")).unwrap_or(self.node);
                Ok(When::After(event::read(after, node, hosts)?, delay.unwrap_or_default()))
            }
        }
    }

    fn again(&self) -> Result<Option<Again>, Diagnostic> {
        match (self.inject.every, self.inject.times) {
            (None, None) => Ok(None),
            (None, Some(_)) => Err(self.place("times").error("how long after one another? say `every`")),
            (Some(every), _) if every.is_zero() => {
                Err(self.place("every").error("expected a time between two, found none"))
            }
            (_, Some(0)) => Err(self.place("times").error("then nothing would ever come: expected 1 or more")),
            (Some(every), times) => Ok(Some(Again { every, times })),
        }
    }

    fn ends(&self, hosts: &[&str]) -> Result<(HostId, HostId), Diagnostics> {
        let mut errors = Diagnostics::default();
        let from = errors.keep(segment::host(self.node, "from", &self.inject.from, hosts));
        let to = match (&self.inject.to, from) {
            (Some(name), _) => errors.keep(segment::host(self.node, "to", name, hosts)),
            (None, Some(HostId(from))) if hosts.len() == 2 => Some(HostId(1 - from)),
            (None, Some(_)) => {
                errors.push(self.node.place.error("to which host? say `to`"));
                None
            }
            (None, None) => None,
        };
        let (Some(from), Some(to)) = (from, to) else { return Err(errors) };
        if from == to {
            errors.push(self.place("to").error("a host is sent nothing from its own address"));
        }
        errors.or((from, to))
    }

    fn sockets(&self) -> Result<Sockets, Diagnostic> {
        match (self.inject.connection, self.inject.ports) {
            (Some(_), Some(_)) => {
                Err(self.place("ports").error("the ports are the connection's: give `connection` or `ports`"))
            }
            (Some(0), None) => Err(self.place("connection").error("connections are counted from 1")),
            (Some(nth), None) => Ok(Sockets::Connection(nth)),
            (None, None) if self.inject.after.is_some() => Ok(Sockets::OfEvent),
            (None, None) => Ok(Sockets::Connection(1)),
            (None, Some([source, destination])) => Ok(Sockets::Ports { source, destination }),
        }
    }

    fn seq(&self) -> Result<Position, Diagnostic> {
        let missing = || self.node.place.error("missing key `seq`").with_help("or `seq-raw`, the number on the wire");
        segment::number(self.node, "seq-raw", self.inject.seq, self.inject.seq_raw)?.ok_or_else(missing)
    }

    fn ack(&self, flags: Option<Flags>) -> Result<Option<Position>, Diagnostic> {
        let ack = segment::number(self.node, "ack-raw", self.inject.ack, self.inject.ack_raw)?;
        match (ack, flags.map(Flags::ack)) {
            (None, Some(true)) => Err(self.place("flags").error("a segment with ACK needs `ack` or `ack-raw`")),
            (Some(_), Some(false)) => Err(self.place("flags").error("`ack` means nothing without the flag ACK")),
            _ => Ok(ack),
        }
    }

    /// Checks the window and the options.
    fn options(&self, flags: Option<Flags>) -> Result<(), Diagnostics> {
        let Inject { window, mss, fast_open, .. } = self.inject;
        let mut errors = Diagnostics::default();
        if window.is_some_and(|window| window > LARGEST_WINDOW) {
            let message = format!("a window is at most {LARGEST_WINDOW} octets, 2^30 (RFC 7323 §2.3)");
            errors.push(self.place("window").error(message));
        }
        if *mss == Some(0) {
            errors.push(self.place("mss").error("a segment carries at least one octet"));
        }
        let on_syn = flags.is_none_or(Flags::syn);
        if mss.is_some() && !on_syn {
            errors.push(self.place("mss").error("only a segment with SYN has an MSS option (RFC 9293 §3.7.1)"));
        }
        if fast_open.is_some() && !on_syn {
            let message = "only a segment with SYN has a fast open option (RFC 7413 §4.1.1)";
            errors.push(self.place("fast-open").error(message));
        }
        errors.or(())
    }
}

/// An injection as a file states it.
#[derive(Clone, PartialEq, Debug)]
pub struct ScriptedInjection {
    place: Place,
    /// When it comes first, if it follows no event.
    at: Option<Instant>,
    /// Whether it has ports of its own.
    own_ports: bool,
}

impl ScriptedInjection {
    pub(super) fn new(injection: &Injection, node: &Node) -> Self {
        let at = match injection.when {
            When::At(at) => Some(at),
            When::After(..) => None,
        };
        let own_ports = matches!(injection.sockets, Sockets::Ports { .. });
        Self { place: node.place.clone(), at, own_ports }
    }

    /// Where it stands: a message about it points there.
    #[must_use]
    pub fn diagnostic(&self, message: &str) -> Diagnostic {
        self.place.error(message)
    }

    /// Why it forged nothing in a run that ended at `horizon`, as far as the file tells.
    #[must_use]
    pub fn idle(&self, horizon: Instant) -> &'static str {
        match (self.at, self.own_ports) {
            (Some(at), _) if at > horizon => "the run ends before",
            (Some(_), false) => "its connection was not there by then",
            (Some(_), true) => "the cookie it shows was not seen by then",
            (None, false) => "its event did not happen in time, or its connection was not there by then",
            (None, true) => "its event did not happen in time",
        }
    }
}
