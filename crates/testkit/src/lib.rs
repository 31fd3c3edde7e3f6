//! What tests need and nothing else uses.
//!
//! Responsible for the outside world of a test: a [`FakeReceiver`] that stands for a customer's endpoint, verifies what it
//! gets and misbehaves on request, and [`Authority`], which makes its certificates. Refuses to sleep for an effect: waits
//! are for notifications. It panics where a test could not go on anyway. Called by tests of every crate.

mod authority;
mod receiver;

pub use authority::{Authority, Certificate};
pub use receiver::{Behaviour, FakeReceiver, Gate, Received, Reply, Signatures};
