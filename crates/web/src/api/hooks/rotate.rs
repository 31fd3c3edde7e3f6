//! `POST …/hooks/{hook}/rotate-secret/`: a new secret for a hook, with both valid for a while; or the end of that while.

use std::ops::RangeInclusive;
use std::time::Duration;

use model::limits::{ROTATION_OVERLAP_MOST_SECONDS, ROTATION_OVERLAP_SECONDS};
use model::scope::Scope;
use serde_json::Value;
use store::catalog::Rotation;
use webhook::Secret;

use super::super::body::Unread;
use super::super::error::Answer;
use super::super::fields::{Complaint, FieldErrors, Fields, Read, boolean, whole};
use super::super::lookup::{Call, HookPath};
use super::shown;

/// The seconds for which both secrets may be valid.
const OVERLAP: RangeInclusive<u64> = 0..=ROTATION_OVERLAP_MOST_SECONDS;

/// What the body asks for.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// A new secret; so long the present one holds beside it.
    Rotate { overlap: Duration },
    /// The end of the overlap.
    Finish,
}

/// `POST …/hooks/{hook}/rotate-secret/`: the hook as it is then.
pub(in crate::api) async fn rotate(call: Call<HookPath>, body: Unread) -> Answer {
    let hook = call.hook(&[Scope::ProjectWrite]).await?;
    let wanted = read(&body.json().await?)?;
    let api = &call.api;
    let hook = match wanted {
        Wanted::Finish => api.store.finish_rotation(hook.project, hook.guid).await?,
        Wanted::Rotate { overlap } => {
            let now = api.clock.now();
            let secret = Secret::from_random(api.random_bytes());
            let rotation = Rotation { secret, overlap_until: now.plus(overlap), now };
            api.store.rotate_secret(hook.project, hook.guid, rotation).await?
        }
    };
    api.changed().await;
    shown(&call, &hook).await
}

fn read(body: &Value) -> Result<Wanted, FieldErrors> {
    let mut fields = Fields::of(body)?;
    let overlap = fields.optional("overlap", whole(OVERLAP));
    let finish = fields.optional("finish", only_true);
    if overlap.is_some() && finish.is_some() {
        fields.complain("finish", "Either finish the rotation that goes on, or begin one with this overlap.");
    }
    let wanted = match finish {
        Some(()) => Wanted::Finish,
        None => Wanted::Rotate { overlap: Duration::from_secs(overlap.unwrap_or(ROTATION_OVERLAP_SECONDS)) },
    };
    fields.finish(Some(wanted))
}

/// `false` could mean a rotation, or nothing at all.
fn only_true(value: &Value) -> Read<()> {
    if boolean(value)? { Ok(()) } else { Err(Complaint::new("Must be true, or left out.")) }
}
