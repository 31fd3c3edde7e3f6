//! What Terraform's client (go-sentry) sends for organizations, teams, projects and keys, and what it reads of the answers.
//!
//! It decodes into typed structs: a text where it wants a number, or the other way round, ends its run. It follows the `Link`
//! header while its last part says `results="true"`.

use serde_json::{Value, json};

use crate::harness::{Answer, Api};

/// What a field must be for the client to decode it.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Is {
    Text,
    /// RFC 3339.
    Time,
    Bool,
    Number,
    List,
    Object,
    /// Any of the others, or null: a pointer.
    Maybe(&'static Is),
}

const MAYBE_TEXT: Is = Is::Maybe(&Is::Text);

const ORGANIZATION: &[(&str, Is)] = &[
    ("id", Is::Text),
    ("slug", Is::Text),
    ("name", Is::Text),
    ("status", Is::Object),
    ("dateCreated", Is::Time),
    ("isEarlyAdopter", Is::Bool),
    ("require2FA", Is::Bool),
    ("avatar", Is::Object),
    ("features", Is::List),
];
const TEAM: &[(&str, Is)] = &[
    ("id", Is::Text),
    ("slug", Is::Text),
    ("name", Is::Text),
    ("dateCreated", Is::Time),
    ("isMember", Is::Bool),
    ("teamRole", MAYBE_TEXT),
    ("hasAccess", Is::Bool),
    ("isPending", Is::Bool),
    ("memberCount", Is::Number),
    ("avatar", Is::Object),
];
const PROJECT: &[(&str, Is)] = &[
    ("id", Is::Text),
    ("slug", Is::Text),
    ("name", Is::Text),
    ("platform", MAYBE_TEXT),
    ("dateCreated", Is::Time),
    ("isBookmarked", Is::Bool),
    ("isMember", Is::Bool),
    ("features", Is::List),
    ("hasAccess", Is::Bool),
    ("teams", Is::List),
    ("team", Is::Maybe(&Is::Object)),
    ("organization", Is::Object),
    ("allowedDomains", Is::List),
    ("resolveAge", Is::Number),
    ("options", Is::Object),
    ("status", Is::Text),
];
const KEY: &[(&str, Is)] = &[
    ("id", Is::Text),
    ("name", Is::Text),
    ("label", Is::Text),
    ("public", Is::Text),
    ("secret", Is::Text),
    ("projectId", Is::Number),
    ("isActive", Is::Bool),
    ("rateLimit", Is::Maybe(&Is::Object)),
    ("dsn", Is::Object),
    ("browserSdkVersion", Is::Text),
    ("browserSdk", Is::Object),
    ("dateCreated", Is::Time),
    ("dynamicSdkLoaderOptions", Is::Object),
];

impl Is {
    fn holds(self, value: &Value) -> bool {
        match self {
            Is::Text => value.is_string(),
            Is::Time => value.as_str().is_some_and(|text| text.len() == 24 && text.ends_with('Z')),
            Is::Bool => value.is_boolean(),
            Is::Number => value.is_i64(),
            Is::List => value.is_array(),
            Is::Object => value.is_object(),
            Is::Maybe(is) => value.is_null() || is.holds(value),
        }
    }
}

/// The answer, if the client can decode it.
#[track_caller]
fn decoded(answer: &Answer, status: u16, fields: &[(&str, Is)]) -> Value {
    let value = answer.with_status(status);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    for (name, is) in fields {
        assert!(is.holds(&value[*name]), "{name} is not {is:?}: {value}");
    }
    value
}

/// Whatever a list has, page after page, as the client collects it.
async fn collected(api: &Api, path: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let parameters = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
        let answer = api.get(&format!("{path}?per_page=1{parameters}")).await;
        all.extend(answer.with_status(200).as_array().unwrap().iter().cloned());
        let next = answer.header("link").unwrap().rsplit(", <").next().unwrap().to_owned();
        if !next.contains("results=\"true\"") {
            return all;
        }
        cursor = next.rsplit("cursor=\"").next().map(|cursor| cursor.trim_end_matches('"').to_owned());
    }
}

#[tokio::test]
async fn an_organization_and_its_teams_are_read_and_made() {
    let api = Api::start().await;
    decoded(&api.get("/api/0/organizations/my-org/").await, 200, ORGANIZATION);
    let listed = collected(&api, "/api/0/organizations/").await;
    assert_eq!(listed.len(), 1);
    let teams = "/api/0/organizations/my-org/teams/";
    let made = decoded(&api.post(teams, json!({"name": "The Till", "slug": "the-till"})).await, 201, TEAM);
    assert_eq!((&made["slug"], &made["name"]), (&json!("the-till"), &json!("The Till")));
    let unnamed = decoded(&api.post(teams, json!({"name": "The Other Till"})).await, 201, TEAM);
    assert_eq!(unnamed["slug"], "the-other-till");
    assert_eq!(decoded(&api.get("/api/0/teams/my-org/the-till/").await, 200, TEAM), made);
    let listed = collected(&api, teams).await;
    assert!(listed.len() == 3 && listed.contains(&made) && listed.contains(&unnamed), "{listed:?}");
    let missing = api.get("/api/0/teams/my-org/nobody/").await;
    assert_eq!(missing.with_status(404), json!({"detail": "The requested resource does not exist"}));
}

#[tokio::test]
async fn a_team_is_changed_and_destroyed() {
    let api = Api::start().await;
    let create = json!({"name": "The Till", "slug": "the-till"});
    let made = decoded(&api.post("/api/0/organizations/my-org/teams/", create).await, 201, TEAM);
    let path = "/api/0/teams/my-org/the-till/";
    // It sends what the configuration has: the name, the slug, or both.
    let renamed = decoded(&api.put(path, json!({"name": "Till"})).await, 200, TEAM);
    assert_eq!((&renamed["id"], &renamed["slug"], &renamed["name"]), (&made["id"], &json!("the-till"), &json!("Till")));
    let moved = decoded(&api.put(path, json!({"name": "Till", "slug": "till"})).await, 200, TEAM);
    assert_eq!((&moved["id"], &moved["slug"]), (&made["id"], &json!("till")));
    assert_eq!(api.get(path).await.status, 404);
    let path = "/api/0/teams/my-org/till/";
    assert_eq!(decoded(&api.get(path).await, 200, TEAM), moved);
    let gone = api.delete(path).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    // What is gone already is no error to it, if the status says so.
    assert_eq!(api.delete(path).await.status, 404);
    assert_eq!(collected(&api, "/api/0/organizations/my-org/teams/").await.len(), 1);
}

#[tokio::test]
async fn a_project_changes_hands_as_its_configuration_does() {
    let api = Api::start().await;
    for name in ["first", "second"] {
        api.post("/api/0/organizations/my-org/teams/", json!({"slug": name})).await.with_status(201);
    }
    let create = json!({"name": "Shared", "slug": "shared"});
    api.post("/api/0/teams/my-org/first/projects/", create).await.with_status(201);
    let teams = |project: &Value| -> Vec<String> {
        let teams = project["teams"].as_array().unwrap().iter();
        teams.map(|team| team["slug"].as_str().unwrap().to_owned()).collect()
    };
    // It adds before it removes, and posts no body at all.
    let path = "/api/0/projects/my-org/shared/teams/second/";
    let token = api.token("project:admin team:admin").await;
    let added = decoded(&api.call("POST", path, &token, None).await, 201, PROJECT);
    assert_eq!(
        (teams(&added), &added["team"]["slug"]),
        (vec!["first".to_owned(), "second".to_owned()], &json!("first"))
    );
    let removed = api.delete("/api/0/projects/my-org/shared/teams/first/").await;
    assert_eq!(teams(&decoded(&removed, 200, PROJECT)), ["second"]);
    let read = decoded(&api.get("/api/0/projects/my-org/shared/").await, 200, PROJECT);
    assert_eq!((teams(&read), &read["team"]["slug"]), (vec!["second".to_owned()], &json!("second")));
    let missing = api.delete("/api/0/projects/my-org/shared/teams/nobody/").await;
    assert_eq!(missing.with_status(404), json!({"detail": "The requested resource does not exist"}));
    // Of a team that goes before its project, only the project is left.
    assert_eq!(api.delete("/api/0/teams/my-org/second/").await.status, 204);
    let orphan = decoded(&api.get("/api/0/projects/my-org/shared/").await, 200, PROJECT);
    assert_eq!((&orphan["team"], &orphan["teams"]), (&Value::Null, &json!([])));
}

#[tokio::test]
async fn a_project_lives_as_terraform_makes_reads_changes_and_destroys_it() {
    let api = Api::start().await;
    let create = json!({"name": "Web App", "slug": "web-app", "platform": "javascript", "default_rules": false});
    let made = decoded(&api.post("/api/0/teams/my-org/my-org/projects/", create).await, 201, PROJECT);
    assert_eq!((&made["slug"], &made["platform"]), (&json!("web-app"), &json!("javascript")));
    assert_eq!(made["teams"][0]["slug"], "my-org");
    let path = "/api/0/projects/my-org/web-app/";
    let read = decoded(&api.get(path).await, 200, PROJECT);
    assert_eq!(read["id"], made["id"]);
    for list in ["/api/0/projects/", "/api/0/organizations/my-org/projects/"] {
        let slugs: Vec<_> = collected(&api, list).await.iter().map(|project| project["slug"].clone()).collect();
        assert_eq!(slugs, ["web-app", "my-project"], "{list}");
    }
    let change =
        json!({"name": "Web", "slug": "web", "platform": "python", "allowedDomains": ["https://shop.example"]});
    let changed = decoded(&api.put(path, change).await, 200, PROJECT);
    assert_eq!((&changed["name"], &changed["slug"]), (&json!("Web"), &json!("web")));
    assert_eq!(changed["allowedDomains"], json!(["https://shop.example"]));
    let moved = api.get(path).await;
    assert_eq!((moved.status, moved.header("location")), (302, Some("/api/0/projects/my-org/web/")));
    let gone = api.delete("/api/0/projects/my-org/web/").await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(api.get("/api/0/projects/my-org/web/").await.status, 404);
}

#[tokio::test]
async fn a_key_lives_as_terraform_makes_reads_changes_and_destroys_it() {
    let api = Api::start().await;
    let keys = "/api/0/projects/my-org/my-project/keys/";
    let made = decoded(&api.post(keys, json!({"name": "Fabulous Key"})).await, 201, KEY);
    assert_eq!((&made["name"], &made["label"]), (&json!("Fabulous Key"), &json!("Fabulous Key")));
    assert_eq!((&made["id"], made["projectId"].as_i64()), (&made["public"], Some(api.project.id.get())));
    for dsn in ["public", "secret", "csp", "security", "minidump", "cdn"] {
        assert!(made["dsn"][dsn].is_string(), "{dsn}");
    }
    for option in ["hasReplay", "hasPerformance", "hasDebug"] {
        assert!(made["dynamicSdkLoaderOptions"][option].is_boolean(), "{option}");
    }
    let path = format!("{keys}{}/", made["id"].as_str().unwrap());
    assert_eq!(decoded(&api.get(&path).await, 200, KEY), made);
    let changed = decoded(&api.put(&path, json!({"name": "Plain Key"})).await, 200, KEY);
    assert_eq!((&changed["name"], &changed["isActive"]), (&json!("Plain Key"), &json!(true)));
    assert_eq!(collected(&api, keys).await.len(), 2);
    let limit = json!({"window": 60, "count": 9});
    let limited = decoded(&api.put(&path, json!({"name": "Plain Key", "rateLimit": limit})).await, 200, KEY);
    assert_eq!(limited["rateLimit"], limit);
    let gone = api.delete(&path).await;
    assert_eq!((gone.status, gone.text.as_str()), (204, ""));
    assert_eq!(api.get(&path).await.status, 404);
}
