//! The forms in which a signature's 32 bytes can be written into a header.
//!
//! Responsible for reading them, the right forms and those that are often mistaken for one. Refuses to know which form a header
//! wants: `mod` does. Called by it for each value of a header.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use base64::engine::{DecodePaddingMode, general_purpose};

use crate::sign::{HEX_SIGNATURE_BYTES, MAC_BYTES};

/// The 32 bytes, and how they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) mac: [u8; MAC_BYTES],
    pub(super) form: Form,
}

/// A way to write them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// 64 lower-case digits.
    Hex,
    /// 64 digits, some in upper case.
    UpperHex,
    /// 64 digits among other characters.
    HexAmongOthers,
    /// `v1,` and base64.
    Versioned,
    /// Base64 alone.
    Base64,
    /// Base64 with another alphabet or without its padding.
    OtherBase64,
    /// The base64 of hex or of base64.
    EncodedTwice,
}

/// Either alphabet's, whatever the padding is.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

/// Reads one signature; `None` where nothing in it can be one.
pub(super) fn read(value: &str) -> Option<Written> {
    let value = value.trim();
    if let Some(encoded) = value.strip_prefix("v1,") {
        let written = read_base64(encoded)?;
        let form = if written.form == Form::Base64 { Form::Versioned } else { written.form };
        return Some(Written { form, ..written });
    }
    read_hex(value).or_else(|| read_base64(value)).or_else(|| {
        let last = value.rsplit(['=', ',', ':', ' ']).find(|part| !part.is_empty())?;
        read_hex(last).map(|written| Written { form: Form::HexAmongOthers, ..written })
    })
}

fn read_hex(value: &str) -> Option<Written> {
    let digits = value.trim_matches(|character: char| !character.is_ascii_hexdigit());
    let form = match digits.bytes().any(|byte| byte.is_ascii_uppercase()) {
        _ if digits.len() != value.len() => Form::HexAmongOthers,
        true => Form::UpperHex,
        false => Form::Hex,
    };
    Some(Written { mac: decode_hex(digits.as_bytes())?, form })
}

fn read_base64(encoded: &str) -> Option<Written> {
    let strict = general_purpose::STANDARD.decode(encoded).ok().map(|bytes| (bytes, Form::Base64));
    let (bytes, form) = strict.or_else(|| {
        let lenient = |alphabet| GeneralPurpose::new(alphabet, LENIENT).decode(encoded).ok();
        lenient(&STANDARD).or_else(|| lenient(&URL_SAFE)).map(|bytes| (bytes, Form::OtherBase64))
    })?;
    if let Ok(mac) = bytes.as_slice().try_into() {
        return Some(Written { mac, form });
    }
    let text = bytes.as_slice();
    let inner = decode_hex(text).or_else(|| general_purpose::STANDARD.decode(text).ok()?.try_into().ok())?;
    Some(Written { mac: inner, form: Form::EncodedTwice })
}

fn decode_hex(digits: &[u8]) -> Option<[u8; MAC_BYTES]> {
    if digits.len() != HEX_SIGNATURE_BYTES {
        return None;
    }
    let mut mac = [0; MAC_BYTES];
    for (byte, pair) in mac.iter_mut().zip(digits.chunks_exact(2)) {
        let digit = |index: usize| char::from(pair[index]).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        *byte = digit(0)? << 4 | digit(1)?;
    }
    Some(mac)
}

/// The 32 bytes of a secret's digits, as a key that somebody decoded.
pub(super) fn decode_secret(digits: &str) -> Option<[u8; MAC_BYTES]> {
    decode_hex(digits.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGITS: &str = "7399600edfeb77014917d19b57555cd9b4b39b78cb08b63a0d3b3a1e9ba393ff";

    fn form(value: &str) -> Option<Form> {
        let mac = decode_hex(DIGITS.as_bytes()).unwrap();
        read(value).map(|written| {
            assert_eq!(written.mac, mac, "{value}");
            written.form
        })
    }

    #[test]
    fn each_way_to_write_the_same_bytes_is_told_from_the_others() {
        let mac = decode_hex(DIGITS.as_bytes()).unwrap();
        let base64 = general_purpose::STANDARD.encode(mac);
        let twice = general_purpose::STANDARD.encode(&base64);
        let of_hex = general_purpose::STANDARD.encode(DIGITS);
        for (value, expected) in [
            (DIGITS.to_owned(), Form::Hex),
            (format!(" {DIGITS}\n"), Form::Hex),
            (DIGITS.to_uppercase(), Form::UpperHex),
            (format!("sha256={DIGITS}"), Form::HexAmongOthers),
            (format!("\"{DIGITS}\""), Form::HexAmongOthers),
            (format!("t=1704067200,v0={DIGITS}"), Form::HexAmongOthers),
            (format!("v1,{base64}"), Form::Versioned),
            (base64.clone(), Form::Base64),
            (base64.trim_end_matches('=').to_owned(), Form::OtherBase64),
            (base64.replace('+', "-").replace('/', "_"), Form::OtherBase64),
            (format!("v1,{}", base64.trim_end_matches('=')), Form::OtherBase64),
            (twice.clone(), Form::EncodedTwice),
            (format!("v1,{of_hex}"), Form::EncodedTwice),
        ] {
            assert!(base64.contains('+') || base64.contains('/'), "the alphabets must differ for {base64}");
            assert_eq!(form(&value), Some(expected), "{value}");
        }
    }

    #[test]
    fn what_holds_no_signature_is_none() {
        for value in ["", "nonsense", "v1,", "v1,AAAA", "v2,AAAA", &DIGITS[1..], &format!("{DIGITS}0"), "=, :"] {
            assert_eq!(read(value), None, "{value}");
        }
    }
}
