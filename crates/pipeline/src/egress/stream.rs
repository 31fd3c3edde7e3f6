//! The bytes between us and a receiver, counted.
//!
//! Responsible for one stream type over TCP and TLS, and for knowing whether anything was written or read in the present
//! exchange: "once" counts requests that went out, and a stale connection is one that gave no byte back. Refuses to
//! interpret bytes. Made by the connector, owned by the connection.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::client::TlsStream;

/// A connected stream.
pub(super) enum Stream {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A stream that tells its meter what passes.
pub(super) struct Metered {
    stream: Stream,
    meter: Arc<Meter>,
    _open: Open,
}

/// Counts an open connection until it is dropped.
pub(super) struct Open(Arc<AtomicU64>);

/// What has passed since the exchange began. One task writes it, and reads it after the stream may be gone.
pub(super) struct Meter {
    connected: Instant,
    bytes_written: AtomicU64,
    bytes_read: AtomicU64,
    /// Microseconds from `connected` to the first byte read in this exchange.
    first_byte_us: AtomicU64,
}

impl Meter {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Meter {
            connected: Instant::now(),
            bytes_written: AtomicU64::new(0),
            bytes_read: AtomicU64::new(0),
            first_byte_us: AtomicU64::new(0),
        })
    }

    /// When the connection was made.
    pub(super) fn connected(&self) -> Instant {
        self.connected
    }

    /// Begins the next exchange.
    pub(super) fn reset(&self) {
        self.bytes_written.store(0, Ordering::Relaxed);
        self.bytes_read.store(0, Ordering::Relaxed);
    }

    /// Whether a byte of the request left us. Bytes that TLS still holds back count: they may have left.
    pub(super) fn wrote(&self) -> bool {
        self.bytes_written.load(Ordering::Relaxed) > 0
    }

    /// When the first byte of the answer arrived.
    pub(super) fn first_byte(&self) -> Option<Instant> {
        let arrived = self.bytes_read.load(Ordering::Relaxed) > 0;
        arrived.then(|| self.connected + Duration::from_micros(self.first_byte_us.load(Ordering::Relaxed)))
    }

    fn count_read(&self, bytes: usize) {
        if bytes > 0 && self.bytes_read.fetch_add(bytes as u64, Ordering::Relaxed) == 0 {
            let elapsed = u64::try_from(self.connected.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.first_byte_us.store(elapsed, Ordering::Relaxed);
        }
    }

    fn count_written(&self, result: &io::Result<usize>) {
        if let Ok(bytes) = result {
            self.bytes_written.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
    }
}

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
