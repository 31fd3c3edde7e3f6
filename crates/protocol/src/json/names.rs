//! Members of one name: the last one counts, the others are marked. And the path of a value, which is made of names.

use super::changes::ChangeKind;
use super::parse::Parser;
use super::path::key_text;
use super::word::{DIRTY, DROPPED, ESCAPED, Word, after};

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
