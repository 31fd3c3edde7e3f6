//! The management API as a page asks it: in this process, as the person who looks at the page.
//!
//! Responsible for requests and for reading answers into what the page needs of them. So a page has no rights of its own, and
//! what it can do a program can do too.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use http::header::{CONTENT_TYPE, LINK};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tower::ServiceExt as _;

use super::problem::Problem;
use super::refusal::Refusal;
use crate::auth::Caller;

/// The header in which the API says what a body has no place for.
const NOTE_HEADER: &str = "x-watchfire-note";

/// The API as one caller.
#[derive(Clone)]
pub(super) struct Client {
    router: Router,
    caller: Caller,
}

/// A page of a list, with the cursors that lead on.
#[derive(Debug, Clone)]
pub(super) struct Listed<T> {
    pub(super) items: Vec<T>,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
    /// What the answer's header notes of it.
    pub(super) note: Option<String>,
}

/// What the API says of a project that has another slug by now.
#[derive(Deserialize)]
struct Renamed {
    slug: String,
}

impl Client {
    pub(super) fn new(router: Router, caller: Caller) -> Self {
        Client { router, caller }
    }

    /// What is at this path.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        read(&self.ask(Method::GET, path, None).await?.1)
    }

    /// The same, with what the answer's header notes of it.
    pub(super) async fn get_noted<T: DeserializeOwned>(&self, path: &str) -> Result<(T, Option<String>), Problem> {
        let (headers, body) = self.ask(Method::GET, path, None).await?;
        Ok((read(&body)?, note(&headers)))
    }

    /// A page of the list at this path.
    pub(super) async fn list<T: DeserializeOwned>(&self, path: &str) -> Result<Listed<T>, Problem> {
        let (headers, body) = self.ask(Method::GET, path, None).await?;
        let [previous, next] = ["previous", "next"].map(|direction| cursor(&headers, direction));
        Ok(Listed { items: read(&body)?, previous, next, note: note(&headers) })
    }

    /// Does something, and says what came of it. A refusal of what was asked is a value: the form shows it.
    pub(super) async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Result<T, Refusal>, Problem> {
        match self.ask(method, path, Some(body)).await {
            Ok((_, body)) if body.is_empty() => Ok(Ok(read(b"null")?)),
            Ok((_, body)) => Ok(Ok(read(&body)?)),
            Err(Problem::Refused(refusal)) if is_about_what_was_asked(refusal.status) => Ok(Err(refusal)),
            Err(problem) => Err(problem),
        }
    }

    /// The answer as it comes, for a stream.
    pub(super) async fn open(&self, path: &str) -> Result<Response, Problem> {
        let answer = self.call(request(Method::GET, path, None)?).await;
        if answer.status().is_success() { Ok(answer) } else { Err(Problem::Refused(refusal(answer).await?)) }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<(HeaderMap, Bytes), Problem> {
        let answer = self.call(request(method, path, body)?).await;
        if answer.status() == StatusCode::FOUND {
            let Renamed { slug } = read(&answer.into_body().collect().await.map_err(|_| Problem::Broken)?.to_bytes())?;
            return Err(Problem::Renamed { slug });
        }
        if !answer.status().is_success() {
            return Err(Problem::Refused(refusal(answer).await?));
        }
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|_| Problem::Broken)?;
        Ok((parts.headers, body.to_bytes()))
    }

    async fn call(&self, mut request: Request<Body>) -> Response {
        request.extensions_mut().insert(self.caller.clone());
        let Ok(answer) = self.router.clone().oneshot(request).await;
        answer
    }
}

/// Whether the refusal is about what the person typed or the state of the thing, and not about them or us.
fn is_about_what_was_asked(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::CONFLICT
            | StatusCode::GONE
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::SERVICE_UNAVAILABLE
    )
}

fn request(method: Method, path: &str, body: Option<&Value>) -> Result<Request<Body>, Problem> {
    let request = Request::builder().method(method).uri(path);
    let request = match body {
        Some(value) => request.header(CONTENT_TYPE, "application/json").body(Body::from(value.to_string())),
        None => request.body(Body::empty()),
    };
    // A path that is none names nothing.
    request.map_err(|_| Problem::NotFound)
}

async fn refusal(answer: Response) -> Result<Refusal, Problem> {
    let status = answer.status();
    let body = answer.into_body().collect().await.map_err(|_| Problem::Broken)?.to_bytes();
    Ok(Refusal { status, said: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(Problem::Unread)
}

fn note(headers: &HeaderMap) -> Option<String> {
    headers.get(NOTE_HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The cursor of a `Link` header's entry of this direction, if there is something there.
fn cursor(headers: &HeaderMap, direction: &str) -> Option<String> {
    let links = headers.get(LINK)?.to_str().ok()?;
    let wanted = format!("rel=\"{direction}\"");
    let entry = links.split(", <").find(|entry| entry.contains(&wanted) && entry.contains("results=\"true\""))?;
    let (_, rest) = entry.split_once("cursor=\"")?;
    rest.split_once('"').map(|(cursor, _)| cursor.to_owned())
}
