//! Verdicts, from transitions written by hand.

use std::net::{Ipv4Addr, SocketAddrV4};

use tcp_endpoint::{EntryKind, FourTuple, Handle, Reason, SeqNum, State, Transition};

use super::population::MachineId;
use super::rows::Descent;
use super::truth::{Birth, Loss, Truth};
use crate::HostId;
use crate::record::{Attempt, Blame, Cause, Incarnation, RecordId, Worth};

const CLIENT: HostId = HostId(0);
const SERVER: HostId = HostId(1);
/// The segment that a server's connection is born of.
const SYN: RecordId = RecordId::new(3);
const IN_TIME: Birth = Birth::Segment(SYN);

/// The ISS of every client here, and what those of the server count up from.
const CLIENT_ISS: u32 = 5000;
const SERVER_ISS: u32 = 70_000;

/// What is to blame: the SYN where it is about how that came, and no packet otherwise, as none was lost here.
fn because(cause: Cause) -> Blame {
    let of_the_syn = matches!(cause, Cause::Delayed | Cause::Duplicated | Cause::Forged);
    Blame { cause, packet: of_the_syn.then_some(SYN) }
}

/// Two hosts and what is true of them.
struct Scene {
    truth: Truth,
    entries: u32,
    /// The last life by its 4-tuple.
    last: Vec<(FourTuple, Incarnation)>,
}

/// One end in a scene.
#[derive(Clone, Copy)]
struct End {
    life: Incarnation,
    last: Transition<Incarnation>,
}

fn tuple(remote: [u8; 4]) -> FourTuple {
    let server = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 80);
    FourTuple { local: server, remote: SocketAddrV4::new(Ipv4Addr::from(remote), 49152) }
}

impl Scene {
    fn new() -> Self {
        let addresses = [Ipv4Addr::new(10, 0, 0, 1), Ipv4Addr::new(10, 0, 0, 2)];
        Self { truth: Truth::new(addresses.into_iter()), entries: 0, last: Vec::new() }
    }

    fn born(&mut self, host: HostId, birth: Birth, transition: Transition<Incarnation>) -> (End, Vec<Worth>) {
        let transition = Transition { tag: self.truth.rows.next(), ..transition };
        let holds = |(name, _): &&(FourTuple, Incarnation)| *name == transition.tuple.flipped();
        let other = self.last.iter().rev().find(holds).map(|(_, life)| *life);
        let attempt = Attempt { host: CLIENT, ordinal: 1 };
        let descent = Descent { attempt, opener: None, nth: 0, other, trips: 0 };
        let life = self.truth.born((host, MachineId(host.0.into())), &transition, descent);
        self.last.push((transition.tuple, life));
        self.truth.changed(life, &transition, None);
        let verdicts = self.truth.judge(life, Some(birth), &transition, None);
        (End { life, last: transition }, verdicts.into_iter().flatten().map(|judgement| judgement.worth).collect())
    }

    /// The handle of an entry that is new.
    fn entry(&mut self) -> Handle {
        self.entries += 1;
        Handle::new(EntryKind::Connection, self.entries, 0)
    }

    fn transition(&mut self, tuple: FourTuple, passive: bool) -> Transition<Incarnation> {
        Transition {
            entry: self.entry(),
            tag: Incarnation::new(0, 0),
            tuple,
            from: State::Listen,
            to: State::SynReceived,
            iss: SeqNum::new(SERVER_ISS + 1000 * self.entries),
            irs: Some(SeqNum::new(CLIENT_ISS)),
            passive,
            reason: Reason::Segment,
        }
    }

    /// A client opens.
    fn client(&mut self) -> End {
        let opened = Transition {
            from: State::Closed,
            to: State::SynSent,
            iss: SeqNum::new(CLIENT_ISS),
            irs: None,
            reason: Reason::Call,
            ..self.transition(tuple([10, 0, 0, 1]).flipped(), false)
        };
        self.born(CLIENT, Birth::Call, opened).0
    }

    /// A SYN from that address makes an entry in `state` at the server.
    fn server_from(&mut self, address: [u8; 4], birth: Birth, state: State) -> (End, Vec<Worth>) {
        let request = Transition { to: state, ..self.transition(tuple(address), true) };
        self.born(SERVER, birth, request)
    }

    fn server(&mut self, birth: Birth, state: State) -> (End, Vec<Worth>) {
        self.server_from([10, 0, 0, 1], birth, state)
    }

    /// An end changes its state; returns the verdicts that follow.
    fn goes(&mut self, end: &mut End, to: State, reason: Reason) -> Vec<Worth> {
        self.goes_by(end, to, reason, None)
    }

    /// The same, by a segment for which something is to blame.
    fn goes_by(&mut self, end: &mut End, to: State, reason: Reason, by: Option<Blame>) -> Vec<Worth> {
        let transition = Transition { from: end.last.to, to, reason, ..end.last };
        end.last = transition;
        self.truth.changed(end.life, &transition, by);
        self.truth
            .judge(end.life, None, &transition, by)
            .into_iter()
            .flatten()
            .map(|judgement| judgement.worth)
            .collect()
    }

    /// What is to blame for what an end sends, if it is wasted.
    fn waste(&self, end: End) -> Option<Blame> {
        self.truth.get(end.life).expect("it is remembered").waste()
    }

    /// An end is forgotten; returns the octets that are lost.
    fn settled(&mut self, end: End) -> Vec<Loss> {
        self.truth.settle(end.life).expect("nothing keeps it").into_iter().flatten().collect()
    }

    /// An end sends a segment, which may be lost.
    fn sends(&mut self, end: End, segment: RecordId, lost: bool) {
        self.truth.get_mut(end.life).expect("it is remembered").last_sent = Some((segment, lost));
    }

    /// The client takes the server's SYN-ACK.
    fn establish(&mut self, client: &mut End, server: &End) -> Vec<Worth> {
        client.last.irs = Some(server.last.iss);
        self.goes(client, State::Established, Reason::Segment)
    }

    /// Both ends open and ESTABLISHED.
    fn connected(&mut self) -> (End, End) {
        let mut client = self.client();
        let (mut server, _) = self.server(IN_TIME, State::SynReceived);
        self.establish(&mut client, &server);
        self.goes(&mut server, State::Established, Reason::Segment);
        (client, server)
    }
}

#[test]
fn an_entry_whose_client_waits_for_it_is_useful() {
    let mut scene = Scene::new();
    scene.client();
    for state in [State::SynReceived, State::Established] {
        assert_eq!(scene.server(IN_TIME, state).1, []);
    }
}

#[test]
fn an_entry_born_too_late_is_useless_from_the_start() {
    for (state, birth, worth) in [
        (State::SynReceived, IN_TIME, Worth::Abandoned(because(Cause::Delayed))),
        (State::Established, IN_TIME, Worth::Ghost(because(Cause::Delayed))),
    ] {
        assert_eq!(Scene::new().server(birth, state).1, [worth]);
    }
}

#[test]
fn a_syn_from_nowhere_is_spoofed() {
    let (_, verdicts) = Scene::new().server_from([192, 0, 2, 1], IN_TIME, State::SynReceived);
    assert_eq!(verdicts, [Worth::Abandoned(because(Cause::Forged))]);
}

#[test]
fn a_client_that_gives_up_abandons_its_entry() {
    for (reason, cause) in
        [(Reason::Call, Cause::Application), (Reason::GaveUp, Cause::Delayed), (Reason::Reset, Cause::Delayed)]
    {
        let mut scene = Scene::new();
        let mut client = scene.client();
        let (mut server, _) = scene.server(IN_TIME, State::SynReceived);
        assert_eq!(scene.goes(&mut client, State::Closed, reason), [Worth::Abandoned(because(cause))]);
        // What completes the handshake now makes a ghost, for the same cause.
        assert_eq!(scene.goes(&mut server, State::Established, Reason::Segment), [Worth::Ghost(because(cause))]);
        assert_eq!(scene.waste(server), Some(because(cause)));
    }
}

/// The stale SYN has the ISS of the connection that the client still holds, but the entry it makes has a new ISS.
#[test]
fn a_client_bound_to_another_incarnation_is_no_live_peer() {
    let mut scene = Scene::new();
    let (mut client, mut server) = scene.connected();
    for state in [State::FinWait1, State::FinWait2, State::TimeWait] {
        scene.goes(&mut client, state, Reason::Segment);
    }
    assert_eq!(scene.goes(&mut server, State::Closed, Reason::Segment), []);
    assert_eq!(scene.server(IN_TIME, State::SynReceived).1, [Worth::Abandoned(because(Cause::Delayed))]);
}

#[test]
fn a_connection_whose_client_was_aborted_is_bereft() {
    for (state, verdicts) in [
        (State::Established, vec![Worth::Bereft(because(Cause::Application))]),
        (State::FinWait1, vec![Worth::Bereft(because(Cause::Application))]),
        (State::FinWait2, vec![Worth::Bereft(because(Cause::Application))]),
        (State::TimeWait, vec![]),
    ] {
        let mut scene = Scene::new();
        let (mut client, mut server) = scene.connected();
        scene.goes(&mut server, state, Reason::Segment);
        assert_eq!(scene.goes(&mut client, State::Closed, Reason::Call), verdicts, "{state}");
        assert_eq!(scene.waste(server), None, "{state}");
    }
}

/// The client's FIN was on its way when it went.
#[test]
fn a_bereft_connection_that_hears_the_fin_is_none_any_more() {
    let mut scene = Scene::new();
    let (mut client, mut server) = scene.connected();
    scene.goes(&mut client, State::FinWait1, Reason::Call);
    assert_eq!(scene.goes(&mut client, State::Closed, Reason::GaveUp), [Worth::Bereft(because(Cause::Delayed))]);
    assert_eq!(scene.goes(&mut server, State::CloseWait, Reason::Segment), [Worth::Useful]);
}

#[test]
fn octets_are_lost_once_nothing_can_bring_them() {
    let mut scene = Scene::new();
    let (mut client, mut server) = scene.connected();
    let known = scene.truth.get_mut(client.life).unwrap();
    (known.sent, known.in_flight) = (1000, 1);
    scene.goes(&mut client, State::Closed, Reason::Call);
    assert_eq!(scene.truth.settle(client.life), None, "a segment is on its way");
    let known = scene.truth.get_mut(server.life).unwrap();
    let _ = known.intake.note_arrived(600, 0);
    known.intake.note_read(400, 0);
    scene.truth.get_mut(client.life).unwrap().in_flight = 0;
    let lost = |octets| Loss { host: CLIENT, incarnation: client.life, octets };
    assert_eq!(scene.settled(client), [lost(400)]);
    scene.goes(&mut server, State::Closed, Reason::Reset);
    assert_eq!(scene.settled(server), [lost(200)], "what nobody had read");
    assert_eq!(scene.truth.settle(server.life), None, "only once");
}

#[test]
fn an_orderly_end_loses_what_nobody_has_read() {
    let mut scene = Scene::new();
    let (mut client, mut server) = scene.connected();
    scene.truth.get_mut(client.life).unwrap().sent = 1000;
    let intake = &mut scene.truth.get_mut(server.life).unwrap().intake;
    let _ = intake.note_arrived(1000, 0);
    intake.note_read(900, 0);
    scene.goes(&mut server, State::Closed, Reason::Segment);
    let unread = Loss { host: CLIENT, incarnation: client.life, octets: 100 };
    assert_eq!(scene.settled(server), [unread]);
    scene.goes(&mut client, State::Closed, Reason::Expired);
    assert!(scene.settled(client).is_empty());
}

#[test]
fn a_retransmission_supersedes_what_went_before() {
    let mut scene = Scene::new();
    let client = scene.client();
    let seq = SeqNum::new(CLIENT_ISS);
    assert!(!scene.truth.superseded(client.life, seq, 0));
    scene.truth.resent(client.life, seq, 1);
    scene.truth.resent(client.life, seq, 2);
    assert!(scene.truth.superseded(client.life, seq, 0));
    assert!(scene.truth.superseded(client.life, seq, 1));
    assert!(!scene.truth.superseded(client.life, seq, 2));
    assert!(!scene.truth.superseded(client.life, seq + 1, 0));
}

/// A loss that keeps a useless connection from ending takes the blame from the SYN; of a useful one it makes nothing.
#[test]
fn a_loss_that_prolongs_takes_the_blame() {
    let mut scene = Scene::new();
    let (server, verdicts) = scene.server(IN_TIME, State::Established);
    assert_eq!(verdicts, [Worth::Ghost(because(Cause::Delayed))]);
    let lost = RecordId::new(9);
    let prolonged = scene.truth.prolong(server.life, lost).expect("it is of no use");
    assert_eq!(prolonged.worth, Worth::Ghost(Blame { cause: Cause::Lost, packet: Some(lost) }));

    let mut scene = Scene::new();
    let client = scene.client();
    let (server, verdicts) = scene.server(IN_TIME, State::SynReceived);
    assert!(verdicts.is_empty() && scene.truth.holds(client.life));
    assert_eq!(scene.truth.prolong(server.life, lost), None);
}

/// The same rule as for the server, from the other side.
#[test]
fn a_client_whose_server_crashed_is_bereft() {
    for (state, verdicts) in [
        (State::Established, vec![Worth::Bereft(Blame { cause: Cause::Crash, packet: None })]),
        (State::FinWait1, vec![Worth::Bereft(Blame { cause: Cause::Crash, packet: None })]),
        (State::FinWait2, vec![Worth::Bereft(Blame { cause: Cause::Crash, packet: None })]),
        (State::TimeWait, vec![]),
    ] {
        let mut scene = Scene::new();
        let (mut client, mut server) = scene.connected();
        scene.goes(&mut client, state, Reason::Segment);
        assert_eq!(scene.goes(&mut server, State::Closed, Reason::Crash), verdicts, "{state}");
        assert_eq!(scene.waste(client), None, "{state}");
    }
}

/// As long as nobody has answered, somebody may.
#[test]
fn an_attempt_that_nobody_answers_is_useful() {
    let mut scene = Scene::new();
    let client = scene.client();
    let (mut server, _) = scene.server(IN_TIME, State::SynReceived);
    assert_eq!(scene.goes(&mut server, State::Closed, Reason::Crash), []);
    assert!(scene.truth.holds(client.life));
}

/// The SYN-ACK comes when the server's entry is gone: what ended that is to blame, as it would be a moment later.
#[test]
fn a_client_that_a_late_syn_ack_opens_is_bereft_from_the_start() {
    let reset = Blame { cause: Cause::Lost, packet: Some(RecordId::new(7)) };
    let forged = Blame { cause: Cause::Forged, packet: Some(RecordId::new(6)) };
    for (reason, by, blame) in [
        (Reason::Call, None, reset),
        (Reason::Reset, Some(forged), forged),
        (Reason::Evicted, Some(forged), forged),
        (Reason::Crash, None, Blame { cause: Cause::Crash, packet: None }),
    ] {
        let mut scene = Scene::new();
        let mut client = scene.client();
        let (mut server, _) = scene.server(IN_TIME, State::SynReceived);
        scene.truth.get_mut(server.life).unwrap().in_flight = 1;
        scene.goes_by(&mut server, State::Closed, reason, by);
        assert_eq!(scene.truth.settle(server.life), None, "its SYN-ACK is on its way");
        if reason == Reason::Call {
            scene.truth.lost([Some(server.life), Some(client.life)], RecordId::new(7), true);
        }
        assert_eq!(scene.establish(&mut client, &server), [Worth::Bereft(blame)], "{reason:?}");
    }
}

/// A listener that keeps nothing waits for what the client says next. If that is lost, nobody is there until more comes.
#[test]
fn a_client_whose_cookie_is_lost_is_bereft_until_another_comes() {
    let mut scene = Scene::new();
    let mut client = scene.client();
    client.last.irs = Some(SeqNum::new(SERVER_ISS));
    assert_eq!(scene.goes(&mut client, State::Established, Reason::Segment), []);
    let lost = Blame { cause: Cause::Lost, packet: Some(RecordId::new(9)) };
    let judgement = scene.truth.unsaid(client.life, lost).expect("a verdict");
    assert_eq!((judgement.life, judgement.worth), (client.life, Worth::Bereft(lost)));
    let offered = Transition { iss: SeqNum::new(SERVER_ISS), ..scene.transition(tuple([10, 0, 0, 1]), true) };
    let made = Transition { from: State::Listen, to: State::Established, ..offered };
    let (server, verdicts) = scene.born(SERVER, Birth::Segment(RecordId::new(10)), made);
    assert_eq!(verdicts, [Worth::Useful], "the client's");
    assert_eq!(scene.truth.unsaid(client.life, lost), None, "from now on a loss is the server's to repair");
    assert!(scene.truth.holds(server.life));
}

/// An old SYN takes an opening client into SYN-RECEIVED, and there is nobody behind it.
#[test]
fn a_client_that_an_old_syn_answers_is_bereft() {
    let mut scene = Scene::new();
    let mut client = scene.client();
    let old = Blame { cause: Cause::Delayed, packet: Some(RecordId::new(4)) };
    client.last.irs = Some(SeqNum::new(1));
    client.last.to = State::SynSent;
    let transition = Transition { from: State::SynSent, to: State::SynReceived, ..client.last };
    scene.truth.changed(client.life, &transition, None);
    scene.truth.answered(client.life, RecordId::new(4), Some(old));
    let verdicts = scene.truth.judge(client.life, None, &transition, None);
    assert_eq!(verdicts.iter().flatten().map(|judgement| judgement.worth).collect::<Vec<_>>(), [Worth::Bereft(old)]);
}

/// With constant initial sequence numbers a new connection bears those of the old one. Its client is another's.
#[test]
fn a_client_that_lingers_is_not_paired_anew() {
    let mut scene = Scene::new();
    let (mut client, mut server) = scene.connected();
    for state in [State::FinWait1, State::FinWait2, State::TimeWait] {
        scene.goes(&mut client, state, Reason::Segment);
    }
    scene.goes(&mut server, State::Closed, Reason::Segment);
    let same = Transition { from: State::Listen, to: State::Established, entry: scene.entry(), ..server.last };
    let (again, verdicts) = scene.born(SERVER, IN_TIME, same);
    assert_eq!(verdicts, [Worth::Ghost(because(Cause::Delayed))]);
    assert_eq!(scene.truth.get(again.life).unwrap().partner, None);
    assert_eq!(scene.truth.get(client.life).unwrap().partner, Some(server.life));
}

/// The client took octets of an older connection for this one's, and gave up in the argument that followed.
#[test]
fn what_misled_an_end_is_to_blame_for_its_giving_up() {
    let mut scene = Scene::new();
    let (mut client, server) = scene.connected();
    scene.truth.lost([Some(client.life), Some(server.life)], RecordId::new(20), false);
    let old = Blame { cause: Cause::Duplicated, packet: Some(RecordId::new(9)) };
    scene.truth.get_mut(client.life).unwrap().misled_by = Some(old);
    scene.sends(client, RecordId::new(21), false);
    assert_eq!(scene.goes(&mut client, State::Closed, Reason::GaveUp), [Worth::Bereft(old)]);

    // Nothing came of the argument if what it said last was lost.
    let mut scene = Scene::new();
    let (mut client, _) = scene.connected();
    scene.truth.get_mut(client.life).unwrap().misled_by = Some(old);
    scene.sends(client, RecordId::new(21), true);
    let lost = Blame { cause: Cause::Lost, packet: Some(RecordId::new(21)) };
    assert_eq!(scene.goes(&mut client, State::Closed, Reason::GaveUp), [Worth::Bereft(lost)]);
}

/// Whoever has heard the other's FIN may be left alone for good reasons; a crash and an abort are none.
#[test]
fn who_has_heard_the_fin_is_bereft_by_a_crash_or_an_abort_alone() {
    let crash = Blame { cause: Cause::Crash, packet: None };
    for state in [State::CloseWait, State::Closing, State::LastAck] {
        for (reason, verdicts) in [
            (Reason::Segment, vec![]),
            (Reason::Expired, vec![]),
            (Reason::GaveUp, vec![]),
            (Reason::Call, vec![Worth::Bereft(because(Cause::Application))]),
            (Reason::Crash, vec![Worth::Bereft(crash)]),
        ] {
            let mut scene = Scene::new();
            let (mut client, mut server) = scene.connected();
            scene.goes(&mut server, state, Reason::Segment);
            assert_eq!(scene.goes(&mut client, State::Closed, reason), verdicts, "{state} {reason:?}");
        }
    }
}

/// A client whose application lost patience because every answer was lost.
#[test]
fn what_a_client_waited_for_in_vain_is_to_blame_for_its_losing_patience() {
    let mut scene = Scene::new();
    let mut client = scene.client();
    let (server, _) = scene.server(IN_TIME, State::Established);
    scene.truth.lost([Some(server.life), Some(client.life)], RecordId::new(8), false);
    let lost = Blame { cause: Cause::Lost, packet: Some(RecordId::new(8)) };
    assert_eq!(scene.goes(&mut client, State::Closed, Reason::Call), [Worth::Ghost(lost)]);
}
