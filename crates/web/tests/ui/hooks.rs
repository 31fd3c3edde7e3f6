//! Service hooks on pages.

use axum::body::Body;
use http::Request;
use model::role::Role;
use serde_json::json;
use store::catalog::Catalog as _;

use crate::harness::Api;
use crate::person::{Person, Shown};

const HOOKS: &str = "/settings/my-org/projects/my-project/hooks/";
const API: &str = "/api/0/projects/my-org/my-project/hooks/";
/// What a browser sends of the form of a new hook beside URL and events.
const REST: [(&str, &str); 6] = [
    ("filterMatch", "all"),
    ("timeout", "5"),
    ("retries", "none"),
    ("concurrency", "16"),
    ("maxAge", "86400"),
    ("whenOpen", "wait"),
];

async fn create(person: &Person, fields: &[(&str, &str)]) -> Shown {
    let fields: Vec<_> = fields.iter().copied().chain(REST).collect();
    person.submit(&format!("{HOOKS}new/"), &fields).await
}

/// A hook with this URL, and where its page is.
async fn made(person: &Person, url: &str) -> String {
    let made = create(person, &[("url", url), ("events", "event.created")]).await;
    assert_eq!(made.status, 303, "{}", made.html);
    made.to().to_owned()
}

#[tokio::test]
async fn a_hook_is_added_shown_changed_and_deleted() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    assert!(person.see(HOOKS).await.contains("No service hook yet"));
    assert!(person.see(&format!("{HOOKS}new/")).await.contains("Add Service Hook"));
    let fields = [
        ("url", "https://example.com/a?b=<c>"),
        ("events", "event.alert"),
        ("events", "event.created"),
        ("filterSubject", "level"),
        ("filterKey", ""),
        ("filterMatchCode", "eq"),
        ("filterValue", ""),
        ("filterLevelMatch", "gte"),
        ("filterLevel", "40"),
        ("filterOther", ""),
        ("headerName", "Authorization"),
        ("headerValue", "Bearer hunter2"),
    ];
    let place = create(&person, &fields).await.to().to_owned();
    let page = person.see(&place).await;
    assert!(page.contains("https://example.com/a?b=&#60;c&#62;") && page.contains("Service hook created."), "{page}");
    let stored = api.get(API).await.with_status(200)[0].clone();
    assert_eq!(stored["events"], json!(["event.alert", "event.created"]));
    assert_eq!(stored["filters"][0]["level"], "40");
    assert!(page.contains(stored["secret"].as_str().unwrap()));
    assert!(!page.contains("hunter2"));

    let edit = format!("{place}edit/");
    let form = person.see(&edit).await;
    assert!(form.contains(r#"value="********""#) && !form.contains("hunter2"));
    let kept = [
        ("url", "https://example.com/b"),
        ("events", "event.alert"),
        ("headerName", "Authorization"),
        ("headerValue", "********"),
    ];
    let kept: Vec<_> = kept.into_iter().chain(REST).collect();
    assert_eq!(person.submit(&edit, &kept).await.to(), place);
    let stored = api.store.hooks(api.project.id).await.unwrap().pop().unwrap().settings.headers;
    assert_eq!(stored.get("authorization"), Some("Bearer hunter2"));

    assert_eq!(person.submit(&format!("{place}disable/"), &[]).await.to(), place);
    assert!(person.see(&place).await.contains("Disabled by hand since"));
    assert_eq!(person.submit(&format!("{place}enable/"), &[]).await.to(), place);
    assert_eq!(person.submit(&format!("{place}delete/"), &[]).await.to(), HOOKS);
    assert_eq!(person.get(&place).await.status, 404);
}

#[tokio::test]
async fn what_the_api_refuses_stands_beside_its_field_and_what_was_typed_stays() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    for (url, complaint) in [
        ("javascript:alert(1)", "Enter a valid URL."),
        ("http://169.254.169.254/latest", "The URL"),
        ("https://user:pass@example.com/", "The URL"),
        ("", "This field may not be blank."),
    ] {
        let refused = create(&person, &[("url", url), ("events", "event.created")]).await;
        assert_eq!(refused.status, 400, "{url}");
        let field = refused.html.split(r#"for="url""#).nth(1).unwrap().split("</div>").next().unwrap().to_owned();
        let rest = refused.html.split(r#"id="url-help""#).nth(1).unwrap();
        assert!(rest.split("</div>").next().unwrap().contains(complaint), "{url}: {rest}");
        assert!(field.contains(&format!(r#"value="{url}""#)), "{field}");
        assert!(!refused.html.contains("href=\"javascript"));
    }
    let mut fields: Vec<_> = vec![("url", "https://example.com/"), ("events", "event.created")];
    fields.extend([("filterMatch", "all"), ("timeout", "soon"), ("retries", "none"), ("concurrency", "16")]);
    fields.extend([("maxAge", "1"), ("whenOpen", "wait"), ("headerName", "Host"), ("headerValue", "x")]);
    let refused = person.submit(&format!("{HOOKS}new/"), &fields).await;
    assert_eq!(refused.status, 400);
    assert!(refused.html.contains(r#"<details class="more" open>"#), "what is folded away and wrong is shown");
    for field in ["timeout-help", "maxAge-help", "headers-help"] {
        let rest = refused.html.split(&format!(r#"id="{field}""#)).nth(1).unwrap();
        assert!(rest.split("</div>").next().unwrap().contains("complaint"), "{field}");
    }
}

#[tokio::test]
async fn lines_come_and_go_without_a_change_and_keep_what_was_typed() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    let line = [("filterSubject", "tag"), ("filterKey", "a"), ("filterMatchCode", "co"), ("filterValue", "\"<b>")];
    let typed = [("filterOther", ""), ("url", "https://typed"), ("headerName", "X-A"), ("headerValue", "b")];
    let shown = async |button| {
        let fields: Vec<_> = line.into_iter().chain(typed).chain([("lines", button)]).collect();
        let shown = create(&person, &fields).await;
        assert_eq!(shown.status, 200, "{button}");
        assert!(shown.html.contains("https://typed"), "{button}: {}", shown.html);
        let count = |field: &str| shown.html.matches(&format!("name=\"{field}\"")).count();
        (count("filterSubject"), count("headerName"), shown.html.contains("value=\"&#34;&#60;b&#62;\""))
    };
    assert_eq!(shown("add-filter").await, (2, 1, true));
    assert_eq!(shown("add-header").await, (1, 2, true));
    assert_eq!(shown("remove-filter-0").await, (0, 1, false));
    assert_eq!(shown("remove-header-0").await, (1, 0, true));
    for nonsense in ["remove-filter-7", "remove-filter-x", "remove-x-0", "more", ""] {
        assert_eq!(shown(nonsense).await, (1, 1, true), "{nonsense}");
    }
    assert_eq!(api.get(API).await.with_status(200), json!([]));
}

#[tokio::test]
async fn a_part_that_shows_what_is_so_still_is_left_alone() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    let place = made(&person, "https://example.com/").await;
    let ask = async |path: String| {
        person.send(Request::get(path).header("hx-request", "true").body(Body::empty()).unwrap()).await
    };
    // A hook's page: the buttons of one that was disabled meanwhile are others.
    assert_eq!(ask(format!("{place}?shown=active")).await.headers.get("hx-refresh"), None);
    person.submit(&format!("{place}disable/"), &[]).await;
    assert_eq!(ask(format!("{place}?shown=active")).await.headers["hx-refresh"], "true");
    // The set-up page: nothing has come yet.
    let newest = "/settings/my-org/projects/my-project/getting-started/newest/";
    assert_eq!(ask(format!("{newest}?shown=none")).await.status, 204);
    assert_eq!(ask(format!("{newest}?shown=0f")).await.status, 200);
}

#[tokio::test]
async fn an_address_that_only_takes_forms_leads_to_a_page() {
    let api = Api::start().await;
    let nobody = Person::new(&api);
    let project = "/settings/my-org/projects/my-project/";
    let organization = "/organizations/my-org/";
    for form in [
        format!("{project}hooks/a/enable/"),
        format!("{project}hooks/a/disable/"),
        format!("{project}hooks/a/delete/"),
        format!("{project}hooks/a/test/"),
        format!("{project}hooks/a/rotate/"),
        format!("{project}hooks/a/finish-rotation/"),
        format!("{project}hooks/a/deliveries/b/redeliver/"),
        format!("{project}hooks/a/replays/b/stop/"),
        format!("{project}alerts/a/delete/"),
        format!("{project}alerts/a/snooze/"),
        format!("{project}alerts/a/unsnooze/"),
        format!("{project}keys/a/"),
        format!("{project}keys/a/toggle/"),
        format!("{project}keys/a/delete/"),
        format!("{project}general/delete/"),
        format!("{project}getting-started/test-event/"),
        format!("{organization}issues/a/delete/"),
        "/settings/my-org/members/a/role/".to_owned(),
        "/settings/my-org/members/a/reset-password/".to_owned(),
        "/settings/my-org/members/a/remove/".to_owned(),
        "/settings/account/api/auth-tokens/a/revoke/".to_owned(),
        "/auth/logout/".to_owned(),
        "/auth/theme/".to_owned(),
    ] {
        let mut place = form.clone();
        // A page sends nobody who has not signed in anywhere but there.
        for _ in 0..3 {
            let shown = nobody.get(&place).await;
            assert_eq!(shown.status, 303, "{form}: {place}");
            shown.to().clone_into(&mut place);
            if place.starts_with("/auth/login/") {
                break;
            }
        }
        assert!(place.starts_with("/auth/login/"), "{form}: {place}");
    }
}

#[tokio::test]
async fn what_a_part_could_not_do_is_said_above_the_page() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    let place = made(&person, "https://example.com/").await;
    let reader = Person::signed_in(&api, Role::ReadOnly).await;
    let refused = reader.part(&format!("{place}test/"), &[]).await;
    assert_eq!((refused.status, refused.headers["hx-retarget"].to_str().unwrap()), (403, "#trouble"));
    assert!(
        refused.html.contains("Your role does not allow this") && !refused.html.contains("<html"),
        "{}",
        refused.html
    );
}

#[tokio::test]
async fn a_secret_is_rotated_and_the_overlap_ended() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let place = made(&person, "https://example.com/").await;
    let before = api.get(API).await.with_status(200)[0]["secret"].as_str().unwrap().to_owned();
    assert_eq!(person.submit(&format!("{place}rotate/"), &[("overlap", "3600")]).await.to(), place);
    let page = person.see(&place).await;
    assert!(!page.contains(&before) && page.contains("The previous secret is valid too, until"), "{page}");
    assert_eq!(person.submit(&format!("{place}rotate/"), &[("overlap", "3600")]).await.status, 409);
    assert_eq!(person.submit(&format!("{place}finish-rotation/"), &[]).await.to(), place);
    assert!(!person.see(&place).await.contains("is valid too"));
}

#[tokio::test]
async fn who_may_only_read_sees_no_secret_and_no_button() {
    let api = Api::start().await;
    let admin = Person::signed_in(&api, Role::Admin).await;
    let place = made(&admin, "https://example.com/").await;
    let secret = api.get(API).await.with_status(200)[0]["secret"].as_str().unwrap().to_owned();
    let reader = Person::signed_in(&api, Role::ReadOnly).await;
    let page = reader.see(&place).await;
    assert!(!page.contains(&secret) && page.contains(&secret[..4]));
    for word in ["Send test", "Rotate", "Delete", "Disable", ">Edit<"] {
        assert!(!page.contains(word), "{word}");
    }
    for action in ["test/", "disable/", "delete/", "rotate/", "edit/"] {
        let refused =
            reader.submit(&format!("{place}{action}"), &[("overlap", "0"), ("url", "https://a.example")]).await;
        assert_eq!(refused.status, 403, "{action}");
    }
    assert!(!reader.see(HOOKS).await.contains("Add Service Hook"));
}

#[tokio::test]
async fn a_test_that_cannot_be_sent_says_why() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    let place = made(&person, "https://example.com/").await;
    // Nothing sends here.
    let page = person.submit(&format!("{place}test/"), &[]).await;
    assert!(
        page.html.contains("There is no room for a test at the moment") && page.html.contains("<html"),
        "{}",
        page.html
    );
    let part = person.part(&format!("{place}test/"), &[]).await.html;
    assert!(part.contains("There is no room for a test at the moment") && !part.contains("<html"), "{part}");
    // With it comes what may have changed elsewhere on the page.
    for changed in [r#"<div id="recent" hx-swap-oob="innerHTML">"#, r#"<div id="standing" hx-swap-oob="innerHTML">"#] {
        assert!(part.contains(changed), "{part}");
    }
}

#[tokio::test]
async fn a_hooks_page_asks_for_what_has_changed_since_it_was_loaded() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    let place = made(&person, "https://example.com/").await;
    assert!(person.see(&place).await.contains(r#"<div id="recent" data-live=""#));
    let part = Request::get(&place).header("hx-request", "true").body(Body::empty()).unwrap();
    let part = person.send(part).await.html;
    assert!(part.contains("The next event of the project") && part.contains("Not tried yet"), "{part}");
    assert!(!part.contains("<html"), "{part}");
}

#[tokio::test]
async fn the_doctor_says_what_happened_to_a_body() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    let place = made(&person, "https://example.com/").await;
    let doctor = format!("{place}doctor/");
    assert!(person.see(&doctor).await.contains("Signature doctor"));
    let none = person.submit(&doctor, &[("body", "{}"), ("headers", "Content-Type: text/html")]).await;
    assert!(none.html.contains("There is no signature among the headers"));
    let secret = api.get(API).await.with_status(200)[0]["secret"].as_str().unwrap().to_owned();
    let signer = webhook::Signer::new(&secret.parse().unwrap());
    let hex = String::from_utf8(signer.hex(b"{\"a\":\"<b>\"}").to_vec()).unwrap();
    let headers = format!("x-sentry-hook-signature: {hex}\nno header");
    let right = person.submit(&doctor, &[("body", "{\"a\":\"<b>\"}"), ("headers", &headers)]).await;
    assert!(right.html.contains("It is genuine") && !right.html.contains("\"<b>\""), "{}", right.html);
    let wrong = person.submit(&doctor, &[("body", "{\"a\": \"<b>\"}"), ("headers", &headers)]).await;
    assert!(wrong.html.contains("It is not what this hook sent") && wrong.html.contains("reads them as JSON"));
}

#[tokio::test]
async fn client_keys_are_made_limited_disabled_and_deleted() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    let keys = "/settings/my-org/projects/my-project/keys/";
    assert_eq!(person.submit(keys, &[]).await.to(), keys);
    let page = person.see(keys).await;
    let ids: Vec<String> =
        page.split(r#"id="dsn-"#).skip(1).map(|part| part.split('"').next().unwrap().to_owned()).collect();
    let key = format!("{keys}{}/", ids[0]);
    let saved = person.submit(&key, &[("name", "<b>web</b>"), ("count", "100"), ("window", "60")]).await;
    assert_eq!(saved.to(), keys);
    let page = person.see(keys).await;
    assert!(page.contains("&#60;b&#62;web") && page.contains(r#"value="100""#) && !page.contains("<b>web"));
    let refused = person.submit(&key, &[("name", "web"), ("count", "many"), ("window", "60")]).await;
    assert_eq!(refused.status, 400);
    assert!(refused.html.contains(r#"value="many""#) && refused.html.contains("complaint"), "{}", refused.html);
    assert_eq!(person.submit(&format!("{key}toggle/"), &[("active", "no")]).await.to(), keys);
    assert!(person.see(keys).await.contains("Disabled"));
    assert_eq!(person.submit(&format!("{key}delete/"), &[]).await.to(), keys);
    assert!(!person.see(keys).await.contains(&ids[0]));
}
