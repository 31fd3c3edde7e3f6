//! Receivers that mean harm: what each may cost us, in bytes and in memory.

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use model::attempt::{BadResponse, Outcome};
use model::limits::{ANSWER_BODY_BYTES, ANSWER_HEAD_BYTES, ANSWER_WIRE_BYTES};
use testkit::{Authority, Behaviour, FakeReceiver, Reply};
use watchfire_pipeline::egress::{Attempt, Request};

use crate::support::{AMPLE, Client, Names, SHORT};

/// What may be read before it is looked at: hyper's buffer.
const READ_AHEAD_BYTES: usize = 64 * 1024;

/// For receivers that never end: long enough for the limit to be met on a busy machine too.
const PATIENT: Duration = Duration::from_secs(2);

async fn attempt(behaviour: Behaviour, deadline: Duration) -> Attempt {
    let receiver = FakeReceiver::start().await;
    receiver.answer(behaviour);
    let attempt = Client::dev().post_within(&receiver.url("/"), deadline).await;
    assert_eq!(receiver.requests().len(), 1, "one attempt is one request");
    attempt
}

fn endless(first: &str, again: Vec<u8>) -> Behaviour {
    Behaviour::SendForever(first.as_bytes().to_vec(), again)
}

#[tokio::test]
pub(crate) async fn no_answer_makes_us_read_more_than_its_share() {
    let body = ANSWER_HEAD_BYTES + ANSWER_BODY_BYTES + READ_AHEAD_BYTES;
    let head = ANSWER_HEAD_BYTES + READ_AHEAD_BYTES;
    let too_long = Outcome::BadResponse(BadResponse::OversizedHead);
    for (behaviour, deadline, outcome, bytes_max) in [
        (Behaviour::endless_body(), AMPLE, Outcome::Succeeded, body),
        (endless("HTTP/1.1 200 OK\r\n\r\n", vec![b'x'; 8192]), AMPLE, Outcome::Succeeded, body),
        (endless("HTTP/1.1 500 Oh\r\n\r\n", vec![b'x'; 8192]), AMPLE, Outcome::HttpError, body),
        (endless("HTTP/1.1 200 OK\r\nx: ", vec![b'x'; 8192]), AMPLE, too_long, head),
        (endless("HTTP/1.1 200 OK\r\n", b"x: 1\r\n".repeat(500)), AMPLE, too_long, head),
        (endless("HTTP/1.1 ", vec![b'2'; 8192]), AMPLE, Outcome::BadResponse(BadResponse::NotHttp), head),
        (Behaviour::many_headers(10_000), AMPLE, too_long, head),
        (Behaviour::switch_protocols(), AMPLE, Outcome::BadResponse(BadResponse::Upgrade), 1024),
        (Behaviour::endless_informational(), PATIENT, Outcome::TimedOut, ANSWER_WIRE_BYTES + READ_AHEAD_BYTES),
        (Behaviour::endless_trailers(), AMPLE, Outcome::BadResponse(BadResponse::BrokenOff), body),
        (Behaviour::crumbs(), PATIENT, Outcome::TimedOut, ANSWER_WIRE_BYTES + READ_AHEAD_BYTES),
    ] {
        let attempt = attempt(behaviour.clone(), deadline).await;
        assert_eq!(attempt.outcome, outcome, "{behaviour:.80?}: {:?}", attempt.error);
        let read = usize::try_from(attempt.bytes_read).unwrap();
        assert!((1..=bytes_max).contains(&read), "{behaviour:.80?}: {read} bytes");
    }
}

#[tokio::test]
async fn a_compressed_body_is_never_inflated() {
    let (bomb, inflated) = (Behaviour::gzip_bomb(), 32 * 1024 * 1024);
    let attempt = attempt(bomb, AMPLE).await;
    assert_eq!(attempt.outcome, Outcome::Succeeded);
    assert!(attempt.bytes_read < inflated / 100, "{} bytes", attempt.bytes_read);
    // What is kept are the bytes as they came: those of gzip's head.
    assert!(attempt.excerpt.body.starts_with("\u{fffd}\u{fffd}"), "{:?}", attempt.excerpt.body);
}

#[tokio::test]
async fn bytes_are_counted_for_each_attempt_on_new_and_on_kept_connections() {
    let receiver = FakeReceiver::start().await;
    receiver.answer(Behaviour::Reply(Reply::new(200).body("12345")));
    let client = Client::dev();
    let (first, second) = (client.post(&receiver.url("/")).await, client.post(&receiver.url("/")).await);
    assert!(second.reused && first.bytes_read > 5);
    assert_eq!(first.bytes_read, second.bytes_read);
}

#[tokio::test]
async fn a_handshake_that_stalls_at_any_byte_is_given_up_at_the_deadline() {
    // The head of a record, and one that promises more than it holds.
    for said in [&b""[..], &[0x16], &[0x16, 3, 3, 0, 80, 2, 0, 0, 76, 3, 3]] {
        let stalled = FakeReceiver::start_saying(said).await;
        let authority = Authority::new();
        let url = stalled.url("/").replace("http://", "https://");
        let attempt = Client::new(model::egress::Policy::dev(), Names::default(), Some(authority.root_pem()))
            .post_within(&url, SHORT)
            .await;
        assert_eq!((attempt.outcome, attempt.went_out), (Outcome::TimedOut, false), "{said:?}");
        assert!(attempt.error.unwrap().contains("the TLS handshake was under way"), "{said:?}");
    }
}

const RECEIVERS: usize = 200;
const GROWTH_MIB_MAX: u64 = 48;
/// Set in the process that measures.
const ALONE: &str = "WATCHFIRE_TEST_ALONE";

#[test]
fn hostile_receivers_together_stay_within_their_memory() {
    if std::env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(meet_many_at_once());
    }
    // The other tests of this process have memory of their own: this one runs again in another.
    let alone = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "hostile::hostile_receivers_together_stay_within_their_memory"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&alone.stdout);
    assert!(alone.status.success() && printed.contains("1 passed"), "{printed}");
}

async fn meet_many_at_once() {
    let receiver = FakeReceiver::start().await;
    receiver.answer_on("/body", Behaviour::endless_body());
    receiver.answer_on("/interim", Behaviour::endless_informational());
    receiver.answer_on("/crumbs", Behaviour::crumbs());
    receiver.answer_on("/drip", Behaviour::Drip(Duration::from_millis(50)));
    let client = Client::dev();
    client.post(&receiver.url("/")).await;
    let before = peak_kib();
    let destinations =
        ["/body", "/interim", "/crumbs", "/drip"].map(|path| client.egress.destination(&receiver.url(path)).unwrap());
    let sending = (0..RECEIVERS).map(|index| {
        let destination = &destinations[index % destinations.len()];
        let request = Request { destination, headers: &[], body: Bytes::from_static(b"{}") };
        client.egress.send(&client.connections, request, Duration::from_secs(3))
    });
    let attempts = join_all(sending).await;
    // How far each comes within the deadline is this machine's affair; how far it may come at most is the other tests'.
    let named = |attempt: &Attempt| matches!(attempt.outcome, Outcome::Succeeded | Outcome::TimedOut);
    assert!(attempts.iter().all(named), "{:?}", attempts.iter().find(|attempt| !named(attempt)));
    assert!(attempts.iter().map(|attempt| attempt.bytes_read).sum::<u64>() > 0);
    // The receivers' own memory counts too: they live in this process.
    let growth_mib = (peak_kib() - before) / 1024;
    assert!(growth_mib <= GROWTH_MIB_MAX, "{growth_mib} MiB for {RECEIVERS} receivers");
}

/// The most memory that this process has had resident so far; nothing where the system does not say.
fn peak_kib() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return 0 };
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
