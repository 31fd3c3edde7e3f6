//! `watchfire send`: one event to a DSN, as an SDK would send it. For trying out a project, a rule or a hook.

mod event;
mod post;

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{ArgAction, Args, ValueEnum};
use protocol::EventId;
use protocol::dsn::Dsn;

use self::event::Event;
use self::post::post;
use super::connect::TrustFlags;
use super::failure::{Failure, SendError};
use crate::credentials::CredentialError;
use crate::wiring::system_clock;

pub(super) const EXAMPLES: &str = "\
Prints the event's id once the server has taken the event.

Examples:
  watchfire send --dsn http://KEY@127.0.0.1:9000/1 --message 'it works'
  watchfire send --dsn \"$DSN\" --message 'disk almost full' --level warning --tag disk=sda
  watchfire send --dsn \"$DSN\" --file event.json";

/// The message where neither a message nor a file is given.
const DEFAULT_MESSAGE: &str = "a test event from watchfire send";
/// The largest file that is read: somewhat more than the largest event, so that the server's own answer can be seen.
const FILE_MAX_BYTES: u64 = 32 * 1024 * 1024;

/// What `send` is told.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The project key's DSN
    #[arg(long, value_name = "DSN")]
    dsn: Dsn,
    /// The event's message
    #[arg(long, value_name = "TEXT", conflicts_with = "file")]
    message: Option<String>,
    /// A JSON file with an event; it gets an id and a time where it has none
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// The event's level
    #[arg(long, value_enum)]
    level: Option<Level>,
    /// A tag of the event
    #[arg(long, value_name = "KEY=VALUE", action = ArgAction::Append, value_parser = tag)]
    tag: Vec<Tag>,
    #[command(flatten)]
    trust: TrustFlags,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Level {
    Fatal,
    Error,
    Warning,
    Info,
    Debug,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Tag {
    key: String,
    value: String,
}

/// A text that is no tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected KEY=VALUE, such as host=web-1")]
struct BadTag;

/// Sends, and says under which id.
pub(super) async fn run(arguments: Arguments) -> Result<String, Failure> {
    let Arguments { dsn, message, file, level, tag, trust } = arguments;
    let now = system_clock().now();
    let place = file.as_ref().map_or_else(|| "the event".to_owned(), |path| path.display().to_string());
    let refused = |source| SendError::Event { place: place.clone(), source };
    let mut event = match &file {
        Some(path) => Event::parse(&read(path)?).map_err(refused)?,
        None => Event::of_message(message.as_deref().unwrap_or(DEFAULT_MESSAGE)),
    };
    let id = event.complete(random_event_id()?, now).map_err(refused)?;
    if let Some(level) = level {
        event.set("level", level.name());
    }
    let tags: Vec<(String, String)> = tag.into_iter().map(|Tag { key, value }| (key, value)).collect();
    event.add_tags(tags).map_err(refused)?;
    post(&dsn, &trust.read()?, event.envelope(&dsn, id, now)).await?;
    Ok(format!("{id}\n"))
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Fatal => "fatal",
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "info",
            Level::Debug => "debug",
        }
    }
}

fn tag(text: &str) -> Result<Tag, BadTag> {
    let (key, value) = text.split_once('=').filter(|(key, _)| !key.is_empty()).ok_or(BadTag)?;
    Ok(Tag { key: key.to_owned(), value: value.to_owned() })
}

fn random_event_id() -> Result<EventId, CredentialError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(EventId(bytes))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |source| Failure::File { doing: "read the event", path: path.to_owned(), source };
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(failed)?.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > FILE_MAX_BYTES {
        return Err(SendError::TooLarge { path: path.to_owned(), limit_bytes: FILE_MAX_BYTES }.into());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_split_at_its_first_equals_sign() {
        let read = |text| tag(text).map(|Tag { key, value }| (key, value));
        assert_eq!(read("a=b=c"), Ok(("a".to_owned(), "b=c".to_owned())));
        assert_eq!(read("a="), Ok(("a".to_owned(), String::new())));
        assert_eq!(read("=b"), Err(BadTag));
        assert_eq!(read("a"), Err(BadTag));
    }
}
