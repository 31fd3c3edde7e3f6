//! One client's connection: HTTP/1.1 on its socket until it ends, has to leave, or the server stops.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::{Request, Response};
use hyper::body::{Body as _, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use model::limits::REQUEST_HEADER_BYTES;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tower::ServiceExt;

use super::seats::Seat;
use super::socket::Socket;
use super::{Limits, stopped};
use crate::client::Peer;
use crate::pace::Paced;

/// One client's connection.
pub(super) struct Connection<S> {
    pub(super) peer: SocketAddr,
    pub(super) router: S,
    pub(super) limits: Limits,
    /// Whether it may ask more than once.
    pub(super) keep_alive: bool,
    pub(super) stopping: watch::Receiver<bool>,
}

/// An answer's body. Once the connection has it all, nothing is being done for the client.
struct Answer {
    body: Body,
    seat: Arc<Seat>,
}

impl<S> Connection<S>
where
    S: tower::Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    pub(super) async fn run(self, stream: TcpStream, seat: Seat) {
        let Connection { peer, router, limits, keep_alive, mut stopping } = self;
        let (sitting, seat) = (seat.sitting(), Arc::new(seat));
        let service = service_fn(move |request: Request<Incoming>| {
            seat.begin_request();
            let (router, seat) = (router.clone(), Arc::clone(&seat));
            let mut request = request.map(|body| read_at_a_pace(body, &limits));
            request.extensions_mut().insert(Peer(peer));
            async move { router.oneshot(request).await.map(|answer| answer.map(|body| Answer { body, seat })) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.head)
            .keep_alive(keep_alive)
            .max_buf_size(REQUEST_HEADER_BYTES)
            .serve_connection(TokioIo::new(Socket::new(stream, Arc::clone(&sitting), limits.write)), service);
        tokio::pin!(connection);
        // The connection first: a request that has arrived is answered, whatever else happens.
        let ended = tokio::select! {
            biased;
            ended = connection.as_mut() => ended,
            () = sitting.has_to_leave() => return,
            () = stopped(&mut stopping) => {
                if sitting.is_idle() {
                    return;
                }
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(peer = %peer, error = %error, "a connection ended early");
        }
    }
}

fn read_at_a_pace(body: Incoming, limits: &Limits) -> Body {
    if body.is_end_stream() { Body::empty() } else { Body::new(Paced::new(body, limits.body)) }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.seat.end_request();
    }
}
