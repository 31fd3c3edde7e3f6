//! `DELETE …/rules/{rule}/`.

use http::StatusCode;

use super::super::error::Answer;
use super::super::lookup::{Call, RulePath};

/// `DELETE …/rules/{rule}/`. It fires no more once this is answered; 202 because its history goes later.
pub(in super::super) async fn delete(call: Call<RulePath>) -> Answer<StatusCode> {
    let (project, rule) = call.rule(super::WRITE).await?;
    let Call { api, .. } = call;
    api.store.delete_rule(project.id, rule.id).await?;
    api.changed().await;
    Ok(StatusCode::ACCEPTED)
}
