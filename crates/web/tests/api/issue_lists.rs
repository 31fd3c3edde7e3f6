//! Lists of issues: what a search finds, in which order, page by page, and what it refuses.

use std::time::Duration;

use serde_json::{Value, json};
use store::catalog::Catalog as _;

use crate::harness::{Answer, Api, keys_in_order};
use crate::recording::{error, record, record_in};

const ISSUES: &str = "/api/0/projects/my-org/my-project/issues/";
const ALL: &str = "/api/0/organizations/my-org/issues/";

/// An API with four issues; `Gamma` is resolved.
async fn with_issues() -> Api {
    let api = Api::start().await;
    let first = json!({
        "tags": {"browser": "Firefox 1", "plan": "gold"},
        "release": "shop@1.0.0", "environment": "production", "user": {"id": "17"},
    });
    let second = json!({
        "tags": {"browser": "Chrome 2", "plan": "gold"},
        "level": "warning", "release": "shop@1.1.0", "user": {"email": "a@b.example"},
    });
    let nobody_caught = json!({"type": "generic", "handled": false});
    let fourth = json!({"type": "Delta", "value": "Grüße aus dem Keller", "mechanism": nobody_caught});
    let events = [
        error(1, "Alpha", first),
        error(2, "Beta", second),
        error(3, "Gamma", json!({"environment": "staging", "user": {"id": "18"}})),
        error(4, "Delta", json!({"exception": {"values": [fourth]}})),
        error(5, "Alpha", json!({"environment": "staging", "release": "shop@1.1.0", "user": {"id": "18"}})),
    ];
    let issues = record(&api, &events).await;
    let id = issues[2];
    api.put(&format!("{ISSUES}?id={id}"), json!({"status": "resolved"})).await.with_status(200);
    api
}

fn names(answer: &Answer) -> Vec<String> {
    let list = answer.with_status(200);
    let name = |issue: &Value| issue["title"].as_str().unwrap().split(':').next().unwrap().to_owned();
    list.as_array().unwrap().iter().map(name).collect()
}

/// A search finds the issues of these names; those of one age in any order.
async fn assert_found(api: &Api, query: &str, found: &str) {
    let mut found: Vec<_> = found.split_whitespace().collect();
    let mut names = names(&api.get(&format!("{ISSUES}?query={}", encoded(query))).await);
    if query.starts_with("age") {
        found.sort_unstable();
        names.sort();
    }
    assert_eq!(names, found, "{query}");
}

fn encoded(query: &str) -> String {
    url::form_urlencoded::byte_serialize(query.as_bytes()).collect()
}

#[tokio::test]
async fn an_issue_is_shown_with_sentrys_keys() {
    let api = with_issues().await;
    let answer = api.get(&format!("{ISSUES}?query=Alpha")).await;
    let list = answer.with_status(200);
    let issue = &list[0];
    let id = issue["id"].as_str().unwrap();
    let mut expected = json!({
        "id": id, "shareId": null, "shortId": "MY-PROJECT-1", "title": "Alpha: Alpha failed", "culprit": "",
        "permalink": format!("https://watch.example/organizations/my-org/issues/{id}/"),
        "logger": null, "level": "error", "status": "unresolved", "statusDetails": {}, "substatus": "new",
        "isPublic": false, "platform": "python",
        "project": {"id": "1", "name": "my-project", "slug": "my-project", "platform": null},
        "type": "error", "metadata": {"type": "Alpha", "value": "Alpha failed"},
        "numComments": 0, "assignedTo": null, "isBookmarked": false, "isSubscribed": false, "subscriptionDetails": null,
        "hasSeen": false, "annotations": [], "isUnhandled": false, "count": "2", "userCount": 2,
        "firstSeen": "2018-11-06T21:20:08.143Z", "lastSeen": "2018-11-06T21:24:08.143Z",
        "priority": "high", "issueType": "error", "issueCategory": "error",
    });
    expected["stats"] = issue["stats"].clone();
    assert_eq!(*issue, expected);
    assert_eq!(keys_in_order(&answer.text[1..answer.text.len() - 1])[..4], ["id", "shareId", "shortId", "title"]);
    let hours = issue["stats"]["24h"].as_array().unwrap();
    assert_eq!(hours.len(), 24);
    assert_eq!(hours[23], json!([1_541_538_000, 2]));
    assert_eq!(hours[0], json!([1_541_538_000 - 23 * 3_600, 0]));
}

#[tokio::test]
async fn graphs_are_by_hour_or_by_day_or_left_out() {
    let api = with_issues().await;
    let stats = async |path: String| api.get(&path).await.with_status(200)[0]["stats"].clone();
    let days = stats(format!("{ISSUES}?query=Alpha&statsPeriod=14d")).await;
    assert_eq!(days["14d"].as_array().unwrap().len(), 14);
    assert_eq!(days["14d"][13], json!([1_541_462_400, 2]));
    assert_eq!(stats(format!("{ALL}?query=Alpha&groupStatsPeriod=14d")).await, days);
    assert_eq!(stats(format!("{ISSUES}?query=Alpha&statsPeriod=")).await, Value::Null);
    api.clock.advance(Duration::from_secs(2 * 3_600));
    assert_eq!(stats(format!("{ALL}?query=Alpha")).await["24h"][21], json!([1_541_538_000, 2]));
    let refusal = api.get(&format!("{ISSUES}?statsPeriod=1y")).await;
    let detail = "Invalid stats_period. Valid choices are '', '24h', and '14d'";
    assert_eq!(refusal.with_status(400), json!({"detail": detail}));
}

#[tokio::test]
async fn a_search_finds_what_its_terms_say() {
    let api = with_issues().await;
    for (query, found) in [
        ("", "Alpha Delta Gamma Beta"),
        ("is:unresolved", "Alpha Delta Beta"),
        ("is:resolved", "Gamma"),
        ("status:resolved", "Gamma"),
        ("!is:resolved", "Alpha Delta Beta"),
        ("is:ignored", ""),
        ("is:archived", ""),
        ("is:[resolved, ignored]", "Gamma"),
        ("is:unhandled", "Delta"),
        ("error.unhandled:true", "Delta"),
        ("error.handled:1", "Alpha Gamma Beta"),
        ("level:warning", "Beta"),
        ("!level:error", "Beta"),
        ("level:[fatal,warning]", "Beta"),
        ("environment:staging", "Alpha Gamma"),
        ("!environment:staging", "Delta Beta"),
        ("has:environment", "Alpha Gamma"),
        ("release:shop@1.1.0", "Alpha Beta"),
        ("release:shop@*", "Alpha Beta"),
        ("firstRelease:shop@1.1.0", "Beta"),
        ("first-release:shop@1.0.0", "Alpha"),
        ("lastRelease:shop@1.1*", "Alpha Beta"),
        ("!lastRelease:shop@*", "Delta Gamma"),
        ("issue:MY-PROJECT-2", "Beta"),
        ("issue:my-project-2", "Beta"),
        ("issue:OTHER-2", ""),
        ("project:my-project", "Alpha Delta Gamma Beta"),
        ("!project:my-*", ""),
        ("project:elsewhere", ""),
        ("platform:python", "Alpha Delta Gamma Beta"),
        ("!platform:py*", ""),
        ("tags[plan]:gold", "Alpha Beta"),
        ("!tags[plan]:gold", "Delta Gamma"),
        ("tags[level]:warning", "Beta"),
        ("tags[plan]:\"\"", "Delta Gamma"),
        ("has:tags[plan]", "Alpha Beta"),
        ("tags[http.url]:x", ""),
        ("issue.priority:medium", "Beta"),
        ("times_seen:>1", "Alpha"),
        ("times_seen:2", "Alpha"),
        ("timesSeen:<=1", "Delta Gamma Beta"),
        ("users_seen:>=2", "Alpha"),
        ("user.id:18", "Alpha Gamma"),
        ("user.email:*@b.example", "Beta"),
        ("user:id:17", "Alpha"),
        ("has:user.email", "Beta"),
        ("has:user", "Alpha Gamma Beta"),
        ("!has:user", "Delta"),
        ("plan:gold", "Alpha Beta"),
        ("!plan:gold", "Delta Gamma"),
        ("plan:\"\"", "Delta Gamma"),
        ("release:\"\"", "Delta Gamma"),
        ("!release:", "Alpha Beta"),
        ("environment:\"\"", "Delta Beta"),
        ("user.id:\"\"", "Delta Beta"),
        ("firstRelease:\"\"", "Delta Gamma"),
        ("browser:\"Firefox 1\"", "Alpha"),
        ("browser:chrome*", "Beta"),
        ("browser:Chrome", ""),
        ("\"browser\":\"Chrome 2\"", "Beta"),
    ] {
        assert_found(&api, query, found).await;
    }
}

#[tokio::test]
async fn a_search_for_users_says_what_it_may_miss() {
    let api = with_issues().await;
    for (query, is_noted) in [
        ("user.email:a*", true),
        ("has:user.id", true),
        ("!user:id:1", true),
        ("plan:gold", false),
        ("has:plan", false),
    ] {
        let answer = api.get(&format!("{ISSUES}?query={}", encoded(query))).await;
        answer.with_status(200);
        let note = answer.header("x-watchfire-note");
        assert_eq!(note.is_some_and(|note| note.contains("found by one form alone")), is_noted, "{query}: {note:?}");
    }
}

#[tokio::test]
async fn a_search_combines_terms_words_and_times() {
    let api = with_issues().await;
    for (query, found) in [
        ("plan:gold level:warning", "Beta"),
        ("keller", "Delta"),
        ("GRÜSSE", ""),
        ("\"aus dem\"", "Delta"),
        ("aus alpha", ""),
        ("message:Beta", "Beta"),
        ("firstSeen:-150s", "Delta"),
        ("age:+4m", "Beta Alpha"),
        ("lastSeen:>=2018-11-06T21:23:00", "Alpha Delta"),
        ("lastSeen:<2018-11-06", ""),
        ("firstSeen:2018-11-06", "Alpha Delta Gamma Beta"),
    ] {
        assert_found(&api, query, found).await;
    }
    assert_eq!(names(&api.get(ISSUES).await), ["Alpha", "Delta", "Beta"], "the default");
}

#[tokio::test]
async fn a_search_has_so_many_terms_and_environments_at_most() {
    let api = Api::start().await;
    let detail = "Error parsing search query: it has more than 100 terms and values.";
    for long in [format!("query={}", "a+".repeat(101)), "environment=a&".repeat(101)] {
        assert_eq!(api.get(&format!("{ISSUES}?{long}")).await.with_status(400), json!({"detail": detail}));
    }
}

#[tokio::test]
async fn what_is_not_understood_is_refused_by_its_name() {
    let api = Api::start().await;
    let not_kept = |term: &str| {
        format!("Error parsing search query: Watchfire cannot search for `{term}`: it does not keep that.")
    };
    let expected =
        |term: &str, what: &str| format!("Error parsing search query: `{term}` is not understood: expected {what}.");
    let of_events = |term: &str, key: &str| {
        format!(
            "Error parsing search query: Watchfire cannot search for `{term}`: of events only tags are searched; \
             for a tag of that name write tags[{key}]:…"
        )
    };
    let number = "a number, with >, >=, < or <= before it if it is no exact one";
    let combined = |term: &str| {
        format!(
            "Error parsing search query: `{term}` is not understood: terms cannot be combined but by writing them in a row."
        )
    };
    for (query, detail) in [
        ("assigned:me", not_kept("assigned:me")),
        ("a !assigned_or_suggested:[me, none] b", not_kept("!assigned_or_suggested:[me, none]")),
        ("bookmarks:me", not_kept("bookmarks:me")),
        ("is:for_review", not_kept("is:for_review")),
        ("is:unassigned", not_kept("is:unassigned")),
        ("release:latest", not_kept("release:latest")),
        ("firstRelease:latest", not_kept("firstRelease:latest")),
        ("stack.filename:a.py", not_kept("stack.filename:a.py")),
        ("issue.category:error", not_kept("issue.category:error")),
        ("has:assigned", not_kept("has:assigned")),
        ("http.url:*/cart", of_events("http.url:*/cart", "http.url")),
        ("!event.type:error", of_events("!event.type:error", "event.type")),
        ("has:sdk.name", of_events("has:sdk.name", "sdk.name")),
        ("has:", expected("has:", "the name of a tag")),
        ("is:closed", expected("is:closed", "unresolved, resolved, ignored, archived or unhandled")),
        ("level:bad", expected("level:bad", "debug, info, warning, error or fatal")),
        ("times_seen:>many", expected("times_seen:>many", number)),
        ("times_seen:=>1", expected("times_seen:=>1", number)),
        ("times_seen:", expected("times_seen:", number)),
        ("lastSeen:yesterday", expected("lastSeen:yesterday", "a time such as -24h, +2w or >=2024-05-01T12:00:00")),
        ("error.unhandled:maybe", expected("error.unhandled:maybe", "true or false")),
        ("issue:5", expected("issue:5", "a short id such as MY-PROJECT-1F")),
        ("a OR b", combined("OR")),
        ("(a b)", combined("(a")),
        ("\"a b", "Error parsing search query: a quotation mark is not closed.".to_owned()),
    ] {
        for path in [ISSUES, ALL] {
            let answer = api.get(&format!("{path}?query={}", encoded(query))).await;
            assert_eq!(answer.with_status(400), json!({"detail": detail}), "{query}");
        }
    }
}

#[tokio::test]
async fn parameters_that_are_none_are_refused_by_their_names() {
    let api = Api::start().await;
    for (parameters, detail) in [
        ("sort=inbox", "Invalid sort: `inbox`. Valid choices are date, new, freq and user."),
        ("limit=0", "Invalid limit value. Must be between 1 and 100."),
        ("limit=x", "Invalid limit parameter."),
        ("limit=5&per_page=x", "Invalid per_page parameter."),
        ("cursor=x", "Invalid cursor parameter."),
    ] {
        assert_eq!(api.get(&format!("{ISSUES}?{parameters}")).await.with_status(400), json!({"detail": detail}));
    }
    let period = api.get(&format!("{ALL}?statsPeriod=soon")).await;
    let detail = "Invalid statsPeriod: `soon` is no number with one of the units s, m, h, d, w.";
    assert_eq!(period.with_status(400), json!({"detail": detail}));
    let start = api.get(&format!("{ALL}?start=soon")).await;
    assert_eq!(
        start.with_status(400),
        json!({"detail": "Invalid start: `soon` is no time such as 2024-05-01T12:00:00."})
    );
}

#[tokio::test]
async fn the_environment_parameter_narrows_and_a_period_looks_back() {
    let api = with_issues().await;
    assert_eq!(names(&api.get(&format!("{ISSUES}?query=&environment=staging")).await), ["Alpha", "Gamma"]);
    let both = api.get(&format!("{ISSUES}?query=&environment=production&environment=staging")).await;
    assert_eq!(names(&both), ["Alpha", "Gamma"]);
    assert_eq!(names(&api.get(&format!("{ALL}?query=&statsPeriod=100s")).await), ["Alpha"]);
    let between = api.get(&format!("{ALL}?query=&start=2018-11-06T21:22:00&end=2018-11-06T21:22:59Z")).await;
    assert_eq!(names(&between), ["Alpha", "Gamma"]);
}

#[tokio::test]
async fn every_order_is_paged_forth_and_back() {
    let api = with_issues().await;
    for (sort, order) in [
        ("", ["Alpha", "Delta", "Gamma", "Beta"]),
        ("date", ["Alpha", "Delta", "Gamma", "Beta"]),
        ("new", ["Delta", "Gamma", "Beta", "Alpha"]),
        ("freq", ["Alpha", "Delta", "Gamma", "Beta"]),
        ("user", ["Alpha", "Gamma", "Beta", "Delta"]),
    ] {
        let path = format!("{ISSUES}?query=&sort={sort}");
        assert_eq!(names(&api.get(&path).await), order, "{sort}");
        let mut answer = api.get(&format!("{path}&per_page=1&cursor=")).await;
        assert!(answer.header("link").unwrap().contains("rel=\"previous\"; results=\"false\""));
        for (index, name) in order.iter().enumerate() {
            assert_eq!(names(&answer), [*name], "{sort}");
            let link = answer.header("link").unwrap();
            assert_eq!(link.contains("rel=\"next\"; results=\"true\""), index < 3, "{sort}: {link}");
            let next = link.rsplit("cursor=\"").next().unwrap().trim_end_matches('"').to_owned();
            if index < 3 {
                answer = api.get(&format!("{path}&limit=1&cursor={next}")).await;
            }
        }
        let previous = answer.header("link").unwrap().split("cursor=\"").nth(1).unwrap().split('"').next().unwrap();
        let back = api.get(&format!("{path}&limit=2&cursor={previous}")).await;
        assert_eq!(names(&back), order[1..3], "{sort}");
        assert!(back.header("link").unwrap().contains("rel=\"previous\"; results=\"true\""));
    }
}

#[tokio::test]
async fn an_organization_lists_the_projects_that_are_asked_for() {
    let api = with_issues().await;
    let other = api.add_project("other").await;
    record_in(&api, &other, &[error(1, "Omega", json!({}))]).await;
    let (first, second) = (api.project.id, other.id);
    for (projects, found) in [
        (String::new(), vec!["Omega", "Alpha", "Delta", "Beta"]),
        ("?project=-1".to_owned(), vec!["Omega", "Alpha", "Delta", "Beta"]),
        (format!("?project={second}"), vec!["Omega"]),
        (format!("?project={first}&project={second}"), vec!["Omega", "Alpha", "Delta", "Beta"]),
        ("?project=other".to_owned(), vec!["Omega"]),
        ("?query=issue:OTHER-1".to_owned(), vec!["Omega"]),
        ("?query=issue:MY-PROJECT-1".to_owned(), vec!["Alpha"]),
    ] {
        assert_eq!(names(&api.get(&format!("{ALL}{projects}")).await), found, "{projects}");
    }
    assert_eq!(api.get(&format!("{ALL}?project=99")).await.status, 404);
    api.store.create_organization("empty".into(), "Empty".into(), crate::harness::START).await.unwrap();
    assert_eq!(api.get("/api/0/organizations/empty/issues/").await.with_status(200), json!([]));
    assert_eq!(api.get(&format!("/api/0/organizations/empty/issues/?project={first}")).await.status, 404);
}

#[tokio::test]
async fn a_short_id_is_looked_up_whatever_its_status_where_the_client_says_so() {
    let api = with_issues().await;
    for path in [ISSUES, ALL] {
        let hit = api.get(&format!("{path}?query=MY-PROJECT-3&shortIdLookup=1")).await;
        assert_eq!((names(&hit), hit.header("x-sentry-direct-hit")), (vec!["Gamma".to_owned()], Some("1")));
        assert_eq!(names(&api.get(&format!("{path}?query=MY-PROJECT-3")).await), Vec::<String>::new());
        let none = api.get(&format!("{path}?query=MY-PROJECT-9&shortIdLookup=1")).await;
        assert_eq!((names(&none), none.header("x-sentry-direct-hit")), (vec![], None));
    }
}

#[tokio::test]
async fn whatever_is_asked_is_answered() {
    const PIECES: [&str; 20] = [
        ":",
        "!",
        "\"",
        "\\",
        "[",
        "]",
        ",",
        "*",
        ">",
        "=",
        "-",
        "(",
        " ",
        "é",
        "7",
        "is",
        "age",
        "times_seen",
        "user.id",
        "\u{0}",
    ];
    let api = with_issues().await;
    let mut state = 1_u64;
    for _ in 0..1_500 {
        let mut query = String::new();
        for _ in 0..6 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            query.push_str(PIECES[usize::try_from(state >> 33).unwrap() % PIECES.len()]);
        }
        let answer = api.get(&format!("{ISSUES}?query={}", encoded(&query))).await;
        match answer.status {
            200 => assert!(answer.json().is_array(), "{query:?}"),
            400 => assert!(answer.json()["detail"].as_str().unwrap().starts_with("Error parsing"), "{query:?}"),
            other => panic!("{query:?} is answered {other}"),
        }
    }
}
