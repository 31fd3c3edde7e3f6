//! One webhook, from its request to its answer: read, judged, posted on, printed, answered.
//!
//! It is printed before it is answered: whoever has the answer finds the webhook in the output.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::{ALLOW, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use hyper::body::Bytes;
use tokio::sync::mpsc;

use super::forward::{Answer, Forward};
use super::judge::{Judge, Verdict};
use super::received::{NoWebhook, Received};
use super::show::{Form, Shown};
use crate::cli::report;

/// What is done with every webhook.
pub(super) struct Receiver {
    pub(super) judge: Judge,
    pub(super) forward: Option<Forward>,
    pub(super) status: Option<u16>,
    pub(super) form: Form,
    /// Told once when nothing can be printed any more.
    pub(super) unwritten: mpsc::Sender<std::io::Error>,
}

impl Receiver {
    /// Every path, every method.
    pub(super) fn router(self: Arc<Self>) -> Router {
        Router::new().fallback(take).with_state(self)
    }

    async fn answer(&self, received: &Received, verdict: &Verdict) -> (Answer, Option<String>) {
        if verdict.is_refusal() {
            return (Answer::of(StatusCode::UNAUTHORIZED, r#"{"detail":"the signature is not valid"}"#), None);
        }
        let ok = Answer::of(StatusCode::OK, r#"{"received":true}"#);
        let (mut answer, fault) = match &self.forward {
            None => (ok, None),
            Some(forward) => match forward.post(&received.headers, received.body.clone()).await {
                Ok(answer) => (answer, None),
                Err(error) => {
                    let gone =
                        Answer::of(StatusCode::BAD_GATEWAY, r#"{"detail":"the webhook could not be posted on"}"#);
                    (gone, Some(error.to_string()))
                }
            },
        };
        if let Some(status) = self.status.and_then(|status| StatusCode::from_u16(status).ok()) {
            answer.status = status;
        }
        (answer, fault)
    }
}

async fn take(State(receiver): State<Arc<Receiver>>, request: Request) -> Response {
    let line = report::tame(&format!("{} {}", request.method(), request.uri()));
    let received = match Received::read(request).await {
        Ok(received) => received,
        Err(reason) => {
            let answer = reason.answer();
            report::note(&format!("watchfire: {line} is no webhook: {reason} (answered {})\n", answer.status.as_u16()));
            return answer.into_response();
        }
    };
    let now_unix_seconds = u64::try_from(received.at.0 / 1000).unwrap_or(0);
    let verdict = receiver.judge.judge(&received.headers, &received.body, now_unix_seconds);
    let (answer, forward_error) = receiver.answer(&received, &verdict).await;
    let shown = Shown::of(&received, &verdict, answer.status.as_u16(), forward_error);
    if let Err(error) = report::write(&shown.text(receiver.form, &received.body)) {
        // Full means told already.
        drop(receiver.unwritten.try_send(error));
    }
    answer.into_response()
}

impl NoWebhook {
    fn answer(self) -> Answer {
        match self {
            NoWebhook::NotPosted => {
                let mut answer = Answer::of(StatusCode::METHOD_NOT_ALLOWED, r#"{"detail":"a webhook is a POST"}"#);
                answer.headers.insert(ALLOW, HeaderValue::from_static("POST"));
                answer
            }
            NoWebhook::TooLarge => Answer::of(StatusCode::PAYLOAD_TOO_LARGE, r#"{"detail":"the body is too large"}"#),
            NoWebhook::Slow => Answer::of(StatusCode::REQUEST_TIMEOUT, r#"{"detail":"the body came too slowly"}"#),
        }
    }
}

impl Answer {
    fn of(status: StatusCode, body: &'static str) -> Answer {
        let json = HeaderValue::from_static("application/json");
        Answer {
            status,
            headers: HeaderMap::from_iter([(CONTENT_TYPE, json)]),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}
