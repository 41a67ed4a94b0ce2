//! Well-known points of the design space, by name.

use serde::Serialize;
use sim_time::Duration;

use crate::settings::{
    Commit, FinAcknowledgment, Handshake, Proof, Remembers, SynData, SynInTimeWait, TimeWaitOwner, Unexpected,
};

/// A named handshake.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct HandshakePreset {
    /// The name a TOML file uses.
    pub name: &'static str,
    /// The segments of an open without trouble.
    pub exchange: &'static str,
    /// What sets it apart, in a sentence.
    pub summary: &'static str,
    /// The states its server goes through.
    pub server: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// The decisions it makes.
    pub policy: Handshake,
}

/// What a two-way handshake is without any help: the others say what they do otherwise.
const TWO_WAY: Handshake = Handshake {
    commit: Commit::Connection,
    proof: Proof::None,
    unexpected: Unexpected::Silence,
    syn_ack_timer: false,
    data_check: false,
    syn_data: SynData::Never,
    hold_down: Duration::ZERO,
    remembers: Remembers::Nothing,
};

/// RFC 9293.
const THREE_WAY: Handshake = Handshake {
    commit: Commit::HalfOpen,
    proof: Proof::Ack,
    unexpected: Unexpected::Reset,
    syn_ack_timer: true,
    ..TWO_WAY
};

/// How long a packet can live at most: the MSL of RFC 9293 §3.4.2.
const MAXIMUM_LIFETIME: Duration = Duration::from_secs(120);

/// The handshakes that have a name.
pub const HANDSHAKES: &[HandshakePreset] = &[
    HandshakePreset {
        name: "two-way",
        exchange: "SYN; SYN-ACK",
        summary: "the server is ESTABLISHED on the SYN, and a client that did not ask stays silent",
        server: "LISTEN; ESTABLISHED on the SYN",
        source: "the alternative that the usual explanation of RFC 9293 §3.5 holds against it",
        policy: TWO_WAY,
    },
    HandshakePreset {
        name: "two-way-rst",
        exchange: "SYN; SYN-ACK",
        summary: "as two-way, but a client that did not ask answers with a reset",
        server: "LISTEN; ESTABLISHED on the SYN",
        source: "two-way with RFC 9293 §3.5.2",
        policy: Handshake { unexpected: Unexpected::Reset, ..TWO_WAY },
    },
    HandshakePreset {
        name: "two-way-checked",
        exchange: "SYN; SYN-ACK",
        summary: "as two-way, but octets are taken only with an acknowledgment of the server's sequence number",
        server: "LISTEN; ESTABLISHED on the SYN, and deaf to data until its number is acknowledged",
        source: "a design point between the two: RFC 9293's check of the acknowledgment, after the opening instead of before",
        policy: Handshake { data_check: true, ..TWO_WAY },
    },
    HandshakePreset {
        name: "two-way-hold-down",
        exchange: "SYN; SYN-ACK",
        summary: "as two-way, but the name of a closed connection is refused for a packet's maximum lifetime",
        server: "LISTEN; ESTABLISHED on the SYN; held down for 120 s once CLOSED",
        source: "Watson 1981; Attiya and Rappoport 1997: with a known lifetime two messages suffice",
        policy: Handshake { hold_down: MAXIMUM_LIFETIME, ..TWO_WAY },
    },
    HandshakePreset {
        name: "three-way",
        exchange: "SYN; SYN-ACK; ACK",
        summary: "RFC 9293: the server is ESTABLISHED when its own sequence number is acknowledged",
        server: "LISTEN; SYN-RECEIVED on the SYN; ESTABLISHED on the ACK",
        source: "RFC 9293 §3.5",
        policy: THREE_WAY,
    },
    HandshakePreset {
        name: "three-way-silent",
        exchange: "SYN; SYN-ACK; ACK",
        summary: "three-way as it is often explained: a client that did not ask stays silent",
        server: "LISTEN; SYN-RECEIVED on the SYN; ESTABLISHED on the ACK",
        source: "three-way without RFC 9293 §3.5.2",
        policy: Handshake { unexpected: Unexpected::Silence, ..THREE_WAY },
    },
    HandshakePreset {
        name: "syn-cache",
        exchange: "SYN; SYN-ACK; ACK",
        summary: "three-way with a bounded cache of requests, whose oldest makes room for the newest",
        server: "LISTEN; SYN-RECEIVED on the SYN, in the cache; ESTABLISHED on the ACK, if it was not evicted before",
        source: "RFC 4987 §3.5; Lemon 2002",
        policy: Handshake { commit: Commit::Cache, ..THREE_WAY },
    },
    HandshakePreset {
        name: "syn-cookies",
        exchange: "SYN; SYN-ACK(cookie); ACK(cookie)",
        summary: "the server keeps nothing: its sequence number is a cookie that the client's ACK brings back",
        server: "LISTEN; LISTEN on the SYN; ESTABLISHED on the ACK, if the cookie is its own and not too old",
        source: "RFC 4987 §3.6",
        policy: Handshake { commit: Commit::Nothing, syn_ack_timer: false, ..THREE_WAY },
    },
    HandshakePreset {
        name: "fast-open",
        exchange: "SYN(cookie), data; SYN-ACK; ACK",
        summary: "octets with the SYN are delivered at once, if it shows the cookie of an earlier connection",
        server: "LISTEN; SYN-RECEIVED on the SYN, open to its application if the cookie is good; ESTABLISHED on the ACK",
        source: "RFC 7413",
        policy: Handshake { syn_data: SynData::Cookie, ..THREE_WAY },
    },
    HandshakePreset {
        name: "t-tcp",
        exchange: "SYN(count), data, FIN; SYN-ACK; …",
        summary: "a SYN whose connection count is higher than the client's last needs no proof; otherwise three-way",
        server: "LISTEN; ESTABLISHED on the SYN if its count is new, and SYN-RECEIVED otherwise",
        source: "RFC 1644 (historic), less its half-synchronized states and its shorter TIME-WAIT",
        policy: Handshake {
            commit: Commit::Connection,
            syn_data: SynData::AfterHandshake,
            remembers: Remembers::Count,
            ..THREE_WAY
        },
    },
    HandshakePreset {
        name: "delta-t",
        exchange: "SYN, data; SYN-ACK",
        summary: "no opening: the first segment's octets are delivered, and a closed name is held down for a lifetime",
        server: "LISTEN; ESTABLISHED on the SYN, its octets delivered; held down for 120 s once CLOSED",
        source: "Watson 1981, Delta-t: the SYN stands for its data-run flag; closing by timer alone is left out",
        policy: Handshake { syn_data: SynData::AfterHandshake, hold_down: MAXIMUM_LIFETIME, ..TWO_WAY },
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
    /// Where it comes from.
    #[serde(skip)]
    pub source: &'static str,
    /// A TIME-WAIT length of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_wait: Option<Duration>,
    /// Its own answer to a reset in TIME-WAIT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reset_ends_time_wait: Option<bool>,
    /// Its own choice of the SYN that ends TIME-WAIT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub syn_in_time_wait: Option<SynInTimeWait>,
    /// Its own choice of who keeps TIME-WAIT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_wait_owner: Option<TimeWaitOwner>,
    /// Whether it lets an end go on sending after its peer has closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_close: Option<bool>,
    /// How it acknowledges a FIN.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fin_acknowledgment: Option<FinAcknowledgment>,
    /// Whether it needs timestamps.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamps: Option<bool>,
}

/// The teardown that changes nothing: the others say what they do otherwise.
const UNCHANGED: TeardownPreset = TeardownPreset {
    name: "rfc9293",
    summary: "the host's own settings, unchanged",
    source: "RFC 9293 §3.6",
    time_wait: None,
    reset_ends_time_wait: None,
    syn_in_time_wait: None,
    time_wait_owner: None,
    half_close: None,
    fin_acknowledgment: None,
    timestamps: None,
};

/// The teardowns that have a name.
pub const TEARDOWNS: &[TeardownPreset] = &[
    UNCHANGED,
    TeardownPreset {
        name: "three-segment",
        summary: "the acknowledgment of a FIN waits for the FIN in return, and they are one segment",
        source: "RFC 9293 §3.8.6.3 allows the delay",
        fin_acknowledgment: Some(FinAcknowledgment::Joined),
        ..UNCHANGED
    },
    TeardownPreset {
        name: "four-segment",
        summary: "the acknowledgment of a FIN leaves at once, and the FIN in return is a segment of its own",
        source: "RFC 9293 §3.6, figure 12",
        fin_acknowledgment: Some(FinAcknowledgment::Apart),
        ..UNCHANGED
    },
    TeardownPreset {
        name: "no-time-wait",
        summary: "the connection is forgotten as soon as both FINs are acknowledged",
        source: "RFC 9293 §3.6 without MUST-13",
        time_wait: Some(Duration::ZERO),
        ..UNCHANGED
    },
    TeardownPreset {
        name: "rfc1337",
        summary: "a reset does not end TIME-WAIT (RFC 1337 fix 1)",
        source: "RFC 1337 §3",
        reset_ends_time_wait: Some(false),
        ..UNCHANGED
    },
    TeardownPreset {
        name: "timestamp-reuse",
        summary: "a SYN with a newer timestamp ends TIME-WAIT and opens the next connection (RFC 6191)",
        source: "RFC 6191 §2",
        syn_in_time_wait: Some(SynInTimeWait::Timestamp),
        timestamps: Some(true),
        ..UNCHANGED
    },
    TeardownPreset {
        name: "opener-time-wait",
        summary: "the end that opened keeps TIME-WAIT, whoever closed first",
        source: "Faber, Touch and Yue 1999",
        time_wait_owner: Some(TimeWaitOwner::Opener),
        ..UNCHANGED
    },
    TeardownPreset {
        name: "forced-close",
        summary: "an end whose peer has closed is closed at once, and what it has not sent is lost",
        source: "a close without RFC 9293 §3.6's two halves",
        half_close: Some(false),
        ..UNCHANGED
    },
];

/// The teardown of that name.
#[must_use]
pub fn teardown(name: &str) -> Option<&'static TeardownPreset> {
    TEARDOWNS.iter().find(|preset| preset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether no two of them have the same.
    fn differ<T, U: PartialEq>(presets: &[T], what: impl Fn(&T) -> U) -> bool {
        presets.iter().enumerate().all(|(place, one)| presets[..place].iter().all(|other| what(other) != what(one)))
    }

    #[test]
    fn each_handshake_has_a_name_and_decisions_of_its_own() {
        assert!(differ(HANDSHAKES, |preset| preset.name));
        assert!(differ(HANDSHAKES, |preset| preset.summary));
        assert!(differ(HANDSHAKES, |preset| preset.policy));
    }

    #[test]
    fn each_teardown_has_a_name_a_source_and_decisions_of_its_own() {
        assert!(differ(TEARDOWNS, |preset| preset.name));
        assert!(differ(TEARDOWNS, |preset| preset.summary));
        assert!(differ(TEARDOWNS, |preset| preset.source));
        let decisions = |preset: &TeardownPreset| {
            let TeardownPreset { name, summary, source, .. } = UNCHANGED;
            TeardownPreset { name, summary, source, ..preset.clone() }
        };
        assert!(differ(TEARDOWNS, decisions));
    }

    #[test]
    fn decisions_go_together() {
        for HandshakePreset { name, policy, .. } in HANDSHAKES {
            assert!(policy.commit != Commit::Nothing || !policy.syn_ack_timer, "{name} keeps nothing to time");
        }
        for TeardownPreset { name, syn_in_time_wait, timestamps, .. } in TEARDOWNS {
            let by_timestamp = *syn_in_time_wait == Some(SynInTimeWait::Timestamp);
            assert_eq!(by_timestamp, *timestamps == Some(true), "{name}");
        }
    }
}
