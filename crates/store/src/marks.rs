//! What an event leaves in its issue's rows beside a count: release, environment, user, tags.
//!
//! Most events of an issue say the same as those before them. So the marks carry a digest of themselves: a store that has
//! kept the same marks for the same issue lately has nothing to write.

use std::hash::{DefaultHasher, Hash, Hasher};

use model::limits::TAGS_PER_EVENT;
use protocol::event::Event;
use sha2::{Digest, Sha256};

/// Of an event with too many tags the last are kept beside the first: level, user, browser and the like.
const LAST_TAGS: usize = 16;

/// What an event says of itself that its issue's rows list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Marks {
    release: Option<Box<str>>,
    environment: Option<Box<str>>,
    user: Option<UserMark>,
    /// Lines of `key=value`: no key has an equals sign, and a value with a line feed is no tag.
    tags: Box<str>,
    digest: u64,
}

/// A user as counters know them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserMark(pub i64);

impl UserMark {
    /// The first eight bytes of the SHA-256 of the user's tag, `id:1` or the like.
    pub fn of(user_tag: &str) -> UserMark {
        let digest: [u8; 32] = Sha256::digest(user_tag.as_bytes()).into();
        let [a, b, c, d, e, f, g, h, ..] = digest;
        UserMark(i64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    /// Who was affected by an event, if it says so.
    pub fn of_event(event: &Event<'_>) -> Option<UserMark> {
        let tags = event.tags.iter().chain(&event.derived_tags);
        tags.filter(|(key, _)| key == "user").map(|(_, value)| UserMark::of(value)).next_back()
    }
}

impl Marks {
    /// The marks of an event with these tags, those that are read off the event last; the tag `user` says who was affected.
    pub fn new<'t>(
        release: Option<&str>,
        environment: Option<&str>,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Marks {
        let tags: Vec<_> = tags.into_iter().collect();
        let user = tags.iter().rfind(|(key, _)| *key == "user").map(|(_, value)| UserMark::of(value));
        // Each that is new costs the writer a row, and an event may bring a hundred thousand.
        let left_out = TAGS_PER_EVENT - LAST_TAGS..tags.len().saturating_sub(LAST_TAGS);
        let mut lines = String::with_capacity(512);
        for (place, (key, value)) in tags.into_iter().enumerate() {
            if !left_out.contains(&place) && !key.contains(['=', '\n']) && !value.contains('\n') {
                lines.extend([key, "=", value, "\n"]);
            }
        }
        let mut hasher = DefaultHasher::new();
        (release, environment, &lines).hash(&mut hasher);
        let (release, environment) = (release.map(Box::from), environment.map(Box::from));
        Marks { release, environment, user, tags: lines.into_boxed_str(), digest: hasher.finish() }
    }

    /// The release, if any.
    pub fn release(&self) -> Option<&str> {
        self.release.as_deref()
    }

    /// The environment, if any.
    pub fn environment(&self) -> Option<&str> {
        self.environment.as_deref()
    }

    /// Who was affected, if known.
    pub fn user(&self) -> Option<UserMark> {
        self.user
    }

    /// The tags, those that the event gives itself too.
    pub fn tags(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tags.split_terminator('\n').filter_map(|line| line.split_once('='))
    }

    /// The same for the same marks, for as long as the process lives.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// Bytes of memory.
    pub fn held_bytes(&self) -> usize {
        self.tags.len() + self.release().map_or(0, str::len) + self.environment().map_or(0, str::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(tags: &[(String, &str)]) -> Marks {
        Marks::new(None, None, tags.iter().map(|(key, value)| (key.as_str(), *value)))
    }

    #[test]
    fn the_first_and_the_last_of_too_many_tags_are_kept() {
        for (count, kept) in [(0, 0), (17, 17), (64, 64), (65, 64), (1_000, 64)] {
            let mut tags: Vec<_> = (0..count).map(|number| (format!("tag{number:04}"), "v")).collect();
            tags.extend([("user".to_owned(), "id:1")].into_iter().filter(|_| count > 0));
            let marks = marks(&tags[tags.len() - count..]);
            let found: Vec<_> = marks.tags().map(|(key, _)| key).collect();
            assert_eq!(found.len(), kept, "{count} tags");
            assert_eq!(found.last(), (count > 0).then_some(&"user"));
            assert_eq!(marks.user(), (count > 0).then(|| UserMark::of("id:1")));
        }
    }

    #[test]
    fn a_user_is_known_wherever_the_tag_stands_and_the_last_one_counts() {
        let mut tags = vec![("user".to_owned(), "id:first"), ("user".to_owned(), "id:last")];
        tags.extend((0..200).map(|number| (format!("v{number:04}"), "v")));
        assert_eq!(marks(&tags).user(), Some(UserMark::of("id:last")));
    }

    #[test]
    fn tags_are_read_as_they_were_given_and_those_that_are_none_are_left_out() {
        let tags = [("a", "1=2"), ("b", "ends in a return\r"), ("c", ""), ("d=e", "f"), ("g", "two\nlines")];
        let tags = tags.map(|(key, value)| (key.to_owned(), value));
        let marks = marks(&tags);
        assert_eq!(marks.tags().collect::<Vec<_>>(), [("a", "1=2"), ("b", "ends in a return\r"), ("c", "")]);
        assert_ne!(marks.digest(), Marks::new(Some("r"), None, marks.tags()).digest());
        assert_eq!(marks.digest(), Marks::new(None, None, marks.tags()).digest());
    }
}
