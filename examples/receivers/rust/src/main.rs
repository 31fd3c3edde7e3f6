//! Receives Watchfire's webhooks: axum, and the crate `watchfire-webhook`, which checks signatures and says why one does not hold.
//!
//! ```text
//! WATCHFIRE_SECRET=8fcac28a... PORT=9100 cargo run --package watchfire-receiver
//! ```
//!
//! | variable | what it holds |
//! |---|---|
//! | `WATCHFIRE_SECRET` | the hook's `secret`; while it is rotated, the new one and the old one with a blank between |
//! | `WATCHFIRE_VERIFY` | `hex` checks `X-Sentry-Hook-Signature` (default), `standard` the three headers of Standard Webhooks |
//! | `PORT` | on 127.0.0.1; 0 takes a free one. The first line of the output says which |

mod deliveries;
mod settings;

use std::io::{Write as _, stdout};
use std::net::Ipv4Addr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use tokio::net::TcpListener;
use webhook::doctor::Received;
use webhook::headers::{self, HeaderName};
use webhook::verify::{self, StandardHeaders};

use crate::deliveries::Deliveries;
use crate::settings::{Hook, Scheme, Settings};

const BODY_MAX_BYTES: usize = 4 * 1024 * 1024;
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a request is no webhook of ours, or was not handled, and what it is answered.
struct Refused {
    status: StatusCode,
    reason: String,
}

struct Receiver {
    hook: Hook,
    deliveries: Deliveries,
}

/// Your part. Answer within the hook's timeout, 5 s: what takes longer belongs into a queue.
async fn handle(kind: &str, body: &Bytes) -> serde_json::Result<()> {
    // `webhook::EventCreated` and `webhook::EventAlert` have all attributes by their names.
    let webhook: serde_json::Value = serde_json::from_slice(body)?;
    say(&format!("accepted {kind} {:?}", webhook["message"].as_str().unwrap_or_default()));
    Ok(())
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Settings::of_environment()?;
    let receiver = Receiver { hook: settings.hook, deliveries: Deliveries::default() };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
    say(&format!("listening on http://{}/", listener.local_addr()?));
    let router = Router::new().fallback(answer).with_state(Arc::new(receiver));
    axum::serve(listener, router).await?;
    Ok(())
}

async fn answer(State(receiver): State<Arc<Receiver>>, request: Request) -> StatusCode {
    match receiver.receive(request).await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(Refused { status, reason }) if status.is_server_error() => {
            say(&format!("failed {reason}"));
            status
        }
        Err(Refused { status, reason }) => {
            say(&format!("refused {} {reason}", status.as_u16()));
            status
        }
    }
}

impl Receiver {
    async fn receive(&self, request: Request) -> Result<(), Refused> {
        if request.method() != Method::POST {
            return Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, "a webhook is a POST"));
        }
        let (head, body) = request.into_parts();
        // The bytes as they arrive, before anything reads them as JSON: the signature covers them.
        let body = tokio::time::timeout(READ_TIMEOUT, to_bytes(body, BODY_MAX_BYTES))
            .await
            .map_err(|_| Refused::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly"))?
            .map_err(|_| Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large, or broke off"))?;
        self.check(&head.headers, &body)?;
        let delivery = value(&head.headers, self.hook.scheme.delivery());
        if delivery.is_empty() {
            return Err(Refused::new(StatusCode::BAD_REQUEST, "the delivery has no id"));
        }
        if !self.deliveries.is_new(delivery) {
            say(&format!("repeated {delivery:?}"));
            return Ok(());
        }
        handle(value(&head.headers, headers::EVENT), &body).await.map_err(|error| {
            // It was not handled after all: the next try is new.
            self.deliveries.forget(delivery);
            Refused::new(StatusCode::INTERNAL_SERVER_ERROR, error)
        })
    }

    /// One of the secrets must have signed it. Checks take the same time whatever is wrong.
    fn check(&self, received: &HeaderMap, body: &Bytes) -> Result<(), Refused> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let holds = self.hook.signers.iter().any(|signer| match self.hook.scheme {
            Scheme::Hex => verify::hex(signer, body, value(received, headers::SIGNATURE)).is_ok(),
            Scheme::Standard => {
                let signed = StandardHeaders {
                    id: value(received, headers::WEBHOOK_ID),
                    timestamp: value(received, headers::WEBHOOK_TIMESTAMP),
                    signatures: value(received, headers::WEBHOOK_SIGNATURE),
                };
                verify::standard(signer, body, signed, now).is_ok()
            }
        });
        if holds {
            return Ok(());
        }
        let wanted = self.hook.scheme.signature();
        let examination = self.hook.doctor.examine(&Received::new(body, |name| text(received, name)), now);
        let diagnosis = examination.signatures.iter().find(|diagnosis| diagnosis.header == wanted);
        let finding = diagnosis.and_then(|diagnosis| diagnosis.finding()).map(ToString::to_string);
        let why = finding.unwrap_or_else(|| "it is missing".to_owned());
        Err(Refused::new(StatusCode::UNAUTHORIZED, format!("{} does not match: {why}", wanted.display)))
    }
}

impl Refused {
    fn new(status: StatusCode, reason: impl ToString) -> Refused {
        Refused { status, reason: reason.to_string() }
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name.wire)?.to_str().ok()
}

fn value(headers: &HeaderMap, name: HeaderName) -> &str {
    text(headers, name).unwrap_or_default()
}

/// One line of output.
fn say(line: &str) {
    // Where nobody reads it, webhooks are taken all the same.
    let _unread = writeln!(stdout().lock(), "{line}");
}
