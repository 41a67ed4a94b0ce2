//! One step of an entry: what it has at hand, and what becomes of the entry after it.

use std::net::Ipv4Addr;

use sim_time::Instant;

use crate::challenge::Challenges;
use crate::draft::Draft;
use crate::effect::{Effect, Effects, Notice, Reason};
use crate::handle::Handle;
use crate::identity::Identity;
use crate::isn::{IsnSource, Secret};
use crate::payload::Payload;
use crate::settings::Settings;

/// What the entries of a host have in common.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    /// The host's address.
    pub(crate) address: Ipv4Addr,
    pub(crate) settings: Settings,
    /// What its keyed hashes are made with.
    pub(crate) isn: IsnSource,
    pub(crate) challenges: Challenges,
}

impl Common {
    pub(crate) fn new(address: Ipv4Addr, settings: Settings, secret: Secret) -> Self {
        Self { address, settings, isn: IsnSource::new(secret), challenges: Challenges::default() }
    }

    /// A step that an entry makes now.
    #[inline]
    pub(crate) fn step<'a, P, T>(
        &'a mut self,
        now: Instant,
        entry: Handle,
        effects: &'a mut Effects<P, T>,
    ) -> Context<'a, P, T> {
        let Self { address, settings, isn, challenges } = self;
        Context { now, settings, address: *address, isn, entry, challenges, effects }
    }
}

/// What every step has at hand.
pub(crate) struct Context<'a, P, T> {
    pub(crate) now: Instant,
    pub(crate) settings: &'a Settings,
    /// The host's address.
    pub(crate) address: Ipv4Addr,
    /// What its keyed hashes are made with.
    pub(crate) isn: &'a IsnSource,
    /// The entry the step is about.
    pub(crate) entry: Handle,
    pub(crate) challenges: &'a mut Challenges,
    pub(crate) effects: &'a mut Effects<P, T>,
}

impl<P: Payload, T> Context<'_, P, T> {
    /// A segment of an entry that keeps no data leaves: it offers the whole window.
    #[inline]
    pub(crate) fn transmit(&mut self, of: Identity<T>, draft: Draft<P>) {
        self.transmit_offering(of, self.settings.limits.sizes.window, draft);
    }

    /// A segment of the entry leaves, with the window that it offers.
    #[inline]
    pub(crate) fn transmit_offering(&mut self, of: Identity<T>, window: u32, draft: Draft<P>) {
        self.effects.push(draft.leaves(of.ends.on(self.address), window, Some((self.entry, of.tag))));
    }
}

impl<P, T> Context<'_, P, T> {
    /// Octets of the peer came in order.
    pub(crate) fn took(&mut self, by: Identity<T>, octets: u32, kept: bool) {
        self.effects.push(Effect::Took { entry: self.entry, tag: by.tag, octets, kept });
    }

    /// The application is told.
    pub(crate) fn notify(&mut self, of: Identity<T>, notice: Notice) {
        self.effects.push(Effect::Notify { entry: self.entry, tag: of.tag, notice });
    }
}

/// What the host does with the entry after a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum After {
    /// Nothing.
    Stay,
    /// A passive connection became ESTABLISHED: an application may accept it.
    Acceptable,
    /// Both FINs are acknowledged: TIME-WAIT begins.
    TimeWait,
    /// Our FIN is acknowledged and the application has closed: all that is awaited is the peer's FIN, and not for ever.
    Orphan,
    /// The connection is over.
    Close(Reason),
}
