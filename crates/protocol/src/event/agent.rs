//! Contexts that the `User-Agent` of the event's request gives, where the SDK sent none of that name (B8).
//!
//! An SDK in a browser seldom says what it runs on; the header does. Of an event that happened on a server, the header tells the
//! client's system, which is not that of the event: it has a name of its own. `normalise` calls it, and writes and tags the result.

use std::borrow::Cow;

use super::request;
use super::scrub::{Scrub, filter_cards};
use crate::json::{Value, write_string};
use crate::user_agent::{Device, Product, UserAgent, recognise};

/// The platform of events that happened where the header comes from.
const BROWSER_PLATFORM: &str = "javascript";
/// The context of the system of a client.
pub(crate) const CLIENT_SYSTEM: &str = "client_os";

/// One context.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AgentContext {
    /// Its name among the contexts.
    pub(crate) name: &'static str,
    pub(crate) content: Content,
}

/// What a context holds, by its type.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Content {
    Browser(Product),
    System(Product),
    Device(Device),
}

/// The contexts that are missing in `sent` and that the request's header gives.
pub(crate) fn contexts(
    request: Option<Value<'_, '_>>,
    sent: Option<Value<'_, '_>>,
    platform: &str,
    scrub: Scrub,
) -> Vec<AgentContext> {
    let system_name = if platform == BROWSER_PLATFORM { "os" } else { CLIENT_SYSTEM };
    let is_missing = |name: &str| sent.is_none_or(|sent| sent.get(name).is_none());
    let missing = [is_missing("browser"), is_missing(system_name), is_missing("device")];
    if missing == [false; 3] {
        return Vec::new();
    }
    let Some(header) = request.and_then(user_agent) else { return Vec::new() };
    let UserAgent { browser, system, device } = recognise(&header);
    // Whoever writes a header may write anything into it, and a model is any text.
    let device = device.filter(|device| scrub == Scrub::Off || filter_cards(&device.family).is_none());
    let found = [
        ("browser", browser.map(Content::Browser)),
        (system_name, system.map(Content::System)),
        ("device", device.map(Content::Device)),
    ];
    let found = found.into_iter().zip(missing).filter(|(_, is_missing)| *is_missing);
    found.filter_map(|((name, content), _)| Some(AgentContext { name, content: content? })).collect()
}

impl AgentContext {
    /// Writes the context as a member of the contexts.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        write_string(out, self.name);
        out.extend_from_slice(b":{\"type\":");
        let (kind, members) = match &self.content {
            Content::Browser(product) => ("browser", of_product(product)),
            Content::System(product) => ("os", of_product(product)),
            Content::Device(device) => ("device", of_device(device)),
        };
        write_string(out, kind);
        for (name, text) in members {
            if let Some(text) = text {
                out.push(b',');
                write_string(out, name);
                out.push(b':');
                write_string(out, text);
            }
        }
        out.push(b'}');
    }
}

fn of_product(product: &Product) -> [(&'static str, Option<&str>); 3] {
    [("name", Some(product.name)), ("version", product.version.as_deref()), ("", None)]
}

fn of_device(device: &Device) -> [(&'static str, Option<&str>); 3] {
    [("family", Some(&device.family)), ("model", Some(&device.model)), ("brand", device.brand)]
}

fn user_agent<'a>(request: Value<'_, 'a>) -> Option<Cow<'a, str>> {
    request::header(request.get("headers")?, "user-agent")
}
