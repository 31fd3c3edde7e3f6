//! `watchfire init`: provisioning, as often as one likes.

use std::net::SocketAddr;
use std::path::Path;

use clap::Args;
use model::slug::Slug;
use serde::Serialize;
use store::sqlite::FolderLock;

use super::failure::Failure;
use super::report;
use super::stores;
use crate::config::{BaseUrl, SecretKeyFlags, StoreFlags, base_url, socket_address};
use crate::provision::{Audience, Provisioned, Wanted, WantedToken, WantedUrl, banner, provision};
use crate::secret_key::{replace, unlock};
use crate::wiring::system_clock;

pub(super) const EXAMPLES: &str = "\
What is there already is looked up, not changed; the password and the token are shown only by the run
that made them. A name that is not given stands for the oldest organization, project or user, and on
an empty store for my-org, my-project and admin@localhost. Works beside a running `watchfire serve`.
Where the store has no secret key yet, a file with a new one is made: back it up, apart from the store.

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
    #[command(flatten)]
    secret_key: SecretKeyFlags,
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
    #[arg(long, value_name = "EMAIL", value_parser = model::email::email)]
    user: Option<String>,
    /// Make another token with every scope
    #[arg(long)]
    new_token: bool,
    /// Give the store another secret key because its own is lost: hooks get nothing then until their secrets are rotated with
    /// an overlap of 0 and their headers set again
    #[arg(long)]
    replace_lost_secret_key: bool,
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
    secret_key_file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password: Option<&'a str>,
}

/// Makes what is not there, and says what is there.
pub(super) async fn run(arguments: Arguments) -> Result<String, Failure> {
    let Arguments { store, secret_key, url, listen, org, project, user, new_token, replace_lost_secret_key, json } =
        arguments;
    let wanted = Wanted {
        organization: org,
        project,
        user,
        url: url.map_or_else(|| WantedUrl::Otherwise(BaseUrl::of_listener(listen)), WantedUrl::Stored),
        token: if new_token { WantedToken::Another } else { WantedToken::First },
        now: system_clock().now(),
    };
    let key_file = secret_key.file(&store.data);
    // Who serves the store goes on sealing with the key that it has.
    let _nobody_serves = if replace_lost_secret_key { Some(FolderLock::take(&store.data)?) } else { None };
    stores::with(&store, async |store| {
        if replace_lost_secret_key {
            replace(store, &key_file).await?;
        }
        unlock(store, &key_file).await?;
        let provisioned = provision(store, wanted).await?;
        if json {
            return report::json(&answer(&provisioned, key_file.display().to_string()));
        }
        Ok(format!("{}{}", banner(&provisioned, Audience::Person), key_is_kept(&key_file)))
    })
    .await
}

/// What everybody should know of the secret key's file.
pub(super) fn key_is_kept(file: &Path) -> String {
    format!("\nHooks' secrets are sealed with the key in {}: back it up, apart from the store.\n", file.display())
}

fn answer(provisioned: &Provisioned, secret_key_file: String) -> Answer<'_> {
    Answer {
        organization: &provisioned.organization.slug,
        project: &provisioned.project.slug,
        project_id: provisioned.project.id.to_string(),
        dsn: provisioned.dsn.to_string(),
        url: provisioned.url.as_str(),
        user: &provisioned.user,
        secret_key_file,
        token: provisioned.token.as_ref().map(|token| token.expose()),
        password: provisioned.password.as_ref().map(|password| password.expose()),
    }
}
