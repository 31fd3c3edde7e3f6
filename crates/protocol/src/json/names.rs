//! Members of one name: the last one counts, the others are marked. And the path of a value, which is made of names.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::changes::ChangeKind;
use super::parse::{Level, OUTSIDE, Parser};
use super::scan::plain_run;
use super::tape::{DIRTY, DROPPED, ESCAPED, Kind, Links, Word, after};
use super::{MAX_PATH_BYTES, text};

/// Objects with more members than this look for repeated names by sorting, once, when they end.
const MAX_SCANNED_MEMBERS: u32 = 32;

impl Parser<'_> {
    /// Leaves out an earlier member of the same name, now or when the object ends.
    #[inline]
    pub(super) fn note_name(&mut self, key: usize, flags: u64) {
        let word = Word(self.words[key]);
        let level = &mut self.levels[self.depth - 1];
        if level.count > MAX_SCANNED_MEMBERS || flags & (ESCAPED | DIRTY) != 0 {
            level.sort_names = true;
            return;
        }
        let name = &self.bytes[word.start() + 1..word.end() - 1];
        let bit = 1_u64 << name_hash(name);
        if level.names & bit != 0 && !level.sort_names {
            self.drop_earlier(key, name);
        }
        self.levels[self.depth - 1].names |= bit;
    }

    fn drop_earlier(&mut self, key: usize, name: &[u8]) {
        let mut index = self.container as usize + 2;
        while index < key {
            let word = Word(self.words[index]);
            let next = after(self.words, index + 1);
            if word.0 & DROPPED == 0 && self.bytes[word.start() + 1..word.end() - 1] == *name {
                self.words[index] |= DROPPED;
                self.change(ChangeKind::DuplicateKey);
                return;
            }
            index = next;
        }
    }

    /// The way for many members or escaped names: sorts them by a hash, names of one hash by themselves, keeps the last of each.
    pub(super) fn drop_repeated_names(&mut self, container: usize, count: u32) {
        let mut names = Vec::with_capacity(count as usize);
        let mut index = container + 2;
        for _ in 0..count {
            names.push((long_hash(&key_text(self.bytes, Word(self.words[index]))), index));
            index = after(self.words, index + 1);
        }
        let text = |index: usize| key_text(self.bytes, Word(self.words[index]));
        names.sort_unstable_by(|left, right| {
            left.0.cmp(&right.0).then_with(|| text(left.1).cmp(&text(right.1))).then(left.1.cmp(&right.1))
        });
        let pairs = names.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let repeated = pairs.filter(|pair| text(pair[0].1) == text(pair[1].1)).map(|pair| pair[0].1);
        let mut repeated: Vec<usize> = repeated.filter(|&key| self.words[key] & DROPPED == 0).collect();
        repeated.sort_unstable();
        for key in repeated {
            self.words[key] |= DROPPED;
            self.levels[self.depth].key = key;
            self.depth += 1;
            self.change(ChangeKind::DuplicateKey);
            self.depth -= 1;
        }
    }
}

/// Keys and indexes of the open containers, outermost first, joined by dots.
pub(super) fn path(bytes: &[u8], words: &[u64], innermost: u32, levels: &[Level]) -> String {
    let mut containers = Vec::with_capacity(levels.len());
    let mut index = innermost;
    while index != OUTSIDE && containers.len() < levels.len() {
        containers.push(index);
        index = Links::of(words[index as usize + 1]).next;
    }
    let mut path = String::new();
    for (&container, level) in containers.iter().rev().zip(levels) {
        if !path.is_empty() {
            path.push('.');
        }
        if Word(words[container as usize]).kind() == Kind::Object {
            path.push_str(&String::from_utf8_lossy(&key_text(bytes, Word(words[level.key]))));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(path, "{}", level.count.saturating_sub(1));
        }
    }
    path.truncate(path.floor_char_boundary(MAX_PATH_BYTES));
    path
}

/// The name of a member, also while it is being read and its end is not known.
fn key_text<'b>(bytes: &'b [u8], word: Word) -> Cow<'b, [u8]> {
    let start = word.start() + 1;
    let end = if word.end() > start { word.end() - 1 } else { plain_run(bytes, start).end };
    let raw = &bytes[start..end];
    if word.0 & (ESCAPED | DIRTY) == 0 {
        return Cow::Borrowed(raw);
    }
    match text::decode(raw) {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// A number below 64 that names rarely share.
#[inline]
fn name_hash(name: &[u8]) -> u32 {
    let (Some(&first), Some(&last)) = (name.first(), name.last()) else { return 0 };
    let middle = name[name.len() / 2];
    let mixed = u32::from(first) | u32::from(middle) << 8 | u32::from(last) << 16 | (name.len() as u32) << 24;
    mixed.wrapping_mul(0x9e37_79b1) >> 26
}

/// A hash of a whole name. It need not resist attack: names of one hash are compared.
fn long_hash(name: &[u8]) -> u64 {
    name.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
