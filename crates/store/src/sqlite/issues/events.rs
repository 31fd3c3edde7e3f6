//! Events of an issue or a project: page by page, or one with its neighbours. Those of a deleted issue are not there.

use model::ids::{IssueId, ProjectId, Seq};
use protocol::EventId;
use rusqlite::{Connection, OptionalExtension, Params};

use super::super::reading::{seq_of, stored_event};
use super::super::rows::bounded;
use crate::error::StoreError;
use crate::issues::{Cut, CutFrom, EventInIssue, EventsOf, Listed, WantedEvent};
use crate::ledger::StoredEvent;

/// Bytes of bodies on one page, beyond which it ends early.
const PAGE_BYTES: usize = 8 * 1024 * 1024;

/// A page of events.
pub(super) fn page(connection: &Connection, of: EventsOf, cut: Cut) -> Result<Listed<StoredEvent>, StoreError> {
    let limit = bounded(cut.limit.saturating_add(1));
    let (statement, from) = match cut.from {
        CutFrom::Start => (down(of), i64::MAX),
        CutFrom::After(place) => (down(of), place.key),
        CutFrom::Before(place) => (up(of), place.key),
    };
    let whose = match of {
        EventsOf::Project(project) => project.get(),
        EventsOf::Issue(issue) => issue.get(),
    };
    let mut statement = connection.prepare_cached(statement)?;
    let numbers: Vec<i64> = statement.query_map([whose, from, limit], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let (mut items, mut bytes, mut more) = (Vec::new(), 0, numbers.len() > cut.limit);
    for seq in numbers.into_iter().take(cut.limit) {
        if bytes > PAGE_BYTES {
            more = true;
            break;
        }
        if let Some(event) = stored_event(connection, Seq::try_from(seq)?)? {
            bytes += event.body.len();
            items.push(event);
        }
    }
    if matches!(cut.from, CutFrom::Before(_)) {
        items.reverse();
    }
    Ok(Listed { items, more })
}

fn down(of: EventsOf) -> &'static str {
    match of {
        EventsOf::Project(_) => {
            "select o.seq
             from event_of_project o
             join event e on e.seq = o.seq
             join issue i on i.id = e.issue_id and i.deleted = 0
             where o.project_id = ? and o.seq < ?
             order by o.seq desc
             limit ?"
        }
        EventsOf::Issue(_) => {
            "select o.seq
             from issue i
             join event_of_issue o on o.project_id = i.project_id and o.issue_id = i.id
             where i.id = ? and i.deleted = 0 and o.seq < ?
             order by o.seq desc
             limit ?"
        }
    }
}

fn up(of: EventsOf) -> &'static str {
    match of {
        EventsOf::Project(_) => {
            "select o.seq
             from event_of_project o
             join event e on e.seq = o.seq
             join issue i on i.id = e.issue_id and i.deleted = 0
             where o.project_id = ? and o.seq > ?
             order by o.seq
             limit ?"
        }
        EventsOf::Issue(_) => {
            "select o.seq
             from issue i
             join event_of_issue o on o.project_id = i.project_id and o.issue_id = i.id
             where i.id = ? and i.deleted = 0 and o.seq > ?
             order by o.seq
             limit ?"
        }
    }
}

/// One event with its neighbours.
pub(super) fn find(connection: &Connection, wanted: WantedEvent) -> Result<Option<EventInIssue>, StoreError> {
    let seq = match wanted {
        WantedEvent::Latest(issue) => beside(connection, down(EventsOf::Issue(issue)), issue, i64::MAX)?,
        WantedEvent::Oldest(issue) => beside(connection, up(EventsOf::Issue(issue)), issue, 0)?,
        WantedEvent::OfIssue(issue, event) => match project_of(connection, issue)? {
            Some(project) => seq_of(connection, project, event)?,
            None => None,
        },
        WantedEvent::OfProject(project, event) => seq_of(connection, project, event)?,
    };
    let Some(seq) = seq else { return Ok(None) };
    let Some(event) = stored_event(connection, seq)? else { return Ok(None) };
    let is_wanted = match wanted {
        WantedEvent::OfIssue(issue, _) => event.issue == issue,
        WantedEvent::Latest(_) | WantedEvent::Oldest(_) => true,
        WantedEvent::OfProject(_, _) => project_of(connection, event.issue)?.is_some(),
    };
    let Some(id) = id_of(connection, seq)?.filter(|_| is_wanted) else { return Ok(None) };
    let issue = event.issue;
    let previous = beside(connection, down(EventsOf::Issue(issue)), issue, i64::from(seq))?;
    let next = beside(connection, up(EventsOf::Issue(issue)), issue, i64::from(seq))?;
    let neighbour = |seq: Option<Seq>| seq.map(|seq| id_of(connection, seq)).transpose().map(Option::flatten);
    Ok(Some(EventInIssue { id, event, previous: neighbour(previous)?, next: neighbour(next)? }))
}

/// The next event of an issue beyond a number, in the direction of the statement.
fn beside(connection: &Connection, statement: &str, issue: IssueId, from: i64) -> Result<Option<Seq>, StoreError> {
    let found: Option<i64> = one(connection, statement, [issue.get(), from, 1])?;
    Ok(found.map(Seq::try_from).transpose()?)
}

/// Whose an issue is, if it is there.
fn project_of(connection: &Connection, issue: IssueId) -> Result<Option<ProjectId>, StoreError> {
    let statement = "select project_id from issue where id = ? and deleted = 0";
    Ok(one(connection, statement, [issue.get()])?.map(ProjectId::new).transpose()?)
}

fn id_of(connection: &Connection, seq: Seq) -> Result<Option<EventId>, StoreError> {
    Ok(one(connection, "select event_id from event where seq = ?", [i64::from(seq)])?.map(EventId))
}

fn one<T: rusqlite::types::FromSql>(
    connection: &Connection,
    statement: &str,
    asked: impl Params,
) -> Result<Option<T>, StoreError> {
    Ok(connection.prepare_cached(statement)?.query_row(asked, |row| row.get(0)).optional()?)
}
