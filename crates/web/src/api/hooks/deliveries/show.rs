//! One delivery with what was sent and what came of it.

use axum::Json;
use axum::response::IntoResponse as _;
use model::scope::Scope;

use super::super::super::error::{Answer, ApiError};
use super::super::super::lookup::{Call, DeliveryPath};
use super::view::Detail;

/// `GET …/deliveries/{delivery}/`
pub(in super::super::super) async fn show(call: Call<DeliveryPath>) -> Answer {
    let (hook, key) = call.delivery(&[Scope::ProjectRead]).await?;
    let detail = call.api.store.delivery(key).await?.ok_or(ApiError::NotFound)?;
    let directory = call.api.directory.current();
    let entry = directory.hook(hook.number).map(AsRef::as_ref);
    let project = call.api.slug_of(hook.project);
    Ok(Json(Detail::of(&detail, (&hook, project.as_deref()), entry)).into_response())
}
