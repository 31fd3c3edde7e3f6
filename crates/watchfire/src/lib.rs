//! The library half of the `watchfire` binary: the command line, the settings, provisioning, and the wiring of `serve`.
//!
//! `main` calls [`cli::main`] and nothing else. Tests and other programs may use the parts.

pub mod cli;
pub mod config;
pub mod credentials;
pub mod provision;
pub mod secret_key;
pub mod wiring;
