//! Both ends and the network between them, drawn and compared: one module for each family of exchanges.
//!
//! Every ladder was read against RFC 9293 before it was kept. `UPDATE_EXPECT=1 cargo test --test ladders` rewrites them;
//! read the difference.

mod ack_lost;
mod closing;
mod crash;
mod data;
mod duplicate_syn;
mod give_up;
mod reset;
mod simultaneous;
mod stale_syn;
mod syn_lost;
mod three_way;
