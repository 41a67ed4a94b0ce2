//! Whole runs of scenarios built by hand: the classic claims with their exact numbers, and the laws every run obeys.

mod cases;
mod common;
mod faults;
mod floods;
mod forged;
mod laws;
mod occasions;
mod outages;
mod populations;
mod runs;
mod segments;
mod stale_syn;
mod unfinished;
mod warm_up;
mod workers;
