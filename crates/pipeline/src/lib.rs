//! The path of an event behind the 200: recorder, directory, lanes, send, settle, sweep, and the guarded egress.
//!
//! `web` hands prepared events to the [`Recorder`] and is answered after the commit. No function here both talks to the
//! store and waits on a customer.

pub mod budget;
mod counter_filling;
pub mod directory;
pub mod egress;
pub mod gauges;
pub mod lanes;
pub mod live;
pub mod metrics;
pub mod recorder;
pub mod sending;
pub mod sign;
pub mod supervisor;

mod lost_leases;
mod replaying;
mod work;

#[cfg(test)]
mod tests;

pub use budget::{Budget, Held};
pub use directory::{Directory, DirectoryHandle, HookEntry, ProjectEntry};
pub use gauges::Gauges;
pub use live::Feed;
pub use metrics::Metrics;
pub use recorder::{Accepted, RecordError, Recorder};
pub use sending::{Sending, TestError, Tested};
pub use supervisor::{Pipeline, Settings};
