//! The hosts of a run by number, name and address.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddrV4};

use experiment::record::Unfinished;
use experiment::{HostId, Scenario};
use tcp_endpoint::{Commit, FourTuple};

/// The names of a run's hosts, in the order of their [`HostId`], the addresses of their machines, and their scripts.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Hosts {
    names: Vec<String>,
    /// Whose machines' the addresses are, and which of several, from 1.
    at: BTreeMap<Ipv4Addr, (HostId, Option<u32>)>,
    /// Where a listener of each host has its half-open entries, and how many.
    half_open: Vec<(&'static str, u32)>,
    /// The largest window that each host offers, in octets.
    windows: Vec<u32>,
    /// The steps of each host's scripts, as the file writes them.
    scripts: Vec<Vec<Vec<String>>>,
}

impl Hosts {
    /// The hosts of `scenario`.
    #[must_use]
    pub fn of(scenario: &Scenario) -> Self {
        let mut hosts = Self::default();
        for (plan, id) in scenario.hosts.iter().zip(0..) {
            hosts.names.push(plan.name.clone());
            hosts.scripts.push(plan.applications.iter().map(|script| script.lines.clone()).collect());
            let limits = &plan.settings.limits;
            hosts.half_open.push(match plan.settings.handshake.commit {
                Commit::Cache => ("SYN cache", limits.backlog.cache_entries),
                _ => ("SYN backlog", limits.backlog.syn_backlog),
            });
            hosts.windows.push(plan.settings.limits.sizes.window);
            let several = plan.addresses.len() > 1;
            let machines = plan.addresses.iter().zip(1..);
            hosts.at.extend(machines.map(|(address, place)| (*address, (HostId(id), several.then_some(place)))));
        }
        hosts
    }

    /// Their names, in the order of their [`HostId`]s.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    pub(crate) fn name(&self, host: HostId) -> &str {
        &self.names[usize::from(host.0)]
    }

    /// The step that a script waits in, as the file writes it.
    pub(crate) fn step(&self, unfinished: &Unfinished) -> Option<&str> {
        let scripts = self.scripts.get(usize::from(unfinished.host.0))?;
        let step = usize::try_from(unfinished.step).ok()?.checked_sub(1)?;
        Some(scripts.get(usize::from(unfinished.script))?.get(step)?.as_str())
    }

    /// Whether a host has more than one machine.
    pub(crate) fn has_several_machines(&self, host: HostId) -> bool {
        self.at.values().any(|(of, place)| *of == host && place.is_some())
    }

    /// Whether a host has more than one script.
    pub(crate) fn has_several_scripts(&self, host: HostId) -> bool {
        self.scripts.get(usize::from(host.0)).is_some_and(|scripts| scripts.len() > 1)
    }

    pub(crate) fn at(&self, address: Ipv4Addr) -> Option<HostId> {
        self.at.get(&address).map(|(host, _)| *host)
    }

    /// `server:80`, or `client(2):49152` for the second machine of a host with several
    pub(crate) fn socket(&self, socket: SocketAddrV4) -> String {
        let port = socket.port();
        match self.at.get(socket.ip()) {
            Some((host, None)) => format!("{}:{port}", self.name(*host)),
            Some((host, Some(machine))) => format!("{}({machine}):{port}", self.name(*host)),
            None => socket.to_string(),
        }
    }

    /// `client:49152 → server:80 #1`, or `server:80 ← client:49152 #1`; of which attempt, if it was not forged.
    pub(crate) fn connection(&self, tuple: FourTuple, passive: bool, ordinal: u32) -> String {
        let arrow = if passive { '←' } else { '→' };
        let [local, remote] = [tuple.local, tuple.remote].map(|socket| self.socket(socket));
        let ordinal = if ordinal == 0 { String::new() } else { format!(" #{ordinal}") };
        format!("{local} {arrow} {remote}{ordinal}")
    }

    /// The host of that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<HostId> {
        let place = self.names.iter().position(|known| known == name)?;
        u16::try_from(place).ok().map(HostId)
    }

    /// The largest window that each host offers, in octets, in the order of their [`HostId`]s.
    pub(crate) fn windows(&self) -> &[u32] {
        &self.windows
    }

    /// The addresses of all machines, each with its name: `server`, or `client-2` for the second machine of a host with several.
    pub(crate) fn machines(&self) -> impl Iterator<Item = (Ipv4Addr, String)> {
        self.at.iter().map(|(address, (host, machine))| {
            let name = self.name(*host);
            (*address, machine.map_or_else(|| name.to_owned(), |machine| format!("{name}-{machine}")))
        })
    }

    /// The addresses of the machines of all hosts.
    pub(crate) fn addresses(&self) -> impl Iterator<Item = (Ipv4Addr, HostId)> {
        self.at.iter().map(|(address, (host, _))| (*address, *host))
    }

    /// Where a listener of each host has its half-open entries, and how many, in the order of their [`HostId`]s.
    pub(crate) fn half_open(&self) -> &[(&'static str, u32)] {
        &self.half_open
    }
}

/// Hosts of one machine each.
impl FromIterator<(String, Ipv4Addr)> for Hosts {
    fn from_iter<I: IntoIterator<Item = (String, Ipv4Addr)>>(hosts: I) -> Self {
        let mut all = Self::default();
        for ((name, address), id) in hosts.into_iter().zip(0..) {
            all.names.push(name);
            all.at.insert(address, (HostId(id), None));
        }
        all
    }
}
