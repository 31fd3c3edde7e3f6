//! Ingest: the paths that SDKs send to. A request is let in, decoded as a stream, prepared, recorded, and only then
//! answered 200.

mod admit;
mod answer;
mod body;
mod decode;
mod fault;
mod form;
mod key_rate;
mod outcome;
mod prepare;

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Method, Request, Response, request};
use model::clock::StoreClock;
use pipeline::{Budget, DirectoryHandle, Recorder};
use protocol::EventId;
use protocol::envelope::EventItemKind;

use crate::client::{Peer, TrustedProxies};

use answer::{accepted, preflight};
use fault::Fault;
use form::Form;
use outcome::Outcome;
use prepare::Source;

pub use key_rate::KeyRates;
pub use outcome::Outcomes;

/// What ingest needs.
pub struct Ingest {
    /// Records events.
    pub recorder: Recorder,
    /// Knows keys, projects and hooks.
    pub directory: Arc<DirectoryHandle>,
    /// The store's time.
    pub clock: Arc<StoreClock>,
    /// Bytes held for all requests, from the first read to the commit.
    pub budget: Budget,
    /// The origin of issue URLs, without a final slash.
    pub base_url: String,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: TrustedProxies,
    /// What limited keys have left.
    pub key_rates: KeyRates,
    /// Random bytes, for ids that SDKs left out.
    pub random: fn(&mut [u8]),
    /// How requests ended.
    pub outcomes: Arc<Outcomes>,
}

type Shared = State<Arc<Ingest>>;
type From = Extension<Peer>;

/// `POST /api/{project_id}/envelope/`: what every modern SDK sends.
pub async fn envelope(
    State(ingest): Shared,
    Extension(peer): From,
    Path(project): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    answer(&ingest, Call { peer, project: Some(project), form: Form::Envelope }, request).await
}

/// `POST /api/{project_id}/store/`: one JSON event, as older SDKs send it.
pub async fn store(
    State(ingest): Shared,
    Extension(peer): From,
    Path(project): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    answer(&ingest, Call { peer, project: Some(project), form: Form::Store }, request).await
}

/// `POST /api/store/`: the same, the project known by the key alone.
pub async fn store_of_key(State(ingest): Shared, Extension(peer): From, request: Request<Body>) -> Response<Body> {
    answer(&ingest, Call { peer, project: None, form: Form::Store }, request).await
}

/// `POST /api/{project_id}/security/`: a browser's report.
pub async fn security(
    State(ingest): Shared,
    Extension(peer): From,
    Path(project): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    answer(&ingest, Call { peer, project: Some(project), form: Form::Security }, request).await
}

/// The answer to whatever is asked on a connection that found no seat.
pub async fn refuse(State(ingest): Shared, request: Request<Body>) -> Response<Body> {
    if request.method() == Method::OPTIONS {
        return preflight();
    }
    ingest.outcomes.count(Outcome::Crowded);
    body::throw_away(&mut request.into_body()).await;
    Fault::Crowded.answer()
}

/// Which door a request came through.
struct Call {
    peer: Peer,
    project: Option<String>,
    form: Form,
}

async fn answer(ingest: &Ingest, call: Call, request: Request<Body>) -> Response<Body> {
    if request.method() == Method::OPTIONS {
        return preflight();
    }
    let (head, mut body) = request.into_parts();
    let form = call.form;
    match take(ingest, call, &head, &mut body).await {
        Ok(id) => {
            ingest.outcomes.count(Outcome::Accepted);
            accepted(form, id)
        }
        Err(fault) => {
            ingest.outcomes.count(fault.outcome());
            tracing::debug!(fault = %fault, "a request was refused");
            body::throw_away(&mut body).await;
            fault.answer()
        }
    }
}

async fn take(ingest: &Ingest, call: Call, head: &request::Parts, body: &mut Body) -> Result<Option<EventId>, Fault> {
    if head.method != Method::POST {
        return Err(Fault::Method);
    }
    let form = call.form.of(&head.headers).ok_or(Fault::MediaType)?;
    let caller = admit::caller(call.project.as_deref(), head)?;
    let early = caller.admit(ingest, head)?;
    if let Some(admitted) = &early {
        ingest.key_rates.ask(&admitted.limited, ingest.clock.now())?;
    }
    let mut held = ingest.budget.take(body::FIRST_BYTES).ok_or(Fault::Overloaded)?;
    let envelope = body::read(form, head, body, &mut held).await?;
    let admitted = match early {
        Some(admitted) => admitted,
        None => caller.admit_by_envelope(ingest, head, &envelope.header)?,
    };
    caller.check_envelope(&admitted, &envelope.header)?;
    let spare = spare_id(ingest.random);
    let Some(item) = &envelope.event else { return Ok(envelope.response_id(None, spare)) };
    let client_ip = Some(ingest.trusted_proxies.client(call.peer, &head.headers));
    if item.kind == EventItemKind::RawSecurity {
        for payload in prepare::reports(item, head)? {
            ingest.key_rates.take(&admitted.limited, ingest.clock.now())?;
            let source = Source { payload: &payload, header: None, spare: spare_id(ingest.random), client_ip };
            let held = ingest.budget.take(payload.len() * 2).ok_or(Fault::Overloaded)?;
            ingest.recorder.record(prepare::prepare(ingest, &admitted, &source)?, held).await?;
        }
        return Ok(None);
    }
    ingest.key_rates.take(&admitted.limited, ingest.clock.now())?;
    let source = Source { payload: &item.payload, header: Some(&envelope.header), spare, client_ip };
    let event = prepare::prepare(ingest, &admitted, &source)?;
    let id = event.id;
    drop(envelope);
    held.shrink_to(event.value.len() + event.compressed.len());
    ingest.recorder.record(event, held).await?;
    Ok(Some(id))
}

/// A version 4 UUID.
fn spare_id(random: fn(&mut [u8])) -> EventId {
    let mut bytes = [0; 16];
    random(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    EventId(bytes)
}
