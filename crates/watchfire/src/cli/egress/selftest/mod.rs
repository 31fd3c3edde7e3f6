//! `watchfire egress selftest`: whether the guard holds on this machine, with the settings of `serve`.
//!
//! Runs the built-in table of known tricks, then tries what this machine is, knows and stands in, through the real client
//! with sockets that are never opened. The only thing that goes out is questions to the DNS.

mod cases;
mod guard;
mod machine;
mod network;
mod report;

use std::sync::Arc;

use clap::Args;

use self::machine::Machine;
use self::report::{Report, Verdict};
use crate::cli::failure::{EgressError, Failure};
use crate::cli::report as output;
use crate::config::{Origins, SettingFlags, Settings};
use crate::wiring::{egress_to_ask_with, own_policy, system_resolver};

pub(super) const EXAMPLES: &str = "\
Takes the flags, variables and file of `watchfire serve`. Judges the built-in table of URLs that are
known to get around guards, then what a hook could try to reach here: cloud metadata, this machine's
addresses, gateways and name servers, the names in its hosts file. It connects to none of them, and
asks the DNS only.

  held         as it must be
  public       a public address, which anybody may reach
  allowed      a case of the table that these settings let through
  OPEN         something of this machine's network that these settings let webhooks reach
  FAILED       not as it must be
  not checked  this machine does not say

Exit code 0: nothing is OPEN or FAILED; 3: something is.

Examples:
  watchfire egress selftest
  watchfire egress selftest --egress-allow 10.20.0.0/16
  watchfire egress selftest --config /etc/watchfire.toml --json";

#[derive(Debug, Args)]
pub(super) struct SelfTest {
    #[command(flatten)]
    settings: SettingFlags,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Tests.
pub(super) async fn run(arguments: SelfTest, origins: Origins) -> Result<String, Failure> {
    let SelfTest { settings, json } = arguments;
    let settings = Settings::meant(settings, origins)?;
    let own_url = settings.base_url(None, settings.listen);
    let policy = own_policy(settings.egress.policy.clone(), own_url.as_str());
    let resolver = Arc::new(system_resolver()?);
    let machine = Machine::read();

    // The table is the guard's own test: our origin is no part of it.
    let (cases, mut rows) = cases::check(&settings.egress.policy).await?;
    rows.extend(network::addresses(&machine, resolver.name_servers(), &policy).await?);
    let dns = network::dns(&*resolver).await;
    rows.extend(network::names(&machine, &egress_to_ask_with(policy, resolver)?).await);
    rows.push(dns);

    let report = Report::of(cases, rows);
    let text = if json { output::json(&report)? } else { report.table() };
    match (report.count(Verdict::Open), report.count(Verdict::Failed)) {
        (0, 0) if json => Ok(text),
        (0, 0) => Ok(format!("{text}\nthe guard holds\n")),
        (open, failed) => {
            output::print(&text)?;
            Err(EgressError::DoesNotHold { open, failed }.into())
        }
    }
}
