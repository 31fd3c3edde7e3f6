//! The one who calls the API: as their `Authorization` header says, or as they have signed in.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use model::ids::{OrganizationId, UserId};
use model::role::Role;
use model::scope::{Scope, Scopes};
use store::{Store, StoreError};

use super::throttle::Throttled;
use super::token;

/// Someone with a token that the store knows, or who has signed in.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// Who it is; a token may be nobody's.
    pub(crate) user: Option<UserId>,
    /// Whether they are a person on a page, and no program with a token.
    pub(crate) signed_in: bool,
    reach: Reach,
}

/// What a caller may do, and where.
#[derive(Debug, Clone)]
enum Reach {
    /// The same in every organization: a token of nobody, and whoever has been narrowed to the organization in a path.
    Everywhere(Scopes),
    /// In each of these organizations what stands with it, in others nothing.
    In(Vec<(OrganizationId, Scopes)>),
}

/// Why a call goes no further. The texts are those that Sentry's clients know.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AuthError {
    /// No `Authorization` header, or one of another scheme.
    #[error("Authentication credentials were not provided.")]
    NoCredentials,
    /// The scheme alone.
    #[error("Invalid token header. No credentials provided.")]
    EmptyToken,
    /// More than one word after the scheme.
    #[error("Invalid token header. Token string should not contain spaces.")]
    TokenWithSpaces,
    /// No token that the store knows.
    #[error("Invalid token")]
    UnknownToken,
    /// The same, after too many of them from one client.
    #[error(transparent)]
    Throttled(#[from] Throttled),
    /// The token has none of the scopes that would do.
    #[error("You do not have permission to perform this action.")]
    MissingScope(&'static [Scope]),
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Caller {
    /// The hash of the token in the headers.
    ///
    /// # Errors
    /// What is wrong with the header; `UnknownToken` for a text that no token can be.
    pub(crate) fn token_hash(headers: &HeaderMap) -> Result<[u8; 32], AuthError> {
        bearer_token(headers).map(token::hash)
    }

    /// The caller whose token has this hash. A token of a user reaches where the user is a member, and does no more there than they
    /// may.
    ///
    /// # Errors
    /// `UnknownToken`, or what the store says.
    pub(crate) async fn identify(hash: [u8; 32], store: &dyn Store) -> Result<Self, AuthError> {
        let token = store.token_by_hash(hash).await?.ok_or(AuthError::UnknownToken)?;
        let reach = match token.user {
            None => Reach::Everywhere(token.scopes),
            Some(user) => {
                let memberships = store.memberships(user).await?.into_iter();
                Reach::In(memberships.map(|(id, role)| (id, token.scopes.within(role.scopes()))).collect())
            }
        };
        Ok(Self { user: token.user, signed_in: false, reach })
    }

    /// A user who has signed in.
    pub(crate) fn member(user: UserId, memberships: &[(OrganizationId, Role)]) -> Self {
        let reach = memberships.iter().map(|(id, role)| (*id, role.scopes())).collect();
        Self { user: Some(user), signed_in: true, reach: Reach::In(reach) }
    }

    /// The caller in this organization alone; `None` where they do not belong to it.
    pub(crate) fn within(&self, organization: OrganizationId) -> Option<Self> {
        let scopes = match &self.reach {
            Reach::Everywhere(scopes) => *scopes,
            Reach::In(known) => known.iter().find(|(id, _)| *id == organization)?.1,
        };
        Some(Self { reach: Reach::Everywhere(scopes), ..self.clone() })
    }

    /// Whether what they may do depends on the organization.
    pub(crate) fn is_of_organizations(&self) -> bool {
        matches!(self.reach, Reach::In(_))
    }

    /// Whether they belong to this organization.
    pub(crate) fn reaches(&self, organization: OrganizationId) -> bool {
        self.within(organization).is_some()
    }

    /// Everything that they may do somewhere.
    pub(crate) fn scopes(&self) -> Scopes {
        match &self.reach {
            Reach::Everywhere(scopes) => *scopes,
            Reach::In(known) => known.iter().fold(Scopes::NONE, |all, (_, scopes)| all.or(*scopes)),
        }
    }

    /// Goes on only where they have one of these scopes, or a higher one of its family.
    ///
    /// # Errors
    /// `MissingScope`.
    pub(crate) fn needs(&self, scopes: &'static [Scope]) -> Result<(), AuthError> {
        if self.scopes().allow_any(scopes) { Ok(()) } else { Err(AuthError::MissingScope(scopes)) }
    }

    /// Whether they have this scope, or a higher one of its family.
    pub(crate) fn may(&self, scope: Scope) -> bool {
        self.scopes().allow(scope)
    }
}

/// The word after `Bearer`, whose case does not matter. Another scheme counts as no credentials at all.
fn bearer_token(headers: &HeaderMap) -> Result<&str, AuthError> {
    let value = headers.get(AUTHORIZATION).ok_or(AuthError::NoCredentials)?;
    // No token that we gave has a byte beyond ASCII.
    let value = value.to_str().map_err(|_| AuthError::UnknownToken)?;
    let mut words = value.split_ascii_whitespace();
    match words.next() {
        Some(scheme) if scheme.eq_ignore_ascii_case("bearer") => {}
        _ => return Err(AuthError::NoCredentials),
    }
    let text = words.next().ok_or(AuthError::EmptyToken)?;
    if words.next().is_some() { Err(AuthError::TokenWithSpaces) } else { Ok(text) }
}
