//! The signature doctor: whether a webhook that somebody received is this hook's, and if not, what happened to it.
//!
//! Reads what arrived, and gives the doctor the secrets, which never leave: in the answer are only the names of findings and
//! advice. Refuses to judge by itself.

use axum::Json;
use axum::response::IntoResponse as _;
use http::HeaderMap;
use model::limits::{VERIFY_REQUEST_BYTES, VERIFY_REQUESTS};
use model::scope::Scope;
use serde_json::{Map, Value};
use store::StoreError;
use store::catalog::Hook;
use tokio::sync::Semaphore;
use webhook::doctor::{Doctor, Examination, Received};
use webhook::headers::HeaderName;

use super::super::body::Unread;
use super::super::error::{Answer, ApiError};
use super::super::fields::{Complaint, FieldErrors, Fields, Read, type_name};
use super::super::lookup::{Call, HookPath};
use super::super::note::said;

/// A large body that nothing explains takes some tenths of a second: it must not take all processors, nor much memory.
static AT_ONCE: Semaphore = Semaphore::const_new(VERIFY_REQUESTS);

const NOT_SIGNED: &str =
    "no signature among the headers: X-Sentry-Hook-Signature, X-ServiceHook-Signature or webhook-signature";

/// A webhook as somebody received it.
struct Webhook {
    body: String,
    headers: Vec<(String, String)>,
}

/// `POST …/hooks/{hook}/verify/`
pub(in super::super) async fn verify(call: Call<HookPath>, body: Unread) -> Answer {
    let hook = call.hook(&[Scope::ProjectRead]).await?;
    // Nobody closes it.
    let _turn = AT_ONCE.acquire().await.map_err(|_| ApiError::Store(StoreError::Closed))?;
    let webhook = Webhook::read(&body.json_within(VERIFY_REQUEST_BYTES).await?)?;
    let doctor = doctor(&call, &hook).await?;
    let now_unix_seconds = u64::try_from(call.api.clock.now().0 / 1000).unwrap_or(0);
    let examining = tokio::task::spawn_blocking(move || webhook.examine(&doctor, now_unix_seconds));
    let examination = examining.await.map_err(|failure| match failure.try_into_panic() {
        // A bug shows where it was called.
        Ok(panic) => std::panic::resume_unwind(panic),
        // The server is stopping.
        Err(_) => ApiError::Store(StoreError::Closed),
    })?;
    let note = if examination.signatures.is_empty() { said(NOT_SIGNED) } else { HeaderMap::new() };
    Ok((note, Json(examination)).into_response())
}

/// Knows the hook's secrets, and those of the project's other hooks by the hooks' ids.
async fn doctor(call: &Call<HookPath>, hook: &Hook) -> Answer<Doctor> {
    let secrets = hook.secrets.as_ref().map_err(|unopened| StoreError::Unopened(*unopened))?;
    let mut doctor = Doctor::new(&secrets.present);
    if let Some(previous) = &secrets.previous {
        doctor = match hook.previous_at(call.api.clock.now()) {
            Some(_) => doctor.with_overlapping(&previous.secret),
            None => doctor.with_ended(&previous.secret),
        };
    }
    let others = call.api.store.hooks(hook.project).await?;
    let others = others.iter().filter(|other| other.number != hook.number);
    let others = others.filter_map(|other| Some((other.guid, &other.secrets.as_ref().ok()?.present)));
    Ok(others.fold(doctor, |doctor, (guid, secret)| doctor.with_other(format!("the hook {guid}"), secret)))
}

impl Webhook {
    fn read(request: &Value) -> Result<Self, FieldErrors> {
        let mut fields = Fields::of(request)?;
        let (body, headers) = (fields.required("body", bytes_as_text), fields.required("headers", headers));
        fields.finish(body.zip(headers)).map(|(body, headers)| Self { body, headers })
    }

    fn examine(&self, doctor: &Doctor, now_unix_seconds: u64) -> Examination {
        let value = |name: HeaderName| {
            let mut headers = self.headers.iter();
            headers.find(|(known, _)| known.eq_ignore_ascii_case(name.wire)).map(|(_, value)| value.as_str())
        };
        doctor.examine(&Received::new(self.body.as_bytes(), value), now_unix_seconds)
    }
}

/// The body, to the byte.
fn bytes_as_text(value: &Value) -> Read<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        other => {
            let kind = type_name(other);
            Err(Complaint::new(format!(
                "Expected the text of the body as it arrived, but got {kind}: what is parsed has lost its bytes."
            )))
        }
    }
}

/// Name → value, or the list of values that some frameworks keep of each header.
fn headers(value: &Value) -> Read<Vec<(String, String)>> {
    let Value::Object(members) = value else {
        let kind = type_name(value);
        return Err(Complaint::new(format!(
            "Expected a dictionary of header names and values but got type \"{kind}\"."
        )));
    };
    read_all(members)
}

fn read_all(members: &Map<String, Value>) -> Read<Vec<(String, String)>> {
    let one = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    let read = |(name, value): (&String, &Value)| {
        let text = match value {
            Value::Array(values) => values.iter().map(one).collect::<Option<Vec<_>>>().map(|values| values.join(" ")),
            other => one(other),
        };
        let text = text.ok_or_else(|| Complaint::new("Not a valid string.").within(name))?;
        Ok((name.trim().to_owned(), text))
    };
    members.iter().map(read).collect()
}
