//! Verifying what arrives.
//!
//! Responsible for checking the three signatures over the raw body with the published code. Refuses to repair anything.
//! Called as each request is recorded.

use std::time::{SystemTime, UNIX_EPOCH};

use webhook::verify::{self, SignatureError, StandardHeaders};
use webhook::{Signer, headers};

/// What the signatures of a request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signatures {
    /// Of `X-Sentry-Hook-Signature`.
    pub hook: Result<(), SignatureError>,
    /// Of `X-ServiceHook-Signature`.
    pub service_hook: Result<(), SignatureError>,
    /// Of the Standard Webhooks headers, at the present time.
    pub standard: Result<(), SignatureError>,
}

impl Signatures {
    /// The first that does not hold.
    ///
    /// # Errors
    ///
    /// Why it does not.
    pub fn all(&self) -> Result<(), SignatureError> {
        self.hook.and(self.service_hook).and(self.standard)
    }

    pub(super) fn check<'h>(signers: &[Signer], body: &[u8], header: impl Fn(&str) -> Option<&'h str>) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        // A header that is absent fails as one that is empty.
        let value = |name: headers::HeaderName| header(name.wire).unwrap_or_default();
        let standard = StandardHeaders {
            id: value(headers::WEBHOOK_ID),
            timestamp: value(headers::WEBHOOK_TIMESTAMP),
            signatures: value(headers::WEBHOOK_SIGNATURE),
        };
        let hex = |signer: &Signer, name| verify::hex(signer, body, value(name));
        Signatures {
            hook: any(signers, |signer| hex(signer, headers::SIGNATURE)),
            service_hook: any(signers, |signer| hex(signer, headers::SERVICE_HOOK_SIGNATURE)),
            standard: any(signers, |signer| verify::standard(signer, body, standard, now)),
        }
    }
}

fn any(signers: &[Signer], check: impl Fn(&Signer) -> Result<(), SignatureError>) -> Result<(), SignatureError> {
    signers.iter().map(check).reduce(Result::or).unwrap_or(Err(SignatureError::Mismatch))
}
