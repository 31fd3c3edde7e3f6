//! Text without its parameters: numbers, ids, addresses and dates become `<int>`, `<uuid>`, `<ip>`, `<date>` and so on, so that
//! two messages of one bug are the same text.
//!
//! One pass, linear in the text: each recogniser is tried only where a word begins, and looks at a bounded number of bytes
//! unless it takes what it has read.

mod dates;
mod network;
mod numbers;
mod scan;

use std::borrow::Cow;

use scan::Cursor;

/// The text with its parameters replaced by their kinds.
pub fn parameterise(text: &str) -> Cow<'_, str> {
    let clues = Clues::of(text);
    if !clues.any() {
        return text.into();
    }
    let mut out = String::new();
    let (mut copied, mut at) = (0, 0);
    while at < text.len() {
        let cursor = Cursor::new(text.as_bytes(), at);
        match recognise(cursor, &clues) {
            Some((name, end)) => {
                out.push_str(&text[copied..at]);
                out.push_str(name);
                (copied, at) = (end, end);
            }
            None => at = cursor.after_word(),
        }
    }
    if copied == 0 {
        return text.into();
    }
    out.push_str(&text[copied..]);
    out.into()
}

/// What the text has at all: most recognisers need a byte that most texts lack.
struct Clues {
    at_sign: bool,
    scheme: bool,
    dot: bool,
    colon: bool,
    equals: bool,
    digit: bool,
}

impl Clues {
    fn of(text: &str) -> Self {
        let mut seen = [false; 256];
        for &byte in text.as_bytes() {
            seen[usize::from(byte)] = true;
        }
        let colon = seen[usize::from(b':')];
        Self {
            at_sign: seen[usize::from(b'@')],
            scheme: colon && text.contains("://"),
            dot: seen[usize::from(b'.')],
            colon,
            equals: seen[usize::from(b'=')],
            digit: (b'0'..=b'9').any(|digit| seen[usize::from(digit)]),
        }
    }

    fn any(&self) -> bool {
        self.at_sign || self.scheme || self.dot || self.equals || self.digit
    }
}

/// What begins exactly here, as the name that takes its place, and where it ends. The first that fits wins.
fn recognise(here: Cursor<'_>, clues: &Clues) -> Option<(&'static str, usize)> {
    let first = here.peek()?;
    if clues.equals && here.before() == Some(b'=') {
        if let Some(end) = quoted(here) {
            return Some(("<quoted_str>", end));
        }
        if let Some(end) = boolean(here) {
            return Some(("<bool>", end));
        }
    }
    if first.is_ascii_alphanumeric() || first == b'_' {
        let end = if clues.at_sign { network::email(here) } else { None };
        let found = end.map(|end| ("<email>", end));
        let found = found.or_else(|| if clues.scheme { Some(("<url>", network::url(here)?)) } else { None });
        let found = found.or_else(|| if clues.dot { Some(("<hostname>", network::hostname(here)?)) } else { None });
        if found.is_some() {
            return found;
        }
    }
    if !clues.digit {
        return None;
    }
    if (clues.dot || clues.colon)
        && let Some(end) = network::ip(here)
    {
        return Some(("<ip>", end));
    }
    numbers::identifier(here)
        .or_else(|| dates::date(here).map(|end| ("<date>", end)))
        .or_else(|| numbers::quantity(here))
}

/// A string in quotes, closed on the same line.
fn quoted(mut here: Cursor<'_>) -> Option<usize> {
    let quote = here.peek().filter(|byte| matches!(byte, b'"' | b'\''))?;
    here.skip();
    here.find(quote)
}

fn boolean(here: Cursor<'_>) -> Option<usize> {
    let end = here.after_word();
    matches!(here.until(end), b"true" | b"false" | b"True" | b"False").then_some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parameters_become_their_kinds() {
        for (text, expected) in [
            ("nothing to see", "nothing to see"),
            ("", ""),
            ("mail ada.l+x@shop.example.com now", "mail <email> now"),
            ("GET https://shop.example.com/a?b=1#c failed", "GET <url> failed"),
            ("see (redis://cache:6379/0).", "see (<url>)."),
            ("host db-1.eu.example.com down", "host <hostname> down"),
            ("app.views.index in get", "app.views.index in get"),
            ("file main.rs, self.app and failed.It", "file main.rs, self.app and failed.It"),
            ("from 10.0.0.255:8080", "from <ip>:<int>"),
            ("from [2001:db8::1] and ::1", "from [<ip>] and <ip>"),
            ("std::abs and ab::cd", "std::abs and ab::cd"),
            ("256.1.1.1.5", "<int>.<int>.<int>.<int>.<int>"),
            ("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "<traceparent>"),
            ("id 5fe979d3-29b1-4a4c-aa62-b32455206cdd gone", "id <uuid> gone"),
            ("da39a3ee5e6b4b0d3255bfef95601890afd80709", "<sha1>"),
            ("d41d8cd98f00b204e9800998ecf8427e!", "<md5>!"),
            ("at 0x7fea014dac10", "at <hex>"),
            ("deadbee1f and DEADBEE1F but not deadbeefs, DeadBee1f", "<hex> and <hex> but not deadbeefs, DeadBee1f"),
            ("commit 1a2b3c4.", "commit <git_sha>."),
            ("took 12ms or 1.5s", "took <duration> or <duration>"),
            ("temperature -3.25e-7 high", "temperature <float> high"),
            ("order 1017 of -5, a-5, x5, 5x", "order <int> of <int>, a-<int>, x5, 5x"),
            ("order 123456789012345678901234", "order <int>"),
            ("version 1.2.3", "version <int>.<int>.<int>"),
            ("name='ada' ok=true n=5", "name=<quoted_str> ok=<bool> n=<int>"),
            ("name='ada ok=trueish", "name='ada ok=trueish"),
            ("'not a parameter'", "'not a parameter'"),
            ("año 2024, naïve", "año <int>, naïve"),
            ("invalid literal for int() with base 10: 'x'", "invalid literal for int() with base <int>: 'x'"),
        ] {
            assert_eq!(parameterise(text), expected, "{text:?}");
        }
    }

    #[test]
    fn dates_of_many_forms_are_one() {
        for text in [
            "2024-01-31",
            "2024/01/31",
            "2024-01-31T12:34:56Z",
            "2024-01-31 12:34:56.789+01:00",
            "2024-01-31T12:34:56,789 UTC",
            "31/01/2024",
            "1.2.2024 08:15",
            "Wed, 31 Jan 2024 12:34:56 GMT",
            "31 January 2024",
            "Wed Jan 31 12:34:56 2024",
            "Jan 31, 2024 3:04:05 PM",
            "12:34:56",
            "3:04 PM",
        ] {
            assert_eq!(parameterise(&format!("on {text}, it")), "on <date>, it", "{text}");
        }
        for text in ["app.js:12:34", "Mayor 5x", "Sunday", "the 5x of May"] {
            assert!(!parameterise(text).contains("<date>"), "{text}");
        }
    }

    #[test]
    fn a_text_without_parameters_is_not_copied() {
        assert!(matches!(parameterise("plain words, a.b and c=d"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn a_result_differs_from_its_text_only_in_its_placeholders(
            text in "[a-f0-9:.@=/'x \\-é+TZ,\n]{0,80}|([0-9]{1,4}[-/:. ]){1,6}|[^<]{0,40}",
        ) {
            prop_assume!(!text.contains('<'));
            let result = parameterise(&text);
            let mut kept = result.split('<').enumerate().map(|(index, piece)| match index {
                0 => piece,
                _ => piece.split_once('>').map_or("", |(_, kept)| kept),
            });
            let first = kept.next().unwrap_or_default();
            prop_assert!(text.starts_with(first));
            let mut rest = &text[first.len()..];
            for piece in kept {
                let at = rest.find(piece);
                prop_assert!(at.is_some(), "{:?} is not in {:?}", piece, rest);
                rest = &rest[at.unwrap_or_default() + piece.len()..];
            }
        }
    }
}
