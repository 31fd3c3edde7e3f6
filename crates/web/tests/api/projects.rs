//! Projects: by id and by slug, made, renamed, deleted.

use serde_json::{Value, json};

use crate::harness::Api;

const PROJECT: &str = "/api/0/projects/my-org/my-project/";
const OF_TEAM: &str = "/api/0/teams/my-org/my-org/projects/";

#[tokio::test]
async fn a_project_is_shown_with_its_team_and_organization() {
    let api = Api::start().await;
    let project = api.get(PROJECT).await.with_status(200);
    assert_eq!(project["id"], api.project.id.to_string());
    assert_eq!(project["slug"], "my-project");
    assert_eq!(project["name"], "my-project");
    assert_eq!(project["platform"], Value::Null);
    assert_eq!(project["dateCreated"], "2018-11-06T21:20:08.143Z");
    assert_eq!(project["status"], "active");
    assert_eq!(project["allowedDomains"], json!(["*"]));
    assert_eq!(project["dataScrubber"], true);
    assert_eq!(project["resolveAge"], 0);
    assert_eq!(project["options"], json!({}));
    let team = json!({"id": api.team.id.to_string(), "slug": "my-org", "name": "My Org"});
    assert_eq!(project["team"], team);
    assert_eq!(project["teams"], json!([team]));
    assert_eq!(project["organization"]["slug"], "my-org");
    assert_eq!(api.get("/api/0/projects/").await.with_status(200), json!([project]));
    assert_eq!(api.get("/api/0/organizations/my-org/projects/").await.with_status(200), json!([project]));
}

#[tokio::test]
async fn organizations_and_projects_are_found_by_id_or_slug() {
    let api = Api::start().await;
    let by_slug = api.get(PROJECT).await.with_status(200);
    let (organization, project) = (api.organization.id, api.project.id);
    for path in [
        format!("/api/0/projects/{organization}/{project}/"),
        format!("/api/0/projects/my-org/{project}/"),
        format!("/api/0/projects/{organization}/my-project/"),
    ] {
        assert_eq!(api.get(&path).await.with_status(200), by_slug, "{path}");
    }
    for path in [
        "/api/0/projects/my-org/nowhere/",
        "/api/0/projects/nobody/my-project/",
        "/api/0/projects/my-org/999/",
        "/api/0/projects/my-org/0/",
        "/api/0/projects/999/my-project/",
        "/api/0/projects/my-org/99999999999999999999999999/",
        "/api/0/projects/my-org/MY-PROJECT/",
    ] {
        let answer = api.get(path).await;
        assert_eq!(answer.with_status(404), json!({"detail": "The requested resource does not exist"}), "{path}");
    }
}

#[tokio::test]
async fn a_project_of_another_organization_is_not_found_even_by_its_id() {
    let api = Api::start().await;
    store::Catalog::create_organization(api.store.as_ref(), "other".into(), "Other".into(), crate::harness::START)
        .await
        .unwrap();
    assert_eq!(api.get(&format!("/api/0/projects/other/{}/", api.project.id)).await.status, 404);
    assert_eq!(api.get("/api/0/projects/other/my-project/").await.status, 404);
    assert_eq!(api.get("/api/0/organizations/other/projects/").await.with_status(200), json!([]));
}

#[tokio::test]
async fn a_team_makes_a_project_with_a_key() {
    let api = Api::start().await;
    let body = json!({"name": "Web Shop", "platform": "python", "default_rules": false});
    let project = api.post(OF_TEAM, body).await.with_status(201);
    assert_eq!(project["slug"], "web-shop");
    assert_eq!(project["name"], "Web Shop");
    assert_eq!(project["platform"], "python");
    assert_eq!(project["team"]["slug"], "my-org");
    assert_eq!(api.get("/api/0/projects/my-org/web-shop/").await.with_status(200), project);
    let keys = api.get("/api/0/projects/my-org/web-shop/keys/").await.with_status(200);
    assert_eq!(keys.as_array().unwrap().len(), 1);
    let directory = api.directory.current();
    assert!(directory.key(keys[0]["public"].as_str().unwrap().parse().unwrap()).is_some());
}

#[tokio::test]
async fn a_chosen_slug_that_is_taken_is_a_conflict_and_a_derived_one_is_numbered() {
    let api = Api::start().await;
    let refused = api.post(OF_TEAM, json!({"name": "X", "slug": "my-project"})).await;
    assert_eq!(refused.with_status(409), json!({"detail": "A project with this slug already exists."}));
    let made = api.post(OF_TEAM, json!({"name": "My project"})).await.with_status(201);
    assert_eq!(made["slug"], "my-project-2");
    let made = api.post(OF_TEAM, json!({"name": "2024"})).await.with_status(201);
    assert_eq!(made["slug"], "project-2024");
}

#[tokio::test]
async fn what_is_wrong_with_a_new_project_is_said() {
    let api = Api::start().await;
    let long = "a".repeat(201);
    for (body, complaint) in [
        (json!({}), json!({"name": ["This field is required."]})),
        (json!({"name": ""}), json!({"name": ["This field may not be blank."]})),
        (json!({"name": null}), json!({"name": ["This field may not be null."]})),
        (json!({"name": []}), json!({"name": ["Not a valid string."]})),
        (json!({"name": long}), json!({"name": ["Ensure this field has no more than 200 characters."]})),
        (json!({"name": "x", "slug": "1"}), json!({"slug": ["Enter a valid slug: a slug must not be all digits."]})),
        (
            json!({"name": "x", "slug": "Ab"}),
            json!({"slug": ["Enter a valid slug: a slug has only lower-case letters, digits, hyphens and underscores."]}),
        ),
        (json!({"name": "x", "platform": 1.5e300, "slug": true}), json!({"slug": ["Not a valid string."]})),
    ] {
        assert_eq!(api.post(OF_TEAM, body.clone()).await.with_status(400), complaint, "{body}");
    }
    assert_eq!(api.post("/api/0/teams/my-org/nobody/projects/", json!({"name": "x"})).await.status, 404);
}

#[tokio::test]
async fn a_project_is_changed_only_where_asked() {
    let api = Api::start().await;
    let before = api.get(PROJECT).await.with_status(200);
    assert_eq!(api.put(PROJECT, json!({})).await.with_status(200), before);
    let body = json!({
        "name": "New name", "platform": "rust", "dataScrubber": false, "allowedDomains": ["https://a.example", "b.example"],
        "resolveAge": 720,
    });
    let after = api.put(PROJECT, body).await.with_status(200);
    let mut expected = before.clone();
    expected["name"] = json!("New name");
    expected["platform"] = json!("rust");
    expected["dataScrubber"] = json!(false);
    expected["allowedDomains"] = json!(["https://a.example", "b.example"]);
    assert_eq!(after, expected);
    assert_eq!(api.get(PROJECT).await.with_status(200), expected);
    let directory = api.directory.current();
    assert!(!directory.project(api.project.id).unwrap().project.scrub);
    let none = api.put(PROJECT, json!({"platform": null, "allowedDomains": []})).await.with_status(200);
    assert_eq!((&none["platform"], &none["allowedDomains"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn what_is_wrong_with_a_change_is_said() {
    let api = Api::start().await;
    api.add_project("other").await;
    for (body, complaint) in [
        (json!({"name": null}), json!({"name": ["This field may not be null."]})),
        (json!({"slug": ""}), json!({"slug": ["This field may not be blank."]})),
        (json!({"slug": "other"}), json!({"slug": ["Another project of this organization has this slug."]})),
        (json!({"dataScrubber": 3}), json!({"dataScrubber": ["Must be a valid boolean."]})),
        (json!({"allowedDomains": "*"}), json!({"allowedDomains": ["Expected a list of items but got type \"str\"."]})),
        (json!({"allowedDomains": ["*", "a\nb"]}), json!({"allowedDomains": {"1": ["An origin has no blanks."]}})),
        (
            json!({"allowedDomains": vec!["a.example"; 201]}),
            json!({"allowedDomains": ["Ensure this field has no more than 200 elements."]}),
        ),
    ] {
        assert_eq!(api.put(PROJECT, body.clone()).await.with_status(400), complaint, "{body}");
    }
}

#[tokio::test]
async fn a_renamed_project_is_found_under_its_old_slug_by_a_redirect() {
    let api = Api::start().await;
    let hook = api.post(&format!("{PROJECT}hooks/"), json!({"url": "https://example.com/"})).await.with_status(201);
    let id = hook["id"].as_str().unwrap();
    assert_eq!(api.put(PROJECT, json!({"slug": "renamed"})).await.with_status(200)["slug"], "renamed");
    for (method, path, location) in [
        ("GET", PROJECT.to_owned(), "/api/0/projects/my-org/renamed/".to_owned()),
        ("GET", format!("{PROJECT}?a=1&b=%20"), "/api/0/projects/my-org/renamed/?a=1&b=%20".to_owned()),
        ("GET", PROJECT.trim_end_matches('/').to_owned(), "/api/0/projects/my-org/renamed".to_owned()),
        ("PUT", format!("{PROJECT}hooks/{id}/"), format!("/api/0/projects/my-org/renamed/hooks/{id}/")),
        ("DELETE", format!("{PROJECT}hooks/{id}/"), format!("/api/0/projects/my-org/renamed/hooks/{id}/")),
        ("POST", format!("{PROJECT}keys/"), "/api/0/projects/my-org/renamed/keys/".to_owned()),
    ] {
        let token = api.token("project:admin").await;
        let answer = api.call(method, &path, &token, None).await;
        let body = json!({"slug": "renamed", "detail": {"extra": {"url": location, "slug": "renamed"}}});
        assert_eq!(answer.with_status(302), body, "{method} {path}");
        assert_eq!(answer.header("location"), Some(location.as_str()), "{method} {path}");
    }
    assert_eq!(api.get(&format!("/api/0/projects/my-org/renamed/hooks/{id}/")).await.status, 200);
    // An outsider does not learn the new name.
    let outsider = api.token("event:admin").await;
    assert_eq!(api.call("GET", PROJECT, &outsider, None).await.status, 403);
}

#[tokio::test]
async fn an_old_slug_that_is_used_again_names_its_new_owner() {
    let api = Api::start().await;
    api.put(PROJECT, json!({"slug": "renamed"})).await.with_status(200);
    assert_eq!(api.get(PROJECT).await.status, 302);
    let new = api.post(OF_TEAM, json!({"name": "x", "slug": "my-project"})).await.with_status(201);
    assert_eq!(api.get(PROJECT).await.with_status(200)["id"], new["id"]);
    assert_eq!(api.delete(PROJECT).await.status, 204);
    assert_eq!(api.get(PROJECT).await.status, 404);
}

#[tokio::test]
async fn a_deleted_project_is_gone_with_its_keys_and_hooks() {
    let api = Api::start().await;
    let keys = api.get(&format!("{PROJECT}keys/")).await.with_status(200);
    let hooks = format!("{PROJECT}hooks/");
    api.post(&hooks, json!({"url": "https://example.com/"})).await.with_status(201);
    let answer = api.delete(PROJECT).await;
    assert_eq!((answer.status, answer.text.as_str()), (204, ""));
    assert_eq!(api.get(PROJECT).await.status, 404);
    assert_eq!(api.get(&hooks).await.status, 404);
    assert_eq!(api.get("/api/0/projects/").await.with_status(200), json!([]));
    let directory = api.directory.current();
    assert!(directory.project(api.project.id).is_none());
    assert!(directory.key(keys[0]["public"].as_str().unwrap().parse().unwrap()).is_none());
}
