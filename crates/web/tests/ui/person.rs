//! Somebody with a browser: keeps cookies, follows nothing, and fills in forms of the pages that they were shown.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use http::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use http::{HeaderMap, Request};
use http_body_util::BodyExt as _;
use model::ids::UserId;
use model::role::Role;
use store::accounts::{Accounts as _, Membership, NewPassword};
use tower::ServiceExt as _;
use url::form_urlencoded::Serializer;
use watchfire_web::auth::password::Password;
use watchfire_web::ui;

use crate::harness::{Api, START};

/// The pages over an API; nobody takes the events that they send.
pub(crate) fn pages(api: &Api) -> Router {
    ui::router(Arc::clone(&api.state), Router::new())
}

/// What everybody here signs in with.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A browser and who sits before it.
pub(crate) struct Person {
    router: Router,
    cookies: Mutex<Vec<(String, String)>>,
    csrf: Mutex<String>,
}

/// What the browser got.
pub(crate) struct Shown {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) html: String,
}

/// A user with a password and a role in the organization.
pub(crate) async fn store_member(api: &Api, email: &str, role: Role) -> UserId {
    let hash = Password::chosen(PASSWORD).unwrap().hash([3; 16]).unwrap();
    let user = api.store.create_user(email.to_owned(), hash, START).await.unwrap().id;
    api.store.set_role(Membership { organization: api.organization.id, user }, role, START).await.unwrap();
    user
}

/// Their password is one that somebody else has seen.
pub(crate) async fn make_temporary(api: &Api, user: UserId) {
    let hash = Password::chosen(PASSWORD).unwrap().hash([3; 16]).unwrap();
    api.store.set_password(user, NewPassword { hash, is_temporary: true, kept_session: None }).await.unwrap();
}

impl Person {
    /// Nobody in particular.
    pub(crate) fn new(api: &Api) -> Person {
        Person { router: pages(api), cookies: Mutex::default(), csrf: Mutex::default() }
    }

    /// A member with this role, who has signed in.
    pub(crate) async fn signed_in(api: &Api, role: Role) -> Person {
        let email = format!("{}@example.com", role.as_str());
        store_member(api, &email, role).await;
        let person = Person::new(api);
        assert_eq!(person.sign_in(&email, PASSWORD, "").await.status, 303);
        person
    }

    /// Sends the form of the sign-in page.
    pub(crate) async fn sign_in(&self, email: &str, password: &str, next: &str) -> Shown {
        self.post("/auth/login/", &[("email", email), ("password", password), ("next", next)]).await
    }

    /// A page.
    pub(crate) async fn get(&self, path: &str) -> Shown {
        let shown = self.send(Request::get(path).body(Body::empty()).unwrap()).await;
        if let Some((_, after)) = shown.html.split_once(r#"name="csrf" value=""#) {
            after.split('"').next().unwrap_or_default().clone_into(&mut self.csrf.lock().unwrap());
        }
        shown
    }

    /// A page that there is.
    #[track_caller]
    pub(crate) fn see(&self, path: &str) -> impl Future<Output = String> {
        let path = path.to_owned();
        async move {
            let shown = self.get(&path).await;
            assert_eq!(shown.status, 200, "{path}: {}", shown.html);
            shown.html
        }
    }

    /// Sends a form, with the token of the session as every page's forms have it.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        if self.csrf.lock().unwrap().is_empty() {
            self.see("/settings/account/").await;
        }
        let csrf = self.csrf.lock().unwrap().clone();
        let fields: Vec<_> = fields.iter().copied().chain([("csrf", csrf.as_str())]).collect();
        self.post(path, &fields).await
    }

    /// Sends a form as htmx does, which gets a part of a page.
    pub(crate) async fn part(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        if self.csrf.lock().unwrap().is_empty() {
            self.see("/settings/account/").await;
        }
        let csrf = self.csrf.lock().unwrap().clone();
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("hx-request", "true")
            .header("x-csrf-token", csrf);
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Sends a form as it is.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let body = Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Any request, with the cookies.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Shown {
        let cookies = self.cookie();
        if !cookies.is_empty() {
            request.headers_mut().insert(COOKIE, cookies.parse().unwrap());
        }
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        for cookie in parts.headers.get_all(SET_COOKIE) {
            self.keep(cookie.to_str().unwrap());
        }
        let html = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Shown { status: parts.status.as_u16(), headers: parts.headers, html }
    }

    /// The cookies as a browser sends them.
    pub(crate) fn cookie(&self) -> String {
        let cookies = self.cookies.lock().unwrap();
        cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    fn keep(&self, cookie: &str) {
        let (pair, attributes) = cookie.split_once(';').unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        let mut cookies = self.cookies.lock().unwrap();
        cookies.retain(|(known, _)| known != name);
        if !attributes.contains("Max-Age=0") {
            cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}

impl Shown {
    /// Where it leads.
    pub(crate) fn to(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    /// Its cookies as they were set.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }
}
