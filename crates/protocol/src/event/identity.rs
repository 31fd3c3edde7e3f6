//! Release, environment and distribution, which name things elsewhere and so are valid or absent, never cut; and fingerprints.

use std::borrow::Cow;

use super::limits::{MAX_DIST_CHARS, MAX_ENVIRONMENT_CHARS, MAX_RELEASE_CHARS};
use super::problems::{Path, Problem, Problems};
use super::text::{is_longer, lenient, trimmed};
use crate::json::{Kind, Value};

/// What a name must be like.
#[derive(Clone, Copy)]
pub(crate) struct NameRule {
    most_chars: usize,
    is_valid: fn(&str) -> bool,
}

pub(crate) const RELEASE: NameRule = NameRule { most_chars: MAX_RELEASE_CHARS, is_valid: is_release };
pub(crate) const ENVIRONMENT: NameRule = NameRule { most_chars: MAX_ENVIRONMENT_CHARS, is_valid: is_environment };
pub(crate) const DIST: NameRule = NameRule { most_chars: MAX_DIST_CHARS, is_valid: is_dist };

/// The name, trimmed; absent where empty. What breaks the rule is listed and absent.
pub(crate) fn name<'a>(
    value: Value<'_, 'a>,
    rule: NameRule,
    problems: &mut Problems,
    path: &Path<'_>,
) -> Option<Cow<'a, str>> {
    let Some(text) = lenient(value).map(trimmed) else {
        if !value.is_null() {
            problems.add_value(Problem::InvalidData, path, value);
        }
        return None;
    };
    if text.is_empty() {
        return None;
    }
    if is_longer(&text, rule.most_chars) {
        problems.add_value(Problem::ValueTooLong, path, value);
        return None;
    }
    if !(rule.is_valid)(&text) {
        problems.add_value(Problem::InvalidData, path, value);
        return None;
    }
    Some(text)
}

/// The elements of a custom fingerprint as text; empty where it says nothing.
pub(crate) fn fingerprint<'a>(value: Value<'_, 'a>, problems: &mut Problems) -> Vec<Cow<'a, str>> {
    let path = Path::root("fingerprint");
    if value.kind() != Kind::Array {
        problems.add_value(Problem::InvalidData, &path, value);
        return Vec::new();
    }
    let mut parts = Vec::with_capacity(value.count());
    for (index, element) in value.elements().enumerate() {
        match lenient(element) {
            Some(text) => parts.push(text),
            None if element.is_null() => {}
            None => problems.add_value(Problem::InvalidData, &path.index(index), element),
        }
    }
    parts
}

fn is_release(text: &str) -> bool {
    is_path_safe(text) && !text.eq_ignore_ascii_case("latest")
}

/// Whether an event can be of an environment of this name. One without such a name has none.
pub fn is_environment_name(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= MAX_ENVIRONMENT_CHARS && is_environment(text)
}

fn is_environment(text: &str) -> bool {
    is_path_safe(text) && !text.eq_ignore_ascii_case("none")
}

/// Neither a folder's own names nor anything that ends a line or a part of a path.
fn is_path_safe(text: &str) -> bool {
    !matches!(text, "." | "..")
        && !text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | b'\t' | 0xc | b'/' | b'\\' | 0))
}

fn is_dist(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}
