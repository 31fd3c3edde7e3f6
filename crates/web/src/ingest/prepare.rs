//! Makes an event ready for the recorder: normalises, names, groups, matches, writes and compresses its bytes.
//!
//! All of it runs on the request's own task, in one go; the writer only adds the id.

use std::cell::RefCell;
use std::net::IpAddr;

use bytes::Bytes;
use model::grouping::group;
use model::ids::Millis;
use model::payload::{CreatedBody, Place, event_value};
use model::title::Title;
use model::{culprit, loops};
use protocol::EventId;
use protocol::envelope::{EnvelopeHeader, EventItem, EventItemKind};
use protocol::event::{Context, Event, Scratch, normalise, normalise_csp};
use store::ledger::{NewEvent, Summary};

use super::admit::Admitted;
use super::{Fault, Ingest};

/// zstd's level: above it the writer's disk is saved less than the request's CPU is spent.
const ZSTD_LEVEL: i32 = 1;

/// What an event is made from.
pub(super) struct Source<'a> {
    pub(super) item: &'a EventItem,
    pub(super) header: &'a EnvelopeHeader,
    pub(super) spare: EventId,
    pub(super) client_ip: Option<IpAddr>,
}

/// Buffers that every request on a thread uses again.
struct Buffers {
    scratch: Scratch,
    compressor: Option<zstd::bulk::Compressor<'static>>,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> =
        RefCell::new(Buffers { scratch: Scratch::default(), compressor: zstd::bulk::Compressor::new(ZSTD_LEVEL).ok() });
}

/// Normalises an event and writes what is stored of it.
pub(super) fn prepare(ingest: &Ingest, admitted: &Admitted, source: &Source<'_>) -> Result<NewEvent, Fault> {
    let received = ingest.clock.now();
    let context = Context {
        received: received.0 * 1000,
        sent_at: source.header.sent_at,
        header_event_id: source.header.event_id,
        spare_event_id: source.spare,
        client_ip: source.client_ip,
        scrub: admitted.project.project.scrub,
    };
    BUFFERS.with_borrow_mut(|buffers| {
        let event = match source.item.kind {
            EventItemKind::Event | EventItemKind::Security => {
                normalise(&source.item.payload, &context, &mut buffers.scratch)
            }
            EventItemKind::RawSecurity => normalise_csp(&source.item.payload, &context, &mut buffers.scratch),
        }
        .map_err(Fault::Event)?;
        write(ingest, admitted, &event, Made { received, compressor: &mut buffers.compressor })
    })
}

/// What is known besides the event.
struct Made<'b> {
    received: Millis,
    compressor: &'b mut Option<zstd::bulk::Compressor<'static>>,
}

fn write(ingest: &Ingest, admitted: &Admitted, event: &Event<'_>, made: Made<'_>) -> Result<NewEvent, Fault> {
    let project = &admitted.project.project;
    let title = Title::of(event);
    let culprit = culprit::of(event);
    let place = Place {
        base_url: &ingest.base_url,
        organization: &admitted.project.organization.slug,
        project_id: project.id,
        project_slug: &project.slug,
        project_name: &project.name,
    };
    let value = event_value(event, &title);
    let compressed = compress(made.compressor, &value).map_err(Fault::Compressor)?;
    Ok(NewEvent {
        project: project.id,
        generation: project.generation,
        key: admitted.key,
        id: event.id,
        received: made.received,
        timestamp: Millis(event.timestamp.div_euclid(1000)),
        grouping: group(event),
        summary: Summary {
            level: event.level,
            kind: event.kind,
            platform: event.platform,
            title: title.as_str().to_owned(),
            culprit: culprit.clone().into_owned(),
        },
        body: CreatedBody::new(event, &title, &culprit, &place),
        value: Bytes::from(value),
        compressed,
        candidates: admitted.project.candidates(loops::hop(event)),
    })
}

fn compress(
    compressor: &mut Option<zstd::bulk::Compressor<'static>>,
    value: &[u8],
) -> Result<Vec<u8>, std::io::Error> {
    match compressor {
        Some(compressor) => compressor.compress(value),
        None => zstd::bulk::compress(value, ZSTD_LEVEL),
    }
}
