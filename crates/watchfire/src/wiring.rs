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
use model::limits::INTAKE_BUDGET_BYTES;
use pipeline::egress::{Egress, EgressConfig, SystemResolver};
use pipeline::{Budget, DirectoryHandle, Pipeline, Settings};
use store::sqlite::{FolderLock, Sqlite};
use store::{Store, StoreError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use web::App;
use web::api::ApiState;
use web::ingest::Ingest;

/// How long requests that are being answered, and attempts that are on the wire, may take when the server stops.
const DRAIN: Duration = Duration::from_secs(10);

/// What is taken before anything runs: the folder, the address, the store.
pub struct Opened {
    lock: FolderLock,
    listener: TcpListener,
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
}

/// A server that runs.
pub struct Running {
    _lock: FolderLock,
    store: Arc<Sqlite>,
    pipeline: Pipeline,
    stopping: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The store does not open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: choose another address with --listen")]
    Listen {
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
    /// Takes the folder and the address, so that a second server on either fails before it does anything.
    ///
    /// # Errors
    /// The folder is served already, the address is taken, or the store does not open.
    pub async fn open(folder: &Path, listen: SocketAddr) -> Result<Opened, StartError> {
        let lock = FolderLock::take(folder)?;
        let failed = |source| StartError::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let store = Arc::new(Sqlite::open(folder)?);
        Ok(Opened { lock, listener, address, store })
    }
}

impl Running {
    /// Starts everything.
    ///
    /// # Errors
    /// See [`StartError`].
    pub async fn start(opened: Opened, plan: Plan) -> Result<Running, StartError> {
        let Opened { lock, listener, address: _, store } = opened;
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
        })
        .await?;
        let ingest = Ingest {
            recorder: pipeline.recorder(),
            directory: Arc::clone(&directory),
            clock: Arc::clone(&clock),
            budget: Budget::new(INTAKE_BUDGET_BYTES),
            base_url: url.clone(),
            trusted_proxies: plan.trusted_proxies,
            random,
        };
        let api = ApiState { store: shared, directory, clock, policy: Arc::new(policy), base_url: url, random };
        let router = web::router(App { ingest: Arc::new(ingest), api: Arc::new(api) });
        let (stopping, stop) = watch::channel(false);
        let serving = tokio::spawn(web::server::serve(listener, router, stop, DRAIN));
        Ok(Running { _lock: lock, store, pipeline, stopping, serving })
    }

    /// Stops: no new requests, those under way answered, attempts on the wire awaited, leases given back.
    pub async fn stop(self) {
        self.stopping.send_replace(true);
        if self.serving.await.is_err() {
            tracing::error!("the server's accept loop panicked");
        }
        self.pipeline.stop(DRAIN).await;
        self.store.close().await;
    }
}

/// The policy, and no hook on our own origin: its errors would make webhooks for ever.
fn own_policy(mut policy: Policy, own_url: &str) -> Policy {
    if let Some(origin) = Origin::of_own_url(own_url) {
        policy.refuse_origin(origin);
    }
    policy
}

fn egress(policy: Policy, ca: Option<&[u8]>) -> Result<Egress, StartError> {
    let resolver = Arc::new(SystemResolver::new()?);
    Ok(Egress::new(EgressConfig { policy, resolver, extra_roots_pem: ca })?)
}
