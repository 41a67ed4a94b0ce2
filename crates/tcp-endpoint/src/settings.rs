//! Everything about a host's TCP that can be chosen: the policies of a variant, and the numbers of a profile.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sim_time::Duration;

use crate::patience::Patience;
use crate::port_range::PortRange;

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
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
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
    /// Whether a listener's connection takes octets, and a FIN, only once a segment has acknowledged its initial sequence
    /// number; what comes with another acknowledgment before that is answered with a reset.
    pub data_check: bool,
    /// What becomes of octets that come with a SYN, and so whether a SYN carries any.
    pub syn_data: SynData,
    /// For how long a listener refuses SYNs on the 4-tuple of a connection that it had and that is closed, and all SYNs
    /// after a reboot; `"0s"` for not at all.
    pub hold_down: Duration,
    /// What a listener remembers of a client's past connections (not their timestamps: where each connection has an offset
    /// of its own, RFC 7323 §5.4, one says nothing of another; `syn-in-time-wait` has that of a single 4-tuple).
    pub remembers: Remembers,
}

/// What a listener commits when a SYN arrives.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Commit {
    /// A full connection.
    Connection,
    /// A small entry, made a full connection once the handshake is complete.
    HalfOpen,
    /// A small entry in a cache of `cache-entries`, whose oldest makes room for the newest (RFC 4987 §3.5).
    Cache,
    /// Nothing: its SYN-ACK's sequence number is a cookie, from which the client's ACK brings all back (RFC 4987 §3.6).
    Nothing,
}

/// What becomes of octets that come with a SYN.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SynData {
    /// They are ignored, and so no SYN carries any.
    Never,
    /// They are kept, by a listener that commits a connection, and delivered as soon as it is ESTABLISHED (RFC 9293
    /// §3.10.7.2).
    AfterHandshake,
    /// They are delivered at once if the SYN shows a cookie that this listener has given its address (RFC 7413), and
    /// ignored otherwise. A client without a cookie asks for one.
    Cookie,
}

/// What a listener remembers of a client's past connections.
///
/// Not a timestamp: where each connection has an offset of its own (RFC 7323 §5.4), that of one says nothing of another,
/// and where all have one, clients behind one address shut each other out (Linux gave `tcp_tw_recycle` up for both). What
/// remembers the timestamp of a single 4-tuple is TIME-WAIT: `syn-in-time-wait`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Remembers {
    /// Nothing.
    Nothing,
    /// The highest count of an address: every SYN bears one, and one that is higher needs no proof (RFC 1644 §2.1).
    Count,
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
    /// For how long it cannot, in any case: long enough for both timestamp clocks to tick, it keeps old data out
    /// without holding the 4-tuple (RFC 1337 fix 2). Fix 3 is sequence numbers of 64 bits, which TCP has not.
    pub reset_guard: Duration,
    /// Which segments restart TIME-WAIT.
    pub time_wait_restart: TimeWaitRestart,
    /// Which SYN ends TIME-WAIT and opens the next incarnation.
    pub syn_in_time_wait: SynInTimeWait,
    /// How long an entry in TIME-WAIT keeps this host from opening the same 4-tuple again, counted from its beginning, if
    /// both ends carry timestamps (Linux `tcp_tw_reuse` and `tcp_tw_reuse_delay`).
    pub time_wait_reuse: Patience,
    /// Most entries in TIME-WAIT, closed FIN-WAIT-2 included; beyond them a connection is forgotten at once.
    pub time_wait_max: u32,
    /// Who keeps TIME-WAIT.
    pub time_wait_owner: TimeWaitOwner,
    /// Whether an end whose peer has closed may go on sending (RFC 9293 §3.6); otherwise it is closed at once, and what it
    /// has not sent by then is lost.
    pub half_close: bool,
    /// Whether the acknowledgment of a FIN and the FIN in return are one segment.
    pub fin_acknowledgment: FinAcknowledgment,
    /// Whether an ABORT in TIME-WAIT ends it (RFC 9293 §3.10.5), or only gives the handle back (Linux).
    pub abort_ends_time_wait: bool,
    /// How long FIN-WAIT-2 lasts once the application has closed (RFC 9293 §3.6 has no end to it; Linux
    /// `tcp_fin_timeout`), but no less than 3.5 retransmission timeouts.
    pub fin_wait_2_timeout: Patience,
}

/// Who keeps TIME-WAIT.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimeWaitOwner {
    /// The end that closed first, or both (RFC 9293 §3.6).
    Closer,
    /// The end that opened: at the end of its LAST-ACK it resets a peer that closed first, and waits in its place (Faber,
    /// Touch and Yue 1999).
    Opener,
}

/// Whether the acknowledgment of a FIN and the FIN in return are one segment, where an end closes after its peer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FinAcknowledgment {
    /// As `ack-timing` has it: one segment if the application closes before the acknowledgment leaves.
    Free,
    /// One: the acknowledgment waits for the application, up to `delayed-ack`.
    Joined,
    /// Two: the acknowledgment leaves before the application can react.
    Apart,
}

/// Which segments restart TIME-WAIT.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimeWaitRestart {
    /// A retransmission of the peer's FIN (RFC 9293 §3.10.7.4).
    Fin,
    /// Every segment with an acknowledgment and no reset, and what PAWS rejects (Linux).
    Any,
}

/// Which SYN ends TIME-WAIT and opens the next incarnation, if a listener is there to take it. The new connection's
/// initial sequence number then lies beyond every one the old has used (RFC 9293 §3.6.1, MAY-2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SynInTimeWait {
    /// None: MAY-2 is not taken.
    None,
    /// One whose sequence number is beyond RCV.NXT (RFC 9293 MAY-2, after RFC 1122).
    Sequence,
    /// One whose timestamp is newer; with equal timestamps, or without, one whose sequence number is higher (RFC 6191).
    Timestamp,
    /// One whose timestamp is newer or whose sequence number is higher, unless its timestamp is older (Linux).
    Either,
}

/// How initial send sequence numbers are chosen (RFC 9293 §3.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Isn {
    /// A clock plus a keyed hash of the 4-tuple (RFC 6528).
    Clock,
    /// A keyed hash of the 4-tuple and the number of opens before it.
    Random,
    /// The same for every connection: what not to do.
    Constant,
}

/// How the local port of an OPEN that names none is selected (RFC 6056 §2.2, §3.3). It is free if no connection to the
/// same peer has it (a TIME-WAIT that may be reused does not count) and nobody listens there.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PortSelection {
    /// Each in turn, for all peers together (§2.2: traditional BSD).
    Sequential,
    /// The first free one from a random one on (Algorithm 1, Simple Port Randomization).
    Random,
    /// Random ones until one is free (Algorithm 2, Another Simple Port Randomization); if chance misses those that are
    /// free, the first of them.
    RandomAgain,
    /// Each in turn, from an offset that depends on the peer (Algorithm 3, Simple Hash-Based Port Selection).
    Hash,
    /// The same, in turn for each of 65536 groups of peers (Algorithm 4, Double-Hash Port Selection).
    DoubleHash,
    /// The same over the ports of the first one's parity, then over the others, with up to seven skipped at random after
    /// each (Linux).
    DoubleHashByParity,
    /// A random 1 to 500 after the last one (Algorithm 5, Random-Increments Port Selection); if chance misses those that
    /// are free, the first of them.
    RandomIncrements,
}

/// What answers a retransmitted SYN in SYN-RECEIVED after a passive OPEN. After an active one, where SYNs have crossed, it
/// is an ACK.
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
    /// A SYN-ACK that completes the handshake and is acknowledged all the same: six segments, ESTABLISHED one delay
    /// before the text has it. The timer of the SYN stays where it is (Linux).
    Acknowledged,
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
    /// At once at the start of a connection and after a pause, later delayed where the application is seen to answer
    /// what it reads, and always for a FIN (Linux). The delay follows the arrivals, from `delayed-ack` up.
    QuickThenDelayed,
}

/// What `rto-min` bounds from below (RFC 6298 §2.3, §2.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RtoFloor {
    /// The timeout: max(SRTT + 4·RTTVAR, `rto-min`), as RFC 6298 §2.4 has it.
    Timeout,
    /// The variance in it: SRTT + max(4·RTTVAR, `rto-min`), with Linux's slower decay of RTTVAR.
    Variance,
}

/// What `rto-after-syn-loss` is to the timeout with which data starts, if the handshake gave no round trip.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RtoUnmeasured {
    /// Its least, where a SYN or SYN-ACK timed out (RFC 6298 §5.7); a longer one stays (§5.5).
    AtLeast,
    /// The timeout itself, whatever it was and whyever there is no round trip: a repeated SYN-ACK, a cookie (Linux).
    Exactly,
}

/// What the reset of an ABORT, or of a connection that is given up, looks like (RFC 9293 §3.10.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AbortReset {
    /// `<SEQ=SND.NXT><CTL=RST>`, as §3.10.5 writes it.
    Rst,
    /// `<SEQ=SND.NXT><ACK=RCV.NXT><CTL=RST,ACK>` (Linux).
    RstAck,
}

/// Which acknowledgments a synchronized connection answers with a challenge ACK instead of taking them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AckCheck {
    /// Those of what was never sent (RFC 9293 §3.10.7.4); an old one is ignored, and the segment's data is taken.
    Unsent,
    /// Also those older than the largest window the peer ever offered (RFC 5961 §5.2).
    Window,
}

/// Which segments a synchronized connection looks at beyond their sequence number (RFC 9293 §3.10.7.4, first check).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SequenceCheck {
    /// Those of table 6: with an octet in the receive window.
    Window,
    /// Also those that end where an acknowledgment was sent last, or later: what they acknowledge counts, although all
    /// they carry has come before (Linux).
    LastAck,
}

/// Which timestamps a synchronized connection takes for TS.Recent, of those that start at what was acknowledged last, or
/// before (RFC 7323 §4.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimestampCheck {
    /// Those of segments that the check of the sequence number lets through (RFC 7323 §5.3, R2 before R3).
    Sequence,
    /// Only if what they acknowledge is neither older than SND.UNA nor beyond SND.NXT, too (Linux).
    Acknowledgment,
}

/// What ends a half-open entry, or one of FIN-WAIT-2 without its application, besides its timer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HalfOpenCheck {
    /// A reset at RCV.NXT exactly (RFC 5961 §3.2), and a SYN in the window, without an answer (RFC 9293 §3.10.7.4).
    Exact,
    /// A reset anywhere in the window (RFC 793), and a SYN in the window, which is answered with a reset; what
    /// acknowledges something else than a half-open entry's SYN is for no connection, wherever it lies (Linux).
    Window,
}

/// What the limit on challenge ACKs counts (RFC 5961 §7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ChallengeLimit {
    /// Nothing: there is no limit.
    None,
    /// The host's: `challenge-count` in each `challenge-interval`.
    Host,
    /// Each connection's: one in `challenge-interval`, half-open and TIME-WAIT ones included, and with them the other
    /// answers to unacceptable segments without data (Linux).
    Connection,
}

/// What puts keepalive off: after which segments a peer counts as heard (RFC 9293 §3.8.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeepaliveHeard {
    /// Any with data or an acknowledgment (MUST-26), a keepalive probe included.
    Any,
    /// Those that are acceptable (Linux).
    Acceptable,
}

/// What asks whether a closed window has opened (RFC 9293 §3.8.6.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WindowProbe {
    /// One octet of new data, or the FIN, beyond the window: it is sent again until it is acknowledged.
    Octet,
    /// A segment without data, one number below SND.UNA, that the peer has to answer (Linux). The timeout is as before once
    /// the window is open.
    Bare,
}

/// What counts towards giving up (R2, RFC 9293 §3.8.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GiveUp {
    /// The retransmissions that were made.
    Retries,
    /// The time since the first of them, against that which so many would take from a timeout of 200 ms (Linux); for a SYN
    /// also the time since it was sent, against that which `syn-retries` would take from `rto-initial`.
    Time,
}

/// The numbers and choices that a profile states, in groups. A file names them without their groups.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Limits {
    /// How sequence numbers and ports are chosen (RFC 9293 §3.4.1, RFC 6056), and what keeps those of a former life apart.
    #[serde(flatten)]
    pub selection: Selection,
    /// What a segment that arrives has to pass, and what answers it otherwise (RFC 9293 §3.10.7, RFC 5961, RFC 7323 §5).
    #[serde(flatten)]
    pub checks: Checks,
    /// When a bare acknowledgment leaves (RFC 9293 §3.8.6.3).
    #[serde(flatten)]
    pub acknowledgment: Acknowledgment,
    /// The retransmission timeout (RFC 6298), what measures it and what goes ahead of it.
    #[serde(flatten)]
    pub timers: Timers,
    /// How long an open is tried (RFC 9293 §3.8.3).
    #[serde(flatten)]
    pub handshake_retries: HandshakeRetries,
    /// The room of a listening port, and what becomes of requests that find none (RFC 4987).
    #[serde(flatten)]
    pub backlog: Backlog,
    /// How long data and FINs are sent again (RFC 9293 §3.8.3, §3.9.1).
    #[serde(flatten)]
    pub persistence: Persistence,
    /// Probes of an idle connection (RFC 9293 §3.8.4).
    #[serde(flatten)]
    pub keepalive: Keepalive,
    /// The receive window and the size of segments (RFC 9293 §3.7, §3.8.6).
    #[serde(flatten)]
    pub sizes: SegmentSizes,
    /// What CLOSE and ABORT do (RFC 9293 §3.6.1, §3.10.4, §3.10.5).
    #[serde(flatten)]
    pub close: Close,
}

/// How sequence numbers and ports are chosen (RFC 9293 §3.4.1, RFC 6056), and what keeps those of a former life apart.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Selection {
    /// How initial sequence numbers are chosen.
    pub isn: Isn,
    /// How long the clock behind `isn = "clock"` takes for one number (RFC 9293 §3.4.1: about 4 µs).
    pub isn_tick: Duration,
    /// The ports of which an active open without a port of its own takes one.
    pub ephemeral_ports: PortRange,
    /// Which of them it takes.
    pub port_selection: PortSelection,
    /// How long a host keeps quiet after a reboot (RFC 9293 §3.4.3: one MSL; `"0s"` for not at all).
    pub quiet_time: Duration,
}

/// What a segment that arrives has to pass, and what answers it otherwise (RFC 9293 §3.10.7, RFC 5961, RFC 7323 §5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Checks {
    /// What answers a retransmitted SYN in SYN-RECEIVED.
    pub duplicate_syn: DuplicateSyn,
    /// What answers a SYN that crosses ours.
    pub crossing_syn: CrossingSyn,
    /// What ends a half-open entry, or one of FIN-WAIT-2 without its application, besides its timer.
    pub half_open_check: HalfOpenCheck,
    /// Which segments are looked at beyond their sequence number.
    pub sequence_check: SequenceCheck,
    /// Whether a reset just before RCV.NXT counts once the peer's FIN has come, since the peer may have sent both before
    /// it was acknowledged (Linux).
    pub reset_before_fin: bool,
    /// Whether PAWS acknowledges an old segment without data or control bits, as RFC 7323 §5.3 asks of every segment.
    pub paws_answers_acks: bool,
    /// Which timestamps are taken for TS.Recent.
    pub timestamp_check: TimestampCheck,
    /// Whether a segment without timestamps, on a connection that agreed on them, is dropped without a word (RFC 7323 §3.2).
    /// A reset is not.
    pub drop_unstamped: bool,
    /// How soon a SYN that was sent once is sent again if an acknowledgment of something else comes for it: its reset
    /// may just have cleared the way (Linux).
    pub syn_resend_on_bad_ack: Patience,
    /// Whether a listener drops a SYN that carries a FIN, too; RFC 9293 §3.10.7.2 takes it and ignores the FIN.
    pub drop_syn_fin: bool,
    /// Which acknowledgments are challenged.
    pub ack_check: AckCheck,
    /// What the limit on challenge ACKs counts.
    pub challenge_limit: ChallengeLimit,
    /// How many there may be, under `challenge-limit = "host"` (RFC 5961 §7: 10).
    pub challenge_count: u32,
    /// In what time (RFC 5961 §7: 5 s).
    pub challenge_interval: Duration,
}

/// When a bare acknowledgment leaves (RFC 9293 §3.8.6.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Acknowledgment {
    /// When a bare acknowledgment leaves.
    pub ack_timing: AckTiming,
    /// How long `ack-timing = "delayed"` waits (RFC 9293 MUST-40: below 0.5 s).
    pub delayed_ack: Duration,
}

/// The retransmission timeout (RFC 6298), what measures it and what goes ahead of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Timers {
    /// Retransmission timeout before the first round-trip measurement (RFC 6298 §2.1).
    pub rto_initial: Duration,
    /// Lower bound of the retransmission timeout (RFC 6298 §2.4).
    pub rto_min: Duration,
    /// What `rto-min` bounds (RFC 6298 §2.4).
    pub rto_floor: RtoFloor,
    /// Upper bound of the retransmission timeout (RFC 6298 §2.5).
    pub rto_max: Duration,
    /// Retransmission timeout when data starts, if the SYN had to be retransmitted (RFC 6298 §5.7).
    pub rto_after_syn_loss: Duration,
    /// Whether that is the least, or makes a longer one shorter, too.
    pub rto_unmeasured: RtoUnmeasured,
    /// The tick of the clock behind the timers: every wait is rounded up to a multiple of it (RFC 6298 §2 calls it G);
    /// `"0s"` for exact timers.
    pub timer_tick: Duration,
    /// Whether the end of a flight is sent once more before the retransmission timeout (RFC 8985 §7): two round trips
    /// and `rto-min` after a single segment, or when the timeout itself would come, if that is sooner.
    pub tail_loss_probe: bool,
    /// Whether segments carry timestamps, if both ends agree (RFC 7323 §3): round trips are measured on retransmitted
    /// segments too (§4), and old duplicates are known by them (PAWS, §5).
    pub timestamps: bool,
}

/// How long an open is tried (RFC 9293 §3.8.3).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HandshakeRetries {
    /// Retransmissions of a SYN before the open fails (R2, RFC 9293 §3.8.3).
    pub syn_retries: u32,
    /// Retransmissions of a SYN at a constant interval before backing off (Linux `tcp_syn_linear_timeouts`).
    pub syn_linear_retries: u32,
    /// Retransmissions of a SYN-ACK before the half-open entry is given up: no more than such an entry can count.
    pub syn_ack_retries: u16,
    /// How long a listener waits for data before it takes a connection for open: until then a bare acknowledgment of
    /// its SYN-ACK is not enough (Linux `TCP_DEFER_ACCEPT`). In steps of the SYN-ACK timer; `"0s"` for not at all.
    pub defer_accept: Duration,
    /// For how long a client does without fast open towards a port of a server once it has failed there: its SYN was not
    /// answered, or the SYN-ACK neither brought a cookie nor acknowledged anything but the SYN (RFC 7413 §4.1.3.1, §4.2.1);
    /// `"0s"` for not at all.
    pub fast_open_pause: Duration,
}

/// The room of a listening port, and what becomes of requests that find none (RFC 4987).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Backlog {
    /// Half-open entries a listening port may have; a SYN beyond them is dropped, unless it follows a TIME-WAIT.
    pub syn_backlog: u32,
    /// The same for SYNs from strangers: hosts with which no connection has been closed in good order yet, its round trip
    /// measured. It counts where a full backlog is not answered with cookies (Linux: all but the last quarter of
    /// `tcp_max_syn_backlog`).
    pub syn_backlog_for_strangers: u32,
    /// Whether half-open entries that were sent their SYN-ACK more than once get fewer retries, but two at least, once the
    /// backlog is more than half full: the fewer, the fewer of them are young (Linux).
    pub syn_backlog_pruning: bool,
    /// Whether it is answered with a SYN cookie instead (Linux `tcp_syncookies` = 1).
    pub cookies_on_overflow: bool,
    /// How long the time count in a SYN cookie takes for one step; a cookie is good in its own and the next.
    pub cookie_period: Duration,
    /// Entries a listening port may have under `commit = "cache"`.
    pub cache_entries: u32,
    /// How long the key behind fast open cookies is used; a cookie is good for its own and the next key's time.
    pub fast_open_key_lifetime: Patience,
    /// Connections of a listening port that fast open may have opened before their handshake is over
    /// (PendingFastOpenRequests, RFC 7413 §4.2; Linux `TCP_FASTOPEN`). Beyond them a SYN is taken as if the listener had no
    /// fast open: what it carries is dropped, and it is given no cookie.
    pub fast_open_backlog: u32,
    /// For how long a reset of such a connection leaves it counted there, so that those who answer for forged SYNs make no
    /// room for more of them (RFC 7413 §5.1); `"0s"` for not at all.
    pub fast_open_reset_hold: Duration,
    /// Connections that may wait at a listening port to be accepted. Beyond them SYNs are dropped, and so is the
    /// acknowledgment that would complete a half-open entry.
    pub accept_backlog: u32,
    /// Whether a connection that is over before it was accepted keeps its place until it is (Linux); otherwise the
    /// application never hears of it.
    pub accept_queue_keeps_closed: bool,
    /// Whether the acknowledgment that finds no place is answered with a reset, which ends the entry (Linux `tcp_abort_on_overflow`).
    pub abort_on_overflow: bool,
}

/// How long data and FINs are sent again (RFC 9293 §3.8.3, §3.9.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Persistence {
    /// Retransmissions of data or a FIN before the connection is given up (R2, RFC 9293 §3.8.3).
    pub data_retries: u32,
    /// The same for a connection that its application has closed (Linux `tcp_orphan_retries`).
    pub orphan_retries: u32,
    /// What `data-retries` and `orphan-retries` count.
    pub give_up: GiveUp,
    /// Whether a retransmission takes in what was sent behind it, another SEND or the FIN, as far as a segment has room;
    /// otherwise each goes as it went (RFC 9293 §3.10.8 leaves it open; Linux merges them).
    pub retransmission_merges: bool,
    /// How long sent data may stay unacknowledged before the connection is given up (RFC 9293 §3.9.1, RFC 5482).
    pub user_timeout: Patience,
    /// Whether `user-timeout` counts from the first retransmission or window probe (Linux), instead of from the data's first
    /// sending, or from when the peer's window held it back.
    pub user_timeout_from_retransmission: bool,
    /// What asks whether a closed window has opened: after a retransmission timeout, and again after twice that, and so on
    /// up to `rto-max` (RFC 9293 SHLD-29, SHLD-30). As long as it is answered the connection stays (MUST-37).
    pub window_probe: WindowProbe,
    /// How long it is at least from what closes the window to the question, and from one question to the next (FreeBSD
    /// `persmin`); `"0s"` for as long as the timeout is.
    pub window_probe_min: Duration,
    /// Whether a connection that its application has closed is given up once its window probes are `rto-max` apart, although
    /// they are answered (Linux, FreeBSD).
    pub orphan_probes_end: bool,
}

/// Probes of an idle connection (RFC 9293 §3.8.4).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Keepalive {
    /// Whether idle connections are probed (RFC 9293 §3.8.4: off unless asked for).
    pub keepalive: bool,
    /// Which segments of the peer put the first probe off, and answer one.
    pub keepalive_heard: KeepaliveHeard,
    /// Silence before the first probe.
    pub keepalive_idle: Duration,
    /// Time between probes.
    pub keepalive_interval: Duration,
    /// Unanswered probes before the connection is given up.
    pub keepalive_probes: u32,
    /// Whether the peer of a connection that keepalive gives up is told by a reset (RFC 9293 §3.8.4 leaves it open).
    pub keepalive_reset: bool,
}

/// The receive window and the size of segments (RFC 9293 §3.7, §3.8.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SegmentSizes {
    /// The largest receive window that is offered, in octets: the one there is as long as `receive-buffer` has room for it.
    pub window: u32,
    /// Octets that are kept for an application that does not read, but no less than `window`. As it fills up the window closes.
    pub receive_buffer: u32,
    /// Largest payload of a segment in octets.
    pub mss: u32,
}

impl SegmentSizes {
    /// RCV.BUFF: the octets that are kept for an application.
    pub(crate) const fn buffer(&self) -> u32 {
        if self.receive_buffer > self.window { self.receive_buffer } else { self.window }
    }

    /// How far the right edge of a window has to move to be worth telling (RFC 9293 §3.8.6.2.2): half of the window, or a
    /// segment.
    pub(crate) const fn least_step(&self) -> u32 {
        let half = self.window / 2;
        if half == 0 {
            1
        } else if half < self.mss {
            half
        } else {
            self.mss
        }
    }
}

/// What CLOSE and ABORT do (RFC 9293 §3.6.1, §3.10.4, §3.10.5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Close {
    /// Whether `close` gives up receiving too, so that later data is answered with a reset (RFC 9293 MAY-1, SHLD-3).
    pub half_duplex_close: bool,
    /// What the reset of an ABORT looks like.
    pub abort_reset: AbortReset,
    /// Whether a reset throws away what has arrived and was not read (RFC 9293 §3.10.7.4); otherwise the application can
    /// still read it (Linux).
    pub reset_flushes: bool,
    /// Whether a FIN rides on data that the application sends at the same instant (RFC 9293 §3.10.4); otherwise data
    /// leaves at the SEND, and the FIN joins only what the window has held back (Linux).
    pub fin_joins_data: bool,
    /// Whether a close in CLOSE-WAIT brings LAST-ACK at once (Linux), or the FIN when it leaves (RFC 9293 §3.10.4).
    pub last_ack_at_close: bool,
}
