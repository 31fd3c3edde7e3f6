//! What the body of a request is, by the door it came through and its media type.

use axum::http::{HeaderMap, header};

use super::Fault;

/// A form of body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Envelope,
    Store,
    Security,
}

impl Form {
    /// The form that the headers say: an envelope may come in at the store's door.
    pub(super) fn of(self, headers: &HeaderMap) -> Result<Form, Fault> {
        let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match self {
            Form::Store if media_type == "application/x-sentry-envelope" => Ok(Form::Envelope),
            Form::Security if !is_report(&media_type) => Err(Fault::MediaType),
            form => Ok(form),
        }
    }
}

fn is_report(media_type: &str) -> bool {
    matches!(
        media_type,
        "application/json"
            | "application/csp-report"
            | "application/reports+json"
            | "application/expect-ct-report"
            | "application/expect-ct-report+json"
            | "application/expect-staple-report"
    )
}
