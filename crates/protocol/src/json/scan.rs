//! Finding the next byte of a string that matters, eight bytes at a time. `parse` reads with it, `write` escapes with it.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;
const QUOTES: u64 = ONES * b'"' as u64;
const BACKSLASHES: u64 = ONES * b'\\' as u64;
const CONTROLS: u64 = ONES * 0x20;

/// How far a run of plain bytes goes, and whether one of them is not ASCII.
pub(super) struct Run {
    /// Index of the first quote, backslash or control character at or after the start, else the length of the text.
    pub(super) end: usize,
    /// Whether the run holds a byte from 0x80 up.
    pub(super) non_ascii: bool,
}

/// The run of plain bytes that starts at `start`.
#[inline]
pub(super) fn plain_run(bytes: &[u8], start: usize) -> Run {
    let mut position = start;
    let mut seen = 0;
    while let Some(chunk) = bytes.get(position..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let special = special_bytes(word);
        if special != 0 {
            let index = special.trailing_zeros() / 8;
            let before = (1_u64 << (index * 8)) - 1;
            seen |= word & before;
            return Run { end: position + index as usize, non_ascii: seen & HIGHS != 0 };
        }
        seen |= word;
        position += 8;
    }
    while let Some(&byte) = bytes.get(position) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        seen |= u64::from(byte);
        position += 1;
    }
    Run { end: position, non_ascii: seen & HIGHS != 0 }
}

/// The high bit of the lowest quote, backslash or control character in the word is set, and no bit below it.
#[inline]
fn special_bytes(word: u64) -> u64 {
    let quote = word ^ QUOTES;
    let backslash = word ^ BACKSLASHES;
    let is_quote = quote.wrapping_sub(ONES) & !quote;
    let is_backslash = backslash.wrapping_sub(ONES) & !backslash;
    let is_control = word.wrapping_sub(CONTROLS) & !word;
    (is_quote | is_backslash | is_control) & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_ends_at_the_first_special_byte_wherever_it_stands() {
        for length in 0..40 {
            for special in [b'"', b'\\', 0, 0x1f] {
                for at in 0..length {
                    let mut text = vec![b'a'; length];
                    text[at] = special;
                    let run = plain_run(&text, 0);
                    assert_eq!((run.end, run.non_ascii), (at, false), "{special} at {at} of {length}");
                }
            }
        }
    }

    #[test]
    fn bytes_beside_the_special_ones_are_plain() {
        let text: Vec<u8> = (0x20..=0xff).filter(|byte| !matches!(byte, b'"' | b'\\')).collect();
        let run = plain_run(&text, 0);
        assert_eq!((run.end, run.non_ascii), (text.len(), true));
    }

    #[test]
    fn bytes_after_the_end_do_not_count_as_part_of_the_run() {
        assert!(!plain_run("ab\"é".as_bytes(), 0).non_ascii);
        assert!(plain_run("é\"ab".as_bytes(), 0).non_ascii);
        assert!(plain_run("abcdefgh é\"".as_bytes(), 0).non_ascii);
    }
}
