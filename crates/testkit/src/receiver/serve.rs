//! The serving loop.
//!
//! Responsible for sockets: accepting, TLS, one request after the other on each connection, and playing behaviours byte
//! by byte. Refuses to know why. Started by the receiver.

use std::future::pending;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::behaviour::{Behaviour, Reply};
use super::request::Received;
use super::{Shared, State};

/// How a connection begins.
#[derive(Clone)]
pub(super) enum Opening {
    Clear,
    Tls(TlsAcceptor),
    Says(Arc<[u8]>),
}

/// Whether the connection serves another request.
enum Then {
    Next,
    Close,
}

enum Wire {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

pub(super) async fn accept(listener: TcpListener, opening: Opening, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let index = {
            let State { connections, .. } = &mut *shared.state();
            *connections += 1;
            *connections - 1
        };
        let (opening, shared) = (opening.clone(), Arc::clone(&shared));
        connections.spawn(async move {
            // What goes wrong on a socket is the client's business: a test sees it there, or by a request missing here.
            let _ = converse(stream, opening, index, &shared).await;
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn converse(mut stream: TcpStream, opening: Opening, index: usize, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut wire = match opening {
        Opening::Clear => Wire::Clear(stream),
        Opening::Tls(acceptor) => Wire::Tls(Box::new(acceptor.accept(stream).await?)),
        Opening::Says(bytes) => {
            stream.read_u8().await?;
            stream.write_all(&bytes).await?;
            return pending().await;
        }
    };
    let mut buffer = Vec::new();
    let mut served = 0;
    loop {
        let request = match Received::read(&mut wire, &mut buffer, index).await {
            Ok(Some(request)) => request,
            Ok(None) => return Ok(()),
            Err(error) => {
                shared.state().malformed.push(error.to_string());
                wire.write_all(&Reply::new(400).to_bytes()).await?;
                return wire.shutdown().await;
            }
        };
        let behaviour = shared.record(request);
        if let Then::Close = play(behaviour, &mut wire, served).await? {
            return wire.shutdown().await;
        }
        served += 1;
    }
}

async fn play(behaviour: Behaviour, wire: &mut Wire, served: usize) -> io::Result<Then> {
    match behaviour {
        Behaviour::Reply(reply) => answer(wire, &reply).await,
        Behaviour::Hold(gate, reply) => {
            gate.pass().await;
            answer(wire, &reply).await
        }
        Behaviour::CloseWhenReused(_) if served > 0 => Ok(Then::Close),
        Behaviour::CloseWhenReused(reply) => answer(wire, &reply).await,
        Behaviour::BlackHole => pending().await,
        Behaviour::Close => Ok(Then::Close),
        Behaviour::Send(bytes) => {
            send(wire, &bytes).await?;
            Ok(Then::Close)
        }
        Behaviour::SendAndHold(bytes) => {
            send(wire, &bytes).await?;
            pending().await
        }
        Behaviour::SendAndReset(bytes) => {
            send(wire, &bytes).await?;
            wire.tcp().set_zero_linger()?;
            Err(io::Error::from(io::ErrorKind::ConnectionReset))
        }
        Behaviour::SendForever(first, again) => {
            send(wire, &first).await?;
            loop {
                send(wire, &again).await?;
            }
        }
        Behaviour::Drip(every) => {
            send(wire, b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n").await?;
            loop {
                tokio::time::sleep(every).await;
                send(wire, b"x").await?;
            }
        }
    }
}

async fn answer(wire: &mut Wire, reply: &Reply) -> io::Result<Then> {
    send(wire, &reply.to_bytes()).await?;
    Ok(if reply.closes() { Then::Close } else { Then::Next })
}

async fn send(wire: &mut Wire, bytes: &[u8]) -> io::Result<()> {
    wire.write_all(bytes).await?;
    wire.flush().await
}

impl Wire {
    fn tcp(&self) -> &TcpStream {
        match self {
            Wire::Clear(stream) => stream,
            Wire::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Wire::Clear(stream) => Pin::new(stream).poll_read(cx, buffer),
            Wire::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Wire::Clear(stream) => Pin::new(stream).poll_write(cx, bytes),
            Wire::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Wire::Clear(stream) => Pin::new(stream).poll_flush(cx),
            Wire::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Wire::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
            Wire::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
