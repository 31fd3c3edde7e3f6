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

#[cfg(test)]
mod tests {
    use protocol::event::Message;

    use super::*;

    fn event() -> Event<'static> {
        let frame = |function: &'static str, in_app| Frame {
            function: Some(function.into()),
            module: Some("shop.cart".into()),
            filename: Some("cart.py".into()),
            in_app: Some(in_app),
            ..Frame::default()
        };
        let exception = |ty: &'static str, frames| Exception {
            ty: Some(ty.into()),
            value: Some("order 1017 failed".into()),
            frames,
            ..Exception::default()
        };
        Event {
            exceptions: vec![
                exception("Cause", vec![]),
                exception("Raised", vec![frame("price", true), frame("int", false)]),
            ],
            transaction: Some("/cart".into()),
            tags: vec![("release".into(), "1.0.0".into())],
            derived_tags: vec![("browser".into(), "Firefox".into())],
            ..Event::default()
        }
    }

    #[test]
    fn variables_stand_for_parts_of_the_event() {
        let event = event();
        for (name, expected) in [
            ("transaction", "/cart"),
            ("message", "order <int> failed"),
            ("type", "Raised"),
            ("error.type", "Raised"),
            ("value", "order 1017 failed"),
            ("error.value", "order 1017 failed"),
            ("function", "price"),
            ("stack.function", "price"),
            ("path", "cart.py"),
            ("stack.abs_path", "cart.py"),
            ("stack.filename", "cart.py"),
            ("module", "shop.cart"),
            ("stack.module", "shop.cart"),
            ("package", "<no-package>"),
            ("level", "error"),
            ("logger", "<no-logger>"),
            ("tags.release", "1.0.0"),
            ("tags.browser", "Firefox"),
            ("tags.shard", "<no-value-for-tag-shard>"),
            ("colour", "<unrecognized-variable-colour>"),
        ] {
            let text = format!("{{{{ {name} }}}}");
            assert_eq!(resolve(element(&text), &event), expected, "{text}");
        }
    }

    #[test]
    fn a_variable_that_the_event_lacks_is_a_placeholder() {
        let event = Event::default();
        for (name, expected) in [
            ("transaction", "<no-transaction>"),
            ("message", "<no-message>"),
            ("type", "<no-type>"),
            ("value", "<no-value>"),
            ("function", "<no-function>"),
            ("path", "<no-abs-path>"),
            ("stack.filename", "<no-filename>"),
            ("module", "<no-module>"),
        ] {
            assert_eq!(resolve(Element::Variable(name), &event), expected);
        }
    }

    #[test]
    fn the_message_s_text_comes_before_the_exception_s() {
        let message = Some(Message { formatted: "took 12ms".into(), template: None });
        assert_eq!(resolve(Element::Variable("message"), &Event { message, ..event() }), "took <duration>");
    }

    #[test]
    fn only_a_whole_element_is_a_variable() {
        for text in ["db-{{ level }}", "{{ level }} ", "{{ two words }}", "{{}}", "{{  }}", "{ level }", "level", ""] {
            assert_eq!(resolve(element(text), &Event::default()), text, "{text:?}");
        }
        assert!(matches!(element("{{level}}"), Element::Variable("level")));
        assert!(matches!(element("{{\tdefault }}"), Element::Default));
    }
}
