//! Random segments, calls and pauses in every state, under any settings: nothing panics, memory is what the state says,
//! and what is not acceptable, by the settings' own check, changes nothing.

use std::fmt;
use std::ops::Range;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sim_time::Duration;

use crate::half_open::HalfOpen;
use crate::presets::HANDSHAKES;
use crate::remains::Remains;
use crate::table::Table;
use crate::tcb::Tcb;
use crate::testing::{Bench, Left, freebsd, limits, linux, settings};
use crate::{
    AckCheck, AckTiming, ChallengeLimit, Commit, CrossingSyn, DuplicateSyn, EntryKind, FinAcknowledgment, Flags,
    HalfOpenCheck, Handle, Handshake, Limits, Patience, Proof, Purpose, Remembers, Segment, SeqNum, SequenceCheck,
    Settings, State, Status, SynData, SynInTimeWait, Teardown, TimeWaitOwner, TimeWaitRestart, TimestampCheck,
    Transmission, Unexpected, WindowProbe,
};

/// Every state, and every way to it that makes another entry of it: with an application and without, by a peer's SYN, by
/// our own, by both. A step is a segment or a call.
const STARTS: &[(State, &[&str])] = &[
    (State::Closed, &[]),
    (State::Listen, &["listen"]),
    (State::SynSent, &["open"]),
    (State::SynReceived, &["listen", "S 0"]),
    (State::SynReceived, &["open", "S 0"]),
    (State::Established, &["listen", "S 0", "A 1/1"]),
    (State::Established, &["open", "SA 0/1"]),
    (State::FinWait1, &["listen", "S 0", "A 1/1", "shutdown"]),
    (State::FinWait1, &["listen", "S 0", "A 1/1", "close"]),
    (State::FinWait2, &["listen", "S 0", "A 1/1", "shutdown", "A 1/2"]),
    (State::FinWait2, &["listen", "S 0", "A 1/1", "close", "A 1/2"]),
    (State::CloseWait, &["listen", "S 0", "A 1/1", "FA 1/1"]),
    (State::CloseWait, &["open", "SA 0/1", "FA 1/1"]),
    (State::Closing, &["listen", "S 0", "A 1/1", "shutdown", "FA 1/1"]),
    (State::Closing, &["listen", "S 0", "A 1/1", "close", "FA 1/1"]),
    (State::LastAck, &["listen", "S 0", "A 1/1", "FA 1/1", "shutdown"]),
    (State::LastAck, &["listen", "S 0", "A 1/1", "FA 1/1", "close"]),
    (State::TimeWait, &["listen", "S 0", "A 1/1", "shutdown", "FA 1/2"]),
    (State::TimeWait, &["listen", "S 0", "A 1/1", "close", "FA 1/2"]),
    (State::TimeWait, &["open", "SA 0/1", "close", "FA 1/2"]),
];

/// Brings a host to a start, as far as its settings let it; with timestamps if it has them.
fn bench(settings: &Settings, (_, steps): (State, &[&str])) -> Bench {
    let listens = steps.first() == Some(&"listen");
    let mut bench = if listens { Bench::listening(settings.clone()) } else { Bench::closed(settings.clone()) };
    for step in steps {
        match *step {
            "listen" => {}
            "open" => drop(bench.open()),
            "shutdown" => drop(make(&mut bench, &Move::Shutdown)),
            "close" => drop(make(&mut bench, &Move::Close)),
            segment => drop(bench.arrives(&format!("{segment} @1000"))),
        }
    }
    bench
}

/// A segment from the peer, with numbers relative to both ISNs.
#[derive(Clone, Debug)]
struct Thrown {
    flags: &'static str,
    seq: i64,
    ack: i64,
    len: usize,
    timestamp: Option<u32>,
}

impl fmt::Display for Thrown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { flags, seq, ack, len, timestamp } = self;
        write!(f, "{flags} {seq}/{ack} {len}")?;
        timestamp.map_or(Ok(()), |value| write!(f, " @{value}"))
    }
}

/// Other ports of the peer: enough to fill a small backlog.
const ELSEWHERE: Range<u16> = 5001..5009;

#[derive(Clone, Debug)]
enum Move {
    Arrives(Thrown),
    /// A segment comes from another port of the peer.
    Elsewhere(u16, &'static str),
    /// A SYN comes from each of a few other ports.
    Flood,
    Send(usize),
    Receive,
    Shutdown,
    Close,
    Abort,
    ListenAnew,
    Wait(u64),
}

fn flags() -> impl Strategy<Value = &'static str> {
    select(vec!["S", "SA", "A", "PA", "FA", "FPA", "R", "RA", "P", "F", "SF", "SFRPA"])
}

/// A number close to where a connection starts, at the far end of its window, or anywhere.
fn number() -> impl Strategy<Value = i64> {
    let anywhere = any::<u32>().prop_map(i64::from);
    prop_oneof![4 => 0_i64..4, 3 => -3_i64..25, 1 => 65_520_i64..65_545, 1 => -70_000_i64..70_000, 1 => anywhere]
}

fn thrown() -> impl Strategy<Value = Thrown> {
    let length = prop_oneof![3 => Just(0_usize), 3 => 1_usize..30, 1 => Just(70_000_usize)];
    let timestamp = prop::option::of(select(vec![999, 1000, 1001, 0]));
    (flags(), number(), number(), length, timestamp).prop_map(|(flags, seq, ack, len, timestamp)| Thrown {
        flags,
        seq,
        ack,
        len,
        timestamp,
    })
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let elsewhere = prop_oneof![3 => Just("S 0"), 1 => Just("A 1/1"), 1 => Just("FA 1/1"), 1 => Just("R 1")];
    let one = prop_oneof![
        12 => thrown().prop_map(Move::Arrives),
        4 => (ELSEWHERE, elsewhere).prop_map(|(port, segment)| Move::Elsewhere(port, segment)),
        1 => Just(Move::Flood),
        2 => (1_usize..5000).prop_map(Move::Send),
        2 => Just(Move::Receive),
        1 => Just(Move::Shutdown),
        1 => Just(Move::Close),
        1 => Just(Move::Abort),
        1 => Just(Move::ListenAnew),
        3 => (1_u64..100_000).prop_map(Move::Wait),
    ];
    prop::collection::vec(one, 1..40)
}

/// A profile's settings, or a mixture that no profile has.
fn hosts() -> impl Strategy<Value = Settings> {
    let changes = prop_oneof![Just(Vec::new()), subsequence(CHANGES, 0..=CHANGES.len())];
    (handshakes(), profiles(), changes).prop_map(|(handshake, (limits, teardown), changes)| {
        let mut settings = Settings { handshake, limits, teardown };
        changes.iter().for_each(|change| change(&mut settings.limits, &mut settings.teardown));
        settings
    })
}

/// A preset, or a design that nobody has named.
fn handshakes() -> impl Strategy<Value = Handshake> {
    let design = (
        select(vec![Commit::Connection, Commit::HalfOpen, Commit::Cache, Commit::Nothing]),
        select(vec![Proof::None, Proof::Ack]),
        select(vec![Unexpected::Reset, Unexpected::Silence]),
        any::<[bool; 2]>(),
        select(vec![SynData::Never, SynData::AfterHandshake, SynData::Cookie]),
        select(vec![Remembers::Nothing, Remembers::Count]),
        select(vec![Duration::ZERO, Duration::from_secs(10)]),
    );
    prop_oneof![
        2 => select(HANDSHAKES).prop_map(|preset| preset.policy),
        1 => design.prop_map(
            |(commit, proof, unexpected, [syn_ack_timer, data_check], syn_data, remembers, hold_down)| Handshake {
                commit,
                proof,
                unexpected,
                syn_ack_timer,
                data_check,
                syn_data,
                hold_down,
                remembers,
            },
        ),
    ]
}

/// RFC 9293's, Linux's, FreeBSD's.
fn profiles() -> impl Strategy<Value = (Limits, Teardown)> {
    select(all_profiles().to_vec())
}

fn all_profiles() -> [(Limits, Teardown); 3] {
    let rfc = settings("three-way").teardown;
    let of_linux = Teardown {
        time_wait: Duration::from_secs(60),
        time_wait_restart: TimeWaitRestart::Any,
        syn_in_time_wait: SynInTimeWait::Either,
        abort_ends_time_wait: false,
        fin_wait_2_timeout: Patience::For(Duration::from_secs(60)),
        ..rfc.clone()
    };
    let of_freebsd = Teardown {
        fin_acknowledgment: FinAcknowledgment::Apart,
        time_wait: Duration::from_secs(60),
        reset_ends_time_wait: false,
        syn_in_time_wait: SynInTimeWait::Sequence,
        fin_wait_2_timeout: Patience::For(Duration::from_secs(600)),
        ..rfc.clone()
    };
    let timestamps = true;
    [
        (limits(), rfc),
        (
            linux().with(|it| {
                it.timers.timestamps = timestamps;
                it.timers.tail_loss_probe = true;
                it.backlog.cookies_on_overflow = true;
            }),
            of_linux,
        ),
        (freebsd().with(|it| it.timers.timestamps = timestamps), of_freebsd),
    ]
}

/// Another choice in how segments are judged and answered, in how a backlog fills or in how a connection ends.
type Change = fn(&mut Limits, &mut Teardown);

/// A window of 0 has rows of its own in the table of what is acceptable.
const CHANGES: &[Change] = &[
    |limits, _| limits.checks.duplicate_syn = DuplicateSyn::Ack,
    |limits, _| limits.checks.duplicate_syn = DuplicateSyn::SynAck,
    |limits, _| limits.checks.crossing_syn = CrossingSyn::Figure,
    |limits, _| limits.checks.crossing_syn = CrossingSyn::Text,
    |limits, _| limits.checks.crossing_syn = CrossingSyn::Acknowledged,
    |limits, _| limits.checks.half_open_check = HalfOpenCheck::Exact,
    |limits, _| limits.checks.half_open_check = HalfOpenCheck::Window,
    |limits, _| limits.checks.sequence_check = SequenceCheck::Window,
    |limits, _| limits.checks.sequence_check = SequenceCheck::LastAck,
    |limits, _| limits.checks.reset_before_fin = false,
    |limits, _| limits.checks.reset_before_fin = true,
    |limits, _| limits.checks.paws_answers_acks = false,
    |limits, _| limits.checks.paws_answers_acks = true,
    |limits, _| limits.checks.timestamp_check = TimestampCheck::Sequence,
    |limits, _| limits.checks.timestamp_check = TimestampCheck::Acknowledgment,
    |limits, _| limits.checks.drop_unstamped = false,
    |limits, _| limits.checks.drop_unstamped = true,
    |limits, _| limits.checks.drop_syn_fin = false,
    |limits, _| limits.checks.drop_syn_fin = true,
    |limits, _| limits.checks.ack_check = AckCheck::Unsent,
    |limits, _| limits.checks.ack_check = AckCheck::Window,
    |limits, _| limits.checks.challenge_limit = ChallengeLimit::None,
    |limits, _| limits.checks.challenge_limit = ChallengeLimit::Host,
    |limits, _| limits.checks.challenge_limit = ChallengeLimit::Connection,
    |limits, _| limits.acknowledgment.ack_timing = AckTiming::AfterApplication,
    |limits, _| limits.acknowledgment.ack_timing = AckTiming::AtOnce,
    |limits, _| limits.acknowledgment.ack_timing = AckTiming::Delayed,
    |limits, _| limits.acknowledgment.ack_timing = AckTiming::QuickThenDelayed,
    |limits, _| limits.timers.tail_loss_probe = false,
    |limits, _| limits.timers.tail_loss_probe = true,
    |limits, _| limits.timers.timestamps = false,
    |limits, _| limits.timers.timestamps = true,
    |limits, _| limits.handshake_retries.defer_accept = Duration::from_secs(5),
    |limits, _| limits.backlog.syn_backlog = 1,
    |limits, _| limits.backlog.syn_backlog = 8,
    |limits, _| limits.backlog.syn_backlog_for_strangers = 0,
    |limits, _| limits.backlog.syn_backlog_for_strangers = 2,
    |limits, _| limits.backlog.syn_backlog_for_strangers = u32::MAX,
    |limits, _| limits.backlog.syn_backlog_pruning = false,
    |limits, _| limits.backlog.syn_backlog_pruning = true,
    |limits, _| limits.backlog.cookies_on_overflow = false,
    |limits, _| limits.backlog.cookies_on_overflow = true,
    |limits, _| limits.backlog.cache_entries = 2,
    |limits, _| limits.backlog.accept_backlog = 1,
    |limits, _| limits.backlog.abort_on_overflow = false,
    |limits, _| limits.backlog.abort_on_overflow = true,
    |limits, _| limits.keepalive.keepalive = false,
    |limits, _| limits.keepalive.keepalive = true,
    |limits, _| limits.sizes.window = 0,
    |limits, _| limits.sizes.window = 1,
    |limits, _| limits.sizes.window = 10,
    |limits, _| limits.sizes.window = 1 << 30,
    |limits, _| limits.sizes.receive_buffer = 0,
    |limits, _| limits.sizes.mss = 10,
    |limits, _| limits.persistence.window_probe = WindowProbe::Octet,
    |limits, _| limits.persistence.window_probe = WindowProbe::Bare,
    |limits, _| limits.persistence.window_probe_min = Duration::ZERO,
    |limits, _| limits.persistence.window_probe_min = Duration::from_secs(5),
    |limits, _| limits.backlog.fast_open_backlog = 0,
    |limits, _| limits.backlog.fast_open_backlog = 1,
    |limits, _| limits.backlog.fast_open_reset_hold = Duration::from_secs(60),
    |limits, _| limits.handshake_retries.fast_open_pause = Duration::from_secs(900),
    |limits, _| limits.persistence.orphan_probes_end = false,
    |limits, _| limits.persistence.orphan_probes_end = true,
    |limits, _| limits.close.reset_flushes = false,
    |limits, _| limits.close.reset_flushes = true,
    |limits, _| limits.close.half_duplex_close = false,
    |limits, _| limits.close.half_duplex_close = true,
    |limits, _| limits.close.fin_joins_data = false,
    |limits, _| limits.close.fin_joins_data = true,
    |limits, _| limits.persistence.retransmission_merges = false,
    |limits, _| limits.persistence.retransmission_merges = true,
    |limits, _| limits.close.last_ack_at_close = false,
    |limits, _| limits.close.last_ack_at_close = true,
    |_, teardown| teardown.time_wait = Duration::ZERO,
    |_, teardown| teardown.time_wait = Duration::from_secs(2),
    |_, teardown| teardown.time_wait = Duration::from_secs(240),
    |_, teardown| teardown.reset_ends_time_wait = false,
    |_, teardown| teardown.reset_ends_time_wait = true,
    |_, teardown| teardown.reset_guard = Duration::from_secs(1),
    |_, teardown| teardown.time_wait_restart = TimeWaitRestart::Fin,
    |_, teardown| teardown.time_wait_restart = TimeWaitRestart::Any,
    |_, teardown| teardown.syn_in_time_wait = SynInTimeWait::None,
    |_, teardown| teardown.syn_in_time_wait = SynInTimeWait::Sequence,
    |_, teardown| teardown.syn_in_time_wait = SynInTimeWait::Timestamp,
    |_, teardown| teardown.syn_in_time_wait = SynInTimeWait::Either,
    |_, teardown| teardown.time_wait_max = 0,
    |_, teardown| teardown.time_wait_owner = TimeWaitOwner::Closer,
    |_, teardown| teardown.time_wait_owner = TimeWaitOwner::Opener,
    |_, teardown| teardown.half_close = false,
    |_, teardown| teardown.half_close = true,
    |_, teardown| teardown.fin_acknowledgment = FinAcknowledgment::Free,
    |_, teardown| teardown.fin_acknowledgment = FinAcknowledgment::Joined,
    |_, teardown| teardown.fin_acknowledgment = FinAcknowledgment::Apart,
    |_, teardown| teardown.abort_ends_time_wait = false,
    |_, teardown| teardown.abort_ends_time_wait = true,
    |_, teardown| teardown.fin_wait_2_timeout = Patience::Forever,
    |_, teardown| teardown.fin_wait_2_timeout = Patience::For(Duration::from_secs(60)),
];

/// Makes the move, where an application is there to make it, and returns what was sent.
fn make(bench: &mut Bench, step: &Move) -> Vec<String> {
    let open = bench.socket.and_then(|socket| bench.host.status(socket)).map(|status| status.state);
    let usable = open.is_some_and(|state| state != State::Closed);
    match step {
        Move::Arrives(segment) => bench.arrives(&segment.to_string()),
        Move::Elsewhere(port, segment) => bench.arrives_from(*port, segment),
        Move::Flood => ELSEWHERE.flat_map(|port| bench.arrives_from(port, "S 0")).collect(),
        Move::ListenAnew => bench.listen_anew(),
        Move::Wait(millis) => bench.wait(bench.now + Duration::from_millis(*millis)),
        Move::Receive if open.is_some() => {
            // Of a connection that was reset there may be nothing to receive.
            let _ = bench.host.receive(bench.socket.expect("open"), u32::MAX, &mut Vec::new());
            bench.flush();
            Vec::new()
        }
        Move::Close if open.is_some() => bench.close(),
        Move::Abort if open.is_some() => bench.abort(),
        Move::Send(octets) if usable && may_send(bench) => bench.send(*octets),
        Move::Shutdown if usable && may_send(bench) => bench.shutdown(),
        _ => Vec::new(),
    }
}

/// Whether the sending direction is open; a SEND after that is an error, which the tables of calls cover.
fn may_send(bench: &mut Bench) -> bool {
    let socket = bench.socket.expect("open");
    bench.host.clone().send(socket, Vec::new()).is_ok()
}

/// Every application closes.
fn close_all(bench: &mut Bench) {
    loop {
        if bench.socket.is_some_and(|socket| bench.host.status(socket).is_some()) {
            bench.close();
        }
        bench.socket = bench.earlier.pop();
        if bench.socket.is_none() {
            return;
        }
    }
}

/// A host that was thrown at, and what is true just before and after each segment.
struct Exchange<'a> {
    settings: &'a Settings,
    segment: Segment<Vec<u8>>,
    /// What was acknowledged last before it.
    acknowledged: Option<SeqNum>,
    before: Option<(Handle, Status)>,
    after: Option<(Handle, Status)>,
    sent: Vec<String>,
    /// Whether an application was told anything.
    told: bool,
}

/// Makes the moves from a start, and shows each exchange to `check`.
fn throw(settings: &Settings, start: (State, &[&str]), moves: &[Move], mut check: impl FnMut(&Exchange<'_>)) -> Bench {
    let mut bench = bench(settings, start);
    bench.audit(settings);
    for step in moves {
        let (before, notices) = (bench.connection(), bench.notices.len());
        let acknowledged = bench.last_acknowledged();
        let thrown = if let Move::Arrives(thrown) = step { Some(bench.segment(&thrown.to_string())) } else { None };
        let sent = make(&mut bench, step);
        bench.audit(settings);
        if let Some(segment) = thrown {
            let (after, told) = (bench.connection(), bench.notices.len() > notices);
            check(&Exchange { settings, segment, acknowledged, before, after, sent, told });
        }
    }
    bench
}

impl Exchange<'_> {
    /// The table of RFC 9293 §3.10.7.4 in ordinary arithmetic, where there is a RCV.NXT to hold a segment against; or
    /// Linux's `tcp_sequence`, for the states that it is called in.
    fn is_acceptable(&self) -> Option<bool> {
        let (entry, status) = self.before?;
        let next = status.receive_next?;
        let from_next = |number: SeqNum| i64::from((number - next).cast_signed());
        let (start, len) = (from_next(self.segment.seq), i64::from(self.segment.len()));
        let window = 0..i64::from(status.receive_window);
        let whole = entry.kind() == EntryKind::Connection && status.state != State::TimeWait;
        if whole && self.settings.limits.checks.sequence_check == SequenceCheck::LastAck {
            return Some(start + len >= from_next(self.acknowledged?) && start <= window.end);
        }
        Some(match (len, window.is_empty()) {
            (0, true) => start == 0,
            (0, false) => window.contains(&start),
            (_, true) => false,
            (_, false) => window.contains(&start) || window.contains(&(start + len - 1)),
        })
    }

    /// Linux's `tcp_reset_check`: whether it is a reset from before the peer's FIN, which has come.
    fn is_reset_before_fin(&self) -> bool {
        let Some((_, Status { state, receive_next: Some(next), .. })) = self.before else { return false };
        self.settings.limits.checks.reset_before_fin
            && matches!(state, State::CloseWait | State::Closing | State::LastAck)
            && self.segment.flags.rst()
            && self.segment.seq + 1 == next
    }

    /// Whether the settings let a segment count that the table refuses: the SYN-ACK that completes a simultaneous open,
    /// a SYN in TIME-WAIT, which may open the next incarnation, and a reset from before the peer's FIN.
    fn has_a_rule_of_its_own(&self) -> bool {
        let Some((entry, status)) = self.before else { return false };
        let flags = self.segment.flags;
        let linux = self.settings.limits.checks.half_open_check == HalfOpenCheck::Window;
        match status.state {
            State::SynReceived if linux && entry.kind() == EntryKind::HalfOpen && flags.ack() => true,
            State::FinWait2 if linux && entry.kind() == EntryKind::TimeWait && flags.rst() => true,
            State::SynReceived => {
                let repeated = flags.syn() && flags.ack() && Some(self.segment.seq) == status.irs;
                repeated && self.settings.limits.checks.crossing_syn != CrossingSyn::Text
            }
            State::TimeWait => {
                flags.syn()
                    && !flags.ack()
                    && !flags.rst()
                    && self.settings.teardown.syn_in_time_wait != SynInTimeWait::None
            }
            _ => self.is_reset_before_fin(),
        }
    }

    /// Whether it begins at the edge of the closed window of a connection, whose acknowledgment and reset count.
    fn is_at_closed_window(&self) -> bool {
        let Some((entry, status)) = self.before else { return false };
        entry.kind() == EntryKind::Connection
            && !matches!(status.state, State::TimeWait | State::Closed)
            && status.receive_window == 0
            && Some(self.segment.seq) == status.receive_next
            && !self.segment.flags.syn()
    }

    fn is_refused(&self) -> bool {
        self.is_acceptable() == Some(false) && !self.has_a_rule_of_its_own() && !self.is_at_closed_window()
    }

    /// Whether the answer may be left out for the sake of the limit on challenge ACKs.
    fn may_be_limited(&self) -> bool {
        let bare = self.segment.is_empty() || self.segment.flags.syn();
        bare && self.settings.limits.checks.challenge_limit == ChallengeLimit::Connection
    }

    /// Linux's `tcp_disordered_ack_check`: whether it may be an old acknowledgment that PAWS drops without a word.
    fn may_be_disordered(&self) -> bool {
        let next = self.before.and_then(|(_, status)| status.receive_next);
        !self.settings.limits.checks.paws_answers_acks
            && self.segment.options.timestamps.is_some()
            && self.segment.is_empty()
            && next.is_some_and(|next| self.segment.seq.before(next))
    }

    /// Whether it may lack the timestamps that the connection agreed on.
    fn may_be_unstamped(&self) -> bool {
        let limits = &self.settings.limits;
        limits.timers.timestamps && limits.checks.drop_unstamped && self.segment.options.timestamps.is_none()
    }

    /// Whether the reset is one that the state, and the settings, let end the connection.
    fn resets(&self) -> bool {
        let Some((entry, status)) = self.before else { return false };
        let (segment, teardown) = (&self.segment, &self.settings.teardown);
        let exact = Some(segment.seq) == status.receive_next
            && (self.is_acceptable() == Some(true) || self.is_at_closed_window());
        match (status.state, entry.kind()) {
            (State::SynSent, _) => segment.flags.ack() && segment.ack == status.send_next,
            (_, EntryKind::HalfOpen) if self.settings.limits.checks.half_open_check == HalfOpenCheck::Window => {
                let of_ours = !segment.flags.ack() || segment.ack == status.send_next;
                of_ours && self.is_acceptable() == Some(true)
            }
            (State::FinWait2, EntryKind::TimeWait)
                if self.settings.limits.checks.half_open_check == HalfOpenCheck::Window =>
            {
                self.is_acceptable() == Some(true)
            }
            (State::TimeWait, _) => exact && teardown.reset_ends_time_wait && teardown.reset_guard.is_zero(),
            _ => exact || self.is_reset_before_fin(),
        }
    }
}

/// A segment's flags, length and numbers are those of its purpose, and so is the count of its retransmissions.
fn is_what_its_purpose_says((sent, acknowledged_before): &Left) -> bool {
    let Transmission { segment, retransmission, .. } = sent;
    let bare = segment.is_empty() && segment.flags == Flags::ACK;
    let again = *retransmission > 0;
    match sent.purpose {
        Purpose::New => !segment.is_empty() && !segment.flags.rst() && !again,
        Purpose::Retransmission | Purpose::TailLossProbe => !segment.is_empty() && !segment.flags.rst() && again,
        Purpose::DuplicateAck => bare && !again && *acknowledged_before == Some(segment.ack),
        Purpose::Acknowledgment | Purpose::ChallengeAck | Purpose::KeepaliveProbe => bare && !again,
        Purpose::WindowUpdate => bare && !again && *acknowledged_before == Some(segment.ack),
        Purpose::WindowProbe => (bare || segment.len() == 1 && !segment.flags.rst()) && !again,
        Purpose::ResetOfCall | Purpose::ResetOfNoConnection | Purpose::ResetOfUnacceptable | Purpose::ResetOfUnread => {
            segment.flags.rst() && segment.is_empty() && !again
        }
    }
}

/// Checks what has left since the last time. A keepalive probe starts just before SND.NXT.
fn check_purposes(bench: &mut Bench) {
    for left in std::mem::take(&mut bench.left) {
        assert!(is_what_its_purpose_says(&left), "{left:?}");
        let (sent, _) = left;
        let status = sent.sender.and_then(|(entry, ())| bench.host.status(entry));
        if let Some(status) = status.filter(|status| status.state != State::Closed) {
            let probes = sent.purpose == Purpose::KeepaliveProbe;
            assert!(!probes || sent.segment.seq + 1 == status.send_next, "{sent:?} at {status:?}");
        }
    }
}

/// What the small entries really take, with the tag of eight octets that a simulation has: 76 octets in their tables, which
/// have room for a thirty-second more of them, and a share of the index: four octets for the place, one of control, of eight
/// places at most seven used and at least half as many. That is 82 to 90 octets; with a node of the timing wheel, 36 octets,
/// it is 118 to 127.
#[test]
fn a_state_that_needs_less_takes_less() {
    type Tag = (u16, u32);
    let half_open = Table::<HalfOpen<Tag>>::PLACE;
    let time_wait = Table::<Remains<Tag>>::PLACE;
    assert_eq!((half_open, time_wait), (76, 76));
    let connection = Table::<Tcb<[u64; 3], Tag>>::PLACE;
    assert!(connection > 4 * half_open.max(time_wait), "{connection} B, but it needs what they do not");
}

/// The starts are what they say, in each profile.
#[test]
fn every_state_is_started_from() {
    for (limits, teardown) in all_profiles() {
        let settings = Settings { limits, teardown, ..settings("three-way") };
        for start in STARTS {
            assert_eq!(bench(&settings, *start).state, start.0, "{start:?}");
        }
        assert!(State::ALL.iter().all(|state| STARTS.iter().any(|start| start.0 == *state)));
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_everything_ends(settings in hosts(), start in select(STARTS), moves in moves()) {
        let silent = settings.handshake.unexpected == Unexpected::Silence;
        let mut bench = throw(&settings, start, &moves, |exchange| {
            let Exchange { segment, sent, .. } = exchange;
            let state = exchange.before.map(|(_, status)| status.state);
            assert!(!segment.flags.rst() || sent.iter().all(|answer| !answer.starts_with('R')),
                "a reset was answered with a reset: {segment:?} → {sent:?}");
            let quiet = silent && state.is_none_or(|state| state == State::SynSent);
            assert!(!quiet || sent.iter().all(|answer| !answer.starts_with("R ")),
                "silence was broken in {state:?}: {segment:?} → {sent:?}");
        });
        // Left alone by its peer and closed by its application, every connection is over some time.
        close_all(&mut bench);
        bench.wait(bench.now + Duration::from_secs(100_000));
        let endless = |state| match state {
            State::FinWait2 => settings.teardown.fin_wait_2_timeout == Patience::Forever,
            State::SynReceived => !settings.handshake.syn_ack_timer,
            _ => false,
        };
        let left = bench.connection().map(|(_, status)| status.state);
        prop_assert!(left.is_none_or(endless), "{left:?} lasts for ever");
    }

    /// What is announced as held is what is held, each entry in the table of its state, and in the end nothing is.
    #[test]
    fn memory_is_what_the_state_says(settings in hosts(), start in select(STARTS), moves in moves()) {
        let mut bench = throw(&settings, start, &moves, |_| ());
        while bench.socket.is_some() || !bench.earlier.is_empty() {
            make(&mut bench, &Move::Abort);
            bench.socket = bench.earlier.pop();
            bench.audit(&settings);
        }
        bench.wait(bench.now + Duration::from_secs(1000));
        bench.audit(&settings);
        let endless = !settings.handshake.syn_ack_timer || settings.teardown.fin_wait_2_timeout == Patience::Forever;
        let left: Vec<_> = bench.kinds().into_iter().filter(|kind| *kind != EntryKind::Peer).collect();
        prop_assert!(endless || left.is_empty(), "{left:?} are left");
        bench.crash();
        prop_assert!(bench.kinds().is_empty());
        bench.audit(&settings);
    }

    /// Each segment shows what it is sent for, as far as a segment can.
    #[test]
    fn a_segment_is_what_its_purpose_says(settings in hosts(), start in select(STARTS), moves in moves()) {
        let mut bench = bench(&settings, start);
        check_purposes(&mut bench);
        for step in &moves {
            make(&mut bench, step);
            check_purposes(&mut bench);
        }
        // Keepalive probes what is open still; what is closed then is sent again, and given up.
        bench.wait(bench.now + Duration::from_secs(20_000));
        check_purposes(&mut bench);
        close_all(&mut bench);
        bench.wait(bench.now + Duration::from_secs(1000));
        check_purposes(&mut bench);
    }

    /// RFC 9293 §3.10.7.4: what is not acceptable is dropped. No state changes, no data is delivered, no one is told.
    #[test]
    fn what_is_not_acceptable_changes_nothing(settings in hosts(), start in select(STARTS), moves in moves()) {
        throw(&settings, start, &moves, |exchange| {
            let Exchange { segment, before, after, sent, told, .. } = exchange;
            if !exchange.is_refused() {
                return;
            }
            // An answer may offer more than was offered before.
            let but_window = |found: &Option<(Handle, Status)>| {
                found.map(|(entry, status)| (entry, Status { receive_window: 0, ..status }))
            };
            assert_eq!((but_window(before), false), (but_window(after), *told), "{segment:?}");
            let acknowledged = sent.iter().all(|answer| answer.starts_with("A ") || answer.starts_with("SA "));
            assert!(acknowledged && sent.len() <= 1, "{segment:?} at {before:?} → {sent:?}");
            assert!(sent.is_empty() || !segment.flags.rst(), "a reset was answered: {segment:?} → {sent:?}");
            let limited = exchange.may_be_limited() || exchange.may_be_disordered() || exchange.may_be_unstamped();
            assert!(!sent.is_empty() || segment.flags.rst() || limited, "{segment:?} at {before:?} → nothing");
        });
    }

    /// And it is answered by an acknowledgment, unless it is a reset; the first is under no limit.
    #[test]
    fn what_is_not_acceptable_is_acknowledged(settings in hosts(), start in select(STARTS), thrown in thrown()) {
        let mut bench = bench(&settings, start);
        bench.now += settings.limits.checks.challenge_interval;
        let (before, segment) = (bench.connection(), bench.segment(&thrown.to_string()));
        let acknowledged = bench.last_acknowledged();
        let sent = bench.arrives(&thrown.to_string());
        let (after, told) = (bench.connection(), false);
        let exchange = Exchange { settings: &settings, segment, acknowledged, before, after, sent, told };
        if exchange.is_refused() && !exchange.may_be_disordered() && !exchange.may_be_unstamped() {
            prop_assert_eq!(exchange.sent.len(), usize::from(!exchange.segment.flags.rst()), "{:?}", exchange.sent);
        }
    }

    /// An unacceptable reset never resets, in any state: not without a connection, not in SYN-SENT unless it
    /// acknowledges the SYN, and elsewhere at RCV.NXT only (RFC 5961 §3.2), or just before a FIN that it follows (Linux).
    /// And the one that may reset does.
    #[test]
    fn only_an_exact_reset_resets(
        settings in hosts(),
        start in select(STARTS),
        moves in moves(),
        resets in prop::collection::vec((select(vec!["R", "RA"]), number(), -5_i64..5), 1..10),
    ) {
        let resets = resets.into_iter().map(|(flags, seq, ack)| {
            Move::Arrives(Thrown { flags, seq, ack, len: 0, timestamp: None })
        });
        // Each reset meets a state of its own: the start first, then whatever the moves have led to.
        let moves: Vec<_> = resets.zip(moves.chunks(3)).flat_map(|(reset, moves)| [&[reset][..], moves].concat()).collect();
        throw(&settings, start, &moves, |exchange| {
            let Exchange { segment, before, after, sent, .. } = exchange;
            if !segment.flags.rst() {
                return;
            }
            let over = before.is_some() && after.is_none();
            let guarded = before.is_some_and(|(_, status)| status.state == State::TimeWait)
                && !settings.teardown.reset_guard.is_zero();
            assert!(guarded || over == exchange.resets(), "{segment:?} met {before:?}, left {after:?}");
            if !over && exchange.is_acceptable() != Some(true) && !exchange.has_a_rule_of_its_own() {
                assert_eq!((before, &Vec::new()), (after, sent), "{segment:?}");
            }
        });
    }
}
