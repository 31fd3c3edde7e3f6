//! `watchfire deliveries watch`: a line for each thing that happens to a hook's deliveries, until Ctrl-C.
//!
//! The server ends a stream from time to time; the next one is begun after the pause that it asks for. What happens in between
//! is not shown here, and neither is what the server says it has left out: the list has it all.

use std::time::Duration;

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
/// Before the next stream, where the server asks for no other pause with `retry:`.
const PAUSE: Duration = Duration::from_secs(2);
/// A pause that is shorter would let whoever ends each stream at once make this a busy loop.
const PAUSE_LEAST: Duration = Duration::from_millis(100);
const PAUSE_MOST: Duration = Duration::from_secs(60);

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
        watched = watch(&subject, form, tokio::time::sleep) => watched.map(|()| String::new()),
    }
}

/// How a delivery is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Line,
    Json,
}

/// Comes back where nobody reads what is printed any more. `wait` lets a pause pass.
async fn watch(subject: &Subject<'_>, form: Form, wait: impl AsyncFn(Duration)) -> Result<(), Failure> {
    let mut pause = PAUSE;
    let mut stream = subject.live().await?;
    report::note("Watching until Ctrl-C.\n");
    loop {
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
        pause = events.pause.unwrap_or(pause);
        wait(pause).await;
        stream = subject.live().await?;
    }
}

/// A stream of server-sent events, piece by piece.
#[derive(Default)]
struct Events {
    unread: Vec<u8>,
    /// What the server asks for before the next stream.
    pause: Option<Duration>,
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
            let block = String::from_utf8_lossy(&block);
            self.pause = pause(&block).or(self.pause);
            events.extend(Event::of(&block));
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
        Some(Event { name: field(block, "event")?.to_owned(), data: field(block, "data")?.to_owned() })
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

fn field<'b>(block: &'b str, name: &str) -> Option<&'b str> {
    let value = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(value.strip_prefix(' ').unwrap_or(value))
}

/// The pause that a block asks for, in milliseconds there.
fn pause(block: &str) -> Option<Duration> {
    let millis = field(block, "retry")?.parse().ok()?;
    Some(Duration::from_millis(millis).clamp(PAUSE_LEAST, PAUSE_MOST))
}

/// The widths are those of the longest ordinary values: what is to come is not known.
fn line(delivery: &Delivery) -> String {
    let created = api_moment(&delivery.created, Exactly::Second);
    let kind = tame(&delivery.kind);
    format!("{created}  {}  {kind:13}  {}\n", delivery.name(), delivery.standing())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use clap::Parser;
    use testkit::{Behaviour, FakeReceiver, Reply};

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        server: ServerFlags,
    }

    fn ends_with(text: &str) -> Behaviour {
        Behaviour::Reply(Reply::new(200).body(text))
    }

    #[tokio::test]
    async fn a_stream_that_ends_is_begun_again_after_the_pause_that_the_server_asks_for() {
        let server = FakeReceiver::start().await;
        for text in ["", "retry: 250\n: listening\n\n", ": listening\n\n", "retry: 0\n\n", "retry: 99999999999\n\n"] {
            server.answer_next(ends_with(text));
        }
        server.answer(Behaviour::status(500));
        let url = server.url("");
        let line = ["watch", "--token", "t", "--org", "o", "--project", "p", "--url", &url];
        let project = Line::parse_from(line).server.project(&Origins::default()).await.unwrap();
        let pauses = RefCell::new(Vec::new());
        let ended = watch(&project.hook("4f1c"), Form::Line, async |pause| pauses.borrow_mut().push(pause)).await;
        assert!(ended.is_err());
        assert_eq!(pauses.into_inner(), [2_000, 250, 250, 100, 60_000].map(Duration::from_millis));
        assert_eq!(server.requests().len(), 6);
    }

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
