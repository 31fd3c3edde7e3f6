//! The guard with nothing behind it: the real client, with names that lead where the self-test says and sockets that are
//! noted and never opened.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::attempt::Outcome;
use model::egress::{Policy, UrlRefusal};
use pipeline::egress::{Answers, Connections, Destination, Dial, Egress, Request, ResolveError, Resolver};
use tokio::net::TcpStream;

use super::super::LOOK_UP_SECONDS;
use crate::wiring::{StartError, egress_to_test};

/// Where a public name leads; the self-test dials it, and nobody answers.
const SOMEWHERE_PUBLIC: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(1, 1, 1, 1));

type Promise<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The client, its names and its sockets.
pub(super) struct Guard {
    egress: Egress,
    names: Arc<Names>,
    sockets: Arc<Sockets>,
}

/// What an attempt came to.
pub(super) struct Tried {
    pub(super) outcome: Outcome,
    /// Every address that a socket would have been opened to.
    pub(super) dialled: Vec<SocketAddr>,
}

#[derive(Default)]
struct Names(Mutex<HashMap<String, IpAddr>>);

#[derive(Default)]
struct Sockets(Mutex<Vec<SocketAddr>>);

impl Guard {
    /// Under this policy.
    pub(super) fn new(policy: Policy) -> Result<Self, StartError> {
        let (names, sockets) = (Arc::<Names>::default(), Arc::<Sockets>::default());
        let egress =
            egress_to_test(policy, Arc::clone(&names) as Arc<dyn Resolver>, Arc::clone(&sockets) as Arc<dyn Dial>)?;
        Ok(Guard { egress, names, sockets })
    }

    /// An attempt at a URL.
    pub(super) async fn try_url(&self, url: &str) -> Result<Tried, UrlRefusal> {
        let destination = self.egress.destination(url)?;
        Ok(self.attempt(&destination).await)
    }

    /// An attempt at a name that leads to this address.
    pub(super) async fn try_answer(&self, address: IpAddr) -> Result<Tried, UrlRefusal> {
        self.try_url(&format!("https://{}/", self.names.leading_to(address))).await
    }

    async fn attempt(&self, destination: &Destination) -> Tried {
        let connections = Connections::new(0);
        let request = Request { destination, headers: &[], body: Default::default() };
        self.sockets.dialled().clear();
        let attempt = self.egress.send(&connections, request, Duration::from_secs(LOOK_UP_SECONDS)).await;
        Tried { outcome: attempt.outcome, dialled: std::mem::take(&mut *self.sockets.dialled()) }
    }
}

impl Names {
    fn leading_to(&self, address: IpAddr) -> String {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = format!("selftest-{}.example.com", names.len());
        names.insert(name.clone(), address);
        name
    }
}

impl Resolver for Names {
    fn resolve(&self, name: Arc<str>) -> Promise<Result<Answers, ResolveError>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&*name).copied();
        // As the service of that name does: the address is in the name.
        let spelled = || name.strip_suffix(".nip.io").and_then(|address| address.parse().ok());
        let address = known.or_else(spelled).unwrap_or(SOMEWHERE_PUBLIC);
        Box::pin(std::future::ready(Ok(Answers { addresses: Arc::new([address]), time_to_live: Duration::ZERO })))
    }
}

impl Sockets {
    fn dialled(&self) -> MutexGuard<'_, Vec<SocketAddr>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dial for Sockets {
    fn dial(&self, address: SocketAddr) -> Promise<io::Result<TcpStream>> {
        self.dialled().push(address);
        Box::pin(std::future::ready(Err(io::ErrorKind::ConnectionRefused.into())))
    }
}
