//! What the data folder says once its server is gone: the tables themselves, read-only.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};

/// The stored number of the outcome `interrupted`.
const INTERRUPTED: i64 = 7;

/// The tables of a data folder.
pub(crate) struct Ledger(Connection);

impl Ledger {
    /// Opens the tables of a folder that nobody serves.
    pub(crate) fn open(folder: &Path) -> Ledger {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Ledger(Connection::open_with_flags(folder.join("watchfire.db"), flags).unwrap())
    }

    /// The ids of all stored events.
    pub(crate) fn event_ids(&self) -> BTreeSet<String> {
        let mut statement = self.0.prepare("select lower(hex(event_id)) from event").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// How many deliveries are in each state, by the state's stored number.
    pub(crate) fn states(&self) -> BTreeMap<i64, u32> {
        let mut statement = self.0.prepare("select state, count(*) from delivery group by state").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// The events about which a hook is owed, or was sent, a webhook of a kind: in the order in which they were recorded.
    pub(crate) fn owed(&self, hook_id: &str, kind: &str) -> Vec<String> {
        let sql = "select lower(hex(event.event_id))
                   from delivery
                   join event using (seq)
                   join hook on hook.number = delivery.hook
                   where lower(hex(hook.guid)) = ?1 and delivery.kind = ?2
                   order by seq";
        let mut statement = self.0.prepare(sql).unwrap();
        let rows = statement.query_map(params![hook_id, code(kind)], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// On how many days the stored events were received. Their server may run.
    pub(crate) fn days(&self) -> u32 {
        self.0.query_row("select count(distinct day) from event", [], |row| row.get(0)).unwrap()
    }

    /// How many counters of rules do not know yet what was stored before. Their server may run.
    pub(crate) fn counters_to_fill(&self) -> u32 {
        self.0.query_row("select count(*) from counter_fill", [], |row| row.get(0)).unwrap()
    }

    /// How many attempts of an event's deliveries of a kind ended `interrupted`.
    pub(crate) fn interruptions(&self, event_id: &str, kind: &str) -> u32 {
        let sql = "select count(*)
                   from attempt join event using (seq)
                   where lower(hex(event.event_id)) = ?1 and attempt.kind = ?2 and attempt.outcome = ?3";
        self.0.query_row(sql, params![event_id, code(kind), INTERRUPTED], |row| row.get(0)).unwrap()
    }

    /// How many attempts ended `interrupted` at all.
    pub(crate) fn all_interruptions(&self) -> u32 {
        self.0.query_row("select count(*) from attempt where outcome = ?1", [INTERRUPTED], |row| row.get(0)).unwrap()
    }

    /// The stored events of each issue, in the order in which they were recorded.
    pub(crate) fn issues(&self) -> Vec<Vec<String>> {
        let mut statement =
            self.0.prepare("select issue_id, lower(hex(event_id)) from event order by issue_id, seq").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let mut issues: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for (issue, event) in rows.map(Result::unwrap) {
            issues.entry(issue).or_default().push(event);
        }
        issues.into_values().collect()
    }

    /// The names of the rules that fired on each event, by the rules' ids.
    pub(crate) fn fired(&self) -> BTreeMap<String, Vec<String>> {
        let sql = "select lower(hex(event.event_id)), rule.name
                   from rule_fired
                   join event using (seq)
                   join rule on rule.id = rule_fired.rule_id
                   order by seq, rule.id";
        let mut statement = self.0.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let mut fired: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (event, rule) in rows.map(Result::unwrap) {
            fired.entry(event).or_default().push(rule);
        }
        fired
    }

    /// Throttles of rules that no alert stands behind: what holds a rule back though nobody was, or will be, told.
    pub(crate) fn throttles_without_an_alert(&self) -> Vec<String> {
        let sql = "select printf('rule %d, issue %d', t.rule_id, t.issue_id)
                   from rule_throttle t
                   where not exists (
                     select 1
                     from rule_fired f
                     join delivery d using (project_id, seq)
                     where f.project_id = t.project_id and f.rule_id = t.rule_id and f.issue_id = t.issue_id
                       and f.fired_ms = t.fired_ms and d.kind = ?1
                   )";
        let mut statement = self.0.prepare(sql).unwrap();
        let rows = statement.query_map([code("event.alert")], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// How many throttles there are.
    pub(crate) fn throttles(&self) -> u32 {
        self.0.query_row("select count(*) from rule_throttle", [], |row| row.get(0)).unwrap()
    }

    /// The states of a hook's deliveries, by the state's stored number, and how many attempts they have together.
    pub(crate) fn states_of(&self, hook_id: &str) -> (Vec<i64>, u32) {
        let sql = "select group_concat(state), sum(attempts)
                   from delivery
                   join hook on hook.number = delivery.hook
                   where lower(hex(hook.guid)) = ?";
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, String>(0)?, row.get(1)?));
        let (states, attempts) = self.0.query_row(sql, [hook_id], read).unwrap();
        (states.split(',').map(|state| state.parse().unwrap()).collect(), attempts)
    }

    /// What SQLite itself thinks of its file: `ok`.
    pub(crate) fn integrity(&self) -> String {
        self.0.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap()
    }

    /// The attempts of deliveries that failed, for the message of a test that did not expect any.
    pub(crate) fn failures(&self) -> Vec<String> {
        let sql = "select printf('seq %d: attempt %d outcome %d cause %s went_out %d reused %d after %d us: %s',
                     seq, number, outcome, cause, went_out, reused, duration_us, error)
                   from attempt join delivery using (project_id, hook, day, seq, kind)
                   where delivery.state = 3
                   order by seq, number";
        let mut statement = self.0.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

/// Changes a byte of what is sealed in a column of a hook's row, in a folder that nobody serves.
pub(crate) fn damage(folder: &Path, hook_id: &str, column: &str) {
    let database = Connection::open(folder.join("watchfire.db")).unwrap();
    let select = format!("select {column} from hook where lower(hex(guid)) = ?");
    let mut sealed: Vec<u8> = database.query_row(&select, [hook_id], |row| row.get(0)).unwrap();
    *sealed.last_mut().unwrap() ^= 1;
    let update = format!("update hook set {column} = ? where lower(hex(guid)) = ?");
    assert_eq!(database.execute(&update, params![sealed, hook_id]).unwrap(), 1);
}

/// The stored number of a kind.
fn code(kind: &str) -> i64 {
    match kind {
        "event.created" => 1,
        "event.alert" => 2,
        other => panic!("no deliveries are of the kind {other}"),
    }
}
