//! `[[expect-segment]]`: a segment that must be sent in the course of a run, or must not.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::Deserialize;
use sim_time::{Duration, Instant};
use tcp_endpoint::Flags;

use super::about::About;
use super::diagnostic::{Diagnostic, Diagnostics, Place};
use super::expect::{Context, Verdict, line};
use super::file::Names;
use super::segment;
use super::tree::Node;
use super::variant::Variant;
use crate::search::{SegmentSearch, Wanted, flag_words};
use crate::{HostId, Position};

/// A segment that an endpoint must send in the course of the run, or must not. It is one of which everything holds that is
/// given; what is forged does not count.
#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(rename = "ExpectSegment")]
pub(super) struct Table {
    /// The host that sends it.
    from: String,
    /// The host it goes to. Default: any.
    to: Option<String>,
    /// Which connection between the two it belongs to, in the order of their first SYNs, from 1. Default: any.
    connection: Option<u32>,
    /// When it is sent: a time of the run. Default: any.
    at: Option<Duration>,
    /// How far from `at` it may be, before or after. Default: "0s".
    tolerance: Option<Duration>,
    /// The flags: letters of S, F, R, P, A, such as "RA", or words, such as "SYN-ACK". No others are set, but P need not be
    /// told. Default: any.
    flags: Option<String>,
    /// The sequence number, counted from the initial one of its sender, as a ladder shows it. Default: any.
    seq: Option<i64>,
    /// The acknowledgment number, counted from the initial sequence number of its receiver, as a ladder shows it. Default: any.
    ack: Option<i64>,
    /// The sequence number as on the wire.
    seq_raw: Option<u32>,
    /// The acknowledgment number as on the wire.
    ack_raw: Option<u32>,
    /// How much data it carries, such as "100 B"; "0 B" for none. Default: any.
    len: Option<String>,
    /// That no such segment is sent.
    none: Option<bool>,
    /// The handshakes it is about. Default: all.
    handshake: Option<Names>,
    /// The teardowns it is about. Default: all.
    teardown: Option<Names>,
    /// Why it must be.
    because: Option<String>,
}

/// A segment that must be sent in the course of a run, or must not.
#[derive(Clone, PartialEq, Debug)]
pub struct SegmentExpectation {
    that: String,
    because: Option<String>,
    about: About,
    wanted: Wanted,
    none: bool,
    place: Place,
}

impl SegmentExpectation {
    /// What must be, in words.
    #[must_use]
    pub fn that(&self) -> &str {
        &self.that
    }

    /// Whether it is about a variant.
    #[must_use]
    pub fn applies_to(&self, variant: &Variant) -> bool {
        self.about.includes(variant)
    }

    /// What a search has to look for.
    pub(super) fn wanted(&self) -> Wanted {
        self.wanted.clone()
    }

    /// Judges it by what a search has found at a place of its list.
    pub(super) fn judge(&self, search: &SegmentSearch, place: usize) -> Verdict {
        let (count, actual) = search.result(place);
        let (that, because) = (self.that.clone(), self.because.clone());
        Verdict { that, passed: (count == 0) == self.none, actual, because, line: line(&self.place) }
    }

    /// Checks what a file says; `node` is its table.
    pub(super) fn read(table: Table, node: &Node, hosts: &[&str], context: &Context) -> Result<Self, Diagnostics> {
        let keys = Keys { table: &table, node, hosts };
        let mut errors = Diagnostics::default();
        let ends = errors.keep(keys.ends());
        let at = errors.keep(keys.at());
        let flags = errors.keep(keys.flags());
        let numbers = errors.keep(keys.numbers(flags.flatten()));
        let octets = errors.keep(keys.octets());
        if table.none == Some(false) {
            let message = "`none` can only be `true`: to expect the segment, leave it out";
            errors.push(segment::place(node, "none").error(message));
        }
        let none = table.none.is_some();
        let about = errors.keep(About::read(table.handshake, table.teardown, node.table()?, context));
        let (Some((from, to)), Some(at), Some(flags)) = (ends, at, flags) else { return Err(errors) };
        let (Some((seq, ack)), Some(octets), Some(about)) = (numbers, octets, about) else { return Err(errors) };
        let wanted = Wanted { from, to, connection: table.connection, at, flags, seq, ack, octets };
        let that = in_words(&wanted, none, hosts);
        errors.or(Self { that, because: table.because, about, wanted, none, place: node.place.clone() })
    }
}

/// One table, and where its keys are.
struct Keys<'a> {
    table: &'a Table,
    node: &'a Node,
    hosts: &'a [&'a str],
}

impl Keys<'_> {
    fn ends(&self) -> Result<(HostId, Option<HostId>), Diagnostics> {
        let mut errors = Diagnostics::default();
        let host = |key: &str, name: &str| segment::host(self.node, key, name, self.hosts);
        let from = errors.keep(host("from", &self.table.from));
        let to = self.table.to.as_deref().and_then(|name| errors.keep(host("to", name)));
        if from.is_some() && from == to {
            errors.push(segment::place(self.node, "to").error("a host is sent nothing from its own address"));
        }
        let place = segment::place(self.node, "connection");
        match self.table.connection {
            Some(0) => errors.push(place.error("connections are counted from 1")),
            Some(_) if self.table.to.is_none() && self.hosts.len() > 2 => {
                errors.push(place.error("a connection with which host? say `to`"));
            }
            _ => {}
        }
        match from {
            Some(from) => errors.or((from, to)),
            None => Err(errors),
        }
    }

    fn at(&self) -> Result<Option<(Instant, Duration)>, Diagnostic> {
        match (self.table.at, self.table.tolerance) {
            (None, Some(_)) => Err(segment::place(self.node, "tolerance").error("how far from which time? give `at`")),
            (at, tolerance) => Ok(at.map(|at| (Instant::ZERO + at, tolerance.unwrap_or_default()))),
        }
    }

    fn flags(&self) -> Result<Option<Flags>, Diagnostic> {
        let flags = self.table.flags.as_deref().map(segment::flags).transpose();
        flags.map_err(|message| segment::place(self.node, "flags").error(message))
    }

    fn numbers(&self, flags: Option<Flags>) -> Result<(Option<Position>, Option<Position>), Diagnostic> {
        let Table { seq, ack, seq_raw, ack_raw, .. } = *self.table;
        let numbers = (
            segment::number(self.node, "seq-raw", seq, seq_raw)?,
            segment::number(self.node, "ack-raw", ack, ack_raw)?,
        );
        if numbers.1.is_some() && flags.is_some_and(|flags| !flags.ack()) {
            return Err(segment::place(self.node, "flags").error("`ack` means nothing without the flag ACK"));
        }
        Ok(numbers)
    }

    fn octets(&self) -> Result<Option<u32>, Diagnostic> {
        match self.table.len.as_deref() {
            None => Ok(None),
            Some("0 B") => Ok(Some(0)),
            len => segment::data(len).map(Some).map_err(|message| segment::place(self.node, "len").error(message)),
        }
    }
}

/// What must be, as `server sends RST,ACK seq 501 ack 101 at 0.030 s`.
fn in_words(wanted: &Wanted, none: bool, hosts: &[&str]) -> String {
    let name = |host: HostId| hosts[usize::from(host.0)];
    let mut text = format!("{} sends {}", name(wanted.from), if none { "no " } else { "" });
    text += &match (wanted.flags, none) {
        (Some(flags), _) => flag_words(flags),
        (None, true) => "segment".to_owned(),
        (None, false) => "a segment".to_owned(),
    };
    for (key, number) in [("seq", wanted.seq), ("ack", wanted.ack)] {
        match number {
            Some(Position::Relative(number)) => write!(text, " {key} {number}"),
            Some(Position::Raw(number)) => write!(text, " {key} raw {number}"),
            None => Ok(()),
        }
        .expect("a string takes all");
    }
    if let Some(octets) = wanted.octets {
        write!(text, " {octets} B").expect("a string takes all");
    }
    if let Some(to) = wanted.to {
        write!(text, " to {}", name(to)).expect("a string takes all");
    }
    if let Some(connection) = wanted.connection {
        write!(text, " of connection {connection}").expect("a string takes all");
    }
    match wanted.at {
        None => {}
        Some((at, Duration::ZERO)) => write!(text, " at {at} s").expect("a string takes all"),
        Some((at, tolerance)) => write!(text, " at {at} s \u{b1} {tolerance}").expect("a string takes all"),
    }
    text
}
