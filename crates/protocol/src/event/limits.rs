//! How long and how many: the fact sheet's limits (B1, B5, B6, B9), and those that it leaves open.

/// Longest payload of an event.
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// Most entries in an event's `errors`; one more says how many were left out.
pub const MAX_LISTED_ERRORS: usize = 64;

/// Most characters, and how many more are let pass before a text is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chars {
    pub(crate) most: usize,
    pub(crate) grace: usize,
}

/// How large a free-form value may be: deeper containers become text, entries that do not fit are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bag {
    pub(crate) depth: usize,
    pub(crate) bytes: usize,
}

pub(crate) const MESSAGE: Chars = Chars { most: 8192, grace: 200 };
pub(crate) const SYMBOL: Chars = Chars { most: 256, grace: 20 };
pub(crate) const PATH: Chars = Chars { most: 256, grace: 40 };
pub(crate) const URL: Chars = Chars { most: 2048, grace: 0 };
pub(crate) const LOGGER: Chars = Chars { most: 64, grace: 0 };
pub(crate) const NAME: Chars = Chars { most: 200, grace: 0 };
pub(crate) const USER_FIELD: Chars = Chars { most: 128, grace: 0 };

pub(crate) const MAX_TAG_CHARS: usize = 200;
pub(crate) const MAX_RELEASE_CHARS: usize = 200;
pub(crate) const MAX_ENVIRONMENT_CHARS: usize = 64;
pub(crate) const MAX_DIST_CHARS: usize = 64;
pub(crate) const MAX_ERROR_VALUE_BYTES: usize = 200;
pub(crate) const MAX_ERROR_NAME_BYTES: usize = 256;

pub(crate) const MEDIUM_BAG: Bag = Bag { depth: 5, bytes: 2 * 1024 };
pub(crate) const LARGE_BAG: Bag = Bag { depth: 7, bytes: 8 * 1024 };
pub(crate) const EXTRA_ENTRY_BAG: Bag = Bag { depth: 6, bytes: 16 * 1024 };
pub(crate) const MAX_EXTRA_BYTES: usize = 256 * 1024;

/// Frames beyond these are left out: the outermost ones.
pub(crate) const MAX_FRAMES: usize = 250;
/// Frames that keep their variables and surrounding lines.
pub(crate) const MAX_DETAILED_FRAMES: usize = 50;

/// How far the clocks may differ before timestamps are corrected.
pub(crate) const CLOCK_DRIFT_MICROS: i64 = 55 * 60 * 1_000_000;
pub(crate) const MAX_FUTURE_MICROS: i64 = 60 * 1_000_000;
pub(crate) const MAX_PAST_MICROS: i64 = 30 * 24 * 3600 * 1_000_000;

/// Platforms whose client is the user's own machine.
pub(super) const CLIENT_SIDE_PLATFORMS: [&str; 3] = ["javascript", "cocoa", "objc"];
