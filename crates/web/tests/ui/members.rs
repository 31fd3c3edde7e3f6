//! Members on pages and over the API.

use model::role::Role;
use serde_json::json;
use store::accounts::Accounts as _;
use store::catalog::Catalog as _;

use crate::harness::{Api, START, new_project};
use crate::person::{PASSWORD, Person, store_member};
use crate::recording::{error, record_in};

const MEMBERS: &str = "/settings/my-org/members/";
const API: &str = "/api/0/organizations/my-org/members/";

/// The password that a page shows once.
fn password(html: &str) -> String {
    html.split(r#"id="one-time-password">"#).nth(1).unwrap().split('<').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_member_is_added_with_a_password_that_is_shown_once_and_replaced_at_the_first_sign_in() {
    let api = Api::start().await;
    let admin = Person::signed_in(&api, Role::Admin).await;
    let added = admin.submit(MEMBERS, &[("email", "bob@example.com"), ("orgRole", "read-only")]).await;
    assert_eq!(added.status, 200, "{}", added.html);
    let password = password(&added.html);
    let list = admin.see(MEMBERS).await;
    assert!(!list.contains(&password) && list.contains("has not signed in yet"));

    let bob = Person::new(&api);
    assert_eq!(bob.sign_in("bob@example.com", &password, "/settings/my-org/members/").await.status, 303);
    assert_eq!(bob.get(MEMBERS).await.to(), "/settings/account/");
    let new = "a sentence of my own";
    bob.submit("/settings/account/", &[("old", &password), ("new", new), ("again", new)]).await;
    let list = bob.see(MEMBERS).await;
    assert!(!list.contains("Add a member") && !list.contains("Remove"));
    let refused = bob.submit(MEMBERS, &[("email", "eve@example.com"), ("orgRole", "admin")]).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn a_role_a_password_and_a_membership_are_changed_and_the_last_admin_stays() {
    let api = Api::start().await;
    let admin = Person::signed_in(&api, Role::Admin).await;
    let bob_id = store_member(&api, "bob@example.com", Role::Member).await;
    let bob = Person::new(&api);
    bob.sign_in("bob@example.com", PASSWORD, "").await;
    let place = format!("{MEMBERS}{bob_id}/");
    assert_eq!(admin.submit(&format!("{place}role/"), &[("orgRole", "admin")]).await.to(), MEMBERS);
    assert!(bob.see(MEMBERS).await.contains("Add a member"), "a session does what the role says now");

    let reset = admin.submit(&format!("{place}reset-password/"), &[]).await;
    assert_eq!(bob.get(MEMBERS).await.status, 303, "signed out everywhere");
    assert_eq!(bob.sign_in("bob@example.com", &password(&reset.html), "").await.status, 303);

    assert_eq!(admin.submit(&format!("{place}remove/"), &[]).await.to(), MEMBERS);
    assert!(!admin.see(MEMBERS).await.contains("bob@example.com"));
    let admin_id = api.store.user_by_email("admin@example.com".into()).await.unwrap().unwrap().id;
    for (action, fields) in [("role/", vec![("orgRole", "member")]), ("remove/", vec![])] {
        let refused = admin.submit(&format!("{MEMBERS}{admin_id}/{action}"), &fields).await;
        assert_eq!(refused.status, 400);
        assert!(refused.html.contains("An organization keeps at least one admin."), "{}", refused.html);
    }
    let unknown = admin.submit(MEMBERS, &[("email", "no address"), ("orgRole", "boss")]).await;
    assert_eq!(unknown.status, 400);
    assert!(unknown.html.contains("Enter a valid email address.") && unknown.html.contains("is not a valid choice."));
    let twice = admin.submit(MEMBERS, &[("email", "ADMIN@example.com"), ("orgRole", "member")]).await;
    assert!(twice.html.contains("is already a member"), "{}", twice.html);
}

#[tokio::test]
async fn nobody_gives_a_role_that_may_do_more_or_a_password_to_somebody_elsewhere() {
    let api = Api::start().await;
    let bob = store_member(&api, "bob@example.com", Role::Member).await;
    let manager = api.token("member:admin org:read").await;
    let post = |body| api.call("POST", API, &manager, Some(body));
    let refused = post(json!({"email": "eve@example.com", "orgRole": "admin"})).await.with_status(400);
    assert!(refused["orgRole"][0].as_str().unwrap().contains("admin"), "{refused}");
    assert!(api.store.user_by_email("eve@example.com".into()).await.unwrap().is_none(), "nothing is kept of it");

    let admin = Person::signed_in(&api, Role::Admin).await;
    let other = api.store.create_organization("other".into(), "Other".into(), START).await.unwrap();
    let membership = store::accounts::Membership { organization: other.id, user: bob };
    api.store.set_role(membership, Role::ReadOnly, START).await.unwrap();
    let reset = admin.submit(&format!("{MEMBERS}{bob}/reset-password/"), &[]).await;
    assert_eq!(reset.status, 400);
    assert!(reset.html.contains("belongs to an organization that you do not administer"), "{}", reset.html);
}

#[tokio::test]
async fn a_token_of_a_member_reaches_no_other_organization_and_does_no_more_than_they_may() {
    let api = Api::start().await;
    let other = api.store.create_organization("other".into(), "Other".into(), START).await.unwrap();
    let bob = store_member(&api, "bob@example.com", Role::ReadOnly).await;
    let token = api.token_of(bob, "org:admin project:admin member:admin event:read").await;
    let call = |method: &'static str, path: &'static str| api.call(method, path, &token, Some(json!({})));
    let organizations = call("GET", "/api/0/organizations/").await.with_status(200);
    assert_eq!(organizations.as_array().unwrap().len(), 1);
    assert_eq!(call("GET", "/api/0/projects/").await.with_status(200).as_array().unwrap().len(), 1);
    assert_eq!(call("GET", "/api/0/organizations/other/").await.status, 404);
    assert_eq!(call("GET", "/api/0/organizations/other/members/").await.status, 404);
    call("GET", API).await.with_status(200);
    assert_eq!(call("POST", API).await.status, 403);
    assert_eq!(call("POST", "/api/0/projects/my-org/my-project/hooks/").await.status, 403);
    let team = api.store.teams(other.id).await.unwrap().remove(0);
    let foreign = new_project(&team, "foreign");
    let foreign = api.store.create_project(foreign).await.unwrap();
    let events = [error(1, "Foreign", json!({}))];
    let issue = record_in(&api, &foreign, &events).await.remove(0);
    for path in [format!("/api/0/issues/{issue}/"), format!("/api/0/issues/{issue}/events/latest/")] {
        api.get(&path).await.with_status(200);
        let answer = api.call("GET", &path, &token, None).await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
    let here = store::accounts::Membership { organization: api.organization.id, user: bob };
    api.store.remove_member(here).await.unwrap();
    assert_eq!(call("GET", API).await.status, 404);
    assert_eq!(call("GET", "/api/0/projects/").await.status, 403);
    assert!(other.slug == "other");
}
