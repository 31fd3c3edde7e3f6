//! The pipeline's tasks stepped by hand: each transaction and each look runs when a test says so.
//!
//! Attempts wait at the gate of [`crate::work`] unless a test opens it, so that what a lane holds stays where it is.

mod circuit;
mod lost_leases;
mod memory;
mod outages;
mod replaying;
mod rules;
mod stopping;
mod store;
mod unsigned;
mod upkeep;
mod world;
