//! smoltcp: a real stack, two of them over a link in memory, with a clock of ours.
//!
//! It looks at every socket for each packet and at each poll, so time moves on in ticks of a millisecond, as turmoil's does:
//! a poll for each event would take far longer. TIME-WAIT is 10 s, and cannot be set. It has no backlog: a listener becomes
//! the connection, so there must always be enough of them. With loss, a few clients are reset.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{ChecksumCapabilities, Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::{Duration, Instant};
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr, Ipv4Address};
use synlab_benches::Figures;

use crate::arrivals;

const PORT: u16 = 80;
const FIRST_CLIENT_PORT: u16 = 1_024;
const OCTETS: [u8; 100] = [0; 100];
const DELAY: Duration = Duration::from_millis(10);
const TICK: Duration = Duration::from_millis(1);
/// More than ever arrive in a tick.
const LISTENERS: usize = 64;
const CLIENT: Ipv4Address = Ipv4Address::new(10, 0, 0, 1);
const SERVER: Ipv4Address = Ipv4Address::new(10, 0, 0, 2);

/// One direction: packets and when they arrive.
type Wire = Rc<RefCell<VecDeque<(Instant, Vec<u8>)>>>;

/// One end of the link.
struct End {
    incoming: Wire,
    outgoing: Wire,
    now: Rc<Cell<Instant>>,
    loss: f64,
    random: ChaCha8Rng,
}

struct Incoming(Vec<u8>);
struct Outgoing<'a>(&'a mut End);

impl Device for End {
    type RxToken<'a> = Incoming;
    type TxToken<'a> = Outgoing<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Incoming, Outgoing<'_>)> {
        let due = self.incoming.borrow().front().is_some_and(|(at, _)| *at <= self.now.get());
        let (_, packet) = due.then(|| self.incoming.borrow_mut().pop_front()).flatten()?;
        Some((Incoming(packet), Outgoing(self)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Outgoing<'_>> {
        Some(Outgoing(self))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = 1_500;
        capabilities.checksum = ChecksumCapabilities::ignored();
        capabilities
    }
}

impl RxToken for Incoming {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, take: F) -> R {
        take(&self.0)
    }
}

impl TxToken for Outgoing<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, octets: usize, fill: F) -> R {
        let mut packet = vec![0; octets];
        let result = fill(&mut packet);
        let draw = (self.0.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64;
        if draw >= self.0.loss {
            self.0.outgoing.borrow_mut().push_back((self.0.now.get() + DELAY, packet));
        }
        result
    }
}

/// A socket that an application looks after.
struct Session {
    handle: SocketHandle,
    /// Whether its 100 octets are sent.
    sent: bool,
}

/// A host: a stack, its end of the link and its sockets, among them those that were closed and are not CLOSED yet.
struct Host {
    end: End,
    interface: Interface,
    sockets: SocketSet<'static>,
    sessions: Vec<Session>,
    closing: Vec<SocketHandle>,
}

impl Host {
    fn new(address: Ipv4Address, mut end: End, seed: u64) -> Self {
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut end, Instant::ZERO);
        interface.update_ip_addrs(|addresses| {
            addresses.push(IpCidr::new(IpAddress::Ipv4(address), 24)).expect("there is room for one");
        });
        Self { end, interface, sockets: SocketSet::new(Vec::new()), sessions: Vec::new(), closing: Vec::new() }
    }

    fn begin(&mut self) -> SocketHandle {
        let buffer = || SocketBuffer::new(vec![0; 128]);
        let handle = self.sockets.add(Socket::new(buffer(), buffer()));
        self.sessions.push(Session { handle, sent: false });
        handle
    }

    fn connect(&mut self, port: u16) {
        let handle = self.begin();
        let socket = self.sockets.get_mut::<Socket>(handle);
        socket.connect(self.interface.context(), (IpAddress::Ipv4(SERVER), PORT), port).expect("the port is free");
    }

    fn listen(&mut self) {
        let listens = |session: &&Session| self.sockets.get::<Socket>(session.handle).is_listening();
        for _ in self.sessions.iter().filter(listens).count()..LISTENERS {
            let handle = self.begin();
            self.sockets.get_mut::<Socket>(handle).listen(PORT).expect("it is a new socket");
        }
    }

    fn poll(&mut self) {
        self.interface.poll(self.end.now.get(), &mut self.end, &mut self.sockets);
    }

    fn poll_at(&mut self) -> Option<Instant> {
        self.interface.poll_at(self.end.now.get(), &self.sockets)
    }

    /// Lets the application look at its sockets: it goes on with a session, or closes it. Returns how many were reset.
    fn run(&mut self, closes: impl Fn(&mut Socket, &mut bool) -> bool) -> u64 {
        let Self { sockets, sessions, closing, .. } = self;
        let mut resets = 0;
        sessions.retain_mut(|session| {
            let socket = sockets.get_mut::<Socket>(session.handle);
            let reset = socket.state() == State::Closed;
            let done = reset || closes(socket, &mut session.sent);
            resets += u64::from(reset);
            if done {
                socket.close();
                closing.push(session.handle);
            }
            !done
        });
        resets
    }

    /// Removes the sockets that are CLOSED; returns how many.
    fn sweep(&mut self) -> u64 {
        let before = self.closing.len();
        let Self { sockets, closing, .. } = self;
        closing.retain(|handle| {
            let closed = sockets.get::<Socket>(*handle).state() == State::Closed;
            if closed {
                sockets.remove(*handle);
            }
            !closed
        });
        (before - closing.len()) as u64
    }
}

/// A client sends 100 octets, takes 100, and closes.
fn client(socket: &mut Socket, sent: &mut bool) -> bool {
    if !*sent && socket.may_send() {
        *sent = socket.send_slice(&OCTETS) == Ok(OCTETS.len());
    }
    take(socket)
}

/// A server takes 100 octets, sends 100, and closes when the client has.
fn server(socket: &mut Socket, sent: &mut bool) -> bool {
    if take(socket) {
        *sent = socket.send_slice(&OCTETS) == Ok(OCTETS.len());
    }
    *sent && socket.state() == State::CloseWait
}

fn take(socket: &mut Socket) -> bool {
    socket.can_recv() && socket.recv(|octets| (octets.len(), octets.len())) == Ok(OCTETS.len())
}

pub(crate) fn lives(count: u64, loss: f64) -> Figures {
    let now = Rc::new(Cell::new(Instant::ZERO));
    let (there, back) = (Wire::default(), Wire::default());
    let end = |incoming: &Wire, outgoing: &Wire, seed| End {
        incoming: Rc::clone(incoming),
        outgoing: Rc::clone(outgoing),
        now: Rc::clone(&now),
        loss,
        random: ChaCha8Rng::seed_from_u64(seed),
    };
    let mut clients = Host::new(CLIENT, end(&back, &there, 1), 1);
    let mut servers = Host::new(SERVER, end(&there, &back, 2), 2);
    let mut arrivals = arrivals(count).map(|at| Instant::from_micros((at.as_nanos() / 1_000) as i64)).peekable();
    let mut ports = FIRST_CLIENT_PORT..=u16::MAX;
    let (mut over, mut resets) = (0, 0);
    let figures = Figures::of(count, || {
        while over < count {
            while arrivals.next_if(|at| *at <= now.get()).is_some() {
                clients.connect(ports.next().expect("one machine has ports for 64,512 connections"));
            }
            servers.listen();
            // What has come is taken, the applications react, and what they send leaves.
            clients.poll();
            servers.poll();
            resets += clients.run(client);
            servers.run(server);
            clients.poll();
            servers.poll();
            over += clients.sweep();
            servers.sweep();
            let idle = arrivals.peek().is_none() && there.borrow().is_empty() && back.borrow().is_empty();
            let timers = if idle { clients.poll_at().into_iter().chain(servers.poll_at()).min() } else { None };
            now.set(timers.unwrap_or(Instant::ZERO).max(now.get() + TICK));
        }
    });
    if resets > 0 {
        eprintln!("{resets} of {count} connections were reset");
    }
    figures
}
