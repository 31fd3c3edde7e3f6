//! What a hook asks to be told, before any filter.

use crate::ids::HookNumber;

/// What a hook listens to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// The hook; only enabled hooks are asked.
    pub hook: HookNumber,
    /// The kinds it wants.
    pub wants: Wants,
}

/// The kinds that a hook wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// `event.created` only.
    Created,
    /// `event.alert` only.
    Alerts,
    /// Both.
    Both,
}
