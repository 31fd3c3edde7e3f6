//! The root, regions, organizations and teams.

use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use store::catalog::Catalog as _;

use crate::harness::{Api, START};

const TEAMS: &str = "/api/0/organizations/my-org/teams/";

#[tokio::test]
async fn the_root_says_who_is_calling_and_what_they_may_do() {
    let api = Api::start().await;
    let anonymous = api.send(Request::builder().uri("/api/0/").body(Body::empty()).unwrap()).await;
    assert_eq!(anonymous.with_status(200), json!({"version": "0", "auth": null, "user": null}));

    let of_organization = api.token("project:write org:read").await;
    let answer = api.call("GET", "/api/0/", &of_organization, None).await.with_status(200);
    assert_eq!(answer, json!({"version": "0", "auth": {"scopes": ["org:read", "project:write"]}, "user": null}));

    let user = api.store_user("ada@example.com").await;
    let of_user = api.token_of(user, "org:read").await;
    let answer = api.call("GET", "/api/0/", &of_user, None).await.with_status(200);
    assert_eq!(answer["user"]["email"], "ada@example.com");
    assert_eq!(answer["user"]["id"], user.to_string());
    assert!(!answer.to_string().contains("hash"));

    assert_eq!(api.call("GET", "/api/0/", "wrong", None).await.with_status(401), json!({"detail": "Invalid token"}));
}

#[tokio::test]
async fn there_is_one_region_and_any_token_may_know_it() {
    let api = Api::start().await;
    let token = api.token("").await;
    let answer = api.call("GET", "/api/0/users/me/regions/", &token, None).await;
    assert_eq!(answer.with_status(200), json!({"regions": [{"name": "watchfire", "url": "https://watch.example"}]}));
    let anonymous = api.send(Request::builder().uri("/api/0/users/me/regions/").body(Body::empty()).unwrap()).await;
    assert_eq!(anonymous.status, 401);
}

#[tokio::test]
async fn an_organization_has_everything_that_sentry_cli_insists_on() {
    let api = Api::start().await;
    let expected = json!({
        "id": api.organization.id.to_string(),
        "slug": "my-org",
        "name": "My Org",
        "dateCreated": "2018-11-06T21:20:08.143Z",
        "status": {"id": "active", "name": "active"},
        "avatar": {"avatarType": "letter_avatar", "avatarUuid": null},
        "isEarlyAdopter": false,
        "require2FA": false,
        "requireEmailVerification": false,
        "features": [],
    });
    assert_eq!(api.get("/api/0/organizations/").await.with_status(200), json!([expected]));
    assert_eq!(api.get("/api/0/organizations/my-org/").await.with_status(200), expected);
    let by_id = format!("/api/0/organizations/{}/", api.organization.id);
    assert_eq!(api.get(&by_id).await.with_status(200), expected);
    for path in ["/api/0/organizations/nobody/", "/api/0/organizations/nobody/projects/", "/api/0/organizations/77/"] {
        let not_found = json!({"detail": "The requested resource does not exist"});
        assert_eq!(api.get(path).await.with_status(404), not_found, "{path}");
    }
}

#[tokio::test]
async fn teams_are_made_listed_and_shown() {
    let api = Api::start().await;
    let made = api.post(TEAMS, json!({"name": "Back End"})).await.with_status(201);
    assert_eq!((&made["slug"], &made["name"]), (&json!("back-end"), &json!("Back End")));
    assert_eq!(made["dateCreated"], "2018-11-06T21:20:08.143Z");
    assert_eq!(made["memberCount"], 0);
    let listed = api.get(TEAMS).await.with_status(200);
    assert_eq!(listed[0], made);
    assert_eq!(listed[1]["slug"], "my-org");
    let id = made["id"].as_str().unwrap();
    for name in ["back-end", id] {
        assert_eq!(api.get(&format!("/api/0/teams/my-org/{name}/")).await.with_status(200), made);
    }
    assert_eq!(api.get("/api/0/teams/my-org/nobody/").await.status, 404);
}

#[tokio::test]
async fn a_team_is_shown_with_its_organization_and_projects() {
    let api = Api::start().await;
    let team = api.get("/api/0/teams/my-org/my-org/").await.with_status(200);
    assert_eq!(
        (&team["teamRole"], &team["hasAccess"], &team["isPending"]),
        (&Value::Null, &json!(true), &json!(false))
    );
    assert_eq!(team["organization"], api.get("/api/0/organizations/my-org/").await.with_status(200));
    let projects = team["projects"].as_array().unwrap();
    assert_eq!((projects.len(), &projects[0]["slug"]), (1, &json!("my-project")));
    let project = api.get("/api/0/projects/my-org/my-project/").await.with_status(200);
    for (field, value) in projects[0].as_object().unwrap() {
        assert_eq!(*value, project[field], "{field}");
    }
    let other = api.post(TEAMS, json!({"slug": "other"})).await.with_status(201);
    assert_eq!(other["projects"], json!([]));
    assert_eq!(api.get(TEAMS).await.with_status(200), json!([other, team]));
}

#[tokio::test]
async fn a_team_is_changed_only_where_asked() {
    let api = Api::start().await;
    let path = "/api/0/teams/my-org/my-org/";
    let before = api.get(path).await.with_status(200);
    assert_eq!(api.put(path, json!({})).await.with_status(200), before);
    let after = api.put(path, json!({"name": "Back End"})).await.with_status(200);
    assert_eq!((&after["name"], &after["slug"]), (&json!("Back End"), &json!("my-org")));
    api.post(TEAMS, json!({"slug": "other"})).await.with_status(201);
    for (body, complaint) in [
        (json!({"name": null}), json!({"name": ["This field may not be null."]})),
        (json!({"slug": ""}), json!({"slug": ["This field may not be blank."]})),
        (json!({"slug": "12"}), json!({"slug": ["Enter a valid slug: a slug must not be all digits."]})),
        (json!({"slug": "other"}), json!({"slug": ["Another team of this organization has this slug."]})),
    ] {
        assert_eq!(api.put(path, body.clone()).await.with_status(400), complaint, "{body}");
    }
    assert_eq!(api.get(path).await.with_status(200), after);
}

#[tokio::test]
async fn a_deleted_team_leaves_its_projects_and_their_rules() {
    let api = Api::start().await;
    let mut body = crate::rules::least("Rule", 30);
    body["owner"] = json!(format!("team:{}", api.team.id));
    let rule = crate::rules::make(&api, body).await;
    assert_eq!(api.delete("/api/0/teams/my-org/my-org/").await.status, 204);
    assert_eq!(api.get(TEAMS).await.with_status(200), json!([]));
    let project = api.get("/api/0/projects/my-org/my-project/").await.with_status(200);
    assert_eq!((&project["team"], &project["teams"]), (&Value::Null, &json!([])));
    let orphan = api.get(&crate::rules::path(&rule)).await.with_status(200);
    assert_eq!((&orphan["owner"], &orphan["status"]), (&Value::Null, &json!("active")));
    // It is given to another one as any project is.
    api.post(TEAMS, json!({"slug": "new"})).await.with_status(201);
    let given = api.post("/api/0/projects/my-org/my-project/teams/new/", json!({})).await.with_status(201);
    assert_eq!(given["team"]["slug"], "new");
}

#[tokio::test]
async fn a_project_is_given_to_teams_of_its_organization_only() {
    let api = Api::start().await;
    let stranger = api.store.create_organization("other".into(), "Other".into(), START).await.unwrap();
    let stranger = api.store.teams(stranger.id).await.unwrap().remove(0);
    let teams = "/api/0/projects/my-org/my-project/teams/";
    let before = api.get("/api/0/projects/my-org/my-project/").await.with_status(200);
    for name in ["other".to_owned(), stranger.id.to_string(), "nobody".to_owned()] {
        let path = format!("{teams}{name}/");
        assert_eq!(api.post(&path, json!({})).await.status, 404, "{name}");
        assert_eq!(api.delete(&path).await.status, 404, "{name}");
    }
    // Again is no more, by slug or by id.
    for name in ["my-org".to_owned(), api.team.id.to_string()] {
        assert_eq!(api.post(&format!("{teams}{name}/"), json!({})).await.with_status(201), before, "{name}");
    }
    let alone = api.delete(&format!("{teams}my-org/")).await.with_status(200);
    assert_eq!((&alone["team"], &alone["teams"]), (&Value::Null, &json!([])));
    assert_eq!(api.delete(&format!("{teams}my-org/")).await.with_status(200), alone, "it has it no more");
    api.put("/api/0/projects/my-org/my-project/", json!({"slug": "renamed"})).await.with_status(200);
    let moved = api.post(&format!("{teams}my-org/"), json!({})).await;
    assert_eq!(moved.header("location"), Some("/api/0/projects/my-org/renamed/teams/my-org/"));
}

#[tokio::test]
async fn a_team_needs_a_name_or_a_slug() {
    let api = Api::start().await;
    let by_slug = api.post(TEAMS, json!({"slug": "ops"})).await.with_status(201);
    assert_eq!((&by_slug["slug"], &by_slug["name"]), (&json!("ops"), &json!("ops")));
    let numbered: Value = api.post(TEAMS, json!({"name": "Ops"})).await.with_status(201);
    assert_eq!(numbered["slug"], "ops-2");
    let taken = api.post(TEAMS, json!({"name": "Ops", "slug": "ops"})).await;
    assert_eq!(taken.with_status(409), json!({"detail": "A team with this slug already exists."}));
    for (body, complaint) in [
        (json!({}), json!({"non_field_errors": ["Name or slug is required"]})),
        (json!({"name": null}), json!({"non_field_errors": ["Name or slug is required"]})),
        (json!({"name": ""}), json!({"name": ["This field may not be blank."]})),
        (json!({"slug": "12"}), json!({"slug": ["Enter a valid slug: a slug must not be all digits."]})),
    ] {
        assert_eq!(api.post(TEAMS, body.clone()).await.with_status(400), complaint, "{body}");
    }
}
