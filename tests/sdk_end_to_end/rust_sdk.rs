//! The Rust SDK, in this process: raises the scenarios that it can.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sentry::protocol::{Breadcrumb, Context, User, Value as SdkValue};
use sentry::{Client, ClientOptions, Hub, Level, Scope};
use serde_json::Value;

use super::expect::texts;

/// How long the SDK may take to send what it has.
const FLUSH_PATIENCE: Duration = Duration::from_secs(20);

/// The error that most scenarios raise; the SDK names an exception after the type.
#[derive(Debug)]
struct BasketError {
    text: String,
    cause: Option<ConnectionError>,
}

#[derive(Debug)]
struct ConnectionError(String);

#[derive(Debug)]
struct ValueError(String);

impl fmt::Display for BasketError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl Error for BasketError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_ref().map(|cause| cause as &dyn Error)
    }
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Error for ConnectionError {}

impl fmt::Display for ValueError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Error for ValueError {}

/// Raises every scenario; each with the id of its event, when all of them have been sent.
pub(super) fn raise_all(dsn: &str) -> Vec<(&'static str, String)> {
    let texts = texts();
    let options = &texts["options"];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (release, dist) = (text(&options["release"]), text(&options["dist"]));
    let options = ClientOptions::new()
        .dsn(dsn)
        .release(release)
        .environment(text(&options["environment"]))
        .server_name(text(&options["server_name"]))
        .send_default_pii(true);
    let client = Arc::new(Client::with_options(sentry::apply_defaults(options)));
    let hub = Arc::new(Hub::new(Some(Arc::clone(&client)), Arc::new(Scope::default())));
    // The SDK has no option for it.
    hub.configure_scope(|scope| {
        scope.add_event_processor(move |mut event| {
            event.dist = Some(dist.clone().into());
            Some(event)
        });
    });
    let raised = Hub::run(hub, || raise_in_scope(&texts));
    assert!(client.close(Some(FLUSH_PATIENCE)), "the SDK could not send everything");
    raised
}

fn raise_in_scope(texts: &Value) -> Vec<(&'static str, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let chained = &texts["chained"];
    let chain = BasketError { text: text(&chained["value"]), cause: Some(ConnectionError(text(&chained["cause"]))) };
    let fingerprint: Vec<String> = texts["fingerprint"]["fingerprint"].as_array().unwrap().iter().map(&text).collect();
    let raised = [
        ("exception", sentry::capture_error(&ValueError(text(&texts["exception"]["value"])))),
        ("chained", sentry::capture_error(&chain)),
        ("message", sentry::capture_message(&text(&texts["message"]["value"]), Level::Warning)),
        (
            "fingerprint",
            sentry::with_scope(
                |scope| scope.set_fingerprint(Some(&fingerprint.iter().map(String::as_str).collect::<Vec<_>>())),
                || sentry::capture_message(&text(&texts["fingerprint"]["value"]), Level::Error),
            ),
        ),
        (
            "full",
            sentry::with_scope(
                |scope| fill(scope, &texts["full"]),
                || {
                    leave_breadcrumbs(&texts["full"]);
                    sentry::capture_error(&BasketError { text: text(&texts["full"]["value"]), cause: None })
                },
            ),
        ),
    ];
    raised.into_iter().map(|(scenario, id)| (scenario, id.simple().to_string())).collect()
}

fn fill(scope: &mut Scope, texts: &Value) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let user = &texts["user"];
    scope.set_user(Some(User {
        id: Some(text(&user["id"])),
        username: Some(text(&user["username"])),
        email: Some(text(&user["email"])),
        ip_address: Some(text(&user["ip_address"]).parse().unwrap()),
        ..User::default()
    }));
    scope.set_transaction(Some(&text(&texts["transaction"])));
    for (name, value) in texts["tags"].as_object().unwrap() {
        scope.set_tag(name, text(value));
    }
    for (name, value) in texts["extra"].as_object().unwrap() {
        scope.set_extra(name, value.clone());
    }
    for (name, context) in texts["contexts"].as_object().unwrap() {
        let members: BTreeMap<String, SdkValue> = context.as_object().unwrap().clone().into_iter().collect();
        scope.set_context(name, Context::Other(members));
    }
}

fn leave_breadcrumbs(texts: &Value) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    for crumb in texts["breadcrumbs"].as_array().unwrap() {
        sentry::add_breadcrumb(Breadcrumb {
            category: Some(text(&crumb["category"])),
            message: Some(text(&crumb["message"])),
            level: Level::Info,
            data: crumb["data"].as_object().cloned().unwrap_or_default().into_iter().collect(),
            ..Breadcrumb::default()
        });
    }
}
