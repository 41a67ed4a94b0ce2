//! Two sockets, as a key that both ends find.

use std::net::SocketAddrV4;

use tcp_endpoint::FourTuple;

/// Two sockets, the smaller first: both ends of a connection mean the same. Small and quickly hashed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct SocketPair {
    smaller: u64,
    larger: u64,
}

/// The place of a socket in its pair, 0 or 1. Where both are the same socket, there is only the first.
pub(crate) type Side = usize;

impl SocketPair {
    /// The pair of two sockets, and the place of `own` in it.
    pub(crate) fn of(own: SocketAddrV4, other: SocketAddrV4) -> (Self, Side) {
        let (own, other) = (word(own), word(other));
        if own <= other { (Self { smaller: own, larger: other }, 0) } else { (Self { smaller: other, larger: own }, 1) }
    }

    /// The pair of a connection's sockets, and the place of its own in it.
    pub(crate) fn of_tuple(tuple: FourTuple) -> (Self, Side) {
        Self::of(tuple.local, tuple.remote)
    }
}

fn word(socket: SocketAddrV4) -> u64 {
    u64::from(socket.ip().to_bits()) << 16 | u64::from(socket.port())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn both_ends_mean_the_same_pair() {
        let socket = |host, port| SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, host), port);
        let (client, server) = (socket(1, 49152), socket(2, 80));
        let (pair, side) = SocketPair::of(client, server);
        assert_eq!(SocketPair::of(server, client), (pair, 1 - side));
        assert_ne!(SocketPair::of(socket(1, 49153), server).0, pair);
        assert_ne!(SocketPair::of(client, socket(3, 80)).0, pair);
    }
}
