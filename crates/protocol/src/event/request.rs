//! The HTTP request during which the event happened: copied, scrubbed, and read for its URL, headers and client address.

use std::borrow::Cow;
use std::net::IpAddr;

use super::bag;
use super::fields::Fields;
use super::limits::{LARGE_BAG, MEDIUM_BAG, SYMBOL, URL};
use super::problems::{Path, Problem, Problems};
use super::scrub::{FILTERED, Scrub, filter_cards, filter_pairs, is_sensitive};
use super::text::{cut, lenient};
use crate::json::{Kind, Tape, Value};

/// What an SDK writes for "the address that this request comes from".
pub(crate) const AUTO: &str = "{{auto}}";

/// What the rest of the event needs of its request.
#[derive(Default)]
pub(crate) struct Request<'a> {
    pub(crate) url: Option<Cow<'a, str>>,
    pub(crate) headers: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    /// `env.REMOTE_ADDR`, where it is an address.
    pub(crate) remote_address: Option<Cow<'a, str>>,
}

/// Copies the request; `client` stands for the automatic address.
pub(crate) fn request<'a>(
    out: &mut Vec<u8>,
    object: Value<'_, 'a>,
    client: Option<IpAddr>,
    scrub: Scrub,
    problems: &mut Problems,
) -> Request<'a> {
    let path = Path::root("request");
    let mut request = Request::default();
    let mut fields = Fields::new(out, object, problems, scrub);
    fields.each_member(object, |fields, member| {
        let value = member.value;
        match member.key.plain().unwrap_or_default() {
            b"url" => request.url = url(fields, value, &path.name("url")),
            b"method" => {
                fields.text(value, SYMBOL, &path.name("method"));
            }
            b"query_string" => body(fields, value, &path.name("query_string")),
            b"data" => body(fields, value, &path.name("data")),
            b"headers" => {
                request.headers = headers(value);
                fields.bag(value, LARGE_BAG, &path.name("headers"));
            }
            b"env" => request.remote_address = env(fields, value, client, &path.name("env")),
            _ if bag::is_hidden(member, fields.scrub) => fields.copier.string(value, FILTERED),
            _ => fields.bag(value, LARGE_BAG, &path.name(&member.name())),
        }
    });
    fields.copier.finish(object.end());
    request
}

fn url<'a>(fields: &mut Fields<'_, '_, 'a>, value: Value<'_, 'a>, path: &Path<'_>) -> Option<Cow<'a, str>> {
    let text = value.text();
    let query = text.as_deref().and_then(|text| text.split_once('?'));
    if let Some((before, query)) = query.filter(|_| fields.scrub == Scrub::On)
        && let Some(filtered) = filter_pairs(query)
    {
        let filtered = format!("{before}?{filtered}");
        let filtered = cut(&filtered, URL).unwrap_or(filtered);
        fields.copier.string(value, &filtered);
        return Some(Cow::Owned(filtered));
    }
    fields.text(value, URL, path).filter(|text| !text.is_empty())
}

/// A body or a query string: as a text, what it holds is scrubbed all the same.
fn body<'a>(fields: &mut Fields<'_, '_, 'a>, value: Value<'_, 'a>, path: &Path<'_>) {
    let text = if fields.scrub == Scrub::On && value.kind() == Kind::String { value.text() } else { None };
    match text.and_then(|text| scrubbed_body(&text)) {
        Some(filtered) => {
            let end = filtered.floor_char_boundary(LARGE_BAG.bytes);
            if end < filtered.len() {
                fields.problems.add(Problem::ValueTooLong, path);
            }
            fields.copier.string(value, &filtered[..end]);
        }
        None => fields.bag(value, LARGE_BAG, path),
    }
}

/// The text with what must not be stored filtered, if it holds any: JSON by its names, else a form by its pairs. JSON that
/// cannot be read, as SDKs that cut bodies send it, goes as a whole where a sensitive word is in it.
fn scrubbed_body(text: &str) -> Option<String> {
    let filtered = match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[') if is_sensitive(text.as_bytes()) => match Tape::new().parse(text.as_bytes()) {
            Ok(document) => Some(bag::scrubbed_json(document.root())),
            Err(_) => Some(FILTERED.to_owned()),
        },
        Some(b'{' | b'[') => None,
        _ => filter_pairs(text),
    };
    let cards = filter_cards(filtered.as_deref().unwrap_or(text));
    cards.or(filtered)
}

/// The server's variables. An automatic address becomes the client's.
fn env<'a>(
    fields: &mut Fields<'_, '_, 'a>,
    value: Value<'_, 'a>,
    client: Option<IpAddr>,
    path: &Path<'_>,
) -> Option<Cow<'a, str>> {
    let sent = value.get("REMOTE_ADDR").and_then(|value| value.text());
    if sent.as_deref() != Some(AUTO) || value.kind() != Kind::Object {
        fields.object_bag(value, LARGE_BAG, path);
        return sent.filter(|text| text.parse::<IpAddr>().is_ok());
    }
    let address = client.map(|address| address.to_string());
    fields.each_member(value, |fields, member| {
        if member.is_named("REMOTE_ADDR") {
            match &address {
                Some(address) => fields.copier.string(member.value, address),
                None => fields.copier.null(member.value),
            }
        } else if bag::is_hidden(member, fields.scrub) {
            fields.copier.string(member.value, FILTERED);
        } else {
            fields.bag(member.value, MEDIUM_BAG, &path.name(&member.name()));
        }
    });
    address.map(Cow::Owned)
}

/// Headers as sent: an object, whose values may be lists, or a list of pairs.
fn headers<'a>(value: Value<'_, 'a>) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
    let mut headers = Vec::with_capacity(value.count());
    for member in value.members() {
        headers.push((member.name(), header_value(member.value)));
    }
    for pair in value.elements() {
        let mut pair = pair.elements();
        if let (Some(name), Some(value)) = (pair.next().and_then(|name| name.text()), pair.next()) {
            headers.push((name, header_value(value)));
        }
    }
    headers
}

/// The first header of a name, in any case; headers as [`headers`] takes them.
pub(crate) fn header<'a>(headers: Value<'_, 'a>, name: &str) -> Option<Cow<'a, str>> {
    let is_named = |text: &str| text.eq_ignore_ascii_case(name);
    let member = headers.members().find(|member| is_named(&member.name())).map(|member| member.value);
    let pair = || {
        let mut pairs = headers.elements().map(|pair| pair.elements());
        pairs.find_map(|mut pair| pair.next()?.text().filter(|text| is_named(text)).and_then(|_| pair.next()))
    };
    Some(header_value(member.or_else(pair)?)).filter(|value| !value.is_empty())
}

fn header_value<'a>(value: Value<'_, 'a>) -> Cow<'a, str> {
    if value.kind() == Kind::Array {
        return Cow::Owned(value.elements().filter_map(lenient).collect::<Vec<_>>().join(", "));
    }
    lenient(value).unwrap_or_default()
}
