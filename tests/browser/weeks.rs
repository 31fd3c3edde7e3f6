//! A server that has been in use for four weeks: errors of a shop day by day, hour by hour at last, nearly all of them delivered.
//!
//! What is sent is always the same; when it was sent is told by a clock that goes back and comes closer with every start.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::clock::MovedClock;
use crate::support::receiver::Receiver;
use crate::support::rules::{condition, rule_body};
use crate::support::scene::accepted;
use crate::support::server::TestServer;

const HOUR_S: i64 = 3_600;
const DAYS: i64 = 28;
/// How many hours of the last day have events of their own.
const HOURS: i64 = 20;
/// So many days ago the receiver had a bad one.
const BAD_DAYS: [i64; 2] = [9, 10];

/// Errors: type, value, function, the line that failed, and of so many events one is such an error.
const ERRORS: [(&str, &str, &str, &str, usize); 5] = [
    ("TimeoutError", "the payment provider did not answer within 5 s", "charge", "answer = provider.charge(order)", 1),
    ("KeyError", "'currency'", "price_of", "currency = item[\"currency\"]", 3),
    ("ValueError", "invalid literal for int() with base 10: '12,50'", "parse_amount", "cents = int(amount)", 4),
    ("ConnectionResetError", "[Errno 104] Connection reset by peer", "send_receipt", "smtp.send(message)", 5),
    ("TypeError", "unsupported operand type(s) for +: 'int' and 'NoneType'", "total", "sum += item.discount", 7),
];

/// The server, its main receiver, one that is down, and the clock, which has caught up.
pub(super) struct Weeks {
    pub(super) server: TestServer,
    pub(super) receiver: Receiver,
    pub(super) down: Receiver,
    clock: MovedClock,
    /// What the clock shows.
    seconds_ago: i64,
    events: usize,
}

impl Weeks {
    pub(super) fn begin() -> Weeks {
        let clock = MovedClock::new();
        clock.set(-DAYS * 24 * HOUR_S);
        let server = TestServer::start_with(&clock.environment());
        let (receiver, down) = (Receiver::start(), Receiver::start());
        for receiver in [&receiver, &down] {
            receiver.trust_the_clock_of_the_sender();
        }
        server.add_hook(&receiver);
        server.add_hook_on(&down, &["event.alert"]);
        let parts = json!({
            "conditions": [condition("every_event.EveryEventCondition", &json!({}))],
            "environment": "production",
            "frequency": 1_440,
        });
        server.managed(
            "POST",
            &format!("{}/rules/", server.project_path()),
            &rule_body("Errors in production, once a day", &parts),
        );
        Weeks { server, receiver, down, clock, seconds_ago: DAYS * 24 * HOUR_S, events: 0 }
    }

    /// Lives through all of them.
    pub(super) fn pass(mut self) -> Weeks {
        for ago in (1..=DAYS).rev() {
            self.wake(ago * 24 * HOUR_S);
            let is_bad = BAD_DAYS.contains(&ago);
            for number in 0..16 + ago.unsigned_abs() as usize * 7 % 24 {
                self.receiver.answer(if is_bad && number % 2 == 0 { 500 } else { 204 });
                self.raise();
            }
        }
        self.receiver.answer(204);
        // From now on the other one is down.
        self.down.answer(503);
        for ago in (0..HOURS).rev() {
            self.wake(ago * HOUR_S);
            for _ in 0..1 + ago.unsigned_abs() * 5 % 4 {
                self.raise();
            }
        }
        self
    }

    /// Starts the server anew, when it was so many seconds ago.
    fn wake(&mut self, seconds_ago: i64) {
        self.seconds_ago = seconds_ago;
        self.clock.set(-seconds_ago);
        self.server.stop();
        self.server.restart();
    }

    /// An error comes in and is sent on.
    fn raise(&mut self) {
        let number = self.events;
        let error = ERRORS.iter().rev().find(|(.., every)| number.is_multiple_of(*every)).unwrap_or(&ERRORS[0]);
        // Ids of SDKs do not begin alike.
        let id = format!("{:08x}000040008000{number:012x}", (number as u32).wrapping_mul(0x9e37_79b1));
        let event = event(&id, error, (number, self.seconds_ago));
        let request = self.server.ingest("store").body(event.to_string());
        accepted(&self.server.ask(&request), &id);
        self.events += 1;
        self.receiver.wait_for(self.events);
    }
}

/// An event as an SDK for Python sends it.
fn event(id: &str, error: &(&str, &str, &str, &str, usize), (number, seconds_ago): (usize, i64)) -> Value {
    let (kind, value, function, line, _) = *error;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() - seconds_ago as f64;
    let frame = |file: &str, function: &str, line_number: u32, line: &str, in_app: bool| {
        json!({
            "filename": file, "module": file.trim_end_matches(".py").replace('/', "."), "function": function,
            "lineno": line_number, "in_app": in_app, "context_line": format!("    {line}"),
            "pre_context": ["", format!("def {function}(order):"), "    items = order.items"],
            "post_context": ["    return order", ""],
        })
    };
    json!({
        "event_id": id, "platform": "python", "level": "error", "environment": "production",
        "release": format!("shop@2.{}.0", 4 - seconds_ago / (7 * 24 * HOUR_S)), "transaction": format!("shop.checkout.{function}"),
        "server_name": format!("web-{}", number % 3 + 1), "tags": {"plan": (["free", "team", "gold"][number % 3])},
        "user": {"id": (number % 17).to_string()},
        "request": {"method": "POST", "url": "https://shop.example/checkout/"},
        "sdk": {"name": "sentry.python", "version": "2.35.0"},
        "exception": {"values": [{
            "type": kind, "value": value, "mechanism": {"type": "wsgi", "handled": false},
            "stacktrace": {"frames": [
                frame("flask/app.py", "dispatch_request", 880, "return self.view(**arguments)", false),
                frame("shop/views.py", "checkout", 112, "receipt = pay(order)", true),
                frame("shop/checkout.py", function, 41, line, true),
            ]},
        }]},
        "breadcrumbs": {"values": [
            {"timestamp": now - 2.1, "type": "http", "category": "http",
             "data": {"method": "GET", "url": "https://stock.example/items", "status_code": 200}},
            {"timestamp": now - 0.4, "category": "shop", "level": "info", "message": "order 4711 has 3 items"},
        ]},
    })
}
