//! `watchfire deliveries watch`: a line for each thing that happens to a hook's deliveries, until Ctrl-C.
//!
//! The server ends a stream from time to time; the next one is begun at once. What happens in between is not shown here, and
//! neither is what the server says it has left out: the list has it all.

use clap::Args;
use serde::Deserialize;

use super::view::Delivery;
use crate::cli::api::{ServerFlags, Subject};
use crate::cli::failure::{ApiError, Failure};
use crate::cli::layout::{Layout, lay_out};
use crate::cli::report::{self, Exactly, api_moment, tame};
use crate::cli::signals::Signals;
use crate::config::Origins;

pub(super) const EXAMPLES: &str = "\
Best effort: on a busy hook the server leaves out what it cannot tell in time, and says how many it
left out; `watchfire deliveries list` has them all.

Examples:
  watchfire deliveries watch 4f1c...
  watchfire deliveries watch 4f1c... --json | jq -r 'select(.state == \"failed\") | .id'";

/// The longest event that is read of a stream.
const EVENT_MAX_BYTES: usize = 1024 * 1024;

/// What `watch` is told.
#[derive(Debug, Args)]
pub(super) struct Watch {
    /// The hook's id, as `watchfire hooks list` shows it
    #[arg(value_name = "HOOK")]
    hook: String,
    /// Print one JSON object in a line for each
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerFlags,
}

#[derive(Deserialize)]
struct Missed {
    missed: u64,
}

/// Watches until it is told to stop.
pub(super) async fn run(Watch { hook, json, server }: Watch, origins: &Origins) -> Result<String, Failure> {
    let signals = Signals::listen()?;
    let project = server.project(origins).await?;
    let subject = project.hook(&hook);
    let form = if json { Form::Json } else { Form::Line };
    tokio::select! {
        () = signals.stop() => Ok(String::new()),
        watched = watch(&subject, form) => watched.map(|()| String::new()),
    }
}

/// How a delivery is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Line,
    Json,
}

/// Comes back where nobody reads what is printed any more.
async fn watch(subject: &Subject<'_>, form: Form) -> Result<(), Failure> {
    let mut greeted = false;
    loop {
        let mut stream = subject.live().await?;
        if !std::mem::replace(&mut greeted, true) {
            report::note("Watching until Ctrl-C.\n");
        }
        let mut events = Events::default();
        while let Some(piece) = stream.next().await? {
            for event in events.read(&piece)? {
                if let Some(text) = event.text(form)? {
                    match report::write(&text) {
                        Ok(()) => {}
                        Err(source) if source.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
                        Err(source) => {
                            return Err(Failure::Standard { doing: "write to standard output", source });
                        }
                    }
                }
            }
        }
    }
}

/// A stream of server-sent events, piece by piece.
#[derive(Default)]
struct Events {
    unread: Vec<u8>,
}

/// One of them.
#[derive(Debug, PartialEq, Eq)]
struct Event {
    name: String,
    data: String,
}

impl Events {
    /// The events that end in this piece.
    fn read(&mut self, piece: &[u8]) -> Result<Vec<Event>, ApiError> {
        self.unread.extend_from_slice(piece);
        let mut events = Vec::new();
        while let Some(end) = self.unread.windows(2).position(|pair| pair == b"\n\n") {
            let block: Vec<u8> = self.unread.drain(..end + 2).collect();
            events.extend(Event::of(&String::from_utf8_lossy(&block)));
        }
        if self.unread.len() > EVENT_MAX_BYTES {
            let answered = "an event of a stream that has no end".to_owned();
            return Err(ApiError::Stranger { place: "the stream".to_owned(), answered });
        }
        Ok(events)
    }
}

impl Event {
    /// A block's event; a block of comments and pauses alone is none.
    fn of(block: &str) -> Option<Event> {
        let field = |name: &str| {
            let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.map(|value| value.strip_prefix(' ').unwrap_or(value).to_owned())
        };
        Some(Event { name: field("event")?, data: field("data")? })
    }

    /// What is printed of it.
    fn text(&self, form: Form) -> Result<Option<String>, Failure> {
        let strange = |_| {
            let answered = "an event of another kind".to_owned();
            ApiError::Stranger { place: "the stream".to_owned(), answered }
        };
        match self.name.as_str() {
            "delivery" if form == Form::Json => {
                Ok(lay_out(self.data.as_bytes(), Layout::Compact).map(|line| line + "\n"))
            }
            "delivery" => Ok(Some(line(&serde_json::from_str(&self.data).map_err(strange)?))),
            "missed" => {
                let Missed { missed } = serde_json::from_str(&self.data).map_err(strange)?;
                report::note(&format!("The server left out {missed}: `watchfire deliveries list` has them.\n"));
                Ok(None)
            }
            _ => Ok(None),
        }
    }
}

/// The widths are those of the longest ordinary values: what is to come is not known.
fn line(delivery: &Delivery) -> String {
    let created = api_moment(&delivery.created, Exactly::Second);
    let kind = tame(&delivery.kind);
    format!("{created}  {}  {kind:13}  {}\n", delivery.name(), delivery.standing())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_however_the_stream_is_cut() {
        let text =
            "retry: 2000\n: listening\n\nevent: delivery\ndata: {\"a\":1}\n\n: alive\n\nevent: missed\ndata: {}\n\n";
        let expected = [("delivery", "{\"a\":1}"), ("missed", "{}")]
            .map(|(name, data)| Event { name: name.to_owned(), data: data.to_owned() });
        for size in [1, 2, 7, text.len()] {
            let mut events = Events::default();
            let read: Vec<Event> = text.as_bytes().chunks(size).flat_map(|piece| events.read(piece).unwrap()).collect();
            assert_eq!(read, expected, "{size}");
        }
    }

    #[test]
    fn an_event_without_an_end_is_not_read_for_ever() {
        let mut events = Events::default();
        let piece = vec![b'x'; EVENT_MAX_BYTES];
        assert!(events.read(&piece).is_ok());
        assert!(events.read(b"xx").is_err());
    }
}
