//! Contexts and extra data: objects of free-form values.

use super::agent::AgentContext;
use super::bag::{self, is_hidden};
use super::limits::{EXTRA_ENTRY_BAG, LARGE_BAG, MAX_EXTRA_BYTES};
use super::problems::{Path, Problem, Problems};
use super::scrub::{FILTERED, Scrub};
use crate::json::{Kind, Tape, Value, write_string, write_value};

/// Writes the contexts, those of the SDK first: each an object with a `type`, which is its name where the SDK says nothing else.
pub(crate) fn contexts(
    out: &mut Vec<u8>,
    sent: Option<Value<'_, '_>>,
    found: &[AgentContext],
    scrub: Scrub,
    problems: &mut Problems,
) {
    let root = Path::root("contexts");
    let mut separator = b'{';
    for member in sent.into_iter().flat_map(|sent| sent.members()) {
        out.push(separator);
        separator = b',';
        write_value(out, member.key);
        out.push(b':');
        let value = member.value;
        let name = member.name();
        let path = root.name(&name);
        match value.kind() {
            Kind::Object if is_hidden(&member, scrub) => write_string(out, FILTERED),
            Kind::Object => {
                let start = out.len();
                bag::write(out, value, LARGE_BAG, scrub, (problems, &path));
                match value.get("type") {
                    None => add_type(out, start, &name),
                    Some(kind) if kind.is_null() => fill_type(out, start, &name),
                    Some(_) => {}
                }
            }
            Kind::Null => out.extend_from_slice(b"null"),
            _ => {
                problems.add(Problem::InvalidData, &path);
                out.extend_from_slice(b"null");
            }
        }
    }
    for context in found {
        out.push(separator);
        separator = b',';
        context.write(out);
    }
    if separator == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
}

/// Writes the extra data: entries up to their limit, and no more once all of them have reached theirs.
pub(crate) fn extra(out: &mut Vec<u8>, object: Value<'_, '_>, scrub: Scrub, problems: &mut Problems) {
    let root = Path::root("extra");
    let start = out.len();
    let mut separator = b'{';
    for member in object.members() {
        if out.len() - start + member.key.raw().len() > MAX_EXTRA_BYTES {
            problems.add(Problem::ValueTooLong, &root);
            break;
        }
        out.push(separator);
        separator = b',';
        write_value(out, member.key);
        out.push(b':');
        if is_hidden(&member, scrub) {
            write_string(out, FILTERED);
        } else {
            bag::write(out, member.value, EXTRA_ENTRY_BAG, scrub, (problems, &root.name(&member.name())));
        }
    }
    if separator == b'{' {
        out.push(b'{');
    }
    out.push(b'}');
}

/// Puts the name in the place of the `type` that is null in the object that was written from `start` on.
fn fill_type(out: &mut Vec<u8>, start: usize, name: &str) {
    let mut tape = Tape::new();
    let Ok(document) = tape.parse(&out[start..]) else { return };
    let Some(range) = document.root().get("type").map(|kind| start + kind.start()..start + kind.end()) else { return };
    let mut kind = Vec::with_capacity(name.len() + 2);
    write_string(&mut kind, name);
    out.splice(range, kind);
}

/// Puts a `type` first in the object that was written from `start` on.
fn add_type(out: &mut Vec<u8>, start: usize, name: &str) {
    let mut kind = Vec::with_capacity(name.len() + 12);
    kind.extend_from_slice(b"\"type\":");
    write_string(&mut kind, name);
    if out.get(start + 1..).is_some_and(|rest| rest.trim_ascii_start() != b"}") {
        kind.push(b',');
    }
    out.splice(start + 1..start + 1, kind);
}
