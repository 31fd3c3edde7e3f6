//! Sentry's wire formats: DSN, auth header, envelope grammar, event normalisation.
//!
//! Everything here is a pure function of bytes: no I/O, no clock, no knowledge of hooks, stores or HTTP.
//! `model` builds the domain on these types; `web` feeds bytes in.

pub mod auth;
pub mod dsn;
pub mod envelope;
pub mod event;
mod ids;
pub mod json;
pub mod store_body;
mod user_agent;

pub use ids::{BadEventId, BadPublicKey, EventId, PublicKey};
