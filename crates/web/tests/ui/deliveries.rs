//! The delivery log on pages.

use axum::body::Body;
use http::Request;
use model::role::Role;

use crate::harness::Api;
use crate::person::Person;

const HOOKS: &str = "/settings/my-org/projects/my-project/hooks/";

/// A hook's page over the API of a project to which a hook was added.
async fn hook(api: &Api) -> String {
    let hooks = "/api/0/projects/my-org/my-project/hooks/";
    let hook = api.post(hooks, serde_json::json!({"url": "https://example.com/", "events": ["event.created"]})).await;
    format!("{HOOKS}{}/", hook.with_status(201)["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_empty_log_says_what_fills_it_and_wrong_filters_are_named() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let log = format!("{}deliveries/", hook(&api).await);
    assert!(person.see(&log).await.contains("No delivery yet"));
    assert!(person.see(&format!("{log}?status=failed&hours=1")).await.contains("No matching deliveries"));
    let wrong = person.see(&format!("{log}?status=%3Cb%3Enope&issue=x")).await;
    assert!(wrong.contains("Invalid status parameter") && !wrong.contains("<b>nope"), "{wrong}");
    let part = Request::get(&log).header("hx-request", "true").body(Body::empty()).unwrap();
    let part = person.send(part).await.html;
    assert!(part.contains("No delivery yet") && !part.contains("<html"));
    assert_eq!(person.get(&format!("{log}{}/", "0".repeat(32))).await.status, 404);
}

#[tokio::test]
async fn replays_are_started_and_stopped_and_one_at_a_time() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let replays = format!("{}replays/", hook(&api).await);
    assert!(person.see(&replays).await.contains("None yet."));
    let started = person.submit(&replays, &[("hours", "24"), ("status", "failed"), ("status", "expired")]).await;
    assert_eq!(started.to(), replays, "{}", started.html);
    let page = person.see(&replays).await;
    assert!(page.contains("running") && page.contains("hx-trigger=\"every 1s\""), "{page}");
    let second = person.submit(&replays, &[("hours", "24"), ("status", "failed")]).await;
    assert_eq!(second.status, 409);
    assert!(second.html.contains("is still running"), "{}", second.html);
    let place = page.split("hx-get=\"").find_map(|part| part.split('"').next().filter(|it| it.contains("/replays/")));
    let place = place.unwrap().to_owned();
    let part = Request::get(&place).header("hx-request", "true").body(Body::empty()).unwrap();
    assert!(person.send(part).await.html.starts_with("<li"));
    assert_eq!(person.get(&place).await.to(), replays);
    assert_eq!(person.submit(&format!("{place}stop/"), &[]).await.to(), replays);
    assert!(person.see(&replays).await.contains("stopped"));
    let wrong = person.submit(&replays, &[("hours", "<b>"), ("status", "delivered")]).await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.html.contains("complaint") && !wrong.html.contains("<b>"), "{}", wrong.html);
}

#[tokio::test]
async fn the_live_stream_is_handed_through_to_who_may_see_it() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    let place = hook(&api).await;
    let router = crate::person::pages(&api);
    let ask = |cookie: Option<String>| {
        let mut request = Request::get(format!("{place}live/"));
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        tower::ServiceExt::oneshot(router.clone(), request.body(Body::empty()).unwrap())
    };
    let open = ask(Some(person.cookie())).await.unwrap();
    assert_eq!((open.status().as_u16(), &open.headers()["content-type"]), (200, &"text/event-stream".parse().unwrap()));
    assert_eq!(ask(None).await.unwrap().status(), 303);
}
