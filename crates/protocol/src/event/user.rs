//! Who was affected: the user's fields, and the network address from wherever it is known.

use std::borrow::Cow;
use std::net::IpAddr;

use super::User;
use super::fields::Fields;
use super::limits::{MEDIUM_BAG, USER_FIELD};
use super::problems::{Path, Problem, Problems};
use super::request::AUTO;
use super::scrub::Scrub;
use crate::json::{Kind, Value, write_string};

/// Where the user's address comes from when the user has none, and what the automatic one stands for.
pub(crate) struct Addresses<'a> {
    /// `request.env.REMOTE_ADDR`.
    pub(crate) remote: Option<Cow<'a, str>>,
    /// The client's, for the automatic address.
    pub(crate) client: Option<IpAddr>,
    /// Whether the platform runs where the user is: then the client is the user.
    pub(crate) is_client_side: bool,
}

/// Writes the `user` member, if there is anything to write, and gives the user.
pub(crate) fn user<'a>(
    out: &mut Vec<u8>,
    attribute: Option<Value<'_, 'a>>,
    addresses: Addresses<'a>,
    problems: &mut Problems,
) -> User<'a> {
    let root = Path::root("user");
    let Some(object) = attribute.filter(|value| value.kind() == Kind::Object) else {
        if attribute.is_some_and(|value| !value.is_null()) {
            problems.add(Problem::InvalidData, &root);
        }
        let ip_address = addresses.fallback();
        if let Some(address) = &ip_address {
            out.extend_from_slice(b",\"user\":{\"ip_address\":");
            write_string(out, address);
            out.push(b'}');
        }
        return User { ip_address, ..User::default() };
    };
    out.extend_from_slice(b",\"user\":");
    let mut user = User::default();
    let mut has_address = false;
    let mut fields = Fields::new(out, object, problems, Scrub::Off);
    fields.each_member(object, |fields, member| {
        let value = member.value;
        match member.key.plain().unwrap_or_default() {
            b"id" => user.id = text(fields, value, &root.name("id")),
            b"username" => user.username = text(fields, value, &root.name("username")),
            b"email" => user.email = text(fields, value, &root.name("email")),
            b"name" => {
                text(fields, value, &root.name("name"));
            }
            b"ip_address" => {
                has_address = true;
                user.ip_address = address(fields, value, &addresses, &root.name("ip_address"));
            }
            b"data" => fields.object_bag(value, MEDIUM_BAG, &root.name("data")),
            _ => fields.copier.value(value),
        }
    });
    if !has_address && let Some(address) = addresses.fallback() {
        fields.insert(object, "ip_address", &address);
        user.ip_address = Some(address);
    }
    fields.copier.finish(object.end());
    user
}

impl<'a> Addresses<'a> {
    fn fallback(&self) -> Option<Cow<'a, str>> {
        let client = || self.client.filter(|_| self.is_client_side).map(|address| Cow::Owned(address.to_string()));
        self.remote.clone().or_else(client)
    }
}

fn text<'a>(fields: &mut Fields<'_, '_, 'a>, value: Value<'_, 'a>, path: &Path<'_>) -> Option<Cow<'a, str>> {
    fields.lenient(value, USER_FIELD, path).filter(|text| !text.is_empty())
}

fn address<'a>(
    fields: &mut Fields<'_, '_, 'a>,
    value: Value<'_, 'a>,
    addresses: &Addresses<'a>,
    path: &Path<'_>,
) -> Option<Cow<'a, str>> {
    let sent = value.text();
    let known = match sent.as_deref() {
        Some(AUTO) => addresses.client.map(|address| Cow::Owned(address.to_string())),
        Some(text) if text.parse::<IpAddr>().is_ok() => {
            fields.copier.value(value);
            return sent;
        }
        _ => {
            if !value.is_null() {
                fields.problems.add_value(Problem::InvalidData, path, value);
            }
            addresses.fallback()
        }
    };
    match &known {
        Some(address) => fields.copier.string(value, address),
        None => fields.copier.null(value),
    }
    known
}
