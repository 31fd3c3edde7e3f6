//! Endpoints that can be well or ill: answer at once, stall in several ways, refuse connections or swallow them.
//!
//! Each keeps its port for as long as it lives, so that a hook's URL can be made once; what happens there is changed between
//! runs. It notes nothing: arrivals are `receiver`'s. `fleet` points hooks here, `isolation` says how they behave.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::oneshot;

use crate::error::BenchError;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 1_024;

/// The shortest queue that the kernel gives a listener that is meant to be full: it holds one more than this.
const BACKLOG_FULL: u32 = 1;

/// More connections than the shortest queue holds.
const FILLERS_MAX: usize = 16;

/// On loopback a connection is made in microseconds; one that takes this long has found the queue full.
const FULL_AFTER: Duration = Duration::from_millis(100);

/// An endpoint that never reads cannot see that its peer has gone: longer than any attempt of a hook with the usual timeout.
const UNREAD_HELD: Duration = Duration::from_secs(12);

/// An answer that takes minutes when it comes a byte a second.
const DRIPPED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 600\r\n\r\n";

const DRIP_STEP: Duration = Duration::from_secs(1);

/// What happens at an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Behaviour {
    /// Answers 204 at once.
    Answers,
    /// Reads requests and never answers.
    Silent,
    /// Reads requests and answers a byte a second.
    Drips,
    /// Accepts connections and never reads.
    Unread,
    /// The port is closed.
    Refuses,
    /// Connections are neither accepted nor refused.
    Swallows,
}

/// A loopback address at which something happens.
pub(crate) struct Endpoint {
    address: SocketAddr,
    serving: Serving,
}

impl Endpoint {
    /// Takes a free port, and answers there.
    ///
    /// # Errors
    /// When no port can be had or no thread started.
    pub(crate) fn start() -> Result<Self, BenchError> {
        let serving = Serving::start(SocketAddr::from(([127, 0, 0, 1], 0)), Behaviour::Answers)?;
        Ok(Self { address: serving.address, serving })
    }

    /// The URL for a hook.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Drops every connection, and behaves this way from now on.
    ///
    /// # Errors
    /// When the port was taken in between.
    pub(crate) fn behave(&mut self, behaviour: Behaviour) -> Result<(), BenchError> {
        self.serving.end();
        self.serving = Serving::start(self.address, behaviour)?;
        Ok(())
    }
}

/// The thread of an endpoint; ends with its handle.
struct Serving {
    address: SocketAddr,
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Serving {
    fn start(address: SocketAddr, behaviour: Behaviour) -> Result<Self, BenchError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|source| BenchError::Runtime { source })?;
        let (stop, stopped) = oneshot::channel::<Infallible>();
        let (ready, started) = mpsc::sync_channel(1);
        let serve = move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => (),
                    () = be(address, behaviour, ready) => (),
                }
            });
        };
        let thread = std::thread::Builder::new()
            .name("endpoint".into())
            .spawn(serve)
            .map_err(|source| BenchError::Thread { source })?;
        let opened = started.recv().map_err(|_| BenchError::WorkerPanicked)?;
        let address = opened.map_err(|source| BenchError::Listen { source })?;
        Ok(Self { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Returns when every socket is closed.
    fn end(&mut self) {
        drop(self.stop.take());
        // A thread that panicked has closed its sockets as well.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.end();
    }
}

/// Takes the port, tells so, and behaves; ends only when the port cannot be had.
async fn be(address: SocketAddr, behaviour: Behaviour, ready: mpsc::SyncSender<io::Result<SocketAddr>>) {
    // Whoever started the thread waits for what it is told.
    let tell = |opened: io::Result<SocketAddr>| drop(ready.send(opened));
    let (socket, address) = match bind(address) {
        Ok(bound) => bound,
        Err(error) => return tell(Err(error)),
    };
    match behaviour {
        Behaviour::Answers | Behaviour::Silent | Behaviour::Drips | Behaviour::Unread => match socket.listen(BACKLOG) {
            Ok(listener) => {
                tell(Ok(address));
                accept(listener, behaviour).await;
            }
            Err(error) => tell(Err(error)),
        },
        Behaviour::Refuses => {
            // Bound and not listening: connections are refused, and nobody else gets the port.
            tell(Ok(address));
            std::future::pending::<()>().await;
            drop(socket);
        }
        Behaviour::Swallows => match listen_full(socket, address).await {
            Ok(full) => {
                tell(Ok(address));
                std::future::pending::<()>().await;
                drop(full);
            }
            Err(error) => tell(Err(error)),
        },
    }
}

fn bind(address: SocketAddr) -> io::Result<(TcpSocket, SocketAddr)> {
    let socket = TcpSocket::new_v4()?;
    // The connections of the run before may still be on their way out.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    let address = socket.local_addr()?;
    Ok((socket, address))
}

/// A listener at which nobody accepts, with the connections that fill its queue: the kernel drops what comes after them.
async fn listen_full(socket: TcpSocket, address: SocketAddr) -> io::Result<(TcpListener, Vec<TcpStream>)> {
    let listener = socket.listen(BACKLOG_FULL)?;
    Ok((listener, fill(address).await?))
}

/// Connects until the queue is full.
async fn fill(address: SocketAddr) -> io::Result<Vec<TcpStream>> {
    let mut fillers = Vec::new();
    while fillers.len() < FILLERS_MAX {
        match tokio::time::timeout(FULL_AFTER, TcpStream::connect(address)).await {
            Ok(filler) => fillers.push(filler?),
            Err(_) => return Ok(fillers),
        }
    }
    Err(io::Error::other("the kernel still completes connections that nobody accepts"))
}

async fn accept(listener: TcpListener, behaviour: Behaviour) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        // Without it a small answer would wait for the peer's delayed acknowledgement.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        tokio::spawn(async move {
            // A sender may hang up whenever it likes: that is how it ends what stalls.
            let _ended = treat(stream, behaviour).await;
        });
    }
}

async fn treat(mut stream: TcpStream, behaviour: Behaviour) -> io::Result<()> {
    match behaviour {
        Behaviour::Answers => answer_all(stream).await,
        Behaviour::Silent => read_to_end(&mut stream).await?,
        Behaviour::Drips => {
            let (mut requests, mut answers) = stream.split();
            tokio::select! {
                ended = read_to_end(&mut requests) => ended?,
                ended = drip(&mut answers) => ended?,
            }
        }
        Behaviour::Unread => tokio::time::sleep(UNREAD_HELD).await,
        // Nothing is accepted there.
        Behaviour::Refuses | Behaviour::Swallows => {}
    }
    Ok(())
}

async fn answer_all(stream: TcpStream) {
    let service = service_fn(|request: Request<Incoming>| async {
        let read = request.into_body().collect().await;
        let mut response = Response::new(Empty::<Bytes>::new());
        *response.status_mut() = if read.is_ok() { StatusCode::NO_CONTENT } else { StatusCode::BAD_REQUEST };
        Ok::<_, Infallible>(response)
    });
    // Whoever hangs up early has its reasons.
    let _ended = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

async fn read_to_end(stream: &mut (impl AsyncReadExt + Unpin)) -> io::Result<()> {
    let mut unwanted = [0; 4_096];
    while stream.read(&mut unwanted).await? > 0 {}
    Ok(())
}

async fn drip(stream: &mut (impl AsyncWriteExt + Unpin)) -> io::Result<()> {
    for byte in DRIPPED.iter().chain(std::iter::repeat(&b' ')) {
        stream.write_all(&[*byte]).await?;
        // sleep allowed: a byte a second is what this endpoint is for.
        tokio::time::sleep(DRIP_STEP).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream as Blocking;

    use super::*;

    const REQUEST: &[u8] = b"POST /hook HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}";

    /// No answer within this is no answer: what does come on loopback comes in microseconds.
    const SILENCE: Duration = Duration::from_millis(150);

    fn first_bytes(address: SocketAddr) -> io::Result<Vec<u8>> {
        let mut stream = Blocking::connect_timeout(&address, Duration::from_secs(5))?;
        stream.set_read_timeout(Some(SILENCE))?;
        stream.write_all(REQUEST)?;
        let mut answer = vec![0; 256];
        let length = stream.read(&mut answer)?;
        answer.truncate(length);
        Ok(answer)
    }

    #[test]
    fn an_endpoint_keeps_its_port_while_it_falls_ill_and_recovers() {
        let mut endpoint = Endpoint::start().unwrap();
        let address = endpoint.address;
        assert!(first_bytes(address).unwrap().starts_with(b"HTTP/1.1 204"));
        for silent in [Behaviour::Silent, Behaviour::Unread] {
            endpoint.behave(silent).unwrap();
            assert_eq!(first_bytes(address).unwrap_err().kind(), io::ErrorKind::WouldBlock, "{silent:?}");
        }
        endpoint.behave(Behaviour::Drips).unwrap();
        assert_eq!(first_bytes(address).unwrap(), b"H");
        endpoint.behave(Behaviour::Refuses).unwrap();
        assert_eq!(first_bytes(address).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        endpoint.behave(Behaviour::Swallows).unwrap();
        let swallowed = Blocking::connect_timeout(&address, SILENCE).unwrap_err();
        assert_eq!(swallowed.kind(), io::ErrorKind::TimedOut);
        endpoint.behave(Behaviour::Answers).unwrap();
        assert!(first_bytes(address).unwrap().starts_with(b"HTTP/1.1 204"));
    }

    #[test]
    fn a_change_drops_the_connections_that_are_open() {
        let mut endpoint = Endpoint::start().unwrap();
        endpoint.behave(Behaviour::Silent).unwrap();
        let mut stream = Blocking::connect(endpoint.address).unwrap();
        stream.write_all(REQUEST).unwrap();
        endpoint.behave(Behaviour::Refuses).unwrap();
        // Closed with an end or a reset, according to what had been read.
        assert!(matches!(stream.read(&mut [0; 16]), Ok(0) | Err(_)));
    }
}
