//! The guarded client against real sockets: good receivers, hostile ones, and names that lead where they must not.
//!
//! A deadline is an input here and never a measurement: a receiver that must be given up is given a short one, all others
//! a long one, and clocks are moved rather than waited for.

#![expect(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod cases;
mod connections;
mod dns;
mod guard;
mod hostile;
mod name_server;
mod outcomes;
mod requests;
mod support;
mod tls;
