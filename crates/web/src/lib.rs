//! The HTTP side: who is let in, what is answered. The router is on one page; `ingest` takes events, `api` manages.
//!
//! Only this crate chooses the status of our answers. It knows no SQL and connects to nobody.

pub mod api;
pub mod auth;
pub mod client;
pub mod health;
pub mod ingest;
pub mod metrics;
pub mod pace;
mod rate;
pub mod router;
pub mod server;
pub mod ui;

pub use router::{App, refusals, router};
