//! The bytes between us and a receiver, counted.
//!
//! Responsible for one stream type over TCP and TLS that tells a meter what passes. Refuses to interpret bytes, and to read
//! on once the meter is full. Made by the connector, owned by the connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::meter::Meter;
use super::wire::Wire;

/// A connected stream.
pub(super) enum Stream {
    Clear(TcpStream),
    Tls(Box<TlsStream<Wire>>),
}

/// A stream that tells its meter what passes.
pub(super) struct Metered {
    stream: Stream,
    meter: Arc<Meter>,
    _open: Open,
}

/// Counts an open connection until it is dropped.
pub(super) struct Open(Arc<AtomicU64>);

impl Metered {
    pub(super) fn new(stream: Stream, meter: Arc<Meter>, open: Open) -> Self {
        Metered { stream, meter, _open: open }
    }
}

impl Open {
    /// One more.
    pub(super) fn new(count: &Arc<AtomicU64>) -> Open {
        count.fetch_add(1, Ordering::Relaxed);
        Open(Arc::clone(count))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsyncRead for Metered {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.meter.is_full() {
            // Nothing more is wanted until the deadline. Not reading holds the sender back too, and the deadline's timer is
            // what wakes us.
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let result = ready!(match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        });
        self.meter.count_read(buffer.filled().len() - before);
        Poll::Ready(result)
    }
}

impl AsyncWrite for Metered {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = ready!(match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        });
        self.meter.count_written(&result);
        Poll::Ready(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = ready!(match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        });
        self.meter.count_written(&result);
        Poll::Ready(result)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Clear(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
