//! The guarded HTTP/1.1 client: the only connection to an address that a user chose.
//!
//! Responsible for one attempt at a time, from the DNS question to the last byte of the answer that is read, under one
//! deadline, ending in a named outcome. The only place that reads a receiver's status. Refuses redirects, proxies,
//! upgrades and unbounded answers, and does not decide what an outcome means for the delivery or the lane. Called by the
//! sender of each lane, and by the command line to explain a URL.
//!
//! An attempt passes these rooms: `destination` (the URL, judged and prepared), `connections` (one of the lane's that is
//! still warm), else `connector` (resolve, judge, `dial`, TLS), then `connection` (the exchange, over a `stream` that counts
//! bytes), while `attempt` collects what happened and `excerpt` what is kept of the answer.

mod attempt;
mod connection;
mod connections;
mod connector;
mod destination;
mod dial;
mod excerpt;
mod expiry;
mod meter;
mod resolver;
mod retry_after;
mod stream;
mod system_resolver;
mod tls;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use http_body_util::Full;
use model::egress::{Policy, UrlRefusal, judge_url};

pub use attempt::{Attempt, Timings};
pub use connection::RESPONSE_HEADERS_MAX;
pub use connections::Connections;
pub use connector::JudgedAddress;
pub use destination::Destination;
pub use dial::Dial;
pub use excerpt::Excerpt;
pub use resolver::{Answers, ResolveError, Resolver};
pub use retry_after::RetryAfter;
pub use system_resolver::{Machine, ResolverSetupError, SystemResolver};
pub use tls::TlsSetupError;

use attempt::{Failure, Progress};
use connection::{Connection, Exchanged};
use connector::{Connector, Parts};
use dial::Kernel;

/// The guarded client, shared by all lanes. It holds no connection: each lane brings its own.
pub struct Egress {
    policy: Arc<Policy>,
    connector: Connector,
}

/// What the client is made of.
pub struct EgressConfig<'a> {
    /// What may be reached.
    pub policy: Policy,
    /// Who knows the addresses of names.
    pub resolver: Arc<dyn Resolver>,
    /// Roots to trust beside the public ones, in PEM form (`--egress-ca`).
    pub extra_roots_pem: Option<&'a [u8]>,
}

/// One request: a POST of `body` with these headers. The client adds `Host`, `User-Agent`, `Accept-Encoding` and
/// `Content-Length`; a header given twice is sent once, with its last value.
pub struct Request<'a> {
    /// Where to.
    pub destination: &'a Destination,
    /// Everything else: content type, signatures, custom headers. What is marked as sensitive is masked in the excerpt.
    pub headers: &'a [(HeaderName, HeaderValue)],
    /// The signed bytes.
    pub body: Bytes,
}

const OUR_USER_AGENT: HeaderValue = HeaderValue::from_static(concat!("Watchfire/", env!("CARGO_PKG_VERSION")));
const IDENTITY: HeaderValue = HeaderValue::from_static("identity");

impl Egress {
    /// Sets the client up.
    ///
    /// # Errors
    ///
    /// [`TlsSetupError`] if the extra roots cannot be used.
    pub fn new(config: EgressConfig<'_>) -> Result<Self, TlsSetupError> {
        Self::dialling(config, Arc::new(Kernel))
    }

    /// Sets the client up with something else in the place of the kernel's sockets: to see what it would dial, or to keep it
    /// from dialling. Everything up to there is the same.
    ///
    /// # Errors
    ///
    /// [`TlsSetupError`] if the extra roots cannot be used.
    pub fn dialling(config: EgressConfig<'_>, dial: Arc<dyn Dial>) -> Result<Self, TlsSetupError> {
        let policy = Arc::new(config.policy);
        let tls = tls::client_config(config.extra_roots_pem)?;
        let connector = Connector::new(Parts { policy: Arc::clone(&policy), resolver: config.resolver, tls, dial });
        Ok(Egress { policy, connector })
    }

    /// Judges and prepares a hook's URL.
    ///
    /// # Errors
    ///
    /// [`UrlRefusal`] if the policy does not allow it, or no longer: [`Attempt::refused`] is the attempt for that.
    pub fn destination(&self, url: &str) -> Result<Destination, UrlRefusal> {
        judge_url(url, &self.policy).and_then(Destination::new)
    }

    /// Looks the host of a destination up and judges its addresses, as an attempt would. Connects to none of them.
    ///
    /// # Errors
    ///
    /// [`ResolveError`] if the name has no address, or the DNS cannot be asked. Bounded by the caller's deadline.
    pub async fn judge_addresses(&self, destination: &Destination) -> Result<Vec<JudgedAddress>, ResolveError> {
        self.connector.judge_all(destination).await
    }

    /// How many connections to receivers are open, warm ones included.
    pub fn open_connections(&self) -> u64 {
        self.connector.open_connections()
    }

    /// Makes one attempt, on a warm connection of the lane or a new one, which the lane gets to keep.
    ///
    /// `deadline` covers everything. Dropping the future breaks the attempt off; the request may have been sent.
    pub async fn send(&self, connections: &Connections, request: Request<'_>, deadline: Duration) -> Attempt {
        let mut progress = Progress::new();
        let until = progress.started() + deadline;
        let result = match tokio::time::timeout_at(until, self.attempt(connections, &request, &mut progress)).await {
            Ok(result) => result,
            Err(_) => progress.deadline_passed(deadline),
        };
        progress.end(result, request.headers)
    }

    async fn attempt(
        &self,
        connections: &Connections,
        request: &Request<'_>,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        if let Some(mut warm) = connections.take(request.destination.origin()) {
            progress.use_warm(warm.meter(), warm.peer());
            let exchanged = warm.exchange(request.to_http(), progress).await;
            let is_stale = exchanged.is_err() && warm.meter().first_byte().is_none();
            if !is_stale {
                return keep(connections, warm, progress, exchanged);
            }
            progress.give_up_stale();
        }
        // Boxed, so that the future of an attempt on a warm connection stays small.
        let mut fresh = Box::pin(self.connector.connect(request.destination, progress)).await?;
        progress.use_fresh(fresh.meter(), fresh.peer());
        let exchanged = fresh.exchange(request.to_http(), progress).await;
        keep(connections, fresh, progress, exchanged)
    }
}

impl Request<'_> {
    /// Every header that is sent, but for the length, which follows from the body.
    pub(crate) fn all_headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(self.headers.len() + 4);
        headers.insert(HOST, self.destination.host_header().clone());
        headers.insert(USER_AGENT, OUR_USER_AGENT);
        headers.insert(ACCEPT_ENCODING, IDENTITY);
        for (name, value) in self.headers {
            headers.insert(name, value.clone());
        }
        headers
    }

    fn to_http(&self) -> http::Request<Full<Bytes>> {
        let mut request = http::Request::new(Full::new(self.body.clone()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.destination.request_line().clone();
        *request.headers_mut() = self.all_headers();
        request
    }
}

fn keep(
    connections: &Connections,
    connection: Box<Connection>,
    progress: &mut Progress,
    exchanged: Result<Exchanged, Failure>,
) -> Result<(), Failure> {
    if let Exchanged::Whole { keep_alive } = exchanged? {
        progress.let_go();
        connections.put(connection, keep_alive);
    }
    Ok(())
}
