//! Who is let in: the key in the request or in the envelope, the project in the path, the origin of a browser.

use std::sync::Arc;

use axum::http::{HeaderMap, header, request};
use model::ids::ProjectId;
use pipeline::{Directory, ProjectEntry};
use protocol::PublicKey;
use protocol::auth::{AuthError, Credentials, Sources, credentials};
use protocol::envelope::EnvelopeHeader;

use super::key_rate::Limited;
use super::{Fault, Ingest};

/// What the request itself says about its sender.
pub(super) struct Caller {
    project: Option<ProjectId>,
    key: Option<PublicKey>,
}

/// A key that is accepted, and its project.
pub(super) struct Admitted {
    pub(super) key: PublicKey,
    pub(super) limited: Limited,
    pub(super) project: Arc<ProjectEntry>,
}

/// Reads path and credentials.
pub(super) fn caller(project: Option<&str>, head: &request::Parts) -> Result<Caller, Fault> {
    let project = project.map(|text| text.parse().map_err(|_| Fault::ProjectId)).transpose()?;
    let value = |name: &str| head.headers.get(name).map(|value| value.as_bytes());
    let sources = Sources {
        x_sentry_auth: value("x-sentry-auth"),
        authorization: value("authorization"),
        query: head.uri.query(),
    };
    let key = match credentials(&sources) {
        Ok(found) => Some(found.public_key),
        // The envelope's header may still name a DSN.
        Err(AuthError::Missing) => None,
        Err(error) => return Err(Fault::Auth(error)),
    };
    Ok(Caller { project, key })
}

impl Caller {
    /// Lets the request in before its body is read, where it has credentials.
    pub(super) fn admit(&self, ingest: &Ingest, head: &request::Parts) -> Result<Option<Admitted>, Fault> {
        let Some(key) = self.key else { return Ok(None) };
        self.admit_key(&ingest.directory.current(), key, head).map(Some)
    }

    /// Lets the request in by the DSN of its envelope.
    pub(super) fn admit_by_envelope(
        &self,
        ingest: &Ingest,
        head: &request::Parts,
        envelope: &EnvelopeHeader,
    ) -> Result<Admitted, Fault> {
        let dsn = envelope.dsn.as_ref().ok_or(Fault::Auth(AuthError::Missing))?;
        self.admit_key(&ingest.directory.current(), dsn.public_key(), head)
    }

    /// Where request and envelope both name a key or a project, they must be the same.
    pub(super) fn check_envelope(&self, admitted: &Admitted, envelope: &EnvelopeHeader) -> Result<(), Fault> {
        let Some(dsn) = &envelope.dsn else { return Ok(()) };
        let known = Credentials { public_key: admitted.key, version: protocol::auth::PROTOCOL_VERSION, client: None };
        let project = u64::try_from(admitted.project.project.id.get()).unwrap_or(0);
        known.agree_with(dsn, project).map_err(Fault::Auth)
    }

    fn admit_key(&self, directory: &Directory, key: PublicKey, head: &request::Parts) -> Result<Admitted, Fault> {
        let known = directory.key(key).filter(|known| known.active).ok_or(Fault::UnknownKey)?;
        if self.project.is_some_and(|project| project != known.project) {
            return Err(Fault::WrongProject);
        }
        let project = directory.project(known.project).ok_or(Fault::UnknownKey)?;
        if !origin_is_allowed(&head.headers, &project.project.allowed_domains) {
            return Err(Fault::Origin);
        }
        Ok(Admitted { key, limited: Limited::new(key, known.rate_limit), project: Arc::clone(project) })
    }
}

/// No origin is any program that is not a browser.
fn origin_is_allowed(headers: &HeaderMap, allowed: &[String]) -> bool {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let Some(origin) = text(header::ORIGIN).or_else(|| text(header::REFERER)) else { return true };
    if allowed.iter().any(|entry| entry == "*") {
        return true;
    }
    let Ok(url) = url::Url::parse(origin) else { return true };
    if !matches!(url.scheme(), "http" | "https") {
        return true;
    }
    let host = url.host_str().unwrap_or_default();
    allowed.iter().any(|entry| match entry.split_once("://") {
        Some((scheme, domain)) => scheme == url.scheme() && (domain == "*" || domain == host),
        None => entry == host || entry.strip_prefix("*.").is_some_and(|parent| is_below(host, parent)),
    })
}

fn is_below(host: &str, parent: &str) -> bool {
    host.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}
