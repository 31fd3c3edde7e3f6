//! Sending one delivery again.

use axum::Json;
use axum::response::IntoResponse as _;
use http::StatusCode;
use model::scope::Scope;
use store::deliveries::SendAgain;

use super::super::super::error::Answer;
use super::super::super::lookup::{Call, DeliveryPath};
use super::super::super::refusal::Refusal;
use super::view::ListItem;

/// `POST …/deliveries/{delivery}/redeliver/`: accepted, not sent yet. The same id, the same bytes, the next attempt.
pub(in super::super::super) async fn redeliver(call: Call<DeliveryPath>) -> Answer {
    let (_, key) = call.delivery(&[Scope::ProjectWrite]).await?;
    let api = call.api;
    match api.store.send_again(key, api.clock.now()).await? {
        SendAgain::Waits(row) => {
            api.sending.is_due(key.hook);
            api.feed.publish([key]);
            Ok((StatusCode::ACCEPTED, Json(ListItem::of(&row, api.slug_of(key.project).as_deref()))).into_response())
        }
        SendAgain::Unsettled(state) => Err(Refusal::Unsettled(state).into()),
        SendAgain::BodyGone => Err(Refusal::BodyGone.into()),
        SendAgain::HookDisabled => Err(Refusal::HookDisabled.into()),
    }
}
