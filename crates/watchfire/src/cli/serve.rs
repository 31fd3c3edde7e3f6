//! `watchfire serve`.
//!
//! The one command that prints while it runs: a person who has just started it is waiting for the address.

use std::io::IsTerminal;

use super::failure::Failure;
use super::report;
use super::signals::Signals;
use crate::config::{BaseUrl, LogFormat, Settings};
use crate::provision::{
    self, Audience, Provisioned, Wanted, WantedToken, WantedUrl, banner, is_empty, provision, write_first_login,
};
use crate::secret_key::unlock;
use crate::wiring::{Addresses, Opened, Plan, Running, system_clock};

pub(super) async fn run(settings: Settings) -> Result<String, Failure> {
    start_log(settings.log_format);
    raise_file_limit();
    let signals = Signals::listen()?;
    let addresses = Addresses { main: settings.listen, metrics: settings.metrics_listen };
    let opened = Opened::open(&settings.data, addresses).await?;
    unlock(&opened.store, &settings.secret_key_file).await?;
    let url = settings.base_url(provision::stored_url(&*opened.store).await?, opened.address);
    let first = if is_empty(&*opened.store).await? { Some(first_start(&opened, &url).await?) } else { None };
    let address = opened.address;
    let running = Running::start(opened, plan(&settings, &url)?).await?;
    match first {
        Some(first) => welcome(&settings, &first)?,
        None => say(&format!("Watchfire listens on http://{address}/, its URL is {}\n", url.as_str()))?,
    }
    signals.stop().await;
    tracing::info!("stopping: requests and attempts under way are finished first");
    running.stop().await;
    Ok(String::new())
}

fn plan(settings: &Settings, url: &BaseUrl) -> Result<Plan, Failure> {
    let read = |path: &std::path::PathBuf| {
        std::fs::read(path).map_err(|source| Failure::File {
            doing: "read the certificates in",
            path: path.clone(),
            source,
        })
    };
    Ok(Plan {
        url: url.as_str().trim_end_matches('/').to_owned(),
        trusted_proxies: settings.trusted_proxies.clone(),
        policy: settings.egress.policy.clone(),
        egress_ca: settings.egress.ca_file.as_ref().map(read).transpose()?,
        retention: settings.retention,
        metrics_on_main: settings.dev,
    })
}

async fn first_start(opened: &Opened, url: &BaseUrl) -> Result<Provisioned, Failure> {
    let wanted = Wanted {
        organization: None,
        project: None,
        user: None,
        url: WantedUrl::Given(url.clone()),
        token: WantedToken::First,
        now: system_clock().now(),
    };
    Ok(provision(&*opened.store, wanted).await?)
}

/// A person sees the login; a log does not: it names the file that holds it.
fn welcome(settings: &Settings, first: &Provisioned) -> Result<(), Failure> {
    let kept = super::init::key_is_kept(&settings.secret_key_file);
    if settings.dev || std::io::stdout().is_terminal() {
        return say(&format!("Watchfire is ready.\n{}{kept}", banner(first, Audience::Person)));
    }
    let path = write_first_login(&settings.data, &banner(first, Audience::Person)).map_err(|source| Failure::File {
        doing: "write the first login to",
        path: settings.data.clone(),
        source,
    })?;
    let shown = banner(first, Audience::Log);
    say(&format!(
        "Watchfire is ready.\n{shown}The first login is in {}: read it, then delete it.\n{kept}",
        path.display()
    ))
}

fn say(text: &str) -> Result<(), Failure> {
    report::write(text).map_err(|source| Failure::Standard { doing: "write to standard output", source })
}

fn start_log(format: LogFormat) {
    let filter = tracing_subscriber::EnvFilter::try_from_env("WATCHFIRE_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A log that was started before, as in a test, stays.
    drop(match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().try_init(),
    });
}

/// Each connection is a file: takes as many as the system gives.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(error = %error, "the limit of open files could not be raised");
    }
}
