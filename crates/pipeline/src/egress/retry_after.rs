//! `Retry-After`, read.
//!
//! Responsible for its two forms. Refuses to read a clock: a date stays a date, and whoever plans the retry turns it into
//! a wait and bounds it. Called when an attempt ends.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;

/// What a receiver asks us to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// This long from the answer.
    In(Duration),
    /// Until this time.
    At(SystemTime),
}

pub(super) fn read(headers: &HeaderMap) -> Option<RetryAfter> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds still say "long".
        return Some(RetryAfter::In(Duration::from_secs(text.parse().unwrap_or(u64::MAX))));
    }
    httpdate::parse_http_date(text).ok().map(RetryAfter::At)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn read_text(text: &'static str) -> Option<RetryAfter> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
        read(&headers)
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(read_text("120"), Some(RetryAfter::In(Duration::from_secs(120))));
        assert_eq!(read_text("0"), Some(RetryAfter::In(Duration::ZERO)));
        let date = SystemTime::UNIX_EPOCH + Duration::from_secs(1_704_067_200);
        assert_eq!(read_text("Mon, 01 Jan 2024 00:00:00 GMT"), Some(RetryAfter::At(date)));
        let long = Duration::from_secs(u64::MAX);
        assert_eq!(read_text("99999999999999999999999"), Some(RetryAfter::In(long)));
    }

    #[test]
    fn anything_else_asks_for_nothing() {
        for text in ["", "-1", "+5", "1.5", "soon", "2024-01-01T00:00:00Z"] {
            assert_eq!(read_text(text), None, "{text}");
        }
        assert_eq!(read(&HeaderMap::new()), None);
    }
}
