//! Everything about a host's TCP that can be chosen: the policies of a variant, and the numbers of a profile.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_time::Duration;

/// What a host does. There is no default: a profile states every value.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Settings {
    /// How connections are opened.
    pub handshake: Handshake,
    /// How connections are closed.
    pub teardown: Teardown,
    /// Timers, limits and other numbers.
    pub limits: Limits,
}

/// The independent decisions that make a handshake.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Handshake {
    /// What a listener commits when a SYN arrives.
    pub commit: Commit,
    /// What must come back before a passive connection is ESTABLISHED.
    pub proof: Proof,
    /// What a host in CLOSED, LISTEN or SYN-SENT does with a segment it did not expect.
    pub unexpected: Unexpected,
    /// Whether a SYN-ACK is retransmitted until it is acknowledged.
    pub syn_ack_timer: bool,
}

/// What a listener commits when a SYN arrives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Commit {
    /// A full connection.
    Connection,
    /// A small entry, made a full connection once the handshake is complete.
    HalfOpen,
}

/// What must come back before a passive connection is ESTABLISHED.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// Nothing: the SYN is enough, and the client sends no third message.
    None,
    /// An acknowledgment of the listener's own initial sequence number.
    Ack,
}

/// What a host in CLOSED, LISTEN or SYN-SENT does with a segment it did not expect (RFC 9293 §3.5.2 group 1 and 2).
///
/// It never touches the refusal of a SYN to a closed port, nor a reset sent by ABORT or by a later state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Unexpected {
    /// Answers with a reset, as RFC 9293 §3.10.7.1–3 asks.
    Reset,
    /// Drops it and says nothing.
    Silence,
}

/// The independent decisions that make a teardown.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Teardown {
    /// How long TIME-WAIT lasts (2MSL); `"0s"` means that the connection is closed at once.
    pub time_wait: Duration,
    /// What a reset does to a connection in TIME-WAIT: `true` ends it (RFC 9293), `false` leaves it (RFC 1337 fix 1).
    pub reset_ends_time_wait: bool,
}

/// How initial send sequence numbers are chosen (RFC 9293 §3.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Isn {
    /// A 4 µs clock plus a keyed hash of the 4-tuple (RFC 6528).
    Clock,
    /// A keyed hash of the 4-tuple and the number of opens before it.
    Random,
    /// The same for every connection: what not to do.
    Constant,
}

/// What answers a retransmitted SYN in SYN-RECEIVED.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DuplicateSyn {
    /// A plain ACK, as for any unacceptable segment (RFC 9293 §3.10.7.4).
    Ack,
    /// The SYN-ACK again, which puts the retransmission timer off by its current timeout (Linux).
    SynAck,
}

/// What answers a SYN that crosses ours on the way (simultaneous open, RFC 9293 §3.5 figure 7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CrossingSyn {
    /// A SYN-ACK that itself completes the handshake: four segments, as in figure 7.
    Figure,
    /// A SYN-ACK that the peer acknowledges: six segments, as the text of §3.10.7.4 reads.
    Text,
}

/// When a bare acknowledgment leaves.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AckTiming {
    /// After the application has reacted to the segment, so that what it sends then carries the acknowledgment.
    AfterApplication,
    /// At once, before the application can react.
    AtOnce,
    /// Up to `delayed-ack` later, in the hope of data to carry it (RFC 9293 §3.8.6.3).
    Delayed,
}

/// Timers, limits and other numbers a profile states.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Limits {
    /// How initial sequence numbers are chosen.
    pub isn: Isn,
    /// What answers a retransmitted SYN in SYN-RECEIVED.
    pub duplicate_syn: DuplicateSyn,
    /// What answers a SYN that crosses ours.
    pub crossing_syn: CrossingSyn,
    /// When a bare acknowledgment leaves.
    pub ack_timing: AckTiming,
    /// How long `ack-timing = "delayed"` waits (RFC 9293 MUST-40: below 0.5 s).
    pub delayed_ack: Duration,
    /// Retransmission timeout before the first round-trip measurement (RFC 6298 §2.1).
    pub rto_initial: Duration,
    /// Lower bound of the retransmission timeout (RFC 6298 §2.4).
    pub rto_min: Duration,
    /// Upper bound of the retransmission timeout (RFC 6298 §2.5).
    pub rto_max: Duration,
    /// Retransmission timeout when data starts, if the SYN had to be retransmitted (RFC 6298 §5.7).
    pub rto_after_syn_loss: Duration,
    /// Retransmissions of a SYN before the open fails (R2, RFC 9293 §3.8.3).
    pub syn_retries: u32,
    /// Retransmissions of a SYN at a constant interval before backing off (Linux `tcp_syn_linear_timeouts`).
    pub syn_linear_retries: u32,
    /// Retransmissions of a SYN-ACK before the half-open entry is given up.
    pub syn_ack_retries: u32,
    /// Retransmissions of data or a FIN before the connection is given up (R2, RFC 9293 §3.8.3).
    pub data_retries: u32,
    /// Whether idle connections are probed (RFC 9293 §3.8.4: off unless asked for).
    pub keepalive: bool,
    /// Silence before the first probe.
    pub keepalive_idle: Duration,
    /// Time between probes.
    pub keepalive_interval: Duration,
    /// Unanswered probes before the connection is given up.
    pub keepalive_probes: u32,
    /// Receive window in octets, the same at all times.
    pub window: u32,
    /// Largest payload of a segment in octets.
    pub mss: u32,
    /// Whether `close` gives up receiving too, so that later data is answered with a reset (RFC 9293 MAY-1, SHLD-3).
    pub half_duplex_close: bool,
}
