//! Makes an event ready for the recorder: normalises, names, groups, matches, writes and compresses its bytes.
//!
//! All of it runs on the request's own task, in one go; the writer only adds the id.

use std::cell::RefCell;
use std::net::IpAddr;

use axum::http::{header, request};
use bytes::Bytes;
use model::grouping::group;
use model::ids::Millis;
use model::metadata::metadata;
use model::payload::{CreatedBody, Place, event_value};
use model::rules::EventView;
use model::title::Title;
use model::{culprit, loops};
use protocol::EventId;
use protocol::auth::query_value;
use protocol::envelope::{EnvelopeHeader, EventItem};
use protocol::event::{Context, Event, ReportSource, Scratch, events_from_reports, normalise};
use protocol::json::Tape;
use store::ledger::{NewEvent, Summary};
use store::marks::Marks;

use super::admit::Admitted;
use super::{Fault, Ingest};

/// zstd's level: above it the writer's disk is saved less than the request's CPU is spent.
const ZSTD_LEVEL: i32 = 1;

/// What an event is made from.
pub(super) struct Source<'a> {
    pub(super) payload: &'a [u8],
    pub(super) header: Option<&'a EnvelopeHeader>,
    pub(super) spare: EventId,
    pub(super) client_ip: Option<IpAddr>,
}

/// Buffers that every request on a thread uses again.
struct Buffers {
    scratch: Scratch,
    /// For rules that ask for what only the stored JSON holds.
    tape: Tape,
    compressor: Option<zstd::bulk::Compressor<'static>>,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> =
        RefCell::new(Buffers {
            scratch: Scratch::default(),
            tape: Tape::new(),
            compressor: zstd::bulk::Compressor::new(ZSTD_LEVEL).ok(),
        });
}

/// Normalises an event and writes what is stored of it.
pub(super) fn prepare(ingest: &Ingest, admitted: &Admitted, source: &Source<'_>) -> Result<NewEvent, Fault> {
    let received = ingest.clock.now();
    let context = Context {
        received: received.0 * 1000,
        sent_at: source.header.and_then(|header| header.sent_at),
        header_event_id: source.header.and_then(|header| header.event_id),
        spare_event_id: source.spare,
        client_ip: source.client_ip,
        scrub: admitted.project.project.scrub,
    };
    BUFFERS.with_borrow_mut(|buffers| {
        let event = normalise(source.payload, &context, &mut buffers.scratch).map_err(Fault::Event)?;
        write(ingest, admitted, &event, Made { received, tape: &mut buffers.tape, compressor: &mut buffers.compressor })
    })
}

/// The events that a browser's reports stand for.
pub(super) fn reports(item: &EventItem, head: &request::Parts) -> Result<Vec<Vec<u8>>, Fault> {
    let header = |name: header::HeaderName| head.headers.get(name).and_then(|value| value.to_str().ok());
    let query = head.uri.query().unwrap_or_default();
    let release = query_value(query, "sentry_release");
    let environment = query_value(query, "sentry_environment");
    let source = ReportSource {
        release: item.release.as_deref().or(release.as_deref()),
        environment: item.environment.as_deref().or(environment.as_deref()),
        user_agent: header(header::USER_AGENT),
        origin: header(header::ORIGIN),
    };
    BUFFERS
        .with_borrow_mut(|buffers| events_from_reports(&item.payload, &source, &mut buffers.scratch))
        .map_err(Fault::Event)
}

/// What is known besides the event.
struct Made<'b> {
    received: Millis,
    tape: &'b mut Tape,
    compressor: &'b mut Option<zstd::bulk::Compressor<'static>>,
}

fn write(ingest: &Ingest, admitted: &Admitted, event: &Event<'_>, made: Made<'_>) -> Result<NewEvent, Fault> {
    let project = &admitted.project.project;
    let title = Title::of(event);
    let culprit = culprit::culprit(event);
    let place = Place {
        base_url: &ingest.base_url,
        organization: &admitted.project.organization.slug,
        project_id: project.id,
        project_slug: &project.slug,
        project_name: &project.name,
    };
    let value = event_value(event, &title);
    let compressed = compress(made.compressor, &value).map_err(Fault::Compressor)?;
    let matcher = &admitted.project.matcher;
    let document = if matcher.needs_document() { made.tape.parse(&value).ok() } else { None };
    let view = EventView::new(event, title.as_str(), document.as_ref());
    let candidates = matcher.candidates(loops::Hop::of(event), &view);
    Ok(NewEvent {
        project: project.id,
        generation: project.generation,
        key: admitted.key,
        id: event.id,
        received: made.received,
        timestamp: Millis(event.timestamp.div_euclid(1000)),
        grouping: group(event),
        summary: summary(event, &title, &culprit),
        marks: marks(event),
        body: CreatedBody::new(event, &title, &culprit, &place),
        value: Bytes::from(value),
        compressed,
        candidates,
    })
}

/// What the issue shows of the event.
fn summary(event: &Event<'_>, title: &Title<'_>, culprit: &str) -> Summary {
    Summary {
        level: event.level,
        kind: event.kind,
        platform: event.platform,
        title: title.as_str().to_owned(),
        culprit: culprit.to_owned(),
        has_placeholder_title: title.is_placeholder(),
        logger: event.logger.clone().into_owned(),
        metadata: metadata(event, title),
        unhandled: event.exceptions.iter().any(|exception| exception.handled == Some(false)),
    }
}

/// What the issue lists of the event.
fn marks(event: &Event<'_>) -> Marks {
    let tags = event.tags.iter().chain(&event.derived_tags).map(|(key, value)| (&**key, &**value));
    Marks::new(event.release.as_deref(), event.environment.as_deref(), tags)
}

fn compress(compressor: &mut Option<zstd::bulk::Compressor<'static>>, value: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    match compressor {
        Some(compressor) => compressor.compress(value),
        None => zstd::bulk::compress(value, ZSTD_LEVEL),
    }
}
