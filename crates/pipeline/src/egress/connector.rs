//! Making a connection, guarded.
//!
//! Responsible for the order that makes the guard hold: resolve, judge *every* answer, dial only judged addresses, compare
//! the peer, then TLS for the host of the URL. Refuses proxies, search lists and second thoughts: nothing here reads the
//! environment. Called by the client when no connection of the lane can be used.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use model::attempt::{Outcome, Unreachable};
use model::egress::{AddressClass, AddressRefusal, Host, Policy, judge_address};
use rustls::ClientConfig;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::attempt::{Failure, Progress, Step};
use super::connection::{Connection, Leads};
use super::destination::Destination;
use super::dial::{Dial, dial_any};
use super::expiry;
use super::meter::Meter;
use super::resolver::{Names, ResolveError, Resolver};
use super::stream::{Metered, Open, Stream};
use super::wire::Wire;

pub(super) struct Connector {
    policy: Arc<Policy>,
    names: Names,
    tls: TlsConnector,
    dial: Arc<dyn Dial>,
    /// Connections that are open.
    open: Arc<AtomicU64>,
}

/// What the connector is made of.
pub(super) struct Parts {
    pub(super) policy: Arc<Policy>,
    pub(super) resolver: Arc<dyn Resolver>,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) dial: Arc<dyn Dial>,
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
    pub(super) fn new(parts: Parts) -> Self {
        let Parts { policy, resolver, tls, dial } = parts;
        let (names, tls) = (Names::new(resolver), TlsConnector::from(tls));
        Connector { policy, names, tls, dial, open: Arc::default() }
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
        let dialled = dial_any(&*self.dial, &addresses, destination.target().port()).await;
        let (stream, address) = dialled.map_err(|error| {
            tracing::debug!(host.authority = destination.target().authority(), error = %error, "no connection");
            // One text for a closed port, a filtered one and a missing machine: it must not map a network.
            Failure::new(Outcome::Unreachable(Unreachable::Connect), "no connection to the host could be made")
        })?;
        progress.peer.class = Some(AddressClass::of(address));
        let meter = Meter::new();
        let open = Open::new(&self.open);
        let stream = match destination.server_name() {
            None => Stream::Clear(stream),
            Some(server_name) => {
                progress.enter(Step::Tls);
                let wire = Wire { socket: stream, meter: Arc::clone(&meter) };
                let connected = self.tls.connect(server_name.clone(), wire).await;
                let stream = connected.map_err(|error| {
                    progress.peer.certificate_expires = super::tls::expired_at(&error);
                    super::tls::failure(&error)
                })?;
                progress.peer.certificate_expires = leaf_expires(&stream);
                Stream::Tls(Box::new(stream))
            }
        };
        progress.enter(Step::Answer);
        let peer = progress.peer;
        let stream = Metered::new(stream, Arc::clone(&meter), open);
        Connection::open(stream, Leads { meter, peer, origin: Arc::clone(destination.origin()) }).await
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
                    address.class = refusal.class().as_str(),
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

fn leaf_expires(stream: &TlsStream<Wire>) -> Option<i64> {
    let (_, session) = stream.get_ref();
    session.peer_certificates().and_then(<[_]>::first).and_then(|leaf| expiry::expires_at(leaf))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use futures_util::future::BoxFuture;

    use super::*;
    use crate::egress::Answers;
    use crate::egress::dial::Kernel;

    struct Mixed;

    impl Resolver for Mixed {
        fn resolve(&self, _name: Arc<str>) -> BoxFuture<'static, Result<Answers, ResolveError>> {
            let addresses = ["1.1.1.1", "10.0.0.1", "::1"].map(|text| text.parse().unwrap()).into();
            std::future::ready(Ok(Answers { addresses, time_to_live: Duration::ZERO })).boxed()
        }
    }

    #[tokio::test]
    async fn every_address_of_a_name_is_told_with_its_verdict_and_one_refused_refuses_the_connection() {
        let policy = Arc::new(Policy::default());
        let connector = Connector::new(Parts {
            policy: Arc::clone(&policy),
            resolver: Arc::new(Mixed),
            tls: crate::egress::tls::client_config(None).unwrap(),
            dial: Arc::new(Kernel),
        });
        let target = model::egress::judge_url("https://hooks.example.com/", &policy).unwrap();
        let destination = Destination::new(target).unwrap();
        let judged = connector.judge_all(&destination).await.unwrap();
        let classes: Vec<_> = judged.iter().map(|judged| judged.verdict.err().map(AddressRefusal::class)).collect();
        assert_eq!(classes, [None, Some(AddressClass::Private), Some(AddressClass::Loopback)]);
        assert!(connector.judged_addresses(&destination).await.is_err());
    }
}
