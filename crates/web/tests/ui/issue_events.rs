//! Events on pages: whatever real SDKs send, what of it is left out, and why somebody was told.

use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::time::Duration;

use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use model::role::Role;
use serde_json::{Value, json};

use crate::harness::Api;
use crate::person::Person;
use crate::recording::{Recording, error, event_id, record};

const ISSUES: &str = "/organizations/my-org/issues/";
const API: &str = "/api/0/projects/my-org/my-project/";
const SDK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/fixtures/sdk");

/// Every event that a real SDK sent, with the name of its request.
fn captured() -> Vec<(String, Value)> {
    let folders = ["python", "node", "cli"].map(|sdk| fs::read_dir(PathBuf::from(SDK).join(sdk)).unwrap());
    let mut files: Vec<PathBuf> = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "body"));
    files.sort();
    let named =
        |file: &PathBuf| Some((file.file_stem()?.to_string_lossy().into_owned(), event_of(&fs::read(file).unwrap())?));
    files.iter().filter_map(named).collect()
}

/// The event of an envelope, if it has one.
fn event_of(sent: &[u8]) -> Option<Value> {
    let mut plain = sent.to_vec();
    if sent.starts_with(&[0x1f, 0x8b]) {
        plain.clear();
        flate2::read::GzDecoder::new(sent).read_to_end(&mut plain).unwrap();
    }
    let mut lines = plain.split(|byte| *byte == b'\n').skip(1);
    let item: Value = serde_json::from_slice(lines.next()?).ok()?;
    (item["type"] == "event").then(|| serde_json::from_slice(lines.next().unwrap()).unwrap())
}

/// A text as a page has it.
fn escaped(text: &str) -> String {
    [("&", "&#38;"), ("<", "&#60;"), (">", "&#62;"), ("\"", "&#34;"), ("'", "&#39;")]
        .into_iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[tokio::test]
async fn every_event_of_a_real_sdk_is_shown_with_what_it_says() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    let events = captured();
    assert!(events.len() > 5, "{}", events.len());
    for (name, event) in events {
        let issue = record(&api, std::slice::from_ref(&event)).await[0];
        let id = event["event_id"].as_str().unwrap();
        let page = person.see(&format!("{ISSUES}{issue}/events/{id}/")).await;
        let kept = api.get(&format!("/api/0/issues/{issue}/events/{id}/")).await.with_status(200);
        for exception in event["exception"]["values"].as_array().into_iter().flatten() {
            for part in [&exception["type"], &exception["value"]].into_iter().filter_map(Value::as_str) {
                assert!(page.contains(&escaped(part)), "{name} {part}: {page}");
            }
        }
        for tag in kept["tags"].as_array().unwrap() {
            let [key, value] = ["key", "value"].map(|part| escaped(tag[part].as_str().unwrap()));
            let of_tag =
                page.split_once(&format!("<dt>{key}</dt><dd><a href=\"")).unwrap_or_else(|| panic!("{tag}: {page}")).1;
            assert!(of_tag.split_once("</a>").unwrap().0.ends_with(&format!("\">{value}")), "{name} {tag}: {of_tag}");
        }
        assert!(page.contains(event["sdk"]["name"].as_str().unwrap()), "{name}");
    }
}

#[tokio::test]
async fn threads_are_shown_and_the_one_that_crashed_is_open() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    let thread = |id: u32, name: &str, crashed: bool| {
        let frames =
            json!([{"function": format!("in_{name}"), "filename": "a.c", "in_app": true, "lineno": 3, "colno": 9}]);
        json!({"id": id, "name": name, "crashed": crashed, "stacktrace": {"frames": frames}})
    };
    let threads = json!({"values": [thread(1, "main", false), thread(2, "worker", true)]});
    let issue = record(&api, &[error(1, "Crash", json!({ "threads": threads }))]).await[0];
    let page = person.see(&format!("{ISSUES}{issue}/")).await;
    let (_, open) = page.split_once(r#"<details class="card snippet" open>"#).unwrap();
    assert!(open.contains("in_worker") && !open.contains("in_main") && open.contains("at line 3:9"), "{open}");
    assert!(page.contains("Thread main") && page.contains("in_main") && page.contains("crashed"), "{page}");
}

#[tokio::test]
async fn shapes_that_a_part_should_not_have_are_shown_as_they_came() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    let more = json!({
        "contexts": {"list": {"inner": [1, {"a": 2}]}},
        "request": {"url": "https://shop.example/cart#items", "query_string": [["q", "1"], ["lonely"]], "data": {"deep": [true]}},
        "extra": {"object": {"a": {"b": null}}, "number": 7},
    });
    let issue = record(&api, &[error(1, "Odd", more)]).await[0];
    let page = person.see(&format!("{ISSUES}{issue}/")).await;
    for part in
        ["[1,{&#34;a&#34;:2}]", "<dt>number</dt><dd>7</dd>", "{&#34;a&#34;:{&#34;b&#34;:null}}", "json-key", "lonely"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(page.contains(r#"<a href="https://shop.example/cart#items" rel="noreferrer noopener">"#), "{page}");
    assert!(!page.contains("<code>GET</code>"), "nobody said how it was sent");
}

#[tokio::test]
async fn a_page_leaves_out_much_but_says_so_and_leads_to_all_of_it() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    let modules: serde_json::Map<_, _> =
        (0..1_300).map(|number| (format!("package-{number:04}"), json!("1"))).collect();
    let more = json!({"modules": modules, "extra": {"long": "<i>".repeat(3_000)}});
    let issue = record(&api, &[error(1, "Large", more)]).await[0];
    let place = format!("{ISSUES}{issue}/events/{}/", event_id(1));
    let page = person.see(&place).await;
    let kept = api.get(&format!("/api/0/issues/{issue}/events/latest/")).await.with_status(200);
    let packages = kept["packages"].as_object().unwrap().len();
    assert!(packages > 250, "{packages}");
    assert!(page.contains(&format!("200 of {packages} are shown")) && !page.contains("package-0200"), "{page}");
    assert!(page.contains("(9000 characters in all)") && !page.contains("<i>"), "{page}");
    assert!(page.contains(&format!(r#"href="{place}json/""#)), "{page}");

    let all = person.get(&format!("{place}json/")).await;
    assert_eq!((all.status, all.headers[CONTENT_TYPE].to_str().unwrap()), (200, "application/json"));
    assert_eq!(all.headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
    assert!(all.headers[CONTENT_SECURITY_POLICY].to_str().unwrap().contains("sandbox"));
    assert_eq!(serde_json::from_str::<Value>(&all.html).unwrap(), kept);
    assert_eq!(person.get(&format!("{ISSUES}{issue}/events/{}/json/", event_id(2))).await.status, 404);
    assert_eq!(Person::new(&api).get(&format!("{place}json/")).await.status, 303, "to the sign-in");
}

#[tokio::test]
async fn an_issue_shows_how_often_it_happened_and_leads_to_others_with_its_tags() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    let tagged = |number, what: &str, plan: &str| error(number, what, json!({"tags": {"plan": plan}}));
    let quoted = r#"go"ld & <co>"#;
    let events =
        [tagged(1, "Alpha", quoted), tagged(2, "Alpha", "free"), tagged(3, "Beta", quoted), tagged(4, "Gamma", "free")];
    let issue = record(&api, &events).await[0];
    let page = person.see(&format!("{ISSUES}{issue}/")).await;
    for part in ["2 events in 24 hours", "2 events in 30 days", "1 other value<"] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let (before, _) = page.split_once(&format!("\">{}</a>", escaped(quoted))).unwrap_or_else(|| panic!("{page}"));
    let search = before.rsplit("href=\"").next().unwrap().replace("&#38;", "&");
    let found = person.see(&search).await;
    let names = ["Alpha failed", "Beta failed", "Gamma failed"].map(|name| found.contains(name));
    assert_eq!(names, [true, true, false], "{search}: {found}");
}

#[tokio::test]
async fn the_page_of_who_was_told_names_what_held_each_back() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    let gold = json!({"id": "sentry.rules.filters.tagged_event.TaggedEventFilter", "key": "plan", "match": "eq", "value": "gold"});
    for (url, filters) in [("https://all.example/", json!([])), ("https://gold.example/", json!([gold]))] {
        let hook = json!({"url": url, "events": ["event.created"], "filters": filters});
        api.post(&format!("{API}hooks/"), hook).await.with_status(201);
    }
    let every = json!({"id": "sentry.rules.conditions.every_event.EveryEventCondition"});
    let first = json!({"id": "sentry.rules.conditions.first_seen_event.FirstSeenEventCondition"});
    let notify = json!([{"id": "sentry.rules.actions.notify_event.NotifyEventAction"}]);
    for (name, condition, quantifier) in
        [("Fires", &every, "all"), ("Only new", &first, "all"), ("Never old", &every, "none")]
    {
        let rule = json!({"name": name, "frequency": 5, "actionMatch": quantifier, "filterMatch": "all", "conditions": [condition],
                          "filters": [], "actions": notify});
        api.post(&format!("{API}rules/"), rule).await;
    }
    let mut recording = Recording::start(&api).await;
    let minute = Duration::from_secs(60);
    let (before, _) = recording.event(json!({"message": "crash"}), minute * 6).await;
    let (after, recorded) = recording.event(json!({"message": "crash", "environment": "production"}), minute).await;
    let page = person.see(&format!("{ISSUES}{}/events/{after}/why/", recorded.issue)).await;
    for part in [
        "its issue was known",
        "production",
        ">not matched</span>",
        "<strong>“The event&#39;s tag plan equals gold” does not match.</strong>",
        "<strong>“A new issue is created” does not match.</strong>",
        ">fired</span>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    let hooks = page.split_once("Alert rules").unwrap().0;
    assert!(hooks.contains("event.created</a>") && hooks.contains(">matched</span>"), "{hooks}");
    let page = person.see(&format!("{ISSUES}{}/events/{before}/why/", recorded.issue)).await;
    assert!(page.contains("the first of its issue"), "{page}");
}

#[tokio::test]
async fn what_a_deleted_hook_was_owed_is_not_forgotten() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    let hook = json!({"url": "https://gone.example/", "events": ["event.created"]});
    let hook = api.post(&format!("{API}hooks/"), hook).await.with_status(201);
    let mut recording = Recording::start(&api).await;
    let (event, recorded) = recording.event(json!({"message": "crash"}), Duration::from_secs(60)).await;
    api.delete(&format!("{API}hooks/{}/", hook["id"].as_str().unwrap())).await;
    let page = person.see(&format!("{ISSUES}{}/events/{event}/why/", recorded.issue)).await;
    assert!(page.contains("A deleted hook: event.created"), "{page}");
    assert!(!page.split_once("Alert rules").unwrap().0.contains("The project has none"), "{page}");
}
