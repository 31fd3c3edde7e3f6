//! One connection to a receiver.
//!
//! Responsible for one exchange at a time: a request out, an answer in, bounded. Refuses to run by itself: hyper's two
//! halves live here together and are polled by whoever awaits the exchange, so that a delivery on a warm connection needs
//! no other task and wakes none. Used by the client; kept between exchanges by the lane's connections.

use std::future::Future as _;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::Full;
use hyper::body::{Body as _, Frame, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use model::attempt::{BadResponse, Outcome, Unreachable};
use model::limits::{ANSWER_BODY_BYTES, ANSWER_HEAD_BYTES};
use tokio::time::Instant;

use super::attempt::{Failure, Peer, Progress};
use super::meter::Meter;
use super::stream::Metered;

/// An answer's head may have no more headers than this. It is hyper's own limit, the only one that needs no memory for
/// each answer; a test holds it in place.
pub const RESPONSE_HEADERS_MAX: usize = 100;

/// hyper's read buffer grows no further than this; it must hold a head.
const READ_BUFFER_BYTES_MAX: usize = 64 * 1024;

pub(super) struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    /// What moves bytes; `None` once the connection has ended.
    driver: Option<http1::Connection<TokioIo<Metered>, Full<Bytes>>>,
    leads: Leads,
}

/// Where a connection leads, and what is known of it.
pub(super) struct Leads {
    pub(super) meter: Arc<Meter>,
    pub(super) peer: Peer,
    pub(super) origin: Arc<str>,
}

/// How an exchange ended that brought an answer.
pub(super) enum Exchanged {
    /// The body ended. `keep_alive` is what the receiver said of how long it keeps the connection.
    Whole { keep_alive: Option<Duration> },
    /// We stopped reading.
    Cut,
}

impl Connection {
    pub(super) async fn open(stream: Metered, leads: Leads) -> Result<Box<Self>, Failure> {
        let opened = http1::Builder::new()
            .max_header_size(ANSWER_HEAD_BYTES)
            .max_buf_size(READ_BUFFER_BYTES_MAX)
            .handshake(TokioIo::new(stream))
            .await;
        match opened {
            Ok((sender, driver)) => Ok(Box::new(Connection { sender, driver: Some(driver), leads })),
            Err(_) => Err(Failure::new(Outcome::Unreachable(Unreachable::Reset), CLOSED_EARLY)),
        }
    }

    pub(super) fn meter(&self) -> &Arc<Meter> {
        &self.leads.meter
    }

    pub(super) fn peer(&self) -> Peer {
        self.leads.peer
    }

    pub(super) fn origin(&self) -> &Arc<str> {
        &self.leads.origin
    }

    pub(super) fn opened(&self) -> Instant {
        self.leads.meter.connected()
    }

    /// Whether another request can be sent. Looks once at what has arrived meanwhile: a close, or bytes that nobody asked
    /// for, end the connection here.
    pub(super) fn is_usable(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Sends the request and reads the answer into `progress`.
    pub(super) async fn exchange(
        &mut self,
        request: Request<Full<Bytes>>,
        progress: &mut Progress,
    ) -> Result<Exchanged, Failure> {
        let mut sent = pin!(self.sender.send_request(request));
        let head = std::future::poll_fn(|cx| {
            self.drive(cx);
            sent.as_mut().poll(cx)
        });
        let (head, mut body) = head.await.map_err(|error| self.head_failure(&error))?.into_parts();
        let keep_alive = keep_alive_timeout(&head.headers);
        let status = head.status;
        progress.head_arrived(status, head.headers);
        if status.is_informational() {
            return Ok(Exchanged::Cut);
        }
        while let Some(frame) = self.next_frame(&mut body).await {
            match frame {
                Ok(frame) => progress.answer.body.add(frame.data_ref().map_or(&[], |data| data)),
                Err(_) if status.is_success() => {
                    return Err(bad_response(BadResponse::BrokenOff, "the answer broke off in its body"));
                }
                // The status has said everything already.
                Err(_) => return Ok(Exchanged::Cut),
            }
            if progress.answer.body.bytes_read() > ANSWER_BODY_BYTES {
                return Ok(Exchanged::Cut);
            }
        }
        Ok(Exchanged::Whole { keep_alive })
    }

    async fn next_frame(&mut self, body: &mut Incoming) -> Option<Result<Frame<Bytes>, hyper::Error>> {
        std::future::poll_fn(|cx| {
            // Most often the whole body came with the head and waits here already.
            if let Poll::Ready(frame) = Pin::new(&mut *body).poll_frame(cx) {
                return Poll::Ready(frame);
            }
            self.drive(cx);
            Pin::new(&mut *body).poll_frame(cx)
        })
        .await
    }

    fn drive(&mut self, cx: &mut Context<'_>) {
        if let Some(driver) = &mut self.driver
            && Pin::new(driver).poll(cx).is_ready()
        {
            // Dropping it answers whoever still waits for a head; it must not be polled again.
            self.driver = None;
        }
    }

    fn head_failure(&self, error: &hyper::Error) -> Failure {
        if self.leads.meter.first_byte().is_none() {
            Failure::new(Outcome::Unreachable(Unreachable::Reset), CLOSED_EARLY)
        } else if error.is_parse_too_large() {
            bad_response(BadResponse::OversizedHead, "the head of the answer has too many headers or bytes")
        } else if error.is_parse() {
            bad_response(BadResponse::NotHttp, "the answer is not HTTP/1.1")
        } else {
            bad_response(BadResponse::BrokenOff, "the answer broke off in its head")
        }
    }
}

const CLOSED_EARLY: &str = "the connection was closed before an answer began";

fn bad_response(cause: BadResponse, words: &'static str) -> Failure {
    Failure::new(Outcome::BadResponse(cause), words)
}

/// `Keep-Alive: timeout=N`, in seconds.
fn keep_alive_timeout(headers: &HeaderMap) -> Option<Duration> {
    let parameters = headers.get("keep-alive")?.to_str().ok()?.split(',');
    let seconds = parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find(|(name, _)| name.trim().eq_ignore_ascii_case("timeout"))
        .map(|(_, value)| value.trim())?;
    seconds.parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_timeout_of_keep_alive_is_read_among_its_parameters() {
        for (text, expected) in [
            ("timeout=5, max=100", Some(5)),
            ("max=100,Timeout = 2", Some(2)),
            ("timeout=0", Some(0)),
            ("max=100", None),
            ("timeout", None),
            ("timeout=soon", None),
        ] {
            let headers = HeaderMap::from_iter([("keep-alive".parse().unwrap(), HeaderValue::from_static(text))]);
            assert_eq!(keep_alive_timeout(&headers), expected.map(Duration::from_secs), "{text}");
        }
    }
}
