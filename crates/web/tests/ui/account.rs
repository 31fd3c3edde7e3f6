//! One's own password and API tokens.

use http::Request;
use model::role::Role;

use crate::harness::Api;
use crate::person::{PASSWORD, Person, make_temporary, store_member};

const ACCOUNT: &str = "/settings/account/";
const TOKENS: &str = "/settings/account/api/auth-tokens/";

#[tokio::test]
async fn another_password_ends_the_other_sessions_and_keeps_this_one() {
    let api = Api::start().await;
    store_member(&api, "ada@example.com", Role::Member).await;
    let [here, elsewhere] = [Person::new(&api), Person::new(&api)];
    for person in [&here, &elsewhere] {
        person.sign_in("ada@example.com", PASSWORD, "").await;
    }
    let new = "a better sentence";
    let changed = here.submit(ACCOUNT, &[("old", PASSWORD), ("new", new), ("again", new)]).await;
    assert_eq!((changed.status, changed.to()), (303, ACCOUNT));
    assert!(here.see(ACCOUNT).await.contains("Password changed. You are signed out everywhere else."));
    assert_eq!(elsewhere.get(ACCOUNT).await.status, 303);
    assert_eq!(elsewhere.sign_in("ada@example.com", PASSWORD, "").await.status, 422);
    assert_eq!(elsewhere.sign_in("ada@example.com", new, "").await.status, 303);
}

#[tokio::test]
async fn what_is_wrong_with_a_password_is_said_beside_its_field() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    let good = "a better sentence";
    for (old, new, again, words) in [
        ("wrong", good, good, "This is not your current password."),
        (PASSWORD, "short", "short", "a password needs at least 8 characters."),
        (PASSWORD, good, "another sentence", "The two are not the same."),
    ] {
        let refused = person.submit(ACCOUNT, &[("old", old), ("new", new), ("again", again)]).await;
        assert_eq!(refused.status, 422);
        assert!(refused.html.contains(words), "{}", refused.html);
        assert!(!refused.html.contains(good), "no password comes back");
    }
}

#[tokio::test]
async fn a_password_that_others_have_seen_is_replaced_before_anything_else() {
    let api = Api::start().await;
    let user = store_member(&api, "ada@example.com", Role::Admin).await;
    make_temporary(&api, user).await;
    let person = Person::new(&api);
    person.sign_in("ada@example.com", PASSWORD, "").await;
    for path in ["/", TOKENS, "/settings/my-org/projects/my-project/hooks/"] {
        let away = person.get(path).await;
        assert_eq!((away.status, away.to()), (303, ACCOUNT), "{path}");
    }
    assert_eq!(person.submit(TOKENS, &[("name", "x"), ("scopes", "org:read")]).await.to(), ACCOUNT);
    assert!(person.see(ACCOUNT).await.contains("An admin made this password."));
    let same = person.submit(ACCOUNT, &[("old", PASSWORD), ("new", PASSWORD), ("again", PASSWORD)]).await;
    assert!(same.status == 422 && same.html.contains("Choose another password than the current one."), "{}", same.html);
    assert_eq!(person.get(TOKENS).await.to(), ACCOUNT, "it is not replaced by itself");
    let new = "a better sentence";
    person.submit(ACCOUNT, &[("old", PASSWORD), ("new", new), ("again", new)]).await;
    person.see(TOKENS).await;
}

#[tokio::test]
async fn a_token_is_shown_once_works_and_is_revoked() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Member).await;
    assert!(person.see(TOKENS).await.contains("No token yet"));
    let fields = [("name", "<b>ci</b>"), ("scopes", "project:read"), ("scopes", "event:read")];
    let made = person.submit(TOKENS, &fields).await;
    assert_eq!(made.status, 200);
    let token = made.html.split(r#"id="new-token">"#).nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(token.starts_with("sntryu_"), "{token}");
    let list = person.see(TOKENS).await;
    assert!(!list.contains(&token) && list.contains(&token[token.len() - 4..]));
    assert!(list.contains("&#60;b&#62;ci&#60;/b&#62;") && !list.contains("<b>ci"));
    api.call("GET", "/api/0/projects/my-org/my-project/", &token, None).await.with_status(200);
    let post = api.call("POST", "/api/0/projects/my-org/my-project/hooks/", &token, Some("{}".into())).await;
    post.with_status(403);

    let stranger = Person::signed_in(&api, Role::ReadOnly).await;
    assert!(stranger.see(TOKENS).await.contains("No token yet"), "one's own only");
    let revoke =
        list.split(r#"action=""#).find_map(|part| part.split('"').next().filter(|it| it.ends_with("/revoke/")));
    let revoke = revoke.unwrap().to_owned();
    assert_eq!(stranger.submit(&revoke, &[]).await.status, 404);
    assert_eq!(person.submit(&revoke, &[]).await.to(), TOKENS);
    api.call("GET", "/api/0/projects/my-org/my-project/", &token, None).await.with_status(401);
}

#[tokio::test]
async fn nobody_makes_a_token_that_may_do_more_than_they_may() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::ReadOnly).await;
    assert!(!person.see(TOKENS).await.contains("project:write\""));
    let refused = person.submit(TOKENS, &[("name", "x"), ("scopes", "project:write")]).await;
    assert_eq!(refused.status, 400);
    assert!(refused.html.contains("You do not have project:write yourself."), "{}", refused.html);
    let none = person.submit(TOKENS, &[("name", "kept")]).await;
    assert_eq!(none.status, 400);
    assert!(none.html.contains("This selection may not be empty.") && none.html.contains(r#"value="kept""#));
}

#[tokio::test]
async fn a_member_of_another_organization_finds_nothing_here() {
    let api = Api::start().await;
    let person = Person::signed_in(&api, Role::Admin).await;
    use store::catalog::Catalog as _;
    let other = api.store.create_organization("other".into(), "Other".into(), crate::harness::START).await.unwrap();
    let html = person.see(ACCOUNT).await;
    assert!(!html.contains(&other.name));
    let foreign = Request::get("/organizations/other/projects/").body(axum::body::Body::empty()).unwrap();
    assert_eq!(person.send(foreign).await.status, 404);
}
