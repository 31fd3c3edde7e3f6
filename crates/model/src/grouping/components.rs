//! What a grouping key is the hash of: a list of components, each with its kind and its length.

use sha2::{Digest as _, Sha256};

/// The kinds of component. The numbers are hashed: changing one changes every key made of it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// An SDK's own fingerprint, with the count of its elements.
    Fingerprint = 1,
    /// One element of it, resolved.
    Element = 2,
    /// Its place for the hash that the event has without it.
    DefaultHash = 3,
    /// A content security policy report.
    Csp = 4,
    /// What it violated.
    Directive = 5,
    /// What it blocked.
    Blocked = 6,
    /// Chained exceptions, with their count.
    Chain = 7,
    /// One exception.
    Exception = 8,
    /// Its type, or the event's.
    Type = 9,
    /// Its text.
    Value = 10,
    /// A stack trace that belongs to no exception.
    Stack = 11,
    /// One frame.
    Frame = 12,
    /// Its module.
    Module = 13,
    /// Its file.
    File = 14,
    /// Its function.
    Function = 15,
    /// Its source line, or a line of the message.
    Line = 16,
    /// A message.
    Message = 17,
    /// It has more lines than count.
    MoreLines = 18,
    /// Nothing else is known.
    Fallback = 19,
    /// The event's level.
    Level = 20,
    /// The event's logger.
    Logger = 21,
}

/// Components are many and short: they are gathered to so many bytes before they are hashed.
const GATHERED_BYTES: usize = 512;

/// Components on their way into the hash.
pub(super) struct Components {
    hasher: Sha256,
    gathered: [u8; GATHERED_BYTES],
    filled: usize,
}

impl Components {
    pub(super) fn new(version: u16) -> Self {
        let mut components = Self { hasher: Sha256::new(), gathered: [0; GATHERED_BYTES], filled: 0 };
        components.push(&version.to_be_bytes());
        components
    }

    /// A component that only says that others follow.
    pub(super) fn start(&mut self, part: Part) {
        self.count(part, 0);
    }

    /// A component that says how many others follow.
    pub(super) fn count(&mut self, part: Part, count: usize) {
        // Lengths are far below 2^32: an event has at most a megabyte.
        let count = u32::try_from(count).unwrap_or(u32::MAX).to_be_bytes();
        self.push(&[part as u8, count[0], count[1], count[2], count[3]]);
    }

    pub(super) fn text(&mut self, part: Part, text: &str) {
        self.bytes(part, text.as_bytes());
    }

    /// A text, if there is one.
    pub(super) fn any(&mut self, part: Part, text: Option<&str>) {
        if let Some(text) = text {
            self.text(part, text);
        }
    }

    pub(super) fn bytes(&mut self, part: Part, bytes: &[u8]) {
        self.count(part, bytes.len());
        self.push(bytes);
    }

    /// The first 16 bytes of the hash.
    pub(super) fn hash(mut self) -> [u8; 16] {
        self.flush();
        let whole: [u8; 32] = self.hasher.finalize().into();
        let mut first = [0; 16];
        first.copy_from_slice(&whole[..16]);
        first
    }

    fn push(&mut self, bytes: &[u8]) {
        if bytes.len() > GATHERED_BYTES - self.filled {
            self.flush();
        }
        match self.gathered.get_mut(self.filled..self.filled + bytes.len()) {
            Some(room) => {
                room.copy_from_slice(bytes);
                self.filled += bytes.len();
            }
            None => self.hasher.update(bytes),
        }
    }

    fn flush(&mut self) {
        self.hasher.update(&self.gathered[..self.filled]);
        self.filled = 0;
    }
}
