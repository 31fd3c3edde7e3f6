//! A client with what it needs, in few words.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, pending, ready};
use http::{HeaderName, HeaderValue};
use model::egress::Policy;
use tokio::net::TcpStream;
use watchfire_pipeline::egress::{
    Answers, Attempt, Connections, Destination, Dial, Egress, EgressConfig, Request, ResolveError, Resolver,
};

pub(crate) const BODY: &[u8] = br#"{"id":"1"}"#;
/// For receivers that answer.
pub(crate) const AMPLE: Duration = Duration::from_secs(20);
/// For receivers that never do.
pub(crate) const SHORT: Duration = Duration::from_millis(500);

/// One lane's worth of client.
pub(crate) struct Client {
    pub(crate) egress: Egress,
    pub(crate) connections: Connections,
}

/// Knows the names that a test gives it; each lookup takes the next of a name's answers, and stays with the last.
#[derive(Default)]
pub(crate) struct Names(Mutex<HashMap<&'static str, Vec<Known>>>);

/// In the kernel's place: notes every address that a socket would be opened to. Clones share their notes.
#[derive(Clone)]
pub(crate) struct Sockets {
    dialled: Arc<Mutex<Vec<SocketAddr>>>,
    then: Then,
}

#[derive(Clone, Copy)]
enum Then {
    Fail(io::ErrorKind),
    ConnectTo(SocketAddr),
}

#[derive(Clone)]
enum Known {
    Addresses(Vec<IpAddr>),
    Error(ResolveError),
    Silence,
}

impl Client {
    pub(crate) fn new(policy: Policy, names: Names, extra_roots_pem: Option<&str>) -> Self {
        let extra_roots_pem = extra_roots_pem.map(str::as_bytes);
        let config = EgressConfig { policy, resolver: Arc::new(names), extra_roots_pem };
        Client { egress: Egress::new(config).unwrap(), connections: Connections::new(4) }
    }

    /// A client that opens no sockets but asks these to.
    pub(crate) fn dialling(policy: Policy, resolver: impl Resolver, sockets: &Sockets) -> Self {
        let config = EgressConfig { policy, resolver: Arc::new(resolver), extra_roots_pem: None };
        let egress = Egress::dialling(config, Arc::new(sockets.clone())).unwrap();
        Client { egress, connections: Connections::new(4) }
    }

    /// A client that may reach this machine.
    pub(crate) fn dev() -> Self {
        Self::new(Policy::dev(), Names::default(), None)
    }

    pub(crate) async fn post(&self, url: &str) -> Attempt {
        self.post_within(url, AMPLE).await
    }

    pub(crate) async fn post_within(&self, url: &str, deadline: Duration) -> Attempt {
        self.post_with(url, &[], deadline).await
    }

    pub(crate) async fn post_with(
        &self,
        url: &str,
        headers: &[(HeaderName, HeaderValue)],
        deadline: Duration,
    ) -> Attempt {
        let destination = self.egress.destination(url).unwrap();
        let request = Request { destination: &destination, headers, body: Bytes::from_static(BODY) };
        self.egress.send(&self.connections, request, deadline).await
    }

    /// Sends to a destination that was judged before, perhaps by another policy.
    pub(crate) async fn send_to(&self, destination: &Destination) -> Attempt {
        let request = Request { destination, headers: &[], body: Bytes::from_static(BODY) };
        self.egress.send(&self.connections, request, AMPLE).await
    }
}

impl Sockets {
    /// Each address fails like this.
    pub(crate) fn failing(kind: io::ErrorKind) -> Self {
        Sockets { dialled: Arc::default(), then: Then::Fail(kind) }
    }

    /// Whatever is dialled, this one answers.
    pub(crate) fn leading_to(address: SocketAddr) -> Self {
        Sockets { dialled: Arc::default(), then: Then::ConnectTo(address) }
    }

    /// Every address that was dialled so far.
    pub(crate) fn dialled(&self) -> Vec<SocketAddr> {
        self.dialled.lock().unwrap().clone()
    }
}

impl Dial for Sockets {
    fn dial(&self, address: SocketAddr) -> BoxFuture<'static, io::Result<TcpStream>> {
        self.dialled.lock().unwrap().push(address);
        match self.then {
            Then::Fail(kind) => ready(Err(io::Error::from(kind))).boxed(),
            Then::ConnectTo(address) => TcpStream::connect(address).boxed(),
        }
    }
}

impl Names {
    pub(crate) fn with(self, name: &'static str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        self.add(name, Known::Addresses(addresses))
    }

    pub(crate) fn with_error(self, name: &'static str, error: ResolveError) -> Self {
        self.add(name, Known::Error(error))
    }

    pub(crate) fn with_silence(self, name: &'static str) -> Self {
        self.add(name, Known::Silence)
    }

    fn add(self, name: &'static str, known: Known) -> Self {
        self.0.lock().unwrap().entry(name).or_default().push(known);
        self
    }
}

impl Resolver for Names {
    fn resolve(&self, name: Arc<str>) -> BoxFuture<'static, Result<Answers, ResolveError>> {
        let mut names = self.0.lock().unwrap();
        let answers = names.get_mut(&*name).unwrap_or_else(|| panic!("nobody told the test of {name}"));
        let known = if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() };
        match known {
            Known::Addresses(addresses) => {
                ready(Ok(Answers { addresses: addresses.into(), time_to_live: Duration::ZERO })).boxed()
            }
            Known::Error(error) => ready(Err(error)).boxed(),
            Known::Silence => pending().boxed(),
        }
    }
}

/// Moves the clock without waiting, while nothing is under way.
pub(crate) async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
