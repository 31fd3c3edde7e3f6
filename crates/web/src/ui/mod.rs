//! The web UI: pages for people, at Sentry's own paths.
//!
//! Responsible for HTML and for nothing else: what a page shows and does it asks of the management API (`client`), in this
//! process and as the person who has signed in, so that a page can do what a token with the same rights can, and gets the same
//! refusals. Refuses to know the store. Mounted by `web`'s router.

mod assets;
mod bare_frame;
mod chart;
mod client;
mod cookie;
mod csrf;
mod form;
mod frame;
mod hook;
mod html;
mod json;
mod links;
mod organization;
mod overview;
mod page;
mod pages;
mod problem;
mod project;
mod refusal;
mod theme;
mod words;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Request, StatusCode};
use tower::ServiceExt as _;

use self::client::Client;
use self::links::Links;
use crate::api::{self, ApiState};
use crate::auth::{SignIn, Visitor, cookie};
use crate::client::Peer;

/// What the pages work with.
pub(crate) struct Ui {
    /// Who is signed in is known by what the API works with.
    state: Arc<ApiState>,
    /// The API, in this process.
    api: Router,
    /// Ingest, in this process.
    ingest: Router,
    /// Where pages are.
    links: Links,
    /// Signs people in.
    sign_in: SignIn,
}

/// All pages, and what they load. They ask `ingest` as an SDK does.
pub fn router(state: Arc<ApiState>, ingest: Router) -> Router {
    let ui = Ui {
        api: api::router(Arc::clone(&state)),
        ingest,
        links: Links::under(&state.base_url),
        sign_in: SignIn::default(),
        state,
    };
    let ui = Arc::new(ui);
    let mut router = Router::new();
    for (path, methods) in pages::routes() {
        router = router.route(path, methods);
    }
    let router = router.method_not_allowed_fallback(pages::no_page_of_its_own);
    let router = router.fallback(problem::unknown_path).layer(from_fn_with_state(Arc::clone(&ui), problem::show));
    router.route("/_assets/{hash}/{name}", get(assets::serve)).with_state(ui)
}

/// A path and what answers there.
type Route = (&'static str, MethodRouter<Arc<Ui>>);

impl Ui {
    /// Who has signed in.
    async fn visitor(&self, headers: &HeaderMap) -> Result<Option<Visitor>, problem::Problem> {
        let Some(text) = cookie(headers, self.links.session_cookie()) else { return Ok(None) };
        let visitor = Visitor::of_cookie(self.state.store.as_ref(), text, self.state.clock.now()).await;
        visitor.map_err(|error| problem::Problem::Auth(error.into()))
    }

    /// Sends an event as an SDK does that knows this key.
    async fn send_event(&self, project: &str, key: &str, event: &serde_json::Value) -> Response {
        let request = Request::post(format!("/api/{project}/store/?sentry_key={key}"))
            .header(CONTENT_TYPE, "application/json")
            .extension(Peer::UNKNOWN)
            .body(Body::from(event.to_string()));
        let Ok(request) = request else { return StatusCode::NOT_FOUND.into_response() };
        let Ok(answer) = self.ingest.clone().oneshot(request).await;
        answer
    }

    /// The API as somebody.
    fn api_as(&self, visitor: &Visitor) -> Client {
        Client::new(self.api.clone(), visitor.caller.clone())
    }
}
