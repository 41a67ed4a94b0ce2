//! What the host and its driver know of the plans of an entry.

use crate::effect::{Effect, Timer};
use crate::handle::Handle;
use crate::packed::Moment;
use crate::step::Context;

/// Whether the next flush looks at an entry, and the deadline the driver knows of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Schedule {
    ready: bool,
    armed: Moment,
    /// Which timer that is of.
    timer: Timer,
}

impl Schedule {
    pub(super) const NONE: Self = Self { ready: false, armed: Moment::NONE, timer: Timer::Retransmission };

    /// The next flush looks at the entry.
    pub(crate) fn touch(&mut self, entry: Handle, ready: &mut Vec<Handle>) {
        if !std::mem::replace(&mut self.ready, true) {
            ready.push(entry);
        }
    }

    /// The driver has called at the deadline.
    pub(crate) const fn fired(&mut self) {
        self.armed = Moment::NONE;
    }

    /// The flush has looked at the entry: the driver is told of its earliest deadline, and whose that is, if either has
    /// changed.
    pub(super) fn settle<P, T>(&mut self, (deadline, timer): (Moment, Timer), tag: T, ctx: &mut Context<'_, P, T>) {
        self.ready = false;
        if deadline != self.armed || deadline.is_some() && timer != self.timer {
            (self.armed, self.timer) = (deadline, timer);
            ctx.effects.push(match deadline.instant() {
                Some(at) => Effect::Arm { entry: ctx.entry, tag, at, timer },
                None => Effect::Disarm { entry: ctx.entry, tag },
            });
        }
    }

    /// Whether the driver knows of a deadline.
    pub(crate) fn is_armed(&self) -> bool {
        self.armed.is_some()
    }
}
