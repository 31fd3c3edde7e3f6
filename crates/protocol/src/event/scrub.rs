//! What must not be stored: values under sensitive names, and card numbers.
//!
//! Judges names and texts only; `bag` walks the values and puts [`FILTERED`] in their place.

/// What stands in the place of what must not be stored.
pub(crate) const FILTERED: &str = "[Filtered]";

/// Whether to scrub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scrub {
    /// Leave everything as sent.
    Off,
    /// Filter sensitive names and card numbers.
    On,
}

/// A name that contains one of these is sensitive, whatever its case, `-` being taken for `_`.
const SENSITIVE: [&[u8]; 11] = [
    b"password",
    b"passwd",
    b"secret",
    b"token",
    b"api_key",
    b"apikey",
    b"auth",
    b"credentials",
    b"session",
    b"cookie",
    b"csrf",
];
const PRIVATE_KEY: &[u8] = b"private_key";

const MIN_CARD_DIGITS: usize = 13;
const MAX_CARD_DIGITS: usize = 19;

impl Scrub {
    /// Whether a value under this name must go.
    pub(crate) fn hides_name(self, name: &[u8]) -> bool {
        self == Scrub::On && is_sensitive(name)
    }

    /// Whether the text holds a card number.
    pub(crate) fn hides_text(self, text: &[u8]) -> bool {
        self == Scrub::On && text.len() >= MIN_CARD_DIGITS && may_hold_card(text) && next_card(text, 0).is_some()
    }
}

/// Whether the name, or a longer text, contains a sensitive word.
pub(crate) fn is_sensitive(text: &[u8]) -> bool {
    text.iter().enumerate().any(|(index, first)| {
        let rest = &text[index..];
        match first | 0x20 {
            b'p' => starts(rest, SENSITIVE[0]) || starts(rest, SENSITIVE[1]) || starts(rest, PRIVATE_KEY),
            b's' => starts(rest, SENSITIVE[2]) || starts(rest, SENSITIVE[8]),
            b't' => starts(rest, SENSITIVE[3]),
            b'a' => SENSITIVE[4..7].iter().any(|word| starts(rest, word)),
            b'c' => starts(rest, SENSITIVE[7]) || starts(rest, SENSITIVE[9]) || starts(rest, SENSITIVE[10]),
            _ => false,
        }
    })
}

/// The text with each card number filtered, if it holds one.
pub(crate) fn filter_cards(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    if bytes.len() < MIN_CARD_DIGITS || !may_hold_card(bytes) {
        return None;
    }
    let mut filtered = String::new();
    let mut from = 0;
    while let Some((start, end)) = next_card(bytes, from) {
        filtered.push_str(text.get(from..start).unwrap_or_default());
        filtered.push_str(FILTERED);
        from = end;
    }
    (from > 0).then(|| filtered + text.get(from..).unwrap_or_default())
}

/// The text of a form or a query string with the values of sensitive names filtered, if it holds one.
pub(crate) fn filter_pairs(text: &str) -> Option<String> {
    let is_hidden = |pair: &str| {
        pair.split_once('=').is_some_and(|(name, value)| !value.is_empty() && is_sensitive(name.as_bytes()))
    };
    if !text.split('&').any(is_hidden) {
        return None;
    }
    let pairs = text.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_hidden(pair) => format!("{name}={FILTERED}"),
        _ => pair.to_owned(),
    });
    Some(pairs.collect::<Vec<_>>().join("&"))
}

fn starts(text: &[u8], word: &[u8]) -> bool {
    let fold = |byte: u8| if byte == b'-' { b'_' } else { byte.to_ascii_lowercase() };
    text.len() >= word.len() && text.iter().zip(word).all(|(&byte, &wanted)| fold(byte) == wanted)
}

/// A quick look: in a card number every second byte at least is a digit, so some pair at a multiple of twelve has one.
fn may_hold_card(text: &[u8]) -> bool {
    text.chunks(MIN_CARD_DIGITS - 1).any(|chunk| chunk.iter().take(2).any(u8::is_ascii_digit))
}

/// The first card number at or after `from`: where it starts and ends.
fn next_card(text: &[u8], from: usize) -> Option<(usize, usize)> {
    let mut start = from;
    while start < text.len() {
        if !text[start].is_ascii_digit() {
            start += 1;
            continue;
        }
        let run = DigitRun::at(text, start);
        if run.is_card() && !touches_word(text, start, run.end) {
            return Some((start, run.end));
        }
        start = run.end;
    }
    None
}

/// Digits with single blanks or dashes between them.
struct DigitRun {
    digits: [u8; MAX_CARD_DIGITS],
    /// How many there are, also past the longest card number.
    count: usize,
    end: usize,
}

impl DigitRun {
    fn at(text: &[u8], start: usize) -> Self {
        let mut run = DigitRun { digits: [0; MAX_CARD_DIGITS], count: 0, end: start };
        let mut position = start;
        while let Some(&byte) = text.get(position) {
            if byte.is_ascii_digit() {
                if let Some(place) = run.digits.get_mut(run.count) {
                    *place = byte - b'0';
                }
                run.count += 1;
                run.end = position + 1;
            } else if !matches!(byte, b' ' | b'-') || run.end != position {
                break;
            }
            position += 1;
        }
        run
    }

    fn is_card(&self) -> bool {
        let Some(digits) = self.digits.get(..self.count) else { return false };
        let prefix =
            |length: usize| digits.iter().take(length).fold(0, |number, &digit| number * 10 + u32::from(digit));
        let known = match digits.len() {
            13 => prefix(1) == 4,
            14 => matches!(prefix(2), 36 | 38 | 39) || matches!(prefix(3), 300..=305),
            15 => matches!(prefix(2), 34 | 37) || matches!(prefix(4), 2131 | 1800),
            16 => {
                prefix(1) == 4
                    || matches!(prefix(2), 51..=55 | 65 | 62 | 35)
                    || matches!(prefix(3), 644..=649)
                    || matches!(prefix(4), 2221..=2720 | 6011)
            }
            17 | 18 => prefix(2) == 62,
            19 => prefix(1) == 4 || prefix(2) == 62,
            _ => false,
        };
        known && passes_luhn(digits)
    }
}

/// Part of a longer word or number, such as a hash or an address, is no card number.
fn touches_word(text: &[u8], start: usize, end: usize) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let fraction = matches!(text[..start], [.., digit, b'.'] if digit.is_ascii_digit());
    let decimal = matches!(text[end..], [b'.', digit, ..] if digit.is_ascii_digit());
    text[..start].last().is_some_and(is_word) || text[end..].first().is_some_and(is_word) || fraction || decimal
}

fn passes_luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(index, &digit)| match (index % 2, u32::from(digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sensitive_in_any_case_and_spelling() {
        for name in [
            "password",
            "db_PASSWORD",
            "passwd",
            "client_secret",
            "accessToken",
            "API_KEY",
            "x-api-key",
            "apikey",
            "Authorization",
            "credentials",
            "session_id",
            "Set-Cookie",
            "csrfmiddlewaretoken",
            "PRIVATE_KEY",
            "ssh-private-key",
        ] {
            assert!(is_sensitive(name.as_bytes()), "{name}");
        }
        for name in ["", "user", "pass", "sec", "key", "tok", "api", "cart", "private", "crsf", "sessio", "public_key"]
        {
            assert!(!is_sensitive(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn card_numbers_are_found_by_prefix_length_and_check_digit() {
        for (text, filtered) in [
            ("4111111111111111", Some("[Filtered]")),
            ("pay 4111 1111 1111 1111 now", Some("pay [Filtered] now")),
            ("a 4111-1111-1111-1111, b 5555555555554444.", Some("a [Filtered], b [Filtered].")),
            ("378282246310005", Some("[Filtered]")),
            ("30569309025904", Some("[Filtered]")),
            ("6011111111111117", Some("[Filtered]")),
            ("3530111333300000", Some("[Filtered]")),
            ("4111111111111112", None),
            ("1234567812345670", None),
            ("41111111111111111", None),
            ("id4111111111111111", None),
            ("4111111111111111a", None),
            ("0.4111111111111111", None),
            ("4111  1111 1111 1111", None),
            ("411111111111", None),
            ("2026-11-23T06:45:00.017190Z", None),
        ] {
            assert_eq!(filter_cards(text).as_deref(), filtered, "{text}");
            assert_eq!(Scrub::On.hides_text(text.as_bytes()), filtered.is_some(), "{text}");
            assert!(!Scrub::Off.hides_text(text.as_bytes()));
        }
    }

    #[test]
    fn a_card_number_is_found_at_every_offset() {
        for offset in 0..40 {
            let text = format!("{}4111 1111 1111 1111{}", ".,".repeat(20).split_at(offset).0, " x");
            let expected = text.replace("4111 1111 1111 1111", FILTERED);
            assert_eq!(filter_cards(&text), Some(expected), "{text}");
        }
    }

    #[test]
    fn pairs_of_a_form_are_filtered_by_name() {
        assert_eq!(filter_pairs("a=1&token=x&b=2").as_deref(), Some("a=1&token=[Filtered]&b=2"));
        assert_eq!(filter_pairs("Password=x").as_deref(), Some("Password=[Filtered]"));
        for text in ["", "a=1&b=2", "token", "token=", "x=token"] {
            assert_eq!(filter_pairs(text), None, "{text}");
        }
    }
}
