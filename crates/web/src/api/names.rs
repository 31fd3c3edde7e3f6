//! Names and slugs, as users give them to teams, projects and keys.

use std::collections::HashSet;

use model::slug::Slug;
use serde_json::Value;

use super::fields::{Complaint, Read, text};

/// The longest name of a team, a project, a key or a token, in characters.
pub(super) const NAME_CHARACTERS_MAX: usize = 200;

/// Reads a slug. It is never changed into one: a user who chose it must find what they made under it.
pub(super) fn slug(value: &Value) -> Read<Slug> {
    let text = text(NAME_CHARACTERS_MAX)(value)?;
    text.parse().map_err(|error: model::slug::BadSlug| Complaint::new(format!("Enter a valid slug: {error}.")))
}

/// The slug itself, or numbered until nobody has it.
pub(super) fn free_slug<'t>(wanted: Slug, taken: impl Iterator<Item = &'t str>) -> Slug {
    let taken: HashSet<&str> = taken.collect();
    let numbered = (2..).map(|number| wanted.numbered(number)).take(taken.len());
    let mut candidates = std::iter::once(wanted.clone()).chain(numbered);
    // Of one more candidates than there are slugs, one is free.
    candidates.find(|slug| !taken.contains(slug.as_str())).unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_that_is_taken_gets_the_first_free_number() {
        let wanted: Slug = "shop".parse().unwrap();
        for (taken, free) in [
            (vec![], "shop"),
            (vec!["shop"], "shop-2"),
            (vec!["shop", "shop-2", "shop-4"], "shop-3"),
            (vec!["other"], "shop"),
        ] {
            assert_eq!(free_slug(wanted.clone(), taken.iter().copied()).as_str(), free, "{taken:?}");
        }
    }
}
