//! Scenarios built by hand, and runs of them.

use std::net::Ipv4Addr;

use experiment::record::{Event, Record, RecordId};
use experiment::{
    Application, Arrivals, EntrySizes, HostId, HostPlan, LinkPlan, Scenario, Step, Summary, Workers, simulate,
};
use net_link::{Criteria, Delay, Fault, Kinds, LinkConfig, Numbers, ScriptedFate};
use sim_time::{Duration, Instant};
use tcp_endpoint::{
    AbortReset, AckCheck, AckTiming, Acknowledgment, Backlog, ChallengeLimit, Checks, Close, CrossingSyn, DuplicateSyn,
    FinAcknowledgment, GiveUp, HalfOpenCheck, HandshakeRetries, Isn, Keepalive, KeepaliveHeard, Limits, Patience,
    Persistence, PortRange, PortSelection, RtoFloor, RtoUnmeasured, SegmentSizes, Selection, SequenceCheck, Settings,
    SynInTimeWait, Teardown, TimeWaitOwner, TimeWaitRestart, Timers, TimestampCheck, WindowProbe, presets,
};

pub(crate) const CLIENT: HostId = HostId(0);
pub(crate) const SERVER: HostId = HostId(1);

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) const fn at(millis: u64) -> Instant {
    Instant::from_nanos(millis * 1_000_000)
}

/// A finished run with all it left behind.
pub(crate) struct Run {
    pub(crate) summary: Summary,
    pub(crate) records: Vec<Record>,
}

impl Run {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let mut records = Vec::new();
        let summary = simulate(scenario, &mut records).expect("time moves on");
        Self { summary, records }
    }

    #[track_caller]
    pub(crate) fn check(&self, expected: &[(&str, f64)]) {
        for (name, value) in expected {
            let found = self.summary.metrics.get(name).unwrap_or_else(|| panic!("no metric {name}"));
            assert_eq!(found, Some(*value), "{name}\n{}", self.text());
        }
    }

    /// The record of the segment of that ordinal among those sent in the run, from 0.
    pub(crate) fn segment(&self, ordinal: usize) -> RecordId {
        let mut sent = self.records.iter().filter(|record| matches!(record.event, Event::Sent(_)));
        sent.nth(ordinal).expect("so many were sent").id
    }

    /// When the wasted segments were sent.
    pub(crate) fn wasted_at_millis(&self) -> Vec<u64> {
        let wasted =
            self.records.iter().filter(|record| matches!(&record.event, Event::Sent(sent) if sent.wasted.is_some()));
        wasted.map(|record| record.at.as_nanos() / 1_000_000).collect()
    }

    /// Segments, states and verdicts, one a line.
    pub(crate) fn text(&self) -> String {
        let line = |record: &Record| {
            let text = match &record.event {
                Event::Sent(sent) => format!(
                    "{} {} {}/{} {} octets, attempt {}, resent {}{}, {:?}",
                    sent.from.map_or(u16::MAX, |from| from.0),
                    sent.flags,
                    sent.seq.raw(),
                    sent.ack.raw(),
                    sent.octets,
                    sent.attempt.ordinal,
                    sent.retransmission,
                    if sent.wasted.is_some() { ", wasted" } else { "" },
                    sent.fate.deliveries
                ),
                Event::Delivered { stale: true, .. } => format!("stale: {:?}", record.because.first()),
                Event::State(change) => {
                    format!("{} {} -> {} ({:?})", change.host.0, change.from, change.to, change.reason)
                }
                Event::Judged { host, worth, .. } => format!("{} {worth:?}", host.0),
                Event::DataLost { host, octets, .. } => format!("{} lost {octets}", host.0),
                _ => return None,
            };
            Some(format!("{}  {text}\n", record.at))
        };
        self.records.iter().filter_map(line).collect()
    }
}

/// RFC 9293's numbers, as the profile of that name has them, with five SYN-ACK retries.
pub(crate) fn limits() -> Limits {
    Limits {
        selection: Selection {
            isn: Isn::Clock,
            isn_tick: Duration::from_micros(4),
            ephemeral_ports: PortRange::new(49_152, 65_535).expect("a range"),
            port_selection: PortSelection::Sequential,
            quiet_time: Duration::ZERO,
        },
        checks: Checks {
            duplicate_syn: DuplicateSyn::Ack,
            crossing_syn: CrossingSyn::Text,
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
            challenge_interval: ms(5000),
        },
        acknowledgment: Acknowledgment { ack_timing: AckTiming::AfterApplication, delayed_ack: ms(200) },
        timers: Timers {
            rto_initial: ms(1000),
            rto_min: ms(1000),
            rto_floor: RtoFloor::Timeout,
            rto_max: ms(60_000),
            rto_after_syn_loss: ms(3000),
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
            fast_open_key_lifetime: Patience::Forever,
            fast_open_backlog: 128,
            fast_open_reset_hold: Duration::ZERO,
            accept_backlog: 128,
            accept_queue_keeps_closed: false,
            abort_on_overflow: false,
        },
        persistence: Persistence {
            data_retries: 8,
            orphan_retries: 8,
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

pub(crate) fn settings(handshake: &str) -> Settings {
    Settings {
        handshake: presets::handshake(handshake).expect("a preset").policy,
        teardown: Teardown {
            time_wait: Duration::from_secs(1),
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

pub(crate) fn host(name: &str, last: u8, handshake: &str, steps: Vec<Step>) -> HostPlan {
    HostPlan {
        name: name.to_owned(),
        addresses: vec![Ipv4Addr::new(10, 0, 0, last)],
        settings: settings(handshake),
        sizes: EntrySizes { half_open: 256, connection: 2048, time_wait: 128, hold_down: 128, peer: 64, socket: 512 },
        applications: vec![Application {
            start: Instant::ZERO,
            steps,
            lines: Vec::new(),
            rounds: Some(1),
            workers: Workers::Unlimited,
            arrivals: Arrivals::at_once(1),
        }],
        outages: Vec::new(),
        failures: None,
    }
}

pub(crate) const fn connect() -> Step {
    Step::Connect { to: SERVER, port: 80, from: None, with: None, within: None }
}

pub(crate) const fn accept() -> Step {
    Step::Accept { port: 80 }
}

pub(crate) fn link(from: HostId, to: HostId, name: &str) -> LinkPlan {
    LinkPlan {
        from,
        to,
        name: name.to_owned(),
        config: LinkConfig { delay: Delay::Constant(ms(50)), ..LinkConfig::default() },
    }
}

/// A client and a server, 50 ms apart, that run these scripts.
pub(crate) fn pair(handshake: &str, client: Vec<Step>, server: Vec<Step>) -> Scenario {
    let mut server = host("server", 2, handshake, server);
    server.applications[0].rounds = None;
    Scenario {
        seed: 7,
        horizon: at(10_800_000),
        hosts: vec![host("client", 1, handshake, client), server],
        links: vec![link(CLIENT, SERVER, "client-to-server"), link(SERVER, CLIENT, "server-to-client")],
        warm_up: Instant::ZERO,
        injections: Vec::new(),
        floods: Vec::new(),
    }
}

/// One request, one response; the client closes at 1.3 s, the server at once after it; the first SYN takes 5 s.
pub(crate) fn baseline(handshake: &str) -> Scenario {
    let client = vec![connect(), Step::Send(100.into()), Step::Receive(100), Step::WaitUntil(at(1300)), Step::Close];
    let server = vec![accept(), Step::Receive(100), Step::Send(100.into()), Step::CloseAtEnd];
    let mut scenario = pair(handshake, client, server);
    delay_first_syn(&mut scenario, Duration::from_secs(5));
    scenario
}

pub(crate) fn delay_first_syn(scenario: &mut Scenario, delay: Duration) {
    scenario.links[0].config.fault = vec![fault(Kinds::SYN, ScriptedFate::Delay(delay))];
}

/// A fault for the first packet of a kind.
pub(crate) fn fault(kind: Kinds, fate: ScriptedFate) -> Fault {
    Fault { on: Criteria { flags: Some(kind), nth: Some(Numbers::List(vec![1])), ..Criteria::default() }, fate }
}
