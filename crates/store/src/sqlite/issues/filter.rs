//! Whether an issue is one that a search looks for.
//!
//! What the row says is judged first; tags and environments are looked up only for a row that the rest lets through.

use model::ids::IssueId;
use rusqlite::{Connection, Row, params};

use super::super::codes::Code;
use crate::error::StoreError;
use crate::issues::{IssueSearch, IssueSort, IssueTest, Pattern, Place};

/// An issue as a walk meets it.
pub(super) struct Candidate<'r> {
    /// Its id.
    pub(super) id: IssueId,
    number: i64,
    status: i64,
    level: i64,
    priority: i64,
    unhandled: bool,
    count: i64,
    users: i64,
    first_seen: i64,
    last_seen: i64,
    project: i64,
    first_release: &'r str,
    last_release: &'r str,
    title: &'r str,
    culprit: &'r str,
    platform: &'r str,
}

/// The tests of a search.
pub(super) struct Judge<'c> {
    connection: &'c Connection,
    tests: &'c [IssueTest],
}

impl<'r> Candidate<'r> {
    /// The row of a walk.
    pub(super) fn of(row: &'r Row<'_>) -> Result<Candidate<'r>, StoreError> {
        let text = |index: usize| row.get_ref(index)?.as_str().map_err(|_| StoreError::Damaged { what: "issue" });
        Ok(Candidate {
            id: IssueId::new(row.get(0)?)?,
            number: row.get(1)?,
            status: row.get(2)?,
            level: row.get(3)?,
            priority: row.get(4)?,
            unhandled: row.get(5)?,
            count: row.get(6)?,
            users: row.get(7)?,
            first_seen: row.get(8)?,
            last_seen: row.get(9)?,
            project: row.get(10)?,
            first_release: text(11)?,
            last_release: text(12)?,
            title: text(13)?,
            culprit: text(14)?,
            platform: text(15)?,
        })
    }

    /// Its place in a list.
    pub(super) fn place(&self, sort: IssueSort) -> Place {
        let key = match sort {
            IssueSort::LastSeen => self.last_seen,
            IssueSort::FirstSeen => self.first_seen,
            IssueSort::Events => self.count,
            IssueSort::Users => self.users,
        };
        Place { key, id: self.id.get() }
    }
}

impl<'c> Judge<'c> {
    /// The judge of a search.
    pub(super) fn new(connection: &'c Connection, search: &'c IssueSearch) -> Judge<'c> {
        Judge { connection, tests: &search.tests }
    }

    /// Whether all tests hold.
    pub(super) fn accepts(&self, issue: &Candidate<'_>) -> Result<bool, StoreError> {
        let (lookups, of_row): (Vec<_>, Vec<_>) = self.tests.iter().partition(|test| needs_a_look(test));
        for test in of_row.into_iter().chain(lookups) {
            if !self.holds(issue, test)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn holds(&self, issue: &Candidate<'_>, test: &IssueTest) -> Result<bool, StoreError> {
        Ok(match test {
            IssueTest::Status(status) => issue.status == status.code(),
            IssueTest::Level(level) => issue.level == level.code(),
            IssueTest::Priority(priority) => issue.priority == priority.code(),
            IssueTest::Number(project, number) => {
                project.get() == issue.project && i64::try_from(*number) == Ok(issue.number)
            }
            IssueTest::Project(project) => project.get() == issue.project,
            IssueTest::Platform(pattern) => pattern.matches(issue.platform),
            IssueTest::Unhandled => issue.unhandled,
            IssueTest::Environment(pattern) => self.has_environment(issue, pattern)?,
            IssueTest::Tag(key, pattern) => self.has_tag(issue, key, pattern)?,
            IssueTest::HasTag(key) => self.has_tag(issue, key, &Pattern::with_wildcards("*"))?,
            IssueTest::FirstRelease(pattern) => pattern.matches(issue.first_release),
            IssueTest::LastRelease(pattern) => pattern.matches(issue.last_release),
            IssueTest::Text(pattern) => pattern.matches(issue.title) || pattern.matches(issue.culprit),
            IssueTest::Events(bound) => bound.holds(issue.count),
            IssueTest::Users(bound) => bound.holds(issue.users),
            IssueTest::FirstSeen(bound) => bound.holds(issue.first_seen),
            IssueTest::LastSeen(bound) => bound.holds(issue.last_seen),
            IssueTest::Any(tests) => {
                for test in tests {
                    if self.holds(issue, test)? {
                        return Ok(true);
                    }
                }
                false
            }
            IssueTest::Not(test) => !self.holds(issue, test)?,
        })
    }

    fn has_environment(&self, issue: &Candidate<'_>, pattern: &Pattern) -> Result<bool, StoreError> {
        let place = (issue.project, issue.id.get());
        match pattern {
            Pattern::Exact(environment) => Ok(self
                .connection
                .prepare_cached(
                    "select 1 from issue_environment where project_id = ? and issue_id = ? and environment = ?",
                )?
                .exists(params![place.0, place.1, environment])?),
            Pattern::Pieces(_) => {
                let mut values = self.connection.prepare_cached(
                    "select environment from issue_environment where project_id = ? and issue_id = ?",
                )?;
                any_matches(values.query([place.0, place.1])?, pattern)
            }
        }
    }

    fn has_tag(&self, issue: &Candidate<'_>, key: &str, pattern: &Pattern) -> Result<bool, StoreError> {
        let place = (issue.project, issue.id.get());
        match pattern {
            Pattern::Exact(value) => Ok(self
                .connection
                .prepare_cached(
                    "select 1 from issue_tag where project_id = ? and issue_id = ? and key = ? and value = ?",
                )?
                .exists(params![place.0, place.1, key, value])?),
            Pattern::Pieces(_) => {
                let mut values = self
                    .connection
                    .prepare_cached("select value from issue_tag where project_id = ? and issue_id = ? and key = ?")?;
                any_matches(values.query(params![place.0, place.1, key])?, pattern)
            }
        }
    }
}

fn any_matches(mut values: rusqlite::Rows<'_>, pattern: &Pattern) -> Result<bool, StoreError> {
    while let Some(row) = values.next()? {
        if pattern.matches(&row.get::<_, String>(0)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether another table must be asked.
fn needs_a_look(test: &IssueTest) -> bool {
    match test {
        IssueTest::Environment(_) | IssueTest::Tag(_, _) | IssueTest::HasTag(_) => true,
        IssueTest::Any(tests) => tests.iter().any(needs_a_look),
        IssueTest::Not(test) => needs_a_look(test),
        IssueTest::Status(_)
        | IssueTest::Level(_)
        | IssueTest::Priority(_)
        | IssueTest::Number(_, _)
        | IssueTest::Project(_)
        | IssueTest::Platform(_)
        | IssueTest::Unhandled
        | IssueTest::FirstRelease(_)
        | IssueTest::LastRelease(_)
        | IssueTest::Text(_)
        | IssueTest::Events(_)
        | IssueTest::Users(_)
        | IssueTest::FirstSeen(_)
        | IssueTest::LastSeen(_) => false,
    }
}
