//! Crashes and reboots: what becomes of a host's connections, and of the applications that run on it.

use sim_core::EventQueue;
use sim_time::Instant;
use tcp_endpoint::Handle;

use super::truth::Life;
use super::{Machine, Origin, Pending, World};
use crate::record::{Deaf, Event, Fold};
use crate::{HostId, Scenario};

/// Arms the crashes of a run, and the reboots that follow them.
pub(super) fn arm<Q: EventQueue<Pending>>(scenario: &Scenario, queue: &mut Q) {
    for (plan, host) in scenario.hosts.iter().zip(0..) {
        for outage in &plan.outages {
            let host = HostId(host);
            let _ = queue.arm(outage.at, Pending::Crash { host });
            if let Some(until) = outage.until {
                let _ = queue.arm(until, Pending::Reboot { host });
            }
        }
    }
}

impl Machine {
    /// Why it hears nothing at this time, if it does not.
    pub(super) fn is_deaf(&self, now: Instant) -> Option<Deaf> {
        if self.down { Some(Deaf::Down) } else { self.tcp.is_quiet(now).then_some(Deaf::Quiet) }
    }
}

impl<F: Fold> World<F> {
    /// All state of a host is gone at once, and nothing is sent.
    pub(super) fn crash<Q: EventQueue<Pending>>(&mut self, host: HostId, queue: &mut Q) {
        let now = queue.now();
        self.record(now, Event::Crashed { host });
        self.machine(host).down = true;
        self.end_applications(host, queue);
        let lives = self.lives_on(host);
        self.orphan_packets(host);
        for life in &lives {
            if let Some(known) = self.truth.get_mut(*life) {
                known.owner = None;
            }
            self.out_of_hand(*life, now);
        }
        let (machine, effects) = (&mut self.hosts[usize::from(host.0)], &mut self.effects);
        machine.tcp.crash(effects);
        self.perform(host, Origin::Protocol, queue);
        // Those that were over, and only kept for their applications to read.
        for life in lives {
            self.forget_if_settled(life, now);
        }
    }

    /// A host is up again: its servers listen, and the applications that were to start begin.
    pub(super) fn reboot<Q: EventQueue<Pending>>(&mut self, host: HostId, queue: &mut Q) {
        let now = queue.now();
        let machine = self.machine(host);
        machine.down = false;
        machine.tcp.reboot(now);
        let quiet_until = machine.tcp.quiet_until();
        let overdue = std::mem::take(&mut machine.overdue);
        let servers = (0..).zip(&machine.scripts).filter(|(_, script)| script.begun);
        let servers: Vec<(u16, u16)> =
            servers.filter_map(|(place, script)| Some((place, script.listens_at()?))).collect();
        self.record(now, Event::Rebooted { host, quiet_until });
        for (script, port) in servers {
            self.listen(host, script, port, queue);
        }
        for event in overdue {
            let key = queue.arm(now, event);
            if let Pending::Wake { round } = event
                && let Some(waiting) = self.rounds.get_mut(round)
            {
                waiting.alarm = Some(key);
            }
        }
    }

    /// Keeps what an application was to do for the reboot, if its host is down; otherwise gives it back.
    pub(super) fn put_off(&mut self, event: Pending) -> Option<Pending> {
        let host = match event {
            Pending::Start { host, .. } => host,
            Pending::Wake { round } => self.rounds.get(round)?.host,
            _ => return Some(event),
        };
        let machine = self.machine(host);
        if !machine.down {
            return Some(event);
        }
        machine.overdue.push(event);
        None
    }

    /// The connections that a host has an entry for, in the order of their births.
    fn lives_on(&self, host: HostId) -> Vec<Life> {
        let entries = &self.hosts[usize::from(host.0)].entries;
        let mut entries: Vec<(Handle, Life)> = entries.iter().map(|(handle, entry)| (*handle, entry.life)).collect();
        entries.sort_unstable_by_key(|(_, life)| life.number);
        entries.dedup_by_key(|(_, life)| life.number);
        entries.into_iter().map(|(_, life)| life).collect()
    }

    /// What a host sent of the connections it still has is on its way without them from now on.
    fn orphan_packets(&mut self, host: HostId) {
        let Self { network, truth, .. } = self;
        for packet in network.packets_mut() {
            packet.orphaned |= packet.sender.is_some_and(|life| life.host == host && truth.holds(life));
        }
    }

    /// Every application on a host that has done more than wait dies, and a client's script that has does not run again.
    fn end_applications<Q: EventQueue<Pending>>(&mut self, host: HostId, queue: &mut Q) {
        let scripts = &mut self.hosts[usize::from(host.0)].scripts;
        let dying: Vec<u32> = self
            .rounds
            .iter()
            .filter(|(_, round)| round.host == host && scripts[usize::from(round.script)].begun)
            .map(|(place, _)| place)
            .collect();
        for script in scripts.iter_mut().filter(|script| script.begun && script.listens_at().is_none()) {
            script.rounds_left = Some(0);
        }
        for round in dying {
            if self.rounds.get(round).is_some_and(|ending| ending.busy) {
                self.record_done(round, queue.now());
            }
            let Some(ended) = self.rounds.remove(round) else { continue };
            if let Some(alarm) = ended.alarm {
                let _ = queue.cancel(alarm);
            }
        }
    }
}
