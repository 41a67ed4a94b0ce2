//! State tables: one row for each segment that can arrive, one table for each state and handshake.

mod calls;
mod opening;
mod random;
mod synchronized;
mod timers;
mod two_way;
