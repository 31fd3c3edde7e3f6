//! Issues on pages: whatever SDKs send, nothing of it is markup, and nothing that is missing breaks a page.

use model::role::Role;
use serde_json::{Value, json};

use crate::harness::Api;
use crate::person::Person;
use crate::recording::{error, event_id, record};

const ISSUES: &str = "/organizations/my-org/issues/";
const MARKUP: &str = "\"'><script>x</script><img src=x onerror=y>";

/// An event with markup wherever a text can stand.
fn hostile(number: u32) -> Value {
    let frame = json!({
        "filename": MARKUP, "function": MARKUP, "module": MARKUP, "lineno": 2, "in_app": true, "context_line": MARKUP,
        "pre_context": [MARKUP], "post_context": [MARKUP], "vars": {MARKUP: MARKUP, "deep": {"a": [MARKUP]}},
    });
    let exception = json!({
        "type": MARKUP, "value": MARKUP, "module": MARKUP, "mechanism": {"type": MARKUP, "handled": false},
        "stacktrace": {"frames": [frame]},
    });
    let mut event = error(number, "Hostile", json!({}));
    let more = json!({
        "exception": {"values": [exception]},
        "threads": {"values": [{"id": MARKUP, "name": MARKUP, "state": MARKUP, "stacktrace": exception["stacktrace"]}]},
        "logentry": {"formatted": MARKUP},
        "logger": MARKUP, "release": MARKUP.replace('/', ""), "environment": "production", "server_name": MARKUP,
        "tags": {"customer": MARKUP, "url": "javascript:alert(1)"},
        "user": {"id": MARKUP, "email": MARKUP, "username": MARKUP, "data": {MARKUP: MARKUP}},
        "contexts": {"own": {MARKUP: MARKUP}, "trace": MARKUP},
        "extra": {MARKUP: MARKUP}, "modules": {MARKUP: MARKUP},
        "breadcrumbs": {"values": [{"category": MARKUP, "level": "error", "message": MARKUP, "data": {MARKUP: MARKUP}}]},
        "request": {
            "url": "javascript:alert(document.domain)", "method": "POST", "data": {"a": MARKUP},
            "headers": {"X-Own": MARKUP}, "cookies": {"a": MARKUP}, "env": {"A": MARKUP}, "query_string": {"q": MARKUP},
        },
        "sdk": {"name": MARKUP, "version": MARKUP}, "transaction": MARKUP, "fingerprint": [MARKUP],
    });
    for (name, value) in more.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

#[track_caller]
fn assert_harmless(html: &str) {
    for part in ["<script>x", "<img src=x", "href=\"javascript", "href='javascript"] {
        assert!(!html.contains(part), "{part}: {html}");
    }
}

#[tokio::test]
async fn nothing_that_an_event_says_is_markup_anywhere() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    let issue = record(&api, &[hostile(1)]).await[0];
    let pages = [
        ISSUES.to_owned(),
        format!("{ISSUES}?query={}", "%22%3E%3Cscript%3Ex%3C%2Fscript%3E"),
        format!("{ISSUES}{issue}/"),
        format!("{ISSUES}{issue}/events/{}/", event_id(1)),
        format!("{ISSUES}{issue}/events/{}/why/", event_id(1)),
        "/settings/my-org/projects/my-project/getting-started/".to_owned(),
    ];
    for path in pages {
        assert_harmless(&person.see(&path).await);
    }
    let page = person.see(&format!("{ISSUES}{issue}/")).await;
    assert!(page.contains("javascript:alert(document.domain)") && page.contains("&#60;script&#62;x"), "shown as text");
}

#[tokio::test]
async fn a_stack_trace_shows_the_newest_own_frame_with_its_lines_and_locals() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    let frame = |function: &str, in_app: bool, line: u32| {
        json!({"filename": format!("{function}.py"), "function": function, "in_app": in_app, "lineno": line,
               "context_line": "here()", "pre_context": ["before"], "post_context": ["after"], "vars": {"amount": 12}})
    };
    let frames = json!([frame("main", true, 10), frame("charge", true, 20), frame("library", false, 30)]);
    let cause = json!({"type": "ValueError", "value": "too much", "stacktrace": {"frames": frames}});
    let last = json!({"type": "CheckoutError", "value": "no", "mechanism": {"type": "x", "handled": false}});
    let event = error(1, "Checkout", json!({"exception": {"values": [cause, last]}}));
    let issue = record(&api, &[event]).await[0];
    let page = person.see(&format!("{ISSUES}{issue}/")).await;
    let order = [
        "CheckoutError</h2>",
        "ValueError</h2>",
        "<code>library.py</code>",
        "<code>charge.py</code>",
        "<code>main.py</code>",
    ];
    let places = order.map(|part| page.find(part).unwrap_or_else(|| panic!("{part}: {page}")));
    assert!(places.is_sorted(), "raised last comes first, and so does called last: {places:?}");
    assert_eq!(page.matches("<details open>").count(), 1);
    let open = page.split("<details open>").nth(1).unwrap().split("</details>").next().unwrap();
    assert!(open.contains("charge.py") && open.contains("<dt>amount</dt><dd>12</dd>"), "{open}");
    assert!(open.contains(r#"<li class="here" aria-current="true"><span>20</span><span>here()</span></li>"#), "{open}");
    assert!(page.contains("unhandled") && !page.contains("Resolve"), "who may only read has no buttons");
}

#[tokio::test]
async fn what_is_of_no_shape_at_all_is_shown_and_breaks_nothing() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    let odd = [
        json!({"exception": {"values": [null, 7, {"type": null}, {"stacktrace": {"frames": [null, 3, {}]}}]}}),
        json!({"exception": "text", "breadcrumbs": [1, null, {"data": 5}], "request": {"headers": [["a"], 1], "data": [1]}}),
        json!({"contexts": {"a": 1, "b": null, "c": [1]}, "user": {"data": 1}, "extra": {"x": null}, "modules": {"m": null}}),
        json!({"exception": null, "message": "only words"}),
        json!({"exception": null, "threads": {"values": [{"stacktrace": {"frames": [{"function": "f", "filename": "t.py"}]}}]}}),
    ];
    for (number, more) in (1..).zip(odd) {
        let issue = record(&api, &[error(number, "Odd", more)]).await[0];
        let page = person.see(&format!("{ISSUES}{issue}/events/{}/", event_id(number))).await;
        assert!(page.contains(&event_id(number)));
    }
}

#[tokio::test]
async fn more_than_a_page_shows_says_how_much_there_is() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    let crumbs: Vec<_> = (0..100).map(|number| json!({"message": format!("crumb {number}")})).collect();
    let frames: Vec<_> = (0..400).map(|number| json!({"function": format!("f{number}"), "filename": "a.py"})).collect();
    let exceptions = json!({"values": [{"type": "Deep", "value": "x", "stacktrace": {"frames": frames}}]});
    let event = error(1, "Deep", json!({"breadcrumbs": crumbs, "exception": exceptions}));
    let issue = record(&api, &[event]).await[0];
    let page = person.see(&format!("{ISSUES}{issue}/")).await;
    let kept = api.get(&format!("/api/0/issues/{issue}/events/latest/")).await.with_status(200);
    let entry =
        |kind: &str| kept["entries"].as_array().unwrap().iter().find(|entry| entry["type"] == kind).unwrap().clone();
    let frames = entry("exception")["data"]["values"][0]["stacktrace"]["frames"].as_array().unwrap().len();
    assert_eq!(frames > 250, page.contains(&format!("250 of {frames} frames are shown")), "{frames}");
    assert!(page.contains("crumb 99"));
}

#[tokio::test]
async fn issues_are_searched_resolved_ignored_reopened_and_deleted() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    assert!(person.see(ISSUES).await.contains("Nothing is broken"));
    let issues = record(&api, &[error(1, "Alpha", json!({})), error(2, "Beta", json!({"level": "warning"}))]).await;
    let list = person.see(ISSUES).await;
    assert!(list.contains("Alpha: Alpha failed") && list.contains("Beta") && list.contains("MY-PROJECT-1"));
    let found = person.see(&format!("{ISSUES}?query=level%3Awarning")).await;
    assert!(found.contains("Beta") && !found.contains("Alpha"));
    let wrong = person.see(&format!("{ISSUES}?query=is%3Anonsense")).await;
    assert!(wrong.contains("complaint") && wrong.contains(r#"value="is:nonsense""#), "{wrong}");
    assert!(person.see(&format!("{ISSUES}?query=nothing-like-it")).await.contains("No matching issue"));

    let [alpha, beta] = [issues[0].to_string(), issues[1].to_string()];
    let here = format!("{ISSUES}?query=is%3Aunresolved&sort=new&statsPeriod=7d");
    let list = person.see(&here).await;
    assert!(list.contains(&format!(r#"<form method="post" action="{}">"#, here.replace('&', "&#38;"))), "{list}");
    let bulk = [("issue", alpha.as_str()), ("issue", beta.as_str()), ("issue", "999999"), ("action", "resolved")];
    assert_eq!(person.submit(&here, &bulk).await.to(), here);
    assert!(person.see(ISSUES).await.contains("Nothing is broken"));
    let place = format!("{ISSUES}{alpha}/");
    assert_eq!(person.submit(&place, &[("action", "unresolved")]).await.to(), place);
    for (until, said) in [
        ("ignoreDuration:60", "ignored until 2018-11-06"),
        ("ignoreCount:10", "ignored for 10 more events"),
        ("ignoreUserCount:100", "ignored for 100 more users"),
        ("", ">ignored</span>"),
    ] {
        assert!(until.is_empty() || person.see(&place).await.contains(&format!(r#"value="{until}""#)), "{until}");
        assert_eq!(person.submit(&place, &[("action", "ignored"), ("until", until)]).await.to(), place);
        assert!(person.see(&place).await.contains(said), "{said}");
        person.submit(&place, &[("action", "unresolved")]).await;
    }
    let refused = person.submit(&place, &[("action", "resolveInNext")]).await;
    assert_eq!(refused.status, 400);
    assert!(refused.html.contains("No release data present"), "{}", refused.html);
    assert_eq!(person.submit(&format!("{place}delete/"), &[]).await.to(), ISSUES);
    assert_eq!(person.get(&place).await.status, 404);
    let gone = person.submit(ISSUES, &[("issue", beta.as_str()), ("action", "delete")]).await;
    assert_eq!(gone.to(), format!("{ISSUES}?query=is%3Aunresolved&sort=date"));
    assert_eq!(person.get(&format!("{ISSUES}{beta}/")).await.status, 404);

    let reader = Person::signed_in(&api, Role::ReadOnly).await;
    let refused = reader.submit(ISSUES, &[("issue", beta.as_str()), ("action", "resolved")]).await;
    assert!(matches!(refused.status, 403 | 303), "{}", refused.status);
}

#[tokio::test]
async fn a_change_of_issues_that_is_not_made_says_why_above_the_list() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let issue = record(&api, &[error(1, "Alpha", json!({}))]).await[0].to_string();
    let here = format!("{ISSUES}?query=Alpha&sort=date");
    for (fields, complaint) in [
        (vec![("action", "resolved")], "Select the issues first"),
        (vec![("action", "lost"), ("issue", issue.as_str())], "is not a valid choice"),
    ] {
        let refused = person.submit(&here, &fields).await;
        assert_eq!(refused.status, 400);
        assert!(refused.html.contains(complaint) && refused.html.contains(r#"value="Alpha""#), "{}", refused.html);
    }
    let list = person.see(&here).await;
    assert!(list.contains("Delete issues"), "members delete issues");
    assert!(person.see(&format!("{ISSUES}{issue}/")).await.contains("Delete issue"));
    for (path, fields) in [
        (here, vec![("action", "resolved"), ("issue", issue.as_str())]),
        (format!("{ISSUES}{issue}/"), vec![("action", "resolved")]),
        (format!("{ISSUES}{issue}/delete/"), vec![]),
    ] {
        assert_eq!(person.post(&path, &fields).await.status, 403, "{path} without the session's token");
    }
    assert_eq!(api.get(&format!("/api/0/issues/{issue}/")).await.with_status(200)["status"], "unresolved");
}

#[tokio::test]
async fn a_list_is_narrowed_to_when_its_issues_were_last_seen() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    record(&api, &[error(1, "Alpha", json!({}))]).await;
    api.clock.advance(std::time::Duration::from_secs(7_200));
    record(&api, &[error(2, "Beta", json!({}))]).await;
    let lately = person.see(&format!("{ISSUES}?statsPeriod=1h")).await;
    assert!(lately.contains("Beta failed") && !lately.contains("Alpha failed"), "{lately}");
    assert!(lately.contains(r#"<option value="1h" selected>"#));
    let all = person.see(&format!("{ISSUES}?statsPeriod=3h")).await;
    assert!(all.contains("Alpha failed") && all.contains(r#"<option value="3h" selected>"#), "one of their own");
    let wrong = person.see(&format!("{ISSUES}?statsPeriod=soon")).await;
    assert!(wrong.contains("Invalid statsPeriod") && wrong.contains(r#"aria-invalid="true""#), "{wrong}");
}
