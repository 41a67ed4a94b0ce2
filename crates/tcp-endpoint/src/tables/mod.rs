//! State tables: one row for each segment that can arrive, one table for each state and handshake.

mod acknowledgments;
mod addresses;
mod allocations;
mod backlog;
mod cache;
mod calls;
mod challenges;
mod cookies;
mod counts;
mod crash;
mod data;
mod fast_open;
mod hold_down;
mod interface;
mod linux;
mod opening;
mod orphans;
mod ports;
mod preferences;
mod random;
mod synchronized;
mod teardowns;
mod time_wait;
mod timers;
mod timestamps;
mod two_way;
