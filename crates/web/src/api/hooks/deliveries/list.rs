//! The list of a hook's deliveries, newest first.

use model::scope::Scope;
use store::deliveries::{DeliveryRow, DeliverySearch};

use super::super::super::error::Answer;
use super::super::super::lookup::{Call, HookPath};
use super::super::super::page::PageRequest;
use super::filter;
use super::view::ListItem;

/// `GET …/hooks/{hook}/deliveries/`
pub(in super::super::super) async fn list(call: Call<HookPath>) -> Answer {
    let hook = call.hook(&[Scope::ProjectRead]).await?;
    let Call { api, uri, .. } = call;
    let (request, project) = (PageRequest::of(&uri)?, api.slug_of(hook.project));
    let filter = filter::read(&uri)?.resolved(&api, (hook.project, project.as_deref())).await?;
    let search = DeliverySearch { project: hook.project, hook: hook.number, filter, cut: request.of_store() };
    let searched = api.store.search_deliveries(search).await?;
    let page = request.listed_to(searched.listed, DeliveryRow::place, searched.reached);
    Ok(page.answer(&api.base_url, &uri, |row| ListItem::of(row, project.as_deref())))
}
