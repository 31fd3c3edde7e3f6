//! The store endpoint's body, as old SDKs post it: JSON, or base64 of it, or base64 of it deflated, alone or in a form.
//!
//! Finds the event's JSON and checks nothing in it: [`crate::event::normalise`] does. `web` calls it for the store endpoint.

use std::borrow::Cow;
use std::io::Read as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::ZlibDecoder;

use crate::auth::query_pairs;
use crate::event::MAX_EVENT_BYTES;

/// Standard alphabet; old SDKs are careless about padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Why a body holds no event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreBodyError {
    /// There is nothing in it.
    #[error("the body is empty")]
    Empty,
    /// It is neither JSON nor base64.
    #[error("the body is neither json nor base64")]
    Base64,
    /// What base64 stands for is neither JSON nor deflated JSON.
    #[error("the body is not deflated json")]
    Inflate,
    /// The event is longer than [`MAX_EVENT_BYTES`].
    #[error("the event is too large")]
    TooLarge,
}

/// The event's JSON in a body; borrowed where it is sent as it is.
///
/// # Errors
/// The body is empty, or holds nothing that looks like a JSON object, or one that is too large.
pub fn event_json(body: &[u8]) -> Result<Cow<'_, [u8]>, StoreBodyError> {
    let body = body.trim_ascii();
    if body.is_empty() {
        return Err(StoreBodyError::Empty);
    }
    if body.starts_with(b"{") {
        return within_limit(Cow::Borrowed(body));
    }
    if let Some(data) = form_field(body) {
        return encoded(data.as_bytes()).map(|json| Cow::Owned(json.into_owned()));
    }
    encoded(body)
}

/// The event's JSON in the query string's `sentry_data`, decoded already: for the pixel endpoint.
///
/// # Errors
/// As [`event_json`].
pub fn event_json_of_field(data: &str) -> Result<Cow<'_, [u8]>, StoreBodyError> {
    encoded(data.trim().as_bytes())
}

/// `sentry_data` of a form.
fn form_field(body: &[u8]) -> Option<Cow<'_, str>> {
    if !body.starts_with(b"sentry_data=") && memchr::memmem::find(body, b"&sentry_data=").is_none() {
        return None;
    }
    query_pairs(std::str::from_utf8(body).ok()?).find(|(name, _)| name == "sentry_data").map(|(_, data)| data)
}

fn encoded(data: &[u8]) -> Result<Cow<'_, [u8]>, StoreBodyError> {
    if data.is_empty() {
        return Err(StoreBodyError::Empty);
    }
    if data.starts_with(b"{") {
        return within_limit(Cow::Borrowed(data));
    }
    // A form turns the plus signs of a careless client into blanks; others wrap lines.
    let is_blank = |byte: &u8| byte.is_ascii_whitespace();
    let data = if data.iter().any(is_blank) {
        let plus = data.iter().filter(|byte| !matches!(byte, b'\r' | b'\n' | b'\t'));
        Cow::Owned(plus.map(|&byte| if byte == b' ' { b'+' } else { byte }).collect())
    } else {
        Cow::Borrowed(data)
    };
    let decoded = BASE64.decode(&*data).map_err(|_| StoreBodyError::Base64)?;
    if decoded.starts_with(b"{") {
        return within_limit(Cow::Owned(decoded));
    }
    inflate(&decoded).map(Cow::Owned)
}

/// Inflates, and stops one byte past the limit.
fn inflate(deflated: &[u8]) -> Result<Vec<u8>, StoreBodyError> {
    let mut json = Vec::new();
    let mut bounded = ZlibDecoder::new(deflated).take(MAX_EVENT_BYTES as u64 + 1);
    bounded.read_to_end(&mut json).map_err(|_| StoreBodyError::Inflate)?;
    if json.is_empty() {
        return Err(StoreBodyError::Empty);
    }
    within_limit(Cow::Owned(json)).map(Cow::into_owned)
}

fn within_limit(json: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, StoreBodyError> {
    if json.len() > MAX_EVENT_BYTES { Err(StoreBodyError::TooLarge) } else { Ok(json) }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    const EVENT: &[u8] = br#"{"message":"a?b>c~"}"#;

    fn deflated(text: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_form_of_the_body_gives_the_same_json() {
        let plain = BASE64.encode(EVENT);
        let zipped = BASE64.encode(deflated(EVENT));
        let percent = |text: &str| text.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
        for body in [
            String::from_utf8(EVENT.to_vec()).unwrap(),
            format!("  {plain}\n"),
            plain.trim_end_matches('=').to_owned(),
            zipped.clone(),
            format!("sentry_data={}", percent(&zipped)),
            format!("x=1&sentry_data={}&y=2", percent(&plain)),
            format!("sentry_data={zipped}"),
            format!("sentry_data={}", String::from_utf8_lossy(EVENT)),
        ] {
            assert_eq!(event_json(body.as_bytes()).as_deref(), Ok(EVENT), "{body}");
        }
        assert_eq!(event_json_of_field(&zipped).as_deref(), Ok(EVENT));
    }

    #[test]
    fn plus_signs_that_a_form_has_turned_into_blanks_are_put_back() {
        let json = br#"{"m":"\u003e~~~???>>>"}"#.as_slice();
        let plain = (0..64)
            .map(|pad| BASE64.encode([json, &vec![b' '; pad], b"\xfb\xef\xbe"].concat()))
            .find(|text| text.contains('+'));
        let body = format!("sentry_data={}", plain.unwrap());
        assert!(event_json(body.as_bytes()).unwrap().starts_with(json));
    }

    #[test]
    fn a_bomb_stops_at_the_limit() {
        let bomb = BASE64.encode(deflated(&vec![b' '; 8 * MAX_EVENT_BYTES]));
        assert_eq!(event_json(bomb.as_bytes()), Err(StoreBodyError::TooLarge));
        let large = format!("{{{}}}", " ".repeat(MAX_EVENT_BYTES));
        assert_eq!(event_json(large.as_bytes()), Err(StoreBodyError::TooLarge));
        assert_eq!(event_json(BASE64.encode(large).as_bytes()), Err(StoreBodyError::TooLarge));
    }

    #[test]
    fn each_fault_is_named() {
        for (body, error) in [
            (&b""[..], StoreBodyError::Empty),
            (b" \n", StoreBodyError::Empty),
            (b"sentry_data=", StoreBodyError::Empty),
            (b"not base64!", StoreBodyError::Base64),
            (b"aGVsbG8=", StoreBodyError::Inflate),
            (b"[]", StoreBodyError::Base64),
        ] {
            assert_eq!(event_json(body), Err(error), "{}", String::from_utf8_lossy(body));
        }
        let cut = BASE64.encode(&deflated(EVENT)[..10]);
        assert_eq!(event_json(cut.as_bytes()), Err(StoreBodyError::Inflate));
    }
}
