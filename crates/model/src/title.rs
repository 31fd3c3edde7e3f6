//! What an event is called: one line, for people. The payload's `message`, the title, the mail subject of receivers.

use std::borrow::Cow;

use protocol::event::{Event, Exception, Frame, UNLABELED};

use crate::culprit::is_native;
use crate::text::{cut, first_line};

/// The longest title, in characters.
pub const TITLE_CHARACTERS: usize = 256;
/// The longest exception type within a title, in characters.
const TYPE_CHARACTERS: usize = 128;

/// An exception that has a value but no type.
const DEFAULT_TYPE: &str = "Error";
/// A synthetic exception without a usable function.
const UNKNOWN_FUNCTION: &str = "<unknown>";

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

    /// The text, for a row or a page that outlives the title.
    pub fn into_text(self) -> Cow<'a, str> {
        self.text
    }

    fn of_exception(main: &'a Exception<'_>, event: &'a Event<'_>) -> Self {
        // A synthetic exception's type is a signal, or what the SDK made up to carry a stack: it says nothing of the error.
        if main.synthetic {
            return Self::of_synthetic(main, event);
        }
        let ty = main.ty.as_deref().map(str::trim).filter(|ty| !ty.is_empty()).unwrap_or(DEFAULT_TYPE);
        let ty = cut(ty.into(), TYPE_CHARACTERS);
        let text = match first_line(main.value.as_deref().unwrap_or_default()) {
            "" => ty,
            value => cut([&ty, ": ", value].concat().into(), TITLE_CHARACTERS),
        };
        Self { text, placeholder: false }
    }

    /// What the SDK was asked to report, where it only made the exception up to carry a stack; else where a signal struck.
    fn of_synthetic(main: &'a Exception<'_>, event: &'a Event<'_>) -> Self {
        let reported = event.message.as_ref().map(|message| first_line(&message.formatted));
        let value = main.value.as_deref().filter(|_| !is_native(event.platform)).map(first_line);
        let text =
            [reported, value].into_iter().flatten().find(|text| !text.is_empty()).or_else(|| crash_function(event));
        match text {
            Some(text) => Self { text: cut(text.into(), TITLE_CHARACTERS), placeholder: false },
            None => Self { text: UNKNOWN_FUNCTION.into(), placeholder: true },
        }
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

#[cfg(test)]
mod tests {
    use protocol::event::{Csp, EventKind, Message};

    use super::*;

    fn exception(ty: Option<&'static str>, value: Option<&'static str>) -> Exception<'static> {
        Exception { ty: ty.map(Cow::from), value: value.map(Cow::from), ..Exception::default() }
    }

    fn raised(exceptions: Vec<Exception<'static>>) -> Event<'static> {
        Event { kind: EventKind::Error, exceptions, ..Event::default() }
    }

    fn said(formatted: &'static str, template: Option<&'static str>) -> Event<'static> {
        let message = Message { formatted: formatted.into(), template: template.map(Cow::from) };
        Event { message: Some(message), ..Event::default() }
    }

    fn frame(function: &'static str, in_app: Option<bool>) -> Frame<'static> {
        Frame { function: Some(function.into()), in_app, ..Frame::default() }
    }

    fn synthetic(frames: Vec<Frame<'static>>) -> Event<'static> {
        let made_up = Exception { synthetic: true, frames, ..exception(Some("SIGABRT"), Some("abort")) };
        Event { platform: "native", ..raised(vec![made_up]) }
    }

    #[test]
    fn an_exception_is_called_by_its_type_and_the_first_line_of_its_value() {
        for (ty, value, title) in [
            (Some("ValueError"), Some("bad literal: 'x'"), "ValueError: bad literal: 'x'"),
            (Some("ValueError"), Some("first\nsecond"), "ValueError: first"),
            (Some("ValueError"), Some("\n  first  \r\nsecond"), "ValueError: first"),
            (Some("ValueError"), Some(""), "ValueError"),
            (Some("ValueError"), Some(" \n"), "ValueError"),
            (Some("ValueError"), None, "ValueError"),
            (None, Some("no type"), "Error: no type"),
            (Some(" "), Some("no type"), "Error: no type"),
        ] {
            let event = raised(vec![exception(ty, value)]);
            let found = Title::of(&event);
            assert_eq!((found.as_str(), found.is_placeholder()), (title, false));
        }
    }

    #[test]
    fn the_exception_raised_last_names_the_event_unless_the_sdk_points_at_another() {
        let numbered = |id, ty| Exception { exception_id: Some(id), ..exception(Some(ty), None) };
        let mut event = raised(vec![numbered(2, "Leaf"), numbered(1, "Other"), numbered(0, "Group")]);
        assert_eq!(Title::of(&event).as_str(), "Group");
        event.main_exception_id = Some(2);
        assert_eq!(Title::of(&event).as_str(), "Leaf");
        event.main_exception_id = Some(9);
        assert_eq!(Title::of(&event).as_str(), "Group");
    }

    #[test]
    fn an_exception_beats_the_message() {
        let event = Event { exceptions: vec![exception(Some("E"), None)], ..said("message", None) };
        assert_eq!(Title::of(&event).as_str(), "E");
    }

    #[test]
    fn a_synthetic_exception_is_called_by_the_function_that_crashed() {
        let own = Some(true);
        for (frames, title, placeholder) in [
            (vec![frame("main", own), frame("pay", own), frame("abort", Some(false))], "pay", false),
            (vec![frame("main", own), frame("<redacted>", own)], "main", false),
            (vec![frame("start", None), frame("abort", None)], "abort", false),
            (vec![frame("start", None), frame("<unknown>", None)], "<unknown>", true),
            (vec![], "<unknown>", true),
        ] {
            let event = synthetic(frames);
            let found = Title::of(&event);
            assert_eq!((found.as_str(), found.is_placeholder()), (title, placeholder));
        }
    }

    #[test]
    fn a_synthetic_exception_that_carries_a_message_is_called_by_it() {
        let made_up = |ty, value| Exception { synthetic: true, ..exception(ty, value) };
        let thrown = Event { platform: "node", ..raised(vec![made_up(Some("Error"), Some("a plain string"))]) };
        assert_eq!(Title::of(&thrown).as_str(), "a plain string");
        let exceptions = vec![made_up(None, Some("value"))];
        let captured = Event { platform: "native", exceptions, ..said("cache miss ratio high", None) };
        assert_eq!(Title::of(&captured).as_str(), "cache miss ratio high");
    }

    #[test]
    fn a_synthetic_exception_without_frames_is_called_by_the_stack_trace_beside_it() {
        let event = Event { stacktrace: Some(vec![frame("pay", Some(true))]), ..synthetic(vec![]) };
        assert_eq!(Title::of(&event).as_str(), "pay");
    }

    #[test]
    fn a_message_is_called_by_its_first_line() {
        for (formatted, template, title) in [
            ("payment gateway slow", None, "payment gateway slow"),
            ("  \n order 1017 failed \nfor acme", Some("order %s failed"), "order 1017 failed"),
            ("", Some("order %s failed"), "order %s failed"),
        ] {
            let event = said(formatted, template);
            let found = Title::of(&event);
            assert_eq!((found.as_str(), found.is_placeholder()), (title, false));
        }
    }

    #[test]
    fn a_security_report_is_called_by_its_message() {
        let event =
            Event { csp: Some(Csp::default()), kind: EventKind::Csp, ..said("Blocked 'script' from 'evil'", None) };
        assert_eq!(Title::of(&event).as_str(), "Blocked 'script' from 'evil'");
    }

    #[test]
    fn an_event_that_says_nothing_is_unlabeled() {
        for event in [Event::default(), said("", None), said(" \n ", Some(""))] {
            let found = Title::of(&event);
            assert_eq!((found.as_str(), found.is_placeholder()), ("<unlabeled event>", true));
        }
    }

    #[test]
    fn a_title_is_cut_at_256_characters_and_its_type_at_128() {
        let long_value = Exception { value: Some("é".repeat(300).into()), ..exception(Some("E"), None) };
        let event = raised(vec![long_value]);
        let title = Title::of(&event).into_text();
        assert_eq!(title.chars().count(), TITLE_CHARACTERS);
        assert!(title.starts_with("E: éé") && title.ends_with("é..."), "{title}");

        let long_type = Exception { ty: Some("T".repeat(129).into()), ..exception(None, Some("v")) };
        let event = raised(vec![long_type]);
        assert_eq!(Title::of(&event).as_str(), format!("{}...: v", "T".repeat(125)));

        let fits = "x".repeat(TITLE_CHARACTERS);
        let message = Some(Message { formatted: fits.as_str().into(), template: None });
        let event = Event { message, ..Event::default() };
        assert_eq!(Title::of(&event).as_str(), fits);
    }

    #[test]
    fn a_short_message_is_not_copied() {
        let event = said("payment gateway slow\nmore", None);
        assert!(matches!(Title::of(&event).into_text(), Cow::Borrowed("payment gateway slow")));
    }
}
