//! Scripted faults, as a file states them: which packets, and what becomes of them.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use sim_time::{Duration, Instant};

use crate::{Acknowledges, Description, Kinds, Numbers};

/// A scripted fate for chosen packets.
///
/// The first fault of the list that matches a packet decides; it takes the place of chance loss and chance duplication.
/// Every transit time it states counts from the moment the packet leaves the line; that, and a time of the run, is exempt from the link's `order`
/// and `lifetime`: a script can do what a network must not.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(into = "FaultTable")]
pub struct Fault {
    /// The packets it is for.
    pub on: Criteria,
    /// What becomes of them.
    pub fate: ScriptedFate,
}

/// What becomes of a packet that a fault matches. In a file it is one key of the fault.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ScriptedFate {
    /// `drop = true`: it is lost.
    Drop,
    /// `delay`: its transit time is this instead.
    Delay(Duration),
    /// `extra-delay`: it is that much longer on its way than it would be.
    ExtraDelay(Duration),
    /// `copies`: one arrives after each of these transit times; at least one.
    Copies(Vec<Duration>),
    /// `duplicate-after`: it travels as any other packet does, and a copy arrives that much later.
    DuplicateAfter(Duration),
    /// `deliver-at`: it arrives at that time of the run, or as it leaves the line if that is later.
    DeliverAt(Duration),
}

/// Which packets a fault is for: those that meet every criterion given.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Criteria {
    /// The host that sends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The kind of packet, or any of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flags: Option<Kinds>,
    /// The furthest thing the packet acknowledges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledges: Option<Acknowledges>,
    /// Which of the packets that meet every other criterion, counted from 1 for each direction of each link. A packet
    /// counts even if an earlier fault decides over it, or if the queue has no room for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<Numbers<1>>,
    /// How often it was sent before: 0 for an original, n for retransmission n.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retransmission: Option<Numbers<0>>,
    /// The attempt to open that it goes back to, counted from 1 for each host that opens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<Numbers<1>>,
    /// Which connection between its two hosts it belongs to, in the order of their first SYNs, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<Numbers<1>>,
    /// SEG.SEQ, counted from the initial sequence number of its sender, as a ladder shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<Numbers<0>>,
    /// SEG.ACK, counted from the initial sequence number of its receiver, as a ladder shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack: Option<Numbers<0>>,
    /// The time of the run from which it is sent, inclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Duration>,
    /// The time of the run before which it is sent, exclusive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Duration>,
}

impl Criteria {
    /// Whether it asks which connection a packet belongs to.
    #[must_use]
    pub const fn asks_for_connection(&self) -> bool {
        self.connection.is_some()
    }

    /// Whether it asks for the numbers of a packet: [`Description::seq`], [`Description::ack`].
    #[must_use]
    pub const fn asks_for_numbers(&self) -> bool {
        self.seq.is_some() || self.ack.is_some()
    }

    /// Whether every criterion but `from` and `nth` holds of a packet sent at `now`. (The sender is the same for all packets
    /// of a direction, and counting is [`crate::Script`]'s.)
    pub(crate) fn describe(&self, now: Instant, packet: &Description) -> bool {
        let now = now.since_start();
        self.flags.is_none_or(|flags| flags.intersects(packet.kinds))
            && self.acknowledges.is_none_or(|thing| thing == packet.acknowledges)
            && self.retransmission.as_ref().is_none_or(|numbers| numbers.contains(packet.retransmission))
            && self.attempt.as_ref().is_none_or(|numbers| numbers.contains(packet.attempt))
            && self.connection.as_ref().is_none_or(|numbers| numbers.contains(packet.connection))
            && self.seq.as_ref().is_none_or(|numbers| packet.seq.is_some_and(|seq| numbers.contains(seq)))
            && self.ack.as_ref().is_none_or(|numbers| packet.ack.is_some_and(|ack| numbers.contains(ack)))
            && self.after.is_none_or(|after| now >= after)
            && self.before.is_none_or(|before| now < before)
    }
}

/// A scripted fate for chosen packets: `on` says which, and exactly one other key what becomes of them.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct FaultTable {
    /// The packets it is for; without it, all.
    #[serde(default)]
    on: Criteria,
    /// The packet is lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drop: Option<bool>,
    /// The packet's transit time is this instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    delay: Option<Duration>,
    /// The packet is that much longer on its way than it would be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    extra_delay: Option<Duration>,
    /// The packet arrives once after each of these transit times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    copies: Option<Vec<Duration>>,
    /// The packet travels as any other does, and a copy arrives that much later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    duplicate_after: Option<Duration>,
    /// The packet arrives at this time of the run; one that leaves the line later arrives as it leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deliver_at: Option<Duration>,
}

impl TryFrom<FaultTable> for Fault {
    type Error = String;

    fn try_from(table: FaultTable) -> Result<Self, String> {
        let FaultTable { on, drop, delay, extra_delay, copies, duplicate_after, deliver_at } = table;
        if drop == Some(false) {
            return Err("`drop` can only be `true`: to spare packets, leave them out of `on`".to_owned());
        }
        if copies.as_ref().is_some_and(Vec::is_empty) {
            return Err("expected at least one transit time in `copies`: for none, write `drop = true`".to_owned());
        }
        if let (Some(after), Some(before)) = (on.after, on.before)
            && after >= before
        {
            return Err(format!("no time is both from `after` ({after}) on and before `before` ({before})"));
        }
        let given: Vec<(&str, ScriptedFate)> = [
            drop.map(|_| ("drop", ScriptedFate::Drop)),
            delay.map(|delay| ("delay", ScriptedFate::Delay(delay))),
            extra_delay.map(|delay| ("extra-delay", ScriptedFate::ExtraDelay(delay))),
            copies.map(|copies| ("copies", ScriptedFate::Copies(copies))),
            duplicate_after.map(|delay| ("duplicate-after", ScriptedFate::DuplicateAfter(delay))),
            deliver_at.map(|at| ("deliver-at", ScriptedFate::DeliverAt(at))),
        ]
        .into_iter()
        .flatten()
        .collect();
        let names: Vec<String> = given.iter().map(|(name, _)| format!("`{name}`")).collect();
        let [(_, fate)] = <[_; 1]>::try_from(given).map_err(|_| {
            let found = if names.is_empty() { "none".to_owned() } else { names.join(" and ") };
            format!(
                "expected exactly one of `drop`, `delay`, `extra-delay`, `copies`, `duplicate-after`, `deliver-at`, \
                 found {found}"
            )
        })?;
        Ok(Self { on, fate })
    }
}

/// By hand, since `try_from` would check the table only after it was left: an error could then point no closer than at the
/// whole list of faults.
impl<'de> Deserialize<'de> for Fault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table;

        impl<'de> Visitor<'de> for Table {
            type Value = Fault;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a fault: a table with `on` and a fate")
            }

            fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Fault, A::Error> {
                let table = FaultTable::deserialize(MapAccessDeserializer::new(table))?;
                Fault::try_from(table).map_err(serde::de::Error::custom)
            }
        }

        deserializer.deserialize_map(Table)
    }
}

impl From<Fault> for FaultTable {
    fn from(Fault { on, fate }: Fault) -> Self {
        let mut table = Self {
            on,
            drop: None,
            delay: None,
            extra_delay: None,
            copies: None,
            duplicate_after: None,
            deliver_at: None,
        };
        match fate {
            ScriptedFate::Drop => table.drop = Some(true),
            ScriptedFate::Delay(delay) => table.delay = Some(delay),
            ScriptedFate::ExtraDelay(delay) => table.extra_delay = Some(delay),
            ScriptedFate::Copies(copies) => table.copies = Some(copies),
            ScriptedFate::DuplicateAfter(delay) => table.duplicate_after = Some(delay),
            ScriptedFate::DeliverAt(at) => table.deliver_at = Some(at),
        }
        table
    }
}

impl JsonSchema for Fault {
    fn schema_name() -> Cow<'static, str> {
        "Fault".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        FaultTable::json_schema(generator)
    }
}
