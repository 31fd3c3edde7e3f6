//! Comparing the texts that an event has under a name with what a rule asks for.

/// How a rule compares: Sentry's match codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchCode {
    /// `eq`
    Equal,
    /// `ne`
    NotEqual,
    /// `co`
    Contains,
    /// `nc`
    NotContains,
    /// `sw`
    StartsWith,
    /// `nsw`
    NotStartsWith,
    /// `ew`
    EndsWith,
    /// `new`
    NotEndsWith,
    /// `is`
    IsSet,
    /// `ns`
    NotSet,
    /// `in`: one of a list, separated by commas
    In,
    /// `nin`
    NotIn,
}

/// A match code with what is compared; text is compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Comparison {
    code: MatchCode,
    /// In lower case; for `in` and `nin` each item of the list, else exactly one, or none for `is` and `ns`.
    needles: Vec<String>,
}

impl MatchCode {
    /// All of them.
    pub const ALL: [MatchCode; 12] = [
        MatchCode::Equal,
        MatchCode::NotEqual,
        MatchCode::StartsWith,
        MatchCode::NotStartsWith,
        MatchCode::EndsWith,
        MatchCode::NotEndsWith,
        MatchCode::Contains,
        MatchCode::NotContains,
        MatchCode::IsSet,
        MatchCode::NotSet,
        MatchCode::In,
        MatchCode::NotIn,
    ];

    /// Sentry's code.
    pub fn as_str(self) -> &'static str {
        match self {
            MatchCode::Equal => "eq",
            MatchCode::NotEqual => "ne",
            MatchCode::Contains => "co",
            MatchCode::NotContains => "nc",
            MatchCode::StartsWith => "sw",
            MatchCode::NotStartsWith => "nsw",
            MatchCode::EndsWith => "ew",
            MatchCode::NotEndsWith => "new",
            MatchCode::IsSet => "is",
            MatchCode::NotSet => "ns",
            MatchCode::In => "in",
            MatchCode::NotIn => "nin",
        }
    }

    /// The code of this name.
    pub fn named(name: &str) -> Option<MatchCode> {
        MatchCode::ALL.into_iter().find(|code| code.as_str() == name)
    }

    /// For people: `equals`, `does not contain`.
    pub fn words(self) -> &'static str {
        match self {
            MatchCode::Equal => "equals",
            MatchCode::NotEqual => "does not equal",
            MatchCode::Contains => "contains",
            MatchCode::NotContains => "does not contain",
            MatchCode::StartsWith => "starts with",
            MatchCode::NotStartsWith => "does not start with",
            MatchCode::EndsWith => "ends with",
            MatchCode::NotEndsWith => "does not end with",
            MatchCode::IsSet => "is set",
            MatchCode::NotSet => "is not set",
            MatchCode::In => "is one of",
            MatchCode::NotIn => "is not one of",
        }
    }

    /// Whether it looks at presence only, so that a rule gives no value.
    pub fn is_about_presence(self) -> bool {
        matches!(self, MatchCode::IsSet | MatchCode::NotSet)
    }

    /// Whether it passes where *no* value matches, and so where there is none.
    fn is_negative(self) -> bool {
        match self {
            MatchCode::NotEqual
            | MatchCode::NotContains
            | MatchCode::NotStartsWith
            | MatchCode::NotEndsWith
            | MatchCode::NotSet
            | MatchCode::NotIn => true,
            MatchCode::Equal
            | MatchCode::Contains
            | MatchCode::StartsWith
            | MatchCode::EndsWith
            | MatchCode::IsSet
            | MatchCode::In => false,
        }
    }
}

impl Comparison {
    /// Compares by `code` with what the rule gives; `is` and `ns` ignore it.
    pub fn new(code: MatchCode, value: &str) -> Comparison {
        let needles = match code {
            MatchCode::IsSet | MatchCode::NotSet => Vec::new(),
            MatchCode::In | MatchCode::NotIn => value.split(',').map(|item| lowered(item.trim())).collect(),
            _ => vec![lowered(value)],
        };
        Comparison { code, needles }
    }

    /// The match code.
    pub fn code(&self) -> MatchCode {
        self.code
    }

    /// What is compared with, in lower case.
    pub fn needles(&self) -> &[String] {
        &self.needles
    }

    /// Whether these values, all in lower case, pass. A positive code wants any of them to match, a negative one none. What
    /// compares with an empty text never passes, as in Sentry.
    pub fn passes<'v>(&self, mut values: impl Iterator<Item = &'v str>) -> bool {
        if self.code.is_about_presence() {
            return values.next().is_some() != self.code.is_negative();
        }
        if self.needles.iter().all(String::is_empty) {
            return false;
        }
        values.any(|value| self.matches(value)) != self.code.is_negative()
    }

    /// Whether one value matches the positive form of the code.
    fn matches(&self, value: &str) -> bool {
        self.needles.iter().filter(|needle| !needle.is_empty()).any(|needle| match self.code {
            MatchCode::Equal | MatchCode::NotEqual | MatchCode::In | MatchCode::NotIn => value == needle,
            MatchCode::Contains | MatchCode::NotContains => value.contains(needle.as_str()),
            MatchCode::StartsWith | MatchCode::NotStartsWith => value.starts_with(needle.as_str()),
            MatchCode::EndsWith | MatchCode::NotEndsWith => value.ends_with(needle.as_str()),
            MatchCode::IsSet | MatchCode::NotSet => true,
        })
    }
}

/// The text in lower case.
pub(super) fn lowered(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.to_lowercase() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn passes(code: &str, value: &str, values: &[&str]) -> bool {
        Comparison::new(MatchCode::named(code).unwrap(), value).passes(values.iter().copied())
    }

    #[test]
    fn each_code_has_a_true_and_a_false_side() {
        for (code, value, yes, no) in [
            ("eq", "Prod", &["prod"][..], &["production"][..]),
            ("ne", "Prod", &["production"], &["prod"]),
            ("co", "ROD", &["production"], &["staging"]),
            ("nc", "rod", &["staging"], &["production"]),
            ("sw", "prod", &["production"], &["non-prod"]),
            ("nsw", "prod", &["non-prod"], &["production"]),
            ("ew", "tion", &["production"], &["productions"]),
            ("new", "tion", &["productions"], &["production"]),
            ("is", "", &["anything"], &[]),
            ("ns", "", &[], &["anything"]),
            ("in", "prod, Staging", &["staging"], &["dev"]),
            ("nin", "prod, Staging", &["dev"], &["staging"]),
        ] {
            assert!(passes(code, value, yes), "{code} {yes:?}");
            assert!(!passes(code, value, no), "{code} {no:?}");
        }
    }

    #[test]
    fn of_several_values_a_positive_code_wants_one_and_a_negative_one_none() {
        for (positive, negative) in [("eq", "ne"), ("co", "nc"), ("sw", "nsw"), ("ew", "new"), ("in", "nin")] {
            assert!(passes(positive, "b", &["a", "b"]));
            assert!(!passes(negative, "b", &["a", "b"]));
            assert!(!passes(positive, "b", &[]));
            assert!(passes(negative, "b", &[]));
        }
    }

    #[test]
    fn comparing_with_an_empty_text_never_passes() {
        for code in MatchCode::ALL.into_iter().filter(|code| !code.is_about_presence()) {
            for values in [&[][..], &[""], &["a"]] {
                assert!(!passes(code.as_str(), "", values), "{code:?} {values:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn a_code_and_its_negation_never_agree(value in "[a-cA-C]{1,3}", values in prop::collection::vec("[a-c]{0,4}", 0..4)) {
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            for (positive, negative) in [("eq", "ne"), ("co", "nc"), ("sw", "nsw"), ("ew", "new"), ("in", "nin"), ("is", "ns")] {
                prop_assert_ne!(passes(positive, &value, &values), passes(negative, &value, &values));
            }
        }
    }
}
