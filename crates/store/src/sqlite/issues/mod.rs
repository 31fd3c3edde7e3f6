//! [`Issues`] on SQLite: which thread each method runs on; the statements are in the rooms beside, one for each job.

mod row;

use async_trait::async_trait;
use model::ids::IssueId;

use super::Sqlite;
use crate::error::StoreError;
use crate::issues::{Issue, Issues};

#[async_trait]
impl Issues for Sqlite {
    async fn issue(&self, issue: IssueId) -> Result<Option<Issue>, StoreError> {
        self.read(move |connection| row::issue(connection, issue)).await
    }
}
