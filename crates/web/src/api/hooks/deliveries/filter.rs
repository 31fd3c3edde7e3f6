//! What a query string narrows a list of deliveries to.
//!
//! A value that nobody knows is refused, with those that there are: an empty list would look like good news. A parameter may be
//! given several times, or several values with commas between; any of them may hold.

use http::Uri;
use model::attempt::Outcome;
use model::delivery::DeliveryState;
use model::ids::{Millis, ProjectId};
use model::short_id::ShortId;
use store::deliveries::DeliveryFilter;
use webhook::Kind;

use super::super::super::ApiState;
use super::super::super::error::Answer;
use super::super::super::page::{query_value, query_values};
use super::super::super::refusal::BadFilter;
use super::super::super::time::moment_or_seconds;

/// What a query says, with the issue as it is named there.
pub(super) struct Filter {
    filter: DeliveryFilter,
    issue: Option<String>,
}

impl Filter {
    /// The filter of the store: an issue of the project, which has this slug, may be named by its id or by its short id.
    ///
    /// # Errors
    /// What the store says, and [`BadFilter::Issue`].
    pub(super) async fn resolved(
        self,
        api: &ApiState,
        (project, slug): (ProjectId, Option<&str>),
    ) -> Answer<DeliveryFilter> {
        let Filter { mut filter, issue } = self;
        let Some(value) = issue else { return Ok(filter) };
        filter.issue = match (value.parse(), value.parse::<ShortId>()) {
            (Ok(id), _) => Some(id),
            (_, Ok(named)) if Some(named.project.as_str()) == slug => {
                api.store.issue_by_number(project, named.number).await?.map(|issue| issue.id)
            }
            _ => None,
        };
        if filter.issue.is_none() { Err(BadFilter::Issue { value }.into()) } else { Ok(filter) }
    }
}

/// Reads `status`, `outcome`, `event`, `issue`, `since` and `until`.
///
/// # Errors
/// Any of [`BadFilter`].
pub(super) fn read(uri: &Uri) -> Result<Filter, BadFilter> {
    let mut filter =
        DeliveryFilter { since: time(uri, "since")?, until: time(uri, "until")?, ..DeliveryFilter::default() };
    if filter.since.zip(filter.until).is_some_and(|(since, until)| since > until) {
        return Err(BadFilter::Order);
    }
    for value in values(uri, "status") {
        let unknown = || unknown("status", &value, DeliveryState::ALL.map(DeliveryState::as_str));
        filter.states.push(value.parse().map_err(|_| unknown())?);
    }
    for value in values(uri, "outcome") {
        let named: Vec<_> = Outcome::ALL.into_iter().filter(|outcome| outcome.as_str() == value).collect();
        if named.is_empty() {
            return Err(unknown("outcome", &value, Outcome::ALL.map(Outcome::as_str)));
        }
        filter.outcomes.extend(named);
    }
    for value in values(uri, "event") {
        if let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.as_str() == value) {
            filter.kinds.push(kind);
        } else {
            let event = value.parse().map_err(|_| BadFilter::Event { value })?;
            if filter.event.replace(event).is_some_and(|earlier| earlier != event) {
                return Err(BadFilter::TwoEvents);
            }
        }
    }
    let issue = query_value(uri, "issue").map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    Ok(Filter { filter, issue })
}

fn values(uri: &Uri, name: &str) -> Vec<String> {
    let values = query_values(uri, name);
    let parts = values.iter().flat_map(|value| value.split(','));
    parts.map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn time(uri: &Uri, name: &'static str) -> Result<Option<Millis>, BadFilter> {
    let text = query_value(uri, name).filter(|text| !text.is_empty());
    text.map(|text| moment_or_seconds(&text).ok_or(BadFilter::Time { name })).transpose()
}

fn unknown<const N: usize>(name: &'static str, value: &str, names: [&'static str; N]) -> BadFilter {
    // Outcomes have a name for several causes.
    let mut known = names.to_vec();
    known.dedup();
    let known = known.join(", ");
    BadFilter::Unknown { name, value: value.to_owned(), known }
}
