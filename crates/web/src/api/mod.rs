//! The management API: Sentry's paths, shapes and errors under `/api/0/`.
//!
//! Responsible for who may call what, for validation, and for the JSON of every resource; one file for each. It tells the
//! directory of every change before it answers. Refuses to know SQL, to send anything, and to be open to other origins.
//! Mounted by `web`'s router.

mod body;
mod error;
mod events;
mod fields;
mod hindsight;
mod hooks;
mod issues;
mod keys;
mod lookup;
mod members;
mod names;
mod nodes;
mod note;
mod organizations;
mod overview;
mod page;
mod projects;
mod refusal;
mod regions;
mod root;
mod rules;
mod search;
mod span;
mod teams;
mod time;
mod tokens;
mod why;

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, RawPathParams};
use axum::routing::{MethodRouter, any, get, post};
use http::request::Parts;
use http::{Extensions, HeaderMap, Method, StatusCode};
use model::clock::StoreClock;
use model::egress::Policy;
use model::ids::ProjectId;
use pipeline::directory::DirectoryHandle;
use pipeline::{Feed, Gauges, Sending};
use store::Store;

use self::error::{Answer, ApiError};
use crate::auth::{Caller, Presented, TokenThrottle};
use crate::client::{ClientNetwork, Peer, TrustedProxies};

pub use self::body::JSON_BODY_BYTES_MAX;
pub use self::hooks::DoctorPlaces;

/// What the API works with.
pub struct ApiState {
    /// Where everything is kept.
    pub store: Arc<dyn Store>,
    /// Told of each change before the change is answered.
    pub directory: Arc<DirectoryHandle>,
    /// Sends tests, is told of what is to be sent again, and knows how receivers stand.
    pub sending: Sending,
    /// How the process stands that sends; none where nothing is sent.
    pub gauges: Option<Arc<Gauges>>,
    /// What happens to deliveries, for those who watch.
    pub feed: Arc<Feed>,
    /// The store's time.
    pub clock: Arc<StoreClock>,
    /// Judges the URLs of hooks.
    pub policy: Arc<Policy>,
    /// Where people reach this Watchfire: scheme, host, port and path prefix, without a final slash.
    pub base_url: String,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: TrustedProxies,
    /// Looks callers up.
    pub tokens: Arc<TokenThrottle>,
    /// Bounds what the signature doctor takes.
    pub doctor: DoctorPlaces,
    /// Fills a slice from the system's random source.
    pub random: fn(&mut [u8]),
}

/// All routes, each with and without the final slash. Unknown paths under `/api/0/` are answered too.
pub fn router(state: Arc<ApiState>) -> Router {
    let mut router = Router::new();
    for (path, methods) in
        routes().into_iter().chain(issues::routes()).chain(events::routes()).chain(hooks::delivery_routes())
    {
        let methods = methods.fallback(method_not_allowed);
        router = router.route(path, methods.clone()).route(&format!("{path}/"), methods);
    }
    router.route("/api/0/{*rest}", any(unknown_path)).with_state(state)
}

fn routes() -> [(&'static str, MethodRouter<Arc<ApiState>>); 32] {
    [
        ("/api/0", get(root::show)),
        ("/api/0/users/me/regions", get(regions::list)),
        ("/api/0/organizations", get(organizations::list)),
        ("/api/0/organizations/{organization}", get(organizations::show)),
        ("/api/0/organizations/{organization}/projects", get(projects::list_of_organization)),
        ("/api/0/organizations/{organization}/teams", get(teams::list).post(teams::create)),
        ("/api/0/organizations/{organization}/overview", get(overview::show)),
        ("/api/0/organizations/{organization}/members", get(members::list).post(members::create)),
        (
            "/api/0/organizations/{organization}/members/{member}",
            get(members::show).put(members::update).delete(members::delete),
        ),
        ("/api/0/organizations/{organization}/members/{member}/reset-password", post(members::reset_password)),
        ("/api/0/teams/{organization}/{team}", get(teams::show).put(teams::update).delete(teams::delete)),
        ("/api/0/teams/{organization}/{team}/projects", post(projects::create)),
        ("/api/0/projects", get(projects::list)),
        (
            "/api/0/projects/{organization}/{project}",
            get(projects::show).put(projects::update).delete(projects::delete),
        ),
        (
            "/api/0/projects/{organization}/{project}/teams/{team}",
            post(projects::add_team).delete(projects::remove_team),
        ),
        ("/api/0/projects/{organization}/{project}/keys", get(keys::list).post(keys::create)),
        ("/api/0/projects/{organization}/{project}/keys/{key}", get(keys::show).put(keys::update).delete(keys::delete)),
        ("/api/0/projects/{organization}/{project}/hooks", get(hooks::list).post(hooks::create)),
        (
            "/api/0/projects/{organization}/{project}/hooks/{hook}",
            get(hooks::show).put(hooks::update).delete(hooks::delete),
        ),
        ("/api/0/projects/{organization}/{project}/hooks/{hook}/stats", get(hooks::stats)),
        ("/api/0/projects/{organization}/{project}/hooks/{hook}/test", post(hooks::test)),
        ("/api/0/projects/{organization}/{project}/hooks/{hook}/verify", post(hooks::verify)),
        ("/api/0/projects/{organization}/{project}/hooks/{hook}/rotate-secret", post(hooks::rotate)),
        ("/api/0/projects/{organization}/{project}/events/{event}/why", get(why::why)),
        ("/api/0/projects/{organization}/{project}/rules", get(rules::list).post(rules::create)),
        ("/api/0/projects/{organization}/{project}/rules/configuration", get(rules::configuration)),
        ("/api/0/projects/{organization}/{project}/rules/preview", post(rules::preview)),
        (
            "/api/0/projects/{organization}/{project}/rules/{rule}",
            get(rules::show).put(rules::update).delete(rules::delete),
        ),
        ("/api/0/projects/{organization}/{project}/rules/{rule}/snooze", post(rules::snooze).delete(rules::unsnooze)),
        ("/api/0/projects/{organization}/{project}/rules/{rule}/stats", get(rules::stats)),
        ("/api/0/projects/{organization}/{project}/rules/{rule}/group-history", get(rules::group_history)),
        ("/api/0/api-tokens", get(tokens::list).post(tokens::create).delete(tokens::revoke)),
    ]
}

impl ApiState {
    /// The slug of a project, as the directory has it; none where it was deleted meanwhile.
    fn slug_of(&self, project: ProjectId) -> Option<String> {
        self.directory.current().project(project).map(|entry| entry.project.slug.clone())
    }

    /// Tells the directory of a change that is on disk already. Where that fails the change stands all the same: the
    /// recorder refuses what was matched under the old configuration, and the directory asks again each second.
    async fn changed(&self) {
        if let Err(error) = self.directory.refresh().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the directory lags behind an API call");
        }
    }

    /// Who is at the other end of a request.
    pub(crate) fn client_of(&self, extensions: &Extensions, headers: &HeaderMap) -> ClientNetwork {
        let peer = extensions.get::<Peer>().copied().unwrap_or(Peer::UNKNOWN);
        ClientNetwork::of(self.trusted_proxies.client(peer, headers))
    }

    /// Bytes from the system's random source.
    pub(crate) fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }
}

impl FromRequestParts<Arc<ApiState>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<ApiState>) -> Answer<Self> {
        let caller = match parts.extensions.remove::<Caller>() {
            // Put there by who asks in this process, for somebody who has signed in.
            Some(caller) => caller,
            None => {
                let client = state.client_of(&parts.extensions, &parts.headers);
                let presented = Presented { headers: &parts.headers, client, now: state.clock.now() };
                state.tokens.identify(presented, state.store.as_ref()).await?
            }
        };
        if !caller.is_of_organizations() {
            return Ok(caller);
        }
        let named = RawPathParams::from_request_parts(parts, state).await.map_err(|_| ApiError::NotFound)?;
        match named.iter().find(|(name, _)| *name == "organization") {
            Some((_, name)) => {
                let organization = state.organization_named(name).await?;
                caller.within(organization.id).ok_or(ApiError::NotFound)
            }
            None => Ok(caller),
        }
    }
}

async fn method_not_allowed(method: Method) -> ApiError {
    ApiError::MethodNotAllowed(method)
}

/// Sentry answers unknown paths with an empty body.
async fn unknown_path() -> StatusCode {
    StatusCode::NOT_FOUND
}
