//! Project keys: what DSNs are made of.

use axum::Json;
use axum::response::IntoResponse as _;
use http::StatusCode;
use model::limits::{KEY_RATE_EVENTS, KEY_RATE_WINDOW_SECONDS};
use model::scope::Scope;
use protocol::PublicKey;
use serde::Serialize;
use serde_json::Value;
use store::catalog::{KeyChange, ProjectKey, RateLimit};

use super::body::Unread;
use super::error::Answer;
use super::fields::{Complaint, FieldErrors, Fields, REQUIRED, Read, boolean, text, whole};
use super::lookup::{Call, KeyPath, ProjectPath};
use super::names::NAME_CHARACTERS_MAX;
use super::page::PageRequest;
use super::time::iso;

/// How many characters of the public key name a key that was given no name.
const DEFAULT_NAME_CHARACTERS: usize = 14;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct KeyView<'k> {
    id: String,
    name: &'k str,
    label: &'k str,
    public: String,
    secret: String,
    project_id: i64,
    is_active: bool,
    rate_limit: Option<RateLimitView>,
    dsn: Dsns,
    browser_sdk_version: &'static str,
    browser_sdk: BrowserSdk,
    date_created: String,
    dynamic_sdk_loader_options: LoaderOptions,
}

/// So many events in so many seconds.
#[derive(Serialize)]
struct RateLimitView {
    window: u32,
    count: u32,
}

/// Every form in which SDKs and browsers name this key.
#[derive(Serialize)]
struct Dsns {
    public: String,
    secret: String,
    csp: String,
    security: String,
    minidump: String,
    nel: String,
    unreal: String,
    cdn: String,
}

#[derive(Serialize)]
struct BrowserSdk {
    choices: [(&'static str, &'static str); 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoaderOptions {
    has_replay: bool,
    has_performance: bool,
    has_debug: bool,
}

/// `GET …/keys/`
pub(super) async fn list(call: Call<ProjectPath>) -> Answer {
    let project = call.project(&[Scope::ProjectRead]).await?;
    let Call { api, uri, .. } = call;
    let page = PageRequest::of(&uri)?.cut(api.store.keys(project.id).await?, |key| key.created.0);
    Ok(page.answer(&api.base_url, &uri, |key| KeyView::of(key, &api.base_url)))
}

/// `POST …/keys/`
pub(super) async fn create(call: Call<ProjectPath>, body: Unread) -> Answer {
    let project = call.project(&[Scope::ProjectWrite]).await?;
    let Call { api, .. } = call;
    let wanted = read_change(&body.json().await?)?;
    let public = PublicKey(api.random_bytes());
    let name = wanted.name.unwrap_or_else(|| public.to_string()[..DEFAULT_NAME_CHARACTERS].to_owned());
    let key = ProjectKey {
        public,
        secret: PublicKey(api.random_bytes()),
        project: project.id,
        name,
        active: wanted.active.unwrap_or(true),
        rate_limit: wanted.rate_limit.flatten(),
        created: api.clock.now(),
    };
    let key = api.store.create_key(key).await?;
    api.changed().await;
    Ok((StatusCode::CREATED, Json(KeyView::of(&key, &api.base_url))).into_response())
}

/// `GET …/keys/{key}/`
pub(super) async fn show(call: Call<KeyPath>) -> Answer {
    let key = call.key(&[Scope::ProjectRead]).await?;
    Ok(Json(KeyView::of(&key, &call.api.base_url)).into_response())
}

/// `PUT …/keys/{key}/`
pub(super) async fn update(call: Call<KeyPath>, body: Unread) -> Answer {
    let key = call.key(&[Scope::ProjectWrite]).await?;
    let change = read_change(&body.json().await?)?;
    let key = call.api.store.update_key(key.project, key.public, change).await?;
    call.api.changed().await;
    Ok(Json(KeyView::of(&key, &call.api.base_url)).into_response())
}

/// `DELETE …/keys/{key}/`
pub(super) async fn delete(call: Call<KeyPath>) -> Answer<StatusCode> {
    let key = call.key(&[Scope::ProjectAdmin]).await?;
    call.api.store.delete_key(key.project, key.public).await?;
    call.api.changed().await;
    Ok(StatusCode::NO_CONTENT)
}

/// Fields of a new key and of a changed one; all may be absent.
fn read_change(body: &Value) -> Result<KeyChange, FieldErrors> {
    let mut fields = Fields::of(body)?;
    let name = fields.nullable("name", text(NAME_CHARACTERS_MAX)).flatten();
    let active = fields.optional("isActive", boolean);
    let rate_limit = fields.nullable("rateLimit", rate_limit).map(Option::flatten);
    fields.finish(Some(KeyChange { name, active, rate_limit }))
}

/// Both numbers, or neither: as in Sentry, null and 0 stand for none. One without the other is better refused than taken and not kept.
fn rate_limit(value: &Value) -> Read<Option<RateLimit>> {
    let mut fields = Fields::of(value).map_err(Complaint::Members)?;
    let number =
        |most: u32| move |value: &Value| whole(0..=most.into())(value).map(|it| u32::try_from(it).unwrap_or(most));
    let window = fields.nullable("window", number(KEY_RATE_WINDOW_SECONDS)).flatten().filter(|seconds| *seconds > 0);
    let count = fields.nullable("count", number(KEY_RATE_EVENTS)).flatten().filter(|events| *events > 0);
    let limit = match (count, window) {
        (Some(count), Some(window_seconds)) => Some(RateLimit { count, window_seconds }),
        (None, None) => None,
        (Some(_), None) => missing(&mut fields, "window"),
        (None, Some(_)) => missing(&mut fields, "count"),
    };
    fields.finish(Some(limit)).map_err(Complaint::Members)
}

/// A complaint about a number that is not there, unless there is one about what stands in its place.
fn missing<T>(fields: &mut Fields<'_>, name: &'static str) -> Option<T> {
    if !fields.has_complaint(name) {
        fields.complain(name, REQUIRED);
    }
    None
}

impl<'k> KeyView<'k> {
    fn of(key: &'k ProjectKey, base_url: &str) -> Self {
        Self {
            id: key.public.to_string(),
            name: &key.name,
            label: &key.name,
            public: key.public.to_string(),
            secret: key.secret.to_string(),
            project_id: key.project.get(),
            is_active: key.active,
            rate_limit: key.rate_limit.map(|limit| RateLimitView { window: limit.window_seconds, count: limit.count }),
            dsn: Dsns::of(key, base_url),
            browser_sdk_version: "latest",
            browser_sdk: BrowserSdk { choices: [("latest", "latest")] },
            date_created: iso(key.created),
            dynamic_sdk_loader_options: LoaderOptions { has_replay: false, has_performance: false, has_debug: false },
        }
    }
}

impl Dsns {
    fn of(key: &ProjectKey, base_url: &str) -> Self {
        let ProjectKey { public, secret, project, .. } = key;
        let (scheme, place) = base_url.split_once("://").unwrap_or(("http", base_url));
        let endpoint = |name: &str| format!("{base_url}/api/{project}/{name}/");
        let with_key = |name: &str| format!("{}?sentry_key={public}", endpoint(name));
        Self {
            public: format!("{scheme}://{public}@{place}/{project}"),
            secret: format!("{scheme}://{public}:{secret}@{place}/{project}"),
            csp: with_key("csp-report"),
            security: with_key("security"),
            minidump: with_key("minidump"),
            nel: with_key("nel"),
            unreal: format!("{}{public}/", endpoint("unreal")),
            cdn: format!("{base_url}/js-sdk-loader/{public}.min.js"),
        }
    }
}
