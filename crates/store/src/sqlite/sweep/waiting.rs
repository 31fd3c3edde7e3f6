//! What waits: cancelled where its hook does not fire, expired where it has waited too long, or too much waits with it.
//!
//! A pass walks once through the index of waiting deliveries, in its order: hook, priority, due time. So it counts each hook's
//! on the way; where they are too many, the walk stops behind the hook until the excess is gone.

use model::delivery::{DeliveryState, Priority};
use model::ids::Millis;
use rusqlite::{OptionalExtension, Row, params};

use super::{Cursor, Slice, Step};
use crate::error::StoreError;
use crate::sqlite::rows::{bounded, collect};

/// An entry of the index, in the index's order: hook, priority, due_ms, created_ms, sent, again_ms, sent_before, project_id, day,
/// seq, kind.
type Entry = [i64; 11];

/// How far a pass came.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Walk {
    /// The last entry that was looked at.
    after: Entry,
    /// Entries of its hook that stay.
    of_hook: usize,
    /// Deliveries of the hook behind which the walk stands that are to expire before it goes on.
    excess: usize,
}

/// What matters here of a hook.
#[derive(Debug, Clone, Copy)]
struct Hook {
    number: i64,
    fires: bool,
    max_age_ms: i64,
}

/// What is to become of deliveries.
type Moves = Vec<(Entry, DeliveryState)>;

impl Slice<'_> {
    /// Goes on with the walk.
    pub(super) fn waiting(&mut self, mut walk: Walk) -> Result<Step, StoreError> {
        while self.rows > 0 && self.looks > 0 {
            if walk.excess > 0 {
                walk.excess = self.expire_oldest(walk.after[0], walk.excess)?;
            } else if self.walk_on(&mut walk)? {
                return Ok(Step::Done);
            }
        }
        Ok(Step::Pause(Cursor::Waiting(walk)))
    }

    /// Looks at the entries up to the next that is too many, or as many as the slice may. True at the end of all.
    fn walk_on(&mut self, walk: &mut Walk) -> Result<bool, StoreError> {
        let entries = self.entries_after(&walk.after)?;
        let ends = entries.len() < self.looks;
        let (mut moves, mut known, mut looked) = (Moves::new(), None::<Hook>, 0);
        for entry in &entries {
            let is_next_hook = entry[0] != walk.after[0];
            if moves.len() == self.rows || (is_next_hook && self.has_excess(walk)) {
                break;
            }
            let hook = match known {
                Some(hook) if hook.number == entry[0] => hook,
                Some(_) | None => self.hook(entry[0])?,
            };
            (known, looked, walk.after) = (Some(hook), looked + 1, *entry);
            match hook.state_of(entry, self.plan.now.0) {
                Some(state) => moves.push((*entry, state)),
                None => {
                    walk.of_hook += 1;
                    self.see(entry);
                }
            }
        }
        self.looks = self.looks.saturating_sub(looked.max(1));
        self.settle(&moves)?;
        let saw_all = looked == entries.len() && ends;
        if saw_all {
            self.has_excess(walk);
        }
        Ok(saw_all && walk.excess == 0)
    }

    /// An entry stays.
    fn see(&mut self, entry: &Entry) {
        self.backlog.waiting += 1;
        if let Some(since) = since_first_attempt_is_due(entry) {
            self.backlog.oldest = Some(self.backlog.oldest.map_or(since, |oldest| oldest.min(since)));
        }
    }

    /// Whether too much waits for the hook behind which the walk stands; notes how much.
    fn has_excess(&self, walk: &mut Walk) -> bool {
        walk.excess = walk.of_hook.saturating_sub(self.plan.waiting_per_hook);
        walk.of_hook = 0;
        walk.excess > 0
    }

    fn entries_after(&self, after: &Entry) -> Result<Vec<Entry>, StoreError> {
        let mut entries = self.transaction.prepare_cached(
            "select hook, priority, due_ms, created_ms, sent, again_ms, sent_before, project_id, day, seq, kind
             from delivery indexed by delivery_waiting
             where state = 0
               and (hook, priority, due_ms, created_ms, sent, again_ms, sent_before, project_id, day, seq, kind)
                   > (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             order by hook, priority, due_ms, created_ms, sent, again_ms, sent_before, project_id, day, seq, kind
             limit ?",
        )?;
        let limit = bounded(self.looks);
        collect(entries.query(rusqlite::params_from_iter(after.iter().copied().chain([limit])))?, entry)
    }

    /// Expires repeats of a hook that have waited longest for their first attempt. Returns how many are left to expire: none
    /// where there are no more such.
    fn expire_oldest(&mut self, hook: i64, excess: usize) -> Result<usize, StoreError> {
        let mut oldest = self.transaction.prepare_cached(
            "select hook, priority, due_ms, created_ms, sent, again_ms, sent_before, project_id, day, seq, kind
             from delivery indexed by delivery_waiting
             where state = 0 and hook = ? and priority = ? and sent = sent_before
             order by due_ms
             limit ?",
        )?;
        let rows = oldest.query(params![hook, Priority::Repeat.code(), bounded(self.looks)])?;
        let entries: Vec<Entry> = collect(rows, entry)?;
        self.looks = self.looks.saturating_sub(entries.len().max(1));
        let oldest = entries.into_iter().take(excess.min(self.rows));
        let moves: Moves = oldest.map(|entry| (entry, DeliveryState::Expired)).collect();
        self.settle(&moves)?;
        self.backlog.waiting = self.backlog.waiting.saturating_sub(moves.len() as u64);
        Ok(if moves.is_empty() { 0 } else { excess - moves.len() })
    }

    fn hook(&self, number: i64) -> Result<Hook, StoreError> {
        let mut find = self.transaction.prepare_cached("select active, max_age_s from hook where number = ?")?;
        let found: Option<(bool, i64)> = find.query_row([number], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (fires, max_age_s) = found.unwrap_or_default();
        Ok(Hook { number, fires, max_age_ms: max_age_s.saturating_mul(1_000) })
    }

    fn settle(&mut self, moves: &[(Entry, DeliveryState)]) -> Result<(), StoreError> {
        let mut settle = self.transaction.prepare_cached(
            "update delivery
             set state = ?, due_ms = null, settled_ms = ?
             where project_id = ? and hook = ? and day = ? and seq = ? and kind = ?",
        )?;
        for ([hook, _, _, _, _, _, _, project, day, seq, kind], state) in moves {
            settle.execute(params![state.code(), self.plan.now.0, project, hook, day, seq, kind])?;
            match state {
                DeliveryState::Cancelled => self.swept.cancelled += 1,
                _ => self.swept.expired += 1,
            }
        }
        self.rows = self.rows.saturating_sub(moves.len());
        Ok(())
    }
}

impl Hook {
    /// The state to which a waiting delivery is to move, if to any. A planned retry does not age: it has had its first attempt.
    fn state_of(&self, entry: &Entry, now_ms: i64) -> Option<DeliveryState> {
        if !self.fires {
            return Some(DeliveryState::Cancelled);
        }
        let since = since_first_attempt_is_due(entry)?;
        (since.0 < now_ms.saturating_sub(self.max_age_ms)).then_some(DeliveryState::Expired)
    }
}

/// Since when a delivery waits for its first attempt, where it does.
fn since_first_attempt_is_due(entry: &Entry) -> Option<Millis> {
    let [_, _, _, created, sent, again, sent_before, ..] = *entry;
    (sent == sent_before).then(|| Millis(created.max(again)))
}

fn entry(row: &Row<'_>) -> Result<Entry, StoreError> {
    let mut entry = [0; 11];
    for (index, value) in entry.iter_mut().enumerate() {
        *value = row.get(index)?;
    }
    Ok(entry)
}
