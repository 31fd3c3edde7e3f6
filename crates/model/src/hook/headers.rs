//! A hook's custom headers.
//!
//! Responsible for which there may be: how many, how long, of which characters, and none that is ours or that HTTP itself
//! needs. Refuses to print values, which may be credentials: they have no `Debug`.

use std::fmt;

use crate::limits::{CUSTOM_HEADER_BYTES, CUSTOM_HEADERS};

/// Names that belong to HTTP's own doing, beside everything under [`REFUSED_PREFIXES`].
const REFUSED: [&str; 8] =
    ["host", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect"];
/// `Content-Length` and its kin describe the body that we send; `Proxy-*` is for a proxy that there is not.
const REFUSED_PREFIXES: [&str; 2] = ["content-", "proxy-"];

/// One header that a hook's requests have beside ours.
#[derive(Clone, PartialEq, Eq)]
pub struct CustomHeader {
    name: String,
    value: String,
}

/// The headers of one hook, in the order in which they were given; no name stands in it twice.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct CustomHeaders(Vec<CustomHeader>);

/// Why there may not be such headers. The value itself is never repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderRefusal {
    /// More than [`CUSTOM_HEADERS`].
    #[error("there may be at most {CUSTOM_HEADERS} headers")]
    TooMany,
    /// More than [`CUSTOM_HEADER_BYTES`].
    #[error("names and values together may have at most {CUSTOM_HEADER_BYTES} bytes")]
    TooLong,
    /// An empty name, or one with characters that no header's name has.
    #[error("'{name}' is not the name of a header")]
    BadName {
        /// The name.
        name: String,
    },
    /// A name that we or HTTP need.
    #[error("the header {name} cannot be set: it is set by Watchfire or by HTTP itself")]
    Reserved {
        /// The name.
        name: String,
    },
    /// The same name again.
    #[error("the header {name} is given twice")]
    Twice {
        /// The name.
        name: String,
    },
    /// A line end, another control character, or a character outside ASCII.
    #[error(
        "the value of {name} may only have printable ASCII characters, blanks and tabs, and none of these at its ends"
    )]
    BadValue {
        /// The header's name.
        name: String,
    },
}

impl CustomHeaders {
    /// The headers with these names and values.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, HeaderRefusal> {
        let (mut headers, mut bytes) = (Vec::<CustomHeader>::new(), 0_usize);
        for (name, value) in pairs {
            check_name(&name)?;
            if headers.iter().any(|known| known.name.eq_ignore_ascii_case(&name)) {
                return Err(HeaderRefusal::Twice { name });
            }
            if !is_value(&value) {
                return Err(HeaderRefusal::BadValue { name });
            }
            bytes = bytes.saturating_add(name.len() + value.len());
            headers.push(CustomHeader { name, value });
            if headers.len() > CUSTOM_HEADERS {
                return Err(HeaderRefusal::TooMany);
            }
        }
        if bytes > CUSTOM_HEADER_BYTES { Err(HeaderRefusal::TooLong) } else { Ok(CustomHeaders(headers)) }
    }

    /// Names and values, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|header| (header.name.as_str(), header.value.as_str()))
    }

    /// The value of a header, whatever the case of its name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for CustomHeaders {
    /// The names alone.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

fn check_name(name: &str) -> Result<(), HeaderRefusal> {
    // RFC 9110, 5.6.2: a token.
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(HeaderRefusal::BadName { name: name.to_owned() });
    }
    let lower = name.to_ascii_lowercase();
    let is_reserved = REFUSED.contains(&lower.as_str())
        || REFUSED_PREFIXES.into_iter().any(|prefix| lower.starts_with(prefix))
        || webhook::headers::ALL.iter().any(|ours| ours.wire == lower);
    if is_reserved { Err(HeaderRefusal::Reserved { name: name.to_owned() }) } else { Ok(()) }
}

/// Blanks at the ends would be lost on the wire.
fn is_value(value: &str) -> bool {
    value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)) && value.trim_ascii() == value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> Result<CustomHeaders, HeaderRefusal> {
        CustomHeaders::new(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn ordinary_headers_are_kept_as_they_were_given() {
        let kept = headers(&[("Authorization", "Bearer abc"), ("X-Env", ""), ("x_odd!", "a\tb")]).unwrap();
        let pairs: Vec<_> = kept.iter().collect();
        assert_eq!(pairs, [("Authorization", "Bearer abc"), ("X-Env", ""), ("x_odd!", "a\tb")]);
        assert_eq!(kept.get("AUTHORIZATION"), Some("Bearer abc"));
        assert_eq!(kept.get("Cookie"), None);
    }

    #[test]
    fn no_value_is_printed() {
        let kept = headers(&[("Authorization", "Bearer abc")]).unwrap();
        assert_eq!(format!("{kept:?}"), "[\"Authorization\"]");
    }

    #[test]
    fn names_of_ours_and_of_http_are_reserved_in_any_case() {
        let of_http = ["Host", "content-type", "Content-Length", "Transfer-Encoding", "CONNECTION", "Upgrade"];
        let others = ["Proxy-Authorization", "Keep-Alive", "TE", "Trailer", "Expect", "Content-Encoding"];
        let ours = webhook::headers::ALL.map(|name| name.display);
        for name in of_http.into_iter().chain(others).chain(ours) {
            assert_eq!(headers(&[(name, "x")]), Err(HeaderRefusal::Reserved { name: name.to_owned() }));
        }
    }

    #[test]
    fn what_would_break_a_request_is_refused() {
        for name in ["", "a b", "a:b", "näme", "a\r\nb", "a(b)"] {
            assert_eq!(headers(&[(name, "x")]), Err(HeaderRefusal::BadName { name: name.to_owned() }), "{name:?}");
        }
        for value in ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "é", "\u{7f}", " a", "a\t"] {
            let refusal = HeaderRefusal::BadValue { name: "X-A".to_owned() };
            assert_eq!(headers(&[("X-A", value)]), Err(refusal), "{value:?}");
        }
    }

    #[test]
    fn there_are_so_many_and_each_once() {
        assert_eq!(headers(&[("X-A", "1"), ("x-a", "2")]), Err(HeaderRefusal::Twice { name: "x-a".to_owned() }));
        let many = |count: usize| CustomHeaders::new((0..count).map(|index| (format!("x-{index}"), String::new())));
        assert!(many(CUSTOM_HEADERS).is_ok());
        assert_eq!(many(CUSTOM_HEADERS + 1), Err(HeaderRefusal::TooMany));
        let long = |bytes: usize| headers(&[("X-A", &"a".repeat(bytes))]);
        assert!(long(CUSTOM_HEADER_BYTES - 3).is_ok());
        assert_eq!(long(CUSTOM_HEADER_BYTES - 2), Err(HeaderRefusal::TooLong));
    }
}
