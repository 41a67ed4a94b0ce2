//! What the host under test and its honest peer are set to.

use rand_chacha::ChaCha8Rng;
use sim_time::Duration;
use tcp_endpoint::{
    AbortReset, AckCheck, AckTiming, Acknowledgment, Backlog, ChallengeLimit, Checks, Close, Commit, CrossingSyn,
    DuplicateSyn, FinAcknowledgment, GiveUp, HalfOpenCheck, HandshakeRetries, Isn, Keepalive, KeepaliveHeard, Limits,
    Patience, Persistence, PortRange, PortSelection, RtoFloor, RtoUnmeasured, SegmentSizes, Selection, SequenceCheck,
    Settings, SynInTimeWait, Teardown, TimeWaitOwner, TimeWaitRestart, Timers, TimestampCheck, WindowProbe, presets,
};

use crate::chance::{choose, one_in};

/// RFC 9293's own choices, as profile `rfc9293` has them, with room for everything.
fn rfc9293() -> Settings {
    let seconds = Duration::from_secs;
    let many = u32::MAX;
    Settings {
        handshake: presets::handshake("three-way").expect("a preset").policy,
        teardown: Teardown {
            time_wait: seconds(240),
            reset_ends_time_wait: true,
            reset_guard: Duration::ZERO,
            time_wait_restart: TimeWaitRestart::Fin,
            syn_in_time_wait: SynInTimeWait::None,
            time_wait_reuse: Patience::Forever,
            time_wait_max: many,
            time_wait_owner: TimeWaitOwner::Closer,
            half_close: true,
            fin_acknowledgment: FinAcknowledgment::Free,
            abort_ends_time_wait: true,
            fin_wait_2_timeout: Patience::Forever,
        },
        limits: Limits {
            selection: Selection {
                isn: Isn::Clock,
                isn_tick: Duration::from_micros(4),
                ephemeral_ports: PortRange::new(49152, 65535).expect("a range"),
                port_selection: PortSelection::Sequential,
                quiet_time: Duration::ZERO,
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
                challenge_interval: seconds(5),
            },
            acknowledgment: Acknowledgment {
                ack_timing: AckTiming::AfterApplication,
                delayed_ack: Duration::from_millis(200),
            },
            timers: Timers {
                rto_initial: seconds(1),
                rto_min: seconds(1),
                rto_floor: RtoFloor::Timeout,
                rto_max: seconds(60),
                rto_after_syn_loss: seconds(3),
                rto_unmeasured: RtoUnmeasured::AtLeast,
                timer_tick: Duration::ZERO,
                tail_loss_probe: false,
                timestamps: false,
            },
            handshake_retries: HandshakeRetries {
                syn_retries: 7,
                syn_linear_retries: 0,
                syn_ack_retries: 7,
                defer_accept: Duration::ZERO,
                fast_open_pause: Duration::ZERO,
            },
            backlog: Backlog {
                syn_backlog: many,
                syn_backlog_for_strangers: many,
                syn_backlog_pruning: false,
                cookies_on_overflow: false,
                cookie_period: seconds(64),
                cache_entries: many,
                fast_open_key_lifetime: Patience::Forever,
                fast_open_backlog: many,
                fast_open_reset_hold: Duration::ZERO,
                accept_backlog: many,
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
                keepalive_idle: seconds(7200),
                keepalive_interval: seconds(75),
                keepalive_probes: 9,
                keepalive_reset: false,
            },
            sizes: SegmentSizes { window: 65535, receive_buffer: 65535, mss: 1460 },
            close: Close {
                half_duplex_close: false,
                abort_reset: AbortReset::Rst,
                reset_flushes: true,
                fin_joins_data: true,
                last_ack_at_close: false,
            },
        },
    }
}

/// Those of the host and of its peer.
pub(crate) fn draw_both(random: &mut ChaCha8Rng) -> [Settings; 2] {
    let fast_open = one_in(random, 3);
    [draw(random, fast_open), draw(random, fast_open)]
}

/// Choices that the RFCs leave open, and numbers that bring the edges near.
fn draw(random: &mut ChaCha8Rng, fast_open: bool) -> Settings {
    let mut settings = rfc9293();
    if fast_open && !one_in(random, 8) {
        settings.handshake = presets::handshake("fast-open").expect("a preset").policy;
    }
    let Settings { handshake, teardown, limits } = &mut settings;
    if one_in(random, 3) {
        handshake.commit = Commit::Connection;
    }
    limits.handshake_retries.fast_open_pause =
        choose(random, &[Duration::ZERO, Duration::from_millis(30), Duration::from_secs(100)]);
    limits.backlog.fast_open_backlog = choose(random, &[u32::MAX, u32::MAX, 1, 1, 0]);
    limits.backlog.fast_open_reset_hold =
        choose(random, &[Duration::ZERO, Duration::from_millis(30), Duration::from_secs(100)]);
    limits.timers.timestamps = !one_in(random, 3);
    limits.selection.isn = choose(random, &[Isn::Clock, Isn::Constant]);
    limits.sizes.window = choose(random, &[65535, 1000, 100, 1 << 30]);
    limits.sizes.receive_buffer = choose(random, &[0, 65535, 150]);
    limits.sizes.mss = choose(random, &[1460, 536, 40]);
    limits.checks.crossing_syn = choose(random, &[CrossingSyn::Figure, CrossingSyn::Text]);
    limits.checks.ack_check = choose(random, &[AckCheck::Unsent, AckCheck::Window]);
    if one_in(random, 4) {
        (limits.checks.challenge_limit, limits.checks.challenge_count) = (ChallengeLimit::Host, 2);
    }
    if one_in(random, 4) {
        (limits.handshake_retries.syn_retries, limits.handshake_retries.syn_ack_retries) = (1, 1);
        (limits.persistence.data_retries, limits.persistence.orphan_retries) = (2, 2);
    }
    let timings = [AckTiming::AfterApplication, AckTiming::AtOnce, AckTiming::Delayed];
    limits.acknowledgment.ack_timing = choose(random, &timings);
    let choices = [SynInTimeWait::None, SynInTimeWait::Sequence, SynInTimeWait::Timestamp];
    teardown.syn_in_time_wait = choose(random, &choices);
    limits.close.half_duplex_close = one_in(random, 4);
    teardown.time_wait = choose(random, &[Duration::from_secs(240), Duration::from_secs(2)]);
    settings
}
