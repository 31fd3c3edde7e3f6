//! Sending again: one settled delivery waits once more, as if it were just owed.

use model::delivery::DeliveryState;
use model::delivery_key::DeliveryKey;
use model::ids::Millis;
use rusqlite::{OptionalExtension, Transaction, params};
use webhook::Kind;

use super::row;
use crate::deliveries::SendAgain;
use crate::error::StoreError;
use crate::sqlite::codes::WAITING;
use crate::sqlite::place::place;

/// Whether a hook fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hook {
    Fires,
    Disabled,
    /// It is deleted, or was never there.
    Gone,
}

/// Has a settled delivery sent again, where its body is still there and its hook fires.
pub(super) fn send_again(
    transaction: &Transaction<'_>,
    key: &DeliveryKey,
    now: Millis,
) -> Result<SendAgain, StoreError> {
    let hook = hook(transaction, key.project.get(), key.hook.get())?;
    let Some(delivery) = row::delivery(transaction, key)?.filter(|_| hook != Hook::Gone) else {
        return Err(StoreError::Missing { what: "delivery" });
    };
    if !delivery.state.is_settled() {
        return Ok(SendAgain::Unsettled(delivery.state));
    }
    // A test has a body of its own.
    if key.kind != Kind::Test && delivery.event.is_none() {
        return Ok(SendAgain::BodyGone);
    }
    if hook == Hook::Disabled {
        return Ok(SendAgain::HookDisabled);
    }
    wait_again(transaction, key, now)?;
    let waits = row::delivery(transaction, key)?.filter(|row| row.state == DeliveryState::Waiting);
    waits.map(|row| SendAgain::Waits(Box::new(row))).ok_or(StoreError::Missing { what: "delivery" })
}

/// Moves a settled delivery back to waiting. Its log and its count of attempts go on; what its hook allows begins anew.
pub(super) fn wait_again(transaction: &Transaction<'_>, key: &DeliveryKey, now: Millis) -> Result<(), StoreError> {
    let [project, hook, day, seq, kind] = place(key);
    transaction
        .prepare_cached(
            "update delivery
             set state = ?1, due_ms = ?2, settled_ms = null, again_ms = ?2, sent_before = sent
             where project_id = ?3 and hook = ?4 and day = ?5 and seq = ?6 and kind = ?7 and state >= 2",
        )?
        .execute(params![WAITING, now.0, project, hook, day, seq, kind])?;
    Ok(())
}

/// Whether the hook with this number of a project fires.
pub(super) fn hook(transaction: &Transaction<'_>, project: i64, number: u32) -> Result<Hook, StoreError> {
    let active: Option<bool> = transaction
        .prepare_cached("select active from hook where number = ? and project_id = ? and deleted = 0")?
        .query_row(params![number, project], |row| row.get(0))
        .optional()?;
    Ok(match active {
        Some(true) => Hook::Fires,
        Some(false) => Hook::Disabled,
        None => Hook::Gone,
    })
}
