//! What has passed over a connection in the present exchange.
//!
//! Responsible for knowing whether anything was written or read: "once" counts requests that went out, and a stale connection
//! is one that gave no byte back; and for saying when an answer is longer than any that we would use (`ANSWER_WIRE_BYTES`,
//! `ANSWER_TLS_BYTES`). Refuses to touch bytes. Told by the streams, read by the attempt and the connection.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::limits::{ANSWER_TLS_BYTES, ANSWER_WIRE_BYTES};
use tokio::time::Instant;

/// What has passed since the exchange began. One task writes it, and reads it after the stream may be gone.
pub(super) struct Meter {
    connected: Instant,
    bytes_written: AtomicU64,
    bytes_read: AtomicU64,
    /// What TLS has read beneath, its own messages included.
    tls_bytes_read: AtomicU64,
    /// Microseconds from `connected` to the first byte read in this exchange.
    first_byte_us: AtomicU64,
}

impl Meter {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Meter {
            connected: Instant::now(),
            bytes_written: AtomicU64::new(0),
            bytes_read: AtomicU64::new(0),
            tls_bytes_read: AtomicU64::new(0),
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
        self.tls_bytes_read.store(0, Ordering::Relaxed);
    }

    /// Whether a byte of the request left us. Bytes that TLS still holds back count: they may have left.
    pub(super) fn wrote(&self) -> bool {
        self.bytes_written.load(Ordering::Relaxed) > 0
    }

    /// What was read in this exchange.
    pub(super) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// Whether no more is read in this exchange: the answer is longer than any that we would use.
    pub(super) fn is_full(&self) -> bool {
        self.bytes_read() >= ANSWER_WIRE_BYTES as u64
            || self.tls_bytes_read.load(Ordering::Relaxed) >= ANSWER_TLS_BYTES as u64
    }

    pub(super) fn count_tls_read(&self, bytes: usize) {
        self.tls_bytes_read.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// When the first byte of the answer arrived.
    pub(super) fn first_byte(&self) -> Option<Instant> {
        let arrived = self.bytes_read.load(Ordering::Relaxed) > 0;
        arrived.then(|| self.connected + Duration::from_micros(self.first_byte_us.load(Ordering::Relaxed)))
    }

    pub(super) fn count_read(&self, bytes: usize) {
        if bytes > 0 && self.bytes_read.fetch_add(bytes as u64, Ordering::Relaxed) == 0 {
            let elapsed = u64::try_from(self.connected.elapsed().as_micros()).unwrap_or(u64::MAX);
            self.first_byte_us.store(elapsed, Ordering::Relaxed);
        }
    }

    pub(super) fn count_written(&self, result: &io::Result<usize>) {
        if let Ok(bytes) = result {
            self.bytes_written.fetch_add(*bytes as u64, Ordering::Relaxed);
        }
    }
}
