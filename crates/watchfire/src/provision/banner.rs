//! What a person is told after provisioning: where to sign in, what to point an SDK at, how to add the first hook.

use std::fmt::Write;

use super::Provisioned;

/// Who reads the banner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// The person at the terminal: shown everything.
    Person,
    /// A log, kept and read by many: no password, no token.
    Log,
}

/// The text, with a newline at the end.
pub fn banner(provisioned: &Provisioned, audience: Audience) -> String {
    let Provisioned { organization, project, dsn, url, user, password, token } = provisioned;
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<13}{value}");
    };
    line("URL", url.as_str());
    line("organization", &organization.slug);
    line("project", &format!("{} (id {})", project.slug, project.id));
    line("DSN", &dsn.to_string());
    line("login", user);
    if audience == Audience::Person {
        if let Some(password) = password {
            line("password", &format!("{}   (shown only now)", password.expose()));
        }
        if let Some(token) = token {
            line("token", &format!("{}   (every scope; shown only now)", token.expose()));
        }
    }
    if let (Audience::Person, Some(token)) = (audience, token) {
        let hooks = format!("{url}/api/0/projects/{}/{}/hooks/", organization.slug, project.slug);
        let _ = write!(
            text,
            "\nPoint an SDK at the DSN. Add a hook for your own receiver:\n\n  \
             curl -X POST {hooks} \\\n    \
             -H 'Authorization: Bearer {}' \\\n    \
             -H 'Content-Type: application/json' \\\n    \
             -d '{{\"url\": \"{EXAMPLE_RECEIVER}\", \"events\": [\"event.created\", \"event.alert\"]}}'\n",
            token.expose(),
        );
    }
    text
}

/// Where the example's receiver listens: on one's own machine, so `serve` needs `--dev`.
const EXAMPLE_RECEIVER: &str = "http://127.0.0.1:9100/";
