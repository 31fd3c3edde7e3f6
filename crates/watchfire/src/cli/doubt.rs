//! What is wrong with a webhook's signatures, in lines for a terminal.
//!
//! Responsible for saying once what is true of several headers. The words are the doctor's. Called by `verify` and `listen`.

use webhook::doctor::{Diagnosis, Examination};

/// What is to be said about some headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubt {
    pub(super) headers: Vec<&'static str>,
    /// What the check says; nothing where the signature holds all the same.
    pub(super) reason: Option<String>,
    pub(super) hint: String,
}

impl Doubt {
    /// All that an examination has to say.
    pub(super) fn all(examination: &Examination) -> Vec<Doubt> {
        let mut doubts: Vec<Doubt> = Vec::new();
        for diagnosis in &examination.signatures {
            let Some(doubt) = Doubt::of(diagnosis) else { continue };
            match doubts.iter_mut().find(|known| known.reason == doubt.reason && known.hint == doubt.hint) {
                Some(known) => known.headers.push(diagnosis.header.display),
                None => doubts.push(doubt),
            }
        }
        doubts
    }

    fn of(diagnosis: &Diagnosis) -> Option<Doubt> {
        let reason = diagnosis.reason().map(|reason| reason.to_string());
        let hint = diagnosis.finding()?.to_string();
        Some(Doubt { headers: vec![diagnosis.header.display], reason, hint })
    }

    /// A line, or two.
    pub(super) fn lines(&self) -> Vec<String> {
        let headers = self.headers.join(", ");
        match &self.reason {
            Some(reason) => vec![format!("{headers}: {reason}"), format!("hint: {}", self.hint)],
            None => vec![format!("{headers}: {}", self.hint)],
        }
    }
}

/// The headers that hold.
pub(super) fn valid_headers(examination: &Examination) -> Vec<&'static str> {
    let valid = examination.signatures.iter().filter(|diagnosis| diagnosis.is_valid());
    valid.map(|diagnosis| diagnosis.header.display).collect()
}
