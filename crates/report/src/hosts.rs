//! The hosts of a run by number, name and address.

use std::net::Ipv4Addr;

use experiment::{HostId, Scenario};

/// The names and addresses of a run's hosts, in the order of their [`HostId`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hosts(Vec<(String, Ipv4Addr)>);

impl Hosts {
    /// The hosts of `scenario`.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        scenario.hosts.iter().map(|host| (host.name.clone(), host.address)).collect()
    }

    pub(crate) fn name(&self, host: HostId) -> &str {
        &self.0[usize::from(host.0)].0
    }

    pub(crate) fn at(&self, address: Ipv4Addr) -> Option<HostId> {
        let place = self.0.iter().position(|&(_, at)| at == address)?;
        u16::try_from(place).ok().map(HostId)
    }
}

impl FromIterator<(String, Ipv4Addr)> for Hosts {
    fn from_iter<I: IntoIterator<Item = (String, Ipv4Addr)>>(hosts: I) -> Self {
        Self(hosts.into_iter().collect())
    }
}
