//! Why a signature does not hold.
//!
//! Responsible for trying what most often happens to a body, a secret or a signature on its way, and for a sentence on each such
//! [`Finding`] that says what went wrong and what to do. It tries a fixed list, some sixty bodies and keys at most, each one change
//! away from what is there: it never searches without bound. Refuses to read a clock, and to be part of a check: [`verify`] decides
//! whether a signature holds, the doctor only explains. Called by the command line, by the API, and by receivers that want to log
//! more than "wrong".
//!
//! ```
//! use watchfire_webhook::doctor::{Doctor, Received};
//! use watchfire_webhook::{Secret, headers};
//!
//! let secret: Secret = "8fcac28aaa4c4f5fa572b61d40a8e084364db25fd37449c299e5a41c0504cbc2".parse()?;
//! let signature = "7399600edfeb77014917d19b57555cd9b4b39b78cb08b63a0d3b3a1e9ba39390";
//! // With a map of headers: |name| map.get(name.wire)?.to_str().ok()
//! let received = Received::new(b"{ }", |name| (name == headers::SIGNATURE).then_some(signature));
//! let examination = Doctor::new(&secret).examine(&received, 1_704_067_200);
//! assert!(!examination.is_valid());
//! assert_eq!(examination.signatures[0].finding().unwrap().name(), "reserialised");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bodies;
mod examination;
mod finding;
mod form;
mod json;
mod keys;

#[cfg(test)]
mod tests;

use std::cell::OnceCell;

use subtle::ConstantTimeEq as _;

use self::form::{Form, Written};
use self::json::Json;
use crate::headers::{self, HeaderName};
use crate::sign::MAC_BYTES;
use crate::verify::{self, SignatureError, StandardHeaders};
use crate::{Secret, Signer};

pub use self::examination::{By, Diagnosis, Examination, Verdict};
pub use self::finding::Finding;
pub use self::json::{Sign, Writer};

/// From here on a timestamp counts milliseconds: as seconds it would be the year 5138.
const SECONDS_MAX: u64 = 100_000_000_000;

/// Knows the secrets of a hook, and explains why a signature does not hold by them.
pub struct Doctor {
    present: Signer,
    /// The secret before a rotation whose overlap has not ended: it signs too.
    overlapping: Option<Signer>,
    /// The secret before a rotation that has ended.
    ended: Option<Signer>,
    others: Vec<(String, Signer)>,
    mistaken: Vec<(Finding, Signer)>,
}

/// A webhook as it arrived: the headers that have to do with signatures, and the body's bytes.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    body: &'a [u8],
    signature: Option<&'a str>,
    service_hook_signature: Option<&'a str>,
    service_hook_timestamp: Option<&'a str>,
    delivery: Option<&'a str>,
    id: Option<&'a str>,
    timestamp: Option<&'a str>,
    signatures: Option<&'a str>,
}

impl Doctor {
    /// A doctor who knows a hook's present secret.
    pub fn new(secret: &Secret) -> Self {
        Self {
            present: Signer::new(secret),
            overlapping: None,
            ended: None,
            others: Vec::new(),
            mistaken: keys::mistaken(secret),
        }
    }

    /// Knows the secret before a rotation whose overlap has not ended: what it signed is valid too.
    #[must_use]
    pub fn with_overlapping(mut self, previous: &Secret) -> Self {
        self.overlapping = Some(Signer::new(previous));
        self
    }

    /// Knows the secret before a rotation that has ended: what it signed is not valid, and said to be what it is.
    #[must_use]
    pub fn with_ended(mut self, previous: &Secret) -> Self {
        self.ended = Some(Signer::new(previous));
        self
    }

    /// Knows another secret that may have been confused with the hook's, and whose it is: `the hook on https://…`. Each costs an
    /// HMAC of the body for each signature that does not hold.
    #[must_use]
    pub fn with_other(mut self, of: impl Into<String>, secret: &Secret) -> Self {
        self.others.push((of.into(), Signer::new(secret)));
        self
    }

    /// Looks at every signature that a webhook came with, at `now` in Unix seconds.
    ///
    /// A signature that holds costs its check. One that does not costs some sixty HMACs of the body, and half as many writings of it
    /// where it is JSON (of up to 4 MiB): for a body of 1 MiB a fifth of a second.
    /// Whoever reaches a receiver can make it pay that, so one that asks should ask for small bodies and a few at a time.
    pub fn examine(&self, received: &Received<'_>, now_unix_seconds: u64) -> Examination {
        let visit = Visit { doctor: self, received, now: now_unix_seconds, json: OnceCell::new() };
        let mut signatures: Vec<Diagnosis> = Vec::new();
        if let Some(value) = received.signature {
            signatures.push(Diagnosis { header: headers::SIGNATURE, verdict: visit.hex(value) });
        }
        if let Some(value) = received.service_hook_signature {
            // Our sender gives both the same value.
            let known = signatures.first().filter(|_| received.signature == Some(value));
            let verdict = known.map_or_else(|| visit.hex(value), |known| known.verdict.clone());
            signatures.push(Diagnosis { header: headers::SERVICE_HOOK_SIGNATURE, verdict });
        }
        if let Some(value) = received.signatures {
            signatures.push(Diagnosis { header: headers::WEBHOOK_SIGNATURE, verdict: visit.standard(value) });
        }
        Examination { signatures }.compared()
    }
}

impl<'a> Received<'a> {
    /// A webhook with this body, whose headers can be looked up. Values are taken without the blanks around them.
    pub fn new(body: &'a [u8], header: impl Fn(HeaderName) -> Option<&'a str>) -> Self {
        let value = |name| header(name).map(str::trim);
        Self {
            body,
            signature: value(headers::SIGNATURE),
            service_hook_signature: value(headers::SERVICE_HOOK_SIGNATURE),
            service_hook_timestamp: value(headers::SERVICE_HOOK_TIMESTAMP),
            delivery: value(headers::DELIVERY),
            id: value(headers::WEBHOOK_ID),
            timestamp: value(headers::WEBHOOK_TIMESTAMP),
            signatures: value(headers::WEBHOOK_SIGNATURE),
        }
    }
}

/// One webhook at one doctor's.
struct Visit<'v> {
    doctor: &'v Doctor,
    received: &'v Received<'v>,
    now: u64,
    /// Read once, if any signature needs it.
    json: OnceCell<Option<Json<'v>>>,
}

/// The signatures that one of our own has to be equal to.
struct Wanted(Vec<[u8; MAC_BYTES]>);

/// What stands before the body in what is signed, each part with a dot after it.
#[derive(Clone, Copy)]
struct Before<'v>(&'v [&'v str]);

impl Visit<'_> {
    fn hex(&self, value: &str) -> Verdict {
        let check = |signer: &Signer| verify::hex(signer, self.received.body, value);
        self.verdict(check, |_| match form::read(value) {
            Some(Written { mac, form: Form::Hex }) => self.search_hex(&Wanted(vec![mac])),
            Some(Written { form, .. }) => match form {
                Form::UpperHex => Finding::UpperCase,
                Form::Hex | Form::HexAmongOthers => Finding::Prefix,
                Form::Versioned | Form::Base64 | Form::OtherBase64 => Finding::Base64InHexHeader,
                Form::EncodedTwice => Finding::EncodedTwice,
            },
            None => no_signature(value),
        })
    }

    fn standard(&self, value: &str) -> Verdict {
        let (id, timestamp) = (self.received.id.unwrap_or_default(), self.received.timestamp.unwrap_or_default());
        let signed = StandardHeaders { id, timestamp, signatures: value };
        let body = self.received.body;
        // A signature that is wrong at its own time too is not wrong because of its age.
        let check = |signer: &Signer| match verify::standard(signer, body, signed, self.now) {
            Err(error @ (SignatureError::TooOld(_) | SignatureError::TooNew(_))) => {
                let then = timestamp.parse().unwrap_or(self.now);
                verify::standard(signer, body, signed, then).and(Err(error))
            }
            other => other,
        };
        self.verdict(check, |reason| match reason {
            _ if self.received.id.is_none() => Finding::HeaderMissing(headers::WEBHOOK_ID),
            _ if self.received.timestamp.is_none() => Finding::HeaderMissing(headers::WEBHOOK_TIMESTAMP),
            SignatureError::BadTimestamp => Finding::NotATimestamp,
            SignatureError::TooNew(_) if self.counts_millis() => Finding::TimestampMillis,
            SignatureError::TooNew(_) => Finding::TimestampAhead,
            SignatureError::TooOld(_) => Finding::TimestampOld,
            SignatureError::Mismatch | SignatureError::NoVersionOne | SignatureError::NotHex => {
                let written: Vec<Written> = value.split(' ').filter_map(form::read).collect();
                let right = written.iter().filter(|written| written.form == Form::Versioned).map(|written| written.mac);
                let wanted = Wanted(right.collect());
                match written.first() {
                    _ if !wanted.0.is_empty() => self.search_standard(&wanted, id, timestamp),
                    Some(Written { form, .. }) => match form {
                        Form::Hex | Form::UpperHex | Form::HexAmongOthers => Finding::HexInStandardHeader,
                        Form::Versioned | Form::Base64 => Finding::VersionMissing,
                        Form::OtherBase64 => Finding::OtherBase64,
                        Form::EncodedTwice => Finding::EncodedTwice,
                    },
                    None => no_signature(value),
                }
            }
        })
    }

    /// The verdict by the secrets that count, with a finding where none does.
    fn verdict(
        &self,
        check: impl Fn(&Signer) -> Result<(), SignatureError>,
        find: impl FnOnce(SignatureError) -> Finding,
    ) -> Verdict {
        match (check(&self.doctor.present), self.doctor.overlapping.as_ref().map(&check)) {
            (Ok(()), _) => Verdict::Valid(By::Present),
            (Err(_), Some(Ok(()))) => Verdict::Valid(By::Overlapping),
            // Its age is a better reason than that another secret does not fit.
            (Err(SignatureError::Mismatch), Some(Err(reason))) | (Err(reason), _) => {
                Verdict::NotValid { reason, finding: find(reason) }
            }
        }
    }

    fn search_hex(&self, wanted: &Wanted) -> Finding {
        let Received { id, timestamp, service_hook_timestamp, .. } = *self.received;
        let parts = [id.unwrap_or_default(), timestamp.or(service_hook_timestamp).unwrap_or_default()];
        let more = [&parts[..], &parts[..1], &parts[1..]];
        let others =
            more.into_iter().filter(|parts| !parts.contains(&"")).map(|parts| (Finding::MoreThanBody, Before(parts)));
        self.search(wanted, Before(&[]), &others.collect::<Vec<_>>())
    }

    fn search_standard(&self, wanted: &Wanted, id: &str, timestamp: &str) -> Finding {
        let changed = |changed, signed| Finding::HeaderChanged { changed, signed };
        let by_delivery = [self.received.delivery.unwrap_or(id), timestamp];
        let by_service_hook = [id, self.received.service_hook_timestamp.unwrap_or(timestamp)];
        let others = [
            (Finding::BodyAlone, Before(&[])),
            (Finding::IdLeftOut, Before(&[timestamp])),
            (Finding::TimestampLeftOut, Before(&[id])),
            (changed(headers::WEBHOOK_ID, headers::DELIVERY), Before(&by_delivery)),
            (changed(headers::WEBHOOK_TIMESTAMP, headers::SERVICE_HOOK_TIMESTAMP), Before(&by_service_hook)),
        ];
        self.search(wanted, Before(&[id, timestamp]), &others)
    }

    /// Looks for what gives a wanted signature: another key, other parts before the body, another body.
    fn search(&self, wanted: &Wanted, before: Before<'_>, others: &[(Finding, Before<'_>)]) -> Finding {
        let (doctor, body) = (self.doctor, self.received.body);
        let gives = |signer: &Signer, before: Before<'_>, body: &[u8]| wanted.has(&before.sign(signer, body));
        if doctor.ended.as_ref().is_some_and(|signer| gives(signer, before, body)) {
            return Finding::PreviousSecret;
        }
        if let Some((finding, _)) = doctor.mistaken.iter().find(|(_, signer)| gives(signer, before, body)) {
            return finding.clone();
        }
        let trusted: Vec<&Signer> = std::iter::once(&doctor.present).chain(&doctor.overlapping).collect();
        let is_trusted = |before, body: &[u8]| trusted.iter().any(|signer| gives(signer, before, body));
        if let Some((finding, _)) = others.iter().find(|(_, before)| is_trusted(*before, body)) {
            return finding.clone();
        }
        let json = self.json.get_or_init(|| Json::read(body)).as_ref();
        if let Some((finding, _)) = bodies::changed(body, json).find(|(_, body)| is_trusted(before, body)) {
            return finding;
        }
        if let Some((of, _)) = doctor.others.iter().find(|(_, signer)| gives(signer, before, body)) {
            return Finding::OtherSecret { of: of.clone() };
        }
        match json.and_then(Json::sign) {
            _ if body.is_empty() => Finding::EmptyBody,
            Some(sign) => Finding::LooksReserialised(sign),
            None => Finding::Unexplained,
        }
    }

    fn counts_millis(&self) -> bool {
        self.received.timestamp.and_then(|text| text.parse::<u64>().ok()).is_some_and(|time| time >= SECONDS_MAX)
    }
}

impl Wanted {
    fn has(&self, mac: &[u8; MAC_BYTES]) -> bool {
        self.0.iter().any(|wanted| wanted.ct_eq(mac).into())
    }
}

impl Before<'_> {
    fn sign(self, signer: &Signer, body: &[u8]) -> [u8; MAC_BYTES] {
        let before = self.0.iter().flat_map(|part| [part.as_bytes(), b"."]);
        signer.mac(&before.chain([body]).collect::<Vec<_>>())
    }
}

fn no_signature(value: &str) -> Finding {
    if value.is_empty() { Finding::EmptyHeader } else { Finding::NotASignature }
}
