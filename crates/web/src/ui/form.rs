//! Forms: read, and known to come from a page of ours.
//!
//! A form is taken only with the session's own token, as a field or as the header that htmx sends, and not from a page of another
//! origin where the browser says which.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use http_body_util::{BodyExt as _, Limited};
use url::form_urlencoded;

use super::Ui;
use super::csrf::{FIELD, HEADER};
use super::problem::Problem;
use crate::auth::Visitor;

/// The most bytes of a form: a body to look at with the signature doctor is the longest there is.
const FORM_BYTES_MAX: usize = 4 << 20;

/// The fields of a form, in their order. Nothing is known of who sent it yet: see [`Form::checked`].
pub(super) struct Form {
    fields: Vec<(String, String)>,
    token: Option<String>,
    is_foreign: bool,
}

impl FromRequest<Arc<Ui>> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, ui: &Arc<Ui>) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, FORM_BYTES_MAX).collect().await.map_err(|_| Problem::BadForm)?.to_bytes();
        let token = parts.headers.get(HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let is_foreign = is_foreign(&parts.headers, &ui.state.base_url);
        Ok(Form { fields: fields(&body), token, is_foreign })
    }
}

fn fields(body: &Bytes) -> Vec<(String, String)> {
    // Browsers end lines of a textarea with CR LF; nobody typed the CR.
    let unix = |text: &str| text.replace("\r\n", "\n");
    form_urlencoded::parse(body).map(|(name, value)| (name.into_owned(), unix(&value))).collect()
}

/// Whether the browser says that another site's page sent this. Where it says nothing, the token decides alone.
fn is_foreign(headers: &HeaderMap, base_url: &str) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("sec-fetch-site") {
        Some(site) => !matches!(site, "same-origin" | "none"),
        None => text("origin").is_some_and(|origin| !is_ours(origin, headers, base_url)),
    }
}

fn is_ours(origin: &str, headers: &HeaderMap, base_url: &str) -> bool {
    let host = headers.get(http::header::HOST).and_then(|value| value.to_str().ok());
    let named = origin.split_once("://").map(|(_, host)| host);
    base_url.starts_with(origin) || (named.is_some() && named == host)
}

impl Form {
    /// The form, if it was sent from a page of this visitor's.
    pub(super) fn checked(self, visitor: &Visitor) -> Result<Form, Problem> {
        let given = self.token.as_deref().or_else(|| self.text(FIELD)).unwrap_or_default();
        if !self.is_foreign && visitor.is_csrf(given) { Ok(self) } else { Err(Problem::Forged) }
    }

    /// The same where nobody is signed in: all that can be said is that no other site's page sent it.
    pub(super) fn checked_without_visitor(self) -> Result<Form, Problem> {
        if self.is_foreign { Err(Problem::Forged) } else { Ok(self) }
    }

    /// A field as it was typed, if it was sent.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// A field without blanks around it; empty where it was not sent.
    pub(super) fn trimmed(&self, name: &str) -> &str {
        self.text(name).unwrap_or_default().trim()
    }

    /// All values of a field that may be sent more than once.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.as_str()).collect()
    }

    /// Whether a box is ticked.
    pub(super) fn is_ticked(&self, name: &str) -> bool {
        self.text(name).is_some()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_form_of_another_origin_is_known_by_what_the_browser_says() {
        let says = |pairs: &[(&'static str, &'static str)]| {
            let headers = pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)));
            is_foreign(&headers.collect(), "https://watch.example")
        };
        assert!(says(&[("sec-fetch-site", "cross-site")]));
        assert!(says(&[("sec-fetch-site", "same-site")]));
        assert!(!says(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(says(&[("origin", "https://evil.example")]));
        assert!(says(&[("origin", "null")]));
        assert!(!says(&[("origin", "https://watch.example")]));
        assert!(!says(&[("origin", "http://127.0.0.1:9000"), ("host", "127.0.0.1:9000")]));
        assert!(!says(&[]));
    }
}
