//! A Watchfire API on a store of its own, with an organization, a project and a token that may do everything.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use model::clock::{Clock, StoreClock};
use model::egress::{Origin, Policy};
use model::ids::{Millis, UserId};
use model::role::Role;
use model::scope::Scopes;
use pipeline::directory::DirectoryHandle;
use pipeline::egress::{Answers, Egress, EgressConfig, ResolveError, Resolver};
use protocol::PublicKey;
use serde_json::Value;
use store::accounts::{Accounts as _, Membership};
use store::catalog::{Catalog as _, NewProject, NewToken, Organization, Project, Team};
use store::conformance;
use store::sqlite::Sqlite;
use tempfile::TempDir;
use tower::ServiceExt as _;
use watchfire_web::api::{self, ApiState, DoctorPlaces};
use watchfire_web::auth::TokenThrottle;
use watchfire_web::auth::token::TokenText;
use watchfire_web::client::TrustedProxies;

/// 2018-11-06T21:20:08.143Z
pub(crate) const START: Millis = Millis(1_541_539_208_143);

pub(crate) const BASE_URL: &str = "https://watch.example";

/// The API under test.
pub(crate) struct Api {
    pub(crate) state: Arc<ApiState>,
    pub(crate) store: Arc<Sqlite>,
    pub(crate) directory: Arc<DirectoryHandle>,
    pub(crate) clock: Arc<Hands>,
    pub(crate) feed: Arc<pipeline::Feed>,
    pub(crate) tokens: Arc<TokenThrottle>,
    pub(crate) organization: Organization,
    pub(crate) team: Team,
    pub(crate) project: Project,
    everything: String,
    folder: TempDir,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

/// A clock that goes on when a test says so.
pub(crate) struct Hands(AtomicI64);

struct NoNames;

impl Api {
    /// Starts with the strict egress policy.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Arc::new(Sqlite::open(folder.path()).unwrap());
        store.unlock(conformance::secret_key()).await.unwrap();
        let organization = store.create_organization("my-org".into(), "My Org".into(), START).await.unwrap();
        let team = store.teams(organization.id).await.unwrap().remove(0);
        let project = store.create_project(new_project(&team, "my-project")).await.unwrap();
        let mut policy = Policy::default();
        policy.refuse_origin(Origin::of_own_url(BASE_URL).unwrap());
        let config = EgressConfig { policy: policy.clone(), resolver: Arc::new(NoNames), extra_roots_pem: None };
        let egress = Arc::new(Egress::new(config).unwrap());
        let directory = Arc::new(DirectoryHandle::open(store.clone(), egress).await.unwrap());
        let clock = Arc::new(Hands(AtomicI64::new(START.0)));
        let feed = Arc::<pipeline::Feed>::default();
        let tokens = Arc::<TokenThrottle>::default();
        let state = ApiState {
            store: store.clone(),
            directory: directory.clone(),
            sending: pipeline::Sending::default(),
            gauges: None,
            feed: feed.clone(),
            clock: Arc::new(StoreClock::start(clock.clone())),
            policy: Arc::new(policy),
            base_url: BASE_URL.to_owned(),
            trusted_proxies: TrustedProxies(vec!["10.0.0.0/8".parse().unwrap()]),
            tokens: Arc::clone(&tokens),
            doctor: DoctorPlaces::default(),
            random: fill,
        };
        let state = Arc::new(state);
        let everything = make_token(&store, Scopes::EVERY, None).await;
        Self { state, store, directory, clock, feed, tokens, organization, team, project, everything, folder }
    }

    /// A token of no user with these scopes.
    pub(crate) async fn token(&self, scopes: &str) -> String {
        make_token(&self.store, scopes.parse().unwrap(), None).await
    }

    /// A token of a user with these scopes.
    pub(crate) async fn token_of(&self, user: UserId, scopes: &str) -> String {
        make_token(&self.store, scopes.parse().unwrap(), Some(user)).await
    }

    /// A person with this address, who may do everything in the organization.
    pub(crate) async fn store_user(&self, email: &str) -> UserId {
        let user = self.store.create_user(email.to_owned(), String::new(), START).await.unwrap().id;
        let membership = Membership { organization: self.organization.id, user };
        self.store.set_role(membership, Role::Admin, START).await.unwrap();
        user
    }

    /// Another project of the same team.
    pub(crate) async fn add_project(&self, slug: &str) -> Project {
        self.store.create_project(new_project(&self.team, slug)).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &self.everything, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, &self.everything, Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, &self.everything, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, &self.everything, None).await
    }

    /// A call by somebody else.
    pub(crate) async fn call(&self, method: &str, path: &str, token: &str, body: Option<Value>) -> Answer {
        let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(Body::from(body.to_string())),
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    /// A call with a body as it is, by the token that may do everything.
    pub(crate) async fn raw(&self, method: &str, path: &str, content_type: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.everything))
            .header("content-type", content_type);
        self.send(request.body(body.into()).unwrap()).await
    }

    /// The time that the API's clock shows.
    pub(crate) fn now(&self) -> Millis {
        self.clock.wall()
    }

    /// Where the store keeps its files.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A request by the token that may do everything, whose answer is not read.
    pub(crate) async fn open(&self, request: http::request::Builder) -> http::Response<Body> {
        let request = request.header("authorization", format!("Bearer {}", self.everything));
        api::router(Arc::clone(&self.state)).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
    }

    /// Any request.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = api::router(Arc::clone(&self.state)).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }
}

impl Answer {
    /// The body.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    /// The body, if the status is as expected.
    #[track_caller]
    pub(crate) fn with_status(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Hands {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for Hands {
    fn wall(&self) -> Millis {
        Millis(self.0.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed).unsigned_abs())
    }
}

impl Resolver for NoNames {
    fn resolve(&self, _: Arc<str>) -> BoxFuture<'static, Result<Answers, ResolveError>> {
        Box::pin(async { panic!("the API asks no resolver") })
    }
}

/// The names of the keys of an object, in the order of its text.
pub(crate) fn keys_in_order(text: &str) -> Vec<String> {
    let object: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap();
    let mut keys: Vec<String> = object.keys().cloned().collect();
    keys.sort_by_key(|key| text.find(&format!("\"{key}\":")).unwrap());
    keys
}

pub(crate) fn new_project(team: &Team, slug: &str) -> NewProject {
    let [mut key, mut key_secret] = [[0; 16]; 2];
    fill(&mut key);
    fill(&mut key_secret);
    NewProject {
        organization: team.organization,
        team: team.id,
        slug: slug.to_owned(),
        name: slug.to_owned(),
        platform: None,
        key: PublicKey(key),
        key_secret: PublicKey(key_secret),
        now: START,
    }
}

async fn make_token(store: &Sqlite, scopes: Scopes, user: Option<UserId>) -> String {
    let mut bytes = [0; 32];
    fill(&mut bytes);
    let text = TokenText::from_random(bytes);
    let new = NewToken {
        hash: text.hash(),
        name: "test".to_owned(),
        scopes,
        last_characters: text.last_characters(),
        user,
        now: START,
    };
    store.create_token(new).await.unwrap();
    text.expose().to_owned()
}

/// Other bytes each time, and the same in each run.
fn fill(bytes: &mut [u8]) {
    static STATE: AtomicU64 = AtomicU64::new(1);
    for byte in bytes {
        let state = STATE.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        *byte = (state ^ (state >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9).to_be_bytes()[0];
    }
}
