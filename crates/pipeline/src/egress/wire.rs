//! The bytes beneath TLS, counted.
//!
//! Responsible for one limit: messages of TLS itself (tickets, empty records) bring no byte of an answer, and a receiver could
//! send them for as long as it likes. Refuses to read more than `ANSWER_TLS_BYTES` for one exchange, the handshake counted as
//! part of the first. Made by the connector, owned by the TLS stream.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::meter::Meter;

/// A socket under TLS.
pub(super) struct Wire {
    pub(super) socket: TcpStream,
    pub(super) meter: Arc<Meter>,
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.meter.is_full() {
            // As above TLS: the deadline's timer wakes us.
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let result = ready!(Pin::new(&mut self.socket).poll_read(cx, buffer));
        self.meter.count_tls_read(buffer.filled().len() - before);
        Poll::Ready(result)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use model::limits::ANSWER_TLS_BYTES;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn past_its_limit_nothing_is_read_until_the_next_exchange() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (mut sender, _) = listener.accept().await.unwrap();
        let sending = tokio::spawn(async move { while sender.write_all(&[7; 4096]).await.is_ok() {} });
        let meter = Meter::new();
        let mut wire = Wire { socket, meter: Arc::clone(&meter) };
        let mut buffer = vec![0; 64 * 1024];
        let mut read = 0;
        while !meter.is_full() {
            read += wire.read(&mut buffer).await.unwrap();
        }
        assert!((ANSWER_TLS_BYTES..ANSWER_TLS_BYTES + buffer.len()).contains(&read), "{read} bytes");
        wire.socket.readable().await.unwrap();
        assert!(wire.read(&mut buffer).now_or_never().is_none(), "there are bytes, and they are left there");
        meter.reset();
        assert!(wire.read(&mut buffer).await.unwrap() > 0);
        sending.abort();
    }
}
