//! Checking the two signatures, in constant time.
//!
//! Responsible for a clear reason when a signature does not hold. Refuses to read a clock: the Standard Webhooks check
//! takes the present time. Called by receivers, by the test receiver, and by the command line.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq as _;

use crate::Signer;
use crate::sign::{HEX_SIGNATURE_BYTES, STANDARD_VERSION};

/// How far a Standard Webhooks timestamp may lie from the receiver's clock, either way.
pub const TIMESTAMP_TOLERANCE_SECONDS: u64 = 300;

/// The values of the three Standard Webhooks headers.
#[derive(Debug, Clone, Copy)]
pub struct StandardHeaders<'a> {
    /// Of `webhook-id`.
    pub id: &'a str,
    /// Of `webhook-timestamp`.
    pub timestamp: &'a str,
    /// Of `webhook-signature`: one or more signatures with spaces between.
    pub signatures: &'a str,
}

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The hex signature is not 64 lower-case hex digits.
    #[error("the signature is not 64 lower-case hex digits")]
    NotHex,
    /// No entry of the Standard Webhooks header is a `v1` signature.
    #[error("no v1 signature in the header")]
    NoVersionOne,
    /// The timestamp is not a count of Unix seconds.
    #[error("the timestamp is not a number of Unix seconds")]
    BadTimestamp,
    /// The timestamp lies further back than [`TIMESTAMP_TOLERANCE_SECONDS`]: a replay, or a slow clock at the sender.
    #[error("the timestamp is {0} seconds old")]
    TooOld(u64),
    /// The timestamp lies further ahead than [`TIMESTAMP_TOLERANCE_SECONDS`]: one of the two clocks is wrong.
    #[error("the timestamp is {0} seconds in the future")]
    TooNew(u64),
    /// Well formed, but made with another secret or over other bytes.
    #[error("the signature does not match: another secret, or other bytes than were sent")]
    Mismatch,
}

/// Checks a hex signature (`X-Sentry-Hook-Signature`, `X-ServiceHook-Signature`) against the body as it arrived.
///
/// # Errors
///
/// [`SignatureError::NotHex`] or [`SignatureError::Mismatch`].
pub fn hex(signer: &Signer, body: &[u8], signature: &str) -> Result<(), SignatureError> {
    let given = <[u8; HEX_SIGNATURE_BYTES]>::try_from(signature.as_bytes()).map_err(|_| SignatureError::NotHex)?;
    if !given.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(SignatureError::NotHex);
    }
    if signer.hex(body).ct_eq(&given).into() { Ok(()) } else { Err(SignatureError::Mismatch) }
}

/// Checks the Standard Webhooks headers against the body as it arrived, at `now` in Unix seconds. One matching
/// signature is enough: a rotation sends two.
///
/// # Errors
///
/// Any [`SignatureError`] but [`SignatureError::NotHex`].
pub fn standard(
    signer: &Signer,
    body: &[u8],
    headers: StandardHeaders<'_>,
    now_unix_seconds: u64,
) -> Result<(), SignatureError> {
    check_timestamp(headers.timestamp, now_unix_seconds)?;
    let expected = signer.standard_mac(headers.id, headers.timestamp, body);
    let mut versioned = headers
        .signatures
        .split(' ')
        .filter_map(|entry| entry.as_bytes().strip_prefix(STANDARD_VERSION))
        .filter_map(|encoded| STANDARD.decode(encoded).ok())
        .peekable();
    if versioned.peek().is_none() {
        return Err(SignatureError::NoVersionOne);
    }
    if versioned.any(|given| given.ct_eq(&expected).into()) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

fn check_timestamp(text: &str, now: u64) -> Result<(), SignatureError> {
    // `u64::from_str` would take a leading plus sign; nobody sends one.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(SignatureError::BadTimestamp);
    }
    let sent: u64 = text.parse().map_err(|_| SignatureError::BadTimestamp)?;
    if now.saturating_sub(sent) > TIMESTAMP_TOLERANCE_SECONDS {
        return Err(SignatureError::TooOld(now - sent));
    }
    if sent.saturating_sub(now) > TIMESTAMP_TOLERANCE_SECONDS {
        return Err(SignatureError::TooNew(sent - now));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Secret;

    const NOW: u64 = 1_704_067_200;

    fn signer(byte: u8) -> Signer {
        Signer::new(&Secret::from_random([byte; 32]))
    }

    fn text(signature: &[u8]) -> String {
        String::from_utf8(signature.to_vec()).unwrap()
    }

    fn check(signatures: &str, timestamp: &str) -> Result<(), SignatureError> {
        standard(&signer(1), b"{}", StandardHeaders { id: "id", timestamp, signatures }, NOW)
    }

    #[test]
    fn a_hex_signature_holds_for_its_body_and_secret_alone() {
        let signature = text(&signer(1).hex(b"{}"));
        assert_eq!(hex(&signer(1), b"{}", &signature), Ok(()));
        assert_eq!(hex(&signer(1), b"{ }", &signature), Err(SignatureError::Mismatch));
        assert_eq!(hex(&signer(2), b"{}", &signature), Err(SignatureError::Mismatch));
    }

    #[test]
    fn another_form_of_hex_signature_is_named_as_such() {
        let signature = text(&signer(1).hex(b"{}"));
        for bad in ["", "sha256=00", &signature.to_uppercase(), &signature[..63], &format!("{signature}0")] {
            assert_eq!(hex(&signer(1), b"{}", bad), Err(SignatureError::NotHex), "{bad}");
        }
    }

    #[test]
    fn one_of_two_standard_signatures_is_enough() {
        let time = NOW.to_string();
        let ours = text(&signer(1).standard("id", &time, b"{}"));
        let other = text(&signer(2).standard("id", &time, b"{}"));
        assert_eq!(check(&ours, &time), Ok(()));
        assert_eq!(check(&format!("{other} {ours}"), &time), Ok(()));
        assert_eq!(check(&format!("{ours} {other}"), &time), Ok(()));
        assert_eq!(check(&other, &time), Err(SignatureError::Mismatch));
    }

    #[test]
    fn a_header_without_version_one_is_named_as_such() {
        let time = NOW.to_string();
        for bad in ["", "v2,AAAA", "v1,*", "v1a,AAAA", "AAAA"] {
            assert_eq!(check(bad, &time), Err(SignatureError::NoVersionOne), "{bad}");
        }
    }

    #[test]
    fn a_timestamp_far_from_now_is_refused_before_anything_else() {
        let signed_at = |time: u64| text(&signer(1).standard("id", &time.to_string(), b"{}"));
        for near in [NOW - 300, NOW, NOW + 300] {
            assert_eq!(check(&signed_at(near), &near.to_string()), Ok(()));
        }
        assert_eq!(check(&signed_at(NOW - 301), &(NOW - 301).to_string()), Err(SignatureError::TooOld(301)));
        assert_eq!(check(&signed_at(NOW + 301), &(NOW + 301).to_string()), Err(SignatureError::TooNew(301)));
        for bad in ["", "+1704067200", "-1", "soon", "99999999999999999999999"] {
            assert_eq!(check("v1,AAAA", bad), Err(SignatureError::BadTimestamp), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_signed_verifies_and_one_changed_bit_does_not(
            secret in any::<[u8; 32]>(),
            body in prop::collection::vec(any::<u8>(), 1..300),
            place in any::<prop::sample::Index>(),
        ) {
            let signer = Signer::new(&Secret::from_random(secret));
            let time = NOW.to_string();
            let plain = text(&signer.hex(&body));
            let dated = text(&signer.standard("id", &time, &body));
            let headers = StandardHeaders { id: "id", timestamp: &time, signatures: &dated };
            prop_assert_eq!(hex(&signer, &body, &plain), Ok(()));
            prop_assert_eq!(standard(&signer, &body, headers, NOW), Ok(()));

            let mut changed = body.clone();
            *place.get_mut(&mut changed) ^= 1;
            prop_assert_eq!(hex(&signer, &changed, &plain), Err(SignatureError::Mismatch));
            prop_assert_eq!(standard(&signer, &changed, headers, NOW), Err(SignatureError::Mismatch));
        }

        #[test]
        fn no_header_text_panics(text in ".{0,80}", time in ".{0,20}") {
            let headers = StandardHeaders { id: &text, timestamp: &time, signatures: &text };
            prop_assert!(standard(&signer(1), b"", headers, NOW).is_err());
            prop_assert!(hex(&signer(1), b"", &text).is_err());
        }
    }
}
