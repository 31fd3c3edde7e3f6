//! What was answered 200 survives everything: a kill at any moment, clients that hang up, a full disk, a clock that jumps.

mod alerts;
mod clients;
mod clock;
mod full_disk;
mod kill;
pub(crate) mod load;
mod restart;
