//! What an event says under the names that rules use.

use std::borrow::Cow;
use std::collections::HashMap;

use protocol::event::{Event, Frame, Level};
use protocol::json::{Document, Kind, Value};

use super::comparison::lowered;
use super::{Attribute, Source, UserField};
use crate::title::main_exception;

/// How rules write what is false and what is true.
const TRUTH: [&str; 2] = ["false", "true"];

/// An event as rules see it.
pub struct EventView<'v, 'e> {
    event: &'v Event<'e>,
    title: &'v str,
    /// The stored JSON of the event, where a rule asks for what only it holds.
    document: Option<&'v Document<'v, 'v>>,
}

/// The texts under one name, in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Values<'v>(Vec<Cow<'v, str>>);

impl<'v, 'e> EventView<'v, 'e> {
    /// `document` is the event's stored JSON; without it, what only it holds is missing.
    pub fn new(event: &'v Event<'e>, title: &'v str, document: Option<&'v Document<'v, 'v>>) -> Self {
        EventView { event, title, document }
    }

    /// The environment, if any.
    pub fn environment(&self) -> Option<&'v str> {
        self.event.environment.as_deref()
    }

    /// The level as Sentry's number.
    pub fn level_number(&self) -> u8 {
        match self.event.level {
            Level::Debug => 10,
            Level::Info => 20,
            Level::Warning => 30,
            Level::Error => 40,
            Level::Fatal => 50,
        }
    }

    /// The texts under a name.
    pub fn values(&self, source: &Source) -> Values<'v> {
        let mut values = Values::default();
        match source {
            Source::Tag(key) => self.tag(key, &mut values),
            Source::Attribute(attribute) => self.attribute(attribute, &mut values),
        }
        values
    }

    fn tag(&self, key: &str, values: &mut Values<'v>) {
        let tags = self.event.tags.iter().chain(&self.event.derived_tags);
        for (_, value) in tags.filter(|(name, _)| name.eq_ignore_ascii_case(key)) {
            values.add(value);
        }
    }

    fn attribute(&self, attribute: &Attribute, values: &mut Values<'v>) {
        let event = self.event;
        match attribute {
            Attribute::Message => {
                values.add_all(event.message.as_ref().map(|message| &*message.formatted));
                values.add(self.title);
                values.0.extend(self.uncut_title().map(|text| Cow::Owned(lowered(&text))));
            }
            Attribute::Platform => values.add(event.platform),
            Attribute::Environment => values.add_all(event.environment.as_deref()),
            Attribute::Type => values.add(event.kind.as_str()),
            Attribute::ErrorHandled => values.add_all(self.handled().map(|handled| TRUTH[usize::from(handled)])),
            Attribute::ErrorUnhandled => values.add_all(self.handled().map(|handled| TRUTH[usize::from(!handled)])),
            Attribute::ExceptionType => values.add_all(event.exceptions.iter().filter_map(|it| it.ty.as_deref())),
            Attribute::ExceptionValue => values.add_all(event.exceptions.iter().filter_map(|it| it.value.as_deref())),
            Attribute::User(UserField::Id) => values.add_all(event.user.id.as_deref()),
            Attribute::User(UserField::Email) => values.add_all(event.user.email.as_deref()),
            Attribute::User(UserField::Username) => values.add_all(event.user.username.as_deref()),
            Attribute::User(UserField::IpAddress) => values.add_all(event.user.ip_address.as_deref()),
            Attribute::HttpUrl => values.add_all(event.request_url.as_deref()),
            Attribute::StacktraceModule => values.add_all(self.frames().filter_map(|frame| frame.module.as_deref())),
            Attribute::StacktraceFilename => {
                values.add_all(self.frames().filter_map(|frame| frame.filename.as_deref()));
            }
            Attribute::StacktraceAbsPath => {
                values.add_all(self.frames().filter_map(|frame| frame.abs_path.as_deref()));
            }
            Attribute::User(UserField::Other(_))
            | Attribute::ErrorMainThread
            | Attribute::HttpMethod
            | Attribute::HttpStatusCode
            | Attribute::SdkName
            | Attribute::StacktraceCode
            | Attribute::StacktracePackage
            | Attribute::UnrealCrashType
            | Attribute::AppInForeground
            | Attribute::Os(_)
            | Attribute::Device(_)
            | Attribute::Extra(_) => self.in_document(attribute, values),
        }
    }

    /// Type and value of the exception that names the event, where the title has not the whole value.
    fn uncut_title(&self) -> Option<String> {
        let main = main_exception(self.event)?;
        let value = main.value.as_deref().map(str::trim).filter(|value| !self.title.ends_with(value))?;
        let ty = main.ty.as_deref().filter(|_| !main.synthetic);
        Some(ty.map_or_else(|| value.to_owned(), |ty| format!("{ty}: {value}")))
    }

    fn handled(&self) -> impl Iterator<Item = bool> + use<'v, 'e> {
        self.event.exceptions.iter().filter_map(|exception| exception.handled)
    }

    /// Every frame: of all exceptions, and where they have none, of the stack trace that belongs to none.
    fn frames(&self) -> impl Iterator<Item = &'v Frame<'e>> + use<'v, 'e> {
        let exceptions = &self.event.exceptions;
        let is_bare = exceptions.iter().all(|exception| exception.frames.is_empty());
        let beside = self.event.stacktrace.as_deref().filter(|_| is_bare).unwrap_or_default();
        exceptions.iter().flat_map(|exception| &exception.frames).chain(beside)
    }

    fn in_document(&self, attribute: &Attribute, values: &mut Values<'v>) {
        let Some(document) = self.document else { return };
        let root = document.root();
        let context = |name: &str, member: &str| root.get("contexts")?.get(name)?.get(member);
        match attribute {
            Attribute::User(UserField::Other(name)) => {
                let user = root.get("user");
                let data = user.and_then(|user| user.get("data"));
                values.add_value(data.and_then(|data| data.get(name)).or_else(|| user?.get(name)));
            }
            Attribute::ErrorMainThread => {
                main_threads(root).for_each(|is_main| values.add(TRUTH[usize::from(is_main)]))
            }
            Attribute::HttpMethod => values.add_value(root.get("request").and_then(|request| request.get("method"))),
            Attribute::HttpStatusCode => values.add_value(context("response", "status_code")),
            Attribute::SdkName => values.add_value(root.get("sdk").and_then(|sdk| sdk.get("name"))),
            Attribute::StacktraceCode => {
                let lines = |frame: Value<'v, 'v>| {
                    let around = ["pre_context", "post_context"].into_iter().filter_map(move |name| frame.get(name));
                    frame.get("context_line").into_iter().chain(around.flat_map(|lines| lines.elements()))
                };
                document_frames(root).flat_map(lines).for_each(|line| values.add_value(Some(line)));
            }
            Attribute::StacktracePackage => {
                document_frames(root).for_each(|frame| values.add_value(frame.get("package")));
            }
            Attribute::UnrealCrashType => values.add_value(context("unreal", "crash_type")),
            Attribute::AppInForeground => values.add_value(context("app", "in_foreground")),
            Attribute::Os(name) => values.add_value(context("os", name).or_else(|| context("client_os", name))),
            Attribute::Device(name) => values.add_value(context("device", name)),
            Attribute::Extra(path) => {
                if let Some(extra) = root.get("extra") {
                    values.add_path(extra, path);
                }
            }
            _ => {}
        }
    }
}

impl<'v> Values<'v> {
    /// The texts.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|value| &**value)
    }

    fn add(&mut self, text: &'v str) {
        let is_lower = !text.bytes().any(|byte| byte.is_ascii_uppercase() || !byte.is_ascii());
        self.0.push(if is_lower { Cow::Borrowed(text) } else { Cow::Owned(lowered(text)) });
    }

    fn add_all(&mut self, texts: impl IntoIterator<Item = &'v str>) {
        texts.into_iter().for_each(|text| self.add(text));
    }

    /// A scalar of the document; others have no text that a rule could mean.
    fn add_value(&mut self, value: Option<Value<'v, 'v>>) {
        let Some(value) = value else { return };
        match value.kind() {
            Kind::String => self.0.extend(value.text().map(|text| Cow::Owned(lowered(&text)))),
            Kind::Number => self.0.extend(value.number().map(Cow::Borrowed)),
            Kind::False => self.add("false"),
            Kind::True => self.add("true"),
            Kind::Null | Kind::Array | Kind::Object | Kind::Deep => {}
        }
    }

    /// What lies at the end of a path; a list on the way gives the values of each of its items.
    fn add_path(&mut self, value: Value<'v, 'v>, path: &[String]) {
        if value.kind() == Kind::Array {
            value.elements().for_each(|element| self.add_path(element, path));
            return;
        }
        match path {
            [] => self.add_value(Some(value)),
            [name, rest @ ..] => {
                if let Some(member) = value.get(name) {
                    self.add_path(member, rest);
                }
            }
        }
    }
}

/// Whether the thread of each exception that names one is the main thread, as far as it is known.
fn main_threads<'v>(root: Value<'v, 'v>) -> impl Iterator<Item = bool> {
    // There may be ten thousands of each.
    let mut threads = HashMap::new();
    for thread in root.get("threads").and_then(|it| it.get("values")).into_iter().flat_map(|values| values.elements()) {
        if let Some(id) = thread.get("id") {
            threads.entry(id.raw()).or_insert(thread);
        }
    }
    exceptions(root).filter_map(move |exception| {
        let id = exception.get("thread_id").filter(|id| !id.is_null())?;
        threads.get(id.raw())?.get("main")?.boolean()
    })
}

fn exceptions<'v>(root: Value<'v, 'v>) -> impl Iterator<Item = Value<'v, 'v>> {
    root.get("exception").and_then(|it| it.get("values")).into_iter().flat_map(|values| values.elements())
}

/// The same frames as [`EventView::frames`].
fn document_frames<'v>(root: Value<'v, 'v>) -> impl Iterator<Item = Value<'v, 'v>> {
    fn frames<'v>(of: Value<'v, 'v>) -> Option<Value<'v, 'v>> {
        of.get("stacktrace")?.get("frames").filter(|frames| frames.elements().any(|frame| frame.kind() == Kind::Object))
    }
    let mut stacks: Vec<_> = exceptions(root).filter_map(frames).collect();
    if stacks.is_empty() {
        stacks.extend(frames(root).or_else(|| only_thread(root).and_then(frames)));
    }
    stacks.into_iter().flat_map(|frames| frames.elements())
}

/// The only thread that has a stack trace.
fn only_thread<'v>(root: Value<'v, 'v>) -> Option<Value<'v, 'v>> {
    let has_frames = |thread: &Value<'v, 'v>| {
        thread.get("stacktrace").and_then(|stack| stack.get("frames")).is_some_and(|frames| frames.count() > 0)
    };
    let mut with_frames = root.get("threads")?.get("values")?.elements().filter(has_frames);
    let first = with_frames.next()?;
    if with_frames.next().is_some() { None } else { Some(first) }
}
