//! The server's sockets: accepts connections up to a limit, speaks HTTP/1.1 on each, and stops when asked. `wiring` opens one door
//! for everybody, and one for metrics where it was told to.
//!
//! Nobody holds a connection for nothing. A head, a body and the reading of an answer each have their deadline ([`Limits`]). Where all
//! seats are taken, who waits for nothing leaves first (`seats`); where something is being done on each, a newcomer is answered by
//! the door's refusals, on one of a few seats kept for that: a health check is answered all the same, and an SDK told to come back.

mod connection;
mod seats;
mod socket;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{StatusCode, header};
use model::limits::{
    BODY_GRACE_SECONDS, BODY_LEAST_EACH_SECOND_BYTES, READ_TIMEOUT_SECONDS, REFUSAL_SECONDS, REFUSED_CONNECTIONS,
    WRITE_TIMEOUT_SECONDS,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::pace::Pace;

use connection::Connection;
use seats::Seats;

/// Pause after a failed accept: the cause, such as no free file, does not go away at once.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Seconds after which one who found no seat may try again.
const RETRY_AFTER_S: &str = "5";

/// An address, and what is behind it.
pub struct Door {
    /// Where clients connect.
    pub listener: TcpListener,
    /// What answers them.
    pub router: Router,
    /// What answers the first request of those who find no seat.
    pub refusals: Router,
    /// How many, and for how long.
    pub limits: Limits,
    /// What is counted of them.
    pub figures: Arc<Figures>,
}

/// How many clients may be connected, and what they may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many may be connected at once.
    pub connections: usize,
    /// How many more are answered by the refusals at once.
    pub refused: usize,
    /// From the connection's beginning, or the last answer, to the end of a request's head.
    pub head: Duration,
    /// A request's body.
    pub body: Pace,
    /// How long a client may take no byte of an answer that waits for it.
    pub write: Duration,
    /// Each of these for who finds no seat.
    pub refusal: Duration,
}

/// What a door counts.
#[derive(Debug, Default)]
pub struct Figures {
    open: AtomicU64,
    closed_for_others: AtomicU64,
    refused: AtomicU64,
}

impl Limits {
    /// The product's limits, for so many connections.
    pub fn of_product(connections: usize) -> Limits {
        Limits {
            connections,
            refused: REFUSED_CONNECTIONS,
            head: Duration::from_secs(READ_TIMEOUT_SECONDS),
            body: Pace {
                whole: Duration::from_secs(READ_TIMEOUT_SECONDS),
                grace: Duration::from_secs(BODY_GRACE_SECONDS),
                least_bytes_per_second: BODY_LEAST_EACH_SECOND_BYTES,
            },
            write: Duration::from_secs(WRITE_TIMEOUT_SECONDS),
            refusal: Duration::from_secs(REFUSAL_SECONDS),
        }
    }

    /// What who finds no seat may take.
    fn of_refused(&self) -> Limits {
        let body = Pace { whole: self.refusal, grace: self.refusal, ..self.body };
        Limits { head: self.refusal, body, write: self.refusal, ..*self }
    }
}

impl Figures {
    /// Connections that are open now.
    pub fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Connections that were closed, while nothing was being done for them, to let others in.
    pub fn closed_for_others(&self) -> u64 {
        self.closed_for_others.load(Ordering::Relaxed)
    }

    /// Connections that found no seat.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Door {
    /// Serves until `stopping` turns true, then lets the requests that are being answered finish, for at most `grace`.
    pub async fn serve(self, mut stopping: watch::Receiver<bool>, grace: Duration) {
        let Door { listener, router, refusals, limits, figures } = self;
        let seats = Seats::new(limits.connections, Arc::clone(&figures));
        let refused_seats = Seats::new(limits.refused, Arc::clone(&figures));
        let router = router.into_service::<Body>();
        let refusals = refusals.into_service::<Body>();
        loop {
            let accepted = tokio::select! {
                () = stopped(&mut stopping) => break,
                accepted = accept(&listener) => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(error = %error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let (router, limits, seat, keep_alive) = match seats.take().await {
                Some(seat) => (router.clone(), limits, seat, true),
                None => {
                    figures.refused.fetch_add(1, Ordering::Relaxed);
                    // Without a seat even there the connection is closed.
                    let Some(seat) = refused_seats.take().await else { continue };
                    (refusals.clone(), limits.of_refused(), seat, false)
                }
            };
            let connection = Connection { peer, router, limits, keep_alive, stopping: stopping.clone() };
            tokio::spawn(connection.run(stream, seat));
        }
        let all_gone = async {
            seats.all_free().await;
            refused_seats.all_free().await;
        };
        if tokio::time::timeout(grace, all_gone).await.is_err() {
            tracing::warn!("requests were still being answered when the time to stop ran out");
        }
    }
}

/// The simplest refusals: 503 to everything.
pub fn come_back() -> Router {
    let answer = (
        StatusCode::SERVICE_UNAVAILABLE,
        [(header::RETRY_AFTER, RETRY_AFTER_S)],
        "as many clients are connected as are taken: try again\n",
    );
    Router::new().fallback(move || std::future::ready(answer))
}

async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // A sender that is gone can never say so: that is a stop too.
    drop(stopping.wait_for(|stopping| *stopping).await);
}

async fn accept(listener: &TcpListener) -> std::io::Result<(TcpStream, SocketAddr)> {
    let (stream, peer) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, peer))
}
