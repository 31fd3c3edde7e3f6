//! An open container while a text is parsed.

/// Index of no container.
pub(super) const OUTSIDE: u32 = u32::MAX;

/// What is known of one open container.
#[derive(Clone, Copy, Default)]
pub(super) struct Level {
    /// One bit for each name seen, by a hash of it.
    pub(super) names: u64,
    /// The token of the present member's name.
    pub(super) key: usize,
    pub(super) count: u32,
    /// Names must be compared when the object ends.
    pub(super) sort_names: bool,
}
