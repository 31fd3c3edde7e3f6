//! Exceptions and threads of an event, down to the line that was running.

use serde_json::Value;

use super::text::{Pairs, items, of_all, pairs, plain, text};

/// The most frames that a page shows of a trace.
const FRAMES_MAX: usize = 250;
/// Frames of libraries that stand together are folded up from so many on.
const FOLDED_FROM: usize = 3;

/// One exception of a chain, one thread, or a stack trace by itself.
pub(super) struct Trace {
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) module: Option<String>,
    /// How it came to us, as the SDK says: `django`, `onerror`.
    pub(super) mechanism: Option<String>,
    /// Whether nobody caught it.
    pub(super) is_unhandled: bool,
    /// Whether it is the thread that crashed.
    pub(super) is_crashed: bool,
    /// The newest frame first.
    pub(super) runs: Vec<Run>,
    shown: usize,
    in_all: usize,
}

/// Frames that stand together.
pub(super) struct Run {
    pub(super) frames: Vec<Frame>,
    /// Whether they are folded into one line: many of libraries, which one seldom looks at.
    pub(super) is_folded: bool,
}

/// One frame.
pub(super) struct Frame {
    pub(super) function: String,
    pub(super) file: String,
    /// Where the file is in all, where that says more.
    pub(super) path: Option<String>,
    /// `20`, or `20:7` with the column.
    pub(super) line: Option<String>,
    pub(super) in_app: bool,
    /// Whether it is unfolded: the newest of the application's own.
    pub(super) is_open: bool,
    /// The lines around, which one it is, and whether it is the one that was running.
    pub(super) context: Vec<(String, String, bool)>,
    pub(super) locals: Pairs,
}

impl Trace {
    /// An exception of a chain.
    pub(super) fn of_exception(value: &Value) -> Trace {
        Trace {
            kind: text(&value["type"]).unwrap_or_else(|| "Error".to_owned()),
            value: plain(&value["value"]),
            module: text(&value["module"]),
            mechanism: text(&value["mechanism"]["type"]),
            is_unhandled: value["mechanism"]["handled"] == false,
            ..Trace::of_frames(&value["stacktrace"])
        }
    }

    /// A thread, called by its name or number.
    pub(super) fn of_thread(value: &Value) -> Trace {
        let name = text(&value["name"]).or_else(|| text(&value["id"])).unwrap_or_default();
        let states = [(value["crashed"] == true, "crashed"), (value["current"] == true, "current")];
        let mut said: Vec<String> =
            states.iter().filter(|(is_so, _)| *is_so).map(|(_, word)| (*word).to_owned()).collect();
        said.extend(text(&value["state"]));
        Trace {
            kind: format!("Thread {name}"),
            value: said.join(", "),
            is_crashed: value["crashed"] == true,
            ..Trace::of_frames(&value["stacktrace"])
        }
    }

    /// A stack trace by itself.
    pub(super) fn of_frames(trace: &Value) -> Trace {
        let all = items(&trace["frames"]);
        let mut frames: Vec<Frame> = all.iter().rev().take(FRAMES_MAX).map(|frame| Frame::of(frame)).collect();
        let (shown, in_all) = (frames.len(), all.len());
        let own = frames.iter().position(|frame| frame.in_app);
        // In which a person begins to read.
        if let Some(first) = frames.get_mut(own.unwrap_or(0)) {
            first.is_open = true;
        }
        Trace {
            kind: "Stack trace".to_owned(),
            value: String::new(),
            module: None,
            mechanism: None,
            is_unhandled: false,
            is_crashed: false,
            // Where all are of libraries none of them is less to look at.
            runs: if own.is_some() { runs(frames) } else { vec![Run { frames, is_folded: false }] },
            shown,
            in_all,
        }
    }

    /// Whether something stands beside its name.
    pub(super) fn has_marks(&self) -> bool {
        self.is_unhandled || self.mechanism.is_some() || self.module.is_some()
    }

    pub(super) fn has_frames(&self) -> bool {
        self.shown > 0
    }

    /// What is said where there are more frames.
    pub(super) fn rest(&self) -> Option<String> {
        of_all(self.shown, self.in_all, "frames are shown: the newest.")
    }
}

/// The frames in their order, those of libraries folded up where many stand together.
fn runs(frames: Vec<Frame>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for frame in frames {
        match runs.last_mut() {
            Some(run) if run.frames.last().is_some_and(|last| last.in_app == frame.in_app) => run.frames.push(frame),
            _ => runs.push(Run { frames: vec![frame], is_folded: false }),
        }
    }
    for run in &mut runs {
        run.is_folded = run.frames.len() >= FOLDED_FROM && run.frames.iter().all(|frame| !frame.in_app);
    }
    runs
}

impl Frame {
    fn of(frame: &Value) -> Frame {
        let number = text(&frame["lineNo"]);
        let around = items(&frame["context"]).into_iter().map(|pair| {
            let at = plain(&pair[0]);
            let is_here = number.as_ref() == Some(&at);
            (at, plain(&pair[1]), is_here)
        });
        let context = around.collect();
        let first = |names: [&str; 3]| names.into_iter().find_map(|name| text(&frame[name]));
        let file = first(["filename", "module", "absPath"]).or_else(|| text(&frame["package"])).unwrap_or_default();
        let line =
            number.map(|number| text(&frame["colNo"]).map_or(number.clone(), |column| format!("{number}:{column}")));
        Frame {
            function: first(["function", "rawFunction", "symbol"])
                .or_else(|| text(&frame["instructionAddr"]))
                .unwrap_or_else(|| "?".to_owned()),
            path: text(&frame["absPath"]).filter(|path| *path != file),
            file,
            line,
            in_app: frame["inApp"] == true,
            is_open: false,
            context,
            locals: pairs(&frame["vars"]),
        }
    }

    /// Whether there is something to unfold.
    pub(super) fn has_more(&self) -> bool {
        !self.context.is_empty() || !self.locals.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn trace(own: &[bool]) -> Trace {
        let frames: Vec<_> = own.iter().rev().map(|in_app| json!({"inApp": in_app, "function": "f"})).collect();
        Trace::of_frames(&json!({ "frames": frames }))
    }

    fn lengths(trace: &Trace) -> Vec<(usize, bool)> {
        trace.runs.iter().map(|run| (run.frames.len(), run.is_folded)).collect()
    }

    #[test]
    fn many_frames_of_libraries_in_a_row_are_folded_unless_there_are_no_others() {
        let mixed = trace(&[false, true, true, false, false, false, true, false, false]);
        assert_eq!(lengths(&mixed), [(1, false), (2, false), (3, true), (1, false), (2, false)]);
        assert_eq!(lengths(&trace(&[false; 5])), [(5, false)]);
        let open: Vec<_> = mixed.runs.iter().flat_map(|run| &run.frames).map(|frame| frame.is_open).collect();
        assert_eq!(open.iter().position(|is_open| *is_open), Some(1), "the newest of our own");
        assert_eq!(open.iter().filter(|is_open| **is_open).count(), 1);
    }

    #[test]
    fn a_thread_says_what_it_was_doing_and_a_frame_without_names_where_it_is() {
        let thread = json!({"id": 7, "crashed": true, "state": "RUNNABLE", "stacktrace": {"frames": [
            {"instructionAddr": "0x7f", "package": "libc.so", "lineNo": 3, "colNo": 9, "absPath": "/lib/libc.so"},
        ]}});
        let thread = Trace::of_thread(&thread);
        assert_eq!((thread.kind.as_str(), thread.value.as_str()), ("Thread 7", "crashed, RUNNABLE"));
        let frame = &thread.runs[0].frames[0];
        assert_eq!((frame.function.as_str(), frame.file.as_str()), ("0x7f", "/lib/libc.so"));
        assert_eq!(frame.line.as_deref(), Some("3:9"));
        assert!(frame.is_open && !frame.has_more());
    }

    #[test]
    fn frames_beyond_the_most_are_counted() {
        assert_eq!(trace(&[true; 250]).rest(), None);
        assert_eq!(trace(&[true; 300]).rest().as_deref(), Some("250 of 300 frames are shown: the newest."));
    }
}
