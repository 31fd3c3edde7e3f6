//! Rules at work inside the record transaction: the facts that decide asks for, the throttle, and the history of firing.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write as _;
use std::rc::Rc;

use model::decide::{Asked, Decided, Owed, Part, StoreFacts};
use model::ids::{IssueId, Millis, RuleId, Seq};
use protocol::json::write_string;
use rusqlite::params;

use super::Recorder;
use crate::error::StoreError;
use crate::ledger::NewEvent;

/// When rules last fired, by issue: read once a batch.
#[derive(Default)]
pub(super) struct Throttles(HashMap<IssueId, Fired>);

/// When rules last fired for one issue.
type Fired = Rc<HashMap<RuleId, Millis>>;

/// What decide may ask about one event.
pub(super) struct Facts<'r, 't> {
    recorder: &'r mut Recorder<'t>,
    issue: IssueId,
    event: &'r NewEvent,
    /// Looked up when first asked for: rules ask one after the other.
    fired: Option<Fired>,
    /// What was counted: many rules ask for the same.
    counted: Vec<(Asked, u64)>,
}

impl<'r, 't> Facts<'r, 't> {
    pub(super) fn new(recorder: &'r mut Recorder<'t>, issue: IssueId, event: &'r NewEvent) -> Self {
        Facts { recorder, issue, event, fired: None, counted: Vec::new() }
    }
}

impl StoreFacts for Facts<'_, '_> {
    type Error = StoreError;

    fn last_fired(&mut self, rule: RuleId) -> Result<Option<Millis>, StoreError> {
        let fired = match &self.fired {
            Some(fired) => fired,
            None => self.fired.insert(Rc::clone(self.recorder.throttles(self.issue, self.event)?)),
        };
        Ok(if fired.is_empty() { None } else { fired.get(&rule).copied() })
    }

    fn count(&mut self, asked: Asked) -> Result<u64, StoreError> {
        if let Some((_, count)) = self.counted.iter().find(|(known, _)| *known == asked) {
            return Ok(*count);
        }
        let count = self.recorder.counted((self.event.project, self.issue), asked)?;
        self.counted.push((asked, count));
        Ok(count)
    }

    fn has_latest_release(&mut self, environment: Option<&str>) -> Result<bool, StoreError> {
        self.recorder.has_latest_release(self.event, environment)
    }
}

impl Recorder<'_> {
    fn throttles(&mut self, issue: IssueId, event: &NewEvent) -> Result<&mut Fired, StoreError> {
        let slot = match self.shared.throttles.0.entry(issue) {
            Entry::Occupied(known) => return Ok(known.into_mut()),
            Entry::Vacant(slot) => slot,
        };
        let mut read = self
            .transaction
            .prepare_cached("select rule_id, fired_ms from rule_throttle where project_id = ? and issue_id = ?")?;
        let mut rows = read.query([event.project.get(), issue.get()])?;
        let mut fired = HashMap::new();
        while let Some(row) = rows.next()? {
            fired.insert(RuleId::new(row.get(0)?)?, Millis(row.get(1)?));
        }
        Ok(slot.insert(Rc::new(fired)))
    }

    /// Moves the throttle of each rule that fired and keeps what decided it, in the transaction that owes its alerts.
    pub(super) fn note_fired(
        &mut self,
        owed: &Owed,
        (issue, seq): (IssueId, Seq),
        event: &NewEvent,
    ) -> Result<(), StoreError> {
        for fired in &owed.fired {
            let (project, rule, now) = (event.project.get(), fired.rule.get(), event.received.0);
            self.transaction
                .prepare_cached(
                    "insert into rule_throttle (project_id, issue_id, rule_id, fired_ms)
                     values (?, ?, ?, ?)
                     on conflict do update set fired_ms = excluded.fired_ms",
                )?
                .execute([project, issue.get(), rule, now])?;
            self.transaction
                .prepare_cached(
                    "insert into rule_fired (project_id, rule_id, seq, issue_id, fired_ms, because)
                     values (?, ?, ?, ?, ?, ?)",
                )?
                .execute(params![project, rule, i64::from(seq), issue.get(), now, json(&fired.because)])?;
            Rc::make_mut(self.throttles(issue, event)?).insert(fired.rule, event.received);
        }
        Ok(())
    }
}

/// A JSON list of what decided: `[{"part":"filters","node":0,"holds":true,"found":"12"}]`.
fn json(because: &[Decided]) -> String {
    let mut out = b"[".to_vec();
    for (index, decided) in because.iter().enumerate() {
        let part = match decided.part {
            Part::Filters => "filters",
            Part::Conditions => "conditions",
        };
        let mut head = String::new();
        let comma = if index == 0 { "" } else { "," };
        let (node, holds) = (decided.place, decided.holds);
        let _infallible = write!(head, "{comma}{{\"part\":\"{part}\",\"node\":{node},\"holds\":{holds},\"found\":");
        out.extend_from_slice(head.as_bytes());
        write_string(&mut out, &decided.found);
        out.push(b'}');
    }
    out.push(b']');
    String::from_utf8_lossy(&out).into_owned()
}
