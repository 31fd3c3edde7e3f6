//! How a delivery's key stands in tables: five integers, in the order of the primary key.

use model::delivery_key::DeliveryKey;
use model::ids::{Day, HookNumber, ProjectId, Seq};
use rusqlite::Row;
use webhook::Kind;

use crate::error::StoreError;

/// Project, hook, day, seq and kind.
pub(super) fn place(key: &DeliveryKey) -> [i64; 5] {
    [key.project.get(), key.hook.get().into(), key.day.0.into(), key.seq.into(), key.kind.code().into()]
}

/// The key that stands in a row's first five columns.
pub(super) fn key_of(row: &Row<'_>) -> Result<DeliveryKey, StoreError> {
    Ok(DeliveryKey {
        project: ProjectId::new(row.get(0)?)?,
        hook: HookNumber::try_from(row.get::<_, i64>(1)?)?,
        day: Day(row.get(2)?),
        seq: Seq::try_from(row.get::<_, i64>(3)?)?,
        kind: Kind::from_code(row.get(4)?)?,
    })
}
