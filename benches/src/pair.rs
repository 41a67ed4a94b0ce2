//! Two hosts and no network: what one sends the other takes at the same instant.

use std::collections::VecDeque;
use std::net::SocketAddrV4;

use experiment::record::Attempt;
use experiment::{Diagnostics, Scenario, Span};
use sim_time::{Duration, Instant};
use tcp_endpoint::{Effect, Effects, Handle, Host, Segment};

/// Segments as runs have them.
pub type Datagram = Segment<Span>;

const PORT: u16 = 80;
/// The tag of every entry: as long as a run's, and nobody's.
const NOBODY: u64 = 0;
/// What each end sends.
const OCTETS: Span = Span { length: 100, ..NOTHING };
const NOTHING: Span = Span {
    attempt: Attempt { host: experiment::HostId(0), ordinal: 0 },
    sender: experiment::HostId(0),
    offset: 0,
    length: 0,
};

/// The hosts of a scenario, driven by hand. Deadlines never come.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The one that opens.
    pub client: Host<Span, u64>,
    /// The one that listens.
    pub server: Host<Span, u64>,
    /// Moves on by a microsecond for each segment.
    pub now: Instant,
    /// Where the server listens.
    pub listens_at: SocketAddrV4,
    /// What is done with the segments that are sent: they wait here.
    pub wire: VecDeque<Datagram>,
    effects: Effects<Span, u64>,
    octets: Vec<Span>,
}

/// A connection by the names of its ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ends {
    /// The client's.
    pub client: Handle,
    /// The server's.
    pub server: Handle,
}

impl Pair {
    /// The hosts of the standard workload, changed by `settings` as by `--set`.
    ///
    /// # Errors
    /// If a setting is none of the workload's.
    pub fn new(settings: &[&str]) -> Result<Self, Diagnostics> {
        let settings: Vec<String> = settings.iter().map(|&setting| setting.to_owned()).collect();
        Ok(Self::of(&crate::lives(1, &settings)?))
    }

    fn of(scenario: &Scenario) -> Self {
        let [client, server] = &scenario.hosts[..] else { unreachable!("the workload has two hosts") };
        let host =
            |plan: &experiment::HostPlan, secret| Host::new(plan.addresses[0], plan.settings.clone(), [secret; 16]);
        let mut pair = Self {
            client: host(client, 1),
            server: host(server, 2),
            now: Instant::ZERO,
            listens_at: SocketAddrV4::new(server.addresses[0], PORT),
            wire: VecDeque::new(),
            effects: Vec::new(),
            octets: Vec::new(),
        };
        pair.server.listen(PORT).expect("nobody else listens there");
        pair
    }

    /// OPEN from a port: the SYN waits on the wire.
    pub fn open(&mut self, port: u16) -> Handle {
        let opened = self.client.open(self.now, port, self.listens_at, NOBODY, &mut self.effects);
        self.client.flush(self.now, &mut self.effects);
        self.post();
        opened.expect("the port is free")
    }

    /// Hands a segment to the host it is for; what that sends waits on the wire.
    pub fn deliver(&mut self, segment: &Datagram) {
        self.now += Duration::from_micros(1);
        let host = if segment.destination == self.listens_at { &mut self.server } else { &mut self.client };
        host.on_segment(self.now, segment, NOBODY, &mut self.effects);
        host.flush(self.now, &mut self.effects);
        self.post();
    }

    /// Delivers until nobody sends any more.
    pub fn settle(&mut self) {
        while let Some(segment) = self.wire.pop_front() {
            self.deliver(&segment);
        }
    }

    /// Opens a connection from a port and has it accepted.
    pub fn connect(&mut self, port: u16) -> Ends {
        let client = self.open(port);
        self.settle();
        Ends { client, server: self.server.accept(PORT).expect("the handshake is done") }
    }

    /// A connection's whole life but for the end of TIME-WAIT, which is the client's.
    pub fn live(&mut self, port: u16) {
        let Ends { client, server } = self.connect(port);
        self.client.send(client, OCTETS).expect("it is open");
        self.flush();
        self.receive_at_server(server);
        self.server.send(server, OCTETS).expect("it is open");
        self.flush();
        self.client.receive(client, OCTETS.length, &mut self.octets).expect("it is open");
        self.client.close(self.now, client, &mut self.effects).expect("it is open");
        self.flush();
        self.server.close(self.now, server, &mut self.effects).expect("it is open");
        self.flush();
        self.octets.clear();
    }

    /// RECEIVE at the server.
    pub fn receive_at_server(&mut self, server: Handle) {
        self.server.receive(server, OCTETS.length, &mut self.octets).expect("it is open");
        self.octets.clear();
    }

    /// Puts on the wire what the calls before made ready, and delivers it.
    fn flush(&mut self) {
        self.client.flush(self.now, &mut self.effects);
        self.server.flush(self.now, &mut self.effects);
        self.post();
        self.settle();
    }

    fn post(&mut self) {
        let transmitted = self.effects.drain(..).filter_map(|effect| match effect {
            Effect::Transmit(transmission) => Some(transmission.segment),
            _ => None,
        });
        self.wire.extend(transmitted);
    }
}

#[cfg(test)]
mod tests {
    use tcp_endpoint::{EntryKind, State};

    use super::*;

    fn held(host: &Host<Span, u64>, kind: EntryKind) -> usize {
        host.held().iter().filter(|entry| entry.kind() == kind).count()
    }

    #[test]
    fn connections_open_and_end_in_the_clients_time_wait() {
        let mut pair = Pair::new(&[]).unwrap();
        let Ends { client, server } = pair.connect(2_000);
        assert_eq!(pair.client.status(client).unwrap().state, State::Established);
        assert_eq!(pair.server.status(server).unwrap().state, State::Established);
        pair.live(2_001);
        assert_eq!(held(&pair.client, EntryKind::TimeWait), 1);
        assert_eq!(held(&pair.client, EntryKind::Connection), 1);
        assert_eq!(pair.server.held().len(), 1);
    }
}
