//! `watchfire config show`: every setting and limit, its value and where it comes from.

use clap::{Args, Subcommand};
use model::limits::{self, Limit};
use serde::Serialize;

use super::failure::Failure;
use super::report;
use crate::config::{Origins, Row, SettingFlags, Settings, rows};

/// What there is to show.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Print every setting with its value and where it comes from, and every limit
    #[command(after_help = EXAMPLES)]
    Show(Show),
}

const EXAMPLES: &str = "\
Takes the flags of `watchfire serve`, and shows what `serve` would make of them.

Examples:
  watchfire config show
  WATCHFIRE_LISTEN=0.0.0.0:9000 watchfire config show --config /etc/watchfire.toml";

#[derive(Debug, Args)]
struct Show {
    #[command(flatten)]
    settings: SettingFlags,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The object of `--json`.
#[derive(Serialize)]
struct Answer<'a> {
    settings: &'a [Row],
    limits: Vec<ShownLimit>,
}

#[derive(Serialize)]
struct ShownLimit {
    name: &'static str,
    value: u64,
    meaning: &'static str,
}

/// Shows them.
pub(super) fn run(arguments: Arguments, origins: Origins) -> Result<String, Failure> {
    let Action::Show(Show { settings, json }) = arguments.action;
    let rows = rows(&Settings::meant(settings, origins)?);
    if json { report::json(&answer(&rows)) } else { Ok(text(&rows)) }
}

fn answer(rows: &[Row]) -> Answer<'_> {
    let limit = |limit: &Limit| ShownLimit { name: limit.name, value: limit.value, meaning: limit.meaning };
    Answer { settings: rows, limits: limits::all().iter().map(limit).collect() }
}

fn text(rows: &[Row]) -> String {
    let mut settings = vec![["SETTING", "VALUE", "FROM"].map(str::to_owned)];
    settings.extend(rows.iter().map(|row| {
        let value = if row.value.is_empty() { "-".to_owned() } else { row.value.clone() };
        [row.key.to_owned(), value, row.origin.clone()]
    }));
    let mut limits = vec![["LIMIT", "VALUE", "MEANING"].map(str::to_owned)];
    limits
        .extend(limits::all().iter().map(|limit| [limit.name.to_owned(), limit.to_string(), limit.meaning.to_owned()]));
    format!("{}\n{}", report::columns(&settings), report::columns(&limits))
}
