//! Where an event came from, as one line: the SDK's word for it, else the transaction, else the frame that looks responsible.

use std::borrow::Cow;

use protocol::event::{Event, Frame};

use crate::text::cut;

/// The longest culprit, in characters.
pub const CULPRIT_CHARACTERS: usize = 200;

/// Stands for a function that has no name.
const NO_FUNCTION: &str = "?";

/// The event's culprit: at most [`CULPRIT_CHARACTERS`], empty where nothing is known.
pub fn culprit<'a>(event: &'a Event<'_>) -> Cow<'a, str> {
    let violated = event.csp.as_ref().map(|csp| csp.violated_directive.as_ref());
    let stated = [event.culprit.as_deref(), violated, event.transaction.as_deref()];
    let text = match stated.into_iter().flatten().map(str::trim).find(|text| !text.is_empty()) {
        Some(text) => text.into(),
        None => computed(event),
    };
    cut(text, CULPRIT_CHARACTERS)
}

/// The culprit that the stack trace points at, else the URL of the request.
fn computed<'a>(event: &'a Event<'_>) -> Cow<'a, str> {
    if event.exceptions.last().is_some_and(|last| last.synthetic) {
        return "".into();
    }
    let with_frames =
        event.exceptions.iter().rev().map(|exception| &exception.frames[..]).find(|frames| !frames.is_empty());
    let of_frames = with_frames.or(event.stacktrace.as_deref()).and_then(|frames| of_frames(frames, event.platform));
    of_frames.unwrap_or_else(|| event.request_url.as_deref().unwrap_or_default().into())
}

/// The newest frame of the application's own that has a text, else the newest of the others.
fn of_frames<'a>(frames: &'a [Frame<'_>], platform: &str) -> Option<Cow<'a, str>> {
    let newest_first = || frames.iter().rev();
    let own = newest_first().filter(|frame| frame.in_app == Some(true)).find_map(|frame| of_frame(frame, platform));
    own.or_else(|| newest_first().find(|frame| frame.in_app != Some(true)).and_then(|frame| of_frame(frame, platform)))
}

/// One frame as its platform's people would write it; none where it names no place.
fn of_frame<'a>(frame: &'a Frame<'_>, platform: &str) -> Option<Cow<'a, str>> {
    let function = present(&frame.function).unwrap_or(NO_FUNCTION);
    let platform = present(&frame.platform).unwrap_or(platform);
    if is_native(platform) {
        return Some(function.into());
    }
    let place = present(&frame.module).or(present(&frame.filename))?;
    Some(Cow::Owned(match platform {
        "javascript" | "node" => [function, "(", place, ")"].concat(),
        _ => [place, " in ", function].concat(),
    }))
}

fn present<'a>(text: &'a Option<Cow<'_, str>>) -> Option<&'a str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// Whether a platform's functions say where they are without a module or file.
pub(crate) fn is_native(platform: &str) -> bool {
    matches!(platform, "native" | "objc" | "cocoa")
}

#[cfg(test)]
mod tests {
    use protocol::event::{Csp, Exception};

    use super::*;

    /// A frame of `[module, filename, function]`; an empty text is none.
    fn frame([module, filename, function]: [&'static str; 3], in_app: Option<bool>) -> Frame<'static> {
        let text = |text: &'static str| if text.is_empty() { None } else { Some(Cow::from(text)) };
        Frame { module: text(module), filename: text(filename), function: text(function), in_app, ..Frame::default() }
    }

    fn crashed(platform: &'static str, frames: Vec<Frame<'static>>) -> Event<'static> {
        let exceptions = vec![Exception { frames, ..Exception::default() }];
        Event { platform, exceptions, ..Event::default() }
    }

    #[test]
    fn a_frame_is_written_as_its_platform_writes_it() {
        for (platform, parts, expected) in [
            ("python", ["app.views.index", "app/views/index.py", "get"], "app.views.index in get"),
            ("python", ["", "a.py", ""], "a.py in ?"),
            ("python", ["", "", "get"], ""),
            ("javascript", ["app/index", "", "onClick"], "onClick(app/index)"),
            ("javascript", ["", "app.js", ""], "?(app.js)"),
            ("node", ["app/index", "", "onClick"], "onClick(app/index)"),
            ("cocoa", ["", "", "main"], "main"),
            ("objc", ["Shop", "a.m", ""], "?"),
            ("native", ["", "a.c", "main"], "main"),
            ("java", ["com.shop.Cart", "Cart.java", "pay"], "com.shop.Cart in pay"),
            ("other", ["m", "", "f"], "m in f"),
        ] {
            let event = crashed(platform, vec![frame(parts, Some(true))]);
            assert_eq!(culprit(&event), expected, "{platform} {parts:?}");
        }
    }

    #[test]
    fn a_frame_s_own_platform_beats_the_event_s() {
        let native = Frame { platform: Some("native".into()), ..frame(["m", "", "main"], Some(true)) };
        assert_eq!(culprit(&crashed("python", vec![native])), "main");
    }

    #[test]
    fn the_newest_frame_of_the_application_s_own_that_says_something_wins() {
        let (own, other) = (Some(true), Some(false));
        let [a, b, lib] = [["a", "", "f"], ["b", "", "g"], ["lib", "", "h"]];
        let nothing = ["", "", "x"];
        for (frames, expected) in [
            (vec![frame(a, own), frame(b, own), frame(lib, other)], "b in g"),
            (vec![frame(a, own), frame(nothing, own), frame(lib, other)], "a in f"),
            (vec![frame(a, other), frame(lib, other)], "lib in h"),
            (vec![frame(a, None), frame(lib, None)], "lib in h"),
            (vec![frame(nothing, own), frame(lib, None)], "lib in h"),
            (vec![frame(a, None), frame(nothing, None)], ""),
        ] {
            assert_eq!(culprit(&crashed("python", frames)), expected);
        }
    }

    #[test]
    fn what_the_sdk_says_comes_first() {
        let mut event = Event {
            culprit: Some("stated".into()),
            csp: Some(Csp { violated_directive: "script-src 'self'".into(), ..Csp::default() }),
            transaction: Some("/cart".into()),
            request_url: Some("https://shop.example.com/cart".into()),
            ..crashed("python", vec![frame(["m", "", "f"], Some(true))])
        };
        assert_eq!(culprit(&event), "stated");
        event.culprit = Some(" ".into());
        assert_eq!(culprit(&event), "script-src 'self'");
        event.csp = None;
        assert_eq!(culprit(&event), "/cart");
        event.transaction = None;
        assert_eq!(culprit(&event), "m in f");
        event.exceptions.clear();
        assert_eq!(culprit(&event), "https://shop.example.com/cart");
        event.request_url = None;
        assert_eq!(culprit(&event), "");
    }

    #[test]
    fn the_last_exception_with_frames_counts_else_the_stack_trace_beside_them() {
        let mut event = crashed("python", vec![frame(["cause", "", "f"], Some(true))]);
        event.stacktrace = Some(vec![frame(["thread", "", "g"], Some(true))]);
        event.exceptions.push(Exception::default());
        assert_eq!(culprit(&event), "cause in f");
        event.exceptions.remove(0);
        assert_eq!(culprit(&event), "thread in g");
    }

    #[test]
    fn a_synthetic_exception_has_no_culprit() {
        let mut event = crashed("cocoa", vec![frame(["", "", "main"], Some(true))]);
        event.request_url = Some("https://shop.example.com/".into());
        event.exceptions[0].synthetic = true;
        assert_eq!(culprit(&event), "");
    }

    #[test]
    fn a_culprit_is_cut_at_200_characters() {
        let event = Event { transaction: Some("é".repeat(201).into()), ..Event::default() };
        assert_eq!(culprit(&event), format!("{}...", "é".repeat(197)));
        let event = Event { transaction: Some("é".repeat(200).into()), ..Event::default() };
        assert_eq!(culprit(&event), "é".repeat(200));
    }
}
