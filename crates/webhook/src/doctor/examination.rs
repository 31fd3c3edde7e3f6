//! What comes of an examination, for people and for programs.
//!
//! Responsible for the JSON that the API and `verify --json` give. Called by `mod`, and by who shows it.

use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};

use super::finding::Finding;
use crate::headers::{HeaderName, WEBHOOK_SIGNATURE};
use crate::verify::SignatureError;

/// What a doctor found out about a webhook. As JSON: `{"valid", "signatures": [{"header", "valid", "reason", "finding", "advice"}]}`,
/// where the last three are null if there is nothing to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Examination {
    /// One for each signature header that came; empty where none did.
    pub signatures: Vec<Diagnosis>,
}

/// What a doctor found out about one signature header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The header.
    pub header: HeaderName,
    /// Whether what it holds is a signature of the body.
    pub verdict: Verdict,
}

/// Whether a signature holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It does.
    Valid(By),
    /// It does not.
    NotValid {
        /// What the check says.
        reason: SignatureError,
        /// What it most likely comes from.
        finding: Finding,
    },
}

/// Which secret a signature holds by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The present one.
    Present,
    /// The one before a rotation, whose overlap has not ended.
    Overlapping,
}

impl Examination {
    /// Whether a receiver takes the webhook: one header that holds is enough, as while a secret is rotated.
    pub fn is_valid(&self) -> bool {
        self.signatures.iter().any(Diagnosis::is_valid)
    }

    /// Explains a signature that nothing else does by another one that holds: the body is then as it was sent.
    pub(super) fn compared(mut self) -> Self {
        let of_standard = |diagnosis: &Diagnosis| diagnosis.header == WEBHOOK_SIGNATURE;
        let valid = || self.signatures.iter().filter(|diagnosis| diagnosis.is_valid());
        let (hex_holds, any_holds) = (valid().any(|diagnosis| !of_standard(diagnosis)), valid().next().is_some());
        for diagnosis in &mut self.signatures {
            let is_standard = of_standard(diagnosis);
            match &mut diagnosis.verdict {
                Verdict::NotValid {
                    finding: finding @ (Finding::Unexplained | Finding::LooksReserialised(_)), ..
                } => {
                    if is_standard && hex_holds {
                        *finding = Finding::IdOrTimestampChanged;
                    } else if any_holds {
                        *finding = Finding::UnknownSecret;
                    }
                }
                Verdict::NotValid { .. } | Verdict::Valid(_) => {}
            }
        }
        self
    }
}

impl Diagnosis {
    /// Whether it is a signature of the body.
    pub fn is_valid(&self) -> bool {
        match self.verdict {
            Verdict::Valid(_) => true,
            Verdict::NotValid { .. } => false,
        }
    }

    /// What the check says against it.
    pub fn reason(&self) -> Option<SignatureError> {
        match self.verdict {
            Verdict::Valid(_) => None,
            Verdict::NotValid { reason, .. } => Some(reason),
        }
    }

    /// What is to be said about it: always something where it does not hold.
    pub fn finding(&self) -> Option<&Finding> {
        match &self.verdict {
            Verdict::Valid(By::Present) => None,
            Verdict::Valid(By::Overlapping) => Some(&Finding::RotationOverlaps),
            Verdict::NotValid { finding, .. } => Some(finding),
        }
    }
}

impl Serialize for Examination {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Examination", 2)?;
        object.serialize_field("valid", &self.is_valid())?;
        object.serialize_field("signatures", &self.signatures)?;
        object.end()
    }
}

impl Serialize for Diagnosis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Diagnosis", 5)?;
        object.serialize_field("header", self.header.display)?;
        object.serialize_field("valid", &self.is_valid())?;
        object.serialize_field("reason", &self.reason().map(|reason| reason.to_string()))?;
        object.serialize_field("finding", &self.finding().map(Finding::name))?;
        object.serialize_field("advice", &self.finding().map(Finding::to_string))?;
        object.end()
    }
}
