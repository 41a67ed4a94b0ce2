//! One run, with every choice made: what the world needs and nothing about where it came from.

use std::net::Ipv4Addr;
use std::sync::Arc;

use net_link::{Delay, LinkConfig};
use sim_time::{Duration, Instant};
use tcp_endpoint::{EntryKind, Settings};

use crate::record::Memory;
use crate::{HostId, Injection, Rate};

/// One fully resolved run.
#[derive(Clone, PartialEq, Debug)]
pub struct Scenario {
    /// Seed of every random stream, below 2⁵³.
    pub seed: u64,
    /// The end of the run; every integral runs to it.
    pub horizon: Instant,
    /// The hosts, in the order of the file.
    pub hosts: Vec<HostPlan>,
    /// The links, one entry for each direction.
    pub links: Vec<LinkPlan>,
    /// When measuring begins: what happened before is the warm-up.
    pub warm_up: Instant,
    /// Segments that no endpoint sends, in the order of the file.
    pub injections: Vec<Injection>,
    /// Such segments in the plural, in the order of the file.
    pub floods: Vec<Flood>,
}

/// One host: a machine, or many that are alike.
#[derive(Clone, PartialEq, Debug)]
pub struct HostPlan {
    /// Its name: it keys its machines' secrets, so that other hosts change nothing here.
    pub name: String,
    /// The addresses of its machines, one each. All machines are set alike, run the same scripts, use the same links and
    /// count under this name.
    pub addresses: Vec<Ipv4Addr>,
    /// Its TCP.
    pub settings: Settings,
    /// What an entry of each kind costs.
    pub sizes: EntrySizes,
    /// What runs on it.
    pub applications: Vec<Application>,
    /// When it is down, in the order of time; none begins before the one before it has ended.
    pub outages: Vec<Outage>,
    /// How its machines crash at random, each for itself; then there are no `outages`.
    pub failures: Option<Failures>,
}

/// The name that keys what is a machine's own; `place` is its place among those of its host.
pub(crate) fn machine_name(host: &str, place: usize) -> String {
    if place == 0 { host.to_owned() } else { format!("{host}#{}", place + 1) }
}

/// A crash, and how long the host stays down.
///
/// Everything that its TCP and its applications know is gone at once, and nothing is sent. Segments that arrive while it
/// is down are not heard. At the reboot its servers' scripts listen again. A client's session that was running, or that
/// repeats, has come to its end; one that had done no more than wait, or was not begun yet, goes on: at the reboot, if
/// it was due before. All machines of a host crash together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Outage {
    /// When it crashes.
    pub at: Instant,
    /// When it is up again; `None` for not before the end of the run.
    pub until: Option<Instant>,
}

/// Crashes at random: how long a machine is up, and how long it is down, by turns.
#[derive(Clone, PartialEq, Debug)]
pub struct Failures {
    /// How long it is up before it crashes.
    pub after: Delay,
    /// How long it is down.
    pub lasts: Delay,
}

/// Octets that each kind of entry takes, and a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct EntrySizes {
    /// A half-open entry, or one in a SYN cache where the handshake has that.
    pub half_open: u64,
    /// A full connection.
    pub connection: u64,
    /// An entry in TIME-WAIT.
    pub time_wait: u64,
    /// The name of a closed connection that is held down.
    pub hold_down: u64,
    /// What is remembered of another host.
    pub peer: u64,
    /// What an application's hold of a connection takes beside it.
    pub socket: u64,
}

impl EntrySizes {
    /// Octets that it takes.
    #[must_use]
    pub const fn octets(&self, memory: Memory) -> u64 {
        match memory {
            Memory::Entry(EntryKind::HalfOpen) => self.half_open,
            Memory::Entry(EntryKind::Connection) => self.connection,
            Memory::Entry(EntryKind::TimeWait) => self.time_wait,
            Memory::Entry(EntryKind::HoldDown) => self.hold_down,
            Memory::Entry(EntryKind::Peer) => self.peer,
            Memory::Socket => self.socket,
        }
    }
}

/// One direction between two hosts.
#[derive(Clone, PartialEq, Debug)]
pub struct LinkPlan {
    /// The sending host.
    pub from: HostId,
    /// The receiving host.
    pub to: HostId,
    /// Its name, `client-to-server`: it keys the link's draws.
    pub name: String,
    /// Its settings.
    pub config: LinkConfig,
}

/// Forged SYNs, each with a source port and a sequence number of its own. As an [`Injection`], each comes to the receiver
/// directly.
#[derive(Clone, PartialEq, Debug)]
pub struct Flood {
    /// When it starts.
    pub start: Instant,
    /// When they come.
    pub arrivals: Arrivals,
    /// The host whose machines' addresses they bear, each as likely; `None` for addresses that nobody has.
    pub from: Option<HostId>,
    /// The host they come to: its first machine, if it is several.
    pub to: HostId,
    /// The port they come to.
    pub port: u16,
}

/// A script that runs on a host. One with [`Step::Accept`] is a server's: it runs on every machine, once for each accepted
/// connection. Any other is a client's: it runs once for each session.
#[derive(Clone, PartialEq, Debug)]
pub struct Application {
    /// When it starts.
    pub start: Instant,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// The same as the file writes them; nothing in a scenario that is of no file.
    pub lines: Vec<String>,
    /// How often a session, or a machine of a server, runs it in all; `None` means for ever.
    pub rounds: Option<u32>,
    /// Who runs it, if it is a server's.
    pub workers: Workers,
    /// When its sessions begin, if it is a client's. They are dealt over the machines in turn.
    pub arrivals: Arrivals,
}

/// When something happens again and again: sessions of a script begin, or forged segments come.
#[derive(Clone, PartialEq, Debug)]
pub struct Arrivals {
    /// How the times follow one another.
    pub process: Process,
    /// No more than so many.
    pub most: Option<u64>,
    /// None after this time.
    pub until: Option<Instant>,
}

impl Arrivals {
    /// So many at once, at the start.
    #[must_use]
    pub const fn at_once(count: u32) -> Self {
        Self { process: Process::AtOnce(count), most: None, until: None }
    }

    /// How many there may be at one instant, as far as that is meant.
    pub(crate) fn at_once_count(&self) -> u64 {
        match &self.process {
            Process::AtOnce(count) => u64::from(*count),
            Process::At(times) => times.len() as u64,
            Process::Every(_) | Process::Poisson(_) | Process::OnOff(_) => 1,
        }
    }
}

/// How arrivals follow one another from a start on.
#[derive(Clone, PartialEq, Debug)]
pub enum Process {
    /// So many at the start, and none later.
    AtOnce(u32),
    /// So long after the start, in the order of time.
    At(Arc<[Duration]>),
    /// The first at the start, and each so long after the one before.
    Every(Duration),
    /// At this rate, each independent of all others.
    Poisson(Rate),
    /// As [`Process::Poisson`], at a rate that changes between two.
    OnOff(OnOff),
}

/// A rate that is one in phases that are "on", from the start on, and another in those that are "off". How long a phase
/// lasts is exponential. (A Markov-modulated Poisson process with two states.)
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct OnOff {
    /// The mean length of a phase that is on.
    pub on: Duration,
    /// The mean length of a phase that is off.
    pub off: Duration,
    /// The rate while it is on.
    pub rate: Rate,
    /// The rate while it is off; `None` for no arrivals.
    pub rate_off: Option<Rate>,
}

/// Who serves the connections of a server's script.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Workers {
    /// As many as there are connections.
    Unlimited,
    /// So many. Each runs the script from its beginning: it waits if the script says so, accepts one connection, and serves
    /// it to the end of the script before it begins again.
    Blocking(u32),
    /// So many, who serve all connections by turns: a connection needs one only for its `work`, and waits until one is
    /// free.
    Asynchronous(u32),
}

/// What an application has to send when it opens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FirstOctets {
    /// How many.
    pub octets: u32,
    /// Whether there will be no more, so that the FIN follows at once.
    pub all: bool,
}

/// How many octets: always as many, or drawn for each use, from 1 to 1 TiB. It is distributed as a delay is, an octet for
/// a nanosecond.
#[derive(Clone, PartialEq, Debug)]
pub struct Size(pub Delay);

impl From<u64> for Size {
    fn from(octets: u64) -> Self {
        Self(Delay::Constant(Duration::from_nanos(octets)))
    }
}

/// One step of a script. What is drawn depends on the session and the step, and on nothing that happens.
#[derive(Clone, PartialEq, Debug)]
pub enum Step {
    /// `connect [HOST[:PORT]] [from PORT] [with [all] SIZE] [within DURATION]`: waits until the connection is open. If that
    /// fails, or takes longer than `within` (then it is aborted), the rest of the round is skipped.
    Connect {
        /// The host to connect to.
        to: HostId,
        /// Its port.
        port: u16,
        /// The local port; `None` takes the next ephemeral one.
        from: Option<u16>,
        /// What there is to send from the beginning: with the SYN, where the handshake takes octets there.
        with: Option<FirstOctets>,
        /// The application's patience.
        within: Option<Duration>,
    },
    /// `accept [at PORT]`: the start of a server's script; it listens from the script's start, even if it waits before it
    /// accepts.
    Accept {
        /// The listening port.
        port: u16,
    },
    /// `send SIZE`: queues the octets and goes on.
    Send(Size),
    /// `receive SIZE`: waits until that many octets have come, or the end of data.
    Receive(u64),
    /// `receive EOF`: takes everything up to the peer's end of data.
    ReceiveToEnd,
    /// `wait DURATION`.
    Wait(Delay),
    /// `wait until TIME`: goes on at that time of the run, at once if it has passed.
    WaitUntil(Instant),
    /// `work DURATION`: keeps a worker busy; where there is no limit to them, it is a wait.
    Work(Delay),
    /// `shutdown`: closes the sending direction.
    Shutdown,
    /// `close`.
    Close,
    /// `close on EOF`: takes everything up to the peer's end of data, then closes.
    CloseAtEnd,
    /// `abort`.
    Abort,
}
