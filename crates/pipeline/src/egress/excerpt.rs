//! What is kept of an answer.
//!
//! Responsible for bounding it and for making it safe to store and to show: cut, masked, and text whatever the bytes
//! were. Refuses to inflate or to interpret. Filled by the connection while it reads, cut when the attempt ends.

use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, PROXY_AUTHORIZATION, SET_COOKIE};
use model::attempt::Outcome;
use model::limits::{EXCERPT_FAILURE_BYTES, EXCERPT_SUCCESS_BYTES};

/// What is kept of an answer, as text without control characters other than tab and line ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// One `name: value` on each line; of a success only the content type.
    pub headers: String,
    /// The beginning of the body. Bytes that are not UTF-8 are U+FFFD.
    pub body: String,
}

/// The beginning of a body, and how much of it went by.
#[derive(Default)]
pub(super) struct Body {
    kept: Vec<u8>,
    bytes_read: usize,
}

const MASK: &[u8] = b"[masked]";
const MASKED: [HeaderName; 4] = [SET_COOKIE, AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE];

impl Body {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes_read += bytes.len();
        let room = EXCERPT_FAILURE_BYTES - self.kept.len();
        self.kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    pub(super) fn bytes_read(&self) -> usize {
        self.bytes_read
    }
}

impl Excerpt {
    pub(super) fn of(outcome: Outcome, headers: &HeaderMap, body: &Body) -> Self {
        if outcome.is_success() {
            let mut line = String::new();
            if let Some(value) = headers.get(CONTENT_TYPE) {
                push_line(&mut line, &CONTENT_TYPE, value.as_bytes());
            }
            cut(&mut line, EXCERPT_SUCCESS_BYTES);
            return Excerpt { headers: line, body: safe_text(&body.kept, EXCERPT_SUCCESS_BYTES) };
        }
        let mut lines = String::new();
        for (name, value) in headers {
            push_line(&mut lines, name, if MASKED.contains(name) { MASK } else { value.as_bytes() });
            if lines.len() > EXCERPT_FAILURE_BYTES {
                break;
            }
        }
        cut(&mut lines, EXCERPT_FAILURE_BYTES);
        Excerpt { headers: lines, body: safe_text(&body.kept, EXCERPT_FAILURE_BYTES) }
    }
}

fn push_line(lines: &mut String, name: &HeaderName, value: &[u8]) {
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines.push_str(name.as_str());
    lines.push_str(": ");
    lines.push_str(&safe_text(value, EXCERPT_FAILURE_BYTES));
}

/// The first `bytes_max` bytes as text that every store and page takes, no longer than that itself.
fn safe_text(bytes: &[u8], bytes_max: usize) -> String {
    let shown = &bytes[..bytes.len().min(bytes_max)];
    let mut text = String::with_capacity(shown.len());
    for chunk in shown.utf8_chunks() {
        let allowed = |letter: char| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r');
        text.extend(
            chunk.valid().chars().map(|letter| if allowed(letter) { letter } else { char::REPLACEMENT_CHARACTER }),
        );
        if !chunk.invalid().is_empty() {
            text.push(char::REPLACEMENT_CHARACTER);
        }
    }
    // A character that only our own cut broke is no fault of the receiver's.
    let broken_by_cut = shown.len() < bytes.len()
        && str::from_utf8(shown).is_err_and(|error| error.error_len().is_none())
        && text.ends_with(char::REPLACEMENT_CHARACTER);
    if broken_by_cut {
        text.pop();
    }
    cut(&mut text, bytes_max);
    text
}

fn cut(text: &mut String, bytes_max: usize) {
    text.truncate(text.floor_char_boundary(bytes_max));
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    fn body(bytes: &[u8]) -> Body {
        let mut body = Body::default();
        body.add(bytes);
        body
    }

    #[test]
    fn a_success_keeps_the_content_type_and_the_beginning() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        headers.insert("x-other", HeaderValue::from_static("dropped"));
        let excerpt = Excerpt::of(Outcome::Succeeded, &headers, &body(&[b'a'; 5000]));
        assert_eq!(excerpt.headers, "content-type: text/plain");
        assert_eq!(excerpt.body, "a".repeat(EXCERPT_SUCCESS_BYTES));
    }

    #[test]
    fn a_failure_keeps_more_with_secrets_masked() {
        let mut headers = HeaderMap::new();
        headers.insert(SET_COOKIE, HeaderValue::from_static("session=1"));
        headers.append(SET_COOKIE, HeaderValue::from_static("session=2"));
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        headers.insert("x-request-id", HeaderValue::from_static("7"));
        let excerpt = Excerpt::of(Outcome::HttpError, &headers, &body(&[b'a'; 5000]));
        assert_eq!(excerpt.headers.matches(": [masked]").count(), 3);
        assert!(!excerpt.headers.contains("session") && !excerpt.headers.contains("Bearer"));
        assert!(excerpt.headers.contains("x-request-id: 7"));
        assert_eq!(excerpt.body, "a".repeat(EXCERPT_FAILURE_BYTES));
    }

    #[test]
    fn headers_beyond_the_limit_are_cut() {
        let mut headers = HeaderMap::new();
        for index in 0..90 {
            headers.append("x-long", HeaderValue::from_str(&format!("{index}-{}", "é".repeat(50))).unwrap());
        }
        let excerpt = Excerpt::of(Outcome::HttpError, &headers, &Body::default());
        assert!((EXCERPT_FAILURE_BYTES - 1..=EXCERPT_FAILURE_BYTES).contains(&excerpt.headers.len()));
    }

    #[test]
    fn a_character_broken_by_our_cut_is_dropped_and_one_broken_by_the_receiver_shown() {
        assert_eq!(safe_text("aé".as_bytes(), 2), "a");
        assert_eq!(safe_text(b"a\xc3", 2), "a\u{fffd}"[..1].to_owned());
        assert_eq!(safe_text(b"a\xc3", 10), "a\u{fffd}");
        assert_eq!(safe_text(b"\xff\x00\x1b[0m\n", 64), "\u{fffd}\u{fffd}\u{fffd}[0m\n");
    }

    proptest! {
        #[test]
        fn any_bytes_become_bounded_text_without_control_characters(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            let text = safe_text(&bytes, 256);
            prop_assert!(text.len() <= 256);
            prop_assert!(text.chars().all(|letter| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r')));
        }
    }
}
