//! The crate's public interface: tables for each rule of the wire formats, real SDKs' requests, and hostile input.

#![expect(clippy::unwrap_used, reason = "in a test, what is not there is a failure")]

mod chance;
mod csp;
mod envelope;
mod exceptions;
mod fixtures;
mod fuzz;
mod hostile;
mod json;
mod normalise;
mod scrubbing;
mod shapes;
mod stored;
mod support;
mod tags;
mod user_agents;
