//! A receiver of webhooks on this machine.
//!
//! Responsible for real HTTP/1.1 over real sockets: it records every request as it arrived, verifies the signatures with
//! the code that receivers use, and answers as the test says. Refuses to be told what to expect: it records, the test
//! asserts. Called by tests of every crate that sends.

mod behaviour;
mod request;
mod serve;
mod signatures;

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use webhook::{Secret, Signer};

pub use behaviour::{Behaviour, Gate, Reply};
pub use request::Received;
pub use signatures::Signatures;

use crate::Certificate;
use serve::Opening;

/// A receiver on `127.0.0.1`, on a port of its own. Dropping it closes its sockets.
pub struct FakeReceiver {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

/// A test waits no longer than this for a request; then it fails with what did arrive.
const PATIENCE: Duration = Duration::from_secs(30);

struct Shared {
    state: Mutex<State>,
    arrived: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    requests: Vec<Received>,
    malformed: Vec<String>,
    connections: usize,
    next: VecDeque<Behaviour>,
    by_path: HashMap<String, Behaviour>,
    otherwise: Behaviour,
    signers: Vec<Signer>,
}

impl FakeReceiver {
    /// A receiver that speaks clear HTTP and answers 200.
    pub async fn start() -> Self {
        Self::start_with(Opening::Clear).await
    }

    /// A receiver that speaks TLS 1.2 and 1.3 with this certificate and answers 200.
    ///
    /// # Panics
    ///
    /// If the certificate and its key do not belong together.
    #[expect(clippy::unwrap_used, reason = "a test without a receiver cannot go on")]
    pub async fn start_tls(certificate: Certificate) -> Self {
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(certificate.chain, certificate.key)
            .unwrap();
        Self::start_with(Opening::Tls(TlsAcceptor::from(Arc::new(config)))).await
    }

    /// Something that is no web server: it accepts, waits for a first byte, says this, and then nothing more.
    pub async fn start_saying(bytes: impl Into<Vec<u8>>) -> Self {
        Self::start_with(Opening::Says(bytes.into().into())).await
    }

    /// The URL of a path here, by address.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// Its port on `127.0.0.1`.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Verifies the signatures of every later request against these secrets; one that matches is enough.
    pub fn expect_secrets(&self, secrets: &[Secret]) {
        self.shared.state().signers = secrets.iter().map(Signer::new).collect();
    }

    /// Answers like this where nothing else is said.
    pub fn answer(&self, behaviour: Behaviour) {
        self.shared.state().otherwise = behaviour;
    }

    /// Answers requests for this path (with its query) like this.
    pub fn answer_on(&self, path: &str, behaviour: Behaviour) {
        self.shared.state().by_path.insert(path.to_owned(), behaviour);
    }

    /// Answers the next request that has no such answer yet like this, whatever its path.
    pub fn answer_next(&self, behaviour: Behaviour) {
        self.shared.state().next.push_back(behaviour);
    }

    /// Waits until so many requests have arrived, and returns all, in the order of their arrival.
    ///
    /// # Panics
    ///
    /// If they do not arrive.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        let mut arrived = self.shared.arrived.subscribe();
        let waited = tokio::time::timeout(PATIENCE, arrived.wait_for(|arrived| *arrived >= count)).await;
        let requests = self.requests();
        assert!(waited.is_ok(), "{} of {count} requests arrived", requests.len());
        requests
    }

    /// The requests so far, in the order of their arrival.
    pub fn requests(&self) -> Vec<Received> {
        self.shared.state().requests.clone()
    }

    /// How many connections were accepted.
    pub fn connections(&self) -> usize {
        self.shared.state().connections
    }

    /// Checks that requests arrived, all well formed, and each with all three signatures valid.
    ///
    /// # Panics
    ///
    /// If not, naming the first that is not.
    pub fn assert_all_signed(&self) {
        let state = self.shared.state();
        assert!(state.malformed.is_empty(), "malformed requests: {:?}", state.malformed);
        assert!(!state.requests.is_empty(), "no request arrived");
        for request in &state.requests {
            let signatures = request.signatures.as_ref().map(Signatures::all);
            assert_eq!(signatures, Some(Ok(())), "request {} for {}", request.index, request.path);
        }
    }

    #[expect(clippy::unwrap_used, reason = "a test without a receiver cannot go on")]
    async fn start_with(opening: Opening) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = match opening {
            Opening::Tls(_) => "https",
            Opening::Clear | Opening::Says(_) => "http",
        };
        let shared = Arc::new(Shared { state: Mutex::default(), arrived: watch::Sender::new(0) });
        let serving = tokio::spawn(serve::accept(listener, opening, Arc::clone(&shared)));
        FakeReceiver { address, scheme, shared, serving }
    }
}

impl Drop for FakeReceiver {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request and says how to answer it.
    fn record(&self, mut request: Received) -> Behaviour {
        let mut state = self.state();
        request.index = state.requests.len();
        request.signatures = (!state.signers.is_empty())
            .then(|| Signatures::check(&state.signers, &request.body, |name| request.header(name)));
        let State { next, by_path, otherwise, .. } = &mut *state;
        let behaviour = next.pop_front().or_else(|| by_path.get(&request.path).cloned());
        let behaviour = behaviour.unwrap_or_else(|| otherwise.clone());
        state.requests.push(request);
        let arrived = state.requests.len();
        drop(state);
        self.arrived.send_replace(arrived);
        behaviour
    }
}
