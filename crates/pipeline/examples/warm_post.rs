//! What a delivery on a warm connection costs the sender.
//!
//! `cargo run --release -p watchfire-pipeline --example warm_post` prints, for one and for 32 in flight, microseconds of
//! the sending thread's processor time and of wall time for each POST of 4 KiB over clear HTTP on this machine. The
//! receiver runs on threads of its own and is not counted.

#![expect(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to say")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use model::egress::Policy;
use rustix::time::{ClockId, clock_gettime};
use tokio::task::JoinSet;
use watchfire_pipeline::egress::{
    Answers, Connections, Destination, Egress, EgressConfig, Request, ResolveError, Resolver,
};
use webhook::headers;

const BODY_BYTES: usize = 4096;
const ROUNDS: usize = 5;
const POSTS: usize = 40_000;
const DEADLINE: Duration = Duration::from_secs(5);

struct Lane {
    egress: Egress,
    connections: Connections,
    destination: Destination,
}

struct NoNames;

impl Resolver for NoNames {
    fn resolve(&self, _name: Arc<str>) -> BoxFuture<'static, Result<Answers, ResolveError>> {
        std::future::ready(Err(ResolveError::NoSuchName)).boxed()
    }
}

fn main() {
    let address = receive();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let resolver = Arc::new(NoNames);
    let egress = Egress::new(EgressConfig { policy: Policy::dev(), resolver, extra_roots_pem: None }).unwrap();
    let destination = egress.destination(&format!("http://{address}/hook")).unwrap();
    let lane = Arc::new(Lane { egress, connections: Connections::new(32), destination });
    for in_flight in [1, 32] {
        for _ in 0..ROUNDS {
            let (wall, processor) = (Instant::now(), thread_processor_time());
            runtime.block_on(async {
                let senders: JoinSet<()> =
                    (0..in_flight).map(|_| post_many(Arc::clone(&lane), POSTS / in_flight)).collect();
                senders.join_all().await;
            });
            let each = |spent: Duration| spent.as_secs_f64() * 1e6 / POSTS as f64;
            let spent = each(thread_processor_time() - processor);
            println!(
                "{in_flight:2} in flight: {spent:.2} µs of processor, {:.2} µs of wall time",
                each(wall.elapsed())
            );
        }
    }
}

async fn post_many(lane: Arc<Lane>, count: usize) {
    let headers = headers();
    let body = Bytes::from(vec![b'x'; BODY_BYTES]);
    for _ in 0..count {
        let request = Request { destination: &lane.destination, headers: &headers, body: body.clone() };
        let attempt = lane.egress.send(&lane.connections, request, DEADLINE).await;
        assert!(attempt.outcome.is_success(), "{attempt:?}");
    }
}

/// As many headers as a delivery has, of the same lengths.
fn headers() -> Vec<(HeaderName, HeaderValue)> {
    let hex = "0123456789abcdef".repeat(4);
    let values = [
        (headers::SIGNATURE, hex.as_str()),
        (headers::EVENT, "event.created"),
        (headers::DELIVERY, &hex[..32]),
        (headers::ATTEMPT, "1"),
        (headers::HOP, "0"),
        (headers::SERVICE_HOOK_SIGNATURE, &hex),
        (headers::SERVICE_HOOK_TIMESTAMP, "1704067200"),
        (headers::SERVICE_HOOK_GUID, &hex[..32]),
        (headers::WEBHOOK_ID, &hex[..32]),
        (headers::WEBHOOK_TIMESTAMP, "1704067200"),
        (headers::WEBHOOK_SIGNATURE, &hex[..47]),
    ];
    let ours = values.map(|(name, value)| (HeaderName::from_static(name.wire), HeaderValue::from_str(value).unwrap()));
    let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    ours.into_iter().chain([json]).collect()
}

fn receive() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(|| answer_all(stream.unwrap()));
        }
    });
    address
}

fn answer_all(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 64 * 1024];
    let mut filled = 0;
    while let Ok(count @ 1..) = stream.read(&mut buffer[filled..]) {
        filled += count;
        // One request at a time, whose body has a known length: its end is the end of what arrives.
        let head_end = buffer[..filled].windows(4).position(|window| window == b"\r\n\r\n");
        if head_end.is_some_and(|end| filled >= end + 4 + BODY_BYTES) {
            filled = 0;
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
        }
    }
}

fn thread_processor_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}
