//! The floor: the least that any program in Watchfire's place must do, written bare, as a process of its own whose CPU can be read.
//!
//! Three parts, one behind the other: a hyper server that unpacks the body and validates it as JSON without building a tree
//! (`decode`); prepared statements in batches into SQLite, answered after their commit (`ledger`, fed by `inbox`); and a hyper client
//! that signs twice and posts the same body over kept-alive connections (`post`). It authenticates nobody, normalises nothing,
//! groups nothing, keeps no attempts, survives no fault: any error ends it. `target` starts it through the hidden `floor-server`
//! command.

mod decode;
mod inbox;
mod ledger;
mod post;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::error::BenchError;
use crate::event::EVENT_ID_HEX_BYTES;
use crate::metrics::{self, Batches};
use crate::work::WorkPath;
use inbox::{Inbox, Owed};

pub(crate) use inbox::Batch;
pub(crate) use post::FloorHook;

/// The floor's database, in its data folder.
pub(crate) const DATABASE_FILE: &str = "floor.db";

/// How the floor runs.
pub(crate) struct FloorOptions {
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// An empty folder for its database.
    pub(crate) data: PathBuf,
    /// How many events one transaction takes.
    pub(crate) batch: Batch,
    /// Where it posts, on the full path.
    pub(crate) hook: Option<FloorHook>,
}

impl FloorOptions {
    /// Which part of the path it stands for.
    fn path(&self) -> WorkPath {
        if self.hook.is_some() { WorkPath::Full } else { WorkPath::Ingest }
    }
}

/// Serves until the process is ended.
///
/// # Errors
/// At once when it cannot listen or open its database, later at the first fault of any part.
pub(crate) fn serve(options: &FloorOptions) -> Result<(), BenchError> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|source| BenchError::Runtime { source })?;
    let _guard = runtime.enter();
    let inbox = Arc::new(Inbox::new(options.batch));
    let lane = options.hook.as_ref().map(|hook| post::Lane::open(hook, Arc::clone(&inbox))).transpose()?;
    let writer = ledger::Ledger::create(&options.data.join(DATABASE_FILE), options.path())?;
    let checkpoints = writer.checkpointer()?;
    let floor = Arc::new(Floor { inbox: Arc::clone(&inbox), path: options.path() });
    let write = {
        let inbox = Arc::clone(&inbox);
        move || ledger::write_batches(writer, &inbox, lane)
    };
    end_process_on_error("floor-writer", write)?;
    end_process_on_error("floor-checkpoint", move || checkpoints.run())?;
    runtime.block_on(accept(options.listen, floor))
}

/// Runs a part of the floor on its own thread. A floor without one of its parts would measure nothing, so a fault ends the process.
fn end_process_on_error<F>(name: &str, part: F) -> Result<(), BenchError>
where
    F: FnOnce() -> Result<(), BenchError> + Send + 'static,
{
    let run = move || {
        if let Err(error) = part() {
            eprintln!("floor: {}", crate::error::chain(&error));
            std::process::exit(1);
        }
    };
    std::thread::Builder::new().name(name.into()).spawn(run).map_err(|source| BenchError::Thread { source })?;
    Ok(())
}

async fn accept(listen: SocketAddr, floor: Arc<Floor>) -> Result<(), BenchError> {
    let listener = TcpListener::bind(listen).await.map_err(|source| BenchError::Listen { source })?;
    loop {
        let (stream, _) = listener.accept().await.map_err(|source| BenchError::Listen { source })?;
        stream.set_nodelay(true).map_err(|source| BenchError::Listen { source })?;
        let floor = Arc::clone(&floor);
        tokio::spawn(async move {
            let service = service_fn(|request| async { Ok::<_, Infallible>(floor.answer(request).await) });
            // A client that hangs up is the end of its connection and nothing more.
            let _ended =
                hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

/// What every connection shares.
struct Floor {
    inbox: Arc<Inbox>,
    path: WorkPath,
}

impl Floor {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() == hyper::Method::GET {
            return self.answer_get(request.uri().path());
        }
        match self.record(request.into_body()).await {
            Some(event_id) => {
                let mut text = Vec::with_capacity(EVENT_ID_HEX_BYTES + 9);
                text.extend_from_slice(b"{\"id\":\"");
                text.extend_from_slice(&event_id);
                text.extend_from_slice(b"\"}");
                let mut response = Response::new(Full::from(text));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            None => status(StatusCode::BAD_REQUEST),
        }
    }

    /// The metrics, under the server's names; anything else says that the floor is up.
    fn answer_get(&self, path: &str) -> Response<Full<Bytes>> {
        if path != metrics::PATH {
            return status(StatusCode::OK);
        }
        let (events, batches) = self.inbox.taken();
        Response::new(Full::from(metrics::render(Batches { events, batches })))
    }

    async fn record(&self, body: Incoming) -> Option<[u8; EVENT_ID_HEX_BYTES]> {
        let body = body.collect().await.ok()?.to_bytes();
        let event = decode::decode(body, self.path).ok()?;
        let event_hex = event.id.hex();
        let received_ms = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?.as_millis();
        let (owed, committed) = Owed::new(event, i64::try_from(received_ms).ok()?);
        self.inbox.put(owed);
        committed.await.ok()?;
        Some(event_hex)
    }
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response
}
