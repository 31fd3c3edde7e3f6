//! [`Deliveries`] on SQLite: which thread each method runs on; the statements are in the rooms beside, one for each job.

mod again;
mod replays;
mod row;
mod search;
mod walks;

pub(super) use replays::{delete_of_hook, delete_old};

use async_trait::async_trait;
use model::delivery_key::DeliveryKey;
use model::ids::{HookNumber, Millis, ReplayId};
use rusqlite::Connection;

use super::Sqlite;
use crate::deliveries::{
    Deliveries, DeliveryDetail, DeliveryRow, DeliverySearch, NewReplay, Replay, ReplayBegun, ReplaySlice,
    SearchedDeliveries, SendAgain,
};
use crate::error::StoreError;
use crate::issues::{Cut, Listed};

#[async_trait]
impl Deliveries for Sqlite {
    async fn search_deliveries(&self, search: DeliverySearch) -> Result<SearchedDeliveries, StoreError> {
        let mut walk = search::Walk::new(search);
        loop {
            let step = move |connection: &Connection| Ok((walk.step(connection)?, walk));
            match self.read(step).await? {
                (Some(page), _) => return Ok(page),
                (None, gone_on) => walk = gone_on,
            }
        }
    }

    async fn delivery(&self, key: DeliveryKey) -> Result<Option<DeliveryDetail>, StoreError> {
        self.read(move |connection| row::detail(connection, &key)).await
    }

    async fn deliveries_at(&self, keys: Vec<DeliveryKey>) -> Result<Vec<DeliveryRow>, StoreError> {
        self.read(move |connection| keys.iter().filter_map(|key| row::delivery(connection, key).transpose()).collect())
            .await
    }

    async fn send_again(&self, key: DeliveryKey, now: Millis) -> Result<SendAgain, StoreError> {
        self.write(move |transaction| again::send_again(transaction, &key, now)).await
    }

    async fn create_replay(&self, new: NewReplay) -> Result<ReplayBegun, StoreError> {
        // Counted beside the writer, in short reads: what a hook was not delivered in a month may be much.
        let mut count = replays::Count::default();
        while !count.ended {
            let wanted = new.clone();
            count = self.read(move |connection| replays::count_on(connection, &wanted, count)).await?;
        }
        self.write(move |transaction| replays::create(transaction, &new, count.found)).await
    }

    async fn replay(&self, hook: HookNumber, replay: ReplayId) -> Result<Option<Replay>, StoreError> {
        self.read(move |connection| replays::of_hook(connection, hook, replay)).await
    }

    async fn replays(&self, hook: HookNumber, cut: Cut) -> Result<Listed<Replay>, StoreError> {
        self.read(move |connection| replays::page(connection, hook, cut)).await
    }

    async fn running_replays(&self) -> Result<Vec<(HookNumber, ReplayId)>, StoreError> {
        self.read(replays::running).await
    }

    async fn replay_slice(
        &self,
        replay: ReplayId,
        limit: usize,
        now: Millis,
    ) -> Result<Option<ReplaySlice>, StoreError> {
        self.write(move |transaction| replays::slice(transaction, replay, (limit, now))).await
    }

    async fn stop_replay(&self, hook: HookNumber, replay: ReplayId, now: Millis) -> Result<Option<Replay>, StoreError> {
        self.write(move |transaction| replays::stop(transaction, (hook, replay), now)).await
    }
}
