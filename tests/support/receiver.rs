//! A receiver of webhooks on real sockets: verifies each signature over the raw bytes as a user's receiver should, keeps what
//! it got, and tells tests when more has come.
//!
//! Every wait is for a notification. A request that does not verify fails the next wait.

use std::io::{BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use webhook::{Secret, Signer, headers, verify};

use super::http::{Headers, read_body, read_head};

/// A wait this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request that came in.
#[derive(Debug, Clone)]
pub(crate) struct Webhook {
    pub(crate) start: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// Listens on a free port of the loopback address until it is dropped.
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    webhooks: Vec<Webhook>,
    /// The first thing that a careful receiver would have refused.
    fault: Option<String>,
    /// Of every secret that is trusted.
    signers: Vec<Signer>,
    status: u16,
    hands: Hands,
    /// How often answers were let go: what came before one goes, even if the hands are tied again at once.
    releases: u64,
    clock: Clock,
}

/// Whether requests are answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hands {
    Free,
    Tied,
    /// The receiver is going away.
    Off,
}

/// Whose time a request's age is judged by.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Clock {
    Ours,
    Sender,
}

impl Webhook {
    /// A header's value; it must be there.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no header {name}: {:?}", self.headers))
    }

    /// The delivery's id.
    pub(crate) fn delivery(&self) -> &str {
        self.header(headers::DELIVERY.wire)
    }

    /// The body's text: what is sent is always UTF-8.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {}", self.text()))
    }

    /// The event's id, by its place in the body: under load nothing else is read.
    pub(crate) fn event_id(&self) -> &str {
        let id = self.text().strip_prefix("{\"id\":\"").and_then(|rest| rest.get(..32));
        id.unwrap_or_else(|| panic!("the body does not begin with the event's id: {}", self.text()))
    }
}

impl Receiver {
    /// Listens. Answers 204 until told otherwise.
    pub(crate) fn start() -> Receiver {
        Receiver::listen(&SocketAddr::from(([127, 0, 0, 1], 0)), None)
    }

    /// Listens where a hook with this secret sends already.
    pub(crate) fn start_at(address: &SocketAddr, secret: &str) -> Receiver {
        let secret: Secret = secret.parse().unwrap_or_else(|error| panic!("{error}"));
        Receiver::listen(address, Some(Signer::new(&secret)))
    }

    fn listen(address: &SocketAddr, signer: Option<Signer>) -> Receiver {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let state = State {
            webhooks: Vec::new(),
            fault: None,
            signers: signer.into_iter().collect(),
            status: 204,
            hands: Hands::Free,
            releases: 0,
            clock: Clock::Ours,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let accepting = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &accepting));
        Receiver { address, shared }
    }

    /// Where a hook should send.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The secret of the hook that sends here.
    pub(crate) fn trust(&self, secret: &str) {
        self.trust_either(&[secret]);
    }

    /// The secrets of which one must hold, for each header by itself.
    pub(crate) fn trust_either(&self, secrets: &[&str]) {
        self.lock().signers = secrets.iter().map(|secret| signer(secret)).collect();
    }

    /// Judges a request's age by its own time stamp: the sender's clock is made to jump.
    pub(crate) fn trust_the_clock_of_the_sender(&self) {
        self.lock().clock = Clock::Sender;
    }

    /// Answers with another status from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.lock().status = status;
    }

    /// Takes requests, but answers none before [`release`](Self::release).
    pub(crate) fn hold(&self) {
        self.lock().hands = Hands::Tied;
    }

    /// Answers what waits, and all that follows.
    pub(crate) fn release(&self) {
        let mut state = self.lock();
        state.hands = Hands::Free;
        state.releases += 1;
        drop(state);
        self.shared.changed.notify_all();
    }

    /// What has come so far. Fails if any of it did not verify.
    pub(crate) fn webhooks(&self) -> Vec<Webhook> {
        let state = self.lock();
        state.check();
        state.webhooks.clone()
    }

    /// Waits until at least `count` requests have come.
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Webhook> {
        self.wait_until(PATIENCE, |webhooks| webhooks.len() >= count)
    }

    /// Waits for the webhook of an event.
    pub(crate) fn wait_for_event(&self, id: &str) -> Webhook {
        let webhooks = self.wait_until(PATIENCE, |webhooks| webhooks.iter().any(|webhook| webhook.event_id() == id));
        webhooks.into_iter().find(|webhook| webhook.event_id() == id).unwrap()
    }

    /// Waits until what has come satisfies `done`, which is asked again after each request.
    pub(crate) fn wait_until(&self, patience: Duration, mut done: impl FnMut(&[Webhook]) -> bool) -> Vec<Webhook> {
        let deadline = Instant::now() + patience;
        let mut state = self.lock();
        while !done(&state.webhooks) {
            state.check();
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!left.is_zero(), "only {} webhooks came within {patience:?}", state.webhooks.len());
            state = self.shared.changed.wait_timeout(state, left).unwrap().0;
        }
        state.check();
        state.webhooks.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        // A test that failed while it held the lock has its own message.
        if let Ok(mut state) = self.shared.state.lock() {
            state.hands = Hands::Off;
        }
        self.shared.changed.notify_all();
        // Wakes the thread that accepts; if it is gone already, all the better.
        drop(TcpStream::connect(self.address));
    }
}

/// Signs and verifies with a secret in its written form.
pub(crate) fn signer(secret: &str) -> Signer {
    let secret: Secret = secret.parse().unwrap_or_else(|error| panic!("{error}"));
    Signer::new(&secret)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.state.lock().unwrap().hands == Hands::Off {
            return;
        }
        let shared = Arc::clone(shared);
        // A sender that is killed breaks its connections: that is no fault of the receiver.
        thread::spawn(move || drop(stream.and_then(|stream| serve(stream, &shared))));
    }
}

fn serve(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(head) = read_head(&mut stream)? {
        let body = read_body(&mut stream, &head)?;
        let status = shared.take(Webhook { start: head.start, headers: head.headers, body });
        let Some(status) = status else { return Ok(()) };
        let length = if status == 204 { "" } else { "Content-Length: 0\r\n" };
        stream.get_mut().write_all(format!("HTTP/1.1 {status} Told\r\n{length}\r\n").as_bytes())?;
    }
    Ok(())
}

impl Shared {
    /// Verifies and keeps a request; the status to answer it with, as soon as answers may go out.
    fn take(&self, webhook: Webhook) -> Option<u16> {
        let mut state = self.state.lock().unwrap();
        if let Err(fault) = state.judge(&webhook) {
            state.fault.get_or_insert(fault);
        }
        state.webhooks.push(webhook);
        self.changed.notify_all();
        let releases = state.releases;
        while state.hands == Hands::Tied && state.releases == releases {
            state = self.changed.wait(state).unwrap();
        }
        (state.hands != Hands::Off).then_some(state.status)
    }
}

impl State {
    fn check(&self) {
        if let Some(fault) = &self.fault {
            panic!("a webhook does not verify: {fault}");
        }
    }

    fn judge(&self, webhook: &Webhook) -> Result<(), String> {
        let header = |name: headers::HeaderName| {
            webhook.headers.get(name.wire).ok_or_else(|| format!("the header {} is missing", name.display))
        };
        for name in [headers::SIGNATURE, headers::SERVICE_HOOK_SIGNATURE] {
            let hex = header(name)?;
            self.any(|signer| {
                verify::hex(signer, &webhook.body, hex).map_err(|error| format!("{}: {error}", name.display))
            })?;
        }
        let (id, timestamp) = (header(headers::WEBHOOK_ID)?, header(headers::WEBHOOK_TIMESTAMP)?);
        let now = match self.clock {
            Clock::Ours => SystemTime::now().duration_since(UNIX_EPOCH).map_err(|error| error.to_string())?.as_secs(),
            Clock::Sender => timestamp.parse().map_err(|_| format!("{timestamp} is no time"))?,
        };
        let signed = verify::StandardHeaders { id, timestamp, signatures: header(headers::WEBHOOK_SIGNATURE)? };
        self.any(|signer| {
            verify::standard(signer, &webhook.body, signed, now).map_err(|error| format!("Standard Webhooks: {error}"))
        })
    }

    /// Whether one of the secrets does; else what is wrong with the last.
    fn any(&self, verified: impl Fn(&Signer) -> Result<(), String>) -> Result<(), String> {
        let mut fault = Err("it came before its hook was known".to_owned());
        for signer in &self.signers {
            fault = verified(signer);
            if fault.is_ok() {
                break;
            }
        }
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::{Answer, Request};
    use super::*;

    const BODY: &[u8] = br#"{"id":"0123456789abcdef0123456789abcdef"}"#;

    fn secret(byte: u8) -> Secret {
        Secret::from_random([byte; 32])
    }

    fn receiver() -> Receiver {
        let receiver = Receiver::start();
        receiver.trust(&secret(1).expose());
        receiver
    }

    fn signed(by: &Secret, time: u64) -> Request {
        let (signer, time) = (Signer::new(by), time.to_string());
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Request::post("/hook")
            .header("X-Sentry-Hook-Signature", text(&signer.hex(BODY)))
            .header("X-ServiceHook-Signature", text(&signer.hex(BODY)))
            .header("X-Sentry-Hook-Delivery", "d1")
            .header("webhook-id", "d1")
            .header("webhook-timestamp", &time)
            .header("webhook-signature", text(&signer.standard("d1", &time, BODY)))
            .body(BODY)
    }

    fn now() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
    }

    fn fault(receiver: &Receiver, request: &Request) -> Option<String> {
        request.send(receiver.address).unwrap();
        receiver.lock().fault.take()
    }

    #[test]
    fn a_request_that_verifies_is_kept_as_it_came() {
        let receiver = receiver();
        let Answer { status, .. } = signed(&secret(1), now()).send(receiver.address).unwrap();
        assert_eq!(status, 204);
        let [webhook] = receiver.wait_for(1).try_into().unwrap();
        assert_eq!((webhook.start.as_str(), webhook.delivery()), ("POST /hook HTTP/1.1", "d1"));
        assert_eq!(webhook.event_id(), "0123456789abcdef0123456789abcdef");
        assert_eq!(webhook.body, BODY);
    }

    #[test]
    fn a_wrong_secret_a_missing_header_and_an_old_time_are_faults() {
        let receiver = receiver();
        assert_eq!(fault(&receiver, &signed(&secret(1), now())), None);
        let wrong = fault(&receiver, &signed(&secret(2), now())).unwrap();
        assert!(wrong.starts_with("X-Sentry-Hook-Signature: the signature does not match"), "{wrong}");
        let missing = fault(&receiver, &Request::post("/hook").body(BODY)).unwrap();
        assert_eq!(missing, "the header X-Sentry-Hook-Signature is missing");
        let old = fault(&receiver, &signed(&secret(1), now() - 3600)).unwrap();
        assert!(old.starts_with("Standard Webhooks: "), "{old}");
        receiver.trust_the_clock_of_the_sender();
        assert_eq!(fault(&receiver, &signed(&secret(1), now() - 3600)), None);
    }

    #[test]
    fn a_fault_fails_the_next_wait() {
        let receiver = receiver();
        signed(&secret(2), now()).send(receiver.address).unwrap();
        let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| receiver.wait_for(1)));
        assert!(caught.is_err());
    }

    #[test]
    fn answers_wait_while_the_hands_are_tied() {
        let receiver = receiver();
        receiver.answer(503);
        receiver.hold();
        let address = receiver.address;
        let asking = thread::spawn(move || signed(&secret(1), now()).send(address).unwrap().status);
        receiver.wait_for(1);
        assert!(!asking.is_finished());
        receiver.release();
        assert_eq!(asking.join().unwrap(), 503);
    }

    #[test]
    fn what_came_before_a_release_is_answered_even_if_the_hands_are_tied_again_at_once() {
        let receiver = receiver();
        receiver.hold();
        let address = receiver.address;
        let asking = thread::spawn(move || signed(&secret(1), now()).send(address).unwrap().status);
        receiver.wait_for(1);
        receiver.release();
        receiver.hold();
        assert_eq!(asking.join().unwrap(), 204);
    }
}
