//! What the body of a request is, by the door it came through and its media type.

use axum::http::{HeaderMap, header};

/// A form of body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Envelope,
    Store,
    Security,
}

impl Form {
    /// The form that the headers say: an envelope may come in at the store's door. `None` where the door takes no such body.
    pub(super) fn of(self, headers: &HeaderMap) -> Option<Form> {
        let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match self {
            Form::Store if media_type == "application/x-sentry-envelope" => Some(Form::Envelope),
            Form::Security if !is_report(&media_type) => None,
            form => Some(form),
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
