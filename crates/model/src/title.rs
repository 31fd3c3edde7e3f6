//! What an event is called: one line, for people. The payload's `message`, the title, the mail subject of receivers.

use std::borrow::Cow;

use protocol::event::{Event, Exception, Frame};

use crate::text::{cut, first_line};

/// The longest title, in characters.
pub const TITLE_CHARACTERS: usize = 256;
/// The longest exception type within a title, in characters.
const TYPE_CHARACTERS: usize = 128;

/// An exception that has a value but no type.
const DEFAULT_TYPE: &str = "Error";
/// A synthetic exception without a usable function.
const UNKNOWN_FUNCTION: &str = "<unknown>";
/// An event without exception and without message.
const UNLABELED: &str = "<unlabeled event>";

/// Names that SDKs give to functions they do not know.
const UNUSABLE_FUNCTIONS: [&str; 2] = ["<redacted>", "<unknown>"];

/// An event's title: one line of at most [`TITLE_CHARACTERS`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Title<'a> {
    text: Cow<'a, str>,
    placeholder: bool,
}

impl<'a> Title<'a> {
    /// The title of this event: `Type: first line of value` of its main exception, else the first line of its message.
    pub fn of(event: &'a Event<'_>) -> Self {
        match main_exception(event) {
            Some(main) => Self::of_exception(main, event),
            None => Self::of_message(event),
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the event gave no title at all; such a title never takes the place of an issue's real one.
    pub fn is_placeholder(&self) -> bool {
        self.placeholder
    }

    fn of_exception(main: &'a Exception<'_>, event: &'a Event<'_>) -> Self {
        // A synthetic exception's type is a signal, or what the SDK made up to carry a stack: it says nothing of the error.
        if main.synthetic {
            return match crash_function(event) {
                Some(function) => Self { text: cut(function.into(), TITLE_CHARACTERS), placeholder: false },
                None => Self { text: UNKNOWN_FUNCTION.into(), placeholder: true },
            };
        }
        let ty = main.ty.as_deref().map(str::trim).filter(|ty| !ty.is_empty()).unwrap_or(DEFAULT_TYPE);
        let ty = cut(ty.into(), TYPE_CHARACTERS);
        let text = match first_line(main.value.as_deref().unwrap_or_default()) {
            "" => ty,
            value => cut([&ty, ": ", value].concat().into(), TITLE_CHARACTERS),
        };
        Self { text, placeholder: false }
    }

    fn of_message(event: &'a Event<'_>) -> Self {
        let message = event.message.as_ref();
        let formatted = message.map(|message| first_line(&message.formatted)).unwrap_or_default();
        let template = || message.and_then(|message| message.template.as_deref()).map(first_line).unwrap_or_default();
        let line = if formatted.is_empty() { template() } else { formatted };
        match line {
            "" => Self { text: UNLABELED.into(), placeholder: true },
            line => Self { text: cut(line.into(), TITLE_CHARACTERS), placeholder: false },
        }
    }
}

/// The exception that names the event: the one that the SDK points at, else the one that was raised last.
pub(crate) fn main_exception<'e, 'a>(event: &'e Event<'a>) -> Option<&'e Exception<'a>> {
    let pointed_at = event.main_exception_id.and_then(|id| {
        let is_main = |exception: &&Exception<'_>| exception.exception_id == Some(id);
        event.exceptions.iter().rev().find(is_main)
    });
    pointed_at.or(event.exceptions.last())
}

/// The frame where it happened: the newest of the application's own with a usable function, else the newest of all. Looked for
/// in the last exception, else in the stack trace that belongs to none.
pub(crate) fn crash_frame<'e, 'a>(event: &'e Event<'a>) -> Option<&'e Frame<'a>> {
    let frames = match event.exceptions.last() {
        Some(last) if !last.frames.is_empty() => &last.frames[..],
        _ => event.stacktrace.as_deref()?,
    };
    let own = frames.iter().rev().find(|frame| frame.in_app == Some(true) && usable_function(frame).is_some());
    own.or(frames.last())
}

fn crash_function<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    usable_function(crash_frame(event)?)
}

fn usable_function<'e>(frame: &'e Frame<'_>) -> Option<&'e str> {
    let function = frame.function.as_deref().map(str::trim)?;
    if function.is_empty() || UNUSABLE_FUNCTIONS.contains(&function) { None } else { Some(function) }
}
