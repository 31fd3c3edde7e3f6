//! The SDK's own word on grouping: fixed texts, `{{ default }}`, and variables that stand for parts of the event.

use std::borrow::Cow;

use protocol::event::{Event, Exception, Frame};

use super::parameterise;
use crate::title::crash_frame;

/// What a fingerprint asks for.
pub(super) enum Fingerprint<'f, T> {
    /// Nothing: absent, empty, or only `{{ default }}`.
    Default,
    /// A key of its own.
    Custom(&'f [T]),
    /// The key the event has anyway, told apart further.
    Mixed(&'f [T]),
}

/// One element of a fingerprint.
pub(super) enum Element<'f> {
    /// `{{ default }}`.
    Default,
    /// Any other `{{ name }}`.
    Variable(&'f str),
    /// A fixed text.
    Text(&'f str),
}

/// Tells the three uses of a fingerprint apart.
pub(super) fn read<T: AsRef<str>>(elements: &[T]) -> Fingerprint<'_, T> {
    let is_default = |text: &T| matches!(element(text.as_ref()), Element::Default);
    match elements {
        [] => Fingerprint::Default,
        [only] if is_default(only) => Fingerprint::Default,
        elements if elements.iter().any(is_default) => Fingerprint::Mixed(elements),
        elements => Fingerprint::Custom(elements),
    }
}

/// Reads one element: a variable is the whole of it, `{{`, a name without blanks, `}}`, with blanks between where one likes.
pub(super) fn element(text: &str) -> Element<'_> {
    let inner = text.strip_prefix("{{").and_then(|text| text.strip_suffix("}}")).map(str::trim);
    match inner {
        Some("default") => Element::Default,
        Some(name) if !name.is_empty() && !name.contains(char::is_whitespace) => Element::Variable(name),
        _ => Element::Text(text),
    }
}

/// The text that an element stands for in this event; a placeholder in `<…>` where the event has none.
pub(super) fn resolve<'a>(element: Element<'a>, event: &'a Event<'_>) -> Cow<'a, str> {
    let name = match element {
        Element::Default => "default",
        Element::Text(text) => return text.into(),
        Element::Variable(name) => name,
    };
    let or = |text: Option<&'a str>, absent: &'static str| {
        Cow::Borrowed(text.filter(|text| !text.is_empty()).unwrap_or(absent))
    };
    match name {
        "transaction" => or(event.transaction.as_deref(), "<no-transaction>"),
        "message" => message(event).map_or("<no-message>".into(), parameterise),
        "type" | "error.type" => or(last(event, |exception| exception.ty.as_deref()), "<no-type>"),
        "value" | "error.value" => or(last(event, |exception| exception.value.as_deref()), "<no-value>"),
        "function" | "stack.function" => or(crash(event, |frame| frame.function.as_deref()), "<no-function>"),
        "path" | "stack.abs_path" => {
            or(crash(event, |frame| frame.abs_path.as_deref().or(frame.filename.as_deref())), "<no-abs-path>")
        }
        "stack.filename" => {
            or(crash(event, |frame| frame.filename.as_deref().or(frame.abs_path.as_deref())), "<no-filename>")
        }
        "module" | "stack.module" => or(crash(event, |frame| frame.module.as_deref()), "<no-module>"),
        "package" | "stack.package" => Cow::Borrowed("<no-package>"),
        "level" => event.level.as_str().into(),
        "logger" => or(Some(&event.logger), "<no-logger>"),
        name => match name.strip_prefix("tags.") {
            Some(key) => tag(event, key).map_or_else(|| format!("<no-value-for-tag-{key}>").into(), Cow::Borrowed),
            None => format!("<unrecognized-variable-{name}>").into(),
        },
    }
}

fn message<'a>(event: &'a Event<'_>) -> Option<&'a str> {
    let message = event.message.as_ref();
    let formatted = message.map(|message| message.formatted.as_ref());
    let template = message.and_then(|message| message.template.as_deref());
    let value = last(event, |exception| exception.value.as_deref());
    [formatted, template, value].into_iter().flatten().find(|text| !text.is_empty())
}

fn last<'a>(event: &'a Event<'_>, text: impl Fn(&'a Exception<'_>) -> Option<&'a str>) -> Option<&'a str> {
    event.exceptions.last().and_then(text)
}

fn crash<'a>(event: &'a Event<'_>, text: impl Fn(&'a Frame<'_>) -> Option<&'a str>) -> Option<&'a str> {
    crash_frame(event).and_then(text)
}

fn tag<'a>(event: &'a Event<'_>, key: &str) -> Option<&'a str> {
    let mut tags = event.tags.iter().chain(&event.derived_tags);
    tags.find(|(name, _)| name == key).map(|(_, value)| value.as_ref())
}
