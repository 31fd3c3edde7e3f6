//! Figures on pages: an organization at a glance, projects, and a hook's attempts over time.

use model::attempt::Outcome;
use model::role::Role;

use crate::harness::Api;
use crate::person::Person;
use crate::sent::Sent;

#[tokio::test]
async fn what_came_in_and_how_it_was_delivered_is_shown_wherever_one_looks_first() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    assert_eq!(person.get("/").await.to(), "/organizations/my-org/");
    let empty = person.see("/organizations/my-org/").await;
    assert!(empty.contains("none yet") && empty.contains("service hook yet."), "{empty}");
    assert!(empty.contains("/settings/my-org/projects/my-project/getting-started/"), "{empty}");
    let mut sent = Sent::start(&api).await;
    for outcome in [Outcome::Succeeded, Outcome::Succeeded, Outcome::HttpError] {
        sent.attempted(outcome, 20_000).await;
    }
    let overview = person.see("/organizations/my-org/").await;
    assert!(!overview.contains("Nothing has come in yet"));
    assert!(overview.contains(">66 %</div>") && overview.contains("3 events in 24 hours"), "{overview}");
    let projects = person.see("/organizations/my-org/projects/").await;
    assert!(projects.contains("2 of 3") && projects.contains("1 active"), "{projects}");
    let hooks = person.see("/settings/my-org/projects/my-project/hooks/").await;
    assert!(hooks.contains("2 of 3"), "{hooks}");
}

#[tokio::test]
async fn attempts_are_drawn_and_told_day_by_day() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    let mut sent = Sent::start(&api).await;
    let id = sent.hook["id"].as_str().unwrap().to_owned();
    let log = format!("/settings/my-org/projects/my-project/hooks/{id}/deliveries/");
    assert!(!person.see(&log).await.contains("Attempts over 30 days"), "there is nothing to draw");
    sent.attempted(Outcome::Succeeded, 20_000).await;
    sent.attempted(Outcome::TimedOut, 5_000_000).await;
    let page = person.see(&log).await;
    assert!(page.contains(r#"aria-label="2 attempts in 30 days""#), "{page}");
    assert!(page.contains("2018-11-06: 1 succeeded, 1 timed out"), "{page}");
    let row = page.split("<td class=\"nowrap\">2018-11-06</td>").nth(1).unwrap().split("</tr>").next().unwrap();
    assert!(row.contains(">2</td>") && row.contains(">1</td>"), "{row}");
}
