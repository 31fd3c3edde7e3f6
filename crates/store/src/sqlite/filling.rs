//! [`Counting`] on SQLite.

use std::sync::Arc;

use async_trait::async_trait;
use model::ids::{IssueId, Millis, ProjectId, Seq};
use model::rules::CounterKey;
use rusqlite::{Connection, Transaction, params};

use super::reading::slice_of_events;
use super::rows::collect;
use super::{Sqlite, lock};
use crate::counting::{CountedEvent, CounterToFill, Counting, EventToCount, FilledSlice};
use crate::error::StoreError;
use crate::issues::Listed;

#[async_trait]
impl Counting for Sqlite {
    async fn counters_to_fill(&self) -> Result<Vec<CounterToFill>, StoreError> {
        self.read(to_fill).await
    }

    async fn events_to_count(
        &self,
        project: ProjectId,
        below: Seq,
        limit: usize,
    ) -> Result<Listed<EventToCount>, StoreError> {
        self.read(move |connection| events_below(connection, project, (below, limit))).await
    }

    async fn fill_counters(&self, slice: FilledSlice) -> Result<(), StoreError> {
        let seen = Arc::clone(&self.seen);
        let filling = move |transaction: &Transaction<'_>| {
            lock(&seen).forget_counter(slice.counter.key);
            fill(transaction, &slice)
        };
        self.write(filling).await
    }
}

fn to_fill(connection: &Connection) -> Result<Vec<CounterToFill>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select f.project_id, f.key, f.below_seq,
                (select max(c.reach_s) from rule_counter c where c.project_id = f.project_id and c.key = f.key)
         from counter_fill f",
    )?;
    collect(statement.query([])?, |row| {
        Ok(CounterToFill {
            project: ProjectId::new(row.get(0)?)?,
            key: CounterKey(row.get(1)?),
            below: Seq::try_from(row.get::<_, i64>(2)?)?,
            reach_seconds: row.get::<_, Option<i64>>(3)?.unwrap_or(0),
        })
    })
}

fn events_below(
    connection: &Connection,
    project: ProjectId,
    (below, limit): (Seq, usize),
) -> Result<Listed<EventToCount>, StoreError> {
    let mut statement = connection.prepare_cached(
        "select e.seq, e.issue_id, e.received_ms, e.value
         from event_of_project o
         join event e on e.seq = o.seq
         where o.project_id = ? and o.seq < ?
         order by o.seq desc",
    )?;
    slice_of_events(statement.query([project.get(), i64::from(below)])?, (limit, 3), |row, value| {
        Ok(EventToCount {
            seq: Seq::try_from(row.get::<_, i64>(0)?)?,
            issue: IssueId::new(row.get(1)?)?,
            received: Millis(row.get(2)?),
            value,
        })
    })
}

fn fill(transaction: &Transaction<'_>, slice: &FilledSlice) -> Result<(), StoreError> {
    let CounterToFill { project, key, below, .. } = slice.counter;
    let place = [project.get(), key.0, i64::from(below)];
    let moved = match slice.next_below {
        Some(next) => transaction
            .prepare_cached("update counter_fill set below_seq = ? where project_id = ? and key = ? and below_seq = ?")?
            .execute([i64::from(next), place[0], place[1], place[2]])?,
        None => transaction
            .prepare_cached("delete from counter_fill where project_id = ? and key = ? and below_seq = ?")?
            .execute(place)?,
    };
    if moved == 0 {
        // Another process has filled this slice, or nobody asks for the counter any more.
        return Ok(());
    }
    for counted in &slice.counted {
        add(transaction, (project, key), counted)?;
    }
    Ok(())
}

fn add(
    transaction: &Transaction<'_>,
    (project, key): (ProjectId, CounterKey),
    counted: &CountedEvent,
) -> Result<(), StoreError> {
    let (project, key, issue) = (project.get(), key.0, counted.issue.get());
    match counted.user {
        Some(user) => transaction
            .prepare_cached(
                "insert into issue_user_count (project_id, key, issue_id, bucket_s, user)
                 values (?, ?, ?, ?, ?)
                 on conflict do nothing",
            )?
            .execute(params![project, key, issue, counted.bucket_s, user.0])?,
        None => transaction
            .prepare_cached(
                "insert into issue_count (project_id, key, issue_id, bucket_s, events)
                 values (?, ?, ?, ?, 1)
                 on conflict do update set events = events + 1",
            )?
            .execute(params![project, key, issue, counted.bucket_s])?,
    };
    Ok(())
}
