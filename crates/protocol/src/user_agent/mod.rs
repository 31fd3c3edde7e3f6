//! What a `User-Agent` header says: browser, operating system, device.
//!
//! Knows the big browsers and systems, under the names that Sentry gives them, and phones by the model they state. Everything else is
//! nothing: a wrong name in a rule's tag is worse than none. Refuses to guess. `event` calls it where an SDK said nothing of the kind,
//! and scrubs what it is given.

mod browser;
mod device;
mod parts;
mod system;

#[cfg(test)]
mod tests;

use parts::Parts;

/// What is read of a header at most; real ones have 100 to 300 bytes.
const USER_AGENT_BYTES_MAX: usize = 1024;
/// Longer numbers are no versions: they may be what must not be stored.
const NUMBER_DIGITS_MAX: usize = 8;

/// What was recognised.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct UserAgent {
    pub(crate) browser: Option<Product>,
    pub(crate) system: Option<Product>,
    pub(crate) device: Option<Device>,
}

/// A program by name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) name: &'static str,
    /// Up to three numbers with dots between, where they are stated.
    pub(crate) version: Option<String>,
}

/// A thing to hold or to sit at.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Device {
    /// The model, with the maker's name before it where the model alone tells nobody anything.
    pub(crate) family: String,
    pub(crate) model: String,
    pub(crate) brand: Option<&'static str>,
}

/// Reads a header.
pub(crate) fn recognise(header: &str) -> UserAgent {
    let header = &header[..header.floor_char_boundary(USER_AGENT_BYTES_MAX)];
    let parts = Parts::of(header);
    if parts.is_robot() {
        // It may name any browser beside itself, and nobody sits at it.
        return UserAgent::default();
    }
    UserAgent {
        browser: browser::recognise(&parts),
        system: system::recognise(parts.platform),
        device: device::recognise(parts.platform),
    }
}

/// The first numbers of a text, at most three, with dots between: of `124.0.2478.67` the first three.
fn numbers(text: &str, separator: char) -> Option<String> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != separator).unwrap_or(text.len());
    let is_number = |number: &&str| (1..=NUMBER_DIGITS_MAX).contains(&number.len());
    let mut numbers = text[..end].split(separator).take_while(is_number).take(3);
    let mut version = numbers.next()?.to_owned();
    for number in numbers {
        version.push('.');
        version.push_str(number);
    }
    Some(version)
}
