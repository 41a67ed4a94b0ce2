//! What the unit tests of this crate share: a bench that holds one host and plays its peer, and tables on it.
//!
//! Segments are written `FLAGS SEQ/ACK LEN` with numbers relative to each sender's ISN: `S 0`, `SA 0/1`, `PA 1/1 10`,
//! `FA 11/1`, `R 1`. ACK and LEN are left out where there is none. Timestamps follow as `@VALUE/ECHO`, where the host's
//! clock shows the milliseconds of the bench; of the host's own segments only `@ECHO` is shown. The fast open option is
//! `fo` (a request), `fo=c` (the cookie that the host made, or is to be shown) or `fo=x` (another), a connection count
//! `cc=N`; both stand at the end.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use sim_time::{Duration, Instant};

use crate::{
    AbortReset, AckCheck, AckTiming, Acknowledgment, Backlog, ChallengeLimit, Checks, Close, Commit, CrossingSyn,
    DuplicateSyn, Effect, EntryKind, FastOpen, FinAcknowledgment, Flags, GiveUp, HalfOpenCheck, Handle,
    HandshakeRetries, Host, Isn, Keepalive, KeepaliveHeard, Limits, Notice, Options, Patience, Persistence, PortRange,
    PortSelection, Preferences, Queue, RtoFloor, RtoUnmeasured, Segment, SegmentSizes, Selection, SeqNum,
    SequenceCheck, Settings, State, Status, SynInTimeWait, Teardown, TimeWaitOwner, TimeWaitRestart, Timers,
    TimestampCheck, Timestamps, Transmission, UserError, WindowProbe, presets,
};

impl Limits {
    /// The same with a change.
    pub(crate) fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }
}

/// RFC 9293's numbers, as in the profile of that name, but for five SYN-ACK retries.
pub(crate) fn limits() -> Limits {
    Limits {
        selection: Selection {
            isn: Isn::Clock,
            isn_tick: Duration::from_micros(4),
            ephemeral_ports: PortRange::new(49_152, 65_535).expect("a range"),
            port_selection: PortSelection::Sequential,
            quiet_time: Duration::from_secs(120),
        },
        checks: Checks {
            duplicate_syn: DuplicateSyn::Ack,
            crossing_syn: CrossingSyn::Figure,
            half_open_check: HalfOpenCheck::Exact,
            sequence_check: SequenceCheck::Window,
            reset_before_fin: false,
            paws_answers_acks: true,
            timestamp_check: TimestampCheck::Sequence,
            drop_unstamped: true,
            syn_resend_on_bad_ack: Patience::Forever,
            drop_syn_fin: false,
            ack_check: AckCheck::Unsent,
            challenge_limit: ChallengeLimit::None,
            challenge_count: 10,
            challenge_interval: Duration::from_secs(5),
        },
        acknowledgment: Acknowledgment {
            ack_timing: AckTiming::AfterApplication,
            delayed_ack: Duration::from_millis(200),
        },
        timers: Timers {
            rto_initial: Duration::from_secs(1),
            rto_min: Duration::from_secs(1),
            rto_floor: RtoFloor::Timeout,
            rto_max: Duration::from_secs(60),
            rto_after_syn_loss: Duration::from_secs(3),
            rto_unmeasured: RtoUnmeasured::AtLeast,
            timer_tick: Duration::ZERO,
            tail_loss_probe: false,
            timestamps: false,
        },
        handshake_retries: HandshakeRetries {
            syn_retries: 7,
            syn_linear_retries: 0,
            syn_ack_retries: 5,
            defer_accept: Duration::ZERO,
            fast_open_pause: Duration::ZERO,
        },
        backlog: Backlog {
            syn_backlog: 128,
            syn_backlog_for_strangers: u32::MAX,
            syn_backlog_pruning: false,
            cookies_on_overflow: false,
            cookie_period: Duration::from_secs(64),
            cache_entries: 128,
            fast_open_key_lifetime: Patience::For(Duration::from_secs(3600)),
            fast_open_backlog: 128,
            fast_open_reset_hold: Duration::ZERO,
            accept_backlog: 128,
            accept_queue_keeps_closed: false,
            abort_on_overflow: false,
        },
        persistence: Persistence {
            data_retries: 6,
            orphan_retries: 6,
            give_up: GiveUp::Retries,
            retransmission_merges: false,
            user_timeout: Patience::Forever,
            user_timeout_from_retransmission: false,
            window_probe: WindowProbe::Octet,
            window_probe_min: Duration::ZERO,
            orphan_probes_end: false,
        },
        keepalive: Keepalive {
            keepalive: false,
            keepalive_heard: KeepaliveHeard::Any,
            keepalive_idle: Duration::from_secs(7200),
            keepalive_interval: Duration::from_secs(75),
            keepalive_probes: 9,
            keepalive_reset: false,
        },
        sizes: SegmentSizes { window: 65_535, receive_buffer: 65_535, mss: 1460 },
        close: Close {
            half_duplex_close: false,
            abort_reset: AbortReset::Rst,
            reset_flushes: true,
            fin_joins_data: true,
            last_ack_at_close: false,
        },
    }
}

/// Those numbers with the choices Linux makes where the RFC's profile makes others, and no timer tick.
pub(crate) fn linux() -> Limits {
    Limits {
        checks: Checks {
            duplicate_syn: DuplicateSyn::SynAck,
            crossing_syn: CrossingSyn::Acknowledged,
            half_open_check: HalfOpenCheck::Window,
            sequence_check: SequenceCheck::LastAck,
            reset_before_fin: true,
            paws_answers_acks: false,
            timestamp_check: TimestampCheck::Acknowledgment,
            drop_unstamped: false,
            syn_resend_on_bad_ack: Patience::For(Duration::from_millis(8)),
            drop_syn_fin: true,
            ack_check: AckCheck::Window,
            challenge_limit: ChallengeLimit::Connection,
            challenge_interval: Duration::from_millis(500),
            ..limits().checks
        },
        acknowledgment: Acknowledgment {
            ack_timing: AckTiming::QuickThenDelayed,
            delayed_ack: Duration::from_millis(40),
        },
        timers: Timers {
            rto_min: Duration::from_millis(200),
            rto_floor: RtoFloor::Variance,
            rto_max: Duration::from_secs(120),
            rto_unmeasured: RtoUnmeasured::Exactly,
            ..limits().timers
        },
        backlog: Backlog { syn_backlog_pruning: true, accept_queue_keeps_closed: true, ..limits().backlog },
        persistence: Persistence {
            retransmission_merges: true,
            data_retries: 15,
            orphan_retries: 8,
            give_up: GiveUp::Time,
            user_timeout_from_retransmission: true,
            window_probe: WindowProbe::Bare,
            orphan_probes_end: true,
            ..limits().persistence
        },
        keepalive: Keepalive {
            keepalive_heard: KeepaliveHeard::Acceptable,
            keepalive_reset: true,
            ..limits().keepalive
        },
        close: Close {
            fin_joins_data: false,
            last_ack_at_close: true,
            half_duplex_close: true,
            abort_reset: AbortReset::RstAck,
            reset_flushes: false,
        },
        ..limits()
    }
}

/// The same for the choices of FreeBSD.
pub(crate) fn freebsd() -> Limits {
    Limits {
        checks: Checks {
            duplicate_syn: DuplicateSyn::SynAck,
            challenge_limit: ChallengeLimit::Connection,
            challenge_interval: Duration::from_millis(200),
            ..limits().checks
        },
        acknowledgment: Acknowledgment { ack_timing: AckTiming::Delayed, delayed_ack: Duration::from_millis(40) },
        timers: Timers {
            rto_min: Duration::from_millis(200),
            rto_floor: RtoFloor::Variance,
            rto_max: Duration::from_secs(64),
            ..limits().timers
        },
        handshake_retries: HandshakeRetries { syn_ack_retries: 3, ..limits().handshake_retries },
        backlog: Backlog { abort_on_overflow: true, ..limits().backlog },
        persistence: Persistence {
            data_retries: 12,
            orphan_retries: 12,
            window_probe_min: Duration::from_secs(5),
            orphan_probes_end: true,
            ..limits().persistence
        },
        keepalive: Keepalive { keepalive: true, keepalive_probes: 8, keepalive_reset: true, ..limits().keepalive },
        close: Close {
            half_duplex_close: true,
            abort_reset: AbortReset::RstAck,
            reset_flushes: false,
            ..limits().close
        },
        ..limits()
    }
}

/// A host with the handshake of that name.
pub(crate) fn settings(handshake: &str) -> Settings {
    Settings {
        handshake: presets::handshake(handshake).expect("a preset").policy,
        teardown: Teardown {
            time_wait: Duration::from_secs(240),
            reset_ends_time_wait: true,
            reset_guard: Duration::ZERO,
            time_wait_restart: TimeWaitRestart::Fin,
            syn_in_time_wait: SynInTimeWait::None,
            time_wait_reuse: Patience::Forever,
            time_wait_max: u32::MAX,
            time_wait_owner: TimeWaitOwner::Closer,
            half_close: true,
            fin_acknowledgment: FinAcknowledgment::Free,
            abort_ends_time_wait: true,
            fin_wait_2_timeout: Patience::Forever,
        },
        limits: limits(),
    }
}

pub(crate) fn at(millis: u64) -> Instant {
    Instant::ZERO + Duration::from_millis(millis)
}

const HERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 80);
const THERE: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 5000);
/// Near the top, so that every table crosses the wrap.
const PEER_ISS: SeqNum = SeqNum::new(u32::MAX - 1);

/// A transmission, and what was acknowledged to its port before it.
pub(crate) type Left = (Transmission<Vec<u8>, ()>, Option<SeqNum>);

/// A user call on a connection.
pub(crate) type Call =
    fn(&mut Host<Vec<u8>, ()>, Instant, Handle, &mut Vec<Effect<Vec<u8>, ()>>) -> Result<(), UserError>;

/// One host, its peer played by hand.
pub(crate) struct Bench {
    pub(crate) host: Host<Vec<u8>, ()>,
    pub(crate) now: Instant,
    /// Initial sequence number of the host's latest connection.
    pub(crate) iss: SeqNum,
    /// State of that connection.
    pub(crate) state: State,
    /// The handle an application holds.
    pub(crate) socket: Option<Handle>,
    /// The handles that applications of earlier connections still hold.
    pub(crate) earlier: Vec<Handle>,
    /// The deadlines that are set.
    armed: Vec<(Handle, Instant)>,
    pub(crate) notices: Vec<Notice>,
    /// Whether an application accepts what can be accepted.
    pub(crate) accepts: bool,
    /// Initial sequence numbers by the peer's port.
    isns: BTreeMap<u16, SeqNum>,
    /// The entries there are.
    held: Vec<Handle>,
    /// The state that was announced last of each, and whether it is passive.
    announced: BTreeMap<Handle, (State, bool)>,
    /// What was acknowledged last, by the peer's port (Last.ACK.sent of RFC 7323 §4.3).
    acknowledged: BTreeMap<u16, SeqNum>,
    /// What had no room.
    pub(crate) overflows: Vec<Queue>,
    /// What the host has sent.
    pub(crate) left: Vec<Left>,
    /// What the host's timestamps start from.
    clock_start: u32,
    /// The fast open cookie that the host made last.
    cookie: Option<u64>,
    /// The window of the peer's segments, in octets.
    pub(crate) window: u32,
}

impl Bench {
    /// A host that listens at port 80.
    pub(crate) fn listening(settings: Settings) -> Self {
        let mut bench = Self::closed(settings);
        bench.host.listen(HERE.port()).expect("the port is free");
        bench.state = State::Listen;
        bench
    }

    /// A host that does nothing.
    pub(crate) fn closed(settings: Settings) -> Self {
        Self {
            host: Host::new(*HERE.ip(), settings, [1; 16]),
            now: Instant::ZERO,
            iss: SeqNum::default(),
            state: State::Closed,
            socket: None,
            earlier: Vec::new(),
            armed: Vec::new(),
            notices: Vec::new(),
            accepts: true,
            isns: BTreeMap::new(),
            held: Vec::new(),
            announced: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            overflows: Vec::new(),
            left: Vec::new(),
            clock_start: 0,
            cookie: None,
            window: 10_000,
        }
    }

    /// A host whose application has just opened a connection.
    pub(crate) fn connecting(settings: Settings) -> Self {
        let mut bench = Self::closed(settings);
        let sent = bench.open();
        assert!(matches!(&sent[..], [syn] if syn.starts_with("S 0")), "{sent:?}");
        bench
    }

    /// A host whose connection is in the given state, brought there by the shortest way.
    pub(crate) fn in_state(settings: Settings, state: State) -> Self {
        let two_way = settings.handshake.proof == crate::Proof::None;
        let elsewhere =
            two_way || matches!(settings.handshake.commit, crate::Commit::Connection | crate::Commit::Nothing);
        let mut bench = match state {
            State::Closed => return Self::closed(settings),
            State::SynSent => return Self::connecting(settings),
            _ => Self::listening(settings),
        };
        let steps: &[&str] = match state {
            State::Listen => &[],
            State::SynReceived => &["S 0"],
            State::Established => &["S 0", "A 1/1"],
            State::FinWait1 => &["S 0", "A 1/1", "shutdown"],
            State::FinWait2 => &["S 0", "A 1/1", "shutdown", "A 1/2"],
            State::CloseWait => &["S 0", "A 1/1", "FA 1/1"],
            State::Closing => &["S 0", "A 1/1", "shutdown", "FA 1/1"],
            State::LastAck => &["S 0", "A 1/1", "FA 1/1", "shutdown"],
            State::TimeWait => &["S 0", "A 1/1", "shutdown", "FA 1/2"],
            State::Closed | State::SynSent => unreachable!("handled above"),
        };
        for step in steps {
            if *step == "shutdown" {
                bench.shutdown();
            } else {
                bench.arrives(step);
            }
        }
        assert!(bench.state == state || elsewhere, "{state} was not reached: {}", bench.state);
        bench
    }

    /// Active OPEN to the peer.
    pub(crate) fn open(&mut self) -> Vec<String> {
        self.act(|host, now, effects| host.open(now, HERE.port(), THERE, (), effects).map(Some))
    }

    /// Active OPEN with octets to send, and more to follow.
    pub(crate) fn open_with(&mut self, octets: usize) -> Vec<String> {
        let first = (vec![0; octets], false);
        self.act(|host, now, effects| host.open_with(now, (Some(HERE.port()), THERE), first, (), effects).map(Some))
    }

    /// Active OPEN with all that there is to send.
    pub(crate) fn open_with_all(&mut self, octets: usize) -> Vec<String> {
        let all = (vec![0; octets], true);
        self.act(|host, now, effects| host.open_with(now, (Some(HERE.port()), THERE), all, (), effects).map(Some))
    }

    /// Active OPEN that may fail.
    pub(crate) fn try_open(&mut self) -> Result<Handle, UserError> {
        self.host.open(self.now, HERE.port(), THERE, (), &mut Vec::new())
    }

    /// The host crashes.
    pub(crate) fn crash(&mut self) -> Vec<String> {
        self.socket = None;
        self.earlier.clear();
        self.act(|host, _, effects| {
            host.crash(effects);
            Ok(None)
        })
    }

    /// The tables in which there are entries.
    pub(crate) fn kinds(&self) -> Vec<EntryKind> {
        self.held.iter().map(|entry| entry.kind()).collect()
    }

    /// The connection with the peer, as the host tells of it.
    pub(crate) fn connection(&self) -> Option<(Handle, Status)> {
        let statuses = self.host.held().into_iter().filter_map(|entry| Some((entry, self.host.status(entry)?)));
        let with_the_peer = |status: &Status| status.tuple.remote == THERE && status.state != State::Closed;
        statuses.into_iter().find(|(_, status)| with_the_peer(status))
    }

    /// What the host has acknowledged to the peer last.
    pub(crate) fn last_acknowledged(&self) -> Option<SeqNum> {
        self.acknowledged.get(&THERE.port()).copied()
    }

    /// Checks that the host holds what its effects have said, each entry in the table that its state asks for, and that its
    /// index and its listeners agree.
    #[track_caller]
    pub(crate) fn audit(&self, settings: &Settings) {
        let (mut held, mut announced) = (self.host.held(), self.held.clone());
        held.sort_unstable();
        announced.sort_unstable();
        assert_eq!(held, announced);
        self.host.audit_index();
        self.host.audit_listeners();
        self.host.audit_ports(self.now);
        let Settings { handshake, teardown, .. } = settings;
        for entry in held.into_iter().filter(|entry| !matches!(entry.kind(), EntryKind::HoldDown | EntryKind::Peer)) {
            let (state, passive) = self.announced[&entry];
            let found = self.host.status(entry).map(|status| status.state).expect("it is held");
            // Where a small entry has taken its place, an application's handle tells of that.
            let moved = state == State::Closed && matches!(found, State::TimeWait | State::FinWait2);
            assert!(found == state || moved, "{entry:?}: {found} instead of {state}");
            let orphan = self.socket != Some(entry) && !self.earlier.contains(&entry);
            let kind = match state {
                State::TimeWait => EntryKind::TimeWait,
                State::FinWait2 if orphan && teardown.fin_wait_2_timeout != Patience::Forever => EntryKind::TimeWait,
                State::SynReceived if passive && entry.kind() == EntryKind::HalfOpen => {
                    assert!(matches!(handshake.commit, Commit::HalfOpen | Commit::Cache));
                    EntryKind::HalfOpen
                }
                _ => EntryKind::Connection,
            };
            assert_eq!(entry.kind(), kind, "{state}");
            assert!(state != State::Closed || !orphan, "{entry:?} is kept for no one");
        }
    }

    pub(crate) fn shutdown(&mut self) -> Vec<String> {
        let socket = self.socket.expect("accepted");
        self.act(|host, now, effects| host.shutdown(now, socket, effects).map(|()| None))
    }

    pub(crate) fn close(&mut self) -> Vec<String> {
        let socket = self.socket.take().expect("accepted");
        self.act(|host, now, effects| host.close(now, socket, effects).map(|()| None))
    }

    pub(crate) fn abort(&mut self) -> Vec<String> {
        let socket = self.socket.take().expect("accepted");
        self.act(|host, now, effects| host.abort(now, socket, effects).map(|()| None))
    }

    pub(crate) fn send(&mut self, octets: usize) -> Vec<String> {
        let socket = self.socket.expect("accepted");
        self.act(|host, _, _| host.send(socket, vec![0; octets]).map(|()| None))
    }

    /// SEND, and another call at the same instant.
    pub(crate) fn send_and(&mut self, octets: usize, call: Call) -> Vec<String> {
        let socket = self.socket.take().expect("accepted");
        self.act(|host, now, effects| {
            host.send(socket, vec![0; octets])?;
            call(host, now, socket, effects).map(|()| None)
        })
    }

    /// A segment comes from the peer, and the application closes at once.
    pub(crate) fn arrives_and_close(&mut self, text: &str) -> Vec<String> {
        let segment = self.parse(THERE.port(), text);
        let socket = self.socket.take().expect("accepted");
        self.act(|host, now, effects| {
            host.on_segment(now, &segment, (), effects);
            host.close(now, socket, effects).map(|()| None)
        })
    }

    /// Whether a SEND is allowed.
    pub(crate) fn may_send(&mut self) -> bool {
        let socket = self.socket.expect("accepted");
        self.host.clone().send(socket, Vec::new()).is_ok()
    }

    /// SEND and CLOSE at one instant.
    pub(crate) fn send_and_close(&mut self, octets: usize) -> Vec<String> {
        let socket = self.socket.take().expect("accepted");
        self.act(|host, now, effects| {
            host.send(socket, vec![0; octets])?;
            host.close(now, socket, effects).map(|()| None)
        })
    }

    /// Takes what waits for the application: octets, and whether the peer's data has ended.
    pub(crate) fn receive(&mut self) -> (u32, bool) {
        let received = self.host.receive(self.socket.expect("accepted"), u32::MAX, &mut Vec::new()).expect("open");
        (received.octets, received.end_of_data)
    }

    /// Takes at most so many octets; returns what leaves then.
    pub(crate) fn receive_some(&mut self, limit: u32) -> Vec<String> {
        let socket = self.socket.expect("accepted");
        self.act(|host, _, _| host.receive(socket, limit, &mut Vec::new()).map(|_| None))
    }

    /// What is ready leaves.
    pub(crate) fn flush(&mut self) -> Vec<String> {
        self.act(|_, _, _| Ok(None))
    }

    /// A segment comes from the peer; returns the answers.
    pub(crate) fn arrives(&mut self, text: &str) -> Vec<String> {
        self.arrives_from(THERE.port(), text)
    }

    /// The segment that a text stands for.
    pub(crate) fn segment(&self, text: &str) -> Segment<Vec<u8>> {
        self.parse(THERE.port(), text)
    }

    /// A segment comes from another port of the peer.
    pub(crate) fn arrives_from(&mut self, port: u16, text: &str) -> Vec<String> {
        let segment = self.parse(port, text);
        self.takes(segment)
    }

    /// A segment comes that is no text's.
    pub(crate) fn takes(&mut self, segment: Segment<Vec<u8>>) -> Vec<String> {
        self.act(|host, now, effects| {
            host.on_segment(now, &segment, (), effects);
            Ok(None)
        })
    }

    /// Segments come from the peer at once, before the host can answer.
    pub(crate) fn arrive_together(&mut self, texts: &[&str]) -> Vec<String> {
        let segments: Vec<_> = texts.iter().map(|text| self.parse(THERE.port(), text)).collect();
        self.act(|host, now, effects| {
            for segment in segments {
                host.on_segment(now, &segment, (), effects);
            }
            Ok(None)
        })
    }

    /// A segment comes from the peer between other addresses than the usual; returns how many effects that has.
    pub(crate) fn arrives_between(&mut self, source: [u8; 4], destination: [u8; 4], text: &str) -> usize {
        let usual = self.parse(THERE.port(), text);
        let socket = |address: [u8; 4], port| SocketAddrV4::new(address.into(), port);
        let (source, destination) =
            (socket(source, usual.source.port()), socket(destination, usual.destination.port()));
        let mut effects = Vec::new();
        self.host.on_segment(self.now, &Segment { source, destination, ..usual }, (), &mut effects);
        effects.len()
    }

    /// A segment comes from the peer; what it brings about is kept as it is.
    pub(crate) fn take_effects(&mut self, text: &str, effects: &mut Vec<Effect<Vec<u8>, ()>>) {
        let segment = self.parse(THERE.port(), text);
        self.host.on_segment(self.now, &segment, (), effects);
        self.host.flush(self.now, effects);
    }

    /// Passive OPEN, after a CLOSE in LISTEN if the host listens already.
    pub(crate) fn listen_anew(&mut self) -> Vec<String> {
        if self.host.listen(HERE.port()).is_ok() {
            return Vec::new();
        }
        let sent = self.unlisten();
        self.host.listen(HERE.port()).expect("the port is free");
        sent
    }

    /// CLOSE in LISTEN.
    pub(crate) fn unlisten(&mut self) -> Vec<String> {
        self.act(|host, now, effects| host.unlisten(now, HERE.port(), effects).map(|()| None))
    }

    /// The application chooses.
    pub(crate) fn prefer(&mut self, preferences: Preferences) {
        let socket = self.socket.expect("accepted");
        self.act(|host, _, _| host.prefer(socket, preferences).map(|()| None));
    }

    /// Time passes up to `until`; returns what the deadlines on the way brought about, with the seconds.
    pub(crate) fn wait(&mut self, until: Instant) -> Vec<String> {
        let mut sent = Vec::new();
        while let Some(place) = (0..self.armed.len()).min_by_key(|&place| self.armed[place].1) {
            let (entry, deadline) = self.armed[place];
            if deadline > until {
                break;
            }
            self.armed.remove(place);
            self.now = deadline;
            let segments = self.act(|host, now, effects| {
                host.on_deadline(now, entry, effects);
                Ok(None)
            });
            sent.extend(segments.into_iter().map(|segment| format!("{deadline} {segment}")));
        }
        self.now = until;
        sent
    }

    /// The deadline that is set, with its entry.
    pub(crate) fn deadline(&self) -> Option<(Handle, Instant)> {
        self.armed.first().copied()
    }

    fn act(
        &mut self,
        call: impl FnOnce(
            &mut Host<Vec<u8>, ()>,
            Instant,
            &mut Vec<Effect<Vec<u8>, ()>>,
        ) -> Result<Option<Handle>, UserError>,
    ) -> Vec<String> {
        let mut effects = Vec::new();
        if let Some(opened) = call(&mut self.host, self.now, &mut effects).expect("the call is allowed") {
            self.earlier.extend(self.socket.replace(opened));
        }
        if self.accepts
            && let Some(accepted) = self.host.accept(HERE.port())
        {
            self.earlier.extend(self.socket.replace(accepted));
        }
        self.host.flush(self.now, &mut effects);
        effects.into_iter().filter_map(|effect| self.observe(effect)).collect()
    }

    fn observe(&mut self, effect: Effect<Vec<u8>, ()>) -> Option<String> {
        match effect {
            Effect::Transmit(transmission) => {
                if let Some(timestamps) = transmission.segment.options.timestamps {
                    self.clock_start = timestamps.value.wrapping_sub(self.millis());
                }
                let segment = &transmission.segment;
                let port = segment.destination.port();
                self.left.push((transmission.clone(), self.acknowledged.get(&port).copied()));
                if segment.flags.ack() {
                    self.acknowledged.insert(port, segment.ack);
                }
                if segment.flags.contains(Flags::SYN_ACK) {
                    self.isns.insert(segment.destination.port(), segment.seq);
                }
                if let Some(FastOpen::Cookie(cookie)) = segment.options.fast_open {
                    self.cookie = Some(cookie);
                }
                return Some(self.print(segment));
            }
            Effect::State(transition) => {
                self.state = transition.to;
                self.iss = transition.iss;
                self.announced.insert(transition.entry, (transition.to, transition.passive));
                self.isns.insert(transition.tuple.remote.port(), transition.iss);
                if let (State::Listen | State::SynSent, Some(irs)) = (transition.from, transition.irs) {
                    self.acknowledged.insert(transition.tuple.remote.port(), irs + 1);
                }
            }
            Effect::Arm { entry, at, .. } => {
                self.armed.retain(|(armed, _)| *armed != entry);
                self.armed.push((entry, at));
            }
            Effect::Disarm { entry, .. } => self.armed.retain(|(armed, _)| *armed != entry),
            Effect::Hold { entry, .. } => self.held.push(entry),
            Effect::Release { entry, .. } => {
                self.armed.retain(|(armed, _)| *armed != entry);
                self.held.retain(|held| *held != entry);
                self.announced.remove(&entry);
            }
            Effect::Notify { notice, .. } => self.notices.push(notice),
            Effect::Overflow { queue, .. } => self.overflows.push(queue),
            Effect::Moved { from, to, .. } => {
                let moved = self.announced[&from];
                self.announced.insert(from, (State::Closed, moved.1));
                self.announced.insert(to, moved);
            }
            Effect::Keep { .. } | Effect::HeldDown { .. } | Effect::Took { .. } => {}
        }
        None
    }

    fn millis(&self) -> u32 {
        u32::try_from(self.now.as_nanos() / 1_000_000).expect("a bench runs for days")
    }

    fn print(&self, segment: &Segment<Vec<u8>>) -> String {
        // A reset outside any connection has no ISN to count from: its numbers are the peer's acknowledgment or 0.
        let iss = self.isns.get(&segment.destination.port()).copied().unwrap_or(self.iss);
        let seq = if segment.seq == SeqNum::new(0) { 0 } else { (segment.seq - iss).cast_signed() };
        let mut text = format!("{} {seq}", segment.flags);
        if segment.flags.ack() {
            text += &format!("/{}", segment.ack - PEER_ISS);
        }
        if !segment.payload.is_empty() {
            text += &format!(" {}", segment.payload.len());
        }
        if let Some(Timestamps { echo, .. }) = segment.options.timestamps {
            text += &format!(" @{echo}");
        }
        match segment.options.fast_open {
            None => {}
            Some(FastOpen::Request) => text += " fo",
            Some(FastOpen::Cookie(_)) => text += " fo=c",
        }
        if let Some(count) = segment.options.count {
            text += &format!(" cc={count}");
        }
        text
    }

    /// Takes the options at the end of a segment off its text.
    fn parse_options<'a>(&self, text: &'a str) -> (&'a str, Options) {
        let (text, count) = text.split_once(" cc=").map_or((text, None), |(text, count)| (text, count.parse().ok()));
        let (text, fast_open) = text.split_once(" fo").map_or((text, None), |(text, option)| {
            let cookie = match option {
                "" => FastOpen::Request,
                "=c" => FastOpen::Cookie(self.cookie.expect("the host has made a cookie")),
                _ => FastOpen::Cookie(0),
            };
            (text, Some(cookie))
        });
        (text, Options { fast_open, count, mss: Some(u16::MAX), timestamps: None })
    }

    fn parse(&self, port: u16, text: &str) -> Segment<Vec<u8>> {
        let iss = self.isns.get(&port).copied().unwrap_or(self.iss);
        let (text, options) = self.parse_options(text);
        let (text, timestamps) = text.split_once(" @").map_or((text, None), |(text, carried)| {
            let (value, echo) = carried.split_once('/').unwrap_or((carried, "0"));
            let echo = self.clock_start.wrapping_add(echo.parse().expect("an echo"));
            (text, Some(Timestamps { value: value.parse().expect("a value"), echo }))
        });
        let mut words = text.split(' ');
        let flags = words.next().expect("flags").chars().fold(Flags::NONE, |flags, letter| {
            flags.with(match letter {
                'S' => Flags::SYN,
                'F' => Flags::FIN,
                'R' => Flags::RST,
                'P' => Flags::PSH,
                'A' => Flags::ACK,
                _ => panic!("no flag {letter}"),
            })
        });
        let number = |text: &str| text.parse::<i64>().expect("a number").rem_euclid(1 << 32);
        let relative = |text: &str| u32::try_from(number(text)).expect("below 2³²");
        let (seq, ack) = words.next().map(|word| word.split_once('/').unwrap_or((word, "0"))).expect("numbers");
        Segment {
            source: SocketAddrV4::new(*THERE.ip(), port),
            destination: HERE,
            seq: PEER_ISS + relative(seq),
            ack: if flags.ack() { iss + relative(ack) } else { SeqNum::default() },
            flags,
            window: self.window,
            options: Options { timestamps, ..options },
            payload: vec![0; words.next().map_or(0, |len| len.parse().expect("a length"))],
        }
    }
}

/// Checks a table `segment | answers | state after`, each row from a connection that is newly in `state`. Answers are
/// separated by `;`, and `-` is none.
#[track_caller]
pub(crate) fn table(settings: &Settings, state: State, rows: &str) {
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let [arrives, answers, after] =
            row.split('|').map(str::trim).collect::<Vec<_>>().try_into().expect("three columns");
        let mut bench = Bench::in_state(settings.clone(), state);
        let answered = bench.arrives(arrives).join("; ");
        let answered = if answered.is_empty() { "-" } else { &answered };
        let found = format!("{arrives} | {answered} | {}", bench.state);
        assert_eq!(found, format!("{arrives} | {answers} | {after}"), "in {state}");
    }
}
