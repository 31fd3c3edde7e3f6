//! An event taken apart for its page. Nothing in it is taken for granted: every part may be missing, or be something else than it
//! should.

use serde_json::Value;

use super::text::{items, pairs, plain, text};
use crate::ui::json::Highlighted;
use crate::ui::words::bytes;

/// The most that a page shows of each kind; how many there are is said.
const EXCEPTIONS_MAX: usize = 50;
const FRAMES_MAX: usize = 250;
const BREADCRUMBS_MAX: usize = 100;

/// What the page shows of an event.
pub(super) struct EventView {
    pub(super) id: String,
    pub(super) received: String,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
    pub(super) size: String,
    pub(super) message: Option<String>,
    pub(super) exceptions: Vec<Exception>,
    pub(super) exceptions_in_all: usize,
    pub(super) breadcrumbs: Vec<Breadcrumb>,
    pub(super) breadcrumbs_in_all: usize,
    pub(super) request: Option<Request>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) user: Vec<(String, String)>,
    pub(super) contexts: Vec<(String, Vec<(String, String)>)>,
    pub(super) extra: Vec<(String, String)>,
    pub(super) packages: Vec<(String, String)>,
    pub(super) sdk: Option<String>,
    pub(super) release: Option<String>,
    pub(super) errors: Vec<String>,
    /// Entries that have no section of their own.
    pub(super) others: Vec<(String, Highlighted)>,
}

/// One exception of a chain, or a stack trace without one.
pub(super) struct Exception {
    pub(super) kind: String,
    pub(super) value: String,
    pub(super) module: Option<String>,
    /// Whether nobody caught it.
    pub(super) is_unhandled: bool,
    /// The newest first.
    pub(super) frames: Vec<Frame>,
    pub(super) frames_in_all: usize,
}

/// One frame.
pub(super) struct Frame {
    pub(super) function: String,
    pub(super) file: String,
    pub(super) line: Option<String>,
    pub(super) in_app: bool,
    /// Whether it is unfolded: the newest of the application's own.
    pub(super) is_open: bool,
    /// The lines around, which one it is, and whether it is the one that was running.
    pub(super) context: Vec<(String, String, bool)>,
    pub(super) locals: Vec<(String, String)>,
}

/// One breadcrumb.
pub(super) struct Breadcrumb {
    pub(super) time: Option<String>,
    pub(super) category: String,
    pub(super) level: String,
    pub(super) message: String,
    pub(super) data: Vec<(String, String)>,
}

/// The request that was served, or sent.
pub(super) struct Request {
    pub(super) method: Option<String>,
    pub(super) url: Option<String>,
    /// The URL as a link, if it is one of a place.
    pub(super) link: Option<String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) cookies: Vec<(String, String)>,
    pub(super) env: Vec<(String, String)>,
    pub(super) data: Option<Highlighted>,
}

impl EventView {
    /// What there is to show of an event as the API has it.
    pub(super) fn of(event: &Value) -> EventView {
        let entry = |kind: &str| {
            let found = items(&event["entries"]).iter().find(|entry| entry["type"] == kind);
            found.map_or(&Value::Null, |entry| &entry["data"])
        };
        let chain = items(&entry("exception")["values"]);
        // Raised last stands last; that is what one looks for.
        let mut exceptions: Vec<Exception> = chain.iter().rev().take(EXCEPTIONS_MAX).map(Exception::of).collect();
        let threads = items(&entry("threads")["values"]);
        let bare = std::iter::once(entry("stacktrace")).chain(threads.iter().map(|thread| &thread["stacktrace"]));
        if exceptions.iter().all(|exception| exception.frames.is_empty()) {
            let traces = bare.filter(|trace| !items(&trace["frames"]).is_empty());
            exceptions.extend(traces.take(EXCEPTIONS_MAX).map(Exception::of_trace));
        }
        open_the_first(&mut exceptions);
        let crumbs = items(&entry("breadcrumbs")["values"]);
        let first_shown = crumbs.len().saturating_sub(BREADCRUMBS_MAX);
        let message = entry("message");
        let shown = ["exception", "threads", "stacktrace", "breadcrumbs", "message", "request"];
        let others = items(&event["entries"]).iter().filter(|entry| !shown.iter().any(|kind| entry["type"] == *kind));
        EventView {
            id: plain(&event["eventID"]),
            received: plain(&event["dateCreated"]),
            previous: text(&event["previousEventID"]),
            next: text(&event["nextEventID"]),
            size: event["size"].as_u64().map(bytes).unwrap_or_default(),
            message: text(&message["formatted"]).or_else(|| text(&message["message"])),
            exceptions,
            exceptions_in_all: chain.len(),
            breadcrumbs: crumbs[first_shown..].iter().map(Breadcrumb::of).collect(),
            breadcrumbs_in_all: crumbs.len(),
            request: Some(entry("request")).filter(|request| request.is_object()).map(Request::of),
            tags: items(&event["tags"]).iter().map(|tag| (plain(&tag["key"]), plain(&tag["value"]))).collect(),
            user: pairs(&event["user"]).into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            contexts: contexts(&event["contexts"]),
            extra: pairs(&event["context"]),
            packages: pairs(&event["packages"]),
            sdk: text(&event["sdk"]["name"]).map(|name| format!("{name} {}", plain(&event["sdk"]["version"]))),
            release: text(&event["release"]["version"]),
            errors: items(&event["errors"]).iter().map(error).collect(),
            others: others.map(|entry| (plain(&entry["type"]), Highlighted::of(&entry["data"].to_string()))).collect(),
        }
    }
}

/// A name, and pairs under it.
type Part<'e> = (&'static str, &'e [(String, String)]);

fn filled(parts: Vec<Part<'_>>) -> Vec<Part<'_>> {
    parts.into_iter().filter(|(_, pairs)| !pairs.is_empty()).collect()
}

impl EventView {
    /// What is folded away at the end.
    pub(super) fn more(&self) -> Vec<Part<'_>> {
        filled(vec![("Additional data", &self.extra), ("Packages", &self.packages)])
    }
}

/// Unfolds the frame in which a person begins to read.
fn open_the_first(exceptions: &mut [Exception]) {
    for exception in exceptions {
        let frames = &mut exception.frames;
        let own = frames.iter().position(|frame| frame.in_app).unwrap_or(0);
        if let Some(frame) = frames.get_mut(own) {
            frame.is_open = true;
        }
    }
}

fn error(error: &Value) -> String {
    let data = pairs(&error["data"]).into_iter().map(|(name, value)| format!("{name} {value}"));
    let data: Vec<_> = data.collect();
    format!("{}: {}", plain(&error["message"]), data.join(", "))
}

fn contexts(value: &Value) -> Vec<(String, Vec<(String, String)>)> {
    let members = value.as_object().into_iter().flatten();
    let context = |(name, value): (&String, &Value)| {
        let parts = match value {
            Value::Object(_) => pairs(value).into_iter().filter(|(name, _)| name != "type").collect(),
            other => vec![("value".to_owned(), plain(other))],
        };
        (name.clone(), parts)
    };
    members.map(context).filter(|(_, parts): &(_, Vec<_>)| !parts.is_empty()).collect()
}

impl Exception {
    fn of(value: &Value) -> Exception {
        let is_unhandled = value["mechanism"]["handled"] == false;
        Exception {
            kind: text(&value["type"]).unwrap_or_else(|| "Error".to_owned()),
            value: plain(&value["value"]),
            module: text(&value["module"]),
            is_unhandled,
            ..Exception::of_trace(&value["stacktrace"])
        }
    }

    fn of_trace(trace: &Value) -> Exception {
        let frames = items(&trace["frames"]);
        Exception {
            kind: "Stack trace".to_owned(),
            value: String::new(),
            module: None,
            is_unhandled: false,
            frames: frames.iter().rev().take(FRAMES_MAX).map(Frame::of).collect(),
            frames_in_all: frames.len(),
        }
    }
}

impl Frame {
    fn of(frame: &Value) -> Frame {
        let line = text(&frame["lineNo"]);
        let around = items(&frame["context"]).iter().map(|pair| {
            let number = plain(&pair[0]);
            let is_here = line.as_ref() == Some(&number);
            (number, plain(&pair[1]), is_here)
        });
        let first = |names: [&str; 3]| names.into_iter().find_map(|name| text(&frame[name]));
        Frame {
            function: first(["function", "rawFunction", "symbol"]).unwrap_or_else(|| "?".to_owned()),
            file: first(["filename", "module", "absPath"]).unwrap_or_default(),
            in_app: frame["inApp"] == true,
            is_open: false,
            context: around.collect(),
            locals: pairs(&frame["vars"]),
            line,
        }
    }

    /// Whether there is something to unfold.
    pub(super) fn has_more(&self) -> bool {
        !self.context.is_empty() || !self.locals.is_empty()
    }
}

impl Breadcrumb {
    fn of(crumb: &Value) -> Breadcrumb {
        Breadcrumb {
            time: text(&crumb["timestamp"]),
            category: text(&crumb["category"]).unwrap_or_else(|| plain(&crumb["type"])),
            level: plain(&crumb["level"]),
            message: plain(&crumb["message"]),
            data: pairs(&crumb["data"]),
        }
    }

    /// The time of day, to the second.
    pub(super) fn clock(&self) -> &str {
        let time = self.time.as_deref().unwrap_or_default();
        time.split_once('T').and_then(|(_, clock)| clock.get(..8)).unwrap_or(time)
    }

    pub(super) fn colour(&self) -> &'static str {
        match self.level.as_str() {
            "error" | "fatal" => "bad",
            "warning" => "warn",
            _ => "",
        }
    }
}

impl Request {
    /// What it brought beside its body.
    pub(super) fn parts(&self) -> Vec<Part<'_>> {
        let Request { query, headers, cookies, env, .. } = self;
        filled(vec![("Query", query), ("Headers", headers), ("Cookies", cookies), ("Environment", env)])
    }

    fn of(request: &Value) -> Request {
        let url = text(&request["url"]);
        let data = &request["data"];
        let data = (!data.is_null()).then(|| match data {
            Value::String(text) => Highlighted::of(text),
            other => Highlighted::of(&other.to_string()),
        });
        Request {
            method: text(&request["method"]),
            // An event names its URL itself: only what leads to a place by http may be clicked.
            link: url.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://")),
            url,
            query: pairs(&request["query"]),
            headers: pairs(&request["headers"]),
            cookies: pairs(&request["cookies"]),
            env: pairs(&request["env"]),
            data,
        }
    }
}
