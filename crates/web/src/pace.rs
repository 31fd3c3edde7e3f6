//! How fast a request's body has to arrive: each byte buys a little time, up to a deadline for the whole.
//!
//! Responsible for the one clock that every body is read under, whoever reads it. Refuses to read, to bound the size, and to choose an
//! answer: a body that comes too slowly ends in `TooSlow`. `server` puts it around each body; `ingest` and `api` tell it from other
//! errors.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep};

/// How fast a body has to arrive.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The whole body, however much of it comes.
    pub whole: Duration,
    /// Before the first byte.
    pub grace: Duration,
    /// After that, on average. Not zero.
    pub least_bytes_per_second: u32,
}

/// The body came more slowly than the pace.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the body came too slowly")]
pub(crate) struct TooSlow;

/// A body that has to keep a pace.
pub(crate) struct Paced {
    body: Incoming,
    pace: Pace,
    begun: Instant,
    received_bytes: u64,
    /// Made when the body lets us wait for the first time: most arrive with their heads.
    alarm: Option<Pin<Box<Sleep>>>,
    is_over: bool,
}

impl Pace {
    /// How long after its beginning a body may still be read that has brought so much.
    fn allows(&self, received_bytes: u64) -> Duration {
        let bought_ms = received_bytes.saturating_mul(1_000) / u64::from(self.least_bytes_per_second.max(1));
        self.grace.saturating_add(Duration::from_millis(bought_ms)).min(self.whole)
    }
}

impl Paced {
    /// A body that begins now.
    pub(crate) fn new(body: Incoming, pace: Pace) -> Paced {
        Paced { body, pace, begun: Instant::now(), received_bytes: 0, alarm: None, is_over: false }
    }

    fn poll_alarm(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let until = self.begun + self.pace.allows(self.received_bytes);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if alarm.deadline() != until {
            alarm.as_mut().reset(until);
        }
        alarm.as_mut().poll(context)
    }
}

impl Body for Paced {
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                self.received_bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                std::task::ready!(self.poll_alarm(context));
                self.is_over = true;
                Poll::Ready(Some(Err(TooSlow.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Whether an error of reading a body is `TooSlow`, or comes from it.
pub fn is_too_slow(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<TooSlow>() {
            return true;
        }
        next = error.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_buys_time_up_to_the_deadline_of_the_whole() {
        let pace = Pace { whole: Duration::from_secs(30), grace: Duration::from_secs(5), least_bytes_per_second: 500 };
        assert_eq!(pace.allows(0), Duration::from_secs(5));
        assert_eq!(pace.allows(250), Duration::from_millis(5_500));
        assert_eq!(pace.allows(10_000), Duration::from_secs(25));
        assert_eq!(pace.allows(20 << 20), Duration::from_secs(30));
        assert_eq!(pace.allows(u64::MAX), Duration::from_secs(30));
    }

    #[test]
    fn a_body_that_was_too_slow_is_known_behind_other_errors() {
        assert!(is_too_slow(&TooSlow));
        assert!(is_too_slow(&axum::Error::new(TooSlow)));
        assert!(is_too_slow(&axum::Error::new(axum::Error::new(TooSlow))));
        assert!(!is_too_slow(&axum::Error::new(std::io::Error::other("reset"))));
    }
}
