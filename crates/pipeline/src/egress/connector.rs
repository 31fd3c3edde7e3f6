//! Making a connection, guarded.
//!
//! Responsible for the order that makes the guard hold: resolve, judge *every* answer, dial only judged addresses, compare
//! the peer, then TLS for the host of the URL. Refuses proxies, search lists and second thoughts: nothing here reads the
//! environment. Called by the client when no connection of the lane can be used.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use model::attempt::{Outcome, Unreachable};
use model::egress::{AddressRefusal, Host, Policy, judge_address};
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::attempt::{Failure, Progress, Step};
use super::connection::Connection;
use super::destination::Destination;
use super::resolver::{Names, ResolveError, Resolver};
use super::stream::{Meter, Metered, Open, Stream};

/// The next address is tried beside one that has not answered for this long (RFC 8305 calls it the attempt delay).
const NEXT_ADDRESS_AFTER: Duration = Duration::from_millis(250);
/// Of a name with more addresses only the first are tried; all are judged.
const ADDRESSES_TRIED_MAX: usize = 6;

pub(super) struct Connector {
    policy: Arc<Policy>,
    names: Names,
    tls: TlsConnector,
    /// Connections that are open.
    open: Arc<AtomicU64>,
}

/// An address that a connection might be made to, and whether it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgedAddress {
    /// The address.
    pub address: IpAddr,
    /// What the policy says.
    pub verdict: Result<(), AddressRefusal>,
}

impl Connector {
    pub(super) fn new(policy: Arc<Policy>, resolver: Arc<dyn Resolver>, tls: Arc<ClientConfig>) -> Self {
        Connector { policy, names: Names::new(resolver), tls: TlsConnector::from(tls), open: Arc::default() }
    }

    pub(super) fn open_connections(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    pub(super) async fn connect(
        &self,
        destination: &Destination,
        progress: &mut Progress,
    ) -> Result<Box<Connection>, Failure> {
        progress.enter(Step::Resolve);
        let addresses = self.judged_addresses(destination).await?;
        progress.enter(Step::Connect);
        let stream = dial(&addresses, destination.target().port()).await.map_err(|error| {
            tracing::debug!(host.authority = destination.target().authority(), error = %error, "no connection");
            // One text for a closed port, a filtered one and a missing machine: it must not map a network.
            Failure::new(Outcome::Unreachable(Unreachable::Connect), "no connection to the host could be made")
        })?;
        let open = Open::new(&self.open);
        let stream = match destination.server_name() {
            None => Stream::Clear(stream),
            Some(server_name) => {
                progress.enter(Step::Tls);
                let connected = self.tls.connect(server_name.clone(), stream).await;
                Stream::Tls(Box::new(connected.map_err(|error| super::tls::failure(&error))?))
            }
        };
        progress.enter(Step::Answer);
        let meter = Meter::new();
        let stream = Metered::new(stream, Arc::clone(&meter), open);
        Connection::open(stream, meter, Arc::clone(destination.origin())).await
    }

    /// The addresses to dial. One that is refused refuses them all: whoever mixes a private address among public ones is
    /// not to be trusted with the public ones.
    async fn judged_addresses(&self, destination: &Destination) -> Result<Arc<[IpAddr]>, Failure> {
        let unreachable = |error: ResolveError| Failure::new(Outcome::Unreachable(Unreachable::Dns), error.to_string());
        let addresses = self.addresses(destination).await.map_err(unreachable)?;
        for address in addresses.iter() {
            judge_address(*address, &self.policy).map_err(|refusal| {
                tracing::debug!(
                    host.authority = destination.target().authority(),
                    address.range = refusal.range(),
                    "the egress policy refused an address"
                );
                Failure::new(Outcome::RefusedAddress, "the host has an address that is not allowed")
            })?;
        }
        Ok(addresses)
    }

    /// All addresses of the host, each judged as a connection would judge it.
    pub(super) async fn judge_all(&self, destination: &Destination) -> Result<Vec<JudgedAddress>, ResolveError> {
        let addresses = self.addresses(destination).await?;
        let judged =
            |address: &IpAddr| JudgedAddress { address: *address, verdict: judge_address(*address, &self.policy) };
        Ok(addresses.iter().map(judged).collect())
    }

    async fn addresses(&self, destination: &Destination) -> Result<Arc<[IpAddr]>, ResolveError> {
        match destination.target().host() {
            Host::Address(address) => Ok(Arc::from([*address])),
            Host::Name(_) => self.names.addresses(destination.name()).await,
        }
    }
}

/// Connects to the first of the addresses that accepts, starting the next beside one that is slow.
async fn dial(addresses: &[IpAddr], port: u16) -> io::Result<TcpStream> {
    let mut waiting = in_turns(addresses).into_iter().map(|address| SocketAddr::new(address, port)).peekable();
    let mut dialling = FuturesUnordered::new();
    let mut last_error = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if let Some(address) = waiting.next() {
            dialling.push(dial_one(address));
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
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => last_error = error,
            None => return Err(last_error),
        }
    }
}

async fn dial_one(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    // The kernel takes some addresses for others (0.0.0.0 for this machine): what was judged must be what answered.
    if stream.peer_addr()? != address {
        return Err(io::Error::from(io::ErrorKind::AddrNotAvailable));
    }
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The addresses with their families in turns, so that a family that leads nowhere costs one wait and not several.
fn in_turns(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let starts_with_v6 = addresses.first().is_some_and(IpAddr::is_ipv6);
    let mut first = addresses.iter().filter(|address| address.is_ipv6() == starts_with_v6);
    let mut second = addresses.iter().filter(|address| address.is_ipv6() != starts_with_v6);
    let mut turns = Vec::with_capacity(addresses.len().min(ADDRESSES_TRIED_MAX));
    while turns.len() < ADDRESSES_TRIED_MAX {
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
    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;
    use tokio::net::TcpListener;

    use super::*;
    use crate::egress::Answers;

    fn addresses(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn families_take_turns_and_the_first_keeps_its_place() {
        let mixed = addresses(&["::1", "::2", "::3", "1.1.1.1", "::4", "2.2.2.2"]);
        assert_eq!(in_turns(&mixed), addresses(&["::1", "1.1.1.1", "::2", "2.2.2.2", "::3", "::4"]));
        assert_eq!(in_turns(&addresses(&["1.1.1.1"; 20])).len(), ADDRESSES_TRIED_MAX);
        assert_eq!(in_turns(&[]), addresses(&[]));
    }

    #[tokio::test]
    async fn an_address_that_refuses_is_passed_over_for_the_next() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let stream = dial(&addresses(&["127.0.0.2", "127.0.0.1"]), port).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap().ip(), addresses(&["127.0.0.1"])[0]);
    }

    #[tokio::test]
    async fn a_peer_other_than_the_dialled_address_is_not_accepted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        assert!(dial(&addresses(&["0.0.0.0"]), port).await.is_err());
    }

    struct Mixed;

    impl Resolver for Mixed {
        fn resolve(&self, _name: Arc<str>) -> BoxFuture<'static, Result<Answers, ResolveError>> {
            let addresses = addresses(&["1.1.1.1", "10.0.0.1", "::1"]).into();
            std::future::ready(Ok(Answers { addresses, time_to_live: Duration::ZERO })).boxed()
        }
    }

    #[tokio::test]
    async fn every_address_of_a_name_is_told_with_its_verdict_and_one_refused_refuses_the_connection() {
        let policy = Arc::new(Policy::default());
        let connector =
            Connector::new(Arc::clone(&policy), Arc::new(Mixed), crate::egress::tls::client_config(None).unwrap());
        let target = model::egress::judge_url("https://hooks.example.com/", &policy).unwrap();
        let destination = Destination::new(target).unwrap();
        let judged = connector.judge_all(&destination).await.unwrap();
        let ranges: Vec<_> = judged.iter().map(|judged| judged.verdict.err().map(AddressRefusal::range)).collect();
        assert_eq!(ranges, [None, Some("private"), Some("loopback")]);
        assert!(connector.judged_addresses(&destination).await.is_err());
    }

    #[tokio::test]
    async fn no_address_is_an_error() {
        assert!(dial(&[], 80).await.is_err());
    }
}
