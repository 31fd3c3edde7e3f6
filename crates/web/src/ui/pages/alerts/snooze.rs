//! Snoozing a rule for everyone, and ending that.

use http::{Method, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::OfRule;
use super::rule::Rule;
use super::state::{Back, SPANS, StatePart};
use crate::ui::form::Form;
use crate::ui::frame::{Flash, Here};
use crate::ui::page::{Page, Shown};
use crate::ui::problem::Problem;
use crate::ui::refusal::Refusal;

/// `POST …/alerts/{rule}/snooze/`
pub(super) async fn snooze(page: Page<OfRule>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let span = SPANS.iter().find(|(name, _, _)| *name == form.trimmed("for"));
    let (_, millis, _) = span.ok_or(Problem::BadForm)?;
    let now = page.ui.state.clock.now().0;
    let until = millis.and_then(|millis| Timestamp::from_millisecond(now.saturating_add(millis)).ok());
    let body = json!({"target": "everyone", "until": until.map(|until| until.to_string())});
    let path = format!("{}snooze/", page.path.api_path());
    let said = page.api().send::<Value>(Method::POST, &path, &body).await?;
    answer(&page, &form, said.err(), Flash::RuleSnoozed).await
}

/// `POST …/alerts/{rule}/unsnooze/`
pub(super) async fn unsnooze(page: Page<OfRule>, form: Form) -> Shown {
    let form = form.checked(&page.visitor)?;
    let api = page.api();
    let rule: Rule = api.get(&page.path.api_path()).await?;
    // One whose snooze has just ended is as it was meant to be.
    let refusal = if rule.snooze {
        let path = format!("{}snooze/", page.path.api_path());
        api.send::<Value>(Method::DELETE, &path, &json!({})).await?.err()
    } else {
        None
    };
    answer(&page, &form, refusal, Flash::RuleUnsnoozed).await
}

/// The part of the page that shows the state, or the page that the form was on.
async fn answer(page: &Page<OfRule>, form: &Form, refusal: Option<Refusal>, flash: Flash) -> Shown {
    let back = Back::named(form.trimmed("back"));
    if page.wants_part() {
        let status = if refusal.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
        return page.show_with(status, &part_of(page, back, refusal.and_then(|refusal| refusal.sentence())).await?);
    }
    let alerts = page.path.project().place(&page.ui.links).to("alerts");
    match (refusal, back) {
        (Some(refusal), _) => Err(Problem::Refused(refusal)),
        (None, Back::List) => page.done(alerts, flash),
        (None, Back::Rule) => page.done(page.path.place(&page.ui.links), flash),
    }
}

async fn part_of(page: &Page<OfRule>, back: Back, complaint: Option<String>) -> Result<StatePart, Problem> {
    let rule: Rule = page.api().get(&page.path.api_path()).await?;
    let frame = page.frame(Here::Projects).await?;
    let until = rule.snooze_until.as_deref().map(|iso| page.moment(iso));
    let place = page.path.place(&frame.links);
    Ok(StatePart { rule, place, back, csrf: frame.csrf, may_write: frame.may_write, until, complaint })
}
