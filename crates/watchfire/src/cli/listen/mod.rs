//! `watchfire listen`: a receiver on this machine that checks and prints each webhook, so that a hook can be seen at work
//! before any code is written for it.
//!
//! Responsible for the settings and for what the person at the terminal is told. A webhook passes these rooms: `received`
//! (the request), `receive` (its story, and the answer), `judge` (its signatures), `forward` (posted on), `show` (what is
//! printed). It runs on, so it prints by itself.

mod forward;
mod judge;
mod receive;
mod received;
mod show;

use std::ffi::OsStr;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use web::server::{Door, Limits, come_back};
use webhook::doctor::Doctor;

use self::forward::{Forward, ForwardUrl};
use self::judge::Judge;
use self::receive::Receiver;
use self::show::Form;
use super::connect::TrustFlags;
use super::failure::{Failure, ListenError};
use super::report;
use super::secret::{SECRET_VARIABLE, secret};
use super::signals::Signals;
use crate::provision::curl_that_adds_a_hook;

/// Enough for every connection that some hooks keep open.
const CONNECTIONS_MAX: usize = 128;
/// How long webhooks that are being answered may take when it ends.
const GRACE: Duration = Duration::from_secs(1);
/// The hooks of the first project on a server that was started without settings.
const EXAMPLE_HOOKS: &str = "http://127.0.0.1:9000/api/0/projects/my-org/my-project/hooks/";

pub(super) const EXAMPLES: &str = "\
Listens on 127.0.0.1 only, until Ctrl-C. Each webhook is printed as a block, or with --json as a line:
received_at, kind, test, title, level, project, issue_url, triggering_rules, delivery, attempt,
signature {state, by, reasons}, answered, forward_error, body.
The secret is the `secret` (64 hex digits) or the `signingSecret` (whsec_) of the hook. A webhook
whose signature is wrong is answered 401 and not posted on; without a secret none is checked.
In watchfire.toml these flags are in the table [receiver], because `listen` is a key of `serve`.

Examples:
  See webhooks arrive, then check them too:
    watchfire listen
    WATCHFIRE_SECRET=8fcac28a... watchfire listen --body
  Look between Watchfire and your own receiver:
    watchfire listen --secret-file secret.txt --forward http://127.0.0.1:3000/hook
  See what a hook does when its receiver fails:
    watchfire listen --status 503
  Titles only:
    watchfire listen --json | jq -r .title";

/// What `listen` is told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 9100)]
    port: u16,
    /// File with the hook's secret; else the variable WATCHFIRE_SECRET holds it; without one nothing is checked
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
    /// Post each webhook on, the same bytes and headers, and answer what that URL answers
    #[arg(long, value_name = "URL")]
    forward: Option<ForwardUrl>,
    /// Answer this status, whatever --forward answered, to try what a hook does then
    #[arg(long, value_name = "STATUS", value_parser = clap::value_parser!(u16).range(200..=599))]
    status: Option<u16>,
    /// Print each body too, as indented JSON
    #[arg(long)]
    body: bool,
    /// Print one JSON object in a line for each webhook
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    trust: TrustFlags,
}

/// Listens until it is told to stop.
pub(super) async fn run(arguments: Arguments, variable: Option<&OsStr>) -> Result<String, Failure> {
    let checked_with = match (&arguments.secret_file, variable) {
        (Some(file), _) => Some(file.display().to_string()),
        (None, Some(_)) => Some(SECRET_VARIABLE.to_owned()),
        (None, None) => None,
    };
    let secret = checked_with.as_ref().map(|_| secret(arguments.secret_file.as_deref(), variable)).transpose()?;
    let judge = Judge { doctor: secret.as_ref().map(Doctor::new) };
    let signals = Signals::listen()?;
    let (listener, address) = listen(arguments.port).await?;
    if arguments.forward.as_ref().is_some_and(|forward| forward.leads_to(address)) {
        return Err(ListenError::ForwardToItself { address }.into());
    }
    let form = Form::of(&arguments);
    let trusting = |url| arguments.trust.read().map(|trust| Forward { url, trust });
    let forward = arguments.forward.map(trusting).transpose()?;
    report::note(&banner(address, checked_with.as_deref(), forward.as_ref().map(|forward| &forward.url)));
    let (unwritten, mut cannot_print) = mpsc::channel(1);
    let receiver = Receiver { judge, forward, status: arguments.status, form, unwritten };
    let door = Door {
        listener,
        router: Arc::new(receiver).router(),
        refusals: come_back(),
        limits: Limits::of_product(CONNECTIONS_MAX),
        figures: Arc::default(),
    };
    let (stopping, stop) = watch::channel(false);
    let serving = tokio::spawn(door.serve(stop, GRACE));
    let failed = tokio::select! {
        () = signals.stop() => None,
        failed = cannot_print.recv() => failed,
    };
    stopping.send_replace(true);
    // The loop that accepts has nothing to say at its end.
    drop(serving.await);
    match failed {
        // A reader that went away (`| head`) wanted no more.
        Some(source) if source.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::Standard { doing: "write to standard output", source })
        }
        Some(_) | None => Ok(String::new()),
    }
}

impl Form {
    fn of(arguments: &Arguments) -> Form {
        match (arguments.json, arguments.body) {
            (true, _) => Form::Line,
            (false, true) => Form::BlockAndBody,
            (false, false) => Form::Block,
        }
    }
}

async fn listen(port: u16) -> Result<(TcpListener, SocketAddr), ListenError> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let failed = |source| ListenError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

fn banner(address: SocketAddr, checked_with: Option<&str>, forward: Option<&ForwardUrl>) -> String {
    let url = format!("http://{address}/");
    let checks = match checked_with {
        Some(place) => format!("Signatures are checked with the secret in {place}."),
        None => "Signatures are not checked: give the hook's secret with --secret-file FILE or in WATCHFIRE_SECRET."
            .to_owned(),
    };
    let forwards = forward.map(|forward| format!("Each webhook is posted on to {forward}.\n")).unwrap_or_default();
    let curl = curl_that_adds_a_hook(EXAMPLE_HOOKS, "\"Authorization: Bearer $TOKEN\"", &url);
    format!(
        "Listening for webhooks on {url} until Ctrl-C.\n{checks}\n{forwards}\n\
         Put {url} in as the URL of a hook. With the token that `watchfire serve --dev` printed, and its \
         address if that is another:\n\n{curl}\n\
         The answer holds the hook's secret.\n\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_banner_says_what_to_put_in_as_the_url_and_whether_signatures_are_checked() {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 9100));
        let text = banner(address, None, None);
        for part in ["Signatures are not checked", "Bearer $TOKEN\"", "\"url\": \"http://127.0.0.1:9100/\""] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let forward = "http://localhost:3000/hook".parse().unwrap();
        let text = banner(address, Some("secret.txt"), Some(&forward));
        assert!(text.contains("checked with the secret in secret.txt."), "{text}");
        assert!(text.contains("posted on to http://localhost:3000/hook.\n"), "{text}");
    }
}
