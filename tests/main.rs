//! End to end: the real binary, real sockets, real processes. Each module is one promise to users.
//!
//! Tests that need more than a Rust toolchain are `#[ignore]`d with the reason; `scripts/test` brings what they need and runs them.

#[cfg(test)]
mod browser;
#[cfg(test)]
mod circuit;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod crash;
#[cfg(test)]
mod deliveries;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod explain;
#[cfg(test)]
mod gate;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod ingest_to_hook;
#[cfg(test)]
mod listen;
#[cfg(test)]
mod metrics;
#[cfg(test)]
mod receivers;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod sdk_end_to_end;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod selftest;
#[cfg(test)]
mod support;
