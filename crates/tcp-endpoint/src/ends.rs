//! A connection's name without the address that all of a host's connections share.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::net::{Ipv4Addr, SocketAddrV4};

use crate::segment::FourTuple;

/// What tells the connections of one host apart: the local port and the remote socket, in the order of their 4-tuples.
/// It is hashed as one word.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ends {
    local: u16,
    remote: SocketAddrV4,
}

impl Ends {
    /// The 4-tuple, on the host with that address.
    pub(crate) const fn on(self, host: Ipv4Addr) -> FourTuple {
        FourTuple { local: SocketAddrV4::new(host, self.local), remote: self.remote }
    }

    /// The port on this host.
    pub(crate) const fn local_port(self) -> u16 {
        self.local
    }

    /// The other end.
    pub(crate) const fn remote(self) -> SocketAddrV4 {
        self.remote
    }

    /// The other host.
    pub(crate) const fn remote_address(self) -> Ipv4Addr {
        *self.remote.ip()
    }
}

impl From<FourTuple> for Ends {
    fn from(tuple: FourTuple) -> Self {
        Self { local: tuple.local.port(), remote: tuple.remote }
    }
}

impl Hash for Ends {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let ports = u64::from(self.local) << 16 | u64::from(self.remote.port());
        state.write_u64(u64::from(self.remote.ip().to_bits()) << 32 | ports);
    }
}

impl fmt::Debug for Ends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} and {}", self.local, self.remote)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::hash::BuildHasher;

    use rustc_hash::FxBuildHasher;

    use super::*;

    #[test]
    fn both_ends_are_shown() {
        let ends = Ends { local: 80, remote: SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 5000) };
        assert_eq!(format!("{ends:?}"), "80 and 10.0.0.2:5000");
    }

    /// A host finds its connections by their hashes: those to one peer, from one port or to one must not share one.
    #[test]
    fn whatever_differs_is_hashed() {
        let hash = |(local, last, port)| {
            let remote = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, last), port);
            FxBuildHasher.hash_one(Ends { local, remote })
        };
        let hashes: BTreeSet<u64> = [(1, 1, 1), (2, 1, 1), (1, 2, 1), (1, 1, 2)].into_iter().map(hash).collect();
        assert_eq!(hashes.len(), 4);
    }
}
