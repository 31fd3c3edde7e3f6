//! The floor's third part: a bare hyper client that signs twice and posts over kept-alive connections.
//!
//! One task drives one connection and sends on it what the writer hands it, one after the other, as many at a time as a hook's
//! default concurrency allows. No deadline, no retry, no address policy: an answer that is not 2xx ends the process.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::SendRequest;
use hyper::header::{CONTENT_TYPE, HOST, HeaderValue};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::inbox::{Inbox, Settled};
use crate::error::BenchError;
use crate::signature::Signer;

/// A hook's default concurrency.
const CONNECTIONS: usize = 16;

/// Deliveries that wait for one connection; when it is full the writer waits, and ingest with it.
const WAITING_MAX: usize = 1_024;

/// The hook of the full path.
#[derive(Clone)]
pub(crate) struct FloorHook {
    /// The receiver's URL, `http://ADDRESS:PORT/PATH`.
    pub(crate) url: String,
    /// The key of both signatures.
    pub(crate) secret: String,
}

/// One webhook to be sent.
pub(super) struct Delivery {
    pub(super) settled: Settled,
    /// Unix time of receipt, ms.
    pub(super) received_ms: i64,
    pub(super) payload: Bytes,
}

/// The connections to the one hook, served in turn.
pub(super) struct Lane {
    connections: Vec<mpsc::Sender<Delivery>>,
    next: usize,
}

impl Lane {
    /// Starts the tasks that connect and send; must be called inside the runtime.
    pub(super) fn open(hook: &FloorHook, inbox: Arc<Inbox>) -> Result<Self, BenchError> {
        let uri: Uri = hook.url.parse().map_err(|_| BenchError::HookUrl)?;
        let authority = uri.authority().ok_or(BenchError::HookUrl)?.as_str();
        let poster = Poster {
            address: authority.parse().map_err(|_| BenchError::HookUrl)?,
            host: HeaderValue::from_str(authority).map_err(|_| BenchError::HookUrl)?,
            path: uri.path().parse().map_err(|_| BenchError::HookUrl)?,
            signer: Signer::new(&hook.secret)?,
            inbox,
        };
        let mut connections = Vec::with_capacity(CONNECTIONS);
        for _ in 0..CONNECTIONS {
            let (sender, deliveries) = mpsc::channel(WAITING_MAX);
            let poster = poster.clone();
            tokio::spawn(async move {
                if let Err(error) = poster.run(deliveries).await {
                    eprintln!("floor: {}", crate::error::chain(&error));
                    std::process::exit(1);
                }
            });
            connections.push(sender);
        }
        Ok(Self { connections, next: 0 })
    }

    /// Gives a delivery to the next connection; called from the writer's thread.
    pub(super) fn hand_over(&mut self, delivery: Delivery) -> Result<(), BenchError> {
        let connection = &self.connections[self.next];
        self.next = (self.next + 1) % self.connections.len();
        connection.blocking_send(delivery).map_err(|_| BenchError::LaneEnded)
    }
}

#[derive(Clone)]
struct Poster {
    address: SocketAddr,
    host: HeaderValue,
    path: Uri,
    signer: Signer,
    inbox: Arc<Inbox>,
}

impl Poster {
    async fn run(self, deliveries: mpsc::Receiver<Delivery>) -> Result<(), BenchError> {
        let stream = TcpStream::connect(self.address).await.map_err(|source| BenchError::Connect { source })?;
        stream.set_nodelay(true).map_err(|source| BenchError::Connect { source })?;
        let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = handshake.map_err(|source| BenchError::Post { source })?;
        // One task for both halves: no wake-up between them.
        tokio::select! {
            ended = connection => ended.map_err(|source| BenchError::Post { source }),
            sent = self.send_all(sender, deliveries) => sent,
        }
    }

    async fn send_all(
        &self,
        mut sender: SendRequest<Full<Bytes>>,
        mut deliveries: mpsc::Receiver<Delivery>,
    ) -> Result<(), BenchError> {
        while let Some(delivery) = deliveries.recv().await {
            let settled = delivery.settled;
            let request = self.request(delivery)?;
            sender.ready().await.map_err(|source| BenchError::Post { source })?;
            let response = sender.send_request(request).await.map_err(|source| BenchError::Post { source })?;
            let status = response.status();
            response.into_body().collect().await.map_err(|source| BenchError::Post { source })?;
            if !status.is_success() {
                return Err(BenchError::PostStatus { status: status.as_u16() });
            }
            self.inbox.settle(settled);
        }
        Ok(())
    }

    fn request(&self, delivery: Delivery) -> Result<Request<Full<Bytes>>, BenchError> {
        let id = format!("{:016x}{:016x}", delivery.received_ms, delivery.settled.seq);
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let timestamp = itoa::Buffer::new().format(now).to_owned();
        let hex = self.signer.hex(&delivery.payload);
        let standard = self.signer.standard(&id, &timestamp, &delivery.payload);
        Request::post(self.path.clone())
            .header(HOST, self.host.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header("x-sentry-hook-signature", hex)
            .header("webhook-id", id)
            .header("webhook-timestamp", timestamp)
            .header("webhook-signature", standard)
            .body(Full::new(delivery.payload))
            .map_err(|source| BenchError::Request { source })
    }
}
