//! Short ids: how people name an issue. The project's slug in capitals, and the number in it in base 32.

use std::fmt;
use std::str::FromStr;

use crate::slug::Slug;

/// Crockford's digits: those that are mistaken for others are left out.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// An issue's short id: `MY-PROJECT-1F`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ShortId {
    /// The project's slug.
    pub project: Slug,
    /// Which issue of the project, from 1.
    pub number: u64,
}

/// The text is no short id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a short id: expected a project's slug, a hyphen and a base 32 number")]
pub struct BadShortId;

impl fmt::Display for ShortId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 64 bits are 13 digits of five.
        let mut digits = [b'0'; 13];
        let mut rest = self.number;
        let mut first = digits.len();
        while rest > 0 || first == digits.len() {
            first -= 1;
            digits[first] = DIGITS[(rest % 32) as usize];
            rest /= 32;
        }
        for character in self.project.as_str().chars() {
            write!(out, "{}", character.to_ascii_uppercase())?;
        }
        write!(out, "-{}", std::str::from_utf8(&digits[first..]).unwrap_or_default())
    }
}

impl FromStr for ShortId {
    type Err = BadShortId;

    /// Reads either case, and what people type for digits that look alike: `O` for 0, `I` and `L` for 1.
    fn from_str(text: &str) -> Result<Self, BadShortId> {
        let (project, digits) = text.rsplit_once('-').ok_or(BadShortId)?;
        let project = project.to_ascii_lowercase().parse().map_err(|_| BadShortId)?;
        let number = digits.bytes().try_fold(0_u64, |number, byte| number.checked_mul(32)?.checked_add(digit(byte)?));
        match number {
            Some(number) if number > 0 => Ok(Self { project, number }),
            _ => Err(BadShortId),
        }
    }
}

fn digit(byte: u8) -> Option<u64> {
    let byte = match byte.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        byte => byte,
    };
    DIGITS.iter().position(|&digit| digit == byte).and_then(|value| u64::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_short_id_is_the_slug_and_a_number_in_base_32() {
        for (slug, number, text) in [
            ("my-project", 1, "MY-PROJECT-1"),
            ("my-project", 31, "MY-PROJECT-Z"),
            ("my-project", 32, "MY-PROJECT-10"),
            ("shop_2", 47, "SHOP_2-1F"),
            ("a", u64::MAX, "A-FZZZZZZZZZZZZ"),
        ] {
            let id = ShortId { project: slug.parse().unwrap(), number };
            assert_eq!(id.to_string(), text);
            assert_eq!(text.parse(), Ok(id));
        }
    }

    #[test]
    fn typed_ids_are_read_with_lookalikes_and_in_either_case() {
        assert_eq!("my-project-io".parse::<ShortId>().unwrap().to_string(), "MY-PROJECT-10");
        assert_eq!("My-Project-1f".parse::<ShortId>().unwrap().to_string(), "MY-PROJECT-1F");
    }

    #[test]
    fn what_is_no_short_id_is_refused() {
        for text in ["", "1F", "-1F", "MY-PROJECT-", "MY-PROJECT-U", "MY-PROJECT-0", "MY PROJECT-1", "A-G0000000000000"]
        {
            assert_eq!(text.parse::<ShortId>(), Err(BadShortId), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn every_short_id_survives_its_text(number in 1..=u64::MAX) {
            let id = ShortId { project: "my-project".parse().unwrap(), number };
            prop_assert_eq!(id.to_string().parse::<ShortId>(), Ok(id));
        }
    }
}
