//! A tolerant JSON reader for what SDKs really send, and a strict writer for what Watchfire sends on.
//!
//! One forward pass turns text into a [`Tape`] of eight-byte tokens that point into it; nothing is decoded until it is asked
//! for, and what is already strict JSON is copied as it stands. The reader repairs the faults that SDKs make, and lists each
//! repair as a [`Change`]; every other fault is an error. It keeps no tree and never recurses. `event` and `envelope` use it,
//! and whoever wants a part of a stored event without building a tree.

mod changes;
mod level;
mod names;
mod parse;
mod path;
mod scalar;
mod scan;
mod tape;
mod text;
mod word;
mod write;

pub use changes::{Change, ChangeKind, Changes};
pub use parse::{JsonError, JsonErrorKind};
pub use tape::{Document, Elements, Member, Members, Tape, Value};
pub use word::Kind;
pub use write::{write_string, write_value};

pub(crate) use write::Copier;

/// Containers inside more than this many others become their JSON text; the outermost value is level 1.
pub const MAX_DEPTH_LEVELS: usize = 64;

/// Longest text that a tape can point into.
pub const MAX_TEXT_BYTES: usize = (1 << 28) - 1;

/// Most changes that are listed one by one; the rest are counted.
pub const MAX_LISTED_CHANGES: usize = 32;

/// Longest path that a change is listed under; what is longer is cut.
pub const MAX_PATH_BYTES: usize = 256;
