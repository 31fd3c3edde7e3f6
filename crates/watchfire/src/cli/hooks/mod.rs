//! `watchfire hooks`: the hooks of a project, over the API.
//!
//! Responsible for which actions there are and what they print. Refuses to judge settings: the server does, and its complaints
//! are told with the flags' names (`settings`).

mod delete;
mod settings;
mod show;
mod test;
mod view;

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use self::settings::{SettingFlags, in_flags};
use self::view::Hook;
use super::api::{Item, ServerFlags};
use super::failure::{ApiError, Failure};
use super::report;
use crate::config::Origins;

/// What to do.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the hooks with their health
    #[command(after_help = LIST_EXAMPLES)]
    List(List),
    /// Make a hook; prints its id and its secret
    #[command(after_help = CREATE_EXAMPLES)]
    Create(Create),
    /// Show all settings of a hook, and how its receiver stands
    #[command(after_help = SHOW_EXAMPLES)]
    Show(show::Show),
    /// Change what is named, and nothing else
    #[command(after_help = UPDATE_EXAMPLES)]
    Update(Update),
    /// Delete a hook, after asking
    #[command(after_help = delete::EXAMPLES)]
    Delete(delete::Delete),
    /// Let a disabled hook fire again
    #[command(after_help = ENABLE_EXAMPLES)]
    Enable(One),
    /// Keep a hook from firing
    #[command(after_help = ENABLE_EXAMPLES)]
    Disable(One),
    /// Send a sample to the hook's URL now, and say what the receiver answered
    #[command(after_help = test::EXAMPLES)]
    Test(One),
    /// Give the hook a new secret, with both valid for a while
    #[command(after_help = ROTATE_EXAMPLES)]
    RotateSecret(RotateSecret),
}

const LIST_EXAMPLES: &str = "\
HEALTH is healthy, failing, paused (the receiver asked for it), open (its circuit is: only probes are
sent), disabled, or unknown before the first attempt. BACKLOG is how many deliveries wait.

Examples:
  WATCHFIRE_TOKEN=sntryu_... watchfire hooks list
  watchfire hooks list --url https://watchfire.example.com --token-file token.txt --project web
  watchfire hooks list --json | jq -r 'select(.health.state != \"healthy\") | .id'";

const CREATE_EXAMPLES: &str = "\
Prints the id and the secret on standard output. Each webhook is signed with that secret.

Examples:
  watchfire hooks create --hook-url https://hooks.example.com/watchfire --event event.alert
  watchfire hooks create --hook-url http://127.0.0.1:9100/ --event event.created --retries exponential
  Only errors and worse, with a header of your own:
    watchfire hooks create --hook-url https://hooks.example.com/ --event event.created \\
        --filter '{\"id\": \"sentry.rules.filters.level.LevelFilter\", \"match\": \"gte\", \"level\": \"40\"}' \\
        --header 'X-Team: payments'";

const SHOW_EXAMPLES: &str = "\
Examples:
  watchfire hooks show 4f1c...
  WATCHFIRE_SECRET=$(watchfire hooks show 4f1c... --json | jq -r .secret) watchfire listen";

const UPDATE_EXAMPLES: &str = "\
A list that is named takes the place of the hook's own: name every --event, --filter and --header that
it is to have then. A header with the value ******** keeps the value that it has.

Examples:
  watchfire hooks update 4f1c... --timeout 10 --retries exponential
  watchfire hooks update 4f1c... --event event.created --event event.alert
  watchfire hooks update 4f1c... --no-filter";

const ENABLE_EXAMPLES: &str = "\
Examples:
  watchfire hooks disable 4f1c...
  watchfire hooks enable 4f1c...";

const ROTATE_EXAMPLES: &str = "\
For the time of --overlap, 24 hours where it is not given, webhooks have signatures by both secrets:
change the receiver in that time. Prints the new secret.

Examples:
  watchfire hooks rotate-secret 4f1c...
  watchfire hooks rotate-secret 4f1c... --overlap 3600
  End it early, once the receiver has the new secret:
    watchfire hooks rotate-secret 4f1c... --finish";

#[derive(Debug, Args)]
struct List {
    /// Print one JSON object in a line for each hook
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

/// A hook, and nothing more to say.
#[derive(Debug, Args)]
struct One {
    /// The hook's id, as `watchfire hooks list` shows it
    #[arg(value_name = "HOOK")]
    hook: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Debug, Args)]
struct Create {
    /// Where webhooks are posted to
    #[arg(long, value_name = "URL")]
    hook_url: String,
    #[command(flatten)]
    settings: SettingFlags,
    /// Make it disabled: it fires once it is enabled
    #[arg(long)]
    disabled: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Debug, Args)]
struct Update {
    /// The hook's id, as `watchfire hooks list` shows it
    #[arg(value_name = "HOOK")]
    hook: String,
    /// Where webhooks are posted to
    #[arg(long, value_name = "URL")]
    hook_url: Option<String>,
    #[command(flatten)]
    settings: SettingFlags,
    /// Take all filters away
    #[arg(long, conflicts_with = "filter")]
    no_filter: bool,
    /// Take all headers of your own away
    #[arg(long, conflicts_with = "header")]
    no_header: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Debug, Args)]
struct RotateSecret {
    /// The hook's id, as `watchfire hooks list` shows it
    #[arg(value_name = "HOOK")]
    hook: String,
    /// How long the old secret stays valid beside the new one, in seconds; 0 ends it at once
    #[arg(long, value_name = "SECONDS", conflicts_with = "finish")]
    overlap: Option<u64>,
    /// End the overlap that goes on: only the new secret is valid then
    #[arg(long)]
    finish: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

/// Does what was asked.
pub(super) async fn run(arguments: Arguments, origins: Origins) -> Result<String, Failure> {
    match arguments.action {
        Action::List(arguments) => list(arguments, &origins).await,
        Action::Create(arguments) => create(arguments, &origins).await,
        Action::Show(arguments) => show::run(arguments, &origins).await,
        Action::Update(arguments) => update(arguments, &origins).await,
        Action::Delete(arguments) => delete::run(arguments, &origins).await,
        Action::Enable(arguments) => switch(arguments, Switch::On, &origins).await,
        Action::Disable(arguments) => switch(arguments, Switch::Off, &origins).await,
        Action::Test(arguments) => test::run(arguments, &origins).await,
        Action::RotateSecret(arguments) => rotate(arguments, &origins).await,
    }
}

async fn list(List { json, server }: List, origins: &Origins) -> Result<String, Failure> {
    let project = server.project(origins).await?;
    let listed = project.hooks().list("", "", usize::MAX).await?;
    if json {
        return Ok(listed.items.iter().map(Item::line).collect());
    }
    let hooks = listed.items.iter().map(Item::read).collect::<Result<Vec<Hook>, ApiError>>()?;
    if hooks.is_empty() {
        report::note(&format!("The project {project} has no hook: `watchfire hooks create` makes one.\n"));
    }
    Ok(view::table(&hooks))
}

async fn create(arguments: Create, origins: &Origins) -> Result<String, Failure> {
    let Create { hook_url, settings, disabled, json, server } = arguments;
    let mut body = settings.body();
    body.insert("url".to_owned(), hook_url.into());
    if disabled {
        body.insert("isActive".to_owned(), false.into());
    }
    let project = server.project(origins).await?;
    let answer = project.hooks().post("", &body.into()).await.map_err(in_flags)?;
    let hook: Hook = answer.read()?;
    report::note(&remark(answer.note()));
    if json {
        return Ok(answer.line()?);
    }
    report::note(&how_to_verify(&hook.id));
    Ok(hook.secrets())
}

async fn update(arguments: Update, origins: &Origins) -> Result<String, Failure> {
    let Update { hook, hook_url, settings, no_filter, no_header, json, server } = arguments;
    let mut body = settings.body();
    if let Some(url) = hook_url {
        body.insert("url".to_owned(), url.into());
    }
    if no_filter {
        body.insert("filters".to_owned(), Value::Array(Vec::new()));
    }
    if no_header {
        body.insert("headers".to_owned(), Map::new().into());
    }
    if body.is_empty() {
        return Err(ApiError::NothingToChange.into());
    }
    let project = server.project(origins).await?;
    let answer = project.hook(&hook).put(&body.into()).await.map_err(in_flags)?;
    report::note(&remark(answer.note()));
    if json { Ok(answer.line()?) } else { Ok(answer.read::<Hook>()?.page()) }
}

/// Whether it is to fire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Switch {
    On,
    Off,
}

async fn switch(One { hook, json, server }: One, switch: Switch, origins: &Origins) -> Result<String, Failure> {
    let project = server.project(origins).await?;
    let answer = project.hook(&hook).put(&json!({"isActive": switch == Switch::On})).await?;
    report::note(&remark(answer.note()));
    if json {
        return Ok(answer.line()?);
    }
    let Hook { id, url, status, .. } = answer.read()?;
    Ok(report::tame(&format!("{id} is {status}: {url}")) + "\n")
}

async fn rotate(arguments: RotateSecret, origins: &Origins) -> Result<String, Failure> {
    let RotateSecret { hook, overlap, finish, json, server } = arguments;
    let body = match (finish, overlap) {
        (true, _) => json!({"finish": true}),
        (false, Some(overlap)) => json!({"overlap": overlap}),
        (false, None) => json!({}),
    };
    let project = server.project(origins).await?;
    let answer = project.hook(&hook).post("rotate-secret/", &body).await.map_err(in_flags)?;
    if json {
        return Ok(answer.line()?);
    }
    let hook: Hook = answer.read()?;
    report::note(&match hook.previous_secret_until() {
        Some(until) => {
            format!("Webhooks are signed with both secrets until {until}: give the receiver the new one by then.\n")
        }
        None => "Only this secret is valid from now on.\n".to_owned(),
    });
    Ok(hook.secrets())
}

fn remark(note: Option<String>) -> String {
    note.map(|note| format!("Note: {note}\n")).unwrap_or_default()
}

fn how_to_verify(hook: &str) -> String {
    let hook = report::tame(hook);
    format!(
        "Keep the secret: each webhook has HMAC-SHA256 of its body by it, as hex, in X-Sentry-Hook-Signature.\n\
         See a webhook checked: `watchfire listen --secret-file FILE`, then `watchfire hooks test {hook}`.\n"
    )
}
