//! What to paste into an application, for each kind of SDK, with the project's own DSN in it.

/// A snippet with its DSN filled in.
pub(super) struct Snippet {
    /// The platform's id.
    pub(super) id: &'static str,
    pub(super) label: &'static str,
    /// What installs the SDK, if a command does.
    pub(super) install: &'static str,
    pub(super) code: String,
}

/// Platforms that a project can be of: Sentry's id, and what people call it.
pub(super) const PLATFORMS: &[(&str, &str)] = &[
    ("python", "Python"),
    ("node", "Node.js"),
    ("javascript", "Browser JavaScript"),
    ("go", "Go"),
    ("ruby", "Ruby"),
    ("php", "PHP"),
    ("rust", "Rust"),
];

const TEMPLATES: [(&str, &str, &str); 7] = [
    (
        "python",
        "pip install sentry-sdk",
        r#"import sentry_sdk

sentry_sdk.init(dsn="{dsn}")

sentry_sdk.capture_message("Hello from Python")"#,
    ),
    (
        "node",
        "npm install @sentry/node",
        r#"const Sentry = require("@sentry/node");

Sentry.init({ dsn: "{dsn}" });

Sentry.captureMessage("Hello from Node.js");"#,
    ),
    (
        "javascript",
        "npm install @sentry/browser",
        r#"import * as Sentry from "@sentry/browser";

Sentry.init({ dsn: "{dsn}" });

Sentry.captureMessage("Hello from a browser");"#,
    ),
    (
        "go",
        "go get github.com/getsentry/sentry-go",
        r#"err := sentry.Init(sentry.ClientOptions{Dsn: "{dsn}"})
if err != nil {
	log.Fatal(err)
}
defer sentry.Flush(2 * time.Second)

sentry.CaptureMessage("Hello from Go")"#,
    ),
    (
        "ruby",
        "gem install sentry-ruby",
        r#"require "sentry-ruby"

Sentry.init { |config| config.dsn = "{dsn}" }

Sentry.capture_message("Hello from Ruby")"#,
    ),
    (
        "php",
        "composer require sentry/sentry",
        r#"\Sentry\init(['dsn' => '{dsn}']);

\Sentry\captureMessage('Hello from PHP');"#,
    ),
    (
        "rust",
        "cargo add sentry",
        r#"let _guard = sentry::init("{dsn}");

sentry::capture_message("Hello from Rust", sentry::Level::Error);"#,
    ),
];

/// All snippets, that of the project's own platform first.
pub(super) fn with_dsn(dsn: &str, platform: &str) -> Vec<Snippet> {
    let label = |id: &str| PLATFORMS.iter().find(|(known, _)| *known == id).map_or("", |(_, label)| label);
    let snippet = |(id, install, code): (&'static str, &'static str, &str)| Snippet {
        id,
        label: label(id),
        install,
        code: code.replace("{dsn}", dsn),
    };
    let mut snippets: Vec<Snippet> = TEMPLATES.into_iter().map(snippet).collect();
    // Sentry's ids go on after a hyphen: python-django is Python too.
    let is_own = |snippet: &Snippet| platform == snippet.id || platform.starts_with(&format!("{}-", snippet.id));
    snippets.sort_by_key(|snippet| !is_own(snippet));
    snippets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_has_a_snippet_with_the_dsn_and_its_own_comes_first() {
        let snippets = with_dsn("https://key@watch.example/1", "go-http");
        assert_eq!(snippets.len(), PLATFORMS.len());
        assert!(
            snippets
                .iter()
                .all(|snippet| snippet.code.contains("https://key@watch.example/1") && !snippet.label.is_empty())
        );
        assert_eq!(snippets[0].id, "go");
    }
}
