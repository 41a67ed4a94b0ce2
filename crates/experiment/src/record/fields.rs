//! The schema of the stream, written once: each record's fields with their names, their words in the digest and what they
//! mean. The digest, the trace's JSON and its schema are three ways to take them.

use std::net::SocketAddrV4;

use net_link::Loss;
use sim_time::Instant;
use tcp_endpoint::{
    Acknowledged, EntryKind, Flags, FourTuple, Notice, Purpose, Queue, Reason, State, Timer, UserError,
};

use super::{
    Attempt, Awaited, Because, Blame, Call, Cause, Change, Deaf, Event, HostId, Incarnation, Memory, Outcome, Record,
    Scarce, Sent, StateChange, Unfinished, WaitEnd, What, Worth,
};

/// The value of a field.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Value<'a> {
    /// A count, an ordinal, a number on the wire.
    Number(u64),
    /// The same, where there may be none.
    Optional(Option<u64>),
    /// Yes or no.
    Flag(bool),
    /// One of a few words, with its number in the digest; and all of these words.
    Word((&'static str, u32), &'static [&'static str]),
    /// The same, where there may be none.
    OptionalWord(Option<(&'static str, u32)>, &'static [&'static str]),
    /// A host.
    Host(HostId),
    /// A host, where there may be none.
    OptionalHost(Option<HostId>),
    /// An attempt: who opened, and for which time.
    Attempt(Attempt),
    /// A socket.
    Socket(SocketAddrV4),
    /// A socket, where there may be none.
    OptionalSocket(Option<SocketAddrV4>),
    /// The control bits of a segment.
    Flags(Flags),
    /// A time.
    Time(Instant),
    /// A time, where there may be none.
    OptionalTime(Option<Instant>),
    /// Times.
    Times(&'a [Instant]),
    /// Records, by their ids.
    Records(Because),
}

/// Someone who takes the fields of records.
pub trait Fields {
    /// A record, or a change, of a kind begins. The number is the kind's in the digest.
    fn kind(&mut self, name: &'static str, number: u32, meaning: &'static str);

    /// A field of it.
    fn field(&mut self, name: &'static str, meaning: &'static str, value: Value<'_>);

    /// What follows from the fields of a segment: whoever shows that does it here.
    fn segment(&mut self, sent: &Sent) {
        let _ = sent;
    }

    /// What follows from the name of a connection.
    fn name(&mut self, tuple: FourTuple) {
        let _ = tuple;
    }
}

// The numbers below are part of the format: a new variant takes a new number, none is ever used again.

impl Record {
    /// Tells the fields of the record, without its changes.
    #[inline(always)]
    pub fn tell(&self, to: &mut impl Fields) {
        let Self { at, because, event, .. } = self;
        match *event {
            Event::Script { host, script } => {
                to.kind("script", 1, "a server's script begins to listen: a root");
                when(to, *at, *because);
                to.field("host", "the host", host.into());
                to.field("script", "its place among the scripts of the host, from 0", number(script));
            }
            Event::Session { host, script, session } => {
                to.kind("session", 2, "a session arrives at a client's script: a root");
                when(to, *at, *because);
                to.field("host", "the host", host.into());
                to.field("script", "its place among the scripts of the host, from 0", number(script));
                to.field("session", "its ordinal among the sessions of the script, from 0", number(session));
            }
            Event::Woken { host, application } => {
                to.kind("woken", 3, "an application's wait, work or patience is over");
                when(to, *at, *because);
                to.field("host", "the host", host.into());
                to.field("application", "the ordinal of the script's run on the host, from 0", number(application));
            }
            Event::Sent(ref sent) => {
                let meaning = "a segment is offered to a link, which decides its whole fate; a root if it is forged";
                to.kind("segment", 4, meaning);
                when(to, *at, *because);
                sent.tell(to);
            }
            Event::Delivered { to: host, incarnation, copy, stale, misleads } => {
                let meaning = "a copy of a segment arrives; `because` is the record of its sending";
                to.kind("delivered", 5, meaning);
                when(to, *at, *because);
                to.field("to", "the host it comes to", host.into());
                to.field("connection", "the connection of its name there", incarnation.into());
                to.field("copy", "0 for the first copy, n for duplicate n", number(copy));
                let meaning =
                    "whether its sender no longer holds the connection that sent it, or has sent it again since";
                to.field("stale", meaning, Value::Flag(stale));
                let meaning = "whether it is forged, and the connection takes it for its peer's";
                to.field("misleads", meaning, Value::Flag(misleads));
            }
            Event::Unheard { to: host, copy, deaf } => {
                let meaning = "a copy of a segment arrives at a host that does not listen to it";
                to.kind("unheard", 6, meaning);
                when(to, *at, *because);
                to.field("to", "the host it comes to", host.into());
                to.field("copy", "0 for the first copy, n for duplicate n", number(copy));
                to.field(
                    "deaf",
                    "why: it is down after a crash, or quiet after a reboot",
                    word(deaf_word(deaf), DEAF_WORDS),
                );
            }
            Event::Crashed { host } => {
                to.kind("crashed", 7, "a machine of a host crashes: a root");
                when(to, *at, *because);
                to.field("host", "the host", host.into());
            }
            Event::Rebooted { host, quiet_until } => {
                to.kind("rebooted", 8, "a machine of a host is up again");
                when(to, *at, *because);
                to.field("host", "the host", host.into());
                to.field("quiet_until", "the end of its quiet time", Value::Time(quiet_until));
            }
            Event::WarmedUp => {
                to.kind("warmed-up", 9, "the warm-up is over, and measuring begins: a root");
                when(to, *at, *because);
            }
            Event::State(ref change) => {
                to.kind("state", 10, "a connection changes its state");
                when(to, *at, *because);
                change.tell(to);
            }
            Event::TimerFired { host, incarnation, timer } => {
                to.kind("timer-fired", 11, "a timer fires; `because` is the record with which it was set");
                when(to, *at, *because);
                connection(to, host, incarnation);
                of_timer(to, timer);
            }
            Event::Call { host, application, incarnation, remote, call, outcome } => {
                to.kind("call", 12, "an application makes a call");
                when(to, *at, *because);
                to.field("host", "the host", host.into());
                to.field("application", "the ordinal of the script's run on the host, from 0", number(application));
                to.field("connection", "the connection, if the call has one", incarnation.into());
                to.field("remote", "the peer's socket, if the call has a connection", Value::OptionalSocket(remote));
                tell_call(to, call, outcome);
            }
            Event::DataLost { host, incarnation, octets } => {
                to.kind("data-lost", 13, "octets that an application sent can no longer be received");
                when(to, *at, *because);
                connection(to, host, incarnation);
                to.field("len", "how many", Value::Number(octets));
            }
            Event::Overflow { host, port, queue, held, since } => {
                to.kind(
                    "overflow",
                    14,
                    "a listening port has no room for a segment: it is dropped, or the oldest of a cache makes room",
                );
                when(to, *at, *because);
                to.field("host", "the host", host.into());
                to.field("port", "the port", number(port));
                to.field("queue", "what is full", word(queue_word(queue), QUEUE_WORDS));
                to.field("held", "how many are in it", number(held));
                to.field("since", "since when it is full", Value::Time(since));
            }
            Event::HeldDown { host, port } => {
                to.kind("held-down", 15, "a SYN is refused without an answer, because of a hold-down");
                when(to, *at, *because);
                to.field("host", "the host", host.into());
                to.field("port", "the port", number(port));
            }
            Event::Waits { host, port, attempt, scarce, script, places, since, blame, before } => {
                to.kind(
                    "waits",
                    16,
                    "a client has to wait at a server, or is refused anew and waits for other reasons",
                );
                when(to, *at, *because);
                to.field("host", "the server", host.into());
                to.field("port", "the port", number(port));
                to.field("attempt", "the client's attempt", Value::Attempt(attempt));
                to.field("scarce", "what it waits for", word(scarce_word(scarce), SCARCE_WORDS));
                of_script(to, script);
                to.field(
                    "places",
                    "how many there are of that; 0 of hold-downs, and if the application has no worker for it, or no limit",
                    number(places),
                );
                to.field("since", "since when all are taken, if they are", Value::OptionalTime(since));
                blamed(to, blame);
                to.field("again", "whether it waits already", Value::Flag(before.is_some()));
            }
            Event::InTheWay { host, port, script, clients, blame, .. } => {
                let kind = "clients that wait for a worker wait because of another connection from now on";
                to.kind("in-the-way", 20, kind);
                when(to, *at, *because);
                to.field("host", "the server", host.into());
                to.field("port", "the port", number(port));
                of_script(to, script);
                to.field("clients", "how many wait", number(clients));
                blamed(to, blame);
            }
            Event::WaitOver { host, attempt, blame, end } => {
                to.kind("wait-over", 17, "such a wait is over");
                when(to, *at, *because);
                to.field("host", "the server", host.into());
                to.field("attempt", "the client's attempt", Value::Attempt(attempt));
                blamed(to, blame);
                to.field("end", "how it ended", word(wait_end_word(end), WAIT_END_WORDS));
            }
            Event::Judged { host, incarnation, worth } => {
                to.kind("judged", 18, "ground truth gives a connection another verdict");
                when(to, *at, *because);
                connection(to, host, incarnation);
                to.field("worth", "the verdict", word(worth_word(worth), WORTH_WORDS));
                blamed(to, worth.blame());
            }
            Event::Unfinished(ref unfinished) => {
                to.kind("unfinished", 19, "the run ends, and a script's run is not over");
                when(to, *at, *because);
                unfinished.tell(to);
            }
        }
    }
}

impl Change {
    /// Tells the fields of the change.
    #[inline(always)]
    pub fn tell(&self, to: &mut impl Fields) {
        let Self { host, incarnation, what } = *self;
        match what {
            What::Held { memory, octets } => {
                to.kind("held", 32, "the host takes memory for a connection");
                connection(to, host, incarnation);
                to.field("memory", "for what", word(memory_word(memory), MEMORY_WORDS));
                to.field("bytes", "how many octets", Value::Number(octets));
            }
            What::Released { memory, octets } => {
                to.kind("released", 33, "the host gives that memory back");
                connection(to, host, incarnation);
                to.field("memory", "for what", word(memory_word(memory), MEMORY_WORDS));
                to.field("bytes", "how many octets", Value::Number(octets));
            }
            What::Armed { timer, deadline } => {
                to.kind("timer-set", 34, "a timer of a connection is set, anew or for another time");
                connection(to, host, incarnation);
                of_timer(to, timer);
                to.field("deadline", "when it is to fire", Value::Time(deadline));
            }
            What::Disarmed { timer } => {
                to.kind("timer-stopped", 35, "a timer of a connection is stopped");
                connection(to, host, incarnation);
                of_timer(to, timer);
            }
            What::Told { notice } => {
                to.kind("told", 36, "the endpoint tells the connection's application something");
                connection(to, host, incarnation);
                to.field("notice", "what", word(notice_word(notice), NOTICE_WORDS));
            }
            What::Served { begins } => {
                to.kind("served", 37, "a worker begins with a connection, or is done with it");
                connection(to, host, incarnation);
                to.field("begins", "whether it begins", Value::Flag(begins));
            }
        }
    }
}

impl Sent {
    #[inline(always)]
    fn tell(&self, to: &mut impl Fields) {
        to.field(
            "from",
            "the host that sends it; none if it is forged and nobody has its address",
            Value::OptionalHost(self.from),
        );
        to.field("to", "the host it goes to, if its address is anyone's", Value::OptionalHost(self.to));
        to.field("source", "its source", Value::Socket(self.source));
        to.field("destination", "its destination", Value::Socket(self.destination));
        to.segment(self);
        to.field("flags", "its control bits, in the order S F R P A", Value::Flags(self.flags));
        to.field("seq_raw", "SEG.SEQ on the wire", number(self.seq.raw()));
        let ack = self.flags.ack().then(|| u64::from(self.ack.raw()));
        to.field("ack_raw", "SEG.ACK on the wire, if it has one", Value::Optional(ack));
        to.field("window", "SEG.WND in octets", number(self.window));
        to.field("len", "octets of data", number(self.octets));
        let meaning = "why its endpoint sends it; none if it is forged";
        to.field("purpose", meaning, Value::OptionalWord(self.purpose.map(purpose_word), PURPOSE_WORDS));
        let meaning = "how often the same sequence space was sent before";
        to.field("retransmission", meaning, number(self.retransmission));
        let meaning = "the furthest thing it acknowledges";
        to.field("acknowledges", meaning, word(acknowledged_word(self.acknowledges), ACKNOWLEDGED_WORDS));
        to.field("attempt", "the attempt it goes back to", Value::Attempt(self.attempt));
        to.field("connection", "the connection that sends it, if one does", self.incarnation.into());
        let meaning = "the connection of its name at the other end, as far as there is or was one";
        to.field("other_end", meaning, self.peer.into());
        to.field("forged", "whether no endpoint sends it", Value::Flag(self.forged));
        let meaning = "whether it is sent for what is of no use, or in answer to that";
        to.field("wasted", meaning, Value::Flag(self.wasted.is_some()));
        blamed(to, self.wasted);
        to.field("fate", "what becomes of it", word(fate_word(self.fate.deliveries.len()), FATE_WORDS));
        to.field("loss", "why it is lost, if it is", Value::OptionalWord(self.fate.lost.map(loss_word), LOSS_WORDS));
        let fault = self.fate.fault.map(|place| u64::from(place) + 1);
        to.field("fault", "the fault of the file that decides, from 1", Value::Optional(fault));
        to.field("delivered_at", "when its copies arrive", Value::Times(&self.fate.deliveries));
    }
}

impl Unfinished {
    fn tell(&self, to: &mut impl Fields) {
        to.field("host", "the host", self.host.into());
        to.field("application", "the ordinal of the script's run on the host, from 0", number(self.application));
        to.field("script", "the script's place among those of the host, from 0", number(self.script));
        to.field("step", "the ordinal of the step that it waits in, from 1", number(self.step));
        to.field("connection", "the connection, if it has one", self.incarnation.into());
        to.field("remote", "the peer's socket, if it has a connection", Value::OptionalSocket(self.remote));
        to.field("awaits", "what it waits for", word(awaited_word(self.awaits), AWAITED_WORDS));
        to.field("len", "octets that the step has received so far", Value::Number(self.octets));
        to.field("since", "when it came to the step, or last received octets there", Value::Time(self.since));
    }
}

impl StateChange {
    #[inline(always)]
    fn tell(&self, to: &mut impl Fields) {
        to.field("host", "the host", self.host.into());
        to.field("connection", "the connection", Some(self.incarnation).into());
        to.field("attempt", "the attempt it goes back to", Value::Attempt(self.attempt));
        to.field("local", "its socket", Value::Socket(self.tuple.local));
        to.field("remote", "the peer's socket", Value::Socket(self.tuple.remote));
        to.name(self.tuple);
        to.field("from", "the state before", word(state_word(self.from), &STATE_WORDS));
        to.field("to", "the state after", word(state_word(self.to), &STATE_WORDS));
        to.field("reason", "why", word(reason_word(self.reason), REASON_WORDS));
        to.field("passive", "whether a peer's SYN opened it", Value::Flag(self.passive));
        to.field("iss", "its initial send sequence number", number(self.iss.raw()));
        let irs = self.irs.map(|irs| u64::from(irs.raw()));
        to.field("irs", "its initial receive sequence number, once known", Value::Optional(irs));
        let meaning = "the longest chain of segments, each sent after the one before it came, that has come to it";
        to.field("trips", meaning, number(self.trips));
    }
}

#[inline(always)]
fn when(to: &mut impl Fields, at: Instant, because: Because) {
    to.field("t", "when, in seconds", Value::Time(at));
    let meaning = "the record without which it would not exist, the first of them in the stream; null of a root";
    to.field("because", meaning, Value::Records(because));
}

#[inline(always)]
fn connection(to: &mut impl Fields, host: HostId, incarnation: Incarnation) {
    to.field("host", "the host", host.into());
    to.field("connection", "the connection", Some(incarnation).into());
}

#[inline(always)]
fn of_script(to: &mut impl Fields, script: Option<u16>) {
    let meaning = "the place of the script whose worker has to take it up, from 0; null if any worker may accept it";
    to.field("script", meaning, Value::Optional(script.map(u64::from)));
}

#[inline(always)]
fn blamed(to: &mut impl Fields, blame: Option<Blame>) {
    to.field(
        "cause",
        "what is to blame for that, if it is of no use",
        Value::OptionalWord(blame.map(|blame| cause_word(blame.cause)), CAUSE_WORDS),
    );
    let record = blame.and_then(|blame| blame.record);
    to.field("blames", "the record that this goes back to", Value::Optional(record.map(|id| u64::from(id.place()))));
}

#[inline(always)]
fn tell_call(to: &mut impl Fields, call: Call, outcome: Outcome) {
    to.field("call", "which", word(call_word(call), CALL_WORDS));
    let (len, stale) = match call {
        Call::Send(octets) => (Some(octets), None),
        Call::Receive { octets, stale } => (Some(octets), Some(stale)),
        _ => (None, None),
    };
    to.field("len", "octets sent or received", Value::Optional(len));
    to.field("stale", "those of them that another attempt had sent", Value::Optional(stale));
    to.field("outcome", "how it ends", word(outcome_word(outcome), OUTCOME_WORDS));
    let error = match outcome {
        Outcome::Failed(error) => Some(error_word(error)),
        _ => None,
    };
    to.field("error", "why it fails, if it does", Value::OptionalWord(error, ERROR_WORDS));
}

fn of_timer(to: &mut impl Fields, timer: Timer) {
    to.field("timer", "which timer", word(timer_word(timer), TIMER_WORDS));
}

fn number(value: impl Into<u64>) -> Value<'static> {
    Value::Number(value.into())
}

const fn word(word: (&'static str, u32), of: &'static [&'static str]) -> Value<'static> {
    Value::Word(word, of)
}

impl From<HostId> for Value<'_> {
    fn from(host: HostId) -> Self {
        Self::Host(host)
    }
}

impl From<Option<Incarnation>> for Value<'_> {
    fn from(incarnation: Option<Incarnation>) -> Self {
        Self::Optional(incarnation.map(|incarnation| u64::from(incarnation.number)))
    }
}

/// The words of a field, each with its number in the digest; and all of them, for the schema.
macro_rules! words {
    ($(#[$doc:meta])* $visible:vis $name:ident, $all:ident: $of:ty { $($which:pat => ($word:literal, $number:literal),)+ }) => {
        $(#[$doc])*
        #[must_use]
        $visible const fn $name(of: $of) -> (&'static str, u32) {
            match of {
                $($which => ($word, $number),)+
            }
        }

        const $all: &[&str] = &[$($word),+];
    };
}

words! {
    /// What an application's call is called.
    pub call_word, CALL_WORDS: Call {
        Call::Connect => ("connect", 0),
        Call::Accept => ("accept", 1),
        Call::Send(_) => ("send", 2),
        Call::Receive { .. } => ("receive", 3),
        Call::Shutdown => ("shutdown", 4),
        Call::Close => ("close", 5),
        Call::Abort => ("abort", 6),
    }
}

words! {
    outcome_word, OUTCOME_WORDS: Outcome {
        Outcome::Done => ("done", 0),
        Outcome::EndOfData => ("end-of-data", 1),
        Outcome::Failed(_) => ("failed", 2),
    }
}

words! {
    error_word, ERROR_WORDS: UserError {
        UserError::NoConnection => ("connection does not exist", 1),
        UserError::AlreadyExists => ("connection already exists", 2),
        UserError::Closing => ("connection closing", 3),
        UserError::NoPort => ("insufficient resources: no port", 4),
        UserError::Quiet => ("quiet time after a reboot", 5),
        UserError::Unspecified => ("remote socket unspecified", 6),
        UserError::InvalidRemote => ("remote address invalid", 7),
    }
}

const fn state_word(state: State) -> (&'static str, u32) {
    (state.name(), state as u32)
}

const STATE_WORDS: [&str; State::ALL.len()] = {
    let mut words = [""; State::ALL.len()];
    let mut place = 0;
    while place < words.len() {
        words[place] = State::ALL[place].name();
        place += 1;
    }
    words
};

words! {
    /// Why a connection changed its state.
    pub reason_word, REASON_WORDS: Reason {
        Reason::Call => ("call", 0),
        Reason::Segment => ("segment", 1),
        Reason::Reset => ("reset", 2),
        Reason::GaveUp => ("gave-up", 3),
        Reason::Expired => ("expired", 4),
        Reason::Crash => ("crash", 5),
        Reason::Evicted => ("evicted", 6),
        Reason::Overflow => ("overflow", 7),
        Reason::Unread => ("unread", 8),
    }
}

words! {
    /// Why an endpoint sends a segment.
    pub purpose_word, PURPOSE_WORDS: Purpose {
        Purpose::New => ("new", 0),
        Purpose::Retransmission => ("retransmission", 1),
        Purpose::Acknowledgment => ("acknowledgment", 2),
        Purpose::DuplicateAck => ("duplicate-ack", 3),
        Purpose::WindowUpdate => ("window-update", 4),
        Purpose::ChallengeAck => ("challenge-ack", 5),
        Purpose::KeepaliveProbe => ("keepalive-probe", 6),
        Purpose::WindowProbe => ("window-probe", 7),
        Purpose::TailLossProbe => ("tail-loss-probe", 8),
        Purpose::ResetOfCall => ("reset-of-call", 9),
        Purpose::ResetOfNoConnection => ("reset-of-no-connection", 10),
        Purpose::ResetOfUnacceptable => ("reset-of-unacceptable", 11),
        Purpose::ResetOfUnread => ("reset-of-unread", 12),
    }
}

words! {
    /// What a timer is called.
    pub timer_word, TIMER_WORDS: Timer {
        Timer::Retransmission => ("retransmission", 0),
        Timer::TailLossProbe => ("tail-loss-probe", 1),
        Timer::WindowProbe => ("window-probe", 2),
        Timer::DelayedAck => ("delayed-ack", 3),
        Timer::Keepalive => ("keepalive", 4),
        Timer::UserTimeout => ("user-timeout", 5),
        Timer::TimeWait => ("time-wait", 6),
        Timer::FinWait2 => ("fin-wait-2", 7),
        Timer::HoldDown => ("hold-down", 8),
    }
}

words! {
    acknowledged_word, ACKNOWLEDGED_WORDS: Acknowledged {
        Acknowledged::Nothing => ("nothing", 0),
        Acknowledged::Syn => ("syn", 1),
        Acknowledged::Data => ("data", 2),
        Acknowledged::Fin => ("fin", 3),
    }
}

words! {
    fate_word, FATE_WORDS: usize {
        0 => ("lost", 0),
        1 => ("delivered", 1),
        _ => ("duplicated", 2),
    }
}

words! {
    /// Why a link lost a segment.
    pub loss_word, LOSS_WORDS: Loss {
        Loss::Chance => ("chance", 1),
        Loss::Fault => ("fault", 2),
        Loss::QueueFull => ("queue-full", 3),
        Loss::Lifetime => ("lifetime", 4),
        Loss::NoRoute => ("no-route", 5),
    }
}

words! {
    /// What memory is held for.
    pub memory_word, MEMORY_WORDS: Memory {
        Memory::Entry(EntryKind::HalfOpen) => ("half-open", 0),
        Memory::Entry(EntryKind::Connection) => ("connection", 1),
        Memory::Entry(EntryKind::TimeWait) => ("time-wait", 2),
        Memory::Entry(EntryKind::HoldDown) => ("hold-down", 3),
        Memory::Entry(EntryKind::Peer) => ("peer", 4),
        Memory::Socket => ("socket", 5),
    }
}

words! {
    notice_word, NOTICE_WORDS: Notice {
        Notice::Connected => ("connected", 0),
        Notice::Acceptable { .. } => ("acceptable", 1),
        Notice::Readable => ("readable", 2),
        Notice::Refused => ("refused", 3),
        Notice::Reset => ("reset", 4),
        Notice::TimedOut => ("timed-out", 5),
        Notice::Unanswered => ("unanswered", 6),
    }
}

words! {
    /// Which queue of a listening port is full.
    pub queue_word, QUEUE_WORDS: Queue {
        Queue::Syn => ("syn", 0),
        Queue::Accept => ("accept", 1),
        Queue::Cache => ("cache", 2),
        Queue::TimeWait => ("time-wait", 3),
    }
}

words! {
    scarce_word, SCARCE_WORDS: Scarce {
        Scarce::SynBacklog => ("syn-backlog", 0),
        Scarce::AcceptQueue => ("accept-queue", 1),
        Scarce::Workers => ("workers", 2),
        Scarce::HoldDown => ("hold-down", 3),
    }
}

words! {
    /// What a script's run waits for.
    pub awaited_word, AWAITED_WORDS: Awaited {
        Awaited::Opening => ("opening", 0),
        Awaited::Octets => ("octets", 1),
        Awaited::EndOfData => ("end-of-data", 2),
        Awaited::Time => ("time", 3),
        Awaited::Worker => ("worker", 4),
        Awaited::Reboot => ("reboot", 5),
    }
}

words! {
    deaf_word, DEAF_WORDS: Deaf {
        Deaf::Down => ("down", 0),
        Deaf::Quiet => ("quiet", 1),
    }
}

words! {
    wait_end_word, WAIT_END_WORDS: WaitEnd {
        WaitEnd::Served => ("served", 0),
        WaitEnd::TurnedAway => ("turned-away", 1),
        WaitEnd::Crashed => ("crashed", 2),
    }
}

words! {
    pub(super) worth_word, WORTH_WORDS: Worth {
        Worth::Useful => ("useful", 0),
        Worth::Abandoned(_) => ("abandoned", 1),
        Worth::Ghost(_) => ("ghost", 2),
        Worth::Bereft(_) => ("bereft", 3),
    }
}

words! {
    /// What made something useless.
    pub cause_word, CAUSE_WORDS: Cause {
        Cause::Lost => ("lost", 0),
        Cause::Delayed => ("delayed", 1),
        Cause::Duplicated => ("duplicated", 2),
        Cause::Forged => ("forged", 3),
        Cause::Crash => ("crash", 4),
        Cause::Application => ("application", 5),
        Cause::Capacity => ("capacity", 6),
        Cause::Middlebox => ("middlebox", 7),
        Cause::Unknown => ("unknown", 8),
    }
}
