//! Laws that hold whatever the network does and whatever the scripts ask for.

use std::collections::{BTreeMap, BTreeSet};

use experiment::record::{Call, Cause, Event, Outcome, What, Worth};
use experiment::{Account, Arrivals, Flood, HostId, Ledger, Outage, Process, Resource, Scenario, Step, Workers};
use net_link::{Delay, Exponential, LossModel, Pareto, Probability};
use proptest::prelude::*;
use sim_time::Duration;
use tcp_endpoint::{Proof, Reason, State};

use crate::common::{Run, SERVER, accept, at, connect, ms, pair};

/// Steps after the first, in any order an application might think of.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1_u64..5000).prop_map(|octets| Step::Send(octets.into())),
        (1_u64..5000).prop_map(Step::Receive),
        Just(Step::ReceiveToEnd),
        (0_u64..3000).prop_map(|millis| Step::Wait(ms(millis).into())),
        (0_u64..3000).prop_map(|millis| Step::Work(ms(millis).into())),
        Just(Step::Shutdown),
        Just(Step::Close),
        Just(Step::CloseAtEnd),
        Just(Step::Abort),
    ];
    prop::collection::vec(step, 0..6)
}

/// A crash of either host, some time in the first rounds.
fn outage() -> impl Strategy<Value = Option<(usize, Outage)>> {
    let lasts = prop::option::of((0_u64..5000).prop_map(ms));
    let outage = (0..2_usize, 0_u64..10_000, lasts).prop_map(|(host, millis, lasts)| {
        (host, Outage { at: at(millis), until: lasts.map(|lasts| at(millis) + lasts) })
    });
    prop::option::of(outage)
}

/// Forged SYNs in the first seconds, from addresses that nobody has, or from the client's.
fn flood() -> impl Strategy<Value = Option<Flood>> {
    let flood = (prop::option::of(Just(HostId(0))), 1_u64..2000, 1_u64..20).prop_map(|(from, every, most)| Flood {
        start: at(100),
        arrivals: Arrivals { process: Process::Every(ms(every)), most: Some(most), until: None },
        from,
        to: HostId(1),
        port: 80,
    });
    prop::option::of(flood)
}

/// How many workers there are, and of which kind.
fn workers() -> impl Strategy<Value = Workers> {
    prop_oneof![
        Just(Workers::Unlimited),
        (1_u32..3).prop_map(Workers::Blocking),
        (1_u32..3).prop_map(Workers::Asynchronous),
    ]
}

fn scenario() -> impl Strategy<Value = Scenario> {
    let handshake = prop::sample::select(vec!["two-way", "two-way-rst", "three-way", "three-way-silent"]);
    let network = (0.0..0.4, 0.0..0.3, 1_u64..2000);
    let patience = prop::option::of(1_u64..3000);
    let room = (workers(), 1_u32..4, 1_u32..4, prop_oneof![Just(0), 1_u64..20_000]);
    let trouble = (outage(), flood());
    (handshake, steps(), steps(), network, patience, 0_u64..3, trouble, room, any::<u32>()).prop_map(
        |(handshake, client, server, (loss, duplicate, spread), patience, time_wait, trouble, room, seed)| {
            let (outage, flood) = trouble;
            let (workers, syn_backlog, accept_backlog, warm_up) = room;
            let open = match connect() {
                Step::Connect { to, port, with, .. } => {
                    Step::Connect { to, port, from: None, with, within: patience.map(ms) }
                }
                other => other,
            };
            let client = [open].into_iter().chain(client).collect();
            let server = [accept()].into_iter().chain(server).collect();
            let mut scenario = pair(handshake, client, server);
            scenario.seed = u64::from(seed);
            scenario.horizon = at(2_000_000);
            // Most of what happens does so in the first seconds.
            scenario.warm_up = at(warm_up);
            scenario.hosts[0].applications[0].rounds = Some(5);
            // A second client, so that one may take the other's room.
            let second = scenario.hosts[0].applications[0].clone();
            scenario.hosts[0].applications.push(second);
            scenario.hosts[1].applications[0].workers = workers;
            let limits = &mut scenario.hosts[1].settings.limits;
            (limits.backlog.syn_backlog, limits.backlog.accept_backlog) = (syn_backlog, accept_backlog);
            limits.backlog.accept_queue_keeps_closed = seed % 2 == 0;
            for host in &mut scenario.hosts {
                host.settings.teardown.time_wait = Duration::from_secs(time_wait);
            }
            if let Some((host, outage)) = outage {
                scenario.hosts[host].outages.push(outage);
            }
            scenario.floods.extend(flood);
            for link in &mut scenario.links {
                link.config.delay = Delay::Exponential(Exponential { mean: ms(spread + 1), min: ms(1) });
                link.config.loss = LossModel::Bernoulli(Probability::new(loss).expect("a probability"));
                link.config.duplicate = Probability::new(duplicate).expect("a probability");
            }
            scenario
        },
    )
}

/// Octets of entries held and not released, and octets sent, received and lost.
fn books(run: &Run) -> (i64, u64, u64) {
    let (mut held, mut received, mut lost) = (0_i64, 0, 0);
    for record in &run.records {
        match record.event {
            Event::Call { call: Call::Receive { octets, stale }, .. } => received += octets - stale,
            Event::DataLost { octets, .. } => lost += octets,
            _ => {}
        }
        for change in &record.changes {
            match change.what {
                What::Held { octets, .. } => held += octets.cast_signed(),
                What::Released { octets, .. } => held -= octets.cast_signed(),
                _ => {}
            }
        }
    }
    (held, received, lost)
}

fn sent(run: &Run) -> u64 {
    let octets = |event: &Event| match event {
        Event::Call { call: Call::Send(octets), outcome: Outcome::Done, .. } => *octets,
        _ => 0,
    };
    run.records.iter().map(|record| octets(&record.event)).sum()
}

/// Whether every connection has come to its end and no application holds one to read what is left in it.
fn all_over(run: &Run) -> bool {
    let mut open = BTreeSet::new();
    let mut in_hand = 0_i64;
    for record in &run.records {
        match &record.event {
            Event::State(change) if change.to == State::Closed => {
                open.remove(&change.incarnation);
            }
            Event::State(change) => {
                open.insert(change.incarnation);
            }
            Event::Call { call: Call::Connect | Call::Accept, outcome: Outcome::Done, .. } => in_hand += 1,
            Event::Call { call: Call::Close | Call::Abort, outcome: Outcome::Done, .. } => in_hand -= 1,
            _ => {}
        }
    }
    open.is_empty() && in_hand == 0
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_books_balance(scenario in scenario()) {
        let run = Run::of(&scenario);
        let (held, received, lost) = books(&run);
        prop_assert!(held >= 0, "more was released than held");
        let proved = scenario.hosts[1].settings.handshake.proof == Proof::Ack;
        // Without proof, a ghost may take a second copy of what its attempt's first connection has received.
        let accounted = if proved { received + lost } else { lost };
        prop_assert!(accounted <= sent(&run), "{received} received, {lost} lost of {}\n{}", sent(&run), run.text());
        if proved && all_over(&run) {
            prop_assert_eq!(accounted, sent(&run), "{} received, {} lost\n{}", received, lost, run.text());
        }
        let value = |name: &str| run.summary.metrics.get(name).flatten().expect("a number");
        let wasted = |host: &str| value(&format!("{host}.memory.wasted-byte-seconds"));
        for host in ["client", "server"] {
            let held = value(&format!("{host}.memory.byte-seconds"));
            prop_assert!(wasted(host) <= held, "{} of {} at {}", wasted(host), held, host);
        }
        // Each is a whole number of octet-nanoseconds, rounded once.
        let (parts, all) = (wasted("client") + wasted("server"), value("waste.byte-seconds"));
        prop_assert!((parts - all).abs() <= 4.0 * f64::EPSILON * all, "{parts} of {all}");
        let never = ["client.half-open.abandoned", "client.ghost.connections"];
        prop_assert!(never.iter().all(|name| value(name) == 0.0), "an active end is bereft or useful");
    }

    /// What is useful and what each packet is to blame for adds up to what the metrics measured, to the last unit, and
    /// whatever is given back in the end was taken.
    #[test]
    fn the_ledger_adds_up(scenario in scenario()) {
        let run = Run::of(&scenario);
        let ledger = Ledger::of(&run.records, scenario.horizon);
        let value = |name: &str| run.summary.metrics.get(name).flatten().expect("a number");
        for (host, plan) in (0..).zip(&scenario.hosts) {
            let of_memory = |account: &&Account| {
                account.host == HostId(host) && matches!(account.resource, Resource::Memory(_))
            };
            let sum = |part: fn(&Account) -> u128| -> f64 {
                ledger.accounts.iter().filter(of_memory).map(part).sum::<u128>() as f64 / 1e9
            };
            prop_assert_eq!(sum(Account::total), value(&format!("{}.memory.byte-seconds", plan.name)));
            prop_assert_eq!(sum(Account::wasted), value(&format!("{}.memory.wasted-byte-seconds", plan.name)));
        }
        let by_cause = |cause: Cause| -> f64 {
            let memory = ledger.accounts.iter().filter(|account| matches!(account.resource, Resource::Memory(_)));
            let held = memory.flat_map(|account| &account.wasted).filter(|(blame, _)| blame.cause == cause);
            held.map(|(_, held)| held).sum::<u128>() as f64 / 1e9
        };
        for blame in ledger.blames() {
            let record = blame.record.map(|id| &run.records[id.place() as usize].event);
            let fits = match (blame.cause, record) {
                (Cause::Lost, Some(Event::Sent(sent))) => sent.fate.deliveries.is_empty(),
                (Cause::Duplicated, Some(Event::Sent(sent))) => sent.fate.deliveries.len() > 1,
                (Cause::Delayed, Some(Event::Sent(sent))) => !sent.fate.deliveries.is_empty(),
                (Cause::Forged, Some(Event::Sent(sent))) => sent.forged,
                (Cause::Application, Some(Event::Sent(sent))) => sent.flags.fin() || sent.window == 0,
                (Cause::Crash, Some(Event::Crashed { .. }))
                | (Cause::Capacity, Some(Event::Overflow { .. }))
                | (Cause::Application, Some(Event::Call { .. }))
                | (Cause::Unknown, None | Some(Event::Sent(_))) => true,
                _ => false,
            };
            prop_assert!(fits, "{:?}: {:?}\n{}", blame, record, run.text());
        }
        prop_assert_eq!(by_cause(Cause::Lost), value("waste.lost.byte-seconds"));
        prop_assert_eq!(by_cause(Cause::Delayed), value("waste.delayed.byte-seconds"));
        prop_assert_eq!(by_cause(Cause::Duplicated), value("waste.duplicated.byte-seconds"));
        prop_assert_eq!(by_cause(Cause::Application), value("waste.application.byte-seconds"));
        prop_assert_eq!(by_cause(Cause::Crash), value("waste.crash.byte-seconds"));
        prop_assert_eq!(by_cause(Cause::Forged), value("waste.forged.byte-seconds"));
        prop_assert_eq!(by_cause(Cause::Capacity), value("waste.capacity.byte-seconds"));
        prop_assert_eq!(by_cause(Cause::Unknown), value("waste.unknown.byte-seconds"));
        let wasted: u64 = ledger.segments.wasted.iter().map(|(_, count)| count).sum();
        prop_assert_eq!(wasted as f64, value("segments.wasted"));
        prop_assert_eq!((wasted + ledger.segments.useful) as f64, value("segments.sent"));
        let waiting = ledger.accounts.iter().find(|account| account.resource == Resource::Clients);
        prop_assert_eq!(waiting.map_or(0, Account::total) as f64 / 1e9, value("server.clients.wait-seconds"));
        prop_assert_eq!(waiting.map_or(0, Account::wasted) as f64 / 1e9, value("server.clients.wait-by-waste-seconds"));
        let turned_away: u64 = ledger.turned_away.wasted.iter().map(|(_, count)| count).sum();
        prop_assert_eq!(turned_away as f64, value("server.clients.turned-away-by-waste"));
        prop_assert_eq!((turned_away + ledger.turned_away.useful) as f64, value("server.clients.turned-away"));
        let busy = ledger.accounts.iter().find(|account| account.resource == Resource::Workers);
        prop_assert_eq!(busy.map_or(0, Account::total) as f64 / 1e9, value("server.workers.busy-seconds"));
        if let Workers::Blocking(workers) | Workers::Asynchronous(workers) = scenario.hosts[1].applications[0].workers {
            prop_assert!(value("server.workers.busy-peak") <= f64::from(workers));
        }
    }

    #[test]
    fn records_come_in_the_order_of_time(scenario in scenario()) {
        let run = Run::of(&scenario);
        prop_assert!(run.records.is_sorted_by_key(|record| record.at));
        prop_assert!(run.records.last().is_none_or(|last| last.at <= scenario.horizon));
        prop_assert_eq!(&Run::of(&scenario).records, &run.records);
    }
}

/// A client that opens five times from one port, over a network whose packets live a minute at most, to a server that asks for
/// no proof and holds names down for so long.
fn held_down(hold_down: Duration, seed: u64) -> Scenario {
    let opens = Step::Connect { to: SERVER, port: 80, from: Some(5000), with: None, within: Some(ms(4000)) };
    let client = vec![opens, Step::Send(100.into()), Step::Receive(100), Step::Close];
    let server = vec![accept(), Step::Receive(100), Step::Send(100.into()), Step::CloseAtEnd];
    let mut scenario = pair("two-way", client, server);
    (scenario.seed, scenario.horizon) = (seed, at(600_000));
    scenario.hosts[0].applications[0].rounds = Some(5);
    scenario.hosts[1].settings.handshake.hold_down = hold_down;
    for host in &mut scenario.hosts {
        host.settings.teardown.time_wait = ms(100);
    }
    for link in &mut scenario.links {
        link.config.delay = Delay::Pareto(Pareto { min: ms(20), shape: 0.4 });
        link.config.loss = LossModel::Bernoulli(Probability::new(0.1).expect("a probability"));
        link.config.duplicate = Probability::new(0.2).expect("a probability");
        link.config.lifetime = Some(ms(60_000));
    }
    scenario
}

/// Ghosts of an attempt that the server had served before, until it heard of the client's end.
fn ghosts_of_the_served(run: &Run) -> usize {
    let (mut attempts, mut served) = (BTreeMap::new(), BTreeSet::new());
    let mut ghosts = BTreeSet::new();
    for record in &run.records {
        match &record.event {
            Event::State(change) if change.passive => {
                attempts.insert(change.incarnation, change.attempt);
                if change.to == State::Closed
                    && matches!(change.reason, Reason::Segment | Reason::Reset | Reason::Unread)
                {
                    served.insert(change.attempt);
                }
            }
            Event::Judged { incarnation, worth: Worth::Ghost(_), .. } if served.contains(&attempts[incarnation]) => {
                ghosts.insert(*incarnation);
            }
            _ => {}
        }
    }
    ghosts.len()
}

/// Watson's condition: a hold-down of the longest life that a packet can have keeps every stale SYN out.
#[test]
fn a_hold_down_of_a_lifetime_prevents_ghosts_of_the_served() {
    let ghosts = |hold_down: u64| -> usize {
        (0..300).map(|seed| ghosts_of_the_served(&Run::of(&held_down(ms(hold_down), seed)))).sum()
    };
    assert_eq!(ghosts(60_000), 0);
    let half = ghosts(30_000);
    assert!(half > 0, "half of it does not");
    assert!(ghosts(0) > half, "none at all does less");
}
