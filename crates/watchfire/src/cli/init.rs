//! `watchfire init`: provisioning, as often as one likes.

use std::net::SocketAddr;

use clap::Args;
use model::slug::Slug;
use serde::Serialize;

use super::failure::Failure;
use super::report;
use super::stores;
use crate::config::{BaseUrl, StoreFlags, base_url, socket_address};
use crate::provision::{Audience, Provisioned, Wanted, WantedToken, WantedUrl, banner, provision};
use crate::wiring::system_clock;

pub(super) const EXAMPLES: &str = "\
What is there already is looked up, not changed; the password and the token are shown only by the run
that made them. A name that is not given stands for the oldest organization, project or user, and on
an empty store for my-org, my-project and admin@localhost. Works beside a running `watchfire serve`.

Examples:
  watchfire init
  watchfire init --org acme --project web --url https://watchfire.example.com
  DSN=$(watchfire init --json | jq -r .dsn)
  watchfire init --new-token --json | jq -r .token";

/// What `init` is told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    store: StoreFlags,
    /// URL under which people and SDKs reach this Watchfire; stored for `serve`
    #[arg(long, value_name = "URL", value_parser = base_url)]
    url: Option<BaseUrl>,
    /// Where `serve` listens: the URL where none was ever given
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9000", value_parser = socket_address)]
    listen: SocketAddr,
    /// The organization's name in URLs
    #[arg(long, value_name = "SLUG")]
    org: Option<Slug>,
    /// The project's name in URLs
    #[arg(long, value_name = "SLUG")]
    project: Option<Slug>,
    /// The user's name at sign-in, an e-mail address
    #[arg(long, value_name = "EMAIL", value_parser = super::user::email)]
    user: Option<String>,
    /// Make another token with every scope
    #[arg(long)]
    new_token: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The object of `--json`.
#[derive(Serialize)]
struct Answer<'a> {
    organization: &'a str,
    project: &'a str,
    project_id: String,
    dsn: String,
    url: &'a str,
    user: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

/// Makes what is not there, and says what is there.
pub(super) async fn run(arguments: Arguments) -> Result<String, Failure> {
    let Arguments { store, url, listen, org, project, user, new_token, json } = arguments;
    let wanted = Wanted {
        organization: org,
        project,
        user,
        url: url.map_or_else(|| WantedUrl::Otherwise(BaseUrl::of_listener(listen)), WantedUrl::Stored),
        token: if new_token { WantedToken::Another } else { WantedToken::First },
        now: system_clock().now(),
    };
    stores::with(&store, async |store| {
        let provisioned = provision(store, wanted).await?;
        if json { report::json(&answer(&provisioned)) } else { Ok(banner(&provisioned, Audience::Person)) }
    })
    .await
}

fn answer(provisioned: &Provisioned) -> Answer<'_> {
    Answer {
        organization: &provisioned.organization.slug,
        project: &provisioned.project.slug,
        project_id: provisioned.project.id.to_string(),
        dsn: provisioned.dsn.to_string(),
        url: provisioned.url.as_str(),
        user: &provisioned.user,
        token: provisioned.token.as_ref().map(|token| token.expose()),
        password: provisioned.password.as_ref().map(|password| password.expose()),
    }
}
