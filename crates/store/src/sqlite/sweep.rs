//! Upkeep in slices: what nobody wants any more is cancelled, what waits too long expires, what is too old goes.
//!
//! A pass visits its stages in turn and remembers in memory how far it came, so that each slice looks at a bounded number
//! of rows, however many rows and hooks there are. A row that is leased belongs to its process: no stage touches it.

mod rules;
mod waiting;

use model::ids::Millis;
use rusqlite::Transaction;

use self::rules::{Counts, Walks};
use self::waiting::Walk;
use super::retention::{self, Hook};
use super::{counts, deliveries, figures, issue_rows};
use crate::error::StoreError;
use crate::ledger::{Backlog, SweepPlan, Swept};

/// Looks at an index or a hook cost so much less than changing a row that a slice may have this many for each row.
const LOOKS_FOR_A_ROW: usize = 16;
/// What looking at one hook costs in looks at an index.
const LOOKS_FOR_A_HOOK: usize = 16;

/// Issues whose hours a pass looks at: it comes around to all of them in time.
const ISSUES_A_PASS: usize = 256;

/// How long hours of issues are kept.
const HOURS_KEPT_SECONDS: i64 = 90 * 86_400;

/// Where the next slice goes on.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    cursor: Cursor,
    /// What the pass has seen waiting.
    backlog: Backlog,
    /// The last issue whose hours were looked at, over all passes.
    aged: i64,
    walks: Walks,
}

/// Where a pass is.
#[derive(Debug, Clone, Copy, Default)]
enum Cursor {
    /// Waiting deliveries.
    Waiting(Walk),
    /// The oldest events.
    Events,
    /// Deliveries and counts of the hooks after this number.
    Hooks { after: i64 },
    /// Events of deleted projects.
    ProjectEvents,
    /// Deleted issues.
    Issues,
    /// Hours of issues that are kept.
    Hours,
    /// Firings of the rules after this id, and deleted ones of these.
    Rules { after: i64 },
    /// Counts that rules asked for, after so many places in this pass.
    Counts { counts: Counts, looked: usize },
    /// Throttles, after so many in this pass.
    Throttles { looked: usize },
    /// Deleted projects.
    Projects,
    /// A new pass.
    #[default]
    Start,
}

/// One slice at work.
struct Slice<'t> {
    transaction: &'t Transaction<'t>,
    plan: SweepPlan,
    /// Rows that it may still change.
    rows: usize,
    /// Rows that it may still look at.
    looks: usize,
    swept: Swept,
    /// What the pass has seen waiting.
    backlog: Backlog,
    /// See [`Progress`].
    aged: i64,
    /// See [`Progress`].
    walks: Walks,
}

/// How a stage ended its part of a slice.
enum Step {
    /// Nothing is left to do here in this pass.
    Done,
    /// The slice is used up: the next one goes on there.
    Pause(Cursor),
}

/// Does one slice, and says where the next one goes on.
pub(super) fn sweep(
    transaction: &Transaction<'_>,
    plan: SweepPlan,
    progress: Progress,
) -> Result<(Swept, Progress), StoreError> {
    let rows = plan.limit.max(1);
    let looks = rows * LOOKS_FOR_A_ROW;
    let Progress { mut cursor, backlog, aged, walks } = progress;
    let mut slice = Slice { transaction, plan, rows, looks, swept: Swept::default(), backlog, aged, walks };
    loop {
        let (step, next) = match cursor {
            Cursor::Start => (Step::Done, Some(Cursor::Waiting(Walk::default()))),
            Cursor::Waiting(walk) => (slice.waiting(walk)?, Some(Cursor::Events)),
            Cursor::Events => (slice.events()?, Some(Cursor::Hooks { after: 0 })),
            Cursor::Hooks { after } => (slice.hooks(after)?, Some(Cursor::ProjectEvents)),
            Cursor::ProjectEvents => (slice.project_events()?, Some(Cursor::Issues)),
            Cursor::Issues => (slice.issues()?, Some(Cursor::Hours)),
            Cursor::Hours => (slice.hours()?, Some(Cursor::Rules { after: 0 })),
            Cursor::Rules { after } => {
                (slice.rules(after)?, Some(Cursor::Counts { counts: Counts::Events, looked: 0 }))
            }
            Cursor::Counts { counts, looked } => (slice.counts(counts, looked)?, Some(after_counts(counts))),
            Cursor::Throttles { looked } => (slice.throttles(looked)?, Some(Cursor::Projects)),
            Cursor::Projects => (slice.projects()?, None),
        };
        cursor = match (step, next) {
            (Step::Done, Some(next)) => next,
            (Step::Done, None) => {
                slice.swept.backlog = Some(std::mem::take(&mut slice.backlog));
                return Ok(slice.end(Cursor::Start));
            }
            (Step::Pause(cursor), _) => {
                slice.swept.more = true;
                return Ok(slice.end(cursor));
            }
        };
    }
}

fn after_counts(counts: Counts) -> Cursor {
    match counts {
        Counts::Events => Cursor::Counts { counts: Counts::Users, looked: 0 },
        Counts::Users => Cursor::Throttles { looked: 0 },
    }
}

impl Slice<'_> {
    fn end(self, cursor: Cursor) -> (Swept, Progress) {
        (self.swept, Progress { cursor, backlog: self.backlog, aged: self.aged, walks: self.walks })
    }

    /// Deletes what was received before the days that are kept. Oldest first: numbers rise with the time of receipt.
    fn events(&mut self) -> Result<Step, StoreError> {
        let old = retention::old_events(self.transaction, self.plan.keep_from.day(), self.rows)?;
        self.delete_events(&old)?;
        Ok(if self.rows == 0 { Step::Pause(Cursor::Events) } else { Step::Done })
    }

    fn delete_events(&mut self, events: &[retention::Event]) -> Result<(), StoreError> {
        retention::delete_events(self.transaction, events)?;
        self.swept.events += events.len();
        self.rows = self.rows.saturating_sub(events.len());
        Ok(())
    }

    /// Deletes what is too old of each hook's deliveries and counts, and all of a deleted hook's.
    fn hooks(&mut self, mut after: i64) -> Result<Step, StoreError> {
        loop {
            if self.rows == 0 || self.looks == 0 {
                return Ok(Step::Pause(Cursor::Hooks { after }));
            }
            let Some(hook) = retention::hook_after(self.transaction, after)? else { return Ok(Step::Done) };
            self.looks = self.looks.saturating_sub(LOOKS_FOR_A_HOOK);
            let deleted = self.sweep_hook(&hook)?;
            self.swept.deliveries += deleted;
            self.rows = self.rows.saturating_sub(deleted);
            if self.rows > 0 {
                after = hook.number;
            }
        }
    }

    fn sweep_hook(&self, hook: &Hook) -> Result<usize, StoreError> {
        let before = if hook.is_deleted { i32::MAX } else { self.plan.keep_from.day().0 };
        let deleted = retention::delete_deliveries(self.transaction, hook, before, self.rows)?;
        counts::age(self.transaction, hook.number, self.plan.now)?;
        figures::forget_hook(self.transaction, hook.number, self.plan.keep_from)?;
        deliveries::delete_old(self.transaction, hook.number, self.plan.keep_from)?;
        if hook.is_deleted && deleted < self.rows {
            retention::delete_hook(self.transaction, hook)?;
        }
        Ok(deleted)
    }

    /// Deletes the events of deleted projects.
    fn project_events(&mut self) -> Result<Step, StoreError> {
        let mut project = 0;
        while let Some(id) = retention::deleted_project_after(self.transaction, project)? {
            project = id;
            let events = retention::events_of(self.transaction, project, self.rows)?;
            self.delete_events(&events)?;
            if self.rows == 0 {
                return Ok(Step::Pause(Cursor::ProjectEvents));
            }
        }
        Ok(Step::Done)
    }

    /// Cancels what waits for events of deleted issues, and deletes these events, what is kept beside the issues, and them.
    fn issues(&mut self) -> Result<Step, StoreError> {
        while let Some(issue) = issue_rows::deleted(self.transaction)? {
            let events = issue_rows::events(self.transaction, &issue, self.rows)?;
            for event in &events {
                self.swept.cancelled += issue_rows::cancel(self.transaction, event, self.plan.now)?;
            }
            self.delete_events(&events)?;
            if self.rows > 0 {
                let deleted = issue_rows::delete(self.transaction, &issue, self.rows)?;
                self.rows = self.rows.saturating_sub(deleted + 1);
            }
            if self.rows == 0 {
                return Ok(Step::Pause(Cursor::Issues));
            }
        }
        Ok(Step::Done)
    }

    /// Deletes hours that are not kept any longer, of a part of all issues.
    fn hours(&mut self) -> Result<Step, StoreError> {
        let before_s = self.plan.now.0 / 1_000 - HOURS_KEPT_SECONDS;
        let forgotten = figures::forget_projects(self.transaction, Millis(before_s * 1_000), self.rows)?;
        self.rows = self.rows.saturating_sub(forgotten);
        if self.rows == 0 {
            return Ok(Step::Pause(Cursor::Hours));
        }
        for _ in 0..ISSUES_A_PASS {
            let Some(issue) = issue_rows::after(self.transaction, self.aged)? else {
                self.aged = 0;
                break;
            };
            let deleted = issue_rows::delete_hours(self.transaction, &issue, before_s, self.rows)?;
            self.rows = self.rows.saturating_sub(deleted);
            if self.rows == 0 {
                return Ok(Step::Pause(Cursor::Hours));
            }
            self.aged = issue.id;
        }
        Ok(Step::Done)
    }

    /// Deletes what is left of deleted projects.
    fn projects(&mut self) -> Result<Step, StoreError> {
        let mut project = 0;
        while let Some(id) = retention::deleted_project_after(self.transaction, project)? {
            project = id;
            self.rows = self.rows.saturating_sub(retention::delete_project(self.transaction, project, self.rows)?);
            if self.rows == 0 {
                return Ok(Step::Pause(Cursor::Projects));
            }
        }
        Ok(Step::Done)
    }
}
