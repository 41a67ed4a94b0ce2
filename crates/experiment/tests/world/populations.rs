//! Sessions that arrive by a process, and the machines they are dealt over.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use experiment::record::{Attempt, Call, Event, Outcome};
use experiment::{Arrivals, OnOff, Process, Rate, Scenario, Size, Step};
use net_link::{Delay, Exponential, LossModel, Pareto, Probability};
use sim_time::Instant;
use tcp_endpoint::{PortRange, State};

use crate::common::{CLIENT, Run, accept, at, connect, ms, pair};

fn process(process: Process) -> Arrivals {
    Arrivals { process, most: None, until: None }
}

/// Sessions that open, send 100 B and close, for so long.
fn sessions(handshake: &str, arrivals: Arrivals, horizon_ms: u64) -> Scenario {
    let client = vec![connect(), Step::Send(100.into()), Step::Close];
    let mut scenario = pair(handshake, client, vec![accept(), Step::CloseAtEnd]);
    scenario.hosts[0].applications[0].arrivals = arrivals;
    scenario.horizon = at(horizon_ms);
    scenario
}

/// When the client's sessions called for an open.
fn opens(run: &Run) -> Vec<Instant> {
    let calls = run.records.iter().filter(|record| matches!(record.event, Event::Call { call: Call::Connect, .. }));
    calls.map(|record| record.at).collect()
}

fn opened_at_millis(arrivals: Arrivals) -> Vec<u64> {
    opens(&Run::of(&sessions("three-way", arrivals, 10_000))).iter().map(|at| at.as_nanos() / 1_000_000).collect()
}

#[test]
fn arrivals_come_at_their_times() {
    let at_times = || Process::At(vec![ms(5), ms(20), ms(20), ms(700)].into());
    assert_eq!(opened_at_millis(process(at_times())), [5, 20, 20, 700]);
    assert_eq!(opened_at_millis(Arrivals { most: Some(2), ..process(at_times()) }), [5, 20]);
    assert_eq!(opened_at_millis(Arrivals { until: Some(at(20)), ..process(at_times()) }), [5, 20, 20]);
    assert_eq!(opened_at_millis(Arrivals::at_once(3)), [0, 0, 0]);
    assert_eq!(opened_at_millis(process(Process::Every(ms(2500)))), [0, 2500, 5000, 7500, 10_000]);
    let mut late = sessions("three-way", process(Process::Every(ms(4000))), 10_000);
    late.hosts[0].applications[0].start = at(1000);
    assert_eq!(opens(&Run::of(&late)), [at(1000), at(5000), at(9000)]);
}

/// The number in so long is Poisson: mean and variance are both 50 in each of 400 windows of a second. (Standard errors:
/// 0.35 and 3.5.)
#[test]
fn poisson_arrivals_are_counted_as_poisson_says() {
    let run = Run::of(&sessions("three-way", process(Process::Poisson(Rate::per_second(50.0))), 400_000));
    let (mean, variance) = count_in_windows(&opens(&run), 400);
    assert!((mean - 50.0).abs() < 4.0 * 0.36, "mean {mean}");
    assert!((variance - 50.0).abs() < 4.0 * 3.6, "variance {variance}");
}

/// Mean and variance of the numbers in so many windows of a second.
fn count_in_windows(times: &[Instant], windows: usize) -> (f64, f64) {
    let mut counts = vec![0.0; windows];
    for time in times {
        let window = usize::try_from(time.as_nanos() / 1_000_000_000).unwrap();
        counts[window.min(windows - 1)] += 1.0;
    }
    let mean = counts.iter().sum::<f64>() / windows as f64;
    (mean, counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / (windows - 1) as f64)
}

/// On for 1 s and off for 3 s on average, at 80 a second and at 4: (80 + 3 · 4) / 4 = 23 a second. The counts vary far more
/// than Poisson's: the variance of the rate in a long window of t seconds is 2 t (76)² p q / (1/1 + 1/3), and of the count
/// 23 t more; over 2000 s the standard deviation of the mean rate is 1.3.
#[test]
fn bursts_have_their_mean_rate_and_vary_more_than_poisson() {
    let bursts =
        OnOff { on: ms(1000), off: ms(3000), rate: Rate::per_second(80.0), rate_off: Some(Rate::per_second(4.0)) };
    let run = Run::of(&sessions("three-way", process(Process::OnOff(bursts)), 2_000_000));
    let (mean, variance) = count_in_windows(&opens(&run), 2000);
    assert!((mean - 23.0).abs() < 4.0 * 1.3, "mean {mean}");
    assert!(variance > 10.0 * mean, "mean {mean}, variance {variance}");
}

#[test]
fn nothing_arrives_while_it_is_off() {
    let bursts = OnOff { on: ms(1000), off: ms(100_000_000), rate: Rate::per_second(80.0), rate_off: None };
    let run = Run::of(&sessions("three-way", process(Process::OnOff(bursts)), 1_000_000));
    let times = opens(&run);
    assert!(!times.is_empty() && times.last() < Some(&at(20_000)), "{times:?}");
}

/// λ · 2MSL entries are in TIME-WAIT: 40 a second for 10 s each. Their number is Poisson; over 400 s of it there are
/// some twenty independent looks at it. Its integral counts what a session leaves until the end.
#[test]
fn time_wait_holds_the_rate_times_its_length() {
    let mut scenario = sessions("three-way", process(Process::Poisson(Rate::per_second(40.0))), 400_000);
    scenario.hosts[0].settings.teardown.time_wait = ms(10_000);
    let run = Run::of(&scenario);
    let value = |name: &str| run.summary.metrics.get(name).flatten().unwrap();
    let occupancy = value("client.time-wait.seconds") / 400.0;
    // The first ten seconds fill it: 400 less half of 40 · 10 s / 400 s · 10 s.
    let expected = 400.0 - 5.0;
    assert!((occupancy - expected).abs() < 4.0 * 3.2, "{occupancy}");
    assert!(value("client.time-wait.peak") < 400.0 + 5.0 * 20.0);
}

#[test]
fn sessions_are_dealt_over_the_machines_in_turn() {
    let mut scenario = sessions("three-way", process(Process::Every(ms(1000))), 5500);
    scenario.hosts[0].addresses = (1..=4).map(|last| Ipv4Addr::new(10, 0, 1, last)).collect();
    let run = Run::of(&scenario);
    let from: Vec<u8> = run
        .records
        .iter()
        .filter_map(|record| match &record.event {
            Event::State(change) if change.to == State::SynSent => Some(change.tuple.local.ip().octets()[3]),
            _ => None,
        })
        .collect();
    assert_eq!(from, [1, 2, 3, 4, 1, 2]);
    // All count under the one name, and the server's answers reach each.
    run.check(&[("client.attempts.established", 6.0), ("data.delivered.bytes", 600.0), ("segments.lost", 0.0)]);
}

/// Four ports, each taken for a second of TIME-WAIT: ten sessions a second are too many for one machine, not for four.
#[test]
fn each_machine_has_ports_of_its_own() {
    let exhausted = |machines: u8| {
        let mut scenario = sessions("three-way", process(Process::Every(ms(100))), 10_000);
        scenario.hosts[0].addresses = (1..=machines).map(|last| Ipv4Addr::new(10, 0, 1, last)).collect();
        scenario.hosts[0].settings.limits.selection.ephemeral_ports = PortRange::new(50_000, 50_003).unwrap();
        scenario.hosts[0].settings.teardown.time_wait = ms(1000);
        Run::of(&scenario).summary.metrics.get("client.ports.exhausted").flatten().unwrap()
    };
    assert!(exhausted(1) > 50.0);
    assert_eq!(exhausted(4), 0.0);
}

/// One machine's crash would be the others' too, as they bear one name; but each loses its own connections.
#[test]
fn machines_crash_together() {
    let mut scenario = sessions("three-way", process(Process::Every(ms(1000))), 20_000);
    scenario.hosts[0].addresses = vec![[10, 0, 1, 1].into(), [10, 0, 1, 2].into()];
    scenario.hosts[0].outages = vec![experiment::Outage { at: at(1500), until: Some(at(4500)) }];
    let run = Run::of(&scenario);
    run.check(&[("client.crashes", 2.0), ("client.down.seconds", 6.0)]);
    // What arrived while they were down begins at the reboot.
    let seconds: Vec<u64> = opens(&run).iter().map(|at| at.as_nanos() / 500_000_000).collect();
    assert_eq!(seconds[..6], [0, 2, 9, 9, 9, 10]);
}

/// A closed loop: each of 20 sessions opens again when it has closed and thought.
#[test]
fn a_closed_loop_keeps_as_many_sessions_as_it_has() {
    let client = vec![connect(), Step::Send(100.into()), Step::ReceiveToEnd, Step::Close, Step::Wait(ms(900).into())];
    let mut scenario = pair("three-way", client, vec![accept(), Step::Receive(100), Step::Close]);
    let application = &mut scenario.hosts[0].applications[0];
    (application.arrivals, application.rounds) = (Arrivals::at_once(20), None);
    scenario.hosts[0].settings.teardown.time_wait = ms(0);
    scenario.horizon = at(10_000);
    let run = Run::of(&scenario);
    // A round takes 100 ms to open, 100 ms to be answered, and 900 ms.
    let rounds = opens(&run).len();
    assert_eq!(rounds, 20 * 10, "{:?}", &opens(&run)[..30]);
}

/// What each open of each session met on the network, by the time of the session's arrival.
fn fates(handshake: &str, loss: f64) -> BTreeMap<(Instant, usize), Vec<Option<u64>>> {
    let mut scenario = sessions(handshake, process(Process::Poisson(Rate::per_second(20.0))), 60_000);
    // Few ports, so that some opens fail, and fail at other times in other variants.
    scenario.hosts[0].settings.limits.selection.ephemeral_ports = PortRange::new(50_000, 50_059).unwrap();
    scenario.hosts[0].settings.teardown.time_wait = ms(500);
    for link in &mut scenario.links {
        link.config.delay = Delay::Exponential(Exponential { mean: ms(20), min: ms(5) });
        link.config.loss = LossModel::Bernoulli(Probability::new(loss).unwrap());
    }
    let run = Run::of(&scenario);
    let mut begun: BTreeMap<Attempt, (Instant, usize)> = BTreeMap::new();
    let mut at_once: BTreeMap<Instant, usize> = BTreeMap::new();
    let mut fates: BTreeMap<(Instant, usize), Vec<Option<u64>>> = BTreeMap::new();
    for record in &run.records {
        match &record.event {
            Event::Call { host: CLIENT, call: Call::Connect, outcome: Outcome::Failed(_), .. } => {
                *at_once.entry(record.at).or_default() += 1;
            }
            Event::Sent(sent) if sent.from == Some(CLIENT) && sent.flags.syn() => {
                let name = *begun.entry(sent.attempt).or_insert_with(|| {
                    let nth = at_once.entry(record.at).or_default();
                    *nth += 1;
                    (record.at, *nth)
                });
                let transit = sent.fate.deliveries.first().map(|at| at.since(record.at).as_nanos());
                fates.entry(name).or_default().push(transit);
            }
            _ => {}
        }
    }
    fates
}

/// Two variants face the same population on the same network, although other sessions fail in one than in the other.
#[test]
fn variants_face_the_same_population() {
    let (two_way, three_way) = (fates("two-way", 0.2), fates("three-way", 0.2));
    assert_ne!(two_way.len(), three_way.len(), "the same opens fail: this shows nothing");
    let mut both = 0;
    for (session, fate) in &two_way {
        if let Some(other) = three_way.get(session) {
            let common = fate.len().min(other.len());
            assert_eq!(fate[..common], other[..common], "{session:?}");
            both += 1;
        }
    }
    assert!(both > 300, "{both}");
}

/// What each session sent and how long it thought, in the order in which the sessions came; and what it was answered.
fn drawn(handshake: &str, loss: f64) -> Vec<(u64, u64, u64)> {
    let mean = |millis| Delay::Exponential(Exponential { mean: ms(millis), min: ms(0) });
    let size = || Size(Delay::Pareto(Pareto { min: sim_time::Duration::from_nanos(100), shape: 1.5 }));
    let client =
        vec![Step::Wait(mean(500)), connect(), Step::Send(size()), Step::Shutdown, Step::ReceiveToEnd, Step::Close];
    let server = vec![accept(), Step::ReceiveToEnd, Step::Send(size()), Step::Close];
    let mut scenario = pair(handshake, client, server);
    scenario.hosts[0].applications[0].arrivals = process(Process::Every(ms(10_000)));
    scenario.horizon = at(1_000_000);
    for link in &mut scenario.links {
        link.config.loss = LossModel::Bernoulli(Probability::new(loss).unwrap());
    }
    let run = Run::of(&scenario);
    let mut sessions = vec![(0, 0, 0); 100];
    for record in &run.records {
        let session = usize::try_from(record.at.as_nanos() / 10_000_000_000).unwrap();
        match record.event {
            Event::Call { call: Call::Connect, .. } => sessions[session].1 = record.at.as_nanos() % 10_000_000_000,
            Event::Call { host, call: Call::Send(octets), outcome: Outcome::Done, .. } if host == CLIENT => {
                sessions[session].0 = octets;
            }
            Event::Call { call: Call::Send(octets), outcome: Outcome::Done, .. } => sessions[session].2 = octets,
            _ => {}
        }
    }
    sessions
}

/// What a session, and whoever serves it, draws is the same in every variant, whatever gets lost.
#[test]
fn sizes_and_think_times_are_the_same_for_every_variant() {
    let (clean, lossy) = (drawn("three-way", 0.0), drawn("two-way", 0.1));
    let served = |drawn: &[(u64, u64, u64)]| drawn.iter().filter(|(.., answer)| *answer > 0).count();
    assert_eq!(served(&clean), 100);
    assert!(served(&lossy) > 60, "{}", served(&lossy));
    let mut same = 0;
    for (here, there) in clean.iter().zip(&lossy) {
        // An open that fails, or a request that takes longer than until the next session, is not compared.
        if there.0 > 0 && there.2 > 0 && there.1 > 0 {
            same += usize::from(here == there);
        }
    }
    assert!(same > 60, "{same}");
    let (sizes, thoughts): (Vec<u64>, Vec<u64>) = clean.iter().map(|(size, thought, _)| (*size, *thought)).unzip();
    // The median of this Pareto is 100 · 2^(1/1.5) = 159 B, and the mean of the waits 0.5 s.
    let below = sizes.iter().filter(|size| **size < 159).count();
    assert!((35..=65).contains(&below), "{below} below the median");
    let mean = thoughts.iter().sum::<u64>() as f64 / 1e9 / 100.0;
    assert!((mean - 0.5).abs() < 4.0 * 0.05, "mean thought {mean} s");
}
