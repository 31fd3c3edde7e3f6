//! What a receiver does with every webhook before it is yours and after; `main.rs` has your part.
//!
//! Responsible for the request (here), for its signature and for handling each delivery once (`receive`, `deliveries`), for
//! saying why a signature does not hold where that is asked for (`explain`), and for what the environment says (`settings`).

mod deliveries;
mod explain;
mod header;
mod receive;
mod settings;

use std::io::{Write as _, stdout};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use tokio::net::TcpListener;

use crate::receive::{Receiver, Refused};

pub use crate::settings::{BadSetting, Settings};

const BODY_MAX_BYTES: usize = 4 * 1024 * 1024;
const READ_TIMEOUT: Duration = Duration::from_secs(30);

/// A webhook whose signature holds.
pub struct Webhook {
    /// `event.created` or `event.alert`.
    pub kind: String,
    /// JSON, as it arrived.
    pub body: Bytes,
}

/// Why something came to nothing.
pub type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Takes webhooks, each delivery once, until the process ends.
///
/// # Errors
/// The port is taken.
pub async fn serve<H, F>(settings: Settings, handle: H) -> Result<(), Failed>
where
    H: Fn(Webhook) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), Failed>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
    say(&format!("listening on http://{}/", listener.local_addr()?));
    let receiver = Arc::new(Receiver::new(settings.hook, handle));
    axum::serve(listener, Router::new().fallback(answer::<H, F>).with_state(receiver)).await?;
    Ok(())
}

async fn answer<H, F>(State(receiver): State<Arc<Receiver<H>>>, request: Request) -> StatusCode
where
    H: Fn(Webhook) -> F + Send + Sync + 'static,
    F: Future<Output = Result<(), Failed>> + Send + 'static,
{
    let (head, body) = request.into_parts();
    let body = if head.method == Method::POST {
        read(body).await
    } else {
        Err(Refused::new(StatusCode::METHOD_NOT_ALLOWED, "a webhook is a POST"))
    };
    let received = async move {
        let received = match body {
            Ok(body) => receiver.receive(&head.headers, body).await,
            Err(refused) => Err(refused),
        };
        match received {
            Ok(()) => StatusCode::NO_CONTENT,
            Err(refused) => refused.told(),
        }
    };
    // In a task of its own: a sender that hangs up at its timeout ends this function where it waits, and not the handling.
    let panicked = |_| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "the handling panicked").told();
    tokio::spawn(received).await.unwrap_or_else(panicked)
}

/// The bytes as they arrive, before anything reads them as JSON: the signature covers them.
async fn read(body: Body) -> Result<Bytes, Refused> {
    tokio::time::timeout(READ_TIMEOUT, to_bytes(body, BODY_MAX_BYTES))
        .await
        .map_err(|_| Refused::new(StatusCode::REQUEST_TIMEOUT, "the body came too slowly"))?
        .map_err(|_| Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large, or broke off"))
}

/// Prints one line.
pub fn say(line: &str) {
    // Where nobody reads it, webhooks are taken all the same.
    let _unread = writeln!(stdout().lock(), "{line}");
}
