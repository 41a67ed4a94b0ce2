//! Settings from bytes: a profile's, with some of its choices changed.

use std::sync::LazyLock;

use arbitrary::{Result, Unstructured};
use sim_time::Duration;
use tcp_endpoint::{
    AbortReset, AckCheck, AckTiming, ChallengeLimit, Commit, CrossingSyn, DuplicateSyn, FinAcknowledgment, GiveUp,
    HalfOpenCheck, Handshake, Isn, KeepaliveHeard, Patience, PortRange, PortSelection, Proof, Remembers, RtoFloor,
    RtoUnmeasured, SequenceCheck, Settings, SynData, SynInTimeWait, TimeWaitOwner, TimeWaitRestart, TimestampCheck,
    Unexpected, WindowProbe, presets,
};

/// What each built-in profile says.
static PROFILES: LazyLock<Vec<Settings>> = LazyLock::new(|| {
    let settings = |profile: experiment::BuiltIn| {
        let text = format!(
            "seed = 1\nhorizon = \"1 s\"\nhandshake = [\"three-way\"]\n[link]\ndelay = \"1ms\"\n[client]\nprofile = \
             \"{0}\"\nscript = [\"connect\"]\n[server]\nprofile = \"{0}\"\nscript = [\"accept\"]\n",
            profile.name
        );
        let experiment = crate::parse("profile.toml", &text);
        crate::scenario(&experiment, &experiment.variants()[0]).hosts.swap_remove(0).settings
    };
    experiment::profiles().into_iter().map(settings).collect()
});

/// A preset, or a design that nobody has named. Both hosts have the same.
pub(super) fn handshake(bytes: &mut Unstructured<'_>) -> Result<Handshake> {
    if bytes.ratio(3, 4)? {
        return Ok(bytes.choose(presets::HANDSHAKES)?.policy);
    }
    Ok(Handshake {
        commit: *bytes.choose(&[Commit::Connection, Commit::HalfOpen, Commit::Cache, Commit::Nothing])?,
        proof: *bytes.choose(&[Proof::None, Proof::Ack])?,
        unexpected: *bytes.choose(&[Unexpected::Reset, Unexpected::Silence])?,
        syn_ack_timer: bytes.arbitrary()?,
        data_check: bytes.arbitrary()?,
        syn_data: *bytes.choose(&[SynData::Never, SynData::AfterHandshake, SynData::Cookie])?,
        hold_down: *bytes.choose(&[Duration::ZERO, Duration::from_secs(10)])?,
        remembers: *bytes.choose(&[Remembers::Nothing, Remembers::Count])?,
    })
}

/// What one host is set to.
pub(super) fn settings(bytes: &mut Unstructured<'_>, handshake: Handshake) -> Result<Settings> {
    let mut settings = Settings { handshake, ..bytes.choose(&PROFILES)?.clone() };
    for _ in 0..bytes.int_in_range(0..=6)? {
        if bytes.arbitrary()? {
            change_a_policy(bytes, &mut settings)?;
        } else {
            change_a_number(bytes, &mut settings)?;
        }
    }
    Ok(settings)
}

fn change_a_policy(bytes: &mut Unstructured<'_>, settings: &mut Settings) -> Result<()> {
    let Settings { teardown, limits, .. } = settings;
    match bytes.int_in_range(0..=46)? {
        0 => limits.selection.isn = *bytes.choose(&[Isn::Clock, Isn::Random, Isn::Constant])?,
        1 => limits.checks.duplicate_syn = *bytes.choose(&[DuplicateSyn::Ack, DuplicateSyn::SynAck])?,
        2 => {
            let choices = [CrossingSyn::Figure, CrossingSyn::Text, CrossingSyn::Acknowledged];
            limits.checks.crossing_syn = *bytes.choose(&choices)?;
        }
        3 => limits.checks.half_open_check = *bytes.choose(&[HalfOpenCheck::Exact, HalfOpenCheck::Window])?,
        4 => limits.checks.drop_syn_fin = bytes.arbitrary()?,
        5 => limits.checks.ack_check = *bytes.choose(&[AckCheck::Unsent, AckCheck::Window])?,
        6 => {
            let choices = [ChallengeLimit::None, ChallengeLimit::Host, ChallengeLimit::Connection];
            limits.checks.challenge_limit = *bytes.choose(&choices)?;
        }
        7 => {
            let choices =
                [AckTiming::AfterApplication, AckTiming::AtOnce, AckTiming::Delayed, AckTiming::QuickThenDelayed];
            limits.acknowledgment.ack_timing = *bytes.choose(&choices)?;
        }
        8 => limits.timers.rto_floor = *bytes.choose(&[RtoFloor::Timeout, RtoFloor::Variance])?,
        9 => limits.timers.tail_loss_probe = bytes.arbitrary()?,
        10 => limits.timers.timestamps = bytes.arbitrary()?,
        11 => limits.backlog.abort_on_overflow = bytes.arbitrary()?,
        12 => limits.persistence.give_up = *bytes.choose(&[GiveUp::Retries, GiveUp::Time])?,
        13 => limits.persistence.user_timeout_from_retransmission = bytes.arbitrary()?,
        14 => limits.keepalive.keepalive = bytes.arbitrary()?,
        15 => limits.keepalive.keepalive_reset = bytes.arbitrary()?,
        16 => limits.close.half_duplex_close = bytes.arbitrary()?,
        17 => limits.close.abort_reset = *bytes.choose(&[AbortReset::Rst, AbortReset::RstAck])?,
        18 => teardown.reset_ends_time_wait = bytes.arbitrary()?,
        19 => teardown.time_wait_restart = *bytes.choose(&[TimeWaitRestart::Fin, TimeWaitRestart::Any])?,
        20 => limits.checks.sequence_check = *bytes.choose(&[SequenceCheck::Window, SequenceCheck::LastAck])?,
        21 => limits.checks.reset_before_fin = bytes.arbitrary()?,
        22 => limits.checks.paws_answers_acks = bytes.arbitrary()?,
        23 => limits.close.fin_joins_data = bytes.arbitrary()?,
        24 => limits.close.last_ack_at_close = bytes.arbitrary()?,
        25 => limits.backlog.cookies_on_overflow = bytes.arbitrary()?,
        26 => teardown.half_close = bytes.arbitrary()?,
        27 => teardown.time_wait_owner = *bytes.choose(&[TimeWaitOwner::Closer, TimeWaitOwner::Opener])?,
        28 => {
            let choices = [FinAcknowledgment::Free, FinAcknowledgment::Joined, FinAcknowledgment::Apart];
            teardown.fin_acknowledgment = *bytes.choose(&choices)?;
        }
        29 => limits.backlog.cache_entries = *bytes.choose(&[0, 1, 2])?,
        30 => {
            limits.checks.syn_resend_on_bad_ack =
                *bytes.choose(&[Patience::Forever, Patience::For(Duration::from_millis(8))])?;
        }
        31 => teardown.abort_ends_time_wait = bytes.arbitrary()?,
        32 => limits.backlog.cookie_period = *bytes.choose(&[Duration::from_secs(1), Duration::from_secs(64)])?,
        33 => {
            limits.backlog.fast_open_key_lifetime =
                *bytes.choose(&[Patience::Forever, Patience::For(Duration::from_secs(5))])?;
        }
        45 => {
            limits.handshake_retries.fast_open_pause =
                *bytes.choose(&[Duration::ZERO, Duration::from_secs(1), Duration::from_secs(900)])?;
            limits.backlog.fast_open_backlog = *bytes.choose(&[0, 1, 2])?;
            limits.backlog.fast_open_reset_hold = *bytes.choose(&[Duration::ZERO, Duration::from_secs(1)])?;
        }
        34 => limits.backlog.syn_backlog_pruning = bytes.arbitrary()?,
        35 => limits.persistence.retransmission_merges = bytes.arbitrary()?,
        36 => limits.backlog.accept_queue_keeps_closed = bytes.arbitrary()?,
        37 => {
            limits.selection.port_selection = *bytes.choose(&[
                PortSelection::Sequential,
                PortSelection::Random,
                PortSelection::RandomAgain,
                PortSelection::Hash,
                PortSelection::DoubleHash,
                PortSelection::DoubleHashByParity,
                PortSelection::RandomIncrements,
            ])?;
        }
        38 => {
            let choices = [TimestampCheck::Sequence, TimestampCheck::Acknowledgment];
            limits.checks.timestamp_check = *bytes.choose(&choices)?;
        }
        40 => limits.keepalive.keepalive_heard = *bytes.choose(&[KeepaliveHeard::Any, KeepaliveHeard::Acceptable])?,
        41 => limits.timers.rto_unmeasured = *bytes.choose(&[RtoUnmeasured::AtLeast, RtoUnmeasured::Exactly])?,
        39 => limits.checks.drop_unstamped = bytes.arbitrary()?,
        42 => {
            limits.persistence.window_probe = *bytes.choose(&[WindowProbe::Octet, WindowProbe::Bare])?;
            limits.persistence.window_probe_min = *bytes.choose(&[Duration::ZERO, Duration::from_secs(5)])?;
        }
        43 => limits.persistence.orphan_probes_end = bytes.arbitrary()?,
        44 => limits.close.reset_flushes = bytes.arbitrary()?,
        _ => {
            let choices =
                [SynInTimeWait::None, SynInTimeWait::Sequence, SynInTimeWait::Timestamp, SynInTimeWait::Either];
            teardown.syn_in_time_wait = *bytes.choose(&choices)?;
        }
    }
    Ok(())
}

/// Every value is one that an experiment file may state.
fn change_a_number(bytes: &mut Unstructured<'_>, settings: &mut Settings) -> Result<()> {
    let Settings { teardown, limits, .. } = settings;
    let patience = |bytes: &mut Unstructured<'_>| {
        let choices = [Patience::Forever, Patience::For(Duration::ZERO), Patience::For(Duration::from_secs(5))];
        bytes.choose(&choices).copied()
    };
    let which = bytes.int_in_range(0..=25)?;
    let mut millis =
        |choices: &[u64]| bytes.int_in_range(0..=choices.len() - 1).map(|n| Duration::from_millis(choices[n]));
    match which {
        0 => limits.acknowledgment.delayed_ack = millis(&[0, 40, 499])?,
        1 => limits.timers.rto_initial = millis(&[1, 300, 1000])?,
        2 => limits.timers.rto_min = millis(&[1, 200, 1000])?,
        3 => limits.timers.rto_max = millis(&[1000, 2000, 60_000])?,
        4 => limits.timers.rto_after_syn_loss = millis(&[1, 3000])?,
        5 => limits.timers.timer_tick = millis(&[0, 1, 4, 500])?,
        6 => limits.handshake_retries.defer_accept = millis(&[0, 1000, 7000])?,
        7 => limits.selection.quiet_time = millis(&[0, 500, 120_000])?,
        8 => limits.checks.challenge_interval = millis(&[0, 500, 5000])?,
        9 => limits.keepalive.keepalive_idle = millis(&[0, 1000, 7_200_000])?,
        10 => limits.keepalive.keepalive_interval = millis(&[1, 75_000])?,
        11 => teardown.time_wait = millis(&[0, 1, 1000, 60_000])?,
        12 => teardown.reset_guard = millis(&[0, 2000])?,
        13 => teardown.time_wait_reuse = patience(bytes)?,
        14 => teardown.fin_wait_2_timeout = patience(bytes)?,
        15 => limits.persistence.user_timeout = patience(bytes)?,
        16 => teardown.time_wait_max = bytes.int_in_range(0..=2)?,
        17 => limits.checks.challenge_count = bytes.int_in_range(0..=2)?,
        18 => limits.backlog.syn_backlog = *bytes.choose(&[0, 1, 2, 8])?,
        19 => limits.backlog.accept_backlog = bytes.int_in_range(0..=2)?,
        20 => limits.sizes.mss = *bytes.choose(&[100, 1460, 65_495])?,
        21 => {
            limits.sizes.window = *bytes.choose(&[100, 1000, 65_535, 1 << 30])?;
            limits.sizes.receive_buffer = *bytes.choose(&[0, 2000, 1 << 30])?;
        }
        22 => limits.backlog.syn_backlog_for_strangers = *bytes.choose(&[0, 1, u32::MAX])?,
        // A second for one number makes the same of most.
        23 => limits.selection.isn_tick = *bytes.choose(&[Duration::from_nanos(64), Duration::from_secs(1)])?,
        24 => {
            let (first, last) = *bytes.choose(&[(80, 80), (5000, 5001), (5000, 5008), (1, 65_535)])?;
            limits.selection.ephemeral_ports = PortRange::new(first, last).expect("a range");
        }
        _ => {
            let few: u16 = bytes.int_in_range(0..=3)?;
            let retries = u32::from(few);
            (limits.handshake_retries.syn_retries, limits.handshake_retries.syn_ack_retries) = (retries, few);
            (limits.persistence.data_retries, limits.persistence.orphan_retries) = (retries, retries);
            (limits.keepalive.keepalive_probes, limits.handshake_retries.syn_linear_retries) = (retries, retries);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};
    use toml::Table;

    use super::*;

    /// What changes is only found in what is written down, so a setting that is new is missed until it is drawn, too.
    #[test]
    fn every_setting_is_varied() {
        let written = |settings: &Settings| {
            let mut table = Table::try_from(&settings.limits).expect("a table");
            table.extend(Table::try_from(&settings.teardown).expect("a table"));
            table
        };
        let plain = &PROFILES[0];
        let (before, mut varied) = (written(plain), BTreeSet::new());
        let mut random = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..3000 {
            let mut bytes = [0; 32];
            random.fill_bytes(&mut bytes);
            let (mut bytes, mut settings) = (Unstructured::new(&bytes), plain.clone());
            change_a_policy(&mut bytes, &mut settings).expect("there are bytes enough");
            change_a_number(&mut bytes, &mut settings).expect("there are bytes enough");
            let after = written(&settings);
            varied.extend(before.keys().filter(|key| before[*key] != after[*key]).cloned());
        }
        assert_eq!(varied, before.keys().cloned().collect());
    }
}
