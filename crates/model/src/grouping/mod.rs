//! Which events are the same bug: a versioned hash of what does not change between two of its occurrences.
//!
//! The algorithm, in order of preference: the SDK's fingerprint, a security report's directive and source, the chain of
//! exceptions, a stack trace, the message, a constant. Every component is hashed with its kind and its length, so that no two
//! lists of components meet. The version is hashed too, and kept with the hash: a new version gives every event a new key.

mod components;
mod fingerprint;
mod frame_names;
mod frames;
mod parameterise;

#[cfg(test)]
mod tests;

use protocol::event::{Event, Exception, Frame};

use components::{Components, Part};
use fingerprint::{Element, Fingerprint};
use frames::Stack;

pub use parameterise::parameterise;

/// The version of the algorithm. It grows with every change that gives an event another hash.
pub const GROUPING_VERSION: u16 = 2;

/// A message is known by its first lines that are not blank.
const MESSAGE_LINES: usize = 2;

/// What events of one issue have in common, unique within a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupingKey {
    /// The algorithm's version.
    pub version: u16,
    /// The first 16 bytes of a SHA-256.
    pub hash: [u8; 16],
}

/// The event's grouping key.
pub fn group(event: &Event<'_>) -> GroupingKey {
    let hash = match fingerprint::read(&event.fingerprint) {
        Fingerprint::Default => default_hash(event),
        Fingerprint::Custom(elements) => fingerprint_hash(event, elements, None),
        Fingerprint::Mixed(elements) => fingerprint_hash(event, elements, Some(default_hash(event))),
    };
    GroupingKey { version: GROUPING_VERSION, hash }
}

fn fingerprint_hash(event: &Event<'_>, elements: &[impl AsRef<str>], default: Option<[u8; 16]>) -> [u8; 16] {
    let mut components = Components::new(GROUPING_VERSION);
    components.count(Part::Fingerprint, elements.len());
    for element in elements {
        match (fingerprint::element(element.as_ref()), default) {
            (Element::Default, Some(default)) => components.bytes(Part::DefaultHash, &default),
            (element, _) => components.text(Part::Element, &fingerprint::resolve(element, event)),
        }
    }
    components.hash()
}

/// The hash of an event without a fingerprint of its own.
fn default_hash(event: &Event<'_>) -> [u8; 16] {
    let mut components = Components::new(GROUPING_VERSION);
    let found = add_csp(&mut components, event)
        || add_exceptions(&mut components, event)
        || add_stacktrace(&mut components, event)
        || add_message(&mut components, event);
    if !found {
        components.start(Part::Fallback);
        components.text(Part::Type, event.kind.as_str());
        components.text(Part::Level, event.level.as_str());
        components.text(Part::Logger, &event.logger);
    }
    components.hash()
}

fn add_csp(components: &mut Components, event: &Event<'_>) -> bool {
    let Some(csp) = &event.csp else { return false };
    components.start(Part::Csp);
    components.text(Part::Directive, &csp.effective_directive);
    components.text(Part::Blocked, &csp.blocked);
    true
}

/// The whole chain, in order. Values count only where no frame of the chain says anything.
fn add_exceptions(components: &mut Components, event: &Event<'_>) -> bool {
    let chain = &event.exceptions;
    let has_type = chain.iter().any(|exception| stable_type(exception).is_some());
    let has_value = || chain.iter().any(|exception| filled(exception.value.as_deref()).is_some());
    let choice = frames::choose(chain.iter().map(|exception| &exception.frames[..]), event.platform);
    if !has_type && choice.is_none() && !has_value() {
        return false;
    }
    components.count(Part::Chain, chain.len());
    for exception in chain {
        components.start(Part::Exception);
        components.any(Part::Type, stable_type(exception));
        match choice {
            Some(choice) => add_frames(components, Stack::new(&exception.frames, event.platform, choice)),
            None => {
                if let Some(value) = filled(exception.value.as_deref()) {
                    components.text(Part::Value, &parameterise(value));
                }
            }
        }
    }
    true
}

fn add_stacktrace(components: &mut Components, event: &Event<'_>) -> bool {
    let frames: &[Frame<'_>] = event.stacktrace.as_deref().unwrap_or_default();
    let Some(choice) = frames::choose([frames], event.platform) else { return false };
    components.start(Part::Stack);
    add_frames(components, Stack::new(frames, event.platform, choice));
    true
}

fn add_frames(components: &mut Components, stack: Stack<'_>) {
    for frame in stack {
        components.start(Part::Frame);
        components.any(Part::Module, frame.module.as_deref());
        components.any(Part::File, frame.file.as_deref());
        components.any(Part::Function, frame.function.as_deref());
        components.any(Part::Line, frame.line.as_deref());
    }
}

fn add_message(components: &mut Components, event: &Event<'_>) -> bool {
    let Some(message) = &event.message else { return false };
    let text = message.template.as_deref().filter(|template| !template.trim().is_empty()).unwrap_or(&message.formatted);
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    if lines.peek().is_none() {
        return false;
    }
    components.start(Part::Message);
    for line in lines.by_ref().take(MESSAGE_LINES) {
        components.text(Part::Line, &parameterise(line));
    }
    if lines.peek().is_some() {
        components.start(Part::MoreLines);
    }
    true
}

/// The type, unless it is only what the SDK made up to carry a stack.
fn stable_type<'e>(exception: &'e Exception<'_>) -> Option<&'e str> {
    filled(exception.ty.as_deref()).filter(|_| !exception.synthetic)
}

fn filled(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.trim().is_empty())
}
