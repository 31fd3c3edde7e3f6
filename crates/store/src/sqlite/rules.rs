//! Rules, and the counters that they ask for. A deleted one keeps its row until its history is gone.

use model::ids::{Millis, ProjectId, RuleId, TeamId, UserId};
use model::limits::RULES_PER_PROJECT;
use model::rules::Quantifier;
use rusqlite::{Connection, Row, Transaction, params};
use serde_json::Value;

use super::codes::Code as _;
use super::counters;
use super::rows::{collect, found, has_room, one, touch};
use crate::error::StoreError;
use crate::rules::{NewRule, RuleChange, RuleRow, RuleSnooze};

const SELECT: &str =
    "select id, project_id, name, environment, action_match, filter_match, conditions, filters, actions,
            frequency_minutes, owner, active, created_by, created_ms, snoozed_ms, snoozed_until_ms, snoozed_by
     from rule";

/// Every rule.
pub(super) fn all(connection: &Connection) -> Result<Vec<RuleRow>, StoreError> {
    collect(connection.prepare_cached(&format!("{SELECT} where deleted = 0"))?.query([])?, rule_of)
}

/// The rules of a project, newest first.
pub(super) fn of_project(connection: &Connection, project: ProjectId) -> Result<Vec<RuleRow>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("{SELECT} where project_id = ? and deleted = 0 order by id desc"))?;
    collect(statement.query([project.get()])?, rule_of)
}

/// Makes a rule.
pub(super) fn create(transaction: &Transaction<'_>, new: &NewRule) -> Result<RuleRow, StoreError> {
    touch(transaction, new.project)?;
    let count = "select count(*) from rule where project_id = ? and deleted = 0";
    has_room(transaction, (new.project, count), ("rules", RULES_PER_PROJECT))?;
    let rule = &new.rule;
    transaction.execute(
        "insert into rule (project_id, name, environment, action_match, filter_match, conditions, filters, actions,
                           frequency_minutes, owner, active, created_by, created_ms)
         values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        params![
            new.project.get(),
            rule.name,
            rule.environment,
            rule.action_match.code(),
            rule.filter_match.code(),
            json_text(&rule.conditions),
            json_text(&rule.filters),
            json_text(&rule.actions),
            rule.frequency_minutes,
            rule.owner,
            rule.active,
            new.created_by.map(UserId::get),
            new.now.0,
        ],
    )?;
    let id = RuleId::new(transaction.last_insert_rowid())?;
    ask_for_counters(transaction, (new.project, id), rule)?;
    by_id(transaction, (new.project, id))
}

/// Replaces what a rule says.
pub(super) fn update(
    transaction: &Transaction<'_>,
    id: (ProjectId, RuleId),
    rule: &RuleChange,
) -> Result<RuleRow, StoreError> {
    let changed = transaction.execute(
        "update rule
         set name = ?, environment = ?, action_match = ?, filter_match = ?, conditions = ?, filters = ?, actions = ?,
             frequency_minutes = ?, owner = ?, active = ?
         where project_id = ? and id = ? and deleted = 0",
        params![
            rule.name,
            rule.environment,
            rule.action_match.code(),
            rule.filter_match.code(),
            json_text(&rule.conditions),
            json_text(&rule.filters),
            json_text(&rule.actions),
            rule.frequency_minutes,
            rule.owner,
            rule.active,
            id.0.get(),
            id.1.get(),
        ],
    )?;
    found(changed, "rule")?;
    touch(transaction, id.0)?;
    ask_for_counters(transaction, id, rule)?;
    by_id(transaction, id)
}

/// Deletes a rule. Its history goes with the events that it fired on.
pub(super) fn delete(transaction: &Transaction<'_>, id: (ProjectId, RuleId)) -> Result<(), StoreError> {
    let deleted = transaction.execute(
        "update rule set deleted = 1, active = 0 where project_id = ? and id = ? and deleted = 0",
        params![id.0.get(), id.1.get()],
    )?;
    found(deleted, "rule")?;
    touch(transaction, id.0)?;
    counters::replace(transaction, id, &[])
}

/// Deletes the rules of a project that goes.
pub(super) fn delete_of_project(transaction: &Transaction<'_>, project: ProjectId) -> Result<(), StoreError> {
    transaction.execute("update rule set deleted = 1, active = 0 where project_id = ?", [project.get()])?;
    transaction.execute("delete from rule_counter where project_id = ?", [project.get()])?;
    transaction.execute("delete from counter_fill where project_id = ?", [project.get()])?;
    Ok(())
}

/// Leaves the rules of a project that a team owns without an owner.
pub(super) fn disown(transaction: &Transaction<'_>, project: ProjectId, team: TeamId) -> Result<(), StoreError> {
    transaction.execute(
        "update rule
         set owner = null
         where project_id = ? and owner = ?",
        params![project.get(), format!("team:{team}")],
    )?;
    Ok(())
}

/// Snoozes a rule, or ends its snooze.
pub(super) fn snooze(
    transaction: &Transaction<'_>,
    id: (ProjectId, RuleId),
    snooze: Option<RuleSnooze>,
) -> Result<RuleRow, StoreError> {
    let (since, until) = (snooze.map(|it| it.since.0), snooze.and_then(|it| it.until).map(|until| until.0));
    let by = snooze.and_then(|it| it.by).map(UserId::get);
    let changed = transaction.execute(
        "update rule set snoozed_ms = ?, snoozed_until_ms = ?, snoozed_by = ?
         where project_id = ? and id = ? and deleted = 0",
        params![since, until, by, id.0.get(), id.1.get()],
    )?;
    found(changed, "rule")?;
    touch(transaction, id.0)?;
    by_id(transaction, id)
}

/// A list of nodes or actions as JSON.
pub(super) fn json_text(values: &[Value]) -> String {
    Value::Array(values.to_vec()).to_string()
}

/// A list of nodes or actions.
pub(super) fn json_list(text: &str, what: &'static str) -> Result<Vec<Value>, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Damaged { what })
}

/// What never fires counts nothing.
fn ask_for_counters(
    transaction: &Transaction<'_>,
    id: (ProjectId, RuleId),
    rule: &RuleChange,
) -> Result<(), StoreError> {
    counters::replace(transaction, id, if rule.active { &rule.counters } else { &[] })
}

fn by_id(transaction: &Transaction<'_>, (project, id): (ProjectId, RuleId)) -> Result<RuleRow, StoreError> {
    let mut statement =
        transaction.prepare_cached(&format!("{SELECT} where project_id = ? and id = ? and deleted = 0"))?;
    one(statement.query([project.get(), id.get()])?, "rule", rule_of)
}

fn rule_of(row: &Row<'_>) -> Result<RuleRow, StoreError> {
    let list = |column: usize| json_list(&row.get::<_, String>(column)?, "rule");
    let user = |column: usize| Ok::<_, StoreError>(row.get::<_, Option<i64>>(column)?.map(UserId::new).transpose()?);
    let snoozed: Option<i64> = row.get(14)?;
    let until: Option<i64> = row.get(15)?;
    let by = user(16)?;
    Ok(RuleRow {
        id: RuleId::new(row.get(0)?)?,
        project: ProjectId::new(row.get(1)?)?,
        name: row.get(2)?,
        environment: row.get(3)?,
        action_match: Quantifier::from_code(row.get(4)?)?,
        filter_match: Quantifier::from_code(row.get(5)?)?,
        conditions: list(6)?,
        filters: list(7)?,
        actions: list(8)?,
        frequency_minutes: row.get(9)?,
        owner: row.get(10)?,
        active: row.get(11)?,
        created_by: user(12)?,
        created: Millis(row.get(13)?),
        snooze: snoozed.map(|since| RuleSnooze { since: Millis(since), until: until.map(Millis), by }),
    })
}
