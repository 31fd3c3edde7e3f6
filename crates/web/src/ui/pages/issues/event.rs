//! An event taken apart for its page. Nothing in it is taken for granted: every part may be missing, or be something else than it
//! should.

use serde_json::Value;
use url::Url;

use super::text::{Pairs, body, items, named, of_all, pairs, plain, text};
use super::trace::Trace;
use crate::ui::json::Highlighted;
use crate::ui::words::bytes;

/// The most that a page shows of each kind; how many there are is said.
const EXCEPTIONS_MAX: usize = 50;
const THREADS_MAX: usize = 50;
const BREADCRUMBS_MAX: usize = 100;
const CONTEXTS_MAX: usize = 50;
/// Entries that have a section of their own.
const SECTIONS: [&str; 6] = ["exception", "threads", "stacktrace", "breadcrumbs", "message", "request"];

/// What the page shows of an event.
pub(super) struct EventView {
    pub(super) id: String,
    pub(super) received: String,
    pub(super) previous: Option<String>,
    pub(super) next: Option<String>,
    pub(super) size: String,
    pub(super) message: Option<String>,
    /// Raised last comes first.
    pub(super) traces: Vec<Trace>,
    exceptions_in_all: usize,
    pub(super) threads: Vec<Trace>,
    threads_in_all: usize,
    pub(super) breadcrumbs: Vec<Breadcrumb>,
    breadcrumbs_in_all: usize,
    pub(super) request: Option<Request>,
    pub(super) tags: Pairs,
    pub(super) user: Pairs,
    pub(super) contexts: Vec<(String, Pairs)>,
    contexts_in_all: usize,
    extra: Pairs,
    packages: Pairs,
    /// Release, SDK and the like.
    pub(super) origin: Vec<(&'static str, String)>,
    pub(super) errors: Vec<String>,
    /// Entries that have no section of their own.
    pub(super) others: Vec<(String, Highlighted)>,
}

/// One breadcrumb.
pub(super) struct Breadcrumb {
    pub(super) time: Option<String>,
    pub(super) category: String,
    pub(super) level: String,
    pub(super) message: String,
    pub(super) data: Pairs,
}

/// The request that was served, or sent.
pub(super) struct Request {
    pub(super) method: Option<String>,
    pub(super) url: Option<String>,
    /// The URL as a link, if it is one of a place.
    pub(super) link: Option<String>,
    query: Pairs,
    headers: Pairs,
    cookies: Pairs,
    env: Pairs,
    pub(super) data: Option<Highlighted>,
}

impl EventView {
    /// What there is to show of an event as the API has it.
    pub(super) fn of(event: &Value) -> EventView {
        let entries = items(&event["entries"]);
        let entry = |kind: &str| {
            let found = entries.iter().find(|entry| entry["type"] == kind);
            found.map_or(&Value::Null, |entry| &entry["data"])
        };
        let chain = items(&entry("exception")["values"]);
        // Raised last stands last; that is what one looks for.
        let exceptions = chain.iter().rev().take(EXCEPTIONS_MAX).map(|exception| Trace::of_exception(exception));
        let bare = Some(Trace::of_frames(entry("stacktrace"))).filter(Trace::has_frames);
        let all_threads = items(&entry("threads")["values"]);
        let crumbs = items(&entry("breadcrumbs")["values"]);
        let first_shown = crumbs.len().saturating_sub(BREADCRUMBS_MAX);
        let message = entry("message");
        let all_contexts = contexts(&event["contexts"]);
        let others = entries.iter().filter(|entry| !SECTIONS.iter().any(|kind| entry["type"] == *kind));
        EventView {
            id: plain(&event["eventID"]),
            received: plain(&event["dateCreated"]),
            previous: text(&event["previousEventID"]),
            next: text(&event["nextEventID"]),
            size: event["size"].as_u64().map(bytes).unwrap_or_default(),
            message: text(&message["formatted"]).or_else(|| text(&message["message"])),
            traces: exceptions.chain(bare).collect(),
            exceptions_in_all: chain.len(),
            threads: all_threads.iter().take(THREADS_MAX).map(|thread| Trace::of_thread(thread)).collect(),
            threads_in_all: all_threads.len(),
            breadcrumbs: crumbs[first_shown..].iter().map(|crumb| Breadcrumb::of(crumb)).collect(),
            breadcrumbs_in_all: crumbs.len(),
            request: Some(entry("request")).filter(|request| request.is_object()).map(Request::of),
            tags: Pairs::of(items(&event["tags"]).iter().map(|tag| (plain(&tag["key"]), plain(&tag["value"])))),
            user: user(&event["user"]),
            contexts_in_all: all_contexts.len(),
            contexts: all_contexts.into_iter().take(CONTEXTS_MAX).collect(),
            extra: pairs(&event["context"]),
            packages: pairs(&event["packages"]),
            origin: origin(event),
            errors: items(&event["errors"]).into_iter().map(error).collect(),
            others: others.map(|entry| (plain(&entry["type"]), body(&entry["data"]))).collect(),
        }
    }

    /// What is folded away at the end.
    pub(super) fn more(&self) -> Vec<Part<'_>> {
        filled(vec![("Additional data", &self.extra), ("Packages", &self.packages)])
    }

    /// Whether a thread shows its frames at once: it crashed, or is the first, and no exception shows any.
    pub(super) fn is_open(&self, thread: &Trace) -> bool {
        let first = self.threads.iter().find(|thread| thread.is_crashed).or(self.threads.first());
        !self.traces.iter().any(Trace::has_frames) && first.is_some_and(|first| std::ptr::eq(first, thread))
    }

    /// What is said of each kind of which a page does not show all.
    pub(super) fn exceptions_rest(&self) -> Option<String> {
        let shown = self.exceptions_in_all.min(EXCEPTIONS_MAX);
        of_all(shown, self.exceptions_in_all, "exceptions are shown: those that were raised last.")
    }

    pub(super) fn threads_rest(&self) -> Option<String> {
        of_all(self.threads.len(), self.threads_in_all, "threads are shown.")
    }

    pub(super) fn breadcrumbs_rest(&self) -> Option<String> {
        of_all(self.breadcrumbs.len(), self.breadcrumbs_in_all, "breadcrumbs are shown: the last.")
    }

    pub(super) fn contexts_rest(&self) -> Option<String> {
        of_all(self.contexts.len(), self.contexts_in_all, "contexts are shown.")
    }
}

/// A name, and pairs under it.
type Part<'e> = (&'static str, &'e Pairs);

/// What is known of the user, with what the application says of its own beside the rest.
fn user(user: &Value) -> Pairs {
    let own = user["data"].is_object();
    let known = user.as_object().into_iter().flatten().filter(|(name, _)| !own || *name != "data");
    let all = known.chain(user["data"].as_object().into_iter().flatten());
    let pairs = all.map(|(name, value)| (named(name), plain(value)));
    Pairs::of(pairs.filter(|(_, value)| !value.is_empty()))
}

fn filled(parts: Vec<Part<'_>>) -> Vec<Part<'_>> {
    parts.into_iter().filter(|(_, pairs)| !pairs.is_empty()).collect()
}

/// What was wrong with the event, in words.
fn error(error: &Value) -> String {
    let data: Vec<_> = pairs(&error["data"]).shown.into_iter().map(|(name, value)| format!("{name} {value}")).collect();
    let message = plain(&error["message"]);
    if data.is_empty() { message } else { format!("{message}: {}", data.join(", ")) }
}

fn origin(event: &Value) -> Vec<(&'static str, String)> {
    let sdk = &event["sdk"];
    let sdk = text(&sdk["name"]).map(|name| format!("{name} {}", plain(&sdk["version"])).trim_end().to_owned());
    let parts = [
        ("Release", text(&event["release"]["version"])),
        ("Build", text(&event["dist"])),
        ("Platform", text(&event["platform"])),
        ("SDK", sdk),
    ];
    parts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn contexts(value: &Value) -> Vec<(String, Pairs)> {
    let context = |(name, value): (&String, &Value)| {
        let parts = match value {
            // The type of a context is its name once more.
            Value::Object(_) => pairs(value).filtered(|name, _| name != "type"),
            other => pairs(other),
        };
        (named(name), parts)
    };
    let all = value.as_object().into_iter().flatten().map(context);
    all.filter(|(_, parts)| !parts.is_empty()).collect()
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
        let whole = request["url"].as_str().map(|url| match request["fragment"].as_str() {
            Some(fragment) if !fragment.is_empty() => format!("{url}#{fragment}"),
            _ => url.to_owned(),
        });
        Request {
            method: text(&request["method"]),
            link: whole.as_deref().and_then(link),
            url: whole.map(|url| plain(&Value::String(url))).or_else(|| text(&request["url"])),
            query: pairs(&request["query"]),
            headers: pairs(&request["headers"]),
            cookies: pairs(&request["cookies"]),
            env: pairs(&request["env"]),
            data: Some(&request["data"]).filter(|data| !data.is_null()).map(body),
        }
    }
}

/// An event names its URL itself: only what leads to a place by http may be clicked.
fn link(url: &str) -> Option<String> {
    let parsed = Url::parse(url).ok()?;
    matches!(parsed.scheme(), "http" | "https").then(|| parsed.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_leads_to_a_place_by_http_is_a_link() {
        let links = ["https://shop.example/a b", "HTTP://shop.example", "https://"].map(link);
        assert_eq!(links, [Some("https://shop.example/a%20b".into()), Some("http://shop.example/".into()), None]);
        for other in ["javascript:alert(1)", " java\nscript:alert(1)", "data:text/html,x", "/cart", "file:///etc", ""] {
            assert_eq!(link(other), None, "{other}");
        }
        let long = format!("https://shop.example/{}", "x".repeat(9_000));
        let request = Request::of(&json!({"url": long, "fragment": "top"}));
        assert_eq!(request.link, Some(format!("{long}#top")), "what is shown is cut, where it leads is not");
        assert!(request.url.unwrap().ends_with("(9025 characters in all)"));
        assert_eq!(request.method, None, "nobody said how it was sent");
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let many = |kind: &str, count| json!({"type": kind, "data": {"values": vec![json!({"message": "x"}); count]}});
        let contexts: serde_json::Map<_, _> = (0..60).map(|number| (format!("c{number}"), json!("x"))).collect();
        let entries = [many("exception", 70), many("threads", 51), many("breadcrumbs", 1_300)];
        let view = EventView::of(&json!({"entries": entries, "contexts": contexts}));
        let rests = [view.exceptions_rest(), view.threads_rest(), view.breadcrumbs_rest(), view.contexts_rest()];
        assert_eq!(
            rests.map(Option::unwrap_or_default),
            [
                "50 of 70 exceptions are shown: those that were raised last.",
                "50 of 51 threads are shown.",
                "100 of 1\u{202f}300 breadcrumbs are shown: the last.",
                "50 of 60 contexts are shown."
            ]
        );
        let nothing = EventView::of(&json!(null));
        assert!(nothing.exceptions_rest().is_none() && nothing.traces.is_empty() && nothing.more().is_empty());
    }

    #[test]
    fn the_thread_that_crashed_is_open_where_no_exception_shows_frames() {
        let thread = |crashed| json!({"id": 1, "crashed": crashed, "stacktrace": {"frames": [{"function": "f"}]}});
        let threads = json!({"type": "threads", "data": {"values": [thread(false), thread(true)]}});
        let view = EventView::of(&json!({"entries": [threads]}));
        assert_eq!(view.threads.iter().map(|thread| view.is_open(thread)).collect::<Vec<_>>(), [false, true]);
        let raised = json!({"type": "exception", "data": {"values": [thread(false)]}});
        let view = EventView::of(&json!({"entries": [threads, raised]}));
        assert!(!view.threads.iter().any(|thread| view.is_open(thread)));
    }
}
