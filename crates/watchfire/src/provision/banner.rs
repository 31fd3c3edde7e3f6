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

/// Where the example's receiver listens: on one's own machine, so `serve` needs `--dev`.
const EXAMPLE_RECEIVER: &str = "http://127.0.0.1:9100/";

/// The text, with a newline at the end.
pub fn banner(provisioned: &Provisioned, audience: Audience) -> String {
    let Provisioned { organization, project, dsn, url, user, password, token } = provisioned;
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<14}{value}");
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
        let header = format!("'Authorization: Bearer {}'", token.expose());
        let curl = curl_that_adds_a_hook(&hooks, &header, EXAMPLE_RECEIVER);
        let _ = write!(
            text,
            "\nOpen {url} in a browser and sign in: from there on it shows the way. Or from here: point an SDK at the DSN, \
             and\nadd a hook for your receiver (on your own machine: with `serve --dev` only; `watchfire listen` is \
             one):\n\n{curl}",
        );
    }
    text
}

/// A command for a shell. `hooks` is the URL of a project's hooks, `header` the authorization in a shell's quotes.
pub fn curl_that_adds_a_hook(hooks: &str, header: &str, receiver: &str) -> String {
    format!(
        "  curl -X POST {hooks} \\\n    \
         -H {header} \\\n    \
         -H 'Content-Type: application/json' \\\n    \
         -d '{{\"url\": \"{receiver}\", \"events\": [\"event.created\", \"event.alert\"]}}'\n"
    )
}

#[cfg(test)]
mod tests {
    use model::ids::{Generation, Millis, OrganizationId, ProjectId};
    use store::catalog::{Organization, Project};
    use web::auth::token::TokenText;

    use super::*;
    use web::auth::password::Password;

    fn provisioned() -> Provisioned {
        let (organization, created) = (OrganizationId::new(1).unwrap(), Millis(0));
        Provisioned {
            organization: Organization { id: organization, slug: "acme".into(), name: "Acme".into(), created },
            project: Project {
                id: ProjectId::new(7).unwrap(),
                organization,
                teams: Vec::new(),
                slug: "web".into(),
                name: "Web".into(),
                platform: None,
                scrub: true,
                allowed_domains: Vec::new(),
                generation: Generation(1),
                created,
            },
            dsn: "https://0123456789abcdef0123456789abcdef@w.example.com/7".parse().unwrap(),
            url: "https://w.example.com".parse().unwrap(),
            user: "ada@example.com".to_owned(),
            password: Some(Password::chosen("correct horse").unwrap()),
            token: Some(TokenText::from_random([0xab; 32])),
        }
    }

    #[test]
    fn a_person_is_shown_the_login_and_a_curl_that_works_as_it_stands() {
        let text = banner(&provisioned(), Audience::Person);
        let token = format!("sntryu_{}", "ab".repeat(32));
        let curl = format!(
            "curl -X POST https://w.example.com/api/0/projects/acme/web/hooks/ \\
    -H 'Authorization: Bearer {token}' \\
    -H 'Content-Type: application/json' \\
    -d '{{\"url\": \"http://127.0.0.1:9100/\", \"events\": [\"event.created\", \"event.alert\"]}}'\n"
        );
        assert!(text.ends_with(&curl), "{text}");
        for part in ["web (id 7)", "@w.example.com/7\n", "ada@example.com\n", "correct horse"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_log_is_shown_no_secret() {
        let text = banner(&provisioned(), Audience::Log);
        assert!(text.contains("@w.example.com/7") && text.contains("ada@example.com"), "{text}");
        assert!(!text.contains("sntryu_") && !text.contains("correct horse"), "{text}");
    }
}
