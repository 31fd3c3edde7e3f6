//! How a policy report is put into words: message, culprit, and normalised sources.

/// Every directive that a browser may name as violated.
const DIRECTIVES: [&str; 31] = [
    "base-uri",
    "block-all-mixed-content",
    "child-src",
    "connect-src",
    "default-src",
    "fenced-frame-src",
    "font-src",
    "form-action",
    "frame-ancestors",
    "frame-src",
    "img-src",
    "manifest-src",
    "media-src",
    "navigate-to",
    "object-src",
    "plugin-types",
    "prefetch-src",
    "referrer",
    "report-to",
    "report-uri",
    "require-sri-for",
    "require-trusted-types-for",
    "sandbox",
    "script-src",
    "script-src-attr",
    "script-src-elem",
    "style-src",
    "style-src-attr",
    "style-src-elem",
    "trusted-types",
    "worker-src",
];

/// The page itself, as policies write it.
const SELF: &str = "'self'";

pub(crate) fn is_directive(name: &str) -> bool {
    DIRECTIVES.contains(&name) || name == "upgrade-insecure-requests"
}

/// The event's message: what was blocked, and where it came from.
pub(crate) fn message(directive: &str, blocked: &str) -> String {
    let resource = match directive {
        "child-src" => "child",
        "connect-src" => "connect",
        "font-src" => "font",
        "form-action" => "form action",
        "img-src" => "image",
        "manifest-src" => "manifest",
        "media-src" => "media",
        "object-src" => "object",
        "script-src" | "script-src-attr" | "script-src-elem" => "script",
        "style-src" | "style-src-attr" | "style-src-elem" => "style",
        other => return format!("Blocked '{other}' from '{}'", blocked.trim_matches('\'')),
    };
    match (resource, blocked) {
        (_, "inline") => format!("Blocked inline {resource}"),
        (_, "eval") => format!("Blocked eval in {resource}"),
        ("script" | "style", SELF) => format!("Blocked unsafe {resource}, inline or eval"),
        _ => format!("Blocked {resource} from '{}'", blocked.trim_matches('\'')),
    }
}

/// The violated directive with each of its sources normalised; the document's own origin is the page itself.
pub(crate) fn culprit(violated: &str, document: &str) -> String {
    let own = normalised_uri(document);
    let mut words = violated.split_whitespace();
    let mut culprit = words.next().unwrap_or_default().to_owned();
    for source in words {
        culprit.push(' ');
        let is_keyword = source.starts_with('\'') || !source.contains("://");
        let source = if is_keyword { source.to_owned() } else { normalised_uri(source) };
        culprit.push_str(if source == own { SELF } else { &source });
    }
    culprit
}

/// A source without what differs from page to page: host and port for the web, scheme and host for others.
pub(crate) fn normalised_uri(uri: &str) -> String {
    match uri {
        "" | "self" | SELF => return SELF.to_owned(),
        "inline" | "eval" | "wasm-eval" | "trusted-types-policy" | "trusted-types-sink" => return uri.to_owned(),
        _ => {}
    }
    let Some((scheme, rest)) = uri.split_once(':') else {
        let is_scheme = matches!(uri, "data" | "blob" | "filesystem" | "about" | "mediastream");
        return if is_scheme { format!("{uri}:") } else { uri.to_owned() };
    };
    let Some(rest) = rest.strip_prefix("//") else {
        let is_host_and_port = rest.starts_with(|letter: char| letter.is_ascii_digit());
        return if is_host_and_port { uri.to_owned() } else { format!("{scheme}:") };
    };
    let host = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    match scheme {
        "http" | "https" => host.to_owned(),
        _ => format!("{scheme}://{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_normalised_to_what_pages_share() {
        for (uri, normalised) in [
            ("", "'self'"),
            ("self", "'self'"),
            ("'self'", "'self'"),
            ("data", "data:"),
            ("data:text/plain,x", "data:"),
            ("inline", "inline"),
            ("https://cdn.example.com/a.js?x=1", "cdn.example.com"),
            ("http://cdn.example.com:8080", "cdn.example.com:8080"),
            ("chrome-extension://abc/x.js", "chrome-extension://abc"),
            ("cdn.example.com:443", "cdn.example.com:443"),
        ] {
            assert_eq!(normalised_uri(uri), normalised, "{uri}");
        }
    }

    #[test]
    fn messages_name_the_resource_and_where_it_came_from() {
        for (directive, blocked, text) in [
            ("img-src", "evil.example", "Blocked image from 'evil.example'"),
            ("script-src-elem", "inline", "Blocked inline script"),
            ("script-src", "eval", "Blocked eval in script"),
            ("style-src", "'self'", "Blocked unsafe style, inline or eval"),
            ("font-src", "'self'", "Blocked font from 'self'"),
            ("frame-src", "evil.example", "Blocked 'frame-src' from 'evil.example'"),
        ] {
            assert_eq!(message(directive, blocked), text);
        }
    }

    #[test]
    fn the_culprit_is_the_directive_with_normalised_sources() {
        let document = "https://shop.example/cart";
        assert_eq!(
            culprit("img-src https://shop.example https://cdn.example/x data:", document),
            "img-src 'self' cdn.example data:"
        );
        assert_eq!(culprit("script-src 'self' 'unsafe-inline'", document), "script-src 'self' 'unsafe-inline'");
        assert_eq!(culprit("img-src", document), "img-src");
        assert_eq!(culprit("", document), "");
    }
}
