//! Headers as people keep them: a line each, from a file that some tool wrote.
//!
//! Takes what `curl -D`, `curl -v`, a proxy's log or a debugger prints: `Name: value`, behind `< ` or `> ` too, with or without the
//! line that a request begins with. Everything else is passed over; an empty line ends them. Called by its room.

use webhook::headers::HeaderName;

/// Headers in the order in which they stand.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct HeaderLines(Vec<(String, String)>);

impl HeaderLines {
    /// Reads all that are headers.
    pub(super) fn read(text: &str) -> HeaderLines {
        let mut lines = Vec::new();
        for line in text.lines() {
            let line = line.strip_prefix("< ").or_else(|| line.strip_prefix("> ")).unwrap_or(line);
            if matches!(line.trim(), "" | "<" | ">") {
                if lines.is_empty() {
                    continue;
                }
                break;
            }
            if let Some((name, value)) = line.split_once(':').filter(|(name, _)| is_name(name.trim())) {
                lines.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        HeaderLines(lines)
    }

    /// The first value of a header.
    pub(super) fn get(&self, name: HeaderName) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name.wire).map(|(_, value)| value.as_str())
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use webhook::headers::{SIGNATURE, WEBHOOK_ID};

    use super::*;

    #[test]
    fn headers_are_found_in_what_tools_print() {
        for text in [
            "POST /hook HTTP/1.1\r\nHost: a:80\r\nX-SENTRY-HOOK-SIGNATURE:  ab \r\nwebhook-id: d1\r\n\r\n{\"a\": 1}",
            "* Connected\n> POST http://a/b HTTP/1.1\n> x-sentry-hook-signature: ab\n> webhook-id: d1\n>\nwebhook-id: d2\n",
            "\n\nX-Sentry-Hook-Signature : ab\nwebhook-id:d1",
        ] {
            let lines = HeaderLines::read(text);
            assert_eq!((lines.get(SIGNATURE), lines.get(WEBHOOK_ID)), (Some("ab"), Some("d1")), "{text}");
        }
        assert_eq!(HeaderLines::read("{\"a\": 1}\nhttp://a\n").get(SIGNATURE), None);
    }
}
