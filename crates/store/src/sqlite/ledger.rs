//! [`Ledger`] on SQLite: which thread each method runs on; the statements are in the rooms beside.

use std::sync::Arc;

use async_trait::async_trait;
use model::delivery_key::DeliveryKey;
use model::ids::{HookNumber, Millis, ProcessId, ProjectId};
use model::standing::Standing;
use protocol::EventId;

use super::leases::Page;
use super::{Sqlite, counts, leases, lock, reading, record, standings, sweep};
use crate::error::StoreError;
use crate::ledger::{
    Backlog, Batch, Bodies, CountRange, Ledger, Recorded, RecordedEvent, StoredDelivery, StoredEvent, SweepPlan, Swept,
    Totals,
};

#[async_trait]
impl Ledger for Sqlite {
    async fn register(&self, now: Millis) -> Result<ProcessId, StoreError> {
        self.write(move |transaction| {
            transaction.execute("update process set dead_ms = ? where dead_ms is null", [now.0])?;
            transaction.execute(
                "delete from process
                 where not exists (select 1 from delivery d where d.owner is not null and d.owner = process.id)",
                [],
            )?;
            transaction.execute("insert into process (started_ms) values (?)", [now.0])?;
            Ok(ProcessId::new(transaction.last_insert_rowid())?)
        })
        .await
    }

    async fn free_dead_leases(&self, now: Millis, limit: usize) -> Result<usize, StoreError> {
        self.write(move |transaction| leases::free_dead(transaction, now, limit)).await
    }

    async fn record(&self, batch: Arc<Batch>) -> Result<Recorded, StoreError> {
        let seen = Arc::clone(&self.seen);
        self.writer.run(move |connection| record::record(connection, &batch, &mut lock(&seen))).await
    }

    async fn probe(&self) -> Result<(), StoreError> {
        self.write(|transaction| {
            // Something has to change: a page that stays the same is not written.
            transaction.execute("update meta set value = value + 1 where name = 'probes'", [])?;
            Ok(())
        })
        .await
    }

    async fn find_recorded(
        &self,
        events: Vec<(ProjectId, EventId)>,
        now: Millis,
    ) -> Result<Vec<Option<RecordedEvent>>, StoreError> {
        self.read(move |connection| {
            events.into_iter().map(|event| reading::find_recorded(connection, event, now.day())).collect()
        })
        .await
    }

    async fn leases(
        &self,
        owner: ProcessId,
        after: Option<DeliveryKey>,
        limit: usize,
    ) -> Result<Vec<DeliveryKey>, StoreError> {
        self.read(move |connection| leases::of_owner(connection, owner, Page { after, limit })).await
    }

    async fn standings(&self) -> Result<Vec<(HookNumber, Standing)>, StoreError> {
        self.read(standings::all).await
    }

    async fn backlogs(&self, hooks: Vec<HookNumber>) -> Result<Vec<Backlog>, StoreError> {
        self.read(move |connection| hooks.into_iter().map(|hook| reading::backlog(connection, hook)).collect()).await
    }

    async fn due_hooks(&self, now: Millis) -> Result<Vec<HookNumber>, StoreError> {
        self.read(move |connection| reading::due_hooks(connection, now)).await
    }

    async fn bodies(&self, deliveries: Vec<DeliveryKey>, limit_bytes: usize) -> Result<Bodies, StoreError> {
        self.read(move |connection| reading::bodies(connection, &deliveries, limit_bytes)).await
    }

    async fn sweep(&self, plan: SweepPlan) -> Result<Swept, StoreError> {
        let from = *self.sweeping();
        let (swept, next) = self.write(move |transaction| sweep::sweep(transaction, plan, from)).await?;
        *self.sweeping() = next;
        Ok(swept)
    }

    async fn totals(&self) -> Result<Totals, StoreError> {
        self.read(reading::totals).await
    }

    async fn event(&self, project: ProjectId, event: EventId) -> Result<Option<StoredEvent>, StoreError> {
        self.read(move |connection| reading::event(connection, project, event)).await
    }

    async fn deliveries(&self, project: ProjectId, event: EventId) -> Result<Vec<StoredDelivery>, StoreError> {
        self.read(move |connection| reading::deliveries(connection, project, event)).await
    }

    async fn hook_attempts(&self, hook: HookNumber, range: CountRange) -> Result<Vec<(Millis, u64)>, StoreError> {
        self.read(move |connection| counts::of_hook(connection, hook, range)).await
    }
}
