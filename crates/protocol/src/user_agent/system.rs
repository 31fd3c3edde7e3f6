//! Operating systems, from the comment that says what a program runs on.

use super::{Product, numbers};

/// What Windows is called outside of its kernel.
const WINDOWS: [(&str, &str); 7] =
    [("10.0", "10"), ("6.3", "8.1"), ("6.2", "8"), ("6.1", "7"), ("6.0", "Vista"), ("5.2", "XP"), ("5.1", "XP")];

/// The first word of a part, and the system.
const NAMED: [(&str, &str); 9] = [
    ("Ubuntu", "Ubuntu"),
    ("Fedora", "Fedora"),
    ("Debian", "Debian"),
    ("Tizen", "Tizen"),
    ("Web0S", "webOS"),
    ("FreeBSD", "FreeBSD"),
    ("OpenBSD", "OpenBSD"),
    ("NetBSD", "NetBSD"),
    ("Android", "Android"),
];

pub(super) fn recognise(platform: &str) -> Option<Product> {
    let mut is_linux = false;
    for part in platform.split(';').map(str::trim) {
        is_linux |= part == "Linux" || part.starts_with("Linux ");
        if let Some(found) = of_part(part) {
            return Some(found);
        }
    }
    is_linux.then_some(Product { name: "Linux", version: None })
}

fn of_part(part: &str) -> Option<Product> {
    if let Some(version) = part.strip_prefix("Windows NT ") {
        return Some(Product { name: "Windows", version: windows(version) });
    }
    if let Some(version) = part.strip_prefix("Windows Phone ") {
        let version = version.strip_prefix("OS ").unwrap_or(version);
        return Some(Product { name: "Windows Phone", version: numbers(version, '.') });
    }
    if let Some(before) = part.strip_suffix(" like Mac OS X") {
        let version = before.rsplit_once("OS ").and_then(|(_, version)| numbers(version, '_'));
        return Some(Product { name: "iOS", version });
    }
    if let Some((_, version)) = part.split_once("Mac OS X") {
        let version = version.trim_start();
        let separator = if version.contains('_') { '_' } else { '.' };
        return Some(Product { name: "Mac OS X", version: numbers(version, separator).map(at_least) });
    }
    if let Some(rest) = part.strip_prefix("CrOS ") {
        let version = rest.split_once(' ').and_then(|(_, version)| numbers(version, '.'));
        return Some(Product { name: "Chrome OS", version });
    }
    let word = part.split([' ', '/']).next()?;
    let (_, name) = NAMED.iter().find(|(known, _)| *known == word)?;
    let version = part[word.len()..].trim_start_matches([' ', '/']);
    Some(Product { name, version: numbers(version, '.') })
}

fn windows(kernel: &str) -> Option<String> {
    let (_, version) = WINDOWS.iter().find(|(known, _)| *known == kernel)?;
    Some(at_least((*version).to_owned()))
}

/// Browsers stopped telling newer versions of two systems apart, and state these for all of them. Sentry shows it so.
fn at_least(version: String) -> String {
    if matches!(&*version, "10" | "10.15.7") { format!(">={version}") } else { version }
}
