//! Crashes and reboots: what becomes of a machine's connections, and of the applications that run on it.

use rand_chacha::rand_core::Rng;
use sim_core::EventQueue;
use sim_time::Instant;

use super::population::{MachineId, Population};
use super::{Machine, Origin, Pending, World};
use crate::Scenario;
use crate::record::{Because, Deaf, Event, Fold, Incarnation, RecordId};

impl Machine {
    /// Why it hears nothing at this time, if it does not.
    pub(super) fn is_deaf(&self, now: Instant) -> Option<Deaf> {
        if self.down { Some(Deaf::Down) } else { self.tcp.is_quiet(now).then_some(Deaf::Quiet) }
    }
}

impl<F: Fold> World<F> {
    /// Arms the crashes of a run, and the reboots that follow them; of those at random the first.
    pub(super) fn arm_outages<Q: EventQueue<Pending>>(&mut self, scenario: &Scenario, queue: &mut Q) {
        for machine in self.hosts.iter().flat_map(Population::machines).collect::<Vec<_>>() {
            self.arm_failure(machine, queue);
        }
        for (plan, host) in scenario.hosts.iter().zip(&self.hosts) {
            for outage in &plan.outages {
                for machine in host.machines() {
                    let _ = queue.arm(outage.at, Pending::Crash { machine });
                    if let Some(until) = outage.until {
                        let _ = queue.arm(until, Pending::Reboot { machine });
                    }
                }
            }
        }
    }

    /// Arms the next crash at random of a machine that is up, or the reboot of one that is down.
    fn arm_failure<Q: EventQueue<Pending>>(&mut self, id: MachineId, queue: &mut Q) {
        let host = &self.hosts[usize::from(self.host_of(id).0)];
        let Some(failures) = &host.failures else { return };
        let machine = &mut self.machines[id.index()];
        machine.failures += u32::from(!machine.down);
        let position = [host.place_of(id), machine.failures, machine.down.into()].map(u64::from);
        let draw = host.failing.at(&position).next_u64();
        let (lasts, event) = match machine.down {
            false => (&failures.after, Pending::Crash { machine: id }),
            true => (&failures.lasts, Pending::Reboot { machine: id }),
        };
        let _ = queue.arm(queue.now() + lasts.sample(draw), event);
    }

    /// All state of a machine is gone at once, and nothing is sent.
    pub(super) fn crash<Q: EventQueue<Pending>>(&mut self, machine: MachineId, queue: &mut Q) {
        let (host, now) = (self.host_of(machine), queue.now());
        let crashed_by = self.begin_with(now, Because::ROOT, Event::Crashed { host });
        self.machine(machine).down = true;
        self.machine(machine).crashed_by = Some(crashed_by);
        self.arm_failure(machine, queue);
        self.end_applications(machine, queue);
        let lives = self.lives_on(machine);
        self.orphan_packets(machine, crashed_by);
        for life in &lives {
            if let Some(known) = self.truth.get_mut(*life) {
                known.owner = None;
            }
            self.out_of_hand(*life, now);
        }
        self.machines[machine.index()].tcp.crash(&mut self.effects);
        self.perform(machine, Origin::Protocol, queue);
        self.end_waits(machine, now);
        // Those that were over, and only kept for their applications to read.
        for life in lives {
            self.forget_if_settled(life, now);
        }
    }

    /// A machine is up again: its servers listen, and the applications that were to begin do.
    pub(super) fn reboot<Q: EventQueue<Pending>>(&mut self, id: MachineId, queue: &mut Q) {
        let now = queue.now();
        let machine = self.machine(id);
        machine.down = false;
        machine.tcp.reboot(now);
        let (host, quiet_until) = (machine.host, machine.tcp.quiet_until());
        let overdue = std::mem::take(&mut machine.overdue);
        let servers = (0..).zip(&machine.pools).filter(|(_, pool)| pool.listens());
        let servers: Vec<u16> = servers.map(|(script, _)| script).collect();
        let because = self.machine(id).crashed_by.into_iter().collect();
        let rebooted = self.begin_with(now, because, Event::Rebooted { host, quiet_until });
        self.arm_failure(id, queue);
        for script in servers {
            self.listen(id, script, Because::of(rebooted), queue);
        }
        for event in overdue {
            let key = queue.arm(now, event);
            if let Pending::Wake { round } | Pending::Begin { round } = event
                && let Some(waiting) = self.rounds.get_mut(round)
            {
                waiting.alarm = Some(key);
            }
        }
    }

    /// Keeps what an application was to do for the reboot, if its machine is down; otherwise gives it back.
    pub(super) fn put_off(&mut self, event: Pending) -> Option<Pending> {
        let machine = match event {
            Pending::Listen { machine, .. } => machine,
            Pending::Begin { round } | Pending::Wake { round } => self.rounds.get(round)?.machine,
            _ => return Some(event),
        };
        let machine = self.machine(machine);
        if !machine.down {
            return Some(event);
        }
        machine.overdue.push(event);
        None
    }

    /// The connections that a machine has an entry for, in the order of their births.
    fn lives_on(&self, machine: MachineId) -> Vec<Incarnation> {
        let rows = self.truth.rows.iter().filter(|(_, row)| row.machine == machine && row.entries > 0);
        let mut lives: Vec<Incarnation> = rows.map(|(life, _)| life).collect();
        lives.sort_unstable();
        lives
    }

    /// What a machine sent of the connections it still has is on its way without them from now on.
    fn orphan_packets(&mut self, machine: MachineId, crash: RecordId) {
        let Self { network, truth, .. } = self;
        for packet in network.packets_mut() {
            let of_machine = |life| truth.get(life).is_some_and(|known| known.machine == machine && known.is_held());
            if packet.orphaned_by.is_none() && packet.sender.is_some_and(of_machine) {
                packet.orphaned_by = Some(crash);
            }
        }
    }

    /// Every application on a machine that has done more than wait dies.
    fn end_applications<Q: EventQueue<Pending>>(&mut self, machine: MachineId, queue: &mut Q) {
        let dying = self.rounds.iter().filter(|(_, round)| round.machine == machine && round.has_begun());
        let dying: Vec<u32> = dying.map(|(place, _)| place).collect();
        for round in dying {
            if self.rounds.get(round).is_some_and(|ending| ending.busy) {
                self.record_done(round, queue.now());
            }
            let Some(ended) = self.remove_round(round) else { continue };
            if let Some(alarm) = ended.alarm {
                let _ = queue.cancel(alarm);
            }
        }
    }
}
