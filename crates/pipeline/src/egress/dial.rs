//! Opening a socket to an address that was judged.
//!
//! Responsible for the one place where a connection leaves the process, for trying the addresses of a name in turns, and for
//! comparing who answered with whom we dialled. Refuses to judge: it is handed judged addresses, and nothing else reaches
//! [`Dial`]. Called by the connector; tests, and the command line when it must not connect, put another [`Dial`] in its place.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use model::limits::ADDRESSES_DIALLED;
use tokio::net::TcpStream;

/// What opens sockets.
pub trait Dial: Send + Sync + 'static {
    /// Connects to this address and to no other.
    fn dial(&self, address: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>>;
}

/// The kernel.
pub(super) struct Kernel;

/// The next address is tried beside one that has not answered for this long (RFC 8305 calls it the attempt delay).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);

impl Dial for Kernel {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>> {
        TcpStream::connect(address).boxed()
    }
}

/// Connects to the first of the addresses that accepts, starting the next beside one that is slow.
pub(super) async fn dial_any(dial: &dyn Dial, addresses: &[IpAddr], port: u16) -> io::Result<(TcpStream, IpAddr)> {
    let mut waiting = in_turns(addresses).into_iter().peekable();
    let mut dialling = FuturesUnordered::new();
    let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if let Some(address) = waiting.next() {
            dialling.push(dial_one(dial, address, port));
        }
        let next = if waiting.peek().is_none() {
            dialling.next().await
        } else {
            match tokio::time::timeout(NEXT_ADDRESS_AFTER, dialling.next()).await {
                Ok(next) => next,
                Err(_slow) => continue,
            }
        };
        match next {
            Some(Ok(connected)) => return Ok(connected),
            Some(Err(error)) => last_error = error,
            None => return Err(last_error),
        }
    }
}

async fn dial_one(dial: &dyn Dial, address: IpAddr, port: u16) -> io::Result<(TcpStream, IpAddr)> {
    let socket = SocketAddr::new(address, port);
    let stream = dial.dial(socket).await?;
    // The kernel takes some addresses for others (0.0.0.0 for this machine): what was judged must be what answered.
    if stream.peer_addr()? != socket {
        return Err(io::Error::from(io::ErrorKind::AddrNotAvailable));
    }
    stream.set_nodelay(true)?;
    Ok((stream, address))
}

/// The addresses with their families in turns, so that a family that leads nowhere costs one wait and not several.
fn in_turns(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let starts_with_v6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let mut first = addresses.iter().filter(|address| address.is_ipv6() == starts_with_v6);
    let mut second = addresses.iter().filter(|address| address.is_ipv6() != starts_with_v6);
    let mut turns = Vec::with_capacity(addresses.len().min(ADDRESSES_DIALLED));
    while turns.len() < ADDRESSES_DIALLED {
        let before = turns.len();
        turns.extend(first.next());
        turns.extend(second.next());
        if turns.len() == before {
            break;
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns_and_the_first_keeps_its_place() {
        let mixed = addresses(&["::1", "::2", "::3", "1.1.1.1", "::4", "2.2.2.2"]);
        assert_eq!(in_turns(&mixed), addresses(&["::1", "1.1.1.1", "::2", "2.2.2.2", "::3", "::4"]));
        assert_eq!(in_turns(&addresses(&["1.1.1.1"; 20])).len(), ADDRESSES_DIALLED);
        assert_eq!(in_turns(&[]), addresses(&[]));
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_passed_over_for_the_next() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (stream, address) = dial_any(&Kernel, &addresses(&["127.0.0.2", "127.0.0.1"]), port).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap().ip(), addresses(&["127.0.0.1"])[0]);
        assert_eq!(address, addresses(&["127.0.0.1"])[0]);
    }

    #[tokio::test]
    async fn a_peer_other_than_the_dialled_address_is_not_accepted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(dial_any(&Kernel, &addresses(&["0.0.0.0"]), port).await.is_err());
    }

    #[tokio::test]
    async fn no_address_is_an_error() {
        assert!(dial_any(&Kernel, &[], 80).await.is_err());
    }
}
