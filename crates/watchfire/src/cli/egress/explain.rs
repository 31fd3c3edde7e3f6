//! `watchfire egress explain`: what `serve` would do with a URL as a hook's URL, and why.
//!
//! Asks the guarded client itself, made as `serve` makes it; the only thing that goes out is a question to the DNS. What is
//! said about each step is made in `explanation`. A no is explained in full on standard output before it is a failure.

use std::time::Duration;

use clap::Args;
use model::egress::UrlRefusal;
use pipeline::egress::Egress;

use super::LOOK_UP_SECONDS;
use super::explanation::Explanation;
use crate::cli::failure::{EgressError, Failure};
use crate::cli::report;
use crate::config::{Origins, SettingFlags, Settings};
use crate::wiring::egress_to_ask;

pub(super) const EXAMPLES: &str = "\
Takes the flags, variables and file of `watchfire serve`, and judges as that one would: text, scheme,
port, name or literal address, whether it is the server's own origin (of --url, else of --listen; a
URL that `init` stored is not looked up), then each address that the DNS gives now. It connects to
none of them. Whether the receiver answers is for a test of the hook to find out.
Exit code 0: allowed; 3: refused; 1: the host has no address now.

Examples:
  watchfire egress explain https://hooks.example.com/watchfire
  watchfire egress explain http://localhost:9100/ --dev
  watchfire egress explain https://10.0.0.7/ --egress-allow 10.0.0.0/8
  watchfire egress explain https://ci.corp.internal/hook --config /etc/watchfire.toml --json";

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The URL that a hook would have
    #[arg(value_name = "HOOK_URL")]
    target: String,
    #[command(flatten)]
    settings: SettingFlags,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Explains.
pub(super) async fn run(arguments: Explain, origins: Origins) -> Result<String, Failure> {
    let Explain { target, settings, json } = arguments;
    let settings = Settings::meant(settings, origins)?;
    let own_url = settings.base_url(None, settings.listen);
    let egress = egress_to_ask(settings.egress.policy, own_url.as_str())?;
    let mut explanation = Explanation::of(&target, own_url.as_str());
    let outcome = ask(&egress, &target, &mut explanation).await;
    explanation.conclude(outcome.as_ref().err());
    let text = if json { report::json(&explanation)? } else { explanation.table() };
    match outcome {
        Ok(_) if json => Ok(text),
        Ok(url) => Ok(format!("{text}\nallowed: webhooks are sent to {url}\n")),
        Err(refusal) => {
            report::print(&text)?;
            Err(refusal.into())
        }
    }
}

/// Asks step by step; gives the URL as it is understood.
async fn ask(egress: &Egress, url: &str, explanation: &mut Explanation) -> Result<String, EgressError> {
    let destination = egress.destination(url).map_err(|refusal: UrlRefusal| {
        explanation.refuse_url(refusal);
        EgressError::Url(refusal)
    })?;
    explanation.pass_url(destination.target());
    let looking_up = egress.judge_addresses(&destination);
    let judged = tokio::time::timeout(Duration::from_secs(LOOK_UP_SECONDS), looking_up)
        .await
        .map_err(|_| EgressError::TimedOut { seconds: LOOK_UP_SECONDS })?
        .map_err(EgressError::Resolve)?;
    explanation.judge_addresses(&judged);
    if judged.iter().any(|judged| judged.verdict.is_err()) {
        return Err(EgressError::Address);
    }
    Ok(destination.target().url().to_owned())
}
