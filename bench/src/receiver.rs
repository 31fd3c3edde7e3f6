//! The endpoint that hooks call: answers 204 at once, notes when each event's webhook came, and checks a sample of signatures.
//!
//! Runs on a thread and runtime of its own inside the bench process. It trusts nothing about the sender but that a payload begins
//! with `{"id":"` and the event id; hooks are told apart by their paths. `target` tells it the secret once the hook exists;
//! `measure` and `overload` read its counts, and `isolation` has it note each run in a timeline of its own.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::header::HeaderMap;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use crate::error::BenchError;
use crate::event::{EVENT_ID_HEX_BYTES, EventId};
use crate::signature::Signer;
use crate::timeline::Timeline;

/// What every payload begins with; the event id follows.
const PAYLOAD_START: &[u8] = b"{\"id\":\"";

/// Where hooks are called: the first one here, and each under its number behind it.
const HOOK_PATH: &str = "/hook";

/// Where alerts go.
const ALERTS_PATH: &str = "/alerts";

/// One webhook in this many has its signatures checked: enough to notice a wrong one, too few to cost the machine much.
const SIGNATURE_SAMPLE: u32 = 64;

/// Connections that wait to be accepted; the kernel holds no more.
const BACKLOG: i32 = 4_096;

/// A running receiver; dropping it closes its port.
pub(crate) struct Receiver {
    address: SocketAddr,
    state: Arc<State>,
    _stop: oneshot::Sender<Infallible>,
}

/// What the sampled signatures showed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Signatures {
    /// Webhooks whose signatures were checked.
    pub(crate) checked: u32,
    /// Of those, how many had a missing or wrong one.
    pub(crate) wrong: u32,
}

impl Receiver {
    /// Listens on a free loopback port.
    ///
    /// # Errors
    /// When no port can be had or no thread started.
    pub(crate) fn start(timeline: Arc<Timeline>) -> Result<Self, BenchError> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|source| BenchError::Listen { source })?;
        let address = listener.local_addr().map_err(|source| BenchError::Listen { source })?;
        // A thousand lanes may connect at once: what finds the queue full is tried again after a second, and looks slow.
        rustix::net::listen(&listener, BACKLOG).map_err(|error| BenchError::Listen { source: error.into() })?;
        listener.set_nonblocking(true).map_err(|source| BenchError::Listen { source })?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| BenchError::Runtime { source })?;
        let state = Arc::new(State {
            timeline: RwLock::new(timeline),
            signer: OnceLock::new(),
            checked: AtomicU32::new(0),
            wrong: AtomicU32::new(0),
        });
        let (stop, stopped) = oneshot::channel::<Infallible>();
        let shared = Arc::clone(&state);
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => (),
                    () = accept(listener, shared) => (),
                }
            });
        };
        std::thread::Builder::new()
            .name("receiver".into())
            .spawn(serve)
            .map_err(|source| BenchError::Thread { source })?;
        Ok(Self { address, state, _stop: stop })
    }

    /// The URL for the hook.
    pub(crate) fn url(&self) -> String {
        format!("http://{}{HOOK_PATH}", self.address)
    }

    /// The URL for one of several hooks, numbered from 0.
    pub(crate) fn numbered_url(&self, hook: u32) -> String {
        format!("http://{}{HOOK_PATH}/{hook}", self.address)
    }

    /// Notes arrivals in another timeline from now on.
    pub(crate) fn note_in(&self, timeline: Arc<Timeline>) {
        *self.state.timeline.write().unwrap_or_else(PoisonError::into_inner) = timeline;
    }

    /// The URL for hooks on alerts: answered at once and not counted.
    pub(crate) fn alerts_url(&self) -> String {
        format!("http://{}{ALERTS_PATH}", self.address)
    }

    /// Checks signatures against this secret from now on; the first secret stays.
    ///
    /// # Errors
    /// When the secret cannot be a key.
    pub(crate) fn expect_secret(&self, secret: &str) -> Result<(), BenchError> {
        let signer = Signer::new(secret)?;
        self.state.signer.get_or_init(|| signer);
        Ok(())
    }

    /// What the checks showed so far.
    pub(crate) fn signatures(&self) -> Signatures {
        Signatures { checked: self.state.checked.load(Relaxed), wrong: self.state.wrong.load(Relaxed) }
    }
}

struct State {
    timeline: RwLock<Arc<Timeline>>,
    signer: OnceLock<Signer>,
    checked: AtomicU32,
    wrong: AtomicU32,
}

impl State {
    async fn receive(&self, request: Request<Incoming>) -> Response<Empty<Bytes>> {
        let arrived = Instant::now();
        let (head, body) = request.into_parts();
        let mut response = Response::new(Empty::new());
        let Ok(body) = body.collect().await else {
            *response.status_mut() = StatusCode::BAD_REQUEST;
            return response;
        };
        let body = body.to_bytes();
        if head.uri.path() == ALERTS_PATH {
            *response.status_mut() = StatusCode::NO_CONTENT;
            return response;
        }
        let index = event_index(&body);
        let hook = hook_number(head.uri.path());
        self.timeline.read().unwrap_or_else(PoisonError::into_inner).arrived(index, hook, arrived);
        if let (Some(signer), Some(0)) = (self.signer.get(), index.map(|index| index % SIGNATURE_SAMPLE)) {
            self.checked.fetch_add(1, Relaxed);
            if !is_signed(signer, &head.headers, &body) {
                self.wrong.fetch_add(1, Relaxed);
            }
        }
        *response.status_mut() = StatusCode::NO_CONTENT;
        response
    }
}

async fn accept(listener: std::net::TcpListener, state: Arc<State>) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Without it a small answer would wait for the peer's delayed acknowledgement.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(|request| async { Ok::<_, Infallible>(state.receive(request).await) });
            // A sender may hang up whenever it likes; what was missed shows in the counts.
            let _ended =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// Which of the hooks is called; `None` for a path that is none's.
fn hook_number(path: &str) -> Option<u32> {
    match path.strip_prefix(HOOK_PATH)? {
        "" => Some(0),
        number => number.strip_prefix('/')?.parse().ok(),
    }
}

fn event_index(body: &[u8]) -> Option<u32> {
    let hex = body.strip_prefix(PAYLOAD_START)?.get(..EVENT_ID_HEX_BYTES)?;
    EventId::from_hex(hex)?.index()
}

/// Both signatures: Sentry's over the body, and the Standard Webhooks one over id, time and body.
fn is_signed(signer: &Signer, headers: &HeaderMap, body: &[u8]) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let standard = signer.standard(text("webhook-id"), text("webhook-timestamp"), body);
    text("x-sentry-hook-signature") == signer.hex(body)
        && text("webhook-signature").split(' ').any(|signature| signature == standard)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_event_is_told_by_the_first_key_of_the_payload() {
        let id = EventId::new(9, 41);
        let hex = String::from_utf8(id.hex().to_vec()).unwrap();
        assert_eq!(event_index(format!("{{\"id\":\"{hex}\",\"project\":\"p\"}}").as_bytes()), Some(41));
        assert_eq!(event_index(format!("{{\"project\":\"p\",\"id\":\"{hex}\"}}").as_bytes()), None);
        assert_eq!(event_index(b"{\"id\":\"short\"}"), None);
    }

    #[test]
    fn hooks_are_told_apart_by_their_paths() {
        assert_eq!(hook_number("/hook"), Some(0));
        assert_eq!(hook_number("/hook/0"), Some(0));
        assert_eq!(hook_number("/hook/98"), Some(98));
        assert_eq!(hook_number("/hook98"), None);
        assert_eq!(hook_number("/hook/-1"), None);
        assert_eq!(hook_number("/elsewhere"), None);
    }

    #[test]
    fn a_webhook_needs_both_signatures_to_count_as_signed() {
        let signer = Signer::new("s3cret").unwrap();
        let body = b"{}";
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", "d1".parse().unwrap());
        headers.insert("webhook-timestamp", "1700000000".parse().unwrap());
        headers.insert("x-sentry-hook-signature", signer.hex(body).parse().unwrap());
        assert!(!is_signed(&signer, &headers, body));
        let both = format!("v1,old {}", signer.standard("d1", "1700000000", body));
        headers.insert("webhook-signature", both.parse().unwrap());
        assert!(is_signed(&signer, &headers, body));
        assert!(!is_signed(&signer, &headers, b"{ }"));
    }
}
