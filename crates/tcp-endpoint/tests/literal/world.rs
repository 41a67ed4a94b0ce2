//! The host under test and the model beside it: each event happens to both, and both must do the same.

use std::collections::BTreeMap;
use std::fmt::Debug;

use sim_time::{Duration, Instant};
use tcp_endpoint::{
    AckTiming, Effect, Effects, FastOpen, FourTuple, Handle, Host, Notice, Purpose, Reason, SeqNum, Settings, State,
    Status,
};

use crate::branch::Branch;
use crate::model::{Model, Out};
use crate::segment::{HOST, PEER, Seg, lt};
use crate::tcb::Owner;

/// The tag of entries; the endpoint does not read it.
type Tag = ();

/// Calls of a deadline that may pass without anything being done.
const MOST_IDLE_DEADLINES: u32 = 3;

const NAME: FourTuple = FourTuple { local: HOST, remote: PEER };

/// A host, the model of it, and its honest peer: the same model at the other end.
pub(crate) struct World {
    pub(crate) now: Instant,
    host: Host<Vec<u8>, Tag>,
    pub(crate) model: Model,
    pub(crate) peer: Model,
    /// What the user of the host holds.
    handle: Option<Handle>,
    deadlines: BTreeMap<Handle, Instant>,
    idle_deadlines: u32,
    /// On the way.
    pub(crate) to_host: Vec<Seg>,
    pub(crate) to_peer: Vec<Seg>,
    /// Every segment that was ever sent to the host.
    pub(crate) past: Vec<Seg>,
    clock_known: bool,
    /// The next event comes at this instant, before the host emits anything (MUST-59).
    joined: bool,
    ladder: Vec<String>,
}

impl World {
    pub(crate) fn new(settings: [Settings; 2]) -> Self {
        let [own, peers] = settings;
        Self {
            now: Instant::ZERO,
            host: Host::new(*HOST.ip(), own.clone(), [7; 16]),
            model: Model::new(own),
            peer: Model::new(peers),
            handle: None,
            deadlines: BTreeMap::new(),
            idle_deadlines: 0,
            to_host: Vec::new(),
            to_peer: Vec::new(),
            past: Vec::new(),
            clock_known: false,
            joined: false,
            ladder: Vec::new(),
        }
    }

    pub(crate) fn status(&self) -> Option<Status> {
        self.host.status_of(NAME).filter(|status| status.state != State::Closed)
    }

    /// The next event joins those that come before the host emits, or is the last of them.
    /// Not where acknowledgments are delayed: which of them may wait is decided when the host emits.
    pub(crate) fn join(&mut self, joined: bool) {
        let delayed = self.model.settings.limits.acknowledgment.ack_timing == AckTiming::Delayed;
        self.joined = joined && !delayed;
    }

    /// What has waited for the last of joined events leaves.
    pub(crate) fn flush(&mut self) {
        if std::mem::take(&mut self.joined) {
            self.settle("the instant is over", (), Vec::new(), |_| ());
        }
    }

    // Calls of the host's user

    pub(crate) fn listen(&mut self) {
        let got = self.host.listen(HOST.port());
        self.settle("OPEN passive", got, Vec::new(), Model::listen);
    }

    pub(crate) fn unlisten(&mut self) {
        let mut effects = Vec::new();
        let got = self.host.unlisten(self.now, HOST.port(), &mut effects);
        self.settle("CLOSE in LISTEN", got, effects, Model::unlisten);
    }

    pub(crate) fn open(&mut self, text: Vec<u8>) {
        if self.model.tcb.is_none() {
            self.give_back(); // what is left of the connection before
        }
        let mut effects = Vec::new();
        let ends = (Some(HOST.port()), PEER);
        let got = self.host.open_with(self.now, ends, (text.clone(), false), (), &mut effects);
        self.handle = got.ok().or(self.handle);
        self.settle(&format!("OPEN active, {} octets", text.len()), got.map(|_| ()), effects, |model| model.open(text));
    }

    pub(crate) fn accept(&mut self) {
        if self.model.tcb.as_ref().is_some_and(|tcb| tcb.owner == Owner::Listener) {
            self.give_back();
        }
        let got = self.host.accept(HOST.port());
        self.handle = got.or(self.handle);
        self.settle("accept", got.is_some(), Vec::new(), Model::accept);
    }

    pub(crate) fn send(&mut self, text: Vec<u8>) {
        let Some(handle) = self.handle else { return };
        let got = self.host.send(handle, text.clone());
        self.settle(&format!("SEND {}", text.len()), got, Vec::new(), |model| model.send(text));
    }

    pub(crate) fn receive(&mut self, limit: u32) {
        let Some(handle) = self.handle else { return };
        let mut pieces = Vec::new();
        let got = self.host.receive(handle, limit, &mut pieces).map(|got| (pieces.concat(), got.end_of_data));
        self.settle(&format!("RECEIVE {limit}"), got, Vec::new(), |model| model.receive(limit as usize));
    }

    pub(crate) fn close(&mut self) {
        let Some(handle) = self.handle else { return };
        let mut effects = Vec::new();
        let got = self.host.shutdown(self.now, handle, &mut effects);
        self.settle("CLOSE", got, effects, Model::close);
    }

    /// The user closes and gives the handle back.
    pub(crate) fn give_back(&mut self) {
        let Some(handle) = self.handle.take() else { return };
        let mut effects = Vec::new();
        let got = self.host.close(self.now, handle, &mut effects).is_ok();
        self.settle("CLOSE, no more RECEIVEs", got, effects, |model| {
            let there = model.is_held();
            model.give_back();
            there
        });
    }

    pub(crate) fn abort(&mut self) {
        let Some(handle) = self.handle.take() else { return };
        let mut effects = Vec::new();
        let got = self.host.abort(self.now, handle, &mut effects).is_ok();
        self.settle("ABORT", got, effects, |model| {
            let there = model.is_held();
            model.abort();
            there
        });
    }

    // Segments and timeouts

    pub(crate) fn deliver(&mut self, segment: &Seg) {
        let mut effects = Vec::new();
        self.host.on_segment(self.now, &segment.to_host(), (), &mut effects);
        self.settle(&format!("◀── {segment}"), (), effects, |model| model.segment_arrives(segment));
    }

    /// The earliest deadline comes.
    pub(crate) fn let_a_deadline_come(&mut self) {
        self.flush();
        let Some((at, handle)) = self.earliest_deadline() else { return };
        self.now = at;
        self.deadlines.remove(&handle);
        let mut effects = Vec::new();
        self.host.on_deadline(at, handle, &mut effects);
        let sends_again = |effect: &Effect<Vec<u8>, Tag>| match effect {
            Effect::Transmit(transmission) => transmission.purpose == Purpose::Retransmission,
            Effect::State(transition) => transition.reason == Reason::GaveUp,
            _ => false,
        };
        let times_out = effects.iter().any(sends_again);
        let asks = |effect: &Effect<Vec<u8>, Tag>| match effect {
            Effect::Transmit(sent) => matches!(sent.purpose, Purpose::WindowProbe | Purpose::New),
            _ => false,
        };
        let asks = effects.iter().any(asks);
        let acts = effects.iter().any(|effect| matches!(effect, Effect::Transmit(_) | Effect::State(_)));
        self.idle_deadlines = if acts { 0 } else { self.idle_deadlines + 1 };
        self.settle("a deadline comes", (), effects, |model| match &model.tcb {
            Some(tcb) if tcb.state == State::TimeWait && tcb.time_wait_ends == at => model.time_wait_timeout(),
            Some(tcb) if tcb.state != State::TimeWait => {
                if tcb.ack_at == Some(at) {
                    model.delayed_ack_timeout();
                }
                if asks {
                    model.window_timeout();
                } else if times_out {
                    model.retransmission_timeout();
                }
            }
            _ => {}
        });
        if self.model.tcb.is_some() && self.idle_deadlines > MOST_IDLE_DEADLINES {
            self.differ("a deadline does nothing, again and again");
        }
    }

    /// Time passes, but not beyond a deadline.
    pub(crate) fn pause(&mut self, pause: Duration) {
        self.flush();
        let until = self.now + pause;
        self.now = self.earliest_deadline().map_or(until, |(at, _)| at.min(until));
        self.ladder.push(format!("{:>14} time passes", self.now.to_string()));
    }

    fn earliest_deadline(&self) -> Option<(Instant, Handle)> {
        self.deadlines.iter().map(|(handle, at)| (*at, *handle)).min()
    }

    // The honest peer

    pub(crate) fn at_peer<R>(&mut self, name: &str, event: impl FnOnce(&mut Model) -> R) {
        self.peer.now = self.now;
        self.ladder.push(format!("{:>14} {:>60}", self.now.to_string(), format!("peer: {name}")));
        event(&mut self.peer);
        self.peer.accept();
        self.peer.flush();
        for out in std::mem::take(&mut self.peer.out) {
            if let Out::Send(segment) = out {
                self.past.push(segment.clone());
                self.to_host.push(segment);
            }
        }
    }

    // Comparison

    /// After an event of the host: it emits what is ready, and the model must do the same on `literal`.
    fn settle<R: PartialEq + Debug>(
        &mut self,
        name: &str,
        got: R,
        mut effects: Effects<Vec<u8>, Tag>,
        literal: impl FnOnce(&mut Model) -> R,
    ) {
        if !self.joined {
            self.host.flush(self.now, &mut effects);
        }
        let (sent, told) = self.enter(&effects);
        self.ladder.push(format!("{:>14} {:<11} {name}", self.now.to_string(), self.model.state()));
        self.model.now = self.now;
        self.model.trail.clear();
        let expected = literal(&mut self.model);
        if !self.joined {
            self.model.flush();
        }
        if self.model.least_iss.take().is_some_and(|least| lt(self.model.next_iss, least)) {
            self.differ("the ISS was used by the last incarnation");
        }
        let out = std::mem::take(&mut self.model.out);
        let (expected_sent, mut expected_told) = (sends(&out), notices(&out));
        expected_told.sort();
        expected_told.dedup();
        self.ladder.extend(sent.iter().map(|segment| format!("{:26} ──▶ {segment}", "")));
        if !told.is_empty() {
            self.ladder.push(format!("{:26} tells {told:?}", ""));
        }
        self.compare("sends", &sent, &expected_sent);
        self.compare("tells", &told, &expected_told);
        self.compare("returns", &got, &expected);
        self.compare_status();
        self.to_peer.extend(sent);
    }

    /// Takes the host's effects down: what it sends and what it tells.
    fn enter(&mut self, effects: &Effects<Vec<u8>, Tag>) -> (Vec<Seg>, Vec<String>) {
        let (mut sent, mut told) = (Vec::new(), Vec::new());
        for effect in effects {
            match effect {
                Effect::Transmit(transmission) => {
                    let segment = Seg::of(&transmission.segment);
                    self.learn(&segment);
                    sent.push(segment);
                }
                Effect::State(transition) if matches!(transition.from, State::Closed | State::Listen) => {
                    self.model.next_iss = transition.iss.raw();
                }
                Effect::Arm { entry, at, .. } => drop(self.deadlines.insert(*entry, *at)),
                Effect::Disarm { entry, .. } | Effect::Release { entry, .. } => drop(self.deadlines.remove(entry)),
                Effect::Moved { from, .. } => drop(self.deadlines.remove(from)),
                Effect::Notify { notice, .. } => told.push(told_as(*notice)),
                _ => {}
            }
        }
        told.sort();
        told.dedup();
        (sent, told)
    }

    /// What the RFCs leave to the host is taken from it: where its timestamps start, and its fast open cookie.
    fn learn(&mut self, segment: &Seg) {
        let millis = self.now.as_nanos() / 1_000_000 % (1 << 32);
        if let Some((value, _)) = segment.ts.filter(|_| !self.clock_known) {
            self.clock_known = true;
            self.model.clock_offset = value.wrapping_sub(u32::try_from(millis).expect("it was cut"));
        }
        if let Some(FastOpen::Cookie(cookie)) = segment.fast_open.filter(|_| segment.ctl.ack()) {
            self.model.granted = self.model.granted.or(Some(cookie));
        }
    }

    fn compare_status(&self) {
        let (status, tcb) = (self.status(), self.model.tcb.as_ref());
        self.compare(
            "is in",
            &status.map_or(State::Closed, |status| status.state),
            &tcb.map_or(State::Closed, |tcb| tcb.state),
        );
        let (Some(status), Some(tcb)) = (status, tcb) else { return };
        let raw = SeqNum::raw;
        self.compare("has as ISS, IRS", &(raw(status.iss), status.irs.map(raw)), &(tcb.iss, tcb.irs));
        let send = (raw(status.send_unacknowledged), raw(status.send_next));
        self.compare("has as SND.UNA, SND.NXT", &send, &(tcb.snd_una, tcb.snd_nxt));
        if tcb.state != State::TimeWait {
            self.compare("has as RCV.WND", &status.irs.map(|_| status.receive_window), &tcb.irs.map(|_| tcb.rcv_wnd()));
        }
        self.compare("has as RCV.NXT", &status.receive_next.map(raw), &tcb.irs.map(|_| tcb.rcv_nxt));
        let users = self.handle.and_then(|handle| self.host.status(handle)).filter(|_| tcb.owner == Owner::User);
        let unread = users.map_or(0, |status| status.unread_octets);
        self.compare("keeps unread", &unread, &if tcb.owner == Owner::User { tcb.received.len() as u64 } else { 0 });
        if !self.joined
            && tcb.state != State::TimeWait
            && (!tcb.retransmission_queue.is_empty() || tcb.waits_for_window())
            && self.deadlines.is_empty()
        {
            self.differ("something is on the way or waits for the window, and no timer runs");
        }
    }

    fn compare<T: PartialEq + Debug>(&self, what: &str, endpoint: &T, model: &T) {
        if endpoint != model {
            self.differ(&format!("the host {what}\n  {endpoint:?}\nthe model\n  {model:?}"));
        }
    }

    pub(crate) fn differ(&self, what: &str) -> ! {
        let trail: Vec<_> = self.model.trail.iter().copied().map(Branch::text).collect();
        panic!("{}\n\n{what}\n\nby {}\n\n{:?}", self.ladder.join("\n"), trail.join("\n   "), self.model.tcb);
    }
}

fn sends(out: &[Out]) -> Vec<Seg> {
    let sent = out.iter().filter_map(|out| if let Out::Send(segment) = out { Some(segment.clone()) } else { None });
    sent.collect()
}

fn notices(out: &[Out]) -> Vec<String> {
    out.iter().filter_map(|out| if let Out::Tell(notice) = out { Some(told_as(*notice)) } else { None }).collect()
}

fn told_as(notice: Notice) -> String {
    format!("{notice:?}")
}
