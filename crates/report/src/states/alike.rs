//! Which hosts make the same changes of state.

use experiment::{HostId, Scenario};
use transitions::Transitions;

/// Hosts that make the same changes of state.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alike {
    /// The changes.
    pub transitions: Transitions,
    /// The hosts, in their order.
    pub hosts: Vec<HostId>,
}

/// All hosts, those together that make the same changes of state: settings that differ in a number often do.
#[must_use]
pub fn alike(scenario: &Scenario) -> Vec<Alike> {
    let settings = |host: HostId| &scenario.hosts[usize::from(host.0)].settings;
    let mut groups: Vec<Alike> = Vec::new();
    for host in (0..).zip(&scenario.hosts).map(|(id, _)| HostId(id)) {
        let has_equal = |group: &&mut Alike| group.hosts.iter().any(|other| settings(*other) == settings(host));
        if let Some(group) = groups.iter_mut().find(has_equal) {
            group.hosts.push(host);
            continue;
        }
        let new = Transitions::of(settings(host));
        let does_the_same = |known: &Transitions| known.all == new.all && known.entries == new.entries;
        match groups.iter_mut().find(|group| does_the_same(&group.transitions)) {
            Some(group) => group.hosts.push(host),
            None => groups.push(Alike { transitions: new, hosts: vec![host] }),
        }
    }
    groups
}
