//! What the doctor finds: each with a name for programs, and a sentence that says what went wrong and what to do.
//!
//! Responsible for the words. Refuses to look at webhooks: the other rooms do. Called by them, and by whoever shows a finding.

use super::json::{Sign, Writer};
use crate::headers::HeaderName;
use crate::verify::TIMESTAMP_TOLERANCE_SECONDS;

/// What a signature that does not hold most likely comes from. Its `Display` says that to people, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Finding {
    /// The hex signature's digits are in upper case.
    #[error("the digits are sent in lower case: something changed them; compare them as they come")]
    UpperCase,
    /// The 64 digits have something before or after them, such as `sha256=`.
    #[error("the header holds the 64 digits alone: leave out what stands around them, as other services have it")]
    Prefix,
    /// A hex header holds a Standard Webhooks signature, or a base64 one.
    #[error("this header holds 64 hex digits: a signature in base64 is the one of the header webhook-signature")]
    Base64InHexHeader,
    /// `webhook-signature` holds 64 hex digits.
    #[error(
        "this header holds `v1,` and base64: 64 hex digits are the signature of the header X-Sentry-Hook-Signature"
    )]
    HexInStandardHeader,
    /// A base64 signature in `webhook-signature` has no `v1,` before it.
    #[error("a signature in this header begins with `v1,`: take the header's whole value")]
    VersionMissing,
    /// The base64 has another alphabet or other padding than the standard one.
    #[error("the base64 has `+`, `/` and a final `=`: something wrote it as URLs have it, or left the `=` out")]
    OtherBase64,
    /// The signature's text was encoded once more.
    #[error("it is encoded twice: encode the 32 bytes of the HMAC, not the text that was made of them already")]
    EncodedTwice,
    /// The header is there and empty.
    #[error("the header is empty: look at what fills it in, and for proxies that clear it")]
    EmptyHeader,
    /// The header's value has no form that a signature may have.
    #[error(
        "a signature is 64 hex digits, or `v1,` and 44 characters of base64: take the header's value, whole and alone"
    )]
    NotASignature,

    /// Nothing is there of the body.
    #[error(
        "the body is empty: take the bytes as they arrived; a stream that something has read before, such as a JSON parser, gives none"
    )]
    EmptyBody,
    /// The body has a newline at its end that was not signed.
    #[error("it matches without the newline at the end: something added one, such as an editor or `echo`")]
    NewlineAdded,
    /// The body lacks a newline at its end that was signed.
    #[error("it matches with a newline at the end: something took it away")]
    NewlineLost,
    /// The body has blanks around it that were not signed.
    #[error("it matches without the blanks around the body: something added them")]
    BlanksAdded,
    /// The body has `\r\n` where `\n` was signed.
    #[error("it matches with \\n for each \\r\\n: something changed the line ends")]
    LineEndsAdded,
    /// The body has `\n` where `\r\n` was signed.
    #[error("it matches with \\r\\n for each \\n: something changed the line ends")]
    LineEndsLost,
    /// The body begins with a byte order mark that was not signed.
    #[error("it matches without the byte order mark at the beginning: something that saves text added it")]
    ByteOrderMark,
    /// The body is the base64 of what was signed.
    #[error(
        "it matches what the body is the base64 of: decode it first, as where a gateway hands bodies over in base64"
    )]
    Base64Body,
    /// The body is a JSON string that holds what was signed.
    #[error("it matches the text inside the JSON string that the body is: take the string's value, as bytes")]
    BodyInJsonString,
    /// The body was read as Latin-1 and written as UTF-8.
    #[error(
        "it matches the body with its bytes taken for UTF-8, not for Latin-1: something read them in another encoding"
    )]
    Recoded,
    /// The body was parsed and written again; written as the sender does, it is what was signed.
    #[error(
        "it matches the body written as Watchfire writes it: something parsed the body and wrote it again; check the bytes as they \
         arrive, before anything reads them as JSON"
    )]
    Reserialised,
    /// The signature was made over the body as this program would write it again.
    #[error(
        "it was made over the body as {0} would write it again: sign and check the bytes as they are, not what a parser made of them"
    )]
    SignedReserialised(Writer),
    /// The body was parsed and written again, so that what was signed cannot be told from it.
    #[error(
        "the body looks parsed and written again ({0}), which cannot be undone: check the bytes as they arrive, before anything reads \
         them as JSON"
    )]
    LooksReserialised(Sign),

    /// It was made with the hook's secret before the rotation, whose overlap has ended.
    #[error("it was made with the secret before the rotation, whose overlap has ended: take the present secret")]
    PreviousSecret,
    /// It holds by the secret before the rotation, whose overlap has not ended.
    #[error(
        "made with the secret before the rotation, as hex signatures are until its overlap ends: accept both secrets until then"
    )]
    RotationOverlaps,
    /// It was made with another secret that the doctor knows.
    #[error("it was made with the secret of {of}: take the secret of the hook that sends")]
    OtherSecret {
        /// Whose it is, as the doctor was told.
        of: String,
    },
    /// It was made with a secret that the doctor does not know: another signature of the same webhook holds.
    #[error(
        "another signature of this webhook holds, so this one was made with another secret: while a rotation overlaps hex signatures are \
         made with the previous one, and either is to be accepted"
    )]
    UnknownSecret,
    /// The key was the 32 bytes that the secret's hex decodes to.
    #[error("it was made with the secret's hex decoded to 32 bytes: the key is the 64 digits as text")]
    DecodedKey,
    /// The key was the secret's hex decoded as base64.
    #[error(
        "it was made with the secret's digits decoded as base64: give the library the hook's `signingSecret` (whsec_…), not its `secret`"
    )]
    Base64Key,
    /// The key was the text `whsec_…`, or that text without its beginning.
    #[error(
        "it was made with the text of the signing secret as the key: decode the base64 after whsec_, or take the 64 digits of `secret`"
    )]
    SigningSecretText,
    /// The key was the secret with a newline at its end.
    #[error("it was made with a newline after the secret: trim what is read from the file or variable")]
    SecretWithNewline,
    /// The key was the secret in quotes.
    #[error("it was made with quotes around the secret: take them away in the file or variable that holds it")]
    SecretInQuotes,
    /// The key was the secret in upper case.
    #[error("it was made with the secret in upper case: the key is its digits as they are, in lower case")]
    UpperCaseSecret,
    /// The key was empty.
    #[error("it was made with an empty key: what should hold the secret was empty, or not read")]
    EmptySecret,

    /// The signature is right, its timestamp too far back.
    #[error(
        "the signature is right, and older than the {TIMESTAMP_TOLERANCE_SECONDS} s that are allowed: a replay, a wrong clock, or a \
         webhook that is looked at later, which is no fault"
    )]
    TimestampOld,
    /// The signature is right, its timestamp too far ahead.
    #[error(
        "the signature is right, and more than {TIMESTAMP_TOLERANCE_SECONDS} s ahead: set the clocks of both machines"
    )]
    TimestampAhead,
    /// The timestamp counts milliseconds.
    #[error("the timestamp counts milliseconds: webhook-timestamp is in seconds; take it as it comes")]
    TimestampMillis,
    /// The timestamp is no number of seconds.
    #[error("webhook-timestamp is a count of seconds since 1970, in digits: take it as it comes")]
    NotATimestamp,
    /// A header that is signed too did not come.
    #[error(
        "the header {} is missing, and it is signed too: have proxies pass it on, and look it up in any case of its letters",
        .0.display
    )]
    HeaderMissing(HeaderName),
    /// A header is not as it was signed; another one still has the value.
    #[error(
        "it matches with the value of {} as {}, which has another one: something changed that header; pass it on as it comes",
        .signed.display, .changed.display
    )]
    HeaderChanged {
        /// The one that was changed.
        changed: HeaderName,
        /// The one that has what was signed.
        signed: HeaderName,
    },
    /// `webhook-id` or `webhook-timestamp` is not as it was signed: a signature of the body alone holds.
    #[error(
        "a signature of the body alone holds, so webhook-id or webhook-timestamp is not as it was signed: pass both on as they come"
    )]
    IdOrTimestampChanged,
    /// A signature over the body alone, where id and timestamp belong to it.
    #[error(
        "it was made over the body alone: here webhook-id, webhook-timestamp and the body are signed, with dots between"
    )]
    BodyAlone,
    /// A signature over timestamp and body, where the id belongs to it.
    #[error("it was made over timestamp and body: webhook-id and a dot belong before them")]
    IdLeftOut,
    /// A signature over id and body, where the timestamp belongs to it.
    #[error("it was made over id and body: webhook-timestamp and a dot belong between them")]
    TimestampLeftOut,
    /// A signature over more than the body, where the body alone is signed.
    #[error("it was made over an id or a timestamp too: this header signs the body alone")]
    MoreThanBody,

    /// None of what usually happens.
    #[error(
        "none of what usually happens explains it: compare the secret with the hook's, and give the bytes as they arrived"
    )]
    Unexplained,
}

impl Finding {
    /// The finding's name, for programs: it does not change.
    pub fn name(&self) -> &'static str {
        match self {
            Finding::UpperCase => "upper_case",
            Finding::Prefix => "prefix",
            Finding::Base64InHexHeader => "base64_in_hex_header",
            Finding::HexInStandardHeader => "hex_in_standard_header",
            Finding::VersionMissing => "version_missing",
            Finding::OtherBase64 => "other_base64",
            Finding::EncodedTwice => "encoded_twice",
            Finding::EmptyHeader => "empty_header",
            Finding::NotASignature => "not_a_signature",
            Finding::EmptyBody => "empty_body",
            Finding::NewlineAdded => "newline_added",
            Finding::NewlineLost => "newline_lost",
            Finding::BlanksAdded => "blanks_added",
            Finding::LineEndsAdded => "line_ends_added",
            Finding::LineEndsLost => "line_ends_lost",
            Finding::ByteOrderMark => "byte_order_mark",
            Finding::Base64Body => "base64_body",
            Finding::BodyInJsonString => "body_in_json_string",
            Finding::Recoded => "recoded",
            Finding::Reserialised => "reserialised",
            Finding::SignedReserialised(_) => "signed_reserialised",
            Finding::LooksReserialised(_) => "looks_reserialised",
            Finding::PreviousSecret => "previous_secret",
            Finding::RotationOverlaps => "rotation_overlaps",
            Finding::OtherSecret { .. } => "other_secret",
            Finding::UnknownSecret => "unknown_secret",
            Finding::DecodedKey => "decoded_key",
            Finding::Base64Key => "base64_key",
            Finding::SigningSecretText => "signing_secret_text",
            Finding::SecretWithNewline => "secret_with_newline",
            Finding::SecretInQuotes => "secret_in_quotes",
            Finding::UpperCaseSecret => "upper_case_secret",
            Finding::EmptySecret => "empty_secret",
            Finding::TimestampOld => "timestamp_old",
            Finding::TimestampAhead => "timestamp_ahead",
            Finding::TimestampMillis => "timestamp_millis",
            Finding::NotATimestamp => "not_a_timestamp",
            Finding::HeaderMissing(_) => "header_missing",
            Finding::HeaderChanged { .. } => "header_changed",
            Finding::IdOrTimestampChanged => "id_or_timestamp_changed",
            Finding::BodyAlone => "body_alone",
            Finding::IdLeftOut => "id_left_out",
            Finding::TimestampLeftOut => "timestamp_left_out",
            Finding::MoreThanBody => "more_than_body",
            Finding::Unexplained => "unexplained",
        }
    }
}
