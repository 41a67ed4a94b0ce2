//! What the machines of one host share: their scripts, and the sessions that are dealt over them.

use std::rc::Rc;

use sim_core::{EventQueue, KeyedDraws, Streams};
use tcp_endpoint::Unexpected;

use super::arrivals::Source;
use super::flood::scaled;
use super::sessions::Round;
use super::{Pending, World};
use crate::record::{Because, Event, Fold};
use crate::{Application, EntrySizes, Failures, HostId, HostPlan, Scenario, Step};

/// A machine, numbered over the whole run: those of the first host come first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct MachineId(pub(super) u32);

impl MachineId {
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What the machines of one host share.
pub(super) struct Population {
    first: u32,
    machines: u32,
    pub(super) sizes: EntrySizes,
    pub(super) scripts: Vec<Script>,
    /// Opens so far.
    pub(super) attempts: u32,
    /// Runs of scripts so far.
    pub(super) rounds: u32,
    /// Whether its machines reset what they do not expect.
    pub(super) resets: bool,
    /// What the steps of its sessions draw, and of those who serve them.
    pub(super) draws: KeyedDraws,
    pub(super) failures: Option<Failures>,
    /// What its failures draw.
    pub(super) failing: KeyedDraws,
}

/// An application's script.
pub(super) struct Script {
    pub(super) steps: Rc<[Step]>,
    /// How often a session, or a machine of a server, runs it.
    pub(super) rounds: Option<u32>,
    source: Source,
    /// Sessions so far.
    sessions: u32,
}

/// The hosts of a run.
pub(super) fn all(scenario: &Scenario, streams: &Streams) -> Vec<Population> {
    let mut first = 0;
    let host = |plan: &HostPlan| {
        let machines = u32::try_from(plan.addresses.len()).expect("machines are counted when they are read");
        let scripts = plan.applications.iter().enumerate();
        let host = Population {
            first,
            machines,
            sizes: plan.sizes,
            scripts: scripts.map(|(place, script)| Script::new(script, &plan.name, place, streams)).collect(),
            attempts: 0,
            rounds: 0,
            resets: plan.settings.handshake.unexpected == Unexpected::Reset,
            draws: streams.keyed(&plan.name, "steps"),
            failures: plan.failures.clone(),
            failing: streams.keyed(&plan.name, "failures"),
        };
        first += machines;
        host
    };
    scenario.hosts.iter().map(host).collect()
}

impl Population {
    /// Its machines.
    pub(super) fn machines(&self) -> impl Iterator<Item = MachineId> + use<> {
        (self.first..self.first + self.machines).map(MachineId)
    }

    /// The place of one of its machines among them.
    pub(super) const fn place_of(&self, machine: MachineId) -> u32 {
        machine.0 - self.first
    }

    /// The machine that a uniform draw of 32 bits stands for.
    pub(super) const fn picked(&self, draw: u32) -> MachineId {
        MachineId(self.first + scaled(draw, self.machines))
    }

    /// The machine that is dealt a session.
    const fn dealt(&self, session: u32) -> MachineId {
        MachineId(self.first + session % self.machines)
    }
}

impl Script {
    fn new(application: &Application, host: &str, place: usize, streams: &Streams) -> Self {
        let Application { start, steps, rounds, arrivals, .. } = application;
        let draws = streams.sequential(host, &format!("arrivals of script {}", place + 1));
        Self {
            steps: steps.as_slice().into(),
            rounds: *rounds,
            source: Source::new(arrivals, *start, draws),
            sessions: 0,
        }
    }

    /// Where a server's script accepts: its first step but for waits.
    pub(super) fn accepts_at(&self) -> Option<(usize, u16)> {
        let mut steps = self.steps.iter().enumerate();
        match steps.find(|(_, step)| !matches!(step, Step::Wait(_) | Step::WaitUntil(_)))? {
            (place, Step::Accept { port }) => Some((place, *port)),
            _ => None,
        }
    }

    /// The port a server's script listens at.
    pub(super) fn listens_at(&self) -> Option<u16> {
        self.accepts_at().map(|(_, port)| port)
    }

    /// Whether a server's script begins by accepting.
    pub(super) fn accepts_first(&self) -> bool {
        matches!(self.steps.first(), Some(Step::Accept { .. }))
    }
}

impl<F: Fold> World<F> {
    /// Arms the starts of servers' scripts, and the first session of each client's.
    pub(super) fn arm_scripts<Q: EventQueue<Pending>>(&mut self, scenario: &Scenario, queue: &mut Q) {
        for (plan, id) in scenario.hosts.iter().zip(0..) {
            for (application, script) in plan.applications.iter().zip(0..) {
                let host = HostId(id);
                if self.host(host).scripts[usize::from(script)].listens_at().is_some() {
                    for machine in self.host(host).machines() {
                        let _ = queue.arm(application.start, Pending::Listen { machine, script });
                    }
                } else {
                    self.arm_arrival(host, script, queue);
                }
            }
        }
    }

    fn arm_arrival<Q: EventQueue<Pending>>(&mut self, host: HostId, script: u16, queue: &mut Q) {
        let arriving = &mut self.hosts[usize::from(host.0)].scripts[usize::from(script)];
        if let Some(at) = arriving.source.next() {
            let _ = queue.arm(at, Pending::Arrival { host, script });
        }
    }

    /// A session arrives, and the next one is armed. Returns the place of its first round.
    pub(super) fn new_session<Q: EventQueue<Pending>>(&mut self, host: HostId, script: u16, queue: &mut Q) -> u32 {
        self.arm_arrival(host, script, queue);
        let population = &mut self.hosts[usize::from(host.0)];
        let arriving = &mut population.scripts[usize::from(script)];
        let (session, rounds) = (arriving.sessions, arriving.rounds);
        arriving.sessions += 1;
        let machine = population.dealt(session);
        let last = self.begin_with(queue.now(), Because::ROOT, Event::Session { host, script, session });
        self.rounds.insert(Round::of_session(machine, script, (session, rounds), last))
    }
}
