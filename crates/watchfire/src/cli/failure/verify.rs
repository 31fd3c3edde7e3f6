//! Why a signature does not hold, or could not be checked.

use webhook::BadSecret;
use webhook::doctor::Examination;

use crate::cli::doubt::Doubt;
use crate::cli::exit::Exit;

/// A signature that was not found to hold.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// There is nothing to verify with.
    #[error("no secret: give it with --secret-file FILE, or in the variable WATCHFIRE_SECRET")]
    NoSecret,
    /// The secret is none. Its text is not repeated.
    #[error("the secret in {place} is not usable")]
    Secret {
        /// The file or the variable.
        place: String,
        /// What is wrong with it.
        source: BadSecret,
    },
    /// The secret is no text.
    #[error("the secret in {place} is not text")]
    SecretNotText {
        /// The file or the variable.
        place: String,
    },
    /// The body or the secret is larger than any is.
    #[error("{place} is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The file, or standard input.
        place: String,
        /// What is read.
        limit_bytes: u64,
    },
    /// There is nothing to check.
    #[error("no signature: give it with --signature SIGNATURE, or the headers that arrived with --headers FILE")]
    NoSignature,
    /// There is too much to check.
    #[error("--signature and --headers say the same: leave one out")]
    SignatureTwice,
    /// A Standard Webhooks signature without what it signs.
    #[error(
        "a webhook-signature also signs two other headers: give webhook-id with --id and webhook-timestamp with --timestamp"
    )]
    IdOrTimestampMissing,
    /// No signature holds for these bytes.
    #[error("{}", not_valid(examination))]
    NotValid {
        /// What is wrong with each.
        examination: Examination,
    },
}

impl VerifyError {
    /// The exit code that stands for it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            VerifyError::NotValid { .. } => Exit::Refused,
            VerifyError::NoSecret
            | VerifyError::Secret { .. }
            | VerifyError::SecretNotText { .. }
            | VerifyError::NoSignature
            | VerifyError::SignatureTwice
            | VerifyError::IdOrTimestampMissing => Exit::Usage,
            VerifyError::TooLarge { .. } => Exit::Failed,
        }
    }
}

fn not_valid(examination: &Examination) -> String {
    match Doubt::all(examination).as_slice() {
        [] => "not valid: no header holds a signature".to_owned(),
        [Doubt { headers, reason: Some(reason), hint }] if headers.len() == 1 => {
            format!("not valid: {reason}\n  hint: {hint}")
        }
        several => {
            let lines = several.iter().flat_map(Doubt::lines).map(|line| format!("\n  {line}"));
            format!("not valid{}", lines.collect::<String>())
        }
    }
}
