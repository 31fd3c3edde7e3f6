//! The door of the server on real sockets, with short limits: who holds a connection for nothing loses it, and keeps nobody out.
//!
//! No test measures a time: each waits for the end that the server has to bring about.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::StatusCode;
use axum::routing::{get, post};
use futures_util::stream;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use watchfire_web::pace::{Pace, is_too_slow};
use watchfire_web::server::{Door, Figures, Limits};

/// Longer than any test needs: where it matters that something ends by another limit.
const LONG: Duration = Duration::from_secs(3_600);
const SHORT: Duration = Duration::from_millis(50);

const NO_LIMITS: Limits = Limits {
    connections: 3,
    refused: 1,
    head: LONG,
    body: Pace { whole: LONG, grace: LONG, least_bytes_per_second: 1 },
    write: LONG,
    refusal: LONG,
};

/// A server whose `/` answers at once, whose `/read` reads the body first, and whose `/held` answers when it is told to.
struct Server {
    address: SocketAddr,
    figures: Arc<Figures>,
    /// A request for `/held` has come.
    held: mpsc::Receiver<()>,
    /// Lets one request for `/held` go.
    let_go: Arc<Notify>,
    stopping: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

impl Server {
    async fn start(limits: Limits) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (figures, let_go) = (Arc::<Figures>::default(), Arc::new(Notify::new()));
        let (came, held) = mpsc::channel(16);
        let gate = Arc::clone(&let_go);
        let router = Router::new()
            .route("/", get(|| async { "served" }))
            .route("/read", post(read))
            .route("/held", get(move || hold(came.clone(), Arc::clone(&gate))));
        let refusals = Router::new()
            .route("/health", get(|| async { "well" }))
            .fallback(|| async { StatusCode::SERVICE_UNAVAILABLE });
        let (stopping, stop) = watch::channel(false);
        let door = Door { listener, router, refusals, limits, figures: Arc::clone(&figures) };
        let serving = tokio::spawn(door.serve(stop, LONG));
        Server { address, figures, held, let_go, stopping, serving }
    }

    async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }

    async fn ask(&self, path: &str) -> String {
        let mut client = self.connect().await;
        client.send(&format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")).await;
        client.rest().await
    }
}

async fn read(body: Body) -> StatusCode {
    match axum::body::to_bytes(body, 1 << 20).await {
        Ok(_) => StatusCode::OK,
        Err(error) if is_too_slow(&error) => StatusCode::REQUEST_TIMEOUT,
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

async fn hold(came: mpsc::Sender<()>, gate: Arc<Notify>) -> &'static str {
    came.send(()).await.unwrap();
    gate.notified().await;
    "let go"
}

struct Client(TcpStream);

impl Client {
    async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Everything until the server ends the connection.
    async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        // A connection that is reset has ended too.
        drop(self.0.read_to_end(&mut bytes).await);
        String::from_utf8(bytes).unwrap()
    }

    /// One answer, whose body ends with this.
    async fn answer(&mut self, ending: &str) -> String {
        let mut text = String::new();
        while !text.ends_with(ending) {
            let byte = self.0.read_u8().await.unwrap_or_else(|error| panic!("{error} after {text}"));
            text.push(char::from(byte));
        }
        text
    }
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test]
async fn clients_that_connect_and_say_nothing_keep_nobody_out_and_the_oldest_goes_first() {
    let server = Server::start(NO_LIMITS).await;
    let mut silent = Vec::new();
    for _ in 0..NO_LIMITS.connections {
        silent.push(server.connect().await);
    }
    // A begun head is as good as none.
    silent[0].send("GET / HTTP/1.1\r\nHost").await;
    assert_eq!(status(&server.ask("/").await), "200");
    assert_eq!(silent[0].rest().await, "");
    silent[1].send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    silent[1].answer("served").await;
    assert_eq!((server.figures.closed_for_others(), server.figures.refused()), (1, 0));
}

#[tokio::test]
async fn a_connection_kept_alive_is_closed_for_a_newcomer_only_where_no_seat_is_free() {
    let server = Server::start(NO_LIMITS).await;
    let mut kept = server.connect().await;
    for _ in 0..2 {
        kept.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
        kept.answer("served").await;
    }
    for _ in 0..10 {
        assert_eq!(status(&server.ask("/").await), "200");
    }
    kept.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    kept.answer("served").await;
    let _others = (server.connect().await, server.connect().await, server.connect().await);
    assert_eq!(kept.rest().await, "");
}

#[tokio::test]
async fn where_every_seat_is_busy_a_health_check_is_answered_and_everybody_else_refused() {
    let mut server = Server::start(NO_LIMITS).await;
    let mut busy = Vec::new();
    for _ in 0..NO_LIMITS.connections {
        let mut client = server.connect().await;
        client.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n").await;
        server.held.recv().await.unwrap();
        busy.push(client);
    }
    assert_eq!(status(&server.ask("/health").await), "200");
    assert_eq!(status(&server.ask("/").await), "503");
    // Nor do silent ones keep those out.
    let mut silent = server.connect().await;
    assert_eq!(status(&server.ask("/health").await), "200");
    assert_eq!(silent.rest().await, "");
    assert_eq!((server.figures.closed_for_others(), server.figures.refused()), (1, 4));
    for client in &mut busy {
        server.let_go.notify_one();
        client.answer("let go").await;
    }
    assert_eq!(status(&server.ask("/").await), "200");
}

#[tokio::test]
async fn a_body_of_a_byte_now_and_then_is_ended_and_its_seat_is_free_for_others() {
    let body = Pace { whole: LONG, grace: SHORT, least_bytes_per_second: 1_000_000 };
    let server = Server::start(Limits { connections: 2, body, ..NO_LIMITS }).await;
    let mut slow = Vec::new();
    for _ in 0..2 {
        let mut client = server.connect().await;
        client.send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nx").await;
        slow.push(client);
    }
    for client in &mut slow {
        let (mut reading, mut writing) = client.0.split();
        let dripping = async {
            // Ends with the connection.
            while writing.write_all(b"x").await.is_ok() {
                tokio::task::yield_now().await;
                // sleep allowed: a slow sender is the subject
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let mut answer = [0; 12];
        tokio::select! {
            read = reading.read_exact(&mut answer) => { read.unwrap(); }
            () = dripping => panic!("no answer before the end"),
        }
        assert_eq!(&answer, b"HTTP/1.1 408");
    }
    assert_eq!(status(&server.ask("/").await), "200");
}

#[tokio::test]
async fn a_whole_body_has_a_deadline_however_fast_it_comes() {
    let body = Pace { whole: SHORT, grace: SHORT, least_bytes_per_second: 1 };
    let server = Server::start(Limits { body, ..NO_LIMITS }).await;
    let mut client = server.connect().await;
    client
        .send(&format!("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{}", "x".repeat(9_999)))
        .await;
    assert_eq!(status(&client.rest().await), "408");
}

#[tokio::test]
async fn a_head_that_does_not_end_and_a_next_request_that_does_not_come_end_the_connection() {
    let server = Server::start(Limits { head: SHORT, ..NO_LIMITS }).await;
    let mut begun = server.connect().await;
    begun.send("GET / HTTP/1.1\r\nHost").await;
    begun.rest().await;
    let mut idle = server.connect().await;
    idle.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(idle.rest().await.ends_with("served"));
    assert_eq!(server.figures.closed_for_others(), 0);
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_given_up() {
    /// Tells when the server lets the answer go.
    struct Held(mpsc::Sender<()>);
    impl Drop for Held {
        fn drop(&mut self) {
            self.0.try_send(()).unwrap();
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (gone, mut given_up) = mpsc::channel(1);
    let endless = move || {
        let held = Held(gone.clone());
        let piece = move || {
            let _held = &held;
            Some((Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 65_536])), ()))
        };
        let pieces = stream::unfold((), move |()| std::future::ready(piece()));
        async move { Body::from_stream(pieces) }
    };
    let router = Router::new().route("/", get(endless));
    let limits = Limits { write: SHORT, ..NO_LIMITS };
    let (_stopping, stop) = watch::channel(false);
    let door = Door { listener, router, refusals: Router::new(), limits, figures: Arc::default() };
    tokio::spawn(door.serve(stop, LONG));
    let mut client = Client(TcpStream::connect(address).await.unwrap());
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    given_up.recv().await.unwrap();
}

#[tokio::test]
async fn a_stop_waits_for_what_is_being_answered_and_for_nobody_who_is_silent() {
    let mut server = Server::start(NO_LIMITS).await;
    let mut silent = server.connect().await;
    let mut busy = server.connect().await;
    busy.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n").await;
    server.held.recv().await.unwrap();
    server.stopping.send_replace(true);
    assert_eq!(silent.rest().await, "");
    server.let_go.notify_one();
    assert!(busy.rest().await.ends_with("let go"));
    server.serving.await.unwrap();
    assert_eq!(server.figures.open(), 0);
}
