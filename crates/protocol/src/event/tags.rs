//! Tags: the SDK's, in both shapes, and those that the event itself gives.

use std::borrow::Cow;

use super::agent::{AgentContext, CLIENT_SYSTEM, Content};
use super::bag::{is_hidden, scrubbed_text};
use super::limits::{MAX_TAG_CHARS, NAME};
use super::problems::{Path, Problem, Problems};
use super::scrub::{FILTERED, Scrub};
use super::text::{cut, is_longer, lenient, trimmed};
use super::{Event, User};
use crate::json::{Kind, Value};
use crate::user_agent::Product;

pub(crate) type Tag<'a> = (Cow<'a, str>, Cow<'a, str>);

/// Names that an SDK's tag must not have, beside `environment`: they come from attributes.
const RESERVED: [&str; 5] = ["release", "dist", "user", "filename", "function"];

const PATH: &str = "tags";

/// The SDK's tags in the order sent, and the one named `environment` apart.
#[derive(Default)]
pub(crate) struct SentTags<'d, 'a> {
    pub(crate) tags: Vec<Tag<'a>>,
    pub(crate) environment: Option<Value<'d, 'a>>,
}

/// Reads a map, or a list of pairs.
pub(crate) fn sent<'d, 'a>(value: Value<'d, 'a>, problems: &mut Problems) -> SentTags<'d, 'a> {
    let mut sent = SentTags { tags: Vec::with_capacity(value.count() + 4), environment: None };
    match value.kind() {
        Kind::Object => {
            for member in value.members() {
                sent.add(member.key, member.value, problems);
            }
        }
        Kind::Array => {
            for (index, element) in value.elements().enumerate() {
                let mut pair = element.elements();
                match (pair.next(), pair.next(), pair.next()) {
                    (Some(key), Some(value), None) => sent.add(key, value, problems),
                    _ if element.is_null() => {}
                    _ => problems.add_value(Problem::InvalidData, &Path::root(PATH).index(index), element),
                }
            }
        }
        _ => problems.add_value(Problem::InvalidData, &Path::root(PATH), value),
    }
    sent
}

/// Puts the attributes' own tags before the SDK's, sorts them all by key, and keeps the first of each key.
pub(crate) fn merge<'a>(own: Vec<Tag<'a>>, sent: Vec<Tag<'a>>) -> Vec<Tag<'a>> {
    let mut tags = own;
    tags.extend(sent);
    tags.sort_by(|left, right| left.0.cmp(&right.0));
    tags.dedup_by(|next, kept| next.0 == kept.0);
    tags
}

/// An attribute that becomes a tag: a text without line feeds, not too long.
pub(crate) fn from_attribute<'a>(name: &'static str, value: Value<'_, 'a>, problems: &mut Problems) -> Option<Tag<'a>> {
    let path = Path::root(name);
    let text = match lenient(value) {
        Some(text) => trimmed(text),
        None => {
            if !value.is_null() {
                problems.add_value(Problem::InvalidData, &path, value);
            }
            return None;
        }
    };
    if text.is_empty() {
        return None;
    }
    if let Some(problem) = value_problem(&text) {
        problems.add_value(problem, &path, value);
        return None;
    }
    Some((Cow::Borrowed(name), text))
}

/// The tags that the event gives beside its own, where the SDK did not send one of that name. What is filtered in contexts is
/// filtered here.
pub(crate) fn derived<'a>(
    event: &Event<'a>,
    contexts: Option<Value<'_, 'a>>,
    found: &[AgentContext],
    scrub: Scrub,
) -> Vec<Tag<'a>> {
    let mut tags: Vec<Tag<'a>> = Vec::with_capacity(12);
    let mut add = |key: &'static str, value: Cow<'a, str>| {
        let known = event.tags.binary_search_by(|tag| tag.0.as_ref().cmp(key)).is_ok();
        if !known && !value.is_empty() {
            let value = match cut(&value, NAME) {
                Some(shorter) => Cow::Owned(shorter),
                None => value,
            };
            tags.push((Cow::Borrowed(key), value));
        }
    };
    add("level", Cow::Borrowed(event.level.as_str()));
    add("logger", event.logger.clone());
    add("transaction", event.transaction.clone().unwrap_or_default());
    add("url", event.request_url.clone().unwrap_or_default());
    add("user", user_tag(&event.user).unwrap_or_default());
    if let Some(main) = event.exceptions.last() {
        add("mechanism", main.mechanism.clone().unwrap_or_default());
        add("handled", main.handled.map(|handled| if handled { "yes" } else { "no" }).unwrap_or_default().into());
    }
    for tag in contexts.into_iter().flat_map(|contexts| ContextTag::all(contexts, scrub)) {
        add(tag.key, tag.value);
    }
    for tag in found.iter().flat_map(ContextTag::found) {
        add(tag.key, tag.value);
    }
    tags.sort_by(|left, right| left.0.cmp(&right.0));
    tags.dedup_by(|next, kept| next.0 == kept.0);
    tags
}

/// The user in the form that counts users: the first of id, name, mail and network address.
pub(crate) fn user_tag<'a>(user: &User<'a>) -> Option<Cow<'a, str>> {
    let forms = [("id", &user.id), ("username", &user.username), ("email", &user.email), ("ip", &user.ip_address)];
    let (kind, value) = forms.into_iter().find_map(|(kind, value)| Some((kind, value.as_deref()?)))?;
    Some(Cow::Owned(format!("{kind}:{value}")))
}

impl<'d, 'a> SentTags<'d, 'a> {
    fn add(&mut self, key: Value<'d, 'a>, value: Value<'d, 'a>, problems: &mut Problems) {
        let root = Path::root(PATH);
        let Some(name) = lenient(key).map(trimmed).filter(|name| !name.is_empty()) else {
            problems.add_value(Problem::InvalidData, &root, key);
            return;
        };
        let name = without_blanks(name);
        let path = root.name(&name);
        if is_longer(&name, MAX_TAG_CHARS) {
            problems.add(Problem::ValueTooLong, &path);
            return;
        }
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':' | b'-')) {
            problems.add(Problem::InvalidData, &path);
            return;
        }
        if name == "environment" {
            self.environment.get_or_insert(value);
            return;
        }
        if RESERVED.contains(&&*name) || value.is_null() {
            return;
        }
        let Some(text) = lenient(value).map(trimmed) else {
            problems.add_value(Problem::InvalidData, &path, value);
            return;
        };
        match value_problem(&text) {
            None => self.tags.push((name, text)),
            Some(problem) => problems.add_value(problem, &path, value),
        }
    }
}

/// What is wrong with a tag's value, if anything.
fn value_problem(text: &str) -> Option<Problem> {
    if is_longer(text, MAX_TAG_CHARS) {
        Some(Problem::ValueTooLong)
    } else if text.is_empty() || text.contains('\n') {
        Some(Problem::InvalidData)
    } else {
        None
    }
}

fn without_blanks(name: Cow<'_, str>) -> Cow<'_, str> {
    if name.contains(' ') { Cow::Owned(name.replace(' ', "-")) } else { name }
}

const BROWSER_KEYS: [&str; 2] = ["browser", "browser.name"];
const DEVICE_KEYS: [&str; 2] = ["device", "device.family"];

/// A tag from one of the contexts.
struct ContextTag<'a> {
    key: &'static str,
    value: Cow<'a, str>,
}

impl<'a> ContextTag<'a> {
    /// The tags of the contexts of known types; a context's type is its name unless it says otherwise.
    fn all<'d>(contexts: Value<'d, 'a>, scrub: Scrub) -> impl Iterator<Item = ContextTag<'a>> + use<'d, 'a> {
        contexts.members().filter(move |member| !is_hidden(member, scrub)).flat_map(move |member| {
            let context = member.value;
            let kind = context.get("type").and_then(|value| value.text()).unwrap_or_else(|| member.name());
            let text = |name: &str| shown(context.get(name)?, scrub).map(trimmed).filter(|text| !text.is_empty());
            let (keys, values) = match &*kind {
                "runtime" => (["runtime", "runtime.name"], named(text("name"), text("version"))),
                "os" => (system_keys(&member.name()), named(text("name"), text("version"))),
                "browser" => (BROWSER_KEYS, named(text("name"), text("version"))),
                "device" => (DEVICE_KEYS, [text("model"), text("family")]),
                _ => (["", ""], [None, None]),
            };
            ContextTag::of(keys, values)
        })
    }

    /// The tags of a context that the SDK did not send.
    fn found(context: &AgentContext) -> impl Iterator<Item = ContextTag<'a>> + use<'a> {
        let text = |text: &str| Some(Cow::Owned(text.to_owned()));
        let version = |product: &Product| product.version.clone().map(Cow::Owned);
        let (keys, values) = match &context.content {
            Content::Browser(browser) => (BROWSER_KEYS, named(Some(Cow::Borrowed(browser.name)), version(browser))),
            Content::System(system) => {
                (system_keys(context.name), named(Some(Cow::Borrowed(system.name)), version(system)))
            }
            Content::Device(device) => (DEVICE_KEYS, [text(&device.model), text(&device.family)]),
        };
        ContextTag::of(keys, values)
    }

    fn of(
        keys: [&'static str; 2],
        values: [Option<Cow<'a, str>>; 2],
    ) -> impl Iterator<Item = ContextTag<'a>> + use<'a> {
        keys.into_iter().zip(values).filter_map(|(key, value)| Some(ContextTag { key, value: value? }))
    }
}

/// A client's system is not the event's: its tags have names of their own.
fn system_keys(context: &str) -> [&'static str; 2] {
    if context == CLIENT_SYSTEM { ["client_os", "client_os.name"] } else { ["os", "os.name"] }
}

/// A text without what must not be stored.
fn shown<'a>(value: Value<'_, 'a>, scrub: Scrub) -> Option<Cow<'a, str>> {
    let text = lenient(value)?;
    let is_number = value.kind() == Kind::Number;
    if is_number && scrub.hides_text(value.raw()) {
        return Some(FILTERED.into());
    }
    Some(scrubbed_text(&text, scrub).filter(|_| !is_number).map_or(text, Cow::Owned))
}

/// "name version" and the name, as far as they are there.
fn named<'a>(name: Option<Cow<'a, str>>, version: Option<Cow<'a, str>>) -> [Option<Cow<'a, str>>; 2] {
    let full = match (&name, &version) {
        (Some(name), Some(version)) => Some(Cow::Owned(format!("{name} {version}"))),
        (Some(name), None) => Some(name.clone()),
        (None, _) => None,
    };
    [full, name]
}
