//! The server's sockets: accepts connections up to a limit, speaks HTTP/1.1 on each, and stops when asked. `wiring` opens one door
//! for everybody, and one for metrics where it was told to.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use model::limits::{READ_TIMEOUT_SECONDS, REQUEST_HEADER_BYTES};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt;

use crate::ingest::Peer;

/// How long a client may take to send a request's head.
const HEAD_TIMEOUT: Duration = Duration::from_secs(READ_TIMEOUT_SECONDS);
/// Pause after a failed accept: the cause, such as no free file, does not go away at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// An address, and what is behind it.
pub struct Door {
    /// Where clients connect.
    pub listener: TcpListener,
    /// What answers them.
    pub router: Router,
    /// How many may be connected at once.
    pub connections: usize,
}

impl Door {
    /// Serves until `stopping` turns true, then lets the requests that are being answered finish, for at most `grace`.
    pub async fn serve(self, mut stopping: watch::Receiver<bool>, grace: Duration) {
        let permits = Arc::new(Semaphore::new(self.connections));
        let router = self.router.into_service::<Body>();
        loop {
            let accepted = tokio::select! {
                () = stopped(&mut stopping) => break,
                accepted = accept(&self.listener, &permits) => accepted,
            };
            match accepted {
                Ok((stream, peer, permit)) => {
                    let connection = Connection { peer, router: router.clone(), stopping: stopping.clone() };
                    tokio::spawn(connection.run(stream, permit));
                }
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        let all = u32::try_from(self.connections).unwrap_or(u32::MAX);
        if tokio::time::timeout(grace, permits.acquire_many(all)).await.is_err() {
            tracing::warn!("requests were still being answered when the time to stop ran out");
        }
    }
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A sender that is gone can never say so: that is a stop too.
    drop(stopping.wait_for(|stopping| *stopping).await);
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    // Past the limit, clients wait in the listener's backlog.
    let permit = Arc::clone(permits).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer, permit))
}

/// One client's connection.
struct Connection<S> {
    peer: SocketAddr,
    router: S,
    stopping: watch::Receiver<bool>,
}

impl<S> Connection<S>
where
    S: tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    async fn run(mut self, stream: TcpStream, _permit: OwnedSemaphorePermit) {
        let (peer, router) = (self.peer, self.router);
        let service = service_fn(move |request: Request<hyper::body::Incoming>| {
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(Peer(peer));
            router.clone().oneshot(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(REQUEST_HEADER_BYTES)
            .serve_connection(TokioIo::new(stream), service);
        tokio::pin!(connection);
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stopped(&mut self.stopping) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(peer = %peer, error = %error, "a connection ended early");
        }
    }
}
