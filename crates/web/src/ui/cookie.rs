//! The cookies that pages leave with a browser: for this site alone, and for no script.

use http::HeaderValue;

use super::links::Links;

/// A cookie that holds for so many seconds, and is forgotten at once with zero. Names and values are ours: letters, digits, `-`.
pub(super) fn set_cookie(name: &str, value: &str, age_seconds: u32, links: &Links) -> HeaderValue {
    let secure = if links.is_https() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; Max-Age={age_seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}
