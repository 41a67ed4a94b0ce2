//! Every change of state that the TCP endpoint makes, found by driving it, beside figure 5 of RFC 9293.
//!
//! [`Transitions::of`] lets every [`Event`] of a stated alphabet happen to one host in every situation that it can be in, to a
//! fixed point. [`compare`] holds what comes of it against the figure, which is a table here: [`FIGURE`].

mod compare;
mod event;
mod explore;
mod figure;
mod life;
mod octets;
mod peer;
mod place;
mod situation;

pub use compare::{Arc, Standing, compare};
pub use event::Event;
pub use explore::{Transition, Transitions, end_of};
pub use figure::{FIGURE, FigureArc};
pub use place::Place;
