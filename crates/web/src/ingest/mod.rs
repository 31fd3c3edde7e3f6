//! Ingest: the paths that SDKs send to. A request is let in, decoded as a stream, prepared, recorded, and only then
//! answered 200.

mod admit;
mod answer;
mod body;
mod decode;
mod fault;
mod form;
mod outcome;
mod prepare;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Method, Request, Response, request};
use ipnet::IpNet;
use model::clock::StoreClock;
use pipeline::{Budget, DirectoryHandle, Recorder};
use protocol::EventId;
use protocol::envelope::EventItemKind;

use answer::{accepted, preflight};
use fault::Fault;
use form::Form;
use outcome::Outcome;
use prepare::Source;

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
    pub trusted_proxies: Vec<IpNet>,
    /// Random bytes, for ids that SDKs left out.
    pub random: fn(&mut [u8]),
    /// How requests ended.
    pub outcomes: Arc<Outcomes>,
}

type Shared = State<Arc<Ingest>>;
type From = Extension<Peer>;

/// Who is at the other end of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub SocketAddr);

/// `POST /api/{project_id}/envelope/`: what every modern SDK sends.
pub async fn envelope(
    State(ingest): Shared,
    Extension(Peer(peer)): From,
    Path(project): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    answer(&ingest, Call { peer, project: Some(project), form: Form::Envelope }, request).await
}

/// `POST /api/{project_id}/store/`: one JSON event, as older SDKs send it.
pub async fn store(
    State(ingest): Shared,
    Extension(Peer(peer)): From,
    Path(project): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    answer(&ingest, Call { peer, project: Some(project), form: Form::Store }, request).await
}

/// `POST /api/store/`: the same, the project known by the key alone.
pub async fn store_of_key(
    State(ingest): Shared,
    Extension(Peer(peer)): From,
    request: Request<Body>,
) -> Response<Body> {
    answer(&ingest, Call { peer, project: None, form: Form::Store }, request).await
}

/// `POST /api/{project_id}/security/`: a browser's report.
pub async fn security(
    State(ingest): Shared,
    Extension(Peer(peer)): From,
    Path(project): Path<String>,
    request: Request<Body>,
) -> Response<Body> {
    answer(&ingest, Call { peer, project: Some(project), form: Form::Security }, request).await
}

/// Which door a request came through.
struct Call {
    peer: SocketAddr,
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
    let mut held = ingest.budget.take(body::FIRST_BYTES).ok_or(Fault::Overloaded)?;
    let envelope = body::read(form, head, body, &mut held).await?;
    let admitted = match early {
        Some(admitted) => admitted,
        None => caller.admit_by_envelope(ingest, head, &envelope.header)?,
    };
    caller.check_envelope(&admitted, &envelope.header)?;
    let spare = spare_id(ingest.random);
    let Some(item) = &envelope.event else { return Ok(envelope.response_id(None, spare)) };
    let client_ip = client_ip(ingest, call.peer, head);
    if item.kind == EventItemKind::RawSecurity {
        for payload in prepare::reports(item, head)? {
            let source = Source { payload: &payload, header: None, spare: spare_id(ingest.random), client_ip };
            let held = ingest.budget.take(payload.len() * 2).ok_or(Fault::Overloaded)?;
            ingest.recorder.record(prepare::prepare(ingest, &admitted, &source)?, held).await?;
        }
        return Ok(None);
    }
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

/// The peer, or the first address that it forwards, where the peer is a proxy that is trusted.
fn client_ip(ingest: &Ingest, peer: SocketAddr, head: &request::Parts) -> Option<IpAddr> {
    let peer = peer.ip().to_canonical();
    if !ingest.trusted_proxies.iter().any(|proxy| proxy.contains(&peer)) {
        return Some(peer);
    }
    // From the right: each trusted proxy appended whom it saw; the first that is not a trusted proxy is the client.
    let forwarded = head.headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> =
        forwarded.flat_map(|value| value.split(',')).filter_map(|hop| hop.trim().parse().ok()).collect();
    let client = hops.iter().rev().find(|hop| !ingest.trusted_proxies.iter().any(|proxy| proxy.contains(*hop)));
    Some(client.or(hops.first()).copied().unwrap_or(peer))
}
