//! The library half of the binary.

pub mod wiring;
