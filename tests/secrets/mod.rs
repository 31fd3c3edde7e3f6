//! Secrets of hooks: rotated under load without a webhook that its receiver cannot verify, sealed at rest, never told.

mod damage;
mod key;
mod load;
mod quiet;
mod rotation;
