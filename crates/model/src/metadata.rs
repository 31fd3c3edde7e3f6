//! What an issue shows of its last event beside title and culprit: Sentry's `metadata`, a small JSON object.

use protocol::event::{Event, EventKind};
use protocol::json::write_string;

use crate::text::cut;
use crate::title::{Title, crash_frame, main_exception};

/// The longest type, in characters.
const TYPE_CHARACTERS: usize = 128;
/// The longest value, in characters.
const VALUE_CHARACTERS: usize = 1024;

/// The metadata of an event with this title.
pub fn metadata(event: &Event<'_>, title: &Title<'_>) -> String {
    let mut object = Object::default();
    match (event.kind, main_exception(event), &event.csp) {
        (EventKind::Csp, _, Some(csp)) => {
            object.member("directive", Some(&csp.effective_directive), VALUE_CHARACTERS);
            object.member("uri", Some(&csp.blocked), VALUE_CHARACTERS);
            object.member("message", Some(title.as_str()), VALUE_CHARACTERS);
        }
        (_, Some(main), _) => {
            let ty = main.ty.as_deref().filter(|_| !main.synthetic);
            object.member("type", ty.or(if main.synthetic { None } else { Some("Error") }), TYPE_CHARACTERS);
            object.member("value", Some(main.value.as_deref().unwrap_or_default()), VALUE_CHARACTERS);
            let frame = crash_frame(event);
            object.member("filename", frame.and_then(|frame| frame.filename.as_deref()), VALUE_CHARACTERS);
            object.member("function", frame.and_then(|frame| frame.function.as_deref()), VALUE_CHARACTERS);
        }
        (EventKind::Error | EventKind::Default | EventKind::Csp, _, _) => {
            object.member("title", Some(title.as_str()), VALUE_CHARACTERS);
        }
    }
    object.finish()
}

/// A JSON object being written.
#[derive(Default)]
struct Object(Vec<u8>);

impl Object {
    fn member(&mut self, name: &str, text: Option<&str>, most_characters: usize) {
        let Some(text) = text else { return };
        self.0.push(if self.0.is_empty() { b'{' } else { b',' });
        write_string(&mut self.0, name);
        self.0.push(b':');
        write_string(&mut self.0, &cut(text.into(), most_characters));
    }

    fn finish(mut self) -> String {
        self.0.extend_from_slice(if self.0.is_empty() { b"{}" } else { b"}" });
        // The writer only writes what was text.
        String::from_utf8(self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use protocol::event::{Csp, Exception, Frame};

    use super::*;

    fn shown(event: &Event<'_>) -> String {
        metadata(event, &Title::of(event))
    }

    #[test]
    fn an_error_shows_its_main_exception_and_where_it_crashed() {
        let frame = Frame {
            function: Some("pay".into()),
            filename: Some("shop.py".into()),
            in_app: Some(true),
            ..Frame::default()
        };
        let exception = Exception {
            ty: Some("ValueError".into()),
            value: Some("bad \"x\"".into()),
            frames: vec![frame],
            ..Exception::default()
        };
        let event = Event { kind: EventKind::Error, exceptions: vec![exception], ..Event::default() };
        assert_eq!(shown(&event), r#"{"type":"ValueError","value":"bad \"x\"","filename":"shop.py","function":"pay"}"#);
    }

    #[test]
    fn a_message_shows_its_title_and_a_report_what_was_blocked() {
        assert_eq!(shown(&Event::default()), r#"{"title":"<unlabeled event>"}"#);
        let csp = Csp { effective_directive: "img-src".into(), blocked: "evil.example".into(), ..Csp::default() };
        let event = Event { kind: EventKind::Csp, csp: Some(csp), ..Event::default() };
        assert_eq!(shown(&event), r#"{"directive":"img-src","uri":"evil.example","message":"<unlabeled event>"}"#);
    }
}
