//! What an API token may do: Sentry's scopes.
//!
//! Within a family a scope implies the lower ones: `project:admin` may whatever `project:read` may.

use std::fmt;
use std::str::FromStr;

/// Defines the scopes, their names and what each contains, from one list.
macro_rules! scopes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, contains $contained:expr;)+) => {
        /// One scope. Stored by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Scope {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Scope {
            /// Every scope, in the order in which they are listed.
            pub const ALL: &[Scope] = &[$(Scope::$variant,)+];

            /// Sentry's name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Scope::$variant => $name,)+
                }
            }

            /// The next lower scope, whose rights this one has too.
            const fn contains(self) -> Option<Scope> {
                match self {
                    $(Scope::$variant => $contained,)+
                }
            }
        }
    };
}

scopes! {
    /// See the organization.
    OrgRead = "org:read", contains None;
    /// Change the organization.
    OrgWrite = "org:write", contains Some(Scope::OrgRead);
    /// Delete the organization.
    OrgAdmin = "org:admin", contains Some(Scope::OrgWrite);
    /// See projects, their keys, hooks and deliveries.
    ProjectRead = "project:read", contains None;
    /// Change them; see a hook's secret.
    ProjectWrite = "project:write", contains Some(Scope::ProjectRead);
    /// Delete them.
    ProjectAdmin = "project:admin", contains Some(Scope::ProjectWrite);
    /// Manage releases; implied by nothing and implies nothing.
    ProjectReleases = "project:releases", contains None;
    /// See teams.
    TeamRead = "team:read", contains None;
    /// Change teams.
    TeamWrite = "team:write", contains Some(Scope::TeamRead);
    /// Delete teams.
    TeamAdmin = "team:admin", contains Some(Scope::TeamWrite);
    /// See members.
    MemberRead = "member:read", contains None;
    /// Change members.
    MemberWrite = "member:write", contains Some(Scope::MemberRead);
    /// Remove members.
    MemberAdmin = "member:admin", contains Some(Scope::MemberWrite);
    /// See issues and events.
    EventRead = "event:read", contains None;
    /// Change issues.
    EventWrite = "event:write", contains Some(Scope::EventRead);
    /// Delete issues.
    EventAdmin = "event:admin", contains Some(Scope::EventWrite);
    /// See rules.
    AlertsRead = "alerts:read", contains None;
    /// Change rules.
    AlertsWrite = "alerts:write", contains Some(Scope::AlertsRead);
}

/// A name that no scope has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown scope {name:?}")]
pub struct UnknownScope {
    /// The name.
    pub name: String,
}

/// A set of scopes: what a token has. Written as names with a blank between.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Scopes(u32);

impl Scopes {
    /// No scope.
    pub const NONE: Self = Self(0);
    /// Every scope.
    pub const EVERY: Self = Self((1 << Scope::ALL.len()) - 1);

    /// The set with this scope too.
    #[must_use]
    pub const fn with(self, scope: Scope) -> Self {
        Self(self.0 | 1 << scope as u32)
    }

    /// Whether the set names this scope; what higher scopes imply does not count.
    pub const fn names(self, scope: Scope) -> bool {
        self.0 & 1 << scope as u32 != 0
    }

    /// Whether a token with this set may do what `needed` is for: it has it, or a higher scope of its family.
    pub fn allow(self, needed: Scope) -> bool {
        self.iter()
            .any(|scope| std::iter::successors(Some(scope), |scope| scope.contains()).any(|scope| scope == needed))
    }

    /// Whether a token with this set may do what any one of `needed` is enough for.
    pub fn allow_any(self, needed: &[Scope]) -> bool {
        needed.iter().any(|&needed| self.allow(needed))
    }

    /// What both sets allow.
    #[must_use]
    pub fn within(self, others: Scopes) -> Scopes {
        Scope::ALL.iter().copied().filter(|&scope| self.allow(scope) && others.allow(scope)).collect()
    }

    /// What either set allows.
    #[must_use]
    pub const fn or(self, others: Scopes) -> Scopes {
        Scopes(self.0 | others.0)
    }

    /// Whether everything that `others` allow is allowed by this set: a token may not make a more powerful one.
    pub fn cover(self, others: Scopes) -> bool {
        others.iter().all(|scope| self.allow(scope))
    }

    /// The scopes of the set that no other one of it implies.
    pub fn highest(self) -> impl Iterator<Item = Scope> {
        let implied = move |scope| self.iter().any(|other| other != scope && Scopes::NONE.with(other).allow(scope));
        self.iter().filter(move |&scope| !implied(scope))
    }

    /// The scopes of the set, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |&scope| self.names(scope))
    }

    /// The set of these names; the first unknown one is an error.
    pub fn from_names<'n>(names: impl IntoIterator<Item = &'n str>) -> Result<Self, UnknownScope> {
        names.into_iter().try_fold(Self::NONE, |scopes, name| Ok(scopes.with(name.parse()?)))
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(name: &str) -> Result<Self, UnknownScope> {
        let found = Self::ALL.iter().copied().find(|scope| scope.as_str() == name);
        found.ok_or_else(|| UnknownScope { name: name.to_owned() })
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        scopes.into_iter().fold(Self::NONE, Self::with)
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::from_names(text.split_ascii_whitespace())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.iter().enumerate() {
            out.write_str(if index == 0 { "" } else { " " })?;
            out.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Scopes({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_higher_scope_implies_the_lower_ones_of_its_family_only() {
        for (has, allowed) in [
            ("project:admin", "project:admin project:read project:write"),
            ("project:write", "project:read project:write"),
            ("project:read", "project:read"),
            ("project:releases", "project:releases"),
            ("alerts:write", "alerts:read alerts:write"),
            ("event:admin org:read", "event:admin event:read event:write org:read"),
            ("", ""),
        ] {
            let has: Scopes = has.parse().unwrap();
            let allowed: Scopes = allowed.parse().unwrap();
            for &scope in Scope::ALL {
                assert_eq!(has.allow(scope), allowed.names(scope), "{has} and {scope}");
            }
        }
    }

    #[test]
    fn any_one_of_several_is_enough() {
        let has: Scopes = "team:write".parse().unwrap();
        assert!(has.allow_any(&[Scope::ProjectRead, Scope::TeamRead]));
        assert!(!has.allow_any(&[Scope::ProjectRead, Scope::TeamAdmin]));
        assert!(!has.allow_any(&[]));
    }

    #[test]
    fn a_set_covers_what_it_allows() {
        let admin: Scopes = "project:admin".parse().unwrap();
        assert!(admin.cover("project:read project:write".parse().unwrap()));
        assert!(!admin.cover("project:read event:read".parse().unwrap()));
        assert!(Scopes::EVERY.cover(Scopes::EVERY) && Scopes::NONE.cover(Scopes::NONE));
        assert!(Scope::ALL.iter().all(|&scope| Scopes::EVERY.names(scope)));
    }

    #[test]
    fn an_unknown_name_is_an_error_that_says_which() {
        let error = "project:read project:chmod".parse::<Scopes>().unwrap_err();
        assert_eq!(error.to_string(), r#"unknown scope "project:chmod""#);
    }

    proptest! {
        #[test]
        fn every_set_survives_its_text(chosen in proptest::sample::subsequence(Scope::ALL, 0..=Scope::ALL.len())) {
            let scopes: Scopes = chosen.iter().copied().collect();
            prop_assert_eq!(scopes.to_string().parse::<Scopes>(), Ok(scopes));
            prop_assert_eq!(scopes.iter().collect::<Vec<_>>(), chosen);
        }
    }
}
