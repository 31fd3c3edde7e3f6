//! Searching: walks a project's issues in the order of an index and judges each by its row.
//!
//! A walk looks at a bounded number of rows in one read transaction and goes on in another, after whoever else waits for a
//! reader; it ends where nobody waits for it any more. Sorted by time it ends with the
//! page; sorted by number it looks at every issue of the project and keeps the highest.

use std::collections::BTreeMap;

use model::ids::{IssueId, ProjectId};
use rusqlite::{Connection, Rows};

use super::filter::{Candidate, Judge};
use super::row;
use crate::error::StoreError;
use crate::issues::{CutFrom, Issue, IssueSearch, IssueSort, IssueTest, Listed, Place};

/// Rows that one read transaction looks at: some ten milliseconds.
const LOOKS: i64 = 4_096;

/// Which way a walk goes through its index.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// From the highest place down.
    Down,
    Up,
}

/// The best places that were found, at most one more than a page has.
struct Best {
    found: BTreeMap<Place, IssueId>,
    way: Way,
    most: usize,
}

/// A search on its way through the projects, from one read transaction to the next.
pub(super) struct Walk {
    search: IssueSearch,
    best: Best,
    /// Projects that are done.
    done: usize,
    /// The place that the walk through the next one has come to.
    from: Option<Place>,
}

impl Walk {
    /// Begins a search.
    pub(super) fn new(search: IssueSearch) -> Walk {
        let way = match search.cut.from {
            CutFrom::Start | CutFrom::After(_) => Way::Down,
            CutFrom::Before(_) => Way::Up,
        };
        let best = Best { found: BTreeMap::new(), way, most: search.cut.limit.saturating_add(1) };
        Walk { search, best, done: 0, from: None }
    }

    /// Looks at some rows. The page that is asked for, once there are no more to look at.
    pub(super) fn step(&mut self, connection: &Connection) -> Result<Option<Listed<Issue>>, StoreError> {
        let Walk { search, best, done, from } = self;
        let mut looks = LOOKS;
        while let Some(project) = search.projects.get(*done).copied() {
            if let Some(number) = only_number(search) {
                look_at_one(connection, search, (project, number), best)?;
                looks -= 1;
            } else {
                let looked = match search.sort {
                    IssueSort::LastSeen | IssueSort::FirstSeen => {
                        walk_in_order(connection, search, (project, looks), (best, from))?
                    }
                    IssueSort::Events | IssueSort::Users => {
                        walk_all(connection, search, (project, looks), (best, from))?
                    }
                };
                match looked {
                    Some(looked) => looks -= looked,
                    None => return Ok(None),
                }
            }
            (*done, *from) = (*done + 1, None);
            if looks <= 0 {
                return Ok(None);
            }
        }
        self.page(connection).map(Some)
    }

    fn page(&mut self, connection: &Connection) -> Result<Listed<Issue>, StoreError> {
        let more = self.best.found.len() > self.search.cut.limit;
        if more {
            self.best.drop_worst();
        }
        let mut items = Vec::with_capacity(self.best.found.len());
        for id in self.best.found.values().rev() {
            // One that was deleted meanwhile is not shown.
            items.extend(row::issue(connection, *id)?);
        }
        Ok(Listed { items, more })
    }
}

/// The number that is asked for, where it is one only.
fn only_number(search: &IssueSearch) -> Option<u64> {
    search.tests.iter().find_map(|test| if let IssueTest::Number(_, number) = test { Some(*number) } else { None })
}

/// The issue with a number needs no walk.
fn look_at_one(
    connection: &Connection,
    search: &IssueSearch,
    (project, number): (ProjectId, u64),
    best: &mut Best,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "select id, short_number, status, level, priority, unhandled, count, users, first_seen_ms, last_seen_ms,
                project_id, coalesce(first_release, ''), coalesce(last_release, ''), title, culprit, platform
         from issue
         where project_id = ? and short_number = ? and deleted = 0",
    )?;
    let mut rows = statement.query([project.get(), i64::try_from(number).unwrap_or(0)])?;
    if let Some(candidate) = next(&mut rows)? {
        let place = candidate.place(search.sort);
        if best.way.reaches(search.cut.from, place) && Judge::new(connection, search).accepts(&candidate)? {
            best.add(place, candidate.id);
        }
    }
    Ok(())
}

/// Ends when the page is full, or holds nothing that could be worse than what follows. How many rows it has looked at; `None`
/// where there may be more.
fn walk_in_order(
    connection: &Connection,
    search: &IssueSearch,
    (project, looks): (ProjectId, i64),
    (best, from): (&mut Best, &mut Option<Place>),
) -> Result<Option<i64>, StoreError> {
    let judge = Judge::new(connection, search);
    let mut place = from.unwrap_or(first_place(search.cut.from));
    let mut statement = connection.prepare_cached(ordered(search.sort, best.way))?;
    let mut rows = statement.query([project.get(), place.key, place.id, looks])?;
    let mut looked = 0;
    while let Some(candidate) = next(&mut rows)? {
        looked += 1;
        place = candidate.place(search.sort);
        if best.wants(place) && judge.accepts(&candidate)? {
            best.add(place, candidate.id);
        }
        // What follows is worse still.
        if !best.wants(place) {
            return Ok(Some(looked));
        }
    }
    *from = Some(place);
    Ok((looked < looks).then_some(looked))
}

/// The same, in an order that says nothing of what follows.
fn walk_all(
    connection: &Connection,
    search: &IssueSearch,
    (project, looks): (ProjectId, i64),
    (best, from): (&mut Best, &mut Option<Place>),
) -> Result<Option<i64>, StoreError> {
    let judge = Judge::new(connection, search);
    let mut last = from.unwrap_or(first_place(CutFrom::Start));
    let mut statement = connection.prepare_cached(ordered(IssueSort::LastSeen, Way::Down))?;
    let mut rows = statement.query([project.get(), last.key, last.id, looks])?;
    let mut looked = 0;
    while let Some(candidate) = next(&mut rows)? {
        looked += 1;
        last = candidate.place(IssueSort::LastSeen);
        let place = candidate.place(search.sort);
        if best.way.reaches(search.cut.from, place) && best.wants(place) && judge.accepts(&candidate)? {
            best.add(place, candidate.id);
        }
    }
    *from = Some(last);
    Ok((looked < looks).then_some(looked))
}

/// The place that a walk begins beyond.
fn first_place(from: CutFrom) -> Place {
    match from {
        CutFrom::Start => Place { key: i64::MAX, id: i64::MAX },
        CutFrom::After(place) | CutFrom::Before(place) => place,
    }
}

/// A project's issues in the order of an index, beyond a place.
fn ordered(sort: IssueSort, way: Way) -> &'static str {
    match (sort, way) {
        (IssueSort::FirstSeen, Way::Down) => {
            "select id, short_number, status, level, priority, unhandled, count, users, first_seen_ms, last_seen_ms,
                    project_id, coalesce(first_release, ''), coalesce(last_release, ''), title, culprit, platform
             from issue
             where project_id = ? and (first_seen_ms, id) < (?, ?) and deleted = 0
             order by first_seen_ms desc, id desc
             limit ?"
        }
        (IssueSort::FirstSeen, Way::Up) => {
            "select id, short_number, status, level, priority, unhandled, count, users, first_seen_ms, last_seen_ms,
                    project_id, coalesce(first_release, ''), coalesce(last_release, ''), title, culprit, platform
             from issue
             where project_id = ? and (first_seen_ms, id) > (?, ?) and deleted = 0
             order by first_seen_ms, id
             limit ?"
        }
        (IssueSort::LastSeen | IssueSort::Events | IssueSort::Users, Way::Down) => {
            "select id, short_number, status, level, priority, unhandled, count, users, first_seen_ms, last_seen_ms,
                    project_id, coalesce(first_release, ''), coalesce(last_release, ''), title, culprit, platform
             from issue
             where project_id = ? and (last_seen_ms, id) < (?, ?) and deleted = 0
             order by last_seen_ms desc, id desc
             limit ?"
        }
        (IssueSort::LastSeen | IssueSort::Events | IssueSort::Users, Way::Up) => {
            "select id, short_number, status, level, priority, unhandled, count, users, first_seen_ms, last_seen_ms,
                    project_id, coalesce(first_release, ''), coalesce(last_release, ''), title, culprit, platform
             from issue
             where project_id = ? and (last_seen_ms, id) > (?, ?) and deleted = 0
             order by last_seen_ms, id
             limit ?"
        }
    }
}

fn next<'r>(rows: &'r mut Rows<'_>) -> Result<Option<Candidate<'r>>, StoreError> {
    rows.next()?.map(Candidate::of).transpose()
}

impl Way {
    /// Whether a place lies beyond the one that a part of a list begins or ends with.
    fn reaches(self, from: CutFrom, place: Place) -> bool {
        match self {
            Way::Down => place < first_place(from),
            Way::Up => place > first_place(from),
        }
    }
}

impl Best {
    /// Whether a place is better than the worst of a full page.
    fn wants(&self, place: Place) -> bool {
        if self.found.len() < self.most {
            return true;
        }
        match self.way {
            Way::Down => self.found.first_key_value().is_some_and(|(worst, _)| place > *worst),
            Way::Up => self.found.last_key_value().is_some_and(|(worst, _)| place < *worst),
        }
    }

    fn add(&mut self, place: Place, id: IssueId) {
        // One that moved on between two transactions may be met again.
        self.found.retain(|_, known| *known != id);
        self.found.insert(place, id);
        if self.found.len() > self.most {
            self.drop_worst();
        }
    }

    fn drop_worst(&mut self) {
        match self.way {
            Way::Down => self.found.pop_first(),
            Way::Up => self.found.pop_last(),
        };
    }
}
