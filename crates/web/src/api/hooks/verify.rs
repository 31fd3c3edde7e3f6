//! The signature doctor: whether a webhook that somebody received is this hook's, and if not, what happened to it.
//!
//! Reads what arrived, and gives the doctor the secrets, which never leave: in the answer are only the names of findings and
//! advice. Refuses to judge by itself.

use std::sync::Arc;

use axum::Json;
use axum::response::IntoResponse as _;
use http::HeaderMap;
use model::limits::{VERIFY_LARGE_REQUESTS, VERIFY_REQUEST_BYTES, VERIFY_REQUESTS};
use model::scope::Scope;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::StoreError;
use store::catalog::Hook;
use tokio::sync::Semaphore;
use webhook::doctor::{Doctor, Examination, Received};
use webhook::headers::HeaderName;

use super::super::body::{BadBody, JSON_BODY_BYTES_MAX, Unread};
use super::super::error::{Answer, ApiError};
use super::super::fields::{Complaint, FieldErrors, Fields, Read, type_name};
use super::super::lookup::{Call, HookPath};
use super::super::note::said;
use super::super::refusal::Refusal;

/// How many requests the signature doctor sees at once, in this process.
pub struct DoctorPlaces {
    /// Examinations: a large body that nothing explains takes some tenths of a second, and must not take all processors.
    turns: Arc<Semaphore>,
    /// Bodies longer than those of other calls: they are held in memory, however slowly they arrive.
    large: Arc<Semaphore>,
}

impl Default for DoctorPlaces {
    fn default() -> Self {
        let of = |count| Arc::new(Semaphore::new(count));
        Self { turns: of(VERIFY_REQUESTS), large: of(VERIFY_LARGE_REQUESTS) }
    }
}

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
    let places = &call.api.doctor;
    let large = match body.is_short() {
        true => None,
        false => Some(Arc::clone(&places.large).try_acquire_owned().map_err(|_| Refusal::DoctorBusy)?),
    };
    let request = body.text_within(VERIFY_REQUEST_BYTES).await?;
    let doctor = doctor(&call, &hook).await?;
    let now_unix_seconds = u64::try_from(call.api.clock.now().0 / 1000).unwrap_or(0);
    // Nobody closes it.
    let turn = Arc::clone(&places.turns).acquire_owned().await.map_err(|_| ApiError::Store(StoreError::Closed))?;
    let examining = tokio::task::spawn_blocking(move || {
        // They end with the work, which goes on where the client is gone.
        let _held = (turn, large);
        Webhook::parse(&request).map(|webhook| webhook.examine(&doctor, now_unix_seconds))
    });
    let examination = examining.await.map_err(|failure| match failure.try_into_panic() {
        // A bug shows where it was called.
        Ok(panic) => std::panic::resume_unwind(panic),
        // The server is stopping.
        Err(_) => ApiError::Store(StoreError::Closed),
    })??;
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

/// A request whose members are not looked into yet, and of which those that nobody asked for are never made.
#[derive(Deserialize)]
struct Members<'t> {
    #[serde(borrow)]
    body: Option<&'t RawValue>,
    #[serde(borrow)]
    headers: Option<&'t RawValue>,
}

impl Webhook {
    /// Reads the text of a request without ever holding more than twice its length.
    fn parse(request: &[u8]) -> Answer<Self> {
        let text: &RawValue = serde_json::from_slice(request).map_err(BadBody::NotJson)?;
        if !text.get().starts_with('{') {
            return Ok(Self::read(&outline(text))?);
        }
        let Members { body, headers } = serde_json::from_str(text.get()).map_err(BadBody::NotJson)?;
        let short = |headers: &RawValue| headers.get().len() <= JSON_BODY_BYTES_MAX;
        if headers.is_some_and(|headers| !short(headers)) {
            let words = format!("The headers are longer than {JSON_BODY_BYTES_MAX} bytes.");
            return Err(FieldErrors::about("headers", words).into());
        }
        let headers =
            headers.map(|headers| serde_json::from_str(headers.get())).transpose().map_err(BadBody::NotJson)?;
        let members = [("body", body.map(outline)), ("headers", headers)];
        let members = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Ok(Self::read(&Value::Object(members.collect()))?)
    }

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

/// The value, where it is a text or another simple one; a list or an object without what is in it.
fn outline(text: &RawValue) -> Value {
    match text.get().as_bytes().first() {
        Some(b'{') => Value::Object(Map::new()),
        Some(b'[') => Value::Array(Vec::new()),
        // It has been parsed as JSON before; a number may still be larger than any that is kept.
        _ => serde_json::from_str(text.get()).unwrap_or(Value::Number(0.into())),
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
