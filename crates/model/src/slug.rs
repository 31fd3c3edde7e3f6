//! Slugs: the names of organizations, teams and projects in URLs.

use std::fmt;
use std::str::FromStr;

/// The longest slug, in characters, all ASCII.
const SLUG_MOST_CHARACTERS: usize = 50;

/// A valid slug: 1 to 50 lower-case letters, digits, `-` and `_`, not digits alone (that would be an id).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slug(String);

/// Why a text is no slug.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSlug {
    /// It is empty.
    #[error("a slug must not be empty")]
    Empty,
    /// It is too long.
    #[error("a slug has at most 50 characters")]
    TooLong,
    /// It has another character.
    #[error("a slug has only lower-case letters, digits, hyphens and underscores")]
    BadCharacter,
    /// It would be taken for an id.
    #[error("a slug must not be all digits")]
    AllDigits,
}

impl Slug {
    /// The slug that a name suggests: `My Project!` gives `my-project`. Where a name gives none, it is made from `noun`, which
    /// must be a slug itself: `project`, or `project-42` of the name `42`.
    pub fn of_name(name: &str, noun: &'static str) -> Self {
        let mut slug = String::with_capacity(name.len().min(SLUG_MOST_CHARACTERS));
        for character in name.chars() {
            match character.to_ascii_lowercase() {
                letter @ ('a'..='z' | '0'..='9' | '_') => slug.push(letter),
                // Apostrophes join: `Ada's` is one word.
                '\'' | '’' => {}
                _ if slug.is_empty() || slug.ends_with('-') => {}
                _ => slug.push('-'),
            }
        }
        let stem = shortened(&slug, SLUG_MOST_CHARACTERS);
        if stem.bytes().any(|byte| byte.is_ascii_lowercase() || byte == b'_') {
            Self(stem.to_owned())
        } else if stem.is_empty() {
            Self(noun.to_owned())
        } else {
            Self(shortened(&[noun, "-", stem].concat(), SLUG_MOST_CHARACTERS).to_owned())
        }
    }

    /// The slug with a number after it, for when it is taken: `my-project-2`.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let suffix = format!("-{number}");
        Self([shortened(&self.0, SLUG_MOST_CHARACTERS - suffix.len()), &suffix].concat())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Slug {
    type Err = BadSlug;

    fn from_str(text: &str) -> Result<Self, BadSlug> {
        let is_allowed = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if text.is_empty() {
            Err(BadSlug::Empty)
        } else if !text.bytes().all(is_allowed) {
            Err(BadSlug::BadCharacter)
        } else if text.len() > SLUG_MOST_CHARACTERS {
            Err(BadSlug::TooLong)
        } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
            Err(BadSlug::AllDigits)
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl AsRef<str> for Slug {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl fmt::Debug for Slug {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Slug({self})")
    }
}

/// The first `most` characters, less hyphens at the end.
fn shortened(slug: &str, most: usize) -> &str {
    slug.get(..most).unwrap_or(slug).trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_suggest_slugs() {
        for (name, slug) in [
            ("My Project", "my-project"),
            ("  My -- Project!! ", "my-project"),
            ("Ada's shop", "adas-shop"),
            ("snake_case", "snake_case"),
            ("Café №5", "caf-5"),
            ("漢字", "project"),
            ("", "project"),
            ("---", "project"),
            ("2024", "project-2024"),
            ("20-24", "project-20-24"),
        ] {
            assert_eq!(Slug::of_name(name, "project").as_str(), slug, "{name:?}");
        }
        assert_eq!(Slug::of_name(&"a".repeat(60), "project").as_str(), "a".repeat(50));
    }

    #[test]
    fn a_taken_slug_is_numbered_within_the_limit() {
        let slug: Slug = "my-project".parse().unwrap();
        assert_eq!(slug.numbered(2).as_str(), "my-project-2");
        let long: Slug = "a".repeat(50).parse().unwrap();
        assert_eq!(long.numbered(10).as_str(), format!("{}-10", "a".repeat(47)));
    }

    #[test]
    fn what_is_no_slug_says_why() {
        for (text, error) in [
            ("", BadSlug::Empty),
            ("123", BadSlug::AllDigits),
            ("My-Project", BadSlug::BadCharacter),
            ("my project", BadSlug::BadCharacter),
            ("café", BadSlug::BadCharacter),
            (&"a".repeat(51), BadSlug::TooLong),
        ] {
            assert_eq!(text.parse::<Slug>(), Err(error), "{text:?}");
        }
        for text in ["a", "1a", "-1", "my_project-2", &"a".repeat(50)] {
            assert_eq!(text.parse::<Slug>().unwrap().as_str(), text);
        }
    }

    proptest! {
        #[test]
        fn every_name_suggests_a_valid_slug(name in "\\PC{0,80}", number in any::<u32>()) {
            let slug = Slug::of_name(&name, "project");
            prop_assert_eq!(slug.as_str().parse::<Slug>(), Ok(slug.clone()));
            let numbered = slug.numbered(number);
            prop_assert_eq!(numbered.as_str().parse::<Slug>(), Ok(numbered.clone()));
        }
    }
}
