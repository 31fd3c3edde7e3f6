//! Whether a webhook's signatures hold, in the words of `verify`.
//!
//! One header that holds is enough, as for any receiver: while a secret is rotated the hex headers are still made with the
//! old one, and only the Standard Webhooks header knows the new one. Called by `receive`.

use http::HeaderMap;
use webhook::doctor::{Doctor, Received};
use webhook::headers::HeaderName;

use crate::cli::doubt::{Doubt, valid_headers};

/// Knows the secret, if there is one.
pub(super) struct Judge {
    pub(super) doctor: Option<Doctor>,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is no secret to check with.
    NotChecked,
    /// It is ours.
    Valid {
        /// The headers that hold.
        by: Vec<&'static str>,
        /// What is to be said about the others.
        doubts: Vec<Doubt>,
    },
    /// No header holds.
    NotValid(Vec<Doubt>),
    /// There is no header to check.
    NotSigned,
}

impl Judge {
    /// Judges the headers against the body as it arrived.
    pub(super) fn judge(&self, headers: &HeaderMap, body: &[u8], now_unix_seconds: u64) -> Verdict {
        let Some(doctor) = &self.doctor else { return Verdict::NotChecked };
        let examination = doctor.examine(&Received::new(body, |name| text(headers, name)), now_unix_seconds);
        match (examination.is_valid(), examination.signatures.is_empty()) {
            (true, _) => Verdict::Valid { by: valid_headers(&examination), doubts: Doubt::all(&examination) },
            (false, false) => Verdict::NotValid(Doubt::all(&examination)),
            (false, true) => Verdict::NotSigned,
        }
    }
}

impl Verdict {
    /// Whether the webhook may be somebody else's although a secret was given.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Verdict::NotValid(_) | Verdict::NotSigned)
    }
}

/// A header's value; one that is no text is the same as none.
pub(super) fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name.wire)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use webhook::{Secret, Signer, headers};

    use super::*;

    const NOW: u64 = 1_704_067_200;

    fn secret(byte: u8) -> Secret {
        Secret::from_random([byte; 32])
    }

    fn signed(by: &Secret, standard_by: &Secret, time: u64) -> HeaderMap {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (hex, time) = (text(&Signer::new(by).hex(b"{}")), time.to_string());
        let dated = text(&Signer::new(standard_by).standard("d1", &time, b"{}"));
        [
            (headers::SIGNATURE, hex.as_str()),
            (headers::SERVICE_HOOK_SIGNATURE, &hex),
            (headers::WEBHOOK_ID, "d1"),
            (headers::WEBHOOK_TIMESTAMP, &time),
            (headers::WEBHOOK_SIGNATURE, &dated),
        ]
        .into_iter()
        .map(|(name, value)| (name.wire.parse().unwrap(), value.parse().unwrap()))
        .collect()
    }

    fn verdict(headers: &HeaderMap, body: &[u8]) -> Verdict {
        Judge { doctor: Some(Doctor::new(&secret(1))) }.judge(headers, body, NOW)
    }

    #[test]
    fn each_header_that_holds_is_named() {
        let by = vec!["X-Sentry-Hook-Signature", "X-ServiceHook-Signature", "webhook-signature"];
        let headers = signed(&secret(1), &secret(1), NOW);
        assert_eq!(verdict(&headers, b"{}"), Verdict::Valid { by, doubts: Vec::new() });
    }

    #[test]
    fn one_header_is_enough_and_the_doubts_about_the_others_are_kept() {
        let Verdict::Valid { by, doubts } = verdict(&signed(&secret(2), &secret(1), NOW), b"{}") else { panic!() };
        assert_eq!((by.as_slice(), doubts.len()), (&["webhook-signature"][..], 1));
        let Verdict::Valid { by, doubts } = verdict(&signed(&secret(1), &secret(1), NOW - 3600), b"{}") else {
            panic!()
        };
        assert_eq!(by.len(), 2);
        assert_eq!(doubts[0].reason.as_deref(), Some("the timestamp is 3600 seconds old"));
    }

    #[test]
    fn what_is_wrong_with_several_headers_is_said_once_with_the_doctors_hint() {
        let Verdict::NotValid(doubts) = verdict(&signed(&secret(1), &secret(1), NOW), b"{}\n") else { panic!() };
        let [doubt] = doubts.try_into().unwrap();
        assert_eq!(doubt.headers, ["X-Sentry-Hook-Signature", "X-ServiceHook-Signature", "webhook-signature"]);
        assert!(doubt.hint.contains("without the newline at the end"), "{doubt:?}");
    }

    #[test]
    fn without_a_secret_or_a_signature_nothing_is_claimed() {
        let headers = signed(&secret(2), &secret(2), NOW);
        assert_eq!(Judge { doctor: None }.judge(&headers, b"{}", NOW), Verdict::NotChecked);
        assert!(!Verdict::NotChecked.is_refusal());
        assert_eq!(verdict(&HeaderMap::new(), b"{}"), Verdict::NotSigned);
        assert!(Verdict::NotSigned.is_refusal());
    }
}
