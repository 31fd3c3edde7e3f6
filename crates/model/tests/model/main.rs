//! The crate's public interface over whole events: what real SDKs sent, and what a mutator makes of it.

#![expect(clippy::unwrap_used, reason = "in a test, what is not there is a failure")]

#[path = "../../../protocol/tests/protocol/chance.rs"]
mod chance;
mod evaluation;
mod grouping;
mod naive;
mod nodes;
mod stored;
mod support;
mod throttle;
