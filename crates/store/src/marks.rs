//! What an event leaves in its issue's rows beside a count: release, environment, user, tags.
//!
//! Most events of an issue say the same as those before them. So the marks carry a digest of themselves: a store that has
//! kept the same marks for the same issue lately has nothing to write.

use std::hash::{DefaultHasher, Hash, Hasher};

use model::limits::LISTED_TAGS_PER_EVENT;
use protocol::event::Event;
use sha2::{Digest, Sha256};

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
    /// The marks of an event with these tags; the tag `user` says who was affected. An event may have ten thousands of tags,
    /// and each that is new is a row: it leaves no more than [`LISTED_TAGS_PER_EVENT`].
    pub fn new<'t>(
        release: Option<&str>,
        environment: Option<&str>,
        tags: impl IntoIterator<Item = (&'t str, &'t str)>,
    ) -> Marks {
        let (mut lines, mut listed, mut user) = (String::with_capacity(512), 0, None);
        for (key, value) in tags {
            if key == "user" {
                user = Some(UserMark::of(value));
            }
            if listed < LISTED_TAGS_PER_EVENT && !key.contains(['=', '\n']) && !value.contains('\n') {
                listed += 1;
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
