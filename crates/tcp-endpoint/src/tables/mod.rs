//! State tables: one row for each segment that can arrive, one table for each state and handshake.

mod acknowledgments;
mod backlog;
mod calls;
mod challenges;
mod crash;
mod opening;
mod orphans;
mod ports;
mod random;
mod synchronized;
mod time_wait;
mod timers;
mod timestamps;
mod two_way;
