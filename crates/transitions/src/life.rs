//! A host with one connection to one peer, and what can happen to it next.

use std::net::SocketAddrV4;

use sim_time::{Duration, Instant};
use tcp_endpoint::{Effect, EntryKind, Handle, Host, Purpose, Reason, SeqNum, Settings, State, Status, UserError};

use crate::event::Event;
use crate::octets::Octets;
use crate::peer::{ELSEWHERE, HERE, NAME, Peer, SOME, THERE, ack_of_another, syn_of_another};

type Effects = Vec<Effect<Octets, Whose>>;

/// Whose entry it is: the tag of entries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Whose {
    /// The connection with the peer.
    Ours,
    /// That of another host.
    Another,
}

/// What passes between two events: too little for any timer, and enough for clocks to move on.
const MOMENT: Duration = Duration::from_millis(1);
/// Timers that may expire in silence without a change of state before it is taken that there will be none.
const MOST_EXPIRIES: u32 = 1_000;

/// A host in some situation.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    pub(crate) host: Host<Octets, Whose>,
    pub(crate) now: Instant,
    /// What the application holds.
    pub(crate) handle: Option<Handle>,
    /// Whether it listens.
    pub(crate) listening: bool,
    pub(crate) peer: Peer,
    /// What was done in the life of the connection.
    pub(crate) done: Done,
    /// Whether another host has taken a place in a queue.
    pub(crate) crowded: bool,
    /// The deadlines that are set.
    deadlines: Vec<(Handle, Instant)>,
}

/// What was done in the life of a connection that its STATUS does not tell.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Done {
    /// Whether a peer's SYN opened it.
    pub(crate) passive: bool,
    /// Whether its application has sent.
    pub(crate) sent: bool,
    /// Whether its peer has.
    pub(crate) received: bool,
    /// Whether its application has closed.
    pub(crate) closed: bool,
    /// Whether some of its TIME-WAIT has passed.
    pub(crate) waited: bool,
}

/// A change of state of the connection, as the host tells of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Change {
    pub(crate) from: State,
    pub(crate) to: State,
    pub(crate) passive: bool,
    pub(crate) reason: Reason,
}

/// What an event brought about.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Outcome {
    /// The changes of state, in order.
    pub(crate) changes: Vec<Change>,
    /// What was sent to the peer, in order, as `SYN,ACK`.
    pub(crate) sent: Vec<&'static str>,
    /// Whether the name is held down from now on.
    pub(crate) held_down: bool,
    /// Whether it no longer is.
    pub(crate) let_up: bool,
}

impl Life {
    /// A host that does nothing.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            host: Host::new(*HERE.ip(), settings.clone(), [1; 16]),
            now: Instant::ZERO,
            handle: None,
            listening: false,
            peer: Peer::NEW,
            done: Done::default(),
            crowded: false,
            deadlines: Vec::new(),
        }
    }

    /// The connection with the peer, if there is one.
    pub(crate) fn status(&self) -> Option<Status> {
        self.host.status_of(NAME)
    }

    /// In which table it is.
    pub(crate) fn kind(&self) -> Option<EntryKind> {
        let is_ours = |entry: &Handle| {
            let status = self.host.status(*entry);
            status.is_some_and(|status| status.tuple == NAME && status.state != State::Closed)
        };
        // A TIME-WAIT whose application holds the handle has two entries: the small one, which comes last, is the connection.
        self.host.held().into_iter().filter(is_ours).map(Handle::kind).max()
    }

    /// Whether the application holds a connection that goes on.
    pub(crate) fn holds_live(&self) -> bool {
        let status = self.handle.and_then(|handle| self.host.status(handle));
        status.is_some_and(|status| status.state != State::Closed)
    }

    /// Whether there is an entry of that kind.
    pub(crate) fn has(&self, kind: EntryKind) -> bool {
        self.host.held().iter().any(|entry| entry.kind() == kind)
    }

    /// Whether a timer is set.
    pub(crate) fn is_timed(&self) -> bool {
        !self.deadlines.is_empty()
    }

    /// Lets an event happen; nothing if it cannot.
    pub(crate) fn after(&self, event: Event) -> Option<(Self, Outcome)> {
        let mut life = self.clone();
        life.now += MOMENT;
        let mut outcome = Outcome::default();
        match event {
            Event::Wait => life.wait()?,
            Event::Silence => life.silence(&mut outcome)?,
            Event::SynOfAnother | Event::OpenOfAnother => life.other(event, &mut outcome)?,
            _ => life.act(event, &mut outcome)?,
        }
        Some((life, outcome))
    }

    /// A call, or a segment of the peer.
    fn act(&mut self, event: Event, outcome: &mut Outcome) -> Option<()> {
        let mut effects = Effects::new();
        let status = self.status().filter(|status| status.state != State::Closed);
        if let Some(segment) = self.peer.segment(event, status.as_ref(), self.now) {
            if event == Event::Octets && std::mem::replace(&mut self.done.received, true) {
                return None;
            }
            self.host.on_segment(self.now, &segment, Whose::Ours, &mut effects);
        } else {
            self.call(event, &mut effects)?.ok()?;
        }
        self.settle(effects, outcome);
        Some(())
    }

    /// A call; nothing where there is nobody to make it.
    fn call(&mut self, event: Event, effects: &mut Effects) -> Option<Result<(), UserError>> {
        let now = self.now;
        let held = self.handle;
        Some(match event {
            Event::PassiveOpen => {
                let listens = self.host.listen(HERE.port());
                self.listening |= listens.is_ok();
                listens
            }
            Event::CloseListener => {
                self.listening = false;
                self.host.unlisten(now, HERE.port(), effects)
            }
            Event::ActiveOpen => self.open((Octets(0), false), effects)?,
            Event::ActiveOpenWithOctets => self.open((SOME, false), effects)?,
            Event::ActiveOpenWithAll => self.open((SOME, true), effects)?,
            Event::Accept if held.is_none() => {
                self.handle = Some(self.host.accept(HERE.port())?);
                Ok(())
            }
            Event::Send if !self.done.sent => {
                self.done.sent = true;
                self.host.send(held?, SOME)
            }
            Event::Receive => {
                let received = self.host.receive(held?, u32::MAX, &mut Vec::new());
                received.map(|_| ())
            }
            Event::Close => {
                self.done.closed = true;
                self.host.shutdown(now, held?, effects)
            }
            Event::CloseAndForget => {
                self.done.closed |= self.holds_live();
                self.handle = None;
                self.host.close(now, held?, effects)
            }
            Event::Abort => {
                self.handle = None;
                self.host.abort(now, held?, effects)
            }
            Event::Crash => {
                self.host.crash(effects);
                (self.handle, self.listening) = (None, false);
                Ok(())
            }
            _ => return None,
        })
    }

    /// An application that holds a connection opens no other.
    fn open(&mut self, first: (Octets, bool), effects: &mut Effects) -> Option<Result<(), UserError>> {
        if self.handle.is_some() {
            return None;
        }
        let opened = self.host.open_with(self.now, (Some(HERE.port()), THERE), first, Whose::Ours, effects);
        self.handle = opened.ok();
        let done = Done { sent: first.0 != Octets(0), closed: first.1, ..Done::default() };
        Some(opened.map(|_| self.done = done))
    }

    /// Whether the next that the host does by itself is to acknowledge what it has not yet.
    pub(crate) fn acknowledges_later(&self) -> bool {
        let (mut life, mut outcome) = (self.clone(), Outcome::default());
        life.expire(&mut outcome).is_some() && outcome.changes.is_empty() && outcome.sent == ["ACK"]
    }

    /// Half of what is left of TIME-WAIT passes.
    fn wait(&mut self) -> Option<()> {
        let (_, at) = self.next_deadline().filter(|(entry, _)| entry.kind() == EntryKind::TimeWait)?;
        let half = at.since(self.now) / 2;
        if self.done.waited || half < MOMENT {
            return None;
        }
        self.now += half;
        self.done.waited = true;
        Some(())
    }

    fn next_deadline(&self) -> Option<(Handle, Instant)> {
        self.deadlines.iter().copied().min_by_key(|(entry, at)| (*at, *entry))
    }

    /// The next deadline comes.
    fn expire(&mut self, outcome: &mut Outcome) -> Option<()> {
        let (entry, at) = self.next_deadline()?;
        self.deadlines.retain(|(of, _)| *of != entry);
        self.now = self.now.max(at);
        let mut effects = Effects::new();
        self.host.on_deadline(self.now, entry, &mut effects);
        self.settle(effects, outcome);
        Some(())
    }

    /// Timers expire until one of them changes something.
    fn silence(&mut self, outcome: &mut Outcome) -> Option<()> {
        for _ in 0..MOST_EXPIRIES {
            outcome.sent.clear();
            self.expire(outcome)?;
            if !outcome.changes.is_empty() || outcome.let_up {
                return Some(());
            }
        }
        None
    }

    /// Another host takes a place in a queue.
    fn other(&mut self, event: Event, outcome: &mut Outcome) -> Option<()> {
        if !self.listening || std::mem::replace(&mut self.crowded, true) {
            return None;
        }
        let [first, second] = ELSEWHERE;
        let answer = self.syn_of(first, outcome);
        if event == Event::SynOfAnother {
            self.syn_of(second, outcome);
            return Some(());
        }
        let mut effects = Effects::new();
        self.host.on_segment(self.now, &ack_of_another(first, answer?), Whose::Another, &mut effects);
        self.settle(effects, outcome);
        Some(())
    }

    /// A SYN comes from elsewhere; returns the number of its answer.
    fn syn_of(&mut self, source: SocketAddrV4, outcome: &mut Outcome) -> Option<SeqNum> {
        let mut effects = Effects::new();
        self.host.on_segment(self.now, &syn_of_another(source), Whose::Another, &mut effects);
        let answer = effects.iter().find_map(|effect| match effect {
            Effect::Transmit(transmission) => Some(transmission.segment.seq),
            _ => None,
        });
        self.settle(effects, outcome);
        answer
    }

    /// The host emits what it has to, and what it did is noted.
    fn settle(&mut self, mut effects: Effects, outcome: &mut Outcome) {
        self.host.flush(self.now, &mut effects);
        for effect in effects {
            self.note(effect, outcome);
        }
        self.give_back();
    }

    /// An application that has read all of a connection that is over gives it back.
    fn give_back(&mut self) {
        let Some((handle, status)) = self.handle.and_then(|handle| Some((handle, self.host.status(handle)?))) else {
            return;
        };
        if status.state == State::Closed && status.unread_octets == 0 {
            let mut effects = Effects::new();
            if self.host.close(self.now, handle, &mut effects).is_ok() {
                self.handle = None;
            }
        }
    }

    fn note(&mut self, effect: Effect<Octets, Whose>, outcome: &mut Outcome) {
        match effect {
            Effect::Transmit(transmission) if transmission.segment.destination == THERE => {
                self.peer.hears(&transmission.segment);
                outcome.sent.push(match transmission.purpose {
                    Purpose::KeepaliveProbe => "probe",
                    _ => name(&transmission.segment),
                });
            }
            Effect::State(transition) if transition.tag == Whose::Ours => {
                let (from, to, passive, reason) =
                    (transition.from, transition.to, transition.passive, transition.reason);
                outcome.changes.push(Change { from, to, passive, reason });
                let kept =
                    if matches!(from, State::Closed | State::Listen) && passive { Done::default() } else { self.done };
                self.done = Done { passive, waited: false, ..kept };
            }
            Effect::Arm { entry, at, .. } => {
                self.deadlines.retain(|(of, _)| *of != entry);
                self.deadlines.push((entry, at));
            }
            Effect::Disarm { entry, .. } => self.deadlines.retain(|(of, _)| *of != entry),
            Effect::Release { entry, tag } => {
                self.deadlines.retain(|(of, _)| *of != entry);
                outcome.let_up |= tag == Whose::Ours && entry.kind() == EntryKind::HoldDown;
            }
            Effect::Hold { entry, tag } => {
                outcome.held_down |= tag == Whose::Ours && entry.kind() == EntryKind::HoldDown;
            }
            _ => {}
        }
    }
}

/// What a segment is, less its numbers.
fn name(segment: &tcp_endpoint::Segment<Octets>) -> &'static str {
    let flags = segment.flags;
    let octets = segment.payload != Octets(0);
    match (flags.syn(), flags.fin(), flags.rst(), flags.ack(), octets) {
        (_, _, true, true, _) => "RST,ACK",
        (_, _, true, false, _) => "RST",
        (true, true, ..) => "SYN,FIN",
        (true, false, _, true, _) => "SYN,ACK",
        (true, false, _, false, _) => "SYN",
        (false, true, ..) => "FIN",
        (false, false, _, _, true) => "octets",
        (false, false, ..) => "ACK",
    }
}
