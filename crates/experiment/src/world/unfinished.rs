//! Scripts that are not over when the run ends.

use sim_time::Instant;

use super::World;
use super::sessions::Round;
use crate::record::{Awaited, Event, Fold, Unfinished};
use crate::{HostId, Step};

impl<F: Fold> World<F> {
    /// Tells of each script's run that is not over, now that the run is.
    pub(crate) fn tell_unfinished(&mut self, end: Instant) {
        let under_way = self.rounds.iter().filter(|(_, round)| round.is_under_way());
        let mut places: Vec<(HostId, u32, u32)> =
            under_way.map(|(place, round)| (self.host_of(round.machine), round.ordinal, place)).collect();
        places.sort_unstable();
        for (host, application, place) in places {
            let Some(round) = self.rounds.get(place) else { continue };
            let Some(awaits) = self.awaited(place, round) else { continue };
            let &Round { script, step, connection: incarnation, taken: octets, since, .. } = round;
            let remote = incarnation.and_then(|life| Some(self.truth.get(life)?.tuple.remote));
            let (step, because) = (u32::try_from(step + 1).unwrap_or(u32::MAX), round.brought_by());
            let told = Unfinished { host, application, script, step, incarnation, remote, awaits, octets, since };
            self.record(end, because, Event::Unfinished(told));
        }
    }

    /// What a round waits for.
    fn awaited(&self, place: u32, round: &Round) -> Option<Awaited> {
        if self.machines[round.machine.index()].down {
            return Some(Awaited::Reboot);
        }
        match self.current_step(place)? {
            Step::Connect { .. } => Some(Awaited::Opening),
            Step::Receive(_) => Some(Awaited::Octets),
            Step::ReceiveToEnd | Step::CloseAtEnd => Some(Awaited::EndOfData),
            Step::Work(_) if round.alarm.is_none() => Some(Awaited::Worker),
            Step::Wait(_) | Step::WaitUntil(_) | Step::Work(_) => Some(Awaited::Time),
            Step::Accept { .. } | Step::Send(_) | Step::Shutdown | Step::Close | Step::Abort => None,
        }
    }
}
