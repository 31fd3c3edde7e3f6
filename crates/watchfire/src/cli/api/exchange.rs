//! One call of the API: a connection, a request, an answer, all within a deadline.

use std::time::Duration;

use http::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderValue, USER_AGENT};
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use model::egress::Scheme;
use serde_json::Value;
use tokio::task::JoinSet;

use super::answer::Answer;
use super::refusal::{self, Places};
use crate::cli::connect::Trust;
use crate::cli::failure::ApiError;
use crate::config::{BaseUrl, Origin};

/// From the first byte to the last. A test of a hook takes as long as its receiver may, which is less.
const DEADLINE_SECONDS: u64 = 60;
/// What is read of an answer: the longest one holds an event and the excerpts of many attempts.
const ANSWER_MAX_BYTES: usize = 64 * 1024 * 1024;
const CLIENT: &str = concat!("watchfire-cli/", env!("CARGO_PKG_VERSION"));

/// A server and the credentials for it.
pub(in crate::cli) struct Api {
    scheme: Scheme,
    authority: String,
    /// The path that the server's own begin with.
    prefix: String,
    places: Places,
    authorization: HeaderValue,
    trust: Trust,
}

/// Who asks.
pub(super) struct Credential {
    /// The value of the header.
    pub(super) authorization: HeaderValue,
    /// Where the token is written, for error texts.
    pub(super) place: String,
}

/// An answer that goes on.
pub(in crate::cli) struct Streamed {
    body: Incoming,
    place: String,
    /// Ends the connection with the answer.
    _connection: JoinSet<hyper::Result<()>>,
}

impl Api {
    /// Calls to the server of this URL, as this credential's owner.
    pub(super) fn new(url: &BaseUrl, origin: &Origin, credential: Credential, trust: Trust) -> Api {
        let (scheme, rest) = url.as_str().split_once("://").unwrap_or(("http", url.as_str()));
        let (authority, prefix) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let place = match origin {
            Origin::Default => format!("{url} (the default of --url)"),
            written => format!("{url} (of {written})"),
        };
        Api {
            scheme: if scheme == "https" { Scheme::Https } else { Scheme::Http },
            authority: authority.to_owned(),
            prefix: prefix.to_owned(),
            places: Places { server: place, token: credential.place },
            authorization: credential.authorization,
            trust,
        }
    }

    /// The URL and where it is written, for error texts.
    pub(super) fn place(&self) -> &str {
        &self.places.server
    }

    /// Calls `path`, which begins with `/api/0/`; what is not a success is an error.
    pub(super) async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, ApiError> {
        let exchange = async {
            let (head, body, connection) = self.begin(method, path, body).await?;
            let endless = |_| ApiError::Endless { place: self.places.server.clone(), limit_bytes: ANSWER_MAX_BYTES };
            let body = Limited::new(body, ANSWER_MAX_BYTES).collect().await.map_err(endless)?.to_bytes();
            drop(connection);
            let (status, headers) = head;
            refusal::judged(&self.places, Answer { status, headers, body, place: self.places.server.clone() })
        };
        let timed_out = |_| ApiError::TimedOut { place: self.places.server.clone(), seconds: DEADLINE_SECONDS };
        tokio::time::timeout(Duration::from_secs(DEADLINE_SECONDS), exchange).await.map_err(timed_out)?
    }

    /// Begins a stream of server-sent events.
    pub(super) async fn stream(&self, path: &str) -> Result<Streamed, ApiError> {
        let beginning = async {
            let ((status, headers), body, connection) = self.begin(Method::GET, path, None).await?;
            if status.is_success() {
                return Ok(Streamed { body, place: self.places.server.clone(), _connection: connection });
            }
            let broken = |_| ApiError::Endless { place: self.places.server.clone(), limit_bytes: ANSWER_MAX_BYTES };
            let body = Limited::new(body, ANSWER_MAX_BYTES).collect().await.map_err(broken)?.to_bytes();
            let answer = Answer { status, headers, body, place: self.places.server.clone() };
            Err(match refusal::judged(&self.places, answer) {
                Err(error) => error,
                Ok(answer) => answer.is_strange(),
            })
        };
        let timed_out = |_| ApiError::TimedOut { place: self.places.server.clone(), seconds: DEADLINE_SECONDS };
        tokio::time::timeout(Duration::from_secs(DEADLINE_SECONDS), beginning).await.map_err(timed_out)?
    }

    async fn begin(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Begun, ApiError> {
        let no_connection = |source| ApiError::Connect { place: self.places.server.clone(), source };
        let broken = |source| ApiError::Broken { place: self.places.server.clone(), source };
        let stream = self.trust.connect(self.scheme, &self.authority).await.map_err(no_connection)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
        // The connection's own errors come back through the request; it ends with this set.
        let mut connecting = JoinSet::new();
        connecting.spawn(connection);
        let answer = sender.send_request(self.request(method, path, body)?).await.map_err(broken)?;
        let (head, body) = answer.into_parts();
        Ok(((head.status, head.headers), body, connecting))
    }

    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Request<Full<Bytes>>, ApiError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.prefix))
            .header(HOST, &self.authority)
            .header(AUTHORIZATION, &self.authorization)
            .header(ACCEPT, "application/json, text/event-stream")
            .header(USER_AGENT, CLIENT)
            .header(CONNECTION, "close");
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        request.body(Full::new(bytes)).map_err(ApiError::Request)
    }
}

/// The head of an answer, its body and its connection.
type Begun = ((StatusCode, HeaderMap), Incoming, JoinSet<hyper::Result<()>>);

impl Streamed {
    /// The next piece; `None` at the end.
    pub(in crate::cli) async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            let broken = |source| ApiError::Broken { place: self.place.clone(), source };
            match self.body.frame().await.transpose().map_err(broken)? {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
impl Api {
    /// One that calls nobody.
    pub(super) fn of_nobody() -> Api {
        let url = "https://watch.example.com/below".parse().unwrap();
        let origin = Origin::Environment("WATCHFIRE_URL".to_owned());
        let authorization = HeaderValue::from_static("Bearer t");
        let credential = Credential { authorization, place: "WATCHFIRE_TOKEN".to_owned() };
        Api::new(&url, &origin, credential, crate::cli::connect::TrustFlags::default().read().unwrap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_goes_below_the_path_of_the_servers_url_with_the_token() {
        let request = Api::of_nobody().request(Method::GET, "/api/0/projects/", None).unwrap();
        assert_eq!(request.uri(), "/below/api/0/projects/");
        assert_eq!(request.headers()[HOST], "watch.example.com");
        assert_eq!(request.headers()[AUTHORIZATION], "Bearer t");
        assert!(!request.headers().contains_key(CONTENT_TYPE));
        assert_eq!(Api::of_nobody().place(), "https://watch.example.com/below (of WATCHFIRE_URL)");
    }
}
