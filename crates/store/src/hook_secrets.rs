//! What is sealed of a hook: its secrets and how they change, and what there is to say where they cannot be opened.
//!
//! Refuses to know how a value is sealed: that is `secret_key`'s. Part of the catalog.

use model::ids::Millis;
use webhook::Secret;

/// What a hook signs with.
#[derive(Clone)]
pub struct HookSecrets {
    /// Its secret.
    pub present: Secret,
    /// What it signed with before the last rotation, as long as both hold.
    pub previous: Option<PreviousSecret>,
}

/// A secret that a rotation has replaced.
#[derive(Clone)]
pub struct PreviousSecret {
    /// The secret.
    pub secret: Secret,
    /// From then on it does not hold any more. A past time is as good as no previous secret.
    pub until: Millis,
}

/// A change of a hook's secret.
#[derive(Clone)]
pub struct Rotation {
    /// The new secret: random.
    pub secret: Secret,
    /// Until when the present one holds beside it; not after `now` where it ends at once.
    pub overlap_until: Millis,
    /// The store's time.
    pub now: Millis,
}

/// The first part of a hook that does not open although the store's key is right: its row is damaged. Nothing is sent for
/// such a hook, since it could not be signed, or would lack a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unopened {
    /// The secret.
    #[error("the stored secret is damaged")]
    Secret,
    /// The secret before the last rotation, which still holds.
    #[error("the stored secret from before the last rotation is damaged")]
    PreviousSecret,
    /// The custom headers.
    #[error("the stored custom headers are damaged")]
    Headers,
}
