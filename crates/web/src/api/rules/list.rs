//! `GET …/rules/`: newest first.

use super::super::error::Answer;
use super::super::lookup::{Call, ProjectPath};
use super::super::page::PageRequest;
use super::view::Surroundings;

/// `GET …/rules/`
pub(in super::super) async fn list(call: Call<ProjectPath>) -> Answer {
    let project = call.project(super::READ).await?;
    let Call { api, caller, uri, .. } = call;
    let page = PageRequest::of(&uri)?.cut(api.store.rules(project.id).await?, |rule| rule.id.get());
    let surroundings = Surroundings::of(&api, &project, &caller).await?;
    Ok(page.answer(&api.base_url, &uri, |rule| surroundings.view(rule)))
}
