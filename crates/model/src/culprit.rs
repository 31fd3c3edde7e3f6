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
    if matches!(platform, "native" | "objc" | "cocoa") {
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
