//! Well-known points of the design space, by name.

use serde::Serialize;
use sim_time::Duration;

use crate::{Commit, Handshake, Proof, SynInTimeWait, Unexpected};

/// A named handshake.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HandshakePreset {
    /// The name a TOML file uses.
    pub name: &'static str,
    /// The segments of an open without trouble.
    pub exchange: &'static str,
    /// What sets it apart, in a sentence.
    pub summary: &'static str,
    /// The decisions it makes.
    pub policy: Handshake,
}

/// The handshakes that have a name.
pub const HANDSHAKES: &[HandshakePreset] = &[
    HandshakePreset {
        name: "two-way",
        exchange: "SYN; SYN-ACK",
        summary: "the server is ESTABLISHED on the SYN, and a client that did not ask stays silent",
        policy: Handshake {
            commit: Commit::Connection,
            proof: Proof::None,
            unexpected: Unexpected::Silence,
            syn_ack_timer: false,
        },
    },
    HandshakePreset {
        name: "two-way-rst",
        exchange: "SYN; SYN-ACK",
        summary: "as two-way, but a client that did not ask answers with a reset",
        policy: Handshake {
            commit: Commit::Connection,
            proof: Proof::None,
            unexpected: Unexpected::Reset,
            syn_ack_timer: false,
        },
    },
    HandshakePreset {
        name: "three-way",
        exchange: "SYN; SYN-ACK; ACK",
        summary: "RFC 9293: the server is ESTABLISHED when its own sequence number is acknowledged",
        policy: Handshake {
            commit: Commit::HalfOpen,
            proof: Proof::Ack,
            unexpected: Unexpected::Reset,
            syn_ack_timer: true,
        },
    },
    HandshakePreset {
        name: "three-way-silent",
        exchange: "SYN; SYN-ACK; ACK",
        summary: "three-way as it is often explained: a client that did not ask stays silent",
        policy: Handshake {
            commit: Commit::HalfOpen,
            proof: Proof::Ack,
            unexpected: Unexpected::Silence,
            syn_ack_timer: true,
        },
    },
];

/// The handshake of that name.
#[must_use]
pub fn handshake(name: &str) -> Option<&'static HandshakePreset> {
    HANDSHAKES.iter().find(|preset| preset.name == name)
}

/// A named teardown: what it changes in a host's own settings.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TeardownPreset {
    /// The name a TOML file uses.
    #[serde(skip)]
    pub name: &'static str,
    /// What sets it apart, in a sentence.
    #[serde(skip)]
    pub summary: &'static str,
    /// A TIME-WAIT length of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_wait: Option<Duration>,
    /// Its own answer to a reset in TIME-WAIT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_ends_time_wait: Option<bool>,
    /// Its own choice of the SYN that ends TIME-WAIT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syn_in_time_wait: Option<SynInTimeWait>,
    /// Whether it needs timestamps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<bool>,
}

/// The teardowns that have a name.
pub const TEARDOWNS: &[TeardownPreset] = &[
    TeardownPreset {
        name: "rfc9293",
        summary: "the host's own settings, unchanged",
        time_wait: None,
        reset_ends_time_wait: None,
        syn_in_time_wait: None,
        timestamps: None,
    },
    TeardownPreset {
        name: "no-time-wait",
        summary: "the connection is forgotten as soon as both FINs are acknowledged",
        time_wait: Some(Duration::ZERO),
        reset_ends_time_wait: None,
        syn_in_time_wait: None,
        timestamps: None,
    },
    TeardownPreset {
        name: "rfc1337",
        summary: "a reset does not end TIME-WAIT (RFC 1337 fix 1)",
        time_wait: None,
        reset_ends_time_wait: Some(false),
        syn_in_time_wait: None,
        timestamps: None,
    },
    TeardownPreset {
        name: "timestamp-reuse",
        summary: "a SYN with a newer timestamp ends TIME-WAIT and opens the next connection (RFC 6191)",
        time_wait: None,
        reset_ends_time_wait: None,
        syn_in_time_wait: Some(SynInTimeWait::Timestamp),
        timestamps: Some(true),
    },
];

/// The teardown of that name.
#[must_use]
pub fn teardown(name: &str) -> Option<&'static TeardownPreset> {
    TEARDOWNS.iter().find(|preset| preset.name == name)
}
