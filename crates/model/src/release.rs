//! Which of two releases is newer: by their versions where both are semantic, else by when they were first seen.

use std::cmp::Ordering;

use crate::ids::Millis;

/// A release with when its project first saw it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenRelease<'a> {
    /// Its name, as SDKs send it: `package@1.2.3`, or anything.
    pub name: &'a str,
    /// When its first event was received.
    pub first_seen: Millis,
}

/// A semantic version; its build is ignored.
#[derive(Debug, PartialEq, Eq)]
struct Version<'a> {
    numbers: [u64; 3],
    pre_release: Option<&'a str>,
}

impl SeenRelease<'_> {
    /// Less where this one is older.
    pub fn compare(&self, other: &SeenRelease<'_>) -> Ordering {
        if self.name == other.name {
            return Ordering::Equal;
        }
        match (Version::of(self.name), Version::of(other.name)) {
            (Some(this), Some(that)) => this.compare(&that),
            _ => self.first_seen.cmp(&other.first_seen),
        }
    }
}

impl<'a> Version<'a> {
    /// The version after the last `@`, or the whole name.
    fn of(name: &'a str) -> Option<Version<'a>> {
        let version = name.rsplit('@').next()?;
        let version = version.split('+').next()?;
        let (core, pre_release) = match version.split_once('-') {
            Some((core, pre_release)) => (core, Some(pre_release)),
            None => (version, None),
        };
        let mut parts = core.split('.');
        let mut number = || {
            let part = parts.next()?;
            if part.bytes().all(|byte| byte.is_ascii_digit()) { part.parse().ok() } else { None }
        };
        let numbers = [number()?, number()?, number()?];
        if parts.next().is_some() { None } else { Some(Version { numbers, pre_release }) }
    }

    fn compare(&self, other: &Version<'_>) -> Ordering {
        self.numbers.cmp(&other.numbers).then_with(|| match (self.pre_release, other.pre_release) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(this), Some(that)) => compare_pre_releases(this, that),
        })
    }
}

/// Part by part: numbers by value and before words, words as text, and more parts after fewer.
fn compare_pre_releases(this: &str, that: &str) -> Ordering {
    let (mut these, mut those) = (this.split('.'), that.split('.'));
    loop {
        let order = match (these.next(), those.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(this), Some(that)) => match (this.parse::<u64>(), that.parse::<u64>()) {
                (Ok(this), Ok(that)) => this.cmp(&that),
                (Ok(_), Err(_)) => Ordering::Less,
                (Err(_), Ok(_)) => Ordering::Greater,
                (Err(_), Err(_)) => this.cmp(that),
            },
        };
        if order.is_ne() {
            return order;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(this: &str, that: &str) -> Ordering {
        let seen = |name, moment| SeenRelease { name, first_seen: Millis(moment) };
        // The first was seen earlier.
        seen(this, 1).compare(&seen(that, 2))
    }

    #[test]
    fn semantic_versions_compare_by_value_and_others_by_time() {
        for (this, that, order) in [
            ("app@1.10.0", "app@1.9.9", Ordering::Greater),
            ("1.0.0-rc.1", "1.0.0", Ordering::Less),
            ("1.0.0-rc.2", "1.0.0-rc.10", Ordering::Less),
            ("1.0.0-alpha", "1.0.0-alpha.1", Ordering::Less),
            ("1.0.0-1", "1.0.0-beta", Ordering::Less),
            ("1.0.0+build1", "1.0.0+build2", Ordering::Equal),
            ("deadbeef", "1.0.0", Ordering::Less),
            ("2024-05-01", "2023-01-01", Ordering::Less),
            ("1.2", "1.1", Ordering::Less),
            ("same", "same", Ordering::Equal),
        ] {
            assert_eq!(compare(this, that), order, "{this} {that}");
        }
    }
}
