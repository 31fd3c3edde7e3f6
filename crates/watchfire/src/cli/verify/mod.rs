//! `watchfire verify`: whether a webhook that arrived is ours, and if not, what most likely went wrong on its way.
//!
//! Reads flags and files, and prints; what is wrong the doctor of `webhook` finds out.

mod headers;

use std::ffi::OsStr;
use std::path::PathBuf;

use clap::Args;
use model::clock::Clock;
use webhook::doctor::{Doctor, Examination, Received};
use webhook::headers as names;

use self::headers::HeaderLines;
use super::doubt::{Doubt, valid_headers};
use super::failure::{Failure, VerifyError};
use super::report;
use super::secret::{read, read_file, secret, secret_of_file};
use crate::wiring::SystemClock;

/// What is read of a body at most: many times the largest webhook.
const BODY_MAX_BYTES: u64 = 64 * 1024 * 1024;
/// What is read of headers at most.
const HEADERS_MAX_BYTES: u64 = 256 * 1024;

pub(super) const EXAMPLES: &str = "\
The body must be the bytes as they arrived, before any parsing. The secret is the hook's `secret`
(64 hex digits) or its `signingSecret` (whsec_). Where the answer is no, it says what most likely
happened: it tries what is often done to a body, a secret or a signature, such as JSON that was
written again. With --headers one signature that holds is enough; what is wrong with the others is
printed.
--json prints one object: valid, signatures [{header, valid, reason, finding, advice}].
Exit code 0: valid; 3: not valid.

Examples:
  X-Sentry-Hook-Signature (or X-ServiceHook-Signature):
    watchfire verify --secret-file secret.txt --signature 7399600edf... body.json
    curl ... | WATCHFIRE_SECRET=8fcac28a... watchfire verify --signature 7399600edf...
  webhook-signature, with the two headers that it signs too:
    watchfire verify --secret-file secret.txt --id 018cc251f400... --timestamp 1704067200 \\
        --signature 'v1,dkh6mfCHpNR7tN15iOD5Bsz8yaS16c7ueXt8i0GYL60=' body.json
  Everything that arrived, while the secret is being rotated:
    watchfire verify --secret-file new.txt --previous-secret-file old.txt \\
        --headers headers.txt body.json";

/// What `verify` is told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// File with the hook's secret; else the variable WATCHFIRE_SECRET holds it
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// File with the secret before a rotation whose overlap has not ended: it is as good
    #[arg(long, value_name = "FILE")]
    previous_secret_file: Option<PathBuf>,
    /// The signature that arrived: 64 hex digits, or the value of webhook-signature
    #[arg(long, value_name = "SIGNATURE")]
    signature: Option<String>,
    /// The value of webhook-id, for a webhook-signature
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// The value of webhook-timestamp, for a webhook-signature
    #[arg(long, value_name = "SECONDS")]
    timestamp: Option<String>,
    /// File with the headers that arrived, a line each: every signature in it is checked
    #[arg(long, value_name = "FILE")]
    headers: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// File with the body; standard input where none is given
    #[arg(value_name = "FILE")]
    body: Option<PathBuf>,
}

/// What arrived beside the body.
enum Arrived<'a> {
    /// A value of `X-Sentry-Hook-Signature`.
    Hex(&'a str),
    /// The values of the three Standard Webhooks headers.
    Standard { id: &'a str, timestamp: &'a str, signatures: &'a str },
    /// All headers.
    Headers(HeaderLines),
}

/// Checks, and says so if it holds.
pub(super) fn run(arguments: &Arguments, variable: Option<&OsStr>) -> Result<String, Failure> {
    let mut doctor = Doctor::new(&secret(arguments.secret_file.as_deref(), variable)?);
    if let Some(file) = &arguments.previous_secret_file {
        doctor = doctor.with_overlapping(&secret_of_file(file)?);
    }
    let arrived = Arrived::of(arguments)?;
    let body = match &arguments.body {
        Some(path) => read_file("read the body", path, BODY_MAX_BYTES)?,
        None => read("standard input", std::io::stdin().lock(), BODY_MAX_BYTES, |source| Failure::Standard {
            doing: "read the body from standard input",
            source,
        })?,
    };
    let now_unix_seconds = u64::try_from(SystemClock::default().wall().0 / 1000).unwrap_or(0);
    let examination = doctor.examine(&arrived.with(&body), now_unix_seconds);
    match (examination.is_valid(), arguments.json) {
        (true, true) => report::json(&examination),
        (true, false) => Ok(arrived.in_words(&examination)),
        (false, is_json) => {
            if is_json {
                report::print(&report::json(&examination)?)?;
            }
            Err(VerifyError::NotValid { examination }.into())
        }
    }
}

impl<'a> Arrived<'a> {
    fn of(arguments: &'a Arguments) -> Result<Self, Failure> {
        let Arguments { signature, id, timestamp, headers, .. } = arguments;
        match (signature.as_deref().map(str::trim), headers) {
            (Some(_), Some(_)) => Err(VerifyError::SignatureTwice.into()),
            (None, None) => Err(VerifyError::NoSignature.into()),
            (None, Some(file)) => {
                let bytes = read_file("read the headers", file, HEADERS_MAX_BYTES)?;
                Ok(Arrived::Headers(HeaderLines::read(&String::from_utf8_lossy(&bytes))))
            }
            (Some(value), None) => match (id, timestamp) {
                (Some(id), Some(timestamp)) if !is_hex(value) => {
                    Ok(Arrived::Standard { id, timestamp, signatures: value })
                }
                (None, _) | (_, None) if value.contains("v1,") => Err(VerifyError::IdOrTimestampMissing.into()),
                _ => Ok(Arrived::Hex(value)),
            },
        }
    }

    fn with(&'a self, body: &'a [u8]) -> Received<'a> {
        Received::new(body, |name| match self {
            Arrived::Hex(signature) => (name == names::SIGNATURE).then_some(*signature),
            Arrived::Standard { id, timestamp, signatures } => match name {
                names::WEBHOOK_ID => Some(*id),
                names::WEBHOOK_TIMESTAMP => Some(*timestamp),
                names::WEBHOOK_SIGNATURE => Some(*signatures),
                _ => None,
            },
            Arrived::Headers(lines) => lines.get(name),
        })
    }

    /// What is printed where it holds.
    fn in_words(&self, examination: &Examination) -> String {
        let mut text = match self {
            Arrived::Hex(_) | Arrived::Standard { .. } => "valid\n".to_owned(),
            Arrived::Headers(_) => format!("valid, by {}\n", valid_headers(examination).join(", ")),
        };
        for line in Doubt::all(examination).iter().flat_map(Doubt::lines) {
            text.push_str(&format!("  {line}\n"));
        }
        text
    }
}

fn is_hex(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_hexdigit())
}
