//! What a member of an organization may do in it.

use std::str::FromStr;

use crate::scope::{Scope, Scopes};

/// A member's role. Stored by its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Sees everything but secrets, changes nothing.
    ReadOnly,
    /// Works on projects, hooks, rules and issues.
    Member,
    /// Does everything, manages members too.
    Admin,
}

/// A name or code that no role has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role {0:?}: expected admin, member or read-only")]
pub struct UnknownRole(pub String);

impl Role {
    /// Every role, the least first.
    pub const ALL: [Role; 3] = [Role::ReadOnly, Role::Member, Role::Admin];

    /// Its name in the API and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Role::ReadOnly => "read-only",
            Role::Member => "member",
            Role::Admin => "admin",
        }
    }

    /// What the store keeps.
    pub const fn code(self) -> i64 {
        match self {
            Role::ReadOnly => 0,
            Role::Member => 1,
            Role::Admin => 2,
        }
    }

    /// The role that the store kept.
    ///
    /// # Errors
    /// `UnknownRole` where a newer version kept it.
    pub fn of_code(code: i64) -> Result<Role, UnknownRole> {
        Role::ALL.into_iter().find(|role| role.code() == code).ok_or_else(|| UnknownRole(code.to_string()))
    }

    /// What a member with this role may do.
    pub fn scopes(self) -> Scopes {
        let scopes: &[Scope] = match self {
            Role::Admin => return Scopes::EVERY,
            Role::Member => &[
                Scope::OrgRead,
                Scope::ProjectWrite,
                Scope::ProjectReleases,
                Scope::TeamRead,
                Scope::MemberRead,
                Scope::EventAdmin,
                Scope::AlertsWrite,
            ],
            Role::ReadOnly => &[
                Scope::OrgRead,
                Scope::ProjectRead,
                Scope::TeamRead,
                Scope::MemberRead,
                Scope::EventRead,
                Scope::AlertsRead,
            ],
        };
        scopes.iter().copied().collect()
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Role, UnknownRole> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| UnknownRole(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_what_the_lesser_ones_may_and_has_a_name_and_a_code() {
        for pair in Role::ALL.windows(2) {
            assert!(pair[1].scopes().cover(pair[0].scopes()), "{pair:?}");
            assert!(!pair[0].scopes().cover(pair[1].scopes()), "{pair:?}");
        }
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
            assert_eq!(Role::of_code(role.code()), Ok(role));
        }
        assert!("owner".parse::<Role>().is_err());
        assert!(Role::of_code(3).is_err());
    }
}
