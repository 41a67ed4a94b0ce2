//! Verdicts, from transitions written by hand.

use std::net::{Ipv4Addr, SocketAddrV4};

use tcp_endpoint::{EntryKind, FourTuple, Handle, Reason, SeqNum, State, Transition};

use super::population::MachineId;
use super::rows::{Descent, Row, UnderWay};
use super::truth::{Loss, Source, Truth};
use crate::HostId;
use crate::record::{Attempt, Blame, Cause, Incarnation, RecordId, Worth};

const CLIENT: HostId = HostId(0);
const SERVER: HostId = HostId(1);
/// The segment that a server's connection is born of.
const SYN: RecordId = RecordId::new(3);

/// The ISS of every client here, and what those of the server count up from.
const CLIENT_ISS: u32 = 5000;
const SERVER_ISS: u32 = 70_000;

const fn blame(cause: Cause, record: RecordId) -> Blame {
    Blame { cause, record: Some(record) }
}

/// Two hosts and what is true of them.
struct Scene {
    truth: Truth,
    entries: u32,
    records: u32,
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
        Self { truth: Truth::new(addresses.into_iter()), entries: 0, records: 10, last: Vec::new() }
    }

    /// The name of the next record.
    fn record(&mut self) -> RecordId {
        self.records += 1;
        RecordId::new(self.records)
    }

    fn born(&mut self, host: HostId, transition: Transition<Incarnation>, made_by: Option<Blame>) -> End {
        let transition = Transition { tag: self.truth.rows.next(), ..transition };
        let holds = |(name, _): &&(FourTuple, Incarnation)| *name == transition.tuple.flipped();
        let other = self.last.iter().rev().find(holds).map(|(_, life)| *life);
        let attempt = Attempt { host: CLIENT, ordinal: 1 };
        let (born_at, born_of) = (self.record(), transition.passive.then_some(SYN));
        let descent = Descent { attempt, opener: None, nth: 0, other, trips: 0, born_at, born_of, made_by };
        let life = self.truth.born((host, MachineId(host.0.into())), &transition, descent);
        self.last.push((transition.tuple, life));
        self.changed(life, &transition, [born_at, born_at], None);
        End { life, last: transition }
    }

    fn changed(
        &mut self,
        life: Incarnation,
        transition: &Transition<Incarnation>,
        [record, cause]: [RecordId; 2],
        by: Option<Blame>,
    ) {
        let called = transition.reason == Reason::Call;
        self.truth.changed(life, transition, Source { record, cause, called, sender: None, by });
    }

    fn transition(&mut self, tuple: FourTuple, passive: bool) -> Transition<Incarnation> {
        self.entries += 1;
        Transition {
            entry: Handle::new(EntryKind::Connection, self.entries, 0),
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
        self.born(CLIENT, opened, None)
    }

    /// A SYN from that address makes an entry in `state` at the server.
    fn server_from(&mut self, address: [u8; 4], state: State, made_by: Option<Blame>) -> End {
        let request = Transition { to: state, ..self.transition(tuple(address), true) };
        self.born(SERVER, request, made_by)
    }

    fn server(&mut self, state: State) -> End {
        self.server_from([10, 0, 0, 1], state, None)
    }

    /// An end changes its state; returns the record of that, and its cause.
    fn goes(&mut self, end: &mut End, to: State, reason: Reason) -> [RecordId; 2] {
        self.goes_by(end, to, reason, None)
    }

    /// The same, by a segment for which something is to blame.
    fn goes_by(&mut self, end: &mut End, to: State, reason: Reason, by: Option<Blame>) -> [RecordId; 2] {
        let transition = Transition { from: end.last.to, to, reason, ..end.last };
        end.last = transition;
        // Between them goes what it sends.
        let (cause, _, record) = (self.record(), self.record(), self.record());
        self.changed(end.life, &transition, [record, cause], by);
        [record, cause]
    }

    fn row(&mut self, end: End) -> &mut Row {
        self.truth.get_mut(end.life).expect("it is remembered")
    }

    /// The verdict on an end, which is noted.
    fn worth(&mut self, end: End) -> Worth {
        let worth = self.truth.worth(self.truth.get(end.life).expect("it is remembered"));
        self.row(end).worth = worth;
        worth
    }

    /// An end is forgotten; returns the octets that are lost.
    fn settled(&mut self, end: End) -> Vec<Loss> {
        self.truth.settle(end.life).expect("nothing keeps it").into_iter().flatten().collect()
    }

    /// The client takes the server's SYN-ACK.
    fn establish(&mut self, client: &mut End, server: &End) {
        client.last.irs = Some(server.last.iss);
        self.goes(client, State::Established, Reason::Segment);
    }

    /// Both ends open and ESTABLISHED.
    fn connected(&mut self) -> (End, End) {
        let mut client = self.client();
        let mut server = self.server(State::SynReceived);
        self.establish(&mut client, &server);
        self.goes(&mut server, State::Established, Reason::Segment);
        (client, server)
    }

    /// A client that a listener which keeps nothing has answered.
    fn with_cookie(&mut self) -> End {
        let mut client = self.client();
        client.last.irs = Some(SeqNum::new(SERVER_ISS));
        self.goes(&mut client, State::Established, Reason::Segment);
        self.truth.answered(client.life, SYN, true, None);
        client
    }
}

/// The column "none" of the table in ARCHITECTURE.md, for an end whose partner has crashed, or that never had one.
#[test]
fn with_nobody_at_its_other_end_a_state_is_what_the_table_says() {
    use State::{CloseWait, Closing, Established, FinWait1, FinWait2, LastAck, SynReceived, TimeWait};
    let open = [Established, FinWait1, FinWait2, CloseWait, Closing, LastAck];
    for state in [SynReceived].into_iter().chain(open) {
        let mut scene = Scene::new();
        let end = scene.server(state);
        let worth = scene.worth(end);
        let unknown = Blame { cause: Cause::Unknown, record: None };
        let expected = if state == SynReceived { Worth::Abandoned(unknown) } else { Worth::Ghost(unknown) };
        assert_eq!(worth, expected, "passive, never bound, {state}");
    }
    for state in open {
        for of_client in [false, true] {
            let mut scene = Scene::new();
            let (client, server) = scene.connected();
            let (mut gone, mut left) = if of_client { (server, client) } else { (client, server) };
            scene.goes(&mut left, state, Reason::Segment);
            assert_eq!(scene.worth(left), Worth::Useful, "{state} with its partner");
            let [_, crash] = scene.goes(&mut gone, State::Closed, Reason::Crash);
            assert_eq!(scene.worth(left), Worth::Bereft(blame(Cause::Crash, crash)), "{state}");
            assert_eq!(scene.row(left).waste(), None, "what it sends is no waste");
        }
    }
    let mut scene = Scene::new();
    let (mut client, mut server) = scene.connected();
    scene.goes(&mut server, TimeWait, Reason::Segment);
    scene.goes(&mut client, State::Closed, Reason::Crash);
    assert_eq!(scene.worth(server), Worth::Useful, "TIME-WAIT waits for nobody");
    let waiting = scene.client();
    assert_eq!(scene.worth(waiting), Worth::Useful, "SYN-SENT waits for whoever answers");
}

/// The column "unaware": the client waits for an answer, and has the number that the entry knows.
#[test]
fn an_entry_whose_client_waits_for_it_is_useful() {
    for state in [State::SynReceived, State::Established] {
        let mut scene = Scene::new();
        scene.client();
        let server = scene.server(state);
        assert_eq!(scene.worth(server), Worth::Useful);
    }
}

/// The column "coming": an end that a cookie opened, as long as something that it sent may make the other end.
#[test]
fn what_a_cookie_opens_waits_for_what_is_on_its_way() {
    let mut scene = Scene::new();
    let client = scene.with_cookie();
    scene.row(client).coming = 1;
    assert_eq!(scene.worth(client), Worth::Useful);
    scene.row(client).coming = 0;
    let full = blame(Cause::Capacity, RecordId::new(9));
    scene.truth.unsaid(client.life, full);
    assert_eq!(scene.worth(client), Worth::Bereft(full));
    scene.row(client).coming = 1;
    assert_eq!(scene.worth(client), Worth::Useful, "a verdict may flip back");
    let offered = Transition { iss: SeqNum::new(SERVER_ISS), ..scene.transition(tuple([10, 0, 0, 1]), true) };
    let server = scene.born(SERVER, Transition { to: State::Established, ..offered }, None);
    scene.row(client).coming = 0;
    assert_eq!((scene.worth(client), scene.worth(server)), (Worth::Useful, Worth::Useful), "they are partners");
}

#[test]
fn what_made_an_entry_too_late_is_to_blame_for_it() {
    for cause in [Cause::Delayed, Cause::Duplicated, Cause::Forged] {
        let mut scene = Scene::new();
        let server = scene.server_from([10, 0, 0, 1], State::SynReceived, Some(blame(cause, SYN)));
        assert_eq!(scene.worth(server), Worth::Abandoned(blame(cause, SYN)));
    }
}

#[test]
fn a_syn_from_nowhere_is_forged() {
    let mut scene = Scene::new();
    let server = scene.server_from([192, 0, 2, 1], State::SynReceived, None);
    assert_eq!(scene.worth(server), Worth::Abandoned(blame(Cause::Forged, SYN)));
}

/// A verdict that only changes its name keeps what is to blame.
#[test]
fn a_client_that_gives_up_abandons_its_entry() {
    let mut scene = Scene::new();
    let mut client = scene.client();
    let mut server = scene.server(State::SynReceived);
    let [_, call] = scene.goes(&mut client, State::Closed, Reason::Call);
    let gave_up = blame(Cause::Application, call);
    assert_eq!(scene.worth(server), Worth::Abandoned(gave_up));
    scene.goes(&mut server, State::Established, Reason::Segment);
    assert_eq!(scene.worth(server), Worth::Ghost(gave_up));
    assert_eq!(scene.row(server).waste(), Some(gave_up));
}

/// The stale SYN has the ISS of the connection that the client still holds, but the entry it makes has a new ISS.
#[test]
fn a_client_bound_to_another_incarnation_is_nobody() {
    let mut scene = Scene::new();
    let (mut client, mut server) = scene.connected();
    for state in [State::FinWait1, State::FinWait2, State::TimeWait] {
        scene.goes(&mut client, state, Reason::Segment);
    }
    scene.goes(&mut server, State::Closed, Reason::Segment);
    assert_eq!(scene.worth(client), Worth::Useful);
    let late = blame(Cause::Delayed, SYN);
    let again = scene.server_from([10, 0, 0, 1], State::SynReceived, Some(late));
    assert_eq!(scene.worth(again), Worth::Abandoned(late));
}

/// What ended the other end, and what is to blame for it.
#[test]
fn how_the_other_end_ended_tells_what_is_to_blame() {
    let forged = blame(Cause::Forged, RecordId::new(6));
    let lost = |record| blame(Cause::Lost, RecordId::new(record));
    // How a partner ends, by what segment; what was lost, or dropped, before; what is to blame.
    type Case = (&'static str, Reason, Option<Blame>, fn(&mut Row), fn([RecordId; 2]) -> Blame);
    let nothing: fn(&mut Row) = |_| {};
    let cases: [Case; 7] = [
        ("an abort", Reason::Call, None, nothing, |[_, call]| blame(Cause::Application, call)),
        ("an eviction", Reason::Evicted, None, nothing, |[_, cause]| blame(Cause::Capacity, cause)),
        ("a forged reset", Reason::Reset, Some(forged), nothing, |_| blame(Cause::Forged, RecordId::new(6))),
        ("nothing known", Reason::GaveUp, None, nothing, |_| Blame { cause: Cause::Unknown, record: None }),
        (
            "no answer, since that was lost",
            Reason::GaveUp,
            None,
            |row| row.last_lost = Some(RecordId::new(8)),
            |_| blame(Cause::Lost, RecordId::new(8)),
        ),
        (
            "no answer, since that found a full queue",
            Reason::GaveUp,
            None,
            |row| (row.last_lost, row.dropped) = (Some(RecordId::new(8)), Some(RecordId::new(9))),
            |_| blame(Cause::Capacity, RecordId::new(9)),
        ),
        (
            "no answer to what is late",
            Reason::GaveUp,
            None,
            |row| {
                let until = row.iss + 2;
                row.on_its_way.push(UnderWay { id: RecordId::new(5), asks: true, tells: true, syn: false, until });
            },
            |_| blame(Cause::Delayed, RecordId::new(5)),
        ),
    ];
    for (name, reason, by, before, expected) in cases {
        let mut scene = Scene::new();
        let (mut client, server) = scene.connected();
        for end in [client, server] {
            before(scene.row(end));
        }
        let records = scene.goes_by(&mut client, State::Closed, reason, by);
        assert_eq!(scene.worth(server), Worth::Bereft(expected(records)), "{name}");
    }
    // A reset that is lost is the other end's own if it was sent as that went; another, later, is not.
    for (sent_after_call, cause) in [(1, Cause::Lost), (3, Cause::Application)] {
        let mut scene = Scene::new();
        let (mut client, server) = scene.connected();
        let [_, call] = scene.goes(&mut client, State::Closed, Reason::Call);
        let reset = RecordId::new(call.place() + sent_after_call);
        scene.row(server).prolonged_by = Some(reset);
        let record = if cause == Cause::Lost { reset } else { call };
        assert_eq!(scene.worth(server), Worth::Bereft(blame(cause, record)));
    }
    // What the other end said last has the blame before anything else.
    let mut scene = Scene::new();
    let (mut client, server) = scene.connected();
    scene.row(client).misled_by = Some(blame(Cause::Duplicated, RecordId::new(5)));
    scene.row(client).last_asked = Some((RecordId::new(9), true));
    scene.goes(&mut client, State::Closed, Reason::GaveUp);
    assert_eq!(scene.worth(server), Worth::Bereft(lost(9)));
}

/// The client took octets of an older connection for this one's, and gave up in the argument that followed.
#[test]
fn what_misled_an_end_is_to_blame_for_its_giving_up() {
    let mut scene = Scene::new();
    let (mut client, server) = scene.connected();
    for end in [client, server] {
        scene.truth.lost(Some(end.life), RecordId::new(8), None);
    }
    let old = blame(Cause::Duplicated, RecordId::new(9));
    scene.row(client).misled_by = Some(old);
    scene.goes(&mut client, State::Closed, Reason::GaveUp);
    assert_eq!(scene.worth(server), Worth::Bereft(old));
}

/// FIN-WAIT-2 does not wait for ever: whoever does not close is left alone, and its own application is to blame.
#[test]
fn an_application_that_does_not_close_is_to_blame_for_what_it_holds() {
    let mut scene = Scene::new();
    let (mut client, mut server) = scene.connected();
    let fin = RecordId::new(8);
    scene.goes(&mut client, State::FinWait1, Reason::Call);
    scene.goes(&mut server, State::CloseWait, Reason::Segment);
    scene.row(server).fin = Some(fin);
    scene.goes(&mut client, State::FinWait2, Reason::Segment);
    assert_eq!(scene.worth(server), Worth::Useful);
    scene.goes(&mut client, State::Closed, Reason::Expired);
    assert_eq!(scene.worth(server), Worth::Bereft(blame(Cause::Application, fin)));
}

/// The SYN-ACK comes when the server's entry is gone: what ended that is to blame, as it would be a moment later.
#[test]
fn a_client_that_a_late_syn_ack_opens_is_bereft_from_the_start() {
    for reason in [Reason::Evicted, Reason::Crash] {
        let mut scene = Scene::new();
        let mut client = scene.client();
        let mut server = scene.server(State::SynReceived);
        scene.row(server).in_flight = 1;
        let [_, cause] = scene.goes(&mut server, State::Closed, reason);
        assert_eq!(scene.truth.settle(server.life), None, "its SYN-ACK is on its way");
        assert_eq!(scene.worth(client), Worth::Useful, "somebody else may answer");
        scene.establish(&mut client, &server);
        let expected = if reason == Reason::Crash { Cause::Crash } else { Cause::Capacity };
        assert_eq!(scene.worth(client), Worth::Bereft(blame(expected, cause)), "{reason:?}");
    }
}

/// An old SYN takes an opening client into SYN-RECEIVED, and there is nobody behind it.
#[test]
fn a_client_that_an_old_syn_answers_is_bereft() {
    let mut scene = Scene::new();
    let mut client = scene.client();
    let old = blame(Cause::Delayed, RecordId::new(4));
    client.last.irs = Some(SeqNum::new(1));
    scene.goes(&mut client, State::SynReceived, Reason::Segment);
    scene.truth.answered(client.life, RecordId::new(4), false, Some(old));
    assert_eq!(scene.worth(client), Worth::Bereft(old));
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
    let entry = scene.transition(server.last.tuple, true).entry;
    let same = Transition { from: State::Listen, to: State::Established, entry, ..server.last };
    let late = blame(Cause::Delayed, SYN);
    let again = scene.born(SERVER, same, Some(late));
    assert_eq!(scene.worth(again), Worth::Ghost(late));
    assert_eq!(scene.row(again).partner, None);
    assert_eq!(scene.row(client).partner, Some(server.life));
}

/// A client whose application lost patience because every answer was lost.
#[test]
fn what_a_client_waited_for_in_vain_is_to_blame_for_its_losing_patience() {
    let mut scene = Scene::new();
    let mut client = scene.client();
    let server = scene.server(State::Established);
    for end in [server, client] {
        scene.truth.lost(Some(end.life), RecordId::new(8), None);
    }
    scene.goes(&mut client, State::Closed, Reason::Call);
    assert_eq!(scene.worth(server), Worth::Ghost(blame(Cause::Lost, RecordId::new(8))));
}

/// A loss that keeps a useless connection from ending takes the blame from the SYN; of a useful one it makes nothing.
#[test]
fn a_loss_that_prolongs_takes_the_blame() {
    let mut scene = Scene::new();
    let server = scene.server(State::Established);
    assert!(matches!(scene.worth(server), Worth::Ghost(_)));
    let lost = blame(Cause::Lost, RecordId::new(9));
    assert!(scene.truth.prolong(server.life, RecordId::new(9)));
    assert_eq!(scene.row(server).worth, Worth::Ghost(lost));

    let mut scene = Scene::new();
    scene.client();
    let server = scene.server(State::SynReceived);
    assert_eq!(scene.worth(server), Worth::Useful);
    assert!(!scene.truth.prolong(server.life, RecordId::new(9)));
}

#[test]
fn octets_are_lost_once_nothing_can_bring_them() {
    let mut scene = Scene::new();
    let (mut client, mut server) = scene.connected();
    let known = scene.row(client);
    (known.sent, known.in_flight) = (1000, 1);
    scene.goes(&mut client, State::Closed, Reason::Call);
    assert_eq!(scene.truth.settle(client.life), None, "a segment is on its way");
    let known = scene.row(server);
    let _ = known.intake.note_arrived(600, 0);
    known.intake.note_read(400, 0);
    scene.row(client).in_flight = 0;
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
    scene.row(client).sent = 1000;
    let intake = &mut scene.row(server).intake;
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
