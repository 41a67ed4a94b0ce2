//! A capture: the packets of a run as a pcapng file, which Wireshark, tshark and tcpdump read.
//!
//! - Time 0 of the simulation is 1970-01-01T00:00:00Z. Times are in nanoseconds.
//! - Packets begin with the IPv4 header (`LINKTYPE_RAW`). Its identification is the low half of the place of the record of the
//!   segment's sending, so that a packet can be found again where it arrives; "don't fragment" is set, the time to live is 64.
//! - The TCP header has the options that the endpoint sends. The endpoint knows windows as they are, and no scaling: if a host
//!   of the run offers a window above 65,535 octets, each SYN has the window scale option that its sender's window needs, and
//!   windows are rounded down to what scaling can say.
//! - A name resolution block has the names of all machines.
//! - Data is text, which says of each 64 octets which of the stream they are, and whose.

mod file;
mod packet;
mod words;

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::Ipv4Addr;

use experiment::record::{Deaf, Event, Fold, Record, RecordId, Sent, StateChange};
use experiment::{Experiment, HostId, Variant};
use sim_time::Instant;
use tcp_endpoint::FourTuple;

use self::file::{Direction, File, Interface};
use self::packet::Scales;
use self::words::{Changed, Note, Notes};
use crate::hosts::Hosts;

/// Where packets are seen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum View {
    /// At all hosts, by one who knows everything. Each host has two interfaces: `client-out` with what it sends, `client-in`
    /// with what arrives at it. Comments tell purpose, fate, cause and what changes.
    Everywhere,
    /// At one host, as its own tcpdump would: what it sends when it sends it, what arrives when it arrives, as long as it is
    /// up. It has one interface, with the host's name. Comments tell what the host knows.
    At(HostId),
}

/// Writes the packets of a run to `W`, as pcapng.
#[derive(Debug)]
pub struct Capture<W: Write> {
    view: View,
    hosts: Hosts,
    scales: Scales,
    file: File<W>,
    /// What is on its way.
    travelling: HashMap<RecordId, Kept>,
    /// The last packet. It is written when the next one comes, since what it changes is told after it.
    last: Option<Packet>,
    /// What changed since, and not because of it.
    notes: Notes,
}

/// A segment of which copies are to arrive.
#[derive(Debug)]
struct Kept {
    id: RecordId,
    at: Instant,
    sent: Sent,
    octets: Vec<u8>,
    /// How many.
    copies: usize,
}

/// A packet at an interface.
#[derive(Debug)]
struct Packet {
    /// The record of its sending, or of its arrival.
    id: RecordId,
    at: Instant,
    host: HostId,
    direction: Direction,
    ends: FourTuple,
    octets: Vec<u8>,
    comment: String,
    notes: Notes,
}

impl<W: Write> Capture<W> {
    /// A capture of the run of an experiment's variant.
    pub fn new(hosts: Hosts, view: View, experiment: &Experiment, variant: &Variant, out: W) -> Self {
        let about = format!(
            "{}: handshake {}, teardown {}, seed {}\n{}",
            experiment.name(),
            variant.handshake,
            variant.teardown,
            experiment.seed(),
            "Simulated by synlab: time 0 is 1970-01-01T00:00:00Z, data is made up."
        );
        let interfaces = interfaces(&hosts, view);
        let names: Vec<(Ipv4Addr, String)> = hosts.machines().collect();
        Self {
            view,
            scales: Scales::of(hosts.windows()),
            hosts,
            file: File::new(out, &about, &names, &interfaces),
            travelling: HashMap::new(),
            last: None,
            notes: Notes::default(),
        }
    }

    /// Writes what is left, flushes, and gives the writer back.
    ///
    /// # Errors
    /// The first error that writing met; nothing was written after it.
    pub fn finish(mut self) -> io::Result<W> {
        let notes = std::mem::take(&mut self.notes);
        if let Some(mut last) = self.last.take() {
            last.notes.append(notes);
            self.write(last);
        }
        self.file.finish()
    }

    /// Whether packets at a host are seen.
    fn sees(&self, host: HostId) -> bool {
        self.view == View::Everywhere || self.view == View::At(host)
    }

    fn sent(&mut self, record: &Record, sent: &Sent) {
        // What is forged leaves no host.
        let leaves = sent.from.filter(|from| !sent.forged && self.sees(*from));
        let arrives = sent.to.filter(|to| self.sees(*to) && !sent.fate.deliveries.is_empty());
        if leaves.is_none() && arrives.is_none() {
            return;
        }
        let octets = packet::packet(record.id, sent, &self.scales, &self.hosts);
        if arrives.is_some() {
            let (copies, octets) = (sent.fate.deliveries.len(), octets.clone());
            let kept = Kept { id: record.id, at: record.at, sent: sent.clone(), octets, copies };
            self.travelling.insert(record.id, kept);
        }
        if let Some(host) = leaves {
            let comment = words::leaving(record.id, record.because, sent, self.view);
            self.packet(Packet {
                id: record.id,
                at: record.at,
                host,
                direction: Direction::Out,
                ends: ends(sent),
                octets,
                comment,
                notes: Notes::default(),
            });
        }
    }

    /// A copy comes to a host, which may not listen.
    fn arrived(&mut self, record: &Record, host: HostId, copy: u32, stale: bool, deaf: Option<Deaf>) {
        let Some(of) = record.because.first() else { return };
        let Some(kept) = self.travelling.get_mut(&of) else { return };
        kept.copies -= 1;
        let is_last = kept.copies == 0;
        // A host that is down captures nothing.
        if self.view == View::Everywhere || deaf != Some(Deaf::Down) {
            let mut comment = words::arriving(record.id, kept, copy, stale, self.view);
            comment += match deaf {
                Some(Deaf::Down) => "\nnot heard: the host is down",
                Some(Deaf::Quiet) => "\nnot heard: the host keeps quiet after a reboot",
                None => "",
            };
            let octets = if is_last { std::mem::take(&mut kept.octets) } else { kept.octets.clone() };
            let packet = Packet {
                id: record.id,
                at: record.at,
                host,
                direction: Direction::In,
                ends: ends(&kept.sent),
                octets,
                comment,
                notes: Notes::default(),
            };
            self.packet(packet);
        }
        if is_last {
            self.travelling.remove(&of);
        }
    }

    /// The next packet. What changed before its instant is told with the packet before, the rest with it.
    fn packet(&mut self, mut packet: Packet) {
        if let Some(mut last) = self.last.take() {
            last.notes.append(self.notes.before(packet.at));
            self.write(last);
        }
        packet.notes = std::mem::take(&mut self.notes);
        self.last = Some(packet);
    }

    fn write(&mut self, packet: Packet) {
        let Packet { at, host: HostId(host), direction, ends, octets, mut comment, notes, .. } = packet;
        let interface = match (self.view, direction) {
            (View::At(_), _) => 0,
            (View::Everywhere, Direction::Out) => 2 * u32::from(host),
            (View::Everywhere, Direction::In) => 2 * u32::from(host) + 1,
        };
        words::notes(&mut comment, &notes, at, ends, &self.hosts);
        self.file.packet((interface, direction), at, &octets, &comment);
    }

    /// Tells a change with the last packet, if that is its cause, or else with the one that follows at the same instant.
    fn note(&mut self, record: &Record, host: HostId, what: Changed) {
        if !self.sees(host) {
            return;
        }
        let note = Note { at: record.at, what };
        match &mut self.last {
            Some(last) if record.because.iter().any(|cause| cause == last.id) => last.notes.push(note),
            _ => self.notes.push(note),
        }
    }
}

impl<W: Write> Fold for Capture<W> {
    fn record(&mut self, record: &Record) {
        match record.event {
            Event::Sent(ref sent) => self.sent(record, sent),
            Event::Delivered { to, copy, stale, .. } => self.arrived(record, to, copy, stale, None),
            Event::Unheard { to, copy, deaf } => self.arrived(record, to, copy, false, Some(deaf)),
            Event::State(StateChange { host, tuple, from, to, reason, .. }) => {
                self.note(record, host, Changed::State { tuple, from, to, reason });
            }
            Event::Overflow { host, port, queue, held, .. } => {
                self.note(record, host, Changed::Full { port, queue, held });
            }
            Event::HeldDown { host, .. } => self.note(record, host, Changed::HeldDown),
            _ => {}
        }
    }
}

/// The name of the connection, as the sender has it.
const fn ends(sent: &Sent) -> FourTuple {
    FourTuple { local: sent.source, remote: sent.destination }
}

/// The interfaces of a file, in the order of their numbers.
fn interfaces(hosts: &Hosts, view: View) -> Vec<Interface> {
    let mut addresses: Vec<Vec<[u8; 4]>> = hosts.names().map(|_| Vec::new()).collect();
    for (address, host) in hosts.addresses() {
        addresses[usize::from(host.0)].push(address.octets());
    }
    let only = |host: HostId| match addresses[usize::from(host.0)][..] {
        [address] => Some(address),
        _ => None,
    };
    let interface = |host, name: String, description| Interface { name, description, address: only(host) };
    match view {
        View::At(host) => {
            let name = hosts.name(host);
            vec![interface(host, name.to_owned(), format!("what {name} sends and what arrives at it"))]
        }
        View::Everywhere => {
            let both = |(name, host): (&str, u16)| {
                let host = HostId(host);
                [
                    interface(host, format!("{name}-out"), format!("what {name} sends, when it sends it")),
                    interface(host, format!("{name}-in"), format!("what arrives at {name}, when it arrives")),
                ]
            };
            hosts.names().zip(0..).flat_map(both).collect()
        }
    }
}
