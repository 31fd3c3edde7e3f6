//! Why a signature does not hold, or could not be checked.

use webhook::BadSecret;
use webhook::verify::SignatureError;

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
    /// The signature does not hold for these bytes.
    #[error("not valid: {reason}{}", hint.map(|hint| format!("\n  hint: {hint}")).unwrap_or_default())]
    NotValid {
        /// What is wrong.
        reason: SignatureError,
        /// What it most likely comes from.
        hint: Option<Hint>,
    },
}

/// What a wrong signature most likely comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Hint {
    /// A prefix as other services have it.
    #[error("the header holds the 64 digits alone: leave out everything before them")]
    Prefix,
    /// Digits in upper case.
    #[error("the digits are sent in lower case")]
    UpperCase,
    /// The bytes have a newline at the end that was not sent.
    #[error("it matches without the newline at the end: something added one, such as an editor or `echo`")]
    NewlineAdded,
    /// The bytes lack a newline at the end that was sent.
    #[error("it matches with a newline at the end: something took it away")]
    NewlineLost,
    /// Line ends were changed.
    #[error("it matches with \\n for each \\r\\n: something changed the line ends")]
    LineEnds,
    /// The signature was made with other key bytes.
    #[error("it was made with the secret's hex decoded to 32 bytes: the key is the 64 digits as text")]
    DecodedKey,
    /// The body is not there.
    #[error("the body is empty: give it as FILE or on standard input, the bytes as they arrived")]
    EmptyBody,
}

impl VerifyError {
    /// The exit code that stands for it.
    pub(super) fn exit(&self) -> Exit {
        match self {
            VerifyError::NotValid { .. } => Exit::Refused,
            VerifyError::NoSecret | VerifyError::Secret { .. } | VerifyError::SecretNotText { .. } => Exit::Usage,
            VerifyError::TooLarge { .. } => Exit::Failed,
        }
    }
}
