//! The one place where the parts meet: clock, store, egress, directory, pipeline and HTTP server, started and stopped in
//! the order in which nothing is lost.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use ipnet::IpNet;
use model::clock::{Clock, StoreClock};
use model::egress::{Origin, Policy};
use model::ids::Millis;
use model::limits::{CONNECTIONS, INTAKE_BUDGET_BYTES, METRICS_CONNECTIONS};
use pipeline::egress::{Dial, Egress, EgressConfig, Resolver, SystemResolver};
use pipeline::{Budget, DirectoryHandle, Pipeline, Settings};
use store::sqlite::{FolderLock, Sqlite};
use store::{Store, StoreError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use web::App;
use web::api::{ApiState, DoctorPlaces};
use web::auth::TokenThrottle;
use web::client::TrustedProxies;
use web::ingest::{Ingest, KeyRates, Outcomes};
use web::metrics::{self, Metrics, Sources};
use web::server::{Door, Figures, Limits, come_back};

/// How long requests that are being answered, and attempts that are on the wire, may take when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// Where to listen.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// For everybody.
    pub main: SocketAddr,
    /// For who reads metrics.
    pub metrics: Option<SocketAddr>,
}

/// What is taken before anything runs: the folder, the addresses, the store.
pub struct Opened {
    lock: FolderLock,
    listener: TcpListener,
    metrics: Option<TcpListener>,
    /// Where it listens.
    pub address: SocketAddr,
    /// Its store.
    pub store: Arc<Sqlite>,
}

/// What `serve` was told, as meant.
pub struct Plan {
    /// The origin under which people reach this server, without a final slash.
    pub url: String,
    /// Whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<IpNet>,
    /// Where hooks may point.
    pub policy: Policy,
    /// More certificate authorities for hooks, PEM.
    pub egress_ca: Option<Vec<u8>>,
    /// How long events and deliveries are kept.
    pub retention: Duration,
    /// Whether metrics are shown to everybody too.
    pub metrics_on_main: bool,
}

/// A server that runs.
pub struct Running {
    _lock: FolderLock,
    store: Arc<Sqlite>,
    pipeline: Pipeline,
    stopping: watch::Sender<bool>,
    serving: Vec<JoinHandle<()>>,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: choose another address with {flag}")]
    Listen {
        /// What chooses the address.
        flag: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The system's resolver cannot be used.
    #[error("the system's DNS settings cannot be read")]
    Resolver(#[from] pipeline::egress::ResolverSetupError),
    /// The certificate authorities cannot be used.
    #[error("the certificates of --egress-ca cannot be used")]
    Tls(#[from] pipeline::egress::TlsSetupError),
}

/// The machine's clocks.
pub struct SystemClock {
    started: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock { started: Instant::now() }
    }
}

impl Clock for SystemClock {
    fn wall(&self) -> Millis {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn monotonic(&self) -> Duration {
        self.started.elapsed()
    }
}

/// The store's time, from the machine's clocks.
pub fn system_clock() -> Arc<StoreClock> {
    Arc::new(StoreClock::start(Arc::new(SystemClock::default())))
}

/// Random bytes from the system.
pub fn random(bytes: &mut [u8]) {
    // Without them no secret and no id can be made: there is nothing sensible to go on with.
    if getrandom::fill(bytes).is_err() {
        tracing::error!("the system gives no random bytes");
        std::process::abort();
    }
}

impl Opened {
    /// Takes the folder and the addresses, so that a second server on any of them fails before it does anything.
    ///
    /// # Errors
    /// The folder is served already, an address is taken, or the store does not open.
    pub async fn open(folder: &Path, addresses: Addresses) -> Result<Opened, StartError> {
        let lock = FolderLock::take(folder)?;
        let (listener, address) = listen(addresses.main, "--listen").await?;
        let metrics = match addresses.metrics {
            Some(address) => {
                let (listener, address) = listen(address, "--metrics-listen").await?;
                tracing::info!(address = %address, "metrics are shown at /metrics");
                Some(listener)
            }
            None => None,
        };
        let store = Arc::new(Sqlite::open(folder)?);
        Ok(Opened { lock, listener, metrics, address, store })
    }
}

impl Running {
    /// Starts everything.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(opened: Opened, plan: Plan) -> Result<Running, StartError> {
        let Opened { lock, listener, metrics: metrics_listener, address: _, store } = opened;
        let url = plan.url;
        let clock = system_clock();
        let policy = own_policy(plan.policy, &url);
        let egress = Arc::new(egress(policy.clone(), plan.egress_ca.as_deref())?);
        let shared: Arc<dyn Store> = Arc::clone(&store) as _;
        let directory = Arc::new(DirectoryHandle::open(Arc::clone(&shared), Arc::clone(&egress)).await?);
        let pipeline = Pipeline::start(Settings {
            store: Arc::clone(&shared),
            egress: Arc::clone(&egress),
            directory: Arc::clone(&directory),
            clock: Arc::clone(&clock),
            retention: plan.retention,
            random,
        })
        .await?;
        let outcomes = Arc::<Outcomes>::default();
        let trusted_proxies = TrustedProxies(plan.trusted_proxies);
        let tokens = Arc::<TokenThrottle>::default();
        let connections = Arc::<Figures>::default();
        let budget = Budget::new(INTAKE_BUDGET_BYTES);
        let metrics = Arc::new(Metrics::new(Sources {
            pipeline: pipeline.metrics(),
            gauges: pipeline.gauges(),
            ingest: Arc::clone(&outcomes),
            intake: budget.clone(),
            tokens: Arc::clone(&tokens),
            connections: Arc::clone(&connections),
        }));
        let ingest = Ingest {
            recorder: pipeline.recorder(),
            directory: Arc::clone(&directory),
            clock: Arc::clone(&clock),
            budget,
            base_url: url.clone(),
            trusted_proxies: trusted_proxies.clone(),
            key_rates: KeyRates::default(),
            random,
            outcomes,
        };
        let (sending, feed) = (pipeline.sending(), pipeline.feed());
        let api = ApiState {
            store: shared,
            directory,
            sending,
            gauges: Some(pipeline.gauges()),
            feed,
            clock,
            policy: Arc::new(policy),
            base_url: url,
            trusted_proxies,
            tokens,
            doctor: DoctorPlaces::default(),
            random,
        };
        let on_main = plan.metrics_on_main.then(|| Arc::clone(&metrics));
        let ingest = Arc::new(ingest);
        let refusals = web::refusals(Arc::clone(&ingest));
        let router = web::router(App { ingest, api: Arc::new(api), metrics: on_main });
        let limits = Limits::of_product(CONNECTIONS);
        let main = Door { listener, router, refusals, limits, figures: connections };
        let (stopping, stop) = watch::channel(false);
        let doors = std::iter::once(main).chain(metrics_listener.map(|listener| metrics_door(listener, metrics)));
        let serving = doors.map(|door| tokio::spawn(door.serve(stop.clone(), DRAIN))).collect();
        Ok(Running { _lock: lock, store, pipeline, stopping, serving })
    }

    /// Stops: no new requests, those under way answered, attempts on the wire awaited, leases given back.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        // A live stream ends only when it is told to.
        self.pipeline.feed().close();
        for serving in self.serving {
            if serving.await.is_err() {
                tracing::error!("the server's accept loop panicked");
            }
        }
        self.pipeline.stop(DRAIN).await;
        self.store.close().await;
    }
}

/// The door for whoever reads metrics, and nothing else.
fn metrics_door(listener: TcpListener, metrics: Arc<Metrics>) -> Door {
    Door {
        listener,
        router: metrics::router(metrics),
        refusals: come_back(),
        limits: Limits::of_product(METRICS_CONNECTIONS),
        figures: Arc::default(),
    }
}

/// The guarded client as `serve` has it under this policy and URL, to ask what it would do. It is not for sending: it knows no
/// more certificate authorities than the public ones.
///
/// # Errors
/// The system's resolver cannot be used.
pub fn egress_to_ask(policy: Policy, own_url: &str) -> Result<Egress, StartError> {
    egress(own_policy(policy, own_url), None)
}

/// The same with a resolver that was made before.
///
/// # Errors
/// TLS cannot be set up.
pub fn egress_to_ask_with(policy: Policy, resolver: Arc<SystemResolver>) -> Result<Egress, StartError> {
    Ok(Egress::new(EgressConfig { policy, resolver, extra_roots_pem: None })?)
}

/// The guarded client with other names and other sockets than this machine's: nothing leaves it.
///
/// # Errors
/// TLS cannot be set up.
pub fn egress_to_test(policy: Policy, resolver: Arc<dyn Resolver>, dial: Arc<dyn Dial>) -> Result<Egress, StartError> {
    Ok(Egress::dialling(EgressConfig { policy, resolver, extra_roots_pem: None }, dial)?)
}

/// The resolver that `serve` uses.
///
/// # Errors
/// The system's configuration cannot be used.
pub fn system_resolver() -> Result<SystemResolver, StartError> {
    Ok(SystemResolver::new()?)
}

/// Takes the address that `flag` chose; gives also the one that it became, where the port was left to the system.
async fn listen(address: SocketAddr, flag: &'static str) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { flag, address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

/// The policy, and no hook on our own origin: its errors would make webhooks for ever.
pub fn own_policy(mut policy: Policy, own_url: &str) -> Policy {
    if let Some(origin) = Origin::of_own_url(own_url) {
        policy.refuse_origin(origin);
    }
    policy
}

fn egress(policy: Policy, ca: Option<&[u8]>) -> Result<Egress, StartError> {
    let resolver = Arc::new(system_resolver()?);
    Ok(Egress::new(EgressConfig { policy, resolver, extra_roots_pem: ca })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_address_that_is_taken_is_refused_with_the_flag_that_chose_it() {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let listener = TcpListener::bind(any).await.unwrap();
        let taken = listener.local_addr().unwrap();
        for (main, metrics, flag) in [(taken, None, "--listen"), (any, Some(taken), "--metrics-listen")] {
            let folder = tempfile::tempdir().unwrap();
            let refused = Opened::open(folder.path(), Addresses { main, metrics }).await.err().unwrap();
            let text = format!("cannot listen on {taken}: choose another address with {flag}");
            assert_eq!(refused.to_string(), text);
        }
    }
}
