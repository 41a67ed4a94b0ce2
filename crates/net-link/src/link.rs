//! One direction of a link at work.

use rand_core::Rng;
use sim_time::{Duration, Instant};
use smallvec::{SmallVec, smallvec};

use crate::line::Line;
use crate::loss::LossProcess;
use crate::sampler::Sampler;
use crate::{Description, Fate, LinkConfig, Loss, Order, Probability, Script, ScriptedFate};

/// One direction of a link at work. `C` drives its channel: what makes bad times bad for all packets alike.
#[derive(Clone, Debug)]
pub struct Link<C> {
    script: Script,
    line: Option<Line>,
    loss: LossProcess<C>,
    delay: Sampler,
    duplicate: Probability,
    order: Order,
    lifetime: Option<Duration>,
    /// Whether a packet's fate takes draws at all.
    random: bool,
    /// With [`Order::Fifo`]: the latest arrival so far.
    latest_arrival: Instant,
}

/// The draws of one packet. They are taken all together, in this order, if the link has any randomness, so that switching
/// one thing on does not shift the draws of another.
#[derive(Clone, Copy, Default)]
struct Draws {
    loss: u64,
    delay: u64,
    duplicate: u64,
    copy_delay: u64,
}

impl Draws {
    fn take<R: Rng>(draws: &mut R) -> Self {
        let [loss, delay, duplicate, copy_delay] = [(); 4].map(|()| draws.next_u64());
        Self { loss, delay, duplicate, copy_delay }
    }
}

/// A packet that has left the line.
struct Departed {
    offered: Instant,
    left: Instant,
    draws: Draws,
}

type Arrivals = SmallVec<[Instant; 2]>;

impl<C: Rng> Link<C> {
    /// An idle link at time zero, in the direction that `sender` sends in. Faults that name another sender are left out.
    ///
    /// `channel` belongs to this direction alone; it is drawn from only if the loss model has a state.
    ///
    /// # Panics
    /// If the list of faults is longer than [`LinkConfig::check`] allows.
    #[must_use]
    pub fn new(config: &LinkConfig, sender: &str, channel: C) -> Self {
        let delay = Sampler::new(&config.delay);
        let loss = LossProcess::new(&config.loss, channel);
        Self {
            script: Script::new(&config.fault, sender),
            line: config.rate.map(|rate| Line::new(rate, config.queue.unwrap_or(LinkConfig::DEFAULT_QUEUE))),
            random: delay.is_random() || loss.is_uncertain() || config.duplicate.is_uncertain(),
            loss,
            delay,
            duplicate: config.duplicate,
            order: config.order,
            lifetime: config.lifetime,
            latest_arrival: Instant::ZERO,
        }
    }

    /// Decides a packet's fate. Packets are offered in the order of time.
    ///
    /// `draws` belongs to this packet alone; four words are taken from it, or none if the link has no randomness that
    /// concerns single packets.
    pub fn offer<R: Rng>(&mut self, now: Instant, packet: &Description, draws: &mut R) -> Fate {
        let draws = if self.random { Draws::take(draws) } else { Draws::default() };
        let scripted = self.script.decide(now, packet).map(|(place, fate)| (place, fate.clone()));
        let left = match &mut self.line {
            None => now,
            Some(line) => match line.accept(now, packet.octets) {
                Some(left) => left,
                None => return lost(Loss::QueueFull, None),
            },
        };
        let packet = Departed { offered: now, left, draws };
        match scripted {
            None => self.by_chance(&packet),
            Some((place, fate)) => self.as_scripted(&packet, place, &fate),
        }
    }

    /// The fate of a packet that no fault concerns.
    fn by_chance(&mut self, packet: &Departed) -> Fate {
        if self.loss.loses(packet.left, packet.draws.loss) {
            return lost(Loss::Chance, None);
        }
        let mut arrivals = Arrivals::new();
        if let Some(arrival) = self.travel(packet, packet.draws.delay) {
            arrivals.push(arrival);
        }
        if self.duplicate.happens(packet.draws.duplicate) {
            arrivals.extend(self.travel(packet, packet.draws.copy_delay));
        }
        arrives(arrivals, None)
    }

    /// The fate that the fault at `place` gives a packet.
    fn as_scripted(&mut self, packet: &Departed, place: u16, fate: &ScriptedFate) -> Fate {
        let left = packet.left;
        let delay = self.delay.sample(packet.draws.delay);
        let arrivals = match fate {
            ScriptedFate::Drop => return lost(Loss::Fault, Some(place)),
            ScriptedFate::Delay(transit) => smallvec![left + *transit],
            ScriptedFate::ExtraDelay(extra) => smallvec![left + delay + *extra],
            ScriptedFate::Copies(transits) => transits.iter().map(|&transit| left + transit).collect(),
            ScriptedFate::DuplicateAfter(later) => {
                // The first obeys the link's laws, the copy follows even if the first lived too long.
                let first = self.travel(packet, packet.draws.delay);
                let copy = first.unwrap_or(left + delay) + *later;
                first.into_iter().chain([copy]).collect()
            }
            ScriptedFate::DeliverAt(at) => smallvec![left.max(Instant::ZERO + *at)],
        };
        arrives(arrivals, Some(place))
    }

    /// When a copy arrives that obeys the link's order and lifetime; `None` if it would live too long.
    fn travel(&mut self, packet: &Departed, delay_draw: u64) -> Option<Instant> {
        let arrival = packet.left + self.delay.sample(delay_draw);
        let arrival = match self.order {
            Order::Any => arrival,
            Order::Fifo => arrival.max(self.latest_arrival),
        };
        if self.lifetime.is_some_and(|lifetime| arrival.since(packet.offered) > lifetime) {
            return None;
        }
        self.latest_arrival = self.latest_arrival.max(arrival);
        Some(arrival)
    }
}

/// Copies arrive at these times, in any order; if there are none, they lived too long.
fn arrives(mut deliveries: Arrivals, fault: Option<u16>) -> Fate {
    if deliveries.len() > 1 {
        deliveries.sort_unstable();
    }
    let lost = deliveries.is_empty().then_some(Loss::Lifetime);
    Fate { deliveries, lost, fault }
}

/// Nothing arrives.
fn lost(cause: Loss, fault: Option<u16>) -> Fate {
    Fate { deliveries: smallvec![], lost: Some(cause), fault }
}

#[cfg(test)]
mod tests;
