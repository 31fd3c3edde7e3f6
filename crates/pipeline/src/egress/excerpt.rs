//! What is kept of an answer.
//!
//! Responsible for bounding it and for making it safe to store and to show: cut, masked, and text whatever the bytes
//! were. A receiver that repeats what it was sent, as debugging pages do, must not bring a credential into the log, so the
//! sensitive values of the request are masked where they come back. Refuses to inflate or to interpret: one that comes back in
//! another encoding is not known again. Filled by the connection while it reads, cut when the attempt ends.

use std::cmp::Reverse;

use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, PROXY_AUTHORIZATION, SET_COOKIE};
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memmem;
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

/// The sensitive values of a request, and the words that they are made of, the longest first.
pub(super) struct Secrets<'s>(Vec<&'s [u8]>);

const MASK: &[u8] = b"[masked]";
/// A shorter value is no secret, and would be found in every answer.
const SECRET_BYTES_LEAST: usize = 4;
/// Of a value like `Bearer …` or `v1,…`, the words that are masked by themselves have this many bytes at least.
const SECRET_WORD_BYTES_LEAST: usize = 8;
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

    fn masked(&self, secrets: &Secrets<'_>) -> Vec<u8> {
        let whole = self.bytes_read == self.kept.len();
        if whole { secrets.mask(&self.kept) } else { secrets.mask_cut(&self.kept) }
    }
}

impl<'s> Secrets<'s> {
    /// Those of the headers that are marked as sensitive.
    pub(super) fn of(sent: &'s [(HeaderName, HeaderValue)]) -> Self {
        let mut secrets = Vec::new();
        for value in sent.iter().map(|(_, value)| value).filter(|value| value.is_sensitive()).map(HeaderValue::as_bytes)
        {
            let words = value.split(|byte| matches!(byte, b' ' | b'\t' | b',' | b';' | b'=' | b':' | b'"'));
            let words = words.filter(|word| word.len() >= SECRET_WORD_BYTES_LEAST);
            let whole = std::iter::once(value).filter(|value| value.len() >= SECRET_BYTES_LEAST);
            secrets.extend(whole.chain(words));
        }
        secrets.sort_unstable_by_key(|secret: &&[u8]| (Reverse(secret.len()), *secret));
        secrets.dedup();
        Secrets(secrets)
    }

    /// The bytes with every secret masked.
    fn mask(&self, bytes: &[u8]) -> Vec<u8> {
        let mut masked = bytes.to_vec();
        for secret in &self.0 {
            let mut places = memmem::find_iter(&masked, secret).peekable();
            if places.peek().is_none() {
                continue;
            }
            let (mut next, mut from) = (Vec::with_capacity(masked.len()), 0);
            for place in places {
                next.extend_from_slice(&masked[from..place]);
                next.extend_from_slice(MASK);
                from = place + secret.len();
            }
            next.extend_from_slice(&masked[from..]);
            masked = next;
        }
        masked
    }

    /// The same, where the bytes go on behind their end: what may be the beginning of a secret there is masked too.
    fn mask_cut(&self, bytes: &[u8]) -> Vec<u8> {
        let mut masked = self.mask(bytes);
        let begun = |secret: &&[u8]| {
            let longest = secret.len().min(masked.len());
            (SECRET_BYTES_LEAST..=longest).rev().find(|count| masked.ends_with(&secret[..*count]))
        };
        if let Some(count) = self.0.iter().filter_map(begun).max() {
            masked.truncate(masked.len() - count);
            masked.extend_from_slice(MASK);
        }
        masked
    }
}

impl Excerpt {
    pub(super) fn of(outcome: Outcome, headers: &HeaderMap, body: &Body, sent: &[(HeaderName, HeaderValue)]) -> Self {
        let secrets = Secrets::of(sent);
        let body = body.masked(&secrets);
        if outcome.is_success() {
            let mut line = String::new();
            if let Some(value) = headers.get(CONTENT_TYPE) {
                push_line(&mut line, &CONTENT_TYPE, &secrets.mask(value.as_bytes()));
            }
            cut(&mut line, EXCERPT_SUCCESS_BYTES);
            return Excerpt { headers: line, body: safe_text(&body, EXCERPT_SUCCESS_BYTES) };
        }
        let mut lines = String::new();
        for (name, value) in headers {
            if MASKED.contains(name) {
                push_line(&mut lines, name, MASK);
            } else {
                push_line(&mut lines, name, &secrets.mask(value.as_bytes()));
            }
            if lines.len() > EXCERPT_FAILURE_BYTES {
                break;
            }
        }
        cut(&mut lines, EXCERPT_FAILURE_BYTES);
        Excerpt { headers: lines, body: safe_text(&body, EXCERPT_FAILURE_BYTES) }
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
        let excerpt = Excerpt::of(Outcome::Succeeded, &headers, &body(&[b'a'; 5000]), &[]);
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
        let excerpt = Excerpt::of(Outcome::HttpError, &headers, &body(&[b'a'; 5000]), &[]);
        assert_eq!(excerpt.headers.matches(": [masked]").count(), 3);
        assert!(!excerpt.headers.contains("session") && !excerpt.headers.contains("Bearer"));
        assert!(excerpt.headers.contains("x-request-id: 7"));
        assert_eq!(excerpt.body, "a".repeat(EXCERPT_FAILURE_BYTES));
    }

    /// Headers of a request, as a hook with two custom ones sends them.
    fn sent() -> Vec<(HeaderName, HeaderValue)> {
        let sensitive = |text: &'static str| {
            let mut value = HeaderValue::from_static(text);
            value.set_sensitive(true);
            value
        };
        vec![
            (AUTHORIZATION, sensitive("Bearer hunter2secret")),
            (HeaderName::from_static("x-on"), sensitive("yes")),
            (HeaderName::from_static("webhook-signature"), sensitive("v1,c2lnbmF0dXJlMQ== v1,c2lnbmF0dXJlMg==")),
            (HeaderName::from_static("x-delivery"), HeaderValue::from_static("0123456789")),
        ]
    }

    #[test]
    fn what_a_receiver_repeats_of_a_request_is_shown_without_its_secrets() {
        let mut headers = HeaderMap::new();
        headers.insert("x-was", HeaderValue::from_static("Bearer hunter2secret"));
        let echo = "yes: no hunter2secret 0123456789 Bearer hunter2secret v1,c2lnbmF0dXJlMQ== c2lnbmF0dXJlMg";
        for outcome in [Outcome::HttpError, Outcome::Succeeded] {
            let excerpt = Excerpt::of(outcome, &headers, &body(echo.as_bytes()), &sent());
            assert_eq!(excerpt.body, "yes: no [masked] 0123456789 [masked] v1,[masked]== [masked]");
        }
        let excerpt = Excerpt::of(Outcome::HttpError, &headers, &Body::default(), &sent());
        assert_eq!(excerpt.headers, "x-was: [masked]");
    }

    #[test]
    fn a_secret_that_an_edge_cuts_does_not_show_its_beginning() {
        for (outcome, edge) in
            [(Outcome::Succeeded, EXCERPT_SUCCESS_BYTES), (Outcome::HttpError, EXCERPT_FAILURE_BYTES)]
        {
            for inside in 4..20 {
                let mut echo = vec![b'.'; edge - inside];
                echo.extend_from_slice(b"Bearer hunter2secret and more than is kept of an answer");
                let excerpt = Excerpt::of(outcome, &HeaderMap::new(), &body(&echo), &sent());
                assert!(!excerpt.body.contains("Bear") && !excerpt.body.contains("hunt"), "{inside}");
                assert!(excerpt.body.len() <= edge);
            }
        }
    }

    #[test]
    fn headers_beyond_the_limit_are_cut() {
        let mut headers = HeaderMap::new();
        for index in 0..90 {
            headers.append("x-long", HeaderValue::from_str(&format!("{index}-{}", "é".repeat(50))).unwrap());
        }
        let excerpt = Excerpt::of(Outcome::HttpError, &headers, &Body::default(), &[]);
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
