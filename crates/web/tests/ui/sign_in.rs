//! Signing in and out, and what a page does for somebody who has not.

use axum::body::Body;
use http::Request;
use model::role::Role;

use crate::harness::Api;
use crate::person::{PASSWORD, Person, store_member};

/// As often as one client may be wrong in a minute.
const FAILURES: usize = 10;

#[tokio::test]
async fn who_has_not_signed_in_is_sent_there_and_back() {
    let api = Api::start().await;
    store_member(&api, "ada@example.com", Role::Admin).await;
    let person = Person::new(&api);
    let away = person.get("/settings/my-org/projects/my-project/hooks/?a=b").await;
    let sign_in = "/auth/login/?next=%2Fsettings%2Fmy-org%2Fprojects%2Fmy-project%2Fhooks%2F%3Fa%3Db";
    assert_eq!((away.status, away.to()), (303, sign_in));
    let page = person.see(sign_in).await;
    assert!(page.contains(r#"name="next" value="/settings/my-org/projects/my-project/hooks/?a=b""#), "{page}");
    let there = "/settings/my-org/projects/my-project/hooks/?a=b";
    let back = person.sign_in(" Ada@Example.com ", PASSWORD, there).await;
    assert_eq!((back.status, back.to()), (303, there));
    assert!(person.see(there).await.contains("ada@example.com"));
}

#[tokio::test]
async fn whose_session_has_ended_gets_back_to_the_page_with_the_form_and_no_part_becomes_the_sign_in() {
    let api = Api::start().await;
    let person = Person::new(&api);
    let hooks = "/settings/my-org/projects/my-project/hooks/new/";
    let from = |request: http::request::Builder| request.header("referer", format!("http://127.0.0.1:9000{hooks}?a=b"));
    let sign_in = "/auth/login/?next=%2Fsettings%2Fmy-org%2Fprojects%2Fmy-project%2Fhooks%2Fnew%2F%3Fa%3Db";
    let form = person.send(from(Request::post(hooks)).body(Body::empty()).unwrap()).await;
    assert_eq!((form.status, form.to()), (303, format!("{sign_in}&lost=yes").as_str()));
    assert!(person.see(form.to()).await.contains("Your session had ended, so nothing was done."));
    let part = from(Request::get("/settings/my-org/projects/my-project/hooks/a/")).header("hx-request", "true");
    let part = person.send(part.body(Body::empty()).unwrap()).await;
    assert_eq!((part.status, part.headers["hx-redirect"].to_str().unwrap(), part.html.as_str()), (401, sign_in, ""));
}

#[tokio::test]
async fn who_signs_out_twice_is_told_nothing_of_a_lost_form() {
    let api = Api::start().await;
    let out = Request::post("/auth/logout/").header("referer", "http://127.0.0.1:9000/settings/account/");
    let out = Person::new(&api).send(out.body(Body::empty()).unwrap()).await;
    assert_eq!((out.status, out.to()), (303, "/auth/login/"));
}

#[tokio::test]
async fn nobody_is_led_to_another_site() {
    let api = Api::start().await;
    store_member(&api, "ada@example.com", Role::Admin).await;
    for next in ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)", "", "settings/"]
    {
        let person = Person::new(&api);
        assert_eq!(person.sign_in("ada@example.com", PASSWORD, next).await.to(), "/", "{next}");
        let again = person.get(&format!("/auth/login/?next={}", next.replace('\\', "%5C"))).await;
        assert_eq!((again.status, again.to()), (303, "/"), "{next}");
    }
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_read_the_same_and_nothing_typed_is_markup() {
    let api = Api::start().await;
    store_member(&api, "ada@example.com", Role::Admin).await;
    let person = Person::new(&api);
    let wrong = person.sign_in("ada@example.com", "no", "").await;
    let unknown = person.sign_in("bob@example.com", "no", "").await;
    for shown in [&wrong, &unknown] {
        assert_eq!(shown.status, 422);
        assert!(shown.html.contains("Wrong e-mail address or password."));
        assert!(shown.cookies().is_empty());
    }
    assert_eq!(wrong.html.replace("ada@", "bob@"), unknown.html);
    let markup = person.sign_in("\"><script>x</script>", "no", "/\"><script>").await;
    assert!(!markup.html.contains("<script>x") && !markup.html.contains("/\"><script>"), "{}", markup.html);
}

#[tokio::test]
async fn guessing_is_slowed_down_for_the_guesser_and_for_nobody_else() {
    let api = Api::start().await;
    store_member(&api, "ada@example.com", Role::Admin).await;
    let person = Person::new(&api);
    for _ in 0..FAILURES {
        assert_eq!(person.sign_in("ada@example.com", "no", "").await.status, 422);
    }
    let slowed = person.sign_in("ada@example.com", PASSWORD, "").await;
    assert_eq!(slowed.status, 429);
    assert_eq!(slowed.headers["retry-after"], "6");
    assert!(slowed.html.contains("Too many sign-ins have failed from here. Try again in 6 s."));
    let form = format!("email=ada%40example.com&password={}", PASSWORD.replace(' ', "+"));
    let peer = watchfire_web::client::Peer("192.0.2.7:1".parse().unwrap());
    let elsewhere = Request::post("/auth/login/").extension(peer).body(Body::from(form)).unwrap();
    assert_eq!(person.send(elsewhere).await.status, 303);
}

#[tokio::test]
async fn a_session_is_kept_from_scripts_and_other_sites_and_ends_for_good() {
    let api = Api::start().await;
    store_member(&api, "ada@example.com", Role::Admin).await;
    let person = Person::new(&api);
    let signed_in = person.sign_in("ada@example.com", PASSWORD, "").await;
    let cookie = signed_in.cookies()[0];
    let (pair, attributes) = cookie.split_once("; ").unwrap();
    assert!(pair.starts_with("__Host-watchfire=") && pair.len() == "__Host-watchfire=".len() + 64, "{cookie}");
    assert_eq!(attributes, "Path=/; Max-Age=1209600; HttpOnly; SameSite=Lax; Secure");
    let text = pair.split_once('=').unwrap().1.to_owned();
    let kept = std::fs::read(api.folder().join("watchfire.db")).unwrap();
    assert!(!kept.windows(text.len()).any(|window| window == text.as_bytes()), "the store keeps a hash");

    let without_token = person.post("/auth/logout/", &[]).await;
    assert_eq!(without_token.status, 403);
    assert_eq!(person.submit("/auth/logout/", &[]).await.to(), "/auth/login/");
    let stolen = Request::get("/settings/account/").header("cookie", pair).body(Body::empty()).unwrap();
    assert_eq!(Person::new(&api).send(stolen).await.status, 303, "the session itself has ended");
}

#[tokio::test]
async fn a_session_ends_after_two_weeks() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    api.clock.advance(std::time::Duration::from_secs(14 * 86_400 - 1));
    person.see("/settings/account/").await;
    api.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(person.get("/settings/account/").await.status, 303);
}

#[tokio::test]
async fn no_form_is_taken_from_another_site_or_without_its_token() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    let page = person.see("/settings/account/").await;
    let csrf = page.split(r#"name="csrf" value=""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let send = |csrf: &str, site: &'static str| {
        let body = Body::from(format!("csrf={csrf}&old=a&new=b&again=c"));
        let request = Request::post("/settings/account/").header("sec-fetch-site", site);
        person.send(request.body(body).unwrap())
    };
    assert_eq!(send(&csrf, "same-origin").await.status, 422);
    assert_eq!(send(&csrf, "cross-site").await.status, 403);
    assert_eq!(send("", "same-origin").await.status, 403);
    assert_eq!(send(&"0".repeat(64), "same-origin").await.status, 403);
    let other = Person::signed_in(&api, Role::Member).await;
    let foreign = other.see("/settings/account/").await;
    let foreign = foreign.split(r#"name="csrf" value=""#).nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_ne!(foreign, csrf);
    assert_eq!(send(&foreign, "same-origin").await.status, 403, "the token of another session");
}

#[tokio::test]
async fn every_page_forbids_what_is_not_ours() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    let theme = person.get("/auth/theme/").await;
    assert_eq!((theme.status, theme.to()), (303, "/"));
    for path in ["/settings/account/", "/nothing/", "/settings/my-org/projects/my-project/hooks/"] {
        let shown = person.get(path).await;
        let policy = shown.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"), "{path}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert!(!shown.html.contains("<style") && !shown.html.contains(" style=") && !shown.html.contains(" onclick="));
        assert_eq!(shown.headers["cache-control"], "no-store");
    }
}
