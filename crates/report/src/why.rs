//! The chain of causes of a record, back to its roots: `synlab run FILE --why 12` or `--why "5 s"`.

use std::collections::BTreeSet;
use std::fmt::Write;

use experiment::record::{
    Awaited, Because, Blame, Call, Event, Fold, Incarnation, Outcome, Record, RecordId, Scarce, Sent, StateChange,
    Unfinished, WaitEnd, call_word, cause_word, purpose_word,
};
use experiment::{HostId, RelativeNumbers};
use rustc_hash::FxHashMap;
use sim_time::Instant;
use tcp_endpoint::{FourTuple, Purpose, Queue};

use crate::hosts::Hosts;
use crate::words::{fate, label, timer_in_words};

/// Which record is asked about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Why {
    /// The one at that place in the stream.
    Id(u32),
    /// The last one up to that time.
    Time(Instant),
}

/// The causes of each record of a run.
#[derive(Clone, Debug, Default)]
pub struct Causes {
    records: Vec<(Instant, Because)>,
}

impl Fold for Causes {
    fn record(&mut self, record: &Record) {
        // What a verdict or a wait blames is told, too.
        let blame = match record.event {
            Event::Judged { worth, .. } => worth.blame(),
            Event::Waits { blame, .. } | Event::InTheWay { blame, .. } => blame,
            _ => None,
        };
        let blamed = blame.and_then(|blame| blame.record);
        self.records.push((record.at, blamed.map_or(record.because, |blamed| record.because.and(blamed))));
    }
}

impl Causes {
    /// The record that is asked about, and all without which it would not exist. `None` if there is no such record.
    #[must_use]
    pub fn chain(&self, why: Why) -> Option<BTreeSet<RecordId>> {
        let place = match why {
            Why::Id(place) => place as usize,
            Why::Time(at) => self.records.partition_point(|(told_at, _)| *told_at <= at).checked_sub(1)?,
        };
        self.records.get(place)?;
        let first = RecordId::new(u32::try_from(place).ok()?);
        let (mut chain, mut asked) = (BTreeSet::from([first]), vec![first]);
        while let Some(id) = asked.pop() {
            let (_, because) = self.records[id.place() as usize];
            asked.extend(because.iter().filter(|cause| chain.insert(*cause)));
        }
        Some(chain)
    }

    /// How many records there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.records.is_empty()
    }
}

/// Tells some records of a run in words, a line each.
#[derive(Clone, Debug)]
pub struct Chain {
    teller: Teller,
    wanted: BTreeSet<RecordId>,
    lines: Vec<(RecordId, Instant, Because, String)>,
}

/// Tells what happened in words. It takes every record of a run, since it counts sequence numbers from the initial ones.
#[derive(Clone, Debug)]
pub(crate) struct Teller {
    hosts: Hosts,
    numbers: RelativeNumbers,
    connections: FxHashMap<Incarnation, Connection>,
}

/// What a connection is called by.
#[derive(Clone, Copy, Debug)]
struct Connection {
    tuple: FourTuple,
    passive: bool,
    /// Which attempt of its host it goes back to; 0 if that was forged.
    ordinal: u32,
}

impl Chain {
    /// Nothing told yet of these records.
    #[must_use]
    pub fn new(hosts: Hosts, wanted: BTreeSet<RecordId>) -> Self {
        Self { teller: Teller::new(hosts), wanted, lines: Vec::new() }
    }

    /// The lines, the root first: the record's id, its time, what happened, and because of which records.
    #[must_use]
    pub fn render(&self) -> String {
        let id = |id: RecordId| format!("#{}", id.place());
        let ids = self.lines.iter().map(|(of, ..)| id(*of).len()).max().unwrap_or(0);
        let times = self.lines.iter().map(|(_, at, ..)| at.to_string().len()).max().unwrap_or(0);
        let mut text = String::new();
        for (of, at, because, words) in &self.lines {
            let causes: Vec<String> = because.iter().map(id).collect();
            let why = if causes.is_empty() { "root".to_owned() } else { format!("because of {}", causes.join(", ")) };
            let _ = writeln!(text, "{:>ids$}  {:>times$} s  {words}  ({why})", id(*of), at.to_string());
        }
        text
    }
}

impl Teller {
    /// Nothing told yet.
    pub(crate) fn new(hosts: Hosts) -> Self {
        Self { hosts, numbers: RelativeNumbers::new(), connections: FxHashMap::default() }
    }

    /// The connection of an event on a host, if it has one that is known; or else the host.
    fn whose(&self, host: HostId, incarnation: Option<Incarnation>) -> String {
        match incarnation.and_then(|incarnation| self.connections.get(&incarnation)) {
            Some(Connection { tuple, passive, ordinal }) => self.hosts.connection(*tuple, *passive, *ordinal),
            None => self.hosts.name(host).to_owned(),
        }
    }

    /// What happened.
    pub(crate) fn words(&mut self, event: &Event) -> String {
        let numbers = match event {
            Event::Sent(sent) => Some(self.numbers.next(sent)),
            _ => None,
        };
        if let Event::State(change) = event {
            let StateChange { tuple, passive, attempt, .. } = *change;
            self.connections.insert(change.incarnation, Connection { tuple, passive, ordinal: attempt.ordinal });
        }
        let name = |host: HostId| self.hosts.name(host);
        match event {
            Event::Script { host, script } => format!("{}: script {} begins to listen", name(*host), script + 1),
            Event::Session { host, script, session } => {
                format!("{}: session {} of script {} arrives", name(*host), session + 1, script + 1)
            }
            Event::Woken { host, .. } => format!("{}: its application's wait is over", name(*host)),
            Event::Sent(sent) => self.sent(sent, &numbers.map_or(String::new(), |numbers| label(sent, numbers))),
            Event::Delivered { to, incarnation, copy, .. } => {
                let copy = if *copy > 0 { format!(" once more, as duplicate {copy}") } else { String::new() };
                format!("{}: the segment arrives{copy}", self.whose(*to, *incarnation))
            }
            Event::Unheard { to, .. } => format!("{}: the segment arrives, and nobody listens", name(*to)),
            Event::Crashed { host } => format!("{}: a crash", name(*host)),
            Event::Rebooted { host, .. } => format!("{}: up again", name(*host)),
            Event::WarmedUp => "measuring begins".to_owned(),
            Event::State(change) => {
                format!("{}: {} → {}", self.whose(change.host, Some(change.incarnation)), change.from, change.to)
            }
            Event::TimerFired { host, incarnation, timer } => {
                format!("{}: its {} fires", self.whose(*host, Some(*incarnation)), timer_in_words(*timer))
            }
            Event::Call { host, incarnation, call, outcome, .. } => {
                call_in_words(&self.whose(*host, *incarnation), *call, *outcome)
            }
            Event::DataLost { host, incarnation, octets } => {
                format!("{}: {octets} B that it sent are lost", self.whose(*host, Some(*incarnation)))
            }
            Event::Overflow { host, port, queue, held, since } => {
                let (queue, then) = match queue {
                    Queue::Syn => (format!("the SYN backlog of port {port}"), "the segment is dropped"),
                    Queue::Accept => (format!("the accept queue of port {port}"), "the segment is dropped"),
                    Queue::Cache => (format!("the SYN cache of port {port}"), "the oldest entry makes room"),
                    Queue::TimeWait => ("the TIME-WAIT table".to_owned(), "nothing remains of the connection"),
                };
                format!("{}: {queue} is full, with {held} since {since} s; {then}", name(*host))
            }
            Event::HeldDown { host, port } => format!("{}: the SYN at port {port} is refused, held down", name(*host)),
            Event::Waits { host, attempt, scarce, .. } => {
                let what = match scarce {
                    Scarce::SynBacklog => "a place in the SYN backlog",
                    Scarce::AcceptQueue => "a place in the accept queue",
                    Scarce::Workers => "a worker",
                    Scarce::HoldDown => "the end of a hold-down",
                };
                format!("{}: {} #{} has to wait for {what}", name(*host), name(attempt.host), attempt.ordinal)
            }
            Event::InTheWay { host, port, blame, .. } => {
                let why = match blame {
                    None => "nothing of no use is in the way".to_owned(),
                    Some(blame) => format!("what is in the way is of no use ({})", cause_of(*blame)),
                };
                format!("{}: of those that wait for a worker at port {port}: {why}", name(*host))
            }
            Event::WaitOver { host, attempt, end, .. } => {
                let how = match end {
                    WaitEnd::Served => "has what it waited for",
                    WaitEnd::TurnedAway => "is turned away",
                    WaitEnd::Crashed => "waits no longer after the crash",
                };
                format!("{}: {} #{} {how}", name(*host), name(attempt.host), attempt.ordinal)
            }
            Event::Judged { host, incarnation, worth } => {
                let why = worth.blame().map_or(String::new(), |blame| format!(" ({})", cause_of(blame)));
                format!("{}: the verdict: {}{why}", self.whose(*host, Some(*incarnation)), worth.name())
            }
            Event::Unfinished(unfinished) => self.unfinished(unfinished),
        }
    }

    /// ``server: its script still waits in step 2, `receive 101 B`, for octets: 100 have come``
    fn unfinished(&self, unfinished: &Unfinished) -> String {
        let Unfinished { host, step, awaits, octets, .. } = *unfinished;
        let line = self.hosts.step(unfinished).map_or(String::new(), |line| format!(", `{line}`,"));
        let come = if awaits == Awaited::Octets { format!(": {octets} have come") } else { String::new() };
        format!("{}: its script still waits in step {step}{line} for {}{come}", self.hosts.name(host), awaited(awaits))
    }

    fn sent(&self, sent: &Sent, label: &str) -> String {
        let [from, to] = [sent.source, sent.destination].map(|socket| self.hosts.socket(socket));
        let purpose = match sent.purpose {
            Some(Purpose::Retransmission) => format!("retransmission {}", sent.retransmission),
            Some(purpose) => purpose_word(purpose).0.replace('-', " "),
            None => "forged".to_owned(),
        };
        let arrives = sent.fate.deliveries.first().map(|arrival| format!("arrives at {arrival} s"));
        let fate: Vec<String> = arrives.into_iter().chain(fate(sent)).collect();
        format!("{from} → {to}: {label} ({purpose}), {}", fate.join(", "))
    }
}

/// What a script waits for.
pub(crate) const fn awaited(awaits: Awaited) -> &'static str {
    match awaits {
        Awaited::Opening => "the opening of its connection",
        Awaited::Octets => "octets",
        Awaited::EndOfData => "the end of the data",
        Awaited::Time => "a time to pass",
        Awaited::Worker => "a worker",
        Awaited::Reboot => "the reboot of its host",
    }
}

/// `lost, #12`
fn cause_of(blame: Blame) -> String {
    let record = blame.record.map_or(String::new(), |record| format!(", #{}", record.place()));
    format!("{}{record}", cause_word(blame.cause).0)
}

fn call_in_words(host: &str, call: Call, outcome: Outcome) -> String {
    let octets = match call {
        Call::Receive { octets: 0, .. } => " and gets the end of the data".to_owned(),
        Call::Send(octets) | Call::Receive { octets, .. } => format!(" {octets} B"),
        _ => String::new(),
    };
    let failed = outcome.failure().map_or(String::new(), |error| format!(", which fails: {error}"));
    format!("{host}: its application calls {}{octets}{failed}", call_word(call).0)
}

impl Fold for Chain {
    fn record(&mut self, record: &Record) {
        let words = self.teller.words(&record.event);
        if self.wanted.contains(&record.id) {
            self.lines.push((record.id, record.at, record.because, words));
        }
    }
}
