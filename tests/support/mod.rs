//! What end-to-end tests stand on: the server as a process, a client, a receiver that verifies, events, the stored tables.
//!
//! Refuses to know anything of the server's code: only its command line, its HTTP and its files.

pub(crate) mod clock;
pub(crate) mod event;
pub(crate) mod fixture;
pub(crate) mod http;
pub(crate) mod json;
pub(crate) mod ledger;
pub(crate) mod live;
pub(crate) mod receiver;
pub(crate) mod rules;
pub(crate) mod scene;
pub(crate) mod server;
