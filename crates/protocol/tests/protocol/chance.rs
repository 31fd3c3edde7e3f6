//! A seeded, bounded mutator of texts: the same changes on every run. The tests of `model` use it too.

/// Pieces that formats give a meaning to.
const TOKENS: [&[u8]; 36] = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b"null",
    b"NaN",
    b"1e999",
    b"-",
    b"0",
    b"true",
    b"{}",
    b"[]",
    b"\"\"",
    b"{\"values\":[",
    b"\"type\":",
    b"\"length\":3",
    b"\"event_id\":1,",
    b"{{auto}}",
    b"password",
    b"4111111111111111",
    b"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    b"%s",
    b"sentry_key=",
    b"https://",
    b"@",
    b"=",
];

/// A small generator with a fixed seed: the same bytes on every run.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }

    fn range(&mut self, length: usize) -> std::ops::Range<usize> {
        let start = self.below(length + 1);
        start..(start + self.below(40)).min(length)
    }

    /// One to three changes anywhere.
    pub(crate) fn mutate(&mut self, text: &mut Vec<u8>) {
        for _ in 0..=self.below(3) {
            let range = self.range(text.len());
            match self.below(6) {
                0 => drop(text.drain(range)),
                1 => drop(text.splice(range.start..range.start, TOKENS[self.below(TOKENS.len())].iter().copied())),
                2 => drop(text.splice(range, TOKENS[self.below(TOKENS.len())].iter().copied())),
                3 => {
                    let copy = text[range].to_vec();
                    let at = self.below(text.len() + 1);
                    drop(text.splice(at..at, copy));
                }
                4 => text.truncate(text.len().saturating_sub(self.below(20))),
                _ => {
                    let at = self.below(text.len());
                    if let Some(byte) = text.get_mut(at) {
                        *byte = self.next() as u8;
                    }
                }
            }
        }
    }
}
