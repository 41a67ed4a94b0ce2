//! Whole runs: what applications do, what becomes of their data, and what does not change from run to run.

use crate::common::{CLIENT, Run, SERVER, accept, at, connect, fault, host, link, ms, pair};
use experiment::record::{Blame, Call, Cause, Event, Outcome, Record, What, Worth};
use experiment::{Application, Arrivals, Scenario, Step, Workers, simulate};
use net_link::{Delay, Exponential, Kinds, Loss, LossModel, Probability, ScriptedFate};
use sim_time::{Duration, Instant};
use tcp_endpoint::{State, UserError};

/// A plain request and response.
fn plain(handshake: &str) -> Scenario {
    let client = vec![connect(), Step::Wait(ms(200).into()), Step::Send(100.into()), Step::Receive(100), Step::Close];
    let server = vec![accept(), Step::Receive(100), Step::Send(100.into()), Step::CloseAtEnd];
    pair(handshake, client, server)
}

fn verdicts(run: &Run) -> Vec<(u64, Worth)> {
    let verdict = |record: &Record| match record.event {
        Event::Judged { worth, .. } => Some((record.at.as_nanos() / 1_000_000, worth)),
        _ => None,
    };
    run.records.iter().filter_map(verdict).collect()
}

/// What is to blame: a cause, and the segment of that ordinal among those of the run.
fn blame(run: &Run, cause: Cause, packet: Option<usize>) -> Blame {
    Blame { cause, record: packet.map(|ordinal| run.segment(ordinal)) }
}

fn calls(run: &Run) -> Vec<(u16, u32, Call, Outcome)> {
    let call = |record: &Record| match record.event {
        Event::Call { host, application, call, outcome, .. } => Some((host.0, application, call, outcome)),
        _ => None,
    };
    run.records.iter().filter_map(call).collect()
}

#[test]
fn a_plain_connection_takes_eight_segments() {
    let run = Run::of(&plain("three-way"));
    run.check(&[
        ("segments.sent", 8.0),
        ("segments.delivered", 8.0),
        ("segments.retransmitted", 0.0),
        ("segments.stale", 0.0),
        ("segments.wasted", 0.0),
        ("setup.seconds.mean", 0.1),
        ("setup.round-trips", 1.0),
        ("close.segments", 3.0),
        ("data.delivered.bytes", 200.0),
        ("data.lost.bytes", 0.0),
        ("client.state.TIME-WAIT.seconds", 1.0),
        ("client.time-wait.ended-early", 0.0),
        ("server.half-open.seconds", 0.1),
        ("server.memory.wasted-byte-seconds", 0.0),
    ]);
    assert_eq!(verdicts(&run), []);
    assert_eq!(
        calls(&run),
        [
            (0, 0, Call::Connect, Outcome::Done),
            (1, 0, Call::Accept, Outcome::Done),
            (0, 0, Call::Send(100), Outcome::Done),
            (1, 0, Call::Receive { octets: 100, stale: 0 }, Outcome::Done),
            (1, 0, Call::Send(100), Outcome::Done),
            (0, 0, Call::Receive { octets: 100, stale: 0 }, Outcome::Done),
            (0, 0, Call::Close, Outcome::Done),
            (1, 0, Call::Receive { octets: 0, stale: 0 }, Outcome::EndOfData),
            (1, 0, Call::Close, Outcome::Done),
        ]
    );
}

#[test]
fn two_way_saves_the_third_message() {
    Run::of(&plain("two-way")).check(&[
        ("segments.sent", 7.0),
        ("server.half-open.entries", 0.0),
        ("server.ghost.connections", 0.0),
        ("setup.round-trips", 1.0),
    ]);
}

/// Everything that was held is released, and no state is left but what the run ended in.
#[test]
fn every_entry_is_accounted_for() {
    let run = Run::of(&plain("three-way"));
    let mut held = 0_i64;
    for change in run.records.iter().flat_map(|record| &record.changes) {
        match change.what {
            What::Held { octets, .. } => held += octets.cast_signed(),
            What::Released { octets, .. } => held -= octets.cast_signed(),
            _ => {}
        }
    }
    assert_eq!(held, 0);
    assert_eq!(run.summary.ended_at, at(1450 + 50));
}

#[test]
fn the_same_scenario_gives_the_same_run() {
    let scenario = lossy("three-way");
    let (first, second) = (Run::of(&scenario), Run::of(&scenario));
    assert_eq!(first.records, second.records);
    assert_eq!(first.summary, second.summary);
    let unwatched = simulate(&scenario, &mut ()).expect("time moves on");
    assert_eq!(unwatched, first.summary);
    let other_seed = simulate(&Scenario { seed: 8, ..scenario }, &mut ()).expect("time moves on");
    assert_ne!(other_seed.digest, first.summary.digest);
}

/// Many clients' worth of rounds over a network that loses, delays and duplicates.
fn lossy(handshake: &str) -> Scenario {
    let mut scenario = plain(handshake);
    scenario.hosts[0].applications[0].rounds = Some(200);
    for link in &mut scenario.links {
        link.config.delay = Delay::Exponential(Exponential { mean: ms(30), min: ms(20) });
        link.config.loss = LossModel::Bernoulli(Probability::new(0.1).expect("a probability"));
        link.config.duplicate = Probability::new(0.05).expect("a probability");
    }
    scenario
}

/// What is lost, delivered and still under way adds up, and so does what applications sent.
#[test]
fn nothing_is_lost_from_the_books() {
    for handshake in ["three-way", "two-way", "two-way-rst", "three-way-silent"] {
        let run = Run::of(&lossy(handshake));
        let value = |name: &str| run.summary.metrics.get(name).flatten().expect("a number");
        assert_eq!(
            value("segments.sent") - value("segments.lost") + value("segments.duplicated"),
            value("segments.delivered"),
            "{handshake}: nothing is under way at the horizon"
        );
        let sent: u64 = calls(&run)
            .iter()
            .filter_map(|call| match call {
                (_, _, Call::Send(octets), Outcome::Done) => Some(*octets),
                _ => None,
            })
            .sum();
        let settled = value("data.delivered.bytes") + value("data.lost.bytes");
        assert_eq!(settled, sent as f64, "{handshake}: every octet is received or lost");
        let opened = value("client.attempts.opened");
        assert_eq!(opened, 200.0, "{handshake}");
        let waste: f64 = ["lost", "delayed", "duplicated", "forged", "crash", "application", "capacity", "unknown"]
            .iter()
            .map(|cause| value(&format!("waste.{cause}.byte-seconds")))
            .sum();
        let wasted = value("server.memory.wasted-byte-seconds");
        assert!((waste - wasted).abs() <= wasted * 1e-12, "{handshake}: {waste} {wasted}");
    }
}

/// The fates of the first SYN of every attempt: when it arrives, counted from when it is sent.
fn syn_fates(run: &Run) -> Vec<(u32, Vec<Duration>)> {
    let fate = |record: &Record| match &record.event {
        Event::Sent(sent) if sent.flags.syn() && !sent.flags.ack() && sent.retransmission == 0 => {
            let transits = sent.fate.deliveries.iter().map(|arrival| arrival.since(record.at)).collect();
            Some((sent.attempt.ordinal, transits))
        }
        _ => None,
    };
    run.records.iter().filter_map(fate).collect()
}

#[test]
fn variants_face_the_same_network() {
    let fates = syn_fates(&Run::of(&lossy("three-way")));
    assert_eq!(fates, syn_fates(&Run::of(&lossy("two-way"))));
    let different = fates.iter().map(|(_, transits)| transits).collect::<std::collections::BTreeSet<_>>();
    assert!(different.len() > 150, "and not every attempt the same: {}", different.len());
}

#[test]
fn another_pair_of_hosts_changes_nothing() {
    let alone = lossy("three-way");
    let mut together = alone.clone();
    let mut other = lossy("three-way");
    other.hosts[0].name = "other-client".to_owned();
    other.hosts[0].addresses = vec![[10, 0, 1, 1].into()];
    other.hosts[1].name = "other-server".to_owned();
    other.hosts[1].addresses = vec![[10, 0, 1, 2].into()];
    let (third, fourth) = (experiment::HostId(2), experiment::HostId(3));
    if let Step::Connect { to, .. } = &mut other.hosts[0].applications[0].steps[0] {
        *to = fourth;
    }
    for (link, (from, to)) in other.links.iter_mut().zip([(third, fourth), (fourth, third)]) {
        (link.from, link.to, link.name) = (from, to, format!("other-{}", link.name));
    }
    together.hosts.extend(other.hosts);
    together.links.extend(other.links);
    let (alone, together) = (Run::of(&alone), Run::of(&together));
    for name in ["client.segments.sent", "server.segments.sent", "server.memory.byte-seconds"] {
        assert_eq!(alone.summary.metrics.get(name), together.summary.metrics.get(name), "{name}");
    }
    assert_ne!(
        together.summary.metrics.get("client.segments.sent"),
        together.summary.metrics.get("other-client.segments.sent"),
        "the other link has draws of its own"
    );
}

#[test]
fn rounds_follow_one_another_from_fresh_ports() {
    let mut scenario = plain("three-way");
    scenario.hosts[0].applications[0].rounds = Some(3);
    let run = Run::of(&scenario);
    let opened: Vec<(u32, u16)> = run
        .records
        .iter()
        .filter_map(|record| match &record.event {
            Event::State(change) if change.to == State::SynSent => {
                Some((change.attempt.ordinal, change.tuple.local.port()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(opened, [(1, 49152), (2, 49153), (3, 49154)]);
    run.check(&[("client.attempts.established", 3.0), ("data.delivered.bytes", 600.0)]);
}

#[test]
fn a_port_in_use_is_no_port() {
    let mut scenario = plain("three-way");
    let from_5000 = Step::Connect { to: SERVER, port: 80, from: Some(5000), with: None, within: None };
    scenario.hosts[0].applications[0].steps[0] = from_5000.clone();
    scenario.hosts[0].applications.push(Application {
        start: at(10),
        steps: vec![from_5000, Step::Send(1.into())],
        lines: Vec::new(),
        rounds: Some(1),
        workers: Workers::Unlimited,
        arrivals: Arrivals::at_once(1),
    });
    let run = Run::of(&scenario);
    run.check(&[
        ("client.attempts.port-in-use", 1.0),
        ("client.ports.exhausted", 0.0),
        ("client.attempts.opened", 1.0),
    ]);
    assert_eq!(calls(&run)[1], (0, 1, Call::Connect, Outcome::Failed(UserError::AlreadyExists)));
}

#[test]
fn a_closed_port_refuses() {
    let mut scenario = plain("three-way");
    scenario.hosts[1].applications.clear();
    let run = Run::of(&scenario);
    run.check(&[
        ("client.attempts.refused", 1.0),
        ("client.attempts.established", 0.0),
        ("server.resets.sent", 1.0),
        ("segments.sent", 2.0),
        ("segments.stale", 0.0),
        ("client.state.SYN-SENT.seconds", 0.1),
    ]);
    assert_eq!(run.summary.ended_at, at(100));
}

#[test]
fn without_a_link_nothing_arrives() {
    let mut scenario = plain("three-way");
    scenario.links.clear();
    let run = Run::of(&scenario);
    run.check(&[
        ("client.attempts.timed-out", 1.0),
        ("segments.sent", 8.0),
        ("segments.lost", 8.0),
        ("segments.delivered", 0.0),
    ]);
    let nowhere = |record: &Record| match &record.event {
        Event::Sent(sent) => sent.fate.lost == Some(Loss::NoRoute),
        _ => true,
    };
    assert!(run.records.iter().all(nowhere));
}

/// The client loses its patience while the SYN-ACK is on its way: the server's half-open entry is abandoned from then on.
#[test]
fn an_impatient_client_abandons_the_half_open_entry() {
    let mut scenario = plain("three-way");
    scenario.hosts[0].applications[0].steps[0] =
        Step::Connect { to: SERVER, port: 80, from: None, with: None, within: Some(ms(70)) };
    let run = Run::of(&scenario);
    let aborted = |record: &&Record| matches!(record.event, Event::Call { call: Call::Abort, .. });
    let call = run.records.iter().find(aborted).map(|record| record.id);
    let gave_up = Blame { cause: Cause::Application, record: call };
    assert_eq!(verdicts(&run), [(70, Worth::Abandoned(gave_up))]);
    run.check(&[
        ("server.half-open.seconds", 0.1),
        ("server.half-open.abandoned", 1.0),
        ("server.half-open.abandoned-seconds", 0.08),
        ("segments.stale", 0.0),
        ("segments.wasted", 0.0),
    ]);
    assert_eq!(calls(&run), [(0, 0, Call::Connect, Outcome::Done), (0, 0, Call::Abort, Outcome::Done)]);
}

/// What was on its way when the client aborted still arrives before the reset does, and completes the handshake: for as
/// long as the server has not heard the reset it holds a connection for nobody. Of a SEND of the same instant that is what
/// the window lets out.
#[test]
fn an_abort_is_heard_and_loses_only_what_was_not_sent() {
    let client =
        vec![connect(), Step::Send(1000.into()), Step::Wait(ms(10).into()), Step::Send(70_000.into()), Step::Abort];
    let run = Run::of(&pair("three-way", client, vec![accept(), Step::ReceiveToEnd, Step::Close]));
    run.check(&[
        ("data.delivered.bytes", 65_240.0), // 44 full segments behind the first
        ("data.lost.bytes", 5_760.0),
        ("close.reset", 1.0),
        ("server.half-open.abandoned-seconds", 0.04),
        ("server.bereft.seconds", 0.01),
        ("server.ghost.connections", 0.0),
        ("segments.stale", 90.0),
    ]);
}

#[test]
fn an_unheard_abort_leaves_the_server_bereft() {
    let client =
        vec![connect(), Step::Wait(ms(100).into()), Step::Send(1000.into()), Step::Wait(ms(1).into()), Step::Abort];
    let mut scenario = pair("three-way", client, vec![accept(), Step::ReceiveToEnd, Step::Close]);
    scenario.links[0].config.fault =
        vec![fault(Kinds::RST, ScriptedFate::Drop), fault(Kinds::DATA, ScriptedFate::Drop)];
    scenario.horizon = at(10_201);
    let run = Run::of(&scenario);
    // The reset that would have told the server is lost: that is to blame, not the application that aborted.
    assert_eq!(verdicts(&run), [(201, Worth::Bereft(blame(&run, Cause::Lost, Some(4))))]);
    run.check(&[
        ("server.bereft.connections", 1.0),
        ("server.bereft.seconds", 10.0),
        ("server.bereft.byte-seconds", 25_600.0),
        ("waste.lost.byte-seconds", 25_600.0),
        ("server.ghost.connections", 0.0),
        ("data.lost.bytes", 1000.0),
    ]);
}

/// A copy of the SYN that comes when all is over costs what a delayed one would, and is told apart.
#[test]
fn a_late_copy_of_a_syn_is_a_duplicate() {
    let mut scenario = plain("two-way");
    scenario.links[0].config.fault = vec![fault(Kinds::SYN, ScriptedFate::Copies(vec![ms(50), ms(5000)]))];
    scenario.horizon = at(15_000);
    let run = Run::of(&scenario);
    assert_eq!(verdicts(&run), [(5000, Worth::Ghost(blame(&run, Cause::Duplicated, Some(0))))]);
    run.check(&[
        ("server.ghost.seconds", 10.0),
        ("waste.duplicated.byte-seconds", 25_600.0),
        ("segments.duplicated", 1.0),
        ("segments.stale", 1.0),
    ]);
}

#[test]
fn crossing_opens_make_one_connection_and_no_stale_data() {
    let open = |to, from, port| Step::Connect { to, port, from: Some(from), with: None, within: None };
    let talk = || vec![Step::Send(100.into()), Step::Receive(100), Step::WaitUntil(at(2000)), Step::Close];
    let steps = |connect| [connect].into_iter().chain(talk()).collect::<Vec<_>>();
    let mut scenario = pair("three-way", steps(open(SERVER, 5000, 6000)), vec![]);
    scenario.hosts[1] = host("server", 2, "three-way", steps(open(CLIENT, 6000, 5000)));
    let run = Run::of(&scenario);
    run.check(&[
        ("client.attempts.established", 1.0),
        ("server.attempts.established", 1.0),
        ("server.half-open.entries", 0.0),
        ("data.delivered.bytes", 200.0),
        ("data.stale-delivered.bytes", 0.0),
        ("data.lost.bytes", 0.0),
        ("client.time-wait.entries", 1.0),
        ("server.time-wait.entries", 1.0),
        ("close.segments", 4.0),
    ]);
}

#[test]
fn a_wait_leaves_arriving_data_unread() {
    let client = vec![connect(), Step::Send(100.into()), Step::Close];
    let server = vec![accept(), Step::Wait(ms(500).into()), Step::ReceiveToEnd, Step::Close];
    let run = Run::of(&pair("three-way", client, server));
    let received = run
        .records
        .iter()
        .find(|record| matches!(record.event, Event::Call { call: Call::Receive { .. }, .. }))
        .expect("data");
    assert_eq!(received.at, at(650));
}

#[test]
fn a_third_host_can_be_a_client_too() {
    let mut scenario = plain("three-way");
    let third = experiment::HostId(2);
    scenario.hosts.push(host("third", 3, "three-way", scenario.hosts[0].applications[0].steps.clone()));
    scenario.links.push(link(third, SERVER, "third-to-server"));
    scenario.links.push(link(SERVER, third, "server-to-third"));
    Run::of(&scenario).check(&[
        ("third.attempts.established", 1.0),
        ("client.attempts.established", 1.0),
        ("server.half-open.peak", 2.0),
        ("data.delivered.bytes", 400.0),
    ]);
}

#[test]
fn the_run_stops_at_the_horizon_and_integrals_run_to_it() {
    let run = Run::of(&Scenario { horizon: at(120), ..plain("three-way") });
    run.check(&[("server.half-open.seconds", 0.07), ("client.state.ESTABLISHED.seconds", 0.02)]);
    assert_eq!(run.summary.ended_at, at(100));
    assert!(run.records.iter().all(|record| record.at <= Instant::from_nanos(120_000_000)));
}

/// A two-way server may speak and go before its client has heard of it.
#[test]
fn octets_that_outlive_their_sender_are_not_lost() {
    let server = vec![accept(), Step::Send(1000.into()), Step::Wait(ms(10).into()), Step::Abort];
    let run = Run::of(&pair("two-way", vec![connect(), Step::ReceiveToEnd, Step::Close], server));
    run.check(&[("data.delivered.bytes", 1000.0), ("data.lost.bytes", 0.0), ("close.reset", 1.0)]);
}

/// Nothing is lost: the server's answers are on their way for longer than the client's patience.
#[test]
fn a_client_that_gives_up_too_soon_blames_the_answer_that_is_late() {
    let mut scenario = pair("two-way", vec![connect(), Step::Close], vec![accept(), Step::ReceiveToEnd]);
    scenario.hosts[0].settings.limits.handshake_retries.syn_retries = 1;
    scenario.links[1].config.delay = net_link::Delay::Constant(ms(300_000));
    scenario.horizon = at(20_000);
    let run = Run::of(&scenario);
    let [(3000, Worth::Ghost(blame))] = verdicts(&run)[..] else { panic!("{}", run.text()) };
    assert_eq!(blame.cause, Cause::Delayed);
    let sent = |record: &Record| match &record.event {
        Event::Sent(sent) if Some(record.id) == blame.record => Some((sent.from, sent.flags.to_string())),
        _ => None,
    };
    let packet = run.records.iter().find_map(sent);
    assert_eq!(packet, Some((Some(SERVER), "SA".to_owned())));
    run.check(&[("segments.lost", 0.0), ("waste.lost.byte-seconds", 0.0)]);
}
