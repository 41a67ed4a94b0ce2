//! A state diagram: the changes of state that a host makes, beside figure 5 of RFC 9293, and those that a run took.
//!
//! [`StateDiagram`] is of what [`Transitions`] found for the settings of a host; [`Taken`] counts what happens in a run. [`table()`],
//! [`svg()`] and [`dot()`] show the same.

mod alike;
mod dot;
mod model;
mod svg;
mod table;
mod taken;

pub use alike::{Alike, alike};
pub use dot::dot;
pub use model::{StateDiagram, Step};
pub use svg::{svg, svg_with_ids};
pub use table::table;
pub use taken::Taken;

pub use transitions::Transitions;
